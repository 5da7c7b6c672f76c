//! `entente respond playbook`: playbooks as lists that people tick.
//!
//! Invariant: nothing of a playbook is run, and nothing that it names is fetched.

use std::path::Path;

use anyhow::{Context as _, Result, bail};
use entente_cooperation::content::{Content, Contribution, Situation};
use entente_cooperation::filed::Head;
use entente_cooperation::playbook::{Playbook, Step, carried, course_of_action, ticks};
use entente_cooperation::terms::ContributionKind;
use entente_intake::{Desk, prepare};
use serde_json::{Value, json};

use super::{How, New, find, label, of, report, respond, say, words};
use crate::cli::cooperation::SaidTo;
use crate::cli::response::PlaybookCommand;
use crate::folder;

/// Runs one of the commands.
pub(crate) fn run(command: &PlaybookCommand, how: How<'_>) -> Result<u8> {
    match command {
        PlaybookCommand::Check { file } => {
            let (playbook, _) = read(file)?;
            let (lines, steps) = listed(&playbook, |_| Vec::new());
            how.printer.either(&document(&playbook, &steps), &lines)?;
            Ok(0)
        }
        PlaybookCommand::Attach { file, situation, to } => {
            attach(&mut folder::open(how.folder)?, (file, situation), to, how)
        }
        PlaybookCommand::Tick { id, step, text, about, to } => {
            let mut desk = folder::open(how.folder)?;
            let content = tick(&desk, (id, step), words(text)?)?;
            let about = match about {
                Some(about) => about.clone(),
                None => about_of(&mut desk, id)?,
            };
            let label = Some(label(&desk, &about, to)?);
            say(&mut desk, New { id: None, content, label, author: to.author.clone() }, how)
        }
        PlaybookCommand::Show { id } => show(&mut folder::open(how.folder)?, id, how),
    }
}

fn read(file: &Path) -> Result<(Playbook, Vec<u8>)> {
    let bytes = std::fs::read(file).with_context(|| format!("{} not read", file.display()))?;
    let playbook = Playbook::read(&bytes).with_context(|| file.display().to_string())?;
    Ok((playbook, bytes))
}

fn attach(
    desk: &mut Desk,
    (file, situation): (&Path, &str),
    to: &SaidTo,
    how: How<'_>,
) -> Result<u8> {
    let (playbook, bytes) = read(file)?;
    let filed = find(desk, situation)?;
    let about = of::<Situation>(&filed, "situation")?.about.clone();
    let (here, now) = (desk.here(), desk.now());
    let uuid = uuid::Builder::from_random_bytes(folder::random::<16>()?).into_uuid();
    let id = format!("course-of-action--{uuid}");
    let head = Head { id: id.clone(), by: here, created: now, modified: now };
    let object = prepare(course_of_action(&head, &playbook, &bytes))
        .map_err(|(refused, _)| anyhow::anyhow!("{refused}"))?;
    let applied = label(desk, &about, to)?;
    report::take(desk, (vec![object], id.clone()), &applied, how)?;
    if how.dry {
        return Ok(0);
    }
    let text = format!("playbook attached: {}", playbook.name);
    let content = respond::timeline(filed.id, text, now, vec![id]);
    let author = to.author.clone();
    // What is printed is the playbook's id; its line in the timeline follows.
    let uuid = uuid::Builder::from_random_bytes(folder::random::<16>()?).into_uuid();
    let saying = entente_intake::Saying { id: None, content, label: Some(applied), author, uuid };
    desk.say(&saying, false)?;
    Ok(0)
}

fn carried_by(desk: &Desk, id: &str) -> Result<Playbook> {
    let known = desk.newest(id)?;
    let put = desk.home().put(known.seq)?;
    match carried(&put.bytes) {
        Some(playbook) => Ok(playbook?),
        None => bail!("{id} carries no playbook"),
    }
}

/// What the situation is about that a playbook was attached to.
fn about_of(desk: &mut Desk, id: &str) -> Result<String> {
    let picture = desk.picture()?;
    let attached = picture.all::<Contribution>().into_iter().find_map(|(_, said)| {
        let is_it = said.object_refs.iter().any(|object| object == id);
        let (_, situation) = picture.one::<Situation>(&said.subject_ref).filter(|_| is_it)?;
        Some(situation.about.clone())
    });
    attached.context("it is attached to no situation here: say with --about what it is about")
}

fn tick(desk: &Desk, (id, step): (&str, &str), text: String) -> Result<Content> {
    let playbook = carried_by(desk, id)?;
    let Some(step) = playbook.step(step).filter(|step| step.kind.is_ticked()) else {
        bail!("{} has no step {step}: `entente respond playbook show {id}`", playbook.name);
    };
    Ok(Content::Contribution(Contribution {
        subject_ref: id.to_owned(),
        kind: ContributionKind::StepDone,
        text,
        item: Some(step.mark().to_owned()),
        happened: None,
        in_reply_to_ref: None,
        object_refs: Vec::new(),
    }))
}

fn show(desk: &mut Desk, id: &str, how: How<'_>) -> Result<u8> {
    let playbook = carried_by(desk, id)?;
    let picture = desk.picture()?;
    let ticks = ticks(picture, id);
    let of = |step: &Step| {
        let done = ticks.get(step.mark()).into_iter().flatten();
        done.map(|(filed, said)| {
            json!({ "by": filed.by.to_string(), "at": filed.created.to_stix(), "text": said.text })
        })
        .collect()
    };
    let (lines, steps) = listed(&playbook, of);
    how.printer.either(&document(&playbook, &steps), &lines)?;
    Ok(0)
}

fn document(playbook: &Playbook, steps: &[Value]) -> Value {
    json!({
        "playbook": playbook.id, "name": playbook.name, "description": playbook.description,
        "steps": steps, "unreached": playbook.unreached,
    })
}

fn listed(playbook: &Playbook, done: impl Fn(&Step) -> Vec<Value>) -> (Vec<String>, Vec<Value>) {
    let (mut lines, mut rows) = (vec![playbook.name.clone()], Vec::new());
    lines.extend(playbook.description.clone());
    let ticked: Vec<&Step> = playbook.steps.iter().filter(|step| step.kind.is_ticked()).collect();
    let number = |id: &str| ticked.iter().position(|step| step.id == id).map(|at| at + 1);
    for (at, step) in ticked.iter().enumerate() {
        let done = done(step);
        let mark = if done.is_empty() { "[ ]" } else { "[x]" };
        let name = step.name.as_deref().unwrap_or(&step.id);
        let inside = "   ".repeat(step.depth);
        let kind = step.kind.as_str();
        let condition = step.condition.as_deref().map_or(String::new(), |text| format!(": {text}"));
        lines.push(format!("{:>3}. {inside}{mark} {name}  ({kind}{condition})", at + 1));
        let more = step.description.iter().chain(&step.commands);
        lines.extend(more.map(|text| format!("     {inside}    {text}")));
        for lead in step.leads.iter().filter(|lead| lead.when != "then") {
            let to = number(&lead.to).map_or("the end".to_owned(), |to| format!("{to}"));
            lines.push(format!("     {inside}    {} → {to}", lead.when));
        }
        for one in &done {
            let text = |name: &str| one.get(name).and_then(Value::as_str).unwrap_or_default();
            lines.push(format!("     {inside}    {} {}: {}", text("by"), text("at"), text("text")));
        }
        let leads = step.leads.iter().map(|lead| json!({ "when": lead.when, "to": lead.to }));
        rows.push(json!({
            "number": at + 1, "id": step.id, "kind": kind, "name": step.name, "depth": step.depth,
            "condition": step.condition, "commands": step.commands,
            "leads": leads.collect::<Vec<_>>(), "done": done,
        }));
    }
    if !playbook.unreached.is_empty() {
        lines.push(format!("nothing leads to: {}", playbook.unreached.join(", ")));
    }
    (lines, rows)
}
