//! The writer: the log's home in SQLite. One per node.
//!
//! Invariants:
//! * An append, its index rows, its ledger rows and their signed checkpoints commit in one
//!   transaction; the call returns when they are on disk.
//! * After a failure the database is as before, and so is this value.

use std::path::{Path, PathBuf};

use entente_log::block::{self, Block};
use entente_log::entry::{Act, Entry};
use entente_log::journal::{Journal, Tip};
use entente_log::key::Key;
use entente_log::{Seq, checkpoint, ledger};
use entente_release::{Nation, PartnerIndex, PartnerSet};
use rusqlite::{Connection, OptionalExtension as _, TransactionBehavior, params};
use uuid::Uuid;

use crate::error::{Doing as _, StoreError};
use crate::fold::{Fold, Interned};
use crate::high_water::HighWater;
use crate::place;
use crate::schema;

/// Who signs this node's ledgers, and for whom they are.
pub struct Signing {
    /// The node's key, named after its nation.
    pub key: Key,
    /// The nation of this node.
    pub here: Nation,
    /// The nation of each partner, by its number.
    pub partners: Vec<(PartnerIndex, Nation)>,
}

/// A version of an object as the writer knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Known {
    /// Its place in the log.
    pub seq: Seq,
    /// Its version, in microseconds since 1970.
    pub version: i64,
    /// Its label.
    pub label: u32,
    /// Who has it.
    pub released: PartnerSet,
}

/// An object that waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// The object.
    pub object: Seq,
    /// Who would have it but for what it waits for.
    pub partners: PartnerSet,
    /// How many releasers must approve before each of these partners may have it.
    pub approvals: Vec<(PartnerIndex, u8)>,
}

/// The store, open for writing.
pub struct Home {
    database: Connection,
    path: PathBuf,
    tip: Tip,
    fold: Fold,
    water: HighWater,
    signing: Option<Signing>,
}

impl Home {
    /// Opens or makes the store in `folder`.
    pub fn open(folder: &Path) -> Result<Self, StoreError> {
        let path = folder.join(crate::DATABASE);
        let database = schema::open_writer(&path)?;
        let tip = read_tip(&database)?;
        let fold = Fold::load(&database)?;
        let water = HighWater::open(&folder.join(crate::HIGH_WATER))?;
        Ok(Self {
            database,
            path,
            tip,
            fold,
            water,
            signing: None,
        })
    }

    /// Gives the key with which ledgers are signed from now on. Refuses a store that is older than
    /// what was signed.
    pub fn sign_with(&mut self, signing: Signing) -> Result<(), StoreError> {
        let mut sizes = Vec::new();
        for (partner, nation) in &signing.partners {
            let origin = ledger::origin(signing.here, *nation);
            let here = crate::tail::ledger_size(&self.database, partner.get())?;
            self.water.check(&origin, here)?;
            sizes.push((origin, here));
        }
        // A crash may have come between a commit and the record of it.
        self.water.raise(sizes)?;
        self.signing = Some(signing);
        Ok(())
    }

    /// The path of the database.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The labels, by number.
    pub fn labels(&self) -> &[Interned] {
        &self.fold.labels
    }

    /// The versions of an object that are here, oldest first.
    pub fn versions(&self, uuid: Uuid) -> Result<Vec<Known>, StoreError> {
        let mut query = self
            .database
            .prepare_cached(
                "SELECT seq, version, label, released FROM version WHERE uuid = ?1 ORDER BY version",
            )
            .doing("looking for an object")?;
        let read = |row: &rusqlite::Row<'_>| {
            Ok(Known {
                seq: row.get::<_, i64>(0)?.cast_unsigned(),
                version: row.get(1)?,
                label: row.get(2)?,
                released: PartnerSet::from_bits(row.get::<_, i64>(3)?.cast_unsigned()),
            })
        };
        let rows = query
            .query_map(params![uuid.as_bytes()], read)
            .doing("looking for an object")?;
        rows.collect::<Result<_, _>>()
            .doing("looking for an object")
    }

    /// `date_added` of the last entry of a partner's ledger, in microseconds since 1970.
    pub fn last_added(&mut self, partner: PartnerIndex) -> Result<Option<i64>, StoreError> {
        self.fold.last_added(&self.database, partner)
    }

    /// Objects that wait for `uuid` to be released to more partners.
    pub fn waiting_for(&self, uuid: Uuid) -> Result<Vec<Waiting>, StoreError> {
        self.waiting_where(
            "object IN (SELECT object FROM hold_mention WHERE uuid = ?1)",
            params![uuid.as_bytes()],
        )
    }

    /// Objects that wait for approval by people.
    pub fn waiting_for_approval(&self) -> Result<Vec<Waiting>, StoreError> {
        self.waiting_where("length(approvals) > 0", params![])
    }

    /// Objects to decide anew at `now`, in microseconds since 1970.
    pub fn waiting_until(&self, now: i64) -> Result<Vec<Waiting>, StoreError> {
        self.waiting_where("again_at <= ?1", params![now])
    }

    /// Every object that waits.
    pub fn waiting(&self) -> Result<Vec<Waiting>, StoreError> {
        self.waiting_where("true", params![])
    }

    fn waiting_where(
        &self,
        condition: &str,
        arguments: &[&dyn rusqlite::ToSql],
    ) -> Result<Vec<Waiting>, StoreError> {
        let sql = format!(
            "SELECT object, partners, approvals FROM hold WHERE {condition} ORDER BY object"
        );
        let mut query = self
            .database
            .prepare_cached(&sql)
            .doing("looking for what waits")?;
        let read = |row: &rusqlite::Row<'_>| {
            let approvals: Vec<u8> = row.get(2)?;
            Ok(Waiting {
                object: row.get::<_, i64>(0)?.cast_unsigned(),
                partners: PartnerSet::from_bits(row.get::<_, i64>(1)?.cast_unsigned()),
                approvals: approvals
                    .chunks_exact(2)
                    .filter_map(|pair| {
                        let [partner, count] = pair else { return None };
                        PartnerIndex::new(*partner).map(|partner| (partner, *count))
                    })
                    .collect(),
            })
        };
        let rows = query
            .query_map(arguments, read)
            .doing("looking for what waits")?;
        rows.collect::<Result<_, _>>()
            .doing("looking for what waits")
    }

    /// The acts of a kind, in order.
    pub fn acts(&self, kind: &str) -> Result<Vec<(Seq, Act<'static>)>, StoreError> {
        crate::acts::of_kind(&self.database, kind)
    }

    /// Drops every index and folds the log anew.
    pub fn rebuild(&mut self, progress: &mut dyn FnMut(Seq, Seq)) -> Result<(), StoreError> {
        let tip = self.tip;
        let rebuilt = self.in_transaction("rebuilding the indexes", |database, _| {
            for table in schema::INDEX_TABLES {
                database
                    .execute_batch(&format!("DROP TABLE {table}"))
                    .doing("dropping indexes")?;
            }
            database
                .execute_batch(schema::INDEXES)
                .doing("making indexes")?;
            let mut fold = Fold::default();
            let mut at = Tip::default();
            while at.next < tip.next {
                let next =
                    place::block(database, at.next)?.ok_or(StoreError::Dangling("a block"))?;
                block::verify(&next, at.chain)?;
                let records = block::records(next.first, &next.head)?;
                at.next = records.last().map_or(at.next, |record| record.seq) + 1;
                at.chain = next.chain;
                fold.apply(database, std::slice::from_ref(&next))?;
                progress(at.next, tip.next);
            }
            Ok(())
        });
        self.fold = Fold::load(&self.database)?;
        rebuilt
    }

    /// Runs `work` in one transaction: all of it or nothing.
    fn in_transaction<T>(
        &mut self,
        doing: &'static str,
        work: impl FnOnce(&Connection, &mut Fold) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let Self { database, fold, .. } = self;
        let transaction = database
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .doing(doing)?;
        let result = work(&transaction, fold)
            .and_then(|done| transaction.commit().doing(doing).map(|()| done));
        if result.is_err() {
            // What the fold remembers may not have been written.
            self.fold = Fold::load(&self.database)?;
        }
        result
    }
}

impl Journal for Home {
    type Error = StoreError;

    fn tip(&self) -> Tip {
        self.tip
    }

    fn append(&mut self, entries: &[Entry<'_>]) -> Result<Tip, StoreError> {
        let blocks = block::write(entries, self.tip.next, self.tip.chain);
        let Some(last) = blocks.last() else {
            return Ok(self.tip);
        };
        let tip = Tip {
            next: self.tip.next + u64::try_from(entries.len()).unwrap_or_default(),
            chain: last.chain,
        };
        let signing = self.signing.take();
        let signed = self.in_transaction("appending to the log", |database, fold| {
            insert_blocks(database, &blocks)?;
            fold.apply(database, &blocks)?;
            signing
                .as_ref()
                .map_or(Ok(Vec::new()), |signing| sign(database, fold, signing))
        });
        self.signing = signing;
        let signed = signed?;
        self.tip = tip;
        self.water.raise(signed)?;
        Ok(tip)
    }

    fn block(&self, seq: Seq) -> Result<Option<Block>, StoreError> {
        if seq >= self.tip.next {
            return Ok(None);
        }
        place::block(&self.database, seq)
    }
}

fn insert_blocks(database: &Connection, blocks: &[Block]) -> Result<(), StoreError> {
    let mut insert = database
        .prepare_cached("INSERT INTO block (first, chain, head, body) VALUES (?1, ?2, ?3, ?4)")
        .doing("preparing to write the log")?;
    for block in blocks {
        insert
            .execute(params![
                block.first.cast_signed(),
                block.chain,
                block.head,
                block.body
            ])
            .doing("writing the log")?;
    }
    Ok(())
}

/// Signs the ledgers that grew, and gives their sizes.
fn sign(
    database: &Connection,
    fold: &mut Fold,
    signing: &Signing,
) -> Result<Vec<(String, u64)>, StoreError> {
    let mut signed = Vec::new();
    for tail in fold.grown_trees() {
        let nation = signing
            .partners
            .iter()
            .find(|(partner, _)| partner.get() == tail.partner);
        let Some((_, nation)) = nation else { continue };
        let origin = ledger::origin(signing.here, *nation);
        let (size, root) = (tail.tree.size(), tail.tree.root());
        signed.push((
            tail.partner,
            checkpoint::sign(&signing.key, &origin, size, root)?,
        ));
    }
    let mut insert = database
        .prepare_cached("INSERT OR REPLACE INTO signed (partner, size, note) VALUES (?1, ?2, ?3)")
        .doing("preparing to write checkpoints")?;
    for (partner, checkpoint) in &signed {
        insert
            .execute(params![
                partner,
                checkpoint.size.cast_signed(),
                checkpoint.note
            ])
            .doing("writing checkpoints")?;
    }
    Ok(signed
        .into_iter()
        .map(|(_, made)| (made.origin, made.size))
        .collect())
}

fn read_tip(database: &Connection) -> Result<Tip, StoreError> {
    let last: Option<(i64, Vec<u8>, [u8; 32])> = database
        .query_row(
            "SELECT first, head, chain FROM block ORDER BY first DESC LIMIT 1",
            [],
            |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
        )
        .optional()
        .doing("reading the end of the log")?;
    let Some((first, head, chain)) = last else {
        return Ok(Tip::default());
    };
    let records = block::records(first.cast_unsigned(), &head)?;
    let next = records
        .last()
        .map_or(first.cast_unsigned(), |record| record.seq + 1);
    Ok(Tip { next, chain })
}
