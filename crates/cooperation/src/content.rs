//! What nations say, each as a type: the properties of docs/formats/cooperation.md in its order.
//!
//! Invariant: a content written out is valid by the table of its type, and reads back the same.

use entente_object::time::Timestamp;
use entente_release::{Nation, NationSet};
use serde::{Deserialize, Serialize};

use crate::form;
use crate::terms::{
    ActivityState, ActualSource, Answer, AssistanceAnswer, AssistanceMessage, CapabilityKind,
    CapabilityState, Completion, ConsultationState, ContributionKind, Procedure, ProposalKind,
    ProposalState, Rating, RecognitionState, SituationState,
};

/// What an object of cooperation says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type")]
#[expect(clippy::large_enum_variant, reason = "few of them live at once")]
pub enum Content {
    /// An `entente-consultation`.
    #[serde(rename = "entente-consultation")]
    Consultation(Consultation),
    /// An `entente-proposal`.
    #[serde(rename = "entente-proposal")]
    Proposal(Proposal),
    /// An `entente-sign-off`.
    #[serde(rename = "entente-sign-off")]
    SignOff(SignOff),
    /// An `entente-contribution`.
    #[serde(rename = "entente-contribution")]
    Contribution(Contribution),
    /// An `entente-commitment`.
    #[serde(rename = "entente-commitment")]
    Commitment(Commitment),
    /// An `entente-actual`.
    #[serde(rename = "entente-actual")]
    Actual(Actual),
    /// An `entente-assessment`.
    #[serde(rename = "entente-assessment")]
    Assessment(Assessment),
    /// An `entente-working-group`.
    #[serde(rename = "entente-working-group")]
    WorkingGroup(WorkingGroup),
    /// An `entente-activity`.
    #[serde(rename = "entente-activity")]
    Activity(Activity),
    /// An `entente-recognition`.
    #[serde(rename = "entente-recognition")]
    Recognition(Recognition),
    /// An `entente-capability`.
    #[serde(rename = "entente-capability")]
    Capability(Capability),
    /// An `entente-alert`.
    #[serde(rename = "entente-alert")]
    Alert(Alert),
    /// An `entente-situation`.
    #[serde(rename = "entente-situation")]
    Situation(Situation),
    /// An `entente-assistance`.
    #[serde(rename = "entente-assistance")]
    Assistance(Assistance),
}

impl Content {
    /// The type of the object.
    pub fn type_name(&self) -> &'static str {
        match self {
            Self::Consultation(_) => "entente-consultation",
            Self::Proposal(_) => "entente-proposal",
            Self::SignOff(_) => "entente-sign-off",
            Self::Contribution(_) => "entente-contribution",
            Self::Commitment(_) => "entente-commitment",
            Self::Actual(_) => "entente-actual",
            Self::Assessment(_) => "entente-assessment",
            Self::WorkingGroup(_) => "entente-working-group",
            Self::Activity(_) => "entente-activity",
            Self::Recognition(_) => "entente-recognition",
            Self::Capability(_) => "entente-capability",
            Self::Alert(_) => "entente-alert",
            Self::Situation(_) => "entente-situation",
            Self::Assistance(_) => "entente-assistance",
        }
    }
}

/// Who speaks for a nation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delegation {
    /// The nation.
    #[serde(with = "form::nation")]
    pub nation: Nation,
    /// Who leads it: a role.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub head: Option<String>,
    /// The others: roles.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub members: Vec<String>,
    /// Whom to call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contact: Option<String>,
}

/// What a meeting talks about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgendaItem {
    /// Its number, from 1.
    pub number: u32,
    /// What about.
    pub title: String,
    /// What of the programme.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub about: Option<String>,
    /// Who presents it.
    #[serde(default, with = "form::some_nation", skip_serializing_if = "Option::is_none")]
    pub presented_by: Option<Nation>,
}

/// What supports a figure: something that others hold too, by its digest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// The object.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub object_ref: Option<String>,
    /// SHA-256 of its exact bytes, hexadecimal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub object_sha256: Option<String>,
    /// Whose ledger for whom: `KOR/POL`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ledger: Option<String>,
    /// Which entry of it, from 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entry: Option<u64>,
    /// Where it is published.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// In words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

/// A dated, verifiable step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Milestone {
    /// What.
    pub name: String,
    /// By when.
    #[serde(with = "form::time")]
    pub due: Timestamp,
    /// When it was.
    #[serde(default, with = "form::some_time", skip_serializing_if = "Option::is_none")]
    pub met: Option<Timestamp>,
    /// What shows it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<Evidence>,
}

/// What a nation said by the time a proposal was settled.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counted {
    /// The nation.
    #[serde(with = "form::nation")]
    pub nation: Nation,
    /// What: an [`crate::terms::Answer`], or `silent`.
    pub answer: String,
    /// SHA-256 of the sign-off, hexadecimal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sign_off_sha256: Option<String>,
    /// When its node gave it to the author's.
    #[serde(default, with = "form::some_time", skip_serializing_if = "Option::is_none")]
    pub given: Option<Timestamp>,
    /// When its node was last heard before, where it said nothing.
    #[serde(default, with = "form::some_time", skip_serializing_if = "Option::is_none")]
    pub last_heard: Option<Timestamp>,
}

/// How a proposal was settled.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Result {
    /// When.
    #[serde(with = "form::time")]
    pub decided: Timestamp,
    /// What each party said.
    pub counted: Vec<Counted>,
}

/// A meeting of nations, as the nation says that requested or convened it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Consultation {
    /// What it is called.
    pub name: String,
    /// More about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// What of the programme: a path.
    pub about: String,
    /// Objects that it is about, such as a situation.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub subject_refs: Vec<String>,
    /// Another nation's request for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_ref: Option<String>,
    /// Who asked for it.
    #[serde(with = "form::nation")]
    pub requested_by: Nation,
    /// Who brings the nations together: a nation, an embassy, an organisation.
    pub convened_by: String,
    /// `in-person`, `video`, `hybrid`, `written`, or another.
    pub format: String,
    /// When it begins.
    #[serde(default, with = "form::some_time", skip_serializing_if = "Option::is_none")]
    pub begins: Option<Timestamp>,
    /// When it ends.
    #[serde(default, with = "form::some_time", skip_serializing_if = "Option::is_none")]
    pub ends: Option<Timestamp>,
    /// Where.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
    /// The nations.
    pub delegations: Vec<Delegation>,
    /// What it talks about.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub agenda: Vec<AgendaItem>,
    /// How it stands.
    pub state: ConsultationState,
    /// Why it was declined or cancelled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// An exact text that is put to nations.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proposal {
    /// What it is called.
    pub name: String,
    /// What it is.
    pub kind: ProposalKind,
    /// The exact text. Sign-offs bind its SHA-256.
    pub text: String,
    /// What of the programme: a path.
    pub about: String,
    /// The consultation that it comes from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub consultation_ref: Option<String>,
    /// Objects that it is about.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub subject_refs: Vec<String>,
    /// How it is accepted.
    pub procedure: Procedure,
    /// By when.
    #[serde(default, with = "form::some_time", skip_serializing_if = "Option::is_none")]
    pub deadline: Option<Timestamp>,
    /// Who must accept it. The author is one of them, or speaks for none.
    #[serde(with = "form::nations")]
    pub parties: NationSet,
    /// From when it counts, once accepted.
    #[serde(default, with = "form::some_time", skip_serializing_if = "Option::is_none")]
    pub valid_from: Option<Timestamp>,
    /// The proposal whose text it amends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replaces_ref: Option<String>,
    /// How it stands with its author.
    pub state: ProposalState,
    /// How it was settled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result: Option<Result>,
}

/// What a nation says to an exact text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignOff {
    /// The proposal.
    pub proposal_ref: String,
    /// SHA-256 of the text, hexadecimal.
    pub text_sha256: String,
    /// What is said.
    pub answer: Answer,
    /// The objection or the reservation, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub statement: Option<String>,
    /// Who signed: the name on this nation's node.
    pub officer: String,
    /// The officer's public key.
    pub officer_key: String,
    /// Over the subject (docs/formats/cooperation.md), base64.
    pub officer_signature: String,
    /// The node's public key.
    pub node_key: String,
    /// Over the same and the officer's key, base64.
    pub node_signature: String,
}

/// What a nation says about something.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contribution {
    /// About what.
    pub subject_ref: String,
    /// What it is.
    pub kind: ContributionKind,
    /// In words.
    pub text: String,
    /// The agenda item, or the step of a playbook.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub item: Option<String>,
    /// When it happened.
    #[serde(default, with = "form::some_time", skip_serializing_if = "Option::is_none")]
    pub happened: Option<Timestamp>,
    /// The contribution that it answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub in_reply_to_ref: Option<String>,
    /// Objects that belong to it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub object_refs: Vec<String>,
}

/// What a nation undertook.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Commitment {
    /// What.
    pub name: String,
    /// More about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// What of the programme: a path.
    pub about: String,
    /// Whose it is.
    #[serde(with = "form::nation")]
    pub owner: Nation,
    /// Who sees to it: a role.
    pub responsible: String,
    /// To whom. Empty: to all parties.
    #[serde(
        default = "NationSet::none",
        with = "form::nations",
        skip_serializing_if = "NationSet::is_empty"
    )]
    pub promised_to: NationSet,
    /// The proposals and consultations that it comes from.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub arises_from_refs: Vec<String>,
    /// From when.
    #[serde(default, with = "form::some_time", skip_serializing_if = "Option::is_none")]
    pub begins: Option<Timestamp>,
    /// By when.
    #[serde(with = "form::time")]
    pub due: Timestamp,
    /// Steps on the way.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub milestones: Vec<Milestone>,
    /// How far it is.
    pub completion: Completion,
    /// When it was complete.
    #[serde(default, with = "form::some_time", skip_serializing_if = "Option::is_none")]
    pub completed: Option<Timestamp>,
    /// More on how it stands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remark: Option<String>,
    /// What shows it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<Evidence>,
    /// Whether it was given up; `remark` says why.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub dropped: bool,
}

/// What an indicator of the programme came to in a period.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Actual {
    /// The indicator: a path.
    pub about: String,
    /// The period's begin.
    #[serde(with = "form::time")]
    pub begins: Timestamp,
    /// Its end.
    #[serde(with = "form::time")]
    pub ends: Timestamp,
    /// How much.
    pub value: f64,
    /// Of what.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// Where it comes from.
    pub source: ActualSource,
    /// The query that gave it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub query: Option<String>,
    /// The person who entered it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entered_by: Option<String>,
    /// By how many entries it is supported, of which `evidence` lists some.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub supported_by: Option<u64>,
    /// What supports it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<Evidence>,
    /// More on it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remark: Option<String>,
}

/// A judgement by someone other than the doer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Assessment {
    /// What of the programme: a path.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub about: Option<String>,
    /// Or which object.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject_ref: Option<String>,
    /// The period's begin.
    #[serde(with = "form::time")]
    pub begins: Timestamp,
    /// Its end.
    #[serde(with = "form::time")]
    pub ends: Timestamp,
    /// How far it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub completion: Option<Completion>,
    /// How well it was done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rating: Option<Rating>,
    /// Why.
    pub text: String,
    /// Who: a role.
    pub assessor: String,
    /// What it rests on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<Evidence>,
}

/// Nations that work on something together, and whom to call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkingGroup {
    /// What it is called.
    pub name: String,
    /// More about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// What of the programme: a path.
    pub about: String,
    /// Who leads it.
    #[serde(with = "form::nation")]
    pub chair: Nation,
    /// Who takes part, with points of contact.
    pub members: Vec<Delegation>,
    /// When it ended.
    #[serde(default, with = "form::some_time", skip_serializing_if = "Option::is_none")]
    pub ended: Option<Timestamp>,
}

/// Something that nations do on a date.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Activity {
    /// What it is called.
    pub name: String,
    /// More about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// What of the programme: a path.
    pub about: String,
    /// `meeting`, `exercise`, `visit`, `course`, or another.
    pub kind: String,
    /// When it begins.
    #[serde(with = "form::time")]
    pub begins: Timestamp,
    /// When it ends.
    #[serde(with = "form::time")]
    pub ends: Timestamp,
    /// Where.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
    /// Who takes part.
    #[serde(
        default = "NationSet::none",
        with = "form::nations",
        skip_serializing_if = "NationSet::is_empty"
    )]
    pub participants: NationSet,
    /// The working group whose it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub working_group_ref: Option<String>,
    /// How it stands.
    pub state: ActivityState,
}

/// A standard or a certificate that a nation recognises.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recognition {
    /// What it is called.
    pub name: String,
    /// More about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// What of the programme: a path.
    pub about: String,
    /// `standard`, `certificate`, `authority`, `test`, or another.
    pub kind: String,
    /// Its number or mark.
    pub reference: String,
    /// Who issued it: a nation or an authority.
    pub issued_by: String,
    /// What it covers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
    /// How it stands with the nation that says so.
    pub state: RecognitionState,
    /// Why it was refused, suspended or withdrawn.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// From when it counts.
    #[serde(default, with = "form::some_time", skip_serializing_if = "Option::is_none")]
    pub valid_from: Option<Timestamp>,
    /// Until when.
    #[serde(default, with = "form::some_time", skip_serializing_if = "Option::is_none")]
    pub valid_until: Option<Timestamp>,
    /// SHA-256 of the document, hexadecimal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub document_sha256: Option<String>,
}

/// What a nation needs, or can give.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Capability {
    /// What.
    pub name: String,
    /// More about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// What of the programme: a path.
    pub about: String,
    /// Whether it is needed or offered.
    pub kind: CapabilityKind,
    /// How much.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quantity: Option<String>,
    /// From when.
    #[serde(default, with = "form::some_time", skip_serializing_if = "Option::is_none")]
    pub begins: Option<Timestamp>,
    /// Until when.
    #[serde(default, with = "form::some_time", skip_serializing_if = "Option::is_none")]
    pub ends: Option<Timestamp>,
    /// The need that the offer answers, or the offer that the need takes up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answers_ref: Option<String>,
    /// How it stands.
    pub state: CapabilityState,
    /// Why it was closed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// A message to act on: CAP 1.2, 3.2.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alert {
    /// When it was sent.
    #[serde(with = "form::time")]
    pub sent: Timestamp,
    /// Who sent it.
    pub sender: String,
    /// `Actual`, `Exercise`, `System`, `Test`, `Draft`.
    pub status: String,
    /// `Alert`, `Update`, `Cancel`, `Ack`, `Error`.
    pub message: String,
    /// `Public`, `Restricted`, `Private`.
    pub scope: String,
    /// Whom it is restricted to, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restriction: Option<String>,
    /// Whom it is for, where it is private.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub addresses: Vec<String>,
    /// What it is about, where it is no alert.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// The alerts that it updates or cancels.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub alert_refs: Vec<String>,
    /// The same as CAP writes it, of alerts that came in as CAP.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cap_references: Vec<String>,
    /// Its identifier where it came in as CAP.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cap_identifier: Option<String>,
    /// The language of its texts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// What kind of event.
    pub category: Vec<String>,
    /// Which event.
    pub event: String,
    /// What to do.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub response: Vec<String>,
    /// How soon.
    pub urgency: String,
    /// How bad.
    pub severity: String,
    /// How sure.
    pub certainty: String,
    /// From when the information counts.
    #[serde(default, with = "form::some_time", skip_serializing_if = "Option::is_none")]
    pub effective: Option<Timestamp>,
    /// When the event begins.
    #[serde(default, with = "form::some_time", skip_serializing_if = "Option::is_none")]
    pub onset: Option<Timestamp>,
    /// Until when the information counts.
    #[serde(default, with = "form::some_time", skip_serializing_if = "Option::is_none")]
    pub expires: Option<Timestamp>,
    /// In a line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub headline: Option<String>,
    /// What happens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// What to do, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instruction: Option<String>,
    /// Whom to ask.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contact: Option<String>,
    /// Where, in words.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub places: Vec<String>,
    /// What of the programme: a path.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub about: Option<String>,
    /// Objects that belong to it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub subject_refs: Vec<String>,
}

/// What is going on, and what belongs to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Situation {
    /// What it is called.
    pub name: String,
    /// More about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// What of the programme: a path.
    pub about: String,
    /// `provocation`, `incident`, `disaster`, or another.
    pub kind: String,
    /// When it began.
    #[serde(with = "form::time")]
    pub began: Timestamp,
    /// When it ended.
    #[serde(default, with = "form::some_time", skip_serializing_if = "Option::is_none")]
    pub ended: Option<Timestamp>,
    /// How it stands.
    pub state: SituationState,
    /// What belongs to it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub object_refs: Vec<String>,
}

/// One message of asking for help and giving it: EDXL-RM 1.0, 3.2.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Assistance {
    /// Which: `RequestResource`, `OfferUnsolicitedResource`, `CommitResource`, …
    pub message: AssistanceMessage,
    /// The message that the exchange began with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub originating_ref: Option<String>,
    /// The message that it answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub preceding_ref: Option<String>,
    /// The situation that it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub situation_ref: Option<String>,
    /// Objects that it is about.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub subject_refs: Vec<String>,
    /// What of the programme: a path.
    pub about: String,
    /// Whom it is for. Empty: all who may have it.
    #[serde(
        default = "NationSet::none",
        with = "form::nations",
        skip_serializing_if = "NationSet::is_empty"
    )]
    pub addressed_to: NationSet,
    /// What is asked for or given.
    pub resource: String,
    /// How much.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quantity: Option<String>,
    /// From when.
    #[serde(default, with = "form::some_time", skip_serializing_if = "Option::is_none")]
    pub begins: Option<Timestamp>,
    /// Until when.
    #[serde(default, with = "form::some_time", skip_serializing_if = "Option::is_none")]
    pub ends: Option<Timestamp>,
    /// Where.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
    /// `Accept`, `Decline`, `Provisional`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer: Option<AssistanceAnswer>,
    /// Why it is declined, or given for now only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// How far it is on its way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deployment: Option<String>,
    /// In words.
    pub text: String,
    /// Whom to call: a role.
    pub contact: String,
    /// By when an answer is needed.
    #[serde(default, with = "form::some_time", skip_serializing_if = "Option::is_none")]
    pub answer_by: Option<Timestamp>,
}

#[cfg(test)]
mod tests {
    use entente_object::spec::cooperation::ALL;

    const DOCS: &str = include_str!("../../../docs/formats/cooperation.md");

    #[test]
    fn the_document_has_every_property_of_every_type() {
        for object_type in ALL {
            let head = format!("\n## `{}`\n", object_type.name);
            let (_, section) = DOCS.split_once(&head).expect(object_type.name);
            let section = section.split("\n## ").next().unwrap();
            for property in object_type.properties {
                let row = format!("\n| `{}`", property.name);
                assert!(section.contains(&row), "{}: {}", object_type.name, property.name);
            }
        }
    }
}
