//! Korea's ledger for Poland, of which any page can be written: true ones, and false ones.
//!
//! Invariant: what a [`Book`] signs and proves is true of its entries. Lies are made of two books, or by
//! changing a [`Draft`].

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use entente_log::checkpoint::{self, Signed};
use entente_log::key::Key;
use entente_log::ledger::{Happened, Leaf, origin};
use entente_log::tree::{NodeHash, Tree};
use entente_object::marking::Tlp;
use entente_object::time::Timestamp;
use entente_peer::page::{Edge, Fault, Page, Position, verify};
use entente_release::label::{Faults, PermittedActions, Under};
use entente_release::partner::Channel;
use entente_release::{Label, Nation, label_marking};
use sha2::{Digest as _, Sha256};
use tlog_tiles::tlog::{self, HashReader};
use uuid::Uuid;

/// When the first entry was added, in microseconds since 1970.
pub(crate) const FIRST: i64 = 1_700_000_000_000_000;

pub(crate) fn nation(code: &str) -> Nation {
    code.parse().unwrap()
}

pub(crate) fn kor() -> Key {
    Key::from_seed("KOR", &[7; 32]).unwrap()
}

pub(crate) fn edge() -> Edge {
    Edge {
        from: Nation::KOR,
        here: nation("POL"),
        key: kor().public(),
        channel: Channel::default(),
    }
}

/// An hour after the first entry: later than all of a book's.
pub(crate) fn now() -> Timestamp {
    Timestamp::from_unix_micros(FIRST).saturating_add(Duration::from_hours(1))
}

/// A label of Korea's that names Poland.
pub(crate) fn label() -> Label {
    let under = Under { programme: "nine".parse().unwrap(), area: "open".parse().unwrap() };
    Label {
        tlp: Tlp::Green,
        rel_to: [nation("POL"), nation("USA")].into_iter().collect(),
        under: [under].into(),
        actions: PermittedActions::ExternallyVisibleDirect,
        faults: Faults::NONE,
        ..Label::originator_alone(Nation::KOR)
    }
}

pub(crate) fn object(number: usize) -> String {
    format!("{{\"type\":\"malware\",\"id\":\"malware--1c7b5b88-8ff7-4a4d-aa9d-{number:012x}\"}}")
}

/// What an entry says.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Said {
    Released(String),
    Withdrawn([u8; 32], String),
}

/// An entry, under one of the book's labels.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Made {
    pub(crate) added: i64,
    pub(crate) label: usize,
    pub(crate) said: Said,
}

impl Made {
    pub(crate) fn nth(number: usize) -> Self {
        let added = FIRST + i64::try_from(number).unwrap();
        Self { added, label: 0, said: Said::Released(object(number)) }
    }

    fn leaf(&self, labels: &[Uuid]) -> Leaf {
        let (happened, object) = match &self.said {
            Said::Released(text) => (Happened::Released, Sha256::digest(text).into()),
            Said::Withdrawn(digest, _) => (Happened::Withdrawn, *digest),
        };
        Leaf { happened, added: self.added, object, label: labels[self.label] }
    }

    pub(crate) fn text(&self) -> String {
        let head = format!("\"added\":{},\"label\":{}", self.added, self.label);
        match &self.said {
            Said::Released(text) => format!("{{{head},\"object\":{text}}}"),
            Said::Withdrawn(digest, id) => {
                let digest = BASE64_STANDARD.encode(digest);
                format!("{{{head},\"withdrawn\":\"{digest}\",\"id\":\"{id}\"}}")
            }
        }
    }
}

#[derive(Clone)]
struct Stored(Vec<NodeHash>);

impl HashReader for Stored {
    fn read_hashes(&self, indexes: &[u64]) -> Result<Vec<NodeHash>, tlog::Error> {
        Ok(indexes.iter().map(|&index| self.0[usize::try_from(index).unwrap()]).collect())
    }
}

/// Whose ledger it is, and for whom.
#[derive(Clone)]
pub(crate) struct Owner {
    pub(crate) key: Arc<Key>,
    pub(crate) from: Nation,
    pub(crate) to: Nation,
}

impl Owner {
    fn korea() -> Self {
        Self { key: Arc::new(kor()), from: Nation::KOR, to: nation("POL") }
    }

    /// A label of the owner's that names the other nation.
    pub(crate) fn label(&self) -> Label {
        let mut label = Label { originator: self.from, ..label() };
        label.rel_to = [self.to, nation("USA")].into_iter().collect();
        label
    }
}

/// A ledger, and all that it ever was.
#[derive(Clone)]
pub(crate) struct Book {
    pub(crate) owner: Owner,
    pub(crate) entries: Vec<Arc<Made>>,
    pub(crate) labels: Vec<String>,
    ids: Vec<Uuid>,
    stored: Stored,
}

impl Book {
    /// So many entries under one label.
    pub(crate) fn of(count: usize) -> Self {
        Self::with((0..count).map(Made::nth).collect(), &[label()])
    }

    pub(crate) fn with(entries: Vec<Made>, labels: &[Label]) -> Self {
        Self::by(Owner::korea(), entries, labels)
    }

    /// The same of any nation's.
    pub(crate) fn by(owner: Owner, entries: Vec<Made>, labels: &[Label]) -> Self {
        let mut book = Self {
            owner,
            entries: Vec::new(),
            labels: labels.iter().map(label_marking::to_stix).collect(),
            ids: labels.iter().map(label_marking::id).collect(),
            stored: Stored(Vec::new()),
        };
        book.extend(entries.into_iter().map(Arc::new).collect());
        book
    }

    /// This book up to entry `at`, and then something else: another history.
    pub(crate) fn forked(&self, at: usize, then: Vec<Arc<Made>>) -> Self {
        let kept = usize::try_from(self.tree(at).stored()).unwrap();
        let mut book = Self {
            owner: self.owner.clone(),
            entries: self.entries[..at].to_vec(),
            labels: self.labels.clone(),
            ids: self.ids.clone(),
            stored: Stored(self.stored.0[..kept].to_vec()),
        };
        book.extend(then);
        book
    }

    fn extend(&mut self, entries: Vec<Arc<Made>>) {
        let mut tree = self.tree(self.entries.len());
        for entry in entries {
            tree.append(entry.leaf(&self.ids).hash(), &mut self.stored.0);
            self.entries.push(entry);
        }
    }

    fn tree(&self, size: usize) -> Tree {
        Tree::load(u64::try_from(size).unwrap(), &self.stored).unwrap()
    }

    /// The checkpoint of the first `size` entries.
    pub(crate) fn signed(&self, size: usize) -> Signed {
        let tree = self.tree(size);
        let origin = origin(self.owner.from, self.owner.to);
        checkpoint::sign(&self.owner.key, &origin, tree.size(), tree.root()).unwrap()
    }

    /// That the first `old` entries are the beginning of the first `size`.
    pub(crate) fn proof(&self, size: usize, old: usize) -> Vec<String> {
        if old == 0 || old > size {
            return Vec::new();
        }
        let (size, old) = (u64::try_from(size).unwrap(), u64::try_from(old).unwrap());
        let proof = tlog::prove_tree(size, old, &self.stored).unwrap();
        proof.iter().map(|hash| BASE64_STANDARD.encode(hash.0)).collect()
    }

    /// The page with the entries from `from` to `to`, when `size` are signed.
    pub(crate) fn draft(&self, from: usize, to: usize, size: usize) -> Draft {
        Draft {
            format: "1".to_owned(),
            checkpoint: self.signed(size).note,
            from: from.to_string(),
            entries: self.entries[from..to].iter().map(|entry| entry.text()).collect(),
            labels: self.labels.clone(),
            before: self.proof(size, from),
            proof: self.proof(size, to),
        }
    }

    /// How far a follower is that was given the first `to` entries when `size` were signed.
    pub(crate) fn followed(&self, to: usize, size: usize) -> Position {
        if to == 0 {
            return Position::default();
        }
        // The entries may be more than a page holds, and need not be read again to be known.
        let shown = vec![self.signed(size)];
        Position::kept(self.tree(to), Some(self.entries[to - 1].added), shown)
    }
}

/// A page before it is sent.
#[derive(Clone, Debug)]
pub(crate) struct Draft {
    pub(crate) format: String,
    pub(crate) checkpoint: String,
    pub(crate) from: String,
    pub(crate) entries: Vec<String>,
    pub(crate) labels: Vec<String>,
    pub(crate) before: Vec<String>,
    pub(crate) proof: Vec<String>,
}

impl Draft {
    pub(crate) fn text(&self) -> String {
        let hashes = |hashes: &[String]| serde_json::to_string(hashes).unwrap();
        format!(
            "{{\"format\":{},\"checkpoint\":{},\"from\":{},\"entries\":[{}],\"labels\":[{}],\
             \"before\":{},\"proof\":{}}}",
            self.format,
            serde_json::to_string(&self.checkpoint).unwrap(),
            self.from,
            self.entries.join(","),
            self.labels.join(","),
            hashes(&self.before),
            hashes(&self.proof)
        )
    }

    /// As the follower at `at` reads it.
    pub(crate) fn read(&self, at: &Position) -> Result<Page, Fault> {
        verify(self.text().as_bytes(), &edge(), at, now())
    }
}
