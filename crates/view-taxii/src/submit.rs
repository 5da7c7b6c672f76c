//! Adding objects (§5.5): from a body to what became of each object in it.
//!
//! Invariants:
//! * A body is taken whole or, where it is broken, not at all: nothing of it reaches the inbox.
//! * A body below the advertised length is never refused as too large; one that inflates too much,
//!   or is no envelope, is refused as not processable.
//! * Memory is bounded: bodies by their limit and their number for each partner; what they inflate
//!   to by its limit, one body after the other.

use std::io::Read;

use axum::body::Body;
use bytes::Bytes;
use entente_object::read::{Objects, ReadError, Source};
use entente_object::time::Timestamp;
use entente_release::Audience;
use http::{HeaderMap, header};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use uuid::Uuid;

use crate::cursor::mac;
use crate::doors::{Collection, Fate, InboxError, Submitted};
use crate::error::TaxiiError;
use crate::limits::{BODY_BYTES_MAX, BODY_TIME, SUBMITTED_OBJECTS_MAX};
use crate::media::Coding;
use crate::resources::StatusResource;
use crate::service::Service;

impl Service {
    /// Takes a body in, and gives the status of the request.
    pub(crate) async fn add(
        &self,
        audience: Audience,
        collection: Collection,
        body: Bytes,
        coding: Coding,
    ) -> Result<String, TaxiiError> {
        let closed = |_| TaxiiError::Unavailable("closing".to_owned());
        let _turn = self.submitting.acquire().await.map_err(closed)?;
        let now = self.doors.clock.now();
        let id = status_id(&self.secrets.cursors, &audience, now, &body);
        let sent = tokio::task::spawn_blocking(move || Sent::read(&body, coding));
        let mut sent = sent.await??;
        let status = self.at_inbox(move |inbox| {
            let objects = std::mem::take(&mut sent.objects);
            let taken = inbox.submit(&audience, &collection.under, objects)?;
            let status = StatusResource::complete(id, now.to_taxii(), sent.outcomes(taken));
            let text = serde_json::to_string(&status)
                .map_err(|cause| InboxError::Failed(cause.to_string()))?;
            inbox.save_status(&audience, id, &text)?;
            Ok(text)
        });
        status.await
    }
}

/// An id (UUID version 4) that nobody can guess or count, and that is the same for the same body at
/// the same moment: made from a key of this node alone.
fn status_id(key: &[u8; 32], audience: &Audience, now: Timestamp, body: &[u8]) -> Uuid {
    let nation = audience.nation();
    let now = now.unix_micros().to_be_bytes();
    let random = mac(key, &[b"entente taxii status", nation.as_str().as_bytes(), &now, body]);
    let random = random.first_chunk::<16>().copied().unwrap_or_default();
    uuid::Builder::from_random_bytes(random).into_uuid()
}

/// How far into a body its beginning is looked for.
const OPENING_BYTES: u64 = 4096;

const NO_ENVELOPE: &str = "the body is no TAXII envelope; send {\"objects\":[…]}";

/// The body, if it comes in time and is not too long.
pub(crate) async fn body(headers: &HeaderMap, body: Body) -> Result<Bytes, TaxiiError> {
    let declared = headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok());
    let declared = declared.and_then(|text| text.parse::<u64>().ok());
    if declared.is_some_and(|length| length > BODY_BYTES_MAX) {
        return Err(TaxiiError::TooLarge);
    }
    let most = usize::try_from(BODY_BYTES_MAX).unwrap_or(usize::MAX);
    let collected = tokio::time::timeout(BODY_TIME, Limited::new(body, most).collect()).await;
    match collected {
        Err(_elapsed) => Err(TaxiiError::TooSlow),
        Ok(Ok(body)) => Ok(body.to_bytes()),
        Ok(Err(cause)) if cause.is::<LengthLimitError>() => Err(TaxiiError::TooLarge),
        Ok(Err(_broken)) => Err(TaxiiError::Unprocessable("the body broke off".to_owned())),
    }
}

/// What came in a body.
struct Sent {
    /// The objects, their exact bytes.
    objects: Vec<Vec<u8>>,
    /// For each element in order: whether it is the next of `objects`, or why it was refused.
    elements: Vec<Option<String>>,
}

impl Sent {
    /// Splits a body.
    fn read(body: &[u8], coding: Coding) -> Result<Self, TaxiiError> {
        let opening = opening(body, coding)?;
        let start = opening.iter().position(|byte| !byte.is_ascii_whitespace());
        if start.and_then(|at| opening.get(at)) != Some(&b'{') {
            return Err(TaxiiError::Unprocessable(NO_ENVELOPE.to_owned()));
        }
        let start = start.and_then(|at| u64::try_from(at).ok());
        let mut sent = Self { objects: Vec::new(), elements: Vec::new() };
        let mut elements = Objects::new(body, Source::Body);
        while let Some(element) = elements.next_element() {
            if sent.elements.len() == SUBMITTED_OBJECTS_MAX {
                let what = format!("more than {SUBMITTED_OBJECTS_MAX} objects; send them in parts");
                return Err(TaxiiError::Unprocessable(what));
            }
            match element {
                // The object that stands for the envelope itself: there was no list in it.
                Ok(element) if Some(element.offset) == start => {
                    return Err(TaxiiError::Unprocessable(NO_ENVELOPE.to_owned()));
                }
                Ok(element) => {
                    sent.objects.push(element.bytes.to_vec());
                    sent.elements.push(None);
                }
                Err(ReadError { cause, .. }) if cause.is_of_one_element() => {
                    sent.elements.push(Some(cause.to_string()));
                }
                Err(broken) => return Err(TaxiiError::Unprocessable(broken.to_string())),
            }
        }
        if sent.elements.is_empty() {
            let what = "the envelope has no objects; there is nothing to add";
            return Err(TaxiiError::Unprocessable(what.to_owned()));
        }
        Ok(sent)
    }

    /// What became of every element, given what became of the objects.
    fn outcomes(&self, taken: Vec<Submitted>) -> Vec<Submitted> {
        let mut taken = taken.into_iter();
        let of = |element: &Option<String>| match element {
            Some(why) => refused(why.clone()),
            None => taken.next().unwrap_or_else(|| refused("it was not looked at".to_owned())),
        };
        self.elements.iter().map(of).collect()
    }
}

fn refused(why: String) -> Submitted {
    Submitted { id: String::new(), version: String::new(), fate: Fate::Refused(why) }
}

/// The first bytes of the body, inflated as its header says.
fn opening(body: &[u8], coding: Coding) -> Result<Vec<u8>, TaxiiError> {
    let mut opening = Vec::new();
    let read = match coding {
        Coding::Identity => body.take(OPENING_BYTES).read_to_end(&mut opening),
        Coding::Gzip => {
            let inflated = flate2::read::MultiGzDecoder::new(body);
            inflated.take(OPENING_BYTES).read_to_end(&mut opening)
        }
        Coding::Zstd => zstd::Decoder::new(body)
            .and_then(|inflated| inflated.take(OPENING_BYTES).read_to_end(&mut opening)),
    };
    if read.is_err() {
        let what = format!("the body is not compressed with {} as it says", coding.as_str());
        return Err(TaxiiError::Unprocessable(what));
    }
    Ok(opening)
}
