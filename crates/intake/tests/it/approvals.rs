//! Row 22 of the attacks: an approval is by somebody else than the author, for exactly what was
//! looked at, and each partner has its own number of releasers to wait for.

use std::time::Duration;

use entente_intake::acts::{ApprovalAct, ImportAct, kind};
use entente_intake::{Applied, IntakeError, Outcome};
use entente_log::journal::Journal as _;
use entente_object::marking::Tlp;
use entente_release::approval::ApprovalState;
use serde_json::{Value, json};

use crate::fixture::{Node, Person, applied_in, approve, object, people};
use crate::nations::{nation, nine};

const TIME: &str = "2023-12-01T00:00:00.000Z";
const ALL: [&str; 3] = ["USA", "GBR", "POL"];

fn malware(n: u8, modified: &str) -> Value {
    json!({
        "type": "malware", "spec_version": "2.1", "created": TIME, "modified": modified,
        "id": format!("malware--0c7b5b88-8ff7-4a4d-aa9d-feb398cd00{n:02x}"), "name": "m", "is_family": true,
    })
}

fn strict(rel_to: &[&str]) -> Applied {
    applied_in("nine/open", Tlp::AmberStrict, rel_to)
}

/// A node with three releasers, of whom kim brought an object that waits: for one releaser before it
/// goes to USA and GBR, for two before it goes to POL.
struct Waiting {
    node: Node,
    people: Vec<Person>,
    seq: u64,
}

impl Waiting {
    fn new() -> Self {
        let mut node = Node::with(&nine(), &ALL);
        let people = people(&mut node, &["kim", "lee", "han"]);
        let seq = import(&mut node, "kim", &malware(1, TIME), &strict(&ALL));
        Self { node, people, seq }
    }

    fn approve(&mut self, person: usize) -> Result<u64, IntakeError> {
        approve(&mut self.node, self.seq, &self.people[person], |_| ())
    }

    /// Who has the object, in the version at its place.
    fn have(&self) -> Vec<&'static str> {
        have(&self.node, self.seq)
    }

    fn state(&self) -> ApprovalState {
        self.node.desk.approval(self.seq).unwrap()
    }
}

fn have(node: &Node, seq: u64) -> Vec<&'static str> {
    let active = |code: &&str| node.desk.partner(nation(code)).unwrap().act.standing == "active";
    let has = |code: &&str| node.whole(code).iter().any(|seen| seen.seq == seq);
    ALL.into_iter().filter(active).filter(has).collect()
}

/// Takes an object in as a person does, and gives its place.
fn import(node: &mut Node, author: &str, value: &Value, applied: &Applied) -> u64 {
    let first = node.desk.home().tip().next;
    let outcomes = node.take(vec![object(value)], "KOR", Some(applied));
    let end = node.desk.home().tip().next;
    let act = ImportAct { author: author.to_owned(), first, end };
    node.desk.record(kind::IMPORT, &act).unwrap();
    match outcomes[..] {
        [Outcome::Taken { seq, .. }] => seq,
        _ => panic!("{outcomes:?}"),
    }
}

fn refusal(result: Result<u64, IntakeError>) -> &'static str {
    match result {
        Err(IntakeError::Approval(why)) => why,
        other => panic!("{other:?}"),
    }
}

#[test]
fn nobody_approves_what_they_brought() {
    let mut waiting = Waiting::new();
    let own = "nobody approves what they brought themselves";
    assert_eq!(refusal(waiting.approve(0)), own);
    assert_eq!((waiting.have(), waiting.state()), (vec![], ApprovalState::Missing));
    waiting.approve(1).unwrap();
    assert_eq!(refusal(waiting.approve(0)), own);
    assert_eq!(waiting.have(), ["USA", "GBR"]);
}

#[test]
fn each_partner_waits_for_its_own_number_of_releasers() {
    let mut waiting = Waiting::new();
    assert_eq!(waiting.approve(1).unwrap(), 1);
    assert_eq!((waiting.have(), waiting.state()), (vec!["USA", "GBR"], ApprovalState::By(1)));
    // The same person again is still one.
    waiting.approve(1).unwrap();
    waiting.node.desk.review(true, &mut |_| ()).unwrap();
    assert_eq!(waiting.have(), ["USA", "GBR"]);
    assert_eq!(waiting.approve(2).unwrap(), 1);
    assert_eq!((waiting.have(), waiting.state()), (ALL.to_vec(), ApprovalState::By(2)));
}

#[test]
fn who_brought_an_object_stays_its_author_when_its_label_changes() {
    let mut node = Node::with(&nine(), &ALL);
    let people = people(&mut node, &["kim", "lee", "han"]);
    let about = json!({
        "type": "note", "spec_version": "2.1", "created": TIME, "modified": TIME, "content": "n",
        "id": "note--0c7b5b88-8ff7-4a4d-aa9d-feb398cd0009", "object_refs": [malware(1, TIME)["id"]],
    });
    let first = import(&mut node, "kim", &about, &strict(&ALL));
    // Somebody else brings what the note is about, for fewer: the note is appended anew.
    let fewer = applied_in("nine/open", Tlp::Amber, &["USA", "POL"]);
    import(&mut node, "lee", &malware(1, TIME), &fewer);
    let again = node.desk.newest(about["id"].as_str().unwrap()).unwrap().seq;
    assert!(again > first);
    let own = "nobody approves what they brought themselves";
    assert_eq!(refusal(approve(&mut node, again, &people[0], |_| ())), own);
    assert_eq!(have(&node, again), [""; 0]);
    // Who brought the other object is no author of the note.
    approve(&mut node, again, &people[1], |_| ()).unwrap();
    assert_eq!(have(&node, again), ["USA"]);
}

#[test]
fn an_approval_that_differs_in_anything_is_not_accepted() {
    type Change = (&'static str, fn(&mut ApprovalAct), &'static str);
    let other = "it is for another state of the object: look again";
    let broken = "the signature does not verify";
    let changes: [Change; 5] = [
        ("digest", |act| act.digest = "0".repeat(64), other),
        ("label", |act| act.label = "0".repeat(64), other),
        ("fewer", |act| drop(act.recipients.pop()), other),
        ("more", |act| act.recipients.push("ROU".into()), other),
        ("policy", |act| act.policy = "0".repeat(64), other),
    ];
    let forgeries: [Change; 3] = [
        ("expiry", |act| act.expires += 1, broken),
        ("signature", |act| act.signature = "0".repeat(128), broken),
        ("not hexadecimal", |act| act.digest = "é".repeat(32), broken),
    ];
    let mut waiting = Waiting::new();
    for (what, change, why) in changes {
        // Signed as changed, and changed after it was signed.
        let signed = approve(&mut waiting.node, waiting.seq, &waiting.people[1], change);
        assert_eq!(refusal(signed), why, "{what}");
        assert_eq!(refusal(forge(&mut waiting, change)), broken, "{what}");
    }
    for (what, change, why) in forgeries {
        assert_eq!(refusal(forge(&mut waiting, change)), why, "{what}");
    }
    assert_eq!(
        refusal(forge(&mut waiting, |act| act.releaser = "han".into())),
        "the person is not a releaser with that key"
    );
    assert_eq!(waiting.state(), ApprovalState::Missing);
    assert_eq!(waiting.have(), [""; 0]);
}

/// Changes an approval after it was signed.
fn forge(waiting: &mut Waiting, change: fn(&mut ApprovalAct)) -> Result<u64, IntakeError> {
    let mut act = waiting.people[1].signed(&waiting.node, waiting.seq, |_| ());
    change(&mut act);
    waiting.node.desk.approve(&act)
}

#[test]
fn an_approval_is_void_when_what_was_approved_has_changed() {
    type Change = (&'static str, fn(&mut Waiting), ApprovalState);
    let changes: [Change; 6] = [
        ("nothing", |_| (), ApprovalState::By(1)),
        (
            "programme",
            |waiting| waiting.node.adopt(&nine().replace("version = \"1\"", "version = \"2\"")),
            ApprovalState::Void,
        ),
        (
            "one recipient fewer",
            |waiting| {
                let suspend = waiting
                    .node
                    .desk
                    .change_partner(nation("GBR"), |act| act.standing = "suspended".into());
                suspend.unwrap();
            },
            ApprovalState::Void,
        ),
        (
            "one recipient more",
            |waiting| {
                // ROU is not named by the label: a partner that comes changes nothing.
                waiting.node.desk.add_partner(nation("ROU")).unwrap();
            },
            ApprovalState::By(1),
        ),
        (
            "time",
            |waiting| waiting.node.clock.advance(Duration::from_hours(25)),
            ApprovalState::Expired,
        ),
        (
            "a newer version",
            |waiting| {
                let newer = malware(1, "2023-12-02T00:00:00.000Z");
                waiting.seq = import(&mut waiting.node, "kim", &newer, &strict(&ALL));
            },
            ApprovalState::Missing,
        ),
    ];
    for (what, change, state) in changes {
        let mut waiting = Waiting::new();
        waiting.approve(1).unwrap();
        change(&mut waiting);
        assert_eq!(waiting.state(), state, "{what}");
        waiting.node.desk.decide_again().unwrap();
        waiting.approve(2).unwrap();
        // The second releaser is the second only if the first still counts.
        let both = state == ApprovalState::By(1);
        assert_eq!(waiting.have().contains(&"POL"), both, "{what}");
        assert_eq!(waiting.state(), ApprovalState::By(1 + u8::from(both)), "{what}");
    }
}

#[test]
fn an_approval_for_one_object_releases_no_other() {
    let mut waiting = Waiting::new();
    let same = import(&mut waiting.node, "kim", &malware(2, TIME), &strict(&ALL));
    let fewer = import(&mut waiting.node, "kim", &malware(3, TIME), &strict(&["USA", "POL"]));
    waiting.approve(1).unwrap();
    assert_eq!(waiting.have(), ["USA", "GBR"]);
    assert_eq!((have(&waiting.node, same), have(&waiting.node, fewer)), (vec![], vec![]));
    // One releaser's signature over the one, recorded for the others.
    for other in [same, fewer] {
        let refused = forge_for(&mut waiting, other);
        assert_eq!(refusal(refused), "it is for another state of the object: look again");
    }
}

fn forge_for(waiting: &mut Waiting, object: u64) -> Result<u64, IntakeError> {
    let act = waiting.people[2].signed(&waiting.node, waiting.seq, |_| ());
    waiting.node.desk.approve(&ApprovalAct { object, ..act })
}
