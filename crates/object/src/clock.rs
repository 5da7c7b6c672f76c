//! The time as an argument: whoever needs to know it is given a [`Clock`].
//!
//! Invariant: [`SystemClock`] is the one place of the workspace that asks the machine.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use crate::time::Timestamp;

/// Tells the time.
pub trait Clock: Send + Sync {
    /// The time now, to the microsecond.
    fn now(&self) -> Timestamp;
}

/// The machine's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place that asks the machine")]
    fn now(&self) -> Timestamp {
        Timestamp::from_unix_micros(jiff::Timestamp::now().as_microsecond())
    }
}

/// A clock that stands still, for tests and for replays.
#[derive(Clone, Copy, Debug)]
pub struct FixedClock(pub Timestamp);

impl Clock for FixedClock {
    fn now(&self) -> Timestamp {
        self.0
    }
}

/// A clock that goes on by the same step each time it is read, and when told: for tests and for
/// the simulation. The first reading is the start.
#[derive(Debug)]
pub struct StepClock {
    next_micros: AtomicI64,
    step_micros: i64,
}

impl StepClock {
    /// A clock that starts at `start` and goes on by `step` at each reading.
    pub fn new(start: Timestamp, step: Duration) -> Self {
        Self {
            next_micros: AtomicI64::new(start.unix_micros()),
            step_micros: i64::try_from(step.as_micros()).unwrap_or(i64::MAX),
        }
    }

    /// Lets `by` pass.
    pub fn advance(&self, by: Duration) {
        let by = i64::try_from(by.as_micros()).unwrap_or(i64::MAX);
        self.next_micros.fetch_add(by, Ordering::Relaxed);
    }

    /// Sets the next reading, backwards too: clocks jump.
    pub fn set(&self, to: Timestamp) {
        self.next_micros.store(to.unix_micros(), Ordering::Relaxed);
    }
}

impl Clock for StepClock {
    fn now(&self) -> Timestamp {
        let micros = self.next_micros.fetch_add(self.step_micros, Ordering::Relaxed);
        Timestamp::from_unix_micros(micros)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_clock_steps_when_read_and_when_told() {
        let start = Timestamp::parse("2023-05-12T10:00:00Z").unwrap();
        let clock = StepClock::new(start, Duration::from_micros(1));
        assert_eq!(clock.now(), start);
        assert_eq!(clock.now().to_taxii(), "2023-05-12T10:00:00.000001Z");
        clock.advance(Duration::from_mins(1));
        assert_eq!(clock.now().to_taxii(), "2023-05-12T10:01:00.000002Z");
        clock.set(start);
        assert_eq!(clock.now(), start);
    }

    #[test]
    fn the_machine_is_past_the_year_this_was_written() {
        assert!(SystemClock.now() > Timestamp::parse("2024-01-01T00:00:00Z").unwrap());
        let fixed = FixedClock(SystemClock.now());
        assert_eq!(fixed.now(), fixed.now());
    }
}
