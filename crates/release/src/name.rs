//! Names that people write in programmes and labels: short, lower case, the same everywhere.
//!
//! Invariant: a name is 1 to [`NAME_BYTES`] bytes of `a`–`z`, `0`–`9` and `-`, and neither begins
//! nor ends with `-`. So names sort, compare and travel as bytes, and cannot hide a look-alike.

use std::fmt;
use std::str::FromStr;

/// The longest name: fits a line of a page, and a path segment of every file system.
pub const NAME_BYTES: usize = 64;

/// The text is no name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "\"{0}\" is no name: use 1 to 64 of the characters a-z, 0-9 and -, not beginning or ending with -"
)]
pub struct BadName(pub String);

fn is_name(text: &str) -> bool {
    let edge = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit();
    (1..=NAME_BYTES).contains(&text.len())
        && text.bytes().all(|c| edge(c) || c == b'-')
        && text.bytes().next().is_some_and(edge)
        && text.bytes().next_back().is_some_and(edge)
}

macro_rules! name {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Box<str>);

        impl $name {
            /// The name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = BadName;

            fn from_str(text: &str) -> Result<Self, BadName> {
                if is_name(text) { Ok(Self(text.into())) } else { Err(BadName(text.to_owned())) }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }
    };
}

name! {
    /// A partnership programme, such as `rok-nato-itpp-2023`.
    ProgrammeId
}
name! {
    /// An area of cooperation of a programme, such as `cyber-defence`.
    AreaId
}
name! {
    /// An item of a programme's catalogue, such as `cc-participation`.
    ItemId
}
name! {
    /// A restriction that a partner must have accepted, such as `law-enforcement-only`.
    Caveat
}
name! {
    /// An exercise, such as `cc23`.
    ExerciseId
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_short_lower_case_and_bounded() {
        for good in ["a", "cyber-defence", "cc23", "0", &"a".repeat(64)] {
            let name: AreaId = good.parse().unwrap();
            assert_eq!((name.as_str(), format!("{name:>3}").trim()), (good, good));
        }
        for bad in ["", "-a", "a-", "A", "a b", "a_b", "é", "-", &"a".repeat(65)] {
            assert_eq!(bad.parse::<Caveat>(), Err(BadName(bad.into())), "{bad}");
        }
    }
}
