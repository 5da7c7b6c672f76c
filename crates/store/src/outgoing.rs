//! What goes to the server of a partner without a node: the entries of its ledger in order, as
//! envelopes of TAXII.
//!
//! Invariants:
//! * An envelope holds what stands in the audience's own ledger, sealed for it, and nothing that was
//!   taken back by then, nor what the audience brought itself.
//! * Entries keep their order: what was taken back comes after all that was released before it.

use entente_log::block::Record;
use entente_object::json;
use entente_release::{Audience, Released};

use crate::chunk::Row;
use crate::error::StoreError;
use crate::feed::FEED_ENTRIES_MAX;
use crate::place;
use crate::reader::Reader;
use crate::walk::{Parts, walk};

/// An object that was taken back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TakenBack {
    /// Its id.
    pub id: String,
    /// Its version in microseconds since 1970, if it bears one.
    pub version: Option<i64>,
}

/// What goes out next.
#[derive(Clone, Debug)]
pub struct Outgoing {
    /// The envelope, if there are objects.
    pub envelope: Option<Released<Vec<u8>>>,
    /// The ids of its objects.
    pub objects: Vec<String>,
    /// How many bytes it has.
    pub bytes: usize,
    /// What was taken back; there are no objects then.
    pub taken_back: Option<TakenBack>,
    /// How many entries the ledger has up to here.
    pub to: u64,
    /// How many it has.
    pub size: u64,
}

impl Reader {
    /// What follows entry `from` of the audience's ledger: objects, `most` and about `bytes` at most, or
    /// one that was taken back; neither where there is nothing to send. What was taken back before
    /// entry `since` is left out. None beyond the end.
    pub fn outgoing(
        &mut self,
        audience: &Audience,
        (from, since): (u64, u64),
        (most, bytes): (usize, usize),
    ) -> Result<Option<Outgoing>, StoreError> {
        self.snapshot(|reader| {
            let Some(signed) = reader.checkpoint(audience.partner())? else { return Ok(None) };
            if from >= signed.size {
                return Ok(None);
            }
            let room = usize::try_from(signed.size - from).unwrap_or(usize::MAX);
            let rows = reader.ledger_rows(audience, from, room.min(FEED_ENTRIES_MAX))?;
            let mut out = Writing { from, since, most, bytes, ..Writing::default() };
            out.text.extend_from_slice(b"{\"objects\":[");
            for row in &rows {
                let partner = audience.partner().get();
                let is_back = place::is_withdrawn(&reader.database, partner, row.seq)?;
                walk(
                    &reader.database,
                    std::slice::from_ref(row),
                    Parts::Whole,
                    &mut |record: &Record<'_>, row: &Row, body| {
                        out.entry(audience, (record, row, body), is_back)
                    },
                )?;
                if out.is_full {
                    break;
                }
            }
            out.text.extend_from_slice(b"]}");
            let (bytes, to) = (out.text.len(), from + out.entries);
            let envelope = match out.objects.as_slice() {
                [] => None,
                _ => Some(reader.seal(audience, &out.labels, out.text)?),
            };
            let (objects, taken_back, size) = (out.objects, out.taken_back, signed.size);
            Ok(Some(Outgoing { envelope, objects, bytes, taken_back, to, size }))
        })
    }
}

/// An envelope being written.
#[derive(Default)]
struct Writing {
    from: u64,
    since: u64,
    most: usize,
    bytes: usize,
    text: Vec<u8>,
    objects: Vec<String>,
    labels: Vec<u32>,
    taken_back: Option<TakenBack>,
    /// Entries that were dealt with.
    entries: u64,
    is_full: bool,
}

impl Writing {
    fn entry(
        &mut self,
        audience: &Audience,
        (record, row, body): (&Record<'_>, &Row, &[u8]),
        is_back: bool,
    ) -> Result<(), StoreError> {
        let object = record.object.ok_or(StoreError::Dangling("an object"))?;
        let id = format!("{}--{}", object.object_type()?, object.uuid());
        let is_echo = object.brought_by()? == audience.nation();
        if row.withdrawn {
            let was_given = self.from + self.entries >= self.since && !is_echo;
            if was_given && !self.objects.is_empty() {
                self.is_full = true;
                return Ok(());
            }
            if was_given {
                let version = bears_version(record.bytes(body)?).then_some(object.version());
                self.taken_back = Some(TakenBack { id, version });
                self.is_full = true;
            }
        } else if !is_back && !is_echo {
            let bytes = record.bytes(body)?;
            let is_long = self.text.len() + bytes.len() > self.bytes;
            if !self.objects.is_empty() && (is_long || self.objects.len() >= self.most) {
                self.is_full = true;
                return Ok(());
            }
            if !self.objects.is_empty() {
                self.text.push(b',');
            }
            self.text.extend_from_slice(bytes);
            self.objects.push(id);
            if !self.labels.contains(&object.label()) {
                self.labels.push(object.label());
            }
        }
        self.entries += 1;
        Ok(())
    }
}

/// Whether an object has a date that TAXII takes as its version (TAXII 2.1, 3.4.1).
fn bears_version(bytes: &[u8]) -> bool {
    let value = json::parse(bytes).ok();
    value.is_some_and(|value| value.get("modified").or(value.get("created")).is_some())
}
