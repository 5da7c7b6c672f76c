//! The desk behind federation: what was received is found again as it was, and receipts are those of
//! this node's own ledgers.

use std::time::Duration;

use entente_intake::acts::{AlarmAct, NodeAct, PeerAct, ProgrammeAct, kind};
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
