//! The simulated network between nodes: delay, loss, duplication, partition in one direction or both.
//!
//! Invariants:
//! * Whoever calls is who it says: the network cannot forge a certificate. All else it may do.
//! * What it does comes from the seed and simulated time alone.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use bytes::Bytes;
use entente_peer::doors::Caller;
use entente_peer::follow::{Link, LinkError};
use entente_peer::growth::{Grower, Growth, growth};
use entente_release::Nation;
use futures_util::stream::unfold;
use http::{Request, Response};
use http_body_util::BodyExt as _;
use tokio::time::{Instant, sleep};
use tower::ServiceExt as _;

use crate::dice::Dice;
use crate::liar::Liar;
use crate::trace::Trace;
use crate::wire::Wire;

/// How bad the network is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Weather {
    /// One message in so many is lost; 0: none.
    pub(crate) lost_once_in: u64,
    /// One request in so many arrives twice; 0: none.
    pub(crate) doubled_once_in: u64,
    /// The longest delay of a message, in milliseconds.
    pub(crate) delay_ms: u64,
}

impl Weather {
    pub(crate) const FAIR: Self = Self { lost_once_in: 0, doubled_once_in: 0, delay_ms: 20 };
}

struct State {
    seed: u64,
    /// Of each direction its own: what others send changes nothing of what becomes of a message.
    dice: BTreeMap<(Nation, Nation), Dice>,
    weather: Weather,
    /// The nodes that are up. Who is connected to one waits for it to end.
    nodes: BTreeMap<Nation, (Router, Grower)>,
    /// Until when nothing goes from one to the other.
    cut: BTreeMap<(Nation, Nation), Instant>,
    /// Whose answers are not those of its node.
    liar: Option<(Nation, Arc<Liar>)>,
}

impl State {
    fn dice(&mut self, from: Nation, to: Nation) -> &mut Dice {
        let seed = self.seed;
        let named = || Dice::named(seed, &format!("from {from} to {to}"));
        self.dice.entry((from, to)).or_insert_with(named)
    }
}

/// The network.
#[derive(Clone)]
pub(crate) struct Net {
    state: Arc<Mutex<State>>,
    trace: Trace,
    pub(crate) wire: Wire,
    began: Instant,
}

impl Net {
    pub(crate) fn new(seed: u64, trace: Trace, watched: Nation) -> Self {
        let (dice, nodes, cut) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        let state = State { seed, dice, weather: Weather::FAIR, nodes, cut, liar: None };
        let (state, wire) = (Arc::new(Mutex::new(state)), Wire::new(watched));
        Self { state, trace, wire, began: Instant::now() }
    }

    fn with<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        change(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Lets a node be reached, or no longer.
    pub(crate) fn plug(&self, nation: Nation, router: Option<Router>) {
        self.with(|state| match router {
            Some(router) => state.nodes.insert(nation, (router, growth().0)),
            None => state.nodes.remove(&nation),
        });
    }

    pub(crate) fn weather(&self, weather: Weather) {
        self.with(|state| state.weather = weather);
    }

    /// Cuts one direction for some time.
    pub(crate) fn cut(&self, from: Nation, to: Nation, lasting: Duration) {
        self.with(|state| state.cut.insert((from, to), Instant::now() + lasting));
    }

    /// Mends every cut.
    pub(crate) fn mend(&self) {
        self.with(|state| state.cut.clear());
    }

    fn is_cut(&self, from: Nation, to: Nation) -> bool {
        self.with(|state| state.cut.get(&(from, to)).is_some_and(|until| Instant::now() < *until))
    }

    /// One message on its way: false if it does not arrive.
    async fn carry(&self, from: Nation, to: Nation, message: &[u8]) -> bool {
        let (lost, delay) = self.with(|state| {
            let lost = state.weather.lost_once_in;
            let longest = state.weather.delay_ms * 1000;
            let dice = state.dice(from, to);
            (lost > 0 && dice.once_in(lost), dice.below(longest))
        });
        self.wire.leaves((from, to), message);
        sleep(Duration::from_micros(delay)).await;
        let arrives = !lost && !self.is_cut(from, to);
        if arrives {
            self.wire.arrives((from, to), self.began.elapsed().as_millis(), message);
        }
        arrives
    }

    /// Lets what a nation's node answers be made up from now on.
    pub(crate) fn lies(&self, nation: Nation, liar: Liar) {
        self.with(|state| state.liar = Some((nation, Arc::new(liar))));
    }

    fn liar(&self, nation: Nation) -> Option<Arc<Liar>> {
        self.with(|state| {
            let liar = state.liar.as_ref().filter(|(liar, _)| *liar == nation);
            liar.map(|(_, liar)| liar.clone())
        })
    }

    /// A connection to a node.
    fn connect(&self, nation: Nation) -> Result<(Router, Growth), LinkError> {
        self.with(|state| {
            let node = state.nodes.get(&nation);
            node.map(|(router, ends)| (router.clone(), ends.subscribe()))
        })
        .ok_or_else(|| LinkError(format!("{nation} is down")))
    }
}

/// The way of one node to another.
#[derive(Clone)]
pub(crate) struct SimLink {
    pub(crate) net: Net,
    pub(crate) from: Nation,
    pub(crate) to: Nation,
}

impl SimLink {
    async fn call(&self, request: &Request<Bytes>) -> Result<(Response<Body>, Growth), LinkError> {
        let (router, ends) = self.net.connect(self.to)?;
        if let Some(liar) = self.net.liar(self.to)
            && let Some(answer) = liar.answers(self.from, request)
        {
            return Ok((answer, ends));
        }
        let (mut head, body) = request.clone().into_parts();
        head.extensions.insert(Caller { nation: self.from, certificate: Arc::from([]) });
        let request = Request::from_parts(head, Body::from(body));
        match router.oneshot(request).await {
            Ok(answer) => Ok((answer, ends)),
            Err(never) => match never {},
        }
    }
}

impl Link for SimLink {
    async fn ask(&self, request: Request<Bytes>) -> Result<Response<Body>, LinkError> {
        let lost = || LinkError("nothing came back".to_owned());
        let path = request.uri().path().to_owned();
        let mut asked = format!("{} {}\n", request.method(), request.uri()).into_bytes();
        asked.extend_from_slice(request.body());
        if !self.net.carry(self.from, self.to, &asked).await {
            sleep(Duration::from_secs(5)).await;
            return Err(lost());
        }
        let twice = self.net.with(|state| {
            let doubled = state.weather.doubled_once_in;
            doubled > 0 && state.dice(self.from, self.to).once_in(doubled)
        });
        if twice {
            let _first = self.call(&request).await?;
        }
        let (answer, ends) = self.call(&request).await?;
        self.net.trace.note(format_args!("{} {path} {} {}", self.from, self.to, answer.status()));
        let head = format!("{} {:?}", answer.status(), answer.headers());
        if !self.net.carry(self.to, self.from, head.as_bytes()).await {
            sleep(Duration::from_secs(5)).await;
            return Err(lost());
        }
        Ok(answer.map(|body| self.stream(body, ends)))
    }
}

impl SimLink {
    /// A body whose frames are on their way each by itself: where one is lost, nothing follows.
    fn stream(&self, body: Body, ends: Growth) -> Body {
        let link = self.clone();
        Body::from_stream(unfold((body, link, ends), |(mut body, link, ends)| async move {
            let frame = tokio::select! {
                biased;
                _ended = ends.since(ends.seen()) => None,
                frame = body.frame() => Some(frame?),
            };
            let data = frame.and_then(|frame| frame.ok()?.into_data().ok());
            if let Some(data) = data
                && link.net.carry(link.to, link.from, &data).await
                && link.net.connect(link.to).is_ok()
            {
                return Some((Ok::<Bytes, std::io::Error>(data), (body, link, ends)));
            }
            // A connection that is cut is noticed late.
            sleep(Duration::from_secs(30)).await;
            Some((Err(std::io::ErrorKind::ConnectionReset.into()), (body, link, ends)))
        }))
    }
}
