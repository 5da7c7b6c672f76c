//! The journal: where the one log is kept. One trait, one contract, several homes.
//!
//! The contract, which `contract::holds` checks on every implementation:
//! * `append` returns when the entries are durable; all of them are there then, in order, or none.
//! * What was appended is read back byte for byte, also after the journal was opened anew.
//! * The chain links every block to the one before.

use crate::block::{Block, Chain};
use crate::entry::{Entry, Seq};

/// Where the log ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tip {
    /// The place of the next entry: how many there are.
    pub next: Seq,
    /// The chain over all of them.
    pub chain: Chain,
}

/// A home of the log.
pub trait Journal {
    /// What can go wrong in this home.
    type Error: std::error::Error + 'static;

    /// Where the log ends.
    fn tip(&self) -> Tip;

    /// Appends entries, all or none; they are durable when this returns.
    fn append(&mut self, entries: &[Entry<'_>]) -> Result<Tip, Self::Error>;

    /// The block that holds the entry at `seq`, if the log has come that far.
    fn block(&self, seq: Seq) -> Result<Option<Block>, Self::Error>;
}

/// The contract test: called by the tests of every implementation.
#[cfg(any(test, feature = "contract"))]
pub mod contract {
    use std::borrow::Cow;

    use super::{Journal, Tip};
    use crate::block::{self, BLOCK_ENTRIES};
    use crate::entry::{Act, Entry};

    fn act(n: usize, size: usize) -> Entry<'static> {
        Entry::Act(Act {
            kind: Cow::Borrowed("test"),
            at: 7,
            json: Cow::Owned(format!("{{\"n\":{n},\"pad\":\"{}\"}}", "x".repeat(size))),
        })
    }

    /// Appends, reads and reopens; panics where the contract is broken.
    #[expect(clippy::unwrap_used, clippy::missing_panics_doc, reason = "a test, for every home")]
    pub fn holds<J: Journal>(mut open: impl FnMut() -> J) {
        let batches: Vec<Vec<Entry<'_>>> = vec![
            vec![],
            vec![act(0, 10)],
            (1..=3 * BLOCK_ENTRIES).map(|n| act(n, 5)).collect(),
            vec![act(1000, 2 * block::BODY_BYTES)],
            (1001..1100).map(|n| act(n, 2_000)).collect(),
        ];
        let mut written = Vec::new();
        for batch in batches {
            let mut journal = open();
            assert_eq!(journal.tip().next, u64::try_from(written.len()).unwrap());
            let tip = journal.append(&batch).unwrap();
            assert_eq!(tip, journal.tip());
            written.extend(batch);
            for journal in [journal, open()] {
                assert_eq!(read_all(&journal), written);
                assert_eq!(journal.tip(), tip);
            }
        }
    }

    #[expect(clippy::unwrap_used, reason = "a test, for every home")]
    fn read_all<J: Journal>(journal: &J) -> Vec<Entry<'static>> {
        let mut entries = Vec::new();
        let mut at = Tip::default();
        while at.next < journal.tip().next {
            let block = journal.block(at.next).unwrap().unwrap();
            assert_eq!(block.first, at.next, "blocks follow each other");
            block::verify(&block, at.chain).unwrap();
            for record in block::records(block.first, &block.head) {
                let record = record.unwrap();
                entries.push(owned(record.entry(&block.body).unwrap()));
                at.next = record.seq + 1;
            }
            at.chain = block.chain;
        }
        assert_eq!(at, journal.tip());
        assert!(journal.block(at.next).unwrap().is_none());
        entries
    }

    fn owned(entry: Entry<'_>) -> Entry<'static> {
        match entry {
            Entry::Act(act) => Entry::Act(Act {
                kind: Cow::Owned(act.kind.into_owned()),
                at: act.at,
                json: Cow::Owned(act.json.into_owned()),
            }),
            Entry::Release(release) => Entry::Release(release),
            Entry::Withdraw(release) => Entry::Withdraw(release),
            Entry::Hold(hold) => Entry::Hold(hold),
            Entry::Put(_) | Entry::Label(_) => Entry::Act(Act {
                kind: Cow::Borrowed("not written by this test"),
                at: 0,
                json: Cow::Borrowed("{}"),
            }),
        }
    }
}

/// A journal in memory: the double for tests and simulations.
#[derive(Clone, Debug, Default)]
pub struct MemoryJournal {
    blocks: Vec<Block>,
    tip: Tip,
}

impl Journal for MemoryJournal {
    type Error = std::convert::Infallible;

    fn tip(&self) -> Tip {
        self.tip
    }

    fn append(&mut self, entries: &[Entry<'_>]) -> Result<Tip, Self::Error> {
        let blocks = crate::block::write(entries, self.tip.next, self.tip.chain);
        self.tip.next += u64::try_from(entries.len()).unwrap_or_default();
        self.tip.chain = blocks.last().map_or(self.tip.chain, |block| block.chain);
        self.blocks.extend(blocks);
        Ok(self.tip)
    }

    fn block(&self, seq: Seq) -> Result<Option<Block>, Self::Error> {
        if seq >= self.tip.next {
            return Ok(None);
        }
        let after = self.blocks.partition_point(|block| block.first <= seq);
        Ok(after.checked_sub(1).and_then(|at| self.blocks.get(at)).cloned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_memory_journal_keeps_the_contract() {
        struct Shared(std::rc::Rc<std::cell::RefCell<MemoryJournal>>);
        impl Journal for Shared {
            type Error = std::convert::Infallible;
            fn tip(&self) -> Tip {
                self.0.borrow().tip()
            }
            fn append(&mut self, entries: &[Entry<'_>]) -> Result<Tip, Self::Error> {
                self.0.borrow_mut().append(entries)
            }
            fn block(&self, seq: Seq) -> Result<Option<Block>, Self::Error> {
                self.0.borrow().block(seq)
            }
        }
        let kept = std::rc::Rc::new(std::cell::RefCell::new(MemoryJournal::default()));
        contract::holds(|| Shared(kept.clone()));
    }
}
