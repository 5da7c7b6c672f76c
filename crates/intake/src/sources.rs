//! What is here of an object, and which nations brought it: for this nation's own people.
//!
//! Invariants:
//! * Contents that say the same are one, however they are written, with every nation that brought it;
//!   those of one id and version that do not are a conflict, whoever came first.
//! * A question changes nothing, and its work and its answer are bounded.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use entente_log::Seq;
use entente_log::ledger::{Happened, Leaf};
use entente_object::id::{Id, IdKey};
use entente_object::{canonical, json};
use entente_release::{Nation, PartnerSet};
use entente_store::Known;
use rustc_hash::{FxHashMap, FxHashSet};
use sha2::{Digest as _, Sha256};

use crate::acts::{AlarmAct, EvidenceAct, LeavesAct, RecalledAct, kind};
use crate::decide::hex;
use crate::desk::{Desk, IntakeError};
use crate::screen::content;

/// Copies of one object that are shown, the newest: one read of the log each.
const COPIES_MAX: usize = 1000;

/// Alarms about one object that are shown, with up to 64 KiB of evidence each.
const ALARMS_MAX: usize = 100;

/// Rows of one page.
const ROWS_MAX: usize = 10_000;

/// Acts or heads of objects that are looked through for one question: seconds.
const LOOKED_MAX: usize = 1_000_000;

/// Heads that are read together.
const HEADS: usize = 1024;

/// What is here of one object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// Its id.
    pub id: String,
    /// Its versions, the newest first.
    pub versions: Vec<ShownVersion>,
    /// How many copies are not shown, of older versions.
    pub older: usize,
    /// What was refused about it, or noticed, the newest first.
    pub alarms: Vec<ShownAlarm>,
}

/// A version: what it says, once for each different content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShownVersion {
    /// Which, in microseconds since 1970; none of an object that has no versions.
    pub version: Option<i64>,
    /// The contents, in the order of their digests.
    pub contents: Vec<Content>,
}

/// A content, and who brought it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Content {
    /// SHA-256 of its RFC 8785 form, hexadecimal: the same on every node.
    pub sha256: String,
    /// Its name, if it has one.
    pub name: Option<String>,
    /// The nations that brought it, in the order of their codes.
    pub sources: Vec<Source>,
}

/// A nation's copy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// The nation.
    pub nation: Nation,
    /// By when it was here at the latest, in microseconds since 1970, if that is known.
    pub here_by: Option<i64>,
    /// Its label, as people write it.
    pub label: String,
    /// Whether the time of the label is over.
    pub expired: bool,
    /// Whether the nation took it back from this node.
    pub taken_back: bool,
    /// Who has it from here.
    pub released: Vec<Nation>,
    /// Who had it from here, until it was taken back.
    pub withdrawn: Vec<Nation>,
}

/// An alarm, and what was kept of what it is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShownAlarm {
    /// When, in microseconds since 1970.
    pub at: i64,
    /// The alarm.
    pub act: AlarmAct,
    /// What was refused, as it came, if it was kept.
    pub evidence: Option<String>,
}

/// Which objects are asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Asked {
    /// Of this type.
    pub object_type: Option<String>,
    /// That this nation brought in some version.
    pub from: Option<Nation>,
    /// Of one version of which there are different contents.
    pub conflicts: bool,
    /// That first came after this place of the log.
    pub after: Option<Seq>,
    /// At most so many.
    pub limit: usize,
}

/// Objects in the order in which they first came.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// The objects.
    pub rows: Vec<Row>,
    /// Where to go on, if more may follow.
    pub more_after: Option<Seq>,
}

/// An object of a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Its id.
    pub id: String,
    /// The name in its newest version, if it has one.
    pub name: Option<String>,
    /// The nations that brought it, in the order of their codes.
    pub sources: Vec<Nation>,
    /// How many different versions are here.
    pub versions: usize,
    /// Whether of one version different contents came.
    pub conflict: bool,
}

impl ShownVersion {
    /// Whether nations differ about what it says.
    pub fn is_conflict(&self) -> bool {
        self.version.is_some() && self.contents.len() > 1
    }
}

impl Desk {
    /// What is here of an object.
    pub fn sources(&self, id: &str) -> Result<Shown, IntakeError> {
        let missing = || IntakeError::NoObject(id.to_owned());
        let key = Id::parse(id).map_err(|_| missing())?.key();
        let known = self.home().versions(key)?;
        let alarms = self.alarms_about(id)?;
        if known.is_empty() && alarms.is_empty() {
            return Err(missing());
        }
        let taken_back = self.taken_back(id)?;
        let older = known.len().saturating_sub(COPIES_MAX);
        let mut versions: BTreeMap<Option<i64>, BTreeMap<String, Content>> = BTreeMap::new();
        for copy in known.iter().skip(older) {
            let put = self.home().put(copy.seq)?;
            let said = Said::of(&put.bytes);
            let version = said.is_versioned.then_some(copy.version);
            let mut source = self.source(*copy)?;
            source.taken_back = taken_back.contains(&(copy.bringer, put.digest));
            let contents = versions.entry(version).or_default();
            let (sha256, name) = (said.sha256.clone(), said.name);
            let content = contents.entry(said.sha256);
            let content = content.or_insert(Content { sha256, name, sources: Vec::new() });
            match content.sources.iter_mut().find(|known| known.nation == source.nation) {
                Some(before) => before.follow(source),
                None => content.sources.push(source),
            }
        }
        let shown = |(version, contents): (_, BTreeMap<_, Content>)| {
            let mut contents: Vec<Content> = contents.into_values().collect();
            for content in &mut contents {
                content.sources.sort_by_key(|source| source.nation);
            }
            ShownVersion { version, contents }
        };
        let versions = versions.into_iter().rev().map(shown).collect();
        Ok(Shown { id: id.to_owned(), versions, older, alarms })
    }

    fn source(&self, copy: Known) -> Result<Source, IntakeError> {
        let label = self.label_of(copy.label, &[]);
        let mut has = PartnerSet::NONE;
        for partner in copy.released.iter() {
            if !self.home().is_withdrawn(partner, copy.seq)? {
                has = has.with(partner);
            }
        }
        Ok(Source {
            nation: copy.bringer,
            here_by: self.home().here_by(copy.seq, copy.released)?,
            expired: label.window.not_after.is_some_and(|until| until <= self.now()),
            label: label.to_string(),
            taken_back: false,
            released: self.nations(has).iter().collect(),
            withdrawn: self.nations(copy.released.without(has)).iter().collect(),
        })
    }

    /// The alarms about an object, with what was kept.
    fn alarms_about(&self, id: &str) -> Result<Vec<ShownAlarm>, IntakeError> {
        let (mut alarms, mut looked) = (Vec::new(), 0);
        self.home().newest_acts(kind::ALARM, &mut |_, act| {
            looked += 1;
            let about = serde_json::from_str(&act.json).ok().filter(|act: &AlarmAct| act.id == id);
            alarms.extend(about.map(|about| ShownAlarm { at: act.at, act: about, evidence: None }));
            Ok(looked < LOOKED_MAX && alarms.len() < ALARMS_MAX)
        })?;
        let mut digests: FxHashSet<String> =
            alarms.iter().map(|alarm| alarm.act.digest.clone()).collect();
        let (mut kept, mut looked) = (FxHashMap::default(), 0);
        self.home().newest_acts(kind::EVIDENCE, &mut |_, act| {
            looked += 1;
            if let Ok(act) = serde_json::from_str::<EvidenceAct>(&act.json)
                && digests.remove(&act.digest)
            {
                kept.insert(act.digest, act.object);
            }
            Ok(looked < LOOKED_MAX && !digests.is_empty())
        })?;
        for alarm in &mut alarms {
            alarm.evidence = kept.get(&alarm.act.digest).cloned();
        }
        Ok(alarms)
    }

    /// Which copies of an object the nations that brought them have taken back since.
    fn taken_back(&self, id: &str) -> Result<FxHashSet<(Nation, [u8; 32])>, IntakeError> {
        let (mut told, mut looked) = (Vec::new(), 0);
        self.home().newest_acts(kind::RECALLED, &mut |_, act| {
            looked += 1;
            let act = serde_json::from_str(&act.json).ok();
            told.extend(act.filter(|act: &RecalledAct| act.id == id));
            Ok(looked < LOOKED_MAX)
        })?;
        let mut back = FxHashSet::default();
        for act in told {
            let Ok(nation) = act.nation.parse::<Nation>() else { continue };
            let Some(digest) = unhex(&act.digest) else { continue };
            // It may have been released again.
            if self.last_leaf(nation, &digest)? != Some(Happened::Released) {
                back.insert((nation, digest));
            }
        }
        Ok(back)
    }

    /// What a partner's ledger says last of an object.
    fn last_leaf(&self, of: Nation, digest: &[u8; 32]) -> Result<Option<Happened>, IntakeError> {
        let mut last = None;
        self.home().newest_acts(&kind::leaves(of), &mut |_, act| {
            let read = serde_json::from_str::<LeavesAct>(&act.json).ok();
            let bytes = read.and_then(|act| BASE64_STANDARD.decode(act.leaves).ok());
            let bytes = bytes.unwrap_or_default();
            let mut leaves = bytes.chunks(Leaf::BYTES).filter_map(Leaf::read);
            last = leaves.rfind(|leaf| leaf.object == *digest).map(|leaf| leaf.happened);
            Ok(last.is_none())
        })?;
        Ok(last)
    }

    /// The objects that are here.
    pub fn objects(&self, asked: &Asked) -> Result<Page, IntakeError> {
        let contested = self.contested()?;
        let limit = asked.limit.min(ROWS_MAX);
        let (mut page, mut looked) = (Page::default(), 0);
        let mut next = asked.after.map_or(0, |after| after.saturating_add(1));
        while looked < LOOKED_MAX {
            let mut heads = Vec::with_capacity(HEADS);
            self.home().each_head_from(next, &mut |seq, put| {
                heads.push((seq, put.key(), format!("{}--{}", put.object_type, put.uuid)));
                Ok(heads.len() < HEADS)
            })?;
            if heads.is_empty() {
                page.more_after = None;
                return Ok(page);
            }
            looked += heads.len();
            for (seq, key, id) in heads {
                if page.rows.len() == limit {
                    return Ok(page);
                }
                next = seq + 1;
                page.more_after = Some(seq);
                page.rows.extend(self.row((seq, key, id), asked, &contested)?);
            }
        }
        Ok(page)
    }

    /// An object, at the place where it first came, if it is asked for.
    fn row(
        &self,
        (seq, key, id): (Seq, IdKey, String),
        asked: &Asked,
        contested: &FxHashSet<IdKey>,
    ) -> Result<Option<Row>, IntakeError> {
        let is_of = |name: &String| id.split("--").next() == Some(name);
        if !asked.object_type.as_ref().is_none_or(is_of) {
            return Ok(None);
        }
        let known = self.home().versions(key)?;
        let first = known.iter().map(|copy| copy.seq).min();
        let is_from = |nation| known.iter().any(|copy| copy.bringer == nation);
        if first != Some(seq) || !asked.from.is_none_or(is_from) {
            return Ok(None);
        }
        let conflict = contested.contains(&key) || self.differ(&known)?;
        let newest = known.last().filter(|_| conflict || !asked.conflicts);
        let Some(newest) = newest else { return Ok(None) };
        let name = Said::of(&self.home().put(newest.seq)?.bytes).name;
        let mut sources: Vec<Nation> = known.iter().map(|copy| copy.bringer).collect();
        sources.sort_unstable();
        sources.dedup();
        let versions = known.chunk_by(|a, b| a.version == b.version).count();
        Ok(Some(Row { id, name, sources, versions, conflict }))
    }

    /// Whether of one version there are different contents.
    fn differ(&self, known: &[Known]) -> Result<bool, IntakeError> {
        for copies in known.chunk_by(|a, b| a.version == b.version) {
            let [first, rest @ ..] = copies else { continue };
            let others = rest.iter().filter(|copy| copy.bringer != first.bringer);
            for other in others {
                let one = self.home().put(first.seq)?;
                let other = self.home().put(other.seq)?;
                let differs = one.digest != other.digest;
                if differs && content(&one.bytes) != content(&other.bytes) {
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }

    /// The objects of which a second content was seen, taken or not.
    fn contested(&self) -> Result<FxHashSet<IdKey>, IntakeError> {
        let (mut contested, mut looked) = (FxHashSet::default(), 0);
        self.home().newest_acts(kind::ALARM, &mut |_, act| {
            looked += 1;
            let act: Option<AlarmAct> = serde_json::from_str(&act.json).ok();
            let act = act.filter(|act| act.what == "equivocation");
            contested.extend(act.and_then(|act| Id::parse(&act.id).ok().map(Id::key)));
            Ok(looked < LOOKED_MAX)
        })?;
        Ok(contested)
    }
}

impl Source {
    /// The same content from the same nation came again, under another label.
    fn follow(&mut self, later: Self) {
        let before = std::mem::replace(self, later);
        self.here_by = before.here_by.or(self.here_by);
        self.released.extend(before.released);
        self.withdrawn.extend(before.withdrawn);
        for nations in [&mut self.released, &mut self.withdrawn] {
            nations.sort_unstable();
            nations.dedup();
        }
        self.withdrawn.retain(|nation| !self.released.contains(nation));
    }
}

/// What the bytes of an object say.
struct Said {
    sha256: String,
    name: Option<String>,
    is_versioned: bool,
}

impl Said {
    fn of(bytes: &[u8]) -> Self {
        let value = json::parse(bytes).ok();
        let form = value.as_ref().map(canonical::to_bytes);
        let sha256 = hex(&Sha256::digest(form.as_deref().unwrap_or(bytes)));
        let Some(json::Value::Object(object)) = value else {
            return Self { sha256, name: None, is_versioned: false };
        };
        let name = object.get("name").and_then(json::Value::as_str).map(str::to_owned);
        let is_versioned = ["modified", "created"].iter().any(|time| object.get(time).is_some());
        Self { sha256, name, is_versioned }
    }
}

fn unhex(text: &str) -> Option<[u8; 32]> {
    let byte = |at: usize| u8::from_str_radix(text.get(2 * at..2 * at + 2)?, 16).ok();
    let bytes: Vec<u8> = (0..32).map_while(byte).collect();
    bytes.try_into().ok().filter(|_| text.len() == 64)
}
