//! The catalogue of an area: objectives, goals, measures and milestones.
//!
//! Invariants: ids are unique in the whole file, whatever they are of; a measure says who is
//! answerable for it, and somebody else can assess it.

use std::collections::BTreeMap;

use entente_release::NationSet;
use entente_release::name::ItemId;

use super::area::nations;
use super::{Names, indicator, line, name, optional_line, prose};
use crate::catalogue::{
    Assessment, Goal, Item, Measure, MeasureKind, Milestone, Objective, Schedule, Source,
};
use crate::day::{Day, ReportDate};
use crate::problem::{Problems, did_you_mean, position};
use crate::table::{Table, Word};

/// Far more than the measures, milestones and indicators of a large programme: 500 measures with
/// three of each.
const ITEMS_MAX: usize = 5_000;

/// The longest address of a source.
const URL_CHARS: usize = 2_000;

/// What every item may say.
const ITEM_KEYS: [&str; 8] =
    ["id", "title", "title_ko", "background", "owners", "role", "schedule", "sources"];

/// The ids of the file so far, and where each stands.
#[derive(Default)]
pub(super) struct Items {
    known: BTreeMap<ItemId, usize>,
}

impl Items {
    /// The id of an item, if no other has it.
    pub(super) fn id(&mut self, table: &Table<'_>, problems: &mut Problems<'_>) -> Option<ItemId> {
        let word = table.text("id", "id = \"cc-participation\"", problems)?;
        let id = name::<ItemId>(word, problems)?;
        if self.known.len() == ITEMS_MAX {
            let reason = format!("more than {ITEMS_MAX} items in the catalogue");
            problems.add(word.at, reason, "divide the programme");
        }
        if let Some(at) = self.known.insert(id.clone(), word.at) {
            let line = position(problems.text(), at).0;
            let reason = format!("the id \"{id}\" is taken, in line {line}");
            problems.add(word.at, reason, "give one of them another id");
        }
        Some(id)
    }
}

/// The objectives of an area, and who assesses it.
pub(super) fn catalogue(
    area: &Table<'_>,
    (names, items): (&Names, &mut Items),
    problems: &mut Problems<'_>,
) -> (Vec<Objective>, Option<Assessment>) {
    let assessment = assessment(area, names, problems);
    let known = with(&["goal"]);
    let mut objectives = Vec::new();
    let mut reader = Reader { names, items, assessment: assessment.as_ref() };
    for table in area.tables("objective", &known, problems) {
        let item = reader.item(&table, problems);
        let goals = reader.goals(&table, problems);
        let Some(item) = item else { continue };
        objectives.push(Objective { item, goals });
    }
    (objectives, assessment)
}

fn with(more: &[&'static str]) -> Vec<&'static str> {
    ITEM_KEYS.iter().chain(more).copied().collect()
}

struct Reader<'a> {
    names: &'a Names,
    items: &'a mut Items,
    assessment: Option<&'a Assessment>,
}

impl Reader<'_> {
    fn goals(&mut self, objective: &Table<'_>, problems: &mut Problems<'_>) -> Vec<Goal> {
        let mut goals = Vec::new();
        for table in objective.tables("goal", &with(&["measure"]), problems) {
            let item = self.item(&table, problems);
            let measures = self.measures(&table, problems);
            let Some(item) = item else { continue };
            goals.push(Goal { item, measures });
        }
        goals
    }

    fn measures(&mut self, goal: &Table<'_>, problems: &mut Problems<'_>) -> Vec<Measure> {
        let known = with(&["kind", "milestone", "indicator"]);
        let mut measures = Vec::new();
        for table in goal.tables("measure", &known, problems) {
            let item = self.item(&table, problems);
            let kind = table.optional_text("kind", "kind = \"measure\"", problems);
            let kind = kind.map_or(Some(MeasureKind::Measure), |word| measure_kind(word, problems));
            let milestones = self.milestones(&table, problems);
            let indicators = indicator::indicators(&table, (self.names, self.items), problems);
            let answerable = self.is_answerable(&table, item.as_ref(), problems);
            let (Some(item), Some(kind), true) = (item, kind, answerable) else { continue };
            measures.push(Measure { item, kind, milestones, indicators });
        }
        measures
    }

    /// Whether somebody is answerable for a measure, and somebody else can assess it.
    fn is_answerable(
        &self,
        table: &Table<'_>,
        item: Option<&Item>,
        problems: &mut Problems<'_>,
    ) -> bool {
        for (key, example) in [
            ("owners", "owners = [\"KOR\"]"),
            ("role", "role = \"head of cyber policy\", a role and never a person"),
        ] {
            if !table.has(key) {
                let advice = format!("add {example}");
                problems.add(table.at, format!("a measure without \"{key}\""), advice);
            }
        }
        let Some(item) = item.filter(|item| !item.owners.is_empty()) else { return false };
        let Some(assessment) = self.assessment else {
            let advice = "add assessment = { by = [\"POL\"], first = 2024-06-30 } to the area";
            problems.add(table.at, "nobody assesses this measure", advice);
            return false;
        };
        if assessment.by.iter().all(|nation| item.owners.contains(nation)) {
            let advice = "name a nation that does not own it in \"by\" of the area's assessment";
            problems.add(table.at, "only its owners assess this measure", advice);
            return false;
        }
        item.role.is_some()
    }

    fn milestones(&mut self, measure: &Table<'_>, problems: &mut Problems<'_>) -> Vec<Milestone> {
        let mut milestones = Vec::new();
        for table in measure.tables("milestone", &with(&["due", "verify", "reported"]), problems) {
            let item = self.item(&table, problems);
            let due = table.day("due", "due = 2024-07-31", problems);
            let due = due.and_then(|(text, at)| day(&text, at, problems));
            let verify = table.text("verify", "verify = \"how anybody can see it\"", problems);
            let verify = verify.and_then(|word| prose(word, problems));
            let reported = table.optional_text("reported", "reported = \"2024-07\"", problems);
            let reported = reported.and_then(|word| report_date(word, problems));
            let (Some(item), Some(due), Some(verify)) = (item, due, verify) else { continue };
            milestones.push(Milestone { item, due, verify, reported });
        }
        milestones
    }

    fn item(&mut self, table: &Table<'_>, problems: &mut Problems<'_>) -> Option<Item> {
        let id = self.items.id(table, problems);
        let title = table.text("title", "title = \"…\"", problems);
        let title = title.and_then(|word| line(word, problems));
        let title_ko = optional_line(table, "title_ko", problems);
        let background = table.optional_text("background", "background = \"…\"", problems);
        let background = background.and_then(|word| prose(word, problems));
        let owners = if table.has("owners") {
            nations("owners", table, self.names, problems)
        } else {
            NationSet::none()
        };
        let role = optional_line(table, "role", problems);
        let schedule = schedule(table, problems);
        let sources = sources(table, problems);
        Some(Item { id: id?, title: title?, title_ko, background, owners, role, schedule, sources })
    }
}

fn measure_kind(word: Word<'_>, problems: &mut Problems<'_>) -> Option<MeasureKind> {
    let kinds = [MeasureKind::Measure, MeasureKind::SupportingActivity];
    let found = kinds.into_iter().find(|kind| kind.as_str() == word.text);
    if found.is_none() {
        let advice = did_you_mean(word.text, kinds.map(MeasureKind::as_str));
        problems.add(word.at, format!("\"{}\" is no kind of measure", word.text), advice);
    }
    found
}

fn assessment(area: &Table<'_>, names: &Names, problems: &mut Problems<'_>) -> Option<Assessment> {
    const EXAMPLE: &str = "assessment = { by = [\"POL\"], first = 2024-06-30 }";
    let table = area.optional_table("assessment", &["by", "first"], EXAMPLE, problems)?;
    let by = nations("by", &table, names, problems);
    let first = table.day("first", "first = 2024-06-30", problems);
    let first = first.and_then(|(text, at)| day(&text, at, problems))?;
    (!by.is_empty()).then_some(Assessment { by, first })
}

fn schedule(item: &Table<'_>, problems: &mut Problems<'_>) -> Option<Schedule> {
    const EXAMPLE: &str = "schedule = { from = 2023-07-11, until = 2026-12-31 }";
    let table = item.optional_table("schedule", &["from", "until"], EXAMPLE, problems)?;
    let (from, until) = span(&table, problems)?;
    Some(Schedule { from, until })
}

/// A first and a last day.
pub(super) fn span(table: &Table<'_>, problems: &mut Problems<'_>) -> Option<(Day, Day)> {
    let from = table.day("from", "from = 2023-07-11", problems);
    let from = from.and_then(|(text, at)| day(&text, at, problems));
    let until = table.day("until", "until = 2026-12-31", problems);
    let until = until.and_then(|(text, at)| Some((day(&text, at, problems)?, at)));
    let (from, (until, at)) = (from?, until?);
    if until < from {
        let reason = format!("the last day, {until}, is before the first, {from}");
        problems.add(at, reason, "exchange them, or correct the year");
        return None;
    }
    Some((from, until))
}

/// A day of the calendar.
pub(super) fn day(text: &str, at: usize, problems: &mut Problems<'_>) -> Option<Day> {
    let read = text.parse().ok();
    if read.is_none() {
        let reason = format!("{text} is no day of the calendar");
        problems.add(at, reason, "correct it, such as 2024-02-29");
    }
    read
}

fn report_date(word: Word<'_>, problems: &mut Problems<'_>) -> Option<ReportDate> {
    let read = word.text.parse().ok();
    if read.is_none() {
        let advice = "write as much as is known: \"2023\", \"2023-07\" or \"2023-07-11\"";
        problems.add(word.at, format!("\"{}\" is no date", word.text), advice);
    }
    read
}

fn sources(item: &Table<'_>, problems: &mut Problems<'_>) -> Vec<Source> {
    let mut sources = Vec::new();
    for table in item.tables("sources", &["title", "date", "url"], problems) {
        let title = table.text("title", "title = \"who published what\"", problems);
        let title = title.and_then(|word| line(word, problems));
        let date = table.text("date", "date = \"2023-07\"", problems);
        let date = date.and_then(|word| report_date(word, problems));
        let url = table.optional_text("url", "url = \"https://…\"", problems);
        let url = url.and_then(|word| address(word, problems));
        let (Some(title), Some(date)) = (title, date) else { continue };
        sources.push(Source { title, date, url });
    }
    sources
}

fn address(word: Word<'_>, problems: &mut Problems<'_>) -> Option<String> {
    let is_web = word.text.starts_with("https://") || word.text.starts_with("http://");
    let plain = word.text.bytes().all(|c| c.is_ascii_graphic() && !b"<>\"{}|\\^`".contains(&c));
    if is_web && plain && word.text.len() <= URL_CHARS {
        return Some(word.text.to_owned());
    }
    let advice = "write it whole, from https:// on, in ASCII and without spaces";
    problems.add(word.at, "this is no address of a page", advice);
    None
}
