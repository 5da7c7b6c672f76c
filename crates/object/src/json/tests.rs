//! The refusals one by one, and agreement with `serde_json` on everything else.

use super::*;
use proptest::prelude::{Just, ProptestConfig, Strategy, any};
use proptest::{prop_assert, prop_assert_eq, prop_oneof, proptest};

/// Every refused text with its exact offset and reason.
const REFUSED: &[(&[u8], usize, Reason)] = &[
    (b"\xEF\xBB\xBF{}", 0, Reason::ByteOrderMark),
    (b"\"\xFF\"", 1, Reason::InvalidUtf8),
    (b"\"\xED\xA0\x80\"", 1, Reason::InvalidUtf8),
    (b"\"\xC0\xAF\"", 1, Reason::InvalidUtf8),
    (b"\"\xF4\x90\x80\x80\"", 1, Reason::InvalidUtf8),
    (b"{\"a\":1}\xC3", 7, Reason::InvalidUtf8),
    (b"\xFE\xFF\x00{", 0, Reason::InvalidUtf8),
    (b"", 0, Reason::UnexpectedEnd),
    (b"  \n", 3, Reason::UnexpectedEnd),
    (b"{", 1, Reason::UnexpectedEnd),
    (b"[", 1, Reason::UnexpectedEnd),
    (b"{\"a\"", 4, Reason::UnexpectedEnd),
    (b"{\"a\":", 5, Reason::UnexpectedEnd),
    (b"{\"a\":1", 6, Reason::UnexpectedEnd),
    (b"{\"a\":1,", 7, Reason::UnexpectedEnd),
    (b"[1,", 3, Reason::UnexpectedEnd),
    (b"[1", 2, Reason::UnexpectedEnd),
    (b"\"abc", 4, Reason::UnexpectedEnd),
    (b"\"abc\\", 5, Reason::UnexpectedEnd),
    (b"\"\\u12", 5, Reason::UnexpectedEnd),
    (b"tru", 3, Reason::UnexpectedEnd),
    (b"-", 1, Reason::UnexpectedEnd),
    (b"1.", 2, Reason::UnexpectedEnd),
    (b"1e", 2, Reason::UnexpectedEnd),
    (b"1e+", 3, Reason::UnexpectedEnd),
    (b"truth", 0, Reason::ExpectedValue),
    (b"nil", 0, Reason::ExpectedValue),
    (b"Null", 0, Reason::ExpectedValue),
    (b"'a'", 0, Reason::ExpectedValue),
    (b"[,1]", 1, Reason::ExpectedValue),
    (b"[1,,2]", 3, Reason::ExpectedValue),
    (b"{\"a\":}", 5, Reason::ExpectedValue),
    (b"// note\n1", 0, Reason::ExpectedValue),
    (b"\x0C1", 0, Reason::ExpectedValue),
    (b"\xC2\xA01", 0, Reason::ExpectedValue),
    (b"]", 0, Reason::ExpectedValue),
    (b"{a:1}", 1, Reason::ExpectedKey),
    (b"{1:1}", 1, Reason::ExpectedKey),
    (b"{,}", 1, Reason::ExpectedKey),
    (b"{\"a\":1,,}", 7, Reason::ExpectedKey),
    (b"{\"a\" 1}", 5, Reason::ExpectedColon),
    (b"{\"a\",1}", 4, Reason::ExpectedColon),
    (b"{\"a\":1 \"b\":2}", 7, Reason::ExpectedCommaOrEnd),
    (b"{\"a\":1]", 6, Reason::ExpectedCommaOrEnd),
    (b"[1 2]", 3, Reason::ExpectedCommaOrEnd),
    (b"[1}", 2, Reason::ExpectedCommaOrEnd),
    (b"[0x10]", 2, Reason::ExpectedCommaOrEnd),
    (b"{\"a\":1,}", 6, Reason::TrailingComma),
    (b"[1 , ]", 3, Reason::TrailingComma),
    (b"{} {}", 3, Reason::TrailingData),
    (b"1 2", 2, Reason::TrailingData),
    (b"{}\0", 2, Reason::TrailingData),
    (b"null,", 4, Reason::TrailingData),
    (b"{\"a\":1,\"a\":1}", 7, Reason::DuplicateKey),
    (b"{\"a\":1,\"\\u0061\":2}", 7, Reason::DuplicateKey),
    (b"{\"\\u00e9\":1, \"\xC3\xA9\":2}", 13, Reason::DuplicateKey),
    (b"{\"\":1,\"b\":{},\"\":2}", 13, Reason::DuplicateKey),
    (b"[{\"x\":{\"b\":1,\"b\":1}}]", 13, Reason::DuplicateKey),
    (b"\"\\uD800\"", 1, Reason::LoneSurrogate),
    (b"\"ab\\uDC00\"", 3, Reason::LoneSurrogate),
    (b"\"\\uD83D\\n\"", 1, Reason::LoneSurrogate),
    (b"\"\\uD83D\\u0041\"", 1, Reason::LoneSurrogate),
    (b"\"\\uD83D\\uD83D\"", 1, Reason::LoneSurrogate),
    (b"{\"\\uDEAD\":1}", 2, Reason::LoneSurrogate),
    (b"\"\\x41\"", 1, Reason::InvalidEscape),
    (b"\"\\U0041\"", 1, Reason::InvalidEscape),
    (b"\"\\u00g0\"", 1, Reason::InvalidEscape),
    (b"\"\\u+041\"", 1, Reason::InvalidEscape),
    (b"\"\\'\"", 1, Reason::InvalidEscape),
    (b"\"a\nb\"", 2, Reason::ControlCharacter),
    (b"\"\x00\"", 1, Reason::ControlCharacter),
    (b"\"0123456789\x1F\"", 11, Reason::ControlCharacter),
    (b"{\"\t\":1}", 2, Reason::ControlCharacter),
    (b"01", 0, Reason::MalformedNumber),
    (b"-01", 0, Reason::MalformedNumber),
    (b"[00]", 1, Reason::MalformedNumber),
    (b"[-]", 1, Reason::MalformedNumber),
    (b"[1.]", 1, Reason::MalformedNumber),
    (b"[1.e3]", 1, Reason::MalformedNumber),
    (b"[.5]", 1, Reason::MalformedNumber),
    (b"[+1]", 1, Reason::MalformedNumber),
    (b"[1e]", 1, Reason::MalformedNumber),
    (b"[1e-]", 1, Reason::MalformedNumber),
    (b"[NaN]", 1, Reason::NotANumber),
    (b"[Infinity]", 1, Reason::NotANumber),
    (b"[-Infinity]", 1, Reason::NotANumber),
    (b"9007199254740992", 0, Reason::IntegerOutOfRange),
    (b"-9007199254740992", 0, Reason::IntegerOutOfRange),
    (b"[1, 9007199254740993]", 4, Reason::IntegerOutOfRange),
    (b"18446744073709551615", 0, Reason::IntegerOutOfRange),
    (b"100000000000000000000000000000", 0, Reason::IntegerOutOfRange),
    (b"[1e400]", 1, Reason::NumberOverflow),
    (b"[-1.5e309]", 1, Reason::NumberOverflow),
    (b"[1e99999999999999999999]", 1, Reason::NumberOverflow),
];

#[test]
fn every_refusal_names_its_byte_and_its_reason() {
    for (text, offset, reason) in REFUSED {
        let expected = Refusal { offset: *offset, reason: *reason };
        assert_eq!(parse(text), Err(expected), "{}", String::from_utf8_lossy(text));
    }
    let covered: std::collections::BTreeSet<Reason> =
        REFUSED.iter().map(|(_, _, reason)| *reason).collect();
    assert_eq!(covered.len(), 17, "every reason but TooDeep has a row: {covered:?}");
}

#[test]
fn nesting_is_bounded_exactly() {
    for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
        let nested = |n: usize| {
            let core = if open == "[" { "" } else { "1" };
            format!("{}{core}{}", open.repeat(n), close.repeat(n))
        };
        assert!(parse(nested(DEPTH_MAX).as_bytes()).is_ok());
        let refusal = parse(nested(DEPTH_MAX + 1).as_bytes()).unwrap_err();
        assert_eq!(refusal.reason, Reason::TooDeep);
        assert_eq!(refusal.offset, open.len() * DEPTH_MAX);
    }
    let bomb = "[".repeat(10_000_000);
    assert_eq!(parse(bomb.as_bytes()).unwrap_err().reason, Reason::TooDeep);
}

#[test]
fn a_duplicate_is_found_in_an_object_of_any_size() {
    for size in [2, 31, 32, 33, 34, 5_000] {
        for (first, second) in [(0, size - 1), (size / 2, size - 1), (0, 1)] {
            let keys: Vec<String> = (0..size)
                .map(|i| format!("\"key{}\":1", if i == second { first } else { i }))
                .collect();
            let text = format!("{{{}}}", keys.join(","));
            if first == second {
                assert!(parse(text.as_bytes()).is_ok());
                continue;
            }
            let offset = 1 + keys.iter().take(second).map(|k| k.len() + 1).sum::<usize>();
            let expected = Refusal { offset, reason: Reason::DuplicateKey };
            assert_eq!(parse(text.as_bytes()), Err(expected), "{size} {first} {second}");
        }
    }
}

#[test]
fn keys_of_inner_and_outer_objects_do_not_meet() {
    let inner: Vec<String> = (0..40).map(|i| format!("\"k{i}\":{i}")).collect();
    let text = format!("{{\"k0\":{{{0}}},\"k1\":[{{{0}}}]}}", inner.join(","));
    let value = parse(text.as_bytes()).unwrap();
    assert_eq!(value.get("k0").and_then(|v| v.get("k39")).and_then(Value::as_i64), Some(39));
    assert_eq!(value.to_bytes(), text.as_bytes());
}

#[test]
fn escapes_mean_what_they_say() {
    let text = br#""\"\\\/\b\f\n\r\t\u0041\u00e9\ud83d\ude00 end""#;
    let value = parse(text).unwrap();
    assert_eq!(value.as_str(), Some("\"\\/\u{8}\u{c}\n\r\tA\u{e9}\u{1F600} end"));
    assert!(matches!(parse(b"\"plain text\""), Ok(Value::String(Cow::Borrowed("plain text")))));
}

#[test]
fn integers_up_to_the_bound_and_other_numbers_are_kept_as_written() {
    for (text, integer) in [
        ("0", Some(0)),
        ("-0", Some(0)),
        ("9007199254740991", Some(INTEGER_MAX)),
        ("-9007199254740991", Some(-INTEGER_MAX)),
        ("1.0", None),
        ("1E2", None),
        ("-0.0", None),
        ("1e-400", None),
        ("1.7976931348623157e308", None),
    ] {
        let value = parse(text.as_bytes()).unwrap();
        assert_eq!(value.as_i64(), integer, "{text}");
        assert_eq!(value.as_number().map(Number::is_integer), Some(integer.is_some()));
        assert_eq!(value.to_bytes(), text.as_bytes());
    }
}

#[test]
fn a_refusal_reads_as_a_sentence() {
    let refusal = parse(br#"{"a":1,"a":2}"#).unwrap_err();
    assert_eq!(
        refusal.to_string(),
        "byte 7: this key occurs twice in its object; keep one of the two members"
    );
}

/// Whether `serde_json` reads what we read. Its maps keep the last of equal keys, ours has none.
fn same(ours: &Value<'_>, theirs: &serde_json::Value) -> bool {
    match (ours, theirs) {
        (Value::Null, serde_json::Value::Null) => true,
        (Value::Bool(a), serde_json::Value::Bool(b)) => a == b,
        (Value::Number(a), serde_json::Value::Number(b)) if a.is_integer() => {
            a.as_i64() == b.as_i64() || (a.text() == "-0" && b.as_f64() == Some(-0.0))
        }
        (Value::Number(a), serde_json::Value::Number(b)) => {
            // without its `float_roundtrip` feature serde_json may be off by some last places, which
            // below the least normal double are the same for all numbers
            let (a, b) = (a.as_f64(), b.as_f64().unwrap());
            (a - b).abs() <= a.abs().max(f64::MIN_POSITIVE) * 1e-15
        }
        (Value::String(a), serde_json::Value::String(b)) => a == b,
        (Value::Array(a), serde_json::Value::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b))
        }
        (Value::Object(a), serde_json::Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(k, v)| b.get(k).is_some_and(|t| same(v, t)))
        }
        _ => false,
    }
}

/// The invariant of this module: what we accept `serde_json` reads alike, and what we refuse for a
/// reason of syntax it refuses too.
fn agrees_with_serde(bytes: &[u8]) {
    let theirs = serde_json::from_slice::<serde_json::Value>(bytes);
    match (parse(bytes), theirs) {
        (Ok(ours), Ok(theirs)) => assert!(same(&ours, &theirs), "{ours:?} {theirs:?}"),
        (Ok(ours), Err(e)) => panic!("only we accept {ours:?}: {e}"),
        (Err(_), Err(_)) => {}
        (Err(refusal), Ok(_)) => assert!(
            matches!(
                refusal.reason,
                Reason::DuplicateKey | Reason::TooDeep | Reason::IntegerOutOfRange
            ),
            "only we refuse {bytes:?}: {refusal}"
        ),
    }
}

#[test]
fn the_refused_texts_are_refused_by_serde_but_for_the_listed_reasons() {
    for (text, _, _) in REFUSED {
        agrees_with_serde(text);
    }
}

#[test]
fn numbers_below_the_least_normal_double_are_read_alike_but_for_the_last_places() {
    for text in ["2.46229962397786e-309", "-4.9406564584124654e-324", "1.7976931348623157e-310"] {
        agrees_with_serde(text.as_bytes());
    }
}

/// Texts near JSON: its signs and pieces in any order.
fn near_json() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("{"),
        Just("}"),
        Just("["),
        Just("]"),
        Just(","),
        Just(":"),
        Just("\""),
        Just("\\"),
        Just("\"a\""),
        Just("\"b\":"),
        Just("\"a\":"),
        Just("1"),
        Just("-"),
        Just("0"),
        Just("."),
        Just("e5"),
        Just("E+"),
        Just("true"),
        Just("null"),
        Just("\\u00"),
        Just("\\ud83d"),
        Just("\\ude00"),
        Just(" "),
        Just("\n"),
        Just("\u{1}"),
        Just("é"),
        Just("9007199254740993"),
    ];
    proptest::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

/// Values of every kind, written by `serde_json`.
fn json_value() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(serde_json::Value::from),
        (-INTEGER_MAX..=INTEGER_MAX).prop_map(serde_json::Value::from),
        any::<f64>().prop_map(serde_json::Value::from),
        any::<String>().prop_map(serde_json::Value::from),
    ];
    leaf.prop_recursive(5, 200, 40, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..40).prop_map(serde_json::Value::from),
            proptest::collection::vec((any::<String>(), inner), 0..40)
                .prop_map(|members| members.into_iter().collect()),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
        agrees_with_serde(&bytes);
    }

    #[test]
    fn any_text_near_json_is_read_or_refused_as_serde_does(text in near_json()) {
        agrees_with_serde(text.as_bytes());
    }

    #[test]
    fn a_changed_byte_is_read_or_refused(value in json_value(), at in any::<usize>(), to: u8) {
        let mut bytes = value.to_string().into_bytes();
        let at = at % bytes.len();
        bytes[at] = to;
        agrees_with_serde(&bytes);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn what_serde_writes_we_read_and_write_back(value in json_value()) {
        let compact = value.to_string();
        let ours = parse(compact.as_bytes()).unwrap();
        prop_assert!(same(&ours, &value));
        let again = ours.to_bytes();
        prop_assert_eq!(parse(&again).unwrap(), ours);
        let pretty = serde_json::to_string_pretty(&value).unwrap();
        prop_assert!(same(&parse(pretty.as_bytes()).unwrap(), &value));
    }
}
