//! The comparisons and time windows of a pattern, in the order of its text.

use std::cmp::Ordering;

use crate::ast::{
    Comparison, ObjectPath, Observation, Pattern, Qualified, Qualifier, Test, Timestamp,
};

impl<'a> Pattern<'a> {
    /// Every comparison, from left to right.
    pub fn tests(&self) -> Tests<'_, 'a> {
        Tests { observations: vec![&self.expression], comparisons: Vec::new() }
    }

    /// The path of every comparison, with repetitions.
    pub fn paths(&self) -> impl Iterator<Item = &ObjectPath<'a>> {
        self.tests().map(|test| &test.path)
    }

    /// The object type at the start of every path, with repetitions.
    pub fn object_types(&self) -> impl Iterator<Item = &'a str> {
        self.paths().map(|path| path.object_type)
    }

    /// Every `START … STOP`; one around others comes before them.
    pub fn windows(&self) -> Windows<'_, 'a> {
        Windows { observations: vec![&self.expression], qualifiers: [].iter() }
    }
}

/// A `START … STOP` of a pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window<'a> {
    /// The first instant inside.
    pub start: Timestamp<'a>,
    /// The first instant outside.
    pub stop: Timestamp<'a>,
}

impl Window<'_> {
    /// Whether no instant is inside, so that nothing can match.
    pub fn is_empty(&self) -> bool {
        self.start.cmp_time(&self.stop) != Ordering::Less
    }
}

/// Iterates over the comparisons of a pattern.
#[derive(Debug, Clone)]
pub struct Tests<'p, 'a> {
    /// Yet to visit, the next one last.
    observations: Vec<&'p Observation<'a>>,
    /// Yet to visit before those, the next one last.
    comparisons: Vec<&'p Comparison<'a>>,
}

impl<'p, 'a> Iterator for Tests<'p, 'a> {
    type Item = &'p Test<'a>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            match self.comparisons.pop() {
                Some(Comparison::Test(test)) => return Some(test),
                Some(Comparison::And(operands) | Comparison::Or(operands)) => {
                    self.comparisons.extend(operands.iter().rev());
                }
                None => match self.observations.pop()? {
                    Observation::One(comparison) => self.comparisons.push(comparison),
                    Observation::And(operands)
                    | Observation::Or(operands)
                    | Observation::FollowedBy(operands) => {
                        self.observations.extend(operands.iter().rev());
                    }
                    Observation::Qualified(qualified) => {
                        self.observations.push(&qualified.expression);
                    }
                },
            }
        }
    }
}

/// Iterates over the `START … STOP` of a pattern. Those around others come before them.
#[derive(Debug, Clone)]
pub struct Windows<'p, 'a> {
    /// Yet to visit, the next one last.
    observations: Vec<&'p Observation<'a>>,
    /// Yet to visit before those.
    qualifiers: std::slice::Iter<'p, Qualifier<'a>>,
}

impl<'a> Iterator for Windows<'_, 'a> {
    type Item = Window<'a>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            match self.qualifiers.next() {
                Some(Qualifier::StartStop { start, stop }) => {
                    return Some(Window { start: *start, stop: *stop });
                }
                Some(Qualifier::Within { .. } | Qualifier::Repeats { .. }) => {}
                None => match self.observations.pop()? {
                    Observation::One(_) => {}
                    Observation::And(operands)
                    | Observation::Or(operands)
                    | Observation::FollowedBy(operands) => {
                        self.observations.extend(operands.iter().rev());
                    }
                    Observation::Qualified(qualified) => {
                        let Qualified { expression, qualifiers } = &**qualified;
                        self.observations.push(expression);
                        self.qualifiers = qualifiers.iter();
                    }
                },
            }
        }
    }
}
