//! Row 20: whoever comes to a served node with a bad certificate, an older TLS, another protocol or a
//! list that has ended has no session there, whichever of its listeners it is; and the nine go on.

use std::fs;
use std::io::{self, Read as _, Write as _};
use std::net::TcpStream;
use std::sync::Arc;
use std::thread::sleep;
use std::time::Duration;

use entente_object::clock::{Clock as _, SystemClock};
use rcgen::{CertificateRevocationListParams, KeyIdMethod, KeyPair, SerialNumber};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, SupportedProtocolVersion};
use serde_json::Value;

use super::{ask, malware, release};
use crate::bad::{Day, FAULTS, Shows, Signer, key, poland, signers};
use crate::member::{Member, settle, until};

pub(super) fn today() -> Day {
    let now = SystemClock.now().to_stix();
    let part = |from: usize, to: usize| now[from..to].parse::<u8>().unwrap();
    (now[..4].parse().unwrap(), part(5, 7), part(8, 10))
}

fn key_file(member: &Member, name: &str) -> std::path::PathBuf {
    member.node.folder().join("keys").join(name)
}

/// A client that trusts a node.
pub(super) fn client(
    node: &Member,
    shows: Option<Shows>,
    versions: &[&'static SupportedProtocolVersion],
) -> ClientConfig {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(key_file(node, "root.pem")).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider);
    let config = config.with_protocol_versions(versions).unwrap().with_root_certificates(roots);
    match shows {
        None => config.with_no_client_auth(),
        Some(shows) => config.with_client_cert_resolver(Arc::new(shows)),
    }
}

/// What a listener answers to a request, or why it has no session for it.
pub(super) fn answer(config: ClientConfig, host: &str) -> io::Result<String> {
    let name = ServerName::try_from("localhost").unwrap();
    let mut session = ClientConnection::new(Arc::new(config), name).unwrap();
    let mut socket = TcpStream::connect(host)?;
    socket.set_read_timeout(Some(Duration::from_secs(20)))?;
    let mut stream = rustls::Stream::new(&mut session, &mut socket);
    stream.write_all(b"GET /peer/ledger?from=0 HTTP/1.0\r\nhost: localhost\r\n\r\n")?;
    let mut answer = Vec::new();
    match stream.read_to_end(&mut answer) {
        Err(error) if answer.is_empty() => Err(error),
        _ if answer.is_empty() => Err(io::ErrorKind::UnexpectedEof.into()),
        _ => Ok(String::from_utf8_lossy(&answer).into_owned()),
    }
}

pub(super) const TLS_13: &[&SupportedProtocolVersion] = &[&rustls::version::TLS13];

/// Who may sign what is shown to a node: its own root for TAXII clients, a partner's for its node.
fn signers_of(member: &Member) -> Vec<Signer> {
    let read = |name: &str| fs::read_to_string(key_file(member, name)).unwrap();
    signers(&read("root.pem"), &read("root.key"), today())
}

/// Shows every fault, signed by some signers of a root; gives how many were refused.
fn shown(to: &Member, signers: &[Signer]) -> usize {
    let mut refused = 0;
    for signer in signers {
        for (fault, spoil) in FAULTS {
            let (key, mut params) = (key(), poland(today()));
            spoil(&mut params);
            let leaf = params.signed_by(&key, &signer.issuer).unwrap().der().clone();
            let shows = Shows::new([&[leaf], signer.along.as_slice()].concat(), &key);
            let answer = answer(client(to, Some(shows), TLS_13), &to.host);
            let is_good = *fault == "good" && signer.name.starts_with("the root");
            assert_eq!(answer.is_ok(), is_good, "{fault}, by {}: {answer:?}", signer.name);
            refused += usize::from(!is_good);
        }
    }
    refused
}

/// Older versions and other protocols at a listener that speaks TLS.
fn downgrades(to: &Member) -> usize {
    let old = &[&rustls::version::TLS12];
    let error = answer(client(to, None, old), &to.host).unwrap_err().to_string();
    assert!(error.contains("ProtocolVersion"), "{error}");
    for alpn in ["h3", "http/1.0", "H2", "h2c", "spdy/3"] {
        let mut config = client(to, None, TLS_13);
        config.alpn_protocols = vec![alpn.as_bytes().to_vec()];
        let error = answer(config, &to.host).unwrap_err().to_string();
        assert!(error.contains("NoApplicationProtocol"), "{alpn}: {error}");
    }
    // The first message of SSL 3.0, TLS 1.0, 1.1 and 1.2, with one suite each; and what is none.
    let hello = |minor: u8| {
        let body = [&[3, minor][..], &[7; 32], &[0, 0, 2, 0, 0x2f, 1, 0]].concat();
        let length = u8::try_from(body.len()).unwrap();
        [&[22, 3, minor.min(1), 0, length + 4, 1, 0, 0, length][..], &body].concat()
    };
    let plain = b"GET /peer/ledger?from=0 HTTP/1.1\r\nhost: localhost\r\n\r\n".to_vec();
    let texts =
        [hello(0), hello(1), hello(2), hello(3), plain, vec![0; 99], vec![0x80, 46, 1, 0, 2]];
    for text in &texts {
        let mut stream = TcpStream::connect(&to.host).unwrap();
        stream.write_all(text).unwrap();
        drop(stream.shutdown(std::net::Shutdown::Write));
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        let mut answer = Vec::new();
        drop(stream.read_to_end(&mut answer));
        // An alert, or nothing: no hello, and no answer.
        assert!(answer.first().is_none_or(|first| *first == 21), "{text:02x?}: {answer:02x?}");
    }
    6 + texts.len()
}

/// A revocation list of a node's root for certain days before now.
fn list(of: &Member, (from, until): (u64, u64), number: u64) -> String {
    let read = |name: &str| fs::read_to_string(key_file(of, name)).unwrap();
    let (root, key) = (read("root.pem"), KeyPair::from_pem(&read("root.key")).unwrap());
    let issuer = rcgen::Issuer::from_ca_cert_pem(&root, key).unwrap();
    let (year, month, day) = today();
    let before = |days: u64| {
        rcgen::date_time_ymd(year, month, day)
            - Duration::from_hours(24) * u32::try_from(days).unwrap()
    };
    let params = CertificateRevocationListParams {
        this_update: before(from),
        next_update: before(until),
        crl_number: SerialNumber::from(number),
        issuing_distribution_point: None,
        revoked_certs: Vec::new(),
        key_identifier_method: KeyIdMethod::Sha256,
    };
    params.signed_by(&issuer).unwrap().pem().unwrap()
}

/// A list that has ended shuts out whom it is about, be it the node's own or a partner's.
fn ended_lists(members: &[Member]) {
    let (korea, poland_) = (&members[0], &members[8]);
    // A partner's node shows one.
    let ended = list(poland_, (60, 30), 1_000_000);
    let (status, said) = ask(poland_, korea, "PUT /peer/list", ("", &ended));
    assert!((400..500).contains(&status), "{status}: {said}");
    // It is not kept: Poland's node goes on with its own.
    let (status, _) = ask(poland_, korea, "GET /peer/ledger?from=0", ("", ""));
    assert!([200, 204].contains(&status), "{status}");
    // The node's own, where the root key is locked away: nobody who shows a certificate of it.
    let root = signers_of(korea).remove(0);
    let own = key();
    let leaf = poland(today()).signed_by(&own, &root.issuer).unwrap().der().clone();
    let shows = Shows::new(vec![leaf], &own);
    let has_session = || answer(client(korea, Some(shows.clone()), TLS_13), &korea.host).is_ok();
    assert!(has_session());
    let ended = list(korea, (60, 30), 1_000_000);
    let (here, away) = (key_file(korea, "root.key"), korea.node.work().join("root.key"));
    let good = fs::read(key_file(korea, "crl.pem")).unwrap();
    fs::rename(&here, &away).unwrap();
    fs::write(key_file(korea, "crl.pem"), ended).unwrap();
    until("the list that has ended counts", || !has_session());
    sleep(Duration::from_millis(1200));
    assert!(!has_session(), "it was let in again");
    assert!(answer(client(korea, None, TLS_13), &korea.host).is_ok(), "a stranger is answered");
    fs::write(key_file(korea, "crl.pem"), good).unwrap();
    fs::rename(&away, &here).unwrap();
    until("the good list counts", has_session);
}

pub(super) fn nobody_has_a_session_with_a_bad_certificate_or_an_older_tls(members: &[Member]) {
    let (mut refused, mut downgraded) = (0, 0);
    for (at, member) in members.iter().enumerate() {
        // A TAXII client's certificate is of the node's own root, a node's of a partner's.
        for root in [member, &members[(at + 1) % members.len()]] {
            let mut signers = signers_of(root);
            // Every way at Korea's node; at the others the root's own, and one of the same name.
            if member.code != "KOR" {
                signers.retain(|signer| {
                    ["the root", "a root of the same name"].contains(&signer.name)
                });
            }
            refused += shown(member, &signers);
        }
        downgraded += downgrades(member);
        // The status page is for people at the machine, and speaks no TLS at all.
        let status = member.served.borrow().as_ref().unwrap().status_host();
        for versions in [TLS_13, &[&rustls::version::TLS12]] {
            assert!(answer(client(member, None, versions), &status).is_err());
            downgraded += 1;
        }
    }
    ended_lists(members);
    println!("{refused} certificates, {downgraded} other protocols: no session");
    assert!(refused >= 60 * members.len());
    // All go on.
    for (at, member) in members.iter().enumerate() {
        let id = format!("malware--20202020-{at:04x}-4000-8000-000000000000");
        release(member, &[Value::clone(&malware(&id, "after bad certificates"))]);
    }
    settle(members);
}
