//! Row 20 of the attacks: whoever comes with a bad certificate or another protocol gets no answer at
//! all, and nobody else notices.

mod bad;
mod peers;

use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::routing::get;
use entente_object::clock::{FixedClock, StepClock};
use entente_object::time::Timestamp;
use rcgen::{
    CertificateParams, CertificateRevocationListParams, CertifiedIssuer, KeyIdMethod, KeyPair,
    SerialNumber,
};
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use rustls::sign::CertifiedKey;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::sync::oneshot;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use self::bad::{FAULTS, Shows, key, poland, root_like};
use super::*;
use crate::certificate::{Authority, CLIENT_LASTS, Issued, SERVER_LASTS, Validity};

fn now() -> Timestamp {
    Timestamp::parse("2026-03-01T08:00:00Z").unwrap()
}

/// A node that listens, and counts the requests that it answers.
struct Node {
    _folder: tempfile::TempDir,
    keys: Keys,
    authority: Authority,
    clock: Arc<StepClock>,
    tls: Tls,
    address: SocketAddr,
    answered: Arc<AtomicUsize>,
    stop: Option<oneshot::Sender<()>>,
    ended: tokio::task::JoinHandle<usize>,
}

async fn who(request: Request<Body>) -> String {
    let hex = |c: &ClientCertificate| -> String {
        assert_eq!(c.sha256, <[u8; 32]>::from(Sha256::digest(&c.der)));
        c.sha256.iter().fold(String::new(), |text, byte| format!("{text}{byte:02x}"))
    };
    let extensions = request.extensions();
    let certificate = extensions.get::<ClientCertificate>().map_or("stranger".to_owned(), hex);
    let over_tls = extensions.get::<OverTls>().is_some();
    let address = extensions.get::<ConnectInfo<SocketAddr>>().unwrap().ip();
    format!("<{certificate} {over_tls} {address}>")
}

fn routes(answered: Arc<AtomicUsize>) -> Router {
    let slow = || async {
        sleep(Duration::from_millis(500)).await;
        "<slow>"
    };
    let count =
        axum::middleware::from_fn(move |request: Request<Body>, next: axum::middleware::Next| {
            answered.fetch_add(1, Ordering::SeqCst);
            next.run(request)
        });
    Router::new().route("/", get(who)).route("/slow", get(slow)).layer(count)
}

async fn node() -> Node {
    let folder = tempfile::tempdir().unwrap();
    let keys = Keys::of(folder.path());
    let authority = Authority::create(&keys, "KOR".parse().unwrap(), now()).unwrap();
    let server = authority
        .issue_server(&["localhost".to_owned()], Validity::lasting(now(), SERVER_LASTS))
        .unwrap();
    keys.save_server(&server).unwrap();
    let clock = Arc::new(StepClock::new(now(), Duration::ZERO));
    let tls = Tls::load(keys.clone(), clock.clone(), None).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let answered = Arc::new(AtomicUsize::new(0));
    let (stop, stopped) = oneshot::channel::<()>();
    let (configs, app) = (tls.configs(), routes(answered.clone()));
    let ended = tokio::spawn(serve(listener, Some(configs), app, async {
        let _sender_is_gone = stopped.await;
    }));
    let stop = Some(stop);
    Node { _folder: folder, keys, authority, clock, tls, address, answered, stop, ended }
}

impl Node {
    fn partner(&self, code: &str) -> Issued {
        let validity = Validity::lasting(now(), CLIENT_LASTS);
        self.authority.issue_client(code.parse().unwrap(), validity).unwrap()
    }

    /// Revokes a certificate, by way of a file.
    fn revoke(&self, der: &[u8]) {
        let path = self.keys.folder().join("revoked.pem");
        let pem = x509_pem(der);
        fs::write(&path, pem).unwrap();
        self.authority.revoke(&path, now()).unwrap();
    }

    /// The settings of a client that trusts the node.
    fn client(&self, certificate: Option<Shows>) -> ClientConfig {
        self.client_with(certificate, rustls::ALL_VERSIONS)
    }

    fn client_with(
        &self,
        certificate: Option<Shows>,
        versions: &[&'static rustls::SupportedProtocolVersion],
    ) -> ClientConfig {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_file(self.keys.root()).unwrap()).unwrap();
        let time = Arc::new(RustlsTime(Arc::new(FixedClock(now()))));
        let config = ClientConfig::builder_with_details(Arc::new(ring::default_provider()), time)
            .with_protocol_versions(versions)
            .unwrap()
            .with_root_certificates(roots);
        match certificate {
            None => config.with_no_client_auth(),
            Some(shows) => config.with_client_cert_resolver(Arc::new(shows)),
        }
    }

    async fn connect(&self, config: ClientConfig) -> io::Result<TlsStream<TcpStream>> {
        let stream = TcpStream::connect(self.address).await?;
        let name = ServerName::try_from("localhost").unwrap();
        TlsConnector::from(Arc::new(config)).connect(name, stream).await
    }

    /// What the node answers to a client with this certificate, or why it does not.
    async fn ask(&self, certificate: Option<Shows>) -> io::Result<String> {
        ask(self.connect(self.client(certificate)).await?).await
    }

    async fn ask_as(&self, issued: &Issued) -> io::Result<String> {
        self.ask(Some(Shows::issued(issued))).await
    }

    /// Nobody was served since there were `before` answers.
    fn assert_served_nobody_since(&self, before: usize, case: &str) {
        assert_eq!(self.answered.load(Ordering::SeqCst), before, "{case}");
    }
}

fn x509_pem(der: &[u8]) -> String {
    use base64::Engine as _;
    let text = base64::engine::general_purpose::STANDARD.encode(der);
    format!("-----BEGIN CERTIFICATE-----\n{text}\n-----END CERTIFICATE-----\n")
}

/// Asks once, and reads what is between the angle brackets of the answer.
async fn ask<S: AsyncRead + AsyncWrite + Unpin>(mut stream: S) -> io::Result<String> {
    ask_again(&mut stream, "/").await
}

async fn ask_again<S>(stream: &mut S, path: &str) -> io::Result<String>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut answer = Vec::new();
    let mut chunk = [0; 1024];
    loop {
        let count = timeout(Duration::from_secs(20), stream.read(&mut chunk)).await??;
        if count == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        answer.extend_from_slice(&chunk[..count]);
        let text = String::from_utf8_lossy(&answer);
        if let Some((_, rest)) = text.split_once('<')
            && let Some((found, _)) = rest.split_once('>')
        {
            return Ok(found.to_owned());
        }
    }
}

impl Shows {
    fn issued(issued: &Issued) -> Self {
        let pem = issued.certificate_pem.as_bytes();
        Self::pem(vec![CertificateDer::from_pem_slice(pem).unwrap()], &issued.key_pem)
    }

    fn leaf(&self) -> &CertificateDer<'static> {
        &self.0.cert[0]
    }

    /// The same key with other bytes as its certificate.
    fn with_leaf(&self, der: Vec<u8>) -> Self {
        Self(Arc::new(CertifiedKey::new(vec![der.into()], self.0.key.clone())))
    }
}

/// The day of [`now`].
const TODAY: bad::Day = (2026, 3, 1);

fn signers(node: &Node) -> Vec<bad::Signer> {
    let read = |path: PathBuf| fs::read_to_string(path).unwrap();
    bad::signers(&read(node.keys.root()), &read(node.keys.root_key()), TODAY)
}

#[tokio::test]
async fn the_right_certificate_is_known_and_none_is_a_stranger() {
    let node = node().await;
    let issued = node.partner("POL");
    let hex = issued.sha256.iter().fold(String::new(), |text, byte| format!("{text}{byte:02x}"));
    assert_eq!(node.ask_as(&issued).await.unwrap(), format!("{hex} true 127.0.0.1"));
    assert_eq!(node.ask(None).await.unwrap(), "stranger true 127.0.0.1");
    let mut stream = node.connect(node.client(Some(Shows::issued(&issued)))).await.unwrap();
    let version = stream.get_ref().1.protocol_version();
    assert_eq!(version, Some(rustls::ProtocolVersion::TLSv1_3));
    for _ in 0..3 {
        assert!(ask_again(&mut stream, "/").await.unwrap().starts_with(&hex));
    }
}

/// Every fault with every signer: 18 × 7 certificates, of which two are good, and the same two
/// again when they are revoked.
#[tokio::test]
async fn no_bad_certificate_gets_a_session() {
    let node = node().await;
    let (mut refused, mut accepted) = (0, Vec::new());
    for signer in signers(&node) {
        for (fault, spoil) in FAULTS {
            let case = format!("{fault}, signed by {}", signer.name);
            let (key, mut params) = (key(), poland(TODAY));
            spoil(&mut params);
            let leaf = params.signed_by(&key, &signer.issuer).unwrap().der().clone();
            let shows = Shows::new([&[leaf], signer.along.as_slice()].concat(), &key);
            let before = node.answered.load(Ordering::SeqCst);
            if *fault == "good" && signer.name.starts_with("the root") {
                node.ask(Some(shows.clone())).await.unwrap();
                accepted.push(shows);
                continue;
            }
            let answer = node.ask(Some(shows)).await;
            assert!(answer.is_err(), "{case}: {answer:?}");
            node.assert_served_nobody_since(before, &case);
            refused += 1;
        }
    }
    for shows in &accepted {
        node.revoke(shows.leaf());
    }
    node.tls.reload(true).unwrap();
    for shows in accepted {
        let before = node.answered.load(Ordering::SeqCst);
        assert!(node.ask(Some(shows)).await.is_err());
        node.assert_served_nobody_since(before, "revoked");
        refused += 1;
    }
    assert_eq!(refused, 126);
    assert!(node.ask_as(&node.partner("POL")).await.is_ok());
}

#[tokio::test]
async fn certificates_that_are_not_a_partners_are_refused() {
    let node = node().await;
    let read = |path: PathBuf| fs::read_to_string(path).unwrap();
    let shown = |certificate: PathBuf, key: PathBuf| {
        let leaf = CertificateDer::from_pem_file(certificate).unwrap();
        Shows::pem(vec![leaf], &read(key))
    };
    let keys = &node.keys;
    let (pol, gbr) = (node.partner("POL"), node.partner("GBR"));
    let pol_leaf = CertificateDer::from_pem_slice(pol.certificate_pem.as_bytes()).unwrap();
    let self_key = key();
    let self_signed = poland(TODAY).self_signed(&self_key).unwrap().der().clone();
    let cases = [
        ("the root itself", shown(keys.root(), keys.root_key())),
        ("the server's", shown(keys.server(), keys.server_key())),
        ("self-signed", Shows::new(vec![self_signed], &self_key)),
        ("Poland's with a new key", Shows::new(vec![pol_leaf.clone()], &key())),
        ("Poland's with Britain's key", Shows::pem(vec![pol_leaf.clone()], &gbr.key_pem)),
        ("empty bytes", Shows::issued(&pol).with_leaf(Vec::new())),
        ("zeros", Shows::issued(&pol).with_leaf(vec![0; 600])),
        ("two in one", Shows::issued(&pol).with_leaf([pol_leaf.as_ref(), &pol_leaf].concat())),
        ("half", Shows::issued(&pol).with_leaf(pol_leaf[..pol_leaf.len() / 2].to_vec())),
        (
            "60 KiB more",
            Shows::issued(&pol).with_leaf([pol_leaf.as_ref(), &vec![0; 60_000]].concat()),
        ),
    ];
    for (case, shows) in cases {
        let answer = node.ask(Some(shows)).await;
        assert!(answer.is_err(), "{case}: {answer:?}");
    }
    node.assert_served_nobody_since(0, "none of them");
}

#[tokio::test]
async fn no_change_of_a_byte_leaves_a_certificate_good() {
    let node = node().await;
    let good = Shows::issued(&node.partner("POL"));
    let whole = good.leaf().to_vec();
    for at in (0..whole.len()).step_by(9) {
        let mut leaf = whole.clone();
        leaf[at] ^= 1;
        let answer = node.ask(Some(good.with_leaf(leaf))).await;
        assert!(answer.is_err(), "byte {at}: {answer:?}");
    }
    node.assert_served_nobody_since(0, "any byte");
    node.ask(Some(good)).await.unwrap();
}

#[tokio::test]
async fn the_revocation_list_must_be_good_now_and_of_the_root() {
    let node = node().await;
    let issued = node.partner("POL");
    node.ask_as(&issued).await.unwrap();
    let day = Duration::from_hours(24);
    node.clock.set(now().saturating_add(day * 30 + Duration::from_secs(1)));
    assert!(node.ask_as(&issued).await.is_err(), "the list ended while the node ran");
    assert!(node.ask(None).await.is_ok(), "who shows no certificate is not concerned");
    node.tls.reload(true).unwrap();
    assert!(node.ask_as(&issued).await.is_err(), "the list had ended when it was loaded");
    node.clock.set(now());
    node.ask_as(&issued).await.unwrap();
    let other = CertifiedIssuer::self_signed(root_like(TODAY), key()).unwrap();
    let params = CertificateRevocationListParams {
        this_update: rcgen::date_time_ymd(2026, 2, 1),
        next_update: rcgen::date_time_ymd(2026, 4, 1),
        crl_number: SerialNumber::from(9_u64),
        issuing_distribution_point: None,
        revoked_certs: Vec::new(),
        key_identifier_method: KeyIdMethod::Sha256,
    };
    fs::write(node.keys.crl(), params.signed_by(&other).unwrap().pem().unwrap()).unwrap();
    node.tls.reload(true).unwrap();
    assert!(node.ask_as(&issued).await.is_err(), "the list was signed by a root of the same name");
    fs::remove_file(node.keys.crl()).unwrap();
    assert!(matches!(node.tls.reload(true), Err(CertificateError::Missing { .. })));
}

#[tokio::test]
async fn a_partner_whose_certificate_ends_is_refused_from_then_on() {
    let node = node().await;
    let validity = Validity::lasting(now(), Duration::from_mins(10));
    let issued = node.authority.issue_client("POL".parse().unwrap(), validity).unwrap();
    // the same settings each time, so with whatever sessions the client keeps
    let config = node.client(Some(Shows::issued(&issued)));
    for (minutes, good) in [(0, true), (9, true), (11, false)] {
        node.clock.set(now().saturating_add(Duration::from_mins(minutes)));
        let stream = node.connect(config.clone()).await;
        let answered = stream.is_ok() && ask(stream.unwrap()).await.is_ok();
        assert_eq!(answered, good, "after {minutes} minutes");
    }
    node.clock.set(now().saturating_sub(Duration::from_mins(6)));
    assert!(node.ask_as(&issued).await.is_err(), "six minutes before");
}

#[tokio::test]
async fn a_revoked_partner_is_out_at_once_and_cannot_resume() {
    let node = node().await;
    let (pol, gbr) = (node.partner("POL"), node.partner("GBR"));
    let shows = Shows::issued(&pol);
    let config = node.client(Some(shows.clone()));
    let mut open = node.connect(config.clone()).await.unwrap();
    let mut idle = node.connect(config.clone()).await.unwrap();
    ask_again(&mut open, "/").await.unwrap();
    node.revoke(shows.leaf());
    node.tls.reload(true).unwrap();
    sleep(Duration::from_millis(100)).await;
    let before = node.answered.load(Ordering::SeqCst);
    assert!(ask_again(&mut open, "/").await.is_err(), "an open connection");
    assert!(ask_again(&mut idle, "/").await.is_err(), "one that never asked");
    // the same settings, so with whatever session the client kept
    let again = node.connect(config).await;
    assert!(again.is_err() || ask(again.unwrap()).await.is_err(), "a new one");
    node.assert_served_nobody_since(before, "revoked");
    node.ask_as(&gbr).await.unwrap();
}

#[tokio::test]
async fn a_reload_lets_requests_end_and_an_error_changes_nothing() {
    let node = node().await;
    let mut stream = node.connect(node.client(None)).await.unwrap();
    let asked = tokio::spawn(async move { ask_again(&mut stream, "/slow").await });
    sleep(Duration::from_millis(100)).await;
    let names = ["localhost".to_owned()];
    let renewed = node.authority.issue_server(&names, Validity::lasting(now(), SERVER_LASTS));
    node.keys.save_server(&renewed.unwrap()).unwrap();
    node.tls.reload(true).unwrap();
    assert_eq!(asked.await.unwrap().unwrap(), "slow");
    let stream = node.connect(node.client(None)).await.unwrap();
    let shown = stream.get_ref().1.peer_certificates().unwrap()[0].clone();
    assert_eq!(shown, CertificateDer::from_pem_file(node.keys.server()).unwrap());
    fs::write(node.keys.server(), "nothing").unwrap();
    assert!(matches!(node.tls.reload(true), Err(CertificateError::Damaged { .. })));
    node.ask(None).await.unwrap();
}

#[tokio::test]
async fn tls_1_2_is_refused() {
    let node = node().await;
    let issued = node.partner("POL");
    for shows in [None, Some(Shows::issued(&issued))] {
        let old = node.client_with(shows, &[&rustls::version::TLS12]);
        let error = node.connect(old).await.unwrap_err().to_string();
        assert!(error.contains("ProtocolVersion"), "{error}");
    }
    node.assert_served_nobody_since(0, "1.2");
}

#[tokio::test]
async fn another_protocol_is_refused() {
    let node = node().await;
    let issued = node.partner("POL");
    for alpn in [&["h3"][..], &["http/1.0"], &["H2", "HTTP/1.1"], &["\0", "junk"], &["h2c"]] {
        let mut config = node.client(Some(Shows::issued(&issued)));
        config.alpn_protocols = alpn.iter().map(|name| name.as_bytes().to_vec()).collect();
        let error = node.connect(config).await.unwrap_err().to_string();
        assert!(error.contains("NoApplicationProtocol"), "{alpn:?}: {error}");
    }
    for bytes in
        [&b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"[..], b"\x16\x03\x01\xff\xff", &[0; 99]]
    {
        let mut stream = TcpStream::connect(node.address).await.unwrap();
        stream.write_all(bytes).await.unwrap();
        stream.shutdown().await.unwrap();
        let mut answer = Vec::new();
        let _reset_or_end = stream.read_to_end(&mut answer).await;
        assert!(!answer.starts_with(b"HTTP"));
    }
    node.assert_served_nobody_since(0, "other protocols");
}

#[tokio::test]
async fn alpn_decides_which_http_is_spoken() {
    const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";
    let node = node().await;
    let connect = async |name: &str| {
        let mut config = node.client(None);
        config.alpn_protocols = vec![name.as_bytes().to_vec(), b"junk".to_vec()];
        node.connect(config).await.unwrap()
    };
    let mut stream = connect("h2").await;
    stream.write_all(PREFACE).await.unwrap();
    let mut frame = [0; 9];
    stream.read_exact(&mut frame).await.unwrap();
    assert_eq!(frame[3], 4, "settings come first");
    assert!(ask(connect("http/1.1").await).await.is_ok());
    let before = node.answered.load(Ordering::SeqCst);
    assert!(ask(connect("h2").await).await.is_err());
    let mut stream = connect("http/1.1").await;
    stream.write_all(PREFACE).await.unwrap();
    let mut answer = Vec::new();
    let _reset_or_end = stream.read_to_end(&mut answer).await;
    assert!(answer.is_empty() || answer.starts_with(b"HTTP/1.1 400"), "{answer:?}");
    node.assert_served_nobody_since(before, "the other HTTP");
}

#[tokio::test]
async fn silent_clients_change_nothing_for_others() {
    let node = node().await;
    let issued = node.partner("POL");
    let mut silent = Vec::new();
    for _ in 0..CONNECTIONS_PER_ADDRESS_MAX - 8 {
        silent.push(TcpStream::connect(node.address).await.unwrap());
    }
    let answer = timeout(Duration::from_secs(5), node.ask_as(&issued)).await.unwrap();
    assert!(answer.is_ok());
    for _ in 0..16 {
        silent.push(TcpStream::connect(node.address).await.unwrap());
    }
    assert!(node.ask_as(&issued).await.is_err(), "one address has its share and no more");
    drop(silent);
    sleep(Duration::from_millis(200)).await;
    node.ask_as(&issued).await.unwrap();
}

#[tokio::test]
async fn stopping_lets_requests_end_and_takes_no_new_ones() {
    let mut node = node().await;
    let mut idle = node.connect(node.client(None)).await.unwrap();
    ask_again(&mut idle, "/").await.unwrap();
    let mut busy = node.connect(node.client(None)).await.unwrap();
    let asked = tokio::spawn(async move { ask_again(&mut busy, "/slow").await });
    sleep(Duration::from_millis(100)).await;
    node.stop.take().unwrap().send(()).unwrap();
    assert_eq!(asked.await.unwrap().unwrap(), "slow");
    assert_eq!(timeout(Duration::from_secs(5), &mut node.ended).await.unwrap().unwrap(), 0);
    assert!(ask_again(&mut idle, "/").await.is_err());
    assert!(TcpStream::connect(node.address).await.is_err());
}

#[tokio::test]
async fn without_tls_nobody_has_a_certificate() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    let served = tokio::spawn(serve(listener, None, routes(Arc::default()), async {
        let _sender_is_gone = stopped.await;
    }));
    let answer = ask(TcpStream::connect(address).await.unwrap()).await.unwrap();
    assert_eq!(answer, "stranger false 127.0.0.1");
    drop(stop);
    assert_eq!(served.await.unwrap(), 0);
}

#[tokio::test]
async fn a_server_certificate_that_is_not_good_is_no_start() {
    let node = node().await;
    let load = |at: Timestamp| -> CertificateError {
        let clock = Arc::new(FixedClock(at));
        Tls::load(node.keys.clone(), clock, None).map(|_| ()).unwrap_err()
    };
    let year = Duration::from_hours(24 * 365);
    assert!(matches!(load(now().saturating_add(2 * year)), CertificateError::Expired { .. }));
    assert!(matches!(load(now().saturating_sub(year)), CertificateError::NotYetValid { .. }));
    let other = node.partner("POL");
    fs::write(node.keys.server_key(), other.key_pem).unwrap();
    assert!(matches!(load(now()), CertificateError::KeyOfAnother { .. }));
}

#[test]
fn one_site_is_one_address() {
    let one = |text: &str| site(text.parse().unwrap()).to_string();
    assert_eq!(one("192.0.2.1"), "192.0.2.1");
    assert_eq!(one("::ffff:192.0.2.1"), "192.0.2.1");
    assert_eq!(one("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::");
    let addresses = Arc::new(Addresses::default());
    let peer: IpAddr = "192.0.2.1".parse().unwrap();
    let mut held: Vec<Counted> = Vec::new();
    while let Some(counted) = addresses.clone().count(peer) {
        held.push(counted);
    }
    assert_eq!(held.len(), CONNECTIONS_PER_ADDRESS_MAX);
    assert!(addresses.clone().count("192.0.2.2".parse().unwrap()).is_some());
    held.pop();
    assert!(addresses.clone().count(peer).is_some());
    drop(held);
    assert!(addresses.0.lock().unwrap().is_empty());
}

#[tokio::test]
async fn an_answer_that_nobody_reads_ends_the_connection() {
    let (near, _far) = tokio::io::duplex(16);
    let mut stream = Impatient::new(near);
    stream.patience = Box::pin(sleep(Duration::ZERO));
    stream.waiting = true;
    stream.write_all(&[0; 16]).await.unwrap();
    assert!(!stream.waiting, "what was taken starts the time anew");
    let (patience, waiting) = (Box::pin(sleep(Duration::from_millis(50))), true);
    (stream.patience, stream.waiting) = (patience, waiting);
    let error = stream.write_all(&[0; 16]).await.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::TimedOut);
}
