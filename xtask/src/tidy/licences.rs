//! Every crate that is linked into the program has a licence that leaves its users free.
//!
//! A licence that is not in the list is refused: a new one is read by a person first. Of an `OR`
//! one side has to be in the list, of an `AND` both, and `A/B` is the old spelling of `A OR B`.

use std::collections::BTreeMap;

use super::Finding;

/// What cargo is asked: each linked crate with its licence, a tab between.
pub(super) const TREE: [&str; 8] =
    ["tree", "--workspace", "--edges", "normal", "--prefix", "none", "--format", "{l}\t{p}"];

const FREE: [&str; 14] = [
    "0BSD",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CC0-1.0",
    "CDLA-Permissive-2.0",
    "ISC",
    "MIT",
    "MPL-2.0",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
];

/// Looks at what cargo answered.
pub(super) fn check(tree: &str) -> Vec<Finding> {
    let crates: BTreeMap<&str, &str> = tree
        .lines()
        .filter_map(|line| line.split_once('\t'))
        .map(|(licence, package)| (package.trim_end_matches(" (*)"), licence))
        .collect();
    let refused = crates.into_iter().filter(|(_, licence)| !is_free(licence));
    refused
        .map(|(package, licence)| {
            let package = package.split(" (").next().unwrap_or(package);
            let licence = if licence.is_empty() { "no licence" } else { licence };
            let what = format!("{package} has {licence}, which is not in tidy's list: replace it");
            Finding::new("Cargo.toml", 1, what)
        })
        .collect()
}

/// Whether an SPDX expression can be met by licences in the list.
fn is_free(expression: &str) -> bool {
    let spaced = expression.replace('/', " OR ").replace('(', " ( ").replace(')', " ) ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let mut reader = Reader { words: &words };
    reader.any() && reader.words.is_empty()
}

struct Reader<'a> {
    words: &'a [&'a str],
}

impl Reader<'_> {
    fn next_is(&mut self, word: &str) -> bool {
        let Some((_, rest)) = self.words.split_first().filter(|(next, _)| **next == word) else {
            return false;
        };
        self.words = rest;
        true
    }

    fn any(&mut self) -> bool {
        let mut free = self.all();
        while self.next_is("OR") {
            free |= self.all();
        }
        free
    }

    fn all(&mut self) -> bool {
        let mut free = self.one();
        while self.next_is("AND") {
            free &= self.one();
        }
        free
    }

    fn one(&mut self) -> bool {
        if self.next_is("(") {
            let free = self.any();
            return self.next_is(")") && free;
        }
        let Some((name, rest)) = self.words.split_first() else {
            return false;
        };
        self.words = rest;
        let mut name = (*name).to_owned();
        if let ["WITH", exception, rest @ ..] = self.words {
            name = format!("{name} WITH {exception}");
            self.words = rest;
        }
        FREE.contains(&name.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_or_needs_one_side_and_an_and_needs_both() {
        for free in [
            "MIT",
            "MIT/Apache-2.0",
            "Apache-2.0 / MIT",
            "GPL-3.0-only OR MIT",
            "(MIT OR GPL-2.0-only) AND Unicode-3.0",
            "Apache-2.0 WITH LLVM-exception OR GPL-3.0-only",
        ] {
            assert!(is_free(free), "{free}");
        }
        for bound in [
            "",
            "GPL-3.0-only",
            "AGPL-3.0-or-later",
            "MIT AND GPL-2.0-only",
            "(MIT OR Apache-2.0) AND AGPL-3.0-only",
            "GPL-2.0-only WITH Classpath-exception-2.0",
            "MIT Apache-2.0",
            "(MIT",
        ] {
            assert!(!is_free(bound), "{bound}");
        }
    }

    #[test]
    fn a_refused_crate_is_named_once() {
        let tree = "MIT\ta v1\nGPL-3.0-only\tb v2\nGPL-3.0-only\tb v2 (*)\n\n\tc v3 (proc-macro)\n";
        let findings = check(tree);
        assert_eq!(findings.len(), 2);
        assert!(findings[0].what.starts_with("b v2 has GPL-3.0-only,"));
        assert!(findings[1].what.starts_with("c v3 has no licence,"));
    }
}
