//! `entente feed`: a node takes from a TAXII server and gives to one. The server is the node of
//! another nation, unchanged, which knows nothing of feeds.
//!
//! Korea serves; Poland has feeds. Poland and Korea have not met as nodes.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::node::{AREA, Node, PROGRAMME, Ran, Served, repository};
use crate::objects::{indicator, indicator_id, lines};
use crate::python::python;

const COLLECTION: &str = "rok-nato-itpp-2023.cyber-defence";

/// Korea's node, served, and Poland's with a token for it.
struct Two {
    korea: Node,
    served: Served,
    poland: Node,
    token: String,
}

/// Poland's node, with these partners.
fn poland(partners: &[&str]) -> Node {
    let programme = repository().join("programmes/rok-nato-itpp-2023.toml");
    let node = Node::of("POL", &fs::read_to_string(programme).unwrap());
    for partner in partners {
        node.json(&["partner", "add", partner]);
    }
    node
}

fn token(korea: &Node, name: &str) -> String {
    let made = korea.json(&["token", "issue", "POL", "--write", "--name", name]);
    made["token"].as_str().unwrap().to_owned()
}

impl Two {
    fn new() -> Self {
        let korea = Node::with(&["POL"]);
        let poland = poland(&["KOR", "USA"]);
        let token = token(&korea, "first");
        poland.file("token", &token);
        let served = korea.serve(&[]);
        Self { korea, served, poland, token }
    }

    /// The address of Korea's API root, by the name on its certificate.
    fn root(&self) -> String {
        self.served.discovery().replace("/taxii2/", "/entente/")
    }

    /// The arguments of a feed to or from Korea.
    fn add_args(&self, name: &str, way: &str, more: &[&str]) -> Vec<String> {
        let root = self.korea.folder().join("keys/root.pem").display().to_string();
        let args = ["feed", "add", name, way, &self.root(), "--ca", &root, "--token-file", "token"];
        args.iter().chain(more).map(|arg| (*arg).to_owned()).collect()
    }

    #[track_caller]
    fn add(&self, name: &str, way: &str, more: &[&str]) -> Value {
        let args = self.add_args(name, way, &[&["--collection", COLLECTION], more].concat());
        self.poland.json(&args.iter().map(String::as_str).collect::<Vec<_>>())
    }

    /// A feed of what Korea has, as Korea's.
    #[track_caller]
    fn add_source(&self, name: &str) {
        let label = ["--nation", "KOR", "--programme", PROGRAMME, "--area", AREA];
        self.add(name, "--from", &label);
    }

    /// A feed of what Poland releases to Korea.
    #[track_caller]
    fn add_target(&self, name: &str) {
        self.add(name, "--to", &["--nation", "KOR"]);
    }

    #[track_caller]
    fn import_in_korea(&self, numbers: std::ops::Range<usize>) {
        let file = self.korea.file("lines.ndjson", lines(numbers.map(indicator)));
        self.korea.import(&file, "green", "parties");
    }

    #[track_caller]
    fn import_in_poland(&self, numbers: std::ops::Range<usize>) {
        let file = self.poland.file("lines.ndjson", lines(numbers.map(indicator)));
        self.poland.import(&file, "green", "parties");
    }

    /// Runs a feed of Poland that must succeed; gives what it did.
    #[track_caller]
    fn run(&self, name: &str) -> Value {
        self.poland.json(&["feed", "run", name])[0]["ran"].clone()
    }

    /// How a feed of Poland stands.
    #[track_caller]
    fn feed(&self, name: &str) -> Value {
        let list = self.poland.json(&["feed", "list"]);
        let mut feeds = list.as_array().unwrap().iter().filter(|feed| feed["name"] == name);
        feeds.next().unwrap_or_else(|| panic!("no {name} in {list}")).clone()
    }
}

fn ids(numbers: std::ops::Range<usize>) -> Vec<String> {
    let mut ids: Vec<String> = numbers.map(indicator_id).collect();
    ids.sort();
    ids
}

/// Waits until this holds.
#[track_caller]
fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let began = Instant::now();
    while !holds() {
        assert!(began.elapsed() < Duration::from_mins(1), "not within a minute: {what}");
        sleep(Duration::from_millis(100));
    }
}

#[test]
fn a_source_brings_what_is_there_and_then_what_is_new() {
    let two = Two::new();
    two.import_in_korea(0..2_500);
    two.add_source("kor");
    let trial = two.poland.json(&["feed", "run", "kor", "--dry-run"])[0]["ran"].clone();
    assert_eq!((&trial["taken"], &trial["requests"]), (&json!(2_500), &json!(3)), "{trial}");
    assert_eq!(two.feed("kor")["far"]["taken"], 0, "a trial took something");
    let ran = two.run("kor");
    assert_eq!(
        (&ran["taken"], &ran["same"], &ran["requests"]),
        (&json!(2_500), &json!(0), &json!(3))
    );
    // They are Korea's: it may read them back, and nobody else has them from here.
    assert_eq!(two.poland.view_ids("KOR"), ids(0..2_500));
    assert_eq!(two.poland.view("USA"), Vec::<Value>::new());
    let again = two.run("kor");
    assert_eq!(
        (&again["taken"], &again["same"], &again["requests"]),
        (&json!(0), &json!(0), &json!(1))
    );
    two.import_in_korea(2_500..2_507);
    assert_eq!(two.run("kor")["taken"], 7);
    assert_eq!(two.poland.view_ids("KOR"), ids(0..2_507));
    let feed = two.feed("kor");
    assert_eq!((&feed["far"]["taken"], &feed["trouble"]), (&json!(2_507), &Value::Null));
    two.poland.run(&["ledger", "verify"]).ends(0);
    two.poland.run(&["doctor"]).ends(0);
}

#[test]
fn what_comes_for_this_nation_bears_its_label_and_what_is_refused_is_told() {
    let two = Two::new();
    two.import_in_korea(0..20);
    // Korea says that it made these: from this feed they are not taken as Poland's.
    two.korea.import_scenario();
    let label = ["--programme", PROGRAMME, "--area", AREA, "--rel-to", "parties", "--tlp", "green"];
    two.add("own", "--from", &label);
    let ran =
        two.poland.run(&["--json", "feed", "run", "own"]).ends(1).document()[0]["ran"].clone();
    let shared = two.poland.view_ids("KOR");
    assert_eq!(shared.iter().filter(|id| ids(0..20).contains(id)).count(), 20, "{ran}");
    let feed = two.feed("own");
    assert_eq!(feed["far"]["refused"], ran["refused"], "{feed}");
    let refusals = feed["refusals"].as_array().unwrap();
    let told = refusals.iter().any(|one| one["why"].as_str().unwrap().contains("created by KOR"));
    assert!(told, "{refusals:?}");
    // What was refused does not come again: the rest is here.
    let again = two.run("own");
    assert_eq!((&again["taken"], &again["refused"]), (&json!(0), &json!(0)));
}

#[test]
fn without_a_collection_the_server_is_asked_which_there_are() {
    let two = Two::new();
    let args = two.add_args("kor", "--from", &[]);
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let listed = two.poland.run(&[&["--json"], args.as_slice()].concat()).ends(2).document();
    let area = |one: &&Value| one["title"].as_str().unwrap().contains("Cyber defence");
    let listed = listed["collections"].as_array().unwrap();
    let one = listed.iter().find(area).unwrap();
    assert_eq!((&one["can_read"], &one["can_write"]), (&json!(true), &json!(true)));
    assert_eq!(two.poland.json(&["feed", "list"]), json!([]));
    two.poland.run(&args).ends(2).says(&[
        "--collection",
        "Cyber defence",
        one["id"].as_str().unwrap(),
    ]);
}

#[test]
fn a_poll_killed_at_any_moment_loses_nothing_and_takes_nothing_twice() {
    const OBJECTS: usize = 6_000;
    const MOMENTS: u32 = 8;
    let two = Two::new();
    two.import_in_korea(0..OBJECTS);
    two.add_source("kor");
    let whole = two.poland.copy();
    let start = Instant::now();
    whole.run(&["feed", "run", "kor"]).ends(0);
    let lasts = start.elapsed();
    let mut interrupted = 0;
    for moment in 0..MOMENTS {
        let node = two.poland.copy();
        let mut command = node.command(&["feed", "run", "kor"]);
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        sleep(lasts * (2 * moment + 1) / (2 * MOMENTS));
        child.kill().unwrap();
        interrupted += u32::from(!child.wait().unwrap().success());
        let ran = node.json(&["feed", "run", "kor"])[0]["ran"].clone();
        // Of the last page the last object alone comes again: each has a date of its own.
        let same = ran["same"].as_u64().unwrap();
        assert!(same <= 1, "moment {moment}: objects without their position: {ran}");
        assert_eq!(node.view_ids("KOR"), ids(0..OBJECTS), "moment {moment}");
        let size = node.json(&["ledger", "show", "KOR", "--limit", "1"])["size"].clone();
        assert_eq!(size, OBJECTS, "moment {moment}: taken twice");
        node.run(&["ledger", "verify"]).ends(0);
    }
    assert!(interrupted >= MOMENTS / 2, "only {interrupted} runs were interrupted");
}

#[test]
fn a_target_is_given_what_is_released_and_asked_to_delete_what_is_taken_back() {
    let two = Two::new();
    two.import_in_poland(0..1_203);
    two.poland.json(&["release", "recall", &indicator_id(5), "--from", "KOR", "--why", "before"]);
    two.add_target("kor");
    let trial = two.poland.json(&["feed", "run", "kor", "--dry-run"])[0]["ran"].clone();
    assert_eq!((&trial["given"], &trial["requests"]), (&json!(1_202), &json!(0)), "{trial}");
    assert_eq!(two.korea.view("POL"), Vec::<Value>::new(), "a trial gave something");
    let ran = two.run("kor");
    let expected: Vec<String> =
        ids(0..1_203).into_iter().filter(|id| *id != indicator_id(5)).collect();
    assert_eq!(
        (&ran["given"], &ran["taken_back"], &ran["refused"]),
        (&json!(1_202), &json!(0), &json!(0))
    );
    // Korea has them as Poland's.
    assert_eq!(two.korea.view_ids("POL"), expected);
    let again = two.run("kor");
    assert_eq!((&again["given"], &again["requests"]), (&json!(0), &json!(2)), "{again}");
    two.poland.json(&[
        "release",
        "recall",
        &indicator_id(7),
        "--from",
        "KOR",
        "--why",
        "a mistake",
    ]);
    two.import_in_poland(1_203..1_205);
    let ran = two.run("kor");
    let counts = (&ran["given"], &ran["taken_back"], &ran["not_acknowledged"]);
    assert_eq!(counts, (&json!(2), &json!(1), &json!(0)), "{ran}");
    let left = two.korea.view_ids("POL");
    assert!(!left.contains(&indicator_id(7)) && left.contains(&indicator_id(1_204)), "{left:?}");
    let feed = two.feed("kor");
    assert_eq!((&feed["far"]["given"], &feed["far"]["taken_back"]), (&json!(1_204), &json!(1)));
    two.korea.run(&["ledger", "verify"]).ends(0);
    two.poland.run(&["ledger", "verify"]).ends(0);
}

#[test]
fn a_push_killed_at_any_moment_loses_nothing_and_gives_nothing_twice() {
    const OBJECTS: usize = 4_000;
    const MOMENTS: u32 = 6;
    let ready = Two::new();
    ready.import_in_poland(0..OBJECTS);
    let mut interrupted = 0;
    let mut lasts = Duration::ZERO;
    for moment in 0..=MOMENTS {
        // A fresh Korea each time: what it has is looked at.
        let two = Two { poland: ready.poland.copy(), ..Two::new() };
        two.poland.file("token", &two.token);
        two.add_target("kor");
        let mut command = two.poland.command(&["feed", "run", "kor"]);
        let start = Instant::now();
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        if moment == 0 {
            assert!(child.wait().unwrap().success());
            lasts = start.elapsed();
            continue;
        }
        sleep(lasts * (2 * moment - 1) / (2 * MOMENTS));
        child.kill().unwrap();
        interrupted += u32::from(!child.wait().unwrap().success());
        two.poland.json(&["feed", "run", "kor"]);
        assert_eq!(two.korea.view_ids("POL"), ids(0..OBJECTS), "moment {moment}");
        let size = two.korea.json(&["ledger", "show", "POL", "--limit", "1"])["size"].clone();
        assert_eq!(size, OBJECTS, "moment {moment}: given twice");
        let far = two.feed("kor")["far"].clone();
        assert_eq!((&far["given"], &far["entries"]), (&json!(OBJECTS), &json!(OBJECTS)), "{far}");
    }
    assert!(interrupted >= MOMENTS / 2, "only {interrupted} runs were interrupted");
}

#[test]
fn what_a_server_refuses_of_what_it_is_given_is_told_of_each_object() {
    let two = Two::new();
    let file = two.poland.file("two.ndjson", lines([indicator(0), indicator(2)]));
    two.poland.import(&file, "green", "parties");
    two.add_target("kor");
    assert_eq!(two.run("kor")["given"], 2);
    // The same version with other content: Poland's second is refused where the first one is.
    let mut other = indicator(0);
    other["name"] = json!("Another");
    let elsewhere = Two { poland: poland(&["KOR"]), ..two };
    elsewhere.poland.file("token", &elsewhere.token);
    let file = elsewhere.poland.file("other.ndjson", lines([other, indicator(9)]));
    elsewhere.poland.import(&file, "green", "parties");
    elsewhere.add_target("kor");
    let ran = elsewhere.poland.run(&["--json", "feed", "run", "kor"]).ends(1).document();
    let ran = ran[0]["ran"].clone();
    assert_eq!((&ran["given"], &ran["refused"]), (&json!(1), &json!(1)), "{ran}");
    let refusals = elsewhere.feed("kor")["refusals"].clone();
    assert_eq!(refusals[0]["id"], indicator_id(0), "{refusals}");
    assert_eq!(elsewhere.run("kor")["requests"], 2, "what is refused is not given again");
}

#[test]
fn a_partner_that_is_shut_out_is_given_nothing_and_nothing_of_it_is_taken() {
    let two = Two::new();
    two.import_in_korea(0..5);
    two.import_in_poland(100..105);
    two.add_source("from-kor");
    two.add_target("to-kor");
    two.poland.json(&["partner", "suspend", "KOR"]);
    two.poland.run(&["feed", "run", "from-kor"]).ends(2).says(&["KOR is suspended"]);
    two.poland.run(&["feed", "run", "to-kor"]).ends(2).says(&["KOR may have nothing"]);
    two.poland.run(&["feed", "run", "--all", "--dry-run"]).ends(2);
    assert_eq!(two.korea.view("POL").len(), 5, "given to a suspended partner");
    two.poland.json(&["partner", "resume", "KOR"]);
    assert_eq!(two.run("from-kor")["taken"], 5);
    assert_eq!(two.run("to-kor")["given"], 5);
    assert_eq!(two.feed("to-kor")["trouble"], Value::Null);
    two.poland.json(&["partner", "revoke", "KOR"]);
    two.poland.run(&["feed", "run", "--all"]).ends(2).says(&["from-kor: ", "to-kor: "]);
}

#[test]
fn what_came_from_a_partner_is_not_given_back_to_it_nor_taken_back_as_its_own() {
    let two = Two::new();
    two.import_in_korea(0..5);
    two.add_source("from-kor");
    assert_eq!(two.run("from-kor")["taken"], 5);
    assert_eq!(two.poland.view("KOR").len(), 5);
    two.add_target("to-kor");
    assert_eq!(two.run("to-kor")["given"], 0);
    two.import_in_poland(10..13);
    assert_eq!(two.run("to-kor")["given"], 3);
    // Korea's server shows Poland what is Poland's.
    assert_eq!(two.korea.view("POL").len(), 8);
    let trial = two.poland.json(&["feed", "run", "from-kor", "--dry-run"])[0]["ran"].clone();
    assert_eq!((&trial["taken"], &trial["same"]), (&json!(0), &json!(3)), "{trial}");
    let ran = two.run("from-kor");
    assert_eq!((&ran["taken"], &ran["same"]), (&json!(0), &json!(3)), "{ran}");
    assert_eq!(two.poland.view("KOR").len(), 8);
}

/// Whether a text stands in any file of a folder but those below `keys`.
fn stands_in(folder: &Path, text: &str) -> bool {
    fs::read_dir(folder).unwrap().map(Result::unwrap).any(|entry| {
        let path = entry.path();
        if path.is_dir() {
            return !path.ends_with("keys") && stands_in(&path, text);
        }
        let bytes = fs::read(&path).unwrap();
        bytes.windows(text.len()).any(|window| window == text.as_bytes())
    })
}

#[test]
fn a_secret_is_in_its_file_and_nowhere_else() {
    let two = Two::new();
    two.add_source("kor");
    two.run("kor");
    let file = two.poland.folder().join("keys/feeds/1");
    assert_eq!(fs::read_to_string(&file).unwrap(), two.token);
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let folder = fs::metadata(two.poland.folder().join("keys/feeds")).unwrap();
    assert_eq!(folder.permissions().mode() & 0o777, 0o700);
    two.korea.json(&["token", "revoke", "first"]);
    let refused = two.poland.run(&["feed", "run", "kor"]).ends(2);
    assert!(!refused.said().contains(&two.token), "{}", refused.said());
    refused.says(&["does not take the login", "feed resume"]);
    let said = [["feed", "list"].as_slice(), &["--json", "feed", "list"], &["doctor"]];
    for args in said {
        assert!(!two.poland.run(args).said().contains(&two.token), "{args:?}");
    }
    assert!(!stands_in(&two.poland.folder(), &two.token), "the token stands in the store");
    let mut traced = two.poland.command(&["feed", "run", "kor"]);
    let traced = Ran::of(traced.env("ENTENTE_LOG", "trace")).ends(2);
    assert!(traced.err.contains("TRACE") && !traced.said().contains("Bearer"), "a login is logged");
    // Another login, and it goes on from where it was.
    let fresh = token(&two.korea, "second");
    two.poland.file("second", &fresh);
    two.poland.json(&["feed", "resume", "kor", "--token-file", "second"]);
    two.import_in_korea(0..3);
    assert_eq!(two.run("kor")["taken"], 3);
    two.poland.json(&["feed", "remove", "kor"]);
    assert!(!file.exists());
    two.poland.run(&["feed", "run", "kor"]).ends(2).says(&["no feed is called kor"]);
    // The name is free; the feed is another one, and begins at the beginning.
    two.poland.file("token", &fresh);
    two.add_source("kor");
    let ran = two.run("kor");
    assert_eq!((&ran["taken"], &ran["same"]), (&json!(0), &json!(3)), "{ran}");
}

#[test]
fn a_password_works_as_well_and_a_wrong_one_is_told() {
    let two = Two::new();
    two.import_in_korea(0..3);
    let password = two.korea.password("POL");
    let root = two.korea.folder().join("keys/root.pem").display().to_string();
    for (name, text, code) in [("good", password.as_str(), 0), ("bad", "another password", 2)] {
        let file = two.poland.file(name, format!("{text}\n"));
        two.poland.json(&[
            "feed",
            "add",
            name,
            "--from",
            &two.root(),
            "--ca",
            &root,
            "--user",
            "pol",
            "--password-file",
            &file,
            "--collection",
            COLLECTION,
            "--nation",
            "KOR",
            "--programme",
            PROGRAMME,
            "--area",
            AREA,
        ]);
        two.poland.run(&["feed", "run", name]).ends(code);
    }
    assert_eq!(two.feed("good")["far"]["taken"], 3);
    assert!(two.feed("bad")["trouble"]["why"].as_str().unwrap().contains("login"));
    two.poland.run(&["doctor"]).ends(1).says(&["FAULT feeds", "bad failed on", "feed resume"]);
    two.poland.json(&["feed", "pause", "bad"]);
    two.poland.run(&["doctor"]).ends(0).says(&["feeds: 2 without trouble"]);
}

#[test]
fn a_served_node_runs_its_feeds_when_they_are_due_and_one_that_fails_holds_up_no_other() {
    let two = Two::new();
    two.import_in_korea(0..10);
    two.import_in_poland(100..110);
    let often = ["--every", "1s"];
    let label = ["--nation", "KOR", "--programme", PROGRAMME, "--area", AREA];
    two.add("from-kor", "--from", &[label.as_slice(), &often].concat());
    two.add("to-kor", "--to", &["--nation", "KOR", "--every", "1s"]);
    let dead = two.poland.json(&[
        "feed",
        "add",
        "dead",
        "--from",
        "https://127.0.0.1:9/",
        "--collection",
        "x",
        "--every",
        "1s",
    ]);
    assert_eq!(dead["added"], true);
    let served = two.poland.serve(&["--plain"]);
    until("both ways", || {
        two.feed("from-kor")["far"]["taken"] == 10 && two.feed("to-kor")["far"]["given"] == 10
    });
    until("the dead one is told", || two.feed("dead")["trouble"]["why"].is_string());
    two.import_in_korea(10..12);
    two.import_in_poland(110..112);
    until("what is new", || {
        two.feed("from-kor")["far"]["taken"] == 12 && two.feed("to-kor")["far"]["given"] == 12
    });
    let given = two.korea.view_ids("POL");
    assert_eq!(given.iter().filter(|id| ids(100..112).contains(id)).count(), 12);
    two.poland.json(&["feed", "pause", "from-kor"]);
    two.poland.run(&["feed", "run", "from-kor"]).ends(2).says(&["paused", "feed resume"]);
    two.import_in_korea(12..13);
    two.import_in_poland(112..113);
    until("the other goes on", || two.feed("to-kor")["far"]["given"] == 13);
    assert_eq!(two.feed("from-kor")["far"]["taken"], 12, "a paused feed ran");
    two.poland.json(&["feed", "resume", "from-kor"]);
    until("it goes on", || two.feed("from-kor")["far"]["taken"] == 13);
    assert!(served.log().contains("the feed dead failed"), "{}", served.log());
    drop(served);
    two.poland.run(&["ledger", "verify"]).ends(0);
}

#[test]
fn a_feed_runs_where_its_login_is_and_nowhere_else() {
    let two = Two::new();
    two.import_in_korea(0..3);
    two.add_source("kor");
    let other = two.poland.copy();
    fs::remove_file(other.folder().join("keys/feeds/1")).unwrap();
    other.run(&["feed", "run", "kor"]).ends(2).says(&["feed resume kor"]);
    other.run(&["feed", "list"]).ends(0).says(&["does not run here"]);
    assert_eq!(two.run("kor")["taken"], 3);
}

#[test]
fn mistakes_in_a_feed_are_answered_with_what_to_do() {
    let node = poland(&["KOR", "USA"]);
    let token = node.file("token", "abc");
    let long = node.file("long", "x".repeat(5_000));
    let two = node.file("two", "a\nb\n");
    let add = |more: &[&str]| -> Ran { node.run(&[&["feed", "add", "a"], more].concat()) };
    let from = |root: &str| add(&["--from", root, "--collection", "x"]);
    let https = ["--from", "https://taxii.kor.example/x/", "--collection", "x"];
    let with = |more: &[&str]| add(&[https.as_slice(), more].concat());
    let to = ["--to", "https://taxii.kor.example/x/", "--collection", "x"];
    let to = |more: &[&str]| add(&[to.as_slice(), more].concat());
    let mut wrong = Vec::new();
    for (ran, words) in [
        (add(&[]), ["--from"].as_slice()),
        (from("http://taxii.kor.example/x/"), &["not over TLS"]),
        (from("https://pol:secret@taxii.kor.example/x/"), &["--password-file"]),
        (from("https://taxii.kor.example/x/?a=b"), &["no address of an API root"]),
        (from("taxii.kor.example"), &["https://"]),
        (with(&["--user", "pol"]), &["--password-file"]),
        (with(&["--token-file", "none"]), &["none could not be opened"]),
        (with(&["--token-file", &long]), &["longer than 4096 bytes"]),
        (with(&["--token-file", &two]), &["one line"]),
        (with(&["--ca", &token]), &["--ca"]),
        (with(&["--every", "15"]), &["15m"]),
        (with(&["--every", "0s"]), &["a second at least"]),
        (with(&["--nation", "FRA", "--programme", PROGRAMME, "--area", AREA]), &["partner add"]),
        (with(&["--nation", "KOR"]), &["--programme"]),
        (
            with(&["--nation", "KOR", "--programme", PROGRAMME, "--area", AREA, "--rel-to", "USA"]),
            &["leave --rel-to out"],
        ),
        (with(&["--programme", "none", "--area", "x"]), &["programme adopt"]),
        (to(&[]), &["--nation"]),
        (to(&["--nation", "POL"]), &["own nation"]),
        (to(&["--nation", "KOR", "--programme", PROGRAMME, "--area", AREA]), &["leave"]),
        (node.run(&["feed", "run"]), &["--all"]),
        (node.run(&["feed", "pause", "none"]), &["feed list"]),
        (node.run(&["feed", "add", "A b", "--from", "https://a.example/"]), &["small letters"]),
    ] {
        let said = ran.said();
        if ran.code != 2 || !words.iter().all(|word| said.contains(word)) || said.contains("secret")
        {
            wrong.push(format!("{words:?}: ends with {}: {said}", ran.code));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    with(&["--dry-run"]).ends(0);
    assert_eq!(node.json(&["feed", "list"]), json!([]));
    with(&["--token-file", &token]).ends(0);
    with(&["--token-file", &token]).ends(2).says(&["another feed", "remove it first"]);
    for args in [["feed", "pause", "a"], ["feed", "remove", "a"]] {
        node.run(&[&["--dry-run"], args.as_slice()].concat()).ends(0);
        assert_eq!(node.json(&["feed", "list"])[0]["state"], "active", "{args:?}");
    }
}

/// medallion, a server of other people, until this is dropped.
struct Medallion {
    child: Child,
    ask: ChildStdin,
    told: BufReader<ChildStdout>,
    root: String,
}

impl Medallion {
    fn start(python: &str, keys: &Path, page: usize) -> Self {
        let mut command = Command::new(python);
        command.arg(repository().join("tests/python/medallion_server.py"));
        command.arg(keys.join("server.pem")).arg(keys.join("server.key")).arg(page.to_string());
        command.env("PYTHONDONTWRITEBYTECODE", "1");
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let ask = child.stdin.take().unwrap();
        let mut told = BufReader::new(child.stdout.take().unwrap());
        let mut port = String::new();
        told.read_line(&mut port).unwrap();
        let root = format!("https://localhost:{}/api/", port.trim());
        Self { child, ask, told, root }
    }

    /// The ids of what it has, sorted, as often as it has each.
    fn has(&mut self) -> Vec<String> {
        self.ask.write_all(b"?\n").unwrap();
        let mut line = String::new();
        self.told.read_line(&mut line).unwrap();
        let mut ids: Vec<String> = serde_json::from_str(&line).unwrap();
        ids.sort();
        ids
    }
}

impl Drop for Medallion {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// A server whose one cursor leads to all pages in turn, and whose objects share their dates.
#[test]
fn medallion_is_given_what_is_released_and_another_node_takes_it_from_there() {
    const OBJECTS: usize = 250;
    let Some(python) = python() else { return };
    let korea = Node::with(&["POL"]);
    let keys = korea.folder().join("keys");
    let mut medallion = Medallion::start(&python, &keys, 50);
    let (root, authority) = (medallion.root.clone(), keys.join("root.pem").display().to_string());
    let reader = poland(&["KOR"]);
    let collection = "91a7b528-80eb-42ed-a74d-c6fbd5a26116";
    let add = |node: &Node, name: &str, more: &[&str]| {
        let password = node.file("password", "a password of medallion");
        let server = ["--ca", &authority, "--user", "kor", "--password-file", &password];
        let add = ["feed", "add", name, "--collection", collection];
        node.json(&[add.as_slice(), &server, more].concat());
    };
    let file = korea.file("lines.ndjson", lines((0..OBJECTS).map(indicator)));
    korea.import(&file, "green", "parties");
    add(&korea, "pol", &["--to", &root, "--nation", "POL"]);
    let ran = korea.json(&["feed", "run", "pol"])[0]["ran"].clone();
    assert_eq!((&ran["given"], &ran["refused"]), (&json!(OBJECTS), &json!(0)), "{ran}");
    assert_eq!(medallion.has(), ids(0..OBJECTS));
    let label = ["--nation", "KOR", "--programme", PROGRAMME, "--area", AREA];
    add(&reader, "kor", &[["--from", &root].as_slice(), &label].concat());
    let ran = reader.json(&["feed", "run", "kor"])[0]["ran"].clone();
    assert_eq!((&ran["taken"], &ran["requests"]), (&json!(OBJECTS), &json!(5)), "{ran}");
    assert_eq!(reader.view_ids("KOR"), ids(0..OBJECTS));
    korea.json(&["release", "recall", &indicator_id(9), "--from", "POL", "--why", "a mistake"]);
    korea.import(&korea.file("one.ndjson", lines([indicator(OBJECTS)])), "green", "parties");
    let ran = korea.json(&["feed", "run", "pol"])[0]["ran"].clone();
    assert_eq!((&ran["given"], &ran["taken_back"]), (&json!(1), &json!(1)), "{ran}");
    let has = medallion.has();
    assert!(has.len() == OBJECTS && !has.contains(&indicator_id(9)), "{}", has.len());
    let ran = reader.json(&["feed", "run", "kor"])[0]["ran"].clone();
    assert_eq!((&ran["taken"], &ran["refused"]), (&json!(1), &json!(0)), "{ran}");
}
