//! Identifiers of STIX 2.1 §2.9, `type--uuid`, and where they are mentioned.
//!
//! Invariants: [`Id::parse`] accepts a text only if writing the id gives that text back, so two
//! texts are never one id; [`mentions`] finds at least every id that some reader could see in the
//! object: in string values, in keys, inside free text, and in capital letters.
//!
//! `indicator--6e7b2b3c-45d1-4c1b-9d32-0123456789ab`

use std::fmt;

use memchr::memmem::Finder;
use uuid::{Uuid, Variant};

use crate::json::{Map, Value};

/// The text of a UUID: 32 digits in groups of 8, 4, 4, 4 and 12 with 4 hyphens.
const UUID_TEXT_BYTES: usize = 36;

/// The longest type name (§3.1).
const TYPE_NAME_BYTES_MAX: usize = 250;

/// The shortest text with an id in it: one letter, two hyphens, a UUID.
const MENTION_BYTES_MIN: usize = 1 + 2 + UUID_TEXT_BYTES;

/// An identifier, its type name borrowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Id<'a> {
    /// The type of the object identified.
    pub type_name: &'a str,
    /// Which object of that type.
    pub uuid: Uuid,
}

/// An identifier that owns its type name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OwnedId {
    type_name: Box<str>,
    uuid: Uuid,
}

/// What stands for a whole identifier where 16 bytes must do: the UUIDv5 of its type name in the
/// namespace of its UUID. The UUID alone does not: MISP gives an indicator and its observed data one,
/// and OASIS's own example of APT1 has a threat actor and a relationship with the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IdKey([u8; 16]);

impl IdKey {
    /// The key of the identifier `type_name--uuid`.
    pub fn of(type_name: &str, uuid: Uuid) -> Self {
        Self(Uuid::new_v5(&uuid, type_name.as_bytes()).into_bytes())
    }

    /// The key whose bytes these are.
    pub fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// Its bytes.
    pub fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

/// Why a text is no identifier. The sender's fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IdError {
    /// No `--` before a UUID's 36 characters.
    #[error("an identifier is written type--uuid")]
    Form,
    /// The type name is not one of §3.1.
    #[error("the type name has 3 to 250 of a-z, 0-9 and single hyphens, and starts with a letter")]
    TypeName,
    /// The UUID is not written in lower case.
    #[error("the uuid is written in lower case")]
    UpperCase,
    /// The UUID is not one of RFC 4122.
    #[error("the uuid is not one of RFC 4122 (versions 1 to 5)")]
    NotRfc4122,
}

impl<'a> Id<'a> {
    /// Reads an identifier, strictly: the one way of writing it.
    pub fn parse(text: &'a str) -> Result<Self, IdError> {
        let type_end = text.len().checked_sub(UUID_TEXT_BYTES + 2).ok_or(IdError::Form)?;
        let (type_name, rest) = text.split_at_checked(type_end).ok_or(IdError::Form)?;
        let uuid_text = rest.strip_prefix("--").ok_or(IdError::Form)?;
        if !is_type_name(type_name) {
            return Err(IdError::TypeName);
        }
        let uuid = Uuid::try_parse(uuid_text).map_err(|_| IdError::Form)?;
        if uuid_text.bytes().any(|b| b.is_ascii_uppercase()) {
            return Err(IdError::UpperCase);
        }
        if uuid.get_variant() != Variant::RFC4122 || !(1..=5).contains(&uuid.get_version_num()) {
            return Err(IdError::NotRfc4122);
        }
        Ok(Self { type_name, uuid })
    }

    /// What stands for it in 16 bytes.
    pub fn key(self) -> IdKey {
        IdKey::of(self.type_name, self.uuid)
    }

    /// The same identifier on its own.
    pub fn to_owned(self) -> OwnedId {
        OwnedId { type_name: self.type_name.into(), uuid: self.uuid }
    }
}

impl OwnedId {
    /// Reads an identifier, strictly.
    pub fn parse(text: &str) -> Result<Self, IdError> {
        Id::parse(text).map(Id::to_owned)
    }

    /// The same identifier, borrowed.
    pub fn as_id(&self) -> Id<'_> {
        Id { type_name: &self.type_name, uuid: self.uuid }
    }

    /// The type of the object identified.
    pub fn type_name(&self) -> &str {
        &self.type_name
    }

    /// Which object of that type.
    pub fn uuid(&self) -> Uuid {
        self.uuid
    }

    /// What stands for it in 16 bytes.
    pub fn key(&self) -> IdKey {
        self.as_id().key()
    }
}

impl fmt::Display for Id<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}--{}", self.type_name, self.uuid)
    }
}

impl fmt::Display for OwnedId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_id().fmt(f)
    }
}

impl std::str::FromStr for OwnedId {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        Self::parse(text)
    }
}

impl PartialEq<Id<'_>> for OwnedId {
    fn eq(&self, other: &Id<'_>) -> bool {
        self.as_id() == *other
    }
}

/// Whether `name` is a type name of §3.1: 3 to 250 of a–z, 0–9 and single hyphens between them,
/// starting with a letter.
pub fn is_type_name(name: &str) -> bool {
    let bytes = name.as_bytes();
    let mut before = b'-';
    for byte in bytes {
        let fits = match byte {
            b'a'..=b'z' | b'0'..=b'9' => true,
            b'-' => before != b'-',
            _ => false,
        };
        if !fits {
            return false;
        }
        before = *byte;
    }
    let starts_with_letter = bytes.first().is_some_and(u8::is_ascii_lowercase);
    starts_with_letter && before != b'-' && (3..=TYPE_NAME_BYTES_MAX).contains(&bytes.len())
}

/// Calls `found` with every id that occurs in `value`: whole strings, keys, and inside free text,
/// each as often as it occurs. Capital letters are read as small ones, and any UUID counts,
/// because this errs on the side of finding: an id that nobody knows is withheld by the release rule.
pub fn mentions(value: &Value<'_>, found: &mut impl FnMut(Id<'_>)) {
    visit(value, &Finder::new("--"), found);
}

/// As [`mentions`], for the members of an object.
pub fn mentions_in_map(map: &Map<'_>, found: &mut impl FnMut(Id<'_>)) {
    visit_map(map, &Finder::new("--"), found);
}

fn visit(value: &Value<'_>, hyphens: &Finder<'_>, found: &mut impl FnMut(Id<'_>)) {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
        Value::String(s) => mentions_in_text(s, hyphens, found),
        Value::Array(items) => items.iter().for_each(|item| visit(item, hyphens, found)),
        Value::Object(map) => visit_map(map, hyphens, found),
    }
}

fn visit_map(map: &Map<'_>, hyphens: &Finder<'_>, found: &mut impl FnMut(Id<'_>)) {
    for (key, value) in map.iter() {
        mentions_in_text(key, hyphens, found);
        visit(value, hyphens, found);
    }
}

fn mentions_in_text(text: &str, hyphens: &Finder<'_>, found: &mut impl FnMut(Id<'_>)) {
    if text.len() < MENTION_BYTES_MIN {
        return;
    }
    let mut from = 0;
    while let Some(hit) = text.get(from..).and_then(|rest| hyphens.find(rest.as_bytes())) {
        let at = from + hit;
        mention_at(text, at, found);
        from = at + 1;
    }
}

/// The id whose two hyphens stand at `at`, if there is one. Its type name is the longest run of
/// letters, digits and single hyphens before them.
fn mention_at(text: &str, at: usize, found: &mut impl FnMut(Id<'_>)) {
    let uuid = text.get(at + 2..at + 2 + UUID_TEXT_BYTES).and_then(|u| Uuid::try_parse(u).ok());
    let (Some(uuid), Some(before)) = (uuid, text.get(..at)) else {
        return;
    };
    let run = before.bytes().rev().take_while(|b| b.is_ascii_alphanumeric() || *b == b'-').count();
    let run = before.get(before.len() - run..).unwrap_or_default();
    let run = run.rsplit("--").next().unwrap_or_default().trim_start_matches('-');
    if run.is_empty() || run.ends_with('-') {
        return;
    }
    if run.bytes().any(|b| b.is_ascii_uppercase()) {
        let type_name = run.to_ascii_lowercase();
        found(Id { type_name: &type_name, uuid });
    } else {
        found(Id { type_name: run, uuid });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::parse;
    use proptest::prelude::any;
    use proptest::{prop_assert, proptest};

    const UUID: &str = "6e7b2b3c-45d1-4c1b-9d32-0123456789ab";

    fn found(text: &str) -> Vec<String> {
        let mut ids = Vec::new();
        mentions(&parse(text.as_bytes()).unwrap(), &mut |id| {
            ids.push(id.to_string());
        });
        ids
    }

    #[test]
    fn ids_are_read_in_the_one_way_of_writing_them() {
        for type_name in
            ["indicator", "x-mitre-tactic", "url", "ipv4-addr", "a1b", "x509-certificate"]
        {
            let text = format!("{type_name}--{UUID}");
            let id = Id::parse(&text).unwrap();
            assert_eq!((id.type_name, id.to_string()), (type_name, text.clone()));
            assert_eq!(id.to_owned(), id);
            assert_eq!(text.parse::<OwnedId>().unwrap().as_id(), id);
        }
    }

    #[test]
    fn other_texts_are_refused() {
        for (text, error) in [
            (String::new(), IdError::Form),
            (UUID.to_owned(), IdError::Form),
            (format!("indicator-{UUID}"), IdError::Form),
            (format!("indicator--{UUID} "), IdError::Form),
            (format!("indicator--{}", UUID.replace('-', "")), IdError::Form),
            (format!("indicator--{}", UUID.replace("6e7b", "6g7b")), IdError::Form),
            (format!("indicator--{}", UUID.replace("2b3c-", "2b3-c")), IdError::Form),
            ("é".repeat(30), IdError::Form),
            (format!("--{UUID}"), IdError::TypeName),
            (format!("ab--{UUID}"), IdError::TypeName),
            (format!("Indicator--{UUID}"), IdError::TypeName),
            (format!(" indicator--{UUID}"), IdError::TypeName),
            (format!("1indicator--{UUID}"), IdError::TypeName),
            (format!("-indicator--{UUID}"), IdError::TypeName),
            (format!("indicator---{UUID}"), IdError::TypeName),
            (format!("x--indicator--{UUID}"), IdError::TypeName),
            (format!("x_indicator--{UUID}"), IdError::TypeName),
            (format!("{}--{UUID}", "a".repeat(251)), IdError::TypeName),
            (format!("indicator--{}", UUID.to_uppercase()), IdError::UpperCase),
            ("indicator--00000000-0000-0000-0000-000000000000".to_owned(), IdError::NotRfc4122),
            ("indicator--6e7b2b3c-45d1-7c1b-9d32-0123456789ab".to_owned(), IdError::NotRfc4122),
            ("indicator--6e7b2b3c-45d1-4c1b-1d32-0123456789ab".to_owned(), IdError::NotRfc4122),
        ] {
            assert_eq!(Id::parse(&text), Err(error), "{text}");
        }
        assert!(Id::parse(&format!("{}--{UUID}", "a".repeat(250))).is_ok());
    }

    #[test]
    fn ids_are_found_wherever_they_are_mentioned() {
        let id = format!("indicator--{UUID}");
        for text in [
            format!("\"{id}\""),
            format!("[[\"{id}\"]]"),
            format!("{{\"a\":{{\"{id}\":1}}}}"),
            format!("\"see {id}.\""),
            format!("\"see ({id}), -- or not\""),
            format!("\"https://example.org/{id}/versions\""),
            format!("\"[indicator:ref = '{id}']\""),
            format!("\"\\u0069ndicator\\u002d-{UUID}\""),
            format!("\"é{id}é\""),
            format!("\"x----{id}\""),
            format!("\"--{id}--\""),
            format!("\"{}\"", id.to_uppercase()),
        ] {
            assert_eq!(found(&text), [id.as_str()], "{text}");
        }
        let two = format!("\"malware--{UUID}--{UUID}indicator--{UUID}\"");
        assert_eq!(found(&two).len(), 3);
        let nil = "x--00000000-0000-0000-0000-000000000000";
        assert_eq!(found(&format!("\"{nil}\"")), [nil]);
    }

    #[test]
    fn texts_without_ids_have_no_mentions() {
        for text in [
            "null".to_owned(),
            format!("\"{UUID}\""),
            format!("\"--{UUID} and some more text\""),
            format!("\"indicator-{UUID} and more\""),
            format!("\"indicator -- {UUID}\""),
            format!("\"{}\"", "-".repeat(500)),
        ] {
            assert_eq!(found(&text), Vec::<String>::new(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn an_id_anywhere_in_any_text_is_found(
            before in any::<String>(), after in any::<String>(), bits: u128, name in "[a-z]{3,9}",
        ) {
            let text = format!("{before} {name}--{} {after}", Uuid::from_u128(bits));
            let value = Value::from(text.as_str());
            let mut seen = false;
            mentions(&value, &mut |id| seen |= id.type_name == name && id.uuid.as_u128() == bits);
            prop_assert!(seen);
        }

        #[test]
        fn any_text_is_read_or_refused(text in "[a-f-]{0,4}(--)?[0-9a-fA-F-]{30,40}", any: String) {
            crate::fuzz::identifier(&text);
            crate::fuzz::identifier(&any);
        }
    }
}
