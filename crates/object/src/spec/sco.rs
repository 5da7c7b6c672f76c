//! The cyber-observable objects of section 6, one table each, in the order of the standard.
//!
//! Invariant: as in the standard; `contributing` names the ID Contributing Properties.

use crate::spec::extension;
use crate::spec::form;
use crate::spec::vocab;
use crate::spec::{
    Demand, Entries, HashNames, Keys, Kind, ObjectType, Precision, Table, Targets, must, optional,
    required, should,
};

/// All of them; the commonest first, which are looked for most.
pub static ALL: &[&ObjectType] = &[
    &FILE,
    &DOMAIN_NAME,
    &IPV4_ADDR,
    &URL,
    &NETWORK_TRAFFIC,
    &ARTIFACT,
    &AUTONOMOUS_SYSTEM,
    &DIRECTORY,
    &EMAIL_ADDR,
    &EMAIL_MESSAGE,
    &IPV6_ADDR,
    &MAC_ADDR,
    &MUTEX,
    &PROCESS,
    &SOFTWARE,
    &USER_ACCOUNT,
    &WINDOWS_REGISTRY_KEY,
    &X509_CERTIFICATE,
];

const ANY_TIME: Kind = Kind::Timestamp(Precision::Any);
const COUNT: Kind = Kind::Integer(0, i64::MAX);
const ANY_INTEGER: Kind = Kind::Integer(i64::MIN, i64::MAX);
const HASHES: Kind = Kind::Hashes(HashNames::Open);
const ANY_REFS: Kind = Kind::List(&Kind::Identifier(Targets::Any));

const fn to(types: &'static [&'static str]) -> Kind {
    Kind::Identifier(Targets::Of(types))
}

/// Section 6.1.
pub static ARTIFACT: ObjectType = ObjectType {
    name: "artifact",
    section: "6.1.1",
    properties: &[
        optional("mime_type", Kind::Text(&form::MEDIA_TYPE)),
        optional("payload_bin", Kind::Binary),
        optional("url", Kind::Text(&form::ARTIFACT_URL)),
        optional("hashes", HASHES),
        optional("encryption_algorithm", Kind::Enumeration(&vocab::ENCRYPTION_ALGORITHM)),
        optional("decryption_key", Kind::String),
    ],
    rules: &[
        must("6.1.1", "artifact-content", Demand::ExactlyOne(&["payload_bin", "url"])),
        must("6.1.1", "artifact-url-without-hashes", Demand::Requires("url", &["hashes"])),
        must(
            "6.1.1",
            "key-without-algorithm",
            Demand::Requires("decryption_key", &["encryption_algorithm"]),
        ),
    ],
    contributing: &["hashes", "payload_bin"],
    ..ObjectType::OBSERVABLE
};

/// Section 6.2.
pub static AUTONOMOUS_SYSTEM: ObjectType = ObjectType {
    name: "autonomous-system",
    section: "6.2.1",
    properties: &[
        required("number", ANY_INTEGER),
        optional("name", Kind::String),
        optional("rir", Kind::String),
    ],
    contributing: &["number"],
    ..ObjectType::OBSERVABLE
};

/// Section 6.3.
pub static DIRECTORY: ObjectType = ObjectType {
    name: "directory",
    section: "6.3.1",
    properties: &[
        required("path", Kind::String),
        optional("path_enc", Kind::Text(&form::CHARACTER_SET)),
        optional("ctime", ANY_TIME),
        optional("mtime", ANY_TIME),
        optional("atime", ANY_TIME),
        optional("contains_refs", Kind::List(&to(&["file", "directory"]))),
    ],
    contributing: &["path"],
    ..ObjectType::OBSERVABLE
};

/// Section 6.4.
pub static DOMAIN_NAME: ObjectType = ObjectType {
    name: "domain-name",
    section: "6.4.1",
    properties: &[
        required("value", Kind::Text(&form::DOMAIN_NAME)),
        optional("resolves_to_refs", Kind::List(&to(&["ipv4-addr", "ipv6-addr", "domain-name"]))),
    ],
    contributing: &["value"],
    ..ObjectType::OBSERVABLE
};

/// Section 6.5.
pub static EMAIL_ADDR: ObjectType = ObjectType {
    name: "email-addr",
    section: "6.5.1",
    properties: &[
        required("value", Kind::Text(&form::EMAIL)),
        optional("display_name", Kind::String),
        optional("belongs_to_ref", to(&["user-account"])),
    ],
    contributing: &["value"],
    ..ObjectType::OBSERVABLE
};

/// Section 6.6.
pub static EMAIL_MESSAGE: ObjectType = ObjectType {
    name: "email-message",
    section: "6.6.1",
    properties: &[
        required("is_multipart", Kind::Boolean),
        optional("date", ANY_TIME),
        optional("content_type", Kind::String),
        optional("from_ref", to(&["email-addr"])),
        optional("sender_ref", to(&["email-addr"])),
        optional("to_refs", Kind::List(&to(&["email-addr"]))),
        optional("cc_refs", Kind::List(&to(&["email-addr"]))),
        optional("bcc_refs", Kind::List(&to(&["email-addr"]))),
        optional("message_id", Kind::String),
        optional("subject", Kind::String),
        optional("received_lines", Kind::List(&Kind::String)),
        optional(
            "additional_header_fields",
            Kind::Dictionary(Keys::Named(None), Entries::StringListsAdvised),
        ),
        optional("body", Kind::String),
        optional("body_multipart", Kind::List(&Kind::Embedded(&EMAIL_MIME_PART))),
        optional("raw_email_ref", to(&["artifact"])),
    ],
    rules: &[
        must("6.6.1", "body-of-multipart", Demand::AbsentWhen("is_multipart", true, "body")),
        must(
            "6.6.1",
            "parts-of-single-part",
            Demand::AbsentWhen("is_multipart", false, "body_multipart"),
        ),
        must(
            "6.6.1",
            "header-field-misplaced",
            Demand::KeysExclude(
                "additional_header_fields",
                &[
                    "date",
                    "received_lines",
                    "content_type",
                    "from_ref",
                    "sender_ref",
                    "to_refs",
                    "cc_refs",
                    "bcc_refs",
                    "subject",
                ],
            ),
        ),
    ],
    contributing: &["from_ref", "subject", "body"],
    ..ObjectType::OBSERVABLE
};

/// Section 6.6.2.
pub static EMAIL_MIME_PART: Table = Table {
    name: "email-mime-part-type",
    section: "6.6.2",
    properties: &[
        optional("body", Kind::String),
        optional("body_raw_ref", to(&["artifact", "file"])),
        optional("content_type", Kind::String),
        optional("content_disposition", Kind::String),
    ],
    rules: &[must("6.6.2", "mime-part-content", Demand::ExactlyOne(&["body", "body_raw_ref"]))],
};

/// Section 6.7.
pub static FILE: ObjectType = ObjectType {
    name: "file",
    section: "6.7.1",
    properties: &[
        optional("hashes", HASHES),
        optional("size", COUNT),
        optional("name", Kind::String),
        optional("name_enc", Kind::Text(&form::CHARACTER_SET)),
        optional("magic_number_hex", Kind::Hex),
        optional("mime_type", Kind::Text(&form::FILE_MEDIA_TYPE)),
        optional("ctime", ANY_TIME),
        optional("mtime", ANY_TIME),
        optional("atime", ANY_TIME),
        optional("parent_directory_ref", to(&["directory"])),
        optional("contains_refs", ANY_REFS),
        optional("content_ref", to(&["artifact"])),
    ],
    rules: &[
        must("6.7", "file-without-identity", Demand::AtLeastOne(&["hashes", "name"])),
        must("3.1", "encoding-without-name", Demand::Requires("name_enc", &["name"])),
    ],
    extensions: &[
        &extension::ARCHIVE,
        &extension::NTFS,
        &extension::PDF,
        &extension::RASTER_IMAGE,
        &extension::WINDOWS_PEBINARY,
    ],
    contributing: &["hashes", "name", "extensions", "parent_directory_ref"],
    ..ObjectType::OBSERVABLE
};

/// Section 6.8.
pub static IPV4_ADDR: ObjectType = ObjectType {
    name: "ipv4-addr",
    section: "6.8.1",
    properties: &[
        required("value", Kind::Text(&form::IPV4)),
        optional("resolves_to_refs", Kind::List(&to(&["mac-addr"]))),
        optional("belongs_to_refs", Kind::List(&to(&["autonomous-system"]))),
    ],
    contributing: &["value"],
    ..ObjectType::OBSERVABLE
};

/// Section 6.9.
pub static IPV6_ADDR: ObjectType = ObjectType {
    name: "ipv6-addr",
    section: "6.9.1",
    properties: &[
        required("value", Kind::Text(&form::IPV6)),
        optional("resolves_to_refs", Kind::List(&to(&["mac-addr"]))),
        optional("belongs_to_refs", Kind::List(&to(&["autonomous-system"]))),
    ],
    contributing: &["value"],
    ..ObjectType::OBSERVABLE
};

/// Section 6.10.
pub static MAC_ADDR: ObjectType = ObjectType {
    name: "mac-addr",
    section: "6.10.1",
    properties: &[required("value", Kind::Text(&form::MAC))],
    contributing: &["value"],
    ..ObjectType::OBSERVABLE
};

/// Section 6.11.
pub static MUTEX: ObjectType = ObjectType {
    name: "mutex",
    section: "6.11.1",
    properties: &[required("name", Kind::String)],
    contributing: &["name"],
    ..ObjectType::OBSERVABLE
};

/// Section 6.12.
pub static NETWORK_TRAFFIC: ObjectType = ObjectType {
    name: "network-traffic",
    section: "6.12.1",
    properties: &[
        optional("start", ANY_TIME),
        optional("end", ANY_TIME),
        optional("is_active", Kind::Boolean),
        optional("src_ref", to(ENDPOINTS)),
        optional("dst_ref", to(ENDPOINTS)),
        optional("src_port", Kind::Integer(0, 65_535)),
        optional("dst_port", Kind::Integer(0, 65_535)),
        required("protocols", Kind::List(&Kind::Text(&form::PROTOCOL))),
        optional("src_byte_count", COUNT),
        optional("dst_byte_count", COUNT),
        optional("src_packets", COUNT),
        optional("dst_packets", COUNT),
        optional(
            "ipfix",
            Kind::Dictionary(Keys::Named(Some(&form::IPFIX_NAME)), Entries::StringsOrIntegers),
        ),
        optional("src_payload_ref", to(&["artifact"])),
        optional("dst_payload_ref", to(&["artifact"])),
        optional("encapsulates_refs", Kind::List(&to(&["network-traffic"]))),
        optional("encapsulated_by_ref", to(&["network-traffic"])),
    ],
    rules: &[
        must("6.12", "traffic-without-endpoint", Demand::AtLeastOne(&["src_ref", "dst_ref"])),
        must("6.12.1", "end-before-start", Demand::NotBefore("start", "end")),
        must("6.12.1", "end-of-active-traffic", Demand::AbsentWhen("is_active", true, "end")),
        should("6.12", "traffic-without-ports", Demand::Present(&["src_port", "dst_port"])),
    ],
    extensions: &[&extension::HTTP_REQUEST, &extension::ICMP, &extension::SOCKET, &extension::TCP],
    contributing: &[
        "start",
        "end",
        "src_ref",
        "dst_ref",
        "src_port",
        "dst_port",
        "protocols",
        "extensions",
    ],
    ..ObjectType::OBSERVABLE
};

const ENDPOINTS: &[&str] = &["ipv4-addr", "ipv6-addr", "mac-addr", "domain-name"];

/// Section 6.13.
pub static PROCESS: ObjectType = ObjectType {
    name: "process",
    section: "6.13.1",
    properties: &[
        optional("is_hidden", Kind::Boolean),
        optional("pid", ANY_INTEGER),
        optional("created_time", ANY_TIME),
        optional("cwd", Kind::String),
        optional("command_line", Kind::String),
        optional("environment_variables", Kind::Dictionary(Keys::Named(None), Entries::Strings)),
        optional("opened_connection_refs", Kind::List(&to(&["network-traffic"]))),
        optional("creator_user_ref", to(&["user-account"])),
        optional("image_ref", to(&["file"])),
        optional("parent_ref", to(&["process"])),
        optional("child_refs", Kind::List(&to(&["process"]))),
    ],
    rules: &[must("6.13", "no-own-property", Demand::AnyOwnProperty(""))],
    extensions: &[&extension::WINDOWS_PROCESS, &extension::WINDOWS_SERVICE],
    ..ObjectType::OBSERVABLE
};

/// Section 6.14.
pub static SOFTWARE: ObjectType = ObjectType {
    name: "software",
    section: "6.14.1",
    properties: &[
        required("name", Kind::String),
        optional("cpe", Kind::Text(&form::CPE)),
        optional("swid", Kind::String),
        optional("languages", Kind::List(&Kind::Text(&form::LANGUAGE))),
        optional("vendor", Kind::String),
        optional("version", Kind::String),
    ],
    contributing: &["name", "cpe", "swid", "vendor", "version"],
    ..ObjectType::OBSERVABLE
};

/// Section 6.15.
pub static URL: ObjectType = ObjectType {
    name: "url",
    section: "6.15.1",
    properties: &[required("value", Kind::Text(&form::URL))],
    contributing: &["value"],
    ..ObjectType::OBSERVABLE
};

/// Section 6.16.
pub static USER_ACCOUNT: ObjectType = ObjectType {
    name: "user-account",
    section: "6.16.1",
    properties: &[
        optional("user_id", Kind::String),
        optional("credential", Kind::String),
        optional("account_login", Kind::String),
        optional("account_type", Kind::OpenVocabulary(&vocab::ACCOUNT_TYPE)),
        optional("display_name", Kind::String),
        optional("is_service_account", Kind::Boolean),
        optional("is_privileged", Kind::Boolean),
        optional("can_escalate_privs", Kind::Boolean),
        optional("is_disabled", Kind::Boolean),
        optional("account_created", ANY_TIME),
        optional("account_expires", ANY_TIME),
        optional("credential_last_changed", ANY_TIME),
        optional("account_first_login", ANY_TIME),
        optional("account_last_login", ANY_TIME),
    ],
    rules: &[must("6.16", "no-own-property", Demand::AnyOwnProperty(""))],
    extensions: &[&extension::UNIX_ACCOUNT],
    contributing: &["account_type", "user_id", "account_login"],
    ..ObjectType::OBSERVABLE
};

/// Section 6.17.
pub static WINDOWS_REGISTRY_KEY: ObjectType = ObjectType {
    name: "windows-registry-key",
    section: "6.17.1",
    properties: &[
        optional("key", Kind::Text(&form::REGISTRY_KEY)),
        optional("values", Kind::List(&Kind::Embedded(&REGISTRY_VALUE))),
        optional("modified_time", ANY_TIME),
        optional("creator_user_ref", to(&["user-account"])),
        optional("number_of_subkeys", ANY_INTEGER),
    ],
    rules: &[must("6.17", "no-own-property", Demand::AnyOwnProperty(""))],
    contributing: &["key", "values"],
    ..ObjectType::OBSERVABLE
};

/// Section 6.17.2.
pub static REGISTRY_VALUE: Table = Table {
    name: "windows-registry-value-type",
    section: "6.17.2",
    properties: &[
        optional("name", Kind::String),
        optional("data", Kind::String),
        optional("data_type", Kind::Enumeration(&vocab::WINDOWS_REGISTRY_DATATYPE)),
    ],
    rules: &[must("6.17.2", "no-own-property", Demand::AnyOwnProperty(""))],
};

/// Section 6.18.
pub static X509_CERTIFICATE: ObjectType = ObjectType {
    name: "x509-certificate",
    section: "6.18.1",
    properties: &[
        optional("is_self_signed", Kind::Boolean),
        optional("hashes", HASHES),
        optional("version", Kind::String),
        optional("serial_number", Kind::String),
        optional("signature_algorithm", Kind::String),
        optional("issuer", Kind::String),
        optional("validity_not_before", ANY_TIME),
        optional("validity_not_after", ANY_TIME),
        optional("subject", Kind::String),
        optional("subject_public_key_algorithm", Kind::String),
        optional("subject_public_key_modulus", Kind::String),
        optional("subject_public_key_exponent", ANY_INTEGER),
        optional("x509_v3_extensions", Kind::Embedded(&X509_V3_EXTENSIONS)),
    ],
    rules: &[must("6.18", "no-own-property", Demand::AnyOwnProperty(""))],
    contributing: &["hashes", "serial_number"],
    ..ObjectType::OBSERVABLE
};

/// Section 6.18.2.
pub static X509_V3_EXTENSIONS: Table = Table {
    name: "x509-v3-extensions-type",
    section: "6.18.2",
    properties: &[
        optional("basic_constraints", Kind::String),
        optional("name_constraints", Kind::String),
        optional("policy_constraints", Kind::String),
        optional("key_usage", Kind::String),
        optional("extended_key_usage", Kind::String),
        optional("subject_key_identifier", Kind::String),
        optional("authority_key_identifier", Kind::String),
        optional("subject_alternative_name", Kind::String),
        optional("issuer_alternative_name", Kind::String),
        optional("subject_directory_attributes", Kind::String),
        optional("crl_distribution_points", Kind::String),
        optional("inhibit_any_policy", Kind::String),
        optional("private_key_usage_period_not_before", ANY_TIME),
        optional("private_key_usage_period_not_after", ANY_TIME),
        optional("certificate_policies", Kind::String),
        optional("policy_mappings", Kind::String),
    ],
    rules: &[must("6.18.2", "no-own-property", Demand::AnyOwnProperty(""))],
};
