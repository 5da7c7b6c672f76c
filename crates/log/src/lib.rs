//! The one log of a node, and the ledger of each partner: entries, blocks, trees, checkpoints.
//!
//! In scope: what an entry is and how it is stored, the journal and its contract, what replicas agree
//! by, the Merkle tree of a ledger, signed checkpoints and cosignatures, proofs, keys.
//! Out of scope: where the log is kept (`entente-store`), and what is released (`entente-release`).
//! No I/O and no clock.
//!
//! Formats: docs/formats/journal.md and docs/formats/ledger.md.

pub mod block;
pub mod checkpoint;
pub mod codec;
pub mod cosignature;
pub mod entry;
pub mod epoch;
pub mod fuzz;
#[cfg(test)]
mod golden;
pub mod journal;
pub mod key;
pub mod ledger;
pub mod order;
pub mod tree;

pub use entry::{Entry, Seq};
pub use journal::{Journal, Tip};
