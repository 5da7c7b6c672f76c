//! The other side of TAXII 2.1: what to ask a server, what its answers mean, and what comes next.
//!
//! Invariants:
//! * Nothing here opens a connection, reads a clock or waits: an answer goes in, a decision comes out.
//! * What is asked is a path below the API root that an operator named, made of what the operator named
//!   and of cursors and ids that are escaped or parsed. No answer makes it another host, scheme or root.
//! * Asking goes on only while a server gives other pages: a cursor that leads to the same one again and
//!   dates that do not move are a fault. Every list that is read has a bound. How many pages are read at
//!   once is for the caller to bound.

mod poll;
mod push;
#[cfg(test)]
mod tests;

pub use poll::{Page, Poll, Turn};
pub use push::{Deleted, Posted, Status, deleted, object_path, posted, status, status_path};

use std::fmt::Write as _;
use std::time::Duration;

use entente_object::json::{self, Value};
use http::header::{self, HeaderMap};

use crate::limits::{
    BACK_OFF_FIRST, BACK_OFF_MAX, COLLECTIONS_MAX, RETRY_AFTER_MAX, SHOWN_CHARS_MAX,
};
use crate::media::is_taxii;

/// The media type of everything that is asked for and sent.
pub const MEDIA_TYPE: &str = crate::media::TAXII;

/// What a server answered.
#[derive(Clone, Debug, Default)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body, as it came over the wire.
    pub body: Vec<u8>,
    /// Whether the body is longer than was taken of it.
    pub is_cut: bool,
}

/// Why an answer is of no use.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// 401
    #[error("the server does not take the login: give another with `entente feed resume`")]
    Login,
    /// 403
    #[error("the server does not allow this to this login{0}")]
    Forbidden(String),
    /// 404
    #[error("the server has no such collection: name one that `entente feed add` lists")]
    NotThere,
    /// 406 or 415
    #[error("the server does not speak TAXII 2.1")]
    OtherVersion,
    /// 429 or 503
    #[error("the server is busy, and asks to come again {}", again(*.0))]
    Busy(Option<Duration>),
    /// 3xx. Nothing is followed.
    #[error("the server sends on to {0}: name that address yourself if you trust it")]
    SentOn(String),
    /// Any other status.
    #[error("the server answered {0}{1}")]
    Status(u16, String),
    /// Not the media type of TAXII.
    #[error("the server answered {0}, which is no TAXII: is this the address of an API root?")]
    Media(String),
    /// The body is not what it should be.
    #[error("the answer cannot be read: {0}")]
    Body(String),
    /// Too much at once.
    #[error("the answer is too long: {0}")]
    Long(String),
    /// The same cursor again, and no other way on.
    #[error("the server's pages go in a circle")]
    Circle,
    /// `more` without end, and nothing in it.
    #[error("the server says that more follows, and gives nothing")]
    Empty,
    /// No cursor, and a date that does not move.
    #[error("the server's pages do not advance: more objects share a date than a page holds")]
    Stuck,
    /// More follows, and neither a cursor nor a date says where.
    #[error("the server says that more follows, and not where")]
    NoWay,
    /// A date that cannot be.
    #[error("the server says that objects were added on {0}, which is not yet")]
    Future(String),
}

fn again(after: Option<Duration>) -> String {
    after.map_or("later".to_owned(), |after| format!("in {} s", after.as_secs()))
}

impl Fault {
    /// How long the server asks to wait.
    pub fn wait(&self) -> Option<Duration> {
        if let Self::Busy(wait) = self { *wait } else { None }
    }
}

/// A collection as a server lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Its id.
    pub id: String,
    /// Its title.
    pub title: String,
    /// Whether the login may read it.
    pub can_read: bool,
    /// Whether the login may add to it.
    pub can_write: bool,
}

/// The path of the list of collections.
pub const COLLECTIONS: &str = "collections/";

/// The path of a collection.
pub fn collection_path(collection: &str) -> String {
    format!("collections/{}/", escaped(collection))
}

/// The collections of an API root.
pub fn collections(answer: &Answer) -> Result<Vec<Listed>, Fault> {
    let value = resource(answer)?;
    let listed = value.get("collections").and_then(Value::as_array).unwrap_or_default();
    Ok(listed.iter().take(COLLECTIONS_MAX).filter_map(read_collection).collect())
}

/// One collection.
pub fn collection(answer: &Answer) -> Result<Listed, Fault> {
    let none = || Fault::Body("it is no collection".to_owned());
    read_collection(&resource(answer)?).ok_or_else(none)
}

fn read_collection(value: &Value<'_>) -> Option<Listed> {
    let text = |name| value.get(name).and_then(Value::as_str).map(shown);
    let is = |name| value.get(name).and_then(Value::as_bool).unwrap_or(false);
    Some(Listed {
        id: text("id")?,
        title: text("title").unwrap_or_default(),
        can_read: is("can_read"),
        can_write: is("can_write"),
    })
}

/// The longest body that an API root takes, in bytes.
pub fn max_content_length(answer: &Answer) -> Result<u64, Fault> {
    let value = resource(answer)?;
    let length = value.get("max_content_length").and_then(Value::as_i64);
    let none = || Fault::Body("it is no API root".to_owned());
    length.and_then(|length| u64::try_from(length).ok()).ok_or_else(none)
}

/// The one JSON object of an answer.
fn resource(answer: &Answer) -> Result<Value<'_>, Fault> {
    is_good(answer, &[200])?;
    parsed(answer)
}

fn parsed(answer: &Answer) -> Result<Value<'_>, Fault> {
    let value = json::parse(&answer.body);
    let value = value.map_err(|refusal| Fault::Body(refusal.to_string()))?;
    if value.as_object().is_none() {
        return Err(Fault::Body("it is no JSON object".to_owned()));
    }
    Ok(value)
}

/// Demands one of these statuses, and the media type of TAXII.
fn is_good(answer: &Answer, wanted: &[u16]) -> Result<(), Fault> {
    if wanted.contains(&answer.status) {
        let media = text(&answer.headers, &header::CONTENT_TYPE);
        let good = media.as_deref().is_some_and(is_taxii);
        return if good {
            Ok(())
        } else {
            Err(Fault::Media(media.map_or("without a media type".to_owned(), |m| shown(&m))))
        };
    }
    Err(refusal(answer))
}

/// What a status that was not hoped for means.
fn refusal(answer: &Answer) -> Fault {
    match answer.status {
        300..=399 => {
            let to = text(&answer.headers, &header::LOCATION);
            Fault::SentOn(to.map_or("nowhere".to_owned(), |to| shown(&to)))
        }
        401 => Fault::Login,
        403 => Fault::Forbidden(said(answer)),
        404 => Fault::NotThere,
        406 | 415 => Fault::OtherVersion,
        429 | 503 => {
            // A date in its place is rare, and left to our own patience.
            let seconds = text(&answer.headers, &header::RETRY_AFTER);
            let seconds = seconds.and_then(|text| text.trim().parse().ok());
            Fault::Busy(seconds.map(|s| Duration::from_secs(s).min(RETRY_AFTER_MAX)))
        }
        status => Fault::Status(status, said(answer)),
    }
}

/// What an error resource says (§3.6.1), for people.
fn said(answer: &Answer) -> String {
    let value = json::parse(&answer.body).ok();
    let text = |name| value.as_ref()?.get(name)?.as_str().map(shown);
    match (text("title"), text("description")) {
        (Some(title), Some(description)) => format!(": {title}: {description}"),
        (Some(one), None) | (None, Some(one)) => format!(": {one}"),
        (None, None) => String::new(),
    }
}

fn text(headers: &HeaderMap, name: &header::HeaderName) -> Option<String> {
    headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned)
}

/// Text of a server, for a terminal: without control characters, and short.
pub fn shown(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(SHOWN_CHARS_MAX).collect()
}

/// Text as one segment of a path or one value of a query.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            // Writing to a string does not fail.
            let _written = write!(out, "%{byte:02X}");
        }
    }
    out
}

/// How long to wait before the next run: as ordered, or after failures in a row ever longer.
///
/// `dice` is any number, so that those who failed together do not come again together.
pub fn pause(every: Duration, failures: u32, asked: Option<Duration>, dice: u64) -> Duration {
    let longest = every.max(BACK_OFF_MAX);
    let backed_off = BACK_OFF_FIRST.saturating_mul(1 << failures.min(16)).min(longest);
    let wait = if failures == 0 { every } else { backed_off };
    let wait = wait.max(asked.unwrap_or_default());
    // Up to an eighth more.
    let millis = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
    let more = dice.checked_rem(millis / 8 + 1).unwrap_or_default();
    Duration::from_millis(millis.saturating_add(more))
}
