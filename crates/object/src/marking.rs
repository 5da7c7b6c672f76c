//! The Traffic Light Protocol as STIX carries it: nine marking ids, five levels.
//!
//! Invariants: the ids are compiled in, so no received object can define them anew; an id that is not
//! one of the nine is no TLP marking, however much it looks like one (public files carry mistyped
//! ones); the order of [`Tlp`] is from open to closed; TLP 1 is read and never written.
//!
//! Out of scope: what a level lets whom see (`entente-release`).

use std::fmt;

use uuid::{Uuid, uuid};

use crate::id::Id;

/// The type of objects that define a marking.
pub const MARKING_DEFINITION: &str = "marking-definition";

/// The OASIS extension under which TLP 2.0 marking definitions carry their level, as `tlp_2_0`.
pub const TLP_2_0_EXTENSION: &str = "extension-definition--60a3c5c5-0d10-413e-aab3-9e08dde9e88d";

/// A TLP 2.0 marking definition, member by member in the order OASIS publishes.
macro_rules! definition {
    ($uuid:literal, $name:literal, $level:literal) => {
        concat!(
            r#"{"type":"marking-definition","spec_version":"2.1","id":"marking-definition--"#,
            $uuid,
            r#"","created":"2022-10-01T00:00:00.000Z","name":"TLP:"#,
            $name,
            r#"","extensions":{"extension-definition--60a3c5c5-0d10-413e-aab3-9e08dde9e88d":"#,
            r#"{"extension_type":"property-extension","tlp_2_0":""#,
            $level,
            r#""}}}"#
        )
    };
}
/// A level of TLP 2.0. The greater, the fewer may see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Tlp {
    /// `TLP:CLEAR`, the `TLP:WHITE` of TLP 1.
    Clear,
    /// `TLP:GREEN`
    Green,
    /// `TLP:AMBER`
    Amber,
    /// `TLP:AMBER+STRICT`
    AmberStrict,
    /// `TLP:RED`
    Red,
}

impl Tlp {
    /// Every level, from open to closed.
    pub const ALL: [Self; 5] =
        [Self::Clear, Self::Green, Self::Amber, Self::AmberStrict, Self::Red];

    /// The level that a marking means, if it is one of the nine of TLP 1 and 2.0.
    pub fn from_marking_id(id: Id<'_>) -> Option<Self> {
        if id.type_name == MARKING_DEFINITION { Self::from_marking_uuid(id.uuid) } else { None }
    }

    /// The level that the marking definition with this UUID means.
    pub fn from_marking_uuid(uuid: Uuid) -> Option<Self> {
        let known = Self::ALL.into_iter().find(|level| level.marking_uuid() == uuid);
        known.or_else(|| TLP_1.iter().find(|(id, _)| *id == uuid).map(|(_, level)| *level))
    }

    /// The UUID of the level's TLP 2.0 marking definition.
    pub fn marking_uuid(self) -> Uuid {
        match self {
            Self::Clear => uuid!("94868c89-83c2-464b-929b-a1a8aa3c8487"),
            Self::Green => uuid!("bab4a63c-aed9-4cf5-a766-dfca5abac2bb"),
            Self::Amber => uuid!("55d920b0-5e8b-4f79-9ee9-91f868d9b421"),
            Self::AmberStrict => uuid!("939a9414-2ddd-4d32-a0cd-375ea402b003"),
            Self::Red => uuid!("e828b379-4e03-4974-9ac4-e53a884c97c1"),
        }
    }

    /// The id of the level's TLP 2.0 marking definition.
    pub fn marking_id(self) -> Id<'static> {
        Id { type_name: MARKING_DEFINITION, uuid: self.marking_uuid() }
    }

    /// The level as people write it: `TLP:AMBER+STRICT`.
    pub fn as_name(self) -> &'static str {
        match self {
            Self::Clear => "TLP:CLEAR",
            Self::Green => "TLP:GREEN",
            Self::Amber => "TLP:AMBER",
            Self::AmberStrict => "TLP:AMBER+STRICT",
            Self::Red => "TLP:RED",
        }
    }

    /// The level that people write so; exactly, in capitals.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|level| level.as_name() == name)
    }

    /// The level's TLP 2.0 marking definition, as OASIS publishes it, in compact JSON.
    pub fn definition(self) -> &'static str {
        match self {
            Self::Clear => definition!("94868c89-83c2-464b-929b-a1a8aa3c8487", "CLEAR", "clear"),
            Self::Green => definition!("bab4a63c-aed9-4cf5-a766-dfca5abac2bb", "GREEN", "green"),
            Self::Amber => definition!("55d920b0-5e8b-4f79-9ee9-91f868d9b421", "AMBER", "amber"),
            Self::AmberStrict => {
                definition!("939a9414-2ddd-4d32-a0cd-375ea402b003", "AMBER+STRICT", "amber+strict")
            }
            Self::Red => definition!("e828b379-4e03-4974-9ac4-e53a884c97c1", "RED", "red"),
        }
    }
}

impl fmt::Display for Tlp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_name())
    }
}

/// The marking definitions of TLP 1 (STIX 2.1 §7.2.1.4), and the levels of TLP 2.0 they mean.
const TLP_1: [(Uuid, Tlp); 4] = [
    (uuid!("613f2e26-407d-48c7-9eca-b8e91df99dc9"), Tlp::Clear),
    (uuid!("34098fce-860f-48ae-8e50-ebd3cc5e41da"), Tlp::Green),
    (uuid!("f88d31f6-486f-44da-b317-01333bde0b82"), Tlp::Amber),
    (uuid!("5e57c739-391a-4eb3-b6be-7d15ca92d5ed"), Tlp::Red),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::{Value, parse};

    /// The table of the project's release rule, copied by hand.
    const TABLE: [(&str, Tlp); 9] = [
        ("94868c89-83c2-464b-929b-a1a8aa3c8487", Tlp::Clear),
        ("bab4a63c-aed9-4cf5-a766-dfca5abac2bb", Tlp::Green),
        ("55d920b0-5e8b-4f79-9ee9-91f868d9b421", Tlp::Amber),
        ("939a9414-2ddd-4d32-a0cd-375ea402b003", Tlp::AmberStrict),
        ("e828b379-4e03-4974-9ac4-e53a884c97c1", Tlp::Red),
        ("613f2e26-407d-48c7-9eca-b8e91df99dc9", Tlp::Clear),
        ("34098fce-860f-48ae-8e50-ebd3cc5e41da", Tlp::Green),
        ("f88d31f6-486f-44da-b317-01333bde0b82", Tlp::Amber),
        ("5e57c739-391a-4eb3-b6be-7d15ca92d5ed", Tlp::Red),
    ];

    #[test]
    fn nine_ids_are_markings_and_no_others() {
        for (uuid, level) in TABLE {
            let text = format!("marking-definition--{uuid}");
            assert_eq!(Tlp::from_marking_id(Id::parse(&text).unwrap()), Some(level));
            let other_type = format!("identity--{uuid}");
            assert_eq!(Tlp::from_marking_id(Id::parse(&other_type).unwrap()), None);
            let uuid: Uuid = uuid.parse().unwrap();
            for bit in 0..128 {
                let near = Uuid::from_u128(uuid.as_u128() ^ (1 << bit));
                assert_eq!(Tlp::from_marking_uuid(near), None, "{near}");
            }
        }
    }

    #[test]
    fn names_and_order_are_those_of_tlp_2() {
        let names = Tlp::ALL.map(Tlp::as_name);
        assert_eq!(names, ["TLP:CLEAR", "TLP:GREEN", "TLP:AMBER", "TLP:AMBER+STRICT", "TLP:RED"]);
        assert!(Tlp::ALL.is_sorted());
        for level in Tlp::ALL {
            assert_eq!(Tlp::from_name(&level.to_string()), Some(level));
            assert_eq!(Tlp::from_marking_id(level.marking_id()), Some(level));
        }
        for other in ["", "TLP:WHITE", "tlp:red", "RED", "TLP: RED", "TLP:AMBER_STRICT"] {
            assert_eq!(Tlp::from_name(other), None);
        }
    }

    #[test]
    fn definitions_say_what_they_define() {
        for level in Tlp::ALL {
            let value = parse(level.definition().as_bytes()).unwrap();
            assert_eq!(value.to_bytes(), level.definition().as_bytes());
            let text = |key| value.get(key).and_then(Value::as_str).map(str::to_owned);
            assert_eq!(text("id"), Some(level.marking_id().to_string()));
            assert_eq!(text("name").as_deref(), Some(level.as_name()));
            let extension = value.get("extensions").and_then(|e| e.get(TLP_2_0_EXTENSION)).unwrap();
            let name = extension.get("tlp_2_0").and_then(Value::as_str).unwrap();
            assert_eq!(format!("TLP:{}", name.to_uppercase()), level.as_name());
        }
    }
}
