//! The fold: from entries of the log to rows of the indexes.
//!
//! Invariants:
//! * It takes no decision, reads no clock and no policy: the same log gives the same rows.
//! * It runs in the transaction that appends the entries, so indexes never differ from the log.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use entente_log::Seq;
use entente_log::block::{self, Block, find};
use entente_log::entry::{self, Hold, LabelNumber, LabelText, Put, Release};
use entente_log::ledger::{Happened, Leaf};
use entente_object::id::IdKey;
use entente_release::label::{Faults, Label};
use entente_release::{Nation, PartnerIndex, PartnerSet, label_marking};
use rusqlite::{Connection, OptionalExtension as _, params};
use rustc_hash::FxHashMap;
use tlog_tiles::tlog::Hash;
use uuid::Uuid;

use crate::chunk::Row;
use crate::error::{Doing as _, StoreError};
use crate::noted;
use crate::place;
use crate::records;
use crate::tail::{TreeTail, ViewTail};
use crate::versions::{self, Found, NewVersion, Versions};

/// The version was superseded by a newer one in the view.
pub(crate) const SUPERSEDED: i64 = 1;
/// The version is not the first in the view.
pub(crate) const NOT_FIRST: i64 = 2;
/// The object was withdrawn from the view.
pub(crate) const WITHDRAWN: i64 = 4;

/// An interned label.
#[derive(Clone, Debug)]
pub struct Interned {
    /// The label.
    pub label: Label,
    /// The UUID of its marking definition.
    pub uuid: Uuid,
}

/// What the fold needs of an object to place it in views.
#[derive(Clone, Debug)]
struct Placed {
    block: u64,
    index: u64,
    key: IdKey,
    bringer: Nation,
    version: i64,
    label: LabelNumber,
    digest: [u8; 32],
    object_type: u32,
}

/// An object of the transaction that is being folded.
struct Fresh {
    placed: Placed,
    released: PartnerSet,
    /// Other versions of it.
    siblings: Vec<Sibling>,
}

/// Another version of an object.
#[derive(Clone, Copy)]
struct Sibling {
    bringer: Nation,
    version: i64,
    seq: Seq,
}

/// The views that a release goes into: places in `Fold::views`.
#[derive(Clone)]
struct Route {
    ledger: usize,
    areas: Vec<usize>,
    types: Vec<usize>,
}

/// The fold's state between entries.
#[derive(Default)]
pub(crate) struct Fold {
    pub(crate) labels: Vec<Interned>,
    types: Vec<String>,
    type_numbers: FxHashMap<String, u32>,
    view_places: BTreeMap<(u8, String, String), usize>,
    views: Vec<ViewTail>,
    trees: BTreeMap<u8, TreeTail>,
    routes: FxHashMap<(u8, LabelNumber, u32), Route>,
    fresh: FxHashMap<Seq, Fresh>,
    fresh_ids: FxHashMap<IdKey, Vec<Sibling>>,
    versions: Versions,
    /// Whether sightings and reports may be here that no act dates yet. Unknown at first.
    is_dated: bool,
}

impl Fold {
    /// The state at the end of the log.
    pub(crate) fn load(database: &Connection) -> Result<Self, StoreError> {
        Self::load_after(Vec::new(), database)
    }

    /// The state at the end of the log, of which the first labels are known: labels never change.
    pub(crate) fn load_after(
        mut labels: Vec<Interned>,
        database: &Connection,
    ) -> Result<Self, StoreError> {
        let mut query = database
            .prepare_cached("SELECT faults, stix FROM label WHERE number >= ?1 ORDER BY number")
            .doing("reading labels")?;
        let known = i64::try_from(labels.len()).unwrap_or(i64::MAX);
        let mut rows = query.query(params![known]).doing("reading labels")?;
        while let Some(row) = rows.next().doing("reading labels")? {
            labels.push(label_in(row)?);
        }
        Ok(Self { labels, ..Self::default() })
    }

    /// Folds the entries of new blocks, and writes the rows. Of some ids it is known
    /// what was found before.
    pub(crate) fn apply(
        &mut self,
        database: &Connection,
        blocks: &[Block],
        found: &Found,
    ) -> Result<(), StoreError> {
        for block in blocks {
            for (index, record) in (0u64..).zip(block::records(block.first, &block.head)) {
                let record = record?;
                match record.entry(&block.body)? {
                    entry::Entry::Put(put) => {
                        records::save(database, record.seq, &put)?;
                        let key = put.key();
                        let stored = if found.get(&key).is_some_and(Vec::is_empty) {
                            Vec::new()
                        } else {
                            stored_siblings(database, key)?
                        };
                        let at = (block.first, index);
                        let first = self.put(at, record.seq, &put, (key, stored));
                        let is_noted = noted::save(database, record.seq, &put, first)?;
                        self.is_dated &= !is_noted;
                    }
                    entry::Entry::Label(label) => self.label(database, &label)?,
                    entry::Entry::Release(release) => self.release(database, &release)?,
                    entry::Entry::Withdraw(release) => self.withdraw(database, &release)?,
                    entry::Entry::Hold(hold) => save_hold(database, &hold)?,
                    entry::Entry::Act(act) => {
                        save_act(database, record.seq, &act.kind, act.at)?;
                        if !self.is_dated {
                            noted::date(database, act.at)?;
                            self.is_dated = true;
                        }
                    }
                }
            }
        }
        self.save(database)
    }

    /// The trees that were grown since the last call.
    pub(crate) fn grown_trees(&mut self) -> impl Iterator<Item = &TreeTail> {
        self.trees.values_mut().filter_map(|tail| std::mem::take(&mut tail.grown).then_some(&*tail))
    }

    /// How many entries a partner's ledger has, and the root of its tree.
    pub(crate) fn tree(
        &mut self,
        database: &Connection,
        partner: u8,
    ) -> Result<(u64, Hash), StoreError> {
        let tail = match self.trees.entry(partner) {
            Entry::Occupied(tail) => tail.into_mut(),
            Entry::Vacant(place) => place.insert(TreeTail::load(database, partner)?),
        };
        Ok((tail.tree.size(), tail.tree.root()))
    }

    /// A partner's ledger was signed at this size: if it is still that, it need not be again.
    pub(crate) fn note_signed(&mut self, partner: u8, size: u64) {
        if let Some(tail) = self.trees.get_mut(&partner).filter(|tail| tail.tree.size() == size) {
            tail.grown = false;
        }
    }

    /// `date_added` of the last entry of a partner's ledger.
    pub(crate) fn last_added(
        &mut self,
        database: &Connection,
        partner: PartnerIndex,
    ) -> Result<Option<i64>, StoreError> {
        let ledger = self.view(database, partner.get(), "", "")?;
        Ok(self.views.get(ledger).and_then(ViewTail::last_added))
    }

    /// Keeps an object, and gives the first version of it that was here, if that is another.
    fn put(
        &mut self,
        (block, index): (u64, u64),
        seq: Seq,
        put: &Put<'_>,
        (key, mut siblings): (IdKey, Vec<Sibling>),
    ) -> Option<Seq> {
        let here = self.fresh_ids.entry(key).or_default();
        siblings.extend_from_slice(here);
        siblings.retain(|sibling| sibling.bringer == put.brought_by);
        here.push(Sibling { bringer: put.brought_by, version: put.version, seq });
        let placed = Placed {
            block,
            index,
            key,
            bringer: put.brought_by,
            version: put.version,
            label: put.label,
            digest: put.digest,
            object_type: self.type_number(&put.object_type),
        };
        let first = siblings.iter().map(|sibling| sibling.seq).min();
        self.fresh.insert(seq, Fresh { placed, released: PartnerSet::NONE, siblings });
        first
    }

    fn type_number(&mut self, name: &str) -> u32 {
        if let Some(&number) = self.type_numbers.get(name) {
            return number;
        }
        let number = u32::try_from(self.types.len()).unwrap_or(u32::MAX);
        self.types.push(name.to_owned());
        self.type_numbers.insert(name.to_owned(), number);
        number
    }

    fn label(&mut self, database: &Connection, label: &LabelText<'_>) -> Result<(), StoreError> {
        database
            .prepare_cached("INSERT INTO label (number, faults, stix) VALUES (?1, ?2, ?3)")
            .and_then(|mut insert| insert.execute(params![label.number, label.faults, label.stix]))
            .doing("writing a label")?;
        self.labels.push(read_label(label.faults, &label.stix)?);
        Ok(())
    }

    fn release(&mut self, database: &Connection, release: &Release) -> Result<(), StoreError> {
        let partner = release.partner;
        for (added, &seq) in (release.first_added..).zip(&release.objects) {
            let (placed, siblings) = self.released(database, partner, seq)?;
            let route = self.route(database, partner, &placed)?;
            let row = Row { seq, added, withdrawn: false };
            let place = (placed.block, placed.index);
            self.push(route.ledger, row, None);
            for &view in &route.areas {
                self.push(view, row, Some(place));
                self.mark_versions(database, view, (placed.version, seq), &siblings)?;
            }
            for &view in &route.types {
                self.push(view, row, None);
            }
            self.leaf(database, partner, (Happened::Released, added), &placed)?;
        }
        Ok(())
    }

    /// Notes that `partner` has the object, and gives what is needed to place it.
    fn released(
        &mut self,
        database: &Connection,
        partner: PartnerIndex,
        seq: Seq,
    ) -> Result<(Placed, Vec<Sibling>), StoreError> {
        if let Some(fresh) = self.fresh.get_mut(&seq) {
            fresh.released = fresh.released.with(partner);
            return Ok((fresh.placed.clone(), fresh.siblings.clone()));
        }
        let placed = self.stored_placed(database, seq)?;
        versions::note_released(database, (placed.key, placed.version, seq), partner)?;
        drop_hold(database, partner, seq)?;
        let mut siblings = stored_siblings(database, placed.key)?;
        siblings.retain(|other| other.seq != seq && other.bringer == placed.bringer);
        Ok((placed, siblings))
    }

    fn withdraw(&mut self, database: &Connection, release: &Release) -> Result<(), StoreError> {
        let partner = release.partner;
        for (added, &seq) in (release.first_added..).zip(&release.objects) {
            let placed = match self.fresh.get(&seq) {
                Some(fresh) => fresh.placed.clone(),
                None => self.stored_placed(database, seq)?,
            };
            let route = self.route(database, partner, &placed)?;
            self.push(route.ledger, Row { seq, added, withdrawn: true }, None);
            for &view in &route.areas {
                if let Some(number) = self.views.get(view).map(|tail| tail.number) {
                    save_mark(database, number, seq, WITHDRAWN)?;
                    remark(database, number, &placed)?;
                }
            }
            self.leaf(database, partner, (Happened::Withdrawn, added), &placed)?;
        }
        Ok(())
    }

    fn push(&mut self, view: usize, row: Row, place: Option<(u64, u64)>) {
        if let Some(tail) = self.views.get_mut(view) {
            tail.push(row, place);
        }
    }

    fn mark_versions(
        &self,
        database: &Connection,
        view: usize,
        (version, seq): (i64, Seq),
        siblings: &[Sibling],
    ) -> Result<(), StoreError> {
        let Some(tail) = self.views.get(view) else {
            return Ok(());
        };
        for sibling in siblings {
            if !self.is_in(database, tail, sibling.seq)? {
                continue;
            }
            let (newer, older) =
                if sibling.version < version { (seq, sibling.seq) } else { (sibling.seq, seq) };
            save_mark(database, tail.number, older, SUPERSEDED)?;
            save_mark(database, tail.number, newer, NOT_FIRST)?;
        }
        Ok(())
    }

    /// Whether the object is in the view, counting what this transaction has not yet written.
    fn is_in(&self, database: &Connection, tail: &ViewTail, seq: Seq) -> Result<bool, StoreError> {
        match self.fresh.get(&seq) {
            Some(fresh) => Ok(tail.is_pending(fresh.placed.block, fresh.placed.index)),
            None => Ok(place::since(database, tail.number, seq)?.is_some()),
        }
    }

    fn leaf(
        &mut self,
        database: &Connection,
        partner: PartnerIndex,
        (happened, added): (Happened, i64),
        placed: &Placed,
    ) -> Result<(), StoreError> {
        let label = self.interned(placed.label)?.uuid;
        let leaf = Leaf { happened, added, object: placed.digest, label };
        match self.trees.entry(partner.get()) {
            Entry::Occupied(mut tail) => tail.get_mut().append(leaf.hash()),
            Entry::Vacant(place) => {
                place.insert(TreeTail::load(database, partner.get())?).append(leaf.hash());
            }
        }
        Ok(())
    }

    pub(crate) fn interned(&self, number: LabelNumber) -> Result<&Interned, StoreError> {
        let at = usize::try_from(number).unwrap_or(usize::MAX);
        self.labels.get(at).ok_or(StoreError::Dangling("a label"))
    }

    fn route(
        &mut self,
        database: &Connection,
        partner: PartnerIndex,
        placed: &Placed,
    ) -> Result<Route, StoreError> {
        let key = (partner.get(), placed.label, placed.object_type);
        if let Some(route) = self.routes.get(&key) {
            return Ok(route.clone());
        }
        let unders: Vec<String> =
            self.interned(placed.label)?.label.under.iter().map(ToString::to_string).collect();
        let at = usize::try_from(placed.object_type).unwrap_or(usize::MAX);
        let object_type =
            self.types.get(at).cloned().ok_or(StoreError::Dangling("an object type"))?;
        let mut route = Route {
            ledger: self.view(database, key.0, "", "")?,
            areas: Vec::new(),
            types: Vec::new(),
        };
        for under in unders {
            route.areas.push(self.view(database, key.0, &under, "")?);
            route.types.push(self.view(database, key.0, &under, &object_type)?);
        }
        self.routes.insert(key, route.clone());
        Ok(route)
    }

    fn view(
        &mut self,
        database: &Connection,
        partner: u8,
        under: &str,
        object_type: &str,
    ) -> Result<usize, StoreError> {
        let key = (partner, under.to_owned(), object_type.to_owned());
        if let Some(&at) = self.view_places.get(&key) {
            return Ok(at);
        }
        database
            .prepare_cached("INSERT OR IGNORE INTO view (partner, under, type) VALUES (?1, ?2, ?3)")
            .and_then(|mut insert| insert.execute(params![partner, under, object_type]))
            .doing("making a view")?;
        let number = place::view_number(database, partner, under, object_type)?
            .ok_or(StoreError::Dangling("a view"))?;
        self.views.push(ViewTail::load(database, number)?);
        self.view_places.insert(key, self.views.len() - 1);
        Ok(self.views.len() - 1)
    }

    fn save(&mut self, database: &Connection) -> Result<(), StoreError> {
        for view in &mut self.views {
            view.save(database)?;
        }
        for tree in self.trees.values_mut() {
            tree.save(database)?;
        }
        self.fresh_ids.clear();
        let fresh = self.fresh.drain().map(|(seq, Fresh { placed, released, .. })| NewVersion {
            key: placed.key,
            version: placed.version,
            seq,
            bringer: placed.bringer,
            label: placed.label,
            released,
        });
        self.versions.add(database, fresh.collect())
    }

    fn stored_placed(&mut self, database: &Connection, seq: Seq) -> Result<Placed, StoreError> {
        let (first, head) = place::head(database, seq)?.ok_or(StoreError::Dangling("an object"))?;
        let missing = || StoreError::Dangling("an object");
        let record = find(first, &head, seq)?.ok_or_else(missing)?;
        let put = record.put(&[])?.ok_or_else(missing)?;
        let index = seq - first;
        Ok(Placed {
            block: first,
            index,
            key: put.key(),
            bringer: put.brought_by,
            version: put.version,
            label: put.label,
            digest: put.digest,
            object_type: self.type_number(&put.object_type),
        })
    }
}

/// The label of a number.
pub(crate) fn load_label(
    database: &Connection,
    number: LabelNumber,
) -> Result<Interned, StoreError> {
    let mut query = database
        .prepare_cached("SELECT faults, stix FROM label WHERE number = ?1")
        .doing("reading labels")?;
    let mut rows = query.query(params![number]).doing("reading labels")?;
    let row = rows.next().doing("reading labels")?;
    row.map_or(Err(StoreError::Dangling("a label")), label_in)
}

fn label_in(row: &rusqlite::Row<'_>) -> Result<Interned, StoreError> {
    let text = |column| row.get_ref(column)?.as_str().map_err(rusqlite::Error::from);
    let faults = row.get(0).doing("reading labels")?;
    read_label(faults, text(1).doing("reading labels")?)
}

fn read_label(faults: u8, stix: &str) -> Result<Interned, StoreError> {
    let read = label_marking::from_text(stix);
    let (label, uuid) = read.map_err(|_| StoreError::Dangling("a readable label"))?;
    let faults = Faults::from_bits(faults);
    Ok(Interned { label: Label { faults, ..label }, uuid })
}

fn stored_siblings(database: &Connection, key: IdKey) -> Result<Vec<Sibling>, StoreError> {
    let mut query = database
        .prepare_cached("SELECT version, seq, bringer FROM known WHERE id = ?1")
        .doing("looking for other versions")?;
    let mut rows = query.query(params![key.as_bytes()]).doing("looking for other versions")?;
    let mut siblings = Vec::new();
    while let Some(row) = rows.next().doing("looking for other versions")? {
        let version = row.get(0).doing("looking for other versions")?;
        let seq: i64 = row.get(1).doing("looking for other versions")?;
        siblings.push(Sibling {
            bringer: place::nation(row, 2).doing("looking for other versions")?,
            version,
            seq: seq.cast_unsigned(),
        });
    }
    Ok(siblings)
}

fn save_mark(database: &Connection, view: u32, seq: Seq, mark: i64) -> Result<(), StoreError> {
    database
        .prepare_cached(
            "INSERT INTO mark (view, seq, mark) VALUES (?1, ?2, ?3)
             ON CONFLICT DO UPDATE SET mark = mark | excluded.mark",
        )
        .and_then(|mut insert| insert.execute(params![view, seq.cast_signed(), mark]))
        .doing("marking a version")?;
    Ok(())
}

/// After a withdrawal: the newest and the oldest version that are left count as such.
fn remark(database: &Connection, view: u32, placed: &Placed) -> Result<(), StoreError> {
    let mut left = Vec::new();
    for sibling in stored_siblings(database, placed.key)? {
        let same = sibling.bringer == placed.bringer;
        let withdrawn = mark_of(database, view, sibling.seq)? & WITHDRAWN != 0;
        if same && !withdrawn && place::since(database, view, sibling.seq)?.is_some() {
            left.push(sibling);
        }
    }
    let mut clear = database
        .prepare_cached("UPDATE mark SET mark = mark & ~?3 WHERE view = ?1 AND seq = ?2")
        .doing("marking a version")?;
    let newest = left.iter().max_by_key(|sibling| (sibling.version, sibling.seq));
    let oldest = left.iter().min_by_key(|sibling| (sibling.version, sibling.seq));
    for (sibling, mark) in [(newest, SUPERSEDED), (oldest, NOT_FIRST)] {
        if let Some(sibling) = sibling {
            clear
                .execute(params![view, sibling.seq.cast_signed(), mark])
                .doing("marking a version")?;
        }
    }
    Ok(())
}

fn mark_of(database: &Connection, view: u32, seq: Seq) -> Result<i64, StoreError> {
    let mark: Option<i64> = database
        .prepare_cached("SELECT mark FROM mark WHERE view = ?1 AND seq = ?2")
        .and_then(|mut query| {
            query.query_row(params![view, seq.cast_signed()], |row| row.get(0)).optional()
        })
        .doing("reading a mark")?;
    Ok(mark.unwrap_or(0))
}

fn save_act(database: &Connection, seq: Seq, kind: &str, at: i64) -> Result<(), StoreError> {
    database
        .prepare_cached("INSERT INTO act (seq, kind, at) VALUES (?1, ?2, ?3)")
        .and_then(|mut insert| insert.execute(params![seq.cast_signed(), kind, at]))
        .doing("writing an act")?;
    Ok(())
}

fn save_hold(database: &Connection, hold: &Hold) -> Result<(), StoreError> {
    let object = hold.object.cast_signed();
    let approvals: Vec<u8> =
        hold.approvals.iter().flat_map(|(partner, count)| [partner.get(), *count]).collect();
    database
        .prepare_cached("DELETE FROM hold_mention WHERE object = ?1")
        .and_then(|mut delete| delete.execute(params![object]))
        .doing("replacing a hold")?;
    if hold.partners.is_empty() {
        database
            .prepare_cached("DELETE FROM hold WHERE object = ?1")
            .and_then(|mut delete| delete.execute(params![object]))
            .doing("ending a hold")?;
        return Ok(());
    }
    database
        .prepare_cached(
            "INSERT OR REPLACE INTO hold (object, partners, approvals, again_at) VALUES (?1, ?2, ?3, ?4)",
        )
        .and_then(|mut insert| {
            let partners = hold.partners.bits().cast_signed();
            insert.execute(params![object, partners, approvals, hold.again_at])
        })
        .doing("writing a hold")?;
    let mut insert = database
        .prepare_cached("INSERT OR IGNORE INTO hold_mention (id, object) VALUES (?1, ?2)")
        .doing("writing a hold")?;
    for id in &hold.mentions {
        insert.execute(params![id.as_bytes(), object]).doing("writing a hold")?;
    }
    Ok(())
}

/// A partner received a held object: it no longer waits for that partner.
fn drop_hold(database: &Connection, partner: PartnerIndex, seq: Seq) -> Result<(), StoreError> {
    let bit = PartnerSet::NONE.with(partner).bits().cast_signed();
    database
        .prepare_cached("UPDATE hold SET partners = partners & ~?2 WHERE object = ?1")
        .and_then(|mut update| update.execute(params![seq.cast_signed(), bit]))
        .doing("ending a hold")?;
    let ended = database
        .prepare_cached("DELETE FROM hold WHERE object = ?1 AND partners = 0")
        .and_then(|mut delete| delete.execute(params![seq.cast_signed()]))
        .doing("ending a hold")?;
    if ended > 0 {
        database
            .prepare_cached("DELETE FROM hold_mention WHERE object = ?1")
            .and_then(|mut delete| delete.execute(params![seq.cast_signed()]))
            .doing("ending a hold")?;
    }
    Ok(())
}
