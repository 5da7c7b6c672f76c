//! The root manifest is the architecture: members in dependency order, one reason per dependency.

use super::{Finding, Tree};
use crate::workspace;

const MANIFEST: &str = "Cargo.toml";
const REASONS: &str = "docs/decisions/0003-dependencies.md";

/// A member depends on members listed before it only.
pub(super) fn check_order(members: &[(String, usize)], tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut names = Vec::new();
    let mut manifests = Vec::new();
    for (member, line) in members {
        let path = format!("{member}/{MANIFEST}");
        let Some(manifest) = tree.text(&path) else {
            let what = format!("member {member} has no manifest: add it or take it out");
            findings.push(Finding::new(MANIFEST, *line, what));
            continue;
        };
        names.push(workspace::package_name(manifest).unwrap_or(member).to_owned());
        manifests.push((path, manifest));
    }
    for (place, (path, manifest)) in manifests.iter().enumerate() {
        let before = names.get(..place).unwrap_or_default();
        // Its tests may ask a member for a feature of its own.
        let later = names.get(place + 1..).unwrap_or_default();
        for found in workspace::dependencies(manifest) {
            if later.contains(&found.name) && !before.contains(&found.name) {
                let what = format!(
                    "{} is not listed before this member in the root manifest: a member may \
                     depend only on those before it",
                    found.name
                );
                findings.push(Finding::new(path, found.line, what));
            }
        }
    }
    findings
}

/// Every dependency from outside has its row in the table of reasons.
pub(super) fn check_table(manifest: &str, tree: &Tree) -> Vec<Finding> {
    let Some(table) = tree.text(REASONS) else {
        return vec![Finding::new(REASONS, 1, "the table of dependencies is missing: write it")];
    };
    let outside = workspace::dependencies(manifest)
        .into_iter()
        .filter(|found| !found.name.starts_with("entente-"))
        .filter(|found| !table.contains(&format!("`{}`", found.name)));
    outside
        .map(|found| {
            let what = format!("{} has no row in {REASONS}: say what it is for", found.name);
            Finding::new(MANIFEST, found.line, what)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest(name: &str, dependency: &str) -> String {
        format!("[package]\nname = \"{name}\"\n[dependencies]\n{dependency}.workspace = true\n")
    }

    fn findings(order: &[&str]) -> Vec<Finding> {
        let low = manifest("low", "serde");
        let high = manifest("high", "low");
        let tree = Tree::of(&[("a/low/Cargo.toml", &low), ("a/high/Cargo.toml", &high)]);
        let members: Vec<_> = order.iter().map(|name| (format!("a/{name}"), 3)).collect();
        check_order(&members, &tree)
    }

    #[test]
    fn a_member_depends_on_those_before_it() {
        assert_eq!(findings(&["low", "high"]), []);
        let wrong = findings(&["high", "low"]);
        assert_eq!(wrong.len(), 1);
        assert_eq!((wrong[0].path.as_str(), wrong[0].line), ("a/high/Cargo.toml", 4));
    }

    #[test]
    fn a_member_may_name_itself() {
        let own = manifest("own", "own");
        let tree = Tree::of(&[("a/own/Cargo.toml", &own)]);
        assert_eq!(check_order(&[("a/own".to_owned(), 3)], &tree), []);
    }

    #[test]
    fn a_member_has_a_manifest() {
        assert_eq!(findings(&["low", "none"])[0].path, "Cargo.toml");
    }

    #[test]
    fn every_dependency_from_outside_has_its_row() {
        let manifest = "[workspace.dependencies]\nentente-log = 1\nserde = 1\nclap = 1\n";
        let tree = Tree::of(&[(REASONS, "| names | `clap` |\n")]);
        let findings = check_table(manifest, &tree);
        assert_eq!(findings.len(), 1);
        assert_eq!(findings[0].line, 3);
        assert_eq!(check_table("", &Tree::of(&[])).len(), 1);
    }
}
