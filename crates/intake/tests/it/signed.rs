//! The record of what was signed, written by several processes at once.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use entente_log::key::Key;
use entente_object::marking::Tlp;
use entente_release::Nation;
use entente_store::{HIGH_WATER, Home, Signing};
use serde_json::json;

use crate::fixture::{Node, applied_in, object};
use crate::nations::nine;

/// A command that opened the store while a served node signed failed now and then, because both wrote
/// the same new file, or put an older size in place of a newer one.
#[test]
fn who_opens_a_store_while_another_signs_neither_fails_nor_takes_a_size_back() {
    let mut node = Node::with(&nine(), &["POL"]);
    let folder = node.folder.path().to_owned();
    let (poland, label) = (node.index("POL"), applied_in("nine/open", Tlp::Green, &["POL"]));
    let opened = AtomicUsize::new(0);
    let open = || {
        for _ in 0..40 {
            let partners = vec![(poland, "POL".parse().unwrap())];
            let key = Key::from_seed("KOR", &[7; 32]).unwrap();
            let signing = Signing { key: key.into(), here: Nation::KOR, partners };
            Home::open(&folder).unwrap().sign_with(signing).unwrap();
            opened.fetch_add(1, Ordering::Relaxed);
        }
    };
    thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(open);
        }
        for number in 0..120u64 {
            let malware = object(&json!({
                "type": "malware", "spec_version": "2.1", "name": "m", "is_family": true,
                "created": "2023-12-01T00:00:00.000Z", "modified": "2023-12-01T00:00:00.000Z",
                "id": format!("malware--1c7b5b88-8ff7-4a4d-aa9d-{number:012x}"),
            }));
            node.take(vec![malware], "KOR", Some(&label));
            let kept = std::fs::read_to_string(folder.join(HIGH_WATER)).unwrap();
            assert!(kept.starts_with(&format!("{} ", number + 1)), "{number}: {kept}");
        }
    });
    assert_eq!(opened.load(Ordering::Relaxed), 3 * 40);
}
