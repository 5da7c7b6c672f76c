//! The routes that a partner's node asks.
//!
//! | route | answer |
//! |---|---|
//! | `GET /peer/ledger?from=N` | the page of the caller's ledger from entry N on; 204 if nothing was signed yet |
//! | `GET /peer/ledger/events` | server-sent events: how many entries are signed, now and whenever it grows |
//! | `POST /peer/receipt` | takes a cosigned checkpoint of the caller's ledger |
//! | `GET /peer/card?held=DIGEST` | the cards that followed the one that the caller holds; 204 if none did |
//! | `GET /peer/epochs?from=N&received=R` | this node's epochs from number N on, opened for the caller |
//! | `POST /peer/witness` | takes a cosigned checkpoint of this node's epochs |
//! | `PUT /peer/list` | takes the revocation list of the caller's nation: the first thing to do |
//!
//! Invariants:
//! * Who asks is known from the client certificate alone, which a current revocation list of its own
//!   nation does not name, and is admitted anew for every request, before every event and before every
//!   piece of a page: after a suspension or a revocation nothing more is sent.
//! * A caller that leaves its answers unread has two pages in memory, and one that asks again for what it
//!   was given is answered slowly: neither keeps anybody else waiting.
//! * A caller learns of its own ledger alone.

use std::convert::Infallible;
use std::io;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{FromRequestParts, Query, State};
use axum::response::sse::{Event, Sse};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post, put};
use bytes::Bytes;
use entente_object::clock::Clock;
use entente_release::partner::{Authenticated, Channel, PARTNERS_MAX};
use entente_release::{Audience, Nation};
use entente_store::{Reader, StoreError};
use futures_util::stream::{Stream, unfold};
use http::header::{self, HeaderValue};
use http::request::Parts;
use http::{HeaderMap, StatusCode};
use serde::Deserialize;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout_at};

use crate::doors::{Caller, Keeper, Partners, ReceiptError};
use crate::growth::Growth;
use crate::limits::{LIST_BYTES_MAX, NOTE_BYTES_MAX, Pace};

/// Pages of one partner at once, from when they are made until they are sent: 12 MiB.
const PAGES_AT_ONCE: usize = 2;

/// How long a page waits that was given before: whoever lost some catches up with 20,000 entries a second
/// all the same, and who asks in a loop takes a twelfth of a core.
const AGAIN_PAUSE: Duration = Duration::from_millis(100);

/// Pieces in which a page is sent.
const PIECE_BYTES: usize = 64 * 1024;

/// Streams of one partner at once: that of its node, and of one that is just being replaced.
const STREAMS_AT_ONCE: usize = 2;

/// Readers kept open between requests.
const READERS_KEPT_MAX: usize = 8;

/// The node around the routes.
pub struct Doors {
    /// The folder of the store.
    pub store: PathBuf,
    /// Who is a partner.
    pub partners: Arc<dyn Partners>,
    /// The desk.
    pub keeper: Arc<dyn Keeper>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Changes whenever the store has.
    pub growth: Growth,
    /// Operations, or the exercise that these routes are for.
    pub channel: Channel,
    /// How it keeps in touch.
    pub pace: Pace,
}

/// The routes.
pub fn routes(doors: Doors) -> Router {
    let budget = |_| Budget {
        pages: Arc::new(Semaphore::new(PAGES_AT_ONCE)),
        streams: Arc::new(Semaphore::new(STREAMS_AT_ONCE)),
        given: AtomicU64::new(0),
        opened: AtomicU64::new(0),
    };
    let budgets = (0..PARTNERS_MAX).map(budget).collect();
    let here = Arc::new(Here { doors, readers: Mutex::default(), budgets });
    Router::new()
        .route("/peer/ledger", get(ledger))
        .route("/peer/ledger/events", get(events))
        .route("/peer/receipt", post(receipt))
        .route("/peer/card", get(card))
        .route("/peer/epochs", get(epochs))
        .route("/peer/witness", post(witness))
        .route("/peer/list", put(list))
        .with_state(here)
}

struct Here {
    doors: Doors,
    readers: Mutex<Vec<Reader>>,
    /// For each partner: what it may have under way.
    budgets: Vec<Budget>,
}

struct Budget {
    pages: Arc<Semaphore>,
    streams: Arc<Semaphore>,
    /// Up to which entry pages were given since this node was started.
    given: AtomicU64,
    /// Up to which epoch they were opened.
    opened: AtomicU64,
}

/// Why something is not answered. The text says what to do.
enum Refusal {
    Stranger,
    NotAdmitted(String),
    TooMany,
    Bad(String),
    Failed(String),
}

impl axum::response::IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let (status, text) = match self {
            Self::Stranger => (
                StatusCode::UNAUTHORIZED,
                "show the client certificate of a node whose card was accepted here".to_owned(),
            ),
            Self::NotAdmitted(why) => (StatusCode::FORBIDDEN, why),
            Self::TooMany => (
                StatusCode::TOO_MANY_REQUESTS,
                "two streams of yours are open already: end one, or try again in a minute"
                    .to_owned(),
            ),
            Self::Bad(why) => (StatusCode::BAD_REQUEST, why),
            Self::Failed(why) => {
                tracing::error!("a partner's node was not answered: {why}");
                (StatusCode::INTERNAL_SERVER_ERROR, "this node failed; try later".to_owned())
            }
        };
        (status, format!("{text}\n")).into_response()
    }
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        Self::Failed(error.to_string())
    }
}

/// Who asks, admitted.
struct Asking(Caller, Audience);

impl FromRequestParts<Arc<Here>> for Asking {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, here: &Arc<Here>) -> Result<Self, Refusal> {
        let caller = caller(parts)?;
        let audience = here.admit_vouched(&caller)?;
        Ok(Self(caller, audience))
    }
}

fn caller(parts: &Parts) -> Result<Caller, Refusal> {
    parts.extensions.get::<Caller>().cloned().ok_or(Refusal::Stranger)
}

/// Who asks, a partner, of whose certificate it is not known whether it was revoked.
struct Unvouched(Caller);

impl FromRequestParts<Arc<Here>> for Unvouched {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, here: &Arc<Here>) -> Result<Self, Refusal> {
        let caller = caller(parts)?;
        here.admit(caller.nation)?;
        Ok(Self(caller))
    }
}

impl Here {
    fn admit(&self, nation: Nation) -> Result<Audience, Refusal> {
        let partner = self.doors.partners.partner(nation).ok_or(Refusal::Stranger)?;
        let (session, now) = (Authenticated::Certificate(nation), self.doors.clock.now());
        Audience::admit(&partner, &session, self.doors.channel.clone(), now)
            .map_err(|reason| Refusal::NotAdmitted(reason.to_string()))
    }

    /// Admits a caller whose certificate was not revoked.
    fn admit_vouched(&self, caller: &Caller) -> Result<Audience, Refusal> {
        self.doors.partners.vouch(caller).map_err(Refusal::NotAdmitted)?;
        self.admit(caller.nation)
    }

    fn budget(&self, audience: &Audience) -> Result<&Budget, Refusal> {
        let budget = self.budgets.get(usize::from(audience.partner().get()));
        budget.ok_or_else(|| Refusal::Failed("a partner without a budget".to_owned()))
    }

    fn read<T>(
        &self,
        question: impl FnOnce(&mut Reader) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let idle = self.readers.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut reader = match idle {
            Some(reader) => reader,
            None => Reader::open(&self.doors.store)?,
        };
        let answer = question(&mut reader)?;
        let mut idle = self.readers.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < READERS_KEPT_MAX {
            idle.push(reader);
        }
        Ok(answer)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Start {
    from: u64,
}

async fn ledger(
    State(here): State<Arc<Here>>,
    Asking(caller, audience): Asking,
    query: Result<Query<Start>, axum::extract::rejection::QueryRejection>,
) -> Result<Response, Refusal> {
    let Query(Start { from }) =
        query.map_err(|_| Refusal::Bad("say from which entry on: ?from=0".to_owned()))?;
    let closing = |_| Refusal::Failed("closing".to_owned());
    let budget = here.budget(&audience)?;
    let turn = budget.pages.clone().acquire_owned().await.map_err(closing)?;
    if from < budget.given.load(Ordering::Relaxed) {
        tokio::time::sleep(AGAIN_PAUSE).await;
    }
    // That may have taken long.
    let audience = here.admit_vouched(&caller)?;
    let reading = here.clone();
    let page = here.doors.pace.work(move || reading.read(|reader| reader.feed(&audience, from)));
    let page = page.await.map_err(|cause| Refusal::Failed(cause.to_string()))??;
    let Some(page) = page else { return Ok(StatusCode::NO_CONTENT.into_response()) };
    budget.given.fetch_max(page.to, Ordering::Relaxed);
    let page = Bytes::from(page.page.into_bytes());
    let length = HeaderValue::from(page.len());
    let mut response = Response::new(pieces(here, caller, page, turn));
    let headers: &mut HeaderMap = response.headers_mut();
    headers.insert(header::CONTENT_LENGTH, length);
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

/// A page, for as long as the caller is admitted.
fn pieces(here: Arc<Here>, caller: Caller, page: Bytes, turn: OwnedSemaphorePermit) -> Body {
    let state = (here, caller, page, turn);
    Body::from_stream(unfold(state, |(here, caller, mut rest, turn)| async move {
        if rest.is_empty() {
            return None;
        }
        if here.admit_vouched(&caller).is_err() {
            let ended = Err(io::Error::from(io::ErrorKind::PermissionDenied));
            return Some((ended, (here, caller, Bytes::new(), turn)));
        }
        // A copy: whoever is slow to read the last piece does not hold the page.
        let piece = rest.split_to(PIECE_BYTES.min(rest.len()));
        let piece = Bytes::copy_from_slice(&piece);
        Some((Ok(piece), (here, caller, rest, turn)))
    }))
}

async fn events(
    State(here): State<Arc<Here>>,
    Asking(caller, audience): Asking,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, Refusal> {
    let streams = here.budget(&audience)?.streams.clone();
    let place = streams.try_acquire_owned().map_err(|_| Refusal::TooMany)?;
    let growth = here.doors.growth.clone();
    let told = (None::<u64>, here.doors.keeper.offers());
    Ok(Sse::new(unfold((here, caller, growth, told, place), |state| async move {
        let (here, caller, growth, (told, card), place) = state;
        // Counted from what was said last, not from what happened last: how busy this node is with
        // others is not the caller's to know.
        let due = Instant::now() + here.doors.pace.says_every;
        loop {
            let seen = growth.seen();
            // Whoever was shut out meanwhile is told nothing more, not even that nothing happened.
            let audience = here.admit_vouched(&caller).ok()?;
            let signed = here.read(|reader| reader.checkpoint(audience.partner())).ok()?;
            let size = signed.map_or(0, |signed| signed.size);
            let offered = here.doors.keeper.offers();
            let (event, told) = if card != offered {
                (Event::default().event("card").data("new"), told)
            } else if told != Some(size) {
                (Event::default().event("signed").data(size.to_string()), Some(size))
            } else if Instant::now() >= due {
                (Event::default().comment("still here"), told)
            } else {
                match timeout_at(due, growth.since(seen)).await {
                    Ok(true) | Err(_) => {}
                    Ok(false) => return None,
                }
                continue;
            };
            return Some((Ok(event), (here, caller, growth, (told, offered), place)));
        }
    })))
}

async fn receipt(
    State(here): State<Arc<Here>>,
    Asking(_, audience): Asking,
    body: Body,
) -> Result<StatusCode, Refusal> {
    take_note(&here, body, move |keeper, note| keeper.received(audience.nation(), note)).await
}

async fn witness(
    State(here): State<Arc<Here>>,
    Asking(_, audience): Asking,
    body: Body,
) -> Result<StatusCode, Refusal> {
    take_note(&here, body, move |keeper, note| keeper.witnessed(audience.nation(), note)).await
}

async fn take_note(
    here: &Here,
    body: Body,
    take: impl FnOnce(&dyn Keeper, &str) -> Result<(), ReceiptError> + Send + 'static,
) -> Result<StatusCode, Refusal> {
    let body = to_bytes(body, NOTE_BYTES_MAX).await;
    let body = body.map_err(|_| Refusal::Bad("a note has 16 KiB at most".to_owned()))?;
    let note = String::from_utf8(body.to_vec());
    let note = note.map_err(|_| Refusal::Bad("a signed note is text".to_owned()))?;
    let keeper = here.doors.keeper.clone();
    let taken = here.doors.pace.work(move || take(keeper.as_ref(), &note)).await;
    match taken.map_err(|cause| Refusal::Failed(cause.to_string()))? {
        Ok(()) => Ok(StatusCode::NO_CONTENT),
        Err(ReceiptError::Refused(why)) => Err(Refusal::Bad(why)),
        Err(ReceiptError::Failed(why)) => Err(Refusal::Failed(why)),
    }
}

async fn list(
    State(here): State<Arc<Here>>,
    Unvouched(caller): Unvouched,
    body: Body,
) -> Result<StatusCode, Refusal> {
    let body = to_bytes(body, LIST_BYTES_MAX).await;
    let body = body.map_err(|_| Refusal::Bad("a revocation list has 1 MiB at most".to_owned()))?;
    let list = String::from_utf8(body.to_vec());
    let list = list.map_err(|_| Refusal::Bad("a revocation list is PEM".to_owned()))?;
    let partners = here.doors.partners.clone();
    let taken = here.doors.pace.work(move || partners.take_list(&caller, &list)).await;
    let taken = taken.map_err(|cause| Refusal::Failed(cause.to_string()))?;
    taken.map(|()| StatusCode::NO_CONTENT).map_err(Refusal::NotAdmitted)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Held {
    held: String,
}

async fn card(
    State(here): State<Arc<Here>>,
    Asking(_, audience): Asking,
    query: Result<Query<Held>, axum::extract::rejection::QueryRejection>,
) -> Result<Response, Refusal> {
    let bad = || Refusal::Bad("say which card you hold: ?held=SHA-256".to_owned());
    let Query(Held { held }) = query.map_err(|_| bad())?;
    if held.len() != 64 || !held.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(bad());
    }
    let keeper = here.doors.keeper.clone();
    let found = here.doors.pace.work(move || keeper.successions(audience.nation(), &held)).await;
    let found = found.map_err(|cause| Refusal::Failed(cause.to_string()))?;
    let found = found.map_err(|error| Refusal::Failed(error.to_string()))?;
    if found.is_empty() {
        return Ok(StatusCode::NO_CONTENT.into_response());
    }
    let json = serde_json::to_string(&found).map_err(|cause| Refusal::Failed(cause.to_string()))?;
    Ok(as_json(json))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct After {
    from: u64,
    received: u64,
}

async fn epochs(
    State(here): State<Arc<Here>>,
    Asking(_, audience): Asking,
    query: Result<Query<After>, axum::extract::rejection::QueryRejection>,
) -> Result<Response, Refusal> {
    let bad = "say which epochs you have, and how many entries: ?from=0&received=0";
    let Query(After { from, received }) = query.map_err(|_| Refusal::Bad(bad.to_owned()))?;
    let (keeper, by) = (here.doors.keeper.clone(), audience.nation());
    let closing = |_| Refusal::Failed("closing".to_owned());
    let budget = here.budget(&audience)?;
    let _turn = budget.pages.clone().acquire_owned().await.map_err(closing)?;
    if from < budget.opened.fetch_max(from.saturating_add(1), Ordering::Relaxed) {
        tokio::time::sleep(AGAIN_PAUSE).await;
    }
    let found = here.doors.pace.work(move || keeper.epochs(by, from, received)).await;
    let found = found.map_err(|cause| Refusal::Failed(cause.to_string()))?;
    let found = found.map_err(|error| Refusal::Failed(error.to_string()))?;
    Ok(found.map_or_else(|| StatusCode::NO_CONTENT.into_response(), as_json))
}

fn as_json(json: String) -> Response {
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("application/json")),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    (headers, json).into_response()
}
