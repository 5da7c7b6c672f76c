//! Row 5 of the attacks: of random graphs in random order each partner has exactly what a naive
//! reading of the rule gives it, and nothing in its view names, numbers or hashes anything else.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use entente_object::clock::Clock as _;
use entente_object::marking::Tlp;
use entente_release::label::{Faults, PermittedActions, Window};
use entente_release::{Label, Nation, label_marking};
use serde_json::{Value, json};

use crate::dice::Dice;
use crate::fixture::{Node, applied_in, object};
use crate::graph::{
    CAREFUL, Graph, TIME, TLP_2, edition, graph, label, mentions, oracle, own_traces, public,
    random, some_nations, traces, uuid,
};
use crate::nations::{PARTNERS, nation, nine};

const GRAPHS: usize = 1_000;
const GRAPHS_PER_NODE: usize = 250;

fn node() -> Node {
    let mut node = Node::with(&nine(), &PARTNERS);
    for code in CAREFUL {
        node.desk.change_partner(nation(code), |act| act.caveats = vec!["careful".into()]).unwrap();
    }
    node
}

#[test]
fn each_partner_has_of_a_thousand_graphs_what_it_may_have_and_no_trace_of_the_rest() {
    let mut dice = Dice(5);
    let (mut objects, mut released, mut older) = (0, 0, 0);
    for first in (0..GRAPHS).step_by(GRAPHS_PER_NODE) {
        let mut node = node();
        let mut expected: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
        let mut traces_of: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        let mut newest: BTreeMap<String, String> = BTreeMap::new();
        let before: Vec<Value> =
            (10..16).map(|n| label(&mut dice, (GRAPHS + first, n), node.clock.now())).collect();
        let groups: Vec<Vec<&str>> = (0..4).map(|_| some_nations(&mut dice)).collect();
        node.take(before.iter().map(object).collect(), "KOR", None);
        for number in first..first + GRAPHS_PER_NODE {
            let graph = graph(&mut dice, number, node.clock.now(), (&before, &groups));
            objects += graph.objects.len() + graph.versions.len();
            for object in graph.all() {
                traces_of.insert(edition(object), own_traces(object));
                let last = newest.entry(uuid(object)).or_default();
                *last = last.clone().max(edition(object));
            }
            for (partner, has) in oracle(&graph, &node.clock.now().to_stix()) {
                expected.entry(partner).or_default().extend(has);
            }
            take(&mut dice, &mut node, graph);
        }
        for (partner, expected) in &expected {
            let view = node.whole(partner);
            let mut seen = BTreeSet::new();
            let mut found = BTreeSet::new();
            let mut mentioned = Vec::new();
            for row in &view {
                let object: Value = serde_json::from_str(&row.text).unwrap();
                seen.insert(edition(&object));
                found.extend(traces(&row.text));
                mentioned.extend(mentions(&object));
            }
            older += mentioned.iter().filter(|id| !seen.contains(&newest[*id])).count();
            released += seen.len();
            let too_much: Vec<_> = seen.difference(expected).collect();
            let too_little: Vec<_> = expected.difference(&seen).collect();
            let mut may: BTreeSet<String> = public().clone();
            may.extend(seen.iter().flat_map(|id| traces_of[id].iter().cloned()));
            let leaks: Vec<_> = found.difference(&may).collect();
            assert!(leaks.is_empty(), "{partner}: {leaks:?}");
            assert!(too_much.is_empty(), "{partner}: {too_much:?}");
            assert!(too_little.is_empty(), "{partner}: {too_little:?}");
        }
        assert!(node.desk.partner(nation("FRA")).is_err());
    }
    println!("{GRAPHS} graphs, {objects} objects, {released} of them in one of 8 views");
    println!("{older} mentions of what the partner has in an older version alone");
    assert!(older > 100, "hardly ever was an older version enough");
    assert!(released > objects, "hardly anything was released: the test shows nothing");
}

fn take(dice: &mut Dice, node: &mut Node, graph: Graph) {
    let applied = graph.applied.as_ref();
    let applied = applied.map(|(level, to)| applied_in("nine/open", Tlp::ALL[*level], to));
    take_as(dice, node, graph, applied.as_ref());
}

/// Takes a graph in, in any order and any parts, but what comes in several versions first.
fn take_as(
    dice: &mut Dice,
    node: &mut Node,
    graph: Graph,
    label: Option<&entente_intake::Applied>,
) {
    let (mut objects, mut rest) = (graph.versions, graph.objects);
    dice.shuffle(&mut objects);
    dice.shuffle(&mut rest);
    objects.append(&mut rest);
    while !objects.is_empty() {
        let length = 1 + dice.below(objects.len());
        let batch = objects.drain(..length).map(|value| object(&value)).collect();
        node.take(batch, "KOR", label);
    }
}

#[test]
fn a_container_has_the_same_label_in_whatever_order_its_members_come() {
    let mut dice = Dice(11);
    let mut node = node();
    let all = applied_in("nine/open", Tlp::Amber, &ALL);
    for number in 0..60 {
        let id = |kind: &str, n| format!("{kind}--{}", random(number, n));
        let (strict, sighting, report) = (id("malware", 1), id("sighting", 2), id("report", 3));
        let (of_two, grouping) = (id("note", 4), id("grouping", 5));
        let definition = label_for(&node, number, &FEW);
        // A report on a sighting of what is strict; a note and a grouping in a circle, the note with
        // a marking of its own and on the report.
        let mut objects = vec![
            json!({ "id": strict, "name": "m", "is_family": true, "object_marking_refs": [TLP_2[3]] }),
            json!({ "id": sighting, "sighting_of_ref": strict }),
            json!({ "id": report, "name": "r", "published": TIME, "object_refs": [sighting] }),
            json!({ "id": of_two, "content": "n", "object_refs": [grouping, report],
                "object_marking_refs": [definition["id"]] }),
            json!({ "id": grouping, "name": "g", "context": "unspecified", "object_refs": [of_two] }),
        ];
        for object in &mut objects {
            let kind = object["id"].as_str().unwrap().split_once("--").unwrap().0;
            (object["type"], object["spec_version"]) = (json!(kind), json!("2.1"));
            (object["created"], object["modified"]) = (json!(TIME), json!(TIME));
        }
        objects.push(definition);
        let whole = Graph { applied: None, objects, versions: Vec::new(), before: Vec::new() };
        take_as(&mut dice, &mut node, whole, Some(&all));
        let wide = "TLP:AMBER+STRICT//REL TO KOR, GBR, POL, USA//OPEN";
        let narrow = "TLP:AMBER+STRICT//REL TO KOR, POL, USA//OPEN";
        let expected = [wide, wide, wide, narrow, narrow];
        let ids = [strict, sighting, report, of_two, grouping];
        for (id, expected) in ids.iter().zip(expected) {
            assert_eq!(node.desk.explain(id, nation("USA")).unwrap().label, expected, "{id}");
        }
    }
}

#[test]
fn what_waits_for_the_definition_of_its_label_is_labelled_by_it_in_any_order() {
    let mut dice = Dice(13);
    let mut node = node();
    for number in 0..48 {
        let one = |n| label_for(&node, 10 * number + n, if n == 0 { &ALL } else { &FEW });
        let (wide, narrow) = (one(0), one(1));
        let id = |kind: &str, n| format!("{kind}--{}", random(number, n));
        let (about, on_it) = (id("malware", 1), id("note", 2));
        let objects = vec![
            json!({ "type": "malware", "spec_version": "2.1", "id": about, "created": TIME,
                "modified": TIME, "name": "m", "is_family": true,
                "object_marking_refs": [narrow["id"]] }),
            json!({ "type": "note", "spec_version": "2.1", "id": on_it, "created": TIME,
                "modified": TIME, "content": "n", "object_refs": [about],
                "object_marking_refs": [wide["id"]] }),
            wide,
            narrow,
        ];
        take_as(
            &mut dice,
            &mut node,
            Graph { applied: None, objects, versions: Vec::new(), before: Vec::new() },
            None,
        );
        for id in [&about, &on_it] {
            let told = node.desk.explain(id, nation("POL")).unwrap();
            assert_eq!(told.label, "TLP:GREEN//REL TO KOR, POL, USA//OPEN", "{id}");
            assert!(told.released, "{id}");
            assert!(!node.desk.explain(id, nation("GBR")).unwrap().released, "{id}");
        }
    }
}

const ALL: [&str; 3] = ["USA", "GBR", "POL"];
const FEW: [&str; 2] = ["USA", "POL"];

/// The definition of a GREEN label for these nations, a label of its own for each number.
fn label_for(node: &Node, number: usize, rel_to: &[&str]) -> Value {
    let hours = Duration::from_hours(u64::try_from(number + 1).unwrap());
    let end = Some(node.clock.now().saturating_add(hours));
    let label = Label {
        tlp: Tlp::Green,
        rel_to: rel_to.iter().map(|code| nation(code)).collect(),
        under: applied_in("nine/open", Tlp::Green, &[]).under,
        actions: PermittedActions::InternallyVisible,
        window: Window { not_before: None, not_after: end },
        faults: Faults::NONE,
        ..Label::originator_alone(Nation::KOR)
    };
    serde_json::from_str(&label_marking::to_stix(&label)).unwrap()
}

#[test]
fn what_was_put_on_a_batch_stays_when_a_marking_becomes_known() {
    let statement = format!("marking-definition--{}", random(0, 9));
    for (rounds, with_marking) in [true, false].into_iter().enumerate() {
        let mut node = node();
        let wide = label_for(&node, rounds, &ALL);
        let few = applied_in("nine/open", Tlp::Green, &FEW);
        let id = |kind: &str, n| format!("{kind}--{}", random(rounds, n));
        let bare = |modified: &str| {
            json!({ "type": "malware", "spec_version": "2.1", "id": id("malware", 1),
                "created": TIME, "modified": modified, "name": "m", "is_family": true })
        };
        let mut about = bare(TIME);
        if with_marking {
            about["object_marking_refs"] = json!([statement]);
        }
        let on_it = json!({ "type": "note", "spec_version": "2.1", "id": id("note", 2), "created": TIME,
            "modified": TIME, "content": "n", "object_refs": [about["id"]],
            "object_marking_refs": [wide["id"], statement] });
        node.take(vec![object(&wide)], "KOR", None);
        // What it is about says nothing yet.
        node.take(vec![object(&about)], "KOR", None);
        node.take(vec![object(&on_it)], "KOR", Some(&few));
        let mut labelled = bare("2023-12-02T00:00:00.000Z");
        labelled["object_marking_refs"] = json!([wide["id"]]);
        let definition = json!({ "type": "marking-definition", "spec_version": "2.1", "created": TIME,
            "id": statement, "definition_type": "statement", "definition": { "statement": "s" },
            "object_marking_refs": [wide["id"]] });
        node.take(vec![object(&definition), object(&labelled)], "KOR", None);
        let released = |id: &str, node: &mut Node| {
            ALL.map(|code| node.desk.explain(id, nation(code)).unwrap().released)
        };
        assert_eq!(released(labelled["id"].as_str().unwrap(), &mut node), [true; 3]);
        let [usa, gbr, pol] = released(on_it["id"].as_str().unwrap(), &mut node);
        assert!(!gbr, "what the batch was not for went out");
        assert!(usa && pol, "{with_marking}");
    }
}

/// A version of a malware, with these markings and perhaps a word on another object.
fn malware(n: usize, version: usize, markings: &Value, about: &str) -> Value {
    json!({ "type": "malware", "spec_version": "2.1", "id": format!("malware--{}", random(0, n)),
        "created": TIME, "modified": format!("2023-12-01T00:00:0{version}.000Z"), "name": "m",
        "is_family": true, "description": about, "object_marking_refs": markings })
}

#[test]
fn who_has_an_older_version_may_have_what_mentions_the_id() {
    let mut node = node();
    let (wide, few) = (label_for(&node, 1, &ALL), label_for(&node, 2, &["USA"]));
    let marked = |label: &Value| json!([label["id"]]);
    let about = malware(1, 0, &marked(&wide), "");
    let names = about["id"].as_str().unwrap();
    node.take([&wide, &few, &about].map(object).into(), "KOR", None);
    node.take(vec![object(&malware(1, 1, &marked(&few), ""))], "KOR", None);
    let on_it = malware(2, 0, &marked(&wide), names);
    node.take(vec![object(&on_it)], "KOR", None);
    let told = node.desk.explain(on_it["id"].as_str().unwrap(), nation("POL")).unwrap();
    assert!(told.released && told.withheld.is_empty());
    // What is said in a container has the label of the newest, also if an older one comes with it.
    let report = json!({ "type": "report", "spec_version": "2.1", "created": TIME, "modified": TIME,
        "id": format!("report--{}", random(0, 3)), "name": "r", "published": TIME,
        "object_refs": [names], "object_marking_refs": marked(&wide) });
    let mut middle = malware(1, 1, &marked(&wide), "");
    middle["modified"] = json!("2023-12-01T00:00:00.500Z");
    node.take([&report, &middle].map(object).into(), "KOR", None);
    let report = report["id"].as_str().unwrap();
    assert!(!node.desk.explain(report, nation("POL")).unwrap().released);
    assert!(node.desk.explain(report, nation("USA")).unwrap().released);
}

#[test]
fn a_container_waits_for_the_label_of_the_newest_version_of_what_it_refers_to() {
    for to in [&ALL[..], &["USA"]] {
        let mut node = node();
        let (wide, late) = (label_for(&node, 1, &ALL), label_for(&node, 2, to));
        let old = malware(1, 0, &json!([wide["id"]]), "");
        let new = malware(1, 1, &json!([late["id"]]), "");
        let noted = |n, refers: &Value| {
            json!({ "type": "note", "spec_version": "2.1", "id": format!("note--{}", random(0, n)),
                "created": TIME, "modified": TIME, "content": "n", "object_refs": [refers["id"]],
                "object_marking_refs": [wide["id"]] })
        };
        // A note on what is old with everybody and new with a marking that is not here, and a note
        // on the note.
        let on_it = noted(2, &old);
        let on_that = noted(3, &on_it);
        for value in [&wide, &old, &new, &on_it, &on_that] {
            node.take(vec![object(value)], "KOR", None);
        }
        let released = |value: &Value, node: &mut Node| {
            let id = value["id"].as_str().unwrap();
            ALL.map(|code| node.desk.explain(id, nation(code)).unwrap().released)
        };
        assert_eq!(released(&on_it, &mut node), [false; 3]);
        assert_eq!(released(&on_that, &mut node), [false; 3]);
        node.take(vec![object(&late)], "KOR", None);
        let expected = ALL.map(|code| to.contains(&code));
        for value in [&new, &on_it, &on_that] {
            assert_eq!(released(value, &mut node), expected, "{value}");
        }
    }
}
