//! What an area is to achieve, and how: objectives (end), goals (way), measures (means), milestones.
//!
//! Invariants:
//! * The id of an item is unique in its programme, so that [`Reference`] names one thing.
//! * Owners are nations and roles, never persons.
//! * Of each measure somebody other than its owners can make the yearly assessment.

use std::fmt;
use std::str::FromStr;

use entente_release::NationSet;
use entente_release::label::Under;
use entente_release::name::ItemId;

use crate::day::{Day, ReportDate};
use crate::evidence::Evidence;
use crate::programme::{Area, Programme};
use crate::quantity::Quantity;

/// What every item of the catalogue says.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Item {
    /// Its id, unique in the programme.
    pub id: ItemId,
    /// Its title.
    pub title: String,
    /// Its title in Korean.
    pub title_ko: Option<String>,
    /// What it is about.
    pub background: Option<String>,
    /// The nations that are answerable for it; none: the parties together.
    pub owners: NationSet,
    /// The role that is answerable in each of them, never a person's name.
    pub role: Option<String>,
    /// From when until when it is worked on.
    pub schedule: Option<Schedule>,
    /// Where it is known from.
    pub sources: Vec<Source>,
}

/// From a first day to a last one, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Schedule {
    /// The first day.
    pub from: Day,
    /// The last day.
    pub until: Day,
}

/// A public report.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Source {
    /// What it is called, and who published it.
    pub title: String,
    /// When it was published.
    pub date: ReportDate,
    /// Where it can be read.
    pub url: Option<String>,
}

/// The end: what an area is for.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Objective {
    /// What it says.
    pub item: Item,
    /// The ways to it.
    pub goals: Vec<Goal>,
}

/// The way: what is to be reached.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Goal {
    /// What it says.
    pub item: Item,
    /// The means to it.
    pub measures: Vec<Measure>,
}

/// Whether something is a measure or supports others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MeasureKind {
    /// Done and counted for its own sake.
    Measure,
    /// Done so that measures can be.
    SupportingActivity,
}

/// The means: what is done and counted.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Measure {
    /// What it says. Its owners are never empty.
    pub item: Item,
    /// Whether it supports others.
    pub kind: MeasureKind,
    /// Its steps.
    pub milestones: Vec<Milestone>,
    /// What is measured.
    pub indicators: Vec<Indicator>,
}

/// A dated step that can be verified.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Milestone {
    /// What it says.
    pub item: Item,
    /// By when.
    pub due: Day,
    /// How anybody can see that it was reached.
    pub verify: String,
    /// When it was reached, as far as that is public.
    pub reported: Option<ReportDate>,
}

/// A measured quantity.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Indicator {
    /// Its id, unique in the programme.
    pub id: ItemId,
    /// What is measured.
    pub title: String,
    /// The same in Korean.
    pub title_ko: Option<String>,
    /// How to understand it.
    pub background: Option<String>,
    /// In what it is measured.
    pub unit: String,
    /// Whether more is better.
    pub ascending: bool,
    /// Where it stood before.
    pub baseline: Option<Baseline>,
    /// How its actual is computed; none: people enter it.
    pub evidence: Option<Evidence>,
    /// The periods with their targets, in order of time.
    pub periods: Vec<Period>,
}

/// Where an indicator stood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Baseline {
    /// When.
    pub date: Day,
    /// How much.
    pub value: Quantity,
}

/// A span of time with what is to be reached in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Period {
    /// The first day.
    pub from: Day,
    /// The last day.
    pub until: Day,
    /// What is to be reached.
    pub target: Quantity,
}

/// Who judges once a year what was done, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Assessment {
    /// Who: of each measure those of them that do not own it.
    pub by: NationSet,
    /// The day of the first; the others follow year by year.
    pub first: Day,
}

/// What an item is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Part {
    /// The end.
    Objective,
    /// The way.
    Goal,
    /// The means.
    Measure,
    /// A dated step.
    Milestone,
    /// A measured quantity.
    Indicator,
}

/// An item where it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found<'a> {
    /// An objective.
    Objective(&'a Objective),
    /// A goal.
    Goal(&'a Goal),
    /// A measure.
    Measure(&'a Measure),
    /// A milestone, and the measure that it is of.
    Milestone(&'a Milestone, &'a Measure),
    /// An indicator, and the measure that it is of.
    Indicator(&'a Indicator, &'a Measure),
}

/// An item by name: `programme/area/item`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Reference {
    /// The programme and the area.
    pub under: Under,
    /// The item.
    pub item: ItemId,
}

/// The text names no item.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("\"{0}\" names no item: write programme/area/item")]
pub struct BadReference(pub String);

impl Part {
    /// What people call it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Objective => "objective",
            Self::Goal => "goal",
            Self::Measure => "measure",
            Self::Milestone => "milestone",
            Self::Indicator => "indicator",
        }
    }
}

impl MeasureKind {
    /// Its name in programme files.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Measure => "measure",
            Self::SupportingActivity => "supporting-activity",
        }
    }
}

impl<'a> Found<'a> {
    /// What it is.
    pub fn part(self) -> Part {
        match self {
            Self::Objective(_) => Part::Objective,
            Self::Goal(_) => Part::Goal,
            Self::Measure(_) => Part::Measure,
            Self::Milestone(..) => Part::Milestone,
            Self::Indicator(..) => Part::Indicator,
        }
    }

    /// Its id.
    pub fn id(self) -> &'a ItemId {
        match self {
            Self::Objective(objective) => &objective.item.id,
            Self::Goal(goal) => &goal.item.id,
            Self::Measure(measure) => &measure.item.id,
            Self::Milestone(milestone, _) => &milestone.item.id,
            Self::Indicator(indicator, _) => &indicator.id,
        }
    }

    /// Its title.
    pub fn title(self) -> &'a str {
        match self {
            Self::Objective(objective) => &objective.item.title,
            Self::Goal(goal) => &goal.item.title,
            Self::Measure(measure) => &measure.item.title,
            Self::Milestone(milestone, _) => &milestone.item.title,
            Self::Indicator(indicator, _) => &indicator.title,
        }
    }

    /// The nations that are answerable for it: its own owners, or else those of its measure.
    pub fn owners(self) -> &'a NationSet {
        match self {
            Self::Objective(objective) => &objective.item.owners,
            Self::Goal(goal) => &goal.item.owners,
            Self::Measure(measure) | Self::Indicator(_, measure) => &measure.item.owners,
            Self::Milestone(milestone, measure) if milestone.item.owners.is_empty() => {
                &measure.item.owners
            }
            Self::Milestone(milestone, _) => &milestone.item.owners,
        }
    }
}

impl Measure {
    /// Its milestones and indicators.
    pub(crate) fn parts(&self) -> impl Iterator<Item = Found<'_>> {
        let milestones = self.milestones.iter().map(|one| Found::Milestone(one, self));
        milestones.chain(self.indicators.iter().map(|one| Found::Indicator(one, self)))
    }
}

impl Area {
    /// Every item of the area, each before what is below it.
    pub fn items(&self) -> Vec<Found<'_>> {
        let mut items = Vec::new();
        for objective in &self.objectives {
            items.push(Found::Objective(objective));
            for goal in &objective.goals {
                items.push(Found::Goal(goal));
                for measure in &goal.measures {
                    items.push(Found::Measure(measure));
                    items.extend(measure.parts());
                }
            }
        }
        items
    }

    /// The measures of the area, in the order of the file.
    pub fn measures(&self) -> impl Iterator<Item = &Measure> {
        let goals = self.objectives.iter().flat_map(|objective| &objective.goals);
        goals.flat_map(|goal| &goal.measures)
    }

    /// Who may assess a measure: those that assess the area and do not own it.
    pub fn assessors(&self, measure: &Measure) -> NationSet {
        let by = self.assessment.iter().flat_map(|assessment| assessment.by.iter());
        by.filter(|nation| !measure.item.owners.contains(*nation)).collect()
    }
}

impl Programme {
    /// What a reference names, if it is here.
    pub fn find(&self, reference: &Reference) -> Option<Found<'_>> {
        let area = self.area(&reference.under.area);
        let area = area.filter(|_| *self.id() == reference.under.programme)?;
        area.items().into_iter().find(|found| *found.id() == reference.item)
    }

    /// The area and the item of an id.
    pub fn item(&self, id: &ItemId) -> Option<(&Area, Found<'_>)> {
        self.areas().iter().find_map(|area| {
            let found = area.items().into_iter().find(|found| found.id() == id)?;
            Some((area, found))
        })
    }
}

impl FromStr for Reference {
    type Err = BadReference;

    fn from_str(text: &str) -> Result<Self, BadReference> {
        let read = || {
            let mut parts = text.split('/');
            let (programme, area, item) = (parts.next()?, parts.next()?, parts.next()?);
            let under = Under { programme: programme.parse().ok()?, area: area.parse().ok()? };
            let item = item.parse().ok().filter(|_| parts.next().is_none())?;
            Some(Self { under, item })
        };
        read().ok_or_else(|| BadReference(text.to_owned()))
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.under, self.item)
    }
}
