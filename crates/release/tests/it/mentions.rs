//! Condition 11 on whole graphs, against a greatest fixpoint found by trying every set.

use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use entente_release::PartnerSet;
use entente_release::mention::{Mentioned, releasable};
use proptest::collection::vec;
use proptest::strategy::{Just, Strategy};
use proptest::{prop_assert_eq, prop_oneof, proptest};

use crate::universe::{cases, index};

fn set(bits: u64) -> PartnerSet {
    PartnerSet::from_bits(bits)
}

/// What a partner may have of a batch: of all sets of objects that the rule allows and that mention
/// nothing outside themselves, the union. Found by trying them all.
fn tried(own: &[PartnerSet], mentions: &[Vec<Mentioned>], partner: u8) -> Vec<bool> {
    let partner = index(partner);
    let is_closed = |chosen: u32| {
        let has = |place: usize| place < own.len() && chosen >> place & 1 == 1;
        (0..own.len()).filter(|place| has(*place)).all(|place| {
            let allowed = |mention: &Mentioned| match *mention {
                Mentioned::Here(other) => has(other),
                Mentioned::Before(set) => set.contains(partner),
            };
            let list = mentions.get(place);
            own[place].contains(partner) && list.is_some_and(|list| list.iter().all(allowed))
        })
    };
    let sets = 0..1_u32 << own.len();
    let union = sets.filter(|chosen| is_closed(*chosen)).fold(0, |union, one| union | one);
    (0..own.len()).map(|place| union >> place & 1 == 1).collect()
}

/// A mention: mostly of an object of the batch, now and then one that is not there.
fn mention() -> impl Strategy<Value = Mentioned> {
    prop_oneof![
        12 => (0_usize..7).prop_map(Mentioned::Here),
        1 => Just(Mentioned::Here(usize::MAX)),
        3 => (0_u64..512).prop_map(|bits| Mentioned::Before(set(bits | 0b1_0101))),
    ]
}

/// Up to seven objects and nine partners, each released to most of them.
fn graph() -> impl Strategy<Value = (Vec<PartnerSet>, Vec<Vec<Mentioned>>)> {
    let own = vec((0_u64..512, 0_u64..512).prop_map(|(a, b)| set(a | b)), 0..8);
    (own, vec(vec(mention(), 0..3), 6..9))
}

/// Runs `test`, which has to end: a circle must not be followed round and round.
fn ends(test: impl FnOnce() + Send + 'static) {
    let (sender, receiver) = mpsc::channel();
    let running = thread::spawn(move || {
        test();
        sender.send(())
    });
    let waited = receiver.recv_timeout(Duration::from_secs(20));
    assert_ne!(waited, Err(RecvTimeoutError::Timeout), "it does not end");
    running.join().unwrap().unwrap();
}

#[test]
fn random_graphs_have_the_greatest_fixpoint() {
    ends(|| {
        proptest!(cases(3_000), |((own, mentions) in graph())| {
            let found = releasable(&own, &mentions);
            prop_assert_eq!(found.len(), own.len());
            for partner in 0..9 {
                let has = |set: &PartnerSet| set.contains(index(partner));
                let found: Vec<bool> = found.iter().map(has).collect();
                prop_assert_eq!(found, tried(&own, &mentions, partner), "partner {}", partner);
            }
        });
    });
}

#[test]
fn a_circle_is_released_together_or_not_at_all() {
    ends(|| {
        let circle =
            vec![vec![Mentioned::Here(1)], vec![Mentioned::Here(2)], vec![Mentioned::Here(0)]];
        let all = set(0b111);
        assert_eq!(releasable(&[all; 3], &circle), [all; 3]);
        let narrow = [all, set(0b011), set(0b110)];
        assert_eq!(releasable(&narrow, &circle), [set(0b010); 3]);
        // An object that mentions itself only is released as if it did not.
        assert_eq!(releasable(&[all], &[vec![Mentioned::Here(0)]]), [all]);
    });
}

#[test]
fn narrowing_runs_along_a_chain_in_either_direction() {
    ends(|| {
        let all = set(0b11);
        for reversed in [false, true] {
            let length = 1_000_usize;
            let mentions: Vec<Vec<Mentioned>> = (0..length)
                .map(|place| {
                    let next = if reversed { place + 1 } else { place.wrapping_sub(1) };
                    let is_end = next >= length;
                    let last = Mentioned::Before(set(0b10));
                    vec![if is_end { last } else { Mentioned::Here(next) }]
                })
                .collect();
            let found = releasable(&vec![all; length], &mentions);
            assert!(found.iter().all(|set| set.bits() == 0b10));
        }
    });
}

#[test]
fn what_is_not_there_or_not_said_is_withheld() {
    let all = set(0b1);
    assert_eq!(releasable(&[all], &[vec![Mentioned::Here(1)]]), [PartnerSet::NONE]);
    assert_eq!(releasable(&[all, all], &[vec![]]), [all, PartnerSet::NONE]);
    assert_eq!(releasable(&[all], &[vec![], vec![Mentioned::Here(0)]]), [all]);
    assert_eq!(releasable(&[], &[]), []);
}
