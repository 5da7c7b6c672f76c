//! A small second programme, labels and times to ask with.

use std::collections::BTreeSet;

use entente_object::marking::Tlp;
use entente_object::time::Timestamp;
use entente_programme::{National, Policies, Problem, Programme};
use entente_release::decide::{Terms, TermsRefusal};
use entente_release::label::{Faults, PermittedActions, Under, Window};
use entente_release::{Label, Nation, Policy};

pub(crate) const SHIPPED: &str = include_str!("../../../../programmes/rok-nato-itpp-2023.toml");

/// Korea and Poland, in force in 2024 alone.
pub(crate) const SMALL: &str = r#"format = 1

[programme]
id = "kor-pol-2024"
title = "Korea and Poland"
version = "1"
source = "made up for tests"
in_force = { from = 2024-01-01, until = 2024-12-31 }

[[party]]
nation = "KOR"
name = "Republic of Korea"

[[party]]
nation = "POL"
name = "Poland"

[[caveat]]
id = "pilots-only"
meaning = "for pilots"

[[area]]
id = "air"
number = 1
title = "Air"

[[area.terms]]
from = ["KOR"]
to = ["POL"]
ceiling = "amber"
types = ["report", "indicator"]
releasers = 3

[[area.terms]]
from = ["parties"]
to = ["parties"]
ceiling = "green"
types = ["any"]
releasers = 1
"#;

pub(crate) fn shipped() -> Programme {
    Programme::parse(SHIPPED, "rok-nato-itpp-2023.toml").unwrap()
}

pub(crate) fn small() -> Programme {
    Programme::parse(SMALL, "small.toml").unwrap()
}

pub(crate) fn both(national: &[&str]) -> Policies {
    adopt(vec![shipped(), small()], national).unwrap()
}

pub(crate) fn adopt(
    programmes: Vec<Programme>,
    national: &[&str],
) -> Result<Policies, Vec<Problem>> {
    let files = national.iter().zip(1..);
    let files = files.map(|(text, n)| National::parse(text, &format!("{n}.cedar")));
    Policies::adopt(programmes, files.collect::<Result<_, _>>()?)
}

pub(crate) fn nation(code: &str) -> Nation {
    code.parse().unwrap()
}

pub(crate) fn time(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap()
}

pub(crate) fn in_2024() -> Timestamp {
    time("2024-06-01T00:00:00Z")
}

pub(crate) fn under(names: &[&str]) -> BTreeSet<Under> {
    let parts = names.iter().map(|name| name.split_once('/').unwrap());
    let under = parts.map(|(programme, area)| Under {
        programme: programme.parse().unwrap(),
        area: area.parse().unwrap(),
    });
    under.collect()
}

pub(crate) fn label(originator: &str, tlp: Tlp, names: &[&str]) -> Label {
    Label {
        originator: nation(originator),
        tlp,
        rel_to: ["USA", "POL", "ROU"].into_iter().map(nation).collect(),
        under: under(names),
        caveats: BTreeSet::new(),
        actions: PermittedActions::InternallyVisible,
        exercise: None,
        window: Window::default(),
        onward: false,
        faults: Faults::NONE,
    }
}

/// The answer in one line.
pub(crate) fn ask(policies: &Policies, label: &Label, object_type: &str, to: &str) -> String {
    ask_at(policies, label, object_type, to, in_2024())
}

pub(crate) fn ask_at(
    policies: &Policies,
    label: &Label,
    object_type: &str,
    to: &str,
    now: Timestamp,
) -> String {
    match policies.terms(label, object_type, nation(to), now) {
        Terms::Permit { clause, releasers } => format!("permit {releasers}: {clause}"),
        Terms::Refuse { refusal, clause } => format!("{}: {clause}", word(refusal)),
    }
}

fn word(refusal: TermsRefusal) -> &'static str {
    match refusal {
        TermsRefusal::UnknownProgramme => "unknown programme",
        TermsRefusal::NotParty => "not party",
        TermsRefusal::NotInForce => "not in force",
        TermsRefusal::UnknownArea => "unknown area",
        TermsRefusal::Terms => "terms",
        TermsRefusal::National => "national",
        TermsRefusal::Error => "error",
    }
}

pub(crate) fn lines(problems: &[Problem]) -> Vec<String> {
    problems.iter().map(ToString::to_string).collect()
}
