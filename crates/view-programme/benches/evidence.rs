//! All evidence of a programme over a log of a million entries, and the lists of 35 nations, 500 measures
//! and 10,000 commitments: how long each takes. What is computed is compared with a naive reading of the
//! log, whose time is shown beside it.
//!
//! `cargo xtask bench evidence`, with `ENTENTE_BENCH_OBJECTS` for another size (default 1,000,000).

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a benchmark may fail"
)]

#[path = "../tests/it/history.rs"]
mod history;

use std::time::{Duration, Instant};

use entente_cooperation::content::{Commitment, Content};
use entente_cooperation::filed::{Head, write};
use entente_cooperation::terms::Completion;
use entente_log::entry::{Entry, Put};
use entente_log::journal::Journal as _;
use entente_release::NationSet;
use entente_view_programme::evidence::{Asked, measure};
use entente_view_programme::progress::progress;
use entente_view_programme::query::{AskedCommitments, commitments};
use sha2::{Digest as _, Sha256};

use history::{AREAS, History, Naive, adopted, desk};

fn main() {
    let most = std::env::var("ENTENTE_BENCH_OBJECTS").ok().and_then(|text| text.parse().ok());
    let most: u64 = most.unwrap_or(1_000_000);
    let folder = tempfile::tempdir().unwrap();
    let mut desk = desk(folder.path());
    History::labels(&mut desk);
    // 400 days, whatever the number of entries.
    let step = Duration::from_hours(2 * 400 * 24) / u32::try_from(most).unwrap();
    let mut history = History::new(7, step);
    let start = Instant::now();
    while desk.home().tip().next < most {
        history.go_on(&mut desk, 1000);
    }
    println!("{} entries after {:?}", desk.home().tip().next, start.elapsed());
    let picture = desk.picture().unwrap().clone();
    let programme = adopted(&desk);
    let start = Instant::now();
    let mut found = Vec::new();
    for area in AREAS {
        let area = programme.area(&area.parse().unwrap()).unwrap();
        for indicator in area.measures().flat_map(|measure| &measure.indicators) {
            let one = Instant::now();
            let period = indicator.periods[0];
            let asked = Asked { programme: &programme, area, indicator, period };
            let measured = measure(&desk, &picture, asked).unwrap();
            let value = measured.value.map(|value| value.to_string());
            println!(
                "{:>12}  {:>10}  {:?}",
                indicator.id.to_string(),
                value.clone().unwrap_or_default(),
                one.elapsed()
            );
            found.push((area.id.to_string(), indicator, period, (value, measured.supported_by)));
        }
    }
    println!("all evidence: {:?}", start.elapsed());
    let start = Instant::now();
    let naive = Naive::read(desk.home());
    println!("the log read naively: {:?}", start.elapsed());
    let now = desk.now().unix_micros();
    for (area, indicator, period, said) in found {
        let evidence = indicator.evidence.as_ref().unwrap();
        if evidence.query == entente_programme::Query::Confirmations && most > 100_000 {
            // The naive program looks through all objects for each sighting.
            continue;
        }
        let (value, support, _) = naive.finds((&area, evidence, period), now);
        assert_eq!(said, (value, support), "{}", indicator.id);
    }
    println!("equal to the naive reading");
    drop((picture, desk));
    lists();
}

/// Lists of 10,000 commitments.
fn lists() {
    let folder = tempfile::tempdir().unwrap();
    let mut desk = desk(folder.path());
    History::labels(&mut desk);
    let now = desk.now();
    let here = desk.here();
    for number in 0..10_000u128 {
        let said = Commitment {
            name: format!("Commitment {number}"),
            description: None,
            about: format!("made-up/one/one-m{}", number % 500),
            owner: here,
            responsible: "desk officer".to_owned(),
            promised_to: NationSet::none(),
            arises_from_refs: Vec::new(),
            begins: None,
            due: now,
            milestones: Vec::new(),
            completion: Completion::Limited,
            completed: None,
            remark: None,
            evidence: Vec::new(),
            dropped: false,
        };
        let uuid = uuid::Builder::from_random_bytes(number.to_be_bytes()).into_uuid();
        let id = format!("entente-commitment--{uuid}");
        let head = Head { id, by: here, created: now, modified: now };
        let bytes = write(&head, &Content::Commitment(said));
        let put = Entry::Put(Put {
            uuid,
            object_type: "entente-commitment".into(),
            version: now.unix_micros(),
            label: 0,
            brought_by: here,
            digest: Sha256::digest(&bytes).into(),
            bytes: bytes.into(),
        });
        desk.home_mut().append(&[put]).unwrap();
    }
    let timed = |what: &str, start: Instant| println!("{what}: {:?}", start.elapsed());
    let start = Instant::now();
    desk.picture().unwrap();
    timed("the picture of 10,000 commitments, for the first time", start);
    let start = Instant::now();
    let picture = desk.picture().unwrap().clone();
    timed("the same again, copied", start);
    let start = Instant::now();
    let rows = commitments(&picture, &AskedCommitments::default(), here, now);
    assert_eq!(rows.len(), 10_000);
    timed("the list of 10,000 commitments", start);
    let programme = adopted(&desk);
    let start = Instant::now();
    progress(&desk, &picture, &programme, (None, "2024")).unwrap();
    timed("progress over them", start);
}
