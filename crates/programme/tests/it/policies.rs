//! What adopted programmes say about labels, as tables.

use entente_object::marking::Tlp;
use entente_programme::{PARTIES, Policies, cedar_text};
use entente_release::Policy;
use entente_release::label::Window;

use crate::fixture::{SMALL, adopt, ask, ask_at, both, label, lines, shipped, small, time};

const CYBER: &str = "rok-nato-itpp-2023/cyber-defence";
const AIR: &str = "kor-pol-2024/air";

#[test]
fn refusals_come_in_their_order_and_name_their_clause() {
    let policies = both(&[]);
    let at = |names: &[&str], originator: &str, to: &str| {
        ask(&policies, &label(originator, Tlp::Green, names), "indicator", to)
    };
    for (names, originator, to, expected) in [
        (&[][..], "KOR", "POL", "unknown programme: the label names no programme"),
        (&["no-such-1999/air"], "KOR", "POL", "unknown programme: no-such-1999"),
        (&["kor-pol-2024/sea"], "KOR", "USA", "not party: kor-pol-2024, parties without USA"),
        (&["kor-pol-2024/sea"], "USA", "POL", "not party: kor-pol-2024, parties without USA"),
        (&["kor-pol-2024/sea"], "KOR", "POL", "unknown area: kor-pol-2024/sea"),
        (&[CYBER], "KOR", "FRA", "not party: rok-nato-itpp-2023, parties without FRA"),
        (&[CYBER], "POL", "ROU", "terms: rok-nato-itpp-2023, area cyber-defence"),
        (&[CYBER], "KOR", "ROU", "permit 0: rok-nato-itpp-2023, area cyber-defence, terms 1"),
        (&[CYBER], "ROU", "KOR", "permit 0: rok-nato-itpp-2023, area cyber-defence, terms 3"),
    ] {
        assert_eq!(at(names, originator, to), expected, "{names:?} {originator} to {to}");
    }
}

#[test]
fn a_programme_is_in_force_from_its_first_day_to_the_end_of_its_last() {
    let policies = both(&[]);
    let small = label("KOR", Tlp::Amber, &[AIR]);
    for (now, expected) in [
        ("2023-12-31T23:59:59.999999999Z", "not in force: kor-pol-2024, in force"),
        ("2024-01-01T00:00:00Z", "permit 3: kor-pol-2024, area air, terms 1"),
        ("2024-12-31T23:59:59.999999999Z", "permit 3: kor-pol-2024, area air, terms 1"),
        ("2025-01-01T00:00:00Z", "not in force: kor-pol-2024, in force"),
    ] {
        assert_eq!(ask_at(&policies, &small, "report", "POL", time(now)), expected, "{now}");
    }
}

#[test]
fn the_nearest_borders_hold_the_answers_steady() {
    let policies = both(&[]);
    for (now, from, until) in [
        ("2020-01-01T00:00:00Z", None, Some("2023-07-11T00:00:00Z")),
        ("2023-07-11T00:00:00Z", Some("2023-07-11T00:00:00Z"), Some("2024-01-01T00:00:00Z")),
        ("2024-06-01T00:00:00Z", Some("2024-01-01T00:00:00Z"), Some("2025-01-01T00:00:00Z")),
        ("2025-06-01T00:00:00Z", Some("2025-01-01T00:00:00Z"), Some("2027-01-01T00:00:00Z")),
        ("2027-01-01T00:00:00Z", Some("2027-01-01T00:00:00Z"), None),
    ] {
        let steady = policies.steady(time(now));
        let expected = Window { not_before: from.map(time), not_after: until.map(time) };
        assert_eq!(steady, expected, "{now}");
    }
}

#[test]
fn every_programme_of_a_label_must_permit_and_the_most_releasers_count() {
    let policies = both(&[]);
    let at =
        |tlp, object_type, to| ask(&policies, &label("KOR", tlp, &[CYBER, AIR]), object_type, to);
    let (cyber, air) = ("rok-nato-itpp-2023, area cyber-defence", "kor-pol-2024, area air");
    // Within one area the entry with the fewest releasers counts: "any" at GREEN asks for one.
    let expected = format!("permit 1: {air}, terms 2; {cyber}, terms 1");
    assert_eq!(at(Tlp::Green, "indicator", "POL"), expected);
    let expected = format!("permit 3: {air}, terms 1; {cyber}, terms 1");
    assert_eq!(at(Tlp::Amber, "indicator", "POL"), expected);
    assert_eq!(at(Tlp::Amber, "malware", "POL"), format!("terms: {air}"));
    assert_eq!(at(Tlp::AmberStrict, "indicator", "POL"), format!("terms: {air}"));
    assert_eq!(at(Tlp::Green, "indicator", "USA"), "not party: kor-pol-2024, parties without USA");
    // Inside the area of the inner group a report asks for one releaser, from two entries alike.
    let report = ask(&policies, &label("KOR", Tlp::Amber, &[CYBER]), "report", "POL");
    assert_eq!(report, format!("permit 1: {cyber}, terms 2"));
}

#[test]
fn onward_release_and_caveats_are_part_of_the_terms() {
    let policies = both(&[]);
    let mut onward = label("KOR", Tlp::Green, &[CYBER]);
    onward.onward = true;
    let cyber = "rok-nato-itpp-2023, area cyber-defence";
    assert_eq!(ask(&policies, &onward, "indicator", "POL"), format!("terms: {cyber}"));
    let expected = format!("permit 0: {cyber}, terms 5");
    assert_eq!(ask(&policies, &onward, "vulnerability", "POL"), expected);

    let mut strict = label("KOR", Tlp::AmberStrict, &["rok-nato-itpp-2023/counter-terrorism"]);
    let area = "rok-nato-itpp-2023, area counter-terrorism";
    assert_eq!(ask(&policies, &strict, "report", "USA"), format!("terms: {area}"));
    strict.caveats.insert("law-enforcement-only".parse().unwrap());
    assert_eq!(ask(&policies, &strict, "report", "USA"), format!("permit 2: {area}, terms 1"));
    assert_eq!(ask(&policies, &strict, "report", "POL"), format!("terms: {area}"));
}

#[test]
fn groups_expand_to_nations_and_caveats_are_declared() {
    let policies = both(&["@id(\"a\") @declares(\"eyes-only no-copy\")
        forbid(principal, action, resource) when { context.tlp == 4 };"]);
    let expand = |programme: &str, group: &str| {
        let nations = policies.expand_group(&programme.parse().unwrap(), group)?;
        Some(nations.iter().map(|nation| nation.to_string()).collect::<Vec<_>>().join(" "))
    };
    assert_eq!(expand("kor-pol-2024", PARTIES).as_deref(), Some("KOR POL"));
    let eight = "CZE DNK GBR ITA NLD POL ROU USA";
    assert_eq!(expand("rok-nato-itpp-2023", "nato-eight").as_deref(), Some(eight));
    assert_eq!(expand("kor-pol-2024", "nato-eight"), None);
    assert_eq!(expand("no-such", PARTIES), None);
    let declared = policies.declared_caveats().iter().map(ToString::to_string);
    assert_eq!(
        declared.collect::<Vec<_>>(),
        [
            "exercise-use-only",
            "eyes-only",
            "law-enforcement-only",
            "no-attribution",
            "no-copy",
            "pilots-only"
        ]
    );
    assert_eq!(policies.programmes().count(), 2);
    assert!(policies.programme(&"kor-pol-2024".parse().unwrap()).is_some());
}

#[test]
fn equal_texts_have_equal_versions_in_any_order_and_changed_ones_do_not() {
    let forbid = |id: &str| format!("@id(\"{id}\") forbid(principal, action, resource);");
    let (a, b) = (forbid("a"), forbid("b"));
    let version = |policies: Policies| policies.version();
    let all = version(adopt(vec![shipped(), small()], &[&a, &b]).unwrap());
    assert_eq!(version(adopt(vec![small(), shipped()], &[&a, &b]).unwrap()), all);
    let commented = format!("{SMALL}# a comment\n");
    let commented = entente_programme::Programme::parse(&commented, "small.toml").unwrap();
    for other in [
        adopt(vec![shipped(), small()], &[&b, &a]),
        adopt(vec![shipped(), small()], &[&a]),
        adopt(vec![shipped()], &[&a, &b]),
        adopt(vec![shipped(), commented], &[&a, &b]),
        adopt(vec![], &[]),
    ] {
        assert_ne!(version(other.unwrap()), all);
    }
}

/// Frozen: a version is what people approved under.
#[test]
fn the_version_of_one_text_stays_what_it_is() {
    let version = adopt(vec![small()], &[]).unwrap().version().0;
    let hex: Vec<String> = version.iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(hex.concat(), "ba438f5b52f5065962907ccabea0ab82a8208f42486671e7bae45695a8c4282c");
}

#[test]
fn the_same_programme_or_file_twice_is_refused() {
    let problems = adopt(vec![small(), small()], &[]).unwrap_err();
    let expected = "small.toml:1:1: the programme kor-pol-2024 is in small.toml too; \
                    adopt one of them";
    assert_eq!(lines(&problems), [expected]);
}

#[test]
fn policies_are_shared_between_threads() {
    fn shared<T: Send + Sync>(_: &T) {}
    shared(&both(&[]));
}

#[test]
fn terms_read_as_cedar() {
    let text = cedar_text(&small());
    let expected = r#"// The terms of exchange of kor-pol-2024, compiled.

@id("kor-pol-2024, area air, terms 1")
permit (
  principal,
  action == Action::"receive",
  resource == Area::"kor-pol-2024/air"
)
when {
  [Nation::"KOR"].contains(context.originator) &&
  [Nation::"POL"].contains(principal) &&
  context.tlp <= 2 &&
  [ObjectType::"indicator", ObjectType::"report"].contains(context.object_type) &&
  !context.onward
};

@id("kor-pol-2024, area air, terms 2")
permit (
  principal,
  action == Action::"receive",
  resource == Area::"kor-pol-2024/air"
)
when {
  [Nation::"KOR", Nation::"POL"].contains(context.originator) &&
  [Nation::"KOR", Nation::"POL"].contains(principal) &&
  context.tlp <= 1 &&
  !context.onward
};
"#;
    assert_eq!(text, expected);
}

#[test]
fn a_type_that_no_standard_knows_is_only_any() {
    let policies = both(&[]);
    let odd = label("KOR", Tlp::Green, &[AIR]);
    for object_type in ["", "x\"y", "\u{0}", "x-new"] {
        let expected = "permit 1: kor-pol-2024, area air, terms 2";
        assert_eq!(ask(&policies, &odd, object_type, "POL"), expected, "{object_type:?}");
    }
    let odd = label("KOR", Tlp::Amber, &[AIR]);
    assert_eq!(ask(&policies, &odd, "x-new", "POL"), "terms: kor-pol-2024, area air");
}
