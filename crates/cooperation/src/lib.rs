//! What nations do together, as one nation sees it: consultations, proposals and what nations say to
//! them, commitments, assessments, alerts, assistance.
//!
//! In scope: the contents as types, which step may follow which, when a text is accepted, signatures of
//! sign-offs, the picture that all of it makes. Out of scope: shapes (`entente_object::spec::cooperation`
//! validates them), who may have what (`entente-release`), keeping (`entente-store`), files and pages
//! (views). No I/O, no clock: time is an argument.
//!
//! ```text
//! objects → Filed<Content> → Picture → Agreement, lists, what is late
//! ```
//!
//! Invariants:
//! * Each nation writes its own objects only; what all of them amount to is a function of the set of
//!   objects, in whatever order they came.
//! * A step that a state does not allow is refused to this nation's people, with the steps that it allows;
//!   of another nation it is shown as a fault, and the state before it stays.
//!
//! Format: docs/formats/cooperation.md.

pub mod agreement;
pub mod assistance;
pub mod cap;
pub mod content;
pub mod filed;
mod form;
pub mod limits;
pub mod picture;
pub mod playbook;
pub mod sign_off;
pub mod statement;
pub mod steps;
pub mod terms;

pub use agreement::{Agreement, Standing};
pub use content::Content;
pub use filed::{Filed, NotFiled};
pub use picture::Picture;
pub use steps::{IllegalStep, Steps};
