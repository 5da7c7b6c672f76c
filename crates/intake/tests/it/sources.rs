//! Third parties' objects, such as ATT&CK's: each nation's copy is its own, and people are shown each
//! object once, with who brought it, and where the copies differ.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use entente_intake::acts::{LeavesAct, ReceivedAct, kind};
use entente_intake::{Asked, Content, Delivery, Prepared, Shown, hex};
use entente_log::ledger::{Happened, Leaf};
use entente_object::marking::Tlp;
use entente_release::label::Faults;
use entente_release::{Label, Nation};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::fixture::{Node, applied, object, ready};
use crate::nations::{PARTNERS, nation};

const MITRE: &str = "identity--c78cb6e5-0c4b-4611-8297-d1b8b55e40b5";
const PHISHING: &str = "attack-pattern--a62a8db3-f23a-4d8f-afd6-9dbc77e7813b";

fn mitre() -> Prepared {
    object(&json!({
        "type": "identity", "spec_version": "2.1", "id": MITRE, "name": "The MITRE Corporation",
        "created": "2017-06-01T00:00:00.000Z", "modified": "2017-06-01T00:00:00.000Z",
    }))
}

fn text(name: &str, modified: &str) -> Value {
    json!({
        "type": "attack-pattern", "spec_version": "2.1", "id": PHISHING, "name": name,
        "created_by_ref": MITRE, "created": "2020-03-02T18:45:07.892Z", "modified": modified,
    })
}

fn technique(name: &str, modified: &str) -> Prepared {
    object(&text(name, modified))
}

const FIRST: &str = "2022-10-24T15:09:07.609Z";
const SECOND: &str = "2023-09-15T00:00:00.000Z";

/// The same object with its members in another order, and other spaces.
fn otherwise(name: &str) -> Prepared {
    let Value::Object(members) = text(name, FIRST) else { unreachable!() };
    let members = members.iter().rev().map(|(key, value)| format!("\n  \"{key}\" : {value}"));
    ready(&format!("{{{} }}", members.collect::<Vec<_>>().join(",")))
}

/// A node of which nations brought these, one after the other, with whom they come from.
fn brought(copies: &[(&str, Prepared)]) -> Node {
    let mut node = Node::shipped(&PARTNERS);
    let all = applied(Tlp::Green, &["USA", "POL", "GBR"]);
    for (bringer, copy) in copies {
        node.take(vec![mitre(), copy.clone()], bringer, Some(&all));
    }
    node
}

/// What is shown, without when it came.
fn shown(node: &Node) -> Shown {
    let mut shown = node.desk.sources(PHISHING).unwrap();
    shown.alarms.clear();
    for version in &mut shown.versions {
        for source in version.contents.iter_mut().flat_map(|content| &mut content.sources) {
            assert!(source.here_by.take().is_some());
        }
    }
    shown
}

fn nations(content: &Content) -> Vec<String> {
    content.sources.iter().map(|source| source.nation.to_string()).collect()
}

#[test]
fn what_nations_bring_alike_is_shown_once_with_each_of_them_in_either_order() {
    let one = technique("Phishing", FIRST);
    for [ours, theirs] in [[one.clone(), one.clone()], [one, otherwise("Phishing")]] {
        let copies = [("KOR", ours), ("POL", theirs.clone()), ("USA", theirs)];
        let node = brought(&copies);
        let shown_first = shown(&node);
        let [version] = shown_first.versions.as_slice() else { panic!("{shown_first:?}") };
        let [content] = version.contents.as_slice() else { panic!("{version:?}") };
        assert!(!version.is_conflict());
        assert_eq!(content.name.as_deref(), Some("Phishing"));
        assert_eq!(nations(content), ["KOR", "POL", "USA"]);
        // Korea's copy goes to whom its label names, and each partner's own to itself alone.
        let released = content.sources.iter().map(|source| source.released.clone());
        let [korea, poland, states] = ["GBR POL USA", "POL", "USA"]
            .map(|codes| codes.split(' ').map(nation).collect::<Vec<Nation>>());
        assert_eq!(released.collect::<Vec<_>>(), [korea, poland, states]);
        assert_eq!(node.alarms(), []);
        let mut other_way = copies.clone();
        other_way.reverse();
        assert_eq!(shown(&brought(&other_way)), shown_first);
        let page = node.desk.objects(&Asked { limit: 9, ..Asked::default() }).unwrap();
        let row = page.rows.iter().find(|row| row.id == PHISHING).unwrap();
        assert_eq!((row.sources.len(), row.versions, row.conflict), (3, 1, false));
    }
}

#[test]
fn what_nations_bring_differently_is_shown_as_a_conflict_in_either_order() {
    let copies = [
        ("KOR", technique("Phishing", FIRST)),
        ("POL", technique("Phishing, as Poland has it", FIRST)),
        ("USA", otherwise("Phishing")),
        ("USA", technique("Phishing, later", SECOND)),
    ];
    let node = brought(&copies);
    let shown_first = shown(&node);
    let [later, version] = shown_first.versions.as_slice() else { panic!("{shown_first:?}") };
    assert!(version.is_conflict() && !later.is_conflict());
    let mut contents: Vec<_> =
        version.contents.iter().map(|one| (one.name.clone().unwrap(), nations(one))).collect();
    contents.sort();
    let [phishing, as_poland] = contents.as_slice() else { panic!("{contents:?}") };
    assert_eq!((phishing.0.as_str(), phishing.1.join(" ")), ("Phishing", "KOR USA".to_owned()));
    assert_eq!(as_poland.1, ["POL"]);
    for order in [[3, 2, 1, 0], [1, 3, 0, 2], [2, 0, 3, 1]] {
        let copies = order.map(|at| copies[at].clone());
        assert_eq!(shown(&brought(&copies)), shown_first, "{order:?}");
    }
    let conflicts = Asked { conflicts: true, limit: 9, ..Asked::default() };
    let rows = node.desk.objects(&conflicts).unwrap().rows;
    let rows: Vec<_> = rows.iter().map(|row| (row.id.as_str(), row.versions)).collect();
    assert_eq!(rows, [(PHISHING, 2)]);
}

#[test]
fn a_second_content_that_was_refused_is_shown_with_what_is_kept_of_it() {
    let (first, second) = (technique("one", FIRST), technique("two", FIRST));
    let node = brought(&[("POL", first), ("POL", second.clone())]);
    let shown = node.desk.sources(PHISHING).unwrap();
    assert_eq!(shown.versions[0].contents.len(), 1);
    let [alarm] = shown.alarms.as_slice() else { panic!("{:?}", shown.alarms) };
    assert_eq!((alarm.act.what.as_str(), alarm.act.nation.as_str()), ("equivocation", "POL"));
    assert_eq!(alarm.evidence.as_deref().map(str::as_bytes), Some(second.bytes.as_slice()));
    let rows = Asked { conflicts: true, limit: 9, ..Asked::default() };
    assert_eq!(node.desk.objects(&rows).unwrap().rows.len(), 1);
    // Of two that come together none is taken: there are alarms alone.
    let mut node = Node::shipped(&["POL"]);
    node.take(vec![technique("one", FIRST), second], "POL", None);
    let shown = node.desk.sources(PHISHING).unwrap();
    assert_eq!((shown.versions.len(), shown.alarms.len()), (0, 2));
    assert!(node.desk.sources(MITRE).is_err() && node.desk.sources("no id").is_err());
}

/// What a partner reads is the same whatever another nation brought under the same ids.
#[test]
fn a_view_has_nothing_of_another_nations_copy() {
    let ours = [("KOR", technique("Phishing", FIRST)), ("KOR", technique("Phishing 2", SECOND))];
    let theirs = [
        ("POL", technique("Secret of Poland", FIRST)),
        ("POL", technique("Secret of Poland", "2024-01-01T00:00:00.000Z")),
    ];
    let texts = |node: &Node, code: &str| {
        let seen = node.whole(code).into_iter().map(|row| row.text).collect::<Vec<_>>();
        (seen, node.view(code))
    };
    let alone = brought(&ours);
    for order in [[0, 1, 2, 3], [2, 3, 0, 1], [2, 0, 3, 1]] {
        let all = [ours.clone(), theirs.clone()].concat();
        let both = brought(&order.map(|at| all[at].clone()));
        for code in ["USA", "GBR", "NLD"] {
            assert_eq!(texts(&both, code), texts(&alone, code), "{code} {order:?}");
        }
        assert!(texts(&both, "POL").1.contains("Secret of Poland"));
    }
}

/// One of two nations takes its copy back: it is shown as taken back, and the other's is as it was.
#[test]
fn a_recall_by_one_source_leaves_the_others() {
    let copy = technique("Phishing", FIRST);
    let mut node = brought(&[("KOR", copy.clone())]);
    // Of the United States, which has met nobody here, the view has also what it brought itself.
    let view = node.view("GBR");
    let mut first = 0;
    let mut deliver = |node: &mut Node, from: &str, happened: Happened| {
        let label = Label {
            rel_to: [Nation::KOR].into_iter().collect(),
            tlp: Tlp::Green,
            under: applied(Tlp::Green, &[]).under,
            faults: Faults::NONE,
            ..Label::originator_alone(nation(from))
        };
        let mut received = copy.clone();
        received.released_under = Some(label.into());
        let leaf = Leaf { happened, added: 1, object: copy.digest, label: Uuid::nil() };
        let released = happened == Happened::Released;
        let recalled = vec![(PHISHING.to_owned(), hex(&copy.digest))];
        let size = first + 1;
        let delivery = Delivery {
            from: nation(from),
            objects: if released { vec![received] } else { Vec::new() },
            recalled: if released { Vec::new() } else { recalled },
            alarms: Vec::new(),
            leaves: (first, leaf.to_bytes().to_vec()),
            received: ReceivedAct { size, edge: Vec::new(), added: 1, note: String::new() },
        };
        node.desk.receive(delivery).unwrap();
        first = if from == "POL" { size } else { first };
    };
    let taken_back = |node: &Node| {
        let shown = shown(node);
        let [version] = shown.versions.as_slice() else { panic!("{shown:?}") };
        let [content] = version.contents.as_slice() else { panic!("{version:?}") };
        let one = |source: &entente_intake::Source| (source.nation, source.taken_back);
        content.sources.iter().map(one).collect::<Vec<_>>()
    };
    deliver(&mut node, "USA", Happened::Released);
    deliver(&mut node, "POL", Happened::Released);
    let [korea, poland, states] = ["KOR", "POL", "USA"].map(nation);
    assert_eq!(taken_back(&node), [(korea, false), (poland, false), (states, false)]);
    deliver(&mut node, "POL", Happened::Withdrawn);
    assert_eq!(taken_back(&node), [(korea, false), (poland, true), (states, false)]);
    assert_eq!(node.view("GBR"), view);
    // What is kept of its ledger is what came.
    let acts = node.desk.home().acts(&kind::leaves(poland)).unwrap();
    let kept: LeavesAct = serde_json::from_str(&acts[1].1.json).unwrap();
    assert_eq!(
        Leaf::read(&BASE64_STANDARD.decode(kept.leaves).unwrap()).unwrap().object,
        copy.digest
    );
    deliver(&mut node, "POL", Happened::Released);
    assert_eq!(taken_back(&node), [(korea, false), (poland, false), (states, false)]);
    // Korea's own recall is of Korea's copy.
    node.desk.recall(PHISHING, &[states].into_iter().collect(), ("made up", None)).unwrap();
    let all = shown(&node);
    let [own, ..] = all.versions[0].contents[0].sources.as_slice() else { panic!("{all:?}") };
    assert_eq!(own.withdrawn, [states]);
    assert_eq!(own.released, ["GBR", "POL"].map(nation));
    assert_eq!(node.view("GBR"), view);
    assert_eq!(taken_back(&node).len(), 3);
}

#[test]
fn pages_have_each_object_once_and_what_is_asked_for() {
    let mut node = Node::shipped(&PARTNERS);
    let malware = |number: usize| {
        object(&json!({
            "type": "malware", "spec_version": "2.1", "is_family": true, "name": format!("M{number}"),
            "id": format!("malware--2c7b5b88-8ff7-4a4d-aa9d-{number:012x}"),
            "created": FIRST, "modified": FIRST,
        }))
    };
    let all = applied(Tlp::Green, &["USA"]);
    for (numbers, bringer) in [(0..30, "KOR"), (20..50, "POL"), (0..10, "USA")] {
        node.take(numbers.map(malware).collect(), bringer, Some(&all));
    }
    node.take(vec![mitre(), technique("Phishing", FIRST)], "GBR", None);
    node.take(vec![technique("Phishing", SECOND)], "POL", None);
    let pages = |asked: Asked| {
        let (mut names, mut after) = (Vec::new(), asked.after);
        loop {
            let page = node.desk.objects(&Asked { after, ..asked.clone() }).unwrap();
            assert!(page.rows.len() <= asked.limit);
            names.extend(page.rows.into_iter().map(|row| row.name.unwrap()));
            let Some(more) = page.more_after else { return names };
            after = Some(more);
        }
    };
    let numbered = |numbers: std::ops::Range<usize>| numbers.map(|number| format!("M{number}"));
    for limit in [1, 7, 52, 1000] {
        let asked = Asked { limit, ..Asked::default() };
        let everything =
            numbered(0..50).chain(["The MITRE Corporation", "Phishing"].map(Into::into));
        assert_eq!(pages(asked.clone()), everything.collect::<Vec<_>>(), "{limit}");
        let of_type = Asked { object_type: Some("attack-pattern".into()), ..asked.clone() };
        assert_eq!(pages(of_type), ["Phishing"]);
        let from = |code: &str| Asked { from: Some(nation(code)), ..asked.clone() };
        assert_eq!(pages(from("USA")), numbered(0..10).collect::<Vec<_>>());
        let poland = numbered(20..50).chain(["Phishing".to_owned()]);
        assert_eq!(pages(from("POL")), poland.collect::<Vec<_>>());
        assert_eq!(pages(from("ITA")), [""; 0]);
        assert_eq!(pages(Asked { conflicts: true, ..asked }), [""; 0]);
    }
}
