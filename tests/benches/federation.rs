//! What federation costs between real processes: from release to visible at all eight partners, what a
//! partner that is stopped, slow or hostile changes in that for the others, and how fast one catches up.
//!
//! The program is built for release first. `visible` is when a partner's store, read from outside, has
//! the object's entry: after its commit. Parts of names after `--` choose what is measured.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a benchmark prints, and stops at whatever is wrong"
)]

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Shutdown, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use entente_intake::acts::{ReceivedAct, kind};
use entente_object::clock::{Clock as _, SystemClock};
use entente_release::{Nation, PartnerIndex};
use entente_store::Reader;

#[path = "../caller.rs"]
mod caller;

const PARTNERS: [&str; 8] = ["usa", "gbr", "ita", "dnk", "nld", "cze", "rou", "pol"];

/// Releases that are timed.
const RELEASES: usize = 200;

/// Rounds in which every way of the last partner has its turn: what else the machine does meanwhile
/// comes to all alike.
const ROUNDS: usize = 6;

/// Releases that are timed of each way in a round.
const EACH: usize = 50;

/// Objects that the last partner alone has: 20 pages.
const ITS_OWN: u64 = 20_000;

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
    if is_asked_for("one bad partner") {
        one_bad_partner();
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

fn import(folder: &Path, file: &Path, rel_to: &str) {
    let file = file.display().to_string();
    let area = ["--programme", "rok-nato-itpp-2023", "--area", "cyber-defence", "--tlp", "green"];
    entente(folder, &[&["import", &file], &area[..], &["--rel-to", rel_to]].concat());
}

fn received(reader: &Reader) -> u64 {
    let act = reader.last_act_of(&kind::received(Nation::KOR)).unwrap();
    act.map_or(0, |(_, act)| serde_json::from_str::<ReceivedAct>(&act.json).unwrap().size)
}

/// Nine nodes that run.
struct Nine {
    korea: Reader,
    nodes: Vec<Reader>,
    released: u64,
    demo: PathBuf,
    _running: Running,
    folder: tempfile::TempDir,
}

impl Nine {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let demo = folder.path().join("demo");
        let (running, _) = Running::start(&demo, &["demo", "--port", "0"], "Ctrl-C");
        let korea = Reader::open(&demo).unwrap();
        let nodes = PARTNERS.map(|code| Reader::open(&demo.join("nations").join(code)).unwrap());
        Self { korea, nodes: nodes.into(), released: 0, demo, _running: running, folder }
    }

    /// Korea releases the next objects.
    fn release(&mut self, count: u64, rel_to: &str) {
        let file = self.folder.path().join("objects.ndjson");
        std::fs::write(&file, indicators(self.released, count)).unwrap();
        self.released += count;
        import(&self.demo, &file, rel_to);
    }

    /// Releases one object to all; gives after how many microseconds each of the first `seen_by` has it.
    fn visible_after(&mut self, seen_by: usize) -> Vec<i64> {
        let index = PartnerIndex::new(0).unwrap();
        let before: Vec<u64> = self.nodes.iter().map(received).collect();
        let ledger = self.korea.ledger_size(index).unwrap();
        let file = self.folder.path().join("one.ndjson");
        std::fs::write(&file, indicators(self.released, 1)).unwrap();
        self.released += 1;
        let demo = self.demo.clone();
        let importing = std::thread::spawn(move || import(&demo, &file, "parties"));
        let mut seen = vec![None; seen_by];
        while seen.iter().any(Option::is_none) {
            for (at, reader) in self.nodes.iter().take(seen_by).enumerate() {
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
        self.korea.ledger(index, ledger, visit).unwrap();
        seen.into_iter().map(|seen| seen.unwrap() - released).collect()
    }
}

/// One object after the other is released to all eight partners.
fn release_to_visible() {
    let mut nine = Nine::start();
    let mut latest = Vec::with_capacity(RELEASES);
    let mut each = Vec::with_capacity(RELEASES * PARTNERS.len());
    for _ in 0..RELEASES {
        let times = nine.visible_after(PARTNERS.len());
        latest.push(*times.iter().max().unwrap());
        each.extend(times);
    }
    println!("from release to visible, {RELEASES} objects one by one, nine nodes on this machine:");
    println!("  at a partner:            {}", spread(&mut each));
    println!("  at the last of the eight: {}", spread(&mut latest));
}

/// What Poland does, and what for the others is as if it did not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Well,
    Stopped,
    Slow,
    Unread,
    Loop,
}

impl Way {
    const ALL: [Self; 5] = [Self::Well, Self::Stopped, Self::Slow, Self::Unread, Self::Loop];

    fn name(self) -> &'static str {
        match self {
            Self::Well => "all are well",
            Self::Stopped => "one is stopped (SIGSTOP)",
            Self::Slow => "one reads pages at 1 byte/s",
            Self::Unread => "one opens 64 streams and pages and reads nothing",
            Self::Loop => "one asks for pages in a loop, eight at a time",
        }
    }
}

/// Seven partners are timed while the eighth does not behave.
fn one_bad_partner() {
    let mut nine = Nine::start();
    nine.release(ITS_OWN, "POL");
    let settled = |nine: &Nine| {
        let signed = nine.korea.ledger_size(PartnerIndex::new(7).unwrap()).unwrap();
        while received(&nine.nodes[7]) < signed {
            std::thread::sleep(Duration::from_millis(20));
        }
    };
    settled(&nine);
    let process = process_of("nations/pol");
    let mut times = Way::ALL.map(|_| Vec::new());
    for _ in 0..ROUNDS {
        for (way, times) in Way::ALL.iter().zip(&mut times) {
            if *way != Way::Well {
                signal(process, "STOP");
            }
            let hostile = Hostile::begin(*way, &nine.demo);
            std::thread::sleep(Duration::from_millis(500));
            times.extend((0..EACH).flat_map(|_| nine.visible_after(7)));
            drop(hostile);
            if *way != Way::Well {
                signal(process, "CONT");
                settled(&nine);
            }
        }
    }
    println!("from release to visible at the other seven, {} objects each:", ROUNDS * EACH);
    let [well, ..] = times.each_mut().map(|times| at_share(times, 99));
    for (way, times) in Way::ALL.iter().zip(&mut times) {
        let (name, all) = (way.name(), spread(times));
        // Of a thousand, as everybody can divide.
        let share = at_share(times, 99) * 1000 / well;
        println!("  {name:<50} {all}: {}.{:03} times", share / 1000, share % 1000);
    }
}

/// The process whose command line names a folder.
fn process_of(folder: &str) -> u32 {
    let all = std::fs::read_dir("/proc").unwrap();
    let mut ids = all.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<u32>().ok());
    let is_it = |id: &u32| {
        let line = std::fs::read(format!("/proc/{id}/cmdline")).unwrap_or_default();
        let line = String::from_utf8_lossy(&line).replace('\0', " ");
        line.contains(&binary().display().to_string()) && line.contains(folder)
    };
    ids.find(is_it).unwrap()
}

fn signal(process: u32, name: &str) {
    let mut kill = Command::new("kill");
    assert!(kill.args([format!("-{name}"), process.to_string()]).status().unwrap().success());
}

/// Connections to Korea's node with Poland's certificate, until this is dropped.
struct Hostile(Vec<TcpStream>);

impl Hostile {
    fn begin(way: Way, demo: &Path) -> Self {
        let page = "GET /peer/ledger?from=0 HTTP/1.1\r\nhost: localhost\r\n\r\n";
        let events = "GET /peer/ledger/events HTTP/1.1\r\nhost: localhost\r\n\r\n";
        let (many, asks) = match way {
            Way::Well | Way::Stopped => (0, String::new()),
            Way::Slow => (2, page.to_owned()),
            Way::Unread => (64, String::new()),
            // More than are answered while it is measured.
            Way::Loop => (8, page.repeat(10_000)),
        };
        let card: serde_json::Value =
            serde_json::from_slice(&std::fs::read(demo.join("card.json")).unwrap()).unwrap();
        let address = card["address"].as_str().unwrap().trim_start_matches("https://");
        let open = |number: usize| {
            let (mut session, mut socket) =
                caller::connect(&demo.join("nations/pol"), demo, address).unwrap();
            let kept = socket.try_clone().unwrap();
            let asks = match way {
                Way::Unread => [page, events][number % 2].to_owned(),
                Way::Well | Way::Stopped | Way::Slow | Way::Loop => asks.clone(),
            };
            let mut reading = socket.try_clone().unwrap();
            std::thread::spawn(move || {
                let mut stream = rustls::Stream::new(&mut session, &mut socket);
                // It ends with the socket.
                let _cut = stream.write_all(asks.as_bytes()).and_then(|()| stream.flush());
                // What holds the session has to live as long as the socket.
                std::thread::park();
            });
            // What comes is not deciphered: whoever asks has a machine of its own.
            match way {
                Way::Slow => drop(std::thread::spawn(move || {
                    while reading.read(&mut [0; 1]).is_ok_and(|read| read > 0) {
                        std::thread::sleep(Duration::from_secs(1));
                    }
                })),
                Way::Loop => drop(std::thread::spawn(move || {
                    let mut buffer = vec![0; 1024 * 1024];
                    while reading.read(&mut buffer).is_ok_and(|read| read > 0) {}
                })),
                Way::Well | Way::Stopped | Way::Unread => {}
            }
            kept
        };
        Self((0..many).map(open).collect())
    }
}

impl Drop for Hostile {
    fn drop(&mut self) {
        for socket in &self.0 {
            // The node may have closed it.
            let _closed = socket.shutdown(Shutdown::Both);
        }
    }
}

fn at_share(micros: &mut [i64], share: usize) -> i64 {
    micros.sort_unstable();
    micros[(micros.len() - 1) * share / 100]
}

fn spread(micros: &mut [i64]) -> String {
    let millis = |micros: i64| format!("{}.{} ms", micros / 1000, micros % 1000 / 100);
    let [median, most] = [50, 99].map(|share| millis(at_share(micros, share)));
    format!("median {median}, 99 of 100 {most}")
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
    import(&nodes[0], &file, "parties");
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
