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
use entente_release::Nation;
use futures_util::stream::unfold;
use http::{Request, Response};
use http_body_util::BodyExt as _;
use tokio::time::{Instant, sleep};
use tower::ServiceExt as _;

use crate::dice::Dice;
use crate::trace::Trace;

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
    dice: Dice,
    weather: Weather,
    /// The nodes that are up.
    nodes: BTreeMap<Nation, Router>,
    /// Until when nothing goes from one to the other.
    cut: BTreeMap<(Nation, Nation), Instant>,
}

/// The network.
#[derive(Clone)]
pub(crate) struct Net {
    state: Arc<Mutex<State>>,
    trace: Trace,
}

impl Net {
    pub(crate) fn new(dice: Dice, trace: Trace) -> Self {
        let (nodes, cut) = (BTreeMap::new(), BTreeMap::new());
        let state = State { dice, weather: Weather::FAIR, nodes, cut };
        Self { state: Arc::new(Mutex::new(state)), trace }
    }

    fn with<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        change(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Lets a node be reached, or no longer.
    pub(crate) fn plug(&self, nation: Nation, router: Option<Router>) {
        self.with(|state| match router {
            Some(router) => state.nodes.insert(nation, router),
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
    async fn carry(&self, from: Nation, to: Nation) -> bool {
        let (lost, delay) = self.with(|state| {
            let lost = state.weather.lost_once_in;
            let lost = lost > 0 && state.dice.once_in(lost);
            (lost, state.dice.below(state.weather.delay_ms * 1000))
        });
        sleep(Duration::from_micros(delay)).await;
        !lost && !self.is_cut(from, to)
    }

    fn router(&self, nation: Nation) -> Result<Router, LinkError> {
        self.with(|state| state.nodes.get(&nation).cloned())
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
    async fn call(&self, request: &Request<Bytes>) -> Result<Response<Body>, LinkError> {
        let router = self.net.router(self.to)?;
        let (mut head, body) = request.clone().into_parts();
        head.extensions.insert(Caller { nation: self.from, certificate: Arc::from([]) });
        let request = Request::from_parts(head, Body::from(body));
        match router.oneshot(request).await {
            Ok(answer) => Ok(answer),
            Err(never) => match never {},
        }
    }
}

impl Link for SimLink {
    async fn ask(&self, request: Request<Bytes>) -> Result<Response<Body>, LinkError> {
        let lost = || LinkError("nothing came back".to_owned());
        let path = request.uri().path().to_owned();
        if !self.net.carry(self.from, self.to).await {
            sleep(Duration::from_secs(5)).await;
            return Err(lost());
        }
        let twice = self.net.with(|state| {
            let doubled = state.weather.doubled_once_in;
            doubled > 0 && state.dice.once_in(doubled)
        });
        if twice {
            let _first = self.call(&request).await?;
        }
        let answer = self.call(&request).await?;
        self.net.trace.note(format_args!("{} {path} {} {}", self.from, self.to, answer.status()));
        if !self.net.carry(self.to, self.from).await {
            sleep(Duration::from_secs(5)).await;
            return Err(lost());
        }
        Ok(answer.map(|body| self.stream(body)))
    }
}

impl SimLink {
    /// A body whose frames are on their way each by itself: where one is lost, nothing follows.
    fn stream(&self, body: Body) -> Body {
        let link = self.clone();
        Body::from_stream(unfold((body, link), |(mut body, link)| async move {
            let frame = body.frame().await?;
            let data = frame.ok()?.into_data().unwrap_or_default();
            if !link.net.carry(link.to, link.from).await || link.net.router(link.to).is_err() {
                // A connection that is cut is noticed late.
                sleep(Duration::from_secs(30)).await;
                return Some((Err(std::io::ErrorKind::ConnectionReset.into()), (body, link)));
            }
            Some((Ok::<Bytes, std::io::Error>(data), (body, link)))
        }))
    }
}
