//! TAXII 2.1 (OASIS Standard, 10 June 2021): what a partner's machines read and send.
//!
//! In scope: the server, whole: discovery, the API root, collections, objects, versions, manifest,
//! status; adding and withdrawing; filters, pages and cursors; content negotiation; who is asking
//! (client certificates, HTTP Basic, tokens); pages kept encoded.
//! Out of scope: sockets and TLS (`entente-node`), what is released (`entente-intake`), rows and
//! bytes (`entente-store`): a row in a partner's view was decided about before it is asked for.
//!
//! What the standard leaves open is decided in docs/formats/taxii.md.
//!
//! ```text
//! GET /rok-nato/collections/{id}/objects/?match[type]=indicator&limit=1
//! {"more":true,"next":"Zm9v…","objects":[{"type":"indicator",…}]}
//! ```

pub mod doors;
pub mod limits;
mod service;

pub use doors::{
    Account, Accounts, ClientCertificate, Collection, Directory, Fate, Inbox, InboxError, OverTls,
    Scope, Submitted, Withdrawal,
};
pub use service::{Doors, Secrets, Service, Settings, SettingsError};

use std::sync::Arc;

/// The server as a function from requests to responses.
pub fn app(service: Arc<Service>) -> axum::Router {
    axum::Router::new().with_state(service)
}
