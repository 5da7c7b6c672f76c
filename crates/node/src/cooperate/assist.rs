//! `entente respond assist`: asking for help and giving it, message by message.

use anyhow::{Context as _, Result, bail};
use entente_cooperation::Picture;
use entente_cooperation::assistance::{Answered, Exchange, Stage, Thread, exchange, exchanges};
use entente_cooperation::content::Assistance;
use entente_cooperation::filed::Said as _;
use entente_cooperation::terms::AssistanceMessage;
use entente_intake::{Desk, meant};
use entente_object::time::Timestamp;
use entente_release::{Nation, NationSet};
use serde_json::{Value, json};

use super::{How, New, find, label, label_of, of, say, short, shown, some_time, words};
use crate::cli::cooperation::SaidTo;
use crate::cli::response::{Assist, AssistBegin, AssistSend, What};
use crate::folder;

/// Runs one of the commands.
pub(crate) fn run(desk: &mut Desk, command: &Assist, how: How<'_>) -> Result<u8> {
    match command {
        Assist::Request(args) => begin(desk, AssistanceMessage::RequestResource, args, how),
        Assist::Offer(args) => begin(desk, AssistanceMessage::OfferUnsolicitedResource, args, how),
        Assist::Send(args) => send(desk, args, how),
        Assist::List { open } => list(desk, *open, how),
        Assist::Show { id } => show(desk, id, how),
    }
}

fn nations(codes: &[String]) -> Result<NationSet> {
    let nations: Vec<Nation> =
        codes.iter().map(|code| folder::nation(code)).collect::<Result<_>>()?;
    Ok(nations.into_iter().collect())
}

fn with(said: Assistance, what: &What, now: Timestamp) -> Result<Assistance> {
    Ok(Assistance {
        quantity: what.quantity.clone().or(said.quantity.clone()),
        begins: some_time(what.begins.as_ref(), now)?,
        ends: some_time(what.ends.as_ref(), now)?,
        place: what.place.clone(),
        ..said
    })
}

fn begin(
    desk: &mut Desk,
    message: AssistanceMessage,
    args: &AssistBegin,
    how: How<'_>,
) -> Result<u8> {
    let now = desk.now();
    let situation = args.situation.as_ref().map(|id| anyhow::Ok(meant(desk.picture()?, id)?));
    let said = Assistance {
        message,
        originating_ref: None,
        preceding_ref: None,
        situation_ref: situation.transpose()?,
        subject_refs: Vec::new(),
        about: args.about.clone(),
        addressed_to: nations(&args.nations)?,
        resource: args.resource.clone(),
        quantity: None,
        begins: None,
        ends: None,
        place: None,
        answer: None,
        reason: None,
        deployment: None,
        text: words(&args.text)?,
        contact: args.contact.clone(),
        answer_by: some_time(args.answer_by.as_ref(), now)?,
    };
    let said = with(said, &args.what, now)?;
    // It goes to those who are asked, unless people say more.
    let mut to = args.said_to.clone();
    if to.rel_to.is_empty() {
        to.rel_to.clone_from(&args.nations);
    }
    let label = Some(label(desk, &args.about, &to)?);
    say(desk, New { id: None, content: said.content(), label, author: to.author }, how)
}

fn send(desk: &mut Desk, args: &AssistSend, how: How<'_>) -> Result<u8> {
    let now = desk.now();
    let before = find(desk, &args.answers)?;
    let preceding = of::<Assistance>(&before, "message of assistance")?.clone();
    let picture = desk.picture()?.clone();
    let Some(exchange) = exchange(&picture, &before.id) else {
        bail!("the message that {} belongs to is not here", short(&before.id));
    };
    let said = Assistance {
        message: args.message,
        originating_ref: Some(exchange.opening.id.clone()),
        preceding_ref: Some(before.id.clone()),
        addressed_to: nations(&args.nations)?,
        answer: args.answer,
        reason: args.reason.clone(),
        deployment: args.deployment.clone(),
        text: words(&args.text)?,
        contact: args.contact.clone(),
        answer_by: None,
        ..preceding
    };
    let said = with(said, &args.what, now)?;
    // Without other words it goes to all who may have what it answers, whose maker first.
    let to = SaidTo {
        rel_to: if args.said_to.rel_to.is_empty() {
            let at = usize::try_from(before.place.label).unwrap_or(usize::MAX);
            let known = desk.home().labels().get(at).map(|interned| interned.label.rel_to.clone());
            let known = known.unwrap_or_else(NationSet::none);
            let here = desk.here();
            let all = known.iter().chain([before.by, exchange.opening.by]);
            all.filter(|nation| *nation != here).map(|nation| nation.to_string()).collect()
        } else {
            args.said_to.rel_to.clone()
        },
        ..args.said_to.clone()
    };
    let label = Some(label(desk, &said.about, &to)?);
    say(desk, New { id: None, content: said.content(), label, author: to.author }, how)
}

fn answered(exchange: &Exchange<'_>, thread: &Thread<'_>, now: Timestamp) -> Option<&'static str> {
    Some(match thread.is_answered(exchange.said.answer_by, now)? {
        Answered::InTime => "answered in time",
        Answered::Late => "answered late",
        Answered::NotYet => "not answered yet",
        Answered::Missed => "did not answer in time",
    })
}

fn rows(exchange: &Exchange<'_>, now: Timestamp) -> Vec<Value> {
    let row = |(nation, thread): (&Nation, &Thread<'_>)| {
        let waiting = thread.waiting.iter().map(
            |(question, side)| json!({ "question": question.as_str(), "asked_by": side.as_str() }),
        );
        json!({
            "nation": nation.to_string(), "stage": thread.stage.as_str(),
            "waiting": waiting.collect::<Vec<_>>(), "until": thread.until.map(Timestamp::to_stix),
            "deployment": thread.deployment, "answered": answered(exchange, thread, now),
            "messages": thread.messages.iter().map(|one| one.id.as_str()).collect::<Vec<_>>(),
        })
    };
    exchange.threads.iter().map(row).collect()
}

fn document(exchange: &Exchange<'_>, now: Timestamp) -> Value {
    let faults = exchange.faults.iter().map(
        |fault| json!({ "id": fault.id, "by": fault.by.to_string(), "why": fault.why.to_string() }),
    );
    json!({
        "id": exchange.opening.id, "by": exchange.opening.by.to_string(),
        "message": exchange.said.message.as_str(), "resource": exchange.said.resource,
        "nations": rows(exchange, now), "faults": faults.collect::<Vec<_>>(),
    })
}

fn list(desk: &mut Desk, open: bool, how: How<'_>) -> Result<u8> {
    let now = desk.now();
    let picture = desk.picture()?.clone();
    let (all, orphans) = exchanges(&picture);
    let is_over = |thread: &Thread<'_>| matches!(thread.stage, Stage::Declined | Stage::Released);
    let (mut lines, mut documents) = (Vec::new(), Vec::new());
    for one in &all {
        if open && !one.threads.is_empty() && one.threads.values().all(is_over) {
            continue;
        }
        let stands: Vec<String> = one
            .threads
            .iter()
            .map(|(nation, thread)| format!("{nation} {}", thread.stage))
            .collect();
        let stands = if stands.is_empty() { "nobody yet".to_owned() } else { stands.join(", ") };
        lines.push(format!(
            "{}  {} of {}: {}  ({stands})",
            short(&one.opening.id),
            one.said.message,
            one.opening.by,
            one.said.resource
        ));
        documents.push(document(one, now));
    }
    for fault in &orphans {
        lines.push(format!("{}  of {}: {}", short(&fault.id), fault.by, fault.why));
    }
    if lines.is_empty() {
        lines.push("nobody asked for help yet: `entente respond assist request`".to_owned());
    }
    how.printer.either(&json!(documents), &lines)?;
    Ok(0)
}

fn show(desk: &mut Desk, id: &str, how: How<'_>) -> Result<u8> {
    let (now, here) = (desk.now(), desk.here());
    let filed = find(desk, id)?;
    of::<Assistance>(&filed, "message of assistance")?;
    let picture = desk.picture()?.clone();
    let exchange = exchange(&picture, &filed.id);
    let exchange = exchange.with_context(|| format!("the beginning of {id} is not here"))?;
    let said = exchange.said;
    let mut lines = vec![
        format!("{}  [{}]", said.resource, label_of(desk, exchange.opening)),
        format!("{}  {} of {}", exchange.opening.id, said.message, exchange.opening.by),
        said.text.clone(),
    ];
    let mut next = Vec::new();
    for (nation, thread) in &exchange.threads {
        let told = answered(&exchange, thread, now).map_or(String::new(), |t| format!(", {t}"));
        let deployment = thread.deployment.map_or(String::new(), |text| format!(", {text}"));
        lines.push(format!("  {nation}  {}{told}{deployment}", thread.stage));
        for message in &thread.messages {
            let Some(said) = message.says::<Assistance>() else { continue };
            let answer = said.answer.map_or(String::new(), |answer| format!(" {answer}"));
            lines.push(format!(
                "    {}  {} {}{answer}: {}",
                short(&message.id),
                message.by,
                said.message,
                said.text
            ));
        }
        let ours = here == exchange.opening.by || here == *nation;
        if ours {
            let legal = exchange.legal(here, *nation);
            let names: Vec<&str> = legal.iter().map(|one| one.as_str()).collect();
            lines.push(format!("    {here} may send: {}", names.join(", ")));
            next.push(json!({ "nation": nation.to_string(), "may_send": names }));
        }
    }
    for fault in &exchange.faults {
        lines.push(format!("  FAULT of {} in {}: {}", fault.by, short(&fault.id), fault.why));
    }
    let mut shown = shown(desk, exchange.opening);
    if let (Some(shown), Value::Object(more)) = (shown.as_object_mut(), document(&exchange, now)) {
        shown.extend(more);
        shown.insert("next".to_owned(), next.into());
    }
    how.printer.either(&shown, &lines)?;
    Ok(0)
}

/// The exchanges of a situation, with what happened in them.
pub(crate) fn of_situation(
    picture: &Picture,
    situation: &str,
    events: &mut Vec<(Timestamp, String, String)>,
    now: Timestamp,
) -> Vec<Value> {
    let (mut all, _) = exchanges(picture);
    all.retain(|one| one.said.situation_ref.as_deref() == Some(situation));
    for one in &all {
        let messages = one.threads.values().flat_map(|thread| &thread.messages);
        let mut seen: Vec<&str> = Vec::new();
        for message in std::iter::once(&one.opening).chain(messages) {
            let Some(said) = message.says::<Assistance>() else { continue };
            if seen.contains(&message.id.as_str()) {
                continue;
            }
            seen.push(&message.id);
            let answer = said.answer.map_or(String::new(), |answer| format!(" {answer}"));
            let what = format!("{}{answer}, {}: {}", said.message, said.resource, said.text);
            events.push((message.created, message.by.to_string(), what));
        }
        for fault in &one.faults {
            let at = picture.get(&fault.id).map_or(one.opening.created, |filed| filed.created);
            events.push((at, fault.by.to_string(), format!("FAULT: {}", fault.why)));
        }
    }
    all.iter().map(|one| document(one, now)).collect()
}
