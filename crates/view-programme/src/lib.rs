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
//! | `evidence` | what an indicator came to, computed from this node's own log and ledgers |
//! | `progress` | areas, measures, indicators with what each nation says they came to; who assesses what |
//! | `actual` | which actuals are to be published, and what is here of a partner's |
//! | `query` | lists and pages out of the picture |
//! | `api` | the interface for this nation's own programs, its routes as one table |
//! | `openapi` | the description of that interface |
//! | `write` | what is checked before this nation says something |

pub mod actual;
pub mod api;
pub mod calendar;
pub mod commitments;
pub mod evidence;
pub mod openapi;
pub mod progress;
pub mod query;
pub mod write;
