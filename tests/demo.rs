//! `entente demo`: what it sets up is what the scenario says, and what partners then read.

use serde_json::Value;

use crate::node::{Node, Ran, entente, shared_data, skipped};

const HARBOUR: &str = "QUIET HARBOUR";
const FERRY: &str = "AMBER FERRY";
const ATTACK: &str = "attack/enterprise-attack-18.1.stix21-derived.json.zst";

fn names<'a>(outcome: &'a Value, partner: &str) -> Vec<&'a str> {
    let names = outcome["partners"][partner]["names"].as_array().unwrap();
    names.iter().map(|name| name.as_str().unwrap()).collect()
}

fn objects(outcome: &Value, partner: &str) -> u64 {
    outcome["partners"][partner]["objects"].as_u64().unwrap()
}

fn released(outcome: &Value, file: &str, to: &str) -> (bool, String) {
    let rows = outcome["explained"].as_array().unwrap();
    let row = rows.iter().find(|row| row["file"] == file && row["to"] == to).unwrap();
    (row["released"].as_bool().unwrap(), row["why"].as_str().unwrap().to_owned())
}

#[test]
fn the_demo_is_right_and_right_again() {
    let node = Node::none();
    let first = node.json(&["demo", "--once"]);
    assert_eq!(first["right"], true);
    for row in first["imports"].as_array().unwrap() {
        assert_eq!((&row["rejected"], &row["broken"]), (&0.into(), &0.into()), "{row}");
    }
    let again = node.json(&["demo", "--once"]);
    assert_eq!(again["right"], true);
    assert_eq!(again["partners"], first["partners"], "a second run changes what partners read");
    assert!(!first["consultation"].is_null() && again["consultation"].is_null());
    for row in again["imports"].as_array().unwrap() {
        assert_eq!(row["taken"], 0, "a second run takes something in: {row}");
    }
    let clean = node.json(&["demo", "--once", "--clean"]);
    assert_eq!(clean["partners"], first["partners"], "a clean run differs");
    node.run(&["ledger", "verify"]).ends(0);
    node.run(&["doctor"]).ends(0);
}

#[test]
fn poland_and_the_united_states_differ_as_the_scenario_says() {
    let node = Node::none();
    let outcome = node.json(&["demo", "--once", "--one"]);
    assert_eq!(outcome["partners"].as_object().unwrap().len(), 8);
    assert_eq!(names(&outcome, "POL"), [FERRY]);
    assert_eq!(names(&outcome, "USA"), [HARBOUR]);
    assert_eq!(names(&outcome, "GBR"), [HARBOUR, FERRY]);
    assert_eq!(names(&outcome, "ITA"), [""; 0]);
    // For all: 4, 141 and 4 objects; 26 of the one picture, 18 of the other; 1 link between them.
    assert_eq!(objects(&outcome, "ITA"), 149);
    assert_eq!(objects(&outcome, "USA"), 149 + 26);
    assert_eq!(objects(&outcome, "POL"), 149 + 18);
    assert_eq!(objects(&outcome, "GBR"), 149 + 26 + 18 + 1);
    for (file, usa, pol) in [
        ("1-advisory.json", true, true),
        ("2-indicators.json", true, true),
        ("3-harbour.json", true, false),
        ("4-ferry.json", false, true),
        ("5-report.json", false, false),
        ("6-links.json", false, false),
        ("7-vulnerability.json", true, true),
        ("8-red.json", false, false),
    ] {
        assert_eq!(released(&outcome, file, "USA").0, usa, "{file} to USA");
        assert_eq!(released(&outcome, file, "POL").0, pol, "{file} to POL");
    }
    assert!(released(&outcome, "1-advisory.json", "POL").1.contains("terms 1"));
    assert!(released(&outcome, "8-red.json", "USA").1.contains("TLP:RED"));
    assert!(released(&outcome, "5-report.json", "USA").1.contains("releaser"));
    // What was read over the network is what the export gives.
    assert_eq!(node.view("POL").len(), 167);
    assert_eq!(node.view("USA").len(), 175);
}

#[test]
fn nine_nodes_exchange_what_the_programme_lets_them() {
    let node = Node::none();
    let outcome = node.json(&["demo", "--once"]);
    let nodes = outcome["nodes"].as_object().unwrap();
    assert_eq!(nodes.len(), 9);
    for (nation, told) in nodes {
        assert_eq!(told["holds"], true, "{nation}");
        let edges = told["edges"].as_array().unwrap();
        assert_eq!(edges.len(), 8, "{nation}");
        for edge in edges {
            assert_eq!(edge["following"], true, "{nation} {edge}");
            assert_eq!(edge["received"], edge["released"], "{nation} {edge}");
            assert_eq!(edge["acknowledged"], edge["released"], "{nation} {edge}");
            // Between the eight the programme has no terms for the area.
            let released = edge["released"].as_u64().unwrap();
            assert_eq!(released > 0, nation == "KOR" || edge["to"] == "KOR", "{nation} {edge}");
        }
    }
    consulted(&node, &outcome["consultation"]);
    let to_poland = nodes["KOR"]["edges"].as_array().unwrap();
    let to_poland = to_poland.iter().find(|edge| edge["to"] == "POL").unwrap();
    assert_eq!(to_poland["released"].as_u64(), Some(objects(&outcome, "POL")));
    let mut at_poland = entente(&node.work());
    at_poland.arg("--dir").arg(node.folder().join("nations/pol"));
    Ran::of(at_poland.args(["ledger", "verify", "--all"])).ends(0).says(&["KOR/ledger/POL"]);
}

/// The nine have held the consultation: each has the outcomes, its result and every commitment.
fn consulted(node: &Node, told: &Value) {
    let said = told["said"].as_array().unwrap();
    assert!(said.iter().any(|line| line.as_str().unwrap().starts_with("every node:")), "{told}");
    let published = said.last().unwrap().as_str().unwrap();
    assert!(published.contains("signed by 9 nations, checked without a node"), "{published}");
    let outcome = told["ids"]["outcome"].as_str().unwrap();
    for code in ["usa", "gbr", "ita", "dnk", "nld", "cze", "rou", "pol"] {
        let at = |args: &[&str]| {
            let mut command = entente(&node.work());
            command.arg("--dir").arg(node.folder().join("nations").join(code));
            Ran::of(command.arg("--json").args(args)).ends(0).document()
        };
        let agreed = at(&["agree", "show", outcome]);
        assert_eq!(agreed["agreement"]["standing"], "accepted", "{code}");
        let counted = agreed["result"]["counted"].as_array().unwrap();
        let of = |answer: &str| counted.iter().filter(|one| one["answer"] == answer).count();
        assert_eq!((of("agree"), of("silent")), (2, 7), "{code}: {agreed}");
        let commitments = at(&["commit", "list"]);
        assert_eq!(commitments.as_array().unwrap().len(), 9, "{code}");
        let meetings = at(&["consult", "list"]);
        assert_eq!(meetings[0]["state"], "closed", "{code}");
    }
}

#[test]
fn one_node_alone_is_asked_over_taxii() {
    let node = Node::none();
    let outcome = node.json(&["demo", "--once", "--one"]);
    assert_eq!((&outcome["right"], &outcome["nodes"]), (&true.into(), &Value::Null));
    assert!(!node.folder().join("nations").exists());
}

#[test]
fn the_demo_prints_for_people_what_to_do_next() {
    let node = Node::none();
    let ran = node.run(&["demo", "--once"]).ends(0);
    let password = serde_json::from_slice::<Value>(
        &std::fs::read(node.folder().join("credentials.json")).unwrap(),
    );
    let password = password.unwrap()["pol"].as_str().unwrap().to_owned();
    assert!(!ran.said().contains(&password), "a password is printed");
    ran.says(&["POL:", "USA:", "withheld", "curl --cacert", "release queue", "ledger verify"]);
}

#[test]
fn clean_removes_only_the_folder_of_a_demo() {
    let node = Node::with(&["POL"]);
    let ran = node.run(&["demo", "--once", "--clean"]).ends(2);
    ran.says(&["is not the folder of a demo"]);
    assert!(node.folder().join("entente.db").exists());
}

/// The whole of ATT&CK Enterprise: about a minute with a binary that is not optimised.
#[test]
fn real_intelligence_goes_in_whole_and_partners_read_different_views() {
    let Some(file) = shared_data(ATTACK) else { return skipped("the shared data is not here") };
    let node = Node::none();
    let outcome = node.json(&["demo", "--once", "--one", "--import", &file.display().to_string()]);
    assert_eq!(outcome["right"], true);
    let row = outcome["imports"].as_array().unwrap().last().unwrap();
    let count = |name: &str| row[name].as_u64().unwrap();
    assert_eq!((count("rejected"), count("broken")), (0, 0), "{row}");
    assert_eq!((count("taken"), count("same")), (24_771, 0), "{row}");
    assert!(objects(&outcome, "POL") > 24_771, "Poland reads too little");
    assert_eq!(objects(&outcome, "USA") - objects(&outcome, "POL"), 26 - 18);
    assert!(names(&outcome, "POL").contains(&FERRY) && !names(&outcome, "POL").contains(&HARBOUR));
    assert!(names(&outcome, "USA").contains(&HARBOUR) && !names(&outcome, "USA").contains(&FERRY));
}
