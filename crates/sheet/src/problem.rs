//! What is wrong with a spreadsheet: where, why, and what to do.
//!
//! Invariant: problems of cells are told together, in the order of the sheets as they were read, the first
//! [`PROBLEMS_MAX`] of them.

use std::fmt;

use crate::cell::Place;
use crate::limits::PROBLEMS_MAX;

/// One thing to put right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The sheet.
    pub sheet: String,
    /// The cell.
    pub place: Place,
    /// What is wrong.
    pub reason: String,
    /// What to do about it.
    pub advice: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}!{}: {}: {}", self.sheet, self.place, self.reason, self.advice)
    }
}

/// The problems of a file, as they are found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Problems {
    found: Vec<Problem>,
    more: usize,
}

impl Problems {
    /// Notes one.
    pub fn add(
        &mut self,
        sheet: &str,
        place: Place,
        reason: impl Into<String>,
        advice: impl Into<String>,
    ) {
        if self.found.len() >= PROBLEMS_MAX {
            self.more += 1;
            return;
        }
        let (sheet, reason, advice) = (sheet.to_owned(), reason.into(), advice.into());
        self.found.push(Problem { sheet, place, reason, advice });
    }

    /// Whether nothing is wrong.
    pub fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// What is wrong.
    pub fn list(&self) -> &[Problem] {
        &self.found
    }

    /// One line for each, and one for those that are not told.
    pub fn lines(&self) -> Vec<String> {
        let mut lines: Vec<String> = self.found.iter().map(Problem::to_string).collect();
        if self.more > 0 {
            lines.push(format!("and {} more", self.more));
        }
        lines
    }
}

/// Why a file gives no sheets at all.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotRead {
    /// It is too large.
    #[error("it has more than {most} {what}: split it, or delete what is not needed")]
    TooMuch {
        /// Of what.
        what: &'static str,
        /// How many there may be.
        most: u64,
    },
    /// It is encrypted, or of the format before 2007.
    #[error("it is encrypted or of the format before 2007: save it as .xlsx without a password")]
    Old,
    /// It is no xlsx.
    #[error("it is no xlsx that can be read ({0}): open it in a spreadsheet and save it as .xlsx")]
    Damaged(String),
    /// Its characters are in no encoding that is known.
    #[error(
        "line {line} is neither UTF-8 nor EUC-KR (CP949): save it as \"CSV UTF-8\", or as .xlsx"
    )]
    Encoding {
        /// The line, from 1.
        line: usize,
    },
    /// It is no CSV.
    #[error("it is no CSV that can be read ({0}): save it as \"CSV UTF-8\", or as .xlsx")]
    Delimited(String),
}

/// Why a sheet cannot be written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotWritten {
    /// A cell is longer than a spreadsheet holds.
    #[error("{sheet}!{place} is longer than {most} characters, which no spreadsheet holds")]
    Long {
        /// The sheet.
        sheet: String,
        /// The cell.
        place: Place,
        /// How long it may be.
        most: usize,
    },
    /// The writer refused.
    #[error("{sheet} cannot be written: {cause}")]
    Writer {
        /// The sheet.
        sheet: String,
        /// Why.
        cause: String,
    },
}
