//! A programme written as a programme file, in one way only.
//!
//! Invariant: read again, the text gives the same programme.

use std::fmt::{self, Write as _};

use entente_object::marking::Tlp;
use entente_object::time::Timestamp;
use entente_release::NationSet;
use entente_release::name::Caveat;

use super::draft::quoted;
use crate::catalogue::{Assessment, Indicator, Item, Measure, Milestone, Objective};
use crate::day::Day;
use crate::describe::{onward, span};
use crate::evidence::Evidence;
use crate::object_type::{BUILT_IN, ObjectTypes, built_in_group};
use crate::programme::{Area, PARTIES, Programme, TermsEntry};

/// The programme as a programme file. Comments and layout of the file that it was read from are lost,
/// and groups of types are written out.
pub fn to_toml(programme: &Programme) -> String {
    let mut file = File { text: String::new(), programme };
    file.head();
    file.names();
    for area in programme.areas() {
        file.area(area);
    }
    file.text
}

struct File<'a> {
    text: String,
    programme: &'a Programme,
}

fn list<'a>(words: impl IntoIterator<Item = &'a str>) -> String {
    super::draft::list(&words.into_iter().collect::<Vec<_>>())
}

impl File<'_> {
    fn heading(&mut self, heading: &str) {
        self.line(format_args!("\n{heading}"));
    }

    fn line(&mut self, line: fmt::Arguments<'_>) {
        // Writing to a String cannot fail.
        let _infallible = writeln!(self.text, "{line}");
    }

    fn key(&mut self, key: &str, text: &str) {
        self.line(format_args!("{key} = {}", quoted(text)));
    }

    fn optional(&mut self, key: &str, text: Option<&String>) {
        if let Some(text) = text {
            self.key(key, text);
        }
    }

    /// The words that stand for a set of nations: a group, or each.
    fn nations(&self, nations: &NationSet) -> String {
        if self.programme.group(PARTIES).as_ref() == Some(nations) {
            return list([PARTIES]);
        }
        let groups = self.programme.groups();
        if let Some((name, _)) = groups.iter().find(|(_, group)| group.nations == *nations) {
            return list([name.as_str()]);
        }
        let codes: Vec<String> = nations.iter().map(|code| code.to_string()).collect();
        list(codes.iter().map(String::as_str))
    }

    fn head(&mut self) {
        let head = self.programme.head();
        self.line(format_args!("format = 1"));
        self.heading("[programme]");
        self.key("id", head.id.as_str());
        self.key("title", &head.title);
        self.optional("title_ko", head.title_ko.as_ref());
        self.key("version", &head.version);
        let first = head.in_force.not_before.and_then(Day::of);
        // The window ends with the moment after the last day.
        let last = head
            .in_force
            .not_after
            .map(|end| Timestamp::from_unix_micros(end.unix_micros().saturating_sub(1)));
        if let (Some(from), Some(until)) = (first, last.and_then(Day::of)) {
            self.line(format_args!("in_force = {{ from = {from}, until = {until} }}"));
        }
        self.key("source", &head.source);
    }

    fn names(&mut self) {
        for party in self.programme.parties() {
            self.heading("[[party]]");
            self.key("nation", party.nation.as_str());
            self.key("name", &party.name);
            self.optional("name_ko", party.name_ko.as_ref());
            self.optional("contact", party.contact.as_ref());
        }
        for (id, group) in self.programme.groups() {
            self.heading("[[group]]");
            self.key("id", id);
            self.key("version", &group.version);
            let codes: Vec<String> = group.nations.iter().map(|code| code.to_string()).collect();
            let codes = list(codes.iter().map(String::as_str));
            self.line(format_args!("nations = {codes}"));
        }
        for (caveat, meaning) in self.programme.caveats() {
            self.heading("[[caveat]]");
            self.key("id", caveat.as_str());
            self.key("meaning", meaning);
        }
    }

    fn area(&mut self, area: &Area) {
        self.heading("[[area]]");
        self.key("id", area.id.as_str());
        self.line(format_args!("number = {}", area.number));
        self.key("title", &area.title);
        self.optional("title_ko", area.title_ko.as_ref());
        self.optional("background", area.background.as_ref());
        area.terms.iter().for_each(|entry| self.terms(entry));
        if let Some(Assessment { by, first }) = &area.assessment {
            let by = self.nations(by);
            self.heading("[area.assessment]");
            self.line(format_args!("by = {by}"));
            self.line(format_args!("first = {first}"));
        }
        area.objectives.iter().for_each(|objective| self.objective(objective));
    }

    fn terms(&mut self, entry: &TermsEntry) {
        let (from, to) = (self.nations(&entry.from), self.nations(&entry.to));
        self.heading("[[area.terms]]");
        self.line(format_args!("from = {from}"));
        self.line(format_args!("to = {to}"));
        self.key("ceiling", ceiling(entry.ceiling));
        self.line(format_args!("types = {}", types(&entry.types)));
        self.line(format_args!("releasers = {}", entry.releasers));
        if let Some(time) = entry.answer_within {
            self.key("answer_within", &span(time));
        }
        self.key("onward", onward(entry.onward));
        if !entry.caveats.is_empty() {
            let caveats = list(entry.caveats.iter().map(Caveat::as_str));
            self.line(format_args!("caveats = {caveats}"));
        }
    }

    fn objective(&mut self, objective: &Objective) {
        self.item("[[area.objective]]", &objective.item);
        for goal in &objective.goals {
            self.item("[[area.objective.goal]]", &goal.item);
            goal.measures.iter().for_each(|measure| self.measure(measure));
        }
    }

    fn item(&mut self, heading: &str, item: &Item) {
        self.heading(heading);
        self.key("id", item.id.as_str());
        self.key("title", &item.title);
        self.optional("title_ko", item.title_ko.as_ref());
        self.optional("background", item.background.as_ref());
        if !item.owners.is_empty() {
            let owners = self.nations(&item.owners);
            self.line(format_args!("owners = {owners}"));
        }
        self.optional("role", item.role.as_ref());
        if let Some(schedule) = item.schedule {
            let (from, until) = (schedule.from, schedule.until);
            self.line(format_args!("schedule = {{ from = {from}, until = {until} }}"));
        }
        if !item.sources.is_empty() {
            self.line(format_args!("sources = ["));
            for source in &item.sources {
                let (title, date) = (quoted(&source.title), quoted(&source.date.to_string()));
                let url = source.url.as_ref().map(|url| format!(", url = {}", quoted(url)));
                let url = url.unwrap_or_default();
                self.line(format_args!("  {{ title = {title}, date = {date}{url} }},"));
            }
            self.line(format_args!("]"));
        }
    }

    fn measure(&mut self, measure: &Measure) {
        self.item("[[area.objective.goal.measure]]", &measure.item);
        self.key("kind", measure.kind.as_str());
        measure.milestones.iter().for_each(|milestone| self.milestone(milestone));
        measure.indicators.iter().for_each(|indicator| self.indicator(indicator));
    }

    fn milestone(&mut self, milestone: &Milestone) {
        self.item("[[area.objective.goal.measure.milestone]]", &milestone.item);
        self.line(format_args!("due = {}", milestone.due));
        self.key("verify", &milestone.verify);
        if let Some(date) = milestone.reported {
            self.key("reported", &date.to_string());
        }
    }

    fn indicator(&mut self, indicator: &Indicator) {
        self.heading("[[area.objective.goal.measure.indicator]]");
        self.key("id", indicator.id.as_str());
        self.key("title", &indicator.title);
        self.optional("title_ko", indicator.title_ko.as_ref());
        self.optional("background", indicator.background.as_ref());
        self.key("unit", &indicator.unit);
        self.line(format_args!("ascending = {}", indicator.ascending));
        if let Some(base) = indicator.baseline {
            let (date, value) = (base.date, base.value);
            self.line(format_args!("baseline = {{ date = {date}, value = {value} }}"));
        }
        if let Some(evidence) = &indicator.evidence {
            let asked = self.evidence(evidence);
            self.line(format_args!("evidence = {{ {asked} }}"));
        }
        self.line(format_args!("period = ["));
        for period in &indicator.periods {
            let (from, until, target) = (period.from, period.until, period.target);
            self.line(format_args!("  {{ from = {from}, until = {until}, target = {target} }},"));
        }
        self.line(format_args!("]"));
    }

    fn evidence(&self, evidence: &Evidence) -> String {
        let mut keys = vec![
            format!("query = {}", quoted(evidence.query.as_str())),
            format!("statistic = {}", quoted(evidence.statistic.as_str())),
        ];
        keys.extend(evidence.types.as_ref().map(|listed| format!("types = {}", types(listed))));
        keys.extend(evidence.from.as_ref().map(|set| format!("from = {}", self.nations(set))));
        keys.extend(evidence.to.as_ref().map(|set| format!("to = {}", self.nations(set))));
        keys.extend(evidence.within.map(|time| format!("within = {}", quoted(&span(time)))));
        keys.join(", ")
    }
}

/// A ceiling as programme files write it.
pub(super) fn ceiling(tlp: Tlp) -> &'static str {
    match tlp {
        Tlp::Clear => "clear",
        Tlp::Green => "green",
        Tlp::Amber => "amber",
        Tlp::AmberStrict => "amber+strict",
        Tlp::Red => "red",
    }
}

/// The words that stand for a set of types: those of a group that is always there, or each.
pub(super) fn words(types: &ObjectTypes) -> Vec<&str> {
    let ObjectTypes::Listed(types) = types else { return vec!["any"] };
    let is_it = |name: &&str| {
        built_in_group(name).is_some_and(|group| {
            group.len() == types.len() && group.iter().all(|one| types.contains(*one))
        })
    };
    match BUILT_IN.iter().find(|name| is_it(name)) {
        Some(name) => vec![*name],
        None => types.iter().map(String::as_str).collect(),
    }
}

fn types(types: &ObjectTypes) -> String {
    list(words(types))
}
