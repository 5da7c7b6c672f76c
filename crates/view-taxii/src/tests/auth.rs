//! Who is asking: passwords, tokens, certificates, and what goes wrong with them.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use entente_object::time::Timestamp;
use entente_view_taxii::limits::FAILURES_MAX;
use entente_view_taxii::{ClientCertificate, OverTls};
use http::{StatusCode, header};
use sha2::{Digest as _, Sha256};

use super::fixture::{account, hash};
use super::{Reply, Who, World, basic, request};

fn with(world: &World, authorization: &str) -> Reply {
    let mut request = request(Who::Stranger, "GET", "/rok-nato/");
    request.headers_mut().insert(header::AUTHORIZATION, authorization.parse().unwrap());
    world.ask(request)
}

#[test]
fn a_password_is_hashed_once_and_then_known() {
    let world = World::new();
    for _ in 0..50 {
        assert_eq!(world.get(Who::Pol, "/rok-nato/").status, StatusCode::OK);
    }
    assert_eq!(world.node.hashed.load(Ordering::SeqCst), 1);
    let start = Instant::now();
    for _ in 0..200 {
        world.get(Who::Pol, "/rok-nato/");
    }
    // A hash as accounts have it takes 20 ms: 200 of them would be four seconds.
    assert!(start.elapsed() < Duration::from_secs(1), "{:?}", start.elapsed());
}

#[test]
fn what_is_known_of_a_password_is_forgotten_when_credentials_change_and_in_time() {
    let world = World::new();
    assert_eq!(world.get(Who::Pol, "/rok-nato/").status, StatusCode::OK);
    let changed = (hash("another"), account("POL"));
    world.node.passwords.lock().unwrap().insert("pol".to_owned(), changed);
    world.node.version.fetch_add(1, Ordering::SeqCst);
    assert_eq!(world.get(Who::Pol, "/rok-nato/").status, StatusCode::UNAUTHORIZED);
    assert_eq!(with(&world, &basic("pol", "another")).status, StatusCode::OK);
    let before = world.node.hashed.load(Ordering::SeqCst);
    world.node.clock.advance(Duration::from_secs(299));
    assert_eq!(with(&world, &basic("pol", "another")).status, StatusCode::OK);
    assert_eq!(world.node.hashed.load(Ordering::SeqCst), before);
    world.node.clock.advance(Duration::from_secs(1));
    assert_eq!(with(&world, &basic("pol", "another")).status, StatusCode::OK);
    assert_eq!(world.node.hashed.load(Ordering::SeqCst), before + 1);
}

#[test]
fn wrong_credentials_of_every_kind_answer_alike() {
    let world = World::new();
    let wrong = with(&world, &basic("pol", "wrong"));
    assert_eq!(
        wrong.error(),
        "Authentication is needed: the user name, password, token or certificate is wrong, or has \
         expired"
    );
    for authorization in [
        basic("nobody", "wrong").as_str(),
        &basic("pol", ""),
        &basic("", ""),
        "Basic !!!",
        "Basic cG9s",
        "Basic /w==",
        "Basic ",
        "Basic",
        "Bearer nothing",
        "Token nothing",
        &format!("Bearer {}", "x".repeat(5000)),
    ] {
        let reply = with(&world, authorization);
        assert_eq!((reply.status, &reply.headers), (wrong.status, &wrong.headers));
        assert_eq!(reply.body, wrong.body, "{authorization}");
    }
    let mut twice = request(Who::Pol, "GET", "/rok-nato/");
    let more = basic("usa", "secret-usa").parse().unwrap();
    twice.headers_mut().append(header::AUTHORIZATION, more);
    assert_eq!(world.ask(twice).status, StatusCode::UNAUTHORIZED);
    assert_eq!(with(&world, "Digest x").status, StatusCode::UNAUTHORIZED);
}

#[test]
fn guessing_is_stopped_and_those_who_are_in_stay_in() {
    let world = World::new();
    assert_eq!(world.get(Who::Pol, "/rok-nato/").status, StatusCode::OK);
    for _ in 0..FAILURES_MAX {
        assert_eq!(with(&world, &basic("pol", "guess")).status, StatusCode::UNAUTHORIZED);
    }
    let hashed = world.node.hashed.load(Ordering::SeqCst);
    let stopped = with(&world, &basic("pol", "guess"));
    assert_eq!(stopped.status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(stopped.header("retry-after"), "300");
    assert_eq!(world.node.hashed.load(Ordering::SeqCst), hashed);
    assert_eq!(world.get(Who::Pol, "/rok-nato/").status, StatusCode::OK);
    assert_eq!(world.get(Who::Usa, "/rok-nato/").status, StatusCode::OK);
    world.node.clock.advance(Duration::from_mins(5));
    assert_eq!(with(&world, &basic("pol", "guess")).status, StatusCode::UNAUTHORIZED);
}

#[test]
fn tokens_are_known_by_their_hash_and_expire() {
    let world = World::new();
    let mut account = account("POL");
    account.expires = Some(Timestamp::parse("2024-05-01T00:01:00Z").unwrap());
    world.node.tokens.lock().unwrap().insert(Sha256::digest("t0ken").into(), account);
    for scheme in ["Bearer t0ken", "bearer t0ken", "Token t0ken"] {
        assert_eq!(with(&world, scheme).status, StatusCode::OK, "{scheme}");
    }
    world.node.clock.advance(Duration::from_mins(1));
    assert_eq!(with(&world, "Bearer t0ken").status, StatusCode::UNAUTHORIZED);
}

#[test]
fn a_pinned_certificate_is_enough_and_another_nations_password_beside_it_is_not() {
    let world = World::new();
    let certificate = ClientCertificate { sha256: [7; 32], der: Arc::new([1, 2, 3]) };
    let ask = |who| {
        let mut request = request(who, "GET", "/rok-nato/");
        request.extensions_mut().insert(certificate.clone());
        request.extensions_mut().insert(OverTls);
        world.ask(request).status
    };
    assert_eq!(ask(Who::Stranger), StatusCode::UNAUTHORIZED);
    world.node.certificates.lock().unwrap().insert([7; 32], account("POL"));
    assert_eq!(ask(Who::Stranger), StatusCode::OK);
    assert_eq!(ask(Who::Pol), StatusCode::OK);
    assert_eq!(ask(Who::Usa), StatusCode::UNAUTHORIZED);
}

#[test]
fn passwords_and_tokens_are_refused_in_clear_unless_the_operator_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let node = super::fixture::node(folder.path());
    let app = super::fixture::server_in_clear(&node, folder.path().to_owned(), false);
    let world = World { node, app, ..World::new() };
    assert_eq!(
        world.get(Who::Pol, "/rok-nato/").error(),
        "Authentication is needed: passwords and tokens are accepted over https only"
    );
    let mut over_tls = request(Who::Pol, "GET", "/rok-nato/");
    over_tls.extensions_mut().insert(OverTls);
    assert_eq!(world.ask(over_tls).status, StatusCode::OK);
}
