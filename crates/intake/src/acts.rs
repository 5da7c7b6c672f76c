//! Recorded acts and their JSON forms: who is a partner, what was adopted, what was approved.
//!
//! Invariant: of the acts of one kind about one thing, the last counts.

use std::collections::BTreeMap;

use entente_release::Nation;
use serde::{Deserialize, Serialize};

/// The kinds of acts.
pub mod kind {
    /// A [`super::NodeAct`].
    pub const NODE: &str = "node";
    /// A [`super::ProgrammeAct`].
    pub const PROGRAMME: &str = "programme";
    /// A [`super::NationalAct`].
    pub const NATIONAL: &str = "national";
    /// A [`super::PartnerAct`].
    pub const PARTNER: &str = "partner";
    /// A [`super::ApprovalAct`].
    pub const APPROVAL: &str = "approval";
    /// A [`super::ImportAct`].
    pub const IMPORT: &str = "import";
    /// A [`super::UserAct`].
    pub const USER: &str = "user";
    /// A [`super::PersonTokenAct`].
    pub const PERSON_TOKEN: &str = "person-token";
    /// A [`super::CredentialAct`].
    pub const CREDENTIAL: &str = "credential";
    /// An [`super::AlarmAct`].
    pub const ALARM: &str = "alarm";
    /// An [`super::EvidenceAct`].
    pub const EVIDENCE: &str = "evidence";
    /// A [`super::PeerAct`].
    pub const PEER: &str = "peer";
    /// A [`super::CardAct`].
    pub const CARD: &str = "card";
    /// An [`super::EpochAct`].
    pub const EPOCH: &str = "epoch";
    /// A [`super::WitnessNeedAct`].
    pub const WITNESS_NEED: &str = "witness-need";
    /// A [`super::RecallAct`].
    pub const RECALL: &str = "recall";
    /// An [`super::ExpiredAct`].
    pub const EXPIRED: &str = "expired";
    /// A [`super::RecalledAct`].
    pub const RECALLED: &str = "recalled";
    /// A [`super::FeedAct`].
    pub const FEED: &str = "feed";

    /// [`super::ReceivedAct`]s of a nation. A kind for each, so that the last is found at once.
    pub fn received(nation: super::Nation) -> String {
        format!("received/{nation}")
    }

    /// [`super::LeavesAct`]s of a nation.
    pub fn leaves(nation: super::Nation) -> String {
        format!("leaves/{nation}")
    }

    /// [`super::ReceiptAct`]s of a nation.
    pub fn receipt(nation: super::Nation) -> String {
        format!("receipt/{nation}")
    }

    /// [`super::EpochsAct`]s of a nation.
    pub fn epochs(nation: super::Nation) -> String {
        format!("epochs/{nation}")
    }

    /// [`super::WitnessAct`]s of a nation.
    pub fn witness(nation: super::Nation) -> String {
        format!("witness/{nation}")
    }

    /// [`super::HoldsAct`]s of a nation.
    pub fn holds(nation: super::Nation) -> String {
        format!("holds/{nation}")
    }

    /// [`super::PolledAct`]s of a feed.
    pub fn polled(feed: u32) -> String {
        format!("polled/{feed}")
    }

    /// [`super::PushedAct`]s of a feed.
    pub fn pushed(feed: u32) -> String {
        format!("pushed/{feed}")
    }

    /// [`super::FeedRefusedAct`]s of a feed.
    pub fn feed_refused(feed: u32) -> String {
        format!("feed-refused/{feed}")
    }

    /// [`super::FeedTroubleAct`]s of a feed.
    pub fn feed_trouble(feed: u32) -> String {
        format!("feed-trouble/{feed}")
    }
}

/// What node this is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeAct {
    /// The nation, ISO 3166-1 alpha-3.
    pub nation: String,
    /// The public key with which it signs its ledgers.
    pub key: String,
}

/// A programme was adopted.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ProgrammeAct {
    /// The name of the file that it came from.
    pub file: String,
    /// The whole text.
    pub text: String,
}

/// A file of national caveats was adopted, or with an empty text withdrawn.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct NationalAct {
    /// The name of the file.
    pub file: String,
    /// The whole text.
    pub text: String,
}

/// A partner was added or changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartnerAct {
    /// Its number on this node.
    pub index: u8,
    /// Its nation.
    pub nation: String,
    /// `active`, `suspended` or `revoked`.
    pub standing: String,
    /// From when its credentials count, in microseconds since 1970.
    pub not_before: Option<i64>,
    /// Until when.
    pub not_after: Option<i64>,
    /// The caveats that it has accepted.
    pub caveats: Vec<String>,
    /// The exercises that it is enrolled in.
    pub exercises: Vec<String>,
    /// The areas that it wants, as `programme/area`; none: all that it may have.
    pub subscription: Option<Vec<String>>,
}

/// A releaser approved an object for partners.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApprovalAct {
    /// The object's place in the log.
    pub object: u64,
    /// Who.
    pub releaser: String,
    /// The releaser's public key.
    pub key: String,
    /// SHA-256 of the object, hexadecimal.
    pub digest: String,
    /// SHA-256 of the label's marking definition, hexadecimal.
    pub label: String,
    /// The nations that would receive it.
    pub recipients: Vec<String>,
    /// The policy, hexadecimal.
    pub policy: String,
    /// Until when it counts, in microseconds since 1970.
    pub expires: i64,
    /// The signature over `entente_release::approval::Subject::to_bytes`, hexadecimal.
    pub signature: String,
}

/// Something happened that a person must look at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlarmAct {
    /// What: `equivocation`, `foreign-creator`, `defines-tlp`, `invalid-object`, `ledger`.
    pub what: String,
    /// Who did it.
    pub nation: String,
    /// The object's id.
    pub id: String,
    /// SHA-256 of what was refused, hexadecimal.
    pub digest: String,
    /// More, for people.
    pub detail: String,
}

/// What an alarm is about, kept as it came. Apart from the alarm, which is shown to people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EvidenceAct {
    /// SHA-256 of the object, as the alarm names it, hexadecimal.
    pub digest: String,
    /// The object, byte for byte.
    pub object: String,
}

/// A person brought objects: who approves them must be somebody else.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportAct {
    /// Who.
    pub author: String,
    /// The place of the first object in the log.
    pub first: u64,
    /// The place after the last one.
    pub end: u64,
}

/// A person of this nation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserAct {
    /// The name.
    pub name: String,
    /// `reader`, `analyst`, `releaser`, `controller`, `evaluator`, `desk-officer`, `administrator`.
    pub roles: Vec<String>,
    /// The public key with which the person signs.
    pub key: String,
    /// Whether the person may still act.
    pub active: bool,
}

/// A token with which a program of this nation does what a person may do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PersonTokenAct {
    /// What it is called; unique on this node.
    pub name: String,
    /// Whose.
    pub user: String,
    /// SHA-256 of the token, hexadecimal.
    pub hash: String,
    /// Until when it counts, in microseconds since 1970.
    pub expires: i64,
    /// Whether it still counts.
    pub active: bool,
}

/// A credential with which a partner's programs log in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CredentialAct {
    /// What it is called; unique on this node.
    pub name: String,
    /// The nation.
    pub nation: String,
    /// `password`, `token` or `certificate`.
    pub form: String,
    /// Of a password: its Argon2id hash. Else SHA-256 of the token or certificate, hexadecimal.
    pub hash: String,
    /// Whether it may read.
    pub read: bool,
    /// Whether it may write.
    pub write: bool,
    /// Only these collections, as `programme/area`.
    pub collections: Option<Vec<String>>,
    /// Until when it counts, in microseconds since 1970.
    pub expires: Option<i64>,
    /// Whether it still counts.
    pub active: bool,
}

/// The answer to what a partner sent, kept for it to read again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatusAct {
    /// Who sent it.
    pub nation: String,
    /// The status resource (TAXII 2.1, 4.3).
    pub text: String,
}

/// A partner's node was met: its card was accepted by people who compared the fingerprint.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PeerAct {
    /// The nation.
    pub nation: String,
    /// Its card, as it was given.
    pub card: String,
}

/// This node's card was followed by another: what partners are given who hold the one before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CardAct {
    /// The card before, by the SHA-256 of its text, hexadecimal.
    pub before: String,
    /// The succession (docs/formats/peer.md).
    pub succession: String,
}

/// What all ledgers of this node were at one time (docs/formats/epoch.md). The seed is shown to nobody.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EpochAct {
    /// Its number.
    pub number: u64,
    /// When, in seconds since 1970.
    pub at: i64,
    /// What hides the commitments, base64 of 32 bytes.
    pub seed: String,
    /// The root of the slots, base64.
    pub root: String,
    /// Of each partner: how many entries, and the root, base64.
    pub ledgers: BTreeMap<String, (u64, String)>,
}

/// How far the epochs of a partner's node were followed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EpochsAct {
    /// How many.
    pub size: u64,
    /// The roots of the complete subtrees, base64 of 32 bytes each.
    pub edge: Vec<String>,
    /// When the last one was, in seconds since 1970.
    pub at: i64,
    /// The checkpoint of them, as the partner signed it.
    pub note: String,
    /// Up to how many of them other nations witnessed the same, and when the last did so, in seconds
    /// since 1970.
    pub witnesses: BTreeMap<String, (u64, i64)>,
}

/// A partner saw the epochs of this node, and they continue what it saw before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WitnessAct {
    /// How many.
    pub size: u64,
    /// The checkpoint with the partner's cosignature.
    pub note: String,
}

/// How many other nations must have seen the same of a partner's epochs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WitnessNeedAct {
    /// So many.
    pub need: u8,
}

/// Which card of this node a partner's node holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HoldsAct {
    /// SHA-256 of its text, hexadecimal.
    pub card: String,
}

/// How far a partner's ledger for this nation was received, and what was signed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReceivedAct {
    /// How many entries.
    pub size: u64,
    /// The roots of the complete subtrees of the entries received, base64 of 32 bytes each.
    pub edge: Vec<String>,
    /// `date_added` of the last entry, in microseconds since 1970.
    pub added: i64,
    /// The checkpoint that they were proven by.
    pub note: String,
}

/// Leaves of a partner's ledger that were received: with them this node proves what it received.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeavesAct {
    /// The place of the first.
    pub from: u64,
    /// The leaves end to end, base64 of 60 bytes each.
    pub leaves: String,
}

/// A partner's receipt for everything that this node released to it up to a size.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReceiptAct {
    /// How many entries it covers.
    pub size: u64,
    /// The checkpoint with the partner's cosignature.
    pub note: String,
}

/// A partner took back an object that it had released to this nation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecalledAct {
    /// The partner.
    pub nation: String,
    /// The object's id.
    pub id: String,
    /// SHA-256 of its exact bytes, hexadecimal.
    pub digest: String,
}

/// This nation took an object back from nations.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecallAct {
    /// The object's id.
    pub id: String,
    /// The nations.
    pub from: Vec<String>,
    /// Why, in the words of who did it.
    pub why: String,
    /// Who did it.
    pub by: Option<String>,
    /// Of each nation that had it: how many entries its ledger has with the recall. A receipt for as
    /// many acknowledges it.
    pub entries: BTreeMap<String, u64>,
}

/// The time of a label is over: what was released under it was taken back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExpiredAct {
    /// The label's number.
    pub label: u32,
}

/// Which way the objects of a feed go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FeedWay {
    /// From the server to this node.
    From,
    /// From this node to the server.
    To,
}

/// Whether a feed runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FeedState {
    /// When it is due.
    Active,
    /// Not until people say so.
    Paused,
    /// Never again.
    Removed,
}

/// How a feed logs in. What is secret of it is never in the log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FeedLogin {
    /// Not at all.
    None,
    /// With this user name and a password.
    Password(String),
    /// With a token.
    Token,
}

/// The label that a feed puts on what it brings, as an operator gave it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FeedLabel {
    /// The programme.
    pub programme: Option<String>,
    /// The area of cooperation.
    pub area: Option<String>,
    /// The least TLP level.
    pub tlp: Option<String>,
    /// Nations and groups; groups are expanded when objects come.
    pub rel_to: Vec<String>,
    /// Caveats.
    pub caveats: Vec<String>,
    /// Not to be released before this time.
    pub not_before: Option<String>,
    /// Not to be released from this time on.
    pub not_after: Option<String>,
}

/// A TAXII server of somebody without a node, from which objects are taken or to which they are given.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FeedAct {
    /// Its number on this node, never used again.
    pub number: u32,
    /// What it is called.
    pub name: String,
    /// Which way the objects go.
    pub way: FeedWay,
    /// The address of the API root, with a slash at its end.
    pub root: String,
    /// The collection.
    pub collection: String,
    /// Whose the objects are that come, or to whom they go.
    pub nation: String,
    /// How often it runs, in seconds.
    pub every: u64,
    /// How it logs in.
    pub login: FeedLogin,
    /// The authorities that vouch for the server, PEM; none: the public ones.
    pub authority: Option<String>,
    /// The label of what comes.
    pub label: FeedLabel,
    /// Of what goes: how many entries the nation's ledger had when the feed was added. What was
    /// taken back before was never given.
    pub since: u64,
    /// Whether it runs.
    pub state: FeedState,
}

/// How far a feed was taken in.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PolledAct {
    /// Objects added after this are asked for, in microseconds since 1970; none: all.
    pub after: Option<i64>,
    /// How many objects were taken in by now.
    pub taken: u64,
    /// How many were refused.
    pub refused: u64,
}

/// What a server took and has not said yet what became of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PendingAct {
    /// The id of its status resource.
    pub status: String,
    /// How many entries of the ledger are given with it.
    pub to: u64,
    /// How many objects are in it.
    pub objects: u64,
}

/// How far a nation's ledger was given to its server, as the server acknowledged.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PushedAct {
    /// How many entries of the ledger.
    pub entries: u64,
    /// What waits for the server.
    pub pending: Option<PendingAct>,
    /// How many objects the server took by now.
    pub given: u64,
    /// How many it refused.
    pub refused: u64,
    /// How many it deleted, because they were taken back.
    pub taken_back: u64,
    /// How many were taken back, and the server has not said that it deleted them.
    pub not_acknowledged: u64,
}

/// One object that was refused, by this node or by a server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FeedRefusal {
    /// Its id, as far as it can be read.
    pub id: String,
    /// Why.
    pub why: String,
}

/// Objects of a feed that were refused.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FeedRefusedAct {
    /// The objects.
    pub refused: Vec<FeedRefusal>,
    /// How many more are not listed.
    pub more: u64,
}

/// A feed failed, or runs again after it had failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FeedTroubleAct {
    /// Why; none: it runs again.
    pub why: Option<String>,
}
