//! What the server asks of the node around it: who is a partner, who may log in, and the one way in.
//!
//! Invariants:
//! * Every question that concerns a partner names its [`Audience`] or its nation; none answers for
//!   all partners at once.
//! * Methods block for a short time at most, except those of [`Inbox`] and [`Accounts::password`],
//!   which are called on threads that may block.

use std::sync::Arc;

use entente_object::time::Timestamp;
use entente_release::{Audience, Nation, Partner};
use uuid::Uuid;

/// Who is a partner, and what it may know of.
pub trait Directory: Send + Sync {
    /// The partner of this nation as it is now, if it ever was one.
    fn partner(&self, nation: Nation) -> Option<Arc<Partner>>;

    /// The collections that this audience may know of, always in the same order.
    fn collections(&self, audience: &Audience) -> Arc<[Collection]>;
}

/// A collection: one area of one programme.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Collection {
    pub(crate) under: String,
    pub(crate) id: Uuid,
    pub(crate) alias: String,
    pub(crate) title: String,
    pub(crate) description: Option<String>,
    pub(crate) can_write: bool,
}

/// The namespace of the ids of collections: a collection of the same area of the same programme has
/// the same id on every node.
const COLLECTIONS: Uuid = Uuid::from_u128(0x6f0c_29f1_5c0e_4c6b_9d53_2f8d_63a8_41c7);

impl Collection {
    /// The collection of `under`, `programme/area`, with a title for people.
    pub fn new(under: impl Into<String>, title: impl Into<String>) -> Self {
        let under = under.into();
        Self {
            id: Uuid::new_v5(&COLLECTIONS, under.as_bytes()),
            alias: under.replace('/', "."),
            under,
            title: title.into(),
            description: None,
            can_write: false,
        }
    }

    /// The same with a description.
    #[must_use]
    pub fn described(mut self, description: impl Into<String>) -> Self {
        self.description = Some(description.into());
        self
    }

    /// The same, and the partner may add objects to it.
    #[must_use]
    pub fn writable(mut self) -> Self {
        self.can_write = true;
        self
    }

    /// Its id on every node.
    pub fn id(&self) -> Uuid {
        self.id
    }

    /// `programme/area`.
    pub fn under(&self) -> &str {
        &self.under
    }
}

/// Who may log in, and how.
pub trait Accounts: Send + Sync {
    /// Changes whenever any credential was added, changed or taken away: what was remembered under
    /// another number is forgotten.
    fn version(&self) -> u64;

    /// The password of a user: its Argon2id hash as a PHC string, and the account.
    fn password(&self, user: &str) -> Option<(String, Account)>;

    /// The account of a token, by the token's SHA-256.
    fn token(&self, sha256: &[u8; 32]) -> Option<Account>;

    /// The account of a client certificate that is pinned, by the certificate's SHA-256.
    fn certificate(&self, sha256: &[u8; 32]) -> Option<Account>;
}

/// On whose behalf a credential acts, and how far.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// The nation.
    pub nation: Nation,
    /// What it may be used for.
    pub scope: Scope,
    /// From when on it is refused.
    pub expires: Option<Timestamp>,
}

/// What a credential may be used for, within what its nation may do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scope {
    /// Reading.
    pub read: bool,
    /// Adding objects, and withdrawing its own.
    pub write: bool,
    /// Only these collections, as `programme/area`; none: all that the nation may know of.
    pub collections: Option<Vec<String>>,
}

impl Scope {
    /// Whatever the nation may do.
    pub const ALL: Self = Self { read: true, write: true, collections: None };

    /// Whether the collection of `under` is within it.
    pub fn covers(&self, under: &str) -> bool {
        self.collections.as_ref().is_none_or(|only| only.iter().any(|one| one == under))
    }
}

/// The client certificate of a connection. The TLS layer puts it into the extensions of each
/// request of that connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientCertificate {
    /// SHA-256 of the certificate.
    pub sha256: [u8; 32],
    /// The certificate, DER.
    pub der: Arc<[u8]>,
}

/// The connection is over TLS. The TLS layer puts it into the extensions of each request;
/// without it, passwords and tokens are refused unless [`crate::Settings::in_clear`] says otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OverTls;

/// The one way in: what partners send, and what they take back.
pub trait Inbox: Send + Sync {
    /// Takes objects that the audience sent to the collection of `under`; one answer for each, in
    /// order. An exact copy of what is there already is [`Fate::Taken`].
    fn submit(
        &self,
        audience: &Audience,
        under: &str,
        objects: Vec<Vec<u8>>,
    ) -> Result<Vec<Submitted>, InboxError>;

    /// Withdraws versions of one object that the audience brought itself from the collection of
    /// `under`. All of them or, with an error, none.
    fn withdraw(
        &self,
        audience: &Audience,
        under: &str,
        withdrawal: &Withdrawal,
    ) -> Result<(), InboxError>;

    /// The status that was saved for this audience under `id`, if it is still there.
    fn status(&self, audience: &Audience, id: Uuid) -> Result<Option<String>, InboxError>;

    /// Saves a status for this audience, for a day at least.
    fn save_status(&self, audience: &Audience, id: Uuid, status: &str) -> Result<(), InboxError>;
}

/// What became of one object that was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Submitted {
    /// Its id as it was sent; empty if it had none that can be read.
    pub id: String,
    /// `modified`, else `created`, as it was sent; empty if it had neither.
    pub version: String,
    /// Whether it was taken.
    pub fate: Fate,
}

/// Whether an object was taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It was taken, or is here already.
    Taken,
    /// It was not, and why: for the sender, with what to do.
    Refused(String),
}

/// Versions of one object to withdraw.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Withdrawal {
    /// The type of its id.
    pub object_type: String,
    /// The UUID of its id.
    pub uuid: Uuid,
    /// Its versions, in microseconds since 1970.
    pub versions: Vec<i64>,
}

/// Why the inbox did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum InboxError {
    /// The audience may not do this here. The text is for the sender.
    #[error("not allowed: {0}")]
    NotAllowed(String),
    /// Another nation brought the object.
    #[error("the object was brought by another nation")]
    NotYours,
    /// What was sent cannot be taken as a whole. The text is for the sender.
    #[error("not taken: {0}")]
    Unprocessable(String),
    /// Not now: the disk is full, or the writer is busy or closing.
    #[error("not now: {0}")]
    Unavailable(String),
    /// This node's own fault. The text is for the log alone.
    #[error("the inbox failed: {0}")]
    Failed(String),
}
