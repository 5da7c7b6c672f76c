//! `entente consult`: meetings of nations, and what is said at them.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::{Context as _, Result};
use entente_cooperation::content::{Consultation, Content, Contribution, Proposal};
use entente_cooperation::filed::{Filed, Said as _};
use entente_cooperation::terms::ConsultationState;
use entente_intake::{Desk, meant};
use entente_object::time::Timestamp;
use entente_view_programme::calendar::invitation;
use entente_view_programme::query::day;
use entente_view_programme::write::about;
use serde_json::json;

use super::{
    How, New, agenda, delegations, find, label, label_of, marked, of, say, short, shown, some_time,
    time, words, write_file,
};
use crate::cli::cooperation::{Consult, ConsultChange, ConsultConvene, ConsultRequest, Say, When};
use crate::folder;

/// Runs one of the commands.
pub(crate) fn run(command: &Consult, how: How<'_>) -> Result<u8> {
    let mut desk = folder::open(how.folder)?;
    match command {
        Consult::Request(args) => request(&mut desk, args, how),
        Consult::Convene(args) => convene(&mut desk, args, how),
        Consult::Change(args) => change(&mut desk, args, how),
        Consult::Say(args) => contribute(&mut desk, args, how),
        Consult::Invite { id, out } => invite(&mut desk, id, out, how),
        Consult::List { open } => list(&mut desk, *open, how),
        Consult::Show { id } => show(&mut desk, id, how),
    }
}

fn request(desk: &mut Desk, args: &ConsultRequest, how: How<'_>) -> Result<u8> {
    let here = desk.here();
    let subjects: Result<Vec<String>> =
        args.subjects.iter().map(|id| Ok(meant(desk.picture()?, id)?)).collect();
    let content = Content::Consultation(Consultation {
        name: args.name.clone(),
        description: Some(args.reason.clone()),
        about: args.about.clone(),
        subject_refs: subjects?,
        request_ref: None,
        requested_by: here,
        convened_by: here.to_string(),
        format: "in-person".to_owned(),
        begins: None,
        ends: None,
        place: None,
        delegations: delegations(&args.nations)?,
        agenda: Vec::new(),
        state: ConsultationState::Requested,
        reason: None,
    });
    let label = Some(label(desk, &args.about, &args.to)?);
    say(desk, New { id: None, content, label, author: args.to.author.clone() }, how)
}

fn convene(desk: &mut Desk, args: &ConsultConvene, how: How<'_>) -> Result<u8> {
    let (here, now) = (desk.here(), desk.now());
    let request = args.request.as_ref().map(|id| find(desk, id)).transpose()?;
    let asked_by = match (&args.requested_by, &request) {
        (Some(code), _) => folder::nation(code)?,
        (None, Some(request)) => request.by,
        (None, None) => here,
    };
    let subjects: Result<Vec<String>> =
        args.subjects.iter().map(|id| Ok(meant(desk.picture()?, id)?)).collect();
    let content = Content::Consultation(Consultation {
        name: args.name.clone(),
        description: args.description.clone(),
        about: args.about.clone(),
        subject_refs: subjects?,
        request_ref: request.map(|request| request.id),
        requested_by: asked_by,
        convened_by: args.convened_by.clone().unwrap_or_else(|| here.to_string()),
        format: args.when.format.clone().unwrap_or_else(|| "in-person".to_owned()),
        begins: some_time(args.when.begins.as_ref(), now)?,
        ends: some_time(args.when.ends.as_ref(), now)?,
        place: args.when.place.clone(),
        delegations: delegations(&args.nations)?,
        agenda: agenda(&args.items),
        state: ConsultationState::Convened,
        reason: None,
    });
    let label = Some(label(desk, &args.about, &args.to)?);
    say(desk, New { id: None, content, label, author: args.to.author.clone() }, how)
}

fn change(desk: &mut Desk, args: &ConsultChange, how: How<'_>) -> Result<u8> {
    let now = desk.now();
    let filed = find(desk, &args.id)?;
    let mut said = of::<Consultation>(&filed, "consultation")?.clone();
    let When { format, begins, ends, place } = args.when.clone();
    said.state = args.state.unwrap_or(said.state);
    said.format = format.unwrap_or(said.format);
    said.begins = some_time(begins.as_ref(), now)?.or(said.begins);
    said.ends = some_time(ends.as_ref(), now)?.or(said.ends);
    said.place = place.or(said.place);
    said.reason = args.reason.clone().or(said.reason);
    if !args.nations.is_empty() {
        said.delegations = delegations(&args.nations)?;
    }
    if !args.items.is_empty() {
        said.agenda = agenda(&args.items);
    }
    let author = args.author.clone();
    say(desk, New { id: Some(filed.id), content: said.content(), label: None, author }, how)
}

fn contribute(desk: &mut Desk, args: &Say, how: How<'_>) -> Result<u8> {
    let now = desk.now();
    let subject = find(desk, &args.id)?;
    let path = args.about.clone().or_else(|| about(&subject.content).map(str::to_owned));
    let path = path.context("say with --about what of the programme it is about")?;
    let reply_to = args.reply_to.as_ref().map(|id| anyhow::Ok(meant(desk.picture()?, id)?));
    let content = Content::Contribution(Contribution {
        subject_ref: subject.id,
        kind: args.kind,
        text: words(&args.text)?,
        item: args.item.clone(),
        happened: args.happened.as_ref().map(|text| time(text, now)).transpose()?,
        in_reply_to_ref: reply_to.transpose()?,
        object_refs: Vec::new(),
    });
    let label = Some(label(desk, &path, &args.to)?);
    say(desk, New { id: None, content, label, author: args.to.author.clone() }, how)
}

fn invite(desk: &mut Desk, id: &str, out: &Path, how: How<'_>) -> Result<u8> {
    let filed = find(desk, id)?;
    let said = of::<Consultation>(&filed, "consultation")?;
    let label = marked(desk, &filed);
    let text = invitation(desk.picture()?, &filed, said, &label)
        .with_context(|| format!("nobody is invited to {}", said.name))?;
    write_file(out, text.as_bytes(), &BTreeSet::from([label.shown]), how)
}

fn list(desk: &mut Desk, open: bool, how: How<'_>) -> Result<u8> {
    let (mut lines, mut rows) = (Vec::new(), Vec::new());
    let all: Vec<(Filed, Consultation)> = desk
        .picture()?
        .all::<Consultation>()
        .into_iter()
        .map(|(filed, said)| (filed.clone(), said.clone()))
        .collect();
    for (filed, said) in all {
        let is_open =
            matches!(said.state, ConsultationState::Requested | ConsultationState::Convened);
        if open && !is_open {
            continue;
        }
        let begins = said.begins.map_or("no date yet".to_owned(), day);
        let nations: Vec<String> = said.delegations.iter().map(|d| d.nation.to_string()).collect();
        lines.push(format!(
            "{}  {:<10} {begins}  {}  ({}, with {})",
            short(&filed.id),
            said.state,
            said.name,
            filed.by,
            nations.join(", ")
        ));
        rows.push(shown(desk, &filed));
    }
    if lines.is_empty() {
        lines.push("no consultation yet: `entente consult request` or `convene`".to_owned());
    }
    how.printer.either(&json!(rows), &lines)?;
    Ok(0)
}

fn show(desk: &mut Desk, id: &str, how: How<'_>) -> Result<u8> {
    let now = desk.now();
    let filed = find(desk, id)?;
    let said = of::<Consultation>(&filed, "consultation")?.clone();
    let mut lines = vec![format!("{}  [{}]", said.name, label_of(desk, &filed))];
    lines.push(format!("{}  {}", filed.id, said.state));
    lines.push(format!(
        "about {}; asked for by {}, convened by {}; {}",
        said.about, said.requested_by, said.convened_by, said.format
    ));
    let place = said.place.as_deref().unwrap_or("no place yet");
    let begins = said.begins.map_or("no date yet".to_owned(), Timestamp::to_stix);
    lines.push(format!("{begins}, {place}"));
    for one in &said.delegations {
        let head = one.head.as_deref().map_or(String::new(), |head| format!("  {head}"));
        lines.push(format!("  {}{head}", one.nation));
    }
    let picture = desk.picture()?.clone();
    for item in &said.agenda {
        lines.push(format!("{:>3}. {}", item.number, item.title));
        let number = item.number.to_string();
        for (other, said) in picture.about(&filed.id) {
            if said.item.as_ref() == Some(&number) {
                lines.push(contribution(desk, other, said));
            }
        }
    }
    let apart = picture.about(&filed.id);
    let known = |item: &Option<String>| {
        item.as_ref().is_some_and(|text| said.agenda.iter().any(|a| a.number.to_string() == *text))
    };
    for (other, said) in apart.iter().filter(|(_, one)| !known(&one.item)) {
        lines.push(contribution(desk, other, said));
    }
    let mut proposals = Vec::new();
    for (other, proposal) in picture.all::<Proposal>() {
        if proposal.consultation_ref.as_ref() == Some(&filed.id) {
            let standing =
                picture.agreement(&other.id, now).map(|found| found.standing.to_string());
            let standing = standing.unwrap_or_default();
            lines.push(format!(
                "{}  {} {}: {standing}",
                short(&other.id),
                proposal.kind,
                proposal.name
            ));
            proposals.push(json!({ "id": other.id, "name": proposal.name, "standing": standing }));
        }
    }
    let said: Vec<_> = apart.iter().map(|(other, _)| shown(desk, other)).collect();
    let mut document = shown(desk, &filed);
    if let Some(document) = document.as_object_mut() {
        document.insert("said".to_owned(), said.into());
        document.insert("proposals".to_owned(), proposals.into());
    }
    how.printer.either(&document, &lines)?;
    Ok(0)
}

fn contribution(desk: &Desk, filed: &Filed, said: &Contribution) -> String {
    let label = label_of(desk, filed);
    format!("     {} {}, {}: {}  [{label}]", filed.by, said.kind, day(filed.created), said.text)
}
