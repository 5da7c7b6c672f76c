//! The index of versions by id, whose keys come in no order.
//!
//! New rows go into the small table `recent`, and from there, one range of ids after the other, into
//! the large table `version`. An append of thousands of objects then touches the few pages of the
//! small table and one stretch of the large one, where it would touch nearly every page of one table:
//! at a million objects a page of 8 KiB for each of them.
//!
//! Invariant: a version is in one of the two; the view `known` has all.

use entente_log::Seq;
use entente_log::entry::LabelNumber;
use entente_object::id::IdKey;
use entente_release::{Nation, PartnerIndex, PartnerSet};
use rusqlite::{Connection, OptionalExtension as _, params};
use rustc_hash::FxHashMap;

use crate::error::{Doing as _, StoreError};
use crate::place;

/// Rows that `recent` may have after an append. At 45 bytes they fill 1,000 pages. An append of 8,192
/// objects touches those, and a sixteenth of the pages of `version`: 500 at a million objects.
const RECENT_MAX: u64 = 128 * 1024;

/// A version of an object as the writer knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Known {
    /// Its place in the log.
    pub seq: Seq,
    /// Its version, in microseconds since 1970.
    pub version: i64,
    /// The nation that brought it.
    pub bringer: Nation,
    /// Its label.
    pub label: u32,
    /// Who has it.
    pub released: PartnerSet,
}

/// The versions of objects, by what stands for their ids.
pub(crate) type Found = FxHashMap<IdKey, Vec<Known>>;

/// A version to be added.
pub(crate) struct NewVersion {
    pub(crate) key: IdKey,
    pub(crate) version: i64,
    pub(crate) seq: Seq,
    pub(crate) bringer: Nation,
    pub(crate) label: LabelNumber,
    pub(crate) released: PartnerSet,
}

/// What is remembered of the index between appends.
#[derive(Debug, Default)]
pub(crate) struct Versions {
    /// How many rows are in `recent`, once counted.
    recent: Option<u64>,
    /// Up to which id rows were moved on last. From where to go on does not matter to what is found.
    moved_to: Vec<u8>,
}

impl Versions {
    /// Adds rows.
    pub(crate) fn add(
        &mut self,
        database: &Connection,
        mut fresh: Vec<NewVersion>,
    ) -> Result<(), StoreError> {
        let recent = match self.recent {
            Some(count) => count,
            None => count(database)?,
        };
        // In the order of the key, so that each leaf of the index is visited once.
        fresh.sort_unstable_by_key(|row| (row.key, row.version, row.seq));
        let mut insert = database
            .prepare_cached(
                "INSERT INTO recent (id, version, seq, bringer, label, released)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            )
            .doing("preparing to write versions")?;
        for row in &fresh {
            let (id, seq) = (row.key.as_bytes(), row.seq.cast_signed());
            let (bringer, released) = (row.bringer.as_str(), row.released.bits().cast_signed());
            insert
                .execute(params![id, row.version, seq, bringer, row.label, released])
                .doing("writing versions")?;
        }
        let recent = recent + u64::try_from(fresh.len()).unwrap_or_default();
        self.recent = Some(self.move_on(database, recent)?);
        Ok(())
    }

    /// Moves rows on until no more than [`RECENT_MAX`] of `recent` are left; gives how many are.
    fn move_on(&mut self, database: &Connection, mut recent: u64) -> Result<u64, StoreError> {
        while recent > RECENT_MAX {
            let end = id_at(database, &self.moved_to, recent - RECENT_MAX)?;
            // An id has 16 bytes: nothing is beyond 17.
            let until = end.clone().unwrap_or_else(|| vec![0xff; 17]);
            for sql in [
                "INSERT INTO version SELECT * FROM recent WHERE id > ?1 AND id <= ?2",
                "DELETE FROM recent WHERE id > ?1 AND id <= ?2",
            ] {
                let moved = database
                    .prepare_cached(sql)
                    .and_then(|mut move_on| move_on.execute(params![self.moved_to, until]))
                    .doing("moving versions on")?;
                if sql.starts_with("DELETE") {
                    recent = recent.saturating_sub(u64::try_from(moved).unwrap_or_default());
                }
            }
            self.moved_to = end.unwrap_or_default();
        }
        Ok(recent)
    }
}

/// The versions of an object, oldest first.
pub(crate) fn of(database: &Connection, key: IdKey) -> Result<Vec<Known>, StoreError> {
    let mut query = database
        .prepare_cached(
            "SELECT seq, version, label, released, bringer FROM known WHERE id = ?1
             ORDER BY version, seq",
        )
        .doing("looking for an object")?;
    let read = |row: &rusqlite::Row<'_>| {
        Ok(Known {
            seq: row.get::<_, i64>(0)?.cast_unsigned(),
            version: row.get(1)?,
            label: row.get(2)?,
            released: PartnerSet::from_bits(row.get::<_, i64>(3)?.cast_unsigned()),
            bringer: place::nation(row, 4)?,
        })
    };
    let rows = query.query_map(params![key.as_bytes()], read).doing("looking for an object")?;
    rows.collect::<Result<_, _>>().doing("looking for an object")
}

/// The id of the row of `recent` that is `count` rows after the id `from`, if there are so many.
fn id_at(database: &Connection, from: &[u8], count: u64) -> Result<Option<Vec<u8>>, StoreError> {
    database
        .prepare_cached("SELECT id FROM recent WHERE id > ?1 ORDER BY id LIMIT 1 OFFSET ?2")
        .and_then(|mut query| {
            query.query_row(params![from, count.cast_signed() - 1], |row| row.get(0)).optional()
        })
        .doing("looking for versions to move on")
}

fn count(database: &Connection) -> Result<u64, StoreError> {
    let count: i64 = database
        .prepare_cached("SELECT count(*) FROM recent")
        .and_then(|mut query| query.query_row([], |row| row.get(0)))
        .doing("counting versions")?;
    Ok(count.cast_unsigned())
}

/// Notes that `partner` has a version.
pub(crate) fn note_released(
    database: &Connection,
    (key, version, seq): (IdKey, i64, Seq),
    partner: PartnerIndex,
) -> Result<(), StoreError> {
    let bit = PartnerSet::NONE.with(partner).bits().cast_signed();
    for sql in [
        "UPDATE recent SET released = released | ?4 WHERE id = ?1 AND version = ?2 AND seq = ?3",
        "UPDATE version SET released = released | ?4 WHERE id = ?1 AND version = ?2 AND seq = ?3",
    ] {
        let found = database
            .prepare_cached(sql)
            .and_then(|mut update| {
                update.execute(params![key.as_bytes(), version, seq.cast_signed(), bit])
            })
            .doing("noting who has an object")?;
        if found > 0 {
            return Ok(());
        }
    }
    Err(StoreError::Dangling("a version"))
}
