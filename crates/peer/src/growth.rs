//! That a store has grown, told to whoever waits for it.
//!
//! Invariant: those who wait are woken in the order in which they began to. (The channels of the
//! runtime wake in random order, which a simulation could not repeat.)

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use tokio::sync::Notify;

#[derive(Debug, Default)]
struct Shared {
    count: AtomicU64,
    ended: AtomicBool,
    told: Notify,
}

/// Tells. When it is dropped, nobody waits any longer.
#[derive(Debug)]
pub struct Grower(Arc<Shared>);

/// Waits.
#[derive(Clone, Debug)]
pub struct Growth(Arc<Shared>);

/// One who tells, and those who wait.
pub fn growth() -> (Grower, Growth) {
    let shared = Arc::new(Shared::default());
    (Grower(shared.clone()), Growth(shared))
}

impl Grower {
    /// Tells that it has grown.
    pub fn tell(&self) {
        self.0.count.fetch_add(1, Ordering::SeqCst);
        self.0.told.notify_waiters();
    }

    /// Another who waits.
    pub fn subscribe(&self) -> Growth {
        Growth(self.0.clone())
    }
}

impl Drop for Grower {
    fn drop(&mut self) {
        self.0.ended.store(true, Ordering::SeqCst);
        self.0.told.notify_waiters();
    }
}

impl Growth {
    /// How often it has grown.
    pub fn seen(&self) -> u64 {
        self.0.count.load(Ordering::SeqCst)
    }

    /// Waits until it has grown since `seen`. False if it never will again.
    pub async fn since(&self, seen: u64) -> bool {
        loop {
            let mut told = std::pin::pin!(self.0.told.notified());
            // From here on nothing is missed.
            told.as_mut().enable();
            if self.0.ended.load(Ordering::SeqCst) {
                return false;
            }
            if self.seen() != seen {
                return true;
            }
            told.await;
        }
    }
}
