//! `entente keys`: what this node signs with and shows, until when, and how it is replaced.
//!
//! A rotation has two steps, so that no partner is shut out. `rotate` makes new keys and a new card
//! that names the new ones and the old roots; from then on the node signs with both keys and still
//! shows the old certificates. Partners' nodes fetch the card by themselves, because the old key and
//! the old root signed that it follows the one that their people accepted. When all have it,
//! `rotate --finish` issues certificates from the new root, and the old ones are gone.
//!
//! | folder under `keys/` | holds |
//! |---|---|
//! | `next/` | new keys, until the log says that they count |
//! | `former/` | the old ones, until the rotation is finished |
//!
//! Invariant: at every moment, also after a crash, a partner that holds this node's card of now or of
//! before the rotation can verify what the node signs and shows.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use entente_intake::acts::{CardAct, CredentialAct, HoldsAct, kind};
use entente_intake::{Desk, hex, latest};
use entente_log::key::Key;
use entente_peer::card::Card;
use entente_peer::succession::Succession;
use entente_release::Nation;
use entente_release::partner::Standing;
use serde_json::{Value, json};

use crate::certificate::{
    Authority, CLIENT_LASTS, CRL_LASTS, Certificate, Keys, SERVER_LASTS, Validity,
};
use crate::cli::{Keys as Command, Rotate};
use crate::folder;
use crate::print::Printer;

/// What a rotation replaces, under `keys/`.
const REPLACED: [&str; 4] = ["node.key", "root.key", "root.pem", "crl.pem"];

/// Runs one of the commands.
pub(crate) fn run(folder: &Path, command: &Command, dry: bool, printer: Printer) -> Result<u8> {
    match command {
        Command::Show => show(folder, printer),
        Command::Renew { names } => renew(folder, names, dry, printer),
        Command::Rotate(args) if args.finish => finish(folder, args, dry, printer),
        Command::Rotate(args) => rotate(folder, args, dry, printer),
    }
}

/// This node's card as partners are given it, if it has one.
pub(crate) fn own_card(folder: &Path, desk: &Desk) -> Result<Option<Card>> {
    if let Some((_, act)) = desk.home().last_act_of(kind::CARD)? {
        let act: CardAct = serde_json::from_str(&act.json)?;
        return Ok(Some(Succession::read(&act.succession)?.card));
    }
    let text = fs::read_to_string(folder::card(folder)).ok();
    Ok(text.and_then(|text| Card::read(&text).ok()))
}

/// Makes a card the one that this node has: partners' nodes that hold the one before are given it.
/// Signed by the root as well where it has another key or other roots.
pub(crate) fn succeed(
    folder: &Path,
    desk: &mut Desk,
    before: &Card,
    (card, key): (Card, &Key),
    root: Option<&Authority>,
) -> Result<()> {
    let signs = root.map(|root| |message: &[u8]| root.sign(message));
    let succession = Succession::sign(before, card, key, signs)?;
    succession.follows(before)?;
    let act = CardAct { before: before.digest(), succession: succession.text() };
    desk.turn(&act, &succession.card.key)?;
    write_card(folder, &succession.card)
}

/// Writes this node's card down, for people.
pub(crate) fn write_card(folder: &Path, card: &Card) -> Result<()> {
    let path = folder::card(folder);
    fs::write(&path, card.text()).with_context(|| format!("{} was not written", path.display()))
}

/// The folder of new keys that do not count yet.
fn next(folder: &Path) -> PathBuf {
    folder::keys(folder).join("next")
}

/// The folder of old keys that still count.
fn former(folder: &Path) -> PathBuf {
    folder::keys(folder).join("former")
}

/// Brings new keys in place that count already by the log: a rotation was interrupted.
pub(crate) fn settle(folder: &Path, desk: &Desk) -> Result<()> {
    let next = next(folder);
    if !next.exists() {
        return Ok(());
    }
    let card = own_card(folder, desk)?;
    let root = fs::read_to_string(next.join("root.pem")).ok();
    let key = folder::read_secret(&next.join("node.key")).ok();
    let key = key.map(|seed| Key::from_seed(desk.here().as_str(), &seed)).transpose()?;
    let has_root = card.is_some_and(|card| root.is_some_and(|root| card.roots.contains(&root)));
    if has_root || key.is_some_and(|key| key.public() == desk.key()) {
        put_in_place(folder)?;
    }
    Ok(())
}

/// Moves the old keys aside and the new ones in their place. May be interrupted and done again.
fn put_in_place(folder: &Path) -> Result<()> {
    let (keys, next, former) = (folder::keys(folder), next(folder), former(folder));
    fs::create_dir_all(&former)?;
    for name in REPLACED.iter().filter(|name| next.join(name).exists()) {
        if keys.join(name).exists() && !former.join(name).exists() {
            fs::rename(keys.join(name), former.join(name))?;
        }
        fs::rename(next.join(name), keys.join(name))?;
    }
    fs::remove_dir_all(&next)?;
    Ok(())
}

/// `entente keys rotate`.
fn rotate(folder: &Path, args: &Rotate, dry: bool, printer: Printer) -> Result<u8> {
    let mut desk = folder::open(folder)?;
    if folder.join("stream.json").exists() {
        bail!(
            "this folder is a replica, and the others would sign with the old key: `entente stream \
             leave` on all but one, rotate, and join them again with copies of its keys"
        );
    }
    if former(folder).exists() {
        bail!("a rotation is under way: `entente keys rotate --finish` first, or see `keys show`");
    }
    // Without either it is both.
    let (with_key, with_root) = (args.key || !args.root, args.root || !args.key);
    let what = match (with_key, with_root) {
        (true, true) => "the signing key and the root",
        (true, false) => "the signing key",
        (false, _) => "the root",
    };
    let keys = Keys::of(folder);
    let authority = Authority::open(&keys)?;
    if !dry {
        begin(folder, &mut desk, &authority, (with_key, with_root))?;
    }
    let verb = match (dry, with_key && with_root) {
        (true, _) => "would be",
        (false, true) => "are being",
        (false, false) => "is being",
    };
    let document = json!({
        "key": with_key, "root": with_root, "public": desk.key(), "finished": false, "dry_run": dry,
    });
    let lines = [
        format!("{what} {verb} replaced; until it is finished the old ones count too"),
        "partners' nodes take the new card by themselves: `entente keys show` says which have it"
            .to_owned(),
        "then: entente keys rotate --finish".to_owned(),
    ];
    printer.either(&document, &lines)?;
    Ok(0)
}

fn begin(
    folder: &Path,
    desk: &mut Desk,
    authority: &Authority,
    (with_key, with_root): (bool, bool),
) -> Result<()> {
    let (next, now) = (next(folder), desk.now());
    if next.exists() {
        // Of a rotation that never counted.
        fs::remove_dir_all(&next)?;
    }
    fs::create_dir_all(&next)?;
    let before = folder::signing_key(folder, desk.here())?;
    let mut key = folder::signing_key(folder, desk.here())?;
    if with_key {
        let seed = folder::random::<32>()?;
        folder::write_secret(&next.join("node.key"), &seed)?;
        key = Key::from_seed(desk.here().as_str(), &seed)?;
    }
    let mut root = None;
    if with_root {
        Authority::create(&Keys::in_folder(&next), desk.here(), now)?;
        root = Some(fs::read_to_string(next.join("root.pem"))?);
    }
    if let Some(card) = own_card(folder, desk)? {
        let roots = card.roots.iter().cloned().chain(root).collect();
        let made = now.max(card.made);
        let new = Card::sign(&key, desk.here(), roots, &card.address, made)?;
        succeed(folder, desk, &card, (new, &before), Some(authority))?;
    } else {
        desk.replace_key(&key.public())?;
    }
    put_in_place(folder)?;
    folder::sign(folder, desk)?;
    Ok(desk.home_mut().sign_anew()?)
}

/// `entente keys rotate --finish`.
fn finish(folder: &Path, args: &Rotate, dry: bool, printer: Printer) -> Result<u8> {
    let mut desk = folder::open(folder)?;
    if !former(folder).exists() {
        bail!("no rotation is under way: `entente keys rotate` begins one");
    }
    let without: BTreeSet<Nation> =
        args.without.iter().map(|code| folder::nation(code)).collect::<Result<_>>()?;
    let mut waiting = Vec::new();
    for (nation, has) in holders(folder, &desk)? {
        if !has && !without.contains(&nation) {
            waiting.push(format!("{nation}'s node has not fetched the new card yet"));
        }
    }
    for (nation, name) in old_certificates(folder, &desk)? {
        if !without.contains(&nation) {
            waiting.push(format!(
                "{nation} logs in with {name}, signed by the old root: `entente partner certificate \
                 {nation}` and send it the new one, then `entente token revoke {name}`"
            ));
        }
    }
    if !waiting.is_empty() {
        let list = waiting.join("\n  ");
        bail!("not yet:\n  {list}\nor shut a nation out until it meets this node again: --without");
    }
    if !dry {
        end(folder, &mut desk)?;
    }
    let verb = if dry { "would be" } else { "is" };
    let line = format!("the rotation {verb} finished: the old keys count no more");
    printer.either(&json!({ "finished": !dry, "dry_run": dry }), &[line])?;
    Ok(0)
}

fn end(folder: &Path, desk: &mut Desk) -> Result<()> {
    let keys = Keys::of(folder);
    if keys.former().is_some() {
        let authority = Authority::open(&keys)?;
        issue(&keys, &authority, desk, &[])?;
        if let Some(card) = own_card(folder, desk)?.filter(|card| card.roots.len() > 1) {
            let key = folder::signing_key(folder, desk.here())?;
            let root = fs::read_to_string(keys.root())?;
            let made = desk.now().max(card.made);
            let new = Card::sign(&key, desk.here(), vec![root], &card.address, made)?;
            succeed(folder, desk, &card, (new, &key), Some(&authority))?;
        }
    }
    fs::remove_dir_all(former(folder))?;
    Ok(())
}

/// Issues the certificates that this node shows, for these names or those that it had.
fn issue(keys: &Keys, authority: &Authority, desk: &Desk, names: &[String]) -> Result<()> {
    let now = desk.now();
    let known = Certificate::read(&keys.server())?.names;
    let names = if names.is_empty() { &known } else { names };
    keys.save_server(&authority.issue_server(names, Validity::lasting(now, SERVER_LASTS))?)?;
    if keys.client().exists() {
        let validity = Validity::lasting(now, CLIENT_LASTS);
        keys.save_client(&authority.issue_client(desk.here(), validity)?)?;
    }
    Ok(())
}

/// `entente keys renew`.
fn renew(folder: &Path, names: &[String], dry: bool, printer: Printer) -> Result<u8> {
    let desk = folder::open(folder)?;
    let keys = Keys::of(folder);
    // Until a rotation is finished, partners may know the old root alone.
    let shown = keys.former().unwrap_or_else(|| keys.clone());
    let authority = Authority::open(&shown)?;
    if !dry {
        issue(&keys, &authority, &desk, names)?;
        for keys in std::iter::once(keys.clone()).chain(keys.former()) {
            Authority::open(&keys)?.write_crl(desk.now(), CRL_LASTS)?;
        }
    }
    if dry {
        let line = "the node's certificates and the revocation list would be made anew".to_owned();
        printer.either(&json!({ "dry_run": true }), &[line])?;
        return Ok(0);
    }
    show(folder, printer)
}

/// Which of the nodes that were met hold this node's card of now.
fn holders(folder: &Path, desk: &Desk) -> Result<Vec<(Nation, bool)>> {
    let digest = own_card(folder, desk)?.map(|card| card.digest());
    let mut found = Vec::new();
    for record in desk.partners() {
        let nation = record.partner.nation;
        if desk.peer(nation).is_none() || record.partner.standing != Standing::Active {
            continue;
        }
        let act = desk.home().last_act_of(&kind::holds(nation))?;
        let act: Option<HoldsAct> =
            act.map(|(_, act)| serde_json::from_str(&act.json)).transpose()?;
        found.push((nation, act.map(|act| act.card) == digest));
    }
    Ok(found)
}

/// Certificates of partners that count and were signed by the old root: of whom, and their names.
fn old_certificates(folder: &Path, desk: &Desk) -> Result<Vec<(Nation, String)>> {
    let keys = Keys::of(folder);
    let Some(former) = keys.former() else { return Ok(Vec::new()) };
    let root = Certificate::read(&former.root())?;
    let acts = latest(desk.home(), kind::CREDENTIAL, |act: &CredentialAct| act.name.clone())?;
    let mut found = Vec::new();
    for path in keys.partners()? {
        let certificate = Certificate::read(&path)?;
        let hash = hex(&certificate.sha256);
        let counts = |act: &&CredentialAct| act.active && act.hash == hash;
        if let (true, Some(act)) = (root.signed(&certificate), acts.iter().find(counts)) {
            found.push((folder::nation(&act.nation)?, act.name.clone()));
        }
    }
    Ok(found)
}

/// `entente keys show`.
fn show(folder: &Path, printer: Printer) -> Result<u8> {
    let desk = folder::open(folder)?;
    let keys = Keys::of(folder);
    let mut files =
        vec![("root", keys.root()), ("server", keys.server()), ("client", keys.client())];
    files.extend(keys.former().map(|former| ("former root", former.root())));
    let mut rows = Vec::new();
    let mut lines = vec![format!("signing key  {}", desk.key())];
    for (what, path) in files.into_iter().filter(|(_, path)| path.exists()) {
        let found = Certificate::read(&path)?;
        let names = found.names.join(", ");
        lines.push(format!("{what:<11}  until {}  {names}", found.until));
        rows.push(json!({
            "what": what, "until": found.until.to_stix(), "names": found.names,
            "sha256": hex(&found.sha256),
        }));
    }
    let list = keys.list_until()?;
    lines.push(format!("revocations  until {list}"));
    let holders = holders(folder, &desk)?;
    let is_rotating = former(folder).exists();
    if is_rotating {
        let (has, misses): (Vec<_>, Vec<_>) = holders.iter().partition(|(_, has)| *has);
        let names = |list: Vec<&(Nation, bool)>| {
            let names: Vec<String> = list.iter().map(|(nation, _)| nation.to_string()).collect();
            if names.is_empty() { "nobody".to_owned() } else { names.join(", ") }
        };
        let (has, misses) = (names(has), names(misses));
        lines.push(format!("a rotation is under way: {has} took the new card, {misses} not yet"));
    }
    for fault in keys.faults(desk.now()) {
        lines.push(format!("{fault}"));
    }
    let holders: Vec<Value> = holders
        .iter()
        .map(|(nation, has)| json!({ "nation": nation.to_string(), "has_card": has }))
        .collect();
    let document = json!({
        "key": desk.key(), "certificates": rows, "revocations_until": list.to_stix(),
        "rotating": is_rotating, "partners": holders,
    });
    printer.either(&document, &lines)?;
    Ok(0)
}
