//! Following a partner's ledger: catching up page by page, then staying with it.
//!
//! One way for both: an event says only how much is signed, and what is not here yet is asked for,
//! verified and taken as a page. So events may be lost, doubled or late, and a slow node is not sent
//! more than it asks for.
//!
//! Invariants:
//! * A receipt is sent only for what is durably here.
//! * Whatever the partner's node does, this node spends a bounded time and memory on it, tries again
//!   later, and nobody else notices.

use std::collections::VecDeque;
use std::future::Future;
use std::mem::{Discriminant, discriminant};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use entente_intake::EPOCHS_AT_ONCE;
use entente_log::checkpoint::Signed;
use entente_object::clock::Clock;
use entente_object::time::Timestamp;
use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Limited};
use tokio::sync::{Notify, watch};
use tokio::time::{Instant, sleep, sleep_until, timeout, timeout_at};

use crate::doors::{Keeper, KeeperError, SuccessionError};
use crate::epochs::{self, Seen};
use crate::events::Events;
use crate::limits::{
    ANSWER_TIME, DOUBT, EPOCHS_BYTES_MAX, FAULTS_MAX, PAGE_BYTES_MAX, Pace, RECEIPT_EVERY,
    SUCCESSIONS_BYTES_MAX,
};
use crate::page::{Edge, Fault, Page, Position, verify};
use crate::succession::BadSuccession;

/// The partner's node could not be asked.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct LinkError(pub String);

/// A way to ask a partner's node. Connects when it has to.
pub trait Link: Send + Sync + 'static {
    /// Asks; gives the answer when its head is here.
    fn ask(
        &self,
        request: Request<Bytes>,
    ) -> impl Future<Output = Result<Response<Body>, LinkError>> + Send;
}

/// How it stands with a partner's ledger, for people.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct State {
    /// How many entries were received and verified.
    pub received: u64,
    /// How many the partner has signed, as far as is known.
    pub signed: u64,
    /// Whether the partner's node is being followed now.
    pub following: bool,
    /// What went wrong last, if it was not overcome.
    pub trouble: Option<String>,
    /// When the partner's node was last heard.
    pub heard: Option<Timestamp>,
}

/// [`State`], shared.
#[derive(Clone, Debug, Default)]
pub struct Watched(Arc<Mutex<State>>);

impl Watched {
    /// How it stands now.
    pub fn now(&self) -> State {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

/// Why following ended for now.
#[derive(Debug, thiserror::Error)]
enum Trouble {
    #[error(transparent)]
    Link(#[from] LinkError),
    #[error("{0}")]
    Answer(String),
    #[error(transparent)]
    Fault(#[from] Fault),
    #[error("this node failed: {0}")]
    Here(#[from] KeeperError),
}

/// Follows one partner's ledger.
pub struct Follower<L> {
    /// Between whom.
    pub edge: Edge,
    /// The way to the partner's node.
    pub link: L,
    /// The desk.
    pub keeper: Arc<dyn Keeper>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// This node's revocation list, PEM, as it is now.
    pub list: Box<dyn Fn() -> Result<String, LinkError> + Send + Sync>,
    /// How it stands.
    pub state: Watched,
    /// How it keeps in touch.
    pub pace: Pace,
    /// Told when the partner's node was heard: it need not be waited for any longer.
    pub wake: Arc<Notify>,
}

impl<L: Link> Follower<L> {
    /// Follows until `stopped`.
    pub async fn run(self, mut stopped: watch::Receiver<bool>) {
        let mut pause = self.pace.pause_first;
        let mut accused = Accused::default();
        loop {
            let mut followed = None;
            let ended = tokio::select! {
                biased;
                _ = stopped.wait_for(|stop| *stop) => return,
                ended = self.follow(&mut followed, &mut accused) => ended,
            };
            let Err(trouble) = ended;
            self.note(&trouble, &mut accused).await;
            // Who was followed for longer than it was waited for is expected back soon.
            if followed.is_some_and(|since: Instant| since.elapsed() > pause) {
                pause = self.pace.pause_first;
            }
            if matches!(&trouble, Trouble::Fault(fault) if fault.is_proof()) {
                pause = self.pace.pause_longest;
            }
            tokio::select! {
                biased;
                _ = stopped.wait_for(|stop| *stop) => return,
                () = sleep(pause) => {}
                () = self.heard() => {}
            }
            pause = longer(pause, self.pace);
        }
    }

    /// Waits until the partner's node was heard; after a first pause, so that it does not say how often.
    async fn heard(&self) {
        sleep(self.pace.pause_first).await;
        self.wake.notified().await;
    }

    async fn note(&self, trouble: &Trouble, accused: &mut Accused) {
        let text = trouble.to_string();
        let before = self.state.now();
        let is_new = before.trouble.as_ref() != Some(&text);
        // A node that was never there is not news each time.
        let is_first = before.following || before.trouble.is_none();
        if is_first || matches!(trouble, Trouble::Fault(_)) && is_new {
            tracing::warn!("{} is not followed: {text}", self.edge.from);
        } else if is_new {
            tracing::info!("{} is not followed: {text}", self.edge.from);
        }
        self.state.change(|state| {
            state.following = false;
            state.trouble = Some(text);
        });
        if let Trouble::Fault(fault) = trouble {
            self.accuse(fault, accused).await;
        }
    }

    /// Records a fault that is new.
    async fn accuse(&self, fault: &Fault, accused: &mut Accused) {
        if !accused.is_new(fault) {
            return;
        }
        let (keeper, edge, fault) = (self.keeper.clone(), self.edge.clone(), fault.clone());
        let told = self.pace.work(move || keeper.accuse(&edge, &fault)).await;
        if let Ok(Err(error)) = told {
            tracing::error!("a fault of {} was not recorded: {error}", self.edge.from);
        }
    }

    /// Follows until it fails. Notes since when all that is signed is here, and the partner knows it.
    async fn follow(
        &self,
        followed: &mut Option<Instant>,
        accused: &mut Accused,
    ) -> Result<std::convert::Infallible, Trouble> {
        let shown = self.ask(Method::PUT, "/peer/list", Bytes::from((self.list)()?)).await?;
        if !shown.status().is_success() {
            return Err(refused(shown).await);
        }
        let events = self.ask(Method::GET, "/peer/ledger/events", Bytes::new()).await?;
        if events.status() != StatusCode::OK {
            return Err(refused(events).await);
        }
        let mut events = Events::of(events.into_body());
        // Nothing is read of the disk for a partner that does not answer.
        let (keeper, edge) = (self.keeper.clone(), self.edge.clone());
        let mut position = self.blocking(move || keeper.position(&edge)).await??;
        // From here on the stream says when there is another one.
        self.succeed().await?;
        self.state.change(|state| state.following = true);
        // The partner may not know that what was received before was received.
        let (mut owed, mut due) = (!position.is_empty(), Instant::now());
        let mut witness = Instant::now();
        let (mut news, mut said) = (true, None);
        let (mut pause, mut ask) = (Duration::ZERO, Instant::now());
        loop {
            if news {
                sleep_until(ask).await;
                let any = self.catch_up(&mut position).await;
                if matches!(&any, Err(Trouble::Fault(fault)) if fault.is_proof()) {
                    // The receipt shows the partner what it had: it may not know that it was put back.
                    let _refused = self.send_receipt(&position).await;
                }
                let any = any?;
                let given = position.tree.size();
                if let Some(signed) = said.filter(|said| *said > given) {
                    return Err(Fault::Stalled { given, signed }.into());
                }
                // Who has something to say and then nothing to give is asked less and less.
                pause = if any { Duration::ZERO } else { longer(pause, self.pace) };
                ask = Instant::now() + pause;
                owed |= any;
            }
            if owed && Instant::now() >= due {
                self.send_receipt(&position).await?;
                (owed, due) = (false, Instant::now() + RECEIPT_EVERY);
            }
            if position.is_complete() && Instant::now() >= witness {
                match self.witness(&position).await {
                    // The ledger is proven by itself: people look, and it is followed meanwhile.
                    Err(Trouble::Fault(fault)) => {
                        tracing::warn!("the epochs of {} are not right: {fault}", self.edge.from);
                        self.accuse(&fault, accused).await;
                    }
                    witnessed => witnessed?,
                }
                witness = Instant::now() + self.pace.witness_every;
            }
            if !owed {
                followed.get_or_insert_with(Instant::now);
            }
            (news, said) = tokio::select! {
                biased;
                said = self.hear(&mut events, position.tree.size()) => (true, Some(said?)),
                () = sleep_until(due), if owed => (false, None),
                () = sleep_until(witness), if position.is_complete() => (false, None),
            };
        }
    }

    /// Asks for the cards that followed the one that was accepted, and accepts them.
    async fn succeed(&self) -> Result<(), Trouble> {
        let (keeper, from) = (self.keeper.clone(), self.edge.from);
        let Some(held) = self.blocking(move || keeper.holds(from)).await? else { return Ok(()) };
        let path = format!("/peer/card?held={held}");
        let Some(body) = self.fetch(&path, SUCCESSIONS_BYTES_MAX).await? else { return Ok(()) };
        let cards: Vec<String> = serde_json::from_slice(&body)
            .map_err(|error| Fault::Succession(BadSuccession::Malformed(error.to_string())))?;
        let keeper = self.keeper.clone();
        match self.blocking(move || keeper.succeed(from, &cards)).await? {
            Ok(()) => Ok(()),
            Err(SuccessionError::Bad(bad)) => Err(Fault::Succession(bad).into()),
            Err(SuccessionError::Keeper(error)) => Err(error.into()),
        }
    }

    /// Asks for the epochs that are new, checks them against what was received, and witnesses them.
    async fn witness(&self, position: &Position) -> Result<(), Trouble> {
        let (keeper, from) = (self.keeper.clone(), self.edge.from);
        let (seen, keys) = self.blocking(move || (keeper.seen(from), keeper.keys(from))).await?;
        let (mut seen, received) = (seen?, position.tree.clone());
        loop {
            let first = seen.tree.size();
            let path = format!("/peer/epochs?from={first}&received={}", received.size());
            let Some(bytes) = self.fetch(&path, EPOCHS_BYTES_MAX).await? else { return Ok(()) };
            let next = match epochs::verify(&bytes, &self.edge, &seen, &received, &keys) {
                Ok(next) => next,
                Err(fault) => {
                    // The partner may not know that it was put back.
                    let _refused = self.say_seen(seen).await;
                    return Err(fault.into());
                }
            };
            self.say_seen(next.clone()).await?;
            let more = next.tree.size() - first;
            seen = next;
            if more < EPOCHS_AT_ONCE {
                return Ok(());
            }
        }
    }

    /// Keeps which epochs were seen, and tells the partner.
    async fn say_seen(&self, seen: Seen) -> Result<(), Trouble> {
        let (keeper, from) = (self.keeper.clone(), self.edge.from);
        let note = self.blocking(move || keeper.witness(from, &seen)).await??;
        let Some(note) = note else { return Ok(()) };
        let answer = self.ask(Method::POST, "/peer/witness", Bytes::from(note)).await?;
        if answer.status().is_success() { Ok(()) } else { Err(refused(answer).await) }
    }

    /// What a path answers, of so many bytes at most; nothing if there is nothing.
    async fn fetch(&self, path: &str, longest: usize) -> Result<Option<Bytes>, Trouble> {
        let answer = self.ask(Method::GET, path, Bytes::new()).await?;
        match answer.status() {
            StatusCode::OK => {}
            StatusCode::NO_CONTENT => return Ok(None),
            _ => return Err(refused(answer).await),
        }
        let body = timeout(ANSWER_TIME, Limited::new(answer.into_body(), longest).collect()).await;
        let body = body.map_err(|_| LinkError("an answer took too long".to_owned()))?;
        let body = body.map_err(|cause| LinkError(format!("an answer broke off: {cause}")))?;
        Ok(Some(body.to_bytes()))
    }

    /// Waits until the partner says that there is another number of entries than is here. Gives it.
    async fn hear(&self, events: &mut Events, here: u64) -> Result<u64, Trouble> {
        loop {
            if events.card {
                self.succeed().await?;
                events.card = false;
            }
            let said = events.said.take();
            if said == Some(here) {
                events.doubted = None;
            } else if let Some(said) = said {
                self.state.change(|state| state.signed = said);
                if said > here {
                    return Ok(said);
                }
                // It may be old, and the next one is on its way; or the ledger is shorter than it was.
                let until = events.doubted.map_or(Instant::now() + DOUBT, |(_, until)| until);
                events.doubted = Some((said, until));
            }
            let silent = Instant::now() + self.pace.silent_max;
            let until = events.doubted.map_or(silent, |(_, until)| until);
            let Ok(read) = timeout_at(until, events.read()).await else {
                let silent = || LinkError("the stream fell silent".to_owned());
                return Ok(events.doubted.take().map(|(said, _)| said).ok_or_else(silent)?);
            };
            read?;
            let now = self.clock.now();
            self.state.change(|state| state.heard = Some(now));
        }
    }

    /// Takes page after page until all that is signed is here. Gives whether there was any.
    async fn catch_up(&self, position: &mut Position) -> Result<bool, Trouble> {
        let mut any = false;
        let mut next = self.page(position).await?;
        while let Some(bytes) = next {
            let (edge, at, now) = (self.edge.clone(), position.clone(), self.clock.now());
            let page = self.blocking(move || verify(&bytes, &edge, &at, now)).await??;
            let (after, is_empty) = (page.position.clone(), page.entries.is_empty());
            let signed = after.signed.as_ref().map_or(0, |signed| signed.size);
            self.state.change(|state| (state.signed, state.trouble) = (signed, None));
            // While one page is written, the next is on its way.
            let more =
                async { if after.is_complete() { Ok(None) } else { self.page(&after).await } };
            let taken = self.take(page, is_empty);
            let (taken, more) = tokio::join!(taken, more);
            taken?;
            *position = after;
            any |= !is_empty;
            self.state.change(|state| state.received = position.tree.size());
            next = more?;
        }
        self.state.change(|state| state.trouble = None);
        Ok(any)
    }

    async fn take(&self, page: Page, is_empty: bool) -> Result<(), Trouble> {
        if is_empty {
            return Ok(());
        }
        let (keeper, edge) = (self.keeper.clone(), self.edge.clone());
        self.blocking(move || keeper.take(&edge, page)).await?.map_err(Trouble::from)
    }

    async fn page(&self, at: &Position) -> Result<Option<Bytes>, Trouble> {
        let path = format!("/peer/ledger?from={}", at.tree.size());
        let page = self.fetch(&path, PAGE_BYTES_MAX).await?;
        let before = at.signed.as_ref().filter(|before| before.size > 0);
        match (page, before) {
            // Nothing is signed any more.
            (None, Some(before)) => Err(all_is_gone(before)),
            (page, _) => Ok(page),
        }
    }

    async fn send_receipt(&self, position: &Position) -> Result<(), Trouble> {
        let (keeper, position) = (self.keeper.clone(), position.clone());
        let receipt = self.blocking(move || keeper.receipt(&position)).await??;
        let Some(receipt) = receipt else { return Ok(()) };
        let note = Bytes::from(receipt.signed.note);
        let answer = self.ask(Method::POST, "/peer/receipt", note).await?;
        if answer.status().is_success() { Ok(()) } else { Err(refused(answer).await) }
    }

    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Trouble> {
        let done = self.pace.work(work).await;
        done.map_err(|cause| Trouble::Here(KeeperError(cause.to_string())))
    }

    async fn ask(
        &self,
        method: Method,
        path: &str,
        body: Bytes,
    ) -> Result<Response<Body>, Trouble> {
        let request = Request::builder().method(method).uri(path).body(body);
        let request = request.map_err(|cause| LinkError(cause.to_string()))?;
        let answer = timeout(ANSWER_TIME, self.link.ask(request)).await;
        Ok(answer.map_err(|_| LinkError("no answer in time".to_owned()))??)
    }
}

impl Position {
    fn is_empty(&self) -> bool {
        self.tree.size() == 0
    }
}

/// The pause after another one.
fn longer(pause: Duration, pace: Pace) -> Duration {
    (pause * 2).clamp(pace.pause_first, pace.pause_longest)
}

/// Nothing is signed any more.
fn all_is_gone(earlier: &Signed) -> Trouble {
    let (earlier, before) = (Box::new(earlier.clone()), earlier.size);
    Trouble::Fault(Fault::Shorter { earlier, before, now: 0 })
}

/// What was recorded of a partner: the same fault again says nothing new.
#[derive(Default)]
struct Accused(VecDeque<(Discriminant<Fault>, Option<String>)>);

impl Accused {
    /// Whether a fault is new. It is not the next time.
    fn is_new(&mut self, fault: &Fault) -> bool {
        // What varies of a fault without proof is how much, and when: not what. Of two histories the
        // first is the one that was taken; the other one goes on.
        let taken = fault.notes().first().map(|note| (*note).to_owned());
        let said = (discriminant(fault), taken);
        if self.0.contains(&said) {
            return false;
        }
        self.0.truncate(FAULTS_MAX - 1);
        self.0.push_front(said);
        true
    }
}

/// What the partner's node says about why it does not answer.
async fn refused(answer: Response<Body>) -> Trouble {
    const SAID_BYTES_MAX: usize = 500;
    let status = answer.status();
    let body = Limited::new(answer.into_body(), 4 * SAID_BYTES_MAX).collect();
    let said = match timeout(Duration::from_secs(5), body).await {
        Ok(Ok(said)) => String::from_utf8_lossy(&said.to_bytes()).into_owned(),
        Ok(Err(_)) | Err(_) => String::new(),
    };
    let said: String = said.chars().filter(|c| !c.is_control()).take(SAID_BYTES_MAX).collect();
    Trouble::Answer(format!("it answers {status}: {said}"))
}
