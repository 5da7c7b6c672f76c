//! The canonical bytes of a value: RFC 8785 (JCS).
//!
//! Invariants: equal values (numbers compared as doubles, members in any order) have equal bytes;
//! the bytes are JSON that [`crate::json::parse`] accepts, and canonical again as they stand, unless
//! a number written as a fraction or exponent is an integer beyond 2^53.

use crate::json::{Map, Number, Value, write_string};

/// The canonical bytes of `value`.
pub fn to_bytes(value: &Value<'_>) -> Vec<u8> {
    let mut out = Vec::new();
    write(value, &mut out);
    out
}

/// Appends the canonical bytes of `value`.
pub fn write(value: &Value<'_>, out: &mut Vec<u8>) {
    match value {
        Value::Null | Value::Bool(_) => value.write(out),
        Value::Number(n) => write_number(n, out),
        Value::String(s) => write_string(s, out),
        Value::Array(items) => {
            out.push(b'[');
            for (i, item) in items.iter().enumerate() {
                if i > 0 {
                    out.push(b',');
                }
                write(item, out);
            }
            out.push(b']');
        }
        Value::Object(map) => write_map(map, out),
    }
}

fn write_number(n: &Number<'_>, out: &mut Vec<u8>) {
    match n.as_i64() {
        Some(0) => out.push(b'0'), // -0 too
        Some(_) => out.extend_from_slice(n.text().as_bytes()),
        None => {
            let mut buffer = ryu_js::Buffer::new();
            out.extend_from_slice(buffer.format_finite(n.as_f64()).as_bytes());
        }
    }
}

fn write_map(map: &Map<'_>, out: &mut Vec<u8>) {
    let mut members: Vec<(&str, &Value<'_>)> = map.iter().collect();
    if members.iter().all(|(key, _)| key.is_ascii()) {
        members.sort_unstable_by_key(|(key, _)| *key);
    } else {
        members.sort_unstable_by(|(a, _), (b, _)| a.encode_utf16().cmp(b.encode_utf16()));
    }
    out.push(b'{');
    for (i, (key, value)) in members.into_iter().enumerate() {
        if i > 0 {
            out.push(b',');
        }
        write_string(key, out);
        out.push(b':');
        write(value, out);
    }
    out.push(b'}');
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::parse;
    use proptest::prelude::{Strategy, any};
    use proptest::{prop_assert, prop_assert_eq, proptest};

    fn canonical(text: &str) -> String {
        String::from_utf8(to_bytes(&parse(text.as_bytes()).unwrap())).unwrap()
    }

    #[test]
    fn the_example_of_rfc_8785_section_3_2_2() {
        let text = r#"{
            "numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
            "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/",
            "literals": [null, true, false]
        }"#;
        let expected = "{\"literals\":[null,true,false],\"numbers\":[333333333.3333333,1e+30,4.5,\
                        0.002,1e-27],\"string\":\"€$\\u000f\\nA'B\\\"\\\\\\\\\\\"/\"}";
        assert_eq!(canonical(text), expected);
    }

    #[test]
    fn the_key_order_of_rfc_8785_section_3_2_3() {
        let text = r#"{
            "\u20ac": "Euro Sign", "\r": "Carriage Return", "\ufb33": "Hebrew Letter Dalet With Dagesh",
            "1": "One", "\ud83d\ude00": "Emoji: Grinning Face", "\u0080": "Control",
            "\u00f6": "Latin Small Letter O With Diaeresis"
        }"#;
        let expected = "{\"\\r\":\"Carriage Return\",\"1\":\"One\",\"\u{80}\":\"Control\",\
            \"ö\":\"Latin Small Letter O With Diaeresis\",\"€\":\"Euro Sign\",\
            \"😀\":\"Emoji: Grinning Face\",\"\u{fb33}\":\"Hebrew Letter Dalet With Dagesh\"}";
        assert_eq!(canonical(text), expected);
    }

    #[test]
    fn the_numbers_of_rfc_8785_appendix_b() {
        for (bits, text) in [
            (0x0000_0000_0000_0000, "0"),
            (0x8000_0000_0000_0000, "0"),
            (0x0000_0000_0000_0001, "5e-324"),
            (0x8000_0000_0000_0001, "-5e-324"),
            (0x7fef_ffff_ffff_ffff, "1.7976931348623157e+308"),
            (0xffef_ffff_ffff_ffff, "-1.7976931348623157e+308"),
            (0x4340_0000_0000_0000, "9007199254740992"),
            (0xc340_0000_0000_0000, "-9007199254740992"),
            (0x4430_0000_0000_0000, "295147905179352830000"),
            (0x44b5_2d02_c7e1_4af5, "9.999999999999997e+22"),
            (0x44b5_2d02_c7e1_4af6, "1e+23"),
            (0x44b5_2d02_c7e1_4af7, "1.0000000000000001e+23"),
            (0x444b_1ae4_d6e2_ef4e, "999999999999999700000"),
            (0x444b_1ae4_d6e2_ef4f, "999999999999999900000"),
            (0x444b_1ae4_d6e2_ef50, "1e+21"),
            (0x3eb0_c6f7_a0b5_ed8c, "9.999999999999997e-7"),
            (0x3eb0_c6f7_a0b5_ed8d, "0.000001"),
            (0x41b3_de43_5555_5553, "333333333.3333332"),
            (0x41b3_de43_5555_5554, "333333333.33333325"),
            (0x41b3_de43_5555_5555, "333333333.3333333"),
            (0x41b3_de43_5555_5556, "333333333.3333334"),
            (0x41b3_de43_5555_5557, "333333333.33333343"),
            (0xbecb_f647_612f_3696, "-0.0000033333333333333333"),
            (0x4314_3ff3_c1cb_0959, "1424953923781206.2"),
        ] {
            let written = format!("{:e}", f64::from_bits(bits));
            assert_eq!(canonical(&written), text, "{bits:x}");
        }
        assert_eq!(canonical("[-0, -0.0, 0, 1.0, 9007199254740991]"), "[0,0,0,1,9007199254740991]");
    }

    proptest! {
        #[test]
        fn keys_are_in_utf_16_order_and_the_bytes_stay(
            keys in proptest::collection::btree_set(any::<String>(), 0..20),
        ) {
            let members = keys.iter().rev().map(|k| (k.as_str().into(), Value::Null)).collect();
            let value = Value::Object(Map::from_members(members).unwrap());
            let bytes = to_bytes(&value);
            let read = parse(&bytes).unwrap();
            let order: Vec<Vec<u16>> =
                read.as_object().unwrap().iter().map(|(k, _)| k.encode_utf16().collect()).collect();
            prop_assert!(order.is_sorted());
            prop_assert_eq!(to_bytes(&read), bytes);
        }

        #[test]
        fn numbers_keep_their_value(f in any::<f64>().prop_filter("finite", |f| f.is_finite())) {
            let text = canonical(&format!("{f:e}"));
            prop_assert_eq!(text.parse::<f64>().unwrap().to_bits(), (f + 0.0).to_bits());
        }
    }
}
