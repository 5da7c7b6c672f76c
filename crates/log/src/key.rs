//! Signing keys of nodes and people: Ed25519, in the key formats of C2SP signed-note.
//!
//! Invariant: a secret is shown by no `Debug`, no error and no log line.

use std::fmt;

use std::sync::LazyLock;

use ed25519_dalek::{Signer as _, SigningKey};
use quick_cache::sync::Cache;
use sha2::{Digest as _, Sha256};
use signed_note::{StandardVerifier, Verifier};

/// A source of randomness: an argument, so that simulations replay.
pub trait Random {
    /// Fills `bytes`.
    fn fill(&mut self, bytes: &mut [u8]);
}

/// Who signs: a name and an Ed25519 key. While a key is being replaced also the one before, so that
/// notes verify for those who know either.
pub struct Key {
    name: String,
    secret: SigningKey,
    before: Option<Box<Key>>,
}

/// A key's name does not fit a signed note.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("\"{0}\" cannot name a key: use no spaces and no plus signs")]
pub struct BadKeyName(pub String);

impl Key {
    /// The key of a stored 32-byte seed.
    pub fn from_seed(name: &str, seed: &[u8; 32]) -> Result<Self, BadKeyName> {
        if signed_note::is_key_name_valid(name) {
            Ok(Self { name: name.to_owned(), secret: SigningKey::from_bytes(seed), before: None })
        } else {
            Err(BadKeyName(name.to_owned()))
        }
    }

    /// The same key, that signs notes together with the one that it replaces.
    #[must_use]
    pub fn replacing(self, before: Self) -> Self {
        Self { before: Some(Box::new(before)), ..self }
    }

    /// The key that it replaces.
    pub fn before(&self) -> Option<&Self> {
        self.before.as_deref()
    }

    /// What signs notes: this one, and the one that it replaces.
    pub(crate) fn signers(&self) -> impl Iterator<Item = &Self> {
        std::iter::successors(Some(self), |key| key.before())
    }

    /// The name that signatures bear.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The public key, to be given to others: `name+id+key` (C2SP signed-note, verifier key).
    pub fn public(&self) -> String {
        signed_note::new_ed25519_verifier_key(&self.name, &self.secret.verifying_key())
    }

    /// Signs bytes other than a note.
    pub fn sign_bytes(&self, message: &[u8]) -> [u8; 64] {
        let signature = self.secret.sign(message).to_bytes();
        KNOWN.insert(digest(&self.public(), message, &signature), ());
        signature
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Key").field(&self.public()).finish()
    }
}

impl signed_note::Signer for Key {
    fn name(&self) -> &str {
        &self.name
    }

    fn key_id(&self) -> u32 {
        // Algorithm 1 is Ed25519 (C2SP signed-note).
        let mut key = vec![1];
        key.extend_from_slice(self.secret.verifying_key().as_bytes());
        signed_note::key_id(&self.name, &key)
    }

    fn sign(&self, msg: &[u8]) -> Result<Vec<u8>, ed25519_dalek::SignatureError> {
        Ok(self.sign_bytes(msg).to_vec())
    }
}

/// Signatures that are remembered, by the digests of what is signed: 256 KiB.
const KNOWN_MAX: usize = 4096;

/// Signatures that this process made or verified. Whether one is right never changes, and the same is
/// looked at again and again: a receipt bears what was signed here, and witnesses say what they said
/// before. Looking it up takes a hundredth of verifying it.
static KNOWN: LazyLock<Cache<[u8; 32], ()>> = LazyLock::new(|| Cache::new(KNOWN_MAX));

/// SHA-256 over key, message and signature, each with its length before it.
fn digest(public: &str, message: &[u8], signature: &[u8]) -> [u8; 32] {
    let mut hash = Sha256::new();
    for part in [public.as_bytes(), message, signature] {
        hash.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        hash.update(part);
    }
    hash.finalize().into()
}

/// Whether `signature` over `message` is by the holder of the verifier key `public`.
pub fn verify_bytes(public: &str, message: &[u8], signature: &[u8]) -> bool {
    let digest = digest(public, message, signature);
    if KNOWN.get(&digest).is_some() {
        return true;
    }
    let right =
        StandardVerifier::new(public).is_ok_and(|verifier| verifier.verify(message, signature));
    if right {
        KNOWN.insert(digest, ());
    }
    right
}

/// Who signs notes, by the verifier key.
pub(crate) struct Verifying {
    name: String,
    id: u32,
    public: String,
}

impl Verifying {
    /// The holder of a verifier key, if it is one.
    pub(crate) fn new(public: &str) -> Option<Self> {
        let (name, rest) = public.split_once('+')?;
        let (id, _) = rest.split_once('+')?;
        let id = u32::from_str_radix(id, 16).ok()?;
        Some(Self { name: name.to_owned(), id, public: public.to_owned() })
    }
}

impl Verifier for Verifying {
    fn name(&self) -> &str {
        &self.name
    }

    fn key_id(&self) -> u32 {
        self.id
    }

    fn verify(&self, text: &[u8], signature: &[u8]) -> bool {
        verify_bytes(&self.public, text, signature)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_is_its_signers_over_its_message_alone() {
        let key = Key::from_seed("KOR", &[7; 32]).unwrap();
        let other = Key::from_seed("POL", &[8; 32]).unwrap();
        let signature = key.sign_bytes(b"text");
        assert!(verify_bytes(&key.public(), b"text", &signature));
        assert!(!verify_bytes(&key.public(), b"texT", &signature));
        assert!(!verify_bytes(&other.public(), b"text", &signature));
        assert!(!verify_bytes("nonsense", b"text", &signature));
        assert!(Key::from_seed("K OR", &[7; 32]).is_err());
        assert!(!format!("{key:?}").contains("07"), "{key:?}");
    }
}
