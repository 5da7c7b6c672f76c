//! The messages of the stream. Stored forms are in [`v1`], golden and frozen: docs/formats/stream.md.

/// Format 1 of messages.
///
/// Invariants:
/// * What reads was signed by this node's key: who can write to the cluster and has no key adds nothing.
/// * An append is whole or not there: its pieces follow each other without anything in between.
pub mod v1 {
    use entente_log::block::{self, Block, Chain};
    use entente_log::codec::{Damaged, Reader, put_text, put_varint};
    use entente_log::journal::Tip;
    use entente_log::key::{Key, verify_bytes};
    use entente_log::order::{Append, Position};
    use sha2::{Digest as _, Sha256};

    use crate::limits::{APPEND_BYTES_MAX, PIECES_MAX};

    const MAGIC: &[u8] = b"ENS1";
    const PIECE: u8 = 1;
    const GOAL: u8 = 2;

    /// A message.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub enum Frame<'a> {
        /// A piece of an append.
        Piece(Piece<'a>),
        /// The stream is being filled up to here.
        Goal {
            /// Where it will end.
            tip: Tip,
            /// By the node, for one place of one stream.
            signature: [u8; 64],
        },
    }

    /// A piece of an append.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct Piece<'a> {
        /// Where the log ended.
        pub after: Tip,
        /// The chain with the append.
        pub chain: Chain,
        /// Its number, from 0.
        pub number: u64,
        /// How many there are.
        pub of: u64,
        /// The bytes.
        pub bytes: &'a [u8],
    }

    impl Piece<'_> {
        fn to_bytes(self) -> Vec<u8> {
            let mut out = [MAGIC, &[PIECE]].concat();
            put_tip(&mut out, self.after);
            out.extend_from_slice(&self.chain);
            put_varint(&mut out, self.number);
            put_varint(&mut out, self.of);
            out.extend_from_slice(self.bytes);
            out
        }
    }

    fn put_tip(out: &mut Vec<u8>, tip: Tip) {
        put_varint(out, tip.next);
        out.extend_from_slice(&tip.chain);
    }

    fn tip(reader: &mut Reader<'_>) -> Result<Tip, Damaged> {
        Ok(Tip { next: reader.varint()?, chain: *reader.array()? })
    }

    /// Reads a message.
    pub fn read(bytes: &[u8]) -> Result<Frame<'_>, Damaged> {
        let mut reader = Reader::new(bytes, "a message of the stream");
        if reader.take(MAGIC.len())? != MAGIC {
            return Err(Damaged("a message of the stream, format 1"));
        }
        match reader.byte()? {
            PIECE => {
                let (after, chain) = (tip(&mut reader)?, *reader.array()?);
                let (number, of) = (reader.varint()?, reader.varint()?);
                if number >= of || of > PIECES_MAX {
                    return Err(Damaged("a piece of an append"));
                }
                let bytes = reader.rest();
                Ok(Frame::Piece(Piece { after, chain, number, of, bytes }))
            }
            GOAL => {
                let (tip, signature) = (tip(&mut reader)?, *reader.array()?);
                if !reader.is_empty() {
                    return Err(Damaged("a goal of the stream"));
                }
                Ok(Frame::Goal { tip, signature })
            }
            _ => Err(Damaged("a message of the stream of a known kind")),
        }
    }

    /// The pieces of an append, each with at most `most` bytes of it.
    pub fn pieces(append: &Append, key: &Key, most: usize) -> Vec<Vec<u8>> {
        let bytes = append_bytes(append, key);
        let parts: Vec<&[u8]> = bytes.chunks(most.max(1)).collect();
        let of = u64::try_from(parts.len()).unwrap_or(u64::MAX);
        let (after, chain) = (append.after, append.chain());
        let piece = |(number, bytes)| Piece { after, chain, number, of, bytes }.to_bytes();
        (0..).zip(parts).map(piece).collect()
    }

    fn append_bytes(append: &Append, key: &Key) -> Vec<u8> {
        let mut out = Vec::new();
        put_varint(&mut out, u64::try_from(append.blocks.len()).unwrap_or(u64::MAX));
        for block in &append.blocks {
            for bytes in [&block.head, &block.body] {
                put_varint(&mut out, u64::try_from(bytes.len()).unwrap_or(u64::MAX));
                out.extend_from_slice(bytes);
            }
        }
        let notes = notes_bytes(&append.notes);
        let signed = append_text(key.name(), (append.after, append.chain()), &notes);
        out.extend_from_slice(&notes);
        out.extend_from_slice(&key.sign_bytes(&signed));
        out
    }

    fn notes_bytes(notes: &[(u8, String)]) -> Vec<u8> {
        let mut out = Vec::new();
        put_varint(&mut out, u64::try_from(notes.len()).unwrap_or(u64::MAX));
        for (partner, note) in notes {
            out.push(*partner);
            put_text(&mut out, note);
        }
        out
    }

    /// What is signed: the chain stands for every byte of the blocks.
    fn append_text(name: &str, (after, chain): (Tip, Chain), notes: &[u8]) -> Vec<u8> {
        let mut text = format!("entente stream append 1\n{name}\n").into_bytes();
        text.extend_from_slice(&after.next.to_le_bytes());
        text.extend_from_slice(&after.chain);
        text.extend_from_slice(&chain);
        text.extend_from_slice(&Sha256::digest(notes));
        text
    }

    /// Reads an append from its pieces put together; its blocks are not yet verified against the chain
    /// of the reader. `public` is this node's key.
    pub fn append(
        (after, chain): (Tip, Chain),
        bytes: &[u8],
        (name, public): (&str, &str),
    ) -> Result<Append, Damaged> {
        if bytes.len() > APPEND_BYTES_MAX {
            return Err(Damaged("an append of an allowed size"));
        }
        let mut reader = Reader::new(bytes, "an append");
        let mut blocks = Vec::new();
        let mut at = after;
        for _ in 0..reader.length()? {
            let length = reader.length()?;
            let head = reader.take(length)?.to_vec();
            let length = reader.length()?;
            let body = reader.take(length)?.to_vec();
            let first = at.next;
            for record in block::records(first, &head) {
                at.next = record?.seq.checked_add(1).ok_or(Damaged("an append"))?;
            }
            if at.next == first {
                return Err(Damaged("a block with entries"));
            }
            at.chain = block::link(at.chain, &head);
            blocks.push(Block { first, head, body, chain: at.chain });
        }
        let tail = reader.rest();
        let mut notes = Vec::new();
        for _ in 0..reader.length()? {
            notes.push((reader.byte()?, reader.text()?.to_owned()));
        }
        let length = tail.len() - reader.rest().len();
        let of_notes = tail.get(..length).unwrap_or_default();
        let signature: &[u8; 64] = reader.array()?;
        let text = append_text(name, (after, chain), of_notes);
        if !reader.is_empty() || at.chain != chain || !verify_bytes(public, &text, signature) {
            return Err(Damaged("an append that this node signed"));
        }
        Ok(Append { after, blocks, notes })
    }

    /// The message that says up to where the stream is filled, for the place after `at`.
    pub fn goal(tip: Tip, at: Position, key: &Key) -> Vec<u8> {
        let mut out = [MAGIC, &[GOAL]].concat();
        put_tip(&mut out, tip);
        out.extend_from_slice(&key.sign_bytes(&goal_text(key.name(), tip, at)));
        out
    }

    fn goal_text(name: &str, tip: Tip, at: Position) -> Vec<u8> {
        let mut text = format!("entente stream goal 1\n{name}\n").into_bytes();
        text.extend_from_slice(&tip.next.to_le_bytes());
        text.extend_from_slice(&tip.chain);
        text.extend_from_slice(&at.stream.to_le_bytes());
        text.extend_from_slice(&at.seq.to_le_bytes());
        text
    }

    /// Whether this node said so, for the place after `at`.
    pub fn is_goal(
        (tip, signature): (Tip, &[u8; 64]),
        at: Position,
        (name, public): (&str, &str),
    ) -> bool {
        verify_bytes(public, &goal_text(name, tip, at), signature)
    }
}

#[cfg(test)]
mod tests;
