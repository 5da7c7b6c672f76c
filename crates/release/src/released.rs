//! What may leave the node: bytes behind a type that nobody outside this crate can build.
//!
//! Invariants:
//! * [`Released`] is made by [`seal`] alone, which derives the answer a second time from the bytes
//!   about to leave and from the labels under which they were recorded.
//! * A page is released whole or not at all.

use entente_object::marking::Tlp;
use uuid::Uuid;

use crate::label::Label;
use crate::partner::Audience;

/// Bytes that one audience may receive.
///
/// ```compile_fail,E0451
/// let forged = entente_release::Released { bytes: b"" };
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Released<B> {
    bytes: B,
}

impl<B> Released<B> {
    /// The bytes, to be sent to the audience that they were sealed for.
    pub fn into_bytes(self) -> B {
        self.bytes
    }
}

/// The second guard found something that must not leave. A defect: the page is withheld, audited.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Withheld {
    /// A label under which an object was recorded does not allow this audience.
    #[error("an object's recorded label does not allow {0}")]
    Label(crate::nation::Nation),
    /// The bytes carry a TLP:RED marking.
    #[error("an object carries TLP:RED")]
    Red,
}

/// Seals `bytes` for `audience`: JSON, not compressed yet. `labels` are those of all objects in them.
///
/// Deliberately shares no code with [`crate::decide()`]: it is what stops a defect there, in an
/// index or in a cache from leaving the node.
pub fn seal<'a, B: AsRef<[u8]>>(
    audience: &Audience,
    labels: impl IntoIterator<Item = &'a Label>,
    bytes: B,
) -> Result<Released<B>, Withheld> {
    let nation = audience.nation();
    for label in labels {
        // What a partner wrote itself it may read back; everything else must name it.
        let named = label.originator == nation || label.rel_to.contains(nation);
        let same_side = label.exercise == audience.channel().exercise;
        let red = label.tlp == Tlp::Red && label.originator != nation;
        if !named || !same_side || red || !label.is_valid() {
            return Err(Withheld::Label(nation));
        }
    }
    if carries_red(bytes.as_ref()) {
        return Err(Withheld::Red);
    }
    Ok(Released { bytes })
}

/// Whether a TLP:RED marking of either version is referred to, however its letters are escaped.
fn carries_red(bytes: &[u8]) -> bool {
    // Most pages have no backslash, and none is found three times as fast as no escape.
    let first = memchr::memchr(b'\\', bytes).and_then(|at| bytes.get(at..));
    let escaped = first.is_some_and(|rest| memchr::memmem::find(rest, b"\\u00").is_some());
    if escaped { refers_to_red(&without_escapes(bytes)) } else { refers_to_red(bytes) }
}

fn refers_to_red(bytes: &[u8]) -> bool {
    const REFERENCE: &[u8] = b"\"marking-definition--";
    memchr::memmem::find_iter(bytes, REFERENCE).any(|at| {
        let uuid = bytes.get(at + REFERENCE.len()..).and_then(|rest| rest.get(..36));
        let uuid = uuid.and_then(|text| Uuid::try_parse_ascii(text).ok());
        uuid.and_then(Tlp::from_marking_uuid) == Some(Tlp::Red)
    })
}

/// JSON with ASCII that was escaped as `\u00XX` written plainly: to look through, not to parse.
fn without_escapes(bytes: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    loop {
        rest = match rest {
            [] => return plain,
            [b'\\', b'u', b'0', b'0', high, low, after @ ..] => {
                let digit = |hex: u8| u8::try_from(char::from(hex).to_digit(16)?).ok();
                let byte = digit(*high).zip(digit(*low));
                plain.extend(byte.map(|(high, low)| high * 16 + low));
                after
            }
            // A backslash escapes whatever follows: the next one does not begin an escape.
            [b'\\', escaped, after @ ..] => {
                plain.extend([b'\\', *escaped]);
                after
            }
            [byte, after @ ..] => {
                plain.push(*byte);
                after
            }
        };
    }
}
