//! The epochs of a partner's node: followed, checked against what was received, and witnessed.
//!
//! Invariants:
//! * Epochs are taken only if they continue those that were seen, and each commits to a beginning of the
//!   ledger that was received.
//! * What another nation witnessed is another history, or a beginning of this one: the first is proof
//!   that the partner shows two.
//!
//! Format: docs/formats/epoch.md.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use entente_log::checkpoint::{self, Signed};
use entente_log::cosignature::{self, Cosigned};
use entente_log::epoch::{self, Opening, Standing};
use entente_log::ledger;
use entente_log::tree::{NodeHash, Tree, check_tree};
use entente_release::Nation;
use serde::{Deserialize, Serialize};

use crate::page::{Edge, Fault};

/// What a node says of its epochs, format 1.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Page {
    pub(crate) format: u8,
    pub(crate) checkpoint: String,
    pub(crate) epochs: Vec<Epoch>,
    pub(crate) witnesses: Vec<Witness>,
}

/// One epoch, opened for the partner that asks.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Epoch {
    /// When, in seconds since 1970.
    pub(crate) at: i64,
    /// The root of the slots.
    pub(crate) root: String,
    /// How many entries the partner's ledger had, and its root. None: it was no partner then.
    pub(crate) opening: Option<Opened>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Opened {
    size: u64,
    root: String,
    nonce: String,
    place: u64,
    path: Vec<String>,
    /// That these entries are the beginning of those that the partner says it has.
    proof: Vec<String>,
}

/// What another nation witnessed.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Witness {
    /// The checkpoint with its cosignature.
    pub(crate) note: String,
    /// That its epochs are the beginning of these.
    pub(crate) proof: Vec<String>,
}

/// Hashes as text.
pub(crate) fn texts(hashes: &[NodeHash]) -> Vec<String> {
    hashes.iter().map(ToString::to_string).collect()
}

fn hash(text: &str) -> Result<NodeHash, Fault> {
    let bytes = BASE64_STANDARD.decode(text).ok().and_then(|bytes| bytes.try_into().ok());
    bytes.map(NodeHash).ok_or_else(|| Fault::Malformed("an epoch's hash is none".to_owned()))
}

fn hashes(texts: &[String]) -> Result<Vec<NodeHash>, Fault> {
    texts.iter().map(|text| hash(text)).collect()
}

impl Opened {
    /// The opening of a ledger's slot.
    pub(crate) fn new(standing: &Standing, opening: &Opening, proof: &[NodeHash]) -> Self {
        Self {
            size: standing.size,
            root: standing.root.to_string(),
            nonce: BASE64_STANDARD.encode(opening.nonce),
            place: opening.place,
            path: texts(&opening.path),
            proof: texts(proof),
        }
    }

    /// Whether the epoch commits to a beginning of what was received.
    fn holds(&self, origin: &str, root: NodeHash, received: &Tree) -> Result<bool, Fault> {
        let nonce =
            BASE64_STANDARD.decode(&self.nonce).ok().and_then(|nonce| nonce.try_into().ok());
        let nonce = nonce.ok_or_else(|| Fault::Malformed("a nonce has 32 bytes".to_owned()))?;
        let opening = Opening { nonce, place: self.place, path: hashes(&self.path)? };
        let (size, own) = (self.size, hash(&self.root)?);
        let standing = Standing { origin: origin.to_owned(), size, root: own };
        let (all, whole) = (received.size(), received.root());
        let begins = match size {
            0 => own == Tree::default().root(),
            size if size == all => own == whole,
            size if size > all => false,
            size => check_tree(&hashes(&self.proof)?, all, whole, size, own).is_ok(),
        };
        Ok(begins && opening.holds(&standing, root))
    }
}

/// How far the epochs of a partner's node were followed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Seen {
    /// The tree of them.
    pub tree: Tree,
    /// When the last one was, in seconds since 1970.
    pub at: i64,
    /// The checkpoint of them.
    pub signed: Option<Signed>,
    /// Up to how many other nations witnessed the same, and when, in seconds since 1970.
    pub witnesses: BTreeMap<Nation, (u64, i64)>,
    /// When the first entry of the ledger was added that was received, in microseconds since 1970: epochs
    /// after that commit to it.
    pub first: Option<i64>,
}

/// Verifies what a partner's node says of its epochs after those that were seen. `received` is the tree
/// of its ledger as it is here. `keys` are those of other nations' nodes.
pub fn verify(
    bytes: &[u8],
    edge: &Edge,
    seen: &Seen,
    received: &Tree,
    keys: &[(Nation, String)],
) -> Result<Seen, Fault> {
    let page: Page =
        serde_json::from_slice(bytes).map_err(|error| Fault::Malformed(error.to_string()))?;
    if page.format != 1 {
        return Err(Fault::Malformed("the epochs are of a newer format".to_owned()));
    }
    let origin = epoch::origin(edge.from.as_str());
    let signed = checkpoint::verify(&page.checkpoint, &origin, &edge.key)?;
    let ledger = ledger::origin(edge.from, edge.here);
    let mut next = Seen { signed: Some(signed.clone()), ..seen.clone() };
    for epoch in &page.epochs {
        let (number, root) = (next.tree.size(), hash(&epoch.root)?);
        if epoch.at <= next.at {
            return Err(Fault::Malformed(format!("epoch {number} is not after the one before")));
        }
        let is_in = seen.first.is_some_and(|first| epoch.at.saturating_mul(1_000_000) > first);
        let holds = match &epoch.opening {
            Some(opened) => opened.holds(&ledger, root, received)?,
            None => !is_in,
        };
        if !holds {
            return Err(Fault::Epoch(number));
        }
        next.tree.append(epoch::leaf(number, epoch.at, root), &mut Vec::new());
        next.at = epoch.at;
    }
    if signed.size != next.tree.size() || signed.root != next.tree.root() {
        return Err(contradicts(seen, signed));
    }
    for witness in &page.witnesses {
        note_witness(witness, (&origin, edge), &mut next, keys)?;
    }
    Ok(next)
}

/// Which fault it is that the epochs do not continue those that were seen.
fn contradicts(seen: &Seen, signed: Signed) -> Fault {
    match &seen.signed {
        Some(earlier) if signed.size < earlier.size => Fault::Shorter {
            before: earlier.size,
            now: signed.size,
            earlier: Box::new(earlier.clone()),
        },
        Some(earlier) => Fault::Forked {
            size: earlier.size,
            one: Box::new(earlier.clone()),
            other: Box::new(signed),
        },
        None => Fault::Unproven(signed.size),
    }
}

fn note_witness(
    witness: &Witness,
    (origin, edge): (&str, &Edge),
    next: &mut Seen,
    keys: &[(Nation, String)],
) -> Result<(), Fault> {
    let by = keys.iter().find_map(|(nation, key)| {
        let cosigned = cosignature::verify(&witness.note, (origin, &edge.key), key).ok()?;
        Some((*nation, cosigned))
    });
    // Of a nation that was not met, or signed with a key before the one of now: it says nothing here.
    let Some((nation, Cosigned { signed, at })) = by else { return Ok(()) };
    let (size, root) = (next.tree.size(), next.tree.root());
    let same = match signed.size {
        0 => true,
        those if those == size => signed.root == root,
        those if those > size => false,
        those => check_tree(&hashes(&witness.proof)?, size, root, those, signed.root).is_ok(),
    };
    if !same {
        let one = next.signed.clone().unwrap_or_else(|| signed.clone());
        let (one, other) = (Box::new(one), Box::new(signed));
        return Err(Fault::Forked { size: other.size.min(size), one, other });
    }
    next.witnesses.insert(nation, (signed.size, at.unix_seconds()));
    Ok(())
}
