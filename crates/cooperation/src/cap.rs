//! Alerts as CAP 1.2 writes them, in XML: read strictly, written so that any CAP system takes them.
//!
//! Invariants:
//! * What is read is valid by the schema of CAP 1.2 and by what its text demands beside it.
//! * What is written reads back the same, to the second.
//! * An alert of status Actual is never inside an exercise, and one of status Exercise never outside.

mod xml;

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::time::Duration;

use entente_object::spec::cooperation as terms;
use entente_object::spec::vocab::Vocabulary;
use entente_object::time::Timestamp;
use quick_xml::escape::partial_escape;

use crate::content::Alert;
use crate::filed::Filed;
use crate::picture::Picture;
use xml::{Element, NAMESPACE};

/// A document of CAP.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cap {
    /// An alert for each of its `info` blocks; one, if it has none.
    pub alerts: Vec<Alert>,
    /// The elements that have no place in an alert here, and are not kept.
    pub left: Vec<String>,
}

/// A document is not CAP 1.2.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, {element}: {why}")]
pub struct BadCap {
    /// The line, from 1.
    pub line: usize,
    /// The element.
    pub element: String,
    /// What is wrong with it.
    pub why: Why,
}

/// What is wrong with an element.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Why {
    /// It is no XML.
    #[error("this is no well-formed XML: {0}")]
    Xml(String),
    /// It is larger or deeper than any alert.
    #[error("larger than 256 KiB, 10,000 elements, or deeper than 10: this is no alert")]
    TooLarge,
    /// It is in another encoding.
    #[error("not UTF-8: write it in UTF-8")]
    NotUtf8,
    /// It has a DTD.
    #[error("a DOCTYPE is not accepted: take it out")]
    Dtd,
    /// It has a processing instruction.
    #[error("a processing instruction is not accepted: take it out")]
    Instruction,
    /// It names an entity.
    #[error("the entity &{0}; is not one of XML's own five: write the character")]
    Entity(String),
    /// A character that XML does not allow.
    #[error("it has a character that XML does not allow")]
    Character,
    /// It has no element, or several.
    #[error("a document has exactly one element, alert")]
    NoRoot,
    /// Another namespace.
    #[error("the namespace is \"{0}\": it has to be urn:oasis:names:tc:emergency:cap:1.2")]
    Namespace(String),
    /// An attribute that CAP does not have.
    #[error("CAP has no attribute {0}")]
    Attribute(String),
    /// An element that CAP does not have there.
    #[error("CAP 1.2 has no {0} here")]
    Unknown(String),
    /// An element that comes too late.
    #[error("it has to come before {0}")]
    Order(&'static str),
    /// An element that may be there once.
    #[error("it may be there once only")]
    Twice,
    /// An element that must be there.
    #[error("{0} is missing")]
    Missing(&'static str),
    /// It has text where only elements belong, or the other way round.
    #[error("it has {0} where none belongs")]
    Content(&'static str),
    /// It is empty.
    #[error("it is empty")]
    Empty,
    /// It is none of the terms.
    #[error("\"{0}\" is none of: {1}")]
    Term(String, String),
    /// It has what may not be in an identifier.
    #[error("a space, a comma, < or & may not be in it")]
    Token,
    /// It is no time.
    #[error("\"{0}\" is no time: write 2023-12-13T10:00:00+09:00; UTC is -00:00, not Z")]
    Time(String),
    /// It is no list of references.
    #[error("\"{0}\" is no reference: write sender,identifier,sent with spaces between several")]
    Reference(String),
    /// The text of CAP demands another element with this value.
    #[error("{value} demands {other}")]
    Demands {
        /// The value.
        value: String,
        /// The element.
        other: &'static str,
    },
}

/// An alert cannot be written as CAP.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotCap {
    /// What CAP demands is missing.
    #[error("a {value} alert needs {what} to be written as CAP")]
    Needs {
        /// The value that demands it.
        value: String,
        /// What.
        what: &'static str,
    },
    /// An identifier or a sender with what CAP does not allow there.
    #[error("the {0} \"{1}\" has a space, a comma, < or &: CAP does not allow it")]
    Token(&'static str, String),
    /// An alert that it refers to is not here.
    #[error("it refers to {0}, which is not here")]
    NotHere(String),
    /// A character that XML does not allow.
    #[error("{0} has a character that XML does not allow")]
    Character(&'static str),
}

/// An alert is on the wrong side of the wall between exercises and operations.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WrongSide {
    /// A real one inside an exercise.
    #[error(
        "an alert of status Actual cannot be under the exercise {0}: give it status Exercise, or no exercise label"
    )]
    ActualInExercise(String),
    /// A played one outside.
    #[error("an alert of status Exercise has to be under an exercise label")]
    ExerciseOutside,
}

/// Refuses an alert on the wrong side of the wall. `exercise`: the exercise of its label.
pub fn wall(status: &str, exercise: Option<&str>) -> Result<(), WrongSide> {
    match (status, exercise) {
        ("Actual", Some(exercise)) => Err(WrongSide::ActualInExercise(exercise.to_owned())),
        ("Exercise", None) => Err(WrongSide::ExerciseOutside),
        _ => Ok(()),
    }
}

/// The alerts of others on the wrong side. `exercise`: the exercise whose picture this is.
pub fn on_the_wrong_side<'a>(
    picture: &'a Picture,
    exercise: Option<&str>,
) -> Vec<(&'a Filed, WrongSide)> {
    let wrong =
        |(filed, said): (&'a Filed, &Alert)| Some((filed, wall(&said.status, exercise).err()?));
    picture.all::<Alert>().into_iter().filter_map(wrong).collect()
}

/// What an element may have in it.
enum Kind {
    Text,
    Token,
    Time,
    References,
    Term(&'static Vocabulary),
    Group(&'static [Slot]),
}

/// An element of the schema, in its sequence.
struct Slot {
    name: &'static str,
    must: bool,
    many: bool,
    kind: Kind,
}

const fn one(name: &'static str, kind: Kind) -> Slot {
    Slot { name, must: true, many: false, kind }
}

const fn may(name: &'static str, kind: Kind) -> Slot {
    Slot { name, must: false, many: false, kind }
}

const fn any(name: &'static str, kind: Kind) -> Slot {
    Slot { name, must: false, many: true, kind }
}

const fn some(name: &'static str, kind: Kind) -> Slot {
    Slot { name, must: true, many: true, kind }
}

/// CAP 1.2, 3.4: the schema.
static ALERT: &[Slot] = &[
    one("identifier", Kind::Token),
    one("sender", Kind::Token),
    one("sent", Kind::Time),
    one("status", Kind::Term(&terms::ALERT_STATUS)),
    one("msgType", Kind::Term(&terms::ALERT_MESSAGE)),
    may("source", Kind::Text),
    one("scope", Kind::Term(&terms::ALERT_SCOPE)),
    may("restriction", Kind::Text),
    may("addresses", Kind::Text),
    any("code", Kind::Text),
    may("note", Kind::Text),
    may("references", Kind::References),
    may("incidents", Kind::Text),
    any("info", Kind::Group(INFO)),
];
static INFO: &[Slot] = &[
    may("language", Kind::Text),
    some("category", Kind::Term(&terms::ALERT_CATEGORY)),
    one("event", Kind::Text),
    any("responseType", Kind::Term(&terms::ALERT_RESPONSE)),
    one("urgency", Kind::Term(&terms::ALERT_URGENCY)),
    one("severity", Kind::Term(&terms::ALERT_SEVERITY)),
    one("certainty", Kind::Term(&terms::ALERT_CERTAINTY)),
    may("audience", Kind::Text),
    any("eventCode", Kind::Group(PAIR)),
    may("effective", Kind::Time),
    may("onset", Kind::Time),
    may("expires", Kind::Time),
    may("senderName", Kind::Text),
    may("headline", Kind::Text),
    may("description", Kind::Text),
    may("instruction", Kind::Text),
    may("web", Kind::Text),
    may("contact", Kind::Text),
    any("parameter", Kind::Group(PAIR)),
    any("resource", Kind::Group(RESOURCE)),
    any("area", Kind::Group(AREA)),
];
static PAIR: &[Slot] = &[one("valueName", Kind::Text), one("value", Kind::Text)];
static RESOURCE: &[Slot] = &[
    one("resourceDesc", Kind::Text),
    one("mimeType", Kind::Text),
    may("size", Kind::Text),
    may("uri", Kind::Text),
    may("derefUri", Kind::Text),
    may("digest", Kind::Text),
];
static AREA: &[Slot] = &[
    one("areaDesc", Kind::Text),
    any("polygon", Kind::Text),
    any("circle", Kind::Text),
    any("geocode", Kind::Group(PAIR)),
    may("altitude", Kind::Text),
    may("ceiling", Kind::Text),
];

/// Elements that have no place in an alert here.
const LEFT: &[&str] = &[
    "source",
    "code",
    "incidents",
    "audience",
    "eventCode",
    "senderName",
    "web",
    "parameter",
    "resource",
    "polygon",
    "circle",
    "geocode",
    "altitude",
    "ceiling",
    "Signature",
];

/// Reads a document.
pub fn read(bytes: &[u8]) -> Result<Cap, BadCap> {
    let root = xml::read(bytes)?;
    if root.name != "alert" {
        return Err(root.bad(Why::Unknown(root.name.clone())));
    }
    fits(&root, ALERT)?;
    demands(&root)?;
    let mut left = BTreeSet::new();
    not_kept(&root, &mut left);
    let infos: Vec<&Element> = root.all("info").collect();
    let alerts = if infos.is_empty() {
        vec![alert(&root, &Element::default())?]
    } else {
        infos.into_iter().map(|info| alert(&root, info)).collect::<Result<_, _>>()?
    };
    Ok(Cap { alerts, left: left.into_iter().map(str::to_owned).collect() })
}

fn fits(element: &Element, slots: &'static [Slot]) -> Result<(), BadCap> {
    if !element.text.is_empty() {
        return Err(element.bad(Why::Content("text")));
    }
    let (mut at, mut last) = (0, None);
    for child in element.children.iter().filter(|child| !child.is_signature) {
        let found = slots.iter().enumerate().find(|(_, slot)| slot.name == child.name);
        let Some((index, slot)) = found else {
            return Err(child.bad(Why::Unknown(child.name.clone())));
        };
        if index < at {
            let after = slots.get(at).map_or("", |slot| slot.name);
            return Err(child.bad(Why::Order(after)));
        }
        if last == Some(index) && !slot.many {
            return Err(child.bad(Why::Twice));
        }
        (at, last) = (index, Some(index));
        holds(child, slot)?;
    }
    let is_there = |slot: &Slot| element.children.iter().any(|child| child.name == slot.name);
    match slots.iter().find(|slot| slot.must && !is_there(slot)) {
        Some(slot) => Err(element.bad(Why::Missing(slot.name))),
        None => Ok(()),
    }
}

fn holds(element: &Element, slot: &Slot) -> Result<(), BadCap> {
    if let Kind::Group(slots) = slot.kind {
        return fits(element, slots);
    }
    if !element.children.is_empty() {
        return Err(element.bad(Why::Content("elements")));
    }
    let text = element.text.as_str();
    if slot.must && text.is_empty() {
        return Err(element.bad(Why::Empty));
    }
    match slot.kind {
        Kind::Text | Kind::Group(_) => Ok(()),
        Kind::Token if is_token(text) => Ok(()),
        Kind::Token => Err(element.bad(Why::Token)),
        Kind::Time => time(element).map(drop),
        Kind::References => references(element).map(drop),
        Kind::Term(terms) if terms.terms.contains(&text) => Ok(()),
        Kind::Term(terms) => Err(element.bad(Why::Term(text.to_owned(), terms.terms.join(", ")))),
    }
}

fn is_token(text: &str) -> bool {
    !text.is_empty() && !text.contains(|c: char| c.is_whitespace() || matches!(c, ',' | '<' | '&'))
}

/// `2023-12-13T10:00:00+09:00`.
fn time(element: &Element) -> Result<Timestamp, BadCap> {
    parse_time(&element.text).ok_or_else(|| element.bad(Why::Time(element.text.clone())))
}

fn parse_time(text: &str) -> Option<Timestamp> {
    let (local, zone) = text.split_at_checked(19)?;
    let local = Timestamp::parse(&format!("{local}Z")).ok()?;
    let two = |text: &str| -> Option<u64> {
        (text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit()))
            .then(|| text.parse().ok())?
    };
    let (sign, rest) = zone.split_at_checked(1)?;
    let (hours, minutes) = rest.split_once(':')?;
    let (hours, minutes) = (two(hours)?, two(minutes)?);
    if hours > 14 || minutes > 59 {
        return None;
    }
    let offset = Duration::from_secs(hours * 3600 + minutes * 60);
    match sign {
        "+" => Some(local.saturating_sub(offset)),
        "-" => Some(local.saturating_add(offset)),
        _ => None,
    }
}

/// As CAP writes a time: in UTC, to the second.
fn to_time(time: Timestamp) -> String {
    format!("{}-00:00", time.to_stix().get(..19).unwrap_or_default())
}

fn references(element: &Element) -> Result<Vec<String>, BadCap> {
    let is_one = |text: &str| {
        let mut parts = text.split(',');
        let (sender, id, sent) = (parts.next(), parts.next(), parts.next());
        sender.is_some_and(is_token)
            && id.is_some_and(is_token)
            && sent.is_some_and(|sent| parse_time(sent).is_some())
            && parts.next().is_none()
    };
    let all: Vec<&str> = element.text.split_whitespace().collect();
    match all.iter().find(|text| !is_one(text)) {
        Some(wrong) => Err(element.bad(Why::Reference((*wrong).to_owned()))),
        None => Ok(all.into_iter().map(str::to_owned).collect()),
    }
}

/// What the text of CAP 1.2, 3.2.1, demands beside the schema.
fn demands(root: &Element) -> Result<(), BadCap> {
    let value = |name: &str| root.text_of(name).unwrap_or_default();
    let needs = |name: &str, other: &'static str| {
        let why = Why::Demands { value: value(name).to_owned(), other };
        if root.text_of(other).is_some() { Ok(()) } else { Err(root.bad(why)) }
    };
    match value("scope") {
        "Restricted" => needs("scope", "restriction")?,
        "Private" => needs("scope", "addresses")?,
        _ => {}
    }
    match value("msgType") {
        "Alert" => Ok(()),
        _ => needs("msgType", "references"),
    }
}

fn not_kept<'a>(element: &'a Element, left: &mut BTreeSet<&'a str>) {
    for child in &element.children {
        if LEFT.contains(&child.name.as_str()) {
            left.insert(&child.name);
        } else {
            not_kept(child, left);
        }
    }
}

/// The alert of one `info` block.
fn alert(root: &Element, info: &Element) -> Result<Alert, BadCap> {
    let owned = |element: &Element, name: &str| element.text_of(name).map(str::to_owned);
    let must = |element: &Element, name: &str| owned(element, name).unwrap_or_default();
    let unknown = |name: &str| owned(info, name).unwrap_or_else(|| "Unknown".to_owned());
    let some_time = |name: &str| info.all(name).next().map(time).transpose();
    let sent = root.all("sent").next().map(time).transpose()?;
    let texts = |name: &'static str| -> Vec<String> {
        info.all(name).map(|one| one.text.clone()).collect()
    };
    let categories = texts("category");
    let event = owned(info, "event").or_else(|| owned(root, "note"));
    let listed = root.all("references").next().map(references).transpose()?;
    let places = info.all("area").filter_map(|area| area.text_of("areaDesc"));
    Ok(Alert {
        sent: sent.unwrap_or(Timestamp::EPOCH),
        sender: must(root, "sender"),
        status: must(root, "status"),
        message: must(root, "msgType"),
        scope: must(root, "scope"),
        restriction: owned(root, "restriction"),
        addresses: addresses(root.text_of("addresses").unwrap_or_default()),
        note: owned(root, "note"),
        alert_refs: Vec::new(),
        cap_references: listed.unwrap_or_default(),
        cap_identifier: owned(root, "identifier"),
        language: owned(info, "language"),
        category: if categories.is_empty() { vec!["Other".to_owned()] } else { categories },
        event: event.unwrap_or_else(|| must(root, "msgType")),
        response: texts("responseType"),
        urgency: unknown("urgency"),
        severity: unknown("severity"),
        certainty: unknown("certainty"),
        effective: some_time("effective")?,
        onset: some_time("onset")?,
        expires: some_time("expires")?,
        headline: owned(info, "headline"),
        description: owned(info, "description"),
        instruction: owned(info, "instruction"),
        contact: owned(info, "contact"),
        places: places.map(str::to_owned).collect(),
        about: None,
        subject_refs: Vec::new(),
    })
}

/// Addresses stand with spaces between; one that has spaces stands in quotes.
fn addresses(text: &str) -> Vec<String> {
    let mut all = Vec::new();
    for (at, part) in text.split('"').enumerate() {
        if at % 2 == 1 {
            all.push(part.to_owned());
        } else {
            all.extend(part.split_whitespace().map(str::to_owned));
        }
    }
    all.retain(|one| !one.is_empty());
    all
}

/// Writes an alert. `find` gives the alerts that it refers to.
pub fn write<'a>(
    id: &str,
    alert: &Alert,
    find: impl Fn(&str) -> Option<(&'a str, &'a Alert)>,
) -> Result<String, NotCap> {
    let mut out = Writer { xml: String::new(), bad: None };
    let references = written_references(alert, find)?;
    let needs = |value: &str, what| NotCap::Needs { value: value.to_owned(), what };
    match alert.scope.as_str() {
        "Restricted" if alert.restriction.is_none() => {
            return Err(needs(&alert.scope, "a restriction"));
        }
        "Private" if alert.addresses.is_empty() => return Err(needs(&alert.scope, "addresses")),
        _ => {}
    }
    if alert.message != "Alert" && references.is_empty() {
        return Err(needs(&alert.message, "the alert that it refers to"));
    }
    let identifier = alert.cap_identifier.as_deref().unwrap_or(id);
    for (name, text) in [("identifier", identifier), ("sender", &alert.sender)] {
        if !is_token(text) {
            return Err(NotCap::Token(name, text.to_owned()));
        }
    }
    out.xml.push_str("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    out.raw(&format!("<alert xmlns=\"{NAMESPACE}\">\n"));
    out.text(1, "identifier", identifier);
    out.text(1, "sender", &alert.sender);
    out.text(1, "sent", &to_time(alert.sent));
    out.text(1, "status", &alert.status);
    out.text(1, "msgType", &alert.message);
    out.text(1, "scope", &alert.scope);
    out.some(1, "restriction", alert.restriction.as_deref());
    let quoted = |one: &String| {
        if one.contains(char::is_whitespace) { format!("\"{one}\"") } else { one.clone() }
    };
    let addresses: Vec<String> = alert.addresses.iter().map(quoted).collect();
    out.some(1, "addresses", Some(addresses.join(" ")).as_deref().filter(|all| !all.is_empty()));
    out.some(1, "note", alert.note.as_deref());
    out.some(1, "references", Some(references.join(" ")).as_deref().filter(|all| !all.is_empty()));
    out.info(alert);
    out.raw("</alert>\n");
    out.bad.map_or(Ok(out.xml), |name| Err(NotCap::Character(name)))
}

fn written_references<'a>(
    alert: &Alert,
    find: impl Fn(&str) -> Option<(&'a str, &'a Alert)>,
) -> Result<Vec<String>, NotCap> {
    let mut all = alert.cap_references.clone();
    for id in &alert.alert_refs {
        let (id, other) = find(id).ok_or_else(|| NotCap::NotHere(id.clone()))?;
        let identifier = other.cap_identifier.as_deref().unwrap_or(id);
        let reference = format!("{},{identifier},{}", other.sender, to_time(other.sent));
        if !all.contains(&reference) {
            all.push(reference);
        }
    }
    Ok(all)
}

struct Writer {
    xml: String,
    bad: Option<&'static str>,
}

impl Writer {
    fn raw(&mut self, text: &str) {
        self.xml.push_str(text);
    }

    fn text(&mut self, depth: usize, name: &'static str, text: &str) {
        if text.chars().any(|c| !xml::is_char(c)) {
            self.bad = self.bad.or(Some(name));
        }
        let text = partial_escape(text);
        let _infallible = writeln!(self.xml, "{}<{name}>{text}</{name}>", "  ".repeat(depth));
    }

    fn some(&mut self, depth: usize, name: &'static str, text: Option<&str>) {
        if let Some(text) = text {
            self.text(depth, name, text);
        }
    }

    fn info(&mut self, alert: &Alert) {
        self.raw("  <info>\n");
        self.some(2, "language", alert.language.as_deref());
        for one in &alert.category {
            self.text(2, "category", one);
        }
        self.text(2, "event", &alert.event);
        for one in &alert.response {
            self.text(2, "responseType", one);
        }
        self.text(2, "urgency", &alert.urgency);
        self.text(2, "severity", &alert.severity);
        self.text(2, "certainty", &alert.certainty);
        for (name, time) in
            [("effective", alert.effective), ("onset", alert.onset), ("expires", alert.expires)]
        {
            self.some(2, name, time.map(to_time).as_deref());
        }
        self.some(2, "headline", alert.headline.as_deref());
        self.some(2, "description", alert.description.as_deref());
        self.some(2, "instruction", alert.instruction.as_deref());
        self.some(2, "contact", alert.contact.as_deref());
        for place in &alert.places {
            self.raw("    <area>\n");
            self.text(3, "areaDesc", place);
            self.raw("    </area>\n");
        }
        self.raw("  </info>\n");
    }
}

#[cfg(test)]
mod tests;
