//! What is wrong with a file that people wrote: where, why, and what to do.
//!
//! Invariant: all problems of a file are told at once, in the order of the file, the first
//! [`PROBLEMS_MAX`] of them. Lines and columns count from 1, columns in characters.

use std::fmt;

/// Nobody repairs more than a hundred things before asking again.
pub const PROBLEMS_MAX: usize = 100;

/// One thing to put right in a file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// The file, as the caller named it.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
    /// What is wrong.
    pub reason: String,
    /// What to do about it.
    pub advice: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, line, column, reason, advice } = self;
        write!(f, "{file}:{line}:{column}: {reason}; {advice}")
    }
}

impl std::error::Error for Problem {}

/// The problems of one file, as they are found.
pub(crate) struct Problems<'a> {
    file: &'a str,
    text: &'a str,
    found: Vec<(usize, String, String)>,
}

impl<'a> Problems<'a> {
    pub(crate) fn of(text: &'a str, file: &'a str) -> Self {
        Self { file, text, found: Vec::new() }
    }

    /// The file's text.
    pub(crate) fn text(&self) -> &'a str {
        self.text
    }

    /// Notes what is wrong at the byte `at`.
    pub(crate) fn add(&mut self, at: usize, reason: impl Into<String>, advice: impl Into<String>) {
        self.found.push((at, reason.into(), advice.into()));
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// The problems in the order of the file.
    pub(crate) fn into_list(mut self) -> Vec<Problem> {
        self.found.sort();
        self.found.dedup();
        self.found.truncate(PROBLEMS_MAX);
        let (file, text) = (self.file, self.text);
        let problem = |(at, reason, advice)| {
            let (line, column) = position(text, at);
            Problem { file: file.to_owned(), line, column, reason, advice }
        };
        self.found.into_iter().map(problem).collect()
    }
}

/// Line and column of the byte `at`, or of the character that it is a part of.
pub(crate) fn position(text: &str, at: usize) -> (usize, usize) {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    let before = text.get(..at).unwrap_or_default();
    let line = before.matches('\n').count() + 1;
    let column = before.chars().rev().take_while(|c| *c != '\n').count() + 1;
    (line, column)
}

/// Advice for a misspelt word: the nearest of those allowed, or all of them.
pub(crate) fn did_you_mean<'a>(word: &str, allowed: impl IntoIterator<Item = &'a str>) -> String {
    let allowed: Vec<&str> = allowed.into_iter().collect();
    let near = allowed.iter().map(|other| (distance(word, other), *other)).min();
    match near {
        Some((distance, other)) if distance <= (word.len() / 3).clamp(1, 4) => {
            format!("did you mean \"{other}\"?")
        }
        Some(_) if allowed.len() <= 12 => format!("use one of: {}", allowed.join(", ")),
        Some(_) | None => "check its spelling".to_owned(),
    }
}

/// How many characters to add, remove or replace to get from one word to the other.
fn distance(from: &str, to: &str) -> usize {
    // Words longer than any name are no misspelling of one.
    const WORD_MAX: usize = 64;
    if from.len() > WORD_MAX || to.len() > WORD_MAX {
        return WORD_MAX;
    }
    let mut row: Vec<usize> = (0..=to.chars().count()).collect();
    for (i, a) in from.chars().enumerate() {
        let mut diagonal = i;
        let mut left = i + 1;
        for (cell, b) in row.iter_mut().skip(1).zip(to.chars()) {
            let next = (diagonal + usize::from(a != b)).min(left + 1).min(*cell + 1);
            diagonal = *cell;
            *cell = next;
            left = next;
        }
        if let Some(first) = row.first_mut() {
            *first = i + 1;
        }
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_count_lines_and_characters_from_one() {
        let text = "가나\nab\n";
        for (at, expected) in
            [(0, (1, 1)), (3, (1, 2)), (4, (1, 2)), (7, (2, 1)), (8, (2, 2)), (99, (3, 1))]
        {
            assert_eq!(position(text, at), expected, "{at}");
        }
    }

    #[test]
    fn distances_are_those_of_single_changes() {
        for (a, b, expected) in
            [("", "", 0), ("a", "", 1), ("", "abc", 3), ("kitten", "sitting", 3), ("ab", "ba", 2)]
        {
            assert_eq!((distance(a, b), distance(b, a)), (expected, expected), "{a} {b}");
        }
    }

    #[test]
    fn a_near_word_is_proposed_and_a_far_one_is_not() {
        assert_eq!(did_you_mean("celing", ["ceiling", "to"]), "did you mean \"ceiling\"?");
        assert_eq!(did_you_mean("zzzzzz", ["ceiling", "to"]), "use one of: ceiling, to");
        assert_eq!(did_you_mean("zzzzzz", []), "check its spelling");
        assert_eq!(did_you_mean(&"é".repeat(99), ["to"]), "use one of: to");
    }

    #[test]
    fn problems_come_in_the_order_of_the_file_and_are_bounded() {
        let mut problems = Problems::of("a\nb", "f.toml");
        assert!(problems.is_empty());
        for _ in 0..3 {
            problems.add(2, "second", "do this");
        }
        problems.add(0, "first", "do that");
        let list: Vec<String> = problems.into_list().iter().map(Problem::to_string).collect();
        assert_eq!(list, ["f.toml:1:1: first; do that", "f.toml:2:1: second; do this"]);

        let mut many = Problems::of("", "f.toml");
        (0..2 * PROBLEMS_MAX).for_each(|n| many.add(0, n.to_string(), ""));
        assert_eq!(many.into_list().len(), PROBLEMS_MAX);
    }
}
