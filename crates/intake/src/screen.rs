//! Which objects of a batch are taken: those that are new, and that their bringer may bring.
//!
//! Invariants:
//! * What names a party as its creator, or is a party's identity, is taken from that party alone.
//! * Of two contents of one id and version from one nation, neither replaces the other: what is here
//!   stays, and of those that come in one batch none is taken, in whatever order.
//! * Each such refusal is recorded as an alarm.

use entente_log::Seq;
use entente_object::id::{IdKey, OwnedId};
use entente_object::{canonical, json};
use entente_release::Nation;
use rustc_hash::FxHashMap;

use crate::acts::{AlarmAct, EvidenceAct, kind};
use crate::decide::hex;
use crate::desk::{Desk, IntakeError};
use crate::label::Marking;
use crate::prepare::{Defines, Prepared, Refused, prepare};
use crate::take::{Outcome, Plan};

/// The longest object that is kept as evidence: most are 1 KiB, the longest 1 MiB, and a partner
/// that sends 10,000 of these must not fill the disk. Of longer ones the digest is kept.
const EVIDENCE_BYTES_MAX: usize = 64 * 1024;

impl Desk {
    /// Screens a batch: gives what is to be taken, with its place, and notes what becomes of the rest.
    pub(crate) fn screen(
        &mut self,
        batch: Vec<Prepared>,
        bringer: Nation,
        plan: &mut Plan,
    ) -> Result<Vec<(usize, Prepared)>, IntakeError> {
        let mut contents: FxHashMap<(OwnedId, i64), ([u8; 32], bool)> = FxHashMap::default();
        for object in &batch {
            if let Some(version) = edition(object) {
                let key = (object.id.clone(), version);
                let (first, several) = contents.entry(key).or_insert((object.digest, false));
                *several |= *first != object.digest;
            }
        }
        let mut taken = Vec::with_capacity(batch.len());
        let mut twins: FxHashMap<(IdKey, Option<i64>), [u8; 32]> = FxHashMap::default();
        for (place, object) in batch.into_iter().enumerate() {
            let twin = twins.get(&(object.key, object.version));
            if twin == Some(&object.digest) {
                plan.settle(place, Outcome::Same);
                continue;
            }
            let contested = edition(&object).is_some_and(|version| {
                let contents = contents.get(&(object.id.clone(), version));
                twin.is_some() || contents.is_some_and(|(_, several)| *several)
            });
            if let Some(outcome) = self.judge(&object, bringer, contested, plan)? {
                plan.settle(place, outcome);
                continue;
            }
            twins.insert((object.key, object.version), object.digest);
            if let Some(defines) = &object.defines {
                self.markings.insert((bringer, object.key), Marking::from(defines));
            }
            taken.push((place, object));
        }
        Ok(taken)
    }

    /// Whether an object need not or may not be taken. `contested`: another content of it is in the
    /// batch.
    fn judge(
        &mut self,
        object: &Prepared,
        bringer: Nation,
        contested: bool,
        plan: &mut Plan,
    ) -> Result<Option<Outcome>, IntakeError> {
        let mut alarm = |what: &str, detail: String| {
            let (nation, id) = (bringer.to_string(), object.id.to_string());
            let (what, digest) = (what.to_owned(), hex(&object.digest));
            plan.record(kind::ALARM, &AlarmAct { what, nation, id, digest, detail });
        };
        if object.defines == Some(Defines::Tlp) {
            alarm("defines-tlp", "a definition of a TLP marking was ignored".to_owned());
            return Ok(Some(Outcome::Refused(Refused::DefinesTlp)));
        }
        let claims = [object.created_by, Some(object.key)];
        let mut claims = claims.iter().flatten().filter_map(|key| self.parties.get(key));
        if let Some(&nation) = claims.find(|nation| **nation != bringer) {
            alarm("foreign-creator", format!("brought by {bringer}, created by {nation}"));
            return Ok(Some(Outcome::Refused(Refused::ForeignCreator(nation))));
        }
        let (mut other, mut elsewhere) = (contested, None);
        let versions = self.home.versions(object.key)?;
        self.remember(object.key, bringer, &versions);
        for known in versions {
            let bears = (known.version, known.bringer);
            if object.version.is_some_and(|own| own != bears.0 && object.defines.is_none()) {
                continue;
            }
            if known.bringer != bringer {
                let differs = object.version.is_some() && self.differs(object, known.seq)?;
                elsewhere = elsewhere.or(differs.then_some(known.bringer));
            } else if self.home.digest(known.seq)? == object.digest {
                // Its originator may have narrowed the label of what is here.
                let label = object.released_under.as_deref();
                if label.is_none_or(|label| self.label_of(known.label, &[]) == *label) {
                    return Ok(Some(Outcome::Same));
                }
            } else {
                other |= object.version.is_some();
            }
        }
        if let Some(nation) = elsewhere {
            alarm("equivocation", format!("{nation} brought this version with other content"));
        }
        let proven = matches!(object.defines, Some(Defines::Label(_)));
        if proven && matches!(self.own_marking(object.key, bringer)?, Some(Marking::Label(_))) {
            return Ok(Some(Outcome::Same));
        }
        if !other {
            return Ok(None);
        }
        alarm("equivocation", "the same id and version with other content".to_owned());
        if proven {
            // Its id is the hash of its content: the other one is the forgery.
            return Ok(None);
        }
        if object.bytes.len() <= EVIDENCE_BYTES_MAX {
            let text = String::from_utf8_lossy(&object.bytes).into_owned();
            let digest = hex(&object.digest);
            plan.record(kind::EVIDENCE, &EvidenceAct { digest, object: text });
        }
        let id = object.id.clone();
        let marking = object.defines.is_some();
        let refused = if marking { Refused::MarkingConflict(id) } else { Refused::Conflict(id) };
        Ok(Some(Outcome::Refused(refused)))
    }

    /// Whether an object of the log says something else, however it is written.
    fn differs(&self, object: &Prepared, seq: Seq) -> Result<bool, IntakeError> {
        let other = self.home.put(seq)?;
        Ok(other.digest != object.digest && content(&other.bytes) != content(&object.bytes))
    }

    /// What a nation means by a marking: what it brought itself, or else what it has from this node,
    /// so that the fate of what it sends does not tell it what else is here. What another nation says
    /// of it changes nothing.
    pub(crate) fn marking(&mut self, key: IdKey, of: Nation) -> Result<Marking, IntakeError> {
        let mut found = self.own_marking(key, of)?;
        if found.is_none() && of != self.here && self.is_with(key, of)? {
            found = self.own_marking(key, self.here)?;
        }
        Ok(found.unwrap_or(Marking::Unknown))
    }

    /// Whether a partner has an object of this nation.
    fn is_with(&self, key: IdKey, nation: Nation) -> Result<bool, IntakeError> {
        let partner = self.partners.iter().find(|partner| partner.nation == nation);
        let Some(index) = partner.map(|partner| partner.index) else { return Ok(false) };
        let versions = self.home.versions(key)?;
        Ok(versions.iter().any(|one| one.bringer == self.here && one.released.contains(index)))
    }

    fn own_marking(&mut self, key: IdKey, of: Nation) -> Result<Option<Marking>, IntakeError> {
        if let Some(known) = self.markings.get(&(of, key)) {
            return Ok(Some(known.clone()));
        }
        let mut found: Option<Marking> = None;
        for known in self.home.versions(key)?.into_iter().filter(|known| known.bringer == of) {
            let bytes = self.home.put(known.seq)?.bytes.into_owned();
            let defines = prepare(bytes).ok().and_then(|object| object.defines);
            let next = defines.as_ref().map_or(Marking::Unknown, Marking::from);
            found = Some(match found {
                Some(before) => before.and(next),
                None => next,
            });
        }
        if let Some(marking) = &found {
            self.markings.insert((of, key), marking.clone());
        }
        Ok(found)
    }
}

/// Which of its versions has one content for good: of a marking definition all, for it has no
/// versions (STIX 2.1, 7.2.1); of an observable none, for it bears no version.
fn edition(object: &Prepared) -> Option<i64> {
    object.version.map(|version| if object.defines.is_some() { i64::MIN } else { version })
}

/// What an object says, however it is written.
pub(crate) fn content(bytes: &[u8]) -> Option<Vec<u8>> {
    json::parse(bytes).ok().map(|value| canonical::to_bytes(&value))
}
