//! A node that lies: it has its nation's key and signs whatever it likes.
//!
//! Invariant: each lie says what may become of it at the node that it is told to. What is made up bears
//! a word of its own, so that it is found wherever it went.

use std::borrow::Cow;
use std::collections::BTreeMap;

use anyhow::{Context as _, Result};
use axum::body::Body;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use entente_intake::Desk;
use entente_log::checkpoint;
use entente_log::key::Key;
use entente_log::ledger::{Happened, Leaf, origin};
use entente_log::tree::{NodeHash, Tree};
use entente_object::marking::Tlp;
use entente_release::label::{Faults, PermittedActions, Under, Window};
use entente_release::{Label, Nation, label_marking};
use entente_store::Reader;
use http::{Method, Request, Response};
use sha2::{Digest as _, Sha256};
use tlog_tiles::tlog::{self, HashReader};

use crate::dice::Dice;
use crate::node::key;
use crate::oracle::Made;

/// What is told to one node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lie {
    /// Another history, from an entry on that was acknowledged: the same id and version with other
    /// content.
    Forked,
    /// A ledger that was put back to before an entry that was acknowledged.
    Shorter,
    /// An object whose label does not name the nation.
    NotNamed,
    /// One under TLP:RED.
    Red,
    /// One of an exercise.
    Exercise,
    /// One of another nation, under a label of that nation.
    Foreign,
    /// One under a label whose id is that of another.
    Swapped,
    /// One dated before the last.
    Early,
    /// One dated tomorrow.
    Late,
    /// A page of which a byte was changed after it was signed.
    Flipped,
    /// Half a page.
    Cut,
    /// No page at all.
    Garbage,
    /// A newer version under the id of another nation's object.
    Hijacked,
    /// The id and version of an object that is there, with other content.
    SameVersion,
    /// An entry once more.
    Replayed,
    /// Another nation's object is taken back.
    ForeignRecall,
    /// An object that is no STIX.
    NotStix,
}

pub(crate) const LIES: [Lie; 17] = [
    Lie::Forked,
    Lie::Shorter,
    Lie::NotNamed,
    Lie::Red,
    Lie::Exercise,
    Lie::Foreign,
    Lie::Swapped,
    Lie::Early,
    Lie::Late,
    Lie::Flipped,
    Lie::Cut,
    Lie::Garbage,
    Lie::Hijacked,
    Lie::SameVersion,
    Lie::Replayed,
    Lie::ForeignRecall,
    Lie::NotStix,
];

impl Lie {
    /// Whether people at the node that it is told to have to be told.
    pub(crate) fn is_alarming(self) -> bool {
        !matches!(self, Self::Hijacked | Self::Replayed | Self::ForeignRecall)
    }

    /// Whether what was made up may be taken as an object of the nation that lies.
    pub(crate) fn is_taken(self) -> bool {
        self == Self::Hijacked
    }

    /// Whether nothing of it may be kept. Two contents of one version are kept as evidence.
    pub(crate) fn is_refused(self) -> bool {
        !matches!(self, Self::Hijacked | Self::SameVersion)
    }
}

/// What was made up.
#[derive(Clone, Debug)]
pub(crate) struct Evil {
    pub(crate) word: String,
    pub(crate) bytes: Vec<u8>,
    /// To whose node it is told.
    pub(crate) to: Nation,
    pub(crate) lie: Lie,
}

/// The lies of one node.
pub(crate) struct Liar {
    books: BTreeMap<Nation, (Lie, Book)>,
}

/// A ledger as it is told.
struct Book {
    key: Key,
    origin: String,
    texts: Vec<String>,
    leaves: Vec<Leaf>,
    /// The text of each label, and its id.
    labels: Vec<(String, uuid::Uuid)>,
    hashes: Hashes,
}

/// What an entry says.
#[derive(Clone, Copy)]
enum What<'a> {
    Object(&'a [u8]),
    TakenBack(&'a str, [u8; 32]),
}

struct Hashes(Vec<NodeHash>);

impl HashReader for Hashes {
    fn read_hashes(&self, indexes: &[u64]) -> Result<Vec<NodeHash>, tlog::Error> {
        let missing = || tlog::Error::InvalidInput("no such hash".into());
        let one = |index: &u64| {
            let at = usize::try_from(*index).map_err(|_| missing())?;
            self.0.get(at).copied().ok_or_else(missing)
        };
        indexes.iter().map(one).collect()
    }
}

impl Liar {
    /// What a node has to lie about, and what it makes up of it.
    pub(crate) fn new(
        desk: &Desk,
        reader: &Reader,
        dice: &mut Dice,
        known: impl Fn(Nation) -> Option<Made>,
    ) -> Result<(Self, Vec<Evil>)> {
        let (mut books, mut evils) = (BTreeMap::new(), Vec::new());
        for record in desk.partners() {
            let to = record.partner.nation;
            let mut book = Book::of(desk, reader, to)?;
            let acked = desk.receipt_of(to)?.map_or(0, |receipt| receipt.size);
            let acked = usize::try_from(acked).unwrap_or_default();
            let word = format!("zq{:016x}z", dice.next());
            let lie = dice.of(&LIES).unwrap_or(Lie::Garbage);
            let mut told = Told { book: &mut book, word, to, acked, now: desk.now().unix_micros() };
            let (lie, bytes) = told.tell(desk.here(), lie, known(to))?;
            let word = told.word;
            evils.push(Evil { word, bytes, to, lie });
            books.insert(to, (lie, book));
        }
        Ok((Self { books }, evils))
    }

    /// The answer to a question, where it is not that of the node.
    pub(crate) fn answers(&self, asks: Nation, request: &Request<Bytes>) -> Option<Response<Body>> {
        let (lie, book) = self.books.get(&asks)?;
        let is_page = request.method() == Method::GET && request.uri().path() == "/peer/ledger";
        let from =
            request.uri().query()?.strip_prefix("from=")?.parse().ok().filter(|_| is_page)?;
        let mut page = book.page(from).ok()?.into_bytes();
        if *lie == Lie::Cut {
            page.truncate(page.len() / 2);
        } else if *lie == Lie::Garbage {
            page = b"<html>please log in</html>".to_vec();
        } else if *lie == Lie::Flipped
            && let Some(at) = page.windows(2).position(|two| two == b"\\n")
            && let Some(byte) = page.get_mut(at + 10)
        {
            // A letter of what was signed.
            *byte = if *byte == b'A' { b'B' } else { b'A' };
        }
        Some(Response::new(Body::from(page)))
    }
}

impl Book {
    /// What a node really has in a partner's ledger.
    fn of(desk: &Desk, reader: &Reader, to: Nation) -> Result<Self> {
        let here = desk.here();
        let mut book = Self {
            key: key(here)?,
            origin: origin(here, to),
            texts: Vec::new(),
            leaves: Vec::new(),
            labels: Vec::new(),
            hashes: Hashes(Vec::new()),
        };
        let mut entries = Vec::new();
        reader.ledger(desk.partner(to)?.partner.index, 0, &mut |entry| {
            entries.push(entry);
            true
        })?;
        for entry in entries {
            let put = desk.home().put(entry.object)?;
            let number = usize::try_from(put.label).unwrap_or(usize::MAX);
            let label = desk.home().labels().get(number).context("a label")?;
            let told = match entry.leaf.happened {
                Happened::Released => What::Object(&put.bytes),
                Happened::Withdrawn => What::TakenBack(&entry.id, entry.leaf.object),
            };
            book.add(told, entry.leaf.added, &label.label);
        }
        Ok(book)
    }

    fn add(&mut self, what: What<'_>, added: i64, label: &Label) {
        let stix = (label_marking::to_stix(label), label_marking::id(label));
        self.add_under(what, added, stix);
    }

    fn add_under(&mut self, what: What<'_>, added: i64, stix: (String, uuid::Uuid)) {
        let at = self.labels.iter().position(|known| *known == stix).unwrap_or(self.labels.len());
        let uuid = stix.1;
        if at == self.labels.len() {
            self.labels.push(stix);
        }
        let (text, happened, object) = match what {
            What::Object(bytes) => {
                let text = format!("\"object\":{}", String::from_utf8_lossy(bytes));
                (text, Happened::Released, Sha256::digest(bytes).into())
            }
            What::TakenBack(id, digest) => {
                let base64 = BASE64_STANDARD.encode(digest);
                let text = format!("\"withdrawn\":\"{base64}\",\"id\":\"{id}\"");
                (text, Happened::Withdrawn, digest)
            }
        };
        self.texts.push(format!("{{\"added\":{added},\"label\":{at},{text}}}"));
        self.leaves.push(Leaf { happened, added, object, label: uuid });
    }

    /// The page that a follower asks for, with everything that there is.
    fn page(&self, from: usize) -> Result<String> {
        let size = self.leaves.len();
        let from = from.min(size);
        let signed =
            checkpoint::sign(&self.key, &self.origin, u64::try_from(size)?, self.tree().root())?;
        let proof = |old: usize| -> Result<String> {
            if old == 0 {
                return Ok("[]".to_owned());
            }
            let proof = tlog::prove_tree(u64::try_from(size)?, u64::try_from(old)?, &self.hashes);
            let proof = proof.map_err(|error| anyhow::anyhow!("{error}"))?;
            let texts: Vec<String> =
                proof.iter().map(|hash| BASE64_STANDARD.encode(hash.0)).collect();
            Ok(serde_json::to_string(&texts)?)
        };
        let labels: Vec<&str> = self.labels.iter().map(|(text, _)| text.as_str()).collect();
        let entries = self.texts.get(from..).unwrap_or_default().join(",");
        Ok(format!(
            "{{\"format\":1,\"checkpoint\":{},\"from\":{from},\"entries\":[{entries}],\
             \"labels\":[{}],\"before\":{},\"proof\":{}}}",
            serde_json::to_string(&signed.note)?,
            labels.join(","),
            proof(from)?,
            proof(size)?
        ))
    }

    fn tree(&self) -> Tree {
        let (mut tree, mut hashes) = (Tree::default(), Vec::new());
        for leaf in &self.leaves {
            tree.append(leaf.hash(), &mut hashes);
        }
        tree
    }

    /// To be called when it is complete.
    fn finish(&mut self) {
        let mut tree = Tree::default();
        self.hashes.0.clear();
        for leaf in &self.leaves {
            tree.append(leaf.hash(), &mut self.hashes.0);
        }
    }
}

/// A lie in the making.
struct Told<'a> {
    book: &'a mut Book,
    word: String,
    to: Nation,
    /// So many entries were acknowledged.
    acked: usize,
    now: i64,
}

impl Told<'_> {
    /// Makes a ledger a lie; gives which it became, and what was made up for it.
    fn tell(&mut self, here: Nation, lie: Lie, of_others: Option<Made>) -> Result<(Lie, Vec<u8>)> {
        let last = self.book.leaves.last().map_or(self.now, |leaf| leaf.added);
        let next = last.max(self.now) + 1;
        let label = label(here, Some(self.to))?;
        let id = format!("malware--00000000-0000-4000-8000-{:012x}", self.now);
        let bytes = self.object(&id, "2024-06-01T00:00:00.000Z");
        let known = of_others.clone();
        let others = known.as_ref();
        let plain = |told: &mut Self, added, label: &Label| {
            told.book.add(What::Object(&bytes), added, label);
        };
        let mut made = bytes.clone();
        match (lie, others) {
            (Lie::Forked, _) if self.acked > 0 => made = self.fork(next)?,
            (Lie::Shorter, _) if self.acked > 1 => {
                self.book.texts.truncate(self.acked - 1);
                self.book.leaves.truncate(self.acked - 1);
            }
            (Lie::NotNamed, _) => plain(self, next, &self::label(here, None)?),
            (Lie::Red, _) => plain(self, next, &Label { tlp: Tlp::Red, ..label }),
            (Lie::Exercise, _) => {
                plain(self, next, &Label { exercise: Some("ex24".parse()?), ..label });
            }
            (Lie::Foreign, Some(other)) => {
                made = self.object(&other.id, "2024-06-01T00:00:00.000Z");
                let label = Label { originator: other.by.parse()?, ..label };
                self.book.add(What::Object(&made), next, &label);
            }
            (Lie::Swapped, _) => {
                let (wider, id) =
                    (Label { tlp: Tlp::Clear, ..label.clone() }, label_marking::id(&label));
                let other = label_marking::id(&wider).to_string();
                let text = label_marking::to_stix(&wider).replace(&other, &id.to_string());
                self.book.add_under(What::Object(&bytes), next, (text, id));
            }
            (Lie::Early, _) if !self.book.leaves.is_empty() => plain(self, last, &label),
            (Lie::Late, _) => plain(self, next + 24 * 3_600_000_000, &label),
            (Lie::Flipped | Lie::Cut | Lie::Garbage, _) => {}
            (Lie::Hijacked, Some(other)) => {
                made = self.object(&other.id, "2024-06-01T00:00:00.000Z");
                self.book.add(What::Object(&made), next, &label);
            }
            (Lie::SameVersion, _) if self.acked > 0 => {
                if let Some(text) = self.changed(self.acked - 1) {
                    made = text;
                    self.book.add(What::Object(&made), next, &label);
                } else {
                    return self.tell(here, Lie::Cut, of_others);
                }
            }
            (Lie::ForeignRecall, Some(other)) => {
                let digest = Sha256::digest(&other.bytes).into();
                self.book.add(What::TakenBack(&other.id, digest), next, &label);
            }
            (Lie::NotStix, _) => {
                made = format!("{{\"type\":\"malware\",\"name\":\"{}\"}}", self.word).into_bytes();
                self.book.add(What::Object(&made), next, &label);
            }
            (Lie::Replayed, _) if !self.book.leaves.is_empty() => self.replay(next),
            (_, _) => return self.tell(here, Lie::Garbage, of_others),
        }
        self.book.finish();
        Ok((lie, made))
    }

    fn object(&self, id: &str, modified: &str) -> Vec<u8> {
        format!(
            "{{\"type\":\"malware\",\"spec_version\":\"2.1\",\"id\":\"{id}\",\"created\":\
             \"2023-12-01T00:00:00.000Z\",\"modified\":\"{modified}\",\"is_family\":false,\
             \"name\":\"{}\"}}",
            self.word
        )
        .into_bytes()
    }

    /// The object of an entry with another name, if it is one.
    fn changed(&self, at: usize) -> Option<Vec<u8>> {
        let (_, object) = self.book.texts.get(at)?.split_once("\"object\":")?;
        let object = object.strip_suffix('}')?;
        let (before, rest) = object.split_once("\"name\":\"")?;
        let (_, after) = rest.split_once('"')?;
        // Nothing of the other stays in it.
        let after = after.split_once("\"description\"").map_or("", |_| "}");
        Some(format!("{before}\"name\":\"{}\"{after}", self.word).into_bytes())
    }

    fn fork(&mut self, next: i64) -> Result<Vec<u8>> {
        let at = self.acked - 1;
        let leaf = *self.book.leaves.get(at).context("an entry")?;
        let made = self.changed(at).unwrap_or_else(|| {
            let id = format!("malware--00000000-0000-4000-8000-{next:012x}");
            self.object(&id, "2024-06-01T00:00:00.000Z")
        });
        let label = self.book.labels.iter().find(|(_, id)| *id == leaf.label).context("a label")?;
        let (label, rest) = (label.clone(), self.book.leaves.len() - at);
        self.book.texts.truncate(at);
        self.book.leaves.truncate(at);
        // As long as it was, and one more.
        for more in 0..=i64::try_from(rest)? {
            self.book.add_under(What::Object(&made), leaf.added + more, label.clone());
        }
        Ok(made)
    }

    fn replay(&mut self, next: i64) {
        let mut text = self.book.texts.iter().zip(&self.book.leaves);
        let released = text.rfind(|(_, leaf)| leaf.happened == Happened::Released);
        let Some((text, leaf)) = released else { return };
        let (text, leaf) = (text.clone(), Leaf { added: next, ..*leaf });
        let added =
            text.split_once(',').map_or(Cow::default(), |(_, rest)| Cow::from(rest.to_owned()));
        self.book.texts.push(format!("{{\"added\":{next},{added}"));
        self.book.leaves.push(leaf);
    }
}

/// A label of `by` that names one nation, or nobody.
fn label(by: Nation, to: Option<Nation>) -> Result<Label> {
    let under = Under { programme: "nine".parse()?, area: "open".parse()? };
    Ok(Label {
        originator: by,
        tlp: Tlp::Green,
        rel_to: to.into_iter().collect(),
        under: [under].into(),
        caveats: [].into(),
        actions: PermittedActions::ExternallyVisibleDirect,
        exercise: None,
        window: Window::default(),
        onward: false,
        faults: Faults::NONE,
    })
}
