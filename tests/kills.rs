//! Kill −9 of real processes at random moments while three nodes import, release and follow each other:
//! what was acknowledged is there, and each has exactly what was released to it.
//!
//! `ENTENTE_KILLS` says how often (200 take a few minutes), `ENTENTE_KILLS_SEED` gives other moments.

use std::collections::BTreeSet;
use std::ops::Range;
use std::process::Stdio;
use std::thread::sleep;
use std::time::Instant;

use entente_release::Nation;
use serde_json::Value;

use crate::member::{Member, desk, nation, puts, reader, settle, three};
use crate::objects::{indicator, indicator_id, lines};

/// Kills in the suite.
const KILLS: u64 = 25;

/// Objects of one import at most.
const OBJECTS_MAX: usize = 120;

/// Numbers that look random and are the same in every run (SplitMix64).
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) % u64::try_from(end).unwrap()).unwrap()
    }
}

/// What a nation was told that it has taken in, and to whom it is released.
struct Acknowledged {
    by: usize,
    numbers: Range<usize>,
    to: Vec<&'static str>,
}

impl Acknowledged {
    fn args(&self, file: &str) -> Vec<String> {
        let to = self.to.join(",");
        let label = ["--programme", "open", "--area", "all", "--tlp", "green", "--rel-to", &to];
        ["--json", "import", file].iter().chain(&label).map(ToString::to_string).collect()
    }
}

fn given(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |text| text.parse().unwrap())
}

#[test]
fn what_was_acknowledged_survives_kills_at_random_moments() {
    let (kills, seed) = (given("ENTENTE_KILLS", KILLS), given("ENTENTE_KILLS_SEED", 1));
    let members = three();
    let mut dice = Dice(seed);
    let first = Acknowledged { by: 0, numbers: 0..OBJECTS_MAX, to: vec![members[1].code] };
    let start = Instant::now();
    members[0].release(first.numbers.clone(), &first.to.join(","));
    let (lasts, mut cut, mut all) = (start.elapsed(), 0, vec![first]);
    for kill in 0..kills {
        let by = dice.below(3);
        let next = all.last().map_or(0, |last| last.numbers.end);
        let others: Vec<&str> = (1..3).map(|step| members[(by + step) % 3].code).collect();
        let to = [&others[..], &others[..1], &others[1..]][dice.below(3)].to_vec();
        let numbers = next..next + 1 + dice.below(OBJECTS_MAX);
        let one = Acknowledged { by, numbers, to };
        let own = &members[by];
        let file = own.node.file("objects.ndjson", lines(one.numbers.clone().map(indicator)));
        let args = one.args(&file);
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        let mut import = own.node.command(&args);
        let mut import = import.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        sleep(lasts * u32::try_from(dice.below(100)).unwrap() / 100);
        // Half of the kills come to what imports, the others to one of the nodes that are served.
        let victim = dice.below(6);
        if let Some(served) = members.get(victim) {
            served.kill();
            served.serve();
        } else {
            import.kill().unwrap();
        }
        let ended = import.wait().unwrap();
        if !ended.success() {
            assert!(victim >= 3, "kill {kill} of seed {seed}: an import failed: {ended}");
            cut += 1;
            // Nobody was told that anything is there. Whatever is, it can be done again.
            let done = own.node.json(&args[1..]);
            let count = |name: &str| usize::try_from(done[name].as_u64().unwrap()).unwrap();
            let numbers = one.numbers.len();
            assert_eq!((count("taken") + count("same"), count("rejected")), (numbers, 0), "{done}");
            assert!(
                [0, numbers].contains(&count("same")),
                "kill {kill} of seed {seed}: half of it"
            );
        }
        all.push(one);
        still_there(&members, &all, (kill, seed));
    }
    settle(&members);
    each_has_exactly_what_was_released_to_it(&members, &all);
    println!("{kills} kills of seed {seed}, {cut} of them cut an import off");
    assert!(cut > 0, "no import was cut off");
}

/// Each ledger has as many entries as were acknowledged.
fn still_there(members: &[Member], all: &[Acknowledged], (kill, seed): (u64, u64)) {
    for (at, member) in members.iter().enumerate() {
        let desk = desk(member);
        for record in desk.partners() {
            let to = record.partner.nation;
            let released: usize = all
                .iter()
                .filter(|one| one.by == at && one.names(to))
                .map(|one| one.numbers.len())
                .sum();
            let size = reader(member).ledger_size(record.partner.index).unwrap();
            let what = format!("{} to {to} after kill {kill} of seed {seed}", member.code);
            assert_eq!(size, u64::try_from(released).unwrap(), "{what}");
        }
    }
}

impl Acknowledged {
    fn names(&self, to: Nation) -> bool {
        self.to.iter().any(|code| nation(code) == to)
    }
}

fn each_has_exactly_what_was_released_to_it(members: &[Member], all: &[Acknowledged]) {
    for (at, member) in members.iter().enumerate() {
        let mut expected: BTreeSet<(Nation, String)> = BTreeSet::new();
        for one in all.iter().filter(|one| one.by == at || one.names(nation(member.code))) {
            let by = nation(members[one.by].code);
            expected.extend(one.numbers.clone().map(|number| (by, indicator_id(number))));
        }
        let here = puts(member);
        let id = |text: &str| {
            serde_json::from_str::<Value>(text).unwrap()["id"].as_str().unwrap().to_owned()
        };
        let ids: BTreeSet<_> = here.iter().map(|(by, text)| (*by, id(text))).collect();
        assert_eq!(here.len(), ids.len(), "{} has something twice", member.code);
        assert!(ids == expected, "{} does not have what was released to it", member.code);
        member.node.run(&["ledger", "verify", "--all"]).ends(0);
        member.node.run(&["doctor"]).ends(0).says(&["alarms: 0 recorded"]);
    }
}
