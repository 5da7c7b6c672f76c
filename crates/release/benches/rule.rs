//! What the rule costs: one decision at most 1 µs, a look-up of an answer far less.

use std::collections::BTreeSet;

use divan::{Bencher, black_box};
use entente_object::marking::Tlp;
use entente_object::time::Timestamp;
use entente_release::approval::ApprovalState;
use entente_release::decide::{Clause, Mentions, Provenance, Question, Terms, decide, explain};
use entente_release::label::{Faults, PermittedActions, Under, Window};
use entente_release::name::Caveat;
use entente_release::partner::{Channel, Standing, Subscription};
use entente_release::policy::{PolicyVersion, World, recipients};
use entente_release::{
    Label, Nation, NationSet, Partner, PartnerIndex, PartnerSet, Policy, label_marking,
};

fn main() {
    divan::main();
}

const NATIONS: [&str; 8] = ["CZE", "DEU", "EST", "FRA", "GBR", "NLD", "POL", "USA"];

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_unix_micros(seconds * 1_000_000)
}

/// The parsed names; a benchmark without them measures nothing.
fn parse<T: std::str::FromStr>(names: &[&str]) -> Vec<T> {
    let parsed: Vec<T> = names.iter().filter_map(|name| name.parse().ok()).collect();
    assert_eq!(parsed.len(), names.len(), "{names:?}");
    parsed
}

fn under(area: &str) -> Under {
    let mut areas = parse(&[area]);
    let mut programmes = parse(&["rok-nato-itpp-2023"]);
    match (programmes.pop(), areas.pop()) {
        (Some(programme), Some(area)) => Under { programme, area },
        _ => unreachable!("parsed above"),
    }
}

/// A label with something in every field, for all eight.
fn label() -> Label {
    Label {
        originator: Nation::KOR,
        tlp: Tlp::AmberStrict,
        rel_to: parse(&NATIONS).into_iter().collect::<NationSet>(),
        under: BTreeSet::from([under("cyber-defence"), under("emerging-technology")]),
        caveats: parse(&["law-enforcement-only", "no-foreign-contractors"]).into_iter().collect(),
        actions: PermittedActions::InternallyVisible,
        exercise: None,
        window: Window { not_before: Some(at(10)), not_after: Some(at(1_000)) },
        onward: false,
        faults: Faults::NONE,
    }
}

fn caveats() -> BTreeSet<Caveat> {
    parse(&["law-enforcement-only", "no-foreign-contractors"]).into_iter().collect()
}

/// Eight partners who may all have it.
fn partners() -> Vec<Partner> {
    let nations = parse(&NATIONS).into_iter();
    let partner = |(index, nation)| Partner {
        index,
        nation,
        standing: Standing::Active,
        credential: Window { not_before: Some(at(0)), not_after: Some(at(2_000)) },
        caveats: caveats(),
        exercises: BTreeSet::new(),
        subscription: Subscription::Areas(label().under),
    };
    PartnerIndex::all().zip(nations).map(partner).collect()
}

fn permit() -> Terms {
    Terms::Permit {
        clause: Clause("rok-nato-itpp-2023, area cyber-defence, terms 2".to_owned()),
        releasers: 0,
    }
}

/// Permits everything: what is left is the rule.
struct Everything;

impl Policy for Everything {
    fn version(&self) -> PolicyVersion {
        PolicyVersion::default()
    }

    fn terms(&self, _: &Label, _: &str, _: Nation, _: Timestamp) -> Terms {
        permit()
    }

    fn steady(&self, _: Timestamp) -> Window {
        Window::default()
    }
}

/// Hands `run` a question that is allowed, but for the mentions.
fn ask(mentions: Mentions, run: impl FnOnce(Question<'_>)) {
    let (label, channel, terms) = (label(), Channel::default(), permit());
    if let Some(partner) = partners().first() {
        run(Question {
            label: &label,
            provenance: Provenance::Verified(Nation::KOR),
            here: Nation::KOR,
            partner,
            channel: &channel,
            now: at(100),
            terms: &terms,
            approval: ApprovalState::Missing,
            mentions,
        });
    }
}

#[divan::bench]
fn decide_allow(bencher: Bencher<'_, '_>) {
    ask(Mentions::Releasable, |question| {
        bencher.bench_local(|| decide(black_box(&question)));
    });
}

/// The dearest denial: eleven conditions are looked at.
#[divan::bench]
fn decide_deny(bencher: Bencher<'_, '_>) {
    ask(Mentions::Withheld, |question| {
        bencher.bench_local(|| decide(black_box(&question)));
    });
}

#[divan::bench]
fn explain_allow(bencher: Bencher<'_, '_>) {
    ask(Mentions::Releasable, |question| {
        bencher.bench_local(|| explain(black_box(&question)));
    });
}

#[divan::bench]
fn recipients_of_eight(bencher: Bencher<'_, '_>) {
    let (label, partners, channel) = (label(), partners(), Channel::default());
    let world = World {
        here: Nation::KOR,
        partners: &partners,
        channel: &channel,
        policy: &Everything,
        now: at(100),
    };
    let provenance = Provenance::Verified(Nation::KOR);
    bencher.bench_local(|| recipients(black_box(&label), "indicator", provenance, &world));
}

#[divan::bench]
fn combine_two(bencher: Bencher<'_, '_>) {
    let (one, other) = (label(), label());
    bencher.bench_local(|| black_box(&one).combine(black_box(&other)));
}

#[divan::bench]
fn label_id(bencher: Bencher<'_, '_>) {
    let label = label();
    bencher.bench_local(|| label_marking::id(black_box(&label)));
}

/// Reading: the answer was computed when the label was new; a bit is tested.
#[divan::bench]
fn cached_bit(bencher: Bencher<'_, '_>) {
    let answers: Vec<PartnerSet> =
        (0..1_000_u64).map(|label| PartnerSet::from_bits(label | 0b1000)).collect();
    let partner = PartnerIndex::new(3);
    bencher.bench_local(|| {
        let answer = black_box(&answers).get(black_box(700));
        answer.zip(partner).is_some_and(|(set, partner)| set.contains(partner))
    });
}
