//! A small world for tests: Korea's node, a few partners, two areas of one programme.
//!
//! Invariant: [`Situation::all_holds`] meets every condition; a test changes what it is about.

use std::collections::BTreeSet;

use entente_object::marking::Tlp;
use entente_object::time::Timestamp;
use entente_release::approval::ApprovalState;
use entente_release::decide::{Clause, Mentions, Provenance, Question, Terms};
use entente_release::label::{Faults, PermittedActions, Under, Window};
use entente_release::partner::{Channel, Standing, Subscription};
use entente_release::{Label, Nation, NationSet, Partner, PartnerIndex};
use proptest::test_runner::Config;

/// The time of most tests.
pub(crate) const NOW: i64 = 1_000;

pub(crate) const CYBER: &str = "itpp/cyber";
pub(crate) const SPACE: &str = "itpp/space";

pub(crate) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_unix_micros(seconds * 1_000_000)
}

pub(crate) fn window(not_before: Option<i64>, not_after: Option<i64>) -> Window {
    Window { not_before: not_before.map(at), not_after: not_after.map(at) }
}

pub(crate) fn nation(code: &str) -> Nation {
    code.parse().unwrap()
}

/// Of `EST POL`.
pub(crate) fn nations(codes: &str) -> NationSet {
    codes.split_whitespace().map(nation).collect()
}

/// Of names of any kind: caveats, exercises.
pub(crate) fn names<T: std::str::FromStr + Ord>(names: &[&str]) -> BTreeSet<T> {
    let parse = |name: &&str| name.parse().ok().unwrap();
    names.iter().map(parse).collect()
}

/// Of `programme/area`.
pub(crate) fn unders(names: &[&str]) -> BTreeSet<Under> {
    let under = |name: &&str| {
        let (programme, area) = name.split_once('/').unwrap();
        Under { programme: programme.parse().unwrap(), area: area.parse().unwrap() }
    };
    names.iter().map(under).collect()
}

/// Operations where the name is empty.
pub(crate) fn channel(exercise: &str) -> Channel {
    Channel { exercise: (!exercise.is_empty()).then(|| exercise.parse().unwrap()) }
}

pub(crate) fn index(number: u8) -> PartnerIndex {
    PartnerIndex::new(number).unwrap()
}

/// A label of Korea's for Estonia.
pub(crate) fn label() -> Label {
    Label {
        originator: Nation::KOR,
        tlp: Tlp::Amber,
        rel_to: nations("EST"),
        under: unders(&[CYBER]),
        caveats: BTreeSet::new(),
        actions: PermittedActions::InternallyVisible,
        exercise: None,
        window: Window::default(),
        onward: false,
        faults: Faults::NONE,
    }
}

/// An active partner who takes everything.
pub(crate) fn partner(number: u8, code: &str) -> Partner {
    Partner {
        index: index(number),
        nation: nation(code),
        standing: Standing::Active,
        credential: window(Some(0), Some(1_000_000)),
        caveats: BTreeSet::new(),
        exercises: BTreeSet::new(),
        subscription: Subscription::Everything,
    }
}

pub(crate) fn permit(releasers: u8) -> Terms {
    Terms::Permit { clause: clause(), releasers }
}

pub(crate) fn clause() -> Clause {
    Clause("itpp, area cyber, terms 1".to_owned())
}

/// What a [`Question`] borrows from.
#[derive(Clone, Debug)]
pub(crate) struct Situation {
    pub(crate) label: Label,
    pub(crate) provenance: Provenance,
    pub(crate) here: Nation,
    pub(crate) partner: Partner,
    pub(crate) channel: Channel,
    pub(crate) now: Timestamp,
    pub(crate) terms: Terms,
    pub(crate) approval: ApprovalState,
    pub(crate) mentions: Mentions,
}

impl Situation {
    pub(crate) fn all_holds() -> Self {
        Self {
            label: label(),
            provenance: Provenance::Verified(Nation::KOR),
            here: Nation::KOR,
            partner: partner(0, "EST"),
            channel: Channel::default(),
            now: at(NOW),
            terms: permit(0),
            approval: ApprovalState::Missing,
            mentions: Mentions::Releasable,
        }
    }

    pub(crate) fn question(&self) -> Question<'_> {
        Question {
            label: &self.label,
            provenance: self.provenance,
            here: self.here,
            partner: &self.partner,
            channel: &self.channel,
            now: self.now,
            terms: &self.terms,
            approval: self.approval,
            mentions: self.mentions,
        }
    }
}

/// So many cases, or as many as the variable `PROPTEST_CASES` says.
pub(crate) fn cases(many: u32) -> Config {
    let config = Config::default();
    if std::env::var_os("PROPTEST_CASES").is_some() {
        config
    } else {
        Config { cases: many, ..config }
    }
}
