//! When a text is accepted: a table of what nations said and when.

use super::*;
use crate::content::Content;
use crate::filed::{Head, Place, write};
use crate::sign_off::Subject;
use entente_log::key::Key;

const ID: &str = "entente-proposal--e0000002-45d1-4c1b-9d32-0123456789ab";
const TEXT: &str = "The parties agree.";
const DEADLINE: i64 = 1000;

fn at(second: i64) -> Timestamp {
    Timestamp::from_unix_micros(1_702_000_000_000_000 + second * 1_000_000)
}

fn nation(code: &str) -> Nation {
    code.parse().unwrap()
}

fn proposal(kind: ProposalKind, procedure: Procedure, deadline: Option<i64>) -> Proposal {
    Proposal {
        name: "Outcomes".into(),
        kind,
        text: TEXT.into(),
        about: "rok-nato-itpp-2023/dialogue".into(),
        consultation_ref: None,
        subject_refs: Vec::new(),
        procedure,
        deadline: deadline.map(at),
        parties: ["KOR", "POL", "USA"].map(nation).into_iter().collect(),
        valid_from: None,
        replaces_ref: None,
        state: ProposalState::Proposed,
        result: None,
    }
}

/// What a nation says, and when its node gave it.
fn says(code: &str, answer: Answer, text: &str, second: i64) -> Filed {
    let text_sha256 = sha256(text);
    let subject = Subject {
        nation: nation(code),
        proposal: ID,
        text_sha256: &text_sha256,
        answer,
        statement: None,
        officer: "desk",
    };
    let keys = (Key::from_seed("desk", &[1; 32]).unwrap(), Key::from_seed(code, &[2; 32]).unwrap());
    filed(code, &Content::SignOff(subject.sign(&keys.0, &keys.1)), second)
}

fn filed(code: &str, content: &Content, second: i64) -> Filed {
    let by = nation(code);
    let uuid = format!("{second:08x}-45d1-4c1b-9d32-0123456789ab");
    let is_proposal = matches!(content, Content::Proposal(_));
    let id = if is_proposal { ID.to_owned() } else { format!("{}--{uuid}", content.type_name()) };
    let bytes = write(&Head { id, by, created: at(second), modified: at(second) }, content);
    let report = entente_object::validate::validate(&entente_object::json::parse(&bytes).unwrap());
    assert!(report.errors.is_empty() && report.warnings.is_empty(), "{report:?}");
    let place = Place { seq: 0, label: 0, digest: [7; 32], given: at(second) };
    Filed::read(&bytes, by, place).unwrap()
}

/// How it stands at a second, with who was heard until when.
fn stands(
    proposal: &Proposal,
    sign_offs: &[Filed],
    heard: &[(&str, i64)],
    second: i64,
) -> Agreement {
    let of = filed("KOR", &Content::Proposal(proposal.clone()), 0);
    let heard = heard.iter().map(|(code, second)| (nation(code), at(*second))).collect();
    weigh(&of, proposal, &sign_offs.iter().collect::<Vec<_>>(), &heard, at(second))
}

#[test]
fn silence_until_the_deadline_is_acceptance_once_all_nodes_were_heard() {
    let silent = proposal(ProposalKind::Outcome, Procedure::Silence, Some(DEADLINE));
    let agreed = [says("KOR", Answer::Agree, TEXT, 1)];
    let all = [("POL", DEADLINE + 1), ("USA", DEADLINE + 1)];
    let one = [("POL", DEADLINE + 1), ("USA", DEADLINE)];
    let day = i64::try_from(GRACE.as_secs()).unwrap();
    let standing = |heard: &[(&str, i64)], second| stands(&silent, &agreed, heard, second).standing;
    assert_eq!(standing(&all, DEADLINE), Standing::Open);
    assert_eq!(standing(&[], DEADLINE + 1), Standing::Provisional);
    assert_eq!(standing(&one, DEADLINE + 1), Standing::Provisional);
    assert_eq!(standing(&all, DEADLINE + 1), Standing::Accepted);
    assert_eq!(standing(&one, DEADLINE + day), Standing::Provisional);
    assert_eq!(standing(&one, DEADLINE + day + 1), Standing::Accepted);
}

#[test]
fn one_objection_in_time_breaks_silence_whenever_it_comes_and_a_late_one_does_not() {
    let mut silent = proposal(ProposalKind::Outcome, Procedure::Silence, Some(DEADLINE));
    let all = [("POL", DEADLINE + 1), ("USA", DEADLINE + 1), ("KOR", DEADLINE + 1)];
    for state in [ProposalState::Proposed, ProposalState::Accepted] {
        silent.state = state;
        let in_time = [says("POL", Answer::Object, TEXT, DEADLINE)];
        let found = stands(&silent, &in_time, &all, DEADLINE + 90_000);
        assert_eq!(found.standing, Standing::NotAccepted);
        let (settled, result) = found.settles(&silent, at(DEADLINE + 90_000)).unwrap();
        assert_eq!(settled, ProposalState::NotAccepted);
        let counted: Vec<_> = result.counted.iter().map(|one| one.answer.as_str()).collect();
        assert_eq!(counted, ["silent", "object", "silent"]);
        let late = [says("POL", Answer::Object, TEXT, DEADLINE + 1)];
        let found = stands(&silent, &late, &all, DEADLINE + 90_000);
        assert_eq!(found.standing, Standing::Accepted);
        let poland = found.said.iter().find(|one| one.nation == nation("POL")).unwrap();
        assert!(poland.counts.is_none() && poland.late.is_some());
    }
}

#[test]
fn an_objection_may_be_lifted_until_the_deadline() {
    let silent = proposal(ProposalKind::Outcome, Procedure::Silence, Some(DEADLINE));
    let lifted = [says("POL", Answer::Object, TEXT, 10), says("POL", Answer::Abstain, TEXT, 20)];
    let all = [("USA", DEADLINE + 1), ("KOR", DEADLINE + 1)];
    assert_eq!(stands(&silent, &lifted, &all, DEADLINE + 1).standing, Standing::Accepted);
}

#[test]
fn a_sign_off_counts_for_its_text_its_party_and_with_its_signatures_alone() {
    let consensus = proposal(ProposalKind::Outcome, Procedure::Consensus, None);
    let two = || vec![says("KOR", Answer::Agree, TEXT, 1), says("USA", Answer::Agree, TEXT, 2)];
    let with = |third: Filed| {
        let mut all = two();
        all.push(third);
        stands(&consensus, &all, &[], 100).standing
    };
    assert_eq!(with(says("POL", Answer::Agree, TEXT, 3)), Standing::Accepted);
    assert_eq!(with(says("POL", Answer::Agree, "The parties agreed.", 3)), Standing::Open);
    assert_eq!(with(says("DNK", Answer::Agree, TEXT, 3)), Standing::Open);
    let mut unsigned = says("POL", Answer::Agree, TEXT, 3);
    if let Content::SignOff(said) = &mut unsigned.content {
        said.officer = "somebody".into();
    }
    assert_eq!(with(unsigned), Standing::Open);
}

#[test]
fn consensus_needs_every_party_and_a_programme_needs_all_to_agree() {
    let answers = |third| {
        vec![
            says("KOR", Answer::Agree, TEXT, 1),
            says("USA", Answer::Agree, TEXT, 2),
            says("POL", third, TEXT, 3),
        ]
    };
    let table = [
        (ProposalKind::Statement, Answer::Agree, Standing::Accepted),
        (ProposalKind::Statement, Answer::Abstain, Standing::Accepted),
        (ProposalKind::Statement, Answer::Reserve, Standing::Accepted),
        (ProposalKind::Statement, Answer::Object, Standing::NotAccepted),
        (ProposalKind::Programme, Answer::Agree, Standing::Accepted),
        (ProposalKind::Programme, Answer::Abstain, Standing::Open),
        (ProposalKind::Programme, Answer::Reserve, Standing::Open),
        (ProposalKind::Programme, Answer::Object, Standing::NotAccepted),
    ];
    for (kind, third, expected) in table {
        let consensus = proposal(kind, Procedure::Consensus, None);
        let found = stands(&consensus, &answers(third), &[], 100);
        assert_eq!(found.standing, expected, "{kind} {third}");
        let signed = matches!(third, Answer::Agree | Answer::Reserve);
        let signatories: Vec<String> = found.signatories().map(|n| n.to_string()).collect();
        let expected: &[&str] = if signed { &["KOR", "POL", "USA"] } else { &["KOR", "USA"] };
        assert_eq!(signatories, expected);
    }
    // Not all have answered when the deadline is over.
    let bounded = proposal(ProposalKind::Statement, Procedure::Consensus, Some(DEADLINE));
    let two = &answers(Answer::Agree)[..2];
    assert_eq!(stands(&bounded, two, &[], DEADLINE).standing, Standing::Open);
    assert_eq!(stands(&bounded, two, &[], DEADLINE + 1).standing, Standing::NotAccepted);
    // Nobody agrees.
    let none: Vec<Filed> = ["KOR", "USA", "POL"]
        .into_iter()
        .zip(1..)
        .map(|(code, second)| says(code, Answer::Abstain, TEXT, second))
        .collect();
    assert_eq!(stands(&bounded, &none, &[], 10).standing, Standing::Open);
}

#[test]
fn what_is_settled_already_is_not_settled_again() {
    let mut consensus = proposal(ProposalKind::Outcome, Procedure::Consensus, None);
    let all: Vec<Filed> = ["KOR", "USA", "POL"]
        .into_iter()
        .zip(1..)
        .map(|(code, second)| says(code, Answer::Agree, TEXT, second))
        .collect();
    let found = stands(&consensus, &all, &[], 100);
    let (state, result) = found.settles(&consensus, at(100)).unwrap();
    (consensus.state, consensus.result) = (state, Some(result));
    assert_eq!(stands(&consensus, &all, &[], 101).settles(&consensus, at(101)), None);
    for state in [ProposalState::Draft, ProposalState::Withdrawn, ProposalState::NotAccepted] {
        consensus.state = state;
        assert_eq!(stands(&consensus, &all, &[], 101).settles(&consensus, at(101)), None);
    }
}
