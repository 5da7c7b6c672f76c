//! What federation costs between real processes: from release to visible at all eight partners, and how
//! fast one partner catches up.
//!
//! The program is built for release first. `visible` is when a partner's store, read from outside, has
//! the object's entry: after its commit. Parts of names after `--` choose what is measured.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a benchmark prints, and stops at whatever is wrong"
)]

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use entente_intake::acts::{ReceivedAct, kind};
use entente_object::clock::{Clock as _, SystemClock};
use entente_release::{Nation, PartnerIndex};
use entente_store::Reader;

const PARTNERS: [&str; 8] = ["usa", "gbr", "ita", "dnk", "nld", "cze", "rou", "pol"];

/// Releases that are timed.
const RELEASES: usize = 200;

fn main() {
    let mut build = Command::new(env!("CARGO"));
    assert!(
        build
            .args(["build", "--release", "--workspace", "--bin", "entente"])
            .status()
            .unwrap()
            .success()
    );
    if is_asked_for("release to visible") {
        release_to_visible();
    }
    if is_asked_for("catch-up") {
        catch_up();
    }
}

fn binary() -> PathBuf {
    // target/release/deps/federation-HASH
    std::env::current_exe().unwrap().ancestors().nth(2).unwrap().join("entente")
}

fn entente(folder: &Path, args: &[&str]) {
    let ran = Command::new(binary()).arg("--dir").arg(folder).args(args).output().unwrap();
    assert!(ran.status.success(), "{args:?}: {}", String::from_utf8_lossy(&ran.stderr));
}

/// A process that ends with the benchmark.
struct Running(Child);

impl Running {
    /// Starts it, and waits for a line with `word`.
    fn start(folder: &Path, args: &[&str], word: &str) -> (Self, String) {
        let mut command = Command::new(binary());
        command.arg("--dir").arg(folder).args(args).env("ENTENTE_LOG", "error");
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let said = lines.by_ref().map(Result::unwrap).find(|line| line.contains(word)).unwrap();
        std::thread::spawn(move || lines.for_each(drop));
        (Self(child), said)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        Command::new("kill").arg(self.0.id().to_string()).status().unwrap();
        self.0.wait().unwrap();
    }
}

fn now() -> i64 {
    SystemClock.now().unix_micros()
}

fn indicators(from: u64, count: u64) -> String {
    let one = |number: u64| {
        format!(
            "{{\"type\":\"indicator\",\"spec_version\":\"2.1\",\"id\":\"indicator--00000000-0000-4000-8000-\
             {number:012x}\",\"created\":\"2024-01-01T00:00:00.000Z\",\"modified\":\"2024-01-01T00:00:00.000Z\",\
             \"pattern\":\"[domain-name:value = 'h{number}.example']\",\"pattern_type\":\"stix\",\
             \"valid_from\":\"2024-01-01T00:00:00Z\",\"name\":\"{}\",\"indicator_types\":[\"malicious-activity\"]}}\n",
            "Made for a benchmark, as long as most indicators of feeds are; ".repeat(6)
        )
    };
    (from..from + count).map(one).collect()
}

fn import(folder: &Path, file: &Path) {
    let file = file.display().to_string();
    let area = ["--programme", "rok-nato-itpp-2023", "--area", "cyber-defence", "--tlp", "green"];
    entente(folder, &[&["import", &file], &area[..], &["--rel-to", "parties"]].concat());
}

fn received(reader: &Reader) -> u64 {
    let act = reader.last_act_of(&kind::received(Nation::KOR)).unwrap();
    act.map_or(0, |(_, act)| serde_json::from_str::<ReceivedAct>(&act.json).unwrap().size)
}

/// Nine nodes run; one object after the other is released to all eight partners.
fn release_to_visible() {
    let folder = tempfile::tempdir().unwrap();
    let demo = folder.path().join("demo");
    let _demo = Running::start(&demo, &["demo", "--port", "0"], "Ctrl-C");
    let korea = Reader::open(&demo).unwrap();
    let nodes = PARTNERS.map(|code| Reader::open(&demo.join("nations").join(code)).unwrap());
    let index = PartnerIndex::new(0).unwrap();
    let mut latest = Vec::with_capacity(RELEASES);
    let mut each = Vec::with_capacity(RELEASES * nodes.len());
    for number in 0..RELEASES {
        let file = folder.path().join("one.ndjson");
        std::fs::write(&file, indicators(u64::try_from(number).unwrap(), 1)).unwrap();
        let before = nodes.each_ref().map(received);
        let ledger = korea.ledger_size(index).unwrap();
        let importing = {
            let (demo, file) = (demo.clone(), file.clone());
            std::thread::spawn(move || import(&demo, &file))
        };
        let mut seen = [None; 8];
        while seen.iter().any(Option::is_none) {
            for (at, reader) in nodes.iter().enumerate() {
                if seen[at].is_none() && received(reader) > before[at] {
                    seen[at] = Some(now());
                }
            }
            std::thread::sleep(Duration::from_micros(500));
        }
        importing.join().unwrap();
        let mut released = 0;
        let visit = &mut |entry: entente_store::LedgerEntry| {
            released = entry.leaf.added;
            false
        };
        korea.ledger(index, ledger, visit).unwrap();
        let times = seen.map(|seen| seen.unwrap() - released);
        each.extend(times);
        latest.push(*times.iter().max().unwrap());
    }
    println!("from release to visible, {RELEASES} objects one by one, nine nodes on this machine:");
    println!("  at a partner:            {}", spread(&mut each));
    println!("  at the last of the eight: {}", spread(&mut latest));
}

fn spread(micros: &mut [i64]) -> String {
    micros.sort_unstable();
    let at = |share: usize| micros[(micros.len() - 1) * share / 100];
    let millis = |micros: i64| format!("{}.{} ms", micros / 1000, micros % 1000 / 100);
    format!("median {}, 99 of 100 {}", millis(at(50)), millis(at(99)))
}

/// Poland's node starts when Korea's has released many objects to it.
fn catch_up() {
    let objects: u64 =
        std::env::var("ENTENTE_BENCH_OBJECTS").map_or(100_000, |text| text.parse().unwrap());
    let folder = tempfile::tempdir().unwrap();
    let nodes = ["KOR", "POL"].map(|code| folder.path().join(code));
    let programme =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../programmes/rok-nato-itpp-2023.toml");
    let free = || std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let places = [free(), free()].map(|place| place.to_string());
    let mut fingerprints = Vec::new();
    for ((node, code), place) in nodes.iter().zip(["KOR", "POL"]).zip(&places) {
        entente(node, &["init", code]);
        entente(node, &["programme", "adopt", &programme.display().to_string()]);
        let address = format!("https://{place}");
        let card = node.join("card").display().to_string();
        let invite = ["--json", "peer", "invite", "--address", &address, "--out", &card];
        let told = Command::new(binary()).arg("--dir").arg(node).args(invite).output().unwrap();
        let told: serde_json::Value = serde_json::from_slice(&told.stdout).unwrap();
        fingerprints.push(told["fingerprint"].as_str().unwrap().to_owned());
    }
    for (at, other) in [(0, 1), (1, 0)] {
        let card = nodes[other].join("card").display().to_string();
        entente(&nodes[at], &["peer", "accept", &card, "--fingerprint", &fingerprints[other]]);
    }
    let file = folder.path().join("many.ndjson");
    std::fs::write(&file, indicators(0, objects)).unwrap();
    import(&nodes[0], &file);
    let serve = |at: usize| {
        let args = ["serve", "--listen", places[at].as_str()];
        Running::start(&nodes[at], &args, "Ctrl-C").0
    };
    let _korea = serve(0);
    let reader = Reader::open(&nodes[1]).unwrap();
    let began = Instant::now();
    let _poland = serve(1);
    while received(&reader) < objects {
        std::thread::sleep(Duration::from_millis(5));
    }
    let took = began.elapsed();
    let rate = f64::from(u32::try_from(objects).unwrap()) / took.as_secs_f64();
    println!(
        "catch-up of {objects} objects by one partner, its start included: {took:.1?}, {rate:.0} objects/s"
    );
}

/// Whether the command line names a part of `name`, or nothing.
fn is_asked_for(name: &str) -> bool {
    let mut parts = std::env::args().skip(1).filter(|part| !part.starts_with('-')).peekable();
    parts.peek().is_none() || parts.any(|part| name.contains(&part))
}
