//! One object, made ready: strictly parsed, validated, and with all that labelling needs.
//!
//! Invariant: preparing looks at the bytes alone, so it runs on any thread, and its answer does not
//! depend on what the node holds.

use std::sync::Arc;

use entente_cooperation::playbook;
use entente_log::codec::Damaged;
use entente_object::id::{Id, IdKey, OwnedId, mentions_in_map};
use entente_object::json::Value;
use entente_object::marking::{MARKING_DEFINITION, TLP_2_0_EXTENSION, Tlp};
use entente_object::object::{Object, ObjectError};
use entente_object::report::Report;
use entente_object::spec::cooperation;
use entente_object::time::Timestamp;
use entente_object::validate::validate_members;
use entente_release::label_marking::{self, BadLabel};
use entente_release::{Label, Nation};
use sha2::{Digest as _, Sha256};

/// The types whose label is combined with those of everything that they refer to.
const CONTAINERS: [&str; 8] = [
    "grouping",
    "incident",
    "note",
    "observed-data",
    "opinion",
    "relationship",
    "report",
    "sighting",
];

/// What stands for the id of a nation's `identity`.
pub(crate) fn party_key(nation: Nation) -> IdKey {
    IdKey::of("identity", nation.identity())
}

/// An object, ready to be taken in.
#[derive(Clone, Debug)]
pub struct Prepared {
    /// Exactly as received.
    pub bytes: Vec<u8>,
    /// Its id.
    pub id: OwnedId,
    /// What stands for its id.
    pub key: IdKey,
    /// Its version in microseconds since 1970, if it bears one.
    pub version: Option<i64>,
    /// SHA-256 of its bytes.
    pub digest: [u8; 32],
    /// The identity that made it.
    pub created_by: Option<IdKey>,
    /// The highest TLP marking on it or on a part of it.
    pub tlp: Option<Tlp>,
    /// Its other markings, of the whole or of parts.
    pub markings: Vec<IdKey>,
    /// Every id that it mentions but its own, TLP markings and our extensions.
    pub mentions: Vec<IdKey>,
    /// What it defines, if it is a marking definition.
    pub defines: Option<Defines>,
    /// Whether its label is combined with those of what it mentions.
    pub is_container: bool,
    /// The label that its originator released it under, if it came from a partner's ledger.
    pub released_under: Option<Arc<Label>>,
}

/// What a marking definition defines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Defines {
    /// One of our labels.
    Label(Box<Label>),
    /// Something claimed to be one of our labels, which is not.
    BadLabel(BadLabel),
    /// A level of TLP: ours are compiled in, so whatever it says is ignored.
    Tlp,
    /// A statement: it restricts nothing that a machine can check.
    Statement,
    /// Something else: what it restricts is not known here, so it is as if it were not here.
    Strange,
}

/// Why an object is not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// It is no object.
    #[error("{0}")]
    Object(#[from] ObjectError),
    /// It breaks the standard.
    #[error("it is not valid STIX 2.1: {}", first_error(.0))]
    Invalid(Box<Report>),
    /// An object of this id and version is here with other content.
    #[error("{0} is here in this version with other content: a change needs a newer \"modified\"")]
    Conflict(OwnedId),
    /// A marking definition of this id is here with other content.
    #[error("{0} is here with other content: a marking has no versions, a change needs a new id")]
    MarkingConflict(OwnedId),
    /// The creator is a party, and another one than who brings it.
    #[error("it says that it was created by {0}, and only {0} may bring that")]
    ForeignCreator(Nation),
    /// It claims to define a TLP marking.
    #[error("the TLP markings are built in: this definition is not needed and was ignored")]
    DefinesTlp,
    /// The store has lost something.
    #[error("{0}")]
    Damaged(#[from] Damaged),
}

fn first_error(report: &Report) -> String {
    let Some(first) = report.errors.first() else { return "no reason given".to_owned() };
    let place = if first.path.is_empty() { String::new() } else { format!("{}: ", first.path) };
    let standard = if first.section.starts_with("docs/") { "" } else { "STIX 2.1, " };
    format!("{place}{} ({standard}{})", first.message, first.section)
}

/// Prepares one object.
pub fn prepare(bytes: Vec<u8>) -> Result<Prepared, (Refused, Vec<u8>)> {
    match examine(&bytes) {
        Ok(examined) => Ok(Prepared { bytes, ..examined }),
        Err(refused) => Err((refused, bytes)),
    }
}

fn examine(bytes: &[u8]) -> Result<Prepared, Refused> {
    let object = Object::from_bytes(bytes)?;
    let report = validate_members(object.members());
    if !report.is_valid() {
        return Err(Refused::Invalid(Box::new(report)));
    }
    let id = object.id();
    let whole = object.object_marking_refs();
    let parts = object.granular_marking_refs();
    let (mut tlp, mut markings) = (None, Vec::new());
    for marking in whole.into_iter().chain(parts.iter().map(|part| part.marking)) {
        if let Some(level) = Tlp::from_marking_id(marking) {
            tlp = tlp.max(Some(level));
        } else if !markings.contains(&marking.key()) {
            markings.push(marking.key());
        }
    }
    let defines = (id.type_name == MARKING_DEFINITION).then(|| defines(&object));
    Ok(Prepared {
        bytes: Vec::new(),
        version: object.version().map(Timestamp::unix_micros),
        digest: Sha256::digest(bytes).into(),
        created_by: object.created_by_ref().map(Id::key),
        tlp,
        markings,
        mentions: mentions(&object, id),
        defines,
        is_container: CONTAINERS.contains(&id.type_name),
        released_under: None,
        id: id.to_owned(),
        key: id.key(),
    })
}

/// The ids that the object in `bytes` mentions, for people to read.
pub(crate) fn mentioned(bytes: &[u8]) -> Result<Vec<OwnedId>, ObjectError> {
    let object = Object::from_bytes(bytes)?;
    let mut ids = Vec::new();
    each_mention(&object, object.id(), &mut |id| ids.push(id.to_owned()));
    ids.sort_unstable();
    ids.dedup();
    Ok(ids)
}

fn mentions(object: &Object<'_>, own: Id<'_>) -> Vec<IdKey> {
    let mut mentions = Vec::new();
    each_mention(object, own, &mut |id| mentions.push(id.key()));
    mentions.sort_unstable();
    mentions.dedup();
    mentions
}

/// Calls `found` with every id in an object but its own, TLP markings, our extensions and the public one that
/// carries playbooks.
fn each_mention(object: &Object<'_>, own: Id<'_>, found: &mut impl FnMut(Id<'_>)) {
    let ours = |id: Id<'_>| {
        let extension = |text: &str| Id::parse(text) == Ok(id);
        Tlp::from_marking_id(id).is_some()
            || extension(label_marking::EXTENSION_ID)
            || extension(TLP_2_0_EXTENSION)
            || extension(cooperation::EXTENSION_ID)
            || extension(playbook::EXTENSION_ID)
    };
    mentions_in_map(object.members(), &mut |id| {
        if id != own && !ours(id) {
            found(id);
        }
    });
}

fn defines(object: &Object<'_>) -> Defines {
    let id = object.id();
    if Tlp::from_marking_id(id).is_some() {
        return Defines::Tlp;
    }
    if !label_marking::is_label(object.members()) {
        let kind = object.get("definition_type").and_then(Value::as_str);
        let plain = kind == Some("statement") && object.get("extensions").is_none();
        return if plain { Defines::Statement } else { Defines::Strange };
    }
    match label_marking::from_stix(object.members(), id.uuid) {
        Ok(label) => Defines::Label(Box::new(label)),
        Err(bad) => Defines::BadLabel(bad),
    }
}
