//! Valid patterns: their canonical text, and the trees and lists that they become.

use std::fmt::Write as _;

use entente_pattern::{
    Comparison, Constant, ObjectPath, Observation, OrderOperator, Predicate, Step, Test, fuzz,
    limits, parse,
};

/// Texts with their canonical text.
const CANONICAL: [(&str, &str); 39] = [
    ("[a:b=1]", "[a:b = 1]"),
    (" \t\r\n\u{a0}\u{2003}[ a : b == 1 ] ", "[a:b = 1]"),
    ("[a:b/* c */=1]// d", "[a:b = 1]"),
    ("[a:b <> +5]", "[a:b != 5]"),
    ("[a:b>-5 AND a:b>=-.5]", "[a:b > -5 AND a:b >= -0.5]"),
    ("[a:b<00.50 OR a:b<=7.0]", "[a:b < 0.5 OR a:b <= 7.0]"),
    ("[a:b NOT = true]", "[a:b NOT = true]"),
    ("[a:b=1AND a:c=false]", "[a:b = 1 AND a:c = false]"),
    ("[a:b IN()]", "[a:b IN ()]"),
    ("[a:b NOT IN(1,2.5,-3)]", "[a:b NOT IN (1, 2.5, -3)]"),
    ("[a:b IN (h'FF',b'/w==')]", "[a:b IN (h'ff', b'/w==')]"),
    ("[a:b = b'/x==']", "[a:b = b'/w==']"),
    ("[a:b = b'QUJD\nREVG']", "[a:b = b'QUJDREVG']"),
    ("[a:b = h'' OR a:b = b'' OR a:b = '']", "[a:b = h'' OR a:b = b'' OR a:b = '']"),
    ("[a:b MATCHES'^x\\\\.y\\'$']", "[a:b MATCHES '^x\\\\.y\\'$']"),
    ("[a:b NOT LIKE '[%é(']", "[a:b NOT LIKE '[%é(']"),
    (
        "[a:b ISSUBSET '::/0' OR a:b ISSUPERSET '::']",
        "[a:b ISSUBSET '::/0' OR a:b ISSUPERSET '::']",
    ),
    ("[EXISTS a:b AND NOT EXISTS a:c]", "[EXISTS a:b AND NOT EXISTS a:c]"),
    ("[x-a--b:'c'.'d-e'.'IN'.'1'.''[*][0].f_1 = 1]", "[x-a--b:c.'d-e'.'IN'.'1'.''[*][0].f_1 = 1]"),
    ("[a:h.b.t.AND_ = 1]", "[a:h.b.t.AND_ = 1]"),
    ("[a:b = t'2024-02-30T23:59:60.120Z']", "[a:b = t'2024-02-30T23:59:60.120Z']"),
    // Redundant parentheses go, the others stay.
    ("((([((a:b = 1))])))", "[a:b = 1]"),
    ("[a:b = 1 OR (a:b = 2 AND a:b = 3)]", "[a:b = 1 OR a:b = 2 AND a:b = 3]"),
    ("[(a:b = 1 OR a:b = 2) AND a:b = 3]", "[(a:b = 1 OR a:b = 2) AND a:b = 3]"),
    ("[a:b = 1 OR (a:b = 2 OR a:b = 3)]", "[a:b = 1 OR (a:b = 2 OR a:b = 3)]"),
    ("([a:b = 1] AND [a:b = 2]) OR [a:b = 3]", "[a:b = 1] AND [a:b = 2] OR [a:b = 3]"),
    ("[a:b = 1] AND ([a:b = 2] OR [a:b = 3])", "[a:b = 1] AND ([a:b = 2] OR [a:b = 3])"),
    (
        "([a:b = 1] OR [a:b = 2]) FOLLOWEDBY [a:b = 3]",
        "[a:b = 1] OR [a:b = 2] FOLLOWEDBY [a:b = 3]",
    ),
    (
        "[a:b = 1] OR ([a:b = 2] FOLLOWEDBY [a:b = 3])",
        "[a:b = 1] OR ([a:b = 2] FOLLOWEDBY [a:b = 3])",
    ),
    // Qualifiers.
    ("[a:b = 1]WITHIN 5SECONDS", "[a:b = 1] WITHIN 5 SECONDS"),
    (
        "([a:b = 1]) WITHIN 5.50 SECONDS REPEATS 2 TIMES",
        "[a:b = 1] WITHIN 5.5 SECONDS REPEATS 2 TIMES",
    ),
    (
        "([a:b = 1]) WITHIN 5 SECONDS WITHIN 6 SECONDS",
        "([a:b = 1]) WITHIN 5 SECONDS WITHIN 6 SECONDS",
    ),
    ("([a:b = 1] REPEATS 2 TIMES) REPEATS 2 TIMES", "([a:b = 1] REPEATS 2 TIMES) REPEATS 2 TIMES"),
    (
        "([a:b = 1] REPEATS 2 TIMES) WITHIN 2 SECONDS",
        "([a:b = 1] REPEATS 2 TIMES) WITHIN 2 SECONDS",
    ),
    ("([a:b = 1] AND [a:b = 2]) REPEATS 2 TIMES", "([a:b = 1] AND [a:b = 2]) REPEATS 2 TIMES"),
    ("[a:b = 1] AND ([a:b = 2] REPEATS 2 TIMES)", "[a:b = 1] AND [a:b = 2] REPEATS 2 TIMES"),
    // Types under `AND`.
    ("[(a:b = 1 OR c:b = 1) AND c:d = 1]", "[(a:b = 1 OR c:b = 1) AND c:d = 1]"),
    (
        "[(a:b=1 OR b:b=1 OR c:b=1) AND (d:b=1 OR c:b=1 OR b:b=1)]",
        "[(a:b = 1 OR b:b = 1 OR c:b = 1) AND (d:b = 1 OR c:b = 1 OR b:b = 1)]",
    ),
    // Only whole values are held to the form of a hash.
    (
        "[file:hashes.MD5 LIKE 'ab%' AND file:hashes[*] = 'x' AND file:hashes.TLSH = 'x']",
        "[file:hashes.MD5 LIKE 'ab%' AND file:hashes[*] = 'x' AND file:hashes.TLSH = 'x']",
    ),
];

#[test]
fn text_becomes_canonical() {
    let mut differences = String::new();
    for (text, expected) in CANONICAL {
        fuzz::any_text(text);
        let found = parse(text).map_or_else(|error| error.to_string(), |found| found.to_string());
        if found != expected {
            writeln!(differences, "{text}\n  expected {expected}\n  found    {found}").unwrap();
        }
    }
    assert!(differences.is_empty(), "\n{differences}");
}

#[test]
fn types_that_no_operand_shares_are_refused_at_the_operand() {
    let text = "[(a:b=1 OR b:b=1) AND (b:b=1 OR c:b=1) AND (a:b=1 OR c:b=1)]";
    assert_eq!(parse(text).unwrap_err().offset, 43);
}

#[test]
fn and_binds_tighter_than_or_and_or_than_followedby() {
    let text = "[a:b = 1] FOLLOWEDBY [a:b = 2] OR [a:b = 3] AND [a:b = 4]";
    let pattern = parse(text).unwrap();
    let Observation::FollowedBy(operands) = pattern.expression() else { panic!("{pattern:?}") };
    let [Observation::One(_), Observation::Or(operands)] = operands.as_slice() else {
        panic!("{pattern:?}")
    };
    assert!(matches!(operands.as_slice(), [Observation::One(_), Observation::And(_)]));
}

#[test]
fn the_commonest_pattern_is_a_test_that_borrows() {
    let pattern =
        parse("[file:hashes.'SHA-1' = 'cead3f77f6cda6ec00f57d76c9a6879fcead3f77']").unwrap();
    let test = Test {
        path: ObjectPath {
            object_type: "file",
            property: "hashes".into(),
            steps: vec![Step::Key("SHA-1".into())],
        },
        negated: false,
        predicate: Predicate::Order(
            OrderOperator::Equal,
            Constant::String("cead3f77f6cda6ec00f57d76c9a6879fcead3f77".into()),
        ),
    };
    assert_eq!(*pattern.expression(), Observation::One(Comparison::Test(test)));
}

#[test]
fn paths_come_in_the_order_of_the_text() {
    let text = "([a:b = 1 AND (a:c = 1 OR a:d[*].'e-f' = 1)] OR [EXISTS g-h:i]) REPEATS 2 TIMES \
        FOLLOWEDBY [a:b = 2]";
    let pattern = parse(text).unwrap();
    let paths: Vec<String> = pattern.paths().map(ToString::to_string).collect();
    assert_eq!(paths, ["a:b", "a:c", "a:d[*].'e-f'", "g-h:i", "a:b"]);
    let types: Vec<&str> = pattern.object_types().collect();
    assert_eq!(types, ["a", "a", "a", "g-h", "a"]);
}

#[test]
fn windows_are_listed_and_may_be_empty() {
    let text = "([a:b = 1] START t'2016-06-01T00:00:00Z' STOP t'2016-06-01T00:00:00.5Z') \
        WITHIN 5 SECONDS START t'2016-06-01T00:00:00.50Z' STOP t'2016-06-01T00:00:00.5Z'";
    let pattern = parse(text).unwrap();
    let windows: Vec<(&str, &str, bool)> = pattern
        .windows()
        .map(|window| (window.start.as_str(), window.stop.as_str(), window.is_empty()))
        .collect();
    assert_eq!(
        windows,
        [
            ("2016-06-01T00:00:00.50Z", "2016-06-01T00:00:00.5Z", true),
            ("2016-06-01T00:00:00Z", "2016-06-01T00:00:00.5Z", false),
        ]
    );
}

#[test]
fn the_largest_integer_is_exact_everywhere() {
    let largest = limits::MAX_INTEGER;
    let text = format!(
        "[a:b IN ({largest}, -{largest})] WITHIN {largest} SECONDS REPEATS {largest} TIMES"
    );
    assert_eq!(parse(&text).unwrap().to_string(), text);
}

#[test]
fn canonical_text_may_exceed_the_limit_that_its_origin_kept() {
    let text = format!("[a:b IN(1{})]", ",1".repeat(limits::MAX_PATTERN_BYTES / 2 - 8));
    assert!(parse(&text).unwrap().to_string().len() > limits::MAX_PATTERN_BYTES);
    fuzz::any_text(&text);
}
