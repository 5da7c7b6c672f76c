//! `entente programme`: versions compared and what adopting one would release.

use std::fs;

use serde_json::{Value, json};

use crate::node::{Node, PROGRAMME, repository};
use crate::objects::{indicator, indicator_id, lines};

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
