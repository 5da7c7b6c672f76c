//! A programme as a list of what is in it, each with what it says, key by key.
//!
//! Invariant: two nodes are equal exactly if what they stand for says the same in the same place;
//! nothing of a programme is left out but the comments and the layout of its text.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::time::Duration;

use entente_object::time::Timestamp;
use entente_release::NationSet;

use crate::catalogue::{Found, Indicator, Item, Measure, Milestone};
use crate::compare::Subject;
use crate::evidence::Evidence;
use crate::object_type::ObjectTypes;
use crate::programme::{Area, Onward, Programme, TermsEntry};

/// One thing of a programme.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Node {
    pub(crate) subject: Subject,
    /// What it is called; unique among those of its kind.
    pub(crate) name: String,
    /// What it is among: terms entries are compared within one area.
    pub(crate) group: String,
    /// Where it stands.
    pub(crate) place: String,
    pub(crate) title: String,
    pub(crate) says: BTreeMap<&'static str, Value>,
}

/// What a key says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Value {
    Text(String),
    /// Names in no order.
    Names(BTreeSet<String>),
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => f.write_str(text),
            Self::Names(names) => {
                let names: Vec<&str> = names.iter().map(String::as_str).collect();
                f.write_str(&names.join(" "))
            }
        }
    }
}

/// What a node says, while it is collected.
#[derive(Default)]
struct Says(BTreeMap<&'static str, Value>);

impl Says {
    fn text(mut self, key: &'static str, text: impl fmt::Display) -> Self {
        self.0.insert(key, Value::Text(text.to_string()));
        self
    }

    fn optional(self, key: &'static str, text: Option<impl fmt::Display>) -> Self {
        match text {
            Some(text) => self.text(key, text),
            None => self,
        }
    }

    fn names(mut self, key: &'static str, names: impl IntoIterator<Item = String>) -> Self {
        let names: BTreeSet<String> = names.into_iter().collect();
        if !names.is_empty() {
            self.0.insert(key, Value::Names(names));
        }
        self
    }

    fn nations(self, key: &'static str, nations: &NationSet) -> Self {
        self.names(key, nations.iter().map(|nation| nation.to_string()))
    }
}

/// Everything in a programme, each thing after what it is in.
pub(crate) fn nodes(programme: &Programme) -> Vec<Node> {
    let mut nodes = vec![head(programme)];
    let node = |subject, name: String, title: String, says: Says| Node {
        subject,
        name,
        group: String::new(),
        place: String::new(),
        title,
        says: says.0,
    };
    for party in programme.parties() {
        let says = Says::default()
            .text("name", &party.name)
            .optional("name_ko", party.name_ko.as_ref())
            .optional("contact", party.contact.as_ref());
        nodes.push(node(Subject::Party, party.nation.to_string(), party.name.clone(), says));
    }
    for (name, group) in programme.groups() {
        let says =
            Says::default().text("version", &group.version).nations("nations", &group.nations);
        let members: Vec<String> = group.nations.iter().map(|nation| nation.to_string()).collect();
        nodes.push(node(Subject::Group, name.clone(), members.join(" "), says));
    }
    for (caveat, meaning) in programme.caveats() {
        let says = Says::default().text("meaning", meaning);
        nodes.push(node(Subject::Caveat, caveat.to_string(), meaning.clone(), says));
    }
    for area in programme.areas() {
        area_nodes(area, &mut nodes);
    }
    nodes
}

fn head(programme: &Programme) -> Node {
    let head = programme.head();
    let says = Says::default()
        .text("id", &head.id)
        .text("title", &head.title)
        .optional("title_ko", head.title_ko.as_ref())
        .text("version", &head.version)
        .text("source", &head.source)
        .optional("in force from", head.in_force.not_before.map(Timestamp::to_stix))
        .optional("in force until", head.in_force.not_after.map(Timestamp::to_stix));
    Node {
        subject: Subject::Programme,
        name: String::new(),
        group: String::new(),
        place: String::new(),
        title: head.title.clone(),
        says: says.0,
    }
}

fn area_nodes(area: &Area, nodes: &mut Vec<Node>) {
    let says = Says::default()
        .text("number", area.number)
        .text("title", &area.title)
        .optional("title_ko", area.title_ko.as_ref())
        .optional("background", area.background.as_ref());
    let id = area.id.to_string();
    let node = |subject, name: String, place: String, title: String, says: Says| Node {
        subject,
        name,
        group: id.clone(),
        place,
        title,
        says: says.0,
    };
    nodes.push(node(Subject::Area, id.clone(), String::new(), area.title.clone(), says));
    for (number, entry) in (1u32..).zip(&area.terms) {
        let name = format!("{id}, terms {number}");
        let place = format!("number {number}");
        nodes.push(node(Subject::Terms, name, place, summary(entry), terms(entry)));
    }
    if let Some(assessment) = &area.assessment {
        let says = Says::default().nations("by", &assessment.by).text("first", assessment.first);
        let title = format!("yearly, the first on {}", assessment.first);
        nodes.push(node(Subject::Assessment, id.clone(), String::new(), title, says));
    }
    for objective in &area.objectives {
        let found = Found::Objective(objective);
        nodes.push(found_node(found, &id, &id));
        for goal in &objective.goals {
            nodes.push(found_node(Found::Goal(goal), &id, objective.item.id.as_str()));
            for measure in &goal.measures {
                nodes.push(found_node(Found::Measure(measure), &id, goal.item.id.as_str()));
                let of = measure.item.id.as_str();
                nodes.extend(measure.parts().map(|part| found_node(part, &id, of)));
            }
        }
    }
}

fn found_node(found: Found<'_>, area: &str, parent: &str) -> Node {
    let (subject, says) = match found {
        Found::Objective(objective) => (Subject::Objective, item(&objective.item)),
        Found::Goal(goal) => (Subject::Goal, item(&goal.item)),
        Found::Measure(measure) => (Subject::Measure, measure_says(measure)),
        Found::Milestone(milestone, _) => (Subject::Milestone, milestone_says(milestone)),
        Found::Indicator(indicator, _) => (Subject::Indicator, indicator_says(indicator)),
    };
    Node {
        subject,
        name: found.id().to_string(),
        group: area.to_owned(),
        place: parent.to_owned(),
        title: found.title().to_owned(),
        says: says.0,
    }
}

fn item(item: &Item) -> Says {
    let schedule = item.schedule.map(|span| format!("{} to {}", span.from, span.until));
    let source = |source: &crate::catalogue::Source| {
        let url = source.url.as_ref().map(|url| format!(", {url}")).unwrap_or_default();
        format!("{}, {}{url}", source.title, source.date)
    };
    let sources: Vec<String> = item.sources.iter().map(source).collect();
    Says::default()
        .text("title", &item.title)
        .optional("title_ko", item.title_ko.as_ref())
        .optional("background", item.background.as_ref())
        .nations("owners", &item.owners)
        .optional("role", item.role.as_ref())
        .optional("schedule", schedule)
        .optional("sources", (!sources.is_empty()).then(|| sources.join("; ")))
}

fn measure_says(measure: &Measure) -> Says {
    item(&measure.item).text("kind", measure.kind.as_str())
}

fn milestone_says(milestone: &Milestone) -> Says {
    item(&milestone.item)
        .text("due", milestone.due)
        .text("verify", &milestone.verify)
        .optional("reported", milestone.reported)
}

fn indicator_says(indicator: &Indicator) -> Says {
    let period = |period: &crate::catalogue::Period| {
        format!("{} to {}: {}", period.from, period.until, period.target)
    };
    let periods: Vec<String> = indicator.periods.iter().map(period).collect();
    let baseline = indicator.baseline.map(|base| format!("{} on {}", base.value, base.date));
    Says::default()
        .text("title", &indicator.title)
        .optional("title_ko", indicator.title_ko.as_ref())
        .optional("background", indicator.background.as_ref())
        .text("unit", &indicator.unit)
        .text("ascending", indicator.ascending)
        .optional("baseline", baseline)
        .text("periods", periods.join("; "))
        .text("actual", indicator.evidence.as_ref().map_or("entered".to_owned(), asked))
}

/// How an actual is computed, in one line.
fn asked(evidence: &Evidence) -> String {
    let nations = |word: &str, set: &Option<NationSet>| {
        let codes = set.as_ref().map(codes);
        codes.map(|codes| format!(" {word} {codes}")).unwrap_or_default()
    };
    let types = match &evidence.types {
        None => String::new(),
        Some(ObjectTypes::Any) => " of any type".to_owned(),
        Some(ObjectTypes::Listed(types)) => {
            let names: Vec<&str> = types.iter().map(String::as_str).collect();
            format!(" of {}", names.join(" "))
        }
    };
    let within = evidence.within.map(|time| format!(" within {}", span(time)));
    format!(
        "{} of {}{types}{}{}{}",
        evidence.statistic,
        evidence.query,
        nations("from", &evidence.from),
        nations("to", &evidence.to),
        within.unwrap_or_default()
    )
}

fn codes(nations: &NationSet) -> String {
    nations.iter().map(|nation| nation.to_string()).collect::<Vec<_>>().join(" ")
}

/// A time as programme files write it.
pub(crate) fn span(time: Duration) -> String {
    let minutes = time.as_secs() / 60;
    match minutes {
        minutes if minutes % (24 * 60) == 0 => format!("{}d", minutes / (24 * 60)),
        minutes if minutes % 60 == 0 => format!("{}h", minutes / 60),
        minutes => format!("{minutes}m"),
    }
}

fn terms(entry: &TermsEntry) -> Says {
    let types = match &entry.types {
        ObjectTypes::Any => BTreeSet::from(["any".to_owned()]),
        ObjectTypes::Listed(types) => types.clone(),
    };
    Says::default()
        .nations("from", &entry.from)
        .nations("to", &entry.to)
        .text("ceiling", entry.ceiling)
        .names("types", types)
        .text("releasers", entry.releasers)
        .text("onward", onward(entry.onward))
        .optional("answer within", entry.answer_within.map(span))
        .names("caveats", entry.caveats.iter().map(ToString::to_string))
}

/// Whether recipients may pass objects on, as programme files write it.
pub(crate) fn onward(onward: Onward) -> &'static str {
    match onward {
        Onward::No => "no",
        Onward::Listed => "listed",
    }
}

fn summary(entry: &TermsEntry) -> String {
    let types = match &entry.types {
        ObjectTypes::Any => "every type".to_owned(),
        ObjectTypes::Listed(types) if types.len() <= 4 => {
            types.iter().map(String::as_str).collect::<Vec<_>>().join(" ")
        }
        ObjectTypes::Listed(types) => format!("{} types", types.len()),
    };
    format!(
        "{} to {}, up to {}, {types}, releasers: {}",
        codes(&entry.from),
        codes(&entry.to),
        entry.ceiling,
        entry.releasers
    )
}
