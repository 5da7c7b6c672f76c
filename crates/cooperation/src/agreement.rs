//! Whether nations have accepted a text.
//!
//! The rule, the same on every node:
//! * A sign-off counts if it is signed, is of a party, and is over the text as it is now.
//! * With a deadline, of each nation the newest counts that its node gave before the deadline. What came
//!   later is shown and changes nothing. An objection that was given in time and comes late counts: a text
//!   that was accepted by silence is accepted no more.
//! * By consensus a text is accepted when every party has answered, one at least agrees and none objects; a
//!   version of the programme only if all agree. Without that it is not accepted when the deadline is over.
//! * By silence it is accepted when the deadline is over and none has objected. Until the node of each party
//!   that said nothing was heard after the deadline, or [`GRACE`] is over, that is provisional: an objection may
//!   be on its way.
//!
//! Invariant: a function of the proposal, the sign-offs, who was heard when, and the time.

use std::collections::BTreeMap;
use std::time::Duration;

use entente_object::time::Timestamp;
use entente_release::Nation;

use crate::content::{Counted, Proposal, Result as Settled, SignOff};
use crate::filed::Filed;
use crate::sign_off::{hex, is_signed, sha256};
use crate::terms::{Answer, Procedure, ProposalKind, ProposalState};

/// How long after the deadline a node that is not heard is waited for: a day, as the longest time that a
/// node is meant to be away without its people calling.
pub const GRACE: Duration = Duration::from_hours(24);

/// What the sign-offs of a proposal come to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Agreement {
    /// How it stands.
    pub standing: Standing,
    /// What each party has said, in the order of their codes.
    pub said: Vec<Said>,
}

/// How a proposal stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Its author still writes it.
    Draft,
    /// Nations may still answer.
    Open,
    /// Accepted by silence as far as is known: a node was not heard since the deadline.
    Provisional,
    /// Accepted.
    Accepted,
    /// Not accepted: a nation objects, or not all have answered in time.
    NotAccepted,
    /// Its author took it back.
    Withdrawn,
}

/// What a party has said to the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// The party.
    pub nation: Nation,
    /// What counts of it.
    pub counts: Option<Voice>,
    /// What came too late, the newest.
    pub late: Option<Voice>,
    /// When its node was last heard, where that is known.
    pub heard: Option<Timestamp>,
}

/// A sign-off that is in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Voice {
    /// What it says.
    pub answer: Answer,
    /// The objection or reservation.
    pub statement: Option<String>,
    /// Who signed.
    pub officer: String,
    /// When its nation's node gave it.
    pub given: Timestamp,
    /// SHA-256 of it.
    pub digest: [u8; 32],
}

/// What the sign-offs come to at `now`. `heard`: until when nothing of a nation can be on its way any more.
pub fn weigh(
    filed: &Filed,
    proposal: &Proposal,
    sign_offs: &[&Filed],
    heard: &BTreeMap<Nation, Timestamp>,
    now: Timestamp,
) -> Agreement {
    let digest = sha256(&proposal.text);
    let said: Vec<Said> = proposal
        .parties
        .iter()
        .map(|nation| said_by(nation, (filed, &digest, proposal.deadline), sign_offs, heard))
        .collect();
    let standing = match proposal.state {
        ProposalState::Draft => Standing::Draft,
        ProposalState::Withdrawn => Standing::Withdrawn,
        ProposalState::NotAccepted => Standing::NotAccepted,
        ProposalState::Proposed | ProposalState::Accepted => standing(proposal, &said, now),
    };
    Agreement { standing, said }
}

fn said_by(
    nation: Nation,
    (filed, digest, deadline): (&Filed, &str, Option<Timestamp>),
    sign_offs: &[&Filed],
    heard: &BTreeMap<Nation, Timestamp>,
) -> Said {
    let mut said = Said { nation, counts: None, late: None, heard: heard.get(&nation).copied() };
    let mut own: Vec<(&Filed, &SignOff)> = sign_offs
        .iter()
        .filter(|one| one.by == nation && !one.revoked)
        .filter_map(|one| Some((*one, one.says::<SignOff>()?)))
        .filter(|(_, one)| one.proposal_ref == filed.id && one.text_sha256 == digest)
        .filter(|(_, one)| is_signed(one, nation))
        .collect();
    own.sort_by_key(|(one, _)| (one.modified, one.place.given, one.place.digest));
    for (one, content) in own {
        let voice = Voice {
            answer: content.answer,
            statement: content.statement.clone(),
            officer: content.officer.clone(),
            given: one.place.given,
            digest: one.place.digest,
        };
        if deadline.is_none_or(|deadline| voice.given <= deadline) {
            said.counts = Some(voice);
        } else {
            said.late = Some(voice);
        }
    }
    said
}

fn standing(proposal: &Proposal, said: &[Said], now: Timestamp) -> Standing {
    let answer = |one: &Said| one.counts.as_ref().map(|voice| voice.answer);
    let is_over = proposal.deadline.is_some_and(|deadline| now > deadline);
    let objected = said.iter().any(|one| answer(one) == Some(Answer::Object));
    if objected && (is_over || proposal.deadline.is_none()) {
        return Standing::NotAccepted;
    }
    match proposal.procedure {
        Procedure::Consensus => {
            let all_agree = said.iter().all(|one| answer(one) == Some(Answer::Agree));
            let all_answered = said.iter().all(|one| answer(one).is_some());
            let one_agrees = said.iter().any(|one| answer(one) == Some(Answer::Agree));
            let whole = proposal.kind == ProposalKind::Programme;
            if !objected && if whole { all_agree } else { all_answered && one_agrees } {
                Standing::Accepted
            } else if is_over {
                Standing::NotAccepted
            } else {
                Standing::Open
            }
        }
        Procedure::Silence => match proposal.deadline {
            Some(deadline) if is_over => {
                let may_come = |one: &Said| {
                    one.counts.is_none() && one.heard.is_none_or(|heard| heard <= deadline)
                };
                let waits = said.iter().any(may_come) && now <= deadline.saturating_add(GRACE);
                if waits { Standing::Provisional } else { Standing::Accepted }
            }
            Some(_) | None => Standing::Open,
        },
    }
}

impl Agreement {
    /// The nations that agreed or reserved: who signed, where it is a statement.
    pub fn signatories(&self) -> impl Iterator<Item = Nation> {
        self.said.iter().filter_map(|one| {
            let answer = one.counts.as_ref()?.answer;
            matches!(answer, Answer::Agree | Answer::Reserve).then_some(one.nation)
        })
    }

    /// What the author's node has to record, if it is another state than the proposal's.
    pub fn settles(&self, proposal: &Proposal, now: Timestamp) -> Option<(ProposalState, Settled)> {
        let state = match self.standing {
            Standing::Accepted => ProposalState::Accepted,
            Standing::NotAccepted => ProposalState::NotAccepted,
            Standing::Draft | Standing::Open | Standing::Provisional | Standing::Withdrawn => {
                return None;
            }
        };
        let counted = self.said.iter().map(Said::counted).collect();
        (state != proposal.state).then_some((state, Settled { decided: now, counted }))
    }
}

impl Said {
    fn counted(&self) -> Counted {
        let voice = self.counts.as_ref();
        Counted {
            nation: self.nation,
            answer: voice.map_or("silent", |voice| voice.answer.as_str()).to_owned(),
            sign_off_sha256: voice.map(|voice| hex(&voice.digest)),
            given: voice.map(|voice| voice.given),
            last_heard: if voice.is_none() { self.heard } else { None },
        }
    }
}

impl std::fmt::Display for Standing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(match self {
            Self::Draft => "draft",
            Self::Open => "open",
            Self::Provisional => "accepted, provisional",
            Self::Accepted => "accepted",
            Self::NotAccepted => "not accepted",
            Self::Withdrawn => "withdrawn",
        })
    }
}

#[cfg(test)]
mod tests;
