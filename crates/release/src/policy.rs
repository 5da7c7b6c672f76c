//! What the programmes and national caveats say, and who therefore receives a label.
//!
//! Invariants:
//! * A [`Policy`] only narrows: it is asked within the rule, and its silence or error refuses.
//! * [`Recipients`] are computed by the rule alone, here. Afterwards they only shrink, or who lacked
//!   nothing but approval moves from one list to the other.

use entente_object::time::Timestamp;

use crate::approval::ApprovalState;
use crate::decide::{
    Clause, Condition, Decision, Mentions, Provenance, Question, Reason, Terms, decide,
};
use crate::label::{Label, Window};
use crate::nation::Nation;
use crate::partner::{Channel, Partner, PartnerIndex, PartnerSet};

/// SHA-256 over the policy's text: adopted programmes and national files.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PolicyVersion(pub [u8; 32]);

/// The programmes that this node has adopted, with its national caveats.
pub trait Policy {
    /// Which policy this is.
    fn version(&self) -> PolicyVersion;

    /// What it says about an object of `object_type` with `label` going to `partner` at `now`.
    /// Total: an error is [`Terms::Refuse`]. Monotone: where it refuses a label, it refuses every
    /// label that this one combines to; else adding a marking could add a recipient.
    fn terms(&self, label: &Label, object_type: &str, partner: Nation, now: Timestamp) -> Terms;

    /// The times around `now` between which [`Policy::terms`] gives the same answers.
    fn steady(&self, now: Timestamp) -> Window;
}

/// What a decision about a label needs to know of the world.
#[derive(Clone, Copy)]
pub struct World<'a> {
    /// The nation of this node.
    pub here: Nation,
    /// Its partners, each with a number of its own.
    pub partners: &'a [Partner],
    /// The channel.
    pub channel: &'a Channel,
    /// The policy in force.
    pub policy: &'a dyn Policy,
    /// The time of the decision.
    pub now: Timestamp,
}

/// Who receives the objects of one label and type: the answer of the rule, once per label.
///
/// Only [`recipients`] makes one that names anybody.
///
/// ```compile_fail,E0451
/// let everybody = entente_release::Recipients {
///     at_once: entente_release::PartnerSet::from_bits(!0),
///     on_approval: vec![],
///     steady: entente_release::label::Window::default(),
/// };
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recipients {
    at_once: PartnerSet,
    on_approval: Vec<(PartnerIndex, u8)>,
    steady: Window,
}

impl Recipients {
    /// Nobody: for an object whose label need not even be asked about.
    pub fn nobody() -> Self {
        Self { at_once: PartnerSet::NONE, on_approval: Vec::new(), steady: Window::default() }
    }

    /// The partners who receive it now.
    pub fn at_once(&self) -> PartnerSet {
        self.at_once
    }

    /// The partners who receive it once so many releasers have approved.
    pub fn on_approval(&self) -> &[(PartnerIndex, u8)] {
        &self.on_approval
    }

    /// The times for which this answer holds: it is asked again outside.
    pub fn steady(&self) -> Window {
        self.steady
    }

    /// The same, for the partners in `only` alone.
    #[must_use]
    pub fn narrowed(&self, only: PartnerSet) -> Self {
        Self {
            at_once: self.at_once.intersection(only),
            on_approval: self
                .on_approval
                .iter()
                .filter(|(partner, _)| only.contains(*partner))
                .copied()
                .collect(),
            steady: self.steady,
        }
    }

    /// Those for whom this approval suffices now receive it too.
    #[must_use]
    pub fn approved(&self, approval: ApprovalState) -> Self {
        let (enough, waiting): (Vec<_>, Vec<_>) = self
            .on_approval
            .iter()
            .copied()
            .partition(|(_, required)| approval.suffices(*required));
        Self {
            at_once: enough.iter().fold(self.at_once, |set, (partner, _)| set.with(*partner)),
            on_approval: waiting,
            steady: self.steady,
        }
    }
}

/// Asks the rule for every partner. Conditions 10 and 11 depend on the single object: who only
/// lacks approval is listed apart, and mentions narrow the answer afterwards.
pub fn recipients(
    label: &Label,
    object_type: &str,
    provenance: Provenance,
    world: &World<'_>,
) -> Recipients {
    let mut answer = Recipients { steady: steady(label, world), ..Recipients::nobody() };
    let widest = Terms::Permit { clause: Clause(String::new()), releasers: 0 };
    for partner in world.partners {
        let question = Question {
            label,
            provenance,
            here: world.here,
            partner,
            channel: world.channel,
            now: world.now,
            terms: &widest,
            approval: ApprovalState::Missing,
            mentions: Mentions::Releasable,
        };
        // Terms only narrow. To ask for them is what takes long.
        if decide(&question) != Decision::Allow {
            continue;
        }
        let terms = world.policy.terms(label, object_type, partner.nation, world.now);
        let question = Question { terms: &terms, ..question };
        match (decide(&question), &terms) {
            (Decision::Allow, _) => answer.at_once = answer.at_once.with(partner.index),
            (
                Decision::Deny(Condition::Approval, Reason::NotApproved(..)),
                Terms::Permit { releasers, .. },
            ) if would_allow(&question, *releasers) => {
                answer.on_approval.push((partner.index, *releasers));
            }
            (Decision::Deny(..), Terms::Permit { .. } | Terms::Refuse { .. }) => {}
        }
    }
    answer
}

fn would_allow(question: &Question<'_>, releasers: u8) -> bool {
    decide(&Question { approval: ApprovalState::By(releasers), ..*question }) == Decision::Allow
}

/// The narrowest window around `now` at whose borders an answer may change.
fn steady(label: &Label, world: &World<'_>) -> Window {
    let credentials = world.partners.iter().map(|partner| partner.credential);
    let borders = credentials
        .chain([label.window, world.policy.steady(world.now)])
        .flat_map(|window| [window.not_before, window.not_after])
        .flatten();
    borders.fold(Window::default(), |steady, border| {
        let half = if border <= world.now {
            Window { not_before: Some(border), not_after: None }
        } else {
            Window { not_before: None, not_after: Some(border) }
        };
        steady.intersection(half)
    })
}
