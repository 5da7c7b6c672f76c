//! Which object types can satisfy a comparison expression.
//!
//! The specification (section 9.5) has all operands of `AND` satisfiable by the same object. An
//! object has one type, so the types of `a AND b` are those of both, and there must be one; the
//! types of `a OR b` are those of either.

use std::collections::BTreeSet;

/// A set of object types, never empty. Almost always there is one, which costs no allocation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Types<'a> {
    One(&'a str),
    /// Two or more.
    Many(BTreeSet<&'a str>),
}

impl Types<'_> {
    /// The types of either.
    pub(crate) fn union(self, other: Self) -> Self {
        match (self, other) {
            (Self::One(left), Self::One(right)) if left == right => Self::One(left),
            (Self::One(left), Self::One(right)) => Self::Many(BTreeSet::from([left, right])),
            (Self::Many(mut many), Self::One(one)) | (Self::One(one), Self::Many(mut many)) => {
                many.insert(one);
                Self::Many(many)
            }
            (Self::Many(left), Self::Many(right)) => {
                let (mut large, small) =
                    if left.len() < right.len() { (right, left) } else { (left, right) };
                large.extend(small);
                Self::Many(large)
            }
        }
    }

    /// The types of both, if there is any.
    pub(crate) fn intersection(self, other: Self) -> Option<Self> {
        match (self, other) {
            (Self::One(left), Self::One(right)) => (left == right).then_some(Self::One(left)),
            (Self::Many(many), Self::One(one)) | (Self::One(one), Self::Many(many)) => {
                many.contains(one).then_some(Self::One(one))
            }
            (Self::Many(left), Self::Many(right)) => {
                let (large, mut small) =
                    if left.len() < right.len() { (right, left) } else { (left, right) };
                small.retain(|name| large.contains(name));
                match small.len() {
                    0 => None,
                    1 => small.pop_first().map(Self::One),
                    _ => Some(Self::Many(small)),
                }
            }
        }
    }
}
