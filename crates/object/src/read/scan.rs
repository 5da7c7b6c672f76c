//! Where a JSON value ends, without parsing it.
//!
//! Invariant: on JSON the end is exact. On other bytes it is some place or none; whoever parses
//! the value then says what is wrong. State is kept between calls, so a value may come in pieces.

use memchr::{memchr2, memchr3};

/// Looks for the end of one value. Only brackets of the kind that opened it are counted, outside
/// strings: in JSON the others balance between them.
#[derive(Clone, Debug)]
pub(super) struct Scanner {
    open: u8,
    close: u8,
    depth: usize,
    in_string: bool,
    escaped: bool,
    scalar: bool,
}

impl Scanner {
    /// For a value that starts with `first`, which is still to be given to [`Self::scan`].
    pub(super) fn new(first: u8) -> Self {
        let (open, close, scalar) = match first {
            b'{' => (b'{', b'}', false),
            b'[' => (b'[', b']', false),
            b'"' => (b'"', b'"', false),
            _ => (0, 0, true),
        };
        Self { open, close, depth: 0, in_string: false, escaped: false, scalar }
    }

    /// Whether the value has no end of its own, so that the end of the text may end it.
    pub(super) fn is_scalar(&self) -> bool {
        self.scalar
    }

    /// Goes on through `bytes`; the place after the value, if it ends in them.
    pub(super) fn scan(&mut self, bytes: &[u8]) -> Option<usize> {
        if self.scalar {
            return bytes.iter().position(|b| {
                matches!(b, b',' | b':' | b']' | b'}' | b'[' | b'{' | b' ' | b'\n' | b'\r' | b'\t')
            });
        }
        let mut at = 0;
        loop {
            let rest = bytes.get(at..)?;
            let hit = if self.in_string {
                self.string_hit(rest)?
            } else {
                memchr3(b'"', self.open, self.close, rest)?
            };
            at += hit + 1;
            if self.take(*rest.get(hit)?) {
                return Some(at);
            }
        }
    }

    /// The next byte of a string that matters: the one after a backslash, a backslash, a quote.
    fn string_hit(&self, rest: &[u8]) -> Option<usize> {
        if self.escaped {
            return if rest.is_empty() { None } else { Some(0) };
        }
        memchr2(b'"', b'\\', rest)
    }

    /// Takes a byte that matters; whether it ends the value.
    fn take(&mut self, byte: u8) -> bool {
        if self.in_string {
            if self.escaped {
                self.escaped = false;
            } else if byte == b'\\' {
                self.escaped = true;
            } else {
                self.in_string = false;
                return self.depth == 0;
            }
        } else if byte == b'"' {
            self.in_string = true;
        } else if byte == self.open {
            self.depth += 1;
        } else {
            self.depth = self.depth.saturating_sub(1);
            return self.depth == 0;
        }
        false
    }
}
