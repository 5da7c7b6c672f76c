//! What is put together does not depend on the order in which it came, and nobody changes another's.

use super::*;
use crate::content::Activity;
use crate::filed::{Head, Place, write};
use crate::terms::{ActivityState, Procedure, ProposalKind};
use proptest::prop_assert_eq;
use proptest::proptest;

fn at(second: i64) -> Timestamp {
    Timestamp::from_unix_micros(1_702_000_000_000_000 + second * 1_000_000)
}

fn nation(code: &str) -> Nation {
    code.parse().unwrap()
}

fn id(number: u32) -> String {
    format!("entente-activity--{number:08x}-45d1-4c1b-9d32-0123456789ab")
}

/// A version of an activity, read back from what is written.
fn version(number: u32, by: &str, (second, seq): (i64, u64), state: ActivityState) -> Filed {
    let content = Content::Activity(Activity {
        name: format!("{by} at {second}"),
        description: None,
        about: "rok-nato-itpp-2023/dialogue".into(),
        kind: "meeting".into(),
        begins: at(1000),
        ends: at(2000),
        place: None,
        participants: [nation("KOR"), nation("POL")].into_iter().collect(),
        working_group_ref: None,
        state,
    });
    let by = nation(by);
    let head = Head { id: id(number), by, created: at(0), modified: at(second) };
    let bytes = write(&head, &content);
    let report = entente_object::validate::validate(&entente_object::json::parse(&bytes).unwrap());
    assert!(report.errors.is_empty() && report.warnings.is_empty(), "{report:?}");
    let digest = [u8::try_from(second).unwrap(); 32];
    let filed =
        Filed::read(&bytes, by, Place { seq, label: 0, digest, given: at(second) }).unwrap();
    assert_eq!(filed.content, content);
    assert!(matches!(
        Filed::read(&bytes, nation("DNK"), filed.place),
        Err(crate::NotFiled::Maker(_))
    ));
    filed
}

#[test]
fn a_step_that_may_not_follow_is_a_fault_and_changes_nothing() {
    let mut picture = Picture::default();
    picture.add(version(1, "KOR", (1, 1), ActivityState::Planned));
    picture.add(version(1, "KOR", (2, 2), ActivityState::Cancelled));
    picture.add(version(1, "KOR", (3, 3), ActivityState::Held));
    let (filed, said) = picture.one::<Activity>(&id(1)).unwrap();
    assert_eq!((filed.modified, said.state), (at(2), ActivityState::Cancelled));
    let faults = picture.faults();
    assert_eq!(faults.len(), 1);
    assert_eq!(
        faults[0].why.to_string(),
        "an activity that is cancelled cannot become held: nothing follows any more"
    );
}

#[test]
fn who_is_asked_and_how_stays_once_a_text_was_proposed() {
    let parties = |codes: &[&str]| codes.iter().map(|code| nation(code)).collect();
    let first = Proposal {
        name: "Outcomes".into(),
        kind: ProposalKind::Outcome,
        text: "The parties agree.".into(),
        about: "rok-nato-itpp-2023/dialogue".into(),
        consultation_ref: None,
        subject_refs: Vec::new(),
        procedure: Procedure::Silence,
        deadline: Some(at(100)),
        parties: parties(&["KOR", "POL"]),
        valid_from: None,
        replaces_ref: None,
        state: ProposalState::Proposed,
        result: None,
    };
    let follow = |state, change: fn(&mut Proposal)| {
        let before = Proposal { state, ..first.clone() };
        let mut after = first.clone();
        change(&mut after);
        follows(Some(&Content::Proposal(before)), &Content::Proposal(after)).is_ok()
    };
    let changes: [fn(&mut Proposal); 6] = [
        |said| said.parties = [Nation::KOR].into_iter().collect(),
        |said| said.kind = ProposalKind::Programme,
        |said| said.procedure = Procedure::Consensus,
        |said| said.valid_from = Some(at(5)),
        |said| said.deadline = Some(at(99)),
        |said| said.deadline = None,
    ];
    for change in changes {
        assert!(!follow(ProposalState::Proposed, change) && follow(ProposalState::Draft, change));
    }
    let kept: [fn(&mut Proposal); 3] = [
        |said| said.deadline = Some(at(101)),
        |said| said.text = "The parties agreed.".into(),
        |said| said.state = ProposalState::NotAccepted,
    ];
    assert!(kept.into_iter().all(|change| follow(ProposalState::Proposed, change)));
}

#[test]
fn an_id_is_whose_it_was_first_whatever_date_another_gives_it() {
    let mut picture = Picture::default();
    picture.add(version(1, "KOR", (5, 1), ActivityState::Planned));
    picture.add(version(1, "POL", (1, 2), ActivityState::Planned));
    picture.add(version(1, "POL", (9, 3), ActivityState::Held));
    assert_eq!(picture.get(&id(1)).unwrap().by, nation("KOR"));
    picture.add(version(1, "KOR", (6, 4), ActivityState::Confirmed));
    let (_, said) = picture.one::<Activity>(&id(1)).unwrap();
    assert_eq!(said.state, ActivityState::Confirmed);
}

#[test]
fn what_was_taken_back_is_gone_and_what_was_before_counts() {
    let mut picture = Picture::default();
    picture.add(version(1, "KOR", (1, 1), ActivityState::Planned));
    picture.add(version(1, "KOR", (2, 2), ActivityState::Confirmed));
    picture.take_back(&id(1), nation("POL"), &[2; 32]);
    assert_eq!(picture.one::<Activity>(&id(1)).unwrap().1.state, ActivityState::Confirmed);
    picture.take_back(&id(1), nation("KOR"), &[2; 32]);
    assert_eq!(picture.one::<Activity>(&id(1)).unwrap().1.state, ActivityState::Planned);
    picture.take_back(&id(1), nation("KOR"), &[1; 32]);
    assert!(picture.get(&id(1)).is_none());
}

proptest! {
    #[test]
    fn the_order_in_which_objects_came_does_not_matter(
        mut said in proptest::collection::vec((0u32..4, 0usize..2, 1i64..9, 0usize..4), 1..24),
        turn in 0usize..24,
    ) {
        // One nation says one thing at one time.
        said.sort_unstable();
        said.dedup_by_key(|(number, by, second, _)| (*number, *by, *second));
        let mut all: Vec<Filed> = (0u64..).zip(&said).map(|(seq, (number, by, second, state))| {
            let by = ["KOR", "POL"][*by];
            version(*number, by, (*second, seq), ActivityState::ALL[*state])
        }).collect();
        let put = |all: &[Filed]| {
            let mut picture = Picture::default();
            all.iter().cloned().for_each(|one| picture.add(one));
            let newest: Vec<Filed> =
                picture.all::<Activity>().into_iter().map(|(filed, _)| filed.clone()).collect();
            (newest, picture.faults())
        };
        let once = put(&all);
        let middle = turn % all.len();
        all.rotate_left(middle);
        all.reverse();
        prop_assert_eq!(once, put(&all));
    }
}
