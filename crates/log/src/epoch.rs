//! Epochs: what all ledgers of a node were at one time, in one hash that tells nothing of any.
//!
//! Once an hour a node commits to the checkpoint of every ledger that it keeps. Each partner can open
//! its own commitment and no other, so all partners follow one tree of epochs: whoever rewrites a ledger,
//! alone or together with the partner whose ledger it is, has to rewrite what the others have seen. How
//! many ledgers there are, whether they grew and by how much, does not show: there are always 64 slots,
//! in the order of their hashes, and one epoch an hour.
//!
//! ```text
//! nonce = SHA-256("entente nonce\n" ‖ seed ‖ origin)            seed: 32 random bytes, never shown
//! slot  = SHA-256("entente opening\n" ‖ nonce ‖ "origin\nsize\nroot\n")
//! empty = SHA-256("entente empty\n" ‖ seed ‖ number)
//! leaf  = "entente epoch\nnumber\nseconds\nroot of the slots\n"     hashes in base64
//! ```
//!
//! Invariant: an opening that holds is of the ledger that was committed to, at its size and root.
//!
//! The tree of epochs is that of RFC 6962, its origin `KOR/epochs`, its checkpoints signed and cosigned
//! as those of ledgers.

use sha2::{Digest as _, Sha256};
use tlog_tiles::tlog::{self, Hash, HashReader, check_record, record_hash};

use crate::tree::Tree;

/// As many partners as a node may have.
pub const SLOTS: usize = 64;

/// What a ledger is at the time of an epoch.
#[derive(Clone, Debug, PartialEq)]
pub struct Standing {
    /// Which ledger: `KOR/ledger/POL`.
    pub origin: String,
    /// How many entries it has.
    pub size: u64,
    /// The root of its tree.
    pub root: Hash,
}

/// The tree of epochs of a nation's node, by its name in checkpoints.
pub fn origin(nation: &str) -> String {
    format!("{nation}/epochs")
}

/// An epoch's leaf.
pub fn leaf(number: u64, seconds: i64, root: Hash) -> Hash {
    record_hash(format!("entente epoch\n{number}\n{seconds}\n{root}\n").as_bytes())
}

fn nonce(seed: &[u8; 32], origin: &str) -> [u8; 32] {
    digest(&[b"entente nonce\n", seed, origin.as_bytes()])
}

fn slot(nonce: &[u8; 32], standing: &Standing) -> [u8; 32] {
    let Standing { origin, size, root } = standing;
    let text = format!("{origin}\n{size}\n{root}\n");
    digest(&[b"entente opening\n", nonce, text.as_bytes()])
}

fn digest(parts: &[&[u8]]) -> [u8; 32] {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part);
    }
    hash.finalize().into()
}

/// The commitments of one epoch.
#[derive(Clone, Debug)]
pub struct Sealed {
    slots: Vec<[u8; 32]>,
    stored: Stored,
    root: Hash,
}

impl Sealed {
    /// Commits to ledgers, 64 at most.
    pub fn new(seed: &[u8; 32], standings: &[Standing]) -> Self {
        let real = standings.iter().map(|one| slot(&nonce(seed, &one.origin), one));
        let empty = (0..SLOTS)
            .map(|number| digest(&[b"entente empty\n", seed, &[number.to_le_bytes()[0]]]));
        let mut slots: Vec<[u8; 32]> = real.chain(empty).take(SLOTS).collect();
        slots.sort_unstable();
        let (mut tree, mut stored) = (Tree::default(), Vec::new());
        for slot in &slots {
            tree.append(record_hash(slot), &mut stored);
        }
        Self { slots, stored: Stored(stored), root: tree.root() }
    }

    /// The root of the slots.
    pub fn root(&self) -> Hash {
        self.root
    }

    /// Opens the commitment to a ledger, if it is in.
    pub fn open(&self, seed: &[u8; 32], standing: &Standing) -> Option<Opening> {
        let nonce = nonce(seed, &standing.origin);
        let place = self.slots.binary_search(&slot(&nonce, standing)).ok()?;
        let (place, slots) = (u64::try_from(place).ok()?, u64::try_from(SLOTS).ok()?);
        let path = tlog::prove_record(slots, place, &self.stored).ok()?;
        Some(Opening { nonce, place, path })
    }
}

/// Shows what one slot commits to, and nothing of the others.
#[derive(Clone, Debug, PartialEq)]
pub struct Opening {
    /// What hides the commitment.
    pub nonce: [u8; 32],
    /// The place of the slot.
    pub place: u64,
    /// The path to the root of the slots.
    pub path: Vec<Hash>,
}

impl Opening {
    /// Whether an epoch with this root commits to this ledger.
    pub fn holds(&self, standing: &Standing, root: Hash) -> bool {
        let hash = record_hash(&slot(&self.nonce, standing));
        let slots = u64::try_from(SLOTS).unwrap_or(u64::MAX);
        check_record(&self.path, slots, root, self.place, hash).is_ok()
    }
}

/// A tree of epochs that is held whole: 64 bytes for each hour, 560 KB a year.
#[derive(Clone, Debug, Default)]
pub struct Epochs {
    tree: Tree,
    stored: Stored,
}

impl Epochs {
    /// Appends the leaf of an epoch.
    pub fn append(&mut self, leaf: Hash) {
        self.tree.append(leaf, &mut self.stored.0);
    }

    /// The tree.
    pub fn tree(&self) -> &Tree {
        &self.tree
    }

    /// The root of the first `size` epochs; none if there are fewer.
    pub fn root_at(&self, size: u64) -> Option<Hash> {
        let fits = size <= self.tree.size();
        fits.then(|| Tree::load(size, &self.stored).ok().map(|tree| tree.root())).flatten()
    }

    /// Proves that the first `size` epochs are the beginning of the first `of`.
    pub fn prove(&self, size: u64, of: u64) -> Option<Vec<Hash>> {
        match size {
            0 => Some(Vec::new()),
            _ => tlog::prove_tree(of, size, &self.stored).ok(),
        }
    }
}

#[derive(Clone, Debug, Default)]
struct Stored(Vec<Hash>);

impl HashReader for Stored {
    fn read_hashes(&self, indexes: &[u64]) -> Result<Vec<Hash>, tlog::Error> {
        let missing = || tlog::Error::InvalidInput("a stored hash is missing".into());
        let read = |index: &u64| self.0.get(usize::try_from(*index).ok()?).copied();
        indexes.iter().map(|index| read(index).ok_or_else(missing)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn standing(nation: &str, size: u64) -> Standing {
        let root = record_hash(nation.as_bytes());
        Standing { origin: format!("KOR/ledger/{nation}"), size, root }
    }

    #[test]
    fn each_ledger_is_opened_as_it_was_and_not_otherwise() {
        let all = ["POL", "USA", "GBR"].map(|nation| standing(nation, 42));
        let sealed = Sealed::new(&[7; 32], &all);
        for one in &all {
            let opening = sealed.open(&[7; 32], one).unwrap();
            assert!(opening.holds(one, sealed.root()));
            for other in [
                Standing { size: 41, ..one.clone() },
                Standing { root: record_hash(b"x"), ..one.clone() },
                Standing { origin: "KOR/ledger/DNK".into(), ..one.clone() },
            ] {
                assert!(!opening.holds(&other, sealed.root()), "{other:?}");
                assert_eq!(sealed.open(&[7; 32], &other), None);
            }
            assert!(!opening.holds(one, Sealed::new(&[8; 32], &all).root()));
        }
    }

    #[test]
    fn how_many_ledgers_there_are_does_not_show() {
        for count in [0, 1, 8, 64] {
            let nations = (0..count).map(|number| format!("X{number:02}"));
            let all: Vec<_> = nations.map(|nation| standing(&nation, 1)).collect();
            let sealed = Sealed::new(&[9; 32], &all);
            assert_eq!(sealed.slots.len(), SLOTS);
            assert!(sealed.slots.is_sorted());
            assert!(all.iter().all(|one| sealed.open(&[9; 32], one).is_some()), "{count}");
        }
    }

    #[test]
    fn the_tree_of_epochs_proves_its_beginnings() {
        let mut epochs = Epochs::default();
        let mut roots = vec![epochs.tree().root()];
        for number in 0..70 {
            epochs.append(leaf(number, 3600 * i64::try_from(number).unwrap(), record_hash(b"x")));
            roots.push(epochs.tree().root());
        }
        for size in 1..=70 {
            let root = roots[usize::try_from(size).unwrap()];
            assert_eq!(epochs.root_at(size), Some(root));
            let proof = epochs.prove(size, 70).unwrap();
            assert!(tlog::check_tree(&proof, 70, epochs.tree().root(), size, root).is_ok());
        }
        assert_eq!(epochs.root_at(71), None);
    }
}
