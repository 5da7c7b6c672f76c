//! The database: how it is opened, and its tables.
//!
//! Invariants:
//! * `block` is the log and is only ever inserted into. Every other table is an index: dropping all
//!   of them and folding the log anew gives the same rows.
//! * An acknowledged transaction is on disk (WAL, `synchronous = FULL`).

use std::path::Path;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use crate::error::{Doing as _, StoreError};

/// The format of this version. docs/formats/store.md has its history.
pub(crate) const FORMAT: i64 = 3;

/// SQLite's page: 8 KiB reads a 16 KiB block in three, and keeps small what a random insert into an
/// index of ids writes.
const PAGE_BYTES: u32 = 8192;

/// The writer's page cache: the inner pages of the `version` index at ten million objects, and its
/// hot leaves. A negative number is KiB to SQLite.
const WRITER_CACHE_KIB: i64 = -64 * 1024;

/// A reader's page cache. Pages of objects do not profit from it: the system's cache serves them.
const READER_CACHE_KIB: i64 = -4 * 1024;

/// The log is checkpointed into the database at this many pages: 64 MiB, so that an index page that
/// changes in many transactions is written back once.
const CHECKPOINT_PAGES: i64 = 8192;

/// The log itself.
const LOG: &str = "
CREATE TABLE IF NOT EXISTS block (
  first INTEGER PRIMARY KEY,  -- place of the first entry
  chain BLOB NOT NULL,
  head  BLOB NOT NULL,        -- before the body: read without it
  body  BLOB NOT NULL
) STRICT;
";

/// The indexes over it.
pub(crate) const INDEXES: &str = "
CREATE TABLE IF NOT EXISTS version (
  id       BLOB NOT NULL,
  version  INTEGER NOT NULL,
  seq      INTEGER NOT NULL,
  bringer  TEXT NOT NULL,    -- the nation that brought it: versions follow each other within one
  label    INTEGER NOT NULL,
  released INTEGER NOT NULL,  -- the partners who have it, one bit each
  PRIMARY KEY (id, version, seq)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS recent (  -- the newest of `version`, on their way there: versions.rs
  id       BLOB NOT NULL,
  version  INTEGER NOT NULL,
  seq      INTEGER NOT NULL,
  bringer  TEXT NOT NULL,
  label    INTEGER NOT NULL,
  released INTEGER NOT NULL,
  PRIMARY KEY (id, version, seq)
) STRICT, WITHOUT ROWID;
CREATE VIEW IF NOT EXISTS known AS SELECT * FROM recent UNION ALL SELECT * FROM version;
CREATE TABLE IF NOT EXISTS label (
  number INTEGER PRIMARY KEY,
  faults INTEGER NOT NULL,
  stix   TEXT NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS act (
  seq  INTEGER PRIMARY KEY,
  kind TEXT NOT NULL,
  at   INTEGER NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS act_kind ON act (kind, seq);
CREATE TABLE IF NOT EXISTS view (
  number  INTEGER PRIMARY KEY,
  partner INTEGER NOT NULL,
  under   TEXT NOT NULL,      -- programme/area; empty: the whole ledger
  type    TEXT NOT NULL,      -- object type; empty: all
  UNIQUE (partner, under, type)
) STRICT;
CREATE TABLE IF NOT EXISTS chunk (
  key         INTEGER PRIMARY KEY,  -- view * 2^32 + number of the chunk
  view        INTEGER NOT NULL,
  first_added INTEGER NOT NULL,
  rows        BLOB NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS chunk_added ON chunk (view, first_added);
CREATE TABLE IF NOT EXISTS place (
  view  INTEGER NOT NULL,
  block INTEGER NOT NULL,
  rows  BLOB NOT NULL,        -- which entries of the block are in the view, and since when
  PRIMARY KEY (view, block)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS mark (
  view INTEGER NOT NULL,
  seq  INTEGER NOT NULL,
  mark INTEGER NOT NULL,      -- 1 superseded, 2 not the first version, 4 withdrawn
  PRIMARY KEY (view, seq)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS tree (
  key    INTEGER PRIMARY KEY, -- partner * 2^48 + number of the group of hashes
  hashes BLOB NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS hold (
  object    INTEGER PRIMARY KEY,
  partners  INTEGER NOT NULL,
  approvals BLOB NOT NULL,
  again_at  INTEGER
) STRICT;
CREATE TABLE IF NOT EXISTS hold_mention (
  id     BLOB NOT NULL,
  object INTEGER NOT NULL,
  PRIMARY KEY (id, object)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS record (  -- what nations do together: records.rs
  seq     INTEGER PRIMARY KEY,
  type    TEXT NOT NULL,
  bringer TEXT NOT NULL,
  version INTEGER NOT NULL,
  label   INTEGER NOT NULL,
  digest  BLOB NOT NULL,
  bytes   BLOB NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS record_type ON record (type, seq);
CREATE TABLE IF NOT EXISTS earlier (  -- puts that are not the first of their object: noted.rs
  seq   INTEGER PRIMARY KEY,
  first INTEGER NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS noted (  -- sightings and reports: noted.rs
  seq     INTEGER PRIMARY KEY,
  type    TEXT NOT NULL,
  bringer TEXT NOT NULL,
  label   INTEGER NOT NULL,
  seen    INTEGER NOT NULL,
  of      BLOB,              -- the key of what was seen
  digest  BLOB NOT NULL,
  at      INTEGER            -- by when it was here
) STRICT;
CREATE INDEX IF NOT EXISTS noted_at ON noted (at);
CREATE INDEX IF NOT EXISTS noted_digest ON noted (digest);
";

/// Signatures are not derived from the log: they are kept, one for each partner, the newest.
const SIGNED: &str = "
CREATE TABLE IF NOT EXISTS signed (
  partner INTEGER PRIMARY KEY,
  size    INTEGER NOT NULL,
  note    TEXT NOT NULL
) STRICT;
";

/// The names of the index tables, for dropping them.
pub(crate) const INDEX_TABLES: [&str; 14] = [
    "version",
    "recent",
    "label",
    "act",
    "view",
    "chunk",
    "place",
    "mark",
    "tree",
    "hold",
    "hold_mention",
    "record",
    "earlier",
    "noted",
];

/// Opens for writing; makes the tables where there are none.
pub(crate) fn open_writer(path: &Path) -> Result<Connection, StoreError> {
    let database = Connection::open(path).doing("opening it")?;
    let set = |name: &str, value: i64| database.pragma_update(None, name, value);
    set("page_size", i64::from(PAGE_BYTES)).doing("setting its page size")?;
    database.pragma_update(None, "journal_mode", "wal").doing("switching to WAL")?;
    database.pragma_update(None, "synchronous", "full").doing("asking for durability")?;
    set("wal_autocheckpoint", CHECKPOINT_PAGES).doing("setting checkpoints")?;
    set("cache_size", WRITER_CACHE_KIB).doing("setting its cache")?;
    set("mmap_size", 0).doing("switching mmap off")?;
    database.busy_timeout(std::time::Duration::from_secs(5)).doing("setting a time limit")?;
    let found: i64 =
        database.pragma_query_value(None, "user_version", |row| row.get(0)).doing("reading it")?;
    if found > FORMAT {
        return Err(StoreError::Newer { found, known: FORMAT });
    }
    if found < FORMAT {
        bring_up_to_date(&database, found)?;
    }
    prepare(&database)?;
    Ok(database)
}

/// Makes the tables that are missing. Format 1 had no table `record`, format 2 no `earlier` and `noted`.
fn bring_up_to_date(database: &Connection, found: i64) -> Result<(), StoreError> {
    let create = format!("BEGIN IMMEDIATE;{LOG}{INDEXES}{SIGNED}");
    database.execute_batch(&create).doing("making its tables")?;
    let records = if found < 2 { crate::records::fill(database) } else { Ok(()) };
    let filled = records.and_then(|()| crate::noted::fill(database)).and_then(|()| {
        database.pragma_update(None, "user_version", FORMAT).doing("noting its format")
    });
    let end = if filled.is_ok() { "COMMIT" } else { "ROLLBACK" };
    database.execute_batch(end).doing("making its tables")?;
    filled
}

/// Opens for reading.
pub(crate) fn open_reader(path: &Path) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let database = Connection::open_with_flags(path, flags).doing("opening it for reading")?;
    database.pragma_update(None, "cache_size", READER_CACHE_KIB).doing("setting its cache")?;
    database.busy_timeout(std::time::Duration::from_secs(5)).doing("setting a time limit")?;
    prepare(&database)?;
    Ok(database)
}

/// Statements are planned once and kept. Without the guarantee that a plan does not depend on the
/// values bound to it, SQLite plans anew again and again: a fifth of the samples of an import.
fn prepare(database: &Connection) -> Result<(), StoreError> {
    database
        .set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)
        .doing("asking for steady plans")?;
    database.set_prepared_statement_cache_capacity(64);
    Ok(())
}
