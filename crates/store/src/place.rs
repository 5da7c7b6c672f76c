//! Where things are: views by name, blocks by entry, objects in views.

use entente_log::Seq;
use entente_log::block::Block;
use entente_log::codec::{Damaged, Reader};
use entente_release::Nation;
use rusqlite::{Connection, OptionalExtension as _, params};

use crate::error::{Doing as _, StoreError};

/// The number of a view, if anything was ever released into it.
pub(crate) fn view_number(
    database: &Connection,
    partner: u8,
    under: &str,
    object_type: &str,
) -> Result<Option<u32>, StoreError> {
    database
        .prepare_cached("SELECT number FROM view WHERE partner = ?1 AND under = ?2 AND type = ?3")
        .and_then(|mut query| {
            query.query_row(params![partner, under, object_type], |row| row.get(0)).optional()
        })
        .doing("looking for a view")
}

/// The numbers of a partner's views of areas.
pub(crate) fn areas(database: &Connection, partner: u8) -> Result<Vec<u32>, StoreError> {
    let mut query = database
        .prepare_cached("SELECT number FROM view WHERE partner = ?1 AND under != '' AND type = ''")
        .doing("looking for views")?;
    let rows = query.query_map(params![partner], |row| row.get(0)).doing("looking for views")?;
    rows.collect::<Result<_, _>>().doing("looking for views")
}

/// A column with a nation's code.
pub(crate) fn nation(row: &rusqlite::Row<'_>, column: usize) -> rusqlite::Result<Nation> {
    let text = row.get_ref(column)?.as_str()?;
    text.parse().map_err(|cause| {
        rusqlite::Error::FromSqlConversionFailure(
            column,
            rusqlite::types::Type::Text,
            Box::<dyn std::error::Error + Send + Sync>::from(format!("{cause}")),
        )
    })
}

/// The head of the block that holds `seq`, with the block's first place.
pub(crate) fn head(database: &Connection, seq: Seq) -> Result<Option<(Seq, Vec<u8>)>, StoreError> {
    database
        .prepare_cached(
            "SELECT first, head FROM block WHERE first <= ?1 ORDER BY first DESC LIMIT 1",
        )
        .and_then(|mut query| {
            let read =
                |row: &rusqlite::Row<'_>| Ok((row.get::<_, i64>(0)?.cast_unsigned(), row.get(1)?));
            query.query_row(params![seq.cast_signed()], read).optional()
        })
        .doing("reading the log")
}

/// The block that holds `seq`.
pub(crate) fn block(database: &Connection, seq: Seq) -> Result<Option<Block>, StoreError> {
    database
        .prepare_cached(
            "SELECT first, head, body, chain FROM block WHERE first <= ?1 ORDER BY first DESC LIMIT 1",
        )
        .and_then(|mut query| {
            let read = |row: &rusqlite::Row<'_>| {
                Ok(Block {
                    first: row.get::<_, i64>(0)?.cast_unsigned(),
                    head: row.get(1)?,
                    body: row.get(2)?,
                    chain: row.get(3)?,
                })
            };
            query.query_row(params![seq.cast_signed()], read).optional()
        })
        .doing("reading the log")
}

/// Since when an object is in a view, in microseconds since 1970.
pub(crate) fn since(database: &Connection, view: u32, seq: Seq) -> Result<Option<i64>, StoreError> {
    let found: Option<(i64, Vec<u8>)> = database
        .prepare_cached(
            "SELECT block, rows FROM place WHERE view = ?1 AND block <= ?2 ORDER BY block DESC LIMIT 1",
        )
        .and_then(|mut query| {
            let read = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?));
            query.query_row(params![view, seq.cast_signed()], read).optional()
        })
        .doing("looking for an object in a view")?;
    let Some((first, rows)) = found else {
        return Ok(None);
    };
    // The entry may be in a later block, of which nothing is in the view: then no index fits.
    let wanted = seq.wrapping_sub(first.cast_unsigned());
    let mut latest = None;
    for place in places(&rows)? {
        if place.0 == wanted {
            latest = Some(place.1);
        }
    }
    Ok(latest)
}

/// (index in the block, since when).
fn places(bytes: &[u8]) -> Result<Vec<(u64, i64)>, Damaged> {
    let mut reader = Reader::new(bytes, "places in a view");
    let mut places = Vec::new();
    while !reader.is_empty() {
        places.push((reader.varint()?, reader.varint()?.cast_signed()));
    }
    Ok(places)
}

/// Whether an object that a partner had was taken back from it.
pub(crate) fn is_withdrawn(
    database: &Connection,
    partner: u8,
    object: Seq,
) -> Result<bool, StoreError> {
    let found: Option<i64> = database
        .prepare_cached(
            "SELECT 1 FROM mark JOIN view ON view.number = mark.view
             WHERE view.partner = ?1 AND mark.seq = ?2 AND mark.mark & ?3 != 0 LIMIT 1",
        )
        .and_then(|mut query| {
            let asked = params![partner, object.cast_signed(), crate::fold::WITHDRAWN];
            query.query_row(asked, |row| row.get(0)).optional()
        })
        .doing("looking what was taken back")?;
    Ok(found.is_some())
}
