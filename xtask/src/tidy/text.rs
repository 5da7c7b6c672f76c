//! House rules of every text that people write: no stray blanks, nothing of one machine.
//!
//! Data (objects, captured bytes, golden files) is left as it is: a byte more would change it.
//! The forbidden words are put together here from halves, so that this file does not hold them.

use super::code::Code;
use super::{Finding, rust};

/// What people write, by the end of its name.
const WRITTEN: [&str; 9] =
    [".rs", ".md", ".toml", ".py", ".sh", ".yml", ".cedar", ".gitignore", ".ci/run"];

/// Places that exist on one machine only. Tests may speak of the last four, as strings.
const PLACES: [&str; 6] = [
    concat!("/wo", "rk/"),
    concat!("../sha", "red"),
    concat!("/ro", "ot/"),
    concat!("/ho", "me/"),
    concat!("/t", "mp/"),
    concat!("/Us", "ers/"),
];

/// Hosts of package registries: clients know them, this repository does not.
const REGISTRIES: [&str; 6] = [
    concat!("crates", ".io"),
    concat!("pypi", ".org"),
    concat!("python", "hosted.org"),
    concat!("npmjs", ".org"),
    concat!("deb.", "debian.org"),
    concat!("proxy.", "golang.org"),
];

/// Every rule of this module.
pub(super) fn check(path: &str, text: &str) -> Vec<Finding> {
    if !WRITTEN.iter().any(|end| path.ends_with(end)) {
        return Vec::new();
    }
    let mut findings = blanks(path, text);
    findings.extend(places(path, text));
    findings.extend(registries(path, text));
    findings
}

fn blanks(path: &str, text: &str) -> Vec<Finding> {
    let stray = text.split('\n').zip(1..).filter(|(line, _)| line.ends_with([' ', '\t', '\r']));
    let mut findings: Vec<Finding> = stray
        .map(|(_, number)| Finding::new(path, number, "blanks at the end of the line: remove them"))
        .collect();
    let last = text.lines().count();
    if !text.is_empty() && !text.ends_with('\n') {
        findings.push(Finding::new(path, last, "no line break at the end of the file: add one"));
    }
    if text.ends_with("\n\n") {
        findings.push(Finding::new(path, last, "empty lines at the end of the file: remove them"));
    }
    findings
}

fn places(path: &str, text: &str) -> Vec<Finding> {
    let code = rust::is_rust(path).then(|| Code::of(text));
    let mut findings = Vec::new();
    for (line, number) in text.lines().zip(1..) {
        let in_test =
            rust::is_test_file(path) || code.as_ref().is_some_and(|code| code.is_test(number));
        for (place, rank) in PLACES.iter().zip(0..) {
            if names_place(line, place) && !(in_test && rank > 0) {
                let what = format!("{place} is a place on one machine: use a relative path");
                findings.push(Finding::new(path, number, what));
            }
        }
    }
    findings
}

/// Whether the line names the place itself, and not a folder of that name inside another.
fn names_place(line: &str, place: &str) -> bool {
    line.match_indices(place).any(|(at, _)| {
        let before = line.get(..at).and_then(|before| before.chars().next_back());
        !before.is_some_and(|one| one.is_alphanumeric() || "._-*}/$~".contains(one))
    })
}

fn registries(path: &str, text: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (line, number) in text.lines().zip(1..) {
        for host in REGISTRIES.iter().filter(|host| line.contains(**host)) {
            let what = format!("{host} is a host of a package registry: name the package instead");
            findings.push(Finding::new(path, number, what));
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(path: &str, text: &str) -> Vec<usize> {
        check(path, text).into_iter().map(|finding| finding.line).collect()
    }

    #[test]
    fn stray_blanks_are_found() {
        assert_eq!(lines("a.md", "a\nb \nc\t\nd\r\n"), [2, 3, 4]);
        assert_eq!(check("a.md", "a\n\nb\n"), []);
    }

    #[test]
    fn a_file_ends_in_one_line_break() {
        assert_eq!(lines("a.md", "a\nb"), [2]);
        assert_eq!(lines("a.md", "a\n\n"), [2]);
        assert_eq!(check("a.md", ""), []);
    }

    #[test]
    fn data_is_left_alone() {
        assert_eq!(check("tests/golden/a.json", "{} \n\n"), []);
    }

    #[test]
    fn places_on_one_machine_are_found() {
        for place in PLACES {
            assert_eq!(lines("a.md", &format!("see `{place}x`\n")), [1], "{place}");
        }
        let inside = format!("https://example.com{0}x and a{0}x\n", PLACES[0]);
        assert_eq!(check("a.md", &inside), []);
    }

    #[test]
    fn tests_may_speak_of_some_places_as_strings() {
        let text = format!("a\n#[cfg(test)]\nmod tests {{\n    \"{}x\"\n}}\n", PLACES[4]);
        assert_eq!(check("crates/log/src/a.rs", &text), []);
        assert_eq!(check("tests/a.rs", &format!("\"{}data\"\n", PLACES[1])), []);
        assert_eq!(lines("tests/a.rs", &format!("\"{}data\"\n", PLACES[0])), [1]);
    }

    #[test]
    fn hosts_of_registries_are_found() {
        for host in REGISTRIES {
            assert_eq!(lines("a.md", &format!("from {host}\n")), [1], "{host}");
        }
    }
}
