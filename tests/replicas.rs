//! Replicas of one node on a real cluster, as people run them: the commands of docs/operate/scale-out.md,
//! and `kill -9` in the middle of an import.

use std::fs;
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use entente_stream::servers::Servers;
use serde_json::Value;

use crate::node::{Node, binary, repository, skipped};
use crate::objects::{indicator, indicator_id, lines};

fn servers() -> Option<Servers> {
    let servers = Servers::start();
    if servers.is_none() {
        skipped("no server of a cluster: set ENTENTE_TEST_NATS");
    }
    servers
}

/// A second replica: a folder with the keys of the first.
fn beside(first: &Node, servers: &str, name: &str) -> Node {
    let node = Node::none();
    fs::create_dir(node.folder()).unwrap();
    let mut copy = Command::new("cp");
    copy.arg("-a").args([first.folder().join("keys"), node.folder().join("keys")]);
    assert!(copy.status().unwrap().success());
    node.json(&["stream", "join", "--nats", servers, "--replica", name, "--nation", "KOR"]);
    node
}

/// What a replica says of another.
fn entries(status: &Value, name: &str) -> Option<u64> {
    let replicas = status["replicas"].as_array().unwrap();
    replicas.iter().find(|row| row["replica"] == name).unwrap()["entries"].as_u64()
}

#[test]
fn the_page_on_replicas_does_what_it_says() {
    let Some(servers) = servers() else { return };
    let page = fs::read_to_string(repository().join("docs/operate/scale-out.md")).unwrap();
    let script = page.split("```sh\n").nth(1).unwrap().split("```").next().unwrap();
    let named = "nats://10.0.0.1:4222,nats://10.0.0.2:4222,nats://10.0.0.3:4222";
    assert!(script.contains(named) && script.lines().count() <= 11, "{script}");
    let script = script.replace(named, &servers.addresses().join(","));
    // Any free port will do, and what runs behind the script ends with it.
    let script = script.replace("127.0.0.1:8443", "127.0.0.1:0").replace("8444", "0");
    let script = script.replace("scenarios/", &format!("{}/scenarios/", repository().display()));
    let script = script.replace("entente --dir seoul stream status", "");
    let node = Node::with(&["POL", "USA"]);
    let place = node.work();
    fs::rename(node.folder(), place.join("seoul")).unwrap();
    fs::create_dir(place.join("bin")).unwrap();
    std::os::unix::fs::symlink(binary(), place.join("bin/entente")).unwrap();
    let path = format!("{}:{}", place.join("bin").display(), std::env::var("PATH").unwrap());
    let status = "until entente --json --dir seoul stream status > status.json &&
        ! grep -q '\"entries\": *null' status.json; do sleep 0.2; done; kill $(jobs -p); wait";
    let mut shell = Command::new("timeout");
    shell
        .args(["60", "bash", "-e", "-c", &format!("{script}\n{status}")])
        .env("PATH", path)
        .current_dir(&place);
    let ran = shell.stdin(Stdio::null()).output().unwrap();
    let said = [ran.stdout, ran.stderr].concat();
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&said));
    let told: Value =
        serde_json::from_str(&fs::read_to_string(place.join("status.json")).unwrap()).unwrap();
    assert_eq!(entries(&told, "seoul"), entries(&told, "busan"), "{told}");
    let view: Value =
        serde_json::from_str(&fs::read_to_string(place.join("pol.json")).unwrap()).unwrap();
    assert!(!view["objects"].as_array().unwrap().is_empty(), "seoul has what busan took in");
}

#[test]
fn a_replica_killed_in_the_middle_of_an_import_leaves_the_same_at_all() {
    const OBJECTS: usize = 30_000;
    let Some(mut servers) = servers() else { return };
    let partners = ["POL", "USA"];
    let one = Node::with(&partners);
    let addresses = servers.addresses().join(",");
    one.json(&["stream", "join", "--nats", &addresses, "--replica", "one"]);
    let two = beside(&one, &addresses, "two");
    let serving = two.serve(&[]);
    let first = one.file("first.ndjson", lines((0..100).map(indicator)));
    one.import(&first, "green", "parties");
    let all = one.file("all.ndjson", lines((0..OBJECTS).map(indicator)));
    let args = Node::import_args(&all, "green", "parties");
    for moment in 1..=3 {
        let mut command = one.command(&args);
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        sleep(Duration::from_millis(700 * moment));
        child.kill().unwrap();
        child.wait().unwrap();
        if moment == 2 {
            // A server goes as well, and another replica writes at once.
            servers.kill(0);
            let more = two.file("more.ndjson", lines((OBJECTS..OBJECTS + 10).map(indicator)));
            two.import(&more, "green", "parties");
            servers.run(0);
        }
        let views = [&one, &two].map(|node| node.view_ids("POL"));
        assert!(views[0] == views[1], "after the kill {moment}");
        assert!((0..100).all(|number| views[0].contains(&indicator_id(number))));
    }
    let done = one.import(&all, "green", "parties");
    let count = |name: &str| usize::try_from(done[name].as_u64().unwrap()).unwrap();
    assert_eq!((count("taken") + count("same"), count("rejected")), (OBJECTS, 0), "{done}");
    let mut expected: Vec<String> = (0..OBJECTS + 10).map(indicator_id).collect();
    expected.sort();
    for node in [&one, &two] {
        for partner in partners {
            assert!(node.view_ids(partner) == expected, "{partner} does not have each object once");
            let size = node.json(&["ledger", "show", partner, "--limit", "1"])["size"].clone();
            assert_eq!(size, OBJECTS + 10);
        }
        node.run(&["ledger", "verify"]).ends(0);
        node.run(&["doctor"]).ends(0);
    }
    // The served replica came along by itself.
    let start = Instant::now();
    loop {
        let told = one.json(&["stream", "status"]);
        if entries(&told, "one") == entries(&told, "two") {
            break;
        }
        assert!(start.elapsed() < Duration::from_secs(20), "{told}");
        sleep(Duration::from_millis(100));
    }
    drop(serving);
}

#[test]
fn what_a_person_has_to_do_is_said() {
    let Some(servers) = servers() else { return };
    let addresses = servers.addresses().join(",");
    let join = ["stream", "join", "--nats", &addresses, "--replica"];
    Node::none().run(&[&join[..], &["two"]].concat()).ends(2).says(&["entente init", "keys"]);
    let one = Node::with(&["POL"]);
    one.run(&["stream", "status"]).ends(2).says(&["entente stream join"]);
    one.run(&["stream", "join"]).ends(2).says(&["--nats"]);
    one.run(&[&join[..], &["No Name"]].concat()).ends(2).says(&["cannot name a replica"]);
    one.json(&[&join[..], &["one"]].concat());
    let two = beside(&one, &addresses, "two");
    let three = beside(&one, &addresses, "three");
    two.json(&["partner", "add", "USA"]);
    let nations = one.json(&["partner", "list"]).to_string();
    assert!(nations.contains("USA"), "{nations}");
    // Two is served by nobody: without its word the stream is not filled.
    let deleted = entente_stream::Settings::read(&one.folder()).unwrap().unwrap();
    let nation = "KOR".parse().unwrap();
    let seed = fs::read(one.folder().join("keys/node.key")).unwrap().try_into().unwrap();
    let key = entente_log::key::Key::from_seed("KOR", &seed).unwrap();
    entente_stream::Cluster::new(deleted, nation, key).unwrap().remove().unwrap();
    let gone = ["the stream is gone", "entente stream refill"];
    one.run(&["partner", "add", "GBR"]).ends(2).says(&gone);
    // Reading goes on.
    one.run(&["partner", "list"]).ends(0);
    one.run(&["stream", "refill"]).ends(2).says(&["three, two", "--without NAME"]);
    one.run(&["stream", "refill", "--without", "two", "--without", "three"]).ends(0);
    one.json(&["partner", "add", "GBR"]);
    // The others had all of it: they go on by joining what is there now.
    for node in [&two, &three] {
        node.run(&["stream", "refill"]).ends(0);
        assert!(node.json(&["partner", "list"]).to_string().contains("GBR"));
    }
    two.json(&["stream", "leave"]);
    let told = three.json(&["stream", "status"]).to_string();
    assert!(told.contains("\"one\"") && !told.contains("\"two\""), "{told}");
}

#[test]
fn without_most_of_the_cluster_reading_goes_on_and_writing_says_so() {
    let Some(mut servers) = servers() else { return };
    let one = Node::with(&["POL"]);
    let addresses = servers.addresses().join(",");
    one.json(&["stream", "join", "--nats", &addresses, "--replica", "one"]);
    let file = one.file("some.ndjson", lines((0..10).map(indicator)));
    one.import(&file, "green", "parties");
    (0..2).for_each(|number| servers.kill(number));
    let more = one.file("more.ndjson", lines((10..20).map(indicator)));
    one.run(&Node::import_args(&more, "green", "parties")).ends(2).says(&["cluster"]);
    assert_eq!(one.view("POL").len(), 10);
    (0..2).for_each(|number| servers.run(number));
    servers.ready();
    let done = one.import(&more, "green", "parties");
    assert_eq!(done["taken"].as_u64().unwrap() + done["same"].as_u64().unwrap(), 10, "{done}");
    assert_eq!(one.view_ids("POL").len(), 20);
    one.run(&["ledger", "verify"]).ends(0);
}
