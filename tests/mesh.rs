//! Nine nations' nodes, each a process of its own, all of whom have met, over mutual TLS: the attacks of
//! ATTACKS.md that need several nodes, each in the file named here.
//!
//! | rows | file |
//! |---|---|
//! | 1, 2, 9, 10 | `foreign.rs` |
//! | 3 | `markings.rs` |
//! | 4 | `people.rs` |
//! | 5 | `graphs.rs` |
//! | 8 | `ledgers.rs` |
//! | 11 | `exercise.rs` |
//! | 20 | `certificates.rs` |
//! | 21 | `servers.rs` |
//!
//! A node that is served obeys the rule. So a hostile one is written to past its door: what it then
//! signs and serves is what no honest node would.

mod certificates;
mod exercise;
mod false_node;
mod foreign;
mod graphs;
mod ledgers;
mod markings;
mod people;
mod servers;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read as _, Write as _};
use std::sync::Arc;
use std::time::{Duration, Instant};

use entente_intake::acts::{AlarmAct, kind};
use entente_intake::{Applied, Prepared, prepare};
use entente_log::entry::{Entry, LabelText, Put, Release};
use entente_log::journal::Journal as _;
use entente_object::id::Id;
use entente_object::marking::Tlp;
use entente_object::time::Timestamp;
use entente_release::label::{Faults, PermittedActions, Under, Window};
use entente_release::{Label, NationSet, label_marking};
use entente_store::LedgerEntry;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::caller;
use crate::graph;
use crate::member::{Member, desk, nation, reader};
use crate::nations;

const NATIONS: [&str; 9] = ["KOR", "USA", "GBR", "ITA", "DNK", "NLD", "CZE", "ROU", "POL"];

const TIME: &str = "2023-12-01T00:00:00.000Z";

fn others(code: &str) -> Vec<&'static str> {
    NATIONS.into_iter().filter(|other| *other != code).collect()
}

/// Nine nodes that have met and are served.
fn nine() -> Vec<Member> {
    let made = NATIONS.map(|code| {
        std::thread::spawn(move || {
            let member = Member::of(code);
            let card = member.card();
            (member, card)
        })
    });
    let (members, cards): (Vec<Member>, Vec<_>) =
        made.map(|made| made.join().unwrap()).into_iter().unzip();
    let cards = Arc::new(cards);
    let met = members.into_iter().enumerate().map(|(own, member)| {
        let cards = cards.clone();
        std::thread::spawn(move || {
            for (_, card) in cards.iter().enumerate().filter(|(other, _)| *other != own) {
                member.accept_card(card);
            }
            member.serve();
            member
        })
    });
    let met: Vec<_> = met.collect();
    met.into_iter().map(|met| met.join().unwrap()).collect()
}

fn under() -> BTreeSet<Under> {
    [Under { programme: "open".parse().unwrap(), area: "all".parse().unwrap() }].into()
}

fn label(by: &str, to: &[&str], tlp: Tlp, onward: bool) -> Label {
    Label {
        rel_to: to.iter().map(|code| nation(code)).collect(),
        tlp,
        under: under(),
        actions: PermittedActions::ExternallyVisibleDirect,
        onward,
        faults: Faults::NONE,
        ..Label::originator_alone(nation(by))
    }
}

/// Releases objects as an honest node does, to all.
fn release(by: &Member, objects: &[Value]) {
    let rel_to: NationSet = others(by.code).iter().map(|code| nation(code)).collect();
    let applied = Applied {
        tlp: Some(Tlp::Green),
        rel_to,
        under: under(),
        caveats: [].into(),
        actions: PermittedActions::ExternallyVisibleDirect,
        exercise: None,
        window: Window::default(),
    };
    let taken = desk(by).take(ready(objects), nation(by.code), Some(&applied)).unwrap();
    assert_eq!(taken.outcomes.len(), objects.len());
}

fn ready(objects: &[Value]) -> Vec<Prepared> {
    let ready = |object: &Value| {
        prepare(object.to_string().into_bytes())
            .unwrap_or_else(|(refused, _)| panic!("{refused}: {object}"))
    };
    objects.iter().map(ready).collect()
}

/// Puts objects into a node's log and into its ledgers for nations, past every door. Of each: under
/// which id, and its text.
fn slip(by: &Member, to: &[&str], objects: &[(String, String)]) {
    let mut desk = desk(by);
    let partners: Vec<_> =
        to.iter().map(|code| desk.partner(nation(code)).unwrap().partner.index).collect();
    let now = desk.now().unix_micros();
    let home = desk.home_mut();
    home.lock().unwrap();
    let number = u32::try_from(home.labels().len()).unwrap();
    let stix = label_marking::to_stix(&label(by.code, &others(by.code), Tlp::Green, false));
    let mut entries = vec![Entry::Label(LabelText { number, faults: 0, stix: stix.into() })];
    let first = home.tip().next + 1;
    for (id, text) in objects {
        let id = Id::parse(id).unwrap();
        let value: Value = serde_json::from_str(text).unwrap();
        let version = Timestamp::parse(value["modified"].as_str().unwrap()).unwrap();
        entries.push(Entry::Put(Put {
            uuid: id.uuid,
            object_type: Cow::Owned(id.type_name.to_owned()),
            version: version.unix_micros(),
            label: number,
            brought_by: nation(by.code),
            digest: Sha256::digest(text).into(),
            bytes: text.as_bytes().into(),
        }));
    }
    let end = first + u64::try_from(objects.len()).unwrap();
    for partner in partners {
        let last = home.last_added(partner).unwrap().unwrap_or(i64::MIN);
        let (first_added, objects) = (now.max(last + 1), (first..end).collect());
        entries.push(Entry::Release(Release { partner, first_added, objects }));
    }
    home.append(&entries).unwrap();
    home.unlock();
}

/// The ledger of each partner of a node: its entries.
fn ledgers(member: &Member) -> BTreeMap<&'static str, Vec<LedgerEntry>> {
    let (desk, reader) = (desk(member), reader(member));
    let mut ledgers = BTreeMap::new();
    for other in others(member.code) {
        let index = desk.partner(nation(other)).unwrap().partner.index;
        let mut entries = Vec::new();
        reader
            .ledger(index, 0, &mut |entry| {
                entries.push(entry);
                true
            })
            .unwrap();
        ledgers.insert(other, entries);
    }
    ledgers
}

/// How many alarms of each kind there are about each nation.
fn alarms(member: &Member) -> BTreeMap<(String, String), usize> {
    let mut alarms = BTreeMap::new();
    for (_, act) in reader(member).acts(kind::ALARM).unwrap() {
        let act: AlarmAct = serde_json::from_str(&act.json).unwrap();
        *alarms.entry((act.nation, act.what)).or_default() += 1;
    }
    alarms
}

fn malware(id: &str, name: &str) -> Value {
    json!({
        "type": "malware", "spec_version": "2.1", "id": id, "created": TIME, "modified": TIME,
        "name": name, "is_family": true,
    })
}

const TAXII: &str = "application/taxii+json;version=2.1";

/// Asks a node as another one does, perhaps with a token, and reads the whole answer: its status, and
/// its body.
fn ask(by: &Member, from: &Member, request: &str, (token, body): (&str, &str)) -> (u16, String) {
    let connected = caller::connect(&by.node.folder(), &from.node.folder(), &from.host);
    let (mut session, mut socket) = connected.unwrap();
    socket.set_read_timeout(Some(Duration::from_mins(1))).unwrap();
    let mut stream = rustls::Stream::new(&mut session, &mut socket);
    let bearer =
        if token.is_empty() { String::new() } else { format!("authorization: Bearer {token}\r\n") };
    // An answer of the older HTTP is not cut into chunks.
    let head = format!(
        "{request} HTTP/1.0\r\nhost: localhost\r\naccept: {TAXII}\r\ncontent-type: {TAXII}\r\n\
         {bearer}content-length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(&[head.as_bytes(), body.as_bytes()].concat()).unwrap();
    let mut answer = Vec::new();
    if let Err(error) = stream.read_to_end(&mut answer) {
        assert_eq!(error.kind(), std::io::ErrorKind::UnexpectedEof, "{error}");
    }
    let answer = String::from_utf8_lossy(&answer).into_owned();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    let status = head.split(' ').nth(1).and_then(|code| code.parse().ok()).unwrap_or(0);
    (status, body.to_owned())
}

/// Brings objects in by command, whatever becomes of each.
fn import(member: &Member, lines: &str, label: &[&str]) -> Value {
    let file = member.node.file("objects.ndjson", lines);
    let rejects = member.node.work().join("rejects.ndjson").display().to_string();
    let args = [&["--json", "import", &file, "--rejects", &rejects], label].concat();
    let ran = member.node.run(&args);
    assert!(ran.code < 2, "{}", ran.said());
    ran.document()
}

#[test]
fn of_what_korea_brings_in_each_of_eight_nodes_has_what_it_may_have() {
    let start = Instant::now();
    let members = nine();
    let korea = &members[0];
    let programme = korea.node.file("nine.toml", nations::nine());
    korea.node.json(&["programme", "adopt", &programme]);
    for code in graph::CAREFUL {
        korea.node.json(&["partner", "accept", code, "careful"]);
    }
    let told = |what: &str| println!("{what}: {:.1?}", start.elapsed());
    told("nine nodes have met");
    people::who_and_why_is_said_before_and_the_difference_when_it_is_approved(&members);
    told("row 4");
    exercise::nothing_crosses_the_wall(&members);
    told("row 11");
    markings::no_mutation_of_markings_is_at_a_nation_more(&members);
    told("row 3");
    graphs::nobody_has_a_trace_of_what_it_may_not_have(&members);
    told("row 5");
    for member in &members {
        member.node.run(&["ledger", "verify", "--all"]).ends(0);
    }
    told("all hold");
}

#[test]
fn nine_nodes_among_whoever_else_connects() {
    let start = Instant::now();
    let members = nine();
    let told = |what: &str| println!("{what}: {:.1?}", start.elapsed());
    told("nine nodes have met");
    certificates::nobody_has_a_session_with_a_bad_certificate_or_an_older_tls(&members);
    told("row 20");
    servers::hostile_servers_cost_a_bounded_amount_and_are_overcome(&members);
    told("row 21");
}

#[test]
fn nine_nodes_of_which_one_changes_what_it_signed() {
    ledgers::every_change_of_a_ledger_is_found_at_the_next_question(&nine());
}
