//! Kill −9 at any moment of an import, and a full disk: what was acknowledged is there, nothing is
//! half there, and the import can be run again.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::Instant;

use tempfile::TempDir;

use crate::node::{Node, skipped};
use crate::objects::{indicator, indicator_id, lines};

/// Objects of the import that is killed.
const OBJECTS: usize = 20_000;
/// At how many moments it is killed.
const MOMENTS: u32 = 12;
/// Objects that were acknowledged before.
const BEFORE: usize = 100;

/// Demands that every partner has exactly these objects, each once.
#[track_caller]
fn holds_each_once(node: &Node, partners: &[&str], objects: usize) {
    let mut expected: Vec<String> = (0..objects).map(indicator_id).collect();
    expected.sort();
    for partner in partners {
        assert!(node.view_ids(partner) == expected, "{partner} does not have each object once");
        let size = node.json(&["ledger", "show", partner, "--limit", "1"])["size"].clone();
        assert_eq!(size, objects, "{partner}: the ledger");
    }
}

#[test]
fn an_import_killed_at_any_moment_resumes() {
    let partners = ["POL", "USA"];
    let ready = Node::with(&partners);
    let first = ready.file("first.ndjson", lines((0..BEFORE).map(indicator)));
    ready.import(&first, "green", "parties");
    let all = ready.file("all.ndjson", lines((0..BEFORE + OBJECTS).map(indicator)));
    let args = Node::import_args(&all, "green", "parties");
    let whole = ready.copy();
    let start = Instant::now();
    whole.run(&args).ends(0);
    let lasts = start.elapsed();
    let mut interrupted = 0;
    for moment in 0..MOMENTS {
        let node = ready.copy();
        let mut command = node.command(&args);
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        sleep(lasts * (2 * moment + 1) / (2 * MOMENTS));
        // On Unix this is SIGKILL.
        child.kill().unwrap();
        let ended = child.wait().unwrap();
        interrupted += u32::from(!ended.success());
        // As it was left: whole, and with what had been acknowledged.
        node.run(&["doctor"]).ends(0);
        node.run(&["release", "explain", &indicator_id(BEFORE - 1), "--to", "POL"]).ends(0);
        let done = node.import(&all, "green", "parties");
        let count = |name: &str| usize::try_from(done[name].as_u64().unwrap()).unwrap();
        assert_eq!(count("taken") + count("same"), BEFORE + OBJECTS, "moment {moment}: {done}");
        assert!(count("same") >= BEFORE, "moment {moment}: {done}");
        assert_eq!(count("rejected"), 0, "moment {moment}: {done}");
        holds_each_once(&node, &partners, BEFORE + OBJECTS);
        node.run(&["ledger", "verify"]).ends(0);
        node.run(&["doctor"]).ends(0);
    }
    assert!(interrupted >= MOMENTS / 2, "only {interrupted} imports were interrupted");
}

/// A small file system in memory, until this is dropped.
struct SmallDisk {
    at: PathBuf,
    _place: TempDir,
}

impl SmallDisk {
    fn mount(size: &str) -> Option<Self> {
        let place = TempDir::new().unwrap();
        let at = place.path().to_owned();
        let args = ["-t", "tmpfs", "-o", &format!("size={size}"), "tmpfs"];
        let mut mount = Command::new("mount");
        mount.args(args).arg(&at).stdout(Stdio::null()).stderr(Stdio::null());
        let mounted = mount.status().is_ok_and(|status| status.success());
        mounted.then_some(Self { at, _place: place })
    }

    fn path(&self) -> &Path {
        &self.at
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        drop(Command::new("umount").arg("-l").arg(&self.at).status());
    }
}

#[test]
fn a_full_disk_is_told_and_nothing_is_lost() {
    let Some(disk) = SmallDisk::mount("8m") else {
        return skipped("mounting a small disk takes the rights of root");
    };
    let elsewhere = TempDir::new().unwrap();
    let node = Node::with_in(disk.path(), &["POL", "USA"]);
    let first = node.file("first.ndjson", lines((0..BEFORE).map(indicator)));
    node.import(&first, "green", "parties");
    let many = elsewhere.path().join("many.ndjson");
    // What does not compress fills the disk before it fills the input.
    let long = |number: usize| {
        let mut object = indicator(number);
        object["description"] = noise(number).into();
        object
    };
    std::fs::write(&many, lines((BEFORE..BEFORE + OBJECTS).map(long))).unwrap();
    let many = many.display().to_string();
    let ran = node.run(&Node::import_args(&many, "green", "parties")).ends(2);
    ran.says(&["the disk is full", "make room"]);
    node.run(&["ledger", "verify"]).ends(0);
    let ids = node.view_ids("POL");
    assert!(ids.len() >= BEFORE, "what was acknowledged is lost: {}", ids.len());
    assert!((0..BEFORE).all(|number| ids.binary_search(&indicator_id(number)).is_ok()));
    assert_eq!(ids, node.view_ids("USA"));
    let size = node.json(&["ledger", "show", "POL", "--limit", "1"])["size"].clone();
    assert_eq!(size, ids.len());
}

/// Text that compresses badly and is the same at each run.
fn noise(number: usize) -> String {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64 ^ u64::try_from(number).unwrap();
    let mut step = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        format!("{state:016x}")
    };
    (0..64).map(|_| step()).collect()
}
