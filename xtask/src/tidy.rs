//! `cargo xtask tidy`: the house rules that the compiler and clippy do not hold.
//!
//! Every check is a pure function from text to findings, tested on small strings; this file alone
//! reads the tree. It reads what git tracks and what is new and not ignored, as it is on disk.
//! A finding says where, what is wrong, and what to do.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use anyhow::{Context, Result};

use crate::{process, workspace};

mod code;
mod decisions;
mod documents;
mod licences;
mod members;
mod rust;
mod text;

/// Something to put right.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Finding {
    path: String,
    line: usize,
    what: String,
}

impl Finding {
    fn new(path: &str, line: usize, what: impl Into<String>) -> Self {
        Self { path: path.to_owned(), line, what: what.into() }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(to, "{}:{}: {}", self.path, self.line, self.what)
    }
}

fn has_extension(path: &str, extension: &str) -> bool {
    path.rsplit_once('.').is_some_and(|(_, found)| found == extension)
}

/// The text files of the tree by path; files that are not UTF-8 are there without text.
pub(crate) struct Tree {
    files: BTreeMap<String, Option<String>>,
}

impl Tree {
    fn read(root: &Path) -> Result<Self> {
        let listed = process::output(process::command(root, "git").args([
            "ls-files",
            "-z",
            "--cached",
            "--others",
            "--exclude-standard",
        ]))
        .context("tidy asks git for the list of files")?;
        let mut files = BTreeMap::new();
        for path in listed.split('\0').filter(|path| !path.is_empty()) {
            let full = root.join(path);
            if full.is_file() {
                let bytes = std::fs::read(&full).with_context(|| path.to_owned())?;
                files.insert(path.to_owned(), String::from_utf8(bytes).ok());
            }
        }
        Ok(Self { files })
    }

    /// A tree for tests.
    #[cfg(test)]
    fn of(files: &[(&str, &str)]) -> Self {
        let owned = |(path, text): &(&str, &str)| ((*path).to_owned(), Some((*text).to_owned()));
        Self { files: files.iter().map(owned).collect() }
    }

    fn text(&self, path: &str) -> Option<&str> {
        self.files.get(path)?.as_deref()
    }

    fn texts(&self) -> impl Iterator<Item = (&str, &str)> {
        self.files.iter().filter_map(|(path, text)| Some((path.as_str(), text.as_deref()?)))
    }

    /// Whether a file or a folder with files is called so.
    fn has(&self, path: &str) -> bool {
        let folder = format!("{path}/");
        let after = self.files.range(folder.clone()..).next();
        path.is_empty()
            || self.files.contains_key(path)
            || after.is_some_and(|(first, _)| first.starts_with(&folder))
    }
}

/// Prints what is wrong; true if nothing is.
pub(crate) fn run(root: &Path) -> Result<bool> {
    let tree = Tree::read(root)?;
    let mut findings = check(&tree);
    let licences = process::output(process::cargo(root).args(licences::TREE))
        .context("tidy asks cargo for the licences of the dependencies")?;
    findings.extend(licences::check(&licences));
    findings.extend(lock_file(root)?);
    findings.sort();
    for finding in &findings {
        println!("{finding}");
    }
    let files = tree.files.len();
    match findings.len() {
        0 => println!("tidy: {files} files, nothing to put right"),
        1 => println!("tidy: {files} files, one thing to put right"),
        many => println!("tidy: {files} files, {many} things to put right"),
    }
    Ok(findings.is_empty())
}

/// In continuous integration the clone is fresh: a lock file that cargo had to change (it has by
/// now, to run this program) was not committed as the manifests need it.
fn lock_file(root: &Path) -> Result<Option<Finding>> {
    if std::env::var_os("CI").is_none() {
        return Ok(None);
    }
    let mut git = process::command(root, "git");
    let changed = process::output(git.args(["diff", "--name-only", "--", "Cargo.lock"]))?;
    let what = "the manifests need another lock file: build, and commit Cargo.lock";
    Ok((!changed.is_empty()).then(|| Finding::new("Cargo.lock", 1, what)))
}

/// Every check that needs the tree alone.
fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, text) in tree.texts() {
        findings.extend(text::check(path, text));
        findings.extend(rust::check(path, text));
        findings.extend(documents::check_links(tree, path, text));
    }
    let manifest = tree.text("Cargo.toml").unwrap_or_default();
    let members = workspace::members(manifest);
    findings.extend(members::check_order(&members, tree));
    findings.extend(members::check_table(manifest, tree));
    findings.extend(documents::check_architecture(&members, tree));
    findings.extend(documents::check_changelog(tree));
    findings.extend(decisions::check(tree));
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finding_opens_with_file_and_line() {
        let finding = Finding::new("a/b.rs", 7, "too long: split it");
        assert_eq!(finding.to_string(), "a/b.rs:7: too long: split it");
    }

    #[test]
    fn a_tree_knows_files_and_folders_and_no_prefixes() {
        let tree = Tree::of(&[("crates/log/src/lib.rs", ""), ("README.md", "")]);
        for path in ["crates/log/src/lib.rs", "crates/log", "crates", "README.md", ""] {
            assert!(tree.has(path), "{path}");
        }
        for path in ["crates/lo", "crates/logs", "READ", "zzz"] {
            assert!(!tree.has(path), "{path}");
        }
    }
}
