//! Every decision answers the same five questions and is in the index.

use super::{Finding, Tree};

const FOLDER: &str = "docs/decisions/";
const INDEX: &str = "docs/decisions/README.md";
const HEADINGS: [&str; 5] = ["Question", "Choice", "Because", "Cost", "Reopen when"];

/// Every rule of this module.
pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let Some(index) = tree.text(INDEX) else {
        return vec![Finding::new(INDEX, 1, "the index of decisions is missing: write it")];
    };
    let mut findings = Vec::new();
    let mut numbers = Vec::new();
    for (path, text) in tree.texts().filter(|(path, _)| path.starts_with(FOLDER) && *path != INDEX)
    {
        let name = path.strip_prefix(FOLDER).unwrap_or(path);
        let number = name.split('-').next().unwrap_or(name);
        if number.len() != 4 || !number.chars().all(|one| one.is_ascii_digit()) {
            findings.push(Finding::new(path, 1, "no number: call it 0000-why-so.md"));
        } else if numbers.contains(&number) {
            findings.push(Finding::new(path, 1, "the number is taken: use the next free one"));
        }
        numbers.push(number);
        if !index.contains(&format!("]({name})")) {
            findings.push(Finding::new(path, 1, format!("not listed in {INDEX}: add it there")));
        }
        findings.extend(headings(path, text));
    }
    findings
}

/// The five headings are there, in their order, each with something under it.
fn headings(path: &str, text: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut from = 0;
    let lines: Vec<&str> = text.lines().collect();
    for heading in HEADINGS {
        let rest = lines.iter().enumerate().skip(from);
        let found = rest.map(|(at, line)| (at, line.strip_prefix("## ")));
        let Some((at, _)) = found.into_iter().find(|(_, title)| *title == Some(heading)) else {
            let what = format!("no \"## {heading}\" in its place: every decision says it");
            findings.push(Finding::new(path, from.max(1), what));
            continue;
        };
        from = at + 1;
        let mut body = lines.iter().skip(from).take_while(|line| !line.starts_with("## "));
        if body.all(|line| line.trim().is_empty()) {
            findings.push(Finding::new(path, from, format!("nothing under \"{heading}\"")));
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "# 0001: Why?\n## Question\na\n## Choice\nb\n## Because\nc\n## Cost\nd\n\
                        ## Reopen when\ne\n";

    fn findings(files: &[(&str, &str)]) -> Vec<String> {
        check(&Tree::of(files)).into_iter().map(|finding| finding.to_string()).collect()
    }

    #[test]
    fn a_decision_in_the_index_with_its_headings_is_good() {
        let index = (INDEX, "- [why](0001-why.md)\n");
        assert!(findings(&[index, ("docs/decisions/0001-why.md", GOOD)]).is_empty());
    }

    #[test]
    fn a_decision_is_in_the_index_and_has_a_number_of_its_own() {
        let index = (INDEX, "- [why](0001-why.md) [how](0001-how.md)\n");
        let files = [
            index,
            ("docs/decisions/0001-how.md", GOOD),
            ("docs/decisions/0001-why.md", GOOD),
            ("docs/decisions/what.md", GOOD),
        ];
        let findings = findings(&files);
        assert_eq!(findings.len(), 3, "{findings:?}");
        assert!(findings[0].contains("0001-why.md:1: the number is taken"));
        assert!(findings[1].contains("what.md:1: no number"));
        assert!(findings[2].contains("what.md:1: not listed"));
    }

    #[test]
    fn every_heading_is_there_in_order_with_words_under_it() {
        for heading in HEADINGS {
            let without = GOOD.replace(&format!("## {heading}\n"), "");
            assert_eq!(headings("x", &without).len(), 1, "{heading}");
        }
        assert_eq!(headings("x", &GOOD.replace("\nd\n", "\n\n")).len(), 1);
        let swapped =
            GOOD.replace("Choice", "?").replace("Because", "Choice").replace('?', "Because");
        assert_eq!(headings("x", &swapped).len(), 1);
    }

    #[test]
    fn an_index_must_be() {
        assert_eq!(check(&Tree::of(&[])).len(), 1);
    }
}
