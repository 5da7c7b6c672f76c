//! The rule: twelve conditions, one function each, in the order in which they are told to people.
//!
//! Invariants:
//! * [`decide`] is total and pure: no I/O, no clock, no floats, no panics. All that it looks at is
//!   in its argument.
//! * It allows only if all twelve conditions hold; a denial names the first that does not, and the
//!   clause of the programme where there is one.
//! * Whatever is empty, missing, unknown or in error denies.

use std::fmt;

use entente_object::marking::Tlp;
use entente_object::time::Timestamp;

use crate::approval::ApprovalState;
use crate::label::{Fault, Label};
use crate::nation::Nation;
use crate::partner::{Channel, Partner, Standing, Subscription};

/// Everything that one decision looks at.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// The effective label of the object.
    pub label: &'a Label,
    /// Whether the object is what its originator made.
    pub provenance: Provenance,
    /// The nation of this node.
    pub here: Nation,
    /// Who would receive it.
    pub partner: &'a Partner,
    /// Where it would travel.
    pub channel: &'a Channel,
    /// When.
    pub now: Timestamp,
    /// What the programmes say.
    pub terms: &'a Terms,
    /// Whether people have approved it, where the programme asks for that.
    pub approval: ApprovalState,
    /// Whether what the object mentions is releasable too.
    pub mentions: Mentions,
}

/// Whether the object is proven to be its originator's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Provenance {
    /// Made or brought here, or under a checkpoint that the nation signed.
    Verified(Nation),
    /// Nothing proves it.
    Unproven,
}

/// What the programmes in force say about one label, object type and partner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Terms {
    /// Every programme named permits it.
    Permit {
        /// Where it says so.
        clause: Clause,
        /// How many distinct releasers must approve; 0: none.
        releasers: u8,
    },
    /// At least one does not.
    Refuse {
        /// Why.
        refusal: TermsRefusal,
        /// Where it says so.
        clause: Clause,
    },
}

/// Why the programmes refuse.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TermsRefusal {
    /// This node has not adopted a programme of that name.
    UnknownProgramme,
    /// The partner is not a party.
    NotParty,
    /// The programme is not in force now.
    NotInForce,
    /// The programme has no such area.
    UnknownArea,
    /// The area's terms of exchange do not permit it.
    Terms,
    /// A national caveat file forbids it.
    National,
    /// A policy could not be evaluated.
    Error,
}

/// Where a programme says something: `rok-nato-itpp-2023, area cyber-defence, terms 2`.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Clause(pub String);

impl fmt::Display for Clause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Whether everything that the object mentions may go to the partner too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Mentions {
    /// All of it is released to the partner, or public.
    Releasable,
    /// Something is withheld from the partner, or is not here.
    Withheld,
}

/// The conditions, numbered as the rule numbers them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Condition {
    /// 1: the label is valid and provenance verifies.
    LabelAndProvenance,
    /// 2: the partner is active and its credential current.
    Partner,
    /// 3: the partner's nation is in `rel_to`.
    RelTo,
    /// 4: not TLP:RED.
    NotRed,
    /// 5: the programmes permit it.
    Programme,
    /// 6: every caveat is accepted.
    Caveats,
    /// 7: the exercise is the channel's, and the partner is enrolled.
    Exercise,
    /// 8: within the time window.
    Window,
    /// 9: this node is the originator.
    Originator,
    /// 10: approved, where the area asks for it.
    Approval,
    /// 11: everything mentioned is releasable too.
    Mentions,
    /// 12: subscribed.
    Subscription,
}

impl Condition {
    /// Every condition in order.
    pub const ALL: [Self; 12] = [
        Self::LabelAndProvenance,
        Self::Partner,
        Self::RelTo,
        Self::NotRed,
        Self::Programme,
        Self::Caveats,
        Self::Exercise,
        Self::Window,
        Self::Originator,
        Self::Approval,
        Self::Mentions,
        Self::Subscription,
    ];

    /// 1 to 12.
    pub fn number(self) -> u8 {
        match self {
            Self::LabelAndProvenance => 1,
            Self::Partner => 2,
            Self::RelTo => 3,
            Self::NotRed => 4,
            Self::Programme => 5,
            Self::Caveats => 6,
            Self::Exercise => 7,
            Self::Window => 8,
            Self::Originator => 9,
            Self::Approval => 10,
            Self::Mentions => 11,
            Self::Subscription => 12,
        }
    }

    /// What it asks, for people.
    pub fn describe(self) -> &'static str {
        match self {
            Self::LabelAndProvenance => "the label is valid and the object is its originator's",
            Self::Partner => "the partner is active and its credential is current",
            Self::RelTo => "the partner's nation is named in REL TO",
            Self::NotRed => "it is not TLP:RED",
            Self::Programme => "the programme is in force and its terms permit it",
            Self::Caveats => "the partner has accepted every caveat",
            Self::Exercise => "operations and exercises stay apart",
            Self::Window => "it is within its time window",
            Self::Originator => "this nation is the originator",
            Self::Approval => "the releasers that the area asks for have approved it",
            Self::Mentions => "all that it mentions may go to the partner too",
            Self::Subscription => "the partner has subscribed to the area",
        }
    }
}

/// Why a condition does not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// The label has this fault.
    Label(Fault),
    /// Nothing proves who made the object.
    Unproven,
    /// The signer is not of the originator's nation.
    WrongSigner(Nation),
    /// The session is not this partner's.
    NotAuthenticated,
    /// The partner is suspended.
    Suspended,
    /// The partner is revoked.
    Revoked,
    /// The partner's key or certificate is not current.
    CredentialNotCurrent,
    /// No partner is named at all.
    NobodyNamed,
    /// The partner is not named.
    NotNamed,
    /// TLP:RED goes to named people, never over the machine channel.
    Red,
    /// A programme refuses.
    Terms(TermsRefusal, Clause),
    /// The partner has not accepted this caveat.
    CaveatNotAccepted(crate::name::Caveat),
    /// The object is of an exercise, or of operations, and the channel is not.
    CrossesTheWall,
    /// The partner is not enrolled in the exercise.
    NotEnrolled,
    /// Its time has not come.
    NotYet(Timestamp),
    /// Its time is over.
    Expired(Timestamp),
    /// Another nation is the originator.
    OriginatorControl(Nation),
    /// Not approved, or not by enough people, or for something else.
    NotApproved(ApprovalState, Clause),
    /// It mentions something that the partner may not have.
    MentionWithheld,
    /// The partner did not subscribe.
    NotSubscribed,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Label(fault) => f.write_str(fault.describe()),
            Self::Unproven => f.write_str("nothing proves who made it"),
            Self::WrongSigner(nation) => write!(f, "it was signed by {nation}, not its originator"),
            Self::NotAuthenticated => f.write_str("the session is not this partner's"),
            Self::Suspended => f.write_str("the partner is suspended"),
            Self::Revoked => f.write_str("the partner is revoked"),
            Self::CredentialNotCurrent => f.write_str("the partner's credential is not current"),
            Self::NobodyNamed => f.write_str("REL TO names nobody but the originator"),
            Self::NotNamed => f.write_str("the partner is not named in REL TO"),
            Self::Red => f.write_str("TLP:RED goes to named people, never over the channel"),
            Self::Terms(refusal, clause) => write!(f, "{} ({clause})", refusal.describe()),
            Self::CaveatNotAccepted(caveat) => write!(f, "the caveat {caveat} is not accepted"),
            Self::CrossesTheWall => f.write_str("exercise and operations do not mix"),
            Self::NotEnrolled => f.write_str("the partner is not enrolled in the exercise"),
            Self::NotYet(from) => write!(f, "not before {from}"),
            Self::Expired(until) => write!(f, "its time ended at {until}"),
            Self::OriginatorControl(nation) => write!(f, "{nation} is the originator and decides"),
            Self::NotApproved(state, clause) => write!(f, "{} ({clause})", state.describe()),
            Self::MentionWithheld => {
                f.write_str("it mentions something that the partner may not have")
            }
            Self::NotSubscribed => f.write_str("the partner did not subscribe to the area"),
        }
    }
}

impl TermsRefusal {
    /// Why, for people.
    pub fn describe(self) -> &'static str {
        match self {
            Self::UnknownProgramme => "this node has not adopted that programme",
            Self::NotParty => "the partner is not a party to the programme",
            Self::NotInForce => "the programme is not in force",
            Self::UnknownArea => "the programme has no such area",
            Self::Terms => "the area's terms of exchange do not permit it",
            Self::National => "a national caveat forbids it",
            Self::Error => "a policy could not be evaluated, which denies",
        }
    }
}

/// Whether a condition holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It does.
    Holds,
    /// It does not.
    Fails(Reason),
}

impl Outcome {
    fn fails_if(fails: bool, reason: Reason) -> Self {
        if fails { Self::Fails(reason) } else { Self::Holds }
    }
}

/// The answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// The partner may have it.
    Allow,
    /// It may not.
    Deny(Condition, Reason),
}

/// Decides: [`Decision::Allow`] only if every condition holds.
pub fn decide(question: &Question<'_>) -> Decision {
    for condition in Condition::ALL {
        if let Outcome::Fails(reason) = outcome(condition, question) {
            return Decision::Deny(condition, reason);
        }
    }
    Decision::Allow
}

/// The outcome of every condition, for people who ask why.
pub fn explain(question: &Question<'_>) -> [(Condition, Outcome); 12] {
    Condition::ALL.map(|condition| (condition, outcome(condition, question)))
}

fn outcome(condition: Condition, question: &Question<'_>) -> Outcome {
    let Question { label, partner, now, .. } = *question;
    match condition {
        Condition::LabelAndProvenance => label_and_provenance(label, question.provenance),
        Condition::Partner => partner_is_current(partner, now),
        Condition::RelTo => named(label, partner.nation),
        Condition::NotRed => Outcome::fails_if(label.tlp == Tlp::Red, Reason::Red),
        Condition::Programme => programme_permits(question.terms),
        Condition::Caveats => caveats_accepted(label, partner),
        Condition::Exercise => exercise_agrees(label, partner, question.channel),
        Condition::Window => within_window(label, now),
        // Onward release of a received object is not in the first version of the rule.
        Condition::Originator => Outcome::fails_if(
            label.originator != question.here,
            Reason::OriginatorControl(label.originator),
        ),
        Condition::Approval => approved(question.approval, question.terms),
        Condition::Mentions => {
            Outcome::fails_if(question.mentions == Mentions::Withheld, Reason::MentionWithheld)
        }
        Condition::Subscription => subscribed(label, &partner.subscription),
    }
}

fn label_and_provenance(label: &Label, provenance: Provenance) -> Outcome {
    if let Some(fault) = label.all_faults().iter().next() {
        return Outcome::Fails(Reason::Label(fault));
    }
    match provenance {
        Provenance::Unproven => Outcome::Fails(Reason::Unproven),
        Provenance::Verified(signer) => {
            Outcome::fails_if(signer != label.originator, Reason::WrongSigner(signer))
        }
    }
}

/// Condition 2. Also the door's check when a session begins.
pub(crate) fn partner_is_current(partner: &Partner, now: Timestamp) -> Outcome {
    match partner.standing {
        Standing::Suspended => Outcome::Fails(Reason::Suspended),
        Standing::Revoked => Outcome::Fails(Reason::Revoked),
        // A credential without a beginning or an end is not known to be current.
        Standing::Active => match (partner.credential.not_before, partner.credential.not_after) {
            (Some(from), Some(until)) if from <= now && now < until => Outcome::Holds,
            (None | Some(_), None | Some(_)) => Outcome::Fails(Reason::CredentialNotCurrent),
        },
    }
}

fn named(label: &Label, nation: Nation) -> Outcome {
    if label.rel_to.is_empty() {
        return Outcome::Fails(Reason::NobodyNamed);
    }
    Outcome::fails_if(!label.rel_to.contains(nation), Reason::NotNamed)
}

fn programme_permits(terms: &Terms) -> Outcome {
    match terms {
        Terms::Permit { .. } => Outcome::Holds,
        Terms::Refuse { refusal, clause } => {
            Outcome::Fails(Reason::Terms(*refusal, clause.clone()))
        }
    }
}

fn caveats_accepted(label: &Label, partner: &Partner) -> Outcome {
    match label.caveats.difference(&partner.caveats).next() {
        None => Outcome::Holds,
        Some(caveat) => Outcome::Fails(Reason::CaveatNotAccepted(caveat.clone())),
    }
}

fn exercise_agrees(label: &Label, partner: &Partner, channel: &Channel) -> Outcome {
    if label.exercise != channel.exercise {
        return Outcome::Fails(Reason::CrossesTheWall);
    }
    let enrolled = label.exercise.as_ref().is_none_or(|id| partner.exercises.contains(id));
    Outcome::fails_if(!enrolled, Reason::NotEnrolled)
}

fn within_window(label: &Label, now: Timestamp) -> Outcome {
    match (label.window.not_before, label.window.not_after) {
        (Some(from), _) if now < from => Outcome::Fails(Reason::NotYet(from)),
        (_, Some(until)) if now >= until => Outcome::Fails(Reason::Expired(until)),
        (None | Some(_), None | Some(_)) => Outcome::Holds,
    }
}

fn approved(approval: ApprovalState, terms: &Terms) -> Outcome {
    let (enough, clause) = match terms {
        Terms::Permit { releasers, clause } => (approval.suffices(*releasers), clause),
        Terms::Refuse { clause, .. } => (false, clause),
    };
    if enough {
        Outcome::Holds
    } else {
        Outcome::Fails(Reason::NotApproved(approval, clause.clone()))
    }
}

fn subscribed(label: &Label, subscription: &Subscription) -> Outcome {
    let included = match subscription {
        Subscription::Everything => true,
        Subscription::Areas(areas) => label.under.is_subset(areas),
    };
    Outcome::fails_if(!included, Reason::NotSubscribed)
}
