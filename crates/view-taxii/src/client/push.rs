//! Adding objects to a collection, and taking them out again (TAXII 2.1, 4.3, 5.5 and 5.7).
//!
//! Invariant: what a server has not clearly said it did is not counted as done.

use entente_object::json::Value;
use entente_object::time::Timestamp;
use uuid::Uuid;

use super::{Answer, Fault, escaped, is_good, parsed, refusal, said, shown};
use crate::limits::ENVELOPE_OBJECTS_MAX;

/// How it stands with what was sent (§4.3.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    /// Its id.
    pub id: Uuid,
    /// Whether every object was dealt with.
    pub is_complete: bool,
    /// How many objects were refused.
    pub failed: u64,
    /// Those that are named: their ids, and why.
    pub failures: Vec<(String, String)>,
}

/// What became of an envelope.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Posted {
    /// It was taken.
    Taken(Status),
    /// It was refused whole, and a smaller one may not be: why.
    Refused(String),
}

/// What became of an object that was taken back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Deleted {
    /// It was deleted.
    Done,
    /// It is not there, or not for us.
    NotThere,
    /// It stays: why.
    Refused(String),
}

/// The path of a status resource.
pub fn status_path(id: Uuid) -> String {
    format!("status/{id}/")
}

/// The path of an object in one version, if it bears versions.
pub fn object_path(collection: &str, id: &str, version: Option<i64>) -> String {
    let path = format!("collections/{}/objects/{}/", escaped(collection), escaped(id));
    match version {
        None => path,
        Some(version) => {
            let version = Timestamp::from_unix_micros(version).to_stix();
            format!("{path}?match%5Bversion%5D={}", escaped(&version))
        }
    }
}

/// Reads the answer to an envelope.
pub fn posted(answer: &Answer) -> Result<Posted, Fault> {
    match answer.status {
        400 | 413 | 422 => Ok(Posted::Refused(refusal(answer).to_string())),
        _ => read(answer, &[200, 201, 202]).map(Posted::Taken),
    }
}

/// Reads a status resource.
pub fn status(answer: &Answer) -> Result<Status, Fault> {
    read(answer, &[200])
}

fn read(answer: &Answer, wanted: &[u16]) -> Result<Status, Fault> {
    is_good(answer, wanted)?;
    let value = parsed(answer)?;
    let text = |name| value.get(name).and_then(Value::as_str);
    let none = || Fault::Body("it is no status resource".to_owned());
    let is_complete = match text("status") {
        Some("complete") => true,
        Some("pending") => false,
        _ => return Err(none()),
    };
    let id = text("id").and_then(|id| Uuid::try_parse(id).ok()).ok_or_else(none)?;
    let listed = value.get("failures").and_then(Value::as_array).unwrap_or_default();
    let failures: Vec<_> =
        listed.iter().take(ENVELOPE_OBJECTS_MAX).map(|one| failure(one)).collect();
    let counted = value.get("failure_count").and_then(Value::as_i64);
    let counted = counted.and_then(|count| u64::try_from(count).ok()).unwrap_or_default();
    let failed = counted.max(u64::try_from(failures.len()).unwrap_or(u64::MAX));
    Ok(Status { id, is_complete, failed, failures })
}

fn failure(value: &Value<'_>) -> (String, String) {
    let text = |name| value.get(name).and_then(Value::as_str).map(shown);
    (text("id").unwrap_or_default(), text("message").unwrap_or_else(|| "no reason given".into()))
}

/// Reads the answer to a deletion.
pub fn deleted(answer: &Answer) -> Result<Deleted, Fault> {
    match answer.status {
        200 | 202 | 204 => Ok(Deleted::Done),
        404 | 410 => Ok(Deleted::NotThere),
        300..=399 | 401 | 429 | 500.. => Err(refusal(answer)),
        status => Ok(Deleted::Refused(format!("the server answered {status}{}", said(answer)))),
    }
}
