//! The handlers: each is a sentence, who asks what and what is answered.
//!
//! Invariants:
//! * Who is asking is the first thing that every handler but "not found" learns: a stranger gets the
//!   same 401 everywhere.
//! * A collection that the caller may not know of is answered like one that does not exist.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::rejection::PathRejection;
use axum::extract::{FromRequestParts, Path, State};
use axum::response::{IntoResponse as _, Response};
use entente_object::id::Id;
use entente_release::Audience;
use http::header::{self, HeaderValue};
use http::request::Parts;
use http::uri::Authority;
use http::{HeaderMap, StatusCode, Uri};
use serde::Serialize;
use uuid::Uuid;

use crate::doors::{Collection, OverTls, Scope, Withdrawal};
use crate::error::TaxiiError;
use crate::media::{self, Coding, TAXII};
use crate::pages::{self, Wanted};
use crate::query::{Asked, Endpoint};
use crate::resources::{
    ApiRootResource, CollectionResource, CollectionsResource, DiscoveryResource,
};
use crate::service::Service;
use crate::submit;

type Answer = Result<Response, TaxiiError>;
type Here = State<Arc<Service>>;

/// Who is asking: admitted, and content with TAXII 2.1.
pub(crate) struct Caller {
    pub(crate) audience: Audience,
    scope: Scope,
    coding: Coding,
    /// The address of this server as the caller knows it.
    origin: Option<String>,
}

impl FromRequestParts<Arc<Service>> for Caller {
    type Rejection = TaxiiError;

    async fn from_request_parts(
        parts: &mut Parts,
        service: &Arc<Service>,
    ) -> Result<Self, TaxiiError> {
        let session = service.gate.session(parts).await?;
        let audience = service.admit(&session)?;
        media::accept(&parts.headers)?;
        let coding = media::accepted_coding(&parts.headers);
        Ok(Self { audience, scope: session.scope, coding, origin: origin(parts) })
    }
}

/// Parts of the path. What is no text is no name of anything.
pub(crate) struct In<T>(T);

impl<T> FromRequestParts<Arc<Service>> for In<T>
where
    Path<T>: FromRequestParts<Arc<Service>, Rejection = PathRejection>,
{
    type Rejection = TaxiiError;

    async fn from_request_parts(
        parts: &mut Parts,
        service: &Arc<Service>,
    ) -> Result<Self, TaxiiError> {
        let found = Path::<T>::from_request_parts(parts, service).await;
        found.map(|Path(found)| Self(found)).map_err(|_| TaxiiError::NotFound)
    }
}

/// GET `/taxii2/` (§4.1)
pub(crate) async fn discovery(State(service): Here, caller: Caller) -> Answer {
    let settings = &service.settings;
    let origin = settings.public_url.as_ref().or(caller.origin.as_ref());
    let root = format!("{}/{}/", origin.map_or("", String::as_str), settings.api_root);
    json(&DiscoveryResource {
        title: &settings.title,
        description: settings.description.as_deref(),
        contact: settings.contact.as_deref(),
        default: &root,
        api_roots: [&root],
    })
}

/// GET `/{root}/` (§4.2)
pub(crate) async fn api_root(State(service): Here, _caller: Caller) -> Answer {
    let settings = &service.settings;
    json(&ApiRootResource::new(&settings.title, settings.description.as_deref()))
}

/// GET `/{root}/status/{id}/` (§4.3)
pub(crate) async fn status(State(service): Here, caller: Caller, In(id): In<String>) -> Answer {
    let id = Uuid::try_parse(&id).map_err(|_| TaxiiError::NotFound)?;
    let found = service.at_inbox(move |inbox| inbox.status(&caller.audience, id)).await?;
    Ok(taxii(StatusCode::OK, found.ok_or(TaxiiError::NotFound)?.into_bytes()))
}

/// GET `/{root}/collections/` (§5.1)
pub(crate) async fn collections(State(service): Here, caller: Caller) -> Answer {
    let known = service.doors.directory.collections(&caller.audience);
    let visible = known.iter().filter(|one| caller.scope.covers(&one.under));
    let collections = visible.map(|one| CollectionResource::new(one, &caller.scope)).collect();
    json(&CollectionsResource { collections })
}

/// GET `/{root}/collections/{id}/` (§5.2)
pub(crate) async fn collection(State(service): Here, caller: Caller, In(id): In<String>) -> Answer {
    let collection = caller.collection(&service, &id)?;
    json(&CollectionResource::new(&collection, &caller.scope))
}

/// GET `/{root}/collections/{id}/manifest/` (§5.3)
pub(crate) async fn manifest(
    State(service): Here,
    caller: Caller,
    In(id): In<String>,
    uri: Uri,
) -> Answer {
    let collection = caller.readable(&service, &id)?;
    let asked = Asked::read(Endpoint::Manifest, &uri)?;
    service.page(caller, &collection, asked).await
}

/// GET `/{root}/collections/{id}/objects/` (§5.4)
pub(crate) async fn objects(
    State(service): Here,
    caller: Caller,
    In(id): In<String>,
    uri: Uri,
) -> Answer {
    let collection = caller.readable(&service, &id)?;
    let asked = Asked::read(Endpoint::Objects, &uri)?;
    service.page(caller, &collection, asked).await
}

/// POST `/{root}/collections/{id}/objects/` (§5.5)
pub(crate) async fn add_objects(
    State(service): Here,
    caller: Caller,
    In(id): In<String>,
    headers: HeaderMap,
    body: Body,
) -> Answer {
    let collection = caller.writable(&service, &id)?;
    media::content_type(&headers)?;
    let coding = media::content_coding(&headers)?;
    let _place = service.submission(&caller.audience)?;
    let body = submit::body(&headers, body).await?;
    let status = service.add(caller.audience, collection, body, coding).await?;
    Ok(taxii(StatusCode::ACCEPTED, status.into_bytes()))
}

/// GET `/{root}/collections/{id}/objects/{object}/` (§5.6)
pub(crate) async fn object(
    State(service): Here,
    caller: Caller,
    In((id, object)): In<(String, String)>,
    uri: Uri,
) -> Answer {
    let collection = caller.readable(&service, &id)?;
    let object = Id::parse(&object).map_err(|_| TaxiiError::NotFound)?;
    let asked = Asked::read(Endpoint::Object, &uri)?.of(object.type_name, object.uuid);
    service.page(caller, &collection, asked).await
}

/// DELETE `/{root}/collections/{id}/objects/{object}/` (§5.7)
pub(crate) async fn delete_object(
    State(service): Here,
    caller: Caller,
    In((id, object)): In<(String, String)>,
    uri: Uri,
) -> Answer {
    let collection = caller.deletable(&service, &id)?;
    let object = Id::parse(&object).map_err(|_| TaxiiError::NotFound)?;
    let asked = Asked::read(Endpoint::Delete, &uri)?.of(object.type_name, object.uuid);
    let (object_type, uuid) = (object.type_name.to_owned(), object.uuid);
    let versions = service.readers.ask(|reader, _| {
        reader.snapshot(|reader| {
            pages::versions_in_view(reader, &caller.audience, &collection.under, &asked)
        })
    })?;
    if versions.is_empty() {
        return Err(TaxiiError::NotFound);
    }
    let withdrawal = Withdrawal { object_type, uuid, versions };
    let done = service
        .at_inbox(move |inbox| inbox.withdraw(&caller.audience, &collection.under, &withdrawal));
    done.await?;
    Ok(taxii(StatusCode::OK, Vec::new()))
}

/// GET `/{root}/collections/{id}/objects/{object}/versions/` (§5.8)
pub(crate) async fn versions(
    State(service): Here,
    caller: Caller,
    In((id, object)): In<(String, String)>,
    uri: Uri,
) -> Answer {
    let collection = caller.readable(&service, &id)?;
    let object = Id::parse(&object).map_err(|_| TaxiiError::NotFound)?;
    let asked = Asked::read(Endpoint::Versions, &uri)?.of(object.type_name, object.uuid);
    service.page(caller, &collection, asked).await
}

/// Any other address.
pub(crate) async fn not_found() -> TaxiiError {
    TaxiiError::NotFound
}

/// Any other method.
pub(crate) async fn method_not_allowed() -> TaxiiError {
    TaxiiError::MethodNotAllowed
}

impl Caller {
    /// The collection of this id or alias, if the caller may know of it.
    fn collection(&self, service: &Service, name: &str) -> Result<Collection, TaxiiError> {
        let known = service.doors.directory.collections(&self.audience);
        let id = Uuid::try_parse(name).ok();
        let mut known = known.iter().filter(|one| self.scope.covers(&one.under));
        let found = known.find(|one| Some(one.id) == id || one.alias == name);
        found.cloned().ok_or(TaxiiError::NotFound)
    }

    fn readable(&self, service: &Service, name: &str) -> Result<Collection, TaxiiError> {
        let collection = self.collection(service, name)?;
        let what = "this credential may not read; use one with the scope read";
        if self.scope.read { Ok(collection) } else { Err(TaxiiError::Forbidden(what.into())) }
    }

    fn writable(&self, service: &Service, name: &str) -> Result<Collection, TaxiiError> {
        let collection = self.collection(service, name)?;
        let what = "this credential may not write to this collection";
        let can_write = self.scope.write && collection.can_write;
        if can_write { Ok(collection) } else { Err(TaxiiError::Forbidden(what.into())) }
    }

    /// The table of §5.7.
    fn deletable(&self, service: &Service, name: &str) -> Result<Collection, TaxiiError> {
        let collection = self.collection(service, name)?;
        let what = "only a credential that may read and write this collection can delete";
        match (self.scope.read, self.scope.write && collection.can_write) {
            (true, true) => Ok(collection),
            (false, false) => Err(TaxiiError::NotFound),
            (true, false) | (false, true) => Err(TaxiiError::Forbidden(what.into())),
        }
    }

    pub(crate) fn wanted(
        self,
        service: &Service,
        collection: &Collection,
        asked: Asked,
    ) -> Result<Wanted, TaxiiError> {
        Wanted::new(&service.cursors, self.audience, &collection.under, asked, self.coding)
    }
}

/// `https://host:port` of the request, if it names one that can be one.
fn origin(parts: &Parts) -> Option<String> {
    let host = parts.headers.get(header::HOST).and_then(|value| value.to_str().ok());
    let authority: Authority = match parts.uri.authority() {
        Some(authority) => authority.clone(),
        None => host?.parse().ok()?,
    };
    let scheme = if parts.extensions.get::<OverTls>().is_some() { "https" } else { "http" };
    let plain = authority.as_str().find('@').is_none();
    plain.then(|| format!("{scheme}://{authority}"))
}

fn json(resource: &impl Serialize) -> Answer {
    let body = serde_json::to_vec(resource);
    let body = body.map_err(|cause| TaxiiError::Failed(format!("writing a resource: {cause}")))?;
    Ok(taxii(StatusCode::OK, body))
}

fn taxii(status: StatusCode, body: Vec<u8>) -> Response {
    let mut response = (status, body).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(TAXII));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
