//! Import, whole: validation, labels, ledgers of eight edges, durable. In objects per second, at
//! growing sizes, to see that the cost of an object does not grow with the store.
//!
//! After it: what ledgers cost on the disk.
//!
//! `cargo bench -p entente-intake --bench import`, with `ENTENTE_BENCH_OBJECTS` for the largest size
//! (default 100,000).

#![expect(clippy::unwrap_used, clippy::panic, reason = "a benchmark may fail")]

use std::sync::Arc;
use std::sync::mpsc::sync_channel;
use std::time::{Duration, Instant};

use entente_intake::acts::{NodeAct, ProgrammeAct};
use entente_intake::{Applied, Desk, Prepared, prepare};
use entente_log::key::Key;
use entente_object::clock::{Clock as _, SystemClock};
use entente_object::marking::Tlp;
use entente_release::Nation;
use entente_release::label::{PermittedActions, Under, Window};
use entente_store::{Home, Reader, Signing};

const PARTNERS: [&str; 8] = ["USA", "GBR", "ITA", "DNK", "NLD", "CZE", "ROU", "POL"];
const BATCH: usize = 8192;

fn main() {
    let most = std::env::var("ENTENTE_BENCH_OBJECTS").ok().and_then(|text| text.parse().ok());
    let most: u64 = most.unwrap_or(100_000);
    let folder = tempfile::tempdir().unwrap();
    let mut desk = node(folder.path(), &PARTNERS);
    let applied = applied();
    let mut done = 0;
    println!("{:>10}  {:>12}  {:>10}  {:>8}", "in store", "objects/s", "µs/object", "RSS MiB");
    while done < most {
        let step = (most / 10).max(10_000);
        let start = Instant::now();
        take(&mut desk, &applied, done..done + step);
        done += step;
        let seconds = start.elapsed().as_secs_f64();
        let rate = f64::from(u32::try_from(step).unwrap()) / seconds;
        println!("{done:>10}  {rate:>12.0}  {:>10.1}  {:>8}", 1e6 / rate, rss_mib());
    }
    let start = Instant::now();
    let reader = Reader::open(folder.path()).unwrap();
    let size = reader.ledger_size(desk.partners().first().unwrap().partner.index).unwrap();
    println!("ready after {:?}; the first ledger has {size} entries", start.elapsed());
    let bytes = std::fs::metadata(folder.path().join("entente.db")).unwrap().len();
    println!("database: {} bytes per object", bytes / done);
    drop((desk, reader));
    ledgers();
}

/// What an object costs on the disk for each partner that it is released to: the database of the same
/// objects with eight partners, less that with none.
fn ledgers() {
    for (objects, batch) in [(100_000, BATCH), (20_000, 100), (2_000, 1)] {
        let database = |partners: &[&str]| {
            let folder = tempfile::tempdir().unwrap();
            let mut desk = node(folder.path(), partners);
            let applied = applied();
            let texts: Vec<u64> = (0..objects).collect();
            for numbers in texts.chunks(batch) {
                let prepared = numbers.iter().map(|number| prepare(object(*number)));
                let prepared = prepared.collect::<Result<Vec<_>, _>>().map_err(|(why, _)| why);
                desk.take(prepared.unwrap(), Nation::KOR, Some(&applied)).unwrap();
            }
            // The last connection to be closed writes all into the one file.
            drop(desk);
            std::fs::metadata(folder.path().join("entente.db")).unwrap().len()
        };
        let (all, none) = (database(&PARTNERS), database(&[]));
        let edges = objects * u64::try_from(PARTNERS.len()).unwrap();
        println!(
            "{objects} objects, {batch} at a time: {} bytes for each object, and {} for each partner \
             that has it",
            none / objects,
            all.saturating_sub(none) / edges
        );
    }
}

/// One thread prepares while this one labels and appends, as an import does.
fn take(desk: &mut Desk, applied: &Applied, range: std::ops::Range<u64>) {
    let (send, receive) = sync_channel::<Vec<Prepared>>(2);
    let texts: Vec<Vec<u8>> = range.map(object).collect();
    std::thread::scope(|scope| {
        scope.spawn(move || {
            let mut batch = Vec::with_capacity(BATCH);
            for text in texts {
                match prepare(text) {
                    Ok(object) => batch.push(object),
                    Err((refused, _)) => panic!("{refused}"),
                }
                if batch.len() == BATCH {
                    send.send(std::mem::take(&mut batch)).unwrap();
                }
            }
            send.send(batch).unwrap();
        });
        for batch in receive {
            desk.take(batch, Nation::KOR, Some(applied)).unwrap();
        }
    });
}

fn node(folder: &std::path::Path, codes: &[&str]) -> Desk {
    let mut home = Home::open(folder).unwrap();
    let key = Key::from_seed("KOR", &[7; 32]).unwrap();
    let act = NodeAct { nation: "KOR".into(), key: key.public() };
    Desk::init(&mut home, &act, SystemClock.now()).unwrap();
    let mut desk = Desk::open(home, Arc::new(SystemClock)).unwrap();
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../../programmes/rok-nato-itpp-2023.toml");
    let text = std::fs::read_to_string(file).unwrap();
    desk.adopt_programme(&ProgrammeAct { file: "itpp.toml".into(), text }).unwrap();
    let mut partners = Vec::new();
    for code in codes {
        let record = desk.add_partner(code.parse().unwrap()).unwrap();
        partners.push((record.partner.index, record.partner.nation));
    }
    desk.home_mut().sign_with(Signing { key: key.into(), here: Nation::KOR, partners }).unwrap();
    std::thread::sleep(Duration::from_millis(2));
    desk
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
fn object(n: u64) -> Vec<u8> {
    let mixed = n.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ n.rotate_left(17);
    let low = mixed & 0xffff_ffff_ffff;
    let high = (mixed >> 32) & 0xffff_ffff;
    format!(
        r#"{{"type":"indicator","spec_version":"2.1","id":"indicator--{high:08x}-{:04x}-4{:03x}-8{:03x}-{low:012x}","created":"2023-12-01T00:00:00.000Z","modified":"2023-12-01T00:00:00.000Z","name":"Beacon number {n} of a family that does not exist","description":"{}","indicator_types":["malicious-activity"],"pattern":"[domain-name:value = 'h{n}.beacon.example']","pattern_type":"stix","valid_from":"2023-12-01T00:00:00Z","labels":["benchmark"],"confidence":80}}"#,
        n & 0xffff,
        (n >> 16) & 0xfff,
        (n >> 28) & 0xfff,
        "Fictional text that makes the object as long as real ones are. ".repeat(5),
    )
    .into_bytes()
}

fn rss_mib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmRSS:"));
    let kib = line.and_then(|line| line.split_whitespace().nth(1)).and_then(|kib| kib.parse().ok());
    kib.unwrap_or(0u64) / 1024
}
