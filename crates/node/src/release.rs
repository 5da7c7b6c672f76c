//! `entente release`: explain, queue, approve, review.

use anyhow::{Result, bail};
use entente_intake::acts::{ApprovalAct, UserAct, kind};
use entente_intake::{Desk, hex, latest};
use entente_release::decide::{Decision, Outcome};
use serde_json::json;
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
    }
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
    printer.line(format!("{object} would go to {}", nations.join(", ")))?;
    let key = people::unlock(folder, releaser)?;
    if dry {
        printer.either(&json!({ "id": object, "to": nations, "dry_run": true }), &[])?;
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
    let document = json!({ "id": object, "to": nations, "released_now": followed });
    let lines = [format!("approved by {releaser}; {followed} released now")];
    printer.either(&document, &lines)?;
    Ok(0)
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
