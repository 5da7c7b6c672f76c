//! What a page costs, in processor time of the server alone, over a real loopback socket, against
//! the same server sending the same bytes from memory.
//!
//! `ENTENTE_BENCH_OBJECTS=1000000` sets how many objects there are; 10,000 if it is not set. Parts of
//! names after `--` choose what is measured.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a benchmark prints, and stops at whatever is wrong"
)]

#[path = "../src/tests/fixture.rs"]
mod fixture;

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use axum::Router;
use axum::routing::get;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use entente_object::time::Timestamp;
use entente_view_taxii::Collection;

use fixture::{CYBER, Given, Made, NATIONS, START, micros};

fn main() {
    let objects: u64 =
        std::env::var("ENTENTE_BENCH_OBJECTS").map_or(10_000, |text| text.parse().unwrap());
    let folder = tempfile::tempdir().unwrap();
    let node = fixture::node(folder.path());
    fill(&node, objects);
    let app = fixture::server(&node, folder.path().to_owned());
    let address = serve(app.clone());
    let mut client = Client::new(address);
    println!("{objects} objects of {LENGTH} bytes; processor time of the server per request");

    let page = at("objects/?limit=1000");
    let mut ratios = Vec::new();
    for (name, coding) in [("identity", ""), ("gzip", "gzip"), ("zstd", "zstd")] {
        client.coding = coding;
        let body = client.get(&page);
        let memory = serve(Router::new().route("/", get(move || std::future::ready(body.clone()))));
        let mut other = Client::new(memory);
        let cost = other.measure(&format!("from memory, {name}"), 2_000, |_| "/".to_owned());
        let warm = client.measure(&format!("warm page of 1,000, {name}"), 2_000, |_| page.clone());
        ratios.push((name, "warm", cost.as_secs_f64() / warm.as_secs_f64()));
        let cold = client.measure(&format!("cold page of 1,000, {name}"), 400, |round| {
            let after = after(strewn(round, objects));
            at(&format!("objects/?limit=1000&added_after={after}"))
        });
        ratios.push((name, "cold", cost.as_secs_f64() / cold.as_secs_f64()));
    }
    client.coding = "";
    client.measure("one object by id", 10_000, |round| {
        at(&format!("objects/{}/", made(round * 7 % objects).id))
    });
    client.measure("type filter, limit 100", 1_000, |round| {
        let after = after(round % 100);
        at(&format!("objects/?match[type]=malware&limit=100&added_after={after}"))
    });
    client.measure("manifest of 1,000", 1_000, |round| {
        at(&format!("manifest/?limit=1000&added_after={}", after(round + 2_000)))
    });
    client.measure("incremental poll, 10 new", 2_000, |_| {
        at(&format!("objects/?added_after={}", after(objects - 10)))
    });
    client.measure("incremental poll, nothing new", 20_000, |_| {
        at(&format!("objects/?added_after={}", after(objects)))
    });
    client.measure("API root (login alone)", 2_000, |_| "/rok-nato/".to_owned());
    for (name, what, ratio) in ratios {
        println!("{what} page against memory, {name}: {ratio:.2}");
    }
    if is_asked_for("eight partners") {
        eight_partners(address, objects);
    }
    println!("resident, with the writer and the clients of this benchmark: {} MiB", resident_mib());
}

/// How long one partner waits for a page while seven others read the whole collection.
fn eight_partners(address: SocketAddr, objects: u64) {
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for nation in NATIONS.iter().filter(|nation| **nation != "POL") {
            let stop = &stop;
            scope.spawn(move || {
                let mut client = Client { login: login(nation), ..Client::new(address) };
                let mut page = 0;
                while !stop.load(Ordering::Relaxed) {
                    page = (page + 1_000) % objects;
                    client.ask(&at(&format!("objects/?limit=1000&added_after={}", after(page))));
                }
            });
        }
        let mut client = Client::new(address);
        let mut times: Vec<Duration> = (0..400)
            .map(|round| {
                let start = Instant::now();
                let after = after(round * 7 % objects);
                client.ask(&at(&format!("objects/?limit=1000&added_after={after}")));
                start.elapsed()
            })
            .collect();
        stop.store(true, Ordering::Relaxed);
        times.sort_unstable();
        let (middle, late) = (times[times.len() / 2], times[times.len() * 99 / 100]);
        println!("eight partners at once: a cold page in {middle:.1?}, 99 of 100 in {late:.1?}");
    });
}

/// Where the `round`th cold page begins: far from the one before, and nowhere twice, so that nothing
/// of it is in memory but what the system keeps of the file.
fn strewn(round: u64, objects: u64) -> u64 {
    let places = objects - 1_000;
    (round * (places * 618 / 1_000 / 10 * 10 + 1)) % places
}

fn login(nation: &str) -> String {
    STANDARD.encode(format!("{0}:secret-{0}", nation.to_lowercase()))
}

fn resident_mib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() / 1024
}

const LENGTH: usize = 800;

/// The `number`th object, of [`LENGTH`] bytes: three indicators to each malware.
fn made(number: u64) -> Made {
    let object_type = if number % 4 == 3 { "malware" } else { "indicator" };
    let mut made = fixture::made(object_type, number, "2024-01-01T00:00:00.000Z");
    let mut text = String::from_utf8(made.bytes).unwrap();
    text.truncate(text.len() - 1);
    text.push_str(",\"description\":\"");
    let mut word = number;
    while text.len() < LENGTH - 2 {
        word = word.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        text.push(char::from(b'a' + u8::try_from(word >> 59).unwrap() % 26));
    }
    text.push_str("\"}");
    made.bytes = text.into_bytes();
    made
}

fn fill(node: &fixture::Node, objects: u64) {
    let mut store = node.store.lock().unwrap();
    for first in (0..objects).step_by(10_000) {
        let batch: Vec<Made> = (first..objects.min(first + 10_000)).map(made).collect();
        store.add(&batch, Given { by: "KOR", to: &NATIONS, under: CYBER, at: micros(START) });
    }
}

fn at(rest: &str) -> String {
    format!("/rok-nato/collections/{}/{rest}", Collection::new(CYBER, "").id())
}

/// `date_added` of the object before the `number`th.
fn after(number: u64) -> String {
    let at = micros(START) + i64::try_from(number).unwrap() - 1;
    Timestamp::from_unix_micros(at).to_taxii()
}

/// Serves on a thread of its own.
fn serve(app: Router) -> SocketAddr {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let listener = tokio::net::TcpListener::from_std(listener).unwrap();
            axum::serve(listener, app).await.unwrap();
        });
    });
    address
}

struct Client {
    stream: TcpStream,
    login: String,
    coding: &'static str,
    buffer: Vec<u8>,
}

impl Client {
    fn new(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_nodelay(true).unwrap();
        Self { stream, login: login("POL"), coding: "", buffer: vec![0; 4 << 20] }
    }

    /// The body of the answer, which must be a good one.
    fn get(&mut self, path: &str) -> Bytes {
        let (start, end) = self.ask(path);
        Bytes::copy_from_slice(&self.buffer[start..end])
    }

    fn ask(&mut self, path: &str) -> (usize, usize) {
        let request = format!(
            "GET {path} HTTP/1.1\r\nHost: localhost\r\nAccept: application/taxii+json\r\n\
             Accept-Encoding: {}\r\nAuthorization: Basic {}\r\n\r\n",
            self.coding, self.login
        );
        self.stream.write_all(request.as_bytes()).unwrap();
        let mut filled = 0;
        let (mut start, mut end) = (0, usize::MAX);
        while filled < end {
            filled += self.stream.read(&mut self.buffer[filled..]).unwrap();
            if start == 0 {
                let at = self.buffer[..filled].windows(4).position(|four| four == b"\r\n\r\n");
                if let Some(at) = at {
                    let head = String::from_utf8_lossy(&self.buffer[..at]).to_lowercase();
                    assert!(head.starts_with("http/1.1 200"), "{path}: {head}");
                    let length = head.split("content-length: ").nth(1).unwrap();
                    let length: usize = length.split("\r\n").next().unwrap().parse().unwrap();
                    (start, end) = (at + 4, at + 4 + length);
                }
            }
        }
        (start, end)
    }

    /// Asks `rounds` times; prints and gives the server's processor time for one.
    fn measure(&mut self, name: &str, rounds: u64, path: impl Fn(u64) -> String) -> Duration {
        if !is_asked_for(name) {
            return Duration::ZERO;
        }
        self.ask(&path(0));
        let mut times = Vec::new();
        let (mut bytes, before) = (0, server_time());
        for round in 1..=rounds {
            let start = Instant::now();
            let (from, to) = self.ask(&path(round));
            times.push(start.elapsed());
            bytes = to - from;
        }
        let cost = server_time().saturating_sub(before) / u32::try_from(rounds).unwrap();
        times.sort_unstable();
        let middle = times[times.len() / 2];
        println!("{name:34} {cost:>10.1?}   median latency {middle:>9.1?}   {bytes:>8} bytes");
        cost
    }
}

/// Whether the command line names a part of `name`, or nothing.
fn is_asked_for(name: &str) -> bool {
    let mut parts = std::env::args().skip(1).filter(|part| !part.starts_with('-')).peekable();
    parts.peek().is_none() || parts.any(|part| name.contains(&part))
}

/// The processor time of every thread but this one, which is the client.
fn server_time() -> Duration {
    let me = std::fs::read_link("/proc/thread-self").unwrap();
    let me = me.file_name().unwrap().to_owned();
    let mut nanos = 0;
    for thread in std::fs::read_dir("/proc/self/task").unwrap() {
        let thread = thread.unwrap();
        if thread.file_name() != me {
            let text = std::fs::read_to_string(thread.path().join("schedstat")).unwrap();
            nanos += text.split(' ').next().unwrap().parse::<u64>().unwrap();
        }
    }
    Duration::from_nanos(nanos)
}
