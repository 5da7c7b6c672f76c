//! What is checked before this nation says something.
//!
//! Invariant: what is about a programme names a part that the adopted programme has.

use entente_cooperation::Picture;
use entente_cooperation::content::{Assessment, Commitment, Content, Evidence};
use entente_cooperation::sign_off::hex;
use entente_intake::{Applied, Desk, IntakeError};
use entente_object::marking::Tlp;
use entente_programme::{Programme, Reference};
use entente_release::Nation;
use entente_release::label::{PermittedActions, Under, Window};
use entente_release::name::{AreaId, ProgrammeId};

/// Something would not be right to say.
#[derive(Debug, thiserror::Error)]
pub enum NotSaid {
    /// The programme is not adopted.
    #[error("{0} is not adopted here: `entente programme list` shows those that are")]
    NoProgramme(String),
    /// The programme has no such area.
    #[error("{programme} has no area \"{area}\"; it has {has}")]
    NoArea {
        /// The programme.
        programme: String,
        /// The area.
        area: String,
        /// Those that it has, with commas.
        has: String,
    },
    /// The area has no such item.
    #[error("{0} names no item of the programme: `entente programme progress` lists them")]
    NoItem(String),
    /// The doer would judge.
    #[error(
        "{0} owns it, and a judgement is by another nation than the doer: let a partner assess it"
    )]
    OwnDeed(Nation),
    /// No label can be made.
    #[error("{0}")]
    Label(String),
    /// There is no such object.
    #[error(transparent)]
    Intake(#[from] IntakeError),
}

/// The programme and area of a path, which the adopted programme has to have.
pub fn area_of(desk: &Desk, about: &str) -> Result<(ProgrammeId, AreaId), NotSaid> {
    let mut names = about.split('/');
    let (programme, area) = (names.next().unwrap_or_default(), names.next().unwrap_or_default());
    let unknown = || NotSaid::NoProgramme(programme.to_owned());
    let id: ProgrammeId = programme.parse().map_err(|_| unknown())?;
    let adopted = desk.policies().programme(&id).ok_or_else(unknown)?;
    let found = area.parse().ok().filter(|area: &AreaId| adopted.area(area).is_some());
    let Some(found) = found else {
        return Err(NotSaid::NoArea {
            programme: programme.to_owned(),
            area: area.to_owned(),
            has: areas(adopted),
        });
    };
    Ok((id, found))
}

fn areas(programme: &Programme) -> String {
    programme.areas().iter().map(|area| area.id.to_string()).collect::<Vec<_>>().join(", ")
}

/// Refuses an assessment by the doer: the owner of the commitment that it judges.
pub fn check_assessment(picture: &Picture, said: &Assessment, here: Nation) -> Result<(), NotSaid> {
    let subject = said.subject_ref.as_ref().and_then(|id| picture.one::<Commitment>(id));
    match subject {
        Some((_, commitment)) if commitment.owner == here => Err(NotSaid::OwnDeed(here)),
        Some(_) | None => Ok(()),
    }
}

/// Refuses an assessment of a part of a programme by who is answerable for it: an owner of the item, or
/// of the measure that it belongs to.
pub fn check_assessed(desk: &Desk, said: &Assessment) -> Result<(), NotSaid> {
    let Some(about) = &said.about else { return Ok(()) };
    let (programme, _) = area_of(desk, about)?;
    // A path to an area as a whole names no item: many nations own its measures.
    let Ok(reference) = about.parse::<Reference>() else { return Ok(()) };
    let adopted = desk.policies().programme(&programme);
    let Some(found) = adopted.and_then(|adopted| adopted.find(&reference)) else {
        return Err(NotSaid::NoItem(about.clone()));
    };
    let here = desk.here();
    if found.owners().contains(here) { Err(NotSaid::OwnDeed(here)) } else { Ok(()) }
}

/// An object as evidence: its id, where it is this nation's own or a party's, and its digest.
pub fn evidence(desk: &Desk, id: &str) -> Result<Evidence, NotSaid> {
    let known = desk.newest(id)?;
    let put = desk.home().put(known.seq).map_err(IntakeError::from)?;
    Ok(Evidence {
        object_ref: None,
        object_sha256: Some(hex(&put.digest)),
        ledger: None,
        entry: None,
        url: None,
        description: Some(format!("a {} of {}", put.object_type, known.bringer)),
    })
}

/// Whom something is said to.
#[derive(Clone, Debug, Default, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct To {
    /// The programme and area; none: as what it is about.
    #[serde(default)]
    pub about: Option<String>,
    /// Nations and groups of the programme; none: all its parties.
    #[serde(default)]
    pub rel_to: Vec<String>,
    /// The TLP level; none: amber.
    #[serde(default)]
    pub tlp: Option<String>,
    /// Caveats.
    #[serde(default)]
    pub caveats: Vec<String>,
}

/// The label of something about a part of a programme.
pub fn label(desk: &Desk, about: &str, to: &To) -> Result<Applied, NotSaid> {
    let (programme, area) = area_of(desk, about)?;
    let wrong = |cause: &dyn std::fmt::Display| NotSaid::Label(cause.to_string());
    let all = ["parties".to_owned()];
    let names = if to.rel_to.is_empty() { all.as_slice() } else { to.rel_to.as_slice() };
    let mut rel_to: Vec<Nation> = Vec::new();
    for name in names {
        match desk.policies().expand_group(&programme, name) {
            Some(group) => rel_to.extend(group.iter()),
            None => rel_to.push(name.parse().map_err(|cause| wrong(&cause))?),
        }
    }
    let level = to.tlp.as_deref().unwrap_or("amber");
    let tlp = Tlp::from_name(&format!("TLP:{}", level.to_uppercase()));
    let tlp = tlp.ok_or_else(|| {
        NotSaid::Label(format!(
            "\"{level}\" is no TLP level: use clear, green, amber, amber+strict"
        ))
    })?;
    let caveats = to.caveats.iter().map(|name| name.parse().map_err(|cause| wrong(&cause)));
    Ok(Applied {
        tlp: Some(tlp),
        // This nation is not among those that its own object is released to.
        rel_to: rel_to.into_iter().filter(|nation| *nation != desk.here()).collect(),
        under: [Under { programme, area }].into(),
        caveats: caveats.collect::<Result<_, _>>()?,
        actions: PermittedActions::ExternallyVisibleDirect,
        exercise: None,
        window: Window::default(),
    })
}

/// The part of a programme that a content is about.
pub fn about(content: &Content) -> Option<&str> {
    match content {
        Content::Consultation(said) => Some(&said.about),
        Content::Proposal(said) => Some(&said.about),
        Content::Commitment(said) => Some(&said.about),
        Content::Actual(said) => Some(&said.about),
        Content::Assessment(said) => said.about.as_deref(),
        Content::WorkingGroup(said) => Some(&said.about),
        Content::Activity(said) => Some(&said.about),
        Content::Recognition(said) => Some(&said.about),
        Content::Capability(said) => Some(&said.about),
        Content::Alert(said) => said.about.as_deref(),
        Content::Situation(said) => Some(&said.about),
        Content::Assistance(said) => Some(&said.about),
        Content::SignOff(_) | Content::Contribution(_) => None,
    }
}
