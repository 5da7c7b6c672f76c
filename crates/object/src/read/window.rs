//! The part of a text that is in memory: from the first byte still needed to the last one read.
//!
//! Invariant: no more than [`READ_BUFFER_BYTES_MAX`] bytes are held, and none beyond the budget is
//! ever given on.

use std::io::Read;

use super::inflate::Inflate;
use super::scan::Scanner;
use super::{Budget, OBJECT_BYTES_MAX, READ_BUFFER_BYTES_MAX, ReadCause};
use crate::limits::{INFLATION_FREE_BYTES, READ_CHUNK_BYTES};

#[derive(Debug)]
pub(super) struct Window<R: Read> {
    /// `None` once it has ended.
    input: Option<Inflate<R>>,
    budget: Budget,
    buffer: Vec<u8>,
    /// The first byte of the buffer that is still needed.
    start: usize,
    /// Where that byte stands in the text.
    offset: u64,
    wire_bytes: u64,
}

/// What a look for the end of a value gave.
#[derive(Debug)]
pub(super) enum Scan {
    /// The place after the value, counted from the start of the window.
    End(usize),
    /// The value is longer than [`OBJECT_BYTES_MAX`]; all of the window has been scanned.
    TooLong(Scanner),
    /// The text ends first.
    Ended,
}

impl Scan {
    /// The place after the value, if it was found.
    pub(super) fn end(self) -> Option<usize> {
        match self {
            Self::End(end) => Some(end),
            Self::TooLong(_) | Self::Ended => None,
        }
    }
}

impl<R: Read> Window<R> {
    pub(super) fn new(input: Option<Inflate<R>>, budget: Budget) -> Self {
        Self { input, budget, buffer: Vec::new(), start: 0, offset: 0, wire_bytes: 0 }
    }

    /// Where the window starts in the text.
    pub(super) fn offset(&self) -> u64 {
        self.offset
    }

    /// How many bytes were taken from the input.
    pub(super) fn wire_bytes(&self) -> u64 {
        self.wire_bytes
    }

    pub(super) fn rest(&self) -> &[u8] {
        self.buffer.get(self.start..).unwrap_or_default()
    }

    pub(super) fn consume(&mut self, count: usize) {
        self.start += count;
        self.offset += u64::try_from(count).unwrap_or(u64::MAX);
    }

    /// Reads on; whether anything came.
    pub(super) fn fill(&mut self) -> Result<bool, ReadCause> {
        let Some(input) = &mut self.input else {
            return Ok(false);
        };
        self.buffer.drain(..self.start.min(self.buffer.len()));
        self.start = 0;
        let room = READ_BUFFER_BYTES_MAX.saturating_sub(self.buffer.len()).min(READ_CHUNK_BYTES);
        self.buffer.reserve(room);
        let room = u64::try_from(room).unwrap_or(u64::MAX);
        let count = input.take(room).read_to_end(&mut self.buffer)?;
        self.wire_bytes = input.wire_bytes();
        let compressed = input.is_compressed();
        if count == 0 {
            self.input = None;
            return Ok(false);
        }
        self.check_budget(compressed)?;
        Ok(true)
    }

    fn check_budget(&self, compressed: bool) -> Result<(), ReadCause> {
        let held = u64::try_from(self.buffer.len()).unwrap_or(u64::MAX);
        let inflated = self.offset.saturating_add(held);
        if self.wire_bytes > self.budget.wire_bytes {
            return Err(ReadCause::WireTooLong);
        }
        if inflated > self.budget.inflated_bytes {
            return Err(ReadCause::InflatedTooLong);
        }
        let honest = self.wire_bytes.saturating_mul(self.budget.inflation);
        if compressed && inflated > honest.max(INFLATION_FREE_BYTES) {
            return Err(ReadCause::InflatesTooMuch(self.budget.inflation));
        }
        Ok(())
    }

    /// Consumes white space; the byte after it.
    pub(super) fn skip_space(&mut self) -> Result<Option<u8>, ReadCause> {
        loop {
            let rest = self.rest();
            if let Some(at) = rest.iter().position(|b| !is_space(*b)) {
                let byte = rest.get(at).copied();
                self.consume(at);
                return Ok(byte);
            }
            self.consume(rest.len());
            if !self.fill()? {
                return Ok(None);
            }
        }
    }

    /// The first byte from `at` on that is no white space, and its place; `None` at the end of the
    /// text or where the window is full.
    pub(super) fn non_space(&mut self, at: usize) -> Result<Option<(usize, u8)>, ReadCause> {
        let mut at = at;
        loop {
            let rest = self.rest().get(at..).unwrap_or_default();
            if let Some(hit) = rest.iter().position(|b| !is_space(*b)) {
                return Ok(rest.get(hit).map(|byte| (at + hit, *byte)));
            }
            at += rest.len();
            if at > OBJECT_BYTES_MAX || !self.fill()? {
                return Ok(None);
            }
        }
    }

    /// Looks for the end of the value that starts at `start`.
    pub(super) fn scan(&mut self, start: usize) -> Result<Scan, ReadCause> {
        let mut scanner = Scanner::new(self.rest().get(start).copied().unwrap_or(0));
        let mut at = start;
        loop {
            let rest = self.rest().get(at..).unwrap_or_default();
            if let Some(end) = scanner.scan(rest) {
                return Ok(Scan::End(at + end));
            }
            at += rest.len();
            if at > OBJECT_BYTES_MAX {
                return Ok(Scan::TooLong(scanner));
            }
            if !self.fill()? {
                let ended = if scanner.is_scalar() { Scan::End(at) } else { Scan::Ended };
                return Ok(ended);
            }
        }
    }

    /// Consumes the rest of a value of which all of the window has been scanned.
    pub(super) fn pass(&mut self, mut scanner: Scanner) -> Result<(), ReadCause> {
        loop {
            self.consume(self.rest().len());
            if !self.fill()? {
                return Err(ReadCause::UnexpectedEnd);
            }
            if let Some(end) = scanner.scan(self.rest()) {
                self.consume(end);
                return Ok(());
            }
        }
    }

    /// Consumes what is left of a line.
    pub(super) fn pass_line(&mut self) -> Result<(), ReadCause> {
        loop {
            if let Some(end) = memchr::memchr(b'\n', self.rest()) {
                self.consume(end);
                return Ok(());
            }
            self.consume(self.rest().len());
            if !self.fill()? {
                return Ok(());
            }
        }
    }
}

/// White space of JSON; other signs that ASCII calls so are content.
pub(super) fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\n' | b'\r' | b'\t')
}
