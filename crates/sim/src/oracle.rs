//! What each nation may have, by a reading of its own: this file shares no code with the rule.
//!
//! It knows what people did: who made which object, under which label, which programmes they had
//! adopted, and what was taken back. From that it says who may ever have had an object, and who must
//! have it when all is quiet.

use std::collections::{BTreeMap, BTreeSet};

use crate::liar::Evil;

/// TLP:GREEN and TLP:AMBER, as numbers that grow with what they restrict.
pub(crate) const GREEN: u8 = 1;
pub(crate) const AMBER: u8 = 2;

/// One text of a programme: who takes part, and what goes from whom to whom in its one area, `open`.
#[derive(Debug)]
pub(crate) struct Text {
    pub(crate) programme: &'static str,
    pub(crate) parties: &'static [&'static str],
    pub(crate) from: &'static [&'static str],
    pub(crate) to: &'static [&'static str],
    pub(crate) ceiling: u8,
}

const ALL: &[&str] = &["KOR", "USA", "GBR", "ITA", "DNK", "NLD", "CZE", "ROU", "POL"];
const NOT_DNK: &[&str] = &["KOR", "USA", "GBR", "ITA", "NLD", "CZE", "ROU", "POL"];
const FIVE: &[&str] = &["KOR", "USA", "GBR", "POL", "ROU"];
const FOUR: &[&str] = &["KOR", "NLD", "CZE", "ITA"];

/// Every text that a nation may have adopted: the first three replace each other.
pub(crate) const TEXTS: &[Text] = &[
    Text { programme: "nine", parties: ALL, from: ALL, to: ALL, ceiling: AMBER },
    Text { programme: "nine", parties: ALL, from: ALL, to: ALL, ceiling: GREEN },
    Text { programme: "nine", parties: NOT_DNK, from: NOT_DNK, to: NOT_DNK, ceiling: AMBER },
    Text { programme: "five", parties: FIVE, from: FIVE, to: FIVE, ceiling: AMBER },
    Text { programme: "four", parties: FOUR, from: &["KOR", "NLD"], to: FOUR, ceiling: GREEN },
];

/// The programmes.
pub(crate) const PROGRAMMES: [&str; 3] = ["nine", "five", "four"];

/// So many of [`TEXTS`] are of the first programme.
pub(crate) const TEXTS_OF_NINE: usize = 3;

/// An object as its maker labelled it.
#[derive(Clone, Debug)]
pub(crate) struct Made {
    /// The words that stand in it, in each of its strings one, and in nothing else.
    pub(crate) words: Vec<String>,
    /// Its id.
    pub(crate) id: String,
    /// Its maker.
    pub(crate) by: String,
    /// Whom it names.
    pub(crate) rel_to: BTreeSet<String>,
    /// Its TLP.
    pub(crate) tlp: u8,
    /// The programmes that it names.
    pub(crate) under: Vec<&'static str>,
    /// Whether it is of an exercise: those go over other channels than operations.
    pub(crate) exercise: bool,
    /// Ids that it mentions.
    pub(crate) mentions: Vec<String>,
    /// Its number among all that were made like it: a higher one is newer.
    pub(crate) number: usize,
    /// When it was made, in the order of all that happened.
    pub(crate) at: u64,
    /// Exactly what was brought.
    pub(crate) bytes: Vec<u8>,
    /// Whether it is one of those that differ between twin worlds.
    pub(crate) hidden: bool,
}

/// What people did.
#[derive(Clone, Debug, Default)]
pub(crate) struct Oracle {
    pub(crate) made: Vec<Made>,
    /// Which texts a nation had adopted since when: places in [`TEXTS`].
    pub(crate) adopted: BTreeMap<String, Vec<(u64, Vec<usize>)>>,
    /// Recalls: when, of which id, from whom.
    pub(crate) recalled: Vec<(u64, String, String)>,
    /// Revocations: when, by whom, of whom.
    pub(crate) revoked: Vec<(u64, String, String)>,
    /// Suspensions that last: by whom, of whom.
    pub(crate) suspended: BTreeSet<(String, String)>,
    /// The nation whose node lies, and since when.
    pub(crate) liar: Option<(String, u64)>,
    /// What it made up.
    pub(crate) evils: Vec<Evil>,
}

/// Objects by the words in them and by their ids, with their places among those made.
pub(crate) type Words<'a> = BTreeMap<&'a str, Vec<(usize, &'a Made)>>;

/// What one nation may and must have, by the place of the object among those made.
#[derive(Clone, Debug)]
pub(crate) struct Due {
    pub(crate) may: Vec<bool>,
    pub(crate) must: Vec<bool>,
}

impl Oracle {
    /// What `to` may ever have had: named, permitted at some time since, and of everything that an
    /// object mentions some version too. And what it must have when all is quiet: what surely was
    /// released to it, if nobody was shut out and it was not taken back. What waits is replaced by a
    /// newer version.
    pub(crate) fn due(&self, to: &str) -> Due {
        let may = self.closed(|made| {
            let texts = self.texts_since(&made.by, made.at);
            is_named(made, to) && texts.iter().any(|texts| permit(texts, made, to))
        });
        let mut newest: BTreeMap<&str, usize> = BTreeMap::new();
        for made in &self.made {
            let number = newest.entry(&made.id).or_default();
            *number = made.number.max(*number);
        }
        let must = self.closed(|made| {
            let back = |(_, id, from): &(u64, String, String)| *id == made.id && from == to;
            let texts = self.texts_since(&made.by, made.at);
            let lies = self.liar.as_ref().is_some_and(|(liar, _)| *liar == made.by);
            is_named(made, to)
                && texts.iter().all(|texts| permit(texts, made, to))
                && !lies
                && !self.is_shut(&made.by, to)
                && !self.recalled.iter().any(back)
                && newest.get(made.id.as_str()) == Some(&made.number)
        });
        Due { may, must }
    }

    /// What was made up and bears this word.
    pub(crate) fn evil_of(&self, word: &str) -> Option<&Evil> {
        self.evils.iter().find(|evil| evil.word == word)
    }

    /// Whether a nation's node lies.
    pub(crate) fn lies(&self, nation: &str) -> bool {
        self.liar.as_ref().is_some_and(|(liar, _)| liar == nation)
    }

    /// The texts that a nation had adopted at some time from then on.
    fn texts_since(&self, nation: &str, at: u64) -> Vec<&[usize]> {
        let all = self.adopted.get(nation).map_or(&[][..], Vec::as_slice);
        let before = all.iter().rposition(|(since, _)| *since <= at).unwrap_or(0);
        all.iter().skip(before).map(|(_, texts)| texts.as_slice()).collect()
    }

    /// Whether one of two nations has shut the other out.
    pub(crate) fn is_shut(&self, one: &str, other: &str) -> bool {
        let out = |by: &str, of: &str| {
            self.revoked.iter().any(|(_, b, o)| b == by && o == of)
                || self.suspended.contains(&(by.to_owned(), of.to_owned()))
        };
        out(one, other) || out(other, one)
    }

    /// The most objects of which each is `alone` and mentions only ids of which some version is among
    /// them.
    fn closed(&self, alone: impl Fn(&Made) -> bool) -> Vec<bool> {
        let mut all: Vec<bool> = self.made.iter().map(alone).collect();
        loop {
            let in_it = self.made.iter().zip(&all).filter(|(_, in_it)| **in_it);
            let ids: BTreeSet<(&str, &str)> =
                in_it.map(|(made, _)| (made.id.as_str(), made.by.as_str())).collect();
            let keeps = |(made, in_it): (&Made, &bool)| {
                *in_it && made.mentions.iter().all(|id| ids.contains(&(id.as_str(), &made.by)))
            };
            let next: Vec<bool> = self.made.iter().zip(&all).map(keeps).collect();
            if next == all {
                return all;
            }
            all = next;
        }
    }

    /// The objects by the words in them and by their ids, with their places. An id is that of several.
    pub(crate) fn by_word(&self) -> Words<'_> {
        let mut by_word = Words::new();
        for (place, made) in self.made.iter().enumerate() {
            let id = made.id.split_once("--").map_or("", |(_, uuid)| uuid);
            for word in made.words.iter().map(String::as_str).chain([id]) {
                by_word.entry(word).or_default().push((place, made));
            }
        }
        by_word
    }
}

fn is_named(made: &Made, to: &str) -> bool {
    made.by != to && made.rel_to.contains(to) && !made.exercise
}

/// Whether each programme that an object names permits it.
fn permit(texts: &[usize], made: &Made, to: &str) -> bool {
    let permits = |programme: &&str| {
        let adopted = texts.iter().filter_map(|text| TEXTS.get(*text));
        let text = adopted.into_iter().find(|text| text.programme == *programme);
        text.is_some_and(|text| {
            text.from.contains(&made.by.as_str())
                && text.to.contains(&to)
                && made.tlp <= text.ceiling
        })
    };
    !made.under.is_empty() && made.under.iter().all(permits)
}
