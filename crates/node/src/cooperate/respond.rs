//! `entente respond`: alerts and situations.

use std::path::Path;

use anyhow::{Context as _, Result};
use entente_cooperation::Picture;
use entente_cooperation::cap;
use entente_cooperation::content::{Alert, Content, Contribution, Proposal, Situation};
use entente_cooperation::filed::{Filed, Said as _};
use entente_cooperation::terms::{ContributionKind, SituationState};
use entente_intake::{Applied, Desk, meant};
use entente_object::time::Timestamp;
use entente_release::name::ExerciseId;
use serde_json::{Value, json};

use super::{
    How, New, assist, find, label, label_of, of, playbook, say, short, shown, some_time, words,
};
use crate::cli::cooperation::SaidTo;
use crate::cli::response::{
    AlertCommand, AlertImport, AlertSend, Respond, SituationChange, SituationCommand,
    SituationNote, SituationOpen,
};
use crate::folder;

/// Runs one of the commands.
pub(crate) fn run(command: &Respond, how: How<'_>) -> Result<u8> {
    if let Respond::Playbook(command) = command {
        return playbook::run(command, how);
    }
    let mut desk = folder::open(how.folder)?;
    match command {
        Respond::Alert(AlertCommand::Send(args)) => send(&mut desk, args, how),
        Respond::Alert(AlertCommand::Import(args)) => import(&mut desk, args, how),
        Respond::Alert(AlertCommand::Export { id, out }) => {
            export(&mut desk, id, out.as_deref(), how)
        }
        Respond::Alert(AlertCommand::List) => list_alerts(&mut desk, how),
        Respond::Situation(SituationCommand::Open(args)) => open(&mut desk, args, how),
        Respond::Situation(SituationCommand::Change(args)) => change(&mut desk, args, how),
        Respond::Situation(SituationCommand::Note(args)) => note(&mut desk, args, how),
        Respond::Situation(SituationCommand::List) => list(&mut desk, how),
        Respond::Situation(SituationCommand::Show { id }) => show(&mut desk, id, how),
        Respond::Assist(command) => assist::run(&mut desk, command, how),
        Respond::Playbook(_) => Ok(0),
    }
}

/// Ids of objects of cooperation that people mean.
fn all_meant(desk: &mut Desk, texts: &[String]) -> Result<Vec<String>> {
    texts.iter().map(|text| Ok(meant(desk.picture()?, text)?)).collect()
}

/// Ids of objects of whatever type, which have to be here.
fn objects(desk: &mut Desk, texts: &[String]) -> Result<Vec<String>> {
    let mut ids = Vec::new();
    for text in texts {
        match meant(desk.picture()?, text) {
            Ok(id) => ids.push(id),
            Err(error) => {
                desk.newest(text).map_err(|_| error)?;
                ids.push(text.clone());
            }
        }
    }
    Ok(ids)
}

fn exercise_label(
    desk: &Desk,
    (about, to): (&str, &SaidTo),
    exercise: Option<&String>,
) -> Result<Applied> {
    let exercise = exercise.map(|name| name.to_lowercase().parse()).transpose()?;
    Ok(Applied { exercise, ..label(desk, about, to)? })
}

fn send(desk: &mut Desk, args: &AlertSend, how: How<'_>) -> Result<u8> {
    let now = desk.now();
    let sender = args.sender.clone().unwrap_or_else(|| format!("{}-desk", desk.here()));
    let alert = Alert {
        sent: now,
        sender,
        status: args.status.clone(),
        message: args.message.clone(),
        scope: "Restricted".to_owned(),
        restriction: Some("those to whom its label releases it".to_owned()),
        addresses: Vec::new(),
        note: None,
        alert_refs: all_meant(desk, &args.refers_to)?,
        cap_references: Vec::new(),
        cap_identifier: None,
        language: None,
        category: args.category.clone(),
        event: args.event.clone(),
        response: args.response.clone(),
        urgency: args.urgency.clone(),
        severity: args.severity.clone(),
        certainty: args.certainty.clone(),
        effective: None,
        onset: some_time(args.onset.as_ref(), now)?,
        expires: some_time(args.expires.as_ref(), now)?,
        headline: args.headline.clone(),
        description: args.description.as_deref().map(words).transpose()?,
        instruction: args.instruction.clone(),
        contact: args.contact.clone(),
        places: args.place.clone(),
        about: Some(args.about.clone()),
        subject_refs: objects(desk, &args.subjects)?,
    };
    // What could not be written as CAP is not sent either.
    written(desk.picture()?, "entente-alert--new", &alert)?;
    let label = Some(exercise_label(desk, (&args.about, &args.to), args.exercise.as_ref())?);
    let author = args.to.author.clone();
    say(desk, New { id: None, content: alert.content(), label, author }, how)
}

fn import(desk: &mut Desk, args: &AlertImport, how: How<'_>) -> Result<u8> {
    let bytes = if args.file == Path::new("-") {
        let mut bytes = Vec::new();
        std::io::Read::read_to_end(&mut std::io::stdin(), &mut bytes)?;
        bytes
    } else {
        std::fs::read(&args.file).with_context(|| format!("{} not read", args.file.display()))?
    };
    let read = cap::read(&bytes).with_context(|| args.file.display().to_string())?;
    let label = exercise_label(desk, (&args.about, &args.to), args.exercise.as_ref())?;
    let exercise = label.exercise.as_ref().map(ExerciseId::as_str);
    for alert in &read.alerts {
        cap::wall(&alert.status, exercise)?;
    }
    let subjects = objects(desk, &args.subjects)?;
    if !read.left.is_empty() {
        eprintln!("entente: not kept of {}: {}", args.file.display(), read.left.join(", "));
    }
    for alert in read.alerts {
        let alert =
            Alert { about: Some(args.about.clone()), subject_refs: subjects.clone(), ..alert };
        let author = args.to.author.clone();
        let label = Some(label.clone());
        say(desk, New { id: None, content: alert.content(), label, author }, how)?;
    }
    Ok(0)
}

fn written(picture: &Picture, id: &str, alert: &Alert) -> Result<String> {
    let find = |id: &str| picture.one::<Alert>(id).map(|(filed, said)| (filed.id.as_str(), said));
    Ok(cap::write(id, alert, find)?)
}

fn export(desk: &mut Desk, id: &str, out: Option<&Path>, how: How<'_>) -> Result<u8> {
    let filed = find(desk, id)?;
    let alert = of::<Alert>(&filed, "alert")?;
    let xml = written(desk.picture()?, &filed.id, alert)?;
    let label = label_of(desk, &filed);
    match out {
        Some(path) if how.dry => {
            how.printer.line(format!("{} would be written  [{label}]", path.display()))?;
        }
        Some(path) => {
            std::fs::write(path, &xml)
                .with_context(|| format!("{} not written", path.display()))?;
            let document =
                json!({ "id": filed.id, "file": path.display().to_string(), "label": label });
            how.printer.either(&document, &[format!("{}  [{label}]", path.display())])?;
        }
        None => how.printer.either(
            &json!({ "id": filed.id, "cap": xml, "label": label }),
            &[xml.trim_end().to_owned()],
        )?,
    }
    Ok(0)
}

fn alert_line(filed: &Filed, alert: &Alert) -> String {
    let headline = alert.headline.as_deref().unwrap_or(&alert.event);
    format!(
        "{}  {} {} {} of {}: {headline}  ({}, {}, {})",
        short(&filed.id),
        alert.sent.to_stix().get(..16).unwrap_or_default(),
        alert.status,
        alert.message.to_lowercase(),
        filed.by,
        alert.urgency,
        alert.severity,
        alert.certainty,
    )
}

fn list_alerts(desk: &mut Desk, how: How<'_>) -> Result<u8> {
    let picture = desk.picture()?.clone();
    let (mut lines, mut rows) = (Vec::new(), Vec::new());
    for (filed, alert) in picture.all::<Alert>() {
        lines.push(alert_line(filed, alert));
        let mut row = shown(desk, filed);
        if let Err(wrong) = cap::wall(&alert.status, None) {
            lines.push(format!("          FAULT of {}: {wrong}", filed.by));
            insert(&mut row, "fault", wrong.to_string().into());
        }
        rows.push(row);
    }
    if lines.is_empty() {
        lines.push("no alert yet: `entente respond alert send`".to_owned());
    }
    how.printer.either(&json!(rows), &lines)?;
    Ok(0)
}

fn insert(document: &mut Value, name: &str, value: Value) {
    if let Some(document) = document.as_object_mut() {
        document.insert(name.to_owned(), value);
    }
}

fn open(desk: &mut Desk, args: &SituationOpen, how: How<'_>) -> Result<u8> {
    let now = desk.now();
    let said = Situation {
        name: args.name.clone(),
        description: args.description.as_deref().map(words).transpose()?,
        about: args.about.clone(),
        kind: args.kind.clone(),
        began: some_time(args.began.as_ref(), now)?.unwrap_or(now),
        ended: None,
        state: SituationState::Open,
        object_refs: objects(desk, &args.add)?,
    };
    let label = Some(label(desk, &args.about, &args.to)?);
    say(desk, New { id: None, content: said.content(), label, author: args.to.author.clone() }, how)
}

fn change(desk: &mut Desk, args: &SituationChange, how: How<'_>) -> Result<u8> {
    let now = desk.now();
    let filed = find(desk, &args.id)?;
    let mut said = of::<Situation>(&filed, "situation")?.clone();
    said.state = args.state.unwrap_or(said.state);
    said.ended = some_time(args.ended.as_ref(), now)?.or(said.ended);
    for id in objects(desk, &args.add)? {
        if !said.object_refs.contains(&id) {
            said.object_refs.push(id);
        }
    }
    let author = args.author.clone();
    say(desk, New { id: Some(filed.id), content: said.content(), label: None, author }, how)
}

fn note(desk: &mut Desk, args: &SituationNote, how: How<'_>) -> Result<u8> {
    let now = desk.now();
    let filed = find(desk, &args.id)?;
    let about = of::<Situation>(&filed, "situation")?.about.clone();
    let content = timeline(
        filed.id,
        words(&args.text)?,
        some_time(args.happened.as_ref(), now)?.unwrap_or(now),
        objects(desk, &args.add)?,
    );
    let label = Some(label(desk, &about, &args.to)?);
    say(desk, New { id: None, content, label, author: args.to.author.clone() }, how)
}

/// A line of a situation's timeline.
pub(crate) fn timeline(
    situation: String,
    text: String,
    happened: Timestamp,
    object_refs: Vec<String>,
) -> Content {
    Content::Contribution(Contribution {
        subject_ref: situation,
        kind: ContributionKind::Timeline,
        text,
        item: None,
        happened: Some(happened),
        in_reply_to_ref: None,
        object_refs,
    })
}

fn list(desk: &mut Desk, how: How<'_>) -> Result<u8> {
    let picture = desk.picture()?.clone();
    let (mut lines, mut rows) = (Vec::new(), Vec::new());
    for (filed, said) in picture.all::<Situation>() {
        lines.push(format!(
            "{}  {:<10} {}  {} {}  ({})",
            short(&filed.id),
            said.state,
            said.began.to_stix().get(..16).unwrap_or_default(),
            said.kind,
            said.name,
            filed.by
        ));
        rows.push(shown(desk, filed));
    }
    if lines.is_empty() {
        lines.push("no situation yet: `entente respond situation open`".to_owned());
    }
    how.printer.either(&json!(rows), &lines)?;
    Ok(0)
}

/// One line of what happened: when, whose, and what.
type Event = (Timestamp, String, String);

fn show(desk: &mut Desk, id: &str, how: How<'_>) -> Result<u8> {
    let now = desk.now();
    let filed = find(desk, id)?;
    let said = of::<Situation>(&filed, "situation")?.clone();
    let picture = desk.picture()?.clone();
    let mut document = shown(desk, &filed);
    let mut lines = vec![
        format!("{}  [{}]", said.name, label_of(desk, &filed)),
        format!("{}  {}, {} of {}", filed.id, said.state, said.kind, filed.by),
    ];
    lines.extend(said.description.clone());
    let mut events: Vec<Event> = vec![(said.began, filed.by.to_string(), "it began".to_owned())];
    events.extend(said.ended.map(|at| (at, filed.by.to_string(), "it ended".to_owned())));
    for (other, one) in picture.about(&filed.id) {
        let at = one.happened.unwrap_or(other.created);
        let with = one.object_refs.join(", ");
        let with = if with.is_empty() { with } else { format!("  → {with}") };
        events.push((at, other.by.to_string(), format!("{}{with}", one.text)));
    }
    let faults = alerts_of(desk, &picture, &filed.id, (&mut document, &mut events));
    lines.extend(faults);
    let exchanges = assist::of_situation(&picture, &filed.id, &mut events, now);
    insert(&mut document, "assistance", exchanges.into());
    let mut statements = Vec::new();
    for (other, proposal) in picture.all::<Proposal>() {
        if proposal.subject_refs.contains(&filed.id) {
            let standing =
                picture.agreement(&other.id, now).map(|found| found.standing.to_string());
            let standing = standing.unwrap_or_default();
            let what =
                format!("{} {}: {standing}  ({})", proposal.kind, proposal.name, short(&other.id));
            events.push((other.created, other.by.to_string(), what));
            statements.push(json!({ "id": other.id, "name": proposal.name, "standing": standing }));
        }
    }
    insert(&mut document, "statements", statements.into());
    lines.extend(said.object_refs.iter().map(|id| format!("with {id}")));
    events.sort();
    for (at, by, what) in &events {
        lines.push(format!("  {}  {by}  {what}", at.to_stix().get(..19).unwrap_or_default()));
    }
    let rows =
        events.iter().map(|(at, by, what)| json!({ "at": at.to_stix(), "by": by, "what": what }));
    insert(&mut document, "timeline", rows.collect::<Vec<_>>().into());
    how.printer.either(&document, &lines)?;
    Ok(0)
}

/// The alerts of a situation, and what is wrong with them.
fn alerts_of(
    desk: &Desk,
    picture: &Picture,
    situation: &str,
    (document, events): (&mut Value, &mut Vec<Event>),
) -> Vec<String> {
    let (mut rows, mut faults) = (Vec::new(), Vec::new());
    for (other, alert) in picture.all::<Alert>() {
        if !alert.subject_refs.iter().any(|id| id == situation) {
            continue;
        }
        events.push((
            alert.sent,
            other.by.to_string(),
            format!("alert {}", alert_line(other, alert)),
        ));
        rows.push(shown(desk, other));
        faults.extend(
            cap::wall(&alert.status, None).err().map(|w| format!("FAULT of {}: {w}", other.by)),
        );
    }
    insert(document, "alerts", rows.into());
    faults
}
