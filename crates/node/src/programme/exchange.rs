//! Programmes in others' formats: written to a file or standard output, and read as programme files.
//!
//! Invariant: a file that is there is never overwritten.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::Path;

use anyhow::{Context as _, Result, bail};
use entente_programme::Programme;
use entente_programme::exchange::{Exported, iati, oscal};
use serde_json::json;

use crate::cli::ProgrammeFormat;
use crate::print::Printer;

/// Writes a programme in a format; on standard error what the format does not carry.
pub(super) fn export(
    programme: &Programme,
    format: ProgrammeFormat,
    out: Option<&Path>,
    printer: Printer,
) -> Result<u8> {
    let Exported { text, notes, .. } = match format {
        ProgrammeFormat::Toml => Exported::whole(programme.text().to_owned()),
        ProgrammeFormat::Iati => iati::export(programme),
        ProgrammeFormat::Oscal => oscal::export(programme),
    };
    write(&text, out, &notes, printer)
}

/// Reads a programme of another format and writes it as a programme file.
pub(super) fn import(file: &Path, out: Option<&Path>, printer: Printer) -> Result<u8> {
    let text = fs::read_to_string(file).with_context(|| format!("{} not read", file.display()))?;
    let name = file.display().to_string();
    let extension = file.extension().and_then(|extension| extension.to_str());
    let imported = match extension {
        Some("xml") => iati::import(&text, &name),
        Some("json") => oscal::import(&text, &name),
        Some("toml") => {
            bail!("{name} is a programme file already: `entente programme check {name}`")
        }
        Some(_) | None => bail!("{name} is neither .xml (IATI 2.03) nor .json (OSCAL-like)"),
    };
    let imported = imported.map_err(|problems| super::listed(&problems))?;
    write(imported.programme.text(), out, &imported.notes, printer)
}

fn write(text: &str, out: Option<&Path>, notes: &[String], printer: Printer) -> Result<u8> {
    for note in notes {
        writeln!(io::stderr().lock(), "note: {note}")?;
    }
    let Some(out) = out else {
        io::stdout().lock().write_all(text.as_bytes())?;
        return Ok(0);
    };
    let mut file = File::create_new(out)
        .with_context(|| format!("{} not written: move what is there away", out.display()))?;
    file.write_all(text.as_bytes()).with_context(|| format!("{} not written", out.display()))?;
    file.sync_all()?;
    let lines = [format!("wrote {}", out.display())];
    printer.either(&json!({ "wrote": out.display().to_string(), "notes": notes }), &lines)?;
    Ok(0)
}
