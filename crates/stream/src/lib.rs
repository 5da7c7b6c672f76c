//! The log of one nation's node on a NATS JetStream cluster, so that several replicas of the node
//! write and read it.
//!
//! In scope: the messages of the stream and their format, the cluster as an `entente_log` order, what
//! is done when the stream is lost, who the replicas are and how far each is.
//! Out of scope: where a replica keeps the log (`entente-store`), what is decided (`entente-intake`).
//! Nothing here goes from one nation to another: a cluster belongs to one.
//!
//! Format: docs/formats/stream.md. Why it is so: docs/decisions/0014-why-jetstream-orders.md.

mod census;
mod cluster;
mod error;
mod frame;
pub mod limits;
mod recover;
mod replica;
#[cfg(any(test, feature = "servers"))]
pub mod servers;
mod settings;
mod stream;
mod wait;

pub use census::{Heard, census, shown};
pub use cluster::{Cluster, End};
pub use error::StreamError;
pub use frame::v1;
pub use recover::{By, Outcome, recover};
pub use replica::{Follower, KIND, ReplicaAct, State, members};
pub use settings::{FILE, Settings};
pub use stream::Stream;
