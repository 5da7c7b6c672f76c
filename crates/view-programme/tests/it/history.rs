//! A made-up history of Korea's node, and what it comes to by a second, naive program that reads the log
//! from its beginning and knows no index.
//!
//! Invariant: the naive program shares nothing with the one that is tested but the entries of the log.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use entente_cooperation::sign_off::hex;
use entente_intake::Desk;
use entente_intake::acts::{NodeAct, ProgrammeAct, RecalledAct, ReceiptAct, kind};
use entente_log::block::records;
use entente_log::entry::{Act, Entry, LabelText, Put, Release};
use entente_log::journal::Journal as _;
use entente_object::clock::{Clock as _, StepClock};
use entente_object::time::Timestamp;
use entente_programme::{Evidence, Period, Programme, Query, Statistic};
use entente_release::label::Under;
use entente_release::{Label, Nation, PartnerIndex, label_marking};
use entente_store::Home;
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

pub(crate) const AREAS: [&str; 2] = ["one", "two"];
const HOUR: i64 = 3_600_000_000;

/// Two areas with an indicator for each query and statistic that the ledgers answer.
pub(crate) fn programme() -> String {
    let mut text = String::from(
        "format = 1\n[programme]\nid = \"made-up\"\ntitle = \"Made up\"\nversion = \"1\"\nsource = \"made up for tests\"\n\
         in_force = { from = 2023-01-01, until = 2030-12-31 }\n",
    );
    for code in ["KOR", "POL", "USA"] {
        write!(text, "[[party]]\nnation = \"{code}\"\nname = \"{code}\"\n").unwrap();
    }
    let queries = [
        ("objects", "query = \"released\", statistic = \"count\""),
        (
            "objects",
            "query = \"released\", statistic = \"count\", types = [\"indicator\"], within = \"72h\"",
        ),
        ("objects", "query = \"released\", statistic = \"count\", to = [\"POL\"]"),
        ("percent", "query = \"released\", statistic = \"share\", within = \"72h\""),
        ("hours", "query = \"sighting-to-release\", statistic = \"median\""),
        ("hours", "query = \"sighting-to-release\", statistic = \"worst\""),
        ("percent", "query = \"sighting-to-release\", statistic = \"share\", within = \"72h\""),
        ("sightings", "query = \"confirmations\", statistic = \"count\""),
        ("sightings", "query = \"confirmations\", statistic = \"count\", from = [\"POL\"]"),
        ("reports", "query = \"reports\", statistic = \"count\""),
    ];
    for (number, area) in (1..).zip(AREAS) {
        write!(
            text,
            "[[area]]\nid = \"{area}\"\nnumber = {number}\ntitle = \"{area}\"\n[[area.terms]]\nfrom = [\"parties\"]\n\
             to = [\"parties\"]\nceiling = \"amber\"\ntypes = [\"any\"]\nreleasers = 0\n\
             [area.assessment]\nby = [\"USA\"]\nfirst = 2024-06-30\n\
             [[area.objective]]\nid = \"{area}-o\"\ntitle = \"o\"\nsources = [{{ title = \"made up\", date = \"2023\" }}]\n\
             [[area.objective.goal]]\nid = \"{area}-g\"\ntitle = \"g\"\nsources = [{{ title = \"made up\", date = \"2023\" }}]\n\
             [[area.objective.goal.measure]]\nid = \"{area}-m\"\ntitle = \"m\"\nowners = [\"KOR\"]\nrole = \"r\"\n\
             schedule = {{ from = 2023-01-01, until = 2026-12-31 }}\nsources = [{{ title = \"made up\", date = \"2023\" }}]\n"
        ).unwrap();
        for (at, (unit, evidence)) in queries.iter().enumerate() {
            let ascending = if *unit == "hours" { "ascending = false\n" } else { "" };
            write!(
            text,
                "[[area.objective.goal.measure.indicator]]\nid = \"{area}-i{at}\"\ntitle = \"i\"\nunit = \"{unit}\"\n{ascending}\
                 evidence = {{ {evidence} }}\nperiod = [{{ from = 2024-01-01, until = 2024-12-31, target = 1 }}]\n"
            ).unwrap();
        }
    }
    text
}

/// Numbers that look random.
pub(crate) struct Numbers(pub(crate) u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }
}

/// Korea's desk with Poland and the United States as partners 0 and 1.
pub(crate) fn desk(folder: &Path) -> Desk {
    let start = Timestamp::parse("2024-10-01T00:00:00Z").unwrap();
    let clock = Arc::new(StepClock::new(start, Duration::ZERO));
    let mut home = Home::open(folder).unwrap();
    let node = NodeAct { nation: "KOR".into(), key: "none".into() };
    Desk::init(&mut home, &node, clock.now()).unwrap();
    let mut desk = Desk::open(home, clock).unwrap();
    let act = ProgrammeAct { file: "programme.toml".into(), text: programme() };
    desk.adopt_programme(&act).unwrap();
    for code in ["POL", "USA"] {
        desk.add_partner(code.parse().unwrap()).unwrap();
    }
    desk
}

/// A history being made.
pub(crate) struct History {
    numbers: Numbers,
    at: i64,
    /// How much time goes by with each append, in microseconds.
    step: u64,
    /// Objects so far: type, id, who.
    objects: Vec<(&'static str, Uuid, Nation)>,
    /// What each partner may still be given, has, and how many entries its ledger has.
    given: [(BTreeSet<u64>, Vec<u64>, u64, u64); 2],
}

fn partners() -> [Nation; 2] {
    ["POL", "USA"].map(|code| code.parse().unwrap())
}

impl History {
    pub(crate) fn new(seed: u64, step: Duration) -> Self {
        let at = Timestamp::parse("2023-11-01T00:00:00Z").unwrap().unix_micros();
        let step = u64::try_from(step.as_micros()).unwrap();
        let empty = || (BTreeSet::new(), Vec::new(), 0, 0);
        let (numbers, objects) = (Numbers(seed), Vec::new());
        Self { numbers, at, step, objects, given: [empty(), empty()] }
    }

    pub(crate) fn labels(desk: &mut Desk) {
        let under = |area: &str| Under {
            programme: "made-up".parse().unwrap(),
            area: area.parse().unwrap(),
        };
        let sets = [vec![under("one")], vec![under("two")], vec![under("one"), under("two")]];
        let entries = (0..).zip(sets).map(|(number, unders)| {
            let label = Label {
                rel_to: partners().into_iter().collect(),
                under: unders.into_iter().collect(),
                ..Label::originator_alone(Nation::KOR)
            };
            Entry::Label(LabelText {
                number,
                faults: 0,
                stix: label_marking::to_stix(&label).into(),
            })
        });
        desk.home_mut().append(&entries.collect::<Vec<_>>()).unwrap();
    }

    /// Appends so many objects with what happens to them.
    pub(crate) fn go_on(&mut self, desk: &mut Desk, objects: u64) {
        let mut entries = Vec::new();
        let next = desk.home().tip().next;
        for seq in next..next + objects {
            let put = self.put();
            // Korea's own may be given; now and then another's, which Korea passes on.
            if put.brought_by == Nation::KOR || self.numbers.below(10) == 0 {
                for given in &mut self.given {
                    given.0.insert(seq);
                }
            }
            entries.push(Entry::Put(put));
        }
        entries.push(self.act("received/POL", "{}".to_owned()));
        for partner in 0..2 {
            self.release(partner, &mut entries);
        }
        if self.numbers.below(3) == 0 {
            let digest = entries.iter().find_map(|entry| match entry {
                Entry::Put(put) if put.brought_by != Nation::KOR => Some(put.digest),
                Entry::Put(_)
                | Entry::Label(_)
                | Entry::Release(_)
                | Entry::Withdraw(_)
                | Entry::Hold(_)
                | Entry::Act(_) => None,
            });
            if let Some(digest) = digest {
                let act =
                    RecalledAct { nation: "POL".into(), id: "x".into(), digest: hex(&digest) };
                let json = serde_json::to_string(&act).unwrap();
                entries.push(self.act(kind::RECALLED, json));
            }
        }
        desk.home_mut().append(&entries).unwrap();
    }

    fn pass(&mut self) -> i64 {
        let step = self.numbers.below(self.step.max(2)) + 1;
        self.at += i64::try_from(step).unwrap() + 10_000;
        self.at
    }

    fn act(&mut self, kind: &str, json: String) -> Entry<'static> {
        let at = self.pass();
        Entry::Act(Act { kind: kind.to_owned().into(), at, json: json.into() })
    }

    fn release(&mut self, partner: usize, entries: &mut Vec<Entry<'static>>) {
        let first_added = self.pass();
        let index = PartnerIndex::new(u8::try_from(partner).unwrap()).unwrap();
        let keep = self.numbers.below(4);
        let (waiting, has, size, acknowledged) = &mut self.given[partner];
        let objects: Vec<u64> = waiting.iter().copied().filter(|seq| seq % 4 != keep).collect();
        waiting.retain(|seq| !objects.contains(seq) && seq % 3 == 0);
        has.extend(&objects);
        *size += u64::try_from(objects.len()).unwrap();
        if !objects.is_empty() {
            entries.push(Entry::Release(Release { partner: index, first_added, objects }));
        }
        let (size_now, was) = (*size, *acknowledged);
        if self.numbers.below(2) == 0 && !self.given[partner].1.is_empty() {
            let first_added = self.pass();
            let (_, has, size, _) = &mut self.given[partner];
            let at = usize::try_from(self.numbers.0 % u64::try_from(has.len()).unwrap()).unwrap();
            let objects = vec![has.swap_remove(at)];
            *size += 1;
            entries.push(Entry::Withdraw(Release { partner: index, first_added, objects }));
        }
        let covers = size_now.saturating_sub(self.numbers.below(4));
        if self.numbers.below(3) > 0 && covers > was {
            self.given[partner].3 = covers;
            let act = ReceiptAct { size: covers, note: String::new() };
            let kind = kind::receipt(partners()[partner]);
            entries.push(self.act(&kind, serde_json::to_string(&act).unwrap()));
        }
    }

    fn put(&mut self) -> Put<'static> {
        let again = self.numbers.below(6) == 0 && !self.objects.is_empty();
        let (name, uuid, by) = if again {
            let count = u64::try_from(self.objects.len()).unwrap();
            self.objects[usize::try_from(self.numbers.below(count)).unwrap()]
        } else {
            let name = match self.numbers.below(10) {
                0..=4 => "indicator",
                5..=7 => "sighting",
                8 => "report",
                _ => "entente-alert",
            };
            let by = match self.numbers.below(3) {
                0 => partners()[usize::try_from(self.numbers.below(2)).unwrap()],
                _ => Nation::KOR,
            };
            let random = Uuid::from_u64_pair(self.numbers.next(), self.numbers.next());
            (name, uuid::Builder::from_random_bytes(random.into_bytes()).into_uuid(), by)
        };
        self.objects.push((name, uuid, by));
        let seen = self.at - i64::try_from(self.numbers.below(200 * HOUR.unsigned_abs())).unwrap();
        let seen = Timestamp::from_unix_micros(seen).to_stix();
        let target = usize::try_from(self.numbers.below(size(self.objects.len()))).unwrap();
        let (of_name, of_uuid, _) = self.objects[target];
        let said = match self.numbers.below(4) {
            0 => format!(",\"first_seen\":\"{seen}\""),
            1 => format!(",\"last_seen\":\"{seen}\",\"count\":0"),
            _ => format!(",\"last_seen\":\"{seen}\",\"count\":3"),
        };
        let more = if name == "sighting" {
            format!("{said},\"sighting_of_ref\":\"{of_name}--{of_uuid}\"")
        } else {
            String::new()
        };
        // What is exact in every reader of JSON.
        let n = self.numbers.next() >> 12;
        let bytes = format!("{{\"type\":\"{name}\",\"id\":\"{name}--{uuid}\",\"n\":{n}{more}}}");
        Put {
            uuid,
            object_type: name.into(),
            version: self.pass(),
            label: u32::try_from(self.numbers.below(3)).unwrap(),
            brought_by: by,
            digest: Sha256::digest(&bytes).into(),
            bytes: bytes.into_bytes().into(),
        }
    }
}

/// An object as the naive program knows it.
struct Object {
    name: String,
    id: (String, Uuid, Nation),
    by: Nation,
    under: Vec<String>,
    version: i64,
    digest: [u8; 32],
    value: serde_json::Value,
    here_by: Option<i64>,
}

/// All that happened, as plain lists.
#[derive(Default)]
pub(crate) struct Naive {
    objects: BTreeMap<u64, Object>,
    /// Of each partner: what was given and taken back, in order.
    ledgers: [Vec<(u64, i64, bool)>; 2],
    receipts: [Vec<(u64, i64)>; 2],
    recalled: BTreeSet<String>,
}

/// What the naive program found: the value in words, by how much it is supported, and all that counts.
pub(crate) type Found = (Option<String>, u64, BTreeSet<String>);

impl Naive {
    pub(crate) fn read(home: &Home) -> Self {
        let (mut all, mut labels, mut undated) = (Self::default(), Vec::new(), Vec::new());
        let mut next = 0;
        while let Some(block) = home.block(next).unwrap() {
            for record in records(block.first, &block.head) {
                let record = record.unwrap();
                next = record.seq + 1;
                match record.entry(&block.body).unwrap() {
                    Entry::Label(label) => {
                        let (read, _) = label_marking::from_text(&label.stix).unwrap();
                        labels.push(read.under.iter().map(ToString::to_string).collect::<Vec<_>>());
                    }
                    Entry::Put(put) => {
                        undated.push(record.seq);
                        all.put(record.seq, &put, &labels);
                    }
                    Entry::Release(release) => all.ledger(&release, false),
                    Entry::Withdraw(release) => all.ledger(&release, true),
                    Entry::Hold(_) => {}
                    Entry::Act(act) => {
                        for seq in undated.drain(..) {
                            all.objects.get_mut(&seq).unwrap().here_by = Some(act.at);
                        }
                        all.act(&act);
                    }
                }
            }
        }
        all
    }

    fn put(&mut self, seq: u64, put: &Put<'_>, labels: &[Vec<String>]) {
        let name = put.object_type.to_string();
        let object = Object {
            id: (name.clone(), put.uuid, put.brought_by),
            name,
            by: put.brought_by,
            under: labels[usize::try_from(put.label).unwrap()].clone(),
            version: put.version,
            digest: put.digest,
            value: serde_json::from_slice(&put.bytes).unwrap(),
            here_by: None,
        };
        self.objects.insert(seq, object);
    }

    fn ledger(&mut self, release: &Release, is_back: bool) {
        for (added, seq) in (release.first_added..).zip(&release.objects) {
            self.ledgers[usize::from(release.partner.get())].push((*seq, added, is_back));
        }
    }

    fn act(&mut self, act: &Act<'_>) {
        for (at, nation) in partners().iter().enumerate() {
            if act.kind == kind::receipt(*nation) {
                let receipt: ReceiptAct = serde_json::from_str(&act.json).unwrap();
                self.receipts[at].push((receipt.size, act.at));
            }
        }
        if act.kind == kind::RECALLED {
            let act: RecalledAct = serde_json::from_str(&act.json).unwrap();
            self.recalled.insert(act.digest);
        }
    }

    /// What was given and not taken back: to whom, what, when, and when that was acknowledged.
    fn deliveries(
        &self,
        under: &str,
        evidence: &Evidence,
    ) -> Vec<(usize, &Object, i64, Option<i64>)> {
        let mut all = Vec::new();
        for (partner, ledger) in self.ledgers.iter().enumerate() {
            let wanted = evidence.to.as_ref().is_none_or(|to| to.contains(partners()[partner]));
            let back: BTreeSet<u64> =
                ledger.iter().filter(|(_, _, is_back)| *is_back).map(|(seq, ..)| *seq).collect();
            for (at, (seq, added, is_back)) in (0u64..).zip(ledger) {
                let object = &self.objects[seq];
                if !wanted
                    || *is_back
                    || back.contains(seq)
                    || !object.under.iter().any(|one| one == under)
                {
                    continue;
                }
                let receipt = self.receipts[partner].iter().find(|(size, _)| *size > at);
                all.push((partner, object, *added, receipt.map(|(_, at)| *at)));
            }
        }
        all
    }

    /// What an indicator comes to.
    pub(crate) fn finds(
        &self,
        (area, evidence, period): (&str, &Evidence, Period),
        now: i64,
    ) -> Found {
        let under = format!("made-up/{area}");
        let from = period.from.start().unwrap().unix_micros();
        let until = period.until.end().unwrap().unix_micros();
        let span = (from, until);
        let within = evidence.within.map(|within| i64::try_from(within.as_micros()).unwrap());
        match evidence.query {
            Query::Released => self.released(&under, evidence, span, (within, now)),
            Query::SightingToRelease => self.times(&under, evidence, span, within),
            Query::Confirmations => self.confirmed(&under, evidence, span),
            Query::Reports => self.reports(&under, evidence, span),
            Query::RequestsAnswered
            | Query::Exercises
            | Query::InjectsAnswered
            | Query::Consultations
            | Query::Commitments
            | Query::Activities
            | Query::Recognitions => panic!("the ledgers do not answer it"),
        }
    }

    fn released(
        &self,
        under: &str,
        evidence: &Evidence,
        (from, until): (i64, i64),
        (within, now): (Option<i64>, i64),
    ) -> Found {
        let (mut objects, mut digests) = (BTreeSet::new(), BTreeSet::new());
        let (mut done, mut all) = (0, 0);
        for (_, object, added, acknowledged) in self.deliveries(under, evidence) {
            let named = match &evidence.types {
                Some(types) => types.contains(&object.name),
                None => !object.name.starts_with("entente-"),
            };
            if !named || added < from || added >= until {
                continue;
            }
            let in_time =
                acknowledged.is_some_and(|at| within.is_none_or(|within| at - added <= within));
            if in_time {
                done += 1;
                objects.insert(object.id.clone());
                digests.insert(hex(&object.digest));
            }
            if in_time || added + within.unwrap_or(0) <= now {
                all += 1;
            }
        }
        let count = size(objects.len());
        match evidence.statistic {
            Statistic::Count => (Some(count.to_string()), count, digests),
            Statistic::Share | Statistic::Median | Statistic::Worst => {
                (percent(done, all), done, digests)
            }
        }
    }

    fn times(
        &self,
        under: &str,
        evidence: &Evidence,
        (from, until): (i64, i64),
        within: Option<i64>,
    ) -> Found {
        let mut first: BTreeMap<&(String, Uuid, Nation), (i64, &Object)> = BTreeMap::new();
        for (_, object, added, _) in self.deliveries(under, evidence) {
            if object.name == "sighting" && object.by == Nation::KOR && added < until {
                let entry = first.entry(&object.id).or_insert((added, object));
                if added < entry.0 {
                    *entry = (added, object);
                }
            }
        }
        let (mut took, mut digests) = (Vec::new(), BTreeSet::new());
        for (added, object) in first.into_values().filter(|(added, _)| *added >= from) {
            let time = |name: &str| {
                let text = object.value.get(name)?.as_str()?.to_owned();
                Some(Timestamp::parse(&text).unwrap().unix_micros())
            };
            let seen = time("last_seen").or_else(|| time("first_seen")).unwrap_or(object.version);
            took.push((added - seen).max(0));
            digests.insert(hex(&object.digest));
        }
        took.sort_unstable();
        let count = took.len();
        let hours = |micros: i64| {
            let thousandths = (i128::from(micros) * 1000 + i128::from(HOUR) - 1) / i128::from(HOUR);
            let text = format!("{}.{:03}", thousandths / 1000, thousandths % 1000);
            text.trim_end_matches('0').trim_end_matches('.').to_owned()
        };
        let in_time = took.iter().filter(|took| within.is_none_or(|most| **took <= most));
        let in_time = size(in_time.count());
        match evidence.statistic {
            // The least time within which half of them were.
            Statistic::Median => {
                let half = took
                    .iter()
                    .find(|most| took.iter().filter(|took| took <= most).count() * 2 >= count);
                (half.map(|half| hours(*half)), size(count), digests)
            }
            Statistic::Worst => (took.last().map(|worst| hours(*worst)), size(count), digests),
            Statistic::Share | Statistic::Count => {
                (percent(in_time, size(count)), in_time, digests)
            }
        }
    }

    /// Whether a nation brought something under an id.
    fn is_by(&self, id: &str, by: Nation) -> bool {
        self.objects.values().any(|one| one.by == by && format!("{}--{}", one.id.0, one.id.1) == id)
    }

    fn confirmed(&self, under: &str, evidence: &Evidence, (from, until): (i64, i64)) -> Found {
        let counts = |nation| evidence.from.as_ref().is_none_or(|from| from.contains(nation));
        let (mut objects, mut digests) = (BTreeSet::new(), BTreeSet::new());
        let seen = |object: &Object| {
            let is_seen = object.value.get("count").and_then(serde_json::Value::as_i64) != Some(0);
            let of = object.value["sighting_of_ref"].as_str().unwrap().to_owned();
            is_seen.then_some(of)
        };
        for object in
            self.objects.values().filter(|one| one.name == "sighting" && one.by != Nation::KOR)
        {
            let in_period = object.here_by.is_some_and(|at| at >= from && at < until);
            let is_under = object.under.iter().any(|one| one == under) && counts(object.by);
            let is_back = self.recalled.contains(&hex(&object.digest));
            let is_of = in_period
                && is_under
                && !is_back
                && seen(object).is_some_and(|of| self.is_by(&of, Nation::KOR));
            if is_of {
                objects.insert(object.id.clone());
                digests.insert(hex(&object.digest));
            }
        }
        for (partner, object, added, acknowledged) in self.deliveries(under, evidence) {
            let own = object.name == "sighting" && object.by == Nation::KOR && counts(Nation::KOR);
            let told = acknowledged.is_some() && added >= from && added < until;
            if own && told && seen(object).is_some_and(|of| self.is_by(&of, partners()[partner])) {
                objects.insert(object.id.clone());
                digests.insert(hex(&object.digest));
            }
        }
        let count = size(objects.len());
        (Some(count.to_string()), count, digests)
    }

    fn reports(&self, under: &str, evidence: &Evidence, (from, until): (i64, i64)) -> Found {
        let (mut objects, mut digests) = (BTreeSet::new(), BTreeSet::new());
        let mut add = |object: &Object| {
            objects.insert(object.id.clone());
            digests.insert(hex(&object.digest));
        };
        for (_, object, added, _) in self.deliveries(under, evidence) {
            if object.name == "report" && added >= from && added < until {
                add(object);
            }
        }
        for object in
            self.objects.values().filter(|one| one.name == "report" && one.by != Nation::KOR)
        {
            let in_period = object.here_by.is_some_and(|at| at >= from && at < until);
            let is_under = object.under.iter().any(|one| one == under);
            if in_period && is_under && !self.recalled.contains(&hex(&object.digest)) {
                add(object);
            }
        }
        let count = size(objects.len());
        (Some(count.to_string()), count, digests)
    }
}

fn percent(done: u64, all: u64) -> Option<String> {
    let thousandths = (done * 100_000).checked_div(all)?;
    let text = format!("{}.{:03}", thousandths / 1000, thousandths % 1000);
    Some(text.trim_end_matches('0').trim_end_matches('.').to_owned())
}

/// The programme as it is adopted.
pub(crate) fn adopted(desk: &Desk) -> Programme {
    desk.policies().programmes().next().unwrap().clone()
}

fn size(count: usize) -> u64 {
    u64::try_from(count).unwrap()
}
