//! A coalition: nine nodes, what their people do for a month, what goes wrong meanwhile, and what must
//! hold when all is quiet.
//!
//! Invariant: everything comes from the seed.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::time::Duration;

use anyhow::{Context as _, Result};
use entente_intake::acts::ProgrammeAct;
use entente_intake::{Applied, Desk, prepare};
use entente_log::journal::Journal as _;
use entente_object::marking::Tlp;
use entente_release::label::{PermittedActions, Under, Window};
use entente_release::{Nation, NationSet};
use entente_store::{Home, Reader};
use tokio::time::{Instant, sleep};

use crate::check::{self, Disk};
use crate::dice::Dice;
use crate::net::{Net, Weather};
use crate::node::Node;
use crate::oracle::{Due, Made, Oracle};
use crate::time::SimClock;
use crate::trace::Trace;

const NATIONS: [&str; 9] = ["KOR", "USA", "GBR", "ITA", "DNK", "NLD", "CZE", "ROU", "POL"];

/// What people and faults do in one simulation.
const OPERATIONS: u64 = 500;

/// How long it lasts, before all becomes quiet.
const LASTS: Duration = Duration::from_hours(24 * 30);

/// How long it then stays quiet: longer than any cut, skew or pause.
const QUIET: Duration = Duration::from_hours(24 * 4);

/// A programme of the nine nations in which everything up to AMBER goes between all of them at once.
const PROGRAMME: &str = include_str!("programme.toml");

/// How one simulation ended.
#[derive(Clone, Debug)]
pub(crate) struct Outcome {
    pub(crate) hash: String,
    pub(crate) events: u64,
    pub(crate) made: usize,
    /// Entries that went over edges.
    pub(crate) received: u64,
}

/// Simulates a seed. An error says which invariant broke and how.
pub(crate) fn simulate(seed: u64, shown: bool) -> Result<Outcome> {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    runtime.enable_all().start_paused(true).build()?.block_on(async {
        let trace = Trace::shown(shown);
        let mut world = World::new(seed, trace.clone())?;
        world.run().await?;
        let checked = world.check();
        if shown && checked.is_err() {
            world.folder.disable_cleanup(true);
            println!("the nodes' folders are kept in {}", world.folder.path().display());
        }
        let received = checked?;
        let (hash, events) = trace.hash();
        Ok(Outcome { hash, events, made: world.oracle.made.len(), received })
    })
}

struct World {
    folder: tempfile::TempDir,
    nodes: Vec<Node>,
    net: Net,
    dice: Dice,
    oracle: Oracle,
    trace: Trace,
    at: u64,
    /// When nodes that are down come back.
    back: Vec<(usize, Instant)>,
}

impl World {
    fn new(seed: u64, trace: Trace) -> Result<Self> {
        let mut dice = Dice::new(seed);
        // In memory where there is such a folder: the disk is not what is tested here.
        let folder = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir())?;
        let net = Net::new(dice.apart(), trace.clone());
        let clock = SimClock::new(Instant::now());
        let act = ProgrammeAct { file: "nine.toml".into(), text: PROGRAMME.into() };
        let mut nodes = Vec::new();
        for code in NATIONS {
            let at = folder.path().join(code);
            let clock = (clock.another(), net.clone());
            nodes.push(Node::init(at, code.parse()?, clock, std::slice::from_ref(&act))?);
        }
        let cards: Vec<_> = nodes.iter().map(Node::card).collect::<Result<_>>()?;
        let mut oracle = Oracle::default();
        for node in &mut nodes {
            let own = node.nation;
            for card in cards.iter().filter(|card| card.nation != own) {
                node.meet(card)?;
                oracle.terms.insert((node.nation.to_string(), card.nation.to_string()));
            }
            node.start()?;
        }
        let (at, back) = (0, Vec::new());
        Ok(Self { folder, nodes, net, dice, oracle, trace, at, back })
    }

    async fn run(&mut self) -> Result<()> {
        let step = LASTS / u32::try_from(OPERATIONS).unwrap_or(1);
        for at in 1..=OPERATIONS {
            self.at = at;
            let pause = step * 2 * u32::try_from(self.dice.below(1000)).unwrap_or(0) / 1000;
            sleep(pause).await;
            self.come_back()?;
            self.operate()?;
        }
        self.calm().await
    }

    /// One thing that people do, or that goes wrong.
    fn operate(&mut self) -> Result<()> {
        match self.dice.below(100) {
            0..55 => self.make(),
            55..60 => self.recall(),
            60..64 => self.stand(),
            64..66 => self.review(),
            66..74 => self.crash(),
            74..84 => self.cut(),
            84..92 => {
                let weather = Weather {
                    lost_once_in: self.dice.of(&[0, 0, 50, 10, 3]).unwrap_or(0),
                    doubled_once_in: self.dice.of(&[0, 20, 3]).unwrap_or(0),
                    delay_ms: self.dice.of(&[20, 200, 5_000]).unwrap_or(20),
                };
                self.trace.note(format_args!("{weather:?}"));
                self.net.weather(weather);
                Ok(())
            }
            92..97 => {
                let hours = self.dice.of(&[0, 0, -3, 2, 5]).unwrap_or(0);
                let node = self.any();
                if let Some(node) = self.nodes.get(node) {
                    self.trace.note(format_args!("{} is wrong by {hours} h", node.nation));
                    node.clock.skew(hours * 3_600 * 1_000_000);
                }
                Ok(())
            }
            _ => self.revoke(),
        }
    }

    fn any(&mut self) -> usize {
        let count = u64::try_from(self.nodes.len()).unwrap_or(1);
        usize::try_from(self.dice.below(count)).unwrap_or(0)
    }

    fn two(&mut self) -> (usize, usize) {
        let one = self.any();
        let other =
            (one + 1 + self.any().min(self.nodes.len().saturating_sub(2))) % self.nodes.len();
        (one, other)
    }

    /// A nation brings a few objects, now and then with names of what it brought before, or anew.
    fn make(&mut self) -> Result<()> {
        let at = self.any();
        let tlp = self.dice.of(&[Tlp::Clear, Tlp::Green, Tlp::Green, Tlp::Amber, Tlp::Red]);
        let tlp = tlp.unwrap_or(Tlp::Red);
        let rarely = 2 + self.dice.below(4);
        let named: Vec<&str> = NATIONS.into_iter().filter(|_| !self.dice.once_in(rarely)).collect();
        let nation = self.nodes.get(at).context("a node")?.nation;
        let count = 1 + self.dice.below(4);
        let mut batch = Vec::new();
        for _ in 0..count {
            let mut made = self.one(&nation.to_string());
            made.rel_to = named.iter().map(|code| (*code).to_owned()).collect();
            made.too_high = tlp == Tlp::Red;
            let prepared = prepare(made.bytes.clone());
            batch.push(prepared.map_err(|(refused, _)| anyhow::anyhow!("{refused}"))?);
            self.oracle.made.push(made);
        }
        self.trace.note(format_args!("{nation} brings {count} {tlp:?} to {named:?}"));
        let applied = applied(tlp, &named)?;
        let node = self.nodes.get_mut(at).context("a node")?;
        node.at_desk(|desk| Ok(desk.take(batch, nation, Some(&applied))?))?;
        Ok(())
    }

    /// An object: one in four is a new version of one that its maker made before, one in three names
    /// one.
    fn one(&mut self, by: &str) -> Made {
        let number = self.oracle.made.len();
        let own: Vec<String> = self
            .oracle
            .made
            .iter()
            .filter(|made| made.by == by)
            .map(|made| made.id.clone())
            .collect();
        let old = own.get(self.dice.place(4 * own.len())).cloned();
        let id = old.unwrap_or_else(|| format!("malware--00000000-0000-4000-8000-{number:012x}"));
        let named = if self.dice.once_in(3) { own.get(self.dice.place(own.len())) } else { None };
        let mentions: Vec<String> =
            named.filter(|named| **named != id).cloned().into_iter().collect();
        let seen = mentions.first().map_or_else(String::new, |id| format!(", see {id}"));
        // So long that a word which is cut is not another one.
        let seen_once = Dice::new(u64::try_from(number).unwrap_or(0)).next();
        let canary = format!("zq{seen_once:016x}z");
        let bytes = format!(
            "{{\"type\":\"malware\",\"spec_version\":\"2.1\",\"id\":\"{id}\",\"created\":\
             \"2023-12-01T00:00:00.000Z\",\"modified\":\"{}\",\"is_family\":false,\"name\":\
             \"{canary}\",\"description\":\"made in a simulation{seen}\"}}",
            version(number)
        );
        Made {
            canary,
            id,
            by: by.to_owned(),
            rel_to: BTreeSet::new(),
            too_high: true,
            mentions,
            number,
            at: self.at,
            bytes: bytes.into_bytes(),
        }
    }

    fn recall(&mut self) -> Result<()> {
        let pick = self.dice.place(self.oracle.made.len());
        let Some(made) = self.oracle.made.get(pick).cloned() else { return Ok(()) };
        let (_, other) = self.two();
        let from = self.nodes.get(other).context("a node")?.nation;
        if from.as_str() == made.by {
            return Ok(());
        }
        self.trace.note(format_args!("{} takes {} back from {from}", made.by, made.id));
        self.oracle.recalled.push((self.at, made.id.clone(), from.to_string()));
        let node = self.nodes.iter_mut().find(|node| node.nation.as_str() == made.by);
        let nations: NationSet = [from].into_iter().collect();
        node.context("a maker")?.at_desk(|desk| {
            desk.recall(&made.id, &nations, ("simulated", None))?;
            Ok(())
        })
    }

    /// A partner is suspended for now, or takes part again.
    fn stand(&mut self) -> Result<()> {
        let (one, other) = self.two();
        let of = self.nodes.get(other).context("a node")?.nation;
        let node = self.nodes.get_mut(one).context("a node")?;
        let pair = (node.nation.to_string(), of.to_string());
        if self.oracle.revoked.iter().any(|(_, by, of)| (by, of) == (&pair.0, &pair.1)) {
            return Ok(());
        }
        let suspended = self.oracle.suspended.contains(&pair);
        let to = if suspended { "active" } else { "suspended" };
        self.trace.note(format_args!("{} holds {of} {to}", pair.0));
        node.at_desk(|desk| {
            desk.change_partner(of, |act| to.clone_into(&mut act.standing))?;
            Ok(())
        })?;
        if suspended {
            self.oracle.suspended.remove(&pair);
        } else {
            self.oracle.suspended.insert(pair);
        }
        Ok(())
    }

    fn revoke(&mut self) -> Result<()> {
        if self.oracle.revoked.len() >= 2 {
            return Ok(());
        }
        let (one, other) = self.two();
        let of = self.nodes.get(other).context("a node")?.nation;
        let node = self.nodes.get_mut(one).context("a node")?;
        let by = node.nation.to_string();
        self.trace.note(format_args!("{by} revokes {of}"));
        self.oracle.revoked.push((self.at, by, of.to_string()));
        node.at_desk(|desk| {
            if desk.change_partner(of, |act| "revoked".clone_into(&mut act.standing)).is_err() {
                // It was revoked before.
            }
            Ok(())
        })
    }

    fn review(&mut self) -> Result<()> {
        let at = self.any();
        let node = self.nodes.get_mut(at).context("a node")?;
        self.trace.note(format_args!("{} reviews", node.nation));
        node.at_desk(review)
    }

    fn crash(&mut self) -> Result<()> {
        let at = self.any();
        let minutes = self.dice.of(&[0, 1, 60, 24 * 60, 14 * 24 * 60]).unwrap_or(0);
        let node = self.nodes.get_mut(at).context("a node")?;
        if node.is_up() {
            self.trace.note(format_args!("{} crashes for {minutes} min", node.nation));
            node.crash();
            self.back.push((at, Instant::now() + Duration::from_mins(minutes)));
        }
        Ok(())
    }

    fn come_back(&mut self) -> Result<()> {
        let now = Instant::now();
        let due: Vec<usize> =
            self.back.iter().filter(|(_, at)| *at <= now).map(|(node, _)| *node).collect();
        self.back.retain(|(_, at)| *at > now);
        for at in due {
            self.nodes.get_mut(at).context("a node")?.start()?;
        }
        Ok(())
    }

    fn cut(&mut self) -> Result<()> {
        let (one, other) = self.two();
        let minutes = self.dice.of(&[1, 30, 600, 3 * 24 * 60]).unwrap_or(1);
        let nation = |at: usize| self.nodes.get(at).map(|node| node.nation).context("a node");
        let (from, to) = (nation(one)?, nation(other)?);
        let both = self.dice.once_in(2);
        self.trace
            .note(format_args!("nothing from {from} to {to} for {minutes} min, both: {both}"));
        self.net.cut(from, to, Duration::from_mins(minutes));
        if both {
            self.net.cut(to, from, Duration::from_mins(minutes));
        }
        Ok(())
    }

    /// All faults end, people review once, and everybody has time.
    async fn calm(&mut self) -> Result<()> {
        self.trace.note("calm");
        self.net.mend();
        self.net.weather(Weather::FAIR);
        for node in &mut self.nodes {
            node.clock.skew(0);
            if !node.is_up() {
                node.start()?;
            }
            node.at_desk(review)?;
        }
        sleep(QUIET).await;
        for node in &mut self.nodes {
            node.crash();
        }
        Ok(())
    }

    /// What the makers say of all that a nation lacks, and what it received and complained of.
    fn why(&self, to: Nation, due: &Due) -> Result<String> {
        let node = self.nodes.iter().find(|node| node.nation == to).context("a node")?;
        let receiver = disk(node)?;
        let here: BTreeSet<&str> =
            receiver.objects.iter().map(|(word, _, _)| word.as_str()).collect();
        let mut told = String::new();
        for (made, _) in self.oracle.made.iter().zip(&due.must).filter(|(_, must)| **must) {
            let maker = self.nodes.iter().find(|node| node.nation.as_str() == made.by);
            let Some(maker) = maker.filter(|_| !here.contains(made.canary.as_str())) else {
                continue;
            };
            let mut maker = disk(maker)?;
            let index = maker.desk.partner(to)?.partner.index;
            writeln!(
                told,
                "  {} made {} at {}: {:?}; {} of {} entries received",
                made.by,
                made.id,
                made.at,
                maker.desk.explain(&made.id, to)?.decision,
                receiver.desk.standing_with(maker.nation)?.received,
                maker.reader.ledger_size(index)?,
            )?;
        }
        for (_, act) in receiver.desk.home().acts("alarm")? {
            writeln!(told, "  alarm of {to}: {}", act.json)?;
        }
        Ok(told)
    }

    /// Asks every checker; gives how many entries went over edges.
    fn check(&mut self) -> Result<u64> {
        let mut disks = Vec::new();
        for node in &self.nodes {
            disks.push(disk(node)?);
        }
        let mut received = 0;
        for disk in &disks {
            self.trace.note(format_args!("{} {:?}", disk.nation, disk.desk.home().tip()));
            let due = self.oracle.due(disk.nation.as_str());
            check::nothing_leaked(disk, &self.oracle, &due).context("leak")?;
            check::nothing_after_revocation(disk, &self.oracle).context("after revocation")?;
            check::nothing_forged(disk, &self.oracle).context("forgery")?;
            check::nothing_relayed(disk).context("relay")?;
            check::nothing_rewritten(disk, &disks).context("rewrite")?;
            if let Err(error) = check::nothing_lost(disk, &self.oracle, &due) {
                return Err(error).context(self.why(disk.nation, &due)?).context("loss");
            }
            check::all_acknowledged(disk, &self.oracle).context("receipts")?;
            for record in disk.desk.partners() {
                let standing = disk.desk.standing_with(record.partner.nation)?;
                received += standing.received;
            }
        }
        Ok(received)
    }
}

fn review(desk: &mut Desk) -> Result<()> {
    desk.review(true, &mut |_| ())?;
    Ok(())
}

/// A time that grows with the number of the object.
fn version(number: usize) -> String {
    let (days, seconds) = (number / 86_400, number % 86_400);
    let (hours, minutes) = (seconds / 3_600, seconds / 60 % 60);
    format!("2024-01-{:02}T{hours:02}:{minutes:02}:{:02}.000Z", 1 + days % 28, seconds % 60)
}

fn applied(tlp: Tlp, named: &[&str]) -> Result<Applied> {
    let nations: Result<BTreeSet<Nation>, _> = named.iter().map(|code| code.parse()).collect();
    Ok(Applied {
        tlp: Some(tlp),
        rel_to: nations?.into_iter().collect(),
        under: [Under { programme: "nine".parse()?, area: "open".parse()? }].into(),
        caveats: [].into(),
        actions: PermittedActions::ExternallyVisibleDirect,
        exercise: None,
        window: Window::default(),
    })
}

/// What is on a node's disk.
fn disk(node: &Node) -> Result<Disk> {
    let desk = Desk::open(Home::open(&node.folder)?, std::sync::Arc::new(node.clock.clone()))?;
    let mut objects = Vec::new();
    desk.home().each_object_from(0, &mut |_, put| {
        for word in check::canaries(&put.bytes) {
            objects.push((word, put.brought_by, put.bytes.to_vec()));
        }
        Ok(true)
    })?;
    let mut raw = Vec::new();
    for file in std::fs::read_dir(&node.folder)? {
        let path = file?.path();
        if path.is_file() {
            raw.extend(std::fs::read(path)?);
        }
    }
    let reader = Reader::open(&node.folder)?;
    Ok(Disk { nation: node.nation, desk, reader, objects, raw })
}
