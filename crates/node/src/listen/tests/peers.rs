//! Partners' nodes: whoever comes with a certificate of a root on an accepted card is that card's
//! nation to the routes, and nobody else is.

use super::*;
use crate::met::tests::{Root, card, key as new_key, korea, nation, node_of, now as today};

/// A node that has met others, and answers who its caller is.
struct Meeting {
    folder: tempfile::TempDir,
    desk: entente_intake::Desk,
    tls: Tls,
    address: SocketAddr,
    _stop: oneshot::Sender<()>,
}

async fn caller(request: Request<Body>) -> String {
    let caller = request.extensions().get::<Caller>();
    caller.map_or_else(|| "<nobody>".to_owned(), |caller| format!("<{}>", caller.nation))
}

async fn meeting(cards: &[entente_peer::card::Card]) -> Meeting {
    let folder = tempfile::tempdir().unwrap();
    let desk = korea(folder.path(), cards);
    let keys = Keys::of(folder.path());
    let authority = Authority::create(&keys, nation("KOR"), today()).unwrap();
    let names = ["localhost".to_owned()];
    let server = authority.issue_server(&names, Validity::lasting(today(), SERVER_LASTS)).unwrap();
    keys.save_server(&server).unwrap();
    let clock = Arc::new(FixedClock(today()));
    let tls = Tls::load(keys, clock, Some(folder.path().to_owned())).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    let app = Router::new().route("/", get(caller));
    tokio::spawn(serve(listener, Some(tls.configs()), app, async {
        let _sender_is_gone = stopped.await;
    }));
    Meeting { folder, desk, tls, address, _stop: stop }
}

impl Meeting {
    async fn connect(&self, shows: Shows) -> io::Result<TlsStream<TcpStream>> {
        let mut roots = RootCertStore::empty();
        let root = Keys::of(self.folder.path()).root();
        roots.add(CertificateDer::from_pem_file(root).unwrap()).unwrap();
        let time = Arc::new(RustlsTime(Arc::new(FixedClock(today()))));
        let config = ClientConfig::builder_with_details(Arc::new(ring::default_provider()), time)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_client_cert_resolver(Arc::new(shows));
        let stream = TcpStream::connect(self.address).await?;
        let name = ServerName::try_from("localhost").unwrap();
        TlsConnector::from(Arc::new(config)).connect(name, stream).await
    }

    /// Who somebody with this certificate is.
    async fn who(&self, chain: &[CertificateDer<'static>], key: &KeyPair) -> io::Result<String> {
        ask(self.connect(Shows::new(chain.to_vec(), key)).await?).await
    }

    /// Who somebody is whose certificate this root signed.
    async fn signed(
        &self,
        root: &Root,
        name: &str,
        spoil: impl FnOnce(&mut CertificateParams),
    ) -> io::Result<String> {
        let mut params = node_of(name);
        spoil(&mut params);
        let (leaf, key) = root.sign(&params);
        self.who(&[leaf], &key).await
    }
}

#[tokio::test]
async fn a_partners_node_is_whose_root_signed_its_certificate() {
    let (poland, states) = (Root::of("POL"), Root::of("USA"));
    // The root of the Czech card has the name of that of the United States.
    let czechia = Root::of("USA");
    let cards = [card("POL", &[&poland]), card("USA", &[&states]), card("CZE", &[&czechia])];
    let meeting = meeting(&cards).await;
    for name in ["POL", "USA", "KOR"] {
        assert_eq!(meeting.signed(&poland, name, |_| ()).await.unwrap(), "POL");
        assert_eq!(meeting.signed(&states, name, |_| ()).await.unwrap(), "USA");
        assert_eq!(meeting.signed(&czechia, name, |_| ()).await.unwrap(), "CZE");
        assert!(meeting.signed(&Root::of("USA"), name, |_| ()).await.is_err());
    }
    // With the other root sent along.
    let (leaf, key) = czechia.sign(&node_of("USA"));
    assert_eq!(meeting.who(&[leaf, states.0.der().clone()], &key).await.unwrap(), "CZE");
    // With another's key.
    let (leaf, _) = states.sign(&node_of("USA"));
    assert!(meeting.who(&[leaf], &new_key()).await.is_err());
}

#[tokio::test]
async fn this_nodes_own_clients_are_no_partners_nodes() {
    let poland = Root::of("POL");
    let meeting = meeting(&[card("POL", &[&poland])]).await;
    let authority = Authority::open(&Keys::of(meeting.folder.path())).unwrap();
    let validity = Validity::lasting(today(), CLIENT_LASTS);
    for code in ["POL", "KOR"] {
        let issued = authority.issue_client(nation(code), validity).unwrap();
        let who = ask(meeting.connect(Shows::issued(&issued)).await.unwrap()).await.unwrap();
        assert_eq!(who, "nobody", "{code}");
    }
}

#[tokio::test]
async fn a_root_on_two_cards_lets_in_as_nobody() {
    let (poland, states) = (Root::of("POL"), Root::of("USA"));
    let cards = [card("POL", &[&poland, &states]), card("USA", &[&states])];
    let meeting = meeting(&cards).await;
    assert_eq!(meeting.signed(&states, "USA", |_| ()).await.unwrap(), "nobody");
    assert_eq!(meeting.signed(&poland, "USA", |_| ()).await.unwrap(), "POL");
}

#[tokio::test]
async fn no_bad_certificate_of_a_partners_root_gets_a_session() {
    let poland = Root::of("POL");
    let meeting = meeting(&[card("POL", &[&poland])]).await;
    for (fault, spoil) in FAULTS {
        // The faults are told from the day before.
        let dated = |params: &mut CertificateParams| {
            let base = bad::poland(TODAY);
            (params.not_before, params.not_after) = (base.not_before, base.not_after);
            spoil(params);
        };
        let answer = meeting.signed(&poland, "POL", dated).await;
        assert_eq!(answer.is_ok(), *fault == "good", "{fault}: {answer:?}");
    }
    // By an authority below the root, sent along or not.
    let below = poland.below("POL");
    let (leaf, key) = below.sign(&node_of("POL"));
    assert!(meeting.who(std::slice::from_ref(&leaf), &key).await.is_err());
    assert!(meeting.who(&[leaf, below.0.der().clone()], &key).await.is_err());
    // The root itself, and an authority below it, as clients.
    let shown = |root: &Root| Shows::new(vec![root.0.der().clone()], root.0.key());
    for root in [&poland, &below] {
        let answer = match meeting.connect(shown(root)).await {
            Ok(stream) => ask(stream).await,
            Err(error) => Err(error),
        };
        assert!(answer.is_err(), "{answer:?}");
    }
}

#[tokio::test]
async fn who_is_met_or_revoked_counts_from_the_next_connection_on() {
    let (poland, states) = (Root::of("POL"), Root::of("USA"));
    let mut meeting = meeting(&[card("POL", &[&poland])]).await;
    assert!(meeting.signed(&states, "USA", |_| ()).await.is_err());
    let act = entente_intake::acts::PeerAct {
        nation: "USA".into(),
        card: card("USA", &[&states]).text().to_owned(),
    };
    meeting.desk.meet(&act).unwrap();
    meeting.tls.reload(true).unwrap();
    assert_eq!(meeting.signed(&states, "USA", |_| ()).await.unwrap(), "USA");
    meeting.desk.change_partner(nation("POL"), |act| act.standing = "revoked".into()).unwrap();
    meeting.tls.reload(true).unwrap();
    assert!(meeting.signed(&poland, "POL", |_| ()).await.is_err());
    assert_eq!(meeting.signed(&states, "USA", |_| ()).await.unwrap(), "USA");
    // A new card with another root: the old root is nobody's.
    let renewed = Root::of("USA");
    let act = entente_intake::acts::PeerAct {
        nation: "USA".into(),
        card: card("USA", &[&renewed]).text().to_owned(),
    };
    meeting.desk.meet(&act).unwrap();
    meeting.tls.reload(true).unwrap();
    assert!(meeting.signed(&states, "USA", |_| ()).await.is_err());
    assert_eq!(meeting.signed(&renewed, "USA", |_| ()).await.unwrap(), "USA");
}
