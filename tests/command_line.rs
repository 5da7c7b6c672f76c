//! The command line: help, completion, man pages, colours, and messages that say what to do.

use std::fs;

use serde_json::Value;

use crate::node::{Node, PASSPHRASE, Ran, repository};

/// The names that a help text lists as commands.
fn commands(help: &str) -> Vec<String> {
    let listed = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    let listed = listed.take_while(|line| !line.is_empty());
    // A name stands two columns in; what goes on from a line above stands further in.
    let names = listed.filter_map(|line| line.strip_prefix("  ").filter(|l| !l.starts_with(' ')));
    let name = |line: &str| line.split(' ').next().unwrap_or_default().to_owned();
    names.map(name).filter(|name| name != "help").collect()
}

/// Every command with its path, and its long help.
fn all_commands(node: &Node, path: &[String], found: &mut Vec<(Vec<String>, String)>) {
    let mut args: Vec<&str> = path.iter().map(String::as_str).collect();
    args.push("--help");
    let help = node.run(&args).ends(0).out;
    for name in commands(&help) {
        let path = [path, &[name]].concat();
        all_commands(node, &path, found);
    }
    found.push((path.to_vec(), help));
}

#[test]
fn every_command_has_help_with_text() {
    let node = Node::none();
    let mut found = Vec::new();
    all_commands(&node, &[], &mut found);
    let top: Vec<&str> = found
        .iter()
        .filter(|(path, _)| path.len() == 1)
        .map(|(path, _)| path[0].as_str())
        .collect();
    for name in [
        "init",
        "serve",
        "import",
        "export",
        "check",
        "release",
        "ledger",
        "programme",
        "partner",
        "user",
        "token",
        "backup",
        "restore",
        "doctor",
        "demo",
        "completion",
        "man",
    ] {
        assert!(top.contains(&name), "{name} is no command: {top:?}");
    }
    for (path, help) in &found {
        let about = help.lines().next().unwrap_or_default();
        assert!(about.len() > 8 && !about.starts_with("Usage"), "{path:?}: {help}");
        assert!(help.contains("Usage: entente"), "{path:?}: {help}");
        let options = help.lines().skip_while(|line| *line != "Options:");
        let options = options.take_while(|line| !line.starts_with("Example"));
        let bare = options.filter(|line| line.trim_start().starts_with("--"));
        for line in bare {
            let described = line.trim().contains("  ") || follows(help, line);
            assert!(described, "{path:?}: an option without text: {line}");
        }
    }
    node.run(&["--help"]).says(&["Exit codes", "entente demo"]);
}

/// Whether a line is followed by one that is further in: the text of long options.
fn follows(help: &str, line: &str) -> bool {
    let indent = |line: &str| line.len() - line.trim_start().len();
    let next = help.lines().skip_while(|one| *one != line).nth(1).unwrap_or_default();
    indent(next) > indent(line)
}

#[test]
fn the_readme_names_every_command_that_there_is() {
    let readme = fs::read_to_string(repository().join("README.md")).unwrap();
    let node = Node::none();
    for name in commands(&node.run(&["--help"]).out) {
        if !["completion", "man"].contains(&name.as_str()) {
            assert!(readme.contains(&format!("entente {name}")), "README.md: {name}");
        }
    }
}

#[test]
fn completion_and_man_pages_are_made() {
    let node = Node::none();
    for shell in ["bash", "zsh", "fish"] {
        let script = node.run(&["completion", shell]).ends(0).out;
        assert!(script.contains("entente") && script.contains("partner"), "{shell}");
    }
    node.run(&["man", "pages"]).ends(0);
    let page = |name: &str| fs::read_to_string(node.work().join("pages").join(name)).unwrap();
    assert!(page("entente.1").contains(".TH"));
    assert!(page("entente-release-explain.1").contains("condition"));
    assert!(!node.folder().exists(), "a command that needs no node made one");
}

#[test]
fn no_colour_where_none_is_wanted() {
    let node = Node::none();
    for args in [["--help"].as_slice(), &["imprt"], &["doctor"], &["partner", "add", "ROK"]] {
        let plain = Ran::of(&mut node.command(args)).said();
        assert!(!plain.contains('\u{1b}'), "{args:?} without a terminal: {plain}");
        let mut command = node.command(args);
        let said = Ran::of(command.env("NO_COLOR", "1").env("CLICOLOR_FORCE", "1")).said();
        assert!(!said.contains('\u{1b}'), "{args:?} with NO_COLOR: {said}");
    }
}

#[test]
fn mistakes_are_answered_with_what_to_do() {
    let node = Node::with(&["POL", "USA"]);
    node.password("POL");
    let empty = Node::none();
    let short = || node.fed(&["partner", "password", "POL"], b"short\n");
    let run = |args: &[&str]| node.run(args);
    let mut wrong = Vec::new();
    for (ran, words) in [
        (empty.run(&["init", "ROK"]), ["\"ROK\" is no nation", "KOR"].as_slice()),
        (empty.run(&["init", "pol"]), &["\"pol\" is no nation"]),
        (empty.run(&["imprt"]), &["import"]),
        (empty.run(&[]), &["Usage: entente"]),
        (run(&["partner", "add", "UK"]), &["\"UK\" is no nation", "GBR"]),
        (run(&["partner", "add", "KOR"]), &["KOR is this node's own nation"]),
        (run(&["partner", "suspend", "FRA"]), &["FRA is no partner", "partner add"]),
        (run(&["token", "revoke", "none"]), &["no credential is called none"]),
        (run(&["user", "add", "kim", "--role", "releaser"]), &["ENTENTE_PASSPHRASE"]),
        (short(), &["12 characters"]),
        (run(&["partner", "password", "USA", "--user", "pol"]), &["name of another credential"]),
        (run(&["ledger", "prove", "POL", "nonsense"]), &["nonsense is no id"]),
        (run(&["export", "--to", "POL", "--area", "moon"]), &["programme list"]),
        (run(&["token", "issue", "POL", "--collection", "moon"]), &["moon"]),
        (run(&["partner", "subscribe", "POL", "moon"]), &["moon"]),
    ] {
        let said = ran.said();
        if ran.code != 2 || !words.iter().all(|word| said.contains(word)) {
            wrong.push(format!("{words:?}: ends with {}: {said}", ran.code));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    // What is wanted is so already: that is no mistake.
    assert_eq!(run(&["partner", "add", "POL"]).code, 0);
}

#[test]
fn a_programme_is_checked_with_file_line_and_reason() {
    let node = Node::with(&[]);
    let shipped = repository().join("programmes/rok-nato-itpp-2023.toml");
    node.run(&["programme", "check", &shipped.display().to_string()]).ends(0);
    let text = fs::read_to_string(&shipped).unwrap();
    let line = text.lines().position(|line| line == "ceiling = \"green\"").unwrap() + 1;
    let wrong = text.replacen("ceiling = \"green\"", "ceiling = \"purple\"", 1);
    let file = node.file("wrong.toml", wrong);
    let ran = node.run(&["programme", "check", &file]);
    assert_ne!(ran.code, 0);
    ran.says(&["wrong.toml", &format!(":{line}"), "purple"]);
    let ran = node.run(&["programme", "adopt", &file]);
    assert_ne!(ran.code, 0);
    ran.says(&["wrong.toml"]);
}

/// The commands that change something, as they are given for a dry run.
const CHANGES: [&[&str]; 14] = [
    &["init", "KOR"],
    &["partner", "add", "USA"],
    &["partner", "suspend", "POL"],
    &["partner", "revoke", "POL"],
    &["partner", "accept", "POL", "no-attribution"],
    &["partner", "subscribe", "POL", "rok-nato-itpp-2023/cyber-defence"],
    &["partner", "certificate", "POL"],
    &["partner", "password", "POL"],
    &["token", "issue", "POL"],
    &["token", "revoke", "first"],
    &["user", "add", "lee", "--role", "analyst"],
    &["user", "remove", "kim"],
    &["release", "review"],
    &["backup", "copy.db"],
];

/// All that a node's commands tell about it.
fn state(node: &Node) -> Vec<Value> {
    let told = [
        ["partner", "list"].as_slice(),
        &["token", "list"],
        &["user", "list"],
        &["programme", "list"],
        &["release", "queue"],
    ];
    told.map(|args| node.json(args)).into()
}

#[test]
fn a_dry_run_changes_nothing_and_prints_json_where_it_is_wanted() {
    let node = Node::with(&["POL"]);
    node.json(&["token", "issue", "POL", "--name", "first"]);
    let add = ["user", "add", "kim", "--role", "releaser"];
    Ran::of(node.command(&add).env("ENTENTE_PASSPHRASE", PASSPHRASE)).ends(0);
    let before = state(&node);
    let mut wrong = Vec::new();
    for args in CHANGES {
        let empty = Node::none();
        let node = if args[0] == "init" { &empty } else { &node };
        let args = [&["--dry-run", "--json"], args].concat();
        let ran = Ran::of(node.command(&args).env("ENTENTE_PASSPHRASE", PASSPHRASE));
        if ran.code != 0 {
            wrong.push(format!("{args:?} ends with {}: {}", ran.code, ran.said()));
        } else if serde_json::from_str::<Value>(&ran.out).is_err() {
            wrong.push(format!("{args:?} prints no JSON: {}", ran.said()));
        }
        let changed = empty.folder().exists() || node.work().join("copy.db").exists();
        if changed || (args[2] != "init" && state(node) != before) {
            wrong.push(format!("{args:?} changed something"));
            break;
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
