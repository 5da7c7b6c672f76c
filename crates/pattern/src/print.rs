//! The canonical text of a pattern.
//!
//! One space around operators and after commas, no space elsewhere; `=` and `!=` for their
//! synonyms; quotes in paths and parentheses only where they are needed; hex in lower case;
//! timestamps and strings as they were. Parentheses are written only where the text had some, so
//! canonical text nests no deeper than what it was parsed from.

use std::fmt::{Display, Formatter, Result, Write as _};

use base64::display::Base64Display;
use base64::engine::general_purpose::STANDARD;

use crate::ast::{
    Comparison, Constant, ObjectPath, Observation, OrderOperator, Pattern, Predicate, Qualified,
    Qualifier, Step, Test, TextOperator, Timestamp,
};
use crate::fault::{Keyword, Symbol};

impl Display for Pattern<'_> {
    fn fmt(&self, out: &mut Formatter<'_>) -> Result {
        self.expression.fmt(out)
    }
}

/// How tightly an expression holds together: an operand that does not hold tighter than its
/// parent needs parentheses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Binding {
    FollowedBy,
    Or,
    And,
    Qualified,
    Whole,
}

impl Observation<'_> {
    fn binding(&self) -> Binding {
        match self {
            Self::One(_) => Binding::Whole,
            Self::Qualified(_) => Binding::Qualified,
            Self::And(_) => Binding::And,
            Self::Or(_) => Binding::Or,
            Self::FollowedBy(_) => Binding::FollowedBy,
        }
    }
}

impl Comparison<'_> {
    fn binding(&self) -> Binding {
        match self {
            Self::Test(_) => Binding::Whole,
            Self::And(_) => Binding::And,
            Self::Or(_) => Binding::Or,
        }
    }
}

impl Display for Observation<'_> {
    fn fmt(&self, out: &mut Formatter<'_>) -> Result {
        let (operands, keyword) = match self {
            Self::One(comparison) => return write!(out, "[{comparison}]"),
            Self::Qualified(qualified) => return qualified.fmt(out),
            Self::And(operands) => (operands, Keyword::And),
            Self::Or(operands) => (operands, Keyword::Or),
            Self::FollowedBy(operands) => (operands, Keyword::FollowedBy),
        };
        let binding = self.binding();
        let operands = operands.iter().map(|operand| (operand, operand.binding() > binding));
        join(out, operands, keyword)
    }
}

impl Display for Comparison<'_> {
    fn fmt(&self, out: &mut Formatter<'_>) -> Result {
        let (operands, keyword) = match self {
            Self::Test(test) => return test.fmt(out),
            Self::And(operands) => (operands, Keyword::And),
            Self::Or(operands) => (operands, Keyword::Or),
        };
        let binding = self.binding();
        let operands = operands.iter().map(|operand| (operand, operand.binding() > binding));
        join(out, operands, keyword)
    }
}

/// Operands with a keyword between them; those that are not tight get parentheses.
fn join<'a, T: Display + 'a>(
    out: &mut Formatter<'_>,
    operands: impl Iterator<Item = (&'a T, bool)>,
    keyword: Keyword,
) -> Result {
    for (index, (operand, tight)) in operands.enumerate() {
        if index > 0 {
            write!(out, " {} ", keyword.text())?;
        }
        enclose(out, operand, tight)?;
    }
    Ok(())
}

fn enclose(out: &mut Formatter<'_>, inside: &impl Display, tight: bool) -> Result {
    if tight { inside.fmt(out) } else { write!(out, "({inside})") }
}

impl Display for Qualified<'_> {
    fn fmt(&self, out: &mut Formatter<'_>) -> Result {
        let tight = self.expression.binding() > Binding::Qualified && !self.repeats_a_kind();
        enclose(out, &self.expression, tight)?;
        self.qualifiers.iter().try_for_each(|qualifier| write!(out, " {qualifier}"))
    }
}

impl Qualified<'_> {
    /// Whether a kind of qualifier comes twice, which needs parentheses. Looks at four at most:
    /// among those one of the three kinds must come twice.
    fn repeats_a_kind(&self) -> bool {
        let kinds = || self.qualifiers.iter().take(4).map(Qualifier::kind).enumerate();
        kinds().any(|(index, kind)| kinds().take(index).any(|(_, earlier)| earlier == kind))
    }
}

impl Display for Qualifier<'_> {
    fn fmt(&self, out: &mut Formatter<'_>) -> Result {
        match self {
            Self::Within { seconds } => write!(out, "WITHIN {seconds} SECONDS"),
            Self::Repeats { times } => write!(out, "REPEATS {times} TIMES"),
            Self::StartStop { start, stop } => write!(out, "START {start} STOP {stop}"),
        }
    }
}

impl Display for Test<'_> {
    fn fmt(&self, out: &mut Formatter<'_>) -> Result {
        let Self { path, negated, predicate } = self;
        let not = if *negated { "NOT " } else { "" };
        match predicate {
            Predicate::Exists => write!(out, "{not}EXISTS {path}"),
            Predicate::Order(operator, constant) => {
                write!(out, "{path} {not}{operator} {constant}")
            }
            Predicate::Text(operator, text) => {
                write!(out, "{path} {not}{operator} ")?;
                quote(out, text)
            }
            Predicate::In(members) => {
                write!(out, "{path} {not}IN (")?;
                for (index, member) in members.iter().enumerate() {
                    write!(out, "{}{member}", if index > 0 { ", " } else { "" })?;
                }
                out.write_char(')')
            }
        }
    }
}

impl Display for OrderOperator {
    fn fmt(&self, out: &mut Formatter<'_>) -> Result {
        let symbol = match self {
            Self::Equal => Symbol::Equal,
            Self::NotEqual => Symbol::NotEqual,
            Self::Less => Symbol::Less,
            Self::LessOrEqual => Symbol::LessOrEqual,
            Self::Greater => Symbol::Greater,
            Self::GreaterOrEqual => Symbol::GreaterOrEqual,
        };
        out.write_str(symbol.text())
    }
}

impl Display for TextOperator {
    fn fmt(&self, out: &mut Formatter<'_>) -> Result {
        let keyword = match self {
            Self::Like => Keyword::Like,
            Self::Matches => Keyword::Matches,
            Self::IsSubset => Keyword::IsSubset,
            Self::IsSuperset => Keyword::IsSuperset,
        };
        out.write_str(keyword.text())
    }
}

impl Display for ObjectPath<'_> {
    fn fmt(&self, out: &mut Formatter<'_>) -> Result {
        write!(out, "{}:", self.object_type)?;
        name(out, &self.property)?;
        self.steps.iter().try_for_each(|step| step.fmt(out))
    }
}

impl Display for Step<'_> {
    fn fmt(&self, out: &mut Formatter<'_>) -> Result {
        match self {
            Self::Key(key) => {
                out.write_char('.')?;
                name(out, key)
            }
            Self::Index(index) => write!(out, "[{index}]"),
            Self::Any => out.write_str("[*]"),
        }
    }
}

impl Display for Constant<'_> {
    fn fmt(&self, out: &mut Formatter<'_>) -> Result {
        match self {
            Self::String(text) => quote(out, text),
            Self::Integer(value) => write!(out, "{value}"),
            // Without a fraction, the text of a float is that of an integer.
            Self::Float(value) if value.fract() == 0.0 => write!(out, "{value:.1}"),
            Self::Float(value) => write!(out, "{value}"),
            Self::Boolean(value) => write!(out, "{value}"),
            Self::Hex(bytes) => {
                out.write_str("h'")?;
                bytes.iter().try_for_each(|byte| write!(out, "{byte:02x}"))?;
                out.write_char('\'')
            }
            Self::Binary(bytes) => write!(out, "b'{}'", Base64Display::new(bytes, &STANDARD)),
            Self::Timestamp(timestamp) => timestamp.fmt(out),
        }
    }
}

impl Display for Timestamp<'_> {
    fn fmt(&self, out: &mut Formatter<'_>) -> Result {
        write!(out, "t'{}'", self.text)
    }
}

/// A name of a path, in quotes if it needs some.
fn name(out: &mut Formatter<'_>, text: &str) -> Result {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    let bare = text.bytes().all(plain)
        && text.bytes().next().is_some_and(|first| !first.is_ascii_digit())
        && Keyword::from_text(text).is_none();
    if bare { out.write_str(text) } else { quote(out, text) }
}

/// A string in quotes, with escapes where they are needed.
fn quote(out: &mut Formatter<'_>, text: &str) -> Result {
    out.write_char('\'')?;
    for piece in text.split_inclusive(['\'', '\\']) {
        match piece.strip_suffix(['\'', '\\']) {
            Some(before) => {
                out.write_str(before)?;
                out.write_char('\\')?;
                out.write_str(piece.get(before.len()..).unwrap_or_default())?;
            }
            None => out.write_str(piece)?,
        }
    }
    out.write_char('\'')
}
