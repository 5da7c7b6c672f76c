//! What bounds a partner's node, and why so much.

use std::time::Duration;

/// A page of a ledger is closed at 4 MiB; one more object and the labels make it 6 at most.
pub(crate) const PAGE_BYTES_MAX: usize = 8 * 1024 * 1024;

/// A page has as many entries as the store gives at once.
pub(crate) const PAGE_ENTRIES_MAX: usize = entente_store::FEED_ENTRIES_MAX;

/// Checkpoints that wait for the entries that they cover: one for each page, so that a node catches up
/// with 65 million entries of a ledger that never stops growing. They take 16 MiB.
pub const PROMISED_MAX: usize = 64 * 1024;

/// A note with 64 cosignatures of 120 bytes.
pub(crate) const NOTE_BYTES_MAX: usize = 16 * 1024;

/// A revocation list with 20,000 certificates of 40 bytes.
pub(crate) const LIST_BYTES_MAX: usize = 1024 * 1024;

/// A card with a few roots of 1 KiB each.
pub(crate) const CARD_BYTES_MAX: usize = 64 * 1024;

/// So many successions are given at once: more rotations than a node misses in ten years.
pub(crate) const SUCCESSIONS_MAX: usize = 8;

/// They, each card escaped in two texts.
pub(crate) const SUCCESSIONS_BYTES_MAX: usize = SUCCESSIONS_MAX * 2 * CARD_BYTES_MAX;

/// [`entente_intake::EPOCHS_AT_ONCE`] epochs of 3 KiB with their openings and proofs, and 64 witnesses.
pub(crate) const EPOCHS_BYTES_MAX: usize = 8 * 1024 * 1024;

/// How far the clocks of two nodes may differ. What is dated later than this is refused until the
/// clocks agree: `date_added` orders what was released when.
pub const CLOCK_SKEW: Duration = Duration::from_mins(5);

/// A stream says 30 bytes each time the ledger grows, which is looked for 250 times a second: 450 KB
/// a minute. Each piece counts for what it costs to look at it.
pub(crate) const STREAM_BYTES_MAX: usize = 2 * 1024 * 1024;
pub(crate) const STREAM_MINUTE: Duration = Duration::from_mins(1);
pub(crate) const PIECE_BYTES: usize = 32;

/// The longest line of a stream that is read: `data:` and a number of 20 digits, three times.
pub(crate) const LINE_BYTES_MAX: usize = 80;

/// So many different faults of a partner are told apart, so that none is recorded again and again.
pub(crate) const FAULTS_MAX: usize = 64;

/// How long a partner may take to answer a question that is no stream.
pub(crate) const ANSWER_TIME: Duration = Duration::from_mins(1);

/// How long a shorter ledger may be said before it is looked at: what says so may be old.
pub(crate) const DOUBT: Duration = Duration::from_millis(250);

/// A receipt covers everything before it, so one in a while is enough: 4 KiB a second for each edge.
pub(crate) const RECEIPT_EVERY: Duration = Duration::from_millis(250);

/// How a node keeps in touch, and who does what takes time: arguments, so that a simulation of months
/// on one thread takes a second.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// How often a stream says that it is still there.
    pub says_every: Duration,
    /// After a stream said nothing for so long, it is asked for anew.
    pub silent_max: Duration,
    /// The pause after a failure, doubled with each.
    pub pause_first: Duration,
    /// The longest pause after failures: a partner that comes back is noticed within it, and one that
    /// is away costs nothing.
    pub pause_longest: Duration,
    /// How often the epochs of a partner's node are asked for.
    pub witness_every: Duration,
    /// Whether what reaches the store is done on threads that may block, or where it is asked for.
    pub threads: bool,
}

impl Default for Pace {
    /// Proxies close what is silent for a minute; three signs of life may be lost.
    fn default() -> Self {
        let seconds = Duration::from_secs;
        Self {
            says_every: seconds(15),
            silent_max: seconds(50),
            pause_first: Duration::from_millis(250),
            pause_longest: seconds(60),
            witness_every: Duration::from_hours(1),
            threads: true,
        }
    }
}

impl Pace {
    /// Does something that may block.
    pub(crate) async fn work<T: Send + 'static>(
        self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, tokio::task::JoinError> {
        if self.threads { tokio::task::spawn_blocking(work).await } else { Ok(work()) }
    }
}
