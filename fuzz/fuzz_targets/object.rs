//! One object with what routing and release need.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| entente_object::fuzz::object(bytes));
