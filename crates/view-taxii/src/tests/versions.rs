//! `collections/{id}/objects/{object}/versions/`

use http::StatusCode;
use serde_json::json;

use super::fixture::{CYBER, made};
use super::{TAXII, Who, World, cyber};

#[test]
fn versions_are_listed_in_the_order_of_release_with_pages() {
    let world = World::new();
    let months = ["03", "01", "02"].map(|month| format!("2024-{month}-01T00:00:00.000Z"));
    for modified in &months {
        world.release(&[made("tool", 1, modified)], &["POL"], CYBER);
    }
    let path = cyber("objects/tool--00000000-0000-4000-8000-000000000001/versions/");
    let reply = world.get(Who::Pol, &path);
    assert_eq!(reply.json(), json!({ "versions": months }));
    assert_eq!(reply.header("content-type"), TAXII);
    assert_eq!(reply.header("x-taxii-date-added-last"), "2024-05-01T00:00:00.000002Z");
    let page = world.get(Who::Pol, &format!("{path}?limit=2"));
    assert_eq!(page.json()["versions"], json!(months[..2]));
    let next = page.next().unwrap();
    let rest = world.get(Who::Pol, &format!("{path}?limit=2&next={next}"));
    assert_eq!(rest.json(), json!({ "versions": months[2..] }));
}

#[test]
fn versions_of_what_is_not_yours_are_not_found() {
    let world = World::new();
    world.release(&[made("tool", 1, "2024-01-01T00:00:00Z")], &["POL"], CYBER);
    let path = cyber("objects/tool--00000000-0000-4000-8000-000000000001/versions/");
    let hidden = world.get(Who::Usa, &path);
    let absent = world.get(Who::Usa, &path.replace("0001/", "0002/"));
    assert_eq!((hidden.status, &hidden.body), (StatusCode::NOT_FOUND, &absent.body));
    let old = world.get(Who::Pol, &format!("{path}?match[spec_version]=2.0"));
    assert_eq!(old.status, StatusCode::NOT_FOUND);
}
