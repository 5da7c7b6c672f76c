//! Rows of named columns, with every mistake told where it stands.
//!
//! Invariants:
//! * A column that is not expected is a problem, so that a misspelt one is never silently left out.
//! * A formula is never read: what it last came to may be old, may come from another file, and is not what
//!   the person who wrote the cell said. Its advice is to paste values.
//! * A merged cell is never read: whether it counts for each row or for the first, only its author knows.

use std::collections::BTreeMap;
use std::str::FromStr;

use crate::cell::{Cell, Day, Place, Sheet};
use crate::limits::ABOVE_MAX;
use crate::problem::Problems;

/// A column that may be there.
#[derive(Clone, Copy, Debug)]
pub struct Column {
    /// Its heading.
    pub name: &'static str,
    /// What others call it.
    pub also: &'static [&'static str],
    /// Whether it has to be there, and filled in each row.
    pub needed: bool,
}

impl Column {
    /// A column that may be missing.
    pub const fn new(name: &'static str) -> Self {
        Self { name, also: &[], needed: false }
    }

    /// A column that may not.
    pub const fn needed(name: &'static str) -> Self {
        Self { name, also: &[], needed: true }
    }
}

/// The columns of a sheet, in the order in which they are written.
#[derive(Clone, Copy, Debug)]
pub struct Layout {
    /// What the sheet is called.
    pub sheet: &'static str,
    /// Its columns.
    pub columns: &'static [Column],
}

/// A row that holds something.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    sheet: String,
    at: u32,
    cells: BTreeMap<&'static str, (u32, Cell)>,
}

impl Layout {
    /// The headings.
    pub fn headings(&self) -> Vec<&'static str> {
        self.columns.iter().map(|column| column.name).collect()
    }

    /// The sheet of this name; of a file with one sheet, that.
    pub fn find<'a>(&self, sheets: &'a [Sheet]) -> Option<&'a Sheet> {
        let named = sheets.iter().find(|sheet| plain(&sheet.name) == plain(self.sheet));
        named.or(if let [only] = sheets { Some(only) } else { None })
    }

    /// The rows of a sheet that hold something.
    pub fn rows(&self, sheet: &Sheet, problems: &mut Problems) -> Vec<Row> {
        let Some(head) = self.head(sheet) else {
            let first = Place { row: 0, column: 0 };
            let needs = format!("put these headings in a row: {}", self.headings().join(", "));
            problems.add(&sheet.name, first, "no row of headings was found", needs);
            return Vec::new();
        };
        let columns = self.place_columns(sheet, head, problems);
        let mut rows: BTreeMap<u32, Row> = BTreeMap::new();
        for (place, cell) in sheet.cells.range(Place { row: head + 1, column: 0 }..) {
            let Some(name) = columns.get(&place.column).filter(|_| !cell.is_blank()) else {
                continue;
            };
            let row = rows.entry(place.row).or_insert_with(|| Row {
                sheet: sheet.name.clone(),
                at: place.row,
                cells: BTreeMap::new(),
            });
            if let Some((reason, advice)) = refused(cell) {
                problems.add(&sheet.name, *place, reason, advice);
            }
            row.cells.insert(name, (place.column, cell.clone()));
        }
        for area in sheet.merged.iter().filter(|area| area.last.row > head) {
            let touches =
                columns.keys().any(|c| (area.first.column..=area.last.column).contains(c));
            if touches {
                let reason = format!("is merged with the cells to {}", area.last);
                problems.add(&sheet.name, area.first, reason, "unmerge them and fill in each");
            }
        }
        for row in rows.values_mut() {
            for (at, name) in &columns {
                row.cells.entry(name).or_insert((*at, Cell::Empty));
            }
            for column in self.columns.iter().filter(|column| column.needed) {
                if row.is_blank(column.name) && columns.values().any(|name| *name == column.name) {
                    row.refuse(column.name, "is empty", "fill it in, or empty the row", problems);
                }
            }
        }
        rows.into_values().collect()
    }

    /// The row of headings: of the first rows the one that has most of them.
    fn head(&self, sheet: &Sheet) -> Option<u32> {
        let mut found: BTreeMap<u32, u32> = BTreeMap::new();
        let top = sheet.cells.range(..Place { row: ABOVE_MAX + 1, column: 0 });
        for (place, cell) in top {
            if self.column(&cell.shown()).is_some() {
                *found.entry(place.row).or_default() += 1;
            }
        }
        found.into_iter().rev().max_by_key(|(_, count)| *count).map(|(row, _)| row)
    }

    fn column(&self, heading: &str) -> Option<&'static Column> {
        let heading = plain(heading);
        self.columns.iter().find(|column| {
            plain(column.name) == heading || column.also.iter().any(|also| plain(also) == heading)
        })
    }

    /// Which column of the sheet is which.
    fn place_columns(
        &self,
        sheet: &Sheet,
        head: u32,
        problems: &mut Problems,
    ) -> BTreeMap<u32, &'static str> {
        let mut columns: BTreeMap<u32, &'static str> = BTreeMap::new();
        let line = Place { row: head, column: 0 }..Place { row: head + 1, column: 0 };
        for (place, cell) in sheet.cells.range(line) {
            let heading = cell.shown();
            if heading.is_empty() {
                continue;
            }
            let Some(column) = self.column(&heading) else {
                let advice = format!("use one of: {}", self.headings().join(", "));
                problems.add(&sheet.name, *place, format!("unknown column \"{heading}\""), advice);
                continue;
            };
            if columns.values().any(|name| *name == column.name) {
                let reason = format!("a second column \"{}\"", column.name);
                problems.add(&sheet.name, *place, reason, "remove one");
                continue;
            }
            columns.insert(place.column, column.name);
        }
        for column in self.columns.iter().filter(|column| column.needed) {
            if !columns.values().any(|name| *name == column.name) {
                let first = Place { row: head, column: 0 };
                let reason = format!("the column \"{}\" is missing", column.name);
                problems.add(&sheet.name, first, reason, "add it to this row of headings");
            }
        }
        let below = sheet.cells.range(Place { row: head + 1, column: 0 }..);
        let stray = below.filter(|(place, cell)| {
            let heading = Place { row: head, column: place.column };
            !cell.is_blank() && sheet.cells.get(&heading).is_none_or(Cell::is_blank)
        });
        for (place, _) in stray {
            problems.add(&sheet.name, *place, "has no heading", "name its column, or empty it");
        }
        columns
    }
}

/// Why a cell is not read, whatever its column.
fn refused(cell: &Cell) -> Option<(String, &'static str)> {
    match cell {
        Cell::Formula(_) => Some((
            "is a formula".to_owned(),
            "copy the cell and paste it as a value: what a formula comes to is not taken over",
        )),
        Cell::Error(error) => Some((format!("holds the error {error}"), "write the value itself")),
        Cell::Empty | Cell::Text(_) | Cell::Number(_) | Cell::Day(_) | Cell::Moment(_) => None,
    }
}

/// A heading as people mean it: without case, spaces and signs.
fn plain(heading: &str) -> String {
    heading.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

impl Row {
    /// The sheet and the place of a column in this row.
    fn place(&self, name: &str) -> Place {
        let column = self.cells.get(name).map_or(0, |(column, _)| *column);
        Place { row: self.at, column }
    }

    /// Notes what is wrong with the cell of a column.
    pub fn refuse(
        &self,
        name: &str,
        reason: impl Into<String>,
        advice: impl Into<String>,
        problems: &mut Problems,
    ) {
        problems.add(&self.sheet, self.place(name), reason, advice);
    }

    /// The cell of a column, where it holds something that is read.
    fn cell(&self, name: &str) -> Option<&Cell> {
        let (_, cell) = self.cells.get(name)?;
        (!cell.is_blank() && refused(cell).is_none()).then_some(cell)
    }

    /// Whether the cell holds nothing. A column that is missing holds nothing.
    pub fn is_blank(&self, name: &str) -> bool {
        self.cells.get(name).is_none_or(|(_, cell)| cell.is_blank())
    }

    /// Whether the sheet has the column.
    pub fn has(&self, name: &str) -> bool {
        self.cells.contains_key(name)
    }

    /// A text, without spaces around it.
    pub fn text(&self, name: &str) -> Option<String> {
        self.cell(name).map(Cell::shown)
    }

    /// A text that is one of a kind; `advice` says which.
    pub fn parse<T: FromStr>(
        &self,
        name: &str,
        advice: &str,
        problems: &mut Problems,
    ) -> Option<T> {
        let text = self.text(name)?;
        let read = text.parse().ok();
        if read.is_none() {
            self.refuse(name, format!("\"{text}\" is none"), advice, problems);
        }
        read
    }

    /// A day: a date cell, or a text that begins with the year.
    pub fn day(&self, name: &str, problems: &mut Problems) -> Option<Day> {
        let cell = self.cell(name)?;
        if let Cell::Day(day) = cell {
            return Some(*day);
        }
        let shown = cell.shown();
        let read = if let Cell::Text(_) = cell { shown.parse().ok() } else { None };
        if read.is_none() {
            let reason = match cell {
                Cell::Number(_) => format!("{shown} is a number and no day"),
                Cell::Moment(_) => format!("{shown} is a day with a time of day"),
                Cell::Empty | Cell::Text(_) | Cell::Day(_) | Cell::Formula(_) | Cell::Error(_) => {
                    format!("\"{shown}\" is no day")
                }
            };
            self.refuse(name, reason, "write 2024-02-28", problems);
        }
        read
    }
}
