//! Actuals: which are to be published, and whether those of a partner are supported by what is here.
//!
//! Invariants:
//! * What is published again says something new.
//! * A check says what is here, what differs and what is missing; what is not here is never said to be
//!   wrong, for it may have been given to others.

use entente_cooperation::Picture;
use entente_cooperation::content::Actual;
use entente_cooperation::filed::Filed;
use entente_cooperation::terms::ActualSource;
use entente_intake::{Desk, IntakeError};
use entente_object::time::Timestamp;
use entente_programme::{Area, Found, Indicator, Period, Programme, Query, Reference};
use rustc_hash::FxHashSet;

use crate::evidence::{Asked, Measured, digest, measure};
use crate::progress::{is_of, number, path_of, period_in};

/// An actual that is to be published.
#[derive(Clone, Debug)]
pub struct New {
    /// The object that it is a new version of.
    pub id: Option<String>,
    /// What it says.
    pub said: Actual,
}

/// A period as an actual says it: to the last millisecond of its last day.
fn bounds(period: Period) -> Option<(Timestamp, Timestamp)> {
    let ends = period.until.end()?.saturating_sub(std::time::Duration::from_millis(1));
    Some((period.from.start()?, ends))
}

/// The actuals of a year that this nation computed and has not said yet.
pub fn due(
    desk: &Desk,
    picture: &Picture,
    programme: &Programme,
    (only, year): (Option<&str>, &str),
) -> Result<Vec<New>, IntakeError> {
    let mut new = Vec::new();
    for area in programme.areas() {
        if only.is_some_and(|only| only != area.id.to_string()) {
            continue;
        }
        for indicator in area.measures().flat_map(|measure| &measure.indicators) {
            let Some(period) = period_in(indicator, year) else { continue };
            let found = measure(desk, picture, Asked { programme, area, indicator, period })?;
            let path = path_of(programme, area, indicator);
            let before = own(desk, picture, (&path, period), ActualSource::Computed);
            // Without anything that supports it there is nothing to say, unless more was said before.
            if found.supported_by == 0 && before.is_none() {
                continue;
            }
            let Some(said) = computed(indicator, (path, period), &found) else { continue };
            if before.is_none_or(|(_, was)| *was != said) {
                new.push(New { id: before.map(|(filed, _)| filed.id.clone()), said });
            }
        }
    }
    Ok(new)
}

fn computed(
    indicator: &Indicator,
    (about, period): (String, Period),
    found: &Measured,
) -> Option<Actual> {
    let (begins, ends) = bounds(period)?;
    let evidence = indicator.evidence.as_ref()?;
    Some(Actual {
        about,
        begins,
        ends,
        value: number(found.value?),
        unit: Some(indicator.unit.clone()),
        source: ActualSource::Computed,
        query: Some(format!("{} {}", evidence.query, evidence.statistic)),
        entered_by: None,
        supported_by: Some(found.supported_by),
        evidence: found.pointers.clone(),
        remark: None,
    })
}

/// What this nation said of an indicator in a period.
fn own<'a>(
    desk: &Desk,
    picture: &'a Picture,
    (path, period): (&str, Period),
    source: ActualSource,
) -> Option<(&'a Filed, &'a Actual)> {
    let mut all = picture.all::<Actual>().into_iter().rev();
    all.find(|(filed, said)| {
        filed.by == desk.here() && said.source == source && is_of(said, path, period)
    })
}

/// What a person enters of an indicator: its path in the programme and how much.
pub fn entered(
    desk: &Desk,
    picture: &Picture,
    (path, indicator, period): (&str, &Indicator, Period),
    (value, by, remark): (f64, &str, Option<String>),
) -> Option<New> {
    let (begins, ends) = bounds(period)?;
    let before = own(desk, picture, (path, period), ActualSource::Entered);
    let said = Actual {
        about: path.to_owned(),
        begins,
        ends,
        value,
        unit: Some(indicator.unit.clone()),
        source: ActualSource::Entered,
        query: None,
        entered_by: Some(by.to_owned()),
        supported_by: None,
        evidence: Vec::new(),
        remark,
    };
    Some(New { id: before.map(|(filed, _)| filed.id.clone()), said })
}

/// What is here of one thing that an actual points to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pointed {
    /// Its digest, as it is written.
    pub sha256: String,
    /// What it says that it is.
    pub what: String,
    /// What was found.
    pub found: Here,
}

/// What was found of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Here {
    /// It is here, and agrees: in which ledger, and which entry, if one has it.
    Agrees(Option<(String, u64)>),
    /// It is here and does not count: why.
    Differs(&'static str),
    /// It is not here: it was not given to this nation, or does not exist.
    Missing,
}

/// A check of a partner's actual.
#[derive(Clone, Debug)]
pub struct Check {
    /// Of each pointer.
    pub pointed: Vec<Pointed>,
    /// What does not fit in itself.
    pub faults: Vec<String>,
}

/// Looks up what an actual points to among what is here.
pub fn check(
    desk: &Desk,
    picture: &Picture,
    filed: &Filed,
    said: &Actual,
) -> Result<Check, IntakeError> {
    let digests: FxHashSet<[u8; 32]> =
        said.evidence.iter().filter_map(|one| digest(one.object_sha256.as_deref()?)).collect();
    let received = desk.received_entries(filed.by, &digests)?;
    let own = desk.home().placed(&digests)?;
    let query = query_of(desk, &said.about);
    let (from, until) = (said.begins.unix_micros(), said.ends.unix_micros() + 1000);
    let ledger = format!("{}/{}", filed.by, desk.here());
    let mut pointed = Vec::new();
    for one in &said.evidence {
        let sha256 = one.object_sha256.clone().unwrap_or_default();
        let what = one.description.clone().unwrap_or_default();
        let at = digest(&sha256);
        let found = match at.and_then(|at| received.get(&at)) {
            Some(entry) if entry.is_back => Here::Differs("it was taken back"),
            Some(entry) if is_given(query) && !(from..until).contains(&entry.added) => {
                Here::Differs("it was not given in the period")
            }
            Some(entry) => Here::Agrees(Some((ledger.clone(), entry.entry))),
            None if at.is_some_and(|at| own.contains(&at)) => Here::Agrees(None),
            None => Here::Missing,
        };
        pointed.push(Pointed { sha256, what, found });
    }
    let faults = faults(said, picture, filed);
    Ok(Check { pointed, faults })
}

/// Whether what supports a query is dated by the ledger that it was given in.
fn is_given(query: Option<Query>) -> bool {
    matches!(query, Some(Query::Released | Query::SightingToRelease))
}

/// The query of the indicator that an actual is of.
fn query_of(desk: &Desk, about: &str) -> Option<Query> {
    let reference: Reference = about.parse().ok()?;
    let programme = desk.policies().programme(&reference.under.programme)?;
    match programme.find(&reference)? {
        Found::Indicator(indicator, _) => indicator.evidence.as_ref().map(|one| one.query),
        Found::Objective(_) | Found::Goal(_) | Found::Measure(_) | Found::Milestone(..) => None,
    }
}

/// What does not fit within an actual, or with what the same nation said otherwise.
fn faults(said: &Actual, picture: &Picture, filed: &Filed) -> Vec<String> {
    let mut faults = Vec::new();
    let listed = said.evidence.len();
    let distinct: FxHashSet<&str> =
        said.evidence.iter().filter_map(|one| one.object_sha256.as_deref()).collect();
    if distinct.len() < listed {
        faults.push("it points to one thing twice, or by no digest".to_owned());
    }
    if said.source == ActualSource::Computed {
        let supported = said.supported_by.unwrap_or(0);
        if supported < u64::try_from(listed).unwrap_or(u64::MAX) {
            faults.push(format!("it lists {listed} entries and is supported by {supported}"));
        }
    }
    let others = picture.all::<Actual>().into_iter().filter(|(other, actual)| {
        other.by == filed.by
            && other.id != filed.id
            && actual.source == said.source
            && (&actual.about, actual.begins, actual.ends) == (&said.about, said.begins, said.ends)
    });
    for (other, _) in others {
        faults.push(format!("{} says it of the same period as well", other.id));
    }
    faults
}

/// An indicator by the path that an actual is about, with its area.
pub fn indicator_at<'a>(
    programme: &'a Programme,
    reference: &Reference,
) -> Option<(&'a Area, &'a Indicator)> {
    let area = programme.area(&reference.under.area)?;
    let mut all = area.measures().flat_map(|measure| &measure.indicators);
    Some((area, all.find(|one| one.id == reference.item)?))
}
