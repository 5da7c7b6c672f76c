//! House rules of Rust files: what their head says, and what may not stand in them.
//!
//! The length of functions, documentation of public items and reasons of `#[expect]` are lints
//! (Cargo.toml, clippy.toml) and not repeated here.

use super::code::Code;
use super::{Finding, has_extension};

/// A file of more lines than this has more than one noun in it.
const LINES_AT_MOST: usize = 1_000;

/// Macros that stand for work not done.
const UNFINISHED: [&str; 3] = ["todo!", "unimplemented!", "dbg!"];

/// What opens a connection, or asks for where a name is.
const CONNECTS: [&str; 10] = [
    "ureq",
    "ConnectOptions",
    "TcpStream::connect",
    "TcpSocket",
    "UdpSocket",
    "UnixStream",
    "ToSocketAddrs",
    "lookup_host",
    "client::conn",
    "client::legacy",
];

/// The files that may: an address that the operator named, one on a card that people accepted, the
/// cluster of this node, and the demo, which asks itself and the nodes that it started. The fixture of the cluster's tests asks its own.
const MAY_CONNECT: [&str; 6] = [
    "crates/node/src/fetch.rs",
    "crates/node/src/dial.rs",
    "crates/node/src/demo.rs",
    "crates/node/src/coalition.rs",
    "crates/stream/src/cluster.rs",
    "crates/stream/src/servers.rs",
];

/// Every rule of this module.
pub(super) fn check(path: &str, text: &str) -> Vec<Finding> {
    if !is_rust(path) {
        return Vec::new();
    }
    let code = Code::of(text);
    let mut findings = Vec::new();
    findings.extend(head(path, text));
    findings.extend(length(path, text));
    findings.extend(suppressions(path, &code));
    findings.extend(unfinished(path, &code));
    findings.extend(globs(path, &code));
    findings.extend(connections(path, &code));
    findings
}

/// Whether a path is that of a Rust file.
pub(super) fn is_rust(path: &str) -> bool {
    has_extension(path, "rs")
}

/// Whether a whole file is a test, a benchmark or a fuzz target.
pub(super) fn is_test_file(path: &str) -> bool {
    path.ends_with("/tests.rs")
        || path.ends_with("_tests.rs")
        || path.split('/').any(|folder| matches!(folder, "tests" | "benches" | "fuzz"))
}

fn head(path: &str, text: &str) -> Vec<Finding> {
    let head: Vec<&str> = text.lines().take_while(|line| line.starts_with("//!")).collect();
    let says = |words: &str| head.iter().any(|line| line.contains(words));
    let mut findings = Vec::new();
    let mut add = |what: &str| findings.push(Finding::new(path, 1, what));
    if head.is_empty() {
        add("no `//!` on the first line: say what always holds in this file");
    } else if says("Placeholder") {
        add("the head is a placeholder: say what always holds in this file");
    } else if is_crate_root(path) && !(says("In scope") && says("Out of scope")) {
        add("the head of a crate names no scope: write \"In scope: …\" and \"Out of scope: …\"");
    }
    findings
}

fn is_crate_root(path: &str) -> bool {
    path.starts_with("crates/") && path.ends_with("/src/lib.rs")
}

fn length(path: &str, text: &str) -> Option<Finding> {
    let lines = text.lines().count();
    let too_long = lines > LINES_AT_MOST && path.split('/').any(|folder| folder == "src");
    too_long.then(|| {
        let what = format!("{lines} lines, {LINES_AT_MOST} at most: give each noun its own file");
        Finding::new(path, lines, what)
    })
}

fn suppressions(path: &str, code: &Code) -> Vec<Finding> {
    let is_suppression = |line: &str| {
        let dense: String = line.split_whitespace().collect();
        ["#[allow(", "#![allow("].iter().any(|attribute| dense.contains(attribute))
            || dense.contains("[cfg_attr(") && dense.contains(",allow(")
    };
    let found = code.lines().filter(|(line, _)| is_suppression(line));
    let what = "`allow` hides a lint for ever: use `#[expect(lint, reason = \"…\")]`";
    found.map(|(_, number)| Finding::new(path, number, what)).collect()
}

fn unfinished(path: &str, code: &Code) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (line, number) in code.lines() {
        for name in UNFINISHED {
            if has_word(line, name) {
                let what = format!("`{name}` is unfinished work: finish it or take it out");
                findings.push(Finding::new(path, number, what));
            }
        }
    }
    findings
}

/// Whether `name` stands in the line, and not as the end of a longer name.
fn has_word(line: &str, name: &str) -> bool {
    line.match_indices(name).any(|(at, _)| {
        let before = line.get(..at).and_then(|before| before.chars().next_back());
        !before.is_some_and(|one| one.is_alphanumeric() || one == '_')
    })
}

fn globs(path: &str, code: &Code) -> Vec<Finding> {
    let found = code.imports().into_iter().filter(|(statement, line)| {
        let in_test = is_test_file(path) || code.is_test(*line);
        statement.contains('*') && !(in_test && statement == "use super::*;")
    });
    let what = "a glob import hides where a name comes from: name what is used \
                (tests may `use super::*`)";
    found.map(|(_, line)| Finding::new(path, line, what)).collect()
}

/// ATTACKS.md row 15: what the product reads cannot make it connect to anybody.
fn connections(path: &str, code: &Code) -> Vec<Finding> {
    if !path.starts_with("crates/") || is_test_file(path) || MAY_CONNECT.contains(&path) {
        return Vec::new();
    }
    let connects = |line: &str| CONNECTS.iter().any(|name| has_word(line, name));
    let found = code.lines().filter(|(line, number)| connects(line) && !code.is_test(*number));
    let what = "this can open a connection: let crates/node/src/fetch.rs or dial.rs do it, for an \
                address that the operator named or accepted";
    found.map(|(_, line)| Finding::new(path, line, what)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "crates/log/src/entry.rs";

    fn lines(path: &str, text: &str) -> Vec<usize> {
        check(path, text).into_iter().map(|finding| finding.line).collect()
    }

    #[test]
    fn a_clean_file_has_no_findings() {
        let text = "//! Entries are never changed.\n\nuse std::fmt;\n#[cfg(test)]\nmod tests {\n    \
                    use super::*;\n}\n";
        assert_eq!(check(FILE, text), []);
    }

    #[test]
    fn other_files_are_not_looked_at() {
        assert_eq!(check("docs/x.md", "todo!()"), []);
    }

    #[test]
    fn a_file_opens_with_its_invariants() {
        assert_eq!(lines(FILE, "\n//! Late.\n"), [1]);
        assert_eq!(lines(FILE, "use std::fmt;\n"), [1]);
        assert_eq!(lines(FILE, "//! Placeholder.\n"), [1]);
    }

    #[test]
    fn only_four_files_connect_to_others() {
        let text =
            "//! A.\nuse std::net::TcpStream;\nfn a() { TcpStream::connect(b) }\nuse ureq::get;\n";
        assert_eq!(lines(FILE, text), [3, 4]);
        assert_eq!(lines("crates/node/src/fetch.rs", text), []);
        assert_eq!(lines("crates/node/src/listen/tests.rs", text), []);
        let in_test = "//! A.\n#[cfg(test)]\nmod tests {\nfn a() { TcpStream::connect(b) }\n}\n";
        assert_eq!(lines(FILE, in_test), []);
    }

    #[test]
    fn a_crate_says_its_scope() {
        let root = "crates/log/src/lib.rs";
        assert_eq!(lines(root, "//! The log.\n//!\n//! In scope: a.\n"), [1]);
        assert_eq!(lines(root, "//! The log.\n//! In scope: a.\n//! Out of scope: b.\n"), []);
    }

    #[test]
    fn a_file_has_a_thousand_lines_at_most() {
        let text = |lines: usize| format!("//! Long.\n{}", "\n".repeat(lines - 1));
        assert_eq!(check(FILE, &text(1_000)), []);
        assert_eq!(lines(FILE, &text(1_001)), [1_001]);
        assert_eq!(check("tests/main.rs", &text(1_001)), []);
    }

    #[test]
    fn allow_is_refused_in_every_spelling() {
        for attribute in
            ["#[allow(x)]", "#![allow(x)]", "# [allow (x)]", "#[cfg_attr(test, allow(x))]"]
        {
            assert_eq!(lines(FILE, &format!("//! A.\n{attribute}\n")), [2], "{attribute}");
        }
        assert_eq!(check(FILE, "//! A.\n// #[allow(x)]\n#[expect(x, reason = \"y\")]\n"), []);
    }

    #[test]
    fn unfinished_work_is_refused_and_words_about_it_are_not() {
        assert_eq!(lines(FILE, "//! A.\nfn a() { todo!() }\n"), [2]);
        assert_eq!(lines(FILE, "//! A.\nfn a() { dbg!(1); }\n"), [2]);
        assert_eq!(check(FILE, "//! A.\n// todo!\nfn a() { not_todo!(\"todo!\") }\n"), []);
    }

    #[test]
    fn globs_are_refused_but_for_the_parent_of_a_test() {
        assert_eq!(lines(FILE, "//! A.\nuse super::*;\n"), [2]);
        assert_eq!(lines(FILE, "//! A.\npub use a::{\n  b::*,\n};\n"), [2]);
        let in_test =
            |statement: &str| format!("//! A.\n#[cfg(test)]\nmod tests {{\n{statement}\n}}\n");
        assert_eq!(check(FILE, &in_test("use super::*;")), []);
        assert_eq!(lines(FILE, &in_test("use proptest::prelude::*;")), [4]);
        assert_eq!(check("crates/log/src/entry/tests.rs", "//! A.\nuse super::*;\n"), []);
    }
}
