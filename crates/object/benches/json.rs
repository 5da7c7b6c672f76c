//! How fast objects are parsed: bytes per second of the parser over objects as they are met.

use divan::Bencher;
use divan::counter::{BytesCount, ItemsCount};
use entente_object::json::parse;
use entente_object::object::Object;
use entente_object::read::{Objects, Source};
use entente_object::time::Timestamp;

fn main() {
    divan::main();
}

/// A small indicator, about as long as the mean object of public feeds.
fn indicator(i: usize) -> String {
    format!(
        r#"{{"type":"indicator","spec_version":"2.1","id":"indicator--6e7b2b3c-45d1-4c1b-9d32-{i:012}","created_by_ref":"identity--f431f809-377b-45e0-aa1c-6a4751cae5ff","created":"2023-05-12T10:00:00.000Z","modified":"2023-05-12T10:00:00.000Z","name":"host{i}.example.net","description":"Seen as a command and control server of the family; reported by a partner.","indicator_types":["malicious-activity"],"pattern":"[domain-name:value = 'host{i}.example.net']","pattern_type":"stix","pattern_version":"2.1","valid_from":"2023-05-12T10:00:00Z","object_marking_refs":["marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb"],"external_references":[{{"source_name":"report","url":"https://example.org/report/{i}"}}]}}"#
    )
}

#[divan::bench]
fn parse_1000_indicators(bencher: Bencher) {
    let texts: Vec<String> = (0..1000).map(indicator).collect();
    let bytes: usize = texts.iter().map(String::len).sum();
    bencher.counter(BytesCount::new(bytes)).bench(|| {
        for text in &texts {
            divan::black_box(parse(text.as_bytes()).is_ok());
        }
    });
}

#[divan::bench(args = [1, 100])]
fn read_bundle_of_1000(bencher: Bencher, times: usize) {
    let texts: Vec<String> = (0..1000 * times).map(indicator).collect();
    let bundle = format!("{{\"type\":\"bundle\",\"objects\":[{}]}}", texts.join(","));
    bencher.counter(BytesCount::new(bundle.len())).bench(|| {
        let mut objects = Objects::new(bundle.as_bytes(), Source::File);
        let mut bytes = 0;
        while let Some(Ok(element)) = objects.next_element() {
            bytes += element.bytes.len();
        }
        bytes
    });
}

#[divan::bench]
fn read_lines(bencher: Bencher) {
    let texts: Vec<String> = (0..100_000).map(indicator).collect();
    let lines = texts.join("\n");
    bencher.counter(BytesCount::new(lines.len())).bench(|| {
        let mut objects = Objects::new(lines.as_bytes(), Source::File);
        let mut bytes = 0;
        while let Some(Ok(element)) = objects.next_element() {
            bytes += element.bytes.len();
        }
        bytes
    });
}

#[divan::bench]
fn objects_with_references(bencher: Bencher) {
    let texts: Vec<String> = (0..1000).map(indicator).collect();
    let bytes: usize = texts.iter().map(String::len).sum();
    bencher.counter(BytesCount::new(bytes)).bench(|| {
        for text in &texts {
            let object = Object::from_bytes(text.as_bytes());
            divan::black_box(object.map(|o| o.references()).is_ok());
        }
    });
}

#[divan::bench]
fn canonical_bytes(bencher: Bencher) {
    let texts: Vec<String> = (0..1000).map(indicator).collect();
    let bytes: usize = texts.iter().map(String::len).sum();
    let values: Vec<_> = texts.iter().filter_map(|t| parse(t.as_bytes()).ok()).collect();
    bencher.counter(BytesCount::new(bytes)).bench(|| {
        for value in &values {
            divan::black_box(entente_object::canonical::to_bytes(value).len());
        }
    });
}

#[divan::bench]
fn timestamps(bencher: Bencher) {
    bencher.counter(ItemsCount::new(1_u32)).bench(|| {
        Timestamp::parse(divan::black_box("2023-05-12T10:00:00.123Z"))
            .map(Timestamp::to_taxii)
            .is_ok()
    });
}
