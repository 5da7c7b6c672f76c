//! Terms of exchange as Cedar policies, and requests about labels.
//!
//! Invariants:
//! * A terms entry becomes exactly one `permit`, whose id is the clause that people are shown.
//! * What goes into a policy's text was read as a nation, a name or a type before: none of them
//!   can contain a quote.
//! * Policies and requests agree with [`SCHEMA`], which a strict validation checks at load.

use std::fmt::Write as _;
use std::sync::LazyLock;

use cedar_policy::{
    Context, Entities, Entity, EntityId, EntityTypeName, EntityUid, Request, RestrictedExpression,
    Schema,
};
use entente_object::marking::Tlp;
use entente_release::decide::Clause;
use entente_release::label::{PermittedActions, Under};
use entente_release::name::{Caveat, ProgrammeId};
use entente_release::{Label, Nation};

use crate::object_type::ObjectTypes;
use crate::programme::{Area, Onward, Programme, TermsEntry};

/// The schema of all policies, in Cedar's own words.
pub const SCHEMA: &str = include_str!("receive.cedarschema");

/// The terms of a programme as Cedar policies, for people who want to read them so.
pub fn cedar_text(programme: &Programme) -> String {
    let mut text = format!("// The terms of exchange of {}, compiled.\n", programme.id());
    for area in programme.areas() {
        for (entry, number) in area.terms.iter().zip(1..) {
            text.push('\n');
            text.push_str(&permit(programme.id(), area, entry, number));
        }
    }
    text
}

/// Where terms entry `number` of an area stands: also the id of its policy.
pub(crate) fn clause(programme: &ProgrammeId, area: &Area, number: usize) -> Clause {
    Clause(format!("{programme}, area {}, terms {number}", area.id))
}

/// Terms entry `number` of an area as a Cedar policy.
pub(crate) fn permit(
    programme: &ProgrammeId,
    area: &Area,
    entry: &TermsEntry,
    number: usize,
) -> String {
    let clause = clause(programme, area, number);
    let mut conditions = vec![
        format!("{}.contains(context.originator)", set("Nation", nations(&entry.from))),
        format!("{}.contains(principal)", set("Nation", nations(&entry.to))),
        format!("context.tlp <= {}", tlp_level(entry.ceiling)),
    ];
    if let ObjectTypes::Listed(types) = &entry.types {
        let types = set("ObjectType", types.iter().map(String::as_str));
        conditions.push(format!("{types}.contains(context.object_type)"));
    }
    match entry.onward {
        Onward::No => conditions.push("!context.onward".to_owned()),
        Onward::Listed => {}
    }
    if !entry.caveats.is_empty() {
        let caveats = set("Caveat", entry.caveats.iter().map(Caveat::as_str));
        conditions.push(format!("context.caveats.containsAll({caveats})"));
    }
    format!(
        "@id(\"{clause}\")\n\
         permit (\n  principal,\n  action == Action::\"receive\",\n  \
         resource == Area::\"{programme}/{}\"\n)\nwhen {{\n  {}\n}};\n",
        area.id,
        conditions.join(" &&\n  "),
    )
}

fn nations(nations: &entente_release::NationSet) -> impl Iterator<Item = String> {
    nations.iter().map(|nation| nation.to_string())
}

fn set(kind: &str, ids: impl Iterator<Item = impl std::fmt::Display>) -> String {
    let mut text = "[".to_owned();
    for (id, rank) in ids.zip(0_usize..) {
        let comma = if rank == 0 { "" } else { ", " };
        // Writing to a String cannot fail.
        let _ = write!(text, "{comma}{kind}::\"{id}\"");
    }
    text + "]"
}

/// TLP as the number that policies compare.
fn tlp_level(tlp: Tlp) -> i64 {
    match tlp {
        Tlp::Clear => 0,
        Tlp::Green => 1,
        Tlp::Amber => 2,
        Tlp::AmberStrict => 3,
        Tlp::Red => 4,
    }
}

fn actions_level(actions: PermittedActions) -> i64 {
    match actions {
        PermittedActions::None => 0,
        PermittedActions::ContactForInstruction => 1,
        PermittedActions::InternallyVisible => 2,
        PermittedActions::ExternallyVisibleIndirect => 3,
        PermittedActions::ExternallyVisibleDirect => 4,
    }
}

/// The names of the schema, read once.
pub(crate) struct Vocabulary {
    pub(crate) schema: Schema,
    nation: EntityTypeName,
    programme: EntityTypeName,
    area_name: EntityTypeName,
    area: EntityTypeName,
    object_type: EntityTypeName,
    caveat: EntityTypeName,
    exercise: EntityTypeName,
    receive: EntityUid,
}

static VOCABULARY: LazyLock<Result<Vocabulary, String>> = LazyLock::new(Vocabulary::read);

impl Vocabulary {
    /// What [`SCHEMA`] says. An error is a defect of this crate, which its tests would show.
    pub(crate) fn get() -> Result<&'static Self, String> {
        VOCABULARY.as_ref().map_err(Clone::clone)
    }

    fn read() -> Result<Self, String> {
        let (schema, _) =
            Schema::from_cedarschema_str(SCHEMA).map_err(|error| error.to_string())?;
        let kind = |name: &str| name.parse::<EntityTypeName>().map_err(|error| error.to_string());
        Ok(Self {
            schema,
            nation: kind("Nation")?,
            programme: kind("Programme")?,
            area_name: kind("AreaName")?,
            area: kind("Area")?,
            object_type: kind("ObjectType")?,
            caveat: kind("Caveat")?,
            exercise: kind("Exercise")?,
            receive: EntityUid::from_type_name_and_id(kind("Action")?, EntityId::new("receive")),
        })
    }

    /// The areas of `programmes`, each in its programme and under its name.
    pub(crate) fn areas<'a>(
        &self,
        programmes: impl Iterator<Item = &'a Programme>,
    ) -> Result<Entities, String> {
        let mut areas = Vec::new();
        for programme in programmes {
            for area in programme.areas() {
                let under = Under { programme: programme.id().clone(), area: area.id.clone() };
                let parents = [
                    uid(&self.programme, programme.id().as_str()),
                    uid(&self.area_name, area.id.as_str()),
                ];
                areas.push(Entity::new_no_attrs(
                    self.area_uid(&under),
                    parents.into_iter().collect(),
                ));
            }
        }
        Entities::from_entities(areas, Some(&self.schema)).map_err(|error| error.to_string())
    }

    fn area_uid(&self, under: &Under) -> EntityUid {
        uid(&self.area, &under.to_string())
    }

    /// Whether an object of this label and type may be received, as Cedar asks it.
    pub(crate) fn context(&self, label: &Label, object_type: &str) -> Result<Context, String> {
        let entity =
            |kind: &EntityTypeName, id: &str| RestrictedExpression::new_entity_uid(uid(kind, id));
        let rel_to = label.rel_to.iter().map(|nation| entity(&self.nation, nation.as_str()));
        let rel_to: Vec<RestrictedExpression> = rel_to.collect();
        let rel_to_size = i64::try_from(rel_to.len()).unwrap_or(i64::MAX);
        let caveats = label.caveats.iter().map(|caveat| entity(&self.caveat, caveat.as_str()));
        let exercise = label
            .exercise
            .as_ref()
            .map(|exercise| ("exercise".to_owned(), entity(&self.exercise, exercise.as_str())));
        let attributes = [
            ("tlp", RestrictedExpression::new_long(tlp_level(label.tlp))),
            ("object_type", entity(&self.object_type, object_type)),
            ("originator", entity(&self.nation, label.originator.as_str())),
            ("rel_to", RestrictedExpression::new_set(rel_to)),
            ("rel_to_size", RestrictedExpression::new_long(rel_to_size)),
            ("caveats", RestrictedExpression::new_set(caveats)),
            ("onward", RestrictedExpression::new_bool(label.onward)),
            ("actions", RestrictedExpression::new_long(actions_level(label.actions))),
        ];
        let attributes = attributes.into_iter().map(|(name, value)| (name.to_owned(), value));
        Context::from_pairs(attributes.chain(exercise)).map_err(|error| error.to_string())
    }

    /// The question whether `partner` receives it under `under`. Requests are made by this
    /// function alone and agree with the schema; a test has Cedar check that.
    pub(crate) fn request(
        &self,
        partner: Nation,
        under: &Under,
        context: Context,
        check: Option<&Schema>,
    ) -> Result<Request, String> {
        let principal = uid(&self.nation, partner.as_str());
        let resource = self.area_uid(under);
        Request::new(principal, self.receive.clone(), resource, context, check)
            .map_err(|error| error.to_string())
    }
}

fn uid(kind: &EntityTypeName, id: &str) -> EntityUid {
    EntityUid::from_type_name_and_id(kind.clone(), EntityId::new(id))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use entente_release::label::{Faults, Window};

    use super::*;

    /// The fullest and the barest label.
    fn labels() -> [Label; 2] {
        let bare = Label::originator_alone(Nation::KOR);
        let full = Label {
            tlp: Tlp::AmberStrict,
            rel_to: ["POL", "USA"].map(|code| code.parse().unwrap()).into_iter().collect(),
            caveats: BTreeSet::from(["eyes-only".parse().unwrap()]),
            actions: PermittedActions::ExternallyVisibleDirect,
            exercise: Some("cc23".parse().unwrap()),
            window: Window::default(),
            onward: true,
            faults: Faults::NONE,
            ..bare.clone()
        };
        [bare, full]
    }

    #[test]
    fn every_request_agrees_with_the_schema() {
        let vocabulary = Vocabulary::get().unwrap();
        let under = Under { programme: "p".parse().unwrap(), area: "a".parse().unwrap() };
        for label in labels() {
            let context = vocabulary.context(&label, "indicator").unwrap();
            let schema = Some(&vocabulary.schema);
            let request = vocabulary.request(Nation::KOR, &under, context, schema).unwrap();
            assert_eq!(request.resource().unwrap().to_string(), "Area::\"p/a\"");
            assert_eq!(request.action().unwrap().to_string(), "Action::\"receive\"");
        }
    }

    #[test]
    fn levels_rise_with_what_they_stand_for() {
        assert_eq!(Tlp::ALL.map(tlp_level), [0, 1, 2, 3, 4]);
        assert_eq!(PermittedActions::ALL.map(actions_level), [0, 1, 2, 3, 4]);
    }
}
