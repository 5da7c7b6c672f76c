//! The writer: the log's home in SQLite. One per node.
//!
//! Invariants:
//! * An append, its index rows, its ledger rows and their signed checkpoints commit in one
//!   transaction; the call returns when they are on disk.
//! * After a failure the database is as before, and so is this value.
//! * Where this is one of several replicas, an append is what their order took: `ordered.rs`.

use std::borrow::Cow;
use std::cell::RefCell;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use entente_log::block::{self, Block};
use entente_log::checkpoint::Signed;
use entente_log::entry::{Act, Entry, LabelNumber, Put};
use entente_log::journal::{Journal, Tip};
use entente_log::key::Key;
use entente_log::order::{Append, OrderError};
use entente_log::tree::NodeHash;
use entente_log::{Seq, checkpoint, ledger};
use entente_object::id::IdKey;
use entente_release::{Nation, PartnerIndex, PartnerSet};
use rusqlite::{Connection, OptionalExtension as _, TransactionBehavior, params};

use crate::error::{Doing as _, StoreError};
use crate::fold::{Fold, Interned};
use crate::high_water::HighWater;
use crate::indexes::{self, Said};
use crate::ordered::Ordered;
use crate::place;
use crate::records::{self, Filed};
use crate::schema;
use crate::versions::{self, Found, Known};

/// Ids of which is remembered what is here: those of a batch and of what it mentions, 8 MiB. A review
/// of a large store looks for more, and has no use for them.
const FOUND_MAX: usize = 128 * 1024;

/// [`Home::indexes`] where nothing is known of them: no count of SQLite's.
const UNKNOWN: i64 = -1;

/// Who signs this node's ledgers, and for whom they are.
pub struct Signing {
    /// The node's key, named after its nation.
    pub key: Arc<Key>,
    /// The nation of this node.
    pub here: Nation,
    /// The nation of each partner, by its number.
    pub partners: Vec<(PartnerIndex, Nation)>,
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
    pub(crate) database: Connection,
    path: PathBuf,
    pub(crate) tip: Tip,
    /// A number that changes when the indexes are made anew, which numbers views anew.
    indexes: i64,
    fold: Fold,
    pub(crate) water: HighWater,
    /// Where this is one of several replicas: what they agree by.
    pub(crate) order: Option<Ordered>,
    signing: Option<Signing>,
    /// Held by whichever process decides and appends.
    lock: File,
    locked: u32,
    /// What was found of ids, mostly nothing: neither the next question nor the fold need look for it
    /// again. Kept while nobody else can append, until the next append.
    found: RefCell<Found>,
}

impl Home {
    /// Opens or makes the store in `folder`.
    pub fn open(folder: &Path) -> Result<Self, StoreError> {
        let path = folder.join(crate::DATABASE);
        let database = schema::open_writer(&path)?;
        let tip = read_tip(&database)?;
        let indexes = read_indexes(&database)?;
        let fold = Fold::load(&database)?;
        let water = HighWater::open(&folder.join(crate::HIGH_WATER))?;
        let lock = folder.join(crate::LOCK);
        let lock = File::options().create(true).truncate(false).write(true).open(&lock);
        let lock = lock.map_err(|cause| StoreError::Lock(cause.to_string()))?;
        let (order, signing, locked, found) = (None, None, 0, RefCell::default());
        Ok(Self { database, path, tip, indexes, fold, water, order, signing, lock, locked, found })
    }

    /// Waits until no other process decides or appends, and keeps it so until [`Home::unlock`].
    /// Gives whether the log has grown meanwhile. May be nested.
    pub fn lock(&mut self) -> Result<bool, StoreError> {
        self.locked += 1;
        if self.locked > 1 {
            return Ok(false);
        }
        let moved = self.lock.lock().map_err(|cause| StoreError::Lock(cause.to_string()));
        // Nobody else writes now: one transaction for all that is read spares one for each question.
        let moved = moved.and_then(|()| self.read_together());
        let moved = moved.and_then(|()| self.has_moved());
        let moved = moved.and_then(|moved| {
            if moved {
                self.catch_up()?;
            }
            let mut stale = false;
            if let Some(ordered) = &mut self.order {
                ordered.reload(&self.database)?;
                stale = ordered.stale;
            }
            Ok(moved | (stale && self.follow_alone()?))
        });
        if moved.is_err() {
            self.unlock();
        }
        moved
    }

    /// Whether this process decides and appends now.
    pub fn is_locked(&self) -> bool {
        self.locked > 0
    }

    fn has_moved(&self) -> Result<bool, StoreError> {
        Ok(read_tip(&self.database)? != self.tip || read_indexes(&self.database)? != self.indexes)
    }

    fn catch_up(&mut self) -> Result<(), StoreError> {
        let labels = std::mem::take(&mut self.fold).labels;
        self.fold = Fold::load_after(labels, &self.database)?;
        self.water.reload()?;
        // Last: where it fails before, the next one catches up.
        self.tip = read_tip(&self.database)?;
        self.indexes = read_indexes(&self.database)?;
        Ok(())
    }

    /// The tables are as they are now: a change from here on is another's.
    pub(crate) fn note_indexes(&mut self) -> Result<(), StoreError> {
        self.indexes = read_indexes(&self.database)?;
        Ok(())
    }

    pub(crate) fn forget_found(&self) {
        self.found.take();
    }

    /// Lets other processes decide and append again.
    pub fn unlock(&mut self) {
        self.locked = self.locked.saturating_sub(1);
        if self.locked == 0 {
            self.found.take();
            // Nothing was written in it: there is nothing to lose.
            let _ended = self.read_apart();
            // Closing the file would do the same.
            let _unlocked = self.lock.unlock();
        }
    }

    fn read_together(&self) -> Result<(), StoreError> {
        run(&self.database, "BEGIN").doing("beginning to read")
    }

    fn read_apart(&self) -> Result<(), StoreError> {
        if self.database.is_autocommit() {
            return Ok(());
        }
        run(&self.database, "COMMIT").doing("ending to read")
    }

    /// Gives the key with which ledgers are signed from now on. Refuses a store that is older than
    /// what was signed.
    pub fn sign_with(&mut self, signing: Signing) -> Result<(), StoreError> {
        // Of two that write the record at once one would fail, or take back what the other recorded.
        let is_free = self.locked == 0;
        if is_free {
            self.lock.lock().map_err(|cause| StoreError::Lock(cause.to_string()))?;
        }
        let checked = self.water.reload().and_then(|()| self.check_signed(&signing));
        if is_free {
            let _unlocked = self.lock.unlock();
        }
        checked?;
        self.signing = Some(signing);
        Ok(())
    }

    /// The key with which it signs.
    pub fn key(&self) -> Option<Arc<Key>> {
        self.signing.as_ref().map(|signing| signing.key.clone())
    }

    /// How many entries a partner's ledger has now, and the root of its tree.
    pub fn ledger_now(&mut self, partner: PartnerIndex) -> Result<(u64, NodeHash), StoreError> {
        self.fold.tree(&self.database, partner.get())
    }

    /// Signs all ledgers as they are now: for those who know the key of today alone.
    pub fn sign_anew(&mut self) -> Result<(), StoreError> {
        self.lock()?;
        let signing = self.signing.take();
        let signed = self.in_transaction("signing all ledgers anew", |database, fold| {
            let mut signed = Vec::new();
            for (partner, nation) in signing.iter().flat_map(|signing| &signing.partners) {
                let (size, root) = fold.tree(database, partner.get())?;
                if let (true, Some(signing)) = (size > 0, &signing) {
                    let origin = ledger::origin(signing.here, *nation);
                    let made = checkpoint::sign(&signing.key, &origin, size, root)?;
                    signed.push((partner.get(), made));
                }
            }
            save_signed(database, &signed)
        });
        self.signing = signing;
        self.unlock();
        signed
    }

    /// Signs the ledgers of these partners, if it signs at all: another process may have added some.
    pub fn sign_for(&mut self, partners: Vec<(PartnerIndex, Nation)>) -> Result<(), StoreError> {
        let Some(mut signing) = self.signing.take() else { return Ok(()) };
        signing.partners = partners;
        self.sign_with(signing)
    }

    fn check_signed(&mut self, signing: &Signing) -> Result<(), StoreError> {
        let mut sizes = Vec::new();
        for (partner, nation) in &signing.partners {
            let origin = ledger::origin(signing.here, *nation);
            let here = crate::tail::ledger_size(&self.database, partner.get())?;
            self.water.check(&origin, here)?;
            sizes.push((origin, here));
        }
        // A crash may have come between a commit and the record of it.
        self.water.raise(sizes)
    }

    /// The path of the database.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The labels, by number.
    pub fn labels(&self) -> &[Interned] {
        &self.fold.labels
    }

    /// Looks many ids up in the order of the index, whose leaves are then read once each: those of a
    /// batch would otherwise read as many as they are.
    pub fn look_up(&self, mut keys: Vec<IdKey>) -> Result<(), StoreError> {
        if self.locked == 0 {
            return Ok(());
        }
        keys.sort_unstable();
        keys.dedup();
        keys.truncate(FOUND_MAX);
        keys.into_iter().try_for_each(|key| self.versions(key).map(drop))
    }

    /// The versions of an object that are here, oldest first.
    pub fn versions(&self, key: IdKey) -> Result<Vec<Known>, StoreError> {
        if let Some(found) = self.found.borrow().get(&key) {
            return Ok(found.clone());
        }
        let found = versions::of(&self.database, key)?;
        if self.locked > 0 {
            let mut known = self.found.borrow_mut();
            if known.len() == FOUND_MAX {
                known.clear();
            }
            known.insert(key, found.clone());
        }
        Ok(found)
    }

    /// Whether anything waits for an object to come or to be released further.
    pub fn has_waiting(&self) -> Result<bool, StoreError> {
        let found: Option<i64> = self
            .database
            .prepare_cached("SELECT 1 FROM hold_mention LIMIT 1")
            .and_then(|mut query| query.query_row([], |row| row.get(0)).optional())
            .doing("looking for what waits")?;
        Ok(found.is_some())
    }

    /// An object that is here, whole: for this node's own use, not for anybody else.
    pub fn put(&self, seq: Seq) -> Result<Put<'static>, StoreError> {
        let missing = || StoreError::Dangling("an object");
        let block = place::block(&self.database, seq)?.ok_or_else(missing)?;
        let record = block::find(block.first, &block.head, seq)?.ok_or_else(missing)?;
        let put = record.put(record.bytes(&block.body)?)?.ok_or_else(missing)?;
        Ok(Put {
            object_type: Cow::Owned(put.object_type.into_owned()),
            bytes: Cow::Owned(put.bytes.into_owned()),
            ..put
        })
    }

    /// The digest of an object that is here.
    pub fn digest(&self, seq: Seq) -> Result<[u8; 32], StoreError> {
        let missing = || StoreError::Dangling("an object");
        let (first, head) = place::head(&self.database, seq)?.ok_or_else(missing)?;
        let found = block::find(first, &head, seq)?.filter(|record| record.object.is_some());
        found.map(|record| *record.digest).ok_or_else(missing)
    }

    /// The partners for whom an object waits.
    pub fn held_for(&self, object: Seq) -> Result<PartnerSet, StoreError> {
        let bits: Option<i64> = self
            .database
            .prepare_cached("SELECT partners FROM hold WHERE object = ?1")
            .and_then(|mut query| {
                query.query_row(params![object.cast_signed()], |row| row.get(0)).optional()
            })
            .doing("looking for what waits")?;
        Ok(PartnerSet::from_bits(bits.unwrap_or(0).cast_unsigned()))
    }

    /// Calls `visit` for every object from `from` on, oldest first, until it says no.
    pub fn each_object_from(
        &self,
        from: Seq,
        visit: &mut dyn FnMut(Seq, &Put<'_>) -> Result<bool, StoreError>,
    ) -> Result<(), StoreError> {
        let mut next = from;
        while next < self.tip.next {
            let block =
                place::block(&self.database, next)?.ok_or(StoreError::Dangling("a block"))?;
            for record in block::records(block.first, &block.head) {
                let record = record?;
                next = record.seq + 1;
                let put = record.put(record.bytes(&block.body)?)?;
                if let Some(put) = put.filter(|_| record.seq >= from)
                    && !visit(record.seq, &put)?
                {
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    /// The same without the objects' bytes, which are not read: `bytes` is empty.
    pub fn each_head_from(
        &self,
        from: Seq,
        visit: &mut dyn FnMut(Seq, &Put<'_>) -> Result<bool, StoreError>,
    ) -> Result<(), StoreError> {
        let mut next = from;
        while next < self.tip.next {
            let (first, head) =
                place::head(&self.database, next)?.ok_or(StoreError::Dangling("a block"))?;
            for record in block::records(first, &head) {
                let record = record?;
                next = record.seq + 1;
                let put = record.put(&[])?.filter(|_| record.seq >= from);
                if let Some(put) = put
                    && !visit(record.seq, &put)?
                {
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    /// Visits what nations do together after a place of the log, oldest first, until `visit` says no:
    /// the objects of one type, or all.
    pub fn each_record(
        &self,
        which: (Option<Seq>, Option<&str>),
        visit: &mut dyn FnMut(Filed) -> Result<bool, StoreError>,
    ) -> Result<(), StoreError> {
        records::each(&self.database, which, visit)
    }

    /// Visits the newest version of everything that `bringer` brought under a label that is `wanted`,
    /// in the order of the log, without reading one object.
    pub fn each_newest(
        &self,
        bringer: Nation,
        wanted: &dyn Fn(LabelNumber) -> bool,
        visit: &mut dyn FnMut(&crate::newest::Newest<'_>) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        crate::newest::each(&self.database, bringer, wanted, visit)
    }

    /// By when an object was here at the latest, in microseconds since 1970, if anything dated came
    /// after it: an act, or its release to a partner.
    pub fn here_by(&self, object: Seq, released: PartnerSet) -> Result<Option<i64>, StoreError> {
        let mut by = crate::acts::first_after(&self.database, object)?;
        for partner in released.iter() {
            for view in place::areas(&self.database, partner.get())? {
                let since = place::since(&self.database, view, object)?;
                by = by.into_iter().chain(since).min();
            }
        }
        Ok(by)
    }

    /// How many entries a partner's ledger has.
    pub fn ledger_size(&self, partner: PartnerIndex) -> Result<u64, StoreError> {
        crate::tail::ledger_size(&self.database, partner.get())
    }

    /// Whether an object that a partner had was taken back from it.
    pub fn is_withdrawn(&self, partner: PartnerIndex, object: Seq) -> Result<bool, StoreError> {
        place::is_withdrawn(&self.database, partner.get(), object)
    }

    /// The objects of a label that anybody has. Looks through the whole index: for rare questions.
    pub fn released_under(&self, label: u32) -> Result<Vec<(Seq, PartnerSet)>, StoreError> {
        let doing = "looking for what was released";
        let mut query = self
            .database
            .prepare_cached(
                "SELECT seq, released FROM known WHERE label = ?1 AND released != 0 ORDER BY seq",
            )
            .doing(doing)?;
        let read = |row: &rusqlite::Row<'_>| {
            let bits = row.get::<_, i64>(1)?.cast_unsigned();
            Ok((row.get::<_, i64>(0)?.cast_unsigned(), PartnerSet::from_bits(bits)))
        };
        let rows = query.query_map(params![label], read).doing(doing)?;
        rows.collect::<Result<_, _>>().doing(doing)
    }

    /// `date_added` of the last entry of a partner's ledger, in microseconds since 1970.
    pub fn last_added(&mut self, partner: PartnerIndex) -> Result<Option<i64>, StoreError> {
        self.fold.last_added(&self.database, partner)
    }

    /// Objects that wait for an object to be released to more partners.
    pub fn waiting_for(&self, key: IdKey) -> Result<Vec<Waiting>, StoreError> {
        self.waiting_where(
            "object IN (SELECT object FROM hold_mention WHERE id = ?1)",
            params![key.as_bytes()],
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
        let mut query = self.database.prepare_cached(&sql).doing("looking for what waits")?;
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
        let rows = query.query_map(arguments, read).doing("looking for what waits")?;
        rows.collect::<Result<_, _>>().doing("looking for what waits")
    }

    /// The acts of a kind, in order.
    pub fn acts(&self, kind: &str) -> Result<Vec<(Seq, Act<'static>)>, StoreError> {
        crate::acts::of_kind(&self.database, kind)
    }

    /// The last act of a kind.
    pub fn last_act_of(&self, kind: &str) -> Result<Option<(Seq, Act<'static>)>, StoreError> {
        crate::acts::last_of_kind(&self.database, kind)
    }

    /// `most` acts of a kind at most, in order, after the first `skip`.
    pub fn acts_after(
        &self,
        kind: &str,
        skip: u64,
        most: u64,
    ) -> Result<Vec<(Seq, Act<'static>)>, StoreError> {
        crate::acts::some_of_kind(&self.database, kind, (skip, most))
    }

    /// The last act of a kind before a place.
    pub fn first_act_after(
        &self,
        kind: &str,
        seq: Seq,
    ) -> Result<Option<(Seq, Act<'static>)>, StoreError> {
        crate::acts::first_of_kind_after(&self.database, kind, seq)
    }

    /// The last act of a kind before a place.
    pub fn last_act_before(
        &self,
        kind: &str,
        before: Seq,
    ) -> Result<Option<(Seq, Act<'static>)>, StoreError> {
        crate::acts::last_of_kind_before(&self.database, kind, before)
    }

    /// Visits the acts of a kind, newest first, until `visit` says no.
    pub fn newest_acts(
        &self,
        kind: &str,
        visit: &mut dyn FnMut(Seq, Act<'static>) -> Result<bool, StoreError>,
    ) -> Result<(), StoreError> {
        crate::acts::newest_of_kind(&self.database, kind, visit)
    }

    /// Drops every index and folds the log anew, while no other process decides or appends.
    pub fn rebuild(&mut self, progress: &mut dyn FnMut(Seq, Seq)) -> Result<(), StoreError> {
        self.lock()?;
        let rebuilt = self.rebuild_alone(progress);
        self.unlock();
        rebuilt
    }

    fn rebuild_alone(&mut self, progress: &mut dyn FnMut(Seq, Seq)) -> Result<(), StoreError> {
        let tip = self.tip;
        let rebuilt = self.in_transaction("rebuilding the indexes", |database, _| {
            fold_anew(database, tip, progress)
        });
        self.note_indexes()?;
        self.fold = Fold::load(&self.database)?;
        rebuilt
    }

    /// Whether the file is whole, and each index says what the log says: folds the log anew and
    /// compares, while no other process decides or appends. Nothing is changed.
    pub fn verify_indexes(&mut self, progress: &mut dyn FnMut(Seq, Seq)) -> Result<(), StoreError> {
        self.lock()?;
        let (tip, mut compared) = (self.tip, None);
        let undone = self.in_transaction("comparing the indexes", |database, _| {
            indexes::is_whole(database)?;
            let before = Said::by(database)?;
            fold_anew(database, tip, progress)?;
            compared = Some(before.agrees(&Said::by(database)?));
            // An error: what was folded is not to stay.
            Err(StoreError::Index("views"))
        });
        self.unlock();
        compared.unwrap_or(undone)
    }

    /// Lets the database grow, or no further, as if the disk was full: an append that needs a page
    /// more is then refused. For tests and simulations.
    pub fn grows(&mut self, grows: bool) -> Result<(), StoreError> {
        const PAGES_MAX: i64 = 0xffff_fffe;
        let doing = "bounding the file";
        let pages = self.database.pragma_query_value(None, "page_count", |row| row.get(0));
        let most = if grows { PAGES_MAX } else { pages.doing(doing)? };
        self.database.pragma_update(None, "max_page_count", most).doing(doing)
    }

    /// Runs `work` in one transaction: all of it or nothing.
    pub(crate) fn in_transaction<T>(
        &mut self,
        doing: &'static str,
        work: impl FnOnce(&Connection, &mut Fold) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.read_apart()?;
        let Self { database, fold, .. } = self;
        let transaction =
            database.transaction_with_behavior(TransactionBehavior::Immediate).doing(doing)?;
        let result = work(&transaction, fold)
            .and_then(|done| transaction.commit().doing(doing).map(|()| done));
        if result.is_err() {
            // What the fold remembers may not have been written. Where it cannot be read anew either,
            // the next who locks the store tries again.
            let indexes = std::mem::replace(&mut self.indexes, UNKNOWN);
            self.fold = Fold::default();
            self.fold = Fold::load(&self.database)?;
            self.indexes = indexes;
        }
        if self.locked > 0 {
            self.read_together()?;
        }
        result
    }
}

impl Home {
    fn append_alone(&mut self, entries: &[Entry<'_>]) -> Result<Tip, StoreError> {
        let blocks = block::write(entries, self.tip.next, self.tip.chain);
        let Some(last) = blocks.last() else {
            return Ok(self.tip);
        };
        let tip = Tip {
            next: self.tip.next + u64::try_from(entries.len()).unwrap_or_default(),
            chain: last.chain,
        };
        let after = self.tip;
        let (signing, mut order) = (self.signing.take(), self.order.take());
        let found = self.found.take();
        let signed = self.in_transaction("appending to the log", |database, fold| {
            insert_blocks(database, &blocks)?;
            fold.apply(database, &blocks, &found)?;
            let signed =
                signing.as_ref().map_or(Ok(Vec::new()), |signing| sign(database, fold, signing))?;
            if let Some(ordered) = &mut order {
                let note = |(partner, made): &(u8, Signed)| (*partner, made.note.clone());
                let notes = signed.iter().map(note).collect();
                ordered.publish(database, Append { after, blocks, notes })?;
            }
            Ok(signed)
        });
        (self.signing, self.order) = (signing, order);
        if let (Some(ordered), true) = (&mut self.order, signed.is_err()) {
            // The order may have it, and the database does not.
            ordered.stale = true;
            ordered.reload(&self.database)?;
        }
        let signed = signed?;
        self.tip = tip;
        self.water.raise(signed.into_iter().map(|(_, made)| (made.origin, made.size)))?;
        Ok(tip)
    }
}

impl Journal for Home {
    type Error = StoreError;

    fn tip(&self) -> Tip {
        self.tip
    }

    fn append(&mut self, entries: &[Entry<'_>]) -> Result<Tip, StoreError> {
        if self.order.is_none() || self.locked > 0 {
            return self.append_alone(entries);
        }
        let before = self.tip;
        self.lock()?;
        let appended = if self.tip == before {
            self.append_alone(entries)
        } else {
            Err(OrderError::Moved.into())
        };
        self.unlock();
        appended
    }

    fn block(&self, seq: Seq) -> Result<Option<Block>, StoreError> {
        if seq >= self.tip.next {
            return Ok(None);
        }
        place::block(&self.database, seq)
    }
}

/// Drops every index and folds the whole log.
fn fold_anew(
    database: &Connection,
    tip: Tip,
    progress: &mut dyn FnMut(Seq, Seq),
) -> Result<(), StoreError> {
    for table in schema::INDEX_TABLES {
        database.execute_batch(&format!("DROP TABLE {table}")).doing("dropping indexes")?;
    }
    database.execute_batch(schema::INDEXES).doing("making indexes")?;
    let mut fold = Fold::default();
    let mut at = Tip::default();
    while at.next < tip.next {
        let next = place::block(database, at.next)?.ok_or(StoreError::Dangling("a block"))?;
        block::verify(&next, at.chain)?;
        at.next = after(&next.head, next.first)?;
        at.chain = next.chain;
        fold.apply(database, std::slice::from_ref(&next), &Found::default())?;
        progress(at.next, tip.next);
    }
    Ok(())
}

pub(crate) fn insert_blocks(database: &Connection, blocks: &[Block]) -> Result<(), StoreError> {
    let mut insert = database
        .prepare_cached("INSERT INTO block (first, chain, head, body) VALUES (?1, ?2, ?3, ?4)")
        .doing("preparing to write the log")?;
    for block in blocks {
        insert
            .execute(params![block.first.cast_signed(), block.chain, block.head, block.body])
            .doing("writing the log")?;
    }
    Ok(())
}

/// Signs the ledgers that grew: of which partners, and what they are.
fn sign(
    database: &Connection,
    fold: &mut Fold,
    signing: &Signing,
) -> Result<Vec<(u8, Signed)>, StoreError> {
    let mut signed = Vec::new();
    for tail in fold.grown_trees() {
        let nation = signing.partners.iter().find(|(partner, _)| partner.get() == tail.partner);
        let Some((_, nation)) = nation else { continue };
        let origin = ledger::origin(signing.here, *nation);
        let (size, root) = (tail.tree.size(), tail.tree.root());
        signed.push((tail.partner, checkpoint::sign(&signing.key, &origin, size, root)?));
    }
    save_signed(database, &signed)?;
    Ok(signed)
}

/// Keeps the newest checkpoint of each ledger.
pub(crate) fn save_signed(
    database: &Connection,
    signed: &[(u8, Signed)],
) -> Result<(), StoreError> {
    let mut insert = database
        .prepare_cached(
            "INSERT INTO signed (partner, size, note) VALUES (?1, ?2, ?3) ON CONFLICT DO UPDATE
             SET size = excluded.size, note = excluded.note WHERE excluded.size >= size",
        )
        .doing("preparing to write checkpoints")?;
    for (partner, checkpoint) in signed {
        insert
            .execute(params![partner, checkpoint.size.cast_signed(), checkpoint.note])
            .doing("writing checkpoints")?;
    }
    Ok(())
}

/// Runs a statement that was planned before.
fn run(database: &Connection, sql: &str) -> rusqlite::Result<()> {
    database.prepare_cached(sql)?.execute([]).map(drop)
}

fn read_tip(database: &Connection) -> Result<Tip, StoreError> {
    let last: Option<(i64, Vec<u8>, [u8; 32])> = database
        .prepare_cached("SELECT first, head, chain FROM block ORDER BY first DESC LIMIT 1")
        .and_then(|mut query| {
            query.query_row([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).optional()
        })
        .doing("reading the end of the log")?;
    let Some((first, head, chain)) = last else {
        return Ok(Tip::default());
    };
    Ok(Tip { next: after(&head, first.cast_unsigned())?, chain })
}

/// SQLite counts up with every table that is made or dropped.
fn read_indexes(database: &Connection) -> Result<i64, StoreError> {
    database
        .prepare_cached("PRAGMA schema_version")
        .and_then(|mut query| query.query_row([], |row| row.get(0)))
        .doing("looking whether indexes were made anew")
}

/// The place after the last entry of a block.
pub(crate) fn after(head: &[u8], first: Seq) -> Result<Seq, StoreError> {
    block::records(first, head).try_fold(first, |_, record| Ok(record?.seq + 1))
}

#[cfg(test)]
mod tests {
    use entente_log::entry::{Hold, LabelText, Release};
    use entente_release::label::Under;
    use entente_release::{Label, label_marking};
    use sha2::{Digest as _, Sha256};

    use super::*;

    #[test]
    fn the_database_keeps_the_contract_of_a_journal() {
        let folder = tempfile::tempdir().unwrap();
        entente_log::journal::contract::holds(|| Home::open(folder.path()).unwrap());
    }

    /// A label, an object under it that POL has, one that waits for another, and an act.
    fn entries() -> Vec<Entry<'static>> {
        let pol = PartnerIndex::new(1).unwrap();
        let label = Label {
            rel_to: ["POL".parse().unwrap()].into_iter().collect(),
            under: [Under { programme: "p".parse().unwrap(), area: "a".parse().unwrap() }].into(),
            ..Label::originator_alone(Nation::KOR)
        };
        let put = |uuid: u128| {
            let bytes = format!("{{\"id\":\"x-a--{uuid}\"}}").into_bytes();
            Entry::Put(Put {
                uuid: uuid::Uuid::from_u128(uuid),
                object_type: "x-a".into(),
                version: 1,
                label: 0,
                brought_by: Nation::KOR,
                digest: Sha256::digest(&bytes).into(),
                bytes: bytes.into(),
            })
        };
        vec![
            Entry::Label(LabelText {
                number: 0,
                faults: 0,
                stix: label_marking::to_stix(&label).into(),
            }),
            put(1),
            put(2),
            Entry::Hold(Hold {
                object: 2,
                partners: PartnerSet::NONE.with(pol),
                mentions: vec![IdKey::of("x-a", uuid::Uuid::from_u128(3))],
                approvals: Vec::new(),
                again_at: None,
            }),
            Entry::Release(Release { partner: pol, first_added: 5, objects: vec![1] }),
            Entry::Act(Act { kind: "node".into(), at: 1, json: "{}".into() }),
        ]
    }

    #[test]
    fn an_index_that_says_something_else_than_the_log_is_found_and_made_anew() {
        let folder = tempfile::tempdir().unwrap();
        let mut home = Home::open(folder.path()).unwrap();
        home.append(&entries()).unwrap();
        let verify = |home: &mut Home| home.verify_indexes(&mut |_, _| ());
        verify(&mut home).unwrap();
        for (index, change) in [
            ("versions", "UPDATE recent SET released = 3 WHERE seq = 1"),
            ("labels", "UPDATE label SET faults = 1"),
            ("acts", "UPDATE act SET kind = 'other'"),
            ("views", "UPDATE chunk SET first_added = 6"),
            ("places in views", "DELETE FROM place"),
            ("marks in views", "INSERT INTO mark SELECT number, 1, 4 FROM view WHERE type = ''"),
            ("trees", "UPDATE tree SET hashes = zeroblob(32)"),
            ("what waits", "UPDATE hold SET partners = 1"),
            ("what is waited for", "DELETE FROM hold_mention"),
        ] {
            home.database.execute_batch(change).unwrap();
            let found = verify(&mut home);
            assert!(matches!(found, Err(StoreError::Index(name)) if name == index), "{found:?}");
            home.rebuild(&mut |_, _| ()).unwrap();
            verify(&mut home).unwrap();
        }
    }

    #[test]
    fn a_failed_append_left_rows_behind_where_the_store_could_not_be_read_again_either() {
        let folder = tempfile::tempdir().unwrap();
        let mut home = Home::open(folder.path()).unwrap();
        home.append(&entries()).unwrap();
        let (pol, long) = (PartnerIndex::new(1).unwrap(), format!("\"{}\"", "x".repeat(100_000)));
        let release = || Entry::Release(Release { partner: pol, first_added: 9, objects: vec![2] });
        home.database.execute_batch("UPDATE label SET faults = 0, stix = '!' || stix").unwrap();
        home.grows(false).unwrap();
        let act = Entry::Act(Act { kind: "long".into(), at: 1, json: long.into() });
        home.append(&[release(), act]).unwrap_err();
        home.grows(true).unwrap();
        home.database.execute_batch("UPDATE label SET stix = substr(stix, 2)").unwrap();
        home.lock().unwrap();
        home.append(&[release()]).unwrap();
        home.unlock();
        assert_eq!(home.ledger_size(pol).unwrap(), 2);
        home.verify_indexes(&mut |_, _| ()).unwrap();
    }

    #[test]
    fn a_full_disk_refuses_an_append_and_nothing_of_it_is_there() {
        let folder = tempfile::tempdir().unwrap();
        let mut home = Home::open(folder.path()).unwrap();
        home.grows(false).unwrap();
        let mut many = entries();
        let long = format!("\"{}\"", "x".repeat(100_000));
        many.push(Entry::Act(Act { kind: "long".into(), at: 1, json: long.into() }));
        let refused = home.append(&many);
        assert!(matches!(refused, Err(StoreError::DiskFull)), "{refused:?}");
        assert_eq!(home.tip(), Tip::default());
        home.grows(true).unwrap();
        home.append(&many).unwrap();
        home.verify_indexes(&mut |_, _| ()).unwrap();
    }

    #[test]
    fn a_writer_notices_that_another_made_the_indexes_anew() {
        let folder = tempfile::tempdir().unwrap();
        let mut one = Home::open(folder.path()).unwrap();
        let mut other = Home::open(folder.path()).unwrap();
        assert!(!one.lock().unwrap());
        one.unlock();
        other.rebuild(&mut |_, _| ()).unwrap();
        // What it remembers of views would be of others now.
        assert!(one.lock().unwrap());
        one.unlock();
        assert!(!other.lock().unwrap());
        other.unlock();
    }
}
