//! Discovery, the API root, and collections.

use http::{StatusCode, header};
use serde_json::json;

use super::fixture::{CYBER, account, nation, partner};
use super::{TAXII, Who, World, arms, cyber, request};
use entente_release::partner::Standing;
use entente_view_taxii::{OverTls, Scope};
use sha2::{Digest as _, Sha256};

#[test]
fn discovery_names_the_api_root_where_the_caller_reaches_it() {
    let world = World::new();
    let reply = world.get(Who::Usa, "/taxii2/");
    assert_eq!(reply.header("content-type"), TAXII);
    assert_eq!(
        reply.json(),
        json!({
            "title": "Korea",
            "description": "The ROK–NATO programme",
            "contact": "desk@example.kr",
            "default": "http://taxii.example.kr/rok-nato/",
            "api_roots": ["http://taxii.example.kr/rok-nato/"],
        })
    );
    let mut over_tls = request(Who::Usa, "GET", "/taxii2/");
    over_tls.extensions_mut().insert(OverTls);
    assert_eq!(world.ask(over_tls).json()["default"], "https://taxii.example.kr/rok-nato/");
    for host in ["a b", "user@host", "\"", ""] {
        let mut odd = request(Who::Usa, "GET", "/taxii2/");
        odd.headers_mut().insert(header::HOST, host.parse().unwrap());
        assert_eq!(world.ask(odd).json()["default"], "/rok-nato/", "{host}");
    }
}

#[test]
fn the_api_root_says_how_long_a_body_may_be() {
    let world = World::new();
    assert_eq!(
        world.get(Who::Pol, "/rok-nato/").json(),
        json!({
            "title": "Korea",
            "description": "The ROK–NATO programme",
            "versions": ["application/taxii+json;version=2.1"],
            "max_content_length": 10_485_760,
        })
    );
}

#[test]
fn each_partner_sees_the_collections_that_it_may_know_of() {
    let world = World::new();
    assert_eq!(
        world.get(Who::Pol, "/rok-nato/collections/").json(),
        json!({"collections": [
            {
                "id": "4fa7af86-abe3-5ed6-9f4e-9c50b76f7cbd",
                "title": "Cyber defence",
                "description": "Threats to networks",
                "alias": "rok-nato-itpp-2023.cyber-defence",
                "can_read": true,
                "can_write": true,
                "media_types": ["application/stix+json;version=2.1"],
            },
            {
                "id": "72350b09-d220-5005-ac41-5c99bbcec234",
                "title": "Arms control",
                "alias": "rok-nato-itpp-2023.arms-control",
                "can_read": true,
                "can_write": false,
                "media_types": ["application/stix+json;version=2.1"],
            },
        ]})
    );
    let estonia = world.get(Who::Est, "/rok-nato/collections/").json();
    assert_eq!(estonia["collections"].as_array().unwrap().len(), 1);
    assert_eq!(estonia["collections"][0]["can_write"], false);
}

#[test]
fn a_collection_is_found_by_id_and_by_alias() {
    let world = World::new();
    let by_id = world.get(Who::Usa, &cyber(""));
    let by_alias = world.get(Who::Usa, "/rok-nato/collections/rok-nato-itpp-2023.cyber-defence/");
    assert_eq!((by_id.status, by_id.body), (StatusCode::OK, by_alias.body));
}

#[test]
fn a_collection_that_is_not_for_the_caller_is_as_one_that_is_not() {
    let world = World::new();
    for rest in ["", "objects/", "manifest/", "objects/x--1/", "objects/x--1/versions/"] {
        let hidden = world.get(Who::Est, &arms(rest));
        let absent = world.get(Who::Est, &arms(rest).replace("collections/", "collections/0"));
        assert_eq!(hidden.status, StatusCode::NOT_FOUND, "{rest}");
        assert_eq!((hidden.status, &hidden.headers, &hidden.body), {
            (absent.status, &absent.headers, &absent.body)
        });
    }
    let hidden = world.post(Who::Est, &arms("objects/"), "{}");
    let absent = world.post(Who::Est, "/rok-nato/collections/none/objects/", "{}");
    assert_eq!((hidden.status, hidden.body), (StatusCode::NOT_FOUND, absent.body));
}

#[test]
fn a_token_sees_what_its_scope_covers() {
    let world = World::new();
    let mut account = account("POL");
    account.scope = Scope { read: true, write: false, collections: Some(vec![CYBER.to_owned()]) };
    world.node.tokens.lock().unwrap().insert(Sha256::digest("t0ken").into(), account);
    let with = |method: &str, path: &str| {
        let mut request = request(Who::Stranger, method, path);
        request.headers_mut().insert(header::AUTHORIZATION, "Bearer t0ken".parse().unwrap());
        world.ask(request)
    };
    let seen = with("GET", "/rok-nato/collections/").json();
    assert_eq!(seen["collections"].as_array().unwrap().len(), 1);
    assert_eq!(seen["collections"][0]["can_write"], false);
    assert_eq!(with("GET", &cyber("objects/")).status, StatusCode::OK);
    assert_eq!(with("GET", &arms("objects/")).status, StatusCode::NOT_FOUND);
    assert_eq!(with("POST", &cyber("objects/")).status, StatusCode::FORBIDDEN);
}

#[test]
fn a_partner_that_is_not_admitted_gets_not_one_byte_more() {
    let world = World::new();
    world.release(&super::indicators(300), &["POL", "USA"], CYBER);
    assert_eq!(world.get(Who::Pol, &cyber("objects/")).status, StatusCode::OK);
    for standing in [Standing::Suspended, Standing::Revoked] {
        let gone = partner("POL", standing);
        world.node.partners.lock().unwrap().insert(nation("POL"), gone);
        for path in ["/taxii2/", "/rok-nato/", &cyber("objects/"), &cyber("manifest/")] {
            let reply = world.get(Who::Pol, path);
            assert_eq!(reply.status, StatusCode::FORBIDDEN, "{path}");
            assert!(reply.error().starts_with("This nation is not admitted"));
        }
    }
    world.node.partners.lock().unwrap().remove(&nation("POL"));
    assert_eq!(world.get(Who::Pol, &cyber("objects/")).status, StatusCode::FORBIDDEN);
    assert_eq!(world.get(Who::Usa, &cyber("objects/")).status, StatusCode::OK);
}
