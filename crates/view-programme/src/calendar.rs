//! iCalendar (RFC 5545): an invitation to a consultation, what is due, what is on the calendar.
//!
//! Invariants:
//! * The description of every entry begins with the label of its object, and what is above TLP:GREEN is of
//!   class CONFIDENTIAL: a calendar is made to be mailed and copied.
//! * Times are UTC; an entry's UID is its object's id, and stays.
//! * No text of an object begins a line or a property of its own: all of it is escaped and folded.
//! * The same picture gives the same bytes: no clock is read, `DTSTAMP` is when the object was changed.

use std::fmt::Write as _;
use std::time::Duration;

use entente_cooperation::Picture;
use entente_cooperation::content::{Activity, Commitment, Consultation, Delegation};
use entente_cooperation::filed::Filed;
use entente_cooperation::terms::{ActivityState, Completion, ConsultationState};
use entente_object::marking::Tlp;
use entente_object::time::Timestamp;
use entente_release::Nation;

use crate::query::day;

/// Octets of a line, without its end (RFC 5545 §3.1).
const LINE_MAX: usize = 75;

/// An object's label, as far as a calendar says it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Marked {
    /// Its level.
    pub tlp: Tlp,
    /// All of it, as people write it.
    pub shown: String,
}

/// Why nobody is invited.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotInvited {
    /// It has no date.
    #[error("it has no date yet: `entente consult change {0} --begins TIME`")]
    NoDate(String),
    /// It is not to take place.
    #[error("it is {0}: nations are invited to what is convened, and told when that is cancelled")]
    State(ConsultationState),
}

/// Nations invited to a consultation, or told that it is cancelled: to be mailed by people.
pub fn invitation(
    picture: &Picture,
    filed: &Filed,
    said: &Consultation,
    label: &Marked,
) -> Result<String, NotInvited> {
    let (method, status) = match said.state {
        ConsultationState::Convened => ("REQUEST", "CONFIRMED"),
        ConsultationState::Cancelled => ("CANCEL", "CANCELLED"),
        ConsultationState::Requested
        | ConsultationState::Held
        | ConsultationState::Closed
        | ConsultationState::Declined => return Err(NotInvited::State(said.state)),
    };
    let begins = said.begins.ok_or_else(|| NotInvited::NoDate(filed.id.clone()))?;
    let mut out = Calendar::new(method);
    out.begin(picture, filed, &filed.id, label);
    out.span(begins, said.ends);
    out.text("SUMMARY", &said.name);
    let mut more = vec![format!("About: {}", said.about), format!("Format: {}", said.format)];
    more.extend(said.reason.iter().map(|reason| format!("Reason: {reason}")));
    if !said.agenda.is_empty() {
        more.push("Agenda:".to_owned());
        more.extend(said.agenda.iter().map(|item| format!("{}. {}", item.number, item.title)));
    }
    out.description(label, said.description.as_deref(), &more);
    out.some_text("LOCATION", said.place.as_deref());
    out.line(&format!("STATUS:{status}"));
    let ours = said.delegations.iter().find(|one| one.nation == filed.by);
    let organiser = ours.map_or_else(|| said.convened_by.clone(), role);
    out.line(&format!("ORGANIZER;CN=\"{}\":{}", quoted(&organiser), address(filed.by, ours)));
    for one in said.delegations.iter().filter(|one| one.nation != filed.by) {
        let name = quoted(&role(one));
        let reply = if method == "REQUEST" { ";PARTSTAT=NEEDS-ACTION;RSVP=TRUE" } else { "" };
        let address = address(one.nation, Some(one));
        out.line(&format!("ATTENDEE;CUTYPE=GROUP;CN=\"{name}\"{reply}:{address}"));
    }
    out.end();
    Ok(out.finish())
}

/// Commitments with their milestones, each on the day on which it is due.
pub fn due<'a>(
    picture: &Picture,
    rows: impl IntoIterator<Item = (&'a Filed, &'a Commitment, Marked)>,
) -> String {
    let mut out = Calendar::new("PUBLISH");
    for (filed, said, label) in rows {
        let status = if said.dropped { "CANCELLED" } else { "CONFIRMED" };
        out.begin(picture, filed, &filed.id, &label);
        out.deadline(said.due);
        out.text("SUMMARY", &format!("{} due: {}", said.owner, said.name));
        let mut more = vec![
            format!("About: {}", said.about),
            format!("Responsible: {}", said.responsible),
            format!("Completion: {}", said.completion),
        ];
        more.extend(said.remark.iter().map(|remark| format!("Remark: {remark}")));
        out.description(&label, said.description.as_deref(), &more);
        out.line(&format!("STATUS:{status}"));
        out.end();
        let is_over = said.dropped || said.completion == Completion::Complete;
        for one in &said.milestones {
            out.begin(picture, filed, &format!("{}/{}", filed.id, one.name), &label);
            out.deadline(one.due);
            out.text("SUMMARY", &format!("{} milestone: {}", said.owner, one.name));
            let met = one.met.map(|met| format!("Met: {}", day(met)));
            let more = [vec![format!("Of: {}", said.name)], met.into_iter().collect()].concat();
            out.description(&label, None, &more);
            let is_off = is_over && one.met.is_none();
            out.line(if is_off { "STATUS:CANCELLED" } else { "STATUS:CONFIRMED" });
            out.text("RELATED-TO", &filed.id);
            out.end();
        }
    }
    out.finish()
}

/// Activities.
pub fn activities<'a>(
    picture: &Picture,
    rows: impl IntoIterator<Item = (&'a Filed, &'a Activity, Marked)>,
) -> String {
    let mut out = Calendar::new("PUBLISH");
    for (filed, said, label) in rows {
        out.begin(picture, filed, &filed.id, &label);
        out.span(said.begins, Some(said.ends));
        out.text("SUMMARY", &said.name);
        let nations: Vec<String> = said.participants.iter().map(|one| one.to_string()).collect();
        let more = [
            format!("About: {}", said.about),
            format!("Kind: {}", said.kind),
            format!("Participants: {}", nations.join(", ")),
        ];
        out.description(&label, said.description.as_deref(), &more);
        out.some_text("LOCATION", said.place.as_deref());
        out.line(match said.state {
            ActivityState::Planned => "STATUS:TENTATIVE",
            ActivityState::Confirmed | ActivityState::Held => "STATUS:CONFIRMED",
            ActivityState::Cancelled => "STATUS:CANCELLED",
        });
        out.end();
    }
    out.finish()
}

/// Who speaks for a nation.
fn role(one: &Delegation) -> String {
    let who = one.head.as_deref().or(one.contact.as_deref());
    who.map_or_else(|| one.nation.to_string(), |who| format!("{}, {who}", one.nation))
}

/// Where a nation is reached: its contact if that is an address, or else what names it.
fn address(nation: Nation, one: Option<&Delegation>) -> String {
    let contact = one.and_then(|one| one.contact.as_deref());
    let plain = |c: char| c.is_ascii_alphanumeric() || "@.-_+".contains(c);
    let mail = contact.filter(|text| text.matches('@').count() == 1 && text.chars().all(plain));
    mail.map_or_else(|| format!("urn:uuid:{}", nation.identity()), |mail| format!("mailto:{mail}"))
}

/// A value in quotes: neither quotes nor controls are allowed in it.
fn quoted(text: &str) -> String {
    let plain = |c: char| if c == '"' { '\'' } else { c };
    text.chars().map(|c| if c.is_control() { ' ' } else { plain(c) }).collect()
}

/// Lines of a calendar.
struct Calendar(String);

impl Calendar {
    fn new(method: &str) -> Self {
        let mut new = Self(String::new());
        new.line("BEGIN:VCALENDAR");
        new.line("VERSION:2.0");
        new.line("PRODID:-//Entente//Entente//EN");
        new.line(&format!("METHOD:{method}"));
        new
    }

    fn finish(mut self) -> String {
        self.line("END:VCALENDAR");
        self.0
    }

    /// An entry, and which version of its object it is.
    fn begin(&mut self, picture: &Picture, filed: &Filed, uid: &str, label: &Marked) {
        let sequence = picture.versions(&filed.id).len().saturating_sub(1);
        self.line("BEGIN:VEVENT");
        self.text("UID", uid);
        self.line(&format!("DTSTAMP:{}", utc(filed.modified)));
        self.line(&format!("CREATED:{}", utc(filed.created)));
        self.line(&format!("LAST-MODIFIED:{}", utc(filed.modified)));
        self.line(&format!("SEQUENCE:{sequence}"));
        let class = if label.tlp > Tlp::Green { "CONFIDENTIAL" } else { "PUBLIC" };
        self.line(&format!("CLASS:{class}"));
    }

    fn end(&mut self) {
        self.line("END:VEVENT");
    }

    /// From when until when: whole days where it begins and ends with one.
    fn span(&mut self, begins: Timestamp, ends: Option<Timestamp>) {
        match ends.filter(|ends| *ends > begins) {
            Some(ends) if is_first(begins) && is_last(ends) => {
                self.line(&format!("DTSTART;VALUE=DATE:{}", date(begins)));
                self.line(&format!("DTEND;VALUE=DATE:{}", date(next(ends))));
            }
            ends => {
                self.line(&format!("DTSTART:{}", utc(begins)));
                if let Some(ends) = ends {
                    self.line(&format!("DTEND:{}", utc(ends)));
                }
            }
        }
    }

    /// By when: a whole day where that is its end. Nobody is busy because something is due.
    fn deadline(&mut self, due: Timestamp) {
        let is_day = is_last(due);
        let start =
            if is_day { format!(";VALUE=DATE:{}", date(due)) } else { format!(":{}", utc(due)) };
        self.line(&format!("DTSTART{start}"));
        self.line("TRANSP:TRANSPARENT");
    }

    fn description(&mut self, label: &Marked, text: Option<&str>, more: &[String]) {
        let mut all = vec![label.shown.clone()];
        all.extend(text.map(str::to_owned));
        all.extend_from_slice(more);
        self.text("DESCRIPTION", &all.join("\n"));
    }

    fn some_text(&mut self, name: &str, value: Option<&str>) {
        if let Some(value) = value {
            self.text(name, value);
        }
    }

    /// A property whose value is a text (RFC 5545 §3.3.11).
    fn text(&mut self, name: &str, value: &str) {
        let mut line = format!("{name}:");
        for c in value.replace("\r\n", "\n").chars() {
            match c {
                '\\' | ';' | ',' => line.extend(['\\', c]),
                '\n' | '\r' | '\u{2028}' | '\u{2029}' => line.push_str("\\n"),
                '\t' => line.push(' '),
                c if c.is_control() => {}
                c => line.push(c),
            }
        }
        self.line(&line);
    }

    /// A line, folded between characters.
    fn line(&mut self, line: &str) {
        let mut length = 0;
        for c in line.chars() {
            if length + c.len_utf8() > LINE_MAX {
                self.0.push_str("\r\n ");
                length = 1;
            }
            self.0.push(c);
            length += c.len_utf8();
        }
        let _infallible = write!(self.0, "\r\n");
    }
}

/// 20231213T010000Z
fn utc(time: Timestamp) -> String {
    let digits = |c: &char| !matches!(c, '-' | ':');
    let whole: String = time.to_stix().chars().take(19).filter(digits).collect();
    format!("{whole}Z")
}

/// 20231213
fn date(time: Timestamp) -> String {
    utc(time).chars().take(8).collect()
}

fn next(time: Timestamp) -> Timestamp {
    time.saturating_add(Duration::from_millis(1))
}

fn is_first(time: Timestamp) -> bool {
    time.to_stix().ends_with("T00:00:00.000Z")
}

/// Whether it is the last millisecond of a day, as commands write the end of one.
fn is_last(time: Timestamp) -> bool {
    time.to_stix().ends_with("T23:59:59.999Z")
}

#[cfg(test)]
mod tests {
    use entente_cooperation::content::{AgendaItem, Content, Milestone};
    use entente_cooperation::filed::Place;
    use entente_release::NationSet;

    use super::*;

    const HOSTILE: &str = "Jamming; at sea, \\n\r\nEND:VEVENT\nATTENDEE:mailto:x@y.example\t해상 교란 해상 교란 해상 교란 해상 교란";

    fn at(text: &str) -> Timestamp {
        Timestamp::parse(text).unwrap()
    }

    fn filed(uuid: u8, modified: &str, content: Content) -> Filed {
        let id = format!("{}--00000000-0000-4000-8000-0000000000{uuid:02}", content.type_name());
        let created = at("2023-12-01T00:00:00Z");
        let place = Place { seq: u64::from(uuid), label: 0, digest: [uuid; 32], given: created };
        let by = "KOR".parse().unwrap();
        Filed { id, by, created, modified: at(modified), revoked: false, place, content }
    }

    fn amber() -> Marked {
        Marked { tlp: Tlp::Amber, shown: "TLP:AMBER//REL TO KOR, POL".to_owned() }
    }

    fn meeting(state: ConsultationState) -> Consultation {
        let delegation = |code: &str, head: &str, contact: Option<&str>| Delegation {
            nation: code.parse().unwrap(),
            head: Some(head.to_owned()),
            members: Vec::new(),
            contact: contact.map(str::to_owned),
        };
        Consultation {
            name: HOSTILE.to_owned(),
            description: None,
            about: "open/all".to_owned(),
            subject_refs: Vec::new(),
            request_ref: None,
            requested_by: "KOR".parse().unwrap(),
            convened_by: "KOR".to_owned(),
            format: "in-person".to_owned(),
            begins: Some(at("2023-12-13T01:00:00Z")),
            ends: None,
            place: Some("Seoul".to_owned()),
            delegations: vec![
                delegation("KOR", "desk \"officer\"\r\nX:y", None),
                delegation("POL", "ambassador", Some("desk@pol.example")),
                delegation("USA", "ambassador", Some("a@b.example\r\nX:y")),
            ],
            agenda: vec![AgendaItem {
                number: 1,
                title: "Ships".to_owned(),
                about: None,
                presented_by: None,
            }],
            state,
            reason: None,
        }
    }

    /// The lines of a calendar, unfolded; each line as it stands is short enough.
    fn unfolded(text: &str) -> Vec<String> {
        assert!(text.ends_with("\r\n") && !text.replace("\r\n", "").contains(['\r', '\n']));
        assert!(text.split("\r\n").all(|line| line.len() <= LINE_MAX), "{text}");
        text.replace("\r\n ", "").lines().map(str::to_owned).collect()
    }

    #[test]
    fn nations_are_invited_and_told_when_it_is_cancelled() {
        let mut picture = Picture::default();
        let said = meeting(ConsultationState::Convened);
        let first = filed(1, "2023-12-01T00:00:00Z", Content::Consultation(said.clone()));
        picture.add(first.clone());
        let text = invitation(&picture, &first, &said, &amber()).unwrap();
        let lines = unfolded(&text);
        let has = |line: &str| assert!(lines.iter().any(|one| one == line), "{line}: {lines:#?}");
        has("METHOD:REQUEST");
        has("UID:entente-consultation--00000000-0000-4000-8000-000000000001");
        has("SEQUENCE:0");
        has("CLASS:CONFIDENTIAL");
        has("DTSTART:20231213T010000Z");
        has(
            "DESCRIPTION:TLP:AMBER//REL TO KOR\\, POL\\nAbout: open/all\\nFormat: in-person\\nAgenda:\\n1. Ships",
        );
        has(&format!("ORGANIZER;CN=\"KOR, desk 'officer'  X:y\":urn:uuid:{}", first.by.identity()));
        has(
            "ATTENDEE;CUTYPE=GROUP;CN=\"POL, ambassador\";PARTSTAT=NEEDS-ACTION;RSVP=TRUE:mailto:desk@pol.example",
        );
        assert_eq!(lines.iter().filter(|one| one.starts_with("ATTENDEE")).count(), 2);
        assert_eq!(lines.iter().filter(|one| *one == "END:VEVENT").count(), 1);

        // Another reader finds the same.
        let read: icalendar::Calendar = text.parse().unwrap();
        let event = read.events().next().unwrap();
        let property = |name: &str| icalendar::Component::property_value(event, name);
        assert_eq!(property("LOCATION"), Some("Seoul"));

        let off = meeting(ConsultationState::Cancelled);
        let second = filed(1, "2023-12-02T00:00:00Z", Content::Consultation(off.clone()));
        picture.add(second.clone());
        let lines = unfolded(&invitation(&picture, &second, &off, &amber()).unwrap());
        for line in ["METHOD:CANCEL", "STATUS:CANCELLED", "SEQUENCE:1"] {
            assert!(lines.iter().any(|one| one == line), "{line}");
        }
        let undated = Consultation { begins: None, ..said };
        assert_eq!(
            invitation(&picture, &first, &undated, &amber()),
            Err(NotInvited::NoDate(first.id.clone()))
        );
        let held = meeting(ConsultationState::Held);
        assert_eq!(
            invitation(&picture, &first, &held, &amber()),
            Err(NotInvited::State(ConsultationState::Held))
        );
    }

    #[test]
    fn what_is_due_stands_on_its_day_with_its_milestones() {
        let milestone = Milestone {
            name: "Team named".to_owned(),
            due: at("2024-06-30T12:00:00Z"),
            met: Some(at("2024-06-01T00:00:00Z")),
            evidence: Vec::new(),
        };
        let said = Commitment {
            name: "Take part".to_owned(),
            description: None,
            about: "open/all".to_owned(),
            owner: "KOR".parse().unwrap(),
            responsible: "desk officer".to_owned(),
            promised_to: NationSet::none(),
            arises_from_refs: Vec::new(),
            begins: None,
            due: at("2024-12-31T23:59:59.999Z"),
            milestones: vec![milestone],
            completion: Completion::Limited,
            completed: None,
            remark: None,
            evidence: Vec::new(),
            dropped: false,
        };
        let one = filed(2, "2023-12-01T00:00:00Z", Content::Commitment(said.clone()));
        let mut picture = Picture::default();
        picture.add(one.clone());
        let green = Marked { tlp: Tlp::Green, shown: "TLP:GREEN".to_owned() };
        let lines = unfolded(&due(&picture, [(&one, &said, green)]));
        for line in [
            "METHOD:PUBLISH",
            "CLASS:PUBLIC",
            "DTSTART;VALUE=DATE:20241231",
            "SUMMARY:KOR due: Take part",
            "UID:entente-commitment--00000000-0000-4000-8000-000000000002/Team named",
            "DTSTART:20240630T120000Z",
            "DESCRIPTION:TLP:GREEN\\nOf: Take part\\nMet: 2024-06-01",
            "RELATED-TO:entente-commitment--00000000-0000-4000-8000-000000000002",
        ] {
            assert!(lines.iter().any(|other| other == line), "{line}: {lines:#?}");
        }
    }

    #[test]
    fn whole_days_end_with_the_day_after() {
        let said = Activity {
            name: "Exercise".to_owned(),
            description: None,
            about: "open/all".to_owned(),
            kind: "exercise".to_owned(),
            begins: at("2024-12-30T00:00:00Z"),
            ends: at("2024-12-31T23:59:59.999Z"),
            place: None,
            participants: ["KOR", "POL"].iter().map(|code| code.parse().unwrap()).collect(),
            working_group_ref: None,
            state: ActivityState::Planned,
        };
        let one = filed(3, "2023-12-01T00:00:00Z", Content::Activity(said.clone()));
        let mut picture = Picture::default();
        picture.add(one.clone());
        let lines = unfolded(&activities(&picture, [(&one, &said, amber())]));
        for line in [
            "DTSTART;VALUE=DATE:20241230",
            "DTEND;VALUE=DATE:20250101",
            "STATUS:TENTATIVE",
            "DESCRIPTION:TLP:AMBER//REL TO KOR\\, POL\\nAbout: open/all\\nKind: exercise\\nParticipants: KOR\\, POL",
        ] {
            assert!(lines.iter().any(|other| other == line), "{line}: {lines:#?}");
        }
    }
}
