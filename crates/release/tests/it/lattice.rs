//! Every decision of a small universe, compared with the oracle.
//!
//! Two enumerations: all combinations of a few values per axis, chosen so that each condition holds,
//! fails, and fails in its different ways; and all values of every three axes, while all else holds.

use entente_object::marking::Tlp;
use entente_release::approval::ApprovalState;
use entente_release::decide::{Decision, Mentions, Outcome, Provenance, Terms, TermsRefusal};
use entente_release::decide::{decide, explain};
use entente_release::label::{Fault, Faults};
use entente_release::partner::{Standing, Subscription};

use crate::oracle::{self, Facts};
use crate::universe::{
    CYBER, NOW, SPACE, Situation, at, channel, clause, names, nation, nations, permit, unders,
};

type Apply = dyn Fn(&mut Facts, &mut Situation);

/// One value of an axis: what it changes in the plain facts and in the real question.
struct Setting {
    apply: Box<Apply>,
    /// Whether it takes part in the enumeration of all combinations.
    chosen: bool,
}

type Axis = Vec<Setting>;

fn setting(chosen: bool, apply: impl Fn(&mut Facts, &mut Situation) + 'static) -> Setting {
    Setting { apply: Box::new(apply), chosen }
}

fn all_holds() -> (Facts, Situation) {
    let facts = Facts {
        found_wrong: false,
        originator: "KOR",
        tlp: "TLP:AMBER",
        rel_to: vec!["EST"],
        programmes: vec![CYBER],
        caveats: vec![],
        exercise: "",
        not_before: None,
        not_after: None,
        signer: "KOR",
        here: "KOR",
        partner: "EST",
        standing: "active",
        credential_from: Some(0),
        credential_until: Some(1_000_000),
        accepted: vec![],
        enrolled: vec![],
        subscribed: None,
        channel: "",
        now: NOW,
        permitting: vec![CYBER, SPACE],
        releasers_asked: 0,
        releasers_given: 0,
        mentions_all_releasable: true,
    };
    (facts, Situation::all_holds())
}

/// All subsets of `items`, the empty one first.
fn subsets(items: &[&'static str]) -> Vec<Vec<&'static str>> {
    let mut subsets = vec![vec![]];
    for item in items {
        let with: Vec<_> = subsets.iter().map(|set| [&set[..], &[*item]].concat()).collect();
        subsets.extend(with);
    }
    subsets
}

/// Every axis; those that are dear to set come first, and later ones may look at earlier ones.
fn axes() -> Vec<Axis> {
    vec![
        caveats(),
        exercises(),
        subscriptions(),
        programmes(),
        who(),
        originators(),
        standings(),
        tlps(),
        approvals(),
        provenances(),
        windows(),
        mentions(),
    ]
}

/// The partner, and every set of nations named.
fn who() -> Axis {
    let mut axis = Axis::new();
    for partner in ["EST", "POL", "XAA"] {
        for rel_to in subsets(&["EST", "POL", "XAA"]) {
            let chosen = match partner {
                "EST" => matches!(&rel_to[..], [] | ["EST" | "POL"] | ["EST", "POL", "XAA"]),
                _ => false,
            };
            axis.push(setting(chosen, move |facts, real| {
                (facts.partner, facts.rel_to) = (partner, rel_to.clone());
                real.partner.nation = nation(partner);
                real.label.rel_to = nations(&rel_to.join(" "));
            }));
        }
    }
    axis
}

fn originators() -> Axis {
    let of = |here: &'static str, originator: &'static str, chosen| {
        setting(chosen, move |facts: &mut Facts, real: &mut Situation| {
            (facts.here, facts.originator) = (here, originator);
            (real.here, real.label.originator) = (nation(here), nation(originator));
        })
    };
    vec![
        of("KOR", "KOR", true),
        of("KOR", "EST", true),
        of("KOR", "XAA", false),
        of("POL", "POL", false),
        of("XAA", "XAA", false),
    ]
}

/// Who signed, and whether something was found wrong.
fn provenances() -> Axis {
    let mut axis = vec![
        setting(true, |facts, real| {
            (facts.signer, facts.found_wrong) = (facts.originator, false);
            real.provenance = Provenance::Verified(real.label.originator);
            real.label.faults = Faults::NONE;
        }),
        setting(true, |facts, real| {
            (facts.signer, facts.found_wrong) = ("", false);
            (real.provenance, real.label.faults) = (Provenance::Unproven, Faults::NONE);
        }),
        setting(true, |facts, real| {
            (facts.signer, facts.found_wrong) = ("POL", false);
            real.provenance = Provenance::Verified(nation("POL"));
            real.label.faults = Faults::NONE;
        }),
    ];
    for fault in Fault::ALL {
        axis.push(setting(fault == Fault::BadMarking, move |facts, real| {
            (facts.signer, facts.found_wrong) = (facts.originator, true);
            real.provenance = Provenance::Verified(real.label.originator);
            real.label.faults = Faults::NONE.with(fault);
        }));
    }
    axis
}

fn standings() -> Axis {
    let mut axis = Axis::new();
    let times = [None, Some(NOW - 1), Some(NOW), Some(NOW + 1)];
    for (word, standing) in [
        ("active", Standing::Active),
        ("suspended", Standing::Suspended),
        ("revoked", Standing::Revoked),
    ] {
        for from in times {
            for until in times {
                let chosen = match (word, from, until) {
                    ("active", Some(from), Some(until)) => {
                        (from, until) == (NOW, NOW + 1) || (from, until) == (NOW - 1, NOW)
                    }
                    ("active", None, Some(until)) => until == NOW + 1,
                    ("revoked", Some(from), Some(until)) => (from, until) == (NOW, NOW + 1),
                    _ => false,
                };
                axis.push(setting(chosen, move |facts, real| {
                    facts.standing = word;
                    (facts.credential_from, facts.credential_until) = (from, until);
                    real.partner.standing = standing;
                    real.partner.credential = crate::universe::window(from, until);
                }));
            }
        }
    }
    axis
}

fn tlps() -> Axis {
    let of = |name: &'static str, tlp| {
        setting(true, move |facts: &mut Facts, real: &mut Situation| {
            (facts.tlp, real.label.tlp) = (name, tlp);
        })
    };
    vec![
        of("TLP:CLEAR", Tlp::Clear),
        of("TLP:GREEN", Tlp::Green),
        of("TLP:AMBER", Tlp::Amber),
        of("TLP:AMBER+STRICT", Tlp::AmberStrict),
        of("TLP:RED", Tlp::Red),
    ]
}

/// The areas named, those that permit it, and why the others do not.
fn programmes() -> Axis {
    const REFUSALS: [TermsRefusal; 7] = [
        TermsRefusal::NotParty,
        TermsRefusal::UnknownProgramme,
        TermsRefusal::NotInForce,
        TermsRefusal::UnknownArea,
        TermsRefusal::Terms,
        TermsRefusal::National,
        TermsRefusal::Error,
    ];
    let mut axis = Axis::new();
    for named in subsets(&[CYBER, SPACE]) {
        for permitting in subsets(&[CYBER, SPACE]) {
            let chosen = match (&named[..], &permitting[..]) {
                ([_], permitting) => named == [CYBER] && permitting == [CYBER],
                ([_, _], permitting) => permitting.first() == Some(&CYBER),
                _ => false,
            };
            let permitted = !named.is_empty() && named.iter().all(|name| permitting.contains(name));
            // That the reason of a refusal changes nothing is shown where nothing is permitted.
            let reasons = if permitting.is_empty() { 7 } else { 1 };
            for refusal in REFUSALS.into_iter().take(reasons) {
                let (named, permitting) = (named.clone(), permitting.clone());
                axis.push(setting(chosen, move |facts, real| {
                    facts.programmes.clone_from(&named);
                    facts.permitting.clone_from(&permitting);
                    real.label.under = unders(&named);
                    real.terms = if permitted {
                        permit(0)
                    } else {
                        Terms::Refuse { refusal, clause: clause() }
                    };
                }));
            }
        }
    }
    axis
}

fn caveats() -> Axis {
    let mut axis = Axis::new();
    for on_it in subsets(&["a", "b"]) {
        for accepted in subsets(&["a", "b"]) {
            let (on_it, accepted) = (on_it.clone(), accepted.clone());
            let chosen = accepted == ["a"] && on_it != ["b"];
            axis.push(setting(chosen, move |facts, real| {
                real.label.caveats = names(&on_it);
                real.partner.caveats = names(&accepted);
                facts.caveats.clone_from(&on_it);
                facts.accepted.clone_from(&accepted);
            }));
        }
    }
    axis
}

fn exercises() -> Axis {
    let mut axis = Axis::new();
    for exercise in ["", "cc23", "lk24"] {
        for on in ["", "cc23", "lk24"] {
            for enrolled in subsets(&["cc23", "lk24"]) {
                let chosen = match (exercise, on) {
                    ("", "") => enrolled.is_empty(),
                    ("cc23", "cc23") => enrolled.is_empty() || enrolled == ["cc23"],
                    ("", "cc23") => enrolled == ["cc23"],
                    _ => false,
                };
                axis.push(setting(chosen, move |facts, real| {
                    (facts.exercise, facts.channel) = (exercise, on);
                    facts.enrolled.clone_from(&enrolled);
                    real.label.exercise = channel(exercise).exercise;
                    real.channel = channel(on);
                    real.partner.exercises = names(&enrolled);
                }));
            }
        }
    }
    axis
}

fn windows() -> Axis {
    let mut axis = Axis::new();
    let times = [None, Some(NOW - 1), Some(NOW), Some(NOW + 1)];
    for from in times {
        for until in times {
            let chosen = match (from, until) {
                (None, None) => true,
                (Some(from), None) => from == NOW + 1,
                (Some(from), Some(until)) => (from, until) == (NOW - 1, NOW),
                (None, Some(_)) => false,
            };
            axis.push(setting(chosen, move |facts, real| {
                (facts.not_before, facts.not_after) = (from, until);
                real.label.window = crate::universe::window(from, until);
                (facts.now, real.now) = (NOW, at(NOW));
            }));
        }
    }
    axis
}

fn approvals() -> Axis {
    let mut axis = Axis::new();
    for asked in 0..=2_u8 {
        for (given, state) in [
            (0, ApprovalState::Missing),
            (0, ApprovalState::AuthorOnly),
            (0, ApprovalState::Void),
            (0, ApprovalState::Expired),
            (0, ApprovalState::By(0)),
            (1, ApprovalState::By(1)),
            (2, ApprovalState::By(2)),
            (255, ApprovalState::By(255)),
        ] {
            let chosen = matches!((asked, given), (1, 1) | (2, 1 | 2))
                || (asked, state) == (0, ApprovalState::Void);
            axis.push(setting(chosen, move |facts, real| {
                (facts.releasers_asked, facts.releasers_given) = (usize::from(asked), given);
                real.approval = state;
                if let Terms::Permit { releasers, .. } = &mut real.terms {
                    *releasers = asked;
                }
            }));
        }
    }
    axis
}

fn mentions() -> Axis {
    [(true, Mentions::Releasable), (false, Mentions::Withheld)]
        .map(|(all, mentions)| {
            setting(true, move |facts: &mut Facts, real: &mut Situation| {
                (facts.mentions_all_releasable, real.mentions) = (all, mentions);
            })
        })
        .into()
}

fn subscriptions() -> Axis {
    let mut axis = vec![setting(true, |facts, real| {
        facts.subscribed = None;
        real.partner.subscription = Subscription::Everything;
    })];
    for areas in subsets(&[CYBER, SPACE]) {
        let chosen = areas == [CYBER] || areas.len() == 2;
        axis.push(setting(chosen, move |facts, real| {
            facts.subscribed = Some(areas.clone());
            real.partner.subscription = Subscription::Areas(unders(&areas));
        }));
    }
    axis
}

/// Compares one decision; true if it allows.
fn compare(facts: &Facts, real: &Situation) -> bool {
    let question = real.question();
    let holds = oracle::conditions(facts);
    let first = oracle::first_failing(holds);
    let decided = match decide(&question) {
        Decision::Allow => 0,
        Decision::Deny(condition, _) => condition.number(),
    };
    assert_eq!(decided, first, "{facts:#?}\n{real:#?}");
    let explained = explain(&question);
    for ((condition, outcome), holds) in explained.iter().zip(holds) {
        assert_eq!(*outcome == Outcome::Holds, holds, "{condition:?}\n{facts:#?}\n{real:#?}");
    }
    first == 0
}

/// Takes every combination of the axes while all else holds: how many decisions, how many allow.
fn enumerate(axes: &[Vec<&Setting>]) -> (usize, usize) {
    let (mut facts, mut real) = all_holds();
    let mut places = vec![0; axes.len()];
    let (mut from, mut decisions, mut allowed) = (0, 0, 0);
    loop {
        for (axis, place) in axes.iter().zip(&places).skip(from) {
            (axis[*place].apply)(&mut facts, &mut real);
        }
        decisions += 1;
        allowed += usize::from(compare(&facts, &real));
        // The last axis turns fastest, like an odometer.
        let Some(turned) = (0..axes.len()).rev().find(|i| places[*i] + 1 < axes[*i].len()) else {
            return (decisions, allowed);
        };
        places[turned] += 1;
        places[turned + 1..].fill(0);
        from = turned;
    }
}

#[test]
fn every_combination_is_decided_as_the_oracle_says() {
    let axes = axes();
    let chosen = |axis: &'_ Axis| axis.iter().filter(|setting| setting.chosen).count();
    let product: usize = axes.iter().map(chosen).product();
    let chosen: Vec<Vec<&Setting>> =
        axes.iter().map(|axis| axis.iter().filter(|setting| setting.chosen).collect()).collect();
    let (decisions, allowed) = enumerate(&chosen);
    println!("{decisions} decisions, {allowed} allowed");
    assert_eq!(decisions, product);
    assert!(decisions > 1_600_000 && allowed >= 360, "{decisions} {allowed}");
}

#[test]
fn all_values_of_every_three_axes_are_decided_as_the_oracle_says() {
    let axes = axes();
    let all: Vec<Vec<&Setting>> = axes.iter().map(|axis| axis.iter().collect()).collect();
    let (mut decisions, mut allowed) = (0, 0);
    for a in 0..all.len() {
        for b in a + 1..all.len() {
            for c in b + 1..all.len() {
                let three = [&all[a], &all[b], &all[c]].map(Clone::clone);
                let counts = enumerate(&three);
                decisions += counts.0;
                allowed += counts.1;
            }
        }
    }
    println!("{decisions} decisions, {allowed} allowed");
    assert!(decisions > 900_000 && allowed > 20_000, "{decisions} {allowed}");
}
