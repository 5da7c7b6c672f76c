//! Backup while running, and restore.
//!
//! Invariants:
//! * A backup is one consistent state; writers go on meanwhile.
//! * A restore puts a whole, verified database in place or changes nothing. What the node signed is
//!   recorded beside the database and stays: an older backup is noticed when it would sign.

use std::fs::{self, File};
use std::path::Path;

use rusqlite::{Connection, params};

use crate::error::{Doing as _, StoreError};
use crate::reader::Reader;
use crate::schema;

/// A backup could not be made or put in place.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// There is a file already.
    #[error("{0} is there already: choose another name")]
    Exists(String),
    /// A file could not be read or written.
    #[error("{path} could not be {doing}: {source}")]
    File {
        /// The file.
        path: String,
        /// What was being done with it.
        doing: &'static str,
        /// The cause.
        source: std::io::Error,
    },
    /// The file is no whole backup.
    #[error("{path} is no whole backup: {reason}")]
    NotWhole {
        /// The file.
        path: String,
        /// What is wrong.
        reason: String,
    },
}

fn file_error(path: &Path, doing: &'static str) -> impl FnOnce(std::io::Error) -> BackupError {
    let path = path.display().to_string();
    move |source| BackupError::File { path, doing, source }
}

/// Writes the store in `folder`, as it is now, to the new file `to`.
pub fn backup(folder: &Path, to: &Path) -> Result<(), BackupError> {
    if to.exists() {
        return Err(BackupError::Exists(to.display().to_string()));
    }
    let partial = to.with_extension("partial");
    let _stale = fs::remove_file(&partial);
    let database = schema::open_reader(&folder.join(crate::DATABASE))?;
    let written = database
        .execute("VACUUM INTO ?1", params![partial.to_string_lossy()])
        .doing("writing the backup");
    if let Err(cause) = written {
        let _partial = fs::remove_file(&partial);
        return Err(cause.into());
    }
    let sync = File::open(&partial).and_then(|file| file.sync_all());
    sync.map_err(file_error(&partial, "written"))?;
    fs::rename(&partial, to).map_err(file_error(to, "written"))
}

/// Puts the backup `from` in place of the store in `folder`, which nobody may have open. The
/// database that was there is kept beside it as `entente.db.before-restore`.
pub fn restore(folder: &Path, from: &Path) -> Result<(), BackupError> {
    let target = folder.join(crate::DATABASE);
    let fresh = folder.join("entente.db.restoring");
    fs::copy(from, &fresh).map_err(file_error(from, "copied"))?;
    if let Err(error) = check(from, &fresh) {
        let _fresh = fs::remove_file(&fresh);
        return Err(error);
    }
    if target.exists() {
        let before = folder.join("entente.db.before-restore");
        // Folds the write-ahead log into the file, so that the copy kept is whole.
        drop(crate::Home::open(folder)?);
        fs::rename(&target, &before).map_err(file_error(&target, "moved"))?;
    }
    for leftover in ["entente.db-wal", "entente.db-shm"] {
        let _absent = fs::remove_file(folder.join(leftover));
    }
    fs::rename(&fresh, &target).map_err(file_error(&target, "replaced"))?;
    let sync = File::open(folder).and_then(|folder| folder.sync_all());
    sync.map_err(file_error(folder, "written"))
}

/// Whether the file is a database of ours, whole, with an unbroken log.
fn check(name: &Path, file: &Path) -> Result<(), BackupError> {
    let not_whole =
        |reason: String| BackupError::NotWhole { path: name.display().to_string(), reason };
    let database = Connection::open(file).doing("opening the backup")?;
    let found: String = database
        .pragma_query_value(None, "integrity_check", |row| row.get(0))
        .map_err(|cause| not_whole(cause.to_string()))?;
    if found != "ok" {
        return Err(not_whole(found));
    }
    drop(database);
    let reader = Reader::open_file(file).map_err(|cause| not_whole(cause.to_string()))?;
    reader.verify_log(&mut |_| ()).map_err(|cause| not_whole(cause.to_string()))?;
    let _shm = fs::remove_file(file.with_extension("restoring-shm"));
    let _wal = fs::remove_file(file.with_extension("restoring-wal"));
    Ok(())
}
