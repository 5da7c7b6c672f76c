//! The shipped programme against a second telling of it, written by hand from what it is meant to
//! say and not from the file.

use entente_object::marking::Tlp;
use entente_programme::Area;
use entente_release::decide::{Terms, TermsRefusal};
use entente_release::{Label, Policy};

use crate::fixture::{adopt, in_2024, label, nation, shipped};

const PARTIES: [&str; 9] = ["KOR", "USA", "GBR", "ITA", "DNK", "NLD", "CZE", "ROU", "POL"];

/// One of each kind that the terms tell apart, and some that they do not.
const TYPES: [&str; 16] = [
    "indicator",
    "ipv4-addr",
    "relationship",
    "sighting",
    "identity",
    "location",
    "report",
    "note",
    "incident",
    "vulnerability",
    "course-of-action",
    "software",
    "observed-data",
    "x-custom",
    "artifact",
    "entente-commitment",
];

/// Onward release and a caveat on the label.
const VARIANTS: [(bool, Option<&str>); 5] = [
    (false, None),
    (true, None),
    (false, Some("law-enforcement-only")),
    (false, Some("no-attribution")),
    (true, Some("exercise-use-only")),
];

#[derive(Clone, Copy)]
struct Case<'a> {
    from: &'a str,
    to: &'a str,
    tlp: Tlp,
    kind: &'a str,
    onward: bool,
    caveat: Option<&'a str>,
}

fn intelligence(kind: &str) -> bool {
    let named = ["indicator", "identity", "location", "course-of-action", "observed-data"];
    let observables = ["ipv4-addr", "software", "artifact"];
    let links = ["relationship", "sighting"];
    named.contains(&kind) || observables.contains(&kind) || links.contains(&kind)
}

fn assessment(kind: &str) -> bool {
    ["report", "note", "identity", "location"].contains(&kind)
}

fn weakness(kind: &str) -> bool {
    ["vulnerability", "course-of-action", "software", "identity", "relationship", "sighting"]
        .contains(&kind)
}

/// The fewest releasers with which the area lets it go; none if it does not.
fn oracle(area: &str, case: Case<'_>) -> Option<u8> {
    let Case { from, to, tlp, kind, onward, caveat } = case;
    let both = |group: &[&str]| group.contains(&from) && group.contains(&to);
    let up_to = |ceiling| tlp <= ceiling;
    let mut ways: Vec<u8> = Vec::new();
    let mut way = |open: bool, may_travel_on: bool, releasers: u8| {
        if open && (may_travel_on || !onward) {
            ways.push(releasers);
        }
    };
    // What is said about the cooperation itself goes to everybody, in every area.
    way(kind == "entente-commitment" && up_to(Tlp::Amber), false, 0);
    let analysis = kind == "report" || kind == "artifact";
    match area {
        "dialogue-and-consultation" => {
            way(assessment(kind) && up_to(Tlp::Green), false, 0);
            way(assessment(kind) && up_to(Tlp::Amber), false, 1);
        }
        "counter-terrorism" => {
            let body = both(&["KOR", "USA", "GBR", "ITA", "NLD"]);
            let kinds = intelligence(kind) || assessment(kind) || kind == "incident";
            let marked = caveat == Some("law-enforcement-only");
            way(body && kinds && marked && up_to(Tlp::AmberStrict), false, 2);
            way(assessment(kind) && up_to(Tlp::Green), false, 2);
        }
        "arms-control-and-non-proliferation" => {
            way(assessment(kind) && up_to(Tlp::Green), false, 1);
            let few = both(&["KOR", "USA", "DNK", "CZE"]) && caveat == Some("no-attribution");
            let kinds = assessment(kind) || intelligence(kind);
            way(few && kinds && up_to(Tlp::Amber), false, 2);
            way(analysis && up_to(Tlp::Amber), false, 0);
        }
        "emerging-technologies" => {
            way(assessment(kind) && up_to(Tlp::Green), false, 1);
            way(analysis && up_to(Tlp::Amber), false, 0);
        }
        "cyber-defence" => {
            let with_korea = (from == "KOR") != (to == "KOR");
            way(with_korea && intelligence(kind) && up_to(Tlp::Amber), false, 0);
            let inner = with_korea && both(&["KOR", "USA", "GBR", "POL"]);
            let kinds = intelligence(kind) || assessment(kind) || kind == "incident";
            way(inner && kinds && up_to(Tlp::AmberStrict), false, 1);
            way(weakness(kind) && up_to(Tlp::Green), true, 0);
            way((assessment(kind) || kind == "incident") && up_to(Tlp::Amber), false, 1);
        }
        "capability-development-and-interoperability" => {
            let partners = both(&["KOR", "USA", "GBR", "NLD", "CZE", "ROU", "POL"]);
            way(partners && assessment(kind) && up_to(Tlp::Amber), false, 1);
            way(partners && weakness(kind) && up_to(Tlp::AmberStrict), false, 2);
        }
        "practical-cooperation-for-interoperability" => {
            way(up_to(Tlp::Green), true, 0);
            let lesson = assessment(kind) || kind == "incident";
            let marked = caveat == Some("exercise-use-only");
            way(lesson && marked && up_to(Tlp::Amber), false, 1);
        }
        "science-and-technology" | "women-peace-and-security" => {
            way(assessment(kind) && up_to(Tlp::Green), true, 0);
        }
        "climate-change-and-security" => {
            let kinds = assessment(kind) || kind == "observed-data";
            way(kinds && up_to(Tlp::Green), true, 0);
        }
        "public-diplomacy" => way(up_to(Tlp::Clear), true, 0),
        other => panic!("the oracle does not know {other}"),
    }
    ways.into_iter().min()
}

#[test]
fn every_area_nation_level_and_type_is_as_told() {
    let policies = adopt(vec![shipped()], &[]).unwrap();
    let mut permitted = 0;
    for area in shipped().areas() {
        let name = format!("rok-nato-itpp-2023/{}", area.id);
        for (from, tlp) in PARTIES.iter().flat_map(|from| Tlp::ALL.map(|tlp| (*from, tlp))) {
            for (onward, caveat) in VARIANTS {
                let mut label = label(from, tlp, &[&name]);
                label.onward = onward;
                label.caveats = caveat.into_iter().map(|caveat| caveat.parse().unwrap()).collect();
                for (to, kind) in PARTIES.iter().flat_map(|to| TYPES.map(|kind| (*to, kind))) {
                    let case = Case { from, to, tlp, kind, onward, caveat };
                    permitted += usize::from(agrees(&policies, &label, area.id.as_str(), case));
                }
            }
        }
    }
    assert_eq!(permitted, 63_308);
}

/// Whether it may go; fails if the programme and the oracle differ.
fn agrees(policies: &dyn Policy, label: &Label, area: &str, case: Case<'_>) -> bool {
    let Case { from, to, tlp, kind, onward, caveat } = case;
    let expected = oracle(area, case);
    let answer = policies.terms(label, kind, nation(to), in_2024());
    let found = match answer {
        Terms::Permit { releasers, .. } => Some(releasers),
        Terms::Refuse { refusal, .. } => {
            assert_eq!(refusal, TermsRefusal::Terms);
            None
        }
    };
    assert_eq!(found, expected, "{area}: {from} to {to}, {tlp}, {kind}, {onward}, {caveat:?}");
    found.is_some()
}

#[test]
fn tlp_red_never_goes_to_anybody() {
    let policies = adopt(vec![shipped()], &[]).unwrap();
    for area in shipped().areas() {
        let label = label("KOR", Tlp::Red, &[&format!("rok-nato-itpp-2023/{}", area.id)]);
        for (to, kind) in PARTIES.iter().flat_map(|to| TYPES.map(|kind| (*to, kind))) {
            let answer = policies.terms(&label, kind, nation(to), in_2024());
            assert!(matches!(answer, Terms::Refuse { refusal: TermsRefusal::Terms, .. }));
        }
    }
}

/// What makes the demonstration worth looking at.
#[test]
fn the_eight_partners_get_different_views() {
    let policies = adopt(vec![shipped()], &[]).unwrap();
    let areas = shipped();
    let view = |to: &str| {
        let mut view = String::new();
        for area in areas.areas() {
            let name = format!("rok-nato-itpp-2023/{}", area.id);
            for (tlp, kind) in Tlp::ALL.iter().flat_map(|tlp| TYPES.map(|kind| (*tlp, kind))) {
                let mut label = label("KOR", tlp, &[&name]);
                let caveats = ["law-enforcement-only", "no-attribution"];
                label.caveats = caveats.map(|caveat| caveat.parse().unwrap()).into();
                match policies.terms(&label, kind, nation(to), in_2024()) {
                    Terms::Permit { releasers, .. } => view.push_str(&releasers.to_string()),
                    Terms::Refuse { .. } => view.push('-'),
                }
            }
        }
        view
    };
    let views: std::collections::BTreeSet<String> =
        PARTIES[1..].iter().map(|to| view(to)).collect();
    assert_eq!(views.len(), 8);
}

/// Between Korea and the eight most goes as in the first version; between two of the eight nothing
/// but what is said about the cooperation itself goes at AMBER without a person.
#[test]
fn between_two_of_the_eight_only_cooperation_flows_by_itself_in_cyber_defence() {
    let policies = adopt(vec![shipped()], &[]).unwrap();
    let label = label("POL", Tlp::Amber, &["rok-nato-itpp-2023/cyber-defence"]);
    let by_itself = |kind: &&str| {
        let answer = policies.terms(&label, kind, nation("USA"), in_2024());
        matches!(answer, Terms::Permit { releasers: 0, .. })
    };
    let kinds: Vec<&str> = TYPES.into_iter().filter(by_itself).collect();
    assert_eq!(kinds, ["entente-commitment"]);
}

#[test]
fn every_area_has_measures_that_somebody_else_assesses() {
    let programme = shipped();
    for area in programme.areas() {
        assert!(area.measures().count() > 0, "{}", area.id);
        assert!(area.measures().all(|measure| !area.assessors(measure).is_empty()), "{}", area.id);
    }
    let items = programme.areas().iter().flat_map(Area::items).count();
    assert_eq!((programme.areas().iter().flat_map(Area::measures).count(), items), (20, 80));
}

/// The steps that were reported, by when.
#[test]
fn the_reported_milestones_are_those_of_public_reporting() {
    let programme = shipped();
    let mut reported = Vec::new();
    for measure in programme.areas().iter().flat_map(Area::measures) {
        for milestone in &measure.milestones {
            let Some(date) = milestone.reported else { continue };
            assert!(!milestone.item.sources.is_empty(), "{} cites nothing", milestone.item.id);
            reported.push(format!("{date} {}", milestone.item.id));
        }
    }
    reported.sort();
    assert_eq!(
        reported,
        [
            "2023-02 staff-talks-2023",
            "2023-06 airworthiness-process",
            "2023-07 bices-announced",
            "2023-12 cyber-coalition-2023",
            "2023-12-13 seoul-consultation-2023",
            "2024-07 airworthiness-agreement",
            "2024-11 cyber-dialogue-2024",
            "2025-06 defence-industry-body-agreed",
        ]
    );
}

/// What is not public says so: whoever reads the file must not take it for the programme's text.
#[test]
fn a_measure_without_a_source_is_called_an_illustration() {
    for area in shipped().areas() {
        let objective = &area.objectives[0].item;
        let says_so = |text: &Option<String>| {
            text.as_ref()
                .is_some_and(|text| text.contains("llustration") || text.contains("illustration"))
        };
        for measure in area.measures().filter(|measure| measure.item.sources.is_empty()) {
            let told = says_so(&measure.item.background) || says_so(&objective.background);
            assert!(told, "{}", measure.item.id);
        }
        for milestone in area.measures().flat_map(|measure| &measure.milestones) {
            let told = milestone.reported.is_some() || milestone.verify.contains("Illustration");
            assert!(told, "{}", milestone.item.id);
        }
    }
}
