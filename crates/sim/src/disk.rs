//! What happens to a node's files: power cuts, a disk that is full, old states that are put back, and
//! bits that change where nobody wrote.
//!
//! Invariant: what is done here is done to files; what comes of it is what the product makes of it.

use std::fs;
use std::io::Write as _;
use std::path::Path;

use anyhow::{Context as _, Result, bail, ensure};
use entente_intake::{Desk, IntakeError, partners_of};
use entente_log::journal::Journal as _;
use entente_release::Audience;
use entente_release::partner::{Authenticated, Channel};
use entente_store::{Home, Reader, Selection, StoreError, Version};

use crate::dice::Dice;
use crate::node::{Node, sign};

const DATABASE: &str = "entente.db";
const WAL: &str = "entente.db-wal";
/// The frame of a page in a write-ahead log.
const FRAME_BYTES: usize = 8192 + 24;

/// Copies a store as it lies on the disk while it is open, between two transactions; and behind the
/// write-ahead log so many bytes of a transaction that was not finished.
pub(crate) fn copy_as_it_is(from: &Path, to: &Path, torn: usize) -> Result<()> {
    fs::create_dir_all(to)?;
    for file in fs::read_dir(from)? {
        let path = file?.path();
        let name = path.file_name().context("a name")?;
        // What is shared in memory is gone.
        if path.is_file() && path.extension().is_none_or(|extension| extension != "db-shm") {
            fs::copy(&path, to.join(name))?;
        }
    }
    let wal = to.join(WAL);
    if wal.exists() && torn > 0 {
        let written = fs::read(&wal)?;
        let frame = written.len().saturating_sub(FRAME_BYTES);
        let again: Vec<u8> = written.iter().skip(frame).take(torn).copied().collect();
        fs::File::options().append(true).open(&wal)?.write_all(&again)?;
    }
    Ok(())
}

/// Loses the second half of what was written since the store was opened.
pub(crate) fn lose_the_last(folder: &Path) -> Result<()> {
    let wal = folder.join(WAL);
    if wal.exists() {
        let file = fs::File::options().write(true).open(&wal)?;
        file.set_len(file.metadata()?.len() / 2)?;
    }
    Ok(())
}

/// Puts an older state of a node's database in place of the present one, as its people would: the node
/// has to notice, unless nothing was signed since. Then the present one is put back.
pub(crate) fn put_back(node: &mut Node, old: &Path) -> Result<&'static str> {
    let before = sizes(node)?;
    entente_store::restore(&node.folder, old)?;
    let signed_since = sizes(node)? != before;
    let opened = open(node).and_then(|mut desk| sign(&mut desk, node.nation));
    let refused = opened.as_ref().err().and_then(|error| error.downcast_ref::<StoreError>());
    match (signed_since, refused) {
        (true, Some(StoreError::RolledBack { .. })) | (false, None) => {}
        (true, _) => bail!("{} signs with an old state: {opened:?}", node.nation),
        (false, Some(error)) => bail!("{} refuses what is no older: {error}", node.nation),
    }
    drop(opened);
    for gone in [WAL, "entente.db-shm"] {
        let _absent = fs::remove_file(node.folder.join(gone));
    }
    fs::rename(node.folder.join("entente.db.before-restore"), node.folder.join(DATABASE))?;
    Ok(if signed_since { "refused" } else { "as new as it was" })
}

fn open(node: &Node) -> Result<Desk> {
    Ok(Desk::open(Home::open(&node.folder)?, std::sync::Arc::new(node.clock.clone()))?)
}

fn sizes(node: &Node) -> Result<Vec<u64>> {
    let reader = Reader::open(&node.folder)?;
    let mut partners = partners_of(&reader.acts("partner")?)?;
    partners.sort_by_key(|partner| partner.index);
    partners.iter().map(|partner| Ok(reader.ledger_size(partner.index)?)).collect()
}

/// Does something at a desk whose disk is full: it is done, or refused and nothing is changed. Gives
/// whether it was refused.
pub(crate) fn on_a_full_disk(
    desk: &mut Desk,
    act: impl FnOnce(&mut Desk) -> Result<(), IntakeError>,
) -> Result<bool> {
    let before = desk.home().tip();
    desk.home_mut().grows(false)?;
    let done = act(desk);
    desk.home_mut().grows(true)?;
    match done {
        Ok(()) => Ok(false),
        Err(IntakeError::Store(StoreError::DiskFull)) => {
            ensure!(desk.home().tip() == before, "something was appended to a full disk");
            Ok(true)
        }
        Err(other) => Err(other.into()),
    }
}

/// Changes bits of a node's closed database, one by one: each is noticed by what people run to look
/// for such, or nothing that anybody is served is another. Gives how many were noticed.
pub(crate) fn flip(node: &Node, dice: &mut Dice, (times, blind): (u64, bool)) -> Result<u64> {
    // Everything is in the one file then.
    drop(Home::open(&node.folder)?);
    ensure!(!node.folder.join(WAL).exists(), "{} is open", node.nation);
    let folder = node.folder.with_extension("flipped");
    let whole = fs::read(node.folder.join(DATABASE))?;
    let right = served(&node.folder, node)?;
    let mut noticed = 0;
    for _ in 0..times {
        let mut bytes = whole.clone();
        let bit = dice.place(8 * bytes.len() - 1);
        let byte = bytes.get_mut(bit / 8).context("a byte")?;
        *byte ^= 1 << (bit % 8);
        let _before = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder)?;
        fs::write(folder.join(DATABASE), &bytes)?;
        fs::copy(node.folder.join("signed"), folder.join("signed"))?;
        if blind || is_sound(&folder, node) {
            let served = served(&folder, node).context("what was found to be sound")?;
            ensure!(served == right, "bit {bit} of {} was not noticed", node.nation);
        } else {
            noticed += 1;
        }
    }
    fs::remove_dir_all(&folder)?;
    Ok(noticed)
}

/// Whether `entente doctor` and `entente ledger verify` would find nothing.
fn is_sound(folder: &Path, node: &Node) -> bool {
    let look = || -> Result<()> {
        let mut desk = Desk::open(Home::open(folder)?, std::sync::Arc::new(node.clock.clone()))?;
        sign(&mut desk, node.nation)?;
        desk.home_mut().verify_indexes(&mut |_, _| ())?;
        let reader = Reader::open(folder)?;
        reader.verify_log(&mut |_| ())?;
        for record in desk.partners() {
            let own = entente_log::ledger::origin(node.nation, record.partner.nation);
            let key = desk.key();
            reader.verify_ledger(record.partner.index, &own, key, &mut |_| ())?;
        }
        Ok(())
    };
    look().is_ok()
}

/// Everything that a node would give to each partner.
fn served(folder: &Path, node: &Node) -> Result<Vec<Vec<u8>>> {
    let desk = Desk::open(Home::open(folder)?, std::sync::Arc::new(node.clock.clone()))?;
    let mut reader = Reader::open(folder)?;
    let mut served = Vec::new();
    for record in desk.partners() {
        let session = Authenticated::Certificate(record.partner.nation);
        let admitted = Audience::admit(&record.partner, &session, Channel::default(), desk.now());
        let Ok(audience) = admitted else { continue };
        let page = reader.feed(&audience, 0)?;
        served.extend(page.map(|page| page.page.into_bytes()));
        for version in [Version::Last, Version::All] {
            let (under, versions) = ("nine/open".to_owned(), vec![version]);
            let asked = Selection { under, versions, limit: 1000, ..Selection::default() };
            let rows = reader.rows(&audience, &asked)?;
            served.push(reader.objects(&audience, &rows.rows, Vec::new())?.into_bytes());
        }
    }
    Ok(served)
}
