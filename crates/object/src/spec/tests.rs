//! The tables against themselves.

use super::*;
use std::collections::BTreeSet;

#[test]
fn names_are_unique_and_few_enough_for_one_word() {
    for object_type in all() {
        let common = object_type.class.common();
        let mut names = BTreeSet::new();
        for property in object_type.properties.iter().chain(common) {
            assert!(names.insert(property.name), "{}: {}", object_type.name, property.name);
        }
        assert!(object_type.properties.len() <= PROPERTIES_MAX);
    }
}

#[test]
fn every_type_is_found_by_its_name() {
    for object_type in all() {
        assert!(
            find(object_type.name).is_some_and(|t| std::ptr::eq(t, object_type)),
            "{}",
            object_type.name
        );
    }
    assert_eq!(all().count(), 19 + 2 + 18 + 4 + 14);
    assert!(find("x-mitre-tactic").is_none());
}

#[test]
fn every_extension_belongs_to_one_type() {
    for table in extension::ALL {
        let owners = all().filter(|t| t.extensions.iter().any(|e| e.name == table.name));
        assert_eq!(owners.count(), 1, "{}", table.name);
    }
}

#[test]
fn contributing_properties_are_properties() {
    for object_type in all() {
        for name in object_type.contributing {
            let known = object_type
                .properties
                .iter()
                .chain(object_type.class.common())
                .any(|p| p.name == *name);
            assert!(known, "{}: {name}", object_type.name);
        }
    }
}

#[test]
fn reference_and_byte_properties_have_the_suffixes_of_section_3_1() {
    for property in all().flat_map(|t| t.properties) {
        let name = property.name;
        let expected = if matches!(property.kind, Kind::Identifier(_) | Kind::IdentifierAdvised(_))
        {
            Some("_ref")
        } else if matches!(property.kind, Kind::List(Kind::Identifier(_))) {
            Some("_refs")
        } else if matches!(property.kind, Kind::Hex) {
            Some("_hex")
        } else if matches!(property.kind, Kind::Binary) {
            Some("_bin")
        } else {
            None
        };
        assert!(expected.is_none_or(|s| name.ends_with(s)), "{name}");
    }
}

#[test]
fn contributing_properties_are_those_that_ids_are_made_of() {
    for object_type in sco::ALL {
        let mut ours = object_type.contributing.to_vec();
        let made_of = crate::observable_id::contributing_properties(object_type.name);
        let mut made_of = made_of.expect("an observable").to_vec();
        ours.sort_unstable();
        made_of.sort_unstable();
        assert_eq!(ours, made_of, "{}", object_type.name);
    }
}
