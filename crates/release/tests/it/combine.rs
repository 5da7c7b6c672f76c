//! The laws of combining labels, for any labels; and that nobody gains by it.

use std::collections::BTreeSet;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use entente_object::marking::Tlp;
use entente_object::time::Timestamp;
use entente_release::decide::{Provenance, Terms, TermsRefusal};
use entente_release::label::{Fault, Faults, PermittedActions, Under, Window};
use entente_release::name::{Caveat, ExerciseId};
use entente_release::partner::{Channel, Subscription};
use entente_release::policy::{PolicyVersion, World, recipients};
use entente_release::{Label, Nation, Partner, PartnerSet, Policy, Recipients};
use proptest::arbitrary::any;
use proptest::collection::btree_set;
use proptest::sample::select;
use proptest::strategy::{Just, Strategy};
use proptest::{prop_assert, prop_assert_eq, prop_oneof, proptest};

use crate::universe::{
    CYBER, NOW, SPACE, at, cases, channel, clause, label, names, nation, nations, partner, unders,
    window,
};

const OTHER: &str = "other/cyber";

/// What labels are made of, read once.
struct Parts {
    nations: Vec<Nation>,
    unders: Vec<Under>,
    caveats: Vec<Caveat>,
    exercises: Vec<ExerciseId>,
}

static PARTS: LazyLock<Parts> = LazyLock::new(|| Parts {
    nations: nations("EST GBR KOR POL USA XAA").iter().collect(),
    unders: unders(&[CYBER, SPACE, OTHER]).into_iter().collect(),
    caveats: names::<Caveat>(&["a", "b", "c"]).into_iter().collect(),
    exercises: names::<ExerciseId>(&["cc23", "lk24"]).into_iter().collect(),
});

/// Any label; most are of operations, of Korea and without a recorded fault.
fn any_label() -> impl Strategy<Value = Label> {
    let parts = &*PARTS;
    let time = || proptest::option::weighted(0.15, NOW - 3..NOW + 3);
    let originator = prop_oneof![9 => Just(Nation::KOR), 1 => select(&parts.nations[..])];
    let exercise = proptest::option::weighted(0.1, select(&parts.exercises[..]));
    // Mostly more than half of the real nations.
    let real = (0_u8..32, 0_u8..32).prop_map(|(a, b)| a | b);
    let named = prop_oneof![9 => real, 1 => 0_u8..64];
    let faults = prop_oneof![9 => Just(0_u8), 1 => any::<u8>()];
    (
        (originator, select(&Tlp::ALL[..]), named, prop_oneof![9 => 1_u8..8, 1 => Just(0)]),
        (btree_set(select(&parts.caveats[..]), 0..2), select(&PermittedActions::ALL[..])),
        (exercise, time(), time(), any::<bool>(), faults),
    )
        .prop_map(move |(first, (caveats, actions), last)| {
            let (originator, tlp, named, under) = first;
            let (exercise, from, until, onward, faults) = last;
            Label {
                originator,
                tlp,
                // The two subsets are told by the bits of a number.
                rel_to: some(&parts.nations, named).collect(),
                under: some(&parts.unders, under).collect(),
                caveats,
                actions,
                exercise,
                window: window(from, until),
                onward,
                faults: Faults::from_bits(faults),
            }
        })
}

fn some<T: Clone>(all: &[T], bits: u8) -> impl Iterator<Item = T> {
    let chosen = all.iter().enumerate().filter(move |(place, _)| bits >> place & 1 == 1);
    chosen.map(|(_, item)| item.clone())
}

/// Each area has its parties, its ceiling and its releasers; a label asks all of its areas.
struct Table(Vec<(Under, BTreeSet<Nation>, Tlp, u8)>);

impl Table {
    fn new() -> Self {
        let row = |under: &str, parties: &str, ceiling, releasers| {
            let under = unders(&[under]).pop_first().unwrap();
            (under, nations(parties).iter().collect(), ceiling, releasers)
        };
        Self(vec![
            row(CYBER, "EST GBR KOR POL USA XAA", Tlp::AmberStrict, 0),
            row(SPACE, "EST GBR KOR USA XAA", Tlp::Amber, 1),
            row(OTHER, "EST GBR POL XAA", Tlp::AmberStrict, 2),
        ])
    }
}

impl Policy for Table {
    fn version(&self) -> PolicyVersion {
        PolicyVersion::default()
    }

    fn terms(&self, label: &Label, _: &str, partner: Nation, _: Timestamp) -> Terms {
        let mut releasers = 0;
        for (under, parties, ceiling, asked) in &self.0 {
            if label.under.contains(under) {
                if !parties.contains(&partner) || label.tlp > *ceiling {
                    return Terms::Refuse { refusal: TermsRefusal::NotParty, clause: clause() };
                }
                releasers = releasers.max(*asked);
            }
        }
        Terms::Permit { clause: clause(), releasers }
    }

    fn steady(&self, _: Timestamp) -> Window {
        Window::default()
    }
}

static TABLE: LazyLock<Table> = LazyLock::new(Table::new);

/// Eight partners who differ in what they accepted, are enrolled in and subscribed to.
static PARTNERS: LazyLock<Vec<Partner>> = LazyLock::new(|| {
    let mut partners = Vec::new();
    for (number, code) in (0..).zip(["EST", "GBR", "POL", "USA", "XAA", "EST", "GBR", "POL"]) {
        let mut one = partner(number, code);
        if number >= 2 {
            one.caveats = names(&["a", "b", "c"]);
        }
        if number % 2 == 0 {
            one.exercises = names(&["cc23", "lk24"]);
        }
        if number == 5 {
            one.subscription = Subscription::Areas(unders(&[CYBER, OTHER]));
        }
        partners.push(one);
    }
    partners
});

/// Who receives an object of Korea's with this label.
fn who(label: &Label, channel: &Channel) -> Recipients {
    let world =
        World { here: Nation::KOR, partners: &PARTNERS, channel, policy: &*TABLE, now: at(NOW) };
    recipients(label, "indicator", Provenance::Verified(Nation::KOR), &world)
}

/// Whether each recipient of `a` is one of `b`, with no fewer releasers asked for.
fn within(a: &Recipients, b: &Recipients) -> bool {
    let waiting = |(partner, asked): &(_, u8)| {
        let before = b.on_approval().iter().find(|(other, _)| other == partner);
        b.at_once().contains(*partner) || before.is_some_and(|(_, before)| before <= asked)
    };
    a.at_once().without(b.at_once()).is_empty() && a.on_approval().iter().all(waiting)
}

fn is_nobody(recipients: &Recipients) -> bool {
    recipients.at_once().is_empty() && recipients.on_approval().is_empty()
}

proptest! {
    #![proptest_config(cases(100_000))]

    #[test]
    fn combining_is_commutative_associative_and_idempotent(
        a in any_label(), b in any_label(), c in any_label(),
    ) {
        prop_assert_eq!(a.combine(&b), b.combine(&a));
        prop_assert_eq!(a.combine(&b).combine(&c), a.combine(&b.combine(&c)));
        // With itself, it at most records what was plain to see.
        let recorded = Label { faults: a.all_faults(), ..a.clone() };
        prop_assert_eq!(a.combine(&a), recorded.clone());
        prop_assert_eq!(recorded.combine(&recorded), recorded);
        let ab = a.combine(&b);
        prop_assert_eq!(ab.combine(&a), ab);
    }
}

#[test]
fn combining_never_adds_a_recipient() {
    let (released, combined) = (AtomicUsize::new(0), AtomicUsize::new(0));
    proptest!(cases(100_000), |(a in any_label(), b in any_label(), on in 0_usize..3)| {
        let channel = channel(["", "cc23", "lk24"][on / 2]);
        let both = who(&a.combine(&b), &channel);
        let (of_a, of_b) = (who(&a, &channel), who(&b, &channel));
        prop_assert!(within(&both, &of_a), "{} + {}: {:?} {:?}", a, b, both, of_a);
        prop_assert!(within(&both, &of_b), "{} + {}: {:?} {:?}", a, b, both, of_b);
        let contained = who(&a.contain(&b), &channel);
        prop_assert!(within(&contained, &of_a), "{} holds {}: {:?}", a, b, contained);
        released.fetch_add(usize::from(!is_nobody(&of_a)), Ordering::Relaxed);
        combined.fetch_add(usize::from(!is_nobody(&both)), Ordering::Relaxed);
    });
    let counts = (released.into_inner(), combined.into_inner());
    println!("{} labels with recipients, {} combinations with recipients", counts.0, counts.1);
    if std::env::var_os("PROPTEST_CASES").is_none() {
        assert!(counts.0 > 5_000 && counts.1 > 2_000, "the property is nearly empty: {counts:?}");
    }
}

/// Each field of the combination of two labels that differ in it.
#[test]
fn each_field_combines_as_the_table_says() {
    let one = Label {
        tlp: Tlp::Green,
        rel_to: nations("EST GBR"),
        caveats: names(&["a"]),
        actions: PermittedActions::ExternallyVisibleDirect,
        window: window(Some(1), Some(9)),
        onward: true,
        ..label()
    };
    let other = Label {
        tlp: Tlp::AmberStrict,
        rel_to: nations("GBR POL"),
        under: unders(&[SPACE]),
        caveats: names(&["b"]),
        actions: PermittedActions::ContactForInstruction,
        window: window(Some(2), None),
        onward: false,
        ..label()
    };
    let both = Label {
        tlp: Tlp::AmberStrict,
        rel_to: nations("GBR"),
        under: unders(&[CYBER, SPACE]),
        caveats: names(&["a", "b"]),
        actions: PermittedActions::ContactForInstruction,
        window: window(Some(2), Some(9)),
        onward: false,
        ..label()
    };
    assert_eq!(one.combine(&other), both);
    let onward = Label { onward: true, ..label() };
    assert!(onward.combine(&onward).onward);
}

#[test]
fn windows_take_the_tightest_bounds() {
    let none = Window::default();
    for (a, b, both) in [
        (none, none, none),
        (window(Some(1), None), none, window(Some(1), None)),
        (none, window(None, Some(5)), window(None, Some(5))),
        (window(Some(1), Some(5)), window(Some(2), Some(4)), window(Some(2), Some(4))),
        (window(Some(1), Some(4)), window(Some(2), Some(5)), window(Some(2), Some(4))),
        (window(Some(1), Some(2)), window(Some(3), Some(4)), window(Some(3), Some(2))),
    ] {
        assert_eq!((a.intersection(b), b.intersection(a)), (both, both));
    }
}

#[test]
fn labels_that_cannot_stand_together_are_invalid() {
    let foreign = Label { originator: nation("EST"), ..label() };
    let exercise = Label { exercise: channel("cc23").exercise, ..label() };
    let another = Label { exercise: channel("lk24").exercise, ..label() };
    for (a, b, fault) in [
        (label(), foreign.clone(), Fault::OriginatorConflict),
        (label(), exercise.clone(), Fault::ExerciseConflict),
        (exercise.clone(), another, Fault::ExerciseConflict),
    ] {
        assert!(a.is_valid() && b.is_valid());
        assert_eq!(a.combine(&b).faults, Faults::NONE.with(fault));
        // Nothing makes it valid again.
        assert_eq!(a.combine(&b).combine(&a).faults, Faults::NONE.with(fault));
    }
    // A container keeps its own originator; the wall stands in it as well.
    assert_eq!(label().contain(&foreign), label());
    assert_eq!(foreign.contain(&label()), foreign);
    assert!(!label().contain(&exercise).is_valid());
}

#[test]
fn what_is_missing_makes_a_label_invalid_without_being_checked() {
    let nothing = Label { under: BTreeSet::new(), ..label() };
    assert_eq!(nothing.all_faults(), Faults::NONE.with(Fault::NoProgramme));
    // A programme that comes with another label does not heal it.
    assert_eq!(nothing.combine(&label()).faults, Faults::NONE.with(Fault::NoProgramme));
    let named = Label { rel_to: nations("EST XAA"), ..label() };
    let made = Label { originator: nation("XAA"), ..label() };
    let outside = Faults::NONE.with(Fault::ExerciseNation);
    for label_outside in [named, made] {
        assert_eq!(label_outside.all_faults(), outside);
        assert!(!label_outside.is_valid());
        let inside = Label { exercise: channel("cc23").exercise, ..label_outside };
        assert!(inside.is_valid());
    }
    // Neither does losing the nation.
    let named = Label { rel_to: nations("EST XAA"), ..label() };
    assert_eq!(named.combine(&label()).faults, outside);
}

#[test]
fn checking_records_faults_and_undeclared_caveats() {
    let careful = Label { caveats: names(&["a", "b"]), ..label() };
    assert_eq!(careful.clone().checked(&names(&["a", "b", "c"])), careful);
    let checked = careful.clone().checked(&names(&["a"]));
    assert_eq!(checked.faults, Faults::NONE.with(Fault::UnknownCaveat));
    assert_eq!(checked.clone().checked(&names(&["a", "b"])), checked);
    let empty =
        Label { under: BTreeSet::new(), faults: Faults::NONE.with(Fault::BadMarking), ..careful };
    let all = Faults::NONE.with(Fault::BadMarking).with(Fault::NoProgramme);
    assert_eq!(empty.clone().checked(&names(&["a", "b"])).faults, all);
    assert_eq!(empty.checked(&names(&[])).faults, all.with(Fault::UnknownCaveat));
}

#[test]
fn a_marking_raises_the_level_and_a_fault_stays() {
    assert_eq!(label().at_least(Tlp::Red).tlp, Tlp::Red);
    assert_eq!(label().at_least(Tlp::Clear), label());
    let faulty = label().faulty(Fault::BadMarking).faulty(Fault::ForeignCreator);
    assert_eq!(
        faulty.faults.iter().collect::<Vec<_>>(),
        [Fault::BadMarking, Fault::ForeignCreator]
    );
    let alone = Label::originator_alone(Nation::KOR);
    assert_eq!((alone.tlp, alone.actions), (Tlp::Red, PermittedActions::None));
    assert!(alone.rel_to.is_empty() && !alone.onward && !alone.is_valid());
    assert_eq!(who(&alone, &Channel::default()).at_once(), PartnerSet::NONE);
}

#[test]
fn faults_are_a_set_of_eight_bits() {
    let mut all = Faults::NONE;
    assert!(all.is_empty());
    for (fault, bit) in Fault::ALL.into_iter().zip(0..) {
        let one = Faults::NONE.with(fault);
        assert_eq!((one.bits(), one.is_empty()), (1 << bit, false));
        assert_eq!(Faults::from_bits(1 << bit).iter().collect::<Vec<_>>(), [fault]);
        assert_eq!(one.with(fault), one);
        all = all.union(one);
    }
    assert_eq!((all.bits(), all.union(all)), (255, all));
    for fault in Fault::ALL {
        let others: Vec<Fault> = Fault::ALL.into_iter().filter(|other| *other != fault).collect();
        assert_eq!(all.without(fault).iter().collect::<Vec<_>>(), others);
        assert_eq!(Faults::NONE.without(fault), Faults::NONE);
    }
    assert_eq!(all.iter().collect::<Vec<_>>(), Fault::ALL);
}
