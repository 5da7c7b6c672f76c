//! Validation against the tables of STIX 2.1.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| entente_object::fuzz::validation(bytes));
