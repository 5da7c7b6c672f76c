//! Row 8: a nation whose node has the true key puts its ledger back, forks it, cuts it off, leaves
//! entries out or doubles them, at every size up to a thousand. Each of eight served nodes finds it at
//! the next question, records both checkpoints, and goes on with everybody else.
//!
//! Each size is that of one of the eight: together they are lied to at all of them.

use std::net::TcpListener;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::sleep;
use std::time::{Duration, Instant};

use axum::body::Body;
use bytes::Bytes;
use entente_intake::acts::{AlarmAct, kind};
use entente_log::key::Key;
use futures_util::stream;
use http::{Request, Response};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use serde_json::Value;
use tokio::runtime::Runtime;
use tokio::sync::watch;

use super::false_node::{Answers, FalseNode};
use super::{NATIONS, label, malware, nation, release};
use crate::book::{Book, Made, Owner, Said};
use crate::member::{Member, PATIENCE, reader, standing, until};
use crate::wrongs::status;
use entente_object::marking::Tlp;

const SIZE: usize = 1000;
const WAYS: usize = 7;

fn text(number: usize) -> String {
    malware(&format!("malware--1edc0000-0000-4000-8000-{number:012x}"), "in a ledger").to_string()
}

fn made(number: usize) -> Made {
    Made { said: Said::Released(text(number)), ..Made::nth(number) }
}

/// Entries from `at` on, with other objects.
fn others(at: usize, count: usize) -> Vec<Arc<Made>> {
    let other = |number| Made { said: Said::Released(text(100_000 + number)), ..made(number) };
    (at..at + count).map(other).map(Arc::new).collect()
}

/// What the false node is to one partner.
struct Edge {
    book: Book,
    /// How much is signed, and whether it lies about it, and how.
    now: Mutex<(usize, Option<usize>)>,
    /// What the stream says.
    says: watch::Sender<usize>,
    /// The size on the last receipt, how many there were, and how many lies were told.
    receipt: AtomicU64,
    receipts: AtomicU64,
    lies: AtomicU64,
}

impl Edge {
    /// The page with which it lies, where `size` entries were received.
    fn lie(&self, size: usize, way: usize) -> Response<Body> {
        let (book, place) = (&self.book, size / 2);
        let page = match way {
            // Put back, by one or by half; or all is gone.
            0 => book.draft(size - 1, size - 1, size - 1),
            1 if size > 1 => book.draft(place, place, place),
            1 | 2 => return status(204),
            // Another entry, at the same size and over a larger one.
            3 => book.forked(size - 1, others(size - 1, 1)).draft(size, size, size),
            // Cut off, and written anew.
            4 => {
                book.forked(place, others(place, size + 1 - place)).draft(size, size + 1, size + 1)
            }
            // One is left out, and the ledger grew over it.
            5 => {
                let rest = book.entries[place + 1..size + 2].to_vec();
                book.forked(place, rest).draft(size, size + 1, size + 1)
            }
            // One is there twice.
            _ => {
                let mut rest = book.entries[place..size + 2].to_vec();
                let first = Made { added: rest[0].added - 1, ..Made::clone(&rest[0]) };
                rest.insert(0, Arc::new(first));
                book.forked(place, rest).draft(size, size + 1, size + 1)
            }
        };
        Response::new(page.text().into())
    }

    fn answer(&self, request: &Request<Bytes>) -> Response<Body> {
        let (size, way) = *self.now.lock().unwrap();
        match request.uri().path() {
            "/peer/ledger" => {
                let from = request.uri().query().unwrap().strip_prefix("from=").unwrap();
                let from: usize = from.parse().unwrap();
                match way {
                    Some(way) if from == size => {
                        self.lies.fetch_add(1, Ordering::SeqCst);
                        self.lie(size, way)
                    }
                    _ if size == 0 => status(204),
                    _ => Response::new(self.book.draft(from.min(size), size, size).text().into()),
                }
            }
            "/peer/ledger/events" => {
                let says = self.says.subscribe();
                let said = stream::unfold((says, true), |(mut says, first)| async move {
                    if !first && says.changed().await.is_err() {
                        return None;
                    }
                    let size = *says.borrow_and_update();
                    let said = Bytes::from(format!("event: signed\ndata: {size}\n\n"));
                    Some((Ok::<_, std::convert::Infallible>(said), (says, false)))
                });
                Response::new(Body::from_stream(said))
            }
            "/peer/receipt" => {
                let note = String::from_utf8_lossy(request.body()).into_owned();
                let size = note.lines().nth(1).and_then(|line| line.parse().ok()).unwrap_or(0);
                self.receipt.store(size, Ordering::SeqCst);
                self.receipts.fetch_add(1, Ordering::SeqCst);
                status(204)
            }
            _ => status(204),
        }
    }

    /// Is honest up to a size, and waits until the partner says that it has it.
    fn grow(&self, size: usize, case: &str) {
        *self.now.lock().unwrap() = (size, None);
        self.says.send_replace(size);
        let size = u64::try_from(size).unwrap();
        wait(&format!("{case}: it has it"), || self.receipt.load(Ordering::SeqCst) == size);
    }

    /// Lies once. Gives how many questions it took until the partner showed what it had had.
    fn lies(&self, size: usize, way: usize, case: &str) -> u64 {
        let (lies, receipts) = (&self.lies, &self.receipts);
        let before = (lies.load(Ordering::SeqCst), receipts.load(Ordering::SeqCst));
        *self.now.lock().unwrap() = (size, Some(way));
        self.says.send_replace(size + 1);
        wait(&format!("{case}: it finds it"), || receipts.load(Ordering::SeqCst) > before.1);
        lies.load(Ordering::SeqCst) - before.0
    }
}

fn wait(case: &str, is_so: impl Fn() -> bool) {
    let start = Instant::now();
    while !is_so() {
        assert!(start.elapsed() < PATIENCE, "it does not happen: {case}");
        sleep(Duration::from_millis(2));
    }
}

/// The alarms about Korea's ledger at a node: what they say.
fn alarms(member: &Member) -> Vec<String> {
    let acts = reader(member).acts(kind::ALARM).unwrap();
    let acts = acts.iter().map(|(_, act)| serde_json::from_str::<AlarmAct>(&act.json).unwrap());
    let of = acts.filter(|act| act.nation == "KOR" && act.what == "ledger");
    of.map(|act| act.detail).collect()
}

/// What the false node is to each partner, by the certificate that its node shows.
fn edges(partners: &[Member], whole: &Book) -> Arc<Vec<(Vec<u8>, Edge)>> {
    let edge = |member: &Member| {
        let file = member.node.folder().join("keys/client.pem");
        let leaf = CertificateDer::from_pem_file(file).unwrap().to_vec();
        let mut book = whole.clone();
        book.owner.to = nation(member.code);
        let (now, says) = (Mutex::new((0, None)), watch::Sender::new(0));
        let [receipt, receipts, lies] = [0; 3].map(AtomicU64::new);
        (leaf, Edge { book, now, says, receipt, receipts, lies })
    };
    Arc::new(partners.iter().map(edge).collect())
}

pub(super) fn every_change_of_a_ledger_is_found_at_the_next_question(members: &[Member]) {
    let (korea, rest) = members.split_first().unwrap();
    let folder = korea.node.folder().join("keys");
    let seed = std::fs::read(folder.join("node.key")).unwrap().try_into().unwrap();
    let key = Arc::new(Key::from_seed("KOR", &seed).unwrap());
    let wide = label("KOR", &NATIONS[1..], Tlp::Green, false);
    let owner = Owner { key, from: nation("KOR"), to: nation("POL") };
    let whole = Book::by(owner, (0..SIZE + 2).map(made).collect(), &[wide]);
    let edges = edges(rest, &whole);
    korea.kill();
    let runtime = Runtime::new().unwrap();
    let chain = CertificateDer::pem_file_iter(folder.join("server.pem")).unwrap();
    let chain = chain.collect::<Result<Vec<_>, _>>().unwrap();
    let key = PrivateKeyDer::from_pem_file(folder.join("server.key")).unwrap();
    let answers: Answers = {
        let edges = edges.clone();
        Arc::new(move |leaf, request| {
            let edge = edges.iter().find(|(known, _)| known == leaf);
            let answer = edge.map_or_else(|| status(403), |(_, edge)| edge.answer(&request));
            Box::pin(std::future::ready(answer))
        })
    };
    let listener = TcpListener::bind(&korea.host).unwrap();
    let _served = FalseNode::at(&runtime, listener, (chain, key), answers);
    // The partner is heard again by hearing Korea: otherwise it would wait for a minute.
    let folders: Vec<_> = rest
        .iter()
        .map(|member| (member.node.folder(), member.host.clone(), member.code))
        .collect();
    let by = korea.node.folder();
    let count = rest.len();
    std::thread::scope(|scope| {
        for (at, (to, host, code)) in folders.iter().enumerate() {
            let (edge, by) = (&edges[at].1, &by);
            scope.spawn(move || {
                heard(by, to, host);
                for size in (at + 1..=SIZE).step_by(count) {
                    let way = (size / count + at) % WAYS;
                    let case = format!("{code}, {size} entries, way {way}");
                    edge.grow(size, &case);
                    assert_eq!(edge.lies(size, way, &case), 1, "{case}");
                    *edge.now.lock().unwrap() = (size, None);
                    edge.says.send_replace(size);
                    heard(by, to, host);
                }
            });
        }
    });
    let mut found = 0;
    for (at, member) in rest.iter().enumerate() {
        let expected = (at + 1..=SIZE).step_by(rest.len()).count();
        until("all is recorded", || alarms(member).len() >= expected);
        let alarms = alarms(member);
        assert_eq!(alarms.len(), expected, "{}: {alarms:?}", member.code);
        let origin = format!("KOR/ledger/{}", member.code);
        assert!(alarms.iter().all(|detail| detail.contains(&origin)), "no checkpoint: {alarms:?}");
        found += alarms.len();
        // Nothing of a lie was taken.
        let last = (at + 1..=SIZE).step_by(rest.len()).last().unwrap();
        assert_eq!(standing(&reader(member), "KOR").0, u64::try_from(last).unwrap());
    }
    assert_eq!(found, SIZE);
    println!("{found} lies, each found at the next question");
    goes_on(rest, 8);
}

/// Lets a partner's node hear Korea: who shows its list is there to be asked.
fn heard(by: &std::path::Path, to: &std::path::Path, host: &str) {
    use std::io::{Read as _, Write as _};
    let (mut session, mut socket) = crate::caller::connect(by, to, host).unwrap();
    let mut stream = rustls::Stream::new(&mut session, &mut socket);
    let list = std::fs::read_to_string(by.join("keys/crl.pem")).unwrap();
    let length = list.len();
    let head =
        format!("PUT /peer/list HTTP/1.0\r\nhost: localhost\r\ncontent-length: {length}\r\n\r\n");
    stream.write_all((head + &list).as_bytes()).unwrap();
    drop(stream.read_to_end(&mut Vec::new()));
}

/// What each releases reaches each of the others, however it stands with the rest.
pub(super) fn goes_on(members: &[Member], row: usize) {
    let has = |by: &Member, from: &Member| standing(&reader(by), from.code).0;
    let start = Instant::now();
    let before: Vec<Vec<u64>> =
        members.iter().map(|by| members.iter().map(|from| has(by, from)).collect()).collect();
    for (at, member) in members.iter().enumerate() {
        let id = format!("malware--90e50000-{row:04x}-4000-8000-{at:012x}");
        release(member, &[Value::clone(&malware(&id, "goes on"))]);
    }
    for (by, before) in members.iter().zip(&before) {
        for (from, before) in members.iter().zip(before) {
            let what = format!("{} has what {} released", by.code, from.code);
            until(&what, || by.code == from.code || has(by, from) > *before);
        }
    }
    println!("{} edges went on, in {:?}", members.len() * (members.len() - 1), start.elapsed());
}
