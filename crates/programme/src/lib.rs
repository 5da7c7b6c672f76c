//! Partnership programmes and national caveats: what may be exchanged with whom.
//!
//! In scope: reading programme files (docs/formats/programme.md) and national caveat files
//! (docs/formats/national-caveats.md) with every problem told by line and column; compiling terms
//! of exchange to Cedar policies; answering [`entente_release::Policy`] from them; comparing two versions.
//! Out of scope: the release rule itself (`entente-release`, which asks), keeping and signing
//! programmes (`entente-log`), proposing versions. No I/O, no clock.

mod catalogue;
mod cedar;
mod compare;
mod day;
mod describe;
mod evidence;
pub mod exchange;
pub mod fuzz;
mod national;
mod object_type;
mod policies;
mod problem;
mod programme;
mod quantity;
mod read;
mod table;

pub use catalogue::{
    Assessment, BadReference, Baseline, Found, Goal, Indicator, Item, Measure, MeasureKind,
    Milestone, Objective, Part, Period, Reference, Schedule, Source,
};
pub use cedar::{SCHEMA, cedar_text};
pub use compare::{Change, Difference, Subject, compare};
pub use day::{BadDay, Day, ReportDate};
pub use evidence::{Evidence, Query, Statistic, Takes};
pub use national::{National, POLICIES_MAX, TEXT_MAX as NATIONAL_TEXT_MAX};
pub use object_type::ObjectTypes;
pub use policies::Policies;
pub use problem::{PROBLEMS_MAX, Problem};
pub use programme::{Area, Group, Head, Onward, PARTIES, Party, Programme, TermsEntry};
pub use quantity::{BadQuantity, Quantity};
pub use read::TEXT_MAX;
