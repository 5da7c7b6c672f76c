//! The invariants of this crate as functions of any bytes, called by property tests and by fuzzers.

use entente_object::canonical;
use entente_object::id::Id;
use entente_object::json::{Value, parse};

use crate::label_marking::{from_stix, id, is_label, to_stix};

/// Whatever the bytes: a marking definition that gives a label claims to be one, has its id, and is
/// the one marking definition of that label.
///
/// # Panics
/// If one of these does not hold.
pub fn label(bytes: &[u8]) {
    let Ok(value) = parse(bytes) else {
        return;
    };
    let own_id = value.get("id").and_then(Value::as_str).and_then(|text| Id::parse(text).ok());
    let (Some(marking), Some(own_id)) = (value.as_object(), own_id) else {
        return;
    };
    if let Ok(label) = from_stix(marking, own_id.uuid) {
        assert!(is_label(marking));
        assert_eq!(id(&label), own_id.uuid);
        assert_eq!(canonical::to_bytes(&value), to_stix(&label).into_bytes());
    }
}
