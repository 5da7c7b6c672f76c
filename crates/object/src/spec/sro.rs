//! The relationship objects of section 5.
//!
//! Invariant: as in the standard. What relates to what is in [`crate::spec::relationship`].

use crate::spec::form;
use crate::spec::{
    Class, Demand, Kind, ObjectType, Precision, Targets, must, optional, required, should,
};

/// All of them.
pub static ALL: &[&ObjectType] = &[&RELATIONSHIP, &SIGHTING];

/// What a relationship cannot be about: an SDO or SCO it must be.
const NOT_CORE: Targets = Targets::Except(&[
    "relationship",
    "sighting",
    "bundle",
    "marking-definition",
    "language-content",
    "extension-definition",
]);

/// What a sighting cannot be of: an SDO it must be.
const NOT_DOMAIN: Targets = Targets::Except(&[
    "artifact",
    "autonomous-system",
    "directory",
    "domain-name",
    "email-addr",
    "email-message",
    "file",
    "ipv4-addr",
    "ipv6-addr",
    "mac-addr",
    "mutex",
    "network-traffic",
    "process",
    "software",
    "url",
    "user-account",
    "windows-registry-key",
    "x509-certificate",
    "relationship",
    "sighting",
    "bundle",
    "marking-definition",
    "language-content",
    "extension-definition",
]);

/// One object relates to another.
pub static RELATIONSHIP: ObjectType = ObjectType {
    name: "relationship",
    section: "5.1.2",
    class: Class::Relationship,
    properties: &[
        required("relationship_type", Kind::Text(&form::RELATIONSHIP_TYPE)),
        optional("description", Kind::String),
        required("source_ref", Kind::Identifier(NOT_CORE)),
        required("target_ref", Kind::Identifier(NOT_CORE)),
        optional("start_time", Kind::Timestamp(Precision::Any)),
        optional("stop_time", Kind::Timestamp(Precision::Any)),
    ],
    rules: &[
        must("3.6.1", "modified-before-created", Demand::NotBefore("created", "modified")),
        must("5.1.2", "stop-not-after-start", Demand::After("start_time", "stop_time")),
        should("5.1.2", "unusual-relationship", Demand::SuggestedRelationship),
    ],
    ..ObjectType::DOMAIN
};

/// Something was seen.
pub static SIGHTING: ObjectType = ObjectType {
    name: "sighting",
    section: "5.2.1",
    class: Class::Relationship,
    properties: &[
        optional("description", Kind::String),
        optional("first_seen", Kind::Timestamp(Precision::Any)),
        optional("last_seen", Kind::Timestamp(Precision::Any)),
        optional("count", Kind::Integer(0, 999_999_999)),
        required("sighting_of_ref", Kind::Identifier(NOT_DOMAIN)),
        optional(
            "observed_data_refs",
            Kind::List(&Kind::Identifier(Targets::Of(&["observed-data"]))),
        ),
        optional(
            "where_sighted_refs",
            Kind::List(&Kind::Identifier(Targets::Of(&["identity", "location"]))),
        ),
        optional("summary", Kind::Boolean),
    ],
    rules: &[
        must("3.6.1", "modified-before-created", Demand::NotBefore("created", "modified")),
        must("5.2.1", "last-before-first", Demand::NotBefore("first_seen", "last_seen")),
    ],
    ..ObjectType::DOMAIN
};
