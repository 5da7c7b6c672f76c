//! Ids against those of the OASIS reference library.

use super::*;
use crate::json::parse;

/// Observables as written by the reference library `stix2` 3.0.2, ids and all.
const GOLDEN: &[&str] = &[
    r#"{"type":"ipv4-addr","spec_version":"2.1","id":"ipv4-addr--28bb3599-77cd-5a82-a950-b5bc3caf07c4","value":"198.51.100.3"}"#,
    r#"{"type":"ipv6-addr","spec_version":"2.1","id":"ipv6-addr--85a85a8c-ee99-5722-946d-3c3a3270fc6f","value":"2001:0db8:85a3:0000:0000:8a2e:0370:7334"}"#,
    r#"{"type":"domain-name","spec_version":"2.1","id":"domain-name--bedb4899-d24b-5401-bc86-8f6b4cc18ec7","value":"example.com"}"#,
    r#"{"type":"url","spec_version":"2.1","id":"url--47c3cf9a-5027-5bf0-997a-017c7edc7c55","value":"https://example.com/research/index.html"}"#,
    r#"{"type":"email-addr","spec_version":"2.1","id":"email-addr--7165e2a9-671f-585d-b1e1-ca59c671d934","value":"john@example.com","display_name":"John Doe"}"#,
    r#"{"type":"mac-addr","spec_version":"2.1","id":"mac-addr--757b1725-9903-54f5-a855-1240691d7659","value":"d2:fb:49:24:37:18"}"#,
    r#"{"type":"autonomous-system","spec_version":"2.1","id":"autonomous-system--3aa27478-50b5-5ab8-9da9-cdc12b657fff","number":15139,"name":"Slime Industries"}"#,
    r#"{"type":"directory","spec_version":"2.1","id":"directory--0a58d0c1-59e6-5afd-8252-dcd3f13e5622","path":"C:\\Windows\\System32"}"#,
    r#"{"type":"mutex","spec_version":"2.1","id":"mutex--bfada0de-f623-54c0-96d3-d572d27dd624","name":"__CLEANSWEEP__é€😀"}"#,
    r#"{"type":"artifact","spec_version":"2.1","id":"artifact--f7ce27db-8d98-5ecb-86fb-fdbefc13a12f","mime_type":"image/jpeg","payload_bin":"VBORw0KGgoAAAANSUhEUgAAA"}"#,
    r#"{"type":"artifact","spec_version":"2.1","id":"artifact--92c383cf-b1c5-52a9-8635-57b5e0b6594a","url":"https://upload.example.com/a.jpg","hashes":{"SHA-512":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa","SHA-256":"6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b"}}"#,
    r#"{"type":"file","spec_version":"2.1","id":"file--acc3845f-0943-5f07-b33e-e25dc0fc2816","hashes":{"SHA-256":"3535353535353535353535353535353535353535353535353535353535353535","MD5":"66e2ea40dc71d5ba701574ea215a81f1"},"name":"foo.dll","parent_directory_ref":"directory--93c0a9b0-520d-545d-9094-1a08ddf46b05"}"#,
    r#"{"type":"file","spec_version":"2.1","id":"file--06ce4029-bd3e-524d-bc97-61a81394c0d6","size":25536,"name":"qwerty.dll"}"#,
    r#"{"type":"file","spec_version":"2.1","id":"file--d7cb09b9-cc6c-503e-9658-48026bc7a02d","hashes":{"SSDEEP":"96:s4Ud1Lj96tHHlZDrwciQmA+4uy1I0G4HYuL8N3TzS8QsO/wqWXLcMSx:sF1LjEtHHlZDrJzrhuyZvHYm8tKp/RWO"},"name":"x"}"#,
    r#"{"type":"file","spec_version":"2.1","id":"file--535ed780-7b45-50f1-a356-14023e5c3025","name":"a.pdf","extensions":{"pdf-ext":{"version":"1.7","document_info_dict":{"Title":"Sample document"},"pdfid0":"DFCE52BD827ECF765649852119D"}}}"#,
    r#"{"type":"network-traffic","spec_version":"2.1","id":"network-traffic--2fb84b04-a1fd-51c1-b499-01a19769bde0","src_ref":"ipv4-addr--4d22aae0-2bf9-5427-8819-e4f6abf20a53","dst_ref":"ipv4-addr--ff26c055-6336-5bc5-b98d-13d6226742dd","src_port":24678,"dst_port":80,"protocols":["ipv4","tcp"]}"#,
    r#"{"type":"network-traffic","spec_version":"2.1","id":"network-traffic--5cfb37f2-c7e4-53c5-874e-ce5388640607","start":"2016-01-20T12:31:12.123Z","dst_ref":"domain-name--3c10e93f-798e-5a26-a0c1-08156efab7f5","protocols":["tcp","http"]}"#,
    r#"{"type":"email-message","spec_version":"2.1","id":"email-message--9dcb90cb-1cfa-531a-aa9c-67510f21ca1a","is_multipart":false,"from_ref":"email-addr--89f52ea8-d6ef-51e9-8fce-6a29236436ed","subject":"Check out this picture of a cat!","body":"Line\r\n\"two\"\t\u0001\\ end"}"#,
    r#"{"type":"software","spec_version":"2.1","id":"software--710b0b41-d4d0-5d6c-a400-fc9254554ffc","name":"Word","cpe":"cpe:2.3:a:microsoft:word:2000:*:*:*:*:*:*:*","vendor":"Microsoft","version":"2002"}"#,
    r#"{"type":"user-account","spec_version":"2.1","id":"user-account--f94d689e-707d-58c3-b803-c720bb6ed096","user_id":"1001","account_login":"jdoe","account_type":"unix","display_name":"John Doe"}"#,
    r#"{"type":"windows-registry-key","spec_version":"2.1","id":"windows-registry-key--e68e0cfb-e4a4-529f-a747-39e7e378e40e","key":"HKEY_LOCAL_MACHINE\\System\\Foo\\Bar","values":[{"name":"Foo","data":"qwerty","data_type":"REG_SZ"},{"name":"Bar","data":"42","data_type":"REG_DWORD"}]}"#,
    r#"{"type":"x509-certificate","spec_version":"2.1","id":"x509-certificate--51339ca4-9557-5f41-a5d7-739834df8806","hashes":{"SHA-1":"abababababababababababababababababababab"},"serial_number":"36:f7:d4:32","issuer":"C=ZA"}"#,
];

fn id_of(text: &str) -> Option<String> {
    let value = parse(text.as_bytes()).unwrap();
    deterministic_id(value.as_object().unwrap()).map(|id| id.to_string())
}

#[test]
fn ids_are_those_of_the_reference_library() {
    for text in GOLDEN {
        let value = parse(text.as_bytes()).unwrap();
        let expected = value.get("id").and_then(Value::as_str).map(str::to_owned);
        assert_eq!(id_of(text), expected, "{text}");
    }
}

#[test]
fn every_observable_type_with_contributing_properties_has_a_golden_id() {
    let types: Vec<String> = GOLDEN
        .iter()
        .map(|text| {
            parse(text.as_bytes()).unwrap().get("type").unwrap().as_str().unwrap().to_owned()
        })
        .collect();
    let expected = "artifact autonomous-system directory domain-name email-addr email-message file \
                    ipv4-addr ipv6-addr mac-addr mutex network-traffic software url user-account \
                    windows-registry-key x509-certificate";
    for name in expected.split_whitespace() {
        assert!(types.iter().any(|t| t == name), "{name}");
        assert!(contributing_properties(name).is_some_and(|p| !p.is_empty()));
    }
    assert_eq!(contributing_properties("process"), Some(&[][..]));
    assert_eq!(contributing_properties("indicator"), None);
}

#[test]
fn objects_without_contributing_properties_have_no_deterministic_id() {
    for text in [
        r#"{"type":"process","pid":314}"#,
        r#"{"type":"file","size":1}"#,
        r#"{"type":"file","hashes":{}}"#,
        r#"{"type":"x-custom","value":"a"}"#,
        r#"{"type":1,"value":"a"}"#,
        r#"{"value":"a"}"#,
    ] {
        assert_eq!(id_of(text), None, "{text}");
    }
}

#[test]
fn order_and_other_properties_do_not_matter_and_one_hash_does() {
    let same = [
        r#"{"type":"file","name":"a","hashes":{"MD5":"1","SHA-256":"2"}}"#,
        r#"{"hashes":{"SHA-256":"3","MD5":"1"},"size":9,"name":"a","type":"file"}"#,
        r#"{"type":"file","name":"\u0061","hashes":{"MD5":"1"}}"#,
    ];
    assert_eq!(id_of(same[0]), id_of(same[1]));
    assert_eq!(id_of(same[0]), id_of(same[2]));
    let others = [
        r#"{"type":"file","hashes":{"TLSH":"1","SSDEEP":"2"}}"#,
        r#"{"type":"file","hashes":{"SSDEEP":"2","TLSH":"1"}}"#,
    ];
    assert_eq!(id_of(others[0]), id_of(others[1]));
}
