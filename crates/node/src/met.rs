//! The nodes that this one has met: their cards, roots and revocation lists.
//!
//! | file under `keys/` | holds |
//! |---|---|
//! | `client.key`, `client.pem` | what this node shows to partners' nodes, signed by its own root |
//! | `peers/POL-1f2e3d4c.crl.pem` | the newest revocation list that Poland's node gave, of each of its roots |
//!
//! Invariants: a certificate is a nation's if a root on that nation's accepted card signed it, and no
//! other root can make it so; a root on two cards is nobody's; a revoked nation has no roots here.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context as _, Result};
use entente_intake::hex;
use entente_object::clock::Clock;
use entente_object::time::Timestamp;
use entente_peer::CLOCK_SKEW;
use entente_peer::card::Card;
use entente_peer::doors::Caller;
use entente_peer::met::met;
use entente_release::Nation;
use entente_release::partner::Standing;
use entente_store::Reader;
use rustls::RootCertStore;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, CertificateRevocationListDer, UnixTime};
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::ClientCertVerifier;
use sha2::{Digest as _, Sha256};
use x509_parser::certificate::X509Certificate;
use x509_parser::num_bigint::BigUint;
use x509_parser::prelude::FromDer as _;
use x509_parser::revocation_list::CertificateRevocationList;

use crate::certificate::issuer_key;
use crate::folder;

/// How long a certificate that was looked up is not looked up again, in microseconds.
const VOUCHED_FOR: i64 = 30 * 1_000_000;

/// The roots of a card.
pub(crate) fn roots(card: &Card) -> Result<RootCertStore> {
    let mut store = RootCertStore::empty();
    for pem in &card.roots {
        let root = CertificateDer::from_pem_slice(pem.as_bytes());
        let root = root.context("a root on the card is no certificate")?;
        store.add(root).context("a root on the card is no authority")?;
    }
    Ok(store)
}

/// Who signed clients' certificates: for each nation what its roots alone vouch for, but for
/// revocation, which [`Lists`] knows.
#[derive(Clone, Debug, Default)]
pub(crate) struct Roots(Vec<(Nation, Arc<dyn ClientCertVerifier>)>);

impl Roots {
    /// The roots of those met and not revoked. A card that is no good is left out, and logged.
    pub(crate) fn load(folder: &Path) -> Result<Self> {
        let mut all = Vec::new();
        for (nation, met) in met(&Reader::open(folder)?)? {
            if met.standing == Standing::Revoked {
                continue;
            }
            match roots(&met.card).and_then(|roots| verifier(roots, None)) {
                Ok(verifier) => all.push((nation, verifier)),
                Err(error) => tracing::error!("the card of {nation} does not serve: {error:#}"),
            }
        }
        Ok(Self(all))
    }

    /// The verifiers.
    pub(crate) fn verifiers(&self) -> impl Iterator<Item = &Arc<dyn ClientCertVerifier>> {
        self.0.iter().map(|(_, verifier)| verifier)
    }

    /// The nation whose root signed a certificate, if one alone did.
    pub(crate) fn nation_of(&self, leaf: &CertificateDer<'_>, now: UnixTime) -> Option<Nation> {
        let vouches = |(nation, verifier): &(Nation, Arc<dyn ClientCertVerifier>)| {
            verifier.verify_client_cert(leaf, &[], now).is_ok().then_some(*nation)
        };
        let mut nations = self.0.iter().filter_map(vouches);
        match (nations.next(), nations.next()) {
            (Some(nation), None) => Some(nation),
            (_, _) => None,
        }
    }
}

/// What the roots vouch for; with a list, only while it is current, and nothing that it names.
fn verifier(
    roots: RootCertStore,
    list: Option<CertificateRevocationListDer<'static>>,
) -> Result<Arc<dyn ClientCertVerifier>> {
    let provider = Arc::new(ring::default_provider());
    let builder = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
    let builder = match list {
        Some(list) => builder.with_crls([list]).enforce_revocation_expiration(),
        None => builder,
    };
    Ok(builder.build()?)
}

/// Partners' revocation lists.
pub(crate) struct Lists {
    folder: PathBuf,
    clock: Arc<dyn Clock>,
    /// Held while a list is compared with the one that is here and put in its place.
    taking: Mutex<()>,
    /// Certificates that were looked up, by their digest, and when.
    vouched: Mutex<BTreeMap<[u8; 32], Timestamp>>,
}

const SHOW_YOURS: &str = "show a current revocation list first: PUT /peer/list";

impl Lists {
    /// The lists of the node in `home`.
    pub(crate) fn of(home: &Path, clock: Arc<dyn Clock>) -> Self {
        let folder = home.to_owned();
        Self { folder, clock, taking: Mutex::default(), vouched: Mutex::default() }
    }

    /// Where the list is that is by the root of a caller's certificate.
    fn path(&self, caller: &Caller) -> PathBuf {
        let of = hex(issuer(&caller.certificate).get(..4).unwrap_or_default());
        folder::keys(&self.folder).join("peers").join(format!("{}-{of}.crl.pem", caller.nation))
    }

    /// Whether the list that is here vouches for a certificate.
    pub(crate) fn vouch(&self, caller: &Caller, card: &Card) -> Result<(), String> {
        let now = self.clock.now();
        let key: [u8; 32] = Sha256::digest(&caller.certificate).into();
        let looked_up =
            self.vouched.lock().unwrap_or_else(PoisonError::into_inner).get(&key).copied();
        let age = looked_up.map(|at| now.unix_micros() - at.unix_micros());
        if age.is_some_and(|age| (0..VOUCHED_FOR).contains(&age)) {
            return Ok(());
        }
        let list = fs::read_to_string(self.path(caller)).map_err(|_| SHOW_YOURS.to_owned())?;
        self.check(caller, card, &list)?;
        let mut vouched = self.vouched.lock().unwrap_or_else(PoisonError::into_inner);
        // A partner may show ever new certificates.
        let is_recent =
            |at: &Timestamp| (0..VOUCHED_FOR).contains(&(now.unix_micros() - at.unix_micros()));
        vouched.retain(|_, at| is_recent(at));
        vouched.insert(key, now);
        Ok(())
    }

    /// Keeps a list that its nation signed, unless an equal or newer one is here.
    pub(crate) fn take(&self, caller: &Caller, card: &Card, list: &str) -> Result<(), String> {
        self.check(caller, card, list)?;
        let _alone = self.taking.lock().unwrap_or_else(PoisonError::into_inner);
        let path = self.path(caller);
        let before = fs::read_to_string(&path).ok();
        if before.as_deref() == Some(list) {
            return Ok(());
        }
        let made = made(list).ok_or("the revocation list cannot be read")?;
        if before.as_deref().and_then(self::made).is_some_and(|before| before >= made) {
            return Err("a newer revocation list than this one is here".to_owned());
        }
        // It would stand in the way of all that are made when the clock is right again.
        if made.0 > self.clock.now().saturating_add(CLOCK_SKEW).unix_seconds() {
            return Err(
                "the revocation list is of the future: one of the two clocks is wrong".to_owned()
            );
        }
        let kept = path.parent().map_or(Ok(()), fs::create_dir_all);
        let kept = kept.and_then(|()| {
            let fresh = path.with_extension("new");
            fs::write(&fresh, list)?;
            fs::rename(&fresh, &path)
        });
        kept.map_err(|cause| {
            tracing::error!("the revocation list of {} was not kept: {cause}", caller.nation);
            "this node failed; try later".to_owned()
        })?;
        self.vouched.lock().unwrap_or_else(PoisonError::into_inner).clear();
        Ok(())
    }

    fn check(&self, caller: &Caller, card: &Card, list: &str) -> Result<(), String> {
        let list = CertificateRevocationListDer::from_pem_slice(list.as_bytes());
        let list = list.map_err(|_| "that is no revocation list in PEM".to_owned())?;
        let verifier = roots(card).and_then(|roots| verifier(roots, Some(list)));
        let verifier = verifier.map_err(|error| format!("{error:#}"))?;
        let seconds = u64::try_from(self.clock.now().unix_seconds()).unwrap_or_default();
        let now = UnixTime::since_unix_epoch(std::time::Duration::from_secs(seconds));
        let leaf = CertificateDer::from(caller.certificate.to_vec());
        let checked = verifier.verify_client_cert(&leaf, &[], now);
        checked.map(drop).map_err(|error| {
            format!("your certificate does not pass your nation's revocation list: {error}; {SHOW_YOURS}")
        })
    }
}

/// Which root signed a certificate: SHA-256 of its name and its key's identifier, which webpki checked.
fn issuer(certificate: &[u8]) -> [u8; 32] {
    let mut hash = Sha256::new();
    if let Ok((_, certificate)) = X509Certificate::from_der(certificate) {
        hash.update(certificate.issuer().as_raw());
        hash.update(issuer_key(&certificate).unwrap_or_default());
    }
    hash.finalize().into()
}

/// When a list was made, in seconds since 1970, and its number, by its length and its digits: two may
/// be of one second.
fn made(list: &str) -> Option<(i64, usize, Vec<u8>)> {
    let der = CertificateRevocationListDer::from_pem_slice(list.as_bytes()).ok()?;
    let (_, list) = CertificateRevocationList::from_der(der.as_ref()).ok()?;
    let number = list.crl_number().map(BigUint::to_bytes_be).unwrap_or_default();
    Some((list.last_update().timestamp(), number.len(), number))
}

#[cfg(test)]
pub(crate) mod tests;
