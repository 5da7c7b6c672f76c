//! Row 3 of the attacks: whatever is done to the markings of an object on its way, it goes to nobody
//! who could not have had the original.

use std::collections::BTreeSet;
use std::time::Duration;

use entente_intake::{Outcome, Prepared, Refused, prepare};
use entente_object::clock::Clock as _;
use entente_object::id::Id;
use entente_object::marking::Tlp;
use entente_release::label_marking;
use serde_json::{Value, json};

use crate::dice::Dice;
use crate::fixture::{Node, applied_in, object};
use crate::mutants::{bodies, definition, label, marked, mutants, oracle};
use crate::nations::{PARTNERS, nine};

/// The partners that have an object, by its id.
fn have(node: &Node, id: &str) -> BTreeSet<&'static str> {
    let key = Id::parse(id).unwrap().key();
    let versions = node.desk.home().versions(key).unwrap();
    let has = |code: &&str| versions.iter().any(|known| known.released.contains(node.index(code)));
    PARTNERS.into_iter().filter(has).collect()
}

fn id(value: &Value) -> &str {
    value["id"].as_str().unwrap()
}

fn prepared(values: &[Value]) -> Vec<Prepared> {
    values.iter().filter_map(|value| prepare(value.to_string().into_bytes()).ok()).collect()
}

#[test]
fn no_mutation_of_markings_is_released_wider_than_the_original() {
    let mut dice = Dice(3);
    let mut node = Node::with(&nine(), &PARTNERS);
    let (mut tried, mut wide, mut remarked, mut n) = (0, 0, 0, 0);
    for number in 0..200 {
        let original = marked(&mut dice, number);
        let expected = oracle(&original);
        wide += expected.len();
        let whole = [original.definitions.clone(), vec![original.object.clone()]].concat();
        node.take(prepared(&whole), "KOR", None);
        assert_eq!(have(&node, id(&original.object)), expected, "{}", original.object);
        let mut batch = Vec::new();
        let mut limits = Vec::new();
        for mutant in mutants(&original) {
            tried += 1;
            n += 1;
            // Under its own id and version nothing but the original counts, whoever brings it.
            if mutant.well_formed.is_none() {
                batch.extend(prepared(&mutant.definitions));
            }
            batch.extend(prepare(mutant.text.clone().into_bytes()));
            // Under an id of its own only what its markings say, and these are no wider unless
            // somebody with the right to mark it has marked it so.
            let (text, other) = mutant.under_another_id(id(&original.object), n);
            if let Ok(object) = prepare(text.into_bytes()) {
                assert!(!mutant.what.starts_with("doubled"), "{}", mutant.what);
                batch.push(object);
                let limit = mutant.well_formed.as_ref().map_or(expected.clone(), oracle);
                remarked += usize::from(!limit.is_subset(&expected));
                limits.push((mutant.what, other, limit));
            }
        }
        for outcome in node.take(batch, "KOR", None) {
            assert_ne!(outcome, Outcome::Refused(Refused::DefinesTlp));
        }
        assert_eq!(have(&node, id(&original.object)), expected, "{}", original.object);
        for (what, other, limit) in limits {
            let has = have(&node, &other);
            assert!(has.is_subset(&limit), "{what}: {has:?}, but {limit:?}: {}", original.object);
            let is_plain =
                ["stripped", "one stripped", "granular removed", "swapped"].contains(&what);
            assert!(!is_plain || has == limit, "{what}: {has:?} is not {limit:?}");
        }
    }
    assert!(wide > 200, "{wide}");
    println!("{tried} mutations of 200 objects; {remarked} are well marked, only lower");
}

/// How the true definition and a forged one of the same id come.
const ORDERS: [[&[bool]; 3]; 6] = [
    [&[true], &[false], &[]],
    [&[false], &[true], &[]],
    [&[true, false], &[], &[]],
    [&[false, true], &[], &[]],
    [&[false, false, true], &[], &[]],
    [&[true], &[true, false], &[false]],
];

#[test]
fn a_forged_definition_of_a_label_never_widens_it_in_any_order() {
    let everybody = applied_in("nine/open", Tlp::Clear, &PARTNERS);
    let few: BTreeSet<&str> = ["USA", "POL"].into();
    let mut node = Node::with(&nine(), &PARTNERS);
    let mut n = 0;
    for forged in 0..bodies(&definition(1, &few)).len() {
        for order in ORDERS {
            for applied in [None, Some(&everybody)] {
                // A window that differs makes each a label of its own.
                n += 1;
                let mut label = label(1, &few);
                label.window.not_after =
                    Some(node.clock.now().saturating_add(Duration::from_hours(n)));
                let truth: Value = serde_json::from_str(&label_marking::to_stix(&label)).unwrap();
                let (what, lie) = bodies(&truth).swap_remove(forged);
                for batch in order {
                    let batch: Vec<Value> = batch
                        .iter()
                        .map(|is_true| if *is_true { &truth } else { &lie })
                        .cloned()
                        .collect();
                    node.take(prepared(&batch), "KOR", applied);
                }
                let name = format!("malware--2c7b5b88-8ff7-4a4d-aa9d-{n:012x}");
                let marked = object(&json!({
                    "type": "malware", "spec_version": "2.1", "id": name, "name": what,
                    "created": "2023-12-01T00:00:00.000Z", "modified": "2023-12-01T00:00:00.000Z",
                    "is_family": true, "object_marking_refs": [truth["id"]],
                }));
                node.take(vec![marked], "KOR", applied);
                let has = have(&node, &name);
                // A forgery of a later date is the newest of its id: then nobody has what bears it.
                let is_later = what == "dated otherwise" && has.is_empty();
                assert!(is_later || has == few, "{what}, {order:?}, {has:?}");
            }
        }
    }
}

#[test]
fn a_marking_whose_meaning_is_unknown_is_not_passed_over() {
    let mut node = Node::with(&nine(), &PARTNERS);
    let truth = definition(1, &["USA"].into());
    for (n, (what, lie)) in bodies(&truth).into_iter().enumerate() {
        let mut lie = lie;
        let marking = format!("marking-definition--4c7b5b88-8ff7-4a4d-aa9d-{n:012x}");
        lie["id"] = json!(marking);
        let name = format!("malware--3c7b5b88-8ff7-4a4d-aa9d-{n:012x}");
        let marked = json!({
            "type": "malware", "spec_version": "2.1", "id": name, "name": what, "is_family": true,
            "created": "2023-12-01T00:00:00.000Z", "modified": "2023-12-01T00:00:00.000Z",
            "object_marking_refs": [marking],
        });
        let wide = applied_in("nine/open", Tlp::Green, &["POL"]);
        node.take(prepared(&[lie, marked]), "KOR", Some(&wide));
        // A statement restricts nothing that a program can check; all else may.
        assert_eq!(have(&node, &name).len(), usize::from(what == "made a statement"), "{what}");
    }
}
