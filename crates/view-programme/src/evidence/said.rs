//! What nations said: requests and answers, meetings, commitments, recognitions, out of the picture.
//!
//! Invariant: times of requests and answers are those that their makers gave; each object counts once.

use entente_cooperation::content::{
    Activity, Assistance, Commitment, Consultation, Contribution, Recognition,
};
use entente_cooperation::filed::{Filed, Said};
use entente_cooperation::terms::{
    ActivityState, Completion, ConsultationState, ContributionKind, RecognitionState,
};
use entente_programme::Statistic;
use entente_release::NationSet;
use rustc_hash::FxHashMap;

use super::{Scope, Tally, micros, moment};
use crate::query::is_in;
use crate::write::about;

impl Scope<'_> {
    /// Whether an object is about the area: as it says, or else as its label says.
    fn is_about(&self, filed: &Filed) -> bool {
        if let Some(path) = about(&filed.content) {
            return is_in(path, &self.name);
        }
        let at = usize::try_from(filed.place.label).unwrap_or(usize::MAX);
        let label = self.desk.home().labels().get(at);
        label.is_some_and(|one| one.label.under.contains(&self.under))
    }

    /// Every object under the area that says a `T`.
    fn all<T: Said + 'static>(&self) -> impl Iterator<Item = (&Filed, &T)> {
        self.picture.all::<T>().into_iter().filter(|(filed, _)| self.is_about(filed))
    }

    /// Whether any of some nations counts; nobody named: whether all count.
    fn any_counts(&self, nations: &NationSet) -> bool {
        self.evidence.from.is_none() || nations.iter().any(|nation| self.counts(nation))
    }
}

fn point(tally: &mut Tally, at: i64, filed: &Filed) {
    tally.count(at, filed.place.digest, filed.content.type_name());
}

/// Something that was asked, and the first answer to it.
struct Request<'a> {
    filed: &'a Filed,
    /// By when it says that it needs an answer.
    by: Option<i64>,
    answer: Option<&'a Filed>,
}

/// Requests that were made in the period, and those of them that were answered in time.
pub(super) fn requests(scope: &Scope<'_>) -> Tally {
    let mut tally = Tally::default();
    for request in asked(scope) {
        let at = moment(request.filed.created);
        let limit = scope.within().map(|within| at.saturating_add(within));
        let limit = limit
            .or(request.by)
            .or_else(|| terms(scope, request.filed).map(|within| at.saturating_add(within)));
        let answered = request.answer.map(|answer| moment(answer.created));
        let in_time = answered.filter(|answered| limit.is_none_or(|limit| *answered <= limit));
        if let Some(answered) = answered {
            tally.times.push(answered.saturating_sub(at).max(0));
        }
        match (in_time, request.answer) {
            (Some(answered), Some(answer)) => point(&mut tally, answered, answer),
            // What can still be answered in time is not missed.
            _ => tally.all += u64::from(limit.is_none_or(|limit| limit < scope.now)),
        }
    }
    if matches!(scope.evidence.statistic, Statistic::Count) {
        tally.all = tally.done;
    }
    tally
}

/// The time that the terms of exchange give for an answer: of those that cover it, the longest.
fn terms(scope: &Scope<'_>, filed: &Filed) -> Option<i64> {
    let covers = |entry: &&entente_programme::TermsEntry| {
        entry.from.contains(filed.by) && entry.types.contains(filed.content.type_name())
    };
    let within = scope.asked.area.terms.iter().filter(covers);
    within.filter_map(|entry| entry.answer_within).map(micros).max()
}

/// Every request that counts, with its first answer by another nation.
fn asked<'a>(scope: &'a Scope<'_>) -> Vec<Request<'a>> {
    let answers = answers(scope);
    let mut requests = Vec::new();
    let mut add = |filed: &'a Filed, by: Option<i64>| {
        let wanted = scope.is_in(moment(filed.created)) && scope.counts(filed.by);
        if wanted {
            let all = answers.get(filed.id.as_str()).map_or(&[][..], Vec::as_slice);
            let by_others = all.iter().filter(|one| one.by != filed.by && scope.goes(one.by));
            let answer = by_others.copied().min_by_key(|one| (one.created, one.id.as_str()));
            requests.push(Request { filed, by, answer });
        }
    };
    for (filed, said) in scope.all::<Assistance>() {
        if matches!(said.message.as_str(), "RequestResource" | "RequestInformation") {
            add(filed, said.answer_by.map(moment));
        }
    }
    for (filed, said) in scope.all::<Contribution>() {
        if said.kind == ContributionKind::Question {
            add(filed, None);
        }
    }
    for (filed, said) in scope.all::<Consultation>() {
        if said.state == ConsultationState::Requested {
            add(filed, None);
        }
    }
    requests
}

/// What answers what: by the id of the request.
fn answers<'a>(scope: &'a Scope<'_>) -> FxHashMap<&'a str, Vec<&'a Filed>> {
    let mut answers: FxHashMap<&str, Vec<&Filed>> = FxHashMap::default();
    for (filed, said) in scope.picture.all::<Assistance>() {
        let is_answer = !said.message.as_str().starts_with("Request");
        for id in [&said.preceding_ref, &said.originating_ref].into_iter().flatten() {
            if is_answer {
                answers.entry(id).or_default().push(filed);
            }
        }
    }
    for (filed, said) in scope.picture.all::<Contribution>() {
        if let (ContributionKind::Answer, Some(id)) = (said.kind, &said.in_reply_to_ref) {
            answers.entry(id).or_default().push(filed);
        }
    }
    for (filed, said) in scope.picture.all::<Consultation>() {
        if let (Some(id), true) = (&said.request_ref, said.state != ConsultationState::Requested) {
            answers.entry(id).or_default().push(filed);
        }
    }
    answers
}

/// Exercises that were held and that one of the nations took part in.
pub(super) fn exercises(scope: &Scope<'_>) -> Tally {
    held(scope, |said| said.kind == "exercise")
}

/// Activities of any kind that were held.
pub(super) fn activities(scope: &Scope<'_>) -> Tally {
    held(scope, |_| true)
}

fn held(scope: &Scope<'_>, wanted: impl Fn(&Activity) -> bool) -> Tally {
    let mut tally = Tally::default();
    for (filed, said) in scope.all::<Activity>() {
        let at = moment(said.ends);
        let is_held = said.state == ActivityState::Held && scope.is_in(at) && at <= scope.now;
        if is_held && wanted(said) && scope.any_counts(&said.participants) {
            point(&mut tally, at, filed);
        }
    }
    tally
}

/// Consultations that were held.
pub(super) fn consultations(scope: &Scope<'_>) -> Tally {
    let mut tally = Tally::default();
    for (filed, said) in scope.all::<Consultation>() {
        let at = said.begins.map_or(moment(filed.created), moment);
        let is_held = matches!(said.state, ConsultationState::Held | ConsultationState::Closed);
        let nations: NationSet = said.delegations.iter().map(|one| one.nation).collect();
        let counts = scope.any_counts(&nations) || scope.counts(filed.by);
        if is_held && scope.is_in(at) && counts {
            point(&mut tally, at, filed);
        }
    }
    tally
}

/// Commitments that were completed in the period, with something that shows it. Of a share: of those
/// that were due in it, or would have been.
pub(super) fn commitments(scope: &Scope<'_>) -> Tally {
    let mut tally = Tally::default();
    let is_share = scope.evidence.statistic == Statistic::Share;
    for (filed, said) in scope.all::<Commitment>() {
        if !scope.counts(said.owner) {
            continue;
        }
        let shown = said.completion == Completion::Complete && !said.evidence.is_empty();
        let completed = said.completed.map(moment).filter(|_| shown && !said.dropped);
        let due = moment(said.due);
        if is_share && scope.is_in(due) {
            match completed {
                Some(at) => point(&mut tally, at, filed),
                None => tally.all += u64::from(due <= scope.now),
            }
        } else if let (false, Some(at)) = (is_share, completed.filter(|at| scope.is_in(*at))) {
            point(&mut tally, at, filed);
        }
    }
    tally
}

/// Recognitions that are in force at the end of the period, or now if that is sooner.
pub(super) fn recognitions(scope: &Scope<'_>) -> Tally {
    let mut tally = Tally::default();
    let at = scope.until.saturating_sub(1).min(scope.now);
    for (filed, said) in scope.all::<Recognition>() {
        let from = said.valid_from.map_or(moment(filed.created), moment);
        let is_valid = from <= at && said.valid_until.is_none_or(|until| moment(until) > at);
        if said.state == RecognitionState::Recognised && is_valid && scope.counts(filed.by) {
            point(&mut tally, from, filed);
        }
    }
    tally
}
