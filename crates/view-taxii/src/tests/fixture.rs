//! A small node around the server: a real store, partners, accounts and an inbox that writes.
//!
//! Invariant: everything is a function of the calls made, times included.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use argon2::password_hash::{PasswordHasher as _, SaltString};
use axum::Router;
use entente_log::Seq;
use entente_log::entry::{Entry, LabelText, Put, Release};
use entente_log::journal::Journal as _;
use entente_object::clock::StepClock;
use entente_object::id::{Id, IdKey};
use entente_object::marking::Tlp;
use entente_object::time::Timestamp;
use entente_release::label::{Faults, PermittedActions, Under, Window};
use entente_release::partner::{Channel, Standing, Subscription};
use entente_release::{Audience, Label, Nation, Partner, PartnerIndex, label_marking};
use entente_store::Home;
use entente_view_taxii::{
    Account, Accounts, Collection, Directory, Doors, Fate, Inbox, InboxError, Scope, Secrets,
    Service, Settings, Submitted, Withdrawal,
};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

pub(crate) const CYBER: &str = "rok-nato-itpp-2023/cyber-defence";
pub(crate) const ARMS: &str = "rok-nato-itpp-2023/arms-control";
pub(crate) const START: &str = "2024-05-01T00:00:00Z";

/// The partners, by number.
pub(crate) const NATIONS: [&str; 8] = ["POL", "USA", "EST", "GBR", "ITA", "DNK", "NLD", "CZE"];

pub(crate) fn nation(code: &str) -> Nation {
    code.parse().unwrap()
}

pub(crate) fn micros(text: &str) -> i64 {
    Timestamp::parse(text).unwrap().unix_micros()
}

/// An object as it is put into the store.
#[derive(Clone)]
pub(crate) struct Made {
    pub(crate) id: String,
    pub(crate) version: i64,
    pub(crate) bytes: Vec<u8>,
}

/// An object of a type, of about 120 bytes, the `number`th one.
pub(crate) fn made(object_type: &str, number: u64, modified: &str) -> Made {
    let id = format!("{object_type}--00000000-0000-4000-8000-{number:012x}");
    let bytes = format!(
        r#"{{"type":"{object_type}","spec_version":"2.1","id":"{id}","modified":"{modified}", "n":{number}}}"#
    );
    Made { id, version: micros(modified), bytes: bytes.into_bytes() }
}

/// A release.
#[derive(Clone, Copy)]
pub(crate) struct Given<'a> {
    /// Who brought the objects.
    pub(crate) by: &'a str,
    /// Who receives them.
    pub(crate) to: &'a [&'a str],
    /// Where.
    pub(crate) under: &'a str,
    /// When, in microseconds since 1970.
    pub(crate) at: i64,
}

/// The store and who has what in it.
pub(crate) struct Store {
    pub(crate) home: Home,
    labels: BTreeMap<Label, u32>,
    added: BTreeMap<PartnerIndex, i64>,
}

impl Store {
    pub(crate) fn open(folder: &std::path::Path) -> Self {
        let home = Home::open(folder).unwrap();
        Self { home, labels: BTreeMap::new(), added: BTreeMap::new() }
    }

    /// Puts objects and releases them, in one append.
    pub(crate) fn add(&mut self, objects: &[Made], given: Given<'_>) {
        let label = label(given);
        let mut entries = Vec::new();
        let next = u32::try_from(self.labels.len()).unwrap();
        let number = *self.labels.entry(label.clone()).or_insert(next);
        if number == next {
            let stix = Cow::Owned(label_marking::to_stix(&label));
            entries.push(Entry::Label(LabelText { number, faults: 0, stix }));
        }
        let first = self.home.tip().next + u64::try_from(entries.len()).unwrap();
        for object in objects {
            let id = Id::parse(&object.id).unwrap();
            entries.push(Entry::Put(Put {
                uuid: id.uuid,
                object_type: Cow::Owned(id.type_name.to_owned()),
                version: object.version,
                label: number,
                brought_by: nation(given.by),
                digest: Sha256::digest(&object.bytes).into(),
                bytes: Cow::Borrowed(&object.bytes),
            }));
        }
        let seqs: Vec<Seq> = (first..).take(objects.len()).collect();
        for code in given.to {
            entries.push(Entry::Release(self.release(index(code), &seqs, given.at)));
        }
        self.home.append(&entries).unwrap();
    }

    fn release(&mut self, partner: PartnerIndex, seqs: &[Seq], at: i64) -> Release {
        let last = self.added.entry(partner).or_insert(i64::MIN);
        let first_added = at.max(last.saturating_add(1));
        *last = first_added + i64::try_from(seqs.len()).unwrap() - 1;
        Release { partner, first_added, objects: seqs.to_vec() }
    }

    /// Withdraws versions of an object from everybody who has them.
    pub(crate) fn withdraw(&mut self, key: IdKey, versions: &[i64], at: i64) {
        let known = self.home.versions(key).unwrap();
        let known: Vec<_> = known.iter().filter(|one| versions.contains(&one.version)).collect();
        let mut entries = Vec::new();
        for partner in (0..8).filter_map(PartnerIndex::new) {
            let theirs = known.iter().filter(|one| one.released.contains(partner));
            let seqs: Vec<Seq> = theirs.map(|one| one.seq).collect();
            if !seqs.is_empty() {
                entries.push(Entry::Withdraw(self.release(partner, &seqs, at)));
            }
        }
        self.home.append(&entries).unwrap();
    }
}

pub(crate) fn index(code: &str) -> PartnerIndex {
    let at = NATIONS.iter().position(|nation| *nation == code).unwrap();
    PartnerIndex::new(u8::try_from(at).unwrap()).unwrap()
}

fn label(given: Given<'_>) -> Label {
    let (programme, area) = given.under.split_once('/').unwrap();
    let under = Under { programme: programme.parse().unwrap(), area: area.parse().unwrap() };
    Label {
        originator: nation(given.by),
        tlp: Tlp::Green,
        rel_to: given.to.iter().map(|code| nation(code)).collect(),
        under: [under].into(),
        caveats: std::collections::BTreeSet::new(),
        actions: PermittedActions::ExternallyVisibleDirect,
        exercise: None,
        window: Window::default(),
        onward: false,
        faults: Faults::NONE,
    }
}

/// The inbox, and the directory and accounts of the three partners.
pub(crate) struct Node {
    pub(crate) store: Mutex<Store>,
    statuses: Mutex<BTreeMap<(PartnerIndex, Uuid), String>>,
    pub(crate) partners: Mutex<BTreeMap<Nation, Arc<Partner>>>,
    pub(crate) passwords: Mutex<BTreeMap<String, (String, Account)>>,
    pub(crate) tokens: Mutex<BTreeMap<[u8; 32], Account>>,
    pub(crate) certificates: Mutex<BTreeMap<[u8; 32], Account>>,
    pub(crate) version: AtomicU64,
    /// How often a password was looked up, which is how often one was hashed.
    pub(crate) hashed: AtomicU64,
    pub(crate) clock: Arc<StepClock>,
}

impl Directory for Node {
    fn partner(&self, nation: Nation) -> Option<Arc<Partner>> {
        self.partners.lock().unwrap().get(&nation).cloned()
    }

    /// Everybody knows of cyber defence; Estonia does not know of arms control, and only Poland may
    /// write.
    fn collections(&self, audience: &Audience) -> Arc<[Collection]> {
        let cyber = Collection::new(CYBER, "Cyber defence").described("Threats to networks");
        let arms = Collection::new(ARMS, "Arms control");
        match audience.nation().as_str() {
            "POL" => Arc::new([cyber.writable(), arms]),
            "EST" => Arc::new([cyber]),
            _ => Arc::new([cyber, arms]),
        }
    }
}

impl Accounts for Node {
    fn version(&self) -> u64 {
        self.version.load(Ordering::SeqCst)
    }

    fn password(&self, user: &str) -> Option<(String, Account)> {
        self.hashed.fetch_add(1, Ordering::SeqCst);
        self.passwords.lock().unwrap().get(user).cloned()
    }

    fn token(&self, sha256: &[u8; 32]) -> Option<Account> {
        self.tokens.lock().unwrap().get(sha256).cloned()
    }

    fn certificate(&self, sha256: &[u8; 32]) -> Option<Account> {
        self.certificates.lock().unwrap().get(sha256).cloned()
    }
}

impl Node {
    fn take(&self, audience: &Audience, under: &str, bytes: Vec<u8>) -> Submitted {
        let value: serde_json::Value = serde_json::from_slice(&bytes).unwrap_or_default();
        let text = |name: &str| value[name].as_str().unwrap_or_default().to_owned();
        let (id, version) = (text("id"), text("modified"));
        let answer = |fate| Submitted { id: id.clone(), version: version.clone(), fate };
        let refused = |why: &str| answer(Fate::Refused(why.to_owned()));
        let (Ok(parsed), Ok(time)) = (Id::parse(&id), Timestamp::parse(&version)) else {
            return refused("it has no id or no version");
        };
        let mut store = self.store.lock().unwrap();
        let known = store.home.versions(parsed.key()).unwrap();
        if known.iter().any(|one| one.bringer != audience.nation()) {
            return refused("another nation brought an object of this id");
        }
        if known.iter().any(|one| one.version == time.unix_micros()) {
            return answer(Fate::Taken);
        }
        let made = Made { id: id.clone(), version: time.unix_micros(), bytes };
        let at = micros(START);
        let nation = audience.nation();
        store.add(&[made], Given { by: nation.as_str(), to: &NATIONS, under, at });
        answer(Fate::Taken)
    }
}

impl Inbox for Node {
    fn submit(
        &self,
        audience: &Audience,
        under: &str,
        objects: Vec<Vec<u8>>,
    ) -> Result<Vec<Submitted>, InboxError> {
        Ok(objects.into_iter().map(|bytes| self.take(audience, under, bytes)).collect())
    }

    fn withdraw(
        &self,
        audience: &Audience,
        _under: &str,
        withdrawal: &Withdrawal,
    ) -> Result<(), InboxError> {
        let mut store = self.store.lock().unwrap();
        let key = IdKey::of(&withdrawal.object_type, withdrawal.uuid);
        let known = store.home.versions(key).unwrap();
        if known.iter().any(|one| one.bringer != audience.nation()) {
            return Err(InboxError::NotYours);
        }
        store.withdraw(key, &withdrawal.versions, micros(START));
        Ok(())
    }

    fn status(&self, audience: &Audience, id: Uuid) -> Result<Option<String>, InboxError> {
        Ok(self.statuses.lock().unwrap().get(&(audience.partner(), id)).cloned())
    }

    fn save_status(&self, audience: &Audience, id: Uuid, status: &str) -> Result<(), InboxError> {
        let key = (audience.partner(), id);
        self.statuses.lock().unwrap().insert(key, status.to_owned());
        Ok(())
    }
}

pub(crate) fn account(code: &str) -> Account {
    Account { nation: nation(code), scope: Scope::ALL, expires: None }
}

/// The cheapest hash that there is: tests check many.
pub(crate) fn hash(password: &str) -> String {
    let params = argon2::Params::new(8, 1, 1, None).unwrap();
    let argon2 = argon2::Argon2::new(argon2::Algorithm::Argon2id, argon2::Version::V0x13, params);
    let salt = SaltString::encode_b64(b"0123456789abcdef").unwrap();
    argon2.hash_password(password.as_bytes(), &salt).unwrap().to_string()
}

pub(crate) fn partner(code: &str, standing: Standing) -> Arc<Partner> {
    Arc::new(Partner {
        index: index(code),
        nation: nation(code),
        standing,
        credential: Window {
            not_before: Some(Timestamp::parse("2020-01-01T00:00:00Z").unwrap()),
            not_after: Some(Timestamp::parse("2030-01-01T00:00:00Z").unwrap()),
        },
        caveats: std::collections::BTreeSet::new(),
        exercises: std::collections::BTreeSet::new(),
        subscription: Subscription::Everything,
    })
}

/// A node with three partners whose users are called like their nations and whose passwords are
/// `secret-` and the nation, and an empty store in `folder`.
pub(crate) fn node(folder: &std::path::Path) -> Arc<Node> {
    let start = Timestamp::parse(START).unwrap();
    let users = NATIONS.map(|code| {
        (code.to_lowercase(), (hash(&format!("secret-{}", code.to_lowercase())), account(code)))
    });
    let partners = NATIONS.map(|code| (nation(code), partner(code, Standing::Active)));
    Arc::new(Node {
        store: Mutex::new(Store::open(folder)),
        statuses: Mutex::default(),
        partners: Mutex::new(partners.into()),
        passwords: Mutex::new(users.into()),
        tokens: Mutex::default(),
        certificates: Mutex::default(),
        version: AtomicU64::new(1),
        hashed: AtomicU64::new(0),
        clock: Arc::new(StepClock::new(start, std::time::Duration::ZERO)),
    })
}

/// The server of a node.
pub(crate) fn server(node: &Arc<Node>, folder: PathBuf) -> Router {
    server_in_clear(node, folder, true)
}

/// The server of a node that takes passwords in clear, or does not.
pub(crate) fn server_in_clear(node: &Arc<Node>, folder: PathBuf, in_clear: bool) -> Router {
    entente_view_taxii::app(service(node, folder, in_clear))
}

/// The same, before it is a router.
pub(crate) fn service(node: &Arc<Node>, folder: PathBuf, in_clear: bool) -> Arc<Service> {
    let settings = Settings {
        title: "Korea".to_owned(),
        description: Some("The ROK–NATO programme".to_owned()),
        contact: Some("desk@example.kr".to_owned()),
        api_root: "rok-nato".to_owned(),
        public_url: None,
        in_clear,
        channel: Channel::default(),
    };
    let doors = Doors {
        store: folder,
        directory: node.clone(),
        accounts: node.clone(),
        inbox: node.clone(),
        clock: node.clock.clone(),
    };
    let secrets = Secrets { cursors: [1; 32], logins: [2; 32] };
    Service::new(settings, secrets, doors).unwrap()
}
