//! `entente agree`: exact texts that are put to nations, and their answers.

use std::path::Path;

use anyhow::{Result, bail};
use entente_cooperation::Picture;
use entente_cooperation::content::{Content, Proposal};
use entente_cooperation::filed::Said as _;
use entente_cooperation::sign_off::{Subject, sha256};
use entente_cooperation::terms::{Procedure, ProposalKind, ProposalState};
use entente_intake::acts::{UserAct, kind};
use entente_intake::{Applied, Desk, latest, meant};
use entente_object::time::Timestamp;
use entente_programme::Programme;
use entente_release::NationSet;
use entente_view_programme::query::agreement_document;
use serde_json::json;

use super::{
    How, New, file_text, find, label, label_of, nations, of, say, short, shown, some_time,
};
use crate::cli::cooperation::{Agree, ProposalChange, Propose, Sign};
use crate::folder;
use crate::people;

/// Runs one of the commands.
pub(crate) fn run(command: &Agree, how: How<'_>) -> Result<u8> {
    let mut desk = folder::open(how.folder)?;
    match command {
        Agree::Propose(args) => propose(&mut desk, args, how),
        Agree::Sign(args) => sign(&mut desk, args, how),
        Agree::Change(args) => change(&mut desk, args, how),
        Agree::Withdraw { id } => withdraw(&mut desk, id, how),
        Agree::Settle => settle(&mut desk, how),
        Agree::List { open } => list(&mut desk, *open, how),
        Agree::Show { id } => show(&mut desk, id, how),
    }
}

/// Puts a text to nations.
pub(crate) fn propose(desk: &mut Desk, args: &Propose, how: How<'_>) -> Result<u8> {
    let now = desk.now();
    let text = file_text(&args.text)?;
    if text.trim().is_empty() {
        bail!("the text is empty");
    }
    if args.procedure == Procedure::Silence && args.deadline.is_none() {
        bail!("silence needs a deadline: add --deadline 48h, or a time in UTC");
    }
    if args.kind == ProposalKind::Programme {
        must_be_programme(&text, &args.text)?;
    }
    let id = |desk: &mut Desk, id: &Option<String>| -> Result<Option<String>> {
        id.as_ref().map(|id| Ok(meant(desk.picture()?, id)?)).transpose()
    };
    let subjects: Result<Vec<String>> =
        args.subjects.iter().map(|id| Ok(meant(desk.picture()?, id)?)).collect();
    let content = Content::Proposal(Proposal {
        name: args.name.clone(),
        kind: args.kind,
        text,
        about: args.about.clone(),
        consultation_ref: id(desk, &args.consultation)?,
        subject_refs: subjects?,
        procedure: args.procedure,
        deadline: some_time(args.deadline.as_ref(), now)?,
        parties: nations(desk, &args.about, &args.parties)?,
        valid_from: some_time(args.valid_from.as_ref(), now)?,
        replaces_ref: id(desk, &args.amends)?,
        state: if args.draft { ProposalState::Draft } else { ProposalState::Proposed },
        result: None,
    });
    let label = Some(label(desk, &args.about, &args.to)?);
    say(desk, New { id: None, content, label, author: args.to.author.clone() }, how)
}

fn must_be_programme(text: &str, path: &Path) -> Result<()> {
    if let Err(problems) = Programme::parse(text, &path.display().to_string()) {
        let told: Vec<String> = problems.iter().map(ToString::to_string).collect();
        bail!("the text is no programme:\n{}", told.join("\n"));
    }
    Ok(())
}

/// Answers a text as a desk officer.
pub(crate) fn sign(desk: &mut Desk, args: &Sign, how: How<'_>) -> Result<u8> {
    let here = desk.here();
    let filed = find(desk, &args.id)?;
    let proposal = of::<Proposal>(&filed, "proposal")?.clone();
    if !proposal.parties.contains(here) {
        bail!("{} is put to others: {here} is not asked", proposal.name);
    }
    match proposal.state {
        ProposalState::Proposed => {}
        ProposalState::Draft => bail!("{} is a draft: comment on it, and wait", proposal.name),
        ProposalState::Accepted | ProposalState::NotAccepted | ProposalState::Withdrawn => {
            bail!("{} is {}: nothing can be answered any more", proposal.name, proposal.state)
        }
    }
    let users = latest(desk.home(), kind::USER, |user: &UserAct| user.name.clone())?;
    let officer = users.iter().find(|user| user.name == args.officer && user.active);
    let Some(officer) = officer else {
        bail!("{0} is not here: `entente user add {0} --role desk-officer` first", args.officer);
    };
    if !officer.roles.iter().any(|role| role == "desk-officer") {
        bail!("{} is no desk officer, and cannot speak for {here}", officer.name);
    }
    let text_sha256 = sha256(&proposal.text);
    how.printer.line(format!("{}  SHA-256 {text_sha256}", proposal.name))?;
    let subject = Subject {
        nation: here,
        proposal: &filed.id,
        text_sha256: &text_sha256,
        answer: args.answer,
        statement: args.statement.as_deref(),
        officer: &officer.name,
    };
    let key = people::unlock(how.folder, &officer.name)?;
    let said = subject.sign(&key, &folder::signing_key(how.folder, here)?);
    // Everybody who may have the text may know the answer; its author as well.
    let before = desk.home().labels().get(usize::try_from(filed.place.label)?);
    let before = before.map(|interned| interned.label.clone());
    let label = before.map(|label| {
        let named = label.rel_to.iter().chain([filed.by]).filter(|nation| *nation != here);
        Applied { rel_to: named.collect::<NationSet>(), ..Applied::from(&label) }
    });
    let author = Some(officer.name.clone());
    // The newest answer counts: another one is a new version of this nation's last one.
    let last = own_answer(desk, &filed.id)?;
    say(desk, New { id: last, content: said.content(), label, author }, how)
}

fn own_answer(desk: &mut Desk, proposal: &str) -> Result<Option<String>> {
    let here = desk.here();
    let picture = desk.picture()?;
    let mut own = picture.sign_offs_of(proposal);
    own.retain(|one| one.by == here);
    Ok(own.last().map(|one| one.id.clone()))
}

fn change(desk: &mut Desk, args: &ProposalChange, how: How<'_>) -> Result<u8> {
    let now = desk.now();
    let filed = find(desk, &args.id)?;
    let mut said = of::<Proposal>(&filed, "proposal")?.clone();
    if let Some(path) = &args.text {
        said.text = file_text(path)?;
        if said.kind == ProposalKind::Programme {
            must_be_programme(&said.text, path)?;
        }
    }
    said.deadline = some_time(args.deadline.as_ref(), now)?.or(said.deadline);
    if args.propose {
        said.state = ProposalState::Proposed;
    }
    let author = args.author.clone();
    say(desk, New { id: Some(filed.id), content: said.content(), label: None, author }, how)
}

fn withdraw(desk: &mut Desk, id: &str, how: How<'_>) -> Result<u8> {
    let filed = find(desk, id)?;
    let mut said = of::<Proposal>(&filed, "proposal")?.clone();
    said.state = ProposalState::Withdrawn;
    say(desk, New { id: Some(filed.id), content: said.content(), label: None, author: None }, how)
}

fn settle(desk: &mut Desk, how: How<'_>) -> Result<u8> {
    let done = if how.dry { Vec::new() } else { desk.settle()? };
    let mut lines: Vec<String> =
        done.iter().map(|(id, state)| format!("{}  {state}", short(id))).collect();
    if lines.is_empty() {
        lines.push("nothing was to be settled".to_owned());
    }
    let rows = done.iter().map(|(id, state)| json!({ "id": id, "state": state.as_str() }));
    how.printer.either(&json!(rows.collect::<Vec<_>>()), &lines)?;
    Ok(0)
}

fn list(desk: &mut Desk, open: bool, how: How<'_>) -> Result<u8> {
    let now = desk.now();
    let picture = desk.picture()?.clone();
    let (mut lines, mut rows) = (Vec::new(), Vec::new());
    for (filed, said) in picture.all::<Proposal>() {
        let Some(found) = picture.agreement(&filed.id, now) else { continue };
        let settled = matches!(
            said.state,
            ProposalState::Accepted | ProposalState::NotAccepted | ProposalState::Withdrawn
        );
        if open && settled {
            continue;
        }
        let answered = found.said.iter().filter(|one| one.counts.is_some()).count();
        let until = said.deadline.map_or(String::new(), |d| format!(" until {}", d.to_stix()));
        lines.push(format!(
            "{}  {:<12} {} {}  ({}, {}{until}; {answered} of {} answered)",
            short(&filed.id),
            found.standing,
            said.kind,
            said.name,
            filed.by,
            said.procedure,
            found.said.len(),
        ));
        let mut row = shown(desk, filed);
        if let Some(row) = row.as_object_mut() {
            row.insert("agreement".to_owned(), agreement_document(&found));
        }
        rows.push(row);
    }
    if lines.is_empty() {
        lines.push("nothing was put to nations yet: `entente agree propose`".to_owned());
    }
    how.printer.either(&json!(rows), &lines)?;
    Ok(0)
}

fn show(desk: &mut Desk, id: &str, how: How<'_>) -> Result<u8> {
    let now = desk.now();
    let filed = find(desk, id)?;
    let said = of::<Proposal>(&filed, "proposal")?.clone();
    let picture: Picture = desk.picture()?.clone();
    let Some(found) = picture.agreement(&filed.id, now) else { bail!("{id} is no proposal") };
    let mut lines = vec![format!("{}  [{}]", said.name, label_of(desk, &filed))];
    lines.push(format!("{}  {} of {}: {}", filed.id, said.kind, filed.by, found.standing));
    let until =
        said.deadline.map_or("without a deadline".to_owned(), |d| format!("until {}", d.to_stix()));
    lines.push(format!("by {}, {until}; SHA-256 {}", said.procedure, sha256(&said.text)));
    for one in &found.said {
        lines.push(match (&one.counts, &one.late) {
            (Some(voice), _) => {
                let why =
                    voice.statement.as_deref().map_or(String::new(), |why| format!(": {why}"));
                format!(
                    "  {} {} ({}, {}){why}",
                    one.nation,
                    voice.answer,
                    voice.officer,
                    voice.given.to_stix()
                )
            }
            (None, Some(late)) => {
                format!("  {} {} too late, at {}", one.nation, late.answer, late.given.to_stix())
            }
            (None, None) => {
                let heard = one.heard.map_or("never".to_owned(), Timestamp::to_stix);
                format!("  {} has not answered; its node was last heard {heard}", one.nation)
            }
        });
    }
    for (other, amendment) in picture.amended_at_once(&filed.id) {
        lines.push(format!(
            "{} of {} amends the same text: {}",
            short(&other.id),
            other.by,
            amendment.name
        ));
    }
    lines.push(String::new());
    lines.extend(said.text.lines().map(str::to_owned));
    let mut document = shown(desk, &filed);
    if let Some(document) = document.as_object_mut() {
        document.insert("text_sha256".to_owned(), sha256(&said.text).into());
        document.insert("agreement".to_owned(), agreement_document(&found));
        let others = picture.amended_at_once(&filed.id);
        let others: Vec<&str> = others.iter().map(|(other, _)| other.id.as_str()).collect();
        document.insert("amended_at_once".to_owned(), json!(others));
    }
    how.printer.either(&document, &lines)?;
    Ok(0)
}
