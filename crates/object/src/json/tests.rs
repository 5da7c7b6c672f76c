//! Bounds and meanings, and agreement with `serde_json`. The refusals one by one are in
//! `corpus/json.jsonl`.

use super::*;
use proptest::prelude::{Just, ProptestConfig, Strategy, any};
use proptest::{prop_assert, prop_assert_eq, prop_oneof, proptest};

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
    crate::fuzz::json(bytes);
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
