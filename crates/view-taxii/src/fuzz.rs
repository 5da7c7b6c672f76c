//! The invariants of this crate as functions of any text, called by property tests and by fuzzers.

use crate::cursor::Cursors;
use crate::limits::PAGE_OBJECTS_MAX;
use crate::query::{Asked, Endpoint};

/// Whatever the text after the question mark: it is refused, or asks for a page within the limits;
/// for the same in whatever order its parameters stand; and it is no cursor of ours.
///
/// # Panics
/// If one of these does not hold.
pub fn query(text: &str) {
    const ENDPOINTS: [Endpoint; 5] = [
        Endpoint::Objects,
        Endpoint::Manifest,
        Endpoint::Object,
        Endpoint::Versions,
        Endpoint::Delete,
    ];
    assert_eq!(Cursors::new(&[7; 32]).read(b"bound", text), None);
    // A fragment is no part of a request.
    let text = text.split('#').next().unwrap_or_default();
    let reversed: Vec<&str> = text.rsplit('&').collect();
    let uris = (format!("/x/?{text}").parse(), format!("/x/?{}", reversed.join("&")).parse());
    let (Ok(uri), Ok(reversed)) = uris else {
        return;
    };
    for endpoint in ENDPOINTS {
        match (Asked::read(endpoint, &uri), Asked::read(endpoint, &reversed)) {
            (Ok(asked), Ok(reversed)) => {
                assert!((1..=PAGE_OBJECTS_MAX).contains(&asked.limit), "{}", asked.limit);
                assert_eq!(asked, reversed);
                assert_eq!(asked.filters(), reversed.filters());
            }
            (Err(_), Err(_)) => {}
            (one, other) => assert_eq!(one.is_ok(), other.is_ok(), "{endpoint:?}: {text}"),
        }
    }
}
