//! What views ask: rows of a partner's view, and the bytes behind them.
//!
//! Invariants:
//! * Every question names an [`Audience`], and sees the rows of that partner's ledger alone.
//! * Bytes are handed out only as [`Released`], sealed under the labels they were recorded with.
//! * The work of a question is bounded by its limit, not by the size of the store.

use std::cell::RefCell;
use std::collections::hash_map::Entry;
use std::path::Path;

use entente_log::Seq;
use entente_log::block::{Block, Record, find};
use entente_object::id::IdKey;
use entente_release::{Audience, Label, PartnerSet, Released, seal};
use rusqlite::{Connection, OptionalExtension as _, params};
use rustc_hash::FxHashMap;
use uuid::Uuid;

use crate::chunk::{Row, decode};
use crate::error::{Doing as _, StoreError};
use crate::fold::{Interned, NOT_FIRST, SUPERSEDED, WITHDRAWN, load_label};
use crate::place::{self, since, view_number};
use crate::records::{self, Filed};
use crate::schema;
use crate::tail::chunk_key;
use crate::walk::{Parts, Visit, walk};

/// Chunks looked through for one question before it is answered with what was found: with filters
/// that almost nothing passes, a page may be short, and says that there is more.
const CHUNKS_PER_QUESTION: usize = 64;

/// What an object usually takes of a page, and a record of a manifest: how much is reserved at once.
const OBJECT_BYTES_USUAL: usize = 900;
const RECORD_BYTES_USUAL: usize = 220;

/// Which rows are asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selection {
    /// The area: `programme/area`.
    pub under: String,
    /// Only these ids; empty: all.
    pub ids: Vec<(String, Uuid)>,
    /// Only these object types; empty: all.
    pub types: Vec<String>,
    /// Which versions; empty: the last.
    pub versions: Vec<Version>,
    /// Only what was added later than this, in microseconds since 1970.
    pub after: Option<i64>,
    /// At most so many rows.
    pub limit: usize,
}

/// Which version of an object (TAXII 2.1, 3.4.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    /// The newest in the view.
    Last,
    /// The oldest in the view.
    First,
    /// Every one.
    All,
    /// The one of this time, in microseconds since 1970.
    At(i64),
}

/// Rows in the order of release.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rows {
    /// The rows.
    pub rows: Vec<Row>,
    /// Whether more may follow; if so, after this time.
    pub more_after: Option<i64>,
}

/// What a manifest says of an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed<'a> {
    /// The type of its id.
    pub object_type: &'a str,
    /// The UUID of its id.
    pub uuid: Uuid,
    /// Its version, in microseconds since 1970.
    pub version: i64,
    /// `date_added`, in microseconds since 1970.
    pub added: i64,
}

/// A connection for questions. Open one for each thread that asks.
pub struct Reader {
    pub(crate) database: Connection,
    /// Those that were asked for. A label never changes.
    labels: FxHashMap<u32, Interned>,
    /// The block that was read last.
    block: RefCell<Option<Block>>,
}

impl Reader {
    /// Opens the store in `folder` for reading.
    pub fn open(folder: &Path) -> Result<Self, StoreError> {
        Self::open_file(&folder.join(crate::DATABASE))
    }

    pub(crate) fn open_file(path: &Path) -> Result<Self, StoreError> {
        let database = schema::open_reader(path)?;
        Ok(Self { database, labels: FxHashMap::default(), block: RefCell::default() })
    }

    /// Answers a question from one state of the store, whatever is appended or rebuilt meanwhile: a
    /// rebuild numbers views anew, so a number is good within one snapshot alone.
    pub fn snapshot<T, E: From<StoreError>>(
        &mut self,
        question: impl FnOnce(&mut Self) -> Result<T, E>,
    ) -> Result<T, E> {
        let run = |database: &Connection, sql| {
            database
                .prepare_cached(sql)
                .and_then(|mut statement| statement.execute([]))
                .doing("reading together")
        };
        run(&self.database, "BEGIN")?;
        let answer = question(self);
        run(&self.database, "COMMIT")?;
        answer
    }

    /// A number that differs from the one before if anything was committed in between. It means
    /// nothing to another reader.
    pub fn data_version(&self) -> Result<i64, StoreError> {
        self.database
            .prepare_cached("PRAGMA data_version")
            .and_then(|mut query| query.query_row([], |row| row.get(0)))
            .doing("looking for changes")
    }

    /// The acts of a kind, in order.
    pub fn acts(
        &self,
        kind: &str,
    ) -> Result<Vec<(Seq, entente_log::entry::Act<'static>)>, StoreError> {
        crate::acts::of_kind(&self.database, kind)
    }

    /// The last act of a kind.
    pub fn last_act_of(
        &self,
        kind: &str,
    ) -> Result<Option<(Seq, entente_log::entry::Act<'static>)>, StoreError> {
        crate::acts::last_of_kind(&self.database, kind)
    }

    /// Visits what nations do together, as [`crate::Home::each_record`] does.
    pub fn each_record(
        &self,
        which: (Option<Seq>, Option<&str>),
        visit: &mut dyn FnMut(Filed) -> Result<bool, StoreError>,
    ) -> Result<(), StoreError> {
        records::each(&self.database, which, visit)
    }

    /// How many objects wait for something before some partner has them.
    pub fn waiting_count(&self) -> Result<u64, StoreError> {
        let count: i64 = self
            .database
            .prepare_cached("SELECT count(*) FROM hold")
            .and_then(|mut query| query.query_row([], |row| row.get(0)))
            .doing("counting what waits")?;
        Ok(count.cast_unsigned())
    }

    /// The place of the newest act of any of these kinds, or 0.
    pub fn last_act(&self, kinds: &[&str]) -> Result<u64, StoreError> {
        let mut query = self
            .database
            .prepare_cached("SELECT max(seq) FROM act WHERE kind = ?1")
            .doing("looking for acts")?;
        let mut last = 0;
        for kind in kinds {
            let seq: Option<i64> =
                query.query_row(params![kind], |row| row.get(0)).doing("looking for acts")?;
            last = last.max(seq.unwrap_or(0).cast_unsigned());
        }
        Ok(last)
    }

    /// The rows of the audience's view that `selection` asks for.
    pub fn rows(&self, audience: &Audience, selection: &Selection) -> Result<Rows, StoreError> {
        let partner = audience.partner().get();
        let Some(area) = view_number(&self.database, partner, &selection.under, "")? else {
            return Ok(Rows::default());
        };
        if !selection.ids.is_empty() {
            return self.rows_of_ids(audience, area, selection);
        }
        let mut views = Vec::new();
        for object_type in &selection.types {
            views.extend(view_number(&self.database, partner, &selection.under, object_type)?);
        }
        if selection.types.is_empty() {
            views.push(area);
        }
        let mut found = Rows::default();
        for view in views {
            let part = self.scan(area, view, selection)?;
            found.rows.extend(part.rows);
            found.more_after = min_some(found.more_after, part.more_after);
        }
        if selection.types.len() > 1 {
            found.rows.sort_unstable_by_key(|row| row.added);
            found.rows.dedup();
            if let Some(until) = found.more_after {
                found.rows.retain(|row| row.added <= until);
            }
            cut(&mut found, selection.limit);
        }
        Ok(found)
    }

    /// Rows of one view after a time, filtered, up to the limit.
    fn scan(&self, area: u32, view: u32, selection: &Selection) -> Result<Rows, StoreError> {
        let mut found = Rows::default();
        let marked = self.has_marks(area)?;
        let after = selection.after.unwrap_or(i64::MIN);
        let mut chunk = self.first_chunk(view, after)?;
        for _ in 0..CHUNKS_PER_QUESTION {
            let Some((key, rows)) = chunk else { return Ok(found) };
            let start = rows.partition_point(|row| row.added <= after);
            let rows = rows.get(start..).unwrap_or_default();
            let marks = if marked { self.marks(area, rows)? } else { FxHashMap::default() };
            for row in rows {
                let mark = marks.get(&row.seq).copied().unwrap_or(0);
                if !self.passes(row.seq, mark, &selection.versions)? {
                    continue;
                }
                if found.rows.len() == selection.limit {
                    found.more_after = found.rows.last().map(|row| row.added).or(selection.after);
                    return Ok(found);
                }
                found.rows.push(*row);
            }
            found.more_after = rows.last().map(|row| row.added);
            chunk = self.next_chunk(view, key)?;
            if chunk.is_none() {
                found.more_after = None;
            }
        }
        Ok(found)
    }

    fn rows_of_ids(
        &self,
        audience: &Audience,
        area: u32,
        selection: &Selection,
    ) -> Result<Rows, StoreError> {
        let mut found = Rows::default();
        let bit = PartnerSet::NONE.with(audience.partner()).bits().cast_signed();
        let mut query = self
            .database
            .prepare_cached("SELECT seq FROM known WHERE id = ?1 AND released & ?2 != 0")
            .doing("looking for an object")?;
        let wanted = |name: &String| selection.types.is_empty() || selection.types.contains(name);
        for (object_type, uuid) in selection.ids.iter().filter(|(name, _)| wanted(name)) {
            let seqs = query
                .query_map(params![IdKey::of(object_type, *uuid).as_bytes(), bit], |row| {
                    row.get::<_, i64>(0)
                })
                .doing("looking for an object")?;
            for seq in seqs {
                let seq = seq.doing("looking for an object")?.cast_unsigned();
                let Some(added) = since(&self.database, area, seq)? else { continue };
                let row = Row { seq, added, withdrawn: false };
                let mark = self.marks(area, &[row])?.get(&seq).copied().unwrap_or(0);
                let wanted = selection.after.is_none_or(|after| added > after)
                    && self.passes(seq, mark, &selection.versions)?;
                if wanted {
                    found.rows.push(row);
                }
            }
        }
        found.rows.sort_unstable_by_key(|row| row.added);
        found.rows.dedup();
        cut(&mut found, selection.limit);
        Ok(found)
    }

    fn passes(&self, seq: Seq, mark: i64, versions: &[Version]) -> Result<bool, StoreError> {
        if mark & WITHDRAWN != 0 {
            return Ok(false);
        }
        let last = mark & SUPERSEDED == 0;
        let mut passes = versions.is_empty() && last;
        for version in versions {
            passes |= match version {
                Version::Last => last,
                Version::First => mark & NOT_FIRST == 0,
                Version::All => true,
                Version::At(time) => self.version_of(seq)? == Some(*time),
            };
        }
        Ok(passes)
    }

    fn version_of(&self, seq: Seq) -> Result<Option<i64>, StoreError> {
        self.with_record(seq, |record, _| Ok(record.object.map(|head| head.version())))
    }

    /// Gives a record and its block's body to `read`. Blocks never change, so the last one is kept:
    /// who asks for a version, a type and then the object reads it once.
    fn with_record<T>(
        &self,
        seq: Seq,
        read: impl FnOnce(&Record<'_>, &[u8]) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let missing = || StoreError::Dangling("an object");
        let mut kept = self.block.borrow_mut();
        let here = match &*kept {
            Some(block) => find(block.first, &block.head, seq)?.is_some(),
            None => false,
        };
        if !here {
            *kept = place::block(&self.database, seq)?;
        }
        let block = kept.as_ref().ok_or_else(missing)?;
        let record = find(block.first, &block.head, seq)?.ok_or_else(missing)?;
        read(&record, &block.body)
    }

    fn has_marks(&self, view: u32) -> Result<bool, StoreError> {
        let found: Option<i64> = self
            .database
            .prepare_cached("SELECT 1 FROM mark WHERE view = ?1 LIMIT 1")
            .and_then(|mut query| query.query_row(params![view], |row| row.get(0)).optional())
            .doing("looking for marks")?;
        Ok(found.is_some())
    }

    /// The marks of the rows: by range where they lie close together, else one by one.
    fn marks(&self, view: u32, rows: &[Row]) -> Result<FxHashMap<Seq, i64>, StoreError> {
        let low = rows.iter().map(|row| row.seq).min().unwrap_or_default();
        let high = rows.iter().map(|row| row.seq).max().unwrap_or_default();
        let mut marks = FxHashMap::default();
        let mut query = self
            .database
            .prepare_cached("SELECT seq, mark FROM mark WHERE view = ?1 AND seq BETWEEN ?2 AND ?3")
            .doing("reading marks")?;
        let close = usize::try_from(high - low).is_ok_and(|span| span <= 8 * rows.len().max(128));
        let ranges: Vec<(Seq, Seq)> = if close {
            vec![(low, high)]
        } else {
            rows.iter().map(|row| (row.seq, row.seq)).collect()
        };
        for (low, high) in ranges {
            let mut found = query
                .query(params![view, low.cast_signed(), high.cast_signed()])
                .doing("reading marks")?;
            while let Some(row) = found.next().doing("reading marks")? {
                let seq: i64 = row.get(0).doing("reading marks")?;
                marks.insert(seq.cast_unsigned(), row.get(1).doing("reading marks")?);
            }
        }
        Ok(marks)
    }

    /// The chunk in which rows added after `after` begin.
    fn first_chunk(&self, view: u32, after: i64) -> Result<Option<(i64, Vec<Row>)>, StoreError> {
        let at = self.chunk(
            "SELECT key, rows FROM chunk WHERE view = ?1 AND first_added <= ?2
             ORDER BY first_added DESC LIMIT 1",
            params![view, after],
        )?;
        match at {
            Some(chunk) => Ok(Some(chunk)),
            None => self.next_chunk(view, chunk_key(view, 0) - 1),
        }
    }

    fn next_chunk(&self, view: u32, key: i64) -> Result<Option<(i64, Vec<Row>)>, StoreError> {
        self.chunk(
            "SELECT key, rows FROM chunk WHERE key > ?1 AND key < ?2 ORDER BY key LIMIT 1",
            params![key, chunk_key(view + 1, 0)],
        )
    }

    fn chunk(
        &self,
        sql: &str,
        arguments: &[&dyn rusqlite::ToSql],
    ) -> Result<Option<(i64, Vec<Row>)>, StoreError> {
        let found: Option<(i64, Vec<u8>)> = self
            .database
            .prepare_cached(sql)
            .and_then(|mut query| {
                query.query_row(arguments, |row| Ok((row.get(0)?, row.get(1)?))).optional()
            })
            .doing("reading a view")?;
        Ok(match found {
            Some((key, bytes)) => Some((key, decode(&bytes)?)),
            None => None,
        })
    }

    /// `page`, and after it the objects of `rows`: their exact bytes with commas between them.
    pub fn objects(
        &mut self,
        audience: &Audience,
        rows: &[Row],
        mut page: Vec<u8>,
    ) -> Result<Released<Vec<u8>>, StoreError> {
        let start = page.len();
        page.reserve(rows.len() * OBJECT_BYTES_USUAL);
        let labels = self.labels_of(rows, Parts::Whole, |record, _, body| {
            if page.len() > start {
                page.push(b',');
            }
            page.extend_from_slice(record.bytes(body)?);
            Ok(())
        })?;
        self.seal(audience, &labels, page)
    }

    /// `page`, and after it what `render` writes of each of `rows`, for manifests and lists of
    /// versions, with commas between.
    pub fn listed(
        &mut self,
        audience: &Audience,
        rows: &[Row],
        mut page: Vec<u8>,
        mut render: impl FnMut(&Listed<'_>, &mut Vec<u8>),
    ) -> Result<Released<Vec<u8>>, StoreError> {
        let start = page.len();
        page.reserve(rows.len() * RECORD_BYTES_USUAL);
        let labels = self.labels_of(rows, Parts::Heads, |record, row, _| {
            let Some(head) = record.object else { return Ok(()) };
            let listed = Listed {
                object_type: head.object_type()?,
                uuid: head.uuid(),
                version: head.version(),
                added: row.added,
            };
            if page.len() > start {
                page.push(b',');
            }
            render(&listed, &mut page);
            Ok(())
        })?;
        self.seal(audience, &labels, page)
    }

    /// Visits the records of `rows`, and gives the labels met.
    fn labels_of(
        &self,
        rows: &[Row],
        parts: Parts,
        mut visit: impl Visit,
    ) -> Result<Vec<u32>, StoreError> {
        let mut labels: Vec<u32> = Vec::new();
        let mut noting = |record: &Record<'_>, row: &Row, body: &[u8]| {
            let label = record.object.ok_or(StoreError::Dangling("an object"))?.label();
            if labels.last() != Some(&label) && !labels.contains(&label) {
                labels.push(label);
            }
            visit(record, row, body)
        };
        if let ([row], Parts::Whole) = (rows, parts) {
            // Its block was just read, to look whether it is wanted.
            self.with_record(row.seq, |record, body| noting(record, row, body))?;
        } else {
            walk(&self.database, rows, parts, &mut noting)?;
        }
        Ok(labels)
    }

    /// Reads the labels of these numbers which it does not know.
    pub(crate) fn know_labels(&mut self, numbers: &[u32]) -> Result<(), StoreError> {
        for number in numbers {
            if let Entry::Vacant(place) = self.labels.entry(*number) {
                place.insert(load_label(&self.database, *number)?);
            }
        }
        Ok(())
    }

    /// The labels of these numbers.
    pub(crate) fn labels_numbered(&self, numbers: &[u32]) -> Result<Vec<&Label>, StoreError> {
        let one = |number: &u32| {
            let known = self.labels.get(number).map(|known| &known.label);
            known.ok_or(StoreError::Dangling("a label"))
        };
        numbers.iter().map(one).collect()
    }

    pub(crate) fn seal(
        &mut self,
        audience: &Audience,
        labels: &[u32],
        bytes: Vec<u8>,
    ) -> Result<Released<Vec<u8>>, StoreError> {
        self.know_labels(labels)?;
        let under = self.labels_numbered(labels)?;
        Ok(seal(audience, under, bytes)?)
    }
}

fn min_some(a: Option<i64>, b: Option<i64>) -> Option<i64> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}

fn cut(found: &mut Rows, limit: usize) {
    if found.rows.len() > limit {
        found.rows.truncate(limit);
        found.more_after = found.rows.last().map(|row| row.added);
    }
}
