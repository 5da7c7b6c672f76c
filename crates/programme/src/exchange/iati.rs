//! IATI 2.03: the programme, its areas, objectives, goals and measures as activities of five levels;
//! indicators with baselines, periods and targets as results of their measure; milestones as
//! qualitative indicators.
//!
//! What IATI has no element for (roles, sources by month, evidence, ids of parties) stands in the
//! namespace `urn:entente:programme:1`, where the schema allows others' elements. Terms of exchange,
//! groups and caveats are not carried.
//!
//! Invariants: what is written validates against the schema of IATI 2.03; read again it gives the same
//! catalogue.

use std::collections::{BTreeMap, BTreeSet};

use entente_object::time::Timestamp;
use entente_release::NationSet;

use super::draft::{Draft, list, plain, quoted};
use super::xml::{self, Element, OURS, Writer};
use super::{Exported, Imported, refused};
use crate::catalogue::{Goal, Indicator, Item, Measure, Milestone, Objective};
use crate::day::Day;
use crate::describe::span;
use crate::evidence::Evidence;
use crate::problem::{Problem, position};
use crate::programme::{Area, Programme};

/// What is read and written.
const VERSION: &str = "2.03";

/// Codes of IATI's lists: government; accountable and implementing; planned start and end;
/// implementation; parent; output and other result; unit, percentage and qualitative; general and other
/// description; the reporting organisation's own vocabulary.
const GOVERNMENT: &str = "10";
const ACCOUNTABLE: &str = "2";
const IMPLEMENTING: &str = "4";
const PLANNED: [&str; 2] = ["1", "3"];
const IMPLEMENTATION: &str = "2";
const PARENT: &str = "1";
const OUTPUT: &str = "1";
const OTHER_RESULT: &str = "9";
const UNIT: &str = "1";
const PERCENT: &str = "2";
const QUALITATIVE: &str = "5";
const GENERAL: &str = "1";
const OTHER_TEXT: &str = "4";
const OWN_VOCABULARY: &str = "99";

/// The programme as IATI.
pub fn export(programme: &Programme) -> Exported {
    let mut export = Export { writer: Writer::new(), programme };
    let root = [("version", VERSION), ("xmlns:entente", OURS)];
    export.writer.start("iati-activities", &root);
    export.head();
    programme.areas().iter().for_each(|area| export.area(area));
    export.writer.end();
    let mut notes = Vec::new();
    let terms: usize = programme.areas().iter().map(|area| area.terms.len()).sum();
    for (count, what) in [
        (terms, "terms of exchange"),
        (programme.groups().len(), "groups of nations"),
        (programme.caveats().len(), "caveats"),
    ] {
        if count > 0 {
            notes.push(format!("{count} {what} are left out: IATI has no place for them"));
        }
    }
    Exported { text: export.writer.text, notes }
}

struct Export<'a> {
    writer: Writer,
    programme: &'a Programme,
}

/// What every activity says.
struct Activity<'a> {
    /// Its identifier.
    id: String,
    level: &'a str,
    parent: Option<String>,
    title: &'a str,
    title_ko: Option<&'a String>,
    background: Option<&'a String>,
    owners: &'a NationSet,
    /// First and last day, if it has its own.
    dates: Option<(Day, Day)>,
}

impl Export<'_> {
    fn head(&mut self) {
        let head = self.programme.head();
        let owners = NationSet::none();
        let activity = Activity {
            id: head.id.to_string(),
            level: "1",
            parent: None,
            title: &head.title,
            title_ko: head.title_ko.as_ref(),
            background: Some(&head.source),
            owners: &owners,
            dates: self.in_force(),
        };
        self.open(&activity);
        self.writer
            .empty("entente:programme", &[("id", head.id.as_str()), ("version", &head.version)]);
        self.writer.end();
    }

    /// The first and the last day of the programme.
    fn in_force(&self) -> Option<(Day, Day)> {
        let window = self.programme.head().in_force;
        let last = window.not_after?.unix_micros().saturating_sub(1);
        Some((Day::of(window.not_before?)?, Day::of(Timestamp::from_unix_micros(last))?))
    }

    fn area(&mut self, area: &Area) {
        let programme = self.programme.id();
        let id = format!("{programme}:{}", area.id);
        let owners = NationSet::none();
        let activity = Activity {
            id: id.clone(),
            level: "2",
            parent: Some(programme.to_string()),
            title: &area.title,
            title_ko: area.title_ko.as_ref(),
            background: area.background.as_ref(),
            owners: &owners,
            dates: None,
        };
        self.open(&activity);
        let number = area.number.to_string();
        self.writer.start("entente:area", &[("id", area.id.as_str()), ("number", &number)]);
        if let Some(assessment) = &area.assessment {
            let by = codes(&assessment.by);
            let first = assessment.first.to_string();
            self.writer.empty("entente:assessment", &[("by", &by), ("first", &first)]);
        }
        self.writer.end();
        self.writer.end();
        area.objectives.iter().for_each(|objective| self.objective(&id, objective));
    }

    fn objective(&mut self, area: &str, objective: &Objective) {
        let id = self.item((area, area), "3", "objective", &objective.item);
        self.writer.end();
        objective.goals.iter().for_each(|goal| self.goal((area, &id), goal));
    }

    fn goal(&mut self, (area, objective): (&str, &str), goal: &Goal) {
        let id = self.item((area, objective), "4", "goal", &goal.item);
        self.writer.end();
        for measure in &goal.measures {
            self.measure((area, &id), measure);
        }
    }

    fn measure(&mut self, (area, goal): (&str, &str), measure: &Measure) {
        let kind = measure.kind.as_str();
        let id = format!("{area}:{}", measure.item.id);
        self.open(&activity(id, "5", goal, &measure.item));
        if !measure.indicators.is_empty() {
            self.writer.start("result", &[("type", OUTPUT)]);
            self.narrative("title", &[], &measure.item.title, None);
            measure.indicators.iter().for_each(|indicator| self.indicator(indicator));
            self.writer.end();
        }
        for milestone in &measure.milestones {
            self.milestone(milestone);
        }
        self.said(kind, &measure.item, &[]);
        self.writer.end();
    }

    /// Opens the activity of an item, and says what IATI cannot. Gives its identifier.
    fn item(
        &mut self,
        (area, parent): (&str, &str),
        level: &str,
        kind: &str,
        item: &Item,
    ) -> String {
        let id = format!("{area}:{}", item.id);
        self.open(&activity(id.clone(), level, parent, item));
        self.said(kind, item, &[]);
        id
    }

    /// What IATI has no element for.
    fn said(&mut self, kind: &str, item: &Item, more: &[(&str, &str)]) {
        let mut says = vec![("kind", kind), ("id", item.id.as_str())];
        says.extend(item.role.as_ref().map(|role| ("role", role.as_str())));
        says.extend_from_slice(more);
        self.writer.start("entente:item", &says);
        for source in &item.sources {
            let date = source.date.to_string();
            let mut says = vec![("title", source.title.as_str()), ("date", date.as_str())];
            says.extend(source.url.as_ref().map(|url| ("url", url.as_str())));
            self.writer.empty("entente:source", &says);
        }
        self.writer.end();
    }

    fn open(&mut self, activity: &Activity<'_>) {
        let Activity { id, level, parent, title, title_ko, background, owners, dates } = activity;
        self.writer.start("iati-activity", &[("xml:lang", "en"), ("hierarchy", level)]);
        self.writer.text("iati-identifier", &[], id);
        let reporting = [("ref", self.programme.id().as_str()), ("type", GOVERNMENT)];
        self.narrative("reporting-org", &reporting, "The parties to the programme", None);
        self.narrative("title", &[], title, *title_ko);
        match background {
            Some(text) => self.narrative("description", &[("type", GENERAL)], text, None),
            None => self.narrative("description", &[("type", OTHER_TEXT)], title, None),
        }
        for party in self.programme.parties() {
            let role = if owners.contains(party.nation) { IMPLEMENTING } else { ACCOUNTABLE };
            // Whoever owns nothing in particular is among the parties, which the programme names.
            if *level != "1" && role == ACCOUNTABLE && !owners.is_empty() {
                continue;
            }
            let mut says = vec![
                ("type", GOVERNMENT),
                ("role", role),
                ("entente:nation", party.nation.as_str()),
            ];
            says.extend(
                party
                    .contact
                    .as_ref()
                    .filter(|_| *level == "1")
                    .map(|contact| ("entente:contact", contact.as_str())),
            );
            self.narrative("participating-org", &says, &party.name, party.name_ko.as_ref());
        }
        self.writer.empty("activity-status", &[("code", IMPLEMENTATION)]);
        self.dates(*dates);
        if let Some(parent) = parent {
            self.writer.empty("related-activity", &[("ref", parent), ("type", PARENT)]);
        }
    }

    /// Its own days, or those of the programme, marked as such: IATI demands one.
    fn dates(&mut self, own: Option<(Day, Day)>) {
        let Some((from, until)) = own.or_else(|| self.in_force()) else { return };
        for (code, day) in PLANNED.iter().zip([from, until]) {
            let day = day.to_string();
            let mut says = vec![("type", *code), ("iso-date", day.as_str())];
            if own.is_none() {
                says.push(("entente:of", "programme"));
            }
            self.writer.empty("activity-date", &says);
        }
    }

    fn narrative(
        &mut self,
        name: &'static str,
        says: &[(&str, &str)],
        text: &str,
        korean: Option<&String>,
    ) {
        self.writer.start(name, says);
        self.writer.text("narrative", &[], text);
        if let Some(korean) = korean {
            self.writer.text("narrative", &[("xml:lang", "ko")], korean);
        }
        self.writer.end();
    }

    fn indicator(&mut self, indicator: &Indicator) {
        let code = if indicator.unit == "percent" { PERCENT } else { UNIT };
        let ascending = indicator.ascending.to_string();
        let says = [
            ("measure", code),
            ("ascending", ascending.as_str()),
            ("entente:unit", indicator.unit.as_str()),
        ];
        self.writer.start("indicator", &says);
        self.narrative("title", &[], &indicator.title, indicator.title_ko.as_ref());
        if let Some(background) = &indicator.background {
            self.narrative("description", &[], background, None);
        }
        let reference = [("vocabulary", OWN_VOCABULARY), ("code", indicator.id.as_str())];
        self.writer.empty("reference", &reference);
        if let Some(base) = indicator.baseline {
            let (day, value) = (base.date.to_string(), base.value.to_string());
            let year = day.get(..4).unwrap_or_default();
            self.writer.empty("baseline", &[("iso-date", &day), ("year", year), ("value", &value)]);
        }
        for period in &indicator.periods {
            self.period((period.from, period.until));
            let target = period.target.to_string();
            self.writer.empty("target", &[("value", &target)]);
            self.writer.end();
        }
        if let Some(evidence) = &indicator.evidence {
            self.evidence(evidence);
        }
        self.writer.end();
    }

    /// Opens a period.
    fn period(&mut self, (from, until): (Day, Day)) {
        self.writer.start("period", &[]);
        self.writer.empty("period-start", &[("iso-date", &from.to_string())]);
        self.writer.empty("period-end", &[("iso-date", &until.to_string())]);
    }

    fn evidence(&mut self, evidence: &Evidence) {
        let types = evidence.types.as_ref().map(|types| super::toml::words(types).join(" "));
        let (from, to) = (evidence.from.as_ref().map(codes), evidence.to.as_ref().map(codes));
        let within = evidence.within.map(span);
        let mut says =
            vec![("query", evidence.query.as_str()), ("statistic", evidence.statistic.as_str())];
        for (key, value) in [("types", &types), ("from", &from), ("to", &to), ("within", &within)] {
            says.extend(value.as_ref().map(|value| (key, value.as_str())));
        }
        self.writer.empty("entente:evidence", &says);
    }

    fn milestone(&mut self, milestone: &Milestone) {
        let item = &milestone.item;
        self.writer.start("result", &[("type", OTHER_RESULT)]);
        self.narrative("title", &[], &item.title, item.title_ko.as_ref());
        self.writer.start("indicator", &[("measure", QUALITATIVE)]);
        self.narrative("title", &[], &item.title, item.title_ko.as_ref());
        if let Some(background) = &item.background {
            self.narrative("description", &[], background, None);
        }
        let reference = [("vocabulary", OWN_VOCABULARY), ("code", item.id.as_str())];
        self.writer.empty("reference", &reference);
        self.period((milestone.due, milestone.due));
        self.writer.start("target", &[]);
        self.narrative("comment", &[], &milestone.verify, None);
        self.writer.end();
        let reported = milestone.reported.map(|date| date.to_string());
        if let Some(date) = &reported {
            self.writer.start("actual", &[]);
            self.narrative("comment", &[], &format!("reported {date}"), None);
            self.writer.end();
        }
        self.writer.end();
        let owners = codes(&item.owners);
        let days = item.schedule.map(|span| (span.from.to_string(), span.until.to_string()));
        let mut more = Vec::new();
        more.extend(reported.as_ref().map(|date| ("reported", date.as_str())));
        more.extend((!owners.is_empty()).then_some(("owners", owners.as_str())));
        if let Some((from, until)) = &days {
            more.extend([("from", from.as_str()), ("until", until.as_str())]);
        }
        self.said("milestone", item, &more);
        self.writer.end();
        self.writer.end();
    }
}

fn activity<'a>(id: String, level: &'a str, parent: &str, item: &'a Item) -> Activity<'a> {
    Activity {
        id,
        level,
        parent: Some(parent.to_owned()),
        title: &item.title,
        title_ko: item.title_ko.as_ref(),
        background: item.background.as_ref(),
        owners: &item.owners,
        dates: item.schedule.map(|span| (span.from, span.until)),
    }
}

fn codes(nations: &NationSet) -> String {
    nations.iter().map(|nation| nation.to_string()).collect::<Vec<_>>().join(" ")
}

/// Elements of an activity that are read, or say what others say too.
const READ: [&str; 12] = [
    "iati-identifier",
    "reporting-org",
    "title",
    "description",
    "participating-org",
    "activity-status",
    "activity-date",
    "related-activity",
    "result",
    "entente:programme",
    "entente:area",
    "entente:item",
];

/// Reads a programme from IATI. `file` is only used to say where a problem is.
pub fn import(text: &str, file: &str) -> Result<Imported, Vec<Problem>> {
    if text.len() > super::DOCUMENT_MAX {
        let reason = format!("the document has more than {} bytes", super::DOCUMENT_MAX);
        return Err(refused(file, (1, 1), reason, "divide the programme"));
    }
    let root = xml::read(text, file)?;
    let document = Document::of(&root, text, file)?;
    let mut draft = Draft::default();
    draft.raw("format", Some("1"));
    document.head(&mut draft);
    for area in document.below(identifier(document.programme)) {
        document.area(area, &mut draft);
    }
    let mut notes = vec![
        "terms of exchange, groups and caveats are not in IATI: until [[area.terms]] are added, the \
         programme permits nothing"
            .to_owned(),
    ];
    notes.extend(unread(&root));
    super::finish(&draft.text, file, notes)
}

struct Document<'a> {
    programme: &'a Element,
    /// The activities below each, by its identifier.
    below: BTreeMap<&'a str, Vec<&'a Element>>,
}

impl<'a> Document<'a> {
    fn of(root: &'a Element, text: &str, file: &str) -> Result<Self, Vec<Problem>> {
        let refuse = |at: usize, reason: String, advice: &str| {
            Err(refused(file, position(text, at), reason, advice))
        };
        if root.name != "iati-activities" {
            let advice =
                "give a document with <iati-activities>, such as `entente programme export` writes";
            return refuse(root.at, format!("<{}> is not IATI", root.name), advice);
        }
        let version = root.attribute("version").unwrap_or("none");
        if version != VERSION {
            let reason = format!("the version is {version}, and only {VERSION} is read");
            return refuse(root.at, reason, "convert it to 2.03 first");
        }
        let programmes: Vec<&Element> = root
            .all("iati-activity")
            .filter(|activity| activity.first("entente:programme").is_some())
            .collect();
        let [programme] = programmes.as_slice() else {
            let reason =
                format!("{} activities are programmes, and it has to be one", programmes.len());
            let advice = "mark the activity of the programme with <entente:programme id=\"…\" \
                          version=\"…\"/> in the namespace urn:entente:programme:1";
            return refuse(programmes.get(1).map_or(root.at, |one| one.at), reason, advice);
        };
        let mut document = Self { programme, below: BTreeMap::new() };
        for activity in root.all("iati-activity") {
            let parents = activity.all("related-activity");
            let parent = parents.into_iter().find(|one| one.attribute("type") == Some(PARENT));
            let known =
                ["entente:area", "entente:item"].iter().any(|name| activity.first(name).is_some());
            match parent.and_then(|parent| parent.attribute("ref")) {
                Some(parent) if known => document.below.entry(parent).or_default().push(activity),
                Some(_) | None if std::ptr::eq(activity, *programme) => {}
                Some(_) | None => {
                    let reason = format!(
                        "the activity {:?} has no place in the programme",
                        identifier(activity)
                    );
                    let advice = "give it a <related-activity type=\"1\"> and an <entente:area> or <entente:item>, or remove it";
                    return refuse(activity.at, reason, advice);
                }
            }
        }
        if let Some(lost) = document.lost(root) {
            let reason = format!("the activity {:?} is below none that is there", identifier(lost));
            return refuse(lost.at, reason, "correct its <related-activity type=\"1\">");
        }
        Ok(document)
    }

    /// An activity that is not below the programme, directly or through others.
    fn lost(&self, root: &'a Element) -> Option<&'a Element> {
        let mut open: Vec<&str> = vec![identifier(self.programme)];
        let mut seen: BTreeSet<&str> = open.iter().copied().collect();
        while let Some(id) = open.pop() {
            let below = self.below(id).into_iter().map(identifier);
            open.extend(below.filter(|one| seen.insert(one)));
        }
        root.all("iati-activity").find(|one| !seen.contains(identifier(one)))
    }

    fn below(&self, id: &str) -> Vec<&'a Element> {
        self.below.get(id).cloned().unwrap_or_default()
    }

    fn head(&self, draft: &mut Draft) {
        let said = self.programme.first("entente:programme");
        let says = |key| said.and_then(|said| said.attribute(key));
        draft.heading("[programme]");
        draft.text("id", says("id"));
        draft.text("version", says("version"));
        titles(self.programme, draft);
        draft.text("source", general(self.programme));
        draft.raw("in_force", dates(self.programme).as_deref());
        for party in self.programme.all("participating-org") {
            draft.heading("[[party]]");
            draft.text("nation", party.attribute("entente:nation"));
            draft.text("name", narrative(party, None));
            draft.text("name_ko", narrative(party, Some("ko")));
            draft.text("contact", party.attribute("entente:contact"));
        }
    }

    fn area(&self, activity: &'a Element, draft: &mut Draft) {
        let said = activity.first("entente:area");
        draft.heading("[[area]]");
        draft.text("id", said.and_then(|said| said.attribute("id")));
        draft.plain("number", said.and_then(|said| said.attribute("number")));
        titles(activity, draft);
        draft.text("background", general(activity));
        if let Some(assessment) = said.and_then(|said| said.first("entente:assessment")) {
            draft.heading("[area.assessment]");
            draft.list("by", &words(assessment.attribute("by")));
            draft.plain("first", assessment.attribute("first"));
        }
        for objective in self.below(identifier(activity)) {
            item("[[area.objective]]", objective, draft);
            for goal in self.below(identifier(objective)) {
                item("[[area.objective.goal]]", goal, draft);
                for measure in self.below(identifier(goal)) {
                    self.measure(measure, draft);
                }
            }
        }
    }

    fn measure(&self, measure: &'a Element, draft: &mut Draft) {
        item("[[area.objective.goal.measure]]", measure, draft);
        let said = measure.first("entente:item");
        draft.text("kind", said.and_then(|said| said.attribute("kind")));
        for result in measure.all("result") {
            for one in result.all("indicator") {
                match one.attribute("measure") {
                    Some(QUALITATIVE) => milestone(one, draft),
                    Some(_) | None => indicator(one, draft),
                }
            }
        }
        // What is below a measure has no place: the reader of the file would not see it either.
        for below in self.below(identifier(measure)) {
            item("[[area.objective.goal.measure.below]]", below, draft);
        }
    }
}

/// The identifier of an activity.
fn identifier(activity: &Element) -> &str {
    activity.first("iati-identifier").map_or("", |id| id.text.trim())
}

/// What of the document was not read.
fn unread(root: &Element) -> Vec<String> {
    let mut left = BTreeMap::<&str, u32>::new();
    for activity in root.all("iati-activity") {
        for child in &activity.children {
            if !READ.contains(&child.name.as_str()) {
                *left.entry(&child.name).or_default() += 1;
            }
        }
        let indicators = activity.all("result").flat_map(|result| result.all("indicator"));
        for one in indicators.filter(|one| one.attribute("measure") != Some(QUALITATIVE)) {
            let actuals = one.all("period").flat_map(|period| period.all("actual"));
            let count = u32::try_from(actuals.count()).unwrap_or(u32::MAX);
            if count > 0 {
                *left.entry("actual").or_default() += count;
            }
        }
    }
    let note = |(name, count): (&str, u32)| match name {
        "actual" => format!(
            "{count} actuals were not read: they are not of the programme, and people enter them"
        ),
        other => format!("<{other}> was not read, {count} times"),
    };
    left.into_iter().map(note).collect()
}

/// The text in a language; without one in the document's own.
fn narrative<'a>(element: &'a Element, language: Option<&str>) -> Option<&'a str> {
    let own = |one: &&Element| match (one.attribute("xml:lang"), language) {
        (None | Some("en"), None) => true,
        (Some(found), Some(wanted)) => found == wanted,
        (Some(_), None) | (None, Some(_)) => false,
    };
    element
        .children
        .iter()
        .filter(|one| one.name == "narrative")
        .find(own)
        .map(|one| one.text.as_str())
}

fn titles(activity: &Element, draft: &mut Draft) {
    if let Some(title) = activity.first("title") {
        draft.text("title", narrative(title, None));
        draft.text("title_ko", narrative(title, Some("ko")));
    }
}

/// The general description.
fn general(activity: &Element) -> Option<&str> {
    let general = activity.all("description").find(|one| one.attribute("type") == Some(GENERAL));
    general.and_then(|description| narrative(description, None))
}

/// Its own first and last day.
fn dates(activity: &Element) -> Option<String> {
    let day = |code: &str| {
        let own = activity.all("activity-date").find(|one| {
            one.attribute("type") == Some(code) && one.attribute("entente:of").is_none()
        });
        own.and_then(|one| one.attribute("iso-date")).map(plain)
    };
    let [from, until] = PLANNED.map(day);
    Some(format!("{{ from = {}, until = {} }}", from?, until?))
}

fn words(text: Option<&str>) -> Vec<String> {
    text.unwrap_or_default().split_whitespace().map(str::to_owned).collect()
}

fn item(heading: &str, activity: &Element, draft: &mut Draft) {
    draft.heading(heading);
    titles(activity, draft);
    draft.text("background", general(activity));
    let implementing =
        activity.all("participating-org").filter(|one| one.attribute("role") == Some(IMPLEMENTING));
    let owners: Vec<String> = implementing
        .map(|one| {
            one.attribute("entente:nation").unwrap_or("a nation that is not named").to_owned()
        })
        .collect();
    draft.list("owners", &owners);
    draft.raw("schedule", dates(activity).as_deref());
    if let Some(said) = activity.first("entente:item") {
        says(said, draft);
    }
}

/// What stands in our own element of an item.
fn says(said: &Element, draft: &mut Draft) {
    draft.text("id", said.attribute("id"));
    draft.text("role", said.attribute("role"));
    let source = |source: &Element| {
        let mut keys = Vec::new();
        for key in ["title", "date", "url"] {
            let value = source.attribute(key).map(|value| format!("{key} = {}", quoted(value)));
            keys.extend(value);
        }
        format!("{{ {} }}", keys.join(", "))
    };
    let sources: Vec<String> = said.all("entente:source").map(source).collect();
    if !sources.is_empty() {
        draft.raw("sources", Some(&format!("[{}]", sources.join(", "))));
    }
}

fn reference(indicator: &Element) -> Option<&str> {
    let own =
        indicator.all("reference").find(|one| one.attribute("vocabulary") == Some(OWN_VOCABULARY));
    own.and_then(|one| one.attribute("code"))
}

fn indicator(indicator: &Element, draft: &mut Draft) {
    draft.heading("[[area.objective.goal.measure.indicator]]");
    draft.text("id", reference(indicator));
    titles(indicator, draft);
    let background = indicator.first("description").and_then(|one| narrative(one, None));
    draft.text("background", background);
    let percent = (indicator.attribute("measure") == Some(PERCENT)).then_some("percent");
    draft.text("unit", indicator.attribute("entente:unit").or(percent));
    let ascending = match indicator.attribute("ascending") {
        Some("0") => Some("false"),
        Some("1") => Some("true"),
        other => other,
    };
    draft.plain("ascending", ascending);
    if let Some(base) = indicator.first("baseline") {
        let date = base.attribute("iso-date").unwrap_or_default();
        let value = base.attribute("value").unwrap_or_default();
        draft.raw(
            "baseline",
            Some(&format!("{{ date = {}, value = {} }}", plain(date), plain(value))),
        );
    }
    let period = |period: &Element| {
        let day =
            |name| period.first(name).and_then(|one| one.attribute("iso-date")).unwrap_or_default();
        let target =
            period.first("target").and_then(|one| one.attribute("value")).unwrap_or_default();
        let (from, until) = (plain(day("period-start")), plain(day("period-end")));
        format!("{{ from = {from}, until = {until}, target = {} }}", plain(target))
    };
    let periods: Vec<String> = indicator.all("period").map(period).collect();
    draft.raw("period", Some(&format!("[{}]", periods.join(", "))));
    if let Some(evidence) = indicator.first("entente:evidence") {
        draft.raw("evidence", Some(&format!("{{ {} }}", asked(evidence))));
    }
}

fn asked(evidence: &Element) -> String {
    let mut keys = Vec::new();
    for key in ["query", "statistic", "within"] {
        keys.extend(evidence.attribute(key).map(|value| format!("{key} = {}", quoted(value))));
    }
    for key in ["types", "from", "to"] {
        let value =
            evidence.attribute(key).map(|value| format!("{key} = {}", list(&words(Some(value)))));
        keys.extend(value);
    }
    keys.join(", ")
}

fn milestone(indicator: &Element, draft: &mut Draft) {
    draft.heading("[[area.objective.goal.measure.milestone]]");
    titles(indicator, draft);
    let background = indicator.first("description").and_then(|one| narrative(one, None));
    draft.text("background", background);
    let period = indicator.first("period");
    let end = period.and_then(|period| period.first("period-end"));
    draft.plain("due", end.and_then(|one| one.attribute("iso-date")));
    let comment =
        period.and_then(|period| period.first("target")).and_then(|one| one.first("comment"));
    draft.text("verify", comment.and_then(|one| narrative(one, None)));
    let Some(said) = indicator.first("entente:item") else {
        draft.text("id", reference(indicator));
        return;
    };
    says(said, draft);
    draft.text("reported", said.attribute("reported"));
    draft.list("owners", &words(said.attribute("owners")));
    if let (Some(from), Some(until)) = (said.attribute("from"), said.attribute("until")) {
        let (from, until) = (plain(from), plain(until));
        draft.raw("schedule", Some(&format!("{{ from = {from}, until = {until} }}")));
    }
}
