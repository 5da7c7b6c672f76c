//! The order of the log where several replicas of one node write it: which append comes next.
//!
//! Each replica keeps the whole log in a home of its own. An [`Order`] is what they agree by: it takes
//! an append for the place after the last that its replica has seen, or says that others came before.
//!
//! Invariants:
//! * Of two appends after one tip the first in the order counts, for every replica.
//! * An order is transport: what it says is checked against the chain, and what it loses is given back
//!   to it from the homes.

use std::time::Duration;

use crate::block::Block;
use crate::entry::Seq;
use crate::journal::Tip;

/// A place in an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// Which order: one that was made anew is another.
    pub stream: i64,
    /// The last place in it; 0: none.
    pub seq: u64,
}

/// What one append brings to every replica.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Append {
    /// Where the log ended.
    pub after: Tip,
    /// The blocks that follow.
    pub blocks: Vec<Block>,
    /// The checkpoints of the ledgers that grew with it, signed: the partner's number and the note.
    pub notes: Vec<(u8, String)>,
}

impl Append {
    /// The chain with the last of its blocks.
    pub fn chain(&self) -> crate::block::Chain {
        self.blocks.last().map_or(self.after.chain, |block| block.chain)
    }
}

/// What stands at one place of an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Item {
    /// An append.
    Append(Append),
    /// A replica gives back what the order lost, up to here: until then nobody appends.
    Goal(Tip),
}

/// What follows a place of an order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Taken {
    /// Each with its place.
    pub items: Vec<(Position, Item)>,
    /// Where reading stopped: there may be places without an item.
    pub to: Option<Position>,
    /// Whether that was the end.
    pub is_end: bool,
}

/// An order could not be read, or did not take an append.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OrderError {
    /// Another replica appended first. Nothing was appended: decide anew.
    #[error("another replica wrote first: nothing of this was written; repeat it")]
    Moved,
    /// The append was handed over, and no answer came.
    #[error(
        "the cluster did not answer whether this was written: `entente stream status` says when it \
         answers again; then look, and repeat what is missing"
    )]
    Unknown,
    /// Nothing was appended.
    #[error("the cluster cannot be reached ({0}): nothing of this was written; repeat it later")]
    Unavailable(String),
    /// The order does not have what this replica folded from it.
    #[error(
        "the stream is gone, or is shorter than what this replica has of it: nothing is written until \
         it is filled again. A served replica does so when all replicas can be asked; \
         `entente stream status` says who is missing, and `entente stream refill` does it by hand"
    )]
    Lost,
    /// A place within the order is missing.
    #[error(
        "the stream goes on at entry {stream}, and this replica has {here}: something is missing in \
         between; run `entente stream refill --anew` on the replica with most entries"
    )]
    Gap {
        /// Where the order goes on.
        stream: Seq,
        /// How many entries are here.
        here: Seq,
    },
    /// The order has another log than this replica.
    #[error(
        "from entry {at} on the stream has another log than this replica: keep this folder, set up \
         the replica in a new one from the stream, and compare the two"
    )]
    Diverged {
        /// The first entry that differs, or one shortly before it.
        at: Seq,
    },
    /// What the order lost is being given back.
    #[error(
        "the stream is being filled again: {here} of {goal} entries are there; repeat it later"
    )]
    Refilling {
        /// How many entries are there.
        here: Seq,
        /// How many there will be.
        goal: Seq,
    },
    /// The append is larger than what replicas pass on.
    #[error(
        "{bytes} bytes are to be written at once, and {most} are the most: write them in parts"
    )]
    TooLarge {
        /// How many bytes it has.
        bytes: usize,
        /// The most.
        most: usize,
    },
    /// A checkpoint that came does not fit the ledger that came with it.
    #[error("the stream brings a checkpoint of {origin} that does not fit its ledger")]
    Checkpoint {
        /// Which ledger.
        origin: String,
    },
}

/// What replicas agree by.
pub trait Order: Send {
    /// Puts an item after `at`, if nothing is there yet; it is kept by the order when this returns.
    fn publish(&mut self, at: Position, item: &Item) -> Result<Position, OrderError>;

    /// What follows `at`, or what is there from the beginning: up to the end, or a good part of it.
    fn take(&mut self, at: Option<Position>) -> Result<Taken, OrderError>;

    /// Waits until something follows `at`, at most this long. Gives whether it does.
    fn wait(&mut self, at: Position, most: Duration) -> Result<bool, OrderError>;
}
