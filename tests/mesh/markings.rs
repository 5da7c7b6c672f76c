//! Row 3: whatever is done to the markings of an object, by whom and by whichever way it then comes in,
//! it is at no nation that a naive reading of its markings does not give it to.

use std::collections::{BTreeMap, BTreeSet};

use entente_intake::prepare;
use serde_json::Value;

use super::{ask, import, ledgers};
use crate::dice::Dice;
use crate::member::{Member, desk, nation, puts, settle};
use crate::mutants::{Marked, marked, mutants, oracle};
use crate::objects::lines;

const OBJECTS: usize = 200;
/// Of so many of them a partner posts the mutations as well.
const POSTED: usize = 40;

/// The ids of malware of a family that each of eight nodes has from Korea: who has which.
fn have(members: &[Member], family: &str) -> BTreeMap<String, BTreeSet<&'static str>> {
    let mut have: BTreeMap<String, BTreeSet<&'static str>> = BTreeMap::new();
    for member in &members[1..] {
        for (by, text) in puts(member) {
            let object: Value = serde_json::from_str(&text).unwrap();
            let id = object["id"].as_str().unwrap();
            if by == nation("KOR") && id.starts_with(&format!("malware--{family}")) {
                have.entry(id.to_owned()).or_default().insert(member.code);
            }
        }
    }
    have
}

fn id(marked: &Marked) -> String {
    marked.object["id"].as_str().unwrap().to_owned()
}

/// Everything that can be done to the markings of some objects.
#[derive(Default)]
struct Mutations {
    /// One a line, under the original's id and under one of its own.
    lines: String,
    /// Those under ids of their own: what was done, and who may have it at most.
    limits: BTreeMap<String, (&'static str, BTreeSet<&'static str>)>,
    /// Those that nobody may have, as they are none.
    refused: BTreeSet<String>,
}

fn mutations(originals: &[Marked]) -> Mutations {
    let mut mutations = Mutations::default();
    let mut n = 0;
    for original in originals {
        for mutant in mutants(original) {
            n += 1;
            if mutant.well_formed.is_none() {
                mutations.lines += &lines(mutant.definitions.clone());
            }
            let (text, other) = mutant.under_another_id(&id(original), n);
            for text in [mutant.text.as_str(), text.as_str()] {
                mutations.lines.push_str(text);
                mutations.lines.push('\n');
            }
            // What is refused has no marking to be read.
            if prepare(text.into_bytes()).is_ok() {
                assert!(!mutant.what.starts_with("doubled"), "{}", mutant.what);
                let limit = mutant.well_formed.as_ref().map_or_else(|| oracle(original), oracle);
                mutations.limits.insert(other, (mutant.what, limit));
            } else {
                mutations.refused.insert(other);
            }
        }
    }
    mutations
}

/// Poland posts the mutations to Korea's node, as its own and as if they were Korea's.
fn post(poland: &Member, korea: &Member, mutations: &Mutations) -> usize {
    let token = korea.node.json(&["token", "issue", "POL", "--write"]);
    let token = token["token"].as_str().unwrap();
    let mut count = 0;
    let all: Vec<&str> = mutations.lines.lines().collect();
    for some in all.chunks(1000) {
        let body = format!("{{\"objects\":[{}]}}", some.join(",").replace("--1c7b", "--7c7b"));
        let request = "POST /entente/collections/nine.open/objects/";
        let (status, answer) = ask(poland, korea, request, (token, &body));
        assert!([202, 400, 422].contains(&status), "{status}: {answer}");
        let answer: Value = serde_json::from_str(&answer).unwrap();
        count += answer["success_count"].as_u64().unwrap_or(0);
    }
    usize::try_from(count).unwrap()
}

pub(super) fn no_mutation_of_markings_is_at_a_nation_more(members: &[Member]) {
    let (korea, poland) = (&members[0], &members[8]);
    let mut dice = Dice(3);
    let originals: Vec<Marked> = (0..OBJECTS).map(|n| marked(&mut dice, n)).collect();
    let whole = originals.iter().flat_map(|one| {
        one.definitions.iter().chain(std::iter::once(&one.object)).cloned().collect::<Vec<_>>()
    });
    import(korea, &lines(whole), &[]);
    let expected: BTreeMap<String, BTreeSet<&str>> = originals
        .iter()
        .map(|one| (id(one), oracle(one)))
        .filter(|(_, to)| !to.is_empty())
        .collect();
    settle(members);
    assert_eq!(have(members, "0c7b"), expected);
    // Korea's people bring them in.
    let all = mutations(&originals);
    let tried = all.limits.len() + all.refused.len();
    import(korea, &all.lines, &[]);
    settle(members);
    assert_eq!(have(members, "0c7b"), expected, "under the original's id");
    let has = have(members, "1c7b");
    let none = BTreeSet::new();
    for (id, (what, limit)) in &all.limits {
        let has = has.get(id).unwrap_or(&none);
        assert!(has.is_subset(limit), "{what}: {id} is at {has:?}, but may at {limit:?}");
        let is_plain = ["stripped", "one stripped", "granular removed", "swapped"].contains(what);
        assert!(!is_plain || has == limit, "{what}: {id} is at {has:?}, not at {limit:?}");
    }
    assert!(!all.refused.iter().any(|id| has.contains_key(id)), "what was refused is somewhere");
    let wide: usize = has.values().map(BTreeSet::len).sum();
    assert!(wide > tried / 10, "hardly anything was released: {wide} of {tried}");
    // A partner posts them.
    let sizes = |of: &Member| -> usize { ledgers(of).values().map(Vec::len).sum() };
    let before: Vec<usize> = members.iter().map(sizes).collect();
    let posted = post(poland, korea, &mutations(&originals[..POSTED]));
    assert!(posted > 1000, "{posted} were taken");
    desk(korea).review(true, &mut |_| ()).unwrap();
    settle(members);
    // Korea passes none on, and the originals are where they were.
    assert_eq!(members.iter().map(sizes).collect::<Vec<_>>(), before);
    assert_eq!(have(members, "0c7b"), expected);
    assert_eq!(have(members, "7c7b"), BTreeMap::new());
    println!(
        "{tried} mutations of {OBJECTS} objects, each under two ids; {posted} posted; {wide} times at \
         a nation"
    );
}
