//! `collections/{id}/objects/`: pages, filters, cursors, bytes.

use http::{StatusCode, header};

use super::fixture::{ARMS, CYBER, made};
use super::{Made, Reply, Who, World, arms, cyber, indicators, request};

const NEWER: &str = "2024-02-01T00:00:00.000Z";
const OLDER: &str = "2023-02-01T00:00:00.000Z";

/// Follows `next` to the end, and gives the ids of each page.
fn pages(world: &World, who: Who, path: &str) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    let mut reply = world.get(who, path);
    loop {
        found.push(reply.ids());
        let Some(next) = reply.next() else { return found };
        reply = world.get(who, &format!("{path}&next={next}"));
    }
}

fn ids(objects: &[Made]) -> Vec<String> {
    objects.iter().map(|object| object.id.clone()).collect()
}

#[test]
fn each_partner_gets_what_was_released_to_it_in_that_order_byte_for_byte() {
    let world = World::new();
    let all = indicators(3);
    world.release(&all[..2], &["POL", "USA"], CYBER);
    world.release(&all[2..], &["POL"], CYBER);
    let poland = world.get(Who::Pol, &cyber("objects/"));
    let texts: Vec<&str> = all.iter().map(|one| std::str::from_utf8(&one.bytes).unwrap()).collect();
    assert_eq!(
        String::from_utf8_lossy(&poland.body),
        format!("{{\"objects\":[{}]}}", texts.join(","))
    );
    assert_eq!(poland.header("x-taxii-date-added-first"), "2024-05-01T00:00:00.000000Z");
    assert_eq!(poland.header("x-taxii-date-added-last"), "2024-05-01T00:00:00.000002Z");
    assert_eq!(poland.header("cache-control"), "no-store");
    assert_eq!(world.get(Who::Usa, &cyber("objects/")).ids(), ids(&all[..2]));
    assert_eq!(world.get(Who::Est, &cyber("objects/")).body, b"{}");
    assert_eq!(world.get(Who::Pol, &arms("objects/")).body, b"{}");
}

#[test]
fn pages_follow_each_other_without_gaps_whatever_the_limit() {
    let world = World::new();
    let all = indicators(2500);
    world.release(&all, &["POL"], CYBER);
    for (query, sizes) in [
        ("?", vec![1000, 1000, 500]),
        ("?limit=2500", vec![2500]),
        ("?limit=999", vec![999, 999, 502]),
        ("?limit=1250", vec![1250, 1250]),
        ("?limit=20000", vec![2500]),
    ] {
        let found = pages(&world, Who::Pol, &cyber(&format!("objects/{query}")));
        assert_eq!(found.iter().map(Vec::len).collect::<Vec<_>>(), sizes, "{query}");
        assert_eq!(found.concat(), ids(&all));
    }
}

#[test]
fn a_client_that_pages_with_the_date_header_gets_everything_once() {
    let world = World::new();
    let all = indicators(25);
    world.release(&all, &["POL"], CYBER);
    let mut reply = world.get(Who::Pol, &cyber("objects/?limit=10"));
    let mut found = reply.ids();
    while reply.next().is_some() {
        let last = reply.header("x-taxii-date-added-last").to_owned();
        reply = world.get(Who::Pol, &cyber(&format!("objects/?limit=10&added_after={last}")));
        found.extend(reply.ids());
    }
    assert_eq!(found, ids(&all));
}

#[test]
fn filters_are_combined() {
    let world = World::new();
    let mut all = indicators(3);
    all.extend((4..7).map(|number| made("malware", number, OLDER)));
    all.push(made("x-acme-thing", 7, OLDER));
    world.release(&all, &["POL"], CYBER);
    let get = |query: &str| world.get(Who::Pol, &cyber(&format!("objects/?{query}"))).ids();
    assert_eq!(get("match[type]=malware"), ids(&all[3..6]));
    assert_eq!(get("match%5Btype%5D=malware,indicator"), ids(&all[..6]));
    assert_eq!(get("match[type]=x-acme-thing"), ids(&all[6..]));
    assert_eq!(get("match[type]=campaign"), ids(&[]));
    assert_eq!(
        get(&format!("match[id]={},{}", all[4].id, all[0].id)),
        [all[0].id.clone(), all[4].id.clone()]
    );
    assert_eq!(get(&format!("match[id]={}&match[type]=malware", all[0].id)), ids(&[]));
    assert_eq!(get(&format!("match[id]={}", made("indicator", 99, OLDER).id)), ids(&[]));
    assert_eq!(get("match[type]=malware,indicator&limit=2"), ids(&all[..2]));
    assert_eq!(get("added_after=2024-05-01T00:00:00.000004Z"), ids(&all[5..]));
    assert_eq!(
        get("added_after=2024-05-01T00:00:00.0000039Z&match[type]=malware"),
        ids(&all[4..6])
    );
    assert_eq!(get("added_after=2999-01-01T00:00:00Z"), ids(&[]));
    assert_eq!(get("match[spec_version]=2.1"), ids(&all));
    assert_eq!(get("match[spec_version]=2.0"), ids(&[]));
}

#[test]
fn pages_of_filtered_objects_follow_each_other_too() {
    let world = World::new();
    let all: Vec<Made> = (1..=300)
        .map(|n| made(["indicator", "malware", "tool"][usize::try_from(n % 3).unwrap()], n, NEWER))
        .collect();
    world.release(&all, &["POL"], CYBER);
    let path = cyber("objects/?match[type]=tool,malware&limit=33");
    let found = pages(&world, Who::Pol, &path).concat();
    let expected: Vec<_> = ids(&all).into_iter().filter(|id| !id.starts_with("ind")).collect();
    assert_eq!(found, expected);
}

#[test]
fn versions_are_chosen() {
    let world = World::new();
    let [older, newer] = [OLDER, NEWER].map(|modified| made("tool", 1, modified));
    world.release(std::slice::from_ref(&newer), &["POL"], CYBER);
    world.release(std::slice::from_ref(&older), &["POL"], CYBER);
    let get = |query: &str| {
        let reply = world.get(Who::Pol, &cyber(&format!("objects/?{query}")));
        let json = reply.json();
        let objects = json["objects"].as_array().cloned().unwrap_or_default();
        let modified = |object: &serde_json::Value| object["modified"].as_str().unwrap().to_owned();
        objects.iter().map(modified).collect::<Vec<_>>()
    };
    assert_eq!(get(""), [NEWER]);
    assert_eq!(get("match[version]=last"), [NEWER]);
    assert_eq!(get("match[version]=first"), [OLDER]);
    assert_eq!(get("match[version]=all"), [NEWER, OLDER]);
    assert_eq!(get("match[version]=first,last"), [NEWER, OLDER]);
    assert_eq!(get("match[version]=2023-02-01T00:00:00Z"), [OLDER]);
    assert_eq!(get("match[version]=2023-02-01T00:00:00.000001Z"), [""; 0]);
    assert_eq!(get(&format!("match[id]={}&match[version]=first", older.id)), [OLDER]);
}

#[test]
fn an_empty_page_says_up_to_when_it_is_empty() {
    let world = World::new();
    let dates = |reply: &Reply| {
        assert_eq!((reply.status, &reply.body), (StatusCode::OK, &b"{}".to_vec()));
        ["first", "last"].map(|end| reply.header(&format!("x-taxii-date-added-{end}")).to_owned())
    };
    let never = "1970-01-01T00:00:00.000000Z";
    assert_eq!(dates(&world.get(Who::Pol, &cyber("objects/"))), [never, never]);
    let asked = "2024-06-01T12:00:00.000001Z";
    let path = cyber(&format!("objects/?added_after={asked}"));
    assert_eq!(dates(&world.get(Who::Pol, &path)), [asked, asked]);
}

#[test]
fn bodies_are_compressed_as_the_caller_likes() {
    let world = World::new();
    world.release(&indicators(500), &["POL"], CYBER);
    let plain = world.get(Who::Pol, &cyber("objects/")).body;
    for (accept, coding) in [("gzip, deflate", "gzip"), ("gzip, zstd", "zstd"), ("br", "")] {
        let mut twice = Vec::new();
        for _ in 0..2 {
            let mut request = request(Who::Pol, "GET", &cyber("objects/"));
            request.headers_mut().insert(header::ACCEPT_ENCODING, accept.parse().unwrap());
            let reply = world.ask(request);
            assert_eq!(reply.header("content-encoding"), coding);
            assert_eq!(reply.header("vary"), "accept-encoding");
            twice.push(reply.body);
        }
        assert_eq!(twice[0], twice[1]);
        let inflated = match coding {
            "gzip" => {
                let mut inflated = Vec::new();
                let mut decoder = flate2::read::GzDecoder::new(&*twice[0]);
                std::io::Read::read_to_end(&mut decoder, &mut inflated).unwrap();
                inflated
            }
            "zstd" => zstd::decode_all(&*twice[0]).unwrap(),
            _ => twice[0].clone(),
        };
        assert_eq!(inflated, plain, "{accept}");
    }
}

#[test]
fn a_kept_page_changes_when_the_view_does() {
    let world = World::new();
    let all = indicators(600);
    world.release(&all, &["POL"], CYBER);
    let path = cyber("objects/?limit=500");
    assert_eq!(world.get(Who::Pol, &path).ids(), ids(&all[..500]));
    assert_eq!(world.get(Who::Pol, &path).ids(), ids(&all[..500]));
    // A new version of the first object: it leaves the first page for the end.
    world.release(&[made("indicator", 1, NEWER)], &["POL"], CYBER);
    assert_eq!(world.get(Who::Pol, &path).ids(), ids(&all[1..501]));
    // A withdrawal takes one out of the middle.
    let key = entente_object::id::Id::parse(&all[9].id).unwrap().key();
    let at = super::micros(super::START);
    world.node.store.lock().unwrap().withdraw(key, &[all[9].version], at);
    let left = [ids(&all[1..9]), ids(&all[10..502])].concat();
    assert_eq!(world.get(Who::Pol, &path).ids(), left);
    // What another partner gets changes nothing, and the page stays as it was.
    world.release(&indicators(700)[650..], &["USA"], CYBER);
    assert_eq!(world.get(Who::Pol, &path).ids(), left);
}

#[test]
fn collections_are_views_of_their_own() {
    let world = World::new();
    world.release(&indicators(2), &["POL"], CYBER);
    world.release(&[made("tool", 3, NEWER)], &["POL"], ARMS);
    assert_eq!(world.get(Who::Pol, &cyber("objects/")).ids(), ids(&indicators(2)));
    assert_eq!(world.get(Who::Pol, &arms("objects/")).ids(), [made("tool", 3, NEWER).id]);
}
