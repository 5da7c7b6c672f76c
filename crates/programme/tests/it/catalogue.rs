//! The catalogue: what is read, what every item is called, and every mistake with its place.

use entente_programme::{
    Day, Found, Measure, MeasureKind, ObjectTypes, Part, Programme, Quantity, Query, Reference,
    Statistic,
};

use crate::fixture::{SMALL, lines, nation};

/// The catalogue of the area of [`SMALL`]; its first heading is in line 41 of both together.
pub(crate) const CATALOGUE: &str = r#"
[area.assessment]
by = ["POL"]
first = 2024-11-30

[[area.objective]]
id = "air-objective"
title = "Air"
title_ko = "공중"

[[area.objective.goal]]
id = "air-goal"
title = "Flying together"

[[area.objective.goal.measure]]
id = "air-measure"
title = "Exercises"
background = "why"
owners = ["KOR"]
role = "head of training"
schedule = { from = 2024-01-01, until = 2024-12-31 }
sources = [{ title = "a report", date = "2024-02", url = "https://reports.example/1" }]

[[area.objective.goal.measure.milestone]]
id = "air-milestone"
title = "The first one"
due = 2024-02-29
verify = "it is on record"
reported = "2024"

[[area.objective.goal.measure.indicator]]
id = "air-indicator"
title = "How fast"
unit = "hours"
ascending = false
baseline = { date = 2023-12-31, value = 12.5 }
evidence = { query = "sighting-to-release", statistic = "worst", from = ["KOR"], within = "72h" }
period = [
  { from = 2024-01-01, until = 2024-06-30, target = 10 },
  { from = 2024-07-01, until = 2024-12-31, target = 0.125 },
]

[[area.objective.goal.measure.indicator]]
id = "air-reports"
title = "Reports"
unit = "reports"
evidence = { query = "reports", statistic = "count", types = ["report"], to = ["parties"] }
period = [{ from = 2024-01-01, until = 2024-12-31, target = 5 }]

[[area.objective.goal.measure]]
id = "air-support"
kind = "supporting-activity"
title = "Support"
owners = ["KOR"]
role = "desk officer"
"#;

pub(crate) fn with_catalogue() -> String {
    format!("{SMALL}{CATALOGUE}")
}

fn problems(text: &str) -> Vec<String> {
    lines(&Programme::parse(text, "p.toml").err().unwrap_or_default())
}

#[test]
fn the_catalogue_is_read_whole() {
    let programme = Programme::parse(&with_catalogue(), "p.toml").unwrap();
    let area = &programme.areas()[0];
    let names: Vec<String> = area
        .items()
        .iter()
        .map(|found| format!("{} {}", found.part().as_str(), found.id()))
        .collect();
    assert_eq!(
        names,
        [
            "objective air-objective",
            "goal air-goal",
            "measure air-measure",
            "milestone air-milestone",
            "indicator air-indicator",
            "indicator air-reports",
            "measure air-support",
        ]
    );
    let [measure, support] = &area.measures().collect::<Vec<_>>()[..] else { panic!("two") };
    assert_eq!(
        (measure.kind, support.kind),
        (MeasureKind::Measure, MeasureKind::SupportingActivity)
    );
    assert_eq!(area.assessors(measure).iter().collect::<Vec<_>>(), [nation("POL")]);
    said_of(measure);
    assert_eq!(area.objectives[0].item.title_ko.as_deref(), Some("공중"));
}

fn said_of(measure: &Measure) {
    let item = &measure.item;
    assert_eq!(
        (item.background.as_deref(), item.role.as_deref()),
        (Some("why"), Some("head of training"))
    );
    let source = &item.sources[0];
    assert_eq!(
        (source.title.as_str(), source.date.to_string()),
        ("a report", "2024-02".to_owned())
    );
    assert_eq!(source.url.as_deref(), Some("https://reports.example/1"));
    let schedule = item.schedule.unwrap();
    assert_eq!(
        (schedule.from.to_string(), schedule.until.to_string()),
        ("2024-01-01".into(), "2024-12-31".into())
    );
    let milestone = &measure.milestones[0];
    assert_eq!(
        (milestone.due, milestone.verify.as_str()),
        ("2024-02-29".parse::<Day>().unwrap(), "it is on record")
    );
    assert_eq!(milestone.reported.map(|date| date.to_string()).as_deref(), Some("2024"));
    let indicator = &measure.indicators[0];
    assert!(!indicator.ascending);
    let quantity = |text: &str| text.parse::<Quantity>().unwrap();
    assert_eq!(indicator.baseline.unwrap().value, quantity("12.5"));
    assert_eq!(indicator.periods[1].target, quantity("0.125"));
    let evidence = indicator.evidence.as_ref().unwrap();
    assert_eq!((evidence.query, evidence.statistic), (Query::SightingToRelease, Statistic::Worst));
    assert_eq!(evidence.within, Some(std::time::Duration::from_hours(72)));
    assert_eq!(
        (&evidence.to, evidence.from.as_ref().map(|set| set.iter().count())),
        (&None, Some(1))
    );
    let types = measure.indicators[1].evidence.as_ref().unwrap().types.as_ref().unwrap();
    assert_eq!(types, &ObjectTypes::Listed(["report".to_owned()].into()));
}

#[test]
fn an_item_is_found_by_its_reference_alone() {
    let programme = Programme::parse(&with_catalogue(), "p.toml").unwrap();
    let find = |text: &str| {
        let reference: Reference = text.parse().unwrap();
        assert_eq!(reference.to_string(), text);
        programme.find(&reference).map(|found| (found.part(), found.owners().iter().count()))
    };
    assert_eq!(find("kor-pol-2024/air/air-goal"), Some((Part::Goal, 0)));
    assert_eq!(find("kor-pol-2024/air/air-milestone"), Some((Part::Milestone, 1)));
    assert_eq!(find("kor-pol-2024/air/air-indicator"), Some((Part::Indicator, 1)));
    for other in ["kor-pol-2024/air/other", "kor-pol-2024/sea/air-goal", "other/air/air-goal"] {
        assert_eq!(find(other), None);
    }
    let item = programme.item(&"air-milestone".parse().unwrap());
    assert!(matches!(item, Some((area, Found::Milestone(..))) if area.id.as_str() == "air"));
    for bad in ["air-goal", "a/b/c/d", "a/b/", "A/b/c"] {
        assert!(bad.parse::<Reference>().is_err(), "{bad}");
    }
}

/// What stands there, what to put in its place, and the problem that this makes.
const MISTAKES: &[(&str, &str, &str)] = &[
    (
        "by = [\"POL\"]",
        "by = [\"KOR\"]",
        "54:1: only its owners assess this measure; name a nation that does not own it in \"by\" of the area's assessment",
    ),
    (
        "[area.assessment]\nby = [\"POL\"]\nfirst = 2024-11-30\n",
        "\n\n\n",
        "54:1: nobody assesses this measure; add assessment = { by = [\"POL\"], first = 2024-06-30 } to the area",
    ),
    ("first = 2024-11-30", "first = 2024-11", "TOML"),
    (
        "id = \"air-goal\"",
        "id = \"air-objective\"",
        "51:6: the id \"air-objective\" is taken, in line 46; give one of them another id",
    ),
    ("id = \"air-reports\"", "id = \"air-milestone\"", "is taken, in line 64"),
    (
        "background = \"why\"\nowners = [\"KOR\"]\n",
        "background = \"why\"\n\n",
        "54:1: a measure without \"owners\"; add owners = [\"KOR\"]",
    ),
    (
        "role = \"head of training\"\n",
        "\n",
        "54:1: a measure without \"role\"; add role = \"head of cyber policy\", a role and never a person",
    ),
    (
        "owners = [\"KOR\"]\nrole = \"head",
        "owners = [\"USA\"]\nrole = \"head",
        "58:11: USA is not a party; remove it, or add a [[party]] for USA",
    ),
    (
        "until = 2024-12-31 }\nsources",
        "until = 2023-12-31 }\nsources",
        "the last day, 2023-12-31, is before the first, 2024-01-01; exchange them, or correct the year",
    ),
    (
        "date = \"2024-02\"",
        "date = \"Feb 2024\"",
        "\"Feb 2024\" is no date; write as much as is known: \"2023\", \"2023-07\" or \"2023-07-11\"",
    ),
    (
        "https://reports.example/1",
        "javascript:alert(1)",
        "this is no address of a page; write it whole, from https:// on, in ASCII and without spaces",
    ),
    ("https://reports.example/1", "https://reports.example/\\\"", "this is no address of a page"),
    (
        "due = 2024-02-29",
        "due = \"soon\"",
        "\"due\" is no day; write due = 2024-07-31, without quotes and without a time of day",
    ),
    (
        "due = 2024-02-29",
        "due = 2023-02-29",
        "66:7: invalid date, expected day between 01 and 28; write it as TOML does (toml.io)",
    ),
    (
        "verify = \"it is on record\"\n",
        "\n",
        "\"verify\" is missing; add verify = \"how anybody can see it\"",
    ),
    (
        "kind = \"supporting-activity\"",
        "kind = \"support\"",
        "\"support\" is no kind of measure; use one of: measure, supporting-activity",
    ),
    (
        "unit = \"hours\"",
        "unit = \"percent\"",
        "\"worst\" is not told in \"percent\"; use one of: minutes, hours, days",
    ),
    (
        "ascending = false",
        "ascending = true",
        "a time that would be better the longer it is; write ascending = false: a shorter time is better",
    ),
    (
        "ascending = false",
        "ascending = 0",
        "\"ascending\" is neither true nor false; write ascending = true or ascending = false, without quotes",
    ),
    (
        "value = 12.5",
        "value = 1e3",
        "\"value\" is no quantity; write value = 0: at most three decimals, no exponent, no quotes",
    ),
    ("value = 12.5", "value = \"12\"", "\"value\" is no quantity"),
    ("value = 12.5", "value = 0x10", "\"value\" is no quantity"),
    (
        "target = 0.125",
        "target = 13",
        "the target 13 is above the baseline 12.5; correct it, or write ascending = true",
    ),
    (
        "from = 2024-07-01",
        "from = 2024-06-30",
        "the period before lasts until 2024-06-30; put them in order, without overlap",
    ),
    (
        "period = [{ from = 2024-01-01, until = 2024-12-31, target = 5 }]",
        "",
        "an indicator without a period; add period = [{ from = 2024-01-01, until = 2024-12-31, target = 1 }]",
    ),
    (
        "query = \"reports\"",
        "query = \"report\"",
        "\"report\" is no query; did you mean \"reports\"?",
    ),
    (
        "statistic = \"count\"",
        "statistic = \"median\"",
        "the query \"reports\" has no statistic \"median\"; use one of: count",
    ),
    (
        "statistic = \"worst\"",
        "statistic = \"mean\"",
        "\"mean\" is no statistic; use one of: count, median, worst, share",
    ),
    (
        "statistic = \"worst\", from = [\"KOR\"], within = \"72h\"",
        "statistic = \"share\", from = [\"KOR\"]",
        "a share of what was in time, and no time is said; add within = \"72h\"",
    ),
    (
        "from = [\"KOR\"], within",
        "types = [\"indicator\"], within",
        "the query \"sighting-to-release\" cannot be limited by \"types\"; leave it out",
    ),
    (
        "types = [\"report\"]",
        "types = [\"reports\"]",
        "\"reports\" is no type of STIX 2.1 and no group of types; did you mean \"report\"?",
    ),
    (
        "within = \"72h\"",
        "within = \"soon\"",
        "\"soon\" is no time; write minutes, hours or days, such as 90m, 24h or 7d",
    ),
    (
        "title = \"Support\"",
        "titles = \"Support\"",
        "unknown key \"titles\"; did you mean \"title\"?",
    ),
];

#[test]
fn every_mistake_is_told_where_it_stands() {
    for (from, to, expected) in MISTAKES {
        assert_eq!(CATALOGUE.matches(from).count(), 1, "{from:?} stands exactly once");
        let found = problems(&format!("{SMALL}{}", CATALOGUE.replace(from, to)));
        if *expected == "TOML" {
            assert!(!found.is_empty(), "{to}");
            continue;
        }
        assert!(found.iter().any(|line| line.contains(expected)), "{to:?}: {found:#?}");
    }
}

#[test]
fn many_mistakes_are_told_at_once() {
    let text = with_catalogue().replace("title = ", "tittle = ");
    let found = problems(&text);
    assert!(found.len() > 12, "{found:#?}");
}

#[test]
fn more_items_than_the_catalogue_takes_are_refused() {
    let goal = |n: usize| format!("\n[[area.objective.goal]]\nid = \"g{n}\"\ntitle = \"g\"\n");
    let many: String = (0..5_000).map(goal).collect();
    let text = format!("{SMALL}\n[[area.objective]]\nid = \"o\"\ntitle = \"o\"\n{many}");
    let found = problems(&text);
    assert_eq!(found.len(), 1);
    assert!(found[0].ends_with("more than 5000 items in the catalogue; divide the programme"));
}
