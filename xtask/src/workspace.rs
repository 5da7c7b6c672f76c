//! The workspace as its manifests say: members in order, names, dependencies, target folder.
//!
//! The manifests are our own and plain, so they are read line by line: a section, then `key = …`
//! or `key.workspace = true`. No TOML parser is pulled in for that.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// One `name` in a dependency section of a manifest, and its line.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Dependency {
    pub(crate) name: String,
    pub(crate) line: usize,
}

/// The folder of the workspace: the parent of the folder of this crate.
pub(crate) fn root() -> Result<PathBuf> {
    let here = std::env::var_os("CARGO_MANIFEST_DIR")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
    let root = here.parent().context("xtask has no parent folder")?;
    Ok(root.to_path_buf())
}

/// Where cargo builds.
pub(crate) fn target(root: &Path) -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), |dir| root.join(dir))
}

/// The members listed in the root manifest, in their order, each with its line.
pub(crate) fn members(manifest: &str) -> Vec<(String, usize)> {
    let lines = manifest.lines().zip(1..);
    lines
        .skip_while(|(line, _)| !line.starts_with("members"))
        .skip(1)
        .take_while(|(line, _)| !line.starts_with(']'))
        .filter_map(|(line, number)| {
            let name = line.trim().strip_prefix('"')?;
            Some((name.split_once('"')?.0.to_owned(), number))
        })
        .collect()
}

/// The name of the package that a manifest describes.
pub(crate) fn package_name(manifest: &str) -> Option<&str> {
    let line = manifest.lines().find(|line| line.starts_with("name"))?;
    line.split('"').nth(1)
}

/// Every dependency of a manifest: normal, for tests and for build scripts.
pub(crate) fn dependencies(manifest: &str) -> Vec<Dependency> {
    let mut found = Vec::new();
    let mut inside = false;
    for (line, number) in manifest.lines().zip(1..) {
        if let Some(section) = line.strip_prefix('[') {
            let section = section.trim_end().trim_end_matches(']');
            inside = section.ends_with("dependencies");
            if let Some((_, name)) = section.split_once("dependencies.") {
                found.push(Dependency { name: name.to_owned(), line: number });
            }
        } else if inside && line.starts_with(|first: char| first.is_ascii_alphabetic()) {
            let end = line.find(['.', '=', ' ']).unwrap_or(line.len());
            let name = line.get(..end).unwrap_or(line).to_owned();
            found.push(Dependency { name, line: number });
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_come_in_the_order_of_the_manifest() {
        let manifest = "[workspace]\nmembers = [\n  \"crates/a\",\n  # a remark\n  \"xtask\",\n]\n";
        let expected = [("crates/a".to_owned(), 3), ("xtask".to_owned(), 5)];
        assert_eq!(members(manifest), expected);
    }

    #[test]
    fn the_name_is_that_of_the_package() {
        assert_eq!(package_name("[package]\nname = \"entente-log\"\n"), Some("entente-log"));
        assert_eq!(package_name("[workspace]\n"), None);
    }

    #[test]
    fn dependencies_are_found_in_every_section_and_spelling() {
        let manifest = "[package]\nname = \"x\"\n[dependencies]\na.workspace = true\nb = \"1\"\n\
             [dev-dependencies]\nc = { path = \"../c\" }\n[lints]\nworkspace = true\n\
             [target.'cfg(unix)'.dependencies]\nd.workspace = true\n[dependencies.e]\nversion = \"1\"\n";
        let names: Vec<_> = dependencies(manifest).into_iter().map(|found| found.name).collect();
        assert_eq!(names, ["a", "b", "c", "d", "e"]);
    }
}
