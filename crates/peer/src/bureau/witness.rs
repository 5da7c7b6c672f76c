//! Epochs at the desk: this node's for partners, partners' for this node.
//!
//! Invariant: an epoch is opened for the partner whose ledger it is, and only once that has the entries
//! which it commits to.

use std::sync::{MutexGuard, PoisonError};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use entente_intake::Desk;
use entente_intake::acts::{EpochAct, EpochsAct, WitnessAct, kind};
use entente_log::epoch::{self, Epochs, Sealed, Standing};
use entente_log::tree::NodeHash;
use entente_log::{checkpoint, cosignature};
use entente_release::Nation;

use super::{Bureau, NO_CARD, confess, cosigned_by, failed, read_tree};
use crate::doors::{KeeperError, ReceiptError};
use crate::epochs::{Epoch, Opened, Page, Seen, Witness, texts};

impl Bureau {
    /// The tree of this node's epochs as of now.
    fn grown_epochs(&self, desk: &Desk) -> Result<MutexGuard<'_, Epochs>, KeeperError> {
        let mut kept = self.epochs.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            let acts = desk.epochs_from(kept.tree().size()).map_err(failed)?;
            if acts.is_empty() {
                return Ok(kept);
            }
            for act in acts {
                let root =
                    BASE64_STANDARD.decode(&act.root).ok().and_then(|root| root.try_into().ok());
                let root = root.ok_or_else(|| failed("an epoch cannot be read"))?;
                kept.append(epoch::leaf(act.number, act.at, NodeHash(root)));
            }
        }
    }

    /// This node's epochs from a number on, opened for a partner that has `received` entries.
    pub(super) fn open_epochs(
        &self,
        by: Nation,
        from: u64,
        received: u64,
    ) -> Result<Option<String>, KeeperError> {
        let desk = self.desk();
        let acts = desk.epochs_from(from).map_err(failed)?;
        let key = desk.home().key().ok_or_else(|| failed("this node has no key"))?;
        let mut cosigned = Vec::new();
        for record in desk.partners() {
            let nation = record.partner.nation;
            // Whose partner somebody is, is known among the parties to a programme.
            if nation != by && desk.share_a_programme(by, nation) {
                cosigned.extend(desk.witness_of(nation).map_err(failed)?);
            }
        }
        drop(self.grown_epochs(&desk)?);
        // What takes long keeps nobody from the desk.
        drop(desk);
        let epochs = self.opened(acts, by, received)?;
        let tree = self.epochs.lock().unwrap_or_else(PoisonError::into_inner);
        // An older state of this node has fewer than were seen: the partner has to know.
        let size = from + u64::try_from(epochs.len()).unwrap_or_default();
        let size = size.min(tree.tree().size());
        let Some(root) = tree.root_at(size).filter(|_| size > 0) else { return Ok(None) };
        let origin = epoch::origin(self.here.as_str());
        let checkpoint = checkpoint::sign(&key, &origin, size, root).map_err(failed)?.note;
        let witness = |act: WitnessAct| {
            let proof = (act.size <= size).then(|| tree.prove(act.size, size)).flatten()?;
            Some(Witness { note: act.note, proof: texts(&proof) })
        };
        let witnesses = cosigned.into_iter().filter_map(witness).collect();
        let page = Page { format: 1, checkpoint, epochs, witnesses };
        serde_json::to_string(&page).map(Some).map_err(failed)
    }

    fn opened(
        &self,
        acts: Vec<EpochAct>,
        by: Nation,
        received: u64,
    ) -> Result<Vec<Epoch>, KeeperError> {
        let index = self.met(by).and_then(|met| met.index).ok_or_else(|| failed(NO_CARD))?;
        let reader = self.reader.lock().unwrap_or_else(PoisonError::into_inner);
        let mut epochs = Vec::new();
        for act in acts {
            let (seed, all) =
                act.standings(self.here).ok_or_else(|| failed("an epoch cannot be read"))?;
            // What the partner does not have yet it cannot check: it is told of it next time.
            if all.get(&by).is_some_and(|standing| standing.size > received) {
                break;
            }
            let standings: Vec<Standing> = all.values().cloned().collect();
            let opening = all.get(&by).map(|standing| {
                let opening = Sealed::new(&seed, &standings).open(&seed, standing);
                let opening = opening.ok_or_else(|| failed("an epoch does not open"))?;
                let proof = reader.prove_beginning(index, standing.size, received);
                Ok(Opened::new(standing, &opening, &proof.map_err(failed)?))
            });
            epochs.push(Epoch { at: act.at, root: act.root, opening: opening.transpose()? });
        }
        Ok(epochs)
    }

    /// How far a partner's epochs were followed.
    pub(super) fn seen_epochs(&self, of: Nation) -> Result<Seen, KeeperError> {
        let desk = self.desk();
        let first = desk.first_received_from(of).map_err(failed)?;
        let act = desk.epochs_of(of).map_err(failed)?;
        let Some(act) = act else { return Ok(Seen { first, ..Seen::default() }) };
        let witness = |(nation, at): (&String, &_)| Some((nation.parse().ok()?, *at));
        Ok(Seen {
            tree: read_tree(act.size, &act.edge)?,
            at: act.at,
            // Of those that people accepted anew there is none.
            signed: checkpoint::kept(&act.note).ok(),
            witnesses: act.witnesses.iter().filter_map(witness).collect(),
            first,
        })
    }

    /// Records how far a partner's epochs were followed, and cosigns them.
    pub(super) fn witness_epochs(
        &self,
        of: Nation,
        seen: &Seen,
    ) -> Result<Option<String>, KeeperError> {
        let Some(signed) = &seen.signed else { return Ok(None) };
        let witnesses = seen.witnesses.iter().map(|(nation, at)| (nation.to_string(), *at));
        let act = EpochsAct {
            size: seen.tree.size(),
            edge: texts(seen.tree.edge()),
            at: seen.at,
            note: signed.note.clone(),
            witnesses: witnesses.collect(),
        };
        let mut desk = self.desk();
        let key = desk.home().key().ok_or_else(|| failed("this node has no key"))?;
        let cosigned = cosignature::cosign(&key, signed, self.clock.now()).map_err(failed)?;
        if desk.epochs_of(of).map_err(failed)?.as_ref() != Some(&act) {
            desk.record(&kind::epochs(of), &act).map_err(failed)?;
        }
        Ok(Some(cosigned.signed.note))
    }

    /// Records that a partner witnessed the epochs of this node.
    pub(super) fn take_witness(&self, by: Nation, note: &str) -> Result<(), ReceiptError> {
        let failed = |error: &dyn std::fmt::Display| ReceiptError::Failed(error.to_string());
        let met = self.met(by).ok_or_else(|| ReceiptError::Refused(NO_CARD.to_owned()))?;
        let origin = epoch::origin(self.here.as_str());
        let mut desk = self.desk();
        let signed = cosigned_by(&desk, note, &origin, &met.card.key)?.signed;
        let root = self.grown_epochs(&desk).map_err(|error| failed(&error))?.root_at(signed.size);
        if root != Some(signed.root) {
            return Err(confess(&mut desk, (by, "witnessed"), &signed, root));
        }
        let known = desk.witness_of(by).map_err(|error| failed(&error))?;
        if known.is_some_and(|known| known.size >= signed.size) {
            return Ok(());
        }
        let act = WitnessAct { size: signed.size, note: note.to_owned() };
        desk.record(&kind::witness(by), &act).map_err(|error| failed(&error))
    }
}
