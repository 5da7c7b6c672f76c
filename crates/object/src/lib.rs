//! What is shared: STIX 2.1 objects, strictly read.
//!
//! In scope: strict JSON, ids, times, canonical bytes, every object type of the OASIS STIX 2.1
//! Standard as a table, validation with one report per object, the upgrade of STIX 2.0,
//! deterministic ids of cyber-observables, reading of bundles larger than memory.
//! Out of scope: who may see an object (`entente-release`), keeping it (`entente-log`,
//! `entente-store`). No I/O but `std::io::Read` arguments and the listing of a
//! directory; no randomness; one clock, `clock::SystemClock`, which is an argument elsewhere.

pub mod canonical;
pub mod clock;
pub mod fuzz;
pub mod id;
pub mod json;
pub mod limits;
pub mod marking;
pub mod object;
pub mod observable_id;
pub mod read;
pub mod report;
pub mod spec;
pub mod time;
pub mod upgrade;
pub mod validate;
