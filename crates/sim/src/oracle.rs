//! What each nation may have, by a reading of its own: this file shares no code with the rule.
//!
//! It knows what people did: who made which object, under which label, and what was taken back. From
//! that it says who may ever have had an object, and who must have it when all is quiet.

use std::collections::{BTreeMap, BTreeSet};

/// An object as its maker labelled it.
#[derive(Clone, Debug)]
pub(crate) struct Made {
    /// The word that stands in it and in nothing else.
    pub(crate) canary: String,
    /// Its id.
    pub(crate) id: String,
    /// Its maker.
    pub(crate) by: String,
    /// Whom it names.
    pub(crate) rel_to: BTreeSet<String>,
    /// Whether it is TLP:RED, or above what its area carries.
    pub(crate) too_high: bool,
    /// Ids that it mentions.
    pub(crate) mentions: Vec<String>,
    /// Its number among all that were made.
    pub(crate) number: usize,
    /// When it was made, in the order of all that happened.
    pub(crate) at: u64,
    /// Exactly what was brought.
    pub(crate) bytes: Vec<u8>,
}

/// What people did.
#[derive(Clone, Debug, Default)]
pub(crate) struct Oracle {
    pub(crate) made: Vec<Made>,
    /// Recalls: when, of which id, from whom.
    pub(crate) recalled: Vec<(u64, String, String)>,
    /// Revocations: when, by whom, of whom.
    pub(crate) revoked: Vec<(u64, String, String)>,
    /// Suspensions that last: by whom, of whom.
    pub(crate) suspended: BTreeSet<(String, String)>,
    /// Between whom the programmes have terms.
    pub(crate) terms: BTreeSet<(String, String)>,
}

/// What one nation may and must have, by the place of the object among those made.
#[derive(Clone, Debug)]
pub(crate) struct Due {
    pub(crate) may: Vec<bool>,
    pub(crate) must: Vec<bool>,
}

impl Oracle {
    /// What `to` may ever have had: named, permitted, and of everything that an object mentions some
    /// version too. And what it must have when all is quiet: what surely was released to it, if nobody
    /// was shut out and it was not taken back. What waits is replaced by a newer version.
    pub(crate) fn due(&self, to: &str) -> Due {
        let may = self.closed(|made| self.is_named(made, to));
        let must = self.closed(|made| {
            let newer = |one: &Made| one.id == made.id && one.number > made.number;
            let back = |(_, id, from): &(u64, String, String)| *id == made.id && from == to;
            self.is_named(made, to)
                && !self.is_shut(&made.by, to)
                && !self.recalled.iter().any(back)
                && !self.made.iter().any(newer)
        });
        Due { may, must }
    }

    fn is_named(&self, made: &Made, to: &str) -> bool {
        made.by != to
            && made.rel_to.contains(to)
            && !made.too_high
            && self.terms.contains(&(made.by.clone(), to.to_owned()))
    }

    /// Whether one of two nations has shut the other out.
    pub(crate) fn is_shut(&self, one: &str, other: &str) -> bool {
        let out = |by: &str, of: &str| {
            self.revoked.iter().any(|(_, b, o)| b == by && o == of)
                || self.suspended.contains(&(by.to_owned(), of.to_owned()))
        };
        out(one, other) || out(other, one)
    }

    /// The most objects of which each is `alone` and mentions only ids of which some version is among
    /// them.
    fn closed(&self, alone: impl Fn(&Made) -> bool) -> Vec<bool> {
        let mut all: Vec<bool> = self.made.iter().map(alone).collect();
        loop {
            let has = |id: &String, by: &String| {
                let versions = self.made.iter().zip(&all);
                let mut versions = versions.filter(|(one, in_it)| **in_it && one.id == *id);
                versions.any(|(one, _)| one.by == *by)
            };
            let keeps = |(made, in_it): (&Made, &bool)| {
                *in_it && made.mentions.iter().all(|id| has(id, &made.by))
            };
            let next: Vec<bool> = self.made.iter().zip(&all).map(keeps).collect();
            if next == all {
                return all;
            }
            all = next;
        }
    }

    /// The objects by their words, with their places.
    pub(crate) fn by_canary(&self) -> BTreeMap<&str, (usize, &Made)> {
        let placed = self.made.iter().enumerate();
        placed.map(|(place, made)| (made.canary.as_str(), (place, made))).collect()
    }
}
