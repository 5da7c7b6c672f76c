//! Who is asking: client certificate, HTTP Basic or token.
//!
//! Invariants:
//! * A wrong password and an unknown user take the same work and get the same answer.
//! * A password is hashed at most once in [`LOGIN_REMEMBERED`]; what is remembered of it is a keyed
//!   hash under a key of this process alone, and is forgotten when any credential changes.
//! * Credentials that were checked are remembered for the login alone: whether the partner is
//!   admitted is asked for every request.
//! * Neither passwords nor tokens reach a log.

use std::sync::Arc;

use argon2::password_hash::PasswordHash;
use argon2::{Argon2, PasswordVerifier as _};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use entente_object::clock::Clock;
use entente_object::time::Timestamp;
use entente_release::partner::Authenticated;
use http::request::Parts;
use http::{HeaderMap, header};
use quick_cache::sync::Cache;
use sha2::{Digest as _, Sha256};
use tokio::sync::Semaphore;

use crate::cursor::mac;
use crate::doors::{Account, Accounts, ClientCertificate, OverTls, Scope};
use crate::error::TaxiiError;
use crate::limits::{
    CREDENTIAL_BYTES_MAX, FAILURES_MAX, FAILURES_REMEMBERED_MAX, FAILURES_WINDOW, HASHES_AT_ONCE,
    HASHES_WAITING_MAX, LOGIN_REMEMBERED, LOGINS_REMEMBERED_MAX,
};

/// The hash that is computed for users who do not exist: Argon2id with the parameters that
/// `argon2::Argon2::default` has, of a password that nobody has.
const NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$ZW50ZW50ZSB0YXhpaQ$\
                      jAxydvgHuNf1xkvP52NATYzDUTGHYKYi2TBPBOlMeks";

const NO_CREDENTIAL: &str =
    "present a client certificate, or send an Authorization header with Basic or Bearer";
const WRONG: &str = "the user name, password, token or certificate is wrong, or has expired";
const IN_CLEAR: &str = "passwords and tokens are accepted over https only";
const TWO_NATIONS: &str = "the client certificate and the Authorization header are of two nations";

/// A session: who it is, and what its credential may be used for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Session {
    pub(crate) who: Authenticated,
    pub(crate) scope: Scope,
}

/// A login that was checked.
#[derive(Clone)]
struct Remembered {
    account: Account,
    until: Timestamp,
    /// The version of the accounts under which it was checked.
    version: u64,
}

/// Failed logins of one user.
#[derive(Clone, Copy)]
struct Failures {
    count: u32,
    since: Timestamp,
}

/// Checks credentials.
pub(crate) struct Gate {
    accounts: Arc<dyn Accounts>,
    clock: Arc<dyn Clock>,
    in_clear: bool,
    key: [u8; 32],
    logins: Cache<[u8; 32], Remembered>,
    failures: Cache<[u8; 32], Failures>,
    hashing: Semaphore,
    waiting: Semaphore,
}

impl Gate {
    pub(crate) fn new(
        accounts: Arc<dyn Accounts>,
        clock: Arc<dyn Clock>,
        in_clear: bool,
        key: [u8; 32],
    ) -> Self {
        Self {
            accounts,
            clock,
            in_clear,
            key,
            logins: Cache::new(LOGINS_REMEMBERED_MAX),
            failures: Cache::new(FAILURES_REMEMBERED_MAX),
            hashing: Semaphore::new(HASHES_AT_ONCE),
            waiting: Semaphore::new(HASHES_AT_ONCE + HASHES_WAITING_MAX),
        }
    }

    /// The session of a request.
    pub(crate) async fn session(&self, parts: &Parts) -> Result<Session, TaxiiError> {
        let certified = match parts.extensions.get::<ClientCertificate>() {
            Some(certificate) => self.accounts.certificate(&certificate.sha256),
            None => None,
        };
        let certified = certified.filter(|account| self.is_current(account));
        if !parts.headers.contains_key(header::AUTHORIZATION) {
            let account = certified.ok_or(TaxiiError::NotAuthenticated(NO_CREDENTIAL))?;
            let who = Authenticated::Certificate(account.nation);
            return Ok(Session { who, scope: account.scope });
        }
        if !self.in_clear && parts.extensions.get::<OverTls>().is_none() {
            return Err(TaxiiError::NotAuthenticated(IN_CLEAR));
        }
        let session = self.authorized(&parts.headers).await?;
        match certified {
            Some(account) if account.nation != session.who.nation() => {
                Err(TaxiiError::NotAuthenticated(TWO_NATIONS))
            }
            _ => Ok(session),
        }
    }

    async fn authorized(&self, headers: &HeaderMap) -> Result<Session, TaxiiError> {
        let wrong = || TaxiiError::NotAuthenticated(WRONG);
        let mut values = headers.get_all(header::AUTHORIZATION).iter();
        let (Some(value), None) = (values.next(), values.next()) else { return Err(wrong()) };
        let text = value.to_str().map_err(|_| wrong())?;
        let (scheme, credential) = text.trim().split_once(' ').ok_or_else(wrong)?;
        let credential = credential.trim();
        if credential.len() > 2 * CREDENTIAL_BYTES_MAX {
            return Err(wrong());
        }
        match scheme.to_ascii_lowercase().as_str() {
            "basic" => {
                let account = self.password(credential).await?;
                let who = Authenticated::Password(account.nation);
                Ok(Session { who, scope: account.scope })
            }
            // Some clients call it Token.
            "bearer" | "token" => {
                let sha256 = Sha256::digest(credential.as_bytes()).into();
                let account = self.accounts.token(&sha256).filter(|one| self.is_current(one));
                let account = account.ok_or_else(wrong)?;
                Ok(Session { who: Authenticated::Token(account.nation), scope: account.scope })
            }
            _ => Err(TaxiiError::NotAuthenticated(NO_CREDENTIAL)),
        }
    }

    async fn password(&self, credential: &str) -> Result<Account, TaxiiError> {
        let wrong = || TaxiiError::NotAuthenticated(WRONG);
        let bytes = STANDARD.decode(credential).map_err(|_| wrong())?;
        let text = String::from_utf8(bytes).map_err(|_| wrong())?;
        let (user, password) = text.split_once(':').ok_or_else(wrong)?;
        if user.len() > CREDENTIAL_BYTES_MAX || password.len() > CREDENTIAL_BYTES_MAX {
            return Err(wrong());
        }
        // A user name has no colon: two logins are never one text.
        let login = mac(&self.key, &[b"login\0", text.as_bytes()]);
        let version = self.accounts.version();
        if let Some(known) = self.logins.get(&login) {
            let fresh = known.version == version && self.clock.now() < known.until;
            if fresh && self.is_current(&known.account) {
                return Ok(known.account);
            }
            self.logins.remove(&login);
        }
        let name = mac(&self.key, &[b"user\0", user.as_bytes()]);
        self.check_failures(&name)?;
        let checked = self.hash(user, password).await?;
        let Some(account) = checked.filter(|account| self.is_current(account)) else {
            self.count_failure(name);
            return Err(wrong());
        };
        self.failures.remove(&name);
        let until = self.clock.now().saturating_add(LOGIN_REMEMBERED);
        self.logins.insert(login, Remembered { account: account.clone(), until, version });
        Ok(account)
    }

    /// Checks a password by its hash, on a thread that may take its time.
    async fn hash(&self, user: &str, password: &str) -> Result<Option<Account>, TaxiiError> {
        let busy = |_| TaxiiError::Unavailable("too many logins at once".to_owned());
        let _place = self.waiting.try_acquire().map_err(busy)?;
        let closed = |_| TaxiiError::Unavailable("logins are closed".to_owned());
        let _turn = self.hashing.acquire().await.map_err(closed)?;
        let accounts = Arc::clone(&self.accounts);
        let (user, password) = (user.to_owned(), password.to_owned());
        let checked = tokio::task::spawn_blocking(move || {
            let (phc, account) = match accounts.password(&user) {
                Some((phc, account)) => (phc, Some(account)),
                None => (NOBODY.to_owned(), None),
            };
            let is_right = PasswordHash::new(&phc).is_ok_and(|hash| {
                Argon2::default().verify_password(password.as_bytes(), &hash).is_ok()
            });
            account.filter(|_| is_right)
        });
        Ok(checked.await?)
    }

    fn is_current(&self, account: &Account) -> bool {
        account.expires.is_none_or(|end| self.clock.now() < end)
    }

    fn check_failures(&self, name: &[u8; 32]) -> Result<(), TaxiiError> {
        let Some(failures) = self.failures.get(name) else { return Ok(()) };
        if self.clock.now().saturating_since(failures.since) >= FAILURES_WINDOW {
            self.failures.remove(name);
        } else if failures.count >= FAILURES_MAX {
            return Err(TaxiiError::TooManyFailures);
        }
        Ok(())
    }

    fn count_failure(&self, name: [u8; 32]) {
        let before = self.failures.get(&name);
        let failures = match before {
            Some(before) => Failures { count: before.count.saturating_add(1), ..before },
            None => Failures { count: 1, since: self.clock.now() },
        };
        self.failures.insert(name, failures);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_who_does_not_exist_costs_the_same_hash() {
        let nobody = PasswordHash::new(NOBODY).unwrap();
        let params = argon2::Params::try_from(&nobody).unwrap();
        assert_eq!(nobody.algorithm, argon2::Algorithm::Argon2id.ident());
        let default = argon2::Params::default();
        let costs = |params: &argon2::Params| (params.m_cost(), params.t_cost(), params.p_cost());
        assert_eq!(costs(&params), costs(&default));
        assert_eq!(nobody.hash.map(|hash| hash.len()), Some(32));
        assert!(Argon2::default().verify_password(b"", &nobody).is_err());
    }
}
