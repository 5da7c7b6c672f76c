//! Every bound of the TAXII server, each with the arithmetic behind it.
//!
//! Invariant: what a request can make the server hold or do is bounded by these.

use std::time::Duration;

use entente_object::limits::BODY_WIRE_BYTES_MAX;

const KIB: usize = 1024;

/// The longest request body as it comes over the wire, which API roots advertise: 10 MiB. What it
/// inflates to, 50 MiB at most and 20 to one, is held by `entente_object::read`.
pub const BODY_BYTES_MAX: u64 = BODY_WIRE_BYTES_MAX;

/// The most objects of one request. 50 MiB hold 65,000 objects of 800 bytes; half as many again
/// leaves room for small ones, and 100,000 empty ones cost 4 MiB.
pub const SUBMITTED_OBJECTS_MAX: usize = 100_000;

/// The most requests with a body that one partner may have under way: 20 MiB of bodies.
pub const SUBMISSIONS_PER_PARTNER: usize = 2;

/// Bodies that are inflated and taken in at once: 60 MiB, and there is one writer anyway.
pub const SUBMITTING_AT_ONCE: usize = 1;

/// How long a body may take to arrive: 10 MiB at 1.4 Mbit/s.
pub const BODY_TIME: Duration = Duration::from_mins(1);

/// The most objects of one page: 10,000 of 800 bytes are 8 MB, below what clients accept as a body.
pub const PAGE_OBJECTS_MAX: usize = 10_000;

/// Objects of a page when no limit is asked for: 800 KB, a tenth of a second at 64 Mbit/s.
pub const PAGE_OBJECTS: usize = 1_000;

/// The most values of one filter. Looking for an id costs 20 µs: 500 are 10 ms.
pub const MATCH_VALUES_MAX: usize = 500;

/// Encoded pages that are kept: 80 pages of 800 KB uncompressed, or ten times as many compressed.
pub const PAGES_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// Pages below this are made anew each time: 20 objects, which cost less than they would push out.
pub const PAGE_KEPT_BYTES_MIN: usize = 16 * KIB;

/// Bodies below this are sent as they are: one network packet either way.
pub const COMPRESSED_BYTES_MIN: usize = KIB;

/// Questions up to this many rows are asked on the thread that serves the connection: they take less
/// than 0.3 ms, and handing them to another thread costs 0.02 ms.
pub const ROWS_ASKED_INLINE: usize = 100;

/// The longest user name and password: no hash is computed over more.
pub const CREDENTIAL_BYTES_MAX: usize = KIB;

/// Password hashes computed at once: each takes a core for tens of milliseconds, and 19 MiB.
pub const HASHES_AT_ONCE: usize = 2;

/// Password checks that may wait for their turn: 64 of 30 ms by two are one second.
pub const HASHES_WAITING_MAX: usize = 64;

/// How long a password that was checked once is remembered.
pub const LOGIN_REMEMBERED: Duration = Duration::from_mins(5);

/// Logins that are remembered: several clients for each of the 64 partners.
pub const LOGINS_REMEMBERED_MAX: usize = 1_024;

/// Failed logins of one user before more are refused unseen, within [`FAILURES_WINDOW`]: two a
/// minute on average are no way to guess a password.
pub const FAILURES_MAX: u32 = 10;

/// The time in which failed logins are counted.
pub const FAILURES_WINDOW: Duration = Duration::from_mins(5);

/// User names whose failures are remembered: 64 bytes each.
pub const FAILURES_REMEMBERED_MAX: usize = 16_384;

/// The longest cursor that is looked at: ours have 64 characters.
pub const CURSOR_BYTES_MAX: usize = 128;

/// The most readers of the store that are kept open; each has 4 MiB of page cache.
pub const READERS_KEPT_MAX: usize = 16;

/// Pages of one partner that are made at once; more wait. One partner alone keeps two cores busy at
/// most, and the 64 partners have 128 readers open at most.
pub const PAGES_MADE_PER_PARTNER: usize = 2;

/// As a client: the longest answer that is taken, as it comes over the wire. A page that is longer is
/// asked for again with fewer objects.
pub const ANSWER_BYTES_MAX: u64 = BODY_WIRE_BYTES_MAX;

/// Collections of a server that are listed: the largest known has 40.
pub const COLLECTIONS_MAX: usize = 1_000;

/// Characters of a server's text that are shown or kept: a line or two.
pub const SHOWN_CHARS_MAX: usize = 200;

/// The longest cursor of another server that is followed: half of what most servers take as an address.
pub const CURSOR_FOLLOWED_BYTES_MAX: usize = 4 * KIB;

/// Pages in a row that have nothing and say that more follows. A filter passes over 64,000 rows of ours
/// at a time, so that 64 are four million.
pub const EMPTY_PAGES_MAX: usize = 64;

/// How far another server's clock may be ahead.
pub const DATE_AHEAD_MAX: Duration = Duration::from_hours(24);

/// The longest that a server may ask us to wait.
pub const RETRY_AFTER_MAX: Duration = Duration::from_hours(24);

/// How long to wait after a failure at first: twice this, then twice as long each time.
pub const BACK_OFF_FIRST: Duration = Duration::from_secs(5);

/// How long at most, unless the feed runs less often anyway.
pub const BACK_OFF_MAX: Duration = Duration::from_mins(15);

/// Requests of one run of a feed: a million objects. What is left is for the next run.
pub const RUN_REQUESTS_MAX: u32 = 1_000;

/// Bytes of answers of one run: a million objects of 800 bytes, and a quarter more.
pub const RUN_BYTES_MAX: u64 = 1024 * 1024 * 1024;

/// How long one run goes on before the next request.
pub const RUN_TIME: Duration = Duration::from_mins(10);

/// Objects of one envelope that is sent: an answer that refuses each with 200 characters is 160 KB.
pub const ENVELOPE_OBJECTS_MAX: usize = 500;

/// The longest envelope that is sent, if the server takes so much: 2 MiB at 1 Mbit/s are 17 seconds.
pub const ENVELOPE_BYTES_MAX: u64 = 2 * 1024 * 1024;
