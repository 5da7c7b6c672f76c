//! `entente release` and `entente partner`: who is asked, who decides, and what follows at once.

use serde_json::{Value, json};

use crate::node::{AREA, Node, PASSPHRASE, PROGRAMME, Ran};
use crate::objects::{indicator, indicator_id, lines, report};

/// A node with two people who may approve, and a report that waits for one of them.
fn waiting_report() -> (Node, String) {
    let node = Node::with(&["POL", "USA"]);
    for (name, roles) in [
        ("kim", ["--role", "analyst", "--role", "releaser"].as_slice()),
        ("lee", &["--role", "releaser"]),
        ("han", &["--role", "analyst"]),
    ] {
        let args = [&["user", "add", name], roles].concat();
        Ran::of(node.command(&args).env("ENTENTE_PASSPHRASE", PASSPHRASE)).ends(0);
    }
    node.import(&node.file("about.json", indicator(0).to_string()), "green", "POL,USA");
    let report = report(1, &indicator_id(0));
    let file = node.file("report.json", report.to_string());
    let label = Node::import_args(&file, "amber", "POL,USA");
    let done = node.json(&[label.as_slice(), &["--as", "kim"]].concat());
    assert_eq!((&done["taken"], &done["held"]), (&json!(1), &json!(1)), "{done}");
    (node, report["id"].as_str().unwrap().to_owned())
}

fn approve(node: &Node, report: &str, releaser: &str, passphrase: &str) -> Ran {
    let mut command = node.command(&["--json", "release", "approve", report, "--as", releaser]);
    Ran::of(command.env("ENTENTE_PASSPHRASE", passphrase))
}

fn has(node: &Node, partner: &str, id: &str) -> bool {
    node.view_ids(partner).iter().any(|known| known == id)
}

#[test]
fn a_report_waits_until_somebody_else_than_its_author_approves_it() {
    let (node, report) = waiting_report();
    let queue = node.json(&["release", "queue"]);
    assert_eq!(queue, json!([{ "id": report, "to": ["POL", "USA"], "releasers": 1 }]));
    assert!(!has(&node, "POL", &report));
    approve(&node, &report, "kim", PASSPHRASE)
        .ends(2)
        .says(&["nobody approves what they brought themselves"]);
    approve(&node, &report, "han", PASSPHRASE).ends(2).says(&["releaser"]);
    approve(&node, &report, "ann", PASSPHRASE).ends(2).says(&["user add ann"]);
    let wrong = approve(&node, &report, "lee", "another passphrase").ends(2);
    wrong.says(&["the passphrase does not open the key of lee"]);
    assert!(!has(&node, "POL", &report) && !has(&node, "USA", &report));
    let done = approve(&node, &report, "lee", PASSPHRASE).ends(0).document();
    assert_eq!(done["to"], json!(["POL", "USA"]));
    assert!(has(&node, "POL", &report) && has(&node, "USA", &report));
    assert_eq!(node.json(&["release", "queue"]), json!([]));
    node.run(&["ledger", "verify"]).ends(0);
}

#[test]
fn a_person_who_was_removed_approves_nothing() {
    let (node, report) = waiting_report();
    node.run(&["user", "remove", "lee"]).ends(0);
    approve(&node, &report, "lee", PASSPHRASE).ends(2).says(&["there is no such person here"]);
    assert!(!has(&node, "POL", &report));
}

#[test]
fn several_objects_are_not_approved_at_once() {
    let (node, report) = waiting_report();
    let other = indicator_id(0);
    let args = ["release", "approve", &report, &other, "--as", "lee"];
    Ran::of(node.command(&args).env("ENTENTE_PASSPHRASE", PASSPHRASE)).ends(2);
    assert!(!has(&node, "POL", &report));
}

#[test]
fn a_dry_run_of_an_approval_releases_nothing() {
    let (node, report) = waiting_report();
    let mut command = node.command(&["--dry-run", "release", "approve", &report, "--as", "lee"]);
    Ran::of(command.env("ENTENTE_PASSPHRASE", PASSPHRASE)).ends(0);
    assert!(!has(&node, "POL", &report), "a dry run released it");
}

#[test]
fn explain_says_which_condition_and_which_clause() {
    let (node, report) = waiting_report();
    let about = indicator_id(0);
    let told = node.json(&["release", "explain", &about, "--to", "POL"]);
    assert_eq!((&told["allowed"], &told["released"]), (&json!(true), &json!(true)));
    assert!(told["clause"].as_str().unwrap().contains("cyber-defence, terms 1"), "{told}");
    let conditions = told["conditions"].as_array().unwrap();
    assert_eq!(conditions.len(), 12);
    assert!(conditions.iter().all(|condition| condition["holds"] == true));
    let told = node.run(&["--json", "release", "explain", &report, "--to", "POL"]).ends(1);
    let told = told.document();
    let failing = |condition: &&Value| condition["holds"] == false;
    let failing: Vec<&Value> =
        told["conditions"].as_array().unwrap().iter().filter(failing).collect();
    assert_eq!(failing.len(), 1, "{told}");
    assert_eq!(failing[0]["number"], 10);
    let ran = node.run(&["release", "explain", &report, "--to", "POL"]).ends(1);
    ran.says(&["denied for POL: condition 10", "no releaser has approved it yet"]);
    node.run(&["release", "explain", &indicator_id(99), "--to", "POL"]).ends(2);
    node.run(&["release", "explain", &about, "--to", "FRA"]).ends(2).says(&["partner add FRA"]);
}

#[test]
fn preview_says_who_would_receive_what() {
    let node = Node::with(&["POL", "USA"]);
    let file = node.file("lines.ndjson", lines((0..3).map(indicator)));
    let label = ["--programme", PROGRAMME, "--area", AREA, "--tlp", "green", "--rel-to", "USA"];
    let told = node.json(&[&["release", "preview", &file], label.as_slice()].concat());
    assert_eq!(told["groups"].as_array().unwrap().len(), 1, "{told}");
    assert_eq!(told["groups"][0]["to"], json!(["USA"]));
    node.json(&[&["import", &file], label.as_slice()].concat());
    let told = node.json(&[&["release", "preview", &file], label.as_slice()].concat());
    let nobody_new = |group: &Value| group["to"] == json!([]);
    assert!(told["groups"].as_array().unwrap().iter().all(nobody_new), "{told}");
}

#[test]
fn a_partner_that_comes_later_has_what_is_for_it_after_a_review() {
    let node = Node::with(&["POL"]);
    let file = node.file("lines.ndjson", lines((0..30).map(indicator)));
    node.import(&file, "green", "parties");
    node.json(&["partner", "add", "USA"]);
    assert_eq!(node.view("USA"), [Value::Null; 0]);
    let would = node.json(&["--dry-run", "release", "review"]);
    assert_eq!((&would[0]["to"], &would[0]["objects"]), (&json!(["USA"]), &json!(30)));
    assert_eq!(node.view("USA"), [Value::Null; 0], "a dry run released");
    assert_eq!(node.json(&["release", "review"]), would);
    assert_eq!(node.view_ids("USA"), node.view_ids("POL"));
    assert_eq!(node.json(&["release", "review"]), json!([]));
    node.run(&["ledger", "verify"]).ends(0);
}
