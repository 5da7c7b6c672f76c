//! The observables in the container of a STIX 2.0 `observed-data`, as objects of their own.
//!
//! What is done, per observable:
//! - renamed: `created`, `modified`, `accessed` of directories and files to `ctime`, `mtime`, `atime`;
//!   `created` and `binary_ref` of processes to `created_time` and `image_ref`; `modified` of registry
//!   keys to `modified_time`; `password_last_changed` of accounts to `credential_last_changed`; the
//!   hash `ssdeep` to `SSDEEP`;
//! - header fields of messages and HTTP requests: one string becomes a list of one;
//! - references by key become references by id; ids are the deterministic ones of §2.9. Where the
//!   standard asks for a random id, one is made of the digest of the whole
//!   container and the observable's key, so that the same input gives the same id, and no other does;
//! - the markings of the container's object are put on each, because they covered it before;
//! - what STIX 2.1 dropped is refused: `name` and `arguments` of processes, encryption of files,
//!   `version` of archives, `image_compression_algorithm` of images, `protocol_family` of sockets.

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};

use super::{UpgradeError, no_place, rename, write};
use crate::canonical;
use crate::id::is_type_name;
use crate::json::{Map, Value};
use crate::object::Object;
use crate::observable_id::{contributing_properties, deterministic_id};

/// Properties with new names: type, old name, new name.
const RENAMED: &[(&str, &str, &str)] = &[
    ("directory", "created", "ctime"),
    ("directory", "modified", "mtime"),
    ("directory", "accessed", "atime"),
    ("file", "created", "ctime"),
    ("file", "modified", "mtime"),
    ("file", "accessed", "atime"),
    ("process", "created", "created_time"),
    ("process", "binary_ref", "image_ref"),
    ("user-account", "password_last_changed", "credential_last_changed"),
    ("windows-registry-key", "modified", "modified_time"),
];

/// Properties that STIX 2.1 dropped: type, extension or nothing, name.
const DROPPED: &[(&str, &str, &str)] = &[
    ("file", "", "encryption_algorithm"),
    ("file", "", "decryption_key"),
    ("file", "archive-ext", "version"),
    ("file", "raster-image-ext", "image_compression_algorithm"),
    ("network-traffic", "socket-ext", "protocol_family"),
    ("process", "", "name"),
    ("process", "", "arguments"),
];

/// Properties that hold header fields: type, extension or nothing, name.
const HEADERS: &[(&str, &str, &str)] = &[
    ("email-message", "", "additional_header_fields"),
    ("network-traffic", "http-request-ext", "request_header"),
];

/// How far the ids of observables may depend on each other: a file in an archive in an archive.
const ID_DEPTH_MAX: usize = 16;

/// The observables of one container while they get their ids.
struct Container<'v, 'a> {
    digest: Sha256,
    observables: BTreeMap<&'v str, &'v Value<'a>>,
    ids: BTreeMap<String, String>,
}

/// Takes the observables out of `members`, those of `object`, and leaves references to them.
pub(super) fn extract<'a>(
    object: &Object<'a>,
    members: &mut Map<'a>,
) -> Result<Vec<Vec<u8>>, UpgradeError> {
    let observables = match object.get("objects") {
        None => return Ok(Vec::new()),
        Some(Value::Object(observables)) if !members.contains_key("object_refs") => observables,
        Some(_) => return Err(no_place(members, "objects")),
    };
    let mut digest = Sha256::new();
    digest.update(object.id().to_string());
    digest.update(canonical::to_bytes(&Value::Object(observables.clone())));
    let mut container =
        Container { digest, observables: observables.iter().collect(), ids: BTreeMap::new() };
    let (mut refs, mut out) = (Vec::new(), Vec::new());
    let mut written: BTreeMap<String, usize> = BTreeMap::new();
    for (key, _) in observables.iter() {
        let id = container.id_of(key, 0)?;
        let mut observable = container.upgrade(key)?;
        observable.insert("id", id.clone());
        if let Some(markings) = object.get("object_marking_refs") {
            observable.insert("object_marking_refs", markings.clone());
        }
        let bytes = write(observable);
        match written.get(&id) {
            None => {
                written.insert(id.clone(), out.len());
                refs.push(Value::from(id));
                out.push(bytes);
            }
            Some(earlier) if out.get(*earlier) == Some(&bytes) => {}
            Some(_) => return Err(UpgradeError::SameId(id)),
        }
    }
    members.rename("objects", "object_refs");
    members.insert("object_refs", Value::Array(refs));
    Ok(out)
}

impl<'v, 'a> Container<'v, 'a> {
    /// The observable under `key`, all of it as STIX 2.1 has it but for its id.
    fn upgrade(&mut self, key: &str) -> Result<Map<'a>, UpgradeError> {
        let mut members = self.observable(key)?.clone();
        let type_name = type_of(&members)?;
        change_parts(&mut members, &type_name)?;
        for (key, value) in members.iter_mut() {
            self.resolve(key, value, 0)?;
        }
        Ok(members)
    }

    /// The id of the observable under `key`, and of those that it depends on before.
    fn id_of(&mut self, key: &str, depth: usize) -> Result<String, UpgradeError> {
        if let Some(id) = self.ids.get(key) {
            return Ok(id.clone());
        }
        if depth > ID_DEPTH_MAX {
            return Err(UpgradeError::CircularReference);
        }
        let observable = self.observable(key)?;
        let type_name = type_of(observable)?;
        let contributing = contributing_properties(&type_name).unwrap_or_default();
        // Only what contributes to the id is looked at: the rest may refer in circles.
        let mut named = Map::default();
        named.insert("type", type_name.clone());
        for name in contributing {
            if let Some(value) = observable.get(name) {
                named.insert(*name, value.clone());
            }
        }
        change_parts(&mut named, &type_name)?;
        for (key, value) in named.iter_mut() {
            self.resolve(key, value, depth + 1)?;
        }
        let id = deterministic_id(&named).map(|id| id.to_string());
        let id = id.unwrap_or_else(|| self.digest_id(&type_name, key));
        self.ids.insert(key.to_owned(), id.clone());
        Ok(id)
    }

    fn observable(&self, key: &str) -> Result<&'v Map<'a>, UpgradeError> {
        match self.observables.get(key) {
            None => Err(UpgradeError::DanglingReference(key.to_owned())),
            Some(Value::Object(map)) if !map.contains_key("id") => Ok(map),
            Some(_) => Err(UpgradeError::NoPlace {
                type_name: "observed-data".to_owned(),
                property: format!("objects.{key}"),
            }),
        }
    }

    /// An id of the form of a random one, made of the digest of the whole container: an observable
    /// refers to others, so one that looks the same in another container may not be the same.
    fn digest_id(&self, type_name: &str, key: &str) -> String {
        let digest: [u8; 32] = self.digest.clone().chain_update(key).finalize().into();
        let bytes = digest.first_chunk::<16>().copied().unwrap_or_default();
        format!("{type_name}--{}", uuid::Builder::from_random_bytes(bytes).into_uuid())
    }

    /// Puts ids in the place of keys, in all references of a property and below it.
    fn resolve(
        &mut self,
        key: &str,
        value: &mut Value<'a>,
        depth: usize,
    ) -> Result<(), UpgradeError> {
        match value {
            Value::String(local) if key.ends_with("_ref") => {
                *local = self.id_of(local, depth)?.into();
            }
            Value::Array(items) => {
                // an item of a list of references is a reference
                let item_key = if key.ends_with("_refs") { "_ref" } else { "" };
                for item in items {
                    self.resolve(item_key, item, depth)?;
                }
            }
            Value::Object(map) => {
                for (key, value) in map.iter_mut() {
                    self.resolve(key, value, depth)?;
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
        Ok(())
    }
}

fn type_of(observable: &Map<'_>) -> Result<String, UpgradeError> {
    let Some(type_name) = observable.get("type").and_then(Value::as_str) else {
        return Err(no_place(observable, "type"));
    };
    let known = contributing_properties(type_name).is_some() || type_name.starts_with("x-");
    if !known || !is_type_name(type_name) {
        return Err(UpgradeError::UnknownType(type_name.to_owned()));
    }
    Ok(type_name.to_owned())
}

/// Everything but the references: new names, new forms, and what has no place any more.
fn change_parts(members: &mut Map<'_>, type_name: &str) -> Result<(), UpgradeError> {
    for (_, extension, property) in DROPPED.iter().filter(|(t, _, _)| *t == type_name) {
        if part(members, extension).is_some_and(|map| map.contains_key(property)) {
            return Err(no_place(members, property));
        }
    }
    if type_name == "file" && members.get("is_encrypted").and_then(Value::as_bool) == Some(false) {
        members.remove("is_encrypted"); // it was the default
    }
    if type_name == "file" && members.contains_key("is_encrypted") {
        return Err(no_place(members, "is_encrypted"));
    }
    for (_, from, to) in RENAMED.iter().filter(|(t, _, _)| *t == type_name) {
        rename(members, from, to)?;
    }
    for (_, extension, property) in HEADERS.iter().filter(|(t, _, _)| *t == type_name) {
        if let Some(Value::Object(fields)) =
            part(members, extension).and_then(|map| map.get_mut(property))
        {
            list_fields(fields);
        }
    }
    for (key, value) in members.iter_mut() {
        rename_hashes(key, value)?;
    }
    Ok(())
}

/// The observable itself, or one of its extensions.
fn part<'m, 'a>(members: &'m mut Map<'a>, extension: &str) -> Option<&'m mut Map<'a>> {
    if extension.is_empty() {
        return Some(members);
    }
    match members.get_mut("extensions") {
        Some(Value::Object(extensions)) => match extensions.get_mut(extension) {
            Some(Value::Object(map)) => Some(map),
            _ => None,
        },
        _ => None,
    }
}

/// One string becomes a list of one.
fn list_fields(fields: &mut Map<'_>) {
    for (_, value) in fields.iter_mut() {
        if let Value::String(text) = value {
            *value = Value::Array(vec![Value::String(std::mem::take(text))]);
        }
    }
}

fn rename_hashes(key: &str, value: &mut Value<'_>) -> Result<(), UpgradeError> {
    match value {
        Value::Object(map) if key == "hashes" || key.ends_with("_hashes") => {
            rename(map, "ssdeep", "SSDEEP")
        }
        Value::Object(map) => map.iter_mut().try_for_each(|(key, value)| rename_hashes(key, value)),
        Value::Array(items) => items.iter_mut().try_for_each(|item| rename_hashes("", item)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Ok(()),
    }
}
