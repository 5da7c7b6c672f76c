//! Inputs of an import: files, directories, https addresses and standard input, as prepared objects.
//!
//! One thread reads and prepares while the caller labels and appends.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use anyhow::{Context as _, Result, bail};
use entente_intake::{Prepared, prepare};
use entente_object::object::Object;
use entente_object::read::{Objects, Source, list_files};
use entente_object::upgrade::{is_stix_20, upgrade};

use crate::fetch::{Budget, Fetch, shown};

/// Objects of one append: large enough to share its cost, small enough for 16 MiB of memory.
pub(crate) const BATCH_OBJECTS: usize = 8192;

/// Bytes of one append.
pub(crate) const BATCH_BYTES: usize = 16 * 1024 * 1024;

/// The longest reason of a reject: 8,192 of them that wait are 8 MiB.
const WHY_BYTES_MAX: usize = 1024;

/// Batches that wait between the threads.
const BATCHES_WAITING: usize = 2;

/// An object that is not taken.
#[derive(Clone, Debug, serde::Serialize)]
pub(crate) struct Reject {
    /// The input.
    pub(crate) input: String,
    /// Which object of the input.
    pub(crate) index: u64,
    /// Its id, if it can be read.
    pub(crate) id: Option<String>,
    /// Why.
    pub(crate) why: String,
}

/// What comes from the reading thread.
pub(crate) enum Read1 {
    /// Objects of the input of this name, each with its place in it.
    Batch(String, Vec<(u64, Prepared)>, Vec<Reject>),
    /// An input could not be read on; what came before stands.
    Broken(String),
}

/// The inputs of an import, and how https addresses among them are fetched.
#[derive(Clone, Debug)]
pub(crate) struct Inputs {
    pub(crate) names: Vec<String>,
    pub(crate) fetch: Fetch,
}

impl Inputs {
    /// Expands directories and checks that files are there, so that nothing begins half. Https
    /// addresses are trusted by the public authorities, or by that of a file.
    pub(crate) fn new(inputs: &[String], authority: Option<&Path>) -> Result<Self> {
        Ok(Self { names: expand(inputs)?, fetch: Fetch::new(authority, Budget::IMPORT)? })
    }
}

fn expand(inputs: &[String]) -> Result<Vec<String>> {
    let mut expanded = Vec::new();
    for input in inputs {
        let path = Path::new(input);
        if input == "-" || is_address(input) {
            expanded.push(input.clone());
        } else if path.is_dir() {
            let files = list_files(path).with_context(|| format!("{input} could not be listed"))?;
            expanded.extend(files.iter().map(|file| file.display().to_string()));
        } else if path.is_file() {
            expanded.push(input.clone());
        } else if input.starts_with("http://") {
            bail!("{input} is not over TLS: use an https address, or fetch it yourself");
        } else {
            bail!("{input} is neither a file, a directory, an https address nor -");
        }
    }
    Ok(expanded)
}

pub(crate) fn is_address(input: &str) -> bool {
    input.starts_with("https://")
}

fn open(input: &str, fetch: &Fetch) -> Result<Box<dyn Read + Send>> {
    if input == "-" {
        return Ok(Box::new(io::stdin()));
    }
    if is_address(input) {
        // The operator named the address; nothing is ever fetched because of what an object says.
        return Ok(Box::new(fetch.open(input)?));
    }
    let file = File::open(input).with_context(|| format!("{input} could not be opened"))?;
    Ok(Box::new(file))
}

/// Reads inputs on a thread of their own.
pub(crate) fn read(inputs: Inputs) -> Receiver<Read1> {
    let (send, receive) = sync_channel(BATCHES_WAITING);
    thread::spawn(move || {
        for input in &inputs.names {
            let mut reading = Reading::new(input, &inputs.fetch, &send);
            if let Err(error) = reading.run() {
                let _caller_is_gone = send.send(Read1::Broken(format!("{error:#}")));
            }
        }
    });
    receive
}

struct Reading<'a> {
    input: &'a str,
    /// What the input is called, without a login.
    name: String,
    fetch: &'a Fetch,
    send: &'a SyncSender<Read1>,
    batch: Vec<(u64, Prepared)>,
    rejects: Vec<Reject>,
    bytes: usize,
    /// The places of the markings that were taken before all else.
    early: BTreeSet<u64>,
}

impl<'a> Reading<'a> {
    fn new(input: &'a str, fetch: &'a Fetch, send: &'a SyncSender<Read1>) -> Self {
        Self {
            input,
            name: if is_address(input) { shown(input) } else { input.to_owned() },
            fetch,
            send,
            batch: Vec::new(),
            rejects: Vec::new(),
            bytes: 0,
            early: BTreeSet::new(),
        }
    }

    fn run(&mut self) -> Result<()> {
        if self.input != "-" && !is_address(self.input) {
            // Markings first: an object whose marking is unknown waits for it.
            // What is wrong with the input is told by the second reading.
            let _told_later = self.each(&mut |reading, index, bytes| {
                if memmem(bytes, b"\"marking-definition\"") {
                    reading.take(index, bytes.to_vec(), true);
                }
            });
            self.rejects.clear();
        }
        let read = self.each(&mut |reading, index, bytes| {
            let whole = reading.batch.len() >= BATCH_OBJECTS || reading.bytes >= BATCH_BYTES;
            if whole || reading.rejects.len() >= BATCH_OBJECTS {
                reading.flush();
            }
            reading.take(index, bytes.to_vec(), false);
        });
        // What came before a break stands.
        self.flush();
        read
    }

    fn each(&mut self, visit: &mut dyn FnMut(&mut Self, u64, &[u8])) -> Result<()> {
        let mut objects = Objects::new(open(self.input, self.fetch)?, Source::File);
        while let Some(element) = objects.next_element() {
            match element {
                Ok(element) => visit(self, element.index, element.bytes),
                Err(error) if error.cause.is_of_one_element() => {
                    let (index, why) = (error.index, error.to_string());
                    self.reject(index, None, why);
                }
                Err(error) => {
                    return Err(error).with_context(|| format!("{} is broken", self.name));
                }
            }
        }
        Ok(())
    }

    fn take(&mut self, index: u64, bytes: Vec<u8>, only_markings: bool) {
        for read in prepared(bytes) {
            match read {
                Ok(object) if self.is_for_the_other_reading(index, &object, only_markings) => {}
                Ok(object) => self.push(index, object),
                // The first reading refuses nothing: the second says so.
                Err(_) if only_markings => {}
                Err((id, why)) => self.reject(index, id, why),
            }
        }
    }

    /// Markings are taken by the first reading, all else by the second.
    fn is_for_the_other_reading(&mut self, index: u64, object: &Prepared, first: bool) -> bool {
        let is_marking = object.defines.is_some();
        if first && is_marking {
            self.early.insert(index);
        }
        if first { !is_marking } else { is_marking && self.early.contains(&index) }
    }

    fn push(&mut self, index: u64, object: Prepared) {
        self.bytes += object.bytes.len();
        self.batch.push((index, object));
    }

    fn reject(&mut self, index: u64, id: Option<String>, mut why: String) {
        // A path may hold a key as long as the object.
        why.truncate(why.floor_char_boundary(WHY_BYTES_MAX));
        self.rejects.push(Reject { input: self.name.clone(), index, id, why });
    }

    fn flush(&mut self) {
        let (batch, rejects) = (std::mem::take(&mut self.batch), std::mem::take(&mut self.rejects));
        self.bytes = 0;
        if !batch.is_empty() || !rejects.is_empty() {
            let _caller_is_gone = self.send.send(Read1::Batch(self.name.clone(), batch, rejects));
        }
    }
}

/// The objects that bytes stand for, each prepared, or its id and why it is refused: of STIX 2.0 there
/// may be several.
pub(crate) fn prepared(bytes: Vec<u8>) -> Vec<Result<Prepared, (Option<String>, String)>> {
    let refused =
        |(refused, bytes): (entente_intake::Refused, Vec<u8>)| (id_of(&bytes), refused.to_string());
    match prepare(bytes) {
        Ok(object) => vec![Ok(object)],
        Err((why, bytes)) => match upgraded(&bytes) {
            Some(Ok(objects)) => {
                objects.into_iter().map(|bytes| prepare(bytes).map_err(refused)).collect()
            }
            Some(Err(why)) => vec![Err((id_of(&bytes), why))],
            None => vec![Err(refused((why, bytes)))],
        },
    }
}

/// A STIX 2.0 object as objects of STIX 2.1, or why that would lose something; none: it is no 2.0.
fn upgraded(bytes: &[u8]) -> Option<Result<Vec<Vec<u8>>, String>> {
    let object = Object::from_bytes(bytes).ok()?;
    is_stix_20(object.members()).then(|| upgrade(bytes).map_err(|error| error.to_string()))
}

fn id_of(bytes: &[u8]) -> Option<String> {
    let value: serde_json::Value = serde_json::from_slice(bytes).ok()?;
    value.get("id")?.as_str().map(|id| id.chars().take(120).collect())
}

fn memmem(bytes: &[u8], needle: &[u8]) -> bool {
    bytes.windows(needle.len()).any(|window| window == needle)
}

/// The default place of the rejects file.
pub(crate) fn rejects_path(inputs: &[String]) -> PathBuf {
    let name = match inputs {
        [one] if one != "-" && !is_address(one) => {
            Path::new(one).file_name().map(|name| name.to_string_lossy().into_owned())
        }
        _ => None,
    };
    PathBuf::from(format!("{}.rejects.ndjson", name.as_deref().unwrap_or("import")))
}
