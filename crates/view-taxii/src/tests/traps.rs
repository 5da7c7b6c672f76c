//! What servers in use get wrong, each by its name.

use std::sync::{Arc, Mutex};

use entente_release::partner::Standing;
use http::{StatusCode, header};

use super::fixture::{ARMS, CYBER, Made, made, micros};
use super::{TAXII, Who, World, arms, cyber, indicators, request};

const V1: &str = "2024-01-01T00:00:00.000Z";

#[test]
fn a_next_does_not_work_in_another_collection_for_another_partner_or_with_other_filters() {
    let world = World::new();
    world.release(&indicators(30), &["POL", "USA"], CYBER);
    let arms_too: Vec<Made> = (100..130).map(|number| made("tool", number, V1)).collect();
    world.release(&arms_too, &["POL", "USA"], ARMS);
    let next = world.get(Who::Pol, &cyber("objects/?limit=10")).next().unwrap();
    for (who, path) in [
        (Who::Pol, arms(&format!("objects/?limit=10&next={next}"))),
        (Who::Usa, cyber(&format!("objects/?limit=10&next={next}"))),
        (Who::Pol, cyber(&format!("objects/?limit=10&match[type]=indicator&next={next}"))),
        (Who::Pol, cyber(&format!("objects/?added_after=2020-01-01T00:00:00Z&next={next}"))),
        (Who::Pol, cyber(&format!("objects/?match[version]=all&next={next}"))),
        (Who::Pol, cyber(&format!("objects/?next={}", &next[1..]))),
        (Who::Pol, cyber("objects/?next=10")),
    ] {
        let reply = world.get(who, &path);
        assert_eq!(reply.status, StatusCode::BAD_REQUEST, "{path}");
        assert!(reply.error().contains("next: it is no cursor for this collection"));
    }
    let other = world.get(Who::Usa, &cyber("objects/?limit=10")).next().unwrap();
    assert_ne!(next, other);
}

#[test]
fn a_next_that_is_retried_gives_the_same_page() {
    let world = World::new();
    world.release(&indicators(30), &["POL"], CYBER);
    let next = world.get(Who::Pol, &cyber("objects/?limit=10")).next().unwrap();
    let path = cyber(&format!("objects/?limit=10&next={next}"));
    let once = world.get(Who::Pol, &path);
    // More comes in between, for this partner and for others.
    world.release(&[made("tool", 99, V1)], &["POL", "USA"], CYBER);
    let again = world.get(Who::Pol, &path);
    assert_eq!(
        (once.status, &once.headers, &once.body),
        (again.status, &again.headers, &again.body)
    );
    // Another limit is another page from the same place.
    let longer = world.get(Who::Pol, &cyber(&format!("objects/?limit=15&next={next}")));
    assert_eq!(longer.ids()[..10], once.ids());
}

#[test]
fn every_object_of_a_post_has_a_date_added_of_its_own() {
    let world = World::new();
    world.release(&indicators(100), &["POL"], CYBER);
    let manifest = world.get(Who::Pol, &cyber("manifest/")).json();
    let records = manifest["objects"].as_array().unwrap();
    let dates: Vec<i64> =
        records.iter().map(|record| micros(record["date_added"].as_str().unwrap())).collect();
    assert!(dates.is_sorted_by(|a, b| a < b));
    // So a client that stops anywhere and goes on by date misses nothing.
    for stop in [1, 37, 99] {
        let date = records[stop - 1]["date_added"].as_str().unwrap();
        let rest = world.get(Who::Pol, &cyber(&format!("objects/?added_after={date}")));
        assert_eq!(rest.ids().len(), 100 - stop);
    }
}

#[test]
fn a_malformed_post_does_not_poison_later_reads() {
    let world = World::new();
    for body in ["{\"objects\":[{\"id\":7}]}", "{\"objects\":[1,null,\"x\"]}", "{\"objects\":[{"] {
        world.post(Who::Pol, &cyber("objects/"), body);
        for path in ["objects/", "manifest/", "objects/?match[version]=all", ""] {
            assert_eq!(world.get(Who::Pol, &cyber(path)).status, StatusCode::OK);
        }
    }
}

#[test]
fn a_malformed_version_is_a_400() {
    let world = World::new();
    for version in
        ["x", "2024", "2024-13-01T00:00:00Z", "", ",", "null", "-1", "9".repeat(99).as_str()]
    {
        let reply = world.get(Who::Pol, &cyber(&format!("objects/?match[version]={version}")));
        assert_eq!(reply.status, StatusCode::BAD_REQUEST, "{version}");
        assert!(reply.error().contains("match[version]: "));
    }
}

#[test]
fn an_object_without_spec_version_is_served_like_any_other() {
    let world = World::new();
    let id = "ipv4-addr--00000000-0000-4000-8000-000000000001".to_owned();
    let bytes = format!(r#"{{"type":"ipv4-addr","id":"{id}","value":"192.0.2.1"}}"#).into_bytes();
    world.release(&[Made { id: id.clone(), version: micros(V1), bytes }], &["POL"], CYBER);
    for query in ["", "?match[spec_version]=2.1", "?match[spec_version]=2.0,2.1"] {
        for address in ["objects/", "manifest/", &format!("objects/{id}/")] {
            assert_eq!(world.get(Who::Pol, &cyber(&format!("{address}{query}"))).ids(), [&*id]);
        }
    }
}

#[test]
fn taxii_without_a_version_is_acceptable() {
    let world = World::new();
    for (accept, status) in [
        ("application/taxii+json", 200),
        ("application/taxii+json; version=2.1", 200),
        ("*/*", 200),
        ("application/*;q=0.5, text/html", 200),
        ("application/taxii+json;version=2.1,application/stix+json;version=2.1", 200),
        ("application/vnd.oasis.taxii+json; version=2.0", 406),
        ("text/html", 406),
    ] {
        let mut request = request(Who::Pol, "GET", &cyber("manifest/"));
        request.headers_mut().insert(header::ACCEPT, accept.parse().unwrap());
        let reply = world.ask(request);
        assert_eq!(reply.status, status, "{accept}");
        assert_eq!(reply.header("content-type"), TAXII);
    }
    let mut silent = request(Who::Pol, "GET", &cyber("manifest/"));
    silent.headers_mut().remove(header::ACCEPT);
    assert_eq!(world.ask(silent).status, StatusCode::OK);
}

#[test]
fn stored_objects_are_never_altered() {
    let world = World::new();
    let id = "tool--00000000-0000-4000-8000-000000000001".to_owned();
    let odd = "{ \"type\" : \"tool\",\n\t\"id\":\"ID\", \"b\":1.50, \"a\":1e2,\"é\":\"\\u00e9\\/\", \
               \"x_unknown\" : [ ] }";
    let bytes = odd.replace("ID", &id).into_bytes();
    world.release(
        &[Made { id: id.clone(), version: micros(V1), bytes: bytes.clone() }],
        &["POL"],
        CYBER,
    );
    let expected = [b"{\"objects\":[", &*bytes, b"]}"].concat();
    assert_eq!(world.get(Who::Pol, &cyber("objects/")).body, expected);
    assert_eq!(world.get(Who::Pol, &cyber(&format!("objects/{id}/"))).body, expected);
}

/// ATTACKS.md row 19: an address with two ids never gives one because of the other. The addresses are
/// those of the router, with each of their methods; a filter by id is a second id as well.
#[test]
fn every_address_with_two_ids_checks_both() {
    let world = World::new();
    let (cyber_tool, arms_tool) = (made("tool", 1, V1), made("tool", 2, V1));
    let (poland_alone, absent) = (made("tool", 3, V1), made("tool", 4, V1));
    world.release(std::slice::from_ref(&cyber_tool), &["POL", "USA", "EST"], CYBER);
    world.release(std::slice::from_ref(&arms_tool), &["POL"], ARMS);
    world.release(std::slice::from_ref(&poland_alone), &["POL"], CYBER);
    let routes = crate::routes();
    let two_ids = routes.iter().map(|(path, _)| *path).filter(|path| path.matches('{').count() > 1);
    let filters = [
        "/collections/{id}/objects/?match[id]={object}",
        "/collections/{id}/manifest/?match[id]={object}",
    ];
    let mut asked = 0;
    for path in two_ids.chain(filters) {
        for (who, under, object) in triples([&cyber_tool, &arms_tool, &poland_alone, &absent]) {
            let to = if object == &poland_alone.id || under == ARMS {
                &[Who::Pol][..]
            } else {
                &[Who::Pol, Who::Usa, Who::Est]
            };
            let there = object != &absent.id && (object == &arms_tool.id) == (under == ARMS);
            let own = there && to.contains(&who);
            let id = super::at(under, "").replace("/rok-nato/collections/", "");
            let path = format!("/rok-nato{path}")
                .replace("{id}", id.trim_end_matches('/'))
                .replace("{object}", object);
            for method in ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"] {
                let reply = world.ask(request(who, method, &path));
                // Nobody may delete here: the objects are Korea's, and Poland alone may write at all.
                let deletes = method == "DELETE" && path.ends_with(&format!("/{object}"));
                let case = format!("{who:?} {method} {path}");
                match (method, own) {
                    ("GET", true) => assert_eq!(reply.ids_or_versions(object), 1, "{case}"),
                    ("HEAD", true) => assert_eq!(reply.status, StatusCode::OK, "{case}"),
                    _ if deletes => assert!(reply.status == 403 || reply.status == 404, "{case}"),
                    ("GET" | "HEAD", false) if !path.contains('?') => {
                        assert_eq!(reply.status, StatusCode::NOT_FOUND, "{case}");
                    }
                    _ => assert_eq!(reply.ids_or_versions(object), 0, "{case}"),
                }
                asked += 1;
            }
        }
    }
    // Two addresses and two filters, by three partners, in two collections, for four objects.
    assert_eq!(asked, 4 * 3 * 2 * 4 * 6);
}

/// Each of these with each partner and each collection.
fn triples(objects: [&Made; 4]) -> impl Iterator<Item = (Who, &'static str, &String)> {
    let pairs =
        [Who::Pol, Who::Usa, Who::Est].into_iter().flat_map(|who| [(who, CYBER), (who, ARMS)]);
    pairs.flat_map(move |(who, under)| objects.map(|object| (who, under, &object.id)))
}

/// ATTACKS.md row 7.
#[test]
fn neither_objects_nor_secrets_reach_the_log() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(move || writer.clone())
        .finish();
    tracing::subscriber::with_default(subscriber, || {
        let world = World::new();
        world.release(&[made("tool", 7_777, V1)], &["POL"], CYBER);
        let poland = super::fixture::partner("POL", Standing::Suspended);
        for who in [Who::Pol, Who::Usa, Who::Stranger] {
            world.get(who, &cyber("objects/"));
            world.get(who, &cyber("objects/tool--00000000-0000-4000-8000-000000001e61/"));
            world.post(who, &cyber("objects/"), "{\"objects\":[{\"id\":\"tool--canary\"}]}");
        }
        world.node.partners.lock().unwrap().insert(poland.nation, poland);
        world.get(Who::Pol, &cyber("objects/"));
    });
    let text = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert!(text.contains("a partner was not admitted"), "{text}");
    for canary in ["1e61", "secret-", "canary", "c2VjcmV0"] {
        assert!(!text.contains(canary), "{canary}: {text}");
    }
}

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
