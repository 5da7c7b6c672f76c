//! Approval by releasers: what exactly a person approves, and when it counts.
//!
//! Invariant: an approval counts only for the object, label, recipients and policy version that its
//! signature covers, until it expires, and never for the author's own object.

use std::collections::BTreeSet;

use entente_object::time::Timestamp;

use crate::nation::NationSet;
use crate::policy::PolicyVersion;

/// What a releaser signs. A change of any field is another subject: the approval is void.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject {
    /// SHA-256 of the object's exact bytes.
    pub object: [u8; 32],
    /// SHA-256 of the label's canonical form.
    pub label: [u8; 32],
    /// The nations that would receive it.
    pub recipients: NationSet,
    /// The policy in force when it was approved.
    pub policy: PolicyVersion,
    /// The first instant at which the approval no longer counts.
    pub expires: Timestamp,
}

impl Subject {
    /// The bytes that a releaser's signature covers, format 1 (docs/formats/approval.md).
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = b"entente/approval/v1\n".to_vec();
        bytes.extend_from_slice(&self.object);
        bytes.extend_from_slice(&self.label);
        bytes.extend_from_slice(&self.policy.0);
        bytes.extend_from_slice(self.expires.to_string().as_bytes());
        for nation in self.recipients.iter() {
            bytes.push(b'\n');
            bytes.extend_from_slice(nation.as_str().as_bytes());
        }
        bytes
    }
}

/// One person's approval, its signature already verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Approval {
    /// Who approved.
    pub releaser: String,
    /// What exactly.
    pub subject: Subject,
}

/// What the approvals of an object amount to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ApprovalState {
    /// Nobody has approved it.
    Missing,
    /// Only its author has.
    AuthorOnly,
    /// There were approvals, for another object, label, set of recipients or policy.
    Void,
    /// There were approvals; their time is over.
    Expired,
    /// So many distinct releasers have, none of them the author.
    By(u8),
}

impl ApprovalState {
    /// Whether it is approval by `required` releasers; none is always at hand.
    pub fn suffices(self, required: u8) -> bool {
        required == 0 || matches!(self, Self::By(given) if given >= required)
    }

    /// What is so, for people.
    pub fn describe(self) -> &'static str {
        match self {
            Self::Missing => "no releaser has approved it yet",
            Self::AuthorOnly => "only its author has approved it, which does not count",
            Self::Void => "the approval was for another object, label, recipients or policy",
            Self::Expired => "the approval has expired",
            Self::By(_) => "too few releasers have approved it",
        }
    }
}

/// Weighs `approvals` for `subject` (whose `expires` is each approval's own) at `now`. `author` is
/// the person who made or last changed the object; `None`: it came from a feed, no person did.
pub fn weigh(
    subject: &Subject,
    approvals: &[Approval],
    author: Option<&str>,
    now: Timestamp,
) -> ApprovalState {
    let same = |approval: &&Approval| {
        let expires = approval.subject.expires;
        approval.subject == Subject { expires, ..subject.clone() }
    };
    let current: Vec<&Approval> =
        approvals.iter().filter(same).filter(|approval| now < approval.subject.expires).collect();
    let releasers: BTreeSet<&str> = current
        .iter()
        .map(|approval| approval.releaser.as_str())
        .filter(|releaser| Some(*releaser) != author)
        .collect();
    match (u8::try_from(releasers.len()).unwrap_or(u8::MAX), approvals, current.is_empty()) {
        (0, [], _) => ApprovalState::Missing,
        (0, _, false) => ApprovalState::AuthorOnly,
        (0, _, true) if approvals.iter().any(|approval| same(&approval)) => ApprovalState::Expired,
        (0, _, true) => ApprovalState::Void,
        (enough, _, _) => ApprovalState::By(enough),
    }
}
