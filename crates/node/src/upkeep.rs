//! `entente backup`, `restore`, `doctor` and `export`.

use std::io::Write;
use std::path::Path;

use anyhow::{Context as _, Result, bail};
use entente_intake::acts::kind;
use entente_object::read::{Objects, Source};
use entente_release::Audience;
use entente_release::partner::{Authenticated, Channel};
use entente_store::{Home, Reader, Selection, Version};
use serde_json::json;
use uuid::Uuid;

use crate::certificate::{CertificateError, Keys};
use crate::cli::Export;
use crate::feed;
use crate::folder;
use crate::print::{Printer, progress};
use crate::witnesses;

/// `entente backup`.
pub(crate) fn backup(folder: &Path, to: &Path, dry_run: bool, printer: Printer) -> Result<u8> {
    if !dry_run {
        entente_store::backup(folder, to)?;
    }
    let lines = [
        format!("wrote {}", to.display()),
        "keys are not in it: keep a copy of the folder keys apart, and safe".to_owned(),
    ];
    printer.either(&json!({ "backup": to.display().to_string(), "dry_run": dry_run }), &lines)?;
    Ok(0)
}

/// `entente restore`.
pub(crate) fn restore(folder: &Path, from: &Path, dry_run: bool, printer: Printer) -> Result<u8> {
    if dry_run {
        let line = format!("{} would replace the store", from.display());
        let document = json!({ "restore": from.display().to_string(), "dry_run": true });
        printer.either(&document, &[line])?;
        return Ok(0);
    }
    let _not_serving = folder::not_serving(folder)?;
    entente_store::restore(folder, from)?;
    let signs = folder::open(folder).map(|_| ()).map_err(|error| format!("{error:#}"));
    let mut lines = vec![format!("{} is in place; the former store is beside it", from.display())];
    if let Err(why) = &signs {
        lines.push(format!("this node may not sign with it: {why}"));
    }
    printer.either(&json!({ "restored": true, "refuses": signs.as_ref().err() }), &lines)?;
    Ok(u8::from(signs.is_err()))
}

/// `entente doctor`.
pub(crate) fn doctor(
    folder: &Path,
    (compare, rebuild): (bool, bool),
    printer: Printer,
) -> Result<u8> {
    let (mut lines, mut faults) = (Vec::new(), 0u8);
    let mut look = |what: &str, found: Result<String, String>| match found {
        Ok(good) => lines.push(format!("ok    {what}: {good}")),
        Err(bad) => {
            faults = 1;
            lines.push(format!("FAULT {what}: {bad}"));
        }
    };
    let now = folder::clock().now();
    look("clock", Ok(format!("{now} UTC: compare it with another clock")));
    let certificates = Keys::of(folder).faults(now);
    let told: Vec<String> = certificates.iter().map(ToString::to_string).collect();
    let good = certificates.iter().all(CertificateError::is_warning);
    let told = if told.is_empty() { "current".to_owned() } else { told.join("; ") };
    look("certificates", if good { Ok(told) } else { Err(told) });
    if rebuild || compare {
        let bar = progress(None, "entries");
        let mut shown = |at, _| bar.set_position(at);
        let indexes = Home::open(folder).and_then(|mut home| {
            if rebuild {
                home.rebuild(&mut shown).map(|()| "folded anew")
            } else {
                home.verify_indexes(&mut shown).map(|()| "agree with the log")
            }
        });
        bar.finish_and_clear();
        look("indexes", indexes.map(str::to_owned).map_err(|e| e.to_string()));
    }
    let desk = folder::open(folder).map_err(|error| format!("{error:#}"));
    let alarms = desk.as_ref().map(|desk| desk.home().acts(kind::ALARM).unwrap_or_default());
    let alarms = alarms.unwrap_or_default();
    let witnesses = desk.as_ref().map_err(Clone::clone).and_then(witnesses::look);
    look("keys and signed ledgers", desk.map(|_| "agree".to_owned()));
    look("witnesses", witnesses);
    look("alarms", Ok(format!("{} recorded", alarms.len())));
    look("feeds", feed::health(folder).unwrap_or_else(|error| Err(format!("{error:#}"))));
    let log = Reader::open(folder).and_then(|reader| reader.verify_log(&mut |_| ()));
    let told = log.map(|v| format!("{} entries, {} objects: whole", v.entries, v.objects));
    look("log", told.map_err(|error| error.to_string()));
    let newest = alarms.iter().rev().take(ALARMS_SHOWN).map(|(_, act)| act.json.to_string());
    lines.extend(newest.map(|json| format!("      {json}")));
    let document = json!({ "healthy": faults == 0, "findings": lines });
    printer.either(&document, &lines)?;
    Ok(faults)
}

/// The newest alarms, as many as fit a screen.
const ALARMS_SHOWN: usize = 10;

/// Objects of one question.
const PAGE: usize = 1000;

/// Objects in memory at once: 64 MiB of the longest ones.
const AT_ONCE: usize = 64;

/// `entente export`: a partner's view, as the partner would read it.
pub(crate) fn export(folder: &Path, args: &Export) -> Result<u8> {
    let desk = folder::open(folder)?;
    let nation = folder::nation(&args.to)?;
    let record = desk.partner(nation)?;
    let session = Authenticated::Certificate(nation);
    let admitted = Audience::admit(&record.partner, &session, Channel::default(), desk.now());
    let audience = match admitted {
        Ok(audience) => audience,
        Err(reason) => bail!("{nation} may have nothing: {reason}"),
    };
    let mut unders = Vec::new();
    for programme in desk.policies().programmes() {
        let wanted = args.programme.as_ref().is_none_or(|id| id == programme.id().as_str());
        for area in programme.areas().iter().filter(|_| wanted) {
            if args.area.as_ref().is_none_or(|id| id == area.id.as_str()) {
                unders.push(format!("{}/{}", programme.id(), area.id));
            }
        }
    }
    if unders.is_empty() {
        bail!("no adopted programme has that area: `entente programme list` shows them");
    }
    let mut reader = Reader::open(folder)?;
    let mut out = std::io::stdout().lock();
    if !args.ndjson {
        let id = Uuid::from_bytes(folder::random::<16>()?);
        let id = uuid::Builder::from_random_bytes(id.into_bytes()).into_uuid();
        write!(out, "{{\"type\":\"bundle\",\"id\":\"bundle--{id}\",\"objects\":[")?;
    }
    let mut first = true;
    for under in unders {
        let mut selection =
            Selection { under, limit: PAGE, versions: vec![Version::Last], ..Selection::default() };
        loop {
            let rows = reader.snapshot(|reader| reader.rows(&audience, &selection))?;
            for rows in rows.rows.chunks(AT_ONCE) {
                let objects = reader.objects(&audience, rows, Vec::new())?.into_bytes();
                if args.ndjson {
                    lines(&mut out, &objects)?;
                    continue;
                }
                if !first {
                    out.write_all(b",\n")?;
                }
                first = false;
                out.write_all(&objects).context("the export could not be written")?;
            }
            selection.after = rows.more_after;
            if selection.after.is_none() {
                break;
            }
        }
    }
    if !args.ndjson {
        out.write_all(b"]}\n")?;
    }
    Ok(0)
}

/// Writes objects that have commas between them one a line. A line end inside an object is white
/// space between its parts: in strings JSON escapes it.
fn lines(out: &mut impl Write, objects: &[u8]) -> Result<()> {
    let list = [b"[", objects, b"]"].concat();
    let mut elements = Objects::new(list.as_slice(), Source::File);
    while let Some(element) = elements.next_element() {
        let is_line_end = |byte: &u8| matches!(byte, b'\n' | b'\r');
        let mut line: Vec<u8> =
            element?.bytes.iter().copied().filter(|byte| !is_line_end(byte)).collect();
        line.push(b'\n');
        out.write_all(&line).context("the export could not be written")?;
    }
    Ok(())
}
