//! Cells, and where they stand.
//!
//! Invariant: a [`Day`] is one of the calendar. A cell that was read as a formula says so, and has no value.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

/// What a cell holds.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Cell {
    /// Nothing.
    #[default]
    Empty,
    /// A text. It is never evaluated.
    Text(String),
    /// A number.
    Number(f64),
    /// A day.
    Day(Day),
    /// A day with a time of day, as the sheet shows it: `2024-02-28 09:00:00`. Spreadsheets know no zone.
    Moment(String),
    /// A formula, with what its sheet last made of it. Only read, never written: see [`crate::table`].
    Formula(String),
    /// What a formula failed with, such as `#REF!`. Only read.
    Error(String),
}

impl Cell {
    /// A text, or nothing.
    pub fn some(text: Option<&str>) -> Self {
        text.map_or(Self::Empty, |text| Self::Text(text.to_owned()))
    }

    /// As a person reads it, without spaces around it.
    pub fn shown(&self) -> String {
        match self {
            Self::Empty => String::new(),
            Self::Text(text) => trimmed(text).to_owned(),
            Self::Number(number) => number.to_string(),
            Self::Day(day) => day.to_string(),
            Self::Moment(text) | Self::Formula(text) | Self::Error(text) => text.clone(),
        }
    }

    /// Whether a person sees nothing.
    pub fn is_blank(&self) -> bool {
        match self {
            Self::Empty => true,
            Self::Text(text) => trimmed(text).is_empty(),
            Self::Number(_)
            | Self::Day(_)
            | Self::Moment(_)
            | Self::Formula(_)
            | Self::Error(_) => false,
        }
    }
}

/// A text without the spaces, also those of no width, that people do not see around it.
pub fn trimmed(text: &str) -> &str {
    text.trim_matches(|c: char| {
        c.is_whitespace() || matches!(c, '\u{200B}'..='\u{200D}' | '\u{2060}' | '\u{FEFF}')
    })
}

/// A cell's place: row and column, each from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// The row, from 0.
    pub row: u32,
    /// The column, from 0.
    pub column: u32,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (mut letters, mut rest) = (Vec::new(), u64::from(self.column) + 1);
        while rest > 0 {
            let digit = u8::try_from((rest - 1) % 26).unwrap_or(0);
            letters.push(char::from(b'A' + digit));
            rest = (rest - 1) / 26;
        }
        let name: String = letters.iter().rev().collect();
        write!(f, "{name}{}", u64::from(self.row) + 1)
    }
}

/// Cells that are shown as one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Merged {
    /// The first cell, which holds the value.
    pub first: Place,
    /// The last.
    pub last: Place,
}

/// A sheet: the cells that hold something.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sheet {
    /// What it is called.
    pub name: String,
    /// Its cells.
    pub cells: BTreeMap<Place, Cell>,
    /// Which of them are merged.
    pub merged: Vec<Merged>,
}

impl Sheet {
    /// A sheet of headings and rows, to be written.
    pub fn of(name: &str, headings: &[&str], rows: impl IntoIterator<Item = Vec<Cell>>) -> Self {
        let head = headings.iter().map(|text| Cell::Text((*text).to_owned())).collect();
        let mut cells = BTreeMap::new();
        for (row, values) in (0..).zip(std::iter::once(head).chain(rows)) {
            for (column, cell) in (0..).zip(values) {
                if cell != Cell::Empty {
                    cells.insert(Place { row, column }, cell);
                }
            }
        }
        Self { name: name.to_owned(), cells, merged: Vec::new() }
    }

    /// How many rows and columns it takes.
    pub fn size(&self) -> (u32, u32) {
        let rows = self.cells.keys().map(|place| place.row + 1).max().unwrap_or(0);
        (rows, self.cells.keys().map(|place| place.column + 1).max().unwrap_or(0))
    }
}

/// A day of the calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day {
    year: u16,
    month: u8,
    of_month: u8,
}

/// The text is no day.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("\"{0}\" is no day")]
pub struct BadDay(pub String);

impl Day {
    /// A day, if the calendar has it.
    pub fn new(year: u16, month: u8, of_month: u8) -> Option<Self> {
        let is_leap =
            year.is_multiple_of(4) && !year.is_multiple_of(100) || year.is_multiple_of(400);
        let days = match month {
            2 if is_leap => 29,
            2 => 28,
            4 | 6 | 9 | 11 => 30,
            1..=12 => 31,
            _ => 0,
        };
        let is_day = (1..=9999).contains(&year) && (1..=days).contains(&of_month);
        is_day.then_some(Self { year, month, of_month })
    }

    /// Its year.
    pub fn year(self) -> u16 {
        self.year
    }

    /// Its month, from 1.
    pub fn month(self) -> u8 {
        self.month
    }

    /// Which day of its month, from 1.
    pub fn of_month(self) -> u8 {
        self.of_month
    }
}

impl FromStr for Day {
    type Err = BadDay;

    /// Reads the forms that begin with the year, which nobody takes for another day: `2024-02-28`,
    /// `2024/2/28`, `2024. 2. 28.`, `2024년 2월 28일`.
    fn from_str(text: &str) -> Result<Self, BadDay> {
        let read = || {
            let plain = |c: char| c.is_ascii_digit() || c == ' ' || "-/.년월일".contains(c);
            if !text.chars().all(plain) {
                return None;
            }
            let parts: Vec<&str> =
                text.split(|c: char| !c.is_ascii_digit()).filter(|part| !part.is_empty()).collect();
            let [year, month, day] = parts.as_slice() else { return None };
            let is_year_first = text.starts_with(year) && year.len() == 4;
            let fits = is_year_first && month.len() <= 2 && day.len() <= 2;
            let numbers = (year.parse().ok()?, month.parse().ok()?, day.parse().ok()?);
            Self::new(numbers.0, numbers.1, numbers.2).filter(|_| fits)
        };
        read().ok_or_else(|| BadDay(text.to_owned()))
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.of_month)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_named_as_spreadsheets_name_them() {
        for (column, name) in [(0, "A7"), (3, "D7"), (25, "Z7"), (26, "AA7"), (16_383, "XFD7")] {
            assert_eq!(Place { row: 6, column }.to_string(), name);
        }
        let last = Place { row: u32::MAX, column: u32::MAX };
        assert_eq!(last.to_string(), "MWLQKWV4294967296");
    }

    #[test]
    fn days_begin_with_the_year_and_are_of_the_calendar() {
        for good in ["2024-02-29", "2024/2/29", "2024. 2. 29.", "2024년 2월 29일", "2024.02.29"]
        {
            assert_eq!(good.parse::<Day>().unwrap().to_string(), "2024-02-29", "{good}");
        }
        for bad in [
            "",
            "31.2.2024",
            "28/02/2024",
            "02-28-2024",
            "2023-02-29",
            "1900-02-29",
            "2024-13-01",
            "2024-00-10",
            "0000-01-01",
            "2024-2",
            "2024-02-28 09:00",
            "24-02-28",
            "2024-002-28",
            "2024-02-28-01",
            "28 February 2024",
            "-2024-02-28",
        ] {
            assert_eq!(bad.parse::<Day>(), Err(BadDay(bad.to_owned())), "{bad}");
        }
    }
}
