//! `entente object`: what is here of objects, and which nations brought it.
//!
//! Invariant: it shows what this nation's own people may see on their own machine, as `export` does,
//! and changes nothing.

use std::path::Path;

use anyhow::Result;
use entente_intake::{Asked, Content, Desk, Row, Shown, ShownAlarm, Source};
use entente_object::time::Timestamp;
use entente_release::Nation;
use serde_json::{Value, json};

use crate::cli::{Object, ObjectList};
use crate::folder;
use crate::print::Printer;

/// Runs one of the commands.
pub(crate) fn run(folder: &Path, command: &Object, printer: Printer) -> Result<u8> {
    let desk = folder::open(folder)?;
    match command {
        Object::Show { object } => show(&desk.sources(object)?, printer),
        Object::List(asked) => list(&desk, asked, printer),
    }
}

fn time(micros: i64) -> String {
    Timestamp::from_unix_micros(micros).to_stix()
}

fn codes(nations: &[Nation]) -> Vec<String> {
    nations.iter().map(ToString::to_string).collect()
}

fn show(shown: &Shown, printer: Printer) -> Result<u8> {
    let (mut lines, mut versions) = (vec![shown.id.clone()], Vec::new());
    if shown.versions.is_empty() {
        lines.push("nothing of it was taken".to_owned());
    }
    for (place, version) in shown.versions.iter().enumerate() {
        let conflict = version.is_conflict();
        let many = format!("CONFLICT: {} contents of this one version", version.contents.len());
        let parts = [
            Some(version.version.map_or_else(|| "without versions".to_owned(), time)),
            (place == 0).then(|| "(latest)".to_owned()),
            conflict.then_some(many),
        ];
        let line = parts.into_iter().flatten().collect::<Vec<_>>().join("  ");
        lines.push(line);
        version.contents.iter().for_each(|content| content_lines(content, &mut lines));
        versions.push(json!({
            "version": version.version.map(time), "latest": place == 0, "conflict": conflict,
            "contents": version.contents.iter().map(content_json).collect::<Vec<_>>(),
        }));
    }
    if shown.older > 0 {
        lines.push(format!("and {} older copies, which are not shown", shown.older));
    }
    for ShownAlarm { at, act, evidence } in &shown.alarms {
        let kept = evidence.as_ref().map(|kept| format!("; {} bytes of it are kept", kept.len()));
        let (at, kept) = (time(*at), kept.unwrap_or_default());
        lines.push(format!("alarm {at}  {} by {}: {}{kept}", act.what, act.nation, act.detail));
    }
    let alarm = |alarm: &ShownAlarm| {
        json!({
            "at": time(alarm.at), "what": alarm.act.what, "nation": alarm.act.nation,
            "sha256": alarm.act.digest, "detail": alarm.act.detail, "evidence": alarm.evidence,
        })
    };
    let alarms: Vec<Value> = shown.alarms.iter().map(alarm).collect();
    let document = json!({
        "id": shown.id, "versions": versions, "older": shown.older, "alarms": alarms,
    });
    printer.either(&document, &lines)?;
    Ok(0)
}

fn content_lines(content: &Content, lines: &mut Vec<String>) {
    let short = content.sha256.get(..12).unwrap_or_default();
    let name = content.name.as_deref().unwrap_or("without a name");
    lines.push(format!("  {short}…  {}", printable(name)));
    for source in &content.sources {
        let Source { nation, label, .. } = source;
        let list = |what: &str, nations: &[Nation]| {
            (!nations.is_empty()).then(|| format!("{what} {}", codes(nations).join(", ")))
        };
        let parts = [
            Some(format!("    from {nation}")),
            source.here_by.map(|by| format!("here by {}", time(by))),
            Some(format!("[{label}]")),
            list("with", &source.released),
            list("taken back from", &source.withdrawn),
            source.taken_back.then(|| "(took it back)".to_owned()),
            source.expired.then(|| "(expired)".to_owned()),
        ];
        let line = parts.into_iter().flatten().collect::<Vec<_>>().join("  ");
        lines.push(line);
    }
}

fn content_json(content: &Content) -> Value {
    let source = |source: &Source| {
        json!({
            "nation": source.nation.to_string(), "here_by": source.here_by.map(time),
            "label": source.label, "expired": source.expired, "taken_back": source.taken_back,
            "released": codes(&source.released), "withdrawn": codes(&source.withdrawn),
        })
    };
    let sources: Vec<Value> = content.sources.iter().map(source).collect();
    json!({ "sha256": content.sha256, "name": content.name, "sources": sources })
}

/// A partner's text on this terminal: no control characters, one line.
fn printable(text: &str) -> String {
    const LONGEST: usize = 100;
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(LONGEST).collect()
}

fn list(desk: &Desk, asked: &ObjectList, printer: Printer) -> Result<u8> {
    let page = desk.objects(&Asked {
        object_type: asked.object_type.clone(),
        from: asked.from.as_deref().map(folder::nation).transpose()?,
        conflicts: asked.conflicts,
        after: asked.after,
        limit: asked.limit,
    })?;
    let line = |row: &Row| {
        let versions = (row.versions > 1).then(|| format!("  {} versions", row.versions));
        let versions = versions.unwrap_or_default();
        let conflict = if row.conflict { "  CONFLICT" } else { "" };
        let (name, from) =
            (row.name.as_deref().unwrap_or_default(), codes(&row.sources).join(", "));
        format!("{}  from {from}{versions}{conflict}  {}", row.id, printable(name))
    };
    let mut lines: Vec<String> = page.rows.iter().map(line).collect();
    match page.more_after {
        Some(after) => lines.push(format!("more may follow: add --after {after}")),
        None if lines.is_empty() => lines.push("there is none".to_owned()),
        None => {}
    }
    let row = |row: &Row| {
        json!({
            "id": row.id, "name": row.name, "sources": codes(&row.sources),
            "versions": row.versions, "conflict": row.conflict,
        })
    };
    let rows: Vec<Value> = page.rows.iter().map(row).collect();
    printer.either(&json!({ "objects": rows, "more_after": page.more_after }), &lines)?;
    Ok(0)
}
