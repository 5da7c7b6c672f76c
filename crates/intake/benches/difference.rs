//! What another programme would release, counted over many objects and eight partners: at most, and
//! exactly where a tenth of them would go out.
//!
//! `cargo bench -p entente-intake --bench difference`, with `ENTENTE_BENCH_OBJECTS` for the number of
//! objects (default 100,000).

#![expect(clippy::unwrap_used, reason = "a benchmark may fail")]

use std::sync::Arc;
use std::time::Instant;

use entente_intake::acts::{NodeAct, ProgrammeAct};
use entente_intake::{Applied, Compared, Desk, prepare};
use entente_log::key::Key;
use entente_object::clock::{Clock as _, SystemClock};
use entente_object::marking::Tlp;
use entente_programme::Programme;
use entente_release::Nation;
use entente_release::label::{PermittedActions, Under, Window};
use entente_store::{Home, Signing};

const PARTNERS: [&str; 8] = ["USA", "GBR", "ITA", "DNK", "NLD", "CZE", "ROU", "POL"];
const TYPES: [&str; 4] = ["malware", "indicator", "tool", "vulnerability"];
const BATCH: u64 = 8192;

const SHIPPED: &str = include_str!("../../../programmes/rok-nato-itpp-2023.toml");

fn main() {
    let most = std::env::var("ENTENTE_BENCH_OBJECTS").ok().and_then(|text| text.parse().ok());
    let most: u64 = most.unwrap_or(100_000);
    let folder = tempfile::tempdir().unwrap();
    let mut desk = node(folder.path());
    let start = Instant::now();
    for first in (0..most).step_by(usize::try_from(BATCH).unwrap()) {
        let end = (first + BATCH).min(most);
        // Ten labels: of two heights, and for one to eight partners.
        let label = applied((first / BATCH) % 10);
        let batch: Result<Vec<_>, _> = (first..end).map(|n| prepare(object(n))).collect();
        desk.take(batch.map_err(|(why, _)| why).unwrap(), Nation::KOR, Some(&label)).unwrap();
    }
    println!("{most} objects taken in, in {:?}", start.elapsed());
    let old = Programme::parse(SHIPPED, "old").unwrap();
    for (what, text) in [
        (
            "threat intelligence no more to the eight",
            SHIPPED.replace("to = [\"nato-eight\"]", "to = [\"POL\"]"),
        ),
        ("vulnerabilities up to AMBER", raised()),
    ] {
        let new = Programme::parse(&text, "new").unwrap();
        for exact in [false, true] {
            let start = Instant::now();
            let asked = Compared { old: Some(&old), new: &new, examples: 3, exact };
            let told = desk.release_difference(&asked).unwrap();
            let changed: u64 = told.counts.iter().map(|count| count.count).sum();
            let how = if exact { "exactly" } else { "at most" };
            println!(
                "{what}, {how}: {:?} for {} objects, {} counts, {changed} changes",
                start.elapsed(),
                told.objects,
                told.counts.len(),
            );
        }
    }
}

/// The shipped programme with its fifth entry for cyber defence up to AMBER.
fn raised() -> String {
    let entry = "ceiling = \"green\"\ntypes = [\"vulnerability\"";
    assert!(SHIPPED.contains(entry));
    SHIPPED.replace(entry, "ceiling = \"amber\"\ntypes = [\"vulnerability\"")
}

fn node(folder: &std::path::Path) -> Desk {
    let mut home = Home::open(folder).unwrap();
    let key = Key::from_seed("KOR", &[7; 32]).unwrap();
    let act = NodeAct { nation: "KOR".into(), key: key.public() };
    Desk::init(&mut home, &act, SystemClock.now()).unwrap();
    let mut desk = Desk::open(home, Arc::new(SystemClock)).unwrap();
    let text = SHIPPED.to_owned();
    desk.adopt_programme(&ProgrammeAct { file: "itpp.toml".into(), text }).unwrap();
    let mut partners = Vec::new();
    for code in PARTNERS {
        let record = desk.add_partner(code.parse().unwrap()).unwrap();
        partners.push((record.partner.index, record.partner.nation));
    }
    desk.home_mut().sign_with(Signing { key: key.into(), here: Nation::KOR, partners }).unwrap();
    std::thread::sleep(std::time::Duration::from_millis(2));
    desk
}

fn applied(number: u64) -> Applied {
    let count = usize::try_from(number % 8 + 1).unwrap();
    Applied {
        tlp: Some(if number < 5 { Tlp::Amber } else { Tlp::Green }),
        rel_to: PARTNERS.iter().take(count).map(|code| code.parse::<Nation>().unwrap()).collect(),
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

/// An object of about 800 bytes.
fn object(n: u64) -> Vec<u8> {
    let mixed = n.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ n.rotate_left(17);
    let kind = TYPES.get(usize::try_from(n % 4).unwrap()).unwrap();
    let more = match *kind {
        "malware" => r#","is_family":true"#,
        "indicator" => {
            r#","pattern":"[domain-name:value = 'h.example']","pattern_type":"stix","valid_from":"2023-12-01T00:00:00Z""#
        }
        _ => "",
    };
    format!(
        r#"{{"type":"{kind}","spec_version":"2.1","id":"{kind}--{:08x}-{:04x}-4{:03x}-8{:03x}-{:012x}","created":"2023-12-01T00:00:00.000Z","modified":"2023-12-01T00:00:00.000Z","name":"Number {n}","description":"{}"{more}}}"#,
        (mixed >> 32) & 0xffff_ffff,
        n & 0xffff,
        (n >> 16) & 0xfff,
        (n >> 28) & 0xfff,
        mixed & 0xffff_ffff_ffff,
        "Fictional text that makes the object as long as real ones are. ".repeat(7),
    )
    .into_bytes()
}
