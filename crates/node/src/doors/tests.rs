//! ATTACKS.md row 6 with the real desk behind the real server: two worlds that differ only in what
//! Poland may not have answer Poland alike, byte for byte, whatever it asks, sends and takes back.
//!
//! Both worlds are told the time; a pair is their state after one more random step, asked at random.

use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request, StatusCode};
use entente_intake::acts::{ApprovalAct, NodeAct, UserAct};
use entente_intake::hex;
use entente_log::journal::Journal as _;
use entente_log::key::Key;
use entente_object::clock::{Clock as _, StepClock};
use entente_object::id::Id;
use entente_object::marking::Tlp;
use entente_release::partner::Channel;
use entente_store::{Home, Signing};
use entente_view_taxii::{Doors, Secrets, Service, Settings, app};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tower::ServiceExt as _;

use super::*;

const PROGRAMME: &str = "rok-nato-itpp-2023";
const AREAS: [&str; 2] = ["cyber-defence", "dialogue-and-consultation"];
const TYPES: [&str; 6] =
    ["indicator", "malware", "ipv4-addr", "relationship", "report", "marking-definition"];

/// Pairs, as the attack table demands; each sequence of steps has so many.
const SEQUENCES: u64 = 25;
const STEPS: u64 = 40;

/// Numbers from a seed.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: u64) -> u64 {
        // Steele, Lea and Flood's SplitMix64.
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % end
    }

    fn of<T: Copy>(&mut self, all: &[T]) -> T {
        all[usize::try_from(self.below(u64::try_from(all.len()).unwrap())).unwrap()]
    }
}

/// Korea's node, and its server.
struct World {
    _folder: tempfile::TempDir,
    door: Arc<Door>,
    clock: Arc<StepClock>,
    app: Router,
}

type Reply = (StatusCode, HeaderMap, Vec<u8>);

impl World {
    fn new(start: Timestamp) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(StepClock::new(start, Duration::ZERO));
        let mut home = Home::open(folder.path()).unwrap();
        let key = Key::from_seed("KOR", &[7; 32]).unwrap();
        let act = NodeAct { nation: "KOR".into(), key: key.public() };
        Desk::init(&mut home, &act, start).unwrap();
        let mut desk = Desk::open(home, clock.clone()).unwrap();
        let text = include_str!("../../../../programmes/rok-nato-itpp-2023.toml").to_owned();
        desk.adopt_programme(&ProgrammeAct { file: "itpp.toml".into(), text }).unwrap();
        let partners = ["POL", "USA"].map(|code| {
            let record = desk.add_partner(code.parse().unwrap()).unwrap();
            (record.partner.index, record.partner.nation)
        });
        for code in ["POL", "USA"] {
            let act = CredentialAct {
                name: code.into(),
                nation: code.into(),
                form: "token".into(),
                hash: hex(&Sha256::digest(code)),
                read: true,
                write: true,
                collections: None,
                expires: None,
                active: true,
            };
            desk.record(kind::CREDENTIAL, &act).unwrap();
        }
        let roles = vec!["releaser".to_owned()];
        let lee = UserAct { name: "lee".into(), roles, key: releaser().public(), active: true };
        desk.record(kind::USER, &lee).unwrap();
        desk.home_mut()
            .sign_with(Signing { key, here: Nation::KOR, partners: partners.into() })
            .unwrap();
        let door = Arc::new(Door::new(desk, folder.path()));
        let app = server(folder.path(), door.clone(), clock.clone());
        Self { _folder: folder, door, clock, app }
    }

    async fn ask(&self, who: &str, method: &str, path: &str, body: &str) -> Reply {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("host", "taxii.example")
            .header("accept", "application/taxii+json;version=2.1")
            .header("content-type", "application/taxii+json;version=2.1")
            .header("authorization", format!("Bearer {who}"))
            .body(Body::from(body.to_owned()));
        let (head, body) = self.app.clone().oneshot(request.unwrap()).await.unwrap().into_parts();
        let body = to_bytes(body, usize::MAX).await.unwrap().to_vec();
        (head.status, head.headers, body)
    }

    /// Takes objects of Korea in.
    fn take(&self, objects: &[Value], applied: Option<&Applied>) {
        let prepared = objects.iter().map(|object| {
            let bytes = object.to_string().into_bytes();
            prepare(bytes).unwrap_or_else(|(refused, _)| panic!("{refused}: {object}"))
        });
        self.door.desk().take(prepared.collect(), Nation::KOR, applied).unwrap();
    }

    /// Lee approves what waits, if anything of this id does.
    fn approve(&self, id: &str) {
        let mut desk = self.door.desk();
        let key = Id::parse(id).unwrap().key();
        let Some(known) = desk
            .home()
            .versions(key)
            .unwrap()
            .into_iter()
            .rfind(|known| known.bringer == Nation::KOR)
        else {
            return;
        };
        let expires = desk.now().saturating_add(Duration::from_hours(24));
        let Ok(subject) = desk.subject(known.seq, expires) else { return };
        let act = ApprovalAct {
            object: known.seq,
            releaser: "lee".into(),
            key: releaser().public(),
            digest: hex(&subject.object),
            label: hex(&subject.label),
            recipients: subject.recipients.iter().map(|nation| nation.to_string()).collect(),
            policy: hex(&subject.policy.0),
            expires: expires.unix_micros(),
            signature: hex(&releaser().sign_bytes(&subject.to_bytes())),
        };
        desk.approve(&act).unwrap();
    }
}

fn releaser() -> Key {
    Key::from_seed("lee", &[9; 32]).unwrap()
}

fn server(folder: &Path, door: Arc<Door>, clock: Arc<StepClock>) -> Router {
    let register = Arc::new(Register::open(folder).unwrap());
    let settings = Settings {
        title: "Korea".into(),
        description: None,
        contact: None,
        api_root: "entente".into(),
        public_url: None,
        in_clear: true,
        channel: Channel::default(),
    };
    let (store, directory) = (folder.to_owned(), register.clone());
    let doors = Doors { store, directory, accounts: register, inbox: door, clock };
    app(Service::new(settings, Secrets { cursors: [1; 32], logins: [2; 32] }, doors).unwrap())
}

/// Ids of what is shared with Poland are even, of what is not odd. Poland may name any.
fn id(object_type: &str, number: u64) -> String {
    format!("{object_type}--00000000-0000-4000-8000-{number:012x}")
}

fn applied(dice: &mut Dice, rel_to: &[&str], tlp: Tlp) -> Applied {
    Applied {
        tlp: Some(tlp),
        rel_to: rel_to.iter().map(|code| code.parse::<Nation>().unwrap()).collect(),
        under: [Under {
            programme: PROGRAMME.parse().unwrap(),
            area: dice.of(&AREAS).parse().unwrap(),
        }]
        .into(),
        caveats: [].into(),
        actions: PermittedActions::ExternallyVisibleDirect,
        exercise: None,
        window: Window::default(),
    }
}

/// An object that names these: they are what it is about, and may be its marking.
fn object((object_type, number): (&str, u64), version: u64, names: &[(&str, u64)]) -> Value {
    let time = format!("2024-01-01T00:00:00.{:03}Z", version % 1000);
    let (id, about) = (id(object_type, number), |at: usize| {
        id(names[at % names.len()].0, names[at % names.len()].1)
    });
    let mut object = match object_type {
        "ipv4-addr" => json!({ "value": format!("192.0.2.{}", number % 256) }),
        "marking-definition" => json!({
            "created": "2024-01-01T00:00:00.000Z",
            "definition_type": "statement", "definition": { "statement": format!("Made up {number}") },
        }),
        _ => json!({ "created": "2024-01-01T00:00:00.000Z", "modified": time }),
    };
    let more = match object_type {
        "indicator" => json!({
            "pattern": format!("[ipv4-addr:value = '192.0.2.{}']", number % 256),
            "pattern_type": "stix", "valid_from": "2024-01-01T00:00:00Z",
        }),
        "malware" => json!({ "is_family": false }),
        "relationship" => json!({
            "relationship_type": "related-to", "source_ref": about(0), "target_ref": about(1),
        }),
        "report" => json!({
            "name": "Made up", "published": "2024-01-01T00:00:00Z", "object_refs": [about(0), about(1)],
        }),
        _ => json!({}),
    };
    let members = object.as_object_mut().unwrap();
    members.extend(more.as_object().unwrap().clone());
    members.extend([
        ("type".to_owned(), json!(object_type)),
        ("spec_version".to_owned(), json!("2.1")),
        ("id".to_owned(), json!(id)),
    ]);
    let marked = names.last().is_some_and(|(marking, _)| *marking == "marking-definition");
    if marked && object_type != "marking-definition" {
        members.insert("object_marking_refs".to_owned(), json!([about(names.len() - 1)]));
    }
    object
}

/// Which number: of what is shared, of what is hidden, or of any.
fn number(dice: &mut Dice, odd: u64) -> u64 {
    dice.below(12) * 2 + odd
}

/// An object; one of those that are shared names what is shared alone.
fn made(dice: &mut Dice, odd: u64, step: u64) -> Value {
    // What is made anew in each step has a number of its own; what comes again another version.
    let object_type = dice.of(&TYPES);
    let number = match object_type {
        "ipv4-addr" | "marking-definition" => number(dice, odd),
        _ => number(dice, odd) + 24 * dice.below(4),
    };
    let named = [&TYPES[..3], &TYPES[..3], &TYPES].map(|types| {
        // Whatever names what is hidden is hidden too.
        let odd = if odd == 1 && dice.below(4) == 0 { 0 } else { odd };
        (dice.of(types), self::number(dice, odd))
    });
    object((object_type, number), step, &named)
}

/// One step of both worlds: `one` is the world with what Poland may not have.
async fn step(dice: &mut Dice, one: &World, other: &World, at: u64) {
    let both = [one, other];
    let odds = [Tlp::Clear, Tlp::Green, Tlp::Amber, Tlp::AmberStrict];
    let tlp = dice.of(&odds);
    match dice.below(10) {
        0..=2 => {
            let objects: Vec<Value> = (0..=dice.below(5)).map(|_| made(dice, 0, at)).collect();
            let mut label = applied(dice, &["POL"], tlp);
            if dice.below(4) == 0 {
                let minutes = Duration::from_mins(dice.below(30));
                label.window.not_before = Some(one.clock.now().saturating_add(minutes));
            }
            other.take(&objects, Some(&label));
            // Who else has it is none of Poland's business.
            if dice.below(2) == 0 {
                label.rel_to =
                    ["POL", "USA"].iter().map(|c| c.parse::<Nation>().unwrap()).collect();
            }
            one.take(&objects, Some(&label));
        }
        3..=5 => {
            let objects: Vec<Value> = (0..=dice.below(5)).map(|_| made(dice, 1, at)).collect();
            let nations = dice.of(&[&["USA"][..], &["USA", "GBR"], &[], &["POL", "USA"]]);
            // To Poland in name alone: red, or of an exercise that it has no part in.
            let mut label = applied(dice, nations, if nations.len() == 2 { Tlp::Red } else { tlp });
            if dice.below(4) == 0 {
                label.exercise = Some("cc23".parse().unwrap());
            }
            one.take(&objects, if dice.below(5) == 0 { None } else { Some(&label) });
        }
        6 => {
            let minutes = Duration::from_mins(dice.below(20));
            for world in both {
                world.clock.advance(minutes);
                world.door.desk().decide_again().unwrap();
            }
        }
        7 => {
            let shared = id(dice.of(&TYPES), number(dice, 0));
            for world in both {
                world.approve(&shared);
            }
            one.approve(&id(dice.of(&TYPES), number(dice, 1)));
        }
        8 => {
            let body = json!({ "objects": [made(dice, 1, at), made(dice, 1, at)] }).to_string();
            one.ask("USA", "POST", &collection(AREAS[0], "objects/"), &body).await;
            if dice.below(4) == 0 {
                let code = dice.of(&["active", "suspended"]);
                let usa: Nation = "USA".parse().unwrap();
                one.door.desk().change_partner(usa, |act| act.standing = code.to_owned()).unwrap();
            }
        }
        _ => {
            for world in both {
                world.door.desk().review(true, &mut |_| ()).unwrap();
            }
        }
    }
}

fn collection(area: &str, rest: &str) -> String {
    format!("/entente/collections/{PROGRAMME}.{area}/{rest}")
}

/// A question of Poland's: method, path and body.
fn question(dice: &mut Dice, statuses: &[String], at: u64) -> (&'static str, String, String) {
    let odd = dice.below(2);
    let thing = id(dice.of(&TYPES), number(dice, odd));
    let area = dice.of(&[AREAS[0], AREAS[0], AREAS[1], "moon"]);
    let filter = [
        String::new(),
        format!("limit={}", dice.below(5) * 3),
        "match[version]=all".to_owned(),
        "match[version]=first&limit=7".to_owned(),
        format!("match[type]={},{}&limit=5", dice.of(&TYPES), dice.of(&TYPES)),
        format!("match[id]={thing}&match[version]=all"),
        format!("added_after=2024-05-01T00:{:02}:00Z", dice.below(60)),
        "match[spec_version]=2.0".to_owned(),
        "match[version]=2024-01-01T00:00:00.007Z".to_owned(),
    ];
    let filter = &filter[usize::try_from(dice.below(9)).unwrap()];
    let method = dice.of(&["GET", "GET", "GET", "HEAD"]);
    let plain = |path: String| (method, path, String::new());
    match dice.below(16) {
        0 => plain(dice.of(&["/taxii2/", "/entente/", "/entente/collections/", "/x"]).to_owned()),
        1 => plain(collection(area, "")),
        2..=4 => plain(collection(area, &format!("manifest/?{filter}"))),
        5..=7 => plain(collection(area, &format!("objects/?{filter}"))),
        8 => plain(collection(area, &format!("objects/{thing}/?match[version]=all"))),
        9 => plain(collection(area, &format!("objects/{thing}/versions/"))),
        10 => plain(match statuses.last() {
            Some(status) if odd == 0 => format!("/entente/status/{status}/"),
            _ => format!("/entente/status/{}/", Uuid::from_u128(u128::from(at))),
        }),
        11 => ("DELETE", collection(area, &format!("objects/{thing}/")), String::new()),
        12 => ("PUT", collection(area, "objects/"), "{}".to_owned()),
        _ => {
            let objects = [made(dice, odd, at + 500), made(dice, odd, at + 500)];
            ("POST", collection(area, "objects/"), json!({ "objects": objects }).to_string())
        }
    }
}

/// Both worlds' answers to one question, which must be one; follows `next` to the end.
async fn same(case: &str, worlds: [&World; 2], (method, path, body): (&str, &str, &str)) -> Reply {
    let mut path = path.to_owned();
    for page in 0.. {
        assert!(page < 1000, "{case}: {method} {path} has no end");
        let [one, other] = worlds;
        let answer = one.ask("POL", method, &path, body).await;
        let expected = other.ask("POL", method, &path, body).await;
        let shown = |reply: &Reply| {
            format!("{} {:?}\n{}", reply.0, reply.1, String::from_utf8_lossy(&reply.2))
        };
        assert_eq!(shown(&answer), shown(&expected), "{case}: {method} {path} {body}");
        assert_eq!(answer, expected, "{case}: {method} {path}");
        let json: Value = serde_json::from_slice(&answer.2).unwrap_or_default();
        match (json["next"].as_str(), path.split_once("&next=")) {
            (Some(next), Some((asked, _))) => path = format!("{asked}&next={next}"),
            (Some(next), None) => path = format!("{path}&next={next}"),
            (None, _) => return answer,
        }
    }
    unreachable!("pages are counted without end")
}

/// Walks two worlds through random steps; gives how many objects Poland has at the end.
async fn sequence(seed: u64) -> usize {
    let start = Timestamp::parse("2024-05-01T00:00:00Z").unwrap();
    let (mut dice, mut statuses) = (Dice(seed), Vec::new());
    let (one, other) = (World::new(start), World::new(start));
    let worlds = [&one, &other];
    for at in 0..STEPS {
        step(&mut dice, &one, &other, at).await;
        let case = format!("seed {seed}, step {at}");
        for _ in 0..4 {
            let (method, path, body) = question(&mut dice, &statuses, at);
            let (status, _, answer) = same(&case, worlds, (method, &path, &body)).await;
            if method == "POST" && status == StatusCode::ACCEPTED {
                let answer: Value = serde_json::from_slice(&answer).unwrap();
                statuses.push(answer["id"].as_str().unwrap().to_owned());
            }
        }
        let everything = collection(AREAS[0], "manifest/?match[version]=all");
        same(&case, worlds, ("GET", &everything, "")).await;
    }
    let count = |world: &World| {
        let poland = world.door.desk().partner("POL".parse().unwrap()).unwrap().partner.index;
        usize::try_from(Reader::open(&world.door.folder).unwrap().ledger_size(poland).unwrap())
            .unwrap()
    };
    let tips = worlds.map(|world| world.door.desk().home().tip().next);
    assert_ne!(tips[0], tips[1], "the worlds are one");
    assert_eq!(count(&one), count(&other));
    count(&one)
}

#[test]
fn what_poland_may_not_have_changes_no_byte_of_a_thousand_pairs() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let released: usize = (0..SEQUENCES).map(|seed| runtime.block_on(sequence(seed))).sum();
    const { assert!(SEQUENCES * STEPS >= 1000) };
    assert!(released > 500, "hardly anything was released: {released}");
}
