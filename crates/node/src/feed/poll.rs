//! One run of a source: pages are asked for and taken in, each with how far the feed is with it.

use anyhow::Result;
use entente_intake::acts::{FeedAct, FeedRefusal, PolledAct};
use entente_intake::{Applied, Desk, Outcome, Polled, Prepared, Summary, Taken};
use entente_release::Nation;
use entente_view_taxii::client::{Page, Poll, Turn};

use super::run::{Go, Ran};
use super::server::Server;
use super::{client, label_args};
use crate::doors::Door;
use crate::folder;
use crate::import::{self, summary_lines};
use crate::input::{BATCH_BYTES, BATCH_OBJECTS, prepared};

/// Runs a source once.
pub(super) fn run(door: &Door, feed: &FeedAct, server: &mut Server, go: &Go<'_>) -> Result<Ran> {
    door.desk().may_run(feed)?;
    let nation = folder::nation(&feed.nation)?;
    let mut far = door.desk().polled(feed.number)?;
    let (mut poll, mut ran) = (Poll::new(&feed.collection, far.after), Ran::default());
    let mut summary = Summary::default();
    loop {
        if !go.on(server) {
            ran.more = true;
            break;
        }
        let answer = server.get(&poll.path())?;
        let now = door.desk().now();
        let Turn::Page(page) = poll.read(&answer, now)? else { continue };
        let (more, is_empty) = (page.more, page.objects.is_empty() && page.refused.is_empty());
        go.bar.inc(u64::try_from(page.objects.len()).unwrap_or_default());
        if go.dry {
            forecast(door, (feed, nation), page, (&mut ran, &mut summary))?;
        } else if !(more && is_empty) {
            far = take(door, (feed, nation), (far, page), &mut ran)?;
        }
        if !more {
            break;
        }
    }
    ran.would = if go.dry { summary_lines(&summary) } else { Vec::new() };
    Ok(ran)
}

/// The label of what comes. What another nation made goes to this one alone.
fn label(desk: &Desk, feed: &FeedAct, nation: Nation) -> Result<Option<Applied>> {
    let applied = import::applied(desk, &label_args(&feed.label))?;
    let here = desk.here();
    let alone = |applied| Applied { rel_to: [here].into_iter().collect(), ..applied };
    Ok(if nation == here { applied } else { applied.map(alone) })
}

/// The objects of a page, and what is refused of it already.
fn split(page: &mut Page) -> (Vec<Prepared>, Vec<FeedRefusal>) {
    let unread = std::mem::take(&mut page.refused).into_iter();
    let mut refused: Vec<FeedRefusal> =
        unread.map(|(place, why)| FeedRefusal { id: format!("objects[{place}]"), why }).collect();
    let mut objects = Vec::with_capacity(page.objects.len());
    for bytes in std::mem::take(&mut page.objects) {
        for read in prepared(bytes) {
            match read {
                Ok(object) => objects.push(object),
                Err((id, why)) => {
                    let id = client::shown(&id.unwrap_or_else(|| "an object without id".into()));
                    // It may name a key of the object, and is shown on terminals.
                    refused.push(FeedRefusal { id, why: client::shown(&why) });
                }
            }
        }
    }
    (objects, refused)
}

/// Takes a page in. One that is longer than an append goes in by parts; where the feed is moves on with
/// the last.
fn take(
    door: &Door,
    (feed, nation): (&FeedAct, Nation),
    (mut far, mut page): (PolledAct, Page),
    ran: &mut Ran,
) -> Result<PolledAct> {
    let (objects, mut refused) = split(&mut page);
    ran.refused += u64::try_from(refused.len()).unwrap_or_default();
    let mut parts = parts(objects).into_iter().peekable();
    loop {
        let objects = parts.next().unwrap_or_default();
        let is_last = parts.peek().is_none();
        let mut after = far.clone();
        if is_last {
            after.after = page.after;
        }
        let mut desk = door.desk();
        let applied = label(&desk, feed, nation)?;
        let taken = desk.take_polled(Polled {
            feed: feed.clone(),
            objects,
            refused: std::mem::take(&mut refused),
            applied,
            before: far,
            after,
        })?;
        ran.count(&taken);
        far = desk.polled(feed.number)?;
        if is_last {
            return Ok(far);
        }
    }
}

fn parts(objects: Vec<Prepared>) -> Vec<Vec<Prepared>> {
    let mut parts: Vec<Vec<Prepared>> = Vec::new();
    let mut bytes = 0;
    for object in objects {
        let is_full = parts.last().is_none_or(|part| part.len() >= BATCH_OBJECTS);
        if is_full || bytes >= BATCH_BYTES {
            parts.push(Vec::new());
            bytes = 0;
        }
        bytes += object.bytes.len();
        if let Some(part) = parts.last_mut() {
            part.push(object);
        }
    }
    parts
}

/// What taking a page in would do.
fn forecast(
    door: &Door,
    (feed, nation): (&FeedAct, Nation),
    mut page: Page,
    (ran, summary): (&mut Ran, &mut Summary),
) -> Result<()> {
    let (objects, refused) = split(&mut page);
    ran.refused += u64::try_from(refused.len()).unwrap_or_default();
    let mut desk = door.desk();
    let applied = label(&desk, feed, nation)?;
    let (objects, back) = desk.without_own(objects, nation)?;
    ran.same += u64::try_from(back).unwrap_or_default();
    for outcome in desk.preview(objects, nation, applied.as_ref(), summary)? {
        match outcome {
            None | Some(Outcome::Taken { .. }) => ran.taken += 1,
            Some(Outcome::Same) => ran.same += 1,
            Some(Outcome::Refused(_)) => ran.refused += 1,
        }
    }
    Ok(())
}

impl Ran {
    fn count(&mut self, taken: &Taken) {
        for outcome in &taken.outcomes {
            match outcome {
                Outcome::Taken { .. } => self.taken += 1,
                Outcome::Same => self.same += 1,
                Outcome::Refused(_) => self.refused += 1,
            }
        }
    }
}
