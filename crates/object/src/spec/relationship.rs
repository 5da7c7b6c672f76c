//! Which relationships the standard suggests (sections 3.7, 4, 6 and Appendix B).
//!
//! Invariant: [`SUGGESTED`] is grouped by source; a relationship may have any other type, so
//! nothing here is binding.

/// The relationship types that every SDO and SCO can have (3.7).
pub static COMMON: &[&str] = &["derived-from", "duplicate-of", "related-to"];

/// Stands for every cyber-observable object.
pub static ANY_OBSERVABLE: &str = "<observable>";

/// A suggested relationship: source, type, targets.
pub type Suggestion = (&'static str, &'static str, &'static [&'static str]);

const INFRASTRUCTURE: &[&str] = &["infrastructure"];
const LOCATION: &[&str] = &["location"];
const MALWARE: &[&str] = &["malware"];
const VICTIMS: &[&str] = &["identity", "location", "vulnerability"];
const MEANS: &[&str] = &["attack-pattern", "infrastructure", "malware", "tool"];
const ADDRESSES: &[&str] = &["infrastructure", "ipv4-addr", "ipv6-addr", "domain-name", "url"];

/// The relationships that the standard suggests.
pub static SUGGESTED: &[Suggestion] = &[
    ("attack-pattern", "delivers", MALWARE),
    ("attack-pattern", "targets", VICTIMS),
    ("attack-pattern", "uses", &["malware", "tool"]),
    ("campaign", "attributed-to", &["intrusion-set", "threat-actor"]),
    ("campaign", "compromises", INFRASTRUCTURE),
    ("campaign", "originates-from", LOCATION),
    ("campaign", "targets", VICTIMS),
    ("campaign", "uses", MEANS),
    ("course-of-action", "investigates", &["indicator"]),
    (
        "course-of-action",
        "mitigates",
        &["attack-pattern", "indicator", "malware", "tool", "vulnerability"],
    ),
    ("course-of-action", "remediates", &["malware", "vulnerability"]),
    ("domain-name", "resolves-to", &["domain-name", "ipv4-addr", "ipv6-addr"]),
    ("identity", "located-at", LOCATION),
    (
        "indicator",
        "indicates",
        &[
            "attack-pattern",
            "campaign",
            "infrastructure",
            "intrusion-set",
            "malware",
            "threat-actor",
            "tool",
        ],
    ),
    ("indicator", "based-on", &["observed-data"]),
    ("infrastructure", "communicates-with", ADDRESSES),
    ("infrastructure", "consists-of", &["infrastructure", "observed-data", ANY_OBSERVABLE]),
    ("infrastructure", "controls", &["infrastructure", "malware"]),
    ("infrastructure", "delivers", MALWARE),
    ("infrastructure", "has", &["vulnerability"]),
    ("infrastructure", "hosts", &["tool", "malware"]),
    ("infrastructure", "located-at", LOCATION),
    ("infrastructure", "uses", INFRASTRUCTURE),
    ("intrusion-set", "attributed-to", &["threat-actor"]),
    ("intrusion-set", "compromises", INFRASTRUCTURE),
    ("intrusion-set", "hosts", INFRASTRUCTURE),
    ("intrusion-set", "owns", INFRASTRUCTURE),
    ("intrusion-set", "originates-from", LOCATION),
    ("intrusion-set", "targets", VICTIMS),
    ("intrusion-set", "uses", MEANS),
    ("ipv4-addr", "belongs-to", &["autonomous-system"]),
    ("ipv4-addr", "resolves-to", &["mac-addr"]),
    ("ipv6-addr", "belongs-to", &["autonomous-system"]),
    ("ipv6-addr", "resolves-to", &["mac-addr"]),
    ("malware", "authored-by", &["threat-actor", "intrusion-set"]),
    ("malware", "beacons-to", INFRASTRUCTURE),
    ("malware", "exfiltrates-to", INFRASTRUCTURE),
    ("malware", "communicates-with", &["ipv4-addr", "ipv6-addr", "domain-name", "url"]),
    ("malware", "controls", MALWARE),
    ("malware", "downloads", &["malware", "tool", "file"]),
    ("malware", "drops", &["malware", "tool", "file"]),
    ("malware", "exploits", &["vulnerability"]),
    ("malware", "originates-from", LOCATION),
    ("malware", "targets", &["identity", "infrastructure", "location", "vulnerability"]),
    ("malware", "uses", MEANS),
    ("malware", "variant-of", MALWARE),
    ("malware-analysis", "characterizes", MALWARE),
    ("malware-analysis", "analysis-of", MALWARE),
    ("malware-analysis", "av-analysis-of", MALWARE),
    ("malware-analysis", "static-analysis-of", MALWARE),
    ("malware-analysis", "dynamic-analysis-of", MALWARE),
    ("threat-actor", "attributed-to", &["identity"]),
    ("threat-actor", "compromises", INFRASTRUCTURE),
    ("threat-actor", "hosts", INFRASTRUCTURE),
    ("threat-actor", "owns", INFRASTRUCTURE),
    ("threat-actor", "impersonates", &["identity"]),
    ("threat-actor", "located-at", LOCATION),
    ("threat-actor", "targets", VICTIMS),
    ("threat-actor", "uses", MEANS),
    ("tool", "delivers", MALWARE),
    ("tool", "drops", MALWARE),
    ("tool", "has", &["vulnerability"]),
    ("tool", "targets", &["identity", "infrastructure", "location", "vulnerability"]),
    ("tool", "uses", INFRASTRUCTURE),
];
