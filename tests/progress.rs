//! What the programme came to, at three nodes by command: computed from what was really exchanged, checked
//! by a partner, judged by a third.

use serde_json::{Value, json};

use crate::member::{Member, PROGRAMME, nation, puts, until};
use crate::objects::{indicator, indicator_id, lines};

const CATALOGUE: &str = r#"
[area.assessment]
by = ["USA", "POL"]
first = 2024-06-30

[[area.objective]]
id = "objective"
title = "Attacks are seen"
sources = [{ title = "Made up", date = "2023" }]

[[area.objective.goal]]
id = "goal"
title = "What is seen is told"
sources = [{ title = "Made up", date = "2023" }]

[[area.objective.goal.measure]]
id = "exchange"
title = "Indicators are exchanged and used"
owners = ["KOR", "POL"]
role = "head of the centre"
schedule = { from = 2023-01-01, until = 2099-12-31 }
sources = [{ title = "Made up", date = "2023" }]

[[area.objective.goal.measure.indicator]]
id = "acknowledged"
title = "Indicators released and acknowledged"
unit = "objects"
evidence = { query = "released", statistic = "count", types = ["indicator"], within = "72h" }
period = [{ from = 2023-01-01, until = 2099-12-31, target = 12 }]

[[area.objective.goal.measure.indicator]]
id = "confirmed"
title = "Sightings that confirmed an indicator"
unit = "sightings"
evidence = { query = "confirmations", statistic = "count" }
period = [{ from = 2023-01-01, until = 2099-12-31, target = 1 }]

[[area.objective.goal.measure.indicator]]
id = "injects"
title = "Injects answered"
unit = "percent"
evidence = { query = "injects-answered", statistic = "share", within = "4h" }
period = [{ from = 2023-01-01, until = 2099-12-31, target = 60 }]

[[area.objective.goal.measure.indicator]]
id = "dialogues"
title = "Dialogues held"
unit = "meetings"
period = [{ from = 2023-01-01, until = 2099-12-31, target = 1 }]
"#;

const YEAR: [&str; 2] = ["--period", "2023"];

fn three() -> [Member; 3] {
    let programme = format!("{PROGRAMME}{CATALOGUE}");
    let all = ["KOR", "POL", "USA"].map(|code| Member::under(code, &programme));
    for one in &all {
        for other in all.iter().filter(|other| other.code != one.code) {
            one.accept(other);
        }
    }
    all.iter().for_each(Member::serve);
    all
}

fn measure(member: &Member) -> Value {
    let told = member.node.json(&[&["programme", "progress"], YEAR.as_slice()].concat());
    told["areas"][0]["measures"][0].clone()
}

/// What nations say that an indicator came to: who, how much, by how many it is supported, whence.
fn actuals(member: &Member, id: &str) -> Vec<(String, f64, u64, String)> {
    let measure = measure(member);
    let all = measure["indicators"].as_array().unwrap();
    let found = all.iter().find(|one| one["indicator"] == id).unwrap();
    let text = |one: &Value| one.as_str().unwrap().to_owned();
    let said = found["actuals"].as_array().unwrap().iter();
    said.map(|one| {
        let (value, support) = (one["value"].as_f64().unwrap(), one["supported_by"].as_u64());
        (text(&one["by"]), value, support.unwrap(), text(&one["source"]))
    })
    .collect()
}

fn says(by: &str, value: f64, support: u64, source: &str) -> (String, f64, u64, String) {
    (by.to_owned(), value, support, source.to_owned())
}

fn publishes(member: &Member) -> Value {
    member.node.json(&[&["programme", "actual"], YEAR.as_slice()].concat())
}

/// A sighting of a made-up indicator, which says whether it was seen.
fn sighting(number: usize, of: usize, count: u32) -> Value {
    json!({
        "type": "sighting", "spec_version": "2.1",
        "id": format!("sighting--5eb7a1c2-0000-4000-8000-{number:012x}"),
        "created": "2023-12-02T09:00:00.000Z", "modified": "2023-12-02T09:00:00.000Z",
        "last_seen": "2023-12-02T08:00:00Z", "count": count, "sighting_of_ref": indicator_id(of),
    })
}

fn made_by_korea(number: usize) -> Value {
    let mut object = indicator(number);
    object["created_by_ref"] = format!("identity--{}", nation("KOR").identity()).into();
    object
}

fn imports(member: &Member, objects: Vec<Value>, rel_to: &str) {
    let file = member.node.file("more.ndjson", lines(objects));
    let label = ["--programme", "open", "--area", "all", "--tlp", "green", "--rel-to", rel_to];
    member.node.json(&[&["import", &file], label.as_slice()].concat());
}

#[test]
fn an_actual_is_computed_from_what_was_exchanged_and_checked_by_a_partner() {
    let [korea, poland, states] = &three();
    assert_eq!(measure(korea)["completion"], "no-evidence");
    // Twelve for Poland, two of them for the United States as well. They name Korea as their maker, so that
    // what Poland says of them may go there.
    imports(korea, (1..11).map(made_by_korea).collect(), "POL");
    imports(korea, (11..13).map(made_by_korea).collect(), "POL,USA");
    poland.has_received(12, korea);
    until("all of it is acknowledged", || {
        actuals(korea, "acknowledged") == [says("KOR", 12.0, 12, "computed-here")]
    });
    // One saw it, one looked for it and did not: only the first confirms.
    imports(poland, vec![sighting(1, 3, 2), sighting(2, 4, 0)], "KOR");
    until("Korea has the confirmation", || {
        actuals(korea, "confirmed") == [says("KOR", 1.0, 1, "computed-here")]
    });
    let row = measure(korea);
    assert_eq!(
        row["indicators"][2]["why_none"].as_str().unwrap().split(':').next(),
        Some("nothing measures this yet")
    );
    assert_eq!(
        (&row["indicators"][2]["actuals"], &row["indicators"][2]["reached"]),
        (&json!([]), &Value::Null)
    );
    assert_eq!(row["completion"], "substantial");
    // A dry run says the same and publishes nothing; what was said is not said again.
    let dry = [&["--dry-run", "programme", "actual"], YEAR.as_slice()].concat();
    let would = korea.node.json(&dry);
    assert_eq!(
        (would[0]["value"].as_f64(), would[0]["dry_run"].as_bool()),
        (Some(12.0), Some(true))
    );
    let published = publishes(korea);
    assert_eq!(published.as_array().unwrap().len(), 2, "{published}");
    assert_eq!(publishes(korea), json!([]));
    let id = published[0]["id"].as_str().unwrap();
    let mine = says("KOR", 12.0, 12, "published");
    until("Poland has the actual", || actuals(poland, "acknowledged").contains(&mine));
    // Poland has all that is listed, and says where in its copy of Korea's ledger.
    let check = poland.node.json(&["programme", "check-actual", id]);
    let counts =
        |check: &Value| ["agree", "differ", "missing"].map(|one| check[one].as_u64().unwrap());
    assert_eq!(counts(&check), [10, 0, 0], "{check}");
    assert_eq!(check["pointers"][0]["ledger"], "KOR/POL");
    // The United States were given two of them; what it does not have is not called wrong.
    until("the United States have it", || actuals(states, "acknowledged").contains(&mine));
    let there = states.node.json(&["programme", "check-actual", id]);
    assert_eq!((counts(&there)[1], &there["faults"]), (0, &json!([])));
    // Nothing in it says how long a ledger is.
    let shown = poland.node.json(&["object", "show", id]).to_string();
    assert!(!shown.contains("KOR/POL") && !shown.contains("\"entry\""), "{shown}");
    for one in [korea, poland, states] {
        one.is_sound();
    }
}

#[test]
fn a_pointer_to_what_was_never_given_is_found_and_a_persons_word_is_no_evidence() {
    let [korea, poland, states] = &three();
    korea.release(1..4, "POL");
    poland.has_received(3, korea);
    until("it is acknowledged", || !actuals(korea, "acknowledged").is_empty());
    until("all of it", || actuals(korea, "acknowledged")[0].2 == 3);
    let id = publishes(korea)[0]["id"].as_str().unwrap().to_owned();
    until("Poland has it", || poland.node.run(&["object", "show", &id]).code == 0);
    // The same again with one digest changed.
    let (_, text) = puts(korea).into_iter().rfind(|(_, text)| text.contains(&id)).unwrap();
    let mut forged: Value = serde_json::from_str(&text).unwrap();
    let other = "entente-actual--5eb7a1c2-0000-4000-8000-00000000000a";
    forged["id"] = other.into();
    forged["evidence"][1]["object_sha256"] = "ab".repeat(32).into();
    imports(korea, vec![forged], "POL");
    until("Poland has the other", || poland.node.run(&["object", "show", other]).code == 0);
    poland.node.run(&["programme", "check-actual", &id]).ends(1).says(&["3 agree, 0 differ, 0"]);
    poland.node.run(&["programme", "check-actual", other]).ends(1).says(&[
        "2 agree, 0 differ, 1 are not here",
        &format!("{}  indicator is not here", "ab".repeat(32)),
        "says it of the same period as well",
    ]);
    let entered = ["programme", "actual", "--indicator", "open/all/dialogues", "--value", "1"];
    let by = ["--entered-by", "desk officer", "--period", "2023"];
    korea.node.json(&[&entered, by.as_slice()].concat());
    assert_eq!(actuals(korea, "dialogues"), [says("KOR", 1.0, 0, "entered")]);
    assert_eq!(measure(korea)["indicators"][3]["reached"], Value::Null);
    // Who owns the measure does not judge it; another assessor does.
    let due = states.node.json(&["programme", "assessments"]);
    assert_eq!((&due[0]["by"], &due[0]["late"]), (&json!(["USA"]), &json!(true)));
    let day = due[0]["day"].as_str().unwrap().to_owned();
    let assess = ["area", "assess", "--about", "open/all/exchange", "--begins", "2023-01-01"];
    let rest =
        ["--ends", &day, "--text", "It works.", "--assessor", "desk", "--completion", "limited"];
    let assess = [&assess, rest.as_slice()].concat();
    poland.node.run(&assess).ends(2).says(&["POL owns it"]);
    states.node.run(&assess).ends(0);
    until("Korea sees that it was made", || {
        korea.node.json(&["programme", "assessments"])[0]["made_by"] == "USA"
    });
}
