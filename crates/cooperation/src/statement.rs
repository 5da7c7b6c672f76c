//! A text that nations accepted, in one file that anyone can check: the exact text, the proposal, every
//! sign-off that was counted, and the cards of the nodes that signed.
//!
//! Who has the file and this program needs no node and no connection. What the file cannot show is that a key
//! is a nation's: people compare fingerprints, as when nodes meet.
//!
//! Invariants:
//! * There is one way to write a statement: another byte anywhere is another statement, or none.
//! * A [`Verified`] was checked from the first byte to the last; only [`verify`] builds it.

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use entente_log::key::{Key, verify_bytes};
use entente_object::object::Object;
use entente_object::time::Timestamp;
use entente_release::Nation;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::agreement::{Standing, weigh};
use crate::content::{Counted, Proposal, SignOff};
use crate::filed::{Filed, Place};
use crate::limits::STATEMENT_BYTES_MAX;
use crate::sign_off::{hex, is_signed, sha256};
use crate::terms::{Answer, Procedure, ProposalKind, ProposalState};

/// Format 1 of a statement, frozen: docs/formats/statement.md.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wire {
    entente_statement: u8,
    label: String,
    text: String,
    proposal: String,
    sign_offs: Vec<String>,
    cards: Vec<String>,
    publisher: String,
    signature: String,
}

impl Wire {
    /// What is signed: all of it but the signature.
    fn message(&self) -> Vec<u8> {
        let unsigned = Self { signature: String::new(), ..self.clone() };
        [b"entente/statement/v1\n".as_slice(), &unsigned.to_bytes()].concat()
    }

    fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = serde_json::to_vec_pretty(self).unwrap_or_default();
        bytes.push(b'\n');
        bytes
    }
}

/// What goes into a statement.
#[derive(Clone, Debug)]
pub struct Parts<'a> {
    /// The label of the proposal, as people write it.
    pub label: &'a str,
    /// The bytes of the proposal, settled.
    pub proposal: &'a [u8],
    /// The bytes of the sign-offs that were counted.
    pub sign_offs: Vec<&'a [u8]>,
    /// The cards of the nodes that signed, and of the author's.
    pub cards: Vec<&'a str>,
}

/// What a card says, from whoever can read it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CardFacts {
    /// Whose it is.
    pub nation: Nation,
    /// The node's public key.
    pub key: String,
    /// What people compare.
    pub fingerprint: String,
}

/// A statement that was checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// What it is called.
    pub name: String,
    /// What it is.
    pub kind: ProposalKind,
    /// The exact text.
    pub text: String,
    /// SHA-256 of it, hexadecimal.
    pub text_sha256: String,
    /// The proposal's id.
    pub proposal: String,
    /// The label of the proposal, as people write it.
    pub label: String,
    /// Whose node proposed it, and wrote the file.
    pub author: Nation,
    /// How it was accepted.
    pub procedure: Procedure,
    /// By when nations had to answer.
    pub deadline: Option<Timestamp>,
    /// When it was settled.
    pub decided: Timestamp,
    /// What each party said.
    pub said: Vec<Signature>,
    /// The cards: what people compare.
    pub cards: Vec<CardFacts>,
}

/// What a party said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signature {
    /// The party.
    pub nation: Nation,
    /// What; nothing, if it was silent.
    pub answer: Option<Answer>,
    /// Its objection or reservation.
    pub statement: Option<String>,
    /// Who signed.
    pub officer: Option<String>,
    /// The key of the officer.
    pub officer_key: Option<String>,
    /// When its node gave it, by the author's account.
    pub given: Option<Timestamp>,
}

/// A file is no statement, or one that was changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadStatement {
    /// It is larger than any.
    #[error("a statement has at most 8 MiB")]
    TooLarge,
    /// It is none.
    #[error("this is no statement: {0}")]
    Malformed(String),
    /// It is of a newer format.
    #[error("the statement is of format {0}: this program must be upgraded")]
    Newer(u8),
    /// It is not as it was written.
    #[error("the file was changed: it is not written as it was published")]
    Changed,
    /// The signature of its publisher is not good.
    #[error("the file was changed, or {0} did not publish it: its signature is not good")]
    NotPublished(String),
    /// The text beside the proposal is another one.
    #[error("the text is not the proposal's: one of them was changed")]
    OtherText,
    /// The proposal is none.
    #[error("the proposal is not in order: {0}")]
    Proposal(String),
    /// Its author did not record that it was accepted.
    #[error("the proposal is {0}, not accepted")]
    NotAccepted(String),
    /// A card is none.
    #[error("a card is not in order: {0}")]
    Card(String),
    /// A card that nobody needs, or that is there twice.
    #[error("the card {0} belongs to nobody who signed, or is there twice")]
    SpareCard(String),
    /// A sign-off is none.
    #[error("sign-off {number}: {why}")]
    SignOff {
        /// Which, from 1.
        number: usize,
        /// Why.
        why: BadSignOff,
    },
    /// What was counted is not what is there.
    #[error("{nation}: {why}")]
    Count {
        /// The nation.
        nation: Nation,
        /// Why.
        why: BadCount,
    },
    /// By the rules it was not accepted.
    #[error("by its sign-offs the text is {0}, not accepted")]
    ByTheRules(String),
}

/// Why a sign-off does not count.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadSignOff {
    /// It is none.
    #[error("it is none: {0}")]
    Malformed(String),
    /// It is of no party.
    #[error("it is of no party")]
    Stranger,
    /// It is of another proposal or text.
    #[error("it is over another text")]
    OtherText,
    /// A signature is not good.
    #[error("a signature is not good")]
    NotSigned,
    /// The key of the node is on no card.
    #[error("no card of {0} has the key that signed it")]
    NoCard(Nation),
    /// It is not what was counted.
    #[error("the author did not count it")]
    NotCounted,
}

/// What is wrong with what was counted of a nation.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadCount {
    /// It is no party, or a party is missing.
    #[error("what was counted does not fit the parties")]
    Parties,
    /// Its sign-off is not there.
    #[error("the sign-off that was counted is not in the file")]
    NoSignOff,
    /// Its sign-off says something else.
    #[error("the sign-off says something else than what was counted")]
    OtherAnswer,
    /// It was counted though it came too late.
    #[error("the sign-off was counted though it was given after the deadline, or without a time")]
    Late,
}

/// Writes a statement: signed by the node of the nation that proposed it.
pub fn publish(parts: &Parts<'_>, publisher: Nation, key: &Key) -> Result<Vec<u8>, BadStatement> {
    let owned = |bytes: &[u8]| {
        String::from_utf8(bytes.to_vec())
            .map_err(|error| BadStatement::Malformed(error.to_string()))
    };
    let proposal = owned(parts.proposal)?;
    let said: Proposal = serde_json::from_str(&proposal)
        .map_err(|error| BadStatement::Proposal(error.to_string()))?;
    let sign_offs = parts.sign_offs.iter().map(|bytes| owned(bytes));
    let mut wire = Wire {
        entente_statement: 1,
        label: parts.label.to_owned(),
        text: said.text,
        proposal,
        sign_offs: sign_offs.collect::<Result<_, _>>()?,
        cards: parts.cards.iter().map(|card| (*card).to_owned()).collect(),
        publisher: publisher.to_string(),
        signature: String::new(),
    };
    wire.signature = BASE64_STANDARD.encode(key.sign_bytes(&wire.message()));
    Ok(wire.to_bytes())
}

/// Checks a file from the first byte to the last. `read_card` reads a card and checks its signature.
pub fn verify(
    bytes: &[u8],
    read_card: impl Fn(&str) -> Result<CardFacts, String>,
) -> Result<Verified, BadStatement> {
    let wire = read(bytes)?;
    let cards: Vec<CardFacts> = wire
        .cards
        .iter()
        .map(|text| read_card(text).map_err(BadStatement::Card))
        .collect::<Result<_, _>>()?;
    let author = author(&wire, &cards)?;
    let (filed, proposal) = proposal(&wire, author)?;
    let mut keys: BTreeSet<(Nation, &str)> = BTreeSet::new();
    keys.extend(
        cards.iter().filter(|card| card.nation == author).map(|c| (author, c.key.as_str())),
    );
    let mut sign_offs = BTreeMap::new();
    for (at, text) in wire.sign_offs.iter().enumerate() {
        let bad = |why| BadStatement::SignOff { number: at + 1, why };
        let one = sign_off(text, (&filed, &proposal)).map_err(bad)?;
        let key = one.says::<SignOff>().map_or("", |said| said.node_key.as_str());
        let card = cards.iter().find(|card| card.nation == one.by && card.key == key);
        let card = card.ok_or_else(|| bad(BadSignOff::NoCard(one.by)))?;
        keys.insert((card.nation, &card.key));
        if sign_offs.insert(one.by, one).is_some() {
            return Err(bad(BadSignOff::NotCounted));
        }
    }
    if let Some(spare) = cards.iter().enumerate().find(|(at, card)| {
        let twice = cards.iter().take(*at).any(|other| other.key == card.key);
        twice || !keys.contains(&(card.nation, card.key.as_str()))
    }) {
        return Err(BadStatement::SpareCard(spare.1.fingerprint.clone()));
    }
    let result = proposal.result.as_ref();
    let result = result.ok_or_else(|| BadStatement::NotAccepted("without a result".to_owned()))?;
    counts(&proposal, &result.counted, &sign_offs)?;
    by_the_rules((&filed, &proposal), &result.counted, &sign_offs, result.decided)?;
    let said = result.counted.iter().map(|one| signature(one, sign_offs.get(&one.nation)));
    Ok(Verified {
        name: proposal.name.clone(),
        kind: proposal.kind,
        text_sha256: sha256(&wire.text),
        text: wire.text,
        proposal: filed.id.clone(),
        label: wire.label,
        author,
        procedure: proposal.procedure,
        deadline: proposal.deadline,
        decided: result.decided,
        said: said.collect(),
        cards,
    })
}

fn read(bytes: &[u8]) -> Result<Wire, BadStatement> {
    if bytes.len() > STATEMENT_BYTES_MAX {
        return Err(BadStatement::TooLarge);
    }
    let malformed = |error: &dyn std::fmt::Display| BadStatement::Malformed(error.to_string());
    entente_object::json::parse(bytes).map_err(|error| malformed(&error))?;
    let wire: Wire = serde_json::from_slice(bytes).map_err(|error| malformed(&error))?;
    if wire.entente_statement != 1 {
        return Err(BadStatement::Newer(wire.entente_statement));
    }
    if wire.to_bytes() == bytes { Ok(wire) } else { Err(BadStatement::Changed) }
}

/// Who published the file, by a signature with a key that a card of it has.
fn author(wire: &Wire, cards: &[CardFacts]) -> Result<Nation, BadStatement> {
    let refused = || BadStatement::NotPublished(wire.publisher.clone());
    let nation: Nation = wire.publisher.parse().map_err(|_| refused())?;
    let signature = BASE64_STANDARD.decode(&wire.signature).map_err(|_| refused())?;
    let message = wire.message();
    let mut own = cards.iter().filter(|card| card.nation == nation);
    if own.any(|card| verify_bytes(&card.key, &message, &signature)) {
        Ok(nation)
    } else {
        Err(refused())
    }
}

fn proposal(wire: &Wire, author: Nation) -> Result<(Filed, Proposal), BadStatement> {
    let bad = |error: &dyn std::fmt::Display| BadStatement::Proposal(error.to_string());
    let bytes = wire.proposal.as_bytes();
    is_valid(bytes).map_err(|error| bad(&error))?;
    let filed = filed(bytes, author, None).map_err(|error| bad(&error))?;
    let said = filed.says::<Proposal>().cloned().ok_or_else(|| bad(&"it is no proposal"))?;
    if said.text != wire.text {
        return Err(BadStatement::OtherText);
    }
    match said.state {
        ProposalState::Accepted => Ok((filed, said)),
        ProposalState::Draft
        | ProposalState::Proposed
        | ProposalState::NotAccepted
        | ProposalState::Withdrawn => Err(BadStatement::NotAccepted(said.state.to_string())),
    }
}

fn is_valid(bytes: &[u8]) -> Result<(), String> {
    let value = entente_object::json::parse(bytes).map_err(|error| error.to_string())?;
    let report = entente_object::validate::validate(&value);
    match report.errors.first() {
        None => Ok(()),
        Some(error) => Err(format!("{}: {}", error.path, error.message)),
    }
}

fn filed(bytes: &[u8], by: Nation, given: Option<Timestamp>) -> Result<Filed, String> {
    let digest = Sha256::digest(bytes).into();
    let given = given.unwrap_or(Timestamp::EPOCH);
    let place = Place { seq: 0, label: 0, digest, given };
    Filed::read(bytes, by, place).map_err(|error| error.to_string())
}

/// A sign-off of a party over this text, with good signatures, at the time at which it was counted.
fn sign_off(text: &str, (about, proposal): (&Filed, &Proposal)) -> Result<Filed, BadSignOff> {
    let bytes = text.as_bytes();
    is_valid(bytes).map_err(BadSignOff::Malformed)?;
    let object =
        Object::from_bytes(bytes).map_err(|error| BadSignOff::Malformed(error.to_string()))?;
    let maker = object.created_by_ref().map(|id| id.uuid);
    let by = proposal.parties.iter().find(|nation| maker == Some(nation.identity()));
    let by = by.ok_or(BadSignOff::Stranger)?;
    let counted = proposal.result.iter().flat_map(|result| &result.counted);
    let given = counted.filter(|one| one.nation == by).find_map(|one| one.given);
    let one = filed(bytes, by, given).map_err(BadSignOff::Malformed)?;
    let said = one.says::<SignOff>();
    let said = said.ok_or_else(|| BadSignOff::Malformed("it is no sign-off".to_owned()))?;
    if said.proposal_ref != about.id || said.text_sha256 != sha256(&proposal.text) {
        return Err(BadSignOff::OtherText);
    }
    if !is_signed(said, by) {
        return Err(BadSignOff::NotSigned);
    }
    Ok(one)
}

/// What was counted is of every party once, and is what the sign-offs say; no sign-off is more.
fn counts(
    proposal: &Proposal,
    counted: &[Counted],
    sign_offs: &BTreeMap<Nation, Filed>,
) -> Result<(), BadStatement> {
    let bad = |nation, why| Err(BadStatement::Count { nation, why });
    let mut parties: BTreeSet<Nation> = proposal.parties.iter().collect();
    for one in counted {
        let nation = one.nation;
        if !parties.remove(&nation) {
            return bad(nation, BadCount::Parties);
        }
        let filed = sign_offs.get(&nation);
        let answer = filed.and_then(|filed| filed.says::<SignOff>()).map(|said| said.answer);
        match (&one.sign_off_sha256, filed) {
            (None, None) if one.answer == "silent" => {}
            (Some(digest), Some(filed)) if *digest == hex(&filed.place.digest) => {
                if answer.map(Answer::as_str) != Some(one.answer.as_str()) {
                    return bad(nation, BadCount::OtherAnswer);
                }
                let is_late = |given| proposal.deadline.is_some_and(|deadline| given > deadline);
                if one.given.is_none_or(is_late) {
                    return bad(nation, BadCount::Late);
                }
            }
            (Some(_), None) => return bad(nation, BadCount::NoSignOff),
            (None | Some(_), _) => return bad(nation, BadCount::OtherAnswer),
        }
    }
    match parties.first() {
        Some(nation) => bad(*nation, BadCount::Parties),
        None => Ok(()),
    }
}

/// The rule of docs/formats/cooperation.md gives the same as what the author recorded.
fn by_the_rules(
    (filed, proposal): (&Filed, &Proposal),
    counted: &[Counted],
    sign_offs: &BTreeMap<Nation, Filed>,
    decided: Timestamp,
) -> Result<(), BadStatement> {
    let voices: Vec<&Filed> = sign_offs.values().collect();
    let heard = counted.iter().filter_map(|one| Some((one.nation, one.last_heard?))).collect();
    match weigh(filed, proposal, &voices, &heard, decided).standing {
        Standing::Accepted => Ok(()),
        other @ (Standing::Draft
        | Standing::Open
        | Standing::Provisional
        | Standing::NotAccepted
        | Standing::Withdrawn) => Err(BadStatement::ByTheRules(other.to_string())),
    }
}

fn signature(counted: &Counted, filed: Option<&Filed>) -> Signature {
    let said = filed.and_then(|filed| filed.says::<SignOff>());
    Signature {
        nation: counted.nation,
        answer: said.map(|said| said.answer),
        statement: said.and_then(|said| said.statement.clone()),
        officer: said.map(|said| said.officer.clone()),
        officer_key: said.map(|said| said.officer_key.clone()),
        given: counted.given,
    }
}

#[cfg(test)]
mod tests;
