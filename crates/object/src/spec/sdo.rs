//! The domain objects of section 4, one table each, in the order of the standard.
//!
//! Invariant: as in the standard; `modified` not before `created` stands with every type because
//! the standard repeats it for none.

use crate::spec::common::KILL_CHAIN_PHASE;
use crate::spec::form;
use crate::spec::vocab;
use crate::spec::{
    Demand, Kind, ObjectType, Precision, Rule, Targets, deprecated, must, optional, required,
    should,
};

/// All of them.
pub static ALL: &[&ObjectType] = &[
    &ATTACK_PATTERN,
    &CAMPAIGN,
    &COURSE_OF_ACTION,
    &GROUPING,
    &IDENTITY,
    &INCIDENT,
    &INDICATOR,
    &INFRASTRUCTURE,
    &INTRUSION_SET,
    &LOCATION,
    &MALWARE,
    &MALWARE_ANALYSIS,
    &NOTE,
    &OBSERVED_DATA,
    &OPINION,
    &REPORT,
    &THREAT_ACTOR,
    &TOOL,
    &VULNERABILITY,
];

const ANY_TIME: Kind = Kind::Timestamp(Precision::Any);
const ANY_OBJECTS: Kind = Kind::List(&Kind::Identifier(Targets::Any));
const STRINGS: Kind = Kind::List(&Kind::String);
const KILL_CHAIN_PHASES: Kind = Kind::List(&Kind::Embedded(&KILL_CHAIN_PHASE));
const SOFTWARE: Kind = Kind::Identifier(Targets::Of(&["software"]));

const VERSIONED: Rule =
    must("3.6.1", "modified-before-created", Demand::NotBefore("created", "modified"));

const fn seen(section: &'static str) -> Rule {
    must(section, "last-before-first", Demand::NotBefore("first_seen", "last_seen"))
}

/// Section 4.1.
pub static ATTACK_PATTERN: ObjectType = ObjectType {
    name: "attack-pattern",
    section: "4.1.1",
    properties: &[
        required("name", Kind::String),
        optional("description", Kind::String),
        optional("aliases", STRINGS),
        optional("kill_chain_phases", KILL_CHAIN_PHASES),
    ],
    rules: &[VERSIONED],
    ..ObjectType::DOMAIN
};

/// Section 4.2.
pub static CAMPAIGN: ObjectType = ObjectType {
    name: "campaign",
    section: "4.2.1",
    properties: &[
        required("name", Kind::String),
        optional("description", Kind::String),
        optional("aliases", STRINGS),
        optional("first_seen", ANY_TIME),
        optional("last_seen", ANY_TIME),
        optional("objective", Kind::String),
    ],
    rules: &[VERSIONED, seen("4.2.1")],
    ..ObjectType::DOMAIN
};

/// Section 4.3; `action` is reserved.
pub static COURSE_OF_ACTION: ObjectType = ObjectType {
    name: "course-of-action",
    section: "4.3.1",
    properties: &[required("name", Kind::String), optional("description", Kind::String)],
    rules: &[VERSIONED],
    ..ObjectType::DOMAIN
};

/// Section 4.4.
pub static GROUPING: ObjectType = ObjectType {
    name: "grouping",
    section: "4.4.1",
    properties: &[
        optional("name", Kind::String),
        optional("description", Kind::String),
        required("context", Kind::OpenVocabulary(&vocab::GROUPING_CONTEXT)),
        required("object_refs", ANY_OBJECTS),
    ],
    rules: &[VERSIONED],
    ..ObjectType::DOMAIN
};

/// Section 4.5.
pub static IDENTITY: ObjectType = ObjectType {
    name: "identity",
    section: "4.5.1",
    properties: &[
        required("name", Kind::String),
        optional("description", Kind::String),
        optional("roles", STRINGS),
        optional("identity_class", Kind::OpenVocabulary(&vocab::IDENTITY_CLASS)),
        optional("sectors", Kind::List(&Kind::OpenVocabulary(&vocab::INDUSTRY_SECTOR))),
        optional("contact_information", Kind::String),
    ],
    rules: &[VERSIONED],
    ..ObjectType::DOMAIN
};

/// Section 4.6: a stub, to be extended.
pub static INCIDENT: ObjectType = ObjectType {
    name: "incident",
    section: "4.6.1",
    properties: &[required("name", Kind::String), optional("description", Kind::String)],
    rules: &[VERSIONED],
    ..ObjectType::DOMAIN
};

/// Section 4.7.
pub static INDICATOR: ObjectType = ObjectType {
    name: "indicator",
    section: "4.7.1",
    properties: &[
        optional("name", Kind::String),
        optional("description", Kind::String),
        optional("indicator_types", Kind::List(&Kind::OpenVocabulary(&vocab::INDICATOR_TYPE))),
        required("pattern", Kind::String),
        required("pattern_type", Kind::OpenVocabulary(&vocab::PATTERN_TYPE)),
        optional("pattern_version", Kind::String),
        required("valid_from", ANY_TIME),
        optional("valid_until", ANY_TIME),
        optional("kill_chain_phases", KILL_CHAIN_PHASES),
    ],
    rules: &[
        VERSIONED,
        must("9.3", "pattern", Demand::StixPattern),
        must("4.7.1", "until-not-after-from", Demand::After("valid_from", "valid_until")),
        should("4.7.1", "indicator-undescribed", Demand::Present(&["name", "description"])),
    ],
    ..ObjectType::DOMAIN
};

/// Section 4.8.
pub static INFRASTRUCTURE: ObjectType = ObjectType {
    name: "infrastructure",
    section: "4.8.1",
    properties: &[
        required("name", Kind::String),
        optional("description", Kind::String),
        optional(
            "infrastructure_types",
            Kind::List(&Kind::OpenVocabulary(&vocab::INFRASTRUCTURE_TYPE)),
        ),
        optional("aliases", STRINGS),
        optional("kill_chain_phases", KILL_CHAIN_PHASES),
        optional("first_seen", ANY_TIME),
        optional("last_seen", ANY_TIME),
    ],
    rules: &[VERSIONED, seen("4.8.1")],
    ..ObjectType::DOMAIN
};

/// Section 4.9.
pub static INTRUSION_SET: ObjectType = ObjectType {
    name: "intrusion-set",
    section: "4.9.1",
    properties: &[
        required("name", Kind::String),
        optional("description", Kind::String),
        optional("aliases", STRINGS),
        optional("first_seen", ANY_TIME),
        optional("last_seen", ANY_TIME),
        optional("goals", STRINGS),
        optional("resource_level", Kind::OpenVocabulary(&vocab::ATTACK_RESOURCE_LEVEL)),
        optional("primary_motivation", Kind::OpenVocabulary(&vocab::ATTACK_MOTIVATION)),
        optional(
            "secondary_motivations",
            Kind::List(&Kind::OpenVocabulary(&vocab::ATTACK_MOTIVATION)),
        ),
    ],
    rules: &[VERSIONED, seen("4.9.1")],
    ..ObjectType::DOMAIN
};

/// Section 4.10.
pub static LOCATION: ObjectType = ObjectType {
    name: "location",
    section: "4.10.1",
    properties: &[
        optional("name", Kind::String),
        optional("description", Kind::String),
        optional("latitude", Kind::Float(-90.0, 90.0)),
        optional("longitude", Kind::Float(-180.0, 180.0)),
        optional("precision", Kind::Float(f64::MIN, f64::MAX)),
        optional("region", Kind::OpenVocabulary(&vocab::REGION)),
        optional("country", Kind::Text(&form::COUNTRY)),
        optional("administrative_area", Kind::String),
        optional("city", Kind::String),
        optional("street_address", Kind::String),
        optional("postal_code", Kind::String),
    ],
    rules: &[
        VERSIONED,
        must(
            "4.10.1",
            "location-without-place",
            Demand::OneGroup(&[&["region"], &["country"], &["latitude", "longitude"]]),
        ),
        must("4.10.1", "half-a-coordinate", Demand::AllOrNone(&["latitude", "longitude"])),
        must(
            "4.10.1",
            "precision-without-coordinate",
            Demand::Requires("precision", &["latitude", "longitude"]),
        ),
    ],
    ..ObjectType::DOMAIN
};

/// Section 4.11.
pub static MALWARE: ObjectType = ObjectType {
    name: "malware",
    section: "4.11.1",
    properties: &[
        optional("name", Kind::String),
        optional("description", Kind::String),
        optional("malware_types", Kind::List(&Kind::OpenVocabulary(&vocab::MALWARE_TYPE))),
        required("is_family", Kind::Boolean),
        optional("aliases", STRINGS),
        optional("kill_chain_phases", KILL_CHAIN_PHASES),
        optional("first_seen", ANY_TIME),
        optional("last_seen", ANY_TIME),
        optional("operating_system_refs", Kind::List(&SOFTWARE)),
        optional(
            "architecture_execution_envs",
            Kind::List(&Kind::OpenVocabulary(&vocab::PROCESSOR_ARCHITECTURE)),
        ),
        optional(
            "implementation_languages",
            Kind::List(&Kind::OpenVocabulary(&vocab::IMPLEMENTATION_LANGUAGE)),
        ),
        optional("capabilities", Kind::List(&Kind::OpenVocabulary(&vocab::MALWARE_CAPABILITIES))),
        optional("sample_refs", Kind::List(&Kind::Identifier(Targets::Of(&["file", "artifact"])))),
    ],
    rules: &[
        VERSIONED,
        seen("4.11.1"),
        must("4.11.1", "family-without-name", Demand::RequiredWhen("is_family", true, "name")),
    ],
    ..ObjectType::DOMAIN
};

/// Section 4.12.
pub static MALWARE_ANALYSIS: ObjectType = ObjectType {
    name: "malware-analysis",
    section: "4.12.1",
    properties: &[
        required("product", Kind::Text(&form::PRODUCT)),
        optional("version", Kind::String),
        optional("host_vm_ref", SOFTWARE),
        optional("operating_system_ref", SOFTWARE),
        optional("installed_software_refs", Kind::List(&SOFTWARE)),
        optional("configuration_version", Kind::String),
        optional("modules", STRINGS),
        optional("analysis_engine_version", Kind::String),
        optional("analysis_definition_version", Kind::String),
        optional("submitted", ANY_TIME),
        optional("analysis_started", ANY_TIME),
        optional("analysis_ended", ANY_TIME),
        optional("result_name", Kind::String),
        optional("result", Kind::OpenVocabulary(&vocab::MALWARE_RESULT)),
        optional("analysis_sco_refs", Kind::List(&Kind::Identifier(NOT_META))),
        optional(
            "sample_ref",
            Kind::Identifier(Targets::Of(&["file", "artifact", "network-traffic"])),
        ),
    ],
    rules: &[
        VERSIONED,
        must(
            "4.12.1",
            "analysis-without-outcome",
            Demand::AtLeastOne(&["result", "analysis_sco_refs"]),
        ),
    ],
    ..ObjectType::DOMAIN
};

/// What can neither be observed nor relate: SDOs and meta objects.
const NOT_META: Targets = Targets::Except(&[
    "attack-pattern",
    "campaign",
    "course-of-action",
    "grouping",
    "identity",
    "incident",
    "indicator",
    "infrastructure",
    "intrusion-set",
    "location",
    "malware",
    "malware-analysis",
    "note",
    "observed-data",
    "opinion",
    "report",
    "threat-actor",
    "tool",
    "vulnerability",
    "language-content",
    "marking-definition",
    "extension-definition",
    "bundle",
]);

/// Section 4.13.
pub static NOTE: ObjectType = ObjectType {
    name: "note",
    section: "4.13.1",
    properties: &[
        optional("abstract", Kind::String),
        required("content", Kind::String),
        optional("authors", STRINGS),
        required("object_refs", ANY_OBJECTS),
    ],
    rules: &[VERSIONED],
    ..ObjectType::DOMAIN
};

/// Section 4.14.
pub static OBSERVED_DATA: ObjectType = ObjectType {
    name: "observed-data",
    section: "4.14.1",
    properties: &[
        required("first_observed", ANY_TIME),
        required("last_observed", ANY_TIME),
        required("number_observed", Kind::Integer(1, 999_999_999)),
        deprecated("objects", Kind::Container),
        optional("object_refs", Kind::List(&Kind::Identifier(NOT_META))),
    ],
    rules: &[
        VERSIONED,
        must("4.14.1", "last-before-first", Demand::NotBefore("first_observed", "last_observed")),
        must("4.14.1", "observed-content", Demand::ExactlyOne(&["objects", "object_refs"])),
        must(
            "4.14.1",
            "observed-without-observable",
            Demand::RefersBeyond("object_refs", &["relationship", "sighting"]),
        ),
    ],
    ..ObjectType::DOMAIN
};

/// Section 4.15.
pub static OPINION: ObjectType = ObjectType {
    name: "opinion",
    section: "4.15.1",
    properties: &[
        optional("explanation", Kind::String),
        optional("authors", STRINGS),
        required("opinion", Kind::Enumeration(&vocab::OPINION)),
        required("object_refs", ANY_OBJECTS),
    ],
    rules: &[VERSIONED],
    ..ObjectType::DOMAIN
};

/// Section 4.16.
pub static REPORT: ObjectType = ObjectType {
    name: "report",
    section: "4.16.1",
    properties: &[
        required("name", Kind::String),
        optional("description", Kind::String),
        optional("report_types", Kind::List(&Kind::OpenVocabulary(&vocab::REPORT_TYPE))),
        required("published", ANY_TIME),
        required("object_refs", ANY_OBJECTS),
    ],
    rules: &[VERSIONED],
    ..ObjectType::DOMAIN
};

/// Section 4.17.
pub static THREAT_ACTOR: ObjectType = ObjectType {
    name: "threat-actor",
    section: "4.17.1",
    properties: &[
        required("name", Kind::String),
        optional("description", Kind::String),
        optional(
            "threat_actor_types",
            Kind::List(&Kind::OpenVocabulary(&vocab::THREAT_ACTOR_TYPE)),
        ),
        optional("aliases", STRINGS),
        optional("first_seen", ANY_TIME),
        optional("last_seen", ANY_TIME),
        optional("roles", Kind::List(&Kind::OpenVocabulary(&vocab::THREAT_ACTOR_ROLE))),
        optional("goals", STRINGS),
        optional("sophistication", Kind::OpenVocabulary(&vocab::THREAT_ACTOR_SOPHISTICATION)),
        optional("resource_level", Kind::OpenVocabulary(&vocab::ATTACK_RESOURCE_LEVEL)),
        optional("primary_motivation", Kind::OpenVocabulary(&vocab::ATTACK_MOTIVATION)),
        optional(
            "secondary_motivations",
            Kind::List(&Kind::OpenVocabulary(&vocab::ATTACK_MOTIVATION)),
        ),
        optional(
            "personal_motivations",
            Kind::List(&Kind::OpenVocabulary(&vocab::ATTACK_MOTIVATION)),
        ),
    ],
    rules: &[VERSIONED, seen("4.17.1")],
    ..ObjectType::DOMAIN
};

/// Section 4.18.
pub static TOOL: ObjectType = ObjectType {
    name: "tool",
    section: "4.18.1",
    properties: &[
        required("name", Kind::String),
        optional("description", Kind::String),
        optional("tool_types", Kind::List(&Kind::OpenVocabulary(&vocab::TOOL_TYPE))),
        optional("aliases", STRINGS),
        optional("kill_chain_phases", KILL_CHAIN_PHASES),
        optional("tool_version", Kind::String),
    ],
    rules: &[VERSIONED],
    ..ObjectType::DOMAIN
};

/// Section 4.19.
pub static VULNERABILITY: ObjectType = ObjectType {
    name: "vulnerability",
    section: "4.19.1",
    properties: &[required("name", Kind::String), optional("description", Kind::String)],
    rules: &[VERSIONED],
    ..ObjectType::DOMAIN
};
