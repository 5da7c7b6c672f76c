//! `entente ledger`: what was released to a partner, and proof of it.

use std::path::Path;

use anyhow::{Context as _, Result};
use entente_intake::{Desk, hex};
use entente_log::ledger::{Happened, origin};
use entente_object::id::Id;
use entente_object::time::Timestamp;
use entente_store::{LedgerEntry, Reader};
use serde_json::{Value, json};

use crate::cli::Ledger;
use crate::folder;
use crate::print::{Printer, progress};

/// Runs one of the commands.
pub(crate) fn run(folder: &Path, command: &Ledger, printer: Printer) -> Result<u8> {
    let desk = folder::open(folder)?;
    let reader = Reader::open(folder)?;
    match command {
        Ledger::Show { partner, from, limit } => {
            show(&desk, &reader, (partner, *from, *limit), printer)
        }
        Ledger::Verify { partner } => verify(&desk, &reader, partner.as_deref(), printer),
        Ledger::Prove { partner, object } => prove(&desk, &reader, (partner, object), printer),
    }
}

fn entry_json(entry: &LedgerEntry) -> Value {
    json!({
        "index": entry.index,
        "happened": match entry.leaf.happened {
            Happened::Released => "released",
            Happened::Withdrawn => "withdrawn",
        },
        "date_added": Timestamp::from_unix_micros(entry.leaf.added).to_taxii(),
        "id": entry.id,
        "version": Timestamp::from_unix_micros(entry.version).to_stix(),
        "sha256": hex(&entry.leaf.object),
        "label": entry.label,
        "label_id": format!("marking-definition--{}", entry.leaf.label),
    })
}

fn show(
    desk: &Desk,
    reader: &Reader,
    (partner, from, limit): (&str, u64, u64),
    printer: Printer,
) -> Result<u8> {
    let nation = folder::nation(partner)?;
    let index = desk.partner(nation)?.partner.index;
    let size = reader.ledger_size(index)?;
    let (mut rows, mut lines) = (Vec::new(), Vec::new());
    lines.push(format!("{}: {size} entries", origin(desk.here(), nation)));
    let mut left = limit;
    if left > 0 {
        reader.ledger(index, from, &mut |entry| {
            let row = entry_json(&entry);
            lines.push(format!(
                "{:>8}  {}  {}  [{}]",
                entry.index,
                row.get("date_added").and_then(Value::as_str).unwrap_or_default(),
                entry.id,
                entry.label
            ));
            rows.push(row);
            left -= 1;
            left > 0
        })?;
    }
    let document = json!({ "origin": origin(desk.here(), nation), "size": size, "entries": rows });
    printer.either(&document, &lines)?;
    Ok(0)
}

fn verify(desk: &Desk, reader: &Reader, partner: Option<&str>, printer: Printer) -> Result<u8> {
    let only = partner.map(folder::nation).transpose()?;
    let (mut lines, mut rows, mut broken) = (Vec::new(), Vec::new(), 0u8);
    let bar = progress(None, "entries");
    let log = reader.verify_log(&mut |at| bar.set_position(at));
    match &log {
        Ok(verified) => lines.push(format!(
            "log: {} entries, {} objects: every digest and the chain hold",
            verified.entries, verified.objects
        )),
        Err(error) => {
            broken = 1;
            lines.push(format!("log: BROKEN: {error}"));
        }
    }
    for record in desk.partners() {
        let nation = record.partner.nation;
        if only.is_some_and(|only| only != nation) {
            continue;
        }
        let origin = origin(desk.here(), nation);
        let index = record.partner.index;
        let verified = reader.verify_ledger(index, &origin, &desk.node().key, &mut |at| {
            bar.set_position(at);
        });
        let error = verified.as_ref().err().map(ToString::to_string);
        broken |= u8::from(error.is_some());
        lines.push(match &verified {
            Ok(verified) => format!("{origin}: {} entries hold", verified.entries),
            Err(error) => format!("{origin}: BROKEN: {error}"),
        });
        let entries = verified.map(|verified| verified.entries).ok();
        rows.push(json!({ "origin": origin, "entries": entries, "error": error }));
    }
    bar.finish_and_clear();
    let log_error = log.err().map(|error| error.to_string());
    printer.either(&json!({ "log_error": log_error, "ledgers": rows }), &lines)?;
    Ok(broken)
}

fn prove(
    desk: &Desk,
    reader: &Reader,
    (partner, object): (&str, &str),
    printer: Printer,
) -> Result<u8> {
    let nation = folder::nation(partner)?;
    let index = desk.partner(nation)?.partner.index;
    let id = Id::parse(object).with_context(|| format!("{object} is no id"))?;
    let Some(proof) = reader.prove(index, id.key())? else {
        let line = format!("{object} was not released to {nation}");
        printer.either(&json!({ "id": object, "to": partner, "holds": false }), &[line])?;
        return Ok(1);
    };
    let origin = origin(desk.here(), nation);
    let holds = proof.verify(&origin, &desk.node().key);
    let path: Vec<String> = proof.path.iter().map(ToString::to_string).collect();
    let document = json!({
        "origin": origin, "entry": entry_json(&proof.entry), "leaf": hex(&proof.entry.leaf.to_bytes()),
        "size": proof.size, "path": path, "checkpoint": proof.note, "holds": holds,
    });
    let lines = [
        format!("{object} is entry {} of {} ({origin})", proof.entry.index, proof.size),
        format!("leaf: {}", hex(&proof.entry.leaf.to_bytes())),
        format!("path: {}", path.join("\n      ")),
        format!("checkpoint:\n{}", proof.note),
        format!("the proof {}", if holds { "holds" } else { "DOES NOT HOLD" }),
    ];
    printer.either(&document, &lines)?;
    Ok(u8::from(!holds))
}
