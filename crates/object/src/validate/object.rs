//! An object: its type, its properties, its id.
//!
//! Invariant: an object of a type that no table defines is held to the common properties of its
//! class, which its extension names, or else its timestamps tell.

use crate::id::Id;
use crate::json::{Map, Value};
use crate::spec::common::{NAMES, RESERVED_TYPES};
use crate::spec::{self, Class, Level, ObjectType, Property, Usage};
use crate::validate::extensions::extension_class;
use crate::validate::path::Path;
use crate::validate::{Checker, brief};

/// Which properties of two tables were seen: one bit each.
#[derive(Clone, Copy, Default)]
pub(super) struct Seen {
    pub(super) own: u64,
    common: u64,
}

impl Checker<'_, '_> {
    /// An object at the top level, in a bundle or in a container.
    pub(super) fn object(&mut self, map: &Map<'_>, at: &Path<'_>) {
        let Some(name) = map.get("type").and_then(Value::as_str) else {
            let cite = ("missing-property", "3.2");
            let message = format_args!("\"type\" must be there, as a string; say what this is");
            self.error(&at.key("type"), cite, message);
            return;
        };
        match spec::find(name) {
            Some(object_type) => self.known_object(map, object_type, at),
            None => self.custom_object(map, name, at),
        }
    }

    fn known_object(&mut self, map: &Map<'_>, object_type: &'static ObjectType, at: &Path<'_>) {
        let common = object_type.class.common();
        let seen = self.properties(map, object_type.properties, common, at);
        let section = object_type.section;
        self.missing(object_type.properties, seen.own, section, at);
        self.missing(common, self.seen_in_container(seen.common), "3.2", at);
        self.object_id(map, object_type.name, Some(object_type), at);
        for rule in object_type.rules {
            self.rule(rule, map, (object_type.properties, seen.own), at);
        }
        if let Some(markings) = map.get("granular_markings").and_then(Value::as_array) {
            self.selectors(markings, map, at);
        }
        if object_type.class == Class::Marking {
            self.marking_cycle(map, at);
        }
    }

    /// Inside the deprecated container, ids may be absent (2.13): there it counts as seen.
    fn seen_in_container(&self, seen: u64) -> u64 {
        match self.container {
            Some(_) => seen | id_bit(),
            None => seen,
        }
    }

    fn custom_object(&mut self, map: &Map<'_>, name: &str, at: &Path<'_>) {
        let extended = extension_class(map);
        let class = extended.unwrap_or_else(|| class_by_times(map));
        if RESERVED_TYPES.contains(&name) {
            let message = format_args!("the type \"{name}\" is reserved; use another name");
            self.error(&at.key("type"), ("reserved-name", "3.8"), message);
        } else if extended.is_none() {
            let message = format_args!(
                "the standard has no type \"{}\"; define it by an extension of type new-sdo, \
                 new-sco or new-sro",
                brief(name)
            );
            self.warn(&at.key("type"), ("custom-type", "11.2"), message);
        }
        let seen = self.properties(map, &[], class.common(), at);
        self.missing(class.common(), self.seen_in_container(seen.common), "3.2", at);
        self.object_id(map, name, None, at);
        if class != Class::Observable {
            let demand = spec::Demand::NotBefore("created", "modified");
            let rule = spec::must("3.6.1", "modified-before-created", demand);
            self.rule(&rule, map, (&[], 0), at);
        }
        if let Some(markings) = map.get("granular_markings").and_then(Value::as_array) {
            self.selectors(markings, map, at);
        }
    }

    /// Every member against the table that has it; says which were seen.
    pub(super) fn properties(
        &mut self,
        map: &Map<'_>,
        own: &'static [Property],
        common: &'static [Property],
        at: &Path<'_>,
    ) -> Seen {
        let mut seen = Seen::default();
        for (key, value) in map.iter() {
            let here = at.key(key);
            if let Some((bit, property)) = find(own, key) {
                seen.own |= bit;
                self.property(property, value, &here);
            } else if let Some((bit, property)) = find(common, key) {
                seen.common |= bit;
                self.property(property, value, &here);
            } else if common.is_empty() {
                self.unknown_part(key, value, &here);
            } else {
                self.unknown_property(map, key, value, &here);
            }
        }
        seen
    }

    fn property(&mut self, property: &'static Property, value: &Value<'_>, at: &Path<'_>) {
        if property.usage == Usage::Deprecated {
            let name = property.name;
            let message = format_args!("\"{name}\" is deprecated; use \"object_refs\" instead");
            self.warn(at, ("deprecated-property", "2.13"), message);
        }
        self.value(&property.kind, value, at);
    }

    /// The required properties that were not seen.
    pub(super) fn missing(
        &mut self,
        table: &'static [Property],
        seen: u64,
        section: &'static str,
        at: &Path<'_>,
    ) {
        let mut bit = 1_u64;
        for property in table {
            if property.usage == Usage::Required && seen & bit == 0 {
                let name = property.name;
                let message = format_args!("\"{name}\" must be there; add it");
                self.error(&at.key(name), ("missing-property", section), message);
            }
            bit <<= 1;
        }
    }

    /// An id against the object's type and the UUID version that suits it (2.9).
    fn object_id(
        &mut self,
        map: &Map<'_>,
        name: &str,
        object_type: Option<&'static ObjectType>,
        at: &Path<'_>,
    ) {
        let Some(text) = map.get("id").and_then(Value::as_str) else {
            return;
        };
        let at = &at.key("id");
        // A malformed id is reported as a property.
        let Ok(id) = Id::parse(text) else { return };
        if id.type_name != name {
            let message = format_args!(
                "the id is one of type \"{}\", the object of type \"{}\"; make them the same",
                brief(id.type_name),
                brief(name)
            );
            self.error(at, ("id-of-other-type", "2.9"), message);
        }
        let version = id.uuid.get_version_num();
        match object_type {
            Some(object_type) if object_type.class == Class::Observable => {
                self.observable_id_version(map, object_type, version, at);
            }
            None if !map.contains_key("created") => {}
            _ if version == 4 => {}
            _ => {
                let message = format_args!("the id holds a UUIDv{version}; use a UUIDv4");
                self.warn(at, ("id-version", "2.9"), message);
            }
        }
    }

    fn observable_id_version(
        &mut self,
        map: &Map<'_>,
        object_type: &'static ObjectType,
        version: usize,
        at: &Path<'_>,
    ) {
        if self.container.is_some() {
            return;
        }
        let all_optional = !object_type
            .properties
            .iter()
            .any(|p| p.usage == Usage::Required && object_type.contributing.contains(&p.name));
        let none_there = !object_type.contributing.iter().any(|name| map.contains_key(name));
        let (level, wanted) =
            if all_optional && none_there { (Level::Must, 4) } else { (Level::Should, 5) };
        if version != wanted {
            let why = match level {
                Level::Must => " because no ID Contributing Property is there",
                Level::Should => "",
            };
            let message = format_args!("the id holds a UUIDv{version}; use a UUIDv{wanted}{why}");
            self.find(level, at, ("id-version", "2.9"), message);
        }
    }

    /// A value of `identifier`; in a container, a key of it instead.
    pub(super) fn identifier<'v>(
        &mut self,
        value: &'v Value<'_>,
        at: &Path<'_>,
    ) -> Option<&'v str> {
        let text = self.text(value, "an identifier", "2.9", at)?;
        match Id::parse(text) {
            Ok(id) => Some(id.type_name),
            Err(error) => {
                let message = format_args!("\"{}\" is no identifier: {error}", brief(text));
                self.error(at, ("identifier", "2.9"), message);
                None
            }
        }
    }
}

/// The row of this name, and its bit.
fn find(table: &'static [Property], name: &str) -> Option<(u64, &'static Property)> {
    let mut bit = 1_u64;
    for property in table {
        if property.name == name {
            return Some((bit, property));
        }
        bit <<= 1;
    }
    None
}

/// The bit of `id` among the common properties of observables.
fn id_bit() -> u64 {
    find(Class::Observable.common(), "id").map_or(0, |(bit, _)| bit)
}

/// Observables alone have no times of creation and change.
fn class_by_times(map: &Map<'_>) -> Class {
    if map.contains_key("created") || map.contains_key("modified") {
        Class::Domain
    } else {
        Class::Observable
    }
}

/// Whether the name is a common property of some class.
pub(super) fn is_common(name: &str) -> bool {
    NAMES.contains(&name)
}
