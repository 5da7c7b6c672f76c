//! Federation while the node is served: the desk behind `entente-peer`, and a follower for each
//! partner's node.
//!
//! Invariant: every node that was met and takes part is followed, and no other; a change counts within
//! [`LOOK_EVERY`].

use std::collections::BTreeMap;
use std::fs::read_to_string as read;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Result;
use axum::Router;
use entente_object::clock::Clock;
use entente_peer::Pace;
use entente_peer::api::{Doors, routes};
use entente_peer::bureau::{Bureau, NO_CARD};
use entente_peer::card::Card;
use entente_peer::doors::{Caller, Partners};
use entente_peer::follow::{Follower, LinkError, State, Watched};
use entente_peer::growth::{Grower, Growth};
use entente_peer::met::{self, Met};
use entente_peer::page::Edge;
use entente_release::partner::{Channel, Standing};
use entente_release::{Nation, Partner};
use entente_store::Reader;
use entente_view_taxii::Directory as _;
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;

use crate::certificate::Keys;
use crate::dial::Dial;
use crate::doors::{Door, Register};
use crate::met::Lists;

/// How often it is looked whether a node was met or a partner changed.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// How often it is looked whether the store has grown: another process may have written. A question
/// takes 2 µs, and half of this is added to the time until a partner sees what was released.
const GROWN_EVERY: Duration = Duration::from_millis(4);

/// Partners and their revocation lists.
struct Known {
    register: Arc<Register>,
    bureau: Arc<Bureau>,
    lists: Lists,
    wakes: Wakes,
}

/// What tells each partner's follower that the partner's node was heard.
type Wakes = Arc<Mutex<BTreeMap<Nation, Arc<Notify>>>>;

impl Known {
    fn card(&self, caller: &Caller) -> Result<Card, String> {
        let met = self.bureau.met(caller.nation);
        met.map(|met| met.card).ok_or_else(|| NO_CARD.to_owned())
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
        self.lists.take(caller, &self.card(caller)?, list)?;
        // Who asks is there to be asked.
        let wakes = self.wakes.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(wake) = wakes.get(&caller.nation) {
            wake.notify_one();
        }
        Ok(())
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
    pace: Pace,
    wakes: Wakes,
    /// How it stands with each partner's node.
    pub(crate) board: Board,
}

impl Federation {
    pub(crate) fn new(
        folder: &Path,
        door: &Door,
        clock: Arc<dyn Clock>,
        epoch: Duration,
    ) -> Result<Self> {
        let keys = Keys::of(folder);
        let roots = move || keys.authorities().filter_map(|keys| read(keys.root()).ok()).collect();
        let bureau = Arc::new(Bureau::new(folder, door.desk.clone(), roots, clock.clone())?);
        let (channel, board) = (Channel::default(), Board::default());
        let pace = Pace { witness_every: epoch, ..Pace::default() };
        Ok(Self {
            folder: folder.to_owned(),
            clock,
            bureau,
            channel,
            pace,
            wakes: Wakes::default(),
            board,
        })
    }

    /// What partners' nodes ask.
    pub(crate) fn routes(&self, register: Arc<Register>, growth: Growth) -> Router {
        let lists = Lists::of(&self.folder, self.clock.clone());
        let wakes = self.wakes.clone();
        let known = Known { register, bureau: self.bureau.clone(), lists, wakes };
        routes(Doors {
            store: self.folder.clone(),
            partners: Arc::new(known),
            keeper: self.bureau.clone(),
            clock: self.clock.clone(),
            growth,
            channel: self.channel.clone(),
            pace: self.pace,
        })
    }

    /// Follows whom it has to, until `stopped`.
    pub(crate) async fn run(self, mut stopped: watch::Receiver<bool>) {
        let mut followed: BTreeMap<Nation, (Card, watch::Sender<bool>, JoinHandle<()>)> =
            BTreeMap::new();
        let mut seen = None;
        loop {
            if let Err(error) = self.bureau.look() {
                tracing::error!("this node's new card is not offered: {error}");
            }
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
        let wake: Arc<Notify> = Arc::default();
        self.board.0.lock().unwrap_or_else(PoisonError::into_inner).insert(nation, state.clone());
        let list = move || {
            let path = keys.shown_crl().map_err(|error| LinkError(error.to_string()))?;
            read(path)
                .map_err(|cause| LinkError(format!("the revocation list is not here: {cause}")))
        };
        let follower = Follower {
            edge: Edge {
                from: nation,
                here: self.bureau.here(),
                key: card.key.clone(),
                channel: self.channel.clone(),
            },
            link,
            keeper: self.bureau.clone(),
            clock: self.clock.clone(),
            list: Box::new(list),
            state,
            pace: self.pace,
            wake: wake.clone(),
        };
        self.wakes.lock().unwrap_or_else(PoisonError::into_inner).insert(nation, wake);
        let (stop, stopped) = watch::channel(false);
        Some((card, stop, tokio::spawn(follower.run(stopped))))
    }
}

/// Tells whenever the store has changed, until `stopped`.
pub(crate) async fn watch_growth(
    folder: PathBuf,
    told: Grower,
    mut stopped: watch::Receiver<bool>,
) {
    let reader = match Reader::open(&folder) {
        Ok(reader) => reader,
        Err(error) => {
            tracing::error!("partners' nodes are not told when something is released: {error}");
            return;
        }
    };
    let mut seen = None;
    loop {
        tokio::select! {
            _ = stopped.wait_for(|stop| *stop) => return,
            () = tokio::time::sleep(GROWN_EVERY) => {}
        }
        let now = reader.data_version().ok();
        if now != seen {
            seen = now;
            told.tell();
        }
    }
}

#[cfg(test)]
mod tests;
