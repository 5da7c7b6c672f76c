//! Replicas of one node on a real cluster of three servers, which acknowledge what is on disk.
//!
//! `ENTENTE_TEST_NATS` names the server's program (`cargo xtask test` installs it); without it these
//! tests say so and are skipped.

#[cfg(test)]
mod fixture;
#[cfg(test)]
mod lost;
#[cfg(test)]
mod order;
#[cfg(test)]
mod writers;
