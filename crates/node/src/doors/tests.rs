//! ATTACKS.md row 6 with the real desk behind the real server: two worlds that differ only in what
//! Poland may not have answer Poland alike, byte for byte, whatever it asks, sends and takes back.
//!
//! World one takes random steps. What Poland may not have is what it did not receive there by the
//! end: world other takes the same steps at the same times without that. A pair is their state after
//! one more step, asked at random. Nothing is avoided. What Poland's objects are labelled with and
//! approved for is in both worlds: so is what a container of Poland's inherited its label from, though
//! Poland has that in neither (docs/decisions/0008).

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request, StatusCode};
use entente_intake::acts::{ApprovalAct, NodeAct, UserAct};
use entente_intake::hex;
use entente_log::key::Key;
use entente_object::clock::{Clock as _, StepClock};
use entente_object::id::Id;
use entente_object::marking::Tlp;
use entente_release::PartnerIndex;
use entente_release::label::Fault;
use entente_release::partner::Channel;
use entente_store::{Home, Known as Stored, Signing};
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
            .sign_with(Signing { key: key.into(), here: Nation::KOR, partners: partners.into() })
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

    /// Takes objects of Korea in; gives those that were.
    fn take(&self, objects: Vec<Value>, applied: Option<&Applied>) -> Vec<Brought> {
        let mut all = Vec::new();
        for value in objects {
            let object = prepare(value.to_string().into_bytes());
            let object = object.unwrap_or_else(|(refused, _)| panic!("{refused}: {value}"));
            all.push((Brought { value, digest: object.digest, key: object.key }, object));
        }
        let (brought, batch): (Vec<Brought>, Vec<_>) = all.into_iter().unzip();
        let outcomes = self.door.desk().take(batch, Nation::KOR, applied).unwrap().outcomes;
        let taken = brought.into_iter().zip(outcomes);
        let taken = taken.filter(|(_, outcome)| matches!(outcome, Outcome::Taken { .. }));
        taken.map(|(brought, _)| brought).collect()
    }

    /// What Korea brought under an id, oldest version first, with digests.
    fn korean(&self, key: IdKey) -> Vec<(Stored, Digest32)> {
        let desk = self.door.desk();
        let versions = desk.home().versions(key).unwrap().into_iter();
        let korean = versions.filter(|known| known.bringer == Nation::KOR);
        korean.map(|known| (known, desk.home().digest(known.seq).unwrap())).collect()
    }

    /// Lee approves an object of Korea's, if it is here.
    fn approve(&self, key: IdKey, digest: Digest32) {
        let found = self.korean(key).into_iter().filter(|(_, own)| *own == digest);
        let Some(seq) = found.map(|(known, _)| known.seq).max() else { return };
        let mut desk = self.door.desk();
        let expires = desk.now().saturating_add(Duration::from_hours(24));
        let Ok(subject) = desk.subject(seq, expires) else { return };
        let act = ApprovalAct {
            object: seq,
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

    /// Time passes, if any; the served node decides again every so often.
    fn wait(&self, time: Duration) {
        self.clock.advance(time);
        self.door.desk().decide_again().unwrap();
    }

    /// USA takes part, or does not for now.
    fn stand(&self, code: &str) {
        let mut desk = self.door.desk();
        desk.change_partner(nation("USA"), |act| act.standing = code.to_owned()).unwrap();
    }

    fn review(&self) {
        self.door.desk().review(true, &mut |_| ()).unwrap();
    }

    fn poland(&self) -> PartnerIndex {
        self.door.desk().partner(nation("POL")).unwrap().partner.index
    }
}

fn nation(code: &str) -> Nation {
    code.parse().unwrap()
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

fn id(object_type: &str, number: u64) -> String {
    format!("{object_type}--00000000-0000-4000-8000-{number:012x}")
}

fn applied(dice: &mut Dice, rel_to: &[&str], tlp: Tlp) -> Applied {
    Applied {
        tlp: Some(tlp),
        rel_to: rel_to.iter().map(|code| code.parse::<Nation>().unwrap()).collect(),
        under: [Under {
            programme: PROGRAMME.parse().unwrap(),
            area: AREAS[usize::from(dice.below(8) == 0)].parse().unwrap(),
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
    if ["indicator", "malware"].contains(&object_type) && names.len() > 1 {
        members.insert("description".to_owned(), json!(format!("see {}", about(0))));
    }
    let marked = names.last().is_some_and(|(marking, _)| *marking == "marking-definition");
    if marked && object_type != "marking-definition" {
        members.insert("object_marking_refs".to_owned(), json!([about(names.len() - 1)]));
    }
    object
}

/// One of few ids of each type, so that they meet.
fn number(dice: &mut Dice) -> u64 {
    dice.below(4)
}

/// An object of any id, in a version that is mostly newer than those before, and naming any others.
fn made(dice: &mut Dice, step: u64) -> Value {
    let version = if dice.below(4) == 0 { dice.below(500) } else { step * 10 + dice.below(10) };
    let named = [&TYPES[..3], &TYPES[..3], &TYPES].map(|types| (dice.of(types), number(dice)));
    let count = dice.of(&[1, 1, 1, 2, 2, 3]);
    let any = dice.of(&TYPES);
    let object_type = dice.of(&[any, any, TYPES[0], TYPES[1]]);
    object((object_type, number(dice)), version, &named[..count])
}

/// What a step does, but for Poland's part.
enum Step {
    Take(Vec<Value>, Option<Applied>),
    Wait(Duration),
    Approve(IdKey),
    Usa(String),
    Standing(&'static str),
    Review,
}

/// One object of Korea's that was taken.
#[derive(Clone)]
struct Brought {
    value: Value,
    key: IdKey,
    digest: Digest32,
}

type Digest32 = [u8; 32];

/// What a step did in world one.
enum Done {
    Take(Vec<Brought>, Option<Applied>),
    Wait(Duration),
    Approve(IdKey, Digest32),
    Review,
    /// In both worlds: an approval counts for the recipients that it names and no others.
    Standing(&'static str),
    /// What concerns others alone.
    Elsewhere,
}

/// A label for objects of Korea's: mostly for Poland, at once or later, or else for anybody but it.
fn labelled(dice: &mut Dice, now: Timestamp) -> Option<Applied> {
    let strict = dice.of(&[Tlp::Green, Tlp::AmberStrict]);
    let tlp = dice.of(&[Tlp::Clear, Tlp::Green, Tlp::Amber, strict]);
    let mut label = match dice.below(20) {
        0..=8 => applied(dice, &["POL"], tlp),
        9..=13 => applied(dice, &["POL", "USA"], tlp),
        14 => applied(dice, &["USA"], tlp),
        15 => applied(dice, &["USA", "GBR"], tlp),
        16 => applied(dice, &[], tlp),
        // To Poland in name alone: red, or of an exercise that it has no part in.
        17 => applied(dice, &["POL", "USA"], Tlp::Red),
        18 => {
            let exercise = Some("cc23".parse().unwrap());
            Applied { exercise, ..applied(dice, &["POL", "USA"], tlp) }
        }
        _ => return None,
    };
    if dice.below(6) == 0 {
        let minutes = Duration::from_mins(dice.below(30));
        label.window.not_before = Some(now.saturating_add(minutes));
    }
    Some(label)
}

/// A step at the time `now`.
fn step(dice: &mut Dice, now: Timestamp, at: u64) -> Step {
    match dice.below(10) {
        0..=4 => {
            let objects = (0..=dice.below(7)).map(|_| made(dice, at)).collect();
            Step::Take(objects, labelled(dice, now))
        }
        5 => Step::Wait(Duration::from_mins(dice.below(20))),
        6 | 7 => {
            let any = dice.of(&TYPES);
            let object_type = dice.of(&["report", "report", "report", any]);
            Step::Approve(Id::parse(&id(object_type, number(dice))).unwrap().key())
        }
        8 if dice.below(4) == 0 => Step::Standing(dice.of(&["active", "suspended"])),
        8 => Step::Usa(json!({ "objects": [made(dice, at), made(dice, at)] }).to_string()),
        _ => Step::Review,
    }
}

/// Does a step in world one.
async fn first(one: &World, step: Step) -> Done {
    one.wait(Duration::ZERO);
    match step {
        Step::Take(objects, label) => Done::Take(one.take(objects, label.as_ref()), label),
        Step::Approve(key) => match one.korean(key).last() {
            Some((_, digest)) => {
                one.approve(key, *digest);
                Done::Approve(key, *digest)
            }
            None => Done::Elsewhere,
        },
        Step::Wait(time) => {
            one.wait(time);
            Done::Wait(time)
        }
        Step::Usa(body) => {
            one.ask("USA", "POST", &collection(AREAS[0], "objects/"), &body).await;
            Done::Elsewhere
        }
        Step::Standing(code) => {
            one.stand(code);
            Done::Standing(code)
        }
        Step::Review => {
            one.review();
            Done::Review
        }
    }
}

/// Does it in world other, which has of Korea's what is `shared` alone.
fn again(other: &World, done: Done, shared: &BTreeSet<Digest32>) {
    other.wait(Duration::ZERO);
    match done {
        Done::Take(brought, label) => {
            let shared = brought.into_iter().filter(|one| shared.contains(&one.digest));
            let objects: Vec<Value> = shared.map(|one| one.value).collect();
            let (expected, taken) = (objects.len(), other.take(objects, label.as_ref()).len());
            assert_eq!(taken, expected, "what was taken in one world was not in the other");
        }
        Done::Approve(key, digest) => other.approve(key, digest),
        Done::Wait(time) => other.wait(time),
        Done::Review => other.review(),
        Done::Standing(code) => other.stand(code),
        Done::Elsewhere => {}
    }
}

fn collection(area: &str, rest: &str) -> String {
    format!("/entente/collections/{PROGRAMME}.{area}/{rest}")
}

/// A question of Poland's: method, path and body.
fn question(dice: &mut Dice, statuses: &[String], at: u64) -> (&'static str, String, String) {
    let thing = id(dice.of(&TYPES), number(dice));
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
            Some(status) if dice.below(2) == 0 => format!("/entente/status/{status}/"),
            _ => format!("/entente/status/{}/", Uuid::from_u128(u128::from(at))),
        }),
        11 => ("DELETE", collection(area, &format!("objects/{thing}/")), String::new()),
        12 => ("PUT", collection(area, "objects/"), "{}".to_owned()),
        _ => {
            let objects = [made(dice, at + 50), made(dice, at + 50)];
            ("POST", collection(area, "objects/"), json!({ "objects": objects }).to_string())
        }
    }
}

/// A question of Poland's and its answer in world one.
struct Asked {
    method: &'static str,
    path: String,
    body: String,
    reply: Reply,
}

/// Asks world one; follows `next` to the end. Gives the last answer.
async fn asked(
    one: &World,
    (method, mut path, body): (&'static str, String, String),
    transcript: &mut Vec<Asked>,
) -> (StatusCode, Value) {
    for page in 0.. {
        assert!(page < 1000, "{method} {path} has no end");
        let reply = one.ask("POL", method, &path, &body).await;
        let (status, json) =
            (reply.0, serde_json::from_slice::<Value>(&reply.2).unwrap_or_default());
        transcript.push(Asked { method, path: path.clone(), body: body.clone(), reply });
        match (json["next"].as_str(), path.split_once("&next=")) {
            (Some(next), Some((asked, _))) => path = format!("{asked}&next={next}"),
            (Some(next), None) => path = format!("{path}&next={next}"),
            (None, _) => return (status, json),
        }
    }
    unreachable!("pages are counted without end")
}

/// Asks world other the same, which must answer the same.
async fn same(case: &str, other: &World, asked: &Asked) {
    let Asked { method, path, body, reply } = asked;
    let answer = other.ask("POL", method, path, body).await;
    let shown =
        |reply: &Reply| format!("{} {:?}\n{}", reply.0, reply.1, String::from_utf8_lossy(&reply.2));
    assert_eq!(shown(reply), shown(&answer), "{case}: {method} {path} {body}");
    assert_eq!(*reply, answer, "{case}: {method} {path}");
}

/// What sequences of steps came to.
#[derive(Debug, Default)]
struct Tally {
    /// Objects of Korea's that Poland has.
    shared: usize,
    /// Those that it has not, and that world other is without.
    hidden: usize,
    /// Those that it has not, and that world other has for their labels.
    inherited: usize,
    /// How often something went to Poland of which it has what is mentioned in an older version
    /// alone.
    older: usize,
}

/// What Poland has of Korea's in world one.
#[derive(Default)]
struct Poland {
    has: BTreeSet<Digest32>,
    seen: BTreeSet<u64>,
    older: usize,
}

impl Poland {
    /// Looks after what came to Poland since it was last looked.
    fn look(&mut self, one: &World, keys: &BTreeSet<IdKey>) {
        let poland = one.poland();
        let newest_is_hidden = |key: &IdKey| {
            let versions = one.korean(*key);
            versions.last().is_some_and(|(newest, _)| !newest.released.contains(poland))
        };
        for &key in keys {
            for (known, digest) in one.korean(key) {
                if known.released.contains(poland) && self.seen.insert(known.seq) {
                    self.has.insert(digest);
                    let bytes = one.door.desk().home().put(known.seq).unwrap().bytes.into_owned();
                    let mentions = prepare(bytes).unwrap().mentions;
                    self.older += mentions.iter().filter(|key| newest_is_hidden(key)).count();
                }
            }
        }
    }
}

/// What a container that Poland has may have inherited its label from: what it refers to, if a version
/// that Poland has not has a label that is for Poland or not known; and likewise what labels those.
fn inherited(one: &World, brought: &[Brought], shared: &BTreeSet<Digest32>) -> BTreeSet<Digest32> {
    let mut by_key: BTreeMap<IdKey, Vec<&Brought>> = BTreeMap::new();
    for object in brought {
        by_key.entry(object.key).or_default().push(object);
    }
    let is_open = |object: &Brought| {
        let last = one.korean(object.key).into_iter().filter(|(_, own)| *own == object.digest);
        let number = last.max_by_key(|(known, _)| known.seq).unwrap().0.label;
        let desk = one.door.desk();
        let label = &desk.home().labels()[usize::try_from(number).unwrap()].label;
        let unknown = label.faults.iter().any(|fault| fault == Fault::UnknownMarking);
        unknown || (label.is_valid() && label.rel_to.contains(nation("POL")))
    };
    let mut inherited = BTreeSet::new();
    let mut next: Vec<&Brought> =
        brought.iter().filter(|object| shared.contains(&object.digest)).collect();
    while let Some(object) = next.pop() {
        let is_hidden = !shared.contains(&object.digest);
        let object = prepare(object.value.to_string().into_bytes()).unwrap();
        for key in &object.mentions {
            let is_marking = object.markings.contains(key);
            let counts = if is_marking { is_hidden } else { object.is_container };
            let versions = by_key.get(key).filter(|_| counts).map_or(&[][..], Vec::as_slice);
            let is_fresh =
                |one: &&&Brought| !shared.contains(&one.digest) && !inherited.contains(&one.digest);
            // A later version puts an end to the waiting of one before, whoever the later is for.
            let hidden: Vec<&Brought> = versions.iter().filter(is_fresh).copied().collect();
            if hidden.iter().any(|version| is_marking || is_open(version)) {
                inherited.extend(hidden.iter().map(|version| version.digest));
                next.extend(hidden);
            }
        }
    }
    inherited
}

/// Walks world one through random steps, then world other through those that concern Poland.
async fn sequence(seed: u64, tally: &mut Tally) {
    let start = Timestamp::parse("2024-05-01T00:00:00Z").unwrap();
    let (mut dice, mut curious) = (Dice(seed), Dice(!seed));
    let (mut statuses, mut all, mut steps) = (Vec::new(), Vec::new(), Vec::new());
    let (one, mut poland) = (World::new(start), Poland::default());
    let mut keys = BTreeSet::new();
    for at in 0..STEPS {
        let done = first(&one, step(&mut dice, one.clock.now(), at)).await;
        if let Done::Take(brought, _) = &done {
            keys.extend(brought.iter().map(|object| object.key));
            all.extend(brought.iter().cloned());
        }
        poland.look(&one, &keys);
        let mut transcript = Vec::new();
        for _ in 0..4 {
            let question = question(&mut curious, &statuses, at);
            let is_post = question.0 == "POST";
            let (status, answer) = asked(&one, question, &mut transcript).await;
            if is_post && status == StatusCode::ACCEPTED {
                statuses.push(answer["id"].as_str().unwrap().to_owned());
            }
        }
        let everything = collection(AREAS[0], "manifest/?match[version]=all");
        asked(&one, ("GET", everything, String::new()), &mut transcript).await;
        steps.push((done, transcript));
    }
    poland.look(&one, &keys);
    let inherited = inherited(&one, &all, &poland.has);
    tally.shared += poland.has.len();
    tally.inherited += inherited.len();
    tally.older += poland.older;
    let hidden = all.len() - poland.has.len() - inherited.len();
    tally.hidden += hidden;
    assert!(hidden > 0, "the worlds are one");
    let shared: BTreeSet<Digest32> = poland.has.union(&inherited).copied().collect();
    let other = World::new(start);
    for (at, (done, transcript)) in steps.into_iter().enumerate() {
        again(&other, done, &shared);
        for asked in &transcript {
            same(&format!("seed {seed}, step {at}"), &other, asked).await;
        }
    }
}

#[test]
fn what_poland_may_not_have_changes_no_byte_of_a_thousand_pairs() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let mut tally = Tally::default();
    (0..SEQUENCES).for_each(|seed| runtime.block_on(sequence(seed, &mut tally)));
    const { assert!(SEQUENCES * STEPS >= 1000) };
    println!("{tally:?}");
    assert!(tally.shared > 500, "hardly anything was released: {tally:?}");
    assert!(tally.hidden > 500, "hardly anything was hidden: {tally:?}");
    assert!(tally.older > 30, "no older version was ever enough: {tally:?}");
    assert!(tally.inherited * 5 < tally.hidden, "too much is in both worlds: {tally:?}");
}
