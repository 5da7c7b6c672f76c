//! The partnership itself: programmes, consultations, what nations agree to, commitments.
//!
//! In scope: the picture (`entente-cooperation`) as lists and pages, for this nation's own people; what is
//! checked before consultations, contributions, proposals, sign-offs, commitments and what each area of the
//! programme notes are written.
//! Out of scope: what may follow what and when a text is accepted (`entente-cooperation`), who may
//! have what (`entente-release`), the command line (`entente-node`).
//!
//! | file | holds |
//! |---|---|
//! | `calendar` | iCalendar: invitations, what is due, activities |
//! | `commitments` | commitments as a table, and a table as commitments |
//! | `query` | lists and pages out of the picture |
//! | `write` | what is checked before this nation says something |

pub mod calendar;
pub mod commitments;
pub mod query;
pub mod write;
