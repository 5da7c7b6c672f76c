//! The open ends of views and trees, kept in memory by the writer between transactions.
//!
//! Invariant: a tail equals what loading it anew from the database gives; after a failed
//! transaction all tails are dropped and loaded again.

use std::collections::BTreeMap;

use entente_log::codec::put_varint;
use entente_log::tree::Tree;
use rusqlite::{Connection, OptionalExtension as _, params};
use tlog_tiles::tlog::{self, Hash, HashReader};

use crate::chunk::{CHUNK_ROWS, Row, decode, encode};
use crate::error::{Doing as _, StoreError};
use crate::place::view_number;

/// Stored hashes of one row of `tree`: 16 KiB, so that an append rewrites that much at most.
pub(crate) const TREE_GROUP: u64 = 512;

/// The open end of one view.
#[derive(Debug)]
pub(crate) struct ViewTail {
    pub(crate) number: u32,
    /// The number of the open chunk.
    chunk: u32,
    rows: Vec<Row>,
    full: Vec<(u32, Vec<Row>)>,
    /// What is placed in which block, not yet written: (block, index, since).
    placed: BTreeMap<u64, Vec<(u64, i64)>>,
    dirty: bool,
}

/// The key of a view's chunk.
pub(crate) fn chunk_key(view: u32, chunk: u32) -> i64 {
    (i64::from(view) << 32) | i64::from(chunk)
}

impl ViewTail {
    pub(crate) fn load(database: &Connection, number: u32) -> Result<Self, StoreError> {
        let last = last_chunk(database, number)?;
        let (chunk, rows) = match last {
            Some((key, bytes)) => {
                (u32::try_from(key & 0xffff_ffff).unwrap_or(u32::MAX), decode(&bytes)?)
            }
            None => (0, Vec::new()),
        };
        Ok(Self { number, chunk, rows, full: Vec::new(), placed: BTreeMap::new(), dirty: false })
    }

    /// Whether the entry of a block was placed here and is not yet written.
    pub(crate) fn is_pending(&self, block: u64, index: u64) -> bool {
        self.placed.get(&block).is_some_and(|places| places.iter().any(|(at, _)| *at == index))
    }

    pub(crate) fn push(&mut self, row: Row, place: Option<(u64, u64)>) {
        if self.rows.len() == CHUNK_ROWS {
            let rows = std::mem::replace(&mut self.rows, Vec::with_capacity(CHUNK_ROWS));
            self.full.push((self.chunk, rows));
            self.chunk += 1;
        }
        self.rows.push(row);
        self.dirty = true;
        if let Some((block, index)) = place {
            self.placed.entry(block).or_default().push((index, row.added));
        }
    }

    /// `date_added` of the last row.
    pub(crate) fn last_added(&self) -> Option<i64> {
        self.rows.last().map(|row| row.added)
    }

    pub(crate) fn save(&mut self, database: &Connection) -> Result<(), StoreError> {
        if !self.dirty {
            return Ok(());
        }
        let mut insert = database
            .prepare_cached(
                "INSERT OR REPLACE INTO chunk (key, view, first_added, rows) VALUES (?1, ?2, ?3, ?4)",
            )
            .doing("preparing to write a view")?;
        let open = std::iter::once((self.chunk, &self.rows));
        for (chunk, rows) in self.full.iter().map(|(chunk, rows)| (*chunk, rows)).chain(open) {
            let first = rows.first().map_or(0, |row| row.added);
            insert
                .execute(params![chunk_key(self.number, chunk), self.number, first, encode(rows)])
                .doing("writing a view")?;
        }
        self.full.clear();
        self.dirty = false;
        self.save_places(database)
    }

    fn save_places(&mut self, database: &Connection) -> Result<(), StoreError> {
        let mut append = database
            .prepare_cached(
                "INSERT INTO place (view, block, rows) VALUES (?1, ?2, ?3)
                 ON CONFLICT DO UPDATE SET rows = CAST(rows || excluded.rows AS BLOB)",
            )
            .doing("preparing to write places")?;
        for (block, places) in std::mem::take(&mut self.placed) {
            let mut bytes = Vec::with_capacity(places.len() * 10);
            for (index, added) in places {
                put_varint(&mut bytes, index);
                put_varint(&mut bytes, added.cast_unsigned());
            }
            append
                .execute(params![self.number, block.cast_signed(), bytes])
                .doing("writing places")?;
        }
        Ok(())
    }
}

/// The open end of a partner's tree.
pub(crate) struct TreeTail {
    pub(crate) partner: u8,
    pub(crate) tree: Tree,
    pending: Vec<Hash>,
    /// How many hashes are in the database.
    saved: u64,
    /// Whether it grew since it was last signed.
    pub(crate) grown: bool,
}

/// The key of a group of a partner's stored hashes.
pub(crate) fn tree_key(partner: u8, group: u64) -> i64 {
    (i64::from(partner) << 48) | group.cast_signed()
}

impl TreeTail {
    pub(crate) fn load(database: &Connection, partner: u8) -> Result<Self, StoreError> {
        let size = ledger_size(database, partner)?;
        let tree = Tree::load(size, &StoredHashes { database, partner })
            .map_err(|cause| StoreError::Tree(cause.to_string()))?;
        let saved = tree.stored();
        Ok(Self { partner, tree, pending: Vec::new(), saved, grown: false })
    }

    pub(crate) fn append(&mut self, leaf: Hash) {
        self.tree.append(leaf, &mut self.pending);
        self.grown = true;
    }

    pub(crate) fn save(&mut self, database: &Connection) -> Result<(), StoreError> {
        let mut append = database
            .prepare_cached(
                "INSERT INTO tree (key, hashes) VALUES (?1, ?2)
                 ON CONFLICT DO UPDATE SET hashes = CAST(hashes || excluded.hashes AS BLOB)",
            )
            .doing("preparing to write a tree")?;
        let mut pending = self.pending.as_slice();
        while !pending.is_empty() {
            let room = usize::try_from(TREE_GROUP - self.saved % TREE_GROUP).unwrap_or(1);
            let (now, later) = pending.split_at(room.min(pending.len()));
            let bytes: Vec<u8> = now.iter().flat_map(|hash| hash.0).collect();
            append
                .execute(params![tree_key(self.partner, self.saved / TREE_GROUP), bytes])
                .doing("writing a tree")?;
            self.saved += u64::try_from(now.len()).unwrap_or_default();
            pending = later;
        }
        self.pending.clear();
        Ok(())
    }
}

/// How many entries a partner's ledger has.
pub(crate) fn ledger_size(database: &Connection, partner: u8) -> Result<u64, StoreError> {
    let Some(view) = view_number(database, partner, "", "")? else {
        return Ok(0);
    };
    let last: Option<(i64, Vec<u8>)> = last_chunk(database, view)?;
    let Some((key, bytes)) = last else {
        return Ok(0);
    };
    let open = u64::try_from(decode(&bytes)?.len()).unwrap_or_default();
    let full = u64::try_from(CHUNK_ROWS).unwrap_or_default();
    Ok((key & 0xffff_ffff).cast_unsigned() * full + open)
}

fn last_chunk(database: &Connection, view: u32) -> Result<Option<(i64, Vec<u8>)>, StoreError> {
    database
        .prepare_cached(
            "SELECT key, rows FROM chunk WHERE key >= ?1 AND key < ?2 ORDER BY key DESC LIMIT 1",
        )
        .and_then(|mut query| {
            let range = params![chunk_key(view, 0), chunk_key(view + 1, 0)];
            query.query_row(range, |row| Ok((row.get(0)?, row.get(1)?))).optional()
        })
        .doing("reading the end of a view")
}

/// Reads the stored hashes of a partner's tree.
pub(crate) struct StoredHashes<'a> {
    pub(crate) database: &'a Connection,
    pub(crate) partner: u8,
}

impl HashReader for StoredHashes<'_> {
    fn read_hashes(&self, indexes: &[u64]) -> Result<Vec<Hash>, tlog::Error> {
        let missing = || tlog::Error::InvalidInput("a stored hash is missing".into());
        let mut read = self
            .database
            .prepare_cached("SELECT hashes FROM tree WHERE key = ?1")
            .map_err(|_| missing())?;
        let mut hashes = Vec::with_capacity(indexes.len());
        // The lower third of a proof lies in one group.
        let mut group: Option<(u64, Vec<u8>)> = None;
        for index in indexes {
            let number = index / TREE_GROUP;
            if group.as_ref().is_none_or(|(known, _)| *known != number) {
                let key = tree_key(self.partner, number);
                let bytes = read.query_row(params![key], |row| row.get(0));
                group = Some((number, bytes.map_err(|_| missing())?));
            }
            let at = usize::try_from(index % TREE_GROUP).ok().map(|at| at * 32);
            let bytes = group.as_ref().zip(at).and_then(|((_, bytes), at)| bytes.get(at..at + 32));
            let hash: Option<[u8; 32]> = bytes.and_then(|bytes| bytes.try_into().ok());
            hashes.push(Hash(hash.ok_or_else(missing)?));
        }
        Ok(hashes)
    }
}
