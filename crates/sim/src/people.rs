//! What people do: they make objects, take them back, hold partners out, and adopt programmes.
//!
//! Invariants:
//! * What is done is told to the oracle as it was done.
//! * What only twin worlds differ in takes its numbers from dice of its own: nothing else of a world
//!   depends on it.

use std::collections::BTreeSet;

use anyhow::{Context as _, Result};
use entente_intake::acts::ProgrammeAct;
use entente_intake::{Applied, Desk, prepare};
use entente_object::marking::Tlp;
use entente_release::label::{PermittedActions, Under, Window};
use entente_release::{Nation, NationSet};

use crate::defect::Defect;
use crate::dice::Dice;
use crate::disk;
use crate::oracle::{AMBER, GREEN, Made, PROGRAMMES, TEXTS, TEXTS_OF_NINE, Text};
use crate::world::{NATIONS, World};

/// The exercise that some objects are of, and some partners are enrolled in.
pub(crate) const EXERCISE: &str = "ex24";

/// The numbers of the ids of what twin worlds differ in: 64 for each nation.
const HIDDEN_IDS: u64 = 0x0080_0000;

/// What stands on all objects of a batch.
#[derive(Clone, Debug)]
struct Put {
    by: Nation,
    tlp: Tlp,
    rel_to: Vec<&'static str>,
    under: Vec<&'static str>,
    exercise: bool,
    hidden: bool,
    on_a_full_disk: bool,
}

impl World {
    /// A nation brings a few objects, now and then with names of what it brought before, or anew.
    pub(crate) fn make(&mut self) -> Result<()> {
        let at = self.any();
        let by = self.nodes.get(at).context("a node")?.nation;
        let tlp = self.dice.of(&[Tlp::Clear, Tlp::Green, Tlp::Green, Tlp::Amber, Tlp::Red]);
        let rarely = 2 + self.dice.below(4);
        let rel_to = NATIONS.into_iter().filter(|_| !self.dice.once_in(rarely)).collect();
        let under = match self.dice.below(8) {
            0 => vec!["five"],
            1 => vec!["four"],
            2 => vec!["five", "nine"],
            _ => vec!["nine"],
        };
        let exercise = self.dice.once_in(15);
        let on_a_full_disk = self.dice.once_in(12);
        let tlp = tlp.unwrap_or(Tlp::Red);
        let put = Put { by, tlp, rel_to, under, exercise, hidden: false, on_a_full_disk };
        let count = 1 + self.dice.below(4);
        let mut made = Vec::new();
        for _ in 0..count {
            let own = self.oracle.made.iter().chain(&made).filter(|made| made.by == by.as_str());
            let own: Vec<&String> = own.filter(|made| !made.hidden).map(|made| &made.id).collect();
            let number = self.made + made.len();
            let old = own.get(self.dice.place(4 * own.len())).map(|id| String::clone(id));
            let id = old.unwrap_or_else(|| id(u64::try_from(number).unwrap_or(0)));
            let mut mentions = Vec::new();
            if self.dice.once_in(3) {
                mentions.extend(own.get(self.dice.place(own.len())).map(|id| String::clone(id)));
            }
            if self.dice.once_in(12) {
                // Whether there is such an object is what twin worlds differ in.
                mentions.push(hidden_id(by, self.dice.below(16)));
            }
            mentions.retain(|mentioned| *mentioned != id);
            made.push(self.one(&put, (id, mentions), number));
        }
        self.made += made.len();
        self.bring(at, &put, made)
    }

    /// Something that the watched nation may not know of, or nothing.
    pub(crate) fn hide(&mut self) -> Result<()> {
        if !self.hidden.once_in(5) {
            return Ok(());
        }
        let nodes: Vec<usize> = (0..self.nodes.len()).collect();
        let at = self.hidden.of(&nodes).context("a node")?;
        let by = self.nodes.get(at).context("a node")?.nation;
        if by == self.watched {
            return Ok(());
        }
        let taken: Vec<&Made> = self.oracle.made.iter().filter(|made| made.hidden).collect();
        let old = taken.get(self.hidden.place(3 * taken.len())).map(|old| Made::clone(old));
        if let Some(old) = old {
            let from = self.nodes.get(self.hidden.place(self.nodes.len() - 1)).context("a node")?;
            let from = from.nation;
            if from != self.watched && old.by != from.as_str() {
                return self.take_back(&old, from);
            }
        }
        let watched = self.watched;
        let others = NATIONS.into_iter().filter(|code| *code != watched.as_str());
        let (how, tlp) = (self.hidden.below(4), self.hidden.of(&[Tlp::Clear, Tlp::Green]));
        let plain = Put {
            by,
            tlp: tlp.unwrap_or(Tlp::Green),
            rel_to: others.collect(),
            under: vec!["nine"],
            exercise: false,
            hidden: true,
            on_a_full_disk: false,
        };
        let named = |put: Put| Put { rel_to: NATIONS.to_vec(), ..put };
        let put = match how {
            0 => named(Put { tlp: Tlp::Red, ..plain }),
            1 => named(Put { exercise: true, ..plain }),
            _ => plain,
        };
        let mut made = Vec::new();
        for _ in 0..=self.hidden.below(3) {
            let number = self.made_hidden;
            self.made_hidden += 1;
            let id = hidden_id(by, self.hidden.below(16));
            // A batch has an id once.
            if made.iter().all(|one: &Made| one.id != id) {
                made.push(self.one(&put, (id, Vec::new()), number));
            }
        }
        self.bring(at, &put, made)
    }

    fn one(&mut self, put: &Put, (id, mentions): (String, Vec<String>), number: usize) -> Made {
        // Twin worlds have other words in what they differ in.
        let apart = if put.hidden { (2 + self.setup.twin) << 32 } else { 0 };
        let mut words = Dice::new(apart + u64::try_from(number).unwrap_or(0));
        let [name, told, alias] = [(); 3].map(|()| format!("zq{:016x}z", words.next()));
        let seen = mentions.iter().fold(String::new(), |seen, id| seen + ", see " + id);
        let bytes = format!(
            "{{\"type\":\"malware\",\"spec_version\":\"2.1\",\"id\":\"{id}\",\"created\":\
             \"2023-12-01T00:00:00.000Z\",\"modified\":\"{}\",\"is_family\":false,\"name\":\
             \"{name}\",\"description\":\"{told} made in a simulation{seen}\",\"aliases\":[\"{alias}\"]}}",
            version(number)
        );
        Made {
            id,
            by: put.by.to_string(),
            rel_to: put.rel_to.iter().map(|code| (*code).to_owned()).collect(),
            tlp: level(put.tlp),
            under: put.under.clone(),
            exercise: put.exercise,
            mentions,
            number,
            at: self.at,
            bytes: bytes.into_bytes(),
            hidden: put.hidden,
            words: vec![name, told, alias],
        }
    }

    fn bring(&mut self, at: usize, put: &Put, made: Vec<Made>) -> Result<()> {
        let mut batch = Vec::new();
        for one in &made {
            let prepared = prepare(one.bytes.clone());
            batch.push(prepared.map_err(|(refused, _)| anyhow::anyhow!("{refused}"))?);
        }
        self.trace.note(format_args!("{} brings {} {put:?}", put.by, made.len()));
        self.oracle.made.extend(made);
        let mut applied = applied(put)?;
        if self.defect(Defect::Leak) {
            applied.rel_to = NATIONS.iter().map(|code| code.parse()).collect::<Result<_, _>>()?;
        }
        if self.defect(Defect::TellsLog) {
            tracing::info!(
                "{} bring {:?}",
                put.by,
                batch.first().map(|one| { String::from_utf8_lossy(&one.bytes).into_owned() })
            );
        }
        let (by, trace, half_done) = (put.by, self.trace.clone(), self.defect(Defect::HalfDone));
        self.nodes.get_mut(at).context("a node")?.at_desk(|desk| {
            let take = |desk: &mut Desk| desk.take(batch.clone(), by, Some(&applied)).map(drop);
            if put.on_a_full_disk {
                let refused = disk::on_a_full_disk(desk, |desk| {
                    let refused = take(desk);
                    if half_done && refused.is_err() {
                        desk.home_mut().grows(true)?;
                        desk.record("half", &"done")?;
                    }
                    refused
                })?;
                trace.note(format_args!("the disk of {by} is full: refused {refused}"));
                if !refused {
                    return Ok(());
                }
            }
            Ok(take(desk)?)
        })
    }

    pub(crate) fn recall(&mut self) -> Result<()> {
        let made: Vec<&Made> = self.oracle.made.iter().filter(|made| !made.hidden).collect();
        let picked = made.get(self.dice.place(made.len())).map(|made| Made::clone(made));
        let Some(made) = picked else { return Ok(()) };
        let (_, other) = self.two();
        let from = self.nodes.get(other).context("a node")?.nation;
        if from.as_str() == made.by { Ok(()) } else { self.take_back(&made, from) }
    }

    fn take_back(&mut self, made: &Made, from: Nation) -> Result<()> {
        self.trace.note(format_args!("{} takes {} back from {from}", made.by, made.id));
        self.oracle.recalled.push((self.at, made.id.clone(), from.to_string()));
        let node = self.nodes.iter_mut().find(|node| node.nation.as_str() == made.by);
        let nations: NationSet = [from].into_iter().collect();
        node.context("a maker")?.at_desk(|desk| {
            desk.recall(&made.id, &nations, ("simulated", None))?;
            Ok(())
        })
    }

    /// A partner is suspended for now, or takes part again.
    pub(crate) fn stand(&mut self) -> Result<()> {
        let (one, other) = self.two();
        let of = self.nodes.get(other).context("a node")?.nation;
        let node = self.nodes.get_mut(one).context("a node")?;
        let by = node.nation;
        let pair = (by.to_string(), of.to_string());
        if self.oracle.revoked.iter().any(|(_, by, of)| (by, of) == (&pair.0, &pair.1)) {
            return Ok(());
        }
        let suspended = self.oracle.suspended.contains(&pair);
        let to = if suspended { "active" } else { "suspended" };
        self.trace.note(format_args!("{by} holds {of} {to}"));
        node.at_desk(|desk| {
            desk.change_partner(of, |act| to.clone_into(&mut act.standing))?;
            Ok(())
        })?;
        self.net.wire.shut(by, of, !suspended);
        if suspended {
            self.oracle.suspended.remove(&pair);
        } else {
            self.oracle.suspended.insert(pair);
        }
        Ok(())
    }

    pub(crate) fn revoke(&mut self) -> Result<()> {
        if self.oracle.revoked.len() >= 2 {
            return Ok(());
        }
        let (one, other) = self.two();
        let of = self.nodes.get(other).context("a node")?.nation;
        let ignored = self.defect(Defect::Revocation);
        let node = self.nodes.get_mut(one).context("a node")?;
        let by = node.nation;
        self.trace.note(format_args!("{by} revokes {of}"));
        self.oracle.revoked.push((self.at, by.to_string(), of.to_string()));
        self.net.wire.shut(by, of, true);
        if ignored {
            return Ok(());
        }
        node.at_desk(|desk| {
            if desk.change_partner(of, |act| "revoked".clone_into(&mut act.standing)).is_err() {
                // It was revoked before.
            }
            Ok(())
        })
    }

    /// A nation adopts another text of the programme of the nine: from now on that counts.
    pub(crate) fn adopt(&mut self) -> Result<()> {
        let at = self.any();
        let nine: Vec<usize> = (0..TEXTS_OF_NINE).collect();
        let text = self.dice.of(&nine).unwrap_or(0);
        let ignored = self.defect(Defect::Programme);
        let node = self.nodes.get_mut(at).context("a node")?;
        self.trace.note(format_args!("{} adopts text {text}", node.nation));
        let known = self.oracle.adopted.entry(node.nation.to_string()).or_default();
        let mut texts = known.last().map(|(_, texts)| texts.clone()).unwrap_or_default();
        texts.retain(|text| *text >= TEXTS_OF_NINE);
        texts.push(text);
        known.push((self.at, texts));
        if ignored {
            return Ok(());
        }
        let act = programme(TEXTS.get(text).context("a text")?);
        node.at_desk(|desk| Ok(desk.adopt_programme(&act)?))
    }

    /// A partner takes part in the exercise as well: that opens nothing in operations.
    pub(crate) fn enrol(&mut self) -> Result<()> {
        let (one, other) = self.two();
        let of = self.nodes.get(other).context("a node")?.nation;
        let node = self.nodes.get_mut(one).context("a node")?;
        self.trace.note(format_args!("{} enrols {of}", node.nation));
        node.at_desk(|desk| {
            if desk.change_partner(of, |act| act.exercises = vec![EXERCISE.to_owned()]).is_err() {
                // It was revoked.
            }
            Ok(())
        })
    }

    pub(crate) fn review_one(&mut self) -> Result<()> {
        let at = self.any();
        let node = self.nodes.get_mut(at).context("a node")?;
        self.trace.note(format_args!("{} reviews", node.nation));
        node.at_desk(review)
    }
}

/// Decides anew about everything.
pub(crate) fn review(desk: &mut Desk) -> Result<()> {
    desk.review(true, &mut |_| ())?;
    Ok(())
}

/// A text as a programme file.
pub(crate) fn programme(text: &Text) -> ProgrammeAct {
    let quoted = |codes: &[&str]| {
        codes.iter().map(|code| format!("\"{code}\"")).collect::<Vec<_>>().join(", ")
    };
    let ceiling = if text.ceiling == GREEN { "green" } else { "amber" };
    let party = |code: &&str| format!("[[party]]\nnation = \"{code}\"\nname = \"{code}\"\n");
    let parties = text.parties.iter().map(party).collect::<Vec<_>>().join("\n");
    let (id, from, to) = (text.programme, quoted(text.from), quoted(text.to));
    let text = format!(
        "format = 1\n\n[programme]\nid = \"{id}\"\ntitle = \"Made up\"\nversion = \"1\"\n\
         source = \"made up for simulations\"\n\
         in_force = {{ from = 2023-01-01, until = 2030-12-31 }}\n\n\
         [[area]]\nid = \"open\"\nnumber = 1\ntitle = \"Open\"\n\n[[area.terms]]\n\
         from = [{from}]\nto = [{to}]\nceiling = \"{ceiling}\"\ntypes = [\"any\"]\nreleasers = 0\n\n\
         {parties}"
    );
    ProgrammeAct { file: format!("{id}.toml"), text }
}

/// The programmes that every nation begins with: places in [`TEXTS`].
pub(crate) fn first_texts() -> Vec<usize> {
    let first = |id: &&str| TEXTS.iter().position(|text| text.programme == *id);
    PROGRAMMES.iter().filter_map(first).collect()
}

fn id(number: u64) -> String {
    let mixed = Dice::new(number).next() >> 32;
    format!("malware--{mixed:08x}-c0de-4c0d-8c0d-{number:012x}")
}

fn hidden_id(by: Nation, slot: u64) -> String {
    let place = NATIONS.iter().position(|code| *code == by.as_str()).unwrap_or(0);
    id(HIDDEN_IDS + 64 * u64::try_from(place).unwrap_or(0) + slot)
}

/// A time that grows with the number of the object.
fn version(number: usize) -> String {
    let (days, seconds) = (number / 86_400, number % 86_400);
    let (hours, minutes) = (seconds / 3_600, seconds / 60 % 60);
    format!("2024-01-{:02}T{hours:02}:{minutes:02}:{:02}.000Z", 1 + days % 28, seconds % 60)
}

fn level(tlp: Tlp) -> u8 {
    match tlp {
        Tlp::Clear => 0,
        Tlp::Green => GREEN,
        Tlp::Amber => AMBER,
        Tlp::AmberStrict => AMBER + 1,
        Tlp::Red => AMBER + 2,
    }
}

fn applied(put: &Put) -> Result<Applied> {
    let nations: Result<BTreeSet<Nation>, _> = put.rel_to.iter().map(|code| code.parse()).collect();
    let mut under = BTreeSet::new();
    for programme in &put.under {
        under.insert(Under { programme: programme.parse()?, area: "open".parse()? });
    }
    let exercise = put.exercise.then(|| EXERCISE.parse()).transpose()?;
    Ok(Applied {
        tlp: Some(put.tlp),
        rel_to: nations?.into_iter().collect(),
        under,
        caveats: [].into(),
        actions: PermittedActions::ExternallyVisibleDirect,
        exercise,
        window: Window::default(),
    })
}
