//! What is done when the stream does not have what a replica folded from it: it was deleted, cut off, put
//! back to an older state, or is of another log; and when a replica joins, which is the same question.
//!
//! Invariants:
//! * The stream is filled by the replica with the longest log of all that are known; one that cannot be
//!   asked is waited for, unless a person says otherwise.
//! * While it is filled nobody appends: a goal stands before what is given back.
//! * A replica whose log is another than the stream's changes nothing, here or there.

use std::collections::BTreeMap;

use entente_log::Seq;
use entente_log::journal::{Journal as _, Tip};
use entente_log::order::OrderError;
use entente_store::{Home, Reach, StoreError};

use crate::census::{Heard, census};
use crate::cluster::Cluster;
use crate::error::StreamError;
use crate::replica::members;

/// On whose word the stream is filled.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct By {
    /// Replicas that are not waited for: what they alone have is lost.
    pub without: Vec<String>,
    /// Remove what is left of the stream first.
    pub anew: bool,
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The stream has what this replica has, which may write.
    Settled,
    /// These cannot be asked.
    Missing(Vec<String>),
    /// This one has more, and fills the stream.
    Other(String),
}

/// Compares this replica with the stream, folds what it lacks, and fills the stream if that is for this
/// replica to do.
pub fn recover(
    home: &mut Home,
    cluster: &Cluster,
    by: &By,
    progress: &mut dyn FnMut(Seq, Seq),
) -> Result<Outcome, StreamError> {
    let is_there = cluster.end()?.is_some();
    let mut reach = Reach { at: None, tip: Tip::default(), goal: None };
    if is_there && !by.anew {
        reach = home.compare()?;
        if is_whole(&reach, home.tip()) {
            home.settle(&reach)?;
            return Ok(Outcome::Settled);
        }
    }
    let others = expected(home, cluster, by)?;
    let heard = census(cluster, &others)?;
    let missing: Vec<String> =
        others.into_iter().filter(|name| !heard.contains_key(name)).collect();
    if !missing.is_empty() {
        return Ok(Outcome::Missing(missing));
    }
    if let Some(other) = longer(home, cluster, by, &heard)? {
        return Ok(Outcome::Other(other));
    }
    if is_there && by.anew {
        cluster.remove()?;
    }
    if !is_there || by.anew {
        cluster.create()?;
        reach = home.compare()?;
    }
    match home.refill(reach, progress) {
        Ok(reach) => home.settle(&reach)?,
        // Another began at the same moment, and this one looks again.
        Err(StoreError::Order(OrderError::Moved)) => {
            return Ok(Outcome::Other("another replica".to_owned()));
        }
        Err(error) => return Err(error.into()),
    }
    Ok(Outcome::Settled)
}

/// Whether the stream has all that is here, and was filled as far as it was meant to be.
fn is_whole(reach: &Reach, here: Tip) -> bool {
    reach.tip == here && reach.goal.is_some_and(|goal| goal.next <= here.next)
}

/// The replicas that have to be asked before the stream is filled.
fn expected(home: &Home, cluster: &Cluster, by: &By) -> Result<Vec<String>, StreamError> {
    let own = &cluster.settings().replica;
    let mut names = members(home)?;
    names.retain(|name| name != own && !by.without.contains(name));
    Ok(names)
}

/// A replica whose log is longer, or as long and whose name comes first.
fn longer(
    home: &Home,
    cluster: &Cluster,
    by: &By,
    heard: &BTreeMap<String, Heard>,
) -> Result<Option<String>, StreamError> {
    let (own, here) = (&cluster.settings().replica, home.tip());
    let mut best = (here.next, None);
    for (name, Heard { tip }) in heard.iter().filter(|(name, _)| *name != own) {
        if by.without.contains(name) {
            continue;
        }
        if tip.next == here.next && tip.chain != here.chain {
            return Err(OrderError::Diverged { at: tip.next }.into());
        }
        // A person who fills it anew chose the replica; of equals any will do.
        let first = tip.next == here.next && name < own && !by.anew;
        if tip.next > best.0 || (first && best.1.is_none()) {
            best = (tip.next, Some(name.clone()));
        }
    }
    Ok(best.1)
}
