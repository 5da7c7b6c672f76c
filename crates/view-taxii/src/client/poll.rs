//! Reading a collection to its end, page by page (TAXII 2.1, 3.5 and 5.4).
//!
//! Invariants:
//! * Whoever goes on from [`Page::after`] misses nothing that was there, if the server keeps to the order
//!   of dates that the standard demands: those of the last date come again rather than not at all.
//! * A cursor is followed within one reading and never kept: servers forget them, and with some of them
//!   asking twice skips a page.
//! * A cursor that runs out is given up for a date, and asked for anew; one that runs out again, or that
//!   leads to the same page again, is given up for dates alone; where these do not move, it is a fault.

use std::collections::BTreeSet;

use entente_object::json;
use entente_object::read::{Form, Objects, ReadCause, Source};
use entente_object::time::Timestamp;
use sha2::{Digest as _, Sha256};

use super::{Answer, Fault, escaped, is_good, text};
use crate::limits::{
    CURSOR_FOLLOWED_BYTES_MAX, DATE_AHEAD_MAX, EMPTY_PAGES_MAX, PAGE_OBJECTS, SUBMITTED_OBJECTS_MAX,
};
use crate::pages::ADDED_LAST;

/// A page of objects.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// The exact bytes of each object.
    pub objects: Vec<Vec<u8>>,
    /// Places of what could not be read, and why.
    pub refused: Vec<(u64, String)>,
    /// Everything added until then was read with it, in microseconds since 1970; none: nothing was.
    pub after: Option<i64>,
    /// Whether more follows now.
    pub more: bool,
}

/// What an answer brought.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Turn {
    /// A page.
    Page(Page),
    /// Nothing: the same is asked for in another way.
    Again,
}

/// One reading of a collection.
#[derive(Clone, Debug)]
pub struct Poll {
    collection: String,
    /// What was added later than this is asked for: the same as long as cursors are followed.
    after: Option<i64>,
    /// The cursor of the next page.
    next: Option<String>,
    /// The last date of the pages by now.
    last: Option<i64>,
    /// Cursors with a hash of the page that named each: some servers have one for all their pages.
    followed: BTreeSet<(String, [u8; 32])>,
    /// Pages in a row that had nothing.
    empty: usize,
    /// How often a cursor ran out.
    lost: u32,
    /// Cursors are of no use here.
    by_date: bool,
    /// How many objects are asked for.
    limit: usize,
}

impl Poll {
    /// Reads what was added later than this; none: everything.
    pub fn new(collection: &str, after: Option<i64>) -> Self {
        Self {
            collection: collection.to_owned(),
            after,
            next: None,
            last: None,
            followed: BTreeSet::new(),
            empty: 0,
            lost: 0,
            by_date: false,
            limit: PAGE_OBJECTS,
        }
    }

    /// What to ask for next, below the API root.
    pub fn path(&self) -> String {
        let (collection, limit) = (escaped(&self.collection), self.limit);
        let after = self.after.map(|after| Timestamp::from_unix_micros(after).to_taxii());
        let parameter = |name: &str, value: Option<&String>| {
            value.map_or(String::new(), |value| format!("&{name}={}", escaped(value)))
        };
        format!(
            "collections/{collection}/objects/?limit={limit}{}{}",
            parameter("added_after", after.as_ref()),
            parameter("next", self.next.as_ref())
        )
    }

    /// Reads the answer to it, that came at `now`.
    pub fn read(&mut self, answer: &Answer, now: Timestamp) -> Result<Turn, Fault> {
        let ran_out = matches!(answer.status, 400 | 404 | 410 | 416) && self.next.is_some();
        if ran_out && self.lost < 2 {
            self.lost += 1;
            self.by_date = self.lost == 2;
            (self.after, self.next) = (self.read_until(), None);
            // The same cursors may lead on now.
            self.followed.clear();
            return Ok(Turn::Again);
        }
        if answer.status == 416 {
            // How some say that there is nothing.
            return Ok(Turn::Page(Page { after: self.after, ..Page::default() }));
        }
        is_good(answer, &[200])?;
        let last = date(answer, now)?;
        let envelope = if answer.is_cut { None } else { Envelope::read(&answer.body)? };
        let Some(envelope) = envelope else {
            if self.limit == 1 {
                return Err(Fault::Long("it has more than 10 MiB, or 50 inflated".to_owned()));
            }
            self.limit /= 10;
            return Ok(Turn::Again);
        };
        let after = self.step(&envelope, last, Sha256::digest(&answer.body).into())?;
        let Envelope { objects, refused, more, .. } = envelope;
        Ok(Turn::Page(Page { objects, refused, after, more }))
    }

    /// Until when everything was read: others of the last date may follow.
    fn read_until(&self) -> Option<i64> {
        self.after.max(self.last.map(|last| last.saturating_sub(1)))
    }

    /// Moves on behind a page; says until when everything was read.
    fn step(
        &mut self,
        page: &Envelope,
        date: Option<i64>,
        hash: [u8; 32],
    ) -> Result<Option<i64>, Fault> {
        self.last = self.last.max(date);
        if !page.more {
            (self.after, self.next) = (self.after.max(self.last), None);
            return Ok(self.after);
        }
        self.empty = if page.objects.is_empty() { self.empty + 1 } else { 0 };
        if self.empty > EMPTY_PAGES_MAX {
            return Err(Fault::Empty);
        }
        if let Some(next) = page.next.as_ref().filter(|_| !self.by_date) {
            if next.len() > CURSOR_FOLLOWED_BYTES_MAX {
                return Err(Fault::Long(format!("its cursor has {} bytes", next.len())));
            }
            if self.followed.insert((next.clone(), hash)) {
                self.next = Some(next.clone());
                return Ok(self.read_until());
            }
            self.by_date = true;
        }
        let after = self.read_until();
        if after <= self.after {
            return Err(match (&page.next, self.last) {
                (Some(_), _) => Fault::Circle,
                (None, Some(_)) => Fault::Stuck,
                (None, None) => Fault::NoWay,
            });
        }
        (self.after, self.next) = (after, None);
        Ok(after)
    }
}

/// The date of the last object of a page.
fn date(answer: &Answer, now: Timestamp) -> Result<Option<i64>, Fault> {
    let Some(text) = text(&answer.headers, &ADDED_LAST) else { return Ok(None) };
    // One that cannot be read says nothing.
    let Ok(date) = Timestamp::parse(text.trim()) else { return Ok(None) };
    if date.saturating_since(now) > DATE_AHEAD_MAX {
        return Err(Fault::Future(date.to_stix()));
    }
    Ok(Some(date.unix_micros()))
}

/// What stands in an envelope (§3.7).
struct Envelope {
    objects: Vec<Vec<u8>>,
    refused: Vec<(u64, String)>,
    more: bool,
    next: Option<String>,
}

impl Envelope {
    /// Reads a body; none: it is too long.
    fn read(body: &[u8]) -> Result<Option<Self>, Fault> {
        let mut elements = Objects::new(body, Source::Body);
        let (mut objects, mut refused) = (Vec::new(), Vec::new());
        while let Some(element) = elements.next_element() {
            if objects.len() + refused.len() == SUBMITTED_OBJECTS_MAX {
                let most = format!("it has more than {SUBMITTED_OBJECTS_MAX} objects");
                return Err(Fault::Long(most));
            }
            match element {
                Ok(element) => objects.push(element.bytes.to_vec()),
                Err(error) if error.cause.is_of_one_element() => {
                    refused.push((error.index, error.to_string()));
                }
                Err(error) => {
                    let is_long =
                        matches!(error.cause, ReadCause::WireTooLong | ReadCause::InflatedTooLong);
                    return if is_long { Ok(None) } else { Err(Fault::Body(error.to_string())) };
                }
            }
        }
        let paging = elements.paging().clone();
        match (elements.form(), objects.as_slice()) {
            (Form::Bundle, _) => {}
            // The value that stands for the envelope itself: there was no list in it.
            (Form::Alone, [whole]) if is_empty_envelope(whole) => objects.clear(),
            (Form::Alone | Form::List, _) => {
                return Err(Fault::Body("it is no TAXII envelope".to_owned()));
            }
        }
        let more = paging.more.unwrap_or(false);
        let next = paging.next.filter(|next| !next.is_empty());
        Ok(Some(Self { objects, refused, more, next }))
    }
}

/// An envelope of nothing may leave the list out; a STIX object is none.
fn is_empty_envelope(bytes: &[u8]) -> bool {
    let value = json::parse(bytes).ok();
    let is = value.as_ref().and_then(json::Value::as_object);
    is.is_some_and(|members| !members.contains_key("type") && !members.contains_key("objects"))
}
