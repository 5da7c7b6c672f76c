//! Row 21 of the attacks: whatever a partner's node answers, following it costs a bounded time and
//! memory, and when it answers rightly again, all that it released is received.
//!
//! Time is tokio's and paused: it goes on when nobody has anything to do, so ten minutes take none.

use std::convert::Infallible;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use entente_log::cosignature::{Cosigned, cosign};
use entente_log::key::Key;
use entente_object::clock::FixedClock;
use entente_peer::Pace;
use entente_peer::doors::{Keeper, KeeperError, ReceiptError, SuccessionError};
use entente_peer::epochs::Seen;
use entente_peer::follow::{Follower, Link, LinkError, Watched};
use entente_peer::page::{Edge, Entry, Fault, Page, Position};
use entente_release::Nation;
use futures_util::StreamExt as _;
use futures_util::stream::{self, Stream};
use http::{Request, Response, StatusCode};
use tokio::sync::{Notify, watch};
use tokio::time::{Instant, sleep};

use crate::book::{Book, Made, Said, edge, now, object};

/// How many entries are signed.
const SIGNED: usize = 5;

/// Poland's desk, in memory.
#[derive(Default)]
pub(crate) struct Notes {
    position: Mutex<Position>,
    pub(crate) entries: Mutex<Vec<Entry>>,
    pub(crate) faults: Mutex<Vec<Fault>>,
}

impl Keeper for Notes {
    fn position(&self, _edge: &Edge) -> Result<Position, KeeperError> {
        Ok(self.position.lock().unwrap().clone())
    }

    fn take(&self, _edge: &Edge, page: Page) -> Result<(), KeeperError> {
        let mut position = self.position.lock().unwrap();
        assert_eq!(position.tree.size(), page.from, "a page that does not continue");
        *position = page.position;
        self.entries.lock().unwrap().extend(page.entries);
        Ok(())
    }

    fn accuse(&self, _edge: &Edge, fault: &Fault) -> Result<(), KeeperError> {
        self.faults.lock().unwrap().push(fault.clone());
        Ok(())
    }

    fn receipt(&self, position: &Position) -> Result<Option<Cosigned>, KeeperError> {
        assert_eq!(
            position.tree,
            self.position.lock().unwrap().tree,
            "a receipt for what is not kept"
        );
        let key = Key::from_seed("POL", &[8; 32]).unwrap();
        let complete = position.signed.as_ref().filter(|_| position.is_complete());
        Ok(complete.map(|signed| cosign(&key, signed, now()).unwrap()))
    }

    fn received(&self, _by: Nation, _note: &str) -> Result<(), ReceiptError> {
        Err(ReceiptError::Refused("nobody gives receipts here".to_owned()))
    }

    fn holds(&self, _of: Nation) -> Option<String> {
        None
    }

    fn succeed(&self, _of: Nation, _successions: &[String]) -> Result<(), SuccessionError> {
        Err(KeeperError("not asked".to_owned()).into())
    }

    fn epochs(&self, _: Nation, _: u64, _: u64) -> Result<Option<String>, KeeperError> {
        Ok(None)
    }

    fn seen(&self, _of: Nation) -> Result<Seen, KeeperError> {
        Ok(Seen::default())
    }

    fn keys(&self, _but: Nation) -> Vec<(Nation, String)> {
        Vec::new()
    }

    fn witness(&self, _of: Nation, _seen: &Seen) -> Result<Option<String>, KeeperError> {
        Err(KeeperError("not asked".to_owned()))
    }

    fn witnessed(&self, _by: Nation, _note: &str) -> Result<(), ReceiptError> {
        Err(ReceiptError::Refused("nobody witnesses here".to_owned()))
    }

    fn offers(&self) -> u64 {
        0
    }

    fn successions(&self, _by: Nation, _holds: &str) -> Result<Vec<String>, KeeperError> {
        Err(KeeperError("not asked".to_owned()))
    }
}

/// An answer that is not the right one; none lets the right one be given.
type Answer = Option<Result<Response<Body>, LinkError>>;

/// How Korea's node behaves when it is hostile.
type Behaviour = Arc<dyn Fn(&Request<Bytes>, &World) -> Answer + Send + Sync>;

/// What there is beside the follower.
pub(crate) struct World {
    book: Book,
    /// Bytes of answers that were read.
    read: Arc<AtomicUsize>,
    asked: Mutex<Vec<(Instant, String)>>,
    receipts: AtomicUsize,
    is_hostile: Mutex<bool>,
}

struct Korea {
    world: Arc<World>,
    behaviour: Behaviour,
}

impl World {
    fn path(request: &Request<Bytes>) -> String {
        format!("{} {}", request.method(), request.uri().path())
    }

    fn from(request: &Request<Bytes>) -> usize {
        request.uri().query().unwrap().strip_prefix("from=").unwrap().parse().unwrap()
    }

    /// What an honest node answers.
    fn honest(&self, request: &Request<Bytes>) -> Response<Body> {
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
    fn counted(&self, pieces: impl Stream<Item = Bytes> + Send + 'static) -> Response<Body> {
        let read = self.read.clone();
        Response::new(Body::from_stream(pieces.map(move |piece| {
            read.fetch_add(piece.len(), Ordering::SeqCst);
            Ok::<_, Infallible>(piece)
        })))
    }

    fn page(&self, from: usize, to: usize, size: usize) -> String {
        self.book.draft(from, to, size).text()
    }
}

impl Link for Korea {
    async fn ask(&self, request: Request<Bytes>) -> Result<Response<Body>, LinkError> {
        assert_eq!(request.uri().host(), None, "asked at {}", request.uri());
        let path = World::path(&request);
        self.world.asked.lock().unwrap().push((Instant::now(), path));
        // As over a wire, somebody else has a turn.
        tokio::task::yield_now().await;
        let hostile = *self.world.is_hostile.lock().unwrap();
        let answer = hostile.then(|| (self.behaviour)(&request, &self.world)).flatten();
        match answer {
            Some(Ok(answer)) if answer.status() == StatusCode::CONTINUE => {
                std::future::pending().await
            }
            Some(answer) => answer,
            None => Ok(self.world.honest(&request)),
        }
    }
}

fn status(code: u16) -> Response<Body> {
    Response::builder().status(code).body(Body::empty()).unwrap()
}

/// Stands for no answer at all.
fn silence() -> Response<Body> {
    status(100)
}

fn said(size: usize) -> Bytes {
    format!("event: signed\ndata: {size}\n\n").into()
}

/// A stream that says this and then stays open, saying that it is there.
fn events(pieces: impl Stream<Item = Bytes> + Send + 'static) -> Response<Body> {
    let still = stream::unfold((), |()| async {
        sleep(Duration::from_secs(15)).await;
        Some((Bytes::from_static(b": still here\n\n"), ()))
    });
    Response::new(Body::from_stream(pieces.chain(still).map(Ok::<_, Infallible>)))
}

fn forever(piece: impl Into<Bytes>) -> impl Stream<Item = Bytes> + Send {
    stream::repeat(piece.into())
}

/// A piece of so many bytes after each pause, for ever.
fn drip(piece: &'static [u8], pause: Duration) -> impl Stream<Item = Bytes> + Send {
    stream::unfold((), move |()| async move {
        sleep(pause).await;
        Some((Bytes::from_static(piece), ()))
    })
}

struct Outcome {
    world: Arc<World>,
    notes: Arc<Notes>,
    /// Requests while it was hostile.
    requests: usize,
    /// The most of them within a second.
    most: usize,
    /// What was said last to people while it was hostile.
    trouble: Option<String>,
    /// How many seconds it took from then on until all was here.
    waited: u32,
}

/// Follows a node that is hostile for ten minutes and honest then.
async fn against(behaviour: Behaviour) -> Outcome {
    against_for(Duration::from_mins(10), behaviour).await
}

async fn against_for(lasts: Duration, behaviour: Behaviour) -> Outcome {
    against_until(lasts, behaviour, false).await
}

/// It may be heard when it begins to be honest.
async fn against_until(lasts: Duration, behaviour: Behaviour, is_heard: bool) -> Outcome {
    let wake = Arc::new(Notify::new());
    let world = Arc::new(World {
        book: Book::of(SIGNED + 3),
        read: Arc::default(),
        asked: Mutex::default(),
        receipts: AtomicUsize::new(0),
        is_hostile: Mutex::new(true),
    });
    let (notes, state) = (Arc::new(Notes::default()), Watched::default());
    let follower = Follower {
        edge: edge(),
        link: Korea { world: world.clone(), behaviour },
        keeper: notes.clone(),
        clock: Arc::new(FixedClock(now())),
        list: Box::new(|| Ok("a list".to_owned())),
        state: state.clone(),
        pace: Pace::default(),
        wake: wake.clone(),
    };
    let (stop, stopped) = watch::channel(false);
    let following = tokio::spawn(follower.run(stopped));
    let (until, mut trouble) = (Instant::now() + lasts, None);
    while Instant::now() < until {
        sleep(Duration::from_secs(1)).await;
        trouble = state.now().trouble.or(trouble);
    }
    let asked: Vec<Instant> = world.asked.lock().unwrap().iter().map(|(at, _)| *at).collect();
    let within = |at: Instant| {
        asked.iter().filter(|other| (at..at + Duration::from_secs(1)).contains(other)).count()
    };
    let most = asked.iter().map(|at| within(*at)).max().unwrap_or(0);
    *world.is_hostile.lock().unwrap() = false;
    if is_heard {
        wake.notify_one();
    }
    // The longest pause, the time for an answer, and the silence of a stream.
    let mut waited: u32 = 0;
    while state.now().received != u64::try_from(SIGNED).unwrap()
        || !state.now().following
        || world.receipts.load(Ordering::SeqCst) == 0
    {
        sleep(Duration::from_secs(1)).await;
        waited += 1;
        assert!(waited < 240, "not recovered: {:?}", state.now());
    }
    assert_eq!(state.now().trouble, None);
    assert_eq!(notes.entries.lock().unwrap().len(), SIGNED);
    stop.send_replace(true);
    following.await.unwrap();
    let requests = asked.len();
    Outcome { world, notes, requests, most, trouble, waited }
}

/// The bounds that hold against everybody.
fn assert_bounded(case: &str, outcome: &Outcome) {
    assert!(outcome.most <= 20, "{case}: {} requests in a second", outcome.most);
    assert!(outcome.requests <= 3000, "{case}: {} requests", outcome.requests);
    let read = outcome.world.read.load(Ordering::SeqCst);
    // Ten minutes, in each of which at most one page or one stream is read in vain, but for the first.
    assert!(read < 30 * 9 * 1024 * 1024, "{case}: {read} bytes");
    let faults = outcome.notes.faults.lock().unwrap();
    assert!(faults.len() <= 1, "{case}: {} times: {:?}", faults.len(), faults.first());
}

fn behaviour(
    path: &'static str,
    answer: impl Fn(&Request<Bytes>, &World) -> Response<Body> + Send + Sync + 'static,
) -> Behaviour {
    Arc::new(move |request, world| {
        (World::path(request) == path).then(|| Ok(answer(request, world)))
    })
}

const LIST: &str = "PUT /peer/list";
const PAGE: &str = "GET /peer/ledger";
const EVENTS: &str = "GET /peer/ledger/events";
const RECEIPT: &str = "POST /peer/receipt";

/// A wrong answer, and what it is called.
type Wrong = (&'static str, fn(&World) -> Response<Body>);

/// A wrong answer to a certain request.
type WrongTo = (&'static str, fn(&Request<Bytes>, &World) -> Response<Body>);

/// Answers that are wrong for any request.
fn wrong_for_any() -> Vec<Wrong> {
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

#[tokio::test(start_paused = true)]
async fn what_is_wrong_for_any_request_costs_little_and_is_overcome() {
    for path in [LIST, EVENTS, PAGE, RECEIPT] {
        for (name, answer) in wrong_for_any() {
            let case = format!("{path}: {name}");
            let outcome = against(behaviour(path, move |_, world| answer(world))).await;
            assert_bounded(&case, &outcome);
            assert!(outcome.requests <= 200, "{case}: {} requests", outcome.requests);
            let trouble = outcome.trouble.unwrap_or_default();
            assert!(!trouble.is_empty() && trouble.len() < 1000, "{case}: {trouble}");
            assert!(trouble.chars().all(|c| !c.is_control()), "{case}: {trouble:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_node_that_is_not_reached_is_asked_less_and_less() {
    let outcome = against(Arc::new(|_: &Request<Bytes>, _: &World| {
        Some(Err(LinkError("no connection".to_owned())))
    }))
    .await;
    assert!(outcome.requests <= 20, "{}", outcome.requests);
    assert_eq!(outcome.trouble.as_deref(), Some("no connection"));
}

#[tokio::test(start_paused = true)]
async fn a_node_that_was_heard_is_asked_at_once() {
    let behaviour: Behaviour =
        Arc::new(|_: &Request<Bytes>, _: &World| Some(Err(LinkError("no connection".to_owned()))));
    // In the middle of a pause of a minute.
    let lasts = Duration::from_secs(570);
    let heard = against_until(lasts, behaviour.clone(), true).await;
    let silent = against_until(lasts, behaviour, false).await;
    assert!(heard.waited <= 2 && silent.waited > 10, "{} and {}", heard.waited, silent.waited);
}

fn gzip_bomb() -> Vec<u8> {
    // The head of a gzip file and then whatever: it is read as it is, and never inflated.
    [&[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3][..], &[0; 4096]].concat()
}

/// Pages that are none.
fn bad_pages() -> Vec<WrongTo> {
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
            Response::new(world.page(0, 2, SIGNED).replace("KOR ", "KOX ").into())
        }),
        ("of entries that were not signed", |_, world| {
            let mut draft = world.book.draft(0, 2, SIGNED);
            let other = Said::Released(object(99));
            draft.entries[1] = Made { said: other, ..Made::nth(1) }.text();
            Response::new(draft.text().into())
        }),
        ("of the year 2200", |_, _| {
            let late = Made { added: 7_258_118_400_000_000, ..Made::nth(0) };
            let book = Book::with(vec![late], &[crate::book::label()]);
            Response::new(book.draft(0, 1, 1).text().into())
        }),
        ("that are never there", |_, _| status(204)),
    ]
}

#[tokio::test(start_paused = true)]
async fn pages_that_are_none_cost_little_and_are_overcome() {
    for (name, answer) in bad_pages() {
        let outcome = against_for(Duration::from_mins(3), behaviour(PAGE, answer)).await;
        assert_bounded(name, &outcome);
        assert!(outcome.trouble.is_some(), "{name}");
    }
}

fn bad_streams() -> Vec<WrongTo> {
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

#[tokio::test(start_paused = true)]
async fn streams_that_are_none_cost_little_and_are_overcome() {
    for (name, answer) in bad_streams() {
        let outcome = against(behaviour(EVENTS, answer)).await;
        assert_bounded(name, &outcome);
        let read = outcome.world.read.load(Ordering::SeqCst);
        assert!(read < 24 * 3 * 1024 * 1024, "{name}: {read} bytes");
        // The pages are right: what was released is here meanwhile.
        assert_eq!(outcome.notes.entries.lock().unwrap().len(), SIGNED, "{name}");
    }
}

/// A ledger that was longer before, or another one, is told to people once, with both checkpoints.
#[tokio::test(start_paused = true)]
async fn a_ledger_that_was_put_back_is_told_once_and_not_taken() {
    let lies: [Wrong; 4] = [
        ("shorter", |world| Response::new(world.page(3, 3, 3).into())),
        ("nothing at all", |_| status(204)),
        ("another one", |world| {
            let other = Made { said: Said::Released(object(99)), ..Made::nth(1) };
            let rest = (2..6).map(|number| Arc::new(Made::nth(number)));
            let then = std::iter::once(Arc::new(other)).chain(rest).collect();
            Response::new(world.book.forked(1, then).draft(5, 6, 6).text().into())
        }),
        ("another one of the same size", |world| {
            let other = Made { said: Said::Released(object(99)), ..Made::nth(4) };
            let other = world.book.forked(4, vec![Arc::new(other)]);
            Response::new(other.draft(5, 5, 5).text().into())
        }),
    ];
    for (name, lie) in lies {
        let behaviour: Behaviour = Arc::new(move |request, world| {
            let lies = World::path(request) == PAGE && World::from(request) == SIGNED;
            if World::path(request) == EVENTS {
                return Some(Ok(events(stream::iter([said(SIGNED), said(3)]))));
            }
            lies.then(|| Ok(lie(world)))
        });
        let outcome = against(behaviour).await;
        assert_bounded(name, &outcome);
        let faults = outcome.notes.faults.lock().unwrap().clone();
        assert_eq!(faults.len(), 1, "{name}: {faults:?}");
        assert!(faults[0].is_proof(), "{name}: {}", faults[0]);
        assert!(outcome.trouble.unwrap().contains("ledger"), "{name}");
        // A minute between two questions, and each is a list, a stream and a page.
        assert!(outcome.requests < 50, "{name}: {}", outcome.requests);
    }
}

/// An event may come in pieces: its number is not that of its first digits.
#[tokio::test(start_paused = true)]
async fn an_event_in_pieces_is_read_whole() {
    let behaviour: Behaviour = Arc::new(|request, world| {
        if World::path(request) == EVENTS {
            // Two are here; 5 are signed, which is told digit by digit, with a zero before.
            let pieces = ["event: sig", "ned\nda", "ta: ", "0", "0", "5", "\n", "\n"];
            let slow = stream::iter(pieces).then(|piece| async move {
                sleep(Duration::from_secs(1)).await;
                Bytes::from_static(piece.as_bytes())
            });
            return Some(Ok(events(slow)));
        }
        let first = World::path(request) == PAGE && World::from(request) == 0;
        first.then(|| Ok(Response::new(world.page(0, 2, 2).into())))
    });
    let outcome = against_for(Duration::from_secs(12), behaviour).await;
    assert_eq!(outcome.trouble, None);
    let asked = outcome.world.asked.lock().unwrap();
    let pages = asked.iter().filter(|(_, path)| path == PAGE).count();
    assert_eq!(pages, 3, "{asked:?}");
    assert_eq!(asked.iter().filter(|(_, path)| path == EVENTS).count(), 1);
}

/// The pause after a failure grew from one failure to the next, however long all was well in between:
/// a partner that was restarted now and then was away for a minute each time.
#[tokio::test(start_paused = true)]
async fn who_was_followed_for_a_while_is_asked_again_soon() {
    let outcome = against(behaviour(EVENTS, |_, world| {
        world.counted(drip(b": still here\n\n", Duration::from_secs(10)).take(3))
    }))
    .await;
    let asked = outcome.world.asked.lock().unwrap();
    let times = asked.iter().filter(|(_, path)| path == EVENTS).map(|(at, _)| *at);
    let times: Vec<Instant> = times.take(18).collect();
    assert_eq!(times.len(), 18);
    assert!(times.windows(2).all(|pair| pair[1] - pair[0] < Duration::from_secs(31)), "{times:?}");
}
