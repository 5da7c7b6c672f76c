//! Certificates as people issue, keep and revoke them, and what is said when one is wrong.

use super::*;

fn at(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap()
}

fn now() -> Timestamp {
    at("2026-03-01T08:00:00Z")
}

fn nation(code: &str) -> Nation {
    code.parse().unwrap()
}

struct Node {
    _folder: tempfile::TempDir,
    keys: Keys,
    authority: Authority,
}

fn node() -> Node {
    let folder = tempfile::tempdir().unwrap();
    let keys = Keys::of(folder.path());
    let authority = Authority::create(&keys, Nation::KOR, now()).unwrap();
    let names = ["localhost".to_owned(), "127.0.0.1".to_owned()];
    let validity = Validity::lasting(now(), SERVER_LASTS);
    keys.save_server(&authority.issue_server(&names, validity).unwrap()).unwrap();
    Node { _folder: folder, keys, authority }
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn keys_are_for_their_owner_alone_and_the_rest_for_everybody() {
    let node = node();
    let poland = nation("POL");
    let issued = node.authority.issue_client(poland, Validity::lasting(now(), CLIENT_LASTS));
    node.keys.save_partner(poland, &issued.unwrap()).unwrap();
    let (keys, public) = (&node.keys, [node.keys.root(), node.keys.server(), node.keys.crl()]);
    for path in [keys.root_key(), keys.server_key(), keys.partner_key(poland)] {
        assert_eq!(mode(&path), 0o600, "{}", path.display());
    }
    for path in public {
        assert_eq!(mode(&path), 0o644, "{}", path.display());
    }
    assert_eq!(mode(keys.folder()), 0o700);
    assert!(keys.faults(now()).is_empty());
}

#[test]
fn certificates_say_what_they_are_for() {
    let node = node();
    let read = |path: &Path| read_pem(path, "").unwrap();
    let root = read(&node.keys.root());
    let root = root.certificate(&node.keys.root()).unwrap();
    let constraints = root.basic_constraints().unwrap().unwrap();
    assert!(constraints.critical && constraints.value.ca);
    assert_eq!(constraints.value.path_len_constraint, Some(0));
    let server = read(&node.keys.server());
    let server = server.certificate(&node.keys.server()).unwrap();
    let purposes = server.extended_key_usage().unwrap().unwrap().value;
    assert!(purposes.server_auth && !purposes.client_auth && !server.is_ca());
    assert_eq!(issuer_key(&server), own_key(&root));
    assert!(issuer_key(&server).is_some());
    let issued = node.authority.issue_client(nation("POL"), Validity::lasting(now(), CLIENT_LASTS));
    let issued = issued.unwrap();
    let (_, client) = x509_parser::pem::parse_x509_pem(issued.certificate_pem.as_bytes()).unwrap();
    assert_eq!(issued.sha256, <[u8; 32]>::from(Sha256::digest(&client.contents)));
    let client = client.parse_x509().unwrap();
    let purposes = client.extended_key_usage().unwrap().unwrap().value;
    assert!(purposes.client_auth && !purposes.server_auth && !purposes.any);
    assert_eq!(client.subject().to_string(), "CN=POL, O=Entente partner");
    assert_eq!(client.validity().not_before.timestamp(), now().unix_seconds() - 300);
    assert_eq!(client.validity().not_after.timestamp(), now().unix_seconds() + 397 * 86_400);
}

#[test]
fn a_root_is_never_written_over() {
    let node = node();
    let error = Authority::create(&node.keys, Nation::KOR, now()).map(|_| ()).unwrap_err();
    assert!(matches!(error, CertificateError::Exists { .. }), "{error}");
    fs::remove_file(node.keys.root_key()).unwrap();
    let error = Authority::create(&node.keys, Nation::KOR, now()).map(|_| ()).unwrap_err();
    assert!(matches!(error, CertificateError::Exists { .. }), "{error}");
}

#[test]
fn without_its_key_the_root_signs_nothing_and_says_so() {
    let node = node();
    fs::remove_file(node.keys.root_key()).unwrap();
    let error = Authority::open(&node.keys).map(|_| ()).unwrap_err().to_string();
    assert!(error.ends_with("root.key is missing; bring the root key back from where it is kept"));
    assert!(node.keys.faults(now()).is_empty());
    fs::copy(node.keys.server_key(), node.keys.root_key()).unwrap();
    let error = Authority::open(&node.keys).map(|_| ()).unwrap_err();
    assert!(matches!(error, CertificateError::KeyOfAnother { .. }), "{error}");
}

#[test]
fn what_was_revoked_stays_revoked() {
    let node = node();
    let (keys, authority) = (&node.keys, &node.authority);
    for code in ["POL", "GBR"] {
        let issued = authority.issue_client(nation(code), Validity::lasting(now(), CLIENT_LASTS));
        keys.save_partner(nation(code), &issued.unwrap()).unwrap();
        authority.revoke(&keys.partner(nation(code)), now()).unwrap();
        authority.revoke(&keys.partner(nation(code)), now()).unwrap();
    }
    let later = at("2026-04-01T00:00:00Z");
    authority.write_crl(later, CRL_LASTS).unwrap();
    let list = read_crl(&keys.crl()).unwrap();
    assert_eq!((list.number, list.until), (6, at("2026-05-01T00:00:00Z")));
    let times: Vec<Timestamp> = list.revoked.iter().map(|(_, at)| *at).collect();
    assert_eq!(times, [now(), now()]);
}

#[test]
fn only_what_the_root_signed_is_revoked() {
    let (node, other) = (node(), node());
    let poland = nation("POL");
    let issued = other.authority.issue_client(poland, Validity::lasting(now(), CLIENT_LASTS));
    other.keys.save_partner(poland, &issued.unwrap()).unwrap();
    let before = fs::read(node.keys.crl()).unwrap();
    for path in [other.keys.partner(poland), node.keys.root(), other.keys.root()] {
        let error = node.authority.revoke(&path, now()).unwrap_err();
        assert!(matches!(error, CertificateError::NotOurs), "{}: {error}", path.display());
    }
    assert_eq!(fs::read(node.keys.crl()).unwrap(), before);
}

#[test]
fn a_certificate_that_was_replaced_can_still_be_revoked() {
    let node = node();
    let poland = nation("POL");
    for _ in 0..3 {
        let issued = node.authority.issue_client(poland, Validity::lasting(now(), CLIENT_LASTS));
        node.keys.save_partner(poland, &issued.unwrap()).unwrap();
    }
    let folder = fs::read_dir(node.keys.folder().join("partners")).unwrap();
    let paths: Vec<PathBuf> = folder.map(|entry| entry.unwrap().path()).collect();
    let certificates = paths.iter().filter(|path| path.extension().unwrap() == "pem");
    assert_eq!((paths.len(), certificates.clone().count()), (4, 3));
    for path in certificates {
        node.authority.revoke(path, now()).unwrap();
    }
    assert_eq!(read_crl(&node.keys.crl()).unwrap().revoked.len(), 3);
}

#[test]
fn every_fault_says_what_and_what_to_do() {
    let node = node();
    let keys = &node.keys;
    let told = |time: &str| -> Vec<String> {
        let folder = format!("{}/", keys.folder().display());
        let faults = keys.faults(at(time));
        faults.iter().map(|fault| fault.to_string().replace(&folder, "")).collect()
    };
    let begin = "begins at 2026-03-01T07:55:00.000Z, and it is 2026-03-01T07:54:00.000Z by this \
                 machine's clock; set the clock";
    assert_eq!(
        told("2026-03-01T07:54:00Z"),
        [
            format!("the certificate root.pem {begin}"),
            format!("the certificate server.pem {begin}")
        ]
    );
    assert_eq!(
        told("2026-03-28T08:00:00Z"),
        ["crl.pem ends at 2026-03-31T08:00:00.000Z; make it anew before"]
    );
    assert_eq!(
        told("2027-04-02T08:00:01Z"),
        [
            "the certificate server.pem ended at 2027-04-02T08:00:00.000Z, and it is \
             2027-04-02T08:00:01.000Z; issue a new one",
            "the revocation list crl.pem ended at 2026-03-31T08:00:00.000Z, and it is \
             2027-04-02T08:00:01.000Z: no client certificate is accepted until it is signed anew \
             with the root key",
        ]
    );
    fs::set_permissions(keys.server_key(), fs::Permissions::from_mode(0o640)).unwrap();
    fs::remove_file(keys.crl()).unwrap();
    fs::write(keys.root(), "nothing").unwrap();
    let told = told("2026-03-01T08:00:00Z");
    assert_eq!(told.len(), 3);
    assert_eq!(
        told[0],
        "server.key is a private key that others can open (mode 640); run `chmod 600 server.key`, \
         and make a new key if anybody else uses this machine"
    );
    assert!(told[1].starts_with("root.pem holds no usable PEM: "), "{}", told[1]);
    assert_eq!(
        told[2],
        "crl.pem is missing; restore it from a backup: without it nobody knows what was revoked"
    );
}

#[test]
fn no_file_makes_reading_panic() {
    let node = node();
    for path in [node.keys.root(), node.keys.server(), node.keys.crl(), node.keys.root_key()] {
        let whole = fs::read(&path).unwrap();
        for end in (0..whole.len()).step_by(7) {
            fs::write(&path, &whole[..end]).unwrap();
            let _faults_or_none = (node.keys.faults(now()), Authority::open(&node.keys).is_ok());
        }
        fs::write(&path, whole).unwrap();
    }
    assert!(node.keys.faults(now()).is_empty());
}

#[test]
fn a_server_needs_a_name_and_a_certificate_a_possible_time() {
    let node = node();
    let good = Validity::lasting(now(), SERVER_LASTS);
    let issue = |name: &str| node.authority.issue_server(&[name.to_owned()], good).map(|_| ());
    for name in ["taxii.example.org", "*.example.org", "10.0.0.1", "::1", "localhost", "a-1"] {
        issue(name).unwrap();
    }
    for name in ["", " ", "노드.kr", "a b", "https://a", "a:443", "-a", "a..b", "a\n", "*"] {
        let error = issue(name).unwrap_err();
        assert!(matches!(error, CertificateError::Name { .. }), "{name}: {error}");
    }
    assert!(node.authority.issue_server(&[], good).is_err());
    for (from, until) in [
        ("2026-03-01T08:00:00Z", "2026-03-01T08:00:00Z"),
        ("2026-03-01T08:00:00Z", "2026-03-01T07:00:00Z"),
        ("1969-12-31T23:59:59Z", "2026-03-01T07:00:00Z"),
    ] {
        let validity = Validity { not_before: at(from), not_after: at(until) };
        let error = node.authority.issue_client(Nation::KOR, validity).map(|_| ()).unwrap_err();
        assert!(matches!(error, CertificateError::Lasting { .. }), "{error}");
    }
    let endless = Validity::lasting(now(), Duration::MAX);
    assert!(node.authority.issue_client(Nation::KOR, endless).is_err());
    let long = Validity { not_before: now(), not_after: at("9999-12-31T23:59:59Z") };
    node.authority.issue_client(Nation::KOR, long).unwrap();
}
