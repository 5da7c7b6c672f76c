//! The invariants of this crate as functions of any text, called by property tests and by fuzzers.

use crate::policies::Policies;
use crate::programme::Programme;

/// Whatever the text: it is a programme that can be adopted, or has problems, each at a place of it.
///
/// # Panics
/// If one of these does not hold.
pub fn programme(text: &str) {
    match Programme::parse(text, "p.toml") {
        Ok(programme) => assert!(Policies::adopt(vec![programme], vec![]).is_ok(), "{text}"),
        Err(problems) => {
            assert!(!problems.is_empty());
            let lines = text.matches('\n').count() + 1;
            let is_inside = |line: usize, column: usize| (1..=lines).contains(&line) && column > 0;
            assert!(problems.iter().all(|one| is_inside(one.line, one.column)), "{problems:?}");
        }
    }
}
