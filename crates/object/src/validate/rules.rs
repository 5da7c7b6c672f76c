//! Rules across the properties of one value.
//!
//! Invariants: total over [`Demand`]; a rule looks only at values whose kind is right, so that a
//! wrong type is one finding and not two.

use std::collections::BTreeSet;

use crate::id::Id;
use crate::json::{Map, Value};
use crate::spec::relationship::{ANY_OBSERVABLE, COMMON, SUGGESTED};
use crate::spec::{self, Class, Demand, Property, Rule, form};
use crate::time::Timestamp;
use crate::validate::path::Path;
use crate::validate::{Checker, brief};

/// The value's own table, and which of its rows were seen.
type OwnSeen = (&'static [Property], u64);

impl Checker<'_, '_> {
    /// One rule.
    pub(super) fn rule(&mut self, rule: &Rule, map: &Map<'_>, own: OwnSeen, at: &Path<'_>) {
        match &rule.demand {
            Demand::AtLeastOne(names) => {
                if count(map, names) == 0 {
                    self.broken(rule, at, format_args!("add one of: {}", names.join(", ")));
                }
            }
            Demand::AnyOwnProperty(other) => self.any_own_property(rule, (map, other), own, at),
            Demand::ExactlyOne(names) => {
                let there = count(map, names);
                if there != 1 {
                    let names = names.join(", ");
                    let message =
                        format_args!("exactly one of these must be there, not {there}: {names}");
                    self.broken(rule, at, message);
                }
            }
            Demand::Present(names) => {
                if count(map, names) < names.len() {
                    self.broken(rule, at, format_args!("add: {}", absent(map, names)));
                }
            }
            Demand::AllOrNone(names) => {
                if !matches!(count(map, names), 0) && count(map, names) < names.len() {
                    let absent = absent(map, names);
                    self.broken(rule, at, format_args!("all of these or none: add {absent}"));
                }
            }
            Demand::Requires(first, names) => {
                if map.contains_key(first) && count(map, names) < names.len() {
                    let absent = absent(map, names);
                    self.broken(rule, at, format_args!("\"{first}\" goes with: {absent}; add it"));
                }
            }
            Demand::OneGroup(groups) => {
                if !groups.iter().any(|g| count(map, g) == g.len()) {
                    let groups: Vec<_> = groups.iter().map(|g| g.join(" and ")).collect();
                    self.broken(rule, at, format_args!("add {}", groups.join(", or ")));
                }
            }
            Demand::NotBoth(one, other) => {
                if map.contains_key(one) && map.contains_key(other) {
                    self.broken(rule, at, format_args!("\"{one}\" excludes \"{other}\"; keep one"));
                }
            }
            Demand::RequiredWhen(..) | Demand::AbsentWhen(..) => self.conditional(rule, map, at),
            Demand::NotBefore(..) | Demand::After(..) => self.order(rule, map, at),
            Demand::OnlyWithMember(..) | Demand::RequiredWithMember(..) => {
                self.membership(rule, map, at);
            }
            Demand::KeysExclude(name, keys) => self.keys_exclude(rule, (map, name), keys, at),
            Demand::RefersBeyond(name, types) => self.refers_beyond(rule, (map, name), types, at),
            Demand::CatalogueIdentifier => self.catalogue_identifier(rule, map, at),
            Demand::SuggestedRelationship => self.suggested_relationship(rule, map, at),
            Demand::StixPattern => self.stix_pattern(rule, map, at),
            Demand::TlpInstance => self.tlp_instance(rule, map, at),
            Demand::NewObject(id) => self.new_object(rule, (map, id), at),
            Demand::DistinctVersions => self.distinct_versions(rule, map, at),
        }
    }

    #[cold]
    #[inline(never)]
    fn broken(&mut self, rule: &Rule, at: &Path<'_>, message: std::fmt::Arguments<'_>) {
        self.find(rule.level, at, (rule.name, rule.section), message);
    }

    fn new_object(&mut self, rule: &Rule, (map, id): (&Map<'_>, &str), at: &Path<'_>) {
        let extension = map.get("extensions").and_then(|extensions| extensions.get(id));
        let kind = extension.and_then(|extension| extension.get("extension_type"));
        if kind.and_then(Value::as_str) != Some("new-sdo") {
            let message = format_args!(
                "objects of this type have \"extensions\": {{\"{id}\": \
                 {{\"extension_type\": \"new-sdo\"}}}}; add it"
            );
            self.broken(rule, at, message);
        }
    }

    fn any_own_property(
        &mut self,
        rule: &Rule,
        (map, other): (&Map<'_>, &str),
        (own, mut seen): OwnSeen,
        at: &Path<'_>,
    ) {
        if let Some(position) = own.iter().position(|p| p.name == other) {
            seen &= !(1_u64 << position);
        }
        if seen == 0 && !map.contains_key("extensions") {
            let message = format_args!("at least one property of its own must be there");
            self.broken(rule, at, message);
        }
    }

    fn conditional(&mut self, rule: &Rule, map: &Map<'_>, at: &Path<'_>) {
        let truth = |name: &str| map.get(name).and_then(Value::as_bool);
        if let Demand::RequiredWhen(name, when, other) = &rule.demand
            && truth(name) == Some(*when)
            && !map.contains_key(other)
        {
            let message = format_args!("\"{other}\" must be there when \"{name}\" is {when}");
            self.broken(rule, &at.key(other), message);
        }
        if let Demand::AbsentWhen(name, when, other) = &rule.demand
            && truth(name) == Some(*when)
            && map.contains_key(other)
        {
            let message = format_args!("\"{other}\" must not be there when \"{name}\" is {when}");
            self.broken(rule, &at.key(other), message);
        }
    }

    fn order(&mut self, rule: &Rule, map: &Map<'_>, at: &Path<'_>) {
        if let Demand::NotBefore(first, second) = &rule.demand
            && let Some((a, b)) = times(map, first, second)
            && b < a
        {
            let message = format_args!("\"{second}\" must not be before \"{first}\"");
            self.broken(rule, &at.key(second), message);
        }
        if let Demand::After(first, second) = &rule.demand
            && let Some((a, b)) = times(map, first, second)
            && b <= a
        {
            let message = format_args!("\"{second}\" must be later than \"{first}\"");
            self.broken(rule, &at.key(second), message);
        }
    }

    fn membership(&mut self, rule: &Rule, map: &Map<'_>, at: &Path<'_>) {
        let has = |list: &str, member: &str| {
            let items = map.get(list).and_then(Value::as_array);
            items.into_iter().flatten().any(|i| i.as_str() == Some(member))
        };
        if let Demand::OnlyWithMember(list, member, name) = &rule.demand
            && map.contains_key(name)
            && !has(list, member)
        {
            let message = format_args!("\"{name}\" is for \"{list}\" with {member} only");
            self.broken(rule, &at.key(name), message);
        }
        if let Demand::RequiredWithMember(list, member, name) = &rule.demand
            && !map.contains_key(name)
            && has(list, member)
        {
            let message = format_args!("\"{name}\" should name the properties; add it");
            self.broken(rule, &at.key(name), message);
        }
    }

    fn keys_exclude(
        &mut self,
        rule: &Rule,
        (map, name): (&Map<'_>, &str),
        excluded: &[&str],
        at: &Path<'_>,
    ) {
        let dictionary = map.get(name).and_then(Value::as_object);
        for (key, _) in dictionary.into_iter().flat_map(Map::iter) {
            if excluded.contains(&key) {
                let at = &at.key(name);
                let message = format_args!("\"{key}\" is a property of its own; move it there");
                self.broken(rule, &at.key(key), message);
            }
        }
    }

    fn refers_beyond(
        &mut self,
        rule: &Rule,
        (map, name): (&Map<'_>, &str),
        types: &[&str],
        at: &Path<'_>,
    ) {
        let refs = map.get(name).and_then(Value::as_array).unwrap_or_default();
        let is_of = |id: &Value<'_>| {
            let id = id.as_str().and_then(|id| Id::parse(id).ok());
            id.is_some_and(|id| types.contains(&id.type_name))
        };
        if !refs.is_empty() && refs.iter().all(is_of) {
            let types = types.join(" and ");
            let message = format_args!("refer to something other than {types} too");
            self.broken(rule, &at.key(name), message);
        }
    }

    /// CVE and CAPEC identifiers (4.1.1, 4.19.1) wherever they are given.
    fn catalogue_identifier(&mut self, rule: &Rule, map: &Map<'_>, at: &Path<'_>) {
        let source = map.get("source_name").and_then(Value::as_str);
        let id = map.get("external_id").and_then(Value::as_str);
        let message = match (source, id) {
            (Some("cve"), Some(id)) if is_cve(id) => return,
            (Some("cve"), _) => "under \"cve\" stands a CVE identifier such as CVE-2016-1234",
            (Some("capec"), Some(id)) if is_capec(id) => return,
            (Some("capec"), _) => "under \"capec\" stands a CAPEC identifier such as CAPEC-163",
            (_, Some(id)) if is_cve(id) => "a CVE identifier has the source_name \"cve\"",
            (_, Some(id)) if is_capec(id) => "a CAPEC identifier has the source_name \"capec\"",
            (_, _) => return,
        };
        self.broken(rule, &at.key("external_id"), format_args!("{message}"));
    }

    fn suggested_relationship(&mut self, rule: &Rule, map: &Map<'_>, at: &Path<'_>) {
        let type_of = |name| {
            let id = map.get(name).and_then(Value::as_str)?;
            id.split_once("--").map(|(type_name, _)| type_name)
        };
        let (Some(source), Some(target), Some(name)) = (
            type_of("source_ref"),
            type_of("target_ref"),
            map.get("relationship_type").and_then(Value::as_str),
        ) else {
            return;
        };
        if COMMON.contains(&name) || is_suggested(source, name, target) {
            return;
        }
        let message = format_args!(
            "the standard does not suggest \"{}\" from {} to {}; see whether another fits",
            brief(name),
            brief(source),
            brief(target)
        );
        self.broken(rule, &at.key("relationship_type"), message);
    }

    fn stix_pattern(&mut self, rule: &Rule, map: &Map<'_>, at: &Path<'_>) {
        let text = |name| map.get(name).and_then(Value::as_str);
        let (Some("stix"), Some(pattern)) = (text("pattern_type"), text("pattern")) else {
            return;
        };
        let at = &at.key("pattern");
        match entente_pattern::parse(pattern) {
            Ok(pattern) => {
                for path in pattern.paths() {
                    self.pattern_path(rule, path, at);
                }
            }
            Err(error) => self.broken(rule, at, format_args!("{error}")),
        }
    }

    /// The names in a pattern are names that objects and properties can have.
    fn pattern_path(&mut self, rule: &Rule, path: &entente_pattern::ObjectPath<'_>, at: &Path<'_>) {
        if !crate::id::is_type_name(path.object_type) {
            let name = brief(path.object_type);
            self.broken(rule, at, format_args!("\"{name}\" is not the name of an object type"));
        }
        if path.property != "id" && !form::is_property_name(&path.property) {
            let name = brief(&path.property);
            self.broken(rule, at, format_args!("\"{name}\" is not the name of a property"));
        }
    }

    /// The four TLP markings of 7.2.1.4, as they stand.
    fn tlp_instance(&mut self, rule: &Rule, map: &Map<'_>, at: &Path<'_>) {
        let text = |name| map.get(name).and_then(Value::as_str);
        let is_tlp = text("definition_type") == Some("tlp");
        let instance = TLP.iter().find(|(id, _, _)| text("id") == Some(*id));
        if !is_tlp && instance.is_none() {
            return;
        }
        let level = map.get("definition").and_then(Value::as_object);
        let unchanged = instance.is_some_and(|(_, name, tlp)| {
            is_tlp
                && text("name") == Some(*name)
                && text("created") == Some("2017-01-20T00:00:00.000Z")
                && level.is_some_and(|d| {
                    d.len() == 1 && d.get("tlp").and_then(Value::as_str) == Some(*tlp)
                })
                && map.len() == TLP_PROPERTIES
        });
        if !unchanged {
            let message = format_args!(
                "TLP markings are the four of the standard, unchanged; refer to one of those"
            );
            self.broken(rule, at, message);
        }
    }

    fn distinct_versions(&mut self, rule: &Rule, map: &Map<'_>, at: &Path<'_>) {
        let mut versions = BTreeSet::new();
        let objects = map.get("objects").and_then(Value::as_array);
        for (index, object) in objects.into_iter().flatten().enumerate() {
            let text = |name| object.get(name).and_then(Value::as_str);
            if let (Some(id), Some(modified)) = (text("id"), text("modified"))
                && !versions.insert((id, modified))
            {
                let at = &at.key("objects");
                let message = format_args!("another object has the same id and modified; keep one");
                self.broken(rule, &at.index(index), message);
            }
        }
    }
}

/// The TLP markings: id, name, level.
const TLP: [(&str, &str, &str); 4] = [
    ("marking-definition--613f2e26-407d-48c7-9eca-b8e91df99dc9", "TLP:WHITE", "white"),
    ("marking-definition--34098fce-860f-48ae-8e50-ebd3cc5e41da", "TLP:GREEN", "green"),
    ("marking-definition--f88d31f6-486f-44da-b317-01333bde0b82", "TLP:AMBER", "amber"),
    ("marking-definition--5e57c739-391a-4eb3-b6be-7d15ca92d5ed", "TLP:RED", "red"),
];

/// `type`, `spec_version`, `id`, `created`, `definition_type`, `name` and `definition`.
const TLP_PROPERTIES: usize = 7;

fn count(map: &Map<'_>, names: &[&str]) -> usize {
    names.iter().filter(|name| map.contains_key(name)).count()
}

#[cold]
fn absent(map: &Map<'_>, names: &[&str]) -> String {
    let absent: Vec<_> = names.iter().filter(|name| !map.contains_key(name)).copied().collect();
    absent.join(", ")
}

/// Both times, if both are there and are times.
fn times(map: &Map<'_>, first: &str, second: &str) -> Option<(Timestamp, Timestamp)> {
    let time = |name| Timestamp::parse(map.get(name)?.as_str()?).ok();
    // The second is often absent, so it is looked for first.
    let second = time(second)?;
    Some((time(first)?, second))
}

/// `CVE-`, a year, a hyphen, four digits or more; five or more do not start with 0.
fn is_cve(id: &str) -> bool {
    let Some((year, number)) = id.strip_prefix("CVE-").and_then(|rest| rest.split_once('-')) else {
        return false;
    };
    is_digits(year)
        && year.len() == 4
        && is_digits(number)
        && (number.len() == 4 || number.len() > 4 && !number.starts_with('0'))
}

fn is_capec(id: &str) -> bool {
    id.strip_prefix("CAPEC-").is_some_and(is_digits)
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

fn is_suggested(source: &str, name: &str, target: &str) -> bool {
    SUGGESTED.iter().any(|(from, kind, to)| {
        *kind == name
            && *from == source
            && to.iter().any(|t| {
                *t == target
                    || *t == ANY_OBSERVABLE
                        && spec::find(target).is_some_and(|o| o.class == Class::Observable)
            })
    })
}
