//! What can be wrong with a pattern, and where. The fault is always that of the pattern's author.
//!
//! Errors are small and own nothing, so that to return one costs no allocation.

use std::fmt;

use crate::ast::QualifierKind;
use crate::limits::{MAX_DEPTH, MAX_INTEGER, MAX_PATTERN_BYTES};

/// A text is not a valid pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("at byte {offset}: {fault}")]
pub struct PatternError {
    /// Where in the text, in bytes from its start, always at the start of a character.
    pub offset: usize,
    /// What is wrong there.
    pub fault: Fault,
}

/// What is wrong with a pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The text is too long.
    #[error("the pattern has {bytes} bytes, more than {MAX_PATTERN_BYTES}")]
    TooLong {
        /// Its length.
        bytes: usize,
    },
    /// Too many parentheses in one another.
    #[error("parentheses are nested more than {MAX_DEPTH} deep")]
    TooDeep,
    /// Something else should stand here.
    #[error("found {found}, expected {expected}")]
    Unexpected {
        /// What stands here.
        found: Found,
        /// What should.
        expected: Expected,
    },
    /// A string or other quoted constant does not end.
    #[error("found the end of the pattern inside quotes, expected `'`")]
    UnterminatedQuote,
    /// A comment does not end.
    #[error("found the end of the pattern inside a comment, expected `*/`")]
    UnterminatedComment,
    /// A backslash stands before something that needs none.
    #[error("found `\\` before {found}, expected `\\'` or `\\\\`")]
    UnknownEscape {
        /// What comes after the backslash.
        found: Found,
    },
    /// The text in `h''` is not hexadecimal.
    #[error("found a malformed hex constant, expected pairs of hexadecimal digits")]
    MalformedHex,
    /// The text in `b''` is not base64.
    #[error("found a malformed binary constant, expected padded base64")]
    MalformedBinary,
    /// The text in `t''` is not a timestamp.
    #[error("found a malformed timestamp, expected the form `t'2014-01-13T07:03:17Z'`")]
    MalformedTimestamp,
    /// An integer is too large or too small.
    #[error("found an integer out of range, expected at most {MAX_INTEGER} either way")]
    IntegerOutOfRange,
    /// A float is too large or too small to be a double.
    #[error("found a float out of range, expected a finite double")]
    FloatOutOfRange,
    /// A number of seconds or times is zero or less.
    #[error("found a number that is not positive, expected {expected}")]
    NotPositive {
        /// What the number is for.
        expected: Expected,
    },
    /// The index of a list is less than zero.
    #[error("found a negative index, expected zero or more")]
    NegativeIndex,
    /// An observation has two qualifiers of one kind.
    #[error("found a second {kind} qualifier, expected at most one of a kind")]
    DuplicateQualifier {
        /// The kind.
        kind: QualifierKind,
    },
    /// A set has members of several sorts.
    #[error("found {found} in a set of {sort} constants, expected one sort in a set")]
    MixedSet {
        /// What the member is.
        found: Found,
        /// What the members before it are.
        sort: Sort,
    },
    /// Operands of `AND` are about objects of different types.
    #[error("no object can satisfy this operand of `AND` and those before it: their types differ")]
    DisjointTypes,
    /// The value compared with a hash is not one.
    #[error("found a string that is not a {algorithm} value")]
    MalformedHash {
        /// The algorithm, as the specification names it.
        algorithm: &'static str,
    },
}

/// What stands where something else was expected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found {
    /// The end of the pattern.
    End,
    /// Punctuation.
    Symbol(Symbol),
    /// A keyword.
    Keyword(Keyword),
    /// A name without hyphens.
    Name,
    /// A name with hyphens.
    HyphenatedName,
    /// A string.
    String,
    /// An integer.
    Integer,
    /// A float.
    Float,
    /// A hex constant.
    Hex,
    /// A binary constant.
    Binary,
    /// A timestamp.
    Timestamp,
    /// A character that is no part of the language outside quotes.
    Character(char),
}

impl fmt::Display for Found {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::End => out.write_str("the end of the pattern"),
            Self::Symbol(symbol) => write!(out, "`{}`", symbol.text()),
            Self::Keyword(keyword) => write!(out, "`{}`", keyword.text()),
            Self::Name => out.write_str("a name"),
            Self::HyphenatedName => out.write_str("a name with a hyphen"),
            Self::String => out.write_str("a string"),
            Self::Integer => out.write_str("an integer"),
            Self::Float => out.write_str("a float"),
            Self::Hex => out.write_str("a hex constant"),
            Self::Binary => out.write_str("a binary constant"),
            Self::Timestamp => out.write_str("a timestamp"),
            Self::Character(character) => write!(out, "`{}`", character.escape_debug()),
        }
    }
}

/// What was expected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expected {
    /// The start of an observation expression.
    Observation,
    /// What may come after an observation expression, outside of parentheses.
    Continuation,
    /// What may come after an observation expression in parentheses.
    GroupContinuation,
    /// The start of a comparison expression.
    Comparison,
    /// What may come after a comparison in brackets.
    BracketContinuation,
    /// What may come after a comparison in parentheses.
    ComparisonContinuation,
    /// The type at the start of an object path.
    ObjectType,
    /// A name in an object path.
    PropertyName,
    /// What may be in the brackets of a path.
    Index,
    /// A comparison operator.
    Operator,
    /// An operator that `NOT` may stand before.
    NegatedOperator,
    /// Any constant.
    Constant,
    /// Any constant but a boolean.
    OrderedConstant,
    /// A string.
    String,
    /// A member of a set, or its end.
    FirstMember,
    /// What may come after a member of a set.
    SetContinuation,
    /// A timestamp.
    Timestamp,
    /// What comes after `WITHIN`.
    Seconds,
    /// What comes after `REPEATS`.
    Times,
    /// This very symbol.
    Symbol(Symbol),
    /// This very keyword.
    Keyword(Keyword),
}

impl fmt::Display for Expected {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Observation => "`[` or `(`",
            Self::Continuation => "a qualifier, `AND`, `OR`, `FOLLOWEDBY` or the end",
            Self::GroupContinuation => "a qualifier, `AND`, `OR`, `FOLLOWEDBY` or `)`",
            Self::Comparison => "an object path, `EXISTS`, `NOT` or `(`",
            Self::BracketContinuation => "`AND`, `OR` or `]`",
            Self::ComparisonContinuation => "`AND`, `OR` or `)`",
            Self::ObjectType => "an object type",
            Self::PropertyName => "a property name, in quotes if it has other than `a-z0-9_`",
            Self::Index => "an index or `*`",
            Self::Operator => "a comparison operator or `NOT`",
            Self::NegatedOperator => "a comparison operator",
            Self::Constant => "a constant",
            Self::OrderedConstant => "a constant that is not a boolean",
            Self::String => "a string",
            Self::FirstMember => "a constant or `)`",
            Self::SetContinuation => "`,` or `)`",
            Self::Timestamp => "a timestamp",
            Self::Seconds => "a positive number of seconds",
            Self::Times => "a positive integer",
            Self::Symbol(symbol) => return write!(out, "`{}`", symbol.text()),
            Self::Keyword(keyword) => return write!(out, "`{}`", keyword.text()),
        })
    }
}

impl fmt::Display for QualifierKind {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Within => "`WITHIN`",
            Self::Repeats => "`REPEATS`",
            Self::StartStop => "`START` … `STOP`",
        })
    }
}

/// Constants of one sort can be members of one set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sort {
    /// Strings.
    String,
    /// Integers and floats.
    Number,
    /// Booleans.
    Boolean,
    /// Hex and binary constants.
    Bytes,
    /// Timestamps.
    Timestamp,
}

impl fmt::Display for Sort {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::String => "string",
            Self::Number => "number",
            Self::Boolean => "boolean",
            Self::Bytes => "hex or binary",
            Self::Timestamp => "timestamp",
        })
    }
}

/// Punctuation, in its canonical form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Symbol {
    /// `[`
    LeftBracket,
    /// `]`
    RightBracket,
    /// `(`
    LeftParenthesis,
    /// `)`
    RightParenthesis,
    /// `:`
    Colon,
    /// `.`
    Dot,
    /// `,`
    Comma,
    /// `*`
    Star,
    /// `=` or `==`
    Equal,
    /// `!=` or `<>`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
}

impl Symbol {
    /// The canonical text.
    pub const fn text(self) -> &'static str {
        match self {
            Self::LeftBracket => "[",
            Self::RightBracket => "]",
            Self::LeftParenthesis => "(",
            Self::RightParenthesis => ")",
            Self::Colon => ":",
            Self::Dot => ".",
            Self::Comma => ",",
            Self::Star => "*",
            Self::Equal => "=",
            Self::NotEqual => "!=",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
        }
    }
}

/// One table for both ways, so that no keyword can be read but not written.
macro_rules! keywords {
    ($($variant:ident $text:literal)*) => {
        /// The reserved words. Case matters.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Keyword {
            $(#[doc = concat!("`", $text, "`")] $variant,)*
        }

        impl Keyword {
            /// The text of the keyword.
            pub const fn text(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }

            /// The keyword that is written like this, if it is one.
            pub fn from_text(text: &str) -> Option<Self> {
                match text { $($text => Some(Self::$variant),)* _ => None }
            }
        }
    };
}

keywords! {
    And "AND"
    Or "OR"
    Not "NOT"
    FollowedBy "FOLLOWEDBY"
    Like "LIKE"
    Matches "MATCHES"
    IsSuperset "ISSUPERSET"
    IsSubset "ISSUBSET"
    Exists "EXISTS"
    Last "LAST"
    In "IN"
    Start "START"
    Stop "STOP"
    Seconds "SECONDS"
    True "true"
    False "false"
    Within "WITHIN"
    Repeats "REPEATS"
    Times "TIMES"
}
