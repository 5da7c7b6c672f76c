//! Successions: a node's card is followed by another, without people meeting again.
//!
//! A card is followed by one that its key signed; by one with another key or other roots only if a root
//! on it signed too. The key is on the node, the root is kept apart: who breaks into the node cannot
//! make it another's.
//!
//! Invariant: what [`Succession::follows`] accepts bears those signatures, over the card before as well.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use entente_log::key::{Key, verify_bytes};
use ring::signature::{ECDSA_P256_SHA256_ASN1, UnparsedPublicKey};
use serde::{Deserialize, Serialize};
use x509_parser::pem::parse_x509_pem;

use crate::card::{BadCard, Card};

/// A card, and that it follows another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Succession {
    /// The new card.
    pub card: Card,
    by_key: Vec<u8>,
    by_root: Option<Vec<u8>>,
}

/// A card does not follow the one that was accepted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadSuccession {
    /// It is none.
    #[error("that is no succession of cards: {0}")]
    Malformed(String),
    /// The new card is none.
    #[error(transparent)]
    Card(#[from] BadCard),
    /// It is of another nation, or older.
    #[error("the new card is of another nation or older than the one that was accepted")]
    Other,
    /// The key on the card before did not sign.
    #[error("the new card was not signed with the key on the one that was accepted")]
    NotByKey,
    /// One of its roots is somebody else's.
    #[error("a root on the new card is one of this node or of another nation's")]
    RootOfAnother,
    /// No root on the card before signed.
    #[error(
        "the new card has another key or other roots, and no root on the one that was accepted \
         signed it"
    )]
    NotByRoot,
}

/// Format 1, frozen: docs/formats/peer.md.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wire {
    entente_succession: u8,
    card: String,
    by_key: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    by_root: Option<String>,
}

/// What is signed: both cards.
fn message(before: &Card, card: &Card) -> Vec<u8> {
    [b"entente succession\n", before.digest().as_bytes(), b"\n", card.text().as_bytes()].concat()
}

impl Succession {
    /// Signs that `card` follows `before`, with the key on that; and with a root on it, where one is
    /// given: a function that makes an ECDSA signature over P-256 and SHA-256, in DER.
    pub fn sign<E>(
        before: &Card,
        card: Card,
        key: &Key,
        root: Option<impl FnOnce(&[u8]) -> Result<Vec<u8>, E>>,
    ) -> Result<Self, E> {
        let message = message(before, &card);
        let by_root = root.map(|root| root(&message)).transpose()?;
        Ok(Self { card, by_key: key.sign_bytes(&message).to_vec(), by_root })
    }

    /// Reads a succession.
    pub fn read(text: &str) -> Result<Self, BadSuccession> {
        let malformed = |what: &str| BadSuccession::Malformed(what.to_owned());
        let wire: Wire =
            serde_json::from_str(text).map_err(|error| malformed(&error.to_string()))?;
        if wire.entente_succession != 1 {
            return Err(malformed("it is of a newer format: this program must be upgraded"));
        }
        let bytes = |text: &String| {
            BASE64_STANDARD.decode(text).map_err(|_| malformed("a signature is not base64"))
        };
        Ok(Self {
            card: Card::read(&wire.card)?,
            by_key: bytes(&wire.by_key)?,
            by_root: wire.by_root.as_ref().map(bytes).transpose()?,
        })
    }

    /// The succession as it is given to others.
    pub fn text(&self) -> String {
        let wire = Wire {
            entente_succession: 1,
            card: self.card.text().to_owned(),
            by_key: BASE64_STANDARD.encode(&self.by_key),
            by_root: self.by_root.as_ref().map(|bytes| BASE64_STANDARD.encode(bytes)),
        };
        serde_json::to_string(&wire).unwrap_or_default()
    }

    /// Whether the card that was accepted is followed by this one.
    pub fn follows(&self, before: &Card) -> Result<(), BadSuccession> {
        let card = &self.card;
        if card.nation != before.nation || card.made < before.made {
            return Err(BadSuccession::Other);
        }
        let message = message(before, card);
        if !verify_bytes(&before.key, &message, &self.by_key) {
            return Err(BadSuccession::NotByKey);
        }
        let is_same = card.fingerprint() == before.fingerprint();
        let by_root = self.by_root.as_ref().is_some_and(|signature| {
            before.roots.iter().any(|root| signed(root, &message, signature))
        });
        if is_same || by_root { Ok(()) } else { Err(BadSuccession::NotByRoot) }
    }
}

/// Whether the key of a root made a signature.
fn signed(root: &str, message: &[u8], signature: &[u8]) -> bool {
    let Ok((_, pem)) = parse_x509_pem(root.as_bytes()) else { return false };
    let Ok(root) = pem.parse_x509() else { return false };
    let key = root.public_key().subject_public_key.data.as_ref();
    UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, key).verify(message, signature).is_ok()
}

#[cfg(test)]
mod tests {
    use entente_object::time::Timestamp;
    use entente_release::Nation;
    use rcgen::{CertificateParams, KeyPair, PKCS_ECDSA_P256_SHA256, SigningKey as _};

    use super::*;

    struct Root(KeyPair, String);

    impl Root {
        fn new() -> Self {
            let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap();
            let root = CertificateParams::default().self_signed(&key).unwrap();
            Self(key, root.pem())
        }
    }

    fn key(seed: u8) -> Key {
        Key::from_seed("KOR", &[seed; 32]).unwrap()
    }

    fn card(seed: u8, roots: &[&Root], address: &str, day: u8) -> Card {
        let made = Timestamp::parse(&format!("2024-05-{day:02}T00:00:00Z")).unwrap();
        let roots = roots.iter().map(|root| root.1.clone()).collect();
        Card::sign(&key(seed), Nation::KOR, roots, address, made).unwrap()
    }

    const HERE: &str = "https://node.kor.example";

    #[test]
    fn a_card_follows_by_its_key_and_another_identity_by_a_root_as_well() {
        let (old, new, foreign) = (Root::new(), Root::new(), Root::new());
        let before = card(1, &[&old], HERE, 1);
        let follows = |card: Card, seed: u8, root: Option<&Root>| {
            let signs = root.map(|root| |message: &[u8]| root.0.sign(message));
            let made = Succession::sign(&before, card, &key(seed), signs).unwrap();
            assert_eq!(Succession::read(&made.text()), Ok(made.clone()));
            made.follows(&before)
        };
        let moved = || card(1, &[&old], "https://new.kor.example", 2);
        let replaced = || card(2, &[&old, &new], HERE, 2);
        assert_eq!(follows(moved(), 1, None), Ok(()));
        assert_eq!(follows(replaced(), 1, Some(&old)), Ok(()));
        // Without the key of the card before nothing counts, and without its root no other identity.
        for root in [None, Some(&old)] {
            assert_eq!(follows(moved(), 2, root), Err(BadSuccession::NotByKey));
            assert_eq!(follows(replaced(), 2, root), Err(BadSuccession::NotByKey));
        }
        for root in [None, Some(&new), Some(&foreign)] {
            assert_eq!(follows(replaced(), 1, root), Err(BadSuccession::NotByRoot));
            let roots = card(1, &[&new], HERE, 2);
            assert_eq!(follows(roots, 1, root), Err(BadSuccession::NotByRoot));
        }
        assert_eq!(follows(card(1, &[&old], HERE, 1), 1, None), Ok(()), "of the same instant");
        let later = card(1, &[&old], HERE, 3);
        let back = Succession::sign(&later, before.clone(), &key(1), None::<fn(&[u8]) -> _>);
        let back: Result<_, rcgen::Error> = back;
        assert_eq!(back.unwrap().follows(&later), Err(BadSuccession::Other));
        // It is of these two cards alone.
        let signs = Some(|message: &[u8]| old.0.sign(message));
        let made = Succession::sign(&before, replaced(), &key(1), signs).unwrap();
        assert_eq!(made.follows(&moved()), Err(BadSuccession::NotByKey));
        for bad in ["", "{}", &made.text().replace("succession\":1", "succession\":2")] {
            assert!(matches!(Succession::read(bad), Err(BadSuccession::Malformed(_))), "{bad}");
        }
    }
}
