//! Row 21 of the attacks: whatever a partner's node answers, following it costs a bounded time and
//! memory, and when it answers rightly again, all that it released is received.
//!
//! Time is tokio's and paused: it goes on when nobody has anything to do, so ten minutes take none.

use std::sync::atomic::Ordering;
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
use futures_util::stream;
use http::{Request, Response, StatusCode};
use tokio::sync::{Notify, watch};
use tokio::time::{Instant, sleep};

use crate::book::{Book, Made, Said, edge, now, object};
use crate::wrongs::{
    Behaviour, EVENTS, LIST, PAGE, RECEIPT, SIGNED, World, Wrong, bad_pages, bad_streams,
    behaviour, drip, events, said, status, wrong_for_any,
};

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

struct Korea {
    world: Arc<World>,
    behaviour: Behaviour,
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
    let world = Arc::new(World::of(Book::of(SIGNED + 3)));
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

#[tokio::test(start_paused = true)]
async fn pages_that_are_none_cost_little_and_are_overcome() {
    for (name, answer) in bad_pages() {
        let outcome = against_for(Duration::from_mins(3), behaviour(PAGE, answer)).await;
        assert_bounded(name, &outcome);
        assert!(outcome.trouble.is_some(), "{name}");
    }
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
