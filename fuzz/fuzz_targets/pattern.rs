//! Patterns, read and printed.
#![no_main]

libfuzzer_sys::fuzz_target!(|text: &str| entente_pattern::fuzz::any_text(text));
