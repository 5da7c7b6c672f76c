//! Feeds at the desk: who may have one, and a position that moves with what came by it.

use entente_intake::acts::{
    FeedAct, FeedLabel, FeedLogin, FeedRefusal, FeedState, FeedWay, PeerAct, PolledAct, PushedAct,
};
use entente_intake::{IntakeError, Outcome, Polled};
use entente_object::marking::Tlp;
use serde_json::json;

use crate::fixture::{Node, applied_in, object};
use crate::nations::{nation, nine};

fn feed(name: &str, way: FeedWay, of: &str) -> FeedAct {
    FeedAct {
        number: 99,
        name: name.to_owned(),
        way,
        root: "https://taxii.pol.example/api/".to_owned(),
        collection: "c".to_owned(),
        nation: of.to_owned(),
        every: 60,
        login: FeedLogin::None,
        authority: None,
        label: FeedLabel::default(),
        since: 0,
        state: FeedState::Active,
    }
}

fn malware(number: u64) -> entente_intake::Prepared {
    object(&json!({
        "type": "malware", "spec_version": "2.1", "name": "received", "is_family": true,
        "created": "2023-12-01T00:00:00.000Z", "modified": "2023-12-01T00:00:00.000Z",
        "id": format!("malware--1c7b5b88-8ff7-4a4d-aa9d-{number:012x}"),
    }))
}

/// A page of these, after which the feed is at `after`.
fn page(node: &Node, feed: &FeedAct, numbers: std::ops::Range<u64>, after: i64) -> Polled {
    let before = node.desk.polled(feed.number).unwrap();
    Polled {
        feed: feed.clone(),
        objects: numbers.map(malware).collect(),
        refused: Vec::new(),
        applied: Some(applied_in("nine/open", Tlp::Green, &["KOR"])),
        after: PolledAct { after: Some(after), ..before.clone() },
        before,
    }
}

#[test]
fn a_position_moves_with_what_came_and_from_where_the_run_began() {
    let mut node = Node::with(&nine(), &["POL"]);
    let act = node.desk.add_feed(&feed("a", FeedWay::From, "POL")).unwrap();
    assert_eq!(act.number, 1);
    let (first, same) = (page(&node, &act, 0..3, 7), page(&node, &act, 0..3, 8));
    node.desk.take_polled(first.clone()).unwrap();
    let far = PolledAct { after: Some(7), taken: 3, ..PolledAct::default() };
    assert_eq!(node.desk.polled(act.number).unwrap(), far);
    // Of two runs that began at one place one alone counts.
    for late in [first, same] {
        let refused = node.desk.take_polled(late);
        assert!(matches!(refused, Err(IntakeError::FeedMoved(_))), "{refused:?}");
    }
    assert_eq!(node.desk.polled(act.number).unwrap(), far);
    // What comes again is here; what is refused is counted, and the rest is taken.
    let mut next = page(&node, &act, 2..5, 9);
    let (id, why) = ("url--1".to_owned(), "x".repeat(5_000));
    next.refused = vec![FeedRefusal { id, why }; 700];
    let taken = node.desk.take_polled(next).unwrap();
    assert_eq!(taken.outcomes.iter().filter(|one| **one == Outcome::Same).count(), 1);
    let far = PolledAct { after: Some(9), taken: 5, refused: 700 };
    assert_eq!(node.desk.polled(act.number).unwrap(), far);
    let tip = node.desk.home().acts("feed-refused/1").unwrap();
    assert_eq!(tip.len(), 1);
    assert!(tip[0].1.json.len() < 200_000 && tip[0].1.json.contains("\"more\":200"));
}

#[test]
fn a_page_that_brings_nothing_and_moves_nothing_is_not_recorded() {
    let mut node = Node::with(&nine(), &["POL"]);
    let act = node.desk.add_feed(&feed("a", FeedWay::From, "POL")).unwrap();
    node.desk.take_polled(page(&node, &act, 0..2, 7)).unwrap();
    let tip = entente_log::journal::Journal::tip(node.desk.home());
    node.desk.take_polled(page(&node, &act, 0..2, 7)).unwrap();
    node.desk.take_polled(page(&node, &act, 0..0, 7)).unwrap();
    node.desk.feed_ran(act.number, None).unwrap();
    assert_eq!(entente_log::journal::Journal::tip(node.desk.home()), tip);
    node.desk.feed_ran(act.number, Some("no answer")).unwrap();
    node.desk.feed_ran(act.number, None).unwrap();
    node.desk.feed_ran(act.number, None).unwrap();
    assert_eq!(node.desk.home().acts("feed-trouble/1").unwrap().len(), 2);
}

#[test]
fn nothing_is_taken_of_who_is_shut_out_has_a_node_or_is_paused() {
    let mut node = Node::with(&nine(), &["POL", "USA"]);
    let unknown = node.desk.add_feed(&feed("a", FeedWay::From, "GBR"));
    assert!(matches!(unknown, Err(IntakeError::NoPartner(_))), "{unknown:?}");
    let own = node.desk.add_feed(&feed("own", FeedWay::To, "KOR"));
    assert!(matches!(own, Err(IntakeError::NoPartner(_))), "{own:?}");
    let act = node.desk.add_feed(&feed("a", FeedWay::From, "POL")).unwrap();
    let on_its_way = page(&node, &act, 0..1, 7);
    node.desk.change_partner(nation("POL"), |act| act.standing = "suspended".into()).unwrap();
    let refused = node.desk.take_polled(on_its_way.clone());
    assert!(matches!(refused, Err(IntakeError::Suspended(_))), "{refused:?}");
    let refused = node.desk.add_feed(&feed("b", FeedWay::To, "POL"));
    assert!(matches!(refused, Err(IntakeError::Suspended(_))), "{refused:?}");
    node.desk.change_partner(nation("POL"), |act| act.standing = "active".into()).unwrap();
    node.desk.change_feed("a", |act| act.state = FeedState::Paused).unwrap();
    let refused = node.desk.take_polled(on_its_way.clone()).unwrap_err().to_string();
    assert!(refused.contains("a is paused"), "{refused}");
    node.desk.change_feed("a", |act| act.state = FeedState::Active).unwrap();
    node.desk.take_polled(on_its_way).unwrap();
    let more = page(&node, &act, 1..2, 8);
    node.desk.meet(&PeerAct { nation: "POL".into(), card: String::new() }).unwrap();
    let refused = node.desk.take_polled(more).unwrap_err().to_string();
    assert!(refused.contains("POL has a node"), "{refused}");
    let refused = node.desk.add_feed(&feed("c", FeedWay::To, "POL")).unwrap_err().to_string();
    assert!(refused.contains("POL has a node"), "{refused}");
    assert_eq!(node.desk.polled(act.number).unwrap().taken, 1);
}

#[test]
fn a_removed_feed_leaves_its_name_and_not_its_number() {
    let mut node = Node::with(&nine(), &["POL"]);
    let first = node.desk.add_feed(&feed("a", FeedWay::From, "POL")).unwrap();
    node.desk.take_polled(page(&node, &first, 0..2, 7)).unwrap();
    let again = node.desk.add_feed(&feed("a", FeedWay::From, "POL")).unwrap_err().to_string();
    assert!(again.contains("remove it first"), "{again}");
    let rename = |act: &mut FeedAct| {
        (act.name, act.number, act.state) = ("b".to_owned(), 7, FeedState::Removed);
    };
    node.desk.change_feed("a", rename).unwrap();
    assert_eq!(node.desk.feeds().unwrap(), []);
    let refused = node.desk.take_polled(page(&node, &first, 2..3, 8));
    assert!(matches!(refused, Err(IntakeError::Feed(_))), "{refused:?}");
    let second = node.desk.add_feed(&feed("a", FeedWay::From, "POL")).unwrap();
    assert_eq!(second.number, 2);
    assert_eq!(node.desk.polled(second.number).unwrap(), PolledAct::default());
    // What was on its way for the first is not taken as the second's.
    let refused = node.desk.take_polled(page(&node, &first, 2..3, 8));
    assert!(matches!(refused, Err(IntakeError::FeedMoved(_))), "{refused:?}");
}

#[test]
fn what_a_target_acknowledged_moves_on_from_where_it_was() {
    let mut node = Node::with(&nine(), &["POL"]);
    let act = node.desk.add_feed(&feed("a", FeedWay::To, "POL")).unwrap();
    let (start, one) =
        (PushedAct::default(), PushedAct { entries: 1, given: 1, ..Default::default() });
    node.desk.acknowledge_push(&act, (&start, &one), &[]).unwrap();
    let refused = node.desk.acknowledge_push(&act, (&start, &one), &[]);
    assert!(matches!(refused, Err(IntakeError::FeedMoved(_))), "{refused:?}");
    assert_eq!(node.desk.pushed(act.number).unwrap(), one);
}

#[test]
fn what_a_partner_has_from_here_is_not_its_own_and_nothing_else_is_told_by_that() {
    let mut node = Node::with(&nine(), &["POL", "USA"]);
    let given = applied_in("nine/open", Tlp::Green, &["POL"]);
    let withheld = applied_in("nine/open", Tlp::Green, &["USA"]);
    node.take(vec![malware(0)], "KOR", Some(&given));
    node.take(vec![malware(1)], "KOR", Some(&withheld));
    let act = node.desk.add_feed(&feed("a", FeedWay::From, "POL")).unwrap();
    let taken = node.desk.take_polled(page(&node, &act, 0..3, 7)).unwrap();
    let same = taken.outcomes.iter().filter(|one| **one == Outcome::Same).count();
    assert_eq!((taken.outcomes.len(), same), (3, 1));
    // What Poland may not have from here is taken from it like what is not here.
    let far = node.desk.polled(act.number).unwrap();
    assert_eq!((far.taken, node.whole("POL").len()), (2, 3));
}
