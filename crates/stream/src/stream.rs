//! The stream as the order of the log: appends are messages, and their places are its sequence.
//!
//! Invariants:
//! * A message is published for the place after the last that was read, and for no other: that it was
//!   stored means that nothing is in between.
//! * A publication without an answer is repeated as it was, for the same place, until it is known
//!   whether it is there: it cannot be there twice.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use async_nats::jetstream::consumer::pull::{Batch, Config};
use async_nats::jetstream::consumer::{AckPolicy, Consumer, DeliverPolicy};
use async_nats::jetstream::context::{Context, PublishErrorKind};
use async_nats::jetstream::message::PublishMessage;
use async_nats::jetstream::{Message, consumer};
use entente_log::codec::Damaged;
use entente_log::order::{Append, Item, Order, OrderError, Position, Taken};
use futures_util::StreamExt as _;
use sha2::{Digest as _, Sha256};
use tokio::time::{sleep, timeout};

use crate::census::hex;
use crate::cluster::{BackOff, Cluster, End};
use crate::frame::v1::{self, Frame, Piece};
use crate::limits::{
    ANSWER, APPEND_BYTES_MAX, APPEND_FOR, ASK_FOR, ASK_MESSAGES, LOST_FOR, SKIP_MAX, TAKE_BYTES,
};

/// The stream of one node.
pub struct Stream {
    cluster: Cluster,
    feed: Option<Feed>,
    /// After which place nothing whole was read, and how far that was.
    seen: (Position, u64),
    open: Open,
}

/// Messages as they come.
struct Feed {
    stream: i64,
    consumer: Consumer<Config>,
    asked: Option<Batch>,
    /// How many came so far: a consumer counts what it sends.
    count: u64,
    /// The last place that was read.
    last: u64,
    waiting: VecDeque<(u64, Message)>,
}

/// An append of which not all pieces have come.
#[derive(Default)]
struct Open {
    /// The place before its first piece.
    before: u64,
    next: u64,
    bytes: Vec<u8>,
}

impl Stream {
    /// The stream of a cluster.
    pub fn new(cluster: Cluster) -> Self {
        let seen = (Position { stream: 0, seq: 0 }, 0);
        Self { cluster, feed: None, seen, open: Open::default() }
    }

    async fn put(&self, at: Position, item: &Item) -> Result<Position, OrderError> {
        let (whole, seen) = self.seen;
        // Pieces without their rest may stand after the last append.
        let (stream, mut seq) = (at.stream, if whole == at { seen } else { at.seq });
        let messages = match item {
            Item::Append(append) => self.pieces(append).await?,
            Item::Goal(tip) => {
                vec![v1::goal(*tip, Position { stream, seq }, self.cluster.key())]
            }
        };
        for message in messages {
            seq = self.publish_one(seq, message).await?;
        }
        Ok(Position { stream, seq })
    }

    async fn pieces(&self, append: &Append) -> Result<Vec<Vec<u8>>, OrderError> {
        let most = self.cluster.piece_bytes().await?;
        let bytes: usize = append.blocks.iter().map(|b| b.head.len() + b.body.len()).sum();
        if bytes > APPEND_BYTES_MAX {
            return Err(OrderError::TooLarge { bytes, most: APPEND_BYTES_MAX });
        }
        Ok(v1::pieces(append, self.cluster.key(), most))
    }

    /// Publishes one message for the place after `seq`; gives its place.
    async fn publish_one(&self, seq: u64, message: Vec<u8>) -> Result<u64, OrderError> {
        let place = seq + 1;
        let id = format!("{place}-{}", short_hash(&message));
        let publication = PublishMessage::build()
            .payload(message.into())
            .message_id(&id)
            .expected_stream(self.cluster.name())
            .expected_last_sequence(seq);
        let mut back_off = BackOff::new(APPEND_FOR);
        // Whether a try without an answer may have been stored.
        let mut doubt = false;
        loop {
            match self.publish_once(&publication, (place, &id), &mut doubt).await {
                Ok(Some(true)) => return Ok(place),
                Ok(Some(false)) => return Err(OrderError::Moved),
                Ok(None) if back_off.again().await => {}
                Ok(None) | Err(OrderError::Unavailable(_)) if doubt => {
                    return Err(OrderError::Unknown);
                }
                Ok(None) => {
                    return Err(OrderError::Unavailable("no server takes writes".to_owned()));
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// Whether the message is at its place, or another; none: that is not known yet.
    async fn publish_once(
        &self,
        publication: &PublishMessage,
        (place, id): (u64, &str),
        doubt: &mut bool,
    ) -> Result<Option<bool>, OrderError> {
        let (_, context) = self.cluster.connected().await?;
        let sent = context.send_publish(self.cluster.subject(), publication.clone()).await;
        let answer = match sent {
            Ok(answer) => answer.await,
            Err(error) => Err(error),
        };
        let error = match answer {
            // Elsewhere: it was stored before, and others came in between.
            Ok(stored) => return Ok(Some(stored.sequence == place)),
            Err(error) => error,
        };
        match error.kind() {
            PublishErrorKind::WrongLastSequence if *doubt => self.is_at(&context, place, id).await,
            PublishErrorKind::WrongLastSequence => Ok(Some(false)),
            PublishErrorKind::StreamNotFound => {
                // So says a cluster without a leader, too.
                self.end(None).await.map(|_| None)
            }
            PublishErrorKind::WrongLastMessageId
            | PublishErrorKind::TimedOut
            | PublishErrorKind::BrokenPipe
            | PublishErrorKind::MaxAckPending
            | PublishErrorKind::MaxPayloadExceeded
            | PublishErrorKind::Other => {
                tracing::debug!("a message for place {place} was not acknowledged: {error}");
                *doubt = true;
                Ok(None)
            }
        }
    }

    /// Whether the message at a place is the one with this id; none: that is not known yet.
    async fn is_at(
        &self,
        context: &Context,
        place: u64,
        id: &str,
    ) -> Result<Option<bool>, OrderError> {
        let end = self.cluster.ask_end().await?.ok_or(OrderError::Lost)?;
        if end.last + 1 < place {
            return Err(OrderError::Lost);
        }
        let Ok(stream) = context.get_stream_no_info(self.cluster.name()).await else {
            return Ok(None);
        };
        let Ok(message) = stream.get_raw_message(place).await else { return Ok(None) };
        let known = message.headers.get(async_nats::header::NATS_MESSAGE_ID);
        Ok(Some(known.is_some_and(|known| known.as_str() == id)))
    }

    /// The end of the stream, once it is sure that it has what was read of it.
    async fn end(&self, at: Option<Position>) -> Result<End, OrderError> {
        let until = Instant::now() + LOST_FOR;
        loop {
            let end = self.cluster.ask_end().await?;
            let fits =
                |end: &End| at.is_none_or(|at| at.stream == end.stream && at.seq <= end.last);
            match end.filter(fits) {
                Some(end) => return Ok(end),
                None if Instant::now() > until => return Err(OrderError::Lost),
                None => sleep(LOST_FOR / 8).await,
            }
        }
    }

    async fn take_next(&mut self, at: Option<Position>) -> Result<Taken, OrderError> {
        let end = self.end(at).await?;
        let stream = end.stream;
        let from = at.map_or_else(|| end.first.saturating_sub(1), |at| at.seq);
        let mut taken =
            Taken { items: Vec::new(), to: Some(Position { stream, seq: from }), is_end: true };
        let start = match &self.feed {
            // What was read of an append whose pieces have not all come is kept.
            Some(feed) if feed.stream == stream && self.open.resumes(from) => feed.last,
            _ => {
                self.open = Open::default();
                from
            }
        };
        let (mut last, mut bytes) = (start, 0);
        while last < end.last && bytes < TAKE_BYTES {
            let (seq, message) = self.next_message(stream, last).await?;
            bytes += message.payload.len();
            let before = Position { stream, seq: seq - 1 };
            if let Some(item) = self.read(&message.payload, before) {
                taken.items.push((Position { stream, seq }, item));
            }
            last = seq;
        }
        taken.is_end = last >= end.last;
        let whole = if self.open.next > 0 { self.open.before } else { last };
        let whole = Position { stream, seq: whole };
        (taken.to, self.seen) = (Some(whole), (whole, last));
        Ok(taken)
    }

    /// The message after `last`, which is known to be there or to come.
    async fn next_message(&mut self, stream: i64, last: u64) -> Result<(u64, Message), OrderError> {
        let mut back_off = BackOff::new(ASK_FOR);
        loop {
            match self.come(stream, last, ANSWER).await {
                Ok(Some(next)) => return Ok(next),
                Ok(None) => {}
                Err(error) => tracing::debug!("reading the stream: {error}"),
            }
            // The server that counted for this reader may be gone: it is asked anew.
            self.feed = None;
            if !back_off.again().await {
                return Err(OrderError::Unavailable("the stream is not read on".to_owned()));
            }
        }
    }

    /// The message after `last`, if it comes in time.
    async fn come(
        &mut self,
        stream: i64,
        last: u64,
        most: Duration,
    ) -> Result<Option<(u64, Message)>, OrderError> {
        if self.feed.as_ref().is_none_or(|feed| !feed.is_near(stream, last)) {
            self.feed = Some(self.open_feed(stream, last).await?);
        }
        let Some(feed) = &mut self.feed else { return Ok(None) };
        feed.fill(last, most).await?;
        let next = feed.waiting.pop_front();
        if let Some((seq, _)) = &next {
            feed.last = *seq;
        }
        Ok(next)
    }

    async fn open_feed(&self, stream: i64, last: u64) -> Result<Feed, OrderError> {
        let (_, context) = self.cluster.connected().await?;
        let config = Config {
            deliver_policy: DeliverPolicy::ByStartSequence { start_sequence: last + 1 },
            ack_policy: AckPolicy::None,
            inactive_threshold: 4 * ASK_FOR,
            memory_storage: true,
            num_replicas: 1,
            ..Config::default()
        };
        let failed = |error: String| OrderError::Unavailable(error);
        let handle = context.get_stream_no_info(self.cluster.name()).await;
        let handle = handle.map_err(|error| failed(error.to_string()))?;
        let consumer: Consumer<consumer::pull::Config> =
            handle.create_consumer(config).await.map_err(|error| failed(error.to_string()))?;
        let waiting = VecDeque::new();
        Ok(Feed { stream, consumer, asked: None, count: 0, last, waiting })
    }

    /// What a message says; nothing, as long as it is a piece, or if this node did not sign it.
    fn read(&mut self, bytes: &[u8], before: Position) -> Option<Item> {
        let read = match v1::read(bytes) {
            Ok(Frame::Piece(piece)) => self.join(piece, before.seq),
            Ok(Frame::Goal { tip, signature }) => {
                self.open = Open::default();
                if v1::is_goal((tip, &signature), before, self.cluster.signer()) {
                    Ok(Some(Item::Goal(tip)))
                } else {
                    Err(Damaged("a goal that this node signed for this place"))
                }
            }
            Err(damaged) => {
                self.open = Open::default();
                Err(damaged)
            }
        };
        read.unwrap_or_else(|damaged| {
            tracing::error!(
                "the message {} of the stream is passed over: {damaged}",
                before.seq + 1
            );
            None
        })
    }

    fn join(&mut self, piece: Piece<'_>, before: u64) -> Result<Option<Item>, Damaged> {
        if piece.number == 0 {
            self.open = Open { before, next: 0, bytes: Vec::new() };
        } else if self.open.next != piece.number {
            // The rest of an append that another came into: it counts for nobody.
            self.open = Open::default();
            return Ok(None);
        }
        if self.open.bytes.len() + piece.bytes.len() > APPEND_BYTES_MAX {
            self.open = Open::default();
            return Err(Damaged("an append of an allowed size"));
        }
        self.open.bytes.extend_from_slice(piece.bytes);
        self.open.next = piece.number + 1;
        if self.open.next < piece.of {
            return Ok(None);
        }
        let open = std::mem::take(&mut self.open);
        let of = (piece.after, piece.chain);
        v1::append(of, &open.bytes, self.cluster.signer()).map(Item::Append).map(Some)
    }
}

impl Open {
    /// Whether pieces were read of what follows `from`.
    fn resumes(&self, from: u64) -> bool {
        self.next > 0 && self.before == from
    }
}

impl Feed {
    /// Whether what follows `last` comes soon: this process wrote some of it itself, or another did.
    fn is_near(&self, stream: i64, last: u64) -> bool {
        let ahead = last.checked_sub(self.last);
        self.stream == stream && ahead.is_some_and(|ahead| ahead <= SKIP_MAX)
    }

    /// Waits until a message after `last` is there, or none comes in time.
    async fn fill(&mut self, last: u64, most: Duration) -> Result<(), OrderError> {
        let until = tokio::time::Instant::now() + most;
        let failed = |error: String| OrderError::Unavailable(error);
        loop {
            while self.waiting.pop_front_if(|(seq, _)| *seq <= last).is_some() {}
            if !self.waiting.is_empty() {
                return Ok(());
            }
            let left = until.saturating_duration_since(tokio::time::Instant::now());
            if left.is_zero() {
                return Ok(());
            }
            if self.asked.is_none() {
                let batch = self.consumer.batch().max_messages(ASK_MESSAGES);
                let batch = batch.max_bytes(TAKE_BYTES).expires(ASK_FOR).messages().await;
                self.asked = Some(batch.map_err(|error| failed(error.to_string()))?);
            }
            let Some(asked) = &mut self.asked else { return Ok(()) };
            match timeout(left, asked.next()).await {
                Err(_) => return Ok(()),
                Ok(None) => self.asked = None,
                Ok(Some(Err(error))) => return Err(failed(error.to_string())),
                Ok(Some(Ok(message))) => {
                    let info = message.info().map_err(|error| failed(error.to_string()))?;
                    let (seq, count) = (info.stream_sequence, info.consumer_sequence);
                    if count != self.count + 1 {
                        return Err(failed("messages were lost on the way".to_owned()));
                    }
                    self.count = count;
                    self.waiting.push_back((seq, message));
                }
            }
        }
    }
}

/// Enough of a hash to tell messages for one place apart.
fn short_hash(message: &[u8]) -> String {
    let digest: [u8; 32] = Sha256::digest(message).into();
    hex(digest.get(..16).unwrap_or_default())
}

impl Order for Stream {
    fn publish(&mut self, at: Position, item: &Item) -> Result<Position, OrderError> {
        let cluster = self.cluster.clone();
        cluster.wait(self.put(at, item))
    }

    fn take(&mut self, at: Option<Position>) -> Result<Taken, OrderError> {
        let cluster = self.cluster.clone();
        cluster.wait(self.take_next(at))
    }

    fn wait(&mut self, at: Position, most: Duration) -> Result<bool, OrderError> {
        let cluster = self.cluster.clone();
        cluster.wait(async {
            let last = match &self.feed {
                Some(feed) if feed.stream == at.stream && self.open.resumes(at.seq) => feed.last,
                _ => at.seq,
            };
            if self.feed.as_ref().is_none_or(|feed| !feed.is_near(at.stream, last)) {
                self.open = Open::default();
                self.feed = Some(self.open_feed(at.stream, last).await?);
            }
            let Some(feed) = &mut self.feed else { return Ok(false) };
            let filled = feed.fill(last, most).await;
            let comes = !feed.waiting.is_empty();
            if filled.is_err() {
                self.feed = None;
            }
            filled.map(|()| comes)
        })
    }
}
