//! Measured quantities: decimal numbers that two nations add up alike.
//!
//! Invariant: a quantity is a whole number of thousandths, so that no sum depends on its order and
//! none is rounded.

use std::fmt;
use std::str::FromStr;

/// The largest quantity: a million millions. A thousand million of them can be added up.
const LARGEST: i64 = 1_000_000_000_000;

/// How many of the smallest quantity make one.
const PARTS: i64 = 1000;

/// A number with up to three decimals.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Quantity(i64);

/// The text is no quantity.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("\"{0}\" is no number with up to three decimals between -1000000000000 and 1000000000000")]
pub struct BadQuantity(pub String);

impl Quantity {
    /// So many, if that is not beyond the largest.
    pub fn whole(count: i64) -> Option<Self> {
        (-LARGEST..=LARGEST).contains(&count).then_some(Self(count.saturating_mul(PARTS)))
    }

    /// In thousandths.
    pub fn thousandths(self) -> i64 {
        self.0
    }

    /// So many thousandths, if that is not beyond the largest.
    pub fn from_thousandths(thousandths: i64) -> Option<Self> {
        let most = LARGEST * PARTS;
        (-most..=most).contains(&thousandths).then_some(Self(thousandths))
    }
}

impl FromStr for Quantity {
    type Err = BadQuantity;

    fn from_str(text: &str) -> Result<Self, BadQuantity> {
        read(text).ok_or_else(|| BadQuantity(text.to_owned()))
    }
}

fn read(text: &str) -> Option<Quantity> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let (whole, part) = digits.split_once('.').unwrap_or((digits, "0"));
    let part = part.trim_end_matches('0');
    let plain = |text: &str| text.bytes().all(|c| c.is_ascii_digit());
    if whole.is_empty() || digits.ends_with('.') || part.len() > 3 || !plain(whole) || !plain(part)
    {
        return None;
    }
    let whole: i64 = whole.parse().ok().filter(|whole| *whole <= LARGEST)?;
    let part: i64 = format!("{part:0<3}").parse().ok()?;
    let sum = whole.checked_mul(PARTS)?.checked_add(part)?;
    Quantity::from_thousandths(if negative { -sum } else { sum })
}

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let (whole, part) = (self.0.unsigned_abs() / 1000, self.0.unsigned_abs() % 1000);
        if part == 0 {
            return write!(f, "{sign}{whole}");
        }
        write!(f, "{sign}{whole}.{}", format!("{part:03}").trim_end_matches('0'))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_what_was_read() {
        for (text, thousandths, shown) in [
            ("0", 0, "0"),
            ("-0.5", -500, "-0.5"),
            ("+12.340", 12_340, "12.34"),
            ("7.000000", 7000, "7"),
            ("1000000000000", LARGEST * PARTS, "1000000000000"),
        ] {
            let quantity: Quantity = text.parse().unwrap();
            assert_eq!(
                (quantity.thousandths(), quantity.to_string().as_str()),
                (thousandths, shown)
            );
            assert_eq!(shown.parse(), Ok(quantity));
        }
        assert_eq!(Quantity::whole(3), "3".parse().ok());
    }

    #[test]
    fn what_would_be_rounded_or_overflow_is_refused() {
        for bad in
            ["", ".", ".5", "5.", "1e3", "1_000", "0.0001", "--1", "1.2.3", "1000000000001", "nan"]
        {
            assert_eq!(bad.parse::<Quantity>(), Err(BadQuantity(bad.into())), "{bad}");
        }
        assert_eq!(Quantity::whole(i64::MAX), None);
        assert_eq!(Quantity::from_thousandths(i64::MIN), None);
    }
}
