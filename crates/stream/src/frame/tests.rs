//! The bytes of messages, frozen; and that nothing but what the node signed reads.

use std::borrow::Cow;

use entente_log::Entry;
use entente_log::block;
use entente_log::entry::Act;
use entente_log::journal::Tip;
use entente_log::key::Key;
use entente_log::order::{Append, Position};
use insta::assert_snapshot;

use super::v1::{self, Frame};

fn key() -> Key {
    Key::from_seed("KOR", &[7; 32]).unwrap()
}

fn hex(bytes: &[u8]) -> String {
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits.map(|digit| char::from_digit(digit.into(), 16).unwrap()).collect()
}

fn append() -> Append {
    let after = Tip { next: 5, chain: [9; 32] };
    let json = Cow::Borrowed("{\"nation\":\"POL\"}");
    let act = Act { kind: Cow::Borrowed("partner"), at: 1_700_000_000_000_002, json };
    let blocks = block::write(&[Entry::Act(act)], after.next, after.chain);
    Append { after, blocks, notes: vec![(3, "a note\n".to_owned())] }
}

fn joined(pieces: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (number, piece) in (0..).zip(pieces) {
        let Frame::Piece(piece) = v1::read(piece).unwrap() else { panic!("no piece") };
        assert_eq!((piece.number, piece.of), (number, u64::try_from(pieces.len()).unwrap()));
        assert_eq!((piece.after, piece.chain), (append().after, append().chain()));
        bytes.extend_from_slice(piece.bytes);
    }
    bytes
}

#[test]
fn the_bytes_of_messages_are_frozen() {
    let pieces = v1::pieces(&append(), &key(), 100);
    let goal = v1::goal(append().after, Position { stream: 11, seq: 12 }, &key());
    let shown: Vec<String> = pieces.iter().chain([&goal]).map(|bytes| hex(bytes)).collect();
    assert_snapshot!(shown.join("\n"), @r"
    454e533101050909090909090909090909090909090909090909090909090909090909090909ec06fb1bc03b2cc682a87cd908733fe3e6539f550e99f2c893bab0fb2719f5cc00020122062174b400b3acd24419409ace19b20c76579bd1c33c92b6637303fe0d1c8fd943732107706172746e657202401e18240a0600107b226e6174696f6e223a22504f4c227d01030761206e6f74650a8edd662307dad9293155967a23226cf4a2fe3129
    454e533101050909090909090909090909090909090909090909090909090909090909090909ec06fb1bc03b2cc682a87cd908733fe3e6539f550e99f2c893bab0fb2719f5cc0102b084ceb6e1d679cbdcc6fa1d0ffb029762529faeb74b1be2b6eea9492876f811ababa380404e79379a242b07
    454e5331020509090909090909090909090909090909090909090909090909090909090909099467af92528e38f88c0c2d33f28262bb02cf6a9e0ad78f769104402a25c89e38710479606a5a23b81ee678e89bd8a638eb701138f583740057546e9f21c0be0f
    ");
}

#[test]
fn an_append_comes_back_from_pieces_of_any_size() {
    let public = key().public();
    for most in [1, 7, 100, 10_000] {
        let bytes = joined(&v1::pieces(&append(), &key(), most));
        let of = (append().after, append().chain());
        assert_eq!(v1::append(of, &bytes, ("KOR", &public)), Ok(append()));
    }
}

#[test]
fn what_was_altered_or_signed_by_another_does_not_read() {
    let (public, of) = (key().public(), (append().after, append().chain()));
    let bytes = joined(&v1::pieces(&append(), &key(), 10_000));
    for at in 0..bytes.len() {
        let mut altered = bytes.clone();
        altered[at] ^= 1;
        // A block's body is held by the digests in its head, which the reader verifies.
        if let Ok(read) = v1::append(of, &altered, ("KOR", &public)) {
            assert!(block::verify(&read.blocks[0], of.0.chain).is_err(), "byte {at}");
        }
        assert!(v1::append(of, &bytes[..at], ("KOR", &public)).is_err(), "{at} bytes");
    }
    let other = Key::from_seed("KOR", &[8; 32]).unwrap().public();
    assert!(v1::append(of, &bytes, ("KOR", &other)).is_err());
    assert!(v1::append((Tip { next: 6, ..of.0 }, of.1), &bytes, ("KOR", &public)).is_err());
}

#[test]
fn a_goal_counts_at_its_place_alone() {
    let (public, at) = (key().public(), Position { stream: 11, seq: 12 });
    let bytes = v1::goal(append().after, at, &key());
    let Frame::Goal { tip, signature } = v1::read(&bytes).unwrap() else { panic!("no goal") };
    let counts = |at, name| v1::is_goal((tip, &signature), at, (name, &public));
    assert!(counts(at, "KOR"));
    assert!(!counts(at, "POL"));
    assert!(!counts(Position { seq: 13, ..at }, "KOR"));
    assert!(!counts(Position { stream: 12, ..at }, "KOR"));
}

#[test]
fn any_bytes_are_read_or_damaged() {
    for piece in v1::pieces(&append(), &key(), 50) {
        for length in 0..piece.len() {
            let _read_or_damaged = v1::read(&piece[..length]);
        }
        let mut other = piece.clone();
        other[3] = b'2';
        assert!(v1::read(&other).is_err(), "another format");
    }
}
