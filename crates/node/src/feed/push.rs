//! One run of a target: what a partner's ledger has is given to its server, in that order.
//!
//! Invariants:
//! * Right before each request it is asked whether the partner takes part and the feed runs; nothing is
//!   sent but what was sealed for that partner then.
//! * How far the ledger was given moves on when the server has said what became of every object, and
//!   what it refused is recorded with it. What it may have taken before a crash is given again: the same
//!   object in the same version is the same.

use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use entente_intake::acts::{FeedAct, FeedRefusal, FeedState, PeerAct, PendingAct, PushedAct, kind};
use entente_intake::{feeds_of, partners_of};
use entente_release::Audience;
use entente_release::partner::{Authenticated, Channel};
use entente_store::{Outgoing, Reader, TakenBack};
use entente_view_taxii::client::{
    self, Deleted, Fault, Posted, Status, collection_path, object_path, status_path,
};
use entente_view_taxii::limits::{ENVELOPE_BYTES_MAX, ENVELOPE_OBJECTS_MAX};
use uuid::Uuid;

use super::run::{Go, Ran};
use super::server::Server;
use crate::doors::Door;
use crate::folder;

/// How long it is waited between two questions at first, then twice as long each time.
const PENDING_FIRST: Duration = Duration::from_millis(250);

/// How long it is slept between two looks whether to stop.
const STEP: Duration = Duration::from_millis(250);

/// Runs a target once.
pub(super) fn run(door: &Door, feed: &FeedAct, server: &mut Server, go: &Go<'_>) -> Result<Ran> {
    let reader = Reader::open(go.folder)?;
    let far = door.desk().pushed(feed.number)?;
    let mut push = Push { door, feed, go, reader, far, ran: Ran::default() };
    if go.dry {
        return push.forecast();
    }
    // A label whose time is over is taken back before anything is given under it.
    door.desk().expire()?;
    push.audience()?;
    let length = client::max_content_length(&server.get("")?)?.min(ENVELOPE_BYTES_MAX);
    push.audience()?;
    let listed = client::collection(&server.get(&collection_path(&feed.collection))?)?;
    if !listed.can_write {
        bail!("this login may not add to the collection {}: ask the partner", feed.collection);
    }
    push.all(server, usize::try_from(length).unwrap_or(usize::MAX))?;
    Ok(push.ran)
}

struct Push<'a> {
    door: &'a Door,
    feed: &'a FeedAct,
    go: &'a Go<'a>,
    reader: Reader,
    far: PushedAct,
    ran: Ran,
}

impl Push<'_> {
    /// The partner as it is now, if it may have anything and the feed runs.
    fn audience(&self) -> Result<Audience> {
        let (name, nation) = (&self.feed.name, folder::nation(&self.feed.nation)?);
        let feeds = feeds_of(&self.reader.acts(kind::FEED)?)?;
        let known = feeds.iter().find(|feed| feed.number == self.feed.number);
        if known.is_none_or(|feed| feed.state != FeedState::Active) {
            bail!("{name} is paused or removed: `entente feed list` says which");
        }
        for (_, act) in self.reader.acts(kind::PEER)? {
            let act: PeerAct = serde_json::from_str(&act.json)?;
            if act.nation == self.feed.nation {
                bail!("{nation} has a node, which follows this one: it needs no feed");
            }
        }
        let partners = partners_of(&self.reader.acts(kind::PARTNER)?)?;
        let Some(partner) = partners.iter().find(|partner| partner.nation == nation) else {
            bail!("{nation} is no partner of this node");
        };
        // The server showed a certificate for the address that people named for this partner.
        let session = Authenticated::Certificate(nation);
        let now = self.door.desk().now();
        match Audience::admit(partner, &session, Channel::default(), now) {
            Ok(audience) => Ok(audience),
            Err(reason) => bail!("{nation} may have nothing: {reason}"),
        }
    }

    /// Gives all that is there, envelope by envelope.
    fn all(&mut self, server: &mut Server, bytes: usize) -> Result<()> {
        let mut most = ENVELOPE_OBJECTS_MAX;
        loop {
            if let Some(pending) = self.far.pending.clone() {
                if !self.settle(server, &pending)? {
                    self.ran.more = true;
                    return Ok(());
                }
                continue;
            }
            if !self.go.on(server) {
                self.ran.more = true;
                return Ok(());
            }
            let (audience, from) = (self.audience()?, (self.far.entries, self.feed.since));
            let Some(next) = self.reader.outgoing(&audience, from, (most, bytes))? else {
                return Ok(());
            };
            self.go.bar.set_position(self.far.entries);
            if let Some(back) = &next.taken_back {
                self.take_back(server, back, next.to)?;
            } else if next.bytes > bytes && next.objects.len() == 1 {
                self.refuse(
                    &next,
                    &format!("it is longer than the {bytes} bytes the server takes"),
                )?;
            } else {
                most = self.give(server, next, most)?;
            }
        }
    }

    /// Gives an envelope; says how many objects the next one may have.
    fn give(&mut self, server: &mut Server, mut next: Outgoing, most: usize) -> Result<usize> {
        let count = next.objects.len();
        let Some(envelope) = next.envelope.take() else {
            self.record(PushedAct { entries: next.to, ..self.far.clone() }, &[])?;
            return Ok(most);
        };
        let path = format!("{}objects/", collection_path(&self.feed.collection));
        match client::posted(&server.post(&path, envelope)?)? {
            Posted::Taken(status) => {
                let objects = u64::try_from(count).unwrap_or(u64::MAX);
                let id = status.id.to_string();
                let pending = PendingAct { status: id, to: next.to, objects };
                if status.is_complete {
                    self.acknowledged(&pending, status)?;
                } else {
                    self.record(PushedAct { pending: Some(pending), ..self.far.clone() }, &[])?;
                }
                Ok(most.saturating_mul(2).min(ENVELOPE_OBJECTS_MAX))
            }
            Posted::Refused(why) if count == 1 => {
                self.refuse(&next, &why)?;
                Ok(1)
            }
            Posted::Refused(_) => Ok(count / 2),
        }
    }

    /// Asks what became of an envelope, until it is known or time is over; says whether it is known.
    fn settle(&mut self, server: &mut Server, pending: &PendingAct) -> Result<bool> {
        let id = Uuid::try_parse(&pending.status)?;
        let (began, mut wait) = (Instant::now(), PENDING_FIRST);
        loop {
            if !self.go.on(server) {
                return Ok(false);
            }
            self.audience()?;
            let answer = server.get(&status_path(id))?;
            match client::status(&answer) {
                Ok(status) if status.is_complete => {
                    self.acknowledged(pending, status)?;
                    return Ok(true);
                }
                Ok(_) => {}
                Err(Fault::NotThere) => {
                    self.record(PushedAct { pending: None, ..self.far.clone() }, &[])?;
                    bail!(
                        "the server has forgotten what became of what it took: it is given again"
                    );
                }
                Err(fault) => return Err(fault.into()),
            }
            if began.elapsed() + wait > server.limits().pending {
                return Ok(false);
            }
            let until = Instant::now() + wait;
            while Instant::now() < until && !self.go.is_stopped() {
                thread::sleep(STEP.min(wait));
            }
            wait = wait.saturating_mul(2);
        }
    }

    /// Notes what became of every object of an envelope.
    fn acknowledged(&mut self, pending: &PendingAct, status: Status) -> Result<()> {
        let failed = status.failed.min(pending.objects);
        let given = pending.objects - failed;
        let refusal = |(id, why): (String, String)| FeedRefusal { id, why };
        let mut refused: Vec<FeedRefusal> = status.failures.into_iter().map(refusal).collect();
        if failed > 0 && refused.is_empty() {
            let why = "the server does not say which of them, and why".to_owned();
            refused.push(FeedRefusal { id: format!("{failed} objects"), why });
        }
        let mut far = PushedAct { entries: pending.to, pending: None, ..self.far.clone() };
        (far.given, far.refused) = (far.given + given, far.refused + failed);
        (self.ran.given, self.ran.refused) = (self.ran.given + given, self.ran.refused + failed);
        self.record(far, &refused)
    }

    /// Notes that the one object of an envelope was refused.
    fn refuse(&mut self, next: &Outgoing, why: &str) -> Result<()> {
        let id = next.objects.first().cloned().unwrap_or_default();
        let mut far = PushedAct { entries: next.to, ..self.far.clone() };
        far.refused += 1;
        self.ran.refused += 1;
        self.record(far, &[FeedRefusal { id, why: why.to_owned() }])
    }

    /// Asks the server to delete what was taken back.
    fn take_back(&mut self, server: &mut Server, back: &TakenBack, to: u64) -> Result<()> {
        let path = object_path(&self.feed.collection, &back.id, back.version);
        let mut far = PushedAct { entries: to, ..self.far.clone() };
        let why = match client::deleted(&server.delete(&path)?)? {
            Deleted::Done => {
                far.taken_back += 1;
                self.ran.taken_back += 1;
                return self.record(far, &[]);
            }
            Deleted::NotThere => "the server says that it is not there".to_owned(),
            Deleted::Refused(why) => why,
        };
        far.not_acknowledged += 1;
        self.ran.not_acknowledged += 1;
        let why = format!("taken back, not acknowledged: {why}");
        self.record(far, &[FeedRefusal { id: back.id.clone(), why }])
    }

    fn record(&mut self, far: PushedAct, refused: &[FeedRefusal]) -> Result<()> {
        let mut desk = self.door.desk();
        desk.acknowledge_push(self.feed, (&self.far, &far), refused)?;
        self.far = far;
        Ok(())
    }

    /// What would be given; nothing is asked or sent.
    fn forecast(mut self) -> Result<Ran> {
        let (since, mut from) = (self.feed.since, self.far.entries);
        let most =
            (ENVELOPE_OBJECTS_MAX, usize::try_from(ENVELOPE_BYTES_MAX).unwrap_or(usize::MAX));
        loop {
            let audience = self.audience()?;
            let Some(next) = self.reader.outgoing(&audience, (from, since), most)? else { break };
            self.ran.given += u64::try_from(next.objects.len()).unwrap_or_default();
            self.ran.taken_back += u64::from(next.taken_back.is_some());
            from = next.to;
        }
        Ok(self.ran)
    }
}
