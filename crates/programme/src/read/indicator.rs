//! Indicators of a measure: baseline, periods with targets, and how an actual is computed.
//!
//! Invariants: periods follow each other without overlap; a target is on the side of the baseline
//! on which progress is; evidence asks what its query can answer, in a unit in which it is told.

use super::area::{duration, nations, types};
use super::catalogue::{Items, day, span};
use super::{Names, line, optional_line, prose};
use crate::catalogue::{Baseline, Indicator, Period};
use crate::evidence::{Evidence, Query, Statistic};
use crate::problem::{Problems, did_you_mean};
use crate::table::{Table, Word};

/// A month for each period of a programme of twenty years.
const PERIODS_MAX: usize = 240;

pub(super) fn indicators(
    measure: &Table<'_>,
    (names, items): (&Names, &mut Items),
    problems: &mut Problems<'_>,
) -> Vec<Indicator> {
    const KEYS: [&str; 9] = [
        "id",
        "title",
        "title_ko",
        "background",
        "unit",
        "ascending",
        "baseline",
        "evidence",
        "period",
    ];
    let mut indicators = Vec::new();
    for table in measure.tables("indicator", &KEYS, problems) {
        let id = items.id(&table, problems);
        let title = table.text("title", "title = \"…\"", problems);
        let title = title.and_then(|word| line(word, problems));
        let title_ko = optional_line(&table, "title_ko", problems);
        let background = table.optional_text("background", "background = \"…\"", problems);
        let background = background.and_then(|word| prose(word, problems));
        let word = table.text("unit", "unit = \"exercises\"", problems);
        let unit = word.and_then(|word| line(word, problems));
        let ascending = table.optional_bool("ascending", problems).unwrap_or(true);
        let baseline = baseline(&table, problems);
        let evidence = evidence(&table, names, problems);
        if let (Some(evidence), Some(word)) = (&evidence, word) {
            is_told_in(evidence, word, ascending, problems);
        }
        let periods = periods(&table, (baseline, ascending), problems);
        let (Some(id), Some(title), Some(unit)) = (id, title, unit) else { continue };
        indicators.push(Indicator {
            id,
            title,
            title_ko,
            background,
            unit,
            ascending,
            baseline,
            evidence,
            periods,
        });
    }
    indicators
}

fn baseline(indicator: &Table<'_>, problems: &mut Problems<'_>) -> Option<Baseline> {
    const EXAMPLE: &str = "baseline = { date = 2022-12-31, value = 0 }";
    let table = indicator.optional_table("baseline", &["date", "value"], EXAMPLE, problems)?;
    let date = table.day("date", "date = 2022-12-31", problems);
    let date = date.and_then(|(text, at)| day(&text, at, problems));
    let value = table.quantity("value", "value = 0", problems);
    Some(Baseline { date: date?, value: value? })
}

fn periods(
    indicator: &Table<'_>,
    (baseline, ascending): (Option<Baseline>, bool),
    problems: &mut Problems<'_>,
) -> Vec<Period> {
    let tables = indicator.tables("period", &["from", "until", "target"], problems);
    if tables.is_empty() {
        let advice = "add period = [{ from = 2024-01-01, until = 2024-12-31, target = 1 }]";
        problems.add(indicator.at, "an indicator without a period", advice);
    }
    if let Some(table) = tables.get(PERIODS_MAX) {
        problems.add(table.at, format!("more than {PERIODS_MAX} periods"), "join some");
    }
    let mut periods: Vec<Period> = Vec::new();
    for table in tables {
        let span = span(&table, problems);
        let target = table.quantity("target", "target = 1", problems);
        let (Some((from, until)), Some(target)) = (span, target) else { continue };
        if let Some(before) = periods.last().filter(|before| before.until >= from) {
            let reason = format!("the period before lasts until {}", before.until);
            problems.add(table.at, reason, "put them in order, without overlap");
        }
        let backward = baseline.filter(|baseline| {
            if ascending { target < baseline.value } else { target > baseline.value }
        });
        if let Some(baseline) = backward {
            let side = if ascending { "below" } else { "above" };
            let reason = format!("the target {target} is {side} the baseline {}", baseline.value);
            let advice = format!("correct it, or write ascending = {}", !ascending);
            problems.add(table.at, reason, advice);
        }
        periods.push(Period { from, until, target });
    }
    periods
}

fn evidence(indicator: &Table<'_>, names: &Names, problems: &mut Problems<'_>) -> Option<Evidence> {
    const KEYS: [&str; 6] = ["query", "statistic", "types", "from", "to", "within"];
    const EXAMPLE: &str = "evidence = { query = \"released\", statistic = \"count\" }";
    let table = indicator.optional_table("evidence", &KEYS, EXAMPLE, problems)?;
    let query = table.text("query", "query = \"released\"", problems);
    let query = query.and_then(|word| named(word, "query", Query::named, problems));
    let statistic = table.text("statistic", "statistic = \"count\"", problems)?;
    let asked = named(statistic, "statistic", Statistic::named, problems);
    let within = table.optional_text("within", "within = \"72h\"", problems);
    let within = within.and_then(|word| duration(word, problems));
    let mut list = |key| table.has(key).then(|| nations(key, &table, names, problems));
    let (from, to) = (list("from"), list("to"));
    let types = table.has("types").then(|| types(&table, names, problems));
    let (query, asked) = (query?, asked?);
    let takes = query.takes();
    if !takes.statistics.contains(&asked) {
        let known = takes.statistics.iter().map(|one| one.as_str()).collect::<Vec<_>>().join(", ");
        let reason = format!("the query \"{query}\" has no statistic \"{asked}\"");
        problems.add(statistic.at, reason, format!("use one of: {known}"));
    }
    for (key, taken) in [("types", takes.types), ("to", takes.to), ("within", takes.within)] {
        if table.has(key) && !taken {
            let reason = format!("the query \"{query}\" cannot be limited by \"{key}\"");
            problems.add(table.at, reason, "leave it out");
        }
    }
    let needs_time = matches!(query, Query::Released | Query::SightingToRelease);
    if asked == Statistic::Share && needs_time && within.is_none() {
        let reason = "a share of what was in time, and no time is said";
        problems.add(statistic.at, reason, "add within = \"72h\"");
    }
    Some(Evidence { query, statistic: asked, types, from, to, within })
}

/// Notes a unit or a direction in which the statistic cannot be told.
fn is_told_in(evidence: &Evidence, unit: Word<'_>, ascending: bool, problems: &mut Problems<'_>) {
    let units = evidence.statistic.units();
    if !units.is_empty() && !units.contains(&unit.text) {
        let reason = format!("\"{}\" is not told in \"{}\"", evidence.statistic, unit.text);
        problems.add(unit.at, reason, format!("use one of: {}", units.join(", ")));
    }
    let is_time = matches!(evidence.statistic, Statistic::Median | Statistic::Worst);
    if is_time && ascending {
        let advice = "write ascending = false: a shorter time is better";
        problems.add(unit.at, "a time that would be better the longer it is", advice);
    }
}

fn named<T: Copy>(
    word: Word<'_>,
    what: &str,
    read: impl Fn(&str) -> Option<T>,
    problems: &mut Problems<'_>,
) -> Option<T> {
    let found = read(word.text);
    if found.is_none() {
        let known: Vec<&str> = match what {
            "query" => Query::ALL.iter().map(|query| query.as_str()).collect(),
            _ => Statistic::ALL.iter().map(|statistic| statistic.as_str()).collect(),
        };
        let advice = did_you_mean(word.text, known);
        problems.add(word.at, format!("\"{}\" is no {what}", word.text), advice);
    }
    found
}
