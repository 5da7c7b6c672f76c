//! Blocks of the log and the entries in them.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| entente_log::fuzz::block(bytes));
