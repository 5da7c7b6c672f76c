//! `entente ledger`, `backup`, `restore` and `doctor`: what was given cannot be unsaid.

use std::fs;

use serde_json::json;

use crate::node::Node;
use crate::objects::{indicator, indicator_id, lines};
use crate::python::python;

fn node_with(objects: usize) -> Node {
    let node = Node::with(&["POL", "USA"]);
    let file = node.file("lines.ndjson", lines((0..objects).map(indicator)));
    node.import(&file, "green", "parties");
    node
}

#[test]
fn a_ledger_is_shown_verified_and_proved() {
    let node = node_with(40);
    let shown = node.json(&["ledger", "show", "POL", "--from", "10", "--limit", "5"]);
    assert_eq!((&shown["size"], &shown["origin"]), (&json!(40), &json!("KOR/ledger/POL")));
    let entries = shown["entries"].as_array().unwrap();
    assert_eq!(entries.len(), 5);
    assert_eq!(entries[0]["index"], 10);
    assert_eq!(entries[0]["happened"], "released");
    let verified = node.json(&["ledger", "verify"]);
    assert_eq!(verified["log_error"], json!(null));
    assert_eq!(verified["ledgers"].as_array().unwrap().len(), 2);
    let proof = node.json(&["ledger", "prove", "POL", &indicator_id(7)]);
    assert_eq!(proof["holds"], true);
    assert!(proof["checkpoint"].as_str().unwrap().starts_with("KOR/ledger/POL\n40\n"), "{proof}");
    node.run(&["ledger", "prove", "POL", &indicator_id(99)])
        .ends(1)
        .says(&["was not released to POL"]);
}

#[test]
fn a_backup_while_serving_is_whole_and_an_old_one_is_not_signed_with() {
    let node = node_with(40);
    let served = node.serve(&["--plain"]);
    let backup = node.work().join("copy.db").display().to_string();
    node.json(&["backup", &backup]);
    let other = node.file("more.ndjson", lines((40..60).map(indicator)));
    node.import(&other, "green", "parties");
    drop(served);
    let ran = node.run(&["restore", &backup]).ends(1);
    ran.says(&["is in place", "40 entries", "60 were signed", "old backup"]);
    for args in [
        ["import", &other].as_slice(),
        &["serve", "--listen", "127.0.0.1:0"],
        &["ledger", "verify"],
        &["partner", "add", "GBR"],
    ] {
        node.run(args).ends(2).says(&["old backup", "restore the newest"]);
    }
    node.run(&["doctor"]).ends(1).says(&["FAULT", "old backup"]);
}

#[test]
fn the_store_of_a_running_node_is_not_replaced() {
    let node = node_with(40);
    let backup = node.work().join("copy.db").display().to_string();
    node.json(&["backup", &backup]);
    node.import(&node.file("more.ndjson", lines((40..60).map(indicator))), "green", "parties");
    let _served = node.serve(&["--plain"]);
    node.run(&["restore", &backup]).ends(2).says(&["running"]);
    assert_eq!(node.view("POL").len(), 60);
}

#[test]
fn a_script_is_told_that_there_is_no_proof() {
    let node = node_with(1);
    let ran = node.run(&["--json", "ledger", "prove", "POL", &indicator_id(99)]).ends(1);
    assert_eq!(ran.document()["holds"], false);
}

#[test]
fn the_newest_backup_brings_everything_back() {
    let node = node_with(40);
    let before = (node.view("POL"), node.json(&["ledger", "show", "POL"]));
    let backup = node.work().join("copy.db").display().to_string();
    node.json(&["--dry-run", "backup", &backup]);
    assert!(!fs::exists(&backup).unwrap(), "a dry run wrote a backup");
    node.json(&["backup", &backup]);
    for name in ["entente.db", "entente.db-wal", "entente.db-shm"] {
        drop(fs::remove_file(node.folder().join(name)));
    }
    node.run(&["restore", &backup]).ends(0);
    assert_eq!((node.view("POL"), node.json(&["ledger", "show", "POL"])), before);
    node.run(&["ledger", "verify"]).ends(0);
    node.run(&["restore", &node.file("text.db", "not a backup")]).ends(2).says(&["text.db"]);
    assert_eq!(node.view("POL"), before.0, "a bad backup replaced the store");
}

#[test]
fn indexes_can_be_dropped_and_made_again() {
    let node = Node::with(&["POL", "USA"]);
    node.import_scenario();
    let views = || ["POL", "USA"].map(|partner| node.run(&["export", "--to", partner, "--ndjson"]));
    let before = views().map(|ran| ran.ends(0).out);
    let told = node.json(&["doctor", "--rebuild"]);
    assert_eq!(told["healthy"], true, "{told}");
    assert_eq!(views().map(|ran| ran.ends(0).out), before);
    node.run(&["ledger", "verify"]).ends(0);
    let told = node.json(&["doctor", "--indexes"]);
    assert_eq!(told["healthy"], true, "{told}");
    assert_eq!(views().map(|ran| ran.ends(0).out), before);
}

#[test]
fn a_wrong_folder_and_a_wrong_or_damaged_key_are_named() {
    let empty = Node::none();
    for args in [["doctor"].as_slice(), &["export", "--to", "POL"], &["partner", "list"]] {
        let ran = empty.run(args);
        assert_ne!(ran.code, 0, "{args:?}");
        let ran = ran.says(&["holds no node", "init NATION"]);
        assert!(!ran.said().contains("panicked"));
        assert!(!empty.folder().exists(), "{args:?} made a folder");
    }
    let node = node_with(1);
    node.run(&["init", "KOR"]).ends(2).says(&["holds a node already"]);
    let key = node.folder().join("keys/node.key");
    let seed = fs::read(&key).unwrap();
    fs::write(&key, &seed[1..]).unwrap();
    node.run(&["ledger", "verify"]).ends(2).says(&["node.key", "is damaged", "32 bytes"]);
    fs::write(&key, [7; 32]).unwrap();
    let ran = node.run(&["ledger", "verify"]).ends(2);
    ran.says(&["is not the key that this node was set up with"]);
    fs::remove_file(&key).unwrap();
    node.run(&["doctor"]).ends(1).says(&["FAULT", "node.key"]);
    fs::write(&key, seed).unwrap();
    node.run(&["ledger", "verify"]).ends(0);
}

#[test]
fn a_changed_log_is_found() {
    let Some(python) = python() else { return };
    let node = node_with(40);
    let change = "import sqlite3,sys; store = sqlite3.connect(sys.argv[1]); \
                  first, body = store.execute('SELECT first, body FROM block ORDER BY first DESC').fetchone(); \
                  body = body[:9] + bytes([body[9] ^ 1]) + body[10:]; \
                  store.execute('UPDATE block SET body = ? WHERE first = ?', (body, first)); store.commit()";
    let mut command = std::process::Command::new(python);
    let store = node.folder().join("entente.db");
    assert!(command.args(["-c", change]).arg(store).status().unwrap().success());
    node.run(&["ledger", "verify"]).ends(1).says(&["BROKEN"]);
    node.run(&["doctor"]).ends(1).says(&["FAULT"]);
}
