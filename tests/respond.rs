//! A provocation answered by three nodes, by command: alert, request and offers of help, playbook, joint
//! statement, which a machine without a node checks from its file.

use std::fs;

use serde_json::{Value, json};

use crate::member::{Member, until};
use crate::node::{Node, PASSPHRASE, Ran};

const ABOUT: &str = "open/all";

/// Three nodes that close an epoch each second, each with a desk officer.
fn three() -> [Member; 3] {
    let all = ["KOR", "POL", "USA"].map(Member::of);
    for one in &all {
        for other in all.iter().filter(|other| other.code != one.code) {
            one.accept(other);
        }
        signed(one, &["user", "add", "kim", "--role", "desk-officer"]).ends(0);
    }
    for one in &all {
        let served = one.node.serve_at(&one.host, &["--epoch", "1"], "warn");
        drop(one.served.replace(Some(served)));
    }
    all
}

fn signed(member: &Member, args: &[&str]) -> Ran {
    Ran::of(member.node.command(args).env("ENTENTE_PASSPHRASE", PASSPHRASE))
}

/// Says something by `entente respond`, which went to the others at once; gives its id.
fn says(member: &Member, args: &[&str]) -> String {
    let told = member.node.json(&[&["respond"], args].concat());
    assert_eq!(told["held"], json!([]), "{told}");
    told["id"].as_str().unwrap().to_owned()
}

fn list(member: &Member, what: &[&str]) -> Vec<Value> {
    member.node.json(&[&["respond"], what].concat()).as_array().unwrap().clone()
}

#[track_caller]
fn all_have(members: &[Member; 3], what: &[&str], count: usize) {
    for one in members {
        until(&format!("{} has {what:?}", one.code), || list(one, what).len() == count);
    }
}

fn opens_a_situation(members: &[Member; 3]) -> String {
    let open = ["situation", "open", "--name", "Launch over the sea", "--about", ABOUT];
    let kind = ["--kind", "provocation", "--began", "2023-12-13T01:00:00Z"];
    let situation = says(&members[0], &[open.as_slice(), &kind].concat());
    all_have(members, &["situation", "list"], 1);
    situation
}

const ALERT: [&str; 14] = [
    "alert",
    "send",
    "--about",
    ABOUT,
    "--event",
    "Launch",
    "--category",
    "Security",
    "--urgency",
    "Immediate",
    "--severity",
    "Severe",
    "--certainty",
    "Observed",
];

/// Sends a message of an exchange that answers another one; gives its id once all have it.
fn sends(
    members: &[Member; 3],
    at: usize,
    (message, answers): (&str, &str),
    more: &[&str],
) -> String {
    let args = ["assist", "send", message, answers, "--text", "as agreed"];
    let id = says(&members[at], &[args.as_slice(), more].concat());
    for one in members {
        until(&format!("{} has {message}", one.code), || {
            one.node.run(&["respond", "assist", "show", &id]).code == 0
        });
    }
    id
}

fn stages(member: &Member, exchange: &str) -> Vec<String> {
    let shown = member.node.json(&["respond", "assist", "show", exchange]);
    assert_eq!(shown["faults"], json!([]), "{shown}");
    let nations = shown["nations"].as_array().unwrap().clone();
    let one = |row: &Value| {
        format!("{} {}", row["nation"].as_str().unwrap(), row["stage"].as_str().unwrap())
    };
    nations.iter().map(one).collect()
}

fn helps(members: &[Member; 3], situation: &str) {
    let [korea, poland, states] = members;
    let request =
        ["assist", "request", "--resource", "malware analysts", "--quantity", "4", "--to"];
    let more = ["POL,USA", "--about", ABOUT, "--situation", situation, "--answer-by", "1h"];
    let words = ["--contact", "duty officer", "--text", "Two shifts."];
    let request = says(korea, &[request.as_slice(), &more, &words].concat());
    all_have(members, &["assist", "list"], 1);
    let early = ["respond", "assist", "send", "ReleaseResource", &request, "--text", "x"];
    poland.node.run(&early).ends(2).says(&[
        "the supplier cannot send ReleaseResource while this is asked",
        "ResponseToRequestResource, CommitResource, RequestInformation",
    ]);
    let response = "ResponseToRequestResource";
    let silent = ["respond", "assist", "send", response, &request, "--text", "x"];
    poland.node.run(&silent).ends(2).says(&["has to say Accept, Decline or Provisional"]);
    let yes = sends(members, 1, (response, &request), &["--answer", "Accept"]);
    let no = ["--answer", "Decline", "--reason", "none to spare"];
    sends(members, 2, (response, &request), &no);
    for one in members {
        assert_eq!(stages(one, &request), ["POL accepted", "USA declined"]);
    }
    let order = sends(members, 0, ("RequisitionResource", &yes), &[]);
    let commit = sends(members, 1, ("CommitResource", &order), &["--answer", "Accept"]);
    let landed = ["--deployment", "at Incheon"];
    let report = sends(members, 1, ("ReportResourceDeploymentStatus", &commit), &landed);
    assert_eq!(stages(states, &request), ["POL under-way", "USA declined"]);
    sends(members, 0, ("ReleaseResource", &report), &[]);
    for one in members {
        assert_eq!(stages(one, &request), ["POL released", "USA declined"]);
    }
    let shown = korea.node.json(&["respond", "assist", "show", &request]);
    assert_eq!(shown["nations"][0]["answered"], "answered in time");
    assert_eq!(shown["nations"][0]["deployment"], "at Incheon");
    // An offer that nobody asked for is let go.
    let offer =
        ["assist", "offer", "--resource", "satellite time", "--to", "KOR", "--about", ABOUT];
    let words = ["--contact", "duty officer", "--text", "From tonight."];
    let to_all = ["--situation", situation, "--rel-to", "parties"];
    let offer = says(states, &[offer.as_slice(), &words, &to_all].concat());
    all_have(members, &["assist", "list"], 2);
    sends(members, 0, ("ReleaseResource", &offer), &[]);
    assert_eq!(stages(poland, &offer), ["KOR released"]);
    assert!(list(korea, &["assist", "list", "--open"]).is_empty());
}

#[test]
fn help_is_asked_for_given_and_released_and_all_see_the_same() {
    let members = three();
    let situation = opens_a_situation(&members);
    helps(&members, &situation);
    let shown = members[2].node.json(&["respond", "situation", "show", &situation]);
    assert_eq!(shown["assistance"].as_array().unwrap().len(), 2);
    let told = shown["timeline"].to_string();
    for what in ["RequestResource", "CommitResource", "OfferUnsolicitedResource", "it began"] {
        assert!(told.contains(what), "{told}");
    }
    members.iter().for_each(Member::is_sound);
}

#[test]
fn an_alert_goes_out_as_cap_and_stays_on_its_side_of_the_wall() {
    let members = three();
    let [korea, poland, _] = &members;
    let situation = opens_a_situation(&members);
    let more =
        ["--headline", "Launch over the sea", "--place", "East Sea", "--subject", &situation];
    let alert = says(korea, &[ALERT.as_slice(), &more].concat());
    all_have(&members, &["alert", "list"], 1);
    let file = poland.node.work().join("alert.xml").display().to_string();
    poland.node.run(&["respond", "alert", "export", &alert, "--out", &file]).ends(0);
    let xml = fs::read_to_string(&file).unwrap();
    assert!(xml.contains(&format!("<identifier>{alert}</identifier>")), "{xml}");
    assert!(xml.contains("<areaDesc>East Sea</areaDesc>"), "{xml}");
    // The same file, as from another system: taken in as Actual, refused as Exercise.
    let import = ["respond", "alert", "import", &file, "--about", ABOUT, "--subject", &situation];
    poland.node.json(&import);
    all_have(&members, &["alert", "list"], 2);
    fs::write(&file, xml.replace(">Actual<", ">Exercise<")).unwrap();
    let refused = poland.node.run(&import).ends(2);
    refused.says(&["an alert of status Exercise has to be under an exercise label"]);
    poland.node.run(&[&import, ["--dry-run"].as_slice()].concat()).ends(2);
    fs::write(&file, xml.replace("<urgency>", "<urgency>&x;")).unwrap();
    poland.node.run(&import).ends(2).says(&["urgency: the entity &x;", "line "]);
    let played = [&["respond"], ALERT.as_slice(), &["--status", "Exercise"]].concat();
    korea.node.run(&played).ends(2).says(&["has to be under an exercise label"]);
    let in_exercise = [&["respond"], ALERT.as_slice(), &["--exercise", "cc24"]].concat();
    korea.node.run(&in_exercise).ends(2).says(&["Actual cannot be under the exercise cc24"]);
    let spaces = [&["respond"], ALERT.as_slice(), &["--sender", "duty officer"]].concat();
    korea.node.run(&spaces).ends(2).says(&["CAP does not allow it"]);
    let shown = korea.node.json(&["respond", "situation", "show", &situation]);
    assert_eq!(shown["alerts"].as_array().unwrap().len(), 2);
}

const PLAYBOOK: &str = r#"{"type":"playbook","spec_version":"cacao-2.0",
"id":"playbook--61a6c41e-6efc-4516-a242-dfbc5c89d562","name":"Wiper in a ministry",
"created":"2023-12-13T01:00:00.000Z","modified":"2023-12-13T01:00:00.000Z",
"created_by":"identity--5abe695c-7bd5-4c31-8824-2528696cdbf1",
"workflow_start":"start--00000001-0000-4000-8000-000000000000","workflow":{
"start--00000001-0000-4000-8000-000000000000":{"type":"start","on_completion":"action--00000002-0000-4000-8000-000000000000"},
"action--00000002-0000-4000-8000-000000000000":{"type":"action","name":"Cut the network","commands":
[{"type":"bash","command":"touch run-by-a-playbook"}],"on_completion":"end--00000003-0000-4000-8000-000000000000"},
"end--00000003-0000-4000-8000-000000000000":{"type":"end"}}}"#;

#[test]
fn a_playbook_is_a_list_that_nations_tick_and_nothing_runs() {
    let members = three();
    let [korea, poland, _] = &members;
    let situation = opens_a_situation(&members);
    let file = korea.node.file("playbook.json", PLAYBOOK);
    let alone = Node::none();
    alone.run(&["respond", "playbook", "check", &file]).ends(0).says(&["1. [ ] Cut the network"]);
    let attach = ["playbook", "attach", &file, "--situation", &situation];
    let id = says(korea, &attach);
    until("Poland has the playbook", || {
        poland.node.run(&["respond", "playbook", "show", &id]).code == 0
            && poland.node.json(&["respond", "situation", "show", &situation])["timeline"]
                .to_string()
                .contains(&id)
    });
    says(poland, &["playbook", "tick", &id, "1", "--text", "pulled"]);
    let unknown = ["respond", "playbook", "tick", &id, "2"];
    poland.node.run(&unknown).ends(2).says(&["has no step 2"]);
    until("Korea sees the tick", || {
        let shown = korea.node.json(&["respond", "playbook", "show", &id]);
        shown["steps"][0]["done"][0]["by"] == "POL"
    });
    let dangling = PLAYBOOK.replace("\"on_completion\":\"end--", "\"on_completion\":\"gone--");
    let file = korea.node.file("playbook.json", &dangling);
    let attach = ["respond", "playbook", "attach", &file, "--situation", &situation];
    korea.node.run(&attach).ends(2).says(&["which is not in the workflow"]);
    assert!(!korea.node.work().join("run-by-a-playbook").exists());
    assert!(!std::path::Path::new("run-by-a-playbook").exists());
}

/// A statement that all three signed, in a file.
fn published(members: &[Member; 3]) -> String {
    let [korea, poland, states] = members;
    let situation = opens_a_situation(members);
    let text = korea.node.file("text", "We condemn the launch.\n");
    let draft = ["statement", "draft", "--name", "Joint statement", "--text", &text, "--about"];
    let more = [ABOUT, "--tlp", "clear", "--parties", "KOR,POL,USA", "--situation", &situation];
    let told = korea.node.json(&[draft.as_slice(), &more].concat());
    let id = told["id"].as_str().unwrap().to_owned();
    let standing = |member: &Member| {
        let ran = member.node.run(&["--json", "statement", "show", &id]);
        let shown = if ran.code == 0 { ran.document() } else { Value::Null };
        shown["agreement"]["standing"].as_str().unwrap_or("not here").to_owned()
    };
    let stands = |expected: &str| {
        for one in members {
            until(&format!("{} sees it {expected}", one.code), || standing(one) == expected);
        }
    };
    stands("draft");
    let sign = |member: &Member, answer: &[&str]| {
        signed(member, &[&["statement", "sign", &id, "--as", "kim", "--answer"], answer].concat())
    };
    sign(poland, &["agree"]).ends(2).says(&["is a draft"]);
    poland.node.json(&["statement", "comment", &id, "--text", "Say strongly."]);
    until("Korea has the comment", || {
        korea.node.run(&["statement", "show", &id]).said().contains("Say strongly.")
    });
    let text = korea.node.file("text", "We strongly condemn the launch.\n");
    korea.node.json(&["statement", "propose", &id, "--text", &text]);
    stands("open");
    let file = korea.node.work().join("statement.json").display().to_string();
    let publish = ["statement", "publish", &id, "--out", &file];
    korea.node.run(&publish).ends(2).says(&["only what was accepted is published"]);
    sign(korea, &["agree"]).ends(0);
    sign(poland, &["agree"]).ends(0);
    sign(states, &["reserve", "--statement", "as far as our law permits"]).ends(0);
    stands("accepted");
    poland.node.run(&publish).ends(2).says(&["KOR proposed it"]);
    assert_eq!(korea.node.json(&publish)["sign_offs"], 3);
    file
}

#[test]
fn a_joint_statement_is_checked_from_its_file_on_a_machine_without_a_node() {
    let members = three();
    let file = published(&members);
    let alone = Node::none();
    let check = ["statement", "verify", &file];
    let verified = alone.json(&check);
    assert_eq!(verified["text"], "We strongly condemn the launch.\n");
    let said: Vec<&str> = verified["said"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["answer"].as_str().unwrap())
        .collect();
    assert_eq!(said, ["agree", "agree", "reserve"]);
    let fingerprints: Vec<&Value> =
        verified["cards"].as_array().unwrap().iter().map(|card| &card["fingerprint"]).collect();
    for (member, fingerprint) in members.iter().zip(&fingerprints) {
        assert_eq!(member.card().1, fingerprint.as_str().unwrap());
    }
    alone.run(&check).ends(0).says(&["compare it with the nation's people", "as far as our law"]);
    // Known cards agree, or do not.
    let card = members[1].node.folder().join("card.json").display().to_string();
    let known = [&check, ["--card", &card].as_slice()].concat();
    alone.run(&known).ends(0).says(&["is the card known here"]);
    members[2].node.run(&check).ends(0).says(&["is the card known here"]);
    let stranger = Member::of("POL");
    let (other, _) = stranger.card();
    let known = [&check, ["--card", &other].as_slice()].concat();
    alone.run(&known).ends(1).says(&["IS NOT THE CARD KNOWN HERE"]);
    // Any byte of it: here some of each part, as the whole is tested where it is written.
    let good = fs::read(&file).unwrap();
    for at in (0..good.len()).step_by(good.len() / 23) {
        let mut changed = good.clone();
        changed[at] ^= 1;
        fs::write(&file, changed).unwrap();
        alone.run(&check).ends(2);
    }
    fs::write(&file, &good).unwrap();
    alone.run(&check).ends(0);
    members.iter().for_each(Member::is_sound);
}
