//! The deterministic ids of cyber-observables: STIX 2.1 §2.9, UUIDv5 over the canonical form of the
//! properties that the standard names as contributing, type by type.
//!
//! Invariant: equal contributing properties give equal ids, whatever else the object holds and in
//! whatever order. Values contribute as they are written: a timestamp with more zeros is another
//! value, as for the other producers of these ids.
//!
//! Beware: the namespace is public, so an id of an address gives the address away to who guesses it.

use std::borrow::Cow;

use uuid::{Uuid, uuid};

use crate::canonical;
use crate::id::{Id, OwnedId};
use crate::json::{Map, Value};

/// The namespace of deterministic ids; nothing else may use it (§2.9).
pub const NAMESPACE: Uuid = uuid!("00abedb4-aa42-466c-9c01-fed23315a9b7");

/// Of several hashes the first of these contributes; where none of them is there, the first by name.
const HASH_PREFERENCE: [&str; 4] = ["MD5", "SHA-1", "SHA-256", "SHA-512"];

/// The properties that contribute to the id of an observable of this type, in the order of the
/// standard's tables; `None` for types that are no observables of STIX 2.1. A process has none.
pub fn contributing_properties(type_name: &str) -> Option<&'static [&'static str]> {
    Some(match type_name {
        "artifact" => &["hashes", "payload_bin"],
        "autonomous-system" => &["number"],
        "directory" => &["path"],
        "domain-name" | "email-addr" | "ipv4-addr" | "ipv6-addr" | "mac-addr" | "url" => &["value"],
        "email-message" => &["from_ref", "subject", "body"],
        "file" => &["hashes", "name", "parent_directory_ref", "extensions"],
        "mutex" => &["name"],
        "network-traffic" => &[
            "start",
            "end",
            "src_ref",
            "dst_ref",
            "src_port",
            "dst_port",
            "protocols",
            "extensions",
        ],
        "process" => &[],
        "software" => &["name", "cpe", "swid", "vendor", "version"],
        "user-account" => &["account_type", "user_id", "account_login"],
        "windows-registry-key" => &["key", "values"],
        "x509-certificate" => &["hashes", "serial_number"],
        _ => return None,
    })
}

/// The id that an observable should have, or `None` where the standard asks for a random one: it is
/// no observable of STIX 2.1, or none of its contributing properties is there.
pub fn deterministic_id(object: &Map<'_>) -> Option<OwnedId> {
    let type_name = object.get("type")?.as_str()?;
    let mut members: Vec<(Cow<'_, str>, Value<'_>)> = Vec::new();
    for name in contributing_properties(type_name)? {
        let value = match object.get(name) {
            Some(hashes) if *name == "hashes" => preferred_hash(hashes),
            other => other.cloned(),
        };
        if let Some(value) = value {
            members.push((Cow::Borrowed(*name), value));
        }
    }
    if members.is_empty() {
        return None;
    }
    let name = canonical::to_bytes(&Value::Object(Map::from_members(members).ok()?));
    Some(Id { type_name, uuid: Uuid::new_v5(&NAMESPACE, &name) }.to_owned())
}

/// The one of several hashes that contributes, still in its dictionary.
fn preferred_hash<'a>(hashes: &Value<'a>) -> Option<Value<'a>> {
    let hashes = hashes.as_object()?;
    let preferred = HASH_PREFERENCE.into_iter().find(|name| hashes.contains_key(name));
    let name = preferred.or_else(|| hashes.iter().map(|(name, _)| name).min())?;
    let value = hashes.get(name)?.clone();
    let member = (Cow::Owned(name.to_owned()), value);
    Some(Value::Object(Map::from_members(vec![member]).ok()?))
}

#[cfg(test)]
mod tests;
