//! The newest version of every object that a nation brought, with its label, its type and who has it:
//! from two indexes and the heads of blocks, without reading one object.
//!
//! Invariant: each id is visited once, in the order of the log.

use entente_log::Seq;
use entente_log::block::records;
use entente_log::entry::LabelNumber;
use entente_release::{Nation, PartnerSet};
use rusqlite::{Connection, params};

use crate::error::{Doing as _, StoreError};

/// A block has no more entries than this.
const BLOCK_ENTRIES: Seq = 128;

const _: () = assert!(entente_log::block::BLOCK_ENTRIES == 128, "the constant above follows it");

/// The newest version of an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Newest<'a> {
    /// Its place in the log.
    pub seq: Seq,
    /// Its label.
    pub label: LabelNumber,
    /// Who has it.
    pub released: PartnerSet,
    /// Its type.
    pub object_type: &'a str,
}

/// What the index of versions says of one.
struct Indexed {
    seq: Seq,
    label: LabelNumber,
    released: PartnerSet,
}

/// Visits the newest version of everything that `bringer` brought under a label that is `wanted`.
pub(crate) fn each(
    database: &Connection,
    bringer: Nation,
    wanted: &dyn Fn(LabelNumber) -> bool,
    visit: &mut dyn FnMut(&Newest<'_>) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    const DOING: &str = "reading what is said of objects";
    let mut indexed = indexed(database, bringer)?;
    indexed.retain(|one| wanted(one.label));
    indexed.sort_unstable_by_key(|one| one.seq);
    let mut left = indexed.iter().peekable();
    let mut query =
        database.prepare_cached("SELECT first, head FROM block ORDER BY first").doing(DOING)?;
    let mut blocks = query.query(params![]).doing(DOING)?;
    while let Some(block) = blocks.next().doing(DOING)? {
        let Some(next) = left.peek().map(|one| one.seq) else { return Ok(()) };
        let first = block.get::<_, i64>(0).doing(DOING)?.cast_unsigned();
        // A block of which nothing is wanted is passed over before its head is read.
        if first + BLOCK_ENTRIES <= next {
            continue;
        }
        let head = block.get_ref(1).and_then(|value| Ok(value.as_blob()?)).doing(DOING)?;
        for record in records(first, head) {
            let record = record?;
            let Some(one) = left.next_if(|one| one.seq == record.seq) else { continue };
            let object = record.object.ok_or(StoreError::Dangling("an object"))?;
            let Indexed { seq, label, released } = *one;
            visit(&Newest { seq, label, released, object_type: object.object_type()? })?;
        }
    }
    if left.peek().is_some() { Err(StoreError::Dangling("an object")) } else { Ok(()) }
}

/// Of each id the newest version that `bringer` brought.
fn indexed(database: &Connection, bringer: Nation) -> Result<Vec<Indexed>, StoreError> {
    const DOING: &str = "looking through all versions";
    let mut query = database
        .prepare_cached(
            "SELECT id, seq, label, released, bringer FROM known ORDER BY id, version, seq",
        )
        .doing(DOING)?;
    let mut rows = query.query(params![]).doing(DOING)?;
    let (mut newest, mut id): (Vec<Indexed>, Vec<u8>) = (Vec::new(), Vec::new());
    while let Some(row) = rows.next().doing(DOING)? {
        let text = |column| row.get_ref(column)?.as_str().map_err(rusqlite::Error::from);
        if text(4).doing(DOING)? != bringer.as_str() {
            continue;
        }
        let key = row.get_ref(0).and_then(|value| Ok(value.as_blob()?)).doing(DOING)?;
        let read = Indexed {
            seq: row.get::<_, i64>(1).doing(DOING)?.cast_unsigned(),
            label: row.get(2).doing(DOING)?,
            released: PartnerSet::from_bits(row.get::<_, i64>(3).doing(DOING)?.cast_unsigned()),
        };
        // Versions of one id follow each other, the newest last.
        if let Some(last) = newest.last_mut().filter(|_| id == key) {
            *last = read;
        } else {
            id.clear();
            id.extend_from_slice(key);
            newest.push(read);
        }
    }
    Ok(newest)
}
