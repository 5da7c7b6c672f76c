//! Strict JSON and canonical bytes.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| entente_object::fuzz::json(bytes));
