//! What happened, as one hash: two runs of a seed that differ anywhere differ in it.
//!
//! And what the nodes wrote into their logs.
//!
//! Invariant: everything that a decision of the simulation or a node's outcome depends on is noted.

use std::fmt::Display;
use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};

use sha2::{Digest as _, Sha256};
use tracing_subscriber::fmt::MakeWriter;

/// A trace, shared by all that happens in a simulation.
#[derive(Clone, Default)]
pub(crate) struct Trace(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    hash: Sha256,
    events: u64,
    shown: bool,
}

impl Trace {
    /// A trace that prints what it notes, to look at a seed.
    pub(crate) fn shown(shown: bool) -> Self {
        Self(Arc::new(Mutex::new(State { shown, ..State::default() })))
    }

    /// Notes something.
    pub(crate) fn note(&self, what: impl Display) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let text = what.to_string();
        state.hash.update(u64::try_from(text.len()).unwrap_or(u64::MAX).to_be_bytes());
        state.hash.update(&text);
        state.events += 1;
        if state.shown {
            println!("{:>6}  {text}", state.events);
        }
    }

    /// The hash so far, and of how many events.
    pub(crate) fn hash(&self) -> (String, u64) {
        let state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let digest = state.hash.clone().finalize();
        (entente_intake::hex(digest.get(..16).unwrap_or_default()), state.events)
    }
}

/// What was logged.
#[derive(Clone, Default)]
pub(crate) struct Logged(Arc<Mutex<Vec<u8>>>);

impl Logged {
    /// Everything so far.
    pub(crate) fn text(&self) -> Vec<u8> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Write for Logged {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Logged {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}
