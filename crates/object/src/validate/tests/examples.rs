//! A valid object of every type and every predefined extension, as short as it can be or longer.

use super::report;
use crate::json::{Value, parse};
use crate::spec;
use std::collections::BTreeSet;

const UUID4: &str = "0c7b5b88-8ff7-4a4d-aa9d-feb398cd0061";
const UUID5: &str = "28bb3599-77cd-5a82-a950-b5bc3caf07c4";

/// What follows the common properties: SDOs, SROs and language content.
const VERSIONED: &[(&str, &str)] = &[
    (
        "attack-pattern",
        r#""name":"Spear Phishing","aliases":["a"],"kill_chain_phases":[{"kill_chain_name":"k","phase_name":"p"}],
        "external_references":[{"source_name":"capec","external_id":"CAPEC-163"},{"source_name":"a","url":"https://example.org/","hashes":{"MD5":"b365b9a80a06906fc9b400c06c33ff43"}}]"#,
    ),
    (
        "campaign",
        r#""name":"n","first_seen":"2016-01-01T00:00:00Z","last_seen":"2016-01-01T00:00:00.0Z","objective":"o"#,
    ),
    ("course-of-action", r#""name":"n"#),
    (
        "grouping",
        r#""context":"unspecified","object_refs":["indicator--0c7b5b88-8ff7-4a4d-aa9d-feb398cd0061"]"#,
    ),
    (
        "identity",
        r#""name":"n","identity_class":"organization","sectors":["energy"],"roles":["r"],"lang":"ko""#,
    ),
    ("incident", r#""name":"n"#),
    (
        "indicator",
        r#""name":"n","description":"d","pattern":"[file:name = 'a']","pattern_type":"stix","valid_from":"2016-01-01T00:00:00Z",
        "valid_until":"2016-01-01T00:00:00.1Z","indicator_types":["benign"]"#,
    ),
    ("infrastructure", r#""name":"n","infrastructure_types":["botnet"]"#),
    (
        "intrusion-set",
        r#""name":"n","goals":["g"],"resource_level":"team","primary_motivation":"revenge","secondary_motivations":["ideology"]"#,
    ),
    (
        "location",
        r#""latitude":48.8566,"longitude":-2,"precision":100.5,"country":"FR","region":"western-europe"#,
    ),
    (
        "malware",
        r#""name":"n","is_family":true,"malware_types":["worm"],"capabilities":["infects-files"],
        "operating_system_refs":["software--28bb3599-77cd-5a82-a950-b5bc3caf07c4"],"sample_refs":["file--28bb3599-77cd-5a82-a950-b5bc3caf07c4"]"#,
    ),
    (
        "malware-analysis",
        r#""product":"anonymized","result":"benign","submitted":"2016-01-01T00:00:00Z","host_vm_ref":"software--28bb3599-77cd-5a82-a950-b5bc3caf07c4",
        "analysis_sco_refs":["file--28bb3599-77cd-5a82-a950-b5bc3caf07c4"]"#,
    ),
    (
        "note",
        r#""content":"c","authors":["a"],"object_refs":["campaign--0c7b5b88-8ff7-4a4d-aa9d-feb398cd0061"]"#,
    ),
    (
        "observed-data",
        r#""first_observed":"2016-01-01T00:00:00Z","last_observed":"2016-01-01T00:00:00Z","number_observed":1,
        "object_refs":["file--28bb3599-77cd-5a82-a950-b5bc3caf07c4"]"#,
    ),
    (
        "opinion",
        r#""opinion":"agree","object_refs":["relationship--0c7b5b88-8ff7-4a4d-aa9d-feb398cd0061"]"#,
    ),
    (
        "report",
        r#""name":"n","report_types":["campaign"],"published":"2016-01-01T00:00:00Z","object_refs":["campaign--0c7b5b88-8ff7-4a4d-aa9d-feb398cd0061"]"#,
    ),
    (
        "threat-actor",
        r#""name":"n","threat_actor_types":["spy","private-sector"],"roles":["agent"],"sophistication":"expert","personal_motivations":["revenge"]"#,
    ),
    ("tool", r#""name":"n","tool_types":["remote-access"],"tool_version":"1"#),
    (
        "vulnerability",
        r#""name":"CVE-2016-1234","external_references":[{"source_name":"cve","external_id":"CVE-2016-1234"}]"#,
    ),
    (
        "relationship",
        r#""relationship_type":"indicates","source_ref":"indicator--0c7b5b88-8ff7-4a4d-aa9d-feb398cd0061",
        "target_ref":"malware--0c7b5b88-8ff7-4a4d-aa9d-feb398cd0061","start_time":"2016-01-01T00:00:00Z","stop_time":"2016-01-02T00:00:00Z"#,
    ),
    (
        "sighting",
        r#""sighting_of_ref":"indicator--0c7b5b88-8ff7-4a4d-aa9d-feb398cd0061","count":3,"summary":false,
        "where_sighted_refs":["location--0c7b5b88-8ff7-4a4d-aa9d-feb398cd0061"],"observed_data_refs":["observed-data--0c7b5b88-8ff7-4a4d-aa9d-feb398cd0061"]"#,
    ),
    (
        "language-content",
        r#""object_ref":"campaign--0c7b5b88-8ff7-4a4d-aa9d-feb398cd0061","object_modified":"2016-01-01T00:00:00.000Z",
        "contents":{"ko":{"name":"x","goals":["y",""]},"de-CH":{"name":"z"}}"#,
    ),
    (
        "extension-definition",
        r#""created_by_ref":"identity--0c7b5b88-8ff7-4a4d-aa9d-feb398cd0061","name":"n","description":"d","schema":"s","version":"1.0",
        "extension_types":["new-sdo","toplevel-property-extension"],"extension_properties":["rank"]"#,
    ),
];

/// What follows the common properties: SCOs, with the extensions.
const OBSERVABLES: &[(&str, &str)] = &[
    (
        "artifact",
        r#""mime_type":"image/jpeg","payload_bin":"AAECAw==","encryption_algorithm":"AES-256-GCM","decryption_key":"k""#,
    ),
    (
        "artifact",
        r#""url":"https://example.org/a","hashes":{"SHA-1":"da39a3ee5e6b4b0d3255bfef95601890afd80709"}"#,
    ),
    ("autonomous-system", r#""number":15139,"name":"n","rir":"ARIN""#),
    (
        "directory",
        r#""path":"C:\\Windows","path_enc":"windows-1252","contains_refs":["file--28bb3599-77cd-5a82-a950-b5bc3caf07c4"]"#,
    ),
    (
        "domain-name",
        r#""value":"bücher.example.com","resolves_to_refs":["ipv4-addr--28bb3599-77cd-5a82-a950-b5bc3caf07c4"]"#,
    ),
    (
        "email-addr",
        r#""value":"jane.o'hara+x@example.com","display_name":"Jane","belongs_to_ref":"user-account--28bb3599-77cd-5a82-a950-b5bc3caf07c4""#,
    ),
    (
        "email-message",
        r#""is_multipart":true,"subject":"s","from_ref":"email-addr--28bb3599-77cd-5a82-a950-b5bc3caf07c4",
        "additional_header_fields":{"X-Mailer":["Mutt"]},"body_multipart":[{"body":"b","content_type":"text/plain"},{"body_raw_ref":"artifact--28bb3599-77cd-5a82-a950-b5bc3caf07c4"}]"#,
    ),
    ("email-message", r#""is_multipart":false,"body":"b""#),
    (
        "file",
        r#""name":"a","name_enc":"windows-1252","size":0,"magic_number_hex":"ffd8","hashes":{"SHA-256":"effb46bba03f6c8aea5c653f9cf984f170dcdd3bbbe2ff6843c3e5da0e698766",
        "SSDEEP":"3:AXGBicFlgVNhBGcL6wCrFQEv:AXGHsNhxLsr2C","TLSH":"T16FF02BEF718027B0160B4391212923ED7F1A463D563B1549B86CF62973B197AD2731F8","x_ours":"1"},
        "extensions":{"archive-ext":{"contains_refs":["file--28bb3599-77cd-5a82-a950-b5bc3caf07c4"]},
        "ntfs-ext":{"sid":"1","alternate_data_streams":[{"name":"s","size":1}]},
        "pdf-ext":{"version":"1.7","document_info_dict":{"Title":"t"}},
        "raster-image-ext":{"image_height":1,"exif_tags":{"Make":"Nikon","XResolution":4928}},
        "windows-pebinary-ext":{"pe_type":"exe","time_date_stamp":"2016-01-22T12:31:12Z","optional_header":{"magic_hex":"010b"},"sections":[{"name":"CODE","entropy":0.06}]}}"#,
    ),
    ("ipv4-addr", r#""value":"198.51.100.0/24","defanged":true"#),
    ("ipv6-addr", r#""value":"2001:db8::/96"#),
    ("mac-addr", r#""value":"d2:fb:49:24:37:18"#),
    ("mutex", r#""name":"__CLEANSWEEP__""#),
    (
        "network-traffic",
        r#""src_ref":"ipv4-addr--28bb3599-77cd-5a82-a950-b5bc3caf07c4","src_port":1,"dst_port":65535,"protocols":["ipv4","tcp"],"is_active":false,
        "start":"2016-01-01T00:00:00Z","end":"2016-01-01T00:00:00Z","ipfix":{"minimumIpTotalLength":32},
        "extensions":{"http-request-ext":{"request_method":"get","request_value":"/","request_header":{"User-Agent":["x"]}},
        "icmp-ext":{"icmp_type_hex":"08","icmp_code_hex":"00"},"socket-ext":{"address_family":"AF_INET","options":{"SO_KEEPALIVE":1}},"tcp-ext":{"src_flags_hex":"02"}}"#,
    ),
    (
        "software",
        r#""name":"Word","cpe":"cpe:2.3:a:microsoft:word:2000:*:*:*:*:*:*:*","languages":["en","kok"]"#,
    ),
    ("url", r#""value":"https://example.com/research/index.html?a=b#c""#),
    (
        "user-account",
        r#""user_id":"1001","account_type":"unix","extensions":{"unix-account-ext":{"gid":1001,"groups":["wheel"]}}"#,
    ),
    (
        "windows-registry-key",
        r#""key":"HKEY_LOCAL_MACHINE\\System\\HKCU","values":[{"name":"Foo","data":"42","data_type":"REG_DWORD"}]"#,
    ),
    (
        "x509-certificate",
        r#""serial_number":"36:f7","x509_v3_extensions":{"basic_constraints":"critical","private_key_usage_period_not_before":"2016-03-12T12:00:00Z"}"#,
    ),
];

/// Whole objects that fit neither table.
const OTHERS: &[&str] = &[
    r#"{"type":"process","id":"process--0c7b5b88-8ff7-4a4d-aa9d-feb398cd0061","pid":1,"environment_variables":{"PATH":"/"},
    "extensions":{"windows-process-ext":{"priority":"HIGH_PRIORITY_CLASS","integrity_level":"low"},"windows-service-ext":{"service_status":"SERVICE_RUNNING"}}}"#,
    r#"{"type":"x509-certificate","id":"x509-certificate--0c7b5b88-8ff7-4a4d-aa9d-feb398cd0061","issuer":"without contributing properties"}"#,
    r#"{"type":"marking-definition","spec_version":"2.1","id":"marking-definition--34098fce-860f-48ae-8e50-ebd3cc5e41da",
    "created":"2017-01-20T00:00:00.000Z","definition_type":"tlp","name":"TLP:GREEN","definition":{"tlp":"green"}}"#,
    r#"{"type":"marking-definition","spec_version":"2.1","id":"marking-definition--0c7b5b88-8ff7-4a4d-aa9d-feb398cd0061",
    "created":"2017-01-20T00:00:00.000Z","definition_type":"statement","definition":{"statement":"Copyright"}}"#,
    r#"{"type":"marking-definition","spec_version":"2.1","id":"marking-definition--939a9414-2ddd-4d32-a0cd-375ea402b003",
    "created":"2022-10-01T00:00:00.000Z","name":"TLP:CLEAR","extensions":{"extension-definition--60a3c5c5-0d10-413e-aab3-9e08dde9e88d":{"extension_type":"property-extension","tlp_2_0":"clear"}}}"#,
    r#"{"type":"bundle","id":"bundle--0c7b5b88-8ff7-4a4d-aa9d-feb398cd0061"}"#,
    r#"{"type":"my-favorite-sdo","spec_version":"2.1","id":"my-favorite-sdo--0c7b5b88-8ff7-4a4d-aa9d-feb398cd0061","created":"2014-02-20T09:16:08.989000Z",
    "modified":"2014-02-20T09:16:08.989000Z","some_property":"v","extensions":{"extension-definition--9c59fd79-4215-4ba2-920d-3e4f320e1e62":{"extension_type":"new-sdo"}}}"#,
    r#"{"type":"my-favorite-sco","id":"my-favorite-sco--28bb3599-77cd-5a82-a950-b5bc3caf07c4","some_property":["v"],
    "extensions":{"extension-definition--9c59fd79-4215-4ba2-920d-3e4f320e1e62":{"extension_type":"new-sco"}}}"#,
    r#"{"type":"incident","spec_version":"2.1","id":"incident--0c7b5b88-8ff7-4a4d-aa9d-feb398cd0061","created":"2014-02-20T09:16:08.989Z",
    "modified":"2014-02-20T09:16:08.989Z","name":"n","rank":5,"extensions":{"extension-definition--9c59fd79-4215-4ba2-920d-3e4f320e1e62":{"extension_type":"toplevel-property-extension"}}}"#,
    r#"{"type":"incident","spec_version":"2.1","id":"incident--0c7b5b88-8ff7-4a4d-aa9d-feb398cd0061","created":"2014-02-20T09:16:08.989Z",
    "modified":"2014-02-20T09:16:08.989Z","name":"n","labels":["a","b"],"external_references":[{"source_name":"s","description":"d"}],
    "object_marking_refs":["marking-definition--34098fce-860f-48ae-8e50-ebd3cc5e41da"],
    "granular_markings":[{"lang":"de","selectors":["name","labels.[1]"]},{"marking_ref":"marking-definition--34098fce-860f-48ae-8e50-ebd3cc5e41da","selectors":["external_references.[0].source_name"]}]}"#,
];

/// Every example, as text.
pub(super) fn all() -> Vec<String> {
    let versioned = VERSIONED.iter().map(|(name, rest)| {
        format!(
            r#"{{"type":"{name}","spec_version":"2.1","id":"{name}--{UUID4}","created":"2016-05-12T08:17:27.000Z","modified":"2016-05-12T08:17:27.000123Z",{}}}"#,
            closed(rest)
        )
    });
    let observables = OBSERVABLES.iter().map(|(name, rest)| {
        format!(r#"{{"type":"{name}","id":"{name}--{UUID5}",{}}}"#, closed(rest))
    });
    versioned.chain(observables).chain(OTHERS.iter().map(|s| (*s).to_owned())).collect()
}

/// A string that the table left open, closed.
fn closed(rest: &str) -> String {
    if rest.matches('"').count().is_multiple_of(2) { rest.to_owned() } else { format!("{rest}\"") }
}

#[test]
fn every_example_is_clean() {
    for text in all() {
        let report = report(&text);
        assert!(report.is_clean(), "{report:#?}\n{text}");
    }
}

#[test]
fn every_type_and_extension_has_an_example() {
    let texts = all();
    let values: Vec<Value<'_>> = texts.iter().map(|t| parse(t.as_bytes()).expect("JSON")).collect();
    let types: BTreeSet<_> =
        values.iter().filter_map(|v| v.get("type").and_then(Value::as_str)).collect();
    for object_type in spec::all() {
        assert!(types.contains(object_type.name), "{}", object_type.name);
    }
    for table in spec::extension::ALL {
        let key = format!("\"{}\"", table.name);
        assert!(texts.iter().any(|t| t.contains(&key)), "{key}");
    }
}
