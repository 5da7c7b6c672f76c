//! Partnership programmes and national caveats: what may be exchanged with whom.
//!
//! In scope: reading programme files (docs/formats/programme.md) and national caveat files
//! (docs/formats/national-caveats.md) with every problem told by line and column; compiling terms
//! of exchange to Cedar policies; answering [`entente_release::Policy`] from them.
//! Out of scope: the release rule itself (`entente-release`, which asks), keeping and signing
//! programmes (`entente-log`), proposing and comparing versions. No I/O, no clock.

mod cedar;
pub mod fuzz;
mod national;
mod object_type;
mod policies;
mod problem;
mod programme;
mod read;
mod table;

pub use cedar::{SCHEMA, cedar_text};
pub use national::{National, POLICIES_MAX, TEXT_MAX as NATIONAL_TEXT_MAX};
pub use object_type::ObjectTypes;
pub use policies::Policies;
pub use problem::{PROBLEMS_MAX, Problem};
pub use programme::{Area, Group, Head, Onward, PARTIES, Party, Programme, TermsEntry};
pub use read::TEXT_MAX;
