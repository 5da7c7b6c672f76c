//! Timestamps.
#![no_main]

libfuzzer_sys::fuzz_target!(|text: &str| entente_object::fuzz::timestamp(text));
