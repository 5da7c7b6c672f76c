//! What this nation says about what another one made goes where that one's label goes, and to it.

use entente_intake::acts::{PeerAct, ReceivedAct};
use entente_intake::{Delivery, Outcome};
use entente_object::marking::Tlp;
use entente_release::label::Faults;
use entente_release::{Label, Nation};
use serde_json::{Value, json};

use crate::fixture::{Node, applied_in, object, released};
use crate::nations::{nation, nine};

const MADE: &str = "malware--1c7b5b88-8ff7-4a4d-aa9d-000000000001";

/// Korea's node with three partners, of which Poland has a node too.
fn node() -> Node {
    let mut node = Node::with(&nine(), &["POL", "USA", "GBR"]);
    node.desk.meet(&PeerAct { nation: "POL".into(), card: "a card".into() }).unwrap();
    node
}

fn identity(code: &str) -> String {
    format!("identity--{}", nation(code).identity())
}

/// Poland's node gives an object under a label.
fn gives(node: &mut Node, creator: Option<&str>, change: impl FnOnce(&mut Label)) {
    let mut made = json!({
        "type": "malware", "spec_version": "2.1", "id": MADE, "name": "seen", "is_family": true,
        "created": "2023-12-01T00:00:00.000Z", "modified": "2023-12-01T00:00:00.000Z",
    });
    if let Some(code) = creator {
        made["created_by_ref"] = identity(code).into();
    }
    let mut label = Label {
        originator: nation("POL"),
        rel_to: [Nation::KOR, nation("USA")].into_iter().collect(),
        under: applied_in("nine/open", Tlp::Green, &[]).under,
        tlp: Tlp::Green,
        faults: Faults::NONE,
        ..Label::originator_alone(nation("POL"))
    };
    change(&mut label);
    let mut made = object(&made);
    made.released_under = Some(label.into());
    let size = node.desk.standing_with(nation("POL")).unwrap().received;
    let delivery = Delivery {
        from: nation("POL"),
        objects: vec![made],
        recalled: Vec::new(),
        alarms: Vec::new(),
        leaves: (size, vec![0; 60]),
        received: ReceivedAct { size: size + 1, edge: Vec::new(), added: 1, note: "note".into() },
    };
    node.desk.receive(delivery).unwrap();
}

fn note() -> Value {
    json!({
        "type": "malware", "spec_version": "2.1", "name": "like it", "is_family": true,
        "id": "malware--2c7b5b88-8ff7-4a4d-aa9d-000000000002", "description": format!("see {MADE}"),
        "created": "2023-12-02T00:00:00.000Z", "modified": "2023-12-02T00:00:00.000Z",
    })
}

/// Korea says something about it, to all three. Gives who gets that.
fn goes_to(node: &mut Node) -> Vec<&'static str> {
    let label = applied_in("nine/open", Tlp::Green, &["POL", "USA", "GBR"]);
    let outcome = node.take(vec![object(&note())], "KOR", Some(&label)).remove(0);
    let got = released(&outcome).unwrap();
    ["POL", "USA", "GBR"].into_iter().filter(|code| got.contains(&node.index(code))).collect()
}

#[test]
fn it_goes_to_the_maker_and_to_whom_the_makers_label_names() {
    let mut node = node();
    gives(&mut node, Some("POL"), |_| ());
    assert_eq!(goes_to(&mut node), ["POL", "USA"]);
}

#[test]
fn it_goes_to_the_maker_alone_where_the_programme_gives_it_to_nobody_else() {
    let mut node = node();
    gives(&mut node, Some("POL"), |label| label.tlp = Tlp::AmberStrict);
    assert_eq!(goes_to(&mut node), ["POL"]);
}

#[test]
fn what_nobody_says_to_have_made_opens_nothing() {
    let mut node = node();
    gives(&mut node, None, |_| ());
    assert_eq!(goes_to(&mut node), [""; 0]);
}

#[test]
fn what_belongs_to_an_exercise_opens_nothing_in_operations() {
    let mut node = node();
    gives(&mut node, Some("POL"), |label| label.exercise = Some("cc23".parse().unwrap()));
    assert_eq!(goes_to(&mut node), [""; 0]);
}

#[test]
fn who_has_no_node_proves_nothing() {
    let mut node = Node::with(&nine(), &["POL", "USA", "GBR"]);
    gives(&mut node, Some("POL"), |_| ());
    assert_eq!(goes_to(&mut node), [""; 0]);
}

#[test]
fn it_waits_for_what_is_still_on_its_way() {
    let mut node = node();
    assert_eq!(goes_to(&mut node), [""; 0]);
    gives(&mut node, Some("POL"), |_| ());
    let seen: Vec<usize> =
        ["POL", "USA", "GBR"].map(|code| node.whole(code).len()).into_iter().collect();
    assert_eq!(seen, [1, 1, 0]);
    let again = node.take(vec![object(&note())], "KOR", None).remove(0);
    assert_eq!(again, Outcome::Same);
}
