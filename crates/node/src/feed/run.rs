//! One run of a feed, by hand or when it is due.
//!
//! Invariants: one run of a feed at a time in a folder; how it ended is recorded, unless it was a trial.

use std::fs::File;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context as _, Result, bail};
use entente_intake::acts::{FeedAct, FeedWay};
use indicatif::ProgressBar;
use serde::Serialize;

use super::login::{self, Login};
use super::server::{Limits, Server};
use super::{poll, push};
use crate::doors::Door;

/// How a run goes.
pub(super) struct Go<'a> {
    pub(super) folder: &'a Path,
    pub(super) bar: &'a ProgressBar,
    /// Whether to end before the next request.
    pub(super) stop: Option<&'a AtomicBool>,
    /// Whether nothing is to change, here or there.
    pub(super) dry: bool,
}

impl Go<'_> {
    /// Whether the run goes on.
    pub(super) fn on(&self, server: &Server) -> bool {
        server.has_budget() && !self.is_stopped()
    }

    pub(super) fn is_stopped(&self) -> bool {
        self.stop.is_some_and(|stop| stop.load(Ordering::Relaxed))
    }
}

/// What a run did.
#[derive(Clone, Debug, Default, Serialize)]
pub(super) struct Ran {
    /// Objects that were taken in.
    pub(super) taken: u64,
    /// Objects that were here already.
    pub(super) same: u64,
    /// Objects that were refused, here or there.
    pub(super) refused: u64,
    /// Objects that the server took.
    pub(super) given: u64,
    /// Objects that the server deleted.
    pub(super) taken_back: u64,
    /// Objects that the server has not said it deleted.
    pub(super) not_acknowledged: u64,
    /// How often the server was asked.
    pub(super) requests: u32,
    /// Whether something is left for the next run.
    pub(super) more: bool,
    /// Of a trial: what would be released.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) would: Vec<String>,
}

/// Runs a feed once.
pub(super) fn run(door: &Door, feed: &FeedAct, go: &Go<'_>) -> Result<Ran> {
    run_within(door, feed, go, Limits::RUN)
}

/// The same within other limits.
pub(super) fn run_within(door: &Door, feed: &FeedAct, go: &Go<'_>, limits: Limits) -> Result<Ran> {
    let login = Login::of(go.folder, feed)?;
    let path = login::path(go.folder, feed.number);
    let lock = File::open(&path).with_context(|| format!("{} not opened", path.display()))?;
    if lock.try_lock().is_err() {
        bail!("{} runs at this moment: look at `entente feed list`", feed.name);
    }
    let mut server = Server::new(&feed.root, feed.authority.as_deref(), &login, limits)?;
    let ran = match feed.way {
        FeedWay::From => poll::run(door, feed, &mut server, go),
        FeedWay::To => push::run(door, feed, &mut server, go),
    };
    if !go.dry {
        let why = ran.as_ref().err().map(|error| format!("{error:#}"));
        door.desk().feed_ran(feed.number, why.as_deref())?;
    }
    Ok(Ran { requests: server.requests(), ..ran? })
}
