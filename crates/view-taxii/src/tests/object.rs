//! `collections/{id}/objects/{object}/`, read and deleted.

use http::{StatusCode, header};
use sha2::{Digest as _, Sha256};

use super::fixture::{CYBER, account, made};
use super::{Made, Reply, Who, World, cyber, request};
use entente_view_taxii::Scope;

const V1: &str = "2024-01-01T00:00:00.000Z";
const V2: &str = "2024-02-01T00:00:00.000Z";

fn of(object: &Made, rest: &str) -> String {
    cyber(&format!("objects/{}/{rest}", object.id))
}

/// An object that Poland sent, in two versions.
fn sent(world: &World) -> Made {
    for version in [V1, V2] {
        let bytes = String::from_utf8(made("tool", 1, version).bytes).unwrap();
        let reply = world.post(Who::Pol, &cyber("objects/"), format!("{{\"objects\":[{bytes}]}}"));
        assert_eq!(reply.json()["success_count"], 1);
    }
    made("tool", 1, V2)
}

fn modified(reply: &Reply) -> Vec<String> {
    let json = reply.json();
    let objects = json["objects"].as_array().cloned().unwrap_or_default();
    objects.iter().map(|object| object["modified"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn an_object_is_its_last_version_or_those_asked_for() {
    let world = World::new();
    let tool = sent(&world);
    assert_eq!(modified(&world.get(Who::Usa, &of(&tool, ""))), [V2]);
    assert_eq!(modified(&world.get(Who::Usa, &of(&tool, "?match[version]=all"))), [V1, V2]);
    assert_eq!(modified(&world.get(Who::Usa, &of(&tool, "?match[version]=first"))), [V1]);
    let page = world.get(Who::Usa, &of(&tool, "?match[version]=all&limit=1"));
    assert_eq!(modified(&page), [V1]);
    let next = page.next().unwrap();
    let rest = world.get(Who::Usa, &of(&tool, &format!("?match[version]=all&limit=1&next={next}")));
    assert_eq!((modified(&rest), rest.next()), (vec![V2.to_owned()], None));
}

#[test]
fn what_is_not_there_not_yours_or_not_of_that_version_is_not_found_alike() {
    let world = World::new();
    let secret = made("tool", 1, V1);
    world.release(std::slice::from_ref(&secret), &["POL"], CYBER);
    let absent = world.get(Who::Usa, &of(&made("tool", 2, V1), ""));
    assert_eq!(absent.status, StatusCode::NOT_FOUND);
    for path in [
        of(&secret, ""),
        of(&secret, "?match[version]=all"),
        of(&secret, "?match[spec_version]=2.0"),
        of(&made("indicator", 1, V1), ""),
        cyber("objects/tool/"),
        cyber("objects/TOOL--00000000-0000-4000-8000-000000000001/"),
    ] {
        let reply = world.get(Who::Usa, &path);
        assert_eq!((reply.status, &reply.headers), (absent.status, &absent.headers), "{path}");
        assert_eq!(reply.body, absent.body);
        assert_eq!(world.delete(Who::Usa, &path).status, StatusCode::FORBIDDEN);
    }
    let old = of(&secret, "?match[version]=2020-01-01T00:00:00Z");
    assert_eq!(world.get(Who::Pol, &old).status, StatusCode::NOT_FOUND);
    assert_eq!(world.get(Who::Pol, &of(&made("indicator", 1, V1), "")).status, 404);
}

#[test]
fn an_object_that_is_there_and_was_not_added_since_is_an_empty_page() {
    let world = World::new();
    let tool = made("tool", 1, V1);
    world.release(std::slice::from_ref(&tool), &["POL"], CYBER);
    let reply = world.get(Who::Pol, &of(&tool, "?added_after=2024-05-01T00:00:00Z"));
    assert_eq!((reply.status, &reply.body), (StatusCode::OK, &b"{}".to_vec()));
}

#[test]
fn what_was_deleted_is_gone_for_everybody_and_from_every_address() {
    let world = World::new();
    let tool = sent(&world);
    let reply = world.delete(Who::Pol, &of(&tool, ""));
    assert_eq!((reply.status, reply.body.len()), (StatusCode::OK, 0));
    for who in [Who::Pol, Who::Usa] {
        assert_eq!(world.get(who, &of(&tool, "?match[version]=all")).status, 404);
        assert_eq!(world.get(who, &of(&tool, "versions/")).status, 404);
        assert_eq!(world.get(who, &cyber("objects/?match[version]=all")).body, b"{}");
        assert_eq!(world.get(who, &cyber("manifest/?match[version]=all")).body, b"{}");
    }
    assert_eq!(world.delete(Who::Pol, &of(&tool, "")).status, StatusCode::NOT_FOUND);
}

/// §5.6 against §5.7: the version that was deleted is not found, the others are.
#[test]
fn deleting_one_version_leaves_the_others() {
    let world = World::new();
    let tool = sent(&world);
    let first = format!("?match[version]={V1}");
    assert_eq!(world.delete(Who::Pol, &of(&tool, &first)).status, StatusCode::OK);
    assert_eq!(world.get(Who::Usa, &of(&tool, &first)).status, StatusCode::NOT_FOUND);
    assert_eq!(modified(&world.get(Who::Usa, &of(&tool, ""))), [V2]);
    assert_eq!(modified(&world.get(Who::Usa, &of(&tool, "?match[version]=all"))), [V2]);
    assert_eq!(world.get(Who::Usa, &of(&tool, "versions/")).json()["versions"][0], V2);
}

#[test]
fn only_the_nation_that_brought_an_object_deletes_it() {
    let world = World::new();
    let korean = made("tool", 1, V1);
    world.release(std::slice::from_ref(&korean), &["POL", "USA"], CYBER);
    let reply = world.delete(Who::Pol, &of(&korean, ""));
    assert_eq!(reply.status, StatusCode::FORBIDDEN);
    assert!(reply.error().contains("another nation brought this object"));
    assert_eq!(world.delete(Who::Usa, &of(&korean, "")).status, StatusCode::FORBIDDEN);
    assert_eq!(world.delete(Who::Est, &super::arms("objects/x/")).status, StatusCode::NOT_FOUND);
    assert_eq!(modified(&world.get(Who::Usa, &of(&korean, ""))), [V1]);
}

/// The table of §5.7.
#[test]
fn deleting_needs_reading_and_writing() {
    let world = World::new();
    let tool = sent(&world);
    for (read, write, status) in [(false, false, 404), (true, false, 403), (false, true, 403)] {
        let mut account = account("POL");
        account.scope = Scope { read, write, collections: None };
        world.node.tokens.lock().unwrap().insert(Sha256::digest("t0ken").into(), account);
        let with = |method: &str| {
            let mut request = request(Who::Stranger, method, &of(&tool, ""));
            request.headers_mut().insert(header::AUTHORIZATION, "Bearer t0ken".parse().unwrap());
            world.ask(request).status
        };
        assert_eq!(with("DELETE"), status, "{read} {write}");
        assert_eq!(with("GET"), if read { 200 } else { 403 });
    }
}
