//! What replicas cost and bring, on three servers of this machine that acknowledge what is on disk:
//! objects per second that the cluster has acknowledged, one at a time and in batches, by one writer and
//! by two at once; and pages per second that one, two and three replicas read.
//!
//! `ENTENTE_TEST_NATS=nats-server cargo bench -p entente-stream --bench replicas`; the program is the one
//! that `cargo xtask test --only nats` installs. All share the processors of one machine: what three
//! machines would bring is at least what is measured.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a benchmark may fail")]

use std::path::Path;
use std::sync::Arc;
use std::thread::scope;
use std::time::{Duration, Instant};

use entente_intake::acts::{NodeAct, ProgrammeAct};
use entente_intake::{Applied, Desk, Prepared, prepare};
use entente_log::key::Key;
use entente_object::clock::{Clock as _, SystemClock};
use entente_object::marking::Tlp;
use entente_release::label::{PermittedActions, Under, Window};
use entente_release::partner::{Authenticated, Channel};
use entente_release::{Audience, Nation};
use entente_store::{Home, Reader, Selection, Signing};
use entente_stream::servers::{Servers, VARIABLE};
use entente_stream::{By, Cluster, Stream, recover};
use tempfile::TempDir;

const PARTNERS: [&str; 8] = ["USA", "GBR", "ITA", "DNK", "NLD", "CZE", "ROU", "POL"];
const AREA: &str = "rok-nato-itpp-2023/cyber-defence";
const PAGE: usize = 100;
const READS_FOR: Duration = Duration::from_secs(3);

fn main() {
    let Some(servers) = Servers::start() else {
        println!("no server: {VARIABLE} names its program");
        return;
    };
    let alone = first();
    let mut next = 0;
    let mut objects = |count: u64| {
        let from = next;
        next += count;
        (from..next).map(object).collect::<Vec<_>>()
    };
    let mut single = desk(alone.path());
    println!("{:<44}  {:>10}", "written", "objects/s");
    shown("without a cluster, one at a time", written(&mut single, batches(&objects(300), 1)));
    shown(
        "without a cluster, batches of 8,192",
        written(&mut single, batches(&objects(65_536), 8192)),
    );
    drop(single);
    let one = join(&servers, alone, "one");
    let others = ["two", "three"].map(|name| join(&servers, tempfile::tempdir().unwrap(), name));
    let (mut a, mut b) =
        (ordered(&servers, one.path(), "one"), ordered(&servers, others[0].path(), "two"));
    shown("one replica, one at a time", written(&mut a, batches(&objects(300), 1)));
    shown("one replica, batches of 100", written(&mut a, batches(&objects(10_000), 100)));
    shown("one replica, batches of 8,192", written(&mut a, batches(&objects(65_536), 8192)));
    for (name, count, size) in [("one at a time", 200, 1), ("batches of 100", 10_000, 100)] {
        let (left, right) = (batches(&objects(count), size), batches(&objects(count), size));
        let (a, b) = (&mut a, &mut b);
        let start = Instant::now();
        scope(|scope| {
            scope.spawn(move || written(a, left));
            scope.spawn(move || written(b, right));
        });
        shown(&format!("two replicas at once, {name}"), rate(2 * count, start));
    }
    let third = ordered(&servers, others[1].path(), "three");
    let start = Instant::now();
    let mut homes = [a, b, third];
    for desk in &mut homes {
        desk.home_mut().follow().unwrap();
    }
    println!("the two others caught up in {:?}", start.elapsed());
    println!("\n{:<44}  {:>10}", format!("pages of {PAGE} objects read"), "pages/s");
    let folders = [one.path(), others[0].path(), others[1].path()];
    for count in 1..=folders.len() {
        let start = Instant::now();
        let pages: u64 = scope(|scope| {
            let readers = folders.iter().take(count).map(|folder| scope.spawn(|| read(folder)));
            readers.collect::<Vec<_>>().into_iter().map(|reader| reader.join().unwrap()).sum()
        });
        shown(&format!("{count} of the replicas, one reader each"), rate(pages, start));
    }
}

fn shown(what: &str, rate: f64) {
    println!("{what:<44}  {rate:>10.0}");
}

fn rate(count: u64, start: Instant) -> f64 {
    f64::from(u32::try_from(count).unwrap()) / start.elapsed().as_secs_f64()
}

fn batches(objects: &[Prepared], size: usize) -> Vec<Vec<Prepared>> {
    objects.chunks(size).map(<[_]>::to_vec).collect()
}

/// Objects per second, each batch acknowledged before the next.
fn written(desk: &mut Desk, batches: Vec<Vec<Prepared>>) -> f64 {
    let applied = applied();
    let count: usize = batches.iter().map(Vec::len).sum();
    let start = Instant::now();
    for batch in batches {
        desk.take(batch, Nation::KOR, Some(&applied)).unwrap();
    }
    rate(u64::try_from(count).unwrap(), start)
}

/// Pages through the view of a partner, over and over, with bytes and the second guard.
fn read(folder: &Path) -> u64 {
    let mut reader = Reader::open(folder).unwrap();
    let home = Desk::open(Home::open(folder).unwrap(), Arc::new(SystemClock)).unwrap();
    let partner = &home.partner("POL".parse().unwrap()).unwrap().partner;
    let session = Authenticated::Certificate(partner.nation);
    let admitted = Audience::admit(partner, &session, Channel::default(), home.now());
    let Ok(audience) = admitted else { panic!("Poland is admitted") };
    let first = Selection { under: AREA.into(), limit: PAGE, ..Selection::default() };
    let (mut selection, mut pages, start) = (first.clone(), 0, Instant::now());
    while start.elapsed() < READS_FOR {
        let rows = reader.snapshot(|reader| reader.rows(&audience, &selection)).unwrap();
        reader.objects(&audience, &rows.rows, Vec::new()).unwrap();
        pages += 1;
        selection.after = rows.more_after;
        if selection.after.is_none() {
            selection = first.clone();
        }
    }
    pages
}

fn key() -> Key {
    Key::from_seed("KOR", &[7; 32]).unwrap()
}

fn first() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let mut home = Home::open(folder.path()).unwrap();
    let act = NodeAct { nation: "KOR".into(), key: key().public() };
    Desk::init(&mut home, &act, SystemClock.now()).unwrap();
    let mut desk = Desk::open(home, Arc::new(SystemClock)).unwrap();
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../../programmes/rok-nato-itpp-2023.toml");
    let text = std::fs::read_to_string(file).unwrap();
    desk.adopt_programme(&ProgrammeAct { file: "itpp.toml".into(), text }).unwrap();
    for code in PARTNERS {
        desk.add_partner(code.parse().unwrap()).unwrap();
    }
    folder
}

fn signing(home: Home) -> Desk {
    let mut desk = Desk::open(home, Arc::new(SystemClock)).unwrap();
    let partners = desk.partners().iter().map(|r| (r.partner.index, r.partner.nation)).collect();
    let signing = Signing { key: key().into(), here: Nation::KOR, partners };
    desk.home_mut().sign_with(signing).unwrap();
    desk
}

fn desk(folder: &Path) -> Desk {
    signing(Home::open(folder).unwrap())
}

fn home(servers: &Servers, folder: &Path, name: &str) -> (Home, Cluster) {
    let cluster = Cluster::new(servers.settings(name), Nation::KOR, key()).unwrap();
    let mut home = Home::open(folder).unwrap();
    home.order_by(Box::new(Stream::new(cluster.clone()))).unwrap();
    (home, cluster)
}

fn join(servers: &Servers, folder: TempDir, name: &str) -> TempDir {
    let (mut home, cluster) = home(servers, folder.path(), name);
    let start = Instant::now();
    recover(&mut home, &cluster, &By::default(), &mut |_, _| ()).unwrap();
    println!("{name} joined in {:?}", start.elapsed());
    folder
}

fn ordered(servers: &Servers, folder: &Path, name: &str) -> Desk {
    let (mut home, _) = home(servers, folder, name);
    home.follow().unwrap();
    signing(home)
}

fn applied() -> Applied {
    Applied {
        tlp: Some(Tlp::Amber),
        rel_to: PARTNERS.iter().map(|code| code.parse::<Nation>().unwrap()).collect(),
        under: [Under {
            programme: "rok-nato-itpp-2023".parse().unwrap(),
            area: "cyber-defence".parse().unwrap(),
        }]
        .into(),
        caveats: [].into(),
        actions: PermittedActions::ExternallyVisibleDirect,
        exercise: None,
        window: Window::default(),
    }
}

/// An indicator of about 800 bytes.
fn object(number: u64) -> Prepared {
    let text = format!(
        r#"{{"type":"indicator","spec_version":"2.1","id":"indicator--5eb7a1c2-0000-4000-8000-{number:012x}","created":"2023-12-01T00:00:00.000Z","modified":"2023-12-01T00:00:00.000Z","name":"Beacon number {number} of a family that does not exist","description":"{}","indicator_types":["malicious-activity"],"pattern":"[domain-name:value = 'h{number}.beacon.example']","pattern_type":"stix","valid_from":"2023-12-01T00:00:00Z","confidence":80}}"#,
        "Fictional text that makes the object as long as real ones are. ".repeat(5),
    );
    match prepare(text.into_bytes()) {
        Ok(object) => object,
        Err((refused, _)) => panic!("{refused}"),
    }
}
