//! How nations and times stand in JSON.
#![expect(clippy::trivially_copy_pass_by_ref, clippy::ref_option, reason = "serde gives fields so")]

/// A nation's code.
pub(crate) mod nation {
    use entente_release::Nation;
    use serde::de::Error as _;
    use serde::{Deserialize, Deserializer, Serializer};

    pub(crate) fn serialize<S: Serializer>(nation: &Nation, out: S) -> Result<S::Ok, S::Error> {
        out.serialize_str(nation.as_str())
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Nation, D::Error> {
        String::deserialize(from)?.parse().map_err(D::Error::custom)
    }
}

/// A nation's code, or none.
pub(crate) mod some_nation {
    use entente_release::Nation;
    use serde::{Deserializer, Serializer};

    pub(crate) fn serialize<S: Serializer>(
        nation: &Option<Nation>,
        out: S,
    ) -> Result<S::Ok, S::Error> {
        match nation {
            Some(nation) => super::nation::serialize(nation, out),
            None => out.serialize_none(),
        }
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Option<Nation>, D::Error> {
        super::nation::deserialize(from).map(Some)
    }
}

/// A list of nations, in the order of their codes, none twice.
pub(crate) mod nations {
    use entente_release::{Nation, NationSet};
    use serde::de::Error as _;
    use serde::{Deserialize, Deserializer, Serializer};

    pub(crate) fn serialize<S: Serializer>(nations: &NationSet, out: S) -> Result<S::Ok, S::Error> {
        out.collect_seq(nations.iter().map(|nation| nation.to_string()))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<NationSet, D::Error> {
        let codes = Vec::<String>::deserialize(from)?;
        codes.iter().map(|code| code.parse::<Nation>().map_err(D::Error::custom)).collect()
    }
}

/// A time as STIX writes it.
pub(crate) mod time {
    use entente_object::time::Timestamp;
    use serde::de::Error as _;
    use serde::{Deserialize, Deserializer, Serializer};

    pub(crate) fn serialize<S: Serializer>(time: &Timestamp, out: S) -> Result<S::Ok, S::Error> {
        out.serialize_str(&time.to_stix())
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Timestamp, D::Error> {
        Timestamp::parse(&String::deserialize(from)?).map_err(D::Error::custom)
    }
}

/// A time, or none.
pub(crate) mod some_time {
    use entente_object::time::Timestamp;
    use serde::{Deserializer, Serializer};

    pub(crate) fn serialize<S: Serializer>(
        time: &Option<Timestamp>,
        out: S,
    ) -> Result<S::Ok, S::Error> {
        match time {
            Some(time) => super::time::serialize(time, out),
            None => out.serialize_none(),
        }
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Option<Timestamp>, D::Error> {
        super::time::deserialize(from).map(Some)
    }
}
