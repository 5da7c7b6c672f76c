//! Black-box tests: they start the binary `entente` and speak to it as its users do.
//!
//! In scope: what a person, a script or a partner's own client can see.
//! Out of scope: everything that a crate can show of itself; that is tested beside its code.
//!
//! `ENTENTE_TEST_BINARY` names the binary; without it the one in the target folder is taken.
//! `ENTENTE_TEST_PYTHON` names a Python that has tests/requirements.txt; without it the tests that
//! need one say so and are skipped. So does `ENTENTE_TEST_NATS` the server of a cluster.

#[cfg(test)]
#[path = "../crates/node/src/listen/tests/bad.rs"]
mod bad;
#[cfg(test)]
#[path = "../crates/peer/tests/it/book.rs"]
#[expect(dead_code, reason = "the tests of the crate use more of it")]
mod book;
#[cfg(test)]
mod caller;
#[cfg(test)]
mod check;
#[cfg(test)]
mod command_line;
#[cfg(test)]
mod cooperation;
#[cfg(test)]
mod crash;
#[cfg(test)]
mod demo;
#[cfg(test)]
#[path = "../crates/intake/tests/it/dice.rs"]
mod dice;
#[cfg(test)]
mod federation;
#[cfg(test)]
mod feeds;
#[cfg(test)]
#[path = "../crates/intake/tests/it/graph.rs"]
mod graph;
#[cfg(test)]
mod hostile;
#[cfg(test)]
mod import;
#[cfg(test)]
mod kills;
#[cfg(test)]
mod ledger;
#[cfg(test)]
mod member;
#[cfg(test)]
mod mesh;
#[cfg(test)]
#[path = "../crates/intake/tests/it/mutants.rs"]
mod mutants;
#[cfg(test)]
#[path = "../crates/intake/tests/it/nations.rs"]
mod nations;
#[cfg(test)]
mod node;
#[cfg(test)]
mod objects;
#[cfg(test)]
mod programme;
#[cfg(test)]
mod progress;
#[cfg(test)]
mod python;
#[cfg(test)]
mod release;
#[cfg(test)]
mod replicas;
#[cfg(test)]
mod respond;
#[cfg(test)]
mod serve;
#[cfg(test)]
mod spreadsheets;
#[cfg(test)]
mod taxii_clients;
#[cfg(test)]
#[path = "../crates/peer/tests/it/wrongs.rs"]
#[expect(dead_code, reason = "the tests of the crate use more of it")]
mod wrongs;
