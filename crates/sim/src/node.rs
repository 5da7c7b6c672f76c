//! One simulated nation's node: the real desk, store, routes and followers over the simulated network.
//!
//! Invariants:
//! * What is tested is the code that is served; only clock, network and the threads differ.
//! * A crash loses all that is in memory, at whatever await a task was; what was on disk stays.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::{Context as _, Result};
use axum::Router;
use axum::body::Body;
use axum::middleware::map_response;
use axum::response::Response;
use entente_intake::acts::{NodeAct, PeerAct, ProgrammeAct};
use entente_intake::{Applied, Desk, prepare};
use entente_log::cosignature::Cosigned;
use entente_log::journal::Journal as _;
use entente_log::key::Key;
use entente_object::clock::Clock as _;
use entente_peer::Pace;
use entente_peer::api::{Doors, routes};
use entente_peer::bureau::Bureau;
use entente_peer::card::Card;
use entente_peer::doors::{Caller, Keeper, KeeperError, Partners, ReceiptError, SuccessionError};
use entente_peer::epochs::Seen;
use entente_peer::follow::{Follower, Watched};
use entente_peer::growth::{Grower, growth};
use entente_peer::page::{Edge, Fault, Page, Position, What};
use entente_release::partner::{Channel, Standing};
use entente_release::{Nation, Partner};
use entente_store::{Home, Signing};
use http::HeaderValue;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::defect::Defect;
use crate::disk;
use crate::net::{Net, SimLink};
use crate::time::SimClock;

/// Streams are quiet for long: a simulation of weeks would else consist of signs of life.
const PACE: Pace = Pace {
    says_every: Duration::from_hours(24),
    silent_max: Duration::from_hours(60),
    pause_first: Duration::from_mins(2),
    pause_longest: Duration::from_hours(12),
    witness_every: Duration::from_hours(24),
    threads: false,
};

/// A node, up or down.
pub(crate) struct Node {
    pub(crate) nation: Nation,
    pub(crate) folder: PathBuf,
    pub(crate) clock: SimClock,
    net: Net,
    up: Option<Up>,
    /// Of a node that is down: what its people's commands opened last.
    opened: Option<Desk>,
    /// How often it crashed.
    crashes: u32,
    defect: Option<Defect>,
}

struct Up {
    desk: Arc<Mutex<Desk>>,
    grown: Arc<Grower>,
    followed: Vec<(Nation, JoinHandle<()>)>,
    keeper: Arc<Told>,
    _stop: watch::Sender<bool>,
    stopped: watch::Receiver<bool>,
}

/// The desk behind federation, and who waits for it to grow.
struct Told {
    bureau: Bureau,
    grown: Arc<Grower>,
    desk: Arc<Mutex<Desk>>,
    defect: Option<Defect>,
}

impl Told {
    /// Does to a page what the defect would, if there is one.
    fn spoil(&self, page: &mut Page) {
        let objects = page.entries.iter_mut().filter_map(|entry| match &mut entry.what {
            What::Released { bytes, label } => Some((bytes, label)),
            What::Withdrawn { .. } => None,
        });
        match self.defect {
            Some(Defect::Lose) => page.entries.clear(),
            Some(Defect::Forge) => objects.for_each(|(bytes, _)| bytes.push(b' ')),
            Some(Defect::Relay) => {
                let objects = objects.filter_map(|(bytes, label)| {
                    Some((prepare(bytes.clone()).ok()?, label.clone()))
                });
                let mut desk = locked(&self.desk);
                for (object, label) in objects {
                    let applied = Applied {
                        tlp: Some(label.tlp),
                        rel_to: label.rel_to.clone(),
                        under: label.under.clone(),
                        caveats: label.caveats.clone(),
                        actions: label.actions,
                        exercise: None,
                        window: label.window,
                    };
                    let here = desk.here();
                    let _relayed = desk.take(vec![object], here, Some(&applied));
                }
            }
            _ => {}
        }
    }
}

impl Keeper for Told {
    fn position(&self, edge: &Edge) -> Result<Position, KeeperError> {
        self.bureau.position(edge)
    }

    fn take(&self, edge: &Edge, mut page: Page) -> Result<(), KeeperError> {
        self.spoil(&mut page);
        let taken = self.bureau.take(edge, page);
        self.grown.tell();
        taken
    }

    fn accuse(&self, edge: &Edge, fault: &Fault) -> Result<(), KeeperError> {
        self.bureau.accuse(edge, fault)
    }

    fn receipt(&self, position: &Position) -> Result<Option<Cosigned>, KeeperError> {
        self.bureau.receipt(position)
    }

    fn received(&self, by: Nation, note: &str) -> Result<(), ReceiptError> {
        if self.defect == Some(Defect::Unacknowledged) {
            return Ok(());
        }
        self.bureau.received(by, note)
    }

    fn holds(&self, of: Nation) -> Option<String> {
        self.bureau.holds(of)
    }

    fn succeed(&self, of: Nation, successions: &[String]) -> Result<(), SuccessionError> {
        self.bureau.succeed(of, successions)
    }

    fn epochs(&self, by: Nation, from: u64, received: u64) -> Result<Option<String>, KeeperError> {
        self.bureau.epochs(by, from, received)
    }

    fn seen(&self, of: Nation) -> Result<Seen, KeeperError> {
        self.bureau.seen(of)
    }

    fn keys(&self, but: Nation) -> Vec<(Nation, String)> {
        self.bureau.keys(but)
    }

    fn witness(&self, of: Nation, seen: &Seen) -> Result<Option<String>, KeeperError> {
        self.bureau.witness(of, seen)
    }

    fn witnessed(&self, by: Nation, note: &str) -> Result<(), ReceiptError> {
        self.bureau.witnessed(by, note)
    }

    fn offers(&self) -> u64 {
        self.bureau.offers()
    }

    fn successions(&self, by: Nation, holds: &str) -> Result<Vec<String>, KeeperError> {
        self.bureau.successions(by, holds)
    }
}

/// Partners as the desk knows them. The simulated network forges no certificate, so all are vouched for.
struct Known(Arc<Mutex<Desk>>);

impl Partners for Known {
    fn partner(&self, nation: Nation) -> Option<Arc<Partner>> {
        let desk = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        desk.partner(nation).ok().map(|record| Arc::new(record.partner.clone()))
    }

    fn vouch(&self, _caller: &Caller) -> Result<(), String> {
        Ok(())
    }

    fn take_list(&self, _caller: &Caller, _list: &str) -> Result<(), String> {
        Ok(())
    }
}

impl Node {
    /// Sets a node up, down.
    pub(crate) fn init(
        folder: PathBuf,
        nation: Nation,
        (clock, net): (SimClock, Net),
        (programmes, defect): (&[ProgrammeAct], Option<Defect>),
    ) -> Result<Self> {
        std::fs::create_dir_all(&folder)?;
        let mut home = Home::open(&folder)?;
        let act = NodeAct { nation: nation.to_string(), key: key(nation)?.public() };
        Desk::init(&mut home, &act, clock.now())?;
        let mut desk = Desk::open(home, Arc::new(clock.clone()))?;
        for programme in programmes {
            desk.adopt_programme(programme)?;
        }
        Ok(Self { nation, folder, clock, net, up: None, opened: None, crashes: 0, defect })
    }

    /// This node's card.
    pub(crate) fn card(&self) -> Result<Card> {
        let address = format!("https://{}.example", self.nation.as_str().to_lowercase());
        let roots = vec![format!("root of {}", self.nation)];
        Ok(Card::sign(&key(self.nation)?, self.nation, roots, &address, self.clock.now())?)
    }

    fn open(&self) -> Result<Desk> {
        let clock = Arc::new(self.clock.clone());
        let mut desk = Desk::open(Home::open(&self.folder)?, clock)?;
        sign(&mut desk, self.nation)?;
        Ok(desk)
    }

    /// Starts it.
    pub(crate) fn start(&mut self) -> Result<()> {
        self.opened = None;
        let clock = Arc::new(self.clock.clone());
        let desk = Arc::new(Mutex::new(self.open()?));
        let (grown, growth) = growth();
        let grown = Arc::new(grown);
        let (stop, stopped) = watch::channel(false);
        let bureau = Bureau::new(&self.folder, desk.clone(), Vec::new, clock.clone())?;
        bureau.look()?;
        let (told, defect) = (desk.clone(), self.defect);
        let keeper = Arc::new(Told { bureau, grown: grown.clone(), desk: told, defect });
        let router = routes(Doors {
            store: self.folder.clone(),
            partners: Arc::new(Known(desk.clone())),
            keeper: keeper.clone(),
            clock,
            growth,
            channel: Channel::default(),
            pace: PACE,
        });
        let router = match self.defect {
            Some(defect) => told_by(router, defect, desk.clone()),
            None => router,
        };
        self.net.plug(self.nation, Some(router));
        let followed = Vec::new();
        self.up = Some(Up { desk, grown, followed, keeper, _stop: stop, stopped });
        self.follow()
    }

    /// Follows whom it has to.
    fn follow(&mut self) -> Result<()> {
        let (here, net) = (self.nation, self.net.clone());
        let clock = self.clock.clone();
        let Some(up) = &mut self.up else { return Ok(()) };
        let desk = up.desk.lock().unwrap_or_else(PoisonError::into_inner);
        let active = |nation: Nation| {
            let record = desk.partner(nation).ok();
            record.is_some_and(|record| record.partner.standing == Standing::Active)
        };
        up.followed.retain(|(nation, task)| {
            let keeps = active(*nation);
            if !keeps {
                task.abort();
            }
            keeps
        });
        for record in desk.partners() {
            let from = record.partner.nation;
            let is_followed = up.followed.iter().any(|(nation, _)| *nation == from);
            let Some(act) = desk.peer(from).filter(|_| active(from) && !is_followed) else {
                continue;
            };
            let card = Card::read(&act.card)?;
            let follower = Follower {
                edge: Edge { from, here, key: card.key, channel: Channel::default() },
                link: SimLink { net: net.clone(), from: here, to: from },
                keeper: up.keeper.clone(),
                clock: Arc::new(clock.clone()),
                list: Box::new(|| Ok(String::new())),
                state: Watched::default(),
                pace: PACE,
                wake: Arc::default(),
            };
            up.followed.push((from, tokio::spawn(follower.run(up.stopped.clone()))));
        }
        Ok(())
    }

    /// Whether it is up.
    pub(crate) fn is_up(&self) -> bool {
        self.up.is_some()
    }

    /// Ends it as a power cut would: SQLite tidies nothing up, and behind the last write that was
    /// committed lies the beginning of another one, of so many bytes.
    pub(crate) fn crash(&mut self, torn: usize) -> Result<()> {
        self.opened = None;
        let Some(up) = self.up.take() else { return Ok(()) };
        self.net.plug(self.nation, None);
        self.crashes += 1;
        // Of what was under way some holds the old files open until it notices: it keeps them.
        let after = self.folder.with_extension(self.crashes.to_string());
        disk::copy_as_it_is(&self.folder, &after, torn)?;
        if self.defect == Some(Defect::Unsynced) {
            disk::lose_the_last(&after)?;
        }
        for (_, task) in up.followed {
            task.abort();
        }
        let before = std::mem::replace(&mut self.folder, after);
        Ok(std::fs::remove_dir_all(before)?)
    }

    /// Ends it in order.
    pub(crate) fn stop(&mut self) {
        self.opened = None;
        self.net.plug(self.nation, None);
        for (_, task) in self.up.take().map(|up| up.followed).into_iter().flatten() {
            task.abort();
        }
    }

    /// Does something at the desk, of a node that is up or of one whose people use commands alone.
    pub(crate) fn at_desk<T>(&mut self, act: impl FnOnce(&mut Desk) -> Result<T>) -> Result<T> {
        let done = if let Some(up) = &self.up {
            let done = act(&mut locked(&up.desk))?;
            up.grown.tell();
            done
        } else {
            let mut desk = match self.opened.take() {
                Some(desk) => desk,
                None => self.open()?,
            };
            let done = act(&mut desk)?;
            self.opened = Some(desk);
            done
        };
        self.follow()?;
        Ok(done)
    }

    /// Accepts a card.
    pub(crate) fn meet(&mut self, card: &Card) -> Result<()> {
        let act = PeerAct { nation: card.nation.to_string(), card: card.text().to_owned() };
        let own = self.nation;
        self.at_desk(|desk| {
            desk.meet(&act)?;
            sign(desk, own)
        })
    }
}

/// The routes of a node that says more than it should.
fn told_by(router: Router, defect: Defect, desk: Arc<Mutex<Desk>>) -> Router {
    router.layer(map_response(move |mut answer: Response| {
        let desk = desk.clone();
        async move {
            let home = locked(&desk).home().tip().next;
            if defect == Defect::TellsSize {
                answer.headers_mut().insert("x-size", HeaderValue::from(home));
            } else if defect == Defect::TellsError && !answer.status().is_success() {
                let mut last = Vec::new();
                let _read = locked(&desk).home().each_object_from(0, &mut |_, put| {
                    last = put.bytes.to_vec();
                    Ok(true)
                });
                *answer.body_mut() = Body::from(last);
            }
            answer
        }
    }))
}

fn locked(desk: &Mutex<Desk>) -> MutexGuard<'_, Desk> {
    desk.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The signing key of a simulated nation.
pub(crate) fn key(nation: Nation) -> Result<Key> {
    let mut seed = [7; 32];
    for (byte, letter) in seed.iter_mut().zip(nation.as_str().bytes()) {
        *byte = letter;
    }
    Key::from_seed(nation.as_str(), &seed).context("a nation that names no key")
}

/// Gives a desk its key. Fails where more was signed than is there.
pub(crate) fn sign(desk: &mut Desk, here: Nation) -> Result<()> {
    let partners = desk.partners().iter().map(|r| (r.partner.index, r.partner.nation)).collect();
    desk.home_mut().sign_with(Signing { key: key(here)?.into(), here, partners })?;
    Ok(())
}
