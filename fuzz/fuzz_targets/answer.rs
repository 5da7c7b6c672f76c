//! What another TAXII server answers.
#![no_main]

libfuzzer_sys::fuzz_target!(|it: (u16, &[u8])| entente_view_taxii::fuzz::answer(it.0, it.1));
