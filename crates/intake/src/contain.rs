//! The labels of containers: their own, combined with those of everything that they refer to.
//!
//! Invariants:
//! * In whatever order and parts objects come, a container that goes out has the same label.
//! * What somebody has keeps the label under which it was released; so does what came from a partner's
//!   ledger.

use entente_log::entry::LabelNumber;
use entente_object::id::IdKey;
use entente_release::label::Fault;
use entente_release::{Label, Nation};

use crate::decide::says_nothing;
use crate::desk::{Desk, IntakeError, Stored};
use crate::label::Marking;
use crate::take::{Candidate, Places, Plan};

impl Desk {
    /// Looks again at markings that were unknown, then combines the labels of containers with those
    /// of what they refer to. A stored object whose label changes is appended anew.
    pub(crate) fn contain(&mut self, plan: &mut Plan, here: &Places) -> Result<(), IntakeError> {
        let mut candidates = std::mem::take(&mut plan.candidates);
        for candidate in candidates.iter_mut().filter(|candidate| candidate.stored.is_some()) {
            if let Some(label) = self.known_now(candidate, plan)? {
                candidate.label = self.intern(label, plan);
            }
        }
        let mut inside: Vec<Vec<usize>> = Vec::with_capacity(candidates.len());
        let mut before: Vec<Vec<LabelNumber>> = Vec::with_capacity(candidates.len());
        for candidate in &candidates {
            let (mut places, mut labels) = (Vec::new(), Vec::new());
            let is_open = !is_out(candidate) && !self.has_node(candidate.bringer);
            if candidate.object.is_container && is_open {
                for key in self.members(candidate) {
                    match self.newest_of((key, candidate.bringer), (&candidates, here))? {
                        Some(Newest::Here(place)) => places.push(place),
                        Some(Newest::Stored(label)) => labels.push(label),
                        None => {}
                    }
                }
            }
            inside.push(places);
            before.push(labels);
        }
        for group in circles(&inside) {
            let number = |place: usize| candidates.get(place).map(|member| member.label);
            let mut labels: Vec<LabelNumber> = Vec::new();
            for &place in &group {
                let members = inside.get(place).into_iter().flatten().filter_map(|at| number(*at));
                labels.extend(members.chain(before.get(place).into_iter().flatten().copied()));
            }
            labels.sort_unstable();
            labels.dedup();
            self.combine(&group, &labels, &mut candidates, plan);
        }
        plan.candidates = candidates;
        Ok(())
    }

    /// Combines the labels of containers that refer to each other with those that they refer to.
    /// What bears an unknown marking says nothing yet: what refers to it goes to nobody until the
    /// marking is known, and is combined with it then.
    fn combine(
        &mut self,
        group: &[usize],
        labels: &[LabelNumber],
        candidates: &mut [Candidate],
        plan: &mut Plan,
    ) {
        let mut all: Option<(LabelNumber, Label)> = None;
        let mut waits = false;
        for &number in labels {
            let label = self.label_of(number, &plan.labels);
            if is_unknown(&label) {
                waits = true;
                continue;
            }
            all = Some(match all {
                Some((_, all)) => (LabelNumber::MAX, all.contain(&label)),
                None => (number, label),
            });
        }
        let same = all.as_ref().map(|(number, _)| *number).filter(|_| !waits);
        for &place in group {
            let Some(candidate) = candidates.get_mut(place) else { continue };
            if labels.is_empty() || Some(candidate.label) == same {
                continue;
            }
            let mut label = self.label_of(candidate.label, &plan.labels);
            if is_unknown(&label) {
                continue;
            }
            if let Some((_, all)) = &all {
                label = label.contain(all);
            }
            if waits {
                label = label.faulty(Fault::UnknownMarking);
            }
            candidate.label = self.intern(label, plan);
        }
    }

    /// The label of a stored object whose markings were unknown, if they are known now.
    fn known_now(
        &mut self,
        candidate: &Candidate,
        plan: &Plan,
    ) -> Result<Option<Label>, IntakeError> {
        let mut label = self.label_of(candidate.label, &plan.labels);
        if !is_unknown(&label) {
            return Ok(None);
        }
        let again = self.own_label(&candidate.object, candidate.bringer, None)?;
        if is_unknown(&again) {
            return Ok(None);
        }
        if says_nothing(&label) {
            return Ok(Some(again));
        }
        label.faults = label.faults.without(Fault::UnknownMarking);
        for &key in &candidate.object.markings {
            match self.marking(key, candidate.bringer)? {
                Marking::Label(found) => label = label.combine(&found),
                Marking::Bad => label = label.faulty(Fault::BadMarking),
                Marking::Statement | Marking::Unknown => {}
            }
        }
        Ok(Some(label))
    }

    /// What a container refers to. Of it that counts which its bringer brought too: nobody but its
    /// bringer has what another nation brought.
    fn members(&self, candidate: &Candidate) -> Vec<IdKey> {
        let object = &candidate.object;
        let is_member = |key: &IdKey| {
            Some(*key) != object.created_by
                && !object.markings.contains(key)
                && !self.parties.contains_key(key)
        };
        object.mentions.iter().copied().filter(is_member).collect()
    }

    /// The newest version of what a nation brought under an id.
    fn newest_of(
        &mut self,
        (key, bringer): (IdKey, Nation),
        (candidates, here): (&[Candidate], &Places),
    ) -> Result<Option<Newest>, IntakeError> {
        let stored = self.known(key, bringer)?;
        let place = here.get(&(bringer, key)).and_then(|places| places.last()).copied();
        let candidate = place.and_then(|place| candidates.get(place));
        let is_newer = |stored: &Stored| candidate.is_none_or(|own| own.version < stored.version);
        Ok(match stored.filter(is_newer) {
            Some(stored) => Some(Newest::Stored(stored.label)),
            None => place.map(Newest::Here),
        })
    }

    /// What a container refers to and waits for since it bears an unknown marking.
    pub(crate) fn unsettled(
        &mut self,
        candidate: &Candidate,
        (candidates, here): (&[Candidate], &Places),
        plan: &Plan,
    ) -> Result<Vec<IdKey>, IntakeError> {
        let mut unsettled = Vec::new();
        if !candidate.object.is_container
            || !is_unknown(&self.label_of(candidate.label, &plan.labels))
        {
            return Ok(unsettled);
        }
        for key in self.members(candidate) {
            let label = match self.newest_of((key, candidate.bringer), (candidates, here))? {
                Some(Newest::Here(place)) => candidates.get(place).map(|member| member.label),
                Some(Newest::Stored(label)) => Some(label),
                None => None,
            };
            if label.is_some_and(|label| is_unknown(&self.label_of(label, &plan.labels))) {
                unsettled.push(key);
            }
        }
        Ok(unsettled)
    }
}

/// Where the label of the newest version of something is.
enum Newest {
    /// On an object of the plan, at this place.
    Here(usize),
    /// In the store.
    Stored(LabelNumber),
}

/// Whether a marking on it is not known.
fn is_unknown(label: &Label) -> bool {
    label.faults.iter().any(|fault| fault == Fault::UnknownMarking)
}

/// Whether somebody has it.
fn is_out(candidate: &Candidate) -> bool {
    candidate.stored.is_some_and(|known| !known.released.is_empty())
}

/// The places in groups that reach each other, each group after those that it reaches (Kosaraju).
fn circles(edges: &[Vec<usize>]) -> Vec<Vec<usize>> {
    let mut back: Vec<Vec<usize>> = vec![Vec::new(); edges.len()];
    for (place, list) in edges.iter().enumerate() {
        for &other in list {
            if let Some(list) = back.get_mut(other) {
                list.push(place);
            }
        }
    }
    let (mut seen, mut order) = (vec![false; edges.len()], Vec::with_capacity(edges.len()));
    for root in 0..edges.len() {
        walk(&back, root, &mut seen, &mut order);
    }
    seen.fill(false);
    let mut groups = Vec::new();
    for &root in order.iter().rev() {
        let mut group = Vec::new();
        walk(edges, root, &mut seen, &mut group);
        if !group.is_empty() {
            groups.push(group);
        }
    }
    groups
}

/// Adds what is reached from `root` and was not seen yet, in the order in which it is left.
fn walk(edges: &[Vec<usize>], root: usize, seen: &mut [bool], left: &mut Vec<usize>) {
    let mut enter =
        |place: usize| seen.get_mut(place).is_some_and(|seen| !std::mem::replace(seen, true));
    let mut path: Vec<(usize, usize)> = Vec::new();
    if enter(root) {
        path.push((root, 0));
    }
    while let Some((place, next)) = path.last_mut() {
        if let Some(&other) = edges.get(*place).and_then(|list| list.get(*next)) {
            *next += 1;
            if enter(other) {
                path.push((other, 0));
            }
        } else {
            left.push(*place);
            path.pop();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn circles_are_found_and_come_after_what_they_reach() {
        // 0 → 1 ⇄ 2 → 3, 4 → 4, 5 → 0.
        let edges = [vec![1], vec![2], vec![1, 3], vec![], vec![4], vec![0]];
        let mut groups = circles(&edges);
        for group in &mut groups {
            group.sort_unstable();
        }
        let at = |group: &[usize]| groups.iter().position(|known| known == group).unwrap();
        assert_eq!(groups.len(), 5);
        assert!(at(&[3]) < at(&[1, 2]) && at(&[1, 2]) < at(&[0]) && at(&[0]) < at(&[5]));
        let long: Vec<Vec<usize>> = (0..100_000).map(|place| vec![place + 1]).collect();
        assert_eq!(circles(&long).first(), Some(&vec![99_999]));
    }
}
