//! Commitments as a table, and a table as commitments.
//!
//! Invariant: a table that was written and not edited changes nothing when it is read; what a table cannot
//! say, such as evidence, stays as it was.

use entente_cooperation::Picture;
use entente_cooperation::content::{Commitment, Milestone};
use entente_cooperation::terms::Completion;
use entente_object::time::Timestamp;
use entente_release::{Nation, NationSet};
use entente_sheet::{Cell, Column, Day, Layout, Problems, Row, Sheet};

use crate::query::{CommitmentRow, day};

const ID: &str = "ID";
const NAME: &str = "Name";
const ABOUT: &str = "About";
const OWNER: &str = "Owner";
const RESPONSIBLE: &str = "Responsible";
const TO: &str = "Promised to";
const BEGINS: &str = "Begins";
const DUE: &str = "Due";
const MILESTONES: &str = "Milestones";
const COMPLETION: &str = "Completion";
const REMARK: &str = "Remark";
const DESCRIPTION: &str = "Description";

/// The columns of a table of commitments. Those from `Completed` on are told, and not read.
pub const LAYOUT: Layout = Layout {
    sheet: "Commitments",
    columns: &[
        Column::new(ID),
        Column { also: &["Commitment", "What", "이름"], ..Column::needed(NAME) },
        Column { also: &["Area"], ..Column::needed(ABOUT) },
        Column::new(OWNER),
        Column::needed(RESPONSIBLE),
        Column::new(TO),
        Column::new(BEGINS),
        Column { also: &["Due date", "By when", "기한"], ..Column::needed(DUE) },
        Column::new(MILESTONES),
        Column::new(COMPLETION),
        Column::new(REMARK),
        Column::new(DESCRIPTION),
        Column::new("Completed"),
        Column::new("Given up"),
        Column::new("Evidence"),
        Column::new("Late"),
        Column::new("Next due"),
        Column::new("Label"),
    ],
};

/// A row that says something new.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// The commitment that it changes; none: it is new.
    pub id: Option<String>,
    /// What is undertaken.
    pub said: Commitment,
    /// Where it stands.
    pub row: Row,
}

impl Change {
    /// Notes that the place in the programme is none.
    pub fn refuse_about(&self, reason: String, problems: &mut Problems) {
        self.row.refuse(ABOUT, reason, "write programme/area", problems);
    }

    /// Notes why the row as a whole is refused.
    pub fn refuse(&self, reason: String, problems: &mut Problems) {
        self.row.refuse(NAME, reason, "change the row, or take it out", problems);
    }
}

/// Commitments, each with its label, as a sheet.
pub fn sheet<'a>(rows: impl IntoIterator<Item = (CommitmentRow<'a>, String)>) -> Sheet {
    let cells = rows.into_iter().map(|(row, label)| {
        let said = row.said;
        let text = |text: &str| Cell::some(Some(text).filter(|text| !text.is_empty()));
        let milestones: Vec<String> = said.milestones.iter().map(line).collect();
        let to: Vec<String> = said.promised_to.iter().map(|nation| nation.to_string()).collect();
        vec![
            text(&row.filed.id),
            text(&said.name),
            text(&said.about),
            text(said.owner.as_str()),
            text(&said.responsible),
            text(&to.join(", ")),
            said.begins.map_or(Cell::Empty, first),
            last(said.due),
            text(&milestones.join("\n")),
            text(said.completion.as_str()),
            Cell::some(said.remark.as_deref()),
            Cell::some(said.description.as_deref()),
            said.completed.map_or(Cell::Empty, |time| Cell::Text(time.to_stix())),
            text(if said.dropped { "yes" } else { "" }),
            text(
                &said
                    .evidence
                    .iter()
                    .filter_map(|one| one.object_sha256.clone())
                    .collect::<Vec<_>>()
                    .join("\n"),
            ),
            text(if row.late { "late" } else { "" }),
            row.next.map_or(Cell::Empty, |(what, due)| Cell::Text(format!("{} {what}", day(due)))),
            text(&label),
        ]
    });
    Sheet::of(LAYOUT.sheet, &LAYOUT.headings(), cells)
}

/// The rows of a table that say something new. `here` owns all of it: of another's only what is unchanged
/// may stand in the table.
pub fn read(sheets: &[Sheet], picture: &Picture, here: Nation) -> Result<Vec<Change>, Problems> {
    let mut problems = Problems::default();
    let Some(sheet) = LAYOUT.find(sheets) else {
        let reason = "there are several sheets, and none is called \"Commitments\"";
        let first = entente_sheet::cell::Place { row: 0, column: 0 };
        let name = sheets.first().map_or("the file", |sheet| sheet.name.as_str());
        problems.add(name, first, reason, "name the one to be read so");
        return Err(problems);
    };
    let mut changes: Vec<Change> = Vec::new();
    for row in LAYOUT.rows(sheet, &mut problems) {
        let Some(change) = change(row, picture, here, &mut problems) else { continue };
        let same = changes.iter().any(|one| match &change.id {
            Some(id) => one.id.as_ref() == Some(id),
            None => one.id.is_none() && one.said == change.said,
        });
        if same {
            change.refuse("stands here twice".to_owned(), &mut problems);
        }
        changes.push(change);
    }
    if problems.is_empty() { Ok(changes) } else { Err(problems) }
}

fn change(row: Row, picture: &Picture, here: Nation, problems: &mut Problems) -> Option<Change> {
    let before = match row.text(ID) {
        None => None,
        Some(id) => {
            let found = picture.one::<Commitment>(&id);
            if found.is_none() {
                let advice =
                    "leave it empty for a new one, or take it from `entente commit list --xlsx`";
                row.refuse(ID, format!("\"{id}\" is no commitment that is here"), advice, problems);
                return None;
            }
            found
        }
    };
    let was = before.map(|(_, said)| said);
    let owner: Option<Nation> = row.parse(OWNER, "write a code such as KOR", problems);
    if was.is_none() && owner.is_some_and(|owner| owner != here) {
        let advice =
            format!("leave the cell empty or write {here}: a nation undertakes its own only");
        row.refuse(OWNER, "is another nation", advice, problems);
    }
    let said = said(&row, was, here, problems)?;
    if let Some(was) = was {
        if *was == said {
            return None;
        }
        if was.owner != here {
            row.refuse(
                NAME,
                format!("is of {} and was changed", was.owner),
                "take the row out: a nation changes its own only",
                problems,
            );
            return None;
        }
    } else if picture.all::<Commitment>().iter().any(|(_, other)| **other == said) {
        // The same table again.
        return None;
    }
    Some(Change { id: before.map(|(filed, _)| filed.id.clone()), said, row })
}

/// What a row says; of a cell whose column is missing, what was said before.
fn said(
    row: &Row,
    was: Option<&Commitment>,
    here: Nation,
    problems: &mut Problems,
) -> Option<Commitment> {
    let kept = |name: &str, old: Option<String>| if row.has(name) { row.text(name) } else { old };
    let begins = match was.and_then(|was| was.begins) {
        Some(old) if !row.has(BEGINS) || row.text(BEGINS) == Some(first(old).shown()) => Some(old),
        _ => time(row, BEGINS, false, problems),
    };
    let due = match was.map(|was| was.due) {
        Some(old) if row.text(DUE) == Some(last(old).shown()) => Some(old),
        _ => time(row, DUE, true, problems),
    };
    let list = "write no-evidence, not-started, limited, substantial or complete";
    let stood = was.map_or(Completion::NotStarted, |was| was.completion);
    let completion = row.parse(COMPLETION, list, problems).unwrap_or(stood);
    if completion == Completion::Complete && was.is_none_or(|was| was.evidence.is_empty()) {
        let advice = "use `entente commit update ID --completion complete --evidence ID`";
        row.refuse(COMPLETION, "what is complete is shown by evidence", advice, problems);
    }
    let milestones = if row.has(MILESTONES) {
        milestones(row, was, problems)
    } else {
        was.map(|was| was.milestones.clone()).unwrap_or_default()
    };
    let promised_to = if row.has(TO) {
        nations(row, problems)
    } else {
        was.map_or_else(NationSet::none, |was| was.promised_to.clone())
    };
    Some(Commitment {
        name: row.text(NAME)?,
        description: kept(DESCRIPTION, was.and_then(|was| was.description.clone())),
        about: row.text(ABOUT)?,
        owner: was.map_or(here, |was| was.owner),
        responsible: row.text(RESPONSIBLE)?,
        promised_to,
        arises_from_refs: was.map(|was| was.arises_from_refs.clone()).unwrap_or_default(),
        begins,
        due: due?,
        milestones,
        completion,
        completed: was.and_then(|was| was.completed),
        remark: kept(REMARK, was.and_then(|was| was.remark.clone())),
        evidence: was.map(|was| was.evidence.clone()).unwrap_or_default(),
        dropped: was.is_some_and(|was| was.dropped),
    })
}

/// A cell's time: an instant in UTC, or a day, of which the last millisecond is meant where it is an end.
fn time(row: &Row, name: &str, is_end: bool, problems: &mut Problems) -> Option<Timestamp> {
    if let Some(time) = row.text(name).and_then(|text| Timestamp::parse(&text).ok()) {
        return Some(time);
    }
    of_day(row.day(name, problems)?, is_end)
}

fn of_day(day: Day, is_end: bool) -> Option<Timestamp> {
    let time = if is_end { "23:59:59.999" } else { "00:00:00" };
    Timestamp::parse(&format!("{day}T{time}Z")).ok()
}

/// An end: its day, where it is the last of one.
fn last(time: Timestamp) -> Cell {
    on(time, true)
}

/// A begin.
fn first(time: Timestamp) -> Cell {
    on(time, false)
}

fn on(time: Timestamp, is_end: bool) -> Cell {
    let day: Option<Day> = day(time).parse().ok();
    match day.filter(|day| of_day(*day, is_end) == Some(time)) {
        Some(day) => Cell::Day(day),
        None => Cell::Text(time.to_stix()),
    }
}

/// A milestone in a line of its cell: `2024-06-30 | Team named | met 2024-06-20`.
fn line(one: &Milestone) -> String {
    let met = one.met.map_or(String::new(), |met| format!(" | met {}", first(met).shown()));
    format!("{} | {}{met}", last(one.due).shown(), one.name)
}

fn milestones(row: &Row, was: Option<&Commitment>, problems: &mut Problems) -> Vec<Milestone> {
    let before = was.map(|was| was.milestones.as_slice()).unwrap_or_default();
    let text = row.text(MILESTONES).unwrap_or_default();
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let mut found = Vec::new();
    for text in lines {
        if let Some(same) = before.iter().find(|one| line(one) == text) {
            found.push(same.clone());
            continue;
        }
        let read = || {
            let (due, rest) = text.split_once('|')?;
            let (name, met) = match rest.rsplit_once("| met ") {
                Some((name, met)) => (name, Some(at(met, false)?)),
                None => (rest, None),
            };
            let name = Some(name.trim().to_owned()).filter(|name| !name.is_empty())?;
            let kept = before.iter().find(|one| one.name == name);
            let evidence = kept.map(|one| one.evidence.clone()).unwrap_or_default();
            Some(Milestone { name, due: at(due, true)?, met, evidence })
        };
        let Some(one) = read() else {
            let advice = "write each in a line of its own, as 2024-06-30 | Team named";
            row.refuse(MILESTONES, format!("\"{text}\" is no milestone"), advice, problems);
            continue;
        };
        found.push(one);
    }
    found
}

fn at(text: &str, is_end: bool) -> Option<Timestamp> {
    let text = text.trim();
    Timestamp::parse(text).ok().or_else(|| of_day(text.parse().ok()?, is_end))
}

fn nations(row: &Row, problems: &mut Problems) -> NationSet {
    let text = row.text(TO).unwrap_or_default();
    let mut found: Vec<Nation> = Vec::new();
    for code in text.split([',', ';', '\n']).map(str::trim).filter(|code| !code.is_empty()) {
        let Ok(nation) = code.parse() else {
            let reason = format!("\"{code}\" is no code of a nation");
            row.refuse(TO, reason, "write codes with commas, such as POL, USA", problems);
            continue;
        };
        found.push(nation);
    }
    found.into_iter().collect()
}
