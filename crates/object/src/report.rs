//! What validation found in one object.
//!
//! Invariants: a finding's `rule` is one of a fixed set of kebab-case names that do not change
//! between versions; `path` is written as a selector of section 7.2.3.1 (`labels.[0]`), empty for
//! the object itself; nothing in a report depends on anything but the object.

use crate::spec::Level;

/// The findings on one object.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// The object's `id`, if it has a string there; not checked.
    pub id: Option<String>,
    /// What the standard forbids.
    pub errors: Vec<Finding>,
    /// What the standard advises against.
    pub warnings: Vec<Finding>,
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Where, as a selector from the object.
    pub path: String,
    /// Which rule is broken.
    pub rule: &'static str,
    /// The section of STIX 2.1 that states it.
    pub section: &'static str,
    /// What is wrong and what to do, for people.
    pub message: String,
}

impl Report {
    /// Whether nothing is wrong that the standard forbids.
    pub fn is_valid(&self) -> bool {
        self.errors.is_empty()
    }

    /// Whether nothing is wrong at all.
    pub fn is_clean(&self) -> bool {
        self.errors.is_empty() && self.warnings.is_empty()
    }

    pub(crate) fn add(&mut self, level: Level, finding: Finding) {
        match level {
            Level::Must => self.errors.push(finding),
            Level::Should => self.warnings.push(finding),
        }
    }
}
