//! Programme files.
#![no_main]

libfuzzer_sys::fuzz_target!(|text: &str| entente_programme::fuzz::programme(text));
