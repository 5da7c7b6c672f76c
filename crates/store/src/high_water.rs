//! What this node has signed, kept apart from the database that a backup would replace.
//!
//! Invariant: for each ledger the file holds the largest size that was signed, as soon as
//! the signature is on disk. A store with fewer entries is an old backup: it may not sign.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use crate::error::StoreError;

/// The record of signed sizes.
#[derive(Debug)]
pub(crate) struct HighWater {
    path: PathBuf,
    signed: BTreeMap<String, u64>,
}

impl HighWater {
    /// Reads the file; a missing one is that of a new node.
    pub(crate) fn open(path: &Path) -> Result<Self, StoreError> {
        let mut water = Self { path: path.to_owned(), signed: BTreeMap::new() };
        let text = match fs::read_to_string(path) {
            Ok(text) => text,
            Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => return Ok(water),
            Err(cause) => return Err(water.failed(&cause)),
        };
        for line in text.lines() {
            let entry = line.split_once(' ').and_then(|(size, origin)| {
                size.parse::<u64>().ok().map(|size| (origin.to_owned(), size))
            });
            let Some((origin, size)) = entry else {
                return Err(water.failed(&format!("line \"{line}\" is not SIZE ORIGIN")));
            };
            water.signed.insert(origin, size);
        }
        Ok(water)
    }

    /// Reads the file again: another process may have signed.
    pub(crate) fn reload(&mut self) -> Result<(), StoreError> {
        *self = Self::open(&self.path.clone())?;
        Ok(())
    }

    /// Refuses a ledger that is shorter than what was signed.
    pub(crate) fn check(&self, origin: &str, here: u64) -> Result<(), StoreError> {
        match self.signed.get(origin) {
            Some(&signed) if signed > here => {
                Err(StoreError::RolledBack { origin: origin.to_owned(), here, signed })
            }
            Some(_) | None => Ok(()),
        }
    }

    /// Records sizes that were signed; they are on disk when this returns.
    pub(crate) fn raise(
        &mut self,
        sizes: impl IntoIterator<Item = (String, u64)>,
    ) -> Result<(), StoreError> {
        let before = self.signed.clone();
        self.signed.extend(sizes);
        if self.signed == before {
            return Ok(());
        }
        self.write().map_err(|cause| self.failed(&cause))
    }

    fn write(&self) -> std::io::Result<()> {
        let fresh = self.path.with_extension("new");
        let mut file = File::create(&fresh)?;
        for (origin, size) in &self.signed {
            writeln!(file, "{size} {origin}")?;
        }
        file.sync_all()?;
        fs::rename(&fresh, &self.path)?;
        match self.path.parent() {
            Some(folder) => File::open(folder)?.sync_all(),
            None => Ok(()),
        }
    }

    fn failed(&self, reason: &impl ToString) -> StoreError {
        StoreError::HighWater { path: self.path.display().to_string(), reason: reason.to_string() }
    }
}
