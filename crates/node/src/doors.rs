//! The node as its TAXII server sees it: partners, credentials, and the one way in.
//!
//! Invariant: what another process recorded counts from the next request on: before each answer the
//! store is asked whether partners, programmes or credentials changed, which costs microseconds.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use anyhow::Result;
use entente_intake::acts::{CredentialAct, ProgrammeAct, StatusAct, kind};
use entente_intake::{Applied, Desk, IntakeError, Outcome, partners_of, prepare};
use entente_object::id::IdKey;
use entente_object::time::Timestamp;
use entente_programme::Programme;
use entente_release::label::{PermittedActions, Under, Window};
use entente_release::{Audience, Nation, Partner};
use entente_store::{Reader, StoreError};
use entente_view_taxii::{
    Account, Accounts, Collection, Directory, Fate, Inbox, InboxError, Scope, Submitted, Withdrawal,
};
use uuid::Uuid;

/// What the node knows of partners, at one state of the log.
#[derive(Default)]
struct Known {
    version: u64,
    partners: BTreeMap<Nation, Arc<Partner>>,
    collections: BTreeMap<Nation, Arc<[Collection]>>,
    credentials: Vec<CredentialAct>,
}

/// Partners and credentials, always as recorded.
pub(crate) struct Register {
    reader: Mutex<Reader>,
    known: RwLock<Arc<Known>>,
}

impl Register {
    /// Opens the register of the node in `folder`.
    pub(crate) fn open(folder: &Path) -> Result<Self> {
        let reader = Reader::open(folder)?;
        let known = load(&reader)?;
        Ok(Self { reader: Mutex::new(reader), known: RwLock::new(Arc::new(known)) })
    }

    fn known(&self) -> Arc<Known> {
        let current = self.known.read().unwrap_or_else(PoisonError::into_inner).clone();
        let reader = self.reader.lock().unwrap_or_else(PoisonError::into_inner);
        let fresh = match acts_version(&reader) {
            Ok(version) if version == current.version => return current,
            Ok(_) => load(&reader).map_err(|error| error.to_string()),
            Err(error) => Err(error.to_string()),
        };
        let fresh = fresh.unwrap_or_else(|error| {
            // Nobody is known while the register cannot be read.
            tracing::error!("partners and credentials could not be read: {error}");
            Known::default()
        });
        let fresh = Arc::new(fresh);
        *self.known.write().unwrap_or_else(PoisonError::into_inner) = fresh.clone();
        fresh
    }
}

fn acts_version(reader: &Reader) -> Result<u64, StoreError> {
    reader.last_act(&[kind::PARTNER, kind::PROGRAMME, kind::NATIONAL, kind::CREDENTIAL])
}

fn load(reader: &Reader) -> Result<Known> {
    let version = acts_version(reader)?;
    let partners = partners_of(&reader.acts(kind::PARTNER)?)?;
    let programmes: Vec<ProgrammeAct> =
        read(reader, kind::PROGRAMME, |act: &ProgrammeAct| act.file.clone())?;
    let credentials = read(reader, kind::CREDENTIAL, |act: &CredentialAct| act.name.clone())?;
    let mut collections: BTreeMap<Nation, Vec<Collection>> = BTreeMap::new();
    for act in &programmes {
        let Ok(programme) = Programme::parse(&act.text, &act.file) else { continue };
        for record in &partners {
            let nation = record.nation;
            if programme.is_party(nation) {
                let list = collections.entry(nation).or_default();
                list.extend(collections_of(&programme, nation));
            }
        }
    }
    let partners = partners.into_iter().map(|p| (p.nation, Arc::new(p))).collect();
    let collections = collections.into_iter().map(|(nation, list)| (nation, list.into())).collect();
    Ok(Known { version, partners, collections, credentials })
}

fn collections_of(programme: &Programme, nation: Nation) -> Vec<Collection> {
    let one = |area: &entente_programme::Area| {
        let title = format!("{}: {}", programme.id(), area.title);
        let collection = Collection::new(format!("{}/{}", programme.id(), area.id), title);
        // Whoever the terms let send anything at all may try; each object is judged by itself.
        let sends = area.terms.iter().any(|terms| terms.from.contains(nation));
        if sends { collection.writable() } else { collection }
    };
    programme.areas().iter().map(one).collect()
}

fn read<T: serde::de::DeserializeOwned, K: PartialEq>(
    reader: &Reader,
    kind: &str,
    key: impl Fn(&T) -> K,
) -> Result<Vec<T>> {
    let mut found: Vec<T> = Vec::new();
    for (_, act) in reader.acts(kind)? {
        let read: T = serde_json::from_str(&act.json)?;
        match found.iter_mut().find(|known| key(known) == key(&read)) {
            Some(known) => *known = read,
            None => found.push(read),
        }
    }
    Ok(found)
}

impl Directory for Register {
    fn partner(&self, nation: Nation) -> Option<Arc<Partner>> {
        self.known().partners.get(&nation).cloned()
    }

    fn collections(&self, audience: &Audience) -> Arc<[Collection]> {
        self.known().collections.get(&audience.nation()).cloned().unwrap_or_default()
    }
}

impl Accounts for Register {
    fn version(&self) -> u64 {
        self.known().version
    }

    fn password(&self, user: &str) -> Option<(String, Account)> {
        let known = self.known();
        let mut forms = known.credentials.iter().filter(|act| act.form == "password");
        let act = forms.find(|act| act.name == user && act.active)?;
        Some((act.hash.clone(), account(act)?))
    }

    fn token(&self, sha256: &[u8; 32]) -> Option<Account> {
        self.hashed("token", sha256)
    }

    fn certificate(&self, sha256: &[u8; 32]) -> Option<Account> {
        self.hashed("certificate", sha256)
    }
}

impl Register {
    fn hashed(&self, form: &str, sha256: &[u8; 32]) -> Option<Account> {
        let (known, hash) = (self.known(), entente_intake::hex(sha256));
        let mut forms = known.credentials.iter().filter(|act| act.form == form && act.active);
        account(forms.find(|act| act.hash == hash)?)
    }
}

fn account(act: &CredentialAct) -> Option<Account> {
    let scope = Scope { read: act.read, write: act.write, collections: act.collections.clone() };
    let expires = act.expires.map(Timestamp::from_unix_micros);
    Some(Account { nation: act.nation.parse().ok()?, scope, expires })
}

/// The one way in: the node's desk, one at a time.
pub(crate) struct Door {
    pub(crate) desk: Arc<Mutex<Desk>>,
    folder: PathBuf,
}

impl Door {
    pub(crate) fn new(desk: Desk, folder: &Path) -> Self {
        Self { desk: Arc::new(Mutex::new(desk)), folder: folder.to_owned() }
    }

    /// The desk. It is whole also after a panic: its transactions are.
    pub(crate) fn desk(&self) -> std::sync::MutexGuard<'_, Desk> {
        self.desk.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inbox for Door {
    fn submit(
        &self,
        audience: &Audience,
        under: &str,
        objects: Vec<Vec<u8>>,
    ) -> Result<Vec<Submitted>, InboxError> {
        let mut desk = self.desk();
        let applied = received(under, desk.here())?;
        let mut answers: Vec<Option<Submitted>> = Vec::with_capacity(objects.len());
        let (mut batch, mut places) = (Vec::new(), Vec::new());
        for (place, bytes) in objects.into_iter().enumerate() {
            let (id, version) = names(&bytes);
            match prepare(bytes) {
                Ok(object) => {
                    batch.push(object);
                    places.push(place);
                    answers.push(Some(Submitted { id, version, fate: Fate::Taken }));
                }
                Err((refused, _)) => {
                    let fate = Fate::Refused(refused.to_string());
                    answers.push(Some(Submitted { id, version, fate }));
                }
            }
        }
        let taken = desk
            .take(batch, audience.nation(), Some(&applied))
            .map_err(|error| inbox_error(&error))?;
        for (place, outcome) in places.into_iter().zip(taken.outcomes) {
            let answer = answers.get_mut(place).and_then(Option::as_mut);
            if let (Some(answer), Outcome::Refused(refused)) = (answer, outcome) {
                answer.fate = Fate::Refused(refused.to_string());
            }
        }
        Ok(answers.into_iter().flatten().collect())
    }

    fn withdraw(
        &self,
        audience: &Audience,
        _under: &str,
        withdrawal: &Withdrawal,
    ) -> Result<(), InboxError> {
        let versions = Some(withdrawal.versions.as_slice());
        let key = IdKey::of(&withdrawal.object_type, withdrawal.uuid);
        let withdrawn = self.desk().withdraw(audience.partner(), key, versions);
        match withdrawn.map_err(|error| inbox_error(&error))? {
            0 => Err(InboxError::NotYours),
            _ => Ok(()),
        }
    }

    fn status(&self, audience: &Audience, id: Uuid) -> Result<Option<String>, InboxError> {
        let reader = Reader::open(&self.folder).map_err(|e| InboxError::Failed(e.to_string()))?;
        let acts = reader.acts(&status_kind(id)).map_err(|e| InboxError::Failed(e.to_string()))?;
        let mut own = acts.iter().rev().filter_map(|(_, act)| {
            let status: StatusAct = serde_json::from_str(&act.json).ok()?;
            (status.nation == audience.nation().as_str()).then_some(status.text)
        });
        Ok(own.next())
    }

    fn save_status(&self, audience: &Audience, id: Uuid, status: &str) -> Result<(), InboxError> {
        let act = StatusAct { nation: audience.nation().to_string(), text: status.to_owned() };
        self.desk().record(&status_kind(id), &act).map_err(|error| inbox_error(&error))
    }
}

fn status_kind(id: Uuid) -> String {
    format!("status/{id}")
}

/// The label of what a partner sends: to this node alone, whatever else is on it.
fn received(under: &str, here: Nation) -> Result<Applied, InboxError> {
    let bad = || InboxError::Unprocessable(format!("{under} is no collection"));
    let (programme, area) = under.split_once('/').ok_or_else(bad)?;
    let under = Under {
        programme: programme.parse().map_err(|_| bad())?,
        area: area.parse().map_err(|_| bad())?,
    };
    Ok(Applied {
        tlp: None,
        rel_to: [here].into_iter().collect(),
        under: [under].into(),
        caveats: [].into(),
        actions: PermittedActions::ExternallyVisibleDirect,
        exercise: None,
        window: Window::default(),
    })
}

fn names(bytes: &[u8]) -> (String, String) {
    let value: serde_json::Value = serde_json::from_slice(bytes).unwrap_or_default();
    let text = |name: &str| value.get(name).and_then(|v| v.as_str()).map(str::to_owned);
    let version = text("modified").or_else(|| text("created")).unwrap_or_default();
    (text("id").unwrap_or_default(), version)
}

fn inbox_error(error: &IntakeError) -> InboxError {
    match error {
        IntakeError::Store(StoreError::DiskFull | StoreError::Busy | StoreError::Order(_)) => {
            InboxError::Unavailable(error.to_string())
        }
        IntakeError::Store(_)
        | IntakeError::Act { .. }
        | IntakeError::Programme(_)
        | IntakeError::NoNode
        | IntakeError::NoPartner(_)
        | IntakeError::TooManyPartners
        | IntakeError::Revoked(_)
        | IntakeError::Suspended(_)
        | IntakeError::NoObject(_)
        | IntakeError::OutOfOrder { .. }
        | IntakeError::Approval(_)
        | IntakeError::Step(_)
        | IntakeError::Assistance(_)
        | IntakeError::WrongSide(_)
        | IntakeError::Refused(_)
        | IntakeError::NotOurs { .. }
        | IntakeError::NoLabel
        | IntakeError::Ambiguous { .. }
        | IntakeError::Feed(_)
        | IntakeError::FeedMoved(_) => InboxError::Failed(error.to_string()),
    }
}

#[cfg(test)]
mod tests;
