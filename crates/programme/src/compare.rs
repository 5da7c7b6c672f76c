//! Two versions of a programme, compared.
//!
//! Invariants:
//! * A programme compared with itself has no changes, and what one direction adds the other removes.
//! * Items are the same if they have the same id; parties, groups, caveats and areas likewise. Terms
//!   entries have no id: equal ones are the same, then those that agree in most of what they say.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use crate::describe::{self, Node, Value};
use crate::programme::Programme;

/// What something is that changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Subject {
    /// The programme itself.
    Programme,
    /// A nation that takes part.
    Party,
    /// A named set of parties.
    Group,
    /// A declared caveat.
    Caveat,
    /// An area of cooperation.
    Area,
    /// An entry of an area's terms of exchange.
    Terms,
    /// Who assesses an area.
    Assessment,
    /// An objective.
    Objective,
    /// A goal.
    Goal,
    /// A measure.
    Measure,
    /// A milestone.
    Milestone,
    /// An indicator.
    Indicator,
}

/// How something differs between an older and a newer version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Difference {
    /// It is new.
    Added,
    /// It is gone.
    Removed,
    /// It stands elsewhere.
    Moved {
        /// Where it stood.
        from: String,
        /// Where it stands.
        to: String,
    },
    /// It says something else.
    Said {
        /// Which of its keys.
        key: &'static str,
        /// What it said, if anything.
        old: Option<String>,
        /// What it says, if anything.
        new: Option<String>,
    },
    /// A list of names has other names.
    Names {
        /// Which of its keys.
        key: &'static str,
        /// Names that it did not have.
        added: Vec<String>,
        /// Names that it has no more.
        removed: Vec<String>,
    },
}

/// One change.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Change {
    /// What it is.
    pub subject: Subject,
    /// What it is called: an id, a code, or `area, terms 2`.
    pub name: String,
    /// Its title, in the newer version where it has one.
    pub title: String,
    /// How it differs.
    pub difference: Difference,
}

/// What differs between two programmes, in the order of the newer one, what was removed last.
pub fn compare(old: &Programme, new: &Programme) -> Vec<Change> {
    let (before, after) = (describe::nodes(old), describe::nodes(new));
    let renamed = same_terms(&before, &after);
    let known: BTreeMap<(Subject, &str), &Node> =
        before.iter().map(|node| ((node.subject, node.name.as_str()), node)).collect();
    let mut changes = Vec::new();
    let mut kept: BTreeSet<(Subject, String)> = BTreeSet::new();
    for node in &after {
        let name = if node.subject == Subject::Terms {
            renamed.get(&node.name).cloned()
        } else {
            Some(node.name.clone())
        };
        let was = name.as_ref().and_then(|name| known.get(&(node.subject, name.as_str())));
        match was {
            Some(was) => {
                kept.insert((node.subject, was.name.clone()));
                changes.extend(differences(was, node));
            }
            None => changes.push(node.changed(Difference::Added)),
        }
    }
    let gone = before.iter().filter(|node| !kept.contains(&(node.subject, node.name.clone())));
    changes.extend(gone.map(|node| node.changed(Difference::Removed)));
    changes
}

/// What a node that is in both says differently.
fn differences(old: &Node, new: &Node) -> Vec<Change> {
    let mut changes = Vec::new();
    if old.place != new.place {
        let (from, to) = (old.place.clone(), new.place.clone());
        changes.push(new.changed(Difference::Moved { from, to }));
    }
    let keys: BTreeSet<&'static str> = old.says.keys().chain(new.says.keys()).copied().collect();
    for key in keys {
        let (was, is) = (old.says.get(key), new.says.get(key));
        if was == is {
            continue;
        }
        let difference = match (was, is) {
            (Some(Value::Names(was)), Some(Value::Names(is))) => Difference::Names {
                key,
                added: is.difference(was).cloned().collect(),
                removed: was.difference(is).cloned().collect(),
            },
            (was, is) => Difference::Said {
                key,
                old: was.map(ToString::to_string),
                new: is.map(ToString::to_string),
            },
        };
        changes.push(new.changed(difference));
    }
    changes
}

/// For terms entries of the newer version the name of the entry that each was.
fn same_terms(before: &[Node], after: &[Node]) -> BTreeMap<String, String> {
    let of = |nodes: &[Node]| {
        let mut areas: BTreeMap<String, Vec<Node>> = BTreeMap::new();
        for node in nodes.iter().filter(|node| node.subject == Subject::Terms) {
            areas.entry(node.group.clone()).or_default().push(node.clone());
        }
        areas
    };
    let (mut old, new) = (of(before), of(after));
    let mut same = BTreeMap::new();
    for (area, entries) in new {
        let mut left = old.remove(&area).unwrap_or_default();
        let mut open = Vec::new();
        for entry in entries {
            match left.iter().position(|other| other.says == entry.says) {
                Some(at) => {
                    same.insert(entry.name, left.remove(at).name);
                }
                None => open.push(entry),
            }
        }
        for entry in open {
            let near = (0..).zip(&left).map(|(at, other)| (agreeing(&entry, other), at));
            // Of equally near ones the first: it was there longest.
            let near = near.max_by_key(|(agreeing, at)| (*agreeing, std::cmp::Reverse(*at)));
            if let Some((agreeing, at)) = near
                && agreeing * 2 >= entry.says.len()
            {
                same.insert(entry.name, left.remove(at).name);
            }
        }
    }
    same
}

/// How many keys say the same.
fn agreeing(one: &Node, other: &Node) -> usize {
    one.says.iter().filter(|(key, value)| other.says.get(*key) == Some(*value)).count()
}

impl Node {
    fn changed(&self, difference: Difference) -> Change {
        let (name, title) = (self.name.clone(), self.title.clone());
        Change { subject: self.subject, name, title, difference }
    }
}

impl Subject {
    /// What people call it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Programme => "programme",
            Self::Party => "party",
            Self::Group => "group",
            Self::Caveat => "caveat",
            Self::Area => "area",
            Self::Terms => "terms",
            Self::Assessment => "assessment",
            Self::Objective => "objective",
            Self::Goal => "goal",
            Self::Measure => "measure",
            Self::Milestone => "milestone",
            Self::Indicator => "indicator",
        }
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { subject, name, title, difference } = self;
        let what = match subject {
            Subject::Terms => name.clone(),
            Subject::Programme => subject.as_str().to_owned(),
            Subject::Party
            | Subject::Group
            | Subject::Caveat
            | Subject::Area
            | Subject::Assessment
            | Subject::Objective
            | Subject::Goal
            | Subject::Measure
            | Subject::Milestone
            | Subject::Indicator => format!("{} {name}", subject.as_str()),
        };
        match difference {
            Difference::Added => write!(f, "added    {what}: {title}"),
            Difference::Removed => write!(f, "removed  {what}: {title}"),
            Difference::Moved { from, to } => write!(f, "moved    {what}: from {from} to {to}"),
            Difference::Said { key, old, new } => {
                let shown = |value: &Option<String>| {
                    value.as_ref().map_or_else(|| "nothing".to_owned(), |text| format!("{text:?}"))
                };
                write!(f, "changed  {what}: {key}: {} → {}", shown(old), shown(new))
            }
            Difference::Names { key, added, removed } => {
                write!(f, "changed  {what}: {key}:")?;
                let signed = added.iter().map(|name| ("+", name));
                for (sign, name) in signed.chain(removed.iter().map(|name| ("-", name))) {
                    write!(f, " {sign}{name}")?;
                }
                Ok(())
            }
        }
    }
}
