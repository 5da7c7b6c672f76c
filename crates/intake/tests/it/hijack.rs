//! Row 1 of the attacks: whatever a partner brings under another nation's id, the owner's versions,
//! the decisions about them and everybody's view of them stay as they were.

use entente_intake::{Outcome, Prepared, Refused, hex, prepare};
use entente_object::id::Id;
use entente_object::marking::Tlp;
use entente_release::decide::{Condition, Decision, Reason};
use entente_release::label::{Fault, Faults};
use entente_release::{Label, Nation, label_marking};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::fixture::{Node, Seen, applied, object, released};
use crate::nations::{PARTNERS, nation};

const OWN: &str = "2023-12-01T00:00:00.000Z";

/// What an attacker writes into `modified`: newer, equal, older, far away, nothing.
const TIMES: [Option<&str>; 7] = [
    Some("2023-12-01T00:00:00.001Z"),
    Some("1970-01-01T00:00:00.000Z"),
    Some("2023-12-02T00:00:00.000Z"),
    Some(OWN),
    Some("2023-11-30T00:00:00.000Z"),
    Some("9999-12-31T23:59:59.999Z"),
    None,
];

fn identity(code: &str) -> String {
    format!("identity--{}", nation(code).identity())
}

fn id(object_type: &str, of: usize, n: usize) -> String {
    let number = u128::try_from(of * 100 + n).unwrap();
    let random = uuid::Builder::from_random_bytes((number << 64 | 0x0bad_cafe).to_be_bytes());
    format!("{object_type}--{}", random.into_uuid())
}

fn malware(id: &str, time: &str, creator: Option<&str>, name: &str) -> Value {
    let mut value = json!({
        "type": "malware", "spec_version": "2.1", "id": id, "created": OWN, "modified": time,
        "name": name, "is_family": true,
    });
    if let Some(creator) = creator {
        value["created_by_ref"] = json!(creator);
    }
    value
}

/// The objects of the nation of this number, 0 being Korea: with its name as creator, with one that
/// is not here, without one, without a version.
fn owned(of: usize, code: &str) -> Vec<Value> {
    let unknown = id("identity", 99, 1);
    let mut objects: Vec<Value> = [Some(identity(code)), Some(unknown), None, None]
        .iter()
        .enumerate()
        .map(|(n, creator)| malware(&id("malware", of, n), OWN, creator.as_deref(), code))
        .collect();
    let value = format!("{}.example", code.to_lowercase());
    objects.push(json!({
        "type": "domain-name", "spec_version": "2.1", "id": observable("domain-name", &value), "value": value,
    }));
    objects
}

fn observable(object_type: &str, value: &str) -> String {
    let namespace: Uuid = "00abedb4-aa42-466c-9c01-fed23315a9b7".parse().unwrap();
    let name = format!("{{\"value\":\"{value}\"}}");
    format!("{object_type}--{}", Uuid::new_v5(&namespace, name.as_bytes()))
}

/// An object under a stolen id.
fn forged(target: &Value, time: Option<&str>, creator: Option<&str>, mark: usize) -> Option<Value> {
    let mut forged = target.clone();
    let members = forged.as_object_mut().unwrap();
    members.remove("created_by_ref");
    if target.get("modified").is_some() {
        members.insert("name".into(), json!(format!("forged {mark}")));
        members.insert("modified".into(), json!(time?));
        let created = time?.min(OWN);
        members.insert("created".into(), json!(created));
        members.extend(creator.map(|creator| ("created_by_ref".into(), json!(creator))));
    } else {
        members.insert("x_forged".into(), json!(mark));
        members.insert("defanged".into(), json!(true));
    }
    Some(forged)
}

/// All that is stored of what a nation brought, and what each partner sees of it.
fn state(node: &Node, owners: &[(&str, Vec<Value>)]) -> Vec<String> {
    let mut state = Vec::new();
    for (owner, objects) in owners {
        for object in objects {
            let key = Id::parse(object["id"].as_str().unwrap()).unwrap().key();
            for known in node.desk.home().versions(key).unwrap() {
                if known.bringer == nation(owner) {
                    let put = node.desk.home().put(known.seq).unwrap();
                    state.push(format!("{known:?} {put:?}"));
                }
            }
        }
    }
    state
}

#[test]
fn ten_thousand_attempts_on_ids_of_others_change_nothing_for_anybody() {
    let mut node = Node::shipped(&PARTNERS);
    let everybody = applied(Tlp::Green, &PARTNERS);
    let nations: Vec<&str> = ["KOR"].into_iter().chain(PARTNERS).collect();
    let owners: Vec<(&str, Vec<Value>)> =
        nations.iter().enumerate().map(|(of, code)| (*code, owned(of, code))).collect();
    for (owner, objects) in &owners {
        let outcomes = node.take(objects.iter().map(object).collect(), owner, Some(&everybody));
        assert!(outcomes.iter().all(|outcome| released(outcome).is_some()), "{outcomes:?}");
    }
    let before = state(&node, &owners);
    let views: Vec<Vec<Seen>> = PARTNERS.iter().map(|code| node.whole(code)).collect();
    assert_eq!(before.len(), 45);
    // Of Korea's five, the one whose unknown creator is not here waits. Its own each reads back.
    assert!(views.iter().all(|view| view.len() == 8), "{views:?}");
    let newest: Vec<String> = PARTNERS.iter().map(|code| node.view(code)).collect();
    assert_eq!(node.alarms(), []);
    let (mut attempts, mut unreadable, mut taken, mut refused) = (0, 0, 0, Vec::new());
    for attacker in PARTNERS {
        let tries = tries(&owners, attacker);
        let written_tries = tries.len();
        attempts += written_tries;
        let readable = tries.into_iter().filter_map(|text| match prepare(text.into_bytes()) {
            Ok(object) => Some(object),
            Err((Refused::Object(_), _)) => None,
            Err((other, _)) => panic!("{other}"),
        });
        let batch: Vec<Prepared> = readable.collect();
        unreadable += written_tries - batch.len();
        let digests: Vec<[u8; 32]> = batch.iter().map(|object| object.digest).collect();
        let here = node.index(attacker);
        for (outcome, digest) in node.take(batch, attacker, Some(&everybody)).iter().zip(digests) {
            match outcome {
                Outcome::Refused(Refused::ForeignCreator(_) | Refused::Conflict(_)) => {
                    refused.push(digest);
                }
                Outcome::Taken { released, held, .. } => {
                    taken += 1;
                    let seen = released.union(*held);
                    assert!(seen.iter().all(|partner| partner == here), "{outcome:?}");
                }
                Outcome::Same | Outcome::Refused(_) => panic!("{outcome:?}"),
            }
        }
    }
    assert!(attempts / 3 >= 10_000, "{attempts}");
    // Two of three have capitals in the id, and that is no id.
    assert_eq!((unreadable, refused.len() + taken), (attempts / 3 * 2, attempts / 3));
    println!(
        "{attempts} attempts: {unreadable} unreadable, {} refused, {taken} apart",
        refused.len()
    );

    // Audited: each refused one by who did it, with its digest.
    let mut alarms = node.alarms();
    alarms.retain(|alarm| !alarm.detail.ends_with("brought this version with other content"));
    let alarms: Vec<String> = alarms.into_iter().map(|alarm| alarm.digest).collect();
    assert_eq!(alarms, refused.iter().map(|digest| hex(digest)).collect::<Vec<_>>());
    node.desk.review(true, &mut |_| ()).unwrap();
    assert_eq!(state(&node, &owners), before);
    let bringers = node.bringers();
    for ((code, before), newest) in PARTNERS.iter().zip(&views).zip(&newest) {
        let after = node.whole(code);
        let (old, new) = after.split_at(before.len());
        assert_eq!(old, before, "{code}");
        assert!(new.iter().all(|seen| bringers[&seen.seq] == nation(code)), "{code}");
        assert!(node.view(code).starts_with(newest.as_str()), "{code}");
    }
}

/// Every text with which an attacker tries to make an object of another nation its own.
fn tries(owners: &[(&str, Vec<Value>)], attacker: &str) -> Vec<String> {
    let mut tries = Vec::new();
    for (owner, objects) in owners.iter().filter(|(owner, _)| *owner != attacker) {
        let creators = [
            Some(identity(owner)),
            Some(identity(attacker)),
            Some(identity("CZE")),
            Some(id("identity", 99, 2)),
            None,
        ];
        for target in objects.iter().chain([&party(owner)]) {
            for time in TIMES {
                for creator in &creators {
                    let forged = forged(target, time, creator.as_deref(), tries.len());
                    tries.extend(forged.iter().flat_map(written));
                }
            }
        }
    }
    tries
}

/// The identity of a party.
fn party(code: &str) -> Value {
    json!({
        "type": "identity", "spec_version": "2.1", "id": identity(code), "created": OWN,
        "modified": OWN, "name": code, "identity_class": "organization",
    })
}

/// As it is, with the id's UUID in capitals, with its type in capitals.
fn written(value: &Value) -> [String; 3] {
    let id = value["id"].as_str().unwrap();
    let (object_type, uuid) = id.split_once("--").unwrap();
    let plain = value.to_string();
    let other = |id: String| plain.replacen(&value["id"].to_string(), &json!(id).to_string(), 1);
    [
        plain.clone(),
        other(format!("{object_type}--{}", uuid.to_uppercase())),
        other(format!("{}--{uuid}", object_type.to_uppercase())),
    ]
}

#[test]
fn the_owner_goes_on_after_a_version_of_the_year_9999() {
    let mut node = Node::shipped(&["USA", "POL"]);
    let all = applied(Tlp::Green, &["USA", "POL"]);
    let own = id("malware", 0, 0);
    node.take(vec![object(&malware(&own, OWN, None, "first"))], "KOR", Some(&all));
    let forged = malware(&own, "9999-12-31T23:59:59.999Z", None, "forged");
    node.take(vec![object(&forged)], "USA", Some(&all));
    let told = node.desk.explain(&own, nation("POL")).unwrap();
    assert_eq!((told.decision, told.released), (Decision::Allow, true), "{}", told.label);
    let newest = node.desk.newest(&own).unwrap();
    assert_eq!(newest.bringer, Nation::KOR);
    let second = malware(&own, "2023-12-05T00:00:00.000Z", None, "second");
    node.take(vec![object(&second)], "KOR", Some(&all));
    assert_eq!(node.view("POL"), second.to_string());
    assert_eq!(node.view("USA"), format!("{forged},{second}"));
}

#[test]
fn the_identity_of_a_party_is_taken_from_that_party_alone() {
    let mut node = Node::shipped(&["USA"]);
    let mut claim = party("GBR");
    for creator in [None, Some("USA"), Some("GBR")] {
        if let Some(creator) = creator {
            claim["created_by_ref"] = json!(identity(creator));
        }
        let outcomes = node.take(vec![object(&claim)], "USA", None);
        let expected = Outcome::Refused(Refused::ForeignCreator(nation("GBR")));
        assert_eq!(outcomes, [expected], "{creator:?}");
    }
    assert_eq!(node.alarms().len(), 3);
}

#[test]
fn bringing_an_id_does_not_pull_out_what_mentions_it() {
    for owner_has_it in [true, false] {
        for first in [true, false] {
            let mut node = Node::shipped(&["USA", "POL"]);
            let (all, pol) = (applied(Tlp::Green, &["USA", "POL"]), applied(Tlp::Green, &["POL"]));
            let secret = observable("domain-name", "secret.example");
            let domain = object(&json!({
                "type": "domain-name", "spec_version": "2.1", "id": secret, "value": "secret.example",
            }));
            let mut about = malware(&id("malware", 0, 0), OWN, None, "about");
            about["description"] = json!(format!("speaks to {secret}"));
            let link = json!({
                "type": "relationship", "spec_version": "2.1", "id": id("relationship", 0, 1),
                "created": OWN, "modified": OWN, "relationship_type": "communicates-with",
                "source_ref": about["id"], "target_ref": secret,
            });
            let guess = |node: &mut Node| node.take(vec![domain.clone()], "USA", Some(&all));
            if first {
                guess(&mut node);
            }
            if owner_has_it {
                node.take(vec![domain.clone()], "KOR", Some(&pol));
            }
            node.take(vec![object(&about), object(&link)], "KOR", Some(&all));
            if !first {
                guess(&mut node);
            }
            node.desk.review(true, &mut |_| ()).unwrap();
            assert_eq!(node.view("USA"), String::from_utf8_lossy(&domain.bytes), "{owner_has_it}");
            assert_eq!(node.whole("POL").len(), if owner_has_it { 3 } else { 0 }, "{first}");
            // Nor does it close anything: the owner brings the domain later, and all follows.
            node.take(vec![domain.clone()], "KOR", Some(&pol));
            assert_eq!(node.whole("POL").len(), 3, "{owner_has_it} {first}");
        }
    }
}

#[test]
fn what_a_partner_says_of_a_marking_changes_nothing_for_others() {
    let strict = Label {
        originator: Nation::KOR,
        tlp: Tlp::Green,
        rel_to: [nation("POL")].into_iter().collect(),
        under: applied(Tlp::Green, &[]).under,
        faults: Faults::NONE,
        ..Label::originator_alone(Nation::KOR)
    };
    let definition = label_marking::to_stix(&strict);
    let own: Value = serde_json::from_str(&definition).unwrap();
    let unknown = "marking-definition--939a9414-2ddd-4d32-a0cd-375ea402b004";
    let statement = |id: &str| {
        object(&json!({
            "type": "marking-definition", "spec_version": "2.1", "id": id, "created": "2023-12-01T00:00:00.000Z",
            "definition_type": "statement", "definition": { "statement": "take it" },
        }))
    };
    for restarted in [false, true] {
        let mut node = Node::shipped(&["USA", "POL"]);
        let all = applied(Tlp::Green, &["USA", "POL"]);
        let label = vec![crate::fixture::ready(&definition)];
        node.take(label, "KOR", None);
        let id_of = |value: &Value| value["id"].as_str().unwrap().to_owned();
        let mut marked = [unknown, &id_of(&own)].map(|marking| {
            let mut value = malware(&id("malware", 0, marking.len() % 7), OWN, None, "marked");
            value["id"] = json!(id("malware", 1, usize::from(marking == unknown)));
            value["object_marking_refs"] = json!([marking]);
            value
        });
        node.take(marked.iter().map(object).collect(), "KOR", Some(&all));
        node.take(vec![statement(unknown), statement(&id_of(&own))], "USA", Some(&all));
        if restarted {
            let Node { folder, clock, desk } = node;
            drop(desk);
            let home = entente_store::Home::open(folder.path()).unwrap();
            let desk = entente_intake::Desk::open(home, clock.clone()).unwrap();
            node = Node { folder, clock, desk };
        }
        for value in &mut marked {
            value["modified"] = json!("2023-12-05T00:00:00.000Z");
        }
        node.take(marked.iter().map(object).collect(), "KOR", Some(&all));
        node.desk.review(true, &mut |_| ()).unwrap();
        let usa = node.view("USA");
        assert!(!usa.contains("malware--"), "{restarted}: {usa}");
        let told = node.desk.explain(&id("malware", 1, 1), nation("POL")).unwrap();
        let quarantined = Reason::Label(Fault::UnknownMarking);
        assert_eq!(told.decision, Decision::Deny(Condition::LabelAndProvenance, quarantined));
        let pol = node.view("POL");
        assert!(pol.contains(&id("malware", 1, 0)) && !pol.contains(unknown), "{restarted}: {pol}");
    }
}
