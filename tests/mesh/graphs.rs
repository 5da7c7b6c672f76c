//! Row 5: of random graphs that Korea brings in, each partner's node has what a naive reading of the
//! rule gives it, and no byte of what it was given or has on its disk stands for anything else.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use entente_object::clock::{Clock as _, SystemClock};
use entente_object::id::Id;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::{ask, import};
use crate::dice::Dice;
use crate::graph::{
    edition, graph, label, mentions, oracle, own_traces, public, some_nations, traces,
};
use crate::member::{Member, nation, puts, settle};
use crate::objects::lines;

const GRAPHS: usize = 1_000;
const LEVELS: [&str; 4] = ["clear", "green", "amber", "amber+strict"];

/// What Korea brought in, and who may have it.
#[derive(Default)]
struct Brought {
    texts: BTreeMap<String, String>,
    ids: BTreeMap<String, String>,
    traces: BTreeMap<String, BTreeSet<String>>,
    may: BTreeMap<&'static str, BTreeSet<String>>,
}

impl Brought {
    /// What stands for what a partner may not have, as text and as the first 16 bytes of what may
    /// stand for it in a file: UUID, digest of the object, hash in the object.
    fn withheld(&self, partner: &str) -> (BTreeSet<String>, BTreeSet<[u8; 16]>) {
        let may = &self.may[partner];
        let mut known = public().clone();
        let mut known_bytes = BTreeSet::new();
        let (mut withheld, mut bytes) = (BTreeSet::new(), BTreeSet::new());
        for (edition, traces) in &self.traces {
            let first = |all: &[u8]| <[u8; 16]>::try_from(&all[..16]).unwrap();
            let id = &self.ids[edition];
            let mut stands: BTreeSet<[u8; 16]> = [*Id::parse(id).unwrap().uuid.as_bytes()].into();
            stands.insert(first(&Sha256::digest(&self.texts[edition])));
            for hash in traces.iter().filter(|trace| trace.len() == 64) {
                let byte = |at: usize| u8::from_str_radix(&hash[2 * at..2 * at + 2], 16).unwrap();
                stands.insert(std::array::from_fn(byte));
            }
            let (texts, all) = if may.contains(edition) {
                (&mut known, &mut known_bytes)
            } else {
                (&mut withheld, &mut bytes)
            };
            texts.extend(traces.iter().cloned());
            all.extend(stands);
        }
        withheld.retain(|trace| !known.contains(trace));
        bytes.retain(|trace| !known_bytes.contains(trace));
        (withheld, bytes)
    }
}

/// Brings a thousand graphs into Korea's node by command, one import for each label put on them.
fn bring(korea: &Member) -> Brought {
    let (now, mut dice) = (SystemClock.now(), Dice(5));
    let before: Vec<Value> = (10..16).map(|n| label(&mut dice, (GRAPHS, n), now)).collect();
    let groups: Vec<Vec<&str>> = (0..4).map(|_| some_nations(&mut dice)).collect();
    import(korea, &lines(before.clone()), &[]);
    let mut brought = Brought::default();
    let mut batches: BTreeMap<_, (Vec<Value>, Vec<Value>)> = BTreeMap::new();
    for number in 0..GRAPHS {
        let graph = graph(&mut dice, number, now, (&before, &groups));
        for object in graph.all() {
            let edition = edition(object);
            brought.ids.insert(edition.clone(), object["id"].as_str().unwrap().to_owned());
            brought.traces.insert(edition.clone(), own_traces(object));
            brought.texts.insert(edition, object.to_string());
        }
        for (partner, may) in oracle(&graph, &now.to_stix()) {
            brought.may.entry(partner).or_default().extend(may);
        }
        let (versions, rest) = batches.entry(graph.applied).or_default();
        versions.extend(graph.versions);
        rest.extend(graph.objects);
    }
    for (applied, (mut objects, mut rest)) in batches {
        dice.shuffle(&mut objects);
        dice.shuffle(&mut rest);
        objects.append(&mut rest);
        let nations = applied.as_ref().map(|(_, nations)| nations.join(","));
        let mut args = Vec::new();
        if let (Some((level, _)), Some(nations)) = (&applied, &nations) {
            args.extend(["--programme", "nine", "--area", "open", "--tlp", LEVELS[*level]]);
            if !nations.is_empty() {
                args.extend(["--rel-to", nations]);
            }
        }
        import(korea, &lines(objects), &args);
    }
    brought
}

/// All that Korea's node gives a partner: the ledger as a node reads it, and every collection as a
/// TAXII client does.
fn given(korea: &Member, partner: &Member) -> String {
    let mut given = String::new();
    let mut from = 0;
    loop {
        let (status, page) =
            ask(partner, korea, &format!("GET /peer/ledger?from={from}"), ("", ""));
        assert!([200, 204].contains(&status), "{status}: {page}");
        given.push_str(&page);
        let count = serde_json::from_str::<Value>(&page)
            .map_or(0, |page| page["entries"].as_array().unwrap().len());
        if count == 0 {
            break;
        }
        from += count;
    }
    let token = korea.node.json(&["token", "issue", partner.code]);
    let token = token["token"].as_str().unwrap();
    let get = |path: &str| ask(partner, korea, &format!("GET {path}"), (token, ""));
    let (status, collections) = get("/entente/collections/");
    assert_eq!(status, 200, "{collections}");
    given.push_str(&collections);
    let collections: Value = serde_json::from_str(&collections).unwrap();
    for collection in collections["collections"].as_array().unwrap() {
        for kind in ["objects", "manifest"] {
            let id = collection["id"].as_str().unwrap();
            let path = format!("/entente/collections/{id}/{kind}/?match[version]=all&limit=10000");
            let mut next = String::new();
            loop {
                let (status, page) = get(&format!("{path}{next}"));
                assert_eq!(status, 200, "{path}: {page}");
                given.push_str(&page);
                let page: Value = serde_json::from_str(&page).unwrap();
                let Some(more) = page["next"].as_str() else { break };
                next = format!("&next={more}");
            }
        }
    }
    let (status, epochs) = ask(partner, korea, "GET /peer/epochs?from=0&received=0", ("", ""));
    assert!(status < 500, "{epochs}");
    given + &epochs
}

/// The store of a node as it lies on the disk.
fn bytes_of(member: &Member) -> Vec<u8> {
    let mut all = Vec::new();
    for name in ["entente.db", "entente.db-wal", "signed"] {
        all.extend(fs::read(member.node.folder().join(name)).unwrap_or_default());
    }
    assert!(all.len() > 100_000, "{} has hardly a store", member.code);
    all
}

/// Which of these stand anywhere in bytes.
fn standing_in(bytes: &[u8], needles: &BTreeSet<[u8; 16]>) -> Vec<[u8; 16]> {
    let number = |a: u8, b: u8, c: u8| usize::from(a) << 16 | usize::from(b) << 8 | usize::from(c);
    let mut first = vec![false; 1 << 24];
    for needle in needles {
        first[number(needle[0], needle[1], needle[2])] = true;
    }
    let mut found = Vec::new();
    for window in bytes.windows(16) {
        if first[number(window[0], window[1], window[2])] && needles.contains(window) {
            found.push(window.try_into().unwrap());
        }
    }
    found
}

/// Text of which everything that is none is a space.
fn as_text(bytes: &[u8]) -> String {
    let plain = |byte: &u8| if byte.is_ascii() { char::from(*byte) } else { ' ' };
    bytes.iter().map(plain).collect()
}

fn holds_no_trace(brought: &Brought, korea: &Member, member: &Member) -> usize {
    let code = member.code;
    let (withheld, withheld_bytes) = brought.withheld(code);
    assert!(withheld.len() > 1000, "hardly anything is withheld from {code}");
    // What its node took.
    let here = puts(member).into_iter().filter(|(by, _)| *by == nation("KOR"));
    let here: Vec<Value> = here.map(|(_, text)| serde_json::from_str(&text).unwrap()).collect();
    let seen: BTreeSet<String> =
        here.iter().map(edition).filter(|edition| brought.ids.contains_key(edition)).collect();
    let may = &brought.may[code];
    let too_much: Vec<_> = seen.difference(may).collect();
    let too_little: Vec<_> = may.difference(&seen).collect();
    assert!(too_much.is_empty(), "{code}: {too_much:?}");
    assert!(too_little.is_empty(), "{code}: {too_little:?}");
    // Nothing in it points to what is not.
    let dangling: Vec<_> =
        here.iter().flat_map(mentions).filter(|id| withheld.contains(id)).collect();
    assert!(dangling.is_empty(), "{code}: {dangling:?}");
    // What it was given, and what is on its disk.
    for (what, text) in
        [("given", given(korea, member)), ("on the disk", as_text(&bytes_of(member)))]
    {
        let found = traces(&text);
        let leaks: Vec<_> = found.intersection(&withheld).collect();
        assert!(leaks.is_empty(), "{code}, {what}: {leaks:?}");
        // The scan sees what is there.
        let known = may.iter().flat_map(|edition| &brought.traces[edition]);
        let known: BTreeSet<&String> = known.collect();
        let seen = known.iter().filter(|trace| found.contains(**trace)).count();
        assert!(seen * 10 > known.len() * 9, "{code}, {what}: {seen} of {}", known.len());
    }
    let leaks = standing_in(&bytes_of(member), &withheld_bytes);
    assert!(leaks.is_empty(), "{code}: {leaks:02x?}");
    seen.len()
}

pub(super) fn nobody_has_a_trace_of_what_it_may_not_have(members: &[Member]) {
    let korea = &members[0];
    let brought = bring(korea);
    settle(members);
    // What Korea has withheld is on Korea's disk, where the scan finds it.
    let (withheld, bytes) = brought.withheld("POL");
    let on_disk = bytes_of(korea);
    assert!(standing_in(&on_disk, &bytes).len() * 2 > bytes.len(), "the scan does not see");
    assert!(traces(&as_text(&on_disk)).intersection(&withheld).count() * 10 > withheld.len() * 9);
    let released: usize =
        members[1..].iter().map(|member| holds_no_trace(&brought, korea, member)).sum();
    println!("{GRAPHS} graphs, {} objects, {released} of them at one of 8", brought.ids.len());
    assert!(released > brought.ids.len(), "hardly anything was released: the test shows nothing");
}
