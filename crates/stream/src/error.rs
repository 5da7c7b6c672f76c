//! What can go wrong between replicas, and what to do.

use entente_log::codec::Damaged;
use entente_log::order::OrderError;
use entente_store::StoreError;

/// Something between this replica and the cluster failed.
#[derive(Debug, thiserror::Error)]
pub enum StreamError {
    /// The store failed, or the order.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The cluster failed.
    #[error(transparent)]
    Order(#[from] OrderError),
    /// The credentials or the authority cannot be read.
    #[error("{path} cannot be used to reach the cluster: {reason}")]
    File {
        /// The file.
        path: String,
        /// Why.
        reason: String,
    },
    /// The stream could not be made.
    #[error("the stream {name} could not be made: {reason}")]
    Create {
        /// Its name.
        name: String,
        /// What the cluster said.
        reason: String,
    },
    /// A name that cannot stand in a subject.
    #[error("\"{0}\" cannot name a replica: use up to 32 small letters, digits and hyphens")]
    Name(String),
    /// A message does not read as one.
    #[error("a message of the stream is damaged: {0}")]
    Damaged(#[from] Damaged),
    /// No thread or runtime could be made.
    #[error("the system gave no threads for the cluster: {0}")]
    Threads(String),
}
