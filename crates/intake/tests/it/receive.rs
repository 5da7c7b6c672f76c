//! What a partner's ledger gives is taken while the partner takes part, and in its order.

use entente_intake::acts::ReceivedAct;
use entente_intake::{Delivery, IntakeError};
use entente_release::Nation;
use serde_json::json;

use crate::fixture::{Node, applied, object};
use crate::nations::{nation, nine};

fn delivery(from: &str, first: u64, size: u64) -> Delivery {
    let mut taken = object(&json!({
        "type": "malware", "spec_version": "2.1", "name": "received", "is_family": true,
        "created": "2023-12-01T00:00:00.000Z", "modified": "2023-12-01T00:00:00.000Z",
        "id": format!("malware--1c7b5b88-8ff7-4a4d-aa9d-{size:012x}"),
    }));
    let label = entente_release::Label {
        originator: nation(from),
        rel_to: [Nation::KOR].into_iter().collect(),
        under: applied(entente_object::marking::Tlp::Green, &[]).under,
        tlp: entente_object::marking::Tlp::Green,
        faults: entente_release::label::Faults::NONE,
        ..entente_release::Label::originator_alone(nation(from))
    };
    taken.released_under = Some(label.into());
    Delivery {
        from: nation(from),
        objects: vec![taken],
        recalled: Vec::new(),
        alarms: Vec::new(),
        leaves: (first, vec![0; 60]),
        received: ReceivedAct { size, edge: Vec::new(), added: 1, note: format!("note {size}") },
    }
}

#[test]
fn what_was_on_its_way_when_its_sender_was_shut_out_is_not_taken() {
    let mut node = Node::with(&nine(), &["POL", "USA"]);
    node.desk.receive(delivery("POL", 0, 1)).unwrap();
    node.desk.change_partner(nation("POL"), |act| act.standing = "suspended".into()).unwrap();
    let refused = node.desk.receive(delivery("POL", 1, 2));
    assert!(matches!(refused, Err(IntakeError::Suspended(_))), "{refused:?}");
    node.desk.change_partner(nation("POL"), |act| act.standing = "active".into()).unwrap();
    node.desk.receive(delivery("POL", 1, 2)).unwrap();
    node.desk.change_partner(nation("POL"), |act| act.standing = "revoked".into()).unwrap();
    let refused = node.desk.receive(delivery("POL", 2, 3));
    assert!(matches!(refused, Err(IntakeError::Revoked(_))), "{refused:?}");
    assert!(matches!(node.desk.receive(delivery("GBR", 0, 1)), Err(IntakeError::NoPartner(_))));
    assert_eq!(node.desk.standing_with(nation("POL")).unwrap().received, 2);
    node.desk.receive(delivery("USA", 0, 1)).unwrap();
}

#[test]
fn a_delivery_continues_what_was_received() {
    let mut node = Node::with(&nine(), &["POL"]);
    node.desk.receive(delivery("POL", 0, 1)).unwrap();
    for first in [0, 2, u64::MAX] {
        let refused = node.desk.receive(delivery("POL", first, 3));
        assert!(matches!(refused, Err(IntakeError::OutOfOrder { before: 1, .. })), "{refused:?}");
    }
    assert_eq!(node.desk.standing_with(nation("POL")).unwrap().received, 1);
}

/// The checkpoints that still bind a partner are those of the acts, as far back as they cover more than
/// is here.
#[test]
fn what_a_partner_promised_is_read_back_as_far_as_it_binds() {
    let mut node = Node::with(&nine(), &["POL"]);
    let shown = |node: &Node, here: usize| {
        let covers_more = |note: &str| note.len() > here;
        node.desk.shown_by(nation("POL"), covers_more).unwrap()
    };
    assert_eq!(shown(&node, 0), Vec::<String>::new());
    // As if a longer note were of a longer ledger; two pages were given under the same one.
    for (first, note) in (0..).zip(["x", "xx", "xx", "xxxx", "xxxxx"]) {
        let mut delivery = delivery("POL", first, first + 1);
        delivery.received.note = note.to_owned();
        node.desk.receive(delivery).unwrap();
    }
    assert_eq!(shown(&node, 9), ["xxxxx"]);
    assert_eq!(shown(&node, 3), ["xxxx", "xxxxx"]);
    assert_eq!(shown(&node, 1), ["xx", "xxxx", "xxxxx"]);
    assert_eq!(shown(&node, 0), ["x", "xx", "xxxx", "xxxxx"]);
}
