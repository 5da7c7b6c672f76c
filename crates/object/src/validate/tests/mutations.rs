//! Every example broken in one place at a time, with the exact rule expected there.

use super::examples;
use crate::json::{Map, Value, parse};
use crate::spec::{self, Kind, Property, Usage};
use crate::validate::validate;
use proptest::prelude::{Just, Strategy, any, prop, prop_oneof, proptest};

/// The kind of a property that an example has, its own or a common one.
fn row(object: &Map<'_>, name: &str) -> Option<&'static Property> {
    let object_type = spec::find(object.get("type")?.as_str()?)?;
    let common = object_type.class.common();
    object_type.properties.iter().chain(common).find(|p| p.name == name)
}

/// What a kind makes of a value of no kind.
fn breakages(kind: &Kind) -> Vec<(Value<'static>, &'static str)> {
    let text = |s: &'static str| Value::String(s.into());
    let mut all = vec![(Value::Null, "wrong-type")];
    all.extend(match kind {
        Kind::String | Kind::Text(_) | Kind::OpenVocabulary(_) => {
            vec![(Value::Bool(true), "wrong-type")]
        }
        Kind::Boolean | Kind::Integer(..) | Kind::Float(..) => vec![(text("1"), "wrong-type")],
        Kind::Timestamp(_) => vec![
            (Value::Bool(true), "wrong-type"),
            (text("2016-02-30T00:00:00.000Z"), "timestamp"),
            (text("2016-01-01 00:00:00.000Z"), "timestamp"),
            (text("2016-01-01T00:00:00.000+00:00"), "timestamp"),
        ],
        Kind::Hex => vec![(text("abc"), "hex"), (text("zz"), "hex")],
        Kind::Binary => vec![(text("a==="), "binary")],
        Kind::Identifier(_) | Kind::IdentifierAdvised(_) => {
            vec![(Value::Bool(true), "wrong-type"), (text("malware--1"), "identifier")]
        }
        Kind::Enumeration(_) => vec![(text("none of these"), "enumeration")],
        Kind::Hashes(_) | Kind::Dictionary(..) | Kind::Extensions | Kind::Translations => {
            vec![(text("a"), "wrong-type"), (Value::Object(Map::default()), "empty-dictionary")]
        }
        Kind::List(_) | Kind::Objects => vec![
            (text("a"), "wrong-type"),
            (Value::Array(Vec::new()), "empty-list"),
            (Value::Array(vec![Value::Null]), "wrong-type"),
        ],
        Kind::Embedded(_) | Kind::Container | Kind::MarkingObject => {
            vec![(text("a"), "wrong-type")]
        }
    });
    all
}

#[test]
fn each_value_of_a_wrong_kind_is_found_where_it_is() {
    let texts = examples::all();
    let mut broken = 0;
    for text in &texts {
        let value = parse(text.as_bytes()).expect("JSON");
        let object = value.as_object().expect("an object");
        for (name, _) in object.iter() {
            let Some(property) = row(object, name).filter(|_| name != "type") else {
                continue;
            };
            for (wrong, rule) in breakages(&property.kind) {
                let mut object = object.clone();
                object.insert(name.to_owned(), wrong.clone());
                let report = validate(&Value::Object(object));
                let found = report
                    .errors
                    .iter()
                    .any(|f| f.rule == rule && (f.path == name || f.path == format!("{name}.[0]")));
                assert!(found, "{name} as {wrong:?}: {rule} in {report:#?}\n{text}");
                broken += 1;
            }
        }
    }
    assert!(broken > 500, "{broken}");
}

#[test]
fn each_required_property_is_missed() {
    for text in examples::all() {
        let value = parse(text.as_bytes()).expect("JSON");
        let object = value.as_object().expect("an object");
        for (name, _) in object.iter() {
            if row(object, name).is_none_or(|p| p.usage != Usage::Required) {
                continue;
            }
            let mut object = object.clone();
            object.remove(name);
            let report = validate(&Value::Object(object));
            let found =
                report.errors.iter().any(|f| f.rule == "missing-property" && f.path == name);
            assert!(found, "{name}: {report:#?}\n{text}");
        }
    }
}

#[test]
fn each_id_of_another_type_or_version_is_found() {
    for text in examples::all() {
        let value = parse(text.as_bytes()).expect("JSON");
        let object = value.as_object().expect("an object");
        let mut other = object.clone();
        other.insert("id", "x-other--0c7b5b88-8ff7-4a4d-aa9d-feb398cd0061");
        let report = validate(&Value::Object(other));
        assert!(report.errors.iter().any(|f| f.rule == "id-of-other-type"));
        let name = object.get("type").and_then(Value::as_str).expect("a type");
        if spec::find(name).is_some() {
            let mut other = object.clone();
            other.insert("id", format!("{name}--0c7b5b88-8ff7-1a4d-aa9d-feb398cd0061"));
            let report = validate(&Value::Object(other));
            let mut all = report.errors.iter().chain(&report.warnings);
            assert!(all.any(|f| f.rule == "id-version"), "{text}");
        }
    }
}

/// Any small value.
fn any_value() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("null".to_owned()),
        any::<bool>().prop_map(|b| b.to_string()),
        any::<i32>().prop_map(|n| n.to_string()),
        Just("1.5e3".to_owned()),
        "[a-z_.:=\\[\\]' -]{0,12}".prop_map(|s| format!("\"{s}\"")),
        Just("\"\\u00e9\\ud83d\\ude00\"".to_owned()),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(|v| format!("[{}]", v.join(","))),
            prop::collection::btree_map("[a-zA-Z_-]{0,6}", inner, 0..3).prop_map(|m| {
                let members: Vec<_> = m.iter().map(|(k, v)| format!("\"{k}\":{v}")).collect();
                format!("{{{}}}", members.join(","))
            }),
        ]
    })
}

proptest! {
    #[test]
    fn any_value_anywhere_is_reported_and_the_same_twice(
        example in any::<prop::sample::Index>(),
        member in any::<prop::sample::Index>(),
        text in any_value(),
    ) {
        let texts = examples::all();
        let value = parse(example.get(&texts).as_bytes()).expect("JSON");
        let mut object = value.as_object().expect("an object").clone();
        let names: Vec<String> = object.iter().map(|(k, _)| k.to_owned()).collect();
        let new = parse(text.as_bytes()).expect("JSON");
        object.insert(member.get(&names).clone(), new);
        let bytes = Value::Object(object).to_bytes();
        crate::fuzz::validation(&bytes);
        crate::fuzz::object(&bytes);
        crate::fuzz::upgraded(&bytes);
    }
}
