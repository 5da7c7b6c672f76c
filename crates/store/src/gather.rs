//! What evidence is gathered from: what was given to a partner between two times, chunk by chunk.
//!
//! Invariants:
//! * What was taken back is not there.
//! * No question holds more than one chunk of a view at once.

use entente_log::Seq;
use entente_object::id::IdKey;
use entente_release::{Nation, PartnerIndex};
use rusqlite::{Connection, OptionalExtension as _, params};
use rustc_hash::{FxHashMap, FxHashSet};

use crate::chunk::{CHUNK_ROWS, Row, decode};
use crate::error::{Doing as _, StoreError};
use crate::fold::WITHDRAWN;
use crate::home::Home;
use crate::noted::{self, Noted};
use crate::place::{self, view_number};
use crate::tail::chunk_key;

/// Rows whose places span so many times their number are looked for by range, others one by one.
const SPARSE: usize = 8;

/// A version of an object that was given to a partner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Delivered {
    /// Its place in the log.
    pub seq: Seq,
    /// The place of the first version of the object that was here: it stands for the object.
    pub first: Seq,
    /// `date_added` in the partner's ledger, in microseconds since 1970.
    pub added: i64,
}

impl Home {
    /// How many entries the log has.
    pub fn entries(&self) -> u64 {
        self.tip.next
    }

    /// The types of which a partner was given objects under an area.
    pub fn types_given(
        &self,
        partner: PartnerIndex,
        under: &str,
    ) -> Result<Vec<String>, StoreError> {
        let doing = "looking for views";
        let mut query = self
            .database
            .prepare_cached(
                "SELECT type FROM view WHERE partner = ?1 AND under = ?2 AND type != '' ORDER BY type",
            )
            .doing(doing)?;
        let rows = query.query_map(params![partner.get(), under], |row| row.get(0)).doing(doing)?;
        rows.collect::<Result<_, _>>().doing(doing)
    }

    /// Visits what a partner was given of a type under an area from a time on and before another, in
    /// the order in which it was, a chunk of a view at a time.
    pub fn given(
        &self,
        (partner, under, object_type): (PartnerIndex, &str, &str),
        (from, until): (i64, i64),
        visit: &mut dyn FnMut(&[Delivered]) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let number = |name| view_number(&self.database, partner.get(), under, name);
        let (Some(area), Some(view)) = (number("")?, number(object_type)?) else { return Ok(()) };
        let start = first_chunk(&self.database, view, from)?;
        let (is_marked, is_later) = (has(&self.database, "mark")?, has(&self.database, "earlier")?);
        for chunk in start.. {
            let Some(rows) = chunk_of(&self.database, view, chunk)? else { break };
            let low = rows.partition_point(|row| row.added < from);
            let high = rows.partition_point(|row| row.added < until);
            let (is_last, rows) = (high < rows.len(), rows.get(low..high).unwrap_or_default());
            let marks = "SELECT seq, 0 FROM mark WHERE view = ?3 AND seq BETWEEN ?1 AND ?2
                         AND mark & ?4 != 0";
            let taken_back: FxHashSet<Seq> = if is_marked {
                self.beside(marks, (area, WITHDRAWN), rows)?.into_keys().collect()
            } else {
                FxHashSet::default()
            };
            let earlier = "SELECT seq, first FROM earlier WHERE seq BETWEEN ?1 AND ?2
                           AND ?3 IS NOT NULL AND ?4 IS NOT NULL";
            let firsts =
                if is_later { self.beside(earlier, (0, 0), rows)? } else { FxHashMap::default() };
            let left = rows.iter().filter(|row| !taken_back.contains(&row.seq));
            let delivered: Vec<Delivered> = left
                .map(|row| Delivered {
                    seq: row.seq,
                    first: firsts.get(&row.seq).copied().unwrap_or(row.seq),
                    added: row.added,
                })
                .collect();
            visit(&delivered)?;
            if is_last {
                break;
            }
        }
        Ok(())
    }

    /// What is beside rows in a table of places: by range where they lie close together.
    fn beside(
        &self,
        sql: &str,
        (view, mark): (u32, i64),
        rows: &[Row],
    ) -> Result<FxHashMap<Seq, Seq>, StoreError> {
        let doing = "reading what was given";
        let low = rows.iter().map(|row| row.seq).min().unwrap_or_default();
        let high = rows.iter().map(|row| row.seq).max().unwrap_or_default();
        let span = SPARSE * rows.len().max(CHUNK_ROWS / SPARSE);
        let ranges: Vec<(Seq, Seq)> = if usize::try_from(high - low).is_ok_and(|gap| gap <= span) {
            vec![(low, high)]
        } else {
            rows.iter().map(|row| (row.seq, row.seq)).collect()
        };
        let mut found = FxHashMap::default();
        let mut query = self.database.prepare_cached(sql).doing(doing)?;
        for (low, high) in ranges {
            let asked = params![low.cast_signed(), high.cast_signed(), view, mark];
            let mut rows = query.query(asked).doing(doing)?;
            while let Some(row) = rows.next().doing(doing)? {
                let seq: i64 = row.get(0).doing(doing)?;
                let other: i64 = row.get(1).doing(doing)?;
                found.insert(seq.cast_unsigned(), other.cast_unsigned());
            }
        }
        Ok(found)
    }

    /// How many entries of a partner's ledger were added before a time.
    pub fn entries_before(&self, partner: PartnerIndex, added: i64) -> Result<u64, StoreError> {
        let Some(view) = view_number(&self.database, partner.get(), "", "")? else { return Ok(0) };
        let chunk = first_chunk(&self.database, view, added)?;
        let rows = chunk_of(&self.database, view, chunk)?.unwrap_or_default();
        Ok(place_of(chunk) + count(rows.partition_point(|row| row.added < added)))
    }

    /// `date_added` of the last of so many entries of a partner's ledger, for each of some sizes in
    /// whatever order; none beyond its end.
    pub fn added_at(
        &self,
        partner: PartnerIndex,
        sizes: &[u64],
    ) -> Result<Vec<Option<i64>>, StoreError> {
        let view = view_number(&self.database, partner.get(), "", "")?;
        let (mut at, mut rows, mut found) = (None, Vec::new(), Vec::with_capacity(sizes.len()));
        for size in sizes {
            let Some((view, last)) = view.zip(size.checked_sub(1)) else {
                found.push(None);
                continue;
            };
            let chunk = u32::try_from(last / count(CHUNK_ROWS)).unwrap_or(u32::MAX);
            if at != Some(chunk) {
                rows = chunk_of(&self.database, view, chunk)?.unwrap_or_default();
                at = Some(chunk);
            }
            let place = usize::try_from(last % count(CHUNK_ROWS)).unwrap_or_default();
            found.push(rows.get(place).map(|row| row.added));
        }
        Ok(found)
    }

    /// Since when a partner has an object that this node's nation brought, under an area, in
    /// microseconds since 1970: the first version that it was given.
    pub fn given_since(
        &self,
        (partner, under): (PartnerIndex, &str),
        id: IdKey,
        by: Nation,
    ) -> Result<Option<i64>, StoreError> {
        let Some(view) = view_number(&self.database, partner.get(), under, "")? else {
            return Ok(None);
        };
        let mut since = None;
        for known in self.versions(id)?.iter().filter(|known| known.bringer == by) {
            let given = place::since(&self.database, view, known.seq)?;
            since = since.into_iter().chain(given).min();
        }
        Ok(since)
    }

    /// Visits sightings or reports of a type that others than `here` brought and that were here between
    /// two times, in the order in which they came. With `of`: only sightings of what that nation brought.
    pub fn brought_by_others(
        &self,
        (object_type, here, of): (&str, Nation, Option<Nation>),
        between: (i64, i64),
        visit: &mut dyn FnMut(Noted) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        noted::brought(&self.database, (object_type, here, of), between, visit)
    }

    /// What is noted of objects that were given, in the order of the log.
    pub fn noted(&self, given: &[Delivered]) -> Result<Vec<Noted>, StoreError> {
        let low = given.iter().map(|one| one.seq).min().unwrap_or_default();
        let high = given.iter().map(|one| one.seq).max().unwrap_or_default();
        let span = SPARSE * given.len().max(CHUNK_ROWS / SPARSE);
        if usize::try_from(high - low).is_ok_and(|gap| gap <= span) {
            return noted::between(&self.database, (low, high));
        }
        let mut found = Vec::with_capacity(given.len());
        for one in given {
            found.extend(noted::between(&self.database, (one.seq, one.seq))?);
        }
        found.sort_unstable_by_key(|one| one.seq);
        Ok(found)
    }

    /// Those of some digests that are here as sightings, reports or as what nations do together.
    pub fn placed(&self, digests: &FxHashSet<[u8; 32]>) -> Result<FxHashSet<[u8; 32]>, StoreError> {
        let doing = "looking for objects by their digests";
        let mut query = self
            .database
            .prepare_cached(
                "SELECT EXISTS (SELECT 1 FROM noted WHERE digest = ?1)
                     OR EXISTS (SELECT 1 FROM record WHERE digest = ?1)",
            )
            .doing(doing)?;
        let mut found = FxHashSet::default();
        for digest in digests {
            if query.query_row(params![digest], |row| row.get(0)).doing(doing)? {
                found.insert(*digest);
            }
        }
        Ok(found)
    }

    /// Whether a nation brought an object.
    pub fn is_by(&self, id: IdKey, nation: Nation) -> Result<bool, StoreError> {
        noted::is_by(&self.database, id, nation)
    }
}

/// Whether a table has any row.
fn has(database: &Connection, table: &str) -> Result<bool, StoreError> {
    let sql = format!("SELECT EXISTS (SELECT 1 FROM {table})");
    database
        .prepare_cached(&sql)
        .and_then(|mut query| query.query_row([], |row| row.get(0)))
        .doing("looking whether anything is there")
}

/// The number of the chunk in which rows added at a time or later begin.
fn first_chunk(database: &Connection, view: u32, from: i64) -> Result<u32, StoreError> {
    let key: Option<i64> = database
        .prepare_cached(
            "SELECT key FROM chunk WHERE view = ?1 AND first_added <= ?2
             ORDER BY first_added DESC LIMIT 1",
        )
        .and_then(|mut query| query.query_row(params![view, from], |row| row.get(0)).optional())
        .doing("reading a view")?;
    Ok(key.and_then(|key| u32::try_from(key & 0xffff_ffff).ok()).unwrap_or(0))
}

fn chunk_of(database: &Connection, view: u32, chunk: u32) -> Result<Option<Vec<Row>>, StoreError> {
    let bytes: Option<Vec<u8>> = database
        .prepare_cached("SELECT rows FROM chunk WHERE key = ?1")
        .and_then(|mut query| {
            query.query_row(params![chunk_key(view, chunk)], |row| row.get(0)).optional()
        })
        .doing("reading a view")?;
    Ok(bytes.map(|bytes| decode(&bytes)).transpose()?)
}

fn place_of(chunk: u32) -> u64 {
    u64::from(chunk) * count(CHUNK_ROWS)
}

fn count(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}
