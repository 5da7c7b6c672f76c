//! Connections: who may open one, for how long, and what each request of it knows of its client.
//!
//! Invariants: TLS 1.3 alone; a client certificate is optional, and one that is shown and does not
//! pass ends the connection: nobody is served as a stranger whose certificate was refused. What
//! passes was signed by the node's root itself, is good now, is made for clients, and is not on
//! the revocation list, which is good now too; or it was signed by a root on the card of a partner's
//! node, whose own list the routes of `entente-peer` ask for. No session is resumed, so each connection checks
//! anew; new certificates or a new revocation list end the connections made under the old ones
//! after the request that they are serving. One client changes nothing for the others: handshakes,
//! headers, requests, unread answers and whole connections have a time, and one address holds a
//! share of the connections at most. A connection that fails is logged once, here.
//!
//! Out of scope: files and signatures (`certificate`), whose a certificate is (the views ask the
//! pins with its fingerprint, on each request).

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::fmt;
use std::future::Future;
use std::io;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{Request, Response, StatusCode, header};
use axum::response::IntoResponse as _;
use entente_object::clock::Clock;
use entente_peer::doors::Caller;
use entente_view_taxii::{ClientCertificate, OverTls};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use rustls::client::danger::HandshakeSignatureValid;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, CertificateRevocationListDer, PrivateKeyDer, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::server::{NoServerSessionStorage, WebPkiClientVerifier};
use rustls::time_provider::TimeProvider;
use rustls::{
    DigitallySignedStruct, DistinguishedName, RootCertStore, ServerConfig, SignatureScheme,
};
use sha2::{Digest as _, Sha256};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, Sleep, sleep, timeout};
use tower::ServiceExt as _;
use x509_parser::certificate::X509Certificate;
use x509_parser::prelude::FromDer as _;

use crate::certificate::{CertificateError, Keys, read_key};
use crate::met::Roots;

/// Connections at once: 64 partners with 16 each, at 64 KiB of buffers 64 MiB.
pub(crate) const CONNECTIONS_MAX: usize = 1024;

/// Connections of one address (of one /64, for IPv6): a quarter, so that it takes more than one
/// client to fill the node, and a gateway with many clients behind it still has enough.
pub(crate) const CONNECTIONS_PER_ADDRESS_MAX: usize = CONNECTIONS_MAX / 4;

/// How long the handshake may take: three round trips by satellite are two seconds.
pub(crate) const HANDSHAKE_TIME: Duration = Duration::from_secs(10);

/// How long the head of a request may take to arrive, and how long a connection may idle before it.
pub(crate) const HEAD_TIME: Duration = Duration::from_secs(30);

/// How long the answer to a request may take to begin: the time of its body, and as much again.
pub(crate) const REQUEST_TIME: Duration = Duration::from_mins(2);

/// How long a client may leave an answer unread.
pub(crate) const UNREAD_TIME: Duration = Duration::from_mins(1);

/// How long a connection lives: a certificate that ended meanwhile is noticed within that time.
pub(crate) const CONNECTION_TIME: Duration = Duration::from_hours(1);

/// How long requests under way may go on when their connection has to end.
pub(crate) const DRAIN_TIME: Duration = Duration::from_secs(10);

/// Requests of one HTTP/2 connection at once.
pub(crate) const STREAMS_MAX: u32 = 64;

/// The longest head of a request: 8 KiB of filters and tokens, twice.
pub(crate) const HEAD_BYTES_MAX: u32 = 16 * 1024;

/// Header fields of one request; clients send 10 to 20.
pub(crate) const HEADERS_MAX: usize = 64;

/// The pause after the system had no more files to give.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// The current TLS settings.
pub(crate) type TlsConfigs = watch::Receiver<Arc<Settings>>;

/// TLS settings, and whose certificates are whose.
pub(crate) struct Settings {
    config: Arc<ServerConfig>,
    roots: Roots,
    clock: Arc<dyn Clock>,
    /// Connections made under another number have to end.
    era: u64,
}

/// TLS settings that follow the files of the node.
pub(crate) struct Tls {
    keys: Keys,
    clock: Arc<dyn Clock>,
    /// The node's folder, if partners' nodes are met.
    home: Option<PathBuf>,
    configs: watch::Sender<Arc<Settings>>,
}

impl Tls {
    /// Settings from the files as they are now.
    pub(crate) fn load(
        keys: Keys,
        clock: Arc<dyn Clock>,
        home: Option<PathBuf>,
    ) -> Result<Self, CertificateError> {
        let settings = settings(&keys, &clock, (home.as_deref(), 0))?;
        Ok(Self { keys, clock, home, configs: watch::Sender::new(settings) })
    }

    /// Reads the files again: new connections get what they say, and if something may have been taken
    /// away, old ones end. With an error nothing changes.
    pub(crate) fn reload(&self, taken_away: bool) -> Result<(), CertificateError> {
        let era = self.configs.borrow().era + u64::from(taken_away);
        let settings = settings(&self.keys, &self.clock, (self.home.as_deref(), era))?;
        self.configs.send_replace(settings);
        Ok(())
    }

    /// The settings, now and later.
    pub(crate) fn configs(&self) -> TlsConfigs {
        self.configs.subscribe()
    }
}

fn settings(
    keys: &Keys,
    clock: &Arc<dyn Clock>,
    (home, era): (Option<&Path>, u64),
) -> Result<Arc<Settings>, CertificateError> {
    let roots = home.map(Roots::load).transpose().map_err(|error| CertificateError::Tls {
        path: keys.folder().to_owned(),
        why: format!("partners' cards cannot be read: {error:#}"),
    })?;
    let roots = roots.unwrap_or_default();
    let config = tls_config(keys, clock, &roots)?;
    Ok(Arc::new(Settings { config, roots, clock: clock.clone(), era }))
}

/// The TLS settings of the node's files. What will end soon, and a revocation list that has ended,
/// is logged; a server certificate that is not good now is an error.
pub(crate) fn tls_config(
    keys: &Keys,
    clock: &Arc<dyn Clock>,
    partners: &Roots,
) -> Result<Arc<ServerConfig>, CertificateError> {
    let why = |why: String| CertificateError::Tls { path: keys.folder().to_owned(), why };
    for fault in keys.faults(clock.now()) {
        if !fault.is_warning() {
            return Err(fault);
        }
        tracing::warn!("{fault}");
    }
    let key_pem = read_key(&keys.server_key(), "run `entente keys renew`")?;
    let key = PrivateKeyDer::from_pem_slice(key_pem.as_bytes()).map_err(|e| why(e.to_string()))?;
    let chain: Result<Vec<_>, _> = CertificateDer::pem_file_iter(keys.server())
        .and_then(Iterator::collect)
        .map_err(|e| why(e.to_string()));
    let provider = Arc::new(ring::default_provider());
    let time = Arc::new(RustlsTime(clock.clone()));
    let config = ServerConfig::builder_with_details(provider, time)
        .with_protocol_versions(&[&rustls::version::TLS13])
        .map_err(|e| why(e.to_string()))?
        .with_client_cert_verifier(client_verifier(keys, partners)?)
        .with_single_cert(chain?, key);
    let mut config = config.map_err(|e| {
        if matches!(e, rustls::Error::InconsistentKeys(_)) {
            return CertificateError::KeyOfAnother { path: keys.server_key() };
        }
        why(e.to_string())
    })?;
    config.alpn_protocols = vec![ALPN_HTTP_2.to_vec(), ALPN_HTTP_1.to_vec()];
    // A session that is resumed brings its client certificate along, unchecked.
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.send_tls13_tickets = 0;
    config.max_early_data_size = 0;
    Ok(Arc::new(config))
}

const ALPN_HTTP_2: &[u8] = b"h2";
const ALPN_HTTP_1: &[u8] = b"http/1.1";

fn client_verifier(
    keys: &Keys,
    partners: &Roots,
) -> Result<Arc<dyn ClientCertVerifier>, CertificateError> {
    let why = |e: &dyn fmt::Display| CertificateError::Tls {
        path: keys.folder().to_owned(),
        why: e.to_string(),
    };
    let (mut roots, mut lists) = (RootCertStore::empty(), Vec::new());
    for keys in keys.authorities() {
        let root = CertificateDer::from_pem_file(keys.root()).map_err(|e| why(&e))?;
        roots.add(root).map_err(|e| why(&e))?;
        let list = CertificateRevocationListDer::from_pem_file(keys.crl()).map_err(|e| why(&e))?;
        lists.push(list);
    }
    let provider = Arc::new(ring::default_provider());
    let inner = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider)
        .with_crls(lists)
        .enforce_revocation_expiration()
        .allow_unauthenticated()
        .build()
        .map_err(|e| why(&e))?;
    let partners: Vec<_> = partners.verifiers().cloned().collect();
    let all = std::iter::once(&inner).chain(&partners);
    let subjects = all.flat_map(|one| one.root_hint_subjects().to_vec()).collect();
    Ok(Arc::new(PartnerVerifier { inner, partners, subjects }))
}

/// What a path to the root leaves open: the certificate is signed by the root itself, is no
/// authority, and says that it is for clients. (A path alone accepts one that says nothing.)
#[derive(Debug)]
struct PartnerVerifier {
    inner: Arc<dyn ClientCertVerifier>,
    /// What the roots of partners' nodes vouch for.
    partners: Vec<Arc<dyn ClientCertVerifier>>,
    subjects: Vec<DistinguishedName>,
}

impl ClientCertVerifier for PartnerVerifier {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &self.subjects
    }

    fn client_auth_mandatory(&self) -> bool {
        self.inner.client_auth_mandatory()
    }

    fn verify_client_cert(
        &self,
        leaf: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, rustls::Error> {
        let own = self.inner.verify_client_cert(leaf, &[], now);
        let by_partners = self.partners.iter().map(|one| one.verify_client_cert(leaf, &[], now));
        let verified = match own {
            Ok(verified) => verified,
            Err(refused) => by_partners.flatten().next().ok_or(refused)?,
        };
        let (_, leaf) =
            X509Certificate::from_der(leaf).map_err(|_| rustls::CertificateError::BadEncoding)?;
        if is_for_clients(&leaf) {
            return Ok(verified);
        }
        Err(rustls::CertificateError::InvalidPurpose.into())
    }

    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _certificate: &CertificateDer<'_>,
        _signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Err(rustls::PeerIncompatible::Tls12NotOfferedOrEnabled.into())
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.inner.verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.inner.supported_verify_schemes()
    }
}

fn is_for_clients(leaf: &X509Certificate<'_>) -> bool {
    let Ok(Some(purposes)) = leaf.extended_key_usage() else { return false };
    let Ok(Some(usage)) = leaf.key_usage() else { return false };
    let purpose = purposes.value.client_auth && !purposes.value.any && !purposes.value.server_auth;
    purpose && usage.value.digital_signature() && !usage.value.key_cert_sign() && !leaf.is_ca()
}

/// The node's clock, for certificates.
pub(crate) struct RustlsTime(pub(crate) Arc<dyn Clock>);

impl fmt::Debug for RustlsTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RustlsTime")
    }
}

impl TimeProvider for RustlsTime {
    fn current_time(&self) -> Option<UnixTime> {
        let seconds = u64::try_from(self.0.now().unix_seconds()).ok()?;
        Some(UnixTime::since_unix_epoch(Duration::from_secs(seconds)))
    }
}

/// Serves `app` on `listener` until `shutdown`, then for [`DRAIN_TIME`] at most. Without TLS it
/// speaks HTTP/1.1, with TLS also HTTP/2. Each request of a TLS connection has [`OverTls`] among its
/// extensions, and [`ClientCertificate`] if the client showed one; every request has its
/// `ConnectInfo<SocketAddr>`. Returns how many connections were cut off at the end.
pub(crate) async fn serve(
    listener: TcpListener,
    tls: Option<TlsConfigs>,
    app: Router,
    shutdown: impl Future<Output = ()>,
) -> usize {
    let (stop, stopped) = watch::channel(false);
    let shared = Shared { tls, app, stopped, addresses: Arc::default() };
    let mut connections = JoinSet::new();
    let mut shutdown = pin!(shutdown);
    let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    loop {
        let accepted = tokio::select! {
            biased;
            () = &mut shutdown => break,
            Some(ended) = connections.join_next() => {
                log_panic(ended);
                continue;
            }
            accepted = accept(&listener, &places) => accepted,
        };
        match accepted {
            Ok((stream, peer, place)) => {
                connections.spawn(connection(shared.clone(), stream, peer, place));
            }
            Err(e) => {
                tracing::warn!("no connection could be taken: {e}");
                sleep(ACCEPT_PAUSE).await;
            }
        }
    }
    drop(listener);
    stop.send_replace(true);
    let drained = async {
        while let Some(ended) = connections.join_next().await {
            log_panic(ended);
        }
    };
    if timeout(DRAIN_TIME, drained).await.is_ok() {
        return 0;
    }
    let cut = connections.len();
    connections.shutdown().await;
    cut
}

fn log_panic(ended: Result<(), tokio::task::JoinError>) {
    if let Err(e) = ended
        && e.is_panic()
    {
        tracing::error!("a connection ended by a fault of this node: {e}");
    }
}

async fn accept(
    listener: &TcpListener,
    places: &Arc<Semaphore>,
) -> io::Result<(TcpStream, SocketAddr, OwnedSemaphorePermit)> {
    let place = places.clone().acquire_owned().await.map_err(io::Error::other)?;
    let (stream, peer) = listener.accept().await?;
    Ok((stream, peer, place))
}

/// What every connection needs.
#[derive(Clone)]
struct Shared {
    tls: Option<TlsConfigs>,
    app: Router,
    stopped: watch::Receiver<bool>,
    addresses: Arc<Addresses>,
}

/// How many connections each address has.
#[derive(Default)]
struct Addresses(Mutex<BTreeMap<IpAddr, usize>>);

/// One connection of an address, counted until it is dropped.
struct Counted {
    addresses: Arc<Addresses>,
    address: IpAddr,
}

impl Addresses {
    fn count(self: Arc<Self>, peer: IpAddr) -> Option<Counted> {
        let address = site(peer);
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry(address).or_default();
        if *count >= CONNECTIONS_PER_ADDRESS_MAX {
            return None;
        }
        *count += 1;
        drop(counts);
        Some(Counted { addresses: self, address })
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        let mut counts = self.addresses.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = counts.get_mut(&self.address) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                counts.remove(&self.address);
            }
        }
    }
}

/// The address that is counted: of IPv6 the /64, within which anybody has any address.
fn site(peer: IpAddr) -> IpAddr {
    match peer.to_canonical() {
        IpAddr::V4(address) => IpAddr::V4(address),
        IpAddr::V6(address) => {
            IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & (u128::MAX << 64)))
        }
    }
}

/// One connection, from its handshake to its end.
async fn connection(
    mut shared: Shared,
    stream: TcpStream,
    peer: SocketAddr,
    _place: OwnedSemaphorePermit,
) {
    let Some(_counted) = shared.addresses.clone().count(peer.ip()) else {
        tracing::info!(%peer, "connection refused: too many from this address");
        return;
    };
    if let Err(e) = stream.set_nodelay(true) {
        tracing::debug!(%peer, "packets may be held back: {e}");
    }
    let Some(tls) = &mut shared.tls else {
        let client = Client { peer, over_tls: false, certificate: None, caller: None };
        return talk(stream, client, false, shared).await;
    };
    let settings = tls.borrow_and_update().clone();
    let handshake = tokio_rustls::TlsAcceptor::from(settings.config.clone()).accept(stream);
    match timeout(HANDSHAKE_TIME, handshake).await {
        Ok(Ok(stream)) => {
            let (_, session) = stream.get_ref();
            let leaf = session.peer_certificates().and_then(<[_]>::first);
            let certificate = leaf.map(|leaf| ClientCertificate {
                sha256: Sha256::digest(leaf).into(),
                der: Arc::from(leaf.as_ref()),
            });
            let caller = leaf.and_then(|leaf| {
                let now = RustlsTime(settings.clock.clone()).current_time()?;
                let nation = settings.roots.nation_of(leaf, now)?;
                Some(Caller { nation, certificate: Arc::from(leaf.as_ref()) })
            });
            let http_2 = session.alpn_protocol() == Some(ALPN_HTTP_2);
            let client = Client { peer, over_tls: true, certificate, caller };
            talk(stream, client, http_2, shared).await;
        }
        Ok(Err(e)) if e.kind() == io::ErrorKind::UnexpectedEof => {
            tracing::debug!(%peer, "the client left during the handshake");
        }
        Ok(Err(e)) => tracing::info!(%peer, "handshake refused: {e}"),
        Err(_) => tracing::info!(%peer, "handshake refused: it took longer than 10 s"),
    }
}

/// Who is at the other end.
#[derive(Clone)]
struct Client {
    peer: SocketAddr,
    over_tls: bool,
    certificate: Option<ClientCertificate>,
    /// The partner's node that it is, if its certificate is of one.
    caller: Option<Caller>,
}

/// Requests and answers, until the client leaves or the connection has to end.
async fn talk<S>(stream: S, client: Client, http_2: bool, shared: Shared)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let Shared { tls, app, stopped, addresses: _ } = shared;
    let peer = client.peer;
    let builder = protocol(http_2);
    let service = service_fn(move |request| answer(app.clone(), client.clone(), request));
    let io = TokioIo::new(Impatient::new(stream));
    let mut connection = pin!(builder.serve_connection(io, service));
    tokio::select! {
        ended = connection.as_mut() => return log_end(peer, ended),
        () = has_to_end(tls, stopped) => {}
    }
    connection.as_mut().graceful_shutdown();
    if let Ok(ended) = timeout(DRAIN_TIME, connection).await {
        log_end(peer, ended);
    } else {
        tracing::info!(%peer, "connection cut: its last request took too long");
    }
}

fn log_end(peer: SocketAddr, ended: Result<(), Box<dyn std::error::Error + Send + Sync>>) {
    if let Err(e) = ended {
        tracing::debug!(%peer, "connection ended: {e}");
    }
}

/// Until the node stops, its certificates change, or the connection is old.
async fn has_to_end(tls: Option<TlsConfigs>, mut stopped: watch::Receiver<bool>) {
    let changed = async {
        if let Some(mut tls) = tls {
            let era = tls.borrow().era;
            if tls.wait_for(|settings| settings.era != era).await.is_ok() {
                return;
            }
        }
        std::future::pending::<()>().await;
    };
    tokio::select! {
        _ = stopped.wait_for(|stopped| *stopped) => {}
        () = changed => {}
        () = sleep(CONNECTION_TIME) => {}
    }
}

fn protocol(http_2: bool) -> auto::Builder<TokioExecutor> {
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIME)
        .max_headers(HEADERS_MAX)
        .max_buf_size(HEAD_BYTES_MAX.try_into().unwrap_or(16 * 1024));
    builder
        .http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(HEAD_TIME)
        .keep_alive_timeout(HEAD_TIME)
        .max_concurrent_streams(STREAMS_MAX)
        .max_header_list_size(HEAD_BYTES_MAX);
    if http_2 { builder.http2_only() } else { builder.http1_only() }
}

/// The answer to one request.
async fn answer(
    app: Router,
    client: Client,
    mut request: Request<Incoming>,
) -> Result<Response<Body>, Infallible> {
    let extensions = request.extensions_mut();
    extensions.insert(ConnectInfo(client.peer));
    if client.over_tls {
        extensions.insert(OverTls);
    }
    if let Some(certificate) = client.certificate {
        extensions.insert(certificate);
    }
    if let Some(caller) = client.caller {
        extensions.insert(caller);
    }
    if let Ok(answer) = timeout(REQUEST_TIME, app.oneshot(request)).await {
        return answer;
    }
    let retry = [(header::RETRY_AFTER, "30")];
    let text = "this took too long; try again later, or ask for less at once\n";
    Ok((StatusCode::SERVICE_UNAVAILABLE, retry, text).into_response())
}

/// A stream that fails when the other end takes nothing for [`UNREAD_TIME`].
struct Impatient<S> {
    inner: S,
    patience: Pin<Box<Sleep>>,
    waiting: bool,
}

impl<S> Impatient<S> {
    fn new(inner: S) -> Self {
        Self { inner, patience: Box::pin(sleep(UNREAD_TIME)), waiting: false }
    }

    /// Lets `write` wait, but not for ever.
    fn wait<T>(&mut self, cx: &mut Context<'_>, write: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if write.is_ready() {
            self.waiting = false;
            return write;
        }
        if !self.waiting {
            self.waiting = true;
            self.patience.as_mut().reset(Instant::now() + UNREAD_TIME);
        }
        ready!(self.patience.as_mut().poll(cx));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Impatient<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_read(cx, buf)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Impatient<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let write = Pin::new(&mut self.inner).poll_write(cx, buf);
        self.wait(cx, write)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let write = Pin::new(&mut self.inner).poll_write_vectored(cx, bufs);
        self.wait(cx, write)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flush = Pin::new(&mut self.inner).poll_flush(cx);
        self.wait(cx, flush)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let shutdown = Pin::new(&mut self.inner).poll_shutdown(cx);
        self.wait(cx, shutdown)
    }
}

#[cfg(test)]
mod tests;
