//! What nations do together, at three nodes by command: a consultation, a text accepted by silence and one
//! that is objected to, a version of the programme, commitments, and who may not do what.

use std::thread::sleep;
use std::time::Duration;

use serde_json::Value;

use crate::member::{Member, PROGRAMME, until};
use crate::node::{PASSPHRASE, Ran};

const ABOUT: &str = "open/all";

/// Three nodes that close an epoch each second, each with a desk officer.
fn three() -> [Member; 3] {
    let all = ["KOR", "POL", "USA"].map(Member::of);
    for one in &all {
        for other in all.iter().filter(|other| other.code != one.code) {
            one.accept(other);
        }
        signed(one, &["user", "add", "kim", "--role", "desk-officer"]).ends(0);
        signed(one, &["user", "add", "lee", "--role", "analyst"]).ends(0);
    }
    for one in &all {
        let served = one.node.serve_at(&one.host, &["--epoch", "1"], "warn");
        drop(one.served.replace(Some(served)));
    }
    all
}

fn signed(member: &Member, args: &[&str]) -> Ran {
    Ran::of(member.node.command(args).env("ENTENTE_PASSPHRASE", PASSPHRASE))
}

fn answers(member: &Member, id: &str, answer: &[&str]) -> Ran {
    signed(member, &[&["agree", "sign", id, "--as", "kim", "--answer"], answer].concat())
}

fn id(told: &Value) -> String {
    told["id"].as_str().unwrap().to_owned()
}

/// Puts a text to the three.
fn proposes(member: &Member, kind: &str, text: &str, more: &[&str]) -> String {
    let file = member.node.file("text", text);
    let args = ["agree", "propose", "--name", "Outcomes", "--kind", kind, "--text", &file];
    let args = [&args, ["--about", ABOUT, "--parties", "KOR,POL,USA"].as_slice(), more].concat();
    id(&member.node.json(&args))
}

fn standing(member: &Member, id: &str) -> String {
    let ran = member.node.run(&["--json", "agree", "show", id]);
    if ran.code != 0 {
        return "not here".to_owned();
    }
    ran.document()["agreement"]["standing"].as_str().unwrap().to_owned()
}

#[track_caller]
fn stands(member: &Member, id: &str, expected: &str) {
    until(&format!("{} sees {id} {expected}", member.code), || standing(member, id) == expected);
}

fn state(member: &Member, id: &str) -> String {
    member.node.json(&["agree", "show", id])["state"].as_str().unwrap().to_owned()
}

/// A minute for two of the three, a position for all; then the meeting is held.
fn speak_and_hold([korea, poland, states]: &[&Member; 3], meeting: &str) {
    let minute = ["consult", "say", meeting, "--kind", "minute", "--item", "1", "--text"];
    korea.node.json(&[&minute, ["Names of ships.", "--rel-to", "POL"].as_slice()].concat());
    poland.node.json(&["consult", "say", meeting, "--kind", "position", "--text", "We agree."]);
    until("the United States have the position", || {
        states.node.json(&["consult", "show", meeting])["said"].as_array().unwrap().len() == 1
    });
    until("Poland has the minute", || {
        poland.node.json(&["consult", "show", meeting])["said"].as_array().unwrap().len() == 2
    });
    // Nobody changes another's, and no step is skipped.
    let held = ["consult", "change", meeting, "--state", "held"];
    poland.node.run(&held).ends(2).says(&["nobody but KOR can change it"]);
    korea.node.run(&["consult", "change", meeting, "--state", "closed"]).ends(2).says(&[
        "a consultation that is convened cannot become closed",
        "it can be one of convened, held, cancelled",
    ]);
    korea.node.json(&held);
}

#[test]
fn a_consultation_is_held_and_its_outcomes_are_accepted_by_silence() {
    let [korea, poland, states] = &three();
    let request = poland.node.json(&[
        "consult",
        "request",
        "--name",
        "Jamming at sea",
        "--about",
        ABOUT,
        "--with",
        "KOR,USA",
        "--reason",
        "ships lost their position",
    ]);
    assert_eq!(request["held"], serde_json::json!([]), "{request}");
    until("Korea has the request", || {
        korea.node.json(&["consult", "list"]).as_array().unwrap().len() == 1
    });
    let meeting = id(&korea.node.json(&[
        "consult",
        "convene",
        "--name",
        "Meeting in Seoul",
        "--about",
        ABOUT,
        "--request",
        &id(&request),
        "--with",
        "POL=ambassador,USA",
        "--convened-by",
        "an embassy",
        "--begins",
        "2023-12-13T01:00:00Z",
        "--place",
        "Seoul",
        "--item",
        "Jamming",
        "--item",
        "Teams",
    ]));
    until("all have the meeting", || {
        [poland, states]
            .iter()
            .all(|one| one.node.json(&["consult", "list"]).as_array().unwrap().len() == 2)
    });
    let shown = states.node.json(&["consult", "show", &meeting]);
    assert_eq!((&shown["requested_by"], &shown["by"]), (&"POL".into(), &"KOR".into()));
    speak_and_hold(&[korea, poland, states], &meeting);
    let silence = ["--procedure", "silence", "--deadline", "5s", "--consultation", &meeting];
    let outcome = proposes(korea, "outcome", "The parties agree.\n", &silence);
    stands(poland, &outcome, "open");
    answers(poland, &outcome, &["agree"]).ends(0);
    // Accepted once the nodes were heard after the deadline; Korea's node records it by itself.
    for one in [korea, poland, states] {
        stands(one, &outcome, "accepted");
        until("the result is recorded", || state(one, &outcome) == "accepted");
    }
    let result = states.node.json(&["agree", "show", &outcome])["result"].clone();
    let said = result["counted"].as_array().unwrap().iter().map(|one| one["answer"].clone());
    assert_eq!(said.collect::<Vec<_>>(), ["silent", "agree", "silent"]);
    answers(states, &outcome, &["object", "--statement", "no"]).ends(2).says(&["is accepted"]);
    let listed = korea.node.json(&["consult", "show", &meeting]);
    assert_eq!(listed["proposals"][0]["standing"], "accepted");
    for one in [korea, poland, states] {
        one.is_sound();
    }
}

#[test]
fn an_objection_of_a_node_that_was_cut_off_at_the_deadline_still_counts() {
    let [korea, poland, states] = &three();
    let silence = ["--procedure", "silence", "--deadline", "6s"];
    let outcome = proposes(korea, "outcome", "The parties agree.\n", &silence);
    stands(poland, &outcome, "open");
    stands(states, &outcome, "open");
    // Poland objects in time, but nobody hears it.
    poland.kill();
    answers(poland, &outcome, &["object", "--statement", "Not in 2024."]).ends(0);
    sleep(Duration::from_secs(7));
    stands(korea, &outcome, "accepted, provisional");
    assert_eq!(state(korea, &outcome), "proposed");
    let served = poland.node.serve_at(&poland.host, &["--epoch", "1"], "warn");
    drop(poland.served.replace(Some(served)));
    for one in [korea, poland, states] {
        stands(one, &outcome, "not accepted");
        until("the result is recorded", || state(one, &outcome) == "not-accepted");
    }
    korea.node.run(&["agree", "show", &outcome]).ends(0).says(&["POL object", "Not in 2024."]);
    // What is given after the deadline is late.
    let late =
        proposes(korea, "outcome", "Another.\n", &["--procedure", "silence", "--deadline", "2s"]);
    stands(states, &late, "open");
    sleep(Duration::from_secs(3));
    let ran = answers(states, &late, &["object", "--statement", "too late"]);
    if ran.code == 0 {
        stands(korea, &late, "accepted");
        korea.node.run(&["agree", "show", &late]).ends(0).says(&["USA object too late"]);
    }
}

#[test]
fn a_version_of_the_programme_counts_when_every_party_has_signed_it() {
    let [korea, poland, states] = &three();
    let text = PROGRAMME.replace("version = \"1\"", "version = \"2\"").replace("amber", "green");
    let version = proposes(korea, "programme", &text, &[]);
    for one in [korea, poland] {
        stands(one, &version, "open");
        answers(one, &version, &["agree"]).ends(0);
    }
    stands(states, &version, "open");
    let refused = signed(states, &["agree", "sign", &version, "--answer", "agree", "--as", "lee"]);
    refused.ends(2).says(&["lee is no desk officer"]);
    let adopted = |one: &Member| one.node.json(&["programme", "list"]).to_string();
    assert!([korea, poland, states].iter().all(|one| !adopted(one).contains("\"2\"")));
    answers(states, &version, &["agree"]).ends(0);
    for one in [korea, poland, states] {
        stands(one, &version, "accepted");
        until("the new version counts", || adopted(one).contains("\"2\""));
    }
    // Amber goes to nobody any more: so does what is said by default.
    let said = korea.node.json(&[
        "commit",
        "add",
        "--name",
        "Take part",
        "--about",
        ABOUT,
        "--due",
        "2024-12-31",
        "--responsible",
        "desk officer",
    ]);
    assert_eq!(said["released"], serde_json::json!([]), "{said}");
    let broken = korea.node.file("text", "format = 1\n[programme]\n");
    let args =
        ["agree", "propose", "--name", "x", "--kind", "programme", "--about", ABOUT, "--text"];
    korea.node.run(&[&args, [broken.as_str()].as_slice()].concat()).ends(2).says(&["no programme"]);
}

#[test]
fn two_nations_that_amend_one_text_at_once_both_keep_theirs() {
    let [korea, poland, states] = &three();
    let first = proposes(korea, "statement", "We condemn.\n", &["--draft"]);
    stands(poland, &first, "draft");
    stands(states, &first, "draft");
    answers(poland, &first, &["agree"]).ends(2).says(&["is a draft"]);
    let amends = ["--draft", "--amends", &first];
    let one = proposes(poland, "statement", "We condemn it.\n", &amends);
    let other = proposes(states, "statement", "We condemn this.\n", &amends);
    for member in [korea, poland, states] {
        stands(member, &one, "draft");
        stands(member, &other, "draft");
        let shown = member.node.json(&["agree", "show", &one]);
        assert_eq!(shown["amended_at_once"], serde_json::json!([other]));
        assert_eq!(member.node.json(&["agree", "show", &first])["text"], "We condemn.\n");
    }
    // Another text voids answers, another deadline does not.
    korea.node.run(&["agree", "change", &first, "--propose"]).ends(0);
    stands(poland, &first, "open");
    answers(poland, &first, &["agree"]).ends(0);
    let answered = |member: &Member| {
        let shown = member.node.json(&["agree", "show", &first]);
        let said = shown["agreement"]["said"].as_array().unwrap().clone();
        said.iter().filter(|one| !one["counts"].is_null()).count()
    };
    until("Korea has Poland's answer", || answered(korea) == 1);
    korea.node.run(&["agree", "change", &first, "--deadline", "7d"]).ends(0);
    assert_eq!(answered(korea), 1);
    let file = korea.node.file("text", "We strongly condemn.\n");
    korea.node.run(&["agree", "change", &first, "--text", &file]).ends(0);
    assert_eq!(answered(korea), 0);
    korea.node.run(&["agree", "withdraw", &first]).ends(0);
    stands(states, &first, "withdrawn");
}

#[test]
fn commitments_say_what_was_promised_by_whom_and_what_is_late() {
    let [korea, poland, states] = &three();
    let add = |member: &Member, name: &str, due: &str, more: &[&str]| {
        let args =
            ["commit", "add", "--name", name, "--about", ABOUT, "--due", due, "--responsible"];
        id(&member.node.json(&[&args, ["desk officer"].as_slice(), more].concat()))
    };
    let milestone = ["--milestone", "Team named@2024-06-30", "--promised-to", "POL"];
    let team = add(korea, "Take part", "2099-12-31", &milestone);
    add(poland, "Send experts", "2024-01-31", &[]);
    add(states, "Host a course", "2099-06-30", &["--promised-to", "KOR"]);
    until("all are at each", || {
        [korea, poland, states]
            .iter()
            .all(|one| one.node.json(&["commit", "list"]).as_array().unwrap().len() == 3)
    });
    let names = |member: &Member, args: &[&str]| {
        let listed = member.node.json(&[&["commit", "list"], args].concat());
        let names = listed.as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap());
        names.map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(names(korea, &[]), ["Send experts", "Take part", "Host a course"]);
    assert_eq!(names(korea, &["--ours"]), ["Take part"]);
    assert_eq!(names(korea, &["--to-us"]), ["Send experts", "Host a course"]);
    assert_eq!(names(korea, &["--late"]), ["Send experts", "Take part"]);
    assert_eq!(names(states, &["--to-us", "--late"]), ["Send experts"]);
    assert_eq!(names(poland, &["--owner", "USA"]), ["Host a course"]);
    let met = ["commit", "update", &team, "--met"];
    korea.node.run(&[&met, ["Teams"].as_slice()].concat()).ends(2).says(&["it has: Team named"]);
    korea.node.run(&[&met, ["Team named"].as_slice()].concat()).ends(0);
    assert_eq!(names(korea, &["--late"]), ["Send experts"]);
    let complete = ["commit", "update", &team, "--completion", "complete"];
    korea.node.run(&complete).ends(2).says(&["add --evidence"]);
    korea.release(1..2, "POL");
    let shows = crate::objects::indicator_id(1);
    korea.node.run(&[&complete, ["--evidence", &shows].as_slice()].concat()).ends(0);
    until("Poland sees it complete", || {
        poland.node.json(&["commit", "show", &team])["completion"] == "complete"
    });
    let evidence = poland.node.json(&["commit", "show", &team])["evidence"].clone();
    // Poland has the object that it names, by its digest.
    let there = poland.node.json(&["object", "show", &shows]).to_string();
    assert!(!evidence[0]["object_sha256"].is_null() && there.contains("KOR"), "{evidence}");
    // The doer does not judge; another nation does.
    let assess = [
        "area",
        "assess",
        "--subject",
        &team,
        "--begins",
        "2024-01-01",
        "--ends",
        "2024-12-31",
        "--completion",
        "substantial",
        "--text",
        "A team came.",
        "--assessor",
        "desk",
    ];
    korea.node.run(&assess).ends(2).says(&["KOR owns it"]);
    poland.node.run(&assess).ends(0);
    until("Korea has the judgement", || {
        korea.node.json(&["area", "list", "open"]).as_array().unwrap().len() == 1
    });
}

#[test]
fn reports_go_with_their_attachments_and_are_written_nowhere_else() {
    let [korea, poland, states] = &three();
    let attached = korea.node.file("analysis.pdf", vec![7; 200_000]);
    let add = |more: &[&str]| {
        let args = ["report", "add", "--name", "Analysis of a programme", "--about", ABOUT];
        korea.node.run(&[&["--json"], args.as_slice(), more].concat())
    };
    let told = add(&["--attach", &attached, "--text", "In short.", "--rel-to", "POL"]).ends(0);
    let report = id(&told.document());
    until("Poland has the report", || {
        poland.node.json(&["report", "list", "--search", "in short"]).as_array().unwrap().len() == 1
    });
    assert_eq!(
        poland.node.json(&["report", "list", "--about", "open/none"]),
        serde_json::json!([])
    );
    assert_eq!(states.node.json(&["report", "list"]), serde_json::json!([]));
    let out = poland.node.work().join("out").display().to_string();
    let got = poland.node.json(&["report", "get", &report, "--out", &out]);
    let file = got["files"][0]["file"].as_str().unwrap();
    assert_eq!(std::fs::read(file).unwrap(), vec![7; 200_000]);
    // Not written over.
    poland.node.run(&["report", "get", &report, "--out", &out]).ends(2).says(&["is not written"]);
    let long = korea.node.file("long.pdf", vec![7; 800 * 1024]);
    add(&["--attach", &long]).ends(2).says(&["819200 bytes", "are the most"]);
    // A report that would write elsewhere, or names another file, is shown to people and not obeyed.
    let mut forged = got["report"].clone();
    for (number, name, digest, says) in [
        (1, "../evil", None, "no plain name"),
        (2, "/etc/evil", None, "no plain name"),
        (3, "other.pdf", Some("00"), "its SHA-256 differs"),
    ] {
        let reference = &mut forged["external_references"][0];
        reference["description"] = name.into();
        if let Some(digest) = digest {
            reference["hashes"]["SHA-256"] = digest.repeat(32).into();
        }
        let uuid = format!("{number:08x}-45d1-4c1b-9d32-0123456789ab");
        forged["id"] = format!("report--{uuid}").into();
        let file = korea.node.file("forged.json", forged.to_string());
        let label = ["--programme", "open", "--area", "all", "--tlp", "green", "--rel-to", "POL"];
        korea.node.run(&[&["import", &file], label.as_slice()].concat()).ends(0);
        let forged_id = format!("report--{uuid}");
        until("Poland has it", || {
            poland.node.run(&["report", "get", &forged_id, "--out", &out]).said().contains(says)
        });
    }
    assert!(!poland.node.work().join("evil").exists());
}

/// Asks the interface for this nation's own programs: the status and the answer.
fn asks(
    member: &Member,
    token: Option<&str>,
    (method, path): (&str, &str),
    body: &Value,
) -> (u16, Value) {
    let host = member.served.borrow().as_ref().unwrap().status_host();
    let agent: ureq::Agent =
        ureq::Agent::config_builder().http_status_as_error(false).build().into();
    let mut request =
        ureq::http::Request::builder().method(method).uri(format!("http://{host}{path}"));
    if let Some(token) = token {
        request = request.header("Authorization", format!("Bearer {token}"));
    }
    let body = if body.is_null() { String::new() } else { body.to_string() };
    let mut answer = agent.run(request.body(body).unwrap()).unwrap();
    let status = answer.status().as_u16();
    (status, serde_json::from_str(&answer.body_mut().read_to_string().unwrap()).unwrap())
}

#[test]
fn the_interface_says_and_shows_what_the_commands_do_to_whom_may() {
    let [korea, poland, _] = &three();
    signed(korea, &["user", "add", "park", "--role", "reader"]).ends(0);
    let token = |name: &str| {
        let issued = korea.node.json(&["user", "token", name, "--name", &format!("{name}-1")]);
        issued["token"].as_str().unwrap().to_owned()
    };
    let (kim, park) = (token("kim"), token("park"));
    let all = ("GET", "/api/v1/objects");
    let (status, description) = asks(korea, None, ("GET", "/api/v1/openapi.json"), &Value::Null);
    assert_eq!((status, &description["openapi"]), (200, &"3.1.0".into()));
    // Each route, to nobody, to a stranger's token, and by the role that it needs.
    let nothing = Value::Null;
    for (path, methods) in description["paths"].as_object().unwrap() {
        let path = path.replace("{id}", "e0000000");
        for method in methods.as_object().unwrap().keys() {
            let route = (method.to_uppercase(), path.clone());
            let route = (route.0.as_str(), route.1.as_str());
            assert_eq!(asks(korea, None, route, &nothing).0, 401, "{route:?}");
            assert_eq!(asks(korea, Some("entente_person_x"), route, &nothing).0, 401, "{route:?}");
            let writes = route.0 != "GET";
            assert_eq!(asks(korea, Some(&park), route, &nothing).0 == 403, writes, "{route:?}");
            assert_ne!(asks(korea, Some(&kim), route, &nothing).0, 403, "{route:?}");
        }
    }
    let activity = serde_json::json!({
        "type": "entente-activity", "name": "Course", "about": ABOUT, "kind": "course",
        "begins": "2024-02-01T00:00:00.000Z", "ends": "2024-02-02T00:00:00.000Z", "state": "planned",
    });
    let new =
        serde_json::json!({ "content": activity, "to": { "rel_to": ["POL"], "tlp": "green" } });
    let mut dry = new.clone();
    dry["dry_run"] = true.into();
    let (status, told) = asks(korea, Some(&kim), ("POST", "/api/v1/objects"), &dry);
    assert_eq!((status, &told["released"]), (200, &serde_json::json!(["POL"])), "{told}");
    assert_eq!(asks(korea, Some(&park), all, &nothing).1, serde_json::json!([]));
    let (_, told) = asks(korea, Some(&kim), ("POST", "/api/v1/objects"), &new);
    let made = id(&told);
    until("Poland has it", || poland.node.json(&["area", "list"]).as_array().unwrap().len() == 1);
    let path = format!("/api/v1/objects/{made}");
    let mut change = new.clone();
    change["content"]["state"] = "cancelled".into();
    assert_eq!(asks(korea, Some(&kim), ("PUT", &path), &change).0, 200);
    change["content"]["state"] = "held".into();
    let (status, told) = asks(korea, Some(&kim), ("PUT", &path), &change);
    assert_eq!(status, 400);
    assert!(told["error"].as_str().unwrap().contains("cannot become held"), "{told}");
    let (_, shown) = asks(korea, Some(&park), ("GET", &path), &nothing);
    assert_eq!(shown["versions"].as_array().unwrap().len(), 2, "{shown}");
    let (status, told) =
        asks(korea, Some(&kim), ("POST", "/api/v1/objects"), &serde_json::json!({}));
    assert_eq!((status, told["error"].is_string()), (400, true), "{told}");
    // The token ends with its revocation, and with its person.
    korea.node.run(&["user", "revoke-token", "kim-1"]).ends(0);
    assert_eq!(asks(korea, Some(&kim), all, &nothing).0, 401);
    korea.node.run(&["user", "remove", "park"]).ends(0);
    assert_eq!(asks(korea, Some(&park), all, &nothing).0, 401);
}
