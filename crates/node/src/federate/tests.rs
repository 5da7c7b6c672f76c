//! The desk behind federation: what was received is found again as it was, and receipts are those of
//! this node's own ledgers.

use std::time::Duration;

use entente_intake::acts::{AlarmAct, EpochAct, NodeAct, PeerAct, ProgrammeAct, kind};
use entente_intake::{Applied, Desk, prepare};
use entente_log::key::Key;
use entente_log::{checkpoint, cosignature};
use entente_object::clock::StepClock;
use entente_object::marking::Tlp;
use entente_peer::doors::{Keeper as _, ReceiptError};
use entente_peer::page::{Page, Position, verify};
use entente_release::Audience;
use entente_release::label::{PermittedActions, Under, Window};
use entente_release::partner::Authenticated;
use entente_store::{Home, Signing};
use serde_json::json;

use super::*;
use crate::folder;
use crate::met::tests::{Root, card, nation, now};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use entente_log::Journal as _;
use entente_log::entry::{Act, Entry};
use entente_log::epoch::Sealed;
use entente_log::tree::{Tree, record_hash};
use entente_peer::epochs::{self, Seen};
use entente_peer::page::Fault;
use entente_peer::succession::Succession;
use rcgen::SigningKey as _;

const PROGRAMME: &str = r#"format = 1

[programme]
id = "two"
title = "Two nations"
version = "1"
source = "made up for tests"
in_force = { from = 2023-01-01, until = 2099-12-31 }

[[party]]
nation = "KOR"
name = "Korea"

[[party]]
nation = "POL"
name = "Poland"

[[area]]
id = "open"
number = 1
title = "Open"

[[area.terms]]
from = ["parties"]
to = ["parties"]
ceiling = "amber"
types = ["any"]
releasers = 0
"#;

/// A node with a partner. Its key is the one on [`card`].
struct Side {
    folder: tempfile::TempDir,
    clock: Arc<StepClock>,
    desk: Desk,
}

fn side(here: &str, partner: &str) -> Side {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder::keys(folder.path())).unwrap();
    folder::write_secret(&folder::keys(folder.path()).join("node.key"), &[9; 32]).unwrap();
    let key = Key::from_seed(here, &[9; 32]).unwrap();
    let mut home = Home::open(folder.path()).unwrap();
    let act = NodeAct { nation: here.to_owned(), key: key.public() };
    Desk::init(&mut home, &act, now()).unwrap();
    let clock = Arc::new(StepClock::new(now(), Duration::from_millis(1)));
    let mut desk = Desk::open(home, clock.clone()).unwrap();
    let act = ProgrammeAct { file: "two.toml".into(), text: PROGRAMME.to_owned() };
    desk.adopt_programme(&act).unwrap();
    let card = card(partner, &[&Root::of(partner)]);
    let act =
        entente_intake::acts::PeerAct { nation: partner.to_owned(), card: card.text().to_owned() };
    desk.meet(&act).unwrap();
    folder::sign(folder.path(), &mut desk).unwrap();
    let partners = vec![(desk.partner(nation(partner)).unwrap().partner.index, nation(partner))];
    desk.home_mut().sign_with(Signing { key: key.into(), here: nation(here), partners }).unwrap();
    Side { folder, clock, desk }
}

impl Side {
    /// Releases objects of 900 KB, of which five are a page.
    fn release(&mut self, numbers: std::ops::Range<usize>, to: &str) {
        let object = |number: usize| {
            json!({
                "type": "malware", "spec_version": "2.1", "is_family": true, "name": "made up",
                "id": format!("malware--1c7b5b88-8ff7-4a4d-aa9d-{number:012x}"),
                "created": "2023-12-01T00:00:00.000Z", "modified": "2023-12-01T00:00:00.000Z",
                "description": "x".repeat(900_000),
            })
        };
        let batch = numbers.map(|number| prepare(object(number).to_string().into_bytes()));
        let batch = batch.map(|object| object.ok().unwrap()).collect();
        let under = Under { programme: "two".parse().unwrap(), area: "open".parse().unwrap() };
        let applied = Applied {
            tlp: Some(Tlp::Green),
            rel_to: [nation(to)].into_iter().collect(),
            under: [under].into(),
            caveats: [].into(),
            actions: PermittedActions::ExternallyVisibleDirect,
            exercise: None,
            window: Window::default(),
        };
        let here = self.desk.here();
        self.desk.take(batch, here, Some(&applied)).unwrap();
    }

    fn page(&self, to: &str, at: &Position, edge: &Edge) -> Page {
        let partner = &self.desk.partner(nation(to)).unwrap().partner;
        let session = Authenticated::Certificate(nation(to));
        let time = self.clock.now();
        let audience = Audience::admit(partner, &session, Channel::default(), time).unwrap();
        let mut reader = Reader::open(self.folder.path()).unwrap();
        let page = reader.feed(&audience, at.tree.size()).unwrap().unwrap();
        verify(&page.page.into_bytes(), edge, at, time).unwrap()
    }

    fn bureau(self) -> (tempfile::TempDir, Arc<Door>, Bureau) {
        let door = Arc::new(Door::new(self.desk, self.folder.path()));
        let desk = door.desk.clone();
        let bureau = Bureau::new(self.folder.path(), desk, Vec::new, self.clock).unwrap();
        (self.folder, door, bureau)
    }
}

fn edge() -> Edge {
    let key = Key::from_seed("POL", &[9; 32]).unwrap().public();
    Edge { from: nation("POL"), here: nation("KOR"), key, channel: Channel::default() }
}

fn alarms(folder: &Path) -> Vec<AlarmAct> {
    let acts = Reader::open(folder).unwrap().acts(kind::ALARM).unwrap();
    acts.iter().map(|(_, act)| serde_json::from_str(&act.json).unwrap()).collect()
}

#[test]
fn what_was_received_is_found_again_with_all_that_was_promised() {
    let mut poland = side("POL", "KOR");
    let (_folder, _door, korea) = side("KOR", "POL").bureau();
    assert_eq!(korea.position(&edge()).unwrap(), Position::default());
    let mut at = Position::default();
    let mut promised = Vec::new();
    for signed in [12, 15, 18, 18] {
        let before = usize::try_from(at.signed.as_ref().map_or(0, |signed| signed.size)).unwrap();
        poland.release(before..signed, "KOR");
        let page = poland.page("KOR", &at, &edge());
        at = page.position.clone();
        korea.take(&edge(), page.clone()).unwrap();
        assert_eq!(korea.position(&edge()).unwrap(), at);
        promised.push(at.promised().count());
        // It is not taken twice.
        assert!(korea.take(&edge(), page).is_err());
        assert_eq!(korea.position(&edge()).unwrap(), at);
    }
    assert!(at.is_complete());
    assert_eq!(promised, [1, 2, 1, 0]);
}

#[test]
fn a_receipt_is_of_this_nodes_own_ledger_and_by_its_partner() {
    let mut korea = side("KOR", "POL");
    korea.release(0..2, "POL");
    let index = korea.desk.partner(nation("POL")).unwrap().partner.index;
    let signed = Reader::open(korea.folder.path()).unwrap().checkpoint(index).unwrap().unwrap();
    let signed = checkpoint::kept(&signed.note).unwrap();
    let (folder, door, bureau) = korea.bureau();
    let key = |name: &str, seed: u8| Key::from_seed(name, &[seed; 32]).unwrap();
    let by = |key: &Key, signed: &checkpoint::Signed, later: u64| {
        let at = now().saturating_add(Duration::from_secs(later));
        cosignature::cosign(key, signed, at).unwrap().signed.note
    };
    let acknowledged = || door.desk().standing_with(nation("POL")).unwrap().acknowledged;
    let refused = |by: &str, note: &str| {
        let refused = bureau.received(nation(by), note);
        assert!(matches!(refused, Err(ReceiptError::Refused(_))), "{refused:?}");
        assert_eq!(acknowledged(), 0);
    };
    let note = by(&key("POL", 9), &signed, 0);
    refused("POL", "");
    refused("POL", &signed.note);
    refused("POL", &by(&key("POL", 8), &signed, 0));
    refused("POL", &by(&key("USA", 9), &signed, 0));
    refused("USA", &note);
    let other = |origin: &str, size: u64, signer: &Key| {
        checkpoint::sign(signer, origin, size, signed.root).unwrap()
    };
    refused("POL", &by(&key("POL", 9), &other("KOR/ledger/USA", 2, &key("KOR", 9)), 0));
    refused("POL", &by(&key("POL", 9), &other("KOR/ledger/POL", 2, &key("KOR", 8)), 0));
    assert!(alarms(folder.path()).is_empty());
    // For more than is here: this node had more once. That is told once.
    let more = other("KOR/ledger/POL", 9, &key("KOR", 9));
    for later in 0..5 {
        refused("POL", &by(&key("POL", 9), &more, later));
    }
    let told = alarms(folder.path());
    assert_eq!(told.len(), 1);
    assert!(told[0].detail.contains("put back to an older state"), "{}", told[0].detail);
    // For others than are here: this node has signed two histories.
    for size in [0, 1] {
        refused("POL", &by(&key("POL", 9), &other("KOR/ledger/POL", size, &key("KOR", 9)), 0));
        let told = alarms(folder.path());
        assert!(told.last().unwrap().detail.contains("two histories"), "{told:?}");
    }
    bureau.received(nation("POL"), &note).unwrap();
    assert_eq!(acknowledged(), 2);
    bureau.received(nation("POL"), &by(&key("POL", 9), &signed, 9)).unwrap();
    assert_eq!(acknowledged(), 2);
}

#[test]
fn a_receipt_is_given_for_all_that_is_signed_alone() {
    let mut poland = side("POL", "KOR");
    poland.release(0..7, "KOR");
    let (_folder, _door, korea) = side("KOR", "POL").bureau();
    let first = poland.page("KOR", &Position::default(), &edge()).position;
    assert_eq!(korea.receipt(&first).unwrap(), None);
    let last = poland.page("KOR", &first, &edge()).position;
    let receipt = korea.receipt(&last).unwrap().unwrap();
    assert_eq!(receipt.signed.size, 7);
    let (_folder, door, poland) = poland.bureau();
    poland.received(nation("KOR"), &receipt.signed.note).unwrap();
    assert_eq!(door.desk().standing_with(nation("KOR")).unwrap().acknowledged, 7);
    assert_eq!(korea.receipt(&Position::default()).unwrap(), None);
}

#[test]
fn a_partner_takes_no_card_with_the_root_of_another_in_place_of_its_own() {
    let (poland, states, own) = (Root::of("POL"), Root::of("USA"), Root::of("KOR"));
    let mut korea = side("KOR", "POL");
    for card in [card("POL", &[&poland]), card("USA", &[&states])] {
        let act = PeerAct { nation: card.nation.to_string(), card: card.text().to_owned() };
        korea.desk.meet(&act).unwrap();
    }
    let (folder, door, _) = korea.bureau();
    let roots = vec![own.pem()];
    let clock = Arc::new(StepClock::new(now(), Duration::from_millis(1)));
    let bureau =
        Bureau::new(folder.path(), door.desk.clone(), move || roots.clone(), clock).unwrap();
    let before = bureau.met(nation("POL")).unwrap().card;
    let key = Key::from_seed("POL", &[9; 32]).unwrap();
    let takes = |new: &[&Root]| {
        let signs = Some(|message: &[u8]| poland.0.key().sign(message));
        let made = Succession::sign(&before, card("POL", new), &key, signs).unwrap();
        bureau.succeed(nation("POL"), &[made.text()]).map_err(|error| error.to_string())
    };
    for others in [&states, &own] {
        let refused = takes(&[&poland, others]).unwrap_err();
        assert!(refused.contains("of another nation's"), "{refused}");
        assert_eq!(bureau.met(nation("POL")).unwrap().card, before);
    }
    let fresh = Root::of("POL");
    takes(&[&poland, &fresh]).unwrap();
    assert_eq!(bureau.met(nation("POL")).unwrap().card.roots.len(), 2);
    // Of who is revoked no card is taken.
    door.desk().change_partner(nation("POL"), |act| act.standing = "revoked".to_owned()).unwrap();
    assert!(takes(&[&fresh]).is_err());
}

/// Korea's node with two partners, each of whom has one object more than the epoch before.
fn with_epochs(count: usize, first: usize) -> (tempfile::TempDir, Arc<Door>, Bureau) {
    let mut korea = side("KOR", "POL");
    let card = card("USA", &[&Root::of("USA")]);
    let act = PeerAct { nation: "USA".into(), card: card.text().to_owned() };
    korea.desk.meet(&act).unwrap();
    folder::sign(korea.folder.path(), &mut korea.desk).unwrap();
    for number in 0..count {
        korea.release(first + number..first + number + 1, "POL");
        korea.clock.advance(Duration::from_hours(1));
        let seed = [u8::try_from(number).unwrap(); 32];
        assert!(korea.desk.close_epoch(Duration::from_hours(1), seed).unwrap());
        assert!(!korea.desk.close_epoch(Duration::from_hours(1), seed).unwrap());
    }
    korea.bureau()
}

fn from_korea(to: &str) -> Edge {
    let key = Key::from_seed("KOR", &[9; 32]).unwrap().public();
    Edge { from: nation("KOR"), here: nation(to), key, channel: Channel::default() }
}

/// The tree of the ledger of Korea for a nation, as that received it.
fn received(door: &Door, by: &str) -> Tree {
    let reader = Reader::open(door.desk().home().path().parent().unwrap()).unwrap();
    let index = door.desk().partner(nation(by)).unwrap().partner.index;
    let mut tree = Tree::default();
    let read = reader.ledger(index, 0, &mut |entry| {
        tree.append(entry.leaf.hash(), &mut Vec::new());
        true
    });
    read.unwrap();
    tree
}

#[test]
fn epochs_are_followed_as_they_are_and_not_otherwise() {
    let (_folder, door, bureau) = with_epochs(5, 0);
    let page = |by: &str, from| {
        let size = received(&door, by).size();
        bureau.epochs(nation(by), from, size).unwrap().unwrap()
    };
    let takes = |by: &str, page: &str, seen: &Seen| {
        epochs::verify(page.as_bytes(), &from_korea(by), seen, &received(&door, by), &[])
    };
    let none = Seen { first: Some(now().unix_micros()), ..Seen::default() };
    let (poland, states) = (page("POL", 0), page("USA", 0));
    let seen = takes("POL", &poland, &none).unwrap();
    assert_eq!(seen.tree.size(), 5);
    assert_eq!(takes("USA", &states, &none).unwrap().tree, seen.tree);
    assert_eq!(takes("POL", &page("POL", 5), &seen).unwrap(), seen);
    // What one is shown tells it nothing of the other's ledger but hashes.
    assert!(states.contains("\"size\":0") && !states.contains("\"size\":1"), "{states}");
    let is_not_for = takes("USA", &poland, &none).unwrap_err();
    assert_eq!(is_not_for, Fault::Epoch(0));
    let json: serde_json::Value = serde_json::from_str(&poland).unwrap();
    let with = |path: &str, value: serde_json::Value| {
        let mut json = json.clone();
        *json.pointer_mut(path).unwrap() = value;
        json.to_string()
    };
    let other = json["epochs"][2]["opening"].clone();
    for (path, value) in [
        ("/epochs/1/opening", other),
        ("/epochs/1/opening/size", json!(1)),
        ("/epochs/1/opening/root", json["epochs"][0]["root"].clone()),
        ("/epochs/1/opening/nonce", json["epochs"][0]["opening"]["nonce"].clone()),
        ("/epochs/1/opening/place", json!(64)),
        ("/epochs/1/opening/path", json!([])),
        ("/epochs/1/opening/proof", json!([])),
        ("/epochs/1/root", json["epochs"][0]["root"].clone()),
        ("/epochs/1/at", json!(json["epochs"][1]["at"].as_i64().unwrap() + 1)),
        ("/epochs/1/at", json!(0)),
        ("/epochs/1/opening", json!(null)),
        ("/epochs", json!([])),
        ("/format", json!(2)),
        ("/checkpoint", json!("")),
    ] {
        let said = takes("POL", &with(path, value.clone()), &none);
        assert!(said.is_err(), "{path} {value}");
    }
    // An epoch need not be opened for who has nothing of that time.
    let unopened = with("/epochs/1/opening", json!(null));
    takes("POL", &unopened, &Seen::default()).unwrap();
}

#[test]
fn who_rewrites_a_ledger_with_the_partner_whose_it_is_is_found_by_those_who_witness() {
    let (_one, before, shown) = with_epochs(3, 0);
    let states = received(&before, "USA");
    let page = shown.epochs(nation("USA"), 0, states.size()).unwrap().unwrap();
    let edge = from_korea("USA");
    let seen = epochs::verify(page.as_bytes(), &edge, &Seen::default(), &states, &[]).unwrap();
    // Korea and Poland agree that something else was released; of the United States' nothing changed.
    let (_two, after, rewritten) = with_epochs(4, 100);
    assert_eq!(received(&after, "USA"), states);
    let page = rewritten.epochs(nation("USA"), 3, states.size()).unwrap().unwrap();
    let found = epochs::verify(page.as_bytes(), &edge, &seen, &states, &[]).unwrap_err();
    assert!(matches!(&found, Fault::Forked { size: 3, .. }), "{found}");
    assert!(found.is_proof() && found.notes().iter().all(|note| note.contains("KOR/epochs")));
    // Put back, it has fewer.
    let (_three, _, old) = with_epochs(2, 0);
    let page = old.epochs(nation("USA"), 3, states.size()).unwrap().unwrap();
    let found = epochs::verify(page.as_bytes(), &edge, &seen, &states, &[]).unwrap_err();
    assert!(matches!(found, Fault::Shorter { before: 3, now: 2, .. }), "{found}");
}

#[test]
fn what_another_nation_witnessed_is_the_same_history_or_proof() {
    let (_folder, door, bureau) = with_epochs(3, 0);
    let by = |code: &str, seed: u8| Key::from_seed(code, &[seed; 32]).unwrap();
    let states = received(&door, "USA");
    let seen = |bureau: &Bureau, keys: &[(Nation, String)]| {
        let tree = received(&door, "POL");
        let page = bureau.epochs(nation("POL"), 0, tree.size()).unwrap().unwrap();
        epochs::verify(page.as_bytes(), &from_korea("POL"), &Seen::default(), &tree, keys)
    };
    let page = bureau.epochs(nation("USA"), 0, states.size()).unwrap().unwrap();
    let usa = epochs::verify(page.as_bytes(), &from_korea("USA"), &Seen::default(), &states, &[]);
    let signed = usa.unwrap().signed.unwrap();
    let cosigned = cosignature::cosign(&by("USA", 9), &signed, now()).unwrap();
    // Of another key, or of what this node never signed, nothing is taken.
    let forged = cosignature::cosign(&by("USA", 8), &signed, now()).unwrap();
    assert!(bureau.witnessed(nation("USA"), &forged.signed.note).is_err());
    bureau.witnessed(nation("USA"), &cosigned.signed.note).unwrap();
    let keys = [(nation("USA"), by("USA", 9).public())];
    // The programme of this node has Korea and Poland alone: Poland is not told of the United States.
    assert!(seen(&bureau, &keys).unwrap().witnesses.is_empty());
    let act = ProgrammeAct {
        file: "three.toml".into(),
        text: PROGRAMME.replace("\"two\"", "\"three\"").replace(
            "[[area]]",
            "[[party]]\nnation = \"USA\"\nname = \"United States\"\n\n[[area]]",
        ),
    };
    door.desk().adopt_programme(&act).unwrap();
    let told = seen(&bureau, &keys).unwrap();
    assert_eq!(told.witnesses.get(&nation("USA")), Some(&(3, now().unix_seconds())));
    // Korea shows Poland another history than the one that the United States witnessed.
    let (_other, side, two_faced) = with_epochs(3, 0);
    side.desk().adopt_programme(&act).unwrap();
    let lie = checkpoint::sign(&by("KOR", 9), "KOR/epochs", 3, record_hash(b"x")).unwrap();
    let lie = cosignature::cosign(&by("USA", 9), &lie, now()).unwrap().signed.note;
    let act = entente_intake::acts::WitnessAct { size: 3, note: lie };
    side.desk().record("witness/USA", &act).unwrap();
    let found = seen(&two_faced, &keys).unwrap_err();
    assert!(matches!(&found, Fault::Forked { size: 3, .. }), "{found}");
}

#[test]
fn epochs_of_years_are_given_page_by_page() {
    let mut korea = side("KOR", "POL");
    let root = Sealed::new(&[7; 32], &[]).root().to_string();
    let entry = |number: i64| {
        let act = EpochAct {
            number: u64::try_from(number).unwrap(),
            at: 3600 * (number + 1),
            seed: BASE64_STANDARD.encode([7; 32]),
            root: root.clone(),
            ledgers: std::collections::BTreeMap::new(),
        };
        let json = serde_json::to_string(&act).unwrap();
        Entry::Act(Act { kind: kind::EPOCH.into(), at: 1, json: json.into() })
    };
    korea.desk.home_mut().append(&(0..2005).map(entry).collect::<Vec<_>>()).unwrap();
    let (_folder, door, bureau) = korea.bureau();
    let (mut seen, tree) = (Seen::default(), Tree::default());
    for size in [1000, 2000, 2005, 2005] {
        let page = bureau.epochs(nation("POL"), seen.tree.size(), 0).unwrap().unwrap();
        seen = epochs::verify(page.as_bytes(), &from_korea("POL"), &seen, &tree, &[]).unwrap();
        assert_eq!(seen.tree.size(), size);
    }
    let reader = Reader::open(door.desk().home().path().parent().unwrap()).unwrap();
    assert_eq!(crate::witnesses::verify(&door.desk(), &reader), Ok(2005));
}
