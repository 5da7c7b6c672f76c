//! Row 8 of the attacks: a ledger that is put back, forked, cut off, reordered, or of which an entry is
//! missing or doubled, is found at the next page at the latest, at every size up to a thousand.

use std::sync::Arc;

use entente_log::checkpoint::{self, Signed};
use entente_peer::page::{Fault, Position};

use crate::book::{Book, Made, Said, edge, object};

const SIZE: usize = 1000;

/// Entries from `at` on, with other objects.
fn others(at: usize, count: usize) -> Vec<Arc<Made>> {
    let other =
        |number| Made { said: Said::Released(object(100_000 + number)), ..Made::nth(number) };
    (at..at + count).map(other).map(Arc::new).collect()
}

/// Where a history of `size` entries may have been changed: at its end, and for some sizes elsewhere.
fn places(size: usize) -> Vec<usize> {
    if size.is_multiple_of(16) { vec![0, size / 3, size / 2, size - 1] } else { vec![size - 1] }
}

/// Both checkpoints are there, and both are signed: whoever reads the alarm can check it.
fn is_proven(fault: &Fault) -> bool {
    let notes = fault.notes();
    let origin = edge().origin();
    let signed = notes.iter().all(|note| checkpoint::verify(note, &origin, &edge().key).is_ok());
    signed && fault.is_proof() && notes.first() != notes.get(1)
}

fn assert_forked(book: &Book, (from, to, size): (usize, usize, usize), at: &Position, case: &str) {
    let fault = book.draft(from, to, size).read(at).unwrap_err();
    assert!(matches!(fault, Fault::Forked { .. }), "{case}: {fault}");
    assert!(is_proven(&fault), "{case}: {fault}");
}

#[test]
fn a_ledger_that_was_put_back_is_found_at_every_size() {
    let book = Book::of(SIZE);
    for size in 1..=SIZE {
        let at = book.followed(size, size);
        for now in [0, size / 2, size - 1] {
            let fault = book.draft(now, now, now).read(&at).unwrap_err();
            let expected = (u64::try_from(size).unwrap(), u64::try_from(now).unwrap());
            let Fault::Shorter { before, now, .. } = fault else { panic!("{size}: {fault}") };
            assert_eq!((before, now), expected);
            assert!(is_proven(&fault), "{fault}");
        }
    }
}

#[test]
fn a_ledger_with_another_history_is_found_at_every_size() {
    let book = Book::of(SIZE + 2);
    for size in 1..=SIZE {
        let at = book.followed(size, size);
        for place in places(size) {
            // One entry is another.
            let mut then = book.entries[place..size + 2].to_vec();
            then[0] = others(place, 1).remove(0);
            let swapped = book.forked(place, then.clone());
            assert_forked(&swapped, (size, size, size), &at, "another entry, the same size");
            assert_forked(&swapped, (size, size + 2, size + 2), &at, "another entry");
            // It is not there, and the ledger grew over it.
            let missing = book.forked(place, then[1..].to_vec());
            assert_forked(&missing, (size, size + 1, size + 1), &at, "one is missing");
            // It is there twice.
            then[0] = book.entries[place].clone();
            then.insert(0, Arc::new(Made { added: then[0].added - 1, ..Made::clone(&then[0]) }));
            let doubled = book.forked(place, then.clone());
            assert_forked(&doubled, (size, size + 3, size + 3), &at, "one is doubled");
            // Two changed places.
            if place + 1 < size {
                let mut then = book.entries[place..=size].to_vec();
                then.swap(0, 1);
                let turned = book.forked(place, then);
                assert_forked(&turned, (size, size + 1, size + 1), &at, "two changed places");
            }
        }
        // It was cut off, and something else was written instead.
        let cut = book.forked(size - 1, others(size - 1, 2));
        assert_forked(&cut, (size, size + 1, size + 1), &at, "cut off and written anew");
    }
}

#[test]
fn entries_that_are_not_those_that_were_signed_are_found_at_every_size() {
    let book = Book::of(SIZE + 4);
    for size in 1..=SIZE {
        let at = book.followed(size, size);
        let honest = book.draft(size, size + 4, size + 4);
        assert_eq!(honest.read(&at).unwrap().entries.len(), 4);
        let changed = |change: &dyn Fn(&mut Vec<Made>)| {
            let mut entries: Vec<Made> =
                book.entries[size..size + 4].iter().map(|entry| Made::clone(entry)).collect();
            change(&mut entries);
            let mut draft = honest.clone();
            draft.entries = entries.iter().map(Made::text).collect();
            draft.read(&at).unwrap_err()
        };
        let place = u64::try_from(size).unwrap();
        assert_eq!(changed(&|all| drop(all.remove(1))), Fault::Unproven(place + 3));
        assert_eq!(changed(&|all| drop(all.pop())), Fault::Unproven(place + 3));
        assert_eq!(changed(&|all| all.insert(1, all[0].clone())), Fault::Order(place + 1));
        let twice = changed(&|all| {
            let last = Made { added: all[3].added + 1, ..all[3].clone() };
            all.push(last);
        });
        assert_eq!(twice, Fault::Unproven(place + 5));
        assert_eq!(changed(&|all| all.swap(1, 2)), Fault::Order(place + 2));
        let other = changed(&|all| all[2].said = Said::Released(object(1)));
        assert_eq!(other, Fault::Unproven(place + 4));
        assert_eq!(changed(&|all| all[2].added -= 1), Fault::Order(place + 2));
        let later = changed(&|all| all[3].added += 1);
        assert_eq!(later, Fault::Unproven(place + 4));
        assert_eq!(changed(&Vec::clear), Fault::Stalled { given: place, signed: place + 4 });
        // A page that leaves out the first entries, and proves what follows.
        let mut late = book.draft(size + 1, size + 4, size + 4);
        assert_eq!(late.read(&at).unwrap_err(), Fault::NotAsked { asked: place, got: place + 1 });
        late.from = place.to_string();
        late.before = honest.before.clone();
        assert_eq!(late.read(&at).unwrap_err(), Fault::Unproven(place + 3));
    }
}

/// What is kept of a position, and read again after a restart.
fn restarted(at: &Position) -> Position {
    let mut shown: Vec<Signed> = at.promised().cloned().collect();
    if at.is_complete() {
        shown.extend(at.signed.clone());
    }
    Position::kept(at.tree.clone(), at.added, shown)
}

/// While the follower is catching up the ledger becomes another one. That is found when the entries are
/// here that were promised first, at the latest; also if the follower begins anew in between.
#[test]
fn a_ledger_that_forks_while_it_is_being_caught_up_with_is_found_at_every_size() {
    let book = Book::of(SIZE);
    for size in 3..=SIZE {
        // `size` were promised, and `here` of them were given.
        let cases = [(1, 1), (1, size - 1), (size / 2, size / 2), (size - 2, size - 1)];
        let some = if size.is_multiple_of(32) { &cases[..] } else { &cases[size % 4..=size % 4] };
        for &(here, fork) in some {
            let at = book.followed(here, size);
            assert!(!at.is_complete());
            let fork = fork.max(here);
            let other = book.forked(fork, others(fork, size + 3 - fork));
            let more = here + (size - here) / 2;
            for restarts in [false, true] {
                let again = |at: Position| if restarts { restarted(&at) } else { at };
                // The other one is as long: found at once.
                let case = format!("{size} promised, {here} here, forked at {fork}, {restarts}");
                assert_forked(&other, (here, more, size), &again(at.clone()), &case);
                // It is shorter.
                let fault = other.draft(here, more, size - 1).read(&again(at.clone())).unwrap_err();
                assert!(matches!(fault, Fault::Shorter { .. }), "{case}: {fault}");
                // It is longer: some may be taken before it is found.
                let mut at = again(at.clone());
                let mut signed = size;
                let found = loop {
                    let from = usize::try_from(at.tree.size()).unwrap();
                    assert!(from < size, "{case}: not found");
                    signed = (signed + 1).min(size + 3);
                    let to = (from + (size - here).div_ceil(2)).min(signed);
                    match other.draft(from, to, signed).read(&at) {
                        Ok(page) => at = again(page.position),
                        Err(fault) => break fault,
                    }
                };
                assert!(matches!(found, Fault::Forked { .. }), "{case}: {found}");
                assert!(is_proven(&found), "{case}: {found}");
            }
        }
    }
}

#[test]
fn what_was_promised_is_compared_also_if_many_promises_wait() {
    let (book, pages) = (Book::of(8000), 3000);
    let mut at = Position::default();
    // Page after page has one entry, and another promise.
    for from in 0..pages {
        at = book.draft(from, from + 1, 4001 + from).read(&at).unwrap().position;
    }
    let fork = 6990;
    let other = book.forked(fork, others(fork, 1010));
    for from in (pages..6000).step_by(1000) {
        at = other.draft(from, from + 1000, 8000).read(&at).unwrap().position;
    }
    let fault = other.draft(6000, 7000, 8000).read(&at).unwrap_err();
    assert!(matches!(fault, Fault::Forked { size: 6991, .. }), "{fault}");
    assert!(is_proven(&fault), "{fault}");
}

#[test]
fn who_promises_without_end_is_not_followed() {
    let book = Book::of(20);
    let at = book.followed(1, 10);
    let shown = vec![book.signed(10); entente_peer::PROMISED_MAX];
    let full = Position::kept(at.tree, at.added, shown);
    assert_eq!(book.draft(1, 2, 11).read(&full).unwrap_err(), Fault::Promises);
    // What was promised already may be given, and then there is room.
    let full = book.draft(1, 10, 10).read(&full).unwrap().position;
    assert_eq!(full.promised().count(), 0);
    assert!(book.draft(10, 11, 20).read(&full).is_ok());
}
