//! `entente release`: explain, queue, approve, review.

use anyhow::{Result, bail};
use entente_intake::acts::{ApprovalAct, UserAct, kind};
use entente_intake::{Desk, hex, latest};
use entente_object::time::Timestamp;
use entente_release::decide::{Decision, Outcome};
use entente_release::{Nation, NationSet};
use serde_json::{Map, Value, json};
use std::path::Path;
use std::time::Duration;

use crate::cli::Release;
use crate::folder;
use crate::import;
use crate::people;
use crate::print::{Printer, progress};

/// Runs one of the commands.
pub(crate) fn run(folder: &Path, command: &Release, dry: bool, printer: Printer) -> Result<u8> {
    let mut desk = folder::open(folder)?;
    match command {
        Release::Explain { object, to } => explain(&mut desk, object, to, printer),
        Release::Preview(args) => import::preview(&mut desk, args, printer),
        Release::Queue => queue(&desk, printer),
        Release::Approve { object, releaser, hours } => {
            approve(folder, &mut desk, (object, releaser, *hours), (dry, printer))
        }
        Release::Review => review(&mut desk, dry, printer),
        Release::Recall { object, from, why, by } => {
            recall(&mut desk, (object, from), (why, by.as_deref()), (dry, printer))
        }
        Release::Recalls => recalls(&desk, printer),
    }
}

fn recall(
    desk: &mut Desk,
    (object, from): (&str, &[String]),
    (why, by): (&str, Option<&str>),
    (dry, printer): (bool, Printer),
) -> Result<u8> {
    let nations: Result<NationSet> = from.iter().map(|code| folder::nation(code)).collect();
    let nations = nations?;
    for nation in nations.iter() {
        desk.partner(nation)?;
    }
    if dry {
        let mut lines = Vec::new();
        for nation in nations.iter() {
            let has = desk.explain(object, nation)?.released;
            let had = if has { "has it, and would be told" } else { "does not have it" };
            lines.push(format!("{nation} {had}"));
        }
        printer.either(&json!({ "id": object, "from": from, "dry_run": true }), &lines)?;
        return Ok(0);
    }
    let act = desk.recall(object, &nations, (why, by))?;
    let mut lines = vec![format!("{object} is no longer releasable to {}", from.join(", "))];
    for nation in act.entries.keys() {
        let met = desk.peer(folder::nation(nation)?).is_some();
        lines.push(if met {
            format!("{nation} had it and is told; until its node answers: not acknowledged")
        } else {
            format!("{nation} had it, and has no node that could acknowledge: tell its people")
        });
    }
    lines.push("what was sent cannot be un-sent".to_owned());
    let told: Vec<&String> = act.entries.keys().collect();
    printer.either(&json!({ "id": object, "from": from, "told": told }), &lines)?;
    Ok(0)
}

fn recalls(desk: &Desk, printer: Printer) -> Result<u8> {
    let (mut rows, mut lines) = (Vec::new(), Vec::new());
    for recall in desk.recalls()? {
        let at = Timestamp::from_unix_micros(recall.at).to_stix();
        let states: Vec<String> = recall
            .acknowledged
            .iter()
            .map(|(nation, done)| {
                format!("{nation} {}", if *done { "acknowledged" } else { "not acknowledged" })
            })
            .collect();
        let states = if states.is_empty() { "nobody had it".to_owned() } else { states.join(", ") };
        lines.push(format!("{at}  {}  {states}  ({})", recall.act.id, recall.act.why));
        let acknowledged: Map<String, Value> = recall
            .acknowledged
            .iter()
            .map(|(nation, done)| (nation.to_string(), (*done).into()))
            .collect();
        rows.push(json!({
            "at": at, "id": recall.act.id, "from": recall.act.from, "why": recall.act.why,
            "by": recall.act.by, "acknowledged": acknowledged,
        }));
    }
    if lines.is_empty() {
        lines.push("nothing was taken back".to_owned());
    }
    printer.either(&json!(rows), &lines)?;
    Ok(0)
}

fn explain(desk: &mut Desk, object: &str, to: &str, printer: Printer) -> Result<u8> {
    let told = desk.explain(object, folder::nation(to)?)?;
    let allowed = told.decision == Decision::Allow;
    let mut lines = vec![format!("{}  [{}]", told.id, told.label)];
    lines.push(match &told.decision {
        Decision::Allow => format!("allowed for {}", told.partner),
        Decision::Deny(condition, reason) => {
            format!("denied for {}: condition {}: {reason}", told.partner, condition.number())
        }
    });
    let mut conditions = Vec::new();
    for (condition, outcome) in &told.conditions {
        let (mark, why) = match outcome {
            Outcome::Holds => ("yes", String::new()),
            Outcome::Fails(reason) => ("NO ", format!(": {reason}")),
        };
        lines.push(format!("  {mark} {:>2}. {}{why}", condition.number(), condition.describe()));
        conditions.push(json!({
            "number": condition.number(), "asks": condition.describe(),
            "holds": *outcome == Outcome::Holds,
            "reason": match outcome { Outcome::Holds => None, Outcome::Fails(r) => Some(r.to_string()) },
        }));
    }
    if let Some(clause) = &told.clause {
        lines.push(format!("clause: {clause}"));
    }
    lines.extend(told.withheld.iter().map(|id| format!("mentions what is withheld: {id}")));
    let has = if told.released { "has it" } else { "does not have it" };
    lines.push(format!("{} {has}", told.partner));
    let document = json!({
        "id": told.id, "label": told.label, "partner": told.partner.to_string(),
        "allowed": allowed, "released": told.released, "clause": told.clause,
        "conditions": conditions,
        "withheld": told.withheld.iter().map(ToString::to_string).collect::<Vec<_>>(),
    });
    printer.either(&document, &lines)?;
    Ok(u8::from(!allowed))
}

fn queue(desk: &Desk, printer: Printer) -> Result<u8> {
    let mut lines = Vec::new();
    let mut rows = Vec::new();
    for waiting in desk.home().waiting()? {
        let put = desk.home().put(waiting.object)?;
        let id = format!("{}--{}", put.object_type, put.uuid);
        let to: Vec<String> =
            desk.nations(waiting.partners).iter().map(|nation| nation.to_string()).collect();
        let needs = waiting.approvals.iter().map(|(_, count)| *count).max().unwrap_or(0);
        let why = match needs {
            0 => "for its time, or for what it mentions".to_owned(),
            1 => "for a releaser: `entente release approve`".to_owned(),
            many => format!("for {many} releasers: `entente release approve`"),
        };
        lines.push(format!("{id} waits {why}; for {}", to.join(", ")));
        rows.push(json!({ "id": id, "to": to, "releasers": needs }));
    }
    if lines.is_empty() {
        lines.push("nothing waits".to_owned());
    }
    printer.either(&json!(rows), &lines)?;
    Ok(0)
}

fn approve(
    folder: &Path,
    desk: &mut Desk,
    (object, releaser, hours): (&str, &str, u32),
    (dry, printer): (bool, Printer),
) -> Result<u8> {
    let users = latest(desk.home(), kind::USER, |user: &UserAct| user.name.clone())?;
    let Some(user) = users.into_iter().find(|user| user.name == releaser) else {
        bail!("{releaser} is not here: `entente user add {releaser} --role releaser` first");
    };
    let known = desk.newest(object)?;
    let expires = desk.now().saturating_add(Duration::from_hours(u64::from(hours)));
    // Times are recorded in microseconds: what is signed must read back the same.
    let expires = entente_object::time::Timestamp::from_unix_micros(expires.unix_micros());
    let subject = desk.subject(known.seq, expires)?;
    let nations: Vec<String> = subject.recipients.iter().map(|n| n.to_string()).collect();
    let key = desk.home().put(known.seq)?.key();
    let last = desk.last_released(&known, key)?;
    let mut document = Map::new();
    document.insert("id".to_owned(), object.into());
    document.insert("to".to_owned(), nations.clone().into());
    printer.line(format!("{object} would go to {}", nations.join(", ")))?;
    printer.line(since_last(&subject.recipients, last.as_ref(), &mut document))?;
    let key = people::unlock(folder, releaser)?;
    if dry {
        document.insert("dry_run".to_owned(), true.into());
        printer.either(&document.into(), &[])?;
        return Ok(0);
    }
    let act = ApprovalAct {
        object: known.seq,
        releaser: releaser.to_owned(),
        key: user.key,
        digest: hex(&subject.object),
        label: hex(&subject.label),
        recipients: nations.clone(),
        policy: hex(&subject.policy.0),
        expires: expires.unix_micros(),
        signature: hex(&key.sign_bytes(&subject.to_bytes())),
    };
    let followed = desk.approve(&act)?;
    document.insert("released_now".to_owned(), followed.into());
    let lines = [format!("approved by {releaser}; {followed} released now")];
    printer.either(&document.into(), &lines)?;
    Ok(0)
}

/// How the recipients differ from those of last time, for people and for scripts.
fn since_last(
    now: &NationSet,
    last: Option<&NationSet>,
    document: &mut Map<String, Value>,
) -> String {
    let Some(last) = last else {
        document.insert("last".to_owned(), Value::Null);
        return "nobody has an earlier version".to_owned();
    };
    let codes = |keep: &dyn Fn(&Nation) -> bool, of: &NationSet| -> Vec<String> {
        of.iter().filter(keep).map(|nation| nation.to_string()).collect()
    };
    let added = codes(&|nation| !last.contains(*nation), now);
    let gone = codes(&|nation| !now.contains(*nation), last);
    let all = codes(&|_| true, last);
    document.insert("last".to_owned(), json!(all));
    document.insert("added".to_owned(), json!(added));
    document.insert("gone".to_owned(), json!(gone));
    let named = |codes: Vec<String>| match codes.as_slice() {
        [] => "nobody".to_owned(),
        some => some.join(", "),
    };
    let (all, added, gone) = (named(all), named(added), named(gone));
    format!("the version before went to {all}; new: {added}; no longer: {gone}")
}

fn review(desk: &mut Desk, dry_run: bool, printer: Printer) -> Result<u8> {
    let bar = progress(None, "entries");
    let summary = desk.review(!dry_run, &mut |at| bar.set_position(at))?;
    bar.finish_and_clear();
    let mut lines = vec![match (summary.groups.is_empty(), dry_run) {
        (true, _) => "every object is with whom it should be".to_owned(),
        (false, true) => "these would be released:".to_owned(),
        (false, false) => "these were released:".to_owned(),
    }];
    lines.extend(import::summary_lines(&summary));
    printer.either(&import::summary_json(&summary), &lines)?;
    Ok(0)
}
