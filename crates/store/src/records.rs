//! What nations do together (`entente_object::spec::cooperation`), apart: few among many objects, read
//! whole whenever a list of them is asked for.
//!
//! Invariant: every object of the log whose type begins with `entente-` is here, byte for byte, and
//! nothing else.

use entente_log::Seq;
use entente_log::block::records;
use entente_log::entry::{LabelNumber, Put};
use entente_object::spec::cooperation::PREFIX;
use entente_release::Nation;
use rusqlite::{Connection, Row, params};

use crate::error::{Doing as _, StoreError};

/// An object of cooperation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filed {
    /// Its place in the log.
    pub seq: Seq,
    /// Who brought it.
    pub bringer: Nation,
    /// Its version, in microseconds since 1970.
    pub version: i64,
    /// Its label.
    pub label: LabelNumber,
    /// SHA-256 of `bytes`.
    pub digest: [u8; 32],
    /// The object.
    pub bytes: Vec<u8>,
}

/// Notes an object, if it is one.
pub(crate) fn save(database: &Connection, seq: Seq, put: &Put<'_>) -> Result<(), StoreError> {
    if !put.object_type.starts_with(PREFIX) {
        return Ok(());
    }
    database
        .prepare_cached(
            "INSERT OR REPLACE INTO record (seq, type, bringer, version, label, digest, bytes)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        )
        .and_then(|mut insert| {
            insert.execute(params![
                seq.cast_signed(),
                put.object_type,
                put.brought_by.as_str(),
                put.version,
                put.label,
                put.digest,
                put.bytes
            ])
        })
        .doing("noting what nations do together")?;
    Ok(())
}

/// Notes those of a log that was written before they were kept apart.
pub(crate) fn fill(database: &Connection) -> Result<(), StoreError> {
    let doing = "noting what nations do together";
    let mut blocks =
        database.prepare("SELECT first, head, body FROM block ORDER BY first").doing(doing)?;
    let mut rows = blocks.query([]).doing(doing)?;
    while let Some(row) = rows.next().doing(doing)? {
        let first = row.get::<_, i64>(0).doing(doing)?.cast_unsigned();
        let head = row.get_ref(1).and_then(|value| Ok(value.as_blob()?)).doing(doing)?;
        let body = row.get_ref(2).and_then(|value| Ok(value.as_blob()?)).doing(doing)?;
        for record in records(first, head) {
            let record = record?;
            if let Some(put) = record.put(record.bytes(body)?)? {
                save(database, record.seq, &put)?;
            }
        }
    }
    Ok(())
}

/// Visits them after a place of the log, oldest first, until `visit` says no: of one type, or all.
pub(crate) fn each(
    database: &Connection,
    (after, object_type): (Option<Seq>, Option<&str>),
    visit: &mut dyn FnMut(Filed) -> Result<bool, StoreError>,
) -> Result<(), StoreError> {
    let doing = "reading what nations do together";
    let columns = "SELECT seq, bringer, version, label, digest, bytes FROM record";
    let sql = match object_type {
        Some(_) => format!("{columns} WHERE seq > ?1 AND type = ?2 ORDER BY seq"),
        None => format!("{columns} WHERE seq > ?1 AND ?2 IS NULL ORDER BY seq"),
    };
    let after = after.map_or(-1, u64::cast_signed);
    let mut query = database.prepare_cached(&sql).doing(doing)?;
    let mut rows = query.query(params![after, object_type]).doing(doing)?;
    while let Some(row) = rows.next().doing(doing)? {
        if !visit(read(row)?)? {
            break;
        }
    }
    Ok(())
}

fn read(row: &Row<'_>) -> Result<Filed, StoreError> {
    let doing = "reading what nations do together";
    let bringer: String = row.get(1).doing(doing)?;
    Ok(Filed {
        seq: row.get::<_, i64>(0).doing(doing)?.cast_unsigned(),
        bringer: bringer.parse().map_err(|_| StoreError::Dangling("a nation"))?,
        version: row.get(2).doing(doing)?,
        label: row.get(3).doing(doing)?,
        digest: row.get(4).doing(doing)?,
        bytes: row.get(5).doing(doing)?,
    })
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use entente_log::entry::Entry;
    use entente_log::journal::Journal as _;
    use sha2::{Digest as _, Sha256};
    use uuid::Uuid;

    use super::*;
    use crate::{Home, Reader};

    fn put(object_type: &'static str, number: u128) -> Entry<'static> {
        Entry::Put(Put {
            uuid: Uuid::from_u128(number),
            object_type: Cow::Borrowed(object_type),
            version: i64::try_from(number).unwrap(),
            label: 0,
            brought_by: Nation::KOR,
            digest: Sha256::digest(number.to_string()).into(),
            bytes: Cow::Owned(number.to_string().into_bytes()),
        })
    }

    fn all(reader: &Reader, which: (Option<Seq>, Option<&str>)) -> Vec<(Seq, Vec<u8>)> {
        let mut found = Vec::new();
        let mut visit = |one: Filed| {
            found.push((one.seq, one.bytes));
            Ok(true)
        };
        reader.each_record(which, &mut visit).unwrap();
        found
    }

    #[test]
    fn a_store_of_format_1_has_them_once_it_is_opened() {
        let folder = tempfile::tempdir().unwrap();
        let mut home = Home::open(folder.path()).unwrap();
        let types = ["entente-alert", "indicator", "entente-activity", "entente-alert", "malware"];
        home.append(&types.into_iter().zip(1..).map(|(t, n)| put(t, n)).collect::<Vec<_>>())
            .unwrap();
        home.verify_indexes(&mut |_, _| ()).unwrap();
        let reader = Reader::open(folder.path()).unwrap();
        let expected = vec![(0, b"1".to_vec()), (2, b"3".to_vec()), (3, b"4".to_vec())];
        assert_eq!(all(&reader, (None, None)), expected);
        assert_eq!(all(&reader, (Some(0), Some("entente-alert"))), expected[2..]);
        home.database.execute_batch("DROP TABLE record; PRAGMA user_version = 1").unwrap();
        drop((home, reader));
        let mut home = Home::open(folder.path()).unwrap();
        let reader = Reader::open(folder.path()).unwrap();
        assert_eq!(all(&reader, (None, None)), expected);
        home.verify_indexes(&mut |_, _| ()).unwrap();
    }
}
