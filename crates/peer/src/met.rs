//! The nodes that this one has met, as its log says.
//!
//! Invariant: what is told is what the log says now, whichever process recorded it.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use entente_intake::acts::{PeerAct, kind};
use entente_intake::{IntakeError, partners_of};
use entente_release::partner::Standing;
use entente_release::{Nation, PartnerIndex};
use entente_store::{Reader, StoreError};

use crate::card::{BadCard, Card};

/// Who was met could not be read.
#[derive(Debug, thiserror::Error)]
pub enum MetError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Partners could not be read.
    #[error(transparent)]
    Partners(#[from] IntakeError),
    /// An act does not read as one.
    #[error("a recorded card cannot be read: {0}")]
    Act(#[from] serde_json::Error),
    /// A card is none.
    #[error(transparent)]
    Card(#[from] BadCard),
}

/// A node that was met.
#[derive(Clone, Debug, PartialEq)]
pub struct Met {
    /// Its card.
    pub card: Card,
    /// Whether its nation takes part, for now or at all.
    pub standing: Standing,
    /// Its nation's number here.
    pub index: Option<PartnerIndex>,
}

/// The nodes that were met, by nation.
pub fn met(reader: &Reader) -> Result<BTreeMap<Nation, Met>, MetError> {
    let partners = partners_of(&reader.acts(kind::PARTNER)?)?;
    let mut found = BTreeMap::new();
    for (_, act) in reader.acts(kind::PEER)? {
        let act: PeerAct = serde_json::from_str(&act.json)?;
        let card = Card::read(&act.card)?;
        let partner = partners.iter().find(|partner| partner.nation == card.nation);
        let standing = partner.map_or(Standing::Revoked, |partner| partner.standing);
        let index = partner.map(|partner| partner.index);
        found.insert(card.nation, Met { card, standing, index });
    }
    Ok(found)
}

/// The place of the newest act that concerns who was met.
pub fn version(reader: &Reader) -> Result<u64, StoreError> {
    reader.last_act(&[kind::PEER, kind::PARTNER])
}

/// Who was met, always as recorded, whichever process recorded it.
pub struct Cards {
    reader: Mutex<Reader>,
    known: Mutex<(u64, Arc<BTreeMap<Nation, Met>>)>,
}

impl Cards {
    /// Who was met by the node in `folder`.
    pub fn open(folder: &Path) -> Result<Self, MetError> {
        let reader = Reader::open(folder)?;
        let known = Mutex::new((version(&reader)?, Arc::new(met(&reader)?)));
        Ok(Self { reader: Mutex::new(reader), known })
    }

    /// The node of a nation.
    pub fn of(&self, nation: Nation) -> Option<Met> {
        self.now()?.get(&nation).cloned()
    }

    /// All nodes that were met.
    pub fn all(&self) -> impl Iterator<Item = Met> {
        self.now().into_iter().flat_map(|known| known.values().cloned().collect::<Vec<_>>())
    }

    fn now(&self) -> Option<Arc<BTreeMap<Nation, Met>>> {
        let reader = self.reader.lock().unwrap_or_else(PoisonError::into_inner);
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let fresh = version(&reader).map_err(MetError::from).and_then(|version| {
            let changed = known.0 != version;
            changed.then(|| met(&reader).map(|met| (version, Arc::new(met)))).transpose()
        });
        match fresh {
            Ok(None) => {}
            Ok(Some(fresh)) => *known = fresh,
            Err(error) => {
                // Nobody is known while the cards cannot be read.
                tracing::error!("the cards of partners' nodes cannot be read: {error:#}");
                return None;
            }
        }
        Some(known.1.clone())
    }
}
