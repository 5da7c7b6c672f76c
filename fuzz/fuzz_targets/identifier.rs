//! Identifiers and where they are mentioned.
#![no_main]

libfuzzer_sys::fuzz_target!(|text: &str| entente_object::fuzz::identifier(text));
