//! `entente feed`: TAXII servers of those who have no node, as sources and as targets.
//!
//! Invariants:
//! * Which feeds there are, and how far each is, is in the log; what is secret of a login is in a file
//!   under `keys/feeds/` that only its owner can read, and is never printed.
//! * A feed runs in a folder that has its file, and in no other: of several replicas, in the one where
//!   it was added, or where people copied the file to.

mod login;
mod poll;
mod push;
mod run;
mod schedule;
mod server;
#[cfg(test)]
mod tests;

pub(crate) use schedule::run_when_due;

use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use entente_intake::acts::{
    FeedAct, FeedLabel, FeedLogin, FeedRefusedAct, FeedState, FeedTroubleAct, FeedWay, kind,
};
use entente_intake::{Desk, feeds_of};
use entente_object::time::Timestamp;
use entente_release::Nation;
use entente_store::Reader;
use entente_view_taxii::client::{self, Listed};
use serde_json::{Value, json};

use crate::cli::{Feed, FeedAdd, LabelArgs, LoginArgs};
use crate::doors::Door;
use crate::fetch;
use crate::folder;
use crate::import;
use crate::print::{Printer, progress};
use login::Login;
use run::{Go, Ran};
use server::{Limits, Server};

/// The longest name: it stands in messages and tables.
const NAME_CHARS_MAX: usize = 40;

/// The longest address, and the longest id of a collection.
const ADDRESS_BYTES_MAX: usize = 1024;

/// Refusals that are listed of each feed: a screen of them.
const REFUSALS_SHOWN: usize = 10;

/// Runs one of the commands on feeds.
pub(crate) fn run(folder: &Path, command: &Feed, dry: bool, printer: Printer) -> Result<u8> {
    match command {
        Feed::Add(args) => add(folder, args, dry, printer),
        Feed::List => list(folder, printer),
        Feed::Pause { name } => {
            set(folder, name, (FeedState::Paused, &LoginArgs::default()), dry, printer)
        }
        Feed::Resume { name, login } => set(folder, name, (FeedState::Active, login), dry, printer),
        Feed::Remove { name } => {
            set(folder, name, (FeedState::Removed, &LoginArgs::default()), dry, printer)
        }
        Feed::Run { name, all } => run_now(folder, (name.as_deref(), *all), dry, printer),
    }
}

fn add(folder: &Path, args: &FeedAdd, dry: bool, printer: Printer) -> Result<u8> {
    let mut desk = folder::open(folder)?;
    let (act, login) = asked_for(&desk, args)?;
    let Some(act) = act else {
        let root = root(args.from.as_deref().or(args.to.as_deref()).unwrap_or_default())?;
        let authority = args.ca.as_deref().map(fetch::authority_of).transpose()?;
        let mut server = Server::new(&root, authority.as_deref(), &login, Limits::RUN)?;
        let listed = client::collections(&server.get(client::COLLECTIONS)?)?;
        return collections(&listed, args, printer);
    };
    let act = desk.check_feed(act)?;
    import::applied(&desk, &label_args(&act.label))?;
    if !dry {
        let act = desk.add_feed(&act)?;
        login.write(folder, act.number)?;
    }
    let name = &act.name;
    let done = if dry { "would be added" } else { "added" };
    let lines = [
        format!("{name} {done}: {}", line(&act)),
        format!(
            "try it: entente feed run {name} --dry-run; `entente serve` runs it when it is due"
        ),
    ];
    let document = json!({ "feed": shown(&act), "added": !dry, "dry_run": dry });
    printer.either(&document, &lines)?;
    Ok(0)
}

/// The feed that the options ask for, without its number; none: no collection is named.
fn asked_for(desk: &Desk, args: &FeedAdd) -> Result<(Option<FeedAct>, Login)> {
    let (way, address) = match (&args.from, &args.to) {
        (Some(from), None) => (FeedWay::From, from),
        (None, Some(to)) => (FeedWay::To, to),
        _ => bail!("name the server: --from or --to https://HOST/API-ROOT/"),
    };
    let nation = match (&args.nation, way) {
        (Some(nation), _) => folder::nation(nation)?,
        (None, FeedWay::From) => desk.here(),
        (None, FeedWay::To) => bail!("name the partner whose server it is: --nation POL"),
    };
    if way == FeedWay::To && nation == desk.here() {
        bail!("{nation} is this node's own nation: a feed gives to another one");
    }
    name_is_good(&args.name)?;
    let (name, root, label) = (args.name.clone(), root(address)?, label(&args.label));
    label_is_good(&label, way, nation == desk.here())?;
    let login = Login::read(&args.login)?;
    let Some(collection) = args.collection.clone() else { return Ok((None, login)) };
    if collection.is_empty() || collection.len() > ADDRESS_BYTES_MAX {
        bail!("\"{}\" is no id of a collection", client::shown(&collection));
    }
    let act = FeedAct {
        number: 0,
        name,
        way,
        root,
        collection,
        nation: nation.to_string(),
        every: args.every.as_secs(),
        login: login.form(),
        authority: args.ca.as_deref().map(fetch::authority_of).transpose()?,
        label,
        since: 0,
        state: FeedState::Active,
    };
    Ok((Some(act), login))
}

fn name_is_good(name: &str) -> Result<()> {
    let good = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if name.is_empty() || name.len() > NAME_CHARS_MAX || !name.chars().all(good) {
        bail!("a feed's name has small letters, digits and hyphens, {NAME_CHARS_MAX} at most");
    }
    Ok(())
}

/// The address of an API root, with its last slash.
fn root(address: &str) -> Result<String> {
    let advice = "give an address like https://taxii.pol.example/api-root/";
    let shown = fetch::shown(address);
    if address.starts_with("http://") {
        bail!("{shown} is not over TLS: {advice}");
    }
    let uri: axum::http::Uri =
        address.parse().with_context(|| format!("\"{shown}\" is no address: {advice}"))?;
    let authority = uri.authority().map(ToString::to_string).unwrap_or_default();
    if authority.contains('@') {
        bail!("{shown} has a login in it: use --user with --password-file, or --token-file");
    }
    let plain = uri.scheme_str() == Some("https") && uri.query().is_none();
    if !plain || authority.is_empty() || address.len() > ADDRESS_BYTES_MAX || address.contains('#')
    {
        bail!("\"{shown}\" is no address of an API root: {advice}");
    }
    Ok(format!("https://{authority}{}/", uri.path().trim_end_matches('/')))
}

/// What a label is good for: what goes has its own, and what is another nation's stays here.
fn label_is_good(label: &FeedLabel, way: FeedWay, is_own: bool) -> Result<()> {
    if way == FeedWay::To && *label != FeedLabel::default() {
        bail!("what goes to a partner has its labels: leave the options of a label out");
    }
    if way == FeedWay::From && !is_own {
        if !label.rel_to.is_empty() {
            bail!("what another nation made is passed on to nobody from here: leave --rel-to out");
        }
        if label.programme.is_none() {
            bail!("say what the partner shares it under: --programme and --area");
        }
    }
    Ok(())
}

fn label(args: &LabelArgs) -> FeedLabel {
    let args = args.clone();
    FeedLabel {
        programme: args.programme,
        area: args.area,
        tlp: args.tlp,
        rel_to: args.rel_to,
        caveats: args.caveats,
        not_before: args.not_before,
        not_after: args.not_after,
    }
}

fn label_args(label: &FeedLabel) -> LabelArgs {
    let label = label.clone();
    LabelArgs {
        programme: label.programme,
        area: label.area,
        tlp: label.tlp,
        rel_to: label.rel_to,
        caveats: label.caveats,
        not_before: label.not_before,
        not_after: label.not_after,
    }
}

fn collections(listed: &[Listed], args: &FeedAdd, printer: Printer) -> Result<u8> {
    let row = |one: &Listed| {
        json!({ "id": one.id, "title": one.title, "can_read": one.can_read,
                "can_write": one.can_write })
    };
    let line = |one: &Listed| {
        let may = match (one.can_read, one.can_write) {
            (true, true) => "read, write",
            (true, false) => "read",
            (false, true) => "write",
            (false, false) => "nothing",
        };
        format!("  {}  {}  ({may})", one.id, one.title)
    };
    let mut lines = vec![match listed {
        [] => "the server has no collection for this login".to_owned(),
        _ => format!("nothing was added yet: {} needs --collection with one of these", args.name),
    }];
    lines.extend(listed.iter().map(line));
    let rows: Vec<Value> = listed.iter().map(row).collect();
    printer.either(&json!({ "added": false, "collections": rows }), &lines)?;
    Ok(2)
}

/// Pauses, resumes or removes a feed.
fn set(
    folder: &Path,
    name: &str,
    (state, login): (FeedState, &LoginArgs),
    dry: bool,
    printer: Printer,
) -> Result<u8> {
    let mut desk = folder::open(folder)?;
    let mut act = desk.feed(name)?;
    let login = Login::read(login)?;
    let fresh = Some(login.form()).filter(|form| *form != FeedLogin::None);
    if !dry {
        if fresh.is_some() {
            login.write(folder, act.number)?;
        }
        act = desk.change_feed(name, |act| {
            act.state = state;
            act.login = fresh.clone().unwrap_or(act.login.clone());
        })?;
        if state == FeedState::Removed {
            Login::remove(folder, act.number)?;
        }
    }
    let what = match state {
        FeedState::Active => "runs when it is due",
        FeedState::Paused => "is paused",
        FeedState::Removed => "is removed; what it brought and gave stays",
    };
    let would = if dry { "after this it " } else { "" };
    let document = json!({ "feed": shown(&act), "state": state, "dry_run": dry });
    printer.either(&document, &[format!("{name}: {would}{what}")])?;
    Ok(0)
}

fn run_now(
    folder: &Path,
    (name, all): (Option<&str>, bool),
    dry: bool,
    printer: Printer,
) -> Result<u8> {
    let desk = folder::open(folder)?;
    let feeds = match (name, all) {
        (Some(name), false) => vec![desk.feed(name)?],
        (None, true) => {
            let active = |feed: &FeedAct| feed.state == FeedState::Active;
            desk.feeds()?.into_iter().filter(active).collect()
        }
        _ => bail!("name a feed, or say --all"),
    };
    let door = Door::new(desk, folder);
    let (mut rows, mut lines, mut code) = (Vec::new(), Vec::new(), 0);
    for feed in feeds {
        let unit = if feed.way == FeedWay::From { "objects" } else { "entries" };
        let bar = progress(None, unit);
        let go = Go { folder, bar: &bar, stop: None, dry };
        let ran = run::run(&door, &feed, &go);
        bar.finish_and_clear();
        match ran {
            Ok(ran) => {
                lines.extend(ran.lines(&feed, dry));
                code = code.max(u8::from(ran.refused > 0));
                rows.push(json!({ "feed": feed.name, "dry_run": dry, "ran": ran }));
            }
            Err(error) => {
                lines.push(format!("{}: {error:#}", feed.name));
                code = 2;
                rows.push(json!({ "feed": feed.name, "dry_run": dry,
                                  "error": format!("{error:#}") }));
            }
        }
    }
    if lines.is_empty() {
        lines.push("no feed runs: `entente feed add` adds one".to_owned());
    }
    printer.either(&Value::Array(rows), &lines)?;
    Ok(code)
}

/// What is told of a feed, without what is secret or long.
fn shown(act: &FeedAct) -> Value {
    let mut row = serde_json::to_value(act).unwrap_or(Value::Null);
    if let Some(members) = row.as_object_mut() {
        members.remove("since");
        let private = act.authority.is_some();
        members.insert("authority".to_owned(), json!(if private { "own" } else { "public" }));
    }
    row
}

fn line(act: &FeedAct) -> String {
    let (way, whose) = match act.way {
        FeedWay::From => ("from", "objects of"),
        FeedWay::To => ("to", "released to"),
    };
    let every = Duration::from_secs(act.every).as_secs();
    let (root, collection, nation) = (&act.root, &act.collection, &act.nation);
    format!("{way} {root} {collection}, {whose} {nation}, every {every} s")
}

fn list(folder: &Path, printer: Printer) -> Result<u8> {
    let desk = folder::open(folder)?;
    let reader = Reader::open(folder)?;
    let (mut rows, mut lines) = (Vec::new(), Vec::new());
    for feed in desk.feeds()? {
        let is_here = Login::is_here(folder, feed.number);
        let trouble = trouble(&reader, feed.number)?;
        let refusals = refusals(&reader, feed.number)?;
        let state = match feed.state {
            FeedState::Paused => "paused",
            FeedState::Active | FeedState::Removed => "active",
        };
        lines.push(format!("{}  {state}  {}", feed.name, line(&feed)));
        let mut row = shown(&feed);
        let far = match feed.way {
            FeedWay::From => {
                let far = desk.polled(feed.number)?;
                let until = far.after.map(Timestamp::from_unix_micros);
                let until = until.map_or("the beginning".to_owned(), Timestamp::to_taxii);
                lines.push(format!(
                    "    {} taken in, {} refused; up to {until}",
                    far.taken, far.refused
                ));
                serde_json::to_value(far)?
            }
            FeedWay::To => {
                let far = desk.pushed(feed.number)?;
                let nation: Nation = folder::nation(&feed.nation)?;
                let of = desk.home().ledger_size(desk.partner(nation)?.partner.index)?;
                lines.push(format!(
                    "    {} of {of} entries: {} given, {} refused, {} taken back, {} taken back and \
                     not acknowledged",
                    far.entries, far.given, far.refused, far.taken_back, far.not_acknowledged
                ));
                let waits = far.pending.iter();
                lines.extend(waits.map(|p| format!("    the server works on {}", p.objects)));
                serde_json::to_value(far)?
            }
        };
        if let Some((at, why)) = &trouble {
            lines.push(format!("    FAILED {at}: {why}"));
        }
        if !is_here {
            lines.push("    does not run here: its login is not in this folder".to_owned());
        }
        lines.extend(refusals.iter().map(|one| format!("    refused: {}: {}", one.id, one.why)));
        if let Some(members) = row.as_object_mut() {
            members.insert("far".to_owned(), far);
            let trouble = trouble.map(|(at, why)| json!({ "at": at, "why": why }));
            members.insert("trouble".to_owned(), json!(trouble));
            members.insert("runs_here".to_owned(), json!(is_here));
            members.insert("refusals".to_owned(), json!(refusals));
        }
        rows.push(row);
    }
    if rows.is_empty() {
        lines.push("no feeds yet: `entente feed add NAME --from https://…`".to_owned());
    }
    printer.either(&Value::Array(rows), &lines)?;
    Ok(0)
}

/// For `entente doctor`: how many feeds run, or which of them fail and why.
pub(crate) fn health(folder: &Path) -> Result<Result<String, String>> {
    let reader = Reader::open(folder)?;
    let (mut run, mut fail) = (0, Vec::new());
    for feed in feeds_of(&reader.acts(kind::FEED)?)? {
        match trouble(&reader, feed.number)?.filter(|_| feed.state == FeedState::Active) {
            Some((at, why)) => fail.push(format!("{} failed on {at}: {why}", feed.name)),
            None => run += 1,
        }
    }
    Ok(if fail.is_empty() { Ok(format!("{run} without trouble")) } else { Err(fail.join("; ")) })
}

/// When a feed failed last and why, if it has not run since.
fn trouble(reader: &Reader, feed: u32) -> Result<Option<(String, String)>> {
    let Some((_, act)) = reader.last_act_of(&kind::feed_trouble(feed))? else { return Ok(None) };
    let read: FeedTroubleAct = serde_json::from_str(&act.json)?;
    Ok(read.why.map(|why| (Timestamp::from_unix_micros(act.at).to_stix(), why)))
}

/// The last refusals.
fn refusals(reader: &Reader, feed: u32) -> Result<Vec<entente_intake::acts::FeedRefusal>> {
    let Some((_, act)) = reader.last_act_of(&kind::feed_refused(feed))? else {
        return Ok(Vec::new());
    };
    let mut read: FeedRefusedAct = serde_json::from_str(&act.json)?;
    read.refused.truncate(REFUSALS_SHOWN);
    Ok(read.refused)
}

impl Ran {
    /// What a run did, for people.
    fn lines(&self, feed: &FeedAct, dry: bool) -> Vec<String> {
        let name = &feed.name;
        let would = if dry { "would be " } else { "" };
        let mut lines = vec![match feed.way {
            FeedWay::From => format!(
                "{name}: {} {would}taken in, {} here already, {} {would}refused",
                self.taken, self.same, self.refused
            ),
            FeedWay::To => format!(
                "{name}: {} {would}given, {} {would}taken back, {} refused, {} not acknowledged",
                self.given, self.taken_back, self.refused, self.not_acknowledged
            ),
        }];
        lines.extend(self.would.iter().cloned());
        if self.more {
            lines.push("more follows at the next run".to_owned());
        }
        if self.refused > 0 {
            lines.push("what was refused, and why: entente feed list".to_owned());
        }
        lines
    }
}
