//! A coalition: nine nodes, what their people do for a month, what goes wrong meanwhile, and what must
//! hold when all is quiet.
//!
//! Invariant: everything comes from the seed.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use entente_intake::acts::ProgrammeAct;
use entente_intake::{Delivery, Desk, prepare};
use entente_log::journal::Journal as _;
use entente_release::Nation;
use entente_release::partner::Standing;
use entente_store::{Home, Reader};
use tokio::time::{Instant, sleep};

use crate::check::{self, Disk, Held};
use crate::defect::Defect;
use crate::dice::Dice;
use crate::disk;
use crate::liar::Liar;
use crate::net::{Net, Weather};
use crate::node::Node;
use crate::oracle::{Due, Made, Oracle, TEXTS};
use crate::people::{first_texts, programme, review};
use crate::time::SimClock;
use crate::trace::{Logged, Trace};
use crate::wire::Arrived;

pub(crate) const NATIONS: [&str; 9] =
    ["KOR", "USA", "GBR", "ITA", "DNK", "NLD", "CZE", "ROU", "POL"];

/// What people and faults do in one simulation.
pub(crate) const OPERATIONS: u64 = 500;

/// How long it lasts, before all becomes quiet.
const LASTS: Duration = Duration::from_hours(24 * 30);

/// How long it then stays quiet: longer than any cut, skew or pause.
const QUIET: Duration = Duration::from_hours(24 * 4);

/// How a simulation is to be.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Setup {
    pub(crate) seed: u64,
    /// Everything that happens is printed.
    pub(crate) shown: bool,
    /// Which of two worlds: they differ in what one nation may not know of, and in nothing else.
    pub(crate) twin: u64,
    pub(crate) operations: u64,
    pub(crate) defect: Option<Defect>,
}

impl Setup {
    /// Whether a seed is run in twin worlds too.
    pub(crate) fn has_twin(self) -> bool {
        self.seed.is_multiple_of(5)
    }

    /// Whether one of the nodes lies.
    fn has_liar(self) -> bool {
        self.seed % 5 == 1 || self.seed % 5 == 3
    }

    /// Whether bits of a database change in the end.
    fn has_flips(self) -> bool {
        self.seed % 4 == 1
    }

    /// Whether the whole folder of a node is put back in the end.
    fn is_put_back(self) -> bool {
        self.seed % 5 == 2
    }
}

/// How one simulation ended.
#[derive(Clone, Debug)]
pub(crate) struct Outcome {
    pub(crate) hash: String,
    pub(crate) events: u64,
    pub(crate) made: usize,
    /// Entries that went over edges.
    pub(crate) received: u64,
    /// Every message to the nation that may not know in which of two worlds it is.
    pub(crate) arrived: Vec<Arrived>,
}

/// Simulates a seed. An error says which invariant broke and how.
pub(crate) fn simulate(setup: Setup) -> Result<Outcome> {
    let logged = Logged::default();
    let log = tracing_subscriber::fmt().with_writer(logged.clone()).with_ansi(false);
    let log = log.with_max_level(tracing::Level::DEBUG).without_time().finish();
    tracing::subscriber::with_default(log, || {
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        runtime.enable_all().start_paused(true).build()?.block_on(run(setup, &logged))
    })
}

async fn run(setup: Setup, logged: &Logged) -> Result<Outcome> {
    let trace = Trace::shown(setup.shown);
    let mut world = World::new(setup, trace.clone())?;
    world.run().await?;
    let mut checked = world.check(logged);
    if checked.is_ok() {
        let hurt = world.hurt().await;
        checked = hurt.and(checked);
    }
    if setup.shown && checked.is_err() {
        world.folder.disable_cleanup(true);
        println!("the nodes' folders are kept in {}", world.folder.path().display());
    }
    let received = checked?;
    let (hash, events) = trace.hash();
    let arrived = world.net.wire.arrived();
    Ok(Outcome { hash, events, made: world.oracle.made.len(), received, arrived })
}

pub(crate) struct World {
    folder: tempfile::TempDir,
    pub(crate) nodes: Vec<Node>,
    pub(crate) net: Net,
    pub(crate) dice: Dice,
    /// Numbers for what twin worlds differ in.
    pub(crate) hidden: Dice,
    pub(crate) oracle: Oracle,
    pub(crate) trace: Trace,
    pub(crate) setup: Setup,
    pub(crate) at: u64,
    /// How many objects were made, of those in which twin worlds do not differ, and of the others.
    pub(crate) made: usize,
    pub(crate) made_hidden: usize,
    /// The nation that may not know in which of two worlds it is.
    pub(crate) watched: Nation,
    /// When nodes that are down come back.
    back: Vec<(usize, Instant)>,
    /// Backups of databases, by node.
    kept: BTreeMap<usize, PathBuf>,
}

impl World {
    fn new(setup: Setup, trace: Trace) -> Result<Self> {
        let seed = setup.seed;
        // In memory where there is such a folder: the disk is not what is tested here.
        let folder = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir())?;
        let mut dice = Dice::named(seed, "people and faults");
        let watched = dice.of(&NATIONS).context("a nation")?.parse()?;
        let net = Net::new(seed, trace.clone(), watched);
        let clock = SimClock::new(Instant::now());
        let texts = first_texts();
        let acts: Vec<ProgrammeAct> =
            texts.iter().filter_map(|text| TEXTS.get(*text)).map(programme).collect();
        let mut nodes = Vec::new();
        for code in NATIONS {
            let at = folder.path().join(code);
            let clock = (clock.another(), net.clone());
            nodes.push(Node::init(at, code.parse()?, clock, (&acts, setup.defect))?);
        }
        let cards: Vec<_> = nodes.iter().map(Node::card).collect::<Result<_>>()?;
        let mut oracle = Oracle::default();
        for node in &mut nodes {
            let own = node.nation;
            oracle.adopted.insert(own.to_string(), vec![(0, texts.clone())]);
            node.start()?;
            for card in cards.iter().filter(|card| card.nation != own) {
                node.meet(card)?;
            }
        }
        Ok(Self {
            folder,
            nodes,
            net,
            dice,
            hidden: Dice::named(seed ^ (setup.twin << 40), "what is hidden"),
            oracle,
            trace,
            setup,
            at: 0,
            made: 0,
            made_hidden: 0,
            watched,
            back: Vec::new(),
            kept: BTreeMap::new(),
        })
    }

    pub(crate) fn defect(&self, defect: Defect) -> bool {
        self.setup.defect == Some(defect)
    }

    async fn run(&mut self) -> Result<()> {
        let step = LASTS / u32::try_from(OPERATIONS)?;
        let liar_at = self.setup.operations / 3 + self.dice.below(self.setup.operations / 3);
        for at in 1..=self.setup.operations {
            self.at = at;
            let pause = step * 2 * u32::try_from(self.dice.below(1000)).unwrap_or(0) / 1000;
            sleep(pause).await;
            self.come_back()?;
            self.operate()?;
            self.hide()?;
            if at == liar_at && self.setup.has_liar() {
                self.lie()?;
            }
            if at == self.setup.operations / 3 && self.setup.is_put_back() {
                self.keep_all()?;
            }
            if at == self.setup.operations / 2 && self.defect(Defect::Rewrite) {
                self.back_up(0)?;
            }
        }
        self.calm().await
    }

    /// One thing that people do, or that goes wrong.
    fn operate(&mut self) -> Result<()> {
        match self.dice.below(100) {
            0..53 => self.make(),
            53..58 => self.recall(),
            58..62 => self.stand(),
            62..64 => self.review_one(),
            64..66 => self.adopt(),
            66..67 => self.enrol(),
            67..74 => self.crash(),
            74..76 => self.put_back(),
            76..85 => self.cut(),
            85..92 => {
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

    pub(crate) fn any(&mut self) -> usize {
        let count = u64::try_from(self.nodes.len()).unwrap_or(1);
        usize::try_from(self.dice.below(count)).unwrap_or(0)
    }

    pub(crate) fn two(&mut self) -> (usize, usize) {
        let one = self.any();
        let other =
            (one + 1 + self.any().min(self.nodes.len().saturating_sub(2))) % self.nodes.len();
        (one, other)
    }

    fn crash(&mut self) -> Result<()> {
        let at = self.any();
        let minutes = self.dice.of(&[0, 1, 60, 24 * 60, 14 * 24 * 60]).unwrap_or(0);
        let torn = self.dice.of(&[0, 20, 4_000, 8_216]).unwrap_or(0);
        let node = self.nodes.get_mut(at).context("a node")?;
        if node.is_up() {
            self.trace.note(format_args!("{} crashes for {minutes} min", node.nation));
            node.crash(torn)?;
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

    /// The database of a node is backed up, or the last backup is put in its place.
    fn put_back(&mut self) -> Result<()> {
        let at = self.any();
        let Some(old) = self.kept.remove(&at) else { return self.back_up(at) };
        let node = self.nodes.get_mut(at).context("a node")?;
        let was_up = node.is_up();
        node.crash(0)?;
        let told = disk::put_back(node, &old)?;
        self.trace.note(format_args!("an old state of {} is put back: {told}", node.nation));
        if was_up {
            node.start()?;
        }
        Ok(())
    }

    fn back_up(&mut self, at: usize) -> Result<()> {
        let node = self.nodes.get(at).context("a node")?;
        let to = self.folder.path().join(format!("{}-{}", node.nation, self.at));
        entente_store::backup(&node.folder, &to)?;
        self.kept.insert(at, to);
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

    /// From now on a node says what it likes.
    fn lie(&mut self) -> Result<()> {
        let mut dice = Dice::named(self.setup.seed, "a liar");
        let at = dice.place(self.nodes.len() - 1);
        let dues: BTreeMap<&str, Due> =
            NATIONS.iter().map(|code| (*code, self.oracle.due(code))).collect();
        let node = self.nodes.get_mut(at).context("a node")?;
        let (here, folder) = (node.nation, node.folder.clone());
        let known = |to: Nation| {
            let due = dues.get(to.as_str())?;
            let mut theirs = self.oracle.made.iter().zip(&due.may).filter(|(made, may)| {
                // Who shut its maker out would have its id from the liar alone.
                let is_shut = self.oracle.is_shut(&made.by, to.as_str());
                **may && made.by != here.as_str() && made.by != to.as_str() && !is_shut
            });
            theirs.next().map(|(made, _)| made.clone())
        };
        let (liar, evils) =
            node.at_desk(|desk| Liar::new(desk, &Reader::open(&folder)?, &mut dice, known))?;
        for evil in &evils {
            self.trace.note(format_args!("{here} tells {} the lie {:?}", evil.to, evil.lie));
        }
        self.net.lies(here, liar);
        self.oracle.liar = Some((here.to_string(), self.at));
        self.oracle.evils = evils;
        // Whoever follows it asks anew.
        if node.is_up() {
            node.crash(0)?;
            node.start()?;
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
        if self.defect(Defect::Believes) {
            self.believe()?;
        }
        if self.defect(Defect::Rewrite) {
            self.rewrite().await?;
        }
        for node in &mut self.nodes {
            node.stop();
        }
        // Whatever was under way ends.
        sleep(Duration::from_hours(1)).await;
        Ok(())
    }

    /// A node forgets what it signed, and signs anew.
    async fn rewrite(&mut self) -> Result<()> {
        let Some((at, old)) = self.kept.pop_first() else { return Ok(()) };
        let node = self.nodes.get_mut(at).context("a node")?;
        node.crash(0)?;
        entente_store::restore(&node.folder, &old)?;
        std::fs::remove_file(node.folder.join("signed"))?;
        node.start()?;
        node.at_desk(review)?;
        sleep(Duration::from_hours(1)).await;
        Ok(())
    }

    /// What a lying node made up is taken as if it had been verified.
    fn believe(&mut self) -> Result<()> {
        let Some((liar, _)) = self.oracle.liar.clone() else { return Ok(()) };
        let from: Nation = liar.parse()?;
        for evil in self.oracle.evils.iter().filter(|evil| evil.lie.is_refused()) {
            let node = self.nodes.iter_mut().find(|node| node.nation == evil.to);
            let Ok(object) = prepare(evil.bytes.clone()) else { continue };
            node.context("a node")?.at_desk(|desk| {
                let Some(before) = desk.received_from(from)? else { return Ok(()) };
                let (leaves, received) = ((before.size, Vec::new()), before);
                let (recalled, alarms) = (Vec::new(), Vec::new());
                let objects = vec![object];
                desk.receive(Delivery { from, objects, recalled, alarms, leaves, received })?;
                Ok(())
            })?;
        }
        Ok(())
    }

    /// What the makers say of all that a nation lacks, and what it received and complained of.
    fn why(&self, to: Nation, due: &Due) -> Result<String> {
        let node = self.nodes.iter().find(|node| node.nation == to).context("a node")?;
        let receiver = disk(node)?;
        let here: BTreeSet<&str> =
            receiver.objects.values().flat_map(|held| &held.words).map(String::as_str).collect();
        let mut told = String::new();
        for (made, _) in self.oracle.made.iter().zip(&due.must).filter(|(_, must)| **must) {
            let lacks = |made: &Made| !made.words.iter().all(|word| here.contains(word.as_str()));
            let maker = self.nodes.iter().find(|node| node.nation.as_str() == made.by);
            let Some(maker) = maker.filter(|_| lacks(made)) else { continue };
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
    fn check(&mut self, logged: &Logged) -> Result<u64> {
        let mut disks = Vec::new();
        for node in &self.nodes {
            disks.push(disk(node)?);
        }
        let (mut received, made) = (0, self.oracle.by_word());
        for disk in &disks {
            self.trace.note(format_args!("{} {:?}", disk.nation, disk.desk.home().tip()));
            let due = self.oracle.due(disk.nation.as_str());
            check::nothing_relayed(disk).context("relay")?;
            check::nothing_forged(disk, (&self.oracle, &made)).context("forgery")?;
            check::nothing_leaked(disk, (&self.oracle, &made), &due).context("leak")?;
            check::nothing_after_revocation(disk, (&self.oracle, &made))
                .context("after revocation")?;
            check::lies_noticed(disk, &self.oracle).context("lies")?;
            let lies = self.oracle.lies(disk.nation.as_str());
            if !lies {
                check::nothing_rewritten(disk, &disks).context("rewrite")?;
            }
            if let Err(error) = check::nothing_lost(disk, &self.oracle, &due) {
                return Err(error).context(self.why(disk.nation, &due)?).context("loss");
            }
            if !lies {
                check::all_acknowledged(disk, &self.oracle).context("receipts")?;
            }
            for record in disk.desk.partners() {
                let standing = disk.desk.standing_with(record.partner.nation)?;
                received += standing.received;
            }
        }
        check::nothing_told(&self.net.wire, (&self.oracle, &made)).context("wire")?;
        check::nothing_logged(&logged.text()).context("log")?;
        Ok(received)
    }

    /// What is done to files when all else was found right.
    async fn hurt(&mut self) -> Result<()> {
        let mut dice = Dice::named(self.setup.seed, "what hurts");
        let at = dice.place(self.nodes.len() - 1);
        if self.setup.has_flips() {
            const FLIPS: u64 = 5;
            let blind = self.defect(Defect::Blind);
            let node = self.nodes.get(at).context("a node")?;
            let noticed = disk::flip(node, &mut dice, (FLIPS, blind)).context("flip")?;
            self.trace.note(format_args!("{noticed} of {FLIPS} bits of {} noticed", node.nation));
        }
        if self.setup.is_put_back() {
            self.put_all_back().await.context("put back")?;
        }
        Ok(())
    }

    fn put_back_place(&self) -> usize {
        Dice::named(self.setup.seed, "what is put back").place(self.nodes.len() - 1)
    }

    /// Keeps the whole folder of a node.
    fn keep_all(&mut self) -> Result<()> {
        let node = self.nodes.get(self.put_back_place()).context("a node")?;
        disk::copy_as_it_is(&node.folder, &self.folder.path().join("all"), 0)
    }

    /// The whole folder of a node is put back, with what it had signed: it cannot notice, its partners
    /// do, and take nothing of what it signs then.
    async fn put_all_back(&mut self) -> Result<()> {
        let at = self.put_back_place();
        let node = self.nodes.get_mut(at).context("a node")?;
        let here = node.nation;
        node.folder = self.folder.path().join("all");
        let old = disk(node)?;
        let mut must_notice = Vec::new();
        for record in old.desk.partners() {
            let (nation, index) = (record.partner.nation, record.partner.index);
            let other = self.nodes.iter().find(|node| node.nation == nation).context("a node")?;
            let received = disk(other)?.desk.standing_with(here)?.received;
            let is_shut = self.oracle.is_shut(here.as_str(), nation.as_str())
                || record.partner.standing != Standing::Active;
            if received > old.reader.ledger_size(index)? && !is_shut {
                must_notice.push((nation, received));
            }
        }
        drop(old);
        for node in &mut self.nodes {
            node.start()?;
        }
        self.nodes.get_mut(at).context("a node")?.at_desk(review)?;
        sleep(Duration::from_hours(24)).await;
        for node in &mut self.nodes {
            node.stop();
        }
        sleep(Duration::from_hours(1)).await;
        let node = self.nodes.get(at).context("a node")?;
        let own = disk(node)?.desk.home().acts("alarm")?;
        for (nation, received) in must_notice {
            let other = self.nodes.iter().find(|node| node.nation == nation).context("a node")?;
            let other = disk(other)?;
            let after = other.desk.standing_with(here)?.received;
            ensure!(after == received, "{nation} took {after} after {received} of {here}");
            let alarms = other.desk.home().acts("alarm")?;
            let says = |alarms: &[(u64, entente_log::entry::Act<'_>)], of: Nation| {
                alarms.iter().any(|(_, act)| act.json.contains(&format!("\"nation\":\"{of}\"")))
            };
            ensure!(says(&alarms, here), "{nation} did not notice that {here} was put back");
            ensure!(says(&own, nation), "{here} was not told by {nation} that it was put back");
        }
        Ok(())
    }
}

/// What is on a node's disk.
fn disk(node: &Node) -> Result<Disk> {
    let desk = Desk::open(Home::open(&node.folder)?, std::sync::Arc::new(node.clock.clone()))?;
    let mut objects = BTreeMap::new();
    desk.home().each_object_from(0, &mut |seq, put| {
        let (words, bytes) = (check::canaries(&put.bytes), put.bytes.to_vec());
        objects.insert(seq, Held { words, brought_by: put.brought_by, bytes });
        Ok(true)
    })?;
    let mut words = BTreeSet::new();
    for file in std::fs::read_dir(&node.folder)? {
        let path = file?.path();
        if path.is_file() {
            words.extend(check::canaries(&std::fs::read(path)?));
        }
    }
    let reader = Reader::open(&node.folder)?;
    Ok(Disk { nation: node.nation, desk, reader, objects, words })
}
