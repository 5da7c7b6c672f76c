//! All that nations said, put together.
//!
//! Invariants:
//! * The picture does not depend on the order in which objects came.
//! * Of each object the newest version counts that a legal chain of steps leads to; a version that breaks
//!   the chain is a fault, and is shown as one.
//! * Nobody changes what another nation said: an object of an id counts only from the nation that this node
//!   has it from first; ids are random, so nobody else can be first.

use std::collections::BTreeMap;

use entente_object::time::Timestamp;
use entente_release::Nation;

use crate::agreement::{Agreement, weigh};
use crate::content::{Alert, Assistance, Content, Contribution, Proposal, SignOff};
use crate::filed::{Filed, Said};
use crate::steps::{IllegalStep, Steps};
use crate::terms::ProposalState;

/// All that nations said.
#[derive(Clone, Debug, Default)]
pub struct Picture {
    /// Of each object its versions, the oldest first.
    objects: BTreeMap<String, Vec<Filed>>,
    /// Until when nothing of a nation's node can be on its way any more.
    heard: BTreeMap<Nation, Timestamp>,
}

/// A version that may not follow the one before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The object.
    pub id: String,
    /// Whose.
    pub by: Nation,
    /// Which version.
    pub modified: Timestamp,
    /// Why.
    pub why: IllegalStep,
}

impl Picture {
    /// Adds what was said.
    pub fn add(&mut self, filed: Filed) {
        let versions = self.objects.entry(filed.id.clone()).or_default();
        let key = |one: &Filed| (one.modified, one.by, one.place.digest);
        match versions.binary_search_by_key(&key(&filed), key) {
            // The same again, perhaps under a narrower label: the newer place counts.
            Ok(at) => {
                if let Some(before) = versions.get_mut(at) {
                    if filed.place.seq > before.place.seq {
                        before.place.label = filed.place.label;
                    }
                    before.place.seq = before.place.seq.min(filed.place.seq);
                    before.place.given = before.place.given.min(filed.place.given);
                }
            }
            Err(at) => versions.insert(at, filed),
        }
    }

    /// Takes out what its maker took back: the version with these bytes.
    pub fn take_back(&mut self, id: &str, by: Nation, digest: &[u8; 32]) {
        if let Some(versions) = self.objects.get_mut(id) {
            versions.retain(|one| one.by != by || one.place.digest != *digest);
            if versions.is_empty() {
                self.objects.remove(id);
            }
        }
    }

    /// Notes until when nothing of a nation's node can be on its way any more.
    pub fn hear(&mut self, nation: Nation, until: Timestamp) {
        let heard = self.heard.entry(nation).or_insert(until);
        *heard = (*heard).max(until);
    }

    /// The version of an object that counts.
    pub fn get(&self, id: &str) -> Option<&Filed> {
        chain(self.objects.get(id)?).0
    }

    /// The version that counts of every object, in the order of their ids.
    pub fn objects(&self) -> impl Iterator<Item = &Filed> {
        self.objects.values().filter_map(|versions| chain(versions).0)
    }

    /// All versions of an object, the oldest first.
    pub fn versions(&self, id: &str) -> &[Filed] {
        self.objects.get(id).map_or(&[], Vec::as_slice)
    }

    /// Every object that says a `T`, in the order in which they were made.
    pub fn all<T: Said>(&self) -> Vec<(&Filed, &T)> {
        let newest = self.objects.values().filter_map(|versions| chain(versions).0);
        let mut all: Vec<(&Filed, &T)> = newest
            .filter(|filed| !filed.revoked)
            .filter_map(|filed| Some((filed, filed.says::<T>()?)))
            .collect();
        all.sort_by_key(|(filed, _)| (filed.created, filed.id.as_str()));
        all
    }

    /// The object of this id, if it says a `T`.
    pub fn one<T: Said>(&self, id: &str) -> Option<(&Filed, &T)> {
        let filed = self.get(id)?;
        Some((filed, filed.says::<T>()?))
    }

    /// The objects whose id begins so, or that are called so: what a person may have meant.
    pub fn meant(&self, text: &str) -> Vec<&Filed> {
        let uuid =
            |id: &str| id.split_once("--").map_or(String::new(), |(_, uuid)| uuid.to_owned());
        let newest = self.objects.values().filter_map(|versions| chain(versions).0);
        newest.filter(|one| one.id == text || uuid(&one.id).starts_with(text)).collect()
    }

    /// What the sign-offs of a proposal come to.
    pub fn agreement(&self, id: &str, now: Timestamp) -> Option<Agreement> {
        let (filed, proposal) = self.one::<Proposal>(id)?;
        let sign_offs: Vec<&Filed> = self.sign_offs_of(id);
        Some(weigh(filed, proposal, &sign_offs, &self.heard, now))
    }

    /// Every sign-off of a proposal, over whatever text.
    pub fn sign_offs_of(&self, proposal: &str) -> Vec<&Filed> {
        let of = |filed: &&Filed| {
            filed.says::<SignOff>().is_some_and(|said| said.proposal_ref == proposal)
        };
        self.objects.values().flatten().filter(of).collect()
    }

    /// What was said about an object, the oldest first.
    pub fn about(&self, id: &str) -> Vec<(&Filed, &Contribution)> {
        let mut all = self.all::<Contribution>();
        all.retain(|(_, said)| said.subject_ref == id);
        all
    }

    /// Other proposals that amend the same text as this one: nations that amended it at once.
    pub fn amended_at_once(&self, id: &str) -> Vec<(&Filed, &Proposal)> {
        let Some(replaced) =
            self.one::<Proposal>(id).and_then(|(_, said)| said.replaces_ref.clone())
        else {
            return Vec::new();
        };
        let mut all = self.all::<Proposal>();
        all.retain(|(filed, said)| filed.id != id && said.replaces_ref.as_ref() == Some(&replaced));
        all
    }

    /// Every version that may not follow the one before.
    pub fn faults(&self) -> Vec<Fault> {
        self.objects.values().flat_map(|versions| chain(versions).1).collect()
    }
}

/// The newest version that a legal chain leads to, and the versions that break it.
fn chain(versions: &[Filed]) -> (Option<&Filed>, Vec<Fault>) {
    let (mut newest, mut faults): (Option<&Filed>, Vec<Fault>) = (None, Vec::new());
    let maker = versions.iter().min_by_key(|version| version.place.seq).map(|first| first.by);
    for version in versions.iter().filter(|version| Some(version.by) == maker) {
        let before = newest.map(|before| &before.content);
        match follows(before, &version.content) {
            Ok(()) => newest = Some(version),
            Err(why) => faults.push(Fault {
                id: version.id.clone(),
                by: version.by,
                modified: version.modified,
                why,
            }),
        }
    }
    (newest, faults)
}

/// Whether a content may follow another one of the same object.
pub fn follows(before: Option<&Content>, after: &Content) -> Result<(), IllegalStep> {
    fn step<S: Steps, T: Said>(
        before: Option<&Content>,
        after: &T,
        state: fn(&T) -> S,
    ) -> Result<(), IllegalStep> {
        S::step(before.and_then(T::of).map(state), state(after))
    }
    match after {
        Content::Consultation(after) => step(before, after, |said| said.state),
        Content::Proposal(after) => {
            step(before, after, |said| said.state)?;
            let before = before.and_then(Proposal::of);
            before
                .filter(|said| said.state != ProposalState::Draft)
                .map_or(Ok(()), |before| asks_the_same(before, after))
        }
        Content::Activity(after) => step(before, after, |said| said.state),
        Content::Recognition(after) => step(before, after, |said| said.state),
        Content::Capability(after) => step(before, after, |said| said.state),
        Content::Situation(after) => step(before, after, |said| said.state),
        // Its words may be put better; what it is may not change after others have acted on it.
        Content::Alert(after) => {
            let before = before.and_then(Alert::of).map(|said| said.status.as_str());
            stays("an alert", before, &after.status)
        }
        Content::Assistance(after) => {
            let as_sent = |said: &Assistance| {
                let answer = said.answer.map_or("", |answer| answer.as_str());
                let to = said.addressed_to.iter().map(|nation| nation.to_string());
                let to = to.collect::<Vec<_>>().join(" ");
                let of = said.originating_ref.as_deref().unwrap_or("");
                let before = said.preceding_ref.as_deref().unwrap_or("");
                [said.message.as_str(), answer, of, before, &to]
                    .into_iter()
                    .filter(|part| !part.is_empty())
                    .collect::<Vec<_>>()
                    .join(" ")
            };
            let before = before.and_then(Assistance::of).map(as_sent);
            stays("a message of assistance", before.as_deref(), &as_sent(after))
        }
        Content::SignOff(_)
        | Content::Contribution(_)
        | Content::Commitment(_)
        | Content::Actual(_)
        | Content::Assessment(_)
        | Content::WorkingGroup(_) => Ok(()),
    }
}

/// Refuses to ask others, or for something else, once nations may have answered: a sign-off is over the text
/// alone. More time may be given, never less.
fn asks_the_same(before: &Proposal, after: &Proposal) -> Result<(), IllegalStep> {
    let asked = |said: &Proposal| {
        let parties: Vec<String> = said.parties.iter().map(|nation| nation.to_string()).collect();
        let from =
            said.valid_from.map_or(String::new(), |from| format!(" from {}", from.to_stix()));
        format!("a {} by {} of {}{from}", said.kind, said.procedure, parties.join(", "))
    };
    stays("a proposal", Some(&asked(before)), &asked(after))?;
    match (before.deadline, after.deadline) {
        (Some(old), Some(new)) if new >= old => Ok(()),
        (None, _) => Ok(()),
        (Some(old), new) => Err(IllegalStep {
            of: "a deadline",
            from: Some(old.to_stix()),
            to: new.map_or("none".to_owned(), Timestamp::to_stix),
            legal: vec!["the same or later".to_owned()],
        }),
    }
}

/// Refuses another value than before.
fn stays(of: &'static str, before: Option<&str>, after: &str) -> Result<(), IllegalStep> {
    match before {
        Some(before) if before != after => Err(IllegalStep {
            of,
            from: Some(before.to_owned()),
            to: after.to_owned(),
            legal: vec![before.to_owned()],
        }),
        Some(_) | None => Ok(()),
    }
}

#[cfg(test)]
mod tests;
