//! The tree of a pattern: what it means, without how it was written.
//!
//! Invariants of every tree inside a [`Pattern`], which only the parser builds:
//! - `And`, `Or` and `FollowedBy` have two operands or more, in the order of the text.
//! - Parentheses that change nothing leave no trace; an operand of the same kind as its parent
//!   was in parentheses, and stays an operand of its own.
//! - Every operand of a comparison `And` can hold on one object of one type.
//! - Floats are finite; numbers of seconds and of times are positive.

use std::borrow::Cow;
use std::cmp::Ordering;

/// A whole pattern. Only [`parse`](crate::parse) builds one: to hold it is to know it is valid.
///
/// It borrows from the text that it was parsed from.
#[derive(Debug, Clone, PartialEq)]
pub struct Pattern<'a> {
    pub(crate) expression: Observation<'a>,
}

impl<'a> Pattern<'a> {
    /// The outermost observation expression.
    pub fn expression(&self) -> &Observation<'a> {
        &self.expression
    }
}

/// An observation expression: what must be observed, over one observation or several.
#[derive(Debug, Clone, PartialEq)]
pub enum Observation<'a> {
    /// `[…]`: one observation satisfies a comparison expression.
    One(Comparison<'a>),
    /// Every operand, each on a different observation.
    And(Vec<Observation<'a>>),
    /// Any operand.
    Or(Vec<Observation<'a>>),
    /// Every operand, each no earlier than the one before it.
    FollowedBy(Vec<Observation<'a>>),
    /// An expression with qualifiers.
    Qualified(Box<Qualified<'a>>),
}

/// An observation expression with its qualifiers.
#[derive(Debug, Clone, PartialEq)]
pub struct Qualified<'a> {
    /// What is qualified.
    pub expression: Observation<'a>,
    /// At least one, applied from the first to the last. A kind comes twice only where the
    /// expression was in parentheses.
    pub qualifiers: Vec<Qualifier<'a>>,
}

/// A restriction on the observations that satisfy an expression.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Qualifier<'a> {
    /// `WITHIN x SECONDS`: all observations in less than this time.
    Within {
        /// Positive and finite.
        seconds: f64,
    },
    /// `REPEATS x TIMES`: satisfied this many times by different observations.
    Repeats {
        /// At least one.
        times: u64,
    },
    /// `START x STOP y`: all observations at or after `start` and before `stop`.
    StartStop {
        /// The first instant inside.
        start: Timestamp<'a>,
        /// The first instant outside. May be before `start`; then nothing matches.
        stop: Timestamp<'a>,
    },
}

impl Qualifier<'_> {
    /// Which kind this is.
    pub fn kind(&self) -> QualifierKind {
        match self {
            Self::Within { .. } => QualifierKind::Within,
            Self::Repeats { .. } => QualifierKind::Repeats,
            Self::StartStop { .. } => QualifierKind::StartStop,
        }
    }
}

/// The kinds of qualifier, of which an observation has at most one each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum QualifierKind {
    /// `WITHIN x SECONDS`
    Within,
    /// `REPEATS x TIMES`
    Repeats,
    /// `START x STOP y`
    StartStop,
}

/// A comparison expression: what one object of one observation must be like.
#[derive(Debug, Clone, PartialEq)]
pub enum Comparison<'a> {
    /// A single comparison.
    Test(Test<'a>),
    /// Every operand, on the same object.
    And(Vec<Comparison<'a>>),
    /// Any operand.
    Or(Vec<Comparison<'a>>),
}

/// A single comparison: a path, and what must hold of the values there.
#[derive(Debug, Clone, PartialEq)]
pub struct Test<'a> {
    /// Where to look.
    pub path: ObjectPath<'a>,
    /// Whether `NOT` stands before the operator.
    pub negated: bool,
    /// What must hold.
    pub predicate: Predicate<'a>,
}

/// What must hold of the values at a path.
#[derive(Debug, Clone, PartialEq)]
pub enum Predicate<'a> {
    /// `= != < <= > >=` with one constant. Never orders by a boolean.
    Order(OrderOperator, Constant<'a>),
    /// `IN (…)`: equal to a member. The members are of one sort; there may be none.
    In(Vec<Constant<'a>>),
    /// `LIKE`, `MATCHES`, `ISSUBSET` or `ISSUPERSET` with a string.
    Text(TextOperator, Cow<'a, str>),
    /// `EXISTS`: there is a value.
    Exists,
}

/// The operators that take any constant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OrderOperator {
    /// `=`
    Equal,
    /// `!=`
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

/// The operators that take a string.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TextOperator {
    /// `LIKE`: `%` is any text, `_` any one character.
    Like,
    /// `MATCHES`: a regular expression, found anywhere.
    Matches,
    /// `ISSUBSET`: inside this range of addresses.
    IsSubset,
    /// `ISSUPERSET`: around this range of addresses.
    IsSuperset,
}

/// Where to look: `file:hashes.'SHA-256'`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectPath<'a> {
    /// The type of the object: `file`.
    pub object_type: &'a str,
    /// The property of the object: `hashes`.
    pub property: Cow<'a, str>,
    /// The way on from there: `'SHA-256'`. Mostly empty, and then not allocated.
    pub steps: Vec<Step<'a>>,
}

/// A step inside a property.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step<'a> {
    /// `.name`: a property, or the key of a dictionary; through a reference if there is one.
    Key(Cow<'a, str>),
    /// `[0]`: the item of a list.
    Index(u64),
    /// `[*]`: any item of a list.
    Any,
}

/// A constant in a comparison.
#[derive(Debug, Clone, PartialEq)]
pub enum Constant<'a> {
    /// `'text'`, unescaped.
    String(Cow<'a, str>),
    /// `5`
    Integer(i64),
    /// `5.0`, finite.
    Float(f64),
    /// `true` or `false`
    Boolean(bool),
    /// `h'ff'`, decoded.
    Hex(Vec<u8>),
    /// `b'/w=='`, decoded.
    Binary(Vec<u8>),
    /// `t'2014-01-13T07:03:17Z'`
    Timestamp(Timestamp<'a>),
}

/// A timestamp as it was written: `2014-01-13T07:03:17.5Z`.
///
/// Every field is in its range, but the day may not exist in its month (30 February), as the
/// grammar of the specification has it; whoever needs an instant must be ready for that.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timestamp<'a> {
    pub(crate) text: &'a str,
}

impl<'a> Timestamp<'a> {
    /// The text, without `t` and apostrophes.
    pub fn as_str(&self) -> &'a str {
        self.text
    }

    /// Orders by time: `…17.5Z` and `…17.50Z` are equal here, though they are unequal texts.
    pub fn cmp_time(&self, other: &Timestamp<'_>) -> Ordering {
        // Without `Z` and trailing zeros of the fraction, digits order as times do: the fields
        // have fixed widths, and a shorter fraction is a prefix of a later one or differs earlier.
        significant(self.text).cmp(significant(other.text))
    }
}

fn significant(text: &str) -> &str {
    let text = text.strip_suffix('Z').unwrap_or(text);
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { text }
}
