//! The node's desk behind [`Keeper`]: what is received, recorded and signed.
//!
//! Invariants:
//! * A page is appended whole, with how far the ledger is received.
//! * A receipt is signed for what is on disk alone.

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use entente_intake::acts::{AlarmAct, CardAct, HoldsAct, PeerAct, ReceiptAct, ReceivedAct, kind};
use entente_intake::{Delivery, Desk, hex, prepare};
use entente_log::checkpoint::{self, CheckpointError, Signed};
use entente_log::cosignature::{self, Cosigned};
use entente_log::epoch::Epochs;
use entente_log::ledger::origin;
use entente_log::tree::{NodeHash, Tree};
use entente_object::clock::Clock;
use entente_release::Nation;
use entente_store::Reader;
use sha2::{Digest as _, Sha256};

mod witness;

use crate::card::Card;
use crate::doors::{Keeper, KeeperError, ReceiptError, SuccessionError};
use crate::epochs::Seen;
use crate::limits::SUCCESSIONS_MAX;
use crate::met::{Cards, Met, MetError};
use crate::page::{Edge, Fault, Page, Position, What};
use crate::succession::{BadSuccession, Succession};

/// What a node is told that was not met.
pub const NO_CARD: &str =
    "no card of yours is here: let this nation's people accept it with `entente peer accept`";

/// The desk, as federation sees it.
pub struct Bureau {
    desk: Arc<Mutex<Desk>>,
    cards: Cards,
    reader: Mutex<Reader>,
    /// The roots of this node, PEM: on nobody else's card.
    roots: Box<dyn Fn() -> Vec<String> + Send + Sync>,
    /// The tree of this node's epochs, as far as it was asked for.
    epochs: Mutex<Epochs>,
    /// The place of the newest card that partners' nodes may ask for.
    offered: AtomicU64,
    here: Nation,
    clock: Arc<dyn Clock>,
}

impl Bureau {
    /// The desk of the node in `folder`, which signs receipts with the key that it signs ledgers with.
    /// `roots` gives the node's own.
    pub fn new(
        folder: &Path,
        desk: Arc<Mutex<Desk>>,
        roots: impl Fn() -> Vec<String> + Send + Sync + 'static,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, MetError> {
        let here = desk.lock().unwrap_or_else(PoisonError::into_inner).here();
        let (cards, reader) = (Cards::open(folder)?, Mutex::new(Reader::open(folder)?));
        let (epochs, offered) = (Mutex::default(), AtomicU64::new(0));
        Ok(Self { desk, cards, reader, roots: Box::new(roots), epochs, offered, here, clock })
    }

    /// Looks whether there is a new card of this node: it is offered once this process signs with the
    /// key on it. If the desk is busy, another time.
    pub fn look(&self) -> Result<(), KeeperError> {
        let Ok(desk) = self.desk.try_lock() else { return Ok(()) };
        let Some((seq, act)) = desk.home().last_act_of(kind::CARD).map_err(failed)? else {
            return Ok(());
        };
        if seq == self.offers() {
            return Ok(());
        }
        let act: CardAct = serde_json::from_str(&act.json).map_err(failed)?;
        let card = Succession::read(&act.succession).map_err(failed)?.card;
        if desk.home().key().is_some_and(|key| key.public() == card.key) {
            self.offered.store(seq, Ordering::SeqCst);
        }
        Ok(())
    }

    /// The nation of this node.
    pub fn here(&self) -> Nation {
        self.here
    }

    /// The node of a partner, if it was met.
    pub fn met(&self, nation: Nation) -> Option<Met> {
        self.cards.of(nation)
    }

    /// Refuses a card with a root of this node or of another card: it would be nobody's.
    fn has_its_own_roots(&self, card: &Card) -> Result<(), BadSuccession> {
        let own = (self.roots)();
        let others = self.cards.all().filter(|met| met.card.nation != card.nation);
        let others: Vec<String> = others.flat_map(|met| met.card.roots).chain(own).collect();
        let shared = card.has_a_root_of(others.iter().map(String::as_str));
        if shared { Err(BadSuccession::RootOfAnother) } else { Ok(()) }
    }

    /// The desk. It is whole also after a panic: its transactions are.
    fn desk(&self) -> MutexGuard<'_, Desk> {
        self.desk.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Verifies what a partner cosigned of what this node signed. What was signed before its key was replaced
/// was signed.
fn cosigned_by(
    desk: &Desk,
    note: &str,
    origin: &str,
    cosigner: &str,
) -> Result<Cosigned, ReceiptError> {
    let verify = |key| cosignature::verify(note, (origin, key), cosigner);
    let found = desk.keys().map(verify).reduce(Result::or);
    let found = found.unwrap_or(Err(CheckpointError::NotSigned));
    found.map_err(|error| ReceiptError::Refused(error.to_string()))
}

/// Raises the alarm over what this node signed, and does not have: `root` is what is here instead.
fn confess(
    desk: &mut Desk,
    (by, what): (Nation, &str),
    signed: &Signed,
    root: Option<NodeHash>,
) -> ReceiptError {
    // This node signed it, and therefore had it.
    let why = match root {
        None => "fewer are here: this node was put back to an older state",
        Some(_) => "they are not those that are here: this node signed two histories",
    };
    let why = format!("{by} has {what} {} entries, and {why}", signed.size);
    let alarm = AlarmAct {
        what: "ledger".to_owned(),
        nation: by.to_string(),
        id: signed.origin.clone(),
        digest: String::new(),
        detail: format!("{why}\n{}", signed.note),
    };
    // The note bears the time of its cosignature, which is another each time.
    let says_the_same = |known: &AlarmAct| {
        known.id == alarm.id && known.detail.lines().next() == alarm.detail.lines().next()
    };
    let recorded = desk.home().acts(kind::ALARM).map_err(|error| error.to_string());
    let recorded = recorded.and_then(|alarms| {
        let mut known = alarms.iter().filter_map(|(_, act)| serde_json::from_str(&act.json).ok());
        if known.any(|known| says_the_same(&known)) {
            return Ok(());
        }
        tracing::error!("{}", alarm.detail);
        desk.alarm(&alarm).map_err(|error| error.to_string())
    });
    recorded.map_or_else(ReceiptError::Failed, |()| ReceiptError::Refused(why))
}

/// A tree by its right edge, in base64.
fn read_tree(size: u64, edge: &[String]) -> Result<Tree, KeeperError> {
    let damaged = || KeeperError("what was received cannot be read".to_owned());
    let hash = |text: &String| {
        let bytes = BASE64_STANDARD.decode(text).ok()?;
        Some(NodeHash(<[u8; 32]>::try_from(bytes).ok()?))
    };
    let hashes = edge.iter().map(hash).collect::<Option<Vec<_>>>().ok_or_else(damaged)?;
    Tree::from_edge(size, hashes).ok_or_else(damaged)
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
        let tree = read_tree(act.size, &act.edge)?;
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
        let Some(signed) = position.signed.as_ref().filter(|_| position.is_complete()) else {
            return Ok(None);
        };
        let key = self.desk().home().key().ok_or_else(|| failed("this node has no key"))?;
        cosignature::cosign(&key, signed, self.clock.now()).map(Some).map_err(failed)
    }

    fn holds(&self, of: Nation) -> Option<String> {
        self.cards.of(of).map(|met| met.card.digest())
    }

    fn succeed(&self, of: Nation, successions: &[String]) -> Result<(), SuccessionError> {
        let none = || SuccessionError::Keeper(KeeperError(NO_CARD.to_owned()));
        let mut card = self.cards.of(of).ok_or_else(none)?.card;
        for text in successions.iter().take(SUCCESSIONS_MAX) {
            let succession = Succession::read(text)?;
            succession.follows(&card)?;
            card = succession.card;
            self.has_its_own_roots(&card)?;
            let act = PeerAct { nation: of.to_string(), card: card.text().to_owned() };
            self.desk().meet(&act).map_err(failed)?;
            tracing::info!("{of} has a new card, made at {}: {}", card.made, card.fingerprint());
        }
        Ok(())
    }

    fn successions(&self, by: Nation, holds: &str) -> Result<Vec<String>, KeeperError> {
        let kind = kind::holds(by);
        let act = HoldsAct { card: holds.to_owned() };
        let mut desk = self.desk();
        let known = desk.home().last_act_of(&kind).map_err(failed)?;
        let known = known.and_then(|(_, act)| serde_json::from_str(&act.json).ok());
        let (mut found, offered) = (Vec::new(), self.offers());
        for (seq, act) in desk.home().acts(kind::CARD).map_err(failed)? {
            let act: CardAct = serde_json::from_str(&act.json).map_err(failed)?;
            if seq <= offered && (act.before == holds || !found.is_empty()) {
                found.push(act.succession);
            }
        }
        if known.as_ref() != Some(&act) {
            desk.record(&kind, &act).map_err(failed)?;
        }
        found.truncate(SUCCESSIONS_MAX);
        Ok(found)
    }

    fn offers(&self) -> u64 {
        self.offered.load(Ordering::SeqCst)
    }

    fn epochs(&self, by: Nation, from: u64, received: u64) -> Result<Option<String>, KeeperError> {
        self.open_epochs(by, from, received)
    }

    fn seen(&self, of: Nation) -> Result<Seen, KeeperError> {
        self.seen_epochs(of)
    }

    fn keys(&self, but: Nation) -> Vec<(Nation, String)> {
        let others = self.cards.all().filter(|met| met.card.nation != but);
        others.map(|met| (met.card.nation, met.card.key)).collect()
    }

    fn witness(&self, of: Nation, seen: &Seen) -> Result<Option<String>, KeeperError> {
        self.witness_epochs(of, seen)
    }

    fn witnessed(&self, by: Nation, note: &str) -> Result<(), ReceiptError> {
        self.take_witness(by, note)
    }

    fn received(&self, by: Nation, note: &str) -> Result<(), ReceiptError> {
        let failed = |error: &dyn std::fmt::Display| ReceiptError::Failed(error.to_string());
        let refused = || ReceiptError::Refused(NO_CARD.to_owned());
        let met = self.cards.of(by).ok_or_else(refused)?;
        let index = met.index.ok_or_else(refused)?;
        let own = origin(self.here, by);
        let mut desk = self.desk();
        let cosigned = cosigned_by(&desk, note, &own, &met.card.key)?;
        let size = cosigned.signed.size;
        let reader = self.reader.lock().unwrap_or_else(PoisonError::into_inner);
        let root = reader.root_at(index, size).map_err(|error| failed(&error))?;
        drop(reader);
        if root != Some(cosigned.signed.root) {
            return Err(confess(&mut desk, (by, "a receipt for"), &cosigned.signed, root));
        }
        let act = ReceiptAct { size, note: note.to_owned() };
        desk.acknowledge(by, &act).map(drop).map_err(|error| failed(&error))
    }
}
