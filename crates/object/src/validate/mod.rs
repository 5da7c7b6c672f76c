//! Validation of one object against [`crate::spec`], with a report.
//!
//! Invariants: every value that `json` can hold is validated without panic, in time linear in its
//! size but for granular markings (selectors × depth); a valid object costs no allocation but its
//! report's id; findings come in the order of the object's members, then missing properties, then
//! rules across properties.
//!
//! In scope: one object on its own, its references as ids, its pattern's syntax; a bundle and the
//! objects in it. Out of scope: whether references resolve, whether a new version may replace an old
//! one, and the upgrade of STIX 2.0.
//!
//! | file | holds |
//! |---|---|
//! | `object` | an object: its type, its properties, its id |
//! | `value` | one value of each kind |
//! | `extensions` | extensions, and properties that no table has |
//! | `rules` | rules across properties |
//! | `selectors` | granular markings against the object |
//! | `path` | where a value stands |

mod extensions;
mod object;
mod path;
mod rules;
mod selectors;
mod value;

use std::fmt;

use crate::id::Id;
use crate::json::{Map, Value};
use crate::observable_id::deterministic_id;
use crate::report::{Finding, Report};
use crate::spec::Level;
use path::Path;

/// Validates one object, or a bundle and every object in it.
pub fn validate(value: &Value<'_>) -> Report {
    if let Some(members) = value.as_object() {
        return validate_members(members);
    }
    let mut report = Report::default();
    let nothing = Map::default();
    let message = format_args!("this is {}; write an object of STIX", value.kind());
    Checker::new(&mut report, &nothing).error(&Path::ROOT, ("not-an-object", "3"), message);
    report
}

/// Validates an object by its members.
pub fn validate_members(members: &Map<'_>) -> Report {
    let id = members.get("id").and_then(Value::as_str);
    let mut report = Report { id: id.map(str::to_owned), ..Report::default() };
    Checker::new(&mut report, members).object(members, &Path::ROOT);
    report
}

/// Whether an observable's UUIDv5 is not the one that section 2.9 recommends.
///
/// Not part of [`validate`]: section 3.4 allows other algorithms, which nothing tells from a
/// mistake, and the hash costs more than all the rest.
pub fn id_advice(members: &Map<'_>) -> Option<Finding> {
    let id = Id::parse(members.get("id")?.as_str()?).ok()?;
    let expected = deterministic_id(members)?;
    if id.uuid.get_version_num() != 5 || expected.as_id() == id {
        return None;
    }
    Some(Finding {
        path: "id".to_owned(),
        rule: "deterministic-id",
        section: "2.9",
        message: format!("the properties of this object give the id {expected}; use it"),
    })
}

/// A rule's name and section.
type Cite = (&'static str, &'static str);

/// The state of validating one object.
struct Checker<'c, 'j> {
    report: &'c mut Report,
    /// The object; inside a cyber-observable container, the observable.
    object: &'c Map<'j>,
    /// The deprecated container that the object stands in.
    container: Option<&'c Map<'j>>,
}

impl<'c, 'j> Checker<'c, 'j> {
    fn new(report: &'c mut Report, object: &'c Map<'j>) -> Self {
        Self { report, object, container: None }
    }

    #[cold]
    #[inline(never)]
    fn error(&mut self, at: &Path<'_>, cite: Cite, message: fmt::Arguments<'_>) {
        self.find(Level::Must, at, cite, message);
    }

    #[cold]
    #[inline(never)]
    fn warn(&mut self, at: &Path<'_>, cite: Cite, message: fmt::Arguments<'_>) {
        self.find(Level::Should, at, cite, message);
    }

    #[cold]
    fn find(&mut self, level: Level, at: &Path<'_>, cite: Cite, message: fmt::Arguments<'_>) {
        let (rule, section) = cite;
        let finding = Finding { path: at.to_string(), rule, section, message: message.to_string() };
        self.report.add(level, finding);
    }
}

/// A text shortened for a message.
fn brief(text: &str) -> &str {
    const BYTES_MAX: usize = 80;
    if text.len() <= BYTES_MAX {
        return text;
    }
    let end = (0..=BYTES_MAX).rev().find(|i| text.is_char_boundary(*i)).unwrap_or(0);
    text.get(..end).unwrap_or_default()
}

#[cfg(test)]
mod tests;
