//! Whatever a TAXII server does in the dialogue, a run of a feed ends within its limits and says why,
//! asks nobody but that server, keeps what was good, and the next run with a server that keeps to the
//! standard brings or gives everything, once.

use std::collections::BTreeMap;
use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use std::{fs, thread};

use anyhow::Result;
use entente_intake::acts::{FeedLogin, ProgrammeAct};
use entente_release::Nation;
use entente_view_taxii::client::{Fault, MEDIA_TYPE};
use indicatif::ProgressBar;
use rustls::{ServerConfig, ServerConnection};
use serde_json::json;

mod targets;

use super::run::run_within;
use super::*;
use crate::cli::LoginArgs;
use crate::fetch::tests::{Authorities, SHORT, Tls, drip, for_ever, gzip, silent};
use crate::setup;

/// Limits that are soon reached.
const FEW: Limits = Limits {
    budget: SHORT,
    requests: 80,
    bytes: 64 * 1024 * 1024,
    time: Duration::from_mins(1),
    pending: Duration::from_secs(1),
};

const TOKEN: &str = "s3cret-token";

/// What a server has, by id, and how often it took that.
type Has = Arc<Mutex<BTreeMap<String, usize>>>;

/// What was asked.
struct Asked {
    method: String,
    path: String,
    /// How often this server was asked before.
    before: usize,
    body: String,
    /// The address of somebody who must not be asked.
    trap: String,
    /// What the server has, by id, and how often it took that.
    has: Has,
}

impl Asked {
    fn has(&self, text: &str) -> bool {
        self.path.contains(text)
    }
}

/// How a server answers.
#[derive(Clone, Copy)]
enum Says {
    /// With these bytes.
    Text(fn(&Asked) -> String),
    /// In its own way.
    Does(fn(&mut Tls) -> io::Result<()>),
}

use Says::{Does, Text};

fn reply(status: u16, headers: &str, body: &str) -> String {
    let length = body.len();
    format!("HTTP/1.1 {status} X\r\nContent-Length: {length}\r\n{headers}\r\n{body}")
}

fn taxii(status: u16, headers: &str, body: &str) -> String {
    reply(status, &format!("Content-Type: {MEDIA_TYPE}\r\n{headers}"), body)
}

/// A page whose last object was added at this second.
fn page(second: usize, body: &str) -> String {
    let last = format!(
        "X-TAXII-Date-Added-Last: 2024-01-01T00:{:02}:{:02}Z\r\n",
        second / 60,
        second % 60
    );
    taxii(200, &last, body)
}

/// An object of a URL, which is any text.
fn url(text: &str) -> String {
    let id = entente_object::observable_id::NAMESPACE;
    let id = uuid::Uuid::new_v5(&id, json!({ "value": text }).to_string().as_bytes());
    json!({ "type": "url", "spec_version": "2.1", "id": format!("url--{id}"), "value": text })
        .to_string()
}

fn numbered(number: usize) -> String {
    url(&format!("https://192.0.2.7/{number}"))
}

fn more(next: &str, objects: &str) -> String {
    format!(r#"{{"more":true,"next":"{next}","objects":[{objects}]}}"#)
}

fn list(objects: &str) -> String {
    format!(r#"{{"objects":[{objects}]}}"#)
}

/// Pages of one object each, by cursor; the third is the last.
fn good(asked: &Asked) -> String {
    let at = ["next=c1", "next=c2"].iter().position(|next| asked.has(next)).map_or(0, |at| at + 1);
    match (at, asked.has("added_after=")) {
        (0, true) if !asked.has("added_after=2024-01-01T00%3A00%3A0") => page(10, "{}"),
        (2, _) => page(10, &list(&numbered(9_002))),
        (at, _) => page(at + 1, &more(&format!("c{}", at + 1), &numbered(9_000 + at))),
    }
}

/// Every server, how many objects of it are taken, and what is said of it; nothing: the run is good.
const SOURCES: &[(&str, Says, u64, &str)] = &[
    ("wants another login", Text(|_| taxii(401, "", "{}")), 0, "does not take the login"),
    (
        "forbids, in colours",
        Text(|_| taxii(403, "", r#"{"title":"\u001b[31mNo"}"#)),
        0,
        "does not allow this to this login: [31mNo",
    ),
    ("has no collection", Text(|_| taxii(404, "", "{}")), 0, "no such collection"),
    ("speaks another version", Text(|_| reply(406, "", "")), 0, "does not speak TAXII 2.1"),
    ("is asked too often", Text(|_| reply(429, "Retry-After: 3600\r\n", "")), 0, "in 3600 s"),
    ("is not there now", Text(|_| reply(503, "", "")), 0, "to come again later"),
    (
        "asks for a century",
        Text(|_| reply(503, "Retry-After: 3153600000\r\n", "")),
        0,
        "in 86400 s",
    ),
    ("failed", Text(|_| reply(500, "", "<h1>")), 0, "answered 500"),
    ("sends nothing", Text(|_| taxii(200, "", "")), 0, "no TAXII envelope"),
    ("has nothing to say", Text(|_| "HTTP/1.1 204 X\r\n\r\n".to_owned()), 0, "answered 204"),
    ("sends a part", Text(|_| taxii(206, "", &list(&numbered(1)))), 0, "answered 206"),
    (
        "sends a page of the web",
        Text(|_| reply(200, "Content-Type: text/html\r\n", "<html>")),
        0,
        "text/html, which is no TAXII",
    ),
    ("sends no type", Text(|_| reply(200, "", &list(&numbered(1)))), 0, "without a media type"),
    (
        "sends TAXII 2.0",
        Text(|_| reply(200, "Content-Type: application/taxii+json;version=2.0\r\n", "{}")),
        0,
        "which is no TAXII",
    ),
    ("sends an object", Text(|_| page(1, &numbered(1))), 0, "no TAXII envelope"),
    ("sends a list", Text(|_| page(1, &format!("[{}]", numbered(1)))), 0, "no TAXII envelope"),
    (
        "breaks off its list",
        Text(|_| page(1, &format!(r#"{{"objects":[{},"#, numbered(1)))),
        0,
        "the text ends",
    ),
    (
        "has two lists",
        Text(|_| page(1, &format!(r#"{{"objects":[{}],"objects":[]}}"#, numbered(1)))),
        0,
        "second list",
    ),
    (
        "lies about its length",
        Text(|_| {
            format!("HTTP/1.1 200 X\r\nContent-Type: {MEDIA_TYPE}\r\nContent-Length: 999\r\n\r\n{{")
        }),
        0,
        "was not read to the end",
    ),
    (
        "does not say where it ends",
        Text(|_| format!("HTTP/1.1 200 X\r\nContent-Type: {MEDIA_TYPE}\r\n\r\n{{}}")),
        0,
        "does not say where its answer ends",
    ),
    ("is silent", Does(|tls| silent(&tls.sock)), 0, "did not answer"),
    (
        "drips",
        Does(|tls| {
            tls.write_all(
                format!(
                    "HTTP/1.1 200 X\r\nContent-Type: {MEDIA_TYPE}\r\nContent-Length: 99\r\n\r\n"
                )
                .as_bytes(),
            )?;
            drip(tls, &[b' '; 64])
        }),
        0,
        "took longer than",
    ),
    (
        "has a head without end",
        Does(|tls| for_ever(tls, b"HTTP/1.1 200 OK\r\nX: xxxxxxxxxxxxxxxxxxxxxxxx\r\n")),
        0,
        "did not answer",
    ),
    (
        "inflates",
        Does(|tls| {
            let bomb = gzip(&vec![b' '; 8 << 20]);
            let length = bomb.len();
            let head = format!(
                "HTTP/1.1 200 X\r\nContent-Type: {MEDIA_TYPE}\r\nContent-Encoding: gzip\r\n\
                 Content-Length: {length}\r\n\r\n"
            );
            tls.write_all(head.as_bytes())?;
            tls.write_all(&bomb)
        }),
        0,
        "inflates more than 20 to one",
    ),
    (
        "sends pages that are too long, whatever is asked",
        Text(|_| page(1, &format!("{{\"objects\":[{}]}}", " ".repeat(5 << 20)))),
        0,
        "the answer is too long",
    ),
    (
        "sends a hundred thousand nothings",
        Text(|_| page(1, &format!("{{\"objects\":[{}0]}}", "0,".repeat(100_000)))),
        0,
        "more than 100000 objects",
    ),
    (
        "sends on to another",
        Text(|asked| reply(302, &format!("Location: https://{}/\r\n", asked.trap), "")),
        0,
        "sends on to https://",
    ),
    (
        "sends on for good, to clear text",
        Text(|asked| reply(308, &format!("Location: http://{}/\r\n", asked.trap), "")),
        0,
        "sends on to http://",
    ),
    ("sends on to nowhere", Text(|_| reply(304, "", "")), 0, "sends on to nowhere"),
    (
        "names another in its cursor",
        Text(|asked| match asked.before {
            0 => page(1, &more(&format!("https://{}/", asked.trap), &numbered(1))),
            _ => page(2, &list(&numbered(2))),
        }),
        2,
        "",
    ),
    (
        "names another in its headers",
        Text(|asked| {
            let (trap, media) = (&asked.trap, MEDIA_TYPE);
            let headers = format!(
                "Content-Type: {media}\r\nLink: <https://{trap}/>; rel=next\r\nContent-Location: \
                 https://{trap}/\r\nRefresh: 0; url=https://{trap}/\r\nAlt-Svc: h2=\"{trap}\"\r\n"
            );
            reply(200, &headers, &list(&numbered(1)))
        }),
        1,
        "",
    ),
    (
        "names another in its objects",
        Text(|asked| {
            let trap = &asked.trap;
            let tool = json!({
                "type": "tool", "spec_version": "2.1", "name": "t",
                "id": "tool--5eb7a1c2-0000-4000-8000-000000000001",
                "created": "2023-12-01T09:00:00.000Z", "modified": "2023-12-01T09:00:00.000Z",
                "external_references": [{ "source_name": "x", "url": format!("https://{trap}/") }],
            });
            page(1, &list(&format!("{},{tool}", url(&format!("https://{trap}/x")))))
        }),
        2,
        "",
    ),
    (
        "takes no notice of limits",
        Text(|_| {
            let many: Vec<String> = (0..2_000).map(numbered).collect();
            page(1, &list(&many.join(",")))
        }),
        2_000,
        "",
    ),
    (
        "takes no notice of cursors and dates",
        Text(|_| page(1, &more("c", &numbered(1)))),
        1,
        "in a circle",
    ),
    (
        "takes no notice of cursors",
        Text(|asked| {
            let by_date = asked.has("added_after=");
            if by_date { page(2, &list(&numbered(2))) } else { page(1, &more("c", &numbered(1))) }
        }),
        2,
        "",
    ),
    (
        "goes in a circle of three",
        Text(|asked| {
            page(1, &more(["a", "b", "c"][asked.before % 3], &numbered(asked.before % 3)))
        }),
        3,
        "in a circle",
    ),
    (
        "never ends",
        Text(|asked| page(1, &more(&format!("n{}", asked.before), &numbered(asked.before)))),
        80,
        "",
    ),
    (
        "never ends, and says the same",
        Text(|asked| page(1, &more(&format!("n{}", asked.before), &numbered(1)))),
        1,
        "",
    ),
    (
        "promises without end",
        Text(|asked| page(1, &more(&format!("n{}", asked.before), ""))),
        0,
        "gives nothing",
    ),
    (
        "stands still",
        Text(|_| page(1, &format!(r#"{{"more":true,"objects":[{}]}}"#, numbered(1)))),
        1,
        "do not advance",
    ),
    (
        "goes back in time",
        Text(|asked| {
            let body = format!(r#"{{"more":true,"objects":[{}]}}"#, numbered(asked.before));
            page(30 - asked.before % 30, &body)
        }),
        1,
        "do not advance",
    ),
    (
        "does not say where more is",
        Text(|_| taxii(200, "", r#"{"more":true,"objects":[]}"#)),
        0,
        "and not where",
    ),
    (
        "is of the future",
        Text(|_| {
            taxii(200, "X-TAXII-Date-Added-Last: 9999-01-01T00:00:00Z\r\n", &list(&numbered(1)))
        }),
        0,
        "which is not yet",
    ),
    (
        "dates in its own way",
        Text(|_| taxii(200, "X-TAXII-Date-Added-Last: today\r\n", &list(&numbered(1)))),
        1,
        "",
    ),
    (
        "has a cursor as long as a page",
        Text(|_| page(1, &more(&"x".repeat(1 << 19), &numbered(1)))),
        0,
        "its cursor has 524288 bytes",
    ),
    (
        "forgets its cursors once",
        Text(|asked| match (asked.before, asked.has("next=")) {
            (1, true) => taxii(404, "", "{}"),
            (_, true) => page(2, &list(&numbered(2))),
            (_, false) => page(1, &more("c", &numbered(1))),
        }),
        2,
        "",
    ),
    (
        "forgets its cursors each time",
        Text(|asked| match (asked.has("next="), asked.has("added_after=")) {
            (true, _) => taxii(400, "", "{}"),
            (false, false) => page(1, &more(&format!("c{}", asked.before), &numbered(1))),
            (false, true) => page(2, &list(&numbered(2))),
        }),
        2,
        "",
    ),
    (
        "leaves in the middle",
        Text(|asked| match asked.before {
            0 => page(1, &more("c", &numbered(1))),
            _ => String::new(),
        }),
        1,
        "did not answer",
    ),
    ("sends bad objects between good ones", Text(|_| spoiled()), 2, ""),
];

/// Two good objects, and between them seven that are bad.
fn spoiled() -> String {
    let deep = format!("{}{}", "[".repeat(100), "]".repeat(100));
    let long = "x".repeat(1 << 20);
    let bad = format!(
        r#"{{"id":"url--1","id":"url--2"}},{{"a":{deep}}},{{"a":"{long}"}},7,null,{{}},
           {{"type":"url","id":"url--\u001b[31m","\u001b[31m":1}}"#
    );
    page(1, &list(&format!("{},{bad},{}", numbered(1), numbered(2))))
}

/// A server that can be told to answer in another way.
struct Stand {
    root: String,
    is_good: Arc<AtomicBool>,
    /// How often it was asked.
    asked: Arc<AtomicUsize>,
    /// The methods and paths.
    paths: Arc<Mutex<Vec<String>>>,
    has: Has,
}

/// What the servers share.
struct Place {
    authorities: Authorities,
    trap: String,
    trapped: Arc<AtomicUsize>,
}

impl Place {
    fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let trap = listener.local_addr().unwrap().to_string();
        let trapped = Arc::new(AtomicUsize::new(0));
        let counts = trapped.clone();
        thread::spawn(move || {
            for _connection in listener.incoming() {
                counts.fetch_add(1, Ordering::Relaxed);
            }
        });
        Self { authorities: Authorities::new(), trap, trapped }
    }

    fn start(&self, hostile: Says, good: fn(&Asked) -> String) -> Stand {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let root = format!("https://{}/api/root/", listener.local_addr().unwrap());
        let config = self.authorities.server(|_| ());
        let stand = Stand {
            root,
            is_good: Arc::default(),
            asked: Arc::default(),
            paths: Arc::default(),
            has: Arc::default(),
        };
        let (is_good, counts) = (stand.is_good.clone(), stand.asked.clone());
        let (paths, has, trap) = (stand.paths.clone(), stand.has.clone(), self.trap.clone());
        thread::spawn(move || {
            for tcp in listener.incoming() {
                let says = if is_good.load(Ordering::Relaxed) { Text(good) } else { hostile };
                let before = counts.fetch_add(1, Ordering::Relaxed);
                // The client may leave at any moment: that is what it is tested for.
                let _it_left = talk(tcp.unwrap(), &config, says, (before, &trap), (&paths, &has));
            }
        });
        stand
    }
}

fn talk(
    tcp: TcpStream,
    config: &Arc<ServerConfig>,
    says: Says,
    (before, trap): (usize, &str),
    (paths, has): (&Mutex<Vec<String>>, &Has),
) -> io::Result<()> {
    tcp.set_nodelay(true)?;
    let mut tls = Tls::new(ServerConnection::new(config.clone()).unwrap(), tcp);
    let asked = Asked { before, has: has.clone(), trap: trap.to_owned(), ..read(&mut tls)? };
    paths.lock().unwrap().push(format!("{} {}", asked.method, asked.path));
    match says {
        Text(text) => tls.write_all(text(&asked).as_bytes())?,
        Does(act) => act(&mut tls)?,
    }
    tls.conn.send_close_notify();
    tls.flush()?;
    silent(&tls.sock)
}

/// Reads a request; demands what every request must have.
fn read(tls: &mut Tls) -> io::Result<Asked> {
    let mut request = BufReader::new(tls);
    let mut lines = vec![String::new()];
    while request.read_line(lines.last_mut().unwrap())? > 2 {
        lines.push(String::new());
    }
    let head = lines.concat().to_lowercase();
    assert!(head.contains(&format!("accept: {MEDIA_TYPE}")), "{head}");
    assert!(head.contains(&format!("authorization: bearer {TOKEN}")), "{head}");
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    let length = length.map_or(0, |length| length.trim().parse().unwrap());
    let mut body = vec![0; length];
    request.read_exact(&mut body)?;
    let mut words = lines[0].split(' ');
    let (method, path) = (words.next().unwrap().to_owned(), words.next().unwrap().to_owned());
    assert!(path.starts_with("/api/root/"), "asked for {path}");
    let (body, trap) = (String::from_utf8(body).unwrap(), String::new());
    Ok(Asked { method, path, before: 0, body, trap, has: Arc::default() })
}

/// Korea's node with Poland as a partner, in a folder of its own.
fn node() -> (tempfile::TempDir, Door) {
    let folder = tempfile::tempdir().unwrap();
    setup::init(folder.path(), Nation::KOR, &["localhost".to_owned()]).unwrap();
    let mut desk = folder::open(folder.path()).unwrap();
    let text = include_str!("../../../../programmes/rok-nato-itpp-2023.toml").to_owned();
    desk.adopt_programme(&ProgrammeAct { file: "itpp.toml".into(), text }).unwrap();
    desk.add_partner("POL".parse().unwrap()).unwrap();
    folder::sign(folder.path(), &mut desk).unwrap();
    let door = Door::new(desk, folder.path());
    (folder, door)
}

fn add(place: &Place, folder: &Path, door: &Door, (stand, way): (&Stand, FeedWay)) -> FeedAct {
    let act = FeedAct {
        number: 0,
        name: "feed".to_owned(),
        way,
        root: stand.root.clone(),
        collection: "c".to_owned(),
        nation: if way == FeedWay::From { "KOR" } else { "POL" }.to_owned(),
        every: 60,
        login: FeedLogin::Token,
        authority: Some(place.authorities.good.pem()),
        label: FeedLabel::default(),
        since: 0,
        state: FeedState::Active,
    };
    let act = door.desk().add_feed(&act).unwrap();
    let token = folder.join("token");
    fs::write(&token, TOKEN).unwrap();
    let args = LoginArgs { token_file: Some(token), ..LoginArgs::default() };
    Login::read(&args).unwrap().write(folder, act.number).unwrap();
    act
}

fn runs(folder: &Path, door: &Door, act: &FeedAct) -> Result<Ran> {
    let bar = ProgressBar::hidden();
    run_within(door, act, &Go { folder, bar: &bar, stop: None, dry: false }, FEW)
}

/// How often each object is in the store.
fn stored(door: &Door) -> BTreeMap<String, usize> {
    let mut found = BTreeMap::new();
    let mut count = |_, put: &entente_log::entry::Put<'_>| {
        let id = format!("{}--{}", put.object_type, put.uuid);
        *found.entry(id).or_insert(0) += 1;
        Ok(true)
    };
    door.desk().home().each_object_from(0, &mut count).unwrap();
    found
}

/// Runs a source against a hostile server and then against a good one; says what was wrong.
fn source(place: &Place, (name, says, objects, words): &(&str, Says, u64, &str)) -> Vec<String> {
    let (folder, door) = node();
    let stand = place.start(*says, good);
    let act = add(place, folder.path(), &door, (&stand, FeedWay::From));
    let mut wrong = Vec::new();
    let mut check = |holds: bool, what: String| {
        if !holds {
            wrong.push(format!("{name}: {what}"));
        }
    };
    let ran = runs(folder.path(), &door, &act);
    let asked = stand.asked.load(Ordering::Relaxed);
    check(asked <= 80, format!("asked {asked} times"));
    let told = ran.as_ref().err().map(|error| format!("{error:#}")).unwrap_or_default();
    check(told.contains(words) && told.is_empty() == words.is_empty(), format!("said {told:?}"));
    check(!told.contains(TOKEN) && !told.contains('\u{1b}'), format!("said {told:?}"));
    let taken = door.desk().polled(act.number).unwrap().taken;
    check(taken == *objects, format!("{taken} taken"));
    let reader = Reader::open(folder.path()).unwrap();
    let trouble = trouble(&reader, act.number).unwrap().map(|(_, why)| why);
    check(trouble.unwrap_or_default() == told, "what was said is not what is listed".to_owned());
    // The server has come to its senses.
    stand.is_good.store(true, Ordering::Relaxed);
    let again = runs(folder.path(), &door, &act);
    check(again.is_ok(), format!("does not recover: {again:?}"));
    let (good, stored) = ((9_000..9_003).map(numbered), stored(&door));
    // From a date on, the good server has nothing more that is older.
    let is_here = |text: &String| stored.keys().any(|id| text.contains(id.as_str()));
    let here = good.filter(is_here).count();
    check(here == 3 || *objects > 0, format!("{here} of 3 objects came of the good server"));
    check(stored.values().all(|count| *count == 1), format!("twice: {stored:?}"));
    check(self::trouble(&reader, act.number).unwrap().is_none(), "it is still failing".to_owned());
    wrong
}

#[test]
fn no_hostile_server_leads_a_source_beyond_its_limits_or_to_another_and_each_is_recovered_from() {
    let place = Arc::new(Place::new());
    let rows = Arc::new(AtomicUsize::new(0));
    let workers: Vec<_> = (0..8)
        .map(|_| {
            let (place, rows) = (place.clone(), rows.clone());
            thread::spawn(move || {
                let mut wrong = Vec::new();
                while let Some(row) = SOURCES.get(rows.fetch_add(1, Ordering::Relaxed)) {
                    wrong.extend(source(&place, row));
                }
                wrong
            })
        })
        .collect();
    let wrong: Vec<String> = workers.into_iter().flat_map(|one| one.join().unwrap()).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(SOURCES.len() >= 40);
    assert_eq!(place.trapped.load(Ordering::Relaxed), 0, "somebody else was asked");
}

#[test]
fn each_bad_object_of_a_page_is_told_alone_and_plainly() {
    let place = Place::new();
    let (folder, door) = node();
    let stand = place.start(Text(|_| spoiled()), good);
    let act = add(&place, folder.path(), &door, (&stand, FeedWay::From));
    let ran = runs(folder.path(), &door, &act).unwrap();
    assert_eq!((ran.taken, ran.refused), (2, 7), "{ran:?}");
    let told = refusals(&Reader::open(folder.path()).unwrap(), act.number).unwrap();
    assert_eq!(told.len(), 7);
    for one in told {
        assert!(!one.why.is_empty() && one.why.len() <= 200, "{one:?}");
        assert!(!format!("{}{}", one.id, one.why).contains(char::is_control), "{one:?}");
    }
}

#[test]
fn a_server_that_asks_for_time_is_given_it() {
    let place = Place::new();
    let (folder, door) = node();
    let stand = place.start(Text(|_| reply(429, "Retry-After: 7\r\n", "")), good);
    let act = add(&place, folder.path(), &door, (&stand, FeedWay::From));
    let error = runs(folder.path(), &door, &act).unwrap_err();
    let wait = error.downcast_ref::<Fault>().and_then(Fault::wait);
    assert_eq!(wait, Some(Duration::from_secs(7)));
    assert_eq!(stand.asked.load(Ordering::Relaxed), 1);
}
