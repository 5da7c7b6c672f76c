//! Connections to partners' nodes.
//!
//! Invariants: it connects to the address on a card that people accepted, and to no other; TLS 1.3
//! alone, with a certificate that a root on that card signed for that address; it shows this node's
//! own. What a partner's node answers makes it connect to nobody.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use axum::body::Body;
use axum::http::uri::Authority;
use axum::http::{Request, Response, Uri};
use bytes::Bytes;
use entente_object::clock::Clock;
use entente_peer::card::Card;
use entente_peer::follow::{Link, LinkError};
use http_body_util::Full;
use hyper::client::conn::http2::{Builder, SendRequest};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use rustls::ClientConfig;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio::net::TcpStream;
use tokio::sync::Mutex;
use tokio::time::timeout;

use crate::certificate::{Keys, read_key};
use crate::listen::RustlsTime;
use crate::met;

/// How long connecting may take, handshake included: as long as for those who connect to us.
const CONNECT_TIME: Duration = Duration::from_secs(10);

/// How often a connection is asked whether it still is one.
const ALIVE_EVERY: Duration = Duration::from_secs(20);

/// The way to one partner's node: one connection, made when there is none.
pub(crate) struct Dial {
    folder: PathBuf,
    clock: Arc<dyn Clock>,
    card: Card,
    authority: Authority,
    open: Mutex<Option<SendRequest<Full<Bytes>>>>,
}

/// Host and port of a card's address.
pub(crate) fn authority(address: &str) -> Result<Authority> {
    let advice = "give an address like https://node.pol.example:8443";
    let uri: Uri =
        address.parse().with_context(|| format!("\"{address}\" is no address: {advice}"))?;
    let plain = uri.path().trim_matches('/').is_empty() && uri.query().is_none();
    match uri.authority() {
        Some(authority) if uri.scheme_str() == Some("https") && plain => Ok(authority.clone()),
        _ => bail!("\"{address}\" is no address of a node: {advice}"),
    }
}

impl Dial {
    /// The way to the node of a card.
    pub(crate) fn new(folder: &Path, clock: Arc<dyn Clock>, card: Card) -> Result<Self> {
        let authority = authority(&card.address)?;
        Ok(Self { folder: folder.to_owned(), clock, card, authority, open: Mutex::default() })
    }

    fn config(&self) -> Result<ClientConfig> {
        let keys = Keys::of(&self.folder);
        let key = read_key(&keys.client_key(), "run `entente peer invite`")?;
        let key = PrivateKeyDer::from_pem_slice(key.as_bytes())?;
        let chain: Vec<CertificateDer<'_>> =
            CertificateDer::pem_file_iter(keys.client())?.collect::<Result<_, _>>()?;
        let time = Arc::new(RustlsTime(self.clock.clone()));
        let provider = Arc::new(ring::default_provider());
        let mut config = ClientConfig::builder_with_details(provider, time)
            .with_protocol_versions(&[&rustls::version::TLS13])?
            .with_root_certificates(met::roots(&self.card)?)
            .with_client_auth_cert(chain, key)?;
        config.alpn_protocols = vec![b"h2".to_vec()];
        config.resumption = rustls::client::Resumption::disabled();
        Ok(config)
    }

    async fn connect(&self) -> Result<SendRequest<Full<Bytes>>> {
        let host = self.authority.host().trim_matches(['[', ']']);
        let port = self.authority.port_u16().unwrap_or(443);
        let stream = TcpStream::connect((host, port)).await.context("no connection")?;
        stream.set_nodelay(true)?;
        let name = ServerName::try_from(host.to_owned())?;
        let connector = tokio_rustls::TlsConnector::from(Arc::new(self.config()?));
        let stream = connector.connect(name, stream).await.context("no handshake")?;
        let mut builder = Builder::new(TokioExecutor::new());
        builder.timer(TokioTimer::new()).keep_alive_interval(ALIVE_EVERY);
        builder.initial_stream_window_size(4 * 1024 * 1024);
        builder.initial_connection_window_size(8 * 1024 * 1024);
        let (sender, connection) = builder.handshake(TokioIo::new(stream)).await?;
        let nation = self.card.nation;
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!("the connection to {nation} ended: {error}");
            }
        });
        Ok(sender)
    }

    /// A connection that is open.
    async fn sender(&self) -> Result<SendRequest<Full<Bytes>>, LinkError> {
        let mut open = self.open.lock().await;
        if let Some(sender) = open.as_ref().filter(|sender| !sender.is_closed()) {
            return Ok(sender.clone());
        }
        let why = |text: String| LinkError(format!("{} is not reached: {text}", self.authority));
        let connected = timeout(CONNECT_TIME, self.connect()).await;
        let sender = connected.map_err(|_| why("it took longer than 10 s".to_owned()))?;
        let sender = sender.map_err(|error| why(format!("{error:#}")))?;
        *open = Some(sender.clone());
        Ok(sender)
    }
}

impl Link for Dial {
    async fn ask(&self, request: Request<Bytes>) -> Result<Response<Body>, LinkError> {
        let mut sender = self.sender().await?;
        let (mut head, body) = request.into_parts();
        let path = head.uri.path_and_query().cloned();
        let uri = Uri::builder().scheme("https").authority(self.authority.clone());
        let uri = uri.path_and_query(path.map_or_else(|| "/".to_owned(), |path| path.to_string()));
        head.uri = uri.build().map_err(|cause| LinkError(cause.to_string()))?;
        let answer = sender.send_request(Request::from_parts(head, Full::new(body))).await;
        let answer = answer.map_err(|cause| LinkError(format!("the connection broke: {cause}")))?;
        Ok(answer.map(Body::new))
    }
}
