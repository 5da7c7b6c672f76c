//! Every fault, with the place and the words that its author reads.

use std::fmt::Write as _;

use entente_pattern::{Fault, PatternError, fuzz, limits, parse};

/// Texts with the message that each must give.
const FAULTS: [(&str, &str); 62] = [
    // Observation expressions.
    ("", "at byte 0: found the end of the pattern, expected `[` or `(`"),
    ("  ", "at byte 2: found the end of the pattern, expected `[` or `(`"),
    ("file:size = 1280", "at byte 0: found a name, expected `[` or `(`"),
    ("[a:b = 1", "at byte 8: found the end of the pattern, expected `AND`, `OR` or `]`"),
    (
        "[a:b = 1] [a:b = 2]",
        "at byte 10: found `[`, expected a qualifier, `AND`, `OR`, `FOLLOWEDBY` or the end",
    ),
    (
        "[a:b = 1] or [a:b = 2]",
        "at byte 10: found a name, expected a qualifier, `AND`, `OR`, `FOLLOWEDBY` or the end",
    ),
    (
        "([a:b = 1]",
        "at byte 10: found the end of the pattern, expected a qualifier, `AND`, `OR`, `FOLLOWEDBY` or `)`",
    ),
    ("[a:b = 1] AND", "at byte 13: found the end of the pattern, expected `[` or `(`"),
    ("[a:b = 1] AND a:b = 2", "at byte 14: found a name, expected `[` or `(`"),
    ("[[a:b = 1]]", "at byte 1: found `[`, expected an object path, `EXISTS`, `NOT` or `(`"),
    ("[]", "at byte 1: found `]`, expected an object path, `EXISTS`, `NOT` or `(`"),
    (
        "[a:b = 1] é",
        "at byte 10: found `é`, expected a qualifier, `AND`, `OR`, `FOLLOWEDBY` or the end",
    ),
    ("\u{feff}[a:b = 1]", "at byte 0: found `\\u{feff}`, expected `[` or `(`"),
    // Qualifiers.
    (
        "[foo:bar=1] within 2 seconds",
        "at byte 12: found a name, expected a qualifier, `AND`, `OR`, `FOLLOWEDBY` or the end",
    ),
    ("[a:b = 1] WITHIN ]", "at byte 17: found `]`, expected a positive number of seconds"),
    ("[a:b = 1] WITHIN 5 HOURS", "at byte 19: found a name, expected `SECONDS`"),
    (
        "[a:b = 1] WITHIN -5 SECONDS",
        "at byte 17: found a number that is not positive, expected a positive number of seconds",
    ),
    (
        "[a:b = 1] WITHIN 0 SECONDS",
        "at byte 17: found a number that is not positive, expected a positive number of seconds",
    ),
    (
        "[a:b = 1] WITHIN 0.0 SECONDS",
        "at byte 17: found a number that is not positive, expected a positive number of seconds",
    ),
    (
        "[a:b = 1] REPEATS 0 TIMES",
        "at byte 18: found a number that is not positive, expected a positive integer",
    ),
    ("[a:b = 1] REPEATS 1.5 TIMES", "at byte 18: found a float, expected a positive integer"),
    ("[a:b = 1] REPEATS 5", "at byte 19: found the end of the pattern, expected `TIMES`"),
    (
        "[a:b = 1] START '2016-06-01T00:00:00Z' STOP t'2016-07-01T00:00:00Z'",
        "at byte 16: found a string, expected a timestamp",
    ),
    (
        "[a:b = 1] START t'2016-06-01T00:00:00Z'",
        "at byte 39: found the end of the pattern, expected `STOP`",
    ),
    (
        "[a:b = 1] WITHIN 5 SECONDS WITHIN 6 SECONDS",
        "at byte 27: found a second `WITHIN` qualifier, expected at most one of a kind",
    ),
    (
        "([a:b = 1] REPEATS 2 TIMES REPEATS 3 TIMES)",
        "at byte 27: found a second `REPEATS` qualifier, expected at most one of a kind",
    ),
    // Object paths.
    ("[file.size = 1280]", "at byte 5: found `.`, expected `:`"),
    (
        "[file: = 1]",
        "at byte 7: found `=`, expected a property name, in quotes if it has other than `a-z0-9_`",
    ),
    (
        "[a:needs-quotes = 1]",
        "at byte 3: found a name with a hyphen, expected a property name, in quotes if it has other than `a-z0-9_`",
    ),
    (
        "[a:IN = 1]",
        "at byte 3: found `IN`, expected a property name, in quotes if it has other than `a-z0-9_`",
    ),
    ("['a':b = 1]", "at byte 1: found a string, expected an object path, `EXISTS`, `NOT` or `(`"),
    ("[a:b[-1] = 1]", "at byte 5: found a negative index, expected zero or more"),
    ("[a:b[c] = 1]", "at byte 5: found a name, expected an index or `*`"),
    ("[a:b[1 = 1]", "at byte 7: found `=`, expected `]`"),
    (
        "[a:b. = 1]",
        "at byte 6: found `=`, expected a property name, in quotes if it has other than `a-z0-9_`",
    ),
    // Operators.
    ("[file:hashes.MD5 =? 'x']", "at byte 18: found `?`, expected a constant"),
    ("[a:b NOT NOT = 1]", "at byte 9: found `NOT`, expected a comparison operator"),
    ("[a:b like 'x']", "at byte 5: found a name, expected a comparison operator or `NOT`"),
    ("[NOT a:b = 1]", "at byte 5: found a name, expected `EXISTS`"),
    ("[EXISTS (a:b = 1)]", "at byte 8: found `(`, expected an object type"),
    ("[a:b EXISTS]", "at byte 5: found `EXISTS`, expected a comparison operator or `NOT`"),
    ("[a:b > true]", "at byte 7: found `true`, expected a constant that is not a boolean"),
    ("[(a:b = 1]", "at byte 9: found `]`, expected `AND`, `OR` or `)`"),
    ("[a:b ISSUBSET ]", "at byte 14: found `]`, expected a string"),
    ("[a:b LIKE 5]", "at byte 10: found an integer, expected a string"),
    // Constants.
    ("[file:size = ]", "at byte 13: found `]`, expected a constant"),
    ("[a:b = null]", "at byte 7: found a name, expected a constant"),
    ("[a:b = 'x]", "at byte 7: found the end of the pattern inside quotes, expected `'`"),
    ("[a:b = 'x\\n']", "at byte 9: found `\\` before `n`, expected `\\'` or `\\\\`"),
    (
        "[a:b = h'abc']",
        "at byte 7: found a malformed hex constant, expected pairs of hexadecimal digits",
    ),
    ("[a:b = b'====']", "at byte 7: found a malformed binary constant, expected padded base64"),
    (
        "[a:b = t'2024-13-01T12:00:00Z']",
        "at byte 7: found a malformed timestamp, expected the form `t'2014-01-13T07:03:17Z'`",
    ),
    ("[a:b = 007]", "at byte 8: found an integer, expected `AND`, `OR` or `]`"),
    (
        "[a:b = 9007199254740992]",
        "at byte 7: found an integer out of range, expected at most 9007199254740991 either way",
    ),
    ("[a:b = 1 /* ]", "at byte 9: found the end of the pattern inside a comment, expected `*/`"),
    // Sets.
    ("[a:b IN 1]", "at byte 8: found an integer, expected `(`"),
    ("[a:b IN (,1)]", "at byte 9: found `,`, expected a constant or `)`"),
    ("[a:b IN (1,)]", "at byte 11: found `)`, expected a constant"),
    ("[a:b IN (1 2)]", "at byte 11: found an integer, expected `,` or `)`"),
    (
        "[a:b IN (1, true)]",
        "at byte 12: found `true` in a set of number constants, expected one sort in a set",
    ),
    // Rules beyond the grammar.
    (
        "[a:b = 1 AND c:d = 1]",
        "at byte 13: no object can satisfy this operand of `AND` and those before it: their types differ",
    ),
    ("[file:hashes.'SHA-256' = 'f00']", "at byte 25: found a string that is not a SHA-256 value"),
];

#[test]
fn faults_have_a_place_and_words() {
    let mut differences = String::new();
    for (text, expected) in FAULTS {
        fuzz::any_text(text);
        let found = parse(text).map_or_else(|error| error.to_string(), |_| "valid".to_owned());
        if found != expected {
            writeln!(differences, "{text}\n  expected {expected}\n  found    {found}").unwrap();
        }
    }
    assert!(differences.is_empty(), "\n{differences}");
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
