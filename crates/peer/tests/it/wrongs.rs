//! What a node answers that is hostile, and what an honest one does.
//!
//! Time is tokio's, so that a test may pause it.

use std::convert::Infallible;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use entente_peer::follow::LinkError;
use futures_util::StreamExt as _;
use futures_util::stream::{self, Stream};
use http::{Request, Response, StatusCode};
use tokio::time::{Instant, sleep};

use crate::book::{Book, Made, Said, object};

/// How many entries are signed.
pub(crate) const SIGNED: usize = 5;

/// An answer that is not the right one; none lets the right one be given.
pub(crate) type Answer = Option<Result<Response<Body>, LinkError>>;

/// How Korea's node behaves when it is hostile.
pub(crate) type Behaviour = Arc<dyn Fn(&Request<Bytes>, &World) -> Answer + Send + Sync>;

/// What there is beside the follower.
pub(crate) struct World {
    pub(crate) book: Book,
    /// Bytes of answers that were read.
    pub(crate) read: Arc<AtomicUsize>,
    pub(crate) asked: Mutex<Vec<(Instant, String)>>,
    pub(crate) receipts: AtomicUsize,
    pub(crate) is_hostile: Mutex<bool>,
}

impl World {
    /// A node with a ledger of which [`SIGNED`] entries are signed, that is hostile.
    pub(crate) fn of(book: Book) -> Self {
        Self {
            book,
            read: Arc::default(),
            asked: Mutex::default(),
            receipts: AtomicUsize::new(0),
            is_hostile: Mutex::new(true),
        }
    }

    pub(crate) fn path(request: &Request<Bytes>) -> String {
        format!("{} {}", request.method(), request.uri().path())
    }

    pub(crate) fn from(request: &Request<Bytes>) -> usize {
        request.uri().query().unwrap().strip_prefix("from=").unwrap().parse().unwrap()
    }

    /// What an honest node answers.
    pub(crate) fn honest(&self, request: &Request<Bytes>) -> Response<Body> {
        match Self::path(request).as_str() {
            "PUT /peer/list" | "GET /peer/epochs" => status(204),
            "GET /peer/ledger" => {
                let from = Self::from(request).min(SIGNED);
                let to = (from + 2).min(SIGNED);
                Response::new(self.book.draft(from, to, SIGNED).text().into())
            }
            "GET /peer/ledger/events" => events(stream::iter([said(SIGNED)])),
            "POST /peer/receipt" => {
                self.receipts.fetch_add(1, Ordering::SeqCst);
                status(204)
            }
            other => panic!("asked for {other}"),
        }
    }

    /// A body of these pieces, of which it is counted how much is read.
    pub(crate) fn counted(
        &self,
        pieces: impl Stream<Item = Bytes> + Send + 'static,
    ) -> Response<Body> {
        let read = self.read.clone();
        Response::new(Body::from_stream(pieces.map(move |piece| {
            read.fetch_add(piece.len(), Ordering::SeqCst);
            Ok::<_, Infallible>(piece)
        })))
    }

    pub(crate) fn page(&self, from: usize, to: usize, size: usize) -> String {
        self.book.draft(from, to, size).text()
    }
}

pub(crate) fn status(code: u16) -> Response<Body> {
    Response::builder().status(code).body(Body::empty()).unwrap()
}

/// Stands for no answer at all.
pub(crate) fn silence() -> Response<Body> {
    status(100)
}

pub(crate) fn said(size: usize) -> Bytes {
    format!("event: signed\ndata: {size}\n\n").into()
}

/// A stream that says this and then stays open, saying that it is there.
pub(crate) fn events(pieces: impl Stream<Item = Bytes> + Send + 'static) -> Response<Body> {
    let still = stream::unfold((), |()| async {
        sleep(Duration::from_secs(15)).await;
        Some((Bytes::from_static(b": still here\n\n"), ()))
    });
    Response::new(Body::from_stream(pieces.chain(still).map(Ok::<_, Infallible>)))
}

pub(crate) fn forever(piece: impl Into<Bytes>) -> impl Stream<Item = Bytes> + Send {
    stream::repeat(piece.into())
}

/// A piece of so many bytes after each pause, for ever.
pub(crate) fn drip(piece: &'static [u8], pause: Duration) -> impl Stream<Item = Bytes> + Send {
    stream::unfold((), move |()| async move {
        sleep(pause).await;
        Some((Bytes::from_static(piece), ()))
    })
}

pub(crate) fn behaviour(
    path: &'static str,
    answer: impl Fn(&Request<Bytes>, &World) -> Response<Body> + Send + Sync + 'static,
) -> Behaviour {
    Arc::new(move |request, world| {
        (World::path(request) == path).then(|| Ok(answer(request, world)))
    })
}

pub(crate) const LIST: &str = "PUT /peer/list";
pub(crate) const PAGE: &str = "GET /peer/ledger";
pub(crate) const EVENTS: &str = "GET /peer/ledger/events";
pub(crate) const RECEIPT: &str = "POST /peer/receipt";

/// A wrong answer, and what it is called.
pub(crate) type Wrong = (&'static str, fn(&World) -> Response<Body>);

/// A wrong answer to a certain request.
pub(crate) type WrongTo = (&'static str, fn(&Request<Bytes>, &World) -> Response<Body>);

/// Answers that are wrong for any request.
pub(crate) fn wrong_for_any() -> Vec<Wrong> {
    vec![
        ("silence", |_| silence()),
        ("refused", |_| status(403)),
        ("not found", |_| status(404)),
        ("too many", |_| status(429)),
        ("failed with a huge body", |world| {
            let mut answer = world.counted(forever(vec![b'x'; 65_536]));
            *answer.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
            answer
        }),
        ("failed with a body that drips", |world| {
            let mut answer = world.counted(drip(b"x", Duration::from_secs(1)));
            *answer.status_mut() = StatusCode::BAD_GATEWAY;
            answer
        }),
        ("elsewhere", |_| {
            let elsewhere = "https://elsewhere.example/peer/ledger?from=0";
            let moved = Response::builder().status(307).header("location", elsewhere);
            moved.body(Body::empty()).unwrap()
        }),
        ("refused in no language", |_| {
            let refused = Response::builder().status(400);
            refused.body(Body::from(&b"\xff\xfe\x00\x1b[2J"[..])).unwrap()
        }),
    ]
}

fn gzip_bomb() -> Vec<u8> {
    // The head of a gzip file and then whatever: it is read as it is, and never inflated.
    [&[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3][..], &[0; 4096]].concat()
}

fn of_the_year_2200(_: &Request<Bytes>, world: &World) -> Response<Body> {
    let late = Made { added: 7_258_118_400_000_000, ..Made::nth(0) };
    let owner = world.book.owner.clone();
    let label = owner.label();
    Response::new(Book::by(owner, vec![late], &[label]).draft(0, 1, 1).text().into())
}

/// Pages that are none.
pub(crate) fn bad_pages() -> Vec<WrongTo> {
    vec![
        ("without end", |_, world| world.counted(forever(vec![b' '; 65_536]))),
        ("without end, of empty pieces and a byte", |_, world| {
            world.counted(drip(b"", Duration::from_millis(10)))
        }),
        ("a byte too long", |_, world| {
            let page = world.page(0, 2, SIGNED);
            let long = vec![b' '; 8 * 1024 * 1024 + 1 - page.len()];
            world.counted(stream::iter([Bytes::from(page), long.into()]))
        }),
        ("that drips", |_, world| world.counted(drip(b" ", Duration::from_millis(500)))),
        ("that stops in the middle", |_, world| {
            let page = world.page(0, 2, SIGNED);
            world.counted(stream::iter([Bytes::from(page[..100].to_owned())]))
        }),
        ("that stops and stays open", |_, world| {
            let page = Bytes::from(world.page(0, 2, SIGNED)[..100].to_owned());
            world.counted(stream::iter([page]).chain(stream::pending()))
        }),
        ("that breaks off", |_, _| {
            let broken = Err::<Bytes, _>(std::io::Error::from(std::io::ErrorKind::ConnectionReset));
            Response::new(Body::from_stream(stream::iter([Ok("{".into()), broken])))
        }),
        ("at another place", |_, world| Response::new(world.page(2, 4, SIGNED).into())),
        ("always the first", |_, world| Response::new(world.page(0, 1, SIGNED).into())),
        ("without entries", |_, world| Response::new(world.page(0, 0, SIGNED).into())),
        ("that are empty", |_, _| Response::new(Body::empty())),
        ("under gzip", |_, _| {
            let answer = Response::builder().header("content-encoding", "gzip");
            answer.body(gzip_bomb().into()).unwrap()
        }),
        ("of another type", |_, _| {
            let answer = Response::builder().header("content-type", "text/html");
            answer.body("<html>sign in first</html>".into()).unwrap()
        }),
        ("that are no text", |_, _| Response::new(vec![0xff; 4096].into())),
        ("nested", |_, _| Response::new("[".repeat(1 << 20).into())),
        ("with a nested label", |_, world| {
            let mut draft = world.book.draft(0, 2, SIGNED);
            draft.labels[0] = format!("{}{}", "[".repeat(1 << 20), "]".repeat(1 << 20));
            Response::new(draft.text().into())
        }),
        ("with a hundred thousand entries", |_, world| {
            let mut draft = world.book.draft(0, 0, SIGNED);
            draft.entries = vec!["{\"added\":1,\"label\":0}".to_owned(); 100_000];
            Response::new(draft.text().into())
        }),
        ("with ten thousand labels", |_, world| {
            let mut draft = world.book.draft(0, 2, SIGNED);
            draft.labels = vec![draft.labels[0].clone(); 10_000];
            draft.entries[0] = draft.entries[0].replace("\"label\":0", "\"label\":20000");
            Response::new(draft.text().into())
        }),
        ("signed by nobody", |_, world| {
            let name = format!("{} ", world.book.owner.from);
            Response::new(world.page(0, 2, SIGNED).replace(&name, "KOX ").into())
        }),
        ("of entries that were not signed", |_, world| {
            let mut draft = world.book.draft(0, 2, SIGNED);
            let other = Said::Released(object(99));
            draft.entries[1] = Made { said: other, ..Made::nth(1) }.text();
            Response::new(draft.text().into())
        }),
        ("of the year 2200", of_the_year_2200),
        ("that are never there", |_, _| status(204)),
    ]
}

pub(crate) fn bad_streams() -> Vec<WrongTo> {
    vec![
        ("that never say anything", |_, world| world.counted(stream::pending())),
        ("that end at once", |_, world| world.counted(stream::empty())),
        ("that break off", |_, _| {
            let broken = Err::<Bytes, _>(std::io::Error::from(std::io::ErrorKind::BrokenPipe));
            Response::new(Body::from_stream(stream::iter([broken])))
        }),
        ("of one line without end", |_, world| world.counted(forever(vec![b'1'; 65_536]))),
        ("of empty lines without end", |_, world| world.counted(forever("\n"))),
        ("of empty pieces without end", |_, world| world.counted(forever(""))),
        ("of comments without end", |_, world| world.counted(forever(": still here\n\n"))),
        ("that repeat what is here", |_, world| world.counted(forever(said(SIGNED)))),
        ("that say more than there is", |_, world| world.counted(forever(said(SIGNED + 1)))),
        ("that say less than there is", |_, world| world.counted(forever(said(1)))),
        ("that drip more than there is", |_, world| {
            world.counted(drip(b"data: 77\n\n", Duration::from_millis(20)))
        }),
        ("that drip less than there is", |_, world| {
            world.counted(drip(b"data: 1\n\n", Duration::from_millis(20)))
        }),
        ("that drip more and less", |_, world| {
            world.counted(drip(b"data: 77\n\ndata: 1\n\n", Duration::from_millis(20)))
        }),
        ("that drip a byte", |_, world| world.counted(drip(b"d", Duration::from_secs(40)))),
        ("of no text", |_, world| {
            world.counted(drip(b"data: \xff\xfe\n\n", Duration::from_secs(1)))
        }),
        ("of numbers too large", |_, world| {
            world.counted(drip(b"data: 99999999999999999999999\n\n", Duration::from_secs(1)))
        }),
        ("of numbers below zero", |_, world| {
            world.counted(drip(b"data: -1\ndata: 1e9\ndata: 0x5\n\n", Duration::from_secs(1)))
        }),
        ("of the largest number", |_, world| {
            world.counted(drip(b"data: 18446744073709551615\n\n", Duration::from_millis(20)))
        }),
    ]
}
