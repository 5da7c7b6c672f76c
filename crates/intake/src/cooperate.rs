//! What nations do together: what is here of it, and what this nation says.
//!
//! Invariants:
//! * What this nation says comes in by the same door as everything else, under a label; a step that may
//!   not follow is refused before anything is appended.
//! * What belongs to an exercise is not seen in operations, nor the other way round.

use entente_cooperation::agreement::Agreement;
use entente_cooperation::content::{Content, Proposal};
use entente_cooperation::filed::{Filed, Head, Place, millis, write};
use entente_cooperation::picture::follows;
use entente_cooperation::terms::{ProposalKind, ProposalState};
use entente_cooperation::{Picture, Standing, assistance, cap};
use entente_log::journal::Journal as _;
use entente_object::id::Id;
use entente_object::time::Timestamp;
use entente_release::name::ExerciseId;
use entente_release::{Label, Nation};
use std::time::Duration;
use uuid::Uuid;

use crate::acts::{ImportAct, LeavesAct, ProgrammeAct, RecalledAct, kind};
use crate::desk::{Desk, IntakeError};
use crate::label::Applied;
use crate::prepare::prepare;
use crate::receive::{leaves_of, read_act};
use crate::take::Outcome;

/// What this nation is about to say.
#[derive(Clone, Debug)]
pub struct Saying {
    /// The object that it is a new version of; none: it is a new one.
    pub id: Option<String>,
    /// What.
    pub content: Content,
    /// Its label; none: as the version before.
    pub label: Option<Applied>,
    /// Who says it.
    pub author: Option<String>,
    /// For the id of a new object: random.
    pub uuid: Uuid,
}

/// What became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// The object's id.
    pub id: String,
    /// Its label, as people write it.
    pub label: String,
    /// The nations that received it at once.
    pub released: Vec<Nation>,
    /// The nations that receive it when something else has happened.
    pub held: Vec<Nation>,
}

/// What was put together, and up to where.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    picture: Picture,
    /// The last object that is in it.
    last: Option<u64>,
    /// How many times something was taken back from here.
    taken_back: u64,
}

impl Desk {
    /// All that nations said, as it is here now.
    pub fn picture(&mut self) -> Result<&Picture, IntakeError> {
        let mut seen = std::mem::take(&mut self.seen);
        let added = self.add_to(&mut seen);
        self.seen = seen;
        added?;
        Ok(&self.seen.picture)
    }

    fn add_to(&self, seen: &mut Seen) -> Result<(), IntakeError> {
        let mut objects = Vec::new();
        self.home.each_record((seen.last, None), &mut |one| {
            objects.push(one);
            Ok(true)
        })?;
        for one in objects {
            seen.last = Some(one.seq);
            let label = self.label_of(one.label, &[]);
            if label.exercise != self.channel.exercise {
                continue;
            }
            let at = Timestamp::from_unix_micros(one.version);
            let place = Place { seq: one.seq, label: one.label, digest: one.digest, given: at };
            // An object that does not say what its type says was refused when it came.
            if let Ok(mut filed) = Filed::read(&one.bytes, one.bringer, place) {
                if matches!(filed.content, Content::SignOff(_)) && filed.by != self.here {
                    filed.place.given = self.given(&filed)?;
                }
                seen.picture.add(filed);
            }
        }
        let recalled = self.home.acts_after(kind::RECALLED, seen.taken_back, u64::MAX)?;
        for (seq, act) in recalled {
            seen.taken_back += 1;
            let act: RecalledAct = read_act(seq, kind::RECALLED, &act.json)?;
            let digest = crate::decide::unhex(&act.digest).and_then(|d| d.try_into().ok());
            if let (Ok(nation), Some(digest)) = (act.nation.parse(), digest) {
                seen.picture.take_back(&act.id, nation, &digest);
            }
        }
        for nation in self.peers.keys() {
            if let Some(until) = self.heard(*nation)? {
                seen.picture.hear(*nation, until);
            }
        }
        seen.picture.hear(self.here, self.now());
        Ok(())
    }

    /// When a partner's node gave an object, by its own ledger; of a partner without a node, when it
    /// was here at the latest.
    fn given(&self, filed: &Filed) -> Result<Timestamp, IntakeError> {
        let kind = kind::leaves(filed.by);
        if let Some((seq, act)) = self.home.first_act_after(&kind, filed.place.seq)? {
            let act: LeavesAct = read_act(seq, &kind, &act.json)?;
            let leaf = leaves_of(&act).find(|leaf| leaf.object == filed.place.digest);
            if let Some(leaf) = leaf {
                return Ok(Timestamp::from_unix_micros(leaf.added));
            }
        }
        let here_by = self.home.here_by(filed.place.seq, entente_release::PartnerSet::NONE)?;
        Ok(here_by.map_or(Timestamp::from_unix_micros(i64::MAX), Timestamp::from_unix_micros))
    }

    /// Until when all that a partner's node gave is here: by its last entry, and by the last epoch of
    /// it, which commits to what was received.
    fn heard(&self, nation: Nation) -> Result<Option<Timestamp>, IntakeError> {
        let entry = self.received_from(nation)?.map(|act| act.added);
        let epoch = self.epochs_of(nation)?.map(|act| act.at.saturating_mul(1_000_000));
        Ok(entry.max(epoch).map(Timestamp::from_unix_micros))
    }

    /// Says something. With `dry`, says what would become of it, and appends nothing.
    pub fn say(&mut self, saying: &Saying, dry: bool) -> Result<Told, IntakeError> {
        self.alone(|desk| desk.say_alone(saying, dry))
    }

    /// Says several things, or none of them: each is tried before the first is said. An error comes with
    /// the number of the saying that it is about.
    pub fn say_all(
        &mut self,
        sayings: &[Saying],
        dry: bool,
    ) -> Result<Vec<Told>, (usize, IntakeError)> {
        let mut at = 0;
        let told = self.alone(|desk| {
            let mut told = Vec::new();
            for dry in [true].into_iter().chain((!dry).then_some(false)) {
                told.clear();
                for (index, saying) in sayings.iter().enumerate() {
                    at = index;
                    told.push(desk.say_alone(saying, dry)?);
                }
            }
            Ok(told)
        });
        told.map_err(|cause| (at, cause))
    }

    fn say_alone(&mut self, saying: &Saying, dry: bool) -> Result<Told, IntakeError> {
        let here = self.here;
        let (head, label) = self.head(saying)?;
        if let Content::Alert(alert) = &saying.content {
            cap::wall(&alert.status, label.exercise.as_ref().map(ExerciseId::as_str))?;
        }
        if let (Content::Assistance(message), None) = (&saying.content, &saying.id) {
            assistance::may_send(self.picture()?, here, message)?;
        }
        let object = prepare(write(&head, &saying.content))
            .map_err(|(refused, _)| IntakeError::Refused(Box::new(refused)))?;
        let mut told =
            Told { id: head.id, label: label.shown(here), released: Vec::new(), held: Vec::new() };
        if dry {
            let mut summary = crate::decide::Summary::default();
            self.preview(vec![object], here, Some(&label), &mut summary)?;
            told.released = summary.groups.into_keys().flat_map(|(_, _, goes)| goes).collect();
            return Ok(told);
        }
        let first = self.home.tip().next;
        match self.take(vec![object], here, Some(&label))?.outcomes.pop() {
            Some(Outcome::Taken { released, held, .. }) => {
                told.released = self.nations(released).iter().collect();
                told.held = self.nations(held).iter().collect();
            }
            Some(Outcome::Refused(refused)) => return Err(IntakeError::Refused(Box::new(refused))),
            Some(Outcome::Same) | None => {}
        }
        if let Some(author) = &saying.author {
            let act = ImportAct { author: author.clone(), first, end: self.home.tip().next };
            self.record(kind::IMPORT, &act)?;
        }
        Ok(told)
    }

    /// The head and the label of what is said, if it may be said.
    fn head(&mut self, saying: &Saying) -> Result<(Head, Applied), IntakeError> {
        let (by, now) = (self.here, millis(self.now()));
        let Some(id) = &saying.id else {
            follows(None, &saying.content)?;
            let id = format!("{}--{}", saying.content.type_name(), saying.uuid);
            let label = saying.label.clone().ok_or(IntakeError::NoLabel)?;
            return Ok((Head { id, by, created: now, modified: now }, label));
        };
        let before = self.picture()?.get(id).cloned();
        let before = before.ok_or_else(|| IntakeError::NoObject(id.clone()))?;
        if before.by != by {
            return Err(IntakeError::NotOurs { id: before.id, by: before.by });
        }
        follows(Some(&before.content), &saying.content)?;
        let kept = || Applied::from(&self.label_of(before.place.label, &[]));
        let label = saying.label.clone().unwrap_or_else(kept);
        let after = millis(before.modified.saturating_add(Duration::from_millis(1)));
        Ok((Head { id: before.id, by, created: before.created, modified: now.max(after) }, label))
    }

    /// Records how this nation's own proposals were settled, where that is clear now; and adopts the
    /// versions of programmes that all parties agreed to and that count by now. Gives what was settled.
    pub fn settle(&mut self) -> Result<Vec<(String, ProposalState)>, IntakeError> {
        self.alone(|desk| {
            let (now, here) = (desk.now(), desk.here);
            let mut due: Vec<(String, Proposal)> = Vec::new();
            let picture = desk.picture()?;
            for (filed, proposal) in picture.all::<Proposal>() {
                let Some(found) = picture.agreement(&filed.id, now) else { continue };
                if let Some((state, result)) =
                    found.settles(proposal, now).filter(|_| filed.by == here)
                {
                    let settled = Proposal { state, result: Some(result), ..proposal.clone() };
                    due.push((filed.id.clone(), settled));
                }
            }
            let mut done = Vec::new();
            for (id, proposal) in due {
                let state = proposal.state;
                let saying = Saying {
                    id: Some(id.clone()),
                    content: Content::Proposal(proposal),
                    label: None,
                    author: None,
                    uuid: Uuid::nil(),
                };
                desk.say_alone(&saying, false)?;
                done.push((id, state));
            }
            desk.adopt_agreed()?;
            Ok(done)
        })
    }

    /// Adopts the newest version of each programme that all parties agreed to, this nation among them,
    /// from the time on from which it counts.
    fn adopt_agreed(&mut self) -> Result<(), IntakeError> {
        let (now, here) = (self.now(), self.here);
        let mut texts: Vec<(Timestamp, String)> = Vec::new();
        let picture = self.picture()?;
        for (filed, proposal) in picture.all::<Proposal>() {
            let agreed = |found: Agreement| {
                found.standing == Standing::Accepted && found.signatories().any(|one| one == here)
            };
            let counts = proposal.valid_from.is_none_or(|from| from <= now);
            if proposal.kind == ProposalKind::Programme
                && counts
                && picture.agreement(&filed.id, now).is_some_and(agreed)
            {
                texts.push((proposal.valid_from.unwrap_or(filed.created), proposal.text.clone()));
            }
        }
        texts.sort();
        for (_, text) in texts {
            self.adopt_text(&text)?;
        }
        Ok(())
    }

    /// Adopts a text, unless it was adopted before: what was replaced since stays replaced.
    fn adopt_text(&mut self, text: &str) -> Result<(), IntakeError> {
        let acts: Vec<ProgrammeAct> = crate::desk::every(&self.home, kind::PROGRAMME)?;
        if acts.iter().any(|act| act.text == text) {
            return Ok(());
        }
        let Ok(programme) = entente_programme::Programme::parse(text, "programme.toml") else {
            return Ok(());
        };
        let is_it = |act: &&ProgrammeAct| {
            let known = entente_programme::Programme::parse(&act.text, &act.file);
            known.is_ok_and(|known| known.id() == programme.id())
        };
        let file = acts.iter().rfind(is_it).map(|act| act.file.clone());
        let file = file.unwrap_or_else(|| format!("{}.toml", programme.id()));
        self.adopt_programme(&ProgrammeAct { file, text: text.to_owned() })
    }
}

impl From<&Label> for Applied {
    fn from(label: &Label) -> Self {
        Self {
            tlp: Some(label.tlp),
            rel_to: label.rel_to.clone(),
            under: label.under.clone(),
            caveats: label.caveats.clone(),
            actions: label.actions,
            exercise: label.exercise.clone(),
            window: label.window,
        }
    }
}

/// The object that a person means by a text: its id, the beginning of its UUID, or a type with it.
pub fn meant(picture: &Picture, text: &str) -> Result<String, IntakeError> {
    if Id::parse(text).is_ok() && picture.get(text).is_some() {
        return Ok(text.to_owned());
    }
    match picture.meant(text).as_slice() {
        [one] => Ok(one.id.clone()),
        [] => Err(IntakeError::NoObject(text.to_owned())),
        several => Err(IntakeError::Ambiguous {
            text: text.to_owned(),
            ids: several.iter().take(5).map(|one| one.id.clone()).collect(),
        }),
    }
}
