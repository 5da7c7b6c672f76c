//! The invariants of this crate as functions of any bytes, called by property tests and by fuzzers.

use std::io::{self, Read};

use crate::canonical;
use crate::id::{Id, mentions};
use crate::json::{Value, parse};
use crate::limits::OBJECT_BYTES_MAX;
use crate::object::Object;
use crate::read::{Objects, Source};
use crate::time::Timestamp;
use crate::upgrade::{is_stix_20, upgrade};
use crate::validate::{id_advice, validate};

/// Whatever the bytes: a refusal is at one of them or at their end; what is accepted is written as
/// bytes that read as the same value; canonical bytes are their own canonical form.
///
/// # Panics
/// If one of these does not hold.
pub fn json(bytes: &[u8]) {
    let value = match parse(bytes) {
        Ok(value) => value,
        Err(refusal) => {
            assert!(refusal.offset <= bytes.len(), "{refusal}");
            return;
        }
    };
    assert_eq!(parse(&value.to_bytes()).as_ref(), Ok(&value));
    // RFC 8785 writes 1e20 in digits, which are an integer that is not accepted
    let canonical = canonical::to_bytes(&value);
    if let Ok(again) = parse(&canonical) {
        assert_eq!(canonical::to_bytes(&again), canonical);
    }
}

/// Whatever the bytes: an object has the bytes it was read from and an id that reads as itself,
/// mentions others and not itself, and none of its markings is passed over.
///
/// # Panics
/// If one of these does not hold.
pub fn object(bytes: &[u8]) {
    let Ok(object) = Object::from_bytes(bytes) else {
        return;
    };
    assert_eq!(object.raw(), bytes);
    let id = object.id().to_string();
    assert_eq!(Id::parse(&id), Ok(object.id()));
    let references = object.references();
    assert!(references.iter().all(|reference| *reference != object.id()), "{id}");
    let count = |name| object.get(name).and_then(Value::as_array).map_or(0, <[_]>::len);
    let markings = object.object_marking_refs();
    assert_eq!(markings.len(), count("object_marking_refs"));
    assert!(markings.iter().all(|m| *m == object.id() || references.iter().any(|r| r == m)));
    let granular = object.granular_marking_refs().len() + object.granular_languages().len();
    assert_eq!(granular, count("granular_markings"));
}

/// Whatever the value: it is validated, the same twice and however it was written, and a finding
/// says where, which rule, which section, and what to do.
///
/// # Panics
/// If one of these does not hold.
pub fn validation(bytes: &[u8]) {
    let Ok(value) = parse(bytes) else {
        return;
    };
    let report = validate(&value);
    let compact = value.to_bytes();
    assert_eq!(parse(&compact).as_ref().map(validate).as_ref(), Ok(&report));
    for finding in report.errors.iter().chain(&report.warnings) {
        let said = [finding.rule, finding.section, &finding.message];
        assert!(said.iter().all(|words| !words.is_empty()), "{finding:?}");
    }
    let _advice = value.as_object().and_then(id_advice);
}

/// Whatever the bytes: what is read does not depend on the pieces in which they come, an element's
/// place is where its bytes are, and no more elements come than bytes.
///
/// # Panics
/// If one of these does not hold.
pub fn stream(bytes: &[u8]) {
    const COMPRESSED: [&[u8]; 2] = [&[0x1F, 0x8B], &[0x28, 0xB5, 0x2F, 0xFD]];
    let whole: Vec<_> = Objects::new(bytes, Source::Body).collect();
    if COMPRESSED.iter().any(|magic| bytes.starts_with(magic)) {
        return;
    }
    assert!(whole.len() <= bytes.len() + 1);
    for element in whole.iter().flatten() {
        let at = usize::try_from(element.offset).unwrap_or(usize::MAX);
        let there = bytes.get(at..).unwrap_or_default();
        assert!(there.starts_with(&element.bytes), "element {} is not at {at}", element.index);
    }
    let step = usize::from(bytes.last().copied().unwrap_or_default() % 16) + 1;
    let pieces = Objects::new(Pieces { rest: bytes, step }, Source::Body);
    let said = |item: Result<_, crate::read::ReadError>| item.map_err(|error| error.to_string());
    let whole = whole.into_iter().map(said);
    assert!(pieces.map(said).eq(whole), "pieces of {step} are read otherwise");
}

/// A reader that gives `step` bytes at a time.
struct Pieces<'a> {
    rest: &'a [u8],
    step: usize,
}

impl Read for Pieces<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = self.step.min(buffer.len());
        self.rest.read(buffer.get_mut(..most).unwrap_or_default())
    }
}

/// Whatever the bytes: an upgrade gives objects, none of them of STIX 2.0.
///
/// # Panics
/// If one of these does not hold.
pub fn upgraded(bytes: &[u8]) {
    for raw in upgrade(bytes).unwrap_or_default() {
        let object = Object::from_bytes(&raw);
        let is_new = object.as_ref().is_ok_and(|object| !is_stix_20(object.members()));
        let too_long = raw.len() > OBJECT_BYTES_MAX;
        assert!(is_new || too_long, "{object:?}");
    }
}

/// Whatever the text: a timestamp is written as a text that reads as itself, and to TAXII as no
/// later one.
///
/// # Panics
/// If one of these does not hold.
pub fn timestamp(text: &str) {
    if let Ok(time) = Timestamp::parse(text) {
        assert_eq!(Timestamp::parse(&time.to_stix()), Ok(time));
        assert!(Timestamp::parse(&time.to_taxii()).is_ok_and(|taxii| taxii <= time));
    }
}

/// Whatever the text: an identifier is written in one way, and is found where it is mentioned.
///
/// # Panics
/// If one of these does not hold.
pub fn identifier(text: &str) {
    let mut found = Vec::new();
    mentions(&Value::from(text), &mut |id| found.push(id.to_owned()));
    if let Ok(id) = Id::parse(text) {
        assert_eq!(id.to_string(), text);
        assert!(found.iter().any(|mentioned| *mentioned == id), "{text}");
    }
}
