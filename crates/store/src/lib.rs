//! The store: SQLite as the log's default home, and every index's only home.
//!
//! In scope: [`Home`], the one writer (append, fold, sign, rebuild; as one of several replicas, fold
//! what others appended); [`Reader`], what views ask (rows of a partner's view, released bytes,
//! proofs); backup and restore.
//! Out of scope: what is decided (`entente-release`, `entente-intake`), how it is sent (views), what
//! replicas agree by (`entente-stream`).
//!
//! Format: docs/formats/store.md.

mod acts;
mod audit;
mod backup;
mod chunk;
mod error;
mod feed;
mod fold;
mod gather;
mod high_water;
mod home;
mod indexes;
mod newest;
mod noted;
mod ordered;
mod outgoing;
mod place;
mod reader;
mod records;
mod schema;
mod tail;
mod versions;
mod walk;

pub use audit::{Broken, LedgerEntry, Proof, StoredCheckpoint, Verified};
pub use backup::{BackupError, backup, restore};
pub use chunk::Row;
pub use error::StoreError;
pub use feed::{FEED_BYTES, FEED_ENTRIES_MAX, FeedPage};
pub use fold::Interned;
pub use gather::Delivered;
pub use home::{Home, Signing, Waiting};
pub use newest::Newest;
pub use noted::Noted;
pub use ordered::Reach;
pub use outgoing::{Outgoing, TakenBack};
pub use reader::{Listed, Reader, Rows, Selection, Version};
pub use records::Filed;
pub use versions::Known;

/// The database's file in a node's folder.
pub const DATABASE: &str = "entente.db";

/// The file that records what was signed, in a node's folder.
pub const HIGH_WATER: &str = "signed";

/// The file that writers lock, in a node's folder.
const LOCK: &str = "lock";
