//! National caveat files: what is refused, and what a forbid does.

use std::error::Error;

use entente_object::marking::Tlp;
use entente_programme::National;

use crate::fixture::{adopt, ask, both, label, lines, shipped};

const CYBER: &str = "rok-nato-itpp-2023/cyber-defence";

/// What national files may say, each forbidding something of its own.
pub(crate) const FILES: [&str; 6] = [
    "@id(\"no-victims\") @reason(\"victims in Korea are named by Korea alone\")
     forbid(principal, action, resource) when { context.object_type == ObjectType::\"incident\" };",
    "// one nation, one area of every programme
     @id(\"not-to-rou\") forbid(principal == Nation::\"ROU\", action, resource in AreaName::\"cyber-defence\");",
    "@id(\"few\") forbid(principal, action, resource in Programme::\"rok-nato-itpp-2023\")
     unless { context.rel_to_size < 4 && context.originator == Nation::\"KOR\" };",
    "@id(\"strict\") forbid(principal, action == Action::\"receive\", resource == Area::\"rok-nato-itpp-2023/cyber-defence\")
     when { context.tlp >= 3 || context.actions > 3 || context.onward };",
    "@id(\"exercise\") forbid(principal, action, resource)
     when { context has exercise && context.exercise != Exercise::\"cc23\" };",
    "@id(\"eyes\") @declares(\"eyes-only\") @reason(\"눈으로만\") forbid(principal, action, resource)
     when { context.caveats.contains(Caveat::\"eyes-only\") && !context.rel_to.contains(principal) };",
];

fn problems(text: &str) -> Vec<String> {
    lines(&National::parse(text, "kor.cedar").err().unwrap_or_default())
}

#[test]
fn a_forbid_refuses_with_its_file_and_reason() {
    let policies = both(&FILES);
    let mut label = label("KOR", Tlp::Green, &[CYBER]);
    let permit = "permit 0: rok-nato-itpp-2023, area cyber-defence, terms 1";
    assert_eq!(ask(&policies, &label, "indicator", "USA"), permit);
    assert_eq!(
        ask(&policies, &label, "incident", "USA"),
        "national: 1.cedar, no-victims: victims in Korea are named by Korea alone"
    );
    assert_eq!(ask(&policies, &label, "indicator", "ROU"), "national: 2.cedar, not-to-rou");
    label.exercise = Some("cc24".parse().unwrap());
    assert_eq!(ask(&policies, &label, "indicator", "USA"), "national: 5.cedar, exercise");
    label.exercise = Some("cc23".parse().unwrap());
    assert_eq!(ask(&policies, &label, "indicator", "USA"), permit);
    label.caveats.insert("eyes-only".parse().unwrap());
    assert_eq!(ask(&policies, &label, "indicator", "USA"), permit);
    assert_eq!(ask(&policies, &label, "indicator", "GBR"), "national: 6.cedar, eyes: 눈으로만");
    // Other files are of no account where no terms permit it at all.
    label.tlp = Tlp::AmberStrict;
    assert_eq!(ask(&policies, &label, "indicator", "DNK"), "national: 4.cedar, strict");
}

#[test]
fn a_forbid_that_cannot_be_evaluated_refuses() {
    // An overflow passes the validator. Cedar alone would skip the forbid and allow.
    let overflow = "@id(\"sum\") forbid(principal == Nation::\"ROU\", action, resource)
        when { context.tlp + 9223372036854775807 > 0 };";
    let policies = both(&[overflow]);
    let label = label("KOR", Tlp::Green, &[CYBER]);
    let answer = ask(&policies, &label, "indicator", "ROU");
    let expected = "error: rok-nato-itpp-2023, area cyber-defence: error while evaluating policy \
                    `1.cedar, sum`: integer overflow while attempting to add the values `1` and \
                    `9223372036854775807`";
    assert_eq!(answer, expected);
    assert!(ask(&policies, &label, "indicator", "USA").starts_with("permit 0"));
}

#[test]
fn an_error_refuses_even_where_another_forbid_already_does() {
    let both_ways = "@id(\"sum\") forbid(principal, action, resource)
        when { context.tlp + 9223372036854775807 > 0 };
        @id(\"all\") forbid(principal, action, resource);";
    let answer = ask(&both(&[both_ways]), &label("KOR", Tlp::Green, &[CYBER]), "note", "POL");
    assert!(answer.starts_with("error: "), "{answer}");
}

#[test]
fn files_that_do_more_than_narrow_are_refused() {
    for (text, expected) in [
        (
            "@id(\"a\") forbid(principal, action, resource);\n  @id(\"b\")\n  permit(principal, action, resource);",
            "kor.cedar:2:3: a national file may only narrow, and this policy permits; write it as \
             forbid, or agree on terms in the programme",
        ),
        (
            "forbid(principal, action, resource);",
            "kor.cedar:1:1: the policy has no @id; add @id(\"a-short-name\") above it: it is shown \
             to people",
        ),
        (
            "@id(\"a\") forbid(principal, action, resource);\n@id(\"a\") forbid(principal, action, resource);",
            "kor.cedar:2:1: @id(\"a\") is there twice; name one of them otherwise",
        ),
        (
            "@id(\"a\") forbid(principal == ?principal, action, resource);",
            "kor.cedar:1:1: \"policy0\" is a template; name the nation or area where it has \
             ?principal or ?resource",
        ),
        (
            "@id(\"a\") forbid(principal == Nation::\"ROK\", action, resource);",
            "kor.cedar:1:1: \"ROK\" is no nation: use an ISO 3166-1 alpha-3 code such as KOR, GBR \
             or POL, or XAA to XZZ for a nation that exists in exercises only; see ISO 3166-1",
        ),
        (
            "@id(\"a\") forbid(principal, action, resource)\n  when { context.object_type == ObjectType::\"indicater\" };",
            "kor.cedar:1:1: \"indicater\" is no type of STIX 2.1; did you mean \"indicator\"? \
             (custom types begin with x-)",
        ),
        (
            "@id(\"a\") @declares(\"Eyes Only\") forbid(principal, action, resource);",
            "kor.cedar:1:1: \"Eyes\" is no name: use 1 to 64 of the characters a-z, 0-9 and -, not \
             beginning or ending with -; correct @declares",
        ),
    ] {
        assert_eq!(problems(text).first().map(String::as_str), Some(expected), "{text}");
    }
}

#[test]
fn what_the_schema_does_not_know_is_refused_where_it_stands() {
    for (text, expected) in [
        (
            "@id(\"a\") forbid(principal, action, resource);\nforbid(",
            "kor.cedar:2:8: unexpected end of input",
        ),
        (
            "@id(\"a\") forbid(principal, action, resource)\nwhen { context.tpl > 2 };",
            "kor.cedar:2:8: ",
        ),
        (
            "@id(\"a\") forbid(principal, action, resource)\nwhen { context.tlp > \"2\" };",
            "kor.cedar:2:22: ",
        ),
        (
            "@id(\"a\") forbid(principal, action, resource)\nwhen { context.exercise == Exercise::\"cc23\" };",
            "kor.cedar:2:8: ",
        ),
        ("@id(\"a\") forbid(principal == Country::\"KOR\", action, resource);", "kor.cedar:1:30: "),
        ("@id(\"a\") forbid(principal, action == Action::\"send\", resource);", "kor.cedar:1:"),
        // Can never apply: its author meant something else.
        (
            "@id(\"a\") forbid(principal, action, resource) when { principal is Area };",
            "kor.cedar:1:",
        ),
    ] {
        let problems = problems(text);
        assert!(problems.iter().any(|one| one.starts_with(expected)), "{problems:?}");
    }
}

#[test]
fn names_that_no_adopted_programme_has_are_refused_on_adoption() {
    let text = "@id(\"a\") forbid(principal, action, resource in Programme::\"rok-nato-itpp-2032\");
@id(\"b\") forbid(principal, action, resource in AreaName::\"cyber-defense\");
@id(\"c\") forbid(principal, action, resource == Area::\"rok-nato-itpp-2023/cyber\");
@id(\"d\") forbid(principal, action, resource) when { context.caveats.contains(Caveat::\"eyes-only\") };
@id(\"e\") forbid(principal, action, resource == Area::\"cyber-defence\");";
    let problems = adopt(vec![shipped()], &[text]).unwrap_err();
    let adopt_first = "correct it, or adopt the programme that has it first";
    assert_eq!(
        lines(&problems),
        [
            format!(
                "1.cedar:1:1: \"rok-nato-itpp-2032\" is no programme known here; {adopt_first}"
            ),
            format!("1.cedar:2:1: \"cyber-defense\" is no area known here; {adopt_first}"),
            format!(
                "1.cedar:3:1: \"rok-nato-itpp-2023/cyber\" is no area of a programme known here; \
                 {adopt_first}"
            ),
            "1.cedar:4:1: \"eyes-only\" is no caveat known here; correct it, or declare it with \
             @declares"
                .to_owned(),
            format!(
                "1.cedar:5:1: \"cyber-defence\" is no area of a programme known here; {adopt_first}"
            ),
        ]
    );
}

#[test]
fn a_file_tells_what_it_holds() -> Result<(), Box<dyn Error>> {
    let file = National::parse(FILES[0], "kor.cedar").map_err(|problems| problems[0].clone())?;
    assert_eq!((file.text(), file.file()), (FILES[0], "kor.cedar"));
    let clauses: Vec<String> = file.clauses().map(ToString::to_string).collect();
    assert_eq!(clauses, ["kor.cedar, no-victims: victims in Korea are named by Korea alone"]);
    assert!(file.declared_caveats().is_empty());
    let empty = National::parse("// nothing yet\n", "kor.cedar").map_err(|all| all[0].clone())?;
    assert_eq!(empty.clauses().count(), 0);
    Ok(())
}

#[test]
fn files_are_bounded() {
    let many = (0..101).map(|n| format!("@id(\"{n}\") forbid(principal, action, resource);\n"));
    assert_eq!(
        problems(&many.collect::<String>()),
        ["kor.cedar:1:1: more than 100 policies; join some of them"]
    );
    let long = format!("// {}", "x".repeat(entente_programme::NATIONAL_TEXT_MAX));
    let expected = "kor.cedar:1:1: the file has 262147 bytes, more than 262144; divide it";
    assert_eq!(problems(&long), [expected]);
}

/// The document's own words are held to what is so.
#[test]
fn the_document_shows_the_schema_and_a_file_that_is_accepted() {
    let document = include_str!("../../../../docs/formats/national-caveats.md");
    let block = |kind: &str| {
        let (_, rest) = document.split_once(&format!("```{kind}\n")).unwrap();
        rest.split_once("```").unwrap().0
    };
    let dense = |text: &str| {
        let lines = text.lines().map(str::trim);
        lines
            .filter(|line| !line.is_empty() && !line.starts_with("//"))
            .collect::<Vec<_>>()
            .join("\n")
    };
    assert_eq!(dense(block("cedarschema")), dense(entente_programme::SCHEMA));
    assert!(adopt(vec![shipped()], &[block("cedar")]).is_ok());
}

/// Cedar reads recursively: these chains ended the process before policies were bounded.
#[test]
fn deep_and_long_policies_do_not_exhaust_the_stack() {
    let policy = |condition: &str| {
        format!("@id(\"a\") forbid(principal, action, resource) when {{ {condition} }};")
    };
    for (open, middle, close) in [
        ("(", "1 > 2", ")"),
        ("[", "1", "]"),
        ("{a: ", "1", "}"),
        ("!", "true", ""),
        ("-", "1", ""),
        ("if true then ", "true", " else true"),
        ("if ", "true", " then true else true"),
        ("true && ", "true", ""),
        ("1 + ", "1 > 0", ""),
        ("", "context", ".a"),
        ("", "context", ".contains(1)"),
        ("when {", "true", "}"),
    ] {
        for times in [8, 15_000, 3_900 / (open.len() + close.len())] {
            let text = policy(&[&open.repeat(times), middle, &close.repeat(times)].concat());
            // Whatever the answer is, there is one; what is accepted can be asked about.
            if let Ok(policies) = adopt(vec![shipped()], &[&text]) {
                ask(&policies, &label("KOR", Tlp::Green, &[CYBER]), "indicator", "POL");
            }
        }
    }
    let expected = "kor.cedar:1:1: the policy has more than 4096 bytes; divide it into several";
    assert_eq!(problems(&policy(&"true && ".repeat(600))), [expected]);
    let expected = "kor.cedar:1:1: the policy's brackets are nested deeper than 16; divide it into \
                    several";
    assert_eq!(problems(&policy(&"(".repeat(16))), [expected]);
}
