//! Proofs from a ledger of ten million entries, as it is stored: the root, inclusion as `entente ledger
//! prove` gives it, consistency as a page of a partner's feed has it.
//!
//! The ledger is made by the writer's own door, `Home::append`: small objects, each released to one
//! partner, signed. Warm: one reader answers all. Fresh: a reader was just opened, as for a command; the
//! file is in the system's cache. From the disk: it is not. Each proof is verified.
//!
//! `ENTENTE_BENCH_OBJECTS` for another size; `ENTENTE_BENCH_STORE` for a folder in which the ledger is kept
//! and found again.

#![expect(clippy::unwrap_used, reason = "a benchmark may fail")]

use std::borrow::Cow;
use std::fs::File;
use std::io::sink;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use entente_log::checkpoint;
use entente_log::entry::{Entry, LabelText, Put, Release};
use entente_log::journal::Journal as _;
use entente_log::key::Key;
use entente_log::ledger::origin;
use entente_log::tree::check_tree;
use entente_object::id::IdKey;
use entente_object::marking::Tlp;
use entente_release::label::{Faults, PermittedActions, Under, Window};
use entente_release::{Label, Nation, PartnerIndex, label_marking};
use entente_store::{DATABASE, Home, Reader, Signing};
use uuid::Uuid;

const BATCH: u64 = 8192;
/// Questions of each kind: the last of a hundred is told.
const WARM: u64 = 1000;
const COLD: u64 = 50;

/// What was read before a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Warm,
    Fresh,
    Disk,
}

fn main() {
    let asked = std::env::var("ENTENTE_BENCH_OBJECTS").ok().and_then(|text| text.parse().ok());
    let size: u64 = asked.unwrap_or(10_000_000);
    let given = std::env::var_os("ENTENTE_BENCH_STORE").map(PathBuf::from);
    let made = tempfile::tempdir().unwrap();
    let folder = given.as_deref().unwrap_or(made.path());
    let key = Key::from_seed("KOR", &[7; 32]).unwrap();
    let public = key.public();
    if !folder.join(DATABASE).exists() {
        let start = Instant::now();
        fill(folder, key, size);
        let bytes = std::fs::metadata(folder.join(DATABASE)).unwrap().len();
        println!("{size} entries in {:.0?}; the database has {} MiB", start.elapsed(), bytes >> 20);
    }
    for (state, count) in [(State::Disk, COLD), (State::Fresh, WARM), (State::Warm, WARM)] {
        if state == State::Fresh {
            std::io::copy(&mut File::open(folder.join(DATABASE)).unwrap(), &mut sink()).unwrap();
        }
        let mut reader = None;
        let mut asking = |number: u64, ask: Ask| {
            if state != State::Warm {
                drop(reader.take());
            }
            if state == State::Disk {
                forget(folder);
            }
            // A reader is open before it is asked, and has read nothing but its labels.
            let reader = reader.get_or_insert_with(|| Reader::open(folder).unwrap());
            // Spread over the ledger, and not in order.
            ask(reader, (number.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 20) % size, size, &public)
        };
        let asks: [(&str, Ask); 3] = [("root", root), ("inclusion", inclusion), ("growth", growth)];
        for (what, ask) in asks {
            let mut took: Vec<Duration> = (1..=count).map(|number| asking(number, ask)).collect();
            took.sort_unstable();
            let at = |share: usize| took.get((took.len() - 1) * share / 100).copied().unwrap();
            println!("{state:?} {what:<10} median {:>10.1?}, 99 of 100 {:>10.1?}", at(50), at(99));
        }
    }
}

/// Asks once about an entry of a ledger of a size; gives how long the answer took.
type Ask = fn(&Reader, u64, u64, &str) -> Duration;

fn root(reader: &Reader, _entry: u64, size: u64, public: &str) -> Duration {
    let start = Instant::now();
    let note = reader.checkpoint(partner()).unwrap().unwrap().note;
    let root = reader.root_at(partner(), size).unwrap();
    let took = start.elapsed();
    let signed = checkpoint::verify(&note, &ledger(), public).unwrap();
    assert_eq!((signed.size, Some(signed.root)), (size, root));
    took
}

fn inclusion(reader: &Reader, entry: u64, size: u64, public: &str) -> Duration {
    let start = Instant::now();
    let proof = reader.prove(partner(), IdKey::of("indicator", uuid(entry))).unwrap().unwrap();
    let took = start.elapsed();
    assert_eq!((proof.entry.index, proof.size), (entry, size));
    assert!(proof.verify(&ledger(), public));
    took
}

fn growth(reader: &Reader, entry: u64, size: u64, _public: &str) -> Duration {
    let older = entry + 1;
    let start = Instant::now();
    let proof = reader.prove_growth(partner(), older, size).unwrap();
    let took = start.elapsed();
    let root = |size| reader.root_at(partner(), size).unwrap().unwrap();
    assert!(check_tree(&proof, size, root(size), older, root(older)).is_ok());
    took
}

fn partner() -> PartnerIndex {
    PartnerIndex::new(0).unwrap()
}

fn poland() -> Nation {
    "POL".parse().unwrap()
}

fn ledger() -> String {
    origin(Nation::KOR, poland())
}

/// Makes a store with so many objects, all released.
fn fill(folder: &Path, key: Key, size: u64) {
    let mut home = Home::open(folder).unwrap();
    let partners = vec![(partner(), poland())];
    home.sign_with(Signing { key, here: Nation::KOR, partners }).unwrap();
    let stix = label_marking::to_stix(&label());
    home.append(&[Entry::Label(LabelText { number: 0, faults: 0, stix: stix.into() })]).unwrap();
    let mut done = 0;
    while done < size {
        let batch = done..size.min(done + BATCH);
        home.lock().unwrap();
        home.look_up(batch.clone().map(|n| IdKey::of("indicator", uuid(n))).collect()).unwrap();
        let first = home.tip().next;
        let count = batch.end - batch.start;
        let mut entries: Vec<Entry<'_>> = batch.map(object).collect();
        let (partner, first_added) = (partner(), 1_700_000_000_000_000 + done.cast_signed());
        let objects = (first..first + count).collect();
        entries.push(Entry::Release(Release { partner, first_added, objects }));
        home.append(&entries).unwrap();
        home.unlock();
        done += count;
    }
}

fn object(number: u64) -> Entry<'static> {
    let uuid = uuid(number);
    let text = format!(
        "{{\"type\":\"indicator\",\"spec_version\":\"2.1\",\"id\":\"indicator--{uuid}\",\"pattern\":\
         \"[domain-name:value = 'h{number}.example']\"}}"
    );
    Entry::Put(Put {
        uuid,
        object_type: Cow::Borrowed("indicator"),
        version: 1_700_000_000_000_000,
        label: 0,
        brought_by: Nation::KOR,
        digest: [0; 32],
        bytes: text.into_bytes().into(),
    })
}

/// In no order, as ids are.
fn uuid(number: u64) -> Uuid {
    let mixed = number.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    Uuid::from_u64_pair(mixed ^ (mixed >> 29), number)
}

fn label() -> Label {
    Label {
        originator: Nation::KOR,
        tlp: Tlp::Green,
        rel_to: [poland()].into_iter().collect(),
        under: [Under {
            programme: "rok-nato-itpp-2023".parse().unwrap(),
            area: "cyber-defence".parse().unwrap(),
        }]
        .into(),
        caveats: [].into(),
        actions: PermittedActions::ExternallyVisibleDirect,
        exercise: None,
        window: Window::default(),
        onward: false,
        faults: Faults::NONE,
    }
}

/// Takes the database out of the system's cache.
fn forget(folder: &Path) {
    let file = format!("if={}", folder.join(DATABASE).display());
    let mut dd = Command::new("dd");
    let done = dd.args([file.as_str(), "iflag=nocache", "count=0", "status=none"]).status();
    assert!(done.unwrap().success());
}
