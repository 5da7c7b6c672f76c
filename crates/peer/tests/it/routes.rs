//! Every route, asked by whoever may and by whoever may not: a caller has its own ledger, while it is
//! admitted, and nothing else.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use entente_log::cosignature::Cosigned;
use entente_object::clock::Clock as _;
use entente_peer::Pace;
use entente_peer::api::{Doors, routes};
use entente_peer::doors::{Caller, Keeper, KeeperError, Partners, ReceiptError, SuccessionError};
use entente_peer::epochs::Seen;
use entente_peer::growth::{Grower, growth};
use entente_peer::page::{Edge, Fault, Page, Position};
use entente_release::partner::{Channel, Standing};
use entente_release::{Nation, Partner};
use http::{Method, Request, Response, StatusCode};
use http_body_util::BodyExt as _;
use tokio::time::{Instant, timeout};
use tower::ServiceExt as _;

use crate::book::nation;
use crate::desk::{Korea, malware};

/// Who is a partner, and whose list vouches for whom.
#[derive(Default)]
struct Register {
    partners: Mutex<BTreeMap<Nation, Arc<Partner>>>,
    unvouched: Mutex<BTreeSet<Nation>>,
    lists: Mutex<Vec<(Nation, String)>>,
    receipts: Mutex<Vec<(Nation, String)>>,
}

impl Register {
    fn change(&self, code: &str, change: impl FnOnce(&mut Partner)) {
        let mut partners = self.partners.lock().unwrap();
        change(Arc::make_mut(partners.get_mut(&nation(code)).unwrap()));
    }
}

impl Partners for Register {
    fn partner(&self, nation: Nation) -> Option<Arc<Partner>> {
        self.partners.lock().unwrap().get(&nation).cloned()
    }

    fn vouch(&self, caller: &Caller) -> Result<(), String> {
        let unvouched = self.unvouched.lock().unwrap().contains(&caller.nation);
        if unvouched { Err("show a current list".to_owned()) } else { Ok(()) }
    }

    fn take_list(&self, caller: &Caller, list: &str) -> Result<(), String> {
        if list.contains("foreign") {
            return Err("this list is not by a root of yours".to_owned());
        }
        self.unvouched.lock().unwrap().remove(&caller.nation);
        self.lists.lock().unwrap().push((caller.nation, list.to_owned()));
        Ok(())
    }
}

impl Keeper for Register {
    fn position(&self, _edge: &Edge) -> Result<Position, KeeperError> {
        Err(KeeperError("not asked".to_owned()))
    }

    fn take(&self, _edge: &Edge, _page: Page) -> Result<(), KeeperError> {
        Err(KeeperError("not asked".to_owned()))
    }

    fn accuse(&self, _edge: &Edge, _fault: &Fault) -> Result<(), KeeperError> {
        Err(KeeperError("not asked".to_owned()))
    }

    fn receipt(&self, _position: &Position) -> Result<Option<Cosigned>, KeeperError> {
        Err(KeeperError("not asked".to_owned()))
    }

    fn received(&self, by: Nation, note: &str) -> Result<(), ReceiptError> {
        match note {
            "bad" => Err(ReceiptError::Refused("this is no receipt".to_owned())),
            "ill" => Err(ReceiptError::Failed("secrets of this node".to_owned())),
            _ => {
                self.receipts.lock().unwrap().push((by, note.to_owned()));
                Ok(())
            }
        }
    }

    fn holds(&self, _of: Nation) -> Option<String> {
        None
    }

    fn succeed(&self, _of: Nation, _successions: &[String]) -> Result<(), SuccessionError> {
        Err(KeeperError("not asked".to_owned()).into())
    }

    fn epochs(&self, _: Nation, _: u64, _: u64) -> Result<Option<String>, KeeperError> {
        Ok(None)
    }

    fn seen(&self, _of: Nation) -> Result<Seen, KeeperError> {
        Ok(Seen::default())
    }

    fn keys(&self, _but: Nation) -> Vec<(Nation, String)> {
        Vec::new()
    }

    fn witness(&self, _of: Nation, _seen: &Seen) -> Result<Option<String>, KeeperError> {
        Err(KeeperError("not asked".to_owned()))
    }

    fn witnessed(&self, _by: Nation, _note: &str) -> Result<(), ReceiptError> {
        Err(ReceiptError::Refused("nobody witnesses here".to_owned()))
    }

    fn offers(&self) -> u64 {
        0
    }

    fn successions(&self, _by: Nation, holds: &str) -> Result<Vec<String>, KeeperError> {
        let follows = holds == HELD;
        Ok(follows.then(|| "a succession of Korea".to_owned()).into_iter().collect())
    }
}

struct Served {
    korea: Korea,
    register: Arc<Register>,
    grown: Grower,
    app: Router,
}

/// Korea's node with three partners: one object for all, one for Poland and one for the United States.
fn served() -> Served {
    let mut korea = Korea::with(&["POL", "USA"]);
    korea.release(&[malware(1, 10)], &["POL", "USA"]);
    korea.release(&[malware(2, 10)], &["POL"]);
    korea.release(&[malware(3, 10)], &["USA"]);
    let register = Arc::new(Register::default());
    let partners = korea.desk.partners().iter().map(|record| &record.partner);
    let partners = partners.map(|partner| (partner.nation, Arc::new(partner.clone())));
    *register.partners.lock().unwrap() = partners.collect();
    let (grown, growth) = growth();
    let app = routes(Doors {
        store: korea.folder.path().to_owned(),
        partners: register.clone(),
        keeper: register.clone(),
        clock: korea.clock.clone(),
        growth,
        channel: Channel::default(),
        pace: Pace::default(),
    });
    Served { korea, register, grown, app }
}

/// Which card of Korea's is followed by another, and where that is asked.
const HELD: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
const CARD: &str =
    "/peer/card?held=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

/// Every route, with a request that it takes.
const ROUTES: [(Method, &str, &str); 7] = [
    (Method::GET, "/peer/ledger?from=0", ""),
    (Method::GET, "/peer/ledger/events", ""),
    (Method::POST, "/peer/receipt", "a receipt"),
    (Method::GET, CARD, ""),
    (Method::GET, "/peer/epochs?from=0&received=2", ""),
    (Method::POST, "/peer/witness", "no cosigned checkpoint"),
    (Method::PUT, "/peer/list", "a list"),
];

impl Served {
    async fn send(
        &self,
        method: &Method,
        path: &str,
        by: Option<&str>,
        body: impl Into<Body>,
    ) -> Response<Body> {
        let mut request = Request::builder().method(method).uri(path).body(body.into()).unwrap();
        if let Some(code) = by {
            let caller = Caller { nation: nation(code), certificate: code.as_bytes().into() };
            request.extensions_mut().insert(caller);
        }
        self.app.clone().oneshot(request).await.unwrap()
    }

    async fn get(&self, path: &str, by: &str) -> Response<Body> {
        self.send(&Method::GET, path, Some(by), "").await
    }

    /// The statuses of all routes, to whoever asks.
    async fn statuses(&self, by: Option<&str>) -> [u16; 7] {
        let mut statuses = [0; 7];
        for (at, (method, path, body)) in ROUTES.iter().enumerate() {
            statuses[at] = self.send(method, path, by, *body).await.status().as_u16();
        }
        statuses
    }

    fn grow(&self) {
        self.grown.tell();
    }
}

async fn text(answer: Response<Body>) -> String {
    let body = to_bytes(answer.into_body(), usize::MAX).await.unwrap();
    String::from_utf8(body.to_vec()).unwrap()
}

/// The next that a stream says; none if it ended.
async fn said(stream: &mut Body) -> Option<String> {
    let frame = timeout(Duration::from_secs(5), stream.frame()).await.expect("nothing is said");
    Some(String::from_utf8(frame?.unwrap().into_data().unwrap().to_vec()).unwrap())
}

#[tokio::test]
async fn each_route_answers_those_who_may_and_nobody_else() {
    let served = served();
    let all = [200, 200, 204, 200, 204, 400, 204];
    assert_eq!(served.statuses(Some("POL")).await, all);
    assert_eq!(served.statuses(Some("USA")).await, all);
    // A stranger; the owner, whose own certificates are no partner's; one who never was a partner.
    for by in [None, Some("KOR"), Some("GBR")] {
        assert_eq!(served.statuses(by).await, [401; 7], "{by:?}");
    }
    // Whose list is not here may show it, and do nothing else before.
    served.register.unvouched.lock().unwrap().insert(nation("POL"));
    assert_eq!(served.statuses(Some("POL")).await, [403, 403, 403, 403, 403, 403, 204]);
    assert_eq!(served.statuses(Some("POL")).await, all);
    for standing in [Standing::Suspended, Standing::Revoked] {
        served.register.change("POL", |partner| partner.standing = standing);
        assert_eq!(served.statuses(Some("POL")).await, [403; 7], "{standing:?}");
        assert_eq!(served.statuses(Some("USA")).await, all);
    }
    served.register.change("POL", |partner| partner.standing = Standing::Active);
    assert_eq!(served.statuses(Some("POL")).await, all);
    // Its time is over, or has not begun, or is not known.
    let now = served.korea.clock.now();
    let (before, after) = (now.saturating_sub(HOUR), now.saturating_add(HOUR));
    for window in [(Some(before), Some(before)), (Some(after), Some(after)), (None, None)] {
        served.register.change("POL", |partner| {
            (partner.credential.not_before, partner.credential.not_after) = window;
        });
        assert_eq!(served.statuses(Some("POL")).await, [403; 7], "{window:?}");
    }
}

const HOUR: Duration = Duration::from_hours(1);

#[tokio::test]
async fn a_refusal_says_what_to_do_and_nothing_of_others() {
    let served = served();
    let stranger = served.send(&Method::GET, "/peer/ledger?from=0", None, "").await;
    assert!(text(stranger).await.contains("client certificate"));
    served.register.unvouched.lock().unwrap().insert(nation("POL"));
    assert_eq!(text(served.get(CARD, "POL").await).await, "show a current list\n");
    let foreign = served.send(&Method::PUT, "/peer/list", Some("POL"), "foreign").await;
    assert_eq!(foreign.status(), 403);
    assert!(text(foreign).await.contains("not by a root of yours"));
    assert_eq!(served.get(CARD, "POL").await.status(), 403, "a bad list vouched");
}

#[tokio::test]
async fn a_caller_reads_its_own_ledger_alone() {
    let served = served();
    for (by, others) in [("POL", "made up 3"), ("USA", "made up 2")] {
        for from in 0..4 {
            let answer = served.get(&format!("/peer/ledger?from={from}"), by).await;
            assert_eq!(answer.headers()["cache-control"], "no-store");
            assert_eq!(answer.headers()["content-type"], "application/json");
            let page = text(answer).await;
            assert!(page.contains(&format!("KOR/ledger/{by}\\n2\\n")), "{page}");
            assert!(!page.contains(others), "{page}");
            let entries = page.matches("\"added\":").count();
            assert_eq!(entries, 2_usize.saturating_sub(from), "{page}");
        }
        // Whatever else a caller says about who it is counts for nothing.
        let other = if by == "POL" { "USA" } else { "POL" };
        let path = format!("/peer/ledger?from=0&nation={other}");
        assert_eq!(served.get(&path, by).await.status(), 400);
        for path in [format!("/peer/ledger/{other}"), format!("/peer/{other}/ledger?from=0")] {
            assert_eq!(served.get(&path, by).await.status(), 404);
        }
        let mut stream = served.get("/peer/ledger/events", by).await.into_body();
        assert_eq!(said(&mut stream).await.unwrap(), "event: signed\ndata: 2\n\n");
    }
}

#[tokio::test]
async fn a_page_is_asked_for_by_a_number() {
    let served = served();
    let good = ["from=0", "from=1", "from=%30", "from=00", "from=18446744073709551615"];
    for query in good {
        let answer = served.get(&format!("/peer/ledger?{query}"), "POL").await;
        assert_eq!(answer.status(), 200, "{query}");
    }
    let long = format!("from={}", "0".repeat(30_000) + "x");
    let bad = [
        "",
        "from",
        "from=",
        "from=-1",
        "from=1.0",
        "from=1e3",
        "from=0x1",
        "from=abc",
        "from=null",
        "from=18446744073709551616",
        "from=1&from=2",
        "from=1&to=2",
        "From=1",
        "from[]=1",
        "from=%00",
        "from=%ff",
        "from=1%20",
        "from=%D9%A1",
        &long,
    ];
    for query in bad {
        let answer = served.get(&format!("/peer/ledger?{query}"), "POL").await;
        assert_eq!(answer.status(), 400, "{query}");
        assert_eq!(text(answer).await, "say from which entry on: ?from=0\n");
    }
    assert_eq!(served.get("/peer/ledger", "POL").await.status(), 400);
}

#[tokio::test]
async fn receipts_and_lists_have_a_size_and_are_the_callers() {
    let served = served();
    let put = |method: Method, path: &'static str, body: Vec<u8>| {
        let served = &served;
        async move { served.send(&method, path, Some("POL"), body).await }
    };
    let receipt = |body: Vec<u8>| put(Method::POST, "/peer/receipt", body);
    let list = |body: Vec<u8>| put(Method::PUT, "/peer/list", body);
    assert_eq!(receipt(vec![b'x'; 16 * 1024]).await.status(), 204);
    assert_eq!(receipt(vec![b'x'; 16 * 1024 + 1]).await.status(), 400);
    assert_eq!(receipt(vec![0xff; 10]).await.status(), 400);
    assert_eq!(list(vec![b'x'; 1024 * 1024]).await.status(), 204);
    assert_eq!(list(vec![b'x'; 1024 * 1024 + 1]).await.status(), 400);
    assert_eq!(list(vec![0xff; 10]).await.status(), 400);
    let refused = receipt(b"bad".to_vec()).await;
    assert_eq!(
        (refused.status(), text(refused).await),
        (StatusCode::BAD_REQUEST, "this is no receipt\n".into())
    );
    let failed = receipt(b"ill".to_vec()).await;
    assert_eq!(failed.status(), 500);
    assert!(!text(failed).await.contains("secrets"));
    let (receipts, lists) =
        (served.register.receipts.lock().unwrap(), served.register.lists.lock().unwrap());
    assert!(receipts.iter().chain(lists.iter()).all(|(by, _)| *by == nation("POL")));
    assert_eq!((receipts.len(), lists.len()), (1, 1));
}

#[tokio::test]
async fn a_stream_tells_when_the_ledger_grows() {
    let mut served = served();
    let mut stream = served.get("/peer/ledger/events", "POL").await.into_body();
    assert_eq!(said(&mut stream).await.unwrap(), "event: signed\ndata: 2\n\n");
    // Another's ledger grew: nothing is said of that.
    served.korea.release(&[malware(4, 10)], &["USA"]);
    served.grow();
    served.korea.release(&[malware(5, 10)], &["POL"]);
    served.grow();
    assert_eq!(said(&mut stream).await.unwrap(), "event: signed\ndata: 3\n\n");
}

#[tokio::test]
async fn a_stream_ends_without_another_byte_when_its_caller_is_shut_out() {
    type Change = fn(&Register);
    let changes: [(&str, Change); 4] = [
        ("suspended", |r| r.change("POL", |p| p.standing = Standing::Suspended)),
        ("revoked", |r| r.change("POL", |p| p.standing = Standing::Revoked)),
        ("over", |r| r.change("POL", |p| p.credential.not_after = p.credential.not_before)),
        ("on its nation's list", |r| {
            r.unvouched.lock().unwrap().insert(nation("POL"));
        }),
    ];
    for (case, change) in changes {
        let mut served = served();
        let mut stream = served.get("/peer/ledger/events", "POL").await.into_body();
        let mut other = served.get("/peer/ledger/events", "USA").await.into_body();
        said(&mut stream).await.unwrap();
        said(&mut other).await.unwrap();
        change(&served.register);
        served.korea.release(&[malware(6, 10)], &["POL", "USA"]);
        served.grow();
        assert_eq!(said(&mut stream).await, None, "{case}");
        assert_eq!(said(&mut other).await.unwrap(), "event: signed\ndata: 3\n\n");
    }
}

/// While nothing happens a stream says every 15 s that it is there; to whom was shut out, not even that.
#[tokio::test(start_paused = true)]
async fn a_quiet_stream_says_that_it_is_there_and_ends_when_its_caller_is_shut_out() {
    let served = served();
    let mut stream = served.get("/peer/ledger/events", "POL").await.into_body();
    stream.frame().await.unwrap().unwrap();
    for _ in 0..3 {
        let frame = timeout(Duration::from_secs(20), stream.frame()).await.unwrap();
        assert_eq!(frame.unwrap().unwrap().into_data().unwrap(), ": still here\n\n");
    }
    served.register.change("POL", |partner| partner.standing = Standing::Suspended);
    let ended = timeout(Duration::from_secs(20), stream.frame()).await.unwrap();
    assert!(ended.is_none());
}

/// When a sign of life comes would else say how busy this node is with others.
#[tokio::test(start_paused = true)]
async fn a_sign_of_life_came_later_the_more_others_were_given() {
    let mut served = served();
    let mut stream = served.get("/peer/ledger/events", "POL").await.into_body();
    stream.frame().await.unwrap().unwrap();
    let began = Instant::now();
    for nth in 10..13 {
        assert!(timeout(Duration::from_secs(4), stream.frame()).await.is_err());
        served.korea.release(&[malware(nth, 10)], &["USA"]);
        served.grow();
    }
    let frame = stream.frame().await.unwrap().unwrap();
    assert_eq!(frame.into_data().unwrap(), ": still here\n\n");
    assert_eq!(began.elapsed().as_secs(), 15);
}

#[tokio::test]
async fn a_partner_has_two_streams_at_most() {
    let served = served();
    let ask = || served.get("/peer/ledger/events", "POL");
    let (one, two) = (ask().await, ask().await);
    assert_eq!((one.status(), two.status()), (StatusCode::OK, StatusCode::OK));
    assert_eq!(ask().await.status(), 429);
    assert_eq!(served.get("/peer/ledger/events", "USA").await.status(), 200);
    drop(one);
    let three = ask().await;
    assert_eq!(three.status(), 200);
    assert_eq!(ask().await.status(), 429);
    // That of a caller that was shut out is free again.
    let mut two = two.into_body();
    said(&mut two).await.unwrap();
    served.register.change("POL", |partner| partner.standing = Standing::Suspended);
    served.grow();
    assert_eq!(said(&mut two).await, None);
    served.register.change("POL", |partner| partner.standing = Standing::Active);
    assert_eq!(ask().await.status(), 200);
}

/// Sixty-four unread pages of 5 MiB each were in memory for each connection.
#[tokio::test]
async fn a_partner_that_leaves_its_pages_unread_has_two_and_waits_for_the_next() {
    let served = served();
    let ask = |by: &'static str| served.get("/peer/ledger?from=0", by);
    let (one, _two) = (ask("POL").await, ask("POL").await);
    let mut three = Box::pin(ask("POL"));
    let waited = timeout(Duration::from_millis(200), &mut three).await;
    assert!(waited.is_err(), "three at once");
    assert_eq!(ask("USA").await.status(), 200);
    // Whoever is shut out while it waits gets nothing.
    served.register.change("POL", |partner| partner.standing = Standing::Suspended);
    drop(one);
    let three = timeout(Duration::from_secs(5), three).await.expect("nobody's turn");
    assert_eq!(three.status(), 403);
}

/// A partner that asked for the same page in a loop took a core, and the others waited for theirs.
#[tokio::test(start_paused = true)]
async fn a_page_that_was_given_before_is_given_again_after_a_pause() {
    let served = served();
    let took = async |by, from: u64| {
        let start = tokio::time::Instant::now();
        let answer = served.get(&format!("/peer/ledger?from={from}"), by).await;
        assert_eq!(answer.status(), 200);
        answer.into_body().collect().await.unwrap();
        start.elapsed()
    };
    // A node asks for each page once, and for what follows when it has all.
    assert_eq!([took("POL", 0).await, took("POL", 3).await], [Duration::ZERO; 2]);
    for from in [0, 0, 1] {
        assert_eq!(took("POL", from).await, Duration::from_millis(100));
    }
    assert_eq!([took("USA", 0).await, took("POL", 3).await], [Duration::ZERO; 2]);
}

#[tokio::test]
async fn a_page_under_way_stops_when_its_caller_is_shut_out() {
    let mut served = served();
    let large: Vec<_> = (10..14).map(|number| malware(number, 900_000)).collect();
    served.korea.release(&large, &["POL"]);
    let mut page = served.get("/peer/ledger?from=0", "POL").await.into_body();
    let first = page.frame().await.unwrap().unwrap().into_data().unwrap();
    assert!(first.len() <= 64 * 1024);
    served.register.change("POL", |partner| partner.standing = Standing::Revoked);
    let mut after = 0;
    let broken = loop {
        match page.frame().await {
            Some(Ok(frame)) => after += frame.into_data().unwrap().len(),
            Some(Err(_)) => break true,
            None => break false,
        }
    };
    assert!(broken && after == 0, "{after} bytes after the revocation");
    // To those who may, it is sent whole.
    served.register.change("POL", |partner| partner.standing = Standing::Active);
    let page = text(served.get("/peer/ledger?from=0", "POL").await).await;
    assert!(page.len() > 3_600_000 && page.ends_with('}'));
}

#[tokio::test]
async fn nothing_was_signed_yet() {
    let served = served();
    let korea = Korea::with(&["POL"]);
    let app = routes(Doors {
        store: korea.folder.path().to_owned(),
        partners: served.register.clone(),
        keeper: served.register.clone(),
        clock: korea.clock.clone(),
        growth: served.grown.subscribe(),
        channel: Channel::default(),
        pace: Pace::default(),
    });
    let served = Served { korea, app, ..served };
    let answer = served.get("/peer/ledger?from=0", "POL").await;
    assert_eq!(answer.status(), 204);
    assert!(text(answer).await.is_empty());
    let mut stream = served.get("/peer/ledger/events", "POL").await.into_body();
    assert_eq!(said(&mut stream).await.unwrap(), "event: signed\ndata: 0\n\n");
    let other = HELD.replace('a', "b");
    assert_eq!(served.get(&format!("/peer/card?held={other}"), "POL").await.status(), 204);
}
