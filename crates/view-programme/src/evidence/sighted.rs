//! Sightings that confirmed an indicator: what partners saw of this nation's, and what this nation saw of
//! theirs.
//!
//! Invariant: a sighting counts once, in whatever versions; one that says that nothing was seen does not.

use entente_intake::IntakeError;
use entente_intake::acts::{RecalledAct, kind};
use entente_object::id::IdKey;
use entente_release::Nation;
use entente_store::Noted;
use rustc_hash::FxHashSet;

use super::{First, Places, Scope, Tally};

/// SHA-256 of what partners took back.
pub(super) fn taken_back(scope: &Scope<'_>) -> Result<FxHashSet<[u8; 32]>, IntakeError> {
    let mut digests = FxHashSet::default();
    for (seq, act) in scope.desk.home().acts(kind::RECALLED)? {
        let damaged = |cause: serde_json::Error| IntakeError::Act {
            seq,
            kind: kind::RECALLED.to_owned(),
            reason: cause.to_string(),
        };
        let act: RecalledAct = serde_json::from_str(&act.json).map_err(damaged)?;
        digests.extend(super::digest(&act.digest));
    }
    Ok(digests)
}

pub(super) fn confirmations(scope: &Scope<'_>) -> Result<Tally, IntakeError> {
    let (mut tally, mut seen, mut first) =
        (Tally::default(), Places::of(scope.desk), First::default());
    let here = scope.desk.here();
    if scope.goes(here) {
        let (labels, taken_back) = (scope.labels(), taken_back(scope)?);
        let mut found: Vec<Noted> = Vec::new();
        let asked = ("sighting", here, Some(here));
        scope.desk.home().brought_by_others(asked, (scope.from, scope.until), &mut |one| {
            let at = usize::try_from(one.label).unwrap_or(usize::MAX);
            let is_under = labels.get(at) == Some(&true) && scope.counts(one.bringer);
            let is_new = is_under && !taken_back.contains(&one.digest) && !seen.has(one.first);
            if !is_new {
                return Ok(());
            }
            if scope.within().is_some() {
                found.push(one);
            } else if seen.add(one.first) {
                tally.done += 1;
                first.offer((one.at.unwrap_or(one.seen), one.seq));
            }
            Ok(())
        })?;
        for one in found {
            let at = one.at.unwrap_or(one.seen);
            if in_time(scope, one.of, (one.bringer, at))? && seen.add(one.first) {
                tally.done += 1;
                first.offer((at, one.seq));
            }
        }
    }
    if scope.counts(here) {
        own(scope, &mut tally, &mut seen, &mut first)?;
    }
    tally.all = tally.done;
    first.point(scope.desk, &mut tally)?;
    Ok(tally)
}

/// Whether a partner confirmed an indicator within the time since it had it.
fn in_time(
    scope: &Scope<'_>,
    of: Option<IdKey>,
    (bringer, at): (Nation, i64),
) -> Result<bool, IntakeError> {
    let (Some(of), Some(within)) = (of, scope.within()) else {
        return Ok(scope.within().is_none());
    };
    let partner = scope.desk.partner(bringer)?.partner.index;
    let view = (partner, scope.name.as_str());
    let since = scope.desk.home().given_since(view, of, scope.desk.here())?;
    Ok(since.is_some_and(|since| at.saturating_sub(since) <= within))
}

/// What this nation saw of a partner's and told it, once the partner acknowledged that.
fn own(
    scope: &Scope<'_>,
    tally: &mut Tally,
    seen: &mut Places,
    first: &mut First,
) -> Result<(), IntakeError> {
    let (here, home) = (scope.desk.here(), scope.desk.home());
    for (partner, nation) in scope.partners() {
        let receipts = scope.desk.acknowledged_since(nation, scope.from)?;
        let last = receipts.last().map_or(i64::MIN, |(until, _)| *until);
        let view = (partner, scope.name.as_str(), "sighting");
        home.given(view, (scope.from, scope.until), &mut |given| {
            let noted = home.noted(given)?;
            for one in given.iter().filter(|one| one.added <= last) {
                let at = noted.binary_search_by_key(&one.seq, |noted| noted.seq).ok();
                let noted = at.and_then(|at| noted.get(at)).filter(|noted| noted.bringer == here);
                let Some(of) = noted.and_then(|noted| noted.of) else { continue };
                if !home.is_by(of, nation)? {
                    continue;
                }
                if let Some(within) = scope.within() {
                    // By when the indicator was here at the latest.
                    let versions = home.versions(of)?;
                    let brought = versions.iter().filter(|known| known.bringer == nation);
                    let mut since: Option<i64> = None;
                    for known in brought {
                        let by = home.here_by(known.seq, entente_release::PartnerSet::NONE)?;
                        since = since.into_iter().chain(by).min();
                    }
                    if since.is_none_or(|since| one.added.saturating_sub(since) > within) {
                        continue;
                    }
                }
                if seen.add(one.first) {
                    tally.done += 1;
                    first.offer((one.added, one.seq));
                }
            }
            Ok(())
        })?;
    }
    Ok(())
}
