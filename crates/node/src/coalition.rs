//! The demo's other nations: eight nodes more, each a process of its own, that exchange with Korea's
//! and with each other over mutual TLS.
//!
//! Invariants: nodes meet as people's nodes do, each accepting the card of the other; what is told of
//! an edge was asked of the nodes at both of its ends; the processes end with the demo, whatever ends
//! it.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use entente_intake::acts::ProgrammeAct;
use entente_peer::card::Card;
use entente_release::Nation;
use entente_store::Reader;
use serde::Deserialize;
use serde_json::Value;

use crate::cli::LabelArgs;
use crate::folder;
use crate::import;
use crate::input::Inputs;
use crate::ledger;
use crate::peer;
use crate::setup;

const NATIONS: &str = include_str!("../../../scenarios/seoul-2023/nations.json");

/// How often the nodes are asked how it stands.
const ASK_EVERY: Duration = Duration::from_millis(200);

/// After so long without any progress the demo gives up: a large import is on its way for minutes, and
/// on two cores nine nodes take turns.
const PATIENCE: Duration = Duration::from_secs(90);

/// What one nation brings itself.
#[derive(Debug, Deserialize)]
struct Brought {
    nation: String,
    area: String,
    rel_to: Vec<String>,
    objects: Vec<Value>,
}

/// One nation's node.
struct Node {
    folder: PathBuf,
    /// Where partners reach it.
    address: String,
    /// Where its status page is.
    status: String,
    /// Its process, but for Korea's, which is this one.
    process: Option<Child>,
}

/// Nodes that have met.
pub(crate) struct Coalition {
    nodes: BTreeMap<Nation, Node>,
}

/// One direction between two nations, as both ends tell it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct EdgeTold {
    pub(crate) from: Nation,
    pub(crate) to: Nation,
    /// By the one who releases.
    pub(crate) released: u64,
    /// By the one who releases: how much the other gave a receipt for.
    pub(crate) acknowledged: u64,
    /// By the one who receives.
    pub(crate) received: u64,
    /// By the one who receives: whether it follows.
    pub(crate) following: bool,
}

impl EdgeTold {
    pub(crate) fn is_settled(&self) -> bool {
        self.following && self.released == self.received && self.released == self.acknowledged
    }
}

impl Coalition {
    /// Korea's node, which is served already.
    pub(crate) fn of(folder: &Path, address: String, status: String) -> Self {
        let node = Node { folder: folder.to_owned(), address, status, process: None };
        Self { nodes: [(Nation::KOR, node)].into() }
    }

    /// Sets a partner's node up, lets it bring what is its own, and starts it.
    pub(crate) fn join(&mut self, nation: Nation, programme: &ProgrammeAct) -> Result<()> {
        let korea = self.nodes.get(&Nation::KOR).context("no node of Korea")?;
        let folder = korea.folder.join("nations").join(nation.as_str().to_lowercase());
        if !folder.join(entente_store::DATABASE).exists() {
            setup::init(&folder, nation, &["localhost".to_owned(), "127.0.0.1".to_owned()])?;
        }
        let mut desk = folder::open(&folder)?;
        if !desk.policies().programmes().any(|known| known.text() == programme.text) {
            desk.adopt_programme(programme)?;
        }
        drop(desk);
        let mut command = Command::new(std::env::current_exe()?);
        command.arg("--dir").arg(&folder).args(["--json", "serve", "--listen", "127.0.0.1:0"]);
        // They come and go together: what each says of the others is not news.
        command.env("ENTENTE_LOG", "error");
        command.arg("--with-parent").stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = command.spawn().context("a node could not be started")?;
        let mut line = String::new();
        let out = process.stdout.take().context("a node without output")?;
        BufReader::new(out).read_line(&mut line)?;
        let told: Value = serde_json::from_str(&line)
            .with_context(|| format!("the node of {nation} did not start: see above"))?;
        let text = |name: &str| told.get(name).and_then(Value::as_str).map(str::to_owned);
        let address = text("address").context("a node without an address")?;
        let status = text("status").context("a node without a status page")?;
        self.nodes.insert(nation, Node { folder, address, status, process: Some(process) });
        Ok(())
    }

    /// Lets each node accept the card of each other.
    pub(crate) fn meet(&self) -> Result<()> {
        let mut cards: BTreeMap<Nation, Card> = BTreeMap::new();
        for (nation, node) in &self.nodes {
            let mut desk = folder::open(&node.folder)?;
            cards.insert(*nation, peer::card(&node.folder, &mut desk, &node.address)?);
        }
        for (nation, node) in &self.nodes {
            let mut desk = folder::open(&node.folder)?;
            for (other, card) in cards.iter().filter(|(other, _)| *other != nation) {
                if desk.peer(*other).is_none_or(|known| known.card != card.text()) {
                    peer::meet(&node.folder, &mut desk, card)?;
                }
            }
        }
        Ok(())
    }

    /// Lets the partners bring what is their own.
    pub(crate) fn bring(&self, programme: &str) -> Result<()> {
        let brought: Vec<Brought> = serde_json::from_str(NATIONS)?;
        for (number, brought) in brought.into_iter().enumerate() {
            let nation = folder::nation(&brought.nation)?;
            let Some(node) = self.nodes.get(&nation) else { continue };
            let mut desk = folder::open(&node.folder)?;
            let label = LabelArgs {
                programme: Some(programme.to_owned()),
                area: Some(brought.area),
                rel_to: brought.rel_to,
                ..LabelArgs::default()
            };
            let applied = import::applied(&desk, &label)?;
            let path = node.folder.join(format!("brought-{number}.ndjson"));
            let lines = brought.objects.iter().map(|object| format!("{object}\n"));
            fs::write(&path, lines.collect::<String>())?;
            let inputs = Inputs::new(&[path.display().to_string()], None)?;
            import::take(&mut desk, inputs, applied.as_ref(), None, &mut |_| Ok(()))?;
        }
        Ok(())
    }

    /// Waits until everything that was released is received and acknowledged; gives every edge.
    pub(crate) fn settle(&self) -> Result<Vec<EdgeTold>> {
        let mut last: Vec<EdgeTold> = Vec::new();
        let mut patience = PATIENCE;
        loop {
            let now = self.edges()?;
            if !now.is_empty() && now.iter().all(EdgeTold::is_settled) {
                return Ok(now);
            }
            patience = if now == last { patience.saturating_sub(ASK_EVERY) } else { PATIENCE };
            if patience.is_zero() {
                return Ok(now);
            }
            last = now;
            std::thread::sleep(ASK_EVERY);
        }
    }

    /// Every edge, asked of the nodes at both ends.
    fn edges(&self) -> Result<Vec<EdgeTold>> {
        let mut told: BTreeMap<Nation, Vec<Value>> = BTreeMap::new();
        for (nation, node) in &self.nodes {
            let mut answer = ureq::get(format!("{}edges.json", node.status)).call()?;
            let text = answer.body_mut().read_to_string()?;
            told.insert(*nation, serde_json::from_str(&text)?);
        }
        let about = |at: &Nation, other: Nation| {
            let mut rows = told.get(at).into_iter().flatten();
            rows.find(|row| row.get("nation").and_then(Value::as_str) == Some(other.as_str()))
        };
        let number = |row: Option<&Value>, name: &str| {
            row.and_then(|row| row.get(name)).and_then(Value::as_u64).unwrap_or_default()
        };
        let mut edges = Vec::new();
        for &from in self.nodes.keys() {
            for &to in self.nodes.keys().filter(|to| **to != from) {
                let (at_from, at_to) = (about(&from, to), about(&to, from));
                let following = at_to.and_then(|row| row.get("following")).and_then(Value::as_bool);
                edges.push(EdgeTold {
                    from,
                    to,
                    released: number(at_from, "released"),
                    acknowledged: number(at_from, "acknowledged"),
                    received: number(at_to, "received"),
                    following: following.unwrap_or(false),
                });
            }
        }
        Ok(edges)
    }

    /// Whether on each node the log, every ledger, every receipt and all that was received hold.
    pub(crate) fn verify(&self) -> Result<BTreeMap<Nation, bool>> {
        let mut all = BTreeMap::new();
        for (nation, node) in &self.nodes {
            let desk = folder::open(&node.folder)?;
            let found = ledger::verify_all(&desk, &Reader::open(&node.folder)?, None)?;
            all.insert(*nation, found.holds());
        }
        Ok(all)
    }

    /// The folder of each node.
    pub(crate) fn folders(&self) -> impl Iterator<Item = (Nation, &Path)> {
        self.nodes.iter().map(|(nation, node)| (*nation, node.folder.as_path()))
    }

    /// Ends the partners' processes.
    pub(crate) fn end(&mut self) -> Result<()> {
        for (nation, node) in &mut self.nodes {
            let Some(mut process) = node.process.take() else { continue };
            // A node that is started so ends when nobody is at the other end of its input.
            drop(process.stdin.take());
            let ended = process.wait()?;
            if !ended.success() {
                bail!("the node of {nation} ended with {ended}");
            }
        }
        Ok(())
    }
}
