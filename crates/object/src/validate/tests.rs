//! Validation as tables: one valid example of each type, one broken object for each rule, every
//! example broken in one place at a time, and published objects with published verdicts.

mod examples;
mod mutations;
mod published;
mod violations;

use crate::json::parse;
use crate::report::{Finding, Report};
use crate::validate::{id_advice, validate};

/// The report on a text.
fn report(text: &str) -> Report {
    validate(&parse(text.as_bytes()).expect("strict JSON"))
}

/// Rule and path of each finding.
fn cited(findings: &[Finding]) -> Vec<(&str, &str)> {
    findings.iter().map(|f| (f.rule, f.path.as_str())).collect()
}

#[test]
fn a_report_says_where_what_and_what_to_do() {
    let report = report(
        r#"{"type":"note","spec_version":"2.1","id":"note--0c7b5b88-8ff7-4a4d-aa9d-feb398cd0061",
        "created":"2016-05-12T08:17:27.000Z","modified":"2016-05-12T08:17:27.000Z",
        "content":"","object_refs":["campaign--x"],"confidence":101,"x_note":1}"#,
    );
    let said: Vec<_> = report
        .errors
        .iter()
        .chain(&report.warnings)
        .map(|f| format!("{} [{} {}] {}", f.path, f.rule, f.section, f.message))
        .collect();
    assert_eq!(
        said,
        [
            "object_refs.[0] [identifier 2.9] \"campaign--x\" is no identifier: an identifier is \
             written type--uuid",
            "confidence [number-range 2.10] 101 must be from 0 to 100",
            "x_note [custom-property 11.1] the standard has no \"x_note\" here; define it by an \
             extension",
        ]
    );
    assert_eq!(report.id.as_deref(), Some("note--0c7b5b88-8ff7-4a4d-aa9d-feb398cd0061"));
}

#[test]
fn values_that_are_no_objects_have_one_error() {
    for text in ["null", "[]", "\"indicator\"", "1", "true"] {
        assert_eq!(cited(&report(text).errors), [("not-an-object", "")]);
    }
    assert_eq!(cited(&report("{}").errors), [("missing-property", "type")]);
}

#[test]
fn a_bundle_is_validated_with_its_objects() {
    let report = report(
        r#"{"type":"bundle","id":"bundle--44af6c39-c09b-49c5-9de2-394224b04982","objects":[
        {"type":"mutex","id":"mutex--eba44954-d4e4-5d3b-814c-2b17dd8de300","name":"a"},
        {"type":"mutex","id":"mutex--eba44954-d4e4-5d3b-814c-2b17dd8de300","name":1}]}"#,
    );
    assert_eq!(cited(&report.errors), [("wrong-type", "objects.[1].name")]);
    assert_eq!(report.warnings, []);
}

#[test]
fn an_id_that_its_properties_do_not_give_is_advised_against() {
    let advice = |text: &str| {
        let value = parse(text.as_bytes()).expect("JSON");
        id_advice(value.as_object().expect("an object")).map(|f| (f.rule, f.message))
    };
    let spec = r#"{"type":"ipv4-addr","id":"ipv4-addr--28bb3599-77cd-5a82-a950-b5bc3caf07c4","value":"198.51.100.3"}"#;
    assert_eq!(advice(spec), None);
    assert_eq!(advice(&spec.replace("-5a82-", "-4a82-")), None);
    let (rule, message) = advice(&spec.replace("100.3", "100.4")).expect("advice");
    assert_eq!(rule, "deterministic-id");
    assert!(message.contains("ipv4-addr--"), "{message}");
}
