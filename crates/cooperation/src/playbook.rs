//! Playbooks as lists that people tick: CACAO 2.0, read and never run.
//!
//! Nothing of a playbook is executed, and nothing that it names is fetched.
//!
//! Invariants:
//! * Each step is listed once, after all that lead to it.
//! * A playbook whose steps name what is not there, or come back to themselves, is refused with the step.
//! * A playbook that brings passwords along is refused: whoever gets it would get them.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use entente_object::json::{self, Value};
use entente_object::time::Timestamp;
use serde_json::json;

use crate::content::Contribution;
use crate::filed::{Filed, Head, millis};
use crate::limits::{PLAYBOOK_BYTES_MAX, PLAYBOOK_STEPS_MAX};
use crate::picture::Picture;
use crate::terms::ContributionKind;

/// The extension of `course-of-action` that carries playbooks: version 2.0.0 of
/// <https://github.com/cyentific-rni/stix2.1-coa-playbook-extension>.
pub const EXTENSION_ID: &str = "extension-definition--1e1c1bd7-c527-4215-8e18-e199e74da57c";

/// A playbook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Playbook {
    /// Its id: `playbook--…`.
    pub id: String,
    /// What it is called.
    pub name: String,
    /// More about it.
    pub description: Option<String>,
    /// When it was made.
    pub created: Timestamp,
    /// When this version was.
    pub modified: Timestamp,
    /// Its steps, each after all that lead to it.
    pub steps: Vec<Step>,
    /// Steps that nothing leads to.
    pub unreached: Vec<String>,
}

/// A step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Its id in the playbook.
    pub id: String,
    /// What it is: `action`, `if-condition`, …
    pub kind: Kind,
    /// What it is called.
    pub name: Option<String>,
    /// More about it.
    pub description: Option<String>,
    /// What it does, in words: what people would do, or a machine elsewhere.
    pub commands: Vec<String>,
    /// What it depends on: of a condition or a switch.
    pub condition: Option<String>,
    /// Inside how many branches it is.
    pub depth: usize,
    /// What may come after it, and when.
    pub leads: Vec<Lead>,
}

impl Step {
    /// How a tick names it: by the UUID of its id, which with its type would read as the id of an object.
    pub fn mark(&self) -> &str {
        self.id.split_once("--").map_or(self.id.as_str(), |(_, uuid)| uuid)
    }
}

/// What comes after a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lead {
    /// When: `then`, `if true`, `case …`.
    pub when: String,
    /// Which step.
    pub to: String,
}

/// What a step is: CACAO 2.0, 4.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Where it begins.
    Start,
    /// Where it ends.
    End,
    /// Something to do.
    Action,
    /// Another playbook.
    Playbook,
    /// Several at once.
    Parallel,
    /// One of two.
    If,
    /// Again, as long as it is so.
    While,
    /// One of several.
    Switch,
}

impl Kind {
    const ALL: [Self; 8] = [
        Self::Start,
        Self::End,
        Self::Action,
        Self::Playbook,
        Self::Parallel,
        Self::If,
        Self::While,
        Self::Switch,
    ];

    /// As CACAO writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::End => "end",
            Self::Action => "action",
            Self::Playbook => "playbook-action",
            Self::Parallel => "parallel",
            Self::If => "if-condition",
            Self::While => "while-condition",
            Self::Switch => "switch-condition",
        }
    }

    /// Whether there is something that people do or decide.
    pub fn is_ticked(self) -> bool {
        !matches!(self, Self::Start | Self::End)
    }
}

/// A file is no playbook that can be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadPlaybook {
    /// It is too large.
    #[error("a playbook has at most 700 KiB and 1,000 steps")]
    TooLarge,
    /// It is no JSON.
    #[error("this is no JSON: {0}")]
    Json(String),
    /// It is of another kind or version.
    #[error("{0}: a playbook of CACAO 2.0 is expected")]
    Other(String),
    /// A property is missing, or is of another type.
    #[error("{step}: {property} is missing, or not what CACAO 2.0 says")]
    Property {
        /// The step; `playbook`, outside.
        step: String,
        /// The property.
        property: &'static str,
    },
    /// A step of a type that CACAO does not have.
    #[error("{step}: \"{kind}\" is no type of a step in CACAO 2.0")]
    Kind {
        /// The step.
        step: String,
        /// Its type.
        kind: String,
    },
    /// A step names one that is not there.
    #[error("{step}: it leads to {to} ({when}), which is not in the workflow")]
    Missing {
        /// The step.
        step: String,
        /// When.
        when: String,
        /// What it leads to.
        to: String,
    },
    /// A step comes back to itself.
    #[error(
        "{step}: it leads to {to}, which leads to it: only a while-condition repeats, and its body ends"
    )]
    Circle {
        /// The step.
        step: String,
        /// Where it comes back.
        to: String,
    },
    /// It brings a login along.
    #[error(
        "{0}: it holds a login ({1}), and whoever gets the playbook would get it: take it out, or use \"kms\""
    )]
    Secret(String, &'static str),
}

impl Playbook {
    /// Reads a playbook.
    pub fn read(bytes: &[u8]) -> Result<Self, BadPlaybook> {
        if bytes.len() > PLAYBOOK_BYTES_MAX {
            return Err(BadPlaybook::TooLarge);
        }
        let root = json::parse(bytes).map_err(|error| BadPlaybook::Json(error.to_string()))?;
        let kind = text(&root, "type").unwrap_or_default();
        if !matches!(kind, "playbook" | "playbook-template") {
            return Err(BadPlaybook::Other(format!("its type is \"{kind}\"")));
        }
        let version = text(&root, "spec_version").unwrap_or_default();
        if version != "cacao-2.0" {
            return Err(BadPlaybook::Other(format!("its spec_version is \"{version}\"")));
        }
        no_secrets(&root)?;
        let must = |property: &'static str| {
            text(&root, property).ok_or_else(|| lacks("playbook", property))
        };
        let time =
            |property| Timestamp::parse(must(property)?).map_err(|_| lacks("playbook", property));
        let mut playbook = Self {
            id: must("id")?.to_owned(),
            name: must("name")?.to_owned(),
            description: text(&root, "description").map(str::to_owned),
            created: time("created")?,
            modified: time("modified")?,
            steps: Vec::new(),
            unreached: Vec::new(),
        };
        let workflow = root.get("workflow").and_then(Value::as_object);
        let workflow = workflow.ok_or_else(|| lacks("playbook", "workflow"))?;
        if workflow.len() > PLAYBOOK_STEPS_MAX {
            return Err(BadPlaybook::TooLarge);
        }
        let mut steps = BTreeMap::new();
        for (id, step) in workflow.iter() {
            steps.insert(id.to_owned(), read_step(id, step)?);
        }
        let beginning = |when: &str, property: &'static str| {
            let to = text(&root, property)?.to_owned();
            Some(Lead { when: when.to_owned(), to })
        };
        let start = beginning("workflow_start", "workflow_start");
        let start = start.ok_or_else(|| lacks("playbook", "workflow_start"))?;
        let exception = beginning("workflow_exception", "workflow_exception");
        let roots: Vec<Lead> = std::iter::once(start).chain(exception).collect();
        playbook.order(&roots, steps)?;
        Ok(playbook)
    }

    /// Puts the steps into the order in which they are listed.
    fn order(
        &mut self,
        roots: &[Lead],
        mut steps: BTreeMap<String, Step>,
    ) -> Result<(), BadPlaybook> {
        for (step, lead) in roots
            .iter()
            .map(|lead| ("playbook", lead))
            .chain(steps.iter().flat_map(|(id, s)| s.leads.iter().map(|lead| (id.as_str(), lead))))
        {
            if !steps.contains_key(&lead.to) {
                let (when, to) = (lead.when.clone(), lead.to.clone());
                return Err(BadPlaybook::Missing { step: step.to_owned(), when, to });
            }
        }
        let mut finished = Vec::with_capacity(steps.len());
        let mut seen: BTreeMap<&str, bool> = BTreeMap::new();
        // The last root is walked first, as all is turned round at the end.
        for root in roots.iter().rev() {
            walk(&root.to, &steps, &mut seen, &mut finished)?;
        }
        finished.reverse();
        self.unreached =
            steps.keys().filter(|id| !seen.contains_key(id.as_str())).cloned().collect();
        let order: Vec<String> = finished.into_iter().map(str::to_owned).collect();
        let mut depths: BTreeMap<String, usize> = BTreeMap::new();
        for id in order {
            let Some(mut step) = steps.remove(&id) else { continue };
            step.depth = depths.get(&id).copied().unwrap_or(0);
            for lead in &step.leads {
                let inside = !matches!(lead.when.as_str(), "then" | "on success" | "on failure");
                let depth = step.depth + usize::from(inside);
                let known = depths.entry(lead.to.clone()).or_insert(depth);
                *known = depth.min(*known);
            }
            self.steps.push(step);
        }
        Ok(())
    }

    /// The step of this id, or the only one whose UUID begins so, or of this number in the list, from 1.
    pub fn step(&self, meant: &str) -> Option<&Step> {
        let by_number = meant.parse::<usize>().ok().and_then(|number| {
            self.steps.iter().filter(|step| step.kind.is_ticked()).nth(number.checked_sub(1)?)
        });
        let exact = self.steps.iter().find(|step| step.id == meant);
        let uuid = |step: &&Step| {
            step.id.split_once("--").is_some_and(|(_, uuid)| uuid.starts_with(meant))
        };
        let mut like = self.steps.iter().filter(uuid);
        let only = like.next().filter(|_| like.next().is_none() && meant.len() >= 4);
        exact.or(by_number).or(only)
    }
}

/// Goes through all that a step leads to, and then writes it down: turned round, each is after what leads to it.
fn walk<'a>(
    root: &'a str,
    steps: &'a BTreeMap<String, Step>,
    seen: &mut BTreeMap<&'a str, bool>,
    finished: &mut Vec<&'a str>,
) -> Result<(), BadPlaybook> {
    // A step, and how many of its leads are done, from the last.
    let mut open: Vec<(&'a str, usize)> = Vec::new();
    if seen.insert(root, false).is_some() {
        return Ok(());
    }
    open.push((root, 0));
    while let Some((id, done)) = open.last_mut() {
        let leads = steps.get(*id).map_or(&[][..], |step| step.leads.as_slice());
        let next = leads.iter().rev().nth(*done);
        *done += 1;
        let id = *id;
        match next.map(|lead| (lead, seen.get(lead.to.as_str()))) {
            Some((lead, None)) => {
                seen.insert(&lead.to, false);
                open.push((&lead.to, 0));
            }
            Some((lead, Some(false))) => {
                return Err(BadPlaybook::Circle { step: id.to_owned(), to: lead.to.clone() });
            }
            Some((_, Some(true))) => {}
            None => {
                seen.insert(id, true);
                finished.push(id);
                open.pop();
            }
        }
    }
    Ok(())
}

fn lacks(step: &str, property: &'static str) -> BadPlaybook {
    BadPlaybook::Property { step: step.to_owned(), property }
}

fn text<'a>(value: &'a Value<'_>, property: &str) -> Option<&'a str> {
    value.get(property).and_then(Value::as_str)
}

fn read_step(id: &str, step: &Value<'_>) -> Result<Step, BadPlaybook> {
    let kind = text(step, "type").ok_or_else(|| lacks(id, "type"))?;
    let found = Kind::ALL.into_iter().find(|one| one.as_str() == kind);
    let kind =
        found.ok_or_else(|| BadPlaybook::Kind { step: id.to_owned(), kind: kind.to_owned() });
    let kind = kind?;
    let mut leads = Vec::new();
    let mut lead = |when: &str, to: &str| {
        leads.push(Lead { when: when.to_owned(), to: to.to_owned() });
    };
    let must = |property| text(step, property).ok_or_else(|| lacks(id, property));
    let condition = match kind {
        Kind::If => {
            lead("if true", must("on_true")?);
            if let Some(to) = text(step, "on_false") {
                lead("if false", to);
            }
            Some(must("condition")?)
        }
        Kind::While => {
            lead("while true", must("on_true")?);
            Some(must("condition")?)
        }
        Kind::Switch => {
            let cases = step.get("cases").and_then(Value::as_object);
            for (case, to) in cases.ok_or_else(|| lacks(id, "cases"))?.iter() {
                let to = to.as_str().ok_or_else(|| lacks(id, "cases"))?;
                lead(&format!("case {case}"), to);
            }
            Some(must("switch")?)
        }
        Kind::Parallel => {
            let next = step.get("next_steps").and_then(Value::as_array);
            for to in next.ok_or_else(|| lacks(id, "next_steps"))? {
                lead("at once", to.as_str().ok_or_else(|| lacks(id, "next_steps"))?);
            }
            None
        }
        Kind::Playbook => Some(must("playbook_id")?),
        Kind::Start | Kind::End | Kind::Action => None,
    };
    let after =
        [("on_completion", "then"), ("on_success", "on success"), ("on_failure", "on failure")];
    for (property, when) in after {
        if let Some(to) = text(step, property) {
            lead(when, to);
        }
    }
    Ok(Step {
        id: id.to_owned(),
        kind,
        name: text(step, "name").map(str::to_owned),
        description: text(step, "description").map(str::to_owned),
        commands: commands(step),
        condition: condition.map(str::to_owned),
        depth: 0,
        leads,
    })
}

fn commands(step: &Value<'_>) -> Vec<String> {
    let all = step.get("commands").and_then(Value::as_array).unwrap_or_default();
    let shown = |command: &Value<'_>| {
        let kind = text(command, "type").unwrap_or("command");
        let words = text(command, "command").or_else(|| text(command, "description"));
        format!("{kind}: {}", words.unwrap_or("(encoded)"))
    };
    all.iter().map(shown).collect()
}

/// CACAO 2.0, 6: a login's values, unless they name an entry of a key management system.
fn no_secrets(root: &Value<'_>) -> Result<(), BadPlaybook> {
    let all = root.get("authentication_info_definitions").and_then(Value::as_object);
    for (id, login) in all.into_iter().flat_map(json::Map::iter) {
        if login.get("kms").and_then(Value::as_bool) == Some(true) {
            continue;
        }
        for property in ["password", "oauth_header", "private_key", "token"] {
            if text(login, property).is_some_and(|value| !value.is_empty()) {
                return Err(BadPlaybook::Secret(id.to_owned(), property));
            }
        }
    }
    Ok(())
}

/// A `course-of-action` that carries a playbook, whose exact bytes are `bytes`.
pub fn course_of_action(head: &Head, playbook: &Playbook, bytes: &[u8]) -> Vec<u8> {
    let identity = format!("identity--{}", head.by.identity());
    // With its type it would read as the id of an object that nobody has.
    let uuid = playbook.id.split_once("--").map_or(playbook.id.as_str(), |(_, uuid)| uuid);
    let mut object = json!({
        "type": "course-of-action",
        "spec_version": "2.1",
        "id": head.id,
        "created_by_ref": identity,
        "created": millis(head.created).to_stix(),
        "modified": millis(head.modified).to_stix(),
        "name": playbook.name,
        "extensions": { EXTENSION_ID: {
            "extension_type": "property-extension",
            "type": "playbook",
            "playbook_id": uuid,
            "created": millis(playbook.created).to_stix(),
            "modified": millis(playbook.modified).to_stix(),
            // Who carries it here: who wrote it, the playbook itself says.
            "playbook_creator": identity,
            "playbook_standard": "cacao",
            "playbook_base64": BASE64_STANDARD.encode(bytes),
        }},
    });
    if let (Some(object), Some(words)) = (object.as_object_mut(), &playbook.description) {
        object.insert("description".to_owned(), words.clone().into());
    }
    serde_json::to_vec(&object).unwrap_or_default()
}

/// The playbook that a `course-of-action` carries, if it carries any.
pub fn carried(object: &[u8]) -> Option<Result<Playbook, BadPlaybook>> {
    let root = json::parse(object).ok()?;
    let extension = root.get("extensions")?.get(EXTENSION_ID)?;
    let bytes = match (text(extension, "playbook_base64"), text(extension, "playbook")) {
        (Some(encoded), _) => match BASE64_STANDARD.decode(encoded) {
            Ok(bytes) => bytes,
            Err(error) => return Some(Err(BadPlaybook::Json(error.to_string()))),
        },
        (None, Some(text)) => text.as_bytes().to_vec(),
        (None, None) => return None,
    };
    Some(Playbook::read(&bytes))
}

/// Who ticked which step of the playbook that an object carries: by the step's mark, the oldest first.
pub fn ticks<'a>(
    picture: &'a Picture,
    object: &str,
) -> BTreeMap<&'a str, Vec<(&'a Filed, &'a Contribution)>> {
    let mut ticks: BTreeMap<&str, Vec<(&Filed, &Contribution)>> = BTreeMap::new();
    for (filed, said) in picture.about(object) {
        if let (ContributionKind::StepDone, Some(step)) = (said.kind, &said.item) {
            ticks.entry(step).or_default().push((filed, said));
        }
    }
    ticks
}

#[cfg(test)]
mod tests;
