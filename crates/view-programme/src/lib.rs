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
//! | `query` | lists and pages out of the picture |
//! | `api` | the interface for this nation's own programs, its routes as one table |
//! | `openapi` | the description of that interface |
//! | `write` | what is checked before this nation says something |

pub mod api;
pub mod openapi;
pub mod query;
pub mod write;
