//! What is upgraded, what is refused, and real reports.

use super::*;
use crate::json::parse;
use crate::read::{Objects, Source, list_files};

const HEAD: &str = r#""id":"TYPE--6e7b2b3c-45d1-4c1b-9d32-0123456789ab","created":"2016-01-20T12:31:12.123Z","modified":"2016-01-20T12:31:12.123Z""#;

/// The upgrade of an object of this type with these further properties, without the common ones.
fn upgraded(type_name: &str, rest: &str) -> Result<Vec<String>, UpgradeError> {
    let head = HEAD.replace("TYPE", type_name);
    let text = format!(r#"{{{head},"type":"{type_name}"{rest}}}"#);
    let new_head = format!(r#"{{"type":"{type_name}","spec_version":"2.1",{head}"#);
    let again = upgrade(text.as_bytes())?;
    assert_eq!(again, upgrade(text.as_bytes())?, "the same bytes give the same bytes");
    let mut out = Vec::new();
    for bytes in again {
        let object = Object::from_bytes(&bytes).unwrap();
        assert_eq!(object.spec_version(), Some("2.1"));
        let text = String::from_utf8(bytes.clone()).unwrap();
        out.push(text.strip_prefix(&new_head).unwrap_or(&text).to_owned());
    }
    Ok(out)
}

#[test]
fn kinds_leave_the_labels_and_tags_stay() {
    for (type_name, rest, expected) in [
        (
            "report",
            r#","labels":["campaign","Threat-Report"]"#,
            r#","labels":["Threat-Report"],"report_types":["campaign"]}"#,
        ),
        (
            "tool",
            r#","labels":["remote-access"],"name":"VNC""#,
            r#","name":"VNC","tool_types":["remote-access"]}"#,
        ),
        ("tool", r#","labels":["tool"]"#, r#","labels":["tool"]}"#),
        (
            "threat-actor",
            r#","labels":["spy","hacker"]"#,
            r#","threat_actor_types":["spy","hacker"]}"#,
        ),
        ("malware", r#","labels":["worm"]"#, r#","malware_types":["worm"],"is_family":true}"#),
        ("malware", r#","is_family":false"#, r#","is_family":false}"#),
        (
            "indicator",
            r#","pattern":"[a:b = 1]","labels":["benign","x"]"#,
            r#","pattern":"[a:b = 1]","labels":["x"],"indicator_types":["benign"],"pattern_type":"stix","pattern_version":"2.0"}"#,
        ),
        (
            "indicator",
            r#","pattern_type":"snort","indicator_types":["a"],"labels":["benign"]"#,
            r#","pattern_type":"snort","indicator_types":["a"],"labels":["benign"]}"#,
        ),
        ("identity", r#","labels":["CEO"],"x_y":1"#, r#","roles":["CEO"],"x_y":1}"#),
        ("campaign", r#","labels":["worm"]"#, r#","labels":["worm"]}"#),
        ("x-custom", r#","labels":["worm"]"#, r#","labels":["worm"]}"#),
        ("observed-data", r#","number_observed":1"#, r#","number_observed":1}"#),
        ("observed-data", r#","objects":{},"x":1"#, r#","object_refs":[],"x":1}"#),
    ] {
        assert_eq!(upgraded(type_name, rest).unwrap(), [expected], "{rest}");
    }
}

#[test]
fn observables_become_objects() {
    let red =
        r#""object_marking_refs":["marking-definition--5e57c739-391a-4eb3-b6be-7d15ca92d5ed"]"#;
    let container = r#","objects":{
        "0":{"type":"file","name":"foo.dll","hashes":{"ssdeep":"3:A","MD5":"66e2ea40dc71d5ba701574ea215a81f1"},
             "parent_directory_ref":"1","created":"2016-01-20T12:31:12.1Z","is_encrypted":false},
        "1":{"type":"directory","path":"C:\\Windows\\System32","contains_refs":["0"]},
        "2":{"type":"network-traffic","src_ref":"3","dst_ref":"3","protocols":["ipv4","http"],
             "extensions":{"http-request-ext":{"request_method":"get","request_value":"/","request_header":{"Host":"a"}}}},
        "3":{"type":"ipv4-addr","value":"198.51.100.3"},
        "copy":{"type":"ipv4-addr","value":"198.51.100.3"}
    },"#;
    let out = upgraded("observed-data", &format!("{container}{red}")).unwrap();
    let file = "file--9b2e2f8b-ca5c-5d19-8b0d-0a0d0a0d0a0d";
    let directory = "directory--0a58d0c1-59e6-5afd-8252-dcd3f13e5622";
    let address = "ipv4-addr--28bb3599-77cd-5a82-a950-b5bc3caf07c4";
    let ids: Vec<String> = out
        .iter()
        .take(4)
        .map(|text| parse(text.as_bytes()).unwrap().get("id").unwrap().as_str().unwrap().to_owned())
        .collect();
    assert_eq!(ids[1], directory);
    assert_eq!(ids[3], address);
    assert_eq!(file.len(), ids[0].len());
    assert_eq!(
        out[0],
        format!(
            r#"{{"type":"file","spec_version":"2.1","id":"{}","name":"foo.dll","hashes":{{"SSDEEP":"3:A","MD5":"66e2ea40dc71d5ba701574ea215a81f1"}},"parent_directory_ref":"{directory}","ctime":"2016-01-20T12:31:12.1Z",{red}}}"#,
            ids[0]
        )
    );
    assert_eq!(
        out[1],
        format!(
            r#"{{"type":"directory","spec_version":"2.1","id":"{directory}","path":"C:\\Windows\\System32","contains_refs":["{}"],{red}}}"#,
            ids[0]
        )
    );
    assert!(out[2].contains(&format!(r#""src_ref":"{address}","dst_ref":"{address}""#)));
    assert!(out[2].contains(r#""request_header":{"Host":["a"]}"#));
    assert_eq!(out.len(), 5, "the copy is the same object");
    assert_eq!(out[4], format!(r#","object_refs":["{}"],{red}}}"#, ids.join("\",\"")));
    for text in &out[..4] {
        let value = parse(text.as_bytes()).unwrap();
        let id = crate::observable_id::deterministic_id(value.as_object().unwrap()).unwrap();
        assert_eq!(Some(id.to_string().as_str()), value.get("id").and_then(Value::as_str));
    }
}

#[test]
fn observables_that_need_a_random_id_get_one_that_stays() {
    let processes = r#","objects":{"0":{"type":"process","pid":1,"child_refs":["1"],"created":"2016-01-20T12:31:12Z"},
        "1":{"type":"process","pid":2,"parent_ref":"0","binary_ref":"2"},"2":{"type":"file","size":1}}"#;
    let out = upgraded("observed-data", processes).unwrap();
    assert_eq!(out.len(), 4);
    for text in &out[..3] {
        let value = parse(text.as_bytes()).unwrap();
        let id = crate::id::OwnedId::parse(value.get("id").unwrap().as_str().unwrap()).unwrap();
        assert_eq!(id.uuid().get_version_num(), 4);
    }
    assert!(out[0].contains("\"created_time\"") && out[1].contains("\"image_ref\":\"file--"));
    let other = upgraded("observed-data", &processes.replace("\"pid\":2", "\"pid\":3")).unwrap();
    for (text, other) in out.iter().zip(&other) {
        assert_ne!(text, other, "in another container they are others");
    }
}

/// Objects that cannot be upgraded: type, further properties, and how the reason starts.
const LOST: &[(&str, &str, &str)] = &[
    (
        "location",
        "",
        "STIX 2.0 has no type location; give the object a spec_version if it is of STIX 2.1",
    ),
    (
        "report",
        r#","spec_version":"2.1""#,
        "the object is not of STIX 2.0: its spec_version is 2.1",
    ),
    (
        "report",
        r#","labels":"campaign""#,
        "STIX 2.1 has no place for the property labels of report",
    ),
    (
        "identity",
        r#","labels":["a"],"roles":["b"]"#,
        "STIX 2.1 has no place for the property labels of identity",
    ),
    (
        "observed-data",
        r#","objects":[1]"#,
        "STIX 2.1 has no place for the property objects of observed-data",
    ),
    (
        "observed-data",
        r#","objects":{"0":{"type":"process","name":"a"}}"#,
        "STIX 2.1 has no place for the property name of process",
    ),
    (
        "observed-data",
        r#","objects":{"0":{"type":"file","name":"a","is_encrypted":true}}"#,
        "STIX 2.1 has no place for the property is_encrypted of file",
    ),
    (
        "observed-data",
        r#","objects":{"0":{"type":"file","name":"a","extensions":{"archive-ext":{"version":"5"}}}}"#,
        "STIX 2.1 has no place for the property version of file",
    ),
    (
        "observed-data",
        r#","objects":{"0":{"type":"file","name":"a","created":"b","ctime":"c"}}"#,
        "STIX 2.1 has no place for the property created of file",
    ),
    (
        "observed-data",
        r#","objects":{"0":{"type":"as","number":1}}"#,
        "STIX 2.0 has no type as; give the object a spec_version if it is of STIX 2.1",
    ),
    (
        "observed-data",
        r#","objects":{"0":7}"#,
        "STIX 2.1 has no place for the property objects.0 of observed-data",
    ),
    (
        "observed-data",
        r#","objects":{"0":{"type":"domain-name","value":"a","resolves_to_refs":["1"]}}"#,
        "an observable refers to 1, which its container does not hold",
    ),
    (
        "observed-data",
        r#","objects":{"0":{"type":"file","name":"a","extensions":{"archive-ext":{"contains_refs":["0"]}}}}"#,
        "the ids of the observables depend on each other in a circle, or too deep",
    ),
    (
        "observed-data",
        r#","objects":{"0":{"type":"file","name":"a","size":1},"1":{"type":"file","name":"a","size":2}}"#,
        "two observables of the container differ but have the same id, file--",
    ),
    (
        "observed-data",
        r#","objects":{},"granular_markings":[{"marking_ref":"marking-definition--5e57c739-391a-4eb3-b6be-7d15ca92d5ed","selectors":["objects.0.value"]}]"#,
        "a granular marking selects objects.0.value, which STIX 2.1 keeps elsewhere",
    ),
    (
        "tool",
        r#","labels":["a"],"granular_markings":[{"lang":"ko","selectors":["labels"]}]"#,
        "a granular marking selects labels, which STIX 2.1 keeps elsewhere",
    ),
];

#[test]
fn what_would_be_lost_is_refused() {
    for (type_name, rest, expected) in LOST {
        let error = upgraded(type_name, rest).unwrap_err().to_string();
        assert!(error.starts_with(expected), "{error}\n{expected}");
    }
}

#[test]
fn what_is_stix_20_is_seen() {
    for (text, expected) in [
        (r#"{"spec_version":"2.0"}"#, true),
        (r#"{"spec_version":"2.1","created":"a"}"#, false),
        (r#"{"created":"a"}"#, true),
        (r#"{"type":"url"}"#, false),
    ] {
        let value = parse(text.as_bytes()).unwrap();
        assert_eq!(is_stix_20(value.as_object().unwrap()), expected);
    }
}

#[test]
fn public_reports_of_stix_20_are_upgraded_whole() {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data/reports-stix20");
    let root = std::path::Path::new(root);
    if !root.exists() {
        eprintln!("SKIPPED: no public STIX 2.0 at {}", root.display());
        return;
    }
    let mut count = 0;
    for file in list_files(root).unwrap() {
        let objects = Objects::new(std::fs::File::open(&file).unwrap(), Source::File);
        for element in objects {
            let element = element.unwrap();
            let upgraded = upgrade(&element.bytes).unwrap();
            for bytes in &upgraded {
                let object = Object::from_bytes(bytes).unwrap();
                assert!(!is_stix_20(object.members()));
                let before = Object::from_bytes(&element.bytes).unwrap();
                assert_eq!(object.references(), before.references());
                count += 1;
            }
        }
    }
    assert_eq!(count, 9507);
}
