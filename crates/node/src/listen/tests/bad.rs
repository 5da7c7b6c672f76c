//! Certificates with everything that can be wrong with one, signed by whoever can have signed it.
//!
//! Invariant: the first fault is none, and the first two signers are the root itself.

use std::sync::Arc;
use std::time::Duration;

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyPair, KeyUsagePurpose,
};
use rustls::SignatureScheme;
use rustls::client::ResolvesClientCert;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;

const HOUR: Duration = Duration::from_hours(1);
const DAY: Duration = Duration::from_hours(24);

/// Year, month, day.
pub(crate) type Day = (i32, u8, u8);

/// Shows a certificate whether or not the node asked for one of its kind.
#[derive(Clone, Debug)]
pub(crate) struct Shows(pub(crate) Arc<CertifiedKey>);

impl Shows {
    pub(crate) fn new(chain: Vec<CertificateDer<'static>>, key: &KeyPair) -> Self {
        Self::pem(chain, &key.serialize_pem())
    }

    pub(crate) fn pem(chain: Vec<CertificateDer<'static>>, key_pem: &str) -> Self {
        let key = PrivateKeyDer::from_pem_slice(key_pem.as_bytes()).unwrap();
        let key = ring::sign::any_supported_type(&key).unwrap();
        Self(Arc::new(CertifiedKey::new(chain, key)))
    }
}

impl ResolvesClientCert for Shows {
    fn resolve(&self, _: &[&[u8]], _: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        Some(self.0.clone())
    }

    fn has_certs(&self) -> bool {
        true
    }
}

fn name(params: &mut CertificateParams, common_name: &str, organisation: &str) {
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, common_name);
    params.distinguished_name.push(DnType::OrganizationName, organisation);
}

/// Poland's certificate as the node would issue it, to be spoilt.
pub(crate) fn poland((year, month, day): Day) -> CertificateParams {
    let mut params = CertificateParams::default();
    name(&mut params, "POL", "Entente partner");
    let today = rcgen::date_time_ymd(year, month, day);
    params.not_before = today - DAY;
    params.not_after = today + DAY * 300;
    params.is_ca = IsCa::ExplicitNoCa;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    params.use_authority_key_identifier_extension = true;
    params
}

/// An authority that looks like the node's root.
pub(crate) fn root_like(today: Day) -> CertificateParams {
    let mut params = poland(today);
    name(&mut params, "Entente root of KOR", "KOR");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.extended_key_usages = Vec::new();
    params
}

pub(crate) fn key() -> KeyPair {
    KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).unwrap()
}

pub(crate) type Fault = (&'static str, fn(&mut CertificateParams));

/// What can be wrong with a certificate itself. The first is nothing.
pub(crate) const FAULTS: &[Fault] = &[
    ("good", |_| {}),
    ("expired", |p| p.not_after = p.not_before + DAY - HOUR),
    ("expired long ago", |p| {
        p.not_before = rcgen::date_time_ymd(1990, 1, 1);
        p.not_after = rcgen::date_time_ymd(1991, 1, 1);
    }),
    ("not yet valid", |p| p.not_before += DAY * 2),
    ("ends before it begins", |p| {
        p.not_after = p.not_before - DAY * 30;
        p.not_before += DAY * 30;
    }),
    ("without a purpose", |p| p.extended_key_usages.clear()),
    ("for servers", |p| p.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth]),
    ("for servers too", |p| p.extended_key_usages.push(ExtendedKeyUsagePurpose::ServerAuth)),
    ("for anything", |p| p.extended_key_usages = vec![ExtendedKeyUsagePurpose::Any]),
    ("for anything too", |p| p.extended_key_usages.push(ExtendedKeyUsagePurpose::Any)),
    ("for mail", |p| p.extended_key_usages = vec![ExtendedKeyUsagePurpose::EmailProtection]),
    ("without a usage", |p| p.key_usages.clear()),
    ("for agreement", |p| p.key_usages = vec![KeyUsagePurpose::KeyAgreement]),
    ("signs certificates", |p| p.key_usages.push(KeyUsagePurpose::KeyCertSign)),
    ("an authority", |p| p.is_ca = IsCa::Ca(BasicConstraints::Constrained(0))),
    ("with an unknown critical extension", |p| {
        let mut extension = rcgen::CustomExtension::from_oid_content(&[1, 2, 3, 4], vec![5, 0]);
        extension.set_criticality(true);
        p.custom_extensions.push(extension);
    }),
    ("with critical policy constraints", |p| {
        let constraints = vec![0x30, 3, 0x80, 1, 0];
        let mut extension = rcgen::CustomExtension::from_oid_content(&[2, 5, 29, 36], constraints);
        extension.set_criticality(true);
        p.custom_extensions.push(extension);
    }),
    ("with a purpose twice", |p| {
        let client = vec![0x30, 10, 6, 8, 0x2b, 6, 1, 5, 5, 7, 3, 2];
        let extension = rcgen::CustomExtension::from_oid_content(&[2, 5, 29, 37], client);
        p.custom_extensions.push(extension);
    }),
];

/// Who can have signed a certificate: each with what is sent along.
pub(crate) struct Signer {
    pub(crate) name: &'static str,
    pub(crate) issuer: rcgen::Issuer<'static, KeyPair>,
    pub(crate) along: Vec<CertificateDer<'static>>,
}

pub(crate) fn signers(root_pem: &str, root_key: &str, today: Day) -> Vec<Signer> {
    let root =
        || rcgen::Issuer::from_ca_cert_pem(root_pem, KeyPair::from_pem(root_key).unwrap()).unwrap();
    let root_der = CertificateDer::from_pem_slice(root_pem.as_bytes()).unwrap();
    let own = |params: CertificateParams, along: &[CertificateDer<'static>]| {
        let issuer = CertifiedIssuer::self_signed(params.clone(), key()).unwrap();
        let along = [&[issuer.der().clone()], along].concat();
        let pem = issuer.pem();
        let key_pem = issuer.key().serialize_pem();
        let key = KeyPair::from_pem(&key_pem).unwrap();
        (rcgen::Issuer::from_ca_cert_pem(&pem, key).unwrap(), along)
    };
    let mut other_name = root_like(today);
    name(&mut other_name, "Another root", "XXA");
    let below = || {
        let (key, mut params) = (key(), root_like(today));
        name(&mut params, "Below the root", "KOR");
        let certificate = params.signed_by(&key, &root()).unwrap();
        let issuer = rcgen::Issuer::from_ca_cert_der(certificate.der(), key).unwrap();
        (issuer, certificate.der().clone())
    };
    let (other, other_along) = own(other_name, &[]);
    let (same, same_along) = own(root_like(today), &[]);
    let (same_mixed, mixed_along) = own(root_like(today), std::slice::from_ref(&root_der));
    let ((chained, chained_der), (hidden, _)) = (below(), below());
    vec![
        Signer { name: "the root", issuer: root(), along: vec![] },
        Signer { name: "the root, sent along", issuer: root(), along: vec![root_der.clone()] },
        Signer { name: "another root", issuer: other, along: other_along },
        Signer { name: "a root of the same name", issuer: same, along: same_along },
        Signer { name: "the same, beside the root", issuer: same_mixed, along: mixed_along },
        Signer { name: "one below the root", issuer: chained, along: vec![chained_der, root_der] },
        Signer { name: "one that is not shown", issuer: hidden, along: vec![] },
    ]
}
