//! Every form of input, whole and in pieces, sound and broken.

use super::*;
use proptest::prelude::{Just, Strategy, any};
use proptest::{prop_assert_eq, prop_oneof, proptest};
use std::io::Write as _;

/// A reader that gives `step` bytes at a time.
struct Drip<'a>(&'a [u8], usize);

impl Read for Drip<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.1.min(self.0.len()).min(buffer.len());
        let (now, later) = self.0.split_at(n);
        buffer[..n].copy_from_slice(now);
        self.0 = later;
        Ok(n)
    }
}

/// The elements as text, and errors as text.
fn read(text: &[u8]) -> Vec<String> {
    let lines: Vec<String> = Objects::new(text, Source::File)
        .map(|item| match item {
            Ok(e) => {
                let at = usize::try_from(e.offset).unwrap();
                assert_eq!(&text[at..at + e.bytes.len()], e.bytes, "the place is exact");
                String::from_utf8(e.bytes).unwrap()
            }
            Err(e) => e.to_string(),
        })
        .collect();
    for step in [1, 7] {
        let dripped = Objects::new(Drip(text, step), Source::File);
        let dripped: Vec<String> = dripped
            .map(|item| match item {
                Ok(e) => String::from_utf8(e.bytes).unwrap(),
                Err(e) => e.to_string(),
            })
            .collect();
        assert_eq!(dripped, lines, "pieces of {step}");
    }
    lines
}

#[test]
fn every_form_gives_the_same_objects() {
    let a = r#"{"type":"a","x":[{"}":"]"},"\"}\\"]}"#;
    let b = r#"{"type":"b","y":{"objects":[1]}}"#;
    for text in [
        format!(r#"{{"type":"bundle","id":"bundle--1","objects":[{a},{b}]}}"#),
        format!("{{\n \"type\" : \"bundle\",\n \"objects\" : [\n{a} ,\n{b}\n ]\n}}\n"),
        format!("{{\"type\":\"bundle\",\"objects\":[\n{a},\n{b}]}}\n"),
        format!(r#"{{"objects":[{a},{b}],"type":"bundle","id":"bundle--1"}}"#),
        format!(
            r#"{{"id":"bundle--1","objects":[{a},{b}],"x":{{"objects":[3]}},"type":"bundle"}}"#
        ),
        format!(r#"{{"more":false,"objects":[{a},{b}]}}"#),
        format!(r#"{{"\u006fbjects":[{a},{b}]}}"#),
        format!("[{a},{b}]"),
        format!("  [ {a}\n,\t{b} ] "),
        format!("{a}\n{b}\n"),
        format!("{a}\r\n\r\n  {b}"),
        format!("\n\n{a}\n{b}"),
        format!("{a} {b}"),
        format!("[{a}]\n[{b}]"),
    ] {
        assert_eq!(read(text.as_bytes()), [a, b], "{text}");
    }
}

#[test]
fn one_object_and_no_object() {
    let pretty = "{\n  \"type\": \"a\",\n  \"x\": {\n    \"objects\": []\n  }\n}";
    let others = [
        pretty,
        r#"{"type":"a","objects":[1,2]}"#,
        r#"{"type":"observed-data","objects":{"0":{}}}"#,
        r#"{"objects":{"0":{}},"type":"bundle"}"#,
        "{}",
        r#"{"a" 1}"#,
    ];
    for text in others {
        assert_eq!(read(text.as_bytes()), [text]);
    }
    for text in ["", " \n", "[]", "[ ]\n", r#"{"type":"bundle","objects":[]}"#] {
        assert!(read(text.as_bytes()).is_empty(), "{text}");
    }
    let scalars = read(br#"[1, "a,]", null, [2,[3]], -1.5e3, {"a":"b"}]"#);
    assert_eq!(scalars, ["1", "\"a,]\"", "null", "[2,[3]]", "-1.5e3", "{\"a\":\"b\"}"]);
}

#[test]
fn a_form_feed_at_the_end_of_a_line_does_not_give_empty_objects_for_ever() {
    assert_eq!(read(b"{}\n{}\x0C\n \x0C \n{} "), ["{}", "{}\x0C", "\x0C", "{}"]);
}

/// Broken lists, each with the objects before the break, and the break.
const BROKEN: &[(&str, &[&str])] = &[
    (
        "[{} {}]",
        &[
            "{}",
            "object 1, byte 4: the list of objects is broken here: a comma or ] must follow an object",
        ],
    ),
    (
        "[{},]",
        &[
            "{}",
            "object 1, byte 4: the list of objects is broken here: a comma stands before ]; remove it",
        ],
    ),
    ("[,{}]", &["object 0, byte 1: the list of objects is broken here: an object must stand here"]),
    (
        "[{},,{}]",
        &["{}", "object 1, byte 4: the list of objects is broken here: an object must stand here"],
    ),
    (
        "[{}",
        &[
            "{}",
            "object 1, byte 3: the text ends before the list or the object does; get the whole of it",
        ],
    ),
    (
        "[{},{\"a\":",
        &[
            "{}",
            "object 1, byte 9: the text ends before the list or the object does; get the whole of it",
        ],
    ),
    (
        "{\"a\":\"",
        &[
            "object 0, byte 6: the text ends before the list or the object does; get the whole of it",
        ],
    ),
    (
        r#"{"objects":[{}],"type":"report"}"#,
        &[
            "{}",
            "object 1, byte 31: these objects were not in a bundle, but in an object of another type",
        ],
    ),
    (
        r#"{"objects":[{}],"objects":[{}]}"#,
        &[
            "{}",
            "object 1, byte 30: the list of objects is broken here: a second list follows the first",
        ],
    ),
    (
        r#"{"objects":[{}],"\u006fbjects":[]}"#,
        &[
            "{}",
            "object 1, byte 33: the list of objects is broken here: a second list follows the first",
        ],
    ),
    (
        r#"{"type":"bundle","objects":[{}],"type":"bundle"}"#,
        &[
            "{}",
            "object 1, byte 47: the list of objects is broken here: a second type follows the first",
        ],
    ),
    (
        r#"{"objects":[{}] "a":1}"#,
        &[
            "{}",
            "object 1, byte 16: the list of objects is broken here: a comma or } must follow the list",
        ],
    ),
    (
        r#"{"objects":[{}],"a" 1}"#,
        &[
            "{}",
            "object 1, byte 20: the list of objects is broken here: a colon must follow the key",
        ],
    ),
    (
        r#"{"objects":[{}],1:2}"#,
        &[
            "{}",
            "object 1, byte 19: the list of objects is broken here: a key must stand before this value",
        ],
    ),
    (
        r#"{"objects":[{}],}"#,
        &[
            "{}",
            "object 1, byte 16: the list of objects is broken here: a key or value must stand here",
        ],
    ),
    (
        r#"{"objects":[{}]"#,
        &[
            "{}",
            "object 1, byte 15: the text ends before the list or the object does; get the whole of it",
        ],
    ),
    (
        "hello",
        &[
            "object 0, byte 0: this is no STIX: a bundle, a list of objects or an object must stand here",
        ],
    ),
    (
        "\u{feff}{}",
        &[
            "object 0, byte 0: the text starts with a byte order mark; save it as UTF-8 without a mark",
        ],
    ),
];

#[test]
fn a_broken_list_stops_with_its_place() {
    for (text, expected) in BROKEN {
        assert_eq!(read(text.as_bytes()), *expected, "{text}");
    }
}

#[test]
fn a_bad_line_does_not_stop_the_others() {
    let text = "{\"a\":1}\n{\"a\": \"\nnot json\n[1\n}{\n{\"b\":2}\n";
    let lines = ["{\"a\":1}", "{\"a\": \"", "not json", "[1", "}{", "{\"b\":2}"];
    assert_eq!(read(text.as_bytes()), lines);
    let first_bad = "{\"a\": \"b}\n{\"b\":2}\n";
    assert_eq!(read(first_bad.as_bytes()), ["{\"a\": \"b}", "{\"b\":2}"]);
    assert_eq!(read(b"{\"a\":1}\nnot json\n{\"b\":2}"), ["{\"a\":1}", "not json", "{\"b\":2}"]);
}

#[test]
fn an_object_too_long_does_not_stop_the_others_nor_fill_memory() {
    let long = format!("{{\"a\":\"{}\"}}", "x}]\\\"".repeat(2_000_000));
    let edge = format!("{{\"a\":\"{}\"}}", "x".repeat(OBJECT_BYTES_MAX - 8));
    assert_eq!(edge.len(), OBJECT_BYTES_MAX);
    let over = edge.replacen('x', "xx", 1);
    let error = |index, offset| {
        format!(
            "object {index}, byte {offset}: this object is longer than 1 MiB; leave it out or split it"
        )
    };
    let small = "{\"b\":2}";
    for (open, between, close) in [("[", ",", "]"), ("", "\n", ""), ("{\"objects\":[", ", ", "]}")]
    {
        let text = format!(
            "{open}{small}{between}{long}{between}{edge}{between}{over}{between}{small}{close}"
        );
        let mut objects = Objects::new(text.as_bytes(), Source::File);
        let mut found = Vec::new();
        while let Some(item) = objects.next_element() {
            found.push(match item {
                Ok(e) => String::from_utf8(e.bytes.to_vec()).unwrap(),
                Err(e) => e.to_string(),
            });
            assert!(objects.window.rest().len() <= READ_BUFFER_BYTES_MAX);
        }
        let at = open.len() + small.len() + between.len();
        let later = at + long.len() + edge.len() + 2 * between.len();
        assert_eq!(found.len(), 5);
        assert_eq!(
            found,
            [small.to_owned(), error(1, at), edge.clone(), error(3, later), small.to_owned()]
        );
    }
    let first = format!("{long}\n{small}\n{small}\n");
    let found: Vec<bool> =
        Objects::new(first.as_bytes(), Source::File).map(|i| i.is_ok()).collect();
    assert_eq!(found, [false, true, true]);
}

fn gzip(text: &[u8]) -> Vec<u8> {
    gzip_at(flate2::Compression::fast(), text)
}

fn gzip_at(level: flate2::Compression, text: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), level);
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

fn zstd(text: &[u8]) -> Vec<u8> {
    let mut encoder = zstd::stream::write::Encoder::new(Vec::new(), 3).unwrap();
    encoder.include_checksum(true).unwrap();
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

fn all(bytes: &[u8], source: Source) -> Result<Vec<Vec<u8>>, ReadCause> {
    Objects::new(bytes, source).map(|i| i.map(|e| e.bytes).map_err(|e| e.cause)).collect()
}

#[test]
fn compressed_texts_are_unwrapped() {
    let text = br#"{"type":"bundle","spec_version":"2.0","objects":[{"a":1},{"b":2}]}"#;
    let expected = vec![b"{\"a\":1}".to_vec(), b"{\"b\":2}".to_vec()];
    let twice = [gzip(b"{\"a\":1}\n"), gzip(b"{\"b\":2}\n")].concat();
    for bytes in [text.to_vec(), gzip(text), zstd(text), twice] {
        assert_eq!(all(&bytes, Source::Body).unwrap(), expected);
    }
    let mut objects = Objects::new(&text[..], Source::File);
    assert!(objects.next().is_some());
    assert_eq!(objects.bundle_spec_version(), Some("2.0"));
}

#[test]
fn damaged_compression_is_an_error() {
    let text = format!("[{}]", vec!["{\"a\":1}"; 1000].join(","));
    for whole in [gzip(text.as_bytes()), zstd(text.as_bytes())] {
        let cut = all(&whole[..whole.len() - 5], Source::File);
        assert!(matches!(cut, Err(ReadCause::Io(_))), "{cut:?}");
        let mut flipped = whole.clone();
        flipped[whole.len() / 2] ^= 0xFF;
        assert!(all(&flipped, Source::File).is_err());
    }
}

#[test]
fn what_inflates_too_much_is_refused_early() {
    let bomb = vec![b' '; 60 << 20];
    // Not every way to compress quickly comes to a ratio of 200.
    for bytes in [gzip_at(flate2::Compression::best(), &bomb), zstd(&bomb)] {
        let mut objects = Objects::new(&bytes[..], Source::Body);
        let error = objects.next().unwrap().unwrap_err();
        assert!(matches!(error.cause, ReadCause::InflatesTooMuch(20)), "{error}");
        assert!(objects.offset() <= 2 << 20, "stopped at {}", objects.offset());
        assert!(objects.next().is_none());
        assert!(matches!(all(&bytes, Source::File), Err(ReadCause::InflatesTooMuch(200))));
    }
}

#[test]
fn a_body_has_a_length() {
    let mut plain = vec![b'x'; (10 << 20) + 1];
    plain[0] = b'"';
    plain.insert(0, b'[');
    assert!(matches!(all(&plain, Source::Body), Err(ReadCause::WireTooLong)));
    assert!(matches!(all(&plain, Source::File), Err(ReadCause::UnexpectedEnd)));
    // too varied for the ratio, too long once inflated
    let block: Vec<u8> = (0..1_u64 << 16)
        .map(|i| if i.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 61 == 0 { b'y' } else { b'x' })
        .collect();
    let long = [&plain[..2], &block.repeat(51 << 4)].concat();
    let packed = gzip(&long);
    assert!(packed.len() < 10 << 20 && long.len() < packed.len() * 20, "{}", packed.len());
    assert!(matches!(all(&packed, Source::Body), Err(ReadCause::InflatedTooLong)));
}

#[test]
fn files_are_listed_by_name_in_order() {
    let directory = tempfile::tempdir().unwrap();
    let at = |name: &str| directory.path().join(name);
    std::fs::create_dir_all(at("b/c")).unwrap();
    for name in
        ["b/c/2.json", "b/1.json.gz", "a.NDJSON", "z.stix", ".hidden.json", "b/x.txt", "q.zst"]
    {
        std::fs::write(at(name), "").unwrap();
    }
    let expected = ["a.NDJSON", "b/1.json.gz", "b/c/2.json", "z.stix"].map(at);
    assert_eq!(list_files(directory.path()).unwrap(), expected);
    assert!(list_files(&at("nowhere")).is_err());
}

fn value() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<i32>().prop_map(serde_json::Value::from),
        "[a\"\\\\{}\\[\\], \n]{0,8}".prop_map(serde_json::Value::from),
    ];
    leaf.prop_recursive(4, 30, 5, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..5).prop_map(serde_json::Value::from),
            proptest::collection::vec(("[a-z\"\\\\{}]{0,4}", inner), 0..5)
                .prop_map(|members| members.into_iter().collect()),
        ]
    })
}

proptest! {
    #[test]
    fn the_elements_are_the_values_of_the_list(
        values in proptest::collection::vec(value(), 0..8), step in 1_usize..50, pretty: bool,
    ) {
        let text = if pretty {
            serde_json::to_string_pretty(&values).unwrap()
        } else {
            serde_json::to_string(&values).unwrap()
        };
        for text in [text.clone(), format!("{{\"objects\": {text}, \"type\":\"bundle\"}}")] {
            let found: Vec<serde_json::Value> = Objects::new(Drip(text.as_bytes(), step), Source::File)
                .map(|item| serde_json::from_slice(&item.unwrap().bytes).unwrap())
                .collect();
            prop_assert_eq!(&found, &values);
        }
    }

    #[test]
    fn any_bytes_are_read_or_refused(
        text in "[\\[{\"}\\],: \na1\\\\]{0,60}", bytes in proptest::collection::vec(any::<u8>(), 0..60),
    ) {
        for bytes in [text.as_bytes(), &bytes] {
            crate::fuzz::stream(bytes);
        }
    }
}

/// Public STIX 2.1 that lies beside the project, each part with its number of objects.
const PUBLIC: &[(&str, usize)] = &[
    ("attack", 30_931),
    ("geo/opencti-geography.stix21.json.zst", 539),
    ("indicator-lists/derived-stix21", 156_090),
    ("misp/golden-misp-stix", 2_902),
    ("reports-stix21", 15_547),
];

#[test]
fn public_stix_is_read_whole() {
    let root = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data"));
    if !root.exists() {
        eprintln!("SKIPPED: no public STIX at {}", root.display());
        return;
    }
    for (part, expected) in PUBLIC {
        let (mut count, mut refused) = (0, Vec::new());
        let part = root.join(part);
        let files = if part.is_dir() { list_files(&part).unwrap() } else { vec![part.clone()] };
        for file in files {
            let mut objects = Objects::new(std::fs::File::open(&file).unwrap(), Source::File);
            while let Some(item) = objects.next_element() {
                let element = item.unwrap_or_else(|e| panic!("{}: {e}", file.display()));
                count += 1;
                if let Err(e) = crate::object::Object::from_bytes(element.bytes) {
                    refused.push(format!("{} {}: {e}", file.display(), element.index));
                }
            }
        }
        assert_eq!(count, *expected, "{}", part.display());
        assert!(refused.is_empty(), "{refused:#?}");
    }
}
