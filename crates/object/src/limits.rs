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
