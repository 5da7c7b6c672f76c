//! Federation, node to node: how nodes meet, and how one follows the ledger that another keeps for it.
//!
//! In scope: cards that people exchange, pages of a ledger and what is verified of them, receipts, the
//! routes that a partner's node asks, and the loop that asks.
//! Out of scope: connections and certificates (the node), how what was received is labelled and kept
//! (`entente-intake`), what is released (`entente-release`).
//!
//! Format: docs/formats/peer.md.

pub mod api;
pub mod bureau;
pub mod card;
pub mod doors;
pub mod epochs;
mod events;
pub mod follow;
pub mod growth;
mod limits;
pub mod met;
pub mod page;
pub mod succession;

pub use limits::{CLOCK_SKEW, PROMISED_MAX, Pace};
