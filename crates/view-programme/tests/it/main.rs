//! Evidence from indexes, compared with a second program that reads the log.

#[cfg(test)]
mod history;

use std::time::Duration;

use entente_view_programme::evidence::{Asked, measure};
use history::{AREAS, History, Naive, adopted, desk};

/// Every indicator of a history, both ways.
#[test]
fn what_indexes_say_is_what_the_log_says() {
    let (mut counted, mut valued) = (0, 0);
    for seed in 0..60 {
        let memory = tempfile::tempdir_in("/dev/shm");
        let folder = memory.or_else(|_| tempfile::tempdir()).unwrap();
        let mut desk = desk(folder.path());
        History::labels(&mut desk);
        let mut history = History::new(seed, Duration::from_hours(10));
        for _ in 0..20 + seed {
            history.go_on(&mut desk, 1 + seed % 7);
        }
        let picture = desk.picture().unwrap().clone();
        let naive = Naive::read(desk.home());
        let programme = adopted(&desk);
        for area in AREAS {
            let area = programme.area(&area.parse().unwrap()).unwrap();
            for indicator in area.measures().flat_map(|measure| &measure.indicators) {
                let period = indicator.periods[0];
                let asked = Asked { programme: &programme, area, indicator, period };
                let found = measure(&desk, &picture, asked).unwrap();
                let evidence = indicator.evidence.as_ref().unwrap();
                let name = area.id.to_string();
                let now = desk.now().unix_micros();
                let (value, support, digests) = naive.finds((&name, evidence, period), now);
                let what = format!("seed {seed}, {}", indicator.id);
                let said = found.value.map(|value| value.to_string());
                assert_eq!((said, found.supported_by), (value, support), "{what}");
                for pointer in &found.pointers {
                    assert!(digests.contains(pointer.object_sha256.as_ref().unwrap()), "{what}");
                }
                assert_eq!(found.pointers.is_empty(), digests.is_empty(), "{what}");
                counted += u32::from(found.supported_by > 0);
                valued += 1;
            }
        }
        if seed % 10 == 0 {
            desk.home_mut().verify_indexes(&mut |_, _| ()).unwrap();
        }
    }
    // The histories are not empty ones.
    assert!(counted > valued / 2, "{counted} of {valued}");
}
