//! TAXII 2.1 (OASIS Standard, 10 June 2021): what a partner's machines read and send.
//!
//! In scope: the server, whole: discovery, the API root, collections, objects, versions, manifest,
//! status; adding and withdrawing; filters, pages and cursors; content negotiation; who is asking
//! (client certificates, HTTP Basic, tokens); pages kept encoded. Of a client, all but the connection:
//! what to ask and what an answer means ([`client`]).
//! Out of scope: sockets and TLS (`entente-node`), what is released (`entente-intake`), rows and
//! bytes (`entente-store`): a row in a partner's view was decided about before it is asked for.
//!
//! What the standard leaves open is decided in docs/formats/taxii.md.
//!
//! ```text
//! GET /rok-nato/collections/{id}/objects/?match[type]=indicator&limit=1
//! {"more":true,"next":"Zm9v…","objects":[{"type":"indicator",…}]}
//! ```

mod api;
mod auth;
pub mod client;
mod cursor;
pub mod doors;
mod error;
pub mod fuzz;
pub mod limits;
mod media;
mod pages;
mod query;
mod readers;
mod resources;
mod service;
mod submit;
#[cfg(test)]
mod tests;

// So that the fixture of the tests, which benchmarks share, names this crate as they do.
#[cfg(test)]
extern crate self as entente_view_taxii;

pub use doors::{
    Account, Accounts, ClientCertificate, Collection, Directory, Fate, Inbox, InboxError, OverTls,
    Scope, Submitted, Withdrawal,
};
pub use service::{Doors, Secrets, Service, Settings, SettingsError};

use std::sync::Arc;

use axum::Router;
use axum::routing::{MethodRouter, get};

/// The server as a function from requests to responses.
pub fn app(service: Arc<Service>) -> Router {
    let root = format!("/{}", service.settings.api_root);
    let mut app = Router::new().route("/taxii2", get(api::discovery));
    app = app.route("/taxii2/", get(api::discovery));
    for (path, methods) in routes() {
        // The standard has a slash at the end of every address; people forget it.
        app = app.route(&format!("{root}{path}"), methods.clone());
        app = app.route(&format!("{root}{path}/"), methods);
    }
    app.method_not_allowed_fallback(api::method_not_allowed)
        .fallback(api::not_found)
        .with_state(service)
}

/// The addresses under the API root.
fn routes() -> [(&'static str, MethodRouter<Arc<Service>>); 8] {
    [
        ("", get(api::api_root)),
        ("/status/{id}", get(api::status)),
        ("/collections", get(api::collections)),
        ("/collections/{id}", get(api::collection)),
        ("/collections/{id}/manifest", get(api::manifest)),
        ("/collections/{id}/objects", get(api::objects).post(api::add_objects)),
        ("/collections/{id}/objects/{object}", get(api::object).delete(api::delete_object)),
        ("/collections/{id}/objects/{object}/versions", get(api::versions)),
    ]
}
