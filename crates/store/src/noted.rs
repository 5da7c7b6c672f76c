//! What evidence is counted by, beside views: which puts are later versions of an object that was here,
//! and what sightings and reports say that a count needs.
//!
//! Invariants:
//! * `earlier` has every put that is not the first of its object by its bringer, and no other.
//! * `noted` has every put of the types of [`is_noted`], and no other.

use entente_log::Seq;
use entente_log::block::records;
use entente_log::entry::{Entry, LabelNumber, Put};
use entente_object::id::{Id, IdKey};
use entente_object::json::{self, Value};
use entente_object::time::Timestamp;
use entente_release::Nation;
use rusqlite::{Connection, Row, params};

use crate::error::{Doing as _, StoreError};
use crate::place;

/// A sighting or a report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Noted {
    /// Its place in the log.
    pub seq: Seq,
    /// The place of the first version of it that was here.
    pub first: Seq,
    /// Who brought it.
    pub bringer: Nation,
    /// Its label.
    pub label: LabelNumber,
    /// Of a sighting: when it was seen, as it says: `last_seen`, else `first_seen`, else its version.
    /// Of another object: its version. In microseconds since 1970.
    pub seen: i64,
    /// Of a sighting that says it was seen: what.
    pub of: Option<IdKey>,
    /// SHA-256 of its bytes.
    pub digest: [u8; 32],
    /// By when it was here at the latest: the time of the first act after it, in microseconds since 1970.
    pub at: Option<i64>,
}

/// Whether objects of a type are noted: sightings, and what is exchanged as a report.
pub(crate) fn is_noted(object_type: &str) -> bool {
    matches!(
        object_type,
        "sighting" | "report" | "note" | "opinion" | "grouping" | "malware-analysis"
    )
}

/// Notes an object that is folded. `first`: the first version of it, if that is another.
pub(crate) fn save(
    database: &Connection,
    seq: Seq,
    put: &Put<'_>,
    first: Option<Seq>,
) -> Result<bool, StoreError> {
    if let Some(first) = first {
        database
            .prepare_cached("INSERT OR REPLACE INTO earlier (seq, first) VALUES (?1, ?2)")
            .and_then(|mut insert| insert.execute(params![seq.cast_signed(), first.cast_signed()]))
            .doing("noting a later version")?;
    }
    if !is_noted(&put.object_type) {
        return Ok(false);
    }
    let (seen, of) = said(put);
    database
        .prepare_cached(
            "INSERT OR REPLACE INTO noted (seq, type, bringer, label, seen, of, digest)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        )
        .and_then(|mut insert| {
            let of = of.as_ref().map(IdKey::as_bytes);
            let bringer = put.brought_by.as_str();
            let (seq, name) = (seq.cast_signed(), &put.object_type);
            insert.execute(params![seq, name, bringer, put.label, seen, of, put.digest])
        })
        .doing("noting a sighting or a report")?;
    Ok(true)
}

/// When it was seen, and what.
fn said(put: &Put<'_>) -> (i64, Option<IdKey>) {
    if put.object_type != "sighting" {
        return (put.version, None);
    }
    let Ok(value) = json::parse(&put.bytes) else { return (put.version, None) };
    let time = |name: &str| Timestamp::parse(value.get(name)?.as_str()?).ok();
    let seen = time("last_seen").or_else(|| time("first_seen")).map(Timestamp::unix_micros);
    // A count of zero says that it was looked for and not seen.
    let is_seen = value.get("count").and_then(Value::as_i64) != Some(0);
    let of = value.get("sighting_of_ref").filter(|_| is_seen).and_then(Value::as_str);
    let of = of.and_then(|id| Id::parse(id).ok()).map(Id::key);
    (seen.unwrap_or(put.version), of)
}

/// An act dates all that came before it and is not dated.
pub(crate) fn date(database: &Connection, at: i64) -> Result<(), StoreError> {
    database
        .prepare_cached("UPDATE noted SET at = ?1 WHERE at IS NULL")
        .and_then(|mut update| update.execute(params![at]))
        .doing("dating sightings and reports")?;
    Ok(())
}

/// Fills both tables from a log that was written before they were kept.
pub(crate) fn fill(database: &Connection) -> Result<(), StoreError> {
    let doing = "noting sightings and reports";
    database
        .execute_batch(
            "INSERT OR REPLACE INTO earlier SELECT seq, first FROM
               (SELECT seq, min(seq) OVER (PARTITION BY id, bringer) AS first FROM known)
             WHERE seq != first",
        )
        .doing(doing)?;
    let mut blocks =
        database.prepare("SELECT first, head, body FROM block ORDER BY first").doing(doing)?;
    let mut rows = blocks.query([]).doing(doing)?;
    while let Some(row) = rows.next().doing(doing)? {
        let first = row.get::<_, i64>(0).doing(doing)?.cast_unsigned();
        let head = row.get_ref(1).and_then(|value| Ok(value.as_blob()?)).doing(doing)?;
        let body = row.get_ref(2).and_then(|value| Ok(value.as_blob()?)).doing(doing)?;
        for record in records(first, head) {
            let record = record?;
            match record.entry(body)? {
                Entry::Put(put) => drop(save(database, record.seq, &put, None)?),
                Entry::Act(act) => date(database, act.at)?,
                Entry::Label(_) | Entry::Release(_) | Entry::Withdraw(_) | Entry::Hold(_) => {}
            }
        }
    }
    Ok(())
}

/// What the questions below give of each.
const COLUMNS: &str = "noted.seq, coalesce(earlier.first, noted.seq), noted.bringer, noted.label,
    noted.seen, noted.of, noted.digest, noted.at";

/// Visits those of a type that other nations brought, and that were here between two times, in the
/// order in which they came. With `of`: only sightings of an object that this nation brought.
pub(crate) fn brought(
    database: &Connection,
    (object_type, not_by, of): (&str, Nation, Option<Nation>),
    (from, until): (i64, i64),
    visit: &mut dyn FnMut(Noted) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let doing = "reading sightings and reports";
    let exists = match of {
        Some(_) => "EXISTS (SELECT 1 FROM known WHERE known.id = noted.of AND known.bringer = ?5)",
        None => "?5 IS NULL",
    };
    let sql = format!(
        "SELECT {COLUMNS} FROM noted LEFT JOIN earlier ON earlier.seq = noted.seq
         WHERE noted.at >= ?3 AND noted.at < ?4 AND noted.type = ?1 AND noted.bringer != ?2
           AND {exists} ORDER BY noted.seq"
    );
    let mut query = database.prepare_cached(&sql).doing(doing)?;
    let of = of.map(|nation| nation.to_string());
    let asked = params![object_type, not_by.as_str(), from, until, of];
    let mut rows = query.query(asked).doing(doing)?;
    while let Some(row) = rows.next().doing(doing)? {
        visit(read(row).doing(doing)?)?;
    }
    Ok(())
}

/// Those between two places of the log, both included, in order.
pub(crate) fn between(
    database: &Connection,
    (low, high): (Seq, Seq),
) -> Result<Vec<Noted>, StoreError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM noted LEFT JOIN earlier ON earlier.seq = noted.seq
         WHERE noted.seq BETWEEN ?1 AND ?2 ORDER BY noted.seq"
    );
    let doing = "reading sightings and reports";
    let mut query = database.prepare_cached(&sql).doing(doing)?;
    let rows =
        query.query_map(params![low.cast_signed(), high.cast_signed()], read).doing(doing)?;
    rows.collect::<Result<_, _>>().doing(doing)
}

/// Whether a nation brought an object.
pub(crate) fn is_by(database: &Connection, id: IdKey, nation: Nation) -> Result<bool, StoreError> {
    database
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM known WHERE id = ?1 AND bringer = ?2)")
        .and_then(|mut query| {
            query.query_row(params![id.as_bytes(), nation.as_str()], |row| row.get(0))
        })
        .doing("looking for an object")
}

fn read(row: &Row<'_>) -> rusqlite::Result<Noted> {
    let of: Option<[u8; 16]> = row.get(5)?;
    Ok(Noted {
        seq: row.get::<_, i64>(0)?.cast_unsigned(),
        first: row.get::<_, i64>(1)?.cast_unsigned(),
        bringer: place::nation(row, 2)?,
        label: row.get(3)?,
        seen: row.get(4)?,
        of: of.map(IdKey::from_bytes),
        digest: row.get(6)?,
        at: row.get(7)?,
    })
}

#[cfg(test)]
mod tests {
    use entente_log::entry::Act;
    use entente_log::journal::Journal as _;
    use sha2::{Digest as _, Sha256};
    use uuid::Uuid;

    use super::*;
    use crate::Home;

    const SEEN: &str = "indicator--00000000-0000-4000-8000-000000000001";

    fn put(
        object_type: &'static str,
        (number, version): (u128, i64),
        more: &str,
    ) -> Entry<'static> {
        let bytes = format!("{{\"version\":{version}{more}}}");
        Entry::Put(Put {
            uuid: Uuid::from_u128(number),
            object_type: object_type.into(),
            version,
            label: 0,
            brought_by: "POL".parse().unwrap(),
            digest: Sha256::digest(&bytes).into(),
            bytes: bytes.into_bytes().into(),
        })
    }

    fn all(home: &Home) -> Vec<Noted> {
        between(&home.database, (0, 100)).unwrap()
    }

    #[test]
    fn a_store_of_format_2_has_them_once_it_is_opened() {
        let folder = tempfile::tempdir().unwrap();
        let mut home = Home::open(folder.path()).unwrap();
        let act = |at| Entry::Act(Act { kind: "received/POL".into(), at, json: "{}".into() });
        let of = |more: &str| format!(",\"sighting_of_ref\":\"{SEEN}\"{more}");
        let last =
            of(",\"first_seen\":\"1970-01-01T00:00:01Z\",\"last_seen\":\"1970-01-01T00:00:02Z\"");
        home.append(&[put("sighting", (7, 50), &last), put("indicator", (1, 51), ""), act(60)])
            .unwrap();
        home.append(&[put("sighting", (7, 61), &of(",\"count\":0")), put("report", (8, 62), "")])
            .unwrap();
        let told =
            |noted: &Noted| (noted.seq, noted.first, noted.seen, noted.of.is_some(), noted.at);
        let expected =
            [(0, 0, 2_000_000, true, Some(60)), (3, 0, 61, false, None), (4, 4, 62, false, None)];
        assert_eq!(all(&home).iter().map(told).collect::<Vec<_>>(), expected);
        home.append(&[act(70)]).unwrap();
        let before = all(&home);
        assert_eq!(
            before.iter().map(|noted| noted.at).collect::<Vec<_>>(),
            [Some(60), Some(70), Some(70)]
        );
        home.verify_indexes(&mut |_, _| ()).unwrap();
        let older = "DROP TABLE noted; DROP TABLE earlier; PRAGMA user_version = 2";
        home.database.execute_batch(older).unwrap();
        drop(home);
        let mut home = Home::open(folder.path()).unwrap();
        assert_eq!(all(&home), before);
        home.verify_indexes(&mut |_, _| ()).unwrap();
    }
}
