//! What a partner's node follows: the entries of its ledger in order, with proof.
//!
//! Invariants:
//! * A page holds what stands in the audience's own ledger, and nothing else.
//! * It is proven: whoever has the tree of the entries before it can check that the entries of the
//!   page, and nothing else, lie between there and what was signed.
//!
//! Format: docs/formats/peer.md.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use entente_log::block::Record;
use entente_release::{Audience, Label, PartnerIndex, Released, label_marking};
use tlog_tiles::tlog;

use crate::chunk::{CHUNK_ROWS, Row};
use crate::error::StoreError;
use crate::place::view_number;
use crate::reader::Reader;
use crate::tail::StoredHashes;
use crate::walk::{Parts, walk};

/// Entries of one page at most: with 800 bytes each, a page is 0.8 MB.
pub const FEED_ENTRIES_MAX: usize = 1000;

/// A page is closed when it has so many bytes. With one more object, which is 1 MiB at most, it is
/// below 5 MiB, and with its labels below 6.
pub const FEED_BYTES: usize = 4 * 1024 * 1024;

/// What an entry usually takes of a page: how much is reserved at once.
const ENTRY_BYTES_USUAL: usize = 1000;

/// So many entries are read at once. What is read beyond the end of a full page is read in vain.
const STEP: usize = 50;

/// A page of a partner's ledger.
#[derive(Clone, Debug)]
pub struct FeedPage {
    /// The page.
    pub page: Released<Vec<u8>>,
    /// How many entries the ledger has up to the end of the page.
    pub to: u64,
    /// How many it has.
    pub size: u64,
}

impl Reader {
    /// The page of the audience's ledger from entry `from` on; none if nothing was ever signed for it.
    /// Beyond the end it has no entries.
    pub fn feed(&mut self, audience: &Audience, from: u64) -> Result<Option<FeedPage>, StoreError> {
        self.snapshot(|reader| reader.feed_now(audience, from))
    }

    fn feed_now(&mut self, audience: &Audience, from: u64) -> Result<Option<FeedPage>, StoreError> {
        let Some(checkpoint) = self.checkpoint(audience.partner())? else { return Ok(None) };
        let from = from.min(checkpoint.size);
        let room = usize::try_from(checkpoint.size - from).unwrap_or(usize::MAX);
        let rows = self.ledger_rows(audience, from, room.min(FEED_ENTRIES_MAX))?;
        let mut page = Page::begin((from, &checkpoint.note), rows.len());
        for rows in rows.chunks(STEP) {
            if page.is_full() {
                break;
            }
            walk(
                &self.database,
                rows,
                Parts::Whole,
                &mut |record: &Record<'_>, row: &Row, body| page.entry(record, row, body),
            )?;
        }
        let to = from + page.entries;
        let grown = |from| self.prove_growth(audience.partner(), from, checkpoint.size);
        let proofs = (grown(from)?, grown(to)?);
        self.know_labels(&page.labels)?;
        let under: Vec<&Label> = self.labels_numbered(&page.labels)?;
        let stix: Vec<String> = under.iter().map(|label| label_marking::to_stix(label)).collect();
        let out = page.end(&stix, &proofs);
        let page = entente_release::seal(audience, under, out)?;
        Ok(Some(FeedPage { page, to, size: checkpoint.size }))
    }

    /// Proof that the tree of the first `size` entries of a partner's ledger begins with that of the
    /// first `from` (RFC 6962, 2.1.2).
    pub fn prove_growth(
        &self,
        partner: PartnerIndex,
        from: u64,
        size: u64,
    ) -> Result<Vec<tlog::Hash>, StoreError> {
        if from == 0 {
            return Ok(Vec::new());
        }
        let hashes = StoredHashes { database: &self.database, partner: partner.get() };
        tlog::prove_tree(size, from, &hashes).map_err(|cause| StoreError::Tree(cause.to_string()))
    }

    /// Rows of the audience's ledger from entry `from` on.
    pub(crate) fn ledger_rows(
        &self,
        audience: &Audience,
        from: u64,
        most: usize,
    ) -> Result<Vec<Row>, StoreError> {
        let mut found = Vec::new();
        let Some(view) = view_number(&self.database, audience.partner().get(), "", "")? else {
            return Ok(found);
        };
        let per_chunk = u64::try_from(CHUNK_ROWS).unwrap_or(1);
        let mut skip = usize::try_from(from % per_chunk).unwrap_or_default();
        for chunk in from / per_chunk.. {
            let number = u32::try_from(chunk).unwrap_or(u32::MAX);
            let Some(rows) = self.ledger_chunk(view, number)? else { break };
            found.extend(rows.iter().skip(skip).take(most - found.len()));
            skip = 0;
            if found.len() == most || rows.len() < CHUNK_ROWS {
                break;
            }
        }
        Ok(found)
    }
}

/// A page being written.
struct Page {
    out: Vec<u8>,
    entries: u64,
    /// The numbers here of the labels met, in the order in which the page numbers them.
    labels: Vec<u32>,
}

impl Page {
    fn begin((from, note): (u64, &str), entries: usize) -> Self {
        let mut out = Vec::with_capacity((entries * ENTRY_BYTES_USUAL).min(FEED_BYTES) + 4096);
        out.extend_from_slice(b"{\"format\":1,\"checkpoint\":");
        entente_object::json::write_string(note, &mut out);
        out.extend_from_slice(format!(",\"from\":{from},\"entries\":[").as_bytes());
        Self { out, entries: 0, labels: Vec::new() }
    }

    fn is_full(&self) -> bool {
        self.out.len() >= FEED_BYTES
    }

    /// Writes an entry, unless the page is full: then none that follows is written either.
    fn entry(&mut self, record: &Record<'_>, row: &Row, body: &[u8]) -> Result<(), StoreError> {
        if self.is_full() {
            return Ok(());
        }
        let object = record.object.ok_or(StoreError::Dangling("an object"))?;
        let label = object.label();
        let at = self.labels.iter().position(|known| *known == label).unwrap_or_else(|| {
            self.labels.push(label);
            self.labels.len() - 1
        });
        if self.entries > 0 {
            self.out.push(b',');
        }
        let head = format!("{{\"added\":{},\"label\":{at},", row.added);
        self.out.extend_from_slice(head.as_bytes());
        if row.withdrawn {
            let (kind, uuid) = (object.object_type()?, object.uuid());
            let digest = BASE64_STANDARD.encode(record.digest);
            let text = format!("\"withdrawn\":\"{digest}\",\"id\":\"{kind}--{uuid}\"");
            self.out.extend_from_slice(text.as_bytes());
        } else {
            self.out.extend_from_slice(b"\"object\":");
            self.out.extend_from_slice(record.bytes(body)?);
        }
        self.out.push(b'}');
        self.entries += 1;
        Ok(())
    }

    fn end(
        mut self,
        labels: &[String],
        (before, proof): &(Vec<tlog::Hash>, Vec<tlog::Hash>),
    ) -> Vec<u8> {
        let list = |proof: &[tlog::Hash]| {
            let hash = |hash: &tlog::Hash| format!("\"{}\"", BASE64_STANDARD.encode(hash.0));
            proof.iter().map(hash).collect::<Vec<_>>().join(",")
        };
        let (labels, before, proof) = (labels.join(","), list(before), list(proof));
        let tail = format!("],\"labels\":[{labels}],\"before\":[{before}],\"proof\":[{proof}]}}");
        self.out.extend_from_slice(tail.as_bytes());
        self.out
    }
}
