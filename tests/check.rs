//! `entente check`: what it prints, and that the OASIS validator is of the same opinion.

use std::process::Command;

use serde_json::Value;

use crate::node::{Node, Ran, repository};
use crate::objects::{broken, indicator, lines};
use crate::python::python;

fn samples(node: &Node) -> [(String, [bool; 4]); 2] {
    let mut late = indicator(2);
    late["modified"] = "2022-12-01T09:00:00.000Z".into();
    let mut without = indicator(3);
    without.as_object_mut().unwrap().remove("valid_from");
    [
        (node.file("good.ndjson", lines((10..14).map(indicator))), [true; 4]),
        (
            node.file("mixed.ndjson", lines([indicator(0), broken(1), late, without])),
            [true, false, false, false],
        ),
    ]
}

fn rows(ran: &Ran) -> Vec<Value> {
    ran.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn each_object_has_its_line_and_the_exit_code_tells() {
    let node = Node::none();
    for (file, valid) in samples(&node) {
        let expected = i32::from(valid.contains(&false));
        let ran = node.run(&["check", &file, "--json"]).ends(expected);
        let rows = rows(&ran);
        assert_eq!(rows.len(), valid.len());
        for (row, valid) in rows.iter().zip(valid) {
            assert_eq!(row["valid"], valid, "{row}");
            assert!(
                row["id"].is_string() && row["index"].is_number() && row["warnings"].is_array()
            );
            for error in row["errors"].as_array().unwrap() {
                for name in ["path", "rule", "section", "message"] {
                    assert!(error[name].is_string(), "{name}: {error}");
                }
            }
        }
        node.run(&["check", &file]).ends(expected);
    }
    let text = lines([broken(1)]);
    node.fed(&["check", "-"], text.as_bytes()).ends(1).says(&["pattern"]);
    node.run(&["check", "not-there.json"]).ends(2).says(&["not-there.json"]);
    assert!(!node.folder().exists(), "check made a folder");
}

#[test]
fn the_oasis_validator_agrees() {
    let Some(python) = python() else { return };
    let node = Node::none();
    for (file, valid) in samples(&node) {
        let mut command = Command::new(&python);
        command.arg(repository().join("tests/python/validator.py")).arg(&file);
        let ran = Ran::of(command.env("PYTHONDONTWRITEBYTECODE", "1")).ends(0);
        assert_eq!(ran.document(), Value::from_iter(valid), "{file}");
    }
}
