//! Whatever the text: the invariants of `entente_pattern::fuzz`, on arbitrary strings, on strings
//! of the language's own pieces, on generated valid patterns, and on those with mutations.

use entente_pattern::{fuzz, parse};
use proptest::collection::vec;
use proptest::prelude::{Just, Strategy, any, prop_oneof, proptest};
use proptest::sample::{Index, select};

/// Pieces that, side by side, come close to patterns.
const PIECES: [&str; 48] = [
    "[",
    "]",
    "(",
    ")",
    ":",
    ".",
    ",",
    "*",
    "=",
    "==",
    "!=",
    "<>",
    "<",
    "<=",
    ">",
    ">=",
    " ",
    "\u{2003}",
    "/*",
    "*/",
    "//",
    "\n",
    "'",
    "\\",
    "\\'",
    "h'",
    "b'",
    "t'",
    "a",
    "a-b",
    "é",
    "hashes",
    "MD5",
    "AND",
    "OR",
    "NOT",
    "FOLLOWEDBY",
    "IN",
    "LIKE",
    "EXISTS",
    "WITHIN",
    "REPEATS",
    "START",
    "true",
    "-",
    "+",
    "0",
    "7",
];

fn constant() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<i32>().prop_map(|value| value.to_string()),
        (-1e9..1e9_f64).prop_map(|value| format!("{value:.3}")),
        any::<f64>()
            .prop_filter("finite", |value| value.is_finite())
            .prop_map(|value| format!("{value:.1}")),
        string(),
        vec(any::<u8>(), 0..4).prop_map(|bytes| {
            let digits: Vec<String> = bytes.iter().map(|byte| format!("{byte:02X}")).collect();
            format!("h'{}'", digits.concat())
        }),
        "([A-Za-z0-9+/]{4}){0,2}([A-Za-z0-9+/]{2}==)?".prop_map(|text| format!("b'{text}'")),
        timestamp(),
    ]
}

fn string() -> impl Strategy<Value = String> {
    any::<String>()
        .prop_map(|text| format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'")))
}

fn timestamp() -> impl Strategy<Value = String> {
    "[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9])T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\\.[0-9]{1,9})?Z"
        .prop_map(|text| format!("t'{text}'"))
}

fn path() -> impl Strategy<Value = String> {
    let key = || prop_oneof!["[a-z_][a-z0-9_]{0,8}".prop_map(|name| format!("{name}_")), string()];
    let step = prop_oneof![
        key().prop_map(|key| format!(".{key}")),
        any::<u16>().prop_map(|index| format!("[{index}]")),
        Just("[*]".to_owned()),
    ];
    (key(), vec(step, 0..3)).prop_map(|(key, steps)| format!("x-a:{key}{}", steps.concat()))
}

fn comparison() -> impl Strategy<Value = String> {
    let not = || select(vec!["", " NOT"]);
    let order = select(vec!["=", "==", "!=", "<>", "<", "<=", ">", ">="]);
    let operator = select(vec!["LIKE", "MATCHES", "ISSUBSET", "ISSUPERSET"]);
    let test = prop_oneof![
        (path(), not(), order, constant())
            .prop_map(|(path, not, order, constant)| format!("{path}{not}{order}{constant}")),
        (path(), not(), operator, string())
            .prop_map(|(path, not, operator, text)| format!("{path}{not} {operator} {text}")),
        (path(), not(), vec(string(), 0..3))
            .prop_map(|(path, not, set)| format!("{path}{not} IN({})", set.join(" ,"))),
        (path(), not()).prop_map(|(path, not)| format!("{not} EXISTS {path}")),
    ];
    test.prop_recursive(4, 12, 3, |inner| {
        (vec(inner, 1..4), select(vec![" AND ", " OR "]))
            .prop_map(|(operands, operator)| format!("({})", operands.join(operator)))
    })
}

fn pattern() -> impl Strategy<Value = String> {
    let qualifier = prop_oneof![
        (1..99_u32).prop_map(|times| format!(" REPEATS {times} TIMES")),
        (1..99_u32).prop_map(|tenths| format!(" WITHIN {tenths}.5 SECONDS")),
        (timestamp(), timestamp()).prop_map(|(start, stop)| format!(" START {start} STOP {stop}")),
    ];
    let one = comparison().prop_map(|comparison| format!("[{comparison}]"));
    one.prop_recursive(4, 12, 3, move |inner| {
        let operator = select(vec![" AND ", " OR ", " FOLLOWEDBY "]);
        (vec(inner, 1..4), operator, vec(qualifier.clone(), 0..4)).prop_map(
            |(operands, operator, qualifiers)| {
                format!("({}){}", operands.join(operator), qualifiers.concat())
            },
        )
    })
}

proptest! {
    #[test]
    fn arbitrary_text(text in any::<String>()) {
        fuzz::any_text(&text);
    }

    #[test]
    fn arbitrary_bytes_made_text(bytes in vec(any::<u8>(), 0..64)) {
        fuzz::any_text(&String::from_utf8_lossy(&bytes));
    }

    #[test]
    fn pieces_of_the_language(pieces in vec(select(PIECES.to_vec()), 0..24)) {
        fuzz::any_text(&pieces.concat());
        fuzz::any_text(&format!("[a:b = {}", pieces.concat()));
    }

    #[test]
    fn valid_patterns_parse(text in pattern()) {
        assert!(parse(&text).is_ok(), "{text}: {:?}", parse(&text));
        fuzz::any_text(&text);
    }

    #[test]
    fn mutated_patterns(
        text in pattern(),
        mutations in vec((any::<Index>(), any::<Index>(), select(PIECES.to_vec())), 1..4),
    ) {
        let mut characters: Vec<char> = text.chars().collect();
        for (from, to, piece) in mutations {
            let (from, to) = (from.index(characters.len() + 1), to.index(characters.len() + 1));
            let to = to.clamp(from, (from + 3).min(characters.len()));
            characters.splice(from..to, piece.chars());
        }
        fuzz::any_text(&characters.into_iter().collect::<String>());
    }

    #[test]
    fn every_prefix_of_a_pattern(text in pattern(), end in any::<Index>()) {
        let characters: Vec<char> = text.chars().collect();
        let end = end.index(characters.len() + 1);
        fuzz::any_text(&characters[..end].iter().collect::<String>());
    }
}
