//! Playbooks with every kind of step, and such as nobody should use.

use proptest::{prop_assert, proptest};
use serde_json::Value as Json;

use super::*;
use crate::content::Content;
use crate::filed::{Place, write};
use entente_release::Nation;

fn step(number: u32) -> String {
    format!("step--{number:08x}-0000-4000-8000-000000000000")
}

/// A playbook with these steps; the first is the start.
fn playbook(steps: &[(u32, Json)]) -> Json {
    let workflow: serde_json::Map<String, Json> =
        steps.iter().map(|(number, step_)| (step(*number), step_.clone())).collect();
    json!({
        "type": "playbook",
        "spec_version": "cacao-2.0",
        "id": "playbook--61a6c41e-6efc-4516-a242-dfbc5c89d562",
        "name": "Wiper in a ministry",
        "description": "What to do in the first hour",
        "created": "2023-12-13T01:00:00.000Z",
        "modified": "2023-12-13T01:00:00.000Z",
        "created_by": "identity--5abe695c-7bd5-4c31-8824-2528696cdbf1",
        "workflow_start": step(steps[0].0),
        "workflow": workflow,
    })
}

fn read(playbook: &Json) -> Result<Playbook, BadPlaybook> {
    Playbook::read(&serde_json::to_vec(playbook).unwrap())
}

/// Every kind of step; two branches that meet again.
fn whole() -> Json {
    playbook(&[
        (1, json!({"type": "start", "on_completion": step(2)})),
        (
            2,
            json!({"type": "parallel", "name": "Secure", "next_steps": [step(3), step(5)],
            "on_completion": step(7)}),
        ),
        (
            3,
            json!({"type": "action", "name": "Cut the network", "on_completion": step(4),
            "commands": [{"type": "manual", "command": "pull the cable"},
                         {"type": "ssh", "command_b64": "cm0="}]}),
        ),
        (4, json!({"type": "end"})),
        (
            5,
            json!({"type": "action", "name": "Keep the logs", "on_success": step(6),
            "on_failure": step(4)}),
        ),
        (6, json!({"type": "end"})),
        (
            7,
            json!({"type": "if-condition", "name": "Wiped?", "condition": "a disk is empty",
            "on_true": step(8), "on_false": step(10), "on_completion": step(13)}),
        ),
        (
            8,
            json!({"type": "playbook-action", "name": "Restore",
            "playbook_id": "playbook--00ee41a2-c2ca-41da-8ea9-681344eb3926",
            "on_completion": step(9)}),
        ),
        (9, json!({"type": "end"})),
        (
            10,
            json!({"type": "switch-condition", "name": "Whose?", "switch": "__actor__",
            "cases": {"ours": step(11), "theirs": step(12)}}),
        ),
        (11, json!({"type": "action", "name": "Tell the police", "on_completion": step(12)})),
        (12, json!({"type": "action", "name": "Tell the allies"})),
        (
            13,
            json!({"type": "while-condition", "name": "Watch", "condition": "it goes on",
            "on_true": step(14), "on_completion": step(16)}),
        ),
        (14, json!({"type": "action", "name": "Look again", "on_completion": step(15)})),
        (15, json!({"type": "end"})),
        (16, json!({"type": "end"})),
    ])
}

#[test]
fn steps_are_listed_after_what_leads_to_them_and_inside_their_branches() {
    let playbook = read(&whole()).unwrap();
    let listed: Vec<String> = playbook
        .steps
        .iter()
        .filter(|step| step.kind.is_ticked())
        .map(|step| {
            let name = step.name.as_deref().unwrap_or("");
            format!("{}{} {name}", "  ".repeat(step.depth), step.kind.as_str())
        })
        .collect();
    assert_eq!(
        listed,
        [
            "parallel Secure",
            "  action Cut the network",
            "  action Keep the logs",
            "if-condition Wiped?",
            "  playbook-action Restore",
            "  switch-condition Whose?",
            "    action Tell the police",
            "    action Tell the allies",
            "while-condition Watch",
            "  action Look again",
        ]
    );
    assert_eq!(playbook.unreached, [""; 0]);
    let cut = playbook.step("2").unwrap();
    assert_eq!(cut.commands, ["manual: pull the cable", "ssh: (encoded)"]);
    assert_eq!(playbook.step(&step(12)).unwrap().name.as_deref(), Some("Tell the allies"));
    assert_eq!(playbook.step("0000000c").unwrap().id, step(12));
    for unknown in ["0", "11", "0000", "step"] {
        assert_eq!(playbook.step(unknown), None, "{unknown}");
    }
    let wiped = playbook.step("4").unwrap();
    assert_eq!(wiped.condition.as_deref(), Some("a disk is empty"));
    let whens: Vec<&str> = wiped.leads.iter().map(|lead| lead.when.as_str()).collect();
    assert_eq!(whens, ["if true", "if false", "then"]);
}

#[test]
fn a_playbook_that_cannot_be_followed_is_refused_with_the_step() {
    let with = |number: u32, property: &str, value: Json| {
        let mut changed = whole();
        changed["workflow"][step(number)][property] = value;
        read(&changed).unwrap_err().to_string()
    };
    let refused = with(5, "on_failure", json!(step(99)));
    assert_eq!(
        refused,
        format!("{}: it leads to {} (on failure), which is not in the workflow", step(5), step(99))
    );
    let refused = with(14, "on_completion", json!(step(13)));
    assert!(refused.starts_with(&format!("{}: it leads to {}", step(14), step(13))), "{refused}");
    let refused = with(3, "on_completion", json!(step(3)));
    assert!(refused.contains("which leads to it"), "{refused}");
    assert!(with(7, "condition", json!(1)).contains("condition is missing"));
    assert!(with(7, "on_true", Json::Null).contains("on_true is missing"));
    assert!(with(2, "next_steps", json!("x")).contains("next_steps is missing"));
    assert!(with(10, "cases", json!({"ours": 1})).contains("cases is missing"));
    assert!(with(3, "type", json!("sudo")).contains("\"sudo\" is no type of a step"));
    let head = |property: &str, value: Json| {
        let mut changed = whole();
        changed[property] = value;
        read(&changed).map(|playbook| playbook.unreached)
    };
    assert!(head("spec_version", json!("1.0")).unwrap_err().to_string().contains("\"1.0\""));
    assert!(head("type", json!("bundle")).is_err());
    assert!(head("name", Json::Null).is_err());
    assert!(head("created", json!("yesterday")).is_err());
    assert!(head("workflow", json!([])).is_err());
    let refused = head("workflow_exception", json!(step(98))).unwrap_err();
    assert!(refused.to_string().contains("(workflow_exception)"), "{refused}");
    // What nothing leads to is said, not hidden.
    assert_eq!(head("workflow_start", json!(step(16))).unwrap().len(), 15);
    assert!(matches!(Playbook::read(b"{\"type\":1,\"type\":2}"), Err(BadPlaybook::Json(_))));
    let many: Vec<(u32, Json)> = (0..1001).map(|n| (n, json!({"type": "end"}))).collect();
    assert_eq!(read(&playbook(&many)), Err(BadPlaybook::TooLarge));
    assert_eq!(Playbook::read(&vec![b' '; 800_000]), Err(BadPlaybook::TooLarge));
}

#[test]
fn the_longest_chain_is_followed() {
    let chain: Vec<(u32, Json)> = (0..1000)
        .map(|n| match n {
            999 => (n, json!({"type": "end"})),
            n => (n, json!({"type": "action", "on_completion": step(n + 1)})),
        })
        .collect();
    assert_eq!(read(&playbook(&chain)).unwrap().steps.len(), 1000);
}

#[test]
fn logins_do_not_travel_in_playbooks() {
    let mut with = whole();
    let login = "http-basic--76c26f7f-9a15-40ff-a90a-7b19e23372ae";
    with["authentication_info_definitions"] =
        json!({ login: {"type": "http-basic", "user_id": "u", "password": "secret"} });
    let refused = read(&with).unwrap_err();
    assert_eq!(refused, BadPlaybook::Secret(login.to_owned(), "password"));
    assert!(!refused.to_string().contains("secret"));
    with["authentication_info_definitions"][login]["kms"] = json!(true);
    assert!(read(&with).is_ok());
}

#[test]
fn a_course_of_action_carries_it_and_ticks_are_counted_by_step() {
    let nation = Nation::KOR;
    let at = Timestamp::parse("2023-12-13T02:00:00Z").unwrap();
    let bytes = serde_json::to_vec(&whole()).unwrap();
    let playbook = Playbook::read(&bytes).unwrap();
    let id = "course-of-action--e0000011-45d1-4c1b-9d32-0123456789ab";
    let head = |id: &str| Head { id: id.into(), by: nation, created: at, modified: at };
    let object = course_of_action(&head(id), &playbook, &bytes);
    let report = entente_object::validate::validate(&json::parse(&object).unwrap());
    assert!(report.errors.is_empty(), "{report:?}");
    assert_eq!(carried(&object), Some(Ok(playbook.clone())));
    let plain = json!({"type": "course-of-action", "name": "Patch"}).to_string();
    assert_eq!(carried(plain.as_bytes()), None);
    let mut picture = Picture::default();
    for (number, kind) in [(1, ContributionKind::StepDone), (2, ContributionKind::Comment)] {
        let content = Content::Contribution(Contribution {
            subject_ref: id.into(),
            kind,
            text: "done".into(),
            item: Some(playbook.step(&step(3)).unwrap().mark().to_owned()),
            happened: None,
            in_reply_to_ref: None,
            object_refs: Vec::new(),
        });
        let id = format!("entente-contribution--e000000{number}-45d1-4c1b-9d32-0123456789ab");
        let place = Place { seq: number, label: 0, digest: [0; 32], given: at };
        picture.add(Filed::read(&write(&head(&id), &content), nation, place).unwrap());
    }
    let ticks = ticks(&picture, id);
    assert_eq!(ticks.len(), 1);
    assert_eq!(ticks["00000003-0000-4000-8000-000000000000"].len(), 1);
}

proptest! {
    #[test]
    fn whatever_leads_where_each_step_is_listed_once_and_in_order(
        leads in proptest::collection::vec((0_u32..12, 0_u32..12), 12)
    ) {
        let steps: Vec<(u32, Json)> = (0..).zip(&leads).map(|(number, (yes, no))| {
            (number, json!({"type": "if-condition", "condition": "c", "on_true": step(*yes),
                "on_false": step(*no)}))
        }).collect();
        let mut open: Vec<(u32, Json)> = steps.clone();
        open.push((12, json!({"type": "end"})));
        // Only leads to later steps, so that there is no circle; then some that have one.
        for (number, step_) in &mut open {
            for side in ["on_true", "on_false"] {
                let to = step_[side].as_str().map(str::to_owned);
                if to.is_some_and(|to| to <= step(*number)) {
                    step_[side] = json!(step(12));
                }
            }
        }
        let playbook_ = read(&playbook(&open)).unwrap();
        let at = |id: &str| playbook_.steps.iter().position(|step| step.id == id);
        prop_assert!(playbook_.steps.len() + playbook_.unreached.len() == 13);
        for (place, step) in playbook_.steps.iter().enumerate() {
            for lead in &step.leads {
                prop_assert!(at(&lead.to).is_some_and(|to| to > place));
            }
        }
        // Steps that all lead somewhere among themselves come back somewhere.
        let is_circle = matches!(read(&playbook(&steps)), Err(BadPlaybook::Circle { .. }));
        prop_assert!(is_circle);
    }
}
