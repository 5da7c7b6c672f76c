//! Who has what another nation made: what this nation says about it may go there.
//!
//! Invariants:
//! * Only what names a party as its creator counts, brought by that party's own node: nobody else can
//!   bring such an id, so it stands for one thing.
//! * Its maker has it. Others count as having it where its maker's own label gives it to them at once, by
//!   the programme that is in force here; what its maker's people must still approve counts as withheld.
//! * Nothing crosses between exercise and operations.

use entente_log::Seq;
use entente_object::id::{Id, IdKey};
use entente_object::object::Object;
use entente_release::decide::Provenance;
use entente_release::policy::{World, recipients};
use entente_release::{Label, Partner, PartnerSet};

use crate::desk::{Desk, IntakeError};
use crate::prepare::party_key;
use crate::take::Batch;

impl Desk {
    /// Who has what another party's node brought under an id, or brings now.
    pub(crate) fn holders_elsewhere(
        &self,
        key: IdKey,
        batch: Batch<'_>,
    ) -> Result<PartnerSet, IntakeError> {
        let mut holders = PartnerSet::NONE;
        let versions = self.home.versions(key)?;
        for partner in self.partners.iter().filter(|partner| self.has_node(partner.nation)) {
            let maker = partner.nation;
            let here = batch.here.get(&(maker, key)).and_then(|places| places.last());
            let here = here.and_then(|place| batch.candidates.get(*place));
            let stored = versions.iter().rfind(|known| known.bringer == maker);
            let newest = here.map(|candidate| candidate.version) >= stored.map(|s| s.version);
            let (creator, object_type, label) = match (here, stored) {
                (Some(candidate), _) if newest => {
                    let object = &candidate.object;
                    (object.created_by, object.id.type_name().to_owned(), candidate.label)
                }
                (_, Some(known)) => {
                    let (creator, object_type) = self.creator_of(known.seq)?;
                    (creator, object_type, known.label)
                }
                (_, None) => continue,
            };
            if creator == Some(party_key(maker)) {
                let label = self.label_of(label, batch.labels);
                holders = holders.union(self.given_by(partner, &label, &object_type));
            }
        }
        Ok(holders)
    }

    /// Who an object of the log says has made it, and its type.
    fn creator_of(&self, seq: Seq) -> Result<(Option<IdKey>, String), IntakeError> {
        let put = self.home.put(seq)?;
        let object = Object::from_bytes(&put.bytes).ok();
        let creator = object.and_then(|object| object.created_by_ref().map(Id::key));
        Ok((creator, put.object_type.into_owned()))
    }

    /// Who has what a party made under a label.
    fn given_by(&self, maker: &Partner, label: &Label, object_type: &str) -> PartnerSet {
        if label.originator != maker.nation || label.exercise != self.channel.exercise {
            return PartnerSet::NONE;
        }
        let world = World {
            here: maker.nation,
            partners: &self.partners,
            channel: &self.channel,
            policy: &*self.policies,
            now: self.now(),
        };
        let given = recipients(label, object_type, Provenance::Verified(maker.nation), &world);
        given.at_once().with(maker.index)
    }
}
