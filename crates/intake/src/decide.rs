//! The rule, asked for objects: who receives a label, why, and what an import would do.

use std::collections::BTreeMap;

use entente_log::entry::LabelNumber;
use entente_object::id::{IdKey, OwnedId};
use entente_object::time::Timestamp;
use entente_release::approval::{Approval, ApprovalState, Subject, weigh};
use entente_release::decide::{
    Condition, Decision, Mentions, Outcome as Held, Provenance, Question, decide, explain,
};
use entente_release::label::Fault;
use entente_release::policy::{Policy as _, Recipients, World, recipients};
use entente_release::{Label, Nation, NationSet, PartnerIndex, PartnerSet, label_marking};
use entente_store::Known;
use rustc_hash::FxHashMap;
use sha2::{Digest as _, Sha256};

use crate::acts::{ApprovalAct, ImportAct, UserAct, kind};
use crate::desk::{Desk, IntakeError, every, latest};
use crate::prepare::mentioned;
use crate::take::{Batch, Places};

/// Why one partner may or may not have one object.
#[derive(Clone, Debug)]
pub struct Explanation {
    /// The object's id.
    pub id: String,
    /// Its label, as displayed.
    pub label: String,
    /// The partner.
    pub partner: Nation,
    /// The answer.
    pub decision: Decision,
    /// Each condition.
    pub conditions: [(Condition, Held); 12],
    /// The clause of the programme that permits it, if one does.
    pub clause: Option<String>,
    /// Whether the partner has it.
    pub released: bool,
    /// The ids that it mentions and of which the partner has no version, or that are not here.
    pub withheld: Vec<OwnedId>,
}

/// How many objects of a label go to whom.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// By label as displayed, object type and recipients: how many.
    pub groups: BTreeMap<Group, u64>,
    /// Of each group that was previewed, why the other partners are not among its recipients.
    pub others: BTreeMap<Group, BTreeMap<String, NationSet>>,
}

/// Objects that are told of together: their label as displayed, their type, and who receives them.
pub type Group = (String, String, Vec<Nation>);

/// The rule's answer for a label and type.
#[derive(Clone, Debug)]
pub(crate) struct Decided {
    pub(crate) recipients: Recipients,
    /// Who may have it when its time has come, or a marking is known.
    pub(crate) later: PartnerSet,
    /// When its time comes, in microseconds since 1970.
    pub(crate) again_at: Option<i64>,
}

impl Decided {
    fn holds(&self, now: Timestamp) -> bool {
        let steady = self.recipients.steady();
        steady.not_before.is_none_or(|from| from <= now)
            && steady.not_after.is_none_or(|until| now < until)
    }
}

impl Desk {
    /// What the rule says of objects of a label and type made here; asked once for each.
    pub(crate) fn decided(
        &mut self,
        number: LabelNumber,
        object_type: &str,
        now: Timestamp,
        label: impl FnOnce() -> Label,
    ) -> Decided {
        let known = self.decided.entry(number).or_default();
        let known = known.iter().find(|(name, decided)| name == object_type && decided.holds(now));
        if let Some((_, decided)) = known {
            return decided.clone();
        }
        let decided = self.decide_label(&label(), object_type, now);
        let list = self.decided.entry(number).or_default();
        list.retain(|(name, _)| name != object_type);
        list.push((object_type.to_owned(), decided.clone()));
        decided
    }

    fn decide_label(&self, label: &Label, object_type: &str, now: Timestamp) -> Decided {
        let everybody = |answer: &Recipients| {
            let waiting = answer.on_approval().iter().map(|(partner, _)| *partner);
            answer.at_once().union(waiting.collect())
        };
        let mut later = PartnerSet::NONE;
        let again_at = label.window.not_before.filter(|from| *from > now);
        if let Some(from) = again_at {
            later = later.union(everybody(&self.ask(label, object_type, from)));
        }
        if label.faults.iter().any(|fault| fault == Fault::UnknownMarking) {
            let faults = label.faults.without(Fault::UnknownMarking);
            let cleared = Label { faults, ..label.clone() };
            later = later.union(if says_nothing(label) {
                self.partners.iter().map(|partner| partner.index).collect()
            } else {
                everybody(&self.ask(&cleared, object_type, now))
            });
        }
        let again_at = again_at.map(Timestamp::unix_micros);
        Decided { recipients: self.ask(label, object_type, now), later, again_at }
    }

    /// Asks the rule for every partner.
    pub(crate) fn ask(&self, label: &Label, object_type: &str, now: Timestamp) -> Recipients {
        let world = World {
            here: self.here,
            partners: &self.partners,
            channel: &self.channel,
            policy: &*self.policies,
            now,
        };
        recipients(label, object_type, Provenance::Verified(self.here), &world)
    }

    /// The partners that may not have objects of a label and type at once, each with the first
    /// condition that fails. What an object mentions is not looked at.
    pub(crate) fn refusals(
        &self,
        label: &Label,
        object_type: &str,
    ) -> BTreeMap<PartnerIndex, String> {
        let now = self.now();
        let mut refusals = BTreeMap::new();
        for partner in &self.partners {
            let question = Question {
                label,
                provenance: Provenance::Verified(self.here),
                here: self.here,
                partner,
                channel: &self.channel,
                now,
                terms: &self.policies.terms(label, object_type, partner.nation, now),
                approval: ApprovalState::Missing,
                mentions: Mentions::Releasable,
            };
            if let Decision::Deny(condition, reason) = decide(&question) {
                let why = format!("condition {}: {reason}", condition.number());
                refusals.insert(partner.index, why);
            }
        }
        refusals
    }

    /// The nations of a set of partners.
    pub fn nations(&self, set: PartnerSet) -> NationSet {
        self.partners
            .iter()
            .filter(|partner| set.contains(partner.index))
            .map(|partner| partner.nation)
            .collect()
    }

    /// What a releaser would sign for an object, expiring at `expires`.
    pub fn subject(&self, object: u64, expires: Timestamp) -> Result<Subject, IntakeError> {
        let put = self.home.put(object)?;
        let at = usize::try_from(put.label).unwrap_or(usize::MAX);
        let interned = self.home.labels().get(at);
        let interned = interned.ok_or(entente_store::StoreError::Dangling("a label"))?;
        let answer = self.ask(&interned.label, &put.object_type, self.now());
        let waiting = answer.on_approval().iter().map(|(partner, _)| *partner);
        let set = answer.at_once().union(waiting.collect());
        Ok(Subject {
            object: put.digest,
            label: Sha256::digest(label_marking::to_stix(&interned.label)).into(),
            recipients: self.nations(set),
            policy: self.policies.version(),
            expires,
        })
    }

    /// The nations that have what went out last of an object before one of its versions: the newest
    /// earlier version of the same nation's that anybody has. Nothing if none went out.
    pub fn last_released(
        &self,
        known: &Known,
        key: IdKey,
    ) -> Result<Option<NationSet>, IntakeError> {
        let versions = self.home.versions(key)?;
        let earlier = |other: &&Known| {
            other.bringer == known.bringer
                && (other.version, other.seq) < (known.version, known.seq)
                && !other.released.is_empty()
        };
        let last = versions.iter().filter(earlier).max_by_key(|other| (other.version, other.seq));
        Ok(last.map(|last| self.nations(last.released)))
    }

    /// What the approvals recorded for an object amount to now.
    pub fn approval(&self, object: u64) -> Result<ApprovalState, IntakeError> {
        let now = self.now();
        let approvals = self.approvals_of(object)?;
        if approvals.is_empty() {
            return Ok(ApprovalState::Missing);
        }
        let subject = self.subject(object, now)?;
        let author = self.author(object)?;
        Ok(weigh(&subject, &approvals, author.as_deref(), now))
    }

    /// The approvals recorded for an object whose signatures verify. All are read and verified once.
    fn approvals_of(&self, object: u64) -> Result<Vec<Approval>, IntakeError> {
        let mut known = self.approvals.borrow_mut();
        if known.is_none() {
            let mut all: FxHashMap<u64, Vec<Approval>> = FxHashMap::default();
            for act in every::<ApprovalAct>(&self.home, kind::APPROVAL)? {
                all.entry(act.object).or_default().extend(read_approval(&act));
            }
            *known = Some(all);
        }
        Ok(known.as_ref().and_then(|all| all.get(&object)).cloned().unwrap_or_default())
    }

    /// Who brought an object, if a person said so. An object that was appended anew under another
    /// label is still whose it was.
    fn author(&self, object: u64) -> Result<Option<String>, IntakeError> {
        let put = self.home.put(object)?;
        let mut first = object;
        for known in self.home.versions(put.key())? {
            if known.bringer == put.brought_by && self.home.digest(known.seq)? == put.digest {
                first = first.min(known.seq);
            }
        }
        let imports = latest(&self.home, kind::IMPORT, |act: &ImportAct| act.first)?;
        let import = imports.into_iter().find(|act| (act.first..act.end).contains(&first));
        Ok(import.map(|act| act.author))
    }

    /// Records a releaser's approval of an object, and releases what it suffices for. The signature
    /// must be by a releaser of this nation, over the subject as it is now.
    pub fn approve(&mut self, act: &ApprovalAct) -> Result<u64, IntakeError> {
        // Its label may follow what came since it waits: whoever signs must have seen that.
        self.decide_again()?;
        let put = self.home.put(act.object)?;
        let versions = self.home.versions(put.key())?;
        let newest = versions.iter().rfind(|known| known.bringer == put.brought_by);
        if newest.is_none_or(|newest| newest.seq != act.object) {
            return Err(IntakeError::Approval("it is for another state of the object: look again"));
        }
        let users = latest(&self.home, kind::USER, |user: &UserAct| user.name.clone())?;
        let releaser = users.into_iter().find(|user| user.name == act.releaser && user.active);
        let releaser = releaser.ok_or(IntakeError::Approval("there is no such person here"))?;
        if !releaser.roles.iter().any(|role| role == "releaser") || releaser.key != act.key {
            return Err(IntakeError::Approval("the person is not a releaser with that key"));
        }
        if self.author(act.object)?.as_deref() == Some(act.releaser.as_str()) {
            return Err(IntakeError::Approval("nobody approves what they brought themselves"));
        }
        let approval = read_approval(act);
        let approval = approval.ok_or(IntakeError::Approval("the signature does not verify"))?;
        if approval.subject != self.subject(act.object, approval.subject.expires)? {
            return Err(IntakeError::Approval("it is for another state of the object: look again"));
        }
        self.record(kind::APPROVAL, act)?;
        self.decide_again()
    }

    /// Explains why a partner may or may not have an object's newest version.
    pub fn explain(&mut self, id: &str, nation: Nation) -> Result<Explanation, IntakeError> {
        let known = self.newest(id)?;
        let put = self.home.put(known.seq)?;
        let partner = self.partner(nation)?.partner.clone();
        let at = usize::try_from(put.label).unwrap_or(usize::MAX);
        let label = self.home.labels().get(at).map(|interned| interned.label.clone());
        let label = label.ok_or(entente_store::StoreError::Dangling("a label"))?;
        let now = self.now();
        let mentions = mentioned(&put.bytes).map_err(|_| IntakeError::NoObject(id.to_owned()))?;
        let mut withheld = Vec::new();
        let batch = Batch { candidates: &[], here: &Places::default(), labels: &[] };
        for mention in mentions {
            let id = self.mentioned(mention.key(), known.bringer, batch)?;
            if !id.before.contains(partner.index) {
                withheld.push(mention);
            }
        }
        let terms = self.policies.terms(&label, &put.object_type, nation, now);
        let question = Question {
            label: &label,
            provenance: Provenance::Verified(known.bringer),
            here: self.here,
            partner: &partner,
            channel: &self.channel,
            now,
            terms: &terms,
            approval: self.approval(known.seq)?,
            mentions: if withheld.is_empty() { Mentions::Releasable } else { Mentions::Withheld },
        };
        let clause = match &terms {
            entente_release::decide::Terms::Permit { clause, .. } => Some(clause.to_string()),
            entente_release::decide::Terms::Refuse { .. } => None,
        };
        Ok(Explanation {
            id: id.to_owned(),
            label: label.to_string(),
            partner: nation,
            decision: decide(&question),
            conditions: explain(&question),
            clause,
            released: known.released.contains(partner.index),
            withheld,
        })
    }
}

/// Whether nobody has labelled the object, as far as is known: whoever is named by the marking that
/// is not here yet may have it then. Exact, so that nothing that was put on it is forgotten.
pub(crate) fn says_nothing(label: &Label) -> bool {
    let alone = Label::originator_alone(label.originator);
    *label == Label { faults: label.faults, ..alone }
}

/// An approval whose signature verifies.
fn read_approval(act: &ApprovalAct) -> Option<Approval> {
    let subject = Subject {
        object: unhex(&act.digest)?.try_into().ok()?,
        label: unhex(&act.label)?.try_into().ok()?,
        recipients: act.recipients.iter().map(|code| code.parse().ok()).collect::<Option<_>>()?,
        policy: entente_release::policy::PolicyVersion(unhex(&act.policy)?.try_into().ok()?),
        expires: Timestamp::from_unix_micros(act.expires),
    };
    let signature = unhex(&act.signature)?;
    entente_log::key::verify_bytes(&act.key, &subject.to_bytes(), &signature)
        .then(|| Approval { releaser: act.releaser.clone(), subject })
}

/// Hexadecimal text as bytes.
pub(crate) fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits = text.as_bytes().chunks_exact(2);
    if !digits.remainder().is_empty() {
        return None;
    }
    digits
        .map(|pair| std::str::from_utf8(pair).ok().and_then(|two| u8::from_str_radix(two, 16).ok()))
        .collect()
}

/// Bytes as hexadecimal text.
pub fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _infallible = write!(text, "{byte:02x}");
        text
    })
}
