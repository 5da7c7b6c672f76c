//! STIX 2.0 objects as STIX 2.1 objects, where nothing is lost by it.
//!
//! What is done, type by type:
//! - every object gets `spec_version` 2.1;
//! - indicator, malware, report, threat actor and tool: those `labels` that STIX 2.0 lists as kinds
//!   of the type go to `indicator_types`, `malware_types` and so on; other labels were tags and stay;
//! - identity: `labels` held the roles in 2.0 and become `roles`;
//! - indicator: `pattern_type` is `stix`, `pattern_version` 2.0, so the pattern keeps its meaning and
//!   is not rewritten;
//! - malware: `is_family` is true. STIX 2.0 could name and describe malware but not hold a sample,
//!   so what it described was a kind; MITRE upgraded ATT&CK in the same way;
//! - observed data: the contained observables become objects of their own (`observables`).
//!
//! Invariants: the same bytes always give the same bytes; a value of the input is either in the output
//! or the reason of a refusal; no marking is lost: what would move a marked part is refused.
//!
//! Out of scope: whether the input was valid STIX 2.0. What comes out is validated like anything
//! else that comes in.

mod observables;

use crate::json::{Map, Value};
use crate::object::{Object, ObjectError};

/// Why an object was not upgraded. The object is at fault, or STIX 2.1 has no place for a part.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UpgradeError {
    /// Not an object at all.
    #[error(transparent)]
    Object(#[from] ObjectError),
    /// The object says that it follows another version.
    #[error("the object is not of STIX 2.0: its spec_version is {0}")]
    OtherVersion(String),
    /// STIX 2.0 has no such type, and it is not a custom one.
    #[error("STIX 2.0 has no type {0}; give the object a spec_version if it is of STIX 2.1")]
    UnknownType(String),
    /// A property that STIX 2.1 dropped, or that has the wrong form to be moved.
    #[error("STIX 2.1 has no place for the property {property} of {type_name}")]
    NoPlace {
        /// The type of the object or observable.
        type_name: String,
        /// The property.
        property: String,
    },
    /// A granular marking selects a part that would move.
    #[error("a granular marking selects {0}, which STIX 2.1 keeps elsewhere")]
    MarkedPartMoves(String),
    /// An observable refers to one that its container does not hold.
    #[error("an observable refers to {0}, which its container does not hold")]
    DanglingReference(String),
    /// Observables whose ids depend on each other.
    #[error("the ids of the observables depend on each other in a circle, or too deep")]
    CircularReference,
    /// Two observables that differ, but have the same deterministic id.
    #[error("two observables of the container differ but have the same id, {0}")]
    SameId(String),
}

/// The types of STIX 2.0, and the labels that it lists as kinds of the type.
const TYPES: &[(&str, &str, &[&str])] = &[
    ("attack-pattern", "", &[]),
    ("campaign", "", &[]),
    ("course-of-action", "", &[]),
    ("identity", "", &[]),
    ("indicator", "indicator_types", INDICATOR_LABELS),
    ("intrusion-set", "", &[]),
    ("malware", "malware_types", MALWARE_LABELS),
    ("marking-definition", "", &[]),
    ("observed-data", "", &[]),
    ("relationship", "", &[]),
    ("report", "report_types", REPORT_LABELS),
    ("sighting", "", &[]),
    ("threat-actor", "threat_actor_types", THREAT_ACTOR_LABELS),
    ("tool", "tool_types", TOOL_LABELS),
    ("vulnerability", "", &[]),
];

/// STIX 2.0 part 1 §6.5.
const INDICATOR_LABELS: &[&str] = &[
    "anomalous-activity",
    "anonymization",
    "benign",
    "compromised",
    "malicious-activity",
    "attribution",
];

/// STIX 2.0 part 1 §6.6.
const MALWARE_LABELS: &[&str] = &[
    "adware",
    "backdoor",
    "bot",
    "ddos",
    "dropper",
    "exploit-kit",
    "keylogger",
    "ransomware",
    "remote-access-trojan",
    "resource-exploitation",
    "rogue-security-software",
    "rootkit",
    "screen-capture",
    "spyware",
    "trojan",
    "virus",
    "worm",
];

/// STIX 2.0 part 1 §6.7.
const REPORT_LABELS: &[&str] = &[
    "threat-report",
    "attack-pattern",
    "campaign",
    "identity",
    "indicator",
    "intrusion-set",
    "malware",
    "observed-data",
    "threat-actor",
    "tool",
    "vulnerability",
];

/// STIX 2.0 part 1 §6.8.
const THREAT_ACTOR_LABELS: &[&str] = &[
    "activist",
    "competitor",
    "crime-syndicate",
    "criminal",
    "hacker",
    "insider-accidental",
    "insider-disgruntled",
    "nation-state",
    "sensationalist",
    "spy",
    "terrorist",
];

/// STIX 2.0 part 1 §6.11.
const TOOL_LABELS: &[&str] = &[
    "denial-of-service",
    "exploitation",
    "information-gathering",
    "network-capture",
    "credential-exploitation",
    "remote-access",
    "vulnerability-scanning",
];

/// Whether these are the properties of an object of STIX 2.0: it says so, or it says nothing and is
/// no observable, which alone may leave `spec_version` out in STIX 2.1.
pub fn is_stix_20(members: &Map<'_>) -> bool {
    match members.get("spec_version") {
        Some(version) => version.as_str() == Some("2.0"),
        None => members.contains_key("created"),
    }
}

/// The STIX 2.1 objects that say what an object of STIX 2.0 said: observables first, in the order of
/// their container, the object itself last. Each as compact JSON.
pub fn upgrade(raw: &[u8]) -> Result<Vec<Vec<u8>>, UpgradeError> {
    let object = Object::from_bytes(raw)?;
    if let Some(version) = object.spec_version().filter(|v| *v != "2.0") {
        return Err(UpgradeError::OtherVersion(version.to_owned()));
    }
    let type_name = object.type_name();
    let known = TYPES.iter().find(|(name, _, _)| *name == type_name);
    if known.is_none() && !type_name.starts_with("x-") {
        return Err(UpgradeError::UnknownType(type_name.to_owned()));
    }
    check_selectors(&object)?;
    let mut members = object.members().clone();
    members.remove("spec_version");
    if let Some((_, types, vocabulary)) = known
        && !vocabulary.is_empty()
    {
        split_labels(&mut members, types, vocabulary)?;
    }
    let mut out = Vec::new();
    match type_name {
        "identity" => rename(&mut members, "labels", "roles")?,
        "indicator" => set_pattern_language(&mut members),
        "malware" => set_if_absent(&mut members, "is_family", true),
        "observed-data" => out = observables::extract(&object, &mut members)?,
        _ => {}
    }
    out.push(write(members));
    Ok(out)
}

/// The object, with `type`, `spec_version` and `id` in front.
fn write(mut members: Map<'_>) -> Vec<u8> {
    members.insert("spec_version", "2.1");
    for key in ["id", "spec_version", "type"] {
        members.move_to_front(key);
    }
    Value::Object(members).to_bytes()
}

/// Refuses an object of which a granular marking selects a part that would move.
fn check_selectors(object: &Object<'_>) -> Result<(), UpgradeError> {
    let markings = object.granular_marking_refs().into_iter().flat_map(|m| m.selectors);
    let languages = object.granular_languages().into_iter().flat_map(|l| l.selectors);
    for selector in markings.chain(languages) {
        let part = selector.split('.').next().unwrap_or_default();
        let moves = match object.type_name() {
            "observed-data" => part == "objects",
            "identity" | "indicator" | "malware" | "report" | "threat-actor" | "tool" => {
                part == "labels"
            }
            _ => false,
        };
        if moves {
            return Err(UpgradeError::MarkedPartMoves(selector.to_owned()));
        }
    }
    Ok(())
}

/// Moves the labels that name kinds of the type to the property that STIX 2.1 has for them.
fn split_labels(
    members: &mut Map<'_>,
    types: &'static str,
    vocabulary: &[&str],
) -> Result<(), UpgradeError> {
    if members.contains_key(types) {
        return Ok(());
    }
    let labels = match members.get("labels") {
        None => return Ok(()),
        Some(Value::Array(labels)) => labels.clone(),
        Some(_) => return Err(no_place(members, "labels")),
    };
    let is_kind = |label: &Value<'_>| label.as_str().is_some_and(|l| vocabulary.contains(&l));
    let (kinds, tags): (Vec<_>, Vec<_>) = labels.into_iter().partition(is_kind);
    if !kinds.is_empty() {
        members.insert(types, Value::Array(kinds));
    }
    if tags.is_empty() {
        members.remove("labels");
    } else {
        members.insert("labels", Value::Array(tags));
    }
    Ok(())
}

fn set_pattern_language(members: &mut Map<'_>) {
    set_if_absent(members, "pattern_type", "stix");
    if members.get("pattern_type").and_then(Value::as_str) == Some("stix") {
        set_if_absent(members, "pattern_version", "2.0");
    }
}

fn set_if_absent<'a>(members: &mut Map<'a>, key: &'static str, value: impl Into<Value<'a>>) {
    if !members.contains_key(key) {
        members.insert(key, value);
    }
}

/// Gives a property its new name in its old place.
fn rename(members: &mut Map<'_>, from: &str, to: &'static str) -> Result<(), UpgradeError> {
    if members.rename(from, to) || !members.contains_key(from) {
        return Ok(());
    }
    Err(no_place(members, from))
}

fn no_place(members: &Map<'_>, property: &str) -> UpgradeError {
    let type_name = members.get("type").and_then(Value::as_str).unwrap_or_default().to_owned();
    UpgradeError::NoPlace { type_name, property: property.to_owned() }
}

#[cfg(test)]
mod tests;
