//! Ledgers for the nation's own people and for partners: what was released, and proof of it.

use entente_log::Seq;
use entente_log::entry::{LabelNumber, Put};
use std::borrow::Cow;
use std::collections::hash_map::Entry;

use entente_log::block::{self, Chain, records};
use entente_log::checkpoint;
use entente_log::ledger::{Happened, Leaf};
use entente_log::tree::{Tree, check_record};
use entente_object::id::IdKey;
use entente_release::PartnerIndex;
use rusqlite::{OptionalExtension as _, params};
use rustc_hash::FxHashMap;
use tlog_tiles::tlog::{self, Hash, HashReader as _};
use uuid::Uuid;

use crate::chunk::{Row, decode};
use crate::error::{Doing as _, StoreError};
use crate::fold::load_label;
use crate::place::{self, view_number};
use crate::reader::Reader;
use crate::tail::{StoredHashes, chunk_key, ledger_size};

/// An entry of a ledger, readable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LedgerEntry {
    /// Its place in the ledger, from 0.
    pub index: u64,
    /// The object's place in the log.
    pub object: Seq,
    /// The object's id.
    pub id: String,
    /// The object's version, in microseconds since 1970.
    pub version: i64,
    /// The leaf of the tree.
    pub leaf: Leaf,
    /// How the label is displayed.
    pub label: String,
}

/// A checkpoint as stored, not verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredCheckpoint {
    /// How many entries it covers.
    pub size: u64,
    /// The signed note.
    pub note: String,
}

/// Proof that an entry is in a ledger.
#[derive(Clone, Debug, PartialEq)]
pub struct Proof {
    /// The entry.
    pub entry: LedgerEntry,
    /// How many entries the checkpoint covers.
    pub size: u64,
    /// The audit path (RFC 6962, 2.1.1).
    pub path: Vec<Hash>,
    /// The signed checkpoint.
    pub note: String,
}

/// What was found to hold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Verified {
    /// Entries whose leaf, recomputed from the log, is in the tree.
    pub entries: u64,
    /// Objects whose bytes have the digest recorded for them.
    pub objects: u64,
}

/// A ledger is not what it should be.
#[derive(Debug, thiserror::Error)]
pub enum Broken {
    /// The store could not be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// No checkpoint was signed for it.
    #[error("no checkpoint of this ledger was signed")]
    NotSigned,
    /// The checkpoint covers another number of entries.
    #[error("the checkpoint covers {signed} entries, and the ledger has {here}")]
    Size {
        /// Covered.
        signed: u64,
        /// Here.
        here: u64,
    },
    /// The tree recomputed from the log has another root.
    #[error("the entries do not have the root that was signed")]
    Root,
}

impl Reader {
    /// How many entries a partner's ledger has.
    pub fn ledger_size(&self, partner: PartnerIndex) -> Result<u64, StoreError> {
        ledger_size(&self.database, partner.get())
    }

    /// The root of the first `size` entries of a partner's ledger; none if it has fewer.
    pub fn root_at(
        &self,
        partner: PartnerIndex,
        size: u64,
    ) -> Result<Option<tlog::Hash>, StoreError> {
        if size > self.ledger_size(partner)? {
            return Ok(None);
        }
        let hashes = StoredHashes { database: &self.database, partner: partner.get() };
        let root = tlog::tree_hash(size, &hashes);
        root.map(Some).map_err(|cause| StoreError::Tree(cause.to_string()))
    }

    /// Proves that the first `size` entries of a partner's ledger are the beginning of the first `of`.
    pub fn prove_beginning(
        &self,
        partner: PartnerIndex,
        size: u64,
        of: u64,
    ) -> Result<Vec<tlog::Hash>, StoreError> {
        if size == 0 || size == of {
            return Ok(Vec::new());
        }
        let hashes = StoredHashes { database: &self.database, partner: partner.get() };
        tlog::prove_tree(of, size, &hashes).map_err(|cause| StoreError::Tree(cause.to_string()))
    }

    /// The newest signed checkpoint of a partner's ledger.
    pub fn checkpoint(
        &self,
        partner: PartnerIndex,
    ) -> Result<Option<StoredCheckpoint>, StoreError> {
        self.database
            .prepare_cached("SELECT size, note FROM signed WHERE partner = ?1")
            .and_then(|mut query| {
                let read = |row: &rusqlite::Row<'_>| {
                    Ok(StoredCheckpoint {
                        size: row.get::<_, i64>(0)?.cast_unsigned(),
                        note: row.get(1)?,
                    })
                };
                query.query_row(params![partner.get()], read).optional()
            })
            .doing("reading a checkpoint")
    }

    /// Visits the entries of a partner's ledger from `from` on, until `visit` says no.
    pub fn ledger(
        &self,
        partner: PartnerIndex,
        from: u64,
        visit: &mut dyn FnMut(LedgerEntry) -> bool,
    ) -> Result<(), StoreError> {
        let Some(view) = view_number(&self.database, partner.get(), "", "")? else {
            return Ok(());
        };
        let rows_per_chunk = u64::try_from(crate::chunk::CHUNK_ROWS).unwrap_or(1);
        let (mut labels, mut block) = (FxHashMap::default(), Vec::new());
        let mut chunk = u32::try_from(from / rows_per_chunk).unwrap_or(u32::MAX);
        while let Some(rows) = self.ledger_chunk(view, chunk)? {
            let base = u64::from(chunk) * rows_per_chunk;
            for (index, row) in (base..).zip(rows) {
                if index < from {
                    continue;
                }
                if !visit(self.ledger_entry((index, row), &mut labels, &mut block)?) {
                    return Ok(());
                }
            }
            chunk += 1;
        }
        Ok(())
    }

    pub(crate) fn ledger_chunk(
        &self,
        view: u32,
        chunk: u32,
    ) -> Result<Option<Vec<Row>>, StoreError> {
        let bytes: Option<Vec<u8>> = self
            .database
            .prepare_cached("SELECT rows FROM chunk WHERE key = ?1")
            .and_then(|mut query| {
                query.query_row(params![chunk_key(view, chunk)], |row| row.get(0)).optional()
            })
            .doing("reading a ledger")?;
        Ok(match bytes {
            Some(bytes) => Some(decode(&bytes)?),
            None => None,
        })
    }

    fn ledger_entry(
        &self,
        (index, row): (u64, Row),
        labels: &mut FxHashMap<LabelNumber, (Uuid, String)>,
        block: &mut Vec<(Seq, Put<'static>)>,
    ) -> Result<LedgerEntry, StoreError> {
        if !block.iter().any(|(seq, _)| *seq == row.seq) {
            *block = self.objects_beside(row.seq)?;
        }
        let found = block.iter().find(|(seq, _)| *seq == row.seq);
        let (_, put) = found.ok_or(StoreError::Dangling("an object"))?;
        let (label, shown) = match labels.entry(put.label) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(place) => {
                let label = load_label(&self.database, put.label)?;
                place.insert((label.uuid, label.label.to_string()))
            }
        };
        let happened = if row.withdrawn { Happened::Withdrawn } else { Happened::Released };
        Ok(LedgerEntry {
            index,
            object: row.seq,
            id: format!("{}--{}", put.object_type, put.uuid),
            version: put.version,
            leaf: Leaf { happened, added: row.added, object: put.digest, label: *label },
            label: shown.clone(),
        })
    }

    /// The heads of all objects in the block of one of them: neighbours are asked for next.
    fn objects_beside(&self, seq: Seq) -> Result<Vec<(Seq, Put<'static>)>, StoreError> {
        let missing = || StoreError::Dangling("an object");
        let (first, head) = place::head(&self.database, seq)?.ok_or_else(missing)?;
        let own = |put: Put<'_>| Put {
            object_type: Cow::Owned(put.object_type.into_owned()),
            bytes: Cow::default(),
            ..put
        };
        let mut objects = Vec::new();
        for record in records(first, &head) {
            let record = record?;
            objects.extend(record.put(&[])?.map(|put| (record.seq, own(put))));
        }
        Ok(objects)
    }

    /// Proof that the object of an id, in its newest released version, is in a partner's ledger.
    pub fn prove(&self, partner: PartnerIndex, key: IdKey) -> Result<Option<Proof>, StoreError> {
        let Some(checkpoint) = self.checkpoint(partner)? else { return Ok(None) };
        let mut newest: Option<LedgerEntry> = None;
        for index in self.ledger_indexes(partner, key)? {
            self.ledger(partner, index, &mut |entry| {
                let newer = newest.as_ref().is_none_or(|known| entry.version >= known.version);
                if newer && entry.index < checkpoint.size {
                    newest = Some(entry);
                }
                false
            })?;
        }
        let Some(entry) = newest else { return Ok(None) };
        let hashes = StoredHashes { database: &self.database, partner: partner.get() };
        let path = tlog::prove_record(checkpoint.size, entry.index, &hashes)
            .map_err(|cause| StoreError::Tree(cause.to_string()))?;
        Ok(Some(Proof { entry, size: checkpoint.size, path, note: checkpoint.note }))
    }

    /// Where in a partner's ledger the versions of an object were released.
    fn ledger_indexes(&self, partner: PartnerIndex, key: IdKey) -> Result<Vec<u64>, StoreError> {
        let mut query = self
            .database
            .prepare_cached(
                "SELECT known.seq, view.number FROM known JOIN view ON view.partner = ?2
                 AND view.under != '' AND view.type = ''
                 WHERE known.id = ?1 AND known.released & ?3 != 0",
            )
            .doing("looking for an object")?;
        let bit = 1i64 << partner.get();
        let found = query
            .query_map(params![key.as_bytes(), partner.get(), bit], |row| {
                Ok((row.get::<_, i64>(0)?.cast_unsigned(), row.get::<_, u32>(1)?))
            })
            .doing("looking for an object")?;
        let mut indexes = Vec::new();
        for pair in found {
            let (seq, view) = pair.doing("looking for an object")?;
            if let Some(added) = place::since(&self.database, view, seq)? {
                indexes.extend(self.ledger_index_at(partner, added)?);
            }
        }
        Ok(indexes)
    }

    fn ledger_index_at(
        &self,
        partner: PartnerIndex,
        added: i64,
    ) -> Result<Option<u64>, StoreError> {
        let Some(view) = view_number(&self.database, partner.get(), "", "")? else {
            return Ok(None);
        };
        let chunk: Option<(i64, Vec<u8>)> = self
            .database
            .prepare_cached(
                "SELECT key, rows FROM chunk WHERE view = ?1 AND first_added <= ?2
                 ORDER BY first_added DESC LIMIT 1",
            )
            .and_then(|mut query| {
                query
                    .query_row(params![view, added], |row| Ok((row.get(0)?, row.get(1)?)))
                    .optional()
            })
            .doing("reading a ledger")?;
        let Some((key, bytes)) = chunk else { return Ok(None) };
        let rows = decode(&bytes)?;
        let rows_per_chunk = u64::try_from(crate::chunk::CHUNK_ROWS).unwrap_or(1);
        let base = (key & 0xffff_ffff).cast_unsigned() * rows_per_chunk;
        let at = rows.iter().position(|row| row.added == added);
        Ok(at.and_then(|at| u64::try_from(at).ok()).map(|at| base + at))
    }

    /// Recomputes a partner's ledger from the log, and compares it with the stored tree and with
    /// the checkpoint signed by `public` under `origin`.
    pub fn verify_ledger(
        &self,
        partner: PartnerIndex,
        origin: &str,
        public: &str,
        progress: &mut dyn FnMut(u64),
    ) -> Result<Verified, Broken> {
        let here = self.ledger_size(partner)?;
        let Some(stored) = self.checkpoint(partner)? else {
            return if here == 0 { Ok(Verified::default()) } else { Err(Broken::NotSigned) };
        };
        let signed = checkpoint::verify(&stored.note, origin, public).map_err(StoreError::from)?;
        if signed.size != here {
            return Err(Broken::Size { signed: signed.size, here });
        }
        let mut tree = Tree::default();
        let mut hashes = Vec::new();
        let mut verified = Verified::default();
        self.ledger(partner, 0, &mut |entry| {
            tree.append(entry.leaf.hash(), &mut hashes);
            hashes.clear();
            verified.entries += 1;
            progress(verified.entries);
            true
        })?;
        let hashes = StoredHashes { database: &self.database, partner: partner.get() };
        let stored_root =
            tlog::tree_hash(here, &hashes).map_err(|cause| StoreError::Tree(cause.to_string()))?;
        if tree.root() == signed.root && stored_root == signed.root {
            Ok(verified)
        } else {
            Err(Broken::Root)
        }
    }

    /// Reads the whole log: every digest, and the chain from its beginning.
    pub fn verify_log(&self, progress: &mut dyn FnMut(u64)) -> Result<Verified, StoreError> {
        let mut verified = Verified::default();
        let mut chain: Chain = Chain::default();
        let mut next = 0;
        while let Some(read) = place::block(&self.database, next)?.filter(|b| b.first == next) {
            block::verify(&read, chain)?;
            for record in records(read.first, &read.head) {
                let record = record?;
                verified.entries += 1;
                verified.objects += u64::from(record.object.is_some());
                next = record.seq + 1;
            }
            chain = read.chain;
            progress(next);
        }
        Ok(verified)
    }

    /// A hash of a partner's tree, for readers of tiles.
    pub fn stored_hashes(
        &self,
        partner: PartnerIndex,
        indexes: &[u64],
    ) -> Result<Vec<Hash>, StoreError> {
        StoredHashes { database: &self.database, partner: partner.get() }
            .read_hashes(indexes)
            .map_err(|cause| StoreError::Tree(cause.to_string()))
    }
}

impl Proof {
    /// Whether the proof holds for a checkpoint of `origin` signed by `public`.
    pub fn verify(&self, origin: &str, public: &str) -> bool {
        let Ok(signed) = checkpoint::verify(&self.note, origin, public) else { return false };
        let hash = self.entry.leaf.hash();
        check_record(&self.path, signed.size, signed.root, self.entry.index, hash).is_ok()
    }
}
