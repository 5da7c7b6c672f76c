//! Reading programme files: every problem with its line, its column and what to do.

use std::time::Duration;

use entente_object::marking::Tlp;
use entente_programme::{ObjectTypes, Onward, PROBLEMS_MAX, Programme, TEXT_MAX};

use crate::fixture::{SMALL, lines, shipped, small, time};

fn problems(text: &str) -> Vec<String> {
    lines(&Programme::parse(text, "p.toml").err().unwrap_or_default())
}

/// The problems of the small programme with one piece of it replaced.
fn changed(from: &str, to: &str) -> Vec<String> {
    assert_eq!(SMALL.matches(from).count(), 1, "{from:?} stands exactly once");
    problems(&SMALL.replace(from, to))
}

#[test]
fn the_small_programme_is_read_whole() {
    let programme = small();
    let head = programme.head();
    assert_eq!((programme.id().as_str(), programme.text()), ("kor-pol-2024", SMALL));
    assert_eq!((head.title.as_str(), head.version.as_str()), ("Korea and Poland", "1"));
    assert_eq!((head.source.as_str(), &head.title_ko), ("made up for tests", &None));
    assert_eq!(head.in_force.not_before, Some(time("2024-01-01T00:00:00Z")));
    assert_eq!(head.in_force.not_after, Some(time("2025-01-01T00:00:00Z")));
    assert_eq!(programme.parties().len(), 2);
    assert_eq!(programme.caveats().values().collect::<Vec<_>>(), ["for pilots"]);
    let [area] = programme.areas() else { panic!("one area") };
    let [first, second] = area.terms.as_slice() else { panic!("two entries") };
    assert_eq!((first.ceiling, first.releasers, first.onward), (Tlp::Amber, 3, Onward::No));
    assert_eq!((first.answer_within, &second.types), (None, &ObjectTypes::Any));
    assert!(first.types.contains("report") && !first.types.contains("malware"));
    assert!(second.types.contains("malware"));
}

#[test]
fn the_shipped_programme_has_nine_parties_and_eleven_areas() {
    let programme = shipped();
    let parties = programme.parties().iter().map(|party| party.nation.to_string());
    assert_eq!(parties.collect::<Vec<_>>().join(" "), "KOR USA GBR ITA DNK NLD CZE ROU POL");
    let numbers: Vec<u8> = programme.areas().iter().map(|area| area.number).collect();
    assert_eq!(numbers, (1..=11).collect::<Vec<_>>());
    let areas: Vec<&str> = programme.areas().iter().map(|area| area.id.as_str()).collect();
    assert_eq!(
        areas,
        [
            "dialogue-and-consultation",
            "counter-terrorism",
            "arms-control-and-non-proliferation",
            "emerging-technologies",
            "cyber-defence",
            "capability-development-and-interoperability",
            "practical-cooperation-for-interoperability",
            "science-and-technology",
            "climate-change-and-security",
            "women-peace-and-security",
            "public-diplomacy"
        ]
    );
    assert!(programme.areas().iter().all(|area| area.title_ko.is_some() && !area.terms.is_empty()));
    let inner = &programme.area(&"cyber-defence".parse().unwrap()).unwrap().terms[1];
    assert_eq!(inner.answer_within, Some(Duration::from_hours(4)));
    let says_so = |text: &str| text.contains("econstructed from public reporting");
    assert!(
        says_so(&programme.head().source) && programme.text().contains("THIS IS A RECONSTRUCTION")
    );
}

/// What stands there, what to put in its place, and the problems that this makes.
const HEAD: &[(&str, &str, &str)] = &[
    (
        "format = 1\n",
        "format = 2\n",
        "p.toml:1:1: this format is not known; write format = 1, or use a newer Entente for a newer format",
    ),
    ("format = 1\n", "\n", "p.toml:1:1: \"format\" is missing; add format = 1"),
    (
        "[programme]",
        "[programm]",
        "p.toml:1:1: \"programme\" is missing; add a heading [programme]|p.toml:3:2: unknown key \"programm\"; did you mean \"programme\"?",
    ),
    (
        "id = \"kor-pol-2024\"",
        "id = \"KOR POL\"",
        "p.toml:4:6: \"KOR POL\" is no name; use 1 to 64 of the characters a-z, 0-9 and -, not beginning or ending with -",
    ),
    (
        "id = \"kor-pol-2024\"",
        "id = 7",
        "p.toml:4:6: \"id\" is no text; write it in quotes, such as id = \"rok-nato-itpp-2023\"",
    ),
    ("title = \"Korea and Poland\"\n", "", "p.toml:3:1: \"title\" is missing; add title = \"…\""),
    (
        "\"Korea and Poland\"",
        "\" \"",
        "p.toml:5:9: the text is empty; write it, or leave the key out",
    ),
    (
        "\"Korea and Poland\"",
        "\"a\\u001Bb\"",
        "p.toml:5:9: the text has a character that does not show, '\\u{1b}'; remove it",
    ),
    (
        "\"Korea and Poland\"",
        "\"a\\u202Eb\"",
        "p.toml:5:9: the text has a character that does not show, '\\u{202e}'; remove it",
    ),
    ("source = \"made up for tests\"", "source = \"\"\"\na\tb\nc\"\"\"", ""),
    (
        "from = 2024-01-01",
        "from = \"2024-01-01\"",
        "p.toml:8:21: \"from\" is no day; write from = 2023-07-11, without quotes and without a time of day",
    ),
    (
        "from = 2024-01-01",
        "from = 2024-01-01T00:00:00Z",
        "p.toml:8:21: \"from\" is no day; write from = 2023-07-11, without quotes and without a time of day",
    ),
    (
        "from = 2024-01-01",
        "from = 2025-01-01",
        "p.toml:8:41: the last day in force, 2024-12-31, is before the first, 2025-01-01; exchange them, or correct the year",
    ),
    (
        "until = 2024-12-31",
        "untl = 2024-12-31",
        "p.toml:8:12: \"until\" is missing; add until = 2026-12-31|p.toml:8:33: unknown key \"untl\"; did you mean \"until\"?",
    ),
    (
        "{ from = 2024-01-01, until = 2024-12-31 }",
        "2024",
        "p.toml:8:12: \"in_force\" is no table; write in_force = { from = 2023-07-11, until = 2026-12-31 }",
    ),
];

#[test]
fn a_mistake_in_the_head_is_told_where_it_stands() {
    for (from, to, expected) in HEAD {
        assert_eq!(changed(from, to).join("|"), *expected, "{to}");
    }
}

/// What stands there, what to put in its place, and the problems that this makes.
const NAMES: &[(&str, &str, &str)] = &[
    (
        "nation = \"POL\"",
        "nation = \"KOR\"",
        "p.toml:15:10: KOR is a party twice; remove one|p.toml:29:7: POL is not a party; remove it, or add a [[party]] for POL",
    ),
    (
        "nation = \"POL\"",
        "nation = \"pol\"",
        "p.toml:15:10: \"pol\" is no nation; did you mean \"POL\"?|p.toml:29:7: POL is not a party; remove it, or add a [[party]] for POL",
    ),
    (
        "nation = \"KOR\"",
        "nation = \"ROK\"",
        "p.toml:11:10: \"ROK\" is no nation; did you mean \"KOR\"?|p.toml:28:9: KOR is not a party; remove it, or add a [[party]] for KOR",
    ),
    (
        "name = \"Poland\"",
        "nme = \"Poland\"",
        "p.toml:14:1: \"name\" is missing; add name = \"Republic of Korea\"|p.toml:16:1: unknown key \"nme\"; did you mean \"name\"?|p.toml:29:7: POL is not a party; remove it, or add a [[party]] for POL",
    ),
    (
        "[[caveat]]",
        "[[group]]\nid = \"parties\"\nversion = \"1\"\nnations = [\"POL\"]\n\n[[caveat]]",
        "p.toml:19:6: the group \"parties\" is always all parties; choose another id",
    ),
    (
        "[[caveat]]",
        "[[group]]\nid = \"a\"\nversion = \"1\"\nnations = []\n\n[[caveat]]",
        "p.toml:21:11: \"nations\" is an empty list; name at least one, such as [\"USA\", \"POL\"]",
    ),
    (
        "[[caveat]]",
        "[[group]]\nid = \"a\"\nversion = \"1\"\nnations = [\"FRA\", \"KOR\", \"KOR\"]\n\n[[caveat]]",
        "p.toml:21:12: FRA is not a party; remove it, or add a [[party]] for FRA|p.toml:21:26: \"KOR\" is named twice; remove one",
    ),
    (
        "[[caveat]]",
        "[[group]]\nid = \"a\"\nversion = \"1\"\nnations = \"KOR\"\n\n[[caveat]]",
        "p.toml:21:11: \"nations\" is no list; write [\"USA\", \"POL\"]",
    ),
    (
        "[[caveat]]\nid = \"pilots-only\"",
        "[[caveat]]\nid = \"pilots-only\"\nmeaning = \"x\"\n[[caveat]]\nid = \"pilots-only\"",
        "p.toml:22:6: the caveat \"pilots-only\" is there twice; remove one",
    ),
    (
        "[[caveat]]",
        "[[type_group]]\nid = \"any\"\ntypes = [\"note\"]\n\n[[caveat]]",
        "p.toml:19:6: \"any\" already means something else; choose another id for this group of types",
    ),
    (
        "[[caveat]]",
        "[[type_group]]\nid = \"a\"\ntypes = [\"notes\"]\n\n[[caveat]]",
        "p.toml:20:10: \"notes\" is no type of STIX 2.1 and no group of types; did you mean \"note\"? (custom types begin with x-)",
    ),
    (
        "[[caveat]]\nid = \"pilots-only\"\nmeaning = \"for pilots\"",
        "[caveat]\nid = \"pilots-only\"\nmeaning = \"for pilots\"",
        "p.toml:18:1: \"caveat\" is no list of tables; write a heading [[caveat]] for each",
    ),
];

#[test]
fn a_mistake_about_parties_groups_and_caveats_is_told_where_it_stands() {
    for (from, to, expected) in NAMES {
        assert_eq!(changed(from, to).join("|"), *expected, "{to}");
    }
}

/// What stands there, what to put in its place, and the problems that this makes.
const AREA: &[(&str, &str, &str)] = &[
    (
        "number = 1",
        "number = 100",
        "p.toml:24:10: \"number\" is no whole number from 0 to 99; write number = 5",
    ),
    (
        "number = 1",
        "number = -1",
        "p.toml:24:10: \"number\" is no whole number from 0 to 99; write number = 5",
    ),
    (
        "from = [\"KOR\"]",
        "from = [\"FRA\"]",
        "p.toml:28:9: FRA is not a party; remove it, or add a [[party]] for FRA",
    ),
    (
        "from = [\"KOR\"]",
        "from = [\"partes\"]",
        "p.toml:28:9: \"partes\" is no nation and no group; did you mean \"parties\"?",
    ),
    (
        "from = [\"KOR\"]",
        "from = []",
        "p.toml:28:8: \"from\" is an empty list; name at least one, such as [\"KOR\"]",
    ),
    ("from = [\"KOR\"]\n", "", "p.toml:27:1: \"from\" is missing; add from = [\"KOR\"]"),
    (
        "from = [\"KOR\"]",
        "from = [7]",
        "p.toml:28:9: a member of the list is no text; write it in quotes, such as [\"KOR\"]",
    ),
    (
        "ceiling = \"amber\"",
        "ceiling = \"red\"",
        "p.toml:30:11: the ceiling is red, and TLP:RED goes to named people, never over a channel; use amber+strict at most",
    ),
    (
        "ceiling = \"amber\"",
        "ceiling = \"AMBER\"",
        "p.toml:30:11: \"AMBER\" is no ceiling; use one of: clear, green, amber, amber+strict",
    ),
    ("ceiling = \"amber\"\n", "", "p.toml:27:1: \"ceiling\" is missing; add ceiling = \"green\""),
    (
        "[\"report\", \"indicator\"]",
        "[\"report\", \"indicater\"]",
        "p.toml:31:20: \"indicater\" is no type of STIX 2.1 and no group of types; did you mean \"indicator\"? (custom types begin with x-)",
    ),
    ("[\"report\", \"indicator\"]", "[\"x-plan\"]", ""),
    (
        "[\"report\", \"indicator\"]",
        "[\"report\", \"any\"]",
        "p.toml:31:20: \"any\" already includes the others; write [\"any\"] alone, or name the types without it",
    ),
    (
        "[\"report\", \"indicator\"]",
        "[]",
        "p.toml:31:9: \"types\" is an empty list; name at least one, such as [\"indicator\"]",
    ),
    (
        "releasers = 3",
        "releasers = 10",
        "p.toml:32:13: \"releasers\" is no whole number from 0 to 9; write releasers = 1",
    ),
    (
        "releasers = 3",
        "releasers = 1.5",
        "p.toml:32:13: \"releasers\" is no whole number from 0 to 9; write releasers = 1",
    ),
    ("releasers = 3\n", "\n", "p.toml:27:1: \"releasers\" is missing; add releasers = 1"),
    (
        "releasers = 3",
        "releasers = 3\nonward = \"yes\"",
        "p.toml:33:10: \"yes\" is no answer to \"onward\"; write \"no\", or \"listed\" for the nations that the label lists",
    ),
    (
        "releasers = 3",
        "releasers = 3\nanswer_within = \"soon\"",
        "p.toml:33:17: \"soon\" is no time; write minutes, hours or days, such as 90m, 24h or 7d",
    ),
    (
        "releasers = 3",
        "releasers = 3\nanswer_within = \"0h\"",
        "p.toml:33:17: \"0h\" is no time; write minutes, hours or days, such as 90m, 24h or 7d",
    ),
    (
        "releasers = 3",
        "releasers = 3\nanswer_within = \"9000000000000000000d\"",
        "p.toml:33:17: \"9000000000000000000d\" is no time; write minutes, hours or days, such as 90m, 24h or 7d",
    ),
    ("releasers = 3", "releasers = 3\nanswer_within = \"90m\"", ""),
    (
        "releasers = 3",
        "releasers = 3\ncaveats = [\"pilot-only\"]",
        "p.toml:33:12: the caveat \"pilot-only\" is not declared; did you mean \"pilots-only\"?, or add a [[caveat]] that says what it means",
    ),
    (
        "releasers = 3",
        "releasers = 3\nceilng = \"clear\"",
        "p.toml:33:1: unknown key \"ceilng\"; did you mean \"ceiling\"?",
    ),
    (
        "title = \"Air\"",
        "title = \"Air\"\nobjectives = []",
        "p.toml:26:1: unknown key \"objectives\"; did you mean \"objective\"?",
    ),
];

#[test]
fn a_mistake_in_an_area_is_told_where_it_stands() {
    let second = "[[area]]\nid = \"air\"\nnumber = 1\ntitle = \"Air again\"\n";
    let twice = problems(&format!("{SMALL}{second}"));
    let expected = "p.toml:40:1: the area \"air\" has number 1 too; give one of them another number|\
                    p.toml:40:1: the area \"air\" is there twice; give one of them another id";
    assert_eq!(twice.join("|"), expected);
    for (from, to, expected) in AREA {
        assert_eq!(changed(from, to).join("|"), *expected, "{to}");
    }
}

#[test]
fn mistakes_of_form_come_alone_and_first() {
    assert_eq!(
        problems("format = \n[[area]\nid = \"한\" x"),
        [
            "p.toml:1:10: string values must be quoted, expected literal string; write it as TOML \
             does (toml.io)",
            "p.toml:2:8: unclosed array table, expected `]`; write it as TOML does (toml.io)",
            "p.toml:3:10: unexpected key or value, expected newline, `#`; write it as TOML does \
             (toml.io)",
        ]
    );
}

#[test]
fn all_problems_are_told_at_once_and_an_empty_file_lacks_everything() {
    let text = SMALL.replace("\"amber\"", "\"red\"").replace("\"POL\"]", "\"UK\"]");
    assert_eq!(
        problems(&text),
        [
            "p.toml:29:7: \"UK\" is no nation; did you mean \"GBR\"?",
            "p.toml:30:11: the ceiling is red, and TLP:RED goes to named people, never over a \
             channel; use amber+strict at most",
        ]
    );
    assert_eq!(
        problems(""),
        [
            "p.toml:1:1: \"format\" is missing; add format = 1",
            "p.toml:1:1: \"programme\" is missing; add a heading [programme]",
            "p.toml:1:1: fewer than two parties; write a heading [[party]] for each nation",
            "p.toml:1:1: no area; write a heading [[area]] for each area of cooperation",
        ]
    );
}

#[test]
fn files_are_bounded() {
    let long = format!("{SMALL}#{}\n", "x".repeat(TEXT_MAX));
    let expected = format!(
        "p.toml:1:1: the file has {} bytes, more than 1048576; shorten its backgrounds",
        long.len()
    );
    assert_eq!(problems(&long), [expected]);
    let many: Vec<String> = (0..2 * PROBLEMS_MAX).map(|n| format!("k{n} = 1\n")).collect();
    assert_eq!(problems(&many.concat()).len(), PROBLEMS_MAX);
    let areas = (2..=101).map(|n| format!("[[area]]\nid = \"a{n}\"\nnumber = 7\ntitle = \"t\"\n"));
    let problems = problems(&format!("{SMALL}{}", areas.collect::<String>()));
    assert!(problems.iter().any(|one| one.contains("more than 100 areas")));
    let deep = format!("a = {}{}", "[".repeat(100_000), "]".repeat(100_000));
    assert!(Programme::parse(&deep, "p.toml").is_err());
}
