//! The connection to the cluster, and the one stream of this node on it.
//!
//! Invariants:
//! * It connects to the servers that the operator named in the settings, and to those of their cluster.
//! * A question that is not answered is repeated, less and less often, for a limited time.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use async_nats::jetstream::context::{Context, GetStreamErrorKind};
use async_nats::jetstream::stream::{Config, DiscardPolicy, RetentionPolicy, StorageType};
use async_nats::jetstream::{self, ErrorCode};
use async_nats::{Client, ConnectOptions};
use entente_log::key::Key;
use entente_log::order::OrderError;
use entente_release::Nation;
use tokio::runtime::Runtime;
use tokio::time::{sleep, timeout};

use crate::error::StreamError;
use crate::limits::{
    ANSWER, ASK_FOR, BACK_OFF, BACK_OFF_MAX, DUPLICATES_FOR, MESSAGE_BYTES_MAX, MESSAGE_OVERHEAD,
};
use crate::settings::Settings;
use crate::wait::{runtime, wait};

/// The cluster of one node.
#[derive(Clone)]
pub struct Cluster(Arc<Inner>);

struct Inner {
    runtime: &'static Runtime,
    settings: Settings,
    nation: Nation,
    key: Key,
    public: String,
    connected: Mutex<Option<(Client, Context)>>,
}

/// The state of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct End {
    /// When it was made, in nanoseconds since 1970: what tells it from another of the same name.
    pub stream: i64,
    /// The place of its first message.
    pub first: u64,
    /// The place of its last message.
    pub last: u64,
}

impl Cluster {
    /// The cluster of a node. `key` is the node's; nothing is connected yet.
    pub fn new(settings: Settings, nation: Nation, key: Key) -> Result<Self, StreamError> {
        let (runtime, public) = (runtime()?, key.public());
        let connected = Mutex::default();
        Ok(Self(Arc::new(Inner { runtime, settings, nation, key, public, connected })))
    }

    /// The settings.
    pub fn settings(&self) -> &Settings {
        &self.0.settings
    }

    /// The name of the stream.
    pub fn name(&self) -> String {
        format!("entente-{}", self.0.nation)
    }

    /// The subject of its messages.
    pub(crate) fn subject(&self) -> String {
        format!("entente.{}.log", self.0.nation)
    }

    /// The subject on which replicas are asked how far they are.
    pub(crate) fn census_subject(&self) -> String {
        format!("entente.{}.census", self.0.nation)
    }

    pub(crate) fn key(&self) -> &Key {
        &self.0.key
    }

    /// The name and the public key of who signs messages.
    pub(crate) fn signer(&self) -> (&str, &str) {
        (self.0.key.name(), &self.0.public)
    }

    /// Waits for an answer, on this thread.
    pub(crate) fn wait<F: Future>(&self, future: F) -> F::Output {
        wait(self.0.runtime, future)
    }

    /// Does something beside this thread.
    pub(crate) fn spawn(
        &self,
        task: impl Future<Output = ()> + Send + 'static,
    ) -> tokio::task::JoinHandle<()> {
        self.0.runtime.spawn(task)
    }

    /// The connection, made when it is asked for first; it mends itself from then on.
    pub(crate) async fn connected(&self) -> Result<(Client, Context), OrderError> {
        let known = self.0.connected.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(known) = known {
            return Ok(known);
        }
        let unavailable = |reason: String| OrderError::Unavailable(reason);
        let settings = &self.0.settings;
        let mut options = ConnectOptions::new()
            .name(format!("entente {} {}", self.0.nation, settings.replica))
            .connection_timeout(ANSWER);
        if let Some(file) = &settings.credentials {
            let loaded = options.credentials_file(file).await;
            options =
                loaded.map_err(|cause| unavailable(format!("{}: {cause}", file.display())))?;
        }
        if let Some(file) = &settings.authority {
            options = options.add_root_certificates(file.clone()).require_tls(true);
        }
        let connecting = options.connect(settings.servers.as_slice());
        let client = match timeout(ASK_FOR, connecting).await {
            Ok(Ok(client)) => client,
            Ok(Err(cause)) => return Err(unavailable(cause.to_string())),
            Err(_) => return Err(unavailable("no server answers".to_owned())),
        };
        let mut context = jetstream::new(client.clone());
        context.set_timeout(ANSWER);
        let mut connected = self.0.connected.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(connected.get_or_insert((client, context)).clone())
    }

    /// How much of an append goes into one message.
    pub(crate) async fn piece_bytes(&self) -> Result<usize, OrderError> {
        let (client, _) = self.connected().await?;
        let most = client.server_info().max_payload.min(MESSAGE_BYTES_MAX);
        Ok(most.saturating_sub(MESSAGE_OVERHEAD))
    }

    /// The state of the stream; none: there is no such stream.
    pub fn end(&self) -> Result<Option<End>, OrderError> {
        self.wait(self.ask_end())
    }

    pub(crate) async fn ask_end(&self) -> Result<Option<End>, OrderError> {
        let mut back_off = BackOff::new(ASK_FOR);
        loop {
            let (_, context) = self.connected().await?;
            let cause = match context.get_stream(self.name()).await {
                Ok(stream) => {
                    let info = stream.cached_info();
                    let created = info.created.unix_timestamp_nanos();
                    return Ok(Some(End {
                        stream: i64::try_from(created).unwrap_or(i64::MAX),
                        first: info.state.first_sequence,
                        last: info.state.last_sequence,
                    }));
                }
                Err(cause) => cause,
            };
            if let GetStreamErrorKind::JetStream(error) = cause.kind()
                && error.error_code() == ErrorCode::STREAM_NOT_FOUND
            {
                return Ok(None);
            }
            if !back_off.again().await {
                return Err(OrderError::Unavailable(cause.to_string()));
            }
        }
    }

    /// Makes the stream, unless it is there.
    pub fn create(&self) -> Result<(), StreamError> {
        let config = Config {
            name: self.name(),
            description: Some("the log of an Entente node: never the only copy of it".to_owned()),
            subjects: vec![self.subject()],
            retention: RetentionPolicy::Limits,
            discard: DiscardPolicy::New,
            storage: StorageType::File,
            num_replicas: self.0.settings.copies,
            duplicate_window: DUPLICATES_FOR,
            deny_delete: true,
            deny_purge: true,
            ..Config::default()
        };
        let failed =
            |reason: String| StreamError::Create { name: self.name(), reason: reason.clone() };
        self.wait(async {
            let mut back_off = BackOff::new(ASK_FOR);
            loop {
                let (_, context) = self.connected().await?;
                match context.create_stream(config.clone()).await {
                    Ok(_) => return Ok(()),
                    // Servers that have just started do not all know each other yet.
                    Err(_) if back_off.again().await => {}
                    Err(cause) => return Err(failed(cause.to_string())),
                }
            }
        })
    }

    /// Removes the stream, to be filled anew.
    pub fn remove(&self) -> Result<(), StreamError> {
        self.wait(async {
            let (_, context) = self.connected().await?;
            let removed = context.delete_stream(self.name()).await;
            let unavailable = |reason: String| OrderError::Unavailable(reason);
            removed.map_err(|cause| unavailable(cause.to_string()))?;
            Ok(())
        })
    }
}

/// Repeats less and less often, for a limited time.
pub(crate) struct BackOff {
    next: Duration,
    until: Instant,
}

impl BackOff {
    pub(crate) fn new(most: Duration) -> Self {
        Self { next: BACK_OFF, until: Instant::now() + most }
    }

    /// Waits before a repetition; false: it is time to give up.
    pub(crate) async fn again(&mut self) -> bool {
        if Instant::now() + self.next > self.until {
            return false;
        }
        sleep(self.next).await;
        self.next = (self.next * 2).min(BACK_OFF_MAX);
        true
    }
}
