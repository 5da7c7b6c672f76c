//! The closed lists of terms, as types. The texts are those of `entente_object::spec::cooperation`, which
//! a test compares.

macro_rules! terms {
    ($(#[$doc:meta])* $name:ident { $($(#[$term_doc:meta])* $term:ident = $text:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name { $($(#[$term_doc])* $term,)+ }

        impl $name {
            /// All of them, in their order.
            pub const ALL: &'static [Self] = &[$(Self::$term,)+];

            /// As it is written.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$term => $text,)+ }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl std::str::FromStr for $name {
            type Err = UnknownTerm;

            fn from_str(text: &str) -> Result<Self, UnknownTerm> {
                let found = Self::ALL.iter().copied().find(|term| term.as_str() == text);
                found.ok_or_else(|| UnknownTerm {
                    text: text.to_owned(),
                    expected: Self::ALL.iter().map(|term| term.as_str()).collect::<Vec<_>>().join(", "),
                })
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
                out.serialize_str(self.as_str())
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                let text = <std::borrow::Cow<'de, str>>::deserialize(from)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

/// A text is none of the terms.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("\"{text}\" is none of: {expected}")]
pub struct UnknownTerm {
    /// The text.
    pub text: String,
    /// The terms, with commas.
    pub expected: String,
}

terms! {
    /// How a meeting of nations stands.
    ConsultationState {
        /// A nation asked for it.
        Requested = "requested",
        /// Nations are invited.
        Convened = "convened",
        /// It took place.
        Held = "held",
        /// Minutes and outcomes are settled.
        Closed = "closed",
        /// Nobody convenes it.
        Declined = "declined",
        /// It does not take place.
        Cancelled = "cancelled",
    }
}
terms! {
    /// What is put to nations.
    ProposalKind {
        /// What a consultation comes to.
        Outcome = "outcome",
        /// What is told to the public after one.
        Communique = "communique",
        /// A joint statement.
        Statement = "statement",
        /// A version of the programme.
        Programme = "programme",
    }
}
terms! {
    /// How nations accept a text.
    Procedure {
        /// Each says so.
        Consensus = "consensus",
        /// Who says nothing until the deadline has accepted.
        Silence = "silence",
    }
}
terms! {
    /// How a proposal stands with its author.
    ProposalState {
        /// It is being written.
        Draft = "draft",
        /// It is put to the parties.
        Proposed = "proposed",
        /// The parties accepted it.
        Accepted = "accepted",
        /// They did not.
        NotAccepted = "not-accepted",
        /// Its author took it back.
        Withdrawn = "withdrawn",
    }
}
terms! {
    /// What a nation says to an exact text.
    Answer {
        /// It is accepted.
        Agree = "agree",
        /// It is not.
        Object = "object",
        /// The nation stands aside.
        Abstain = "abstain",
        /// It is accepted but for what the statement says.
        Reserve = "reserve",
    }
}
terms! {
    /// What a contribution is.
    ContributionKind {
        /// What a nation thinks.
        Position = "position",
        /// What was said and settled at a meeting.
        Minute = "minute",
        /// A remark on a text.
        Comment = "comment",
        /// A question.
        Question = "question",
        /// The answer to one.
        Answer = "answer",
        /// What happened, when.
        Timeline = "timeline",
        /// A step of a playbook that somebody carried out.
        StepDone = "step-done",
        /// What was said right after an exercise.
        HotWash = "hot-wash",
        /// A nation asks for more time.
        ExtensionRequest = "extension-request",
    }
}
terms! {
    /// How far a commitment or a measure is: the scale of the Open Government Partnership.
    Completion {
        /// Nothing shows that anything was done.
        NoEvidence = "no-evidence",
        /// It has not begun.
        NotStarted = "not-started",
        /// A little.
        Limited = "limited",
        /// Most of it.
        Substantial = "substantial",
        /// All of it.
        Complete = "complete",
    }
}
terms! {
    /// How a task was performed (HSEEP, EEG).
    Rating {
        /// Performed without challenges.
        P = "P",
        /// With some.
        S = "S",
        /// With major ones.
        M = "M",
        /// Unable to be performed.
        U = "U",
    }
}
terms! {
    /// Where an actual comes from.
    ActualSource {
        /// From the log and the ledgers.
        Computed = "computed",
        /// From a person.
        Entered = "entered",
    }
}
terms! {
    /// How an activity stands.
    ActivityState {
        /// A date is looked for.
        Planned = "planned",
        /// It will take place.
        Confirmed = "confirmed",
        /// It took place.
        Held = "held",
        /// It does not.
        Cancelled = "cancelled",
    }
}
terms! {
    /// How the recognition of a standard or a certificate stands.
    RecognitionState {
        /// It is asked for.
        Proposed = "proposed",
        /// It is examined.
        UnderReview = "under-review",
        /// It counts.
        Recognised = "recognised",
        /// It does not count for now.
        Suspended = "suspended",
        /// It counts no more.
        Withdrawn = "withdrawn",
        /// It was not granted.
        Refused = "refused",
    }
}
terms! {
    /// Whether a capability is needed or offered.
    CapabilityKind {
        /// It is needed.
        Need = "need",
        /// It is offered.
        Offer = "offer",
    }
}
terms! {
    /// How a need or an offer stands.
    CapabilityState {
        /// Somebody is looked for.
        Open = "open",
        /// Somebody was found.
        Matched = "matched",
        /// It is over.
        Closed = "closed",
    }
}
terms! {
    /// How a situation stands.
    SituationState {
        /// It goes on.
        Open = "open",
        /// It is watched.
        Monitoring = "monitoring",
        /// It is over.
        Closed = "closed",
    }
}
terms! {
    /// One message of asking for help and giving it (EDXL-RM 1.0, 3.2), in its order.
    AssistanceMessage {
        /// Help is asked for.
        RequestResource = "RequestResource",
        /// Whether it can be given.
        ResponseToRequestResource = "ResponseToRequestResource",
        /// What was offered is ordered.
        RequisitionResource = "RequisitionResource",
        /// It will be given.
        CommitResource = "CommitResource",
        /// Something is asked.
        RequestInformation = "RequestInformation",
        /// What was asked.
        ResponseToRequestInformation = "ResponseToRequestInformation",
        /// Help is offered that nobody asked for.
        OfferUnsolicitedResource = "OfferUnsolicitedResource",
        /// It is needed no more.
        ReleaseResource = "ReleaseResource",
        /// Who gave it needs it back.
        RequestReturn = "RequestReturn",
        /// Whether it can go back.
        ResponseToRequestReturn = "ResponseToRequestReturn",
        /// What it would cost is asked.
        RequestQuote = "RequestQuote",
        /// What it would cost.
        ResponseToRequestQuote = "ResponseToRequestQuote",
        /// How far it is on its way is asked.
        RequestResourceDeploymentStatus = "RequestResourceDeploymentStatus",
        /// How far it is.
        ReportResourceDeploymentStatus = "ReportResourceDeploymentStatus",
        /// Whether it can stay for longer is asked.
        RequestExtendedDeploymentDuration = "RequestExtendedDeploymentDuration",
        /// Whether it can.
        ResponseToRequestExtendedDeploymentDuration =
            "ResponseToRequestExtendedDeploymentDuration",
    }
}
terms! {
    /// What is said to a request for help (EDXL-RM 1.0, response information).
    AssistanceAnswer {
        /// Yes.
        Accept = "Accept",
        /// No.
        Decline = "Decline",
        /// Perhaps: more is to come.
        Provisional = "Provisional",
    }
}

#[cfg(test)]
mod tests {
    use entente_object::spec::cooperation as tables;

    use super::*;

    #[test]
    fn the_terms_are_those_of_the_tables() {
        macro_rules! same {
            ($($terms:ident = $table:ident),+ $(,)?) => {$(
                let ours: Vec<&str> = $terms::ALL.iter().map(|term| term.as_str()).collect();
                assert_eq!(ours, tables::$table.terms, stringify!($terms));
            )+};
        }
        same!(
            ConsultationState = CONSULTATION_STATE,
            ProposalKind = PROPOSAL_KIND,
            Procedure = PROCEDURE,
            ProposalState = PROPOSAL_STATE,
            Answer = ANSWER,
            ContributionKind = CONTRIBUTION_KIND,
            Completion = COMPLETION,
            Rating = RATING,
            ActualSource = ACTUAL_SOURCE,
            ActivityState = ACTIVITY_STATE,
            RecognitionState = RECOGNITION_STATE,
            CapabilityKind = CAPABILITY_KIND,
            CapabilityState = CAPABILITY_STATE,
            SituationState = SITUATION_STATE,
            AssistanceMessage = ASSISTANCE_MESSAGE,
            AssistanceAnswer = ASSISTANCE_ANSWER,
        );
    }

    #[test]
    fn a_term_that_is_none_is_refused_with_those_that_are() {
        assert_eq!("agree".parse(), Ok(Answer::Agree));
        let refused = "yes".parse::<Answer>().unwrap_err();
        assert_eq!(refused.to_string(), "\"yes\" is none of: agree, object, abstain, reserve");
    }
}
