//! Condition 11 over many objects at once: an object is withheld if anything that it mentions is.
//!
//! Invariants:
//! * The result is the greatest sets that satisfy the condition, so objects that mention each other
//!   in a circle are released together or not at all.
//! * A partner has an id if it has any version of it: the id is no secret to it.

use crate::partner::PartnerSet;

/// An id that objects of a batch mention.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mentioned {
    /// Who has a version of it from before.
    pub before: PartnerSet,
    /// Its versions in the batch, by their places.
    pub here: Vec<usize>,
}

impl Mentioned {
    /// Who has the id when each object of the batch is released to the partners in `released`.
    pub fn holders(&self, released: &[PartnerSet]) -> PartnerSet {
        let sets = self.here.iter().filter_map(|place| released.get(*place));
        sets.fold(self.before, |all, set| all.union(*set))
    }
}

/// For each object of a batch, who may have it given who may have what it mentions. `own` is the
/// rule's answer without condition 11; `mentions` says for each object which of `ids` it mentions.
/// Work is linear in mentions and versions, times partners at worst.
pub fn releasable(
    own: &[PartnerSet],
    ids: &[Mentioned],
    mentions: &[Vec<usize>],
) -> Vec<PartnerSet> {
    let mut sets: Vec<PartnerSet> = own.to_vec();
    let mut mentioned_by: Vec<Vec<usize>> = vec![Vec::new(); ids.len()];
    for (place, set) in sets.iter_mut().enumerate() {
        let Some(list) = mentions.get(place) else {
            // Nobody said what it mentions: withhold.
            *set = PartnerSet::NONE;
            continue;
        };
        for &id in list {
            match mentioned_by.get_mut(id) {
                Some(by) => by.push(place),
                // An id that is not among them is nobody's: withhold.
                None => *set = PartnerSet::NONE,
            }
        }
    }
    let mut holders = Holders::new(ids, &sets);
    let mut changed: Vec<usize> = (0..ids.len()).collect();
    while let Some(id) = changed.pop() {
        let has = holders.of(id);
        for &place in mentioned_by.get(id).into_iter().flatten() {
            let Some(set) = sets.get_mut(place) else { continue };
            let narrowed = set.intersection(has);
            if narrowed != *set {
                *set = narrowed;
                holders.narrow(place, narrowed, &mut changed);
            }
        }
    }
    sets
}

/// Who has each id. To narrow it in linear work, the versions of all ids stand in one row, those from
/// before as the last of each id, each with who has it or one after it of the same id: so each of
/// these sets changes once for a partner at most.
struct Holders {
    /// Where the versions of each id begin in `row`.
    starts: Vec<usize>,
    row: Vec<Version>,
    /// For each object of the batch, where it stands in `row`, and of which id.
    standing: Vec<Vec<(usize, usize)>>,
}

struct Version {
    own: PartnerSet,
    or_later: PartnerSet,
}

impl Holders {
    fn new(ids: &[Mentioned], sets: &[PartnerSet]) -> Self {
        let mut standing: Vec<Vec<(usize, usize)>> = vec![Vec::new(); sets.len()];
        let (mut starts, mut row) = (Vec::with_capacity(ids.len()), Vec::new());
        for (id, mentioned) in ids.iter().enumerate() {
            let start = row.len();
            starts.push(start);
            for &place in &mentioned.here {
                if let Some(standing) = standing.get_mut(place) {
                    standing.push((row.len(), id));
                }
                // A place outside the batch is nobody's.
                let own = sets.get(place).copied().unwrap_or_default();
                row.push(Version { own, or_later: own });
            }
            row.push(Version { own: mentioned.before, or_later: mentioned.before });
            let mut later = PartnerSet::NONE;
            for version in row.iter_mut().skip(start).rev() {
                later = version.own.union(later);
                version.or_later = later;
            }
        }
        Self { starts, row, standing }
    }

    fn of(&self, id: usize) -> PartnerSet {
        let first = self.starts.get(id).and_then(|start| self.row.get(*start));
        first.map_or(PartnerSet::NONE, |version| version.or_later)
    }

    /// Narrows an object to `set`; adds to `changed` the ids that fewer have now.
    fn narrow(&mut self, place: usize, set: PartnerSet, changed: &mut Vec<usize>) {
        for &(at, id) in self.standing.get(place).into_iter().flatten() {
            let mut later = self.row.get(at + 1).map_or(PartnerSet::NONE, |next| next.or_later);
            let start = self.starts.get(id).copied().unwrap_or(at);
            let upto = self.row.get_mut(start..=at).unwrap_or_default();
            if let Some(version) = upto.last_mut() {
                version.own = set;
            }
            let narrowed = upto.iter_mut().rev().all(|version| {
                later = version.own.union(later);
                std::mem::replace(&mut version.or_later, later) != later
            });
            if narrowed {
                changed.push(id);
            }
        }
    }
}
