//! Approvals: what voids them, whose count, and until when.

use entente_object::time::Timestamp;
use entente_release::approval::{Approval, ApprovalState, Subject, weigh};
use entente_release::policy::PolicyVersion;
use proptest::{prop_assert_eq, proptest};

use crate::universe::{NOW, at, cases, nations};

fn subject(expires: i64) -> Subject {
    Subject {
        object: [1; 32],
        label: [2; 32],
        recipients: nations("EST POL"),
        policy: PolicyVersion([3; 32]),
        expires: at(expires),
    }
}

fn by(releaser: &str, subject: Subject) -> Approval {
    Approval { releaser: releaser.to_owned(), subject }
}

fn weighed(approvals: &[Approval], author: Option<&str>) -> ApprovalState {
    weigh(&subject(0), approvals, author, at(NOW))
}

/// `subject` with any one thing changed in the smallest way.
fn changed(expires: i64) -> Vec<Subject> {
    let all = subject(expires);
    let mut changed = Vec::new();
    for place in 0..32 {
        for field in 0..3 {
            let mut other = all.clone();
            let bytes = [&mut other.object, &mut other.label, &mut other.policy.0];
            bytes[field][place] ^= 1;
            changed.push(other);
        }
    }
    for recipients in ["", "EST", "POL", "EST GBR", "EST POL USA"] {
        changed.push(Subject { recipients: nations(recipients), ..all.clone() });
    }
    changed
}

#[test]
fn a_change_of_anything_voids_the_approval() {
    let valid = [by("kim", subject(NOW + 1))];
    assert_eq!(weighed(&valid, None), ApprovalState::By(1));
    for other in changed(NOW + 1) {
        let approval = [by("kim", other.clone())];
        assert_eq!(weighed(&approval, None), ApprovalState::Void, "{other:?}");
        // The other way round: approved as it was, asked as it is now.
        assert_eq!(weigh(&other, &valid, None, at(NOW)), ApprovalState::Void);
        assert_eq!(weigh(&other, &approval, None, at(NOW)), ApprovalState::By(1));
    }
}

#[test]
fn every_field_is_under_the_signature() {
    let mut signed: Vec<Vec<u8>> = changed(NOW).iter().map(Subject::to_bytes).collect();
    signed.push(subject(NOW).to_bytes());
    signed.push(subject(NOW + 1).to_bytes());
    signed.sort();
    let all = signed.len();
    signed.dedup();
    assert_eq!(signed.len(), all, "two subjects have the same bytes");
}

#[test]
fn the_signed_bytes_are_frozen() {
    let mut golden = b"entente/approval/v1\n".to_vec();
    golden.extend([1; 32]);
    golden.extend([2; 32]);
    golden.extend([3; 32]);
    golden.extend(b"1970-01-01T00:16:40.000Z\nEST\nPOL");
    assert_eq!(subject(1_000).to_bytes(), golden);
}

#[test]
fn who_counts_and_until_when() {
    let current = || subject(NOW + 1);
    let expired = || subject(NOW);
    let void = || changed(NOW + 1).remove(0);
    for (approvals, state) in [
        (vec![], ApprovalState::Missing),
        (vec![by("kim", current())], ApprovalState::By(1)),
        (vec![by("kim", current()), by("lee", current())], ApprovalState::By(2)),
        // One person counts once, however often and until whenever.
        (vec![by("kim", current()), by("kim", subject(NOW + 9))], ApprovalState::By(1)),
        // Nobody approves what they made.
        (vec![by("author", current())], ApprovalState::AuthorOnly),
        (vec![by("author", current()), by("kim", current())], ApprovalState::By(1)),
        (vec![by("author", current()), by("kim", void())], ApprovalState::AuthorOnly),
        (vec![by("kim", expired())], ApprovalState::Expired),
        (vec![by("author", expired())], ApprovalState::Expired),
        (vec![by("kim", expired()), by("lee", current())], ApprovalState::By(1)),
        (vec![by("kim", void())], ApprovalState::Void),
        (vec![by("kim", void()), by("lee", expired())], ApprovalState::Expired),
        (vec![by("kim", void()), by("lee", current())], ApprovalState::By(1)),
    ] {
        assert_eq!(weighed(&approvals, Some("author")), state, "{approvals:?}");
    }
}

#[test]
fn more_people_than_can_be_counted_are_255() {
    let many: Vec<Approval> = (0..300).map(|n| by(&n.to_string(), subject(NOW + 1))).collect();
    assert_eq!(weighed(&many, None), ApprovalState::By(255));
}

#[test]
fn approval_suffices_by_number_alone() {
    for state in [
        ApprovalState::Missing,
        ApprovalState::AuthorOnly,
        ApprovalState::Void,
        ApprovalState::Expired,
        ApprovalState::By(0),
    ] {
        assert!(state.suffices(0) && !state.suffices(1) && !state.suffices(255), "{state:?}");
    }
    let two = ApprovalState::By(2);
    assert!(two.suffices(0) && two.suffices(1) && two.suffices(2) && !two.suffices(3));
}

/// Counted with plain loops.
fn counted(subject: &Subject, approvals: &[Approval], author: &str, now: Timestamp) -> usize {
    let mut people: Vec<&str> = Vec::new();
    for approval in approvals {
        let about = &approval.subject;
        let same = about.object == subject.object
            && about.label == subject.label
            && about.policy == subject.policy
            && about.recipients == subject.recipients;
        let person = approval.releaser.as_str();
        if same && now < about.expires && person != author && !people.contains(&person) {
            people.push(person);
        }
    }
    people.len()
}

proptest! {
    #![proptest_config(cases(20_000))]

    #[test]
    fn the_count_is_that_of_plain_loops(
        drawn in proptest::collection::vec((0_usize..4, 0_usize..4, NOW - 2..NOW + 3), 0..6),
    ) {
        let people = ["author", "kim", "lee", "park"];
        let approvals: Vec<Approval> = drawn
            .into_iter()
            .map(|(person, change, expires)| {
                let mut about = subject(expires);
                if change == 0 {
                    about.object[0] = 9;
                }
                by(people[person], about)
            })
            .collect();
        let expected = counted(&subject(0), &approvals, "author", at(NOW));
        let state = weighed(&approvals, Some("author"));
        let given = match state {
            ApprovalState::By(given) => usize::from(given),
            ApprovalState::Missing
            | ApprovalState::AuthorOnly
            | ApprovalState::Void
            | ApprovalState::Expired => 0,
        };
        prop_assert_eq!(given, expected);
        prop_assert_eq!(state == ApprovalState::Missing, approvals.is_empty());
    }
}
