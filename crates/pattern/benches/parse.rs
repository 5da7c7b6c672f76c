//! How long patterns take to parse and print: the commonest form first.

use std::fmt::Write as _;

use entente_pattern::{limits, parse};

fn main() {
    divan::main();
}

const ADDRESS: &str = "[ipv4-addr:value = '198.51.100.1']";
const HASH: &str = "[file:hashes.'SHA-256' = \
    'aec070645fe53ee3b3763059376134f058cc337247c978add178b6ccdfb0019f']";
const COMPOUND: &str = "([file:name = 'foo.dll' AND file:size > 25536] FOLLOWEDBY \
    [windows-registry-key:key = 'HKEY_LOCAL_MACHINE\\\\foo\\\\bar']) WITHIN 300 SECONDS OR \
    [process:name IN ('fooproc', 'procfoo')] START t'2016-06-01T00:00:00Z' STOP \
    t'2016-07-01T00:00:00Z'";

#[divan::bench(args = [ADDRESS, HASH, COMPOUND])]
fn one(bencher: divan::Bencher, text: &str) {
    bencher.bench(|| parse(divan::black_box(text)).is_ok());
}

#[divan::bench(args = [ADDRESS, HASH, COMPOUND])]
fn print(bencher: divan::Bencher, text: &str) {
    if let Ok(pattern) = parse(text) {
        bencher.bench(|| divan::black_box(&pattern).to_string());
    }
}

/// Twice the length should take twice the time.
#[divan::bench(args = [8, 16, 32, 64])]
fn set_of_kib(bencher: divan::Bencher, kib: usize) {
    let text = filled(kib, "[a:b IN ('0'", ")]", |text, index| write!(text, ", '{index:04}'"));
    bencher.bench(|| parse(divan::black_box(&text)).is_ok());
}

/// The slowest we know of: alternatives of many types.
#[divan::bench(args = [8, 16, 32, 64])]
fn types_of_kib(bencher: divan::Bencher, kib: usize) {
    let text = filled(kib, "[a:b = 0", "]", |text, index| write!(text, " OR a{index}:b = 0"));
    bencher.bench(|| parse(divan::black_box(&text)).is_ok());
}

fn filled(
    kib: usize,
    start: &str,
    end: &str,
    piece: impl Fn(&mut String, usize) -> std::fmt::Result,
) -> String {
    let most = (kib * limits::MAX_PATTERN_BYTES / 64).saturating_sub(64);
    let mut text = String::from(start);
    let mut index = 0;
    while text.len() < most && piece(&mut text, index).is_ok() {
        index += 1;
    }
    text.push_str(end);
    text
}
