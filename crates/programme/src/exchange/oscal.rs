//! JSON split as OSCAL splits it: a catalogue (areas, objectives and goals as groups, measures as
//! controls), a profile for each nation (what it takes on), results, and a plan of action with the
//! milestones. It is like OSCAL and not OSCAL: measures are no security controls.
//!
//! Invariants: everything of a programme but the layout of its text is carried, and read again gives
//! the same programme; ids of parts are UUIDv5 of their references, so equal programmes give equal
//! documents.

use entente_object::json::{self, Value as Read};
use entente_object::time::Timestamp;
use entente_release::name::Caveat;
use entente_release::{Nation, NationSet};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::draft::{Draft, plain, quoted};
use super::{Exported, Imported, refused};
use crate::catalogue::{Goal, Indicator, Item, Measure, Milestone, Objective, Period, Source};
use crate::day::Day;
use crate::describe::{onward, span};
use crate::problem::{Problem, position};
use crate::programme::{Area, Programme, TermsEntry};

/// Whose names the props are.
const OURS: &str = "urn:entente:programme:1";

/// The version of OSCAL whose split this follows.
const OSCAL: &str = "1.1.2";

/// What the parts' UUIDs are made in.
const NAMESPACE: Uuid = Uuid::from_u128(0x6f1c_9d0a_2f4e_5c1b_9a77_3c6f_0e5b_8d21);

/// The programme as JSON.
pub fn export(programme: &Programme) -> Exported {
    let document = json!({
        "catalog": catalogue(programme),
        "profiles": profiles(programme),
        "assessment-results": {
            "uuid": uuid(programme, "results"),
            "metadata": metadata(programme, "Results"),
            "results": [],
        },
        "plan-of-action-and-milestones": {
            "uuid": uuid(programme, "plan"),
            "metadata": metadata(programme, "Plan of action and milestones"),
            "poam-items": plan(programme),
        },
    });
    let notes = vec![
        "the results are empty: actuals are not of the programme, they are objects in the log"
            .to_owned(),
    ];
    Exported { text: format!("{document:#}\n"), notes }
}

fn uuid(programme: &Programme, name: &str) -> String {
    Uuid::new_v5(&NAMESPACE, format!("{}/{name}", programme.id()).as_bytes()).to_string()
}

/// Named values of ours, those that are there.
#[derive(Default)]
struct Props(Vec<Value>);

impl Props {
    fn with(mut self, name: &str, value: Option<impl ToString>) -> Self {
        if let Some(value) = value {
            self.0.push(json!({ "name": name, "ns": OURS, "value": value.to_string() }));
        }
        self
    }

    fn nations(self, name: &str, nations: &NationSet) -> Self {
        self.with(name, (!nations.is_empty()).then(|| codes(nations)))
    }
}

fn codes(nations: &NationSet) -> String {
    nations.iter().map(|nation| nation.to_string()).collect::<Vec<_>>().join(" ")
}

fn metadata(programme: &Programme, title: &str) -> Value {
    let head = programme.head();
    json!({
        "title": title,
        "last-modified": head.in_force.not_before.map(Timestamp::to_stix),
        "version": head.version,
        "oscal-version": OSCAL,
    })
}

fn catalogue(programme: &Programme) -> Value {
    let head = programme.head();
    let mut about = metadata(programme, &head.title);
    let last = head
        .in_force
        .not_after
        .map(|end| Timestamp::from_unix_micros(end.unix_micros().saturating_sub(1)));
    let props = Props::default()
        .with("id", Some(&head.id))
        .with("title_ko", head.title_ko.as_ref())
        .with("from", head.in_force.not_before.and_then(Day::of))
        .with("until", last.and_then(Day::of));
    let party = |party: &crate::programme::Party| {
        let props = Props::default()
            .with("nation", Some(party.nation))
            .with("name_ko", party.name_ko.as_ref())
            .with("contact", party.contact.as_ref());
        json!({
            "uuid": uuid(programme, party.nation.as_str()), "type": "organization",
            "name": party.name, "props": props.0,
        })
    };
    let parties: Vec<Value> = programme.parties().iter().map(party).collect();
    if let Some(about) = about.as_object_mut() {
        about.insert("props".to_owned(), props.0.into());
        about.insert("parties".to_owned(), parties.into());
        about.insert("remarks".to_owned(), head.source.clone().into());
    }
    json!({
        "uuid": uuid(programme, "catalogue"),
        "metadata": about,
        "groups": programme.areas().iter().map(area).collect::<Vec<_>>(),
        "back-matter": { "resources": resources(programme) },
    })
}

/// Groups of nations and caveats.
fn resources(programme: &Programme) -> Vec<Value> {
    let mut resources = Vec::new();
    for (id, group) in programme.groups() {
        let props = Props::default()
            .with("kind", Some("group"))
            .with("version", Some(&group.version))
            .nations("nations", &group.nations);
        resources.push(json!({
            "uuid": uuid(programme, &format!("group/{id}")), "title": id, "props": props.0,
        }));
    }
    for (id, meaning) in programme.caveats() {
        let props = Props::default().with("kind", Some("caveat"));
        resources.push(json!({
            "uuid": uuid(programme, &format!("caveat/{id}")), "title": id.as_str(),
            "description": meaning, "props": props.0,
        }));
    }
    resources
}

/// What every group, control and part says.
fn said(class: &str, id: &str, title: &str, props: Props) -> Map<String, Value> {
    let mut said = Map::new();
    said.insert("id".to_owned(), id.into());
    said.insert("class".to_owned(), class.into());
    said.insert("title".to_owned(), title.into());
    said.insert("props".to_owned(), props.0.into());
    said
}

fn overview(text: Option<&String>) -> Vec<Value> {
    text.map(|text| json!({ "name": "overview", "prose": text })).into_iter().collect()
}

fn area(area: &Area) -> Value {
    let props = Props::default()
        .with("number", Some(area.number))
        .with("title_ko", area.title_ko.as_ref())
        .with("assessed-by", area.assessment.as_ref().map(|one| codes(&one.by)))
        .with("first-assessment", area.assessment.as_ref().map(|one| one.first));
    let mut group = said("area", area.id.as_str(), &area.title, props);
    let mut parts = overview(area.background.as_ref());
    parts.extend(area.terms.iter().map(terms));
    group.insert("parts".to_owned(), parts.into());
    let objectives: Vec<Value> = area.objectives.iter().map(objective).collect();
    group.insert("groups".to_owned(), objectives.into());
    group.into()
}

fn terms(entry: &TermsEntry) -> Value {
    let caveats: Vec<&str> = entry.caveats.iter().map(Caveat::as_str).collect();
    let props = Props::default()
        .nations("from", &entry.from)
        .nations("to", &entry.to)
        .with("ceiling", Some(super::toml::ceiling(entry.ceiling)))
        .with("types", Some(super::toml::words(&entry.types).join(" ")))
        .with("releasers", Some(entry.releasers))
        .with("answer_within", entry.answer_within.map(span))
        .with("onward", Some(onward(entry.onward)))
        .with("caveats", (!caveats.is_empty()).then(|| caveats.join(" ")));
    json!({ "name": "terms", "props": props.0 })
}

fn item(class: &str, item: &Item, more: Props) -> Map<String, Value> {
    let props = more
        .with("title_ko", item.title_ko.as_ref())
        .nations("owners", &item.owners)
        .with("role", item.role.as_ref())
        .with("from", item.schedule.map(|span| span.from))
        .with("until", item.schedule.map(|span| span.until));
    let mut group = said(class, item.id.as_str(), &item.title, props);
    let mut parts = overview(item.background.as_ref());
    parts.extend(item.sources.iter().map(source));
    group.insert("parts".to_owned(), parts.into());
    group
}

fn source(source: &Source) -> Value {
    let links: Vec<Value> =
        source.url.iter().map(|url| json!({ "href": url, "rel": "reference" })).collect();
    let props = Props::default().with("date", Some(source.date));
    json!({ "name": "source", "title": source.title, "props": props.0, "links": links })
}

fn objective(objective: &Objective) -> Value {
    let mut group = item("objective", &objective.item, Props::default());
    let goals: Vec<Value> = objective.goals.iter().map(goal).collect();
    group.insert("groups".to_owned(), goals.into());
    group.into()
}

fn goal(goal: &Goal) -> Value {
    let mut group = item("goal", &goal.item, Props::default());
    let measures: Vec<Value> = goal.measures.iter().map(measure).collect();
    group.insert("controls".to_owned(), measures.into());
    group.into()
}

fn measure(measure: &Measure) -> Value {
    let mut control = item(measure.kind.as_str(), &measure.item, Props::default());
    if let Some(parts) = control.get_mut("parts").and_then(Value::as_array_mut) {
        parts.extend(measure.indicators.iter().map(indicator));
    }
    control.into()
}

fn indicator(indicator: &Indicator) -> Value {
    let evidence = indicator.evidence.as_ref();
    let props = Props::default()
        .with("title_ko", indicator.title_ko.as_ref())
        .with("unit", Some(&indicator.unit))
        .with("ascending", Some(indicator.ascending))
        .with("baseline-date", indicator.baseline.map(|base| base.date))
        .with("baseline", indicator.baseline.map(|base| base.value))
        .with("query", evidence.map(|one| one.query))
        .with("statistic", evidence.map(|one| one.statistic))
        .with(
            "types",
            evidence
                .and_then(|one| one.types.as_ref())
                .map(|types| super::toml::words(types).join(" ")),
        )
        .with("from", evidence.and_then(|one| one.from.as_ref()).map(codes))
        .with("to", evidence.and_then(|one| one.to.as_ref()).map(codes))
        .with("within", evidence.and_then(|one| one.within).map(span));
    let mut part = said("indicator", indicator.id.as_str(), &indicator.title, props);
    part.insert("name".to_owned(), "indicator".into());
    part.extend(
        indicator.background.as_ref().map(|text| ("prose".to_owned(), text.clone().into())),
    );
    let periods: Vec<Value> = indicator.periods.iter().map(period).collect();
    part.insert("parts".to_owned(), periods.into());
    part.into()
}

fn period(period: &Period) -> Value {
    let props = Props::default()
        .with("from", Some(period.from))
        .with("until", Some(period.until))
        .with("target", Some(period.target));
    json!({ "name": "period", "props": props.0 })
}

/// For each nation the measures that it owns.
fn profiles(programme: &Programme) -> Vec<Value> {
    let owned = |nation: Nation| {
        let measures = programme.areas().iter().flat_map(Area::measures);
        let own = measures.filter(|measure| measure.item.owners.contains(nation));
        own.map(|measure| measure.item.id.to_string()).collect::<Vec<_>>()
    };
    let profile = |party: &crate::programme::Party| {
        let ids = owned(party.nation);
        (!ids.is_empty()).then(|| {
            json!({
                "uuid": uuid(programme, &format!("profile/{}", party.nation)),
                "metadata": metadata(programme, &format!("What {} takes on", party.name)),
                "imports": [{
                    "href": format!("#{}", uuid(programme, "catalogue")),
                    "include-controls": [{ "with-ids": ids }],
                }],
            })
        })
    };
    programme.parties().iter().filter_map(profile).collect()
}

fn plan(programme: &Programme) -> Vec<Value> {
    let mut items = Vec::new();
    for measure in programme.areas().iter().flat_map(Area::measures) {
        if measure.milestones.is_empty() {
            continue;
        }
        let tasks: Vec<Value> = measure.milestones.iter().map(|one| task(programme, one)).collect();
        let id = &measure.item.id;
        items.push(json!({
            "uuid": uuid(programme, &format!("plan/{id}")), "title": measure.item.title,
            "props": Props::default().with("measure", Some(id)).0, "tasks": tasks,
        }));
    }
    items
}

fn task(programme: &Programme, milestone: &Milestone) -> Value {
    let more = Props::default().with("reported", milestone.reported);
    let mut task = item("milestone", &milestone.item, more);
    task.insert("uuid".to_owned(), uuid(programme, milestone.item.id.as_str()).into());
    task.insert("type".to_owned(), "milestone".into());
    task.insert("timing".to_owned(), json!({ "on-date": { "date": milestone.due.to_string() } }));
    task.insert("remarks".to_owned(), milestone.verify.clone().into());
    task.into()
}

/// Reads a programme from JSON. `file` is only used to say where a problem is.
pub fn import(text: &str, file: &str) -> Result<Imported, Vec<Problem>> {
    if text.len() > super::DOCUMENT_MAX {
        let reason = format!("the document has more than {} bytes", super::DOCUMENT_MAX);
        return Err(refused(file, (1, 1), reason, "divide the programme"));
    }
    let root = json::parse(text.as_bytes()).map_err(|refusal| {
        let place = position(text, refusal.offset);
        refused(file, place, refusal.reason.what().to_owned(), refusal.reason.remedy())
    })?;
    let Some(catalogue) = root.get("catalog") else {
        let reason = "the document has no \"catalog\"".to_owned();
        let advice = "give a document such as `entente programme export --format oscal` writes";
        return Err(refused(file, (1, 1), reason, advice));
    };
    let mut draft = Draft::default();
    draft.raw("format", Some("1"));
    read_head(catalogue, &mut draft);
    let plan = root.get("plan-of-action-and-milestones");
    let plan: Vec<&Read<'_>> =
        plan.map(|plan| each(plan, "poam-items").collect()).unwrap_or_default();
    let mut reader = Reader { draft, plan, taken: Vec::new() };
    each(catalogue, "groups").for_each(|area| reader.area(area));
    let mut notes = Vec::new();
    let results =
        root.get("assessment-results").map_or(0, |results| each(results, "results").count());
    if results > 0 {
        notes.push(format!("{results} results were not read: actuals are not of the programme"));
    }
    for left in reader.plan.iter().filter_map(|item| prop(item, "measure")) {
        if !reader.taken.iter().any(|taken| taken == left) {
            notes.push(format!("the plan for {left:?} was not read: there is no such measure"));
        }
    }
    super::finish(&reader.draft.text, file, notes)
}

/// The members of a list, none if there is none.
fn each<'a>(value: &'a Read<'a>, key: &str) -> impl Iterator<Item = &'a Read<'a>> {
    value.get(key).and_then(Read::as_array).into_iter().flatten()
}

fn text<'a>(value: &'a Read<'a>, key: &str) -> Option<&'a str> {
    value.get(key).and_then(Read::as_str)
}

/// One of our named values.
fn prop<'a>(value: &'a Read<'a>, name: &str) -> Option<&'a str> {
    let is_it = |one: &&Read<'a>| text(one, "ns") == Some(OURS) && text(one, "name") == Some(name);
    each(value, "props").find(is_it).and_then(|one| text(one, "value"))
}

fn part<'a>(value: &'a Read<'a>, name: &'a str) -> impl Iterator<Item = &'a Read<'a>> {
    each(value, "parts").filter(move |part| text(part, "name") == Some(name))
}

fn words(text: Option<&str>) -> Vec<String> {
    text.unwrap_or_default().split_whitespace().map(str::to_owned).collect()
}

/// From a first to a last day.
fn days(value: &Read<'_>) -> Option<String> {
    let (from, until) = (prop(value, "from")?, prop(value, "until")?);
    Some(format!("{{ from = {}, until = {} }}", plain(from), plain(until)))
}

fn read_head(catalogue: &Read<'_>, draft: &mut Draft) {
    draft.heading("[programme]");
    let Some(about) = catalogue.get("metadata") else { return };
    draft.text("id", prop(about, "id"));
    draft.text("title", text(about, "title"));
    draft.text("title_ko", prop(about, "title_ko"));
    draft.text("version", text(about, "version"));
    draft.text("source", text(about, "remarks"));
    draft.raw("in_force", days(about).as_deref());
    for party in each(about, "parties") {
        draft.heading("[[party]]");
        draft.text("nation", prop(party, "nation"));
        draft.text("name", text(party, "name"));
        draft.text("name_ko", prop(party, "name_ko"));
        draft.text("contact", prop(party, "contact"));
    }
    let Some(back) = catalogue.get("back-matter") else { return };
    for resource in each(back, "resources") {
        let is_group = prop(resource, "kind") == Some("group");
        draft.heading(if is_group { "[[group]]" } else { "[[caveat]]" });
        draft.text("id", text(resource, "title"));
        if is_group {
            draft.text("version", prop(resource, "version"));
            draft.list("nations", &words(prop(resource, "nations")));
        } else {
            draft.text("meaning", text(resource, "description"));
        }
    }
}

struct Reader<'a> {
    draft: Draft,
    plan: Vec<&'a Read<'a>>,
    /// The measures whose plan was read.
    taken: Vec<String>,
}

impl<'a> Reader<'a> {
    fn area(&mut self, area: &'a Read<'a>) {
        let draft = &mut self.draft;
        draft.heading("[[area]]");
        draft.text("id", text(area, "id"));
        draft.plain("number", prop(area, "number"));
        draft.text("title", text(area, "title"));
        draft.text("title_ko", prop(area, "title_ko"));
        draft.text("background", part(area, "overview").next().and_then(|one| text(one, "prose")));
        for entry in part(area, "terms") {
            draft.heading("[[area.terms]]");
            for key in ["from", "to", "types", "caveats"] {
                draft.list(key, &words(prop(entry, key)));
            }
            for key in ["ceiling", "answer_within", "onward"] {
                draft.text(key, prop(entry, key));
            }
            draft.plain("releasers", prop(entry, "releasers"));
        }
        if let Some(by) = prop(area, "assessed-by") {
            draft.heading("[area.assessment]");
            draft.list("by", &words(Some(by)));
            draft.plain("first", prop(area, "first-assessment"));
        }
        for objective in each(area, "groups") {
            self.item("[[area.objective]]", objective);
            for goal in each(objective, "groups") {
                self.item("[[area.objective.goal]]", goal);
                each(goal, "controls").for_each(|measure| self.measure(measure));
            }
        }
    }

    fn item(&mut self, heading: &str, item: &Read<'_>) {
        let draft = &mut self.draft;
        draft.heading(heading);
        draft.text("id", text(item, "id"));
        draft.text("title", text(item, "title"));
        draft.text("title_ko", prop(item, "title_ko"));
        draft.text("background", part(item, "overview").next().and_then(|one| text(one, "prose")));
        draft.list("owners", &words(prop(item, "owners")));
        draft.text("role", prop(item, "role"));
        draft.raw("schedule", days(item).as_deref());
        let source = |source: &Read<'_>| {
            let href = each(source, "links").next().and_then(|link| text(link, "href"));
            let said =
                [("title", text(source, "title")), ("date", prop(source, "date")), ("url", href)];
            let keys = said
                .iter()
                .filter_map(|(key, value)| value.map(|value| format!("{key} = {}", quoted(value))));
            format!("{{ {} }}", keys.collect::<Vec<_>>().join(", "))
        };
        let sources: Vec<String> = part(item, "source").map(source).collect();
        if !sources.is_empty() {
            draft.raw("sources", Some(&format!("[{}]", sources.join(", "))));
        }
    }

    fn measure(&mut self, measure: &'a Read<'a>) {
        self.item("[[area.objective.goal.measure]]", measure);
        self.draft.text("kind", text(measure, "class"));
        let id = text(measure, "id").unwrap_or_default();
        let plan: Vec<&Read<'_>> =
            self.plan.iter().copied().filter(|item| prop(item, "measure") == Some(id)).collect();
        for task in plan.into_iter().flat_map(|item| each(item, "tasks")) {
            self.item("[[area.objective.goal.measure.milestone]]", task);
            let date = task.get("timing").and_then(|timing| timing.get("on-date"));
            self.draft.plain("due", date.and_then(|date| text(date, "date")));
            self.draft.text("verify", text(task, "remarks"));
            self.draft.text("reported", prop(task, "reported"));
        }
        self.taken.push(id.to_owned());
        part(measure, "indicator").for_each(|one| self.indicator(one));
    }

    fn indicator(&mut self, indicator: &Read<'_>) {
        let draft = &mut self.draft;
        draft.heading("[[area.objective.goal.measure.indicator]]");
        draft.text("id", text(indicator, "id"));
        draft.text("title", text(indicator, "title"));
        draft.text("title_ko", prop(indicator, "title_ko"));
        draft.text("background", text(indicator, "prose"));
        draft.text("unit", prop(indicator, "unit"));
        draft.plain("ascending", prop(indicator, "ascending"));
        if let (Some(date), Some(value)) =
            (prop(indicator, "baseline-date"), prop(indicator, "baseline"))
        {
            let base = format!("{{ date = {}, value = {} }}", plain(date), plain(value));
            draft.raw("baseline", Some(&base));
        }
        let period = |period: &Read<'_>| {
            let said = ["from", "until", "target"]
                .map(|key| format!("{key} = {}", plain(prop(period, key).unwrap_or_default())));
            format!("{{ {} }}", said.join(", "))
        };
        let periods: Vec<String> = part(indicator, "period").map(period).collect();
        draft.raw("period", Some(&format!("[{}]", periods.join(", "))));
        if prop(indicator, "query").is_some() {
            draft.raw("evidence", Some(&format!("{{ {} }}", asked(indicator))));
        }
    }
}

fn asked(indicator: &Read<'_>) -> String {
    let mut keys = Vec::new();
    for key in ["query", "statistic", "within"] {
        keys.extend(prop(indicator, key).map(|value| format!("{key} = {}", quoted(value))));
    }
    for key in ["types", "from", "to"] {
        let value = prop(indicator, key).map(|value| super::draft::list(&words(Some(value))));
        keys.extend(value.map(|value| format!("{key} = {value}")));
    }
    keys.join(", ")
}
