//! Federation while the node is served: the desk behind `entente-peer`, and a follower for each
//! partner's node.
//!
//! Invariant: every node that was met and takes part is followed, and no other; a change counts within
//! [`LOOK_EVERY`].

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Result;
use axum::Router;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use entente_intake::acts::{AlarmAct, ReceiptAct, ReceivedAct, kind};
use entente_intake::{Delivery, hex, prepare};
use entente_log::checkpoint;
use entente_log::cosignature::{self, Cosigned};
use entente_log::key::Key;
use entente_log::ledger::origin;
use entente_log::tree::{NodeHash, Tree};
use entente_object::clock::Clock;
use entente_peer::api::{Doors, routes};
use entente_peer::card::Card;
use entente_peer::doors::{Caller, Keeper, KeeperError, Partners, ReceiptError};
use entente_peer::follow::{Follower, LinkError, State, Watched};
use entente_peer::page::{Edge, Fault, Page, Position, What};
use entente_release::partner::{Channel, Standing};
use entente_release::{Nation, Partner};
use entente_store::Reader;
use entente_view_taxii::Directory as _;
use sha2::{Digest as _, Sha256};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::certificate::Keys;
use crate::dial::Dial;
use crate::doors::{Door, Register};
use crate::folder;
use crate::met::{self, Lists, Met};

/// How often it is looked whether a node was met or a partner changed.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// How often it is looked whether the store has grown: another process may have written. A question
/// takes 2 µs, and half of this is added to the time until a partner sees what was released.
const GROWN_EVERY: Duration = Duration::from_millis(4);

/// The desk, as federation sees it.
pub(crate) struct Bureau {
    folder: PathBuf,
    door: Arc<Door>,
    key: Key,
    here: Nation,
    clock: Arc<dyn Clock>,
}

impl Bureau {
    pub(crate) fn new(folder: &Path, door: Arc<Door>, clock: Arc<dyn Clock>) -> Result<Self> {
        let here = door.desk().here();
        let key = folder::signing_key(folder, here)?;
        Ok(Self { folder: folder.to_owned(), door, key, here, clock })
    }

    fn card(&self, nation: Nation) -> Option<Card> {
        let desk = self.door.desk();
        Card::read(&desk.peer(nation)?.card).ok()
    }
}

fn failed(error: impl std::fmt::Display) -> KeeperError {
    KeeperError(error.to_string())
}

impl Keeper for Bureau {
    fn position(&self, edge: &Edge) -> Result<Position, KeeperError> {
        let desk = self.door.desk();
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
        self.door.desk().receive(delivery).map(drop).map_err(failed)
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
        self.door.desk().alarm(&alarm).map_err(failed)
    }

    fn receipt(&self, position: &Position) -> Result<Option<Cosigned>, KeeperError> {
        let complete = position.signed.as_ref().filter(|_| position.is_complete());
        let receipt =
            complete.map(|signed| cosignature::cosign(&self.key, signed, self.clock.now()));
        receipt.transpose().map_err(failed)
    }

    fn received(&self, by: Nation, note: &str) -> Result<(), ReceiptError> {
        let failed = |error: &dyn std::fmt::Display| ReceiptError::Failed(error.to_string());
        let card = self
            .card(by)
            .ok_or_else(|| ReceiptError::Refused("no card of yours is here".to_owned()))?;
        let own = origin(self.here, by);
        let cosigned = cosignature::verify(note, (&own, &self.key.public()), &card.key)
            .map_err(|error| ReceiptError::Refused(error.to_string()))?;
        let size = cosigned.signed.size;
        let mut desk = self.door.desk();
        let index = desk.partner(by).map_err(|error| failed(&error))?.partner.index;
        let reader = Reader::open(&self.folder).map_err(|error| failed(&error))?;
        let root = reader.root_at(index, size).map_err(|error| failed(&error))?;
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
            let alarms = reader.acts(kind::ALARM).map_err(|error| failed(&error))?;
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

/// Partners and their revocation lists.
struct Known {
    register: Arc<Register>,
    bureau: Arc<Bureau>,
    lists: Lists,
}

impl Known {
    fn card(&self, caller: &Caller) -> Result<Card, String> {
        self.bureau.card(caller.nation).ok_or_else(|| "no card of yours is here".to_owned())
    }
}

impl Partners for Known {
    fn partner(&self, nation: Nation) -> Option<Arc<Partner>> {
        self.register.partner(nation)
    }

    fn vouch(&self, caller: &Caller) -> Result<(), String> {
        self.lists.vouch(caller, &self.card(caller)?)
    }

    fn take_list(&self, caller: &Caller, list: &str) -> Result<(), String> {
        self.lists.take(caller, &self.card(caller)?, list)
    }
}

/// How it stands with each partner's node.
#[derive(Clone, Default)]
pub(crate) struct Board(Arc<Mutex<BTreeMap<Nation, Watched>>>);

impl Board {
    /// How it stands now.
    pub(crate) fn now(&self) -> BTreeMap<Nation, State> {
        let board = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        board.iter().map(|(nation, watched)| (*nation, watched.now())).collect()
    }
}

/// Federation of one served node.
pub(crate) struct Federation {
    folder: PathBuf,
    clock: Arc<dyn Clock>,
    bureau: Arc<Bureau>,
    channel: Channel,
    /// How it stands with each partner's node.
    pub(crate) board: Board,
}

impl Federation {
    pub(crate) fn new(folder: &Path, door: Arc<Door>, clock: Arc<dyn Clock>) -> Result<Self> {
        let bureau = Arc::new(Bureau::new(folder, door, clock.clone())?);
        let (channel, board) = (Channel::default(), Board::default());
        Ok(Self { folder: folder.to_owned(), clock, bureau, channel, board })
    }

    /// What partners' nodes ask.
    pub(crate) fn routes(&self, register: Arc<Register>, growth: watch::Receiver<u64>) -> Router {
        let lists = Lists::of(&self.folder, self.clock.clone());
        let known = Known { register, bureau: self.bureau.clone(), lists };
        routes(Doors {
            store: self.folder.clone(),
            partners: Arc::new(known),
            keeper: self.bureau.clone(),
            clock: self.clock.clone(),
            growth,
            card: std::fs::read_to_string(folder::card(&self.folder)).ok(),
            channel: self.channel.clone(),
        })
    }

    /// Follows whom it has to, until `stopped`.
    pub(crate) async fn run(self, mut stopped: watch::Receiver<bool>) {
        let mut followed: BTreeMap<Nation, (Card, watch::Sender<bool>, JoinHandle<()>)> =
            BTreeMap::new();
        let mut seen = None;
        loop {
            match self.look(seen) {
                Ok(None) => {}
                Ok(Some((version, met))) => {
                    seen = Some(version);
                    let keep = |nation: &Nation, card: &Card| {
                        let met = met.get(nation).filter(|met| met.standing == Standing::Active);
                        met.is_some_and(|met| met.card == *card)
                    };
                    followed.retain(|nation, (card, stop, _)| {
                        let keeps = keep(nation, card);
                        if !keeps {
                            stop.send_replace(true);
                        }
                        keeps
                    });
                    for (nation, met) in met {
                        if met.standing == Standing::Active && !followed.contains_key(&nation) {
                            followed.extend(self.follow(nation, met.card).map(|f| (nation, f)));
                        }
                    }
                }
                Err(error) => tracing::error!("who is to be followed is not known: {error:#}"),
            }
            tokio::select! {
                _ = stopped.wait_for(|stop| *stop) => break,
                () = tokio::time::sleep(LOOK_EVERY) => {}
            }
        }
        for (_, (_, stop, task)) in followed {
            stop.send_replace(true);
            let _ended = task.await;
        }
    }

    /// Who was met, if that changed.
    fn look(&self, seen: Option<u64>) -> Result<Option<(u64, BTreeMap<Nation, Met>)>> {
        let reader = Reader::open(&self.folder)?;
        let version = met::version(&reader)?;
        if seen == Some(version) { Ok(None) } else { Ok(Some((version, met::met(&reader)?))) }
    }

    fn follow(
        &self,
        nation: Nation,
        card: Card,
    ) -> Option<(Card, watch::Sender<bool>, JoinHandle<()>)> {
        let link = match Dial::new(&self.folder, self.clock.clone(), card.clone()) {
            Ok(link) => link,
            Err(error) => {
                tracing::error!("{nation} cannot be followed: {error:#}");
                return None;
            }
        };
        let (state, keys) = (Watched::default(), Keys::of(&self.folder));
        self.board.0.lock().unwrap_or_else(PoisonError::into_inner).insert(nation, state.clone());
        let list = move || {
            std::fs::read_to_string(keys.crl())
                .map_err(|cause| LinkError(format!("the revocation list is not here: {cause}")))
        };
        let follower = Follower {
            edge: Edge {
                from: nation,
                here: self.bureau.here,
                key: card.key.clone(),
                channel: self.channel.clone(),
            },
            link,
            keeper: self.bureau.clone(),
            clock: self.clock.clone(),
            list: Box::new(list),
            state,
        };
        let (stop, stopped) = watch::channel(false);
        Some((card, stop, tokio::spawn(follower.run(stopped))))
    }
}

/// Tells whenever the store has changed, until `stopped`.
pub(crate) async fn watch_growth(
    folder: PathBuf,
    told: watch::Sender<u64>,
    mut stopped: watch::Receiver<bool>,
) {
    let Ok(reader) = Reader::open(&folder) else { return };
    let mut seen = None;
    loop {
        tokio::select! {
            _ = stopped.wait_for(|stop| *stop) => return,
            () = tokio::time::sleep(GROWN_EVERY) => {}
        }
        let now = reader.data_version().ok();
        if now != seen {
            seen = now;
            told.send_modify(|count| *count += 1);
        }
    }
}

#[cfg(test)]
mod tests;
