//! The upgrade of STIX 2.0.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| entente_object::fuzz::upgraded(bytes));
