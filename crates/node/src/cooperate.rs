//! What nations do together, by command: what the commands share.

pub(crate) mod agree;
pub(crate) mod area;
pub(crate) mod assist;
pub(crate) mod commit;
pub(crate) mod consult;
pub(crate) mod playbook;
pub(crate) mod progress;
pub(crate) mod report;
pub(crate) mod respond;
pub(crate) mod statement;

use std::collections::BTreeSet;
use std::io::{Read as _, Write as _};
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use entente_cooperation::content::{AgendaItem, Content, Delegation};
use entente_cooperation::filed::Filed;
use entente_intake::{Applied, Desk, Saying, Told, meant};
use entente_object::marking::Tlp;
use entente_object::time::Timestamp;
use entente_release::NationSet;
use entente_view_programme::calendar::Marked;
use entente_view_programme::query::document;
use entente_view_programme::write::{To, area_of};
use serde_json::{Value, json};

use crate::cli::cooperation::SaidTo;
use crate::folder;
use crate::print::Printer;

/// How a command was asked to work.
#[derive(Clone, Copy)]
pub(crate) struct How<'a> {
    /// The node's folder.
    pub(crate) folder: &'a Path,
    /// Whether nothing is to change.
    pub(crate) dry: bool,
    /// How it prints.
    pub(crate) printer: Printer,
}

/// A time as people write it: STIX's form, a day, or from now on (48h, 30m, 7d).
pub(crate) fn time(text: &str, now: Timestamp) -> Result<Timestamp> {
    if let Ok(time) = Timestamp::parse(text) {
        return Ok(time);
    }
    if let Ok(day) = Timestamp::parse(&format!("{text}T00:00:00Z")) {
        return Ok(day);
    }
    let wrong = || format!("\"{text}\" is no time: write 2023-12-13T09:00:00Z, 2023-12-13, or 48h");
    let (number, unit) = text.split_at_checked(text.len().saturating_sub(1)).with_context(wrong)?;
    let number: u64 = number.parse().ok().with_context(wrong)?;
    let seconds = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 60 * 60,
        "d" => 24 * 60 * 60,
        _ => bail!(wrong()),
    };
    Ok(now.saturating_add(Duration::from_secs(number.saturating_mul(seconds))))
}

/// The same of what may be missing.
pub(crate) fn some_time(text: Option<&String>, now: Timestamp) -> Result<Option<Timestamp>> {
    text.map(|text| time(text, now)).transpose()
}

/// The end of a period: of a day, its last instant.
pub(crate) fn end_time(text: &str, now: Timestamp) -> Result<Timestamp> {
    let is_day = text.len() == 10 && Timestamp::parse(&format!("{text}T00:00:00Z")).is_ok();
    let time = time(text, now)?;
    let day = Duration::from_millis(24 * 60 * 60 * 1000 - 1);
    Ok(if is_day { time.saturating_add(day) } else { time })
}

/// A text of the command line; `-` reads standard input.
pub(crate) fn words(text: &str) -> Result<String> {
    if text != "-" {
        return Ok(text.to_owned());
    }
    let mut read = String::new();
    std::io::stdin().read_to_string(&mut read).context("standard input is no text")?;
    Ok(read.trim_end().to_owned())
}

/// A text of a file; `-` reads standard input. Its bytes are kept: they are what is signed.
pub(crate) fn file_text(path: &Path) -> Result<String> {
    if path == Path::new("-") {
        let mut read = String::new();
        std::io::stdin().read_to_string(&mut read).context("standard input is no text")?;
        return Ok(read);
    }
    std::fs::read_to_string(path).with_context(|| format!("{} could not be read", path.display()))
}

/// Nations and groups of a programme, groups expanded; nobody named: all its parties.
pub(crate) fn nations(desk: &Desk, about: &str, names: &[String]) -> Result<NationSet> {
    let (programme, _) = area_of(desk, about)?;
    let all = ["parties".to_owned()];
    let names = if names.is_empty() { &all } else { names };
    let mut found = Vec::new();
    for name in names {
        match desk.policies().expand_group(&programme, name) {
            Some(group) => found.extend(group.iter()),
            None => found.push(folder::nation(name)?),
        }
    }
    Ok(found.into_iter().collect())
}

/// `POL=ambassador,USA` as delegations.
pub(crate) fn delegations(names: &[String]) -> Result<Vec<Delegation>> {
    let one = |text: &String| {
        let (code, head) =
            text.split_once('=').map_or((text.as_str(), None), |(c, h)| (c, Some(h)));
        let (members, contact) = (Vec::new(), None);
        Ok(Delegation {
            nation: folder::nation(code)?,
            head: head.map(str::to_owned),
            members,
            contact,
        })
    };
    names.iter().map(one).collect()
}

/// Titles as an agenda.
pub(crate) fn agenda(titles: &[String]) -> Vec<AgendaItem> {
    let item = |(number, title): (u32, &String)| AgendaItem {
        number,
        title: title.clone(),
        about: None,
        presented_by: None,
    };
    (1..).zip(titles).map(item).collect()
}

/// The label of something about a part of a programme.
pub(crate) fn label(desk: &Desk, about: &str, to: &SaidTo) -> Result<Applied> {
    let SaidTo { rel_to, tlp, caveats, .. } = to.clone();
    let to = To { about: None, rel_to, tlp: Some(tlp), caveats };
    Ok(entente_view_programme::write::label(desk, about, &to)?)
}

/// What a person means by a text: an id, or the beginning of a UUID.
pub(crate) fn find(desk: &mut Desk, text: &str) -> Result<Filed> {
    let picture = desk.picture()?;
    let id = meant(picture, text)?;
    picture.get(&id).cloned().with_context(|| format!("{text} is not here"))
}

/// What an object says, which has to be of a kind.
pub(crate) fn of<'a, T: entente_cooperation::filed::Said>(
    filed: &'a Filed,
    kind: &str,
) -> Result<&'a T> {
    filed.says::<T>().with_context(|| format!("{} is no {kind}", filed.id))
}

/// What is said, and by whom.
pub(crate) struct New {
    /// The object that it changes; none: it is new.
    pub(crate) id: Option<String>,
    /// What.
    pub(crate) content: Content,
    /// The label; none: as before.
    pub(crate) label: Option<Applied>,
    /// Who says it.
    pub(crate) author: Option<String>,
}

/// Says it.
pub(crate) fn told(desk: &mut Desk, new: New, dry: bool) -> Result<Told> {
    let uuid = uuid::Builder::from_random_bytes(folder::random::<16>()?).into_uuid();
    let New { id, content, label, author } = new;
    Ok(desk.say(&Saying { id, content, label, author, uuid }, dry)?)
}

/// Says it, and prints whom it went to.
pub(crate) fn say(desk: &mut Desk, new: New, how: How<'_>) -> Result<u8> {
    let told = told(desk, new, how.dry)?;
    let codes = |nations: &[entente_release::Nation]| -> Vec<String> {
        nations.iter().map(ToString::to_string).collect()
    };
    let (released, held) = (codes(&told.released), codes(&told.held));
    let verb = if how.dry { "would go" } else { "went" };
    let mut lines = vec![format!("{}  [{}]", told.id, told.label)];
    lines.push(match released.as_slice() {
        [] => format!("{verb} to nobody yet"),
        some => format!("{verb} to {}", some.join(", ")),
    });
    if !held.is_empty() {
        lines.push(format!("waits for {}: `entente release queue` says for what", held.join(", ")));
    }
    let document = json!({
        "id": told.id, "label": told.label, "released": released, "held": held, "dry_run": how.dry,
    });
    how.printer.either(&document, &lines)?;
    Ok(0)
}

/// An object's document with its label.
pub(crate) fn shown(desk: &Desk, filed: &Filed) -> Value {
    let mut document = document(filed);
    document.insert("label".to_owned(), label_of(desk, filed).into());
    Value::Object(document)
}

/// An object's label, as people write it.
pub(crate) fn label_of(desk: &Desk, filed: &Filed) -> String {
    let at = usize::try_from(filed.place.label).unwrap_or(usize::MAX);
    desk.home().labels().get(at).map_or(String::new(), |interned| interned.label.to_string())
}

/// An object's label, as a calendar says it.
pub(crate) fn marked(desk: &Desk, filed: &Filed) -> Marked {
    let at = usize::try_from(filed.place.label).unwrap_or(usize::MAX);
    let label = desk.home().labels().get(at).map(|interned| &interned.label);
    // What bears no label is for nobody.
    let tlp = label.map_or(Tlp::Red, |label| label.tlp);
    Marked { tlp, shown: label.map_or("TLP:RED".to_owned(), ToString::to_string) }
}

/// Writes a file, `-` to standard output, and says what it bears.
pub(crate) fn write_file(
    path: &Path,
    bytes: &[u8],
    labels: &BTreeSet<String>,
    how: How<'_>,
) -> Result<u8> {
    if path == Path::new("-") {
        std::io::stdout().lock().write_all(bytes).context("standard output is closed")?;
        return Ok(0);
    }
    std::fs::write(path, bytes).with_context(|| format!("{} not written", path.display()))?;
    let mut lines = vec![format!("wrote {}", path.display())];
    if !labels.is_empty() {
        lines.push("it bears content in clear: give it only to whom these labels allow".to_owned());
        lines.extend(labels.iter().map(|label| format!("  {label}")));
    }
    let document = json!({ "file": path.display().to_string(), "labels": labels });
    how.printer.either(&document, &lines)?;
    Ok(0)
}

/// The first eight digits of an id's UUID: enough to mean it.
pub(crate) fn short(id: &str) -> &str {
    let (_, uuid) = id.split_once("--").unwrap_or(("", id));
    uuid.get(..8).unwrap_or(uuid)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_instants_days_and_spans() {
        let now = Timestamp::parse("2023-12-13T09:00:00Z").unwrap();
        let at = |text: &str| time(text, now).unwrap().to_stix();
        assert_eq!(at("2023-12-13T01:00:00Z"), "2023-12-13T01:00:00.000Z");
        assert_eq!(at("2024-02-29"), "2024-02-29T00:00:00.000Z");
        assert_eq!(at("48h"), "2023-12-15T09:00:00.000Z");
        assert_eq!(end_time("2024-02-29", now).unwrap().to_stix(), "2024-02-29T23:59:59.999Z");
        for wrong in ["", "h", "48", "48x", "2023-02-30", "tomorrow", "-1h", "é"] {
            assert!(time(wrong, now).is_err(), "{wrong}");
        }
    }
}
