//! `entente init`: a node's folder, keys and certificates.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result, bail};
use entente_intake::Desk;
use entente_intake::acts::NodeAct;
use entente_log::key::Key;
use entente_release::Nation;
use entente_store::Home;
use serde_json::json;

use crate::certificate::{Authority, Keys, SERVER_LASTS, Validity};
use crate::cli::Init;
use crate::folder;
use crate::print::Printer;

/// `entente init`.
pub(crate) fn run(folder: &Path, args: &Init, dry_run: bool, printer: Printer) -> Result<u8> {
    let nation = folder::nation(&args.nation)?;
    if folder.join(entente_store::DATABASE).exists() {
        bail!("{} holds a node already: name another folder with --dir", folder.display());
    }
    if dry_run {
        let line = format!("a node of {nation} would be set up in {}", folder.display());
        printer.either(&json!({ "nation": args.nation, "dry_run": true }), &[line])?;
        return Ok(0);
    }
    let public = init(folder, nation, &args.names)?;
    let root = Keys::of(folder).root().display().to_string();
    let lines = [
        format!("set up a node of {nation} in {}", folder.display()),
        format!("its public key, for partners to compare: {public}"),
        format!("its root certificate, for partners to trust: {root}"),
        "keep keys/root.key offline: it is needed to issue certificates only".to_owned(),
        "next: entente programme adopt FILE, entente partner add NATION, entente serve".to_owned(),
    ];
    printer.either(&json!({ "nation": args.nation, "key": public, "root": root }), &lines)?;
    Ok(0)
}

/// Sets a node up; gives its public key.
pub(crate) fn init(folder: &Path, nation: Nation, names: &[String]) -> Result<String> {
    fs::create_dir_all(folder::keys(folder))
        .with_context(|| format!("{} could not be made", folder.display()))?;
    folder::write_secret(&folder::keys(folder).join("node.key"), &folder::random::<32>()?)?;
    folder::write_secret(&folder::keys(folder).join("cursors.key"), &folder::random::<32>()?)?;
    let clock = folder::clock();
    let keys = Keys::of(folder);
    let authority = if keys.root().exists() {
        Authority::open(&keys)?
    } else {
        Authority::create(&keys, nation, clock.now())?
    };
    let validity = Validity::lasting(clock.now(), SERVER_LASTS);
    keys.save_server(&authority.issue_server(names, validity)?)?;
    let seed = folder::read_secret(&folder::keys(folder).join("node.key"))?;
    let key = Key::from_seed(nation.as_str(), &seed)?;
    // The store comes last: a folder with a store is a whole node.
    let mut home = Home::open(folder)?;
    let act = NodeAct { nation: nation.to_string(), key: key.public() };
    Desk::init(&mut home, &act, clock.now())?;
    Ok(key.public())
}
