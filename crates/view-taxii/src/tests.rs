//! The server asked as clients ask it, without a socket: every address as the owner of an object
//! (Poland, which may write), as another partner (the United States), and as a stranger.

mod auth;
mod collections;
mod fixture;
mod manifest;
mod object;
mod objects;
mod status;
mod traps;
mod twins;
mod versions;

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, Request, StatusCode, header};
use http_body_util::BodyExt as _;
use serde_json::Value;
use tower::ServiceExt as _;

use self::fixture::{ARMS, CYBER, Given, Made, Node, START, made, micros};
use entente_view_taxii::Collection;

pub(crate) const TAXII: &str = "application/taxii+json;version=2.1";

/// A node, its server, and a way to ask it.
struct World {
    node: Arc<Node>,
    app: Router,
    runtime: tokio::runtime::Runtime,
    _folder: tempfile::TempDir,
}

/// Who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Who {
    Pol,
    Usa,
    Est,
    Stranger,
}

struct Reply {
    status: StatusCode,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Reply {
    #[track_caller]
    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// The ids of the objects, in order.
    #[track_caller]
    fn ids(&self) -> Vec<String> {
        assert_eq!(self.status, StatusCode::OK, "{}", String::from_utf8_lossy(&self.body));
        let json = self.json();
        let objects = json["objects"].as_array().cloned().unwrap_or_default();
        objects.iter().map(|object| object["id"].as_str().unwrap().to_owned()).collect()
    }

    /// Of a page with this object or its versions: how many there are in it; 0 of an error.
    fn ids_or_versions(&self, id: &str) -> usize {
        let json: Value = serde_json::from_slice(&self.body).unwrap_or_default();
        let count = |name: &str| json[name].as_array().map_or(0, Vec::len);
        let named = String::from_utf8_lossy(&self.body).contains(id);
        count("versions").max(count("objects")).max(usize::from(named))
    }

    fn next(&self) -> Option<String> {
        let json = self.json();
        assert_eq!(json["more"].as_bool().unwrap_or(false), json["next"].is_string());
        json["next"].as_str().map(str::to_owned)
    }

    /// The error resource's title and description; checks that it is one.
    #[track_caller]
    fn error(&self) -> String {
        let json = self.json();
        assert_eq!(json["http_status"], self.status.as_str());
        assert_eq!(self.header("content-type"), TAXII);
        format!("{}: {}", json["title"].as_str().unwrap(), json["description"].as_str().unwrap())
    }
}

impl World {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let node = fixture::node(folder.path());
        let app = fixture::server(&node, folder.path().to_owned());
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        Self { node, app, runtime, _folder: folder }
    }

    /// Releases objects that Korea made, to `to`.
    fn release(&self, objects: &[Made], to: &[&str], under: &str) {
        let at = micros(START);
        let given = Given { by: "KOR", to, under, at };
        self.node.store.lock().unwrap().add(objects, given);
    }

    fn ask(&self, request: Request<Body>) -> Reply {
        self.runtime.block_on(async {
            let (parts, body) = self.app.clone().oneshot(request).await.unwrap().into_parts();
            let body = body.collect().await.unwrap().to_bytes().to_vec();
            Reply { status: parts.status, headers: parts.headers, body }
        })
    }

    fn get(&self, who: Who, path: &str) -> Reply {
        self.ask(request(who, "GET", path))
    }

    fn delete(&self, who: Who, path: &str) -> Reply {
        self.ask(request(who, "DELETE", path))
    }

    fn post(&self, who: Who, path: &str, body: impl Into<Vec<u8>>) -> Reply {
        let mut request = request(who, "POST", path);
        *request.body_mut() = Body::from(body.into());
        self.ask(request)
    }
}

fn request(who: Who, method: &str, path: &str) -> Request<Body> {
    let mut request = Request::builder()
        .method(method)
        .uri(path)
        .header(header::HOST, "taxii.example.kr")
        .header(header::ACCEPT, TAXII)
        .header(header::CONTENT_TYPE, TAXII);
    let user = match who {
        Who::Pol => "pol",
        Who::Usa => "usa",
        Who::Est => "est",
        Who::Stranger => return request.body(Body::empty()).unwrap(),
    };
    request = request.header(header::AUTHORIZATION, basic(user, &format!("secret-{user}")));
    request.body(Body::empty()).unwrap()
}

fn basic(user: &str, password: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{user}:{password}")))
}

/// The address of something in a collection.
fn at(under: &str, rest: &str) -> String {
    format!("/rok-nato/collections/{}/{rest}", Collection::new(under, "").id())
}

fn cyber(rest: &str) -> String {
    at(CYBER, rest)
}

fn arms(rest: &str) -> String {
    at(ARMS, rest)
}

/// `count` indicators, numbered from 1.
fn indicators(count: u64) -> Vec<Made> {
    (1..=count).map(|number| made("indicator", number, "2024-01-01T00:00:00.000Z")).collect()
}

/// Every address, with the methods that it has.
#[test]
fn strangers_get_the_same_401_everywhere() {
    let world = World::new();
    world.release(&indicators(1), &["POL"], CYBER);
    let id = &indicators(1)[0].id;
    let mut answers = Vec::new();
    for (method, path) in [
        ("GET", "/taxii2/".to_owned()),
        ("GET", "/rok-nato/".to_owned()),
        ("GET", "/rok-nato/status/2d086da7-4bdc-4f91-900e-d77486753710/".to_owned()),
        ("GET", "/rok-nato/collections/".to_owned()),
        ("GET", "/rok-nato/collections/none/".to_owned()),
        ("GET", cyber("")),
        ("GET", cyber("manifest/")),
        ("GET", cyber("objects/?limit=no")),
        ("POST", cyber("objects/")),
        ("GET", cyber(&format!("objects/{id}/"))),
        ("GET", cyber("objects/none/")),
        ("DELETE", cyber(&format!("objects/{id}/"))),
        ("GET", cyber(&format!("objects/{id}/versions/"))),
    ] {
        let reply = world.ask(request(Who::Stranger, method, &path));
        assert_eq!(reply.status, StatusCode::UNAUTHORIZED, "{method} {path}");
        let challenges: Vec<_> = reply.headers.get_all(header::WWW_AUTHENTICATE).iter().collect();
        assert_eq!(
            challenges,
            ["Basic realm=\"TAXII\", charset=\"UTF-8\"", "Bearer realm=\"TAXII\""]
        );
        answers.push(reply.error());
    }
    answers.dedup();
    assert_eq!(
        answers,
        [
            "Authentication is needed: present a client certificate, or send an Authorization header \
          with Basic or Bearer"
        ]
    );
}

#[test]
fn other_addresses_and_methods_are_taxii_errors() {
    let world = World::new();
    for path in ["/", "/taxii/", "/rok-nato/channels/", "/other/collections/", "//", "/%ff/"] {
        let reply = world.get(Who::Pol, path);
        assert_eq!(reply.status, StatusCode::NOT_FOUND, "{path}");
        assert_eq!(reply.error(), "Not found: there is no such thing, or not for you");
    }
    let reply = world.ask(request(Who::Pol, "PUT", &cyber("objects/")));
    assert_eq!(reply.status, StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(reply.header("allow"), "GET,HEAD,POST");
    reply.error();
    let reply = world.get(Who::Pol, "/rok-nato/collections/%ff%fe/objects/");
    assert_eq!(reply.status, StatusCode::NOT_FOUND);
    reply.error();
}

#[test]
fn an_address_without_its_slash_is_the_same() {
    let world = World::new();
    world.release(&indicators(2), &["POL"], CYBER);
    for path in ["/taxii2/", "/rok-nato/", "/rok-nato/collections/", &cyber(""), &cyber("objects/")]
    {
        let with = world.get(Who::Pol, path);
        let without = world.get(Who::Pol, path.trim_end_matches('/'));
        assert_eq!((with.status, &with.body), (StatusCode::OK, &without.body), "{path}");
    }
}

#[test]
fn head_is_get_without_the_body() {
    let world = World::new();
    world.release(&indicators(2), &["POL"], CYBER);
    let get = world.get(Who::Pol, &cyber("objects/"));
    let head = world.ask(request(Who::Pol, "HEAD", &cyber("objects/")));
    assert_eq!((head.status, head.body.len()), (StatusCode::OK, 0));
    assert_eq!(head.header("x-taxii-date-added-last"), get.header("x-taxii-date-added-last"));
    assert_eq!(head.header("content-length"), get.body.len().to_string());
}
