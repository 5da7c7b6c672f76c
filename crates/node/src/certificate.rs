//! The node's own certificates: a root that the node makes itself, and what the root signs.
//!
//! | file under `keys/` | holds | readable by |
//! |---|---|---|
//! | `root.key` | the key of the root: signs certificates and revocations, nothing else | owner |
//! | `root.pem` | the root, which partners trust | everybody |
//! | `server.key`, `server.pem` | what the node shows to those who connect | owner, everybody |
//! | `crl.pem` | the revocation list, signed by the root | everybody |
//! | `former/` | the same of the root before, until a rotation is finished (`keys`) | as above |
//! | `partners/POL.key`, `partners/POL.pem` | what Poland's machines show to the node | owner, everybody |
//!
//! `root.key` is not read while the node serves: move it off the machine, and bring it back to
//! issue, to revoke, and to sign the revocation list anew before it ends. To shut a partner out at
//! once, without the root, take its certificate off the list of pinned ones.
//!
//! Invariants: a private key is never readable by others than its owner, neither while it is
//! written nor when it is read; a file is replaced whole or not at all; the root signs no other
//! authority (path length 0) and every certificate says what it is for; a certificate that was
//! replaced is kept, so that it can be revoked; the time is an argument. Keys come from the
//! system's randomness, through ring.
//!
//! Out of scope: who is accepted on a connection (`listen`), whose a certificate is (pins).

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::net::{Ipv4Addr, Ipv6Addr};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use entente_object::time::Timestamp;
use entente_release::Nation;
use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, DnType,
    ExtendedKeyUsagePurpose, IsCa, Issuer, KeyIdMethod, KeyPair, KeyUsagePurpose,
    RevokedCertParams, SerialNumber, SigningKey as _,
};
use sha2::{Digest as _, Sha256};
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::{GeneralName, ParsedExtension, X509Extension};
use x509_parser::oid_registry::OID_X509_EXT_CRL_NUMBER;
use x509_parser::prelude::FromDer as _;
use x509_parser::revocation_list::CertificateRevocationList;

/// How long a root lasts: longer than the programmes it serves, and no partner has to change what
/// it trusts meanwhile.
pub(crate) const ROOT_LASTS: Duration = Duration::from_hours(24 * 3650);

/// How long the node's own certificate lasts: the most that the CA/Browser Forum let a server
/// certificate last until 2026, so every client accepts it.
pub(crate) const SERVER_LASTS: Duration = Duration::from_hours(24 * 397);

/// How long a partner's certificate lasts.
pub(crate) const CLIENT_LASTS: Duration = Duration::from_hours(24 * 397);

/// How long a revocation list is good for: a month in which the root stays in its safe.
pub(crate) const CRL_LASTS: Duration = Duration::from_hours(24 * 30);

/// How far clocks may differ: certificates start so much earlier than they are made.
pub(crate) const CLOCK_SKEW: Duration = Duration::from_mins(5);

/// A warning comes so long before the end of a certificate or revocation list.
pub(crate) const WARN_BEFORE: Duration = Duration::from_hours(24 * 7);

/// The last second that a certificate can name: the end of the year 9999.
const LAST_SECOND: i64 = 253_402_300_799;

/// What is wrong with the node's certificates, where, and what to do.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CertificateError {
    /// A file is not there.
    #[error("{} is missing; {advice}", path.display())]
    Missing {
        /// The file.
        path: PathBuf,
        /// What to do.
        advice: &'static str,
    },
    /// A file cannot be read.
    #[error("{} cannot be read: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file cannot be written.
    #[error("{} cannot be written: {source}; check the disk and who owns the folder", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A private key is readable by others.
    #[error(
        "{0} is a private key that others can open (mode {mode:03o}); run `chmod 600 {0}`, and make \
         a new key if anybody else uses this machine",
        path.display()
    )]
    Permission {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// A file would be written over.
    #[error(
        "{} is there already and every partner trusts it; move the folder away if you mean to start \
         anew",
        path.display()
    )]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// A file does not hold what it must.
    #[error("{} holds no usable {what}: {why}; restore it from a backup or make it anew", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What it must hold.
        what: &'static str,
        /// Why it does not.
        why: String,
    },
    /// A key and a certificate do not belong together.
    #[error("{} is not the key of the certificate beside it; issue both anew", path.display())]
    KeyOfAnother {
        /// The file of the key.
        path: PathBuf,
    },
    /// A certificate has ended.
    #[error("the certificate {} ended at {until}, and it is {now}; issue a new one", path.display())]
    Expired {
        /// The file.
        path: PathBuf,
        /// Its last second.
        until: Timestamp,
        /// The time by this machine's clock.
        now: Timestamp,
    },
    /// A certificate has not begun.
    #[error(
        "the certificate {} begins at {from}, and it is {now} by this machine's clock; set the clock",
        path.display()
    )]
    NotYetValid {
        /// The file.
        path: PathBuf,
        /// Its first second.
        from: Timestamp,
        /// The time by this machine's clock.
        now: Timestamp,
    },
    /// A revocation list has ended.
    #[error(
        "the revocation list {} ended at {until}, and it is {now}: no client certificate is accepted \
         until it is signed anew with the root key",
        path.display()
    )]
    ListExpired {
        /// The file.
        path: PathBuf,
        /// Its last second.
        until: Timestamp,
        /// The time by this machine's clock.
        now: Timestamp,
    },
    /// Something will end soon.
    #[error("{} ends at {until}; make it anew before", path.display())]
    EndsSoon {
        /// The file.
        path: PathBuf,
        /// Its last second.
        until: Timestamp,
    },
    /// No certificate can last so long.
    #[error(
        "a certificate cannot last from {from} to {until}; choose a shorter time, or set the clock"
    )]
    Lasting {
        /// Its first second.
        from: Timestamp,
        /// Its last second.
        until: Timestamp,
    },
    /// A server needs a name.
    #[error("\"{name}\" is no name for a server; use a host name in ASCII or an IP address")]
    Name {
        /// What was asked for.
        name: String,
    },
    /// A certificate was signed by somebody else.
    #[error("the certificate was not signed by this node's root, so this node cannot revoke it")]
    NotOurs,
    /// A certificate could not be made.
    #[error("the certificate could not be made: {0}")]
    Made(#[from] rcgen::Error),
    /// TLS does not take what the files hold.
    #[error("TLS cannot be set up with {}: {why}", path.display())]
    Tls {
        /// The folder.
        path: PathBuf,
        /// Why.
        why: String,
    },
}

impl CertificateError {
    /// Whether the node can serve all the same, perhaps not to everybody.
    pub(crate) fn is_warning(&self) -> bool {
        matches!(self, Self::ListExpired { .. } | Self::EndsSoon { .. })
    }

    /// Whether it says that the time of this file ends or has ended.
    pub(crate) fn is_about(&self, file: &Path) -> bool {
        let (Self::ListExpired { path, .. } | Self::EndsSoon { path, .. }) = self else {
            return false;
        };
        path == file
    }
}

/// From when to when something is good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Validity {
    /// The first instant.
    pub(crate) not_before: Timestamp,
    /// The last one.
    pub(crate) not_after: Timestamp,
}

impl Validity {
    /// From now on for this long, beginning earlier by [`CLOCK_SKEW`].
    pub(crate) fn lasting(now: Timestamp, by: Duration) -> Self {
        Self { not_before: now.saturating_sub(CLOCK_SKEW), not_after: now.saturating_add(by) }
    }

    fn apply(self, params: &mut CertificateParams) -> Result<(), CertificateError> {
        let lasting = CertificateError::Lasting { from: self.not_before, until: self.not_after };
        if self.not_before >= self.not_after {
            return Err(lasting);
        }
        let seconds = (since_1970(self.not_before), since_1970(self.not_after));
        let (Some(before), Some(after)) = seconds else { return Err(lasting) };
        let epoch = rcgen::date_time_ymd(1970, 1, 1);
        (params.not_before, params.not_after) = (epoch + before, epoch + after);
        Ok(())
    }
}

/// Where the files are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Keys {
    folder: PathBuf,
}

impl Keys {
    /// The keys of the node that lives in `home`.
    pub(crate) fn of(home: &Path) -> Self {
        Self { folder: home.join("keys") }
    }

    /// Keys in a folder of their own.
    pub(crate) fn in_folder(folder: &Path) -> Self {
        Self { folder: folder.to_owned() }
    }

    /// Those of the root before, until its rotation is finished.
    pub(crate) fn former(&self) -> Option<Self> {
        let former = Self { folder: self.folder.join("former") };
        former.root().exists().then_some(former)
    }

    /// The roots that count, and the revocation list of each.
    pub(crate) fn authorities(&self) -> impl Iterator<Item = Self> {
        std::iter::once(self.clone()).chain(self.former())
    }

    /// The revocation list by the root that signed what this node shows to partners' nodes.
    pub(crate) fn shown_crl(&self) -> Result<PathBuf, CertificateError> {
        let client = Certificate::read(&self.client())?;
        for keys in self.authorities() {
            if Certificate::read(&keys.root())?.signed(&client) {
                return Ok(keys.crl());
            }
        }
        Ok(self.crl())
    }

    /// The certificates of partners, those that were replaced as well.
    pub(crate) fn partners(&self) -> Result<Vec<PathBuf>, CertificateError> {
        let folder = self.folder.join("partners");
        let files = match fs::read_dir(&folder) {
            Err(source) if source.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(source) => return Err(CertificateError::Read { path: folder, source }),
            Ok(files) => files,
        };
        let paths = files.filter_map(|file| Some(file.ok()?.path()));
        Ok(paths.filter(|path| path.extension().is_some_and(|end| end == "pem")).collect())
    }

    /// Until when the revocation list is good.
    pub(crate) fn list_until(&self) -> Result<Timestamp, CertificateError> {
        Ok(read_crl(&self.crl())?.until)
    }

    /// The folder that holds them.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// The key of the root: to be kept offline.
    pub(crate) fn root_key(&self) -> PathBuf {
        self.folder.join("root.key")
    }

    /// The root.
    pub(crate) fn root(&self) -> PathBuf {
        self.folder.join("root.pem")
    }

    /// The key of the server.
    pub(crate) fn server_key(&self) -> PathBuf {
        self.folder.join("server.key")
    }

    /// The certificate of the server.
    pub(crate) fn server(&self) -> PathBuf {
        self.folder.join("server.pem")
    }

    /// The revocation list.
    pub(crate) fn crl(&self) -> PathBuf {
        self.folder.join("crl.pem")
    }

    /// The key that this node shows to partners' nodes.
    pub(crate) fn client_key(&self) -> PathBuf {
        self.folder.join("client.key")
    }

    /// The certificate that this node shows to partners' nodes.
    pub(crate) fn client(&self) -> PathBuf {
        self.folder.join("client.pem")
    }

    /// Writes the certificate that this node shows to partners' nodes, and its key.
    pub(crate) fn save_client(&self, issued: &Issued) -> Result<(), CertificateError> {
        issued.save(&self.client(), &self.client_key())
    }

    /// The key of a partner.
    pub(crate) fn partner_key(&self, nation: Nation) -> PathBuf {
        self.folder.join("partners").join(format!("{nation}.key"))
    }

    /// The certificate of a partner.
    pub(crate) fn partner(&self, nation: Nation) -> PathBuf {
        self.folder.join("partners").join(format!("{nation}.pem"))
    }

    /// Writes the certificate of the server and its key.
    pub(crate) fn save_server(&self, issued: &Issued) -> Result<(), CertificateError> {
        issued.save(&self.server(), &self.server_key())
    }

    /// Writes the certificate of a partner and its key.
    pub(crate) fn save_partner(
        &self,
        nation: Nation,
        issued: &Issued,
    ) -> Result<(), CertificateError> {
        issued.save(&self.partner(nation), &self.partner_key(nation))
    }

    /// Everything that is wrong, or soon will be, with what a server needs, for people. Empty if
    /// all is well.
    pub(crate) fn faults(&self, now: Timestamp) -> Vec<CertificateError> {
        let renew = "run `entente keys renew`";
        let key = read_key(&self.server_key(), renew).err();
        let root = check_certificate(&self.root(), "run `entente init`", now).err();
        let server = check_certificate(&self.server(), renew, now).err();
        let mut client = self.client().exists().then_some(self.client());
        let client = client.take().and_then(|path| check_certificate(&path, renew, now).err());
        let lists = self.authorities().filter_map(|keys| keys.check_crl(now).err());
        [key, root, server, client].into_iter().flatten().chain(lists).collect()
    }

    fn check_crl(&self, now: Timestamp) -> Result<(), CertificateError> {
        let path = self.crl();
        let until = read_crl(&path)?.until;
        if until < now {
            return Err(CertificateError::ListExpired { path, until, now });
        }
        ends_soon(path, until, now)
    }
}

/// The root with its key: signs.
pub(crate) struct Authority {
    keys: Keys,
    issuer: Issuer<'static, KeyPair>,
    root: Pem,
}

/// A new certificate with its key.
#[derive(Clone)]
pub(crate) struct Issued {
    /// The certificate.
    pub(crate) certificate_pem: String,
    /// Its private key, PKCS #8.
    pub(crate) key_pem: String,
    /// SHA-256 of the certificate as DER: what is pinned.
    pub(crate) sha256: [u8; 32],
    /// From when to when it is good.
    pub(crate) validity: Validity,
}

impl Authority {
    /// Makes the root of the node of `nation`, with an empty revocation list. Never over another.
    pub(crate) fn create(
        keys: &Keys,
        nation: Nation,
        now: Timestamp,
    ) -> Result<Self, CertificateError> {
        for path in [keys.root_key(), keys.root()] {
            if path.exists() {
                return Err(CertificateError::Exists { path });
            }
        }
        let mut params = named(&format!("Entente root of {nation}"), nation.as_str());
        Validity::lasting(now, ROOT_LASTS).apply(&mut params)?;
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let key = KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256)?;
        let root = params.self_signed(&key)?;
        write_whole(&keys.root_key(), key.serialize_pem().as_bytes(), KEY_MODE)?;
        write_whole(&keys.root(), root.pem().as_bytes(), PUBLIC_MODE)?;
        let authority = Self::open(keys)?;
        authority.write_crl(now, CRL_LASTS)?;
        Ok(authority)
    }

    /// The root of a node, with its key, which must be there.
    pub(crate) fn open(keys: &Keys) -> Result<Self, CertificateError> {
        let key_path = keys.root_key();
        let key_pem = read_key(&key_path, "bring the root key back from where it is kept")?;
        let damaged = |path: &Path, what, e: &rcgen::Error| CertificateError::Damaged {
            path: path.to_owned(),
            what,
            why: e.to_string(),
        };
        let key = KeyPair::from_pem(&key_pem).map_err(|e| damaged(&key_path, "key", &e))?;
        let root = read_pem(&keys.root(), "run `entente init`")?;
        let certificate = root.certificate(&keys.root())?;
        if certificate.public_key().subject_public_key.data.as_ref() != key.public_key_raw() {
            return Err(CertificateError::KeyOfAnother { path: key_path });
        }
        let issuer = Issuer::from_ca_cert_pem(&root.text, key)
            .map_err(|e| damaged(&keys.root(), "certificate", &e))?;
        Ok(Self { keys: keys.clone(), issuer, root })
    }

    /// A certificate for a server that is reached under these names: host names or IP addresses.
    pub(crate) fn issue_server(
        &self,
        names: &[String],
        validity: Validity,
    ) -> Result<Issued, CertificateError> {
        let wrong = |name: &String| CertificateError::Name { name: name.clone() };
        let first = names.first().ok_or_else(|| wrong(&String::new()))?;
        if let Some(name) = names.iter().find(|name| !is_server_name(name)) {
            return Err(wrong(name));
        }
        let mut params = named(first, "Entente node");
        params.subject_alt_names = CertificateParams::new(names)?.subject_alt_names;
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        self.issue(params, validity)
    }

    /// A certificate for the machines of a partner.
    pub(crate) fn issue_client(
        &self,
        nation: Nation,
        validity: Validity,
    ) -> Result<Issued, CertificateError> {
        let mut params = named(nation.as_str(), "Entente partner");
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        self.issue(params, validity)
    }

    fn issue(
        &self,
        mut params: CertificateParams,
        validity: Validity,
    ) -> Result<Issued, CertificateError> {
        validity.apply(&mut params)?;
        params.is_ca = IsCa::ExplicitNoCa;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.use_authority_key_identifier_extension = true;
        let key = KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256)?;
        let certificate = params.signed_by(&key, &self.issuer)?;
        Ok(Issued {
            certificate_pem: certificate.pem(),
            key_pem: key.serialize_pem(),
            sha256: Sha256::digest(certificate.der()).into(),
            validity,
        })
    }

    /// Signs something else than a certificate: ECDSA over P-256 and SHA-256, in DER.
    pub(crate) fn sign(&self, message: &[u8]) -> Result<Vec<u8>, CertificateError> {
        Ok(self.issuer.key().sign(message)?)
    }

    /// Revokes a certificate that this root signed, and signs the list anew. Revoking twice is
    /// revoking once. The node has to load the list.
    pub(crate) fn revoke(&self, path: &Path, now: Timestamp) -> Result<(), CertificateError> {
        let pem = read_pem(path, "name the file of the certificate to revoke")?;
        let certificate = pem.certificate(path)?;
        let root = self.root.certificate(&self.keys.root())?;
        let same_name = certificate.issuer().as_raw() == root.subject().as_raw();
        if !same_name || issuer_key(&certificate).is_none_or(|id| Some(id) != own_key(&root)) {
            return Err(CertificateError::NotOurs);
        }
        let mut list = read_crl(&self.keys.crl())?;
        if !list.revoked.iter().any(|(serial, _)| serial == certificate.raw_serial()) {
            list.revoked.push((certificate.raw_serial().to_vec(), now));
        }
        self.sign_crl(&list, Validity { not_before: now, not_after: now.saturating_add(CRL_LASTS) })
    }

    /// Signs the revocation list anew, so that it is good for this long. What was revoked stays so.
    pub(crate) fn write_crl(
        &self,
        now: Timestamp,
        lasts: Duration,
    ) -> Result<(), CertificateError> {
        let list = match read_crl(&self.keys.crl()) {
            Err(CertificateError::Missing { .. }) => RevocationList::empty(now),
            other => other?,
        };
        self.sign_crl(&list, Validity { not_before: now, not_after: now.saturating_add(lasts) })
    }

    fn sign_crl(&self, list: &RevocationList, good: Validity) -> Result<(), CertificateError> {
        let epoch = rcgen::date_time_ymd(1970, 1, 1);
        let lasting = || CertificateError::Lasting { from: good.not_before, until: good.not_after };
        let time = |t| since_1970(t).map(|since| epoch + since).ok_or_else(lasting);
        let mut revoked_certs = Vec::new();
        for (serial, at) in &list.revoked {
            revoked_certs.push(RevokedCertParams {
                serial_number: SerialNumber::from_slice(serial),
                revocation_time: time(*at)?,
                reason_code: None,
                invalidity_date: None,
            });
        }
        let params = CertificateRevocationListParams {
            this_update: time(good.not_before)?,
            next_update: time(good.not_after)?,
            crl_number: SerialNumber::from(list.number.saturating_add(1)),
            issuing_distribution_point: None,
            revoked_certs,
            key_identifier_method: KeyIdMethod::Sha256,
        };
        let pem = params.signed_by(&self.issuer)?.pem()?;
        write_whole(&self.keys.crl(), pem.as_bytes(), PUBLIC_MODE)
    }
}

impl Issued {
    /// Writes the certificate and its key. A certificate that was there is kept beside it, named by
    /// its fingerprint, so that it can still be revoked.
    pub(crate) fn save(&self, certificate: &Path, key: &Path) -> Result<(), CertificateError> {
        if let Ok(earlier) = fs::read(certificate) {
            let digest: [u8; 32] = Sha256::digest(&earlier).into();
            let [a, b, c, d, ..] = digest;
            let mark = format!("{:08x}", u32::from_be_bytes([a, b, c, d]));
            write_whole(&certificate.with_extension(format!("{mark}.pem")), &earlier, PUBLIC_MODE)?;
        }
        write_whole(key, self.key_pem.as_bytes(), KEY_MODE)?;
        write_whole(certificate, self.certificate_pem.as_bytes(), PUBLIC_MODE)
    }
}

/// A private key in PEM that nobody else can open.
pub(crate) fn read_key(path: &Path, advice: &'static str) -> Result<String, CertificateError> {
    let text = read(path, advice)?;
    let metadata = fs::metadata(path)
        .map_err(|source| CertificateError::Read { path: path.to_owned(), source })?;
    let mode = metadata.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err(CertificateError::Permission { path: path.to_owned(), mode });
    }
    Ok(text)
}

/// Whether a certificate is good now, and for a while.
pub(crate) fn check_certificate(
    path: &Path,
    advice: &'static str,
    now: Timestamp,
) -> Result<(), CertificateError> {
    let pem = read_pem(path, advice)?;
    let validity = pem.certificate(path)?.validity().clone();
    let [from, until] = [&validity.not_before, &validity.not_after].map(|t| instant(t.timestamp()));
    let path = path.to_owned();
    if now.unix_seconds() < from.unix_seconds() {
        return Err(CertificateError::NotYetValid { path, from, now });
    }
    if now.unix_seconds() > until.unix_seconds() {
        return Err(CertificateError::Expired { path, until, now });
    }
    ends_soon(path, until, now)
}

fn ends_soon(path: PathBuf, until: Timestamp, now: Timestamp) -> Result<(), CertificateError> {
    if until.saturating_since(now) < WARN_BEFORE {
        return Err(CertificateError::EndsSoon { path, until });
    }
    Ok(())
}

/// What a revocation list says.
struct RevocationList {
    number: u64,
    until: Timestamp,
    revoked: Vec<(Vec<u8>, Timestamp)>,
}

impl RevocationList {
    fn empty(now: Timestamp) -> Self {
        Self { number: 0, until: now, revoked: Vec::new() }
    }
}

fn read_crl(path: &Path) -> Result<RevocationList, CertificateError> {
    let advice = "restore it from a backup: without it nobody knows what was revoked";
    let damaged = |why: String| CertificateError::Damaged {
        path: path.to_owned(),
        what: "revocation list",
        why,
    };
    let pem = read_pem(path, advice)?;
    let (_, list) =
        CertificateRevocationList::from_der(&pem.der).map_err(|e| damaged(e.to_string()))?;
    let until = list.next_update().ok_or_else(|| damaged("it has no end".to_owned()))?;
    let number = list.extensions().iter().find(|e| e.oid == OID_X509_EXT_CRL_NUMBER);
    let number = match number.map(X509Extension::parsed_extension) {
        Some(ParsedExtension::CRLNumber(number)) => u64::try_from(number).ok(),
        _ => None,
    };
    let revoked = list.iter_revoked_certificates();
    Ok(RevocationList {
        number: number.ok_or_else(|| damaged("it has no number".to_owned()))?,
        until: instant(until.timestamp()),
        revoked: revoked
            .map(|r| (r.raw_serial().to_vec(), instant(r.revocation_date.timestamp())))
            .collect(),
    })
}

/// What a certificate says.
pub(crate) struct Certificate {
    /// The names or addresses that it is for.
    pub(crate) names: Vec<String>,
    /// Its last second.
    pub(crate) until: Timestamp,
    /// SHA-256 of it as DER.
    pub(crate) sha256: [u8; 32],
    key: Option<Vec<u8>>,
    issuer: Option<Vec<u8>>,
}

impl Certificate {
    /// Reads one of this node.
    pub(crate) fn read(path: &Path) -> Result<Self, CertificateError> {
        let pem = read_pem(path, "run `entente keys renew`")?;
        let certificate = pem.certificate(path)?;
        let names = certificate.subject_alternative_name().ok().flatten();
        let names = names.map_or(&[][..], |names| &names.value.general_names);
        Ok(Self {
            names: names.iter().filter_map(server_name).collect(),
            until: instant(certificate.validity().not_after.timestamp()),
            sha256: Sha256::digest(&pem.der).into(),
            key: own_key(&certificate).map(<[u8]>::to_vec),
            issuer: issuer_key(&certificate).map(<[u8]>::to_vec),
        })
    }

    /// Whether its key signed another one, by the identifiers on both.
    pub(crate) fn signed(&self, other: &Self) -> bool {
        self.key.is_some() && self.key == other.issuer
    }
}

fn server_name(name: &GeneralName<'_>) -> Option<String> {
    if let GeneralName::DNSName(name) = name {
        return Some((*name).to_owned());
    }
    let GeneralName::IPAddress(bytes) = name else { return None };
    match <[u8; 4]>::try_from(*bytes) {
        Ok(bytes) => Some(Ipv4Addr::from(bytes).to_string()),
        Err(_) => Some(Ipv6Addr::from(<[u8; 16]>::try_from(*bytes).ok()?).to_string()),
    }
}

/// The first part of a PEM file.
struct Pem {
    text: String,
    der: Vec<u8>,
}

impl Pem {
    fn certificate(&self, path: &Path) -> Result<X509Certificate<'_>, CertificateError> {
        X509Certificate::from_der(&self.der).map(|(_, certificate)| certificate).map_err(|e| {
            let (path, why) = (path.to_owned(), e.to_string());
            CertificateError::Damaged { path, what: "certificate", why }
        })
    }
}

fn read_pem(path: &Path, advice: &'static str) -> Result<Pem, CertificateError> {
    let text = read(path, advice)?;
    match x509_parser::pem::parse_x509_pem(text.as_bytes()) {
        Ok((_, pem)) => Ok(Pem { der: pem.contents, text }),
        Err(e) => {
            let (path, why) = (path.to_owned(), e.to_string());
            Err(CertificateError::Damaged { path, what: "PEM", why })
        }
    }
}

fn read(path: &Path, advice: &'static str) -> Result<String, CertificateError> {
    fs::read_to_string(path).map_err(|source| {
        let path = path.to_owned();
        if source.kind() == io::ErrorKind::NotFound {
            CertificateError::Missing { path, advice }
        } else {
            CertificateError::Read { path, source }
        }
    })
}

/// Only the owner.
const KEY_MODE: u32 = 0o600;

/// Everybody may read.
const PUBLIC_MODE: u32 = 0o644;

/// Replaces a file whole or not at all; it never has another mode than this.
fn write_whole(path: &Path, bytes: &[u8], mode: u32) -> Result<(), CertificateError> {
    let write = || -> io::Result<()> {
        let folder = path.parent().unwrap_or(Path::new("."));
        fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        let mut name = path.file_name().unwrap_or_default().to_owned();
        name.push(".new");
        let new = folder.join(name);
        match fs::remove_file(&new) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(e),
            _ => {}
        }
        let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(&new)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&new, path)?;
        fs::File::open(folder)?.sync_all()
    };
    write().map_err(|source| CertificateError::Write { path: path.to_owned(), source })
}

fn named(common_name: &str, organisation: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, common_name);
    params.distinguished_name.push(DnType::OrganizationName, organisation);
    params
}

/// A host name of RFC 1123, perhaps with a star in front, or an IP address.
fn is_server_name(name: &str) -> bool {
    let label = |part: &str| {
        let fits = |c: u8| c.is_ascii_alphanumeric() || c == b'-';
        (1..=63).contains(&part.len())
            && part.bytes().all(fits)
            && !part.starts_with('-')
            && !part.ends_with('-')
    };
    let host = name.strip_prefix("*.").unwrap_or(name);
    name.parse::<std::net::IpAddr>().is_ok() || (name.len() <= 253 && host.split('.').all(label))
}

/// How long after the start of 1970 an instant is that certificates can write: whole seconds, to the
/// end of the year 9999.
fn since_1970(at: Timestamp) -> Option<Duration> {
    let seconds = u64::try_from(at.unix_seconds()).ok()?;
    (at.unix_seconds() <= LAST_SECOND).then(|| Duration::from_secs(seconds))
}

fn instant(unix_seconds: i64) -> Timestamp {
    Timestamp::from_unix_micros(unix_seconds.saturating_mul(1_000_000))
}

/// The key that signed the certificate, by its identifier.
pub(crate) fn issuer_key<'c>(certificate: &'c X509Certificate<'_>) -> Option<&'c [u8]> {
    certificate.iter_extensions().find_map(|extension| {
        let ParsedExtension::AuthorityKeyIdentifier(id) = extension.parsed_extension() else {
            return None;
        };
        id.key_identifier.as_ref().map(|id| id.0)
    })
}

/// The key of the certificate, by its identifier.
fn own_key<'c>(certificate: &'c X509Certificate<'_>) -> Option<&'c [u8]> {
    certificate.iter_extensions().find_map(|extension| {
        let ParsedExtension::SubjectKeyIdentifier(id) = extension.parsed_extension() else {
            return None;
        };
        Some(id.0)
    })
}

#[cfg(test)]
mod tests;
