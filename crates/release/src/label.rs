//! The label: everything that the release rule needs to know about an object.
//!
//! Invariants:
//! * [`Label::combine`] is commutative, associative and idempotent, and no combination has a
//!   recipient that either side lacks.
//! * What is missing means nobody: no `rel_to` names no partner, no programme is a [`Fault`].
//! * A fault never goes away by combining, whether it was recorded or shows in the label itself.

use std::collections::BTreeSet;
use std::fmt;

use entente_object::marking::Tlp;
use entente_object::time::Timestamp;

use crate::name::{AreaId, Caveat, ExerciseId, ProgrammeId};
use crate::nation::{Nation, NationSet};

/// The effective label of an object. Immutable; equal labels are interned to equal ids.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Label {
    /// The nation that made the object.
    pub originator: Nation,
    /// Traffic Light Protocol 2.0 (FIRST).
    pub tlp: Tlp,
    /// The nations it is releasable to, groups already expanded. Empty: the originator alone.
    pub rel_to: NationSet,
    /// The programmes and areas it is shared under: all of them must permit it.
    pub under: BTreeSet<Under>,
    /// Restrictions that a partner must all have accepted.
    pub caveats: BTreeSet<Caveat>,
    /// The most that a recipient may do with it (FIRST IEP 2.0, permitted actions).
    pub actions: PermittedActions,
    /// The exercise it belongs to; none: operations.
    pub exercise: Option<ExerciseId>,
    /// When it may be released.
    pub window: Window,
    /// Whether a recipient may pass it on to the other nations in `rel_to`.
    pub onward: bool,
    /// What makes the label invalid. Any fault denies every partner.
    pub faults: Faults,
}

/// A programme and its area of cooperation.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Under {
    /// The programme.
    pub programme: ProgrammeId,
    /// Its area.
    pub area: AreaId,
}

impl fmt::Display for Under {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.programme, self.area)
    }
}

/// Permitted actions of the FIRST Information Exchange Policy 2.0, least first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PermittedActions {
    /// No action.
    None,
    /// Ask the originator first.
    ContactForInstruction,
    /// Actions that only the recipient can see.
    InternallyVisible,
    /// Actions that others may notice, not on the source's infrastructure.
    ExternallyVisibleIndirect,
    /// Actions on the source's infrastructure.
    ExternallyVisibleDirect,
}

impl PermittedActions {
    /// Every value, least first.
    pub const ALL: [Self; 5] = [
        Self::None,
        Self::ContactForInstruction,
        Self::InternallyVisible,
        Self::ExternallyVisibleIndirect,
        Self::ExternallyVisibleDirect,
    ];

    /// The name in labels and files.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::ContactForInstruction => "contact-for-instruction",
            Self::InternallyVisible => "internally-visible",
            Self::ExternallyVisibleIndirect => "externally-visible-indirect",
            Self::ExternallyVisibleDirect => "externally-visible-direct",
        }
    }

    /// The value of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|actions| actions.as_str() == name)
    }
}

/// From when, and until when (exclusive). `None` is unbounded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Window {
    /// The first instant at which it may be released.
    pub not_before: Option<Timestamp>,
    /// The first instant at which it may no longer be released.
    pub not_after: Option<Timestamp>,
}

impl Window {
    /// The instants in both.
    #[must_use]
    pub fn intersection(self, other: Self) -> Self {
        Self {
            // `None` sorts lowest: for the start that is "always", for the end it must not win.
            not_before: self.not_before.max(other.not_before),
            not_after: match (self.not_after, other.not_after) {
                (Some(a), Some(b)) => Some(a.min(b)),
                (a, b) => a.or(b),
            },
        }
    }
}

/// One thing that makes a label invalid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Fault {
    /// The object refers to a marking definition that nobody here knows.
    UnknownMarking,
    /// A marking definition's body does not match its id, or cannot be read.
    BadMarking,
    /// Two labels of different originators were put on one object.
    OriginatorConflict,
    /// Labels of different exercises, or of an exercise and operations, meet.
    ExerciseConflict,
    /// No programme is named.
    NoProgramme,
    /// A caveat that no programme and no national file declares.
    UnknownCaveat,
    /// A nation that exists in exercises only is named outside an exercise.
    ExerciseNation,
    /// The object's creator is another party than the nation that brought it.
    ForeignCreator,
}

impl Fault {
    /// Every fault.
    pub const ALL: [Self; 8] = [
        Self::UnknownMarking,
        Self::BadMarking,
        Self::OriginatorConflict,
        Self::ExerciseConflict,
        Self::NoProgramme,
        Self::UnknownCaveat,
        Self::ExerciseNation,
        Self::ForeignCreator,
    ];

    /// What is wrong, for people.
    pub fn describe(self) -> &'static str {
        match self {
            Self::UnknownMarking => {
                "it refers to a marking definition that this node does not know"
            }
            Self::BadMarking => "a marking definition's body does not match its id",
            Self::OriginatorConflict => "labels of two originators are on it",
            Self::ExerciseConflict => {
                "labels of two exercises, or of one and operations, meet in it"
            }
            Self::NoProgramme => "its label names no programme",
            Self::UnknownCaveat => "its label has a caveat that nobody has declared",
            Self::ExerciseNation => "it names a nation that exists in exercises only, outside one",
            Self::ForeignCreator => "its creator is a party other than the nation that brought it",
        }
    }

    fn bit(self) -> u8 {
        match self {
            Self::UnknownMarking => 1,
            Self::BadMarking => 2,
            Self::OriginatorConflict => 4,
            Self::ExerciseConflict => 8,
            Self::NoProgramme => 16,
            Self::UnknownCaveat => 32,
            Self::ExerciseNation => 64,
            Self::ForeignCreator => 128,
        }
    }
}

/// A set of faults.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Faults(u8);

impl Faults {
    /// No fault.
    pub const NONE: Self = Self(0);

    /// This set and `fault`.
    #[must_use]
    pub fn with(self, fault: Fault) -> Self {
        Self(self.0 | fault.bit())
    }

    /// From the stored byte.
    pub fn from_bits(bits: u8) -> Self {
        Self(bits)
    }

    /// The byte to store.
    pub fn bits(self) -> u8 {
        self.0
    }

    /// This set but `fault`.
    #[must_use]
    pub fn without(self, fault: Fault) -> Self {
        Self(self.0 & !fault.bit())
    }

    /// Both sets.
    #[must_use]
    pub fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether nothing is wrong.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The faults, in the order of [`Fault::ALL`].
    pub fn iter(self) -> impl Iterator<Item = Fault> {
        Fault::ALL.into_iter().filter(move |fault| self.0 & fault.bit() != 0)
    }
}

impl Label {
    /// The label of an object that nobody labelled: the originator alone.
    pub fn originator_alone(originator: Nation) -> Self {
        Self {
            originator,
            tlp: Tlp::Red,
            rel_to: NationSet::none(),
            under: BTreeSet::new(),
            caveats: BTreeSet::new(),
            actions: PermittedActions::None,
            exercise: None,
            window: Window::default(),
            onward: false,
            faults: Faults::NONE.with(Fault::NoProgramme),
        }
    }

    /// The label of an object that carries both labels. Never wider than either.
    #[must_use]
    pub fn combine(&self, other: &Self) -> Self {
        let mut faults = self.all_faults().union(other.all_faults());
        if self.originator != other.originator {
            faults = faults.with(Fault::OriginatorConflict);
        }
        if self.exercise != other.exercise {
            faults = faults.with(Fault::ExerciseConflict);
        }
        Self {
            // With a conflict the label is invalid. Which side stays keeps `combine` commutative;
            // that an exercise stays keeps it associative: no fault shows that neither side had.
            originator: self.originator.min(other.originator),
            tlp: self.tlp.max(other.tlp),
            rel_to: self.rel_to.intersection(&other.rel_to),
            under: self.under.union(&other.under).cloned().collect(),
            caveats: self.caveats.union(&other.caveats).cloned().collect(),
            actions: self.actions.min(other.actions),
            exercise: self.exercise.clone().max(other.exercise.clone()),
            window: self.window.intersection(other.window),
            onward: self.onward && other.onward,
            faults,
        }
    }

    /// The label of a container that carries `self` and refers to an object labelled `member`.
    /// The originator stays the container's own; that another nation's member does not travel with
    /// it is for condition 11.
    #[must_use]
    pub fn contain(&self, member: &Self) -> Self {
        let mut member = member.clone();
        member.originator = self.originator;
        self.combine(&member)
    }

    /// The label with a TLP marking added.
    #[must_use]
    pub fn at_least(mut self, tlp: Tlp) -> Self {
        self.tlp = self.tlp.max(tlp);
        self
    }

    /// The label with a fault added.
    #[must_use]
    pub fn faulty(mut self, fault: Fault) -> Self {
        self.faults = self.faults.with(fault);
        self
    }

    /// The label with every fault recorded, given the caveats that programmes and national files
    /// declare. Idempotent.
    #[must_use]
    pub fn checked(mut self, declared: &BTreeSet<Caveat>) -> Self {
        self.faults = self.all_faults();
        if !self.caveats.is_subset(declared) {
            self.faults = self.faults.with(Fault::UnknownCaveat);
        }
        self
    }

    /// The faults recorded, and those that show in the label itself, recorded or not.
    pub fn all_faults(&self) -> Faults {
        let mut faults = self.faults;
        if self.under.is_empty() {
            faults = faults.with(Fault::NoProgramme);
        }
        let mut named = self.rel_to.iter().chain([self.originator]);
        if self.exercise.is_none() && named.any(Nation::is_exercise_only) {
            faults = faults.with(Fault::ExerciseNation);
        }
        faults
    }

    /// Whether any partner may be considered at all.
    pub fn is_valid(&self) -> bool {
        self.all_faults().is_empty()
    }
}

/// `TLP:AMBER+STRICT//REL TO KOR, EST, GBR//CYBER DEFENCE//EXERCISE CC23`: originator first.
impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}//REL TO {}", self.tlp, self.originator)?;
        for nation in self.rel_to.iter().filter(|nation| *nation != self.originator) {
            write!(f, ", {nation}")?;
        }
        let areas: BTreeSet<&AreaId> = self.under.iter().map(|under| &under.area).collect();
        for area in areas {
            write!(f, "//{}", area.as_str().to_uppercase().replace('-', " "))?;
        }
        for caveat in &self.caveats {
            write!(f, "//{}", caveat.as_str().to_uppercase().replace('-', " "))?;
        }
        if let Some(exercise) = &self.exercise {
            write!(f, "//EXERCISE {}", exercise.as_str().to_uppercase())?;
        }
        if !self.is_valid() {
            f.write_str("//INVALID")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn taking_a_fault_away_takes_that_one_alone() {
        let both = Faults::NONE.with(Fault::UnknownMarking).with(Fault::BadMarking);
        let left = both.without(Fault::UnknownMarking);
        assert_eq!(left, Faults::NONE.with(Fault::BadMarking));
        assert_eq!(left.without(Fault::UnknownMarking), left);
        assert!(left.without(Fault::BadMarking).is_empty());
    }
}
