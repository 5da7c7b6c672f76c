//! Who receives a label: the rule asked for every partner, and how long the answer holds.

use entente_object::marking::Tlp;
use entente_object::time::Timestamp;
use entente_release::approval::ApprovalState;
use entente_release::decide::{Condition, TermsRefusal};
use entente_release::decide::{Decision, Mentions, Provenance, Question, Reason, Terms, decide};
use entente_release::label::Window;
use entente_release::partner::{Channel, Standing, Subscription};
use entente_release::policy::{PolicyVersion, World, recipients};
use entente_release::{Label, Nation, NationSet, Partner, PartnerSet, Policy, Recipients};
use proptest::strategy::Strategy;
use proptest::{prop_assert, prop_assert_eq, proptest};

use crate::universe::{
    NOW, Situation, at, cases, channel, clause, index, label, names, nation, nations, partner,
    permit, unders, window,
};

/// A programme that is in force for a time, and asks for so many releasers.
struct Programme {
    parties: NationSet,
    releasers: u8,
    in_force: Window,
}

impl Policy for Programme {
    fn version(&self) -> PolicyVersion {
        PolicyVersion::default()
    }

    fn terms(&self, _: &Label, object_type: &str, partner: Nation, now: Timestamp) -> Terms {
        let refuse = |refusal| Terms::Refuse { refusal, clause: clause() };
        if self.in_force.not_before.is_some_and(|from| now < from)
            || self.in_force.not_after.is_some_and(|until| now >= until)
        {
            refuse(TermsRefusal::NotInForce)
        } else if !self.parties.contains(partner) {
            refuse(TermsRefusal::NotParty)
        } else if object_type == "file" {
            refuse(TermsRefusal::Terms)
        } else {
            permit(self.releasers)
        }
    }

    fn steady(&self, _: Timestamp) -> Window {
        self.in_force
    }
}

fn programme(releasers: u8) -> Programme {
    Programme { parties: nations("EST POL GBR"), releasers, in_force: Window::default() }
}

struct Ask {
    label: Label,
    provenance: Provenance,
    channel: Channel,
    partners: Vec<Partner>,
    policy: Programme,
}

impl Ask {
    fn new(releasers: u8) -> Self {
        Self {
            label: Label { rel_to: nations("EST GBR POL USA"), ..label() },
            provenance: Provenance::Verified(Nation::KOR),
            channel: Channel::default(),
            partners: vec![
                partner(1, "EST"),
                partner(3, "POL"),
                partner(5, "USA"),
                partner(7, "DEU"),
                partner(63, "GBR"),
            ],
            policy: programme(releasers),
        }
    }

    fn at(&self, now: i64) -> Recipients {
        let world = World {
            here: Nation::KOR,
            partners: &self.partners,
            channel: &self.channel,
            policy: &self.policy,
            now: at(now),
        };
        recipients(&self.label, "indicator", self.provenance, &world)
    }
}

fn set(partners: &[u8]) -> PartnerSet {
    partners.iter().map(|number| index(*number)).collect()
}

#[test]
fn the_rule_is_asked_for_every_partner() {
    // USA is no party, DEU is not named.
    assert_eq!(Ask::new(0).at(NOW).at_once(), set(&[1, 3, 63]));
    assert_eq!(Ask::new(0).at(NOW).on_approval(), []);
    let mut ask = Ask::new(0);
    ask.partners[0].standing = Standing::Revoked;
    assert_eq!(ask.at(NOW).at_once(), set(&[3, 63]));
    ask.label.tlp = Tlp::Red;
    assert_eq!(ask.at(NOW).at_once(), PartnerSet::NONE);
    let mut ask = Ask::new(0);
    ask.provenance = Provenance::Unproven;
    assert_eq!(ask.at(NOW).at_once(), PartnerSet::NONE);
    ask = Ask::new(0);
    ask.channel = channel("cc23");
    assert_eq!(ask.at(NOW).at_once(), PartnerSet::NONE);
}

#[test]
fn the_type_is_the_programmes_to_judge() {
    let ask = Ask::new(0);
    let world = World {
        here: Nation::KOR,
        partners: &ask.partners,
        channel: &ask.channel,
        policy: &ask.policy,
        now: at(NOW),
    };
    let files = recipients(&ask.label, "file", ask.provenance, &world);
    assert_eq!(files.at_once(), PartnerSet::NONE);
}

#[test]
fn who_lacks_nothing_but_approval_waits() {
    let mut ask = Ask::new(2);
    // Poland would not have it even if it were approved.
    ask.partners[1].subscription = Subscription::Areas(unders(&[]));
    let waiting = ask.at(NOW);
    assert_eq!(waiting.at_once(), PartnerSet::NONE);
    assert_eq!(waiting.on_approval(), [(index(1), 2), (index(63), 2)]);
    for state in [
        ApprovalState::Missing,
        ApprovalState::AuthorOnly,
        ApprovalState::Void,
        ApprovalState::Expired,
        ApprovalState::By(0),
        ApprovalState::By(1),
    ] {
        assert_eq!(waiting.approved(state), waiting, "{state:?}");
    }
    let approved = waiting.approved(ApprovalState::By(2));
    assert_eq!((approved.at_once(), approved.on_approval()), (set(&[1, 63]), &[][..]));
    assert_eq!(approved.steady(), waiting.steady());
    assert_eq!(waiting.approved(ApprovalState::By(3)), approved);
    assert_eq!(approved.approved(ApprovalState::Missing), approved);
    let narrowed = waiting.narrowed(set(&[3, 63]));
    assert_eq!(narrowed.on_approval(), [(index(63), 2)]);
    assert_eq!(narrowed.steady(), waiting.steady());
    assert_eq!(approved.narrowed(set(&[3, 63])).at_once(), set(&[63]));
    assert_eq!(approved.narrowed(PartnerSet::NONE).at_once(), PartnerSet::NONE);
    let nobody = Recipients::nobody();
    assert_eq!((nobody.at_once(), nobody.on_approval()), (PartnerSet::NONE, &[][..]));
    assert_eq!(nobody.steady(), Window::default());
}

#[test]
fn approval_adds_to_those_who_have_it_already() {
    struct Two;
    impl Policy for Two {
        fn version(&self) -> PolicyVersion {
            PolicyVersion::default()
        }
        fn terms(&self, _: &Label, _: &str, partner: Nation, _: Timestamp) -> Terms {
            permit(match partner.as_str() {
                "EST" => 0,
                "POL" => 1,
                _ => 2,
            })
        }
        fn steady(&self, _: Timestamp) -> Window {
            Window::default()
        }
    }
    let ask = Ask::new(0);
    let world = World {
        here: Nation::KOR,
        partners: &ask.partners,
        channel: &ask.channel,
        policy: &Two,
        now: at(NOW),
    };
    let first = recipients(&ask.label, "indicator", ask.provenance, &world);
    assert_eq!(first.at_once(), set(&[1]));
    assert_eq!(first.on_approval(), [(index(3), 1), (index(5), 2), (index(63), 2)]);
    let one = first.approved(ApprovalState::By(1));
    assert_eq!(one.at_once(), set(&[1, 3]));
    assert_eq!(one.on_approval(), [(index(5), 2), (index(63), 2)]);
    assert_eq!(one.approved(ApprovalState::By(2)).at_once(), set(&[1, 3, 5, 63]));
}

#[test]
fn an_answer_holds_until_the_next_border() {
    let mut ask = Ask::new(0);
    assert_eq!(ask.at(NOW).steady(), window(Some(0), Some(1_000_000)));
    ask.label.window = window(Some(100), Some(2_000));
    ask.policy.in_force = window(Some(50), Some(3_000));
    // Germany is not named; its credential is a border all the same.
    ask.partners[3].credential = window(Some(10), Some(1_500));
    for (now, from, until) in [
        (-1, None, Some(0)),
        (0, Some(0), Some(10)),
        (10, Some(10), Some(50)),
        (50, Some(50), Some(100)),
        (99, Some(50), Some(100)),
        (100, Some(100), Some(1_500)),
        (1_499, Some(100), Some(1_500)),
        (1_500, Some(1_500), Some(2_000)),
        (2_000, Some(2_000), Some(3_000)),
        (3_000, Some(3_000), Some(1_000_000)),
        (1_000_000, Some(1_000_000), None),
    ] {
        assert_eq!(ask.at(now).steady(), window(from, until), "{now}");
    }
}

/// One change to a situation that meets every condition; what then fails, and why.
type Failing = (fn(&mut Situation), Condition, Reason);

fn fails_first(failing: Vec<Failing>) {
    for (change, condition, reason) in failing {
        let mut real = Situation::all_holds();
        assert_eq!(decide(&real.question()), Decision::Allow);
        change(&mut real);
        assert_eq!(decide(&real.question()), Decision::Deny(condition, reason));
    }
}

#[test]
fn conditions_one_to_six_deny_with_their_reasons() {
    fails_first(vec![
        (
            |real| real.provenance = Provenance::Unproven,
            Condition::LabelAndProvenance,
            Reason::Unproven,
        ),
        (
            |real| real.provenance = Provenance::Verified(nation("EST")),
            Condition::LabelAndProvenance,
            Reason::WrongSigner(nation("EST")),
        ),
        (|real| real.label.rel_to = NationSet::none(), Condition::RelTo, Reason::NobodyNamed),
        (|real| real.label.rel_to = nations("KOR POL"), Condition::RelTo, Reason::NotNamed),
        (|real| real.label.tlp = Tlp::Red, Condition::NotRed, Reason::Red),
        (
            |real| {
                real.terms = Terms::Refuse { refusal: TermsRefusal::NotParty, clause: clause() };
            },
            Condition::Programme,
            Reason::Terms(TermsRefusal::NotParty, clause()),
        ),
        (
            |real| {
                real.label.caveats = names(&["a", "b", "c"]);
                real.partner.caveats = names(&["a", "c"]);
            },
            Condition::Caveats,
            Reason::CaveatNotAccepted("b".parse().unwrap()),
        ),
    ]);
}

#[test]
fn conditions_seven_to_twelve_deny_with_their_reasons() {
    fails_first(vec![
        (|real| real.channel = channel("cc23"), Condition::Exercise, Reason::CrossesTheWall),
        (
            |real| {
                real.channel = channel("cc23");
                real.label.exercise = channel("cc23").exercise;
            },
            Condition::Exercise,
            Reason::NotEnrolled,
        ),
        (
            |real| real.label.window = window(Some(NOW + 1), Some(NOW)),
            Condition::Window,
            Reason::NotYet(at(NOW + 1)),
        ),
        (
            |real| real.label.window = window(Some(0), Some(NOW)),
            Condition::Window,
            Reason::Expired(at(NOW)),
        ),
        (
            |real| real.here = nation("POL"),
            Condition::Originator,
            Reason::OriginatorControl(Nation::KOR),
        ),
        (
            |real| (real.terms, real.approval) = (permit(2), ApprovalState::By(1)),
            Condition::Approval,
            Reason::NotApproved(ApprovalState::By(1), clause()),
        ),
        (|real| real.mentions = Mentions::Withheld, Condition::Mentions, Reason::MentionWithheld),
        (
            |real| real.partner.subscription = Subscription::Areas(unders(&[])),
            Condition::Subscription,
            Reason::NotSubscribed,
        ),
    ]);
}

/// Two of six times, or none.
fn any_window() -> impl Strategy<Value = Window> {
    let time = || proptest::option::of(0_i64..6);
    (time(), time()).prop_map(|(from, until)| window(from, until))
}

proptest! {
    #![proptest_config(cases(20_000))]

    #[test]
    fn while_it_is_steady_the_answer_is_the_same_and_the_rule_s(
        credentials in proptest::collection::vec(any_window(), 5),
        (of_label, in_force) in (any_window(), any_window()),
        (releasers, now, then) in (0_u8..2, 0_i64..6, 0_i64..6),
    ) {
        let mut ask = Ask::new(releasers);
        for (partner, credential) in ask.partners.iter_mut().zip(credentials) {
            partner.credential = credential;
        }
        (ask.label.window, ask.policy.in_force) = (of_label, in_force);
        let answer = ask.at(now);
        let steady = answer.steady();
        prop_assert!(steady.not_before.is_none_or(|from| from <= at(now)));
        prop_assert!(steady.not_after.is_none_or(|until| at(now) < until));
        if steady.not_before.is_none_or(|from| from <= at(then))
            && steady.not_after.is_none_or(|until| at(then) < until)
        {
            prop_assert_eq!(ask.at(then), answer.clone());
        }
        for partner in &ask.partners {
            let terms = ask.policy.terms(&ask.label, "indicator", partner.nation, at(now));
            let question = Question {
                label: &ask.label,
                provenance: ask.provenance,
                here: Nation::KOR,
                partner,
                channel: &ask.channel,
                now: at(now),
                terms: &terms,
                approval: ApprovalState::Missing,
                mentions: Mentions::Releasable,
            };
            let allowed = decide(&question) == Decision::Allow;
            prop_assert_eq!(answer.at_once().contains(partner.index), allowed);
            let approval = ApprovalState::By(1);
            let later = decide(&Question { approval, ..question }) == Decision::Allow;
            prop_assert_eq!(answer.approved(approval).at_once().contains(partner.index), later);
        }
    }
}
