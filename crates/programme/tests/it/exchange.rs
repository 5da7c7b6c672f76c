//! Programmes in other formats and back: what is carried comes back, what is not is told, and what is
//! no programme is refused with its place.

use entente_programme::exchange::{DOCUMENT_MAX, Imported, iati, oscal, to_toml};
use entente_programme::{Difference, Problem, Programme, Subject, compare};
use proptest::prelude::{Strategy, any, prop_assert_eq, prop_oneof, proptest};
use proptest::sample::{Index, select};

use crate::catalogue::with_catalogue;
use crate::fixture::{lines, shipped, small};

fn read(text: &str) -> Programme {
    Programme::parse(text, "p.toml").unwrap_or_else(|problems| panic!("{problems:?}\n{text}"))
}

/// Whether only what IATI has no place for is gone.
fn same_catalogue(before: &Programme, after: &Programme) {
    for change in compare(before, after) {
        let left_out = matches!(change.subject, Subject::Terms | Subject::Group | Subject::Caveat);
        assert!(left_out && change.difference == Difference::Removed, "{change}");
    }
}

#[test]
fn a_programme_file_that_is_written_reads_as_the_same_programme() {
    for programme in [shipped(), small(), read(&with_catalogue())] {
        let text = to_toml(&programme);
        assert_eq!(compare(&programme, &read(&text)), []);
        assert_eq!(to_toml(&read(&text)), text, "there is one way to write it");
    }
}

#[test]
fn iati_carries_the_catalogue_and_says_what_it_leaves_out() {
    for programme in [shipped(), read(&with_catalogue())] {
        let exported = iati::export(&programme);
        assert!(
            exported.notes[0]
                .ends_with("terms of exchange are left out: IATI has no place for them")
        );
        let Imported { programme: back, notes, .. } =
            iati::import(&exported.text, "p.xml").unwrap();
        same_catalogue(&programme, &back);
        assert_eq!(notes.len(), 1, "{notes:?}");
        assert!(notes[0].contains("the programme permits nothing"));
        assert_eq!(iati::export(&back).text, exported.text);
    }
}

#[test]
fn json_carries_everything() {
    for programme in [shipped(), small(), read(&with_catalogue())] {
        let exported = oscal::export(&programme);
        let Imported { programme: back, notes, .. } =
            oscal::import(&exported.text, "p.json").unwrap();
        assert_eq!(compare(&programme, &back), []);
        assert!(notes.is_empty(), "{notes:?}");
        assert_eq!(oscal::export(&back), exported);
    }
}

#[test]
fn the_profile_of_a_nation_is_what_it_owns() {
    let text = oscal::export(&read(&with_catalogue())).text;
    let document: serde_json::Value = serde_json::from_str(&text).unwrap();
    let profiles = document["profiles"].as_array().unwrap();
    assert_eq!(profiles.len(), 1, "POL owns nothing");
    let ids = &profiles[0]["imports"][0]["include-controls"][0]["with-ids"];
    assert_eq!(*ids, serde_json::json!(["air-measure", "air-support"]));
    let task = &document["plan-of-action-and-milestones"]["poam-items"][0]["tasks"][0];
    assert_eq!(task["timing"]["on-date"]["date"], "2024-02-29");
}

/// What stands in the document, what to put in its place, and what is said of it.
const BAD_IATI: &[(&str, &str, &str)] = &[
    ("<iati-activities", "<activities", "p.xml:"),
    (
        "version=\"2.03\"",
        "version=\"1.05\"",
        "p.xml:2:1: the version is 1.05, and only 2.03 is read; convert it to 2.03 first",
    ),
    (
        "<entente:programme ",
        "<entente:program ",
        "p.xml:2:1: 0 activities are programmes, and it has to be one",
    ),
    ("urn:entente:programme:1", "urn:other", "0 activities are programmes"),
    (
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>",
        "<!DOCTYPE a [<!ENTITY b \"c\">]>",
        "p.xml:1:1: a document type is not read",
    ),
    ("<narrative>Korea and Poland<", "<narrative>&b;<", "&b; is not known"),
    ("</iati-activities>", "", "p.xml:"),
    (
        "ref=\"kor-pol-2024:air\" type=\"1\"",
        "ref=\"nowhere\" type=\"1\"",
        "the activity \"kor-pol-2024:air:air-objective\" is below none that is there",
    ),
    ("iso-date=\"2023-12-31\"", "iso-date=\"31.12.2023\"", "\"date\" is no day"),
    ("<target value=\"10\"/>", "<target value=\"ten\"/>", "\"target\" is no quantity"),
    ("code=\"air-indicator\"", "code=\"Air Indicator\"", "is no name"),
    ("query=\"reports\"", "query=\"all\"", "\"all\" is no query"),
    ("role=\"desk officer\"", "", "a measure without \"role\""),
    (
        "<narrative>Flying together<",
        "<narrative>\u{202e}<",
        "the text has a character that does not show",
    ),
];

#[test]
fn iati_that_is_no_programme_is_refused_where_it_is_wrong() {
    let text = iati::export(&read(&with_catalogue())).text;
    for (from, to, expected) in BAD_IATI {
        assert!(text.contains(from), "{from:?} stands there");
        let told = refused(iati::import(&text.replacen(from, to, 1), "p.xml"));
        assert!(told.iter().any(|line| line.contains(expected)), "{to}: {told:#?}");
    }
    for other in ["", "no", "<a>", "<a></b>", "<a b=c/>", "<a b='1' b='2'/>", "\u{feff}"] {
        assert!(!refused(iati::import(other, "p.xml")).is_empty(), "{other}");
    }
    let deep = "<a>".repeat(100_000);
    assert_eq!(
        refused(iati::import(&deep, "p.xml")),
        ["p.xml:1:97: <a> is nested deeper than 32; correct the document, or export it again"]
    );
    let long = " ".repeat(DOCUMENT_MAX + 1);
    assert!(refused(iati::import(&long, "p.xml"))[0].contains("more than 4194304 bytes"));
    assert!(refused(oscal::import(&long, "p.json"))[0].contains("more than 4194304 bytes"));
}

#[test]
fn what_was_not_read_is_told() {
    let text = iati::export(&read(&with_catalogue())).text;
    let text =
        text.replacen("<target value=\"10\"/>", "<target value=\"10\"/><actual value=\"9\"/>", 1);
    let text = text.replacen("<activity-status", "<budget/><activity-status", 1);
    let notes = iati::import(&text, "p.xml").unwrap().notes;
    assert!(
        notes.contains(
            &"1 actuals were not read: they are not of the programme, and people enter them"
                .to_owned()
        ),
        "{notes:?}"
    );
    assert!(notes.contains(&"<budget> was not read, 1 times".to_owned()), "{notes:?}");
    let json = oscal::export(&read(&with_catalogue())).text;
    let json = json.replacen("\"value\": \"air-measure\"", "\"value\": \"gone\"", 1);
    let json = json.replacen("\"results\": []", "\"results\": [{}]", 1);
    let notes = oscal::import(&json, "p.json").unwrap().notes;
    assert_eq!(notes.len(), 2, "{notes:?}");
}

#[test]
fn json_that_is_no_programme_is_refused_where_it_is_wrong() {
    let text = oscal::export(&read(&with_catalogue())).text;
    for (from, to, expected) in [
        ("\"catalog\"", "\"catalogue\"", "p.json:1:1: the document has no \"catalog\""),
        ("\"groups\"", "\"uuid\"", "p.json:"),
        ("\"value\": \"amber\"", "\"value\": \"red\"", "the ceiling is red"),
        ("\"value\": \"12.5\"", "\"value\": \"a lot\"", "\"value\" is no quantity"),
        ("\"value\": \"3\"", "\"value\": \"many\"", "\"releasers\" is no whole number"),
        ("\"date\": \"2024-02-29\"", "\"date\": \"2024-02-30\"", "\"due\" is no day"),
        ("\"value\": \"KOR\"", "\"value\": \"ROK\"", "did you mean \"KOR\"?"),
    ] {
        assert!(text.contains(from), "{from:?} stands there");
        let told = refused(oscal::import(&text.replacen(from, to, 1), "p.json"));
        assert!(told.iter().any(|line| line.contains(expected)), "{to}: {told:#?}");
    }
    for other in ["", "{", "[]", "{}", "null", "{\"catalog\":1}", "{\"catalog\":{\"groups\":[1]}}"]
    {
        assert!(!refused(oscal::import(other, "p.json")).is_empty(), "{other}");
    }
}

fn refused(imported: Result<Imported, Vec<Problem>>) -> Vec<String> {
    lines(&imported.err().unwrap_or_default())
}

/// Texts that people write, with what means something in XML, JSON and TOML.
fn any_text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        select(vec![
            "<b>", "&amp;", "&", "]]>", "\"", "'", "\\", "\"\"\"", "'''", "\\u0041", "한국", "é",
            "🛰", "{", "#", "=", "<!--", "a", " "
        ])
        .prop_map(str::to_owned),
        "[ -~]{1,8}",
    ];
    proptest::collection::vec(piece, 1..6)
        .prop_map(|pieces| pieces.concat())
        .prop_filter("a text says something", |text| !text.trim().is_empty() && text.len() < 150)
}

/// The programme with a catalogue, some of its texts replaced.
fn varied() -> impl Strategy<Value = Programme> {
    let change = (any::<Index>(), any_text());
    proptest::collection::vec(change, 1..10).prop_map(|changes| {
        let text = with_catalogue();
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        let keys = [
            "title = ",
            "title_ko = ",
            "background = ",
            "role = ",
            "verify = ",
            "source = ",
            "meaning = ",
            "name = ",
        ];
        let texts: Vec<usize> = (0..lines.len())
            .filter(|at| keys.iter().any(|key| lines[*at].starts_with(key)))
            .collect();
        for (at, text) in changes {
            let line = &mut lines[texts[at.index(texts.len())]];
            let key = line.split(' ').next().unwrap().to_owned();
            // A long prose has lines and tabs.
            let text = if key == "background" { format!("{text}\n\t{text}") } else { text };
            *line = format!("{key} = {}", toml::Value::String(text));
        }
        read(&lines.join("\n"))
    })
}

proptest! {
    #[test]
    fn whatever_texts_say_they_come_back(programme in varied()) {
        prop_assert_eq!(compare(&programme, &read(&to_toml(&programme))), []);
        let json = oscal::import(&oscal::export(&programme).text, "p.json").unwrap();
        prop_assert_eq!(compare(&programme, &json.programme), []);
        let xml = iati::import(&iati::export(&programme).text, "p.xml").unwrap();
        same_catalogue(&programme, &xml.programme);
    }

    #[test]
    fn no_document_makes_an_importer_panic(text in any::<String>(), cut in any::<Index>(), piece in any_text()) {
        let _told = (iati::import(&text, "p.xml"), oscal::import(&text, "p.json"));
        let whole = [iati::export(&small()).text, oscal::export(&small()).text];
        for whole in whole {
            let chars: Vec<char> = whole.chars().collect();
            let at = cut.index(chars.len());
            let cut: String = chars[..at].iter().collect::<String>() + &piece + &chars[at..].iter().skip(3).collect::<String>();
            let _told = (iati::import(&cut, "p.xml"), oscal::import(&cut, "p.json"));
        }
    }
}
