//! Row 2 of the attacks: of two contents of one id and version neither replaces the other. What a
//! node took first stays, what comes in one batch is refused whole, and the rest is evidence.

use std::collections::BTreeMap;

use entente_intake::acts::{EvidenceAct, kind};
use entente_intake::{Outcome, Prepared, Refused, hex};
use entente_object::marking::Tlp;
use serde_json::json;

use crate::fixture::{Node, applied, object, ready, released};
use crate::nations::nation;

const ID: &str = "malware--0c7b5b88-8ff7-4a4d-aa9d-feb398cd0001";

fn named(name: &str) -> Prepared {
    object(&json!({
        "type": "malware", "spec_version": "2.1", "id": ID, "created": "2023-12-01T00:00:00.000Z",
        "modified": "2023-12-01T00:00:00.000Z", "name": name, "is_family": true,
    }))
}

/// What is kept as evidence, by digest.
fn evidence(node: &Node) -> BTreeMap<String, String> {
    let acts = node.desk.home().acts(kind::EVIDENCE).unwrap();
    let read = acts.iter().map(|(_, act)| serde_json::from_str::<EvidenceAct>(&act.json).unwrap());
    read.map(|act| (act.digest, act.object)).collect()
}

/// For each alarm who did it, of what kind, about which content.
fn alarms(node: &Node) -> Vec<(String, String, String)> {
    node.alarms().into_iter().map(|alarm| (alarm.nation, alarm.what, alarm.digest)).collect()
}

fn alarm(nation: &str, object: &Prepared) -> (String, String, String) {
    (nation.to_owned(), "equivocation".to_owned(), hex(&object.digest))
}

fn conflict() -> Outcome {
    Outcome::Refused(Refused::Conflict(named("").id))
}

fn kept(objects: &[&Prepared]) -> BTreeMap<String, String> {
    let text = |object: &Prepared| String::from_utf8(object.bytes.clone()).unwrap();
    objects.iter().map(|object| (hex(&object.digest), text(object))).collect()
}

#[test]
fn from_one_nation_the_second_is_refused_and_kept_in_either_order() {
    let all = applied(Tlp::Green, &["USA", "POL"]);
    for bringer in ["KOR", "USA"] {
        for [first, second] in [["one", "two"], ["two", "one"]].map(|names| names.map(named)) {
            let mut node = Node::shipped(&["USA", "POL"]);
            let outcomes = node.take(vec![first.clone()], bringer, Some(&all));
            assert!(released(&outcomes[0]).is_some_and(|set| !set.is_empty()));
            let view = node.whole("USA");
            for _ in 0..2 {
                assert_eq!(node.take(vec![second.clone()], bringer, Some(&all)), [conflict()]);
            }
            assert_eq!(node.take(vec![first.clone()], bringer, Some(&all)), [Outcome::Same]);
            node.desk.review(true, &mut |_| ()).unwrap();
            assert_eq!(alarms(&node), [alarm(bringer, &second), alarm(bringer, &second)]);
            assert_eq!(evidence(&node), kept(&[&second]));
            assert_eq!(node.whole("USA"), view, "{bringer}");
        }
    }
}

#[test]
fn of_two_in_one_batch_neither_is_taken_in_either_order() {
    let all = applied(Tlp::Green, &["USA"]);
    let (one, two) = (named("one"), named("two"));
    for batch in [[&one, &two], [&two, &one]] {
        let mut node = Node::shipped(&["USA"]);
        let batch: Vec<Prepared> = batch.into_iter().cloned().collect();
        assert_eq!(node.take(batch, "KOR", Some(&all)), [conflict(), conflict()]);
        assert_eq!(node.desk.home().versions(one.key).unwrap(), []);
        assert_eq!(evidence(&node), kept(&[&one, &two]));
        assert_eq!(node.alarms().len(), 2);
        // What is here stands, whatever it comes with.
        node.take(vec![named("two")], "KOR", Some(&all));
        let outcomes = node.take(vec![one.clone(), two.clone()], "KOR", Some(&all));
        assert_eq!(outcomes, [conflict(), Outcome::Same]);
        assert_eq!(node.view("USA"), String::from_utf8_lossy(&two.bytes));
    }
}

#[test]
fn from_two_nations_both_are_kept_apart_with_an_alarm_in_either_order() {
    let all = applied(Tlp::Green, &["USA", "POL"]);
    let (ours, theirs) = (named("ours"), named("theirs"));
    for ours_first in [true, false] {
        let mut node = Node::shipped(&["USA", "POL"]);
        let mut order = [("KOR", &ours), ("USA", &theirs)];
        if !ours_first {
            order.reverse();
        }
        for (bringer, object) in order {
            assert!(released(&node.take(vec![object.clone()], bringer, Some(&all))[0]).is_some());
        }
        let (second, object) = order[1];
        assert_eq!(alarms(&node), [alarm(second, object)]);
        let mut bringers: Vec<_> = node.desk.home().versions(ours.key).unwrap();
        bringers.sort_by_key(|known| known.bringer);
        let digests = bringers.iter().map(|known| node.desk.home().digest(known.seq).unwrap());
        assert_eq!(digests.collect::<Vec<_>>(), [ours.digest, theirs.digest]);
        assert_eq!(node.view("POL"), String::from_utf8_lossy(&ours.bytes), "{ours_first}");
        assert_eq!(node.desk.newest(ID).unwrap().bringer, nation("KOR"));
    }
}

#[test]
fn the_same_content_written_otherwise_by_another_nation_raises_no_alarm() {
    let all = applied(Tlp::Green, &["USA"]);
    let mut node = Node::shipped(&["USA"]);
    let ours = named("same");
    let spaced = String::from_utf8(ours.bytes.clone()).unwrap().replace(',', ", ");
    node.take(vec![ours.clone()], "KOR", Some(&all));
    node.take(vec![ready(&spaced)], "USA", Some(&all));
    assert_eq!(node.alarms(), []);
}

#[test]
fn evidence_has_a_limit_and_the_digest_none() {
    let mut node = Node::shipped(&[]);
    let overhead = named("").bytes.len();
    for (length, is_kept) in [(64 * 1024, true), (64 * 1024 + 1, false)] {
        node.take(vec![named("first")], "KOR", None);
        let long = named(&"x".repeat(length - overhead));
        assert_eq!(node.take(vec![long.clone()], "KOR", None), [conflict()]);
        assert_eq!(evidence(&node).contains_key(&hex(&long.digest)), is_kept, "{length}");
        assert_eq!(alarms(&node).pop(), Some(alarm("KOR", &long)));
    }
}
