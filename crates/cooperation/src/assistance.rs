//! Asking for help and giving it: the messages of EDXL-RM 1.0 as steps between two nations.
//!
//! An exchange is all messages with the same beginning. It has one thread for each nation on the other side of
//! who began it: nations decide one by one, and what one does binds no other. In a thread one nation is the
//! user of what is given, the other its supplier.
//!
//! Invariants:
//! * [`next`] is total: a message that is not legal for this side in this stage is refused, with those that are.
//! * What the messages come to is a function of their set. A message that another nation may not send is a
//!   fault that changes nothing; what answers something that is not here is not judged.

use std::collections::{BTreeMap, BTreeSet};

use entente_object::time::Timestamp;
use entente_release::Nation;

use crate::content::Assistance;
use crate::filed::Filed;
use crate::picture::Picture;
use crate::terms::AssistanceAnswer::{Accept, Decline, Provisional};
use crate::terms::{AssistanceAnswer, AssistanceMessage as Message};

/// How it stands between two nations.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stage {
    /// Only questions so far.
    Inquired,
    /// Help is asked for.
    Asked,
    /// Help is offered that was not asked for, or at a price that was.
    Offered,
    /// The supplier can give it.
    Accepted,
    /// The supplier does not know yet.
    Provisional,
    /// The supplier does not give it.
    Declined,
    /// The user orders it.
    Ordered,
    /// The supplier will give it.
    Committed,
    /// It is on its way, or there.
    UnderWay,
    /// The user needs it no more.
    Released,
}

impl Stage {
    /// All of them, in their order.
    pub const ALL: [Self; 10] = [
        Self::Inquired,
        Self::Asked,
        Self::Offered,
        Self::Accepted,
        Self::Provisional,
        Self::Declined,
        Self::Ordered,
        Self::Committed,
        Self::UnderWay,
        Self::Released,
    ];

    /// As it is written.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Inquired => "inquired",
            Self::Asked => "asked",
            Self::Offered => "offered",
            Self::Accepted => "accepted",
            Self::Provisional => "provisional",
            Self::Declined => "declined",
            Self::Ordered => "ordered",
            Self::Committed => "committed",
            Self::UnderWay => "under-way",
            Self::Released => "released",
        }
    }

    fn is_one_of(self, stages: &[Self]) -> bool {
        stages.contains(&self)
    }
}

impl std::fmt::Display for Stage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.as_str())
    }
}

/// On which side a nation is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Side {
    /// Who needs help: EDXL-RM's resource consumer.
    User,
    /// Who gives it: its resource supplier.
    Supplier,
}

impl Side {
    /// The other one.
    #[must_use]
    pub fn other(self) -> Self {
        match self {
            Self::User => Self::Supplier,
            Self::Supplier => Self::User,
        }
    }

    /// As it is written.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Supplier => "supplier",
        }
    }
}

/// Something that waits for an answer beside the stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Question {
    /// Of whatever.
    Information,
    /// What it would cost.
    Quote,
    /// How far it is on its way.
    Status,
    /// Whether it can stay for longer.
    Extension,
    /// Whether it can go back.
    Return,
}

impl Question {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::Information, Self::Quote, Self::Status, Self::Extension, Self::Return];

    /// As it is written.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Information => "information",
            Self::Quote => "quote",
            Self::Status => "status",
            Self::Extension => "extension",
            Self::Return => "return",
        }
    }
}

/// The questions that wait, each with who asked.
pub type Waiting = BTreeSet<(Question, Side)>;

/// Where a message leads, and which question it asks or settles.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// The stage after it.
    pub stage: Stage,
    /// What it asks.
    pub asks: Option<Question>,
    /// What it settles, of what the other side asked.
    pub settles: Option<Question>,
}

/// A message may not be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// Which.
    pub message: Message,
    /// What it answered, if it is an answer.
    pub answer: Option<AssistanceAnswer>,
    /// By whom it would be.
    pub side: Side,
    /// How it stands.
    pub stage: Stage,
    /// What this side may send.
    pub legal: Vec<Message>,
}

impl std::error::Error for Refused {}

impl std::fmt::Display for Refused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { message, answer, side, stage, legal } = self;
        let side = side.as_str();
        if answer.is_none() && legal.contains(message) {
            return write!(f, "a {message} has to say Accept, Decline or Provisional");
        }
        write!(f, "the {side} cannot send {message} while this is {stage}: ")?;
        match legal.as_slice() {
            [] => write!(f, "it is over for the {side}"),
            [one] => write!(f, "the {side} can send {one}"),
            several => {
                let names: Vec<&str> = several.iter().map(|one| one.as_str()).collect();
                write!(f, "the {side} can send one of {}", names.join(", "))
            }
        }
    }
}

/// Where a message leads, or why it may not be sent.
pub fn next(
    (stage, waiting): (Stage, &Waiting),
    side: Side,
    message: Message,
    answer: Option<AssistanceAnswer>,
) -> Result<Step, Refused> {
    step((stage, waiting), side, message, answer).ok_or_else(|| Refused {
        message,
        answer,
        side,
        stage,
        legal: legal((stage, waiting), side),
    })
}

/// The messages that a side may send, in the order of EDXL-RM.
pub fn legal((stage, waiting): (Stage, &Waiting), side: Side) -> Vec<Message> {
    let some_way = |message: &Message| {
        [None, Some(Accept), Some(Decline), Some(Provisional)]
            .into_iter()
            .any(|answer| step((stage, waiting), side, *message, answer).is_some())
    };
    Message::ALL.iter().copied().filter(some_way).collect()
}

fn step(
    (stage, waiting): (Stage, &Waiting),
    side: Side,
    message: Message,
    answer: Option<AssistanceAnswer>,
) -> Option<Step> {
    let settles = settled_by(message);
    // An answer to a question needs one; who was not asked for a status may report it all the same.
    let is_asked = settles.is_none_or(|question| waiting.contains(&(question, side.other())));
    if !is_asked && message != Message::ReportResourceDeploymentStatus {
        return None;
    }
    // "Perhaps" leaves the question open.
    let settles = settles.filter(|_| answer != Some(Provisional));
    let stage = stage_after(stage, side, message, answer)?;
    Some(Step { stage, asks: asked_by(message), settles })
}

fn asked_by(message: Message) -> Option<Question> {
    match message {
        Message::RequestInformation => Some(Question::Information),
        Message::RequestQuote => Some(Question::Quote),
        Message::RequestResourceDeploymentStatus => Some(Question::Status),
        Message::RequestExtendedDeploymentDuration => Some(Question::Extension),
        Message::RequestReturn => Some(Question::Return),
        Message::RequestResource
        | Message::ResponseToRequestResource
        | Message::RequisitionResource
        | Message::CommitResource
        | Message::ResponseToRequestInformation
        | Message::OfferUnsolicitedResource
        | Message::ReleaseResource
        | Message::ResponseToRequestReturn
        | Message::ResponseToRequestQuote
        | Message::ReportResourceDeploymentStatus
        | Message::ResponseToRequestExtendedDeploymentDuration => None,
    }
}

fn settled_by(message: Message) -> Option<Question> {
    match message {
        Message::ResponseToRequestInformation => Some(Question::Information),
        Message::ResponseToRequestQuote => Some(Question::Quote),
        Message::ReportResourceDeploymentStatus => Some(Question::Status),
        Message::ResponseToRequestExtendedDeploymentDuration => Some(Question::Extension),
        Message::ResponseToRequestReturn => Some(Question::Return),
        Message::RequestResource
        | Message::ResponseToRequestResource
        | Message::RequisitionResource
        | Message::CommitResource
        | Message::RequestInformation
        | Message::OfferUnsolicitedResource
        | Message::ReleaseResource
        | Message::RequestReturn
        | Message::RequestQuote
        | Message::RequestResourceDeploymentStatus
        | Message::RequestExtendedDeploymentDuration => None,
    }
}

/// The stage after a message, whether or not the question that it answers was asked.
fn stage_after(
    stage: Stage,
    side: Side,
    message: Message,
    answer: Option<AssistanceAnswer>,
) -> Option<Stage> {
    use Stage::{
        Accepted, Asked, Committed, Declined, Inquired, Offered, Ordered, Released, UnderWay,
    };
    let (user, supplier) = (side == Side::User, side == Side::Supplier);
    let given = stage.is_one_of(&[Committed, UnderWay]);
    let when = |legal: bool, after: Stage| legal.then_some(after);
    match message {
        Message::RequestResource => when(user && stage == Inquired, Asked),
        Message::ResponseToRequestResource => {
            let open = [Asked, Accepted, Stage::Provisional, Declined];
            let after = match answer? {
                Accept => Accepted,
                Decline => Declined,
                Provisional => Stage::Provisional,
            };
            when(supplier && stage.is_one_of(&open), after)
        }
        Message::RequisitionResource => {
            when(user && stage.is_one_of(&[Offered, Accepted]), Ordered)
        }
        Message::CommitResource => {
            let open = [Asked, Accepted, Stage::Provisional, Ordered];
            let after = match answer.unwrap_or(Accept) {
                Accept => Committed,
                Decline => Declined,
                Provisional if stage == Ordered => Ordered,
                Provisional => Stage::Provisional,
            };
            when(supplier && stage.is_one_of(&open), after)
        }
        Message::RequestInformation => when(!stage.is_one_of(&[Declined, Released]), stage),
        Message::ResponseToRequestInformation => Some(stage),
        Message::OfferUnsolicitedResource => {
            when(supplier && stage.is_one_of(&[Inquired, Declined]), Offered)
        }
        Message::ReleaseResource => {
            let held = [Offered, Accepted, Stage::Provisional, Ordered, Committed, UnderWay];
            when(user && stage.is_one_of(&held), Released)
        }
        Message::RequestReturn => when(supplier && given, stage),
        Message::ResponseToRequestReturn => when(user && given && answer.is_some(), stage),
        Message::RequestQuote => {
            let early = [Inquired, Asked, Offered, Accepted, Stage::Provisional];
            when(user && stage.is_one_of(&early), stage)
        }
        Message::ResponseToRequestQuote => {
            let yes = answer.unwrap_or(Accept) == Accept;
            when(supplier, if stage == Inquired && yes { Offered } else { stage })
        }
        Message::RequestResourceDeploymentStatus => when(given || stage == Released, stage),
        Message::ReportResourceDeploymentStatus => {
            when(given || stage == Released, if given { UnderWay } else { stage })
        }
        Message::RequestExtendedDeploymentDuration => when(user && given, stage),
        Message::ResponseToRequestExtendedDeploymentDuration => {
            when(supplier && given && answer.is_some(), stage)
        }
    }
}

/// How a message begins an exchange: on which side its sender is, and how it then stands.
pub fn begins(message: Message) -> Option<(Side, Stage)> {
    match message {
        Message::RequestResource => Some((Side::User, Stage::Asked)),
        Message::RequestInformation | Message::RequestQuote => Some((Side::User, Stage::Inquired)),
        Message::OfferUnsolicitedResource => Some((Side::Supplier, Stage::Offered)),
        Message::ResponseToRequestResource
        | Message::RequisitionResource
        | Message::CommitResource
        | Message::ResponseToRequestInformation
        | Message::ReleaseResource
        | Message::RequestReturn
        | Message::ResponseToRequestReturn
        | Message::ResponseToRequestQuote
        | Message::RequestResourceDeploymentStatus
        | Message::ReportResourceDeploymentStatus
        | Message::RequestExtendedDeploymentDuration
        | Message::ResponseToRequestExtendedDeploymentDuration => None,
    }
}

/// All messages with the same beginning.
#[derive(Clone, Debug)]
pub struct Exchange<'a> {
    /// The message that it began with.
    pub opening: &'a Filed,
    /// What that says.
    pub said: &'a Assistance,
    /// On which side the nation is that began it.
    pub side: Side,
    /// How it stands with each nation on the other side.
    pub threads: BTreeMap<Nation, Thread<'a>>,
    /// What should not have been sent.
    pub faults: Vec<Fault>,
}

/// How it stands with one nation.
#[derive(Clone, Debug, PartialEq)]
pub struct Thread<'a> {
    /// The stage.
    pub stage: Stage,
    /// What waits for an answer.
    pub waiting: Waiting,
    /// Until when it is given, by the newest message that says so.
    pub until: Option<Timestamp>,
    /// How far it is on its way, as last reported.
    pub deployment: Option<&'a str>,
    /// When the supplier first said whether it can.
    pub answered: Option<Timestamp>,
    /// Every message of it but the opening, in their order.
    pub messages: Vec<&'a Filed>,
}

/// Whether a nation answered by when an answer was needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answered {
    /// In time.
    InTime,
    /// Later.
    Late,
    /// Not yet, and there is time.
    NotYet,
    /// Not, and the time is over.
    Missed,
}

/// A message that should not have been sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Which.
    pub id: String,
    /// Whose.
    pub by: Nation,
    /// Why.
    pub why: Why,
}

/// Why a message does not count.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Why {
    /// It does not follow.
    #[error(transparent)]
    Step(#[from] Refused),
    /// It may not begin an exchange.
    #[error(
        "an exchange cannot begin with {0}: it can begin with one of RequestResource, RequestInformation, \
         OfferUnsolicitedResource, RequestQuote; or name the message that it answers"
    )]
    Beginning(Message),
    /// The message that the exchange began with is not here.
    #[error("the message that this belongs to, {0}, is not here")]
    NoBeginning(String),
    /// What it answers is not here, and without that it does not follow.
    #[error("what this answers, {0}, is not here: whether it may be sent cannot be told")]
    Gap(String),
    /// It is from a nation that it was not addressed to.
    #[error("{0} was not asked: the exchange is addressed to others")]
    NotAddressed(Nation),
    /// It does not say to whom it is.
    #[error(
        "it does not say to which nation it is: name the message that it answers, or the nation"
    )]
    ToNobody,
    /// It answers what answers it.
    #[error("the messages answer each other in a circle")]
    Circle,
}

/// Every exchange, in the order of their beginnings, and messages whose beginning is not here.
pub fn exchanges(picture: &Picture) -> (Vec<Exchange<'_>>, Vec<Fault>) {
    let mut groups: BTreeMap<&str, Vec<(&Filed, &Assistance)>> = BTreeMap::new();
    for (filed, said) in picture.all::<Assistance>() {
        groups.entry(beginning(filed, said)).or_default().push((filed, said));
    }
    let (mut all, mut orphans) = (Vec::new(), Vec::new());
    for (id, messages) in groups {
        match fold(id, &messages) {
            Ok(exchange) => all.push(exchange),
            Err(faults) => orphans.extend(faults),
        }
    }
    all.sort_by_key(|one| (one.opening.created, one.opening.id.as_str()));
    (all, orphans)
}

/// The exchange that a message belongs to.
pub fn exchange<'a>(picture: &'a Picture, id: &str) -> Option<Exchange<'a>> {
    let (filed, said) = picture.one::<Assistance>(id)?;
    let of = beginning(filed, said);
    let mut messages = picture.all::<Assistance>();
    messages.retain(|(filed, said)| beginning(filed, said) == of);
    fold(of, &messages).ok()
}

/// Refuses a message that this nation may not send.
pub fn may_send(picture: &Picture, by: Nation, said: &Assistance) -> Result<(), Why> {
    let Some(of) = said.originating_ref.as_deref() else {
        return begins(said.message).map(drop).ok_or(Why::Beginning(said.message));
    };
    let exchange = exchange(picture, of).ok_or_else(|| Why::NoBeginning(of.to_owned()))?;
    let partners = exchange.partners((by, said), |id| picture.one::<Assistance>(id))?;
    let side = exchange.side_of(by);
    for nation in partners {
        let thread = exchange.threads.get(&nation).cloned();
        let thread = thread.unwrap_or_else(|| Thread::new(exchange.said, exchange.side));
        next((thread.stage, &thread.waiting), side, said.message, said.answer)?;
    }
    Ok(())
}

fn beginning<'a>(filed: &'a Filed, said: &'a Assistance) -> &'a str {
    said.originating_ref.as_deref().unwrap_or(&filed.id)
}

type Sent<'a> = (&'a Filed, &'a Assistance);

fn fold<'a>(id: &str, messages: &[Sent<'a>]) -> Result<Exchange<'a>, Vec<Fault>> {
    let fault = |(filed, _): &Sent<'a>, why: Why| Fault { id: filed.id.clone(), by: filed.by, why };
    let opening = messages.iter().find(|(filed, _)| filed.id == id);
    let Some((opening, said)) = opening.copied() else {
        let why = || Why::NoBeginning(id.to_owned());
        return Err(messages.iter().map(|one| fault(one, why())).collect());
    };
    let Some((side, _)) = begins(said.message) else {
        let mut faults = vec![fault(&(opening, said), Why::Beginning(said.message))];
        let others = messages.iter().filter(|(filed, _)| filed.id != id);
        faults.extend(others.map(|one| fault(one, Why::NoBeginning(id.to_owned()))));
        return Err(faults);
    };
    let threads = said.addressed_to.iter().filter(|nation| *nation != opening.by);
    let threads = threads.map(|nation| (nation, Thread::new(said, side))).collect();
    let mut exchange = Exchange { opening, said, side, threads, faults: Vec::new() };
    let (ordered, circular) = in_order(messages);
    for one in ordered.into_iter().filter(|(filed, _)| filed.id != id) {
        if let Err(why) = exchange.apply(one, messages) {
            exchange.faults.push(fault(&one, why));
        }
    }
    exchange.faults.extend(circular.iter().map(|one| fault(one, Why::Circle)));
    Ok(exchange)
}

/// What a message answers comes before it; of what is not in an order, the older is first.
fn in_order<'a>(messages: &[Sent<'a>]) -> (Vec<Sent<'a>>, Vec<Sent<'a>>) {
    let key = |(filed, _): &Sent<'a>| (filed.created, filed.id.as_str());
    let ids: BTreeMap<&str, Sent<'a>> =
        messages.iter().map(|one| (one.0.id.as_str(), *one)).collect();
    let mut followers: BTreeMap<&str, Vec<Sent<'a>>> = BTreeMap::new();
    let mut ready = BTreeMap::new();
    for one in messages {
        match one.1.preceding_ref.as_deref().filter(|id| ids.contains_key(id)) {
            Some(before) => followers.entry(before).or_default().push(*one),
            None => drop(ready.insert(key(one), *one)),
        }
    }
    let mut ordered = Vec::with_capacity(messages.len());
    while let Some((_, one)) = ready.pop_first() {
        ordered.push(one);
        let freed = followers.remove(one.0.id.as_str()).unwrap_or_default();
        ready.extend(freed.iter().map(|one| (key(one), *one)));
    }
    (ordered, followers.into_values().flatten().collect())
}

impl<'a> Thread<'a> {
    fn new(opening: &'a Assistance, side: Side) -> Self {
        let stage = begins(opening.message).map_or(Stage::Inquired, |(_, stage)| stage);
        let waiting = asked_by(opening.message).map(|question| (question, side));
        Self {
            stage,
            waiting: waiting.into_iter().collect(),
            until: opening.ends,
            deployment: None,
            answered: None,
            messages: Vec::new(),
        }
    }

    fn apply(&mut self, side: Side, (filed, said): Sent<'a>) -> Result<(), Refused> {
        let step = next((self.stage, &self.waiting), side, said.message, said.answer)?;
        self.stage = step.stage;
        if let Some(question) = step.settles {
            self.waiting.remove(&(question, side.other()));
        }
        if let Some(question) = step.asks {
            self.waiting.insert((question, side));
        }
        if matches!(self.stage, Stage::Declined | Stage::Released) {
            self.waiting.retain(|(question, _)| {
                matches!(question, Question::Information | Question::Status)
            });
        }
        if side == Side::Supplier && decides(said.message) {
            self.answered = self.answered.or(Some(filed.place.given));
        }
        if said.message == Message::ReportResourceDeploymentStatus {
            self.deployment = said.deployment.as_deref().or(self.deployment);
        }
        // What is only asked for is not yet so.
        let is_asked = asked_by(said.message).is_some();
        let is_refused = said.answer.is_some_and(|answer| answer != Accept);
        if !is_asked && !is_refused {
            self.until = said.ends.or(self.until);
        }
        self.messages.push(filed);
        Ok(())
    }

    /// Whether the nation answered by when an answer was needed.
    pub fn is_answered(&self, by: Option<Timestamp>, now: Timestamp) -> Option<Answered> {
        let by = by?;
        Some(match self.answered {
            Some(at) if at <= by => Answered::InTime,
            Some(_) => Answered::Late,
            None if now <= by => Answered::NotYet,
            None => Answered::Missed,
        })
    }
}

fn decides(message: Message) -> bool {
    matches!(message, Message::ResponseToRequestResource | Message::CommitResource)
}

impl<'a> Exchange<'a> {
    /// On which side a nation is.
    pub fn side_of(&self, nation: Nation) -> Side {
        if nation == self.opening.by { self.side } else { self.side.other() }
    }

    /// What a nation may send now to the nation on the other side.
    pub fn legal(&self, by: Nation, to: Nation) -> Vec<Message> {
        let other = if by == self.opening.by { to } else { by };
        let fresh = Thread::new(self.said, self.side);
        let thread = self.threads.get(&other).unwrap_or(&fresh);
        legal((thread.stage, &thread.waiting), self.side_of(by))
    }

    /// Which nations on the other side a message concerns: those that it names, or else those that what
    /// it follows is from or to.
    fn partners<'b>(
        &self,
        (by, said): (Nation, &'b Assistance),
        find: impl Fn(&str) -> Option<Sent<'b>>,
    ) -> Result<Vec<Nation>, Why> {
        if by != self.opening.by {
            let addressed = &self.said.addressed_to;
            let is_asked = addressed.is_empty() || self.threads.contains_key(&by);
            return if is_asked { Ok(vec![by]) } else { Err(Why::NotAddressed(by)) };
        }
        let mut said = said;
        let mut seen = BTreeSet::new();
        loop {
            let to: Vec<Nation> = said.addressed_to.iter().filter(|to| *to != by).collect();
            if !to.is_empty() {
                return Ok(to);
            }
            let before = said.preceding_ref.as_deref().filter(|id| seen.insert(*id));
            match before.and_then(&find) {
                Some((filed, _)) if filed.by != by => return Ok(vec![filed.by]),
                // The opening is to all: that names nobody.
                Some((filed, before)) if filed.id != self.opening.id => said = before,
                Some(_) | None => return Err(Why::ToNobody),
            }
        }
    }

    fn apply(&mut self, sent: Sent<'a>, all: &[Sent<'a>]) -> Result<(), Why> {
        let (filed, said) = sent;
        let find = |id: &str| all.iter().find(|(filed, _)| filed.id == id).copied();
        let gap = said.preceding_ref.as_deref().filter(|id| find(id).is_none());
        let partners = self.partners((filed.by, said), find)?;
        let side = self.side_of(filed.by);
        // All or none: a message is not half a fault.
        let mut after = Vec::new();
        for nation in partners {
            let thread = self.threads.get(&nation).cloned();
            let mut thread = thread.unwrap_or_else(|| Thread::new(self.said, self.side));
            match (thread.apply(side, sent), gap) {
                (Ok(()), _) => after.push((nation, thread)),
                (Err(_), Some(gap)) => return Err(Why::Gap(gap.to_owned())),
                (Err(why), None) => return Err(why.into()),
            }
        }
        self.threads.extend(after);
        Ok(())
    }
}

#[cfg(test)]
mod tests;
