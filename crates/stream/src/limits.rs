//! Limits, each with the arithmetic that led to it.

use std::time::Duration;

/// The largest message: what NATS recommends at most. A server that allows less is asked for less; the
/// default of a server is 1 MiB.
pub const MESSAGE_BYTES_MAX: usize = 8 * 1024 * 1024;

/// What a message holds beside its piece of an append: the frame's head of at most 4 + 1 + 2 × 32 + 3 × 10
/// bytes, headers of 200, and room.
pub const MESSAGE_OVERHEAD: usize = 1024;

/// The largest append: an import's batch is 16 MiB and its labels; a review of 4,096 objects that are
/// appended anew is 4 MiB at the usual 1 KiB each. Three copies of it are in memory at once.
pub const APPEND_BYTES_MAX: usize = 256 * 1024 * 1024;

/// The most pieces of an append: 256 MiB on a server with messages of 64 KiB.
pub const PIECES_MAX: u64 = 4096;

/// What is read at once and folded in one transaction: two batches of an import.
pub const TAKE_BYTES: usize = 32 * 1024 * 1024;

/// How many messages are asked for at once: at 1 KiB each one round trip brings half a MiB.
pub const ASK_MESSAGES: usize = 512;

/// How long an answer to one question is waited for. The election of a leader takes up to 8 s, within
/// which questions are repeated.
pub const ANSWER: Duration = Duration::from_secs(3);

/// How long an append is repeated before it is called unknown: an election of 8 s, three times over.
pub const APPEND_FOR: Duration = Duration::from_secs(25);

/// How long a question about the stream is repeated.
pub const ASK_FOR: Duration = Duration::from_secs(10);

/// How long a repetition waits at first; it waits twice as long each time, up to the next.
pub const BACK_OFF: Duration = Duration::from_millis(20);

/// How long a repetition waits at most: 100,000 useless ones were counted in an outage at 100 ms for all.
pub const BACK_OFF_MAX: Duration = Duration::from_secs(2);

/// How long the stream must seem lost before it is: a new leader may answer before it has read all.
pub const LOST_FOR: Duration = Duration::from_secs(2);

/// How long replicas have for answering how far they are.
pub const CENSUS_FOR: Duration = Duration::from_secs(2);

/// For how long the servers recognise a repeated message: longer than an append is repeated.
pub const DUPLICATES_FOR: Duration = Duration::from_mins(2);

/// How many messages that this folder has already are read past, rather than asking anew for what
/// follows: those that one process wrote while another was not looking.
pub const SKIP_MAX: u64 = 512;
