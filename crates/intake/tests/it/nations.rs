//! Korea and eight others, and a programme that they are all parties to.

use entente_release::Nation;

/// Every nation but Korea that is a party to the shipped programme.
pub(crate) const PARTNERS: [&str; 8] = ["USA", "GBR", "ITA", "DNK", "NLD", "CZE", "ROU", "POL"];

/// A programme of the same nine nations in which everything up to AMBER goes at once, and what is
/// stricter after one releaser for USA and GBR, and after two for POL.
pub(crate) fn nine() -> String {
    let party = |code: &&str| format!("\n[[party]]\nnation = \"{code}\"\nname = \"{code}\"\n");
    let parties: Vec<String> = PARTNERS.iter().chain(&["KOR"]).map(party).collect();
    let text = r#"format = 1

[programme]
id = "nine"
title = "Nine nations"
version = "1"
source = "made up for tests"
in_force = { from = 2023-01-01, until = 2099-12-31 }

[[caveat]]
id = "careful"
meaning = "with care"

[[area]]
id = "open"
number = 1
title = "Open"

[[area.terms]]
from = ["parties"]
to = ["parties"]
ceiling = "amber"
types = ["any"]
releasers = 0

[[area.terms]]
from = ["KOR"]
to = ["USA", "GBR"]
ceiling = "amber+strict"
types = ["any"]
releasers = 1

[[area.terms]]
from = ["KOR"]
to = ["POL"]
ceiling = "amber+strict"
types = ["any"]
releasers = 2

[[area]]
id = "narrow"
number = 2
title = "Narrow"

[[area.terms]]
from = ["parties"]
to = ["parties"]
ceiling = "green"
types = ["observables", "malware", "relationships", "marking-definition", "note"]
releasers = 0
"#;
    text.to_owned() + &parties.concat()
}

pub(crate) fn nation(code: &str) -> Nation {
    code.parse().unwrap()
}
