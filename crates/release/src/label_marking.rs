//! The label as STIX carries it: one `marking-definition` with our property-extension.
//!
//! Invariant: the id is UUIDv5, in a namespace of our own, over the RFC 8785 bytes of the
//! extension. So equal labels have equal ids, and anyone can tell a swapped body from its id.
//! Published in docs/formats/label.md.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use entente_object::json::{Map, Value};
use entente_object::marking::Tlp;
use entente_object::time::Timestamp;
use uuid::{Uuid, uuid};

use crate::label::{Faults, Label, PermittedActions, Under, Window};
use crate::nation::NationSet;

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
    /// The body does not belong to the id.
    #[error("the label's id belongs to another body: expected {expected}")]
    Swapped {
        /// The id that belongs to the body.
        expected: Uuid,
    },
}

/// The marking definition's id of `label`.
pub fn id(label: &Label) -> Uuid {
    Uuid::new_v5(&NAMESPACE, extension(label).as_bytes())
}

/// `label` as a STIX 2.1 `marking-definition`, in RFC 8785 form. Faults do not travel.
pub fn to_stix(label: &Label) -> String {
    format!(
        "{{\"created\":\"{CREATED}\",\"extensions\":{{\"{EXTENSION_ID}\":{}}},\
         \"id\":\"marking-definition--{}\",\"name\":\"{}\",\"spec_version\":\"2.1\",\
         \"type\":\"marking-definition\"}}",
        extension(label),
        id(label),
        Label {
            faults: Faults::NONE,
            ..label.clone()
        },
    )
}

/// The extension's value in RFC 8785 form. All its strings are ASCII without escapes.
fn extension(label: &Label) -> String {
    let quoted =
        |names: Vec<String>| format!("[\"{}\"]", names.join("\",\"")).replace("[\"\"]", "[]");
    let mut json = format!(
        "{{\"actions\":\"{}\",\"caveats\":{}",
        label.actions.as_str(),
        quoted(label.caveats.iter().map(ToString::to_string).collect())
    );
    let optional = [
        ("exercise", label.exercise.as_ref().map(ToString::to_string)),
        ("not_after", label.window.not_after.map(|at| at.to_string())),
        (
            "not_before",
            label.window.not_before.map(|at| at.to_string()),
        ),
    ];
    for (position, (name, value)) in optional.into_iter().enumerate() {
        // `extension_type` sorts between `exercise` and the times.
        if position == 1 {
            json.push_str(",\"extension_type\":\"property-extension\"");
        }
        if let Some(value) = value {
            let _infallible = write!(json, ",\"{name}\":\"{value}\"");
        }
    }
    let under: Vec<String> = label
        .under
        .iter()
        .map(|u| {
            format!(
                "{{\"area\":\"{}\",\"programme\":\"{}\"}}",
                u.area, u.programme
            )
        })
        .collect();
    let _infallible = write!(
        json,
        ",\"onward\":{},\"originator\":\"{}\",\"rel_to\":{},\"tlp\":\"{}\",\"under\":[{}]}}",
        label.onward,
        label.originator,
        quoted(
            label
                .rel_to
                .iter()
                .map(|nation| nation.to_string())
                .collect()
        ),
        label.tlp.as_name(),
        under.join(",")
    );
    json
}

/// Whether a marking definition carries our extension.
pub fn is_label(marking: &Map<'_>) -> bool {
    extension_of(marking).is_some()
}

fn extension_of<'v, 'a>(marking: &'v Map<'a>) -> Option<&'v Map<'a>> {
    marking
        .get("extensions")?
        .as_object()?
        .get(EXTENSION_ID)?
        .as_object()
}

/// Reads the label of a marking definition, whose id has the UUID `own_id`.
pub fn from_stix(marking: &Map<'_>, own_id: Uuid) -> Result<Label, BadLabel> {
    let body = extension_of(marking).ok_or(BadLabel::Property("extensions"))?;
    if let Some((name, _)) = body.iter().find(|(name, _)| !PROPERTIES.contains(name)) {
        return Err(BadLabel::Unknown(name.to_owned()));
    }
    let text = |name: &'static str| body.get(name).and_then(Value::as_str);
    let label = Label {
        originator: parse(text("originator"), "originator")?,
        tlp: text("tlp")
            .and_then(Tlp::from_name)
            .ok_or(BadLabel::Property("tlp"))?,
        rel_to: list(body, "rel_to")?.into_iter().collect::<NationSet>(),
        under: under(body)?,
        caveats: list(body, "caveats")?.into_iter().collect(),
        actions: text("actions")
            .and_then(PermittedActions::from_name)
            .ok_or(BadLabel::Property("actions"))?,
        exercise: optional(body, "exercise")?,
        window: Window {
            not_before: optional::<Timestamp>(body, "not_before")?,
            not_after: optional::<Timestamp>(body, "not_after")?,
        },
        onward: body
            .get("onward")
            .and_then(Value::as_bool)
            .ok_or(BadLabel::Property("onward"))?,
        faults: Faults::NONE,
    };
    if text("extension_type") != Some("property-extension") {
        return Err(BadLabel::Property("extension_type"));
    }
    let expected = id(&label);
    if expected == own_id {
        Ok(label)
    } else {
        Err(BadLabel::Swapped { expected })
    }
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

fn parse<T: std::str::FromStr>(text: Option<&str>, name: &'static str) -> Result<T, BadLabel> {
    text.and_then(|text| text.parse().ok())
        .ok_or(BadLabel::Property(name))
}

fn optional<T: std::str::FromStr>(
    body: &Map<'_>,
    name: &'static str,
) -> Result<Option<T>, BadLabel> {
    match body.get(name) {
        None => Ok(None),
        Some(value) => parse(value.as_str(), name).map(Some),
    }
}

fn list<T: std::str::FromStr>(body: &Map<'_>, name: &'static str) -> Result<Vec<T>, BadLabel> {
    let values = body
        .get(name)
        .and_then(Value::as_array)
        .ok_or(BadLabel::Property(name))?;
    values
        .iter()
        .map(|value| parse(value.as_str(), name))
        .collect()
}

fn under(body: &Map<'_>) -> Result<BTreeSet<Under>, BadLabel> {
    let bad = BadLabel::Property("under");
    let values = body
        .get("under")
        .and_then(Value::as_array)
        .ok_or(bad.clone())?;
    let one = |value: &Value<'_>| -> Result<Under, BadLabel> {
        let map = value
            .as_object()
            .filter(|map| map.len() == 2)
            .ok_or(bad.clone())?;
        let text = |name: &str| map.get(name).and_then(Value::as_str);
        Ok(Under {
            programme: parse(text("programme"), "under")?,
            area: parse(text("area"), "under")?,
        })
    };
    values.iter().map(one).collect()
}
