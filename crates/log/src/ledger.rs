//! Entries of a partner's ledger: the leaves of its tree.
//!
//! A leaf says what was released (or withdrawn), under which label, and when. It is computed from
//! what the partner holds as well: the object's exact bytes, the label, and `date_added`; so a
//! partner can check every object that it received without trusting this node.

use entente_release::Nation;
use tlog_tiles::tlog::{Hash, record_hash};
use uuid::Uuid;

/// What happened to the object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Happened {
    /// It was released to the partner.
    Released,
    /// It was withdrawn from the partner's view.
    Withdrawn,
}

/// One leaf.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Leaf {
    /// What happened.
    pub happened: Happened,
    /// When, in microseconds since 1970: `date_added` to the partner.
    pub added: i64,
    /// SHA-256 of the object's exact bytes.
    pub object: [u8; 32],
    /// The UUID of the label's marking definition.
    pub label: Uuid,
}

impl Leaf {
    /// How many bytes a leaf has.
    pub const BYTES: usize = 60;

    /// Reads a leaf.
    pub fn read(bytes: &[u8]) -> Option<Self> {
        let bytes: &[u8; Self::BYTES] = bytes.try_into().ok()?;
        let (head, rest) = bytes.split_first_chunk::<4>()?;
        let (added, rest) = rest.split_first_chunk::<8>()?;
        let (object, rest) = rest.split_first_chunk::<32>()?;
        let happened = match head {
            b"EL1\x01" => Happened::Released,
            b"EL1\x02" => Happened::Withdrawn,
            _ => return None,
        };
        let (added, label) = (i64::from_be_bytes(*added), Uuid::from_slice(rest).ok()?);
        Some(Self { happened, added, object: *object, label })
    }

    /// Format 1 of a ledger's leaf, frozen: docs/formats/ledger.md.
    pub fn to_bytes(&self) -> [u8; Self::BYTES] {
        let mut bytes = [0; Self::BYTES];
        let parts: [&[u8]; 5] = [
            b"EL1",
            &[match self.happened {
                Happened::Released => 1,
                Happened::Withdrawn => 2,
            }],
            &self.added.to_be_bytes(),
            &self.object,
            self.label.as_bytes(),
        ];
        let mut rest = bytes.as_mut_slice();
        for part in parts {
            let (here, after) = rest.split_at_mut(part.len());
            here.copy_from_slice(part);
            rest = after;
        }
        bytes
    }

    /// The leaf's hash (RFC 6962, 2.1).
    pub fn hash(&self) -> Hash {
        record_hash(&self.to_bytes())
    }
}

/// The origin line of a ledger's checkpoints: `KOR/ledger/POL`.
pub fn origin(here: Nation, partner: Nation) -> String {
    format!("{here}/ledger/{partner}")
}
