//! CAP as others write it, as we do, and as nobody may.

use proptest::prelude::{Just, Strategy, any, prop_oneof};
use proptest::{collection, option, prop_assert_eq, proptest, sample};

use super::*;

/// CAP 1.2, appendix A.1, with its texts shortened.
const ADVISORY: &str = r#"<?xml version = "1.0" encoding = "UTF-8"?>
<alert xmlns = "urn:oasis:names:tc:emergency:cap:1.2">
  <identifier>43b080713727</identifier>
  <sender>hsas@dhs.gov</sender>
  <sent>2003-04-02T14:39:01-05:00</sent>
  <status>Actual</status>
  <msgType>Alert</msgType>
  <scope>Public</scope>
  <info>
    <category>Security</category>
    <event>Homeland Security Advisory System Update</event>
    <urgency>Immediate</urgency>
    <severity>Severe</severity>
    <certainty>Likely</certainty>
    <senderName>U.S. Government, Department of Homeland Security</senderName>
    <headline>Homeland Security Sets Code ORANGE</headline>
    <description>The threat level was elevated to ORANGE / High.</description>
    <instruction> Take protective measures. </instruction>
    <web>http://www.dhs.gov/dhspublic/display?theme=29</web>
    <parameter>
      <valueName>HSAS</valueName>
      <value>ORANGE</value>
    </parameter>
    <resource>
      <resourceDesc>Image file (GIF)</resourceDesc>
      <mimeType>image/gif</mimeType>
      <uri>http://www.dhs.gov/dhspublic/getAdvisoryImage</uri>
    </resource>
    <area>
      <areaDesc>U.S. nationwide and interests worldwide</areaDesc>
    </area>
  </info>
</alert>
"#;

/// After CAP 1.2, appendix A.3: an update, a circle, a prefix.
const EARTHQUAKE: &str = r#"<cap:alert xmlns:cap="urn:oasis:names:tc:emergency:cap:1.2"><cap:identifier>TRI13970876.2</cap:identifier>
<cap:sender>trinet@caltech.edu</cap:sender><cap:sent>2003-06-11T20:56:00-07:00</cap:sent>
<cap:status>Actual</cap:status><cap:msgType>Update</cap:msgType><cap:scope>Public</cap:scope>
<cap:references>trinet@caltech.edu,TRI13970876.1,2003-06-11T20:30:00-07:00</cap:references>
<cap:info><cap:category>Geo</cap:category><cap:event>Earthquake</cap:event><cap:urgency>Past</cap:urgency>
<cap:severity>Minor</cap:severity><cap:certainty>Observed</cap:certainty>
<cap:headline><![CDATA[EQ 3.4 <Imperial> County]]> CA &#x2014; &amp; more</cap:headline>
<cap:area><cap:areaDesc>1 mi. WSW of Brawley, CA</cap:areaDesc><cap:circle>32.9525,-115.5527 0</cap:circle></cap:area>
</cap:info><!-- signed --><ds:Signature xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:SignedInfo
 a="b"><ds:X/></ds:SignedInfo></ds:Signature></cap:alert>"#;

fn only(xml: &str) -> Alert {
    let mut cap = read(xml.as_bytes()).unwrap();
    assert_eq!(cap.alerts.len(), 1);
    cap.alerts.pop().unwrap()
}

#[test]
fn the_examples_of_the_standard_are_read() {
    let cap = read(ADVISORY.as_bytes()).unwrap();
    assert_eq!(cap.left, ["parameter", "resource", "senderName", "web"]);
    let alert = only(ADVISORY);
    assert_eq!(alert.sent, Timestamp::parse("2003-04-02T19:39:01Z").unwrap());
    assert_eq!(alert.cap_identifier.as_deref(), Some("43b080713727"));
    assert_eq!(alert.instruction.as_deref(), Some("Take protective measures."));
    assert_eq!(alert.places, ["U.S. nationwide and interests worldwide"]);
    let cap = read(EARTHQUAKE.as_bytes()).unwrap();
    assert_eq!(cap.left, ["Signature", "circle"]);
    let alert = only(EARTHQUAKE);
    assert_eq!(alert.headline.as_deref(), Some("EQ 3.4 <Imperial> County CA \u{2014} & more"));
    assert_eq!(
        alert.cap_references,
        ["trinet@caltech.edu,TRI13970876.1,2003-06-11T20:30:00-07:00"]
    );
}

#[test]
fn each_block_of_information_is_an_alert_and_none_is_one() {
    let block = ADVISORY.find("  <info>").unwrap()..ADVISORY.find("</alert>").unwrap();
    let korean = ADVISORY[block.clone()].replace("<info>", "<info><language>ko-KR</language>");
    let two = ADVISORY.replace("</alert>", &format!("{korean}</alert>"));
    let cap = read(two.as_bytes()).unwrap();
    let languages: Vec<_> = cap.alerts.iter().map(|one| one.language.as_deref()).collect();
    assert_eq!(languages, [None, Some("ko-KR")]);
    let mut none = ADVISORY.to_owned();
    none.replace_range(
        block,
        "<note>cancelled: an error</note><references>a,b,2003-04-02T14:39:01-05:00</references>",
    );
    let alert = only(&none.replace(">Alert<", ">Cancel<"));
    assert_eq!((alert.event.as_str(), alert.urgency.as_str()), ("cancelled: an error", "Unknown"));
}

#[test]
fn what_is_not_cap_is_refused_with_line_and_element() {
    let with = |from: &str, to: &str| {
        assert!(ADVISORY.contains(from), "{from}");
        ADVISORY.replacen(from, to, 1)
    };
    let cases = [
        (with("cap:1.2", "cap:1.1"), "line 2, alert: the namespace is"),
        (
            with(" xmlns = \"urn:oasis:names:tc:emergency:cap:1.2\"", ""),
            "line 2, alert: the namespace is",
        ),
        (with("<identifier>", "<identifier>a b,"), "line 3, identifier: a space, a comma"),
        (with("43b080713727", ""), "line 3, identifier: it is empty"),
        (with("hsas@", "hsas&lt;"), "line 4, sender: a space, a comma"),
        (with("01-05:00", "01Z"), "line 5, sent: \"2003-04-02T14:39:01Z\" is no time"),
        (with("01-05:00", "01.5-05:00"), "line 5, sent:"),
        (with("04-02T", "02-30T"), "line 5, sent:"),
        (with("-05:00", "-15:00"), "line 5, sent:"),
        (
            with("<status>Actual", "<status>actual"),
            "line 6, status: \"actual\" is none of: Actual, Exercise",
        ),
        (with(">Alert<", ">Update<"), "line 2, alert: Update demands references"),
        (with(">Public<", ">Restricted<"), "line 2, alert: Restricted demands restriction"),
        (with(">Public<", ">Private<"), "line 2, alert: Private demands addresses"),
        (with("<category>Security</category>", ""), "line 9, info: category is missing"),
        (
            with(
                "<urgency>Immediate</urgency>",
                "<urgency>Immediate</urgency><urgency>Past</urgency>",
            ),
            "line 12, urgency: it may be there once only",
        ),
        (
            with("<event>", "<colour>red</colour><event>"),
            "line 11, colour: CAP 1.2 has no colour here",
        ),
        (with("<web>", "<language>en</language><web>"), "line 19, language: it has to come before"),
        (with("<scope>Public</scope>", "<scope>Public</scope>words"), "line 2, alert: it has text"),
        (with("<areaDesc>", "<areaDesc><b/>"), "line 30, areaDesc: it has elements"),
        (with("<event>Home", "<event x=\"1\">Home"), "line 11, event: CAP has no attribute x"),
        (with("<event>Home", "<event>&#1;"), "line 11, event: it has a character"),
        (with("<event>Home", "<event>&home;"), "line 11, event: the entity &home;"),
        (with("<event>Home", "<event>&home"), "line 11, event: "),
        (with("</event>", ""), "this is no well-formed XML"),
        (with("<info>", "<?php x ?><info>"), "line 9, alert: a processing instruction"),
        (
            with("</alert>", &format!("</alert><alert xmlns=\"{NAMESPACE}\"/>")),
            "a document has exactly one element",
        ),
        (String::new(), "a document has exactly one element"),
        ("words".to_owned(), "a document has exactly one element"),
    ];
    for (xml, expected) in cases {
        let error = read(xml.as_bytes()).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}\n  is not: {expected}");
    }
    let reference = "<scope>Public</scope><references>a,b</references>";
    let error = read(with("<scope>Public</scope>", reference).as_bytes()).unwrap_err();
    assert_eq!(error.why, Why::Reference("a,b".to_owned()));
    assert_eq!(read(b"\xff\xfe<").unwrap_err().why, Why::NotUtf8);
}

#[test]
fn bombs_are_refused_before_they_go_off() {
    let lol = "<!DOCTYPE lolz [<!ENTITY lol \"lol\"><!ENTITY lol2 \"&lol;&lol;&lol;\">]>";
    let bomb = format!("{lol}{}", ADVISORY.split_once('\n').unwrap().1.replace("ORANGE", "&lol2;"));
    assert_eq!(read(bomb.as_bytes()).unwrap_err().why, Why::Dtd);
    let outside = ADVISORY.replace("<alert", "<!DOCTYPE a SYSTEM \"file:///etc/passwd\"><alert");
    assert_eq!(read(outside.as_bytes()).unwrap_err().why, Why::Dtd);
    let head = ADVISORY.split_once("<info>").unwrap().0;
    let deep = format!("{head}{}", "<info>".repeat(50));
    assert_eq!(read(deep.as_bytes()).unwrap_err().why, Why::TooLarge);
    let many = format!("{head}{}", "<info/>".repeat(20_000));
    assert_eq!(read(many.as_bytes()).unwrap_err().why, Why::TooLarge);
    let long = ADVISORY.replace("ORANGE", &"x".repeat(300_000));
    assert_eq!(read(long.as_bytes()).unwrap_err().why, Why::TooLarge);
    let signature = "<S xmlns=\"http://www.w3.org/2000/09/xmldsig#\">";
    let in_signature = ADVISORY.replace("</alert>", &signature.repeat(50));
    assert_eq!(read(in_signature.as_bytes()).unwrap_err().why, Why::TooLarge);
}

#[test]
fn what_cap_demands_is_demanded_when_it_is_written() {
    let good = only(ADVISORY);
    let id = "entente-alert--e000000e-45d1-4c1b-9d32-0123456789ab";
    let refused = |change: &dyn Fn(&mut Alert)| {
        let mut alert = good.clone();
        change(&mut alert);
        write(id, &alert, |_| None).unwrap_err().to_string()
    };
    assert!(refused(&|a| a.scope = "Private".into()).contains("needs addresses"));
    assert!(refused(&|a| a.scope = "Restricted".into()).contains("needs a restriction"));
    assert!(refused(&|a| a.message = "Cancel".into()).contains("needs the alert"));
    assert!(refused(&|a| a.sender = "duty officer".into()).contains("duty officer"));
    assert!(refused(&|a| a.event = "\u{1}".into()).contains("event has a character"));
    assert!(refused(&|a| a.alert_refs = vec![id.into()]).contains("not here"));
    // A reference to another alert is written as CAP writes it.
    let update = Alert {
        message: "Update".into(),
        alert_refs: vec![id.into()],
        cap_identifier: None,
        ..good.clone()
    };
    let xml = write("entente-alert--x", &update, |_| Some((id, &good))).unwrap();
    assert!(
        xml.contains("<references>hsas@dhs.gov,43b080713727,2003-04-02T19:39:01-00:00<"),
        "{xml}"
    );
    assert_eq!(only(&xml).cap_identifier.as_deref(), Some("entente-alert--x"));
}

#[test]
fn the_wall_between_exercises_and_operations_holds_for_alerts() {
    for status in terms::ALERT_STATUS.terms {
        let (inside, outside) = (wall(status, Some("cc24")), wall(status, None));
        assert_eq!(inside.is_err(), *status == "Actual", "{status}");
        assert_eq!(outside.is_err(), *status == "Exercise", "{status}");
    }
}

fn words() -> impl Strategy<Value = String> {
    "[ -~가-힣\n\t]{1,20}"
        .prop_map(|text| text.trim().to_owned())
        .prop_filter("words", |text| !text.is_empty())
}

fn second() -> impl Strategy<Value = Timestamp> {
    (0_i64..4_000_000_000).prop_map(|second| Timestamp::from_unix_micros(second * 1_000_000))
}

fn term(terms: &'static Vocabulary) -> impl Strategy<Value = String> {
    sample::select(terms.terms).prop_map(str::to_owned)
}

fn some_alert() -> impl Strategy<Value = Alert> {
    let token = || "[a-zA-Z0-9@.#-]{1,20}";
    let head =
        (second(), token(), term(&terms::ALERT_STATUS), term(&terms::ALERT_MESSAGE), token());
    let to = (
        prop_oneof![
            Just(("Public", None, vec![])),
            words().prop_map(|text| ("Restricted", Some(text), vec![])),
            collection::vec("[a-z]{1,8}( [a-z]{1,8})?", 1..3).prop_map(|to| ("Private", None, to)),
        ],
        option::of(words()),
    );
    let how = (
        collection::vec(term(&terms::ALERT_CATEGORY), 1..3),
        words(),
        collection::vec(term(&terms::ALERT_RESPONSE), 0..3),
        term(&terms::ALERT_URGENCY),
        term(&terms::ALERT_SEVERITY),
        term(&terms::ALERT_CERTAINTY),
    );
    let times = (option::of(second()), option::of(second()), option::of(second()));
    let texts = collection::vec(option::of(words()), 4);
    let places = collection::vec(words(), 0..3);
    (head, to, how, times, texts, places, any::<bool>()).prop_map(
        |(head, ((scope, restriction, addresses), note), how, times, texts, places, korean)| {
            let is_alert = head.3 == "Alert";
            let reference = "a@b.example,x.1,2003-06-11T20:30:00-07:00".to_owned();
            Alert {
                sent: head.0,
                sender: head.1,
                status: head.2,
                message: head.3,
                scope: scope.to_owned(),
                restriction,
                addresses,
                note,
                alert_refs: Vec::new(),
                cap_references: if is_alert { Vec::new() } else { vec![reference] },
                cap_identifier: Some(head.4),
                language: korean.then(|| "ko-KR".to_owned()),
                category: how.0,
                event: how.1,
                response: how.2,
                urgency: how.3,
                severity: how.4,
                certainty: how.5,
                effective: times.0,
                onset: times.1,
                expires: times.2,
                headline: texts[0].clone(),
                description: texts[1].clone(),
                instruction: texts[2].clone(),
                contact: texts[3].clone(),
                places,
                about: None,
                subject_refs: Vec::new(),
            }
        },
    )
}

proptest! {
    #[test]
    fn what_is_written_reads_back_the_same(alert in some_alert()) {
        let xml = write("entente-alert--x", &alert, |_| None).unwrap();
        let cap = read(xml.as_bytes()).unwrap();
        prop_assert_eq!(cap, Cap { alerts: vec![alert], left: Vec::new() });
    }

    #[test]
    fn nothing_makes_it_panic(bytes in collection::vec(any::<u8>(), 0..200), at in 0_usize..1600, by in any::<u8>()) {
        let _read = read(&bytes);
        let mut changed = ADVISORY.as_bytes().to_vec();
        if let Some(byte) = changed.get_mut(at) {
            *byte = by;
        }
        let _read = read(&changed);
    }
}
