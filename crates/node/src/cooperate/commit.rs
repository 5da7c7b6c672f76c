//! `entente commit`: what nations undertook.

use std::io::Read as _;
use std::path::Path;

use anyhow::{Context as _, Result, bail};
use entente_cooperation::content::{Commitment, Content, Milestone};
use entente_cooperation::filed::Said as _;
use entente_cooperation::terms::Completion;
use entente_intake::{Desk, Saying, meant};
use entente_release::NationSet;
use entente_sheet::limits::FILE_MAX;
use entente_sheet::{Problems, delimited, workbook};
use entente_view_programme::calendar::due;
use entente_view_programme::commitments::{read as read_table, sheet};
use entente_view_programme::query::{AskedCommitments, commitments, day};
use entente_view_programme::write::{area_of, evidence};
use serde_json::json;

use super::{
    How, New, end_time, find, label, label_of, marked, nations, of, say, short, shown, some_time,
    write_file,
};
use crate::cli::cooperation::{AsFile, Commit, CommitAdd, CommitList, CommitUpdate, SaidTo};
use crate::folder;

/// Runs one of the commands.
pub(crate) fn run(command: &Commit, how: How<'_>) -> Result<u8> {
    let mut desk = folder::open(how.folder)?;
    match command {
        Commit::Add(args) => add(&mut desk, args, how),
        Commit::Update(args) => update(&mut desk, args, how),
        Commit::List(args) => list(&mut desk, args, how),
        Commit::Import { file, to } => import(&mut desk, file, to, how),
        Commit::Show { id } => show(&mut desk, id, how),
    }
}

fn add(desk: &mut Desk, args: &CommitAdd, how: How<'_>) -> Result<u8> {
    let (here, now) = (desk.here(), desk.now());
    let milestone = |text: &String| {
        let form = || format!("write a milestone as name@time, and not \"{text}\"");
        let (name, due) = text.rsplit_once('@').with_context(form)?;
        let due = end_time(due, now)?;
        anyhow::Ok(Milestone { name: name.to_owned(), due, met: None, evidence: Vec::new() })
    };
    let milestones: Result<Vec<Milestone>> = args.milestones.iter().map(milestone).collect();
    let arises: Result<Vec<String>> =
        args.arises_from.iter().map(|id| Ok(meant(desk.picture()?, id)?)).collect();
    let promised_to = match args.promised_to.as_slice() {
        [] => NationSet::none(),
        some => nations(desk, &args.about, some)?,
    };
    let content = Content::Commitment(Commitment {
        name: args.name.clone(),
        description: args.description.clone(),
        about: args.about.clone(),
        owner: here,
        responsible: args.responsible.clone(),
        promised_to,
        arises_from_refs: arises?,
        begins: some_time(args.begins.as_ref(), now)?,
        due: end_time(&args.due, now)?,
        milestones: milestones?,
        completion: Completion::NotStarted,
        completed: None,
        remark: None,
        evidence: Vec::new(),
        dropped: false,
    });
    let label = Some(label(desk, &args.about, &args.to)?);
    say(desk, New { id: None, content, label, author: args.to.author.clone() }, how)
}

fn update(desk: &mut Desk, args: &CommitUpdate, how: How<'_>) -> Result<u8> {
    let now = desk.now();
    let filed = find(desk, &args.id)?;
    let mut said = of::<Commitment>(&filed, "commitment")?.clone();
    if said.dropped {
        bail!("{} was given up: undertake it anew with `entente commit add`", said.name);
    }
    for id in &args.evidence {
        said.evidence.push(evidence(desk, id)?);
    }
    for name in &args.met {
        let found = said.milestones.iter_mut().find(|one| one.name == *name);
        let Some(milestone) = found else {
            let names: Vec<&str> = said.milestones.iter().map(|one| one.name.as_str()).collect();
            bail!("it has no milestone \"{name}\"; it has: {}", names.join(", "));
        };
        milestone.met = Some(now);
    }
    said.completion = args.completion.unwrap_or(said.completion);
    if said.completion == Completion::Complete {
        if said.evidence.is_empty() {
            bail!("what is complete is shown: add --evidence ID of an object that shows it");
        }
        said.completed = said.completed.or(Some(now));
    }
    if let Some(due) = &args.due {
        said.due = end_time(due, now)?;
    }
    said.remark = args.remark.clone().or(said.remark);
    said.dropped = args.drop;
    let author = args.author.clone();
    say(desk, New { id: Some(filed.id), content: said.content(), label: None, author }, how)
}

fn list(desk: &mut Desk, args: &CommitList, how: How<'_>) -> Result<u8> {
    let (here, now) = (desk.here(), desk.now());
    let asked = AskedCommitments {
        ours: args.ours,
        to_us: args.to_us,
        late: args.late,
        owner: args.owner.as_deref().map(folder::nation).transpose()?,
        about: args.about.clone(),
    };
    let picture = desk.picture()?.clone();
    let found = commitments(&picture, &asked, here, now);
    let AsFile { csv, xlsx, ics } = &args.as_file;
    if let Some(path) = csv.as_ref().or(xlsx.as_ref()).or(ics.as_ref()) {
        let labels = found.iter().map(|row| label_of(desk, row.filed)).collect();
        let bytes = if ics.is_some() {
            due(&picture, found.iter().map(|row| (row.filed, row.said, marked(desk, row.filed))))
                .into_bytes()
        } else {
            let rows = found.into_iter().map(|row| {
                let label = label_of(desk, row.filed);
                (row, label)
            });
            let sheet = sheet(rows);
            if csv.is_some() { delimited::write(&sheet)? } else { workbook::write(&[sheet])? }
        };
        return write_file(path, &bytes, &labels, how);
    }
    let (mut lines, mut rows) = (Vec::new(), Vec::new());
    for row in found {
        let state = if row.said.dropped { "given up" } else { row.said.completion.as_str() };
        let due = match row.next {
            None => String::new(),
            Some((what, due)) if row.late => format!("  LATE since {}: {what}", day(due)),
            Some((what, due)) if what == row.said.name => format!("  due {}", day(due)),
            Some((what, due)) => format!("  next {}: {what}", day(due)),
        };
        let (name, owner) = (&row.said.name, row.said.owner);
        lines.push(format!("{}  {owner}  {state:<12} {name}{due}", short(&row.filed.id)));
        let mut document = shown(desk, row.filed);
        if let Some(document) = document.as_object_mut() {
            document.insert("late".to_owned(), row.late.into());
            let next = row.next.map(|(what, due)| json!({ "what": what, "due": due.to_stix() }));
            document.insert("next".to_owned(), next.into());
        }
        rows.push(document);
    }
    if lines.is_empty() {
        lines.push("no commitment of that kind".to_owned());
    }
    how.printer.either(&json!(rows), &lines)?;
    Ok(0)
}

/// Takes a table over: all of it, or nothing.
fn import(desk: &mut Desk, path: &Path, to: &SaidTo, how: How<'_>) -> Result<u8> {
    let bytes = read_file(path)?;
    let name = path.file_name().map_or("-".into(), |name| name.to_string_lossy());
    let sheets = entente_sheet::read(&bytes, &name)
        .with_context(|| format!("{} was not read", path.display()))?;
    let here = desk.here();
    let changes = match read_table(&sheets, desk.picture()?, here) {
        Ok(changes) => changes,
        Err(problems) => return refused(&problems, how),
    };
    let (mut problems, mut sayings) = (Problems::default(), Vec::new());
    for change in &changes {
        let said = &change.said;
        // What is changed keeps its label.
        let label = match (&change.id, label(desk, &said.about, to)) {
            (None, Err(cause)) => {
                change.refuse_about(format!("{cause:#}"), &mut problems);
                continue;
            }
            (None, Ok(label)) => Some(label),
            (Some(_), _) => None,
        };
        if let Err(cause) = area_of(desk, &said.about) {
            change.refuse_about(cause.to_string(), &mut problems);
        }
        let uuid = uuid::Builder::from_random_bytes(folder::random::<16>()?).into_uuid();
        let (id, content) = (change.id.clone(), Content::Commitment(said.clone()));
        sayings.push(Saying { id, content, label, author: to.author.clone(), uuid });
    }
    if !problems.is_empty() {
        return refused(&problems, how);
    }
    let told = match desk.say_all(&sayings, how.dry) {
        Ok(told) => told,
        Err((at, cause)) => {
            let Some(change) = changes.get(at) else { return Err(cause.into()) };
            change.refuse(cause.to_string(), &mut problems);
            return refused(&problems, how);
        }
    };
    let verb = if how.dry { "would be" } else { "were" };
    let new = changes.iter().filter(|change| change.id.is_none()).count();
    let old = changes.len() - new;
    let mut lines = vec![format!("{new} {verb} added, {old} {verb} changed")];
    for (one, change) in told.iter().zip(&changes) {
        lines.push(format!("{}  {}  [{}]", short(&one.id), change.said.name, one.label));
    }
    let ids: Vec<&String> = told.iter().map(|one| &one.id).collect();
    let document = json!({ "added": new, "changed": old, "ids": ids, "dry_run": how.dry });
    how.printer.either(&document, &lines)?;
    Ok(0)
}

/// Tells what is wrong with a table. Nothing of it was taken over.
fn refused(problems: &Problems, how: How<'_>) -> Result<u8> {
    let mut lines = problems.lines();
    lines.push("nothing was taken over: put this right, and import the file again".to_owned());
    how.printer.either(&json!({ "problems": problems.lines() }), &lines)?;
    Ok(1)
}

/// A file within the limit; `-` reads standard input.
fn read_file(path: &Path) -> Result<Vec<u8>> {
    let wrong = || format!("{} could not be read", path.display());
    let most = u64::try_from(FILE_MAX).unwrap_or(u64::MAX).saturating_add(1);
    let mut bytes = Vec::new();
    if path == Path::new("-") {
        std::io::stdin().lock().take(most).read_to_end(&mut bytes).with_context(wrong)?;
    } else {
        let file = std::fs::File::open(path).with_context(wrong)?;
        file.take(most).read_to_end(&mut bytes).with_context(wrong)?;
    }
    Ok(bytes)
}

fn show(desk: &mut Desk, id: &str, how: How<'_>) -> Result<u8> {
    let filed = find(desk, id)?;
    let said = of::<Commitment>(&filed, "commitment")?.clone();
    let mut lines = vec![format!("{}  [{}]", said.name, label_of(desk, &filed))];
    lines.push(format!("{}  {}: {}", filed.id, said.owner, said.completion));
    lines.push(format!("about {}; {}; due {}", said.about, said.responsible, day(said.due)));
    if let Some(remark) = &said.remark {
        let word = if said.dropped { "given up: " } else { "" };
        lines.push(format!("{word}{remark}"));
    }
    for one in &said.milestones {
        let met = one.met.map_or("open".to_owned(), |met| format!("met {}", day(met)));
        lines.push(format!("  {}  {}  {met}", day(one.due), one.name));
    }
    for one in &said.evidence {
        let what = one.description.as_deref().unwrap_or("an object");
        let digest = one.object_sha256.as_deref().unwrap_or_default();
        lines.push(format!("  evidence: {what}, SHA-256 {digest}"));
    }
    how.printer.either(&shown(desk, &filed), &lines)?;
    Ok(0)
}
