//! Errors as TAXII error resources (§3.6.1), converted here and nowhere else.
//!
//! Invariants:
//! * What is not there and what the caller may not know of are one variant with one text.
//! * A text says what is wrong, where, and what to do; this node's own faults go to the log, once,
//!   and their cause never to the caller.

use axum::response::{IntoResponse, Response};
use entente_release::decide::Reason;
use entente_store::StoreError;
use http::header::{self, HeaderValue};
use http::{HeaderMap, StatusCode};
use serde::Serialize;

use crate::doors::InboxError;
use crate::media::TAXII;

/// Why a request is not answered as asked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TaxiiError {
    #[error("a parameter is malformed: {parameter}: {what}")]
    BadQuery { parameter: String, what: String },
    #[error("not authenticated: {0}")]
    NotAuthenticated(&'static str),
    #[error("too many failed logins")]
    TooManyFailures,
    #[error("not admitted: {0}")]
    NotAdmitted(Reason),
    #[error("no partner of this node")]
    NoPartner,
    #[error("not allowed: {0}")]
    Forbidden(String),
    #[error("not found")]
    NotFound,
    #[error("the method is not allowed here")]
    MethodNotAllowed,
    #[error("no acceptable media type")]
    NotAcceptable,
    #[error("the body took too long")]
    TooSlow,
    #[error("the body is too large")]
    TooLarge,
    #[error("unsupported: {0}")]
    UnsupportedMedia(String),
    #[error("not processable: {0}")]
    Unprocessable(String),
    #[error("too many requests of this partner at once")]
    TooMany,
    #[error("not now: {0}")]
    Unavailable(String),
    #[error("this node failed: {0}")]
    Failed(String),
}

/// The error resource.
#[derive(Serialize)]
struct Resource<'a> {
    title: &'a str,
    description: &'a str,
    http_status: &'a str,
}

impl TaxiiError {
    /// A parameter that is malformed: what is wrong, and what to do.
    pub(crate) fn query(parameter: &str, what: impl Into<String>) -> Self {
        Self::BadQuery { parameter: parameter.chars().take(64).collect(), what: what.into() }
    }

    fn status(&self) -> StatusCode {
        match self {
            Self::BadQuery { .. } => StatusCode::BAD_REQUEST,
            Self::NotAuthenticated(_) => StatusCode::UNAUTHORIZED,
            Self::TooManyFailures | Self::TooMany => StatusCode::TOO_MANY_REQUESTS,
            Self::NotAdmitted(_) | Self::NoPartner | Self::Forbidden(_) => StatusCode::FORBIDDEN,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::NotAcceptable => StatusCode::NOT_ACCEPTABLE,
            Self::TooSlow => StatusCode::REQUEST_TIMEOUT,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::UnsupportedMedia(_) => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::Unprocessable(_) => StatusCode::UNPROCESSABLE_ENTITY,
            Self::Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
            Self::Failed(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    fn title(&self) -> &'static str {
        match self {
            Self::BadQuery { .. } => "A parameter of the request is malformed",
            Self::NotAuthenticated(_) => "Authentication is needed",
            Self::TooManyFailures => "Too many failed logins",
            Self::NotAdmitted(_) | Self::NoPartner => "This nation is not admitted",
            Self::Forbidden(_) => "Not allowed",
            Self::NotFound => "Not found",
            Self::MethodNotAllowed => "Not a method of this address",
            Self::NotAcceptable => "No acceptable media type",
            Self::TooSlow => "The body took too long",
            Self::TooLarge => "The body is too large",
            Self::UnsupportedMedia(_) => "The body's media type is not supported",
            Self::Unprocessable(_) => "The body cannot be processed",
            Self::TooMany => "Too many requests at once",
            Self::Unavailable(_) => "Not available at the moment",
            Self::Failed(_) => "The server failed",
        }
    }

    fn description(&self) -> String {
        match self {
            Self::BadQuery { parameter, what } => format!("{parameter}: {what}"),
            Self::NotAuthenticated(what) => (*what).to_owned(),
            Self::TooManyFailures => {
                "the logins of this user failed too often; wait five minutes".to_owned()
            }
            Self::NotAdmitted(_) | Self::NoPartner => {
                "this nation's access is suspended, revoked or not current; ask the contact that \
                 /taxii2/ names"
                    .to_owned()
            }
            Self::NotFound => "there is no such thing, or not for you".to_owned(),
            Self::MethodNotAllowed => {
                "the Allow header lists the methods of this address".to_owned()
            }
            Self::NotAcceptable => format!("send Accept: {TAXII}"),
            Self::TooSlow => "the body did not arrive within a minute; send it in parts".to_owned(),
            Self::TooLarge => {
                "the body is longer than the API root's max_content_length; send it in parts, or \
                 compressed with gzip or zstd"
                    .to_owned()
            }
            Self::Forbidden(what) | Self::UnsupportedMedia(what) | Self::Unprocessable(what) => {
                what.clone()
            }
            Self::TooMany => {
                "other requests of this nation are still under way; wait for them".to_owned()
            }
            Self::Unavailable(_) => "nothing was changed; repeat the request later".to_owned(),
            Self::Failed(_) => {
                "nothing that was asked is at fault; the operator's log has the cause".to_owned()
            }
        }
    }

    fn headers(&self, headers: &mut HeaderMap) {
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(TAXII));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if matches!(self, Self::NotAuthenticated(_)) {
            for challenge in ["Basic realm=\"TAXII\", charset=\"UTF-8\"", "Bearer realm=\"TAXII\""]
            {
                headers.append(header::WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
            }
        }
        let wait = match self.status() {
            _ if matches!(self, Self::TooManyFailures) => Some("300"),
            StatusCode::TOO_MANY_REQUESTS => Some("1"),
            StatusCode::SERVICE_UNAVAILABLE => Some("10"),
            _ => None,
        };
        headers.extend(wait.map(|wait| (header::RETRY_AFTER, HeaderValue::from_static(wait))));
    }
}

impl IntoResponse for TaxiiError {
    fn into_response(self) -> Response {
        if let Self::Failed(cause) | Self::Unavailable(cause) = &self {
            tracing::error!(cause, "a TAXII request failed");
        }
        if let Self::NotAdmitted(reason) = &self {
            tracing::warn!(%reason, "a partner was not admitted");
        }
        let status = self.status();
        let resource = Resource {
            title: self.title(),
            description: &self.description(),
            http_status: status.as_str(),
        };
        let body = serde_json::to_vec(&resource).unwrap_or_default();
        let mut response = (status, body).into_response();
        self.headers(response.headers_mut());
        response
    }
}

impl From<StoreError> for TaxiiError {
    fn from(cause: StoreError) -> Self {
        if matches!(cause, StoreError::Busy | StoreError::DiskFull) {
            Self::Unavailable(cause.to_string())
        } else {
            Self::Failed(with_sources(&cause))
        }
    }
}

impl From<InboxError> for TaxiiError {
    fn from(cause: InboxError) -> Self {
        match cause {
            InboxError::NotAllowed(why) => Self::Forbidden(why),
            InboxError::NotYours => Self::Forbidden(
                "another nation brought this object, and only that nation can withdraw it".into(),
            ),
            InboxError::Unprocessable(why) => Self::Unprocessable(why),
            InboxError::Unavailable(why) => Self::Unavailable(why),
            InboxError::Failed(why) => Self::Failed(why),
        }
    }
}

impl From<tokio::task::JoinError> for TaxiiError {
    fn from(cause: tokio::task::JoinError) -> Self {
        Self::Failed(cause.to_string())
    }
}

/// An error and what caused it, for the log.
fn with_sources(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt as _;

    use super::*;

    #[tokio::test]
    async fn the_cause_of_a_failure_stays_here() {
        for error in [
            TaxiiError::from(StoreError::Dangling("canary")),
            InboxError::Failed("canary".to_owned()).into(),
            InboxError::Unavailable("canary".to_owned()).into(),
        ] {
            let response = error.into_response();
            let server_error = response.status().is_server_error();
            let body = response.into_body().collect().await.unwrap().to_bytes();
            assert!(server_error && !String::from_utf8_lossy(&body).contains("canary"));
        }
    }
}
