//! Random graphs of objects of Korea's, and a naive reading of who may have what of them.
//!
//! Invariant: the reading shares nothing with the rule but the words of its labels.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;
use std::time::Duration;

use entente_object::marking::Tlp;
use entente_object::time::Timestamp;
use entente_release::label::{Faults, PermittedActions, Under};
use entente_release::{Label, Nation, label_marking};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use crate::dice::Dice;
use crate::nations::{PARTNERS, nation};

const EXTENSION: &str = "extension-definition--dca7d89b-b0e2-4a30-b1e3-5725043f6a54";
const UNKNOWN: &str = "marking-definition--939a9414-2ddd-4d32-a0cd-375ea402b004";
pub(crate) const TIME: &str = "2023-12-01T00:00:00.000Z";
const LEVELS: [&str; 5] = ["TLP:CLEAR", "TLP:GREEN", "TLP:AMBER", "TLP:AMBER+STRICT", "TLP:RED"];
pub(crate) const TLP_2: [&str; 5] = [
    "marking-definition--94868c89-83c2-464b-929b-a1a8aa3c8487",
    "marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb",
    "marking-definition--55d920b0-5e8b-4f79-9ee9-91f868d9b421",
    "marking-definition--939a9414-2ddd-4d32-a0cd-375ea402b003",
    "marking-definition--e828b379-4e03-4974-9ac4-e53a884c97c1",
];
const TLP_1_AMBER: &str = "marking-definition--f88d31f6-486f-44da-b317-01333bde0b82";
const SIMPLE: [&str; 5] = ["domain-name", "ipv6-addr", "url", "email-addr", "file"];
const DOMAIN: [&str; 4] = ["malware", "indicator", "attack-pattern", "identity"];
const CONTAINERS: [&str; 7] =
    ["relationship", "sighting", "report", "note", "grouping", "observed-data", "opinion"];
/// The partners that have accepted the caveat.
pub(crate) const CAREFUL: [&str; 2] = ["USA", "POL"];

/// What is put on a whole batch: a level, and nations.
pub(crate) type Applied = Option<(usize, Vec<&'static str>)>;

pub(crate) struct Graph {
    pub(crate) applied: Applied,
    pub(crate) objects: Vec<Value>,
    /// Objects in several versions, which mention nothing but labels that came before. They come
    /// first, in any order: what is said about them has the label of the newest.
    pub(crate) versions: Vec<Value>,
    /// Definitions that came before, with no label put on them.
    pub(crate) before: Vec<Value>,
}

impl Graph {
    pub(crate) fn all(&self) -> impl Iterator<Item = &Value> {
        self.versions.iter().chain(&self.objects).chain(&self.before)
    }
}

fn v5(object_type: &str, properties: &Value) -> String {
    let namespace: Uuid = "00abedb4-aa42-466c-9c01-fed23315a9b7".parse().unwrap();
    format!("{object_type}--{}", Uuid::new_v5(&namespace, properties.to_string().as_bytes()))
}

/// A word that is in one object only.
fn word(graph: usize, n: usize) -> String {
    format!("zq{graph}x{n}z")
}

pub(crate) fn some_nations(dice: &mut Dice) -> Vec<&'static str> {
    let rarely = 2 + dice.below(4);
    PARTNERS.iter().filter(|_| !dice.once_in(rarely)).copied().collect()
}

pub(crate) fn label(dice: &mut Dice, (number, n): (usize, usize), now: Timestamp) -> Value {
    let under =
        |area: &str| Under { programme: "nine".parse().unwrap(), area: area.parse().unwrap() };
    let mut label = Label {
        originator: if dice.once_in(25) { nation("USA") } else { Nation::KOR },
        tlp: Tlp::ALL[*dice.one(&[0, 1, 1, 1, 2, 2, 2, 3, 4])],
        rel_to: some_nations(dice).into_iter().map(nation).collect(),
        under: [under("open")].into(),
        actions: PermittedActions::InternallyVisible,
        faults: Faults::NONE,
        ..Label::originator_alone(Nation::KOR)
    };
    let day = Duration::from_hours(24);
    // So that no label is in two graphs.
    let hours = u64::try_from(10 * number + n + 1).unwrap();
    label.window.not_after = Some(now.saturating_add(Duration::from_hours(hours)));
    match dice.below(28) {
        0 | 1 => drop(label.under.insert(under("narrow"))),
        2 => drop(label.under.insert(under("unheard-of"))),
        3 => label.under.clear(),
        4 | 5 => drop(label.caveats.insert("careful".parse().unwrap())),
        6 => drop(label.caveats.insert("undeclared".parse().unwrap())),
        7 => label.window.not_before = Some(now.saturating_add(day)),
        8 => {
            label.window.not_after =
                Some(now.saturating_sub(day * u32::try_from(number + 1).unwrap()));
        }
        9 => label.exercise = Some("cc23".parse().unwrap()),
        _ => {}
    }
    serde_json::from_str(&label_marking::to_stix(&label)).unwrap()
}

/// The objects of one kind that are in a graph, by their ids.
fn of<'a>(ids: &'a [String], kinds: &[&str]) -> Vec<&'a String> {
    let is = |id: &&String| kinds.contains(&id.split_once("--").unwrap().0);
    ids.iter().filter(is).collect()
}

pub(crate) fn graph(
    dice: &mut Dice,
    number: usize,
    now: Timestamp,
    (before, groups): (&[Value], &[Vec<&'static str>]),
) -> Graph {
    // One graph in four brings labels of its own, in any order with what bears them.
    let count = if dice.once_in(4) { 1 + dice.below(3) } else { 0 };
    let own: Vec<Value> = (0..count).map(|n| label(dice, (number, n), now)).collect();
    let labels: Vec<Value> = if own.is_empty() { before.to_vec() } else { own.clone() };
    let length = 5 + dice.below(21).min(dice.below(21));
    let mut ids = Vec::new();
    let mut bodies = Vec::new();
    for n in 0..length {
        let (id, body) = skeleton(dice, (number, n), &ids);
        ids.push(id);
        bodies.push(body);
    }
    let statement = json!({
        "type": "marking-definition", "spec_version": "2.1", "created": TIME,
        "definition_type": "statement", "definition": { "statement": word(number, 99) },
        "id": format!("marking-definition--{}", random(number, 99)),
    });
    let (mut objects, mut versions) = (Vec::new(), Vec::new());
    for (n, (id, mut body)) in ids.iter().zip(bodies).enumerate() {
        body["id"] = json!(id);
        if DOMAIN.iter().any(|kind| body["type"] == *kind) && dice.once_in(3) {
            versions.extend(several(dice, (number, n), &body, before));
            continue;
        }
        connect(dice, id, &mut body, &ids);
        mark(dice, &mut body, (&labels, &statement));
        objects.push(body);
    }
    let mut definition = statement.clone();
    definition["object_marking_refs"] = json!([dice.one(&labels)["id"]]);
    if !dice.once_in(6) {
        objects.push(definition);
    }
    objects.extend(own);
    objects.sort_by_key(|object| object["id"].to_string());
    objects.dedup();
    let applied = dice.once_in(3).then(|| (dice.below(4), dice.one(groups).clone()));
    Graph { applied, objects, versions, before: before.to_vec() }
}

/// Versions of an object, each with a label and a word of its own.
fn several(
    dice: &mut Dice,
    (number, n): (usize, usize),
    body: &Value,
    labels: &[Value],
) -> Vec<Value> {
    let mut versions = Vec::new();
    for version in 0..2 + dice.below(3) {
        let mut body = body.clone();
        let kind = body["type"].as_str().unwrap().to_owned();
        fill(&kind, &word(number, 100 + 10 * n + version), &mut body);
        body["modified"] = json!(format!("2023-12-01T00:00:0{version}.000Z"));
        body["object_marking_refs"] = json!([dice.one(labels)["id"]]);
        if dice.once_in(12) {
            body["object_marking_refs"] = json!([TLP_2[*dice.one(&[1, 4])]]);
        }
        versions.push(body);
    }
    versions
}

pub(crate) fn random(graph: usize, n: usize) -> Uuid {
    let number = u128::try_from(graph * 100 + n).unwrap();
    uuid::Builder::from_random_bytes(
        (number.wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c834)).to_be_bytes(),
    )
    .into_uuid()
}

/// An object without what it refers to.
fn skeleton(dice: &mut Dice, (number, n): (usize, usize), before: &[String]) -> (String, Value) {
    let word = word(number, n);
    let kind = match dice.below(20) {
        0..6 => *dice.one(&SIMPLE),
        6 => "network-traffic",
        7..13 => *dice.one(&DOMAIN),
        _ => *dice.one(&CONTAINERS),
    };
    let kind = match kind {
        "network-traffic" if of(before, &["ipv6-addr", "domain-name"]).is_empty() => "domain-name",
        "relationship" | "report" | "note" | "grouping" | "opinion" if before.is_empty() => {
            "malware"
        }
        "sighting" if of(before, &DOMAIN).is_empty() => "malware",
        "observed-data" if of(before, &SIMPLE).is_empty() => "url",
        kind => kind,
    };
    let mut body = json!({ "type": kind, "spec_version": "2.1" });
    let value = match kind {
        "domain-name" => format!("{word}.example"),
        "ipv6-addr" => format!("2001:db8:{:x}:{:x}::1", 0x1000 + number, 0x1000 + n),
        "url" => format!("https://{word}.example/"),
        "email-addr" => format!("{word}@h.example"),
        _ => String::new(),
    };
    let id = match kind {
        "file" => {
            let hash = Sha256::digest(&word)
                .iter()
                .fold(String::new(), |text, byte| format!("{text}{byte:02x}"));
            body["hashes"] = json!({ "SHA-256": hash });
            v5(kind, &json!({ "hashes": { "SHA-256": hash } }))
        }
        "network-traffic" => {
            body["protocols"] = json!(["tcp"]);
            body["src_ref"] = json!(dice.one(&of(before, &["ipv6-addr", "domain-name"])));
            body["src_port"] = json!(1024 + n);
            v5(
                kind,
                &json!({ "protocols": ["tcp"], "src_port": 1024 + n, "src_ref": body["src_ref"] }),
            )
        }
        kind if SIMPLE.contains(&kind) => {
            body["value"] = json!(value);
            v5(kind, &json!({ "value": value }))
        }
        kind => {
            (body["created"], body["modified"]) = (json!(TIME), json!(TIME));
            format!("{kind}--{}", random(number, n))
        }
    };
    fill(kind, &word, &mut body);
    (id, body)
}

/// What an object of this type must have, with its word in it.
fn fill(kind: &str, word: &str, body: &mut Value) {
    match kind {
        "malware" => {
            body["name"] = json!(word);
            body["is_family"] = json!(true);
        }
        "indicator" => {
            let pattern = format!("[domain-name:value = 'at.{word}.example']");
            (body["pattern"], body["pattern_type"]) = (json!(pattern), json!("stix"));
            body["valid_from"] = json!(TIME);
        }
        "attack-pattern" | "grouping" => body["name"] = json!(word),
        "identity" => {
            body["name"] = json!(word);
            body["identity_class"] = json!("organization");
        }
        "report" => (body["name"], body["published"]) = (json!(word), json!(TIME)),
        "note" => body["content"] = json!(word),
        "opinion" => body["opinion"] = json!("agree"),
        "observed-data" => {
            (body["first_observed"], body["last_observed"]) = (json!(TIME), json!(TIME));
            body["number_observed"] = json!(1);
        }
        _ => {}
    }
    if kind == "grouping" {
        body["context"] = json!("unspecified");
    }
}

/// Lets an object refer to others of its graph, later ones too.
fn connect(dice: &mut Dice, own: &str, body: &mut Value, ids: &[String]) {
    let kind = body["type"].as_str().unwrap().to_owned();
    let others: Vec<String> = ids.iter().filter(|id| *id != own).cloned().collect();
    let all = of(&others, &[&SIMPLE[..], &DOMAIN, &["network-traffic"]].concat());
    let domain = of(&others, &DOMAIN);
    let any: Vec<&String> = others.iter().collect();
    match kind.as_str() {
        "relationship" => {
            body["relationship_type"] = json!("related-to");
            let ends = if all.is_empty() { vec![ids.first().unwrap()] } else { all };
            (body["source_ref"], body["target_ref"]) =
                (json!(dice.one(&ends)), json!(dice.one(&ends)));
        }
        "sighting" => body["sighting_of_ref"] = json!(dice.one(&domain)),
        "report" | "note" | "grouping" | "opinion" => {
            let refs: BTreeSet<&String> = (0..=dice.below(3)).map(|_| *dice.one(&any)).collect();
            body["object_refs"] = json!(refs);
        }
        "observed-data" => {
            let simple = of(&others, &SIMPLE);
            body["object_refs"] = json!([dice.one(&simple)]);
        }
        kind if DOMAIN.contains(&kind) && !any.is_empty() && dice.once_in(3) => {
            let id = *dice.one(&any);
            let id = if dice.once_in(3) { id.to_uppercase() } else { id.clone() };
            body["description"] = json!(format!("see ({id})."));
        }
        "malware" if !any.is_empty() && dice.once_in(3) => {
            let url = format!("https://h.example/{}/", dice.one(&any));
            body["external_references"] = json!([{ "source_name": "here", "url": url }]);
        }
        _ => {}
    }
    let identities = of(&others, &["identity"]);
    if body.get("created").is_some() && !identities.is_empty() && dice.once_in(4) {
        body["created_by_ref"] = json!(dice.one(&identities));
    }
}

fn mark(dice: &mut Dice, body: &mut Value, (labels, statement): (&[Value], &Value)) {
    let mut refs: Vec<Value> = Vec::new();
    for _ in 0..*dice.one(&[0, 1, 1, 1, 1, 1, 1, 1, 1, 2]) {
        refs.push(dice.one(labels)["id"].clone());
    }
    match dice.below(48) {
        0..4 => refs.push(json!(TLP_2[1])),
        4 => refs.push(json!(TLP_2[4])),
        5 | 6 => refs.push(statement["id"].clone()),
        7 => refs.push(json!(UNKNOWN)),
        8 => refs.push(json!(TLP_1_AMBER)),
        _ => {}
    }
    refs.dedup();
    if !refs.is_empty() {
        body["object_marking_refs"] = json!(refs);
    }
}

/// The naive reading of a label: what it asks for, as words.
#[derive(Clone, Debug, PartialEq)]
struct Read {
    bad: bool,
    labelled: bool,
    level: usize,
    nations: BTreeSet<String>,
    areas: BTreeSet<String>,
    careful: bool,
}

impl Read {
    fn add(&mut self, other: &Self) {
        self.bad |= other.bad;
        self.level = self.level.max(other.level);
        self.careful |= other.careful;
        self.areas.extend(other.areas.iter().cloned());
        if self.labelled && other.labelled {
            self.nations = self.nations.intersection(&other.nations).cloned().collect();
        } else if other.labelled {
            self.nations = other.nations.clone();
        }
        self.labelled |= other.labelled;
    }
}

fn nothing() -> Read {
    Read {
        bad: false,
        labelled: false,
        level: 0,
        nations: BTreeSet::new(),
        areas: BTreeSet::new(),
        careful: false,
    }
}

fn texts(value: &Value) -> BTreeSet<String> {
    value.as_array().into_iter().flatten().map(|text| text.as_str().unwrap().to_owned()).collect()
}

/// The label that a definition's extension spells out.
fn spelt(body: &Value, now: &str) -> Read {
    let areas = body["under"].as_array().into_iter().flatten();
    let areas: BTreeSet<String> =
        areas.map(|under| under["area"].as_str().unwrap().to_owned()).collect();
    let caveats = texts(&body["caveats"]);
    let early = body["not_before"].as_str().is_some_and(|from| now < from);
    let late = body["not_after"].as_str().is_some_and(|until| now >= until);
    Read {
        bad: body["originator"] != "KOR"
            || body.get("exercise").is_some()
            || caveats.contains("undeclared")
            || areas.is_empty()
            || early
            || late,
        labelled: true,
        level: LEVELS.iter().position(|level| body["tlp"] == *level).unwrap(),
        nations: texts(&body["rel_to"]),
        areas,
        careful: caveats.contains("careful"),
    }
}

/// What an object's own markings say.
fn own(object: &Value, graph: &Graph, now: &str) -> Read {
    let mut read = nothing();
    let applied = graph.applied.as_ref().filter(|_| !graph.before.contains(object));
    if let Some((level, nations)) = applied {
        read.labelled = true;
        read.level = *level;
        read.nations = nations.iter().map(|code| (*code).to_owned()).collect();
        read.areas.insert("open".to_owned());
    }
    if let Some(body) = object["extensions"].get(EXTENSION) {
        read.add(&spelt(body, now));
    }
    for id in texts(&object["object_marking_refs"]) {
        if let Some(level) = TLP_2.iter().position(|known| **known == *id) {
            read.level = read.level.max(level);
        } else if id == TLP_1_AMBER {
            read.level = read.level.max(2);
        } else if let Some(found) = graph.all().find(|object| object["id"] == *id) {
            if let Some(body) = found["extensions"].get(EXTENSION) {
                read.add(&spelt(body, now));
            }
        } else {
            read.bad = true;
        }
    }
    read
}

/// Every id in a text, and every value, hash and word that stands for one object.
pub(crate) fn traces(text: &str) -> BTreeSet<String> {
    let text = text.to_lowercase();
    let mut found = BTreeSet::new();
    for (at, _) in text.match_indices("--") {
        let uuid = text.get(at + 2..at + 38).filter(|uuid| Uuid::parse_str(uuid).is_ok());
        found.extend(uuid.map(str::to_owned));
    }
    for (at, _) in text.match_indices("zq") {
        let word = text[at + 2..].split_inclusive('z').next().unwrap_or_default();
        found.insert(format!("zq{word}"));
    }
    for (at, _) in text.match_indices("2001:db8:") {
        found.extend(text.get(at..at + 18).map(str::to_owned));
    }
    // A hash is a run of 64 digits: one stands at every 32nd place of it.
    let bytes = text.as_bytes();
    for at in (0..bytes.len()).step_by(32).filter(|at| bytes[*at].is_ascii_hexdigit()) {
        let before = bytes[..at].iter().rev().take(65).take_while(|b| b.is_ascii_hexdigit());
        let start = at - before.count();
        let run = bytes[start..].iter().take(65).take_while(|b| b.is_ascii_hexdigit()).count();
        if run == 64 {
            found.insert(text[start..start + 64].to_owned());
        }
    }
    found
}

pub(crate) fn uuid(object: &Value) -> String {
    object["id"].as_str().unwrap().split_once("--").unwrap().1.to_owned()
}

/// What stands for one version of an object.
pub(crate) fn edition(object: &Value) -> String {
    format!("{} {}", uuid(object), object["modified"].as_str().unwrap_or_default())
}

/// What stands for this object and for no other.
pub(crate) fn own_traces(object: &Value) -> BTreeSet<String> {
    let mut alone = object.clone();
    let members = alone.as_object_mut().unwrap();
    for name in [
        "description",
        "external_references",
        "created_by_ref",
        "object_marking_refs",
        "object_refs",
        "source_ref",
        "target_ref",
        "sighting_of_ref",
        "src_ref",
        "extensions",
    ] {
        members.remove(name);
    }
    traces(&alone.to_string())
}

/// What stands for things that everybody knows.
pub(crate) fn public() -> &'static BTreeSet<String> {
    static PUBLIC: LazyLock<BTreeSet<String>> = LazyLock::new(|| {
        TLP_2.iter().chain(&[EXTENSION, TLP_1_AMBER]).flat_map(|id| traces(id)).collect()
    });
    &PUBLIC
}

/// The other ids in an object.
pub(crate) fn mentions(object: &Value) -> BTreeSet<String> {
    let public = public();
    let mut ids = traces(&object.to_string());
    ids.retain(|trace| trace.contains('-') && !public.contains(trace));
    ids.remove(&uuid(object));
    ids
}

/// For each partner, the versions that it may have: the largest set that mentions no id of which
/// there is no version in it.
pub(crate) fn oracle(graph: &Graph, now: &str) -> BTreeMap<&'static str, BTreeSet<String>> {
    let mut objects: Vec<&Value> = graph.all().collect();
    objects.sort_by_key(|object| edition(object));
    let mut by_id: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (n, object) in objects.iter().enumerate() {
        by_id.entry(uuid(object)).or_default().push(n);
    }
    let mentions: Vec<BTreeSet<String>> = objects.iter().map(|object| mentions(object)).collect();
    let mut reads: Vec<Read> = objects.iter().map(|object| own(object, graph, now)).collect();
    // Containers take on what those in them say, until nothing changes.
    let mut before = Vec::new();
    while before != reads {
        before.clone_from(&reads);
        for (n, object) in objects.iter().enumerate() {
            if !CONTAINERS.contains(&object["type"].as_str().unwrap()) {
                continue;
            }
            let creator = object["created_by_ref"].as_str().unwrap_or_default();
            let markings = object["object_marking_refs"].to_string();
            for newest in mentions[n].iter().filter_map(|id| by_id.get(id)?.last()) {
                let id_text = uuid(objects[*newest]);
                if !creator.ends_with(&id_text) && !markings.contains(&id_text) {
                    let member = reads[*newest].clone();
                    reads[n].bad |= !reads[n].labelled || !member.labelled;
                    reads[n].add(&member);
                }
            }
        }
    }
    let mut all = BTreeMap::new();
    for partner in PARTNERS {
        let may = |n: &usize| allows(&reads[*n], objects[*n]["type"].as_str().unwrap(), partner);
        let mut has: BTreeSet<usize> = (0..objects.len()).filter(may).collect();
        loop {
            let before = has.len();
            let known =
                |id: &String| by_id.get(id).is_some_and(|all| all.iter().any(|n| has.contains(n)));
            has = has.iter().filter(|n| mentions[**n].iter().all(known)).copied().collect();
            if has.len() == before {
                break;
            }
        }
        let has = has.iter().map(|n| edition(objects[*n])).collect();
        all.insert(partner, has);
    }
    all
}

/// Whether a label allows a partner an object of this type: all but what it mentions.
fn allows(read: &Read, kind: &str, partner: &str) -> bool {
    let narrow = read.areas.contains("narrow");
    let others =
        ["network-traffic", "malware", "relationship", "sighting", "marking-definition", "note"];
    read.labelled
        && !read.bad
        && read.nations.contains(partner)
        && read.level <= if narrow { 1 } else { 2 }
        && (!narrow || SIMPLE.contains(&kind) || others.contains(&kind))
        && !read.areas.contains("unheard-of")
        && (!read.careful || CAREFUL.contains(&partner))
}
