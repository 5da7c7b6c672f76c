//! A real cluster for tests and benchmarks: three servers on this machine, with folders of their own.
//!
//! Invariants: what was started ends with the value; nothing outside a temporary folder is written; a
//! server acknowledges what is on disk (`sync_interval: always`).

#![expect(
    clippy::unwrap_used,
    clippy::missing_panics_doc,
    clippy::indexing_slicing,
    reason = "a fixture: what fails in it is a failed test"
)]

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::settings::Settings;

/// Names the server's program.
pub const VARIABLE: &str = "ENTENTE_TEST_NATS";

/// Servers of a cluster.
const COUNT: usize = 3;

/// How long servers may take to find each other.
const READY: Duration = Duration::from_mins(1);

/// Three servers.
pub struct Servers {
    program: PathBuf,
    place: TempDir,
    ports: Vec<u16>,
    running: Vec<Option<Child>>,
}

impl Servers {
    /// Starts a cluster, if the environment names the program of the server.
    pub fn start() -> Option<Self> {
        Self::with(8 * 1024 * 1024)
    }

    /// The same with messages of at most so many bytes.
    pub fn with(max_payload: usize) -> Option<Self> {
        let program = PathBuf::from(std::env::var_os(VARIABLE)?);
        assert!(program.exists(), "{VARIABLE} names {}: it is not there", program.display());
        let place = tempfile::tempdir().unwrap();
        let (clients, routes) = (free_ports(), free_ports());
        let all: Vec<String> =
            routes.iter().map(|port| format!("nats://127.0.0.1:{port}")).collect();
        for number in 0..COUNT {
            let folder = place.path().join(number.to_string());
            fs::create_dir(&folder).unwrap();
            let text = format!(
                "server_name: n{number}\nlisten: \"127.0.0.1:{}\"\nmax_payload: {max_payload}\n\
                 jetstream {{ store_dir: \"{}\", sync_interval: always }}\n\
                 cluster {{ name: test, listen: \"127.0.0.1:{}\", routes: [{}] }}\n",
                clients[number],
                folder.join("data").display(),
                routes[number],
                all.join(", "),
            );
            fs::write(folder.join("server.conf"), text).unwrap();
        }
        let running = (0..COUNT).map(|_| None).collect();
        let mut servers = Self { program, place, ports: clients, running };
        (0..COUNT).for_each(|number| servers.run(number));
        servers.ready();
        Some(servers)
    }

    /// Starts one that does not run.
    pub fn run(&mut self, number: usize) {
        let folder = self.place.path().join(number.to_string());
        let log = fs::OpenOptions::new().create(true).append(true).open(folder.join("log"));
        let mut command = Command::new(&self.program);
        command.arg("-c").arg(folder.join("server.conf")).stdin(Stdio::null());
        command.stdout(Stdio::null()).stderr(log.unwrap());
        self.running[number] = Some(command.spawn().unwrap());
    }

    /// Kills one, as `kill -9` does.
    pub fn kill(&mut self, number: usize) {
        if let Some(mut child) = self.running[number].take() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }

    /// Waits until all that run accept connections.
    pub fn ready(&self) {
        let start = Instant::now();
        let ports = self.ports.iter().zip(&self.running);
        for (port, _) in ports.filter(|(_, child)| child.is_some()) {
            while TcpStream::connect(("127.0.0.1", *port)).is_err() {
                assert!(start.elapsed() < READY, "a server does not answer: {}", self.log());
                std::thread::sleep(Duration::from_millis(20));
            }
        }
    }

    /// How the servers are reached.
    pub fn addresses(&self) -> Vec<String> {
        self.ports.iter().map(|port| format!("nats://127.0.0.1:{port}")).collect()
    }

    /// The settings of a replica.
    pub fn settings(&self, replica: &str) -> Settings {
        Settings {
            servers: self.addresses(),
            replica: replica.to_owned(),
            credentials: None,
            authority: None,
            copies: COUNT,
        }
    }

    /// What the servers have written to their logs.
    pub fn log(&self) -> String {
        let path = |number: usize| self.place.path().join(number.to_string()).join("log");
        (0..COUNT).filter_map(|number| fs::read_to_string(path(number)).ok()).collect()
    }
}

impl Drop for Servers {
    fn drop(&mut self) {
        (0..COUNT).for_each(|number| self.kill(number));
    }
}

/// Ports that nobody listens on now.
fn free_ports() -> Vec<u16> {
    let held: Vec<TcpListener> =
        (0..COUNT).map(|_| TcpListener::bind(("127.0.0.1", 0)).unwrap()).collect();
    held.iter().map(|listener| listener.local_addr().unwrap().port()).collect()
}
