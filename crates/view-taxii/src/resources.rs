//! The TAXII resources that are not pages of objects, as the tables of the standard have them.
//!
//! Invariant: what is optional and absent is left out, and no list is empty (§2).

use serde::Serialize;
use uuid::Uuid;

use crate::doors::{Collection, Fate, Scope, Submitted};
use crate::limits::BODY_BYTES_MAX;
use crate::media::{STIX, TAXII};

/// §4.1.1
#[derive(Serialize)]
pub(crate) struct DiscoveryResource<'a> {
    pub(crate) title: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) description: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) contact: Option<&'a str>,
    pub(crate) default: &'a str,
    pub(crate) api_roots: [&'a str; 1],
}

/// §4.2.1
#[derive(Serialize)]
pub(crate) struct ApiRootResource<'a> {
    pub(crate) title: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) description: Option<&'a str>,
    pub(crate) versions: [&'static str; 1],
    pub(crate) max_content_length: u64,
}

impl<'a> ApiRootResource<'a> {
    pub(crate) fn new(title: &'a str, description: Option<&'a str>) -> Self {
        Self { title, description, versions: [TAXII], max_content_length: BODY_BYTES_MAX }
    }
}

/// §5.1.1
#[derive(Serialize)]
pub(crate) struct CollectionsResource<'a> {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) collections: Vec<CollectionResource<'a>>,
}

/// §5.2.1
#[derive(Serialize)]
pub(crate) struct CollectionResource<'a> {
    id: Uuid,
    title: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'a str>,
    alias: &'a str,
    can_read: bool,
    can_write: bool,
    media_types: [&'static str; 1],
}

impl<'a> CollectionResource<'a> {
    /// The collection as a credential of `scope` may use it.
    pub(crate) fn new(collection: &'a Collection, scope: &Scope) -> Self {
        Self {
            id: collection.id,
            title: &collection.title,
            description: collection.description.as_deref(),
            alias: &collection.alias,
            can_read: scope.read,
            can_write: scope.write && collection.can_write,
            media_types: [STIX],
        }
    }
}

/// §4.3.1
#[derive(Serialize)]
pub(crate) struct StatusResource {
    id: Uuid,
    status: &'static str,
    request_timestamp: String,
    total_count: usize,
    success_count: usize,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    successes: Vec<StatusDetails>,
    failure_count: usize,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    failures: Vec<StatusDetails>,
    pending_count: usize,
}

#[derive(Serialize)]
struct StatusDetails {
    id: String,
    version: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
}

impl StatusResource {
    /// The status of a request that is done. An object without an id is called by its place, and
    /// one without a version by when it came.
    pub(crate) fn complete(id: Uuid, request_timestamp: String, all: Vec<Submitted>) -> Self {
        let total_count = all.len();
        let (mut successes, mut failures) = (Vec::new(), Vec::new());
        for (place, one) in all.into_iter().enumerate() {
            let id = if one.id.is_empty() { format!("objects[{place}]") } else { one.id };
            let came = || request_timestamp.clone();
            let version = if one.version.is_empty() { came() } else { one.version };
            match one.fate {
                Fate::Taken => successes.push(StatusDetails { id, version, message: None }),
                Fate::Refused(why) => {
                    failures.push(StatusDetails { id, version, message: Some(why) });
                }
            }
        }
        Self {
            id,
            status: "complete",
            total_count,
            success_count: successes.len(),
            successes,
            failure_count: failures.len(),
            failures,
            pending_count: 0,
            request_timestamp,
        }
    }
}
