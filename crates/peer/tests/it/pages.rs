//! What a page must be: every fault is named, and nothing false is taken.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use entente_log::checkpoint::{self, CheckpointError};
use entente_log::key::Key;
use entente_object::marking::Tlp;
use entente_object::time::Timestamp;
use entente_peer::CLOCK_SKEW;
use entente_peer::page::{Fault, Position, What, verify};
use entente_release::partner::Channel;
use entente_release::{Label, label_marking};
use proptest::prelude::{Just, Strategy as _, any, prop_assert, prop_assert_eq, proptest};
use proptest::sample::Index;
use sha2::{Digest as _, Sha256};

use crate::book::{Book, Draft, FIRST, Made, Said, edge, kor, label, nation, now, object};

/// The fault of a page that was changed.
fn fault(book: &Book, change: impl FnOnce(&mut Draft)) -> Fault {
    let at = book.followed(3, 3);
    let mut draft = book.draft(3, 6, 8);
    assert!(draft.read(&at).is_ok());
    change(&mut draft);
    draft.read(&at).unwrap_err()
}

#[test]
fn a_page_is_read_as_it_was_signed() {
    let mut entries: Vec<Made> = (0..5).map(Made::nth).collect();
    let digest: [u8; 32] = Sha256::digest(object(1)).into();
    let id = "malware--1c7b5b88-8ff7-4a4d-aa9d-000000000001".to_owned();
    entries[3].said = Said::Withdrawn(digest, id.clone());
    let book = Book::with(entries, &[label()]);
    let page = book.draft(0, 5, 5).read(&Position::default()).unwrap();
    assert_eq!((page.from, page.entries.len(), page.leaves.len()), (0, 5, 300));
    assert_eq!(page.entries[3].what, What::Withdrawn { digest, id });
    let bytes = object(4).into_bytes();
    assert_eq!(page.entries[4].what, What::Released { bytes, label: Arc::new(label()) });
    assert_eq!(page.entries[4].added, FIRST + 4);
    assert!(page.position.is_complete());
    assert_eq!(page.position.added, Some(FIRST + 4));
    assert_eq!(page.position.signed, Some(book.signed(5)));
    let root = |leaves: &[u8]| {
        let mut tree = entente_log::tree::Tree::default();
        for leaf in leaves.chunks(60) {
            tree.append(entente_log::tree::record_hash(leaf), &mut Vec::new());
        }
        tree.root()
    };
    assert_eq!(root(&page.leaves), book.signed(5).root);
}

/// What is wrong with a page, and how to make it so.
type Case<'a> = (&'a str, &'a dyn Fn(&mut Draft));

#[test]
fn what_is_no_page_is_refused() {
    let book = Book::of(8);
    let malformed: [Case<'_>; 22] = [
        ("another format", &|page| page.format = "2".into()),
        ("format 257", &|page| page.format = "257".into()),
        ("no format", &|page| page.format = "null".into()),
        ("from a fraction", &|page| page.from = "3.0".into()),
        ("from below zero", &|page| page.from = "-3".into()),
        ("from as text", &|page| page.from = "\"3\"".into()),
        ("a member twice", &|page| page.from = "3,\"from\":3".into()),
        ("a member that pages do not have", &|page| page.from = "3,\"more\":true".into()),
        ("an entry that is a text", &|page| page.entries[0] = "\"x\"".into()),
        ("an entry with nothing", &|page| {
            page.entries[0] = "{\"added\":1700000000000003,\"label\":0}".into();
        }),
        ("an entry with both", &|page| {
            let both = page.entries[0].replace("\"object\"", "\"withdrawn\":\"AA==\",\"object\"");
            page.entries[0] = both;
        }),
        ("an object with an id beside it", &|page| {
            page.entries[0] = page.entries[0].replace("\"object\"", "\"id\":\"x\",\"object\"");
        }),
        ("two objects in an entry", &|page| {
            page.entries[0] = page.entries[0].replace("\"object\"", "\"object\":{},\"object\"");
        }),
        ("an object that is null", &|page| {
            page.entries[0] = "{\"added\":1700000000000003,\"label\":0,\"object\":null}".into();
        }),
        ("a digest that is short", &|page| {
            page.entries[0] = Made { said: Said::Withdrawn([0; 32], "x".into()), ..Made::nth(3) }
                .text()
                .replace("AAAAA", "");
        }),
        ("a date that is text", &|page| {
            page.entries[0] = page.entries[0].replace("1700000000000003", "\"1700000000000003\"");
        }),
        ("a date of 70 bits", &|page| {
            page.entries[0] = page.entries[0].replace("1700000000000003", "1700000000000003000000");
        }),
        ("a label below zero", &|page| {
            page.entries[0] = page.entries[0].replace("\"label\":0", "\"label\":-1");
        }),
        ("a proof of short hashes", &|page| page.proof[0] = "AAAA".into()),
        ("a proof that is no base64", &|page| page.proof[0] = "!".into()),
        ("the other proof", &|page| page.before[0] = "!".into()),
        ("a hash with more behind it", &|page| {
            let hash = BASE64_STANDARD.decode(&page.proof[0]).unwrap();
            page.proof[0] = BASE64_STANDARD.encode([hash, vec![0]].concat());
        }),
    ];
    for (case, change) in malformed {
        let fault = fault(&book, change);
        assert!(matches!(fault, Fault::Malformed(_)), "{case}: {fault}");
        assert!(!fault.is_proof() && fault.notes().is_empty());
    }
    let nested = vec![b'['; 100_000];
    for bytes in [&b""[..], b"{}", b"[]", b"null", b"\xff\xfe", &nested] {
        let read = verify(bytes, &edge(), &Position::default(), now());
        assert!(matches!(read, Err(Fault::Malformed(_))));
    }
    let after = book.draft(0, 8, 8).text() + "{}";
    let read = verify(after.as_bytes(), &edge(), &Position::default(), now());
    assert!(matches!(read, Err(Fault::Malformed(_))));
}

#[test]
fn a_page_has_a_thousand_entries_at_most() {
    let book = Book::of(1001);
    assert!(book.draft(0, 1000, 1001).read(&Position::default()).is_ok());
    let more = book.draft(0, 1001, 1001).read(&Position::default()).unwrap_err();
    assert!(matches!(more, Fault::Malformed(_)), "{more}");
}

#[test]
fn a_checkpoint_is_of_this_ledger_and_by_its_key() {
    let book = Book::of(8);
    let (size, root) = (book.signed(8).size, book.signed(8).root);
    let by = |key: &Key, origin: &str| checkpoint::sign(key, origin, size, root).unwrap().note;
    let other_key = Key::from_seed("KOR", &[8; 32]).unwrap();
    let poland = Key::from_seed("POL", &[7; 32]).unwrap();
    let cases = [
        (String::new(), CheckpointError::Malformed),
        ("KOR/ledger/POL\n8\n".to_owned(), CheckpointError::Malformed),
        (by(&other_key, "KOR/ledger/POL"), CheckpointError::NotSigned),
        (by(&poland, "KOR/ledger/POL"), CheckpointError::NotSigned),
        (by(&kor(), "KOR/ledger/USA"), CheckpointError::OtherLedger("KOR/ledger/USA".into())),
        (by(&kor(), "POL/ledger/KOR"), CheckpointError::OtherLedger("POL/ledger/KOR".into())),
        (by(&kor(), "KOR"), CheckpointError::OtherLedger("KOR".into())),
        (book.signed(8).note.replace("\n8\n", "\n9\n"), CheckpointError::NotSigned),
    ];
    for (note, expected) in cases {
        let fault = fault(&book, |page| page.checkpoint.clone_from(&note));
        assert_eq!(fault, Fault::Checkpoint(expected), "{note}");
        assert!(!fault.is_proof());
    }
    // A receipt is signed by both, and is the same checkpoint.
    let signed = book.signed(8);
    let receipt = entente_log::cosignature::cosign(&poland, &signed, now()).unwrap();
    let mut draft = book.draft(3, 6, 8);
    draft.checkpoint = receipt.signed.note;
    assert!(draft.read(&book.followed(3, 3)).is_ok());
}

#[test]
fn a_page_is_what_was_asked_for() {
    let book = Book::of(8);
    for from in [0, 2, 4, 7, u64::MAX] {
        let fault = fault(&book, |page| page.from = from.to_string());
        assert_eq!(fault, Fault::NotAsked { asked: 3, got: from });
    }
    let stalled = fault(&book, |page| page.entries.clear());
    assert_eq!(stalled, Fault::Stalled { given: 3, signed: 8 });
    assert_eq!(fault(&book, |page| page.proof.clear()), Fault::Unproven(6));
    // More than is signed.
    let more = book.draft(3, 6, 8).read(&book.followed(3, 3)).unwrap();
    assert!(!more.position.is_complete());
    let mut beyond = book.draft(3, 8, 8);
    beyond.checkpoint = book.signed(5).note;
    beyond.before = book.proof(5, 3);
    assert_eq!(beyond.read(&book.followed(3, 3)).unwrap_err(), Fault::Unproven(8));
    // Nothing is signed, and there is an entry.
    let mut nothing = book.draft(0, 1, 1);
    nothing.checkpoint = book.signed(0).note;
    assert_eq!(nothing.read(&Position::default()).unwrap_err(), Fault::Unproven(1));
    // Nothing is new.
    let same = book.draft(8, 8, 8).read(&book.followed(8, 8)).unwrap();
    assert_eq!((same.entries.len(), same.position), (0, book.followed(8, 8)));
}

/// A page whose second entry is under this label.
fn under(label: Label) -> Result<entente_peer::page::Page, Fault> {
    let mut entries: Vec<Made> = (0..3).map(Made::nth).collect();
    entries[1].label = 1;
    let book = Book::with(entries, &[self::label(), label]);
    book.draft(0, 3, 3).read(&Position::default())
}

#[test]
fn a_label_is_by_the_originator_and_names_us() {
    let by = |code: &str| Label { originator: nation(code), ..label() };
    for code in ["USA", "GBR", "EST"] {
        assert_eq!(under(by(code)).unwrap_err(), Fault::Originator(1), "{code}");
    }
    let to = |codes: &[&str]| Label {
        rel_to: codes.iter().map(|code| nation(code)).collect(),
        ..label()
    };
    for codes in [&[][..], &["USA"], &["KOR", "USA"]] {
        assert_eq!(under(to(codes)).unwrap_err(), Fault::NotForUs(1), "{codes:?}");
    }
    assert!(under(to(&["POL"])).is_ok());
    assert_eq!(under(Label { tlp: Tlp::Red, ..label() }).unwrap_err(), Fault::NotForUs(1));
    let exercise = Label { exercise: Some("cc23".parse().unwrap()), ..label() };
    assert_eq!(under(exercise).unwrap_err(), Fault::NotForUs(1));
    assert_eq!(under(Label { under: [].into(), ..label() }).unwrap_err(), Fault::NotForUs(1));
    // What Poland gave there itself comes back as it was.
    assert!(under(Label { rel_to: [].into_iter().collect(), ..by("POL") }).is_ok());
    assert!(under(Label { tlp: Tlp::Red, ..by("POL") }).is_ok());
    let exercise = Label { exercise: Some("cc23".parse().unwrap()), ..by("POL") };
    assert_eq!(under(exercise).unwrap_err(), Fault::NotForUs(1));
}

#[test]
fn an_exercise_does_not_take_operations_nor_another_exercise() {
    let labels = [None, Some("cc23"), Some("cc24")]
        .map(|exercise| Label { exercise: exercise.map(|id| id.parse().unwrap()), ..label() });
    for (at, label) in labels.iter().enumerate() {
        let book = Book::with(vec![Made::nth(0)], std::slice::from_ref(label));
        let page = book.draft(0, 1, 1).text();
        for (side, other) in labels.iter().enumerate() {
            let channel = Channel { exercise: other.exercise.clone() };
            let edge = entente_peer::page::Edge { channel, ..edge() };
            let read = verify(page.as_bytes(), &edge, &Position::default(), now());
            assert_eq!(read.is_ok(), at == side, "{label} in {other}");
        }
    }
}

#[test]
fn a_label_is_its_own_body_and_is_there() {
    let book = Book::of(8);
    let wider = label_marking::to_stix(&Label { tlp: Tlp::Clear, ..label() });
    // A body of another label under the same id.
    let own_id = format!("marking-definition--{}", label_marking::id(&label()));
    let wider_id = wider.split('"').find(|part| part.starts_with("marking-definition--"));
    let swapped = wider.replace(wider_id.unwrap(), &own_id);
    assert!(matches!(fault(&book, |page| page.labels[0] = swapped), Fault::Label(_)));
    // Another label altogether: its leaf is another.
    assert_eq!(fault(&book, |page| page.labels[0] = wider), Fault::Unproven(6));
    for missing in [1, 9, usize::MAX] {
        let fault = fault(&book, |page| {
            page.entries[1] = Made { label: missing, ..Made::nth(4) }.text();
        });
        assert!(matches!(fault, Fault::Label(_)), "{missing}: {fault}");
    }
    assert!(matches!(fault(&book, |page| page.labels.clear()), Fault::Label(_)));
    for bad in ["{}", "[]", "\"x\"", "{\"id\":\"marking-definition--x\"}", "null"] {
        assert!(
            matches!(fault(&book, |page| page.labels[0] = bad.into()), Fault::Label(_)),
            "{bad}"
        );
    }
    let nested = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    assert!(matches!(fault(&book, |page| page.labels[0] = nested), Fault::Label(_)));
    // One that nobody refers to is read all the same.
    assert!(matches!(fault(&book, |page| page.labels.push("{}".into())), Fault::Label(_)));
}

#[test]
fn dates_grow_and_are_not_in_the_future() {
    let book = Book::of(8);
    let dated = |added: i64| {
        fault(&book, |page| {
            page.entries[1] = Made { added, ..Made::nth(4) }.text();
        })
    };
    for added in [FIRST + 3, FIRST + 2, FIRST, 0, -1, i64::MIN] {
        assert_eq!(dated(added), Fault::Order(4), "{added}");
    }
    assert_eq!(
        dated(i64::MAX),
        Fault::Clock { at: 4, added: Timestamp::from_unix_micros(i64::MAX), now: now() }
    );
    // The first of a page is compared with the last of the page before.
    let first = fault(&book, |page| {
        page.entries[0] = Made { added: FIRST + 2, ..Made::nth(3) }.text();
    });
    assert_eq!(first, Fault::Order(3));
}

#[test]
fn a_clock_that_is_wrong_by_hours_is_told_and_what_waited_is_taken_later() {
    let book = Book::of(8);
    let (page, at) = (book.draft(3, 8, 8).text(), book.followed(3, 3));
    let read = |now: Timestamp| verify(page.as_bytes(), &edge(), &at, now);
    let last = Timestamp::from_unix_micros(FIRST + 7);
    for behind in [CLOCK_SKEW + Duration::from_micros(1), Duration::from_hours(7)] {
        let slow = last.saturating_sub(behind);
        let fault = read(slow).unwrap_err();
        let said = fault.to_string();
        assert!(matches!(fault, Fault::Clock { .. }) && !fault.is_proof(), "{said}");
        assert!(said.contains("clock") && said.contains(&slow.to_string()), "{said}");
    }
    for right in
        [last.saturating_sub(CLOCK_SKEW), last, last.saturating_add(Duration::from_hours(9))]
    {
        assert_eq!(read(right).unwrap().entries.len(), 5);
    }
}

proptest! {
    #[test]
    fn bytes_that_are_no_page_are_refused(bytes: Vec<u8>) {
        prop_assert!(verify(&bytes, &edge(), &Position::default(), now()).is_err());
    }

    /// Whatever is changed of a page: it is refused, or it says the same.
    #[test]
    fn a_changed_page_says_the_same_or_is_refused(
        from in 0usize..6,
        more in 0usize..4,
        later in 0usize..3,
        changes in proptest::collection::vec((any::<Index>(), any::<Index>(), change()), 1..4),
    ) {
        let entries = (0..10).map(|number| {
            let withdrawn = Said::Withdrawn(Sha256::digest(object(1)).into(), "malware--x".into());
            let entry = Made::nth(number);
            if number % 4 == 3 { Made { said: withdrawn, ..entry } } else { entry }
        });
        let other = Label { tlp: Tlp::Clear, ..label() };
        let book = Book::with(entries.collect(), &[label(), other]);
        let (to, size) = ((from + more).min(8), 8 + later);
        let at = book.followed(from, from.max(1));
        let honest = book.draft(from, to, size);
        let page = honest.read(&at);
        let mut bytes = honest.text().into_bytes();
        for (one, two, change) in changes {
            change.apply(&mut bytes, one, two);
        }
        if let Ok(read) = verify(&bytes, &edge(), &at, now()) {
            let page = page.unwrap();
            prop_assert_eq!(read.leaves, page.leaves);
            prop_assert_eq!(read.position.tree, page.position.tree);
            for (read, honest) in read.entries.iter().zip(&page.entries) {
                if let What::Released { .. } = honest.what {
                    prop_assert_eq!(read, honest);
                }
            }
        }
    }
}

/// How bytes are changed.
#[derive(Clone, Debug)]
enum Change {
    Set(u8),
    Flip(u8),
    Insert(Vec<u8>),
    Remove(usize),
    Swap,
    Copy(usize),
}

fn change() -> impl proptest::strategy::Strategy<Value = Change> {
    proptest::prop_oneof![
        any::<u8>().prop_map(Change::Set),
        (0u8..8).prop_map(|bit| Change::Flip(1 << bit)),
        proptest::collection::vec(any::<u8>(), 1..4).prop_map(Change::Insert),
        (1usize..200).prop_map(Change::Remove),
        Just(Change::Swap),
        (1usize..200).prop_map(Change::Copy),
        proptest::sample::select(vec![" ", "\n", "0", ",", "\\u0041", "{}", "[]", "\"\""])
            .prop_map(|text| Change::Insert(text.into())),
    ]
}

impl Change {
    fn apply(self, bytes: &mut Vec<u8>, one: Index, two: Index) {
        if bytes.is_empty() {
            return;
        }
        let (one, two) = (one.index(bytes.len()), two.index(bytes.len()));
        match self {
            Self::Set(byte) => bytes[one] = byte,
            Self::Flip(bits) => bytes[one] ^= bits,
            Self::Insert(text) => drop(bytes.splice(one..one, text)),
            Self::Remove(count) => drop(bytes.drain(one..(one + count).min(bytes.len()))),
            Self::Swap => bytes.swap(one, two),
            Self::Copy(count) => {
                let part = bytes[one..(one + count).min(bytes.len())].to_vec();
                drop(bytes.splice(two..two, part));
            }
        }
    }
}
