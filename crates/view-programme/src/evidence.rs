//! What an indicator came to, computed from what really happened here.
//!
//! Invariants:
//! * The same log, programme and time give the same value: nothing is estimated.
//! * What nothing measures, and what there was no occasion for, has no value: never a zero that looks
//!   measured.
//! * A pointer names an object by its digest alone. Places in ledgers are left out: they would tell
//!   everybody who reads the actual how much a partner was given.
//! * What is counted is held as one bit for each entry of the log, and ten pointers; of times, one number
//!   for each.
//!
//! What each query counts: docs/formats/cooperation.md.

mod given;
mod said;
mod sighted;

use std::collections::BTreeSet;
use std::time::Duration;

use entente_cooperation::Picture;
use entente_cooperation::content::Evidence as Pointer;
use entente_cooperation::sign_off::hex;
use entente_intake::{Desk, IntakeError};
use entente_object::time::Timestamp;
use entente_programme::{Area, Evidence, Indicator, Period, Programme, Quantity, Query, Statistic};
use entente_release::label::Under;
use entente_release::{Nation, PartnerIndex};

/// So many pointers an actual has at most: enough to look at, 2 KB.
pub const POINTERS_MAX: usize = 10;

/// What is asked: an indicator of an area in a period.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// The programme.
    pub programme: &'a Programme,
    /// Its area.
    pub area: &'a Area,
    /// The indicator.
    pub indicator: &'a Indicator,
    /// From its first day to its last.
    pub period: Period,
}

/// What an indicator came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Measured {
    /// How much, in the indicator's unit; none: nothing shows it.
    pub value: Option<Quantity>,
    /// By how many entries it is supported.
    pub supported_by: u64,
    /// Some of them.
    pub pointers: Vec<Pointer>,
    /// Why there is no value.
    pub why_none: Option<&'static str>,
}

/// Where and when it is looked.
pub(crate) struct Scope<'a> {
    desk: &'a Desk,
    picture: &'a Picture,
    asked: Asked<'a>,
    evidence: &'a Evidence,
    under: Under,
    /// The area as views name it.
    name: String,
    /// The period's first moment, in microseconds since 1970.
    from: i64,
    /// The moment after its last.
    until: i64,
    now: i64,
}

/// What was found.
#[derive(Default)]
pub(crate) struct Tally {
    /// What counts.
    done: u64,
    /// What could have counted.
    all: u64,
    /// How long each took, in microseconds.
    times: Vec<i64>,
    /// When, and what: the first few.
    pointers: BTreeSet<(i64, [u8; 32], String)>,
}

/// An object that may be pointed to.
pub(crate) type At = (i64, u64);

/// Computes what an indicator came to in a period.
pub fn measure(desk: &Desk, picture: &Picture, asked: Asked<'_>) -> Result<Measured, IntakeError> {
    let Some(evidence) = &asked.indicator.evidence else {
        return Ok(Measured::none("people enter it"));
    };
    let (Some(from), Some(until)) = (asked.period.from.start(), asked.period.until.end()) else {
        return Ok(Measured::none("its period is beyond the calendar"));
    };
    let under = Under { programme: asked.programme.id().clone(), area: asked.area.id.clone() };
    let scope = Scope {
        desk,
        picture,
        asked,
        evidence,
        name: under.to_string(),
        under,
        from: from.unix_micros(),
        until: until.unix_micros(),
        now: desk.now().unix_micros(),
    };
    let tally = match evidence.query {
        Query::Released => given::released(&scope)?,
        Query::SightingToRelease => given::sighting_to_release(&scope)?,
        Query::Reports => given::reports(&scope)?,
        Query::Confirmations => sighted::confirmations(&scope)?,
        Query::RequestsAnswered => said::requests(&scope),
        Query::Exercises => said::exercises(&scope),
        Query::Activities => said::activities(&scope),
        Query::Consultations => said::consultations(&scope),
        Query::Commitments => said::commitments(&scope),
        Query::Recognitions => said::recognitions(&scope),
        Query::InjectsAnswered => {
            return Ok(Measured::none("nothing measures this yet: exercises are not kept here"));
        }
    };
    Ok(tally.measured(evidence.statistic, &asked.indicator.unit))
}

impl Measured {
    fn none(why: &'static str) -> Self {
        Self { value: None, supported_by: 0, pointers: Vec::new(), why_none: Some(why) }
    }
}

impl Scope<'_> {
    /// Whether what a nation gave, asked or did counts.
    fn counts(&self, nation: Nation) -> bool {
        self.evidence.from.as_ref().is_none_or(|from| from.contains(nation))
    }

    /// Whether what went to a nation counts.
    fn goes(&self, nation: Nation) -> bool {
        self.asked.programme.is_party(nation)
            && self.evidence.to.as_ref().is_none_or(|to| to.contains(nation))
    }

    /// The partners to whom what went counts.
    fn partners(&self) -> impl Iterator<Item = (PartnerIndex, Nation)> {
        let all = self.desk.partners().iter().map(|one| (one.partner.index, one.partner.nation));
        all.filter(|(_, nation)| self.goes(*nation))
    }

    /// Whether a moment is in the period.
    fn is_in(&self, at: i64) -> bool {
        (self.from..self.until).contains(&at)
    }

    /// The time within which something has to happen, in microseconds.
    fn within(&self) -> Option<i64> {
        self.evidence.within.map(micros)
    }

    /// Of each label, whether it is under the area.
    fn labels(&self) -> Vec<bool> {
        let labels = self.desk.home().labels().iter();
        labels
            .map(|one| one.label.exercise.is_none() && one.label.under.contains(&self.under))
            .collect()
    }
}

/// A time in microseconds.
fn micros(time: Duration) -> i64 {
    i64::try_from(time.as_micros()).unwrap_or(i64::MAX)
}

/// A moment in microseconds since 1970.
fn moment(time: Timestamp) -> i64 {
    time.unix_micros()
}

impl Tally {
    /// Counts something, and keeps it as a pointer if it is among the first.
    fn count(&mut self, at: i64, digest: [u8; 32], what: &str) {
        self.done += 1;
        self.all += 1;
        self.point(at, digest, what);
    }

    fn point(&mut self, at: i64, digest: [u8; 32], what: &str) {
        self.pointers.insert((at, digest, what.to_owned()));
        if self.pointers.len() > POINTERS_MAX {
            self.pointers.pop_last();
        }
    }

    fn measured(mut self, statistic: Statistic, unit: &str) -> Measured {
        let whole = |count: u64| i64::try_from(count).ok();
        let (value, supported_by) = match statistic {
            Statistic::Count => (whole(self.done).and_then(Quantity::whole), self.done),
            Statistic::Share => (share(self.done, self.all), self.done),
            Statistic::Median => {
                let half = self.times.len().saturating_sub(1) / 2;
                (self.time(half, unit), count(self.times.len()))
            }
            Statistic::Worst => {
                let last = self.times.len().saturating_sub(1);
                (self.time(last, unit), count(self.times.len()))
            }
        };
        let pointer = |(_, digest, what): (i64, [u8; 32], String)| Pointer {
            object_ref: None,
            object_sha256: Some(hex(&digest)),
            ledger: None,
            entry: None,
            url: None,
            description: Some(what),
        };
        Measured {
            value,
            supported_by,
            pointers: self.pointers.into_iter().map(pointer).collect(),
            why_none: value.is_none().then_some("there was no occasion for it"),
        }
    }

    /// The time at a place of those in order, in a unit, rounded up.
    fn time(&mut self, at: usize, unit: &str) -> Option<Quantity> {
        if at >= self.times.len() {
            return None;
        }
        let (_, time, _) = self.times.select_nth_unstable(at);
        let minute = 60_000_000_i64;
        let unit = match unit {
            "days" => minute * 60 * 24,
            "hours" => minute * 60,
            _ => minute,
        };
        let thousandths = i128::from(*time) * 1000;
        let up = (thousandths + i128::from(unit) - 1) / i128::from(unit);
        i64::try_from(up).ok().and_then(Quantity::from_thousandths)
    }
}

/// How many of a hundred, rounded down; none of nothing.
fn share(done: u64, all: u64) -> Option<Quantity> {
    let thousandths = (u128::from(done) * 100_000).checked_div(u128::from(all))?;
    i64::try_from(thousandths).ok().and_then(Quantity::from_thousandths)
}

fn count(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}

/// A digest that is written in hexadecimal.
pub(crate) fn digest(text: &str) -> Option<[u8; 32]> {
    let mut digest = [0; 32];
    if text.len() != 2 * digest.len() || !text.bytes().all(|c| c.is_ascii_hexdigit()) {
        return None;
    }
    for (at, byte) in digest.iter_mut().enumerate() {
        *byte = u8::from_str_radix(text.get(2 * at..2 * at + 2)?, 16).ok()?;
    }
    Some(digest)
}

/// Places of the log, as bits.
pub(crate) struct Places(Vec<u64>);

impl Places {
    /// Room for all that is here.
    fn of(desk: &Desk) -> Self {
        let words = desk.home().entries() / 64 + 1;
        Self(vec![0; usize::try_from(words).unwrap_or_default()])
    }

    /// Adds a place; whether it was not there.
    fn add(&mut self, seq: u64) -> bool {
        let bit = 1 << (seq % 64);
        let word = usize::try_from(seq / 64).ok().and_then(|at| self.0.get_mut(at));
        word.is_some_and(|word| {
            let is_new = *word & bit == 0;
            *word |= bit;
            is_new
        })
    }

    fn has(&self, seq: u64) -> bool {
        let word = usize::try_from(seq / 64).ok().and_then(|at| self.0.get(at));
        word.is_some_and(|word| word & (1 << (seq % 64)) != 0)
    }
}

/// The first few of what was counted by its place, until all are known.
#[derive(Default)]
pub(crate) struct First(BTreeSet<At>);

impl First {
    fn offer(&mut self, at: At) {
        if self.0.len() < POINTERS_MAX || self.0.last().is_some_and(|last| at < *last) {
            self.0.insert(at);
            if self.0.len() > POINTERS_MAX {
                self.0.pop_last();
            }
        }
    }

    /// Looks up what they are.
    fn point(self, desk: &Desk, tally: &mut Tally) -> Result<(), IntakeError> {
        for (at, seq) in self.0 {
            let put = desk.home().put(seq)?;
            tally.point(at, put.digest, &put.object_type);
        }
        Ok(())
    }
}
