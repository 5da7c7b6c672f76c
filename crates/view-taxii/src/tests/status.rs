//! Adding objects, and `status/{id}/`.

use std::io::Write as _;

use axum::body::Body;
use entente_release::partner::Authenticated;
use entente_view_taxii::Scope;
use entente_view_taxii::limits::BODY_BYTES_MAX;
use http::{StatusCode, header};
use serde_json::json;

use super::fixture::{CYBER, made};
use super::{Reply, TAXII, Who, World, cyber, indicators, request};

const V1: &str = "2024-01-01T00:00:00.000Z";

fn envelope(objects: &[super::Made]) -> String {
    let texts: Vec<_> = objects.iter().map(|one| String::from_utf8_lossy(&one.bytes)).collect();
    format!("{{\"objects\":[{}]}}", texts.join(","))
}

fn coded(world: &World, coding: &str, body: Vec<u8>) -> Reply {
    let mut request = request(Who::Pol, "POST", &cyber("objects/"));
    request.headers_mut().insert(header::CONTENT_ENCODING, coding.parse().unwrap());
    *request.body_mut() = Body::from(body);
    world.ask(request)
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn what_became_of_each_object_is_said_and_can_be_asked_for_by_the_sender_alone() {
    let world = World::new();
    let mine = made("tool", 1, V1);
    world.release(&[made("tool", 2, V1)], &["POL"], CYBER);
    let body = envelope(&[mine.clone(), made("tool", 2, V1)]).replace("]}", ",{\"no\":1}]}");
    let reply = world.post(Who::Pol, &cyber("objects/"), body);
    assert_eq!((reply.status, reply.header("content-type")), (StatusCode::ACCEPTED, TAXII));
    let id = reply.json()["id"].as_str().unwrap().to_owned();
    assert_eq!(uuid::Uuid::parse_str(&id).unwrap().get_version_num(), 4);
    assert_eq!(
        reply.json(),
        json!({
            "id": id,
            "status": "complete",
            "request_timestamp": "2024-05-01T00:00:00.000000Z",
            "total_count": 3,
            "success_count": 1,
            "successes": [{"id": mine.id, "version": V1}],
            "failure_count": 2,
            "failures": [
                {
                    "id": "tool--00000000-0000-4000-8000-000000000002",
                    "version": V1,
                    "message": "another nation brought an object of this id",
                },
                {
                    "id": "objects[2]",
                    "version": "2024-05-01T00:00:00.000000Z",
                    "message": "it has no id or no version",
                },
            ],
            "pending_count": 0,
        })
    );
    let path = format!("/rok-nato/status/{id}/");
    assert_eq!(world.get(Who::Pol, &path).json(), reply.json());
    let hidden = world.get(Who::Usa, &path);
    let absent = world.get(Who::Usa, "/rok-nato/status/2d086da7-4bdc-4f91-900e-d77486753710/");
    assert_eq!((hidden.status, hidden.body), (StatusCode::NOT_FOUND, absent.body));
    assert_eq!(world.get(Who::Pol, "/rok-nato/status/none/").status, StatusCode::NOT_FOUND);
    assert_eq!(world.get(Who::Usa, &cyber("objects/")).ids(), [mine.id]);
}

#[test]
fn an_exact_copy_is_no_failure() {
    let world = World::new();
    for _ in 0..2 {
        let reply = world.post(Who::Pol, &cyber("objects/"), envelope(&indicators(2)));
        assert_eq!(reply.json()["success_count"], 2);
    }
    assert_eq!(world.get(Who::Pol, &cyber("objects/")).ids().len(), 2);
}

#[test]
fn who_may_not_write_is_told_before_the_body_is_read() {
    let world = World::new();
    let reply = world.post(Who::Usa, &cyber("objects/"), "nonsense");
    assert_eq!(reply.status, StatusCode::FORBIDDEN);
    assert_eq!(world.post(Who::Est, &super::arms("objects/"), "x").status, StatusCode::NOT_FOUND);
}

#[test]
fn bundles_and_compressed_bodies_are_taken() {
    let world = World::new();
    let bundle = envelope(&indicators(1)).replacen('{', "{\"type\":\"bundle\",\"id\":\"b\",", 1);
    let reply = world.post(Who::Pol, &cyber("objects/"), bundle);
    assert_eq!(reply.json()["success_count"], 1);
    let body = envelope(&indicators(50));
    assert_eq!(coded(&world, "gzip", gzip(body.as_bytes())).json()["success_count"], 50);
    let zstd = zstd::encode_all(body.as_bytes(), 3).unwrap();
    assert_eq!(coded(&world, "zstd", zstd).json()["success_count"], 50);
    assert_eq!(coded(&world, "br", vec![1]).status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
    assert_eq!(coded(&world, "gzip", body.into_bytes()).status, StatusCode::UNPROCESSABLE_ENTITY);
    let mut json = request(Who::Pol, "POST", &cyber("objects/"));
    json.headers_mut().insert(header::CONTENT_TYPE, "application/json".parse().unwrap());
    assert_eq!(world.ask(json).status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
}

#[test]
fn what_is_no_envelope_changes_nothing() {
    let world = World::new();
    let whole = envelope(&indicators(3));
    let one = String::from_utf8(indicators(1)[0].bytes.clone()).unwrap();
    let bad = [
        String::new(),
        "{}".to_owned(),
        "{\"objects\":[]}".to_owned(),
        "{\"more\":true}".to_owned(),
        "null".to_owned(),
        "nonsense".to_owned(),
        one.clone(),
        format!("{one}\n{one}"),
        format!("[{one}]"),
        whole.replace("]}", ""),
        whole.replace("]}", "]"),
        whole.replace("]}", "]}{"),
        whole.replace("},{", "}{"),
        format!("\u{feff}{whole}"),
        "[".repeat(100_000),
        format!("{{\"objects\":{}", "[".repeat(100_000)),
    ];
    for body in bad {
        let reply = world.post(Who::Pol, &cyber("objects/"), body.clone());
        let shown: String = body.chars().take(60).collect();
        assert_eq!(reply.status, StatusCode::UNPROCESSABLE_ENTITY, "{shown}");
        reply.error();
    }
    assert_eq!(world.get(Who::Pol, &cyber("objects/")).body, b"{}");
}

#[test]
fn an_object_that_is_too_long_is_refused_alone() {
    let world = World::new();
    let long = format!("{{\"x\":\"{}\"}}", "x".repeat(1024 * 1024));
    let body = envelope(&indicators(2)).replace("},{", &format!("}},{long},{{"));
    let reply = world.post(Who::Pol, &cyber("objects/"), body).json();
    assert_eq!((&reply["success_count"], &reply["failure_count"]), (&json!(2), &json!(1)));
    assert_eq!(reply["failures"][0]["id"], "objects[1]");
}

#[test]
fn a_body_up_to_the_advertised_length_is_read_and_one_beyond_is_not() {
    let world = World::new();
    let most = usize::try_from(BODY_BYTES_MAX).unwrap();
    let mut body = envelope(&indicators(1));
    body.push_str(&" ".repeat(most - body.len()));
    let reply = world.post(Who::Pol, &cyber("objects/"), body.clone());
    assert_eq!(reply.status, StatusCode::ACCEPTED);
    body.push(' ');
    let reply = world.post(Who::Pol, &cyber("objects/"), body.clone());
    assert_eq!(reply.status, StatusCode::PAYLOAD_TOO_LARGE);
    reply.error();
    // With an honest header, before a byte of it is read.
    let mut honest = request(Who::Pol, "POST", &cyber("objects/"));
    honest.headers_mut().insert(header::CONTENT_LENGTH, body.len().into());
    assert_eq!(world.ask(honest).status, StatusCode::PAYLOAD_TOO_LARGE);
}

/// ATTACKS.md row 13.
#[test]
fn bombs_are_refused_as_not_processable() {
    let world = World::new();
    let zeros = vec![b' '; 60 * 1024 * 1024];
    let many = format!("{{\"objects\":[{}1]}}", "{\"a\":1},".repeat(200_000));
    let deep = format!("{{\"objects\":[{}]}}", "{\"a\":".repeat(1_000_000));
    let bombs = [
        ("gzip", gzip(&zeros)),
        ("zstd", zstd::encode_all(&*zeros, 19).unwrap()),
        ("gzip", gzip(&[b"{\"objects\":[{\"a\":\"", &*zeros].concat())),
        ("identity", many.clone().into_bytes()),
        ("gzip", gzip(many.as_bytes())),
        ("identity", deep.into_bytes()),
        ("gzip", gzip(&gzip(&zeros))),
    ];
    for (number, (coding, bomb)) in bombs.into_iter().enumerate() {
        let reply = coded(&world, coding, bomb);
        assert_eq!(reply.status, StatusCode::UNPROCESSABLE_ENTITY, "{number}");
    }
    assert_eq!(world.get(Who::Pol, &cyber("objects/")).body, b"{}");
}

#[test]
fn one_partner_has_two_bodies_under_way_at_most_and_the_others_are_not_held_up() {
    let folder = tempfile::tempdir().unwrap();
    let node = super::fixture::node(folder.path());
    let service = super::fixture::service(&node, folder.path().to_owned(), true);
    let app = crate::app(std::sync::Arc::clone(&service));
    let world = World { node, app, ..World::new() };
    let session = |code| crate::auth::Session {
        who: Authenticated::Password(super::fixture::nation(code)),
        scope: Scope::ALL,
    };
    let poland = service.admit(&session("POL")).unwrap();
    let places = [service.submission(&poland).unwrap(), service.submission(&poland).unwrap()];
    let reply = world.post(Who::Pol, &cyber("objects/"), envelope(&indicators(1)));
    assert_eq!((reply.status.as_u16(), reply.header("retry-after")), (429, "1"));
    assert!(service.submission(&service.admit(&session("USA")).unwrap()).is_ok());
    drop(places);
    let reply = world.post(Who::Pol, &cyber("objects/"), envelope(&indicators(1)));
    assert_eq!(reply.status, StatusCode::ACCEPTED);
}
