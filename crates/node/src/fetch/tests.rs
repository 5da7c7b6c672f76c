//! ATTACKS.md row 21: whatever a server does, an import from it ends within its budget and says why,
//! nothing of it is taken in, and the next import is as good as ever.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::Arc;
use std::thread;
use std::time::Instant;

use entente_intake::Desk;
use entente_intake::acts::NodeAct;
use entente_log::key::Key;
use entente_object::clock::SystemClock;
use entente_store::Home;
use flate2::Compression;
use flate2::write::GzEncoder;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyPair,
};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use super::*;
use crate::import;
use crate::input::{self, Inputs, Read1};

/// A budget that is soon spent.
pub(crate) const SHORT: Budget = Budget {
    answer: Duration::from_secs(2),
    silence: Duration::from_secs(2),
    whole: Duration::from_secs(4),
    bytes: 4 * 1024 * 1024,
    remedy: Budget::IMPORT.remedy,
};

pub(crate) type Tls = StreamOwned<ServerConnection, TcpStream>;

/// What a server does with whoever connects.
#[derive(Clone, Copy)]
enum Does {
    /// Instead of TLS.
    Tcp(fn(TcpStream) -> io::Result<()>),
    /// Shows a certificate that is wrong in this.
    Shows(fn(&mut CertificateParams)),
    /// After a good handshake and a whole request.
    Http(fn(&mut Tls) -> io::Result<()>),
    /// Answers these bytes to a good request, and closes in order.
    Says(&'static str),
}

/// Why an import ends.
const DAMAGED: &str = "could not be read";
const SILENT: &str = "sent nothing for";
const LONG: &str = "took longer than";
const MUCH: &str = "by other means";
const NO_ANSWER: &str = "did not answer";
const NO_STIX: &str = "no STIX";
const INFLATES: &str = "inflates more than 200 to one";
const ENDS: &str = "the text ends";
const SENDS_ON: &str = "name that address yourself";

/// Every server, and what is said of it.
const SERVERS: &[(&str, Does, &str)] = &[
    ("closes at once", Does::Tcp(|_| Ok(())), NO_ANSWER),
    ("says nothing", Does::Tcp(|tcp| silent(&tcp)), NO_ANSWER),
    (
        "speaks in clear",
        Does::Tcp(|mut tcp| tcp.write_all(b"HTTP/1.1 200 OK\r\n\r\n{}")),
        NO_ANSWER,
    ),
    (
        "knows old TLS alone",
        Does::Tcp(|mut tcp| tcp.write_all(&[21, 3, 1, 0, 2, 2, 70])),
        NO_ANSWER,
    ),
    ("sends noise", Does::Tcp(|tcp| for_ever(tcp, &[0x5a; 4096])), NO_ANSWER),
    ("sends records without end", Does::Tcp(|tcp| for_ever(tcp, &[22, 3, 3, 255, 255])), NO_ANSWER),
    ("drips its hello", Does::Tcp(|tcp| drip(tcp, &[22, 3, 3, 64, 0, 2, 0, 63])), NO_ANSWER),
    ("expired", Does::Shows(|p| p.not_after = rcgen::date_time_ymd(2020, 1, 1)), "certificate"),
    ("not yet", Does::Shows(|p| p.not_before = rcgen::date_time_ymd(4000, 1, 1)), "certificate"),
    ("another name", Does::Shows(|p| p.subject_alt_names = names("192.0.2.1")), "certificate"),
    ("a host's name", Does::Shows(|p| p.subject_alt_names = names("localhost")), "certificate"),
    ("no name", Does::Shows(|p| p.subject_alt_names.clear()), "certificate"),
    ("for clients", Does::Shows(|p| p.extended_key_usages = client()), "certificate"),
    ("of an authority", Does::Shows(|p| p.is_ca = authority()), "certificate"),
    (
        "of another authority",
        Does::Shows(|p| p.distinguished_name.push(DnType::OrganizationName, OTHER)),
        "certificate",
    ),
    ("never answers", Does::Http(|tls| silent(&tls.sock)), NO_ANSWER),
    ("leaves", Does::Http(|_| Ok(())), NO_ANSWER),
    (
        "has a header without end",
        Does::Http(|tls| head(tls, b"HTTP/1.1 200 OK\r\nX: ", b"xxxxxxxxxxxxxxxx")),
        NO_ANSWER,
    ),
    (
        "has headers without end",
        Does::Http(|tls| head(tls, b"HTTP/1.1 200 OK\r\n", b"X: xxxxxxxxxxxx\r\n")),
        NO_ANSWER,
    ),
    (
        "says to wait without end",
        Does::Http(|tls| for_ever(tls, b"HTTP/1.1 100 Continue\r\n\r\n")),
        NO_ANSWER,
    ),
    (
        "hints without end",
        Does::Http(|tls| for_ever(tls, b"HTTP/1.1 103 Early Hints\r\n\r\n")),
        NO_ANSWER,
    ),
    (
        "drips its head",
        Does::Http(|tls| drip(tls, b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")),
        NO_ANSWER,
    ),
    ("is no HTTP", Does::Says("220 ftp.example ready\r\n\r\n"), NO_ANSWER),
    ("is another HTTP", Does::Says("HTTP/9.9 200 OK\r\n\r\n{}"), NO_ANSWER),
    ("has NUL in its head", Does::Says("HTTP/1.1 200 OK\r\nX: a\0b\r\n\r\n{}"), NO_ANSWER),
    (
        "is of a length below zero",
        Does::Says("HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n{}"),
        NO_ANSWER,
    ),
    (
        "is of two lengths",
        Does::Says("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 9\r\n\r\n{}"),
        "",
    ),
    (
        "sends on to itself",
        Does::Says("HTTP/1.1 302 Found\r\nLocation: /feed.json\r\nContent-Length: 0\r\n\r\n"),
        SENDS_ON,
    ),
    (
        "sends on to clear text",
        Does::Says("HTTP/1.1 301 Moved\r\nLocation: http://127.0.0.1:9/\r\n\r\n"),
        SENDS_ON,
    ),
    (
        "sends on to this machine",
        Does::Says("HTTP/1.1 307 Moved\r\nLocation: https://127.0.0.1:9/\r\n\r\n"),
        SENDS_ON,
    ),
    (
        "sends on to another",
        Does::Says("HTTP/1.1 308 Moved\r\nLocation: https://intel.example/\r\n\r\n"),
        SENDS_ON,
    ),
    (
        "sends on to a file",
        Does::Says("HTTP/1.1 303 See\r\nLocation: file:///etc/passwd\r\n\r\n"),
        SENDS_ON,
    ),
    (
        "sends on to nowhere",
        Does::Says("HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n"),
        "nowhere",
    ),
    ("wants a login", Does::Says("HTTP/1.1 401 No\r\nContent-Length: 2\r\n\r\n{}"), "answered 401"),
    ("failed", Does::Says("HTTP/1.1 500 No\r\nContent-Length: 2\r\n\r\n{}"), "answered 500"),
    ("has nothing", Does::Says("HTTP/1.1 204 No\r\n\r\n"), "answered 204"),
    (
        "sends a part",
        Does::Says("HTTP/1.1 206 Part\r\nContent-Length: 2\r\n\r\n{}"),
        "answered 206",
    ),
    (
        "sends a page",
        Does::Says(
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 6\r\n\r\n<html>",
        ),
        NO_STIX,
    ),
    (
        "lies about its coding",
        Does::Says(
            "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Encoding: br\r\n\r\n\u{b}\u{2}",
        ),
        NO_STIX,
    ),
    (
        "has a length that is too short",
        Does::Says("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{\"objects\":[{}"),
        ENDS,
    ),
    (
        "has a length that is too long",
        Does::Says("HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{\"objects\":["),
        DAMAGED,
    ),
    (
        "ends in its list",
        Does::Says("HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\n{\"objects\":["),
        ENDS,
    ),
    (
        "breaks off a chunk",
        Does::Says("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n99\r\n{\"objects\""),
        DAMAGED,
    ),
    (
        "has a chunk of no size",
        Does::Says("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n"),
        DAMAGED,
    ),
    (
        "has a chunk of every size",
        Does::Says("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n"),
        DAMAGED,
    ),
    (
        "has an extension without end",
        Does::Http(|tls| {
            head(
                tls,
                b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9;",
                b"xxxxxxxxxxxxxxxx",
            )
        }),
        DAMAGED,
    ),
    (
        "has trailers without end",
        Does::Http(|tls| {
            head(
                tls,
                b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{\r\n0\r\n",
                b"X: xxxxxxxxxxxx\r\n",
            )
        }),
        "",
    ),
    (
        "cuts the line",
        Does::Http(|tls| cut(tls, b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{\"a\":0}\n")),
        DAMAGED,
    ),
    (
        "lasts until the line is cut",
        Does::Http(|tls| cut(tls, b"HTTP/1.1 200 OK\r\n\r\n{\"a\":0}\n{\"a\":0}\n")),
        "does not say where its answer ends",
    ),
    ("has spaces without end", Does::Http(|tls| head(tls, OK, &[b' '; 8192])), MUCH),
    ("has bad objects without end", Does::Http(|tls| head(tls, LIST, b"{\"id\":0},")), MUCH),
    ("nests without end", Does::Http(|tls| head(tls, OK, &[b'['; 8192])), MUCH),
    (
        "has an object without end",
        Does::Http(|tls| {
            head(
                tls,
                b"HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n{\"objects\":[{\"a\":\"",
                &[b'a'; 8192],
            )
        }),
        MUCH,
    ),
    (
        "stops in the middle",
        Does::Http(|tls| {
            tls.write_all(OK)?;
            silent(&tls.sock)
        }),
        SILENT,
    ),
    (
        "drips",
        Does::Http(|tls| {
            tls.write_all(OK)?;
            drip(tls, &[b' '; 64])
        }),
        LONG,
    ),
    (
        "inflates, as it says",
        Does::Http(|tls| {
            bomb(
                tls,
                b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 99999999\r\n\r\n",
            )
        }),
        INFLATES,
    ),
    ("inflates, and does not say so", Does::Http(|tls| bomb(tls, OK)), INFLATES),
    (
        "inflates by zstd",
        Does::Http(|tls| {
            tls.write_all(OK)?;
            tls.write_all(&zstd::encode_all(&[b' '; 8 << 20][..], 1)?)
        }),
        INFLATES,
    ),
    (
        "has a window of 2 GiB",
        Does::Http(|tls| {
            tls.write_all(OK)?;
            tls.write_all(&[0x28, 0xb5, 0x2f, 0xfd, 0, 0xa8, 0, 0, 0])
        }),
        DAMAGED,
    ),
    (
        "breaks off under gzip",
        Does::Http(|tls| {
            tls.write_all(OK)?;
            tls.write_all(&gzip(&[b' '; 99])[..20])
        }),
        DAMAGED,
    ),
];

const OK: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n";
const GOOD: &str = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n78\r\n\
    {\"type\":\"url\",\"spec_version\":\"2.1\",\"value\":\"https://192.0.2.7/\",\
    \"id\":\"url--47c3cf9a-5027-5bf0-997a-017c7edc7c55\"}       \r\n0\r\n\r\n";
const LIST: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n[";

/// The organisation in a certificate that another authority signs.
const OTHER: &str = "Another";

fn names(name: &str) -> Vec<rcgen::SanType> {
    CertificateParams::new([name.to_owned()]).unwrap().subject_alt_names
}

fn client() -> Vec<ExtendedKeyUsagePurpose> {
    vec![ExtendedKeyUsagePurpose::ClientAuth]
}

fn authority() -> IsCa {
    IsCa::Ca(BasicConstraints::Unconstrained)
}

/// Holds the connection until the other end leaves.
pub(crate) fn silent(mut tcp: &TcpStream) -> io::Result<()> {
    io::copy(&mut tcp, &mut io::sink()).map(drop)
}

pub(crate) fn for_ever(mut to: impl io::Write, bytes: &[u8]) -> io::Result<()> {
    loop {
        to.write_all(bytes)?;
    }
}

fn head(tls: &mut Tls, head: &[u8], then: &[u8]) -> io::Result<()> {
    tls.write_all(head)?;
    for_ever(tls, &then.repeat(16 * 1024 / then.len()))
}

/// One byte after the other: each comes before patience ends.
pub(crate) fn drip(mut to: impl io::Write, bytes: &[u8]) -> io::Result<()> {
    for byte in bytes {
        to.write_all(&[*byte])?;
        to.flush()?;
        thread::sleep(Duration::from_millis(150));
    }
    Ok(())
}

/// Ends without saying that this is the end.
fn cut(tls: &mut Tls, bytes: &[u8]) -> io::Result<()> {
    tls.write_all(bytes)?;
    tls.flush()?;
    tls.sock.shutdown(std::net::Shutdown::Both)
}

pub(crate) fn gzip(text: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

fn bomb(tls: &mut Tls, head: &[u8]) -> io::Result<()> {
    tls.write_all(head)?;
    tls.write_all(&gzip(&vec![b' '; 8 << 20]))
}

/// The authority that the client trusts, and another one of the same name.
pub(crate) struct Authorities {
    pub(crate) good: CertifiedIssuer<'static, KeyPair>,
    other: CertifiedIssuer<'static, KeyPair>,
}

fn key() -> KeyPair {
    KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).unwrap()
}

impl Authorities {
    pub(crate) fn new() -> Self {
        let own = || {
            let mut params = CertificateParams::default();
            params.is_ca = authority();
            CertifiedIssuer::self_signed(params, key()).unwrap()
        };
        Self { good: own(), other: own() }
    }

    /// A server's settings, with a certificate for this machine that is wrong in this.
    pub(crate) fn server(&self, spoil: fn(&mut CertificateParams)) -> Arc<ServerConfig> {
        let mut params = CertificateParams::new(["127.0.0.1".to_owned()]).unwrap();
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        spoil(&mut params);
        let is_of_other = params.distinguished_name.get(&DnType::OrganizationName).is_some();
        let issuer = if is_of_other { &self.other } else { &self.good };
        let key = key();
        let leaf: CertificateDer<'static> = params.signed_by(&key, issuer).unwrap().into();
        let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config =
            ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        Arc::new(config.unwrap().with_no_client_auth().with_single_cert(vec![leaf], key).unwrap())
    }

    /// Starts a server; gives its address. It answers whoever connects until the tests end.
    fn start(&self, does: Does) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("https://{}/feed.json", listener.local_addr().unwrap());
        let config = self.server(if let Does::Shows(spoil) = does { spoil } else { |_| () });
        thread::spawn(move || {
            for tcp in listener.incoming() {
                // The client may leave at any moment: that is what it is tested for.
                let _it_left = talk(tcp.unwrap(), &config, does);
            }
        });
        address
    }
}

fn talk(tcp: TcpStream, config: &Arc<ServerConfig>, does: Does) -> io::Result<()> {
    tcp.set_nodelay(true)?;
    if let Does::Tcp(act) = does {
        return act(tcp);
    }
    let mut tls = Tls::new(ServerConnection::new(config.clone()).unwrap(), tcp);
    let mut line = String::new();
    let mut request = BufReader::new(&mut tls);
    while request.read_line(&mut line)? > 2 {
        line.clear();
    }
    match does {
        Does::Http(act) => act(&mut tls)?,
        Does::Says(text) => tls.write_all(text.as_bytes())?,
        Does::Tcp(_) | Does::Shows(_) => tls.write_all(GOOD.as_bytes())?,
    }
    tls.conn.send_close_notify();
    tls.flush()?;
    silent(&tls.sock)
}

/// What an import from an address gives: how many objects, and why it ended.
fn import(address: &str, fetch: &Fetch) -> (usize, Vec<String>) {
    let (mut objects, mut ends) = (0, Vec::new());
    let inputs = Inputs { names: vec![address.to_owned()], fetch: fetch.clone() };
    for read in input::read(inputs) {
        match read {
            Read1::Batch(_, batch, _) => objects += batch.len(),
            Read1::Broken(why) => ends.push(why),
        }
    }
    (objects, ends)
}

/// The most memory that this process ever had, in KiB.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

fn desk(folder: &Path) -> Desk {
    let mut home = Home::open(folder).unwrap();
    let public = Key::from_seed("KOR", &[7; 32]).unwrap().public();
    let act = NodeAct { nation: "KOR".to_owned(), key: public };
    Desk::init(&mut home, &act, "2024-05-01T00:00:00Z".parse().unwrap()).unwrap();
    Desk::open(home, Arc::new(SystemClock)).unwrap()
}

fn trusting(authorities: &Authorities) -> (tempfile::TempDir, PathBuf, Fetch) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("authority.pem");
    std::fs::write(&file, authorities.good.pem()).unwrap();
    let fetch = Fetch::new(Some(&file), SHORT).unwrap();
    (folder, file, fetch)
}

#[test]
fn no_hostile_server_takes_more_than_its_budget_or_gets_anything_in() {
    let authorities = Authorities::new();
    let (folder, _, fetch) = trusting(&authorities);
    let good = authorities.start(Does::Says(GOOD));
    assert_eq!(import(&good, &fetch), (1, Vec::new()));
    let before = peak();
    let clients: Vec<_> = SERVERS
        .iter()
        .map(|(name, does, words)| {
            let (address, fetch) = (authorities.start(*does), fetch.clone());
            thread::spawn(move || {
                let started = Instant::now();
                let (objects, ends) = import(&address, &fetch);
                let taken = started.elapsed();
                let said = ends.join("\n");
                let clear = said.contains(&address) && said.contains(words) && ends.len() == 1;
                let good = clear && objects == 0 && taken < Duration::from_secs(15);
                (!good).then(|| format!("{name}: {objects} objects in {taken:?}: {said}"))
            })
        })
        .collect();
    let wrong: Vec<String> = clients.into_iter().filter_map(|one| one.join().unwrap()).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(SERVERS.len() >= 40);
    // All of them together, servers and bombs included.
    let grown = (peak() - before) / 1024;
    assert!(grown < 64, "{grown} MiB");
    // A real import after a hostile one, in one command.
    let mut desk = desk(folder.path());
    let names = vec![authorities.start(SERVERS[0].1), good];
    let done =
        import::take(&mut desk, Inputs { names, fetch }, None, None, &mut |_| Ok(())).unwrap();
    assert_eq!((done.taken, done.rejected, done.broken.len()), (1, 0, 1), "{:?}", done.broken);
}

#[test]
fn a_login_in_an_address_is_not_shown() {
    for (address, expected) in [
        ("https://pol:secret@intel.example/feed", "https://intel.example/feed"),
        ("https://pol:a@b@intel.example", "https://intel.example"),
        ("https://intel.example/@pol?a@b", "https://intel.example/@pol?a@b"),
        ("https://intel.example?a@b", "https://intel.example?a@b"),
    ] {
        assert_eq!(shown(address), expected);
    }
}

#[test]
fn without_the_authority_nobody_is_believed_and_a_file_without_one_is_refused() {
    let authorities = Authorities::new();
    let good = authorities.start(Does::Says(GOOD));
    let (objects, ends) = import(&good, &Fetch::new(None, SHORT).unwrap());
    assert!(objects == 0 && ends[0].contains("UnknownIssuer"), "{ends:?}");
    let (folder, file, _) = trusting(&authorities);
    let told = |file: &Path| format!("{:#}", Fetch::new(Some(file), SHORT).unwrap_err());
    assert!(told(&folder.path().join("none.pem")).contains("none.pem could not be read"));
    std::fs::write(&file, key().serialize_pem()).unwrap();
    assert!(told(&file).contains("holds no certificate"));
}
