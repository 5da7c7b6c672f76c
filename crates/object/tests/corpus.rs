//! The kept corpus of bad inputs: each is refused, for the reason and at the place that it says.
//!
//! `corpus/README.md` says what a line holds. A bad object is one change away from a good one that
//! is accepted, so that nothing else is wrong with it.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test stops at what it did not expect")]

use std::collections::BTreeSet;

use entente_object::json::{Map, Value, parse};
use entente_object::object::Object;
use entente_object::read::{Objects, Source};
use entente_object::validate::validate;

const GOOD: &str = include_str!("../corpus/good.jsonl");
const JSON: &str = include_str!("../corpus/json.jsonl");
const OBJECT: &str = include_str!("../corpus/object.jsonl");
const STIX: &str = include_str!("../corpus/stix.jsonl");
const STREAM: &str = include_str!("../corpus/stream.jsonl");

fn lines(file: &str) -> impl Iterator<Item = Value<'_>> {
    file.lines().map(|line| parse(line.as_bytes()).unwrap_or_else(|e| panic!("{e}: {line}")))
}

fn text<'v>(value: &'v Value<'_>, key: &str) -> &'v str {
    value.get(key).and_then(Value::as_str).unwrap_or_else(|| panic!("no {key}: {value:?}"))
}

/// The bytes of an entry: `input` as text, or `hex` where they are not UTF-8.
fn bytes(entry: &Value<'_>) -> Vec<u8> {
    let Some(hex) = entry.get("hex").and_then(Value::as_str) else {
        return text(entry, "input").as_bytes().to_vec();
    };
    let octets = hex.as_bytes().chunks(2).map(|pair| std::str::from_utf8(pair).unwrap());
    octets.map(|pair| u8::from_str_radix(pair, 16).unwrap()).collect()
}

/// Fails with every difference at once, so that one run shows all.
fn none(differences: &[String]) {
    assert!(differences.is_empty(), "{}\n{}", differences.len(), differences.join("\n"));
}

/// Fails if the answer to an entry of the file is not the expected one.
fn answered(file: &str, answer: impl Fn(&[u8]) -> String) {
    let mut differences = Vec::new();
    for entry in lines(file) {
        let (why, expected) = (text(&entry, "why"), text(&entry, "expect"));
        let found = answer(&bytes(&entry));
        if found != expected {
            differences.push(format!("{why}\n  expected {expected}\n  found    {found}"));
        }
    }
    none(&differences);
}

#[test]
fn texts_that_are_no_strict_json_are_refused_at_their_byte() {
    answered(JSON, |input| match parse(input) {
        Ok(value) => format!("accepted as {value:?}"),
        Err(refusal) => format!("{} {:?}", refusal.offset, refusal.reason),
    });
}

#[test]
fn what_serde_json_would_take_is_refused_for_three_reasons_alone() {
    for entry in lines(JSON) {
        let (_, reason) = text(&entry, "expect").split_once(' ').unwrap();
        let ours_alone = ["DuplicateKey", "TooDeep", "IntegerOutOfRange"].contains(&reason);
        let theirs = serde_json::from_slice::<serde_json::Value>(&bytes(&entry));
        assert!(theirs.is_err() || ours_alone, "{entry:?}");
    }
}

#[test]
fn objects_without_what_routing_and_release_need_are_refused() {
    answered(OBJECT, |input| match Object::from_bytes(input) {
        Ok(object) => format!("accepted as {}", object.id()),
        Err(error) => error.to_string(),
    });
}

#[test]
fn broken_bundles_and_lists_are_refused_at_their_object_and_byte() {
    answered(STREAM, |input| {
        let mut errors = Objects::new(input, Source::Body).filter_map(Result::err);
        errors.next().map_or_else(|| "read to the end".to_owned(), |error| error.to_string())
    });
}

#[test]
fn objects_that_break_the_standard_are_refused_by_rule_section_and_path() {
    let mut differences = Vec::new();
    for entry in lines(STIX) {
        let expected = entry.get("expect").and_then(Value::as_array).unwrap().iter();
        let expected: Vec<_> =
            expected.map(|e| (text(e, "rule"), text(e, "section"), text(e, "path"))).collect();
        let report = validate(entry.get("input").unwrap());
        let found = report.errors.iter().map(|e| (e.rule, e.section, e.path.as_str()));
        let found: Vec<_> = found.collect();
        if found != expected {
            let why = text(&entry, "why");
            differences.push(format!("{why}\n  expected {expected:?}\n  found    {found:?}"));
        }
    }
    none(&differences);
}

#[test]
fn good_objects_are_accepted_by_every_layer() {
    for line in GOOD.lines() {
        let object = Object::from_bytes(line.as_bytes()).unwrap_or_else(|e| panic!("{e}: {line}"));
        let report = validate(&Value::Object(object.members().clone()));
        assert!(report.is_valid(), "{report:#?}\n{line}");
    }
    let read = Objects::new(GOOD.as_bytes(), Source::Body).flatten().count();
    assert_eq!(read, GOOD.lines().count());
}

/// How many members of one differ from those of the other.
fn distance(one: &Map<'_>, other: &Map<'_>) -> usize {
    let changed = one.iter().filter(|(key, value)| other.get(key) != Some(*value)).count();
    changed + other.iter().filter(|(key, _)| !one.contains_key(key)).count()
}

#[test]
fn a_bad_object_is_one_member_away_from_a_good_one() {
    let good: Vec<Value<'_>> = lines(GOOD).collect();
    let mut far = Vec::new();
    for entry in lines(STIX) {
        let bad = entry.get("input").and_then(Value::as_object);
        let Some(bad) = bad.filter(|bad| !bad.is_empty()) else {
            continue;
        };
        if !good.iter().filter_map(Value::as_object).any(|good| distance(bad, good) == 1) {
            far.push(text(&entry, "why").to_owned());
        }
    }
    none(&far);
}

#[test]
fn there_are_a_thousand_entries_none_twice_and_each_says_why() {
    let (mut inputs, mut reasons) = (BTreeSet::new(), BTreeSet::new());
    for (name, file) in [("json", JSON), ("object", OBJECT), ("stix", STIX), ("stream", STREAM)] {
        for entry in lines(file) {
            let why = text(&entry, "why");
            assert!(why.len() > 10, "{name}: {why}");
            assert!(reasons.insert((name, why.to_owned())), "{name}: two entries say: {why}");
            let input = entry.get("input").map_or_else(|| bytes(&entry), Value::to_bytes);
            assert!(inputs.insert((name, input)), "{name}: twice: {why}");
        }
    }
    assert!(inputs.len() >= 1_000, "{}", inputs.len());
}
