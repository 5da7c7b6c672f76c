//! A story: Korea's node takes intelligence in, and each partner has exactly what the programme
//! releases to it.

use std::path::Path;

use entente_intake::{Applied, Outcome, Prepared, Refused};
use entente_log::journal::Journal as _;
use entente_log::key::Key;
use entente_object::marking::Tlp;
use entente_release::Nation;
use entente_store::{Home, Reader, Signing};

use crate::fixture::{Node, applied, ready};
use crate::nations::nation;

fn node() -> Node {
    Node::shipped(&["USA", "GBR", "POL", "ITA"])
}

fn malware(n: u8, modified: &str) -> Prepared {
    ready(&format!(
        r#"{{"type":"malware","spec_version":"2.1","id":"malware--0c7b5b88-8ff7-4a4d-aa9d-feb398cd00{n:02x}",
        "created":"2023-12-01T00:00:00.000Z","modified":"{modified}","name":"m{n}","is_family":true}}"#
    ))
}

fn relationship(n: u8, from: u8, to: u8) -> Prepared {
    ready(&format!(
        r#"{{"type":"relationship","spec_version":"2.1","id":"relationship--1c7b5b88-8ff7-4a4d-aa9d-feb398cd00{n:02x}",
        "created":"2023-12-01T00:00:00.000Z","modified":"2023-12-01T00:00:00.000Z","relationship_type":"related-to",
        "source_ref":"malware--0c7b5b88-8ff7-4a4d-aa9d-feb398cd00{from:02x}","target_ref":"malware--0c7b5b88-8ff7-4a4d-aa9d-feb398cd00{to:02x}"}}"#
    ))
}

fn names(node: &Node, code: &str) -> Vec<String> {
    let text = node.view(code);
    let mut names: Vec<String> = text
        .split("\"id\":\"")
        .skip(1)
        .map(|rest| {
            let id = rest.split('"').next().unwrap();
            format!("{}{}", &id[..1], id[id.len() - 2..].trim_start_matches('0'))
        })
        .collect();
    names.sort();
    names
}

#[test]
fn each_partner_has_what_its_label_and_the_programme_allow() {
    let mut node = node();
    let old = "2023-12-01T00:00:00.000Z";
    let all = applied(Tlp::Amber, &["USA", "GBR", "POL", "ITA"]);
    let few = applied(Tlp::Amber, &["USA", "GBR"]);
    node.desk.take(vec![malware(1, old), malware(2, old)], Nation::KOR, Some(&all)).unwrap();
    node.desk.take(vec![malware(3, old)], Nation::KOR, Some(&few)).unwrap();
    // A relationship to what Poland may not have does not reach Poland.
    let links = vec![relationship(1, 1, 2), relationship(2, 2, 3)];
    node.desk.take(links, Nation::KOR, Some(&all)).unwrap();
    assert_eq!(names(&node, "USA"), ["m1", "m2", "m3", "r1", "r2"]);
    assert_eq!(names(&node, "POL"), ["m1", "m2", "r1"]);
    let why =
        node.desk.explain("relationship--1c7b5b88-8ff7-4a4d-aa9d-feb398cd0002", nation("POL"));
    assert!(why.unwrap().withheld.len() == 1);
}

#[test]
fn what_waits_for_an_object_follows_it() {
    let mut node = node();
    let all = applied(Tlp::Amber, &["USA", "POL"]);
    let taken = node.desk.take(vec![relationship(1, 1, 2)], Nation::KOR, Some(&all)).unwrap();
    assert!(matches!(&taken.outcomes[..], [Outcome::Taken { released, held, .. }]
            if released.is_empty() && !held.is_empty()));
    assert_eq!(names(&node, "POL"), Vec::<String>::new());
    let old = "2023-12-01T00:00:00.000Z";
    let taken = node.desk.take(vec![malware(1, old), malware(2, old)], Nation::KOR, Some(&all));
    assert_eq!(taken.unwrap().followed, 1);
    assert_eq!(names(&node, "POL"), ["m1", "m2", "r1"]);
}

#[test]
fn unlabelled_unmarked_and_red_go_to_nobody() {
    let mut node = node();
    let old = "2023-12-01T00:00:00.000Z";
    node.desk.take(vec![malware(1, old)], Nation::KOR, None).unwrap();
    let unmarked = Applied { tlp: None, ..applied(Tlp::Clear, &["USA"]) };
    node.desk.take(vec![malware(2, old)], Nation::KOR, Some(&unmarked)).unwrap();
    let red = applied(Tlp::Red, &["USA"]);
    node.desk.take(vec![malware(3, old)], Nation::KOR, Some(&red)).unwrap();
    assert_eq!(names(&node, "USA"), Vec::<String>::new());
}

fn object(id: &str, more: &str) -> Prepared {
    let object_type = id.split("--").next().unwrap();
    ready(&format!(
        r#"{{"type":"{object_type}","spec_version":"2.1","id":"{id}",
        "created":"2023-12-01T00:00:00.000Z","modified":"2023-12-01T00:00:00.000Z",{more}}}"#
    ))
}

/// A statement as a marking.
fn statement(id: &str) -> Prepared {
    ready(&format!(
        r#"{{"type":"marking-definition","spec_version":"2.1","id":"{id}",
        "created":"2023-12-01T00:00:00.000Z","definition_type":"statement",
        "definition":{{"statement":"s"}}}}"#
    ))
}

/// ATTACKS.md row 6: whether it is read back would tell Poland which markings are here.
#[test]
fn a_marking_that_a_partner_does_not_have_is_unknown_to_it() {
    let id = "marking-definition--3c7b5b88-8ff7-4a4d-aa9d-feb398cd0009";
    let marked = |n: u8| {
        let more = format!(r#""is_family":false,"object_marking_refs":["{id}"]"#);
        object(&format!("malware--0c7b5b88-8ff7-4a4d-aa9d-feb398cd00{n:02x}"), &more)
    };
    let own = applied(Tlp::Amber, &["KOR"]);
    let mut node = node();
    node.desk.take(vec![statement(id)], Nation::KOR, None).unwrap();
    node.desk.take(vec![statement(id)], nation("POL"), Some(&own)).unwrap();
    node.desk.take(vec![marked(1)], nation("POL"), Some(&own)).unwrap();
    node.desk.take(vec![marked(2)], nation("USA"), Some(&own)).unwrap();
    assert_eq!(names(&node, "POL"), ["m1", "m9"]);
    assert_eq!(names(&node, "USA"), Vec::<String>::new());
    // Nor does a partner's definition make known what Korea's own objects carry.
    let other = "marking-definition--3c7b5b88-8ff7-4a4d-aa9d-feb398cd000a";
    let more = format!(r#""is_family":false,"object_marking_refs":["{other}"]"#);
    let quarantined = object("malware--0c7b5b88-8ff7-4a4d-aa9d-feb398cd0003", &more);
    let all = applied(Tlp::Amber, &["USA", "POL"]);
    node.desk.take(vec![quarantined], Nation::KOR, Some(&all)).unwrap();
    node.desk.take(vec![statement(other)], nation("USA"), Some(&own)).unwrap();
    node.desk.review(true, &mut |_| ()).unwrap();
    assert_eq!(names(&node, "USA"), ["ma"]);
}

#[test]
fn a_review_of_reports_on_each_other_ends() {
    let mut node = node();
    let id = |n: u8| format!("report--2c7b5b88-8ff7-4a4d-aa9d-feb398cd00{n:02x}");
    let marking = |n: u8| format!("marking-definition--3c7b5b88-8ff7-4a4d-aa9d-feb398cd00{n:02x}");
    let report = |n: u8, about: u8| {
        let more = format!(
            r#""name":"r","published":"2023-12-01T00:00:00Z","object_refs":["{}"],
            "object_marking_refs":["{}"]"#,
            id(about),
            marking(n)
        );
        object(&id(n), &more)
    };
    node.desk.take(vec![report(1, 2), report(2, 1)], nation("POL"), None).unwrap();
    // One of the markings becomes known, the other does not.
    node.desk.take(vec![statement(&marking(1))], nation("POL"), None).unwrap();
    for _ in 0..3 {
        node.desk.review(true, &mut |_| ()).unwrap();
    }
    let reached = node.desk.home().tip().next;
    node.desk.review(true, &mut |_| ()).unwrap();
    assert_eq!(node.desk.home().tip().next, reached, "each review appends them anew");
}

/// ATTACKS.md row 5: an id that Poland brings itself does not stand for Korea's object.
#[test]
fn a_partners_own_object_does_not_vouch_for_a_withheld_one_of_the_same_id() {
    let mut node = node();
    let old = "2023-12-01T00:00:00.000Z";
    let (all, few) = (applied(Tlp::Amber, &["USA", "POL"]), applied(Tlp::Amber, &["USA"]));
    node.desk.take(vec![malware(1, old)], Nation::KOR, Some(&all)).unwrap();
    node.desk.take(vec![malware(2, old)], Nation::KOR, Some(&few)).unwrap();
    let about_2 = |n: u8| {
        let more = r#""is_family":false,"x_ref":"malware--0c7b5b88-8ff7-4a4d-aa9d-feb398cd0002""#;
        object(&format!("malware--0c7b5b88-8ff7-4a4d-aa9d-feb398cd00{n:02x}"), more)
    };
    node.desk.take(vec![about_2(3)], Nation::KOR, Some(&all)).unwrap();
    let own = applied(Tlp::Amber, &["KOR"]);
    node.desk.take(vec![malware(2, old)], nation("POL"), Some(&own)).unwrap();
    node.desk.take(vec![about_2(4)], nation("POL"), Some(&own)).unwrap();
    node.desk.take(vec![about_2(5)], Nation::KOR, Some(&all)).unwrap();
    node.desk.review(true, &mut |_| ()).unwrap();
    let why = node.desk.explain("malware--0c7b5b88-8ff7-4a4d-aa9d-feb398cd0002", nation("USA"));
    assert!(why.unwrap().released, "explained is what Poland brought");
    // What Poland brought it reads back, what it says of its own object too.
    assert_eq!(names(&node, "POL"), ["m1", "m2", "m4"]);
    assert_eq!(names(&node, "USA"), ["m1", "m2", "m3", "m5"]);
}

/// OASIS's own example of APT1 has a threat actor and a relationship with one UUID.
#[test]
fn objects_of_two_types_with_one_uuid_are_two_objects() {
    let mut node = node();
    let all = applied(Tlp::Amber, &["USA", "POL"]);
    let old = "2023-12-01T00:00:00.000Z";
    let mut link = relationship(1, 1, 2);
    let text = String::from_utf8(link.bytes).unwrap().replace("--1c7b5b88", "--0c7b5b88");
    link = ready(&text);
    assert_eq!(link.id.uuid(), malware(1, old).id.uuid());
    let batch = vec![malware(1, old), malware(2, old), link];
    let taken = node.desk.take(batch, Nation::KOR, Some(&all)).unwrap();
    assert!(taken.outcomes.iter().all(|outcome| matches!(outcome, Outcome::Taken { .. })));
    node.desk.take(vec![malware(1, "2024-01-01T00:00:00.000Z")], Nation::KOR, Some(&all)).unwrap();
    assert_eq!(names(&node, "POL"), ["m1", "m2", "r1"]);
    node.desk.home_mut().rebuild(&mut |_, _| ()).unwrap();
    assert_eq!(names(&node, "USA"), ["m1", "m2", "r1"]);
}

#[test]
fn a_newer_version_replaces_and_equal_ones_are_refused() {
    let mut node = node();
    let all = applied(Tlp::Amber, &["USA"]);
    let (old, new) = ("2023-12-01T00:00:00.000Z", "2023-12-02T00:00:00.000Z");
    node.desk.take(vec![malware(1, old)], Nation::KOR, Some(&all)).unwrap();
    let same = node.desk.take(vec![malware(1, old)], Nation::KOR, Some(&all)).unwrap();
    assert_eq!(same.outcomes, [Outcome::Same]);
    let mut other = malware(1, old);
    other.digest[0] ^= 1;
    let conflict = node.desk.take(vec![other], Nation::KOR, Some(&all)).unwrap();
    assert!(matches!(&conflict.outcomes[..], [Outcome::Refused(Refused::Conflict(_))]));
    assert_eq!(node.desk.home().acts("alarm").unwrap().len(), 1);
    node.desk.take(vec![malware(1, new)], Nation::KOR, Some(&all)).unwrap();
    let text = node.view("USA");
    assert!(text.contains(new));
    assert_eq!(text.matches("\"id\"").count(), 1);
}

#[test]
fn indexes_rebuild_to_the_same_views_and_ledgers_verify() {
    let mut node = node();
    let old = "2023-12-01T00:00:00.000Z";
    let all = applied(Tlp::Amber, &["USA", "GBR", "POL", "ITA"]);
    let batch = (0..60).map(|n| malware(n, old)).chain((0..50).map(|n| relationship(n, n, n + 9)));
    node.desk.take(batch.collect(), Nation::KOR, Some(&all)).unwrap();
    let before = ["USA", "POL", "ITA"].map(|code| node.view(code));
    node.desk.home_mut().rebuild(&mut |_, _| ()).unwrap();
    assert_eq!(["USA", "POL", "ITA"].map(|code| node.view(code)), before);
    let reader = Reader::open(node.folder.path()).unwrap();
    let partner = node.desk.partner(nation("POL")).unwrap().partner.index;
    let public = node.desk.key().to_owned();
    let verified = reader.verify_ledger(partner, "KOR/ledger/POL", &public, &mut |_| ()).unwrap();
    assert_eq!(verified.entries, 110);
    let key = malware(7, old).key;
    let proof = reader.prove(partner, key).unwrap().unwrap();
    assert!(proof.verify("KOR/ledger/POL", &public));
    assert!(!proof.verify("KOR/ledger/USA", &public));
    reader.verify_log(&mut |_| ()).unwrap();
}

#[test]
fn a_restored_old_backup_may_not_sign() {
    let mut node = node();
    let old = "2023-12-01T00:00:00.000Z";
    let all = applied(Tlp::Amber, &["USA"]);
    let backup = node.folder.path().join("backup.db");
    node.desk.take(vec![malware(1, old)], Nation::KOR, Some(&all)).unwrap();
    entente_store::backup(node.folder.path(), &backup).unwrap();
    node.desk.take(vec![malware(2, old)], Nation::KOR, Some(&all)).unwrap();
    let Node { folder, desk, .. } = node;
    drop(desk);
    entente_store::restore(folder.path(), &backup).unwrap();
    let error = sign_again(folder.path()).unwrap_err().to_string();
    assert!(error.contains("has 1 entries, but 2 were signed"), "{error}");
}

fn sign_again(folder: &Path) -> Result<(), entente_store::StoreError> {
    let mut home = Home::open(folder)?;
    let key = Key::from_seed("KOR", &[7; 32]).unwrap();
    let usa = entente_release::PartnerIndex::new(0).unwrap();
    home.sign_with(Signing {
        key: key.into(),
        here: Nation::KOR,
        partners: vec![(usa, nation("USA"))],
    })
}
