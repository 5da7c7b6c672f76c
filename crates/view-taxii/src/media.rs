//! Content negotiation: media types and content codings.
//!
//! Invariants: a request that accepts TAXII 2.1 in any way that HTTP has for saying so is never
//! answered with 406; the most specific media range decides.

use http::HeaderMap;
use http::header::{self, HeaderName};

use crate::error::TaxiiError;

/// The media type of everything that is sent.
pub(crate) const TAXII: &str = "application/taxii+json;version=2.1";

/// The media type of every object.
pub(crate) const STIX: &str = "application/stix+json;version=2.1";

/// How a body is compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Coding {
    Identity,
    Gzip,
    Zstd,
}

impl Coding {
    /// The name in headers.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Identity => "identity",
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
        }
    }
}

/// Whether the caller accepts TAXII 2.1. Without a header, everything is accepted.
pub(crate) fn accept(headers: &HeaderMap) -> Result<(), TaxiiError> {
    if !headers.contains_key(header::ACCEPT) {
        return Ok(());
    }
    let ranges = items(headers, &header::ACCEPT).filter_map(|item| {
        let specificity = match media(item) {
            Media::Taxii { versioned: true } => 3,
            Media::Taxii { versioned: false } => 2,
            Media::AnyApplication => 1,
            Media::Any => 0,
            Media::Other => return None,
        };
        Some((specificity, weight(item)))
    });
    match ranges.max() {
        Some((_, weight)) if weight > 0 => Ok(()),
        _ => Err(TaxiiError::NotAcceptable),
    }
}

/// Whether a body is declared to be TAXII 2.1.
pub(crate) fn content_type(headers: &HeaderMap) -> Result<(), TaxiiError> {
    let mut types = items(headers, &header::CONTENT_TYPE);
    let is_taxii = types.next().is_some_and(|item| matches!(media(item), Media::Taxii { .. }));
    if is_taxii && types.next().is_none() {
        return Ok(());
    }
    Err(TaxiiError::UnsupportedMedia(format!("send Content-Type: {TAXII}")))
}

/// How a body is declared to be compressed.
pub(crate) fn content_coding(headers: &HeaderMap) -> Result<Coding, TaxiiError> {
    let mut coding = Coding::Identity;
    for item in items(headers, &header::CONTENT_ENCODING) {
        let named = match item.to_ascii_lowercase().as_str() {
            "identity" => Coding::Identity,
            "gzip" | "x-gzip" => Coding::Gzip,
            "zstd" => Coding::Zstd,
            _ => return Err(unsupported_coding()),
        };
        if named != Coding::Identity && coding != Coding::Identity {
            return Err(unsupported_coding());
        }
        coding = named;
    }
    Ok(coding)
}

fn unsupported_coding() -> TaxiiError {
    let what = "send the body with Content-Encoding gzip or zstd, once, or without";
    TaxiiError::UnsupportedMedia(what.to_owned())
}

/// The coding that the caller likes best; of equals, the one that is smallest.
pub(crate) fn accepted_coding(headers: &HeaderMap) -> Coding {
    let (mut gzip, mut zstd, mut any) = (None, None, None);
    for item in items(headers, &header::ACCEPT_ENCODING) {
        let name = item.split(';').next().unwrap_or_default().trim();
        let weight = Some(weight(item));
        match name.to_ascii_lowercase().as_str() {
            "gzip" | "x-gzip" => gzip = weight,
            "zstd" => zstd = weight,
            "*" => any = weight,
            _ => {}
        }
    }
    let gzip = gzip.or(any).unwrap_or(0);
    let zstd = zstd.or(any).unwrap_or(0);
    match (gzip, zstd) {
        (0, 0) => Coding::Identity,
        (gzip, zstd) if zstd >= gzip => Coding::Zstd,
        _ => Coding::Gzip,
    }
}

/// The elements of a header that is a list.
fn items<'a>(headers: &'a HeaderMap, name: &HeaderName) -> impl Iterator<Item = &'a str> {
    let values = headers.get_all(name).into_iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).map(str::trim).filter(|item| !item.is_empty())
}

/// What a media range or type names.
enum Media {
    Taxii { versioned: bool },
    AnyApplication,
    Any,
    Other,
}

fn media(item: &str) -> Media {
    let mut parts = item.split(';').map(str::trim);
    let name = parts.next().unwrap_or_default().to_ascii_lowercase();
    let mut versioned = false;
    for part in parts {
        let (key, value) = part.split_once('=').unwrap_or((part, ""));
        if key.trim().eq_ignore_ascii_case("version") {
            if value.trim().trim_matches('"') != "2.1" {
                return Media::Other;
            }
            versioned = true;
        }
    }
    match name.as_str() {
        "application/taxii+json" => Media::Taxii { versioned },
        "application/*" => Media::AnyApplication,
        "*/*" => Media::Any,
        _ => Media::Other,
    }
}

/// Whether what a server sends is declared to be TAXII 2.1, or at least JSON, as some do.
pub(crate) fn is_taxii(declared: &str) -> bool {
    let name = declared.split(';').next().unwrap_or_default().trim();
    matches!(media(declared), Media::Taxii { .. }) || name.eq_ignore_ascii_case("application/json")
}

/// The weight of a list's element in thousandths (RFC 9110 §12.4.2); one that is malformed is 1.
fn weight(item: &str) -> u16 {
    let named = item.split(';').skip(1).find_map(|part| {
        let (key, value) = part.split_once('=')?;
        key.trim().eq_ignore_ascii_case("q").then(|| value.trim())
    });
    let Some(text) = named else { return 1000 };
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let thousandths: String = fraction.chars().chain("000".chars()).take(3).collect();
    match (whole.parse::<u16>(), thousandths.parse::<u16>()) {
        (Ok(0), Ok(thousandths)) => thousandths,
        _ => 1000,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: &HeaderName, values: &[&str]) -> HeaderMap {
        let pairs = values.iter().map(|value| (name.clone(), value.parse().unwrap()));
        pairs.collect()
    }

    #[test]
    fn taxii_is_accepted_however_it_is_said() {
        for good in [
            "application/taxii+json;version=2.1",
            "application/taxii+json; version=2.1",
            "application/taxii+json;version=\"2.1\"",
            "application/taxii+json",
            "Application/TAXII+JSON;VERSION=2.1",
            "application/taxii+json;version=2.1,application/stix+json;version=2.1",
            "application/taxii+json;version=2.0, application/taxii+json;version=2.1;q=0.1",
            "application/*",
            "*/*",
            "text/html, */*;q=0.001",
            "application/taxii+json;q=1.000",
        ] {
            assert!(accept(&headers(&header::ACCEPT, &[good])).is_ok(), "{good}");
        }
        assert!(accept(&HeaderMap::new()).is_ok());
        assert!(accept(&headers(&header::ACCEPT, &["text/html", "*/*;q=0.1"])).is_ok());
    }

    #[test]
    fn other_types_and_versions_are_not_accepted() {
        for bad in [
            "application/vnd.oasis.taxii+json; version=2.0",
            "application/taxii+json;version=2.0",
            "application/taxii+json;version=2.2",
            "application/taxii+json;q=0",
            "*/*, application/taxii+json;version=2.1;q=0.000",
            "application/json",
            "application/stix+json;version=2.1",
            "text/*",
            "",
            ";;;,,,=",
        ] {
            assert!(accept(&headers(&header::ACCEPT, &[bad])).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_best_coding_is_chosen() {
        for (text, coding) in [
            ("", Coding::Identity),
            ("gzip, deflate", Coding::Gzip),
            ("gzip, deflate, br, zstd", Coding::Zstd),
            ("gzip;q=1.0, zstd;q=0.5", Coding::Gzip),
            ("*", Coding::Zstd),
            ("zstd;q=0, *;q=0.3", Coding::Gzip),
            ("identity", Coding::Identity),
            ("gzip;q=0", Coding::Identity),
        ] {
            let headers = headers(&header::ACCEPT_ENCODING, &[text]);
            assert_eq!(accepted_coding(&headers), coding, "{text}");
        }
    }

    #[test]
    fn bodies_are_taxii_plain_or_compressed_once() {
        let declared = |text| content_type(&headers(&header::CONTENT_TYPE, &[text]));
        assert!(declared("application/taxii+json;version=2.1").is_ok());
        assert!(declared("application/taxii+json; charset=utf-8").is_ok());
        for bad in ["application/json", "application/stix+json;version=2.1", "*/*", "text/plain"] {
            assert!(declared(bad).is_err(), "{bad}");
        }
        assert!(content_type(&HeaderMap::new()).is_err());
        let coding = |text| content_coding(&headers(&header::CONTENT_ENCODING, &[text]));
        assert!(matches!(coding("x-gzip"), Ok(Coding::Gzip)));
        assert!(matches!(coding("ZSTD"), Ok(Coding::Zstd)));
        assert!(coding("gzip, gzip").is_err() && coding("br").is_err());
    }
}
