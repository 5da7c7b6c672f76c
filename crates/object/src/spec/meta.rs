//! The meta objects of section 7, and the bundle of section 8.
//!
//! Invariant: as in the standard; `definition_type` and `definition` are deprecated, but without
//! `extensions` they must be there, so they are checked by rule and not by usage.

use crate::spec::vocab;
use crate::spec::{
    Class, Demand, Kind, ObjectType, Precision, Targets, must, optional, required, should,
};

/// All of them.
pub static ALL: &[&ObjectType] =
    &[&LANGUAGE_CONTENT, &MARKING_DEFINITION, &EXTENSION_DEFINITION, &BUNDLE];

/// Translations of another object's text.
pub static LANGUAGE_CONTENT: ObjectType = ObjectType {
    name: "language-content",
    section: "7.1.1",
    class: Class::Language,
    properties: &[
        required("object_ref", Kind::Identifier(Targets::Except(&["bundle", "language-content"]))),
        optional("object_modified", Kind::Timestamp(Precision::Any)),
        required("contents", Kind::Translations),
    ],
    rules: &[must("3.6.1", "modified-before-created", Demand::NotBefore("created", "modified"))],
    ..ObjectType::DOMAIN
};

/// A marking, to be referred to.
pub static MARKING_DEFINITION: ObjectType = ObjectType {
    name: "marking-definition",
    section: "7.2.1.1",
    class: Class::Marking,
    properties: &[
        optional("name", Kind::String),
        optional("definition_type", Kind::OpenVocabulary(&vocab::MARKING_DEFINITION_TYPE)),
        optional("definition", Kind::MarkingObject),
    ],
    rules: &[
        must(
            "7.2.1.1",
            "marking-without-definition",
            Demand::OneGroup(&[&["extensions"], &["definition_type", "definition"]]),
        ),
        must("7.2.1.4", "tlp-instance", Demand::TlpInstance),
    ],
    ..ObjectType::DOMAIN
};

/// What an extension is, to be referred to.
pub static EXTENSION_DEFINITION: ObjectType = ObjectType {
    name: "extension-definition",
    section: "7.3.1",
    class: Class::Extension,
    properties: &[
        required("name", Kind::String),
        optional("description", Kind::String),
        required("schema", Kind::String),
        required("version", Kind::String),
        required("extension_types", Kind::List(&Kind::Enumeration(&vocab::EXTENSION_TYPE))),
        optional("extension_properties", Kind::List(&Kind::String)),
    ],
    rules: &[
        must("3.6.1", "modified-before-created", Demand::NotBefore("created", "modified")),
        must(
            "7.3.1",
            "extension-properties-misplaced",
            Demand::OnlyWithMember(
                "extension_types",
                "toplevel-property-extension",
                "extension_properties",
            ),
        ),
        should(
            "7.3.1",
            "extension-properties-missing",
            Demand::RequiredWithMember(
                "extension_types",
                "toplevel-property-extension",
                "extension_properties",
            ),
        ),
        should("7.3.1", "extension-without-description", Demand::Present(&["description"])),
    ],
    ..ObjectType::DOMAIN
};

/// A collection of objects with no meaning of its own.
pub static BUNDLE: ObjectType = ObjectType {
    name: "bundle",
    section: "8.1",
    class: Class::Bundle,
    properties: &[optional("objects", Kind::Objects)],
    rules: &[should("3.6", "duplicate-version", Demand::DistinctVersions)],
    ..ObjectType::DOMAIN
};
