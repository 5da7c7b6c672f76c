//! Made-up objects, as many as a test needs.
//!
//! Invariant: addresses and names are of the ranges reserved for documentation (RFC 5737, RFC 2606).

use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};

/// The id of a made-up indicator.
pub(crate) fn indicator_id(number: usize) -> String {
    format!("indicator--5eb7a1c2-0000-4000-8000-{number:012x}")
}

/// A made-up indicator.
pub(crate) fn indicator(number: usize) -> Value {
    json!({
        "type": "indicator", "spec_version": "2.1", "id": indicator_id(number),
        "created": "2023-12-01T09:00:00.000Z", "modified": "2023-12-01T09:00:00.000Z",
        "name": format!("Made up {number}"),
        "pattern": format!("[ipv4-addr:value = '192.0.2.{}']", number % 256),
        "pattern_type": "stix", "valid_from": "2023-12-01T09:00:00Z",
        "indicator_types": ["malicious-activity"],
    })
}

/// An indicator that breaks the standard: its pattern is none.
pub(crate) fn broken(number: usize) -> Value {
    let mut object = indicator(number);
    object["pattern"] = "[this is no pattern".into();
    object
}

/// A report on a made-up indicator, which a releaser must approve.
pub(crate) fn report(number: usize, about: &str) -> Value {
    json!({
        "type": "report", "spec_version": "2.1",
        "id": format!("report--5eb7a1c2-0000-4000-8000-{number:012x}"),
        "created": "2023-12-01T09:00:00.000Z", "modified": "2023-12-01T09:00:00.000Z",
        "name": format!("Report {number}"), "published": "2023-12-01T09:00:00Z",
        "report_types": ["indicator"], "object_refs": [about],
    })
}

/// Objects one a line.
pub(crate) fn lines(objects: impl IntoIterator<Item = Value>) -> String {
    let mut text = String::new();
    for object in objects {
        text += &object.to_string();
        text.push('\n');
    }
    text
}

/// Objects in a bundle.
pub(crate) fn bundle(objects: impl IntoIterator<Item = Value>) -> String {
    let objects: Vec<Value> = objects.into_iter().collect();
    let id = "bundle--5eb7a1c2-0000-4000-8000-000000000000";
    json!({ "type": "bundle", "id": id, "objects": objects }).to_string()
}

/// Bytes under gzip.
pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}
