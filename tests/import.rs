//! `entente import`: every form of input, what becomes of bad objects, and what is left behind.

use std::fs;

use serde_json::{Value, json};

use crate::node::{AREA, Node, PROGRAMME};
use crate::objects::{broken, bundle, gzip, indicator, indicator_id, lines, report};

fn counts(done: &Value) -> (u64, u64, u64) {
    let count = |name: &str| done[name].as_u64().unwrap();
    (count("taken"), count("same"), count("rejected"))
}

#[test]
fn every_form_of_input_is_read() {
    let node = Node::with(&["POL"]);
    let some = |from: usize| (from..from + 5).map(indicator);
    let files = [
        node.file("bundle.json", bundle(some(0))),
        node.file("lines.ndjson", lines(some(5))),
        node.file("one.json", indicator(10).to_string()),
        node.file("list.json", some(15).collect::<Value>().to_string()),
        node.file("lines.ndjson.gz", gzip(lines(some(20)).as_bytes())),
        node.file("bundle.json.zst", zstd::encode_all(bundle(some(25)).as_bytes(), 3).unwrap()),
    ];
    for file in &files {
        let done = node.import(file, "green", "parties");
        let expected = if file.ends_with("one.json") { 1 } else { 5 };
        assert_eq!(counts(&done), (expected, 0, 0), "{file}: {done}");
        assert_eq!(done["released"]["POL"], expected, "{file}: {done}");
    }
    node.file("folder/a.json", bundle(some(30)));
    node.file("folder/deeper/b.ndjson", lines(some(35)));
    let folder = node.work().join("folder").display().to_string();
    assert_eq!(counts(&node.import(&folder, "green", "parties")), (10, 0, 0));
    let args = [&["--json"], Node::import_args("-", "green", "parties").as_slice()].concat();
    let done = node.fed(&args, lines(some(40)).as_bytes()).ends(0).document();
    assert_eq!(counts(&done), (5, 0, 0));
    assert_eq!(node.view("POL").len(), 5 + 5 + 1 + 5 + 5 + 5 + 10 + 5);
}

#[test]
fn what_is_here_already_is_not_taken_again() {
    let node = Node::with(&["POL"]);
    let file = node.file("lines.ndjson", lines((0..50).map(indicator)));
    assert_eq!(counts(&node.import(&file, "green", "parties")), (50, 0, 0));
    let ledger = node.json(&["ledger", "show", "POL"])["size"].clone();
    assert_eq!(counts(&node.import(&file, "green", "parties")), (0, 50, 0));
    assert_eq!(node.json(&["ledger", "show", "POL"])["size"], ledger);
    let ran = node.run(&Node::import_args(&file, "green", "parties")).ends(0);
    ran.says(&["0 taken in, 50 here already, 0 rejected"]);
}

#[test]
fn what_is_here_is_shown_and_listed_with_who_brought_it() {
    let node = Node::with(&["POL"]);
    let mut evil = indicator(2);
    evil["name"] = "two\u{1b}[2Jlines\nin a name".into();
    let objects = [indicator(0), indicator(1), evil, report(0, &indicator_id(0))];
    node.import(&node.file("lines.ndjson", lines(objects)), "green", "parties");
    let mut changed = indicator(1);
    changed["name"] = "other content".into();
    let again = node.file("again.ndjson", lines([changed.clone()]));
    node.run(&Node::import_args(&again, "green", "parties")).ends(1);
    let page = node.json(&["object", "list", "--limit", "2"]);
    let ids = |page: &Value| -> Vec<String> {
        let rows = page["objects"].as_array().unwrap();
        rows.iter().map(|row| row["id"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(ids(&page), [indicator_id(0), indicator_id(1)]);
    assert_eq!(page["objects"][0]["sources"], json!(["KOR"]));
    let more = page["more_after"].to_string();
    let rest = node.json(&["object", "list", "--after", &more, "--type", "report"]);
    assert_eq!((ids(&rest).len(), &rest["more_after"]), (1, &Value::Null));
    assert_eq!(ids(&node.json(&["object", "list", "--conflicts"])), [indicator_id(1)]);
    assert_eq!(ids(&node.json(&["object", "list", "--from", "POL"])), [""; 0]);
    node.run(&["object", "list"]).ends(0).says(&["CONFLICT", "from KOR", "two [2Jlines in a name"]);
    let shown = node.json(&["object", "show", &indicator_id(1)]);
    let source = &shown["versions"][0]["contents"][0]["sources"][0];
    assert_eq!((&source["nation"], &source["released"]), (&"KOR".into(), &json!(["POL"])));
    assert!(source["here_by"].is_string(), "{source}");
    assert_eq!(shown["alarms"][0]["evidence"], changed.to_string());
    let ran = node.run(&["object", "show", &indicator_id(1)]).ends(0);
    ran.says(&["(latest)", "from KOR", "with POL", "alarm", "equivocation by KOR", "are kept"]);
    node.run(&["object", "show", &indicator_id(9)]).ends(2).says(&["is not here"]);
    node.run(&["object", "list", "--from", "Poland"]).ends(2).says(&["Poland"]);
}

#[test]
fn a_bad_object_is_refused_alone_and_listed() {
    let node = Node::with(&["POL"]);
    let not_json = "{\"type\":\"indicator\",\"id\":}\n";
    let text = lines([indicator(0), broken(1), indicator(2)]) + not_json + &lines([indicator(4)]);
    let file = node.file("mixed.ndjson", text);
    let args = [&["--json"], Node::import_args(&file, "green", "parties").as_slice()].concat();
    let done = node.run(&args).ends(1).document();
    assert_eq!(counts(&done), (3, 0, 2), "{done}");
    assert_eq!(node.view_ids("POL"), [0, 2, 4].map(indicator_id));
    let rejects = fs::read_to_string(node.work().join(done["rejects_file"].as_str().unwrap()));
    let rejects: Vec<Value> =
        rejects.unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(rejects.len(), 2);
    assert_eq!((&rejects[0]["index"], &rejects[0]["id"]), (&json!(1), &json!(indicator_id(1))));
    assert_eq!(rejects[1]["index"], 3);
    for reject in &rejects {
        assert_eq!(reject["input"], file);
        assert!(!reject["why"].as_str().unwrap().is_empty());
    }
    assert!(rejects[0]["why"].as_str().unwrap().contains("pattern"), "{}", rejects[0]);
    // For people: how many, and where to look.
    let named = node.work().join("named.ndjson").display().to_string();
    let label = Node::import_args(&file, "green", "parties");
    let args = [label.as_slice(), &["--rejects", &named]].concat();
    node.run(&args).ends(1).says(&["3 here already, 2 rejected", &named]);
    assert_eq!(fs::read_to_string(named).unwrap().lines().count(), 2);
}

#[test]
fn markings_are_taken_first_and_counted_once() {
    let node = Node::with(&["POL"]);
    let marking = json!({
        "type": "marking-definition", "spec_version": "2.1",
        "id": "marking-definition--5eb7a1c2-0000-4000-8000-00000000000a",
        "created": "2023-12-01T09:00:00.000Z", "definition_type": "statement",
        "definition": { "statement": "Made up" },
    });
    let mut marked = indicator(0);
    marked["object_marking_refs"] = json!([marking["id"]]);
    let file = node.file("marked.json", bundle([marked.clone(), marking.clone()]));
    let done = node.import(&file, "green", "parties");
    assert_eq!(counts(&done), (2, 0, 0), "{done}");
    assert_eq!(node.view("POL").len(), 2);
}

#[test]
fn another_content_of_a_version_is_refused_with_the_input_it_came_from() {
    let node = Node::with(&["POL"]);
    node.import(&node.file("first.json", indicator(0).to_string()), "green", "parties");
    let mut changed = indicator(0);
    changed["name"] = "Changed without a newer version".into();
    let file = node.file("second.json", changed.to_string());
    let args = [&["--json"], Node::import_args(&file, "green", "parties").as_slice()].concat();
    let done = node.run(&args).ends(1).document();
    assert_eq!(counts(&done), (0, 0, 1));
    let rejects = fs::read_to_string(node.work().join(done["rejects_file"].as_str().unwrap()));
    let reject: Value = serde_json::from_str(&rejects.unwrap()).unwrap();
    assert!(reject["why"].as_str().unwrap().contains("newer \"modified\""), "{reject}");
    assert_eq!(reject["input"], file, "the rejects file does not say where it came from");
    assert_eq!(node.view("POL"), [indicator(0)]);
}

#[test]
fn all_or_nothing_leaves_everything_untouched() {
    let node = Node::with(&["POL"]);
    let before = node.json(&["ledger", "show", "POL"]);
    let file = node.file("mixed.ndjson", lines([indicator(0), broken(1), indicator(2)]));
    let label = Node::import_args(&file, "green", "parties");
    let args = [&["--json"], label.as_slice(), &["--all-or-nothing"]].concat();
    let done = node.run(&args).ends(1).document();
    assert_eq!(counts(&done), (0, 0, 1), "{done}");
    assert_eq!(node.json(&["ledger", "show", "POL"]), before);
    assert_eq!(node.view("POL"), [Value::Null; 0]);
    let good = node.file("good.ndjson", lines([indicator(0), indicator(2)]));
    let label = Node::import_args(&good, "green", "parties");
    let done = node.json(&[label.as_slice(), &["--all-or-nothing"]].concat());
    assert_eq!(counts(&done), (2, 0, 0));
}

#[test]
fn a_dry_run_says_what_would_be_and_changes_nothing() {
    let node = Node::with(&["POL", "USA"]);
    let before = fs::metadata(node.folder().join("entente.db")).unwrap().len();
    let file = node.file("lines.ndjson", lines((0..7).map(indicator)));
    let label = Node::import_args(&file, "green", "POL");
    let ran = node.run(&[label.as_slice(), &["--dry-run"]].concat()).ends(0);
    ran.says(&["Nothing was changed", "7 indicator", "to POL"]);
    let told = node.json(&[&["release", "preview"], &label[1..]].concat());
    assert_eq!(told["groups"][0]["to"], json!(["POL"]));
    assert_eq!(told["groups"][0]["objects"], 7);
    assert_eq!(node.view("POL"), [Value::Null; 0]);
    assert_eq!(fs::metadata(node.folder().join("entente.db")).unwrap().len(), before);
    assert_eq!(counts(&node.import(&file, "green", "POL")), (7, 0, 0));
}

#[test]
fn an_input_that_breaks_off_says_so_and_what_came_before_stands() {
    let node = Node::with(&["POL"]);
    let whole = bundle((0..20).map(indicator));
    let half = whole.split_at(whole.len() / 2).0;
    let file = node.file("half.json", half);
    let args = [&["--json"], Node::import_args(&file, "green", "parties").as_slice()].concat();
    let done = node.run(&args).ends(1).document();
    let taken = done["taken"].as_u64().unwrap();
    assert!((5..20).contains(&taken), "{done}");
    assert!(done["broken"][0].as_str().unwrap().contains("half.json"), "{done}");
    // The whole of it makes up for it.
    let done = node.import(&node.file("whole.json", whole), "green", "parties");
    assert_eq!(counts(&done), (20 - taken, taken, 0));
}

#[test]
fn what_cannot_be_begun_is_refused_before_it_begins() {
    let node = Node::with(&["POL"]);
    let file = node.file("one.json", indicator(0).to_string());
    let label = ["--programme", "rok-nato-itpp-2023", "--area", "cyber-defence"];
    let with = |name: &'static str, value: &'static str| {
        [&["import", file.as_str()], label.as_slice(), &[name, value]].concat()
    };
    for (args, words) in [
        (with("--tlp", "purple"), vec!["purple is no TLP level", "amber+strict"]),
        (with("--rel-to", "ROK"), vec!["ROK", "KOR"]),
        (vec!["import", &file, "--programme", "none", "--area", "none"], vec!["programme adopt"]),
        (vec!["import", &file, "--programme", label[1], "--area", "moon"], vec!["cyber-defence"]),
        (vec!["import", &file, "--tlp", "green"], vec!["--programme"]),
        (vec!["import", "not-there.json"], vec!["not-there.json", "neither a file"]),
        (vec!["import", "http://intel.example/feed"], vec!["not over TLS"]),
        (vec!["import", "-", "--all-or-nothing"], vec!["save it to a file first"]),
    ] {
        node.run(&args).ends(2).says(&words);
    }
    // One of several inputs is missing: the others are not begun.
    node.run(&["import", &file, "not-there.json"]).ends(2);
    assert_eq!(node.view("POL"), [Value::Null; 0]);
    let ran = node.run(&["--json", "import", "not-there.json"]).ends(2);
    assert!(ran.document()["error"].as_str().unwrap().contains("not-there.json"));
}

#[test]
fn an_https_address_is_read_under_the_authority_that_is_named() {
    let (giver, taker) = (Node::with(&["POL"]), Node::with(&["USA"]));
    giver.import(&giver.file("some.ndjson", lines((0..5).map(indicator))), "green", "parties");
    let password = giver.password("POL");
    let served = giver.serve(&[]);
    let page = format!("entente/collections/{PROGRAMME}.{AREA}/objects/");
    let at = served.discovery().replace("taxii2/", &page);
    let with_login = at.replace("https://", &format!("https://pol:{password}@"));
    let root = giver.folder().join("keys/root.pem").display().to_string();
    let label = Node::import_args(&with_login, "green", "USA");
    let ran = taker.run(&label).ends(1).says(&["UnknownIssuer"]);
    assert!(!ran.said().contains(&password), "{}", ran.said());
    let label = [label.as_slice(), &["--ca", &root]].concat();
    let done = taker.json(&label);
    assert_eq!(counts(&done), (5, 0, 0), "{done}");
    assert_eq!(taker.view("USA").len(), 5);
    taker.run(&["import", &at, "--ca", &root]).ends(1).says(&["answered 401"]);
    taker.run(&["import", &at, "--ca", "none.pem"]).ends(2).says(&["none.pem"]);
}
