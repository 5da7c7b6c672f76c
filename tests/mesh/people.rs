//! Row 4: what people are shown before something goes out, by command, is what then happens at eight
//! nodes.

use serde_json::{Value, json};

use super::TIME;
use crate::member::{Member, settle};
use crate::node::{PASSPHRASE, Ran};

const ID: &str = "malware--5ab1ec70-0000-4000-8000-000000000001";

fn version(modified: &str) -> Value {
    json!({
        "type": "malware", "spec_version": "2.1", "id": ID, "created": TIME, "modified": modified,
        "name": "Made up", "is_family": true,
    })
}

/// The nations at whose nodes the object is, in a version.
fn at(members: &[Member], modified: &str) -> Vec<&'static str> {
    let has = |member: &&Member| {
        let ran = member.node.run(&["--json", "object", "show", ID]);
        ran.code == 0 && ran.document()["versions"].to_string().contains(modified)
    };
    let mut codes: Vec<_> = members[1..].iter().filter(has).map(|member| member.code).collect();
    codes.sort_unstable();
    codes
}

fn approve(korea: &Member, person: &str, before: &[&str]) -> Ran {
    let args = [before, &["release", "approve", ID, "--as", person]].concat();
    Ran::of(korea.node.command(&args).env("ENTENTE_PASSPHRASE", PASSPHRASE))
}

pub(super) fn who_and_why_is_said_before_and_the_difference_when_it_is_approved(
    members: &[Member],
) {
    let korea = &members[0];
    for name in ["kim", "lee", "ann"] {
        let args = ["user", "add", name, "--role", "releaser"];
        Ran::of(korea.node.command(&args).env("ENTENTE_PASSPHRASE", PASSPHRASE)).ends(0);
    }
    let (first, second) = (TIME, "2023-12-02T00:00:00.000Z");
    let label = |tlp: &'static str, to: &'static str| {
        ["--programme", "nine", "--area", "open", "--tlp", tlp, "--rel-to", to]
    };
    let file = korea.node.file("one.json", version(first).to_string());
    // Before it is brought in: who receives it, and of each other why not.
    let preview = |label: &[&str]| {
        let args = [&["release", "preview", &file], label].concat();
        let told = korea.node.json(&args);
        let lines = korea.node.run(&args).ends(0).out;
        assert_eq!(told["groups"].as_array().unwrap().len(), 1, "{told}");
        (told["groups"][0].clone(), lines)
    };
    let (told, lines) = preview(&label("green", "USA,GBR"));
    assert_eq!(told["to"], json!(["GBR", "USA"]), "{told}");
    let others = &told["not_to"];
    assert_eq!(others.as_array().unwrap().len(), 1, "{told}");
    assert_eq!(others[0]["nations"], json!(["CZE", "DNK", "ITA", "NLD", "POL", "ROU"]), "{told}");
    assert!(others[0]["why"].as_str().unwrap().starts_with("condition 3: "), "{told}");
    for word in ["GBR, USA", "not to CZE, DNK, ITA, NLD, POL, ROU: condition 3", "TLP:GREEN"] {
        assert!(lines.contains(word), "nothing of {word}: {lines}");
    }
    // What a person has to approve says so, and that nobody else may have it for another reason.
    let strict = label("amber+strict", "USA,GBR,ITA");
    let (told, lines) = preview(&strict);
    assert_eq!(told["to"], json!([]), "{told}");
    let why = |code: &str, condition: &str| {
        let mut rows = told["not_to"].as_array().unwrap().iter();
        let row = rows.find(|row| row["nations"].as_array().unwrap().contains(&json!(code)));
        let why = row.unwrap()["why"].as_str().unwrap();
        assert!(why.starts_with(condition), "{code}: {why}");
    };
    why("USA", "condition 10: ");
    why("ITA", "condition 5: ");
    why("POL", "condition 3: ");
    assert!(lines.contains("not to GBR, USA: condition 10"), "{lines}");
    settle(members);
    assert_eq!(at(members, first), [""; 0], "a preview released");
    // Kim brings it in, Lee is shown the nations, and that nobody had it.
    korea.node.json(&[&["import", &file, "--as", "kim"], strict.as_slice()].concat());
    let shown = approve(korea, "lee", &["--dry-run"]).ends(0).says(&["GBR, USA"]);
    shown.says(&["nobody has an earlier version"]);
    settle(members);
    assert_eq!(at(members, first), [""; 0], "a dry run released");
    let done = approve(korea, "lee", &["--json"]).ends(0).document();
    assert_eq!((&done["to"], &done["last"]), (&json!(["GBR", "USA"]), &Value::Null));
    settle(members);
    assert_eq!(at(members, first), ["GBR", "USA"]);
    // The next version is for others: the difference is shown before anything is signed.
    let file = korea.node.file("two.json", version(second).to_string());
    let wider = label("amber+strict", "USA,POL");
    korea.node.json(&[&["import", &file, "--as", "kim"], wider.as_slice()].concat());
    let shown = approve(korea, "lee", &["--dry-run"]).ends(0);
    shown.says(&["would go to POL, USA", "went to GBR, USA; new: POL; no longer: GBR"]);
    let done = approve(korea, "lee", &["--json"]).ends(0).document();
    assert_eq!(done["last"], json!(["GBR", "USA"]), "{done}");
    assert_eq!((&done["added"], &done["gone"]), (&json!(["POL"]), &json!(["GBR"])), "{done}");
    settle(members);
    // Poland's asks for two people.
    assert_eq!(at(members, second), ["USA"]);
    approve(korea, "ann", &[]).ends(0).says(&["new: POL"]);
    settle(members);
    assert_eq!(at(members, second), ["POL", "USA"]);
    assert_eq!(at(members, first), ["GBR", "USA"]);
}
