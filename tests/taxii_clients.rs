//! Other people's clients, unchanged, against a served node over TLS.
//!
//! Each of them reads as Poland and as the United States: the views differ as the export says.

use serde_json::{Value, json};

use crate::node::{Node, Served, id};
use crate::python::{python, script};

const KOREA: &str = "identity--6a7bfae6-9475-5988-ae00-1264cdc0436a";

struct Seoul {
    node: Node,
    served: Served,
    poland: String,
    united_states: String,
}

/// A served node with the scenario, Poland and the United States.
fn seoul() -> Seoul {
    let node = Node::with(&["POL", "USA"]);
    node.import_scenario();
    let (poland, united_states) = (node.password("POL"), node.password("USA"));
    let served = node.serve(&[]);
    Seoul { node, served, poland, united_states }
}

impl Seoul {
    #[track_caller]
    fn ask(&self, python: &str, name: &str, args: &[&str]) -> Value {
        script(python, name, (&self.node, &self.served), args)
    }

    fn logins(&self) -> [(&'static str, &'static str, &str); 2] {
        [("POL", "pol", &self.poland), ("USA", "usa", &self.united_states)]
    }
}

fn texts(list: &Value) -> Vec<String> {
    list.as_array().unwrap().iter().map(|one| one.as_str().unwrap().to_owned()).collect()
}

fn sorted(mut list: Vec<String>) -> Vec<String> {
    list.sort();
    list
}

#[test]
fn taxii2_client_reads_exactly_the_export_of_its_nation() {
    let Some(python) = python() else { return };
    let seoul = seoul();
    for (nation, user, password) in seoul.logins() {
        let found = seoul.ask(&python, "taxii2_client_reads.py", &[user, password]);
        let exported = seoul.node.view(nation);
        let ids: Vec<String> = exported.iter().map(id).collect();
        assert_eq!(found["whole"], json!(exported), "{nation}");
        assert_eq!(texts(&found["paged"]), ids, "{nation}: pages");
        assert_eq!(found["pages"], ids.len().div_ceil(7), "{nation}: pages");
        assert_eq!(texts(&found["manifest"]), ids, "{nation}: manifest");
        assert_eq!(found["added_are_unique_and_sorted"], true, "{nation}");
        let middle = usize::try_from(found["after_middle"].as_u64().unwrap()).unwrap();
        assert_eq!(texts(&found["later"]), ids[middle..], "{nation}: added_after");
        assert_eq!(found["one"], json!([exported[0]]), "{nation}: one object");
        let modified = &exported[0]["modified"];
        assert_eq!(found["versions_of_one"], json!([modified]), "{nation}: versions");
        let indicators = exported.iter().filter(|one| one["type"] == "indicator").count();
        assert_eq!(texts(&found["indicators"]), vec!["indicator"; indicators], "{nation}");
        assert_eq!((&found["can_read"], &found["can_write"]), (&json!(true), &json!(true)));
        assert_eq!(found["versions"], json!(["application/taxii+json;version=2.1"]));
        assert_eq!(found["max_content_length"], 10 * 1024 * 1024);
    }
    assert_ne!(seoul.node.view_ids("POL"), seoul.node.view_ids("USA"));
}

#[test]
fn the_bundle_and_the_lines_of_an_export_hold_the_same() {
    let node = Node::with(&["POL", "USA"]);
    node.import_scenario();
    for nation in ["POL", "USA"] {
        let lines = node.run(&["export", "--to", nation, "--ndjson"]).ends(0);
        let read = |line: &str| serde_json::from_str::<Value>(line).expect("one object a line");
        let objects: Vec<Value> = lines.out.lines().map(read).collect();
        assert_eq!(objects, node.view(nation), "{nation}");
    }
}

#[test]
fn taxii2_client_adds_and_withdraws_what_is_its_own() {
    let Some(python) = python() else { return };
    let seoul = seoul();
    let found = seoul.ask(&python, "taxii2_client_writes.py", &["pol", &seoul.poland, KOREA]);
    assert_eq!(found["status"], "complete");
    assert_eq!(found["successes"], json!([found["own"]["id"]]));
    let failures = found["failures"].as_object().unwrap();
    assert_eq!(failures.len(), 2, "{failures:?}");
    let why = |id: &str| failures[found[id].as_str().unwrap()].as_str().unwrap().to_owned();
    assert!(why("feigned").contains("created by KOR"), "{}", why("feigned"));
    assert!(why("broken").contains("pattern"), "{}", why("broken"));
    assert_eq!(found["same_status"], true);
    assert_eq!(found["read"], json!([found["own"]]), "Poland does not read its own object");
    assert_eq!((&found["before"], &found["gone"]), (&json!(1), &json!(404)), "withdrawing");
    assert_eq!(found["foreign_delete"], 403);
    // The attempt is on record, and the United States reads none of it.
    let store = seoul.node.folder().join("entente.db").display().to_string();
    let acts = seoul.ask(&python, "acts.py", &[&store]);
    assert_eq!(acts["alarm"], 1, "{acts}");
    let own = id(&found["own"]);
    let read = seoul.ask(&python, "taxii2_client_reads.py", &["usa", &seoul.united_states]);
    let ids: Vec<String> = read["whole"].as_array().unwrap().iter().map(id).collect();
    assert!(!ids.contains(&own) && !ids.contains(&texts(&json!([found["feigned"]]))[0]));
    seoul.node.run(&["ledger", "verify"]).ends(0);
}

#[test]
fn cytaxii2_reads_and_adds() {
    let Some(python) = python() else { return };
    let seoul = seoul();
    for (nation, user, password) in seoul.logins() {
        let ids = seoul.node.view_ids(nation);
        let found = seoul.ask(&python, "cytaxii2_client.py", &[user, password]);
        assert_eq!((&found["root"], &found["data"]), (&json!(200), &json!(200)));
        assert_eq!(sorted(texts(&found["ids"])), ids, "{nation}");
        assert_eq!(found["added"], json!([202, 1]), "{nation}");
        assert_eq!(found["found"], json!([found["own"]]), "{nation}");
        assert_eq!(found["wrong"], 401);
    }
}

#[test]
fn stix2_takes_a_collection_as_source_and_sink() {
    let Some(python) = python() else { return };
    let seoul = seoul();
    for (nation, user, password) in seoul.logins() {
        let exported = seoul.node.view(nation);
        let found = seoul.ask(&python, "stix2_store.py", &[user, password]);
        assert_eq!(texts(&found["everything"]), sorted(exported.iter().map(id).collect()));
        let indicators = exported.iter().filter(|one| one["type"] == "indicator").count();
        assert_eq!(found["indicators"], indicators, "{nation}");
        assert_eq!(found["types"], json!(["indicator"]));
        assert_eq!((&found["one"], &found["versions"]), (&json!(true), &json!(1)));
        assert_eq!(found["added"], true, "{nation}");
    }
}

#[test]
fn logins_are_taken_and_refused_as_they_should() {
    let Some(python) = python() else { return };
    let seoul = seoul();
    let node = &seoul.node;
    let certificate = node.json(&["partner", "certificate", "POL"]);
    let good = node.json(&["token", "issue", "POL", "--name", "good"]);
    let over = node.json(&["token", "issue", "POL", "--name", "over", "--days", "0"]);
    let revoked = node.json(&["token", "issue", "POL", "--name", "revoked"]);
    node.json(&["token", "revoke", "revoked"]);
    let logins = json!([
        { "basic": ["pol", seoul.poland] },
        { "token": good["token"] },
        { "certificate": [certificate["certificate"], certificate["key"]] },
        { "basic": ["pol", "not the password"] },
        { "basic": ["nobody", "not the password"] },
        { "token": over["token"] },
        { "token": revoked["token"] },
        { "token": "entente_nothing" },
        {},
        { "basic": ["usa", seoul.united_states],
          "certificate": [certificate["certificate"], certificate["key"]] },
    ]);
    let found = seoul.ask(&python, "logins.py", &[&logins.to_string()]);
    let answers = found["answers"].as_array().unwrap();
    for (place, answer) in answers.iter().enumerate() {
        if place < 3 {
            assert_eq!(answer["status"], 200, "{place}: {answer}");
            continue;
        }
        assert_eq!(answer["status"], 401, "{place}: {answer}");
        assert!(answer["challenge"].as_str().unwrap().contains("Basic"), "{place}: {answer}");
        assert_eq!(answer["body"]["http_status"], "401", "{place}: {answer}");
    }
    // Whether a user exists cannot be told.
    assert_eq!(answers[3], answers[4]);
}
