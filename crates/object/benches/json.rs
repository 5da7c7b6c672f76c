//! How fast objects are parsed: bytes per second of the parser over objects as they are met.

use divan::Bencher;
use divan::counter::BytesCount;

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
            divan::black_box(entente_object::json::parse(text.as_bytes()).is_ok());
        }
    });
}
