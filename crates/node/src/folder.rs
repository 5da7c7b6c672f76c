//! A node's folder: where its keys are, and how its desk is opened.
//!
//! ```text
//! entente.db        the store                 keys/node.key     seed of the signing key
//! signed            what was signed           keys/cursors.key  encrypts cursors
//! keys/root.*, keys/server.*, keys/partners/  certificates
//! keys/people/      people's signing keys, each under a passphrase
//! card.json         what partners' nodes are given
//! stream.json       of one of several replicas: how it reaches the cluster
//! ```

use std::fs::{self, File};
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, Result, bail};
use entente_intake::Desk;
use entente_log::key::Key;
use entente_object::clock::{Clock, SystemClock};
use entente_release::Nation;
use entente_store::{Home, Signing};
use entente_stream::Stream;

use crate::keys::settle;
use crate::replica;

/// The folder of keys.
pub(crate) fn keys(folder: &Path) -> PathBuf {
    folder.join("keys")
}

/// This node's card, as it was last made.
pub(crate) fn card(folder: &Path) -> PathBuf {
    folder.join("card.json")
}

/// The clock of commands.
pub(crate) fn clock() -> Arc<dyn Clock> {
    Arc::new(SystemClock)
}

/// Fills an array from the system's source of randomness.
pub(crate) fn random<const N: usize>() -> Result<[u8; N]> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).context("the system gave no randomness")?;
    Ok(bytes)
}

/// Writes a new secret file that only its owner can read. An existing one is kept.
pub(crate) fn write_secret(path: &Path, bytes: &[u8]) -> Result<()> {
    let file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    let mut file = match file {
        Err(cause) if cause.kind() == std::io::ErrorKind::AlreadyExists => return Ok(()),
        file => file.with_context(|| format!("{} could not be written", path.display()))?,
    };
    file.write_all(bytes).and_then(|()| file.sync_all())?;
    Ok(())
}

/// Reads a 32-byte secret.
pub(crate) fn read_secret(path: &Path) -> Result<[u8; 32]> {
    let bytes = fs::read(path).with_context(|| {
        format!("{} could not be read: is this the folder of a node?", path.display())
    })?;
    match bytes.try_into() {
        Ok(secret) => Ok(secret),
        Err(_) => bail!("{} is damaged: it must have 32 bytes", path.display()),
    }
}

/// The node's signing key, and until a rotation is finished the one that it replaces.
pub(crate) fn signing_key(folder: &Path, nation: Nation) -> Result<Key> {
    let read = |path: PathBuf| -> Result<Key> {
        Ok(Key::from_seed(nation.as_str(), &read_secret(&path)?)?)
    };
    let key = read(keys(folder).join("node.key"))?;
    let former = keys(folder).join("former").join("node.key");
    if former.exists() { Ok(key.replacing(read(former)?)) } else { Ok(key) }
}

/// When the signing keys were written.
pub(crate) fn signs_since(folder: &Path) -> [Option<std::time::SystemTime>; 2] {
    let keys = keys(folder);
    [keys.join("node.key"), keys.join("former").join("node.key")]
        .map(|path| path.metadata().and_then(|file| file.modified()).ok())
}

/// Notes that the node is served, as long as the file is held.
pub(crate) fn serving(folder: &Path) -> Result<File> {
    let file = serving_file(folder)?;
    file.lock_shared().context("the node could not be noted as running")?;
    Ok(file)
}

/// Makes sure that nobody serves the node, as long as the file is held.
pub(crate) fn not_serving(folder: &Path) -> Result<File> {
    let file = serving_file(folder)?;
    if file.try_lock().is_err() {
        bail!("the node in {} is running: end it first", folder.display());
    }
    Ok(file)
}

fn serving_file(folder: &Path) -> Result<File> {
    let path = folder.join("serving");
    let file = File::options().create(true).truncate(false).write(true).open(&path);
    file.with_context(|| format!("{} could not be opened", path.display()))
}

/// Refuses a folder without a node.
pub(crate) fn must_hold_node(folder: &Path) -> Result<()> {
    if !folder.join(entente_store::DATABASE).exists() {
        bail!(
            "{} holds no node: run `entente --dir {} init NATION` first, or name another folder \
             with --dir",
            folder.display(),
            folder.display()
        );
    }
    Ok(())
}

/// Opens the node's desk, with its key to sign ledgers.
pub(crate) fn open(folder: &Path) -> Result<Desk> {
    must_hold_node(folder)?;
    let mut home = Home::open(folder)?;
    if let Some(cluster) = replica::cluster(folder, &home)? {
        home.order_by(Box::new(Stream::new(cluster)))?;
        if let Err(error) = home.follow() {
            tracing::warn!("what other replicas wrote is not here: {error}");
        }
    }
    let mut desk = Desk::open(home, clock())?;
    sign(folder, &mut desk)?;
    Ok(desk)
}

/// Gives the desk the key, and the partners whose ledgers it signs.
pub(crate) fn sign(folder: &Path, desk: &mut Desk) -> Result<()> {
    let here = desk.here();
    settle(folder, desk)?;
    let key = signing_key(folder, here)?;
    if key.public() != desk.key() {
        bail!(
            "{} is not the key that this node was set up with: put the right one back",
            keys(folder).join("node.key").display()
        );
    }
    let partners = desk.partners().iter().map(|r| (r.partner.index, r.partner.nation)).collect();
    desk.home_mut().sign_with(Signing { key: key.into(), here, partners })?;
    Ok(())
}

/// Reads a nation's code from the command line.
pub(crate) fn nation(code: &str) -> Result<Nation> {
    Ok(code.parse::<Nation>()?)
}
