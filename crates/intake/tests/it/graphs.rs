//! Row 5 of the attacks: of random graphs in random order each partner has exactly what a naive
//! reading of the rule gives it, and nothing in its view names, numbers or hashes anything else.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use entente_intake::hex;
use entente_object::clock::Clock as _;
use entente_object::marking::Tlp;
use entente_release::label::{Faults, PermittedActions, Under, Window};
use entente_release::{Label, Nation, label_marking};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use crate::fixture::{Dice, Node, PARTNERS, applied_in, nation, nine, object};

const GRAPHS: usize = 1_000;
const GRAPHS_PER_NODE: usize = 250;

const EXTENSION: &str = "extension-definition--dca7d89b-b0e2-4a30-b1e3-5725043f6a54";
const UNKNOWN: &str = "marking-definition--939a9414-2ddd-4d32-a0cd-375ea402b004";
const TIME: &str = "2023-12-01T00:00:00.000Z";
const LEVELS: [&str; 5] = ["TLP:CLEAR", "TLP:GREEN", "TLP:AMBER", "TLP:AMBER+STRICT", "TLP:RED"];
const TLP_2: [&str; 5] = [
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
const CAREFUL: [&str; 2] = ["USA", "POL"];

/// What is put on a whole batch: a level, and nations.
type Applied = Option<(usize, Vec<&'static str>)>;

struct Graph {
    applied: Applied,
    objects: Vec<Value>,
    /// Objects in several versions, which mention nothing but labels that came before. They come
    /// first, in any order: what is said about them has the label of the newest.
    versions: Vec<Value>,
    /// Definitions that came before, with no label put on them.
    before: Vec<Value>,
}

impl Graph {
    fn all(&self) -> impl Iterator<Item = &Value> {
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

fn some_nations(dice: &mut Dice) -> Vec<&'static str> {
    let rarely = 2 + dice.below(4);
    PARTNERS.iter().filter(|_| !dice.once_in(rarely)).copied().collect()
}

fn label(dice: &mut Dice, (number, n): (usize, usize), node: &Node) -> Value {
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
    label.window.not_after = Some(node.clock.now().saturating_add(Duration::from_hours(hours)));
    match dice.below(28) {
        0 | 1 => drop(label.under.insert(under("narrow"))),
        2 => drop(label.under.insert(under("unheard-of"))),
        3 => label.under.clear(),
        4 | 5 => drop(label.caveats.insert("careful".parse().unwrap())),
        6 => drop(label.caveats.insert("undeclared".parse().unwrap())),
        7 => label.window.not_before = Some(node.clock.now().saturating_add(day)),
        8 => {
            label.window.not_after =
                Some(node.clock.now().saturating_sub(day * u32::try_from(number + 1).unwrap()));
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

fn graph(
    dice: &mut Dice,
    number: usize,
    node: &Node,
    (before, groups): (&[Value], &[Vec<&'static str>]),
) -> Graph {
    // One graph in four brings labels of its own, in any order with what bears them.
    let count = if dice.once_in(4) { 1 + dice.below(3) } else { 0 };
    let own: Vec<Value> = (0..count).map(|n| label(dice, (number, n), node)).collect();
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

fn random(graph: usize, n: usize) -> Uuid {
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
            let hash = hex(&Sha256::digest(&word));
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
fn traces(text: &str) -> BTreeSet<String> {
    let text = text.to_lowercase();
    let mut found = BTreeSet::new();
    for (at, _) in text.match_indices("--") {
        let uuid = text.get(at + 2..at + 38).filter(|uuid| Uuid::parse_str(uuid).is_ok());
        found.extend(uuid.map(str::to_owned));
    }
    for (at, _) in text.match_indices("zq") {
        let end = text[at + 2..].find('z').unwrap();
        found.insert(text[at..at + 3 + end].to_owned());
    }
    for (at, _) in text.match_indices("2001:db8:") {
        found.insert(text[at..at + 18].to_owned());
    }
    let runs = text.split(|c: char| !c.is_ascii_hexdigit());
    found.extend(runs.filter(|run| run.len() == 64).map(str::to_owned));
    found
}

fn uuid(object: &Value) -> String {
    object["id"].as_str().unwrap().split_once("--").unwrap().1.to_owned()
}

/// What stands for one version of an object.
fn edition(object: &Value) -> String {
    format!("{} {}", uuid(object), object["modified"].as_str().unwrap_or_default())
}

/// What stands for this object and for no other.
fn own_traces(object: &Value) -> BTreeSet<String> {
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

/// The other ids in an object.
fn mentions(object: &Value) -> BTreeSet<String> {
    let public = TLP_2.iter().chain(&[EXTENSION, TLP_1_AMBER]);
    let public: BTreeSet<&str> = public.map(|id| id.split_once("--").unwrap().1).collect();
    let mut ids = traces(&object.to_string());
    ids.retain(|trace| trace.contains('-') && !public.contains(trace.as_str()));
    ids.remove(&uuid(object));
    ids
}

/// For each partner, the versions that it may have: the largest set that mentions no id of which
/// there is no version in it.
fn oracle(graph: &Graph, now: &str) -> BTreeMap<&'static str, BTreeSet<String>> {
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

fn node() -> Node {
    let mut node = Node::with(&nine(), &PARTNERS);
    for code in CAREFUL {
        node.desk.change_partner(nation(code), |act| act.caveats = vec!["careful".into()]).unwrap();
    }
    node
}

#[test]
fn each_partner_has_of_a_thousand_graphs_what_it_may_have_and_no_trace_of_the_rest() {
    let mut dice = Dice(5);
    let (mut objects, mut released, mut older) = (0, 0, 0);
    for first in (0..GRAPHS).step_by(GRAPHS_PER_NODE) {
        let mut node = node();
        let mut expected: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
        let mut traces_of: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        let mut newest: BTreeMap<String, String> = BTreeMap::new();
        let before: Vec<Value> =
            (10..16).map(|n| label(&mut dice, (GRAPHS + first, n), &node)).collect();
        let groups: Vec<Vec<&str>> = (0..4).map(|_| some_nations(&mut dice)).collect();
        node.take(before.iter().map(object).collect(), "KOR", None);
        for number in first..first + GRAPHS_PER_NODE {
            let graph = graph(&mut dice, number, &node, (&before, &groups));
            objects += graph.objects.len() + graph.versions.len();
            for object in graph.all() {
                traces_of.insert(edition(object), own_traces(object));
                let last = newest.entry(uuid(object)).or_default();
                *last = last.clone().max(edition(object));
            }
            for (partner, has) in oracle(&graph, &node.clock.now().to_stix()) {
                expected.entry(partner).or_default().extend(has);
            }
            take(&mut dice, &mut node, graph);
        }
        let public = TLP_2.iter().chain(&[EXTENSION, TLP_1_AMBER]);
        let public: BTreeSet<String> = public.flat_map(|id| traces(id)).collect();
        for (partner, expected) in &expected {
            let view = node.whole(partner);
            let mut seen = BTreeSet::new();
            let mut found = BTreeSet::new();
            let mut mentioned = Vec::new();
            for row in &view {
                let object: Value = serde_json::from_str(&row.text).unwrap();
                seen.insert(edition(&object));
                found.extend(traces(&row.text));
                mentioned.extend(mentions(&object));
            }
            older += mentioned.iter().filter(|id| !seen.contains(&newest[*id])).count();
            released += seen.len();
            let too_much: Vec<_> = seen.difference(expected).collect();
            let too_little: Vec<_> = expected.difference(&seen).collect();
            let mut may: BTreeSet<String> = public.clone();
            may.extend(seen.iter().flat_map(|id| traces_of[id].iter().cloned()));
            let leaks: Vec<_> = found.difference(&may).collect();
            assert!(leaks.is_empty(), "{partner}: {leaks:?}");
            assert!(too_much.is_empty(), "{partner}: {too_much:?}");
            assert!(too_little.is_empty(), "{partner}: {too_little:?}");
        }
        assert!(node.desk.partner(nation("FRA")).is_err());
    }
    println!("{GRAPHS} graphs, {objects} objects, {released} of them in one of 8 views");
    println!("{older} mentions of what the partner has in an older version alone");
    assert!(older > 100, "hardly ever was an older version enough");
    assert!(released > objects, "hardly anything was released: the test shows nothing");
}

fn take(dice: &mut Dice, node: &mut Node, graph: Graph) {
    let applied = graph.applied.as_ref();
    let applied = applied.map(|(level, to)| applied_in("nine/open", Tlp::ALL[*level], to));
    take_as(dice, node, graph, applied.as_ref());
}

/// Takes a graph in, in any order and any parts, but what comes in several versions first.
fn take_as(
    dice: &mut Dice,
    node: &mut Node,
    graph: Graph,
    label: Option<&entente_intake::Applied>,
) {
    let (mut objects, mut rest) = (graph.versions, graph.objects);
    dice.shuffle(&mut objects);
    dice.shuffle(&mut rest);
    objects.append(&mut rest);
    while !objects.is_empty() {
        let length = 1 + dice.below(objects.len());
        let batch = objects.drain(..length).map(|value| object(&value)).collect();
        node.take(batch, "KOR", label);
    }
}

#[test]
fn a_container_has_the_same_label_in_whatever_order_its_members_come() {
    let mut dice = Dice(11);
    let mut node = node();
    let all = applied_in("nine/open", Tlp::Amber, &ALL);
    for number in 0..60 {
        let id = |kind: &str, n| format!("{kind}--{}", random(number, n));
        let (strict, sighting, report) = (id("malware", 1), id("sighting", 2), id("report", 3));
        let (of_two, grouping) = (id("note", 4), id("grouping", 5));
        let definition = label_for(&node, number, &FEW);
        // A report on a sighting of what is strict; a note and a grouping in a circle, the note with
        // a marking of its own and on the report.
        let mut objects = vec![
            json!({ "id": strict, "name": "m", "is_family": true, "object_marking_refs": [TLP_2[3]] }),
            json!({ "id": sighting, "sighting_of_ref": strict }),
            json!({ "id": report, "name": "r", "published": TIME, "object_refs": [sighting] }),
            json!({ "id": of_two, "content": "n", "object_refs": [grouping, report],
                "object_marking_refs": [definition["id"]] }),
            json!({ "id": grouping, "name": "g", "context": "unspecified", "object_refs": [of_two] }),
        ];
        for object in &mut objects {
            let kind = object["id"].as_str().unwrap().split_once("--").unwrap().0;
            (object["type"], object["spec_version"]) = (json!(kind), json!("2.1"));
            (object["created"], object["modified"]) = (json!(TIME), json!(TIME));
        }
        objects.push(definition);
        let whole = Graph { applied: None, objects, versions: Vec::new(), before: Vec::new() };
        take_as(&mut dice, &mut node, whole, Some(&all));
        let wide = "TLP:AMBER+STRICT//REL TO KOR, GBR, POL, USA//OPEN";
        let narrow = "TLP:AMBER+STRICT//REL TO KOR, POL, USA//OPEN";
        let expected = [wide, wide, wide, narrow, narrow];
        let ids = [strict, sighting, report, of_two, grouping];
        for (id, expected) in ids.iter().zip(expected) {
            assert_eq!(node.desk.explain(id, nation("USA")).unwrap().label, expected, "{id}");
        }
    }
}

#[test]
fn what_waits_for_the_definition_of_its_label_is_labelled_by_it_in_any_order() {
    let mut dice = Dice(13);
    let mut node = node();
    for number in 0..48 {
        let one = |n| label_for(&node, 10 * number + n, if n == 0 { &ALL } else { &FEW });
        let (wide, narrow) = (one(0), one(1));
        let id = |kind: &str, n| format!("{kind}--{}", random(number, n));
        let (about, on_it) = (id("malware", 1), id("note", 2));
        let objects = vec![
            json!({ "type": "malware", "spec_version": "2.1", "id": about, "created": TIME,
                "modified": TIME, "name": "m", "is_family": true,
                "object_marking_refs": [narrow["id"]] }),
            json!({ "type": "note", "spec_version": "2.1", "id": on_it, "created": TIME,
                "modified": TIME, "content": "n", "object_refs": [about],
                "object_marking_refs": [wide["id"]] }),
            wide,
            narrow,
        ];
        take_as(
            &mut dice,
            &mut node,
            Graph { applied: None, objects, versions: Vec::new(), before: Vec::new() },
            None,
        );
        for id in [&about, &on_it] {
            let told = node.desk.explain(id, nation("POL")).unwrap();
            assert_eq!(told.label, "TLP:GREEN//REL TO KOR, POL, USA//OPEN", "{id}");
            assert!(told.released, "{id}");
            assert!(!node.desk.explain(id, nation("GBR")).unwrap().released, "{id}");
        }
    }
}

const ALL: [&str; 3] = ["USA", "GBR", "POL"];
const FEW: [&str; 2] = ["USA", "POL"];

/// The definition of a GREEN label for these nations, a label of its own for each number.
fn label_for(node: &Node, number: usize, rel_to: &[&str]) -> Value {
    let hours = Duration::from_hours(u64::try_from(number + 1).unwrap());
    let end = Some(node.clock.now().saturating_add(hours));
    let label = Label {
        tlp: Tlp::Green,
        rel_to: rel_to.iter().map(|code| nation(code)).collect(),
        under: applied_in("nine/open", Tlp::Green, &[]).under,
        actions: PermittedActions::InternallyVisible,
        window: Window { not_before: None, not_after: end },
        faults: Faults::NONE,
        ..Label::originator_alone(Nation::KOR)
    };
    serde_json::from_str(&label_marking::to_stix(&label)).unwrap()
}

#[test]
fn what_was_put_on_a_batch_stays_when_a_marking_becomes_known() {
    let statement = format!("marking-definition--{}", random(0, 9));
    for (rounds, with_marking) in [true, false].into_iter().enumerate() {
        let mut node = node();
        let wide = label_for(&node, rounds, &ALL);
        let few = applied_in("nine/open", Tlp::Green, &FEW);
        let id = |kind: &str, n| format!("{kind}--{}", random(rounds, n));
        let bare = |modified: &str| {
            json!({ "type": "malware", "spec_version": "2.1", "id": id("malware", 1),
                "created": TIME, "modified": modified, "name": "m", "is_family": true })
        };
        let mut about = bare(TIME);
        if with_marking {
            about["object_marking_refs"] = json!([statement]);
        }
        let on_it = json!({ "type": "note", "spec_version": "2.1", "id": id("note", 2), "created": TIME,
            "modified": TIME, "content": "n", "object_refs": [about["id"]],
            "object_marking_refs": [wide["id"], statement] });
        node.take(vec![object(&wide)], "KOR", None);
        // What it is about says nothing yet.
        node.take(vec![object(&about)], "KOR", None);
        node.take(vec![object(&on_it)], "KOR", Some(&few));
        let mut labelled = bare("2023-12-02T00:00:00.000Z");
        labelled["object_marking_refs"] = json!([wide["id"]]);
        let definition = json!({ "type": "marking-definition", "spec_version": "2.1", "created": TIME,
            "id": statement, "definition_type": "statement", "definition": { "statement": "s" },
            "object_marking_refs": [wide["id"]] });
        node.take(vec![object(&definition), object(&labelled)], "KOR", None);
        let released = |id: &str, node: &mut Node| {
            ALL.map(|code| node.desk.explain(id, nation(code)).unwrap().released)
        };
        assert_eq!(released(labelled["id"].as_str().unwrap(), &mut node), [true; 3]);
        let [usa, gbr, pol] = released(on_it["id"].as_str().unwrap(), &mut node);
        assert!(!gbr, "what the batch was not for went out");
        assert!(usa && pol, "{with_marking}");
    }
}

/// A version of a malware, with these markings and perhaps a word on another object.
fn malware(n: usize, version: usize, markings: &Value, about: &str) -> Value {
    json!({ "type": "malware", "spec_version": "2.1", "id": format!("malware--{}", random(0, n)),
        "created": TIME, "modified": format!("2023-12-01T00:00:0{version}.000Z"), "name": "m",
        "is_family": true, "description": about, "object_marking_refs": markings })
}

#[test]
fn who_has_an_older_version_may_have_what_mentions_the_id() {
    let mut node = node();
    let (wide, few) = (label_for(&node, 1, &ALL), label_for(&node, 2, &["USA"]));
    let marked = |label: &Value| json!([label["id"]]);
    let about = malware(1, 0, &marked(&wide), "");
    let names = about["id"].as_str().unwrap();
    node.take([&wide, &few, &about].map(object).into(), "KOR", None);
    node.take(vec![object(&malware(1, 1, &marked(&few), ""))], "KOR", None);
    let on_it = malware(2, 0, &marked(&wide), names);
    node.take(vec![object(&on_it)], "KOR", None);
    let told = node.desk.explain(on_it["id"].as_str().unwrap(), nation("POL")).unwrap();
    assert!(told.released && told.withheld.is_empty());
    // What is said in a container has the label of the newest, also if an older one comes with it.
    let report = json!({ "type": "report", "spec_version": "2.1", "created": TIME, "modified": TIME,
        "id": format!("report--{}", random(0, 3)), "name": "r", "published": TIME,
        "object_refs": [names], "object_marking_refs": marked(&wide) });
    let mut middle = malware(1, 1, &marked(&wide), "");
    middle["modified"] = json!("2023-12-01T00:00:00.500Z");
    node.take([&report, &middle].map(object).into(), "KOR", None);
    let report = report["id"].as_str().unwrap();
    assert!(!node.desk.explain(report, nation("POL")).unwrap().released);
    assert!(node.desk.explain(report, nation("USA")).unwrap().released);
}

#[test]
fn a_container_waits_for_the_label_of_the_newest_version_of_what_it_refers_to() {
    for to in [&ALL[..], &["USA"]] {
        let mut node = node();
        let (wide, late) = (label_for(&node, 1, &ALL), label_for(&node, 2, to));
        let old = malware(1, 0, &json!([wide["id"]]), "");
        let new = malware(1, 1, &json!([late["id"]]), "");
        let noted = |n, refers: &Value| {
            json!({ "type": "note", "spec_version": "2.1", "id": format!("note--{}", random(0, n)),
                "created": TIME, "modified": TIME, "content": "n", "object_refs": [refers["id"]],
                "object_marking_refs": [wide["id"]] })
        };
        // A note on what is old with everybody and new with a marking that is not here, and a note
        // on the note.
        let on_it = noted(2, &old);
        let on_that = noted(3, &on_it);
        for value in [&wide, &old, &new, &on_it, &on_that] {
            node.take(vec![object(value)], "KOR", None);
        }
        let released = |value: &Value, node: &mut Node| {
            let id = value["id"].as_str().unwrap();
            ALL.map(|code| node.desk.explain(id, nation(code)).unwrap().released)
        };
        assert_eq!(released(&on_it, &mut node), [false; 3]);
        assert_eq!(released(&on_that, &mut node), [false; 3]);
        node.take(vec![object(&late)], "KOR", None);
        let expected = ALL.map(|code| to.contains(&code));
        for value in [&new, &on_it, &on_that] {
            assert_eq!(released(value, &mut node), expected, "{value}");
        }
    }
}
