//! What the terms cost: one partner, and the recipients of a new label among eight partners
//! (2 ms at most), with the shipped programme and a nation's own caveats.

use std::collections::BTreeSet;

use divan::Bencher;
use entente_object::marking::Tlp;
use entente_object::time::Timestamp;
use entente_programme::{National, Policies, Programme};
use entente_release::decide::Provenance;
use entente_release::label::{Faults, PermittedActions, Under, Window};
use entente_release::partner::{Channel, Standing, Subscription};
use entente_release::policy::{World, recipients};
use entente_release::{Label, Nation, Partner, PartnerIndex, Policy};

const SHIPPED: &str = include_str!("../../../programmes/rok-nato-itpp-2023.toml");

const EIGHT: [&str; 8] = ["USA", "GBR", "ITA", "DNK", "NLD", "CZE", "ROU", "POL"];

const NATIONAL: &str = "
    @id(\"no-victims\") forbid(principal, action, resource)
      when { context.object_type == ObjectType::\"incident\" && context.tlp > 1 };
    @id(\"few\") forbid(principal, action, resource in AreaName::\"counter-terrorism\")
      unless { context.rel_to_size < 5 };
    @id(\"not-to-rou\") forbid(principal == Nation::\"ROU\", action, resource)
      when { context.tlp >= 3 };
    @id(\"exercise\") forbid(principal, action, resource)
      when { context has exercise && context.exercise != Exercise::\"cc23\" };";

fn main() {
    divan::main();
}

/// Reads and compiles everything: paid once when a node starts or adopts.
#[divan::bench]
fn adopt() -> Option<Policies> {
    policies("")
}

/// One decision of Cedar with its request, without and with national caveats.
#[divan::bench(args = [false, true])]
fn one_partner_with_national_file(bencher: Bencher<'_, '_>, national: bool) {
    let national = if national { NATIONAL } else { "" };
    let world = policies(national).zip(label(&["cyber-defence"])).zip("POL".parse::<Nation>().ok());
    if let Some(((policies, label), partner)) = world {
        bencher.bench(|| policies.terms(&label, "indicator", partner, now()));
    }
}

/// The whole rule for eight partners, for labels under one area and under two.
#[divan::bench(args = [1, 2])]
fn eight_partners(bencher: Bencher<'_, '_>, areas: usize) {
    let names = ["cyber-defence", "practical-cooperation-for-interoperability"];
    let under: Vec<&str> = names.into_iter().take(areas).collect();
    let partners: Vec<Partner> = EIGHT.into_iter().zip(0..).filter_map(partner).collect();
    let world = policies(NATIONAL).zip(label(&under)).zip("KOR".parse::<Nation>().ok());
    let Some(((policies, label), here)) = world else { return };
    let channel = Channel::default();
    let world =
        World { here, partners: &partners, channel: &channel, policy: &policies, now: now() };
    bencher.bench_local(|| recipients(&label, "indicator", Provenance::Verified(here), &world));
}

fn policies(national: &str) -> Option<Policies> {
    let programme = Programme::parse(SHIPPED, "rok-nato-itpp-2023.toml").ok()?;
    let national = National::parse(national, "kor.cedar").ok()?;
    Policies::adopt(vec![programme], vec![national]).ok()
}

fn label(areas: &[&str]) -> Option<Label> {
    let under = areas.iter().map(|area| {
        let programme = "rok-nato-itpp-2023".parse().ok()?;
        Some(Under { programme, area: area.parse().ok()? })
    });
    Some(Label {
        originator: "KOR".parse().ok()?,
        tlp: Tlp::Green,
        rel_to: EIGHT.iter().filter_map(|code| code.parse::<Nation>().ok()).collect(),
        under: under.collect::<Option<BTreeSet<Under>>>()?,
        caveats: BTreeSet::new(),
        actions: PermittedActions::InternallyVisible,
        exercise: None,
        window: Window::default(),
        onward: false,
        faults: Faults::NONE,
    })
}

fn partner((code, index): (&str, u8)) -> Option<Partner> {
    Some(Partner {
        index: PartnerIndex::new(index)?,
        nation: code.parse().ok()?,
        standing: Standing::Active,
        credential: Window::default(),
        caveats: BTreeSet::new(),
        exercises: BTreeSet::new(),
        subscription: Subscription::Everything,
    })
}

fn now() -> Timestamp {
    Timestamp::from_unix_micros(1_717_200_000_000_000)
}
