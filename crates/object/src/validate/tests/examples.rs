//! A valid object of every type and every predefined extension: those of `corpus/good.jsonl`.

use super::{cited, report};
use crate::json::{Map, Value, parse};
use crate::spec::{self, Property};
use std::collections::BTreeSet;

/// Every example, as text.
pub(super) fn all() -> Vec<String> {
    include_str!("../../../corpus/good.jsonl").lines().map(str::to_owned).collect()
}

#[test]
fn examples_are_clean_but_for_what_must_stay_readable() {
    let mut advised = BTreeSet::new();
    for text in all() {
        let report = report(&text);
        assert!(report.is_valid(), "{report:#?}\n{text}");
        advised.extend(cited(&report.warnings).into_iter().map(|(rule, _)| rule.to_owned()));
    }
    assert_eq!(Vec::from_iter(advised), ["deprecated-property", "media-type"]);
}

/// Adds `type.property` for what a value has, below any lists and dictionaries on the way.
fn names(value: &Value<'_>, owner: &str, found: &mut BTreeSet<String>) {
    for (key, value) in value.as_object().into_iter().flat_map(Map::iter) {
        found.insert(format!("{owner}.{key}"));
        names(value, key, found);
    }
    for item in value.as_array().unwrap_or_default() {
        names(item, owner, found);
    }
}

#[test]
fn every_property_of_every_type_and_extension_has_an_example() {
    let mut found = BTreeSet::new();
    for text in all() {
        let value = parse(text.as_bytes()).expect("JSON");
        let name = value.get("type").and_then(Value::as_str).expect("a type");
        names(&value, name, &mut found);
    }
    let mut missing = Vec::new();
    let mut expect = |owner: &str, properties: &[Property]| {
        let named = properties.iter().map(|property| format!("{owner}.{}", property.name));
        missing.extend(named.filter(|name| !found.contains(name)));
    };
    for object_type in spec::all() {
        expect(object_type.name, object_type.properties);
    }
    for table in spec::extension::ALL {
        expect(table.name, table.properties);
    }
    assert_eq!(missing, Vec::<String>::new());
}
