//! The effective label of an object: what was applied, what it carries, and what it refers to.
//!
//! Invariants:
//! * Without a label, applied or carried, an object goes to nobody.
//! * Whatever else is on the object only narrows.

use std::collections::BTreeSet;

use entente_object::marking::Tlp;
use entente_release::label::{Fault, Faults, PermittedActions, Under, Window};
use entente_release::name::{Caveat, ExerciseId};
use entente_release::{Label, Nation, NationSet};

use crate::prepare::{Defines, Prepared};

/// A label that whoever brings objects puts on all of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Applied {
    /// The least level; none: each object's own TLP marking decides, and without one nobody gets it.
    pub tlp: Option<Tlp>,
    /// The nations that it is releasable to.
    pub rel_to: NationSet,
    /// The programmes and areas.
    pub under: BTreeSet<Under>,
    /// Caveats.
    pub caveats: BTreeSet<Caveat>,
    /// Permitted actions.
    pub actions: PermittedActions,
    /// The exercise, if any.
    pub exercise: Option<ExerciseId>,
    /// The time window.
    pub window: Window,
}

impl Applied {
    /// As people write it, on what `originator` makes.
    pub fn shown(&self, originator: Nation) -> String {
        self.label(originator, None).to_string()
    }

    /// As a label of objects whose own TLP marking is `own`.
    fn label(&self, originator: Nation, own: Option<Tlp>) -> Label {
        Label {
            originator,
            tlp: self.tlp.max(own).unwrap_or(Tlp::Red),
            rel_to: self.rel_to.clone(),
            under: self.under.clone(),
            caveats: self.caveats.clone(),
            actions: self.actions,
            exercise: self.exercise.clone(),
            window: self.window,
            onward: false,
            faults: Faults::NONE,
        }
    }
}

/// What is known of a marking that an object carries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Marking {
    /// One of our labels.
    Label(Box<Label>),
    /// A statement.
    Statement,
    /// Claims to be a label and is not.
    Bad,
    /// Nothing is known of it.
    Unknown,
}

impl From<&Defines> for Marking {
    fn from(defines: &Defines) -> Self {
        match defines {
            Defines::Label(label) => Self::Label(label.clone()),
            Defines::Statement | Defines::Tlp => Self::Statement,
            Defines::BadLabel(_) => Self::Bad,
            Defines::Strange => Self::Unknown,
        }
    }
}

impl Marking {
    /// What two definitions of one id mean: a label proves that the id is its own; of others none
    /// can be trusted.
    pub(crate) fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Label(label), _) | (_, Self::Label(label)) => Self::Label(label),
            (a, b) if a == b => a,
            (_, _) => Self::Bad,
        }
    }
}

/// The object's own label, before what it refers to is looked at.
pub(crate) fn own_label(
    object: &Prepared,
    bringer: Nation,
    applied: Option<&Applied>,
    declared: &BTreeSet<Caveat>,
    marking: &mut impl FnMut(entente_object::id::IdKey) -> Marking,
) -> Label {
    // Its originator made it, and signed it: nothing is added to it here.
    if let Some(label) = &object.released_under {
        return (**label).clone();
    }
    let mut faults = Faults::NONE;
    let mut label = applied.map(|applied| applied.label(bringer, object.tlp));
    let mut add = |found: Label| {
        label = Some(match label.take() {
            Some(label) => label.combine(&found),
            None => found,
        });
    };
    if let Some(Defines::Label(own)) = &object.defines {
        add((**own).clone());
    }
    for &key in &object.markings {
        match marking(key) {
            Marking::Label(found) => add(*found),
            Marking::Statement => {}
            Marking::Bad => faults = faults.with(Fault::BadMarking),
            Marking::Unknown => faults = faults.with(Fault::UnknownMarking),
        }
    }
    if matches!(object.defines, Some(Defines::BadLabel(_))) {
        faults = faults.with(Fault::BadMarking);
    }
    let mut label = label.unwrap_or_else(|| Label::originator_alone(bringer));
    if label.originator != bringer {
        faults = faults.with(Fault::OriginatorConflict);
    }
    label.faults = label.faults.union(faults);
    match object.tlp {
        Some(tlp) => label.at_least(tlp).checked(declared),
        None => label.checked(declared),
    }
}
