//! Korea's node over a store in a folder of its own, and what its partners see of it.
//!
//! Invariant: a view is read as the partner itself would, through an `Audience`.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use entente_intake::acts::{AlarmAct, ApprovalAct, NodeAct, ProgrammeAct, UserAct, kind};
use entente_intake::{Applied, Desk, IntakeError, Outcome, Prepared, hex, prepare};
use entente_log::entry::Put;
use entente_log::key::Key;
use entente_object::clock::{Clock as _, StepClock};
use entente_object::marking::Tlp;
use entente_object::time::Timestamp;
use entente_release::approval::Subject;
use entente_release::label::{PermittedActions, Under, Window};
use entente_release::partner::{Authenticated, Channel};
use entente_release::policy::PolicyVersion;
use entente_release::{Audience, Nation, PartnerIndex};
use entente_store::{Home, Reader, Selection, Signing, Version};
use serde_json::Value;

use crate::nations::nation;

pub(crate) const AREA: &str = "rok-nato-itpp-2023/cyber-defence";

const SHIPPED: &str = include_str!("../../../../programmes/rok-nato-itpp-2023.toml");

pub(crate) struct Node {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) clock: Arc<StepClock>,
    pub(crate) desk: Desk,
}

/// One row of a view.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) seq: u64,
    pub(crate) added: i64,
    pub(crate) text: String,
}

impl Node {
    /// With the shipped programme.
    pub(crate) fn shipped(partners: &[&str]) -> Self {
        Self::with(SHIPPED, partners)
    }

    pub(crate) fn with(programme: &str, partners: &[&str]) -> Self {
        // In memory where there is such a folder: what is tested here is not the disk.
        let memory = tempfile::tempdir_in("/dev/shm");
        let folder = memory.or_else(|_| tempfile::tempdir()).unwrap();
        let start = Timestamp::parse("2023-12-13T00:00:00Z").unwrap();
        let clock = Arc::new(StepClock::new(start, Duration::from_millis(1)));
        let mut home = Home::open(folder.path()).unwrap();
        let key = Key::from_seed("KOR", &[7; 32]).unwrap();
        let act = NodeAct { nation: "KOR".into(), key: key.public() };
        Desk::init(&mut home, &act, clock.now()).unwrap();
        let desk = Desk::open(home, clock.clone()).unwrap();
        let mut node = Self { folder, clock, desk };
        node.adopt(programme);
        let mut signed = Vec::new();
        for code in partners {
            let record = node.desk.add_partner(nation(code)).unwrap();
            signed.push((record.partner.index, record.partner.nation));
        }
        let signing = Signing { key: key.into(), here: Nation::KOR, partners: signed };
        node.desk.home_mut().sign_with(signing).unwrap();
        node
    }

    pub(crate) fn adopt(&mut self, programme: &str) {
        let act = ProgrammeAct { file: "programme.toml".into(), text: programme.to_owned() };
        self.desk.adopt_programme(&act).unwrap();
    }

    pub(crate) fn take(
        &mut self,
        batch: Vec<Prepared>,
        bringer: &str,
        applied: Option<&Applied>,
    ) -> Vec<Outcome> {
        self.desk.take(batch, nation(bringer), applied).unwrap().outcomes
    }

    pub(crate) fn index(&self, code: &str) -> PartnerIndex {
        self.desk.partner(nation(code)).unwrap().partner.index
    }

    /// What a nation's view of an area has, newest versions only, in order.
    pub(crate) fn view(&self, code: &str) -> String {
        let rows = self.rows(code, AREA, Vec::new());
        rows.iter().map(|row| row.text.as_str()).collect::<Vec<_>>().join(",")
    }

    /// All that a nation's views have: of every area, every version.
    pub(crate) fn whole(&self, code: &str) -> Vec<Seen> {
        let areas = self.desk.policies().programmes().flat_map(|programme| {
            let id = programme.id();
            programme.areas().iter().map(move |area| format!("{id}/{}", area.id))
        });
        let areas: Vec<String> = areas.collect();
        areas.iter().flat_map(|area| self.rows(code, area, vec![Version::All])).collect()
    }

    fn rows(&self, code: &str, under: &str, versions: Vec<Version>) -> Vec<Seen> {
        let partner = &self.desk.partner(nation(code)).unwrap().partner;
        let session = Authenticated::Password(nation(code));
        let now = self.clock.now();
        let audience = Audience::admit(partner, &session, Channel::default(), now).unwrap();
        let mut reader = Reader::open(self.folder.path()).unwrap();
        let under = under.to_owned();
        let selection = Selection { under, versions, limit: 50_000, ..Selection::default() };
        let found = reader.rows(&audience, &selection).unwrap();
        assert_eq!(found.more_after, None);
        assert!(found.rows.windows(2).all(|pair| pair[0].added < pair[1].added));
        let page = reader.objects(&audience, &found.rows, Vec::new()).unwrap().into_bytes();
        let page = [b"[", page.as_slice(), b"]"].concat();
        let texts: Vec<&serde_json::value::RawValue> = serde_json::from_slice(&page).unwrap();
        assert_eq!(texts.len(), found.rows.len());
        let seen = found.rows.iter().zip(texts);
        seen.map(|(row, text)| Seen { seq: row.seq, added: row.added, text: text.get().to_owned() })
            .collect()
    }

    /// Who brought the object at each place of the log.
    pub(crate) fn bringers(&self) -> BTreeMap<u64, Nation> {
        let mut bringers = BTreeMap::new();
        let mut visit = |seq, put: &Put<'_>| {
            bringers.insert(seq, put.brought_by);
            Ok(true)
        };
        self.desk.home().each_object_from(0, &mut visit).unwrap();
        bringers
    }

    pub(crate) fn alarms(&self) -> Vec<AlarmAct> {
        let acts = self.desk.home().acts(kind::ALARM).unwrap();
        acts.iter().map(|(_, act)| serde_json::from_str(&act.json).unwrap()).collect()
    }
}

/// Somebody who may approve, with the key to it.
pub(crate) struct Person {
    name: String,
    key: Key,
}

/// Adds releasers of these names.
pub(crate) fn people(node: &mut Node, names: &[&str]) -> Vec<Person> {
    let mut people = Vec::new();
    for (seed, name) in (1..).zip(names) {
        let key = Key::from_seed(name, &[seed; 32]).unwrap();
        let (name, roles) = ((*name).to_owned(), vec!["releaser".to_owned()]);
        let user = UserAct { name: name.clone(), roles, key: key.public(), active: true };
        node.desk.record(kind::USER, &user).unwrap();
        people.push(Person { name, key });
    }
    people
}

impl Person {
    /// An approval of what an object would go out as now, for a day, changed before it is signed.
    pub(crate) fn signed(
        &self,
        node: &Node,
        object: u64,
        change: impl FnOnce(&mut ApprovalAct),
    ) -> ApprovalAct {
        let expires = node.clock.now().saturating_add(Duration::from_hours(24));
        let expires = Timestamp::from_unix_micros(expires.unix_micros());
        let subject = node.desk.subject(object, expires).unwrap();
        let mut act = ApprovalAct {
            object,
            releaser: self.name.clone(),
            key: self.key.public(),
            digest: hex(&subject.object),
            label: hex(&subject.label),
            recipients: subject.recipients.iter().map(|code| code.to_string()).collect(),
            policy: hex(&subject.policy.0),
            expires: expires.unix_micros(),
            signature: String::new(),
        };
        change(&mut act);
        let bytes = |text: &str| -> [u8; 32] {
            let byte = |at: usize| u8::from_str_radix(&text[2 * at..2 * at + 2], 16).unwrap();
            std::array::from_fn(byte)
        };
        let subject = Subject {
            object: bytes(&act.digest),
            label: bytes(&act.label),
            recipients: act.recipients.iter().map(|code| nation(code)).collect(),
            policy: PolicyVersion(bytes(&act.policy)),
            expires: Timestamp::from_unix_micros(act.expires),
        };
        act.signature = hex(&self.key.sign_bytes(&subject.to_bytes()));
        act
    }
}

/// Approves an object as a person, with an approval that was changed before it was signed.
pub(crate) fn approve(
    node: &mut Node,
    object: u64,
    person: &Person,
    change: impl FnOnce(&mut ApprovalAct),
) -> Result<u64, IntakeError> {
    let act = person.signed(node, object, change);
    node.desk.approve(&act)
}

/// A label in the area of the shipped programme that the tests share under.
pub(crate) fn applied(tlp: Tlp, rel_to: &[&str]) -> Applied {
    applied_in(AREA, tlp, rel_to)
}

pub(crate) fn applied_in(area: &str, tlp: Tlp, rel_to: &[&str]) -> Applied {
    let (programme, area) = area.split_once('/').unwrap();
    Applied {
        tlp: Some(tlp),
        rel_to: rel_to.iter().map(|code| nation(code)).collect(),
        under: [Under { programme: programme.parse().unwrap(), area: area.parse().unwrap() }]
            .into(),
        caveats: [].into(),
        actions: PermittedActions::ExternallyVisibleDirect,
        exercise: None,
        window: Window::default(),
    }
}

pub(crate) fn ready(json: &str) -> Prepared {
    prepare(json.as_bytes().to_vec()).unwrap_or_else(|(refused, _)| panic!("{refused}: {json}"))
}

pub(crate) fn object(value: &Value) -> Prepared {
    ready(&value.to_string())
}

/// The partners of an outcome to whom the object went at once, if it was taken.
pub(crate) fn released(outcome: &Outcome) -> Option<Vec<PartnerIndex>> {
    match outcome {
        Outcome::Taken { released, .. } => Some(released.iter().collect()),
        Outcome::Same | Outcome::Refused(_) => None,
    }
}
