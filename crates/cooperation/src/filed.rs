//! An object of cooperation as it stands in the log: what it says, who said it, when.
//!
//! Invariant: who said it is who brought it and also who the object names as its creator; an object of
//! which the two differ is not read.

use entente_object::object::Object;
use entente_object::spec::cooperation::EXTENSION_ID;
use entente_object::time::Timestamp;
use entente_release::Nation;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::content::{
    Activity, Actual, Alert, Assessment, Assistance, Capability, Commitment, Consultation, Content,
    Contribution, Proposal, Recognition, SignOff, Situation, WorkingGroup,
};

/// An object of cooperation.
#[derive(Clone, Debug, PartialEq)]
pub struct Filed {
    /// Its id.
    pub id: String,
    /// Who said it.
    pub by: Nation,
    /// When its first version was made, as its maker says.
    pub created: Timestamp,
    /// When this version was.
    pub modified: Timestamp,
    /// Whether its maker took it back.
    pub revoked: bool,
    /// Where it stands.
    pub place: Place,
    /// What it says.
    pub content: Content,
}

/// Where an object stands, and since when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// In the log.
    pub seq: u64,
    /// Under which label.
    pub label: u32,
    /// SHA-256 of its exact bytes.
    pub digest: [u8; 32],
    /// When its maker's node gave it to this one, by the maker's ledger; of this nation's own: when
    /// it was made.
    pub given: Timestamp,
}

/// Why an object is not read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotFiled {
    /// It is no object of cooperation.
    #[error("it is not what its type says: {0}")]
    Content(String),
    /// It does not say that who brought it made it.
    #[error("{0} brought it, and it does not say that {0} made it")]
    Maker(Nation),
}

/// What an object may say.
pub trait Said: Sized {
    /// What a content says, if it says this.
    fn of(content: &Content) -> Option<&Self>;
    /// As a content.
    fn content(self) -> Content;
}

macro_rules! said {
    ($($name:ident),+ $(,)?) => {$(
        impl Said for $name {
            fn of(content: &Content) -> Option<&Self> {
                if let Content::$name(said) = content { Some(said) } else { None }
            }

            fn content(self) -> Content {
                Content::$name(self)
            }
        }
    )+};
}

said!(
    Consultation,
    Proposal,
    SignOff,
    Contribution,
    Commitment,
    Actual,
    Assessment,
    WorkingGroup,
    Activity,
    Recognition,
    Capability,
    Alert,
    Situation,
    Assistance,
);

impl Filed {
    /// Reads an object that `by` brought.
    pub fn read(bytes: &[u8], by: Nation, place: Place) -> Result<Self, NotFiled> {
        let wrong = |cause: &dyn std::fmt::Display| NotFiled::Content(cause.to_string());
        let object = Object::from_bytes(bytes).map_err(|cause| wrong(&cause))?;
        let maker = object.created_by_ref().map(|id| id.uuid);
        if maker != Some(by.identity()) {
            return Err(NotFiled::Maker(by));
        }
        let mut from = serde_json::Deserializer::from_slice(bytes);
        let content = Content::deserialize(&mut from).map_err(|cause| wrong(&cause))?;
        let missing = || NotFiled::Content("it bears no version".to_owned());
        Ok(Self {
            id: object.id().to_string(),
            by,
            created: object.created().ok_or_else(missing)?,
            modified: object.modified().ok_or_else(missing)?,
            revoked: object.is_revoked(),
            place,
            content,
        })
    }

    /// What it says, if it says a `T`.
    pub fn says<T: Said>(&self) -> Option<&T> {
        T::of(&self.content)
    }
}

/// The head of an object to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// Its id.
    pub id: String,
    /// This nation.
    pub by: Nation,
    /// When its first version was made.
    pub created: Timestamp,
    /// When this one is.
    pub modified: Timestamp,
}

/// An object's bytes.
pub fn write(head: &Head, content: &Content) -> Vec<u8> {
    let mut object = json!({
        "type": content.type_name(),
        "spec_version": "2.1",
        "id": head.id,
        "created_by_ref": format!("identity--{}", head.by.identity()),
        "created": millis(head.created).to_stix(),
        "modified": millis(head.modified).to_stix(),
    });
    let said = serde_json::to_value(content).unwrap_or_default();
    if let (Value::Object(object), Value::Object(said)) = (&mut object, said) {
        object.extend(said);
        let extension = json!({ EXTENSION_ID: { "extension_type": "new-sdo" } });
        object.insert("extensions".to_owned(), extension);
    }
    serde_json::to_vec(&object).unwrap_or_default()
}

/// To the millisecond, as most tools write versions.
pub fn millis(time: Timestamp) -> Timestamp {
    Timestamp::from_unix_micros(time.unix_micros().div_euclid(1000) * 1000)
}
