//! What another programme would release, against what is released when it is adopted.

use std::collections::BTreeMap;

use entente_intake::acts::{ImportAct, kind};
use entente_intake::{Compared, ReleaseChange, ReleaseDifference};
use entente_log::journal::Journal as _;
use entente_object::marking::Tlp;
use entente_programme::Programme;
use entente_release::Nation;
use serde_json::{Value, json};

use crate::dice::Dice;
use crate::fixture::{Node, applied_in, approve, object, people};
use crate::nations::{PARTNERS, nine};

const TIME: &str = "2023-12-01T00:00:00.000Z";

fn malware(n: u64, modified: &str) -> Value {
    json!({
        "type": "malware", "spec_version": "2.1", "created": TIME, "modified": modified,
        "id": format!("malware--0c7b5b88-8ff7-4a4d-aa9d-feb398cd{n:04x}"), "name": "m", "is_family": true,
    })
}

fn relationship(n: u64, source: u64, target: u64) -> Value {
    json!({
        "type": "relationship", "spec_version": "2.1", "created": TIME, "modified": TIME,
        "id": format!("relationship--1c7b5b88-8ff7-4a4d-aa9d-feb398cd{n:04x}"),
        "relationship_type": "related-to", "source_ref": malware(source, TIME)["id"],
        "target_ref": malware(target, TIME)["id"],
    })
}

/// What may stand in a programme instead of what stands in [`nine`].
const VARIANTS: [&[(&str, &str)]; 7] = [
    &[],
    &[(
        "to = [\"parties\"]\nceiling = \"amber\"\ntypes = [\"any\"]\nreleasers = 0",
        "to = [\"USA\", \"POL\", \"KOR\"]\nceiling = \"amber\"\ntypes = [\"any\"]\nreleasers = 0",
    )],
    &[(
        "ceiling = \"amber\"\ntypes = [\"any\"]\nreleasers = 0",
        "ceiling = \"green\"\ntypes = [\"any\"]\nreleasers = 0",
    )],
    &[(
        "ceiling = \"amber\"\ntypes = [\"any\"]\nreleasers = 0",
        "ceiling = \"amber\"\ntypes = [\"relationship\"]\nreleasers = 0",
    )],
    &[(
        "ceiling = \"amber\"\ntypes = [\"any\"]\nreleasers = 0",
        "ceiling = \"amber\"\ntypes = [\"any\"]\nreleasers = 1",
    )],
    &[(
        "to = [\"USA\", \"GBR\"]\nceiling = \"amber+strict\"\ntypes = [\"any\"]\nreleasers = 1",
        "to = [\"USA\", \"GBR\"]\nceiling = \"amber+strict\"\ntypes = [\"any\"]\nreleasers = 0",
    )],
    &[(
        "to = [\"POL\"]\nceiling = \"amber+strict\"\ntypes = [\"any\"]\nreleasers = 2",
        "to = [\"POL\"]\nceiling = \"amber+strict\"\ntypes = [\"malware\"]\nreleasers = 1",
    )],
];

fn variant(number: usize) -> String {
    let mut text = nine();
    for (from, to) in VARIANTS[number] {
        assert!(text.contains(from), "{from}");
        text = text.replacen(from, to, 1);
    }
    text
}

fn difference(node: &mut Node, old: &str, new: &str, exact: bool) -> ReleaseDifference {
    let read = |text: &str| Programme::parse(text, "nine.toml").unwrap();
    let (old, new) = (read(old), read(new));
    node.desk
        .release_difference(&Compared { old: Some(&old), new: &new, examples: 2, exact })
        .unwrap()
}

/// Malware in versions and relationships, under labels of every height and with some recipients.
fn filled(text: &str, seed: u64) -> Node {
    let mut node = Node::with(text, &PARTNERS);
    let mut random = Dice(seed);
    for n in 0..40 {
        let value = match random.below(3) {
            0 => relationship(n, random.next() % 40, random.next() % 40),
            1 => malware(n, TIME),
            _ => malware(random.next() % 20, "2023-12-02T00:00:00.000Z"),
        };
        let tlp = [Tlp::Clear, Tlp::Green, Tlp::Amber, Tlp::AmberStrict][random.below(4)];
        let rel_to: Vec<&str> = PARTNERS.into_iter().filter(|_| random.once_in(2)).collect();
        node.desk
            .take(vec![object(&value)], Nation::KOR, Some(&applied_in("nine/open", tlp, &rel_to)))
            .unwrap();
    }
    node
}

type Counts = BTreeMap<(String, String, String), u64>;

/// What is released more, as told.
fn told(difference: &ReleaseDifference) -> Counts {
    let mut counts = Counts::new();
    for count in difference.counts.iter().filter(|count| count.change == ReleaseChange::More) {
        let key = (count.partner.to_string(), count.label.clone(), count.object_type.clone());
        *counts.entry(key).or_default() += count.count;
    }
    counts
}

/// What is released more once it is adopted and everything is decided anew.
fn done(node: &mut Node, new: &str) -> Counts {
    assert!(node.desk.review(false, &mut |_| ()).unwrap().groups.is_empty());
    node.adopt(new);
    let mut counts = Counts::new();
    for ((label, object_type, nations), count) in
        node.desk.review(true, &mut |_| ()).unwrap().groups
    {
        for nation in nations {
            let key = (nation.to_string(), label.clone(), object_type.clone());
            *counts.entry(key).or_default() += count;
        }
    }
    counts
}

#[test]
fn what_is_told_exactly_is_what_is_released_when_it_is_adopted() {
    let mut released = 0;
    for seed in 1..=2 {
        for (old, new) in
            (0..VARIANTS.len()).flat_map(|old| [(old, 0), (0, old), (old, 4), (2, old)])
        {
            let (old, new) = (variant(old), variant(new));
            let mut node = filled(&old, seed);
            let size = node.desk.home().tip();
            let (most, exact) =
                (difference(&mut node, &old, &new, false), difference(&mut node, &old, &new, true));
            assert_eq!(node.desk.home().tip(), size, "asking appends nothing");
            let (exact, done) = (told(&exact), done(&mut node, &new));
            assert_eq!(exact, done, "{seed}");
            for (key, count) in &exact {
                // What waits for what would be released now may follow: that is not in the most.
                let at_most = told(&most).get(key).copied().unwrap_or(0);
                assert!(at_most >= *count || key.2 == "relationship", "{key:?}: {at_most} {count}");
            }
            released += done.values().sum::<u64>();
        }
    }
    assert!(released > 250, "{released}");
}

fn shown(difference: &ReleaseDifference) -> Vec<String> {
    let shown = difference.counts.iter().map(|count| {
        let change = count.change;
        format!(
            "{} {change:?} {} {}: {:?}",
            count.partner,
            count.object_type,
            count.count,
            count.examples.len()
        )
    });
    shown.collect()
}

#[test]
fn each_kind_of_change_is_counted_apart() {
    let label = |tlp| applied_in("nine/open", tlp, &["USA", "GBR", "POL"]);
    let mut node = Node::with(&nine(), &["USA", "GBR", "POL"]);
    let mut take = |value: Value, tlp| {
        node.desk.take(vec![object(&value)], Nation::KOR, Some(&label(tlp))).unwrap();
    };
    (0..3).for_each(|n| take(malware(n, TIME), Tlp::Amber));
    take(malware(3, TIME), Tlp::AmberStrict);
    take(relationship(9, 0, 30), Tlp::Amber);
    let (old, green) = (nine(), variant(2));
    // AMBER is above the first entry's new ceiling, and below those that ask for releasers: who has it
    // keeps it; the relationship waits for what is not here, and would have to be approved too.
    assert_eq!(
        shown(&difference(&mut node, &old, &green, false)),
        [
            "GBR NeedsApproval(1) relationship 1: 1",
            "POL NeedsApproval(2) relationship 1: 1",
            "USA NeedsApproval(1) relationship 1: 1",
        ]
    );
    let strict = variant(5);
    let told = difference(&mut node, &old, &strict, true);
    assert_eq!(shown(&told), ["GBR More malware 1: 1", "USA More malware 1: 1",]);
    assert_eq!((told.objects, told.voided, told.exact), (5, 0, true));
    let closed = nine().replace(
        "ceiling = \"amber+strict\"\ntypes = [\"any\"]\nreleasers",
        "ceiling = \"amber+strict\"\ntypes = [\"tool\"]\nreleasers",
    );
    let closed =
        closed.replacen("types = [\"any\"]\nreleasers = 0", "types = [\"tool\"]\nreleasers = 0", 1);
    assert_eq!(
        shown(&difference(&mut node, &old, &closed, false)),
        [
            "GBR Less malware 1: 1",
            "GBR Less relationship 1: 1",
            "GBR LessNewer malware 3: 2",
            "POL Less malware 1: 1",
            "POL Less relationship 1: 1",
            "POL LessNewer malware 3: 2",
            "USA Less malware 1: 1",
            "USA Less relationship 1: 1",
            "USA LessNewer malware 3: 2",
        ]
    );
    let fewer = variant(6);
    assert_eq!(
        shown(&difference(&mut node, &old, &fewer, false)),
        ["POL OtherApproval(2, 1) malware 1: 1"]
    );
}

#[test]
fn what_is_permitted_and_mentions_what_is_not_is_told_as_withheld() {
    let mut node = Node::with(&variant(2), &["POL"]);
    let label = |tlp| applied_in("nine/open", tlp, &["POL"]);
    for (value, tlp) in [(malware(1, TIME), Tlp::AmberStrict), (relationship(2, 1, 1), Tlp::Amber)]
    {
        node.desk.take(vec![object(&value)], Nation::KOR, Some(&label(tlp))).unwrap();
    }
    // The relationship has the label of what it refers to, so it is as strict: nothing is more.
    assert!(difference(&mut node, &variant(2), &nine(), true).counts.is_empty());
    let opened = variant(2).replace(
        "to = [\"POL\"]\nceiling = \"amber+strict\"\ntypes = [\"any\"]\nreleasers = 2",
        "to = [\"POL\"]\nceiling = \"amber+strict\"\ntypes = [\"relationship\"]\nreleasers = 0",
    );
    assert_eq!(
        shown(&difference(&mut node, &variant(2), &opened, true)),
        ["POL MoreWithheld relationship 1: 1", "POL Less malware 1: 1"]
    );
    assert_eq!(
        shown(&difference(&mut node, &variant(2), &opened, false)),
        ["POL More relationship 1: 1", "POL Less malware 1: 1"]
    );
}

#[test]
fn approvals_that_would_be_void_are_counted() {
    let mut node = Node::with(&nine(), &["POL"]);
    let people = people(&mut node, &["kim", "lee"]);
    let first = node.desk.home().tip().next;
    let label = applied_in("nine/open", Tlp::AmberStrict, &["POL"]);
    let taken = node.desk.take(vec![object(&malware(1, TIME))], Nation::KOR, Some(&label)).unwrap();
    let entente_intake::Outcome::Taken { seq, .. } = taken.outcomes[0] else { panic!("taken") };
    let end = node.desk.home().tip().next;
    node.desk.record(kind::IMPORT, &ImportAct { author: "other".into(), first, end }).unwrap();
    assert_eq!(difference(&mut node, &nine(), &variant(1), false).voided, 0);
    approve(&mut node, seq, &people[0], |_| ()).unwrap();
    assert_eq!(difference(&mut node, &nine(), &variant(1), false).voided, 1);
}

#[test]
fn a_programme_that_is_not_adopted_yet_releases_only_more() {
    let mut node = filled(&nine(), 3);
    let new = Programme::parse(&nine(), "nine.toml").unwrap();
    let asked = Compared { old: None, new: &new, examples: 0, exact: false };
    let told = node.desk.release_difference(&asked).unwrap();
    assert!(told.counts.iter().all(|count| matches!(
        count.change,
        ReleaseChange::More | ReleaseChange::MoreOnApproval(_)
    )));
    assert!(told.counts.iter().all(|count| count.examples.is_empty()));
}
