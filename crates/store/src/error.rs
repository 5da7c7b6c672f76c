//! What can go wrong with the store, and whose doing it is.

use entente_log::checkpoint::CheckpointError;
use entente_log::codec::Damaged;
use entente_log::order::OrderError;
use entente_release::Withheld;

/// Something was not read, or not written; nothing else changed.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The disk is full, or a quota is reached.
    #[error("the disk is full: nothing of this was written; make room and repeat")]
    DiskFull,
    /// Another process has the store open for writing.
    #[error("another process is writing to this store: stop it, or wait for it to finish")]
    Busy,
    /// The lock that keeps writers apart cannot be used.
    #[error("the lock of this store cannot be used: {0}")]
    Lock(String),
    /// The database did not do what it was asked.
    #[error("the database failed while {doing}")]
    Database {
        /// What was being done.
        doing: &'static str,
        /// The cause.
        source: rusqlite::Error,
    },
    /// Stored bytes were altered or are damaged.
    #[error("the store is damaged: restore a backup")]
    Damaged(#[from] Damaged),
    /// The store was written by a newer version.
    #[error("the store has format {found}, and this version knows up to {known}: use a newer one")]
    Newer {
        /// The format found.
        found: i64,
        /// The newest format known.
        known: i64,
    },
    /// The store is older than what this node has signed: it was restored from a backup.
    #[error(
        "the ledger {origin} has {here} entries, but {signed} were signed: this store is an old \
         backup, and signing a shorter ledger would contradict what the partner holds; restore the \
         newest backup"
    )]
    RolledBack {
        /// Which ledger.
        origin: String,
        /// How many entries are here.
        here: u64,
        /// How many were signed.
        signed: u64,
    },
    /// The node's own record of what it signed cannot be read or written.
    #[error("the record of signed checkpoints, {path}, cannot be used: {reason}")]
    HighWater {
        /// The file.
        path: String,
        /// Why.
        reason: String,
    },
    /// An index does not say what the log says.
    #[error("the index of {0} does not agree with the log: run `entente doctor --rebuild`")]
    Index(&'static str),
    /// The replicas of this node do not agree, or cannot at present.
    #[error(transparent)]
    Order(#[from] OrderError),
    /// The second guard withheld a page.
    #[error("a page was withheld: {0}")]
    Withheld(#[from] Withheld),
    /// A checkpoint could not be made or was not accepted.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// Proofs could not be made: the stored tree is not whole.
    #[error("the ledger's stored tree is not whole: {0}")]
    Tree(String),
    /// An entry refers to something that the log does not have.
    #[error("an entry refers to {0}, which the log does not have")]
    Dangling(&'static str),
}

/// Adds what was being done to a database error.
pub(crate) trait Doing<T> {
    fn doing(self, doing: &'static str) -> Result<T, StoreError>;
}

impl<T> Doing<T> for Result<T, rusqlite::Error> {
    fn doing(self, doing: &'static str) -> Result<T, StoreError> {
        self.map_err(|source| match source.sqlite_error_code() {
            Some(rusqlite::ErrorCode::DiskFull) => StoreError::DiskFull,
            Some(rusqlite::ErrorCode::DatabaseBusy | rusqlite::ErrorCode::DatabaseLocked) => {
                StoreError::Busy
            }
            _ => StoreError::Database { doing, source },
        })
    }
}
