//! Marked objects of Korea's, everything that can be done to their markings on the way, and a naive
//! reading of who may have what comes of it.
//!
//! Invariant: the reading shares nothing with the rule but the words of its labels.

use std::collections::BTreeSet;

use entente_object::marking::Tlp;
use entente_release::label::{Faults, PermittedActions, Under};
use entente_release::{Label, Nation, label_marking};
use serde_json::{Value, json};

use crate::dice::Dice;
use crate::nations::{PARTNERS, nation};

const TLP: [(&str, [&str; 2]); 5] = [
    ("TLP:CLEAR", ["94868c89-83c2-464b-929b-a1a8aa3c8487", "613f2e26-407d-48c7-9eca-b8e91df99dc9"]),
    ("TLP:GREEN", ["bab4a63c-aed9-4cf5-a766-dfca5abac2bb", "34098fce-860f-48ae-8e50-ebd3cc5e41da"]),
    ("TLP:AMBER", ["55d920b0-5e8b-4f79-9ee9-91f868d9b421", "f88d31f6-486f-44da-b317-01333bde0b82"]),
    ("TLP:AMBER+STRICT", ["939a9414-2ddd-4d32-a0cd-375ea402b003", ""]),
    ("TLP:RED", ["e828b379-4e03-4974-9ac4-e53a884c97c1", "5e57c739-391a-4eb3-b6be-7d15ca92d5ed"]),
];

const EXTENSION: &str = "extension-definition--dca7d89b-b0e2-4a30-b1e3-5725043f6a54";

/// An object and the definitions of the labels that it refers to.
#[derive(Clone)]
pub(crate) struct Marked {
    pub(crate) object: Value,
    pub(crate) definitions: Vec<Value>,
}

fn tlp_marking(level: usize, version: usize) -> Option<String> {
    let uuid = TLP[level].1[version];
    (!uuid.is_empty()).then(|| format!("marking-definition--{uuid}"))
}

/// A label of the area.
pub(crate) fn label(tlp: usize, rel_to: &BTreeSet<&str>) -> Label {
    let under = Under { programme: "nine".parse().unwrap(), area: "open".parse().unwrap() };
    Label {
        originator: Nation::KOR,
        tlp: Tlp::ALL[tlp],
        rel_to: rel_to.iter().map(|code| nation(code)).collect(),
        under: [under].into(),
        actions: PermittedActions::InternallyVisible,
        faults: Faults::NONE,
        ..Label::originator_alone(Nation::KOR)
    }
}

/// The same as it travels.
pub(crate) fn definition(tlp: usize, rel_to: &BTreeSet<&str>) -> Value {
    serde_json::from_str(&label_marking::to_stix(&label(tlp, rel_to))).unwrap()
}

fn some_nations(dice: &mut Dice) -> BTreeSet<&'static str> {
    let mut chosen: BTreeSet<&str> =
        PARTNERS.iter().filter(|_| !dice.once_in(3)).copied().collect();
    chosen.insert(*dice.one(&PARTNERS));
    chosen
}

/// An object with one or two labels, with or without a TLP marking of either version, on the whole
/// or on a part.
pub(crate) fn marked(dice: &mut Dice, n: usize) -> Marked {
    let mut definitions = vec![definition(dice.below(3), &some_nations(dice))];
    if dice.once_in(2) {
        definitions.push(definition(dice.below(4), &some_nations(dice)));
    }
    let mut whole = vec![definitions[0]["id"].clone()];
    let mut part: Vec<Value> =
        definitions.iter().skip(1).map(|label| label["id"].clone()).collect();
    if !dice.once_in(3) {
        let level = dice.below(4);
        let (version, on_part) = (dice.below(2), dice.once_in(3));
        let marking = tlp_marking(level, version).or_else(|| tlp_marking(level, 0)).unwrap();
        if on_part { part.push(json!(marking)) } else { whole.push(json!(marking)) }
    }
    let mut object = json!({
        "type": "malware", "spec_version": "2.1",
        "id": format!("malware--0c7b5b88-8ff7-4a4d-aa9d-{n:012x}"),
        "created": "2023-12-01T00:00:00.000Z", "modified": "2023-12-01T00:00:00.000Z",
        "name": format!("number {n}"), "description": "marked", "is_family": true,
        "object_marking_refs": whole,
    });
    if !part.is_empty() {
        let granular =
            part.iter().map(|id| json!({ "marking_ref": id, "selectors": ["description"] }));
        object["granular_markings"] = granular.collect();
    }
    Marked { object, definitions }
}

/// Who may have it, by sets and loops over the JSON alone; shares nothing with the rule.
pub(crate) fn oracle(marked: &Marked) -> BTreeSet<&'static str> {
    let whole = marked.object["object_marking_refs"].as_array().cloned().unwrap_or_default();
    let part = marked.object["granular_markings"].as_array().cloned().unwrap_or_default();
    let ids = whole.into_iter().chain(part.iter().map(|part| part["marking_ref"].clone()));
    let mut chosen: BTreeSet<&str> = PARTNERS.into_iter().collect();
    let (mut labels, mut level) = (0, 0);
    for id in ids {
        let uuid = id.as_str().unwrap().strip_prefix("marking-definition--").unwrap();
        if let Some(tlp) = TLP.iter().position(|(_, uuids)| uuids.contains(&uuid)) {
            level = level.max(tlp);
            continue;
        }
        let found = marked.definitions.iter().find(|definition| definition["id"] == id);
        let Some(body) = found.map(|definition| &definition["extensions"][EXTENSION]) else {
            return BTreeSet::new();
        };
        labels += 1;
        level = level.max(TLP.iter().position(|(name, _)| body["tlp"] == *name).unwrap());
        let rel_to = body["rel_to"].as_array().unwrap();
        chosen.retain(|code| rel_to.contains(&json!(code)));
    }
    // Above AMBER a releaser is asked for, and nobody has approved anything here.
    if labels == 0 || level > 2 { BTreeSet::new() } else { chosen }
}

/// What one mutation makes of an object: its text, as it cannot always be JSON with one meaning.
pub(crate) struct Mutant {
    pub(crate) what: &'static str,
    pub(crate) text: String,
    pub(crate) definitions: Vec<Value>,
    /// It reads as if somebody had marked it so: told apart from the original by its id alone.
    pub(crate) well_formed: Option<Marked>,
}

impl Marked {
    fn changed(&self, change: impl Fn(&mut Value)) -> Self {
        let mut marked = self.clone();
        change(&mut marked.object);
        marked
    }

    fn refs(&self) -> &[Value] {
        self.object["object_marking_refs"].as_array().unwrap()
    }
}

pub(crate) fn mutants(of: &Marked) -> Vec<Mutant> {
    let mut mutants = Vec::new();
    let mut add = |what, marked: Marked, text: Option<String>| {
        let plain = marked.object.to_string();
        let (text, definitions) = (text.unwrap_or(plain), marked.definitions.clone());
        mutants.push(Mutant { what, text, definitions, well_formed: Some(marked) });
    };
    let without = |name: &str| of.changed(|o| drop(o.as_object_mut().unwrap().remove(name)));
    let refs = of.refs();
    add("stripped", without("object_marking_refs"), None);
    if of.object.get("granular_markings").is_some() {
        add("granular removed", without("granular_markings"), None);
    }
    for place in 0..refs.len() {
        mutate_ref(of, place, &mut add);
    }
    for odd in [json!([]), json!(null), json!(""), json!({}), refs[0].clone(), json!([refs])] {
        add("of another form", of.changed(|o| o["object_marking_refs"] = odd.clone()), None);
    }
    let key = "extension-definition--11111111-1111-4111-8111-111111111111";
    let extension = json!({ key: { "extension_type": "property-extension", "tlp": "clear" } });
    add("unknown extension", of.changed(|o| o["extensions"] = extension.clone()), None);
    let ours = json!({ EXTENSION: of.definitions[0]["extensions"][EXTENSION] });
    add("label on the object", of.changed(|o| o["extensions"] = ours.clone()), None);
    for (place, definition) in of.definitions.iter().enumerate() {
        for (what, body) in bodies(definition) {
            let mut definitions = of.definitions.clone();
            definitions[place] = body;
            let text = of.object.to_string();
            mutants.push(Mutant { what, text, definitions, well_formed: None });
        }
    }
    mutants
}

/// What can be done to one reference to a marking.
fn mutate_ref(
    of: &Marked,
    place: usize,
    add: &mut dyn FnMut(&'static str, Marked, Option<String>),
) {
    let (refs, original) = (of.refs(), of.object.to_string());
    let list = |refs: &[Value]| format!("\"object_marking_refs\":{}", json!(refs));
    let mut fewer = refs.to_vec();
    fewer.remove(place);
    if !fewer.is_empty() {
        add("one stripped", of.changed(|o| o["object_marking_refs"] = json!(fewer)), None);
    }
    for level in 0..TLP.len() {
        for version in 0..2 {
            let Some(other) = tlp_marking(level, version) else { continue };
            let mut swapped = refs.to_vec();
            swapped[place] = json!(other);
            add("swapped", of.changed(|o| o["object_marking_refs"] = json!(swapped)), None);
            // The key once more, before or behind the one that counts.
            let (again, own) = (list(&swapped), list(refs));
            for pair in [format!("{again},{own}"), format!("{own},{again}")] {
                add("doubled", of.clone(), Some(original.replacen(&own, &pair, 1)));
            }
        }
    }
    let escaped = list(&[]).replacen("object_m", "object\\u005fm", 1);
    let (pair, own) = (format!("{escaped},{}", list(refs)), list(refs));
    add("doubled with an escape", of.clone(), Some(original.replacen(&own, &pair, 1)));
    let id = refs[place].as_str().unwrap();
    let digit = if id.ends_with('4') { "5" } else { "4" };
    let mistyped = format!("{}{digit}", &id[..id.len() - 1]);
    let mistype = |o: &mut Value| o["object_marking_refs"][place] = json!(mistyped);
    add("mistyped", of.changed(mistype), None);
    let (start, end) = id.split_at(20);
    for other in [
        format!("{start}{}", end.to_uppercase()),
        id.to_uppercase(),
        end.to_owned(),
        format!("{id} "),
        format!("identity--{end}"),
        String::new(),
    ] {
        add("misspelt", of.changed(|o| o["object_marking_refs"][place] = json!(other)), None);
    }
}

/// Other bodies under the id of a label.
pub(crate) fn bodies(definition: &Value) -> Vec<(&'static str, Value)> {
    let changed = |change: &dyn Fn(&mut Value)| {
        let mut other = definition.clone();
        change(&mut other);
        other
    };
    let extension = |change: &dyn Fn(&mut Value)| {
        changed(&|marking| change(&mut marking["extensions"][EXTENSION]))
    };
    let everybody = self::definition(0, &PARTNERS.into_iter().collect());
    let plain = |kind: &str, body: Value| {
        changed(&|marking| {
            marking.as_object_mut().unwrap().remove("extensions");
            marking["definition_type"] = json!(kind);
            marking["definition"] = body.clone();
        })
    };
    let other = "extension-definition--60a3c5c5-0d10-413e-aab3-9e08dde9e88d";
    let clear = json!({ other: { "extension_type": "property-extension", "tlp_2_0": "clear" } });
    vec![
        ("body swapped", changed(&|m| m["extensions"] = everybody["extensions"].clone())),
        ("label lowered", extension(&|label| label["tlp"] = json!("TLP:CLEAR"))),
        ("label widened", extension(&|label| label["rel_to"] = json!(PARTNERS))),
        ("label with more", extension(&|label| label["extra"] = json!(true))),
        (
            "label without nations",
            extension(&|l| drop(l.as_object_mut().unwrap().remove("rel_to"))),
        ),
        ("label to be passed on", extension(&|label| label["onward"] = json!(true))),
        ("dated otherwise", changed(&|m| m["created"] = json!("2023-12-01T00:00:00.000Z"))),
        ("made a statement", plain("statement", json!({ "statement": "take it" }))),
        ("made a custom one", plain("x-ours", json!({ "level": "none" }))),
        ("made TLP 2", changed(&|m| m["extensions"] = clear.clone())),
    ]
}

impl Mutant {
    /// The text with another UUID, so that it is told by nothing but its markings; and the id.
    pub(crate) fn under_another_id(&self, own: &str, n: usize) -> (String, String) {
        let other = format!("malware--1c7b5b88-8ff7-4a4d-aa9d-{n:012x}");
        (self.text.replace(own, &other), other)
    }
}
