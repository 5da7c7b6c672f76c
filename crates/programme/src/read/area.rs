//! Areas and their terms of exchange.
//!
//! Invariant: what a terms entry leaves out is never permission: who, to whom, how high, what and
//! how many releasers must all be written.

use std::collections::BTreeSet;
use std::time::Duration;

use entente_object::marking::Tlp;
use entente_release::NationSet;
use entente_release::name::{AreaId, Caveat};

use super::catalogue::{self, Items};
use super::{Names, line, name, optional_line, party, prose, types_of};
use crate::catalogue::{Assessment, Objective};
use crate::object_type::ObjectTypes;
use crate::problem::{Problems, did_you_mean};
use crate::programme::{Area, Onward, PARTIES, TermsEntry};
use crate::table::{Table, Word};

/// Far more areas than the eleven of the shipped programme.
const AREAS_MAX: usize = 100;

/// Entries of one area: each is evaluated for each label and partner.
const TERMS_MAX: usize = 50;

/// More people than one desk has would never all approve.
const RELEASERS_MAX: u8 = 9;

pub(super) fn areas(root: &Table<'_>, names: &Names, problems: &mut Problems<'_>) -> Vec<Area> {
    const KEYS: [&str; 8] =
        ["id", "number", "title", "title_ko", "background", "terms", "objective", "assessment"];
    let tables = root.tables("area", &KEYS, problems);
    if tables.is_empty() {
        problems.add(0, "no area", "write a heading [[area]] for each area of cooperation");
    }
    if let Some(table) = tables.get(AREAS_MAX) {
        problems.add(table.at, format!("more than {AREAS_MAX} areas"), "divide the programme");
    }
    let mut areas: Vec<Area> = Vec::new();
    let mut items = Items::default();
    for table in tables {
        let catalogue = catalogue::catalogue(&table, (names, &mut items), problems);
        let Some(area) = area(&table, names, catalogue, problems) else { continue };
        if areas.iter().any(|other| other.id == area.id) {
            let reason = format!("the area \"{}\" is there twice", area.id);
            problems.add(table.at, reason, "give one of them another id");
        }
        if let Some(other) = areas.iter().find(|other| other.number == area.number) {
            let reason = format!("the area \"{}\" has number {} too", other.id, area.number);
            problems.add(table.at, reason, "give one of them another number");
        }
        areas.push(area);
    }
    areas
}

fn area(
    table: &Table<'_>,
    names: &Names,
    (objectives, assessment): (Vec<Objective>, Option<Assessment>),
    problems: &mut Problems<'_>,
) -> Option<Area> {
    const KEYS: [&str; 8] =
        ["from", "to", "ceiling", "types", "releasers", "answer_within", "onward", "caveats"];
    let id = table.text("id", "id = \"cyber-defence\"", problems);
    let id = id.and_then(|word| name::<AreaId>(word, problems));
    let number = table.number("number", 99, "number = 5", problems);
    let title = table.text("title", "title = \"Cyber defence\"", problems);
    let title = title.and_then(|word| line(word, problems));
    let title_ko = optional_line(table, "title_ko", problems);
    let background = table.optional_text("background", "background = \"…\"", problems);
    let background = background.and_then(|word| prose(word, problems));
    let tables = table.tables("terms", &KEYS, problems);
    if let Some(table) = tables.get(TERMS_MAX) {
        let reason = format!("more than {TERMS_MAX} terms entries in one area");
        problems.add(table.at, reason, "join those that say the same");
    }
    let terms = tables.iter().filter_map(|table| entry(table, names, problems)).collect();
    Some(Area {
        id: id?,
        number: number?,
        title: title?,
        title_ko,
        background,
        terms,
        objectives,
        assessment,
    })
}

fn entry(table: &Table<'_>, names: &Names, problems: &mut Problems<'_>) -> Option<TermsEntry> {
    let from = nations("from", table, names, problems);
    let to = nations("to", table, names, problems);
    let ceiling = table.text("ceiling", "ceiling = \"green\"", problems);
    let ceiling = ceiling.and_then(|word| tlp(word, problems));
    let types = types(table, names, problems);
    let releasers = table.number("releasers", RELEASERS_MAX, "releasers = 1", problems);
    let answer_within = table.optional_text("answer_within", "answer_within = \"24h\"", problems);
    let answer_within = answer_within.and_then(|word| duration(word, problems));
    let onward = table.optional_text("onward", "onward = \"no\"", problems);
    let onward = onward.map_or(Some(Onward::No), |word| onward_of(word, problems));
    let caveats = table.words("caveats", "caveats = [\"law-enforcement-only\"]", problems);
    let caveats = caveats.into_iter().filter_map(|word| caveat(word, names, problems)).collect();
    Some(TermsEntry {
        from,
        to,
        ceiling: ceiling?,
        types,
        releasers: releasers?,
        answer_within,
        onward: onward?,
        caveats,
    })
}

pub(super) fn nations(
    key: &str,
    table: &Table<'_>,
    names: &Names,
    problems: &mut Problems<'_>,
) -> NationSet {
    let words = table.required_words(key, "[\"KOR\"]", problems);
    words.into_iter().flat_map(|word| nations_of(word, names, problems)).collect()
}

/// The nations that one word of a list stands for: one party, or a group.
fn nations_of(
    word: Word<'_>,
    names: &Names,
    problems: &mut Problems<'_>,
) -> Vec<entente_release::Nation> {
    if word.text == PARTIES {
        return names.parties.iter().map(|party| party.nation).collect();
    }
    if let Some(group) = names.groups.get(word.text) {
        return group.nations.iter().collect();
    }
    let is_code = word.text.len() <= 3 || word.text.bytes().all(|c| c.is_ascii_uppercase());
    if is_code {
        return party(word, &names.parties, problems).into_iter().collect();
    }
    let known = names.groups.keys().map(String::as_str).chain([PARTIES]);
    let reason = format!("\"{}\" is no nation and no group", word.text);
    problems.add(word.at, reason, did_you_mean(word.text, known));
    Vec::new()
}

pub(super) fn types(table: &Table<'_>, names: &Names, problems: &mut Problems<'_>) -> ObjectTypes {
    let words = table.required_words("types", "[\"indicator\"]", problems);
    let Some(any) = words.iter().find(|word| word.text == "any") else {
        let types = words
            .into_iter()
            .flat_map(|word| types_of(word, &names.type_groups, problems))
            .collect();
        return ObjectTypes::Listed(types);
    };
    if words.len() > 1 {
        let advice = "write [\"any\"] alone, or name the types without it";
        problems.add(any.at, "\"any\" already includes the others", advice);
    }
    ObjectTypes::Any
}

fn tlp(word: Word<'_>, problems: &mut Problems<'_>) -> Option<Tlp> {
    const NAMES: [&str; 4] = ["clear", "green", "amber", "amber+strict"];
    match word.text {
        "clear" => return Some(Tlp::Clear),
        "green" => return Some(Tlp::Green),
        "amber" => return Some(Tlp::Amber),
        "amber+strict" => return Some(Tlp::AmberStrict),
        "red" => {
            let reason =
                "the ceiling is red, and TLP:RED goes to named people, never over a channel";
            problems.add(word.at, reason, "use amber+strict at most");
        }
        other => {
            let reason = format!("\"{other}\" is no ceiling");
            problems.add(word.at, reason, did_you_mean(other, NAMES));
        }
    }
    None
}

fn onward_of(word: Word<'_>, problems: &mut Problems<'_>) -> Option<Onward> {
    match word.text {
        "no" => Some(Onward::No),
        "listed" => Some(Onward::Listed),
        other => {
            let advice = "write \"no\", or \"listed\" for the nations that the label lists";
            problems.add(word.at, format!("\"{other}\" is no answer to \"onward\""), advice);
            None
        }
    }
}

/// `90m`, `24h` or `7d`, up to a year.
pub(super) fn duration(word: Word<'_>, problems: &mut Problems<'_>) -> Option<Duration> {
    const YEAR: Duration = Duration::from_hours(366 * 24);
    let unit = |unit: char, seconds: u64| {
        let number = word.text.strip_suffix(unit)?;
        let digits = !number.is_empty() && number.bytes().all(|c| c.is_ascii_digit());
        let number = digits.then(|| number.parse::<u64>().ok()).flatten()?;
        Some(Duration::from_secs(number.checked_mul(seconds)?))
    };
    let read = unit('m', 60).or_else(|| unit('h', 3600)).or_else(|| unit('d', 86400));
    let read = read.filter(|duration| !duration.is_zero() && *duration <= YEAR);
    if read.is_none() {
        let reason = format!("\"{}\" is no time", word.text);
        problems.add(word.at, reason, "write minutes, hours or days, such as 90m, 24h or 7d");
    }
    read
}

fn caveat(word: Word<'_>, names: &Names, problems: &mut Problems<'_>) -> Option<Caveat> {
    let caveat = name::<Caveat>(word, problems)?;
    if names.caveats.contains_key(&caveat) {
        return Some(caveat);
    }
    let known: BTreeSet<&str> = names.caveats.keys().map(Caveat::as_str).collect();
    let reason = format!("the caveat \"{caveat}\" is not declared");
    let advice =
        format!("{}, or add a [[caveat]] that says what it means", did_you_mean(word.text, known));
    problems.add(word.at, reason, advice);
    None
}
