//! Blocks: how entries lie in storage, and the chain that no entry leaves unnoticed.
//!
//! A block holds consecutive entries: a head with one record for each (small, enough to find and
//! list objects), and a body with their bytes end to end. A page of a view is then a few reads,
//! and one object is one small read.
//!
//! Invariants:
//! * A block never changes once written.
//! * `chain(n) = SHA-256(chain(n-1) ‖ head(n))`, and a head holds the SHA-256 of every body, so the
//!   last chain value stands for every byte of the log.

use std::borrow::Cow;

use sha2::{Digest as _, Sha256};

use crate::codec::{Damaged, Reader, put_varint};
use crate::entry::v1::ObjectHead;
use crate::entry::{Entry, Put, Seq, v1};

/// A block is closed when its body reaches this: 20 objects of 800 bytes, so that reading one
/// object costs a 16 KiB read, and a page of 1,000 fifty of them, one after the other.
pub const BODY_BYTES: usize = 16 * 1024;

/// A block is closed at this many entries, so that a head stays within 12 KiB.
pub const BLOCK_ENTRIES: usize = 128;

/// The hash that stands for the whole log.
pub type Chain = [u8; 32];

/// A written block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// The place of its first entry.
    pub first: Seq,
    /// One record for each entry.
    pub head: Vec<u8>,
    /// The bytes of all entries.
    pub body: Vec<u8>,
    /// The chain up to and with this block.
    pub chain: Chain,
}

/// One entry's record in a head, read where it lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Record<'a> {
    /// Its place in the log.
    pub seq: Seq,
    /// Where its bytes begin in the body.
    pub offset: usize,
    /// How many they are.
    pub length: usize,
    /// SHA-256 of its bytes.
    pub digest: &'a [u8; 32],
    /// For an object: what else the head says of it.
    pub object: Option<ObjectHead<'a>>,
    kind: u8,
}

impl<'a> Record<'a> {
    /// The entry, given its block's body.
    pub fn entry<'b: 'a>(&self, body: &'b [u8]) -> Result<Entry<'a>, Damaged> {
        let bytes = self.bytes(body)?;
        match self.put(bytes)? {
            Some(put) => Ok(Entry::Put(put)),
            None => v1::read_body(self.kind, bytes),
        }
    }

    /// The object, if it is one, given its own bytes, or none if they are not needed.
    pub fn put<'b: 'a>(&self, bytes: &'b [u8]) -> Result<Option<Put<'a>>, Damaged> {
        let Some(head) = self.object else { return Ok(None) };
        Ok(Some(Put {
            uuid: head.uuid(),
            object_type: Cow::Borrowed(head.object_type()?),
            version: head.version(),
            label: head.label(),
            brought_by: head.brought_by()?,
            digest: *self.digest,
            bytes: Cow::Borrowed(bytes),
        }))
    }

    /// The entry's bytes, given its block's body.
    pub fn bytes<'b>(&self, body: &'b [u8]) -> Result<&'b [u8], Damaged> {
        self.offset
            .checked_add(self.length)
            .and_then(|end| body.get(self.offset..end))
            .ok_or(Damaged("a block's body"))
    }
}

/// Writes entries as blocks, from `first` and the chain so far.
pub fn write(entries: &[Entry<'_>], first: Seq, chain: Chain) -> Vec<Block> {
    let mut blocks = Vec::new();
    let (mut next, mut chain) = (first, chain);
    let mut open = Block { first, head: Vec::new(), body: Vec::new(), chain };
    let mut count = 0;
    for entry in entries {
        let start = open.body.len();
        v1::put_body(&mut open.body, entry);
        let bytes = open.body.get(start..).unwrap_or_default();
        open.head.push(v1::kind(entry));
        put_varint(&mut open.head, u64::try_from(bytes.len()).unwrap_or(u64::MAX));
        match entry {
            // The digest was computed by whoever read the object: once is enough.
            Entry::Put(put) => {
                open.head.extend_from_slice(&put.digest);
                v1::put_head(&mut open.head, put);
            }
            Entry::Label(_)
            | Entry::Release(_)
            | Entry::Withdraw(_)
            | Entry::Hold(_)
            | Entry::Act(_) => open.head.extend_from_slice(&Sha256::digest(bytes)),
        }
        next += 1;
        count += 1;
        if open.body.len() >= BODY_BYTES || count == BLOCK_ENTRIES {
            chain = close(&mut open, chain);
            let fresh = Block { first: next, head: Vec::new(), body: Vec::new(), chain };
            blocks.push(std::mem::replace(&mut open, fresh));
            count = 0;
        }
    }
    if !open.head.is_empty() {
        close(&mut open, chain);
        blocks.push(open);
    }
    blocks
}

fn close(block: &mut Block, before: Chain) -> Chain {
    block.chain = link(before, &block.head);
    block.chain
}

/// The next value of the chain.
pub fn link(before: Chain, head: &[u8]) -> Chain {
    Sha256::new().chain_update(before).chain_update(head).finalize().into()
}

/// The records of a head, in order. Most readers want one of them, or one field of each: nothing is
/// copied, and nothing is read that is not asked for.
pub fn records(first: Seq, head: &[u8]) -> Records<'_> {
    Records { reader: Reader::new(head, "a block's head"), seq: first, offset: 0 }
}

/// The record of the entry at `seq` in the head of the block that begins at `first`, if it is there.
pub fn find(first: Seq, head: &[u8], seq: Seq) -> Result<Option<Record<'_>>, Damaged> {
    for record in records(first, head) {
        let record = record?;
        if record.seq == seq {
            return Ok(Some(record));
        }
    }
    Ok(None)
}

/// The records of a head; see [`records`].
#[derive(Clone, Debug)]
pub struct Records<'a> {
    reader: Reader<'a>,
    seq: Seq,
    offset: usize,
}

impl<'a> Records<'a> {
    fn read(&mut self) -> Result<Record<'a>, Damaged> {
        let kind = self.reader.byte()?;
        let length = self.reader.length()?;
        let digest = self.reader.array()?;
        let object = v1::is_put(kind).then(|| ObjectHead::read(&mut self.reader)).transpose()?;
        let (seq, offset) = (self.seq, self.offset);
        self.seq += 1;
        self.offset = offset.checked_add(length).ok_or(Damaged("a block's head"))?;
        Ok(Record { seq, offset, length, digest, object, kind })
    }
}

impl<'a> Iterator for Records<'a> {
    type Item = Result<Record<'a>, Damaged>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.reader.is_empty() {
            return None;
        }
        let read = self.read();
        if read.is_err() {
            // Nothing after damage reads as what it was.
            self.reader = Reader::new(&[], "a block's head");
        }
        Some(read)
    }
}

/// Whether a block is whole: its chain follows `before`, and every digest is its bytes'.
pub fn verify(block: &Block, before: Chain) -> Result<(), Damaged> {
    if link(before, &block.head) != block.chain {
        return Err(Damaged("the next block of the chain"));
    }
    for record in records(block.first, &block.head) {
        let record = record?;
        let digest: [u8; 32] = Sha256::digest(record.bytes(&block.body)?).into();
        if digest != *record.digest {
            return Err(Damaged("an entry with the digest recorded for it"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::{any, prop, proptest};

    /// A block of one act and one withdrawal, as `fuzz::block` takes it.
    fn whole() -> Vec<u8> {
        let act = crate::entry::Act { kind: "partner".into(), at: 7, json: "{}".into() };
        let partner = entente_release::PartnerIndex::new(3).unwrap();
        let release = crate::entry::Release { partner, first_added: 5, objects: vec![9, 4] };
        let blocks = write(&[Entry::Act(act), Entry::Withdraw(release)], 0, [0; 32]);
        let [block] = blocks.as_slice() else { panic!("{blocks:?}") };
        let length = u16::try_from(block.head.len()).unwrap().to_le_bytes();
        [&length, block.head.as_slice(), &block.body].concat()
    }

    proptest! {
        #[test]
        fn any_block_is_read_or_damaged(
            bytes: Vec<u8>,
            changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
        ) {
            crate::fuzz::block(&bytes);
            let mut near = whole();
            for (at, to) in changes {
                let at = at.index(near.len());
                near[at] = to;
            }
            crate::fuzz::block(&near);
        }
    }
}
