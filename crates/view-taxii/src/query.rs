//! What a request asks for: the parameters of §3.4, read strictly.
//!
//! Invariants:
//! * A malformed parameter is refused with its name, what is wrong and what to do; never ignored,
//!   never a fault of the server.
//! * Two requests that ask for the same have the same [`Asked::filters`], in whatever order their
//!   parameters stand.

use axum::extract::Query;
use entente_object::id::{Id, is_type_name};
use entente_object::time::Timestamp;
use entente_store::{Selection, Version};
use http::Uri;
use uuid::Uuid;

use crate::error::TaxiiError;
use crate::limits::{MATCH_VALUES_MAX, PAGE_OBJECTS, PAGE_OBJECTS_MAX};

/// An address that takes parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Endpoint {
    /// `objects/`
    Objects,
    /// `manifest/`
    Manifest,
    /// `objects/{id}/`, read.
    Object,
    /// `objects/{id}/versions/`
    Versions,
    /// `objects/{id}/`, deleted.
    Delete,
}

/// A parameter that we know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Parameter {
    AddedAfter,
    Limit,
    Next,
    Id,
    Type,
    Version,
    SpecVersion,
}

impl Parameter {
    const ALL: [(&'static str, Self); 7] = [
        ("added_after", Self::AddedAfter),
        ("limit", Self::Limit),
        ("next", Self::Next),
        ("match[id]", Self::Id),
        ("match[type]", Self::Type),
        ("match[version]", Self::Version),
        ("match[spec_version]", Self::SpecVersion),
    ];

    /// Whether the parameter means something at the endpoint (§5.3 to §5.8, URL Filtering
    /// Parameters).
    fn is_for(self, endpoint: Endpoint) -> bool {
        match self {
            Self::AddedAfter | Self::Limit | Self::Next => endpoint != Endpoint::Delete,
            Self::Id | Self::Type => matches!(endpoint, Endpoint::Objects | Endpoint::Manifest),
            Self::Version => endpoint != Endpoint::Versions,
            Self::SpecVersion => true,
        }
    }
}

/// What a request asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Asked {
    pub(crate) endpoint: Endpoint,
    pub(crate) ids: Vec<(String, Uuid)>,
    pub(crate) types: Vec<String>,
    pub(crate) versions: Vec<Version>,
    /// Whether STIX 2.1 is asked for, the one version that is here.
    pub(crate) stix_2_1: bool,
    pub(crate) added_after: Option<i64>,
    pub(crate) limit: usize,
    pub(crate) next: Option<String>,
}

impl Asked {
    /// Everything that `endpoint` has.
    pub(crate) fn all(endpoint: Endpoint) -> Self {
        let every = matches!(endpoint, Endpoint::Versions | Endpoint::Delete);
        Self {
            endpoint,
            ids: Vec::new(),
            types: Vec::new(),
            versions: if every { vec![Version::All] } else { Vec::new() },
            stix_2_1: true,
            added_after: None,
            limit: PAGE_OBJECTS,
            next: None,
        }
    }

    /// Reads the parameters of `uri`.
    pub(crate) fn read(endpoint: Endpoint, uri: &Uri) -> Result<Self, TaxiiError> {
        let mut asked = Self::all(endpoint);
        if uri.query().is_none_or(str::is_empty) {
            return Ok(asked);
        }
        let pairs = Query::<Vec<(String, String)>>::try_from_uri(uri)
            .map_err(|_| TaxiiError::query("the query", "write it as name=value&name=value"))?;
        let mut seen = Vec::new();
        for (name, value) in &pairs.0 {
            let Some(parameter) = known(endpoint, name)? else { continue };
            if seen.contains(&parameter) {
                return Err(TaxiiError::query(name, "it is given twice; give it once"));
            }
            seen.push(parameter);
            asked.set(parameter, name, value)?;
        }
        Ok(asked)
    }

    /// The same for one object alone.
    pub(crate) fn of(mut self, object_type: &str, uuid: Uuid) -> Self {
        self.ids = vec![(object_type.to_owned(), uuid)];
        self
    }

    fn set(&mut self, parameter: Parameter, name: &str, value: &str) -> Result<(), TaxiiError> {
        match parameter {
            Parameter::AddedAfter => self.added_after = Some(time(name, value)?),
            Parameter::Limit => self.limit = limit(name, value)?,
            Parameter::Next => {
                if value.is_empty() {
                    return Err(TaxiiError::query(name, "it is empty; leave it out"));
                }
                self.next = Some(value.to_owned());
            }
            Parameter::Id => {
                self.ids = values(name, value, |one| match Id::parse(one) {
                    Ok(id) => Ok((id.type_name.to_owned(), id.uuid)),
                    Err(why) => Err(why.to_string()),
                })?;
            }
            Parameter::Type => {
                self.types = values(name, value, |one| {
                    let good = is_type_name(one);
                    good.then(|| one.to_owned()).ok_or("a type is written like indicator".into())
                })?;
            }
            Parameter::Version => self.versions = versions(name, value)?,
            Parameter::SpecVersion => {
                let given = values(name, value, |one| {
                    let good = one.split_once('.').is_some_and(|(major, minor)| {
                        [major, minor].iter().all(|n| n.parse::<u16>().is_ok())
                    });
                    good.then(|| one.to_owned()).ok_or("a version is written like 2.1".into())
                })?;
                self.stix_2_1 = given.iter().any(|one| one == "2.1");
            }
        }
        Ok(())
    }

    /// What is asked for but for where the page begins and ends, in one form. A cursor is bound to
    /// it.
    pub(crate) fn filters(&self) -> Vec<u8> {
        let mut out = vec![match self.endpoint {
            Endpoint::Objects => 1,
            Endpoint::Manifest => 2,
            Endpoint::Object => 3,
            Endpoint::Versions => 4,
            Endpoint::Delete => 5,
        }];
        out.push(u8::from(self.stix_2_1));
        out.extend(self.added_after.unwrap_or(i64::MIN).to_be_bytes());
        for (object_type, uuid) in &self.ids {
            out.push(b'i');
            out.extend(uuid.as_bytes());
            out.extend(object_type.as_bytes());
            out.push(0);
        }
        for object_type in &self.types {
            out.push(b't');
            out.extend(object_type.as_bytes());
            out.push(0);
        }
        for version in &self.versions {
            let (kind, time) = order(*version);
            out.extend([b'v', kind]);
            out.extend(time.to_be_bytes());
        }
        out
    }

    /// The question to the store, from after `position` on.
    pub(crate) fn selection(&self, under: &str, position: Option<i64>) -> Selection {
        Selection {
            under: under.to_owned(),
            ids: self.ids.clone(),
            types: self.types.clone(),
            versions: self.versions.clone(),
            after: position.max(self.added_after),
            limit: self.limit,
        }
    }
}

/// The parameter of this name. Filters that we do not know are refused, since to leave one out gives
/// more than was asked for; what is no filter is none of ours.
fn known(endpoint: Endpoint, name: &str) -> Result<Option<Parameter>, TaxiiError> {
    match Parameter::ALL.iter().find(|(known, _)| *known == name) {
        Some((_, parameter)) if parameter.is_for(endpoint) => Ok(Some(*parameter)),
        Some(_) => Err(TaxiiError::query(name, "it is not for this address; leave it out")),
        None if name.starts_with("match") => {
            let what = "there is no such filter; use match[id], match[type], match[version] or \
                        match[spec_version]";
            Err(TaxiiError::query(name, what))
        }
        None => Ok(None),
    }
}

fn time(name: &str, value: &str) -> Result<i64, TaxiiError> {
    let time = Timestamp::parse(value);
    time.map(Timestamp::unix_micros).map_err(|why| TaxiiError::query(name, why.to_string()))
}

fn limit(name: &str, value: &str) -> Result<usize, TaxiiError> {
    let digits = !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit());
    if !digits || value.bytes().all(|byte| byte == b'0') {
        return Err(TaxiiError::query(name, "it is a whole number from 1 on"));
    }
    // More digits than a number has are more than a page has.
    Ok(value.parse().unwrap_or(PAGE_OBJECTS_MAX).min(PAGE_OBJECTS_MAX))
}

/// The values between commas, sorted, each once.
fn values<T: Ord>(
    name: &str,
    value: &str,
    mut read: impl FnMut(&str) -> Result<T, String>,
) -> Result<Vec<T>, TaxiiError> {
    let mut found = Vec::new();
    for one in value.split(',') {
        if found.len() == MATCH_VALUES_MAX {
            let what = format!("it has more than {MATCH_VALUES_MAX} values; ask in parts");
            return Err(TaxiiError::query(name, what));
        }
        found.push(read(one).map_err(|why| TaxiiError::query(name, not_good(one, &why)))?);
    }
    found.sort_unstable();
    found.dedup();
    Ok(found)
}

fn not_good(value: &str, why: &str) -> String {
    let shown: String = value.chars().take(100).collect();
    format!("\"{shown}\" is no value of it: {why}")
}

fn versions(name: &str, value: &str) -> Result<Vec<Version>, TaxiiError> {
    let parts = value.split(',').count();
    let found = values(name, value, |one| match one {
        "last" => Ok(order(Version::Last)),
        "first" => Ok(order(Version::First)),
        "all" => Ok(order(Version::All)),
        time => match Timestamp::parse(time) {
            Ok(time) => Ok(order(Version::At(time.unix_micros()))),
            Err(why) => Err(format!("give last, first, all or a timestamp ({why})")),
        },
    })?;
    if found.len() < parts {
        return Err(TaxiiError::query(name, "a version is given twice; give each once"));
    }
    let versions: Vec<Version> = found.into_iter().map(version).collect();
    if versions.contains(&Version::All) && versions.len() > 1 {
        return Err(TaxiiError::query(name, "all stands alone; leave the others out"));
    }
    Ok(versions)
}

/// A version as something that can be sorted and written.
fn order(version: Version) -> (u8, i64) {
    match version {
        Version::Last => (0, 0),
        Version::First => (1, 0),
        Version::All => (2, 0),
        Version::At(time) => (3, time),
    }
}

fn version((kind, time): (u8, i64)) -> Version {
    match kind {
        0 => Version::Last,
        1 => Version::First,
        2 => Version::All,
        _ => Version::At(time),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::proptest;

    fn read(endpoint: Endpoint, query: &str) -> Result<Asked, TaxiiError> {
        Asked::read(endpoint, &format!("/x/?{}", query.replace(' ', "+")).parse().unwrap())
    }

    #[test]
    fn parameters_are_read() {
        let asked = read(
            Endpoint::Objects,
            "match%5Btype%5D=tool,malware&match[version]=last,2016-01-01T01:01:01.000Z&limit=7\
             &added_after=2020-01-01T00:00:00.000001Z&next=abc&match[spec_version]=2.0,2.1&_=1",
        );
        let asked = asked.unwrap();
        assert_eq!(asked.types, ["malware", "tool"]);
        assert_eq!(asked.versions, [Version::Last, Version::At(1_451_610_061_000_000)]);
        assert_eq!((asked.limit, asked.stix_2_1), (7, true));
        assert_eq!(asked.added_after, Some(1_577_836_800_000_001));
        assert_eq!(asked.next.as_deref(), Some("abc"));
        assert_eq!(read(Endpoint::Objects, "limit=99999999999999999999").unwrap().limit, 10_000);
        assert!(!read(Endpoint::Objects, "match[spec_version]=2.0").unwrap().stix_2_1);
    }

    #[test]
    fn the_order_of_parameters_and_values_does_not_matter() {
        let one = read(Endpoint::Objects, "match[type]=tool,malware&match[version]=first,last");
        let other = read(Endpoint::Objects, "match[version]=last,first&match[type]=malware,tool");
        assert_eq!(one.unwrap().filters(), other.unwrap().filters());
    }

    #[test]
    fn malformed_parameters_are_refused() {
        for bad in [
            "added_after=yesterday",
            "added_after=",
            "added_after=2020-01-01T00:00:00Z,2021-01-01T00:00:00Z",
            "added_after=2020-01-01T00:00:00Z&added_after=2020-01-01T00:00:00Z",
            "added_after=2020-01-01T00:00:00+00:00",
            "limit=0",
            "limit=-1",
            "limit=ten",
            "limit=",
            "limit=1.5",
            "limit=+1",
            "next=",
            "match[version]=",
            "match[version]=newest",
            "match[version]=all,last",
            "match[version]=last,last",
            "match[version]=2016-01-01T01:01:01Z,2016-01-01T01:01:01.000Z",
            "match[version]=last, first",
            "match[version]=last&match[version]=first",
            "match[id]=",
            "match[id]=indicator",
            "match[id]=indicator--00000000-0000-0000-0000-00000000000g",
            "match[type]=",
            "match[type]=Indicator",
            "match[type]=indicator,",
            "match[spec_version]=2",
            "match[spec_version]=latest",
            "match[name]=x",
            "match=x",
        ] {
            assert!(read(Endpoint::Objects, bad).is_err(), "{bad}");
        }
        assert!(read(Endpoint::Object, "match[id]=x").is_err());
        assert!(read(Endpoint::Versions, "match[version]=last").is_err());
        assert!(read(Endpoint::Delete, "limit=1").is_err());
        let many = vec!["tool"; MATCH_VALUES_MAX + 1].join(",");
        assert!(read(Endpoint::Objects, &format!("match[type]={many}")).is_err());
    }

    proptest! {
        #[test]
        fn any_query_is_read_or_refused(query in "[ -~]{0,60}", name in 0usize..7, value: String) {
            let (known, _) = Parameter::ALL[name];
            crate::fuzz::query(&query.replace(' ', "+"));
            crate::fuzz::query(&format!("{known}={value}&{query}"));
            let mut asked = Asked::all(Endpoint::Objects);
            let (name, parameter) = Parameter::ALL[name];
            let _either = asked.set(parameter, name, &value);
        }
    }
}
