//! Tables and calendars by command: what goes out reads back, what is wrong with a table is told by cell, and
//! of a table with a mistake nothing is taken over.

use entente_sheet::{Cell, Sheet, cell::Place, read, workbook};

use crate::member::Member;

const ABOUT: &str = "open/all";
const HOSTILE: &str = "=HYPERLINK(\"http://192.0.2.1\";\"a\")\n-1, @x";

fn add(korea: &Member, name: &str) -> String {
    let args = ["commit", "add", "--name", name, "--about", ABOUT, "--due", "2024-12-31"];
    let more = ["--responsible", "desk officer", "--milestone", "Team named@2024-06-30"];
    korea.node.json(&[&args[..], &more].concat())["id"].as_str().unwrap().to_owned()
}

fn count(korea: &Member) -> usize {
    korea.node.json(&["commit", "list"]).as_array().unwrap().len()
}

fn column(sheet: &Sheet, heading: &str) -> u32 {
    let mut head = sheet.cells.iter().filter(|(place, _)| place.row == 0);
    head.find(|(_, cell)| cell.shown() == heading).unwrap().0.column
}

#[test]
fn a_table_of_commitments_goes_out_is_edited_and_comes_back() {
    let korea = Member::of("KOR");
    let first = add(&korea, HOSTILE);
    add(&korea, "Send experts");
    let (xlsx, csv) = (korea.node.file("out.xlsx", ""), korea.node.file("out.csv", ""));
    let wrote = korea.node.run(&["commit", "list", "--ours", "--xlsx", &xlsx]).ends(0);
    wrote.says(&["it bears content in clear", "TLP:AMBER"]);
    korea.node.run(&["commit", "list", "--csv", &csv]).ends(0);
    // What was not edited changes nothing.
    for file in [&xlsx, &csv] {
        let told = korea.node.json(&["commit", "import", file]);
        assert_eq!((&told["added"], &told["changed"]), (&0.into(), &0.into()), "{told}");
    }
    let text = std::fs::read_to_string(&csv).unwrap();
    assert!(!text.contains("\"=") && text.contains("\"'=HYPERLINK"), "{text}");

    let mut sheets = read(&std::fs::read(&xlsx).unwrap(), "x").unwrap();
    let sheet = &mut sheets[0];
    let row = (1..3).find(|row| sheet.cells[&Place { row: *row, column: 0 }].shown() == first);
    let at = |sheet: &Sheet, row: u32, heading: &str| Place { row, column: column(sheet, heading) };
    let edits =
        [("Completion", "limited"), ("Milestones", "2024-07-31 | Team named | met 2024-07-01")];
    for (heading, text) in edits {
        let place = at(sheet, row.unwrap(), heading);
        sheet.cells.insert(place, Cell::Text(text.to_owned()));
    }
    for (heading, text) in [
        ("Name", "Host a course"),
        ("About", ABOUT),
        ("Responsible", "desk"),
        ("Promised to", "POL, USA"),
    ] {
        let place = at(sheet, 5, heading);
        sheet.cells.insert(place, Cell::Text(text.to_owned()));
    }
    // A mistake: nothing is taken over.
    let due = at(sheet, 5, "Due");
    sheet.cells.insert(due, Cell::Text("31.2.2024".to_owned()));
    std::fs::write(&xlsx, workbook::write(&sheets).unwrap()).unwrap();
    let told = korea.node.run(&["commit", "import", &xlsx]).ends(1);
    told.says(&[
        "Commitments!H6: \"31.2.2024\" is no day: write 2024-02-28",
        "nothing was taken over",
    ]);
    assert_eq!(count(&korea), 2);

    sheets[0].cells.insert(due, Cell::Day("2025-02-28".parse().unwrap()));
    std::fs::write(&xlsx, workbook::write(&sheets).unwrap()).unwrap();
    let dry = korea.node.json(&["--dry-run", "commit", "import", &xlsx]);
    assert_eq!((&dry["added"], &dry["changed"]), (&1.into(), &1.into()), "{dry}");
    assert_eq!(count(&korea), 2);
    let told = korea.node.json(&["commit", "import", &xlsx]);
    assert_eq!((&told["added"], &told["changed"]), (&1.into(), &1.into()), "{told}");
    assert_eq!(count(&korea), 3);
    let changed = korea.node.json(&["commit", "show", &first]);
    assert_eq!(changed["name"], HOSTILE);
    assert_eq!(changed["completion"], "limited");
    assert_eq!(changed["milestones"][0]["met"], "2024-07-01T00:00:00.000Z");
    // The same table again adds nothing.
    let again = korea.node.json(&["commit", "import", &xlsx]);
    assert_eq!((&again["added"], &again["changed"]), (&0.into(), &0.into()), "{again}");
}

#[test]
fn a_table_with_a_mistake_changes_nothing() {
    let korea = Member::of("KOR");
    let head = "Name,About,Responsible,Due,Owner,Completion,Milestones\n";
    for (rows, cell) in [
        ("a,open/all,desk,2024-13-01,,,\n", "x.csv!D3: \"2024-13-01\" is no day"),
        ("a,open/none,desk,2024-12-01,,,\n", "x.csv!B3: open has no area \"none\""),
        ("a,open/all,desk,2024-12-01,POL,,\n", "x.csv!E3: is another nation"),
        (
            "a,open/all,desk,2024-12-01,,complete,\n",
            "x.csv!F3: what is complete is shown by evidence",
        ),
        ("a,open/all,desk,2024-12-01,,,soon\n", "x.csv!G3: \"soon\" is no milestone"),
        ("a,open/all,desk,=NOW(),,,\n", "x.csv!D3: is a formula"),
        (
            "a,open/all,desk,2024-12-01,,,\na,open/all,desk,2024-12-01,,,\n",
            "x.csv!A4: stands here twice",
        ),
    ] {
        let file =
            korea.node.file("x.csv", format!("{head}good,open/all,desk,2024-12-01,,,\n{rows}"));
        korea.node.run(&["commit", "import", &file]).ends(1).says(&[cell]);
        assert_eq!(count(&korea), 0, "{rows}");
    }
    let damaged = korea.node.file("x.xlsx", "PK\u{3}\u{4} and no more");
    korea.node.run(&["commit", "import", &damaged]).ends(2).says(&["it is no xlsx"]);
    // Korean spreadsheets write CP949.
    let korean = b"\xC0\xCC\xB8\xA7,About,Responsible,\xB1\xE2\xC7\xD1\n\xC8\xC6\xB7\xC3,open/all,desk,2024. 2. 28.\n";
    let file = korea.node.file("k.csv", korean);
    korea.node.run(&["commit", "import", &file]).ends(0);
    let listed = korea.node.json(&["commit", "list"]);
    assert_eq!(listed[0]["name"], "훈련");
    assert_eq!(listed[0]["due"], "2024-02-28T23:59:59.999Z");
}

#[test]
fn calendars_bear_labels_and_follow_versions() {
    let korea = Member::of("KOR");
    let meeting = korea.node.json(&[
        "consult",
        "convene",
        "--name",
        "Meeting; in Seoul",
        "--about",
        ABOUT,
        "--with",
        "KOR,POL=ambassador",
        "--item",
        "Ships",
        "--begins",
        "2023-12-13T01:00:00Z",
    ])["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let invite = || {
        let ran = korea.node.run(&["consult", "invite", &meeting, "--out", "-"]).ends(0);
        ran.said().replace("\r\n ", "")
    };
    let text = invite();
    for line in [
        "METHOD:REQUEST",
        "SEQUENCE:0",
        "CLASS:CONFIDENTIAL",
        "SUMMARY:Meeting\\; in Seoul",
        "DESCRIPTION:TLP:AMBER",
    ] {
        assert!(text.contains(line), "{line}: {text}");
    }
    korea
        .node
        .run(&["consult", "change", &meeting, "--state", "cancelled", "--reason", "storm"])
        .ends(0);
    let text = invite();
    for line in ["METHOD:CANCEL", "SEQUENCE:1", "STATUS:CANCELLED", "Reason: storm"] {
        assert!(text.contains(line), "{line}: {text}");
    }
}

#[test]
fn what_is_due_and_what_is_on_are_calendars() {
    let korea = Member::of("KOR");
    add(&korea, "Send experts");
    let due = korea.node.run(&["commit", "list", "--ics", "-"]).ends(0).said();
    for line in [
        "DTSTART;VALUE=DATE:20241231",
        "SUMMARY:KOR due: Send experts",
        "SUMMARY:KOR milestone: Team named",
    ] {
        assert!(due.contains(line), "{line}: {due}");
    }
    korea
        .node
        .run(&[
            "area",
            "activity",
            "--name",
            "Exercise",
            "--about",
            ABOUT,
            "--begins",
            "2024-12-30",
            "--ends",
            "2024-12-31",
        ])
        .ends(0);
    let file = korea.node.file("area.ics", "");
    korea.node.run(&["area", "list", "--ics", &file]).ends(0).says(&["give it only to whom"]);
    let text = std::fs::read_to_string(&file).unwrap();
    assert!(
        text.contains("DTEND;VALUE=DATE:20250101") && text.contains("SUMMARY:Exercise"),
        "{text}"
    );
    korea.node.run(&["commit", "list", "--ics", "-", "--csv", "-"]).ends(2);
}
