//! Feeds: TAXII servers of those who have no node, as sources and as targets.
//!
//! Invariants:
//! * What came is recorded in one append with how far the feed was taken in: after a crash the two
//!   agree.
//! * A position moves on from the one that a run began with, or not at all: of two runs of one feed, in
//!   whatever process, one alone counts.
//! * Of a feed that is not active, and of a nation that is shut out or has a node, nothing is taken.

use entente_log::entry::Act;
use entente_release::{Nation, partner};

use crate::acts::{
    FeedAct, FeedRefusal, FeedRefusedAct, FeedState, FeedTroubleAct, FeedWay, PolledAct, PushedAct,
    kind,
};
use crate::desk::{Desk, IntakeError};
use crate::label::Applied;
use crate::prepare::Prepared;
use crate::take::{Outcome, Taken};

/// Refusals that one act lists: 500 of 300 bytes are 150 KiB. Of more the number is kept.
const LISTED_MAX: usize = 500;

/// The longest reason that is kept, in bytes.
const WHY_BYTES_MAX: usize = 200;

/// A page of a source, or a part of one.
#[derive(Clone, Debug)]
pub struct Polled {
    /// The feed.
    pub feed: FeedAct,
    /// The objects.
    pub objects: Vec<Prepared>,
    /// What was refused before it came here.
    pub refused: Vec<FeedRefusal>,
    /// The label put on all.
    pub applied: Option<Applied>,
    /// How far the feed was taken in when it was asked.
    pub before: PolledAct,
    /// How far it is with this; its counts are those before.
    pub after: PolledAct,
}

/// The feeds that acts of kind `feed` record, but for those that were removed.
pub fn feeds_of(acts: &[(u64, Act<'_>)]) -> Result<Vec<FeedAct>, IntakeError> {
    let mut feeds: Vec<FeedAct> = Vec::new();
    for (seq, act) in acts {
        let read: FeedAct = serde_json::from_str(&act.json).map_err(|cause| IntakeError::Act {
            seq: *seq,
            kind: act.kind.to_string(),
            reason: cause.to_string(),
        })?;
        match feeds.iter_mut().find(|known| known.number == read.number) {
            Some(known) => *known = read,
            None => feeds.push(read),
        }
    }
    feeds.retain(|feed| feed.state != FeedState::Removed);
    Ok(feeds)
}

impl Desk {
    /// The feeds.
    pub fn feeds(&self) -> Result<Vec<FeedAct>, IntakeError> {
        feeds_of(&self.home.acts(kind::FEED)?)
    }

    /// The feed of a name.
    pub fn feed(&self, name: &str) -> Result<FeedAct, IntakeError> {
        let found = self.feeds()?.into_iter().find(|feed| feed.name == name);
        let missing = || format!("no feed is called {name}: `entente feed list` shows them");
        found.ok_or_else(|| IntakeError::Feed(missing()))
    }

    /// Whether a feed could be added; gives it with the number that it would have.
    pub fn check_feed(&self, mut act: FeedAct) -> Result<FeedAct, IntakeError> {
        if self.feeds()?.iter().any(|feed| feed.name == act.name) {
            let name = &act.name;
            let why = format!("{name} is another feed: remove it first, or choose another name");
            return Err(IntakeError::Feed(why));
        }
        let index = self.feed_partner(&act)?;
        let numbers = self.home.acts(kind::FEED)?.into_iter().filter_map(|(_, known)| {
            serde_json::from_str::<FeedAct>(&known.json).ok().map(|known| known.number)
        });
        act.number = numbers.max().map_or(1, |last| last.saturating_add(1));
        if let (FeedWay::To, Some(index)) = (act.way, index) {
            act.since = self.home.ledger_size(index)?;
        }
        Ok(act)
    }

    /// Adds a feed; gives it with its number.
    pub fn add_feed(&mut self, act: &FeedAct) -> Result<FeedAct, IntakeError> {
        self.alone(|desk| {
            let act = desk.check_feed(act.clone())?;
            desk.record(kind::FEED, &act)?;
            Ok(act)
        })
    }

    /// Changes what is recorded of a feed, and never its number or name.
    pub fn change_feed(
        &mut self,
        name: &str,
        mut change: impl FnMut(&mut FeedAct),
    ) -> Result<FeedAct, IntakeError> {
        self.alone(|desk| {
            let known = desk.feed(name)?;
            let mut act = known.clone();
            change(&mut act);
            (act.number, act.name) = (known.number, known.name.clone());
            // Also where nothing of it changed: what is not in the log, its login, may have.
            desk.record(kind::FEED, &act)?;
            Ok(act)
        })
    }

    /// How far a source was taken in.
    pub fn polled(&self, feed: u32) -> Result<PolledAct, IntakeError> {
        Ok(self.last_act(&kind::polled(feed))?.unwrap_or_default())
    }

    /// How far a target was given what is its nation's.
    pub fn pushed(&self, feed: u32) -> Result<PushedAct, IntakeError> {
        Ok(self.last_act(&kind::pushed(feed))?.unwrap_or_default())
    }

    /// Demands that a feed may run: as it is recorded, of a nation that takes part and has no node.
    pub fn may_run(&self, feed: &FeedAct) -> Result<(), IntakeError> {
        let known = self.feed(&feed.name)?;
        if known.state == FeedState::Paused {
            let why = format!("{0} is paused: `entente feed resume {0}` first", feed.name);
            return Err(IntakeError::Feed(why));
        }
        // Another login is no reason to stop.
        if (known.number, &known.root, &known.collection)
            == (feed.number, &feed.root, &feed.collection)
        {
            return self.feed_partner(feed).map(drop);
        }
        Err(IntakeError::FeedMoved(feed.name.clone()))
    }

    /// The partner that a feed is of; none: its objects are this nation's.
    fn feed_partner(
        &self,
        feed: &FeedAct,
    ) -> Result<Option<entente_release::PartnerIndex>, IntakeError> {
        let unknown = || IntakeError::Feed(format!("{} is no nation", feed.nation));
        let nation: Nation = feed.nation.parse().map_err(|_| unknown())?;
        if nation == self.here && feed.way == FeedWay::From {
            return Ok(None);
        }
        let partner = &self.partner(nation)?.partner;
        match partner.standing {
            partner::Standing::Active => {}
            partner::Standing::Suspended => return Err(IntakeError::Suspended(nation)),
            partner::Standing::Revoked => return Err(IntakeError::Revoked(nation)),
        }
        if self.has_node(nation) {
            let why = format!("{nation} has a node, which this one follows: it needs no feed");
            return Err(IntakeError::Feed(why));
        }
        Ok(Some(partner.index))
    }

    /// Takes a page of a source in, with how far the feed is then.
    pub fn take_polled(&mut self, polled: Polled) -> Result<Taken, IntakeError> {
        let mut polled = Some(polled);
        self.alone(|desk| {
            let Some(polled) = desk.keep(&mut polled) else { return Ok(Taken::default()) };
            let (feed, mut after) = (polled.feed, polled.after);
            desk.may_run(&feed)?;
            if desk.polled(feed.number)? != polled.before {
                return Err(IntakeError::FeedMoved(feed.name));
            }
            let nation = feed.nation.parse().unwrap_or(desk.here);
            let (objects, back) = desk.without_own(polled.objects, nation)?;
            let ids: Vec<String> = objects.iter().map(|o| o.id.to_string()).collect();
            let mut plan = desk.plan(objects, nation, polled.applied.as_ref())?;
            let (taken, refused) = plan.fates();
            let refusal = |(place, why): &(usize, &crate::prepare::Refused)| FeedRefusal {
                id: ids.get(*place).cloned().unwrap_or_default(),
                why: why.to_string(),
            };
            let mut refusals = polled.refused;
            refusals.extend(refused.iter().map(refusal));
            after.taken = polled.before.taken.saturating_add(taken);
            after.refused = polled.before.refused.saturating_add(count(&refusals));
            if !refusals.is_empty() {
                plan.record(kind::feed_refused(feed.number), &listed(refusals));
            }
            if after != polled.before {
                plan.record(kind::polled(feed.number), &after);
            }
            let mut taken = desk.commit(plan)?;
            taken.outcomes.resize(taken.outcomes.len() + back, Outcome::Same);
            Ok(taken)
        })
    }

    /// The objects but for those that a nation has from this one, byte for byte, and how many those
    /// are: what was given to a server comes back from it, and is not that nation's.
    pub fn without_own(
        &self,
        objects: Vec<Prepared>,
        nation: Nation,
    ) -> Result<(Vec<Prepared>, usize), IntakeError> {
        let partner = self.partners.iter().find(|partner| partner.nation == nation);
        let Some(index) = partner.map(|partner| partner.index) else { return Ok((objects, 0)) };
        let all = objects.len();
        let mut others = Vec::with_capacity(all);
        for object in objects {
            let mut is_own = false;
            for known in self.home.versions(object.key)? {
                // What the nation does not have is not told from what is not here.
                let given = known.bringer == self.here && known.released.contains(index);
                is_own |= given && self.home.digest(known.seq)? == object.digest;
            }
            if !is_own {
                others.push(object);
            }
        }
        let back = all - others.len();
        Ok((others, back))
    }

    /// Notes how far a target was given what is its nation's, and what its server refused.
    pub fn acknowledge_push(
        &mut self,
        feed: &FeedAct,
        (before, after): (&PushedAct, &PushedAct),
        refused: &[FeedRefusal],
    ) -> Result<(), IntakeError> {
        self.alone(|desk| {
            if desk.pushed(feed.number)? != *before {
                return Err(IntakeError::FeedMoved(feed.name.clone()));
            }
            let mut plan = desk.empty_plan(0);
            if !refused.is_empty() {
                plan.record(kind::feed_refused(feed.number), &listed(refused.to_vec()));
            }
            plan.record(kind::pushed(feed.number), after);
            desk.commit(plan).map(drop)
        })
    }

    /// Notes that a feed failed and why, or that it runs: that is recorded where it had failed.
    pub fn feed_ran(&mut self, feed: u32, why: Option<&str>) -> Result<(), IntakeError> {
        self.alone(|desk| {
            let kind = kind::feed_trouble(feed);
            let last: Option<FeedTroubleAct> = desk.last_act(&kind)?;
            let had_failed = last.is_some_and(|act| act.why.is_some());
            if why.is_none() && !had_failed {
                return Ok(());
            }
            desk.record(&kind, &FeedTroubleAct { why: why.map(str::to_owned) })
        })
    }
}

fn count<T>(list: &[T]) -> u64 {
    u64::try_from(list.len()).unwrap_or(u64::MAX)
}

/// Refusals as one act keeps them.
fn listed(mut refused: Vec<FeedRefusal>) -> FeedRefusedAct {
    let more = count(refused.get(LISTED_MAX..).unwrap_or_default());
    refused.truncate(LISTED_MAX);
    for refusal in &mut refused {
        refusal.id.truncate(refusal.id.floor_char_boundary(WHY_BYTES_MAX));
        refusal.why.truncate(refusal.why.floor_char_boundary(WHY_BYTES_MAX));
    }
    FeedRefusedAct { refused, more }
}
