//! Programmes in others' formats, and back.
//!
//! Invariants:
//! * What comes in is a programme file: its text is read as any other, with the same checks.
//! * What a format cannot carry is told, one note for each, never left out silently.

mod draft;
pub mod iati;
pub mod oscal;
mod toml;
mod xml;

pub use toml::to_toml;

use crate::problem::Problem;
use crate::programme::Programme;

/// The longest document that is read: the shipped programme has 150 KiB as IATI and 130 KiB as JSON,
/// and the longest programme file would have four times its own length.
pub const DOCUMENT_MAX: usize = 4 << 20;

/// A programme as written in another format.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Exported {
    /// The document.
    pub text: String,
    /// What the format does not carry.
    pub notes: Vec<String>,
}

impl Exported {
    /// A document that carries everything.
    pub fn whole(text: String) -> Self {
        Self { text, notes: Vec::new() }
    }
}

/// A programme as read from another format.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Imported {
    /// The programme; its text is the programme file to keep.
    pub programme: Programme,
    /// What the document does not say and people have to add, and what of it was not read.
    pub notes: Vec<String>,
}

/// Reads what an importer wrote as any programme file is read, and writes it in the one way.
fn finish(draft: &str, file: &str, notes: Vec<String>) -> Result<Imported, Vec<Problem>> {
    let name = format!("{file}, as a programme file");
    let read = Programme::parse(draft, &name).map_err(|problems| shown(draft, problems))?;
    let text = to_toml(&read);
    Ok(Imported { programme: Programme::parse(&text, file)?, notes })
}

/// Problems of a text that nobody sees, each with what stands in its line.
fn shown(draft: &str, problems: Vec<Problem>) -> Vec<Problem> {
    const CHARS: usize = 120;
    let show = |problem: Problem| {
        let line = draft.lines().nth(problem.line.saturating_sub(1)).unwrap_or_default();
        let line: String = line.chars().take(CHARS).collect();
        Problem { reason: format!("{} (in `{line}`)", problem.reason), ..problem }
    };
    problems.into_iter().map(show).collect()
}

/// One problem with a document as a whole.
fn refused(
    file: &str,
    (line, column): (usize, usize),
    reason: String,
    advice: &str,
) -> Vec<Problem> {
    vec![Problem { file: file.to_owned(), line, column, reason, advice: advice.to_owned() }]
}
