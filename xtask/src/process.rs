//! Child processes: started in the workspace root, with nothing on standard input.
//!
//! `cargo run` describes the running package in `CARGO_PKG_*` and the like. A cargo inside cargo
//! must not see these: build scripts that watch them would be run again by every change between
//! `cargo build` and `cargo xtask`.

use std::ffi::OsString;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

const OF_THE_OUTER_CARGO: [&str; 5] =
    ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_", "CARGO_CRATE_NAME", "CARGO_PRIMARY_PACKAGE"];

/// A command in the workspace root.
pub(crate) fn command(root: &Path, program: impl Into<OsString>) -> Command {
    let mut command = Command::new(program.into());
    command.current_dir(root).stdin(Stdio::null());
    for (name, _) in std::env::vars_os() {
        let of_cargo = name
            .to_str()
            .is_some_and(|name| OF_THE_OUTER_CARGO.iter().any(|prefix| name.starts_with(prefix)));
        if of_cargo {
            command.env_remove(name);
        }
    }
    command
}

/// The cargo that runs this program, in the workspace root.
pub(crate) fn cargo(root: &Path) -> Command {
    command(root, std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

/// Whether the command ends well; its output goes where ours goes.
pub(crate) fn passes(command: &mut Command) -> Result<bool> {
    let status = command.status().with_context(|| format!("starting {}", shown(command)))?;
    Ok(status.success())
}

/// Whether a program is there and answers: its output is dropped.
pub(crate) fn answers(root: &Path, program: &str, args: &[&str]) -> bool {
    command(root, program)
        .args(args)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// What the command prints; an error carries what it printed to standard error.
pub(crate) fn output(command: &mut Command) -> Result<String> {
    let output = command.output().with_context(|| format!("starting {}", shown(command)))?;
    if !output.status.success() {
        bail!("{} failed: {}", shown(command), String::from_utf8_lossy(&output.stderr).trim());
    }
    String::from_utf8(output.stdout).with_context(|| format!("reading {}", shown(command)))
}

/// The command as a person would type it.
pub(crate) fn shown(command: &Command) -> String {
    let program = Path::new(command.get_program()).file_name().unwrap_or(command.get_program());
    std::iter::once(program)
        .chain(command.get_args())
        .map(|word| word.to_string_lossy())
        .collect::<Vec<_>>()
        .join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_shown_without_the_path_of_its_program() {
        let mut command = Command::new("/usr/bin/cargo");
        command.args(["fmt", "--check"]);
        assert_eq!(shown(&command), "cargo fmt --check");
    }

    #[test]
    fn a_missing_program_does_not_answer() {
        assert!(!answers(Path::new("."), "no-such-program-here", &[]));
    }

    #[test]
    fn the_error_of_a_failed_command_says_what_it_printed() {
        let mut command = command(Path::new("."), "sh");
        command.args(["-c", "echo why >&2; exit 3"]);
        let error = output(&mut command).unwrap_err().to_string();
        assert!(error.ends_with("failed: why"), "{error}");
    }
}
