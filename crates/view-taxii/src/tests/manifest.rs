//! `collections/{id}/manifest/`

use http::StatusCode;
use serde_json::json;

use super::fixture::{CYBER, made};
use super::{TAXII, Who, World, cyber, indicators};

#[test]
fn a_record_says_id_date_version_and_media_type() {
    let world = World::new();
    world.release(&[made("tool", 1, "2024-01-01T00:00:00.123456Z")], &["POL"], CYBER);
    let reply = world.get(Who::Pol, &cyber("manifest/"));
    assert_eq!(reply.header("content-type"), TAXII);
    assert_eq!(reply.header("x-taxii-date-added-first"), "2024-05-01T00:00:00.000000Z");
    assert_eq!(
        reply.json(),
        json!({"objects": [{
            "id": "tool--00000000-0000-4000-8000-000000000001",
            "date_added": "2024-05-01T00:00:00.000000Z",
            "version": "2024-01-01T00:00:00.123456Z",
            "media_type": "application/stix+json;version=2.1",
        }]})
    );
    assert_eq!(world.get(Who::Usa, &cyber("manifest/")).body, b"{}");
}

#[test]
fn manifest_and_objects_have_the_same_pages() {
    let world = World::new();
    world.release(&indicators(25), &["POL"], CYBER);
    for query in ["limit=10", "match[type]=indicator&limit=7", "match[version]=all&limit=1"] {
        let objects = world.get(Who::Pol, &cyber(&format!("objects/?{query}")));
        let manifest = world.get(Who::Pol, &cyber(&format!("manifest/?{query}")));
        assert_eq!(objects.ids(), manifest.ids());
        for name in ["x-taxii-date-added-first", "x-taxii-date-added-last"] {
            assert_eq!(objects.header(name), manifest.header(name));
        }
    }
}

#[test]
fn manifest_pages_have_a_next_that_works() {
    let world = World::new();
    let all = indicators(25);
    world.release(&all, &["POL"], CYBER);
    let mut reply = world.get(Who::Pol, &cyber("manifest/?limit=10"));
    let mut found = reply.ids();
    while let Some(next) = reply.next() {
        reply = world.get(Who::Pol, &cyber(&format!("manifest/?limit=10&next={next}")));
        found.extend(reply.ids());
    }
    assert_eq!(found, all.iter().map(|one| one.id.clone()).collect::<Vec<_>>());
    let of_objects = world.get(Who::Pol, &cyber("objects/?limit=10")).next().unwrap();
    let mixed = world.get(Who::Pol, &cyber(&format!("manifest/?limit=10&next={of_objects}")));
    assert_eq!(mixed.status, StatusCode::BAD_REQUEST);
}
