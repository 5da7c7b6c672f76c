//! National caveats: a nation's own Cedar files, which may only narrow.
//!
//! Invariants:
//! * A [`National`] holds `forbid` policies alone, each with an `@id`, strictly validated against
//!   [`SCHEMA`](crate::SCHEMA). A file with anything else is refused whole.
//! * A policy that could never apply is refused: its author meant something else.

use std::collections::BTreeSet;
use std::iter::Peekable;
use std::str::{CharIndices, FromStr};

use cedar_policy::ffi::DetailedError;
use cedar_policy::{Effect, EntityUid, Policy, PolicyId, PolicySet, ValidationMode, Validator};
use entente_release::Nation;
use entente_release::decide::Clause;
use entente_release::name::{Caveat, ExerciseId};

use crate::cedar::Vocabulary;
use crate::object_type;
use crate::problem::{Problem, Problems, did_you_mean, position};

/// The longest file: a hundred long policies.
pub const TEXT_MAX: usize = 256 << 10;

/// The longest policy: fifty lines. Cedar reads and evaluates recursively, and a chain of this
/// length stays within a thread's stack.
const POLICY_MAX: usize = 4 << 10;

/// The deepest brackets: more than a person can follow.
const DEPTH_MAX: usize = 16;

/// Policies of one file: each is evaluated for each label, area and partner.
pub const POLICIES_MAX: usize = 100;

/// A nation's own file, read and found in order.
#[derive(Clone, Debug)]
pub struct National {
    pub(crate) text: String,
    pub(crate) file: String,
    pub(crate) forbids: Vec<Forbid>,
    pub(crate) declared: BTreeSet<Caveat>,
}

/// One policy of a file.
#[derive(Clone, Debug)]
pub(crate) struct Forbid {
    pub(crate) policy: Policy,
    pub(crate) clause: Clause,
    /// The byte at which it begins.
    pub(crate) at: usize,
}

impl National {
    /// Reads a national caveat file. `file` names it in problems and clauses.
    pub fn parse(text: &str, file: &str) -> Result<Self, Vec<Problem>> {
        let mut problems = Problems::of(text, file);
        if text.len() > TEXT_MAX {
            let reason = format!("the file has {} bytes, more than {TEXT_MAX}", text.len());
            problems.add(0, reason, "divide it");
            return Err(problems.into_list());
        }
        let pieces = pieces(text);
        bound(&pieces, &mut problems);
        let read = if problems.is_empty() { policies(text, &mut problems) } else { None };
        let Some(policies) = read else {
            return Err(problems.into_list());
        };
        let forbids = forbids(&pieces, file, &policies, &mut problems);
        if problems.is_empty() {
            validate(&forbids, &mut problems);
        }
        let mut declared = BTreeSet::new();
        for forbid in &forbids {
            declared.extend(declares(forbid, &mut problems));
        }
        if !problems.is_empty() {
            return Err(problems.into_list());
        }
        Ok(Self { text: text.to_owned(), file: file.to_owned(), forbids, declared })
    }

    /// The exact text that it was read from.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The file's name.
    pub fn file(&self) -> &str {
        &self.file
    }

    /// The caveats that it declares with `@declares("…")`.
    pub fn declared_caveats(&self) -> &BTreeSet<Caveat> {
        &self.declared
    }

    /// What it has to say, one clause for each policy.
    pub fn clauses(&self) -> impl Iterator<Item = &Clause> {
        self.forbids.iter().map(|forbid| &forbid.clause)
    }
}

/// The policies in the order of the file; none if it cannot be read.
fn policies(text: &str, problems: &mut Problems<'_>) -> Option<Vec<Policy>> {
    let set = match PolicySet::from_str(text) {
        Ok(set) => set,
        Err(errors) => {
            for error in errors.iter() {
                note(&DetailedError::from(error), 0, problems);
            }
            return None;
        }
    };
    for template in set.templates() {
        let reason = format!("\"{}\" is a template", template.id());
        problems.add(0, reason, "name the nation or area where it has ?principal or ?resource");
    }
    let mut policies: Vec<(usize, Policy)> = Vec::new();
    for policy in set.policies() {
        // Cedar numbers the policies of a text: policy0, policy1 and so on.
        let rank = policy.id().to_string();
        let rank = rank.strip_prefix("policy").and_then(|rank| rank.parse().ok());
        policies.push((rank?, policy.clone()));
    }
    policies.sort_by_key(|(rank, _)| *rank);
    Some(policies.into_iter().map(|(_, policy)| policy).collect())
}

fn note(error: &DetailedError, otherwise: usize, problems: &mut Problems<'_>) {
    let at = error.source_locations.first().map_or(otherwise, |label| label.loc.start);
    let advice = error.help.clone();
    let advice = advice.unwrap_or_else(|| "see docs/formats/national-caveats.md".to_owned());
    problems.add(at, error.message.clone(), advice.replace('\n', " "));
}

fn forbids(
    pieces: &[Piece],
    file: &str,
    policies: &[Policy],
    problems: &mut Problems<'_>,
) -> Vec<Forbid> {
    if pieces.len() != policies.len() {
        problems.add(0, "the policies cannot be told apart", "end each with a semicolon");
    }
    let mut ids = BTreeSet::new();
    let mut forbids = Vec::new();
    for (policy, at) in policies.iter().zip(pieces.iter().map(|piece| piece.start)) {
        match policy.effect() {
            Effect::Forbid => {}
            Effect::Permit => {
                let reason = "a national file may only narrow, and this policy permits";
                problems.add(at, reason, "write it as forbid, or agree on terms in the programme");
                continue;
            }
        }
        let Some(id) = policy.annotation("id").map(str::trim).filter(|id| is_line(id)) else {
            let reason = "the policy has no @id";
            problems.add(at, reason, "add @id(\"a-short-name\") above it: it is shown to people");
            continue;
        };
        if !ids.insert(id.to_owned()) {
            problems.add(at, format!("@id(\"{id}\") is there twice"), "name one of them otherwise");
        }
        let reason = policy.annotation("reason").map(str::trim).filter(|why| is_line(why));
        let clause = match reason {
            Some(reason) => Clause(format!("{file}, {id}: {reason}")),
            None => Clause(format!("{file}, {id}")),
        };
        let policy = policy.new_id(PolicyId::new(format!("{file}, {id}")));
        forbids.push(Forbid { policy, clause, at });
    }
    forbids
}

fn is_line(text: &str) -> bool {
    (1..=200).contains(&text.chars().count()) && !text.chars().any(char::is_control)
}

/// One policy as it stands in the text, told apart without understanding it.
struct Piece {
    start: usize,
    end: usize,
    /// How deep its brackets are nested.
    depth: usize,
}

/// The policies of a text: a semicolon outside of strings and comments ends one, and in a text that
/// Cedar reads it stands nowhere else. What follows the last semicolon is a piece too.
fn pieces(text: &str) -> Vec<Piece> {
    let mut pieces: Vec<Piece> = Vec::new();
    let mut piece: Option<Piece> = None;
    let mut open: usize = 0;
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        let comment = c == '/' && chars.peek().is_some_and(|(_, next)| *next == '/');
        if comment {
            while chars.next_if(|(_, c)| *c != '\n' && *c != '\r').is_some() {}
        }
        if comment || c.is_whitespace() {
            continue;
        }
        let current = piece.get_or_insert(Piece { start: at, end: at, depth: 0 });
        match c {
            '"' => skip_string(&mut chars),
            '(' | '[' | '{' => open += 1,
            ')' | ']' | '}' => open = open.saturating_sub(1),
            _ => {}
        }
        current.depth = current.depth.max(open);
        current.end = chars.peek().map_or(text.len(), |(next, _)| *next);
        if c == ';' {
            pieces.extend(piece.take());
            open = 0;
        }
    }
    pieces.extend(piece);
    pieces
}

/// Up to the end of a string whose opening quote is read.
fn skip_string(chars: &mut Peekable<CharIndices<'_>>) {
    while let Some((_, c)) = chars.next() {
        match c {
            '\\' => drop(chars.next()),
            '"' => break,
            _ => {}
        }
    }
}

/// Notes policies that are too long or too deep to be given to Cedar, which reads recursively.
fn bound(pieces: &[Piece], problems: &mut Problems<'_>) {
    if pieces.len() > POLICIES_MAX {
        problems.add(0, format!("more than {POLICIES_MAX} policies"), "join some of them");
    }
    for piece in pieces {
        if piece.end - piece.start > POLICY_MAX {
            let reason = format!("the policy has more than {POLICY_MAX} bytes");
            problems.add(piece.start, reason, "divide it into several");
        }
        if piece.depth > DEPTH_MAX {
            let reason = format!("the policy's brackets are nested deeper than {DEPTH_MAX}");
            problems.add(piece.start, reason, "divide it into several");
        }
    }
}

fn validate(forbids: &[Forbid], problems: &mut Problems<'_>) {
    let checked = Vocabulary::get().and_then(|vocabulary| {
        let set = PolicySet::from_policies(forbids.iter().map(|forbid| forbid.policy.clone()));
        let set = set.map_err(|error| error.to_string())?;
        Ok(Validator::new(vocabulary.schema.clone()).validate(&set, ValidationMode::Strict))
    });
    let result = match checked {
        Ok(result) => result,
        Err(defect) => return problems.add(0, defect, "report this as a defect"),
    };
    let place = |id: &PolicyId| {
        forbids.iter().find(|forbid| forbid.policy.id() == id).map_or(0, |forbid| forbid.at)
    };
    for error in result.validation_errors() {
        note(&DetailedError::from(error), place(error.policy_id()), problems);
    }
    for warning in result.validation_warnings() {
        note(&DetailedError::from(warning), place(warning.policy_id()), problems);
    }
    for forbid in forbids {
        for literal in forbid.policy.entity_literals() {
            if let Some((reason, advice)) = unknown(&literal) {
                problems.add(forbid.at, reason, advice);
            }
        }
    }
}

/// A literal that nothing could ever be equal to. Programmes, areas and caveats are checked when
/// the file is adopted with programmes.
fn unknown(literal: &EntityUid) -> Option<(String, String)> {
    let id = literal.id().unescaped();
    match literal.type_name().basename() {
        "Nation" => {
            id.parse::<Nation>().err().map(|error| (error.to_string(), "see ISO 3166-1".to_owned()))
        }
        "ObjectType" if !object_type::is_type(id) => {
            let reason = format!("\"{id}\" is no type of STIX 2.1");
            let advice = did_you_mean(id, object_type::standard());
            Some((reason, format!("{advice} (custom types begin with x-)")))
        }
        "Exercise" => {
            let error = id.parse::<ExerciseId>().err()?;
            Some((error.to_string(), "write it as the exercise does".to_owned()))
        }
        _ => None,
    }
}

fn declares(forbid: &Forbid, problems: &mut Problems<'_>) -> Vec<Caveat> {
    let text = forbid.policy.annotation("declares").unwrap_or_default();
    let mut caveats = Vec::new();
    for word in text.split_whitespace() {
        match word.parse::<Caveat>() {
            Ok(caveat) => caveats.push(caveat),
            Err(error) => problems.add(forbid.at, error.to_string(), "correct @declares"),
        }
    }
    caveats
}

/// The problem at a policy of a file that was read before.
pub(crate) fn problem_at(
    file: &National,
    forbid: &Forbid,
    reason: String,
    advice: String,
) -> Problem {
    let (line, column) = position(&file.text, forbid.at);
    Problem { file: file.file.clone(), line, column, reason, advice }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn policies_begin_where_their_first_word_stands() {
        let text =
            "// a; \"b\n@id(\"x;\\\";\") forbid(principal, action, [(]);\n\n  forbid();//;\n x(";
        let found = pieces(text);
        let texts: Vec<&str> = found.iter().map(|piece| &text[piece.start..piece.end]).collect();
        let first = "@id(\"x;\\\";\") forbid(principal, action, [(]);";
        assert_eq!(texts, [first, "forbid();", "x("]);
        let depths: Vec<usize> = found.iter().map(|piece| piece.depth).collect();
        assert_eq!(depths, [3, 1, 1]);
        for text in ["", " // only a remark"] {
            assert!(pieces(text).is_empty(), "{text}");
        }
        assert_eq!(pieces("a \"not closed").len(), 1);
    }
}
