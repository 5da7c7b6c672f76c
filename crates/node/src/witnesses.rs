//! `entente peer witnesses`: who has seen the epochs of whose node.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Result, bail};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use entente_intake::Desk;
use entente_intake::acts::{EpochAct, EpochsAct, WitnessNeedAct, kind};
use entente_log::epoch::{self, Epochs, Sealed, Standing};
use entente_log::tree::NodeHash;
use entente_object::time::Timestamp;
use entente_release::Nation;
use entente_store::Reader;
use serde_json::json;

use crate::folder;
use crate::print::Printer;

/// A witness that is so many epochs behind has not seen what is new for a day.
const BEHIND_MAX: u64 = 24;

/// `entente peer witnesses`.
pub(crate) fn run(
    folder: &Path,
    (need, accept): (Option<u8>, Option<&str>),
    dry: bool,
    printer: Printer,
) -> Result<u8> {
    let mut desk = folder::open(folder)?;
    if let Some(nation) = accept.map(folder::nation).transpose()? {
        return begin_anew(&mut desk, nation, dry, printer);
    }
    if let Some(need) = need.filter(|_| !dry) {
        desk.record(kind::WITNESS_NEED, &WitnessNeedAct { need })?;
    }
    let need = match need {
        Some(need) => need,
        None => needed(&desk)?,
    };
    let own = desk.last_epoch()?.map_or(0, |last| last.number + 1);
    let mut lines = vec![format!("{}: {own} epochs", epoch::origin(desk.here().as_str()))];
    let (mut by, mut of) = (Vec::new(), Vec::new());
    for record in desk.partners() {
        let nation = record.partner.nation;
        if let Some(act) = desk.witness_of(nation)? {
            lines.push(format!("  {nation} has seen {}", act.size));
            by.push(json!({ "nation": nation.to_string(), "size": act.size }));
        }
    }
    for record in desk.partners() {
        let nation = record.partner.nation;
        let Some(act) = desk.epochs_of(nation)? else { continue };
        let at = time(act.at);
        let origin = epoch::origin(nation.as_str());
        lines.push(format!("{origin}: {} epochs, the last of {at}", act.size));
        for (witness, (size, at)) in &act.witnesses {
            lines.push(format!("  {witness} has seen {size}, at {}", time(*at)));
        }
        of.push(json!({
            "nation": nation.to_string(), "size": act.size, "at": at,
            "witnesses": act.witnesses, "enough": fresh(&act) >= usize::from(need),
        }));
    }
    let told = missing(&desk, need)?;
    lines.extend(told.iter().map(|(nation, count)| {
        format!("{nation}: {count} other nations have seen the same, and {need} are needed")
    }));
    let document = json!({ "need": need, "epochs": own, "witnessed_by": by, "witness_of": of });
    printer.either(&document, &lines)?;
    Ok(u8::from(!told.is_empty()))
}

/// People know why the epochs of a node are others than they were: from now on the new ones count.
fn begin_anew(desk: &mut Desk, nation: Nation, dry: bool, printer: Printer) -> Result<u8> {
    let Some(known) = desk.epochs_of(nation)? else {
        bail!("no epochs of {nation} were seen yet: there is nothing to begin anew");
    };
    if !dry {
        let (edge, note, witnesses) = (Vec::new(), String::new(), BTreeMap::new());
        let act = EpochsAct { size: 0, edge, at: 0, note, witnesses };
        desk.record(&kind::epochs(nation), &act)?;
    }
    let verb = if dry { "would begin" } else { "begin" };
    let line = format!("the epochs of {nation} {verb} anew; {} were seen before", known.size);
    let document =
        json!({ "nation": nation.to_string(), "seen_before": known.size, "dry_run": dry });
    printer.either(&document, &[line])?;
    Ok(0)
}

fn time(seconds: i64) -> String {
    Timestamp::from_unix_micros(seconds.saturating_mul(1_000_000)).to_stix()
}

/// How many other nations must have seen the same of a partner.
fn needed(desk: &Desk) -> Result<u8> {
    let act = desk.home().last_act_of(kind::WITNESS_NEED)?;
    let act: Option<WitnessNeedAct> =
        act.map(|(_, act)| serde_json::from_str(&act.json)).transpose()?;
    Ok(act.map_or(0, |act| act.need))
}

/// How many other nations have seen the same of a partner lately.
fn fresh(act: &EpochsAct) -> usize {
    act.witnesses.values().filter(|(size, _)| size.saturating_add(BEHIND_MAX) >= act.size).count()
}

/// Of whose epochs too few other nations have seen the same, and how many.
fn missing(desk: &Desk, need: u8) -> Result<Vec<(Nation, usize)>> {
    let mut found = Vec::new();
    for record in desk.partners() {
        let nation = record.partner.nation;
        if desk.peer(nation).is_none() {
            continue;
        }
        let count = desk.epochs_of(nation)?.map_or(0, |act| fresh(&act));
        if count < usize::from(need) {
            found.push((nation, count));
        }
    }
    Ok(found)
}

/// What `entente doctor` says of witnesses.
pub(crate) fn look(desk: &Desk) -> Result<String, String> {
    let found = needed(desk).and_then(|need| Ok((need, missing(desk, need)?)));
    let (need, missing) = found.map_err(|error| format!("{error:#}"))?;
    if need == 0 {
        return Ok("none demanded: `entente peer witnesses --need 2` demands two".to_owned());
    }
    if missing.is_empty() {
        return Ok(format!("{need} needed for each partner's epochs, and there"));
    }
    let list: Vec<String> = missing.iter().map(|(nation, _)| nation.to_string()).collect();
    Err(format!(
        "fewer than {need} other nations have seen the same epochs as this node of {}: it may show you \
         another history; ask those nations what they see (`entente peer witnesses`)",
        list.join(", ")
    ))
}

/// What an epoch commits to, if that is what the ledgers were: the root of its slots.
fn committed(
    desk: &Desk,
    reader: &Reader,
    act: &EpochAct,
    number: u64,
) -> Result<NodeHash, String> {
    let (seed, standings) = act.standings(desk.here()).ok_or("cannot be read")?;
    for (nation, standing) in &standings {
        let partner = desk.partner(*nation).map_err(|error| error.to_string())?;
        let root = reader.root_at(partner.partner.index, standing.size);
        if root.map_err(|error| error.to_string())? != Some(standing.root) {
            return Err(format!("commits to another ledger for {nation}"));
        }
    }
    let all: Vec<Standing> = standings.into_values().collect();
    let root = Sealed::new(&seed, &all).root();
    if root.to_string() != act.root || number != act.number {
        return Err("is not what it commits to".to_owned());
    }
    Ok(root)
}

/// Verifies this node's epochs against its ledgers, and what partners cosigned of them. Gives how many.
pub(crate) fn verify(desk: &Desk, reader: &Reader) -> Result<u64, String> {
    let text = |error: &dyn std::fmt::Display| error.to_string();
    let mut tree = Epochs::default();
    loop {
        let acts = desk.epochs_from(tree.tree().size()).map_err(|error| text(&error))?;
        if acts.is_empty() {
            break;
        }
        for act in acts {
            let number = tree.tree().size();
            let root = committed(desk, reader, &act, number)
                .map_err(|why| format!("epoch {number} {why}"))?;
            tree.append(epoch::leaf(number, act.at, root));
        }
    }
    let origin = epoch::origin(desk.here().as_str());
    for record in desk.partners() {
        let nation = record.partner.nation;
        let Some(act) = desk.witness_of(nation).map_err(|error| text(&error))? else { continue };
        let cosigned = crate::ledger::cosigned(desk, nation, (&origin, &act.note));
        let cosigned = cosigned.map_err(|error| format!("what {nation} witnessed: {error:#}"))?;
        if tree.root_at(act.size) != Some(cosigned.signed.root) {
            return Err(format!("{nation} witnessed {} epochs that are not these", act.size));
        }
    }
    Ok(tree.tree().size())
}

/// Verifies what was kept of a partner's epochs. Gives how many, if any were.
pub(crate) fn verify_seen(desk: &Desk, nation: Nation) -> Result<Option<u64>, String> {
    let text = |error: &dyn std::fmt::Display| error.to_string();
    let act = desk.epochs_of(nation).map_err(|error| text(&error))?;
    let Some(act) = act.filter(|act| act.size > 0) else { return Ok(None) };
    let origin = epoch::origin(nation.as_str());
    let signed = crate::ledger::signed(desk, nation, (&origin, &act.note));
    let signed = signed.map_err(|error| format!("{error:#}"))?;
    let hash = |one: &String| Some(NodeHash(BASE64_STANDARD.decode(one).ok()?.try_into().ok()?));
    let edge = act.edge.iter().map(hash).collect::<Option<Vec<_>>>();
    let tree = edge.and_then(|edge| entente_log::tree::Tree::from_edge(act.size, edge));
    match tree {
        Some(tree) if signed.size == act.size && signed.root == tree.root() => Ok(Some(act.size)),
        _ => Err("what is kept is not what was signed".to_owned()),
    }
}
