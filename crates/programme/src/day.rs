//! Days as people agree on them, and as exactly as something was reported.
//!
//! Invariant: a day is one of the calendar; days and report dates sort by time.

use std::fmt;
use std::str::FromStr;

use entente_object::time::Timestamp;

/// A day of the calendar, in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day {
    year: u16,
    month: u8,
    of_month: u8,
}

/// When something was published or done, as exactly as is known: a year, a month or a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ReportDate {
    year: u16,
    month: Option<u8>,
    of_month: Option<u8>,
}

/// The text is no day.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("\"{0}\" is no day of the calendar")]
pub struct BadDay(pub String);

impl Day {
    /// Its first moment.
    pub fn start(self) -> Option<Timestamp> {
        Timestamp::parse(&format!("{self}T00:00:00Z")).ok()
    }

    /// The moment after its last.
    pub fn end(self) -> Option<Timestamp> {
        Some(self.start()?.saturating_add(std::time::Duration::from_hours(24)))
    }

    /// The day on which a moment is.
    pub fn of(moment: Timestamp) -> Option<Self> {
        moment.to_stix().get(..10)?.parse().ok()
    }
}

/// A number of so many digits.
fn digits<T: FromStr>(text: &str, count: usize) -> Option<T> {
    let plain = text.len() == count && text.bytes().all(|c| c.is_ascii_digit());
    plain.then(|| text.parse().ok()).flatten()
}

impl FromStr for Day {
    type Err = BadDay;

    fn from_str(text: &str) -> Result<Self, BadDay> {
        let read = || {
            let (year, rest) = text.split_once('-')?;
            let (month, day) = rest.split_once('-')?;
            let read = Self {
                year: digits(year, 4)?,
                month: digits(month, 2)?,
                of_month: digits(day, 2)?,
            };
            read.start().map(|_| read)
        };
        read().ok_or_else(|| BadDay(text.to_owned()))
    }
}

impl FromStr for ReportDate {
    type Err = BadDay;

    fn from_str(text: &str) -> Result<Self, BadDay> {
        let bad = || BadDay(text.to_owned());
        match text.len() {
            4 => digits(text, 4)
                .map(|year| Self { year, month: None, of_month: None })
                .ok_or_else(bad),
            7 => {
                let first: Day = format!("{text}-01").parse().map_err(|_| bad())?;
                Ok(Self { year: first.year, month: Some(first.month), of_month: None })
            }
            _ => {
                let Day { year, month, of_month } = text.parse()?;
                Ok(Self { year, month: Some(month), of_month: Some(of_month) })
            }
        }
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.of_month)
    }
}

impl fmt::Display for ReportDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}", self.year)?;
        for part in [self.month, self.of_month].into_iter().flatten() {
            write!(f, "-{part:02}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_those_of_the_calendar() {
        for good in ["2024-02-29", "2023-12-31", "0001-01-01"] {
            assert_eq!(good.parse::<Day>().unwrap().to_string(), good);
        }
        for bad in
            ["2023-02-29", "2023-13-01", "2023-1-1", "2023-01", "", "2023-01-0é", "+023-01-01"]
        {
            assert_eq!(bad.parse::<Day>(), Err(BadDay(bad.into())));
        }
        let day: Day = "2023-12-31".parse().unwrap();
        assert_eq!(day.end(), "2024-01-01".parse::<Day>().unwrap().start());
        assert_eq!(day.start().and_then(Day::of), Some(day));
    }

    #[test]
    fn reports_are_dated_as_exactly_as_they_are() {
        for good in ["2023", "2023-07", "2023-07-11"] {
            assert_eq!(good.parse::<ReportDate>().unwrap().to_string(), good);
        }
        for bad in ["23", "2023-00", "2023-7", "2023-07-32", "July 2023"] {
            assert_eq!(bad.parse::<ReportDate>(), Err(BadDay(bad.into())));
        }
        assert!("2023".parse::<ReportDate>().unwrap() < "2023-07".parse().unwrap());
    }
}
