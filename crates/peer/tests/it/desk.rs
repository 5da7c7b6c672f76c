//! Korea's node over a real store: two partners, and a programme under which everything up to AMBER
//! goes out at once.

use std::sync::Arc;
use std::time::Duration;

use entente_intake::acts::{NodeAct, ProgrammeAct};
use entente_intake::{Applied, Desk, Outcome, prepare};
use entente_object::clock::{Clock as _, StepClock};
use entente_object::marking::Tlp;
use entente_object::time::Timestamp;
use entente_release::label::{PermittedActions, Under, Window};
use entente_release::partner::{Authenticated, Channel};
use entente_release::{Audience, Nation};
use entente_store::{Home, Reader, Signing};
use serde_json::{Value, json};

use crate::book::{kor, nation};

const PROGRAMME: &str = r#"format = 1

[programme]
id = "three"
title = "Three nations"
version = "1"
source = "made up for tests"
in_force = { from = 2023-01-01, until = 2030-12-31 }

[[party]]
nation = "KOR"
name = "Korea"

[[party]]
nation = "POL"
name = "Poland"

[[party]]
nation = "USA"
name = "United States"

[[area]]
id = "open"
number = 1
title = "Open"

[[area.terms]]
from = ["parties"]
to = ["parties"]
ceiling = "amber"
types = ["any"]
releasers = 0
"#;

/// When Korea's clock starts.
pub(crate) const START: &str = "2023-12-13T00:00:00Z";

/// Korea's node.
pub(crate) struct Korea {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) clock: Arc<StepClock>,
    pub(crate) desk: Desk,
}

impl Korea {
    pub(crate) fn with(partners: &[&str]) -> Self {
        // In memory where there is such a folder: what is tested here is not the disk.
        let memory = tempfile::tempdir_in("/dev/shm");
        let folder = memory.or_else(|_| tempfile::tempdir()).unwrap();
        let start = Timestamp::parse(START).unwrap();
        let clock = Arc::new(StepClock::new(start, Duration::from_millis(1)));
        let mut home = Home::open(folder.path()).unwrap();
        let act = NodeAct { nation: "KOR".into(), key: kor().public() };
        Desk::init(&mut home, &act, clock.now()).unwrap();
        let mut desk = Desk::open(home, clock.clone()).unwrap();
        let act = ProgrammeAct { file: "three.toml".into(), text: PROGRAMME.to_owned() };
        desk.adopt_programme(&act).unwrap();
        let mut signed = Vec::new();
        for code in partners {
            let record = desk.add_partner(nation(code)).unwrap();
            signed.push((record.partner.index, record.partner.nation));
        }
        let signing = Signing { key: kor().into(), here: Nation::KOR, partners: signed };
        desk.home_mut().sign_with(signing).unwrap();
        Self { folder, clock, desk }
    }

    /// Takes objects in and releases them to these nations.
    pub(crate) fn release(&mut self, objects: &[Value], rel_to: &[&str]) {
        let batch = objects.iter().map(|object| prepare(object.to_string().into_bytes()));
        let batch = batch.map(|object| object.unwrap_or_else(|(refused, _)| panic!("{refused}")));
        let taken = self.desk.take(batch.collect(), Nation::KOR, Some(&applied(rel_to))).unwrap();
        let is_taken = |outcome: &Outcome| matches!(outcome, Outcome::Taken { .. });
        assert!(taken.outcomes.iter().all(is_taken), "{:?}", taken.outcomes);
    }

    pub(crate) fn audience(&self, code: &str) -> Audience {
        let partner = &self.desk.partner(nation(code)).unwrap().partner;
        let session = Authenticated::Certificate(nation(code));
        Audience::admit(partner, &session, Channel::default(), self.clock.now()).unwrap()
    }

    pub(crate) fn reader(&self) -> Reader {
        Reader::open(self.folder.path()).unwrap()
    }
}

/// The label that objects are given.
pub(crate) fn applied(rel_to: &[&str]) -> Applied {
    let under = Under { programme: "three".parse().unwrap(), area: "open".parse().unwrap() };
    Applied {
        tlp: Some(Tlp::Green),
        rel_to: rel_to.iter().map(|code| nation(code)).collect(),
        under: [under].into(),
        caveats: [].into(),
        actions: PermittedActions::ExternallyVisibleDirect,
        exercise: None,
        window: Window::default(),
    }
}

/// A made-up malware with a description of so many bytes.
pub(crate) fn malware(number: usize, bytes: usize) -> Value {
    json!({
        "type": "malware", "spec_version": "2.1",
        "id": format!("malware--1c7b5b88-8ff7-4a4d-aa9d-{number:012x}"),
        "created": "2023-12-01T00:00:00.000Z", "modified": "2023-12-01T00:00:00.000Z",
        "name": format!("made up {number}"), "is_family": true, "description": "x".repeat(bytes),
    })
}
