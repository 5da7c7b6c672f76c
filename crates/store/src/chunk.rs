//! Chunks: how the rows of a view are stored, 1,024 at a time.
//!
//! A view is a sequence of (object, since when), in the order of release. `date_added` grows by at
//! least 1 µs from row to row of one partner, so it is order, cursor and place in one.
//!
//! Invariant: a chunk of [`CHUNK_ROWS`] rows never changes again.

use entente_log::Seq;
use entente_log::codec::{Damaged, Reader, put_varint};

/// Rows of a full chunk: one page of 1,000 objects touches two chunks at most, and rewriting the
/// open one costs 4 KiB.
pub(crate) const CHUNK_ROWS: usize = 1024;

/// One row of a view.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row {
    /// The object.
    pub seq: Seq,
    /// `date_added`, in microseconds since 1970.
    pub added: i64,
    /// In a ledger: this row withdraws the object.
    pub withdrawn: bool,
}

/// Format 1 of a chunk, frozen: docs/formats/store.md.
pub(crate) fn encode(rows: &[Row]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(rows.len() * 3 + 16);
    let (mut seq, mut added) = (0i64, 0i64);
    for row in rows {
        let step = row.seq.cast_signed().wrapping_sub(seq);
        let zigzag = (step.cast_unsigned() << 1) ^ (step >> 63).cast_unsigned();
        put_varint(&mut bytes, zigzag << 1 | u64::from(row.withdrawn));
        put_varint(&mut bytes, row.added.wrapping_sub(added).cast_unsigned());
        (seq, added) = (row.seq.cast_signed(), row.added);
    }
    bytes
}

/// Reads a chunk.
pub(crate) fn decode(bytes: &[u8]) -> Result<Vec<Row>, Damaged> {
    let mut reader = Reader::new(bytes, "a chunk of a view");
    let mut rows = Vec::with_capacity(CHUNK_ROWS);
    let (mut seq, mut added) = (0i64, 0i64);
    while !reader.is_empty() {
        let first = reader.varint()?;
        let zigzag = first >> 1;
        seq = seq.wrapping_add((zigzag >> 1).cast_signed() ^ -(zigzag & 1).cast_signed());
        added = added.wrapping_add(reader.varint()?.cast_signed());
        rows.push(Row { seq: seq.cast_unsigned(), added, withdrawn: first & 1 == 1 });
    }
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::{any, prop, prop_assert_eq, proptest};

    #[test]
    fn the_bytes_of_a_chunk_are_frozen() {
        let row = |seq, added, withdrawn| Row { seq, added, withdrawn };
        let rows = [
            row(5, 1_700_000_000_000_000, false),
            row(900, 1_700_000_000_000_001, false),
            row(5, 1_700_000_000_000_777, true),
        ];
        let expected = [
            &[20][..],
            &[0x80, 0x80, 0xf9, 0xc0, 0xc1, 0xc4, 0x82, 0x03],
            &[0xfc, 0x1b, 1, 0xfb, 0x1b, 0x88, 0x06],
        ];
        assert_eq!(encode(&rows), expected.concat());
    }

    proptest! {
        #[test]
        fn rows_come_back(raw in prop::collection::vec((0u64..1 << 40, 0i64..1 << 50, any::<bool>()), 0..50)) {
            let rows: Vec<Row> =
                raw.into_iter().map(|(seq, added, withdrawn)| Row { seq, added, withdrawn }).collect();
            prop_assert_eq!(decode(&encode(&rows)).unwrap(), rows);
        }

        #[test]
        fn any_bytes_are_read_or_refused(bytes: Vec<u8>) {
            let _either = decode(&bytes);
        }
    }
}
