//! The same for targets: a server that is given what was released to a partner.

use super::*;

/// How a target answers all but what a row is about.
fn target(asked: &Asked) -> String {
    match (asked.method.as_str(), asked.path.as_str()) {
        ("GET", "/api/root/") => taxii(200, "", r#"{"max_content_length":1000000}"#),
        ("GET", "/api/root/collections/c/") => {
            taxii(200, "", r#"{"id":"c","title":"C","can_read":true,"can_write":true}"#)
        }
        ("GET", _) => status(200, "complete", ""),
        ("POST", "/api/root/collections/c/objects/") => {
            let mut has = asked.has.lock().unwrap();
            for id in sent(asked) {
                *has.entry(id).or_insert(0) += 1;
            }
            status(202, "complete", "")
        }
        ("DELETE", path) => {
            let mut has = asked.has.lock().unwrap();
            let before = has.len();
            has.retain(|id, _| !path.contains(id.as_str()));
            if has.len() < before { reply(200, "", "") } else { taxii(404, "", "{}") }
        }
        (method, path) => panic!("{method} {path}"),
    }
}

/// The ids of an envelope.
fn sent(asked: &Asked) -> Vec<String> {
    let body: Value = serde_json::from_str(&asked.body).unwrap();
    let id = |object: &Value| object["id"].as_str().unwrap().to_owned();
    body["objects"].as_array().unwrap().iter().map(id).collect()
}

fn status(code: u16, status: &str, more: &str) -> String {
    let id = "2d086da7-4bdc-4f91-900e-d77486753710";
    taxii(code, "", &format!(r#"{{"id":"{id}","status":"{status}"{more}}}"#))
}

/// All as it should be, but for envelopes.
fn posts(asked: &Asked, answer: impl Fn(&[String]) -> Option<String>) -> String {
    let own = if asked.method == "POST" { answer(&sent(asked)) } else { None };
    own.unwrap_or_else(|| target(asked))
}

fn indicator_id(number: usize) -> String {
    format!("indicator--5eb7a1c2-0000-4000-8000-{number:012x}")
}

/// Every server, how many of five objects it takes and refuses, and what is said of it.
const TARGETS: &[(&str, Says, (u64, u64), &str)] = &[
    (
        "takes ten bytes",
        Text(|asked| match asked.path.as_str() {
            "/api/root/" => taxii(200, "", r#"{"max_content_length":10}"#),
            _ => target(asked),
        }),
        (0, 5),
        "",
    ),
    ("does not say how much it takes", Text(|_| taxii(200, "", "{}")), (0, 0), "no API root"),
    (
        "is another's",
        Text(|asked| reply(301, &format!("Location: https://{}/api/root/\r\n", asked.trap), "")),
        (0, 0),
        "sends on to https://",
    ),
    (
        "is read alone",
        Text(|asked| match asked.path.as_str() {
            "/api/root/collections/c/" => taxii(200, "", r#"{"id":"c","can_read":true}"#),
            _ => target(asked),
        }),
        (0, 0),
        "may not add to the collection",
    ),
    (
        "has no such collection",
        Text(|asked| match asked.path.as_str() {
            "/api/root/collections/c/" => taxii(404, "", "{}"),
            _ => target(asked),
        }),
        (0, 0),
        "no such collection",
    ),
    (
        "wants another login",
        Text(|asked| posts(asked, |_| Some(reply(401, "", "")))),
        (0, 0),
        "does not take the login",
    ),
    (
        "is asked too often",
        Text(|asked| posts(asked, |_| Some(reply(429, "Retry-After: 5\r\n", "")))),
        (0, 0),
        "in 5 s",
    ),
    (
        "takes one at a time",
        Text(|asked| posts(asked, |ids| (ids.len() > 1).then(|| reply(413, "", "")))),
        (5, 0),
        "",
    ),
    (
        "refuses all for one",
        Text(|asked| {
            posts(asked, |ids| ids.contains(&indicator_id(3)).then(|| taxii(422, "", "{}")))
        }),
        (4, 1),
        "",
    ),
    ("refuses all", Text(|asked| posts(asked, |_| Some(taxii(400, "", "{}")))), (0, 5), ""),
    (
        "works on it and is done",
        Text(|asked| posts(asked, |_| Some(status(202, "pending", "")))),
        (5, 0),
        "",
    ),
    (
        "works on it without end",
        Text(|asked| {
            let asks = asked.has("/status/");
            let pending = |code| status(code, "pending", "");
            if asks { pending(200) } else { posts(asked, |_| Some(pending(202))) }
        }),
        (0, 0),
        "",
    ),
    (
        "forgets what it took",
        Text(|asked| {
            let gone = asked.has("/status/").then(|| taxii(404, "", "{}"));
            gone.unwrap_or_else(|| posts(asked, |_| Some(status(202, "pending", ""))))
        }),
        (0, 0),
        "has forgotten",
    ),
    (
        "keeps its status elsewhere",
        Text(|asked| {
            let elsewhere = format!(r#"{{"id":"//{}/x","status":"pending"}}"#, asked.trap);
            posts(asked, |_| Some(taxii(202, "", &elsewhere)))
        }),
        (0, 0),
        "no status resource",
    ),
    (
        "says yes to everything",
        Text(|asked| posts(asked, |_| Some(taxii(200, "", "{}")))),
        (0, 0),
        "no status resource",
    ),
    (
        "says yes on a page of the web",
        Text(|asked| posts(asked, |_| Some(reply(202, "Content-Type: text/html\r\n", "OK")))),
        (0, 0),
        "no TAXII",
    ),
    (
        "names one that it refuses",
        Text(|asked| {
            posts(asked, |ids| {
                let failures = format!(r#","failures":[{{"id":"{}","message":"no"}}]"#, ids[0]);
                Some(status(202, "complete", &failures))
            })
        }),
        (4, 1),
        "",
    ),
    (
        "refuses and does not say which",
        Text(|asked| posts(asked, |_| Some(status(202, "complete", r#","failure_count":2"#)))),
        (3, 2),
        "",
    ),
    (
        "refuses more than there are",
        Text(|asked| posts(asked, |_| Some(status(202, "complete", r#","failure_count":99999"#)))),
        (0, 5),
        "",
    ),
    (
        "sends on",
        Text(|asked| {
            let to = format!("Location: https://{}/\r\n", asked.trap);
            posts(asked, |_| Some(reply(307, &to, "")))
        }),
        (0, 0),
        "sends on to https://",
    ),
    ("leaves", Text(|asked| posts(asked, |_| Some(String::new()))), (0, 0), "did not answer"),
];

/// Five indicators that are released to Poland.
fn release(door: &Door) {
    let mut desk = door.desk();
    let label = LabelArgs {
        programme: Some("rok-nato-itpp-2023".to_owned()),
        area: Some("cyber-defence".to_owned()),
        tlp: Some("green".to_owned()),
        rel_to: vec!["POL".to_owned()],
        ..LabelArgs::default()
    };
    let applied = import::applied(&desk, &label).unwrap();
    let object = |number: usize| {
        let object = json!({
            "type": "indicator", "spec_version": "2.1", "id": indicator_id(number),
            "created": "2023-12-01T09:00:00.000Z", "modified": "2023-12-01T09:00:00.000Z",
            "pattern": "[ipv4-addr:value = '192.0.2.7']", "pattern_type": "stix",
            "valid_from": "2023-12-01T09:00:00Z", "indicator_types": ["malicious-activity"],
        });
        entente_intake::prepare(object.to_string().into_bytes()).unwrap()
    };
    let here = desk.here();
    desk.take((0..5).map(object).collect(), here, applied.as_ref()).unwrap();
}

/// Runs a target against a hostile server and then against a good one; says what was wrong.
fn push_to(place: &Place, row: &(&str, Says, (u64, u64), &str)) -> Vec<String> {
    let (name, says, counts, words) = row;
    let (folder, door) = node();
    release(&door);
    let stand = place.start(*says, target);
    let act = add(place, folder.path(), &door, (&stand, FeedWay::To));
    let mut wrong = Vec::new();
    let mut check = |holds: bool, what: String| {
        if !holds {
            wrong.push(format!("{name}: {what}"));
        }
    };
    let ran = runs(folder.path(), &door, &act);
    let asked = stand.asked.load(Ordering::Relaxed);
    check(asked <= 80, format!("asked {asked} times"));
    let told = ran.as_ref().err().map(|error| format!("{error:#}")).unwrap_or_default();
    check(told.contains(words) && told.is_empty() == words.is_empty(), format!("said {told:?}"));
    let far = door.desk().pushed(act.number).unwrap();
    check((far.given, far.refused) == *counts, format!("{far:?}"));
    let is_pending = far.pending.is_some();
    stand.is_good.store(true, Ordering::Relaxed);
    let posted = |stand: &Stand| {
        let paths = stand.paths.lock().unwrap();
        paths.iter().filter(|path| path.starts_with("POST")).count()
    };
    let before = posted(&stand);
    let again = runs(folder.path(), &door, &act);
    check(again.is_ok(), format!("does not recover: {again:?}"));
    let far = door.desk().pushed(act.number).unwrap();
    check(far.given + far.refused == 5 && far.pending.is_none(), format!("in the end {far:?}"));
    check(
        !is_pending || posted(&stand) == before,
        "what the server works on was sent again".to_owned(),
    );
    let has = stand.has.lock().unwrap().clone();
    check(has.values().all(|count| *count == 1), format!("twice: {has:?}"));
    wrong
}

#[test]
fn no_hostile_server_leads_a_target_beyond_its_limits_or_to_another_and_each_is_recovered_from() {
    let place = Place::new();
    let wrong: Vec<String> = TARGETS.iter().flat_map(|row| push_to(&place, row)).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(TARGETS.len() >= 20);
    assert_eq!(place.trapped.load(Ordering::Relaxed), 0, "somebody else was asked");
}

#[test]
fn what_is_taken_back_is_acknowledged_only_when_the_server_says_that_it_deleted_it() {
    let deletes: [(Says, u64, u64, &str); 6] = [
        (Text(target), 1, 0, ""),
        (Text(|asked| deletion(asked, 405)), 0, 1, "answered 405"),
        (Text(|asked| deletion(asked, 403)), 0, 1, "answered 403"),
        (Text(|asked| deletion(asked, 404)), 0, 1, "it is not there"),
        (Text(|asked| deletion(asked, 500)), 0, 0, ""),
        (Text(|asked| deletion(asked, 302)), 0, 0, ""),
    ];
    let place = Place::new();
    for (says, taken_back, not_acknowledged, words) in deletes {
        let (folder, door) = node();
        release(&door);
        let stand = place.start(says, target);
        let act = add(&place, folder.path(), &door, (&stand, FeedWay::To));
        runs(folder.path(), &door, &act).unwrap();
        let from = ["POL".parse().unwrap()].into_iter().collect();
        door.desk().recall(&indicator_id(2), &from, ("a mistake", None)).unwrap();
        let ran = runs(folder.path(), &door, &act);
        let far = door.desk().pushed(act.number).unwrap();
        assert_eq!(
            (far.taken_back, far.not_acknowledged),
            (taken_back, not_acknowledged),
            "{ran:?}"
        );
        let reader = Reader::open(folder.path()).unwrap();
        let told = refusals(&reader, act.number).unwrap();
        let told = told.iter().map(|one| one.why.as_str()).collect::<Vec<_>>().join(" ");
        assert!(told.contains(words), "{told}");
        // Where it failed it is tried again; where it was answered it is not.
        stand.is_good.store(true, Ordering::Relaxed);
        let again = runs(folder.path(), &door, &act).unwrap();
        assert_eq!(again.taken_back, u64::from(taken_back + not_acknowledged == 0), "{again:?}");
        let asked = stand.paths.lock().unwrap().clone();
        let version = "match%5Bversion%5D=2023-12-01T09%3A00%3A00.000Z";
        let path = format!("DELETE /api/root/collections/c/objects/{}/?{version}", indicator_id(2));
        assert!(asked.contains(&path), "{asked:?}");
    }
}

fn deletion(asked: &Asked, status: u16) -> String {
    if asked.method == "DELETE" { taxii(status, "", "{}") } else { target(asked) }
}

#[test]
fn a_partner_that_is_shut_out_while_its_server_works_is_asked_and_given_nothing_more() {
    let place = Place::new();
    let (folder, door) = node();
    release(&door);
    let works = Text(|asked| {
        let pending = |code| status(code, "pending", "");
        if asked.has("/status/") { pending(200) } else { posts(asked, |_| Some(pending(202))) }
    });
    let stand = place.start(works, target);
    let act = add(&place, folder.path(), &door, (&stand, FeedWay::To));
    let patient = Limits { pending: Duration::from_secs(20), ..FEW };
    let error = thread::scope(|scope| {
        let run = scope.spawn(|| {
            let bar = ProgressBar::hidden();
            let go = Go { folder: folder.path(), bar: &bar, stop: None, dry: false };
            run_within(&door, &act, &go, patient).unwrap_err()
        });
        // The root, the collection, the envelope, and the status once.
        while stand.asked.load(Ordering::Relaxed) < 4 && !run.is_finished() {
            thread::sleep(Duration::from_millis(5));
        }
        let suspend =
            |act: &mut entente_intake::acts::PartnerAct| act.standing = "suspended".into();
        door.desk().change_partner("POL".parse().unwrap(), suspend).unwrap();
        let asked = stand.asked.load(Ordering::Relaxed);
        let error = run.join().unwrap();
        // One question may have been on its way.
        assert!(stand.asked.load(Ordering::Relaxed) <= asked + 1);
        error
    });
    assert!(error.to_string().contains("POL may have nothing"), "{error}");
    let asked = stand.asked.load(Ordering::Relaxed);
    runs(folder.path(), &door, &act).unwrap_err();
    assert_eq!(stand.asked.load(Ordering::Relaxed), asked, "asked of a suspended partner");
    // It takes part again, and the server has come to an end: nothing was forgotten.
    door.desk()
        .change_partner("POL".parse().unwrap(), |act| act.standing = "active".into())
        .unwrap();
    stand.is_good.store(true, Ordering::Relaxed);
    runs(folder.path(), &door, &act).unwrap();
    assert_eq!(door.desk().pushed(act.number).unwrap().given, 5);
    // A nation whose node was met is followed, and is given nothing by a feed.
    let met = entente_intake::acts::PeerAct { nation: "POL".into(), card: String::new() };
    door.desk().meet(&met).unwrap();
    let error = runs(folder.path(), &door, &act).unwrap_err().to_string();
    assert!(error.contains("POL has a node"), "{error}");
}
