//! How far the programme is: for each measure what its indicators came to, and who has to judge it.
//!
//! Invariants:
//! * What a nation computed, what a partner published and what a person entered are told apart, and never
//!   added up but where they cannot overlap: what each nation itself released.
//! * Completion is `no-evidence` unless something shows what was done: a person's word alone does not.

use entente_cooperation::Picture;
use entente_cooperation::content::{Actual, Assessment as Judgement, Commitment};
use entente_cooperation::filed::Filed;
use entente_cooperation::terms::{ActualSource, Completion};
use entente_intake::{Desk, IntakeError};
use entente_object::time::Timestamp;
use entente_programme::{
    Area, Day, Indicator, Measure, Period, Programme, Quantity, Query, Statistic,
};
use entente_release::{Nation, NationSet};

use crate::evidence::{Asked, Measured, measure};
use crate::query::is_in;

/// What a nation says that an indicator came to.
#[derive(Clone, Debug)]
pub struct Said<'a> {
    /// Who.
    pub by: Nation,
    /// How much.
    pub value: f64,
    /// By how many entries it is supported, as they say.
    pub supported_by: u64,
    /// The published object; none: it was computed here just now.
    pub published: Option<(&'a Filed, &'a Actual)>,
}

/// An indicator in a period.
#[derive(Clone, Debug)]
pub struct IndicatorRow<'a> {
    /// The indicator.
    pub indicator: &'a Indicator,
    /// The period with its target; none: it has none in that year.
    pub period: Option<Period>,
    /// What it came to here.
    pub here: Option<Measured>,
    /// What nations say, this one first.
    pub said: Vec<Said<'a>>,
    /// What counts of it towards the target, if anything shows it.
    pub reached: Option<f64>,
    /// Whether that is the target.
    pub is_met: bool,
}

/// A measure in a period.
#[derive(Clone, Debug)]
pub struct MeasureRow<'a> {
    /// The measure.
    pub measure: &'a Measure,
    /// Its indicators.
    pub indicators: Vec<IndicatorRow<'a>>,
    /// The commitments about it.
    pub commitments: Vec<(&'a Filed, &'a Commitment)>,
    /// How far it is.
    pub completion: Completion,
    /// Who has to judge it, and when.
    pub due: Option<Due<'a>>,
}

/// An assessment that is due.
#[derive(Clone, Debug)]
pub struct Due<'a> {
    /// By when: the newest yearly day that is over, or else the first.
    pub day: Day,
    /// Who may make it: never who owns the measure.
    pub by: NationSet,
    /// The one that was made of that year.
    pub done: Option<(&'a Filed, &'a Judgement)>,
    /// Whether the day is over and none was made.
    pub is_late: bool,
}

/// An area in a period.
#[derive(Clone, Debug)]
pub struct AreaRow<'a> {
    /// The area.
    pub area: &'a Area,
    /// Its measures.
    pub measures: Vec<MeasureRow<'a>>,
}

/// How far a programme is in a year.
pub fn progress<'a>(
    desk: &Desk,
    picture: &'a Picture,
    programme: &'a Programme,
    (only, year): (Option<&str>, &str),
) -> Result<Vec<AreaRow<'a>>, IntakeError> {
    let actuals = picture.all::<Actual>();
    let commitments = picture.all::<Commitment>();
    let judgements = picture.all::<Judgement>();
    let mut rows = Vec::new();
    for area in programme.areas() {
        if only.is_some_and(|only| only != area.id.to_string()) {
            continue;
        }
        let mut measures = Vec::new();
        for measure in area.measures() {
            let path = format!("{}/{}/{}", programme.id(), area.id, measure.item.id);
            let mut indicators = Vec::new();
            for indicator in &measure.indicators {
                let at = (programme, area, indicator);
                indicators.push(indicator_row(desk, picture, at, (year, &actuals))?);
            }
            let about = commitments.iter().filter(|(_, said)| is_in(&said.about, &path));
            let due = due(area, measure, (&path, &judgements), desk.now());
            let completion = completion(measure, &indicators, desk.now());
            let commitments = about.copied().collect();
            measures.push(MeasureRow { measure, indicators, commitments, completion, due });
        }
        rows.push(AreaRow { area, measures });
    }
    Ok(rows)
}

/// The period of an indicator that is in a year: the last that begins in it.
pub fn period_in(indicator: &Indicator, year: &str) -> Option<Period> {
    let is_in = |period: &&Period| period.from.to_string().starts_with(year);
    indicator.periods.iter().rfind(is_in).copied()
}

/// The path of an indicator.
pub fn path_of(programme: &Programme, area: &Area, indicator: &Indicator) -> String {
    format!("{}/{}/{}", programme.id(), area.id, indicator.id)
}

fn indicator_row<'a>(
    desk: &Desk,
    picture: &'a Picture,
    (programme, area, indicator): (&'a Programme, &'a Area, &'a Indicator),
    (year, actuals): (&str, &[(&'a Filed, &'a Actual)]),
) -> Result<IndicatorRow<'a>, IntakeError> {
    let Some(period) = period_in(indicator, year) else {
        let (here, said) = (None, Vec::new());
        let (period, reached, is_met) = (None, None, false);
        return Ok(IndicatorRow { indicator, period, here, said, reached, is_met });
    };
    let here = measure(desk, picture, Asked { programme, area, indicator, period })?;
    let mut said = Vec::new();
    if let Some(value) = here.value.map(number) {
        let (by, supported_by) = (desk.here(), here.supported_by);
        said.push(Said { by, value, supported_by, published: None });
    }
    let path = path_of(programme, area, indicator);
    for (filed, actual) in actuals.iter().filter(|(_, actual)| is_of(actual, &path, period)) {
        let is_own = filed.by == desk.here() && actual.source == ActualSource::Computed;
        if !is_own {
            let supported_by = actual.supported_by.unwrap_or(0);
            let published = Some((*filed, *actual));
            said.push(Said { by: filed.by, value: actual.value, supported_by, published });
        }
    }
    let reached = reached(indicator, &said);
    let target = number(period.target);
    let is_met = reached
        .is_some_and(|value| if indicator.ascending { value >= target } else { value <= target });
    Ok(IndicatorRow { indicator, period: Some(period), here: Some(here), said, reached, is_met })
}

/// Whether an actual is of an indicator in a period.
pub fn is_of(actual: &Actual, path: &str, period: Period) -> bool {
    let (begins, ends) = (Day::of(actual.begins), Day::of(actual.ends));
    actual.about == path && begins == Some(period.from) && ends == Some(period.until)
}

/// A quantity as JSON has it.
pub fn number(quantity: Quantity) -> f64 {
    quantity.to_string().parse().unwrap_or_default()
}

/// What counts towards the target of what is shown: what nations released adds up, since each counts its
/// own; of what several count alike the largest counts, which of times is the worst.
fn reached(indicator: &Indicator, said: &[Said<'_>]) -> Option<f64> {
    let is_sum = indicator.evidence.as_ref().is_some_and(|evidence| {
        evidence.query == Query::Released && evidence.statistic == Statistic::Count
    });
    let shown = said.iter().filter(|one| {
        let pointed = one.published.is_none_or(|(_, actual)| !actual.evidence.is_empty());
        one.supported_by > 0 && pointed
    });
    let values = shown.map(|one| one.value);
    if is_sum { values.reduce(|a, b| a + b) } else { values.reduce(f64::max) }
}

/// How far a measure is. Its word for it is that of the Open Government Partnership.
fn completion(measure: &Measure, rows: &[IndicatorRow<'_>], now: Timestamp) -> Completion {
    let is_over = |day: Day| day.end().is_some_and(|end| end <= now);
    let due: Vec<_> = measure.milestones.iter().filter(|one| is_over(one.due)).collect();
    let met = measure.milestones.iter().filter(|one| one.reported.is_some()).count();
    let targets = rows.iter().filter(|row| row.period.is_some()).count();
    let shown = rows.iter().filter(|row| row.reached.is_some()).count();
    let reached = rows.iter().filter(|row| row.is_met).count();
    if shown == 0 && met == 0 {
        let begins = measure.item.schedule.and_then(|schedule| schedule.from.start());
        let waits = begins.is_some_and(|begins| begins > now);
        return if waits { Completion::NotStarted } else { Completion::NoEvidence };
    }
    let due_met = due.iter().filter(|one| one.reported.is_some()).count();
    let (all, done) = (targets + due.len(), reached + due_met);
    match (all, done) {
        (all, done) if all > 0 && done == all => Completion::Complete,
        (all, done) if all > 0 && done * 2 >= all => Completion::Substantial,
        _ => Completion::Limited,
    }
}

/// The assessment of a measure that is due, if the area says who makes it.
fn due<'a>(
    area: &Area,
    measure: &Measure,
    (path, judgements): (&str, &[(&'a Filed, &'a Judgement)]),
    now: Timestamp,
) -> Option<Due<'a>> {
    let assessment = area.assessment.as_ref()?;
    let by = area.assessors(measure);
    let mut day = assessment.first;
    while let Some(next) = a_year_after(day).filter(|next| next.end().is_some_and(|end| end <= now))
    {
        day = next;
    }
    let end = day.end()?;
    let year = std::time::Duration::from_hours(24 * 366);
    // The one that counts judges a period that ends in the year up to the day.
    let counts = |(filed, said): &&(&Filed, &Judgement)| {
        let is_about = said.about.as_deref().is_some_and(|about| is_in(about, path));
        let is_of = said.ends <= end && said.ends > end.saturating_sub(year);
        is_about && is_of && by.contains(filed.by)
    };
    let done = judgements.iter().find(counts).copied();
    Some(Due { day, by, done, is_late: end <= now && done.is_none() })
}

/// The same day a year later; after a 29 February the 28th.
fn a_year_after(day: Day) -> Option<Day> {
    let text = day.to_string();
    let (year, rest) = text.split_once('-')?;
    let next = format!("{:04}", year.parse::<u16>().ok()?.checked_add(1)?);
    let same = format!("{next}-{rest}").parse();
    same.ok().or_else(|| format!("{next}-02-28").parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_year_later_is_the_same_day() {
        let after = |day: &str| a_year_after(day.parse().unwrap()).unwrap().to_string();
        assert_eq!(after("2024-11-30"), "2025-11-30");
        assert_eq!(after("2024-02-29"), "2025-02-28");
    }
}
