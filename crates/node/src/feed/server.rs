//! A feed's server, within the budget of one run.
//!
//! Invariants: every address that is asked begins with the API root that the operator named; a run
//! asks so often, takes so many bytes and so long, and no more.

use std::time::{Duration, Instant};

use anyhow::Result;
use entente_release::Released;
use entente_view_taxii::client::Answer;
use entente_view_taxii::limits::{RUN_BYTES_MAX, RUN_REQUESTS_MAX, RUN_TIME};

use super::login::Login;
use crate::fetch::{Budget, Fetch, Method};

/// What one run may take.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// Of one request.
    pub(super) budget: Budget,
    /// How often the server is asked.
    pub(super) requests: u32,
    /// How many bytes it answers.
    pub(super) bytes: u64,
    /// How long it takes until the last request.
    pub(super) time: Duration,
    /// How long of it a run waits for a server that works on an envelope.
    pub(super) pending: Duration,
}

impl Limits {
    /// Those of every run.
    pub(super) const RUN: Self = Self {
        budget: Budget::PAGE,
        requests: RUN_REQUESTS_MAX,
        bytes: RUN_BYTES_MAX,
        time: RUN_TIME,
        pending: Duration::from_mins(1),
    };
}

/// A server that is asked.
pub(super) struct Server {
    fetch: Fetch,
    limits: Limits,
    root: String,
    login: Option<String>,
    requests: u32,
    bytes: u64,
    began: Instant,
}

impl Server {
    pub(super) fn new(
        root: &str,
        authority: Option<&str>,
        login: &Login,
        limits: Limits,
    ) -> Result<Self> {
        Ok(Self {
            fetch: Fetch::trusting(authority, limits.budget)?,
            limits,
            root: root.to_owned(),
            login: login.header(),
            requests: 0,
            bytes: 0,
            began: Instant::now(),
        })
    }

    /// Whether the budget is not spent yet.
    pub(super) fn has_budget(&self) -> bool {
        self.requests < self.limits.requests
            && self.bytes < self.limits.bytes
            && self.began.elapsed() < self.limits.time
    }

    /// What a run may take.
    pub(super) fn limits(&self) -> Limits {
        self.limits
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
