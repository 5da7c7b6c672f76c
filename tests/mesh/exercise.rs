//! Row 11: nothing of an exercise gets into operations, and nothing of operations into an exercise,
//! by what any of nine nodes brings in, refers to, copies, posts, gives, looks for or exports.
//!
//! Every partner takes part in the exercise, so that nothing but the wall is in the way.

use std::collections::BTreeSet;

use entente_object::marking::Tlp;
use entente_release::label_marking;
use serde_json::{Value, json};

use super::{NATIONS, TIME, ask, import, label, ledgers, malware, others};
use crate::member::{Member, desk, nation, puts, settle};
use crate::objects::lines;

/// How often each nation tries each way.
const TIMES: usize = 14;
/// What all of them have in their names.
const WORD: &str = "zwall";

/// A nation's attempts.
struct Attempts {
    at: usize,
    operations: Value,
    exercise: Value,
    /// By file: those that bring their own label, and those that one is put on.
    own: Vec<Value>,
    put_on: Vec<Value>,
    /// What is of the exercise, and what tries to get out or in.
    ids: BTreeSet<String>,
    /// What is of operations alone, and goes where it should.
    controls: BTreeSet<String>,
}

fn marked(mut object: Value, markings: &[&Value]) -> Value {
    object["object_marking_refs"] = markings.iter().map(|marking| marking["id"].clone()).collect();
    object
}

fn id_of(object: &Value) -> String {
    object["id"].as_str().unwrap().to_owned()
}

impl Attempts {
    fn id(&self, kind: &str, way: usize, n: usize) -> String {
        let number = 100 * way + n;
        format!("{kind}--e4e7c15e-{:04x}-4000-8000-{number:012x}", self.at)
    }

    fn malware(&self, way: usize, n: usize) -> Value {
        malware(&self.id("malware", way, n), &format!("{WORD} {way} {n}"))
    }

    /// Something that is about another object.
    fn about(&self, (way, n): (usize, usize), other: &Value) -> Value {
        let kind = ["report", "note", "grouping", "relationship", "sighting", "opinion"][n % 6];
        let mut object = json!({
            "type": kind, "spec_version": "2.1", "id": self.id(kind, way, n),
            "created": TIME, "modified": TIME,
        });
        let more = match kind {
            "report" => json!({ "name": WORD, "published": TIME, "object_refs": [other["id"]] }),
            "note" => json!({ "content": WORD, "object_refs": [other["id"]] }),
            "grouping" => {
                json!({ "name": WORD, "context": "unspecified", "object_refs": [other["id"]] })
            }
            "relationship" => json!({ "description": WORD, "relationship_type": "related-to",
                "source_ref": other["id"], "target_ref": other["id"] }),
            "sighting" => json!({ "description": WORD, "sighting_of_ref": other["id"] }),
            _ => json!({ "explanation": WORD, "opinion": "agree", "object_refs": [other["id"]] }),
        };
        object.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        object
    }

    /// Something that names another object where an id may stand in a text.
    fn naming(&self, (way, n): (usize, usize), other: &Value) -> Value {
        let (mut object, id) = (self.malware(way, n), id_of(other));
        match n % 4 {
            0 => object["description"] = format!("see {id}").into(),
            1 => object["description"] = format!("({})", id.to_uppercase()).into(),
            2 => {
                let url = format!("https://h.example/{id}");
                object["external_references"] = json!([{ "source_name": "here", "url": url }]);
            }
            _ => object["labels"] = json!([id]),
        }
        object
    }

    fn of(at: usize) -> Self {
        let code = NATIONS[at];
        let to = others(code);
        let plain = label(code, &to, Tlp::Green, false);
        let mut walled = plain.clone();
        walled.exercise = Some("cc23".parse().unwrap());
        let [operations, exercise] = [plain, walled]
            .map(|label| serde_json::from_str(&label_marking::to_stix(&label)).unwrap());
        let (own, put_on) = (Vec::new(), Vec::new());
        let (ids, controls) = (BTreeSet::new(), BTreeSet::new());
        let mut all = Self { at, operations, exercise, own, put_on, ids, controls };
        all.make();
        all
    }

    fn make(&mut self) {
        let (operations, exercise) = (self.operations.clone(), self.exercise.clone());
        let (mut own, mut put_on) = (Vec::new(), Vec::new());
        let mut controls = Vec::new();
        for n in 0..TIMES {
            let inside = marked(self.malware(1, n), &[&exercise]);
            let outside = marked(self.malware(0, n), &[&operations]);
            own.extend([
                // Referred to, and named, from the other side.
                marked(self.about((2, n), &inside), &[&operations]),
                marked(self.naming((3, n), &inside), &[&operations]),
                marked(self.about((4, n), &outside), &[&exercise]),
                marked(self.naming((5, n), &outside), &[&exercise]),
                // Copied under an id of its own, with the marking of the other side beside its own.
                marked(self.malware(6, n), &[&exercise, &operations]),
                marked(self.malware(7, n), &[&operations, &exercise]),
            ]);
            own.push(inside.clone());
            // Brought in again, and copied, with a label of operations put on.
            let mut again = inside;
            again["modified"] = "2023-12-03T00:00:00.000Z".into();
            put_on.extend([again, marked(self.malware(8, n), &[&exercise])]);
            controls.push(outside);
        }
        self.ids = own.iter().chain(&put_on).map(id_of).collect();
        self.controls = controls.iter().map(id_of).collect();
        own.extend(controls);
        own.extend([operations, exercise]);
        (self.own, self.put_on) = (own, put_on);
    }
}

/// Attempts by nodes' ways in: a partner's post, and what a partner's program asks for.
fn by_partners(members: &[Member], all: &[Attempts]) -> usize {
    let mut tried = 0;
    for (by, attempts) in members.iter().zip(all) {
        let to = &members[(attempts.at + 1) % members.len()];
        let token = to.node.json(&["token", "issue", by.code, "--write"]);
        let token = token["token"].as_str().unwrap();
        let request = "POST /entente/collections/open.all/objects/";
        let body = json!({ "objects": attempts.own }).to_string();
        let (status, answer) = ask(by, to, request, (token, &body));
        assert_eq!(status, 202, "{answer}");
        tried += 7 * TIMES;
        // The other's, one by one and all at once.
        let asked = all[(attempts.at + 1) % all.len()].ids.iter().collect::<Vec<_>>();
        for id in asked.iter().step_by(8) {
            let path = format!("GET /entente/collections/open.all/objects/{id}/");
            let (status, answer) = ask(by, to, &path, (token, ""));
            let absent = status == 404 || answer == "{}" || answer == "{\"more\":false}";
            assert!(absent, "{id}: {status}: {answer}");
            tried += 1;
        }
        for kind in ["manifest", "objects"] {
            let list: Vec<&str> = asked.iter().take(50).map(|id| id.as_str()).collect();
            let path =
                format!("/entente/collections/open.all/{kind}/?match[id]={}", list.join(","));
            let (status, answer) = ask(by, to, &format!("GET {path}"), (token, ""));
            assert_eq!(status, 200, "{answer}");
            assert!(!answer.contains("e4e7c15e"), "{answer}");
            tried += 1;
        }
    }
    tried
}

pub(super) fn nothing_crosses_the_wall(members: &[Member]) {
    let all: Vec<Attempts> = (0..members.len()).map(Attempts::of).collect();
    for member in members {
        for other in others(member.code) {
            let enrol = |act: &mut entente_intake::acts::PartnerAct| {
                act.exercises = vec!["cc23".to_owned()];
            };
            desk(member).change_partner(nation(other), enrol).unwrap();
        }
    }
    let mut tried = 0;
    for (member, attempts) in members.iter().zip(&all) {
        import(member, &lines(attempts.own.clone()), &[]);
        let args =
            ["--programme", "open", "--area", "all", "--tlp", "green", "--rel-to", "parties"];
        import(member, &lines(attempts.put_on.clone()), &args);
        tried += 9 * TIMES;
    }
    settle(members);
    tried += by_partners(members, &all);
    for member in members {
        desk(member).review(true, &mut |_| ()).unwrap();
    }
    settle(members);
    for (member, attempts) in members.iter().zip(&all) {
        for (to, entries) in ledgers(member) {
            let ids: BTreeSet<String> = entries.into_iter().map(|entry| entry.id).collect();
            let crossed: Vec<_> =
                all.iter().flat_map(|other| &other.ids).filter(|id| ids.contains(*id)).collect();
            assert!(crossed.is_empty(), "{} to {to}: {crossed:?}", member.code);
            assert!(ids.is_superset(&attempts.controls), "{} to {to}", member.code);
        }
        let to = others(member.code)[attempts.at % 8];
        let exported = member.node.run(&["export", "--to", to, "--programme", "open"]).ends(0).out;
        let crossed = attempts.ids.iter().find(|id| exported.contains(id.as_str()));
        assert_eq!(crossed, None, "{} exports it to {to}", member.code);
        assert!(attempts.controls.iter().all(|id| exported.contains(id)));
        tried += attempts.ids.len();
        // Nothing of another's is here but what was posted here, which is not shown as operations'.
        let posted = (attempts.at + all.len() - 1) % all.len();
        for (by, text) in puts(member) {
            if !text.contains(WORD) || by == nation(member.code) {
                continue;
            }
            let object: Value = serde_json::from_str(&text).unwrap();
            let id = id_of(&object);
            let is_control = all.iter().any(|other| other.controls.contains(&id));
            let by_post = all[posted].ids.contains(&id);
            assert!(is_control || by_post, "{}: {by}: {text}", member.code);
        }
    }
    println!("{tried} attempts to cross");
    assert!(tried >= 1000, "{tried}");
}
