//! How large what is read from files may be.
//!
//! Invariant: a limit is checked before memory is taken for what it limits.

/// Bytes of one CAP alert: public ones with polygons of a whole country stay below 100 KiB.
pub const CAP_BYTES_MAX: usize = 256 * 1024;

/// How deep elements of a CAP alert may be nested: `alert/info/area/geocode/value` is 5, and signatures that
/// are skipped nest to 8.
pub const CAP_DEPTH_MAX: usize = 10;

/// Elements of one CAP alert: two for each polygon or code of a country with 2,000 counties.
pub const CAP_ELEMENTS_MAX: usize = 10_000;

/// Bytes of a playbook: with base64 it has to fit into one object (1 MiB).
pub const PLAYBOOK_BYTES_MAX: usize = 700 * 1024;

/// Steps of a playbook: nobody ticks more, and the largest public ones have a few dozen.
pub const PLAYBOOK_STEPS_MAX: usize = 1000;

/// Bytes of a statement's file: a text of 1 MiB, written twice, and 64 nations with a card (64 KiB at most, 4 KiB
/// as they are) and a sign-off (2 KiB) each.
pub const STATEMENT_BYTES_MAX: usize = 8 * 1024 * 1024;
