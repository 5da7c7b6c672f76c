//! `entente report`: analyses and assessments with their attachments, as STIX reports and artifacts.
//!
//! Invariant: an attachment is taken out only under a name without a folder, with the digest that its
//! report names, and over no file that is there.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use entente_cooperation::filed::millis;
use entente_cooperation::sign_off::hex;
use entente_intake::{Applied, Asked, Desk, Outcome, Prepared, prepare};
use entente_object::observable_id::deterministic_id;
use entente_view_programme::query::is_in;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::{How, label, some_time, words};
use crate::cli::cooperation::{Report, ReportAdd, ReportList};
use crate::folder;

/// An attachment's bytes: in base64, and with its object around it, within an object's 1 MiB.
const ATTACHMENT_BYTES_MAX: u64 = 750 * 1024;

/// Reports that are looked through for one list: a second.
const LOOKED_MAX: usize = 10_000;

/// Runs one of the commands.
pub(crate) fn run(command: &Report, how: How<'_>) -> Result<u8> {
    let mut desk = folder::open(how.folder)?;
    match command {
        Report::Add(args) => add(&mut desk, args, how),
        Report::List(args) => list(&desk, args, how),
        Report::Get { id, out } => get(&desk, id, out, how),
    }
}

/// A file that goes with a report.
struct Attachment {
    name: String,
    object: Value,
    id: String,
    sha256: String,
}

fn attach(path: &Path) -> Result<Attachment> {
    let size = fs::metadata(path).with_context(|| format!("{} not read", path.display()))?.len();
    if size > ATTACHMENT_BYTES_MAX {
        bail!(
            "{} has {size} bytes, and {ATTACHMENT_BYTES_MAX} are the most that an object can carry: \
             attach a part of it, or its digest in the text",
            path.display()
        );
    }
    let bytes = fs::read(path).with_context(|| format!("{} not read", path.display()))?;
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
    let sha256 = hex(&Sha256::digest(&bytes));
    let mut object = json!({
        "type": "artifact", "spec_version": "2.1", "payload_bin": BASE64_STANDARD.encode(&bytes),
        "hashes": { "SHA-256": sha256 },
    });
    if let Some(members) = object.as_object_mut()
        && let Some(media_type) = media_type(path)
    {
        members.insert("mime_type".to_owned(), media_type.into());
    }
    let text = object.to_string();
    let parsed = entente_object::json::parse(text.as_bytes())?;
    let id = parsed.as_object().and_then(deterministic_id).context("an artifact without an id")?;
    let id = id.to_string();
    if let Some(members) = object.as_object_mut() {
        members.insert("id".to_owned(), id.clone().into());
    }
    Ok(Attachment { name: name.context("the path names no file")?, object, id, sha256 })
}

fn media_type(path: &Path) -> Option<&'static str> {
    Some(match path.extension()?.to_str()?.to_lowercase().as_str() {
        "pdf" => "application/pdf",
        "txt" | "md" => "text/plain",
        "csv" => "text/csv",
        "html" => "text/html",
        "json" => "application/json",
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "docx" => "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        "xlsx" => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        _ => return None,
    })
}

fn add(desk: &mut Desk, args: &ReportAdd, how: How<'_>) -> Result<u8> {
    let (here, now) = (desk.here(), desk.now());
    let attachments: Vec<Attachment> =
        args.attach.iter().map(|path| attach(path)).collect::<Result<_>>()?;
    let uuid = uuid::Builder::from_random_bytes(folder::random::<16>()?).into_uuid();
    let (id, made) = (format!("report--{uuid}"), millis(now).to_stix());
    let identity = format!("identity--{}", here.identity());
    let mut refers: Vec<&str> = attachments.iter().map(|one| one.id.as_str()).collect();
    refers.extend(args.refs.iter().map(String::as_str));
    if refers.is_empty() {
        // A report refers to something: to its maker, whose identity is public.
        refers.push(&identity);
    }
    let published = some_time(args.published.as_ref(), now)?.unwrap_or(now);
    let mut report = json!({
        "type": "report", "spec_version": "2.1", "id": id, "created_by_ref": identity,
        "created": made, "modified": made, "name": args.name, "report_types": [args.kind],
        "published": published.to_stix(), "object_refs": refers,
    });
    if let Some(members) = report.as_object_mut() {
        if let Some(text) = &args.text {
            members.insert("description".to_owned(), words(text)?.into());
        }
        let named = attachments.iter().map(|one| {
            json!({
                "source_name": "attachment", "description": one.name, "external_id": one.id,
                "hashes": { "SHA-256": one.sha256 },
            })
        });
        let named: Vec<Value> = named.collect();
        if !named.is_empty() {
            members.insert("external_references".to_owned(), named.into());
        }
    }
    let objects = attachments.iter().map(|one| one.object.to_string()).chain([report.to_string()]);
    let prepared: Vec<Prepared> = objects
        .map(|text| prepare(text.into_bytes()).map_err(|(refused, _)| anyhow::anyhow!("{refused}")))
        .collect::<Result<_>>()?;
    take(desk, (prepared, id), &label(desk, &args.about, &args.to)?, how)
}

/// Takes in objects of this nation's own, of which the last is named, and prints whom it went to.
pub(crate) fn take(
    desk: &mut Desk,
    (prepared, id): (Vec<Prepared>, String),
    label: &Applied,
    how: How<'_>,
) -> Result<u8> {
    let here = desk.here();
    let shown = label.shown(here);
    if how.dry {
        let lines = [format!("{id}  [{shown}] would be taken in")];
        let document = json!({ "id": id, "label": shown, "dry_run": true });
        how.printer.either(&document, &lines)?;
        return Ok(0);
    }
    let taken = desk.take(prepared, here, Some(label))?;
    let mut lines = vec![format!("{id}  [{shown}]")];
    let codes = |set| -> Vec<String> { desk.nations(set).iter().map(|n| n.to_string()).collect() };
    let (released, held) = match taken.outcomes.last() {
        Some(Outcome::Taken { released, held, .. }) => (codes(*released), codes(*held)),
        Some(Outcome::Refused(refused)) => bail!("{refused}"),
        Some(Outcome::Same) | None => Default::default(),
    };
    if !released.is_empty() {
        lines.push(format!("went to {}", released.join(", ")));
    }
    if !held.is_empty() {
        let next = format!("`entente release approve {id}`");
        lines.push(format!("waits for {}: see `entente release queue`, {next}", held.join(", ")));
    }
    let document = json!({ "id": id, "label": shown, "released": released, "held": held });
    how.printer.either(&document, &lines)?;
    Ok(0)
}

/// A report that is here.
struct Found {
    document: Value,
    label: String,
    by: String,
}

fn report(desk: &Desk, id: &str) -> Result<Found> {
    let known = desk.newest(id)?;
    let put = desk.home().put(known.seq)?;
    let document: Value = serde_json::from_slice(&put.bytes)?;
    let at = usize::try_from(known.label).unwrap_or(usize::MAX);
    let label = desk.home().labels().get(at).map(|interned| interned.label.clone());
    let label = label.context("a label is missing")?;
    Ok(Found { document, by: known.bringer.to_string(), label: label.to_string() })
}

/// The areas that a report's label names, as programme/area.
fn areas(desk: &Desk, id: &str) -> Result<Vec<String>> {
    let known = desk.newest(id)?;
    let at = usize::try_from(known.label).unwrap_or(usize::MAX);
    let label = desk.home().labels().get(at).map(|interned| &interned.label);
    Ok(label.into_iter().flat_map(|label| &label.under).map(ToString::to_string).collect())
}

fn list(desk: &Desk, args: &ReportList, how: How<'_>) -> Result<u8> {
    let asked = Asked {
        object_type: Some("report".to_owned()),
        from: args.from.as_deref().map(folder::nation).transpose()?,
        limit: LOOKED_MAX,
        ..Asked::default()
    };
    let search = args.search.as_ref().map(|text| text.to_lowercase());
    let (mut lines, mut rows) = (Vec::new(), Vec::new());
    for row in desk.objects(&asked)?.rows {
        let areas = areas(desk, &row.id)?;
        let about = |part: &String| areas.iter().any(|area| is_in(area, part));
        if !args.about.as_ref().is_none_or(about) {
            continue;
        }
        let Found { document, label, by } = report(desk, &row.id)?;
        let text = |name: &str| document.get(name).and_then(Value::as_str).unwrap_or_default();
        let words = format!("{}\n{}", text("name"), text("description")).to_lowercase();
        if !search.as_ref().is_none_or(|search| words.contains(search)) {
            continue;
        }
        let attached = attachments(&document).count();
        let published = text("published").get(..10).unwrap_or_default();
        lines.push(format!(
            "{}  {by}  {published}  {}  ({attached} attached)",
            row.id,
            text("name")
        ));
        rows.push(json!({
            "id": row.id, "by": by, "label": label, "areas": areas, "name": text("name"),
            "published": text("published"), "attachments": attached,
        }));
    }
    if lines.is_empty() {
        lines.push("no report of that kind is here".to_owned());
    }
    how.printer.either(&json!(rows), &lines)?;
    Ok(0)
}

/// The attachments that a report names: file name, object, SHA-256.
fn attachments(report: &Value) -> impl Iterator<Item = (&str, &str, &str)> {
    let references = report.get("external_references").and_then(Value::as_array);
    references.into_iter().flatten().filter_map(|one| {
        let text = |name: &str| one.get(name).and_then(Value::as_str);
        (text("source_name") == Some("attachment")).then_some(())?;
        let sha256 = one.get("hashes")?.get("SHA-256")?.as_str()?;
        Some((text("description")?, text("external_id")?, sha256))
    })
}

fn get(desk: &Desk, id: &str, out: &Path, how: How<'_>) -> Result<u8> {
    let Found { document, label, by } = report(desk, id)?;
    let text = |name: &str| document.get(name).and_then(Value::as_str).unwrap_or_default();
    let mut lines = vec![format!("{}  [{label}]", text("name")), format!("of {by}")];
    lines.extend(text("description").lines().map(str::to_owned));
    let mut written = Vec::new();
    for (name, artifact, sha256) in attachments(&document) {
        let path = out.join(plain_name(name)?);
        let put = desk.home().put(desk.newest(artifact)?.seq)?;
        let object: Value = serde_json::from_slice(&put.bytes)?;
        let payload = object.get("payload_bin").and_then(Value::as_str).unwrap_or_default();
        let bytes = BASE64_STANDARD.decode(payload).context("an attachment is no base64")?;
        if hex(&Sha256::digest(&bytes)) != sha256 {
            bail!("{name} is not the file that the report names: its SHA-256 differs");
        }
        if !how.dry {
            fs::create_dir_all(out)?;
            let file = fs::OpenOptions::new().write(true).create_new(true).open(&path);
            let mut file = file.with_context(|| format!("{} is not written", path.display()))?;
            file.write_all(&bytes)?;
        }
        lines.push(format!("{}  {} bytes", path.display(), bytes.len()));
        written.push(json!({ "file": path.display().to_string(), "bytes": bytes.len() }));
    }
    let document = json!({ "report": document, "by": by, "label": label, "files": written });
    how.printer.either(&document, &lines)?;
    Ok(0)
}

/// A file's name that leads nowhere else.
fn plain_name(name: &str) -> Result<PathBuf> {
    let path = PathBuf::from(name);
    let is_plain = path.components().count() == 1
        && path.file_name().is_some_and(|own| own.to_str() == Some(name))
        && !name.starts_with('.')
        && !name.chars().any(|c| c.is_control() || matches!(c, '\\' | ':'));
    if is_plain { Ok(path) } else { bail!("\"{name}\" is no plain name of a file: not written") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_attachments_lead_nowhere_else() {
        assert!(plain_name("analysis 2024.pdf").is_ok() && plain_name("분석.pdf").is_ok());
        for bad in ["", ".", "..", "../x", "/etc/passwd", "a/b", ".bashrc", "a\\b", "C:x", "a\nb"] {
            assert!(plain_name(bad).is_err(), "{bad:?}");
        }
    }
}
