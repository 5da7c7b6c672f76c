//! What people read: every line of it, and the display form of a label.

use entente_object::marking::Tlp;
use entente_release::approval::ApprovalState;
use entente_release::decide::{Condition, Reason, TermsRefusal};
use entente_release::label::{Fault, PermittedActions};
use entente_release::{Label, Nation};

use crate::universe::{at, channel, clause, label, names, nation, nations, unders};

#[test]
fn labels_are_shown_originator_first() {
    let shown = Label {
        tlp: Tlp::AmberStrict,
        rel_to: nations("GBR EST"),
        under: unders(&["itpp/cyber-defence"]),
        exercise: channel("cc23").exercise,
        ..label()
    };
    let also_named = Label { rel_to: nations("GBR EST KOR"), ..shown.clone() };
    let in_operations = Label { exercise: None, ..shown.clone() };
    let many = Label {
        under: unders(&["a/space", "b/cyber-defence", "c/space"]),
        caveats: names(&["law-enforcement-only", "a"]),
        ..in_operations.clone()
    };
    let nobody = Label { rel_to: nations(""), ..in_operations.clone() };
    for (label, text) in [
        (shown.clone(), "TLP:AMBER+STRICT//REL TO KOR, EST, GBR//CYBER DEFENCE//EXERCISE CC23"),
        (also_named, "TLP:AMBER+STRICT//REL TO KOR, EST, GBR//CYBER DEFENCE//EXERCISE CC23"),
        (in_operations, "TLP:AMBER+STRICT//REL TO KOR, EST, GBR//CYBER DEFENCE"),
        (
            many,
            "TLP:AMBER+STRICT//REL TO KOR, EST, GBR//CYBER DEFENCE//SPACE//A//LAW ENFORCEMENT ONLY",
        ),
        (nobody, "TLP:AMBER+STRICT//REL TO KOR//CYBER DEFENCE"),
        (
            shown.faulty(Fault::BadMarking),
            "TLP:AMBER+STRICT//REL TO KOR, EST, GBR//CYBER DEFENCE//EXERCISE CC23//INVALID",
        ),
        (Label::originator_alone(Nation::KOR), "TLP:RED//REL TO KOR//INVALID"),
    ] {
        assert_eq!(label.to_string(), text);
    }
    assert_eq!(unders(&["itpp/cyber"]).first().unwrap().to_string(), "itpp/cyber");
}

#[test]
fn permitted_actions_have_names_from_the_least_to_the_most() {
    let texts = [
        "none",
        "contact-for-instruction",
        "internally-visible",
        "externally-visible-indirect",
        "externally-visible-direct",
    ];
    assert!(PermittedActions::ALL.is_sorted());
    for (actions, name) in PermittedActions::ALL.into_iter().zip(texts) {
        assert_eq!(actions.as_str(), name);
        assert_eq!(PermittedActions::from_name(name), Some(actions));
    }
    assert_eq!(PermittedActions::from_name("None"), None);
}

#[test]
fn conditions_are_numbered_and_described() {
    let texts = [
        "the label is valid and the object is its originator's",
        "the partner is active and its credential is current",
        "the partner's nation is named in REL TO",
        "it is not TLP:RED",
        "the programme is in force and its terms permit it",
        "the partner has accepted every caveat",
        "operations and exercises stay apart",
        "it is within its time window",
        "this nation is the originator",
        "the releasers that the area asks for have approved it",
        "all that it mentions may go to the partner too",
        "the partner has subscribed to the area",
    ];
    for ((condition, text), number) in Condition::ALL.into_iter().zip(texts).zip(1..) {
        assert_eq!((condition.number(), condition.describe()), (number, text));
    }
}

#[test]
fn faults_are_described() {
    let texts = [
        "it refers to a marking definition that this node does not know",
        "a marking definition's body does not match its id",
        "labels of two originators are on it",
        "labels of two exercises, or of one and operations, meet in it",
        "its label names no programme",
        "its label has a caveat that nobody has declared",
        "it names a nation that exists in exercises only, outside one",
        "its creator is a party other than the nation that brought it",
    ];
    for (fault, text) in Fault::ALL.into_iter().zip(texts) {
        assert_eq!(fault.describe(), text);
        assert_eq!(Reason::Label(fault).to_string(), text);
    }
}

#[test]
fn reasons_are_sentences() {
    for (reason, text) in [
        (Reason::Unproven, "nothing proves who made it"),
        (Reason::WrongSigner(nation("EST")), "it was signed by EST, not its originator"),
        (Reason::NotAuthenticated, "the session is not this partner's"),
        (Reason::Suspended, "the partner is suspended"),
        (Reason::Revoked, "the partner is revoked"),
        (Reason::CredentialNotCurrent, "the partner's credential is not current"),
        (Reason::NobodyNamed, "REL TO names nobody but the originator"),
        (Reason::NotNamed, "the partner is not named in REL TO"),
        (Reason::Red, "TLP:RED goes to named people, never over the channel"),
        (Reason::CaveatNotAccepted("a".parse().unwrap()), "the caveat a is not accepted"),
        (Reason::CrossesTheWall, "exercise and operations do not mix"),
        (Reason::NotEnrolled, "the partner is not enrolled in the exercise"),
        (Reason::NotYet(at(0)), "not before 1970-01-01T00:00:00.000Z"),
        (Reason::Expired(at(0)), "its time ended at 1970-01-01T00:00:00.000Z"),
        (Reason::OriginatorControl(nation("EST")), "EST is the originator and decides"),
        (Reason::MentionWithheld, "it mentions something that the partner may not have"),
        (Reason::NotSubscribed, "the partner did not subscribe to the area"),
    ] {
        assert_eq!(reason.to_string(), text);
    }
}

#[test]
fn refusals_of_programmes_name_the_clause() {
    for (refusal, text) in [
        (TermsRefusal::UnknownProgramme, "this node has not adopted that programme"),
        (TermsRefusal::NotParty, "the partner is not a party to the programme"),
        (TermsRefusal::NotInForce, "the programme is not in force"),
        (TermsRefusal::UnknownArea, "the programme has no such area"),
        (TermsRefusal::Terms, "the area's terms of exchange do not permit it"),
        (TermsRefusal::National, "a national caveat forbids it"),
        (TermsRefusal::Error, "a policy could not be evaluated, which denies"),
    ] {
        let reason = Reason::Terms(refusal, clause());
        assert_eq!(reason.to_string(), format!("{text} (itpp, area cyber, terms 1)"));
    }
    for (state, text) in [
        (ApprovalState::Missing, "no releaser has approved it yet"),
        (ApprovalState::AuthorOnly, "only its author has approved it, which does not count"),
        (ApprovalState::Void, "the approval was for another object, label, recipients or policy"),
        (ApprovalState::Expired, "the approval has expired"),
        (ApprovalState::By(1), "too few releasers have approved it"),
    ] {
        let reason = Reason::NotApproved(state, clause());
        assert_eq!(reason.to_string(), format!("{text} (itpp, area cyber, terms 1)"));
    }
}
