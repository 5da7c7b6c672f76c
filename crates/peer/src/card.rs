//! Cards: what one node's people give to another's so that the two nodes meet.
//!
//! A card says who a node is (nation, signing key, root certificates) and where it is reached. It is
//! signed with the key that it names, which proves that the key's holder made it and not that it is
//! the nation's: that people compare, by the fingerprint, over the telephone or in person.
//!
//! Invariant: a [`Card`] bears the signature of its own key.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use entente_log::key::{Key, verify_bytes};
use entente_object::time::Timestamp;
use entente_release::Nation;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use x509_parser::pem::parse_x509_pem;

use crate::limits::CARD_BYTES_MAX;

/// Who a node is, and where it is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Card {
    /// Its nation.
    pub nation: Nation,
    /// Its verifier key (C2SP signed-note).
    pub key: String,
    /// The roots that its certificates are signed by, PEM.
    pub roots: Vec<String>,
    /// Where it is reached: `https://node.kor.example:8443`.
    pub address: String,
    /// When it was made.
    pub made: Timestamp,
    text: String,
}

/// A card was not accepted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadCard {
    /// It is no card.
    #[error("this is no card of a node: {0}")]
    Malformed(String),
    /// It was changed after it was signed.
    #[error("the card was changed after it was signed: ask for it again")]
    NotSigned,
    /// The key is of another nation.
    #[error("the card of {nation} has the key of {key}")]
    OtherKey {
        /// The nation on the card.
        nation: Nation,
        /// The name of the key.
        key: String,
    },
}

/// Format 1 of a card, frozen: docs/formats/peer.md.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wire {
    entente_card: u8,
    nation: String,
    key: String,
    roots: Vec<String>,
    address: String,
    made: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    signature: String,
}

impl Wire {
    /// What is signed: the card without its signature.
    fn message(&self) -> Result<Vec<u8>, BadCard> {
        let unsigned = Self { signature: String::new(), ..self.copy() };
        let json = serde_json::to_vec(&unsigned).map_err(|e| BadCard::Malformed(e.to_string()))?;
        Ok([b"entente card\n", json.as_slice()].concat())
    }

    fn copy(&self) -> Self {
        Self {
            entente_card: self.entente_card,
            nation: self.nation.clone(),
            key: self.key.clone(),
            roots: self.roots.clone(),
            address: self.address.clone(),
            made: self.made.clone(),
            signature: self.signature.clone(),
        }
    }
}

impl Card {
    /// Makes and signs a card.
    pub fn sign(
        key: &Key,
        nation: Nation,
        roots: Vec<String>,
        address: &str,
        made: Timestamp,
    ) -> Result<Self, BadCard> {
        let mut wire = Wire {
            entente_card: 1,
            nation: nation.to_string(),
            key: key.public(),
            roots,
            address: address.to_owned(),
            made: made.to_stix(),
            signature: String::new(),
        };
        wire.signature = BASE64_STANDARD.encode(key.sign_bytes(&wire.message()?));
        let text = serde_json::to_string(&wire).map_err(|e| BadCard::Malformed(e.to_string()))?;
        Self::read(&text)
    }

    /// Reads a card.
    pub fn read(text: &str) -> Result<Self, BadCard> {
        let malformed = |what: &str| BadCard::Malformed(what.to_owned());
        if text.len() > CARD_BYTES_MAX {
            return Err(malformed("it is longer than 64 KiB"));
        }
        let wire: Wire =
            serde_json::from_str(text).map_err(|e| BadCard::Malformed(e.to_string()))?;
        if wire.entente_card != 1 {
            return Err(malformed("it is of a newer format: this program must be upgraded"));
        }
        let nation: Nation = wire.nation.parse().map_err(|_| malformed("it names no nation"))?;
        let made = Timestamp::parse(&wire.made).map_err(|_| malformed("it names no time"))?;
        if wire.roots.is_empty() {
            return Err(malformed("it has no root certificate"));
        }
        let name = wire.key.split('+').next().unwrap_or_default();
        if name != nation.as_str() {
            return Err(BadCard::OtherKey { nation, key: name.to_owned() });
        }
        let signature = BASE64_STANDARD.decode(&wire.signature).unwrap_or_default();
        if !verify_bytes(&wire.key, &wire.message()?, &signature) {
            return Err(BadCard::NotSigned);
        }
        Ok(Self {
            nation,
            key: wire.key,
            roots: wire.roots,
            address: wire.address,
            made,
            text: text.trim().to_owned(),
        })
    }

    /// The card as it is given to others.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// SHA-256 of the text, hexadecimal: what this card is among those of its node.
    pub fn digest(&self) -> String {
        entente_intake::hex(&Sha256::digest(&self.text))
    }

    /// Whether a root on this card is one of these, or has the key of one.
    pub fn has_a_root_of<'a>(&self, roots: impl IntoIterator<Item = &'a str>) -> bool {
        let own: Vec<_> = self.roots.iter().map(|root| root_key(root)).collect();
        roots.into_iter().any(|root| own.contains(&root_key(root)))
    }

    /// What people compare: 128 bits of SHA-256 over nation, key and roots, as eight groups. Where the
    /// node is reached is not in it: it may change.
    pub fn fingerprint(&self) -> String {
        let mut hash = Sha256::new();
        hash.update(b"entente fingerprint\n");
        for part in [self.nation.as_str(), &self.key]
            .into_iter()
            .chain(self.roots.iter().map(String::as_str))
        {
            hash.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
            hash.update(part);
        }
        let digest = hash.finalize();
        let mut shown = String::new();
        for (at, byte) in digest.iter().take(16).enumerate() {
            let gap = if at > 0 && at % 2 == 0 { "-" } else { "" };
            let _infallible = write!(shown, "{gap}{byte:02x}");
        }
        shown
    }
}

/// The public key of a root.
fn root_key(root: &str) -> Vec<u8> {
    let key = parse_x509_pem(root.as_bytes())
        .ok()
        .and_then(|(_, pem)| pem.parse_x509().ok().map(|root| root.public_key().raw.to_vec()));
    key.unwrap_or_else(|| root.as_bytes().to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn card(seed: u8) -> Card {
        let key = Key::from_seed("KOR", &[seed; 32]).unwrap();
        let now = Timestamp::parse("2024-05-01T00:00:00Z").unwrap();
        let roots = vec!["root".to_owned()];
        Card::sign(&key, Nation::KOR, roots, "https://node.kor.example:8443", now).unwrap()
    }

    #[test]
    fn a_card_reads_as_it_was_made_and_not_if_it_was_changed() {
        let made = card(7);
        assert_eq!(Card::read(made.text()), Ok(made.clone()));
        assert_eq!(made.fingerprint(), card(7).fingerprint());
        assert_ne!(made.fingerprint(), card(8).fingerprint());
        assert_eq!(made.fingerprint().split('-').count(), 8);
        let moved = made.text().replace("node.kor", "nodf.kor");
        assert_eq!(Card::read(&moved), Err(BadCard::NotSigned));
        let other = made.text().replace("\"KOR\"", "\"POL\"");
        assert!(matches!(Card::read(&other), Err(BadCard::OtherKey { .. })));
        for bad in ["", "{}", &made.text().replace("\"entente_card\":1", "\"entente_card\":2")] {
            assert!(matches!(Card::read(bad), Err(BadCard::Malformed(_))), "{bad}");
        }
        let twice = made.text().replacen('{', "{\"nation\":\"USA\",", 1);
        assert!(matches!(Card::read(&twice), Err(BadCard::Malformed(_))));
    }
}
