//! The stream of a partner's events: how many entries of the ledger are signed, and that there is a new
//! card.
//!
//! Invariants: of what was said the last counts; whatever the stream says, it takes a bounded memory,
//! and one that says too much in a minute is ended.

use axum::body::{Body, BodyDataStream};
use bytes::Bytes;
use futures_util::{FutureExt as _, StreamExt as _};
use tokio::time::Instant;

use crate::follow::LinkError;
use crate::limits::{LINE_BYTES_MAX, PIECE_BYTES, STREAM_BYTES_MAX, STREAM_MINUTE};

/// A stream.
pub(crate) struct Events {
    body: BodyDataStream,
    /// The line that is being read.
    line: Vec<u8>,
    /// What was said last.
    pub(crate) said: Option<u64>,
    /// There is a new card, which was not asked for yet.
    pub(crate) card: bool,
    /// It was said that the ledger is so much shorter; and when that is looked at, unless something else
    /// is said.
    pub(crate) doubted: Option<(u64, Instant)>,
    /// How much it said, and since when.
    bytes: (usize, Instant),
}

impl Events {
    /// The stream that an answer is.
    pub(crate) fn of(body: Body) -> Self {
        let (body, bytes) = (body.into_data_stream(), (0, Instant::now()));
        Self { body, line: Vec::new(), said: None, card: false, doubted: None, bytes }
    }

    /// Reads what is there, and waits if there is nothing. May be dropped while it waits.
    pub(crate) async fn read(&mut self) -> Result<(), LinkError> {
        let piece = self.body.next().await;
        self.take(piece)?;
        // What came meanwhile is newer.
        while let Some(piece) = self.body.next().now_or_never() {
            self.take(piece)?;
        }
        Ok(())
    }

    fn take(&mut self, piece: Option<Result<Bytes, axum::Error>>) -> Result<(), LinkError> {
        let piece = piece.ok_or_else(|| LinkError("the stream ended".to_owned()))?;
        let piece = piece.map_err(|cause| LinkError(format!("the stream broke off: {cause}")))?;
        let (bytes, since) = &mut self.bytes;
        if since.elapsed() > STREAM_MINUTE {
            (*bytes, *since) = (0, Instant::now());
        }
        *bytes += piece.len() + PIECE_BYTES;
        if *bytes > STREAM_BYTES_MAX {
            return Err(LinkError("the stream says too much".to_owned()));
        }
        for byte in piece {
            if byte == b'\n' {
                self.said = signed(&self.line).or(self.said);
                self.card |= self.line == b"event: card";
                self.line.clear();
            } else if self.line.len() < LINE_BYTES_MAX {
                self.line.push(byte);
            }
        }
        Ok(())
    }
}

/// What a line says, if it says anything: `data: 42`.
fn signed(line: &[u8]) -> Option<u64> {
    std::str::from_utf8(line).ok()?.strip_prefix("data:")?.trim().parse().ok()
}
