//! Every bound of reading objects, each with the arithmetic behind it.
//!
//! Invariant: nothing in this crate holds more memory than a small multiple of these.

const KIB: usize = 1024;
const MIB: usize = 1024 * KIB;

/// The longest object, in bytes. The longest of ATT&CK, CAPEC and the vendor reports tried here is
/// below 200 KiB; five times that leaves room for embedded artifacts.
pub const OBJECT_BYTES_MAX: usize = MIB;

/// The deepest nesting of arrays and objects. STIX needs at most 8 (bundle, object, extension,
/// list, entry, dictionary, list, value); 64 is that, eight times. It also bounds the stack: 64 levels of
/// at most two frames of at most 512 bytes are 64 KiB.
pub const DEPTH_MAX: usize = 64;

/// How much is read from a file or a connection at a time. An object of 800 bytes is moved to the
/// front of the buffer once in 160, which costs nothing measurable, and the buffer stays in cache.
pub const READ_CHUNK_BYTES: usize = 128 * KIB;

/// The most a reader of objects buffers: one object and what was read beyond it.
pub const READ_BUFFER_BYTES_MAX: usize = OBJECT_BYTES_MAX + 2 * READ_CHUNK_BYTES;

/// The longest request or response body as it comes over the wire. A page of 10,000 objects of
/// 800 bytes is 8 MB; the limit is that, and a quarter more.
pub const BODY_WIRE_BYTES_MAX: u64 = 10 * 1024 * 1024;

/// The longest body once inflated: what the wire limit holds at five to one, the ratio of STIX under
/// gzip, so that an honest sender meets the wire limit first.
pub const BODY_INFLATED_BYTES_MAX: u64 = 5 * BODY_WIRE_BYTES_MAX;

/// The most a body may inflate, to one. Public STIX inflates 5 to 19 to one under zstd.
pub const BODY_INFLATION_MAX: u64 = 20;

/// The most a file may inflate, to one. A file was chosen by an operator, may be larger than memory,
/// and is read object by object, so this bounds time alone: 200 to one is ten times the highest ratio
/// of public STIX, and a fifth of what gzip can reach.
pub const FILE_INFLATION_MAX: u64 = 200;

/// Inflation is judged from here on: a short text of equal lines inflates well and harms nobody.
pub const INFLATION_FREE_BYTES: u64 = 1024 * 1024;

/// The window of zstd, as a power of two, that a body may ask for: 8 MiB, which RFC 8878 §3.1.1.1.2
/// asks every reader to support and every level of zstd but `--ultra` and `--long` keeps to.
pub const BODY_ZSTD_WINDOW_LOG_MAX: u32 = 23;

/// The same for a file: 128 MiB, the most that the zstd command itself accepts unasked.
pub const FILE_ZSTD_WINDOW_LOG_MAX: u32 = 27;

/// How deep directories are searched for files. Deeper is a loop or a mistake.
pub const DIRECTORY_DEPTH_MAX: usize = 16;
