//! Checkpoints: what a ledger was at one size, signed (C2SP tlog-checkpoint in a signed-note).
//!
//! ```text
//! KOR/ledger/POL
//! 4096
//! CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=
//!
//! — KOR Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=
//! ```
//!
//! Invariant: [`Signed`] values were verified against the signer's key, now or before they were kept,
//! or made here.

use signed_note::{Note, VerifierList};
use tlog_tiles::checkpoint::Checkpoint;
use tlog_tiles::tlog::Hash;

use crate::key::{Key, Verifying};

/// A checkpoint that its signer signed.
#[derive(Clone, Debug, PartialEq)]
pub struct Signed {
    /// Which ledger: `KOR/ledger/POL`.
    pub origin: String,
    /// How many entries it covers.
    pub size: u64,
    /// The root of the tree.
    pub root: Hash,
    /// The note as signed.
    pub note: String,
}

/// A checkpoint was not accepted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CheckpointError {
    /// The text is no signed checkpoint.
    #[error("the text is no signed checkpoint")]
    Malformed,
    /// No signature on it is by the expected key.
    #[error("the checkpoint is not signed by the expected key")]
    NotSigned,
    /// No cosignature on it is by the expected key.
    #[error("the checkpoint is not cosigned by the expected key")]
    NotCosigned,
    /// It is of another ledger.
    #[error("the checkpoint is of the ledger {0}")]
    OtherLedger(String),
}

/// Signs what a ledger is now.
pub fn sign(key: &Key, origin: &str, size: u64, root: Hash) -> Result<Signed, CheckpointError> {
    let malformed = CheckpointError::Malformed;
    let checkpoint = Checkpoint::new(origin, size, root, "").map_err(|_| malformed.clone())?;
    let mut note = Note::new(&checkpoint.to_bytes(), &[]).map_err(|_| malformed.clone())?;
    for key in key.signers() {
        note.add_sigs(&[key]).map_err(|_| malformed.clone())?;
    }
    let note = String::from_utf8(note.to_bytes()).map_err(|_| malformed)?;
    Ok(Signed { origin: origin.to_owned(), size, root, note })
}

/// Verifies a checkpoint of the ledger `origin` by the verifier key `public`.
pub fn verify(note: &str, origin: &str, public: &str) -> Result<Signed, CheckpointError> {
    let parsed = Note::from_bytes(note.as_bytes()).map_err(|_| CheckpointError::Malformed)?;
    let verifier = Verifying::new(public).ok_or(CheckpointError::NotSigned)?;
    parsed
        .verify(&VerifierList::new(vec![Box::new(verifier)]))
        .map_err(|_| CheckpointError::NotSigned)?;
    let checkpoint =
        Checkpoint::from_bytes(parsed.text()).map_err(|_| CheckpointError::Malformed)?;
    if checkpoint.origin() != origin {
        return Err(CheckpointError::OtherLedger(checkpoint.origin().to_owned()));
    }
    Ok(Signed {
        origin: origin.to_owned(),
        size: checkpoint.size(),
        root: *checkpoint.hash(),
        note: note.to_owned(),
    })
}

/// A checkpoint that was verified before it was kept: its key may have been replaced meanwhile.
pub fn kept(note: &str) -> Result<Signed, CheckpointError> {
    let parsed = Note::from_bytes(note.as_bytes()).map_err(|_| CheckpointError::Malformed)?;
    let checkpoint =
        Checkpoint::from_bytes(parsed.text()).map_err(|_| CheckpointError::Malformed)?;
    Ok(Signed {
        origin: checkpoint.origin().to_owned(),
        size: checkpoint.size(),
        root: *checkpoint.hash(),
        note: note.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use tlog_tiles::tlog::record_hash;

    #[test]
    fn a_checkpoint_is_accepted_for_its_ledger_and_key_only() {
        let key = Key::from_seed("KOR", &[7; 32]).unwrap();
        let other = Key::from_seed("KOR", &[8; 32]).unwrap();
        let signed = sign(&key, "KOR/ledger/POL", 42, record_hash(b"x")).unwrap();
        assert_eq!(verify(&signed.note, "KOR/ledger/POL", &key.public()), Ok(signed.clone()));
        let refused = |note: &str, origin: &str, key: &Key| verify(note, origin, &key.public());
        assert_eq!(
            refused(&signed.note, "KOR/ledger/USA", &key),
            Err(CheckpointError::OtherLedger("KOR/ledger/POL".into()))
        );
        assert_eq!(
            refused(&signed.note, "KOR/ledger/POL", &other),
            Err(CheckpointError::NotSigned)
        );
        let shorter = signed.note.replacen("\n42\n", "\n41\n", 1);
        assert_eq!(refused(&shorter, "KOR/ledger/POL", &key), Err(CheckpointError::NotSigned));
        assert_eq!(refused("", "KOR/ledger/POL", &key), Err(CheckpointError::Malformed));
    }

    #[test]
    fn what_is_signed_while_a_key_is_replaced_verifies_with_either() {
        let key = |seed| Key::from_seed("KOR", &[seed; 32]).unwrap();
        let both = key(8).replacing(key(7));
        assert_eq!(both.public(), key(8).public());
        let signed = sign(&both, "KOR/ledger/POL", 42, record_hash(b"x")).unwrap();
        for one in [key(7), key(8)] {
            assert_eq!(verify(&signed.note, "KOR/ledger/POL", &one.public()), Ok(signed.clone()));
        }
        assert!(verify(&signed.note, "KOR/ledger/POL", &key(9).public()).is_err());
    }
}
