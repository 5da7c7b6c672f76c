//! How an actual is computed from what happened, instead of being told.
//!
//! Invariant: a read [`Evidence`] asks only what its query can answer: its statistic and its limits
//! are among those that [`Query::takes`] allows.

use std::fmt;
use std::time::Duration;

use entente_release::NationSet;

use crate::object_type::ObjectTypes;

/// What is looked up in log and ledgers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Query {
    /// Objects released under the area and acknowledged by the partner.
    Released,
    /// The time from a sighting to its release.
    SightingToRelease,
    /// Requests under the area, and the answers to them.
    RequestsAnswered,
    /// Sightings that confirmed an indicator of a partner.
    Confirmations,
    /// Exercises taken part in.
    Exercises,
    /// Injects of exercises, and the answers to them.
    InjectsAnswered,
    /// Consultations held.
    Consultations,
    /// Commitments completed.
    Commitments,
    /// Activities held.
    Activities,
    /// Reports exchanged.
    Reports,
    /// Recognitions in force.
    Recognitions,
}

/// What is made of what was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Statistic {
    /// How many.
    Count,
    /// The time that half of them took at most.
    Median,
    /// The longest time.
    Worst,
    /// How many of a hundred were in time or done.
    Share,
}

/// What a query can be limited by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Takes {
    /// The statistics that it has.
    pub statistics: &'static [Statistic],
    /// Whether it can be limited to types of objects.
    pub types: bool,
    /// Whether it can be limited to recipients.
    pub to: bool,
    /// Whether it can count only what happened within a time.
    pub within: bool,
}

/// How an indicator's actual is computed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Evidence {
    /// What is looked up.
    pub query: Query,
    /// What is made of it.
    pub statistic: Statistic,
    /// Only of these types; none: of every type.
    pub types: Option<ObjectTypes>,
    /// Only what these nations gave, asked or did; none: every party.
    pub from: Option<NationSet>,
    /// Only what went to these nations; none: to every party.
    pub to: Option<NationSet>,
    /// Only what was acknowledged or answered within this time.
    pub within: Option<Duration>,
}

impl Query {
    /// Every query.
    pub const ALL: [Self; 11] = [
        Self::Released,
        Self::SightingToRelease,
        Self::RequestsAnswered,
        Self::Confirmations,
        Self::Exercises,
        Self::InjectsAnswered,
        Self::Consultations,
        Self::Commitments,
        Self::Activities,
        Self::Reports,
        Self::Recognitions,
    ];

    /// Its name in programme files.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Released => "released",
            Self::SightingToRelease => "sighting-to-release",
            Self::RequestsAnswered => "requests-answered",
            Self::Confirmations => "confirmations",
            Self::Exercises => "exercises",
            Self::InjectsAnswered => "injects-answered",
            Self::Consultations => "consultations",
            Self::Commitments => "commitments",
            Self::Activities => "activities",
            Self::Reports => "reports",
            Self::Recognitions => "recognitions",
        }
    }

    /// The query of a name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|query| query.as_str() == name)
    }

    /// What it can be asked.
    pub fn takes(self) -> Takes {
        use Statistic::{Count, Median, Share, Worst};
        let takes = |statistics, types, to, within| Takes { statistics, types, to, within };
        match self {
            Self::Released => takes(&[Count, Share], true, true, true),
            Self::SightingToRelease => takes(&[Median, Worst, Share, Count], false, true, true),
            Self::RequestsAnswered => takes(&[Share, Count, Median, Worst], false, true, true),
            Self::Confirmations => takes(&[Count], false, true, true),
            Self::InjectsAnswered => takes(&[Share, Count, Median, Worst], false, false, true),
            Self::Commitments => takes(&[Count, Share], false, false, false),
            Self::Reports => takes(&[Count], true, true, false),
            Self::Exercises | Self::Consultations | Self::Activities | Self::Recognitions => {
                takes(&[Count], false, false, false)
            }
        }
    }
}

impl Statistic {
    /// Every statistic.
    pub const ALL: [Self; 4] = [Self::Count, Self::Median, Self::Worst, Self::Share];

    /// Its name in programme files.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Count => "count",
            Self::Median => "median",
            Self::Worst => "worst",
            Self::Share => "share",
        }
    }

    /// The statistic of a name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|statistic| statistic.as_str() == name)
    }

    /// The units in which it can be told; none: any that its indicator names.
    pub fn units(self) -> &'static [&'static str] {
        match self {
            Self::Count => &[],
            Self::Median | Self::Worst => &["minutes", "hours", "days"],
            Self::Share => &["percent"],
        }
    }
}

impl fmt::Display for Query {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Display for Statistic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_query_and_statistic_has_a_name_of_its_own() {
        assert!(Query::ALL.iter().all(|query| Query::named(query.as_str()) == Some(*query)));
        let same = |one: &Statistic| Statistic::named(one.as_str()) == Some(*one);
        assert!(Statistic::ALL.iter().all(same));
        assert_eq!((Query::named("total"), Statistic::named("mean")), (None, None));
        assert!(Query::ALL.iter().all(|query| !query.takes().statistics.is_empty()));
    }
}
