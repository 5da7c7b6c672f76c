//! The grammar of patterns, and the rules beyond it.
//!
//! Recursive descent with one token of lookahead, a method for each rule. Invariant: a method
//! checks the token before it reads the next, so the first fault in the text is the one reported.
//! Only parentheses recurse, and [`Parser::enter`] counts them.

use std::borrow::Cow;

use crate::ast::{
    Comparison, Constant, ObjectPath, Observation, OrderOperator, Pattern, Predicate, Qualified,
    Qualifier, Step, Test, TextOperator, Timestamp,
};
use crate::fault::{Expected, Fault, Found, Keyword, PatternError, Sort, Symbol};
use crate::hash::Algorithm;
use crate::lex::{Lexeme, Lexer, Token};
use crate::limits::{MAX_DEPTH, MAX_PATTERN_BYTES};
use crate::types::Types;

type Parsed<T> = Result<T, PatternError>;

/// Parses a pattern. Never panics, on any text.
///
/// ```
/// let pattern = entente_pattern::parse("[ipv4-addr:value=='198.51.100.1']")?;
/// assert_eq!(pattern.to_string(), "[ipv4-addr:value = '198.51.100.1']");
///
/// let error = entente_pattern::parse("[file:size = ]").unwrap_err();
/// assert_eq!(error.to_string(), "at byte 13: found `]`, expected a constant");
/// # Ok::<(), entente_pattern::PatternError>(())
/// ```
pub fn parse(text: &str) -> Result<Pattern<'_>, PatternError> {
    if text.len() > MAX_PATTERN_BYTES {
        return Err(PatternError { offset: 0, fault: Fault::TooLong { bytes: text.len() } });
    }
    let mut parser =
        Parser { lexer: Lexer::new(text), lexeme: Lexeme::Token(Token::End), offset: 0, depth: 0 };
    parser.advance()?;
    let expression = parser.followed_by()?;
    if parser.lexeme == Lexeme::Token(Token::End) {
        Ok(Pattern { expression })
    } else {
        Err(parser.unexpected(Expected::Continuation))
    }
}

struct Parser<'a> {
    lexer: Lexer<'a>,
    /// The token to look at, not yet accepted.
    lexeme: Lexeme<'a>,
    /// Where it starts.
    offset: usize,
    /// How many parentheses are open.
    depth: usize,
}

/// A comparison expression with the types that can satisfy it.
struct Typed<'a> {
    comparison: Comparison<'a>,
    types: Types<'a>,
}

// Tokens.
impl<'a> Parser<'a> {
    /// Accepts the token and reads the next.
    fn advance(&mut self) -> Parsed<Lexeme<'a>> {
        let (offset, lexeme) = self.lexer.next()?;
        self.offset = offset;
        Ok(std::mem::replace(&mut self.lexeme, lexeme))
    }

    fn at_symbol(&self, symbol: Symbol) -> bool {
        matches!(&self.lexeme, Lexeme::Token(Token::Symbol(found)) if *found == symbol)
    }

    fn at_keyword(&self, keyword: Keyword) -> bool {
        matches!(&self.lexeme, Lexeme::Token(Token::Keyword(found)) if *found == keyword)
    }

    /// Accepts this keyword, if it is here.
    fn accept_keyword(&mut self, keyword: Keyword) -> Parsed<bool> {
        let here = self.at_keyword(keyword);
        if here {
            self.advance()?;
        }
        Ok(here)
    }

    fn expect_symbol(&mut self, symbol: Symbol, expected: Expected) -> Parsed<()> {
        if !self.at_symbol(symbol) {
            return Err(self.unexpected(expected));
        }
        self.advance()?;
        Ok(())
    }

    fn expect_keyword(&mut self, keyword: Keyword) -> Parsed<()> {
        if !self.at_keyword(keyword) {
            return Err(self.unexpected(Expected::Keyword(keyword)));
        }
        self.advance()?;
        Ok(())
    }

    fn found(&self) -> Found {
        match &self.lexeme {
            Lexeme::Token(token) => token.found(),
            Lexeme::Stray(character) => Found::Character(*character),
        }
    }

    fn unexpected(&self, expected: Expected) -> PatternError {
        self.fault(Fault::Unexpected { found: self.found(), expected })
    }

    fn fault(&self, fault: Fault) -> PatternError {
        PatternError { offset: self.offset, fault }
    }

    /// Accepts a left parenthesis.
    fn enter(&mut self) -> Parsed<()> {
        if self.depth >= MAX_DEPTH {
            return Err(self.fault(Fault::TooDeep));
        }
        self.depth += 1;
        self.advance()?;
        Ok(())
    }

    /// Accepts the right parenthesis that belongs to it.
    fn leave(&mut self, expected: Expected) -> Parsed<()> {
        self.expect_symbol(Symbol::RightParenthesis, expected)?;
        self.depth -= 1;
        Ok(())
    }
}

// Observation expressions.
impl<'a> Parser<'a> {
    fn followed_by(&mut self) -> Parsed<Observation<'a>> {
        self.chain(Keyword::FollowedBy, Self::observation_or, Observation::FollowedBy)
    }

    fn observation_or(&mut self) -> Parsed<Observation<'a>> {
        self.chain(Keyword::Or, Self::observation_and, Observation::Or)
    }

    fn observation_and(&mut self) -> Parsed<Observation<'a>> {
        self.chain(Keyword::And, Self::observation, Observation::And)
    }

    /// Operands with this keyword between them; a single one stays as it is.
    fn chain(
        &mut self,
        keyword: Keyword,
        operand: fn(&mut Self) -> Parsed<Observation<'a>>,
        join: fn(Vec<Observation<'a>>) -> Observation<'a>,
    ) -> Parsed<Observation<'a>> {
        let first = operand(self)?;
        if !self.at_keyword(keyword) {
            return Ok(first);
        }
        let mut operands = vec![first];
        while self.accept_keyword(keyword)? {
            operands.push(operand(self)?);
        }
        Ok(join(operands))
    }

    fn observation(&mut self) -> Parsed<Observation<'a>> {
        if self.at_symbol(Symbol::LeftBracket) {
            self.advance()?;
            let comparison = self.comparison_or()?.comparison;
            self.expect_symbol(Symbol::RightBracket, Expected::BracketContinuation)?;
            return self.qualified(Observation::One(comparison), Repetition::Refused);
        }
        if self.at_symbol(Symbol::LeftParenthesis) {
            self.enter()?;
            let inside = self.followed_by()?;
            self.leave(Expected::GroupContinuation)?;
            return self.qualified(inside, Repetition::Accepted);
        }
        Err(self.unexpected(Expected::Observation))
    }

    fn qualified(
        &mut self,
        expression: Observation<'a>,
        repetition: Repetition,
    ) -> Parsed<Observation<'a>> {
        let mut qualifiers: Vec<Qualifier<'a>> = Vec::new();
        let mut start = self.offset;
        while let Some(qualifier) = self.qualifier()? {
            let kind = qualifier.kind();
            // Where repetition is refused there are at most three, one of each kind.
            if repetition == Repetition::Refused
                && qualifiers.iter().any(|earlier| earlier.kind() == kind)
            {
                let fault = Fault::DuplicateQualifier { kind };
                return Err(PatternError { offset: start, fault });
            }
            qualifiers.push(qualifier);
            start = self.offset;
        }
        if qualifiers.is_empty() {
            return Ok(expression);
        }
        Ok(Observation::Qualified(Box::new(Qualified { expression, qualifiers })))
    }

    fn qualifier(&mut self) -> Parsed<Option<Qualifier<'a>>> {
        if self.accept_keyword(Keyword::Within)? {
            let seconds = self.seconds()?;
            self.expect_keyword(Keyword::Seconds)?;
            return Ok(Some(Qualifier::Within { seconds }));
        }
        if self.accept_keyword(Keyword::Repeats)? {
            let times = self.times()?;
            self.expect_keyword(Keyword::Times)?;
            return Ok(Some(Qualifier::Repeats { times }));
        }
        if self.accept_keyword(Keyword::Start)? {
            let start = self.timestamp()?;
            self.expect_keyword(Keyword::Stop)?;
            let stop = self.timestamp()?;
            return Ok(Some(Qualifier::StartStop { start, stop }));
        }
        Ok(None)
    }

    fn seconds(&mut self) -> Parsed<f64> {
        let expected = Expected::Seconds;
        let seconds = match &self.lexeme {
            // No integer of a pattern has more than 53 bits, and so its text reads the same.
            Lexeme::Token(Token::Integer(value)) => exact(*value),
            Lexeme::Token(Token::Float(value)) => *value,
            Lexeme::Token(_) | Lexeme::Stray(_) => return Err(self.unexpected(expected)),
        };
        if seconds <= 0.0 {
            return Err(self.fault(Fault::NotPositive { expected }));
        }
        self.advance()?;
        Ok(seconds)
    }

    fn times(&mut self) -> Parsed<u64> {
        let expected = Expected::Times;
        let Lexeme::Token(Token::Integer(value)) = &self.lexeme else {
            return Err(self.unexpected(expected));
        };
        match u64::try_from(*value) {
            Ok(times) if times > 0 => {
                self.advance()?;
                Ok(times)
            }
            Ok(_) | Err(_) => Err(self.fault(Fault::NotPositive { expected })),
        }
    }

    fn timestamp(&mut self) -> Parsed<Timestamp<'a>> {
        let Lexeme::Token(Token::Timestamp(timestamp)) = self.lexeme else {
            return Err(self.unexpected(Expected::Timestamp));
        };
        self.advance()?;
        Ok(timestamp)
    }
}

/// Whether a kind of qualifier may come twice: only on an expression in parentheses, where the
/// OASIS pattern validator accepts it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Repetition {
    Accepted,
    Refused,
}

/// An integer of at most 53 bits as a double, exactly: the halves are of 32 bits or fewer.
fn exact(value: i64) -> f64 {
    let high = i32::try_from(value >> 32).unwrap_or_default();
    let low = u32::try_from(value & 0xffff_ffff).unwrap_or_default();
    f64::from(high) * 4_294_967_296.0 + f64::from(low)
}

// Comparison expressions.
impl<'a> Parser<'a> {
    fn comparison_or(&mut self) -> Parsed<Typed<'a>> {
        let first = self.comparison_and()?;
        if !self.at_keyword(Keyword::Or) {
            return Ok(first);
        }
        let mut operands = vec![first.comparison];
        let mut types = first.types;
        while self.accept_keyword(Keyword::Or)? {
            let operand = self.comparison_and()?;
            operands.push(operand.comparison);
            types = types.union(operand.types);
        }
        Ok(Typed { comparison: Comparison::Or(operands), types })
    }

    fn comparison_and(&mut self) -> Parsed<Typed<'a>> {
        let first = self.operand()?;
        if !self.at_keyword(Keyword::And) {
            return Ok(first);
        }
        let mut operands = vec![first.comparison];
        let mut types = first.types;
        while self.accept_keyword(Keyword::And)? {
            let offset = self.offset;
            let operand = self.operand()?;
            operands.push(operand.comparison);
            types = types
                .intersection(operand.types)
                .ok_or(PatternError { offset, fault: Fault::DisjointTypes })?;
        }
        Ok(Typed { comparison: Comparison::And(operands), types })
    }

    fn operand(&mut self) -> Parsed<Typed<'a>> {
        if self.at_symbol(Symbol::LeftParenthesis) {
            self.enter()?;
            let inside = self.comparison_or()?;
            self.leave(Expected::ComparisonContinuation)?;
            return Ok(inside);
        }
        let test = self.test()?;
        let types = Types::One(test.path.object_type);
        Ok(Typed { comparison: Comparison::Test(test), types })
    }

    fn test(&mut self) -> Parsed<Test<'a>> {
        if self.accept_keyword(Keyword::Not)? {
            self.expect_keyword(Keyword::Exists)?;
            let path = self.object_path(Expected::ObjectType)?;
            return Ok(Test { path, negated: true, predicate: Predicate::Exists });
        }
        if self.accept_keyword(Keyword::Exists)? {
            let path = self.object_path(Expected::ObjectType)?;
            return Ok(Test { path, negated: false, predicate: Predicate::Exists });
        }
        let path = self.object_path(Expected::Comparison)?;
        let negated = self.accept_keyword(Keyword::Not)?;
        let expected = if negated { Expected::NegatedOperator } else { Expected::Operator };
        let predicate = self.predicate(&path, expected)?;
        Ok(Test { path, negated, predicate })
    }

    fn predicate(&mut self, path: &ObjectPath<'a>, expected: Expected) -> Parsed<Predicate<'a>> {
        let operator = match &self.lexeme {
            Lexeme::Token(Token::Symbol(symbol)) => order_operator(*symbol).map(Operator::Order),
            Lexeme::Token(Token::Keyword(keyword)) => keyword_operator(*keyword),
            Lexeme::Token(_) | Lexeme::Stray(_) => None,
        };
        let operator = operator.ok_or_else(|| self.unexpected(expected))?;
        self.advance()?;
        match operator {
            Operator::Order(operator) => self.order(operator, path),
            Operator::Text(operator) => Ok(Predicate::Text(operator, self.string()?)),
            Operator::In => self.set(path),
        }
    }
}

/// A comparison operator that stands after its path.
enum Operator {
    Order(OrderOperator),
    Text(TextOperator),
    In,
}

fn order_operator(symbol: Symbol) -> Option<OrderOperator> {
    match symbol {
        Symbol::Equal => Some(OrderOperator::Equal),
        Symbol::NotEqual => Some(OrderOperator::NotEqual),
        Symbol::Less => Some(OrderOperator::Less),
        Symbol::LessOrEqual => Some(OrderOperator::LessOrEqual),
        Symbol::Greater => Some(OrderOperator::Greater),
        Symbol::GreaterOrEqual => Some(OrderOperator::GreaterOrEqual),
        Symbol::LeftBracket
        | Symbol::RightBracket
        | Symbol::LeftParenthesis
        | Symbol::RightParenthesis
        | Symbol::Colon
        | Symbol::Dot
        | Symbol::Comma
        | Symbol::Star => None,
    }
}

fn keyword_operator(keyword: Keyword) -> Option<Operator> {
    match keyword {
        Keyword::In => Some(Operator::In),
        Keyword::Like => Some(Operator::Text(TextOperator::Like)),
        Keyword::Matches => Some(Operator::Text(TextOperator::Matches)),
        Keyword::IsSubset => Some(Operator::Text(TextOperator::IsSubset)),
        Keyword::IsSuperset => Some(Operator::Text(TextOperator::IsSuperset)),
        Keyword::And
        | Keyword::Or
        | Keyword::Not
        | Keyword::FollowedBy
        | Keyword::Exists
        | Keyword::Last
        | Keyword::Start
        | Keyword::Stop
        | Keyword::Seconds
        | Keyword::True
        | Keyword::False
        | Keyword::Within
        | Keyword::Repeats
        | Keyword::Times => None,
    }
}

// Object paths.
impl<'a> Parser<'a> {
    fn object_path(&mut self, expected: Expected) -> Parsed<ObjectPath<'a>> {
        let Lexeme::Token(Token::Name { text: object_type, .. }) = self.lexeme else {
            return Err(self.unexpected(expected));
        };
        self.advance()?;
        self.expect_symbol(Symbol::Colon, Expected::Symbol(Symbol::Colon))?;
        let property = self.key()?;
        let mut steps = Vec::new();
        loop {
            if self.at_symbol(Symbol::Dot) {
                self.advance()?;
                steps.push(Step::Key(self.key()?));
            } else if self.at_symbol(Symbol::LeftBracket) {
                self.advance()?;
                steps.push(self.index()?);
            } else {
                return Ok(ObjectPath { object_type, property, steps });
            }
        }
    }

    fn key(&mut self) -> Parsed<Cow<'a, str>> {
        if let Lexeme::Token(Token::Name { text, hyphenated: false }) = self.lexeme {
            self.advance()?;
            return Ok(Cow::Borrowed(text));
        }
        self.quoted(Expected::PropertyName)
    }

    /// What is between the brackets, and the right one.
    fn index(&mut self) -> Parsed<Step<'a>> {
        let step = match &self.lexeme {
            Lexeme::Token(Token::Symbol(Symbol::Star)) => Step::Any,
            Lexeme::Token(Token::Integer(value)) => match u64::try_from(*value) {
                Ok(index) => Step::Index(index),
                Err(_) => return Err(self.fault(Fault::NegativeIndex)),
            },
            Lexeme::Token(_) | Lexeme::Stray(_) => return Err(self.unexpected(Expected::Index)),
        };
        self.advance()?;
        self.expect_symbol(Symbol::RightBracket, Expected::Symbol(Symbol::RightBracket))?;
        Ok(step)
    }
}

// Constants.
impl<'a> Parser<'a> {
    fn string(&mut self) -> Parsed<Cow<'a, str>> {
        self.quoted(Expected::String)
    }

    fn quoted(&mut self, expected: Expected) -> Parsed<Cow<'a, str>> {
        if !matches!(self.lexeme, Lexeme::Token(Token::String(_))) {
            return Err(self.unexpected(expected));
        }
        match self.advance()? {
            Lexeme::Token(Token::String(text)) => Ok(text),
            Lexeme::Token(_) | Lexeme::Stray(_) => Err(self.unexpected(expected)),
        }
    }

    fn order(&mut self, operator: OrderOperator, path: &ObjectPath<'a>) -> Parsed<Predicate<'a>> {
        let equality = match operator {
            OrderOperator::Equal | OrderOperator::NotEqual => true,
            OrderOperator::Less
            | OrderOperator::LessOrEqual
            | OrderOperator::Greater
            | OrderOperator::GreaterOrEqual => false,
        };
        if !equality && (self.at_keyword(Keyword::True) || self.at_keyword(Keyword::False)) {
            return Err(self.unexpected(Expected::OrderedConstant));
        }
        let offset = self.offset;
        let constant =
            self.constant(if equality { Expected::Constant } else { Expected::OrderedConstant })?;
        if equality {
            check_hash(Algorithm::of_path(path), &constant, offset)?;
        }
        Ok(Predicate::Order(operator, constant))
    }

    fn set(&mut self, path: &ObjectPath<'a>) -> Parsed<Predicate<'a>> {
        let left = Symbol::LeftParenthesis;
        self.expect_symbol(left, Expected::Symbol(left))?;
        let mut members = Vec::new();
        if self.at_symbol(Symbol::RightParenthesis) {
            self.advance()?;
            return Ok(Predicate::In(members));
        }
        let algorithm = Algorithm::of_path(path);
        let mut sort = None;
        let mut expected = Expected::FirstMember;
        loop {
            let (offset, found) = (self.offset, self.found());
            let member = self.constant(expected)?;
            let first = *sort.get_or_insert(sort_of(&member));
            if sort_of(&member) != first {
                return Err(PatternError { offset, fault: Fault::MixedSet { found, sort: first } });
            }
            check_hash(algorithm, &member, offset)?;
            members.push(member);
            if !self.at_symbol(Symbol::Comma) {
                self.expect_symbol(Symbol::RightParenthesis, Expected::SetContinuation)?;
                return Ok(Predicate::In(members));
            }
            self.advance()?;
            expected = Expected::Constant;
        }
    }

    fn constant(&mut self, expected: Expected) -> Parsed<Constant<'a>> {
        let constant = match &mut self.lexeme {
            Lexeme::Token(Token::String(text)) => Constant::String(std::mem::take(text)),
            Lexeme::Token(Token::Integer(value)) => Constant::Integer(*value),
            Lexeme::Token(Token::Float(value)) => Constant::Float(*value),
            Lexeme::Token(Token::Keyword(Keyword::True)) => Constant::Boolean(true),
            Lexeme::Token(Token::Keyword(Keyword::False)) => Constant::Boolean(false),
            Lexeme::Token(Token::Hex(bytes)) => Constant::Hex(std::mem::take(bytes)),
            Lexeme::Token(Token::Binary(bytes)) => Constant::Binary(std::mem::take(bytes)),
            Lexeme::Token(Token::Timestamp(timestamp)) => Constant::Timestamp(*timestamp),
            Lexeme::Token(
                Token::End | Token::Symbol(_) | Token::Keyword(_) | Token::Name { .. },
            )
            | Lexeme::Stray(_) => return Err(self.unexpected(expected)),
        };
        self.advance()?;
        Ok(constant)
    }
}

fn sort_of(constant: &Constant<'_>) -> Sort {
    match constant {
        Constant::String(_) => Sort::String,
        Constant::Integer(_) | Constant::Float(_) => Sort::Number,
        Constant::Boolean(_) => Sort::Boolean,
        Constant::Hex(_) | Constant::Binary(_) => Sort::Bytes,
        Constant::Timestamp(_) => Sort::Timestamp,
    }
}

/// Refuses a string that is compared with a hash and cannot be one.
fn check_hash(algorithm: Option<Algorithm>, constant: &Constant<'_>, offset: usize) -> Parsed<()> {
    match (algorithm, constant) {
        (Some(algorithm), Constant::String(text)) if !algorithm.admits(text) => {
            let fault = Fault::MalformedHash { algorithm: algorithm.name };
            Err(PatternError { offset, fault })
        }
        _ => Ok(()),
    }
}
