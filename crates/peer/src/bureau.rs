//! The node's desk behind [`Keeper`]: what is received, recorded and signed.
//!
//! Invariants:
//! * A page is appended whole, with how far the ledger is received.
//! * A receipt is signed for what is on disk alone.

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use entente_intake::acts::{AlarmAct, ReceiptAct, ReceivedAct, kind};
use entente_intake::{Delivery, Desk, hex, prepare};
use entente_log::checkpoint;
use entente_log::cosignature::{self, Cosigned};
use entente_log::key::Key;
use entente_log::ledger::origin;
use entente_log::tree::{NodeHash, Tree};
use entente_object::clock::Clock;
use entente_release::Nation;
use entente_store::Reader;
use sha2::{Digest as _, Sha256};

use crate::doors::{Keeper, KeeperError, ReceiptError};
use crate::met::{Cards, Met, MetError};
use crate::page::{Edge, Fault, Page, Position, What};

/// What a node is told that was not met.
pub const NO_CARD: &str =
    "no card of yours is here: let this nation's people accept it with `entente peer accept`";

/// The desk, as federation sees it.
pub struct Bureau {
    desk: Arc<Mutex<Desk>>,
    cards: Cards,
    reader: Mutex<Reader>,
    key: Key,
    here: Nation,
    clock: Arc<dyn Clock>,
}

impl Bureau {
    /// The desk of the node in `folder`, which signs receipts with `key`.
    pub fn new(
        folder: &Path,
        desk: Arc<Mutex<Desk>>,
        key: Key,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, MetError> {
        let here = desk.lock().unwrap_or_else(PoisonError::into_inner).here();
        let (cards, reader) = (Cards::open(folder)?, Mutex::new(Reader::open(folder)?));
        Ok(Self { desk, cards, reader, key, here, clock })
    }

    /// The nation of this node.
    pub fn here(&self) -> Nation {
        self.here
    }

    /// The node of a partner, if it was met.
    pub fn met(&self, nation: Nation) -> Option<Met> {
        self.cards.of(nation)
    }

    /// The desk. It is whole also after a panic: its transactions are.
    fn desk(&self) -> MutexGuard<'_, Desk> {
        self.desk.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn failed(error: impl std::fmt::Display) -> KeeperError {
    KeeperError(error.to_string())
}

impl Keeper for Bureau {
    fn position(&self, edge: &Edge) -> Result<Position, KeeperError> {
        let desk = self.desk();
        let act = desk.received_from(edge.from).map_err(failed)?;
        let Some(act) = act else { return Ok(Position::default()) };
        let covers_more =
            |note: &str| checkpoint::kept(note).is_ok_and(|signed| signed.size > act.size);
        let shown = desk.shown_by(edge.from, covers_more).map_err(failed)?;
        let damaged = || KeeperError("what was received cannot be read".to_owned());
        let hash = |text: &String| {
            let bytes = BASE64_STANDARD.decode(text).ok()?;
            Some(NodeHash(<[u8; 32]>::try_from(bytes).ok()?))
        };
        let hashes = act.edge.iter().map(hash).collect::<Option<Vec<_>>>().ok_or_else(damaged)?;
        let tree = Tree::from_edge(act.size, hashes).ok_or_else(damaged)?;
        let shown: Result<Vec<_>, _> = shown.iter().map(|note| checkpoint::kept(note)).collect();
        Ok(Position::kept(tree, Some(act.added), shown.map_err(failed)?))
    }

    fn take(&self, edge: &Edge, page: Page) -> Result<(), KeeperError> {
        let position = &page.position;
        let note = position.signed.as_ref().map(|signed| signed.note.clone());
        let tree = &position.tree;
        let mut delivery = Delivery {
            from: edge.from,
            objects: Vec::with_capacity(page.entries.len()),
            recalled: Vec::new(),
            alarms: Vec::new(),
            leaves: (page.from, page.leaves),
            received: ReceivedAct {
                size: tree.size(),
                edge: tree.edge().iter().map(|hash| BASE64_STANDARD.encode(hash.0)).collect(),
                added: position.added.unwrap_or_default(),
                note: note.unwrap_or_default(),
            },
        };
        for entry in page.entries {
            match entry.what {
                // What this nation gave to the partner's node by other means, and has itself.
                What::Released { label, .. } if label.originator == edge.here => {}
                What::Released { bytes, label } => match prepare(bytes) {
                    Ok(mut object) => {
                        object.released_under = Some(label);
                        delivery.objects.push(object);
                    }
                    Err((refused, bytes)) => delivery.alarms.push(AlarmAct {
                        what: "invalid-object".to_owned(),
                        nation: edge.from.to_string(),
                        id: String::new(),
                        digest: hex(&Sha256::digest(&bytes)),
                        detail: refused.to_string(),
                    }),
                },
                What::Withdrawn { digest, id } => delivery.recalled.push((id, hex(&digest))),
            }
        }
        self.desk().receive(delivery).map(drop).map_err(failed)
    }

    fn accuse(&self, edge: &Edge, fault: &Fault) -> Result<(), KeeperError> {
        let said = fault.to_string();
        let detail =
            std::iter::once(said.as_str()).chain(fault.notes()).collect::<Vec<_>>().join("\n");
        let alarm = AlarmAct {
            what: "ledger".to_owned(),
            nation: edge.from.to_string(),
            id: edge.origin(),
            digest: String::new(),
            detail,
        };
        self.desk().alarm(&alarm).map_err(failed)
    }

    fn receipt(&self, position: &Position) -> Result<Option<Cosigned>, KeeperError> {
        let complete = position.signed.as_ref().filter(|_| position.is_complete());
        let receipt =
            complete.map(|signed| cosignature::cosign(&self.key, signed, self.clock.now()));
        receipt.transpose().map_err(failed)
    }

    fn received(&self, by: Nation, note: &str) -> Result<(), ReceiptError> {
        let failed = |error: &dyn std::fmt::Display| ReceiptError::Failed(error.to_string());
        let refused = || ReceiptError::Refused(NO_CARD.to_owned());
        let met = self.cards.of(by).ok_or_else(refused)?;
        let index = met.index.ok_or_else(refused)?;
        let own = origin(self.here, by);
        let cosigned = cosignature::verify(note, (&own, &self.key.public()), &met.card.key)
            .map_err(|error| ReceiptError::Refused(error.to_string()))?;
        let size = cosigned.signed.size;
        let mut desk = self.desk();
        let reader = self.reader.lock().unwrap_or_else(PoisonError::into_inner);
        let root = reader.root_at(index, size).map_err(|error| failed(&error))?;
        drop(reader);
        if root != Some(cosigned.signed.root) {
            // This node signed it, and therefore had it.
            let why = match root {
                None => "fewer are here: this node was put back to an older state",
                Some(_) => "they are not those that are here: this node signed two histories",
            };
            let why = format!("{by} has a receipt for {size} entries, and {why}");
            let alarm = AlarmAct {
                what: "ledger".to_owned(),
                nation: by.to_string(),
                id: own,
                digest: String::new(),
                detail: format!("{why}\n{note}"),
            };
            // The note bears the time of its cosignature, which is another each time.
            let alarms = desk.home().acts(kind::ALARM).map_err(|error| failed(&error))?;
            let says_the_same = |known: &AlarmAct| {
                known.id == alarm.id && known.detail.lines().next() == alarm.detail.lines().next()
            };
            let mut known =
                alarms.iter().filter_map(|(_, act)| serde_json::from_str(&act.json).ok());
            if !known.any(|known| says_the_same(&known)) {
                desk.alarm(&alarm).map_err(|error| failed(&error))?;
                tracing::error!("{}", alarm.detail);
            }
            return Err(ReceiptError::Refused(why));
        }
        let act = ReceiptAct { size, note: note.to_owned() };
        desk.acknowledge(by, &act).map(drop).map_err(|error| failed(&error))
    }
}
