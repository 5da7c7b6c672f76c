//! Feeds of a served node, each run when it is due.
//!
//! Invariants:
//! * A feed that fails, waits or hangs holds up no other: each runs on a thread of its own, [`AT_ONCE`]
//!   at most.
//! * A feed that failed waits ever longer, and at least as long as its server asks.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Result;
use entente_intake::acts::{FeedAct, FeedState, kind};
use entente_intake::feeds_of;
use entente_store::Reader;
use entente_view_taxii::client::{Fault, pause};
use indicatif::ProgressBar;
use tokio::sync::watch;

use super::login::Login;
use super::run::{self, Go};
use crate::doors::Door;
use crate::folder;

/// How often it is looked what is due.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// Feeds that run at once: each may hold a page of 10 MiB and its 50 MiB inflated.
const AT_ONCE: usize = 4;

/// How a run ended: the feed's number, and how long its server asks to wait if it failed.
type Ended = (u32, Result<(), Option<Duration>>);

/// A feed that is watched over.
struct Watched {
    feed: FeedAct,
    due: Instant,
    failures: u32,
    runs: bool,
}

/// Runs feeds when they are due, until `stopped`. A run that is under way then ends by itself, or with
/// the process: what it had acknowledged stands.
pub(crate) async fn run_when_due(
    folder: PathBuf,
    door: Arc<Door>,
    mut stopped: watch::Receiver<bool>,
) {
    let reader = match Reader::open(&folder) {
        Ok(reader) => reader,
        Err(error) => {
            tracing::error!("no feed runs, because the store cannot be read: {error}");
            return;
        }
    };
    let stop = Arc::new(AtomicBool::new(false));
    let (tell, told) = channel();
    let (seen, feeds) = (None, BTreeMap::new());
    let mut watch = Watch { folder, reader, door, stop: stop.clone(), seen, feeds };
    loop {
        watch.note(&told);
        if let Err(error) = watch.look() {
            tracing::error!("which feeds are due is not known: {error:#}");
        }
        watch.start(&tell);
        tokio::select! {
            _ = stopped.wait_for(|stop| *stop) => break,
            () = tokio::time::sleep(LOOK_EVERY) => {}
        }
    }
    stop.store(true, Ordering::Relaxed);
}

struct Watch {
    folder: PathBuf,
    reader: Reader,
    door: Arc<Door>,
    stop: Arc<AtomicBool>,
    /// The newest act of kind `feed` that was looked at.
    seen: Option<u64>,
    feeds: BTreeMap<u32, Watched>,
}

impl Watch {
    /// Notes how runs ended.
    fn note(&mut self, told: &Receiver<Ended>) {
        while let Ok((number, ended)) = told.try_recv() {
            let Some(watched) = self.feeds.get_mut(&number) else { continue };
            watched.runs = false;
            watched.failures = if ended.is_ok() { 0 } else { watched.failures.saturating_add(1) };
            let every = Duration::from_secs(watched.feed.every);
            let dice = folder::random::<8>().map_or(0, u64::from_le_bytes);
            let asked = ended.err().flatten();
            watched.due = Instant::now() + pause(every, watched.failures, asked, dice);
        }
    }

    /// Looks whether feeds were added, changed or removed.
    fn look(&mut self) -> Result<()> {
        let version = self.reader.last_act(&[kind::FEED])?;
        if self.seen == Some(version) {
            return Ok(());
        }
        let active = |feed: &FeedAct| feed.state == FeedState::Active;
        let feeds: BTreeMap<u32, FeedAct> = feeds_of(&self.reader.acts(kind::FEED)?)?
            .into_iter()
            .filter(active)
            .map(|feed| (feed.number, feed))
            .collect();
        self.feeds.retain(|number, watched| watched.runs || feeds.contains_key(number));
        for (number, feed) in feeds {
            match self.feeds.get_mut(&number) {
                Some(watched) if watched.feed == feed && watched.failures == 0 => {}
                // It may have got what it failed for want of, such as another login.
                Some(watched) => (watched.feed, watched.due) = (feed, Instant::now()),
                None => {
                    let watched = Watched { feed, due: Instant::now(), failures: 0, runs: false };
                    self.feeds.insert(number, watched);
                }
            }
        }
        self.seen = Some(version);
        Ok(())
    }

    /// Starts what is due.
    fn start(&mut self, tell: &Sender<Ended>) {
        let mut running = self.feeds.values().filter(|watched| watched.runs).count();
        let now = Instant::now();
        for watched in self.feeds.values_mut() {
            let is_due = !watched.runs && watched.due <= now;
            if !is_due || running >= AT_ONCE || !Login::is_here(&self.folder, watched.feed.number) {
                continue;
            }
            (watched.runs, running) = (true, running + 1);
            let (folder, door, feed) =
                (self.folder.clone(), self.door.clone(), watched.feed.clone());
            let (stop, tell) = (self.stop.clone(), tell.clone());
            thread::spawn(move || {
                let bar = ProgressBar::hidden();
                let go = Go { folder: &folder, bar: &bar, stop: Some(&stop), dry: false };
                let ended = run::run(&door, &feed, &go).map(drop).map_err(|error| {
                    tracing::warn!("the feed {} failed: {error:#}", feed.name);
                    error.downcast_ref::<Fault>().and_then(Fault::wait)
                });
                let _nobody_asks_any_more = tell.send((feed.number, ended));
            });
        }
    }
}
