//! The invariants, one checker each, asked when all is quiet.
//!
//! Invariant: a checker reads what is on a node's disk, and the oracle; it asks no node.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Result, bail, ensure};
use entente_intake::Desk;
use entente_log::Seq;
use entente_log::ledger::origin;
use entente_release::Nation;
use entente_store::Reader;

use crate::oracle::{Due, Made, Oracle, Words};
use crate::wire::Wire;

/// What one node has on its disk.
pub(crate) struct Disk {
    pub(crate) nation: Nation,
    pub(crate) desk: Desk,
    pub(crate) reader: Reader,
    /// The objects, by their places in the log.
    pub(crate) objects: BTreeMap<Seq, Held>,
    /// The words in all bytes of the database and of what lies beside it.
    pub(crate) words: BTreeSet<String>,
}

/// An object on a node's disk.
pub(crate) struct Held {
    /// The words in it.
    pub(crate) words: BTreeSet<String>,
    pub(crate) brought_by: Nation,
    pub(crate) bytes: Vec<u8>,
}

/// The words in some bytes: `zq`, 16 hexadecimal digits, `z`; and ids, by what stands in all of them.
pub(crate) fn canaries(bytes: &[u8]) -> BTreeSet<String> {
    const DIGITS: usize = 16;
    let is_hex = |text: &str| text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let text = |from: usize, length: usize| {
        bytes.get(from..from + length).and_then(|text| str::from_utf8(text).ok())
    };
    let mut found = BTreeSet::new();
    for at in memchr::memmem::find_iter(bytes, b"zq") {
        let word = text(at, DIGITS + 3)
            .filter(|word| word.ends_with('z') && word.get(2..2 + DIGITS).is_some_and(is_hex));
        found.extend(word.map(str::to_owned));
    }
    for at in memchr::memmem::find_iter(bytes, b"-c0de-4c0d-8c0d-") {
        let id = at
            .checked_sub(8)
            .and_then(|from| text(from, 36))
            .filter(|id| id.get(..8).is_some_and(is_hex) && id.get(24..).is_some_and(is_hex));
        found.extend(id.map(str::to_owned));
    }
    found
}

/// No leak: a node has nothing, in no string of no file, of an object that it may not have.
pub(crate) fn nothing_leaked(
    disk: &Disk,
    (oracle, made): (&Oracle, &Words<'_>),
    due: &Due,
) -> Result<()> {
    let here = disk.nation.as_str();
    for word in &disk.words {
        if let Some(evil) = oracle.evil_of(word) {
            ensure!(
                evil.to == disk.nation && !evil.lie.is_refused(),
                "{here} has {word} of the lie {:?} that was told to {}",
                evil.lie,
                evil.to
            );
        }
        let Some(several) = made.get(word.as_str()) else { continue };
        let is_due =
            |(place, made): &(usize, &Made)| made.by == here || due.may.get(*place) == Some(&true);
        ensure!(several.iter().any(is_due), "{here} has {word} of {}", told(several));
    }
    Ok(())
}

fn told(several: &[(usize, &Made)]) -> String {
    let one = |(_, made): &(usize, &Made)| {
        format!("{} ({} to {:?}, made at {})", made.id, made.by, made.rel_to, made.at)
    };
    several.iter().map(one).collect::<Vec<_>>().join(", ")
}

/// No leak on the way: nothing left a node for another that may not have it, in no head, body or error,
/// and nothing at all while that other was held out.
pub(crate) fn nothing_told(wire: &Wire, (oracle, made): (&Oracle, &Words<'_>)) -> Result<()> {
    if let Some((from, to, word)) = wire.left_after() {
        bail!("{word} left {from} for {to}, which it holds out");
    }
    let mut dues: BTreeMap<Nation, Due> = BTreeMap::new();
    for ((from, to), words) in wire.left() {
        let due = dues.entry(to).or_insert_with(|| oracle.due(to.as_str()));
        for word in words {
            if oracle.evil_of(&word).is_some() || oracle.lies(from.as_str()) {
                ensure!(oracle.lies(from.as_str()), "{from} passes the lie {word} on to {to}");
                continue;
            }
            let Some(several) = made.get(word.as_str()) else { bail!("{word} was made by nobody") };
            let is_due = |(place, made): &(usize, &Made)| {
                made.by == from.as_str() && due.may.get(*place) == Some(&true)
            };
            ensure!(several.iter().any(is_due), "{word} left {from} for {to}: {}", told(several));
        }
    }
    Ok(())
}

/// Nothing of objects stands in a log.
pub(crate) fn nothing_logged(log: &[u8]) -> Result<()> {
    let Some(word) = canaries(log).pop_first() else { return Ok(()) };
    let text = String::from_utf8_lossy(log);
    let line = text.lines().find(|line| line.contains(&word)).unwrap_or_default();
    bail!("{word} is in a log: {line}")
}

/// Whoever was told a lie that it has to refuse has told its people.
pub(crate) fn lies_noticed(disk: &Disk, oracle: &Oracle) -> Result<()> {
    let here = disk.nation.as_str();
    let Some((liar, _)) = &oracle.liar else { return Ok(()) };
    let alarms = disk.desk.home().acts("alarm")?;
    let is_of_liar = |json: &str| json.contains(&format!("\"nation\":\"{liar}\""));
    for evil in &oracle.evils {
        let counts =
            evil.to == disk.nation && evil.lie.is_alarming() && !oracle.is_shut(liar, here);
        ensure!(
            !counts || alarms.iter().any(|(_, act)| is_of_liar(&act.json)),
            "{here} says nothing of the lie {:?} of {liar}",
            evil.lie
        );
    }
    Ok(())
}

/// No loss: a node has all that it must have.
pub(crate) fn nothing_lost(disk: &Disk, oracle: &Oracle, due: &Due) -> Result<()> {
    let here = disk.nation.as_str();
    let words: BTreeSet<&String> = disk.objects.values().flat_map(|held| &held.words).collect();
    for (made, must) in oracle.made.iter().zip(&due.must) {
        ensure!(
            !(*must || made.by == here) || made.words.iter().all(|word| words.contains(word)),
            "{here} lacks {} of {} ({})",
            made.words.join(" "),
            made.by,
            made.id
        );
    }
    Ok(())
}

/// No forgery: what a node has of a nation is what that nation made, to the byte, and was brought by it.
pub(crate) fn nothing_forged(disk: &Disk, (oracle, made): (&Oracle, &Words<'_>)) -> Result<()> {
    let held = disk.objects.values();
    for (word, held) in held.flat_map(|held| held.words.iter().map(move |word| (word, held))) {
        let bringer = held.brought_by;
        if let Some(evil) = oracle.evil_of(word) {
            ensure!(
                evil.lie.is_taken() && oracle.lies(bringer.as_str()) && evil.bytes == held.bytes,
                "{} took the lie {:?} as an object of {bringer}",
                disk.nation,
                evil.lie
            );
        }
        // An id may be that of several.
        if oracle.evil_of(word).is_some() || !word.starts_with("zq") {
            continue;
        }
        let made = made.get(word.as_str()).and_then(|several| several.first());
        let Some((_, made)) = made else { bail!("{word} was made by nobody") };
        ensure!(made.by == bringer.as_str(), "{word} of {} was brought by {bringer}", made.by);
        ensure!(made.bytes == held.bytes, "{word} has other bytes at {}", disk.nation);
    }
    Ok(())
}

/// No relay: nothing that a node received stands in a ledger that it keeps for others.
pub(crate) fn nothing_relayed(disk: &Disk) -> Result<()> {
    let received = disk.objects.values().filter(|held| held.brought_by != disk.nation);
    // An id may be that of objects of several: what they say is not.
    let says = |held: &'_ &String| held.starts_with("zq");
    let received: BTreeSet<&String> = received.flat_map(|held| &held.words).filter(says).collect();
    let is_own = |held: &Held| {
        held.brought_by == disk.nation && held.words.iter().all(|word| !received.contains(word))
    };
    for record in disk.desk.partners() {
        let mut relayed = None;
        disk.reader.ledger(record.partner.index, 0, &mut |entry| {
            if !disk.objects.get(&entry.object).is_some_and(is_own) {
                relayed = Some(entry.id);
            }
            relayed.is_none()
        })?;
        if let Some(id) = relayed {
            bail!("{} passes {id} on to {}", disk.nation, record.partner.nation);
        }
    }
    Ok(())
}

/// No rewrite: each ledger is what was signed, and what a partner received of it is its beginning.
pub(crate) fn nothing_rewritten(disk: &Disk, others: &[Disk]) -> Result<()> {
    disk.reader.verify_log(&mut |_| ())?;
    for record in disk.desk.partners() {
        let (partner, nation) = (record.partner.index, record.partner.nation);
        let own = origin(disk.nation, nation);
        disk.reader.verify_ledger(partner, &own, disk.desk.key(), &mut |_| ())?;
        let Some(other) = others.iter().find(|other| other.nation == nation) else { continue };
        let (received, _) = other.desk.received_leaves(disk.nation)?;
        let size = received.size();
        ensure!(
            size <= disk.reader.ledger_size(partner)?,
            "{nation} received more than {own} has: {size}"
        );
        if size > 0 {
            let root = disk.reader.root_at(partner, size)?;
            ensure!(root == Some(received.root()), "{own} is another at {nation} at {size}");
        }
        let receipt = disk.desk.receipt_of(nation)?.map_or(0, |receipt| receipt.size);
        ensure!(receipt <= size, "{nation} acknowledged {receipt} of {own} and has {size}");
    }
    Ok(())
}

/// When all is quiet, whoever is not shut out has received and acknowledged everything.
pub(crate) fn all_acknowledged(disk: &Disk, oracle: &Oracle) -> Result<()> {
    for record in disk.desk.partners() {
        let nation = record.partner.nation;
        let (here, there) = (disk.nation.as_str(), nation.as_str());
        if oracle.is_shut(here, there) || disk.desk.peer(nation).is_none() {
            continue;
        }
        let size = disk.reader.ledger_size(record.partner.index)?;
        let receipt = disk.desk.receipt_of(nation)?.map_or(0, |receipt| receipt.size);
        ensure!(receipt == size, "{there} acknowledged {receipt} of {size} entries of {here}");
    }
    Ok(())
}

/// Not a byte after a revocation: what the revoked nation has was released before.
pub(crate) fn nothing_after_revocation(
    disk: &Disk,
    (oracle, made): (&Oracle, &Words<'_>),
) -> Result<()> {
    let here = disk.nation.as_str();
    for word in &disk.words {
        let Some(several) = made.get(word.as_str()) else { continue };
        for (at, by, of) in &oracle.revoked {
            let is_after = |(_, made): &(usize, &Made)| {
                let is_of = (made.by == *by && of == here) || (made.by == *of && by == here);
                is_of && made.at >= *at
            };
            ensure!(
                !several.iter().all(is_after),
                "{here} has {word}, made after {by} revoked {of}: {}",
                told(several)
            );
        }
    }
    Ok(())
}
