//! The release rule a second time: written from its text alone, with words, lists and loops.
//!
//! Invariant: nothing of the crate is used here, so a mistake has to be made twice to pass.

/// All that the rule looks at, in plain words.
#[derive(Clone, Debug)]
pub(crate) struct Facts {
    /// Something about the label was found wrong when it came in.
    pub(crate) found_wrong: bool,
    pub(crate) originator: &'static str,
    pub(crate) tlp: &'static str,
    pub(crate) rel_to: Vec<&'static str>,
    pub(crate) programmes: Vec<&'static str>,
    pub(crate) caveats: Vec<&'static str>,
    pub(crate) exercise: &'static str,
    pub(crate) not_before: Option<i64>,
    pub(crate) not_after: Option<i64>,
    /// Whose signature covers the object; empty: nobody's.
    pub(crate) signer: &'static str,
    pub(crate) here: &'static str,
    pub(crate) partner: &'static str,
    pub(crate) standing: &'static str,
    pub(crate) credential_from: Option<i64>,
    pub(crate) credential_until: Option<i64>,
    pub(crate) accepted: Vec<&'static str>,
    pub(crate) enrolled: Vec<&'static str>,
    /// `None`: everything.
    pub(crate) subscribed: Option<Vec<&'static str>>,
    pub(crate) channel: &'static str,
    pub(crate) now: i64,
    /// The programmes that have the partner as a party, are in force, and whose terms permit it.
    pub(crate) permitting: Vec<&'static str>,
    /// How many releasers the programmes ask for.
    pub(crate) releasers_asked: usize,
    /// How many distinct releasers have approved exactly this, without the author.
    pub(crate) releasers_given: usize,
    pub(crate) mentions_all_releasable: bool,
}

/// For each of the twelve conditions, whether it holds.
pub(crate) fn conditions(facts: &Facts) -> [bool; 12] {
    [
        one_label_and_provenance(facts),
        two_partner(facts),
        has(&facts.rel_to, facts.partner),
        facts.tlp != "TLP:RED",
        five_programmes(facts),
        all_in(&facts.caveats, &facts.accepted),
        seven_exercise(facts),
        eight_window(facts),
        facts.here == facts.originator,
        ten_approval(facts),
        facts.mentions_all_releasable,
        twelve_subscription(facts),
    ]
}

/// The number of the first condition that does not hold; 0: it may go.
pub(crate) fn first_failing(conditions: [bool; 12]) -> u8 {
    for (number, holds) in (1..).zip(conditions) {
        if !holds {
            return number;
        }
    }
    0
}

fn one_label_and_provenance(facts: &Facts) -> bool {
    if facts.found_wrong || facts.programmes.is_empty() {
        return false;
    }
    // Codes XAA to XZZ are for exercises only.
    if facts.exercise.is_empty() {
        if facts.originator.starts_with('X') {
            return false;
        }
        for nation in &facts.rel_to {
            if nation.starts_with('X') {
                return false;
            }
        }
    }
    facts.signer == facts.originator
}

fn two_partner(facts: &Facts) -> bool {
    let Some(from) = facts.credential_from else {
        return false;
    };
    let Some(until) = facts.credential_until else {
        return false;
    };
    facts.standing == "active" && from <= facts.now && facts.now < until
}

fn five_programmes(facts: &Facts) -> bool {
    !facts.programmes.is_empty() && all_in(&facts.programmes, &facts.permitting)
}

fn seven_exercise(facts: &Facts) -> bool {
    if facts.exercise != facts.channel {
        return false;
    }
    facts.exercise.is_empty() || has(&facts.enrolled, facts.exercise)
}

fn eight_window(facts: &Facts) -> bool {
    if let Some(from) = facts.not_before
        && facts.now < from
    {
        return false;
    }
    if let Some(until) = facts.not_after
        && facts.now >= until
    {
        return false;
    }
    true
}

/// Where a programme refuses, nothing says that no approval is needed.
fn ten_approval(facts: &Facts) -> bool {
    five_programmes(facts) && facts.releasers_given >= facts.releasers_asked
}

fn twelve_subscription(facts: &Facts) -> bool {
    match &facts.subscribed {
        None => true,
        Some(areas) => all_in(&facts.programmes, areas),
    }
}

fn has(list: &[&str], wanted: &str) -> bool {
    for item in list {
        if *item == wanted {
            return true;
        }
    }
    false
}

fn all_in(some: &[&str], all: &[&str]) -> bool {
    for item in some {
        if !has(all, item) {
            return false;
        }
    }
    true
}
