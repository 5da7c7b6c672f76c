//! Hostile content, by every way in: bombs are refused within bounds (ATTACKS.md row 13), nothing that
//! an object says makes the node connect to anybody (row 15), and what is withheld stands in no log,
//! no error and no export (row 7).

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::node::{AREA, Node, PROGRAMME, Ran};
use crate::objects::{broken, bundle, gzip, indicator, indicator_id, lines, report};

const TAXII: &str = "application/taxii+json;version=2.1";

/// Asks over plain HTTP; gives the status and the whole answer.
fn ask(host: &str, request: &str, token: &str, (coding, body): (&str, &[u8])) -> (u16, String) {
    let mut stream = TcpStream::connect(host).unwrap();
    let head = format!(
        "{request} HTTP/1.1\r\nHost: {host}\r\nAccept: {TAXII}\r\nContent-Type: {TAXII}\r\n{coding}\
         Authorization: Bearer {token}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).unwrap();
    // A body that is refused early is not read to its end.
    drop(stream.write_all(body));
    let mut answer = Vec::new();
    drop(stream.read_to_end(&mut answer));
    let answer = String::from_utf8_lossy(&answer).into_owned();
    (answer.split(' ').nth(1).and_then(|code| code.parse().ok()).unwrap_or(0), answer)
}

fn objects_path(query: &str) -> String {
    format!("/entente/collections/{PROGRAMME}.{AREA}/objects/{query}")
}

fn token(node: &Node, partner: &str) -> String {
    let made = node.json(&["token", "issue", partner, "--write"]);
    made["token"].as_str().unwrap().to_owned()
}

/// The most memory that a process ever had, in MiB.
fn peak(process: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() / 1024
}

/// A bomb: what it is, how it says that it is compressed, and its bytes.
type Bomb = (String, &'static str, Vec<u8>);

const GZIP: &str = "Content-Encoding: gzip\r\n";
const ZSTD: &str = "Content-Encoding: zstd\r\n";

fn zstd(bytes: &[u8]) -> Vec<u8> {
    zstd::encode_all(bytes, 1).unwrap()
}

/// Texts that inflate to far more than they are, each under gzip and zstd.
fn inflating() -> Vec<Bomb> {
    let long = |text: &str| text.repeat((24 << 20) / text.len());
    let texts = [
        ("spaces", long(" ")),
        ("NUL", long("\0")),
        ("nesting", long("[")),
        ("objects in objects", long("{\"a\":")),
        ("a string", format!("{{\"objects\":[{{\"a\":\"{}\"}}]}}", long("a"))),
        ("a number", format!("{{\"objects\":[{}]}}", long("9"))),
        ("empty objects", format!("{{\"objects\":[{}{{}}]}}", long("{},"))),
        ("escapes", format!("{{\"objects\":[\"{}\"]}}", long("\\u0000"))),
        ("lines", long("{}\n")),
    ];
    let mut bombs = Vec::new();
    for (name, text) in texts {
        let once = gzip(text.as_bytes());
        bombs.push((format!("{name} under gzip twice"), GZIP, gzip(&once)));
        bombs.push((format!("{name} under gzip"), GZIP, once));
        bombs.push((format!("{name} under zstd"), ZSTD, zstd(text.as_bytes())));
    }
    bombs
}

/// Compressed texts that are damaged, or ask for more than they need.
fn damaged() -> Vec<Bomb> {
    let text = lines([broken(0)]);
    let (good, frame) =
        (gzip(format!("{{\"objects\":[{text}]}}").as_bytes()), zstd(text.as_bytes()));
    let with = |at: usize, byte: u8| {
        let mut bytes = good.clone();
        bytes[at] ^= byte;
        bytes
    };
    let cases: Vec<(&str, &'static str, Vec<u8>)> = vec![
        ("a wrong checksum", GZIP, with(good.len() - 6, 1)),
        ("a wrong length", GZIP, with(good.len() - 2, 1)),
        ("an unknown method", GZIP, with(2, 1)),
        ("reserved flags", GZIP, with(3, 0xe0)),
        ("half of it", GZIP, good[..good.len() / 2].to_vec()),
        ("a head alone", GZIP, good[..10].to_vec()),
        (
            "a file name without end",
            GZIP,
            [&good[..3], &[8, 0, 0, 0, 0, 0, 3], &[b'a'; 1 << 20]].concat(),
        ),
        ("rubbish after it", GZIP, [good.as_slice(), &good[..2], &[0xff; 99]].concat()),
        ("many members", GZIP, gzip(b"{\"objects\":[").repeat(20_000)),
        ("empty members", GZIP, gzip(b"").repeat(50_000)),
        ("plain text", GZIP, b"{\"objects\":[{}]}".to_vec()),
        ("the other coding", ZSTD, good.clone()),
        ("half of a frame", ZSTD, frame[..frame.len() / 2].to_vec()),
        ("a window of 2 GiB", ZSTD, vec![0x28, 0xb5, 0x2f, 0xfd, 0, 0xa8, 1, 0, 0]),
        ("a window of 128 MiB", ZSTD, vec![0x28, 0xb5, 0x2f, 0xfd, 0, 0x88, 0xff, 0xff, 0xff]),
        ("a dictionary", ZSTD, vec![0x28, 0xb5, 0x2f, 0xfd, 0x23, 9, 9, 9, 9, 9, 1, 0, 0]),
        (
            "a size of 2^63",
            ZSTD,
            [&[0x28, 0xb5, 0x2f, 0xfd, 0xe0][..], &[0xff; 8], &[1, 0, 0]].concat(),
        ),
        ("frames to pass over", ZSTD, [0x50, 0x2a, 0x4d, 0x18, 0, 0, 0, 0].repeat(50_000)),
        ("4 GiB to pass over", ZSTD, vec![0x50, 0x2a, 0x4d, 0x18, 0xff, 0xff, 0xff, 0xff, 0]),
    ];
    cases.into_iter().map(|(name, coding, bytes)| (name.to_owned(), coding, bytes)).collect()
}

/// Plain texts that are too much of something.
fn plain() -> Vec<Bomb> {
    let one = |json: &str| format!("{{\"objects\":[{json}]}}");
    let long = |text: &str| text.repeat((2 << 20) / text.len());
    let mut object = indicator(0);
    object["pattern"] = format!("[{}a:b = 1{}]", "(".repeat(9000), ")".repeat(9000)).into();
    let keys: String =
        (0..60_000).flat_map(|at| ["\"k".to_owned(), at.to_string(), "\":0,".to_owned()]).collect();
    let refs = format!("\"{}\",", object["id"].as_str().unwrap()).repeat(9000);
    [
        ("nested too deep by one", one(&("[".repeat(64) + &"]".repeat(64)))),
        ("nesting that is closed", one(&("[".repeat(400_000) + &"]".repeat(400_000)))),
        ("nesting that is not", long("[")),
        ("an envelope in an envelope", "{\"objects\":[".repeat(90_000)),
        ("a long string", one(&format!("\"{}\"", long("a")))),
        ("a long key", one(&format!("{{\"{}\":0}}", long("a")))),
        ("a long number", one(&"9".repeat(1_000_000))),
        ("a large exponent", one("{\"a\":1e999999999}")),
        ("a large integer", one("{\"a\":9007199254740993}")),
        ("many keys", one(&format!("{{{keys}\"a\":0}}"))),
        ("a key twice", one("{\"id\":1,\"id\":1}")),
        ("half of a pair", one("{\"a\":\"\\ud800\"}")),
        ("no UTF-8", one("{\"a\":\"\u{1}\"}")),
        ("a mark", format!("\u{feff}{}", one("{}"))),
        ("too many objects", one(&("{},".repeat(100_000) + "{}"))),
        ("a pattern of brackets", one(&object.to_string())),
        ("many references", one(&format!("{{\"object_refs\":[{refs}\"x\"]}}"))),
        ("too long by one byte", format!("{{\"objects\":[]{}}}", " ".repeat((10 << 20) - 13))),
        ("no end", one("{\"a\":\"b\"}").trim_end_matches(['}', ']']).to_owned()),
        ("nothing", String::new()),
    ]
    .into_iter()
    .map(|(name, text)| (name.to_owned(), "", text.into_bytes()))
    .collect()
}

/// Row 13, over TAXII.
#[test]
fn no_bomb_that_is_sent_takes_memory_or_keeps_others_waiting() {
    let node = Node::with(&["POL", "USA"]);
    node.import(&node.file("some.ndjson", lines((0..50).map(indicator))), "green", "parties");
    let (poland, usa) = (token(&node, "POL"), token(&node, "USA"));
    let served = node.serve(&["--plain"]);
    let host = served.host();
    // So that what every request needs is there before memory is measured.
    ask(&host, &format!("POST {}", objects_path("")), &poland, ("", b"{\"objects\":[{}]}"));
    let bombs = [inflating(), damaged(), plain()].concat();
    assert!(bombs.len() >= 60, "{}", bombs.len());
    let before = peak(served.id());
    let done = Arc::new(AtomicBool::new(false));
    let other = thread::spawn({
        let (host, done) = (host.clone(), done.clone());
        move || {
            let (mut longest, mut count) = (Duration::ZERO, 0);
            while !done.load(Ordering::SeqCst) {
                let started = Instant::now();
                let request = format!("GET {}", objects_path("?limit=20"));
                assert_eq!(ask(&host, &request, &usa, ("", b"")).0, 200);
                (longest, count) = (longest.max(started.elapsed()), count + 1);
                thread::sleep(Duration::from_millis(20));
            }
            (longest, count)
        }
    });
    let (mut wrong, mut slowest) = (Vec::new(), (Duration::ZERO, String::new()));
    for (name, coding, bytes) in bombs {
        let started = Instant::now();
        let request = format!("POST {}", objects_path(""));
        let (status, answer) = ask(&host, &request, &poland, (coding, &bytes));
        slowest = slowest.max((started.elapsed(), name.clone()));
        let body: Value = serde_json::from_str(answer.split("\r\n\r\n").nth(1).unwrap_or_default())
            .unwrap_or_default();
        let refused = (400..500).contains(&status) || (status == 202 && body["success_count"] == 0);
        // A body that is too long may be answered before it is read, and the answer lost with it.
        let cut_off = status == 0 && bytes.len() > 10 << 20;
        if !(refused || cut_off) {
            wrong
                .push(format!("{name}: {status}: {}", &answer[answer.len().saturating_sub(400)..]));
        }
    }
    done.store(true, Ordering::SeqCst);
    let (longest, count) = other.join().unwrap();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let grown = peak(served.id()) - before;
    println!("{grown} MiB; slowest: {slowest:?}; the other partner: {count}, {longest:?} at most");
    assert!(grown <= 64, "{grown} MiB");
    assert!(longest < Duration::from_secs(10) && count > 5, "{count} answers, {longest:?}");
    assert_eq!(node.view("POL").len(), 50);
}

/// Row 13, as files.
#[test]
fn no_bomb_in_a_file_takes_memory() {
    let node = Node::with(&["POL"]);
    let mut files = Vec::new();
    // Files may have objects without end: that is an operator's time, and no memory.
    let endless = ["empty objects", "lines", "too many objects"];
    let bombs = [inflating(), damaged(), plain()].concat().into_iter();
    let bombs = bombs.filter(|(name, ..)| !endless.iter().any(|kind| name.starts_with(kind)));
    for (number, (_, _, bytes)) in (0..).zip(bombs) {
        files.push(node.file(&format!("bombs/{number}.json"), bytes));
    }
    files.push("-".to_owned());
    for command in ["check", "import"] {
        let measure = |files: &[String]| {
            let mut args = vec!["--json", command];
            args.extend(files.iter().map(String::as_str));
            let mut child = node.command(&args);
            child.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
            let mut child = child.spawn().unwrap();
            // What is read last is standard input: while it waits for that, the rest is done.
            let mut out = child.stdout.take().unwrap();
            let reader = thread::spawn(move || {
                let mut text = String::new();
                out.read_to_string(&mut text).map(|_| text).unwrap()
            });
            let mut stdin = child.stdin.take().unwrap();
            // A pipe holds 64 KiB: the end of this is taken when all before it was read.
            drop(stdin.write_all(&vec![b' '; 256 << 10]));
            let most = peak(child.id());
            drop(stdin);
            let code = child.wait().unwrap().code();
            (most, code, reader.join().unwrap())
        };
        let (least, _, _) = measure(&["-".to_owned()]);
        let (most, code, told) = measure(&files);
        assert!(code == Some(1) || code == Some(2), "{command}: {code:?}");
        assert!(!told.contains("\"valid\":true"), "{command}: something is valid");
        println!("{command}: {} MiB", most - least);
        assert!(most - least <= 64, "{command}: {} MiB", most - least);
    }
    assert_eq!(node.view("POL"), [Value::Null; 0]);
}

/// Listeners on this machine that count who connects.
struct Ears {
    ports: Vec<String>,
    heard: Arc<AtomicUsize>,
}

impl Ears {
    fn new() -> Self {
        let heard = Arc::new(AtomicUsize::new(0));
        let mut ports = Vec::new();
        for address in ["127.0.0.1:0", "127.0.0.1:0", "[::1]:0", "[::1]:0"] {
            // A machine without IPv6 has two fewer.
            let Ok(listener) = TcpListener::bind(address) else { continue };
            let port = listener.local_addr().unwrap().port();
            ports.push(format!("{}:{port}", address.trim_end_matches(":0")));
            let heard = heard.clone();
            thread::spawn(move || {
                for _stream in listener.incoming() {
                    heard.fetch_add(1, Ordering::SeqCst);
                }
            });
        }
        Self { ports, heard }
    }

    /// One address after the other, in every spelling.
    fn url(&self, number: usize) -> String {
        let host = &self.ports[number % self.ports.len()];
        let port = host.rsplit(':').next().unwrap();
        let local = self.ports[0].rsplit(':').next().unwrap();
        match number % 10 {
            0 => format!("http://{host}/{number}"),
            1 => format!("https://{host}/{number}"),
            2 => format!("http://localhost:{port}/{number}"),
            3 => format!("http://2130706433:{local}/{number}"),
            4 => format!("http://0x7f.1:{local}/{number}"),
            5 => format!("https://[::ffff:127.0.0.1]:{local}/{number}"),
            6 => format!("ftp://{host}/{number}"),
            7 => format!("http://user:password@{host}/{number}"),
            8 => format!("http://127.0.0.1.:{local}/{number}#@intel.example"),
            _ => format!("http://0:{local}/{number}"),
        }
    }
}

/// Where in an indicator, in what it stands beside, or in a bundle an address may stand.
const PLACES: [&str; 20] = [
    "name",
    "description",
    "pattern",
    "labels",
    "lang",
    "x_url",
    "x_list",
    "x_deep",
    "source_name",
    "external url",
    "external id",
    "external hash",
    "extension",
    "kill chain",
    "created_by_ref",
    "url",
    "artifact",
    "mime type",
    "bundle",
    "text",
];

/// An object with an address in a certain place.
fn with_address(place: &str, url: &str, number: usize) -> Value {
    let mut object = indicator(number);
    let external = |name: &str, value: Value| json!([{ "source_name": "made up", name: value }]);
    match place {
        "pattern" => object["pattern"] = format!("[url:value = '{url}']").into(),
        "labels" => object["labels"] = json!([url]),
        "x_list" => object["x_list"] = json!([url, { "href": url, "$ref": url, "@context": url }]),
        "x_deep" => object["x_deep"] = json!({ "img": { "src": url, "schema": url } }),
        "source_name" => {
            object["external_references"] = json!([{ "source_name": url, "url": url }]);
        }
        "external url" => object["external_references"] = external("url", url.into()),
        "external id" => object["external_references"] = external("external_id", url.into()),
        "external hash" => {
            let hash = "0".repeat(64);
            object["external_references"] =
                json!([{ "source_name": "made up", "url": url, "hashes": { "SHA-256": hash } }]);
        }
        "extension" => {
            let id = "extension-definition--5eb7a1c2-0000-4000-8000-00000000000e";
            object["extensions"] =
                json!({ id: { "extension_type": "property-extension", "schema": url } });
        }
        "kill chain" => {
            object["kill_chain_phases"] = json!([{ "kill_chain_name": url, "phase_name": url }]);
        }
        "url" | "artifact" | "mime type" => {
            let object_type = if place == "url" { "url" } else { "artifact" };
            let id = format!("{object_type}--5eb7a1c2-0000-4000-8000-{number:012x}");
            object = json!({ "type": object_type, "spec_version": "2.1", "id": id });
            if place == "url" {
                object["value"] = url.into();
            } else {
                object["url"] = url.into();
                object["hashes"] = json!({ "MD5": "d41d8cd98f00b204e9800998ecf8427e" });
            }
            if place == "mime type" {
                object["mime_type"] = url.into();
            }
        }
        "text" => {
            object["description"] = format!("![a]({url}) <img src=\"{url}\"> [b]({url})").into();
        }
        other => object[other.replace(' ', "_")] = url.into(),
    }
    object
}

/// Row 15: 80 addresses in every place, by every command and request.
#[test]
fn nothing_that_an_object_says_makes_the_node_connect() {
    let (ears, node) = (Ears::new(), Node::with(&["POL"]));
    let objects: Vec<Value> = (0..80)
        .map(|number| with_address(PLACES[number % PLACES.len()], &ears.url(number), number))
        .collect();
    let mut whole: Value = serde_json::from_str(&bundle(objects.clone())).unwrap();
    for name in ["x_next", "schema", "$schema", "@context", "href", "next"] {
        whole[name] = ears.url(name.len()).into();
    }
    let file = node.file("addresses.json", whole.to_string());
    let label = Node::import_args(&file, "green", "parties");
    node.run(&["check", &file]);
    node.run(&[&["release", "preview"], &label[1..]].concat());
    let done = node.run(&[&["--json"], label.as_slice()].concat()).document();
    assert!(done["taken"].as_u64().unwrap() > 50, "{done}");
    node.run(&["release", "explain", &indicator_id(0), "--to", "POL"]);
    for args in
        [&["release", "review"][..], &["release", "queue"], &["export", "--to", "POL"], &["doctor"]]
    {
        node.run(args).ends(0);
    }
    let poland = token(&node, "POL");
    let served = node.serve(&["--plain"]);
    let post =
        json!({ "objects": objects, "next": ears.url(0), "more": true, "href": ears.url(1) });
    let request = format!("POST {}", objects_path(""));
    let referer = format!("Referer: {0}\r\nOrigin: {0}\r\nX-Forwarded-Host: {0}\r\n", ears.url(0));
    let (status, answer) =
        ask(&served.host(), &request, &poland, (&referer, post.to_string().as_bytes()));
    assert_eq!(status, 202, "{answer}");
    for number in 0..10 {
        let url = ears.url(number);
        for query in [format!("?x={url}"), format!("?next={url}"), format!("?match[id]={url}")] {
            let request = format!("GET {}", objects_path(&query.replace('#', "%23")));
            ask(&served.host(), &request, &poland, (&referer, b""));
        }
        ask(&served.host(), &format!("GET {}", url.replace('#', "%23")), &poland, ("", b""));
    }
    assert_eq!(ears.heard.load(Ordering::SeqCst), 0);
    // They do hear.
    drop(TcpStream::connect(&ears.ports[0]).unwrap());
    thread::sleep(Duration::from_millis(200));
    assert_eq!(ears.heard.load(Ordering::SeqCst), 1);
}

/// Objects for the United States alone, with a word of its own in each of their strings.
fn withheld() -> Vec<Value> {
    let word = |at: usize| format!("canary{at:02}word");
    let mut one = indicator(1);
    one["name"] = word(1).into();
    one["description"] = word(2).into();
    one["pattern"] = format!("[file:name = '{}']", word(3)).into();
    one["labels"] = json!([word(4)]);
    one["x_more"] = json!({ word(5): [word(6)] });
    one["external_references"] =
        json!([{ "source_name": word(7), "description": word(8), "external_id": word(9) }]);
    one["kill_chain_phases"] = json!([{ "kill_chain_name": word(10), "phase_name": word(11) }]);
    one["indicator_types"] = json!([word(12)]);
    let mut two = report(2, &indicator_id(1));
    two["name"] = word(13).into();
    two["description"] = word(14).into();
    let file = json!({
        "type": "file", "spec_version": "2.1", "id": "file--5eb7a1c2-0000-4000-8000-000000000003",
        "name": word(15), "hashes": { "MD5": "ca4a4700ca4a4700ca4a4700ca4a4700" },
    });
    vec![one, two, file]
}

/// Row 7: what a partner may not have stands in nothing that anybody reads but those who may.
#[test]
fn what_is_withheld_stands_in_no_log_no_error_and_no_export() {
    let node = Node::with(&["POL", "USA"]);
    let file = node.file("withheld.ndjson", lines(withheld()));
    let mut command = node.command(&Node::import_args(&file, "amber", "USA"));
    let mut told = vec![Ran::of(command.env("ENTENTE_LOG", "trace")).ends(0).said()];
    // The same id and version with other content, which raises an alarm.
    let mut changed = withheld().remove(0);
    changed["name"] = "canary99word".into();
    let again = node.file("again.ndjson", lines([changed]));
    node.run(&Node::import_args(&again, "amber", "USA")).ends(1);
    assert!(node.run(&["export", "--to", "USA"]).out.contains("canary01word"));
    let poland = token(&node, "POL");
    let served = node.serve_logging(&["--plain"], "trace");
    let mut answers = 0;
    for object in withheld() {
        let id = object["id"].as_str().unwrap();
        for (method, path, body) in [
            ("GET", String::new(), ""),
            ("GET", format!("{id}/"), ""),
            ("GET", format!("{id}/versions/"), ""),
            ("GET", format!("?match[id]={id}&match[version]=all"), ""),
            ("GET", "?limit=none".to_owned(), ""),
            ("DELETE", format!("{id}/"), ""),
            ("POST", String::new(), "{\"objects\":[{\"id\":7}]}"),
            ("POST", String::new(), "no envelope"),
            ("PUT", String::new(), ""),
        ] {
            let request = format!("{method} {}", objects_path(&path));
            let (status, answer) = ask(&served.host(), &request, &poland, ("", body.as_bytes()));
            assert!(status != 0 && status != 500, "{request}: {status}");
            told.push(answer);
            answers += 1;
        }
    }
    told.push(ask(&served.status_host(), "GET /", "", ("", b"")).1);
    for args in [
        &["--json", "doctor"][..],
        &["export", "--to", "POL"],
        &["ledger", "show", "POL"],
        &["ledger", "verify"],
        &["--json", "release", "queue"],
        &["--json", "partner", "show", "POL"],
        &["token", "list"],
        &["ledger", "prove", "POL", &indicator_id(1)],
    ] {
        let mut command = node.command(args);
        told.push(Ran::of(command.env("ENTENTE_LOG", "trace")).said());
    }
    node.json(&["partner", "suspend", "POL"]);
    told.push(ask(&served.host(), &format!("GET {}", objects_path("")), &poland, ("", b"")).1);
    let log = served.log();
    assert!(log.contains("not admitted"), "nothing was logged: {log}");
    let secrets = [poland.as_str(), "canary", "ca4a4700"];
    for text in told.iter().chain([&log]) {
        for secret in secrets {
            assert!(!text.contains(secret), "{secret}: {text}");
        }
    }
    assert_eq!(answers, 27);
}
