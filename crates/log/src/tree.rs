//! The Merkle tree of RFC 6962, appended to and proven from.
//!
//! Invariants:
//! * [`Tree`] holds one hash per complete subtree on the right edge: at most 64, whatever the size.
//! * Every append yields the dense stored hashes of C2SP's tlog layout, in order, so that storage
//!   is append-only and position `n` never changes.

use tlog_tiles::tlog::{self, EMPTY_HASH, Hash, HashReader};

pub use tlog_tiles::tlog::{Hash as NodeHash, check_record, check_tree, record_hash};

/// A tree being appended to.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tree {
    size: u64,
    edge: Vec<Hash>,
}

impl Tree {
    /// The tree of the first `size` leaves, whose hashes are stored.
    pub fn load(size: u64, hashes: &impl HashReader) -> Result<Self, tlog::Error> {
        let edge = hashes.read_hashes(&tlog::sub_tree_index(0, size, Vec::new()))?;
        Ok(Self { size, edge })
    }

    /// The tree of `size` leaves with this right edge, if it can be one: what [`Tree::edge`] gave.
    pub fn from_edge(size: u64, edge: Vec<Hash>) -> Option<Self> {
        (u32::try_from(edge.len()).ok()? == size.count_ones()).then_some(Self { size, edge })
    }

    /// The roots of its complete subtrees, the largest first: all that is needed to append to it.
    pub fn edge(&self) -> &[Hash] {
        &self.edge
    }

    /// How many leaves it has.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// How many hashes are stored for it.
    pub fn stored(&self) -> u64 {
        tlog::stored_hash_count(self.size)
    }

    /// Appends a leaf by its hash, and the hashes to store to `out`: two per leaf on average.
    pub fn append(&mut self, leaf: Hash, out: &mut Vec<Hash>) {
        let mut hash = leaf;
        out.push(hash);
        let mut rest = self.size;
        while rest & 1 == 1 {
            let Some(left) = self.edge.pop() else { break };
            hash = tlog::node_hash(left, hash);
            out.push(hash);
            rest >>= 1;
        }
        self.edge.push(hash);
        self.size += 1;
    }

    /// The root.
    pub fn root(&self) -> Hash {
        let mut edge = self.edge.iter().rev().copied();
        let Some(last) = edge.next() else {
            return EMPTY_HASH;
        };
        edge.fold(last, |right, left| tlog::node_hash(left, right))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::{prop_assert, proptest};

    struct Stored(Vec<Hash>);

    impl HashReader for Stored {
        fn read_hashes(&self, indexes: &[u64]) -> Result<Vec<Hash>, tlog::Error> {
            Ok(indexes.iter().map(|&i| self.0[usize::try_from(i).unwrap()]).collect())
        }
    }

    fn grown(size: u64) -> (Tree, Stored) {
        let mut tree = Tree::default();
        let mut stored = Vec::new();
        for n in 0..size {
            tree.append(record_hash(&n.to_be_bytes()), &mut stored);
        }
        (tree, Stored(stored))
    }

    #[test]
    fn every_size_agrees_with_the_reference_and_reloads() {
        let (_, all) = grown(300);
        for size in 0..300 {
            let (tree, stored) = grown(size);
            assert_eq!(tree.root(), tlog::tree_hash(size, &all).unwrap());
            assert_eq!(tree.stored(), u64::try_from(stored.0.len()).unwrap());
            assert_eq!(Tree::load(size, &all).unwrap(), tree);
        }
    }

    proptest! {
        #[test]
        fn what_is_in_is_proven_and_nothing_else(size in 1u64..500, leaf in 0u64..500, old in 1u64..500) {
            let (tree, stored) = grown(size);
            let (leaf, old) = (leaf % size, old % size + 1);
            let proof = tlog::prove_record(size, leaf, &stored).unwrap();
            let hash = record_hash(&leaf.to_be_bytes());
            prop_assert!(check_record(&proof, size, tree.root(), leaf, hash).is_ok());
            prop_assert!(check_record(&proof, size, tree.root(), leaf, record_hash(b"x")).is_err());
            let (before, _) = grown(old);
            let proof = tlog::prove_tree(size, old, &stored).unwrap();
            prop_assert!(check_tree(&proof, size, tree.root(), old, before.root()).is_ok());
            prop_assert!(check_tree(&proof, size, tree.root(), old, record_hash(b"x")).is_err());
        }
    }
}
