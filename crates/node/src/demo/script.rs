//! What nations say to each other in the demo, step by step: a script of objects, answers and waiting,
//! played at real nodes (scenarios/seoul-2023/consultation.toml explains the form).
//!
//! Invariants: each step is taken by the node of the nation that it names, by the same calls as the
//! commands; a script that was played is not played again.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use entente_cooperation::content::{Content, Proposal};
use entente_cooperation::filed::Said as _;
use entente_cooperation::sign_off::{Subject, sha256};
use entente_cooperation::terms::Answer;
use entente_intake::{Applied, Desk, Saying};
use entente_object::time::Timestamp;
use entente_release::Nation;
use serde::Deserialize;
use serde_json::Value;

use crate::cli::cooperation::SaidTo;
use crate::cooperate::{label, time};
use crate::folder;
use crate::people;

/// How often nodes are asked how a text stands.
const ASK_EVERY: Duration = Duration::from_millis(300);

/// After so long without what a step waits for, the demo gives up: nine nodes on two cores take turns.
const PATIENCE: Duration = Duration::from_mins(2);

/// The desk officer of each nation in the demo.
const OFFICER: &str = "desk-officer";

/// A script.
#[derive(Debug, Deserialize)]
pub(crate) struct Script {
    step: Vec<Step>,
}

/// One step.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Step {
    /// What later steps call the object.
    name: Option<String>,
    /// Who takes it.
    by: String,
    /// What is said: a new object, or what changes of one.
    say: Option<Value>,
    /// The object that is changed.
    changes: Option<String>,
    /// The proposal that is answered.
    signs: Option<String>,
    /// How.
    answer: Option<Answer>,
    /// The objection or reservation.
    statement: Option<String>,
    /// Its TLP level; none: green.
    tlp: Option<String>,
    /// The proposal whose standing is waited for.
    waits_for: Option<String>,
    /// Which standing.
    until: Option<String>,
    /// Whether every node has to see it so.
    #[serde(default)]
    everywhere: bool,
}

/// A script that is being played.
pub(crate) struct Play<'a> {
    folders: &'a BTreeMap<Nation, PathBuf>,
    /// The ids of what was said, by name.
    ids: BTreeMap<String, String>,
    /// What opens the officers' keys in this demo.
    passphrase: String,
}

/// What was played, for people.
#[derive(Default)]
pub(crate) struct Played {
    /// The ids of what was said, by name.
    pub(crate) ids: BTreeMap<String, String>,
    /// A line for each step.
    pub(crate) lines: Vec<String>,
}

impl<'a> Play<'a> {
    /// At these nodes.
    pub(crate) fn at(folders: &'a BTreeMap<Nation, PathBuf>, passphrase: String) -> Self {
        Self { folders, ids: BTreeMap::new(), passphrase }
    }

    /// Plays a script.
    pub(crate) fn play(mut self, script: &Script) -> Result<Played> {
        let mut lines = Vec::new();
        for (number, step) in (1..).zip(&script.step) {
            let line = self.step(step).with_context(|| format!("step {number} of {}", step.by))?;
            lines.push(line);
        }
        Ok(Played { ids: self.ids, lines })
    }

    fn step(&mut self, step: &Step) -> Result<String> {
        let by = folder::nation(&step.by)?;
        if let Some(name) = &step.waits_for {
            return self.wait(by, name, step);
        }
        let path = self.folder(by)?.to_owned();
        let mut desk = folder::open(&path)?;
        if let Some(name) = &step.signs {
            return self.sign(&path, &mut desk, name, step);
        }
        let said = step.say.as_ref().context("a step says, signs or waits")?;
        let now = desk.now();
        let said = self.resolved(said, now)?;
        let (id, content) = match &step.changes {
            None => (None, serde_json::from_value::<Content>(said)?),
            Some(name) => {
                let id = self.id(name)?;
                let before = arrived(&mut desk, &id)?;
                (Some(id), changed(&before, said)?)
            }
        };
        for other in mentioned(&content) {
            arrived(&mut desk, &other)?;
        }
        let about = about(&content);
        let label =
            if id.is_none() { Some(public_label(&desk, about.as_deref(), step)?) } else { None };
        let line = format!("{by}: {}", told(&content));
        let told = say(&mut desk, id, content, label)?;
        if let Some(name) = &step.name {
            self.ids.insert(name.clone(), told);
        }
        Ok(line)
    }

    fn folder(&self, nation: Nation) -> Result<&Path> {
        let folder = self.folders.get(&nation).map(PathBuf::as_path);
        folder.with_context(|| format!("{nation} has no node here"))
    }

    fn id(&self, name: &str) -> Result<String> {
        self.ids.get(name).cloned().with_context(|| format!("no step is called {name}"))
    }

    /// A value with names and spans replaced by ids and times.
    fn resolved(&self, value: &Value, now: Timestamp) -> Result<Value> {
        Ok(match value {
            Value::String(text) => match (text.strip_prefix('@'), text.strip_prefix('+')) {
                (Some(name), _) => self.id(name)?.into(),
                (None, Some(span)) => time(span, now)?.to_stix().into(),
                (None, None) => value.clone(),
            },
            Value::Array(values) => {
                values.iter().map(|one| self.resolved(one, now)).collect::<Result<Vec<_>>>()?.into()
            }
            Value::Object(members) => {
                let mut resolved = serde_json::Map::new();
                for (key, value) in members {
                    resolved.insert(key.clone(), self.resolved(value, now)?);
                }
                Value::Object(resolved)
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
        })
    }

    fn sign(&self, path: &Path, desk: &mut Desk, name: &str, step: &Step) -> Result<String> {
        let (id, here) = (self.id(name)?, desk.here());
        let answer = step.answer.context("an answer is missing")?;
        let Content::Proposal(proposal) = arrived(desk, &id)? else {
            bail!("{name} is no proposal");
        };
        let text_sha256 = sha256(&proposal.text);
        let subject = Subject {
            nation: here,
            proposal: &id,
            text_sha256: &text_sha256,
            answer,
            statement: step.statement.as_deref(),
            officer: OFFICER,
        };
        let officer = people::of_demo(path, desk, OFFICER, &self.passphrase)?;
        let said = subject.sign(&officer, &folder::signing_key(path, here)?);
        let label = public_label(desk, Some(&proposal.about), step)?;
        say(desk, None, said.content(), Some(label))?;
        Ok(format!("{here}: {answer} to \"{}\"", proposal.name))
    }

    fn wait(&self, by: Nation, name: &str, step: &Step) -> Result<String> {
        let (id, until) = (self.id(name)?, step.until.as_deref().unwrap_or_default());
        let start = Instant::now();
        let mut open: Vec<Nation> =
            if step.everywhere { self.folders.keys().copied().collect() } else { vec![by] };
        let mut title = String::new();
        while !open.is_empty() {
            let mut left = Vec::new();
            for nation in open {
                let mut desk = folder::open(self.folder(nation)?)?;
                // A served node does it every ten seconds.
                desk.settle()?;
                let now = desk.now();
                let picture = desk.picture()?;
                let standing = picture.agreement(&id, now).map(|found| found.standing.to_string());
                if let Some((_, proposal)) = picture.one::<Proposal>(&id) {
                    title.clone_from(&proposal.name);
                }
                if standing.as_deref() != Some(until) {
                    left.push(nation);
                }
            }
            open = left;
            if start.elapsed() > PATIENCE {
                let who: Vec<String> = open.iter().map(ToString::to_string).collect();
                bail!("{name} does not become {until} at {}", who.join(", "));
            }
            if !open.is_empty() {
                std::thread::sleep(ASK_EVERY);
            }
        }
        let at = if step.everywhere { "every node".to_owned() } else { by.to_string() };
        Ok(format!("{at}: \"{title}\" is {until}"))
    }
}

fn public_label(desk: &Desk, about: Option<&str>, step: &Step) -> Result<Applied> {
    let about = about.unwrap_or("rok-nato-itpp-2023/dialogue-and-consultation");
    let tlp = step.tlp.clone().unwrap_or_else(|| "green".to_owned());
    label(desk, about, &SaidTo { tlp, ..SaidTo::default() })
}

/// Waits until an object is at a node, and gives what it says.
fn arrived(desk: &mut Desk, id: &str) -> Result<Content> {
    let start = Instant::now();
    loop {
        if let Some(filed) = desk.picture()?.get(id) {
            return Ok(filed.content.clone());
        }
        if start.elapsed() > PATIENCE {
            bail!("{id} does not arrive at {}", desk.here());
        }
        std::thread::sleep(ASK_EVERY);
        desk.look_again()?;
    }
}

/// A content with some of its properties changed.
fn changed(before: &Content, change: Value) -> Result<Content> {
    let mut said = serde_json::to_value(before)?;
    let (Some(members), Value::Object(change)) = (said.as_object_mut(), change) else {
        bail!("a change is a table");
    };
    members.extend(change);
    Ok(serde_json::from_value(said)?)
}

/// The objects of cooperation that a content refers to.
fn mentioned(content: &Content) -> Vec<String> {
    fn strings(value: &Value, found: &mut Vec<String>) {
        match value {
            Value::String(text) if text.starts_with("entente-") && text.contains("--") => {
                found.push(text.clone());
            }
            Value::Array(values) => values.iter().for_each(|one| strings(one, found)),
            Value::Object(members) => members.values().for_each(|one| strings(one, found)),
            Value::String(_) | Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }
    let mut found = Vec::new();
    strings(&serde_json::to_value(content).unwrap_or_default(), &mut found);
    found
}

fn about(content: &Content) -> Option<String> {
    entente_view_programme::write::about(content).map(str::to_owned)
}

/// What was said, in a line.
fn told(content: &Content) -> String {
    let said = serde_json::to_value(content).unwrap_or_default();
    let text = |name: &str| said.get(name).and_then(Value::as_str).map(str::to_owned);
    let kind = content.type_name().trim_start_matches("entente-").replace('-', " ");
    let kind = text("kind").filter(|_| kind == "contribution").unwrap_or(kind);
    let words = text("name").or_else(|| text("text")).or_else(|| text("event"));
    let state =
        text("state").or_else(|| text("message")).map_or(String::new(), |s| format!(" ({s})"));
    format!("{kind}{state} \"{}\"", words.unwrap_or_default().trim())
}

fn say(
    desk: &mut Desk,
    id: Option<String>,
    content: Content,
    label: Option<Applied>,
) -> Result<String> {
    let uuid = uuid::Builder::from_random_bytes(folder::random::<16>()?).into_uuid();
    let saying = Saying { id, content, label, author: None, uuid };
    Ok(desk.say(&saying, false)?.id)
}
