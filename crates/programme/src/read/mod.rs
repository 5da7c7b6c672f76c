//! From text to [`Programme`]: format 1 of docs/formats/programme.md.
//!
//! Invariants: any text gives a programme or at least one problem, never a panic; mistakes in the
//! form of the TOML are told before mistakes in what it says.

use std::collections::BTreeMap;
use std::time::Duration;

use entente_object::time::Timestamp;
use entente_release::label::Window;
use entente_release::name::{BadName, Caveat, NAME_BYTES};
use entente_release::{Nation, NationSet};
use toml::de::DeTable;

use crate::object_type;
use crate::problem::{Problem, Problems, did_you_mean};
use crate::programme::{Group, Head, PARTIES, Party, Programme};
use crate::table::{Table, Word};

mod area;
mod catalogue;
mod indicator;

/// The longest programme file: the shipped one has 45 KiB with its catalogue, and one of 500 measures
/// would have half of this.
pub const TEXT_MAX: usize = 1 << 20;

/// More parties than one node can have partners (64 bits, itself included).
const PARTIES_MAX: usize = 64;

/// The longest title, name or role: one line of a page.
const LINE_CHARS: usize = 200;

/// The longest background or note: some pages.
const PROSE_CHARS: usize = 20_000;

const DAY: Duration = Duration::from_hours(24);

/// Names that the whole file refers to.
struct Names {
    parties: Vec<Party>,
    groups: BTreeMap<String, Group>,
    type_groups: BTreeMap<String, Vec<String>>,
    caveats: BTreeMap<Caveat, String>,
}

impl Programme {
    /// Reads a programme file. `file` is only used to say where a problem is.
    pub fn parse(text: &str, file: &str) -> Result<Self, Vec<Problem>> {
        let mut problems = Problems::of(text, file);
        if text.len() > TEXT_MAX {
            let reason = format!("the file has {} bytes, more than {TEXT_MAX}", text.len());
            problems.add(0, reason, "shorten its backgrounds");
            return Err(problems.into_list());
        }
        let (root, mistakes) = DeTable::parse_recoverable(text);
        for mistake in &mistakes {
            let at = mistake.span().map_or(0, |span| span.start);
            problems.add(at, mistake.message(), "write it as TOML does (toml.io)");
        }
        let read =
            if mistakes.is_empty() { programme(root.get_ref(), &mut problems) } else { None };
        match read {
            Some((head, names, areas)) if problems.is_empty() => Ok(Self {
                text: text.to_owned(),
                file: file.to_owned(),
                head,
                parties: names.parties,
                groups: names.groups,
                caveats: names.caveats,
                areas,
            }),
            Some(_) | None => Err(problems.into_list()),
        }
    }
}

fn programme(
    root: &DeTable<'_>,
    problems: &mut Problems<'_>,
) -> Option<(Head, Names, Vec<crate::programme::Area>)> {
    const KEYS: [&str; 7] =
        ["format", "programme", "party", "group", "caveat", "type_group", "area"];
    let root = Table::new(root, 0, &KEYS, problems);
    let format = root.number("format", u8::MAX, "format = 1", problems);
    if format.is_some_and(|format| format != 1) {
        let advice = "write format = 1, or use a newer Entente for a newer format";
        problems.add(0, "this format is not known", advice);
    }
    let head = head(&root, problems);
    let names = names(&root, problems);
    let areas = area::areas(&root, &names, problems);
    Some((head?, names, areas))
}

fn head(root: &Table<'_>, problems: &mut Problems<'_>) -> Option<Head> {
    const KEYS: [&str; 6] = ["id", "title", "title_ko", "version", "source", "in_force"];
    let table = root.table("programme", &KEYS, "a heading [programme]", problems)?;
    let id = table.text("id", "id = \"rok-nato-itpp-2023\"", problems);
    let id = id.and_then(|word| name(word, problems));
    let title = table.text("title", "title = \"…\"", problems);
    let title = title.and_then(|word| line(word, problems));
    let title_ko = optional_line(&table, "title_ko", problems);
    let version = table.text("version", "version = \"1\"", problems);
    let version = version.and_then(|word| line(word, problems));
    let source = table.text("source", "source = \"where the text comes from\"", problems);
    let source = source.and_then(|word| prose(word, problems));
    let in_force = in_force(&table, problems);
    Some(Head {
        id: id?,
        title: title?,
        title_ko,
        version: version?,
        source: source?,
        in_force: in_force?,
    })
}

fn in_force(head: &Table<'_>, problems: &mut Problems<'_>) -> Option<Window> {
    const EXAMPLE: &str = "in_force = { from = 2023-07-11, until = 2026-12-31 }";
    let table = head.table("in_force", &["from", "until"], EXAMPLE, problems)?;
    let from = table.day("from", "from = 2023-07-11", problems);
    let until = table.day("until", "until = 2026-12-31", problems);
    let ((from, _), (until, at)) = (from?, until?);
    if until < from {
        let reason = format!("the last day in force, {until}, is before the first, {from}");
        problems.add(at, reason, "exchange them, or correct the year");
    }
    let first = Timestamp::parse(&format!("{from}T00:00:00Z")).ok();
    let last = Timestamp::parse(&format!("{until}T00:00:00Z")).ok();
    Some(Window { not_before: Some(first?), not_after: Some(last?.saturating_add(DAY)) })
}

fn names(root: &Table<'_>, problems: &mut Problems<'_>) -> Names {
    let parties = parties(root, problems);
    let groups = groups(root, &parties, problems);
    let type_groups = type_groups(root, problems);
    let caveats = caveats(root, problems);
    Names { parties, groups, type_groups, caveats }
}

fn parties(root: &Table<'_>, problems: &mut Problems<'_>) -> Vec<Party> {
    let tables = root.tables("party", &["nation", "name", "name_ko", "contact"], problems);
    if tables.len() < 2 {
        problems.add(0, "fewer than two parties", "write a heading [[party]] for each nation");
    }
    if let Some(table) = tables.get(PARTIES_MAX) {
        let reason = format!("more than {PARTIES_MAX} parties");
        problems.add(table.at, reason, "divide the programme");
    }
    let mut parties: Vec<Party> = Vec::new();
    for table in tables {
        let word = table.text("nation", "nation = \"KOR\"", problems);
        let nation = word.and_then(|word| Some((nation(word, problems)?, word)));
        let name = table.text("name", "name = \"Republic of Korea\"", problems);
        let name = name.and_then(|word| line(word, problems));
        let name_ko = optional_line(&table, "name_ko", problems);
        let contact = optional_line(&table, "contact", problems);
        let (Some((nation, word)), Some(name)) = (nation, name) else { continue };
        if parties.iter().any(|party| party.nation == nation) {
            problems.add(word.at, format!("{nation} is a party twice"), "remove one");
        }
        parties.push(Party { nation, name, name_ko, contact });
    }
    parties
}

fn groups(
    root: &Table<'_>,
    parties: &[Party],
    problems: &mut Problems<'_>,
) -> BTreeMap<String, Group> {
    let mut groups = BTreeMap::new();
    for table in root.tables("group", &["id", "version", "nations"], problems) {
        let word = table.text("id", "id = \"nato-eight\"", problems);
        let id = word.and_then(|word| Some((name::<Caveat>(word, problems)?.to_string(), word)));
        let version = table.text("version", "version = \"1\"", problems);
        let version = version.and_then(|word| line(word, problems));
        let words = table.required_words("nations", "[\"USA\", \"POL\"]", problems);
        let nations: NationSet =
            words.into_iter().filter_map(|word| party(word, parties, problems)).collect();
        let (Some((id, word)), Some(version)) = (id, version) else { continue };
        if id == PARTIES {
            let reason = "the group \"parties\" is always all parties";
            problems.add(word.at, reason, "choose another id");
        }
        if groups.insert(id, Group { version, nations }).is_some() {
            let reason = format!("the group \"{}\" is there twice", word.text);
            problems.add(word.at, reason, "give one of them another id");
        }
    }
    groups
}

fn type_groups(root: &Table<'_>, problems: &mut Problems<'_>) -> BTreeMap<String, Vec<String>> {
    let mut groups = BTreeMap::new();
    for table in root.tables("type_group", &["id", "types"], problems) {
        let word = table.text("id", "id = \"threat-intelligence\"", problems);
        let words = table.required_words("types", "[\"indicator\", \"malware\"]", problems);
        let types = words.into_iter().flat_map(|word| types_of(word, &groups, problems)).collect();
        let Some(word) = word else { continue };
        let Some(id) = name::<Caveat>(word, problems) else { continue };
        let id = id.to_string();
        let taken =
            id == "any" || object_type::is_type(&id) || object_type::built_in_group(&id).is_some();
        if taken || groups.insert(id, types).is_some() {
            let reason = format!("\"{}\" already means something else", word.text);
            problems.add(word.at, reason, "choose another id for this group of types");
        }
    }
    groups
}

/// The types that one word of a list stands for.
fn types_of(
    word: Word<'_>,
    groups: &BTreeMap<String, Vec<String>>,
    problems: &mut Problems<'_>,
) -> Vec<String> {
    if let Some(types) = groups.get(word.text) {
        return types.clone();
    }
    if let Some(types) = object_type::built_in_group(word.text) {
        return types.iter().map(|known| (*known).to_owned()).collect();
    }
    if object_type::is_type(word.text) {
        return vec![word.text.to_owned()];
    }
    let mut known: Vec<&str> = object_type::standard().collect();
    known.extend(object_type::BUILT_IN);
    known.extend(groups.keys().map(String::as_str));
    let advice = did_you_mean(word.text, known);
    let reason = format!("\"{}\" is no type of STIX 2.1 and no group of types", word.text);
    problems.add(word.at, reason, format!("{advice} (custom types begin with x-)"));
    Vec::new()
}

fn caveats(root: &Table<'_>, problems: &mut Problems<'_>) -> BTreeMap<Caveat, String> {
    let mut caveats = BTreeMap::new();
    for table in root.tables("caveat", &["id", "meaning"], problems) {
        let word = table.text("id", "id = \"law-enforcement-only\"", problems);
        let id = word.and_then(|word| Some((name::<Caveat>(word, problems)?, word)));
        let meaning = table.text("meaning", "meaning = \"what it obliges to\"", problems);
        let meaning = meaning.and_then(|word| prose(word, problems));
        let (Some((id, word)), Some(meaning)) = (id, meaning) else { continue };
        if caveats.insert(id, meaning).is_some() {
            let reason = format!("the caveat \"{}\" is there twice", word.text);
            problems.add(word.at, reason, "remove one");
        }
    }
    caveats
}

/// A code of a nation.
fn nation(word: Word<'_>, problems: &mut Problems<'_>) -> Option<Nation> {
    /// What people write instead of ISO 3166-1 alpha-3.
    const HABITS: [(&str, &str); 12] = [
        ("ROK", "KOR"),
        ("KR", "KOR"),
        ("UK", "GBR"),
        ("GB", "GBR"),
        ("US", "USA"),
        ("DK", "DNK"),
        ("DEN", "DNK"),
        ("NL", "NLD"),
        ("NED", "NLD"),
        ("ROM", "ROU"),
        ("CZ", "CZE"),
        ("PL", "POL"),
    ];
    if let Ok(nation) = word.text.parse() {
        return Some(nation);
    }
    let upper = word.text.to_uppercase();
    let meant = HABITS.iter().find(|(habit, _)| *habit == upper).map(|(_, code)| *code);
    let meant = meant.or_else(|| upper.parse::<Nation>().is_ok().then_some(upper.as_str()));
    let advice = meant.map_or_else(
        || "use an ISO 3166-1 alpha-3 code such as KOR, or XAA to XZZ in exercises".to_owned(),
        |code| format!("did you mean \"{code}\"?"),
    );
    problems.add(word.at, format!("\"{}\" is no nation", word.text), advice);
    None
}

/// A code of a nation that is a party.
fn party(word: Word<'_>, parties: &[Party], problems: &mut Problems<'_>) -> Option<Nation> {
    let nation = nation(word, problems)?;
    if parties.iter().any(|party| party.nation == nation) {
        return Some(nation);
    }
    let advice = format!("remove it, or add a [[party]] for {nation}");
    problems.add(word.at, format!("{nation} is not a party"), advice);
    None
}

/// A name as labels have them.
fn name<T: std::str::FromStr<Err = BadName>>(
    word: Word<'_>,
    problems: &mut Problems<'_>,
) -> Option<T> {
    let name = word.text.parse().ok();
    if name.is_none() {
        let advice = format!(
            "use 1 to {NAME_BYTES} of the characters a-z, 0-9 and -, not beginning or ending with -"
        );
        problems.add(word.at, format!("{:?} is no name", word.text), advice);
    }
    name
}

fn optional_line(table: &Table<'_>, key: &str, problems: &mut Problems<'_>) -> Option<String> {
    let word = table.optional_text(key, &format!("{key} = \"…\""), problems)?;
    line(word, problems)
}

/// One line that people read.
fn line(word: Word<'_>, problems: &mut Problems<'_>) -> Option<String> {
    readable(word, LINE_CHARS, &[], problems)
}

/// Some paragraphs that people read.
fn prose(word: Word<'_>, problems: &mut Problems<'_>) -> Option<String> {
    readable(word, PROSE_CHARS, &['\n', '\t'], problems)
}

fn readable(
    word: Word<'_>,
    most: usize,
    allowed: &[char],
    problems: &mut Problems<'_>,
) -> Option<String> {
    let text = word.text.trim();
    let hidden = text.chars().find(|c| is_hidden(*c) && !allowed.contains(c));
    if text.is_empty() {
        problems.add(word.at, "the text is empty", "write it, or leave the key out");
    } else if text.chars().count() > most {
        let reason = format!("the text has more than {most} characters");
        problems.add(word.at, reason, "shorten it");
    } else if let Some(hidden) = hidden {
        let reason = format!("the text has a character that does not show, {hidden:?}");
        problems.add(word.at, reason, "remove it");
    } else {
        return Some(text.to_owned());
    }
    None
}

/// Control characters and those that turn the direction of writing: they can make a page show
/// something else than the file says.
fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}
