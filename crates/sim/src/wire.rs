//! What went over the network: the words in it, by edge, and for twin worlds every byte.
//!
//! Invariant: what leaves a node is looked at when it leaves, whether or not it arrives; what arrives
//! is counted when it arrives.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use entente_release::Nation;
use sha2::{Digest as _, Sha256};

use crate::check::canaries;

/// One message as it arrived: when, in milliseconds, how many bytes, and a hash of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Arrived {
    pub(crate) at: u128,
    pub(crate) from: Nation,
    pub(crate) bytes: usize,
    pub(crate) hash: [u8; 8],
}

#[derive(Default)]
struct State {
    /// Words that left, from whom to whom.
    left: BTreeMap<(Nation, Nation), BTreeSet<String>>,
    /// Who holds whom out now.
    shut: BTreeSet<(Nation, Nation)>,
    /// Words that left for who was held out.
    after: Vec<(Nation, Nation, String)>,
    /// What arrived at one nation.
    arrived: Vec<Arrived>,
}

/// A record of what went over the network.
#[derive(Clone)]
pub(crate) struct Wire {
    state: Arc<Mutex<State>>,
    /// The nation of which every byte is compared.
    watched: Nation,
}

impl Wire {
    pub(crate) fn new(watched: Nation) -> Self {
        Self { state: Arc::default(), watched }
    }

    fn with<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        change(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Some bytes leave.
    pub(crate) fn leaves(&self, (from, to): (Nation, Nation), bytes: &[u8]) {
        let words = canaries(bytes);
        if words.is_empty() {
            return;
        }
        self.with(|state| {
            if state.shut.contains(&(from, to)) {
                state.after.extend(words.iter().map(|word| (from, to, word.clone())));
            }
            state.left.entry((from, to)).or_default().extend(words);
        });
    }

    /// Some bytes arrive.
    pub(crate) fn arrives(&self, (from, to): (Nation, Nation), at: u128, bytes: &[u8]) {
        if to != self.watched {
            return;
        }
        let mut hash = [0; 8];
        for (byte, digest) in hash.iter_mut().zip(Sha256::digest(bytes)) {
            *byte = digest;
        }
        let arrived = Arrived { at, from, bytes: bytes.len(), hash };
        self.with(|state| state.arrived.push(arrived));
    }

    /// A nation holds another out from now on, or no longer.
    pub(crate) fn shut(&self, by: Nation, of: Nation, is_shut: bool) {
        self.with(|state| {
            if is_shut {
                state.shut.insert((by, of));
            } else {
                state.shut.remove(&(by, of));
            }
        });
    }

    /// The words that left, from whom to whom.
    pub(crate) fn left(&self) -> BTreeMap<(Nation, Nation), BTreeSet<String>> {
        self.with(|state| state.left.clone())
    }

    /// The first word that left for who was held out.
    pub(crate) fn left_after(&self) -> Option<(Nation, Nation, String)> {
        self.with(|state| state.after.first().cloned())
    }

    /// What arrived at the watched nation, from each other in its order.
    pub(crate) fn arrived(&self) -> Vec<Arrived> {
        let mut arrived = self.with(|state| state.arrived.clone());
        arrived.sort_by_key(|one| one.from);
        arrived
    }
}
