//! `entente user`: the people of this nation, and their signing keys.
//!
//! A person's key is kept under a passphrase: Argon2id makes a key of it, which opens the seed
//! (ChaCha20-Poly1305). Without the passphrase nobody, the administrator included, signs as them.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use argon2::Argon2;
use chacha20poly1305::aead::{Aead as _, KeyInit as _};
use chacha20poly1305::{ChaCha20Poly1305, Key as CipherKey, Nonce};
use entente_intake::acts::{PersonTokenAct, UserAct, kind};
use entente_intake::{Desk, hex, latest};
use entente_log::key::Key;
use entente_release::name::AreaId;
use serde_json::json;
use sha2::{Digest as _, Sha256};

use crate::cli::{Role, User};
use crate::folder;
use crate::partner;
use crate::print::Printer;

const SALT_BYTES: usize = 16;
const NONCE_BYTES: usize = 12;

/// Runs one of the commands.
pub(crate) fn run(folder: &Path, command: &User, dry_run: bool, printer: Printer) -> Result<u8> {
    let mut desk = folder::open(folder)?;
    let users = latest(desk.home(), kind::USER, |user: &UserAct| user.name.clone())?;
    match command {
        User::Add { name, roles } => {
            // A name stands in files and signatures: it has the form of all names.
            let name: AreaId = name.to_lowercase().parse()?;
            if users.iter().any(|user| user.name == name.as_str()) {
                bail!("{name} is here already");
            }
            if dry_run {
                let line = format!("{name} would be added");
                printer.either(&json!({ "name": name.as_str(), "dry_run": true }), &[line])?;
                return Ok(0);
            }
            let key = lock(folder, name.as_str(), &passphrase()?)?;
            let roles: Vec<String> = roles.iter().map(|role| role_name(*role).to_owned()).collect();
            let user = UserAct { name: name.to_string(), roles, key: key.public(), active: true };
            desk.record(kind::USER, &user)?;
            let line = format!("added {}: {}", user.name, user.roles.join(", "));
            printer.either(&serde_json::to_value(&user)?, &[line])?;
        }
        User::List => {
            let line = |user: &UserAct| {
                let state = if user.active { "" } else { " (removed)" };
                format!("{:<20} {}{state}", user.name, user.roles.join(", "))
            };
            let lines: Vec<String> = users.iter().map(line).collect();
            printer.either(&json!(users), &lines)?;
        }
        User::Token { name, token, days } => {
            let user = users.iter().find(|user| user.name == *name && user.active);
            let user = user.with_context(|| format!("{name} is not here"))?;
            issue(&mut desk, (&user.name, token.as_deref(), *days), (dry_run, printer))?;
        }
        User::RevokeToken { token } => {
            let known = tokens(&desk)?.into_iter().find(|act| act.name == *token);
            let act = known.with_context(|| format!("no token of a person is called {token}"))?;
            if !dry_run {
                desk.record(kind::PERSON_TOKEN, &PersonTokenAct { active: false, ..act })?;
            }
            let line = format!("{token} counts no more");
            printer.either(&json!({ "revoked": token, "dry_run": dry_run }), &[line])?;
        }
        User::Remove { name } => {
            let user = users.into_iter().find(|user| user.name == *name);
            let user = user.with_context(|| format!("{name} is not here"))?;
            if !dry_run {
                desk.record(kind::USER, &UserAct { active: false, ..user })?;
            }
            let line = format!("{name} may do nothing any more");
            printer.either(&json!({ "removed": name, "dry_run": dry_run }), &[line])?;
        }
    }
    Ok(0)
}

fn tokens(desk: &Desk) -> Result<Vec<PersonTokenAct>> {
    let name = |act: &PersonTokenAct| act.name.clone();
    Ok(latest(desk.home(), kind::PERSON_TOKEN, name)?)
}

/// Issues a token of a person.
fn issue(
    desk: &mut Desk,
    (user, name, days): (&str, Option<&str>, u32),
    (dry_run, printer): (bool, Printer),
) -> Result<()> {
    let token = format!("entente_person_{}", partner::secret()?);
    let hash = hex(&Sha256::digest(&token));
    let made = || format!("{user}-{}", hash.get(..8).unwrap_or("1"));
    let name = name.map_or_else(made, str::to_owned);
    if tokens(desk)?.iter().any(|act| act.name == name) {
        bail!("{name} is the name of another token: choose another with --name");
    }
    if dry_run {
        let line = format!("a token {name} would be issued to {user}");
        printer.either(&json!({ "name": name, "dry_run": true }), &[line])?;
        return Ok(());
    }
    let lasts = Duration::from_hours(24 * u64::from(days));
    let expires = desk.now().saturating_add(lasts).unix_micros();
    let act = PersonTokenAct { name, user: user.to_owned(), hash, expires, active: true };
    desk.record(kind::PERSON_TOKEN, &act)?;
    let lines = [format!("name: {}", act.name), format!("token, shown once: {token}")];
    printer.either(&json!({ "name": act.name, "token": token }), &lines)?;
    Ok(())
}

fn role_name(role: Role) -> &'static str {
    match role {
        Role::Reader => "reader",
        Role::Analyst => "analyst",
        Role::Releaser => "releaser",
        Role::Controller => "controller",
        Role::Evaluator => "evaluator",
        Role::DeskOfficer => "desk-officer",
        Role::Administrator => "administrator",
    }
}

fn path(folder: &Path, name: &str) -> PathBuf {
    folder::keys(folder).join("people").join(format!("{name}.key"))
}

fn passphrase() -> Result<String> {
    match std::env::var("ENTENTE_PASSPHRASE") {
        Ok(phrase) if phrase.chars().count() >= 8 => Ok(phrase),
        Ok(_) => bail!("ENTENTE_PASSPHRASE is too short: use at least 8 characters"),
        Err(_) => bail!("set ENTENTE_PASSPHRASE to the passphrase of this person's key"),
    }
}

fn cipher(phrase: &str, salt: &[u8]) -> Result<ChaCha20Poly1305> {
    let mut key = [0; 32];
    Argon2::default()
        .hash_password_into(phrase.as_bytes(), salt, &mut key)
        .map_err(|cause| anyhow::anyhow!("the passphrase could not be used: {cause}"))?;
    Ok(ChaCha20Poly1305::new(CipherKey::from_slice(&key)))
}

/// A person of the demo with a role, made where there is none.
pub(crate) fn of_demo(folder: &Path, desk: &mut Desk, name: &str, phrase: &str) -> Result<Key> {
    if path(folder, name).exists() {
        return unlock_with(folder, name, phrase);
    }
    let key = lock(folder, name, phrase)?;
    let roles = vec![role_name(Role::DeskOfficer).to_owned()];
    let user = UserAct { name: name.to_owned(), roles, key: key.public(), active: true };
    desk.record(kind::USER, &user)?;
    Ok(key)
}

/// Makes a person's key and keeps it under the passphrase.
fn lock(folder: &Path, name: &str, phrase: &str) -> Result<Key> {
    let (seed, salt, nonce) = (
        folder::random::<32>()?,
        folder::random::<SALT_BYTES>()?,
        folder::random::<NONCE_BYTES>()?,
    );
    let sealed = cipher(phrase, &salt)?.encrypt(Nonce::from_slice(&nonce), seed.as_slice());
    let Ok(sealed) = sealed else { bail!("the key could not be sealed") };
    let path = path(folder, name);
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent)?;
    }
    folder::write_secret(&path, &[salt.as_slice(), &nonce, &sealed].concat())?;
    Ok(Key::from_seed(name, &seed)?)
}

/// Opens a person's key with the passphrase of ENTENTE_PASSPHRASE.
pub(crate) fn unlock(folder: &Path, name: &str) -> Result<Key> {
    unlock_with(folder, name, &passphrase()?)
}

fn unlock_with(folder: &Path, name: &str, phrase: &str) -> Result<Key> {
    let path = path(folder, name);
    let bytes = fs::read(&path).with_context(|| format!("{} not read", path.display()))?;
    let damaged = || format!("{} is damaged", path.display());
    let (salt, rest) = bytes.split_at_checked(SALT_BYTES).with_context(damaged)?;
    let (nonce, sealed) = rest.split_at_checked(NONCE_BYTES).with_context(damaged)?;
    let opened = cipher(phrase, salt)?.decrypt(Nonce::from_slice(nonce), sealed);
    let Ok(seed) = opened else { bail!("the passphrase does not open the key of {name}") };
    let seed: [u8; 32] = seed.try_into().ok().with_context(damaged)?;
    Ok(Key::from_seed(name, &seed)?)
}
