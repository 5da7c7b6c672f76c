//! Replicas of one node: who they are, and how one that is served follows the stream.
//!
//! Invariant: who the replicas are stands in the log, so each of them knows it without the cluster.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use entente_log::journal::{Journal as _, Tip};
use entente_log::order::OrderError;
use entente_store::{Home, StoreError};
use serde::{Deserialize, Serialize};

use crate::census::answer;
use crate::cluster::Cluster;
use crate::error::StreamError;
use crate::limits::{BACK_OFF, BACK_OFF_MAX};
use crate::recover::{By, Outcome, recover};

/// The kind of the act that records a replica.
pub const KIND: &str = "replica";

/// A replica joined or left.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReplicaAct {
    /// Its name.
    pub name: String,
    /// Whether it is one from now on.
    pub active: bool,
}

/// The replicas, as recorded.
pub fn members(home: &Home) -> Result<Vec<String>, StreamError> {
    let mut known = BTreeMap::new();
    for (_, act) in home.acts(KIND)? {
        // One that does not read names nobody.
        if let Ok(act) = serde_json::from_str::<ReplicaAct>(&act.json) {
            known.insert(act.name, act.active);
        }
    }
    Ok(known.into_iter().filter_map(|(name, active)| active.then_some(name)).collect())
}

/// How it stands between this replica and the stream.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum State {
    /// It has not looked yet.
    #[default]
    Starting,
    /// It folds what others write.
    Following,
    /// It waits for something, or for a person.
    Waiting(String),
}

/// How long it is waited for a message at once. What else this folder's processes write, and whether the
/// stream is still there, is looked at as often.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// A served replica, which follows the stream until it is stopped.
pub struct Follower {
    stop: Arc<AtomicBool>,
    state: Arc<Mutex<State>>,
    thread: Option<JoinHandle<()>>,
    answers: tokio::task::JoinHandle<()>,
}

impl Follower {
    /// Begins to follow with a home of its own, which is ordered by the stream of the cluster.
    pub fn start(home: Home, cluster: Cluster) -> Result<Self, StreamError> {
        let (stop, state) = (Arc::new(AtomicBool::new(false)), Arc::default());
        let tip = Arc::new(Mutex::new(home.tip()));
        let answers = answer(&cluster, tip.clone());
        let (stopped, told) = (stop.clone(), Arc::clone(&state));
        let mut run = Run { home, cluster, tip, told, pause: BACK_OFF };
        let thread = thread::Builder::new().name("stream".to_owned()).spawn(move || {
            while !stopped.load(Ordering::Relaxed) {
                run.step();
            }
        });
        let thread = thread.map_err(|cause| StreamError::Threads(cause.to_string()))?;
        Ok(Self { stop, state, thread: Some(thread), answers })
    }

    /// How it stands.
    pub fn state(&self) -> State {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        self.answers.abort();
        if let Some(thread) = self.thread.take() {
            // It has panicked, or ends within a second.
            let _ended = thread.join();
        }
    }
}

struct Run {
    home: Home,
    cluster: Cluster,
    tip: Arc<Mutex<Tip>>,
    told: Arc<Mutex<State>>,
    pause: Duration,
}

impl Run {
    fn step(&mut self) {
        let followed = self.home.follow();
        *self.tip.lock().unwrap_or_else(PoisonError::into_inner) = self.home.tip();
        let state = match followed {
            Ok(_) => self.tell(State::Following),
            Err(StoreError::Order(OrderError::Lost)) => self.recover(),
            Err(error) => self.tell(State::Waiting(error.to_string())),
        };
        *self.tip.lock().unwrap_or_else(PoisonError::into_inner) = self.home.tip();
        let waited = if state { self.home.wait(LOOK_EVERY) } else { Ok(false) };
        if state && waited.is_ok() {
            self.pause = BACK_OFF;
        } else {
            thread::sleep(self.pause);
            self.pause = (self.pause * 2).min(BACK_OFF_MAX);
        }
    }

    fn recover(&mut self) -> bool {
        match recover(&mut self.home, &self.cluster, &By::default(), &mut |_, _| ()) {
            Ok(Outcome::Settled) => self.tell(State::Following),
            Ok(Outcome::Missing(names)) => self.tell(State::Waiting(format!(
                "the stream was lost, and these replicas do not answer: {}. Serve them, or run \
                 `entente stream refill --without NAME` for each that is gone for good",
                names.join(", ")
            ))),
            Ok(Outcome::Other(name)) => self.tell(State::Waiting(format!(
                "the stream was lost; {name} has most, and fills it"
            ))),
            Err(error) => self.tell(State::Waiting(error.to_string())),
        }
    }

    /// Notes how it stands; gives whether it follows.
    fn tell(&self, state: State) -> bool {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        let follows = state == State::Following;
        if *told != state {
            match &state {
                State::Waiting(why) => tracing::error!("the stream is not followed: {why}"),
                State::Following => tracing::info!("the stream is followed"),
                State::Starting => {}
            }
            *told = state;
        }
        follows
    }
}
