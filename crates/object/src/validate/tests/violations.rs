//! One object for each rule that recommends: what is added to a valid object, the rule, the path.
//! Rules that bind are in `corpus/stix.jsonl`.

use super::{cited, report};

const SDO: &str = r#""spec_version":"2.1","created":"2016-05-12T08:17:27.000Z","modified":"2016-05-12T08:17:27.000Z""#;

/// A type, its properties, the only warning, its path.
const WARNINGS: &[(&str, &str, &str, &str)] = &[
    ("incident", r#""name":"n","ranking":1"#, "custom-property", "ranking"),
    (
        "incident",
        r#""name":"n","created_by_ref":"source--0c7b5b88-8ff7-4a4d-aa9d-feb398cd0061""#,
        "reference-type",
        "created_by_ref",
    ),
    (
        "incident",
        r#""name":"n","external_references":[{"source_name":"s","url":"https://example.org/"}]"#,
        "url-without-hashes",
        "external_references.[0]",
    ),
    ("x-thing", "\"abc\":1", "custom-type", "type"),
    (
        "marking-definition",
        r#""definition_type":"statement","definition":{"statement":"t"},"confidence":1"#,
        "property-not-applicable",
        "confidence",
    ),
    (
        "marking-definition",
        r#""definition_type":"ours","definition":{"a":"t"}"#,
        "vocabulary",
        "definition_type",
    ),
    (
        "attack-pattern",
        r#""name":"n","kill_chain_phases":[{"kill_chain_name":"a b","phase_name":"p"}]"#,
        "kill-chain-name",
        "kill_chain_phases.[0].kill_chain_name",
    ),
    ("identity", r#""name":"n","identity_class":"club""#, "vocabulary", "identity_class"),
    (
        "indicator",
        r#""name":"n","pattern":"x","pattern_type":"yara","valid_from":"2016-01-01T00:00:00Z""#,
        "indicator-undescribed",
        "",
    ),
    ("location", r#""country":"Korea""#, "country", "country"),
    ("malware-analysis", r#""product":"Big Scanner","result":"benign""#, "product-name", "product"),
    (
        "observed-data",
        r#""first_observed":"2016-01-01T00:00:00Z","last_observed":"2016-01-01T00:00:00Z","number_observed":1,"objects":{"0":{"type":"ipv4-addr","value":"1.2.3.4"}}"#,
        "deprecated-property",
        "objects",
    ),
    (
        "relationship",
        r#""relationship_type":"likes","source_ref":"tool--0c7b5b88-8ff7-4a4d-aa9d-feb398cd0061","target_ref":"tool--0c7b5b88-8ff7-4a4d-aa9d-feb398cd0061""#,
        "unusual-relationship",
        "relationship_type",
    ),
    (
        "extension-definition",
        r#""created_by_ref":"identity--0c7b5b88-8ff7-4a4d-aa9d-feb398cd0061","name":"n","schema":"s","version":"1","extension_types":["new-sdo"]"#,
        "extension-without-description",
        "",
    ),
    (
        "extension-definition",
        r#""created_by_ref":"identity--0c7b5b88-8ff7-4a4d-aa9d-feb398cd0061","name":"n","description":"d","schema":"s","version":"1","extension_types":["toplevel-property-extension"]"#,
        "extension-properties-missing",
        "extension_properties",
    ),
    (
        "email-message",
        r#""is_multipart":false,"subject":"s","additional_header_fields":{"X-Mailer":"Mutt"}"#,
        "header-field-list",
        "additional_header_fields.X-Mailer",
    ),
    ("artifact", r#""mime_type":"pdf","payload_bin":"AA==""#, "media-type", "mime_type"),
    ("file", r#""name":"n","magic_number_hex":"FF""#, "hex-case", "magic_number_hex"),
    ("file", r#""name":"n","mime_type":"pdf""#, "media-type", "mime_type"),
    ("file", r#""name":"n","hashes":{"SHA256":"1"}"#, "hash-algorithm", "hashes.SHA256"),
    (
        "file",
        r#""name":"n","extensions":{"x-ours-ext":{"abc":1}}"#,
        "custom-extension",
        "extensions.x-ours-ext",
    ),
    (
        "file",
        r#""name":"n","extensions":{"tcp-ext":{"src_flags_hex":"00"}}"#,
        "custom-extension",
        "extensions.tcp-ext",
    ),
    (
        "file",
        r#""name":"n","extensions":{"ntfs-ext":{"sid":"1","rank":1}}"#,
        "custom-property",
        "extensions.ntfs-ext.rank",
    ),
    (
        "file",
        r#""name":"n","extensions":{"pdf-ext":{"document_info_dict":{"Mood":"t"}}}"#,
        "pdf-information-key",
        "extensions.pdf-ext.document_info_dict.Mood",
    ),
    (
        "network-traffic",
        r#""protocols":["tcp"],"src_ref":"ipv4-addr--28bb3599-77cd-5a82-a950-b5bc3caf07c4""#,
        "traffic-without-ports",
        "",
    ),
    (
        "network-traffic",
        r#""protocols":["foo_bar"],"src_port":1,"dst_port":1,"src_ref":"ipv4-addr--28bb3599-77cd-5a82-a950-b5bc3caf07c4""#,
        "protocol",
        "protocols.[0]",
    ),
    (
        "network-traffic",
        r#""protocols":["tcp"],"src_port":1,"dst_port":1,"src_ref":"ipv4-addr--28bb3599-77cd-5a82-a950-b5bc3caf07c4","ipfix":{"Foo":1}"#,
        "ipfix-name",
        "ipfix.Foo",
    ),
    (
        "network-traffic",
        r#""protocols":["tcp"],"src_port":1,"dst_port":1,"src_ref":"ipv4-addr--28bb3599-77cd-5a82-a950-b5bc3caf07c4","extensions":{"socket-ext":{"address_family":"AF_INET","options":{"keepalive":1}}}"#,
        "socket-option",
        "extensions.socket-ext.options.keepalive",
    ),
    ("user-account", r#""user_id":"1","account_type":"superhero""#, "vocabulary", "account_type"),
];

/// A whole object: the id and common properties that suit the type.
fn object(name: &str, rest: &str) -> String {
    let observable =
        crate::spec::find(name).is_some_and(|t| t.class == crate::spec::Class::Observable);
    if observable {
        return format!(
            r#"{{"type":"{name}","id":"{name}--28bb3599-77cd-5a82-a950-b5bc3caf07c4",{rest}}}"#
        );
    }
    let common = if name == "marking-definition" {
        r#""spec_version":"2.1","created":"2016-05-12T08:17:27.000Z""#
    } else {
        SDO
    };
    let id_type = name.to_lowercase();
    format!(
        r#"{{"type":"{name}","id":"{id_type}--0c7b5b88-8ff7-4a4d-aa9d-feb398cd0061",{common},{rest}}}"#
    )
}

#[test]
fn each_rule_that_recommends_is_a_warning_where_it_is_broken() {
    for (name, rest, rule, path) in WARNINGS {
        let report = report(&object(name, rest));
        assert_eq!(cited(&report.errors), [], "{name} {rest}");
        assert_eq!(cited(&report.warnings), [(*rule, *path)], "{name} {rest}");
    }
}
