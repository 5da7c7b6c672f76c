//! Whether the indexes say what the log says.
//!
//! Invariants:
//! * Views are compared by what they are of: their numbers are given in the order in which they were
//!   first needed, and mean nothing.
//! * Comparing changes nothing: what is folded anew for it is not committed.

use entente_log::codec::Damaged;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, Row};
use sha2::{Digest as _, Sha256};

use crate::error::{Doing as _, StoreError};

/// Every row of each index, in an order that does not depend on how it was written.
const CONTENTS: [(&str, &str); 12] = [
    ("versions", "SELECT id, version, seq, bringer, label, released FROM known ORDER BY 1, 2, 3"),
    ("labels", "SELECT number, faults, stix FROM label ORDER BY 1"),
    ("acts", "SELECT seq, kind, at FROM act ORDER BY 1"),
    (
        "views",
        "SELECT partner, under, type, key & 0xffffffff, first_added, rows
         FROM chunk JOIN view ON view.number = chunk.view ORDER BY 1, 2, 3, 4",
    ),
    (
        "places in views",
        "SELECT partner, under, type, block, rows
         FROM place JOIN view ON view.number = place.view ORDER BY 1, 2, 3, 4",
    ),
    (
        "marks in views",
        "SELECT partner, under, type, seq, mark
         FROM mark JOIN view ON view.number = mark.view ORDER BY 1, 2, 3, 4",
    ),
    ("trees", "SELECT key, hashes FROM tree ORDER BY 1"),
    ("what waits", "SELECT object, partners, approvals, again_at FROM hold ORDER BY 1"),
    (
        "what nations do together",
        "SELECT seq, type, bringer, version, label, digest, bytes FROM record ORDER BY 1",
    ),
    ("later versions", "SELECT seq, first FROM earlier ORDER BY 1"),
    (
        "sightings and reports",
        "SELECT seq, type, bringer, label, seen, of, digest, at FROM noted ORDER BY 1",
    ),
    ("what is waited for", "SELECT id, object FROM hold_mention ORDER BY 1, 2"),
];

/// A hash of each index.
pub(crate) struct Said(Vec<[u8; 32]>);

impl Said {
    /// What the indexes say now.
    pub(crate) fn by(database: &Connection) -> Result<Self, StoreError> {
        let one = |(_, sql): &(&str, &str)| contents(database, sql).doing("reading an index");
        CONTENTS.iter().map(one).collect::<Result<_, _>>().map(Self)
    }

    /// Refuses what differs.
    pub(crate) fn agrees(&self, other: &Self) -> Result<(), StoreError> {
        for ((name, _), (one, other)) in CONTENTS.iter().zip(self.0.iter().zip(&other.0)) {
            if one != other {
                return Err(StoreError::Index(name));
            }
        }
        Ok(())
    }
}

/// Whether SQLite finds its file whole.
pub(crate) fn is_whole(database: &Connection) -> Result<(), StoreError> {
    let found: String = database
        .pragma_query_value(None, "integrity_check", |row| row.get(0))
        .doing("looking whether the file is whole")?;
    if found == "ok" { Ok(()) } else { Err(Damaged("a whole database").into()) }
}

fn contents(database: &Connection, sql: &str) -> rusqlite::Result<[u8; 32]> {
    let mut query = database.prepare(sql)?;
    let columns = query.column_count();
    let mut hash = Sha256::new();
    let mut rows = query.query([])?;
    while let Some(row) = rows.next()? {
        for column in 0..columns {
            add(&mut hash, row, column)?;
        }
    }
    Ok(hash.finalize().into())
}

/// A value, with its kind and its length before it.
fn add(hash: &mut Sha256, row: &Row<'_>, column: usize) -> rusqlite::Result<()> {
    let mut bytes = |kind: u8, bytes: &[u8]| {
        hash.update([kind]);
        hash.update(u64::try_from(bytes.len()).unwrap_or(u64::MAX).to_be_bytes());
        hash.update(bytes);
    };
    match row.get_ref(column)? {
        ValueRef::Null => bytes(0, &[]),
        ValueRef::Integer(number) => bytes(1, &number.to_be_bytes()),
        ValueRef::Real(number) => bytes(2, &number.to_be_bytes()),
        ValueRef::Text(text) => bytes(3, text),
        ValueRef::Blob(blob) => bytes(4, blob),
    }
    Ok(())
}
