//! Who may see an object: the release rule.
//!
//! In scope: nations, labels and how they combine, the twelve conditions, reasons that people can
//! read, approvals, who receives a label, and the types that prove a decision was taken:
//! [`Recipients`] to record a release, [`Audience`] and [`Released`] to send it.
//! Out of scope: what a programme says (`entente-programme` implements [`Policy`]), signatures and
//! records (`entente-log`), keeping (`entente-store`). No I/O, no clock, no randomness.
//!
//! Published for other implementers in docs/formats/release-rule.md.

pub mod approval;
pub mod decide;
pub mod fuzz;
pub mod label;
pub mod label_marking;
pub mod mention;
pub mod name;
pub mod nation;
pub mod partner;
pub mod policy;
mod released;

pub use decide::decide;
pub use label::Label;
pub use nation::{Nation, NationSet};
pub use partner::{Audience, Partner, PartnerIndex, PartnerSet};
pub use policy::{Policy, Recipients};
pub use released::{Released, Withheld, seal};
