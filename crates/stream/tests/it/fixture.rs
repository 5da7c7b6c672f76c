//! Replicas of Korea's node, each with a folder of its own.

use std::io::Write as _;
use std::sync::Arc;

use entente_intake::acts::{NodeAct, ProgrammeAct};
use entente_intake::{Applied, Desk, Outcome, Prepared, prepare};
use entente_log::journal::{Journal as _, Tip};
use entente_log::key::Key;
use entente_object::clock::{Clock as _, SystemClock};
use entente_object::id::Id;
use entente_object::marking::Tlp;
use entente_release::Nation;
use entente_release::label::{PermittedActions, Under, Window};
use entente_store::{Home, Reader, Signing, StoreError};
use entente_stream::servers::Servers;
use entente_stream::{
    By, Cluster, KIND, Outcome as Recovered, ReplicaAct, Settings, Stream, recover,
};
use tempfile::TempDir;

pub(crate) const PARTNERS: [&str; 3] = ["USA", "GBR", "POL"];

pub(crate) fn key() -> Key {
    Key::from_seed("KOR", &[7; 32]).unwrap()
}

/// A cluster; or nothing, once it was said past the test runner's capture why.
pub(crate) fn servers() -> Option<Servers> {
    or_skipped(Servers::start())
}

pub(crate) fn or_skipped(servers: Option<Servers>) -> Option<Servers> {
    if servers.is_none() {
        let test = std::thread::current().name().unwrap_or("a test").to_owned();
        let why = "no server: set ENTENTE_TEST_NATS";
        writeln!(std::io::stderr(), "SKIPPED: {test}: {why}").unwrap();
    }
    servers
}

pub(crate) fn cluster(settings: Settings) -> Cluster {
    Cluster::new(settings, Nation::KOR, key()).unwrap()
}

/// Korea's node, in a folder of its own, not on any cluster yet.
pub(crate) fn alone() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let mut home = Home::open(folder.path()).unwrap();
    let act = NodeAct { nation: "KOR".into(), key: key().public() };
    Desk::init(&mut home, &act, SystemClock.now()).unwrap();
    let mut desk = Desk::open(home, Arc::new(SystemClock)).unwrap();
    let text = include_str!("../../../../programmes/rok-nato-itpp-2023.toml").to_owned();
    desk.adopt_programme(&ProgrammeAct { file: "itpp.toml".into(), text }).unwrap();
    for code in PARTNERS {
        desk.add_partner(code.parse().unwrap()).unwrap();
    }
    folder
}

/// A replica, open for writing.
pub(crate) struct Replica {
    pub(crate) folder: TempDir,
    pub(crate) cluster: Cluster,
    pub(crate) desk: Desk,
}

impl Replica {
    /// A replica of a folder, which joins.
    pub(crate) fn join(folder: TempDir, settings: Settings) -> Self {
        let cluster = cluster(settings);
        let mut home = Home::open(folder.path()).unwrap();
        home.order_by(Box::new(Stream::new(cluster.clone()))).unwrap();
        let joined = recover(&mut home, &cluster, &By::default(), &mut |_, _| ()).unwrap();
        assert_eq!(joined, Recovered::Settled);
        let mut replica = Self::on(folder, cluster, home);
        replica.record(true);
        replica
    }

    fn on(folder: TempDir, cluster: Cluster, home: Home) -> Self {
        let mut desk = Desk::open(home, Arc::new(SystemClock)).unwrap();
        let partners = desk.partners().iter().map(|r| (r.partner.index, r.partner.nation));
        let signing =
            Signing { key: key().into(), here: Nation::KOR, partners: partners.collect() };
        desk.home_mut().sign_with(signing).unwrap();
        Self { folder, cluster, desk }
    }

    pub(crate) fn record(&mut self, active: bool) {
        let name = self.cluster.settings().replica.clone();
        self.desk.record(KIND, &ReplicaAct { name, active }).unwrap();
    }

    /// A home on this folder, for following beside this one.
    pub(crate) fn another_home(&self) -> Home {
        let mut home = Home::open(self.folder.path()).unwrap();
        home.order_by(Box::new(Stream::new(self.cluster.clone()))).unwrap();
        home
    }

    pub(crate) fn follow(&mut self) -> Result<bool, StoreError> {
        self.desk.home_mut().follow()
    }

    pub(crate) fn tip(&self) -> Tip {
        self.desk.home().tip()
    }

    /// Takes objects in; how many were new.
    pub(crate) fn take(&mut self, numbers: std::ops::Range<usize>) -> usize {
        let batch = numbers.map(object).collect();
        let taken = self.desk.take(batch, Nation::KOR, Some(&applied())).unwrap();
        let is_new = |outcome: &&Outcome| matches!(outcome, Outcome::Taken { .. });
        assert!(taken.outcomes.iter().all(|outcome| !matches!(outcome, Outcome::Refused(_))));
        taken.outcomes.iter().filter(is_new).count()
    }

    /// Whether each of these objects is here exactly once.
    pub(crate) fn has_once(&self, numbers: std::ops::Range<usize>) -> bool {
        let versions = |number| self.desk.home().versions(Id::parse(&id(number)).unwrap().key());
        numbers.into_iter().all(|number| versions(number).unwrap().len() == 1)
    }

    /// Of each ledger: its size and its checkpoint, once it was computed anew from the log and agrees.
    pub(crate) fn ledgers(&self) -> Vec<(u64, String)> {
        let reader = Reader::open(self.folder.path()).unwrap();
        reader.verify_log(&mut |_| ()).unwrap();
        let ledger = |record: &entente_intake::PartnerRecord| {
            let (index, nation) = (record.partner.index, record.partner.nation);
            let origin = format!("KOR/ledger/{nation}");
            reader.verify_ledger(index, &origin, &key().public(), &mut |_| ()).unwrap();
            let note = reader.checkpoint(index).unwrap().map(|kept| kept.note).unwrap_or_default();
            (reader.ledger_size(index).unwrap(), note)
        };
        self.desk.partners().iter().map(ledger).collect()
    }
}

pub(crate) fn id(number: usize) -> String {
    format!("indicator--5eb7a1c2-0000-4000-8000-{number:012x}")
}

pub(crate) fn object(number: usize) -> Prepared {
    padded(number, 0)
}

/// An object with so many bytes more than it needs.
pub(crate) fn padded(number: usize, bytes: usize) -> Prepared {
    let text = format!(
        r#"{{"type":"indicator","spec_version":"2.1","id":"{}","created":"2023-12-01T09:00:00.000Z","modified":"2023-12-01T09:00:00.000Z","name":"Made up {number}","description":"{}","pattern":"[ipv4-addr:value = '192.0.2.{}']","pattern_type":"stix","valid_from":"2023-12-01T09:00:00Z","indicator_types":["malicious-activity"]}}"#,
        id(number),
        "x".repeat(bytes),
        number % 256,
    );
    match prepare(text.into_bytes()) {
        Ok(object) => object,
        Err((refused, _)) => panic!("{refused}"),
    }
}

pub(crate) fn applied() -> Applied {
    Applied {
        tlp: Some(Tlp::Green),
        rel_to: PARTNERS.iter().map(|code| code.parse::<Nation>().unwrap()).collect(),
        under: [Under {
            programme: "rok-nato-itpp-2023".parse().unwrap(),
            area: "cyber-defence".parse().unwrap(),
        }]
        .into(),
        caveats: [].into(),
        actions: PermittedActions::ExternallyVisibleDirect,
        exercise: None,
        window: Window::default(),
    }
}
