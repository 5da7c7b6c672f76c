//! Bundles, envelopes, arrays and lines, whole and in pieces.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| entente_object::fuzz::stream(bytes));
