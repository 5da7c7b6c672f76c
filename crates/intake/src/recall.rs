//! Taking back what was released: recalls by people, and objects whose time is over.
//!
//! Narrowing a label is a recall: the object is appended anew under the narrower label, and an entry of
//! the ledger of each nation that is no longer named takes it back. It is signed with that ledger's next
//! checkpoint and acknowledged with the receipt for it. It cannot un-send: until then, and for a partner
//! without a node for good, the state is "not acknowledged".
//!
//! Invariants:
//! * A recall only narrows, and whoever had the object in any version is told.
//! * After it, no later decision about what is here gives the object to a nation that it was taken back
//!   from. A newer version that names the nation again is a new release.

use std::collections::BTreeMap;

use entente_log::Seq;
use entente_log::entry::LabelNumber;
use entente_object::id::Id;
use entente_object::time::Timestamp;
use entente_release::label::Fault;
use entente_release::{Nation, NationSet, PartnerIndex};
use rustc_hash::FxHashSet;

use crate::acts::{ExpiredAct, RecallAct, kind};
use crate::desk::{Desk, IntakeError, every};
use crate::take::Plan;

/// A recall, and whether it was acknowledged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recall {
    /// What was recorded.
    pub act: RecallAct,
    /// When, in microseconds since 1970.
    pub at: i64,
    /// Of each nation that it was taken back from: whether its node gave a receipt for that.
    pub acknowledged: BTreeMap<Nation, bool>,
}

impl Desk {
    /// Takes an object that this nation brought back from these nations, in every version.
    pub fn recall(
        &mut self,
        id: &str,
        from: &NationSet,
        (why, by): (&str, Option<&str>),
    ) -> Result<RecallAct, IntakeError> {
        self.alone(|desk| desk.recall_alone(id, from, (why, by)))
    }

    fn recall_alone(
        &mut self,
        id: &str,
        from: &NationSet,
        (why, by): (&str, Option<&str>),
    ) -> Result<RecallAct, IntakeError> {
        let missing = || IntakeError::NoObject(id.to_owned());
        let key = Id::parse(id).map_err(|_| missing())?.key();
        let here = self.here;
        let versions = self.home.versions(key)?;
        let own: Vec<_> = versions.iter().filter(|known| known.bringer == here).collect();
        let newest = own.last().ok_or_else(missing)?;
        let put = self.home.put(newest.seq)?;
        let mut plan = self.empty_plan(0);
        plan.candidates.extend(self.stored_candidate(newest.seq, put)?);
        let mut label = self.label_of(newest.label, &plan.labels);
        let before = label.rel_to.clone();
        label.rel_to = before.iter().filter(|nation| !from.contains(*nation)).collect();
        if label.rel_to != before {
            let narrower = self.intern(label, &mut plan);
            plan.candidates.iter_mut().for_each(|candidate| candidate.label = narrower);
        }
        let mut plan = self.decide_plan(plan)?;
        let mut entries = BTreeMap::new();
        for nation in from.iter() {
            let Ok(record) = self.partner(nation) else { continue };
            let partner = record.partner.index;
            let mut back: Vec<Seq> = Vec::new();
            for known in own.iter().filter(|known| known.released.contains(partner)) {
                if !self.home.is_withdrawn(partner, known.seq)? {
                    back.push(known.seq);
                }
            }
            if !back.is_empty() {
                let end = self.home.ledger_size(partner)? + u64::try_from(back.len()).unwrap_or(0);
                entries.insert(nation.to_string(), end);
                plan.withdraw(partner, back);
            }
        }
        let act = RecallAct {
            id: id.to_owned(),
            from: from.iter().map(|nation| nation.to_string()).collect(),
            why: why.to_owned(),
            by: by.map(str::to_owned),
            entries,
        };
        plan.record(kind::RECALL, &act);
        self.commit(plan)?;
        Ok(act)
    }

    /// Every recall, oldest first.
    pub fn recalls(&self) -> Result<Vec<Recall>, IntakeError> {
        let mut recalls = Vec::new();
        for (seq, recorded) in self.home.acts(kind::RECALL)? {
            let read = serde_json::from_str(&recorded.json);
            let act: RecallAct = read.map_err(|cause| IntakeError::Act {
                seq,
                kind: kind::RECALL.to_owned(),
                reason: cause.to_string(),
            })?;
            let mut acknowledged = BTreeMap::new();
            for (nation, end) in &act.entries {
                let Ok(nation) = nation.parse::<Nation>() else { continue };
                let receipt = self.receipt_of(nation)?;
                acknowledged.insert(nation, receipt.is_some_and(|receipt| receipt.size >= *end));
            }
            recalls.push(Recall { act, at: recorded.at, acknowledged });
        }
        Ok(recalls)
    }

    /// Takes objects whose label's time is over out of every view. Gives how many entries that took.
    pub fn expire(&mut self) -> Result<u64, IntakeError> {
        let now = self.now();
        if self.ended(now)?.is_empty() {
            return Ok(0);
        }
        self.alone(|desk| desk.expire_alone(now))
    }

    fn expire_alone(&mut self, now: Timestamp) -> Result<u64, IntakeError> {
        let ended = self.ended(now)?;
        let mut plan: Plan = self.empty_plan(0);
        let mut count = 0;
        let mut by_partner: BTreeMap<PartnerIndex, Vec<Seq>> = BTreeMap::new();
        for &label in &ended {
            for (seq, released) in self.home.released_under(label)? {
                for partner in released.iter() {
                    if !self.home.is_withdrawn(partner, seq)? {
                        by_partner.entry(partner).or_default().push(seq);
                        count += 1;
                    }
                }
            }
            plan.record(kind::EXPIRED, &ExpiredAct { label });
        }
        for (partner, objects) in by_partner {
            plan.withdraw(partner, objects);
        }
        self.commit(plan)?;
        Ok(count)
    }

    /// Labels whose time is over, and whose objects were not taken back for it yet.
    fn ended(&self, now: Timestamp) -> Result<Vec<LabelNumber>, IntakeError> {
        let over = |label: &entente_release::Label| {
            let faulty = label.faults.iter().any(|fault| fault == Fault::UnknownMarking);
            !faulty && label.window.not_after.is_some_and(|until| until <= now)
        };
        let labels = (0..).zip(self.home.labels());
        let over: Vec<LabelNumber> =
            labels.filter(|(_, known)| over(&known.label)).map(|(number, _)| number).collect();
        if over.is_empty() {
            return Ok(over);
        }
        let done = every::<ExpiredAct>(&self.home, kind::EXPIRED)?;
        let done: FxHashSet<LabelNumber> = done.into_iter().map(|act| act.label).collect();
        Ok(over.into_iter().filter(|number| !done.contains(number)).collect())
    }
}
