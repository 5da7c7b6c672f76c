//! `cargo xtask bench`: finds the benchmarks and runs those named.
//!
//! A benchmark is a file `FOLDER/benches/NAME.rs` of a workspace member (or a folder
//! `benches/NAME/` with a `main.rs`) with its `[[bench]]` in the manifest. It is named `crate/NAME`;
//! the crate alone or NAME alone will do.

use std::path::Path;

use anyhow::{Context, Result, bail};

use crate::{process, workspace};

#[derive(clap::Args)]
pub(crate) struct BenchArgs {
    /// Benchmarks to run: `crate/name`, a crate or a name; all when none is given
    names: Vec<String>,
    /// List the benchmarks and run none
    #[arg(long)]
    list: bool,
    /// Handed to the benchmarks as they are
    #[arg(last = true)]
    rest: Vec<String>,
}

#[derive(Debug, PartialEq, Eq)]
struct Bench {
    package: String,
    name: String,
}

/// Lists or runs the benchmarks; false if one failed.
pub(crate) fn run(root: &Path, args: &BenchArgs) -> Result<bool> {
    let chosen = chosen(benches(root)?, &args.names)?;
    let mut passed = true;
    for bench in &chosen {
        if args.list {
            println!("{}", bench.shown());
            continue;
        }
        println!("\n== {}", bench.shown());
        let mut cargo = process::cargo(root);
        cargo.args(["bench", "--package", &bench.package, "--bench", &bench.name, "--"]);
        passed &= process::passes(cargo.args(&args.rest))?;
    }
    if chosen.is_empty() {
        println!("no benchmarks yet");
    }
    Ok(passed)
}

impl Bench {
    fn shown(&self) -> String {
        format!("{}/{}", self.folder(), self.name)
    }

    fn folder(&self) -> &str {
        self.package.strip_prefix("entente-").unwrap_or(&self.package)
    }

    fn answers_to(&self, name: &str) -> bool {
        name == self.shown() || name == self.folder() || name == self.package || name == self.name
    }
}

/// Every benchmark of every member, in the order of the workspace, then by name.
fn benches(root: &Path) -> Result<Vec<Bench>> {
    let manifest = std::fs::read_to_string(root.join("Cargo.toml")).context("Cargo.toml")?;
    let mut found = Vec::new();
    for (member, _) in workspace::members(&manifest) {
        let folder = root.join(&member);
        let manifest = std::fs::read_to_string(folder.join("Cargo.toml"))
            .with_context(|| format!("{member}/Cargo.toml"))?;
        let package = workspace::package_name(&manifest).unwrap_or(&member).to_owned();
        let mut names = names(&folder.join("benches"));
        names.sort();
        found.extend(names.into_iter().map(|name| Bench { package: package.clone(), name }));
    }
    Ok(found)
}

fn names(folder: &Path) -> Vec<String> {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return Vec::new();
    };
    let paths = entries.flatten().map(|entry| entry.path());
    paths
        .filter(|path| {
            path.extension().is_some_and(|is| is == "rs") || path.join("main.rs").exists()
        })
        .filter_map(|path| Some(path.file_stem()?.to_str()?.to_owned()))
        .collect()
}

fn chosen(benches: Vec<Bench>, names: &[String]) -> Result<Vec<Bench>> {
    if let Some(unknown) =
        names.iter().find(|name| !benches.iter().any(|bench| bench.answers_to(name)))
    {
        bail!("no benchmark is called {unknown}: `cargo xtask bench --list` shows them");
    }
    let asked = |bench: &Bench| names.is_empty() || names.iter().any(|name| bench.answers_to(name));
    Ok(benches.into_iter().filter(asked).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn some() -> Vec<Bench> {
        [("entente-object", "parse"), ("entente-release", "decide")]
            .map(|(package, name)| Bench { package: package.into(), name: name.into() })
            .into()
    }

    #[test]
    fn a_bench_answers_to_its_full_name_its_crate_and_its_short_name() {
        for name in ["object/parse", "object", "entente-object", "parse"] {
            let chosen = chosen(some(), &[name.to_owned()]).unwrap();
            assert_eq!(chosen.len(), 1, "{name}");
            assert_eq!(chosen[0].shown(), "object/parse");
        }
    }

    #[test]
    fn all_run_when_none_is_named_and_an_unknown_name_is_refused() {
        assert_eq!(chosen(some(), &[]).unwrap().len(), 2);
        assert!(chosen(some(), &["pars".to_owned()]).is_err());
    }

    #[test]
    fn benches_are_files_and_folders_with_a_main() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("page.rs"), "").unwrap();
        std::fs::write(folder.path().join("page.md"), "").unwrap();
        std::fs::create_dir(folder.path().join("helper")).unwrap();
        std::fs::create_dir(folder.path().join("whole")).unwrap();
        std::fs::write(folder.path().join("whole/main.rs"), "").unwrap();
        let mut names = names(folder.path());
        names.sort();
        assert_eq!(names, ["page", "whole"]);
    }
}
