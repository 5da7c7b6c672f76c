//! The bytes of every stored and signed form, frozen: docs/formats/journal.md and ledger.md.
//!
//! Invariant: a change of one of these is another format. It gets another version, and a migration
//! from this one beside it; what is written here stays and stays readable.

use std::borrow::Cow;

use entente_object::id::IdKey;
use entente_release::{PartnerIndex, PartnerSet};
use insta::assert_snapshot;
use uuid::{Uuid, uuid};

use crate::block::{self, Block, Chain};
use crate::checkpoint;
use crate::entry::{Act, Entry, Hold, LabelText, Put, Release};
use crate::key::Key;
use crate::ledger::{Happened, Leaf, origin};
use crate::tree::record_hash;

const OBJECT: Uuid = uuid!("0f54bb62-53f5-4d4d-8f4c-7c2a0a0e7d11");

fn index(number: u8) -> PartnerIndex {
    PartnerIndex::new(number).unwrap()
}

/// One of each kind, with what can be absent present.
fn entries() -> Vec<Entry<'static>> {
    let bytes = br#"{"type":"malware"}"#;
    let release =
        Release { partner: index(7), first_added: 1_700_000_000_000_001, objects: vec![1, 3, 2] };
    vec![
        Entry::Label(LabelText { number: 1, faults: 2, stix: Cow::Borrowed("{\"label\":1}") }),
        Entry::Put(Put {
            uuid: OBJECT,
            object_type: Cow::Borrowed("malware"),
            version: 1_700_000_000_000_000,
            label: 1,
            brought_by: "KOR".parse().unwrap(),
            digest: record_hash(bytes).0,
            bytes: Cow::Borrowed(bytes),
        }),
        Entry::Release(release.clone()),
        Entry::Withdraw(release),
        Entry::Hold(Hold {
            object: 1,
            partners: [index(0), index(63)].into_iter().collect::<PartnerSet>(),
            mentions: vec![IdKey::from_bytes(OBJECT.into_bytes())],
            approvals: vec![(index(63), 2)],
            again_at: Some(1_800_000_000_000_000),
        }),
        Entry::Act(Act {
            kind: Cow::Borrowed("partner"),
            at: 1_700_000_000_000_002,
            json: Cow::Borrowed("{\"nation\":\"POL\"}"),
        }),
    ]
}

fn hex(bytes: &[u8]) -> String {
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits.map(|digit| char::from_digit(digit.into(), 16).unwrap()).collect()
}

/// The block of one entry, after a chain of sevens.
fn block(entry: Entry<'_>) -> Block {
    block::write(&[entry], 5, [7; 32]).pop().unwrap()
}

#[test]
fn the_bytes_of_each_kind_of_entry_are_frozen() {
    let shown = |entry| {
        let block = block(entry);
        format!("head {}\nbody {}", hex(&block.head), hex(&block.body))
    };
    let shown: Vec<String> = entries().into_iter().map(shown).collect();
    assert_snapshot!(shown.join("\n"), @r"
    head 021199cb67ad5623c0c4871fd92f14740466eb98667657bce4a03ccaa86b029c679d
    body 01000000020b7b226c6162656c223a317d
    head 0112b162b07cce19cfb109170e10500fa0553c6c5869480a9cc51a645f1c4b6635600f54bb6253f54d4d8f4c7c2a0a0e7d1100401e18240a0600010000004b4f52076d616c77617265
    body 7b2274797065223a226d616c77617265227d
    head 030cb0616af51e4743b93091c2f4856fe0261ea0c522a4bd0321381c79c74092215e
    body 0701401e18240a0600020401
    head 040cb0616af51e4743b93091c2f4856fe0261ea0c522a4bd0321381c79c74092215e
    body 0701401e18240a0600020401
    head 052b2e0e5e20e921d78a4868203e375dfe75913bc0d4751f81f0b39c3e2e9daab394
    body 010000000000000001000000000000800080982817650600013f020f54bb6253f54d4d8f4c7c2a0a0e7d11
    head 062174b400b3acd24419409ace19b20c76579bd1c33c92b6637303fe0d1c8fd94373
    body 07706172746e657202401e18240a0600107b226e6174696f6e223a22504f4c227d
    ");
}

#[test]
fn the_chain_over_a_block_is_frozen() {
    let blocks = block::write(&entries(), 0, Chain::default());
    assert_eq!(blocks.len(), 1);
    assert_snapshot!(hex(&blocks[0].chain), @"5de595e254962616a13ce2345c662cf41c56be86000bb784bfa8e5d528d59f1c");
}

#[test]
fn what_was_written_reads_as_the_entries_it_was_written_from() {
    let written = entries();
    let block = block::write(&written, 0, Chain::default()).pop().unwrap();
    let read: Vec<Entry<'_>> = block::records(0, &block.head)
        .map(|record| record.unwrap().entry(&block.body).unwrap())
        .collect();
    assert_eq!(read, written);
    for record in block::records(0, &block.head) {
        let record = record.unwrap();
        assert_eq!(block::find(0, &block.head, record.seq), Ok(Some(record)));
    }
    assert_eq!(block::find(0, &block.head, 6), Ok(None));
}

#[test]
fn a_head_that_breaks_off_is_damage_and_nothing_after_it_is_read() {
    let block = block::write(&entries(), 0, Chain::default()).pop().unwrap();
    for length in 1..block.head.len() {
        let read: Vec<_> = block::records(0, &block.head[..length]).collect();
        let whole = read.iter().filter(|record| record.is_ok()).count();
        assert!(whole < 6 && read.len() <= whole + 1, "{length}");
    }
}

#[test]
fn the_bytes_of_a_leaf_are_frozen() {
    let leaf =
        |happened| Leaf { happened, added: 1_700_000_000_000_001, object: [9; 32], label: OBJECT };
    let shown = [Happened::Released, Happened::Withdrawn].map(|happened| {
        format!("{} {}", hex(&leaf(happened).to_bytes()), hex(&leaf(happened).hash().0))
    });
    assert_snapshot!(shown.join("\n"), @r"
    454c310100060a24181e400109090909090909090909090909090909090909090909090909090909090909090f54bb6253f54d4d8f4c7c2a0a0e7d11 a2a3ffb7ffedc836992a71675e4215dfc2b6b1b53a7ecbcb3a363c7f13554c31
    454c310200060a24181e400109090909090909090909090909090909090909090909090909090909090909090f54bb6253f54d4d8f4c7c2a0a0e7d11 2e75c9b41c091dd82a51186fe3aec2ad0d58d10a2b56d9d69133626a5ce5921e
    ");
}

#[test]
fn a_signed_checkpoint_is_frozen() {
    let key = Key::from_seed("KOR", &[7; 32]).unwrap();
    let origin = origin("KOR".parse().unwrap(), "POL".parse().unwrap());
    let signed = checkpoint::sign(&key, &origin, 42, record_hash(b"x")).unwrap();
    assert_snapshot!(signed.note, @r"
    KOR/ledger/POL
    42
    PH6byTDck/AfppmF7yQtn56GHzxTVaokzl70tLinDMs=

    — KOR BoybIhfXCKYAV/wZ2hoZ7la9/MRmS81kc10eQEWH3NZZQpoSLVpj0KqgNSOo7r+OsYaHeaSUyycfJ+OhpSnvOx7ONgw=
    ");
}
