//! What a server is made of: its settings, its secrets, and the doors to the node around it.

use std::path::PathBuf;
use std::sync::Arc;

use entente_object::clock::Clock;
use entente_release::partner::Channel;

use crate::doors::{Accounts, Directory, Inbox};

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
    pub(crate) doors: Doors,
}

impl Service {
    /// A server with these settings, secrets and doors.
    pub fn new(
        settings: Settings,
        _secrets: &Secrets,
        doors: Doors,
    ) -> Result<Arc<Self>, SettingsError> {
        check_root(&settings.api_root)?;
        check_url(settings.public_url.as_deref())?;
        Ok(Arc::new(Self { settings, doors }))
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
