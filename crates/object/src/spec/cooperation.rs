//! What nations do together, as STIX objects: the types that our extension defines, one table each.
//!
//! Invariants: every object of these types carries [`EXTENSION_ID`] as `new-sdo`; what a nation says
//! is an object of its own, so nobody edits what another said. docs/formats/cooperation.md is the
//! specification.
//!
//! In scope: shapes. Out of scope: what may follow what (`entente-cooperation`).

use crate::spec::form;
use crate::spec::vocab::Vocabulary;
use crate::spec::{
    Demand, Kind, ObjectType, Precision, Rule, Table, Targets, must, optional, required,
};

/// The id of the extension definition of all these types.
pub const EXTENSION_ID: &str = "extension-definition--eb1a00e0-c989-4141-b741-5042be40b2b0";

/// How the names of all these types begin.
pub const PREFIX: &str = "entente-";

/// All of them.
pub static ALL: &[&ObjectType] = &[
    &CONSULTATION,
    &PROPOSAL,
    &SIGN_OFF,
    &CONTRIBUTION,
    &COMMITMENT,
    &ACTUAL,
    &ASSESSMENT,
    &WORKING_GROUP,
    &ACTIVITY,
    &RECOGNITION,
    &CAPABILITY,
    &ALERT,
    &SITUATION,
    &ASSISTANCE,
];

const ANY_TIME: Kind = Kind::Timestamp(Precision::Any);
const ANY_OBJECT: Kind = Kind::Identifier(Targets::Any);
const ANY_OBJECTS: Kind = Kind::List(&ANY_OBJECT);
const STRINGS: Kind = Kind::List(&Kind::String);
const NATION: Kind = Kind::Text(&form::NATION);
const NATIONS: Kind = Kind::List(&NATION);
const ABOUT: Kind = Kind::Text(&form::CATALOGUE_PATH);
const SHA256: Kind = Kind::Text(&form::SHA256);
const EVIDENCE: Kind = Kind::List(&Kind::Embedded(&EVIDENCE_ITEM));

const VERSIONED: Rule =
    must("3.6.1", "modified-before-created", Demand::NotBefore("created", "modified"));
const EXTENDED: Rule = must("7.3", "extension-missing", Demand::NewObject(EXTENSION_ID));
const ENDS_LATER: Rule = must(DOCS, "end-before-begin", Demand::NotBefore("begins", "ends"));

const DOCS: &str = "docs/formats/cooperation.md";

const fn closed(name: &'static str, terms: &'static [&'static str]) -> Vocabulary {
    Vocabulary { name, section: DOCS, terms }
}

/// How a meeting of nations stands.
pub static CONSULTATION_STATE: Vocabulary = closed(
    "consultation-state-enum",
    &["requested", "convened", "held", "closed", "declined", "cancelled"],
);
/// How nations meet.
pub static CONSULTATION_FORMAT: Vocabulary =
    closed("consultation-format-ov", &["in-person", "video", "hybrid", "written"]);
/// What is put to nations.
pub static PROPOSAL_KIND: Vocabulary =
    closed("proposal-kind-enum", &["outcome", "communique", "statement", "programme"]);
/// How nations accept a text.
pub static PROCEDURE: Vocabulary = closed("procedure-enum", &["consensus", "silence"]);
/// How a proposal stands with its author.
pub static PROPOSAL_STATE: Vocabulary =
    closed("proposal-state-enum", &["draft", "proposed", "accepted", "not-accepted", "withdrawn"]);
/// What a nation says to an exact text.
pub static ANSWER: Vocabulary = closed("answer-enum", &["agree", "object", "abstain", "reserve"]);
/// What was counted of a nation.
pub static COUNTED_ANSWER: Vocabulary =
    closed("counted-answer-enum", &["agree", "object", "abstain", "reserve", "silent"]);
/// What a contribution is.
pub static CONTRIBUTION_KIND: Vocabulary = closed(
    "contribution-kind-enum",
    &[
        "position",
        "minute",
        "comment",
        "question",
        "answer",
        "timeline",
        "step-done",
        "hot-wash",
        "extension-request",
    ],
);
/// How far a commitment or measure is: the scale of the Open Government Partnership.
pub static COMPLETION: Vocabulary = closed(
    "completion-enum",
    &["no-evidence", "not-started", "limited", "substantial", "complete"],
);
/// Where an actual comes from.
pub static ACTUAL_SOURCE: Vocabulary = closed("actual-source-enum", &["computed", "entered"]);
/// How a task was performed (HSEEP, EEG).
pub static RATING: Vocabulary = closed("rating-enum", &["P", "S", "M", "U"]);
/// What nations do on a date.
pub static ACTIVITY_KIND: Vocabulary = closed(
    "activity-kind-ov",
    &["meeting", "working-group", "exercise", "visit", "course", "conference", "other"],
);
/// How an activity stands.
pub static ACTIVITY_STATE: Vocabulary =
    closed("activity-state-enum", &["planned", "confirmed", "held", "cancelled"]);
/// What is recognised.
pub static RECOGNITION_KIND: Vocabulary =
    closed("recognition-kind-ov", &["standard", "certificate", "authority", "test"]);
/// How a recognition stands.
pub static RECOGNITION_STATE: Vocabulary = closed(
    "recognition-state-enum",
    &["proposed", "under-review", "recognised", "suspended", "withdrawn", "refused"],
);
/// Whether a capability is needed or offered.
pub static CAPABILITY_KIND: Vocabulary = closed("capability-kind-enum", &["need", "offer"]);
/// How a need or an offer stands.
pub static CAPABILITY_STATE: Vocabulary =
    closed("capability-state-enum", &["open", "matched", "closed"]);
/// CAP 1.2, 3.2.1, status.
pub static ALERT_STATUS: Vocabulary =
    closed("alert-status-enum", &["Actual", "Exercise", "System", "Test", "Draft"]);
/// CAP 1.2, 3.2.1, msgType.
pub static ALERT_MESSAGE: Vocabulary =
    closed("alert-message-enum", &["Alert", "Update", "Cancel", "Ack", "Error"]);
/// CAP 1.2, 3.2.1, scope.
pub static ALERT_SCOPE: Vocabulary =
    closed("alert-scope-enum", &["Public", "Restricted", "Private"]);
/// CAP 1.2, 3.2.2, category.
pub static ALERT_CATEGORY: Vocabulary = closed(
    "alert-category-enum",
    &[
        "Geo",
        "Met",
        "Safety",
        "Security",
        "Rescue",
        "Fire",
        "Health",
        "Env",
        "Transport",
        "Infra",
        "CBRNE",
        "Other",
    ],
);
/// CAP 1.2, 3.2.2, responseType.
pub static ALERT_RESPONSE: Vocabulary = closed(
    "alert-response-enum",
    &[
        "Shelter", "Evacuate", "Prepare", "Execute", "Avoid", "Monitor", "Assess", "AllClear",
        "None",
    ],
);
/// CAP 1.2, 3.2.2, urgency.
pub static ALERT_URGENCY: Vocabulary =
    closed("alert-urgency-enum", &["Immediate", "Expected", "Future", "Past", "Unknown"]);
/// CAP 1.2, 3.2.2, severity.
pub static ALERT_SEVERITY: Vocabulary =
    closed("alert-severity-enum", &["Extreme", "Severe", "Moderate", "Minor", "Unknown"]);
/// CAP 1.2, 3.2.2, certainty.
pub static ALERT_CERTAINTY: Vocabulary =
    closed("alert-certainty-enum", &["Observed", "Likely", "Possible", "Unlikely", "Unknown"]);
/// What a situation is.
pub static SITUATION_KIND: Vocabulary =
    closed("situation-kind-ov", &["provocation", "incident", "disaster", "other"]);
/// How a situation stands.
pub static SITUATION_STATE: Vocabulary =
    closed("situation-state-enum", &["open", "monitoring", "closed"]);
/// The messages of EDXL-RM 1.0, 3.2, in its order.
pub static ASSISTANCE_MESSAGE: Vocabulary = closed(
    "assistance-message-enum",
    &[
        "RequestResource",
        "ResponseToRequestResource",
        "RequisitionResource",
        "CommitResource",
        "RequestInformation",
        "ResponseToRequestInformation",
        "OfferUnsolicitedResource",
        "ReleaseResource",
        "RequestReturn",
        "ResponseToRequestReturn",
        "RequestQuote",
        "ResponseToRequestQuote",
        "RequestResourceDeploymentStatus",
        "ReportResourceDeploymentStatus",
        "RequestExtendedDeploymentDuration",
        "ResponseToRequestExtendedDeploymentDuration",
    ],
);
/// EDXL-RM 1.0, response information: what is said to a request.
pub static ASSISTANCE_ANSWER: Vocabulary =
    closed("assistance-answer-enum", &["Accept", "Decline", "Provisional"]);

/// What supports a figure: something that others hold too, by its digest.
pub static EVIDENCE_ITEM: Table = Table {
    name: "evidence",
    section: DOCS,
    properties: &[
        optional("object_ref", ANY_OBJECT),
        optional("object_sha256", SHA256),
        optional("ledger", Kind::Text(&form::EDGE)),
        optional("entry", Kind::Integer(0, i64::MAX)),
        optional("url", Kind::Text(&form::REFERENCE_URL)),
        optional("description", Kind::String),
    ],
    rules: &[
        must(
            DOCS,
            "evidence-of-nothing",
            Demand::AtLeastOne(&["object_ref", "object_sha256", "url", "description"]),
        ),
        must(DOCS, "entry-without-ledger", Demand::AllOrNone(&["ledger", "entry"])),
    ],
};

/// Who speaks for a nation at a meeting.
pub static DELEGATION: Table = Table {
    name: "delegation",
    section: DOCS,
    properties: &[
        required("nation", NATION),
        optional("head", Kind::String),
        optional("members", STRINGS),
        optional("contact", Kind::String),
    ],
    rules: &[],
};

/// What a meeting talks about.
pub static AGENDA_ITEM: Table = Table {
    name: "agenda-item",
    section: DOCS,
    properties: &[
        required("number", Kind::Integer(1, 1000)),
        required("title", Kind::String),
        optional("about", ABOUT),
        optional("presented_by", NATION),
    ],
    rules: &[],
};

/// A dated, verifiable step.
pub static MILESTONE: Table = Table {
    name: "milestone",
    section: DOCS,
    properties: &[
        required("name", Kind::String),
        required("due", ANY_TIME),
        optional("met", ANY_TIME),
        optional("evidence", EVIDENCE),
    ],
    rules: &[],
};

/// What a nation said by the time a proposal was settled.
pub static COUNTED: Table = Table {
    name: "counted",
    section: DOCS,
    properties: &[
        required("nation", NATION),
        required("answer", Kind::Enumeration(&COUNTED_ANSWER)),
        optional("sign_off_sha256", SHA256),
        optional("given", ANY_TIME),
        optional("last_heard", ANY_TIME),
    ],
    rules: &[],
};

/// How a proposal was settled.
pub static RESULT: Table = Table {
    name: "result",
    section: DOCS,
    properties: &[
        required("decided", ANY_TIME),
        required("counted", Kind::List(&Kind::Embedded(&COUNTED))),
    ],
    rules: &[],
};

/// A meeting of nations: as the nation says that requested or convened it.
pub static CONSULTATION: ObjectType = ObjectType {
    name: "entente-consultation",
    section: DOCS,
    properties: &[
        required("name", Kind::String),
        optional("description", Kind::String),
        required("about", ABOUT),
        optional("subject_refs", ANY_OBJECTS),
        optional("request_ref", Kind::Identifier(Targets::Of(&["entente-consultation"]))),
        required("requested_by", NATION),
        required("convened_by", Kind::String),
        required("format", Kind::OpenVocabulary(&CONSULTATION_FORMAT)),
        optional("begins", ANY_TIME),
        optional("ends", ANY_TIME),
        optional("place", Kind::String),
        required("delegations", Kind::List(&Kind::Embedded(&DELEGATION))),
        optional("agenda", Kind::List(&Kind::Embedded(&AGENDA_ITEM))),
        required("state", Kind::Enumeration(&CONSULTATION_STATE)),
        optional("reason", Kind::String),
    ],
    rules: &[VERSIONED, EXTENDED, ENDS_LATER],
    ..ObjectType::DOMAIN
};

/// An exact text that is put to nations.
pub static PROPOSAL: ObjectType = ObjectType {
    name: "entente-proposal",
    section: DOCS,
    properties: &[
        required("name", Kind::String),
        required("kind", Kind::Enumeration(&PROPOSAL_KIND)),
        required("text", Kind::String),
        required("about", ABOUT),
        optional("consultation_ref", Kind::Identifier(Targets::Of(&["entente-consultation"]))),
        optional("subject_refs", ANY_OBJECTS),
        required("procedure", Kind::Enumeration(&PROCEDURE)),
        optional("deadline", ANY_TIME),
        required("parties", NATIONS),
        optional("valid_from", ANY_TIME),
        optional("replaces_ref", Kind::Identifier(Targets::Of(&["entente-proposal"]))),
        required("state", Kind::Enumeration(&PROPOSAL_STATE)),
        optional("result", Kind::Embedded(&RESULT)),
    ],
    rules: &[VERSIONED, EXTENDED],
    ..ObjectType::DOMAIN
};

/// What a nation says to an exact text.
pub static SIGN_OFF: ObjectType = ObjectType {
    name: "entente-sign-off",
    section: DOCS,
    properties: &[
        required("proposal_ref", Kind::Identifier(Targets::Of(&["entente-proposal"]))),
        required("text_sha256", SHA256),
        required("answer", Kind::Enumeration(&ANSWER)),
        optional("statement", Kind::String),
        required("officer", Kind::String),
        required("officer_key", Kind::String),
        required("officer_signature", Kind::String),
        required("node_key", Kind::String),
        required("node_signature", Kind::String),
    ],
    rules: &[VERSIONED, EXTENDED],
    ..ObjectType::DOMAIN
};

/// What a nation says about something: a position, a minute, a comment, a step that was done.
pub static CONTRIBUTION: ObjectType = ObjectType {
    name: "entente-contribution",
    section: DOCS,
    properties: &[
        required("subject_ref", ANY_OBJECT),
        required("kind", Kind::Enumeration(&CONTRIBUTION_KIND)),
        required("text", Kind::String),
        optional("item", Kind::String),
        optional("happened", ANY_TIME),
        optional("in_reply_to_ref", Kind::Identifier(Targets::Of(&["entente-contribution"]))),
        optional("object_refs", ANY_OBJECTS),
    ],
    rules: &[VERSIONED, EXTENDED],
    ..ObjectType::DOMAIN
};

/// What a nation undertook.
pub static COMMITMENT: ObjectType = ObjectType {
    name: "entente-commitment",
    section: DOCS,
    properties: &[
        required("name", Kind::String),
        optional("description", Kind::String),
        required("about", ABOUT),
        required("owner", NATION),
        required("responsible", Kind::String),
        optional("promised_to", NATIONS),
        optional("arises_from_refs", ANY_OBJECTS),
        optional("begins", ANY_TIME),
        required("due", ANY_TIME),
        optional("milestones", Kind::List(&Kind::Embedded(&MILESTONE))),
        required("completion", Kind::Enumeration(&COMPLETION)),
        optional("completed", ANY_TIME),
        optional("remark", Kind::String),
        optional("evidence", EVIDENCE),
        optional("dropped", Kind::Boolean),
    ],
    rules: &[
        VERSIONED,
        EXTENDED,
        must(DOCS, "due-before-begin", Demand::NotBefore("begins", "due")),
        must(DOCS, "dropped-without-reason", Demand::RequiredWhen("dropped", true, "remark")),
    ],
    ..ObjectType::DOMAIN
};

/// What an indicator of the programme came to in a period.
pub static ACTUAL: ObjectType = ObjectType {
    name: "entente-actual",
    section: DOCS,
    properties: &[
        required("about", ABOUT),
        required("begins", ANY_TIME),
        required("ends", ANY_TIME),
        required("value", Kind::Float(f64::MIN, f64::MAX)),
        optional("unit", Kind::String),
        required("source", Kind::Enumeration(&ACTUAL_SOURCE)),
        optional("query", Kind::String),
        optional("entered_by", Kind::String),
        optional("supported_by", Kind::Integer(0, i64::MAX)),
        optional("evidence", EVIDENCE),
        optional("remark", Kind::String),
    ],
    rules: &[
        VERSIONED,
        EXTENDED,
        ENDS_LATER,
        must(DOCS, "actual-of-nobody", Demand::ExactlyOne(&["query", "entered_by"])),
    ],
    ..ObjectType::DOMAIN
};

/// A judgement by someone other than the doer.
pub static ASSESSMENT: ObjectType = ObjectType {
    name: "entente-assessment",
    section: DOCS,
    properties: &[
        optional("about", ABOUT),
        optional("subject_ref", ANY_OBJECT),
        required("begins", ANY_TIME),
        required("ends", ANY_TIME),
        optional("completion", Kind::Enumeration(&COMPLETION)),
        optional("rating", Kind::Enumeration(&RATING)),
        required("text", Kind::String),
        required("assessor", Kind::String),
        optional("evidence", EVIDENCE),
    ],
    rules: &[
        VERSIONED,
        EXTENDED,
        ENDS_LATER,
        must(DOCS, "assessment-of-nothing", Demand::ExactlyOne(&["about", "subject_ref"])),
        must(DOCS, "assessment-without-result", Demand::AtLeastOne(&["completion", "rating"])),
    ],
    ..ObjectType::DOMAIN
};

/// Nations that work on something together, and whom to call.
pub static WORKING_GROUP: ObjectType = ObjectType {
    name: "entente-working-group",
    section: DOCS,
    properties: &[
        required("name", Kind::String),
        optional("description", Kind::String),
        required("about", ABOUT),
        required("chair", NATION),
        required("members", Kind::List(&Kind::Embedded(&DELEGATION))),
        optional("ended", ANY_TIME),
    ],
    rules: &[VERSIONED, EXTENDED],
    ..ObjectType::DOMAIN
};

/// Something that nations do on a date.
pub static ACTIVITY: ObjectType = ObjectType {
    name: "entente-activity",
    section: DOCS,
    properties: &[
        required("name", Kind::String),
        optional("description", Kind::String),
        required("about", ABOUT),
        required("kind", Kind::OpenVocabulary(&ACTIVITY_KIND)),
        required("begins", ANY_TIME),
        required("ends", ANY_TIME),
        optional("place", Kind::String),
        optional("participants", NATIONS),
        optional("working_group_ref", Kind::Identifier(Targets::Of(&["entente-working-group"]))),
        required("state", Kind::Enumeration(&ACTIVITY_STATE)),
    ],
    rules: &[VERSIONED, EXTENDED, ENDS_LATER],
    ..ObjectType::DOMAIN
};

/// A standard or a certificate that one nation recognises of another.
pub static RECOGNITION: ObjectType = ObjectType {
    name: "entente-recognition",
    section: DOCS,
    properties: &[
        required("name", Kind::String),
        optional("description", Kind::String),
        required("about", ABOUT),
        required("kind", Kind::OpenVocabulary(&RECOGNITION_KIND)),
        required("reference", Kind::String),
        required("issued_by", Kind::String),
        optional("scope", Kind::String),
        required("state", Kind::Enumeration(&RECOGNITION_STATE)),
        optional("reason", Kind::String),
        optional("valid_from", ANY_TIME),
        optional("valid_until", ANY_TIME),
        optional("document_sha256", SHA256),
    ],
    rules: &[
        VERSIONED,
        EXTENDED,
        must(DOCS, "until-not-after-from", Demand::After("valid_from", "valid_until")),
    ],
    ..ObjectType::DOMAIN
};

/// What a nation's forces or industry need or can give.
pub static CAPABILITY: ObjectType = ObjectType {
    name: "entente-capability",
    section: DOCS,
    properties: &[
        required("name", Kind::String),
        optional("description", Kind::String),
        required("about", ABOUT),
        required("kind", Kind::Enumeration(&CAPABILITY_KIND)),
        optional("quantity", Kind::String),
        optional("begins", ANY_TIME),
        optional("ends", ANY_TIME),
        optional("answers_ref", Kind::Identifier(Targets::Of(&["entente-capability"]))),
        required("state", Kind::Enumeration(&CAPABILITY_STATE)),
        optional("reason", Kind::String),
    ],
    rules: &[VERSIONED, EXTENDED, ENDS_LATER],
    ..ObjectType::DOMAIN
};

/// A message to act on, as CAP 1.2 has it.
pub static ALERT: ObjectType = ObjectType {
    name: "entente-alert",
    section: DOCS,
    properties: &[
        required("sent", ANY_TIME),
        required("sender", Kind::String),
        required("status", Kind::Enumeration(&ALERT_STATUS)),
        required("message", Kind::Enumeration(&ALERT_MESSAGE)),
        required("scope", Kind::Enumeration(&ALERT_SCOPE)),
        optional("restriction", Kind::String),
        optional("addresses", STRINGS),
        optional("note", Kind::String),
        optional("alert_refs", Kind::List(&Kind::Identifier(Targets::Of(&["entente-alert"])))),
        optional("cap_references", STRINGS),
        optional("cap_identifier", Kind::String),
        optional("language", Kind::Text(&form::LANGUAGE)),
        required("category", Kind::List(&Kind::Enumeration(&ALERT_CATEGORY))),
        required("event", Kind::String),
        optional("response", Kind::List(&Kind::Enumeration(&ALERT_RESPONSE))),
        required("urgency", Kind::Enumeration(&ALERT_URGENCY)),
        required("severity", Kind::Enumeration(&ALERT_SEVERITY)),
        required("certainty", Kind::Enumeration(&ALERT_CERTAINTY)),
        optional("effective", ANY_TIME),
        optional("onset", ANY_TIME),
        optional("expires", ANY_TIME),
        optional("headline", Kind::String),
        optional("description", Kind::String),
        optional("instruction", Kind::String),
        optional("contact", Kind::String),
        optional("places", STRINGS),
        optional("about", ABOUT),
        optional("subject_refs", ANY_OBJECTS),
    ],
    rules: &[VERSIONED, EXTENDED],
    ..ObjectType::DOMAIN
};

/// What is going on, and what belongs to it.
pub static SITUATION: ObjectType = ObjectType {
    name: "entente-situation",
    section: DOCS,
    properties: &[
        required("name", Kind::String),
        optional("description", Kind::String),
        required("about", ABOUT),
        required("kind", Kind::OpenVocabulary(&SITUATION_KIND)),
        required("began", ANY_TIME),
        optional("ended", ANY_TIME),
        required("state", Kind::Enumeration(&SITUATION_STATE)),
        optional("object_refs", ANY_OBJECTS),
    ],
    rules: &[
        VERSIONED,
        EXTENDED,
        must(DOCS, "end-before-begin", Demand::NotBefore("began", "ended")),
    ],
    ..ObjectType::DOMAIN
};

/// One message of asking for help and giving it, as EDXL-RM 1.0 has them.
pub static ASSISTANCE: ObjectType = ObjectType {
    name: "entente-assistance",
    section: DOCS,
    properties: &[
        required("message", Kind::Enumeration(&ASSISTANCE_MESSAGE)),
        optional("originating_ref", Kind::Identifier(Targets::Of(&["entente-assistance"]))),
        optional("preceding_ref", Kind::Identifier(Targets::Of(&["entente-assistance"]))),
        optional("situation_ref", Kind::Identifier(Targets::Of(&["entente-situation"]))),
        optional("subject_refs", ANY_OBJECTS),
        required("about", ABOUT),
        optional("addressed_to", NATIONS),
        required("resource", Kind::String),
        optional("quantity", Kind::String),
        optional("begins", ANY_TIME),
        optional("ends", ANY_TIME),
        optional("place", Kind::String),
        optional("answer", Kind::Enumeration(&ASSISTANCE_ANSWER)),
        optional("reason", Kind::String),
        optional("deployment", Kind::String),
        required("text", Kind::String),
        required("contact", Kind::String),
        optional("answer_by", ANY_TIME),
    ],
    rules: &[VERSIONED, EXTENDED, ENDS_LATER],
    ..ObjectType::DOMAIN
};
