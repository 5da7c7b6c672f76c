//! The XML of a CAP alert as a tree with lines.
//!
//! Invariant: no DTD, no entity but XML's own five, no processing instruction is accepted, and nothing is
//! larger or deeper than the limits.

use quick_xml::events::{BytesRef, BytesStart, Event};
use quick_xml::name::{Namespace, ResolveResult};
use quick_xml::reader::NsReader;

use super::{BadCap, Why};
use crate::limits::{CAP_BYTES_MAX, CAP_DEPTH_MAX, CAP_ELEMENTS_MAX};

/// The namespace of CAP 1.2.
pub(super) const NAMESPACE: &str = "urn:oasis:names:tc:emergency:cap:1.2";
const SIGNATURE: &str = "http://www.w3.org/2000/09/xmldsig#";

/// An element.
#[derive(Debug, Default)]
pub(super) struct Element {
    /// Its local name.
    pub(super) name: String,
    /// The line on which it begins, from 1.
    pub(super) line: usize,
    /// Whether it is a signature, of which nothing else is kept.
    pub(super) is_signature: bool,
    /// The text in it, white space at its ends taken off.
    pub(super) text: String,
    /// The elements in it.
    pub(super) children: Vec<Element>,
}

impl Element {
    /// The children of this name.
    pub(super) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Element> {
        self.children.iter().filter(move |child| child.name == name)
    }

    /// The text of the first child of this name, if there is any.
    pub(super) fn text_of(&self, name: &str) -> Option<&str> {
        let text = self.children.iter().find(|child| child.name == name)?.text.as_str();
        (!text.is_empty()).then_some(text)
    }

    /// Something is wrong with it.
    pub(super) fn bad(&self, why: Why) -> BadCap {
        BadCap { line: self.line, element: self.name.clone(), why }
    }
}

/// Reads a document: its root element.
pub(super) fn read(bytes: &[u8]) -> Result<Element, BadCap> {
    let whole = |why| BadCap { line: 1, element: "alert".to_owned(), why };
    if bytes.len() > CAP_BYTES_MAX {
        return Err(whole(Why::TooLarge));
    }
    let text = std::str::from_utf8(bytes).map_err(|_| whole(Why::NotUtf8))?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut tree = Tree { open: vec![Element::default()], elements: 0 };
    let mut reader = NsReader::from_str(text);
    reader.config_mut().check_comments = true;
    loop {
        let at = usize::try_from(reader.buffer_position()).unwrap_or(usize::MAX);
        let line = 1 + text.as_bytes().iter().take(at).filter(|byte| **byte == b'\n').count();
        let (namespace, event) = match reader.read_resolved_event() {
            Ok(read) => read,
            Err(error) => return Err(tree.bad(line, Why::Xml(error.to_string()))),
        };
        let is_empty = matches!(event, Event::Empty(_));
        match event {
            Event::Start(start) | Event::Empty(start) => {
                tree.start(line, &namespace, &start)?;
                if is_empty {
                    tree.end();
                }
            }
            Event::End(_) => tree.end(),
            Event::Text(part) => tree.text(line, &part.xml10_content())?,
            Event::CData(part) => tree.text(line, &part.xml10_content())?,
            Event::GeneralRef(name) => tree.reference(line, &name)?,
            Event::Comment(_) | Event::Decl(_) => {}
            Event::PI(_) => return Err(tree.bad(line, Why::Instruction)),
            Event::DocType(_) => return Err(tree.bad(line, Why::Dtd)),
            Event::Eof => return tree.root(line),
        }
    }
}

struct Tree {
    /// The elements that are open, the outermost first; the document itself is at 0.
    open: Vec<Element>,
    elements: usize,
}

impl Tree {
    fn bad(&self, line: usize, why: Why) -> BadCap {
        let element = self.open.last().map_or("", |open| open.name.as_str());
        let element = if element.is_empty() { "alert" } else { element };
        BadCap { line, element: element.to_owned(), why }
    }

    fn start(
        &mut self,
        line: usize,
        namespace: &ResolveResult<'_>,
        start: &BytesStart<'_>,
    ) -> Result<(), BadCap> {
        self.elements += 1;
        if self.elements > CAP_ELEMENTS_MAX || self.open.len() > CAP_DEPTH_MAX {
            return Err(self.bad(line, Why::TooLarge));
        }
        let name = start.local_name().as_ref().to_owned();
        let inside_one = self.open.last().is_some_and(|open| open.is_signature);
        let is_signature = match namespace {
            ResolveResult::Bound(Namespace(SIGNATURE)) => true,
            _ if inside_one => true,
            ResolveResult::Bound(Namespace(NAMESPACE)) => false,
            ResolveResult::Bound(Namespace(other)) => {
                return Err(BadCap {
                    line,
                    element: name,
                    why: Why::Namespace((*other).to_owned()),
                });
            }
            ResolveResult::Unbound | ResolveResult::Unknown(_) => {
                return Err(BadCap { line, element: name, why: Why::Namespace(String::new()) });
            }
        };
        if !is_signature {
            for attribute in start.attributes() {
                let attribute =
                    attribute.map_err(|error| self.bad(line, Why::Xml(error.to_string())))?;
                let key = attribute.key.as_ref();
                let is_known =
                    key == "xmlns" || key.starts_with("xmlns:") || key.ends_with(":schemaLocation");
                if !is_known {
                    let why = Why::Attribute(key.to_owned());
                    return Err(BadCap { line, element: name, why });
                }
            }
        }
        self.open.push(Element { name, line, is_signature, ..Element::default() });
        Ok(())
    }

    fn end(&mut self) {
        if let Some(mut done) = self.open.pop() {
            done.text.truncate(done.text.trim_end().len());
            done.text.drain(..done.text.len() - done.text.trim_start().len());
            if let Some(parent) = self.open.last_mut()
                && !(done.is_signature && parent.is_signature)
            {
                parent.children.push(done);
            }
        }
    }

    fn text(&mut self, line: usize, text: &str) -> Result<(), BadCap> {
        if text.chars().any(|c| !is_char(c)) {
            return Err(self.bad(line, Why::Character));
        }
        if let Some(open) = self.open.last_mut().filter(|open| !open.is_signature) {
            open.text.push_str(text);
        }
        Ok(())
    }

    fn reference(&mut self, line: usize, name: &BytesRef<'_>) -> Result<(), BadCap> {
        let character = match name.resolve_char_ref() {
            Ok(Some(character)) => character.to_string(),
            Ok(None) => match name.as_ref() {
                "lt" => "<".to_owned(),
                "gt" => ">".to_owned(),
                "amp" => "&".to_owned(),
                "apos" => "'".to_owned(),
                "quot" => "\"".to_owned(),
                other => return Err(self.bad(line, Why::Entity(other.to_owned()))),
            },
            Err(_) => return Err(self.bad(line, Why::Character)),
        };
        self.text(line, &character)
    }

    fn root(mut self, line: usize) -> Result<Element, BadCap> {
        let bad = self.bad(line, Why::NoRoot);
        match self.open.pop() {
            Some(mut document) if self.open.is_empty() && document.text.trim().is_empty() => {
                let root = document.children.pop();
                root.filter(|_| document.children.is_empty()).ok_or(bad)
            }
            Some(_) | None => Err(bad),
        }
    }
}

/// Whether XML 1.0 allows a character.
pub(super) fn is_char(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..)
}
