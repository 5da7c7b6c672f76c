//! What would be released more or less under other programmes, counted on the objects that are here.
//!
//! The rule's answer is one for a label and a type, so objects are counted by label, type and who has
//! them, and the rule is asked once for each. Two conditions are of the single object:
//!
//! * Approvals (10). A change of a programme voids every approval, so what needs one is counted as
//!   waiting for it, exactly.
//! * Mentions (11). What an object mentions may withhold it. Counted without reading objects, "more at
//!   once" is therefore what would be released at most. Asked exactly, every object that would be
//!   released is read, with everything that waits, and the same fixpoint is taken as for releasing.
//!
//! Invariant: nothing is appended, and what a partner has is never told as released more.

use std::collections::hash_map::Entry as Slot;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use entente_object::id::{IdKey, OwnedId};
use entente_object::time::Timestamp;
use entente_programme::{Policies, Programme};
use entente_release::decide::Provenance;
use entente_release::mention::{Mentioned, releasable};
use entente_release::name::ProgrammeId;
use entente_release::policy::{Policy as _, Recipients, World, recipients};
use entente_release::{Label, Nation, PartnerSet};
use entente_store::Newest;
use rustc_hash::FxHashMap;

use crate::acts::{ApprovalAct, ProgrammeAct, kind};
use crate::decide::hex;
use crate::desk::{Desk, IntakeError, every, latest, party_keys, policies};
use crate::prepare::mentioned;
use crate::take::{Batch, Places};

/// What is asked.
#[derive(Clone, Copy, Debug)]
pub struct Compared<'a> {
    /// The programme as it is, if it is.
    pub old: Option<&'a Programme>,
    /// The programme as it would be.
    pub new: &'a Programme,
    /// How many objects to name for each count.
    pub examples: usize,
    /// Whether to read what would be released, for what it mentions.
    pub exact: bool,
}

/// What would be released more or less.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ReleaseDifference {
    /// The time for which both were asked: now, or the first moment of the newer one.
    pub at: Timestamp,
    /// How many objects of this nation are labelled under the programme.
    pub objects: u64,
    /// The counts, by partner, change, label and type.
    pub counts: Vec<ReleaseCount>,
    /// On how many objects that wait approvals were given that would be void.
    pub voided: u64,
    /// Whether what objects mention was looked at.
    pub exact: bool,
}

/// How many objects change in one way for one partner.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ReleaseCount {
    /// The partner.
    pub partner: Nation,
    /// What would change.
    pub change: ReleaseChange,
    /// The programmes and areas of the label.
    pub under: String,
    /// The label as displayed.
    pub label: String,
    /// The type of the objects.
    pub object_type: String,
    /// How many.
    pub count: u64,
    /// Of the first of them, the ids.
    pub examples: Vec<String>,
}

/// What changes for an object and a partner.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ReleaseChange {
    /// It would be released.
    More,
    /// It would be released, but that it mentions what the partner may not have.
    MoreWithheld,
    /// It would be released once so many people have approved, and would not before.
    MoreOnApproval(u8),
    /// It waits for approval by so many people and would wait for so many others.
    OtherApproval(u8, u8),
    /// It would go out by itself once what it waits for happens, and would need so many approvals.
    NeedsApproval(u8),
    /// It waits, and would wait no more: it would never be released.
    Less,
    /// The partner has it and keeps it; a newer version would not be released.
    LessNewer,
}

/// What a programme says of an object and a partner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Answer {
    No,
    AtOnce,
    After(u8),
}

/// What changes from one answer to the other for a partner who has the object or not.
fn change(old: Answer, new: Answer, has: bool) -> Option<ReleaseChange> {
    match (old, new, has) {
        (Answer::AtOnce | Answer::After(_), Answer::No, true) => Some(ReleaseChange::LessNewer),
        (Answer::AtOnce | Answer::After(_), Answer::No, false) => Some(ReleaseChange::Less),
        (Answer::No | Answer::After(_), Answer::AtOnce, false) => Some(ReleaseChange::More),
        (Answer::No, Answer::After(n), false) => Some(ReleaseChange::MoreOnApproval(n)),
        (Answer::AtOnce, Answer::After(n), false) => Some(ReleaseChange::NeedsApproval(n)),
        (Answer::After(m), Answer::After(n), false) if m != n => {
            Some(ReleaseChange::OtherApproval(m, n))
        }
        (Answer::No, Answer::No, _)
        | (Answer::AtOnce, Answer::AtOnce, false)
        | (Answer::After(_), Answer::After(_), false)
        | (_, Answer::AtOnce | Answer::After(_), true) => None,
    }
}

/// Objects that differ in nothing but what they are.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Kind {
    label: u32,
    /// The place of the type among those met.
    object_type: usize,
    released: PartnerBits,
}

type PartnerBits = u64;

/// The rule's two answers for a label and a type.
struct Both {
    old: Recipients,
    new: Recipients,
}

/// The rule's answers for what is labelled under the programme.
struct Answers {
    labels: FxHashMap<u32, Label>,
    of: FxHashMap<(u32, usize), Both>,
}

/// Objects counted by kind.
#[derive(Default)]
struct Counted {
    types: Vec<String>,
    kinds: FxHashMap<Kind, Members>,
    objects: u64,
}

#[derive(Default)]
struct Members {
    count: u64,
    first: Vec<u64>,
}

impl Counted {
    fn add(&mut self, one: &Newest<'_>, examples: usize) {
        let object_type = self.number(one.object_type);
        let kind = Kind { label: one.label, object_type, released: one.released.bits() };
        let members = self.kinds.entry(kind).or_default();
        members.count += 1;
        self.objects += 1;
        if members.first.len() < examples {
            members.first.push(one.seq);
        }
    }

    /// The place of a type among those met.
    fn number(&mut self, object_type: &str) -> usize {
        let known = self.types.iter().position(|name| name == object_type);
        known.unwrap_or_else(|| {
            self.types.push(object_type.to_owned());
            self.types.len() - 1
        })
    }

    fn type_of(&self, kind: Kind) -> &str {
        self.types.get(kind.object_type).map_or("", String::as_str)
    }
}

/// What is counted: who, how, under which label, of which type.
type Key = (Nation, ReleaseChange, u32, usize);

impl Desk {
    /// What would be released more or less if a programme read otherwise. Nothing is changed.
    pub fn release_difference(
        &mut self,
        asked: &Compared<'_>,
    ) -> Result<ReleaseDifference, IntakeError> {
        let id = asked.new.id();
        let old = self.policies_with(id, asked.old)?;
        let new = self.policies_with(id, Some(asked.new))?;
        let now = self.now();
        let at = asked.new.head().in_force.not_before.map_or(now, |first| first.max(now));
        let labels = self.labels_under(id);
        let mut counted = Counted::default();
        let wanted = |label| labels.contains_key(&label);
        self.home.each_newest(self.here, &wanted, &mut |one| {
            counted.add(one, asked.examples);
            Ok(())
        })?;
        let answers = self.answers(&counted, labels, (&old, &new), at);
        let mut sums = self.sums(&counted, &answers, asked.examples);
        if asked.exact {
            let found = (&mut sums, asked.examples);
            self.look_at_mentions((&mut counted, &answers), (&old, &new, at), found)?;
        }
        let counts = self.counts(sums, &counted)?;
        let voided = self.voided()?;
        Ok(ReleaseDifference { at, objects: counted.objects, counts, voided, exact: asked.exact })
    }

    /// The policy of this node with one programme read otherwise, or without it.
    fn policies_with(
        &self,
        id: &ProgrammeId,
        programme: Option<&Programme>,
    ) -> Result<Arc<Policies>, IntakeError> {
        let mut acts = latest(&self.home, kind::PROGRAMME, |act: &ProgrammeAct| act.file.clone())?;
        acts.retain(|act| {
            Programme::parse(&act.text, &act.file).is_ok_and(|adopted| adopted.id() != id)
        });
        acts.extend(programme.map(|programme| ProgrammeAct {
            file: format!("{id} as compared"),
            text: programme.text().to_owned(),
        }));
        policies((acts, self.national_files()?))
    }

    /// The labels that name the programme, by number.
    fn labels_under(&self, id: &ProgrammeId) -> FxHashMap<u32, Label> {
        let names = |label: &Label| label.under.iter().any(|under| under.programme == *id);
        (0..)
            .zip(self.home.labels())
            .filter(|(_, interned)| names(&interned.label))
            .map(|(number, interned)| (number, interned.label.clone()))
            .collect()
    }

    fn ask_under(
        &self,
        policy: &Arc<Policies>,
        label: &Label,
        object_type: &str,
        at: Timestamp,
    ) -> Recipients {
        let world = World {
            here: self.here,
            partners: &self.partners,
            channel: &self.channel,
            policy: &**policy,
            // What may not go yet is judged as of when it may.
            now: label.window.not_before.map_or(at, |from| from.max(at)),
        };
        recipients(label, object_type, Provenance::Verified(self.here), &world)
    }

    fn answers(
        &self,
        counted: &Counted,
        labels: FxHashMap<u32, Label>,
        (old, new): (&Arc<Policies>, &Arc<Policies>),
        at: Timestamp,
    ) -> Answers {
        let mut of = FxHashMap::default();
        for kind in counted.kinds.keys() {
            let Some(label) = labels.get(&kind.label) else { continue };
            of.entry((kind.label, kind.object_type)).or_insert_with(|| {
                let object_type = counted.type_of(*kind);
                Both {
                    old: self.ask_under(old, label, object_type, at),
                    new: self.ask_under(new, label, object_type, at),
                }
            });
        }
        Answers { labels, of }
    }

    fn sums(
        &self,
        counted: &Counted,
        answers: &Answers,
        examples: usize,
    ) -> BTreeMap<Key, Members> {
        let mut sums: BTreeMap<Key, Members> = BTreeMap::new();
        for (kind, members) in &counted.kinds {
            let Some(both) = answers.of.get(&(kind.label, kind.object_type)) else { continue };
            let released = PartnerSet::from_bits(kind.released);
            for partner in &self.partners {
                let (was, is) =
                    (answer(&both.old, partner.index), answer(&both.new, partner.index));
                let Some(change) = change(was, is, released.contains(partner.index)) else {
                    continue;
                };
                let key = (partner.nation, change, kind.label, kind.object_type);
                let sum = sums.entry(key).or_default();
                sum.count += members.count;
                sum.first.extend(&members.first);
                sum.first.sort_unstable();
                sum.first.truncate(examples);
            }
        }
        sums
    }

    fn counts(
        &self,
        sums: BTreeMap<Key, Members>,
        counted: &Counted,
    ) -> Result<Vec<ReleaseCount>, IntakeError> {
        let mut counts = Vec::new();
        for ((partner, change, number, object_type), members) in sums {
            let label = self.label_of(number, &[]);
            let under: Vec<String> = label.under.iter().map(ToString::to_string).collect();
            let mut examples = Vec::new();
            for seq in members.first {
                let put = self.home.put(seq)?;
                examples.push(format!("{}--{}", put.object_type, put.uuid));
            }
            counts.push(ReleaseCount {
                partner,
                change,
                under: under.join(", "),
                label: label.to_string(),
                object_type: counted.types.get(object_type).cloned().unwrap_or_default(),
                count: members.count,
                examples,
            });
        }
        // By what people read; numbers of labels and places of types mean nothing to them.
        counts.sort_by(|one, other| {
            let key = |count: &ReleaseCount| (count.partner, count.change);
            let texts = |count: &ReleaseCount| (count.object_type.clone(), count.label.clone());
            (key(one), texts(one)).cmp(&(key(other), texts(other)))
        });
        Ok(counts)
    }

    /// On how many objects that wait approvals count now.
    fn voided(&self) -> Result<u64, IntakeError> {
        let (version, now) = (hex(&self.policies.version().0), self.now().unix_micros());
        let mut objects: Vec<u64> = every::<ApprovalAct>(&self.home, kind::APPROVAL)?
            .into_iter()
            .filter(|act| act.policy == version && act.expires > now)
            .map(|act| act.object)
            .collect();
        objects.sort_unstable();
        objects.dedup();
        let mut voided = 0;
        for object in objects {
            voided += u64::from(!self.home.held_for(object)?.is_empty());
        }
        Ok(voided)
    }
}

fn answer(recipients: &Recipients, partner: entente_release::PartnerIndex) -> Answer {
    if recipients.at_once().contains(partner) {
        return Answer::AtOnce;
    }
    let waiting = recipients.on_approval().iter().find(|(index, _)| *index == partner);
    waiting.map_or(Answer::No, |(_, releasers)| Answer::After(*releasers))
}

/// Objects that would be released, and those that wait and may follow.
#[derive(Default)]
struct Candidates {
    each: Vec<Candidate>,
    /// Where each is among them.
    places: Places,
    /// What each mentions.
    mentions: Vec<Vec<IdKey>>,
}

struct Candidate {
    seq: u64,
    label: u32,
    /// The place of its type among those met.
    object_type: usize,
    released: PartnerSet,
    old: PartnerSet,
    new: PartnerSet,
}

impl Desk {
    /// Replaces what would be released at most by what would be, seen from what objects mention.
    fn look_at_mentions(
        &mut self,
        (counted, answers): (&mut Counted, &Answers),
        (old, new, at): (&Arc<Policies>, &Arc<Policies>, Timestamp),
        (sums, examples): (&mut BTreeMap<Key, Members>, usize),
    ) -> Result<(), IntakeError> {
        let mut candidates = self.candidates(counted, answers, (old, new, at))?;
        self.read_mentions(&mut candidates)?;
        let before = self.fixpoint(&candidates, old, |one| one.old)?;
        let after = self.fixpoint(&candidates, new, |one| one.new)?;
        sums.retain(|(_, change, ..), _| *change != ReleaseChange::More);
        let partners: Vec<_> = self.partners.iter().map(|one| (one.index, one.nation)).collect();
        for (one, (before, after)) in candidates.each.iter().zip(before.iter().zip(&after)) {
            let fresh = after.without(*before).without(one.released);
            let wanted = one.new.without(one.old).without(one.released);
            for &(index, nation) in &partners {
                let change = match (fresh.contains(index), wanted.contains(index)) {
                    (true, _) => ReleaseChange::More,
                    (false, true) => ReleaseChange::MoreWithheld,
                    (false, false) => continue,
                };
                let sum = sums.entry((nation, change, one.label, one.object_type)).or_default();
                sum.count += 1;
                if sum.first.len() < examples {
                    sum.first.push(one.seq);
                }
            }
        }
        Ok(())
    }

    /// What would be released to somebody who does not have it, and what waits, under whatever
    /// programme.
    fn candidates(
        &self,
        counted: &mut Counted,
        answers: &Answers,
        (old, new, at): (&Arc<Policies>, &Arc<Policies>, Timestamp),
    ) -> Result<Candidates, IntakeError> {
        let mut candidates = Candidates::default();
        let mut waiting: BTreeSet<u64> =
            self.home.waiting()?.into_iter().map(|waiting| waiting.object).collect();
        let wanted = |label| answers.labels.contains_key(&label);
        self.home.each_newest(self.here, &wanted, &mut |one| {
            let object_type = counted.number(one.object_type);
            let Some(both) = answers.of.get(&(one.label, object_type)) else { return Ok(()) };
            let (old, new) = (both.old.at_once(), both.new.at_once());
            let more = !new.without(old).without(one.released).is_empty();
            if waiting.remove(&one.seq) || more {
                let (seq, label, released) = (one.seq, one.label, one.released);
                candidates.each.push(Candidate { seq, label, object_type, released, old, new });
            }
            Ok(())
        })?;
        for seq in waiting {
            let put = self.home.put(seq)?;
            let versions = self.home.versions(put.key())?;
            let own = versions.iter().rfind(|known| known.bringer == self.here);
            let Some(own) = own.filter(|known| known.seq == seq) else { continue };
            let label = self.label_of(put.label, &[]);
            let ask = |policy| self.ask_under(policy, &label, &put.object_type, at).at_once();
            candidates.each.push(Candidate {
                seq,
                label: put.label,
                object_type: counted.number(&put.object_type),
                released: own.released,
                old: ask(old),
                new: ask(new),
            });
        }
        Ok(candidates)
    }

    fn read_mentions(&self, candidates: &mut Candidates) -> Result<(), IntakeError> {
        for (place, one) in candidates.each.iter().enumerate() {
            let put = self.home.put(one.seq)?;
            candidates.places.entry((put.brought_by, put.key())).or_default().push(place);
            let ids =
                mentioned(&put.bytes).map_err(|_| IntakeError::NoObject(put.uuid.to_string()))?;
            candidates.mentions.push(ids.iter().map(OwnedId::key).collect());
        }
        Ok(())
    }

    /// Who would have each candidate under a policy, what it mentions considered.
    fn fixpoint(
        &mut self,
        candidates: &Candidates,
        policy: &Arc<Policies>,
        own: impl Fn(&Candidate) -> PartnerSet,
    ) -> Result<Vec<PartnerSet>, IntakeError> {
        // What a party is called is public, and a programme says who is one.
        let parties = std::mem::replace(&mut self.parties, party_keys(policy));
        let policies = std::mem::replace(&mut self.policies, policy.clone());
        let ids = self.mentioned_ids(candidates);
        (self.parties, self.policies) = (parties, policies);
        let (ids, of) = ids?;
        let own: Vec<PartnerSet> = candidates.each.iter().map(own).collect();
        Ok(releasable(&own, &ids, &of))
    }

    /// Who has each id that is mentioned, and which of them each candidate mentions.
    fn mentioned_ids(
        &mut self,
        candidates: &Candidates,
    ) -> Result<(Vec<Mentioned>, Vec<Vec<usize>>), IntakeError> {
        let (mut numbers, mut ids) = (FxHashMap::default(), Vec::new());
        let mut of = Vec::with_capacity(candidates.mentions.len());
        for keys in &candidates.mentions {
            let mut list = Vec::with_capacity(keys.len());
            for &key in keys {
                let number = match numbers.entry(key) {
                    Slot::Occupied(known) => *known.get(),
                    Slot::Vacant(fresh) => {
                        let batch =
                            Batch { candidates: &[], here: &candidates.places, labels: &[] };
                        ids.push(self.mentioned(key, self.here, batch)?);
                        *fresh.insert(ids.len() - 1)
                    }
                };
                list.push(number);
            }
            of.push(list);
        }
        Ok((ids, of))
    }
}

impl ReleaseChange {
    /// Whether somebody would have more than now.
    pub fn is_more(self) -> bool {
        match self {
            Self::More | Self::MoreOnApproval(_) => true,
            Self::MoreWithheld
            | Self::OtherApproval(..)
            | Self::NeedsApproval(_)
            | Self::Less
            | Self::LessNewer => false,
        }
    }

    /// Its name for programs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::More => "more",
            Self::MoreWithheld => "more-withheld",
            Self::MoreOnApproval(_) => "more-on-approval",
            Self::OtherApproval(..) => "other-approval",
            Self::NeedsApproval(_) => "needs-approval",
            Self::Less => "less",
            Self::LessNewer => "less-newer",
        }
    }
}
