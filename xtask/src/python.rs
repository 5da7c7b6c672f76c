//! The Python programs that the tests speak to: other people's TAXII and STIX clients.
//!
//! They live in a virtual environment in the target folder. A copy of the requirements that it
//! was made from lies in it as a stamp: equal stamp, nothing to do. A half-made environment has
//! no stamp and is made anew.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::{process, workspace};

const REQUIREMENTS: &str = "tests/requirements.txt";
const STAMP: &str = "entente-requirements.txt";
const HOW: &str = "install Python 3 with its venv module (Debian: apt-get install python3-venv)";

/// The Python of the test environment, whether it has been made yet or not.
pub(crate) fn interpreter(root: &Path) -> PathBuf {
    folder(root).join("bin").join("python")
}

/// Makes the environment unless it is there already.
pub(crate) fn set_up(root: &Path) -> Result<bool> {
    let wanted = std::fs::read_to_string(root.join(REQUIREMENTS)).context(REQUIREMENTS)?;
    let folder = folder(root);
    let stamp = folder.join(STAMP);
    let ready = std::fs::read_to_string(&stamp).is_ok_and(|made_from| made_from == wanted)
        && answers(root, &folder, &["--version"]);
    if ready {
        println!("ready since an earlier run: {}", folder.display());
        return Ok(true);
    }
    if folder.exists() {
        std::fs::remove_dir_all(&folder).with_context(|| folder.display().to_string())?;
    }
    make(root, &folder)?;
    let mut pip = process::command(root, interpreter(root));
    pip.args(["-m", "pip", "install", "--quiet", "--no-input", "--disable-pip-version-check"])
        // The file has everything that is needed, down to the last.
        .args(["--no-deps", "--requirement", REQUIREMENTS]);
    if !process::passes(&mut pip)? {
        bail!("the requirements did not install: is a Python package registry reachable?");
    }
    std::fs::write(&stamp, wanted).with_context(|| stamp.display().to_string())?;
    Ok(true)
}

/// Makes an empty environment; as root on Debian it installs Python's own tool for that first.
pub(crate) fn make(root: &Path, folder: &Path) -> Result<()> {
    std::fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
    if create(root, folder) {
        return Ok(());
    }
    if is_root(root) && process::answers(root, "apt-get", &["--version"]) {
        apt_install(root)?;
        if create(root, folder) {
            return Ok(());
        }
    }
    bail!("`python3 -m venv` does not work here: {HOW}");
}

fn create(root: &Path, folder: &Path) -> bool {
    process::answers(root, "python3", &["-m", "venv", "--clear", &folder.to_string_lossy()])
        && answers(root, folder, &["-m", "pip", "--version"])
}

fn apt_install(root: &Path) -> Result<()> {
    println!("`python3 -m venv` does not work here; installing it with apt-get");
    let steps: [&[&str]; 2] = [
        &["update", "--quiet"],
        &["install", "--yes", "--quiet", "--no-install-recommends", "python3", "python3-venv"],
    ];
    for args in steps {
        let mut apt = process::command(root, "apt-get");
        apt.args(args).env("DEBIAN_FRONTEND", "noninteractive");
        if !process::passes(&mut apt)? {
            bail!("{} failed: {HOW}", process::shown(&apt));
        }
    }
    Ok(())
}

fn answers(root: &Path, folder: &Path, args: &[&str]) -> bool {
    process::answers(root, &folder.join("bin").join("python").to_string_lossy(), args)
}

fn is_root(root: &Path) -> bool {
    process::output(process::command(root, "id").arg("-u")).is_ok_and(|id| id.trim() == "0")
}

fn folder(root: &Path) -> PathBuf {
    workspace::target(root).join("test-env").join("venv")
}
