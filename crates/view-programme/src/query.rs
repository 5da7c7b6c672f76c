//! Lists and pages out of the picture.
//!
//! Invariant: a question changes nothing, and its answer depends on the picture, the nation and the time
//! alone.

use entente_cooperation::content::{
    Activity, Assessment, Capability, Commitment, Content, Recognition, WorkingGroup,
};
use entente_cooperation::filed::Filed;
use entente_cooperation::terms::Completion;
use entente_cooperation::{Agreement, Picture};
use entente_object::time::Timestamp;
use entente_release::Nation;
use serde_json::{Map, Value, json};

use crate::write::about;

/// An object with its head, as JSON for scripts: its properties, and who said it when.
pub fn document(filed: &Filed) -> Map<String, Value> {
    let mut document = Map::new();
    document.insert("id".to_owned(), filed.id.clone().into());
    document.insert("by".to_owned(), filed.by.to_string().into());
    document.insert("created".to_owned(), filed.created.to_stix().into());
    document.insert("modified".to_owned(), filed.modified.to_stix().into());
    if let Ok(Value::Object(said)) = serde_json::to_value(&filed.content) {
        document.extend(said);
    }
    document
}

/// Which commitments are asked for.
#[derive(Clone, Debug, Default)]
pub struct AskedCommitments {
    /// Only those that this nation owns.
    pub ours: bool,
    /// Only those of others to this nation.
    pub to_us: bool,
    /// Only those that are late.
    pub late: bool,
    /// Only those of this owner.
    pub owner: Option<Nation>,
    /// Only those about this part of a programme.
    pub about: Option<String>,
}

/// A commitment in a list.
#[derive(Clone, Debug)]
pub struct CommitmentRow<'a> {
    /// The object.
    pub filed: &'a Filed,
    /// What it says.
    pub said: &'a Commitment,
    /// What of it is due next, or was due first: its name and when. None: nothing is open.
    pub next: Option<(&'a str, Timestamp)>,
    /// Whether that is over.
    pub late: bool,
}

/// Commitments, the one that is due next first.
pub fn commitments<'a>(
    picture: &'a Picture,
    asked: &AskedCommitments,
    here: Nation,
    now: Timestamp,
) -> Vec<CommitmentRow<'a>> {
    let wanted = |said: &Commitment| {
        let to_us = said.promised_to.is_empty() || said.promised_to.contains(here);
        (!asked.ours || said.owner == here)
            && (!asked.to_us || said.owner != here && to_us)
            && asked.owner.is_none_or(|owner| owner == said.owner)
            && asked.about.as_ref().is_none_or(|about| is_in(&said.about, about))
    };
    let mut rows: Vec<CommitmentRow<'a>> = picture
        .all::<Commitment>()
        .into_iter()
        .filter(|(_, said)| wanted(said))
        .map(|(filed, said)| {
            let next = next_due(said);
            CommitmentRow { filed, said, next, late: next.is_some_and(|(_, due)| due < now) }
        })
        .filter(|row| !asked.late || row.late)
        .collect();
    rows.sort_by_key(|row| (row.next.is_none(), row.next.map(|(_, due)| due), row.filed.created));
    rows
}

/// What of a commitment is open and due first: a milestone, or all of it.
pub fn next_due(said: &Commitment) -> Option<(&str, Timestamp)> {
    if said.dropped || said.completion == Completion::Complete {
        return None;
    }
    let open = said.milestones.iter().filter(|one| one.met.is_none());
    let milestones = open.map(|one| (one.name.as_str(), one.due));
    milestones.chain([(said.name.as_str(), said.due)]).min_by_key(|(_, due)| *due)
}

/// Whether a path is this part of a programme, or in it.
pub fn is_in(path: &str, part: &str) -> bool {
    path == part || path.strip_prefix(part).is_some_and(|rest| rest.starts_with('/'))
}

/// What is asked of the things that areas note.
#[derive(Clone, Debug, Default)]
pub struct AskedNotes {
    /// Only about this part of a programme.
    pub about: Option<String>,
    /// Only of this type, without `entente-`.
    pub kind: Option<String>,
    /// Only with this text in its name, description, reference or text, in whatever case.
    pub search: Option<String>,
}

/// A thing that an area notes.
#[derive(Clone, Debug)]
pub struct Note<'a> {
    /// The object.
    pub filed: &'a Filed,
    /// What it is called.
    pub name: &'a str,
    /// What of the programme it is about.
    pub about: Option<&'a str>,
    /// How it stands, in a word or two.
    pub state: String,
}

/// Working groups, activities, recognitions, capabilities and assessments.
pub fn notes<'a>(picture: &'a Picture, asked: &AskedNotes) -> Vec<Note<'a>> {
    let mut notes: Vec<Note<'a>> = Vec::new();
    for (filed, said) in picture.all::<WorkingGroup>() {
        let state = if said.ended.is_some() { "ended" } else { "active" };
        notes.push(note(filed, &said.name, Some(&said.about), state.to_owned()));
    }
    for (filed, said) in picture.all::<Activity>() {
        let state = format!("{}, {}", said.state, day(said.begins));
        notes.push(note(filed, &said.name, Some(&said.about), state));
    }
    for (filed, said) in picture.all::<Recognition>() {
        let state = format!("{} {}", said.reference, said.state);
        notes.push(note(filed, &said.name, Some(&said.about), state));
    }
    for (filed, said) in picture.all::<Capability>() {
        let state = format!("{}, {}", said.kind, said.state);
        notes.push(note(filed, &said.name, Some(&said.about), state));
    }
    for (filed, said) in picture.all::<Assessment>() {
        let results = [said.completion.map(|c| c.to_string()), said.rating.map(|r| r.to_string())];
        let state = results.into_iter().flatten().collect::<Vec<_>>().join(", ");
        let subject = said.subject_ref.as_ref().and_then(|id| picture.get(id));
        let about = said.about.as_deref().or_else(|| about(&subject?.content));
        notes.push(note(filed, &said.assessor, about, state));
    }
    let search = asked.search.as_ref().map(|text| text.to_lowercase());
    notes.retain(|note| {
        let kind = note.filed.content.type_name().trim_start_matches("entente-");
        let about = asked
            .about
            .as_ref()
            .is_none_or(|part| note.about.is_some_and(|about| is_in(about, part)));
        about
            && asked.kind.as_ref().is_none_or(|wanted| wanted == kind)
            && search.as_ref().is_none_or(|text| words(&note.filed.content).contains(text))
    });
    notes
}

fn note<'a>(filed: &'a Filed, name: &'a str, about: Option<&'a str>, state: String) -> Note<'a> {
    Note { filed, name, about, state }
}

/// The texts of a content that a search looks through, in lower case.
fn words(content: &Content) -> String {
    let said = serde_json::to_value(content).unwrap_or_default();
    let names = ["name", "description", "reference", "text", "scope", "issued_by", "reason"];
    let texts = names.iter().filter_map(|name| said.get(name)?.as_str());
    texts.collect::<Vec<_>>().join("\n").to_lowercase()
}

/// The day of a time: 2023-12-13.
pub fn day(time: Timestamp) -> String {
    time.to_stix().chars().take(10).collect()
}

/// An agreement as JSON for scripts.
pub fn agreement_document(found: &Agreement) -> Value {
    let voice = |voice: &entente_cooperation::agreement::Voice| {
        json!({
            "answer": voice.answer.as_str(), "statement": voice.statement,
            "officer": voice.officer, "given": voice.given.to_stix(),
        })
    };
    let said = found.said.iter().map(|one| {
        json!({
            "nation": one.nation.to_string(), "counts": one.counts.as_ref().map(voice),
            "late": one.late.as_ref().map(voice), "heard": one.heard.map(Timestamp::to_stix),
        })
    });
    json!({ "standing": found.standing.to_string(), "said": said.collect::<Vec<_>>() })
}
