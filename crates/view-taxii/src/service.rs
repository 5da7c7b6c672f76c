//! What a server is made of: its settings, its secrets, and the doors to the node around it.

use std::path::PathBuf;
use std::sync::Arc;

use axum::response::Response;
use entente_object::clock::Clock;
use entente_release::partner::{Channel, PARTNERS_MAX};
use entente_release::{Audience, PartnerIndex};
use tokio::sync::{Semaphore, SemaphorePermit};

use crate::api::Caller;
use crate::auth::{Gate, Session};
use crate::cursor::Cursors;
use crate::doors::{Accounts, Collection, Directory, Inbox, InboxError};
use crate::error::TaxiiError;
use crate::limits::{PAGES_MADE_PER_PARTNER, SUBMISSIONS_PER_PARTNER, SUBMITTING_AT_ONCE};
use crate::pages::Pages;
use crate::query::Asked;
use crate::readers::Readers;

/// What the operator says about the server.
#[derive(Clone, Debug)]
pub struct Settings {
    /// What it is called.
    pub title: String,
    /// More about it.
    pub description: Option<String>,
    /// Whom to ask.
    pub contact: Option<String>,
    /// The path of the API root, one segment, such as `rok-nato`.
    pub api_root: String,
    /// Where it is reached, such as `https://taxii.example.org`; none: discovery names a relative
    /// address.
    pub public_url: Option<String>,
    /// Whether passwords and tokens are accepted on connections without TLS. For loopback alone.
    pub in_clear: bool,
    /// Operations, or the exercise that this API root is for.
    pub channel: Channel,
}

/// Keys that nobody else has.
#[derive(Clone)]
pub struct Secrets {
    /// Encrypts cursors. Kept over restarts and the same on every replica, so that cursors are.
    pub cursors: [u8; 32],
    /// Hides passwords that were checked. Random for each process.
    pub logins: [u8; 32],
}

/// The node around the server.
#[derive(Clone)]
pub struct Doors {
    /// The folder of the store.
    pub store: PathBuf,
    /// Who is a partner.
    pub directory: Arc<dyn Directory>,
    /// Who may log in.
    pub accounts: Arc<dyn Accounts>,
    /// The one way in.
    pub inbox: Arc<dyn Inbox>,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

/// Why a server cannot be made. The operator's fault.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// The path of the API root cannot be one.
    #[error("\"{0}\" is no path of an API root: use 1 to 64 of a-z, 0-9 and -, and not taxii2")]
    ApiRoot(String),
    /// The address cannot be one.
    #[error("\"{0}\" is no address of this server: use https://name or https://name:port")]
    PublicUrl(String),
    /// The store cannot be read.
    #[error(transparent)]
    Store(#[from] entente_store::StoreError),
}

/// A server.
pub struct Service {
    pub(crate) settings: Settings,
    pub(crate) secrets: Secrets,
    pub(crate) doors: Doors,
    pub(crate) gate: Gate,
    pub(crate) cursors: Cursors,
    pub(crate) readers: Readers,
    /// Bodies that are being inflated and taken in.
    pub(crate) submitting: Semaphore,
    pages: Pages,
    /// For each partner: what it may have under way.
    budgets: Vec<Budget>,
}

/// What one partner may have under way at once, whatever the others do.
struct Budget {
    pages: Semaphore,
    submissions: Semaphore,
}

impl Service {
    /// A server with these settings, secrets and doors.
    pub fn new(
        settings: Settings,
        secrets: Secrets,
        doors: Doors,
    ) -> Result<Arc<Self>, SettingsError> {
        check_root(&settings.api_root)?;
        check_url(settings.public_url.as_deref())?;
        let (accounts, clock) = (Arc::clone(&doors.accounts), Arc::clone(&doors.clock));
        let budget = |_| Budget {
            pages: Semaphore::new(PAGES_MADE_PER_PARTNER),
            submissions: Semaphore::new(SUBMISSIONS_PER_PARTNER),
        };
        Ok(Arc::new(Self {
            gate: Gate::new(accounts, clock, settings.in_clear, secrets.logins),
            cursors: Cursors::new(&secrets.cursors),
            readers: Readers::open(doors.store.clone())?,
            submitting: Semaphore::new(SUBMITTING_AT_ONCE),
            pages: Pages::new(),
            budgets: (0..PARTNERS_MAX).map(budget).collect(),
            settings,
            secrets,
            doors,
        }))
    }

    /// The audience of a session, if its nation is admitted now.
    pub(crate) fn admit(&self, session: &Session) -> Result<Audience, TaxiiError> {
        let partner = self.doors.directory.partner(session.who.nation());
        let partner = partner.ok_or(TaxiiError::NoPartner)?;
        let (channel, now) = (self.settings.channel.clone(), self.doors.clock.now());
        Audience::admit(&partner, &session.who, channel, now).map_err(TaxiiError::NotAdmitted)
    }

    /// A place for a request with a body, given back when it is dropped.
    pub(crate) fn submission(
        &self,
        audience: &Audience,
    ) -> Result<SemaphorePermit<'_>, TaxiiError> {
        let budget = self.budget(audience.partner())?;
        budget.submissions.try_acquire().map_err(|_| TaxiiError::TooMany)
    }

    fn budget(&self, partner: PartnerIndex) -> Result<&Budget, TaxiiError> {
        let budget = self.budgets.get(usize::from(partner.get()));
        budget.ok_or_else(|| TaxiiError::Failed("a partner without a budget".to_owned()))
    }

    /// Does something at the inbox, on a thread that may take its time.
    pub(crate) async fn at_inbox<T: Send + 'static>(
        &self,
        act: impl FnOnce(&dyn Inbox) -> Result<T, InboxError> + Send + 'static,
    ) -> Result<T, TaxiiError> {
        let inbox = Arc::clone(&self.doors.inbox);
        Ok(tokio::task::spawn_blocking(move || act(&*inbox)).await??)
    }

    /// The page that the caller asks for: kept, or asked for here if it is short, or on a thread
    /// that may take its time.
    pub(crate) async fn page(
        self: &Arc<Self>,
        caller: Caller,
        collection: &Collection,
        asked: Asked,
    ) -> Result<Response, TaxiiError> {
        let partner = caller.audience.partner();
        let wanted = caller.wanted(self, collection, asked)?;
        let warm = self.readers.ask(|reader, generation| {
            if let Some(page) = self.pages.warm(&wanted, generation) {
                return Ok(Some(page));
            }
            if !wanted.is_quick() {
                return Ok(None);
            }
            self.pages.page(reader, generation, &self.cursors, &wanted).map(Some)
        })?;
        if let Some(page) = warm {
            return Ok(page.respond());
        }
        let closed = |_| TaxiiError::Unavailable("closing".to_owned());
        let _turn = self.budget(partner)?.pages.acquire().await.map_err(closed)?;
        let service = Arc::clone(self);
        let made = tokio::task::spawn_blocking(move || {
            service.readers.ask(|reader, generation| {
                service.pages.page(reader, generation, &service.cursors, &wanted)
            })
        });
        Ok(made.await??.respond())
    }
}

fn check_root(root: &str) -> Result<(), SettingsError> {
    let fits = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'-';
    let good = (1..=64).contains(&root.len()) && root.bytes().all(fits) && root != "taxii2";
    if good { Ok(()) } else { Err(SettingsError::ApiRoot(root.to_owned())) }
}

fn check_url(url: Option<&str>) -> Result<(), SettingsError> {
    let Some(url) = url else { return Ok(()) };
    let host = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://127.0.0.1"));
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | ':' | '[' | ']');
    let good = host.is_some_and(|host| host.chars().all(fits));
    if good { Ok(()) } else { Err(SettingsError::PublicUrl(url.to_owned())) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_root_is_one_segment_and_the_address_an_origin() {
        for good in ["rok-nato", "a", "1"] {
            assert!(check_root(good).is_ok(), "{good}");
        }
        for bad in ["", "taxii2", "a/b", "{id}", "é", "A", "..", &"a".repeat(65)] {
            assert!(check_root(bad).is_err(), "{bad}");
        }
        for good in ["https://taxii.example.org", "https://[::1]:8443", "http://127.0.0.1:8080"] {
            assert!(check_url(Some(good)).is_ok(), "{good}");
        }
        for bad in ["", "taxii.example.org", "http://example.org", "https://a/b", "https://a?b"] {
            assert!(check_url(Some(bad)).is_err(), "{bad}");
        }
        assert!(check_url(None).is_ok());
    }
}
