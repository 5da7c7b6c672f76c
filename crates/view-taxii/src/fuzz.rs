//! The invariants of this crate as functions of any text, called by property tests and by fuzzers.

use entente_object::time::Timestamp;
use http::header::{CONTENT_TYPE, HeaderMap, HeaderValue};

use crate::client::{self, Answer, Poll, Turn};
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

/// Whatever a server answers, with whatever status: it is read or refused, within bounds, and what is
/// asked for next is below the API root and nothing else.
///
/// # Panics
/// If one of these does not hold.
pub fn answer(status: u16, body: &[u8]) {
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(client::MEDIA_TYPE));
    let answer = Answer { status, headers, body: body.to_vec(), is_cut: false };
    let mut poll = Poll::new("c", None);
    for _ in 0..4 {
        match poll.read(&answer, Timestamp::EPOCH) {
            Ok(Turn::Page(page)) => {
                let read: usize = page.objects.iter().map(Vec::len).sum();
                assert!(read <= body.len().saturating_mul(20).max(1 << 20), "{read}");
            }
            Ok(Turn::Again) => {}
            Err(fault) => assert!(fault.to_string().len() < 2_000, "{fault}"),
        }
        let path = poll.path();
        let plain = |c: char| c.is_ascii_alphanumeric() || "-._~%?&=/".contains(c);
        assert!(path.starts_with("collections/c/objects/?limit=") && path.chars().all(plain));
        assert_eq!(path.matches('/').count(), 3, "{path}");
    }
    if let Ok(listed) = client::collections(&answer) {
        let control = |text: &String| text.contains(char::is_control);
        assert!(listed.iter().all(|one| !control(&one.id) && !control(&one.title)));
    }
    let _either = (client::max_content_length(&answer), client::deleted(&answer));
    if let Ok(status) = client::status(&answer) {
        assert!(u64::try_from(status.failures.len()).is_ok_and(|named| named <= status.failed));
    }
}
