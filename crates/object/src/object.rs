//! One STIX object: its exact bytes, and what every other part asks of it.
//!
//! Invariants: [`Object::raw`] is what was received, byte for byte; the value is what strict JSON
//! says of those bytes; the properties that routing, versioning and release depend on have the right
//! form, or there is no [`Object`]: `type`, `id`, `spec_version`, `created`, `modified`,
//! `created_by_ref`, `revoked`, `object_marking_refs`, `granular_markings`. A marking that cannot be
//! read is never passed over.
//!
//! Out of scope: whether the rest of the object follows the standard (`validate`).

use std::collections::BTreeSet;

use crate::id::{Id, IdError, OwnedId, mentions_in_map};
use crate::json::{self, Map, Value};
use crate::limits::OBJECT_BYTES_MAX;
use crate::time::{TimeError, Timestamp};

/// A parsed object with its exact bytes.
#[derive(Clone, Debug)]
pub struct Object<'a> {
    raw: &'a [u8],
    members: Map<'a>,
    uuid: uuid::Uuid,
    created: Option<Timestamp>,
    modified: Option<Timestamp>,
}

/// A marking of parts of an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GranularMarking<'v> {
    /// Which marking.
    pub marking: Id<'v>,
    /// Of which parts.
    pub selectors: Vec<&'v str>,
}

/// The language of parts of an object, which travels among the granular markings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GranularLanguage<'v> {
    /// The language, as in RFC 5646.
    pub lang: &'v str,
    /// Of which parts.
    pub selectors: Vec<&'v str>,
}

/// Why bytes are no object. Always the sender's fault.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ObjectError {
    /// Longer than [`OBJECT_BYTES_MAX`].
    #[error("the object has {0} bytes, and 1 MiB is the most")]
    TooLong(usize),
    /// Not strict JSON.
    #[error("the object is not strict JSON: {0}")]
    Json(#[from] json::Refusal),
    /// JSON, but not an object.
    #[error("a STIX object is a JSON object, and this is {0}")]
    NotAnObject(&'static str),
    /// A required property is missing.
    #[error("the property {0} is missing")]
    Missing(&'static str),
    /// A property has the wrong form.
    #[error("the property {property} must be {expected}")]
    Form {
        /// The property.
        property: &'static str,
        /// What it must be.
        expected: &'static str,
    },
    /// A property holds no identifier.
    #[error("the property {property} holds no identifier: {error}")]
    Id {
        /// The property.
        property: &'static str,
        /// What is wrong with it.
        error: IdError,
    },
    /// The id names another type than the object has.
    #[error("the id names another type than the property type")]
    IdOfOtherType,
    /// A property holds no timestamp.
    #[error("the property {property} holds no timestamp: {error}")]
    Time {
        /// The property.
        property: &'static str,
        /// What is wrong with it.
        error: TimeError,
    },
}

impl<'a> Object<'a> {
    /// Reads an object from its exact bytes.
    pub fn from_bytes(raw: &'a [u8]) -> Result<Self, ObjectError> {
        if raw.len() > OBJECT_BYTES_MAX {
            return Err(ObjectError::TooLong(raw.len()));
        }
        let value = json::parse(raw)?;
        let kind = value.kind();
        let Value::Object(members) = value else {
            return Err(ObjectError::NotAnObject(kind));
        };
        let uuid = check_id(&members)?;
        optional(&members, "spec_version", "a string", Value::as_str)?;
        optional(&members, "revoked", "true or false", Value::as_bool)?;
        if let Some(creator) = optional(&members, "created_by_ref", "an identifier", Value::as_str)?
        {
            parse_id("created_by_ref", creator)?;
        }
        let created = time(&members, "created")?;
        let modified = time(&members, "modified")?;
        object_markings(&members)?;
        granular_markings(&members)?;
        Ok(Self { raw, members, uuid, created, modified })
    }

    /// The bytes as received.
    pub fn raw(&self) -> &'a [u8] {
        self.raw
    }

    /// The properties, in the order received.
    pub fn members(&self) -> &Map<'a> {
        &self.members
    }

    /// The value of a property.
    pub fn get(&self, property: &str) -> Option<&Value<'a>> {
        self.members.get(property)
    }

    /// The object's id.
    pub fn id(&self) -> Id<'_> {
        Id { type_name: self.type_name(), uuid: self.uuid }
    }

    /// The object's type.
    pub fn type_name(&self) -> &str {
        self.text("type").unwrap_or_default()
    }

    /// The version of STIX the object says it follows.
    pub fn spec_version(&self) -> Option<&str> {
        self.text("spec_version")
    }

    /// When the object was first made.
    pub fn created(&self) -> Option<Timestamp> {
        self.created
    }

    /// When this version was made.
    pub fn modified(&self) -> Option<Timestamp> {
        self.modified
    }

    /// The object's version as TAXII 2.1 §3.4.1 has it: `modified`, else `created`; without either
    /// (observables) the server takes the time it was added.
    pub fn version(&self) -> Option<Timestamp> {
        self.modified.or(self.created)
    }

    /// Who made the object.
    pub fn created_by_ref(&self) -> Option<Id<'_>> {
        Id::parse(self.text("created_by_ref")?).ok()
    }

    /// Whether its creator has revoked the object.
    pub fn is_revoked(&self) -> bool {
        self.get("revoked").and_then(Value::as_bool).unwrap_or(false)
    }

    /// The markings of the whole object.
    pub fn object_marking_refs(&self) -> Vec<Id<'_>> {
        // from_bytes has read them before, so there is no error to pass over
        object_markings(&self.members).unwrap_or_default()
    }

    /// The markings of parts of the object, without those that only name a language.
    pub fn granular_marking_refs(&self) -> Vec<GranularMarking<'_>> {
        granular_markings(&self.members).map(|(markings, _)| markings).unwrap_or_default()
    }

    /// The languages of parts of the object.
    pub fn granular_languages(&self) -> Vec<GranularLanguage<'_>> {
        granular_markings(&self.members).map(|(_, languages)| languages).unwrap_or_default()
    }

    /// Every id that the object mentions anywhere but its own, each once, in order.
    pub fn references(&self) -> Vec<OwnedId> {
        let own = self.id();
        let mut ids = BTreeSet::new();
        let mut found = |id: Id<'_>| {
            if id != own {
                ids.insert(id.to_owned());
            }
        };
        mentions_in_map(&self.members, &mut found);
        ids.into_iter().collect()
    }

    fn text(&self, property: &str) -> Option<&str> {
        self.get(property).and_then(Value::as_str)
    }
}

fn check_id(members: &Map<'_>) -> Result<uuid::Uuid, ObjectError> {
    let type_name = optional(members, "type", "a string", Value::as_str)?;
    let type_name = type_name.ok_or(ObjectError::Missing("type"))?;
    let id = optional(members, "id", "an identifier", Value::as_str)?;
    let id = parse_id("id", id.ok_or(ObjectError::Missing("id"))?)?;
    if id.type_name != type_name {
        return Err(ObjectError::IdOfOtherType);
    }
    Ok(id.uuid)
}

/// The value of a property, if it is there, as what it must be.
fn optional<'v, 'a, T>(
    members: &'v Map<'a>,
    property: &'static str,
    expected: &'static str,
    read: impl FnOnce(&'v Value<'a>) -> Option<T>,
) -> Result<Option<T>, ObjectError> {
    match members.get(property) {
        None => Ok(None),
        Some(value) => read(value).map(Some).ok_or(ObjectError::Form { property, expected }),
    }
}

fn parse_id<'v>(property: &'static str, text: &'v str) -> Result<Id<'v>, ObjectError> {
    Id::parse(text).map_err(|error| ObjectError::Id { property, error })
}

fn time(members: &Map<'_>, property: &'static str) -> Result<Option<Timestamp>, ObjectError> {
    let text = optional(members, property, "a timestamp", Value::as_str)?;
    text.map(Timestamp::parse).transpose().map_err(|error| ObjectError::Time { property, error })
}

fn object_markings<'v>(members: &'v Map<'_>) -> Result<Vec<Id<'v>>, ObjectError> {
    const PROPERTY: &str = "object_marking_refs";
    const EXPECTED: &str = "a list of identifiers";
    let refs = optional(members, PROPERTY, EXPECTED, Value::as_array)?.unwrap_or_default();
    refs.iter()
        .map(|item| {
            let form = ObjectError::Form { property: PROPERTY, expected: EXPECTED };
            parse_id(PROPERTY, item.as_str().ok_or(form)?)
        })
        .collect()
}

type Granular<'v> = (Vec<GranularMarking<'v>>, Vec<GranularLanguage<'v>>);

/// Each granular marking names a marking or a language, not both (§7.2.3.1).
fn granular_markings<'v>(members: &'v Map<'_>) -> Result<Granular<'v>, ObjectError> {
    const PROPERTY: &str = "granular_markings";
    const FORM: ObjectError = ObjectError::Form {
        property: PROPERTY,
        expected: "a list of objects with selectors and either marking_ref or lang",
    };
    let mut granular = Granular::default();
    let items = optional(members, PROPERTY, "a list", Value::as_array)?.unwrap_or_default();
    for item in items {
        let selectors = item.get("selectors").and_then(Value::as_array).ok_or(FORM)?;
        let selectors: Option<Vec<&str>> = selectors.iter().map(Value::as_str).collect();
        let selectors = selectors.ok_or(FORM)?;
        match (item.get("marking_ref"), item.get("lang")) {
            (Some(Value::String(marking)), None) => {
                let marking = parse_id(PROPERTY, marking)?;
                granular.0.push(GranularMarking { marking, selectors });
            }
            (None, Some(Value::String(lang))) => {
                granular.1.push(GranularLanguage { lang, selectors });
            }
            _ => return Err(FORM),
        }
    }
    Ok(granular)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::proptest;

    const FULL: &str = r#"{"type":"indicator","spec_version":"2.1",
        "id":"indicator--6e7b2b3c-45d1-4c1b-9d32-0123456789ab",
        "created_by_ref":"identity--f431f809-377b-45e0-aa1c-6a4751cae5ff",
        "created":"2023-05-12T10:00:00.000Z","modified":"2023-05-12T10:00:00.0000001Z","revoked":true,
        "description":"see report--11111111-1111-4111-8111-111111111111 and
        indicator--6e7b2b3c-45d1-4c1b-9d32-0123456789ab","pattern":"[url:value = 'a']",
        "object_marking_refs":["marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb"],
        "granular_markings":[
          {"lang":"ko","selectors":["description"]},
          {"marking_ref":"marking-definition--e828b379-4e03-4974-9ac4-e53a884c97c1","selectors":["pattern","name"]}],
        "extensions":{"extension-definition--22222222-2222-4222-8222-222222222222":
          {"x_ref":"identity--f431f809-377b-45e0-aa1c-6a4751cae5ff"}}}"#;

    fn full() -> String {
        FULL.replace("and\n        ", "and ")
    }

    #[test]
    fn an_object_answers_what_others_ask() {
        let text = full();
        let object = Object::from_bytes(text.as_bytes()).unwrap();
        assert_eq!(object.raw(), text.as_bytes());
        assert_eq!(object.id().to_string(), "indicator--6e7b2b3c-45d1-4c1b-9d32-0123456789ab");
        assert_eq!((object.type_name(), object.spec_version()), ("indicator", Some("2.1")));
        assert!(object.is_revoked());
        assert!(object.created() < object.modified());
        assert_eq!(object.version(), object.modified());
        let creator = object.created_by_ref().unwrap().to_string();
        assert_eq!(creator, "identity--f431f809-377b-45e0-aa1c-6a4751cae5ff");
        assert_eq!(object.object_marking_refs(), [crate::marking::Tlp::Green.marking_id()]);
        assert_eq!(
            object.granular_marking_refs(),
            [GranularMarking {
                marking: crate::marking::Tlp::Red.marking_id(),
                selectors: vec!["pattern", "name"]
            }]
        );
        let language = GranularLanguage { lang: "ko", selectors: vec!["description"] };
        assert_eq!(object.granular_languages(), [language]);
    }

    #[test]
    fn references_are_every_other_id_once_in_order() {
        let text = full();
        let object = Object::from_bytes(text.as_bytes()).unwrap();
        let references: Vec<String> = object.references().iter().map(OwnedId::to_string).collect();
        assert_eq!(
            references,
            [
                "extension-definition--22222222-2222-4222-8222-222222222222",
                "identity--f431f809-377b-45e0-aa1c-6a4751cae5ff",
                "marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb",
                "marking-definition--e828b379-4e03-4974-9ac4-e53a884c97c1",
                "report--11111111-1111-4111-8111-111111111111",
            ]
        );
    }

    #[test]
    fn an_observable_needs_no_times() {
        let text = r#"{"type":"url","id":"url--47c3cf9a-5027-5bf0-997a-017c7edc7c55","value":"a"}"#;
        let object = Object::from_bytes(text.as_bytes()).unwrap();
        assert_eq!((object.version(), object.spec_version()), (None, None));
        assert!(!object.is_revoked());
        assert!(object.references().is_empty());
        assert!(object.object_marking_refs().is_empty());
    }

    #[test]
    fn what_others_depend_on_must_have_its_form() {
        let with = |from: &str, to: &str| {
            let text = full();
            assert!(text.contains(from), "{from}");
            Object::from_bytes(text.replacen(from, to, 1).as_bytes()).unwrap_err().to_string()
        };
        let red = "\"marking-definition--e828b379-4e03-4974-9ac4-e53a884c97c1\"";
        let green = "\"marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb\"";
        assert_lines(
            &[
                with("\"type\":\"indicator\",", ""),
                with("\"type\":\"indicator\",", "\"type\":7,"),
                with("\"type\":\"indicator\",", "\"type\":\"malware\","),
                with("\"id\":\"", "\"id\":\"x"),
                with("\"id\":", "\"ids\":"),
                with("\"2.1\"", "2.1"),
                with("\"revoked\":true", "\"revoked\":\"true\""),
                with("\"identity--f4", "\"identity--F4"),
                with("2023-05-12T10", "2023-05-12 10"),
                with("10:00:00.0000001Z", "25:00:00Z"),
                with(green, "7"),
                with(&format!("[{green}]"), green),
                with(green, "\"marking-definition--0\""),
                with(red, "null"),
                with("\"lang\":\"ko\"", "\"language\":\"ko\""),
                with("[\"description\"]", "\"description\""),
                with("\"lang\":\"ko\"", &format!("\"lang\":\"ko\",\"marking_ref\":{red}")),
            ],
            &[
                "the property type is missing",
                "the property type must be a string",
                "the id names another type than the property type",
                "the id names another type than the property type",
                "the property id is missing",
                "the property spec_version must be a string",
                "the property revoked must be true or false",
                "the property created_by_ref holds no identifier: the uuid is written in lower case",
                "the property created holds no timestamp: a timestamp is written \
                 YYYY-MM-DDTHH:mm:ss.sssZ, with T, in UTC, ending in Z",
                "the property modified holds no timestamp: there is no such date or time of day",
                "the property object_marking_refs must be a list of identifiers",
                "the property object_marking_refs must be a list of identifiers",
                "the property object_marking_refs holds no identifier: an identifier is written \
                 type--uuid",
                "the property granular_markings must be a list of objects with selectors and \
                 either marking_ref or lang",
                "the property granular_markings must be a list of objects with selectors and \
                 either marking_ref or lang",
                "the property granular_markings must be a list of objects with selectors and \
                 either marking_ref or lang",
                "the property granular_markings must be a list of objects with selectors and \
                 either marking_ref or lang",
            ],
        );
    }

    fn assert_lines(found: &[String], expected: &[&str]) {
        assert_eq!(found.len(), expected.len());
        for (found, expected) in found.iter().zip(expected) {
            assert_eq!(found, expected);
        }
    }

    #[test]
    fn too_long_or_not_an_object_is_refused() {
        let long = vec![b' '; OBJECT_BYTES_MAX + 1];
        let error = ObjectError::TooLong(OBJECT_BYTES_MAX + 1);
        assert_eq!(Object::from_bytes(&long).unwrap_err(), error);
        assert_eq!(Object::from_bytes(b"[]").unwrap_err(), ObjectError::NotAnObject("an array"));
        assert!(matches!(Object::from_bytes(b"{").unwrap_err(), ObjectError::Json(_)));
    }

    proptest! {
        #[test]
        fn no_change_of_a_byte_makes_it_panic(at in 0..1200_usize, to: u8) {
            let mut bytes = full().into_bytes();
            if let Some(byte) = bytes.get_mut(at) {
                *byte = to;
            }
            crate::fuzz::object(&bytes);
        }
    }
}
