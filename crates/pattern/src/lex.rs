//! Tokens of a pattern, borrowed from its text where nothing was escaped.
//!
//! Invariants: every token takes at least one byte, so that reading all of them is linear; every
//! position between tokens is the start of a character, as all delimiters are ASCII.

use std::borrow::Cow;

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{GeneralPurpose, GeneralPurposeConfig};

use crate::ast::Timestamp;
use crate::fault::{Fault, Found, Keyword, PatternError, Symbol};
use crate::limits::MAX_INTEGER;

/// Padding is demanded, as in the grammar of the specification; the bits under the padding may be
/// anything, as there too.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true),
);

/// A token.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Token<'a> {
    End,
    Symbol(Symbol),
    Keyword(Keyword),
    /// A name; its characters are ASCII letters, digits, `_` and perhaps `-`.
    Name {
        text: &'a str,
        hyphenated: bool,
    },
    /// A string, unescaped.
    String(Cow<'a, str>),
    Integer(i64),
    Float(f64),
    Hex(Vec<u8>),
    Binary(Vec<u8>),
    Timestamp(Timestamp<'a>),
}

impl Token<'_> {
    /// What an error says of this token.
    pub(crate) fn found(&self) -> Found {
        match self {
            Self::End => Found::End,
            Self::Symbol(symbol) => Found::Symbol(*symbol),
            Self::Keyword(keyword) => Found::Keyword(*keyword),
            Self::Name { hyphenated: false, .. } => Found::Name,
            Self::Name { hyphenated: true, .. } => Found::HyphenatedName,
            Self::String(_) => Found::String,
            Self::Integer(_) => Found::Integer,
            Self::Float(_) => Found::Float,
            Self::Hex(_) => Found::Hex,
            Self::Binary(_) => Found::Binary,
            Self::Timestamp(_) => Found::Timestamp,
        }
    }
}

/// What the lexer read: a token, or a character that starts none.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Lexeme<'a> {
    Token(Token<'a>),
    Stray(char),
}

/// Reads tokens from a text, one by one.
pub(crate) struct Lexer<'a> {
    text: &'a str,
    /// Where the next token is looked for.
    position: usize,
}

impl<'a> Lexer<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        Self { text, position: 0 }
    }

    /// The next token and its offset; at the end, `End` again and again.
    pub(crate) fn next(&mut self) -> Result<(usize, Lexeme<'a>), PatternError> {
        self.skip_blank()?;
        let start = self.position;
        let Some(byte) = self.peek(0) else {
            return Ok((start, Lexeme::Token(Token::End)));
        };
        let token = match byte {
            b'\'' => Token::String(self.string()?),
            b'a'..=b'z' | b'A'..=b'Z' | b'_' => self.word()?,
            b'0'..=b'9' => self.number()?,
            b'+' | b'-' if self.number_follows(1) => self.number()?,
            b'.' if self.peek(1).is_some_and(|next| next.is_ascii_digit()) => self.number()?,
            _ => match self.symbol(byte) {
                Some(symbol) => Token::Symbol(symbol),
                None => return Ok((start, Lexeme::Stray(self.character()))),
            },
        };
        Ok((start, Lexeme::Token(token)))
    }

    fn peek(&self, ahead: usize) -> Option<u8> {
        self.text.as_bytes().get(self.position.checked_add(ahead)?).copied()
    }

    /// The text from a position to the next token's start; both are starts of characters.
    fn since(&self, start: usize) -> &'a str {
        self.text.get(start..self.position).unwrap_or_default()
    }

    fn rest(&self) -> &'a str {
        self.text.get(self.position..).unwrap_or_default()
    }

    fn character(&self) -> char {
        self.rest().chars().next().unwrap_or(char::REPLACEMENT_CHARACTER)
    }

    fn advance_while(&mut self, belongs: impl Fn(u8) -> bool) {
        let rest = self.rest().as_bytes();
        self.position += rest.iter().position(|byte| !belongs(*byte)).unwrap_or(rest.len());
    }

    /// Skips white space, and the comments that the grammar of the specification has.
    fn skip_blank(&mut self) -> Result<(), PatternError> {
        while let Some(byte) = self.peek(0) {
            match byte {
                b' ' | b'\t'..=b'\r' => self.position += 1,
                b'/' if self.peek(1) == Some(b'/') => {
                    self.advance_while(|byte| !matches!(byte, b'\r' | b'\n'));
                }
                b'/' if self.peek(1) == Some(b'*') => self.skip_comment()?,
                0x80.. => {
                    let character = self.character();
                    if !character.is_whitespace() {
                        return Ok(());
                    }
                    self.position += character.len_utf8();
                }
                _ => return Ok(()),
            }
        }
        Ok(())
    }

    fn skip_comment(&mut self) -> Result<(), PatternError> {
        let inside = self.rest().get(2..).unwrap_or_default();
        let Some(length) = inside.find("*/") else {
            return Err(self.fault(Fault::UnterminatedComment));
        };
        self.position += length + 4;
        Ok(())
    }

    fn symbol(&mut self, byte: u8) -> Option<Symbol> {
        let (symbol, length) = match (byte, self.peek(1)) {
            (b'[', _) => (Symbol::LeftBracket, 1),
            (b']', _) => (Symbol::RightBracket, 1),
            (b'(', _) => (Symbol::LeftParenthesis, 1),
            (b')', _) => (Symbol::RightParenthesis, 1),
            (b':', _) => (Symbol::Colon, 1),
            (b'.', _) => (Symbol::Dot, 1),
            (b',', _) => (Symbol::Comma, 1),
            (b'*', _) => (Symbol::Star, 1),
            (b'=', Some(b'=')) => (Symbol::Equal, 2),
            (b'=', _) => (Symbol::Equal, 1),
            (b'!', Some(b'=')) | (b'<', Some(b'>')) => (Symbol::NotEqual, 2),
            (b'<', Some(b'=')) => (Symbol::LessOrEqual, 2),
            (b'<', _) => (Symbol::Less, 1),
            (b'>', Some(b'=')) => (Symbol::GreaterOrEqual, 2),
            (b'>', _) => (Symbol::Greater, 1),
            _ => return None,
        };
        self.position += length;
        Some(symbol)
    }

    /// A keyword, a name, or a constant with a letter before its quotes.
    fn word(&mut self) -> Result<Token<'a>, PatternError> {
        match (self.peek(0), self.peek(1)) {
            (Some(b'h'), Some(b'\'')) => return self.hex(),
            (Some(b'b'), Some(b'\'')) => return self.binary(),
            (Some(b't'), Some(b'\'')) => return self.timestamp(),
            _ => {}
        }
        let start = self.position;
        self.advance_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'));
        let text = self.since(start);
        if let Some(keyword) = Keyword::from_text(text) {
            return Ok(Token::Keyword(keyword));
        }
        Ok(Token::Name { text, hyphenated: text.contains('-') })
    }

    /// Whether an unsigned number starts here.
    fn number_follows(&self, ahead: usize) -> bool {
        match self.peek(ahead) {
            Some(b'.') => self.peek(ahead + 1).is_some_and(|byte| byte.is_ascii_digit()),
            Some(byte) => byte.is_ascii_digit(),
            None => false,
        }
    }

    /// An integer, or a float if a dot with a digit follows. Called where a number starts.
    fn number(&mut self) -> Result<Token<'a>, PatternError> {
        let start = self.position;
        if matches!(self.peek(0), Some(b'+' | b'-')) {
            self.position += 1;
        }
        let digits = self.position;
        self.advance_while(|byte| byte.is_ascii_digit());
        if self.peek(0) == Some(b'.') && self.number_follows(0) {
            self.position += 1;
            self.advance_while(|byte| byte.is_ascii_digit());
            return match self.since(start).parse::<f64>() {
                Ok(value) if value.is_finite() => Ok(Token::Float(value)),
                Ok(_) | Err(_) => {
                    Err(PatternError { offset: start, fault: Fault::FloatOutOfRange })
                }
            };
        }
        if self.peek_at(digits) == Some(b'0') {
            // An integer starts with no zero but its only digit: `007` is three integers.
            self.position = digits + 1;
        }
        match self.since(start).parse::<i64>() {
            Ok(value) if (-MAX_INTEGER..=MAX_INTEGER).contains(&value) => Ok(Token::Integer(value)),
            Ok(_) | Err(_) => Err(PatternError { offset: start, fault: Fault::IntegerOutOfRange }),
        }
    }

    fn peek_at(&self, position: usize) -> Option<u8> {
        self.text.as_bytes().get(position).copied()
    }

    /// A string. Called at its first quote; borrows if there is no escape.
    fn string(&mut self) -> Result<Cow<'a, str>, PatternError> {
        let quote = self.position;
        self.position += 1;
        let mut start = self.position;
        let mut unescaped = String::new();
        loop {
            self.advance_while(|byte| !matches!(byte, b'\'' | b'\\'));
            match self.peek(0) {
                None => {
                    return Err(PatternError { offset: quote, fault: Fault::UnterminatedQuote });
                }
                Some(b'\\') => {
                    unescaped.push_str(self.since(start));
                    self.check_escape()?;
                    // The escaped character itself starts the next piece.
                    start = self.position + 1;
                    self.position += 2;
                }
                Some(_) => break,
            }
        }
        let last = self.since(start);
        self.position += 1;
        // Whoever escaped a character has it in the last piece or in an earlier one.
        if start == quote + 1 {
            return Ok(Cow::Borrowed(last));
        }
        unescaped.push_str(last);
        Ok(Cow::Owned(unescaped))
    }

    fn check_escape(&self) -> Result<(), PatternError> {
        let found = match self.peek(1) {
            Some(b'\'' | b'\\') => return Ok(()),
            Some(_) => {
                let after = self.rest().get(1..).unwrap_or_default();
                Found::Character(after.chars().next().unwrap_or(char::REPLACEMENT_CHARACTER))
            }
            None => Found::End,
        };
        Err(self.fault(Fault::UnknownEscape { found }))
    }

    fn fault(&self, fault: Fault) -> PatternError {
        PatternError { offset: self.position, fault }
    }

    /// The text between the quotes after a letter, which knows no escapes.
    fn quoted(&mut self) -> Result<&'a str, PatternError> {
        let inside = self.rest().get(2..).unwrap_or_default();
        let Some(length) = inside.find('\'') else {
            return Err(self.fault(Fault::UnterminatedQuote));
        };
        self.position += length + 3;
        Ok(inside.get(..length).unwrap_or_default())
    }

    fn hex(&mut self) -> Result<Token<'a>, PatternError> {
        let offset = self.position;
        let digits = self.quoted()?.as_bytes();
        let (pairs, odd) = digits.as_chunks::<2>();
        let bytes: Option<Vec<u8>> = pairs.iter().map(|[high, low]| byte(*high, *low)).collect();
        match bytes {
            Some(bytes) if odd.is_empty() => Ok(Token::Hex(bytes)),
            Some(_) | None => Err(PatternError { offset, fault: Fault::MalformedHex }),
        }
    }

    fn binary(&mut self) -> Result<Token<'a>, PatternError> {
        let offset = self.position;
        let text = self.quoted()?;
        // The specification has line feeds ignored (section 9.2).
        let text =
            if text.contains('\n') { Cow::Owned(text.replace('\n', "")) } else { text.into() };
        match BASE64.decode(text.as_bytes()) {
            Ok(bytes) => Ok(Token::Binary(bytes)),
            Err(_) => Err(PatternError { offset, fault: Fault::MalformedBinary }),
        }
    }

    fn timestamp(&mut self) -> Result<Token<'a>, PatternError> {
        let offset = self.position;
        let text = self.quoted()?;
        if is_timestamp(text.as_bytes()) {
            Ok(Token::Timestamp(Timestamp { text }))
        } else {
            Err(PatternError { offset, fault: Fault::MalformedTimestamp })
        }
    }
}

fn byte(high: u8, low: u8) -> Option<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    Some(digit(high)? << 4 | digit(low)?)
}

/// Whether this is `YYYY-MM-DDTHH:MM:SS`, perhaps a fraction, and `Z`, every field in its range.
fn is_timestamp(text: &[u8]) -> bool {
    let Some((fixed, rest)) = text.split_first_chunk::<19>() else {
        return false;
    };
    let [y1, y2, y3, y4, b'-', mo1, mo2, b'-', d1, d2, b'T', h1, h2, b':', mi1, mi2, b':', s1, s2] =
        fixed
    else {
        return false;
    };
    let between = |high: &u8, low: &u8, least: u8, most: u8| {
        let digits = high.is_ascii_digit() && low.is_ascii_digit();
        digits && (least..=most).contains(&((high - b'0') * 10 + (low - b'0')))
    };
    let fraction = match rest {
        [b'Z'] => true,
        [b'.', digits @ .., b'Z'] => !digits.is_empty() && digits.iter().all(u8::is_ascii_digit),
        _ => false,
    };
    [y1, y2, y3, y4].into_iter().all(u8::is_ascii_digit)
        && between(mo1, mo2, 1, 12)
        && between(d1, d2, 1, 31)
        && between(h1, h2, 0, 23)
        && between(mi1, mi2, 0, 59)
        // 60 is a leap second.
        && between(s1, s2, 0, 60)
        && fraction
}
