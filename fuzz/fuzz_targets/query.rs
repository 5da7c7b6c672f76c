//! Parameters and cursors of TAXII requests.
#![no_main]

libfuzzer_sys::fuzz_target!(|text: &str| entente_view_taxii::fuzz::query(text));
