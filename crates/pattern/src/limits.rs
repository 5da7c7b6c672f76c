//! Bounds on what is accepted. Each constant carries its arithmetic.

/// The longest pattern text, in bytes.
///
/// An `IN` set of SHA-256 values costs 68 bytes a member (64 digits, two apostrophes, a comma and
/// a space), so 64 KiB hold about 960 of them; the longest pattern in the specification has 367
/// bytes. Longer lists belong in several indicators. At the bound a tree has fewer than 16,384
/// constants, as each takes at least two bytes of text (`1,`) and most take four.
pub const MAX_PATTERN_BYTES: usize = 64 * 1024;

/// The deepest nesting of parentheses, of both kinds of expression together.
///
/// The parser takes seven frames for a level, together under 8 KiB in a debug build: 64 levels fit
/// in 512 KiB (a test runs them there), a quarter of the 2 MiB that a thread has. Printing,
/// comparing and dropping a tree recurse no deeper, as only parentheses nest. The deepest pattern
/// in the specification has two levels.
pub const MAX_DEPTH: usize = 64;

/// The largest magnitude of an integer constant: 2^53 - 1, the specification's own bound
/// (section 2.10), below which every integer is also exact as a double.
pub const MAX_INTEGER: i64 = (1 << 53) - 1;
