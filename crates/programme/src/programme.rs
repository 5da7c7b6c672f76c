//! A programme: what the parties agreed to exchange, area by area.
//!
//! Invariant: a [`Programme`] exists only as the result of reading a text without problems: every
//! nation it names is a party, every list names somebody, every ceiling is below TLP:RED.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use entente_object::marking::Tlp;
use entente_object::time::Timestamp;
use entente_release::label::Window;
use entente_release::name::{AreaId, Caveat, ProgrammeId};
use entente_release::{Nation, NationSet};

use crate::catalogue::{Assessment, Objective};
use crate::object_type::ObjectTypes;

/// The group that every programme has: all its parties.
pub const PARTIES: &str = "parties";

/// A programme, read and found in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Programme {
    pub(crate) text: String,
    pub(crate) file: String,
    pub(crate) head: Head,
    pub(crate) parties: Vec<Party>,
    pub(crate) groups: BTreeMap<String, Group>,
    pub(crate) caveats: BTreeMap<Caveat, String>,
    pub(crate) areas: Vec<Area>,
}

/// What a programme says about itself.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Head {
    /// Its name in labels.
    pub id: ProgrammeId,
    /// Its title.
    pub title: String,
    /// Its title in Korean.
    pub title_ko: Option<String>,
    /// Which version of the text this is.
    pub version: String,
    /// Where the text comes from and how far it can be relied on.
    pub source: String,
    /// From the beginning of its first day to the end of its last, in UTC.
    pub in_force: Window,
}

/// A nation that takes part.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Party {
    /// Its code.
    pub nation: Nation,
    /// Its name.
    pub name: String,
    /// Its name in Korean.
    pub name_ko: Option<String>,
    /// The role that speaks for it, not a person's name.
    pub contact: Option<String>,
}

/// A named set of parties, its members pinned.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Group {
    /// Which membership this is: a later joiner makes another version.
    pub version: String,
    /// The members.
    pub nations: NationSet,
}

/// An area of cooperation.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Area {
    /// Its name in labels.
    pub id: AreaId,
    /// Its number in the programme.
    pub number: u8,
    /// Its title.
    pub title: String,
    /// Its title in Korean.
    pub title_ko: Option<String>,
    /// What it is about.
    pub background: Option<String>,
    /// The terms of exchange: whatever no entry permits is refused.
    pub terms: Vec<TermsEntry>,
    /// What it is to achieve, with goals, measures and milestones.
    pub objectives: Vec<Objective>,
    /// Who judges once a year what was done.
    pub assessment: Option<Assessment>,
}

/// One entry of an area's terms of exchange.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TermsEntry {
    /// The originators that it covers, groups expanded.
    pub from: NationSet,
    /// The recipients that it covers, groups expanded.
    pub to: NationSet,
    /// The highest TLP that it permits; never RED.
    pub ceiling: Tlp,
    /// The types of objects that it covers.
    pub types: ObjectTypes,
    /// How many distinct people must approve each release; 0: it is automatic.
    pub releasers: u8,
    /// Within what time a question about such an object is to be answered.
    pub answer_within: Option<Duration>,
    /// Whether a label may allow recipients to pass the object on.
    pub onward: Onward,
    /// Caveats that the label must carry.
    pub caveats: BTreeSet<Caveat>,
}

/// Whether recipients may pass objects on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Onward {
    /// The originator alone decides.
    No,
    /// To the other nations that the label lists, where the label says so.
    Listed,
}

impl Programme {
    /// The exact text that it was read from.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// What it says about itself.
    pub fn head(&self) -> &Head {
        &self.head
    }

    /// Its name in labels.
    pub fn id(&self) -> &ProgrammeId {
        &self.head.id
    }

    /// The nations that take part, in the order of the file.
    pub fn parties(&self) -> &[Party] {
        &self.parties
    }

    /// Whether the nation takes part.
    pub fn is_party(&self, nation: Nation) -> bool {
        self.parties.iter().any(|party| party.nation == nation)
    }

    /// The groups that the file defines, by name; [`PARTIES`] is not among them.
    pub fn groups(&self) -> &BTreeMap<String, Group> {
        &self.groups
    }

    /// The members of a group, [`PARTIES`] included.
    pub fn group(&self, name: &str) -> Option<NationSet> {
        if name == PARTIES {
            return Some(self.parties.iter().map(|party| party.nation).collect());
        }
        self.groups.get(name).map(|group| group.nations.clone())
    }

    /// The caveats that it declares, with what each means.
    pub fn caveats(&self) -> &BTreeMap<Caveat, String> {
        &self.caveats
    }

    /// The areas, in the order of the file.
    pub fn areas(&self) -> &[Area] {
        &self.areas
    }

    /// The area of that name.
    pub fn area(&self, id: &AreaId) -> Option<&Area> {
        self.areas.iter().find(|area| area.id == *id)
    }

    /// Whether it is in force at `now`.
    pub fn is_in_force(&self, now: Timestamp) -> bool {
        let Window { not_before, not_after } = self.head.in_force;
        not_before.is_none_or(|from| from <= now) && not_after.is_none_or(|until| now < until)
    }
}
