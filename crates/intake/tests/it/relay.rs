//! Row 10 of the attacks: what a partner brought goes to no third nation, whatever its label says,
//! and whatever happens at this node afterwards.

use std::collections::BTreeSet;

use entente_object::marking::Tlp;
use entente_release::label::{Faults, PermittedActions};
use entente_release::{Label, Nation, label_marking};
use serde_json::{Value, json};

use crate::fixture::{Node, Person, applied_in, approve, object, people, released};
use crate::nations::{PARTNERS, nation, nine};

const TIME: &str = "2023-12-01T00:00:00.000Z";

/// Every label of a small lattice that a nation could write on what it sends: by whom it says it is,
/// for whom, at which level, with onward release or without.
fn labels(bringer: &str, third: &str, levels: &[Tlp]) -> Vec<Value> {
    let mut labels = Vec::new();
    let everybody: Vec<&str> = PARTNERS.iter().chain(&["KOR"]).copied().collect();
    for originator in BTreeSet::from([bringer, "KOR", third]) {
        for rel_to in [&everybody[..], &["KOR", third], &[]] {
            for &tlp in levels {
                for onward in [false, true] {
                    let label = Label {
                        originator: nation(originator),
                        tlp,
                        rel_to: rel_to.iter().map(|code| nation(code)).collect(),
                        under: applied_in("nine/open", tlp, &[]).under,
                        actions: PermittedActions::ExternallyVisibleDirect,
                        onward,
                        faults: Faults::NONE,
                        ..Label::originator_alone(Nation::KOR)
                    };
                    labels.push(serde_json::from_str(&label_marking::to_stix(&label)).unwrap());
                }
            }
        }
    }
    labels
}

/// Objects that carry each of the labels: one alone, and a note on it and on an object of Korea's.
fn marked(labels: &[Value], of: usize) -> Vec<Value> {
    let mut objects: Vec<Value> = labels.to_vec();
    for (n, label) in labels.iter().enumerate() {
        let id = |kind: &str| {
            format!("{kind}--{:08x}-8ff7-4a4d-{:04x}-{n:012x}", kind.len(), 0x8000 + of)
        };
        objects.push(json!({
            "type": "malware", "spec_version": "2.1", "id": id("malware"), "created": TIME,
            "modified": TIME, "name": "brought", "is_family": true,
            "object_marking_refs": [label["id"]],
        }));
        objects.push(json!({
            "type": "note", "spec_version": "2.1", "id": id("note"), "created": TIME,
            "modified": TIME, "content": "brought", "object_refs": [ours()["id"], id("malware")],
            "object_marking_refs": [label["id"]],
        }));
    }
    objects
}

/// An object that everybody has.
fn ours() -> Value {
    json!({
        "type": "malware", "spec_version": "2.1", "created": TIME, "modified": TIME,
        "id": "malware--1c7b5b88-8ff7-4a4d-aa9d-feb398cd0001", "name": "ours", "is_family": true,
    })
}

/// Nobody's view has what a third nation brought.
fn nothing_passed_on(node: &Node, when: &str) {
    let bringers = node.bringers();
    for code in PARTNERS {
        for seen in node.whole(code) {
            let bringer = bringers[&seen.seq];
            assert!(
                bringer == nation(code) || bringer == Nation::KOR,
                "{when}: {code} has of {bringer}: {}",
                seen.text
            );
        }
    }
}

#[test]
fn what_a_partner_brought_goes_to_no_third_nation_whatever_its_label_says() {
    let mut node = Node::with(&nine(), &PARTNERS);
    let everybody = applied_in("nine/open", Tlp::Clear, &PARTNERS);
    node.take(vec![object(&ours())], "KOR", Some(&everybody));
    let mut brought = Vec::new();
    for (of, bringer) in ["KOR"].into_iter().chain(PARTNERS).enumerate() {
        let third = PARTNERS[(of + 3) % 8];
        let parts = [(None, &Tlp::ALL[..]), (Some(&everybody), &[Tlp::Green, Tlp::AmberStrict])];
        for (part, (applied, levels)) in parts.into_iter().enumerate() {
            let objects = marked(&labels(bringer, third, levels), 2 * of + part);
            let batch = objects.iter().map(object).collect();
            let outcomes = node.take(batch, bringer, applied);
            let out = outcomes.iter().filter(|o| released(o).is_some_and(|set| !set.is_empty()));
            // That something goes out shows that the labels are good enough for it.
            assert!(out.count() > 0, "{bringer}");
            if bringer != "KOR" {
                brought.extend(objects);
            }
        }
    }
    assert!(brought.len() > 8 * 300, "{}", brought.len());
    nothing_passed_on(&node, "at once");
    let views: Vec<_> = PARTNERS.iter().map(|code| node.whole(code)).collect();
    let people: Vec<Person> = people(&mut node, &["lee", "han"]);
    let objects = brought.iter().filter(|object| object["type"] != "marking-definition");
    for object in objects.step_by(151) {
        let known = node.desk.newest(object["id"].as_str().unwrap()).unwrap();
        for person in &people {
            // Accepted or not: it approves nothing for anybody.
            let _ = approve(&mut node, known.seq, person, |_| ());
        }
    }
    nothing_passed_on(&node, "after approvals");
    node.desk.review(true, &mut |_| ()).unwrap();
    nothing_passed_on(&node, "after a review");
    let wider = nine().replace("\"amber\"", "\"amber+strict\"");
    node.adopt(&wider.replace("releasers = 0", "releasers = 0\nonward = \"listed\""));
    for code in PARTNERS {
        node.desk.change_partner(nation(code), |act| act.caveats = vec!["careful".into()]).unwrap();
    }
    node.desk.review(true, &mut |_| ()).unwrap();
    nothing_passed_on(&node, "after another programme, and partners that accepted more");
    for (code, before) in PARTNERS.iter().zip(views) {
        assert_eq!(node.whole(code)[..before.len()], before, "{code}");
    }
}
