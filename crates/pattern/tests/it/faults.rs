//! Every fault, with the place and the words that its author reads. The kept corpus of bad patterns
//! is `corpus/pattern.jsonl`: a line has a pattern, why it is bad, and those words.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use entente_pattern::{Fault, PatternError, fuzz, limits, parse};

#[test]
fn faults_have_a_place_and_words() {
    let (mut differences, mut seen) = (String::new(), BTreeSet::new());
    for line in include_str!("../../corpus/pattern.jsonl").lines() {
        let entry: BTreeMap<String, String> = serde_json::from_str(line).unwrap();
        let (text, expected) = (&entry["input"], &entry["expect"]);
        fuzz::any_text(text);
        let found = parse(text).map_or_else(|error| error.to_string(), |_| "valid".to_owned());
        if found != *expected {
            writeln!(differences, "{text}\n  expected {expected}\n  found    {found}").unwrap();
        }
        assert!(entry["why"].len() > 10, "{line}");
        assert!(seen.insert(text.clone()), "twice: {text}");
    }
    assert!(differences.is_empty(), "\n{differences}");
    assert!(seen.len() > 100);
}

#[test]
fn a_string_that_ends_in_a_backslash_does_not_end() {
    let error = parse("[a:b = 'x\\").unwrap_err();
    assert_eq!(
        error.to_string(),
        "at byte 9: found `\\` before the end of the pattern, expected `\\'` or `\\\\`"
    );
}

#[test]
fn a_float_beyond_a_double_is_refused() {
    let text = format!("[a:b = {}.0]", "9".repeat(400));
    assert_eq!(parse(&text), Err(PatternError { offset: 7, fault: Fault::FloatOutOfRange }));
}

#[test]
fn length_is_bounded() {
    let filled = |bytes: usize| format!("[a:b = '{}']", "x".repeat(bytes - "[a:b = '']".len()));
    assert!(parse(&filled(limits::MAX_PATTERN_BYTES)).is_ok());
    let bytes = limits::MAX_PATTERN_BYTES + 1;
    let error = PatternError { offset: 0, fault: Fault::TooLong { bytes } };
    assert_eq!(parse(&filled(bytes)), Err(error));
}

/// As deep as asked, half of it in observations and half in comparisons, none of it redundant.
fn nested(depth: usize) -> String {
    let (outer, inner) = (depth / 2, depth - depth / 2);
    format!(
        "{}[{}a:b = 1{}]{}",
        "([a:b = 1] OR ".repeat(outer),
        "(a:b = 2 OR ".repeat(inner),
        " AND a:b = 3)".repeat(inner),
        ") REPEATS 2 TIMES".repeat(outer),
    )
}

#[test]
fn depth_is_bounded() {
    fuzz::any_text(&nested(limits::MAX_DEPTH));
    assert!(parse(&nested(limits::MAX_DEPTH)).is_ok());
    for text in [nested(limits::MAX_DEPTH + 1), "(".repeat(limits::MAX_PATTERN_BYTES)] {
        assert_eq!(parse(&text).map_err(|error| error.fault), Err(Fault::TooDeep));
    }
}

#[test]
fn the_deepest_pattern_fits_in_a_small_stack() {
    let small = std::thread::Builder::new().stack_size(512 * 1024);
    small.spawn(|| fuzz::any_text(&nested(limits::MAX_DEPTH))).unwrap().join().unwrap();
}
