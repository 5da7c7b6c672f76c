//! Two versions of a programme: what is told of each change, and that nothing is told of none.

use entente_programme::{Change, Difference, Programme, compare};
use proptest::prelude::{Strategy, any, prop_assert_eq, proptest};
use proptest::sample::Index;

use crate::catalogue::with_catalogue;
use crate::fixture::{SHIPPED, shipped};

fn read(text: &str) -> Programme {
    Programme::parse(text, "p.toml").unwrap_or_else(|problems| panic!("{problems:?}"))
}

fn told(old: &str, new: &str) -> Vec<String> {
    compare(&read(old), &read(new)).iter().map(Change::to_string).collect()
}

/// One change of the text, and what is told of it.
const CHANGES: &[(&str, &str, &[&str])] = &[
    (
        "title = \"Korea and Poland\"",
        "title = \"Korea, Poland\"",
        &["changed  programme: title: \"Korea and Poland\" → \"Korea, Poland\""],
    ),
    (
        "until = 2024-12-31 }\n\n[[party]]",
        "until = 2025-12-31 }\n\n[[party]]",
        &[
            "changed  programme: in force until: \"2025-01-01T00:00:00.000Z\" → \"2026-01-01T00:00:00.000Z\"",
        ],
    ),
    (
        "ceiling = \"amber\"",
        "ceiling = \"green\"",
        &["changed  air, terms 1: ceiling: \"TLP:AMBER\" → \"TLP:GREEN\""],
    ),
    (
        "types = [\"report\", \"indicator\"]",
        "types = [\"report\", \"tool\", \"malware\"]",
        &["changed  air, terms 1: types: +malware +tool -indicator"],
    ),
    (
        "releasers = 3",
        "releasers = 3\nanswer_within = \"36h\"",
        &["changed  air, terms 1: answer within: nothing → \"36h\""],
    ),
    ("by = [\"POL\"]", "by = [\"POL\", \"KOR\"]", &["changed  assessment air: by: +KOR"]),
    (
        "target = 10 ",
        "target = 9.5 ",
        &[
            "changed  indicator air-indicator: periods: \"2024-01-01 to 2024-06-30: 10; 2024-07-01 to 2024-12-31: 0.125\" → \"2024-01-01 to 2024-06-30: 9.5; 2024-07-01 to 2024-12-31: 0.125\"",
        ],
    ),
    (
        "within = \"72h\" }",
        "within = \"36h\" }",
        &[
            "changed  indicator air-indicator: actual: \"worst of sighting-to-release from KOR within 3d\" → \"worst of sighting-to-release from KOR within 36h\"",
        ],
    ),
    (
        "due = 2024-02-29",
        "due = 2024-03-31",
        &["changed  milestone air-milestone: due: \"2024-02-29\" → \"2024-03-31\""],
    ),
    (
        "id = \"air-goal\"",
        "id = \"sky-goal\"",
        &[
            "added    goal sky-goal: Flying together",
            "moved    measure air-measure: from air-goal to sky-goal",
            "moved    measure air-support: from air-goal to sky-goal",
            "removed  goal air-goal: Flying together",
        ],
    ),
    ("# nothing", "# a comment", &[]),
];

#[test]
fn each_change_is_told_with_what_was_and_what_is() {
    let old = format!("{}\n# nothing\n", with_catalogue());
    for (from, to, expected) in CHANGES {
        assert_eq!(old.matches(from).count(), 1, "{from:?} stands exactly once");
        assert_eq!(told(&old, &old.replace(from, to)), *expected, "{to}");
    }
}

#[test]
fn terms_that_change_their_number_are_moved() {
    let first = "[[area.terms]]\nfrom = [\"KOR\"]\nto = [\"POL\"]\nceiling = \"clear\"\ntypes = [\"tool\"]\nreleasers = 0\n\n";
    let old = with_catalogue();
    let at = old.find("[[area.terms]]").unwrap();
    let new = format!("{}{first}{}", &old[..at], &old[at..]);
    let expected = [
        "added    air, terms 1: KOR to POL, up to TLP:CLEAR, tool, releasers: 0",
        "moved    air, terms 2: from number 1 to number 2",
        "moved    air, terms 3: from number 2 to number 3",
    ];
    assert_eq!(told(&old, &new), expected);
    let back = told(&new, &old);
    assert!(back.contains(
        &"removed  air, terms 1: KOR to POL, up to TLP:CLEAR, tool, releasers: 0".to_owned()
    ));
    assert_eq!(back.len(), 3);
}

#[test]
fn a_programme_without_an_area_lost_everything_in_it() {
    let at = SHIPPED.find("[[area]]\nid = \"public-diplomacy\"").unwrap();
    let gone = compare(&shipped(), &read(&SHIPPED[..at]));
    assert!(gone.iter().all(|change| change.difference == Difference::Removed));
    assert_eq!(gone.len(), 8, "{gone:#?}");
}

/// The shipped programme with some lines of one item's own text left out or changed.
fn varied() -> impl Strategy<Value = Programme> {
    let change = (any::<Index>(), "[a-z]{3,12}");
    proptest::collection::vec(change, 0..12).prop_map(|changes| {
        let mut lines: Vec<String> = SHIPPED.lines().map(str::to_owned).collect();
        let titles: Vec<usize> =
            (0..lines.len()).filter(|at| lines[*at].starts_with("title = ")).collect();
        for (at, word) in changes {
            lines[titles[at.index(titles.len())]] = format!("title = \"{word}\"");
        }
        read(&lines.join("\n"))
    })
}

proptest! {
    #![proptest_config(proptest::test_runner::Config::with_cases(32))]

    #[test]
    fn what_one_direction_tells_the_other_tells_backwards(one in varied(), other in varied()) {
        prop_assert_eq!(compare(&one, &one), []);
        let (there, back) = (compare(&one, &other), compare(&other, &one));
        prop_assert_eq!(there.len(), back.len());
        for change in &there {
            let Difference::Said { key, old, new } = &change.difference else { panic!("{change}") };
            let turned = Difference::Said { key, old: new.clone(), new: old.clone() };
            let found = back.iter().any(|one| one.name == change.name && one.difference == turned);
            assert!(found, "{change}");
        }
    }
}
