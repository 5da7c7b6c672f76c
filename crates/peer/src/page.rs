//! Pages of a ledger: what another node says that it released to this one, and what holds of it.
//!
//! Invariants:
//! * A [`Page`] was verified: its entries, in their order and with nothing between, are what the other
//!   node signed; they continue what was received before; each is released to this nation, under a
//!   label that its originator is named by.
//! * Every checkpoint of a page that was accepted is compared with the entries once they are here, also
//!   after a restart: a ledger that has two histories is found.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::sync::Arc;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use entente_log::checkpoint::{self, CheckpointError, Signed};
use entente_log::ledger::{Happened, Leaf, origin};
use entente_log::tree::{NodeHash, Tree, check_tree};
use entente_object::json;
use entente_object::marking::Tlp;
use entente_object::time::Timestamp;
use entente_release::partner::Channel;
use entente_release::{Label, Nation, label_marking};
use serde::Deserialize;
use serde_json::value::RawValue;
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use crate::limits::{CLOCK_SKEW, PAGE_ENTRIES_MAX, PROMISED_MAX};
use crate::succession::BadSuccession;

/// Between whom: what another node released to this one.
#[derive(Clone, Debug)]
pub struct Edge {
    /// Whose ledger it is.
    pub from: Nation,
    /// Whom it is for: this node's nation.
    pub here: Nation,
    /// The verifier key of the other node.
    pub key: String,
    /// Operations, or the exercise.
    pub channel: Channel,
}

impl Edge {
    /// The origin line of its checkpoints.
    pub fn origin(&self) -> String {
        origin(self.from, self.here)
    }
}

/// How far a ledger was received.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Position {
    /// The tree of the entries received.
    pub tree: Tree,
    /// `date_added` of the last of them, in microseconds since 1970.
    pub added: Option<i64>,
    /// The newest checkpoint that was shown.
    pub signed: Option<Signed>,
    /// Checkpoints that cover more than was received, the shortest first.
    promised: VecDeque<Arc<Signed>>,
}

impl Position {
    /// A position that was kept, with the checkpoints that were shown, the newest last: all those that
    /// cover more than is here, or the last. They were verified when they were received.
    pub fn kept(tree: Tree, added: Option<i64>, shown: Vec<Signed>) -> Self {
        let signed = shown.last().cloned();
        let covers_more = |signed: &Signed| signed.size > tree.size();
        let promised = shown.into_iter().filter(covers_more).map(Arc::new).collect();
        Self { tree, added, signed, promised }
    }

    /// The checkpoints that cover more than was received, the shortest first.
    pub fn promised(&self) -> impl Iterator<Item = &Signed> {
        self.promised.iter().map(AsRef::as_ref)
    }

    /// Whether all that was signed is here.
    pub fn is_complete(&self) -> bool {
        self.signed.as_ref().is_none_or(|signed| signed.size == self.tree.size())
    }
}

/// What happened to an object.
#[derive(Clone, Debug, PartialEq)]
pub enum What {
    /// It was released to this nation.
    Released {
        /// Its exact bytes.
        bytes: Vec<u8>,
        /// Under which label.
        label: Arc<Label>,
    },
    /// It was taken back.
    Withdrawn {
        /// SHA-256 of its exact bytes.
        digest: [u8; 32],
        /// Its id.
        id: String,
    },
}

/// A verified entry.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// What happened.
    pub what: What,
    /// When, in microseconds since 1970.
    pub added: i64,
}

/// A verified page.
#[derive(Clone, Debug, PartialEq)]
pub struct Page {
    /// The place of its first entry in the ledger.
    pub from: u64,
    /// The entries.
    pub entries: Vec<Entry>,
    /// The leaves of the entries, [`Leaf::to_bytes`] of each, end to end: with them alone this node
    /// can prove what it received.
    pub leaves: Vec<u8>,
    /// How far the ledger is received with it.
    pub position: Position,
}

/// What is wrong with a page. The other node's fault, unless it says otherwise.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Fault {
    /// It is no page.
    #[error("the answer is no page of a ledger: {0}")]
    Malformed(String),
    /// A card does not follow the one that was accepted.
    #[error(transparent)]
    Succession(#[from] BadSuccession),
    /// An epoch commits to another ledger than the one that was given.
    #[error("epoch {0} does not commit to the ledger that was given to this nation")]
    Epoch(u64),
    /// Its checkpoint does not verify.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// It begins elsewhere than was asked.
    #[error("the page begins at {got} and {asked} was asked for")]
    NotAsked {
        /// Where it had to begin.
        asked: u64,
        /// Where it begins.
        got: u64,
    },
    /// The ledger is shorter than it was.
    #[error("the ledger had {before} entries and now has {now}: it was put back to an older state")]
    Shorter {
        /// The checkpoint from before.
        earlier: Box<Signed>,
        /// How many entries it had.
        before: u64,
        /// How many it has.
        now: u64,
    },
    /// The ledger has two histories.
    #[error("the ledger has two histories: at {size} entries two different roots were signed")]
    Forked {
        /// At which size they differ, at the latest.
        size: u64,
        /// One checkpoint.
        one: Box<Signed>,
        /// The other.
        other: Box<Signed>,
    },
    /// The entries are not those that were signed.
    #[error("the entries up to {0} are not those that were signed")]
    Unproven(u64),
    /// It has no entries, and more were signed.
    #[error("more entries are signed than are given: {given} of {signed}")]
    Stalled {
        /// So many were given.
        given: u64,
        /// So many are signed.
        signed: u64,
    },
    /// More and more is signed, and hardly anything of it is given.
    #[error("more than {PROMISED_MAX} checkpoints wait for the entries that they cover")]
    Promises,
    /// A label is not what it should be.
    #[error("a label is not good: {0}")]
    Label(String),
    /// An entry is not released to this nation.
    #[error("entry {0} is not released to this nation under the label that it bears")]
    NotForUs(u64),
    /// An entry was not made by the nation that gives it.
    #[error("entry {0} is of another nation: only its originator may release it")]
    Originator(u64),
    /// Entries are not in the order of their time.
    #[error("entry {0} is dated before the one that it follows")]
    Order(u64),
    /// An entry is dated in the future.
    #[error(
        "entry {at} is dated {added}, and it is {now} here: one of the two clocks is wrong; what is \
         waiting is taken when they agree"
    )]
    Clock {
        /// Which entry.
        at: u64,
        /// When it was added by the other clock.
        added: Timestamp,
        /// The time here.
        now: Timestamp,
    },
}

impl Fault {
    /// Whether it proves that the other node did what it must never do, or was put back to an older
    /// state: people have to look, and nothing more is taken as long as it says so.
    pub fn is_proof(&self) -> bool {
        !self.notes().is_empty()
    }

    /// The checkpoints that prove it, as the other node signed them.
    pub fn notes(&self) -> Vec<&str> {
        match self {
            Self::Shorter { earlier, .. } => vec![&earlier.note],
            Self::Forked { one, other, .. } => vec![&one.note, &other.note],
            Self::Malformed(_)
            | Self::Succession(_)
            | Self::Epoch(_)
            | Self::Checkpoint(_)
            | Self::NotAsked { .. }
            | Self::Unproven(_)
            | Self::Stalled { .. }
            | Self::Promises
            | Self::Label(_)
            | Self::NotForUs(_)
            | Self::Originator(_)
            | Self::Order(_)
            | Self::Clock { .. } => Vec::new(),
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wire<'a> {
    format: u8,
    #[serde(borrow)]
    checkpoint: Cow<'a, str>,
    from: u64,
    #[serde(borrow)]
    entries: Vec<WireEntry<'a>>,
    #[serde(borrow)]
    labels: Vec<&'a RawValue>,
    /// That what was received before is the beginning of what is signed now.
    before: Vec<String>,
    /// That it is so with the entries of this page.
    proof: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WireEntry<'a> {
    added: i64,
    label: usize,
    #[serde(borrow)]
    object: Option<&'a RawValue>,
    withdrawn: Option<String>,
    id: Option<String>,
}

/// Verifies a page that continues `at`.
pub fn verify(bytes: &[u8], edge: &Edge, at: &Position, now: Timestamp) -> Result<Page, Fault> {
    let wire: Wire<'_> =
        serde_json::from_slice(bytes).map_err(|e| Fault::Malformed(e.to_string()))?;
    if wire.format != 1 {
        return Err(Fault::Malformed(format!("its format is {}, and 1 is known", wire.format)));
    }
    if wire.entries.len().max(wire.labels.len()) > PAGE_ENTRIES_MAX {
        let why = format!("it has more than {PAGE_ENTRIES_MAX} entries or labels");
        return Err(Fault::Malformed(why));
    }
    let signed = checkpoint::verify(&wire.checkpoint, &edge.origin(), &edge.key)?;
    continues(&signed, (wire.from, &wire.before), at)?;
    let labels: Vec<(Arc<Label>, Uuid)> =
        wire.labels.iter().map(|raw| read_label(raw)).collect::<Result<_, _>>()?;
    let latest = now.saturating_add(CLOCK_SKEW).unix_micros();
    let mut page = Page {
        from: wire.from,
        entries: Vec::with_capacity(wire.entries.len()),
        leaves: Vec::with_capacity(wire.entries.len() * 60),
        position: at.clone(),
    };
    let mut stored = Vec::new();
    for entry in &wire.entries {
        let place = page.position.tree.size();
        let (label, uuid) = labels
            .get(entry.label)
            .ok_or_else(|| Fault::Label(format!("entry {place} has one that is not there")))?;
        is_for_us(label, edge, place)?;
        if at_or_before(entry.added, page.position.added) {
            return Err(Fault::Order(place));
        }
        if entry.added > latest {
            let added = Timestamp::from_unix_micros(entry.added);
            return Err(Fault::Clock { at: place, added, now });
        }
        let (what, happened, object) = read_entry(entry, label, place)?;
        let leaf = Leaf { happened, added: entry.added, object, label: *uuid };
        page.leaves.extend_from_slice(&leaf.to_bytes());
        page.position.tree.append(leaf.hash(), &mut stored);
        stored.clear();
        page.position.added = Some(entry.added);
        page.entries.push(Entry { what, added: entry.added });
        page.position.keep_promises(&signed)?;
    }
    prove(&wire.proof, &signed, &mut page)?;
    Ok(page)
}

fn at_or_before(added: i64, last: Option<i64>) -> bool {
    last.is_some_and(|last| added <= last)
}

/// Whether the checkpoint may follow what was seen before.
fn continues(signed: &Signed, (from, proof): (u64, &[String]), at: &Position) -> Result<(), Fault> {
    if let Some(before) = &at.signed {
        if signed.size < before.size {
            let (earlier, before, now) = (Box::new(before.clone()), before.size, signed.size);
            return Err(Fault::Shorter { earlier, before, now });
        }
        if signed.size == before.size && signed.root != before.root {
            let (one, other) = (Box::new(before.clone()), Box::new(signed.clone()));
            return Err(Fault::Forked { size: signed.size, one, other });
        }
    }
    if from != at.tree.size() {
        return Err(Fault::NotAsked { asked: at.tree.size(), got: from });
    }
    match &at.signed {
        // What was received was proven to be what was signed then: now something else is signed.
        Some(before) if !holds(proof, signed, &at.tree)? => Err(Fault::Forked {
            size: before.size,
            one: Box::new(before.clone()),
            other: Box::new(signed.clone()),
        }),
        _ => Ok(()),
    }
}

/// Whether the tree is the beginning of what is signed.
fn holds(proof: &[String], signed: &Signed, tree: &Tree) -> Result<bool, Fault> {
    let hash = |text: &String| {
        let bytes = BASE64_STANDARD.decode(text).ok()?;
        Some(NodeHash(<[u8; 32]>::try_from(bytes).ok()?))
    };
    let proof: Option<Vec<NodeHash>> = proof.iter().map(hash).collect();
    let proof = proof.ok_or_else(|| Fault::Malformed("a proof is no list of hashes".into()))?;
    Ok(match tree.size() {
        0 => true,
        size if size > signed.size => false,
        size => check_tree(&proof, signed.size, signed.root, size, tree.root()).is_ok(),
    })
}

impl Position {
    /// Compares the entries with the checkpoints that were shown before and end here.
    fn keep_promises(&mut self, signed: &Signed) -> Result<(), Fault> {
        let size = self.tree.size();
        while let Some(one) = self.promised.pop_front_if(|one| one.size <= size) {
            if one.size == size && one.root != self.tree.root() {
                let (one, other) = (Box::new(Signed::clone(&one)), Box::new(signed.clone()));
                return Err(Fault::Forked { size, one, other });
            }
        }
        Ok(())
    }
}

/// Proves that the entries so far are the first of those that were signed.
fn prove(proof: &[String], signed: &Signed, page: &mut Page) -> Result<(), Fault> {
    let position = &mut page.position;
    let to = position.tree.size();
    if page.entries.is_empty() && to < signed.size {
        return Err(Fault::Stalled { given: to, signed: signed.size });
    }
    if !holds(proof, signed, &position.tree)? {
        return Err(Fault::Unproven(to));
    }
    let is_new = position.promised.back().is_none_or(|last| last.size < signed.size);
    if signed.size > to && is_new {
        if position.promised.len() >= PROMISED_MAX {
            return Err(Fault::Promises);
        }
        position.promised.push_back(Arc::new(signed.clone()));
    }
    position.signed = Some(signed.clone());
    Ok(())
}

fn read_label(raw: &RawValue) -> Result<(Arc<Label>, Uuid), Fault> {
    let bad = |why: String| Fault::Label(why);
    let value = json::parse(raw.get().as_bytes()).map_err(|e| bad(e.to_string()))?;
    let map = value.as_object().ok_or_else(|| bad("it is no object".to_owned()))?;
    let id = map.get("id").and_then(json::Value::as_str).unwrap_or_default();
    let uuid = id.strip_prefix("marking-definition--").and_then(|id| Uuid::try_parse(id).ok());
    let uuid = uuid.ok_or_else(|| bad("it has no id".to_owned()))?;
    let label = label_marking::from_stix(map, uuid).map_err(|e| bad(e.to_string()))?;
    Ok((Arc::new(label), uuid))
}

/// Whether an entry under this label may be here. What this nation brought there itself comes back.
fn is_for_us(label: &Label, edge: &Edge, place: u64) -> Result<(), Fault> {
    if label.originator != edge.from && label.originator != edge.here {
        return Err(Fault::Originator(place));
    }
    let named = label.originator == edge.here || label.rel_to.contains(edge.here);
    let same_side = label.exercise == edge.channel.exercise;
    let red = label.tlp == Tlp::Red && label.originator != edge.here;
    if named && same_side && !red && label.is_valid() {
        return Ok(());
    }
    Err(Fault::NotForUs(place))
}

fn read_entry(
    entry: &WireEntry<'_>,
    label: &Arc<Label>,
    place: u64,
) -> Result<(What, Happened, [u8; 32]), Fault> {
    match (entry.object, &entry.withdrawn, &entry.id) {
        (Some(object), None, None) => {
            let bytes = object.get().as_bytes().to_vec();
            let digest = Sha256::digest(&bytes).into();
            Ok((What::Released { bytes, label: label.clone() }, Happened::Released, digest))
        }
        (None, Some(digest), Some(id)) => {
            let digest = BASE64_STANDARD.decode(digest).ok();
            let digest = digest.and_then(|bytes| <[u8; 32]>::try_from(bytes).ok());
            let digest = digest.ok_or_else(|| {
                Fault::Malformed(format!("entry {place} withdraws what has no digest"))
            })?;
            Ok((What::Withdrawn { digest, id: id.clone() }, Happened::Withdrawn, digest))
        }
        (_, _, _) => Err(Fault::Malformed(format!(
            "entry {place} neither releases an object nor withdraws one"
        ))),
    }
}
