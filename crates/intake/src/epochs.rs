//! Epochs: what all ledgers of this node were at one time, for partners to witness.
//!
//! Invariant: epochs are numbered from 0 without a gap, and their times grow.

use std::collections::BTreeMap;
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use entente_log::entry::Act;
use entente_log::epoch::{Sealed, Standing};
use entente_log::ledger;
use entente_log::tree::NodeHash;
use entente_release::Nation;

use crate::acts::{EpochAct, EpochsAct, WitnessAct, kind};
use crate::desk::{Desk, IntakeError};

/// Epochs that are read together: six weeks, of 6 KiB each with 64 partners.
pub const EPOCHS_AT_ONCE: u64 = 1000;

impl Desk {
    /// Commits to what all ledgers are now, unless that was done since the last time that `every` was
    /// over: at full hours, for an hour. A node that has met nobody has no epochs. Gives whether it did.
    pub fn close_epoch(&mut self, every: Duration, seed: [u8; 32]) -> Result<bool, IntakeError> {
        self.alone(|desk| {
            let now = desk.now().unix_seconds();
            let every = i64::try_from(every.as_secs().max(1)).unwrap_or(i64::MAX);
            let at = now - now.rem_euclid(every);
            let last = desk.last_epoch()?;
            if desk.peers.is_empty() || last.as_ref().is_some_and(|last| at <= last.at) {
                return Ok(false);
            }
            let (mut standings, mut ledgers) = (Vec::new(), BTreeMap::new());
            for partner in desk.partners.clone() {
                let (size, root) = desk.home.ledger_now(partner.index)?;
                let origin = ledger::origin(desk.here, partner.nation);
                standings.push(Standing { origin, size, root });
                ledgers.insert(partner.nation.to_string(), (size, root.to_string()));
            }
            let act = EpochAct {
                number: last.map_or(0, |last| last.number + 1),
                at,
                seed: BASE64_STANDARD.encode(seed),
                root: Sealed::new(&seed, &standings).root().to_string(),
                ledgers,
            };
            desk.record(kind::EPOCH, &act)?;
            Ok(true)
        })
    }

    /// The last epoch of this node.
    pub fn last_epoch(&self) -> Result<Option<EpochAct>, IntakeError> {
        self.last_act(kind::EPOCH)
    }

    /// The epochs from a number on, in order, [`EPOCHS_AT_ONCE`] at most.
    pub fn epochs_from(&self, from: u64) -> Result<Vec<EpochAct>, IntakeError> {
        let acts = self.home.acts_after(kind::EPOCH, from, EPOCHS_AT_ONCE)?;
        let read = |(seq, act): (_, Act<'_>)| crate::receive::read_act(seq, kind::EPOCH, &act.json);
        acts.into_iter().map(read).collect()
    }

    /// How far the epochs of a partner's node were followed.
    pub fn epochs_of(&self, nation: Nation) -> Result<Option<EpochsAct>, IntakeError> {
        self.last_act(&kind::epochs(nation))
    }

    /// The newest cosignature of a partner under the epochs of this node.
    pub fn witness_of(&self, nation: Nation) -> Result<Option<WitnessAct>, IntakeError> {
        self.last_act(&kind::witness(nation))
    }

    /// Whether two nations are parties to one programme here, and so know of each other as partners.
    pub fn share_a_programme(&self, one: Nation, other: Nation) -> bool {
        self.policies
            .programmes()
            .any(|programme| programme.is_party(one) && programme.is_party(other))
    }
}

impl EpochAct {
    /// The seed, and what each ledger was, if it reads.
    pub fn standings(&self, here: Nation) -> Option<([u8; 32], BTreeMap<Nation, Standing>)> {
        let seed = BASE64_STANDARD.decode(&self.seed).ok()?.try_into().ok()?;
        let mut standings = BTreeMap::new();
        for (nation, (size, root)) in &self.ledgers {
            let nation: Nation = nation.parse().ok()?;
            let root = NodeHash(BASE64_STANDARD.decode(root).ok()?.try_into().ok()?);
            let origin = ledger::origin(here, nation);
            standings.insert(nation, Standing { origin, size: *size, root });
        }
        Some((seed, standings))
    }
}
