//! Objects out of files and bodies larger than memory, each with its exact bytes and its place.
//!
//! What comes in: a bundle, a TAXII envelope, a JSON array, a single object, or an object a line
//! (NDJSON), told apart by how it begins; plain, or under gzip or zstd, told apart by magic bytes.
//! Here only the ends of the elements are found. Each is parsed once, later, by whoever takes it
//! ([`crate::object`]), so whatever is wrong inside an element is that element's fault alone.
//!
//! Invariants: memory is bounded by [`READ_BUFFER_BYTES_MAX`] and the window of the
//! decompressor; the elements of a text that is JSON are exactly the values of its list; an element
//! that is too long, and a line that is no JSON, does not stop the others; a broken list stops the
//! reading with its place, and never silently. No bytes make it panic.
//!
//! Out of scope: opening files and connections.

mod inflate;
mod scan;
mod window;

use std::io::{self, Read};
use std::path::{Path, PathBuf};

use crate::json::{self, Value};
use crate::limits::{
    BODY_INFLATED_BYTES_MAX, BODY_INFLATION_MAX, BODY_WIRE_BYTES_MAX, BODY_ZSTD_WINDOW_LOG_MAX,
    DIRECTORY_DEPTH_MAX, FILE_INFLATION_MAX, FILE_ZSTD_WINDOW_LOG_MAX, OBJECT_BYTES_MAX,
    READ_BUFFER_BYTES_MAX,
};
use inflate::Inflate;
use window::{Scan, Window, is_space};

/// Where the bytes come from, which decides how many are accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// A file or a stream that an operator named: of any size.
    File,
    /// A body that somebody sent.
    Body,
}

/// One element: in a well-formed list, the exact bytes of a value, without white space around it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Element<'a> {
    /// Which element of the list or line it is, from 0; refused ones count.
    pub index: u64,
    /// The byte of the (inflated) text at which it starts, from 0.
    pub offset: u64,
    /// Its bytes.
    pub bytes: &'a [u8],
}

/// An element on its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnedElement {
    /// Which element of the list or line it is, from 0; refused ones count.
    pub index: u64,
    /// The byte of the (inflated) text at which it starts, from 0.
    pub offset: u64,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// Why an element, or all that follows, could not be read.
#[derive(Debug, thiserror::Error)]
#[error("object {index}, byte {offset}: {cause}")]
pub struct ReadError {
    /// Which element of the list or line it would have been, from 0.
    pub index: u64,
    /// The byte of the (inflated) text, from 0.
    pub offset: u64,
    /// What is wrong.
    pub cause: ReadCause,
}

/// In what the elements of a text stand, as far as was read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Form {
    /// By themselves: one value, or one a line.
    #[default]
    Alone,
    /// In a list that stands by itself.
    List,
    /// In the list of a bundle or an envelope.
    Bundle,
}

/// What a TAXII envelope says of what follows it (TAXII 2.1, 3.7), as far as it was read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Paging {
    /// Whether more follows.
    pub more: Option<bool>,
    /// The cursor of what follows.
    pub next: Option<String>,
}

/// What is wrong with a text of objects.
#[derive(Debug, thiserror::Error)]
pub enum ReadCause {
    /// The element is longer than [`OBJECT_BYTES_MAX`]. Reading goes on after it.
    #[error("this object is longer than 1 MiB; leave it out or split it")]
    TooLong,
    /// The text starts with a byte order mark.
    #[error("the text starts with a byte order mark; save it as UTF-8 without a mark")]
    ByteOrderMark,
    /// Neither an object nor a list of them.
    #[error("this is no STIX: a bundle, a list of objects or an object must stand here")]
    NoObjects,
    /// The list is broken.
    #[error("the list of objects is broken here: {0}")]
    Broken(&'static str),
    /// The text ends inside the list or an object.
    #[error("the text ends before the list or the object does; get the whole of it")]
    UnexpectedEnd,
    /// The list belonged to something other than a bundle.
    #[error("these objects were not in a bundle, but in an object of another type")]
    NotABundle,
    /// More bytes came over the wire than are accepted.
    #[error("the body is longer than 10 MiB; send it in parts")]
    WireTooLong,
    /// The text inflates to more bytes than are accepted.
    #[error("the body inflates to more than 50 MiB; send it in parts")]
    InflatedTooLong,
    /// The text inflates too well to be honest.
    #[error("the text inflates more than {0} to one; send it less compressed")]
    InflatesTooMuch(u64),
    /// The input could not be read, or is damaged under its compression.
    #[error("the input could not be read: {0}")]
    Io(#[from] io::Error),
}

impl ReadCause {
    /// Whether reading goes on after it.
    pub fn is_of_one_element(&self) -> bool {
        matches!(self, Self::TooLong)
    }
}

/// The most that is accepted from a [`Source`].
#[derive(Clone, Copy, Debug)]
struct Budget {
    wire_bytes: u64,
    inflated_bytes: u64,
    inflation: u64,
    zstd_window_log: u32,
}

impl Source {
    fn budget(self) -> Budget {
        match self {
            Self::File => Budget {
                wire_bytes: u64::MAX,
                inflated_bytes: u64::MAX,
                inflation: FILE_INFLATION_MAX,
                zstd_window_log: FILE_ZSTD_WINDOW_LOG_MAX,
            },
            Self::Body => Budget {
                wire_bytes: BODY_WIRE_BYTES_MAX,
                inflated_bytes: BODY_INFLATED_BYTES_MAX,
                inflation: BODY_INFLATION_MAX,
                zstd_window_log: BODY_ZSTD_WINDOW_LOG_MAX,
            },
        }
    }
}

/// Where the reader stands.
#[derive(Debug)]
enum Mode {
    /// The input could not be opened.
    Failed(io::Error),
    /// Between the values of the text.
    Top,
    /// In a list, before an element or the end.
    List { in_bundle: bool, first: bool },
    /// In a bundle, after its list.
    Tail,
    /// At the start of a line.
    Lines,
    /// After the end, or after an error that ends the reading.
    End,
}

/// The elements of a text, one after the other.
#[derive(Debug)]
pub struct Objects<R: Read> {
    window: Window<R>,
    mode: Mode,
    index: u64,
    /// Bytes of the window that were given out and are not needed at the next call.
    given: usize,
    type_seen: bool,
    bundle_spec_version: Option<String>,
    form: Form,
    paging: Paging,
}

impl<R: Read> Objects<R> {
    /// Reads the elements of `input`. The first bytes are read at once, to see what they are.
    pub fn new(input: R, source: Source) -> Self {
        let budget = source.budget();
        let (input, mode) = match Inflate::open(input, budget.zstd_window_log) {
            Ok(input) => (Some(input), Mode::Top),
            Err(e) => (None, Mode::Failed(e)),
        };
        Self {
            window: Window::new(input, budget),
            mode,
            index: 0,
            given: 0,
            type_seen: false,
            bundle_spec_version: None,
            form: Form::Alone,
            paging: Paging::default(),
        }
    }

    /// The `spec_version` of the bundle, which STIX 2.0 has, if it was read by now: it is, where it
    /// stands before the list.
    pub fn bundle_spec_version(&self) -> Option<&str> {
        self.bundle_spec_version.as_deref()
    }

    /// In what the elements stand.
    pub fn form(&self) -> Form {
        self.form
    }

    /// What the envelope says of what follows it: all of it, once its last element was read.
    pub fn paging(&self) -> &Paging {
        &self.paging
    }

    /// How many bytes of the (inflated) text have been passed.
    pub fn offset(&self) -> u64 {
        self.window.offset()
    }

    /// How many bytes of the input have been taken, compressed as they were.
    pub fn wire_bytes(&self) -> u64 {
        self.window.wire_bytes()
    }

    /// The next element, borrowed until the one after it is asked for.
    pub fn next_element(&mut self) -> Option<Result<Element<'_>, ReadError>> {
        self.window.consume(self.given);
        self.given = 0;
        let start = self.window.offset();
        match self.find() {
            Ok(None) => None,
            Ok(Some(len)) => {
                self.given = len;
                let index = self.index;
                self.index += 1;
                let bytes = self.window.rest().get(..len).unwrap_or_default();
                Some(Ok(Element { index, offset: self.window.offset(), bytes }))
            }
            Err(Stop { cause, offset }) => {
                let index = self.index;
                if cause.is_of_one_element() {
                    self.index += 1;
                } else {
                    self.mode = Mode::End;
                }
                let offset = offset.unwrap_or(self.window.offset()).max(start);
                Some(Err(ReadError { index, offset, cause }))
            }
        }
    }

    /// The length of the next element, which then starts the window.
    fn find(&mut self) -> Result<Option<usize>, Stop> {
        loop {
            let found = match &mut self.mode {
                Mode::End => return Ok(None),
                Mode::Failed(e) => {
                    let e = std::mem::replace(e, io::ErrorKind::Other.into());
                    return Err(ReadCause::Io(e).into());
                }
                Mode::Top => self.top()?,
                Mode::List { in_bundle, first } => {
                    let (in_bundle, first) = (*in_bundle, *first);
                    self.list(in_bundle, first)?
                }
                Mode::Tail => {
                    self.tail()?;
                    None
                }
                Mode::Lines => self.line()?,
            };
            if found.is_some() {
                return Ok(found);
            }
        }
    }

    fn top(&mut self) -> Result<Option<usize>, Stop> {
        match self.window.skip_space()? {
            None => self.mode = Mode::End,
            Some(b'[') => {
                self.form = Form::List;
                self.window.consume(1);
                self.mode = Mode::List { in_bundle: false, first: true };
            }
            Some(b'{') if self.is_lines()? => self.mode = Mode::Lines,
            Some(b'{') => {
                self.type_seen = false;
                match self.bundle_list()? {
                    None => return self.element().map(Some),
                    Some(at) => {
                        self.form = Form::Bundle;
                        self.window.consume(at);
                        self.mode = Mode::List { in_bundle: true, first: true };
                    }
                }
            }
            Some(0xEF) => return Err(ReadCause::ByteOrderMark.into()),
            Some(_) if self.index > 0 => self.mode = Mode::Lines,
            Some(_) => return Err(ReadCause::NoObjects.into()),
        }
        Ok(None)
    }

    /// Whether the text goes on as an object a line: after the first line the next one starts an
    /// object, and the first does not end where JSON must go on.
    fn is_lines(&mut self) -> Result<bool, Stop> {
        let mut at = 0;
        let end = loop {
            let rest = self.window.rest().get(at..).unwrap_or_default();
            if let Some(hit) = memchr::memchr(b'\n', rest) {
                break at + hit;
            }
            at += rest.len();
            if at > OBJECT_BYTES_MAX || !self.window.fill()? {
                return Ok(false);
            }
        };
        let line = self.window.rest().get(..end).unwrap_or_default().trim_ascii_end();
        if matches!(line.last(), Some(b'[' | b',' | b':' | b'{')) {
            return Ok(false);
        }
        Ok(self.window.non_space(end)?.is_some_and(|(_, byte)| byte == b'{'))
    }

    /// Where the list of a bundle starts, if the object that starts here is one as far as can be
    /// seen: it has a list `objects`, and no `type` before it but `bundle`.
    fn bundle_list(&mut self) -> Result<Option<usize>, Stop> {
        let mut at = 1;
        loop {
            let Some((key_at, b'"')) = self.window.non_space(at)? else {
                return Ok(None);
            };
            let Some(key_end) = self.window.scan(key_at)?.end() else {
                return Ok(None);
            };
            let Some((colon, b':')) = self.window.non_space(key_end)? else {
                return Ok(None);
            };
            let Some((value_at, byte)) = self.window.non_space(colon + 1)? else {
                return Ok(None);
            };
            let key = self.string(key_at, key_end);
            if key.as_deref() == Some("objects") && byte == b'[' {
                return Ok(Some(value_at + 1));
            }
            let Some(value_end) = self.window.scan(value_at)?.end() else {
                return Ok(None);
            };
            let value = self.string(value_at, value_end);
            match key.as_deref() {
                Some("type") if self.type_seen || value.as_deref() != Some("bundle") => {
                    return Ok(None);
                }
                Some("type") => self.type_seen = true,
                Some("spec_version") => self.bundle_spec_version = value,
                Some("more") => self.paging.more = self.bool(value_at, value_end),
                Some("next") => self.paging.next = value,
                _ => {}
            }
            match self.window.non_space(value_end)? {
                Some((comma, b',')) => at = comma + 1,
                _ => return Ok(None),
            }
        }
    }

    /// The string that stands between two places of the window, if it is one.
    fn string(&self, start: usize, end: usize) -> Option<String> {
        match json::parse(self.window.rest().get(start..end)?) {
            Ok(Value::String(s)) => Some(s.into_owned()),
            _ => None,
        }
    }

    /// The same for `true` and `false`.
    fn bool(&self, start: usize, end: usize) -> Option<bool> {
        match self.window.rest().get(start..end)? {
            b"true" => Some(true),
            b"false" => Some(false),
            _ => None,
        }
    }

    fn list(&mut self, in_bundle: bool, first: bool) -> Result<Option<usize>, Stop> {
        let mut byte = self.window.skip_space()?.ok_or(ReadCause::UnexpectedEnd)?;
        if byte == b']' {
            self.window.consume(1);
            self.mode = if in_bundle { Mode::Tail } else { Mode::Top };
            return Ok(None);
        }
        if !first {
            if byte != b',' {
                return Err(ReadCause::Broken("a comma or ] must follow an object").into());
            }
            self.window.consume(1);
            byte = self.window.skip_space()?.ok_or(ReadCause::UnexpectedEnd)?;
        }
        self.mode = Mode::List { in_bundle, first: false };
        match byte {
            b'{' | b'[' | b'"' | b'-' | b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' => {
                self.element().map(Some)
            }
            b']' => Err(ReadCause::Broken("a comma stands before ]; remove it").into()),
            _ => Err(ReadCause::Broken("an object must stand here").into()),
        }
    }

    /// The length of the value that starts here. One that is too long is passed over first.
    fn element(&mut self) -> Result<usize, Stop> {
        let offset = Some(self.window.offset());
        match self.window.scan(0)? {
            Scan::End(end) if end <= OBJECT_BYTES_MAX => Ok(end),
            Scan::End(end) => {
                self.window.consume(end);
                Err(Stop { cause: ReadCause::TooLong, offset })
            }
            Scan::TooLong(scanner) => {
                self.window.pass(scanner)?;
                Err(Stop { cause: ReadCause::TooLong, offset })
            }
            Scan::Ended => {
                self.window.consume(self.window.rest().len());
                Err(ReadCause::UnexpectedEnd.into())
            }
        }
    }

    /// What follows the list of a bundle, to its end.
    fn tail(&mut self) -> Result<(), Stop> {
        match self.window.skip_space()?.ok_or(ReadCause::UnexpectedEnd)? {
            b'}' => {
                self.window.consume(1);
                self.mode = Mode::Top;
                return Ok(());
            }
            b',' => self.window.consume(1),
            _ => return Err(ReadCause::Broken("a comma or } must follow the list").into()),
        }
        let (key, _) = self.tail_value()?;
        match self.window.skip_space()? {
            Some(b':') => self.window.consume(1),
            Some(_) => return Err(ReadCause::Broken("a colon must follow the key").into()),
            None => return Err(ReadCause::UnexpectedEnd.into()),
        }
        let (value, is) = self.tail_value()?;
        match key.as_deref() {
            None => Err(ReadCause::Broken("a key must stand before this value").into()),
            Some("objects") => Err(ReadCause::Broken("a second list follows the first").into()),
            Some("type") if self.type_seen => {
                Err(ReadCause::Broken("a second type follows the first").into())
            }
            Some("type") if value.as_deref() != Some("bundle") => Err(ReadCause::NotABundle.into()),
            Some("type") => {
                self.type_seen = true;
                Ok(())
            }
            Some("spec_version") => {
                self.bundle_spec_version = value;
                Ok(())
            }
            Some("more") => {
                self.paging.more = is;
                Ok(())
            }
            Some("next") => {
                self.paging.next = value;
                Ok(())
            }
            Some(_) => Ok(()),
        }
    }

    /// Passes a value; what it was, if it was a string, or `true` or `false`.
    fn tail_value(&mut self) -> Result<(Option<String>, Option<bool>), Stop> {
        self.window.skip_space()?.ok_or(ReadCause::UnexpectedEnd)?;
        let end = self.element()?;
        if end == 0 {
            return Err(ReadCause::Broken("a key or value must stand here").into());
        }
        let value = (self.string(0, end), self.bool(0, end));
        self.window.consume(end);
        Ok(value)
    }

    fn line(&mut self) -> Result<Option<usize>, Stop> {
        if self.window.skip_space()?.is_none() {
            self.mode = Mode::End;
            return Ok(None);
        }
        let offset = Some(self.window.offset());
        let mut at = 0;
        loop {
            let rest = self.window.rest().get(at..).unwrap_or_default();
            let hit = memchr::memchr(b'\n', rest);
            at += hit.unwrap_or(rest.len());
            if at > OBJECT_BYTES_MAX {
                self.window.consume(at);
                if hit.is_none() {
                    self.window.pass_line()?;
                }
                return Err(Stop { cause: ReadCause::TooLong, offset });
            }
            if hit.is_some() || !self.window.fill()? {
                // what `skip_space` would not pass stays, so that an element is never empty
                let line = self.window.rest().get(..at).unwrap_or_default();
                return Ok(Some(
                    line.iter().rposition(|b| !is_space(*b)).map_or(at, |last| last + 1),
                ));
            }
        }
    }
}

impl<R: Read> Iterator for Objects<R> {
    type Item = Result<OwnedElement, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        let element = self.next_element()?;
        Some(element.map(|Element { index, offset, bytes }| OwnedElement {
            index,
            offset,
            bytes: bytes.to_vec(),
        }))
    }
}

/// A cause, and its place where that is not where the window now starts.
#[derive(Debug)]
struct Stop {
    cause: ReadCause,
    offset: Option<u64>,
}

impl From<ReadCause> for Stop {
    fn from(cause: ReadCause) -> Self {
        Self { cause, offset: None }
    }
}

/// The files below `directory` that hold objects by their names (`.json`, `.jsonl`, `.ndjson`,
/// `.stix`, each also with `.gz` or `.zst`), sorted. Hidden files, and links, are left out.
pub fn list_files(directory: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    list_into(directory, DIRECTORY_DEPTH_MAX, &mut files)?;
    files.sort();
    Ok(files)
}

fn list_into(directory: &Path, depth: usize, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in std::fs::read_dir(directory)? {
        let entry = entry?;
        let (name, kind) = (entry.file_name(), entry.file_type()?);
        let name = name.to_string_lossy();
        if name.starts_with('.') {
            continue;
        }
        if kind.is_dir() && depth > 0 {
            list_into(&entry.path(), depth - 1, files)?;
        } else if kind.is_file() && is_object_file(&name) {
            files.push(entry.path());
        }
    }
    Ok(())
}

fn is_object_file(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let name = name.strip_suffix(".gz").or(name.strip_suffix(".zst")).unwrap_or(&name);
    [".json", ".jsonl", ".ndjson", ".stix"].iter().any(|ending| name.ends_with(ending))
}

#[cfg(test)]
mod tests;
