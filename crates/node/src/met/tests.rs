//! Whose certificate is whose: a nation is who its own root signed for, while its own list vouches.

use std::time::Duration;

use entente_intake::Desk;
use entente_intake::acts::{NodeAct, PeerAct};
use entente_log::key::Key;
use entente_object::clock::StepClock;
use entente_store::Home;
use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, CertifiedIssuer, DnType,
    ExtendedKeyUsagePurpose, IsCa, KeyIdMethod, KeyPair, KeyUsagePurpose, RevokedCertParams,
    SerialNumber,
};

use super::*;

pub(crate) fn now() -> Timestamp {
    Timestamp::parse("2026-03-01T08:00:00Z").unwrap()
}

pub(crate) fn nation(code: &str) -> Nation {
    code.parse().unwrap()
}

fn unix(time: Timestamp) -> UnixTime {
    UnixTime::since_unix_epoch(Duration::from_secs(u64::try_from(time.unix_seconds()).unwrap()))
}

pub(crate) fn key() -> KeyPair {
    KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).unwrap()
}

/// A root, whatever name it bears.
pub(crate) struct Root(pub(crate) CertifiedIssuer<'static, KeyPair>);

fn named(name: &str, organisation: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    params.distinguished_name.push(DnType::OrganizationName, organisation);
    params.not_before = rcgen::date_time_ymd(2026, 1, 1);
    params.not_after = rcgen::date_time_ymd(2027, 1, 1);
    params
}

fn authority(name: &str) -> CertificateParams {
    let mut params = named(&format!("Entente root of {name}"), name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params
}

/// What a node shows, to be spoilt.
pub(crate) fn node_of(name: &str) -> CertificateParams {
    let mut params = named(name, "Entente partner");
    params.is_ca = IsCa::ExplicitNoCa;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    params.use_authority_key_identifier_extension = true;
    params
}

impl Root {
    pub(crate) fn of(name: &str) -> Self {
        Self(CertifiedIssuer::self_signed(authority(name), key()).unwrap())
    }

    /// An authority that this root signed, with the name of another's root.
    pub(crate) fn below(&self, name: &str) -> Self {
        Self(CertifiedIssuer::signed_by(authority(name), key(), &self.0).unwrap())
    }

    pub(crate) fn pem(&self) -> String {
        self.0.pem()
    }

    /// A certificate, with its key.
    pub(crate) fn sign(&self, params: &CertificateParams) -> (CertificateDer<'static>, KeyPair) {
        let key = key();
        (params.signed_by(&key, &self.0).unwrap().der().clone(), key)
    }

    fn leaf(&self, name: &str) -> CertificateDer<'static> {
        self.sign(&node_of(name)).0
    }

    /// A revocation list: from a day of March on for so many days, its number, and whom it names.
    pub(crate) fn list(
        &self,
        (day, days, number): (u8, u64, u64),
        named: &[&CertificateDer<'_>],
    ) -> String {
        let this_update = rcgen::date_time_ymd(2026, 3, day);
        let revoked = |leaf: &&CertificateDer<'_>| {
            let (_, leaf) = X509Certificate::from_der(leaf).unwrap();
            RevokedCertParams {
                serial_number: SerialNumber::from_slice(leaf.raw_serial()),
                revocation_time: this_update,
                reason_code: None,
                invalidity_date: None,
            }
        };
        let params = CertificateRevocationListParams {
            this_update,
            next_update: this_update + Duration::from_hours(24) * u32::try_from(days).unwrap(),
            crl_number: SerialNumber::from(number),
            issuing_distribution_point: None,
            revoked_certs: named.iter().map(revoked).collect(),
            key_identifier_method: KeyIdMethod::Sha256,
        };
        params.signed_by(&self.0).unwrap().pem().unwrap()
    }
}

pub(crate) fn card(code: &str, roots: &[&Root]) -> Card {
    let key = Key::from_seed(code, &[9; 32]).unwrap();
    let roots = roots.iter().map(|root| root.pem()).collect();
    Card::sign(&key, nation(code), roots, "https://localhost:8443", now()).unwrap()
}

/// Korea's folder, where these cards were accepted.
pub(crate) fn korea(folder: &Path, cards: &[Card]) -> Desk {
    let mut home = Home::open(folder).unwrap();
    let key = Key::from_seed("KOR", &[7; 32]).unwrap();
    let act = NodeAct { nation: "KOR".into(), key: key.public() };
    Desk::init(&mut home, &act, now()).unwrap();
    let clock = Arc::new(StepClock::new(now(), Duration::from_millis(1)));
    let mut desk = Desk::open(home, clock).unwrap();
    for card in cards {
        let act = PeerAct { nation: card.nation.to_string(), card: card.text().to_owned() };
        desk.meet(&act).unwrap();
    }
    desk
}

fn whose(cards: &[Card], leaf: &CertificateDer<'_>) -> Option<Nation> {
    let folder = tempfile::tempdir().unwrap();
    drop(korea(folder.path(), cards));
    Roots::load(folder.path()).unwrap().nation_of(leaf, unix(now()))
}

#[test]
fn a_certificate_is_of_the_nation_whose_root_signed_it_whatever_it_says() {
    let (poland, states) = (Root::of("POL"), Root::of("USA"));
    let cards = [card("POL", &[&poland]), card("USA", &[&states])];
    for name in ["POL", "USA", "KOR", "Entente root of USA"] {
        assert_eq!(whose(&cards, &poland.leaf(name)), Some(nation("POL")), "{name}");
        assert_eq!(whose(&cards, &states.leaf(name)), Some(nation("USA")), "{name}");
    }
    assert_eq!(whose(&cards, &Root::of("USA").leaf("USA")), None);
    // Poland's root bears the name of that of the United States.
    let false_states = Root::of("USA");
    let cards = [card("POL", &[&false_states]), card("USA", &[&states])];
    assert_eq!(whose(&cards, &false_states.leaf("USA")), Some(nation("POL")));
    assert_eq!(whose(&cards, &states.leaf("USA")), Some(nation("USA")));
    // Several roots of one card are one nation's.
    let cards = [card("POL", &[&poland, &false_states]), card("USA", &[&states])];
    assert_eq!(whose(&cards, &false_states.leaf("USA")), Some(nation("POL")));
    assert_eq!(whose(&cards, &poland.leaf("USA")), Some(nation("POL")));
}

#[test]
fn a_root_on_two_cards_is_nobodys() {
    let (poland, states) = (Root::of("POL"), Root::of("USA"));
    let cards = [card("POL", &[&poland, &states]), card("USA", &[&states])];
    assert_eq!(whose(&cards, &states.leaf("USA")), None);
    assert_eq!(whose(&cards, &poland.leaf("POL")), Some(nation("POL")));
}

#[test]
fn a_root_speaks_for_itself_and_while_it_is_good() {
    let (poland, states) = (Root::of("POL"), Root::of("USA"));
    let cards = [card("POL", &[&poland]), card("USA", &[&states])];
    let below = poland.below("USA");
    assert_eq!(whose(&cards, &below.leaf("USA")), None, "by an authority below the root");
    assert_eq!(whose(&cards, below.0.der()), None, "the authority itself");
    let spoilt = |spoil: &dyn Fn(&mut CertificateParams)| {
        let mut params = node_of("POL");
        spoil(&mut params);
        whose(&cards, &poland.sign(&params).0)
    };
    assert_eq!(spoilt(&|_| ()), Some(nation("POL")));
    let servers = vec![ExtendedKeyUsagePurpose::ServerAuth];
    assert_eq!(spoilt(&|params| params.extended_key_usages.clone_from(&servers)), None);
    assert_eq!(spoilt(&|params| params.not_after = rcgen::date_time_ymd(2026, 2, 1)), None);
    assert_eq!(spoilt(&|params| params.not_before = rcgen::date_time_ymd(2026, 4, 1)), None);
    assert_eq!(spoilt(&|params| params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained)), None);
}

#[test]
fn a_revoked_nation_has_no_roots_and_a_suspended_one_has() {
    let (poland, states) = (Root::of("POL"), Root::of("USA"));
    let folder = tempfile::tempdir().unwrap();
    let mut desk = korea(folder.path(), &[card("POL", &[&poland]), card("USA", &[&states])]);
    let whose =
        |root: &Root| Roots::load(folder.path()).unwrap().nation_of(&root.leaf("POL"), unix(now()));
    desk.change_partner(nation("POL"), |act| act.standing = "suspended".into()).unwrap();
    assert_eq!(whose(&poland), Some(nation("POL")));
    desk.change_partner(nation("POL"), |act| act.standing = "revoked".into()).unwrap();
    assert_eq!(whose(&poland), None);
    assert_eq!(whose(&states), Some(nation("USA")));
}

#[test]
fn a_card_that_does_not_serve_shuts_nobody_else_out() {
    let states = Root::of("USA");
    let key = Key::from_seed("POL", &[9; 32]).unwrap();
    let bad = |root: &str| {
        Card::sign(&key, nation("POL"), vec![root.to_owned()], "https://localhost:8443", now())
            .unwrap()
    };
    for root in
        ["", "no certificate", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"]
    {
        let cards = [bad(root), card("USA", &[&states])];
        assert_eq!(whose(&cards, &states.leaf("USA")), Some(nation("USA")), "{root}");
    }
}

#[test]
fn keys_of_roots_are_compared_and_not_their_certificates() {
    let root = Root::of("POL");
    let again = CertifiedIssuer::self_signed(
        authority("USA"),
        KeyPair::from_pem(&root.0.key().serialize_pem()).unwrap(),
    );
    let card = card("POL", &[&root]);
    assert!(card.has_a_root_of([again.unwrap().pem().as_str()]));
    assert!(!card.has_a_root_of([Root::of("POL").pem().as_str(), "no certificate"]));
}

/// Poland's certificate, and the lists that Korea has.
struct Shown {
    folder: tempfile::TempDir,
    clock: Arc<StepClock>,
    lists: Lists,
    poland: Root,
    card: Card,
    caller: Caller,
    leaf: CertificateDer<'static>,
}

fn shown() -> Shown {
    let folder = tempfile::tempdir().unwrap();
    let clock = Arc::new(StepClock::new(now(), Duration::ZERO));
    let lists = Lists::of(folder.path(), clock.clone());
    let poland = Root::of("POL");
    let (card, leaf) = (card("POL", &[&poland]), poland.leaf("POL"));
    let caller = Caller { nation: nation("POL"), certificate: leaf.to_vec().into() };
    Shown { folder, clock, lists, poland, card, caller, leaf }
}

impl Shown {
    fn take(&self, list: &str) -> Result<(), String> {
        self.lists.take(&self.caller, &self.card, list)
    }

    fn vouch(&self) -> Result<(), String> {
        self.lists.vouch(&self.caller, &self.card)
    }
}

#[test]
fn nobody_is_vouched_for_without_a_list() {
    let shown = shown();
    assert_eq!(shown.vouch(), Err(SHOW_YOURS.to_owned()));
    shown.take(&shown.poland.list((1, 30, 1), &[])).unwrap();
    assert_eq!(shown.vouch(), Ok(()));
    // Another node of this one's folder has it too: after a restart it is here.
    let again = Lists::of(shown.folder.path(), shown.clock.clone());
    assert_eq!(again.vouch(&shown.caller, &shown.card), Ok(()));
}

#[test]
fn a_list_that_is_not_the_nations_own_and_good_now_is_not_taken() {
    let shown = shown();
    let states = Root::of("USA");
    let same_name = Root::of("POL");
    let below = shown.poland.below("POL");
    let other = shown.poland.leaf("POL");
    let refused = [
        ("no list", String::new()),
        ("no PEM", "a list".to_owned()),
        ("a certificate", shown.poland.pem()),
        ("by another root", states.list((1, 30, 1), &[])),
        ("by a root of the same name", same_name.list((1, 30, 1), &[])),
        ("by an authority below", below.list((1, 30, 1), &[])),
        ("of tomorrow", shown.poland.list((2, 30, 1), &[])),
        ("that names the caller", shown.poland.list((1, 30, 1), &[&other, &shown.leaf])),
    ];
    for (case, list) in refused {
        assert!(shown.take(&list).is_err(), "{case}");
        assert!(shown.vouch().is_err(), "{case} vouches");
    }
    let changed = shown.poland.list((1, 30, 1), &[&other]);
    let der = CertificateRevocationListDer::from_pem_slice(changed.as_bytes()).unwrap();
    for at in (0..der.len()).step_by(7) {
        let mut der = der.to_vec();
        der[at] ^= 1;
        let list = crl_pem(&der);
        assert!(shown.take(&list).is_err(), "byte {at}");
    }
    shown.clock.advance(Duration::from_hours(48));
    assert!(shown.take(&shown.poland.list((1, 1, 1), &[])).is_err(), "it has ended");
    // One that names others is taken.
    assert_eq!(shown.take(&changed), Ok(()));
}

fn crl_pem(der: &[u8]) -> String {
    use base64::Engine as _;
    let text = base64::prelude::BASE64_STANDARD.encode(der);
    format!("-----BEGIN X509 CRL-----\n{text}\n-----END X509 CRL-----\n")
}

#[test]
fn an_older_list_does_not_take_the_place_of_a_newer_one() {
    let shown = shown();
    let thief = shown.poland.leaf("POL");
    let thief = Caller { nation: nation("POL"), certificate: thief.to_vec().into() };
    let thief_der = CertificateDer::from(thief.certificate.to_vec());
    let older = shown.poland.list((1, 60, 1), &[]);
    // Of the same second, and a day later: both name the thief.
    for newer in [(1, 60, 2), (1, 60, 256), (1, 60, 70_000)] {
        let newer = shown.poland.list(newer, &[&thief_der]);
        shown.lists.take(&shown.caller, &shown.card, &newer).unwrap();
        assert!(shown.lists.take(&thief, &shown.card, &older).is_err());
        assert!(shown.lists.vouch(&thief, &shown.card).is_err());
        assert_eq!(shown.take(&newer), Ok(()), "the same again");
    }
    // A list of the same second and number that says something else is nobody's word.
    let other = shown.poland.list((1, 60, 70_000), &[]);
    assert!(shown.lists.take(&thief, &shown.card, &other).is_err());
    assert!(shown.take(&older).is_err());
    assert_eq!(shown.vouch(), Ok(()));
    shown.clock.advance(Duration::from_hours(48));
    let later = shown.poland.list((2, 60, 1), &[&thief_der]);
    assert_eq!(shown.take(&later), Ok(()), "a later one of a lower number");
    assert!(shown.lists.vouch(&thief, &shown.card).is_err());
}

#[test]
fn a_certificate_is_vouched_for_until_its_list_ends_or_names_it() {
    let shown = shown();
    shown.take(&shown.poland.list((1, 2, 1), &[])).unwrap();
    assert_eq!(shown.vouch(), Ok(()));
    shown.clock.advance(Duration::from_hours(48));
    assert!(shown.vouch().is_err(), "the list has ended");
    // Another certificate of the nation brings the list that names the first: it counts at once.
    let shown = self::shown();
    shown.take(&shown.poland.list((1, 2, 1), &[])).unwrap();
    assert_eq!(shown.vouch(), Ok(()));
    let other = shown.poland.leaf("POL");
    let other = Caller { nation: nation("POL"), certificate: other.to_vec().into() };
    let newer = shown.poland.list((1, 2, 2), &[&shown.leaf]);
    shown.lists.take(&other, &shown.card, &newer).unwrap();
    assert!(shown.vouch().is_err());
    assert_eq!(shown.lists.vouch(&other, &shown.card), Ok(()));
    // The clock was put back: what was looked up then does not count.
    shown.clock.set(now().saturating_sub(Duration::from_hours(24 * 365)));
    assert!(shown.lists.vouch(&other, &shown.card).is_err());
}
