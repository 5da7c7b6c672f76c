//! A feed's server, within the budget of one run.
//!
//! Invariants: every address that is asked begins with the API root that the operator named; a run
//! asks so often, takes so many bytes and so long, and no more.

use std::time::Instant;

use anyhow::Result;
use entente_release::Released;
use entente_view_taxii::client::Answer;
use entente_view_taxii::limits::{RUN_BYTES_MAX, RUN_REQUESTS_MAX, RUN_TIME};

use super::login::Login;
use crate::fetch::{Budget, Fetch, Method};

/// A server that is asked.
pub(super) struct Server {
    fetch: Fetch,
    root: String,
    login: Option<String>,
    requests: u32,
    bytes: u64,
    began: Instant,
}

impl Server {
    pub(super) fn new(root: &str, authority: Option<&str>, login: &Login) -> Result<Self> {
        Ok(Self {
            fetch: Fetch::trusting(authority, Budget::PAGE)?,
            root: root.to_owned(),
            login: login.header(),
            requests: 0,
            bytes: 0,
            began: Instant::now(),
        })
    }

    /// Whether the budget is not spent yet.
    pub(super) fn has_budget(&self) -> bool {
        self.requests < RUN_REQUESTS_MAX
            && self.bytes < RUN_BYTES_MAX
            && self.began.elapsed() < RUN_TIME
    }

    /// How often it was asked.
    pub(super) fn requests(&self) -> u32 {
        self.requests
    }

    pub(super) fn get(&mut self, path: &str) -> Result<Answer> {
        self.ask(path, Method::Get)
    }

    pub(super) fn post(&mut self, path: &str, body: Released<Vec<u8>>) -> Result<Answer> {
        self.ask(path, Method::Post(body))
    }

    pub(super) fn delete(&mut self, path: &str) -> Result<Answer> {
        self.ask(path, Method::Delete)
    }

    fn ask(&mut self, path: &str, how: Method) -> Result<Answer> {
        self.requests += 1;
        let address = format!("{}{path}", self.root);
        let answer = self.fetch.ask(&address, how, self.login.as_deref())?;
        self.bytes += u64::try_from(answer.body.len()).unwrap_or(u64::MAX);
        Ok(answer)
    }
}
