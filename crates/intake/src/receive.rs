//! What comes from the ledger that a partner's node keeps for this nation.
//!
//! Invariants:
//! * What came is recorded in one append with how far the ledger was received: after a crash the two
//!   agree.
//! * An object keeps the label that its originator released it under, and is released to nobody from
//!   here (originator control).
//! * Of who is suspended or revoked nothing is taken.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use entente_log::ledger::{Happened, Leaf};
use entente_log::tree::Tree;
use entente_release::{Nation, partner};
use rustc_hash::{FxHashMap, FxHashSet};

use crate::acts::{AlarmAct, LeavesAct, RecalledAct, ReceiptAct, ReceivedAct, kind};
use crate::desk::{Desk, IntakeError};
use crate::prepare::Prepared;
use crate::take::Taken;

/// A verified stretch of a partner's ledger.
#[derive(Clone, Debug)]
pub struct Delivery {
    /// Whose ledger.
    pub from: Nation,
    /// The objects released, each under its label.
    pub objects: Vec<Prepared>,
    /// The objects taken back: id, and SHA-256 of the bytes in hexadecimal.
    pub recalled: Vec<(String, String)>,
    /// What a person must look at.
    pub alarms: Vec<AlarmAct>,
    /// The place of the first entry, and the leaves of all, end to end.
    pub leaves: (u64, Vec<u8>),
    /// How far the ledger is received with it.
    pub received: ReceivedAct,
}

/// What was received of a partner's ledger, recomputed.
#[derive(Clone, Debug)]
pub struct Recomputed {
    /// The tree of the leaves that are kept.
    pub tree: Tree,
    /// The leaves.
    pub leaves: Vec<Leaf>,
    /// How many objects that were released, and not taken back, are not here: refused, with an alarm.
    pub not_taken: u64,
}

/// Deliveries whose leaves are read at once: a delivery has 1,000 leaves at most, so that is 5 MB.
const LEAVES_AT_ONCE: u64 = 64;

/// Where an object stands in what was received of a partner's ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReceivedEntry {
    /// Which entry, from 0.
    pub entry: u64,
    /// When the partner added it, in microseconds since 1970.
    pub added: i64,
    /// Whether the partner took it back since.
    pub is_back: bool,
}

/// How it stands with a partner's node.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// How many entries of its ledger were received.
    pub received: u64,
    /// How many entries of this node's ledger it has given a receipt for.
    pub acknowledged: u64,
}

impl Desk {
    /// How far a partner's ledger was received.
    pub fn received_from(&self, nation: Nation) -> Result<Option<ReceivedAct>, IntakeError> {
        self.last_act(&kind::received(nation))
    }

    /// The notes of the checkpoints that cover more than was received, the newest last, or else of the
    /// last one: what a partner still has to keep to.
    pub fn shown_by(
        &self,
        nation: Nation,
        covers_more: impl Fn(&str) -> bool,
    ) -> Result<Vec<String>, IntakeError> {
        let (kind, mut before) = (kind::received(nation), u64::MAX);
        let mut notes: Vec<String> = Vec::new();
        while let Some((seq, act)) = self.home.last_act_before(&kind, before)? {
            let act: ReceivedAct = read_act(seq, &kind, &act.json)?;
            let covers_more = covers_more(&act.note);
            if notes.is_empty() || covers_more && notes.last() != Some(&act.note) {
                notes.push(act.note);
            }
            // Checkpoints never cover less than those before.
            if !covers_more {
                break;
            }
            before = seq;
        }
        notes.reverse();
        Ok(notes)
    }

    /// When the first entry was added that was received of a partner's ledger, in microseconds since 1970.
    pub fn first_received_from(&self, nation: Nation) -> Result<Option<i64>, IntakeError> {
        let kind = kind::leaves(nation);
        let Some((seq, act)) = self.home.acts_after(&kind, 0, 1)?.pop() else { return Ok(None) };
        let act: LeavesAct = read_act(seq, &kind, &act.json)?;
        let bytes = BASE64_STANDARD.decode(&act.leaves).unwrap_or_default();
        Ok(bytes.get(..Leaf::BYTES).and_then(Leaf::read).map(|leaf| leaf.added))
    }

    /// The newest receipt of a partner.
    pub fn receipt_of(&self, nation: Nation) -> Result<Option<ReceiptAct>, IntakeError> {
        self.last_act(&kind::receipt(nation))
    }

    /// The receipts of a partner that cover what was added to its ledger from a time on, the oldest
    /// first: up to which `date_added`, and when, both in microseconds since 1970.
    pub fn acknowledged_since(
        &self,
        nation: Nation,
        from: i64,
    ) -> Result<Vec<(i64, i64)>, IntakeError> {
        let partner = self.partner(nation)?.partner.index;
        let before = self.home.entries_before(partner, from)?;
        let kind = kind::receipt(nation);
        let (mut sizes, mut times) = (Vec::new(), Vec::new());
        let mut damaged = None;
        // Receipts only ever cover more: those that cover less need not be read.
        self.home.newest_acts(&kind, &mut |seq, act| {
            match read_act::<ReceiptAct>(seq, &kind, &act.json) {
                Ok(receipt) if receipt.size > before => {
                    sizes.push(receipt.size);
                    times.push(act.at);
                    return Ok(true);
                }
                Ok(_) => {}
                Err(error) => damaged = Some(error),
            }
            Ok(false)
        })?;
        if let Some(error) = damaged {
            return Err(error);
        }
        let added = self.home.added_at(partner, &sizes)?;
        let both = added.into_iter().zip(times).filter_map(|(added, at)| Some((added?, at)));
        let mut both: Vec<(i64, i64)> = both.collect();
        both.reverse();
        Ok(both)
    }

    /// Where objects of these digests stand in what was received of a partner's ledger: the entry, when
    /// the partner added it, and whether it was taken back since. The ledger's leaves are read one
    /// delivery at a time.
    pub fn received_entries(
        &self,
        nation: Nation,
        digests: &FxHashSet<[u8; 32]>,
    ) -> Result<FxHashMap<[u8; 32], ReceivedEntry>, IntakeError> {
        let kind = kind::leaves(nation);
        let mut found: FxHashMap<[u8; 32], ReceivedEntry> = FxHashMap::default();
        let mut skip = 0;
        loop {
            let acts = self.home.acts_after(&kind, skip, LEAVES_AT_ONCE)?;
            let read = u64::try_from(acts.len()).unwrap_or(LEAVES_AT_ONCE);
            for (seq, act) in acts {
                let act: LeavesAct = read_act(seq, &kind, &act.json)?;
                for (entry, leaf) in (act.from..).zip(leaves_of(&act)) {
                    if !digests.contains(&leaf.object) {
                        continue;
                    }
                    let is_back = leaf.happened == Happened::Withdrawn;
                    let new = ReceivedEntry { entry, added: leaf.added, is_back };
                    found.entry(leaf.object).or_insert(new).is_back = is_back;
                }
            }
            skip += read;
            if read < LEAVES_AT_ONCE {
                return Ok(found);
            }
        }
    }

    /// How it stands with a partner's node.
    pub fn standing_with(&self, nation: Nation) -> Result<Standing, IntakeError> {
        Ok(Standing {
            received: self.received_from(nation)?.map_or(0, |act| act.size),
            acknowledged: self.receipt_of(nation)?.map_or(0, |act| act.size),
        })
    }

    pub(crate) fn last_act<T: serde::de::DeserializeOwned>(
        &self,
        kind: &str,
    ) -> Result<Option<T>, IntakeError> {
        let Some((seq, act)) = self.home.last_act_of(kind)? else { return Ok(None) };
        read_act(seq, kind, &act.json).map(Some)
    }

    /// Recomputes what was received from the leaves and objects that are kept here.
    pub fn recompute(&self, nation: Nation) -> Result<Recomputed, IntakeError> {
        let (tree, leaves) = self.received_leaves(nation)?;
        let mut here: FxHashSet<[u8; 32]> = FxHashSet::default();
        self.home.each_object_from(0, &mut |_, put| {
            here.extend((put.brought_by == nation).then_some(put.digest));
            Ok(true)
        })?;
        let missing = leaves.iter().filter(|leaf| !here.contains(&leaf.object));
        let not_taken = u64::try_from(missing.count()).unwrap_or(u64::MAX);
        Ok(Recomputed { tree, leaves, not_taken })
    }

    /// The leaves that are kept of a partner's ledger, and their tree.
    pub fn received_leaves(&self, nation: Nation) -> Result<(Tree, Vec<Leaf>), IntakeError> {
        let kind = kind::leaves(nation);
        let (mut tree, mut leaves, mut stored) = (Tree::default(), Vec::new(), Vec::new());
        for (seq, act) in self.home.acts(&kind)? {
            let damaged = |reason: String| IntakeError::Act { seq, kind: kind.clone(), reason };
            let read: LeavesAct =
                serde_json::from_str(&act.json).map_err(|cause| damaged(cause.to_string()))?;
            let bytes = BASE64_STANDARD.decode(&read.leaves);
            let bytes = bytes.map_err(|cause| damaged(cause.to_string()))?;
            if read.from != tree.size() {
                return Err(damaged(format!("it begins at {}", read.from)));
            }
            for leaf in bytes.chunks(Leaf::BYTES) {
                let leaf = Leaf::read(leaf).ok_or_else(|| damaged("it is no leaf".to_owned()))?;
                tree.append(leaf.hash(), &mut stored);
                stored.clear();
                leaves.push(leaf);
            }
        }
        Ok((tree, leaves))
    }

    /// Takes a delivery in. Refuses one that does not continue what was received.
    pub fn receive(&mut self, delivery: Delivery) -> Result<Taken, IntakeError> {
        let mut delivery = Some(delivery);
        self.alone(|desk| {
            let Some(delivery) = desk.keep(&mut delivery) else { return Ok(Taken::default()) };
            let (from, (first, leaves)) = (delivery.from, delivery.leaves);
            // It may have been on its way when people shut its sender out.
            match desk.partner(from)?.partner.standing {
                partner::Standing::Active => {}
                partner::Standing::Suspended => return Err(IntakeError::Suspended(from)),
                partner::Standing::Revoked => return Err(IntakeError::Revoked(from)),
            }
            let before = desk.received_from(from)?.map_or(0, |act| act.size);
            if before != first {
                return Err(IntakeError::OutOfOrder { nation: from, before, first });
            }
            let mut plan = desk.plan(delivery.objects, from, None)?;
            for alarm in &delivery.alarms {
                plan.record(kind::ALARM, alarm);
            }
            for (id, digest) in delivery.recalled {
                let nation = from.to_string();
                plan.record(kind::RECALLED, &RecalledAct { nation, id, digest });
            }
            let leaves = BASE64_STANDARD.encode(leaves);
            plan.record(kind::leaves(from), &LeavesAct { from: first, leaves });
            plan.record(kind::received(from), &delivery.received);
            desk.commit(plan)
        })
    }

    /// Records a receipt that covers more than those before. Gives whether it did.
    pub fn acknowledge(&mut self, by: Nation, act: &ReceiptAct) -> Result<bool, IntakeError> {
        self.alone(|desk| {
            let before = desk.receipt_of(by)?.map_or(0, |act| act.size);
            if act.size <= before {
                return Ok(false);
            }
            desk.record(&kind::receipt(by), act)?;
            Ok(true)
        })
    }

    /// Records something that a person must look at, unless the same is the last that was.
    pub fn alarm(&mut self, act: &AlarmAct) -> Result<(), IntakeError> {
        self.alone(|desk| {
            let last: Option<AlarmAct> = desk.last_act(kind::ALARM)?;
            if last.as_ref() == Some(act) { Ok(()) } else { desk.record(kind::ALARM, act) }
        })
    }
}

/// The leaves of an act, as far as they read.
pub(crate) fn leaves_of(act: &LeavesAct) -> impl Iterator<Item = Leaf> + use<> {
    let bytes = BASE64_STANDARD.decode(&act.leaves).unwrap_or_default();
    let leaves: Vec<Leaf> = bytes.chunks(Leaf::BYTES).filter_map(Leaf::read).collect();
    leaves.into_iter()
}

pub(crate) fn read_act<T: serde::de::DeserializeOwned>(
    seq: u64,
    kind: &str,
    json: &str,
) -> Result<T, IntakeError> {
    serde_json::from_str(json).map_err(|cause| IntakeError::Act {
        seq,
        kind: kind.to_owned(),
        reason: cause.to_string(),
    })
}
