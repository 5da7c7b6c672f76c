//! The label as STIX carries it: one `marking-definition` with our property-extension.
//!
//! Invariants:
//! * The id is UUIDv5, in a namespace of our own, over the RFC 8785 bytes of the extension. So equal
//!   labels have equal ids, and anyone can tell a swapped body from its id.
//! * The whole marking definition is a function of the label: [`from_stix`] reads what [`to_stix`]
//!   writes, in any order of members, and nothing else.
//!
//! Published in docs/formats/label.md.

use std::str::FromStr;

use entente_object::canonical;
use entente_object::json::{self, Map, Value};
use entente_object::marking::Tlp;
use entente_object::time::Timestamp;
use uuid::{Uuid, uuid};

use crate::label::{Faults, Label, PermittedActions, Under, Window};

/// The id of our extension definition.
pub const EXTENSION_ID: &str = "extension-definition--dca7d89b-b0e2-4a30-b1e3-5725043f6a54";

/// The namespace of the ids of label markings (RFC 4122, 4.3).
const NAMESPACE: Uuid = uuid!("cb6e7e95-04ff-40eb-97c9-059909e43468");

/// Every label marking bears the date on which the first programme was adopted: its id stands for
/// its content, so a date of its own would make two objects of one id.
const CREATED: &str = "2023-07-11T00:00:00.000Z";

/// A label could not be read from its marking definition.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadLabel {
    /// A property is missing or is not what docs/formats/label.md says.
    #[error("the label's property \"{0}\" is missing or not as docs/formats/label.md says")]
    Property(&'static str),
    /// A property that labels do not have.
    #[error("the label has a property \"{0}\", which labels do not have")]
    Unknown(String),
    /// The extension does not belong to the id.
    #[error("the label's id belongs to another body: expected {expected}")]
    Swapped {
        /// The id that belongs to the body.
        expected: Uuid,
    },
    /// The id is right, but the object is not the one that it stands for: a list is not sorted or
    /// names something twice, a time is written otherwise, or there are other properties.
    #[error("the label's marking definition is not written as docs/formats/label.md says")]
    OtherForm,
}

/// The UUID of `label`'s marking definition. Faults do not travel.
pub fn id(label: &Label) -> Uuid {
    id_of(&extension(label))
}

fn id_of(extension: &Value<'_>) -> Uuid {
    Uuid::new_v5(&NAMESPACE, &canonical::to_bytes(extension))
}

/// `label` as a STIX 2.1 `marking-definition`, in RFC 8785 form.
pub fn to_stix(label: &Label) -> String {
    let extension = extension(label);
    let id = id_of(&extension);
    stix_of(label, extension, id)
}

fn stix_of(label: &Label, extension: Value<'_>, id: Uuid) -> String {
    let name = Label { faults: Faults::NONE, ..label.clone() };
    let marking = object([
        ("created", CREATED.into()),
        ("extensions", object([(EXTENSION_ID, extension)])),
        ("id", format!("marking-definition--{id}").into()),
        ("name", name.to_string().into()),
        ("spec_version", "2.1".into()),
        ("type", "marking-definition".into()),
    ]);
    String::from_utf8(canonical::to_bytes(&marking)).unwrap_or_default()
}

/// The extension's value. Lists are in the order of their sets, which is that of their bytes.
fn extension(label: &Label) -> Value<'static> {
    let under = label.under.iter().map(|under| {
        object([
            ("area", under.area.to_string().into()),
            ("programme", under.programme.to_string().into()),
        ])
    });
    let mut body = vec![
        ("actions", label.actions.as_str().into()),
        ("extension_type", "property-extension".into()),
        ("onward", label.onward.into()),
        ("originator", label.originator.to_string().into()),
        ("tlp", label.tlp.as_name().into()),
    ];
    // STIX has no empty lists and no null (§2.1): what is empty is not there.
    for (name, list) in [
        ("caveats", texts(&label.caveats)),
        ("rel_to", texts(label.rel_to.iter())),
        ("under", under.collect()),
    ] {
        body.extend((!list.is_empty()).then_some((name, Value::Array(list))));
    }
    for (name, text) in [
        ("exercise", label.exercise.as_ref().map(ToString::to_string)),
        ("not_after", label.window.not_after.map(Timestamp::to_stix)),
        ("not_before", label.window.not_before.map(Timestamp::to_stix)),
    ] {
        body.extend(text.map(|text| (name, text.into())));
    }
    object(body)
}

fn object<'a>(members: impl IntoIterator<Item = (&'static str, Value<'a>)>) -> Value<'a> {
    let mut map = Map::default();
    for (name, value) in members {
        map.insert(name, value);
    }
    Value::Object(map)
}

fn texts<T: ToString>(items: impl IntoIterator<Item = T>) -> Vec<Value<'static>> {
    let texts = items.into_iter().map(|item| item.to_string().into());
    texts.collect()
}

/// Whether a marking definition claims to be a label: it has our extension, however it is filled.
pub fn is_label(marking: &Map<'_>) -> bool {
    extension_of(marking).is_some()
}

fn extension_of<'v, 'a>(marking: &'v Map<'a>) -> Option<&'v Value<'a>> {
    marking.get("extensions")?.get(EXTENSION_ID)
}

/// Reads the label of a marking definition, whose id has the UUID `own_id`.
pub fn from_stix(marking: &Map<'_>, own_id: Uuid) -> Result<Label, BadLabel> {
    let body = extension_of(marking).and_then(Value::as_object);
    let label = read(body.ok_or(BadLabel::Property("extensions"))?)?;
    let extension = extension(&label);
    let expected = id_of(&extension);
    if expected != own_id {
        return Err(BadLabel::Swapped { expected });
    }
    // An id always has the same content (STIX 2.1 §3.6): all of it, not only what is read here.
    let stix = stix_of(&label, extension, expected);
    if canonical::to_bytes(&Value::Object(marking.clone())) != stix.as_bytes() {
        return Err(BadLabel::OtherForm);
    }
    Ok(label)
}

/// Reads the label whose marking definition is exactly `stix`, as [`to_stix`] writes it; gives its
/// UUID too.
pub fn from_text(stix: &str) -> Result<(Label, Uuid), BadLabel> {
    let value = json::parse(stix.as_bytes()).map_err(|_| BadLabel::OtherForm)?;
    let body = value.as_object().and_then(extension_of).and_then(Value::as_object);
    let label = read(body.ok_or(BadLabel::Property("extensions"))?)?;
    let extension = extension(&label);
    let id = id_of(&extension);
    if stix_of(&label, extension, id) == stix { Ok((label, id)) } else { Err(BadLabel::OtherForm) }
}

fn read(body: &Map<'_>) -> Result<Label, BadLabel> {
    if let Some((name, _)) = body.iter().find(|(name, _)| !PROPERTIES.contains(name)) {
        return Err(BadLabel::Unknown(name.to_owned()));
    }
    let is_ours = |value: &Value<'_>| (value.as_str()? == "property-extension").then_some(());
    required(body, "extension_type", is_ours)?;
    Ok(Label {
        originator: required(body, "originator", text_of)?,
        tlp: required(body, "tlp", |value| Tlp::from_name(value.as_str()?))?,
        rel_to: list(body, "rel_to", text_of)?,
        under: list(body, "under", under)?,
        caveats: list(body, "caveats", text_of)?,
        actions: required(body, "actions", |value| PermittedActions::from_name(value.as_str()?))?,
        exercise: optional(body, "exercise", text_of)?,
        window: Window {
            not_before: optional(body, "not_before", text_of)?,
            not_after: optional(body, "not_after", text_of)?,
        },
        onward: required(body, "onward", Value::as_bool)?,
        faults: Faults::NONE,
    })
}

const PROPERTIES: [&str; 11] = [
    "actions",
    "caveats",
    "exercise",
    "extension_type",
    "not_after",
    "not_before",
    "onward",
    "originator",
    "rel_to",
    "tlp",
    "under",
];

fn required<'a, T>(
    body: &Map<'a>,
    name: &'static str,
    read: impl Fn(&Value<'a>) -> Option<T>,
) -> Result<T, BadLabel> {
    optional(body, name, read)?.ok_or(BadLabel::Property(name))
}

fn optional<'a, T>(
    body: &Map<'a>,
    name: &'static str,
    read: impl Fn(&Value<'a>) -> Option<T>,
) -> Result<Option<T>, BadLabel> {
    let value = body.get(name);
    let read = value.map(|value| read(value).ok_or(BadLabel::Property(name)));
    read.transpose()
}

/// The items of a list; none if it is not there.
fn list<'a, T, C: FromIterator<T>>(
    body: &Map<'a>,
    name: &'static str,
    read: impl Fn(&Value<'a>) -> Option<T>,
) -> Result<C, BadLabel> {
    let items = match body.get(name) {
        None => Some(&[][..]),
        Some(value) => value.as_array(),
    };
    items.and_then(|items| items.iter().map(read).collect()).ok_or(BadLabel::Property(name))
}

fn text_of<T: FromStr>(value: &Value<'_>) -> Option<T> {
    value.as_str()?.parse().ok()
}

fn under(value: &Value<'_>) -> Option<Under> {
    Some(Under { programme: text_of(value.get("programme")?)?, area: text_of(value.get("area")?)? })
}
