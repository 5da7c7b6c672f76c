//! The invariants of this crate as functions, called by property tests and by fuzzers.

use crate::limits::MAX_PATTERN_BYTES;
use crate::parse::parse;

/// Whatever the text: parsing does not panic; a fault is at the start of a character, or at the
/// end; canonical text parses to an equal pattern, and is its own canonical text.
///
/// # Panics
/// If one of these does not hold.
pub fn any_text(text: &str) {
    let pattern = match parse(text) {
        Ok(pattern) => pattern,
        Err(error) => {
            assert!(text.is_char_boundary(error.offset), "{error} in {text:?}");
            assert!(!error.to_string().ends_with('.'), "{error}");
            return;
        }
    };
    let canonical = pattern.to_string();
    assert!(pattern.tests().count() > 0, "{canonical}");
    if canonical.len() <= MAX_PATTERN_BYTES {
        let again = parse(&canonical);
        assert_eq!(again.as_ref(), Ok(&pattern), "{text:?} became {canonical:?}");
        assert_eq!(again.map(|pattern| pattern.to_string()).as_ref(), Ok(&canonical));
    }
}
