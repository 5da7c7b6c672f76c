//! Rows 1, 2, 9 and 10: what hostile nodes reach with other nations' objects, with two contents of one
//! version, with what they received, and when they were revoked.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read as _, Write as _};
use std::time::{Duration, Instant};

use entente_log::entry::Put;
use entente_object::marking::Tlp;
use entente_release::{Nation, label_marking};
use serde_json::{Value, json};

use super::{NATIONS, TIME, alarms, label, ledgers, malware, nine, others, ready, release, slip};
use crate::caller;
use crate::member::{Member, desk, nation, puts, reader, settle, standing, until};

/// Objects of Korea's that the others try to take over.
const TARGETS: usize = 50;
/// Attempts of each of the others on Korea's node, and on each other node.
const ATTEMPTS: usize = 1000;
const ATTEMPTS_ELSEWHERE: usize = 20;

fn target(number: usize) -> Value {
    let id = format!("malware--0ee7a1c2-0000-4000-8000-{number:012x}");
    let mut object = malware(&id, "Korea's own");
    object["created_by_ref"] = format!("identity--{}", Nation::KOR.identity()).into();
    object
}

/// The attempts of a nation on Korea's objects: newer, equal, older, from a far future, under an id in
/// other letters, and on Korea's identity.
fn attempts(by: &str, count: usize) -> Vec<(String, String)> {
    let times = [
        "2023-12-01T00:00:00.001Z",
        TIME,
        "2022-01-01T00:00:00.000Z",
        "9999-12-31T23:59:59.999Z",
        "2024-06-01T00:00:00.000Z",
    ];
    let attempt = |number: usize| {
        let mut object = target(number % TARGETS);
        let (time, way) = (times[number % times.len()], number / TARGETS % 4);
        object["name"] = format!("forged by {by}: {number}").into();
        object["modified"] = time.into();
        object["created"] = time.min(TIME).into();
        if way == 3 && number.is_multiple_of(TARGETS) {
            object["type"] = "identity".into();
            object["id"] = object["created_by_ref"].take();
            for member in ["created_by_ref", "is_family"] {
                object.as_object_mut().unwrap().remove(member);
            }
        }
        let id = object["id"].as_str().unwrap().to_owned();
        if way == 2 {
            object["id"] = id.replace("0ee7a1c2", "0EE7A1C2").into();
        }
        (id, object.to_string())
    };
    (0..count).map(attempt).collect()
}

/// Row 1.
fn nobody_takes_over_another_nations_ids(members: &[Member]) {
    let [korea, rest @ ..] = members else { panic!() };
    let targets: Vec<Value> = (0..TARGETS).map(target).collect();
    release(korea, &targets);
    settle(members);
    for member in rest {
        let attempts = attempts(member.code, ATTEMPTS);
        slip(member, &["KOR"], &attempts);
        let elsewhere: Vec<&str> =
            others(member.code).into_iter().filter(|c| *c != "KOR").collect();
        slip(member, &elsewhere, &attempts[..ATTEMPTS_ELSEWHERE]);
    }
    settle(members);
    for member in members {
        let here = alarms(member);
        let is_korea = member.code == "KOR";
        for other in rest.iter().filter(|other| other.code != member.code) {
            let of = |what: &str| {
                here.get(&(other.code.to_owned(), what.to_owned())).copied().unwrap_or(0)
            };
            let audited = (of("foreign-creator"), of("invalid-object"));
            // A quarter has an id that is none.
            let expected =
                if is_korea { (ATTEMPTS / 4 * 3, ATTEMPTS / 4) } else { (ATTEMPTS_ELSEWHERE, 0) };
            assert_eq!(audited, expected, "{} at {}: {here:?}", other.code, member.code);
        }
        for (bringer, text) in puts(member) {
            let own = bringer == nation(member.code);
            assert!(own || !text.contains("forged"), "{}: {bringer} {text}", member.code);
            assert!(!(is_korea && own && text.contains("forged")), "{text}");
        }
    }
    korea.node.run(&["ledger", "verify"]).ends(0).says(&["1000 were refused, see the alarms"]);
}

/// Row 2, and objects of third parties: a node's people are shown the same at every node.
fn of_two_contents_neither_is_promoted_and_all_see_the_same(members: &[Member]) {
    let id = "malware--0ee7a1c2-0000-4000-8001-000000000001";
    let [one, two] = ["one", "two"].map(|name| (id.to_owned(), malware(id, name).to_string()));
    let poland = members.last().unwrap();
    let (some, rest) = NATIONS[..8].split_at(4);
    slip(poland, some, &[one.clone(), two.clone()]);
    slip(poland, rest, &[two.clone(), one.clone()]);
    // A third party's object, of which Korea and the United States have different contents.
    let id = "malware--0ee7a1c2-0000-4000-8001-000000000002";
    let feed = |name: &str| [(id.to_owned(), malware(id, name).to_string())];
    let [korea, states, ..] = members else { panic!() };
    let (early, late) = NATIONS[2..].split_at(3);
    slip(korea, early, &feed("as Korea has it"));
    slip(states, late, &feed("as the United States have it"));
    settle(members);
    slip(korea, &[late, &["USA"]].concat(), &feed("as Korea has it"));
    slip(states, &[early, &["KOR"]].concat(), &feed("as the United States have it"));
    settle(members);
    let kept: BTreeSet<String> = [one.1, two.1].into();
    for member in &members[..8] {
        let shown = member.node.json(&["object", "show", &one.0]);
        assert_eq!(shown["versions"], json!([]), "{}", member.code);
        let alarms = shown["alarms"].as_array().unwrap();
        let evidence = alarms.iter().map(|alarm| alarm["evidence"].as_str().unwrap().to_owned());
        assert_eq!(evidence.collect::<BTreeSet<_>>(), kept, "{}", member.code);
        assert!(alarms.iter().all(|a| a["what"] == "equivocation" && a["nation"] == "POL"));
    }
    let said = |member: &Member| {
        let mut shown = member.node.json(&["object", "show", id]);
        assert!(shown["alarms"].as_array().unwrap().len() < 3, "{shown}");
        shown["alarms"].take();
        for content in shown["versions"][0]["contents"].as_array_mut().unwrap() {
            for source in content["sources"].as_array_mut().unwrap() {
                // Who has it from whom differs, and when it came.
                for member in ["here_by", "released", "withdrawn"] {
                    source[member].take();
                }
            }
        }
        shown
    };
    let first = said(korea);
    assert_eq!(first["versions"][0]["conflict"], true, "{first}");
    assert_eq!(first["versions"][0]["contents"].as_array().unwrap().len(), 2);
    for member in members {
        assert_eq!(said(member), first, "{}", member.code);
    }
}

/// Objects under every label that a nation can write: of each, its number, and who may have it.
fn labelled(by: &str) -> (Vec<Value>, Vec<(String, Vec<&'static str>)>) {
    let at = NATIONS.iter().position(|code| *code == by).unwrap();
    let (mut objects, mut expected) = (Vec::new(), Vec::new());
    let pair = [1, 4].map(|step| NATIONS[(at + step) % 9]);
    for to in [others(by), pair.to_vec(), Vec::new()] {
        for tlp in Tlp::ALL {
            for onward in [false, true] {
                let number = objects.len();
                let label = label_marking::to_stix(&label(by, &to, tlp, onward));
                let label: Value = serde_json::from_str(&label).unwrap();
                let id = format!("malware--0ee7a1c2-{at:04x}-4000-8002-{number:012x}");
                let mut object = malware(&id, "labelled");
                object["object_marking_refs"] = json!([label["id"]]);
                objects.extend([label, object]);
                let may = if tlp <= Tlp::Amber { to.clone() } else { Vec::new() };
                expected.push((id, may));
            }
        }
    }
    (objects, expected)
}

/// Row 10.
fn no_node_passes_on_what_it_received(members: &[Member]) {
    let mut expected: BTreeMap<(&str, &str), BTreeSet<String>> = BTreeMap::new();
    for member in members {
        let (objects, labelled) = labelled(member.code);
        desk(member).take(ready(&objects), nation(member.code), None).unwrap();
        for (id, to) in labelled {
            for to in to {
                expected.entry((member.code, to)).or_default().insert(id.clone());
            }
        }
    }
    settle(members);
    // Also when everything is decided anew, with all that came.
    for member in members {
        desk(member).review(true, &mut |_| ()).unwrap();
    }
    settle(members);
    let is_labelled = |id: &str| id.starts_with("malware--") && id.contains("-4000-8002-");
    for member in members {
        let bringers: BTreeMap<u64, Nation> = {
            let mut bringers = BTreeMap::new();
            let mut visit = |seq, put: &Put<'_>| {
                bringers.insert(seq, put.brought_by);
                Ok(true)
            };
            desk(member).home().each_object_from(0, &mut visit).unwrap();
            bringers
        };
        for (to, entries) in ledgers(member) {
            let passed_on = entries.iter().find(|e| bringers[&e.object] != nation(member.code));
            assert_eq!(passed_on, None, "{} to {to}", member.code);
            let ids = entries.into_iter().map(|entry| entry.id).filter(|id| is_labelled(id));
            let expected = expected.get(&(member.code, to)).cloned().unwrap_or_default();
            assert_eq!(ids.collect::<BTreeSet<_>>(), expected, "{} to {to}", member.code);
        }
        for other in others(member.code) {
            let brought = puts(member).into_iter().filter(|(by, _)| *by == nation(other));
            let ids = brought.map(|(_, text)| {
                serde_json::from_str::<Value>(&text).unwrap()["id"].as_str().unwrap().to_owned()
            });
            let here: BTreeSet<String> = ids.filter(|id| is_labelled(id)).collect();
            let expected = expected.get(&(other, member.code)).cloned().unwrap_or_default();
            assert_eq!(here, expected, "{other} at {}", member.code);
        }
    }
}

/// What a partner holds, as the node tells it.
fn held_by(member: &Member, partner: &str) -> Vec<String> {
    let rows = member.node.json(&["ledger", "held-by", partner]);
    let id = |row: &Value| row["id"].as_str().unwrap().to_owned();
    let mut ids: Vec<String> = rows.as_array().unwrap().iter().map(id).collect();
    ids.sort();
    ids
}

/// Row 9.
fn a_revoked_partner_gives_nothing_and_gets_nothing(members: &[Member]) {
    let (korea, poland) = (&members[0], &members[8]);
    let sent: Vec<String> = {
        let mut ids: Vec<String> =
            ledgers(korea).remove("POL").unwrap().into_iter().map(|entry| entry.id).collect();
        ids.sort();
        ids
    };
    assert!(sent.len() > TARGETS);
    assert_eq!(held_by(korea, "POL"), sent);
    let received = standing(&reader(korea), "POL").0;
    let folders = (poland.node.folder(), korea.node.folder());
    let ask = |path: &str| {
        let (mut session, mut socket) = caller::connect(&folders.0, &folders.1, &korea.host)?;
        socket.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        let request = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\n\r\n");
        rustls::Stream::new(&mut session, &mut socket).write_all(request.as_bytes())?;
        std::io::Result::Ok((session, socket))
    };
    let (mut session, mut socket) = ask("/peer/ledger/events").unwrap();
    let mut stream = rustls::Stream::new(&mut session, &mut socket);
    let mut heard = String::new();
    while !heard.contains("data:") {
        let mut some = [0; 4096];
        let read = stream.read(&mut some).unwrap();
        assert!(read > 0, "{heard}");
        heard.push_str(std::str::from_utf8(&some[..read]).unwrap());
    }
    korea.node.json(&["peer", "revoke", "POL"]);
    let more: Vec<Value> = (0..20)
        .map(|number| malware(&format!("malware--0ee7a1c2-0000-4000-8003-{number:012x}"), "after"))
        .collect();
    release(korea, &more);
    release(poland, &more);
    // The stream that was open says nothing more, but that it is at its end.
    let mut rest = Vec::new();
    match stream.read_to_end(&mut rest) {
        Ok(_) => {}
        Err(error) => assert_eq!(error.kind(), std::io::ErrorKind::UnexpectedEof, "{error}"),
    }
    assert!(rest.is_empty() || rest == b"0\r\n\r\n", "{}", String::from_utf8_lossy(&rest));
    for path in ["/peer/ledger?from=0", "/peer/ledger/events", "/peer/card", "/entente/"] {
        let mut answer = Vec::new();
        if let Ok((mut session, mut socket)) = ask(path) {
            let mut stream = rustls::Stream::new(&mut session, &mut socket);
            let mut some = [0; 4096];
            // An answer that refuses it, or none.
            answer.extend(stream.read(&mut some).map_or(&[][..], |read| &some[..read]));
        }
        let answer = String::from_utf8_lossy(&answer).into_owned();
        let refused = ["HTTP/1.1 401", "HTTP/1.1 403"].iter().any(|code| answer.starts_with(code));
        assert!(answer.is_empty() || refused, "{path}: {answer}");
        assert!(!answer.contains("malware"), "{path}: {answer}");
    }
    // The others have both, so Korea and Poland would have.
    for (by, from) in [(&members[1], korea), (&members[1], poland)] {
        let of = desk(from).partner(nation(by.code)).unwrap().partner.index;
        let released = reader(from).ledger_size(of).unwrap();
        until("it is received", || standing(&reader(by), from.code).0 == released);
    }
    assert_eq!(standing(&reader(korea), "POL").0, received);
    assert!(!puts(korea).iter().any(|(by, text)| *by == nation("POL") && text.contains("after")));
    assert_eq!(held_by(korea, "POL"), sent);
    let at_poland = puts(poland).into_iter().filter(|(by, _)| *by == Nation::KOR);
    assert!(!at_poland.map(|(_, text)| text).any(|text| text.contains("after")));
}

#[test]
fn nine_nodes_with_hostile_ones_among_them() {
    let start = Instant::now();
    let members = nine();
    let told = |what: &str| println!("{what}: {:.1?}", start.elapsed());
    told("nine nodes have met");
    nobody_takes_over_another_nations_ids(&members);
    told("row 1");
    of_two_contents_neither_is_promoted_and_all_see_the_same(&members);
    told("row 2");
    no_node_passes_on_what_it_received(&members);
    told("row 10");
    a_revoked_partner_gives_nothing_and_gets_nothing(&members);
    told("row 9");
    for member in &members {
        member.node.run(&["ledger", "verify", "--all"]).ends(0);
    }
    told("all hold");
}
