//! `entente ledger`: what was released to a partner, and proof of it.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context as _, Result, bail};
use entente_intake::acts::{PeerAct, kind};
use entente_intake::{Desk, hex};
use entente_log::checkpoint::{self, CheckpointError};
use entente_log::ledger::{Happened, origin};
use entente_log::{Seq, cosignature, epoch};
use entente_object::id::Id;
use entente_object::time::Timestamp;
use entente_peer::card::Card;
use entente_release::Nation;
use entente_store::{LedgerEntry, Reader};
use serde_json::{Value, json};

use crate::cli::Ledger;
use crate::folder;
use crate::print::{Printer, progress};
use crate::witnesses;

/// Runs one of the commands.
pub(crate) fn run(folder: &Path, command: &Ledger, printer: Printer) -> Result<u8> {
    let desk = folder::open(folder)?;
    let reader = Reader::open(folder)?;
    match command {
        Ledger::Show { partner, from, limit } => {
            show(&desk, &reader, (partner, *from, *limit), printer)
        }
        Ledger::HeldBy { partner } => held_by(&desk, &reader, partner, printer),
        Ledger::Verify { partner, all: _ } => verify(&desk, &reader, partner.as_deref(), printer),
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

/// What a partner has. Two passes, so that only what was taken back is held in memory.
fn held_by(desk: &Desk, reader: &Reader, partner: &str, printer: Printer) -> Result<u8> {
    let nation = folder::nation(partner)?;
    let index = desk.partner(nation)?.partner.index;
    let acknowledged = desk.standing_with(nation)?.acknowledged;
    let mut taken_back: BTreeMap<Seq, u64> = BTreeMap::new();
    reader.ledger(index, 0, &mut |entry| {
        if entry.leaf.happened == Happened::Withdrawn {
            taken_back.insert(entry.object, entry.index);
        }
        true
    })?;
    let mut rows = Vec::new();
    let mut failed = Ok(());
    reader.ledger(index, 0, &mut |entry| {
        let gone = taken_back.get(&entry.object).is_some_and(|at| *at > entry.index);
        if entry.leaf.happened == Happened::Withdrawn || gone {
            return true;
        }
        let is_acknowledged = entry.index < acknowledged;
        if printer.json {
            let mut row = entry_json(&entry);
            if let Some(row) = row.as_object_mut() {
                row.insert("acknowledged".to_owned(), is_acknowledged.into());
            }
            rows.push(row);
            return true;
        }
        let state = if is_acknowledged { "acknowledged" } else { "not acknowledged" };
        let added = Timestamp::from_unix_micros(entry.leaf.added).to_taxii();
        failed = printer.line(format!("{added}  {}  [{}]  {state}", entry.id, entry.label));
        failed.is_ok()
    })?;
    failed?;
    if printer.json {
        printer.either(&Value::Array(rows), &[])?;
    }
    Ok(0)
}

/// One thing that was verified, and what is wrong with it.
struct Checked {
    /// What: `log`, `KOR/ledger/POL`.
    what: String,
    /// How many entries hold.
    entries: Option<u64>,
    /// More, for people.
    note: String,
    error: Option<String>,
}

/// All that was verified.
pub(crate) struct Verified(Vec<Checked>);

impl Verified {
    /// Whether everything holds.
    pub(crate) fn holds(&self) -> bool {
        self.0.iter().all(|checked| checked.error.is_none())
    }
}

/// Verifies the log, what was released to partners and acknowledged, and what was received.
pub(crate) fn verify_all(desk: &Desk, reader: &Reader, only: Option<Nation>) -> Result<Verified> {
    let bar = progress(None, "entries");
    let log = reader.verify_log(&mut |at| bar.set_position(at));
    let mut all = vec![Checked {
        what: "log".to_owned(),
        entries: log.as_ref().ok().map(|verified| verified.entries),
        note: match &log {
            Ok(verified) => {
                format!("{} objects; every digest and the chain hold", verified.objects)
            }
            Err(_) => String::new(),
        },
        error: log.err().map(|error| error.to_string()),
    }];
    for record in desk.partners() {
        let nation = record.partner.nation;
        if only.is_none_or(|only| only == nation) {
            let released = origin(desk.here(), nation);
            let verified =
                reader.verify_ledger(record.partner.index, &released, desk.key(), &mut |at| {
                    bar.set_position(at);
                });
            let receipt = verified.as_ref().ok().map(|_| receipt(desk, reader, nation)).transpose();
            let (note, error) = match receipt {
                Ok(note) => (note.unwrap_or_default(), None),
                Err(error) => (String::new(), Some(format!("{error:#}"))),
            };
            let error = verified.as_ref().err().map(ToString::to_string).or(error);
            let entries = verified.ok().map(|verified| verified.entries);
            all.push(Checked { what: released, entries, note, error });
            all.extend(received(desk, nation)?);
            all.extend(epochs(nation, witnesses::verify_seen(desk, nation), "witnessed"));
        }
    }
    if only.is_none() {
        let own = witnesses::verify(desk, reader);
        all.extend(epochs(desk.here(), own.map(|size| (size > 0).then_some(size)), "committed to"));
    }
    bar.finish_and_clear();
    Ok(Verified(all))
}

/// What was found of a nation's epochs, if there are any.
fn epochs(nation: Nation, found: Result<Option<u64>, String>, note: &str) -> Option<Checked> {
    let (entries, error) = match found {
        Ok(entries) => (Some(entries?), None),
        Err(error) => (None, Some(error)),
    };
    Some(Checked { what: epoch::origin(nation.as_str()), entries, note: note.to_owned(), error })
}

/// Verifies something with the keys that a partner's node had, the one of now first.
fn by_any<T>(
    desk: &Desk,
    nation: Nation,
    verify: impl Fn(&str) -> Result<T, CheckpointError>,
) -> Result<Result<T, CheckpointError>> {
    let mut keys = Vec::new();
    for (_, act) in desk.home().acts(kind::PEER)?.iter().rev() {
        let act: PeerAct = serde_json::from_str(&act.json)?;
        if act.nation == nation.as_str() {
            keys.push(Card::read(&act.card)?.key);
        }
    }
    keys.dedup();
    Ok(first(keys.iter().map(|key| verify(key))))
}

/// What verified, or why none did.
fn first<T>(tries: impl Iterator<Item = Result<T, CheckpointError>>) -> Result<T, CheckpointError> {
    tries.reduce(Result::or).unwrap_or(Err(CheckpointError::NotSigned))
}

/// What a partner's node signed, verified with any key that it had.
pub(crate) fn signed(
    desk: &Desk,
    nation: Nation,
    (origin, note): (&str, &str),
) -> Result<checkpoint::Signed> {
    Ok(by_any(desk, nation, |key| checkpoint::verify(note, origin, key))??)
}

/// What this node signed and a partner's node cosigned, verified with any keys that they had.
pub(crate) fn cosigned(
    desk: &Desk,
    nation: Nation,
    (origin, note): (&str, &str),
) -> Result<cosignature::Cosigned> {
    let cosigned = by_any(desk, nation, |key| {
        first(desk.keys().map(|own| cosignature::verify(note, (origin, own), key)))
    });
    Ok(cosigned??)
}

/// Verifies the newest receipt of a partner.
fn receipt(desk: &Desk, reader: &Reader, nation: Nation) -> Result<String> {
    if desk.peer(nation).is_none() {
        return Ok("its node was not met".to_owned());
    }
    let Some(receipt) = desk.receipt_of(nation)? else { return Ok("not acknowledged".to_owned()) };
    let own = origin(desk.here(), nation);
    let cosigned = cosigned(desk, nation, (&own, &receipt.note)).context("the receipt")?;
    let (size, root) = (cosigned.signed.size, cosigned.signed.root);
    let index = desk.partner(nation)?.partner.index;
    if reader.root_at(index, size)? != Some(root) {
        bail!("the receipt for {size} entries is not of this ledger");
    }
    Ok(format!("acknowledged up to {size} at {}", cosigned.at))
}

/// Verifies what was received of a partner's ledger.
fn received(desk: &Desk, nation: Nation) -> Result<Option<Checked>> {
    let Some(position) = desk.received_from(nation)? else { return Ok(None) };
    let what = origin(nation, desk.here());
    let broken = |why: String| Checked {
        what: what.clone(),
        entries: None,
        note: String::new(),
        error: Some(why),
    };
    let made = match desk.recompute(nation) {
        Ok(made) => made,
        Err(error) => return Ok(Some(broken(error.to_string()))),
    };
    let signed = match signed(desk, nation, (&what, &position.note)) {
        Ok(signed) => signed,
        Err(error) => return Ok(Some(broken(format!("{error:#}")))),
    };
    let size = made.tree.size();
    if size != position.size || (signed.size == size && signed.root != made.tree.root()) {
        return Ok(Some(broken("the leaves that are kept are not those that were signed".into())));
    }
    let note = match made.not_taken {
        0 => "received".to_owned(),
        count => format!("received; {count} were refused, see the alarms"),
    };
    Ok(Some(Checked { what, entries: Some(size), note, error: None }))
}

fn verify(desk: &Desk, reader: &Reader, partner: Option<&str>, printer: Printer) -> Result<u8> {
    let only = partner.map(folder::nation).transpose()?;
    let verified = verify_all(desk, reader, only)?;
    let line = |checked: &Checked| match (&checked.error, checked.entries) {
        (Some(error), _) => format!("{}: BROKEN: {error}", checked.what),
        (None, entries) => format!(
            "{}: {} entries hold{}{}",
            checked.what,
            entries.unwrap_or_default(),
            if checked.note.is_empty() { "" } else { "; " },
            checked.note
        ),
    };
    let lines: Vec<String> = verified.0.iter().map(line).collect();
    let row = |checked: &Checked| {
        json!({
            "origin": checked.what, "entries": checked.entries, "note": checked.note,
            "error": checked.error,
        })
    };
    let (log, ledgers) = verified.0.split_at(1);
    let log_error = log.first().and_then(|log| log.error.clone());
    let rows: Vec<Value> = ledgers.iter().map(row).collect();
    printer.either(&json!({ "log_error": log_error, "ledgers": rows }), &lines)?;
    Ok(u8::from(!verified.holds()))
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
    let holds = proof.verify(&origin, desk.key());
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
