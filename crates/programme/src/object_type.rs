//! The types of objects that terms of exchange name.
//!
//! Invariant: a type is one of STIX 2.1, one of this system, or a custom one that begins with `x-`; a misspelt type is
//! refused, since it would quietly allow or forbid nothing.

use std::collections::BTreeSet;

/// Which types a terms entry covers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ObjectTypes {
    /// Every type.
    Any,
    /// These and no others. Never empty in a parsed programme.
    Listed(BTreeSet<String>),
}

impl ObjectTypes {
    /// Whether `object_type` is covered.
    pub fn contains(&self, object_type: &str) -> bool {
        match self {
            Self::Any => true,
            Self::Listed(types) => types.contains(object_type),
        }
    }
}

/// The domain objects of STIX 2.1, chapter 4.
const DOMAIN: [&str; 19] = [
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
];

/// The relationship objects, chapter 5.
const RELATIONSHIPS: [&str; 2] = ["relationship", "sighting"];

/// The cyber-observable objects, chapter 6.
const OBSERVABLES: [&str; 18] = [
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
];

/// The meta objects, chapter 7.
const META: [&str; 3] = ["extension-definition", "language-content", "marking-definition"];

/// What nations tell each other about their cooperation itself: the objects of this system's own
/// STIX extensions.
const COOPERATION: [&str; 14] = [
    "entente-activity",
    "entente-actual",
    "entente-alert",
    "entente-assessment",
    "entente-assistance",
    "entente-capability",
    "entente-commitment",
    "entente-consultation",
    "entente-contribution",
    "entente-proposal",
    "entente-recognition",
    "entente-sign-off",
    "entente-situation",
    "entente-working-group",
];

/// The longest name of a type (STIX 2.1, 11.2).
const TYPE_BYTES: usize = 250;

/// The name of every type in the groups that every programme has.
pub(crate) const BUILT_IN: [&str; 3] = ["cooperation", "observables", "relationships"];

/// The types of a group that every programme has.
pub(crate) fn built_in_group(name: &str) -> Option<&'static [&'static str]> {
    match name {
        "cooperation" => Some(&COOPERATION),
        "observables" => Some(&OBSERVABLES),
        "relationships" => Some(&RELATIONSHIPS),
        _ => None,
    }
}

/// Every type of STIX 2.1, and those of this system.
pub(crate) fn standard() -> impl Iterator<Item = &'static str> {
    DOMAIN.into_iter().chain(RELATIONSHIPS).chain(OBSERVABLES).chain(META).chain(COOPERATION)
}

/// Whether the name is a type of STIX 2.1, one of this system or a custom one that begins with `x-`.
pub(crate) fn is_type(name: &str) -> bool {
    let custom = name.strip_prefix("x-").is_some_and(|rest| {
        let allowed = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'-';
        !rest.is_empty() && rest.bytes().all(allowed) && !rest.contains("--")
    });
    (custom && name.len() <= TYPE_BYTES) || standard().any(|known| known == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_those_of_the_standard_or_custom() {
        assert_eq!(standard().collect::<BTreeSet<_>>().len(), 56);
        for good in [
            "indicator",
            "entente-actual",
            "ipv4-addr",
            "x-kor-analysis",
            "sighting",
            "language-content",
        ] {
            assert!(is_type(good), "{good}");
        }
        for bad in ["", "indicators", "bundle", "x-", "x-A", "x-a--b", "x-a\"", "observables"] {
            assert!(!is_type(bad), "{bad}");
        }
        assert!(!is_type(&format!("x-{}", "a".repeat(250))));
        let groups = BUILT_IN.map(|name| built_in_group(name).map(<[&str]>::len));
        assert_eq!(groups, [Some(14), Some(18), Some(2)]);
        assert_eq!(built_in_group("any"), None);
    }
}
