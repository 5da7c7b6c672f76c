//! The signatures of a sign-off: the officer's over an exact text and an answer, and the node's over that
//! and the officer's key.
//!
//! Invariant: whoever has the text, the sign-off and the node's key can check both signatures, and needs
//! nobody for it.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use entente_log::key::{Key, verify_bytes};
use entente_release::Nation;
use sha2::{Digest as _, Sha256};

use crate::content::SignOff;
use crate::terms::Answer;

/// What is signed. A change of any field is another subject.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject<'a> {
    /// Who says it.
    pub nation: Nation,
    /// The proposal's id.
    pub proposal: &'a str,
    /// SHA-256 of the text, hexadecimal.
    pub text_sha256: &'a str,
    /// What is said.
    pub answer: Answer,
    /// The objection or reservation.
    pub statement: Option<&'a str>,
    /// Who signs.
    pub officer: &'a str,
}

impl Subject<'_> {
    /// The bytes that the officer's signature covers, format 1 (docs/formats/cooperation.md).
    pub fn to_bytes(&self) -> Vec<u8> {
        let statement = self.statement.map_or("-".to_owned(), sha256);
        let Self { nation, proposal, text_sha256, answer, officer, .. } = self;
        format!(
            "entente/sign-off/v1\n{nation}\n{proposal}\n{text_sha256}\n{answer}\n{statement}\n{officer}\n"
        )
        .into_bytes()
    }

    /// The bytes that the node's signature covers.
    fn with_officer(&self, officer_key: &str) -> Vec<u8> {
        let mut bytes = format!("entente/sign-off-node/v1\n{officer_key}\n").into_bytes();
        bytes.extend(self.to_bytes());
        bytes
    }

    /// Signs as an officer, and as the node.
    pub fn sign(&self, officer: &Key, node: &Key) -> SignOff {
        let officer_key = officer.public();
        let encode = |signature: [u8; 64]| BASE64_STANDARD.encode(signature);
        SignOff {
            proposal_ref: self.proposal.to_owned(),
            text_sha256: self.text_sha256.to_owned(),
            answer: self.answer,
            statement: self.statement.map(str::to_owned),
            officer: self.officer.to_owned(),
            officer_signature: encode(officer.sign_bytes(&self.to_bytes())),
            node_signature: encode(node.sign_bytes(&self.with_officer(&officer_key))),
            node_key: node.public(),
            officer_key,
        }
    }
}

/// SHA-256 of a text, hexadecimal.
pub fn sha256(text: &str) -> String {
    hex(&Sha256::digest(text))
}

/// Bytes as hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        let _infallible = write!(text, "{byte:02x}");
        text
    })
}

/// Whether both signatures of a sign-off of `nation` are good, and the node's key bears its name. Whether
/// that key is the nation's, its card says.
pub fn is_signed(said: &SignOff, nation: Nation) -> bool {
    let subject = Subject {
        nation,
        proposal: &said.proposal_ref,
        text_sha256: &said.text_sha256,
        answer: said.answer,
        statement: said.statement.as_deref(),
        officer: &said.officer,
    };
    let named = said.node_key.split('+').next() == Some(nation.as_str());
    let good = |key: &str, bytes: &[u8], signature: &str| {
        BASE64_STANDARD
            .decode(signature)
            .is_ok_and(|signature| verify_bytes(key, bytes, &signature))
    };
    named
        && good(&said.officer_key, &subject.to_bytes(), &said.officer_signature)
        && good(&said.node_key, &subject.with_officer(&said.officer_key), &said.node_signature)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signed() -> SignOff {
        let text = sha256("The parties agree.");
        let subject = Subject {
            nation: Nation::KOR,
            proposal: "entente-proposal--e0000002-45d1-4c1b-9d32-0123456789ab",
            text_sha256: &text,
            answer: Answer::Reserve,
            statement: Some("as far as national law permits"),
            officer: "desk",
        };
        let officer = Key::from_seed("desk", &[1; 32]).unwrap();
        subject.sign(&officer, &Key::from_seed("KOR", &[2; 32]).unwrap())
    }

    #[test]
    fn the_signed_form_is_frozen() {
        let subject = Subject {
            nation: Nation::KOR,
            proposal: "entente-proposal--e0000002-45d1-4c1b-9d32-0123456789ab",
            text_sha256: "00",
            answer: Answer::Object,
            statement: Some("no"),
            officer: "desk",
        };
        let expected = "entente/sign-off/v1\nKOR\n\
            entente-proposal--e0000002-45d1-4c1b-9d32-0123456789ab\n00\nobject\n\
            9390298f3fb0c5b160498935d79cb139aef28e1c47358b4bbba61862b9c26e59\ndesk\n";
        assert_eq!(String::from_utf8(subject.to_bytes()).unwrap(), expected);
    }

    #[test]
    fn a_signature_is_over_all_that_it_says() {
        let good = signed();
        assert!(is_signed(&good, Nation::KOR));
        assert!(!is_signed(&good, "POL".parse().unwrap()));
        let other = Key::from_seed("KOR", &[3; 32]).unwrap().public();
        let changes: [fn(&mut SignOff, &str); 8] = [
            |said, _| said.proposal_ref.push('0'),
            |said, _| said.text_sha256.push('0'),
            |said, _| said.answer = Answer::Agree,
            |said, _| said.statement = None,
            |said, _| said.officer.push('0'),
            |said, other| said.officer_key = other.to_owned(),
            |said, other| said.node_key = other.to_owned(),
            |said, _| said.node_signature = said.officer_signature.clone(),
        ];
        for change in changes {
            let mut forged = good.clone();
            change(&mut forged, &other);
            assert!(!is_signed(&forged, Nation::KOR), "{forged:?}");
        }
    }
}
