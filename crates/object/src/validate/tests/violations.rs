//! One broken object for each rule: what is added to a valid object, the rule, the path.

use super::{cited, report};

const SDO: &str = r#""spec_version":"2.1","created":"2016-05-12T08:17:27.000Z","modified":"2016-05-12T08:17:27.000Z""#;

/// A type, its properties, the only error, its path.
const ERRORS: &[(&str, &str, &str, &str)] = &[
    ("incident", r#""name":"n","severity":1"#, "reserved-name", "severity"),
    ("incident", r#""name":"n","x-a":1"#, "property-name", "x-a"),
    ("incident", r#""name":"n","ab":1"#, "property-name", "ab"),
    ("incident", r#""name":"n","x_ab":null"#, "wrong-type", "x_ab"),
    ("incident", r#""name":"n","x_ab":[]"#, "empty-list", "x_ab"),
    ("incident", r#""name":"n","x_ab_hex":"0""#, "hex", "x_ab_hex"),
    ("incident", r#""name":"n","x_ab_bin":"0""#, "binary", "x_ab_bin"),
    ("incident", r#""name":"n","defanged":true"#, "property-not-applicable", "defanged"),
    ("incident", r#""name":"n","confidence":-1"#, "number-range", "confidence"),
    ("incident", r#""name":"n","lang":"english""#, "language", "lang"),
    (
        "incident",
        r#""name":"n","object_marking_refs":["identity--0c7b5b88-8ff7-4a4d-aa9d-feb398cd0061"]"#,
        "reference-type",
        "object_marking_refs.[0]",
    ),
    (
        "incident",
        r#""name":"n","external_references":[{"source_name":"s"}]"#,
        "external-reference-content",
        "external_references.[0]",
    ),
    (
        "incident",
        r#""name":"n","external_references":[{"source_name":"cve","external_id":"CVE-16-1"}]"#,
        "catalogue-identifier",
        "external_references.[0].external_id",
    ),
    (
        "incident",
        r#""name":"n","external_references":[{"source_name":"s","external_id":"CAPEC-1"}]"#,
        "catalogue-identifier",
        "external_references.[0].external_id",
    ),
    (
        "incident",
        r#""name":"n","external_references":[{"source_name":"s","description":"d","hashes":{"x_ab":"1"}}]"#,
        "hash-algorithm",
        "external_references.[0].hashes.x_ab",
    ),
    (
        "incident",
        r#""name":"n","external_references":[{"source_name":"s","url":"a b","hashes":{"MD5":"b365b9a80a06906fc9b400c06c33ff43"}}]"#,
        "url",
        "external_references.[0].url",
    ),
    (
        "incident",
        r#""name":"n","granular_markings":[{"selectors":["name"]}]"#,
        "granular-marking-content",
        "granular_markings.[0]",
    ),
    (
        "incident",
        r#""name":"n","granular_markings":[{"lang":"en","selectors":["pattern"]}]"#,
        "selector-target",
        "granular_markings.[0].selectors.[0]",
    ),
    (
        "incident",
        r#""name":"n","granular_markings":[{"lang":"en","selectors":["name.[0]"]}]"#,
        "selector-target",
        "granular_markings.[0].selectors.[0]",
    ),
    ("incident", r#""name":"n","extensions":{"a":{"b":1}}"#, "extension-key", "extensions.a"),
    (
        "incident",
        r#""name":"n","extensions":{"extension-definition--0c7b5b88-8ff7-4a4d-aa9d-feb398cd0061":{"abc":1}}"#,
        "extension-type",
        "extensions.extension-definition--0c7b5b88-8ff7-4a4d-aa9d-feb398cd0061.extension_type",
    ),
    (
        "incident",
        r#""name":"n","extensions":{"extension-definition--0c7b5b88-8ff7-4a4d-aa9d-feb398cd0061":{"extension_type":"other"}}"#,
        "extension-type",
        "extensions.extension-definition--0c7b5b88-8ff7-4a4d-aa9d-feb398cd0061.extension_type",
    ),
    ("action", r#""name":"n""#, "reserved-name", "type"),
    ("X-thing", "\"abc\":1", "type-name", "type"),
    (
        "campaign",
        r#""name":"n","first_seen":"2016-01-02T00:00:00Z","last_seen":"2016-01-01T00:00:00Z""#,
        "last-before-first",
        "last_seen",
    ),
    (
        "indicator",
        r#""name":"n","description":"d","pattern":"[file:name = 'a'","pattern_type":"stix","valid_from":"2016-01-01T00:00:00Z""#,
        "pattern",
        "pattern",
    ),
    (
        "indicator",
        r#""name":"n","description":"d","pattern":"[ab:name = 'a']","pattern_type":"stix","valid_from":"2016-01-01T00:00:00Z""#,
        "pattern",
        "pattern",
    ),
    (
        "indicator",
        r#""name":"n","description":"d","pattern":"[file:n = 'a']","pattern_type":"stix","valid_from":"2016-01-01T00:00:00Z""#,
        "pattern",
        "pattern",
    ),
    (
        "indicator",
        r#""name":"n","description":"d","pattern":"x","pattern_type":"yara","valid_from":"2016-01-01T00:00:00Z","valid_until":"2016-01-01T00:00:00.0Z""#,
        "until-not-after-from",
        "valid_until",
    ),
    ("location", r#""city":"c""#, "location-without-place", ""),
    ("location", r#""region":"asia","latitude":1"#, "half-a-coordinate", ""),
    ("location", r#""region":"asia","precision":1"#, "precision-without-coordinate", ""),
    ("location", r#""latitude":90.1,"longitude":1"#, "number-range", "latitude"),
    ("malware", r#""is_family":true"#, "family-without-name", "name"),
    (
        "malware",
        r#""is_family":false,"sample_refs":["url--28bb3599-77cd-5a82-a950-b5bc3caf07c4"]"#,
        "reference-type",
        "sample_refs.[0]",
    ),
    ("malware-analysis", r#""product":"p""#, "analysis-without-outcome", ""),
    (
        "observed-data",
        r#""first_observed":"2016-01-01T00:00:00Z","last_observed":"2016-01-01T00:00:00Z","number_observed":1"#,
        "observed-content",
        "",
    ),
    (
        "observed-data",
        r#""first_observed":"2016-01-01T00:00:00Z","last_observed":"2016-01-01T00:00:00Z","number_observed":0,"object_refs":["file--28bb3599-77cd-5a82-a950-b5bc3caf07c4"]"#,
        "number-range",
        "number_observed",
    ),
    (
        "observed-data",
        r#""first_observed":"2016-01-01T00:00:00Z","last_observed":"2016-01-01T00:00:00Z","number_observed":1,"objects":{"0":{"type":"ipv4-addr","value":"1.2.3.4","belongs_to_refs":["7"]}}"#,
        "local-reference",
        "objects.0.belongs_to_refs.[0]",
    ),
    (
        "observed-data",
        r#""first_observed":"2016-01-01T00:00:00Z","last_observed":"2016-01-01T00:00:00Z","number_observed":1,"objects":{"0":{"type":"ipv4-addr","value":"1.2.3.4","belongs_to_refs":["0"]}}"#,
        "reference-type",
        "objects.0.belongs_to_refs.[0]",
    ),
    (
        "observed-data",
        r#""first_observed":"2016-01-01T00:00:00Z","last_observed":"2016-01-01T00:00:00Z","number_observed":1,"object_refs":["relationship--0c7b5b88-8ff7-4a4d-aa9d-feb398cd0061"]"#,
        "observed-without-observable",
        "object_refs",
    ),
    (
        "sighting",
        r#""sighting_of_ref":"file--28bb3599-77cd-5a82-a950-b5bc3caf07c4""#,
        "reference-type",
        "sighting_of_ref",
    ),
    (
        "relationship",
        r#""relationship_type":"Uses","source_ref":"tool--0c7b5b88-8ff7-4a4d-aa9d-feb398cd0061","target_ref":"infrastructure--0c7b5b88-8ff7-4a4d-aa9d-feb398cd0061""#,
        "relationship-type",
        "relationship_type",
    ),
    (
        "relationship",
        r#""relationship_type":"related-to","source_ref":"marking-definition--0c7b5b88-8ff7-4a4d-aa9d-feb398cd0061","target_ref":"infrastructure--0c7b5b88-8ff7-4a4d-aa9d-feb398cd0061""#,
        "reference-type",
        "source_ref",
    ),
    (
        "relationship",
        r#""relationship_type":"related-to","source_ref":"tool--0c7b5b88-8ff7-4a4d-aa9d-feb398cd0061","target_ref":"tool--0c7b5b88-8ff7-4a4d-aa9d-feb398cd0061","start_time":"2016-01-01T00:00:00Z","stop_time":"2016-01-01T00:00:00Z""#,
        "stop-not-after-start",
        "stop_time",
    ),
    (
        "language-content",
        r#""object_ref":"tool--0c7b5b88-8ff7-4a4d-aa9d-feb398cd0061","contents":{"Deutsch":{"name":"n"}}"#,
        "language",
        "contents.Deutsch",
    ),
    (
        "language-content",
        r#""object_ref":"tool--0c7b5b88-8ff7-4a4d-aa9d-feb398cd0061","contents":{"de":{"a":"n"}}"#,
        "property-name",
        "contents.de.a",
    ),
    (
        "extension-definition",
        r#""created_by_ref":"identity--0c7b5b88-8ff7-4a4d-aa9d-feb398cd0061","name":"n","description":"d","schema":"s","version":"1","extension_types":["new-sdo"],"extension_properties":["abc"]"#,
        "extension-properties-misplaced",
        "extension_properties",
    ),
    ("marking-definition", r#""name":"n""#, "marking-without-definition", ""),
    (
        "marking-definition",
        r#""definition_type":"tlp","definition":{"tlp":"red"}"#,
        "tlp-instance",
        "",
    ),
    (
        "marking-definition",
        r#""definition_type":"statement","definition":{"text":"t"}"#,
        "statement-marking",
        "definition.statement",
    ),
    (
        "marking-definition",
        r#""definition_type":"statement","definition":{"statement":"t"},"object_marking_refs":["marking-definition--0c7b5b88-8ff7-4a4d-aa9d-feb398cd0061"]"#,
        "marking-cycle",
        "object_marking_refs",
    ),
    ("artifact", r#""decryption_key":"k","payload_bin":"AA==""#, "key-without-algorithm", ""),
    ("artifact", r#""url":"https://example.org/""#, "artifact-url-without-hashes", ""),
    ("directory", r#""path":"/","path_enc":"a b""#, "character-set", "path_enc"),
    ("domain-name", r#""value":"-a.example""#, "domain-name", "value"),
    ("email-addr", r#""value":"Jane <jane@example.com>""#, "email-address", "value"),
    (
        "email-message",
        r#""is_multipart":true,"body":"b","subject":"s""#,
        "body-of-multipart",
        "body",
    ),
    (
        "email-message",
        r#""is_multipart":false,"subject":"s","body_multipart":[{"body":"b"}]"#,
        "parts-of-single-part",
        "body_multipart",
    ),
    (
        "email-message",
        r#""is_multipart":true,"subject":"s","body_multipart":[{"content_type":"text/plain"}]"#,
        "mime-part-content",
        "body_multipart.[0]",
    ),
    (
        "email-message",
        r#""is_multipart":true,"subject":"s","additional_header_fields":{"subject":["s"]}"#,
        "header-field-misplaced",
        "additional_header_fields.subject",
    ),
    (
        "file",
        r#""size":1,"parent_directory_ref":"directory--28bb3599-77cd-5a82-a950-b5bc3caf07c4""#,
        "file-without-identity",
        "",
    ),
    (
        "file",
        r#""hashes":{"MD5":"b365b9a80a06906fc9b400c06c33ff43"},"name_enc":"utf-8""#,
        "encoding-without-name",
        "",
    ),
    ("file", r#""name":"n","size":-1"#, "number-range", "size"),
    ("file", r#""name":"n","hashes":{"MD":"1"}"#, "hash-name", "hashes.MD"),
    ("file", r#""name":"n","hashes":{"MD5":"1"}"#, "hash-value", "hashes.MD5"),
    (
        "file",
        r#""name":"n","extensions":{"ntfs-ext":{}}"#,
        "no-own-property",
        "extensions.ntfs-ext",
    ),
    (
        "file",
        r#""name":"n","extensions":{"windows-pebinary-ext":{"pe_type":"exe"}}"#,
        "no-own-property",
        "extensions.windows-pebinary-ext",
    ),
    (
        "file",
        r#""name":"n","extensions":{"windows-pebinary-ext":{"pe_type":"exe","time_date_stamp":"2016-01-22T12:31:12.0Z"}}"#,
        "timestamp-precision",
        "extensions.windows-pebinary-ext.time_date_stamp",
    ),
    (
        "file",
        r#""name":"n","extensions":{"raster-image-ext":{"exif_tags":{"Make":true}}}"#,
        "wrong-type",
        "extensions.raster-image-ext.exif_tags.Make",
    ),
    (
        "file",
        r#""name":"n","extensions":{"pdf-ext":{"document_info_dict":{"Ti tle":"t"}}}"#,
        "dictionary-key",
        "extensions.pdf-ext.document_info_dict.Ti tle",
    ),
    ("ipv4-addr", r#""value":"1.2.3.4/33""#, "ipv4-address", "value"),
    ("ipv6-addr", r#""value":"fe80::1/03""#, "ipv6-address", "value"),
    ("mac-addr", r#""value":"D2:fb:49:24:37:18""#, "mac-address", "value"),
    (
        "network-traffic",
        r#""protocols":["tcp"],"src_port":1,"dst_port":1"#,
        "traffic-without-endpoint",
        "",
    ),
    (
        "network-traffic",
        r#""protocols":["tcp"],"src_port":1,"dst_port":65536,"src_ref":"ipv4-addr--28bb3599-77cd-5a82-a950-b5bc3caf07c4""#,
        "number-range",
        "dst_port",
    ),
    (
        "network-traffic",
        r#""protocols":["tcp"],"src_port":1,"dst_port":1,"src_ref":"url--28bb3599-77cd-5a82-a950-b5bc3caf07c4""#,
        "reference-type",
        "src_ref",
    ),
    (
        "network-traffic",
        r#""protocols":["tcp"],"src_port":1,"dst_port":1,"src_ref":"ipv4-addr--28bb3599-77cd-5a82-a950-b5bc3caf07c4","is_active":true,"end":"2016-01-01T00:00:00Z""#,
        "end-of-active-traffic",
        "end",
    ),
    (
        "network-traffic",
        r#""protocols":["tcp"],"src_port":1,"dst_port":1,"src_ref":"ipv4-addr--28bb3599-77cd-5a82-a950-b5bc3caf07c4","start":"2016-01-02T00:00:00Z","end":"2016-01-01T00:00:00Z""#,
        "end-before-start",
        "end",
    ),
    (
        "network-traffic",
        r#""protocols":["tcp"],"src_port":1,"dst_port":1,"src_ref":"ipv4-addr--28bb3599-77cd-5a82-a950-b5bc3caf07c4","extensions":{"http-request-ext":{"request_method":"get","request_value":"/","request_header":{"Host":"h"}}}"#,
        "wrong-type",
        "extensions.http-request-ext.request_header.Host",
    ),
    ("process", r#""pid":1"#, "id-version", "id"),
    ("software", r#""name":"n","cpe":"cpe:/a:microsoft:word""#, "cpe", "cpe"),
    ("url", r#""value":"/relative""#, "url", "value"),
    ("windows-registry-key", r#""key":"HKLM\\System""#, "registry-hive", "key"),
    (
        "windows-registry-key",
        r#""key":"HKEY_USERS\\System","values":[{}]"#,
        "no-own-property",
        "values.[0]",
    ),
    (
        "x509-certificate",
        r#""serial_number":"1","x509_v3_extensions":{}"#,
        "no-own-property",
        "x509_v3_extensions",
    ),
];

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
fn each_rule_that_binds_is_an_error_where_it_is_broken() {
    for (name, rest, rule, path) in ERRORS {
        let report = report(&object(name, rest));
        let mut found = cited(&report.errors);
        // A malformed type is no id's type either, and some are without contributing properties.
        found.retain(|(r, _)| r == rule || !["id-of-other-type", "id-version"].contains(r));
        assert_eq!(found, [(*rule, *path)], "{name} {rest}");
    }
}

#[test]
fn each_rule_that_recommends_is_a_warning_where_it_is_broken() {
    for (name, rest, rule, path) in WARNINGS {
        let report = report(&object(name, rest));
        assert_eq!(cited(&report.errors), [], "{name} {rest}");
        assert_eq!(cited(&report.warnings), [(*rule, *path)], "{name} {rest}");
    }
}
