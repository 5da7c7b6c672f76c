//! What federation asks of the node around it.
//!
//! Invariant: methods that reach the node's desk are called on threads that may block.

use std::sync::Arc;

use entente_log::cosignature::Cosigned;
use entente_release::{Nation, Partner};

use crate::epochs::Seen;
use crate::page::{Edge, Fault, Page, Position};
use crate::succession::BadSuccession;

/// The nation whose pinned root a connection's client certificate was signed by. The TLS layer puts it
/// into the extensions of each request of that connection. Whether it was revoked is still open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// The nation.
    pub nation: Nation,
    /// The certificate, DER.
    pub certificate: Arc<[u8]>,
}

/// Who is a partner, as of now.
pub trait Partners: Send + Sync {
    /// The partner of this nation, if it ever was one.
    fn partner(&self, nation: Nation) -> Option<Arc<Partner>>;

    /// Whether the revocation list of the caller's nation is here and current, and the certificate is
    /// not on it. Otherwise why not, and what to do, for the partner.
    fn vouch(&self, caller: &Caller) -> Result<(), String>;

    /// Takes the revocation list of the caller's nation, PEM: signed by a root of its card, newer than
    /// the one that is here, and not naming the caller. Otherwise why not, for the partner.
    fn take_list(&self, caller: &Caller, list: &str) -> Result<(), String>;
}

/// The desk could not do it.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct KeeperError(pub String);

/// The node's desk, as federation sees it.
pub trait Keeper: Send + Sync {
    /// How far the ledger of a partner for this nation was received.
    fn position(&self, edge: &Edge) -> Result<Position, KeeperError>;

    /// Takes a verified page in, durably, and all of it or nothing.
    fn take(&self, edge: &Edge, page: Page) -> Result<(), KeeperError>;

    /// Records what a partner did that it must not, with the evidence; a fault that was recorded
    /// before is not recorded again.
    fn accuse(&self, edge: &Edge, fault: &Fault) -> Result<(), KeeperError>;

    /// Cosigns the checkpoint of what was received: the receipt.
    fn receipt(&self, position: &Position) -> Result<Option<Cosigned>, KeeperError>;

    /// The card of a partner's node that was accepted, by its digest.
    fn holds(&self, of: Nation) -> Option<String>;

    /// Accepts the cards that follow the one of a partner's node, in order, durably: each that its
    /// key and, where that or the roots change, its root signed.
    fn succeed(&self, of: Nation, successions: &[String]) -> Result<(), SuccessionError>;

    /// What follows the card of this node that a partner holds, and notes that it holds that.
    fn successions(&self, by: Nation, holds: &str) -> Result<Vec<String>, KeeperError>;

    /// The newest card of this node that may be asked for: another number, another card.
    fn offers(&self) -> u64;

    /// What is said of this node's epochs from number `from` on to a partner that has `received` entries
    /// of its ledger; none if there is nothing new.
    fn epochs(&self, by: Nation, from: u64, received: u64) -> Result<Option<String>, KeeperError>;

    /// How far the epochs of a partner's node were followed.
    fn seen(&self, of: Nation) -> Result<Seen, KeeperError>;

    /// The keys of all nodes that were met, but for one nation's.
    fn keys(&self, but: Nation) -> Vec<(Nation, String)>;

    /// Records how far the epochs of a partner's node were followed, and cosigns them.
    fn witness(&self, of: Nation, seen: &Seen) -> Result<Option<String>, KeeperError>;

    /// Records that a partner witnessed the epochs of this node, if it did.
    fn witnessed(&self, by: Nation, note: &str) -> Result<(), ReceiptError>;

    /// Records a receipt of a partner for this node's ledger, if it is one: of the checkpoint that
    /// this node signed, by the key of that partner. Says why not, to the partner.
    fn received(&self, by: Nation, note: &str) -> Result<(), ReceiptError>;
}

/// A card was not accepted.
#[derive(Debug, thiserror::Error)]
pub enum SuccessionError {
    /// It does not follow the one before.
    #[error(transparent)]
    Bad(#[from] BadSuccession),
    /// This node's own fault.
    #[error(transparent)]
    Keeper(#[from] KeeperError),
}

/// A receipt was not accepted.
#[derive(Debug, thiserror::Error)]
pub enum ReceiptError {
    /// It is none. The text is for the partner.
    #[error("{0}")]
    Refused(String),
    /// This node's own fault. The text is for the log alone.
    #[error("{0}")]
    Failed(String),
}
