//! What holds for any text, any national file and any label.

use std::sync::LazyLock;

use entente_object::marking::Tlp;
use entente_programme::{National, Policies, fuzz};
use entente_release::decide::Terms;
use entente_release::{Label, Policy};
use proptest::prelude::{Just, Strategy, any, prop_assert, prop_oneof, proptest};
use proptest::sample::{select, subsequence};

use crate::catalogue::CATALOGUE;
use crate::fixture::{SHIPPED, SMALL, both, in_2024, label, nation};
use crate::national::FILES;

const UNDER: [&str; 5] = [
    "rok-nato-itpp-2023/cyber-defence",
    "rok-nato-itpp-2023/counter-terrorism",
    "rok-nato-itpp-2023/practical-cooperation-for-interoperability",
    "kor-pol-2024/air",
    "no-such-1999/air",
];

const CAVEATS: [&str; 3] = ["law-enforcement-only", "exercise-use-only", "eyes-only"];

const ADOPTED: usize = 1 << FILES.len();

/// Both programmes with every choice of national files, by the bits of the index.
static POLICIES: LazyLock<Vec<Policies>> = LazyLock::new(|| {
    let chosen = |bits: usize| {
        let files = FILES.iter().enumerate().filter(|(rank, _)| bits & 1 << rank != 0);
        files.map(|(_, file)| *file).collect::<Vec<_>>()
    };
    (0..ADOPTED).map(|bits| both(&chosen(bits))).collect()
});

fn any_label() -> impl Strategy<Value = Label> {
    let originator = select(vec!["KOR", "POL", "USA"]);
    let tlp = select(Tlp::ALL.to_vec());
    let under = subsequence(UNDER.to_vec(), 0..=UNDER.len());
    let caveats = subsequence(CAVEATS.to_vec(), 0..=CAVEATS.len());
    let exercise = select(vec![None, Some("cc23"), Some("cc24")]);
    (originator, tlp, under, caveats, exercise, any::<bool>()).prop_map(
        |(originator, tlp, under, caveats, exercise, onward)| Label {
            caveats: caveats.into_iter().map(|caveat| caveat.parse().unwrap()).collect(),
            exercise: exercise.map(|exercise| exercise.parse().unwrap()),
            onward,
            ..label(originator, tlp, &under)
        },
    )
}

fn permits(policies: &Policies, label: &Label, object_type: &str, to: &str) -> Option<u8> {
    match policies.terms(label, object_type, nation(to), in_2024()) {
        Terms::Permit { releasers, .. } => Some(releasers),
        Terms::Refuse { .. } => None,
    }
}

fn mutated(text: &'static str) -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just(String::new()),
        select(vec![
            "[[area]]",
            "\"",
            "]",
            "=",
            "\n",
            "{",
            "'''",
            "2024-13-40",
            "nan",
            "0x",
            "{1 = 2}"
        ])
        .prop_map(str::to_owned),
        any::<String>(),
    ];
    let cut = (any::<proptest::sample::Index>(), 0_usize..40, piece);
    proptest::collection::vec(cut, 1..4).prop_map(move |cuts| {
        let mut chars: Vec<char> = text.chars().collect();
        for (at, length, piece) in cuts {
            let from = at.index(chars.len() + 1);
            let to = (from + length).min(chars.len());
            chars.splice(from..to, piece.chars());
        }
        chars.into_iter().collect()
    })
}

proptest! {
    #[test]
    fn no_text_makes_a_programme_panic(text in any::<String>(), small in mutated(SMALL), shipped in mutated(SHIPPED), items in mutated(CATALOGUE)) {
        for text in [text, small, shipped, format!("{SMALL}{items}")] {
            fuzz::programme(&text);
        }
    }

    #[test]
    fn no_text_makes_a_national_file_panic(text in any::<String>(), near in select(FILES.to_vec()).prop_flat_map(mutated)) {
        for text in [text, near] {
            if let Err(problems) = National::parse(&text, "n.cedar") {
                prop_assert!(!problems.is_empty());
            }
        }
    }

    #[test]
    fn a_further_national_file_never_permits_more(
        label in any_label(),
        all in 0..ADOPTED,
        without in 0..ADOPTED,
        object_type in select(vec!["indicator", "incident", "report", "vulnerability", "x-odd"]),
    ) {
        let (all, fewer) = (&POLICIES[all], &POLICIES[all & without]);
        for to in ["POL", "USA", "ROU", "KOR", "FRA"] {
            let narrow = permits(all, &label, object_type, to);
            prop_assert!(narrow.is_none() || narrow == permits(fewer, &label, object_type, to));
        }
    }

    #[test]
    fn a_further_programme_on_the_label_never_permits_more(
        label in any_label(),
        more in select(UNDER.to_vec()),
        object_type in select(vec!["indicator", "incident", "report", "vulnerability", "x-odd"]),
    ) {
        let policies = &POLICIES[ADOPTED - 1];
        let mut further = label.clone();
        further.under.extend(crate::fixture::under(&[more]));
        for to in ["POL", "USA", "ROU", "KOR", "FRA"] {
            let narrow = permits(policies, &further, object_type, to);
            let wide = permits(policies, &label, object_type, to);
            // With no programme at all the answer is no, and the first one may be a yes.
            prop_assert!(narrow.is_none() || label.under.is_empty() || narrow >= wide && wide.is_some());
        }
    }
}
