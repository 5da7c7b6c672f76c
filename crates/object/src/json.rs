//! Strict JSON: what this accepts has one meaning, and every reader of the same bytes agrees on it.
//!
//! Invariants: no bytes make [`parse`] panic; no accepted text holds a duplicate key (compared after
//! unescaping), a lone surrogate, an integer beyond ±(2^53−1), a number that overflows, a nesting
//! deeper than [`DEPTH_MAX`], a byte order mark or anything after the value; what is accepted here
//! `serde_json` accepts too and reads as the same value. Memory is at most linear in the input, and
//! time at most `n log n`. Strings without escapes are borrowed from the input.
//!
//! In scope: one JSON text in memory, as a tree in the order read, and back as compact bytes.
//! Out of scope: limits on size (the caller has [`crate::limits`]), streams of objects
//! ([`crate::read`]), the canonical form ([`crate::canonical`]).

use std::borrow::Cow;
use std::fmt;

pub use crate::limits::DEPTH_MAX;

/// The greatest integer that every JSON reader keeps exactly: 2^53 − 1.
pub const INTEGER_MAX: i64 = 9_007_199_254_740_991;

/// Up to this many members a duplicate key is looked for member by member, beyond it by sorting.
/// A key filter of 64 bits is nearly full at 32 keys and saves nothing beyond.
const LINEAR_MEMBERS_MAX: usize = 32;

/// A JSON value, as read.
#[derive(Clone, Debug, PartialEq)]
pub enum Value<'a> {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number, kept as its text.
    Number(Number<'a>),
    /// A string, borrowed where it had no escapes.
    String(Cow<'a, str>),
    /// An array.
    Array(Vec<Value<'a>>),
    /// An object, its members in the order read.
    Object(Map<'a>),
}

/// A number, kept as the text it was read from: equal means equal text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Number<'a> {
    text: Cow<'a, str>,
}

/// The members of an object in the order read; no key occurs twice.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Map<'a>(Vec<(Cow<'a, str>, Value<'a>)>);

/// Why a text was refused, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The byte at which the text stops being acceptable, counted from 0.
    pub offset: usize,
    /// What is wrong there.
    pub reason: Reason,
}

/// What is wrong with a text. Always the sender's fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    /// The text starts with a byte order mark.
    ByteOrderMark,
    /// The bytes are not UTF-8.
    InvalidUtf8,
    /// The text ends inside a value; an empty text too.
    UnexpectedEnd,
    /// Something other than a value stands where a value must.
    ExpectedValue,
    /// Something other than a string stands where a key must.
    ExpectedKey,
    /// No colon follows a key.
    ExpectedColon,
    /// Neither a comma nor the closing bracket follows a value.
    ExpectedCommaOrEnd,
    /// A comma is followed by the closing bracket.
    TrailingComma,
    /// Something other than white space follows the value.
    TrailingData,
    /// A key occurs twice in one object.
    DuplicateKey,
    /// A `\uD800`–`\uDFFF` escape without its other half.
    LoneSurrogate,
    /// A backslash is followed by something that is no escape.
    InvalidEscape,
    /// A byte below 0x20 inside a string.
    ControlCharacter,
    /// A number that JSON's grammar does not have: `01`, `1.`, `.5`, `+1`, `1e`.
    MalformedNumber,
    /// `NaN`, `Infinity` or `-Infinity`.
    NotANumber,
    /// An integer beyond ±(2^53−1).
    IntegerOutOfRange,
    /// A number whose exponent or size overflows a double.
    NumberOverflow,
    /// Arrays and objects nested deeper than [`DEPTH_MAX`].
    TooDeep,
}

impl Reason {
    /// What is wrong, in words.
    pub fn what(self) -> &'static str {
        match self {
            Self::ByteOrderMark => "the text starts with a byte order mark",
            Self::InvalidUtf8 => "the bytes are not UTF-8",
            Self::UnexpectedEnd => "the text ends before the value does",
            Self::ExpectedValue => "a value must stand here",
            Self::ExpectedKey => "a key in double quotes must stand here",
            Self::ExpectedColon => "a colon must follow the key",
            Self::ExpectedCommaOrEnd => "a comma or the closing bracket must follow the value",
            Self::TrailingComma => "a comma stands before the closing bracket",
            Self::TrailingData => "something follows the end of the value",
            Self::DuplicateKey => "this key occurs twice in its object",
            Self::LoneSurrogate => "this escape is one half of a surrogate pair",
            Self::InvalidEscape => "this backslash starts no escape that JSON has",
            Self::ControlCharacter => "a control character stands in a string",
            Self::MalformedNumber => "this is not how JSON writes a number",
            Self::NotANumber => "JSON has no NaN and no infinity",
            Self::IntegerOutOfRange => "this integer lies beyond 2^53-1, where readers disagree",
            Self::NumberOverflow => "this number is too large for a double",
            Self::TooDeep => "arrays and objects are nested deeper than 64 levels",
        }
    }

    /// What the sender can do about it.
    pub fn remedy(self) -> &'static str {
        match self {
            Self::ByteOrderMark => "save the text as UTF-8 without a mark",
            Self::InvalidUtf8 => "save the text as UTF-8",
            Self::UnexpectedEnd => "send the whole text",
            Self::ExpectedValue | Self::ExpectedKey => "check for a stray sign or single quotes",
            Self::ExpectedColon | Self::ExpectedCommaOrEnd => "check for a missing sign before it",
            Self::TrailingComma => "remove the comma",
            Self::TrailingData => "send one value, or one value a line",
            Self::DuplicateKey => "keep one of the two members",
            Self::LoneSurrogate => "write both halves, or the character itself",
            Self::InvalidEscape => "double the backslash if it is meant as a character",
            Self::ControlCharacter => "write it as an escape, such as \\n",
            Self::MalformedNumber => "write digits, then a fraction or exponent with digits",
            Self::NotANumber => "leave the property out or write a number",
            Self::IntegerOutOfRange => "write it as a string",
            Self::NumberOverflow => "write a number below 1.8e308",
            Self::TooDeep => "flatten the value",
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.what())
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "byte {}: {}; {}", self.offset, self.reason.what(), self.reason.remedy())
    }
}

impl std::error::Error for Refusal {}

/// Reads one JSON text, strictly.
///
/// Bytes that are not UTF-8 are refused before anything else is looked at.
pub fn parse(bytes: &[u8]) -> Result<Value<'_>, Refusal> {
    if bytes.starts_with(b"\xEF\xBB\xBF") {
        return Err(Refusal { offset: 0, reason: Reason::ByteOrderMark });
    }
    let text = std::str::from_utf8(bytes)
        .map_err(|e| Refusal { offset: e.valid_up_to(), reason: Reason::InvalidUtf8 })?;
    let mut parser = Parser::new(text);
    let value = parser.value(1)?;
    parser.skip_space();
    if parser.at < bytes.len() {
        return parser.refuse(Reason::TrailingData);
    }
    Ok(value)
}

/// One pass over one text. `values` and `members` are stacks shared by all levels: a container's
/// children lie on top of them while it is open and are moved into a vector of the exact size when
/// it closes.
struct Parser<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
    values: Vec<Value<'a>>,
    members: Vec<(Cow<'a, str>, Value<'a>)>,
    key_offsets: Vec<usize>,
}

impl<'a> Parser<'a> {
    fn new(text: &'a str) -> Self {
        Self {
            text,
            bytes: text.as_bytes(),
            at: 0,
            values: Vec::new(),
            members: Vec::with_capacity(LINEAR_MEMBERS_MAX),
            key_offsets: Vec::with_capacity(LINEAR_MEMBERS_MAX),
        }
    }

    fn value(&mut self, depth: usize) -> Result<Value<'a>, Refusal> {
        self.skip_space();
        match self.peek() {
            Some(b'"') => Ok(Value::String(self.string()?)),
            Some(b'{') => self.object(depth),
            Some(b'[') => self.array(depth),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(b't') => self.word("true", Value::Bool(true)),
            Some(b'f') => self.word("false", Value::Bool(false)),
            Some(b'n') => self.word("null", Value::Null),
            Some(b'N' | b'I') => self.refuse(self.not_a_number(self.at)),
            Some(b'+' | b'.') => self.refuse(Reason::MalformedNumber),
            Some(_) => self.refuse(Reason::ExpectedValue),
            None => self.refuse(Reason::UnexpectedEnd),
        }
    }

    fn object(&mut self, depth: usize) -> Result<Value<'a>, Refusal> {
        if depth > DEPTH_MAX {
            return self.refuse(Reason::TooDeep);
        }
        self.at += 1;
        let base = self.members.len();
        let mut filter = 0_u64;
        self.skip_space();
        if self.peek() == Some(b'}') {
            self.at += 1;
            return Ok(Value::Object(Map(Vec::new())));
        }
        loop {
            let (offset, key) = self.key(base, &mut filter)?;
            let value = self.value(depth + 1)?;
            self.members.push((key, value));
            self.key_offsets.push(offset);
            self.skip_space();
            match self.peek() {
                Some(b',') => self.after_comma(b'}')?,
                Some(b'}') => break,
                Some(_) => return self.refuse(Reason::ExpectedCommaOrEnd),
                None => return self.refuse(Reason::UnexpectedEnd),
            }
        }
        self.at += 1;
        self.check_many_keys(base)?;
        self.key_offsets.truncate(base);
        Ok(Value::Object(Map(self.members.drain(base..).collect())))
    }

    /// A key and its colon. While its object is small, a key that was there before is refused here.
    fn key(&mut self, base: usize, filter: &mut u64) -> Result<(usize, Cow<'a, str>), Refusal> {
        let offset = self.at;
        match self.peek() {
            Some(b'"') => {}
            Some(_) => return self.refuse(Reason::ExpectedKey),
            None => return self.refuse(Reason::UnexpectedEnd),
        }
        let key = self.string()?;
        let earlier = self.members.get(base..).unwrap_or_default();
        if earlier.len() < LINEAR_MEMBERS_MAX {
            let bit = filter_bit(key.as_bytes());
            if *filter & bit != 0 && earlier.iter().any(|(k, _)| *k == key) {
                return Err(Refusal { offset, reason: Reason::DuplicateKey });
            }
            *filter |= bit;
        }
        self.skip_space();
        match self.peek() {
            Some(b':') => self.at += 1,
            Some(_) => return self.refuse(Reason::ExpectedColon),
            None => return self.refuse(Reason::UnexpectedEnd),
        }
        Ok((offset, key))
    }

    /// The duplicate check of an object too large for the check in [`Self::key`]: by sorting, so
    /// that no choice of keys makes it quadratic.
    fn check_many_keys(&self, base: usize) -> Result<(), Refusal> {
        let members = self.members.get(base..).unwrap_or_default();
        if members.len() <= LINEAR_MEMBERS_MAX {
            return Ok(());
        }
        let offsets = self.key_offsets.get(base..).unwrap_or_default();
        let mut keys: Vec<(&str, usize)> =
            members.iter().zip(offsets).map(|((key, _), offset)| (key.as_ref(), *offset)).collect();
        keys.sort_unstable();
        let repeated = keys.windows(2).filter_map(|pair| match pair {
            [(a, _), (b, offset)] if a == b => Some(*offset),
            _ => None,
        });
        match repeated.min() {
            Some(offset) => Err(Refusal { offset, reason: Reason::DuplicateKey }),
            None => Ok(()),
        }
    }

    fn array(&mut self, depth: usize) -> Result<Value<'a>, Refusal> {
        if depth > DEPTH_MAX {
            return self.refuse(Reason::TooDeep);
        }
        self.at += 1;
        let base = self.values.len();
        self.skip_space();
        if self.peek() == Some(b']') {
            self.at += 1;
            return Ok(Value::Array(Vec::new()));
        }
        loop {
            let value = self.value(depth + 1)?;
            self.values.push(value);
            self.skip_space();
            match self.peek() {
                Some(b',') => self.after_comma(b']')?,
                Some(b']') => break,
                Some(_) => return self.refuse(Reason::ExpectedCommaOrEnd),
                None => return self.refuse(Reason::UnexpectedEnd),
            }
        }
        self.at += 1;
        Ok(Value::Array(self.values.drain(base..).collect()))
    }

    fn after_comma(&mut self, end: u8) -> Result<(), Refusal> {
        let comma = self.at;
        self.at += 1;
        self.skip_space();
        if self.peek() == Some(end) {
            return Err(Refusal { offset: comma, reason: Reason::TrailingComma });
        }
        Ok(())
    }

    fn string(&mut self) -> Result<Cow<'a, str>, Refusal> {
        self.at += 1;
        let start = self.at;
        self.at = plain_end(self.bytes, start);
        if self.peek() == Some(b'"') {
            let text = self.slice(start, self.at);
            self.at += 1;
            return Ok(Cow::Borrowed(text));
        }
        self.string_with_escapes(start)
    }

    #[cold]
    fn string_with_escapes(&mut self, start: usize) -> Result<Cow<'a, str>, Refusal> {
        let mut out = String::from(self.slice(start, self.at));
        loop {
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(Cow::Owned(out));
                }
                Some(b'\\') => out.push(self.escape()?),
                Some(_) => return self.refuse(Reason::ControlCharacter),
                None => return self.refuse(Reason::UnexpectedEnd),
            }
            let run = self.at;
            self.at = plain_end(self.bytes, run);
            out.push_str(self.slice(run, self.at));
        }
    }

    /// One escape, from its backslash; a refusal names the backslash.
    fn escape(&mut self) -> Result<char, Refusal> {
        let c = match self.bytes.get(self.at + 1) {
            Some(b'"') => '"',
            Some(b'\\') => '\\',
            Some(b'/') => '/',
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => return self.unicode_escape(),
            Some(_) => return self.refuse(Reason::InvalidEscape),
            None => return self.refuse_end(),
        };
        self.at += 2;
        Ok(c)
    }

    fn unicode_escape(&mut self) -> Result<char, Refusal> {
        let first = self.hex4(self.at)?;
        if let Some(c) = char::from_u32(first) {
            self.at += 6;
            return Ok(c);
        }
        let low_follows = self.bytes.get(self.at + 6..self.at + 8) == Some(b"\\u");
        if first >= 0xDC00 || !low_follows {
            return self.refuse(Reason::LoneSurrogate);
        }
        let second = self.hex4(self.at + 6)?;
        if !(0xDC00..0xE000).contains(&second) {
            return self.refuse(Reason::LoneSurrogate);
        }
        let code = 0x1_0000 + ((first - 0xD800) << 10) + (second - 0xDC00);
        match char::from_u32(code) {
            Some(c) => {
                self.at += 12;
                Ok(c)
            }
            None => self.refuse(Reason::LoneSurrogate),
        }
    }

    /// The four hexadecimal digits of the `\u` escape at `backslash`.
    fn hex4(&self, backslash: usize) -> Result<u32, Refusal> {
        let digits = self.bytes.get(backslash + 2..).unwrap_or_default();
        let mut code = 0;
        for i in 0..4 {
            let Some(byte) = digits.get(i) else {
                return self.refuse_end();
            };
            match char::from(*byte).to_digit(16) {
                Some(digit) => code = code * 16 + digit,
                None => {
                    return Err(Refusal { offset: backslash, reason: Reason::InvalidEscape });
                }
            }
        }
        Ok(code)
    }

    fn number(&mut self) -> Result<Value<'a>, Refusal> {
        let start = self.at;
        if self.peek() == Some(b'-') {
            self.at += 1;
            if self.peek() == Some(b'I') {
                return Err(Refusal { offset: start, reason: self.not_a_number(self.at) });
            }
        }
        let leading_zero = self.peek() == Some(b'0');
        let digits = self.digits(start)?;
        if leading_zero && digits > 1 {
            return Err(Refusal { offset: start, reason: Reason::MalformedNumber });
        }
        let mut integer = true;
        if self.peek() == Some(b'.') {
            integer = false;
            self.at += 1;
            self.digits(start)?;
        }
        if let Some(b'e' | b'E') = self.peek() {
            integer = false;
            self.at += 1;
            if let Some(b'+' | b'-') = self.peek() {
                self.at += 1;
            }
            self.digits(start)?;
        }
        let text = self.slice(start, self.at);
        check_range(text, integer, digits).map_err(|reason| Refusal { offset: start, reason })?;
        Ok(Value::Number(Number { text: Cow::Borrowed(text) }))
    }

    /// At least one digit; how many there were.
    fn digits(&mut self, start: usize) -> Result<usize, Refusal> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let count = rest.iter().take_while(|b| b.is_ascii_digit()).count();
        if count == 0 && rest.is_empty() {
            return self.refuse_end();
        }
        if count == 0 {
            return Err(Refusal { offset: start, reason: Reason::MalformedNumber });
        }
        self.at += count;
        Ok(count)
    }

    fn not_a_number(&self, at: usize) -> Reason {
        let rest = self.bytes.get(at..).unwrap_or_default();
        if rest.starts_with(b"NaN") || rest.starts_with(b"Infinity") {
            Reason::NotANumber
        } else {
            Reason::ExpectedValue
        }
    }

    fn word(&mut self, word: &str, value: Value<'a>) -> Result<Value<'a>, Refusal> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        if rest.starts_with(word.as_bytes()) {
            self.at += word.len();
            return Ok(value);
        }
        if word.as_bytes().starts_with(rest) {
            return self.refuse_end();
        }
        self.refuse(Reason::ExpectedValue)
    }

    #[inline]
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    #[inline]
    fn skip_space(&mut self) {
        while let Some(b' ' | b'\n' | b'\r' | b'\t') = self.peek() {
            self.at += 1;
            while self.bytes.get(self.at..).and_then(<[u8]>::first_chunk) == Some(b"        ") {
                self.at += 8;
            }
        }
    }

    /// A slice between two ASCII signs, so always on character boundaries.
    #[inline]
    fn slice(&self, start: usize, end: usize) -> &'a str {
        self.text.get(start..end).unwrap_or_default()
    }

    #[cold]
    fn refuse<T>(&self, reason: Reason) -> Result<T, Refusal> {
        Err(Refusal { offset: self.at, reason })
    }

    #[cold]
    fn refuse_end<T>(&self) -> Result<T, Refusal> {
        Err(Refusal { offset: self.bytes.len(), reason: Reason::UnexpectedEnd })
    }
}

/// The bit that a key sets in the filter of its object: two keys with different bits differ.
#[inline]
fn filter_bit(key: &[u8]) -> u64 {
    let first = key.first().copied().unwrap_or(0);
    let last = key.last().copied().unwrap_or(0);
    let mixed = key.len().wrapping_mul(7) ^ usize::from(first) ^ usize::from(last).wrapping_mul(11);
    1 << (mixed & 63)
}

/// Where the run of plain string bytes from `start` ends: at a quote, a backslash, a control
/// character, or the end of the text.
#[inline]
fn plain_end(bytes: &[u8], start: usize) -> usize {
    let mut at = start;
    while let Some(chunk) = bytes.get(at..).and_then(<[u8]>::first_chunk::<8>) {
        let hits = special_bytes(u64::from_le_bytes(*chunk));
        if hits != 0 {
            return at + usize::try_from(hits.trailing_zeros() / 8).unwrap_or(0);
        }
        at += 8;
    }
    let rest = bytes.get(at..).unwrap_or_default();
    at + rest.iter().take_while(|b| !matches!(b, b'"' | b'\\' | 0..0x20)).count()
}

/// The top bit of each byte of `word` that is a quote, a backslash or a control character. Bits
/// above the lowest one may be false (a borrow runs upwards), the lowest never is.
#[inline]
fn special_bytes(word: u64) -> u64 {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const TOPS: u64 = 0x8080_8080_8080_8080;
    let quote = word ^ (ONES * 0x22);
    let backslash = word ^ (ONES * 0x5C);
    let below_space = word.wrapping_sub(ONES * 0x20) & !word;
    let is_quote = quote.wrapping_sub(ONES) & !quote;
    let is_backslash = backslash.wrapping_sub(ONES) & !backslash;
    (below_space | is_quote | is_backslash) & TOPS
}

/// Whether a number of JSON's grammar is one that every reader keeps.
fn check_range(text: &str, integer: bool, digits: usize) -> Result<(), Reason> {
    if integer {
        if digits < 16 {
            return Ok(()); // at most 999_999_999_999_999, below 2^53 − 1
        }
        return match text.parse::<i64>() {
            Ok(i) if (-INTEGER_MAX..=INTEGER_MAX).contains(&i) => Ok(()),
            _ => Err(Reason::IntegerOutOfRange),
        };
    }
    match text.parse::<f64>() {
        Ok(f) if f.is_finite() => Ok(()),
        _ => Err(Reason::NumberOverflow),
    }
}

impl<'a> Value<'a> {
    /// The string, if it is one.
    pub fn as_str(&self) -> Option<&str> {
        if let Self::String(s) = self { Some(s) } else { None }
    }

    /// The elements, if it is an array.
    pub fn as_array(&self) -> Option<&[Value<'a>]> {
        if let Self::Array(a) = self { Some(a) } else { None }
    }

    /// The members, if it is an object.
    pub fn as_object(&self) -> Option<&Map<'a>> {
        if let Self::Object(m) = self { Some(m) } else { None }
    }

    /// The truth value, if it is one.
    pub fn as_bool(&self) -> Option<bool> {
        if let Self::Bool(b) = self { Some(*b) } else { None }
    }

    /// The number, if it is one.
    pub fn as_number(&self) -> Option<&Number<'a>> {
        if let Self::Number(n) = self { Some(n) } else { None }
    }

    /// The integer, if it is a number without fraction and exponent.
    pub fn as_i64(&self) -> Option<i64> {
        self.as_number().and_then(Number::as_i64)
    }

    /// The number as a double, if it is a number.
    pub fn as_f64(&self) -> Option<f64> {
        self.as_number().map(Number::as_f64)
    }

    /// Whether it is `null`.
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// The member `key`, if it is an object that has one.
    pub fn get(&self, key: &str) -> Option<&Value<'a>> {
        self.as_object()?.get(key)
    }

    /// The name of its kind, for messages: `a string`, `an object`, …
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "a boolean",
            Self::Number(n) if n.is_integer() => "an integer",
            Self::Number(_) => "a number",
            Self::String(_) => "a string",
            Self::Array(_) => "an array",
            Self::Object(_) => "an object",
        }
    }

    /// Appends the value as compact JSON: members in order, numbers as they were written.
    pub fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::Null => out.extend_from_slice(b"null"),
            Self::Bool(true) => out.extend_from_slice(b"true"),
            Self::Bool(false) => out.extend_from_slice(b"false"),
            Self::Number(n) => out.extend_from_slice(n.text().as_bytes()),
            Self::String(s) => write_string(s, out),
            Self::Array(items) => {
                out.push(b'[');
                for (i, item) in items.iter().enumerate() {
                    if i > 0 {
                        out.push(b',');
                    }
                    item.write(out);
                }
                out.push(b']');
            }
            Self::Object(map) => map.write(out),
        }
    }

    /// The value as compact JSON.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::new();
        self.write(&mut out);
        out
    }
}

impl<'a> From<&'a str> for Value<'a> {
    fn from(s: &'a str) -> Self {
        Self::String(Cow::Borrowed(s))
    }
}

impl From<String> for Value<'_> {
    fn from(s: String) -> Self {
        Self::String(Cow::Owned(s))
    }
}

impl From<bool> for Value<'_> {
    fn from(b: bool) -> Self {
        Self::Bool(b)
    }
}

impl Number<'_> {
    /// The number as it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether it has neither a fraction nor an exponent.
    pub fn is_integer(&self) -> bool {
        !self.text.bytes().any(|b| matches!(b, b'.' | b'e' | b'E'))
    }

    /// Its value, if it has neither a fraction nor an exponent.
    pub fn as_i64(&self) -> Option<i64> {
        self.text.parse().ok()
    }

    /// The nearest double; finite.
    pub fn as_f64(&self) -> f64 {
        self.text.parse().unwrap_or(0.0)
    }
}

impl<'a> Map<'a> {
    /// A map of these members in this order; the first key that occurs twice is the error.
    pub fn from_members(members: Vec<(Cow<'a, str>, Value<'a>)>) -> Result<Self, String> {
        let mut keys: Vec<&str> = members.iter().map(|(key, _)| key.as_ref()).collect();
        keys.sort_unstable();
        for pair in keys.windows(2) {
            if let [a, b] = pair
                && a == b
            {
                return Err((*a).to_owned());
            }
        }
        Ok(Self(members))
    }

    /// The value of `key`.
    pub fn get(&self, key: &str) -> Option<&Value<'a>> {
        self.0.iter().find(|(k, _)| k == key).map(|(_, value)| value)
    }

    /// Whether `key` occurs.
    pub fn contains_key(&self, key: &str) -> bool {
        self.get(key).is_some()
    }

    /// The members in the order read.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &Value<'a>)> {
        self.0.iter().map(|(key, value)| (key.as_ref(), value))
    }

    /// How many members there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Puts `value` in the place of `key`, or at the end.
    pub fn insert(&mut self, key: impl Into<Cow<'a, str>>, value: impl Into<Value<'a>>) {
        let (key, value) = (key.into(), value.into());
        match self.0.iter_mut().find(|(k, _)| *k == key) {
            Some((_, old)) => *old = value,
            None => self.0.push((key, value)),
        }
    }

    /// The value of `key`, to change.
    pub fn get_mut(&mut self, key: &str) -> Option<&mut Value<'a>> {
        self.0.iter_mut().find(|(k, _)| k == key).map(|(_, value)| value)
    }

    /// The members in the order read, their values to change.
    pub fn iter_mut(&mut self) -> impl ExactSizeIterator<Item = (&str, &mut Value<'a>)> {
        self.0.iter_mut().map(|(key, value)| (&**key, value))
    }

    /// Gives the member `from` the key `to`, in its place; whether that was done: not if there is no
    /// such member or another one has the key.
    pub fn rename(&mut self, from: &str, to: impl Into<Cow<'a, str>>) -> bool {
        let to = to.into();
        if self.contains_key(&to) {
            return false;
        }
        match self.0.iter_mut().find(|(k, _)| k == from) {
            Some((key, _)) => *key = to,
            None => return false,
        }
        true
    }

    /// Moves the member `key` before all others, which keep their order.
    pub fn move_to_front(&mut self, key: &str) {
        if let Some(i) = self.0.iter().position(|(k, _)| k == key)
            && let Some(front) = self.0.get_mut(..=i)
        {
            front.rotate_right(1);
        }
    }

    /// Takes `key` out; the others keep their order.
    pub fn remove(&mut self, key: &str) -> Option<Value<'a>> {
        let i = self.0.iter().position(|(k, _)| k == key)?;
        Some(self.0.remove(i).1)
    }

    /// Appends the members as compact JSON.
    pub fn write(&self, out: &mut Vec<u8>) {
        out.push(b'{');
        for (i, (key, value)) in self.iter().enumerate() {
            if i > 0 {
                out.push(b',');
            }
            write_string(key, out);
            out.push(b':');
            value.write(out);
        }
        out.push(b'}');
    }
}

/// Appends a string with the escapes of RFC 8785, which are the fewest that JSON allows.
pub fn write_string(s: &str, out: &mut Vec<u8>) {
    out.push(b'"');
    let mut rest = s.as_bytes();
    loop {
        let (plain, tail) = rest.split_at(plain_end(rest, 0));
        out.extend_from_slice(plain);
        let Some((special, after)) = tail.split_first() else {
            break;
        };
        write_escape(*special, out);
        rest = after;
    }
    out.push(b'"');
}

fn write_escape(byte: u8, out: &mut Vec<u8>) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    let short = match byte {
        b'"' | b'\\' => byte,
        0x08 => b'b',
        0x09 => b't',
        0x0A => b'n',
        0x0C => b'f',
        0x0D => b'r',
        other => {
            out.extend_from_slice(b"\\u00");
            let nibbles = [other >> 4, other & 15];
            out.extend(nibbles.iter().filter_map(|n| HEX.get(usize::from(*n))));
            return;
        }
    };
    out.extend_from_slice(&[b'\\', short]);
}

#[cfg(test)]
mod tests;
