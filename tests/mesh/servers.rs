//! Row 21: a served node follows partners of whom forty and more answer with whatever costs most, all at
//! once. It stays within its budget of memory and time, what the other eight nodes exchange with it goes
//! on, and when the hostile ones answer rightly, all that they signed is received.

use std::fs;
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread::sleep;
use std::time::{Duration, Instant};

use entente_intake::acts::PeerAct;
use entente_log::key::Key;
use entente_object::clock::{Clock as _, SystemClock};
use entente_peer::card::Card;
use http::{Response, StatusCode};
use rcgen::{CertifiedIssuer, ExtendedKeyUsagePurpose};
use rustls::pki_types::PrivateKeyDer;
use tokio::runtime::Runtime;

use super::certificates::{TLS_13, answer, client, today};
use super::false_node::{Answers, FalseNode};
use super::ledgers::goes_on;
use super::nation;
use crate::bad::{Shows, key, poland, root_like};
use crate::book::{Book, Made, Owner};
use crate::member::{Member, desk, reader, standing, until};
use crate::wrongs::{
    Behaviour, EVENTS, LIST, PAGE, SIGNED, World, bad_pages, bad_streams, behaviour, wrong_for_any,
};

/// Nations that are none of the nine.
const MORE: [&str; 55] = [
    "ALB", "AUS", "AUT", "BEL", "BGR", "BRA", "CAN", "CHE", "CHL", "COL", "CYP", "DEU", "EGY",
    "ESP", "EST", "FIN", "FRA", "GEO", "GRC", "HRV", "HUN", "IND", "IRL", "ISL", "ISR", "JOR",
    "JPN", "KAZ", "KEN", "KWT", "LTU", "LUX", "LVA", "MAR", "MDA", "MEX", "MKD", "MLT", "MNE",
    "MNG", "MYS", "NOR", "NZL", "PAK", "PER", "PHL", "PRT", "QAT", "SGP", "SRB", "SVK", "SVN",
    "SWE", "THA", "TUR",
];

/// How long they are hostile.
const LASTS: Duration = Duration::from_secs(15);
/// What they may cost a node meanwhile: memory, and of one processor's time.
const MEMORY_MIB_MAX: u64 = 256;
const PROCESSOR_MAX: f64 = 0.8;

/// A hostile nation: what it does, and with which certificate it can be heard.
struct Hostile {
    code: &'static str,
    name: String,
    world: Arc<World>,
    shows: Shows,
    node: FalseNode,
    /// Where it answers, with what.
    listener: TcpListener,
    chain: Vec<rustls::pki_types::CertificateDer<'static>>,
    key: Vec<u8>,
    answers: Answers,
}

/// Everything that is wrong for a page, a stream, or for any request.
fn behaviours() -> Vec<(String, Behaviour)> {
    let mut all = Vec::new();
    for path in [PAGE, LIST] {
        for (name, answer) in wrong_for_any() {
            let name = format!("{path}: {name}");
            all.push((name, behaviour(path, move |_, world| answer(world))));
        }
    }
    for (path, wrongs) in [(PAGE, bad_pages()), (EVENTS, bad_streams())] {
        for (name, answer) in wrongs {
            all.push((format!("{path}: {name}"), behaviour(path, answer)));
        }
    }
    all
}

fn answers(world: &Arc<World>, behaviour: Behaviour) -> Answers {
    let world = world.clone();
    Arc::new(move |_, request| {
        let hostile = *world.is_hostile.lock().unwrap();
        let at = tokio::time::Instant::now();
        world.asked.lock().unwrap().push((at, World::path(&request)));
        let wrong = hostile.then(|| behaviour(&request, &world)).flatten();
        let others = ["/peer/card", "/peer/witness"].contains(&request.uri().path());
        let answer = match wrong {
            Some(Ok(answer)) => answer,
            _ if others => Response::builder()
                .status(StatusCode::NO_CONTENT)
                .body(axum::body::Body::empty())
                .unwrap(),
            _ => world.honest(&request),
        };
        Box::pin(std::future::ready(answer))
    })
}

/// Lets a nation with such a node meet the victim.
fn hostile(
    runtime: &Runtime,
    victim: &Member,
    code: &'static str,
    (name, behaviour): (String, Behaviour),
) -> Hostile {
    let root = CertifiedIssuer::self_signed(root_like(today()), key()).unwrap();
    let signed = |purpose: ExtendedKeyUsagePurpose| {
        let (key, mut params) = (key(), poland(today()));
        params.extended_key_usages = vec![purpose];
        params.subject_alt_names = vec![rcgen::SanType::DnsName("localhost".try_into().unwrap())];
        let leaf = params.signed_by(&key, &root).unwrap().der().clone();
        (vec![leaf], key)
    };
    let (chain, server_key) = signed(ExtendedKeyUsagePurpose::ServerAuth);
    let (leaf, client_key) = signed(ExtendedKeyUsagePurpose::ClientAuth);
    let shows = Shows::new(leaf, &client_key);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("https://localhost:{}", listener.local_addr().unwrap().port());
    let signing = Key::from_seed(code, &[code.as_bytes()[0]; 32]).unwrap();
    let now = SystemClock.now();
    let card = Card::sign(&signing, nation(code), vec![root.pem()], &address, now).unwrap();
    let owner = Owner { key: Arc::new(signing), from: nation(code), to: nation(victim.code) };
    let label = owner.label();
    let book = Book::by(owner, (0..SIGNED + 3).map(Made::nth).collect(), &[label]);
    let world = Arc::new(World::of(book));
    let answers = answers(&world, behaviour);
    let key = server_key.serialize_der();
    let bytes = PrivateKeyDer::try_from(key.clone()).unwrap();
    let shared = listener.try_clone().unwrap();
    let node = FalseNode::at(runtime, shared, (chain.clone(), bytes), answers.clone());
    let act = PeerAct { nation: code.to_owned(), card: card.text().to_owned() };
    desk(victim).meet(&act).unwrap();
    Hostile { code, name, world, shows, node, listener, chain, key, answers }
}

/// Memory that a process has at most, in MiB, and the seconds of a processor that it took.
fn cost(process: u32) -> (u64, f64) {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    let memory = line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() / 1024;
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).unwrap();
    let fields: Vec<&str> = stat.rsplit_once(')').unwrap().1.split_whitespace().collect();
    let ticks = |at: usize| fields[at].parse::<f64>().unwrap();
    // A tick is a hundredth of a second.
    (memory, (ticks(11) + ticks(12)) / 100.0)
}

pub(super) fn hostile_servers_cost_a_bounded_amount_and_are_overcome(members: &[Member]) {
    let victim = members.last().unwrap();
    let process = victim.served.borrow().as_ref().unwrap().id();
    let runtime = Runtime::new().unwrap();
    // A node has 64 partners at most.
    let mut behaviours = behaviours();
    behaviours.truncate(MORE.len());
    assert!(behaviours.len() >= 40, "{}", behaviours.len());
    let before = cost(process);
    let start = Instant::now();
    let mut all: Vec<Hostile> = MORE
        .into_iter()
        .zip(behaviours)
        .map(|(code, behaviour)| hostile(&runtime, victim, code, behaviour))
        .collect();
    sleep(LASTS / 3);
    goes_on(members, 21);
    sleep(LASTS.saturating_sub(start.elapsed()));
    let (took, after) = (start.elapsed(), cost(process));
    let grown = after.0 - before.0;
    let share = (after.1 - before.1) / took.as_secs_f64();
    let read: usize = all.iter().map(|one| one.world.read.load(Ordering::SeqCst)).sum();
    println!(
        "{} hostile servers for {took:.1?}: {grown} MiB, {share:.2} of a processor, {} KiB sent",
        all.len(),
        read / 1024
    );
    for one in &all {
        assert!(
            !one.world.asked.lock().unwrap().is_empty(),
            "{} {}: never asked",
            one.code,
            one.name
        );
    }
    assert!(grown <= MEMORY_MIB_MAX, "{grown} MiB");
    assert!(share <= PROCESSOR_MAX, "{share:.2} of a processor");
    // From now on they are right, and say so.
    for one in &mut all {
        *one.world.is_hostile.lock().unwrap() = false;
        let key = PrivateKeyDer::try_from(one.key.clone()).unwrap();
        let listener = one.listener.try_clone().unwrap();
        one.node = FalseNode::at(&runtime, listener, (one.chain.clone(), key), one.answers.clone());
    }
    let start = Instant::now();
    for one in &all {
        let shown = answer(client(victim, Some(one.shows.clone()), TLS_13), &victim.host);
        assert!(shown.is_ok(), "{}: {shown:?}", one.code);
    }
    for one in &all {
        let what = format!("{}, {}: all is received", one.code, one.name);
        until(&what, || standing(&reader(victim), one.code).0 == u64::try_from(SIGNED).unwrap());
    }
    println!("all of them were overcome in {:.1?}", start.elapsed());
    goes_on(members, 22);
}
