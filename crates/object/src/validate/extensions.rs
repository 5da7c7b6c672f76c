//! Extensions, and properties that no table has (sections 3.8, 7.3, 11).
//!
//! Invariant: a property outside every table is never taken on trust: its name must be one, its
//! value must be one, and unless an extension covers it there is a warning.

use crate::id::Id;
use crate::json::{Map, Value};
use crate::spec::common::RESERVED;
use crate::spec::form;
use crate::spec::vocab::EXTENSION_TYPE;
use crate::spec::{self, Class};
use crate::validate::object::is_common;
use crate::validate::path::Path;
use crate::validate::{Checker, brief};

impl Checker<'_, '_> {
    /// The `extensions` of an object.
    pub(super) fn extensions(&mut self, value: &Value<'_>, at: &Path<'_>) {
        let Some(map) = self.members(value, "3.2", at) else {
            return;
        };
        let own = self
            .object
            .get("type")
            .and_then(Value::as_str)
            .and_then(spec::find)
            .map_or(&[][..], |object_type| object_type.extensions);
        for (key, extension) in map.iter() {
            let at = &at.key(key);
            if let Some(table) = own.iter().find(|table| table.name == key) {
                self.embedded(table, extension, at);
            } else if let Ok(id) = Id::parse(key)
                && id.type_name == "extension-definition"
            {
                self.defined_extension(extension, at);
            } else if key.ends_with("-ext") && crate::id::is_type_name(key) {
                self.custom_extension(key, extension, at);
            } else {
                let message = format_args!(
                    "\"{}\" must be the id of an extension definition or end in -ext",
                    brief(key)
                );
                self.error(at, ("extension-key", "3.2"), message);
            }
        }
    }

    /// An extension by definition: a type, and perhaps properties.
    fn defined_extension(&mut self, value: &Value<'_>, at: &Path<'_>) {
        let Some(map) = self.members(value, "7.3", at) else {
            return;
        };
        for (key, value) in map.iter() {
            if key != "extension_type" {
                self.name_and_value(key, value, &at.key(key));
            }
        }
        let at = &at.key("extension_type");
        let cite = ("extension-type", "3.2");
        let terms = "new-sdo, new-sco, new-sro, property-extension, toplevel-property-extension";
        match map.get("extension_type") {
            None => self.error(at, cite, format_args!("this must be there, as one of: {terms}")),
            Some(value) => {
                if !value.as_str().is_some_and(|t| EXTENSION_TYPE.contains(t)) {
                    self.error(at, cite, format_args!("this must be one of: {terms}"));
                }
            }
        }
    }

    /// An extension of the deprecated kind, or one that belongs to another type.
    fn custom_extension(&mut self, key: &str, value: &Value<'_>, at: &Path<'_>) {
        let Some(map) = self.members(value, "11.3", at) else {
            return;
        };
        for (key, value) in map.iter() {
            self.name_and_value(key, value, &at.key(key));
        }
        if self.extended_by("property-extension") {
            return;
        }
        let cite = ("custom-extension", "11.3");
        if spec::find_extension(key).is_some() {
            let message = format_args!("{key} is an extension of another type of object");
            self.warn(at, cite, message);
        } else {
            let message =
                format_args!("custom extensions are deprecated; define a property-extension");
            self.warn(at, cite, message);
        }
    }

    /// A property at the top level that neither the type nor its class has.
    pub(super) fn unknown_property(
        &mut self,
        map: &Map<'_>,
        key: &str,
        value: &Value<'_>,
        at: &Path<'_>,
    ) {
        if RESERVED.contains(&key) {
            let message = format_args!("the name \"{key}\" is reserved; use another");
            return self.error(at, ("reserved-name", "3.8"), message);
        }
        if key == "defanged" {
            let message =
                format_args!("only cyber-observable objects have \"defanged\"; leave it out");
            return self.error(at, ("property-not-applicable", "3.2"), message);
        }
        self.name_and_value(key, value, at);
        if is_common(key) {
            let message = format_args!("objects of this type have no \"{key}\"; leave it out");
            return self.warn(at, ("property-not-applicable", "3.2"), message);
        }
        let is_custom_type =
            map.get("type").and_then(Value::as_str).is_none_or(|t| spec::find(t).is_none());
        if is_custom_type || self.extended_by("toplevel-property-extension") {
            return;
        }
        let message =
            format_args!("the standard has no \"{}\" here; define it by an extension", brief(key));
        self.warn(at, ("custom-property", "11.1"), message);
    }

    /// A property of an embedded value that its table does not have.
    pub(super) fn unknown_part(&mut self, key: &str, value: &Value<'_>, at: &Path<'_>) {
        self.name_and_value(key, value, at);
        let message = format_args!(
            "the standard has no \"{}\" here; define it by an extension of the object",
            brief(key)
        );
        self.warn(at, ("custom-property", "11.1"), message);
    }

    /// What holds of every property that no table describes.
    fn name_and_value(&mut self, key: &str, value: &Value<'_>, at: &Path<'_>) {
        if !form::is_property_name(key) {
            let message = format_args!(
                "\"{}\" is not the name of a property: 3 to 250 of a-z, 0-9 and underscores, \
                 starting with a letter",
                brief(key)
            );
            self.error(at, ("property-name", "3.1"), message);
        }
        if key.ends_with("_hex") {
            self.hex(value, at);
        } else if key.ends_with("_bin") {
            self.binary(value, at);
        } else {
            self.free_value(value, at);
        }
        for (inner, _) in value.as_object().into_iter().flat_map(Map::iter) {
            if inner.bytes().any(|b| b.is_ascii_uppercase()) {
                let message = format_args!("the key \"{}\" should be in lower case", brief(inner));
                self.warn(&at.key(inner), ("dictionary-key-case", "2.3"), message);
            }
        }
    }

    /// Whether the object has an extension of this type.
    fn extended_by(&self, extension_type: &str) -> bool {
        extension_types(self.object).any(|t| t == extension_type)
    }
}

/// The class that an extension gives an object of a new type.
pub(super) fn extension_class(map: &Map<'_>) -> Option<Class> {
    extension_types(map).find_map(|extension_type| match extension_type {
        "new-sdo" => Some(Class::Domain),
        "new-sro" => Some(Class::Relationship),
        "new-sco" => Some(Class::Observable),
        _ => None,
    })
}

fn extension_types<'v>(map: &'v Map<'_>) -> impl Iterator<Item = &'v str> {
    map.get("extensions")
        .and_then(Value::as_object)
        .into_iter()
        .flat_map(Map::iter)
        .filter_map(|(_, extension)| extension.get("extension_type")?.as_str())
}
