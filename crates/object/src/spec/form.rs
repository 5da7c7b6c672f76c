//! The forms that the standard demands or recommends of single strings.
//!
//! Invariants: a form accepts every string that the rule it cites accepts; it never allocates, and
//! takes time linear in the string. Where the rule is a registry that changes (media types,
//! services, languages), the form is that of the registry's entries, not its contents.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use crate::id::is_type_name;
use crate::spec::Level;
use crate::spec::{language, uri};

/// A form of strings.
pub struct Form {
    /// The stable name of the rule, as reported.
    pub rule: &'static str,
    /// Where the standard states it.
    pub section: &'static str,
    /// How binding it is.
    pub level: Level,
    /// What is expected, for messages: `must be …`.
    pub expected: &'static str,
    /// Whether a string has the form.
    pub accepts: fn(&str) -> bool,
}

impl std::fmt::Debug for Form {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Form")
            .field("rule", &self.rule)
            .field("section", &self.section)
            .finish_non_exhaustive()
    }
}

const fn must(
    section: &'static str,
    rule: &'static str,
    expected: &'static str,
    accepts: fn(&str) -> bool,
) -> Form {
    Form { rule, section, level: Level::Must, expected, accepts }
}

const fn should(
    section: &'static str,
    rule: &'static str,
    expected: &'static str,
    accepts: fn(&str) -> bool,
) -> Form {
    Form { rule, section, level: Level::Should, expected, accepts }
}

const A_URL: &str = "a URL of RFC 3986, with a scheme and with other characters percent-encoded";
const COOPERATION: &str = "docs/formats/cooperation.md";
const A_MEDIA_TYPE: &str = "a media type such as application/pdf";
const A_CHARACTER_SET: &str = "the IANA name of a character set, such as windows-1252";

/// The name of an object type.
pub static TYPE_NAME: Form = must(
    "3.1",
    "type-name",
    "3 to 250 of a-z, 0-9 and single hyphens, starting with a letter",
    is_type_name,
);
/// The version of the standard.
pub static SPEC_VERSION: Form =
    must("3.2", "spec-version", "\"2.1\"; upgrade the object if it is of STIX 2.0", |s| s == "2.1");
/// A language.
pub static LANGUAGE: Form =
    must("3.2", "language", "a language code of RFC 5646, such as en or ko-KR", language::accepts);
/// A selector's syntax.
pub static SELECTOR: Form = must(
    "7.2.3.1",
    "selector",
    "property names and list indexes such as [0], separated by full stops",
    is_selector,
);
/// The URL of an external reference.
pub static REFERENCE_URL: Form = must("2.5.1", "url", A_URL, uri::accepts);
/// The URL of an artifact.
pub static ARTIFACT_URL: Form = must("6.1.1", "url", A_URL, uri::accepts);
/// A URL as an object.
pub static URL: Form = must("6.15.1", "url", A_URL, uri::accepts);
/// A kill chain, or a phase of one.
pub static KILL_CHAIN_TERM: Form = should(
    "2.11",
    "kill-chain-name",
    "in lower case, with hyphens between words",
    is_lower_hyphenated,
);
/// The type of a relationship.
pub static RELATIONSHIP_TYPE: Form =
    must("5.1.2", "relationship-type", "of a-z, 0-9 and hyphens", |s| {
        !s.is_empty() && s.bytes().all(is_lower_digit_hyphen)
    });
/// A nation.
pub static NATION: Form =
    must(COOPERATION, "nation", "a code of ISO 3166-1 with three letters, such as KOR", is_nation);
/// A place in a programme's catalogue.
pub static CATALOGUE_PATH: Form = must(
    COOPERATION,
    "catalogue-path",
    "a programme, an area, and what is in it, such as rok-nato-itpp-2023/cyber-defence",
    |s| {
        s.contains('/')
            && s.split('/').all(|name| {
                (1..=64).contains(&name.len()) && name.bytes().all(is_lower_digit_hyphen)
            })
    },
);
/// A hash.
pub static SHA256: Form =
    must(COOPERATION, "sha-256", "64 hexadecimal digits in lower case", |s| {
        s.len() == 64 && s.bytes().all(|c| c.is_ascii_digit() || matches!(c, b'a'..=b'f'))
    });
/// Whose ledger for whom.
pub static EDGE: Form =
    must(COOPERATION, "edge", "two nations, such as KOR/POL: whose ledger for whom", |s| {
        s.split_once('/').is_some_and(|(from, to)| is_nation(from) && is_nation(to))
    });
/// The name of an analysis product.
pub static PRODUCT: Form = should(
    "4.12.1",
    "product-name",
    "in lower case, with hyphens between words, or \"anonymized\"",
    |s| !s.is_empty() && s.bytes().all(is_lower_digit_hyphen),
);
/// A country.
pub static COUNTRY: Form =
    should("4.10.1", "country", "a code of ISO 3166-1 with two letters, such as KR", is_country);
/// The media type of an artifact.
pub static MEDIA_TYPE: Form = should("6.1.1", "media-type", A_MEDIA_TYPE, is_media_type);
/// The media type of a file.
pub static FILE_MEDIA_TYPE: Form = should("6.7.1", "media-type", A_MEDIA_TYPE, is_media_type);
/// A character set.
pub static CHARACTER_SET: Form = must("3.9.1", "character-set", A_CHARACTER_SET, is_character_set);
/// A domain name.
pub static DOMAIN_NAME: Form = must(
    "6.4.1",
    "domain-name",
    "a domain name of RFC 1034 and RFC 5890: labels of letters, digits and hyphens",
    is_domain_name,
);
/// An email address.
pub static EMAIL: Form = must(
    "6.5.1",
    "email-address",
    "an address of RFC 5322 without a display name, such as jane.smith@example.com",
    is_email,
);
/// IPv4 addresses.
pub static IPV4: Form = must(
    "6.8.1",
    "ipv4-address",
    "an IPv4 address, with a prefix length or not, such as 198.51.100.0/24",
    |s| is_network::<Ipv4Addr>(s, 32),
);
/// IPv6 addresses.
pub static IPV6: Form = must(
    "6.9.1",
    "ipv6-address",
    "an IPv6 address, with a prefix length or not, such as 2001:db8::/32",
    |s| is_network::<Ipv6Addr>(s, 128),
);
/// A MAC address.
pub static MAC: Form = must(
    "6.10.1",
    "mac-address",
    "six octets of two lower-case digits, separated by colons",
    is_mac,
);
/// A network protocol.
pub static PROTOCOL: Form = should(
    "6.12.1",
    "protocol",
    "a service name of the IANA registry: 1 to 15 letters, digits and hyphens",
    |s| (1..=15).contains(&s.len()) && s.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-'),
);
/// The name of an IPFIX element.
pub static IPFIX_NAME: Form =
    should("6.12.1", "ipfix-name", "the name of an IPFIX element, such as octetDeltaCount", |s| {
        s.starts_with(|c: char| c.is_ascii_lowercase())
            && s.bytes().all(|b| b.is_ascii_alphanumeric())
    });
/// The name of an HTTP header field.
pub static HTTP_FIELD_NAME: Form =
    must("6.12.2", "header-field-name", "the name of a header field, such as User-Agent", |s| {
        !s.is_empty() && s.bytes().all(is_token)
    });
/// A socket option.
pub static SOCKET_OPTION: Form = should(
    "6.12.4",
    "socket-option",
    "the name of a socket option, such as SO_ACCEPTCONN",
    is_socket_option,
);
/// A key of a PDF document information dictionary.
pub static PDF_INFORMATION_KEY: Form = should(
    "6.7.4",
    "pdf-information-key",
    "an entry of the document information dictionary, such as Title",
    |s| PDF_INFORMATION_KEYS.contains(&s),
);
/// A Windows priority class.
pub static PRIORITY_CLASS: Form =
    should("6.13.2", "priority-class", "a priority class, which ends in _CLASS", |s| {
        s.strip_suffix("_CLASS").is_some_and(|p| !p.is_empty())
    });
/// A CPE name.
pub static CPE: Form = must("6.14.1", "cpe", "a CPE 2.3 name: cpe:2.3: and eleven parts", is_cpe);
/// A Windows registry key.
pub static REGISTRY_KEY: Form = must(
    "6.17.1",
    "registry-hive",
    "a key whose hive is written in full, such as HKEY_LOCAL_MACHINE",
    has_full_hive,
);

/// ISO 32000-1, table 317.
const PDF_INFORMATION_KEYS: &[&str] = &[
    "Title",
    "Author",
    "Subject",
    "Keywords",
    "Creator",
    "Producer",
    "CreationDate",
    "ModDate",
    "Trapped",
];

/// Whether a name is one of a property: 3 to 250 of a–z, 0–9 and underscore, starting with a
/// letter (3.1, 7.3.2.1, 11.1.1).
pub fn is_property_name(name: &str) -> bool {
    (3..=250).contains(&name.len())
        && name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
}

/// Whether a key is one of a dictionary (2.3).
pub fn is_dictionary_key(key: &str) -> bool {
    (1..=250).contains(&key.len())
        && key.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}

/// Whether a term has the form of vocabulary terms (2.14): no capitals, underscores or spaces.
pub fn is_lower_hyphenated(term: &str) -> bool {
    !term.is_empty() && !term.contains(|c: char| c.is_uppercase() || c == '_' || c == ' ')
}

/// Whether the text is hexadecimal octets of this many digits, or any even number of them.
pub fn is_hex(text: &str, digits: Option<usize>) -> bool {
    let length_fits = match digits {
        Some(digits) => text.len() == digits,
        None => !text.is_empty() && text.len().is_multiple_of(2),
    };
    length_fits && text.bytes().all(|b| b.is_ascii_hexdigit())
}

/// Whether the text is base64 with padding (RFC 4648, section 4).
pub fn is_base64(text: &str) -> bool {
    let digits = text.trim_end_matches('=');
    let padding = text.len() - digits.len();
    !digits.is_empty()
        && padding <= 2
        && text.len().is_multiple_of(4)
        && digits.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'+' || b == b'/')
}

/// Whether a value has the form of the named hash algorithm; any value of one unknown here.
pub fn is_hash_value(algorithm: &str, value: &str) -> bool {
    match algorithm {
        "MD5" => is_hex(value, Some(32)),
        "SHA-1" => is_hex(value, Some(40)),
        "SHA-256" | "SHA3-256" => is_hex(value, Some(64)),
        "SHA-512" | "SHA3-512" => is_hex(value, Some(128)),
        "SSDEEP" => is_ssdeep(value),
        "TLSH" => {
            is_hex(value, Some(70)) || is_hex(value.strip_prefix("T1").unwrap_or(""), Some(70))
        }
        _ => true,
    }
}

fn is_ssdeep(value: &str) -> bool {
    let mut parts = value.splitn(3, ':');
    let block = parts.next().unwrap_or_default();
    let is_digits =
        |s: &str| s.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'+' || b == b'/');
    let digests = [parts.next(), parts.next()];
    !block.is_empty()
        && block.bytes().all(|b| b.is_ascii_digit())
        && digests.into_iter().all(|d| d.is_some_and(|d| d.len() <= 64 && is_digits(d)))
}

fn is_selector(selector: &str) -> bool {
    !selector.starts_with('[')
        && selector.split('.').all(|part| match index_of(part) {
            Some(digits) => !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()),
            None => is_dictionary_key(part),
        })
}

/// The digits of a list index such as `[0]`; none if the component is a name.
pub fn index_of(component: &str) -> Option<&str> {
    component.strip_prefix('[')?.strip_suffix(']')
}

fn is_nation(text: &str) -> bool {
    text.len() == 3 && text.bytes().all(|byte| byte.is_ascii_uppercase())
}

fn is_lower_digit_hyphen(byte: u8) -> bool {
    byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-'
}

/// RFC 9110, section 5.6.2.
fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

fn is_media_type(text: &str) -> bool {
    const TOP_LEVEL: &[&str] = &[
        "application",
        "audio",
        "font",
        "haptics",
        "image",
        "message",
        "model",
        "multipart",
        "text",
        "video",
    ];
    // RFC 6838, section 4.2.
    text.split_once('/').is_some_and(|(top, sub)| {
        TOP_LEVEL.contains(&top)
            && (1..=127).contains(&sub.len())
            && sub.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&b))
    })
}

/// RFC 2978 allows names of 40 characters; only one registered name has a full stop.
fn is_character_set(text: &str) -> bool {
    (2..=45).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_:()+".contains(&b))
        || text == "ANSI_X3.110-1983"
}

fn is_domain_name(name: &str) -> bool {
    let name = name.strip_suffix('.').unwrap_or(name);
    !name.is_empty() && name.len() <= 253 && name.split('.').all(is_label)
}

/// A label of RFC 1034, or a U-label of RFC 5890.
fn is_label(label: &str) -> bool {
    let bytes = label.as_bytes();
    let hyphens_in_3_and_4 = bytes.get(2..4) == Some(b"--");
    (1..=63).contains(&bytes.len())
        && !label.starts_with('-')
        && !label.ends_with('-')
        && (!hyphens_in_3_and_4 || label.get(..2).is_some_and(|p| p.eq_ignore_ascii_case("xn")))
        && label
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || c == '-' || (!c.is_ascii() && is_in_u_label(c)))
}

/// Wider than RFC 5892, which is a table of all of Unicode; spaces and capitals it never permits.
fn is_in_u_label(c: char) -> bool {
    !(c.is_whitespace() || c.is_control() || c.is_uppercase())
}

/// An addr-spec of RFC 5322, section 3.4.1, without comments and folding.
fn is_email(text: &str) -> bool {
    let Some((local, domain)) = text.rsplit_once('@') else {
        return false;
    };
    let is_atom = |atom: &str| {
        !atom.is_empty()
            && atom.chars().all(|c| {
                !c.is_ascii() || c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~".contains(c)
            })
    };
    let quoted = local.len() >= 2 && local.starts_with('"') && local.ends_with('"');
    let literal = domain.starts_with('[') && domain.ends_with(']');
    (quoted || local.split('.').all(is_atom)) && (literal || is_domain_name(domain))
}

/// An address with a prefix length that has no leading zero, or without one.
fn is_network<A: FromStr>(text: &str, bits: u8) -> bool {
    let (address, prefix) = match text.split_once('/') {
        Some((address, prefix)) => (address, Some(prefix)),
        None => (text, None),
    };
    let prefix_fits = prefix.is_none_or(|p| {
        p.bytes().all(|b| b.is_ascii_digit())
            && (p == "0" || !p.starts_with('0'))
            && p.parse::<u8>().is_ok_and(|n| n <= bits)
    });
    prefix_fits && A::from_str(address).is_ok()
}

fn is_mac(text: &str) -> bool {
    let mut octets = 0;
    text.split(':').all(|octet| {
        octets += 1;
        is_hex(octet, Some(2)) && !octet.bytes().any(|b| b.is_ascii_uppercase())
    }) && octets == 6
}

fn is_socket_option(text: &str) -> bool {
    const FAMILIES: &[&str] = &["SO", "ICMP", "ICMP6", "IP", "IPV6", "MCAST", "TCP", "IRLMP"];
    text.split_once('_').is_some_and(|(family, name)| {
        FAMILIES.contains(&family)
            && !name.is_empty()
            && name.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_')
    })
}

/// A formatted string of CPE 2.3 (NISTIR 7695, section 6.2).
fn is_cpe(text: &str) -> bool {
    let Some(rest) = text.strip_prefix("cpe:2.3:") else {
        return false;
    };
    let mut parts = 1;
    let mut part_length = 0;
    let mut escaped = false;
    for byte in rest.bytes() {
        if !byte.is_ascii_graphic() {
            return false;
        }
        match (escaped, byte) {
            (false, b':') if part_length == 0 => return false,
            (false, b':') => {
                parts += 1;
                part_length = 0;
            }
            (false, b'\\') => escaped = true,
            (_, _) => {
                escaped = false;
                part_length += 1;
            }
        }
    }
    let starts_well = ["a:", "h:", "o:", "*:", "-:"].iter().any(|p| rest.starts_with(p));
    starts_well && parts == 11 && part_length > 0 && !escaped
}

/// Whether no short name of a hive stands before the first backslash.
fn has_full_hive(key: &str) -> bool {
    const SHORT: &[&str] = &["HKLM", "HKCC", "HKCR", "HKCU", "HKU", "HKPD", "HKDD"];
    let hive = key.split('\\').next().unwrap_or_default();
    !hive
        .split(|c: char| !c.is_ascii_alphanumeric() && c != '_')
        .any(|word| SHORT.iter().any(|short| word.eq_ignore_ascii_case(short)))
}

/// Whether the text is a code of ISO 3166-1 alpha-2 that is assigned, in either case.
fn is_country(text: &str) -> bool {
    text.len() == 2 && COUNTRIES.split(' ').any(|code| code.eq_ignore_ascii_case(text))
}

/// The officially assigned codes of ISO 3166-1.
const COUNTRIES: &str = "AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ \
    BL BM BN BO BQ BR BS BT BV BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ \
    DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP \
    GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI \
    KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP \
    MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM \
    PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX \
    SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU \
    WF WS YE YT ZA ZM ZW";
