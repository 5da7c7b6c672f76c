//! House rules of documents: what they name exists, and what exists is named.
//!
//! Links to the web are not followed: tidy works without a network.

use super::{Finding, Tree, has_extension};

const ARCHITECTURE: &str = "ARCHITECTURE.md";
const CHANGELOG: &str = "CHANGELOG.md";

/// ARCHITECTURE.md names every member by its path, and no crate that is not there.
pub(super) fn check_architecture(members: &[(String, usize)], tree: &Tree) -> Vec<Finding> {
    let Some(text) = tree.text(ARCHITECTURE) else {
        return vec![Finding::new(ARCHITECTURE, 1, "the file is missing: write it")];
    };
    let named = |member: &str| text.lines().any(|line| paths(line, member).contains(&member));
    let unnamed = members.iter().filter(|(member, _)| !named(member)).map(|(member, _)| {
        let what = format!("workspace member {member} is not named here: say what it is for");
        Finding::new(ARCHITECTURE, 1, what)
    });
    let mut findings: Vec<_> = unnamed.collect();
    for (line, number) in text.lines().zip(1..) {
        for path in paths(line, "crates/").into_iter().filter(|path| !tree.has(path)) {
            let what = format!("there is no {path}: correct the name or take it out");
            findings.push(Finding::new(ARCHITECTURE, number, what));
        }
    }
    findings
}

/// The paths of one or two folders in a line that start with `prefix`.
fn paths<'a>(line: &'a str, prefix: &str) -> Vec<&'a str> {
    let is_name = |one: char| one.is_ascii_alphanumeric() || one == '-' || one == '_';
    let starts = line.match_indices(prefix).filter(|(at, _)| {
        let before = line.get(..*at).and_then(|before| before.chars().next_back());
        !before.is_some_and(|one| is_name(one) || one == '/')
    });
    starts
        .filter_map(|(at, _)| {
            let rest = line.get(at..)?;
            let known = prefix.len();
            let name = rest.get(known..)?.find(|one| !is_name(one)).unwrap_or(rest.len() - known);
            rest.get(..known + name).filter(|path| !path.ends_with('/'))
        })
        .collect()
}

/// CHANGELOG.md has a place for what is new.
pub(super) fn check_changelog(tree: &Tree) -> Option<Finding> {
    let text = tree.text(CHANGELOG).unwrap_or_default();
    let is_there = text.lines().any(|line| matches!(line, "## [Unreleased]" | "## Unreleased"));
    let what = "no section \"## Unreleased\": add it at the top";
    (!is_there).then(|| Finding::new(CHANGELOG, 1, what))
}

/// A relative link leads to a file, a folder or a heading that is there.
pub(super) fn check_links(tree: &Tree, path: &str, text: &str) -> Vec<Finding> {
    if !has_extension(path, "md") {
        return Vec::new();
    }
    let mut findings = Vec::new();
    for (line, number) in prose(text) {
        for link in
            links(&line).filter(|link| !link.contains("://") && !link.starts_with("mailto:"))
        {
            if let Some(what) = broken(tree, path, link) {
                findings.push(Finding::new(path, number, what));
            }
        }
    }
    findings
}

/// The lines outside code blocks, their `code` blanked, with their numbers.
fn prose(text: &str) -> impl Iterator<Item = (String, usize)> {
    let mut in_block = false;
    text.lines().zip(1..).filter_map(move |(line, number)| {
        let is_fence = line.trim_start().starts_with("```");
        in_block ^= is_fence;
        let kept = line.split('`').step_by(2).collect::<Vec<_>>().join("``");
        (!in_block && !is_fence).then_some((kept, number))
    })
}

fn links(line: &str) -> impl Iterator<Item = &str> {
    line.split("](").skip(1).filter_map(|rest| rest.split([')', ' ']).next())
}

fn broken(tree: &Tree, from: &str, link: &str) -> Option<String> {
    let (target, heading) = link.split_once('#').map_or((link, None), |(a, b)| (a, Some(b)));
    let path = if target.is_empty() { Some(from.to_owned()) } else { resolved(from, target) };
    let Some(path) = path.filter(|path| tree.has(path)) else {
        return Some(format!("the link {link} leads nowhere: correct it"));
    };
    let text = tree.text(&path)?;
    let is_there = heading.is_none_or(|heading| headings(text).any(|known| known == heading));
    (!is_there).then(|| format!("the link {link} leads to no heading of {path}: correct it"))
}

/// A link's path from the root of the repository; none if it leads out of it.
fn resolved(from: &str, target: &str) -> Option<String> {
    let mut parts: Vec<&str> = from.split('/').collect();
    parts.pop();
    for part in target.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()?),
            name => parts.push(name),
        }
    }
    Some(parts.join("/"))
}

/// The anchors of a document's headings, made as the usual viewers make them.
fn headings(text: &str) -> impl Iterator<Item = String> {
    text.lines().filter(|line| line.starts_with('#')).map(|line| {
        let title = line.trim_start_matches('#').trim();
        let kept = title.chars().filter(|one| one.is_alphanumeric() || " -_".contains(*one));
        kept.flat_map(char::to_lowercase).map(|one| if one == ' ' { '-' } else { one }).collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn members(names: &[&str]) -> Vec<(String, usize)> {
        names.iter().map(|name| ((*name).to_owned(), 1)).collect()
    }

    #[test]
    fn the_architecture_names_every_member_and_nothing_that_is_not_there() {
        let text = "- `crates/log`: the log\n- [web](crates/web/src/lib.rs)\n";
        let tree = Tree::of(&[(ARCHITECTURE, text), ("crates/log/Cargo.toml", "")]);
        let findings = check_architecture(&members(&["crates/log", "crates/lo", "xtask"]), &tree);
        let lines: Vec<_> = findings.iter().map(|finding| finding.line).collect();
        assert_eq!(lines, [1, 1, 2]);
        assert!(findings[0].what.contains("crates/lo "));
        assert!(findings[2].what.contains("crates/web"));
    }

    #[test]
    fn an_architecture_must_be() {
        assert_eq!(check_architecture(&[], &Tree::of(&[])).len(), 1);
    }

    #[test]
    fn the_changelog_has_a_place_for_what_is_new() {
        assert!(check_changelog(&Tree::of(&[(CHANGELOG, "# Changes\n")])).is_some());
        assert!(check_changelog(&Tree::of(&[(CHANGELOG, "## [Unreleased]\n")])).is_none());
    }

    #[test]
    fn links_lead_somewhere() {
        let tree = Tree::of(&[("docs/a.md", "# A title, here\n"), ("README.md", "")]);
        let broken = |text: &str| check_links(&tree, "docs/a.md", text).len();
        for good in
            ["../README.md", ".", "..", "a.md#a-title-here", "#a-title-here", "https://x.y/z"]
        {
            assert_eq!(broken(&format!("see [x]({good})\n")), 0, "{good}");
        }
        for bad in ["b.md", "../../README.md", "a.md#b", "#b", "../src"] {
            assert_eq!(broken(&format!("see [x]({bad})\n")), 1, "{bad}");
        }
        assert_eq!(broken("`[x](b.md)` and\n```\n[x](b.md)\n```\n"), 0);
    }
}
