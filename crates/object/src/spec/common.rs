//! The common properties of each class of objects (section 3.2), and the common types that are
//! values with properties of their own (sections 2.5, 2.11, 7.2.3.1).
//!
//! Invariant: a property that section 3.2 calls not applicable to a class is absent from its table.

use crate::spec::form;
use crate::spec::{
    Demand, HashNames, Kind, Precision, Property, Table, Targets, must, optional, required, should,
};

/// SDOs and SROs.
pub static CORE: &[Property] = &[
    TYPE,
    required("spec_version", Kind::Text(&form::SPEC_VERSION)),
    ID,
    CREATED_BY_REF,
    CREATED,
    MODIFIED,
    REVOKED,
    LABELS,
    CONFIDENCE,
    optional("lang", Kind::Text(&form::LANGUAGE)),
    EXTERNAL_REFERENCES,
    OBJECT_MARKING_REFS,
    GRANULAR_MARKINGS,
    EXTENSIONS,
];

/// SCOs.
pub static OBSERVABLE: &[Property] = &[
    TYPE,
    optional("spec_version", Kind::Text(&form::SPEC_VERSION)),
    ID,
    OBJECT_MARKING_REFS,
    GRANULAR_MARKINGS,
    optional("defanged", Kind::Boolean),
    EXTENSIONS,
];

/// Language content: as SDOs, without `lang`.
pub static LANGUAGE: &[Property] = &[
    TYPE,
    required("spec_version", Kind::Text(&form::SPEC_VERSION)),
    ID,
    CREATED_BY_REF,
    CREATED,
    MODIFIED,
    REVOKED,
    LABELS,
    CONFIDENCE,
    EXTERNAL_REFERENCES,
    OBJECT_MARKING_REFS,
    GRANULAR_MARKINGS,
    EXTENSIONS,
];

/// Marking definitions: without versions.
pub static MARKING: &[Property] = &[
    TYPE,
    required("spec_version", Kind::Text(&form::SPEC_VERSION)),
    ID,
    CREATED_BY_REF,
    required("created", Kind::Timestamp(Precision::MillisecondAdvised)),
    EXTERNAL_REFERENCES,
    OBJECT_MARKING_REFS,
    GRANULAR_MARKINGS,
    EXTENSIONS,
];

/// Extension definitions: with a creator, without extensions of their own.
pub static EXTENSION: &[Property] = &[
    TYPE,
    required("spec_version", Kind::Text(&form::SPEC_VERSION)),
    ID,
    required("created_by_ref", Kind::IdentifierAdvised(Targets::Of(&["identity"]))),
    CREATED,
    MODIFIED,
    REVOKED,
    LABELS,
    EXTERNAL_REFERENCES,
    OBJECT_MARKING_REFS,
    GRANULAR_MARKINGS,
];

/// Bundles.
pub static BUNDLE: &[Property] = &[TYPE, ID];

/// Every name of section 3.2's table.
pub static NAMES: &[&str] = &[
    "type",
    "spec_version",
    "id",
    "created_by_ref",
    "created",
    "modified",
    "revoked",
    "labels",
    "confidence",
    "lang",
    "external_references",
    "object_marking_refs",
    "granular_markings",
    "defanged",
    "extensions",
];

/// Names that no content may use (section 3.8; `phone_numbers` before Errata 01).
pub static RESERVED: &[&str] = &["severity", "username", "phone_number", "phone_numbers", "action"];

/// Types that no content may use.
pub static RESERVED_TYPES: &[&str] = &["action"];

const TYPE: Property = required("type", Kind::Text(&form::TYPE_NAME));
const ID: Property = required("id", Kind::Identifier(Targets::Any));
const CREATED_BY_REF: Property =
    optional("created_by_ref", Kind::IdentifierAdvised(Targets::Of(&["identity"])));
const CREATED: Property = required("created", Kind::Timestamp(Precision::Millisecond));
const MODIFIED: Property = required("modified", Kind::Timestamp(Precision::Millisecond));
const REVOKED: Property = optional("revoked", Kind::Boolean);
const LABELS: Property = optional("labels", Kind::List(&Kind::String));
const CONFIDENCE: Property = optional("confidence", Kind::Integer(0, 100));
const EXTERNAL_REFERENCES: Property =
    optional("external_references", Kind::List(&AN_EXTERNAL_REFERENCE));
const OBJECT_MARKING_REFS: Property = optional(
    "object_marking_refs",
    Kind::List(&Kind::Identifier(Targets::Of(&["marking-definition"]))),
);
const GRANULAR_MARKINGS: Property = optional("granular_markings", Kind::List(&A_GRANULAR_MARKING));
const EXTENSIONS: Property = optional("extensions", Kind::Extensions);

static AN_EXTERNAL_REFERENCE: Kind = Kind::Embedded(&EXTERNAL_REFERENCE);
static A_GRANULAR_MARKING: Kind = Kind::Embedded(&GRANULAR_MARKING);

/// Section 2.5.
pub static EXTERNAL_REFERENCE: Table = Table {
    name: "external-reference",
    section: "2.5.1",
    properties: &[
        required("source_name", Kind::String),
        optional("description", Kind::String),
        optional("url", Kind::Text(&form::REFERENCE_URL)),
        optional("hashes", Kind::Hashes(HashNames::Closed)),
        optional("external_id", Kind::String),
    ],
    rules: &[
        must(
            "2.5.2",
            "external-reference-content",
            Demand::AtLeastOne(&["description", "url", "external_id"]),
        ),
        must("2.5.1", "catalogue-identifier", Demand::CatalogueIdentifier),
        should("2.5.1", "url-without-hashes", Demand::Requires("url", &["hashes"])),
    ],
};

/// Section 2.11.
pub static KILL_CHAIN_PHASE: Table = Table {
    name: "kill-chain-phase",
    section: "2.11",
    properties: &[
        required("kill_chain_name", Kind::Text(&form::KILL_CHAIN_TERM)),
        required("phase_name", Kind::Text(&form::KILL_CHAIN_TERM)),
    ],
    rules: &[],
};

/// Section 7.2.3.1. That selectors resolve is checked against the whole object.
pub static GRANULAR_MARKING: Table = Table {
    name: "granular-marking",
    section: "7.2.3.1",
    properties: &[
        optional("lang", Kind::Text(&form::LANGUAGE)),
        optional("marking_ref", Kind::Identifier(Targets::Of(&["marking-definition"]))),
        required("selectors", Kind::List(&Kind::Text(&form::SELECTOR))),
    ],
    rules: &[must(
        "7.2.3",
        "granular-marking-content",
        Demand::ExactlyOne(&["lang", "marking_ref"]),
    )],
};
