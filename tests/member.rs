//! The fixture of tests with several nations: a nation's node that is served at one address, and has met
//! others by their cards.
//!
//! Invariant: what is told of a node was asked of its own program.

use std::cell::RefCell;
use std::fs;
use std::net::TcpListener;
use std::process::Command;
use std::sync::Arc;
use std::thread::sleep;
use std::time::{Duration, Instant};

use entente_intake::Desk;
use entente_intake::acts::{ReceiptAct, ReceivedAct, kind};
use entente_log::entry::Put;
use entente_log::key::Key;
use entente_object::clock::SystemClock;
use entente_release::Nation;
use entente_store::{Home, Reader, Signing};
use serde_json::Value;

use crate::node::{Node, Served};
use crate::objects::{indicator, indicator_id, lines};

/// Everybody may send everybody anything up to AMBER, at once: what is not passed on here is not held
/// back by the programme.
pub(crate) const PROGRAMME: &str = r#"format = 1

[programme]
id = "open"
title = "Open"
version = "1"
source = "made up for tests"
in_force = { from = 2023-01-01, until = 2099-12-31 }

[[party]]
nation = "KOR"
name = "Korea"

[[party]]
nation = "POL"
name = "Poland"

[[party]]
nation = "USA"
name = "United States"

[[party]]
nation = "GBR"
name = "United Kingdom"

[[party]]
nation = "ITA"
name = "Italy"

[[party]]
nation = "DNK"
name = "Denmark"

[[party]]
nation = "NLD"
name = "Netherlands"

[[party]]
nation = "CZE"
name = "Czechia"

[[party]]
nation = "ROU"
name = "Romania"

[[area]]
id = "all"
number = 1
title = "All"

[[area.terms]]
from = ["parties"]
to = ["parties"]
ceiling = "amber"
types = ["any"]
releasers = 0
onward = "listed"
"#;

/// How long something may take until it has happened.
pub(crate) const PATIENCE: Duration = Duration::from_mins(1);

/// Waits until something is so.
#[track_caller]
pub(crate) fn until(what: &str, is_so: impl Fn() -> bool) {
    let start = Instant::now();
    while !is_so() {
        assert!(start.elapsed() < PATIENCE, "it does not happen: {what}");
        sleep(Duration::from_millis(20));
    }
}

/// A nation's node, which is served at one address whenever it is.
pub(crate) struct Member {
    pub(crate) code: &'static str,
    pub(crate) node: Node,
    pub(crate) host: String,
    pub(crate) served: RefCell<Option<Served>>,
}

impl Member {
    /// A node that is not served yet, and has met nobody.
    pub(crate) fn of(code: &'static str) -> Self {
        Self::under(code, PROGRAMME)
    }

    /// The same with a programme of its own.
    pub(crate) fn under(code: &'static str, programme: &str) -> Self {
        let node = Node::of(code, programme);
        // A port that was free a moment ago.
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let host = listener.local_addr().unwrap().to_string();
        Self { code, node, host, served: RefCell::new(None) }
    }

    pub(crate) fn port(&self) -> &str {
        self.host.rsplit(':').next().unwrap()
    }

    /// This node's card in a file, and its fingerprint.
    pub(crate) fn card(&self) -> (String, String) {
        let file = self.node.work().join("card").display().to_string();
        let address = format!("https://localhost:{}", self.port());
        let made = self.node.json(&["peer", "invite", "--address", &address, "--out", &file]);
        (file, made["fingerprint"].as_str().unwrap().to_owned())
    }

    pub(crate) fn accept(&self, other: &Self) {
        self.accept_card(&other.card());
    }

    pub(crate) fn accept_card(&self, (file, fingerprint): &(String, String)) {
        self.node.json(&["peer", "accept", file, "--fingerprint", fingerprint]);
    }

    /// Kill −9, if it is running.
    pub(crate) fn kill(&self) {
        drop(self.served.take());
    }

    pub(crate) fn serve(&self) {
        self.kill();
        drop(self.served.replace(Some(self.node.serve_at(&self.host, &[], "warn"))));
    }

    /// Releases made-up indicators of these numbers to nations.
    pub(crate) fn release(&self, numbers: std::ops::Range<usize>, rel_to: &str) {
        let file = self.node.file("objects.ndjson", lines(numbers.clone().map(indicator)));
        let label = ["--programme", "open", "--area", "all", "--tlp", "green", "--rel-to", rel_to];
        let done = self.node.json(&[&["import", &file], label.as_slice()].concat());
        assert_eq!(done["taken"], numbers.len(), "{done}");
    }

    /// How it stands with another node.
    pub(crate) fn with(&self, other: &Self) -> Value {
        self.node.json(&["peer", "show", other.code])
    }

    pub(crate) fn count(&self, name: &str, other: &Self) -> usize {
        usize::try_from(self.with(other)[name].as_u64().unwrap()).unwrap()
    }

    #[track_caller]
    pub(crate) fn has_received(&self, count: usize, from: &Self) {
        let what = format!("{} has received {count} from {}", self.code, from.code);
        until(&what, || self.count("received", from) >= count);
        assert_eq!(self.count("received", from), count);
    }

    #[track_caller]
    pub(crate) fn has_receipts(&self, count: usize, of: &Self) {
        let what = format!("{} has receipts of {} for {count}", self.code, of.code);
        until(&what, || self.count("acknowledged", of) >= count);
        assert_eq!((self.count("acknowledged", of), self.count("released", of)), (count, count));
    }

    /// Whether an object is here.
    pub(crate) fn has(&self, number: usize) -> bool {
        let other = if self.code == "KOR" { "POL" } else { "KOR" };
        let ran = self.node.run(&["release", "explain", &indicator_id(number), "--to", other]);
        let here = !ran.said().contains("is not here");
        assert!(!here || ran.code < 2, "{}", ran.said());
        here
    }

    /// How many objects are here.
    pub(crate) fn objects(&self) -> usize {
        let told = self.node.json(&["doctor"]);
        let findings = told["findings"].as_array().unwrap();
        let log = findings.iter().find_map(|line| line.as_str().unwrap().split_once("entries, "));
        log.unwrap().1.split(' ').next().unwrap().parse().unwrap()
    }

    pub(crate) fn alarms(&self) -> String {
        self.node.run(&["doctor"]).said()
    }

    #[track_caller]
    pub(crate) fn is_sound(&self) {
        self.node.run(&["ledger", "verify"]).ends(0);
        self.node.run(&["doctor"]).ends(0).says(&["alarms: 0 recorded"]);
    }

    /// Puts the whole folder back to what it was.
    pub(crate) fn back_to(&self, before: &Node) {
        self.kill();
        std::fs::remove_dir_all(self.node.folder()).unwrap();
        let mut copy = Command::new("cp");
        let copied = copy.arg("-a").args([before.folder(), self.node.folder()]).status();
        assert!(copied.unwrap().success());
    }
}

pub(crate) fn nation(code: &str) -> Nation {
    code.parse().unwrap()
}

/// The desk of a node, beside the process that serves it.
pub(crate) fn desk(member: &Member) -> Desk {
    let folder = member.node.folder();
    let mut desk = Desk::open(Home::open(&folder).unwrap(), Arc::new(SystemClock)).unwrap();
    let seed = fs::read(folder.join("keys/node.key")).unwrap().try_into().unwrap();
    let here = desk.here();
    let key = Key::from_seed(here.as_str(), &seed).unwrap();
    let partners = desk.partners().iter().map(|r| (r.partner.index, r.partner.nation)).collect();
    desk.home_mut().sign_with(Signing { key: key.into(), here, partners }).unwrap();
    desk
}

pub(crate) fn reader(member: &Member) -> Reader {
    Reader::open(&member.node.folder()).unwrap()
}

/// How much of a partner's ledger is here, and for how much of its own a receipt.
pub(crate) fn standing(reader: &Reader, with: &str) -> (u64, u64) {
    let act =
        |kind: String| reader.last_act_of(&kind).unwrap().map(|(_, act)| act.json.into_owned());
    let received = act(kind::received(nation(with)));
    let receipt = act(kind::receipt(nation(with)));
    (
        received.map_or(0, |json| serde_json::from_str::<ReceivedAct>(&json).unwrap().size),
        receipt.map_or(0, |json| serde_json::from_str::<ReceiptAct>(&json).unwrap().size),
    )
}

/// Waits until what each has released is received by each, and each knows that it is.
pub(crate) fn settle(members: &[Member]) {
    let start = Instant::now();
    for from in members {
        let desk = desk(from);
        let (own, partners) = (reader(from), desk.partners());
        for to in members.iter().filter(|to| to.code != from.code) {
            let index = partners.iter().find(|r| r.partner.nation == nation(to.code));
            let index = index.unwrap().partner.index;
            let theirs = reader(to);
            loop {
                let released = own.ledger_size(index).unwrap();
                let received = standing(&theirs, from.code).0;
                let acknowledged = standing(&own, to.code).1;
                if released == received && released == acknowledged {
                    break;
                }
                let told =
                    format!("{} to {}: {released} {received} {acknowledged}", from.code, to.code);
                let log = || to.served.borrow().as_ref().unwrap().log();
                assert!(start.elapsed() < PATIENCE, "{told}: {}", log());
                sleep(Duration::from_millis(20));
            }
        }
    }
}

/// What nations brought that is at a node: who, and the text.
pub(crate) fn puts(member: &Member) -> Vec<(Nation, String)> {
    let mut puts = Vec::new();
    let mut visit = |_, put: &Put<'_>| {
        puts.push((put.brought_by, String::from_utf8(put.bytes.to_vec()).unwrap()));
        Ok(true)
    };
    desk(member).home().each_object_from(0, &mut visit).unwrap();
    puts
}

/// Three nodes that have met and are served.
pub(crate) fn three() -> [Member; 3] {
    let all = ["KOR", "POL", "USA"].map(Member::of);
    for one in &all {
        for other in all.iter().filter(|other| other.code != one.code) {
            one.accept(other);
        }
    }
    all.iter().for_each(Member::serve);
    all
}
