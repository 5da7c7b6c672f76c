//! Taking objects in: from a batch of prepared objects to the entries of one append.
//!
//! Invariants:
//! * All entries of a batch are appended at once: the objects, what is released of them and to
//!   whom, and what waits for what.
//! * An object is released to a partner only if of everything that it mentions some version was
//!   released to that partner before it or is released in the same append.
//! * A refused object changes nothing for the others.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::collections::hash_map::Entry as Slot;

use entente_log::Seq;
use entente_log::entry::{Act, Entry, Hold, LabelNumber, LabelText, Put, Release};
use entente_log::journal::Journal as _;
use entente_object::id::IdKey;
use entente_object::time::Timestamp;
use entente_release::mention::{Mentioned, releasable};
use entente_release::{Label, Nation, NationSet, PartnerIndex, PartnerSet, label_marking};
use entente_store::Known;
use rustc_hash::{FxHashMap, FxHashSet};

use crate::decide::Summary;
use crate::desk::{Desk, IntakeError, Stored};
use crate::label::{Applied, Marking, own_label};
use crate::prepare::{Prepared, Refused, prepare};

/// The memory of who has what is forgotten at this many objects: 16 MiB.
const HOT_MAX: usize = 200_000;

/// What became of one object of a batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is in the log.
    Taken {
        /// Its place.
        seq: Seq,
        /// Who received it at once.
        released: PartnerSet,
        /// Who receives it when something else has happened.
        held: PartnerSet,
    },
    /// It was here already, byte for byte.
    Same,
    /// It was not taken.
    Refused(Refused),
}

/// What became of a batch.
#[derive(Clone, Debug, Default)]
pub struct Taken {
    /// Of each object, in order.
    pub outcomes: Vec<Outcome>,
    /// Objects that had waited and were released now.
    pub followed: u64,
}

/// An object on its way into one append, or one that waited and may go out with it.
pub(crate) struct Candidate {
    /// Its place in the batch, if it is of the batch.
    place: Option<usize>,
    /// Its place in the log, if it is there.
    pub(crate) stored: Option<Known>,
    /// Where it stood when it first came, if it is there.
    arrived: Option<Seq>,
    pub(crate) object: Prepared,
    pub(crate) version: i64,
    pub(crate) bringer: Nation,
    pub(crate) label: LabelNumber,
    /// Who may have it but for what it mentions.
    own: PartnerSet,
    approvals: Vec<(PartnerIndex, u8)>,
    /// Who may have it when its time has come, or a marking is known.
    later: PartnerSet,
    /// When its time comes.
    again_at: Option<i64>,
}

impl Candidate {
    fn new(object: Prepared, bringer: Nation, version: i64, label: LabelNumber) -> Self {
        Self {
            place: None,
            stored: None,
            arrived: None,
            object,
            version,
            bringer,
            label,
            own: PartnerSet::NONE,
            approvals: Vec::new(),
            later: PartnerSet::NONE,
            again_at: None,
        }
    }

    /// The stored object, unless it is appended anew under another label.
    fn kept(&self) -> Option<Known> {
        self.stored.filter(|known| known.label == self.label)
    }

    /// Everybody who may have the object now, or once what it waits for has happened.
    fn wanted(&self) -> PartnerSet {
        let approvals = self.approvals.iter().map(|(partner, _)| *partner).collect();
        self.own.union(approvals).union(self.later)
    }
}

/// A batch, decided about and not yet appended.
pub(crate) struct Plan {
    now: Timestamp,
    outcomes: Vec<Option<Outcome>>,
    pub(crate) labels: Vec<Label>,
    pub(crate) candidates: Vec<Candidate>,
    /// For each candidate: who receives it now.
    released: Vec<PartnerSet>,
    /// For each candidate: what it mentions and not all of its recipients have, or whose label it
    /// waits for.
    missing: Vec<Vec<IdKey>>,
    /// What is taken back, from whom.
    withdrawn: BTreeMap<PartnerIndex, Vec<Seq>>,
    /// Acts to record: their kind and their JSON.
    acts: Vec<(Cow<'static, str>, String)>,
}

impl Plan {
    /// How many objects of the batch are new, and which were refused: their places and why.
    pub(crate) fn fates(&self) -> (u64, Vec<(usize, &Refused)>) {
        let (mut fresh, mut refused) = (0, Vec::new());
        for (place, outcome) in self.outcomes.iter().enumerate() {
            match outcome {
                None | Some(Outcome::Taken { .. }) => fresh += 1,
                Some(Outcome::Same) => {}
                Some(Outcome::Refused(why)) => refused.push((place, why)),
            }
        }
        (fresh, refused)
    }

    /// Notes what became of an object of the batch.
    pub(crate) fn settle(&mut self, place: usize, outcome: Outcome) {
        set(&mut self.outcomes, place, outcome);
    }

    /// Takes objects back from a partner.
    pub(crate) fn withdraw(&mut self, partner: PartnerIndex, objects: Vec<Seq>) {
        self.withdrawn.entry(partner).or_default().extend(objects);
    }

    /// Records an act with the batch.
    pub(crate) fn record(
        &mut self,
        kind: impl Into<Cow<'static, str>>,
        act: &impl serde::Serialize,
    ) {
        self.acts.extend(serde_json::to_string(act).map(|json| (kind.into(), json)));
    }
}

/// The places of objects by who brought them and their id: of several versions the newest last.
pub(crate) type Places = FxHashMap<(Nation, IdKey), Vec<usize>>;

/// What is about to be appended.
#[derive(Clone, Copy)]
pub(crate) struct Batch<'a> {
    pub(crate) candidates: &'a [Candidate],
    pub(crate) here: &'a Places,
    pub(crate) labels: &'a [Label],
}

/// What candidates mention.
#[derive(Default)]
struct Mentions {
    /// Each id, looked up once for each nation that means something by it.
    ids: Vec<Mentioned>,
    /// For each candidate, which of them it mentions, in its own order.
    of: Vec<Vec<usize>>,
}

impl Desk {
    /// Takes a batch in. `bringer` is the nation that brought it, `applied` the label put on all.
    pub fn take(
        &mut self,
        batch: Vec<Prepared>,
        bringer: Nation,
        applied: Option<&Applied>,
    ) -> Result<Taken, IntakeError> {
        let mut batch = Some(batch);
        self.alone(|desk| {
            let batch = desk.keep(&mut batch).unwrap_or_default();
            let plan = desk.plan(batch, bringer, applied)?;
            desk.commit(plan)
        })
    }

    /// Withdraws objects that a partner brought itself from its own view: those of an id, in the
    /// given versions or in all.
    pub fn withdraw(
        &mut self,
        partner: PartnerIndex,
        key: IdKey,
        versions: Option<&[i64]>,
    ) -> Result<u64, IntakeError> {
        self.alone(|desk| {
            let owner = desk.partners.iter().find(|known| known.index == partner);
            let owner = owner.map(|known| known.nation);
            let mut objects: Vec<Seq> = Vec::new();
            for known in desk.home.versions(key)? {
                let wanted = versions.is_none_or(|only| only.contains(&known.version));
                if wanted && Some(known.bringer) == owner && known.released.contains(partner) {
                    objects.push(known.seq);
                }
            }
            let count = u64::try_from(objects.len()).unwrap_or(u64::MAX);
            if count > 0 {
                let now = desk.now().unix_micros();
                let after = desk.home.last_added(partner)?.map_or(i64::MIN, |last| last + 1);
                let first_added = now.max(after);
                let release = Release { partner, first_added, objects };
                desk.home.append(&[Entry::Withdraw(release)])?;
                desk.hot.remove(&key);
            }
            Ok(count)
        })
    }

    /// What taking a batch in would do.
    pub fn preview(
        &mut self,
        batch: Vec<Prepared>,
        bringer: Nation,
        applied: Option<&Applied>,
        summary: &mut Summary,
    ) -> Result<Vec<Option<Outcome>>, IntakeError> {
        let plan = self.plan(batch, bringer, applied)?;
        let mut refusals = BTreeMap::new();
        for (candidate, released) in plan.candidates.iter().zip(&plan.released) {
            let label = self.label_of(candidate.label, &plan.labels);
            let before = candidate.stored.map_or(PartnerSet::NONE, |known| known.released);
            let nations = self.nations(released.without(before)).iter().collect();
            let object_type = candidate.object.id.type_name().to_owned();
            let refused = refusals
                .entry((candidate.label, object_type.clone()))
                .or_insert_with(|| self.refusals(&label, &object_type));
            let group = (label.to_string(), object_type, nations);
            if !summary.groups.contains_key(&group) {
                let others = self.others(*released, before, refused);
                summary.others.insert(group.clone(), others);
            }
            *summary.groups.entry(group).or_default() += 1;
        }
        self.forget_unrecorded();
        Ok(plan.outcomes)
    }

    /// Why the partners that an object is not released to now are not among its recipients.
    fn others(
        &self,
        released: PartnerSet,
        before: PartnerSet,
        refused: &BTreeMap<PartnerIndex, String>,
    ) -> BTreeMap<String, NationSet> {
        let mut others: BTreeMap<String, Vec<Nation>> = BTreeMap::new();
        for record in self.partners() {
            let partner = &record.partner;
            let why = match refused.get(&partner.index) {
                _ if before.contains(partner.index) => "has it".to_owned(),
                _ if released.contains(partner.index) => continue,
                Some(why) => why.clone(),
                None => "condition 11: it mentions what is withheld or not here".to_owned(),
            };
            others.entry(why).or_default().push(partner.nation);
        }
        others.into_iter().map(|(why, all)| (why, all.into_iter().collect())).collect()
    }

    /// Decides anew about everything that waits, and about everything that the present policy and
    /// partners would release and that was not. Gives how many objects go to whom; appends only if
    /// `commit`.
    pub fn review(
        &mut self,
        commit: bool,
        progress: &mut dyn FnMut(u64),
    ) -> Result<Summary, IntakeError> {
        self.alone(|desk| desk.review_alone(commit, progress))
    }

    fn review_alone(
        &mut self,
        commit: bool,
        progress: &mut dyn FnMut(u64),
    ) -> Result<Summary, IntakeError> {
        const BATCH: usize = 4096;
        let (mut summary, mut from) = (Summary::default(), 0);
        // What is appended anew meanwhile was decided about by then.
        let end = self.home.tip().next;
        loop {
            let mut stored = Vec::new();
            self.home.each_object_from(from, &mut |seq, put| {
                if seq < end {
                    stored.push((seq, owned(put)));
                }
                Ok(seq < end && stored.len() < BATCH)
            })?;
            let Some((last, _)) = stored.last() else { return Ok(summary) };
            from = last + 1;
            let plan = self.plan_stored(stored)?;
            for (candidate, released) in plan.candidates.iter().zip(&plan.released) {
                let before = candidate.stored.map_or(PartnerSet::NONE, |known| known.released);
                let fresh = released.without(before);
                if !fresh.is_empty() {
                    let label = self.label_of(candidate.label, &plan.labels).to_string();
                    let object_type = candidate.object.id.type_name().to_owned();
                    let nations = self.nations(fresh).iter().collect();
                    *summary.groups.entry((label, object_type, nations)).or_default() += 1;
                }
            }
            if commit {
                self.commit(plan)?;
            }
            progress(from);
        }
    }

    /// Decides anew about what waited for a time that has come, or for approval.
    pub fn decide_again(&mut self) -> Result<u64, IntakeError> {
        self.alone(Self::decide_again_alone)
    }

    fn decide_again_alone(&mut self) -> Result<u64, IntakeError> {
        let now = self.now().unix_micros();
        let mut waiting = self.home.waiting_until(now)?;
        waiting.extend(self.home.waiting_for_approval()?);
        let mut stored = Vec::new();
        for waiting in waiting {
            stored.push((waiting.object, self.home.put(waiting.object)?));
        }
        let plan = self.plan_stored(stored)?;
        Ok(self.commit(plan)?.followed)
    }

    pub(crate) fn plan(
        &mut self,
        batch: Vec<Prepared>,
        bringer: Nation,
        applied: Option<&Applied>,
    ) -> Result<Plan, IntakeError> {
        let ids = batch.iter().flat_map(|object| object.mentions.iter().chain([&object.key]));
        self.home.look_up(ids.copied().collect())?;
        let mut plan = self.empty_plan(batch.len());
        for (place, object) in self.screen(batch, bringer, &mut plan)? {
            let label = self.own_label(&object, bringer, applied)?;
            let version = object.version.unwrap_or(plan.now.unix_micros());
            let label = self.intern(label, &mut plan);
            let candidate = Candidate::new(object, bringer, version, label);
            plan.candidates.push(Candidate { place: Some(place), ..candidate });
        }
        self.decide_plan(plan)
    }

    fn plan_stored(&mut self, stored: Vec<(Seq, Put<'static>)>) -> Result<Plan, IntakeError> {
        let mut plan = self.empty_plan(0);
        for (seq, put) in stored {
            plan.candidates.extend(self.stored_candidate(seq, put)?);
        }
        self.decide_plan(plan)
    }

    pub(crate) fn empty_plan(&self, objects: usize) -> Plan {
        Plan {
            now: self.now(),
            outcomes: vec![None; objects],
            labels: Vec::new(),
            candidates: Vec::new(),
            released: Vec::new(),
            missing: Vec::new(),
            withdrawn: BTreeMap::new(),
            acts: Vec::new(),
        }
    }

    pub(crate) fn own_label(
        &mut self,
        object: &Prepared,
        bringer: Nation,
        applied: Option<&Applied>,
    ) -> Result<Label, IntakeError> {
        let mut markings = FxHashMap::default();
        for &key in &object.markings {
            markings.insert(key, self.marking(key, bringer)?);
        }
        let mut marking = |key| markings.get(&key).cloned().unwrap_or(Marking::Unknown);
        Ok(own_label(object, bringer, applied, self.declared(), &mut marking))
    }

    /// The number of a label, new ones counted on in the plan.
    pub(crate) fn intern(&mut self, label: Label, plan: &mut Plan) -> LabelNumber {
        if let Some(&number) = self.numbers.get(&label) {
            return number;
        }
        let count = self.home.labels().len() + plan.labels.len();
        let number = LabelNumber::try_from(count).unwrap_or(LabelNumber::MAX);
        plan.labels.push(label.clone());
        self.numbers.insert(label, number);
        number
    }

    pub(crate) fn label_of(&self, number: LabelNumber, fresh: &[Label]) -> Label {
        let recorded = self.home.labels();
        let at = usize::try_from(number).unwrap_or(usize::MAX);
        let label = match recorded.get(at) {
            Some(interned) => Some(&interned.label),
            None => fresh.get(at.saturating_sub(recorded.len())),
        };
        label.cloned().unwrap_or_else(|| Label::originator_alone(self.here))
    }

    /// Forgets what was remembered of labels that were not recorded.
    fn forget_unrecorded(&mut self) {
        let recorded = LabelNumber::try_from(self.home.labels().len()).unwrap_or(LabelNumber::MAX);
        self.numbers.retain(|_, number| *number < recorded);
        self.decided.retain(|number, _| *number < recorded);
        self.markings.clear();
    }

    /// What a nation brought under an id, as far as it is here.
    pub(crate) fn known(&mut self, key: IdKey, of: Nation) -> Result<Option<Stored>, IntakeError> {
        if let Some(&hot) = self.hot.get(&key).filter(|_| of == self.here) {
            return Ok(hot);
        }
        let versions = self.home.versions(key)?;
        Ok(self.remember(key, of, &versions))
    }

    /// What a nation brought of these versions of an id. This node's own are mentioned often.
    pub(crate) fn remember(
        &mut self,
        key: IdKey,
        of: Nation,
        versions: &[Known],
    ) -> Option<Stored> {
        let stored = Stored::of(versions.iter().filter(|known| known.bringer == of));
        if of == self.here {
            if self.hot.len() >= HOT_MAX {
                self.hot.clear();
            }
            self.hot.insert(key, stored);
        }
        stored
    }

    /// Who has what a nation means by an id: any version that it brought itself, or else any of
    /// this node's own, or else what a party made itself (`foreign`). What others bring under the id
    /// neither opens nor closes anything. What a party is called is public.
    pub(crate) fn mentioned(
        &mut self,
        key: IdKey,
        of: Nation,
        batch: Batch<'_>,
    ) -> Result<Mentioned, IntakeError> {
        if self.parties.contains_key(&key) {
            return Ok(Mentioned { before: PartnerSet::from_bits(u64::MAX), here: Vec::new() });
        }
        for nation in [of, self.here] {
            let (stored, places) = (self.known(key, nation)?, batch.here.get(&(nation, key)));
            if stored.is_some() || places.is_some() {
                let before = stored.map_or(PartnerSet::NONE, |stored| stored.released);
                return Ok(Mentioned { before, here: places.cloned().unwrap_or_default() });
            }
        }
        if of != self.here {
            return Ok(Mentioned::default());
        }
        Ok(Mentioned { before: self.holders_elsewhere(key, batch)?, here: Vec::new() })
    }

    /// From candidates with their own labels to who receives what.
    pub(crate) fn decide_plan(&mut self, mut plan: Plan) -> Result<Plan, IntakeError> {
        self.add_waiting(&mut plan)?;
        let here = places(&plan.candidates);
        self.contain(&mut plan, &here)?;
        let mut candidates = std::mem::take(&mut plan.candidates);
        for candidate in &mut candidates {
            self.decide_own(candidate, &plan)?;
        }
        let batch = Batch { candidates: &candidates, here: &here, labels: &plan.labels };
        let mentions = self.mentions(batch)?;
        let own: Vec<PartnerSet> = candidates.iter().map(|candidate| candidate.own).collect();
        plan.released = releasable(&own, &mentions.ids, &mentions.of);
        let holders: Vec<PartnerSet> =
            mentions.ids.iter().map(|id| id.holders(&plan.released)).collect();
        for (candidate, ids) in candidates.iter().zip(&mentions.of) {
            let wanted = candidate.wanted();
            let mut missing = self.unsettled(candidate, (&candidates, &here), &plan)?;
            for (&key, &id) in candidate.object.mentions.iter().zip(ids) {
                let has = holders.get(id).copied().unwrap_or_default();
                if !wanted.without(has).is_empty() && !missing.contains(&key) {
                    missing.push(key);
                }
            }
            plan.missing.push(missing);
        }
        plan.candidates = candidates;
        Ok(plan)
    }

    fn mentions(&mut self, batch: Batch<'_>) -> Result<Mentions, IntakeError> {
        let mut mentions = Mentions::default();
        let mut numbers: FxHashMap<(Nation, IdKey), usize> = FxHashMap::default();
        for candidate in batch.candidates {
            let mut list = Vec::with_capacity(candidate.object.mentions.len());
            for &key in &candidate.object.mentions {
                let number = match numbers.entry((candidate.bringer, key)) {
                    Slot::Occupied(known) => *known.get(),
                    Slot::Vacant(fresh) => {
                        mentions.ids.push(self.mentioned(key, candidate.bringer, batch)?);
                        *fresh.insert(mentions.ids.len() - 1)
                    }
                };
                list.push(number);
            }
            mentions.of.push(list);
        }
        Ok(mentions)
    }

    /// Adds the objects that wait for those of the plan, and those that wait for them.
    fn add_waiting(&mut self, plan: &mut Plan) -> Result<(), IntakeError> {
        if !self.home.has_waiting()? {
            return Ok(());
        }
        let mut known: FxHashSet<Seq> =
            plan.candidates.iter().filter_map(|c| c.stored.map(|known| known.seq)).collect();
        let mut at = 0;
        while let Some(candidate) = plan.candidates.get(at) {
            at += 1;
            for waiting in self.home.waiting_for(candidate.object.key)? {
                if known.insert(waiting.object) {
                    let put = self.home.put(waiting.object)?;
                    plan.candidates.extend(self.stored_candidate(waiting.object, put)?);
                }
            }
        }
        Ok(())
    }

    /// An object of the log as a candidate, if it is the newest version of it.
    pub(crate) fn stored_candidate(
        &mut self,
        seq: Seq,
        put: Put<'static>,
    ) -> Result<Option<Candidate>, IntakeError> {
        let versions = self.home.versions(put.key())?;
        let newest = versions.iter().rfind(|known| known.bringer == put.brought_by);
        let Some(known) = newest.copied().filter(|known| known.seq == seq) else { return Ok(None) };
        let Ok(object) = prepare(put.bytes.into_owned()) else { return Ok(None) };
        let same = |one: &&Known| one.bringer == known.bringer && one.version == known.version;
        let arrived = versions.iter().filter(same).map(|one| one.seq).min();
        let candidate = Candidate::new(object, put.brought_by, put.version, put.label);
        Ok(Some(Candidate { stored: Some(known), arrived, ..candidate }))
    }

    fn decide_own(&mut self, candidate: &mut Candidate, plan: &Plan) -> Result<(), IntakeError> {
        if candidate.bringer != self.here {
            // A partner may read back what it wrote itself; nobody else receives it from here. A
            // partner with a node has it there.
            if self.has_node(candidate.bringer) {
                return Ok(());
            }
            let valid = self.label_of(candidate.label, &plan.labels).is_valid();
            let echo = self.partners.iter().find(|p| valid && p.nation == candidate.bringer);
            candidate.own = echo.map(|partner| partner.index).into_iter().collect();
            return Ok(());
        }
        let fresh = &plan.labels;
        let number = candidate.label;
        let recorded: Option<Label> = usize::try_from(number)
            .ok()
            .and_then(|at| self.home.labels().get(at))
            .filter(|_| !self.decided.contains_key(&number))
            .map(|interned| interned.label.clone());
        let decided = {
            let object_type = candidate.object.id.type_name();
            let label = recorded.unwrap_or_else(|| self.label_of(number, fresh));
            self.decided(number, object_type, plan.now, || label)
        };
        let mut answer = decided.recipients;
        if let Some(known) = candidate.kept().filter(|_| !answer.on_approval().is_empty()) {
            answer = answer.approved(self.approval(known.seq)?);
        }
        candidate.own = answer.at_once();
        candidate.approvals = answer.on_approval().to_vec();
        candidate.later = decided.later;
        candidate.again_at = decided.again_at;
        Ok(())
    }

    pub(crate) fn commit(&mut self, plan: Plan) -> Result<Taken, IntakeError> {
        let (labels, now) = (plan.labels.len(), plan.now.unix_micros());
        let base = self.home.tip().next + u64::try_from(labels).unwrap_or_default();
        let (mut seqs, mut next) = (Vec::with_capacity(plan.candidates.len()), base);
        for candidate in &plan.candidates {
            if let Some(known) = candidate.kept() {
                seqs.push(known.seq);
            } else {
                seqs.push(next);
                next += 1;
            }
        }
        let mut taken = Taken::default();
        let holds = self.holds(&plan, &seqs)?;
        let releases = self.releases(&plan, &seqs, now, &mut taken)?;
        let withdrawals = self.withdrawals(&plan, &releases)?;
        let texts: Vec<String> = plan.labels.iter().map(label_marking::to_stix).collect();
        let first = LabelNumber::try_from(self.home.labels().len()).unwrap_or(LabelNumber::MAX);
        let entries = entries(&plan, first, &texts, (holds, releases, withdrawals));
        if let Err(error) = self.home.append(&entries) {
            self.forget_unrecorded();
            self.hot.clear();
            return Err(error.into());
        }
        drop(entries);
        for candidate in &plan.candidates {
            self.hot.remove(&candidate.object.key);
        }
        taken.outcomes = outcomes(plan, &seqs);
        Ok(taken)
    }

    /// What waits, as far as that is not recorded already.
    fn holds(&self, plan: &Plan, seqs: &[Seq]) -> Result<Vec<Hold>, IntakeError> {
        let mut holds = Vec::new();
        let decided = plan.released.iter().zip(&plan.missing);
        for ((candidate, (released, missing)), &object) in
            plan.candidates.iter().zip(decided).zip(seqs)
        {
            let partners = candidate.wanted().without(*released);
            let before = match candidate.stored {
                Some(known) => self.home.held_for(known.seq)?,
                None => PartnerSet::NONE,
            };
            if let Some(known) = candidate.stored.filter(|_| candidate.kept().is_none()) {
                holds.push(Hold::ended(known.seq));
            }
            if !partners.is_empty() && (candidate.kept().is_none() || partners != before) {
                holds.push(Hold {
                    object,
                    partners,
                    mentions: missing.clone(),
                    approvals: candidate.approvals.clone(),
                    again_at: candidate.again_at,
                });
            }
        }
        Ok(holds)
    }

    /// What is taken back from each partner, after what it receives.
    fn withdrawals(
        &mut self,
        plan: &Plan,
        releases: &[Release],
    ) -> Result<Vec<Release>, IntakeError> {
        let mut withdrawals = Vec::new();
        for (&partner, objects) in &plan.withdrawn {
            let same = releases.iter().find(|release| release.partner == partner);
            let last = match same {
                Some(same) => {
                    let more = i64::try_from(same.objects.len()).unwrap_or(i64::MAX);
                    Some(same.first_added.saturating_add(more) - 1)
                }
                None => self.home.last_added(partner)?,
            };
            let after = last.map_or(i64::MIN, |last| last + 1);
            let first_added = plan.now.unix_micros().max(after);
            withdrawals.push(Release { partner, first_added, objects: objects.clone() });
        }
        Ok(withdrawals)
    }

    /// What each partner receives, in the order in which it first came: where an object stands that
    /// was appended anew depends on what the partner may not see.
    fn releases(
        &mut self,
        plan: &Plan,
        seqs: &[Seq],
        now: i64,
        taken: &mut Taken,
    ) -> Result<Vec<Release>, IntakeError> {
        let mut objects: BTreeMap<PartnerIndex, Vec<(Seq, Seq)>> = BTreeMap::new();
        for ((candidate, released), &seq) in plan.candidates.iter().zip(&plan.released).zip(seqs) {
            let before = candidate.kept().map_or(PartnerSet::NONE, |known| known.released);
            let fresh = released.without(before);
            taken.followed += u64::from(candidate.stored.is_some() && !fresh.is_empty());
            for partner in fresh.iter() {
                objects.entry(partner).or_default().push((candidate.arrived.unwrap_or(seq), seq));
            }
        }
        let mut releases = Vec::new();
        for (partner, mut objects) in objects {
            objects.sort_unstable();
            let after = self.home.last_added(partner)?.map_or(i64::MIN, |last| last + 1);
            let objects = objects.into_iter().map(|(_, seq)| seq).collect();
            releases.push(Release { partner, first_added: now.max(after), objects });
        }
        Ok(releases)
    }
}

/// The entries of one append: labels, objects, what waits, what is released and taken back, acts.
fn entries<'a>(
    plan: &'a Plan,
    first_label: LabelNumber,
    texts: &'a [String],
    (holds, releases, withdrawals): (Vec<Hold>, Vec<Release>, Vec<Release>),
) -> Vec<Entry<'a>> {
    let mut entries = Vec::with_capacity(plan.candidates.len() + texts.len() + releases.len());
    for ((label, stix), number) in plan.labels.iter().zip(texts).zip(first_label..) {
        let (faults, stix) = (label.faults.bits(), Cow::Borrowed(stix.as_str()));
        entries.push(Entry::Label(LabelText { number, faults, stix }));
    }
    for candidate in plan.candidates.iter().filter(|candidate| candidate.kept().is_none()) {
        entries.push(Entry::Put(Put {
            uuid: candidate.object.id.uuid(),
            object_type: Cow::Borrowed(candidate.object.id.type_name()),
            version: candidate.version,
            label: candidate.label,
            brought_by: candidate.bringer,
            digest: candidate.object.digest,
            bytes: Cow::Borrowed(&candidate.object.bytes),
        }));
    }
    entries.extend(holds.into_iter().map(Entry::Hold));
    entries.extend(releases.into_iter().map(Entry::Release));
    entries.extend(withdrawals.into_iter().map(Entry::Withdraw));
    entries.extend(plan.acts.iter().map(|(kind, json)| {
        let (kind, at) = (Cow::Borrowed(kind.as_ref()), plan.now.unix_micros());
        Entry::Act(Act { kind, at, json: Cow::Borrowed(json.as_str()) })
    }));
    entries
}

fn places(candidates: &[Candidate]) -> Places {
    let mut places: Places = FxHashMap::default();
    for (place, candidate) in candidates.iter().enumerate() {
        places.entry((candidate.bringer, candidate.object.key)).or_default().push(place);
    }
    for several in places.values_mut().filter(|places| places.len() > 1) {
        several.sort_by_key(|place| candidates.get(*place).map(|candidate| candidate.version));
    }
    places
}

fn outcomes(plan: Plan, seqs: &[Seq]) -> Vec<Outcome> {
    let mut outcomes = plan.outcomes;
    for ((candidate, released), &seq) in plan.candidates.iter().zip(&plan.released).zip(seqs) {
        if let Some(place) = candidate.place {
            let held = candidate.wanted().without(*released);
            set(&mut outcomes, place, Outcome::Taken { seq, released: *released, held });
        }
    }
    outcomes.into_iter().map(|outcome| outcome.unwrap_or(Outcome::Same)).collect()
}

fn set(outcomes: &mut [Option<Outcome>], place: usize, outcome: Outcome) {
    if let Some(slot) = outcomes.get_mut(place) {
        *slot = Some(outcome);
    }
}

fn owned(put: &Put<'_>) -> Put<'static> {
    Put {
        object_type: Cow::Owned(put.object_type.clone().into_owned()),
        bytes: Cow::Owned(put.bytes.clone().into_owned()),
        ..put.clone()
    }
}
