//! Simulated time: the runtime's paused clock, and each node's own view of it.
//!
//! Invariant: nothing here asks the machine.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use entente_object::clock::Clock;
use entente_object::time::Timestamp;
use tokio::time::Instant;

/// When a simulation begins: 2024-01-01, in microseconds since 1970.
const BEGIN: i64 = 1_704_067_200_000_000;

/// A node's clock: simulated time, wrong by a skew that can be set.
#[derive(Clone, Debug)]
pub(crate) struct SimClock {
    began: Instant,
    skew: Arc<AtomicI64>,
}

impl SimClock {
    /// A clock that is right. To be made within the simulation.
    pub(crate) fn new(began: Instant) -> Self {
        Self { began, skew: Arc::default() }
    }

    /// Another node's clock.
    pub(crate) fn another(&self) -> Self {
        Self::new(self.began)
    }

    /// Lets it be wrong by so many microseconds.
    pub(crate) fn skew(&self, micros: i64) {
        self.skew.store(micros, Ordering::Relaxed);
    }
}

impl Clock for SimClock {
    fn now(&self) -> Timestamp {
        let passed = i64::try_from(self.began.elapsed().as_micros()).unwrap_or(i64::MAX);
        Timestamp::from_unix_micros(BEGIN + passed + self.skew.load(Ordering::Relaxed))
    }
}
