//! Labels as STIX: frozen bytes, and everything that is not exactly them refused.

use entente_object::canonical;
use entente_object::json::{Map, Value, parse};
use entente_object::marking::Tlp;
use entente_release::Label;
use entente_release::label::{Fault, Faults, PermittedActions};
use entente_release::label_marking::{BadLabel, EXTENSION_ID, from_stix, id, is_label, to_stix};
use proptest::{prop_assert_eq, proptest};
use uuid::{Uuid, uuid};

use crate::universe::{cases, channel, label, names, nations, unders, window};

const PLAIN_ID: Uuid = uuid!("0511ea52-86e5-59b6-b825-0b5856b566a4");
const FULL_ID: Uuid = uuid!("68f71be1-edce-5e1c-9710-9ff2ae492824");
const PLAIN: &str = r#"{"created":"2023-07-11T00:00:00.000Z","extensions":{"extension-definition--dca7d89b-b0e2-4a30-b1e3-5725043f6a54":{"actions":"internally-visible","extension_type":"property-extension","onward":false,"originator":"KOR","rel_to":["EST"],"tlp":"TLP:AMBER","under":[{"area":"cyber","programme":"itpp"}]}},"id":"marking-definition--0511ea52-86e5-59b6-b825-0b5856b566a4","name":"TLP:AMBER//REL TO KOR, EST//CYBER","spec_version":"2.1","type":"marking-definition"}"#;
const FULL: &str = r#"{"created":"2023-07-11T00:00:00.000Z","extensions":{"extension-definition--dca7d89b-b0e2-4a30-b1e3-5725043f6a54":{"actions":"externally-visible-indirect","caveats":["law-enforcement-only","no-foreign-contractors"],"exercise":"cc23","extension_type":"property-extension","not_after":"2027-01-15T08:00:00.000Z","not_before":"2023-11-14T22:13:20.000Z","onward":true,"originator":"KOR","rel_to":["EST","GBR","POL"],"tlp":"TLP:AMBER+STRICT","under":[{"area":"space","programme":"itpp"},{"area":"cyber-defence","programme":"rok-nato-itpp-2023"}]}},"id":"marking-definition--68f71be1-edce-5e1c-9710-9ff2ae492824","name":"TLP:AMBER+STRICT//REL TO KOR, EST, GBR, POL//CYBER DEFENCE//SPACE//LAW ENFORCEMENT ONLY//NO FOREIGN CONTRACTORS//EXERCISE CC23","spec_version":"2.1","type":"marking-definition"}"#;

const UNDER: &str = r#","under":[{"area":"space","programme":"itpp"},{"area":"cyber-defence","programme":"rok-nato-itpp-2023"}]"#;

/// A label with every property and more than one entry in each list.
fn full() -> Label {
    Label {
        tlp: Tlp::AmberStrict,
        rel_to: nations("GBR EST POL"),
        under: unders(&["rok-nato-itpp-2023/cyber-defence", "itpp/space"]),
        caveats: names(&["no-foreign-contractors", "law-enforcement-only"]),
        actions: PermittedActions::ExternallyVisibleIndirect,
        exercise: channel("cc23").exercise,
        window: window(Some(1_700_000_000), Some(1_800_000_000)),
        onward: true,
        ..label()
    }
}

fn uuid_of(map: &Map<'_>) -> Uuid {
    let id = map.get("id").and_then(Value::as_str).unwrap();
    id.strip_prefix("marking-definition--").unwrap().parse().unwrap()
}

fn read(text: &str) -> Result<Label, BadLabel> {
    let value = parse(text.as_bytes()).unwrap();
    let map = value.as_object().unwrap();
    from_stix(map, uuid_of(map))
}

/// The extension of a label's text, as its own text.
fn extension(text: &str) -> &str {
    let (_, rest) = text.split_once(&format!("\"{EXTENSION_ID}\":")).unwrap();
    let (extension, _) = rest.split_once("},\"id\"").unwrap();
    extension
}

/// The text with its id made to fit the body, as a forger would.
fn with_fitting_id(text: &str) -> String {
    const NAMESPACE: Uuid = uuid!("cb6e7e95-04ff-40eb-97c9-059909e43468");
    let value = parse(text.as_bytes()).unwrap();
    let body = value.get("extensions").and_then(|all| all.get(EXTENSION_ID)).unwrap();
    let fitting = Uuid::new_v5(&NAMESPACE, &canonical::to_bytes(body));
    let old = uuid_of(value.as_object().unwrap());
    text.replace(&old.to_string(), &fitting.to_string())
}

#[test]
fn the_bytes_of_two_labels_are_frozen() {
    assert_eq!(to_stix(&label()), PLAIN);
    assert_eq!(to_stix(&full()), FULL);
    assert_eq!((id(&label()), id(&full())), (PLAIN_ID, FULL_ID));
    assert_eq!((read(PLAIN), read(FULL)), (Ok(label()), Ok(full())));
}

#[test]
fn the_document_has_a_true_specimen() {
    let document = include_str!("../../../../docs/formats/label.md");
    let blocks: Vec<&str> = document.split("```").collect();
    let specimen = blocks[1].strip_prefix("json").unwrap().trim();
    let label = read(specimen).unwrap();
    assert!(label.is_valid());
    let hashed = blocks[3].strip_prefix("json").unwrap().trim();
    assert_eq!(extension(&to_stix(&label)), hashed);
}

#[test]
fn the_id_is_over_the_canonical_bytes_with_and_without_each_property() {
    for present in 0..64_u8 {
        let has = |bit: u8| present & bit != 0;
        let some = Label {
            exercise: full().exercise.filter(|_| has(1)),
            window: window(has(2).then_some(5), has(4).then_some(9)),
            rel_to: if has(8) { full().rel_to } else { nations("") },
            caveats: full().caveats.into_iter().filter(|_| has(16)).collect(),
            under: full().under.into_iter().filter(|_| has(32)).collect(),
            ..full()
        };
        let text = to_stix(&some);
        let value = parse(text.as_bytes()).unwrap();
        assert_eq!(canonical::to_bytes(&value), text.as_bytes());
        assert_eq!(with_fitting_id(&text), text);
        assert_eq!(extension(&text).contains("\"exercise\":\"cc23\""), has(1));
        assert_eq!(
            extension(&text).contains("\"not_before\":\"1970-01-01T00:00:05.000Z\""),
            has(2)
        );
        assert_eq!(extension(&text).contains("\"not_after\":\"1970-01-01T00:00:09.000Z\""), has(4));
        assert_eq!(extension(&text).contains("\"rel_to\":[\"EST\","), has(8));
        assert_eq!(extension(&text).contains("\"caveats\":[\"law-"), has(16));
        assert_eq!(extension(&text).contains("\"under\":[{\"area\":"), has(32));
        assert!(!text.contains("[]") && !text.contains("null"));
        assert_eq!(read(&text), Ok(some));
    }
}

#[test]
fn faults_do_not_travel() {
    let faulty = label().faulty(Fault::BadMarking);
    assert_eq!(to_stix(&faulty), to_stix(&label()));
    assert_eq!(read(&to_stix(&faulty)).unwrap().faults, Faults::NONE);
}

#[test]
fn members_may_stand_in_any_order() {
    let value = parse(FULL.as_bytes()).unwrap();
    let members = value.as_object().unwrap().iter();
    let mut turned: Vec<(String, Value<'_>)> =
        members.map(|(key, value)| (key.to_owned(), value.clone())).collect();
    turned.reverse();
    let mut map = Map::default();
    for (key, value) in turned {
        map.insert(key, value);
    }
    assert_eq!(from_stix(&map, FULL_ID), Ok(full()));
}

#[test]
fn a_label_is_known_by_its_extension() {
    let is = |text: &str| is_label(parse(text.as_bytes()).unwrap().as_object().unwrap());
    assert!(is(PLAIN) && is(FULL));
    assert!(!is(Tlp::Red.definition()) && !is("{}") && !is("{\"extensions\":[]}"));
    // Claiming to be one is enough: it is then read, and refused.
    let claims = format!("{{\"extensions\":{{\"{EXTENSION_ID}\":1}}}}");
    assert!(is(&claims));
    let value = parse(claims.as_bytes()).unwrap();
    let refused = from_stix(value.as_object().unwrap(), FULL_ID);
    assert_eq!(refused, Err(BadLabel::Property("extensions")));
}

/// One place of the text changed; refused whether the id stays or is made to fit.
fn refused(from: &str, to: &str) {
    assert!(FULL.contains(from), "{from}");
    let text = FULL.replacen(from, to, 1);
    assert!(read(&text).is_err(), "{text}");
    assert!(read(&with_fitting_id(&text)).is_err(), "{text}");
}

#[test]
fn lists_and_times_are_written_in_one_way() {
    for (from, to) in [
        // Not sorted.
        (r#"["EST","GBR","POL"]"#, r#"["GBR","EST","POL"]"#),
        (
            r#"["law-enforcement-only","no-foreign-contractors"]"#,
            r#"["no-foreign-contractors","law-enforcement-only"]"#,
        ),
        (
            r#"{"area":"space","programme":"itpp"},{"area":"cyber-defence","programme":"rok-nato-itpp-2023"}"#,
            r#"{"area":"cyber-defence","programme":"rok-nato-itpp-2023"},{"area":"space","programme":"itpp"}"#,
        ),
        // Twice.
        (r#""EST","#, r#""EST","EST","#),
        (r#""law-enforcement-only","#, r#""law-enforcement-only","law-enforcement-only","#),
        (
            r#"{"area":"space","programme":"itpp"},"#,
            r#"{"area":"space","programme":"itpp"},{"area":"space","programme":"itpp"},"#,
        ),
        // The same instant otherwise.
        ("2023-11-14T22:13:20.000Z", "2023-11-14T22:13:20Z"),
        ("2023-11-14T22:13:20.000Z", "2023-11-14T22:13:20.000000Z"),
        // Nothing else in an entry.
        (r#""area":"space","#, r#""area":"space","level":1,"#),
        // Not there rather than empty.
        (r#""caveats":["law-enforcement-only","no-foreign-contractors"]"#, r#""caveats":[]"#),
        (r#""rel_to":["EST","GBR","POL"]"#, r#""rel_to":[]"#),
        (UNDER, r#","under":[]"#),
        (r#""exercise":"cc23","#, r#""exercise":null,"#),
        (r#""exercise":"cc23","#, r#""exercise":"","#),
    ] {
        refused(from, to);
    }
}

#[test]
fn nothing_else_stands_in_the_marking_definition() {
    for (from, to) in [
        (r#""name":"TLP:AMBER+STRICT"#, r#""name":"TLP:CLEAR"#),
        (r#""name":"#, r#""lang":"en","name":"#),
        (r#""spec_version":"2.1""#, r#""spec_version":"2.0""#),
        (r#""created":"2023-"#, r#""created":"2024-"#),
        (r#""type":"marking-definition""#, r#""type":"identity""#),
        (r#""name":"#, r#""definition":{"tlp":"white"},"definition_type":"tlp","name":"#),
        (
            r#""extensions":{"#,
            r#""extensions":{"extension-definition--60a3c5c5-0d10-413e-aab3-9e08dde9e88d":{"extension_type":"property-extension","tlp_2_0":"clear"},"#,
        ),
    ] {
        refused(from, to);
        let text = FULL.replacen(from, to, 1);
        assert_eq!(read(&text), Err(BadLabel::OtherForm), "{text}");
    }
}

#[test]
fn a_body_that_is_not_a_label_says_which_property() {
    for (from, to, property) in [
        (r#""tlp":"TLP:AMBER+STRICT""#, r#""tlp":"TLP:WHITE""#, "tlp"),
        (r#""originator":"KOR""#, r#""originator":"ROK""#, "originator"),
        (r#""rel_to":["EST""#, r#""rel_to":["UK""#, "rel_to"),
        (r#""rel_to":["EST","GBR","POL"]"#, r#""rel_to":"EST""#, "rel_to"),
        (r#""rel_to":["EST""#, r#""rel_to":[1"#, "rel_to"),
        (r#""caveats":["law"#, r#""caveats":["LAW"#, "caveats"),
        (r#""area":"space","#, "", "under"),
        (r#""under":["#, r#""under":[1,"#, "under"),
        (r#""actions":"externally-visible-indirect""#, r#""actions":"all""#, "actions"),
        (r#""exercise":"cc23""#, r#""exercise":"CC 23""#, "exercise"),
        (r#""not_after":"2027"#, r#""not_after":"27"#, "not_after"),
        (r#""not_before":"2023"#, r#""not_before":"23"#, "not_before"),
        (r#""onward":true"#, r#""onward":1"#, "onward"),
        (r#""property-extension""#, r#""new-sdo""#, "extension_type"),
        (EXTENSION_ID, "extension-definition--dca7d89b-b0e2-4a30-b1e3-5725043f6a55", "extensions"),
    ] {
        let text = FULL.replacen(from, to, 1);
        assert_ne!(text, FULL, "{from}");
        assert_eq!(read(&text), Err(BadLabel::Property(property)), "{text}");
    }
    for property in [
        r#""actions":"externally-visible-indirect","#,
        r#""extension_type":"property-extension","#,
        r#""onward":true,"#,
        r#""originator":"KOR","#,
        r#""tlp":"TLP:AMBER+STRICT","#,
    ] {
        assert!(FULL.contains(property), "{property}");
        let read = read(&FULL.replacen(property, "", 1));
        assert!(matches!(read, Err(BadLabel::Property(_))), "{read:?}");
    }
    let more = FULL.replacen(r#""onward":true"#, r#""all":true,"onward":true"#, 1);
    assert_eq!(read(&more), Err(BadLabel::Unknown("all".to_owned())));
}

/// ATTACKS: stripped, swapped, duplicated.
#[test]
fn a_mutated_label_is_refused() {
    let wider = [
        (r#""EST","GBR","POL""#, r#""EST","GBR","POL","USA""#),
        (r#""TLP:AMBER+STRICT","under""#, r#""TLP:CLEAR","under""#),
        (r#""originator":"KOR""#, r#""originator":"EST""#),
        (r#""law-enforcement-only","no-foreign-contractors""#, r#""law-enforcement-only""#),
        (r#"{"area":"space","programme":"itpp"},"#, ""),
        (r#""exercise":"cc23","#, ""),
        (r#""not_after":"2027-01-15T08:00:00.000Z","#, ""),
        (r#""not_before":"2023-11-14T22:13:20.000Z","#, ""),
        ("indirect", "direct"),
        (r#""caveats":["law-enforcement-only","no-foreign-contractors"],"#, ""),
        (r#""rel_to":["EST","GBR","POL"],"#, ""),
        (UNDER, ""),
    ];
    for (from, to) in wider {
        assert!(FULL.contains(from), "{from}");
        let text = FULL.replacen(from, to, 1);
        let fitting = with_fitting_id(&text);
        let expected = uuid_of(parse(fitting.as_bytes()).unwrap().as_object().unwrap());
        assert_eq!(read(&text), Err(BadLabel::Swapped { expected }), "{text}");
    }
    // One label's body under the other's id.
    let swapped = FULL.replace(&FULL_ID.to_string(), &PLAIN_ID.to_string());
    assert_eq!(read(&swapped), Err(BadLabel::Swapped { expected: FULL_ID }));
    // A key twice does not even parse.
    for key in ["\"rel_to\"", "\"tlp\"", "\"extensions\"", "\"id\""] {
        let twice = FULL.replacen(key, &format!("{key}:1,{key}"), 1);
        assert!(parse(twice.as_bytes()).is_err(), "{key}");
    }
}

#[test]
fn refusals_say_what_is_wrong() {
    for (bad, text) in [
        (
            BadLabel::Property("tlp"),
            "the label's property \"tlp\" is missing or not as docs/formats/label.md says",
        ),
        (
            BadLabel::Unknown("all".to_owned()),
            "the label has a property \"all\", which labels do not have",
        ),
        (
            BadLabel::Swapped { expected: Uuid::nil() },
            "the label's id belongs to another body: expected 00000000-0000-0000-0000-000000000000",
        ),
        (
            BadLabel::OtherForm,
            "the label's marking definition is not written as docs/formats/label.md says",
        ),
    ] {
        assert_eq!(bad.to_string(), text);
    }
}

proptest! {
    #![proptest_config(cases(20_000))]

    /// Whatever byte is changed: refused by the parser or the reader, or the very same label.
    #[test]
    fn no_changed_byte_gives_another_label(place in 0..FULL.len(), byte in 0x20_u8..0x7f) {
        let mut bytes = FULL.as_bytes().to_vec();
        bytes[place] = byte;
        if let Ok(value) = parse(&bytes)
            && let Some(map) = value.as_object()
            && let Ok(read) = from_stix(map, FULL_ID)
        {
            prop_assert_eq!(read, full());
            entente_release::fuzz::label(&bytes);
        }
    }
}
