//! The pages that a store gives are those that a follower takes.

use std::time::Duration;

use entente_object::clock::Clock as _;
use entente_object::limits::OBJECT_BYTES_MAX;
use entente_peer::page::{Page, Position, What, verify};
use entente_release::Nation;
use insta::assert_snapshot;
use serde_json::Value;

use crate::book::{edge, kor, nation};
use crate::desk::{Korea, malware};

/// As large as a page may be where it is received.
const PAGE_BYTES_MAX: usize = 8 * 1024 * 1024;

fn page(korea: &Korea, code: &str, from: u64) -> String {
    let audience = korea.audience(code);
    let page = korea.reader().feed(&audience, from).unwrap().expect("something was signed");
    String::from_utf8(page.page.into_bytes()).unwrap()
}

/// All that Poland receives, page by page.
fn received(korea: &Korea) -> Vec<Page> {
    let (mut at, mut pages) = (Position::default(), Vec::new());
    loop {
        let text = page(korea, "POL", at.tree.size());
        assert!(text.len() <= PAGE_BYTES_MAX, "a page of {} bytes", text.len());
        let page = verify(text.as_bytes(), &edge(), &at, korea.clock.now()).unwrap();
        at = page.position.clone();
        let is_empty = page.entries.is_empty();
        pages.push(page);
        if at.is_complete() {
            return pages;
        }
        assert!(!is_empty);
    }
}

fn names(pages: &[Page]) -> Vec<String> {
    let name = |what: &What| match what {
        What::Released { bytes, .. } => {
            let object: Value = serde_json::from_slice(bytes).unwrap();
            object["name"].as_str().unwrap().to_owned()
        }
        What::Withdrawn { id, .. } => format!("withdrawn {id}"),
    };
    pages.iter().flat_map(|page| &page.entries).map(|entry| name(&entry.what)).collect()
}

#[test]
fn what_was_released_arrives_and_nothing_else() {
    let mut korea = Korea::with(&["POL", "USA"]);
    assert!(korea.reader().feed(&korea.audience("POL"), 0).unwrap().is_none());
    korea.release(&[malware(1, 10)], &["POL", "USA"]);
    korea.release(&[malware(2, 10)], &["USA"]);
    korea.release(&[malware(3, 10)], &["POL"]);
    assert_eq!(names(&received(&korea)), ["made up 1", "made up 3"]);
    assert!(!page(&korea, "POL", 0).contains("made up 2"));
    assert!(!page(&korea, "USA", 0).contains("made up 3"));
    // Another's page is not taken, whoever gives it.
    let other = page(&korea, "USA", 0);
    assert!(verify(other.as_bytes(), &edge(), &Position::default(), korea.clock.now()).is_err());
    let usa = entente_peer::page::Edge { here: nation("USA"), ..edge() };
    assert!(verify(other.as_bytes(), &usa, &Position::default(), korea.clock.now()).is_ok());
    // Beyond the end there is nothing.
    for from in [2, 3, u64::MAX] {
        let text = page(&korea, "POL", from);
        assert!(text.contains("\"from\":2,\"entries\":[]"), "{text}");
    }
}

#[test]
fn a_ledger_of_several_pages_arrives_whole() {
    let mut korea = Korea::with(&["POL"]);
    let objects: Vec<Value> = (0..2345).map(|number| malware(number, 10)).collect();
    korea.release(&objects, &["POL"]);
    let pages = received(&korea);
    assert_eq!(pages.iter().map(|page| page.entries.len()).collect::<Vec<_>>(), [1000, 1000, 345]);
    let expected: Vec<String> = (0..2345).map(|number| format!("made up {number}")).collect();
    assert_eq!(names(&pages), expected);
}

/// It was looked only after each fifty objects whether a page is full, so that fifty of the largest
/// made one that nobody could receive.
#[test]
fn the_largest_objects_make_pages_that_can_be_received() {
    let mut korea = Korea::with(&["POL"]);
    let bytes = OBJECT_BYTES_MAX - 400;
    let objects: Vec<Value> = (0..60).map(|number| malware(number, bytes)).collect();
    korea.release(&objects, &["POL"]);
    let pages = received(&korea);
    assert_eq!(names(&pages).len(), 60);
}

#[test]
fn what_was_withdrawn_is_said_with_its_digest() {
    let mut korea = Korea::with(&["POL"]);
    let brought = entente_intake::prepare(malware(1, 10).to_string().into_bytes()).ok().unwrap();
    let under = crate::desk::applied(&["POL"]);
    korea.desk.take(vec![brought], nation("POL"), Some(&under)).unwrap();
    let partner = korea.desk.partner(nation("POL")).unwrap().partner.index;
    let id = malware(1, 10)["id"].as_str().unwrap().to_owned();
    let key = entente_object::id::Id::parse(&id).unwrap().key();
    let withdrawn = korea.desk.withdraw(partner, key, None).unwrap();
    let names = names(&received(&korea));
    assert_eq!(withdrawn, 1);
    assert_eq!(names, ["made up 1".to_owned(), format!("withdrawn {id}")]);
}

/// The exact bytes of a page: format 1 is frozen.
#[test]
fn a_page_is_written_as_docs_formats_peer_says() {
    let mut korea = Korea::with(&["POL"]);
    korea.release(&[malware(1, 1)], &["POL"]);
    korea.release(&[malware(2, 1)], &["POL"]);
    korea.clock.advance(Duration::from_secs(1));
    assert_eq!((edge().from, kor().name()), (Nation::KOR, "KOR"));
    assert_snapshot!(page(&korea, "POL", 1), @r#"{"format":1,"checkpoint":"KOR/ledger/POL\n2\nDZL7peW1uyaYnmvFdjZxpppbNki3jM8yHJW2lGUZygM=\n\n— KOR BoybIqJxKamJlw5IsT68sJ2sM623YiAGozKwgRxCnlMVXT+ou5cAqJrDRMQAZJAvjsNaCwUixKGnSsEEyJSwZUbVegI=\n","from":1,"entries":[{"added":1702425600005000,"label":0,"object":{"type":"malware","spec_version":"2.1","id":"malware--1c7b5b88-8ff7-4a4d-aa9d-000000000002","created":"2023-12-01T00:00:00.000Z","modified":"2023-12-01T00:00:00.000Z","name":"made up 2","is_family":true,"description":"x"}}],"labels":[{"created":"2023-07-11T00:00:00.000Z","extensions":{"extension-definition--dca7d89b-b0e2-4a30-b1e3-5725043f6a54":{"actions":"externally-visible-direct","extension_type":"property-extension","onward":false,"originator":"KOR","rel_to":["POL"],"tlp":"TLP:GREEN","under":[{"area":"open","programme":"three"}]}},"id":"marking-definition--74ca0870-80a1-5560-bc5f-20925153e8ab","name":"TLP:GREEN//REL TO KOR, POL//OPEN","spec_version":"2.1","type":"marking-definition"}],"before":["aezH/1Co+k16WMAt/zyi3zsQXg6A7KMf1FZyeOkbvjE="],"proof":[]}"#);
}
