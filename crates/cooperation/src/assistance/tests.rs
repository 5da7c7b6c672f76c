//! Every message in every stage by either side, and exchanges of several nations in any order.

use std::fmt::Write as _;

use proptest::prelude::{Strategy, any};
use proptest::{prop_assert_eq, proptest};

use super::*;
use crate::content::Content;
use crate::filed::{Head, Place, write};

fn at(second: i64) -> Timestamp {
    Timestamp::from_unix_micros(1_702_000_000_000_000 + second * 1_000_000)
}

fn nation(code: &str) -> Nation {
    code.parse().unwrap()
}

fn id(number: u32) -> String {
    format!("entente-assistance--{number:08x}-45d1-4c1b-9d32-0123456789ab")
}

/// A message of the exchange that message 0 began.
fn message(message: Message, before: Option<u32>) -> Assistance {
    Assistance {
        message,
        originating_ref: before.map(|_| id(0)),
        preceding_ref: before.map(id),
        situation_ref: None,
        subject_refs: Vec::new(),
        about: "rok-nato-itpp-2023/cyber-defence".into(),
        addressed_to: entente_release::NationSet::none(),
        resource: "malware analysts".into(),
        quantity: Some("4".into()),
        begins: None,
        ends: None,
        place: None,
        answer: None,
        reason: None,
        deployment: None,
        text: "as agreed".into(),
        contact: "duty officer".into(),
        answer_by: None,
    }
}

fn filed(number: u32, by: &str, second: i64, said: Assistance) -> Filed {
    let head = Head { id: id(number), by: nation(by), created: at(second), modified: at(second) };
    let bytes = write(&head, &Content::Assistance(said));
    let report = entente_object::validate::validate(&entente_object::json::parse(&bytes).unwrap());
    assert!(report.errors.is_empty(), "{report:?}");
    let digest = [u8::try_from(number).unwrap(); 32];
    let place = Place { seq: u64::from(number), label: 0, digest, given: at(second) };
    Filed::read(&bytes, nation(by), place).unwrap()
}

fn answering(kind: Message, before: u32, answer: AssistanceAnswer) -> Assistance {
    Assistance { answer: Some(answer), ..message(kind, Some(before)) }
}

fn asked() -> Assistance {
    Assistance {
        addressed_to: ["DNK", "POL", "USA"].map(nation).into_iter().collect(),
        answer_by: Some(at(50)),
        ends: Some(at(1000)),
        ..message(Message::RequestResource, None)
    }
}

fn picture(messages: &[Filed]) -> Picture {
    let mut picture = Picture::default();
    for one in messages {
        picture.add(one.clone());
    }
    picture
}

/// What a side may send in a stage, with where each leads: `message` or `message+answer` → stage.
fn ways(stage: Stage, waiting: &Waiting, side: Side) -> String {
    let mut ways = Vec::new();
    for message in Message::ALL {
        for answer in [None, Some(Accept), Some(Decline), Some(Provisional)] {
            match next((stage, waiting), side, *message, answer) {
                Ok(step) => {
                    let answer = answer.map_or(String::new(), |answer| format!("+{answer}"));
                    ways.push((format!("{message}{answer}"), step.stage));
                }
                Err(refused) => {
                    assert_eq!(refused.legal, legal((stage, waiting), side));
                    assert!(!refused.to_string().is_empty());
                }
            }
        }
    }
    let mut text = String::new();
    for message in Message::ALL {
        let of: Vec<_> = ways
            .iter()
            .filter(|(way, _)| way.split('+').next() == Some(message.as_str()))
            .collect();
        let Some((_, first)) = of.first() else { continue };
        if of.len() == 4 && of.iter().all(|(_, after)| after == first) {
            write!(text, " {message}>{first}").unwrap();
        } else {
            for (way, after) in of {
                write!(text, " {way}>{after}").unwrap();
            }
        }
    }
    text
}

#[test]
fn each_message_in_each_stage_by_each_side_is_as_written() {
    let (none, all): (Waiting, Waiting) = (
        Waiting::new(),
        Question::ALL.iter().flat_map(|q| [(*q, Side::User), (*q, Side::Supplier)]).collect(),
    );
    let mut text = String::new();
    for stage in Stage::ALL {
        for side in [Side::User, Side::Supplier] {
            let plain = ways(stage, &none, side);
            writeln!(text, "{stage} {}:{plain}", side.as_str()).unwrap();
            // With every question open: only what answers one is more.
            let plain: BTreeSet<&str> = plain.split(' ').collect();
            let more = ways(stage, &all, side);
            let more: Vec<&str> = more.split(' ').filter(|way| !plain.contains(way)).collect();
            writeln!(text, "  asked: {}", more.join(" ")).unwrap();
        }
    }
    assert_eq!(text, include_str!("steps.txt"));
}

#[test]
fn a_refusal_says_what_can_be_sent() {
    let none = Waiting::new();
    let refused =
        next((Stage::Asked, &none), Side::User, Message::ReleaseResource, None).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "the user cannot send ReleaseResource while this is asked: the user can send one of \
         RequestInformation, RequestQuote"
    );
    let refused =
        next((Stage::Asked, &none), Side::Supplier, Message::ResponseToRequestResource, None);
    assert_eq!(
        refused.unwrap_err().to_string(),
        "a ResponseToRequestResource has to say Accept, Decline or Provisional"
    );
    let refused =
        next((Stage::Declined, &none), Side::User, Message::RequisitionResource, None).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "the user cannot send RequisitionResource while this is declined: it is over for the user"
    );
}

/// Korea asks three; Poland gives, Denmark declines late, the United States says nothing.
fn clearing_house() -> Vec<Filed> {
    use Message::{
        CommitResource, ReleaseResource, ReportResourceDeploymentStatus,
        RequestExtendedDeploymentDuration, RequestResourceDeploymentStatus, RequestReturn,
        RequisitionResource, ResponseToRequestExtendedDeploymentDuration,
        ResponseToRequestResource, ResponseToRequestReturn,
    };
    let on_its_way = Assistance {
        deployment: Some("at Incheon".into()),
        ..message(ReportResourceDeploymentStatus, Some(6))
    };
    let longer =
        Assistance { ends: Some(at(2000)), ..message(RequestExtendedDeploymentDuration, Some(7)) };
    vec![
        filed(0, "KOR", 0, asked()),
        filed(1, "POL", 10, answering(ResponseToRequestResource, 0, Provisional)),
        filed(2, "POL", 20, answering(ResponseToRequestResource, 1, Accept)),
        filed(3, "DNK", 60, answering(ResponseToRequestResource, 0, Decline)),
        filed(4, "KOR", 70, message(RequisitionResource, Some(2))),
        // The clock of Poland is behind: what it answers still comes first.
        filed(5, "POL", 5, message(CommitResource, Some(4))),
        filed(6, "KOR", 90, message(RequestResourceDeploymentStatus, Some(5))),
        filed(7, "POL", 95, on_its_way),
        filed(8, "KOR", 100, longer.clone()),
        filed(
            9,
            "POL",
            110,
            Assistance {
                ends: Some(at(2000)),
                ..answering(ResponseToRequestExtendedDeploymentDuration, 8, Accept)
            },
        ),
        filed(10, "POL", 120, message(RequestReturn, Some(9))),
        filed(11, "KOR", 130, answering(ResponseToRequestReturn, 10, Accept)),
        filed(12, "KOR", 140, message(ReleaseResource, Some(11))),
    ]
}

#[test]
fn nations_decide_one_by_one() {
    use Stage::{Accepted, Asked, Committed, Ordered, Released, UnderWay};
    let all = clearing_house();
    let stages: Vec<Stage> = (1..=all.len())
        .map(|some| {
            let picture = picture(&all[..some]);
            exchange(&picture, &id(0)).unwrap().threads[&nation("POL")].stage
        })
        .collect();
    let expected = [
        Asked,
        Stage::Provisional,
        Accepted,
        Accepted,
        Ordered,
        Committed,
        Committed,
        UnderWay,
        UnderWay,
        UnderWay,
        UnderWay,
        UnderWay,
        Released,
    ];
    assert_eq!(stages, expected);
    let whole = picture(&all);
    let (exchanges, orphans) = exchanges(&whole);
    assert!(orphans.is_empty());
    let [one] = exchanges.as_slice() else { panic!("{exchanges:?}") };
    assert_eq!(one.faults, []);
    let thread = |code: &str| &one.threads[&nation(code)];
    assert_eq!(thread("DNK").stage, Stage::Declined);
    assert_eq!(thread("USA").stage, Stage::Asked);
    assert_eq!(thread("POL").deployment, Some("at Incheon"));
    assert_eq!(thread("POL").until, Some(at(2000)));
    let answered = |code: &str, now| thread(code).is_answered(one.said.answer_by, now).unwrap();
    assert_eq!(answered("POL", at(200)), Answered::InTime);
    assert_eq!(answered("DNK", at(200)), Answered::Late);
    assert_eq!(answered("USA", at(40)), Answered::NotYet);
    assert_eq!(answered("USA", at(200)), Answered::Missed);
    // Any message finds its exchange.
    assert_eq!(exchange(&whole, &id(9)).unwrap().opening.id, id(0));
}

#[test]
fn what_may_not_be_sent_is_a_fault_and_changes_nothing() {
    use Message::{CommitResource, ReleaseResource, ReportResourceDeploymentStatus, RequestReturn};
    let mut all = clearing_house();
    all.truncate(3);
    let why = |said: Assistance, by: &str| {
        let mut with = all.clone();
        with.push(filed(99, by, 300, said.clone()));
        let with = picture(&with);
        let exchange = exchange(&with, &id(0)).unwrap();
        let refused = may_send(&picture(&all), nation(by), &said);
        let [fault] = exchange.faults.as_slice() else { panic!("{by}: {exchange:?}") };
        assert_eq!((fault.id.as_str(), fault.by), (id(99).as_str(), nation(by)));
        assert_eq!(exchange.threads[&nation("POL")].stage, Stage::Accepted);
        (refused.map_err(|why| why.to_string()), fault.why.to_string())
    };
    for (said, by, expected) in [
        (message(CommitResource, Some(1)), "KOR", "the user cannot send CommitResource"),
        (message(ReleaseResource, Some(1)), "POL", "the supplier cannot send ReleaseResource"),
        (message(RequestReturn, Some(1)), "POL", "the supplier cannot send RequestReturn"),
        (message(ReleaseResource, Some(0)), "KOR", "it does not say to which nation it is"),
        (message(CommitResource, Some(0)), "FRA", "FRA was not asked"),
    ] {
        let (refused, fault) = why(said, by);
        assert!(fault.starts_with(expected), "{fault}");
        assert_eq!(refused.unwrap_err(), fault);
    }
    // What it answers is not here, so that nobody can tell.
    let (_, fault) = why(message(ReportResourceDeploymentStatus, Some(77)), "POL");
    assert!(fault.ends_with("is not here: whether it may be sent cannot be told"), "{fault}");
    // Two that answer each other.
    let mut with = all.clone();
    with.push(filed(20, "POL", 30, message(CommitResource, Some(21))));
    with.push(filed(21, "POL", 30, message(CommitResource, Some(20))));
    let with = picture(&with);
    let exchange = exchange(&with, &id(0)).unwrap();
    assert!(exchange.faults.iter().all(|fault| fault.why == Why::Circle));
    assert_eq!(exchange.faults.len(), 2);
}

#[test]
fn a_message_to_several_counts_for_all_or_for_none() {
    let mut all = clearing_house();
    all.truncate(4);
    let to_both = Assistance {
        addressed_to: ["DNK", "POL"].map(nation).into_iter().collect(),
        ..message(Message::RequisitionResource, Some(2))
    };
    all.push(filed(30, "KOR", 80, to_both));
    let whole = picture(&all);
    let exchange = exchange(&whole, &id(0)).unwrap();
    assert_eq!(exchange.faults.len(), 1);
    assert_eq!(exchange.threads[&nation("POL")].stage, Stage::Accepted);
    assert_eq!(exchange.threads[&nation("DNK")].stage, Stage::Declined);
}

#[test]
fn an_offer_that_nobody_asked_for_can_be_taken_or_let_go() {
    let offer = filed(0, "USA", 0, message(Message::OfferUnsolicitedResource, None));
    let take = filed(1, "KOR", 1, message(Message::RequisitionResource, Some(0)));
    let give = Assistance {
        addressed_to: [nation("KOR")].into_iter().collect(),
        ..message(Message::CommitResource, Some(1))
    };
    let leave = filed(3, "POL", 3, message(Message::ReleaseResource, Some(0)));
    let all = [offer, take, filed(2, "USA", 2, give), leave];
    let whole = picture(&all);
    let exchange = exchange(&whole, &id(0)).unwrap();
    assert_eq!(exchange.faults, []);
    assert_eq!(exchange.side, Side::Supplier);
    assert_eq!(exchange.threads[&nation("KOR")].stage, Stage::Committed);
    assert_eq!(exchange.threads[&nation("POL")].stage, Stage::Released);
    assert_eq!(
        exchange.legal(nation("DNK"), nation("USA")),
        [
            Message::RequisitionResource,
            Message::RequestInformation,
            Message::ReleaseResource,
            Message::RequestQuote
        ]
    );
}

#[test]
fn a_message_without_its_beginning_is_no_exchange() {
    let lost = [filed(5, "POL", 1, message(Message::CommitResource, Some(4)))];
    let alone = picture(&lost);
    let (none, orphans) = exchanges(&alone);
    assert!(none.is_empty());
    assert_eq!(orphans[0].why, Why::NoBeginning(id(0)));
    let wrong = [filed(0, "POL", 1, message(Message::CommitResource, None))];
    let alone = picture(&wrong);
    let (none, orphans) = exchanges(&alone);
    assert!(none.is_empty());
    assert_eq!(orphans[0].why, Why::Beginning(Message::CommitResource));
    let begin = |kind| may_send(&alone, nation("POL"), &message(kind, None));
    assert_eq!(begin(Message::CommitResource), Err(Why::Beginning(Message::CommitResource)));
    assert_eq!(begin(Message::RequestQuote), Ok(()));
}

#[test]
fn a_later_version_does_not_make_another_message_of_it() {
    let first = filed(0, "KOR", 0, asked());
    let mut second = filed(0, "KOR", 9, message(Message::OfferUnsolicitedResource, None));
    second.place.seq = 9;
    let both = picture(&[first, second]);
    assert_eq!(both.faults().len(), 1);
    let (_, said) = both.one::<Assistance>(&id(0)).unwrap();
    assert_eq!(said.message, Message::RequestResource);
}

/// Messages as nations might send them, many of them not legal.
fn some_messages() -> impl Strategy<Value = Vec<Filed>> {
    let one = (0_usize..16, 0_u32..12, 0_usize..4, 0_i64..40, 0_usize..4);
    proptest::collection::vec(one, 0..14).prop_map(|all| {
        let codes = ["KOR", "POL", "DNK", "USA"];
        let answers = [None, Some(Accept), Some(Decline), Some(Provisional)];
        let later =
            all.into_iter().enumerate().map(|(number, (kind, before, by, time, answer))| {
                let said = Assistance {
                    answer: answers[answer],
                    ..message(Message::ALL[kind], Some(before))
                };
                filed(u32::try_from(number).unwrap() + 1, codes[by], time, said)
            });
        std::iter::once(filed(0, "KOR", 0, asked())).chain(later).collect()
    })
}

proptest! {
    #[test]
    fn it_comes_to_the_same_in_any_order(messages in some_messages(), seed in any::<u64>()) {
        let mut other = messages.clone();
        let mut state = seed;
        for at in (1..other.len()).rev() {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            other.swap(at, usize::try_from(state >> 33).unwrap() % (at + 1));
        }
        let (one, two) = (picture(&messages), picture(&other));
        let (one, two) = (exchange(&one, &id(0)).unwrap(), exchange(&two, &id(0)).unwrap());
        prop_assert_eq!(&one.threads, &two.threads);
        prop_assert_eq!(&one.faults, &two.faults);
        let counted: BTreeSet<&str> =
            one.threads.values().flat_map(|t| &t.messages).map(|m| m.id.as_str()).collect();
        // Every message counts or is a fault.
        prop_assert_eq!(counted.len() + one.faults.len() + 1, messages.len());
    }

    #[test]
    fn what_may_be_sent_is_no_fault(messages in some_messages(), kind in 0_usize..16, by in 0_usize..4) {
        let before = picture(&messages);
        let by = ["KOR", "POL", "DNK", "USA"][by];
        let said = answering(Message::ALL[kind], 0, Accept);
        let may = may_send(&before, nation(by), &said);
        let mut after = messages.clone();
        after.push(filed(50, by, 60, said));
        let after = picture(&after);
        let exchange = exchange(&after, &id(0)).unwrap();
        let fault = exchange.faults.iter().find(|fault| fault.id == id(50));
        prop_assert_eq!(may.err(), fault.map(|fault| fault.why.clone()));
    }
}
