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
/// no id of which the partner would have no version, the union. Found by trying them all.
fn tried(own: &[PartnerSet], ids: &[Mentioned], mentions: &[Vec<usize>], partner: u8) -> Vec<bool> {
    let partner = index(partner);
    let is_closed = |chosen: u32| {
        let has = |place: usize| place < own.len() && chosen >> place & 1 == 1;
        (0..own.len()).filter(|place| has(*place)).all(|place| {
            let allowed = |id: &usize| {
                let versions = ids.get(*id);
                versions.is_some_and(|id| {
                    id.before.contains(partner) || id.here.iter().any(|other| has(*other))
                })
            };
            let list = mentions.get(place);
            own[place].contains(partner) && list.is_some_and(|list| list.iter().all(allowed))
        })
    };
    let sets = 0..1_u32 << own.len();
    let union = sets.filter(|chosen| is_closed(*chosen)).fold(0, |union, one| union | one);
    (0..own.len()).map(|place| union >> place & 1 == 1).collect()
}

/// An id: its versions in the batch, now and then one that is not there, and who had it before.
fn id() -> impl Strategy<Value = Mentioned> {
    let place = prop_oneof![12 => 0_usize..7, 1 => Just(usize::MAX)];
    let before = prop_oneof![2 => Just(0_u64), 1 => 0_u64..512, 1 => Just(0b1_0101)];
    (before.prop_map(set), vec(place, 0..4)).prop_map(|(before, here)| Mentioned { before, here })
}

/// Up to seven objects and nine partners, each released to most of them, and up to seven ids that
/// they mention, now and then one that is not there.
fn graph() -> impl Strategy<Value = (Vec<PartnerSet>, Vec<Mentioned>, Vec<Vec<usize>>)> {
    let own = vec((0_u64..512, 0_u64..512).prop_map(|(a, b)| set(a | b)), 0..8);
    let mention = prop_oneof![12 => 0_usize..7, 1 => Just(usize::MAX)];
    (own, vec(id(), 6..8), vec(vec(mention, 0..3), 6..9))
}

/// An id with these versions in the batch and no others.
fn here(places: &[usize]) -> Mentioned {
    Mentioned { before: PartnerSet::NONE, here: places.to_vec() }
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
        proptest!(cases(3_000), |((own, ids, mentions) in graph())| {
            let found = releasable(&own, &ids, &mentions);
            prop_assert_eq!(found.len(), own.len());
            for partner in 0..9 {
                let has = |set: &PartnerSet| set.contains(index(partner));
                let expected = tried(&own, &ids, &mentions, partner);
                for id in &ids {
                    let mut places = id.here.iter().filter_map(|place| expected.get(*place));
                    let any = id.before.contains(index(partner)) || places.any(|is| *is);
                    prop_assert_eq!(has(&id.holders(&found)), any, "partner {}", partner);
                }
                let found: Vec<bool> = found.iter().map(has).collect();
                prop_assert_eq!(found, expected, "partner {}", partner);
            }
        });
    });
}

#[test]
fn a_circle_is_released_together_or_not_at_all() {
    ends(|| {
        let ids = [here(&[1]), here(&[2]), here(&[0])];
        let circle = vec![vec![0], vec![1], vec![2]];
        let all = set(0b111);
        assert_eq!(releasable(&[all; 3], &ids, &circle), [all; 3]);
        let narrow = [all, set(0b011), set(0b110)];
        assert_eq!(releasable(&narrow, &ids, &circle), [set(0b010); 3]);
        // An object that mentions itself only is released as if it did not.
        assert_eq!(releasable(&[all], &[here(&[0])], &[vec![0]]), [all]);
    });
}

#[test]
fn any_version_of_an_id_will_do() {
    let (first, second, old) = (set(0b001), set(0b010), set(0b100));
    let all = set(0b1111);
    let id = Mentioned { before: old, here: vec![0, 1] };
    let found = releasable(&[first, second, all], &[id], &[vec![], vec![], vec![0]]);
    assert_eq!(found, [first, second, set(0b111)]);
    // Two ids: one version of each.
    let ids = [here(&[0, 1]), here(&[1])];
    let found = releasable(&[first, second, all], &ids, &[vec![], vec![], vec![0, 1]]);
    assert_eq!(found, [first, second, second]);
}

#[test]
fn narrowing_runs_along_a_chain_in_either_direction() {
    ends(|| {
        let all = set(0b11);
        for reversed in [false, true] {
            let length = 1_000_usize;
            let ids: Vec<Mentioned> = (0..length)
                .map(|place| {
                    let next = if reversed { place + 1 } else { place.wrapping_sub(1) };
                    let last = Mentioned { before: set(0b10), here: Vec::new() };
                    if next >= length { last } else { here(&[next]) }
                })
                .collect();
            let mentions: Vec<Vec<usize>> = (0..length).map(|place| vec![place]).collect();
            let found = releasable(&vec![all; length], &ids, &mentions);
            assert!(found.iter().all(|set| set.bits() == 0b10));
        }
    });
}

#[test]
fn many_versions_that_narrow_one_after_the_other_cost_little() {
    ends(|| {
        // Each version of the one id mentions what the next is the only version of, so the last of
        // them falls first, then the one before it: were all looked at each time, it would not end.
        let length = 100_000_usize;
        let mut mentions: Vec<Vec<usize>> = (0..length).map(|place| vec![place + 1]).collect();
        mentions.push(vec![0]);
        let mut own = vec![set(0b11); length];
        own.push(set(0b01));
        for reversed in [false, true] {
            let mut places: Vec<usize> = (0..length).collect();
            if reversed {
                places.reverse();
            }
            let mut ids = vec![here(&places)];
            ids.extend((1..=length).map(|place| here(&[place])));
            let found = releasable(&own, &ids, &mentions);
            assert!(found.iter().all(|set| set.bits() == 0b01));
        }
    });
}

#[test]
fn what_is_not_there_or_not_said_is_withheld() {
    let all = set(0b1);
    assert_eq!(releasable(&[all], &[here(&[1])], &[vec![0]]), [PartnerSet::NONE]);
    assert_eq!(releasable(&[all], &[here(&[1, 0])], &[vec![0]]), [all]);
    assert_eq!(releasable(&[all], &[here(&[])], &[vec![0]]), [PartnerSet::NONE]);
    assert_eq!(releasable(&[all], &[here(&[0])], &[vec![1]]), [PartnerSet::NONE]);
    assert_eq!(releasable(&[all, all], &[], &[vec![]]), [all, PartnerSet::NONE]);
    assert_eq!(releasable(&[all], &[here(&[0])], &[vec![], vec![0]]), [all]);
    assert_eq!(releasable(&[], &[], &[]), []);
}
