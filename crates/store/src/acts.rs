//! Recorded acts: partners, programmes, approvals and the like, by kind.

use std::borrow::Cow;

use entente_log::Seq;
use entente_log::block;
use entente_log::entry::{Act, Entry};
use rusqlite::{Connection, OptionalExtension as _, params};

use crate::error::{Doing as _, StoreError};
use crate::place;

pub(crate) fn of_kind(
    database: &Connection,
    kind: &str,
) -> Result<Vec<(Seq, Act<'static>)>, StoreError> {
    some_of_kind(database, kind, (0, u64::MAX))
}

/// So many acts of a kind, in order, after so many.
pub(crate) fn some_of_kind(
    database: &Connection,
    kind: &str,
    (skip, most): (u64, u64),
) -> Result<Vec<(Seq, Act<'static>)>, StoreError> {
    let mut query = database
        .prepare_cached("SELECT seq FROM act WHERE kind = ?1 ORDER BY seq LIMIT ?3 OFFSET ?2")
        .doing("looking for acts")?;
    let [skip, most] = [skip, most].map(|count| i64::try_from(count).unwrap_or(i64::MAX));
    let seqs = query
        .query_map(params![kind, skip, most], |row| row.get::<_, i64>(0))
        .doing("looking for acts")?;
    let mut acts = Vec::new();
    for seq in seqs {
        let seq = seq.doing("looking for acts")?.cast_unsigned();
        acts.push((seq, read(database, seq)?));
    }
    Ok(acts)
}

/// Visits the acts of a kind, newest first, until `visit` says no.
pub(crate) fn newest_of_kind(
    database: &Connection,
    kind: &str,
    visit: &mut dyn FnMut(Seq, Act<'static>) -> Result<bool, StoreError>,
) -> Result<(), StoreError> {
    let mut query = database
        .prepare_cached("SELECT seq FROM act WHERE kind = ?1 ORDER BY seq DESC")
        .doing("looking for acts")?;
    let mut seqs = query.query(params![kind]).doing("looking for acts")?;
    while let Some(row) = seqs.next().doing("looking for acts")? {
        let seq = row.get::<_, i64>(0).doing("looking for acts")?.cast_unsigned();
        if !visit(seq, read(database, seq)?)? {
            break;
        }
    }
    Ok(())
}

/// When the first act after a place was recorded, in microseconds since 1970.
pub(crate) fn first_after(database: &Connection, seq: Seq) -> Result<Option<i64>, StoreError> {
    database
        .prepare_cached("SELECT at FROM act WHERE seq > ?1 ORDER BY seq LIMIT 1")
        .and_then(|mut query| {
            query.query_row(params![seq.cast_signed()], |row| row.get(0)).optional()
        })
        .doing("looking for acts")
}

/// The first act of a kind after a place.
pub(crate) fn first_of_kind_after(
    database: &Connection,
    kind: &str,
    after: Seq,
) -> Result<Option<(Seq, Act<'static>)>, StoreError> {
    let after = i64::try_from(after).unwrap_or(i64::MAX);
    let seq: Option<i64> = database
        .prepare_cached("SELECT min(seq) FROM act WHERE kind = ?1 AND seq > ?2")
        .and_then(|mut query| query.query_row(params![kind, after], |row| row.get(0)))
        .doing("looking for acts")?;
    let Some(seq) = seq.map(i64::cast_unsigned) else { return Ok(None) };
    Ok(Some((seq, read(database, seq)?)))
}

/// The last act of a kind.
pub(crate) fn last_of_kind(
    database: &Connection,
    kind: &str,
) -> Result<Option<(Seq, Act<'static>)>, StoreError> {
    last_of_kind_before(database, kind, Seq::MAX)
}

/// The last act of a kind before a place.
pub(crate) fn last_of_kind_before(
    database: &Connection,
    kind: &str,
    before: Seq,
) -> Result<Option<(Seq, Act<'static>)>, StoreError> {
    let before = i64::try_from(before).unwrap_or(i64::MAX);
    let seq: Option<i64> = database
        .prepare_cached("SELECT max(seq) FROM act WHERE kind = ?1 AND seq < ?2")
        .and_then(|mut query| query.query_row(params![kind, before], |row| row.get(0)))
        .doing("looking for acts")?;
    let Some(seq) = seq.map(i64::cast_unsigned) else { return Ok(None) };
    Ok(Some((seq, read(database, seq)?)))
}

fn read(database: &Connection, seq: Seq) -> Result<Act<'static>, StoreError> {
    let missing = StoreError::Dangling("an act");
    let read = place::block(database, seq)?.ok_or(missing)?;
    let found = block::find(read.first, &read.head, seq)?;
    let missing = StoreError::Dangling("an act");
    match found.ok_or(missing)?.entry(&read.body)? {
        Entry::Act(act) => Ok(Act {
            kind: Cow::Owned(act.kind.into_owned()),
            at: act.at,
            json: Cow::Owned(act.json.into_owned()),
        }),
        Entry::Put(_)
        | Entry::Label(_)
        | Entry::Release(_)
        | Entry::Withdraw(_)
        | Entry::Hold(_) => Err(StoreError::Dangling("an act")),
    }
}
