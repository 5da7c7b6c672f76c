//! Labels as marking definitions.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| entente_release::fuzz::label(bytes));
