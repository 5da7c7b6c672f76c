//! `entente area`: what every area notes, whether it is about cyber defence or not.

use std::path::Path;

use anyhow::{Context as _, Result};
use entente_cooperation::content::{Activity, Assessment, Capability, Recognition, WorkingGroup};
use entente_cooperation::filed::{Filed, Said};
use entente_cooperation::sign_off::hex;
use entente_cooperation::terms::{ActivityState, CapabilityState, RecognitionState};
use entente_intake::{Applied, Desk, meant};
use entente_view_programme::calendar::activities;
use entente_view_programme::query::{AskedNotes, notes};
use entente_view_programme::write::{check_assessed, check_assessment, evidence};
use serde_json::json;
use sha2::{Digest as _, Sha256};

use super::{
    How, New, delegations, end_time, find, label, marked, nations, of, say, short, shown,
    some_time, time, words, write_file,
};
use crate::cli::cooperation::{
    ActivityArgs, Area, AssessArgs, CapabilityArgs, GroupArgs, RecogniseArgs, SaidTo,
};
use crate::folder;

/// Runs one of the commands.
pub(crate) fn run(command: &Area, how: How<'_>) -> Result<u8> {
    let mut desk = folder::open(how.folder)?;
    match command {
        Area::Group(args) => group(&mut desk, args, how),
        Area::Activity(args) => activity(&mut desk, args, how),
        Area::Recognise(args) => recognise(&mut desk, args, how),
        Area::Capability(args) => capability(&mut desk, args, how),
        Area::Assess(args) => assess(&mut desk, args, how),
        Area::List { about, kind, search, ics } => {
            let asked =
                AskedNotes { about: about.clone(), kind: kind.clone(), search: search.clone() };
            match ics {
                Some(path) => calendar(&mut desk, &asked, path, how),
                None => list(&mut desk, &asked, how),
            }
        }
    }
}

/// The object that is changed, and what it says; none: a new one.
type Before<T> = (Option<String>, Option<T>);

fn before<T: Said + Clone>(desk: &mut Desk, id: Option<&String>, kind: &str) -> Result<Before<T>> {
    let Some(id) = id else { return Ok((None, None)) };
    let filed = find(desk, id)?;
    let said = of::<T>(&filed, kind)?.clone();
    Ok((Some(filed.id), Some(said)))
}

/// The label of what is new; what is changed keeps its own.
fn label_for(
    desk: &Desk,
    id: Option<&String>,
    about: &str,
    to: &SaidTo,
) -> Result<Option<Applied>> {
    if id.is_some() { Ok(None) } else { label(desk, about, to).map(Some) }
}

const NEEDED: &str = "say what is missing: --help lists what is needed";

fn group(desk: &mut Desk, args: &GroupArgs, how: How<'_>) -> Result<u8> {
    let (here, now) = (desk.here(), desk.now());
    let (id, was) = before::<WorkingGroup>(desk, args.id.as_ref(), "working group")?;
    let was = was.as_ref();
    let members = delegations(&args.members)?.into_iter().map(|mut member| {
        member.contact = member.head.take();
        member
    });
    let members: Vec<_> = members.collect();
    let said = WorkingGroup {
        name: args.name.clone().or_else(|| was.map(|w| w.name.clone())).context(NEEDED)?,
        description: args.description.clone().or_else(|| was?.description.clone()),
        about: args.about.clone().or_else(|| was.map(|w| w.about.clone())).context(NEEDED)?,
        chair: match &args.chair {
            Some(code) => folder::nation(code)?,
            None => was.map_or(here, |w| w.chair),
        },
        members: if members.is_empty() {
            was.map(|w| w.members.clone()).unwrap_or_default()
        } else {
            members
        },
        ended: if args.ended { Some(now) } else { was.and_then(|w| w.ended) },
    };
    let label = label_for(desk, id.as_ref(), &said.about, &args.to)?;
    say(desk, New { id, content: said.content(), label, author: args.to.author.clone() }, how)
}

fn activity(desk: &mut Desk, args: &ActivityArgs, how: How<'_>) -> Result<u8> {
    let now = desk.now();
    let (id, was) = before::<Activity>(desk, args.id.as_ref(), "activity")?;
    let was = was.as_ref();
    let about = args.about.clone().or_else(|| was.map(|w| w.about.clone())).context(NEEDED)?;
    let ends = args.ends.as_ref().map(|text| end_time(text, now)).transpose()?;
    let group = args.group.as_ref().map(|id| anyhow::Ok(meant(desk.picture()?, id)?));
    let said = Activity {
        name: args.name.clone().or_else(|| was.map(|w| w.name.clone())).context(NEEDED)?,
        description: args.description.clone().or_else(|| was?.description.clone()),
        kind: args
            .kind
            .clone()
            .or_else(|| was.map(|w| w.kind.clone()))
            .unwrap_or_else(|| "meeting".into()),
        begins: some_time(args.begins.as_ref(), now)?.or(was.map(|w| w.begins)).context(NEEDED)?,
        ends: ends.or(was.map(|w| w.ends)).context(NEEDED)?,
        place: args.place.clone().or_else(|| was?.place.clone()),
        participants: match (args.participants.as_slice(), was) {
            ([], Some(was)) => was.participants.clone(),
            (names, _) => nations(desk, &about, names)?,
        },
        working_group_ref: group.transpose()?.or_else(|| was?.working_group_ref.clone()),
        state: args.state.or(was.map(|w| w.state)).unwrap_or(ActivityState::Planned),
        about,
    };
    let label = label_for(desk, id.as_ref(), &said.about, &args.to)?;
    say(desk, New { id, content: said.content(), label, author: args.to.author.clone() }, how)
}

fn recognise(desk: &mut Desk, args: &RecogniseArgs, how: How<'_>) -> Result<u8> {
    let now = desk.now();
    let (id, was) = before::<Recognition>(desk, args.id.as_ref(), "recognition")?;
    let was = was.as_ref();
    let document = args.document.as_ref().map(|path| {
        let bytes = std::fs::read(path).with_context(|| format!("{} not read", path.display()))?;
        anyhow::Ok(hex(&Sha256::digest(bytes)))
    });
    let text = |new: &Option<String>, old: fn(&Recognition) -> &String| {
        new.clone().or_else(|| was.map(|was| old(was).clone())).context(NEEDED)
    };
    let said = Recognition {
        name: text(&args.name, |w| &w.name)?,
        description: was.and_then(|w| w.description.clone()),
        about: text(&args.about, |w| &w.about)?,
        kind: text(&args.kind, |w| &w.kind)?,
        reference: text(&args.reference, |w| &w.reference)?,
        issued_by: text(&args.issued_by, |w| &w.issued_by)?,
        scope: args.scope.clone().or_else(|| was?.scope.clone()),
        state: args.state.or(was.map(|w| w.state)).unwrap_or(RecognitionState::Proposed),
        reason: args.reason.clone().or_else(|| was?.reason.clone()),
        valid_from: some_time(args.valid_from.as_ref(), now)?.or(was.and_then(|w| w.valid_from)),
        valid_until: some_time(args.valid_until.as_ref(), now)?.or(was.and_then(|w| w.valid_until)),
        document_sha256: document.transpose()?.or_else(|| was?.document_sha256.clone()),
    };
    let label = label_for(desk, id.as_ref(), &said.about, &args.to)?;
    say(desk, New { id, content: said.content(), label, author: args.to.author.clone() }, how)
}

fn capability(desk: &mut Desk, args: &CapabilityArgs, how: How<'_>) -> Result<u8> {
    let now = desk.now();
    let (id, was) = before::<Capability>(desk, args.id.as_ref(), "need or offer")?;
    let was = was.as_ref();
    let answers = args.answers.as_ref().map(|id| anyhow::Ok(meant(desk.picture()?, id)?));
    let ends = args.ends.as_ref().map(|text| end_time(text, now)).transpose()?;
    let said = Capability {
        name: args.name.clone().or_else(|| was.map(|w| w.name.clone())).context(NEEDED)?,
        description: args.description.clone().or_else(|| was?.description.clone()),
        about: args.about.clone().or_else(|| was.map(|w| w.about.clone())).context(NEEDED)?,
        kind: args.kind.or(was.map(|w| w.kind)).context(NEEDED)?,
        quantity: args.quantity.clone().or_else(|| was?.quantity.clone()),
        begins: some_time(args.begins.as_ref(), now)?.or(was.and_then(|w| w.begins)),
        ends: ends.or(was.and_then(|w| w.ends)),
        answers_ref: answers.transpose()?.or_else(|| was?.answers_ref.clone()),
        state: args.state.or(was.map(|w| w.state)).unwrap_or(CapabilityState::Open),
        reason: args.reason.clone().or_else(|| was?.reason.clone()),
    };
    let label = label_for(desk, id.as_ref(), &said.about, &args.to)?;
    say(desk, New { id, content: said.content(), label, author: args.to.author.clone() }, how)
}

fn assess(desk: &mut Desk, args: &AssessArgs, how: How<'_>) -> Result<u8> {
    let (here, now) = (desk.here(), desk.now());
    let subject: Option<Filed> = args.subject.as_ref().map(|id| find(desk, id)).transpose()?;
    let mut rests_on = Vec::new();
    for id in &args.evidence {
        rests_on.push(evidence(desk, id)?);
    }
    let about = match (&args.about, &subject) {
        (Some(about), _) => about.clone(),
        (None, Some(subject)) => entente_view_programme::write::about(&subject.content)
            .map(str::to_owned)
            .with_context(|| format!("{} is about no part of a programme", subject.id))?,
        (None, None) => anyhow::bail!(NEEDED),
    };
    let said = Assessment {
        about: args.about.clone(),
        subject_ref: subject.map(|subject| subject.id),
        begins: time(&args.begins, now)?,
        ends: end_time(&args.ends, now)?,
        completion: args.completion,
        rating: args.rating,
        text: words(&args.text)?,
        assessor: args.assessor.clone(),
        evidence: rests_on,
    };
    check_assessment(desk.picture()?, &said, here)?;
    check_assessed(desk, &said)?;
    let label = Some(label(desk, &about, &args.to)?);
    say(desk, New { id: None, content: said.content(), label, author: args.to.author.clone() }, how)
}

fn calendar(desk: &mut Desk, asked: &AskedNotes, path: &Path, how: How<'_>) -> Result<u8> {
    let picture = desk.picture()?.clone();
    let found = notes(&picture, asked);
    let rows = found.iter().filter_map(|note| {
        let said = note.filed.says::<Activity>()?;
        Some((note.filed, said, marked(desk, note.filed)))
    });
    let rows: Vec<_> = rows.collect();
    let labels = rows.iter().map(|(_, _, label)| label.shown.clone()).collect();
    write_file(path, activities(&picture, rows).as_bytes(), &labels, how)
}

fn list(desk: &mut Desk, asked: &AskedNotes, how: How<'_>) -> Result<u8> {
    let picture = desk.picture()?.clone();
    let (mut lines, mut rows) = (Vec::new(), Vec::new());
    for note in notes(&picture, asked) {
        let kind = note.filed.content.type_name().trim_start_matches("entente-");
        lines.push(format!(
            "{}  {:<13} {}  {}  ({}{})",
            short(&note.filed.id),
            kind,
            note.name,
            note.state,
            note.filed.by,
            note.about.map_or(String::new(), |about| format!(", {about}")),
        ));
        rows.push(shown(desk, note.filed));
    }
    if lines.is_empty() {
        lines.push("nothing of that kind is noted yet".to_owned());
    }
    how.printer.either(&json!(rows), &lines)?;
    Ok(0)
}
