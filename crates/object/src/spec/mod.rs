//! The specification as data: every object type, extension and vocabulary of STIX 2.1 as a table.
//!
//! Invariants: a table says only what the OASIS Standard says (Errata 01 where it is clearer), in
//! the order of the standard, with the section a reader can open. Common properties stand once per
//! class ([`Class::common`]). Names inside a table are unique and a table has at most
//! [`PROPERTIES_MAX`] properties, so that one word of bits records which were seen.
//!
//! In scope: names, kinds, targets, vocabularies, rules across properties, all as constants.
//! Out of scope: looking at values, which is [`crate::validate`]'s.

pub mod common;
pub mod cooperation;
pub mod extension;
pub mod form;
pub mod meta;
pub mod relationship;
pub mod sco;
pub mod sdo;
pub mod sro;
pub mod vocab;

mod language;
mod uri;

/// The most properties that one table may have: one bit each in a `u64`.
pub const PROPERTIES_MAX: usize = 64;

/// An object type: its own properties, its rules, its predefined extensions.
#[derive(Debug)]
pub struct ObjectType {
    /// The value of `type`.
    pub name: &'static str,
    /// Where the standard defines it.
    pub section: &'static str,
    /// Which common properties it has.
    pub class: Class,
    /// Its own properties, in the order of the standard.
    pub properties: &'static [Property],
    /// What must hold across its properties.
    pub rules: &'static [Rule],
    /// The predefined extensions that it can carry.
    pub extensions: &'static [&'static Table],
    /// The ID Contributing Properties of a cyber-observable object.
    pub contributing: &'static [&'static str],
}

impl ObjectType {
    /// A domain object, to be completed: name, section, properties.
    pub(crate) const DOMAIN: Self = Self {
        name: "",
        section: "",
        class: Class::Domain,
        properties: &[],
        rules: &[],
        extensions: &[],
        contributing: &[],
    };

    /// A cyber-observable object, to be completed.
    pub(crate) const OBSERVABLE: Self = Self { class: Class::Observable, ..Self::DOMAIN };
}

/// The classes of objects, which differ in their common properties (section 3.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// SDOs, and custom ones.
    Domain,
    /// SROs; the same common properties as SDOs.
    Relationship,
    /// SCOs, and custom ones.
    Observable,
    /// Language content.
    Language,
    /// Marking definitions.
    Marking,
    /// Extension definitions.
    Extension,
    /// Bundles, which the standard does not count among the objects.
    Bundle,
}

impl Class {
    /// The common properties of this class.
    pub fn common(self) -> &'static [Property] {
        match self {
            Self::Domain | Self::Relationship => common::CORE,
            Self::Observable => common::OBSERVABLE,
            Self::Language => common::LANGUAGE,
            Self::Marking => common::MARKING,
            Self::Extension => common::EXTENSION,
            Self::Bundle => common::BUNDLE,
        }
    }
}

/// A type of value with properties of its own: a common type, a part of an object, an extension.
#[derive(Debug)]
pub struct Table {
    /// The type's name, or the extension's key.
    pub name: &'static str,
    /// Where the standard defines it.
    pub section: &'static str,
    /// Its properties, in the order of the standard.
    pub properties: &'static [Property],
    /// What must hold across its properties.
    pub rules: &'static [Rule],
}

/// One row of a property table.
#[derive(Debug)]
pub struct Property {
    /// Its name.
    pub name: &'static str,
    /// What values it takes.
    pub kind: Kind,
    /// Whether it is required, optional or deprecated.
    pub usage: Usage,
}

/// Whether a property has to be there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Usage {
    /// An error where it is absent.
    Required,
    /// May be absent.
    Optional,
    /// May be absent, and should be.
    Deprecated,
}

/// A row for a property that is required.
pub(crate) const fn required(name: &'static str, kind: Kind) -> Property {
    Property { name, kind, usage: Usage::Required }
}

/// A row for a property that is optional.
pub(crate) const fn optional(name: &'static str, kind: Kind) -> Property {
    Property { name, kind, usage: Usage::Optional }
}

/// A row for a property that new content should not use.
pub(crate) const fn deprecated(name: &'static str, kind: Kind) -> Property {
    Property { name, kind, usage: Usage::Deprecated }
}

/// What values a property takes: the types of section 2, and those of a few single properties.
#[derive(Debug)]
pub enum Kind {
    /// Any string (2.15).
    String,
    /// A string of a form that the standard demands or recommends.
    Text(&'static form::Form),
    /// `true` or `false` (2.2).
    Boolean,
    /// A whole number between two bounds, both included (2.10).
    Integer(i64, i64),
    /// A number between two bounds, both included (2.6).
    Float(f64, f64),
    /// A time (2.16).
    Timestamp(Precision),
    /// Bytes as hexadecimal digits (2.8).
    Hex,
    /// Bytes as base64 (2.1).
    Binary,
    /// The id of an object of one of these types (2.9).
    Identifier(Targets),
    /// As `Identifier`, where the standard says what type it is of but not that it must be.
    IdentifierAdvised(Targets),
    /// A term of a closed list (2.4).
    Enumeration(&'static vocab::Vocabulary),
    /// A term, best from this list (2.14).
    OpenVocabulary(&'static vocab::Vocabulary),
    /// Hashes by the name of the algorithm (2.7).
    Hashes(HashNames),
    /// Values by free keys (2.3).
    Dictionary(Keys, Entries),
    /// One value or more, all of one kind (2.12).
    List(&'static Kind),
    /// A value with properties of its own.
    Embedded(&'static Table),
    /// The `extensions` of an object (3.2).
    Extensions,
    /// The deprecated cyber-observable container (2.13).
    Container,
    /// The objects of a bundle (8.1).
    Objects,
    /// The marking object of a marking definition (7.2.1.1).
    MarkingObject,
    /// The translations of language content (7.1.1).
    Translations,
}

/// How precise a time must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Precision {
    /// Any.
    Any,
    /// To the millisecond or better: three digits or more (3.2).
    Millisecond,
    /// As `Millisecond`, but real markings are written to the second, so with a warning only.
    MillisecondAdvised,
    /// To the second: no fraction (6.7.6).
    Second,
}

/// What a reference may refer to.
#[derive(Clone, Copy, Debug)]
pub enum Targets {
    /// Any object.
    Any,
    /// Objects of these types only.
    Of(&'static [&'static str]),
    /// Objects of all but these types; custom types too.
    Except(&'static [&'static str]),
}

impl Targets {
    /// Whether objects of this type may be referred to.
    pub fn admits(self, object_type: &str) -> bool {
        match self {
            Self::Any => true,
            Self::Of(types) => types.contains(&object_type),
            Self::Except(types) => !types.contains(&object_type),
        }
    }
}

/// How the names in a dictionary of hashes are held to the vocabulary.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HashNames {
    /// They must come from it (2.5.1).
    Closed,
    /// They should come from it (2.7).
    Open,
}

/// What the keys of a dictionary are.
#[derive(Clone, Copy, Debug)]
pub enum Keys {
    /// Free; lower case is better (2.3).
    Free,
    /// Names from elsewhere in their own case, in the form that the standard recommends.
    Named(Option<&'static form::Form>),
}

/// What the values of a dictionary are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entries {
    /// Anything but null and empty lists.
    Any,
    /// Strings.
    Strings,
    /// Integers.
    Integers,
    /// Strings and integers.
    StringsOrIntegers,
    /// Lists of strings.
    StringLists,
    /// As `StringLists`, but single strings, as STIX 2.0 had them, with a warning only.
    StringListsAdvised,
}

/// How binding a rule is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// MUST: breaking it is an error.
    Must,
    /// SHOULD: breaking it is a warning.
    Should,
}

/// Something that must or should hold across the properties of one value.
#[derive(Debug)]
pub struct Rule {
    /// Its stable name, as reported.
    pub name: &'static str,
    /// Where the standard states it.
    pub section: &'static str,
    /// How binding it is.
    pub level: Level,
    /// What is demanded.
    pub demand: Demand,
}

/// A rule that binds.
pub(crate) const fn must(section: &'static str, name: &'static str, demand: Demand) -> Rule {
    Rule { name, section, level: Level::Must, demand }
}

/// A rule that recommends.
pub(crate) const fn should(section: &'static str, name: &'static str, demand: Demand) -> Rule {
    Rule { name, section, level: Level::Should, demand }
}

/// What a rule demands. The names are those of properties of the same value.
#[derive(Debug)]
pub enum Demand {
    /// One of these is there, or more.
    AtLeastOne(&'static [&'static str]),
    /// A property of the value's own table is there, other than this one; an extension counts.
    AnyOwnProperty(&'static str),
    /// Exactly one of these is there.
    ExactlyOne(&'static [&'static str]),
    /// These are there.
    Present(&'static [&'static str]),
    /// All of these are there, or none.
    AllOrNone(&'static [&'static str]),
    /// Where the first is, the others are too.
    Requires(&'static str, &'static [&'static str]),
    /// One of these groups is there as a whole.
    OneGroup(&'static [&'static [&'static str]]),
    /// Not both are there.
    NotBoth(&'static str, &'static str),
    /// Where the first has this truth value, the second is there.
    RequiredWhen(&'static str, bool, &'static str),
    /// Where the first has this truth value, the second is not there.
    AbsentWhen(&'static str, bool, &'static str),
    /// The second time is the first or later.
    NotBefore(&'static str, &'static str),
    /// The second time is later than the first.
    After(&'static str, &'static str),
    /// The second is there only where the first, a list, has this member.
    OnlyWithMember(&'static str, &'static str, &'static str),
    /// Where the first, a list, has this member, the second is there.
    RequiredWithMember(&'static str, &'static str, &'static str),
    /// No key of the dictionary is one of these.
    KeysExclude(&'static str, &'static [&'static str]),
    /// Where the list of references is there, not all of it is of these types.
    RefersBeyond(&'static str, &'static [&'static str]),
    /// CVE and CAPEC identifiers are written their way, under their source's name.
    CatalogueIdentifier,
    /// A relationship that the standard suggests, or one that all objects can have.
    SuggestedRelationship,
    /// A pattern of type `stix` is a STIX pattern.
    StixPattern,
    /// A TLP marking is one of the four of the standard, unchanged.
    TlpInstance,
    /// The extension of this id is there, of type `new-sdo`.
    NewObject(&'static str),
    /// No two objects of the bundle are the same version of one object.
    DistinctVersions,
}

/// The table of an object type that the standard or our extension defines.
pub fn find(object_type: &str) -> Option<&'static ObjectType> {
    // The commonest types of real collections stand first.
    Some(match object_type {
        "relationship" => &sro::RELATIONSHIP,
        "indicator" => &sdo::INDICATOR,
        "attack-pattern" => &sdo::ATTACK_PATTERN,
        "malware" => &sdo::MALWARE,
        "observed-data" => &sdo::OBSERVED_DATA,
        "identity" => &sdo::IDENTITY,
        "campaign" => &sdo::CAMPAIGN,
        "course-of-action" => &sdo::COURSE_OF_ACTION,
        "grouping" => &sdo::GROUPING,
        "incident" => &sdo::INCIDENT,
        "infrastructure" => &sdo::INFRASTRUCTURE,
        "intrusion-set" => &sdo::INTRUSION_SET,
        "location" => &sdo::LOCATION,
        "malware-analysis" => &sdo::MALWARE_ANALYSIS,
        "note" => &sdo::NOTE,
        "opinion" => &sdo::OPINION,
        "report" => &sdo::REPORT,
        "threat-actor" => &sdo::THREAT_ACTOR,
        "tool" => &sdo::TOOL,
        "vulnerability" => &sdo::VULNERABILITY,
        "sighting" => &sro::SIGHTING,
        "language-content" => &meta::LANGUAGE_CONTENT,
        "marking-definition" => &meta::MARKING_DEFINITION,
        "extension-definition" => &meta::EXTENSION_DEFINITION,
        "bundle" => &meta::BUNDLE,
        ours if ours.starts_with(cooperation::PREFIX) => {
            return cooperation::ALL.iter().find(|t| t.name == ours).copied();
        }
        observable => return sco::ALL.iter().find(|t| t.name == observable).copied(),
    })
}

/// Every object type that the standard or our extension defines.
pub fn all() -> impl Iterator<Item = &'static ObjectType> {
    [sdo::ALL, sro::ALL, sco::ALL, meta::ALL, cooperation::ALL].into_iter().flatten().copied()
}

/// The predefined extension of this key, of whatever object type.
pub fn find_extension(key: &str) -> Option<&'static Table> {
    extension::ALL.iter().find(|t| t.name == key).copied()
}

#[cfg(test)]
mod tests;
