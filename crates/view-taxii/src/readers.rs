//! Readers of the store, kept open, and when it last changed.
//!
//! Invariants:
//! * A reader is used by one request at a time; one that failed is not used again.
//! * If anything was committed before a request began, its [`Readers::generation`] is greater than
//!   that of every request that ended before the commit.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use entente_store::{Reader, StoreError};

use crate::limits::READERS_KEPT_MAX;

/// The readers of one store.
pub(crate) struct Readers {
    folder: PathBuf,
    idle: Mutex<Vec<Seat>>,
    generation: AtomicU64,
}

/// A reader, and what it last knew of the store.
struct Seat {
    reader: Reader,
    data_version: i64,
}

impl Readers {
    /// Readers of the store in `folder`; opens the first.
    pub(crate) fn open(folder: PathBuf) -> Result<Self, StoreError> {
        let readers = Self { folder, idle: Mutex::default(), generation: AtomicU64::new(1) };
        readers.ask(|_, _| Ok::<(), StoreError>(()))?;
        Ok(readers)
    }

    /// Asks a reader, which is told the generation of the store at least.
    pub(crate) fn ask<T, E: From<StoreError>>(
        &self,
        question: impl FnOnce(&mut Reader, u64) -> Result<T, E>,
    ) -> Result<T, E> {
        let mut seat = self.take()?;
        let data_version = seat.reader.data_version()?;
        if data_version != seat.data_version {
            seat.data_version = data_version;
            self.generation.fetch_add(1, Ordering::SeqCst);
        }
        let generation = self.generation.load(Ordering::SeqCst);
        let answer = question(&mut seat.reader, generation)?;
        self.give_back(seat);
        Ok(answer)
    }

    fn take(&self) -> Result<Seat, StoreError> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        match idle {
            Some(seat) => Ok(seat),
            // No reader has seen the number -1: the first look counts as a change.
            None => Ok(Seat { reader: Reader::open(&self.folder)?, data_version: -1 }),
        }
    }

    fn give_back(&self, seat: Seat) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < READERS_KEPT_MAX {
            idle.push(seat);
        }
    }
}
