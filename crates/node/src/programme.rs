//! `entente programme`: check, adopt, list, show and compare programmes and national caveats.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result};
use entente_intake::acts::{NationalAct, ProgrammeAct};
use entente_programme::{National, Problem, Programme};
use entente_release::name::ProgrammeId;
use serde_json::json;

use crate::cli;
use crate::cooperate::{How, progress};
use crate::folder;
use crate::print::Printer;

mod difference;
mod exchange;

/// Runs one of the commands.
pub(crate) fn run(
    folder: &Path,
    command: &cli::Programme,
    dry_run: bool,
    printer: Printer,
) -> Result<u8> {
    let how = How { folder, dry: dry_run, printer };
    match command {
        cli::Programme::Check { file } => check(file, printer),
        cli::Programme::Adopt { file } if dry_run => check(file, printer),
        cli::Programme::Adopt { file } => adopt(folder, file, printer),
        cli::Programme::List => list(folder, printer),
        cli::Programme::Show { programme } => show(folder, programme, printer),
        cli::Programme::Diff { old, new, release: false, .. } => {
            let (old, new) = (named(folder, old)?, named(folder, new)?);
            difference::changes(&old, &new, printer)
        }
        cli::Programme::Diff { old, new, release: true, counted } => {
            let (old, new) = (named(folder, old)?, named(folder, new)?);
            difference::released(folder, (Some(&old), &new), counted, printer)
        }
        cli::Programme::Export { programme, format, out } => {
            exchange::export(&named(folder, programme)?, *format, out.as_deref(), printer)
        }
        cli::Programme::Import { file, out } => {
            exchange::import(file, out.as_deref().filter(|_| !dry_run), printer)
        }
        cli::Programme::Preview { file, counted } => {
            let new = parsed(file)?;
            let old = adopted(folder, new.id())?;
            difference::released(folder, (old.as_ref(), &new), counted, printer)
        }
        cli::Programme::Progress(which) => progress::progress(which, how),
        cli::Programme::Actual(args) => progress::actual(args, how),
        cli::Programme::CheckActual { id } => progress::check_actual(id, how),
        cli::Programme::Assessments(which) => progress::assessments(which, how),
    }
}

/// The programme in a file.
fn parsed(file: &Path) -> Result<Programme> {
    let (text, name, _) = read(file)?;
    Programme::parse(&text, &name).map_err(|problems| listed(&problems))
}

/// Problems of a file as one error.
fn listed(problems: &[Problem]) -> anyhow::Error {
    let lines: Vec<String> = problems.iter().map(ToString::to_string).collect();
    anyhow::anyhow!("{}", lines.join("\n"))
}

/// The adopted programme of an id.
fn adopted(folder: &Path, id: &ProgrammeId) -> Result<Option<Programme>> {
    Ok(folder::open(folder)?.policies().programme(id).cloned())
}

/// A programme by its file, or an adopted one by its id.
fn named(folder: &Path, name: &str) -> Result<Programme> {
    if Path::new(name).exists() {
        return parsed(Path::new(name));
    }
    let id = name.parse().with_context(|| format!("{name} is no file here, and no id"))?;
    let found = adopted(folder, &id)?;
    found.with_context(|| format!("{name} is no file here, and no adopted programme"))
}

fn read(file: &Path) -> Result<(String, String, bool)> {
    let text = fs::read_to_string(file).with_context(|| format!("{} not read", file.display()))?;
    let is_national = file.extension().is_some_and(|extension| extension == "cedar");
    Ok((text, file.display().to_string(), is_national))
}

fn check(file: &Path, printer: Printer) -> Result<u8> {
    let (text, name, is_national) = read(file)?;
    let problems = if is_national {
        National::parse(&text, &name).err()
    } else {
        Programme::parse(&text, &name).err()
    };
    let problems: Vec<Problem> = problems.unwrap_or_default();
    let row = |problem: &Problem| {
        json!({
            "file": problem.file, "line": problem.line, "column": problem.column,
            "reason": problem.reason, "advice": problem.advice,
        })
    };
    let rows: Vec<_> = problems.iter().map(row).collect();
    let mut lines: Vec<String> = problems.iter().map(ToString::to_string).collect();
    if lines.is_empty() {
        lines.push(format!("{name}: no problems"));
    }
    printer.either(&json!({ "file": name, "problems": rows }), &lines)?;
    Ok(u8::from(!problems.is_empty()))
}

fn adopt(folder: &Path, file: &Path, printer: Printer) -> Result<u8> {
    let mut desk = folder::open(folder)?;
    let (text, _, is_national) = read(file)?;
    let name = file.file_name().map(|name| name.to_string_lossy().into_owned());
    let file = name.context("the path names no file")?;
    if is_national {
        desk.adopt_national(&NationalAct { file: file.clone(), text })?;
    } else {
        desk.adopt_programme(&ProgrammeAct { file: file.clone(), text })?;
    }
    let lines = [
        format!("adopted {file}"),
        "objects taken in before keep their releases: `entente release review` decides anew".into(),
    ];
    printer.either(&json!({ "adopted": file }), &lines)?;
    Ok(0)
}

fn list(folder: &Path, printer: Printer) -> Result<u8> {
    let desk = folder::open(folder)?;
    let now = desk.now();
    let (mut rows, mut lines) = (Vec::new(), Vec::new());
    for programme in desk.policies().programmes() {
        let in_force = programme.is_in_force(now);
        let state = if in_force { "in force" } else { "not in force" };
        lines.push(format!(
            "{}  version {}, {state}, {} parties, {} areas: {}",
            programme.id(),
            programme.head().version,
            programme.parties().len(),
            programme.areas().len(),
            programme.head().title
        ));
        rows.push(json!({
            "id": programme.id().to_string(), "title": programme.head().title,
            "version": programme.head().version, "in_force": in_force, "parties": programme.parties().len(),
        }));
    }
    let national: Vec<String> = desk.national_files()?.into_iter().map(|act| act.file).collect();
    lines.extend(national.iter().map(|file| format!("national caveats: {file}")));
    if lines.is_empty() {
        lines.push("no programme is adopted: `entente programme adopt FILE`".to_owned());
    }
    printer.either(&json!({ "programmes": rows, "national": national }), &lines)?;
    Ok(0)
}

fn show(folder: &Path, programme: &str, printer: Printer) -> Result<u8> {
    let desk = folder::open(folder)?;
    let id = programme.parse()?;
    let programme =
        desk.policies().programme(&id).with_context(|| format!("{id} is not adopted"))?;
    let mut lines = vec![programme.head().title.clone()];
    for party in programme.parties() {
        lines.push(format!("  {}  {}", party.nation, party.name));
    }
    let mut areas = Vec::new();
    for area in programme.areas() {
        lines.push(format!("{:>3}. {}  {}", area.number, area.id, area.title));
        let mut terms = Vec::new();
        for (number, entry) in (1u32..).zip(&area.terms) {
            let join = |set: &entente_release::NationSet| {
                set.iter().map(|nation| nation.to_string()).collect::<Vec<_>>().join(" ")
            };
            let (from, to, ceiling) = (join(&entry.from), join(&entry.to), entry.ceiling);
            lines.push(format!(
                "       terms {number}: {from} to {to}, up to {ceiling}, releasers: {}",
                entry.releasers
            ));
            terms.push(json!({
                "from": from, "to": to, "ceiling": ceiling.to_string(), "releasers": entry.releasers,
            }));
        }
        areas.push(json!({ "id": area.id.to_string(), "title": area.title, "terms": terms }));
    }
    printer.either(&json!({ "id": id.to_string(), "areas": areas }), &lines)?;
    Ok(0)
}
