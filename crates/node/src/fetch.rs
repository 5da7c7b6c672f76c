//! An https address that the operator named, as a stream of bytes, or as an answer of a TAXII server.
//!
//! Invariants: this is the one place of the product that opens a connection to anybody (the demo
//! asks itself alone; tidy holds both); it connects to the address that was named and to no other,
//! since it follows no redirect; the server shows a certificate that the operator's roots vouch for;
//! whatever the server does, reading ends within the [`Budget`]. What is compressed stays so: `entente_object::read` inflates it within its limits.
//!
//! Out of scope: what the bytes are (`input`), what an answer means (`entente_view_taxii::client`).

use std::io::{self, Read};
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use entente_release::Released;
use entente_view_taxii::client::{Answer, MEDIA_TYPE};
use entente_view_taxii::limits::ANSWER_BYTES_MAX;
use ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig, parse_pem};
use ureq::{Agent, Timeout};

/// What a server may take of us.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Budget {
    /// How long it may take to look the name up, to connect, and to send the head of its answer;
    /// each. Three round trips by satellite are two seconds; a feed that is made on demand takes ten.
    pub(crate) answer: Duration,
    /// How long it may send nothing of the body.
    pub(crate) silence: Duration,
    /// How long all of it may take.
    pub(crate) whole: Duration,
    /// How many bytes the body may have, compressed as it comes.
    pub(crate) bytes: u64,
    /// What to do about a server that takes more.
    pub(crate) remedy: &'static str,
}

impl Budget {
    /// The budget of an import: five million objects of 800 bytes, at 10 Mbit/s within the hour.
    /// A slower or longer feed is saved by other means and imported as a file, of any size.
    pub(crate) const IMPORT: Self = Self {
        answer: Duration::from_secs(30),
        silence: Duration::from_secs(30),
        whole: Duration::from_hours(1),
        bytes: 4 * 1024 * 1024 * 1024,
        remedy: "save it by other means and import the file",
    };

    /// The budget of one request to a TAXII server: 10 MiB at 1 Mbit/s are 84 seconds.
    pub(crate) const PAGE: Self = Self {
        answer: Duration::from_secs(30),
        silence: Duration::from_secs(30),
        whole: Duration::from_mins(2),
        bytes: ANSWER_BYTES_MAX,
        remedy: "it is asked again later",
    };
}

/// The longest head of an answer; servers send 1 to 4 KiB.
const HEAD_BYTES_MAX: usize = 64 * 1024;

/// What is read of an answer that is no good: servers send a line or a page.
const REFUSAL_BYTES_MAX: u64 = 64 * 1024;

/// What is asked of a TAXII server. What is sent was released to whom it is sent to.
#[derive(Debug)]
pub(crate) enum Method {
    Get,
    Post(Released<Vec<u8>>),
    Delete,
}

/// How https addresses are fetched.
#[derive(Clone, Debug)]
pub(crate) struct Fetch {
    agent: Agent,
    budget: Budget,
}

impl Fetch {
    /// By the public roots, or by those of a PEM file alone.
    pub(crate) fn new(authority: Option<&Path>, budget: Budget) -> Result<Self> {
        let pem = authority.map(authority_of).transpose()?;
        Self::trusting(pem.as_deref(), budget)
    }

    /// By the public roots, or by those of a PEM text alone.
    pub(crate) fn trusting(authority: Option<&str>, budget: Budget) -> Result<Self> {
        let roots = match authority {
            None => RootCerts::WebPki,
            Some(pem) => RootCerts::from(certificates(pem)?),
        };
        let agent = Agent::config_builder()
            .https_only(true)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .http_status_as_error(false)
            .accept_encoding("gzip, zstd")
            .max_response_header_size(HEAD_BYTES_MAX)
            .max_idle_connections(0)
            .tls_config(TlsConfig::builder().root_certs(roots).build())
            .timeout_resolve(Some(budget.answer))
            .timeout_connect(Some(budget.answer))
            .timeout_recv_response(Some(budget.answer))
            .timeout_per_read(Some(budget.silence))
            .timeout_global(Some(budget.whole))
            .build()
            .new_agent();
        Ok(Self { agent, budget })
    }

    /// The body of what stands at the address.
    pub(crate) fn open(&self, address: &str) -> Result<Body> {
        let response = self.agent.get(address).call();
        let address = shown(address);
        let response = response.with_context(|| format!("{address} did not answer"))?;
        let (status, headers) = (response.status(), response.headers());
        if status.is_redirection() {
            let to = headers.get("location").and_then(|value| value.to_str().ok());
            let to = to.unwrap_or("nowhere");
            bail!("{address} sends on to {to}: name that address yourself if you trust it");
        }
        if status.as_u16() != 200 {
            bail!("{address} answered {status}");
        }
        // Of a body that lasts until the connection ends, whoever cuts the line chooses the end.
        if !["content-length", "transfer-encoding"].iter().any(|name| headers.contains_key(*name)) {
            bail!("{address} does not say where its answer ends; {}", self.budget.remedy);
        }
        let from = Box::new(response.into_body().into_reader());
        Ok(Body { from, budget: self.budget, left: self.budget.bytes })
    }

    /// What a TAXII server answers, whatever its status.
    pub(crate) fn ask(&self, address: &str, how: Method, login: Option<&str>) -> Result<Answer> {
        let response = match how {
            Method::Get | Method::Delete => {
                let request = match how {
                    Method::Delete => self.agent.delete(address),
                    Method::Get | Method::Post(_) => self.agent.get(address),
                };
                let request = request.header("Accept", MEDIA_TYPE);
                login.into_iter().fold(request, |r, login| r.header("Authorization", login)).call()
            }
            Method::Post(body) => {
                let request = self.agent.post(address).header("Accept", MEDIA_TYPE);
                let request = request.header("Content-Type", MEDIA_TYPE);
                let request =
                    login.into_iter().fold(request, |r, login| r.header("Authorization", login));
                request.send(body.into_bytes())
            }
        };
        // Cursors are long, and say nothing to people.
        let address = shown(address.split('?').next().unwrap_or_default());
        let response = response.with_context(|| format!("{address} did not answer"))?;
        let (head, body) = response.into_parts();
        let mut answer = Answer { status: head.status.as_u16(), ..Answer::default() };
        let from = Box::new(body.into_reader());
        if head.status.is_success() {
            let ends = ["content-length", "transfer-encoding"];
            let says = answer.status == 204 || ends.iter().any(|n| head.headers.contains_key(*n));
            if !says {
                bail!("{address} does not say where its answer ends; {}", self.budget.remedy);
            }
            let most = self.budget.bytes;
            let body = Body { from, budget: self.budget, left: most.saturating_add(1) };
            let read = body.take(most.saturating_add(1)).read_to_end(&mut answer.body);
            let read = read.with_context(|| format!("{address} was not read to the end"))?;
            answer.is_cut = u64::try_from(read).is_ok_and(|read| read > most);
        } else {
            // The status is what counts, whatever comes after it.
            let _cut = from.take(REFUSAL_BYTES_MAX).read_to_end(&mut answer.body);
        }
        answer.headers = head.headers;
        Ok(answer)
    }
}

/// An address without the login that may stand in it.
pub(crate) fn shown(address: &str) -> String {
    let Some((scheme, rest)) = address.split_once("://") else { return address.to_owned() };
    let host_ends = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let login_ends = rest.get(..host_ends).and_then(|host| host.rfind('@')).map_or(0, |at| at + 1);
    format!("{scheme}://{}", rest.get(login_ends..).unwrap_or_default())
}

/// The authorities in a file, as PEM.
pub(crate) fn authority_of(path: &Path) -> Result<String> {
    let shown = path.display();
    let text =
        std::fs::read_to_string(path).with_context(|| format!("{shown} could not be read"))?;
    certificates(&text).with_context(|| format!("{shown} is no good for --ca"))?;
    Ok(text)
}

fn certificates(pem: &str) -> Result<Vec<Certificate<'static>>> {
    let mut found: Vec<Certificate<'static>> = Vec::new();
    for item in parse_pem(pem.as_bytes()) {
        if let PemItem::Certificate(certificate) = item.context("it is no PEM")? {
            found.push(certificate);
        }
    }
    if found.is_empty() {
        bail!("it holds no certificate: --ca takes those of the authority, as PEM");
    }
    Ok(found)
}

/// A body, within its budget.
pub(crate) struct Body {
    from: Box<dyn Read + Send>,
    budget: Budget,
    left: u64,
}

impl Read for Body {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.from.read(buffer).map_err(|error| self.explained(error))?;
        let taken = u64::try_from(count).unwrap_or(u64::MAX);
        self.left = self.left.checked_sub(taken).ok_or_else(|| {
            let Budget { bytes, remedy, .. } = self.budget;
            io::Error::other(format!("it has more than {bytes} bytes; {remedy}"))
        })?;
        Ok(count)
    }
}

impl Body {
    /// The error, in words that say what to do if time is over.
    fn explained(&self, error: io::Error) -> io::Error {
        let cause = error.get_ref().and_then(|cause| cause.downcast_ref::<ureq::Error>());
        let why = match cause {
            Some(ureq::Error::Timeout(Timeout::PerRead)) => {
                format!("the server sent nothing for {} s", self.budget.silence.as_secs())
            }
            Some(ureq::Error::Timeout(_)) => {
                format!("it took longer than {} s", self.budget.whole.as_secs())
            }
            _ => return error,
        };
        io::Error::new(io::ErrorKind::TimedOut, format!("{why}; {}", self.budget.remedy))
    }
}

#[cfg(test)]
pub(crate) mod tests;
