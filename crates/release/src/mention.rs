//! Condition 11 over many objects at once: an object is withheld if anything that it mentions is.
//!
//! Invariant: the result is the greatest sets that satisfy the condition, so objects that mention
//! each other in a circle are released together or not at all.

use crate::partner::PartnerSet;

/// Something that an object mentions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mentioned {
    /// Another object of the same batch, by its place.
    Here(usize),
    /// An object decided before: who has it.
    Before(PartnerSet),
}

/// For each object of a batch, who may have it given who may have what it mentions. `own` is the
/// rule's answer without condition 11. Work is linear in mentions, times partners at worst.
pub fn releasable(own: &[PartnerSet], mentions: &[Vec<Mentioned>]) -> Vec<PartnerSet> {
    let mut sets: Vec<PartnerSet> = own.to_vec();
    let mut mentioned_by: Vec<Vec<usize>> = vec![Vec::new(); own.len()];
    for place in 0..own.len() {
        let Some(list) = mentions.get(place) else {
            // Nobody said what it mentions: withhold.
            narrow(&mut sets, place, PartnerSet::NONE);
            continue;
        };
        for mention in list {
            match *mention {
                Mentioned::Before(set) => narrow(&mut sets, place, set),
                // A place outside the batch is nobody's: withhold.
                Mentioned::Here(other) => match mentioned_by.get_mut(other) {
                    Some(by) => by.push(place),
                    None => narrow(&mut sets, place, PartnerSet::NONE),
                },
            }
        }
    }
    let mut changed: Vec<usize> = (0..own.len()).collect();
    while let Some(place) = changed.pop() {
        let set = sets.get(place).copied().unwrap_or_default();
        for &by in mentioned_by.get(place).into_iter().flatten() {
            let before = sets.get(by).copied().unwrap_or_default();
            narrow(&mut sets, by, set);
            if sets.get(by).copied().unwrap_or_default() != before {
                changed.push(by);
            }
        }
    }
    sets
}

fn narrow(sets: &mut [PartnerSet], place: usize, only: PartnerSet) {
    if let Some(set) = sets.get_mut(place) {
        *set = set.intersection(only);
    }
}
