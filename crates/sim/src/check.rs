//! The invariants, one checker each, asked when all is quiet.
//!
//! Invariant: a checker reads what is on a node's disk, and the oracle; it asks no node.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Result, bail, ensure};
use entente_intake::Desk;
use entente_log::ledger::origin;
use entente_release::Nation;
use entente_store::Reader;

use crate::oracle::{Due, Oracle};

/// What one node has on its disk.
pub(crate) struct Disk {
    pub(crate) nation: Nation,
    pub(crate) desk: Desk,
    pub(crate) reader: Reader,
    /// Words of objects, with who brought them and their exact bytes.
    pub(crate) objects: Vec<(String, Nation, Vec<u8>)>,
    /// Every byte of the database and of what lies beside it.
    pub(crate) raw: Vec<u8>,
}

/// The word in some bytes: `zq`, digits and letters, `z`.
pub(crate) fn canaries(bytes: &[u8]) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let text = String::from_utf8_lossy(bytes);
    for part in text.split("zq").skip(1) {
        let word: String = part.chars().take_while(char::is_ascii_alphanumeric).collect();
        if let Some(end) = word.find('z') {
            found.insert(format!("zq{}z", word.get(..end).unwrap_or_default()));
        }
    }
    found
}

/// No leak: a node has nothing, in no string of no file, of an object that it may not have.
pub(crate) fn nothing_leaked(disk: &Disk, oracle: &Oracle, due: &Due) -> Result<()> {
    let made = oracle.by_canary();
    let here = disk.nation.as_str();
    for word in canaries(&disk.raw) {
        // A word may be cut where a page of the database ends.
        let Some((place, made)) = made.get(word.as_str()) else { continue };
        ensure!(
            made.by == here || due.may.get(*place) == Some(&true),
            "{here} has {word} of {}, which is releasable to {:?}",
            made.by,
            made.rel_to
        );
    }
    Ok(())
}

/// No loss: a node has all that it must have.
pub(crate) fn nothing_lost(disk: &Disk, oracle: &Oracle, due: &Due) -> Result<()> {
    let here = disk.nation.as_str();
    let words: BTreeSet<&str> = disk.objects.iter().map(|(word, _, _)| word.as_str()).collect();
    for (made, must) in oracle.made.iter().zip(&due.must) {
        ensure!(
            !(*must || made.by == here) || words.contains(made.canary.as_str()),
            "{here} lacks {} of {} ({})",
            made.canary,
            made.by,
            made.id
        );
    }
    Ok(())
}

/// No forgery: what a node has of a nation is what that nation made, to the byte, and was brought by it.
pub(crate) fn nothing_forged(disk: &Disk, oracle: &Oracle) -> Result<()> {
    let made = oracle.by_canary();
    for (word, bringer, bytes) in &disk.objects {
        let Some((_, made)) = made.get(word.as_str()) else { bail!("{word} was made by nobody") };
        ensure!(made.by == bringer.as_str(), "{word} of {} was brought by {bringer}", made.by);
        ensure!(made.bytes == *bytes, "{word} has other bytes at {}", disk.nation);
    }
    Ok(())
}

/// No relay: nothing that a node received stands in a ledger that it keeps for others.
pub(crate) fn nothing_relayed(disk: &Disk) -> Result<()> {
    let brought: BTreeMap<&str, Nation> =
        disk.objects.iter().map(|(word, nation, _)| (word.as_str(), *nation)).collect();
    let foreign = |bytes: &[u8]| {
        canaries(bytes).iter().any(|word| brought.get(word.as_str()) != Some(&disk.nation))
    };
    for record in disk.desk.partners() {
        let mut relayed = None;
        disk.reader.ledger(record.partner.index, 0, &mut |entry| {
            let put = disk.desk.home().put(entry.object);
            if put.is_ok_and(|put| put.brought_by != disk.nation || foreign(&put.bytes)) {
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
        let received = other.desk.recompute(disk.nation)?;
        let size = received.tree.size();
        ensure!(
            size <= disk.reader.ledger_size(partner)?,
            "{nation} received more than {own} has: {size}"
        );
        if size > 0 {
            let root = disk.reader.root_at(partner, size)?;
            ensure!(root == Some(received.tree.root()), "{own} is another at {nation} at {size}");
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
pub(crate) fn nothing_after_revocation(disk: &Disk, oracle: &Oracle) -> Result<()> {
    let here = disk.nation.as_str();
    let made = oracle.by_canary();
    for word in canaries(&disk.raw) {
        let Some((_, made)) = made.get(word.as_str()) else { continue };
        for (at, by, of) in &oracle.revoked {
            let is_of = (made.by == *by && of == here) || (made.by == *of && by == here);
            ensure!(
                !is_of || made.at < *at,
                "{here} has {word} of {}, made after {by} revoked {of}",
                made.by
            );
        }
    }
    Ok(())
}
