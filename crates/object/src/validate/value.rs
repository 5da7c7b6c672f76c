//! One value of each kind that a property can have.
//!
//! Invariant: total over [`Kind`] and over [`Value`]; a value of the wrong JSON type has one
//! finding, `wrong-type`, and its parts none.

use crate::json::{Map, Value};
use crate::spec::form::{self, Form};
use crate::spec::vocab::{self, Vocabulary};
use crate::spec::{Entries, HashNames, Keys, Kind, Level, Precision, Table, Targets};
use crate::time::Timestamp;
use crate::validate::path::Path;
use crate::validate::{Checker, brief};

/// The length of a timestamp to the second, and of one to the millisecond.
const SECOND_BYTES: usize = "2016-01-20T12:31:12Z".len();
const MILLISECOND_BYTES: usize = "2016-01-20T12:31:12.123Z".len();

impl<'j> Checker<'_, 'j> {
    /// One value against its kind.
    pub(super) fn value(&mut self, kind: &'static Kind, value: &Value<'_>, at: &Path<'_>) {
        match kind {
            Kind::String => {
                self.text(value, "a string", "2.15", at);
            }
            Kind::Text(form) => self.formed(form, value, at),
            Kind::Boolean => self.boolean(value, at),
            Kind::Integer(low, high) => self.integer((*low, *high), value, at),
            Kind::Float(low, high) => self.float((*low, *high), value, at),
            Kind::Timestamp(precision) => self.timestamp(*precision, value, at),
            Kind::Hex => self.hex(value, at),
            Kind::Binary => self.binary(value, at),
            Kind::Identifier(targets) => self.reference(Level::Must, *targets, value, at),
            Kind::IdentifierAdvised(targets) => self.reference(Level::Should, *targets, value, at),
            Kind::Enumeration(vocabulary) => self.term(Level::Must, vocabulary, value, at),
            Kind::OpenVocabulary(vocabulary) => self.term(Level::Should, vocabulary, value, at),
            Kind::Hashes(names) => self.hashes(*names, value, at),
            Kind::Dictionary(keys, entries) => self.dictionary(*keys, *entries, value, at),
            Kind::List(kind) => self.list(kind, value, at),
            Kind::Embedded(table) => self.embedded(table, value, at),
            Kind::Extensions => self.extensions(value, at),
            Kind::Container => self.observables(value, at),
            Kind::Objects => self.bundled(value, at),
            Kind::MarkingObject => self.marking_object(value, at),
            Kind::Translations => self.translations(value, at),
        }
    }

    /// A string; anything else is a finding.
    pub(super) fn text<'v>(
        &mut self,
        value: &'v Value<'_>,
        expected: &str,
        section: &'static str,
        at: &Path<'_>,
    ) -> Option<&'v str> {
        if let Value::String(text) = value {
            return Some(text);
        }
        self.wrong_type(value, expected, section, at);
        None
    }

    #[cold]
    #[inline(never)]
    pub(super) fn wrong_type(
        &mut self,
        value: &Value<'_>,
        expected: &str,
        section: &'static str,
        at: &Path<'_>,
    ) {
        let found = value.kind();
        let advice =
            if value.is_null() { "; leave the property out where there is no value" } else { "" };
        let message = format_args!("this must be {expected}, not {found}{advice}");
        self.error(at, ("wrong-type", section), message);
    }

    fn formed(&mut self, form: &'static Form, value: &Value<'_>, at: &Path<'_>) {
        let Some(text) = self.text(value, "a string", "2.15", at) else {
            return;
        };
        if !(form.accepts)(text) {
            self.malformed(form, text, at);
        }
    }

    #[cold]
    fn malformed(&mut self, form: &'static Form, text: &str, at: &Path<'_>) {
        let modal = match form.level {
            Level::Must => "must",
            Level::Should => "should",
        };
        let message = format_args!("\"{}\" {modal} be {}", brief(text), form.expected);
        self.find(form.level, at, (form.rule, form.section), message);
    }

    fn boolean(&mut self, value: &Value<'_>, at: &Path<'_>) {
        if value.as_bool().is_none() {
            self.wrong_type(value, "true or false", "2.2", at);
        }
    }

    fn integer(&mut self, (low, high): (i64, i64), value: &Value<'_>, at: &Path<'_>) {
        let Some(number) = value.as_i64() else {
            return self.wrong_type(value, "an integer", "2.10", at);
        };
        if number < low || number > high {
            let cite = ("number-range", "2.10");
            if high == i64::MAX {
                let message = format_args!("{number} must be {low} or greater");
                return self.error(at, cite, message);
            }
            let message = format_args!("{number} must be from {low} to {high}");
            self.error(at, cite, message);
        }
    }

    fn float(&mut self, (low, high): (f64, f64), value: &Value<'_>, at: &Path<'_>) {
        let Some(number) = value.as_f64() else {
            return self.wrong_type(value, "a number", "2.6", at);
        };
        if !(low..=high).contains(&number) {
            let message = format_args!("{number} must be from {low} to {high}");
            self.error(at, ("number-range", "2.6"), message);
        }
    }

    fn timestamp(&mut self, precision: Precision, value: &Value<'_>, at: &Path<'_>) {
        let Some(text) = self.text(value, "a timestamp", "2.16", at) else {
            return;
        };
        if let Err(error) = Timestamp::parse(text) {
            let message = format_args!("\"{}\" is no timestamp: {error}", brief(text));
            return self.error(at, ("timestamp", "2.16.1"), message);
        }
        let to_the_millisecond = text.len() >= MILLISECOND_BYTES;
        match precision {
            Precision::Any => {}
            Precision::Millisecond | Precision::MillisecondAdvised if to_the_millisecond => {}
            Precision::Millisecond => self.imprecise(Level::Must, text, at),
            Precision::MillisecondAdvised => self.imprecise(Level::Should, text, at),
            Precision::Second if text.len() == SECOND_BYTES => {}
            Precision::Second => {
                let message = format_args!(
                    "\"{text}\" must be precise to the second; leave the decimal places out"
                );
                self.error(at, ("timestamp-precision", "6.7.6"), message);
            }
        }
    }

    #[cold]
    fn imprecise(&mut self, level: Level, text: &str, at: &Path<'_>) {
        let message = format_args!(
            "\"{text}\" must be precise to the millisecond; write three decimal places"
        );
        self.find(level, at, ("timestamp-precision", "3.2"), message);
    }

    pub(super) fn hex(&mut self, value: &Value<'_>, at: &Path<'_>) {
        let Some(text) = self.text(value, "a string of hexadecimal digits", "2.8", at) else {
            return;
        };
        if !form::is_hex(text, None) {
            let message =
                format_args!("\"{}\" must be an even number of hexadecimal digits", brief(text));
            self.error(at, ("hex", "2.8"), message);
        } else if text.bytes().any(|b| b.is_ascii_uppercase()) {
            let message = format_args!("hexadecimal digits are written in lower case");
            self.warn(at, ("hex-case", "2.8"), message);
        }
    }

    pub(super) fn binary(&mut self, value: &Value<'_>, at: &Path<'_>) {
        let Some(text) = self.text(value, "a string of base64", "2.1", at) else {
            return;
        };
        if !form::is_base64(text) {
            let message = format_args!("this must be base64 of RFC 4648 with its padding");
            self.error(at, ("binary", "2.1"), message);
        }
    }

    fn reference(&mut self, level: Level, targets: Targets, value: &Value<'_>, at: &Path<'_>) {
        let target = match self.container {
            Some(container) => self.local_reference(container, value, at),
            None => self.identifier(value, at),
        };
        let Some(target) = target else { return };
        if targets.admits(target) {
            return;
        }
        let cite = ("reference-type", "3.3");
        match targets {
            Targets::Any => {}
            Targets::Of(types) => {
                let types = types.join(" or ");
                let message = format_args!("this refers to {target}, but is for {types}");
                self.find(level, at, cite, message);
            }
            Targets::Except(_) => {
                let message = format_args!("this cannot refer to an object of type {target}");
                self.find(level, at, cite, message);
            }
        }
    }

    /// A reference inside the deprecated container: the type of the object under that key.
    fn local_reference<'v>(
        &mut self,
        container: &'v Map<'j>,
        value: &'v Value<'_>,
        at: &Path<'_>,
    ) -> Option<&'v str> {
        let key = self.text(value, "a key of this container", "2.13", at)?;
        if let Some(object) = container.get(key) {
            return object.get("type").and_then(Value::as_str);
        }
        let message =
            format_args!("no object of this container has the key \"{}\"; add it", brief(key));
        self.error(at, ("local-reference", "2.13"), message);
        None
    }

    fn term(
        &mut self,
        level: Level,
        vocabulary: &'static Vocabulary,
        value: &Value<'_>,
        at: &Path<'_>,
    ) {
        let Some(text) = self.text(value, "a string", "2.15", at) else {
            return;
        };
        if vocabulary.contains(text) {
            return;
        }
        let Vocabulary { name, section, .. } = vocabulary;
        match level {
            Level::Must => {
                let terms = vocabulary.terms.join(", ");
                let message = format_args!("\"{}\" must be one of: {terms}", brief(text));
                self.error(at, ("enumeration", section), message);
            }
            Level::Should => {
                let message = format_args!(
                    "\"{}\" is not in {name}; take a term from there if one fits",
                    brief(text)
                );
                self.warn(at, ("vocabulary", section), message);
            }
        }
        if level == Level::Should && !form::is_lower_hyphenated(text) {
            let message = format_args!(
                "\"{}\" should be in lower case, with hyphens between words",
                brief(text)
            );
            self.warn(at, ("vocabulary-form", "2.14"), message);
        }
    }

    fn hashes(&mut self, names: HashNames, value: &Value<'_>, at: &Path<'_>) {
        let Some(map) = self.members(value, "2.7", at) else {
            return;
        };
        for (name, value) in map.iter() {
            let at = &at.key(name);
            if name.len() < 3 || !form::is_dictionary_key(name) {
                let message = format_args!(
                    "the name of an algorithm has 3 to 250 of a-z, A-Z, 0-9, hyphens and \
                     underscores"
                );
                self.error(at, ("hash-name", "2.7"), message);
            } else if !vocab::HASH_ALGORITHM.contains(name) {
                self.unknown_hash(names, name, at);
            }
            let Some(text) = self.text(value, "a string", "2.7", at) else {
                continue;
            };
            if !form::is_hash_value(name, text) {
                let message = format_args!("\"{}\" is not a value of {name}", brief(text));
                self.error(at, ("hash-value", "2.7"), message);
            }
        }
    }

    #[cold]
    fn unknown_hash(&mut self, names: HashNames, name: &str, at: &Path<'_>) {
        let message = format_args!("\"{}\" is not in hash-algorithm-ov", brief(name));
        match names {
            HashNames::Closed => self.error(at, ("hash-algorithm", "2.5.1"), message),
            // Names that start so are the standard's own example of user-defined ones.
            HashNames::Open if name.starts_with("x_") => {}
            HashNames::Open => self.warn(at, ("hash-algorithm", "2.7"), message),
        }
    }

    /// The members of an object that must not be empty.
    pub(super) fn members<'v, 'w>(
        &mut self,
        value: &'v Value<'w>,
        section: &'static str,
        at: &Path<'_>,
    ) -> Option<&'v Map<'w>> {
        let Some(map) = value.as_object() else {
            self.wrong_type(value, "an object", section, at);
            return None;
        };
        if map.is_empty() {
            let message = format_args!("this must not be empty; leave the property out");
            self.error(at, ("empty-dictionary", "2.3"), message);
        }
        Some(map)
    }

    fn dictionary(&mut self, keys: Keys, entries: Entries, value: &Value<'_>, at: &Path<'_>) {
        let Some(map) = self.members(value, "2.3", at) else {
            return;
        };
        for (key, value) in map.iter() {
            let at = &at.key(key);
            self.dictionary_key(keys, key, at);
            self.entry(entries, value, at);
        }
    }

    fn dictionary_key(&mut self, keys: Keys, key: &str, at: &Path<'_>) {
        if !form::is_dictionary_key(key) {
            let message =
                format_args!("a key has 1 to 250 of a-z, A-Z, 0-9, hyphens and underscores");
            return self.error(at, ("dictionary-key", "2.3"), message);
        }
        match keys {
            Keys::Free if key.bytes().any(|b| b.is_ascii_uppercase()) => {
                let message = format_args!("the key \"{key}\" should be in lower case");
                self.warn(at, ("dictionary-key-case", "2.3"), message);
            }
            Keys::Named(Some(form)) if !(form.accepts)(key) => self.malformed(form, key, at),
            Keys::Free | Keys::Named(_) => {}
        }
    }

    fn entry(&mut self, entries: Entries, value: &Value<'_>, at: &Path<'_>) {
        let is_string = value.as_str().is_some();
        let is_integer = value.as_i64().is_some();
        match entries {
            Entries::Any => self.free_value(value, at),
            Entries::Strings if !is_string => self.wrong_type(value, "a string", "2.3", at),
            Entries::Integers if !is_integer => self.wrong_type(value, "an integer", "2.3", at),
            Entries::StringsOrIntegers if !(is_string || is_integer) => {
                self.wrong_type(value, "a string or an integer", "2.3", at);
            }
            Entries::StringListsAdvised if is_string => {
                let message = format_args!("this must be a list of strings; put it into one");
                self.warn(at, ("header-field-list", "6.6.1"), message);
            }
            Entries::StringLists | Entries::StringListsAdvised => {
                self.list(&Kind::String, value, at);
            }
            Entries::Strings | Entries::Integers | Entries::StringsOrIntegers => {}
        }
    }

    /// A value of which the standard says only that it has a type and is not empty.
    pub(super) fn free_value(&mut self, value: &Value<'_>, at: &Path<'_>) {
        if value.is_null() {
            self.wrong_type(value, "a value", "2.3", at);
        } else if value.as_array().is_some_and(<[_]>::is_empty) {
            self.empty_list(at);
        }
    }

    #[cold]
    fn empty_list(&mut self, at: &Path<'_>) {
        let message = format_args!("a list has one item or more; leave the property out");
        self.error(at, ("empty-list", "2.12"), message);
    }

    fn list(&mut self, kind: &'static Kind, value: &Value<'_>, at: &Path<'_>) {
        let Some(items) = value.as_array() else {
            return self.wrong_type(value, "a list", "2.12", at);
        };
        if items.is_empty() {
            self.empty_list(at);
        }
        for (index, item) in items.iter().enumerate() {
            self.value(kind, item, &at.index(index));
        }
    }

    /// A value with properties of its own.
    pub(super) fn embedded(&mut self, table: &'static Table, value: &Value<'_>, at: &Path<'_>) {
        let Some(map) = value.as_object() else {
            return self.wrong_type(value, "an object", table.section, at);
        };
        let seen = self.properties(map, table.properties, &[], at);
        self.missing(table.properties, seen.own, table.section, at);
        for rule in table.rules {
            self.rule(rule, map, (table.properties, seen.own), at);
        }
    }

    /// The observables of a deprecated container, whose references are its keys.
    fn observables(&mut self, value: &Value<'_>, at: &Path<'_>) {
        let Some(map) = self.members(value, "2.13", at) else {
            return;
        };
        for (key, value) in map.iter() {
            let at = at.key(key);
            if !key.bytes().all(|b| b.is_ascii_digit()) {
                let message = format_args!("keys here should be numbers, counted from \"0\"");
                self.warn(&at, ("container-key", "2.9"), message);
            }
            let Some(object) = value.as_object() else {
                self.wrong_type(value, "an object", "2.13", &at);
                continue;
            };
            Checker { report: self.report, object, container: Some(map) }.object(object, &at);
        }
    }

    /// The objects of a bundle.
    fn bundled(&mut self, value: &Value<'_>, at: &Path<'_>) {
        let Some(items) = value.as_array() else {
            return self.wrong_type(value, "a list of objects", "8.1", at);
        };
        if items.is_empty() {
            self.empty_list(at);
        }
        for (index, item) in items.iter().enumerate() {
            let at = at.index(index);
            match item.as_object() {
                Some(object) => Checker::new(self.report, object).object(object, &at),
                None => self.wrong_type(item, "an object", "8.1", &at),
            }
        }
    }

    /// The marking object; what it holds depends on `definition_type` (7.2.1.3).
    fn marking_object(&mut self, value: &Value<'_>, at: &Path<'_>) {
        if self.members(value, "7.2.1.1", at).is_none() {
            return;
        }
        let is_statement =
            self.object.get("definition_type").is_some_and(|t| t.as_str() == Some("statement"));
        if is_statement && value.get("statement").and_then(Value::as_str).is_none() {
            let message =
                format_args!("a statement marking must hold its \"statement\" as a string");
            self.error(&at.key("statement"), ("statement-marking", "7.2.1.3"), message);
        }
    }

    /// Translations: a language, then properties of the target.
    fn translations(&mut self, value: &Value<'_>, at: &Path<'_>) {
        let Some(map) = self.members(value, "7.1.1", at) else {
            return;
        };
        for (language, texts) in map.iter() {
            let at = at.key(language);
            if !(form::LANGUAGE.accepts)(language) {
                self.malformed(&form::LANGUAGE, language, &at);
            }
            let Some(texts) = self.members(texts, "7.1.1", &at) else {
                continue;
            };
            for (name, text) in texts.iter() {
                let at = at.key(name);
                if !form::is_property_name(name) {
                    let message = format_args!("this is not the name of a property");
                    self.error(&at, ("property-name", "3.1"), message);
                }
                self.free_value(text, &at);
            }
        }
    }
}
