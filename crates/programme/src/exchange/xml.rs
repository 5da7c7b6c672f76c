//! XML as a tree with places, and back.
//!
//! Invariants: a document type, an entity that XML does not define itself and a nesting deeper than
//! [`DEPTH_MAX`] are refused, so that memory is linear in the document; elements and attributes of our
//! own namespace are known by it, whatever prefix the document gives it.

use std::fmt::Write as _;

use quick_xml::NsReader;
use quick_xml::XmlVersion;
use quick_xml::escape::{escape, resolve_xml_entity};
use quick_xml::events::{BytesStart, Event};
use quick_xml::name::{Namespace, ResolveResult};

use crate::problem::{Problem, position};

/// IATI nests eight deep.
const DEPTH_MAX: usize = 32;

/// The namespace of what IATI has no element for.
pub(super) const OURS: &str = "urn:entente:programme:1";

/// An element of a document.
#[derive(Clone, Debug, Default)]
pub(super) struct Element {
    /// Its name; with `entente:` before it if it is in our namespace.
    pub(super) name: String,
    pub(super) attributes: Vec<(String, String)>,
    pub(super) children: Vec<Element>,
    /// The text in it, that of its children left out.
    pub(super) text: String,
    /// Where it begins, in bytes.
    pub(super) at: usize,
}

impl Element {
    pub(super) fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    pub(super) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Self> {
        self.children.iter().filter(move |child| child.name == name)
    }

    pub(super) fn first(&self, name: &str) -> Option<&Self> {
        self.children.iter().find(|child| child.name == name)
    }
}

/// The root of a document.
pub(super) fn read(text: &str, file: &str) -> Result<Element, Vec<Problem>> {
    let refuse = |at: usize, reason: String| {
        super::refused(file, position(text, at), reason, "correct the document, or export it again")
    };
    let mut reader = NsReader::from_str(text);
    let mut open: Vec<Element> = Vec::new();
    loop {
        let at = usize::try_from(reader.buffer_position()).unwrap_or(text.len());
        let event = reader.read_event().map_err(|error| refuse(at, error.to_string()))?;
        let mut done = None;
        match event {
            Event::Start(start) | Event::Empty(start) if open.len() >= DEPTH_MAX => {
                let name = start.name().as_ref().to_owned();
                return Err(refuse(at, format!("<{name}> is nested deeper than {DEPTH_MAX}")));
            }
            Event::Start(start) => {
                open.push(element(&reader, &start, at).map_err(|reason| refuse(at, reason))?);
            }
            Event::Empty(start) => {
                done = Some(element(&reader, &start, at).map_err(|reason| refuse(at, reason))?);
            }
            Event::End(_) => done = open.pop(),
            Event::Text(part) => add(&mut open, &part.xml10_content()),
            Event::CData(part) => add(&mut open, &part.xml10_content()),
            Event::GeneralRef(entity) => {
                let name = entity.xml10_content();
                let known = entity.resolve_char_ref().ok().flatten().map(String::from);
                let known = known.or_else(|| resolve_xml_entity(&name).map(str::to_owned));
                let known = known.ok_or_else(|| refuse(at, format!("&{name}; is not known")))?;
                add(&mut open, &known);
            }
            Event::DocType(_) => {
                return Err(refuse(at, "a document type is not read".to_owned()));
            }
            Event::Decl(_) | Event::PI(_) | Event::Comment(_) => {}
            Event::Eof => return Err(refuse(at, "the document has no element".to_owned())),
        }
        if let Some(done) = done {
            match open.last_mut() {
                Some(parent) => parent.children.push(done),
                None => return Ok(done),
            }
        }
    }
}

fn add(open: &mut [Element], text: &str) {
    if let Some(element) = open.last_mut() {
        element.text.push_str(text);
    }
}

fn element(reader: &NsReader<&[u8]>, start: &BytesStart<'_>, at: usize) -> Result<Element, String> {
    let (space, local) = reader.resolver().resolve_element(start.name());
    let name = named(&space, local.as_ref())?;
    let mut attributes = Vec::new();
    for attribute in start.attributes() {
        let attribute = attribute.map_err(|error| error.to_string())?;
        let (space, local) = reader.resolver().resolve_attribute(attribute.key);
        let key = attribute.key.as_ref();
        let name =
            if key.starts_with("xml") { key.to_owned() } else { named(&space, local.as_ref())? };
        let value = attribute.normalized_value(XmlVersion::Explicit1_0);
        attributes.push((name, value.map_err(|error| error.to_string())?.into_owned()));
    }
    Ok(Element { name, attributes, children: Vec::new(), text: String::new(), at })
}

/// The name, `entente:` before it in our namespace, `other:` in somebody else's.
fn named(space: &ResolveResult<'_>, local: &str) -> Result<String, String> {
    match space {
        ResolveResult::Unbound => Ok(local.to_owned()),
        ResolveResult::Bound(Namespace(uri)) if *uri == OURS => Ok(format!("entente:{local}")),
        ResolveResult::Bound(_) => Ok(format!("other:{local}")),
        ResolveResult::Unknown(prefix) => Err(format!("the prefix of {prefix:?} is not declared")),
    }
}

/// A document while it is written.
#[derive(Default)]
pub(super) struct Writer {
    pub(super) text: String,
    open: Vec<&'static str>,
}

impl Writer {
    pub(super) fn new() -> Self {
        Self { text: "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n".to_owned(), open: Vec::new() }
    }

    fn tag(&mut self, name: &str, attributes: &[(&str, &str)], end: &str) {
        self.text.push_str(&"  ".repeat(self.open.len()));
        self.text.push('<');
        self.text.push_str(name);
        for (key, value) in attributes {
            // A line end or a tab in an attribute would be read as a space.
            let value = escape(*value).replace('\n', "&#10;").replace('\t', "&#9;");
            let _infallible = write!(self.text, " {key}=\"{value}\"");
        }
        self.text.push_str(end);
    }

    /// Opens an element.
    pub(super) fn start(&mut self, name: &'static str, attributes: &[(&str, &str)]) {
        self.tag(name, attributes, ">\n");
        self.open.push(name);
    }

    /// Closes the element that was opened last.
    pub(super) fn end(&mut self) {
        if let Some(name) = self.open.pop() {
            self.text.push_str(&"  ".repeat(self.open.len()));
            let _infallible = writeln!(self.text, "</{name}>");
        }
    }

    /// An element without anything in it.
    pub(super) fn empty(&mut self, name: &str, attributes: &[(&str, &str)]) {
        self.tag(name, attributes, "/>\n");
    }

    /// An element with a text.
    pub(super) fn text(&mut self, name: &str, attributes: &[(&str, &str)], text: &str) {
        self.tag(name, attributes, ">");
        self.text.push_str(&escape(text));
        let _infallible = writeln!(self.text, "</{name}>");
    }
}
