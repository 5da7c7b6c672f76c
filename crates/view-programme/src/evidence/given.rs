//! What this nation gave, by the ledgers for its partners.
//!
//! Invariant: an object counts once, in whatever versions and to however many it was given; a delivery is
//! one version to one partner.

use entente_intake::IntakeError;
use rustc_hash::FxHashMap;

use super::{First, Places, Scope, Tally};

/// What an actual never counts: itself, and what is judged of it.
const SELF: [&str; 2] = ["entente-actual", "entente-assessment"];

/// What is counted as a report where the indicator names no types.
const REPORTS: [&str; 1] = ["report"];

/// Objects released under the area and acknowledged; deliveries of all that were due.
pub(super) fn released(scope: &Scope<'_>) -> Result<Tally, IntakeError> {
    let (mut tally, mut seen, mut first) =
        (Tally::default(), Places::of(scope.desk), First::default());
    let is_share = scope.evidence.statistic == entente_programme::Statistic::Share;
    if !scope.counts(scope.desk.here()) {
        return Ok(tally);
    }
    for (partner, nation) in scope.partners() {
        let receipts = scope.desk.acknowledged_since(nation, scope.from)?;
        for object_type in scope.desk.home().types_given(partner, &scope.name)? {
            if !counts_type(scope, &object_type) {
                continue;
            }
            let mut receipts = receipts.iter().peekable();
            let view = (partner, scope.name.as_str(), object_type.as_str());
            scope.desk.home().given(view, (scope.from, scope.until), &mut |given| {
                for one in given {
                    while receipts.next_if(|(until, _)| *until < one.added).is_some() {}
                    let took = receipts.peek().map(|(_, at)| at.saturating_sub(one.added));
                    let is_done =
                        took.is_some_and(|took| scope.within().is_none_or(|most| took <= most));
                    let due = one.added.saturating_add(scope.within().unwrap_or(0));
                    tally.all += u64::from(is_done || due <= scope.now);
                    let is_new = is_done && seen.add(one.first);
                    tally.done += u64::from(if is_share { is_done } else { is_new });
                    if is_new {
                        first.offer((one.added, one.seq));
                    }
                }
                Ok(())
            })?;
        }
    }
    first.point(scope.desk, &mut tally)?;
    Ok(tally)
}

/// Whether objects of a type count: those that the indicator names, or else all that is exchanged about
/// something else than the cooperation itself.
fn counts_type(scope: &Scope<'_>, object_type: &str) -> bool {
    let named = match &scope.evidence.types {
        Some(types) => types.contains(object_type),
        None => !object_type.starts_with(entente_object::spec::cooperation::PREFIX),
    };
    named && !SELF.contains(&object_type)
}

/// From when something was seen to when the first partner was given the sighting.
pub(super) fn sighting_to_release(scope: &Scope<'_>) -> Result<Tally, IntakeError> {
    let mut tally = Tally::default();
    let here = scope.desk.here();
    if !scope.counts(here) {
        return Ok(tally);
    }
    let mut before = Places::of(scope.desk);
    // Of each sighting: when the first had it, which version that was, and when it was seen.
    let mut released: FxHashMap<u64, (i64, u64, i64)> = FxHashMap::default();
    for (partner, _) in scope.partners() {
        let view = (partner, scope.name.as_str(), "sighting");
        let home = scope.desk.home();
        home.given(view, (i64::MIN, scope.from), &mut |given| {
            for one in given {
                before.add(one.first);
            }
            Ok(())
        })?;
        home.given(view, (scope.from, scope.until), &mut |given| {
            let noted = home.noted(given)?;
            for one in given {
                let Ok(at) = noted.binary_search_by_key(&one.seq, |noted| noted.seq) else {
                    continue;
                };
                let Some(noted) = noted.get(at).filter(|noted| noted.bringer == here) else {
                    continue;
                };
                let found = (one.added, one.seq, noted.seen);
                let kept = released.entry(one.first).or_insert(found);
                *kept = found.min(*kept);
            }
            Ok(())
        })?;
    }
    let mut first = First::default();
    for (_, (added, seq, seen)) in released.into_iter().filter(|(first, _)| !before.has(*first)) {
        let took = added.saturating_sub(seen).max(0);
        tally.times.push(took);
        tally.all += 1;
        tally.done += u64::from(scope.within().is_none_or(|most| took <= most));
        first.offer((added, seq));
    }
    first.point(scope.desk, &mut tally)?;
    Ok(tally)
}

/// Reports given, and reports received.
pub(super) fn reports(scope: &Scope<'_>) -> Result<Tally, IntakeError> {
    let (mut tally, mut seen, mut first) =
        (Tally::default(), Places::of(scope.desk), First::default());
    let here = scope.desk.here();
    let counts = |object_type: &str| match &scope.evidence.types {
        Some(types) => types.contains(object_type) && !SELF.contains(&object_type),
        None => REPORTS.contains(&object_type),
    };
    if scope.counts(here) {
        for (partner, _) in scope.partners() {
            for name in scope.desk.home().types_given(partner, &scope.name)? {
                if !counts(&name) {
                    continue;
                }
                let view = (partner, scope.name.as_str(), name.as_str());
                scope.desk.home().given(view, (scope.from, scope.until), &mut |given| {
                    for one in given.iter().filter(|one| seen.add(one.first)) {
                        tally.done += 1;
                        first.offer((one.added, one.seq));
                    }
                    Ok(())
                })?;
            }
        }
    }
    if scope.goes(here) {
        let labels = scope.labels();
        let taken_back = super::sighted::taken_back(scope)?;
        for name in ["report", "note", "opinion", "grouping", "malware-analysis"] {
            if !counts(name) {
                continue;
            }
            let between = (scope.from, scope.until);
            scope.desk.home().brought_by_others((name, here, None), between, &mut |one| {
                let at = usize::try_from(one.label).unwrap_or(usize::MAX);
                let is_under = labels.get(at) == Some(&true) && scope.counts(one.bringer);
                if is_under && !taken_back.contains(&one.digest) && seen.add(one.first) {
                    tally.done += 1;
                    first.offer((one.at.unwrap_or(one.seen), one.seq));
                }
                Ok(())
            })?;
        }
    }
    first.point(scope.desk, &mut tally)?;
    Ok(tally)
}
