//! The node as the interface for this nation's own programs needs it: whose token it is, and the desk.
//!
//! Invariant: a token counts until it ends, is revoked, or its person is removed.

use std::sync::Arc;

use entente_intake::acts::{PersonTokenAct, UserAct, kind};
use entente_intake::{Desk, hex, latest};
use entente_view_programme::api::{Office, Person};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use crate::doors::Door;
use crate::folder;

/// The office of a served node.
pub(crate) struct Here {
    door: Arc<Door>,
}

impl Here {
    /// Over the desk that is served.
    pub(crate) fn new(door: Arc<Door>) -> Self {
        Self { door }
    }
}

impl Office for Here {
    fn person(&self, token: &str) -> Option<Person> {
        let desk = self.door.desk();
        let hash = hex(&Sha256::digest(token));
        let tokens =
            latest(desk.home(), kind::PERSON_TOKEN, |act: &PersonTokenAct| act.name.clone());
        let now = desk.now().unix_micros();
        let token = tokens.ok()?.into_iter().find(|act| act.hash == hash)?;
        if !token.active || token.expires <= now {
            return None;
        }
        let users = latest(desk.home(), kind::USER, |user: &UserAct| user.name.clone()).ok()?;
        let user = users.into_iter().find(|user| user.name == token.user && user.active)?;
        Some(Person { name: user.name, roles: user.roles })
    }

    fn at_desk(&self, work: &mut dyn FnMut(&mut Desk)) {
        let mut desk = self.door.desk();
        // Another process may have adopted a programme or added a partner.
        if let Err(error) = desk.look_again() {
            tracing::error!("the log could not be read: {error}");
            return;
        }
        work(&mut desk);
    }

    fn uuid(&self) -> Uuid {
        let random = folder::random::<16>().unwrap_or_default();
        uuid::Builder::from_random_bytes(random).into_uuid()
    }
}
