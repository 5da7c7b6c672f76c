//! What was released and is taken back: by people, and when its time is over.

use std::time::Duration;

use entente_intake::Prepared;
use entente_intake::acts::ReceiptAct;
use entente_object::clock::Clock as _;
use entente_object::marking::Tlp;
use entente_release::NationSet;
use entente_store::Reader;

use crate::fixture::{Node, applied, ready};
use crate::nations::nation;

fn nations(codes: &[&str]) -> NationSet {
    codes.iter().map(|code| nation(code)).collect()
}

fn indicator(number: u8, version: u8) -> Prepared {
    ready(&format!(
        r#"{{"type":"indicator","spec_version":"2.1","id":"indicator--0c7b5b88-8ff7-4a4d-aa9d-feb398cd00{number:02x}",
        "created":"2023-12-01T00:00:00.000Z","modified":"2023-12-0{version}T00:00:00.000Z",
        "pattern":"[domain-name:value = 'a.example']","pattern_type":"stix","valid_from":"2023-12-01T00:00:00Z"}}"#
    ))
}

fn verifies(node: &Node, code: &str) {
    let reader = Reader::open(node.folder.path()).unwrap();
    let origin = format!("KOR/ledger/{code}");
    let key = node.desk.key();
    reader.verify_ledger(node.index(code), &origin, key, &mut |_| ()).unwrap();
}

#[test]
fn a_recall_takes_every_version_back_and_nothing_brings_it_again() {
    let mut node = Node::shipped(&["USA", "POL"]);
    let label = applied(Tlp::Green, &["USA", "POL"]);
    let (old, new) = (indicator(1, 1), indicator(1, 2));
    let id = new.id.to_string();
    node.take(vec![old], "KOR", Some(&label));
    node.take(vec![new, indicator(2, 1)], "KOR", Some(&label));
    assert_eq!(node.whole("POL").len(), 3);
    let before = node.whole("USA").len();
    let act =
        node.desk.recall(&id, &nations(&["POL"]), ("it names a source", Some("lee"))).unwrap();
    // Two released, one of another object, two taken back.
    assert_eq!(act.entries.get("POL"), Some(&5));
    assert!(node.whole("POL").iter().all(|seen| !seen.text.contains(&id)));
    assert_eq!(node.whole("POL").len(), 1);
    // The United States has it under the narrower label as well.
    assert_eq!(node.whole("USA").len(), before + 1);
    let told = node.desk.explain(&id, nation("POL")).unwrap();
    assert!(!told.released && told.label.contains("REL TO KOR, USA//"), "{told:?}");
    assert!(node.desk.explain(&id, nation("USA")).unwrap().released);
    node.desk.review(true, &mut |_| ()).unwrap();
    node.desk.decide_again().unwrap();
    assert_eq!(node.whole("POL").len(), 1);
    for code in ["POL", "USA"] {
        verifies(&node, code);
    }
    // Once more changes nothing in Poland's ledger.
    let again = node.desk.recall(&id, &nations(&["POL"]), ("again", None)).unwrap();
    assert!(again.entries.is_empty());
}

#[test]
fn a_recall_is_not_acknowledged_until_a_receipt_covers_it() {
    let mut node = Node::shipped(&["POL"]);
    let label = applied(Tlp::Green, &["POL"]);
    let object = indicator(1, 1);
    let id = object.id.to_string();
    node.take(vec![object], "KOR", Some(&label));
    node.desk.recall(&id, &nations(&["POL", "USA"]), ("mistake", None)).unwrap();
    let state = |node: &Node| node.desk.recalls().unwrap().pop().unwrap().acknowledged;
    assert_eq!(state(&node), [(nation("POL"), false)].into());
    for (size, done) in [(1, false), (2, true)] {
        let act = ReceiptAct { size, note: String::new() };
        assert!(node.desk.acknowledge(nation("POL"), &act).unwrap());
        assert_eq!(state(&node), [(nation("POL"), done)].into(), "{size}");
    }
}

#[test]
fn an_object_whose_time_is_over_leaves_every_view_once() {
    let mut node = Node::shipped(&["USA", "POL"]);
    let mut label = applied(Tlp::Green, &["USA", "POL"]);
    label.window.not_after = Some(node.clock.now().saturating_add(Duration::from_hours(1)));
    node.take(vec![indicator(1, 1), indicator(2, 1)], "KOR", Some(&label));
    node.take(vec![indicator(3, 1)], "KOR", Some(&applied(Tlp::Green, &["USA"])));
    assert_eq!(node.desk.expire().unwrap(), 0);
    assert_eq!((node.whole("USA").len(), node.whole("POL").len()), (3, 2));
    node.clock.advance(Duration::from_hours(1));
    assert_eq!(node.desk.expire().unwrap(), 4);
    assert_eq!((node.whole("USA").len(), node.whole("POL").len()), (1, 0));
    assert_eq!(node.desk.expire().unwrap(), 0);
    node.desk.review(true, &mut |_| ()).unwrap();
    assert_eq!((node.whole("USA").len(), node.whole("POL").len()), (1, 0));
    for code in ["POL", "USA"] {
        verifies(&node, code);
    }
}

#[test]
fn what_is_not_here_or_was_brought_by_another_is_not_recalled() {
    let mut node = Node::shipped(&["USA", "POL"]);
    let object = indicator(1, 1);
    let id = object.id.to_string();
    assert!(node.desk.recall(&id, &nations(&["POL"]), ("no", None)).is_err());
    node.take(vec![object], "USA", Some(&applied(Tlp::Green, &["KOR"])));
    assert!(node.desk.recall(&id, &nations(&["USA"]), ("no", None)).is_err());
}
