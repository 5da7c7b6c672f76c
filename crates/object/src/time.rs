//! Timestamps of STIX 2.1 §2.16, exactly: two texts are equal as timestamps only if they name the
//! same instant.
//!
//! Kept as seconds and nanoseconds, not as microseconds: an object's version is its `modified`, and
//! public tools write up to nine digits, so rounding to six would make two versions one. Ten or more
//! significant digits are refused rather than rounded; nobody was seen to write them. A leap second
//! keeps its own place, after `23:59:59.999999999` and before the next midnight.
//!
//! Invariants: the order of timestamps is the order in time; [`Timestamp::to_stix`] and back is the
//! identity; [`Timestamp::to_taxii`] never gives a later instant.

use std::fmt;
use std::time::Duration;

/// An instant in UTC, of the years 0000 to 9999 when read, to the nanosecond.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp {
    /// Since 1970-01-01T00:00:00Z, without leap seconds.
    seconds: i64,
    /// Below 10^9; in a leap second, 10^9 more.
    nanos: u32,
}

/// Why a text is no timestamp. The sender's fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TimeError {
    /// Not of the form `YYYY-MM-DDTHH:mm:ss[.s+]Z`.
    #[error("a timestamp is written YYYY-MM-DDTHH:mm:ss.sssZ, with T, in UTC, ending in Z")]
    Form,
    /// No such day or time of day.
    #[error("there is no such date or time of day")]
    NoSuchInstant,
    /// More than nine significant digits of a second.
    #[error("a second has more than nine significant decimal places; write nine at most")]
    TooPrecise,
}

const NANOS_PER_SECOND: u32 = 1_000_000_000;
const SECONDS_PER_DAY: i64 = 24 * 60 * 60;

impl Timestamp {
    /// 1970-01-01T00:00:00Z.
    pub const EPOCH: Self = Self { seconds: 0, nanos: 0 };

    /// Reads a timestamp as STIX 2.1 §2.16 writes it; nothing else of RFC 3339.
    pub fn parse(text: &str) -> Result<Self, TimeError> {
        let bytes = text.as_bytes();
        let (head, tail) = bytes.split_first_chunk::<19>().ok_or(TimeError::Form)?;
        let [y1, y2, y3, y4, b'-', mo1, mo2, b'-', d1, d2, b'T', rest @ ..] = head else {
            return Err(TimeError::Form);
        };
        let [h1, h2, b':', mi1, mi2, b':', s1, s2] = rest else {
            return Err(TimeError::Form);
        };
        let year = number(&[*y1, *y2, *y3, *y4])?;
        let month = number(&[*mo1, *mo2])?;
        let day = number(&[*d1, *d2])?;
        let hour = number(&[*h1, *h2])?;
        let minute = number(&[*mi1, *mi2])?;
        let second = number(&[*s1, *s2])?;
        let mut nanos = fraction_nanos(tail)?;
        if !(1..=12).contains(&month) || !(1..=days_in_month(year, month)).contains(&day) {
            return Err(TimeError::NoSuchInstant);
        }
        let leap = hour == 23 && minute == 59 && second == 60;
        if hour > 23 || minute > 59 || (second > 59 && !leap) {
            return Err(TimeError::NoSuchInstant);
        }
        if leap {
            nanos += NANOS_PER_SECOND;
        }
        let of_day = hour * 3600 + minute * 60 + second - i64::from(leap);
        Ok(Self { seconds: days_from_civil(year, month, day) * SECONDS_PER_DAY + of_day, nanos })
    }

    /// The instant so many microseconds after 1970-01-01T00:00:00Z.
    pub fn from_unix_micros(micros: i64) -> Self {
        let nanos = u32::try_from(micros.rem_euclid(1_000_000)).unwrap_or(0) * 1000;
        Self { seconds: micros.div_euclid(1_000_000), nanos }
    }

    /// Whole microseconds since 1970-01-01T00:00:00Z, rounded down; a leap second counts as the
    /// last microsecond before midnight.
    pub fn unix_micros(self) -> i64 {
        let micros = i64::from(self.nanos.min(NANOS_PER_SECOND - 1) / 1000);
        self.seconds.saturating_mul(1_000_000).saturating_add(micros)
    }

    /// Whole seconds since 1970-01-01T00:00:00Z, rounded down.
    pub fn unix_seconds(self) -> i64 {
        self.seconds
    }

    /// Nanoseconds after the whole second; from 10^9 in a leap second.
    pub fn subsecond_nanos(self) -> u32 {
        self.nanos
    }

    /// The instant `by` later; at the end of the range, the last one.
    #[must_use]
    pub fn saturating_add(self, by: Duration) -> Self {
        let nanos = self.nanos.min(NANOS_PER_SECOND - 1) + by.subsec_nanos();
        let carry = i64::from(nanos >= NANOS_PER_SECOND);
        let by_seconds = i64::try_from(by.as_secs()).unwrap_or(i64::MAX);
        let seconds = self.seconds.saturating_add(by_seconds).saturating_add(carry);
        Self { seconds, nanos: nanos % NANOS_PER_SECOND }
    }

    /// The instant `by` earlier; at the end of the range, the first one.
    #[must_use]
    pub fn saturating_sub(self, by: Duration) -> Self {
        let nanos = i64::from(self.nanos.min(NANOS_PER_SECOND - 1)) - i64::from(by.subsec_nanos());
        let borrow = i64::from(nanos < 0);
        let by_seconds = i64::try_from(by.as_secs()).unwrap_or(i64::MAX);
        let seconds = self.seconds.saturating_sub(by_seconds).saturating_sub(borrow);
        let nanos = nanos.rem_euclid(i64::from(NANOS_PER_SECOND));
        Self { seconds, nanos: u32::try_from(nanos).unwrap_or(0) }
    }

    /// How long after `earlier` this is; zero if it is not after it.
    pub fn saturating_since(self, earlier: Self) -> Duration {
        let nanos = |t: Self| i128::from(t.seconds) * 1_000_000_000 + i128::from(t.nanos);
        let since = nanos(self) - nanos(earlier);
        let seconds = u64::try_from(since.div_euclid(1_000_000_000)).unwrap_or(0);
        let rest = u32::try_from(since.rem_euclid(1_000_000_000)).unwrap_or(0);
        if since <= 0 { Duration::ZERO } else { Duration::new(seconds, rest) }
    }

    /// As STIX writes it: at least three decimal places (§3.2), as many as it takes to be exact.
    pub fn to_stix(self) -> String {
        let mut out = Vec::with_capacity(30);
        TimestampWriter::default().write_stix(self, &mut out);
        String::from_utf8(out).unwrap_or_default()
    }

    /// As TAXII 2.1 writes it: exactly six decimal places, rounded down.
    pub fn to_taxii(self) -> String {
        let mut out = Vec::with_capacity(30);
        TimestampWriter::default().write_taxii(self, &mut out);
        String::from_utf8(out).unwrap_or_default()
    }

    /// `YYYY-MM-DDTHH:mm:ss.`, with more digits of the year where it has more.
    fn to_second(self) -> Vec<u8> {
        let leap = self.nanos >= NANOS_PER_SECOND;
        let (year, month, day) = civil_from_days(self.seconds.div_euclid(SECONDS_PER_DAY));
        let of_day = self.seconds.rem_euclid(SECONDS_PER_DAY);
        let mut out = match u32::try_from(year) {
            Ok(year) if year <= 9999 => digits::<4>(year).to_vec(),
            // Reached by arithmetic alone: no text has such a year.
            Ok(_) | Err(_) => year.to_string().into_bytes(),
        };
        for (sign, field) in [
            (b'-', month),
            (b'-', day),
            (b'T', of_day / 3600),
            (b':', of_day / 60 % 60),
            (b':', of_day % 60 + i64::from(leap)),
        ] {
            let [tens, ones] = digits(u32::try_from(field).unwrap_or(0));
            out.extend([sign, tens, ones]);
        }
        out.push(b'.');
        out
    }
}

/// Writes timestamps, and remembers the second written last: of thousands on a page, most lie in one.
#[derive(Clone, Debug, Default)]
pub struct TimestampWriter {
    last: Option<(i64, bool)>,
    to_second: Vec<u8>,
}

impl TimestampWriter {
    /// Appends what [`Timestamp::to_stix`] gives.
    pub fn write_stix(&mut self, time: Timestamp, out: &mut Vec<u8>) {
        let fraction = time.nanos % NANOS_PER_SECOND;
        let places = match fraction {
            n if n % 1_000_000 == 0 => 3,
            n if n % 1_000 == 0 => 6,
            _ => 9,
        };
        self.write(time, places, out);
    }

    /// Appends what [`Timestamp::to_taxii`] gives.
    pub fn write_taxii(&mut self, time: Timestamp, out: &mut Vec<u8>) {
        self.write(time, 6, out);
    }

    /// With `places` decimal places, three to nine, rounded down.
    fn write(&mut self, time: Timestamp, places: usize, out: &mut Vec<u8>) {
        let second = (time.seconds, time.nanos >= NANOS_PER_SECOND);
        if self.last != Some(second) {
            self.to_second = time.to_second();
            self.last = Some(second);
        }
        out.extend_from_slice(&self.to_second);
        let fraction = digits::<9>(time.nanos % NANOS_PER_SECOND);
        out.extend_from_slice(fraction.get(..places).unwrap_or(&fraction));
        out.push(b'Z');
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_stix())
    }
}

impl std::str::FromStr for Timestamp {
    type Err = TimeError;

    fn from_str(text: &str) -> Result<Self, TimeError> {
        Self::parse(text)
    }
}

#[inline]
fn number(digits: &[u8]) -> Result<i64, TimeError> {
    let mut n = 0;
    for digit in digits {
        if !digit.is_ascii_digit() {
            return Err(TimeError::Form);
        }
        n = n * 10 + i64::from(digit - b'0');
    }
    Ok(n)
}

/// The nanoseconds of `Z` or `.digitsZ`.
fn fraction_nanos(tail: &[u8]) -> Result<u32, TimeError> {
    let digits = match tail {
        b"Z" => return Ok(0),
        [b'.', digits @ .., b'Z'] if !digits.is_empty() => digits,
        _ => return Err(TimeError::Form),
    };
    let mut nanos = 0;
    let mut scale = NANOS_PER_SECOND / 10;
    let mut too_precise = false;
    for digit in digits {
        if !digit.is_ascii_digit() {
            return Err(TimeError::Form);
        }
        too_precise |= scale == 0 && *digit != b'0';
        nanos += u32::from(digit - b'0') * scale;
        scale /= 10;
    }
    if too_precise { Err(TimeError::TooPrecise) } else { Ok(nanos) }
}

fn days_in_month(year: i64, month: i64) -> i64 {
    let leap_year = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    match month {
        2 if leap_year => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days from 1970-01-01 to a day of the Gregorian calendar. Years start in March, so that the leap
/// day is their last; 146,097 days are 400 years, and 719,468 lie between 0000-03-01 and 1970.
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let y = if month <= 2 { year - 1 } else { year };
    let era = y.div_euclid(400);
    let year_of_era = y.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

/// The inverse of [`days_from_civil`].
fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let z = days + 719_468;
    let era = z.div_euclid(146_097);
    let day_of_era = z.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = (shifted_month + 2) % 12 + 1;
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, day)
}

/// The last `N` decimal digits of `n`.
#[inline]
fn digits<const N: usize>(mut n: u32) -> [u8; N] {
    let mut digits = [b'0'; N];
    for digit in digits.iter_mut().rev() {
        *digit += u8::try_from(n % 10).unwrap_or(0);
        n /= 10;
    }
    digits
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::any;
    use proptest::{prop_assert, prop_assert_eq, proptest};

    #[test]
    fn texts_are_read_as_the_instant_they_name() {
        for (text, seconds, nanos) in [
            ("1970-01-01T00:00:00Z", 0, 0),
            ("2023-05-12T10:00:00.5Z", 1_683_885_600, 500_000_000),
            ("2016-01-20T12:31:12.123Z", 1_453_293_072, 123_000_000),
            ("2016-01-20T12:31:12.123456789Z", 1_453_293_072, 123_456_789),
            ("2016-01-20T12:31:12.12345678900000Z", 1_453_293_072, 123_456_789),
            ("1969-12-31T23:59:59.999999999Z", -1, 999_999_999),
            ("0000-01-01T00:00:00Z", -62_167_219_200, 0),
            ("9999-12-31T23:59:59Z", 253_402_300_799, 0),
            ("2000-02-29T00:00:00Z", 951_782_400, 0),
            ("2016-12-31T23:59:60.25Z", 1_483_228_799, 1_250_000_000),
        ] {
            assert_eq!(Timestamp::parse(text), Ok(Timestamp { seconds, nanos }), "{text}");
        }
    }

    #[test]
    fn texts_that_are_no_timestamps_are_refused() {
        for (text, error) in [
            ("", TimeError::Form),
            ("2016-01-20", TimeError::Form),
            ("2016-01-20T12:31:12", TimeError::Form),
            ("2016-01-20T12:31:12.Z", TimeError::Form),
            ("2016-01-20T12:31:12z", TimeError::Form),
            ("2016-01-20t12:31:12Z", TimeError::Form),
            ("2016-01-20 12:31:12Z", TimeError::Form),
            ("2016-01-20T12:31:12+00:00", TimeError::Form),
            ("2016-01-20T12:31:12,5Z", TimeError::Form),
            ("2016-01-20T12:31:12.5ZZ", TimeError::Form),
            ("2016-1-20T12:31:12Z", TimeError::Form),
            ("+016-01-20T12:31:12Z", TimeError::Form),
            (" 2016-01-20T12:31:12Z", TimeError::Form),
            ("２016-01-20T12:31Z", TimeError::Form),
            ("2016-00-20T12:31:12Z", TimeError::NoSuchInstant),
            ("2016-13-20T12:31:12Z", TimeError::NoSuchInstant),
            ("2016-02-30T12:31:12Z", TimeError::NoSuchInstant),
            ("1900-02-29T12:31:12Z", TimeError::NoSuchInstant),
            ("2016-01-00T12:31:12Z", TimeError::NoSuchInstant),
            ("2016-01-20T24:00:00Z", TimeError::NoSuchInstant),
            ("2016-01-20T12:60:12Z", TimeError::NoSuchInstant),
            ("2016-01-20T12:31:60Z", TimeError::NoSuchInstant),
            ("2016-01-20T23:59:61Z", TimeError::NoSuchInstant),
            ("2016-01-20T12:31:12.1234567891Z", TimeError::TooPrecise),
        ] {
            assert_eq!(Timestamp::parse(text), Err(error), "{text}");
        }
    }

    #[test]
    fn nine_digits_keep_two_versions_apart_and_leap_seconds_in_order() {
        let texts = [
            "2016-12-31T23:59:59.123456Z",
            "2016-12-31T23:59:59.1234567Z",
            "2016-12-31T23:59:59.123456701Z",
            "2016-12-31T23:59:59.999999999Z",
            "2016-12-31T23:59:60Z",
            "2016-12-31T23:59:60.9Z",
            "2017-01-01T00:00:00Z",
        ];
        let times = texts.map(|t| Timestamp::parse(t).unwrap());
        assert!(times.is_sorted_by(|a, b| a < b), "{times:?}");
        let micros = times.map(Timestamp::unix_micros);
        assert!(micros.is_sorted());
    }

    #[test]
    fn texts_are_written_with_the_places_asked_for() {
        let at = |text| Timestamp::parse(text).unwrap();
        assert_eq!(at("2023-05-12T10:00:00Z").to_string(), "2023-05-12T10:00:00.000Z");
        assert_eq!(at("2023-05-12T10:00:00.12Z").to_stix(), "2023-05-12T10:00:00.120Z");
        assert_eq!(at("2023-05-12T10:00:00.1234Z").to_stix(), "2023-05-12T10:00:00.123400Z");
        assert_eq!(at("2023-05-12T10:00:00.1234567Z").to_stix(), "2023-05-12T10:00:00.123456700Z");
        assert_eq!(at("2023-05-12T10:00:00.1234567Z").to_taxii(), "2023-05-12T10:00:00.123456Z");
        assert_eq!(at("0000-01-01T00:00:00Z").to_taxii(), "0000-01-01T00:00:00.000000Z");
        assert_eq!(at("2016-12-31T23:59:60.5Z").to_taxii(), "2016-12-31T23:59:60.500000Z");
    }

    proptest! {
        #[test]
        fn every_day_is_found_again(days in -719_528_i64..2_932_896) {
            let (year, month, day) = civil_from_days(days);
            prop_assert!((0..=9999).contains(&year));
            prop_assert!(day >= 1 && day <= days_in_month(year, month));
            prop_assert_eq!(days_from_civil(year, month, day), days);
        }

        #[test]
        fn writing_and_reading_is_the_identity(
            seconds in -62_167_219_200_i64..=253_402_300_799,
            nanos in 0_u32..NANOS_PER_SECOND,
        ) {
            let time = Timestamp { seconds, nanos };
            prop_assert_eq!(Timestamp::parse(&time.to_stix()), Ok(time));
            let taxii = Timestamp::parse(&time.to_taxii()).unwrap();
            prop_assert!(taxii <= time);
            prop_assert_eq!(taxii, Timestamp::from_unix_micros(time.unix_micros()));
            let theirs: jiff::Timestamp = time.to_stix().parse().unwrap();
            prop_assert_eq!(theirs.as_second() + i64::from(theirs.subsec_nanosecond() < 0), {
                seconds + i64::from(seconds < 0 && nanos > 0)
                    + i64::from(theirs.subsec_nanosecond() < 0)
            });
        }

        #[test]
        fn adding_and_taking_away_meet(
            micros in -1_000_000_000_000_000_i64..1_000_000_000_000_000,
            nanos in 0_u64..10_000_000_000_000,
        ) {
            let time = Timestamp::from_unix_micros(micros);
            let by = Duration::from_nanos(nanos);
            let later = time.saturating_add(by);
            prop_assert_eq!(later.saturating_sub(by), time);
            prop_assert_eq!(later.saturating_since(time), by);
            prop_assert_eq!(time.saturating_since(later).is_zero(), true);
        }

        #[test]
        fn no_text_makes_it_panic(text in any::<String>(), near in "[0-9TZ:.-]{18,32}") {
            crate::fuzz::timestamp(&text);
            crate::fuzz::timestamp(&near);
        }

        #[test]
        fn any_instant_can_be_written(micros: i64) {
            let time = Timestamp::from_unix_micros(micros);
            prop_assert!(time.to_taxii().ends_with('Z'));
            prop_assert_eq!(time.unix_micros(), micros);
        }
    }
}
