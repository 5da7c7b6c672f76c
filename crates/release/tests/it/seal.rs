//! The second guard: what it lets out, and each kind of thing that it stops.

use std::collections::BTreeSet;

use entente_object::marking::Tlp;
use entente_release::label::Fault;
use entente_release::partner::{Authenticated, Channel};
use entente_release::{Audience, Label, Withheld, seal};

use crate::universe::{NOW, at, channel, label, names, nation, nations, partner};

const RED_2: &str = "marking-definition--e828b379-4e03-4974-9ac4-e53a884c97c1";
const RED_1: &str = "marking-definition--5e57c739-391a-4eb3-b6be-7d15ca92d5ed";

fn audience(on: Channel) -> Audience {
    let mut est = partner(0, "EST");
    est.exercises = names(&["cc23"]);
    let session = Authenticated::Certificate(nation("EST"));
    Audience::admit(&est, &session, on, at(NOW)).unwrap()
}

fn sealed(label: &Label, bytes: &str) -> Result<String, Withheld> {
    let est = audience(Channel::default());
    seal(&est, [label], bytes.to_owned()).map(entente_release::Released::into_bytes)
}

#[test]
fn what_names_the_audience_leaves_as_it_is() {
    assert_eq!(sealed(&label(), "{}"), Ok("{}".to_owned()));
    let empty = seal(&audience(Channel::default()), [], b"{}".to_vec()).unwrap();
    assert_eq!(empty.into_bytes(), b"{}");
}

#[test]
fn each_label_that_does_not_allow_it_withholds_the_page() {
    let withheld = Withheld::Label(nation("EST"));
    assert_eq!(withheld.to_string(), "an object's recorded label does not allow EST");
    let nobody = Label { rel_to: nations(""), ..label() };
    let others = Label { rel_to: nations("POL"), ..label() };
    let exercise = Label { exercise: channel("cc23").exercise, ..label() };
    let empty = Label { under: BTreeSet::new(), ..label() };
    for bad in [
        nobody,
        others,
        exercise.clone(),
        empty,
        label().at_least(Tlp::Red),
        label().faulty(Fault::UnknownMarking),
    ] {
        assert_eq!(sealed(&bad, "{}"), Err(withheld.clone()), "{bad}");
        // One bad label among good ones is enough.
        let page = seal(&audience(Channel::default()), [&label(), &bad, &label()], "{}");
        assert_eq!(page, Err(withheld.clone()));
    }
    let in_exercise = audience(channel("cc23"));
    assert!(seal(&in_exercise, [&exercise], "{}").is_ok());
    assert_eq!(seal(&in_exercise, [&label()], "{}"), Err(withheld));
}

#[test]
fn a_partner_reads_back_what_it_wrote() {
    let own = Label { originator: nation("EST"), rel_to: nations(""), ..label() };
    assert!(sealed(&own, "{}").is_ok());
    assert!(sealed(&own.clone().at_least(Tlp::Red), "{}").is_ok());
    assert!(sealed(&own.faulty(Fault::BadMarking), "{}").is_err());
}

#[test]
fn bytes_that_carry_red_are_withheld_however_written() {
    assert_eq!(Withheld::Red.to_string(), "an object carries TLP:RED");
    let escaped = |text: &str, of: fn(char) -> bool| -> String {
        let one = |c: char| if of(c) { format!("\\u{:04x}", u32::from(c)) } else { c.into() };
        text.chars().map(one).collect()
    };
    for red in [RED_1, RED_2] {
        let (prefix, uuid) = red.split_at(20);
        for written in [
            red.to_owned(),
            format!("{prefix}{}", uuid.to_uppercase()),
            escaped(red, |_| true),
            escaped(red, |c| c == '-'),
            escaped(red, |c| c == 'm'),
            escaped(red, |c| c.is_ascii_digit())
                .to_uppercase()
                .replace("\\U", "\\u")
                .replace("MARKING-DEFINITION", "marking-definition"),
        ] {
            for page in [
                format!("{{\"object_marking_refs\":[\"{written}\"]}}"),
                format!(
                    "{{\"name\":\"caf\\u00e9 \\\\\",\"object_marking_refs\": [ \"{written}\" ]}}"
                ),
                format!("{{\"marking_ref\":\"marking-definition--x\",\"more\":\"{written}\"}}"),
            ] {
                assert_eq!(sealed(&label(), &page), Err(Withheld::Red), "{page}");
            }
        }
    }
}

#[test]
fn bytes_that_only_look_like_red_leave() {
    for page in [
        // Prose that names it refers to nothing.
        format!("{{\"description\":\"never send {RED_2} \\u0041\"}}"),
        // An escaped backslash: the text is `\u006d…`, not a letter.
        format!("{{\"name\":\"\\\\u006d{}\"}}", &RED_2[1..]),
        // Other markings.
        format!("{{\"object_marking_refs\":[\"{}\"]}}", Tlp::AmberStrict.marking_id()),
        format!("{{\"object_marking_refs\":[\"{}0\"]}}", &RED_2[..RED_2.len() - 1]),
        // Cut short, or not hexadecimal.
        format!("\"{}", &RED_2[..RED_2.len() - 1]),
        "\"\\u00".to_owned(),
        "\"\\u00zz\\".to_owned(),
    ] {
        assert_eq!(sealed(&label(), &page), Ok(page));
    }
}
