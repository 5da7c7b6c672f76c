//! The invariants of this crate as functions of any bytes, called by property tests and by fuzzers.

use crate::block::{records, write};
use crate::entry::Entry;

/// Whatever the bytes, as a block whose head has as many of them as the first two say: its entries
/// are read or damaged, and what was read is written as a block that reads as the same.
///
/// # Panics
/// If one of these does not hold.
pub fn block(bytes: &[u8]) {
    let Some(([low, high], rest)) = bytes.split_first_chunk() else {
        return;
    };
    let (head, body) =
        rest.split_at_checked(u16::from_le_bytes([*low, *high]).into()).unwrap_or((rest, &[]));
    let read = records(0, head).map_while(|record| record.and_then(|it| it.entry(body)).ok());
    let entries: Vec<Entry<'_>> = read.collect();
    let mut again = 0;
    for block in write(&entries, 0, [0; 32]) {
        assert_eq!(block.first, u64::try_from(again).unwrap_or(u64::MAX));
        for record in records(block.first, &block.head) {
            let entry = record.and_then(|record| record.entry(&block.body));
            assert_eq!(entry.as_ref().ok(), entries.get(again));
            again += 1;
        }
    }
    assert_eq!(again, entries.len());
}
