//! The blocks behind rows, each read once, one after the other where rows lie so.
//!
//! Invariant: every row is visited, in the order given, or the walk fails.

use entente_log::Seq;
use entente_log::block::{Record, records};
use rusqlite::{CachedStatement, Connection, params};

use crate::chunk::Row;
use crate::error::{Doing as _, StoreError};

/// The next row may lie so many entries behind a block for the walk to go on to the next one: about
/// a block's objects. Beyond that it is looked for.
const NEAR: Seq = 16;

/// What of each block is needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Parts {
    /// What is said of objects.
    Heads,
    /// The objects too.
    Whole,
}

/// What is done with each row's record and its block's body.
pub(crate) trait Visit: FnMut(&Record<'_>, &Row, &[u8]) -> Result<(), StoreError> {}

impl<F: FnMut(&Record<'_>, &Row, &[u8]) -> Result<(), StoreError>> Visit for F {}

/// Visits the records of `rows`.
pub(crate) fn walk(
    database: &Connection,
    rows: &[Row],
    parts: Parts,
    visit: &mut impl Visit,
) -> Result<(), StoreError> {
    // A statement reads whole overflow pages of what it names, so there is one for each need.
    let body = if parts == Parts::Whole { "body" } else { "x''" };
    let sql = format!(
        "SELECT first, head, {body} FROM block
         WHERE first >= (SELECT max(first) FROM block WHERE first <= ?1) ORDER BY first"
    );
    let mut query = database.prepare_cached(&sql).doing("reading the log")?;
    let mut rest = rows;
    while !rest.is_empty() {
        let left = walk_from(&mut query, rest, visit)?;
        if left == rest.len() {
            return Err(StoreError::Dangling("an object"));
        }
        rest = rest.get(rest.len() - left..).unwrap_or_default();
    }
    Ok(())
}

/// Visits rows from the block of the first on, as far as they lie near each other. Gives how many
/// are left.
fn walk_from(
    query: &mut CachedStatement<'_>,
    rows: &[Row],
    visit: &mut impl Visit,
) -> Result<usize, StoreError> {
    let doing = "reading the log";
    let mut rest = rows;
    let start = rows.first().map_or(0, |row| row.seq);
    let mut blocks = query.query(params![start.cast_signed()]).doing(doing)?;
    while let Some(block) = blocks.next().doing(doing)? {
        let first = block.get::<_, i64>(0).doing(doing)?.cast_unsigned();
        let head = block.get_ref(1).and_then(|value| Ok(value.as_blob()?)).doing(doing)?;
        let body = block.get_ref(2).and_then(|value| Ok(value.as_blob()?)).doing(doing)?;
        let (taken, end) = visit_block((first, head, body), rest, visit)?;
        rest = rest.get(taken..).unwrap_or_default();
        let near = rest.first().is_some_and(|row| row.seq >= end && row.seq - end < NEAR);
        if !near {
            break;
        }
    }
    Ok(rest.len())
}

/// Visits the rows from the front that lie in one block; gives how many they were, and where the
/// block ends.
fn visit_block(
    (first, head, body): (Seq, &[u8], &[u8]),
    rows: &[Row],
    visit: &mut impl Visit,
) -> Result<(usize, Seq), StoreError> {
    let mut taken = 0;
    let mut end = first;
    let mut left = records(first, head);
    for row in rows {
        if row.seq < first {
            break;
        }
        if row.seq < end {
            left = records(first, head);
        }
        let mut found = None;
        for record in left.by_ref() {
            let record = record?;
            end = record.seq + 1;
            if record.seq == row.seq {
                found = Some(record);
                break;
            }
        }
        let Some(record) = found else { break };
        visit(&record, row, body)?;
        taken += 1;
    }
    for record in left {
        end = record?.seq + 1;
    }
    Ok((taken, end))
}
