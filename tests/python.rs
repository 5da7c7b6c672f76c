//! Runs the scripts of tests/python: other people's clients, unchanged.
//!
//! Invariant: a script prints one JSON document; how it fails is told with what it said.

use std::process::Command;

use serde_json::Value;

use crate::node::{Node, Ran, Served, repository, skipped};

/// A Python that has the clients; none: the test is skipped, and says so.
pub(crate) fn python() -> Option<String> {
    let named = std::env::var("ENTENTE_TEST_PYTHON").ok();
    if named.is_none() {
        skipped("ENTENTE_TEST_PYTHON is not set: `cargo xtask test` sets up Python and sets it");
    }
    named
}

/// Runs a script against a served node, with these arguments after address and root certificate.
#[track_caller]
pub(crate) fn script(python: &str, name: &str, at: (&Node, &Served), args: &[&str]) -> Value {
    let (node, served) = at;
    let root = node.folder().join("keys/root.pem");
    let mut command = Command::new(python);
    command.arg(repository().join("tests/python").join(name));
    command.arg(served.discovery()).arg(&root).args(args);
    // For clients that have no parameter for it.
    command.env("REQUESTS_CA_BUNDLE", &root).env("NO_PROXY", "localhost,127.0.0.1");
    command.env("PYTHONDONTWRITEBYTECODE", "1");
    let ran = Ran::of(&mut command);
    assert_eq!(ran.code, 0, "{name} {args:?}: {}", ran.said());
    ran.document()
}
