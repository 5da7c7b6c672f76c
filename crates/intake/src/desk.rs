//! The desk: the store, and what the log says about partners and programmes.
//!
//! Invariants:
//! * What the desk knows is folded from recorded acts; changing it means recording another act.
//! * Every decision is taken with the time that the desk's clock gave for it, which is recorded.

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::hash::Hash;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use entente_cooperation::IllegalStep;
use entente_log::entry::{Act, Entry, LabelNumber};
use entente_log::journal::Journal as _;
use entente_log::order::OrderError;
use entente_object::clock::Clock;
use entente_object::id::Id;
use entente_object::id::IdKey;
use entente_object::time::Timestamp;
use entente_programme::{National, Policies, Problem, Programme};
use entente_release::approval::Approval;
use entente_release::label::{Under, Window};
use entente_release::partner::{Channel, Standing, Subscription};
use entente_release::{Label, Nation, Partner, PartnerIndex, PartnerSet};
use entente_store::{Home, Known, StoreError};
use quick_cache::sync::Cache;
use rustc_hash::FxHashMap;
use serde::de::DeserializeOwned;

use crate::acts::{CardAct, NationalAct, NodeAct, PartnerAct, PeerAct, ProgrammeAct, kind};
use crate::cooperate::Seen;
use crate::decide::Decided;
use crate::label::Marking;
use crate::prepare::Refused;

/// Something could not be taken in or changed.
#[derive(Debug, thiserror::Error)]
pub enum IntakeError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A recorded act does not read as what it is.
    #[error("the recorded act {seq} of kind {kind} cannot be read: {reason}")]
    Act {
        /// Its place in the log.
        seq: u64,
        /// Its kind.
        kind: String,
        /// Why.
        reason: String,
    },
    /// A programme or a national file has problems.
    #[error("{}", list(.0))]
    Programme(Vec<Problem>),
    /// The node was not set up.
    #[error("this folder holds no node yet: run `entente init` first")]
    NoNode,
    /// There is no such partner.
    #[error("{0} is no partner of this node: `entente partner add {0}` makes it one")]
    NoPartner(Nation),
    /// There are as many partners as a node can have.
    #[error("this node has 64 partners, which is the most")]
    TooManyPartners,
    /// A revoked partner stays revoked.
    #[error("{0} was revoked, which is for good")]
    Revoked(Nation),
    /// Of a suspended partner nothing is taken.
    #[error("{0} is suspended: nothing of it is taken until `entente peer resume {0}`")]
    Suspended(Nation),
    /// There is no such object.
    #[error("{0} is not here")]
    NoObject(String),
    /// What a partner's ledger gave does not continue what was received.
    #[error(
        "{before} entries of the ledger of {nation} are here, and the delivery begins at {first}"
    )]
    OutOfOrder {
        /// Whose ledger.
        nation: Nation,
        /// How many entries are here.
        before: u64,
        /// Where the delivery begins.
        first: u64,
    },
    /// What is said may not follow what was said before.
    #[error(transparent)]
    Step(#[from] IllegalStep),
    /// A message of assistance may not be sent now.
    #[error(transparent)]
    Assistance(#[from] entente_cooperation::assistance::Why),
    /// An alert is on the wrong side of the wall between exercises and operations.
    #[error(transparent)]
    WrongSide(#[from] entente_cooperation::cap::WrongSide),
    /// The object is not valid, or may not come in.
    #[error("{0}")]
    Refused(Box<Refused>),
    /// Another nation's object.
    #[error("{by} said {id}, and nobody but {by} can change it: answer it instead")]
    NotOurs {
        /// The object.
        id: String,
        /// Whose it is.
        by: Nation,
    },
    /// A new object needs a label.
    #[error("what is new needs a label: say under which programme and area, and whom it is for")]
    NoLabel,
    /// Several objects may be meant.
    #[error("{text} may be any of these, write more of it: {}", .ids.join(", "))]
    Ambiguous {
        /// What was written.
        text: String,
        /// The objects, five at most.
        ids: Vec<String>,
    },
    /// The approval does not count.
    #[error("the approval was not accepted: {0}")]
    Approval(&'static str),
    /// There is no such feed, or it does not run.
    #[error("{0}")]
    Feed(String),
    /// Another run of the feed was faster.
    #[error("another run of the feed {0} went on meanwhile")]
    FeedMoved(String),
}

/// How long a new partner's credentials count: a year, then people meet again.
const CREDENTIAL_LASTS: Duration = Duration::from_hours(365 * 24);

/// How often a decision is taken anew because other replicas appended first. Of two that write at once
/// each second try succeeds; of ten, one in ten, and 64 tries fail once in a thousand.
const MOVED_MAX: u32 = 64;

fn list(problems: &[Problem]) -> String {
    problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

/// A partner as recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartnerRecord {
    /// The partner as the rule sees it.
    pub partner: Partner,
    /// Its act.
    pub act: PartnerAct,
}

/// What one nation brought under an id, as far as it is here.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stored {
    /// The newest version.
    pub(crate) version: i64,
    /// The label of the newest version.
    pub(crate) label: LabelNumber,
    /// Who has any version.
    pub(crate) released: PartnerSet,
}

impl Stored {
    /// Of its versions, oldest first.
    pub(crate) fn of<'a>(versions: impl Iterator<Item = &'a Known>) -> Option<Self> {
        versions.fold(None, |before: Option<Self>, known| {
            let released = before.map_or(PartnerSet::NONE, |before| before.released);
            let (version, label) = (known.version, known.label);
            Some(Self { version, label, released: released.union(known.released) })
        })
    }
}

/// Where objects come in and decisions are taken. One per node.
pub struct Desk {
    pub(crate) home: Home,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) here: Nation,
    /// What node this is and was, the latest last: its key may have been replaced.
    pub(crate) nodes: Vec<NodeAct>,
    pub(crate) policies: Arc<Policies>,
    /// What they were made of.
    adopted: Texts,
    pub(crate) partners: Vec<Partner>,
    pub(crate) records: Vec<PartnerRecord>,
    pub(crate) channel: Channel,
    /// The nodes that were met, by nation.
    pub(crate) peers: FxHashMap<Nation, PeerAct>,
    /// The nations of the parties to adopted programmes, by the id of their identity.
    pub(crate) parties: FxHashMap<IdKey, Nation>,
    pub(crate) numbers: FxHashMap<Label, LabelNumber>,
    /// The rule's answers, by label and then by object type.
    pub(crate) decided: FxHashMap<LabelNumber, Vec<(String, Decided)>>,
    /// What nations mean by markings, by who brought their definitions.
    pub(crate) markings: FxHashMap<(Nation, IdKey), Marking>,
    /// What is mentioned often: what is here of this node's own under an id.
    pub(crate) hot: FxHashMap<IdKey, Option<Stored>>,
    /// Approvals by object, once one was asked for.
    pub(crate) approvals: RefCell<Option<FxHashMap<u64, Vec<Approval>>>>,
    /// What nations do together, as far as it was put together.
    pub(crate) seen: Seen,
}

impl Desk {
    /// Opens the desk over a store. The channel is operations.
    pub fn open(home: Home, clock: Arc<dyn Clock>) -> Result<Self, IntakeError> {
        let nodes: Vec<NodeAct> = every(&home, kind::NODE)?;
        let node = nodes.last().ok_or(IntakeError::NoNode)?;
        let here = node.nation.parse().map_err(|_| IntakeError::NoNode)?;
        let mut desk = Self {
            home,
            clock,
            here,
            nodes,
            policies: policies((Vec::new(), Vec::new()))?,
            adopted: (Vec::new(), Vec::new()),
            partners: Vec::new(),
            records: Vec::new(),
            channel: Channel::default(),
            peers: FxHashMap::default(),
            parties: FxHashMap::default(),
            numbers: FxHashMap::default(),
            decided: FxHashMap::default(),
            markings: FxHashMap::default(),
            hot: FxHashMap::default(),
            approvals: RefCell::default(),
            seen: Seen::default(),
        };
        desk.refresh()?;
        Ok(desk)
    }

    /// Records what node this is, in an empty store.
    pub fn init(home: &mut Home, node: &NodeAct, now: Timestamp) -> Result<(), IntakeError> {
        append_act(home, kind::NODE, node, now)
    }

    /// Reads partners and programmes from the log again.
    fn refresh(&mut self) -> Result<(), IntakeError> {
        self.approvals.take();
        self.nodes = every(&self.home, kind::NODE)?;
        let adopted = (
            latest(&self.home, kind::PROGRAMME, |act: &ProgrammeAct| act.file.clone())?,
            latest(&self.home, kind::NATIONAL, |act: &NationalAct| act.file.clone())?,
        );
        if adopted != self.adopted {
            self.policies = policies(adopted.clone())?;
            self.adopted = adopted;
        }
        self.parties = party_keys(&self.policies);
        let acts = latest(&self.home, kind::PARTNER, |act: &PartnerAct| act.index)?;
        self.records = acts.into_iter().filter_map(read_partner).collect();
        self.partners = self.records.iter().map(|record| record.partner.clone()).collect();
        let peers = latest(&self.home, kind::PEER, |act: &PeerAct| act.nation.clone())?;
        let nation = |act: PeerAct| Some((act.nation.parse().ok()?, act));
        self.peers = peers.into_iter().filter_map(nation).collect();
        let signed = self.partners.iter().map(|partner| (partner.index, partner.nation)).collect();
        self.home.sign_for(signed)?;
        self.numbers =
            (0..).zip(self.home.labels()).map(|(number, l)| (l.label.clone(), number)).collect();
        self.decided.clear();
        self.hot.clear();
        Ok(())
    }

    /// Reads from the log again what another process may have recorded.
    pub fn look_again(&mut self) -> Result<(), IntakeError> {
        self.alone(Self::refresh)
    }

    /// The store.
    pub fn home(&self) -> &Home {
        &self.home
    }

    /// The store, for signing and rebuilding.
    pub fn home_mut(&mut self) -> &mut Home {
        &mut self.home
    }

    /// The nation of this node.
    pub fn here(&self) -> Nation {
        self.here
    }

    /// The public key with which this node signs.
    pub fn key(&self) -> &str {
        self.nodes.last().map_or("", |node| &node.key)
    }

    /// The public keys with which this node signed, the one of now last.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.nodes.iter().map(|node| node.key.as_str())
    }

    /// Records that this node signs with another key. It has no card that would have to say so.
    pub fn replace_key(&mut self, key: &str) -> Result<(), IntakeError> {
        let node = NodeAct { nation: self.here.to_string(), key: key.to_owned() };
        self.alone(|desk| {
            if desk.key() != node.key {
                desk.record(kind::NODE, &node)?;
            }
            desk.refresh()
        })
    }

    /// Records that this node's card was followed by another one, with the key on it.
    pub fn turn(&mut self, card: &CardAct, key: &str) -> Result<(), IntakeError> {
        let node = NodeAct { nation: self.here.to_string(), key: key.to_owned() };
        self.alone(|desk| {
            let now = desk.now();
            let mut acts = vec![(kind::CARD, to_json(&desk.home, kind::CARD, card)?)];
            if desk.key() != node.key {
                acts.push((kind::NODE, to_json(&desk.home, kind::NODE, &node)?));
            }
            let entry = |(kind, json)| Entry::Act(act_entry(kind, json, now));
            desk.home.append(&acts.into_iter().map(entry).collect::<Vec<_>>())?;
            desk.refresh()
        })
    }

    /// The adopted programmes and national caveats.
    pub fn policies(&self) -> &Policies {
        &self.policies
    }

    /// The partners.
    pub fn partners(&self) -> &[PartnerRecord] {
        &self.records
    }

    /// The time of a decision taken now.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// The newest version of an object: of those that this node brought, or else of all.
    pub fn newest(&self, id: &str) -> Result<Known, IntakeError> {
        let missing = || IntakeError::NoObject(id.to_owned());
        let read = Id::parse(id).map_err(|_| missing())?;
        let versions = self.home.versions(read.key())?;
        let own = versions.iter().rfind(|known| known.bringer == self.here);
        own.or(versions.last()).copied().ok_or_else(missing)
    }

    /// The node of a partner, if it was met.
    pub fn peer(&self, nation: Nation) -> Option<&PeerAct> {
        self.peers.get(&nation)
    }

    /// Whether a partner has a node that was met.
    pub(crate) fn has_node(&self, nation: Nation) -> bool {
        self.peers.contains_key(&nation)
    }

    /// Records that a partner's node was met, and makes the nation a partner if it was none.
    pub fn meet(&mut self, act: &PeerAct) -> Result<(), IntakeError> {
        let nation = act.nation.parse().map_err(|_| IntakeError::NoNode)?;
        self.alone(|desk| {
            desk.add_partner(nation)?;
            desk.record(kind::PEER, act)?;
            desk.refresh()
        })
    }

    /// The partner of a nation.
    pub fn partner(&self, nation: Nation) -> Result<&PartnerRecord, IntakeError> {
        let found = self.records.iter().find(|record| record.partner.nation == nation);
        found.ok_or(IntakeError::NoPartner(nation))
    }

    /// Does something while no other process decides or appends, with what is known up to date. Where
    /// another replica of this node appended first, it is done again with what is known then.
    pub(crate) fn alone<T>(
        &mut self,
        mut work: impl FnMut(&mut Self) -> Result<T, IntakeError>,
    ) -> Result<T, IntakeError> {
        let mut tries = 0;
        loop {
            let result = match self.home.lock() {
                Ok(true) => self.refresh().and_then(|()| work(self)),
                Ok(false) => work(self),
                Err(error) => return Err(error.into()),
            };
            self.home.unlock();
            tries += 1;
            let moved =
                matches!(&result, Err(IntakeError::Store(StoreError::Order(OrderError::Moved))));
            // What is a part of something else is done again with all of it.
            if !moved || self.home.is_locked() || tries == MOVED_MAX {
                return result;
            }
        }
    }

    /// What [`Desk::alone`] takes in: kept where it may have to be taken in again.
    pub(crate) fn keep<T: Clone>(&self, kept: &mut Option<T>) -> Option<T> {
        if self.home.is_ordered() { kept.clone() } else { kept.take() }
    }

    /// Records an act of any kind.
    pub fn record(&mut self, kind: &str, act: &impl serde::Serialize) -> Result<(), IntakeError> {
        self.alone(|desk| {
            let now = desk.now();
            if kind == crate::acts::kind::APPROVAL {
                desk.approvals.take();
            }
            append_act(&mut desk.home, kind, act, now)
        })
    }

    /// Adopts a programme; a new text of the same file replaces it. Nothing changes if it has
    /// problems, alone or with the national files.
    pub fn adopt_programme(&mut self, act: &ProgrammeAct) -> Result<(), IntakeError> {
        self.alone(|desk| {
            let file = |act: &ProgrammeAct| act.file.clone();
            let mut acts = latest(&desk.home, kind::PROGRAMME, file)?;
            acts.retain(|known| known.file != act.file);
            acts.push(act.clone());
            policies((acts, desk.national_files()?))?;
            desk.record(kind::PROGRAMME, act)?;
            desk.refresh()
        })
    }

    /// Adopts a file of national caveats; an empty text withdraws it.
    pub fn adopt_national(&mut self, act: &NationalAct) -> Result<(), IntakeError> {
        self.alone(|desk| {
            let file = |act: &ProgrammeAct| act.file.clone();
            let programmes = latest(&desk.home, kind::PROGRAMME, file)?;
            let mut acts = desk.national_files()?;
            acts.retain(|known| known.file != act.file);
            acts.push(act.clone());
            policies((programmes, acts))?;
            desk.record(kind::NATIONAL, act)?;
            desk.refresh()
        })
    }

    /// Adds a partner, active, with nothing accepted and everything subscribed.
    pub fn add_partner(&mut self, nation: Nation) -> Result<&PartnerRecord, IntakeError> {
        self.alone(|desk| {
            if desk.partner(nation).is_ok() {
                return Ok(());
            }
            let index = u8::try_from(desk.records.len()).ok().and_then(PartnerIndex::new);
            let index = index.ok_or(IntakeError::TooManyPartners)?;
            let now = desk.now();
            let act = PartnerAct {
                index: index.get(),
                nation: nation.to_string(),
                standing: "active".to_owned(),
                not_before: Some(now.unix_micros()),
                not_after: Some(now.saturating_add(CREDENTIAL_LASTS).unix_micros()),
                caveats: Vec::new(),
                exercises: Vec::new(),
                subscription: None,
            };
            desk.record(kind::PARTNER, &act)?;
            desk.refresh()
        })?;
        self.partner(nation)
    }

    /// Changes what is recorded of a partner. A revoked one stays revoked.
    pub fn change_partner(
        &mut self,
        nation: Nation,
        mut change: impl FnMut(&mut PartnerAct),
    ) -> Result<&PartnerRecord, IntakeError> {
        self.alone(|desk| {
            let record = desk.partner(nation)?;
            if record.partner.standing == Standing::Revoked {
                return Err(IntakeError::Revoked(nation));
            }
            let mut act = record.act.clone();
            change(&mut act);
            (act.index, act.nation) = (record.act.index, record.act.nation.clone());
            desk.record(kind::PARTNER, &act)?;
            desk.refresh()
        })?;
        self.partner(nation)
    }

    /// The text of each national file in force, with its name.
    pub fn national_files(&self) -> Result<Vec<NationalAct>, IntakeError> {
        let mut acts = latest(&self.home, kind::NATIONAL, |act: &NationalAct| act.file.clone())?;
        acts.retain(|act| !act.text.is_empty());
        Ok(acts)
    }

    /// The caveats that labels may carry.
    pub(crate) fn declared(&self) -> &BTreeSet<entente_release::name::Caveat> {
        self.policies.declared_caveats()
    }
}

/// The nations of the parties to a policy's programmes, by the id of their identity.
pub(crate) fn party_keys(policies: &Policies) -> FxHashMap<IdKey, Nation> {
    let programmes = policies.programmes();
    let nations = programmes.flat_map(|one| one.parties().iter().map(|party| party.nation));
    nations.map(|nation| (crate::prepare::party_key(nation), nation)).collect()
}

/// Programme files and national files, as they were recorded.
type Texts = (Vec<ProgrammeAct>, Vec<NationalAct>);

/// Sets of texts that stay compiled: what was adopted, and what is about to be.
const COMPILED_MAX: usize = 64;

/// Cedar compiles a text in milliseconds, and it is wanted when it is looked at and when it counts, by
/// each desk of this process.
static COMPILED: LazyLock<Cache<Texts, Arc<Policies>>> = LazyLock::new(|| Cache::new(COMPILED_MAX));

pub(crate) fn policies(texts: Texts) -> Result<Arc<Policies>, IntakeError> {
    if let Some(known) = COMPILED.get(&texts) {
        return Ok(known);
    }
    let compiled = Arc::new(compile(&texts)?);
    COMPILED.insert(texts, compiled.clone());
    Ok(compiled)
}

fn compile((programmes, national): &Texts) -> Result<Policies, IntakeError> {
    let programmes: Result<Vec<_>, _> =
        programmes.iter().map(|act| Programme::parse(&act.text, &act.file)).collect();
    let national: Result<Vec<_>, _> = national
        .iter()
        .filter(|act| !act.text.is_empty())
        .map(|act| National::parse(&act.text, &act.file))
        .collect();
    let (programmes, national) =
        (programmes.map_err(IntakeError::Programme)?, national.map_err(IntakeError::Programme)?);
    Policies::adopt(programmes, national).map_err(IntakeError::Programme)
}

/// The partners that acts of kind `partner` record.
pub fn partners_of(acts: &[(u64, Act<'_>)]) -> Result<Vec<Partner>, IntakeError> {
    let mut records: Vec<PartnerRecord> = Vec::new();
    for (seq, act) in acts {
        let read: PartnerAct = serde_json::from_str(&act.json).map_err(|cause| {
            IntakeError::Act { seq: *seq, kind: act.kind.to_string(), reason: cause.to_string() }
        })?;
        records.retain(|record| record.act.index != read.index);
        records.extend(read_partner(read));
    }
    Ok(records.into_iter().map(|record| record.partner).collect())
}

fn read_partner(act: PartnerAct) -> Option<PartnerRecord> {
    // Whatever cannot be read makes the partner unknown, which denies.
    let time = |micros: Option<i64>| micros.map(Timestamp::from_unix_micros);
    let subscription = match &act.subscription {
        None => Subscription::Everything,
        Some(areas) => Subscription::Areas(
            areas.iter().filter_map(|text| read_under(text)).collect::<BTreeSet<Under>>(),
        ),
    };
    let partner = Partner {
        index: PartnerIndex::new(act.index)?,
        nation: act.nation.parse().ok()?,
        standing: match act.standing.as_str() {
            "active" => Standing::Active,
            "suspended" => Standing::Suspended,
            _ => Standing::Revoked,
        },
        credential: Window { not_before: time(act.not_before), not_after: time(act.not_after) },
        caveats: act.caveats.iter().filter_map(|name| name.parse().ok()).collect(),
        exercises: act.exercises.iter().filter_map(|name| name.parse().ok()).collect(),
        subscription,
    };
    Some(PartnerRecord { partner, act })
}

/// Reads `programme/area`.
pub(crate) fn read_under(text: &str) -> Option<Under> {
    let (programme, area) = text.split_once('/')?;
    Some(Under { programme: programme.parse().ok()?, area: area.parse().ok()? })
}

fn append_act(
    home: &mut Home,
    kind: &str,
    act: &impl serde::Serialize,
    now: Timestamp,
) -> Result<(), IntakeError> {
    let json = to_json(home, kind, act)?;
    home.append(&[Entry::Act(act_entry(kind, json, now))])?;
    Ok(())
}

fn to_json(home: &Home, kind: &str, act: &impl serde::Serialize) -> Result<String, IntakeError> {
    serde_json::to_string(act).map_err(|cause| IntakeError::Act {
        seq: home.tip().next,
        kind: kind.to_owned(),
        reason: cause.to_string(),
    })
}

fn act_entry(kind: &str, json: String, now: Timestamp) -> Act<'_> {
    Act { kind: Cow::Borrowed(kind), at: now.unix_micros(), json: Cow::Owned(json) }
}

/// The acts of a kind, of each thing the last, in the order in which things first appeared.
pub fn latest<T: DeserializeOwned, K: Eq + Hash>(
    home: &Home,
    kind: &str,
    key: impl Fn(&T) -> K,
) -> Result<Vec<T>, IntakeError> {
    let mut found: Vec<T> = Vec::new();
    let mut places: FxHashMap<K, usize> = FxHashMap::default();
    for read in every::<T>(home, kind)? {
        let place = *places.entry(key(&read)).or_insert(found.len());
        match found.get_mut(place) {
            Some(known) => *known = read,
            None => found.push(read),
        }
    }
    Ok(found)
}

/// The acts of a kind, in order.
pub(crate) fn every<T: DeserializeOwned>(home: &Home, kind: &str) -> Result<Vec<T>, IntakeError> {
    let read = |(seq, act): (u64, Act<'_>)| {
        serde_json::from_str(&act.json).map_err(|cause| IntakeError::Act {
            seq,
            kind: kind.to_owned(),
            reason: cause.to_string(),
        })
    };
    home.acts(kind)?.into_iter().map(read).collect()
}
