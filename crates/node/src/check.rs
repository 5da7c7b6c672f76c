//! `entente check`: what is wrong with the objects of some files, for people and for programs.
//!
//! Invariants: every element of every file gets an answer, and what cannot be read at all is said
//! and gives the highest exit code; an object is valid here exactly when it is valid STIX 2.1 that
//! the node can read, after the upgrade if it is of STIX 2.0; nothing that a file holds reaches a
//! terminal as a control character. Memory is bounded as in `entente_object::read`.
//!
//! ```text
//! {"index":0,"id":"url--47c3cf9a-5027-5bf0-997a-017c7edc7c55","valid":true,"errors":[],"warnings":[]}
//! ```

use std::fmt;
use std::fs::File;
use std::io::{self, BufWriter, IsTerminal as _, Read, Write};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::Result;
use entente_object::json::{self, Map, Refusal, Value};
use entente_object::object::{Object, ObjectError};
use entente_object::read::{Objects, ReadCause, ReadError, Source, list_files};
use entente_object::report::{Finding, Report};
use entente_object::upgrade::{is_stix_20, upgrade};
use entente_object::validate::{validate, validate_members};
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;

/// What is shown, and how.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct CheckOptions {
    /// For whom it is written.
    pub(crate) look: Look,
    /// For people: the summary only.
    pub(crate) quiet: bool,
    /// Standard error is a terminal: show progress there if there is much to read.
    pub(crate) progress: bool,
}

/// For whom it is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Look {
    /// For people.
    #[default]
    Plain,
    /// For people at a terminal.
    Coloured,
    /// A line of JSON for each object.
    Json,
}

impl Look {
    /// As a program should write: JSON if asked to; in colour on a terminal, unless the variable
    /// `NO_COLOR` is set to anything (<https://no-color.org>).
    pub(crate) fn of(json: bool, is_terminal: bool, no_color: Option<&std::ffi::OsStr>) -> Self {
        match (json, is_terminal && no_color.is_none_or(std::ffi::OsStr::is_empty)) {
            (true, _) => Self::Json,
            (false, true) => Self::Coloured,
            (false, false) => Self::Plain,
        }
    }
}

/// How it went, from good to bad.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Outcome {
    /// Every object is valid.
    Valid,
    /// An object is not.
    Invalid,
    /// A file could not be read.
    Unreadable,
}

impl Outcome {
    /// 0, 1 or 2.
    pub(crate) fn exit_code(self) -> u8 {
        match self {
            Self::Valid => 0,
            Self::Invalid => 1,
            Self::Unreadable => 2,
        }
    }
}

/// Where from and where to.
pub(crate) struct Streams<'a> {
    /// Standard input, for the file `-`.
    pub(crate) input: &'a mut dyn Read,
    /// Standard output.
    pub(crate) out: &'a mut dyn Write,
    /// Standard error.
    pub(crate) err: &'a mut dyn Write,
}

/// Below this a check takes less than a second, and a progress bar would only flicker.
const PROGRESS_BYTES_MIN: u64 = 64 * 1024 * 1024;

/// The command as it was typed: the exit code.
pub(crate) fn command(args: &crate::cli::Check, json: bool) -> Result<u8> {
    let no_color = std::env::var_os("NO_COLOR");
    let stdout = io::stdout().lock();
    let options = CheckOptions {
        look: Look::of(json, stdout.is_terminal(), no_color.as_deref()),
        quiet: args.quiet,
        progress: io::stderr().is_terminal(),
    };
    let mut out = BufWriter::new(stdout);
    let (mut input, mut err) = (io::stdin().lock(), io::stderr().lock());
    let streams = Streams { input: &mut input, out: &mut out, err: &mut err };
    let outcome = run(&args.files, options, streams)?;
    Ok(outcome.exit_code())
}

/// Checks the objects of files and directories; `-` is standard input. An error is one of writing,
/// but for a reader that left (`| head`), which ends the check.
pub(crate) fn run(
    files: &[PathBuf],
    options: CheckOptions,
    streams: Streams<'_>,
) -> Result<Outcome> {
    let Streams { input, out, err } = streams;
    let mut check = Check { options, out, err, outcome: Outcome::Valid, count: Count::default() };
    match check.files(files, input) {
        Err(e) if !reader_left(&e) => Err(e),
        _ => Ok(check.outcome),
    }
}

fn reader_left(error: &anyhow::Error) -> bool {
    let json = error.downcast_ref::<serde_json::Error>().and_then(serde_json::Error::io_error_kind);
    let kind = json.or(error.downcast_ref::<io::Error>().map(io::Error::kind));
    kind == Some(io::ErrorKind::BrokenPipe)
}

fn progress(paths: &[PathBuf], wanted: bool) -> ProgressBar {
    let stdin = paths.iter().any(|path| path.as_os_str() == "-");
    let size = |path: &PathBuf| path.metadata().map_or(0, |metadata| metadata.len());
    let bytes: u64 = paths.iter().map(size).sum();
    if !wanted || stdin || bytes < PROGRESS_BYTES_MIN {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(bytes);
    let template = "{bar:30} {bytes} of {total_bytes}, {bytes_per_sec}, {eta} left";
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    bar
}

/// What was counted.
#[derive(Debug, Default)]
struct Count {
    objects: u64,
    invalid: u64,
    with_warnings: u64,
    upgraded: u64,
    bytes: u64,
}

/// A check under way.
struct Check<'a> {
    options: CheckOptions,
    out: &'a mut dyn Write,
    err: &'a mut dyn Write,
    outcome: Outcome,
    count: Count,
}

impl Check<'_> {
    fn files(&mut self, files: &[PathBuf], input: &mut dyn Read) -> Result<()> {
        let started = Instant::now();
        let paths = self.list(files)?;
        let progress = progress(&paths, self.options.progress);
        for path in paths {
            if path.as_os_str() == "-" {
                self.file("standard input", &mut *input, &progress)?;
                continue;
            }
            let name = path.display().to_string();
            match File::open(&path) {
                Ok(file) => self.file(&name, file, &progress)?,
                Err(e) => self.unreadable(&name, &e)?,
            }
        }
        progress.finish_and_clear();
        self.summary(started.elapsed())?;
        Ok(self.out.flush()?)
    }

    /// The files to read: those named, and those below directories that are named.
    fn list(&mut self, files: &[PathBuf]) -> Result<Vec<PathBuf>> {
        let mut paths = Vec::new();
        for path in files {
            if !path.is_dir() {
                paths.push(path.clone());
                continue;
            }
            match list_files(path) {
                Ok(found) if found.is_empty() => {
                    let why = "it holds no file ending in .json, .jsonl, .ndjson or .stix";
                    self.unreadable(&path.display().to_string(), &why)?;
                }
                Ok(found) => paths.extend(found),
                Err(e) => self.unreadable(&path.display().to_string(), &e)?,
            }
        }
        Ok(paths)
    }

    fn unreadable(&mut self, name: &str, why: &dyn fmt::Display) -> Result<()> {
        self.outcome = Outcome::Unreadable;
        let why = why.to_string();
        writeln!(self.err, "{}: cannot be read: {}", Shown(name), Shown(&why))?;
        Ok(())
    }

    fn file(&mut self, name: &str, input: impl Read, progress: &ProgressBar) -> Result<()> {
        let before = self.count.objects;
        let (mut objects, mut wire_bytes) = (Objects::new(input, Source::File), 0);
        while let Some(element) = objects.next_element() {
            let (index, answer) = match element {
                Ok(element) => (element.index, examine(element.bytes, element.offset)),
                Err(ReadError { cause: ReadCause::Io(e), .. }) => {
                    progress.suspend(|| self.unreadable(name, &e))?;
                    break;
                }
                Err(e) => (e.index, refused(&e)),
            };
            self.tell(Place { name, in_file: index, index: before + index }, &answer, progress)?;
            progress.inc(objects.wire_bytes().saturating_sub(wire_bytes));
            wire_bytes = objects.wire_bytes();
        }
        self.count.bytes += objects.offset();
        Ok(())
    }

    fn tell(&mut self, place: Place<'_>, answer: &Answer, progress: &ProgressBar) -> Result<()> {
        let report = &answer.report;
        self.count.objects += 1;
        self.count.invalid += u64::from(!report.is_valid());
        self.count.with_warnings += u64::from(!report.warnings.is_empty());
        self.count.upgraded += u64::from(answer.upgraded);
        if !report.is_valid() {
            self.outcome = self.outcome.max(Outcome::Invalid);
        }
        match self.options.look {
            Look::Json => self.tell_program(place.index, report),
            Look::Plain | Look::Coloured => progress.suspend(|| self.tell_people(place, report)),
        }
    }

    fn tell_program(&mut self, index: u64, report: &Report) -> Result<()> {
        let line = Line {
            index,
            id: report.id.as_deref(),
            valid: report.is_valid(),
            errors: entries(&report.errors),
            warnings: entries(&report.warnings),
        };
        serde_json::to_writer(&mut *self.out, &line)?;
        writeln!(self.out)?;
        Ok(())
    }

    fn tell_people(&mut self, place: Place<'_>, report: &Report) -> Result<()> {
        if self.options.quiet || report.is_clean() {
            return Ok(());
        }
        let id = report.id.as_deref().unwrap_or("without an id");
        let (name, index) = (Shown(place.name), place.in_file);
        let (bold, plain) = (self.colour(BOLD), self.colour(RESET));
        writeln!(self.out, "{name}: object {index}: {bold}{}{plain}", Shown(id))?;
        let errors = report.errors.iter().map(|finding| (RED, "error", finding));
        let warnings = report.warnings.iter().map(|finding| (YELLOW, "warning", finding));
        for (colour, level, Finding { path, rule, section, message }) in errors.chain(warnings) {
            let colour = self.colour(colour);
            let place = if path.is_empty() { "" } else { ": " };
            let (path, message, cite) = (Shown(path), Shown(message), Cite(section));
            writeln!(self.out, "  {colour}{level}{plain} {path}{place}{message} ({rule}, {cite})")?;
        }
        Ok(())
    }

    fn summary(&mut self, took: Duration) -> Result<()> {
        if self.options.look == Look::Json {
            return Ok(());
        }
        let Count { objects, invalid, with_warnings, upgraded, bytes } = self.count;
        let valid = objects.saturating_sub(invalid);
        write!(
            self.out,
            "{} objects: {} valid, {} invalid, {} with warnings",
            Grouped(objects),
            Grouped(valid),
            Grouped(invalid),
            Grouped(with_warnings)
        )?;
        if upgraded > 0 {
            write!(self.out, ", {} upgraded from STIX 2.0", Grouped(upgraded))?;
        }
        let tenths_of_mb = u128::from(bytes) / 100_000;
        let rate = u128::from(bytes) / took.as_micros().max(1);
        let (mb, tenth) = (tenths_of_mb / 10, tenths_of_mb % 10);
        writeln!(self.out, "; {mb}.{tenth} MB, {rate} MB/s")?;
        Ok(())
    }

    fn colour(&self, code: &'static str) -> &'static str {
        if self.options.look == Look::Coloured { code } else { "" }
    }
}

const RESET: &str = "\x1b[0m";
const BOLD: &str = "\x1b[1m";
const RED: &str = "\x1b[31m";
const YELLOW: &str = "\x1b[33m";

/// Where an object stands.
#[derive(Clone, Copy)]
struct Place<'a> {
    name: &'a str,
    in_file: u64,
    /// Through all files.
    index: u64,
}

/// What is said about one element.
struct Answer {
    report: Report,
    upgraded: bool,
}

impl From<Report> for Answer {
    fn from(report: Report) -> Self {
        Self { report, upgraded: false }
    }
}

/// One line of `--json`.
#[derive(Serialize)]
struct Line<'a> {
    index: u64,
    id: Option<&'a str>,
    valid: bool,
    errors: Vec<Entry<'a>>,
    warnings: Vec<Entry<'a>>,
}

/// One finding of `--json`.
#[derive(Serialize)]
struct Entry<'a> {
    path: &'a str,
    rule: &'a str,
    section: &'a str,
    message: &'a str,
}

fn entries<'a>(findings: &'a [Finding]) -> Vec<Entry<'a>> {
    let entry = |finding: &'a Finding| Entry {
        path: &finding.path,
        rule: finding.rule,
        section: finding.section,
        message: &finding.message,
    };
    findings.iter().map(entry).collect()
}

/// What is wrong with the element whose bytes start at `offset` of the text.
fn examine(bytes: &[u8], offset: u64) -> Answer {
    match Object::from_bytes(bytes) {
        Ok(object) if is_stix_20(object.members()) => upgraded(bytes, object.members()),
        Ok(object) => validate_members(object.members()).into(),
        Err(ObjectError::Json(refusal)) => not_json(refusal, offset).into(),
        Err(e) => no_object(bytes, &e).into(),
    }
}

/// The report of an element that is not even an object of the right form: what validation says, and
/// if it says nothing, the reason itself.
fn no_object(bytes: &[u8], error: &ObjectError) -> Report {
    let mut report = json::parse(bytes).map(|value| validate(&value)).unwrap_or_default();
    if report.is_valid() {
        report.errors.push(finding("object-form", "3.1", error.to_string()));
    }
    report
}

/// The report of an object of STIX 2.0: of what it becomes.
fn upgraded(bytes: &[u8], members: &Map<'_>) -> Answer {
    let id = members.get("id").and_then(Value::as_str).map(str::to_owned);
    let mut report = Report { id: id.clone(), ..Report::default() };
    let objects = match upgrade(bytes) {
        Ok(objects) => objects,
        Err(e) => {
            report.errors.push(finding("stix-2.0", "3.2", format!("cannot be upgraded: {e}")));
            return report.into();
        }
    };
    let message = "this is STIX 2.0 and was upgraded before it was checked; send STIX 2.1";
    report.warnings.push(finding("stix-2.0", "3.2", message.to_owned()));
    for object in &objects {
        let made = json::parse(object).map(|value| validate(&value)).unwrap_or_default();
        let within = (made.id != id).then(|| made.id.unwrap_or_default());
        let place = |found: Finding| match &within {
            None => found,
            Some(id) => Finding { message: format!("in {id}: {}", found.message), ..found },
        };
        report.errors.extend(made.errors.into_iter().map(place));
        report.warnings.extend(made.warnings.into_iter().map(place));
    }
    Answer { report, upgraded: true }
}

/// I-JSON (RFC 7493) is what strict JSON holds a text to.
fn not_json(refusal: Refusal, offset: u64) -> Report {
    let Refusal { offset: within, reason } = refusal;
    let at = offset.saturating_add(u64::try_from(within).unwrap_or(u64::MAX));
    let message = format!("byte {at}: {}; {}", reason.what(), reason.remedy());
    Report { errors: vec![finding("strict-json", "RFC 7493", message)], ..Report::default() }
}

/// The report of an element that could not be read out of its list.
fn refused(error: &ReadError) -> Answer {
    let rule = match error.cause {
        ReadCause::TooLong => "object-size",
        ReadCause::ByteOrderMark => "strict-json",
        ReadCause::NoObjects | ReadCause::NotABundle => "no-objects",
        ReadCause::Broken(_) | ReadCause::UnexpectedEnd => "broken-list",
        ReadCause::WireTooLong | ReadCause::InflatedTooLong | ReadCause::InflatesTooMuch(_) => {
            "input-size"
        }
        ReadCause::Io(_) => "unreadable",
    };
    let message = format!("byte {}: {}", error.offset, error.cause);
    Report { errors: vec![finding(rule, "RFC 7493", message)], ..Report::default() }.into()
}

fn finding(rule: &'static str, section: &'static str, message: String) -> Finding {
    Finding { path: String::new(), rule, section, message }
}

/// A section of STIX 2.1, or of what else is named.
struct Cite<'a>(&'a str);

impl fmt::Display for Cite<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let of_stix = self.0.starts_with(|c: char| c.is_ascii_digit());
        write!(f, "{}{}", if of_stix { "STIX 2.1 §" } else { "" }, self.0)
    }
}

/// A text from a file as a terminal may show it: without control characters, and without those that
/// turn the direction of writing.
struct Shown<'a>(&'a str);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let turns = |c| matches!(c, '\u{200E}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}');
        for c in self.0.chars() {
            if c.is_control() || turns(c) {
                write!(f, "{}", c.escape_unicode())?;
            } else {
                fmt::Write::write_char(f, c)?;
            }
        }
        Ok(())
    }
}

/// A number with a comma after each three digits.
struct Grouped(u64);

impl fmt::Display for Grouped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = self.0.to_string();
        for (i, digit) in digits.chars().enumerate() {
            if i > 0 && (digits.len() - i).is_multiple_of(3) {
                f.write_str(",")?;
            }
            fmt::Write::write_char(f, digit)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
