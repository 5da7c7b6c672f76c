//! Cosignatures: that somebody else saw a checkpoint, and when (C2SP tlog-cosignature, `cosignature/v1`).
//!
//! A partner's cosignature of the checkpoint of its own ledger is its receipt for everything that the
//! checkpoint covers. A witness's says that it saw nothing that contradicts it.
//!
//! ```text
//! KOR/ledger/POL
//! 4096
//! CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=
//!
//! — KOR Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=
//! — POL ...
//! ```
//!
//! Invariant: a [`Cosigned`] bears both signatures, verified or made here.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use entente_object::time::Timestamp;
use signed_note::{Note, Verifier, VerifierList};

use crate::checkpoint::{self, CheckpointError, Signed};
use crate::key::{Key, verify_bytes};

/// The type of cosigners' keys (C2SP signed-note, "timestamped Ed25519 witness cosignatures").
const COSIGNER: u8 = 4;

/// A checkpoint, and that a cosigner saw it.
#[derive(Clone, Debug, PartialEq)]
pub struct Cosigned {
    /// The checkpoint; its note bears the cosignature too.
    pub signed: Signed,
    /// When it was cosigned, to the second, by the cosigner's clock.
    pub at: Timestamp,
}

/// Adds `key`'s cosignature to a checkpoint.
pub fn cosign(key: &Key, signed: &Signed, at: Timestamp) -> Result<Cosigned, CheckpointError> {
    let malformed = |_| CheckpointError::Malformed;
    let parsed = Note::from_bytes(signed.note.as_bytes()).map_err(malformed)?;
    let at = Timestamp::from_unix_micros(at.unix_seconds().saturating_mul(1_000_000));
    let seconds = u64::try_from(at.unix_seconds()).map_err(|_| CheckpointError::Malformed)?;
    let message = message(seconds, parsed.text());
    let mut note = signed.note.clone();
    for key in key.signers() {
        let mut signature = seconds.to_be_bytes().to_vec();
        signature.extend_from_slice(&key.sign_bytes(&message));
        let id = key_id(&key.public()).ok_or(CheckpointError::Malformed)?;
        let line = signed_note::Signature::new(key.name().to_owned(), id, signature);
        let line = line.map_err(malformed)?.to_bytes();
        let line = String::from_utf8(line).map_err(|_| CheckpointError::Malformed)?;
        note.push_str(line.trim_end_matches('\n'));
        note.push('\n');
    }
    Ok(Cosigned { signed: Signed { note, ..signed.clone() }, at })
}

/// Verifies that the checkpoint of the ledger `origin` by `public` was cosigned by `cosigner`. Both
/// are verifier keys as [`Key::public`] gives them.
pub fn verify(
    note: &str,
    (origin, public): (&str, &str),
    cosigner: &str,
) -> Result<Cosigned, CheckpointError> {
    let signed = checkpoint::verify(note, origin, public)?;
    let parsed = Note::from_bytes(note.as_bytes()).map_err(|_| CheckpointError::Malformed)?;
    let verifier = Cosigner::new(cosigner).ok_or(CheckpointError::NotCosigned)?;
    let known = VerifierList::new(vec![Box::new(verifier)]);
    let (by_cosigner, _others) = parsed.verify(&known).map_err(|_| CheckpointError::NotCosigned)?;
    let seconds = by_cosigner.first().and_then(|line| line.signature().first_chunk::<8>());
    let seconds = seconds.ok_or(CheckpointError::NotCosigned)?;
    let seconds = i64::try_from(u64::from_be_bytes(*seconds)).unwrap_or(i64::MAX);
    let at = Timestamp::from_unix_micros(seconds.saturating_mul(1_000_000));
    Ok(Cosigned { signed, at })
}

/// What is signed.
fn message(seconds: u64, text: &[u8]) -> Vec<u8> {
    let mut message = format!("cosignature/v1\ntime {seconds}\n").into_bytes();
    message.extend_from_slice(text);
    message
}

/// The id of a key as a cosigner's.
fn key_id(public: &str) -> Option<u32> {
    let (name, rest) = public.split_once('+')?;
    let (_, key) = rest.split_once('+')?;
    let mut key = BASE64_STANDARD.decode(key).ok()?;
    *key.first_mut()? = COSIGNER;
    Some(signed_note::key_id(name, &key))
}

/// Who cosigns, by the key with which it signs its own.
struct Cosigner {
    name: String,
    id: u32,
    public: String,
}

impl Cosigner {
    fn new(public: &str) -> Option<Self> {
        let (name, _) = public.split_once('+')?;
        Some(Self { name: name.to_owned(), id: key_id(public)?, public: public.to_owned() })
    }
}

impl Verifier for Cosigner {
    fn name(&self) -> &str {
        &self.name
    }

    fn key_id(&self) -> u32 {
        self.id
    }

    fn verify(&self, text: &[u8], signature: &[u8]) -> bool {
        let Some((seconds, signature)) = signature.split_first_chunk::<8>() else { return false };
        let message = message(u64::from_be_bytes(*seconds), text);
        verify_bytes(&self.public, &message, signature)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tlog_tiles::tlog::record_hash;

    const ORIGIN: &str = "KOR/ledger/POL";

    #[test]
    fn a_receipt_is_by_its_cosigner_over_its_checkpoint_alone() {
        let key = |name: &str, seed| Key::from_seed(name, &[seed; 32]).unwrap();
        let (kor, pol, usa) = (key("KOR", 7), key("POL", 8), key("USA", 9));
        let signed = checkpoint::sign(&kor, ORIGIN, 42, record_hash(b"x")).unwrap();
        let at = Timestamp::parse("2024-05-01T00:00:00.5Z").unwrap();
        let receipt = cosign(&pol, &signed, at).unwrap();
        assert_eq!(receipt.at, Timestamp::parse("2024-05-01T00:00:00Z").unwrap());
        let note = receipt.signed.note.clone();
        assert_eq!(verify(&note, (ORIGIN, &kor.public()), &pol.public()), Ok(receipt.clone()));
        // It is a checkpoint of its signer still, and bears a second cosignature as well.
        assert!(checkpoint::verify(&note, ORIGIN, &kor.public()).is_ok());
        let two = cosign(&usa, &receipt.signed, at).unwrap().signed.note;
        for cosigner in [&pol, &usa] {
            assert!(verify(&two, (ORIGIN, &kor.public()), &cosigner.public()).is_ok());
        }
        // While its key is being replaced it is by either.
        let both =
            cosign(&key("POL", 11).replacing(key("POL", 8)), &signed, at).unwrap().signed.note;
        for cosigner in [key("POL", 11), key("POL", 8)] {
            assert!(verify(&both, (ORIGIN, &kor.public()), &cosigner.public()).is_ok());
        }
        let refused = Err(CheckpointError::NotCosigned);
        assert_eq!(verify(&signed.note, (ORIGIN, &kor.public()), &pol.public()), refused);
        assert_eq!(verify(&note, (ORIGIN, &kor.public()), &usa.public()), refused);
        assert_eq!(verify(&note, (ORIGIN, &kor.public()), &key("POL", 10).public()), refused);
        // Poland's signature under its own ledgers is no receipt, nor the other way round.
        assert!(checkpoint::verify(&note, ORIGIN, &pol.public()).is_err());
        let other = checkpoint::sign(&kor, ORIGIN, 43, record_hash(b"x")).unwrap();
        let moved = format!("{}{}", other.note, note.lines().last().unwrap()) + "\n";
        assert_eq!(verify(&moved, (ORIGIN, &kor.public()), &pol.public()), refused);
    }
}
