//! Which step may follow which: one table for each thing that has states.
//!
//! Invariant: total; whatever is not listed is refused, and the refusal names what is.

use std::fmt::Display;

use crate::terms::{
    ActivityState, CapabilityState, ConsultationState, ProposalState, RecognitionState,
    SituationState,
};

/// States of which some may follow others.
pub trait Steps: Copy + Eq + Display + 'static {
    /// What a thing is called that has them, with its article.
    const OF: &'static str;
    /// In which it may begin.
    const FIRST: &'static [Self];
    /// Which may follow; itself, where it may be changed and stay as it is.
    fn next(self) -> &'static [Self];

    /// Refuses a step that is not allowed. `from` nothing: it begins.
    fn step(from: Option<Self>, to: Self) -> Result<(), IllegalStep> {
        let legal = from.map_or(Self::FIRST, Self::next);
        if legal.contains(&to) {
            return Ok(());
        }
        Err(IllegalStep {
            of: Self::OF,
            from: from.map(|state| state.to_string()),
            to: to.to_string(),
            legal: legal.iter().map(ToString::to_string).collect(),
        })
    }
}

/// A step that may not follow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IllegalStep {
    /// What it is a step of.
    pub of: &'static str,
    /// The state before; none: it would begin so.
    pub from: Option<String>,
    /// The state that was asked for.
    pub to: String,
    /// Those that may follow.
    pub legal: Vec<String>,
}

impl std::error::Error for IllegalStep {}

impl std::fmt::Display for IllegalStep {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { of, from, to, legal } = self;
        match from {
            Some(from) => write!(f, "{of} that is {from} cannot become {to}: ")?,
            None => write!(f, "{of} cannot begin as {to}: ")?,
        }
        match legal.as_slice() {
            [] => write!(f, "nothing follows any more"),
            [one] => write!(f, "it can be {one}"),
            several => write!(f, "it can be one of {}", several.join(", ")),
        }
    }
}

impl Steps for ConsultationState {
    const OF: &'static str = "a consultation";
    const FIRST: &'static [Self] = &[Self::Requested, Self::Convened];

    fn next(self) -> &'static [Self] {
        match self {
            Self::Requested => &[Self::Requested, Self::Convened, Self::Declined, Self::Cancelled],
            Self::Convened => &[Self::Convened, Self::Held, Self::Cancelled],
            Self::Held => &[Self::Held, Self::Closed],
            Self::Closed | Self::Declined | Self::Cancelled => &[],
        }
    }
}

impl Steps for ProposalState {
    const OF: &'static str = "a proposal";
    const FIRST: &'static [Self] = &[Self::Draft, Self::Proposed];

    fn next(self) -> &'static [Self] {
        match self {
            Self::Draft => &[Self::Draft, Self::Proposed, Self::Withdrawn],
            Self::Proposed => &[Self::Proposed, Self::Accepted, Self::NotAccepted, Self::Withdrawn],
            // An objection that was made in time and came late.
            Self::Accepted => &[Self::NotAccepted],
            Self::NotAccepted | Self::Withdrawn => &[],
        }
    }
}

impl Steps for ActivityState {
    const OF: &'static str = "an activity";
    const FIRST: &'static [Self] = &[Self::Planned, Self::Confirmed, Self::Held];

    fn next(self) -> &'static [Self] {
        match self {
            Self::Planned => &[Self::Planned, Self::Confirmed, Self::Held, Self::Cancelled],
            Self::Confirmed => &[Self::Confirmed, Self::Planned, Self::Held, Self::Cancelled],
            Self::Held => &[Self::Held],
            Self::Cancelled => &[],
        }
    }
}

impl Steps for RecognitionState {
    const OF: &'static str = "a recognition";
    const FIRST: &'static [Self] = &[Self::Proposed, Self::UnderReview, Self::Recognised];

    fn next(self) -> &'static [Self] {
        match self {
            Self::Proposed => &[Self::Proposed, Self::UnderReview, Self::Recognised, Self::Refused],
            Self::UnderReview => &[Self::UnderReview, Self::Recognised, Self::Refused],
            Self::Recognised => &[Self::Recognised, Self::Suspended, Self::Withdrawn],
            Self::Suspended => &[Self::Suspended, Self::Recognised, Self::Withdrawn],
            Self::Refused => &[Self::UnderReview],
            Self::Withdrawn => &[],
        }
    }
}

impl Steps for CapabilityState {
    const OF: &'static str = "a need or offer";
    const FIRST: &'static [Self] = &[Self::Open];

    fn next(self) -> &'static [Self] {
        match self {
            Self::Open => &[Self::Open, Self::Matched, Self::Closed],
            Self::Matched => &[Self::Matched, Self::Open, Self::Closed],
            Self::Closed => &[],
        }
    }
}

impl Steps for SituationState {
    const OF: &'static str = "a situation";
    const FIRST: &'static [Self] = &[Self::Open, Self::Monitoring];

    fn next(self) -> &'static [Self] {
        match self {
            Self::Open => &[Self::Open, Self::Monitoring, Self::Closed],
            Self::Monitoring => &[Self::Monitoring, Self::Open, Self::Closed],
            Self::Closed => &[Self::Open],
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::*;

    /// Every pair of states, allowed or not, against a list written apart.
    fn table<S: Steps>(all: &[S]) -> String {
        let mut text = String::new();
        for from in std::iter::once(None).chain(all.iter().copied().map(Some)) {
            let name = from.map_or("(nothing)".to_owned(), |state| state.to_string());
            let legal: Vec<String> = all
                .iter()
                .filter(|to| S::step(from, **to).is_ok())
                .map(ToString::to_string)
                .collect();
            for to in all.iter().filter(|to| !legal.contains(&to.to_string())) {
                let refused = S::step(from, *to).unwrap_err();
                let named: std::collections::BTreeSet<_> = refused.legal.iter().collect();
                assert_eq!(named, legal.iter().collect(), "{refused}");
            }
            writeln!(text, "{name}: {}", legal.join(" ")).unwrap();
        }
        text
    }

    #[test]
    fn each_step_is_allowed_or_refused_as_written() {
        assert_eq!(
            table(ConsultationState::ALL),
            "(nothing): requested convened\n\
             requested: requested convened declined cancelled\n\
             convened: convened held cancelled\n\
             held: held closed\n\
             closed: \n\
             declined: \n\
             cancelled: \n"
        );
        assert_eq!(
            table(ProposalState::ALL),
            "(nothing): draft proposed\n\
             draft: draft proposed withdrawn\n\
             proposed: proposed accepted not-accepted withdrawn\n\
             accepted: not-accepted\n\
             not-accepted: \n\
             withdrawn: \n"
        );
        assert_eq!(
            table(ActivityState::ALL),
            "(nothing): planned confirmed held\n\
             planned: planned confirmed held cancelled\n\
             confirmed: planned confirmed held cancelled\n\
             held: held\n\
             cancelled: \n"
        );
        assert_eq!(
            table(RecognitionState::ALL),
            "(nothing): proposed under-review recognised\n\
             proposed: proposed under-review recognised refused\n\
             under-review: under-review recognised refused\n\
             recognised: recognised suspended withdrawn\n\
             suspended: recognised suspended withdrawn\n\
             withdrawn: \n\
             refused: under-review\n"
        );
        assert_eq!(
            table(CapabilityState::ALL),
            "(nothing): open\n\
             open: open matched closed\n\
             matched: open matched closed\n\
             closed: \n"
        );
        assert_eq!(
            table(SituationState::ALL),
            "(nothing): open monitoring\n\
             open: open monitoring closed\n\
             monitoring: open monitoring closed\n\
             closed: open\n"
        );
    }

    #[test]
    fn a_refusal_says_what_can_be_done() {
        let refused =
            ConsultationState::step(Some(ConsultationState::Held), ConsultationState::Requested);
        assert_eq!(
            refused.unwrap_err().to_string(),
            "a consultation that is held cannot become requested: it can be one of held, closed"
        );
        let refused = ProposalState::step(Some(ProposalState::Withdrawn), ProposalState::Draft);
        assert_eq!(
            refused.unwrap_err().to_string(),
            "a proposal that is withdrawn cannot become draft: nothing follows any more"
        );
    }
}
