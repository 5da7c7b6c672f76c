//! `entente programme`: versions compared, what adopting one would release, and other formats.

use std::fs;
use std::process::Command;

use serde_json::{Value, json};

use crate::node::{Node, PROGRAMME, Ran, repository};
use crate::objects::{indicator, indicator_id, lines};
use crate::python::python;

fn shipped() -> String {
    fs::read_to_string(repository().join("programmes/rok-nato-itpp-2023.toml")).unwrap()
}

#[test]
fn two_versions_are_compared_for_people_and_for_programs() {
    let node = Node::with(&["POL"]);
    let text = shipped().replace("number = 11", "number = 12");
    let file = node.file("proposed.toml", text.replace("target = 500 }", "target = 600 }"));
    let ran = node.run(&["programme", "diff", PROGRAMME, &file]).ends(1);
    assert_eq!(ran.out.lines().count(), 2, "{}", ran.out);
    ran.says(&["changed  area public-diplomacy: number: \"11\" → \"12\""]);
    let args = ["--json", "programme", "diff", PROGRAMME, &file];
    let document = node.run(&args).ends(1).document();
    assert_eq!(document["old"]["id"], PROGRAMME);
    let change = &document["changes"][0];
    assert_eq!(change["change"], "changed");
    assert_eq!(
        (&change["subject"], &change["name"]),
        (&json!("indicator"), &json!("indicators-acknowledged"))
    );
    node.run(&["programme", "diff", PROGRAMME, PROGRAMME]).ends(0).says(&["both say the same"]);
    node.run(&["programme", "diff", "no-such", &file])
        .ends(2)
        .says(&["no-such is no file here, and no adopted programme"]);
}

#[test]
fn what_a_proposal_would_release_is_told_before_it_is_adopted() {
    let node = Node::with(&["ROU", "USA"]);
    node.import(&node.file("two.json", lines([indicator(0), indicator(1)])), "amber", "ROU,USA");
    let text = shipped().replace("to = [\"nato-eight\"]", "to = [\"USA\"]");
    let file = node.file("proposed.toml", text);
    let told = node.json(&["programme", "preview", &file, "--examples", "5"]);
    assert_eq!((&told["objects"], &told["voided_approvals"]), (&json!(2), &json!(0)));
    let count = &told["counts"][0];
    assert_eq!(told["counts"].as_array().unwrap().len(), 1, "{told}");
    assert_eq!((&count["partner"], &count["change"]), (&json!("ROU"), &json!("less-newer")));
    assert_eq!(count["objects"], 2);
    let mut ids: Vec<Value> = vec![indicator_id(0).into(), indicator_id(1).into()];
    ids.sort_by_key(Value::to_string);
    let mut named = count["examples"].as_array().unwrap().clone();
    named.sort_by_key(Value::to_string);
    assert_eq!(named, ids);
    let people = node.run(&["programme", "diff", PROGRAMME, &file, "--release"]).ends(0);
    people.says(&["less: the partner keeps them, and would get no newer version: 2 indicator"]);
    // Back from the narrower one, and exactly: nobody lacks anything.
    let back = node.json(&["programme", "diff", &file, PROGRAMME, "--release", "--exact"]);
    assert_eq!((&back["exact"], &back["counts"]), (&json!(true), &json!([])));
    let other =
        node.file("other.toml", shipped().replace("id = \"rok-nato-itpp-2023\"", "id = \"other\""));
    node.run(&["programme", "diff", PROGRAMME, &other, "--release"])
        .ends(2)
        .says(&["are two programmes"]);
    let bad = node.file("bad.toml", "format = 1");
    node.run(&["programme", "preview", &bad]).ends(2).says(&["\"programme\" is missing"]);
}

/// A programme exported to a file, and the path.
fn exported(node: &Node, format: &str, name: &str) -> String {
    let out = node.work().join(name).display().to_string();
    node.run(&["programme", "export", PROGRAMME, "--format", format, "--out", &out]).ends(0);
    out
}

#[test]
fn a_programme_goes_out_in_each_format_and_comes_back() {
    let node = Node::with(&["POL"]);
    let toml = exported(&node, "toml", "p.toml");
    assert_eq!(fs::read_to_string(&toml).unwrap(), shipped());
    let json = exported(&node, "oscal", "p.json");
    let back = node.work().join("back.toml").display().to_string();
    node.run(&["programme", "import", &json, "--out", &back]).ends(0);
    node.run(&["programme", "diff", &toml, &back]).ends(0).says(&["both say the same"]);
    node.run(&["programme", "import", &json, "--out", &back])
        .ends(2)
        .says(&["move what is there away"]);
    let xml = exported(&node, "iati", "p.xml");
    let ran = node.run(&["programme", "import", &xml]).ends(0);
    assert!(ran.err.contains("note: terms of exchange"), "{}", ran.err);
    let catalogue = node.file("catalogue.toml", &ran.out);
    node.run(&["programme", "check", &catalogue]).ends(0);
    let gone = node.run(&["--json", "programme", "diff", PROGRAMME, &catalogue]).ends(1).document();
    let subjects = gone["changes"].as_array().unwrap().iter().map(|change| &change["subject"]);
    assert!(
        subjects
            .into_iter()
            .all(|one| ["terms", "group", "caveat"].contains(&one.as_str().unwrap()))
    );
    node.run(&["programme", "import", &toml]).ends(2).says(&["is a programme file already"]);
    let bad = node.file("bad.xml", "<iati-activities version='2.03'/>");
    node.run(&["programme", "import", &bad])
        .ends(2)
        .says(&["bad.xml:1:1: 0 activities are programmes"]);
}

#[test]
fn what_is_exported_as_iati_is_valid_by_its_schema() {
    let Some(python) = python() else { return };
    let node = Node::with(&["POL"]);
    let xml = exported(&node, "iati", "p.xml");
    let check = |file: &str| {
        let mut command = Command::new(&python);
        command.arg(repository().join("tests/python/iati_schema.py")).arg(file);
        command.env("PYTHONDONTWRITEBYTECODE", "1");
        Ran::of(&mut command).ends(0).document()
    };
    // The programme, eleven areas with an objective each, thirteen goals, twenty measures.
    assert_eq!(check(&xml), json!({ "errors": [], "activities": 56 }));
    let broken = fs::read_to_string(&xml).unwrap().replacen("<activity-status code=\"2\"/>", "", 1);
    let errors = check(&node.file("broken.xml", broken))["errors"].as_array().unwrap().len();
    assert!(errors > 0, "the schema is really asked");
}
