//! The fixture: a node of Korea in a folder of its own, and the binary that runs it.
//!
//! Invariants: nothing outside the temporary folder is written; what a test started ends with it;
//! the surroundings of the person who runs the tests (`ENTENTE_DIR` and the like) do not count.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;

/// The programme that the tests adopt.
pub(crate) const PROGRAMME: &str = "rok-nato-itpp-2023";
/// The area that the tests share under.
pub(crate) const AREA: &str = "cyber-defence";
/// The passphrase of all people of the tests.
pub(crate) const PASSPHRASE: &str = "a passphrase for tests";

/// Variables of the person who runs the tests that would change what the binary does.
const SURROUNDINGS: [&str; 4] =
    ["ENTENTE_DIR", "ENTENTE_PASSPHRASE", "ENTENTE_LOG", "CLICOLOR_FORCE"];

/// The repository's folder.
pub(crate) fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

/// A file of the shared real data, if it is here.
pub(crate) fn shared_data(path: &str) -> Option<PathBuf> {
    let path = repository().join("../shared/data").join(path);
    path.exists().then_some(path)
}

/// Says past the test runner's capture that a test did not run.
pub(crate) fn skipped(why: &str) {
    let test = std::thread::current().name().unwrap_or("a test").to_owned();
    writeln!(std::io::stderr(), "SKIPPED: {test}: {why}").unwrap();
}

/// The binary under test.
pub(crate) fn binary() -> PathBuf {
    if let Some(named) = std::env::var_os("ENTENTE_TEST_BINARY") {
        let named = PathBuf::from(named);
        assert!(named.exists(), "ENTENTE_TEST_BINARY names {}: it is not there", named.display());
        return named;
    }
    // target/PROFILE/deps/black_box-HASH
    let own = std::env::current_exe().unwrap();
    let target = own.ancestors().nth(3).unwrap();
    let candidates = ["debug", "release"].map(|profile| target.join(profile).join("entente"));
    let found = candidates.into_iter().find(|path| path.exists());
    found.expect("no entente to test: `cargo build --bin entente`, or set ENTENTE_TEST_BINARY")
}

/// The binary under test in a folder, without the surroundings.
pub(crate) fn entente(folder: &Path) -> Command {
    let mut command = Command::new(binary());
    command.current_dir(folder).stdin(Stdio::null());
    for name in SURROUNDINGS {
        command.env_remove(name);
    }
    command
}

/// What a command did.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Ran {
    /// Runs a command to its end.
    pub(crate) fn of(command: &mut Command) -> Self {
        let output = command.output().unwrap();
        Self {
            code: output.status.code().unwrap_or(-1),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// Demands the exit code.
    #[track_caller]
    pub(crate) fn ends(self, code: i32) -> Self {
        assert_eq!(self.code, code, "stdout: {}\nstderr: {}", self.out, self.err);
        self
    }

    /// The one JSON document that was printed.
    #[track_caller]
    pub(crate) fn document(&self) -> Value {
        serde_json::from_str(&self.out)
            .unwrap_or_else(|error| panic!("{error} in stdout: {}\nstderr: {}", self.out, self.err))
    }

    /// All that was printed, to standard output and to standard error.
    pub(crate) fn said(&self) -> String {
        format!("{}{}", self.out, self.err)
    }

    /// Demands that all of these words were printed somewhere.
    #[track_caller]
    pub(crate) fn says(self, words: &[&str]) -> Self {
        for word in words {
            assert!(self.said().contains(word), "nothing said of \"{word}\": {}", self.said());
        }
        self
    }
}

/// A node in a temporary folder: `node` in it is the node's, `work` is where commands run.
pub(crate) struct Node {
    place: TempDir,
}

impl Node {
    /// A folder without a node.
    pub(crate) fn none() -> Self {
        Self::none_in(&std::env::temp_dir())
    }

    fn none_in(parent: &Path) -> Self {
        let place = TempDir::new_in(parent).unwrap();
        fs::create_dir(place.path().join("work")).unwrap();
        Self { place }
    }

    /// Korea's node with the programme and these partners.
    pub(crate) fn with(partners: &[&str]) -> Self {
        Self::with_in(&std::env::temp_dir(), partners)
    }

    /// The same on a certain disk.
    pub(crate) fn with_in(parent: &Path, partners: &[&str]) -> Self {
        let node = Self::none_in(parent);
        node.json(&["init", "KOR"]);
        let programme = repository().join("programmes/rok-nato-itpp-2023.toml");
        node.json(&["programme", "adopt", &programme.display().to_string()]);
        for partner in partners {
            node.json(&["partner", "add", partner]);
        }
        node
    }

    /// A nation's node with a programme that is given as text.
    pub(crate) fn of(nation: &str, programme: &str) -> Self {
        let node = Self::none();
        node.json(&["init", nation]);
        let programme = node.file("programme.toml", programme);
        node.json(&["programme", "adopt", &programme]);
        node
    }

    /// A node whose folder is a copy of this one's.
    pub(crate) fn copy(&self) -> Self {
        let copied = Self::none();
        let code = Command::new("cp").arg("-a").args([self.folder(), copied.folder()]).status();
        assert!(code.unwrap().success());
        copied
    }

    /// The node's folder.
    pub(crate) fn folder(&self) -> PathBuf {
        self.place.path().join("node")
    }

    /// The folder that commands run in.
    pub(crate) fn work(&self) -> PathBuf {
        self.place.path().join("work")
    }

    /// Writes a file for a command to read; gives its path.
    pub(crate) fn file(&self, name: &str, bytes: impl AsRef<[u8]>) -> String {
        let path = self.work().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, bytes).unwrap();
        path.display().to_string()
    }

    /// A command of this node that was not started yet.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = entente(&self.work());
        command.arg("--dir").arg(self.folder()).args(args);
        command
    }

    /// Runs a command of this node.
    pub(crate) fn run(&self, args: &[&str]) -> Ran {
        Ran::of(&mut self.command(args))
    }

    /// Runs a command of this node that must succeed; gives the JSON that it prints.
    #[track_caller]
    pub(crate) fn json(&self, args: &[&str]) -> Value {
        let ran = self.run(&[&["--json"], args].concat());
        assert_eq!(ran.code, 0, "{args:?}: {}", ran.said());
        ran.document()
    }

    /// Runs a command that reads this from standard input.
    pub(crate) fn fed(&self, args: &[&str], input: &[u8]) -> Ran {
        let mut command = self.command(args);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        let input = input.to_vec();
        // A command that refuses its input early closes it: that is no fault of the test.
        let feeder = std::thread::spawn(move || drop(stdin.write_all(&input)));
        let output = child.wait_with_output().unwrap();
        feeder.join().unwrap();
        Ran {
            code: output.status.code().unwrap_or(-1),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// The arguments of an import with a label.
    pub(crate) fn import_args<'a>(file: &'a str, tlp: &'a str, rel_to: &'a str) -> Vec<&'a str> {
        let mut args = vec!["import", file, "--programme", PROGRAMME, "--area", AREA];
        args.extend(["--tlp", tlp, "--rel-to", rel_to]);
        args
    }

    /// Imports a file with a label; it must be taken whole.
    #[track_caller]
    pub(crate) fn import(&self, file: &str, tlp: &str, rel_to: &str) -> Value {
        self.json(&Self::import_args(file, tlp, rel_to))
    }

    /// Imports the scenario of the demo with its labels.
    pub(crate) fn import_scenario(&self) {
        let folder = repository().join("scenarios/seoul-2023");
        for (name, rel_to) in SCENARIO {
            let file = folder.join(name).display().to_string();
            let label = ["--programme", PROGRAMME, "--area", AREA, "--rel-to", rel_to];
            self.json(&[&["import", &file], label.as_slice()].concat());
        }
    }

    /// The objects of a partner's view.
    #[track_caller]
    pub(crate) fn view(&self, partner: &str) -> Vec<Value> {
        let ran = self.run(&["export", "--to", partner]).ends(0);
        let bundle = ran.document();
        bundle["objects"].as_array().expect("a bundle has a list").clone()
    }

    /// The ids of a partner's view, sorted.
    #[track_caller]
    pub(crate) fn view_ids(&self, partner: &str) -> Vec<String> {
        let mut ids: Vec<String> = self.view(partner).iter().map(id).collect();
        ids.sort();
        ids
    }

    /// Sets a partner's password; gives it.
    pub(crate) fn password(&self, partner: &str) -> String {
        let made = self.json(&["partner", "password", partner]);
        made["password"].as_str().unwrap().to_owned()
    }

    /// Serves this node on a free port.
    pub(crate) fn serve(&self, args: &[&str]) -> Served {
        self.serve_logging(args, "warn")
    }

    /// The same with a log of this level.
    pub(crate) fn serve_logging(&self, args: &[&str], level: &str) -> Served {
        self.serve_at("127.0.0.1:0", args, level)
    }

    /// Serves this node on a certain port.
    pub(crate) fn serve_at(&self, address: &str, args: &[&str], level: &str) -> Served {
        let args = [&["--json", "serve", "--listen", address], args].concat();
        let mut command = self.command(&args);
        let log = self.work().join("serve.log");
        command.env("ENTENTE_LOG", level).stderr(fs::File::create(&log).unwrap());
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        assert!(!line.is_empty(), "serve ended: {}", fs::read_to_string(log).unwrap());
        Served { child, told: serde_json::from_str(&line).unwrap(), log }
    }
}

/// The files of the demo's scenario, and the nations that each is releasable to.
pub(crate) const SCENARIO: [(&str, &str); 8] = [
    ("1-advisory.json", "parties"),
    ("2-indicators.json", "parties"),
    ("3-harbour.json", "USA,GBR"),
    ("4-ferry.json", "POL,GBR"),
    ("5-report.json", "parties"),
    ("6-links.json", "parties"),
    ("7-vulnerability.json", "parties"),
    ("8-red.json", "parties"),
];

/// An object's id.
pub(crate) fn id(object: &Value) -> String {
    object["id"].as_str().unwrap_or_default().to_owned()
}

/// A node that is being served, until this is dropped.
pub(crate) struct Served {
    child: Child,
    told: Value,
    log: PathBuf,
}

impl Served {
    /// The process.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Waits for the end; gives the exit code.
    pub(crate) fn ended(&mut self) -> Option<i32> {
        self.child.wait().unwrap().code()
    }

    /// What it has written to its log.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap()
    }

    /// The address of the discovery, by the name that is on the certificate.
    pub(crate) fn discovery(&self) -> String {
        self.told["taxii"].as_str().unwrap().replace("127.0.0.1", "localhost")
    }

    /// Host and port.
    pub(crate) fn host(&self) -> String {
        let discovery = self.told["taxii"].as_str().unwrap();
        discovery.split('/').nth(2).unwrap().to_owned()
    }

    /// The address of the status page.
    pub(crate) fn status_host(&self) -> String {
        let status = self.told["status"].as_str().unwrap();
        status.split('/').nth(2).unwrap().to_owned()
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
