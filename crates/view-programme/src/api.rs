//! The interface for this nation's own programs: JSON over HTTP, with a person's token.
//!
//! Invariants:
//! * Nobody gets anything without a token of a person of this nation whose role the route names.
//! * It says and shows what the commands do, by the same calls.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, RawQuery, State};
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{MethodRouter, get, post, put};
use axum::{Router, extract::DefaultBodyLimit};
use entente_cooperation::Picture;
use entente_cooperation::content::{Content, Proposal};
use entente_intake::{Desk, IntakeError, Saying, Told, meant};
use entente_object::limits::OBJECT_BYTES_MAX;
use entente_release::Nation;
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::openapi;
use crate::query::{
    AskedCommitments, AskedNotes, agreement_document, commitments, document, is_in, notes,
};
use crate::write::{To, about, label};

/// A person of this nation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// The name.
    pub name: String,
    /// What the person may do.
    pub roles: Vec<String>,
}

/// The node, as the interface needs it.
pub trait Office: Send + Sync + 'static {
    /// Whose token it is, if it counts now.
    fn person(&self, token: &str) -> Option<Person>;

    /// Does something at the desk, while nobody else of this process does.
    fn at_desk(&self, work: &mut dyn FnMut(&mut Desk));

    /// A random UUID, for a new object.
    fn uuid(&self) -> Uuid;
}

/// A parameter of a route.
pub struct Parameter {
    /// Its name.
    pub name: &'static str,
    /// `path` or `query`.
    pub place: &'static str,
    /// Its type in JSON Schema.
    pub kind: &'static str,
    /// What it is.
    pub says: &'static str,
}

/// A route.
pub struct Route {
    /// What it is called.
    pub name: &'static str,
    /// The method.
    pub method: &'static str,
    /// The path, parameters in braces.
    pub path: &'static str,
    /// What it does.
    pub summary: &'static str,
    /// Who may: one of these roles.
    pub roles: &'static [&'static str],
    /// Its parameters.
    pub parameters: &'static [Parameter],
    /// The schema of what is sent.
    pub body: Option<&'static str>,
}

const READERS: &[&str] =
    &["reader", "analyst", "releaser", "controller", "evaluator", "desk-officer"];
const WRITERS: &[&str] = &["analyst", "desk-officer"];

const fn query(name: &'static str, says: &'static str) -> Parameter {
    Parameter { name, place: "query", kind: "string", says }
}

const fn flag(name: &'static str, says: &'static str) -> Parameter {
    Parameter { name, place: "query", kind: "boolean", says }
}

const ID: Parameter = Parameter {
    name: "id",
    place: "path",
    kind: "string",
    says: "An id, or the beginning of its UUID.",
};

/// Every route.
pub const ROUTES: &[Route] = &[
    Route {
        name: "list",
        method: "GET",
        path: "/api/v1/objects",
        summary: "Lists what nations said, the newest version of each object.",
        roles: READERS,
        parameters: &[
            query("type", "Only this type, such as entente-consultation."),
            query("about", "Only about this part of a programme."),
            query("by", "Only what this nation said."),
        ],
        body: None,
    },
    Route {
        name: "show",
        method: "GET",
        path: "/api/v1/objects/{id}",
        summary: "Shows one object: its versions, what was said about it, how it stands.",
        roles: READERS,
        parameters: &[ID],
        body: None,
    },
    Route {
        name: "say",
        method: "POST",
        path: "/api/v1/objects",
        summary: "Says something new under a label.",
        roles: WRITERS,
        parameters: &[],
        body: Some("New"),
    },
    Route {
        name: "change",
        method: "PUT",
        path: "/api/v1/objects/{id}",
        summary: "Puts a newer version in place of one of this nation's objects.",
        roles: WRITERS,
        parameters: &[ID],
        body: Some("New"),
    },
    Route {
        name: "commitments",
        method: "GET",
        path: "/api/v1/commitments",
        summary: "Lists commitments, the one that is due next first.",
        roles: READERS,
        parameters: &[
            flag("ours", "Only what this nation promised."),
            flag("to_us", "Only what others promised to it."),
            flag("late", "Only what is late."),
            query("owner", "Only of this nation."),
            query("about", "Only about this part of a programme."),
        ],
        body: None,
    },
    Route {
        name: "notes",
        method: "GET",
        path: "/api/v1/notes",
        summary: "Lists working groups, activities, recognitions, needs, offers and judgements.",
        roles: READERS,
        parameters: &[
            query("about", "Only about this part of a programme."),
            query("kind", "Only this, such as recognition."),
            query("search", "Only with this text."),
        ],
        body: None,
    },
    Route {
        name: "faults",
        method: "GET",
        path: "/api/v1/faults",
        summary: "Lists versions of other nations' objects that may not follow those before.",
        roles: READERS,
        parameters: &[],
        body: None,
    },
];

/// The routes, with the description of them at `/api/v1/openapi.json`, which needs no token.
pub fn routes(office: Arc<dyn Office>) -> Router {
    let on = |method: &str, name: &'static str| -> MethodRouter<Arc<dyn Office>> {
        match method {
            "POST" => post(move |state, query, headers, body| {
                answer(name, None, state, (query, headers, body))
            }),
            "PUT" => put(move |state, path: Path<String>, query, headers, body| {
                answer(name, Some(path.0), state, (query, headers, body))
            }),
            _ => get(move |state, path: Option<Path<String>>, query, headers, body| {
                answer(name, path.map(|path| path.0), state, (query, headers, body))
            }),
        }
    };
    let mut router = Router::new();
    for route in ROUTES {
        router = router.route(route.path, on(route.method, route.name));
    }
    router
        .route("/api/v1/openapi.json", get(async || reply(StatusCode::OK, &openapi::document())))
        .layer(DefaultBodyLimit::max(OBJECT_BYTES_MAX + 64 * 1024))
        .with_state(office)
}

fn reply(status: StatusCode, value: &Value) -> Response {
    (status, [(CONTENT_TYPE, "application/json")], value.to_string()).into_response()
}

fn error(status: StatusCode, why: impl std::fmt::Display) -> Response {
    reply(status, &json!({ "error": why.to_string() }))
}

/// What was sent with a request.
type Sent = (RawQuery, HeaderMap, Bytes);

async fn answer(
    name: &'static str,
    id: Option<String>,
    State(office): State<Arc<dyn Office>>,
    (RawQuery(query), headers, body): Sent,
) -> Response {
    let Some(route) = ROUTES.iter().find(|route| route.name == name) else {
        return error(StatusCode::NOT_FOUND, "there is no such route");
    };
    let asked = Asked { name, id, query: parse(query.as_deref().unwrap_or_default()), body };
    let answered = tokio::task::spawn_blocking(move || {
        let token = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
        let token = token.and_then(|text| text.strip_prefix("Bearer "));
        let Some(person) = token.and_then(|token| office.person(token)) else {
            return error(
                StatusCode::UNAUTHORIZED,
                "send \"Authorization: Bearer TOKEN\"; `entente user token NAME` issues one",
            );
        };
        if !person.roles.iter().any(|role| route.roles.contains(&role.as_str())) {
            let roles = route.roles.join(", ");
            let why = format!("{} has none of the roles that may do this: {roles}", person.name);
            return error(StatusCode::FORBIDDEN, why);
        }
        let uuid = office.uuid();
        let mut answer = None;
        office.at_desk(&mut |desk| answer = Some(asked.at(desk, &person, uuid)));
        match answer {
            Some(Ok(value)) => reply(StatusCode::OK, &value),
            Some(Err((status, why))) => error(status, why),
            None => error(StatusCode::SERVICE_UNAVAILABLE, "the desk is not open"),
        }
    });
    answered.await.unwrap_or_else(|_| error(StatusCode::INTERNAL_SERVER_ERROR, "it failed"))
}

/// A query string's values by name.
fn parse(query: &str) -> Vec<(String, String)> {
    form_urlencoded::parse(query.as_bytes()).into_owned().collect()
}

/// What is asked.
struct Asked {
    name: &'static str,
    id: Option<String>,
    query: Vec<(String, String)>,
    body: Bytes,
}

/// What is sent to be said.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct New {
    content: Content,
    #[serde(default)]
    to: Option<To>,
    #[serde(default)]
    dry_run: bool,
}

type Answer = Result<Value, (StatusCode, String)>;

fn bad(why: impl std::fmt::Display) -> (StatusCode, String) {
    (StatusCode::BAD_REQUEST, why.to_string())
}

fn refused(cause: &IntakeError) -> (StatusCode, String) {
    let status = match cause {
        IntakeError::NoObject(_) => StatusCode::NOT_FOUND,
        IntakeError::NotOurs { .. } => StatusCode::FORBIDDEN,
        IntakeError::Store(_) | IntakeError::Act { .. } => StatusCode::INTERNAL_SERVER_ERROR,
        IntakeError::Programme(_)
        | IntakeError::NoNode
        | IntakeError::NoPartner(_)
        | IntakeError::TooManyPartners
        | IntakeError::Revoked(_)
        | IntakeError::Suspended(_)
        | IntakeError::OutOfOrder { .. }
        | IntakeError::Step(_)
        | IntakeError::Assistance(_)
        | IntakeError::WrongSide(_)
        | IntakeError::Refused(_)
        | IntakeError::NoLabel
        | IntakeError::Ambiguous { .. }
        | IntakeError::Approval(_)
        | IntakeError::Feed(_)
        | IntakeError::FeedMoved(_) => StatusCode::BAD_REQUEST,
    };
    (status, cause.to_string())
}

impl Asked {
    fn text(&self, name: &str) -> Option<String> {
        let found = self.query.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.clone()).filter(|value| !value.is_empty())
    }

    fn is(&self, name: &str) -> bool {
        self.text(name).is_some_and(|value| value != "false")
    }

    fn at(&self, desk: &mut Desk, person: &Person, uuid: Uuid) -> Answer {
        match self.name {
            "say" | "change" => self.say(desk, person, uuid),
            name => {
                let (here, now) = (desk.here(), desk.now());
                let picture = desk.picture().map_err(|cause| refused(&cause))?;
                match name {
                    "list" => self.list(picture),
                    "show" => self.show(picture, now),
                    "commitments" => {
                        let owner = self.text("owner").map(|code| code.parse().map_err(bad));
                        let asked = AskedCommitments {
                            ours: self.is("ours"),
                            to_us: self.is("to_us"),
                            late: self.is("late"),
                            owner: owner.transpose()?,
                            about: self.text("about"),
                        };
                        let rows = commitments(picture, &asked, here, now);
                        Ok(rows.iter().map(|row| {
                            let mut document = document(row.filed);
                            document.insert("late".to_owned(), row.late.into());
                            Value::Object(document)
                        }).collect())
                    }
                    "notes" => {
                        let (about, kind) = (self.text("about"), self.text("kind"));
                        let asked = AskedNotes { about, kind, search: self.text("search") };
                        let found = notes(picture, &asked);
                        Ok(found.iter().map(|note| Value::Object(document(note.filed))).collect())
                    }
                    _ => Ok(picture.faults().iter().map(|fault| {
                        json!({ "id": fault.id, "by": fault.by.to_string(), "why": fault.why.to_string() })
                    }).collect()),
                }
            }
        }
    }

    fn list(&self, picture: &Picture) -> Answer {
        let by = self.text("by").map(|code| code.parse::<Nation>().map_err(bad)).transpose()?;
        let (object_type, part) = (self.text("type"), self.text("about"));
        let all = picture.objects().filter(|filed| {
            object_type.as_deref().is_none_or(|name| name == filed.content.type_name())
                && by.is_none_or(|by| by == filed.by)
                && part.as_deref().is_none_or(|part| {
                    about(&filed.content).is_some_and(|about| is_in(about, part))
                })
        });
        Ok(all.map(|filed| Value::Object(document(filed))).collect())
    }

    fn show(&self, picture: &Picture, now: entente_object::time::Timestamp) -> Answer {
        let id = self.id.as_deref().unwrap_or_default();
        let id = meant(picture, id).map_err(|cause| refused(&cause))?;
        let filed = picture.get(&id).ok_or_else(|| refused(&IntakeError::NoObject(id.clone())))?;
        let versions: Vec<String> =
            picture.versions(&id).iter().map(|one| one.modified.to_stix()).collect();
        let said: Vec<Value> =
            picture.about(&id).iter().map(|(one, _)| Value::Object(document(one))).collect();
        let mut shown = document(filed);
        shown.insert("versions".to_owned(), versions.into());
        shown.insert("said".to_owned(), said.into());
        if filed.says::<Proposal>().is_some()
            && let Some(found) = picture.agreement(&id, now)
        {
            shown.insert("agreement".to_owned(), agreement_document(&found));
        }
        Ok(Value::Object(shown))
    }

    fn say(&self, desk: &mut Desk, person: &Person, uuid: Uuid) -> Answer {
        let new: New = serde_json::from_slice(&self.body).map_err(bad)?;
        if matches!(new.content, Content::SignOff(_)) {
            return Err(bad("a sign-off needs its officer's key: `entente agree sign`"));
        }
        let id = match &self.id {
            None => None,
            Some(id) => {
                let picture = desk.picture().map_err(|cause| refused(&cause))?;
                Some(meant(picture, id).map_err(|cause| refused(&cause))?)
            }
        };
        let part = new.to.as_ref().and_then(|to| to.about.clone());
        let part = part.or_else(|| about(&new.content).map(str::to_owned));
        let to = match (&new.to, &id) {
            (None, Some(_)) => None,
            (to, _) => {
                let part =
                    part.ok_or_else(|| bad("say in \"to\" what of the programme it is about"))?;
                let to = to.clone().unwrap_or_default();
                Some(label(desk, &part, &to).map_err(bad)?)
            }
        };
        let author = Some(person.name.clone());
        let saying = Saying { id, content: new.content, label: to, author, uuid };
        let told = desk.say(&saying, new.dry_run).map_err(|cause| refused(&cause))?;
        Ok(told_document(&told, new.dry_run))
    }
}

/// What became of what was said.
fn told_document(told: &Told, dry_run: bool) -> Value {
    let codes =
        |nations: &[Nation]| -> Vec<String> { nations.iter().map(ToString::to_string).collect() };
    json!({
        "id": told.id, "label": told.label, "released": codes(&told.released),
        "held": codes(&told.held), "dry_run": dry_run,
    })
}
