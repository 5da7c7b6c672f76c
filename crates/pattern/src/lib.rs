//! STIX 2.1 patterns (section 9 of the specification): text to tree and back.
//!
//! ```text
//! [ipv4-addr:value = '198.51.100.1'] AND [domain-name:value LIKE '%.example'] WITHIN 300 SECONDS
//! ```
//!
//! In scope: the whole grammar, the rules a pattern must keep beyond the grammar (see [`Fault`]),
//! the canonical text of a pattern (`Display`), and which objects and times a pattern speaks of.
//! Out of scope: matching a pattern against observations, and any knowledge of which object types
//! and properties exist; the object crate has the latter.
//!
//! What holds for every input:
//! - [`parse`] never panics and never overflows the stack, on any text ([`limits`]).
//! - Its time is linear in the length of the text, but for the sets of object types under `AND`,
//!   which cost a logarithm and, at worst, one visit for each level of parentheses.
//! - `parse(&pattern.to_string())` gives an equal pattern, as long as the canonical text fits in
//!   [`limits::MAX_PATTERN_BYTES`]: it may be longer than the original, as it has all its spaces.
//!
//! | file | holds |
//! |---|---|
//! | `ast` | the tree: what a pattern means, without how it was written |
//! | `parse` | the grammar and the rules beyond it |
//! | `lex` | tokens, borrowed from the text where nothing was escaped |
//! | `types` | which object types can satisfy a comparison expression |
//! | `hash` | what the values of well-known hash algorithms look like |
//! | `print` | the canonical text |
//! | `walk` | the comparisons and time windows of a pattern, in order |
//! | `fault` | what can be wrong with a pattern, and where |
//! | `limits` | the bounds, with their arithmetic |
//! | `fuzz` | the invariants above as functions, for tests and fuzzers |

mod ast;
mod fault;
pub mod fuzz;
mod hash;
mod lex;
pub mod limits;
mod parse;
mod print;
mod types;
mod walk;

pub use ast::{
    Comparison, Constant, ObjectPath, Observation, OrderOperator, Pattern, Predicate, Qualified,
    Qualifier, QualifierKind, Step, Test, TextOperator, Timestamp,
};
pub use fault::{Expected, Fault, Found, Keyword, PatternError, Sort, Symbol};
pub use parse::parse;
pub use walk::{Tests, Window, Windows};
