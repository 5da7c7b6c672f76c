//! How a feed logs in: what is secret of it, and the file where it is kept.
//!
//! Invariants: a secret is in its file and in the header of a request, and is never printed; the file
//! can be read by its owner alone; it is replaced whole or not at all.

use std::fs::{self, DirBuilder, File};
use std::io::Read as _;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use entente_intake::acts::{FeedAct, FeedLogin};

use crate::cli::LoginArgs;
use crate::folder;

/// The longest secret: tokens of others have up to 2 KiB.
const SECRET_BYTES_MAX: u64 = 4096;

/// A login, with its secret.
pub(super) enum Login {
    None,
    Password { user: String, password: String },
    Token(String),
}

impl Login {
    /// Reads what the options name.
    pub(super) fn read(args: &LoginArgs) -> Result<Self> {
        match (&args.user, &args.password_file, &args.token_file) {
            (None, None, None) => Ok(Self::None),
            (Some(user), Some(file), None) => {
                if user.contains(':') || user.chars().any(char::is_control) {
                    bail!("a user name has no colon and no control characters");
                }
                Ok(Self::Password { user: user.clone(), password: secret(file)? })
            }
            (None, None, Some(file)) => {
                let token = secret(file)?;
                if !token.bytes().all(|byte| byte.is_ascii_graphic()) {
                    bail!("{} holds no token: it has spaces or strange characters", file.display());
                }
                Ok(Self::Token(token))
            }
            _ => bail!("log in with --user and --password-file, or with --token-file"),
        }
    }

    /// The login of a feed.
    pub(super) fn of(folder: &Path, feed: &FeedAct) -> Result<Self> {
        let path = path(folder, feed.number);
        let missing = || {
            let name = &feed.name;
            format!(
                "{} cannot be read: the login of {name} is not in this folder; give it with `entente \
                 feed resume {name}`",
                path.display()
            )
        };
        let secret = fs::read_to_string(&path).with_context(missing)?;
        Ok(match &feed.login {
            FeedLogin::None => Self::None,
            FeedLogin::Password(user) => Self::Password { user: user.clone(), password: secret },
            FeedLogin::Token => Self::Token(secret),
        })
    }

    /// Whether the login of a feed is here, and the feed runs.
    pub(super) fn is_here(folder: &Path, feed: u32) -> bool {
        path(folder, feed).exists()
    }

    /// What the log has of it.
    pub(super) fn form(&self) -> FeedLogin {
        match self {
            Self::None => FeedLogin::None,
            Self::Password { user, .. } => FeedLogin::Password(user.clone()),
            Self::Token(_) => FeedLogin::Token,
        }
    }

    /// The header that logs in.
    pub(super) fn header(&self) -> Option<String> {
        match self {
            Self::None => None,
            Self::Password { user, password } => {
                let both = BASE64_STANDARD.encode(format!("{user}:{password}"));
                Some(format!("Basic {both}"))
            }
            Self::Token(token) => Some(format!("Bearer {token}")),
        }
    }

    /// Keeps the secret, in place of one before.
    pub(super) fn write(&self, folder: &Path, feed: u32) -> Result<()> {
        let path = path(folder, feed);
        if let Some(parent) = path.parent() {
            let made = DirBuilder::new().recursive(true).mode(0o700).create(parent);
            made.with_context(|| format!("{} could not be made", parent.display()))?;
        }
        let secret = match self {
            Self::None => "",
            Self::Password { password, .. } => password,
            Self::Token(token) => token,
        };
        let fresh = path.with_extension("new");
        let _left_by_a_crash = fs::remove_file(&fresh);
        folder::write_secret(&fresh, secret.as_bytes())?;
        fs::rename(&fresh, &path).with_context(|| format!("{} not written", path.display()))
    }

    /// Forgets the secret.
    pub(super) fn remove(folder: &Path, feed: u32) -> Result<()> {
        let path = path(folder, feed);
        match fs::remove_file(&path) {
            Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => Ok(()),
            done => done.with_context(|| format!("{} was not removed", path.display())),
        }
    }
}

/// The file of a feed's secret. It is there, and empty, where there is none.
pub(super) fn path(folder: &Path, feed: u32) -> PathBuf {
    folder::keys(folder).join("feeds").join(feed.to_string())
}

fn secret(path: &Path) -> Result<String> {
    let shown = path.display();
    let mut text = String::new();
    let file = File::open(path).with_context(|| format!("{shown} could not be opened"))?;
    let read = file.take(SECRET_BYTES_MAX + 1).read_to_string(&mut text);
    let read = read.with_context(|| format!("{shown} could not be read"))?;
    if u64::try_from(read).is_ok_and(|read| read > SECRET_BYTES_MAX) {
        bail!("{shown} is longer than {SECRET_BYTES_MAX} bytes: is it the right file?");
    }
    let secret = text.trim_end_matches(['\r', '\n']);
    if secret.is_empty() || secret.contains(['\r', '\n', '\0']) {
        bail!("{shown} must hold one line");
    }
    Ok(secret.to_owned())
}
