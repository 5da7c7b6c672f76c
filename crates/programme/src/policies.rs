//! The policy of a node: adopted programmes and national caveats, asked as one.
//!
//! Invariants:
//! * The answer is [`Terms::Permit`] only if every programme and area that the label names permits
//!   it and no national caveat forbids it. Silence, an unknown name or an error refuses.
//! * A further national file, or a further programme on the label, never turns a refusal into a
//!   permit.
//! * Equal texts give equal versions, in whatever order they were adopted.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use cedar_policy::{
    Authorizer, Context, Decision, Entities, Policy as CedarPolicy, PolicyId, PolicySet,
    ValidationMode, Validator,
};
use entente_object::time::Timestamp;
use entente_release::decide::{Clause, Terms, TermsRefusal};
use entente_release::label::{Under, Window};
use entente_release::name::{AreaId, Caveat, ProgrammeId};
use entente_release::policy::{Policy, PolicyVersion};
use entente_release::{Label, Nation, NationSet};
use sha2::{Digest, Sha256};

use crate::cedar::{self, Vocabulary};
use crate::national::{self, Forbid, National};
use crate::problem::Problem;
use crate::programme::{Area, Programme};

/// The programmes that a node has adopted, with its nation's own caveats.
pub struct Policies {
    programmes: BTreeMap<ProgrammeId, Adopted>,
    declared: BTreeSet<Caveat>,
    version: PolicyVersion,
    cedar: Cedar,
}

struct Adopted {
    programme: Programme,
    areas: BTreeMap<AreaId, AreaPolicies>,
}

/// The policies that one area asks.
struct AreaPolicies {
    /// The area's terms and every national caveat.
    set: PolicySet,
    /// How many releasers each terms entry asks for, by policy id.
    permits: BTreeMap<PolicyId, Permit>,
}

/// Ordered so that the least permit is the one that counts: fewest releasers, then first written.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Permit {
    releasers: u8,
    number: usize,
    clause: Clause,
}

struct Cedar {
    vocabulary: &'static Vocabulary,
    entities: Entities,
    authorizer: Authorizer,
    /// The clause of each national caveat, by policy id.
    national: BTreeMap<PolicyId, Clause>,
}

impl Policies {
    /// Adopts programmes with the nation's own files.
    pub fn adopt(
        programmes: Vec<Programme>,
        national: Vec<National>,
    ) -> Result<Self, Vec<Problem>> {
        let mut problems = Vec::new();
        let (programmes, national) =
            (by_id(programmes, &mut problems), by_file(national, &mut problems));
        let declared = declared(programmes.values(), national.values());
        for file in national.values() {
            problems.extend(strangers(file, &programmes, &declared));
        }
        if !problems.is_empty() {
            return Err(problems);
        }
        let version = version(&programmes, &national);
        let vocabulary = Vocabulary::get().map_err(|defect| vec![defective("", defect)])?;
        let entities = vocabulary.areas(programmes.values());
        let entities = entities.map_err(|defect| vec![defective("", defect)])?;
        let forbids: Vec<&Forbid> = national.values().flat_map(|file| &file.forbids).collect();
        let clauses =
            forbids.iter().map(|forbid| (forbid.policy.id().clone(), forbid.clause.clone()));
        let clauses = clauses.collect();
        let mut adopted = BTreeMap::new();
        for (id, programme) in programmes {
            let areas = compile(&programme, &forbids, vocabulary)
                .map_err(|defect| vec![defective(&programme.file, defect)])?;
            adopted.insert(id, Adopted { programme, areas });
        }
        let cedar =
            Cedar { vocabulary, entities, authorizer: Authorizer::new(), national: clauses };
        Ok(Self { programmes: adopted, declared, version, cedar })
    }

    /// The adopted programmes, by name.
    pub fn programmes(&self) -> impl Iterator<Item = &Programme> {
        self.programmes.values().map(|adopted| &adopted.programme)
    }

    /// The adopted programme of that name.
    pub fn programme(&self, id: &ProgrammeId) -> Option<&Programme> {
        self.programmes.get(id).map(|adopted| &adopted.programme)
    }

    /// The caveats that a label here may carry.
    pub fn declared_caveats(&self) -> &BTreeSet<Caveat> {
        &self.declared
    }

    /// The members of a group of a programme, as a label made here names them.
    pub fn expand_group(&self, programme: &ProgrammeId, group: &str) -> Option<NationSet> {
        self.programme(programme)?.group(group)
    }

    fn permit(
        &self,
        question: &Question<'_>,
        under: &Under,
        context: Context,
    ) -> Result<&Permit, (TermsRefusal, Clause)> {
        let refuse = |refusal, clause: String| Err((refusal, Clause(clause)));
        let Under { programme: id, area } = under;
        let Some(adopted) = self.programmes.get(id) else {
            return refuse(TermsRefusal::UnknownProgramme, id.to_string());
        };
        if !adopted.programme.is_in_force(question.now) {
            return refuse(TermsRefusal::NotInForce, format!("{id}, in force"));
        }
        for nation in [question.partner, question.label.originator] {
            if !adopted.programme.is_party(nation) {
                return refuse(TermsRefusal::NotParty, format!("{id}, parties without {nation}"));
            }
        }
        let Some(policies) = adopted.areas.get(area) else {
            return refuse(TermsRefusal::UnknownArea, under.to_string());
        };
        self.cedar.ask(question, under, context, policies)
    }
}

impl fmt::Debug for Policies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.programmes.keys()).finish()
    }
}

/// What is asked of every programme alike.
struct Question<'a> {
    label: &'a Label,
    partner: Nation,
    now: Timestamp,
}

impl Cedar {
    fn ask<'a>(
        &self,
        question: &Question<'_>,
        under: &Under,
        context: Context,
        policies: &'a AreaPolicies,
    ) -> Result<&'a Permit, (TermsRefusal, Clause)> {
        let area = || format!("{}, area {}", under.programme, under.area);
        let request = self.vocabulary.request(question.partner, under, context, None);
        let request = request
            .map_err(|error| (TermsRefusal::Error, Clause(format!("{}: {error}", area()))))?;
        let response = self.authorizer.is_authorized(&request, &policies.set, &self.entities);
        // Cedar leaves out a policy that it cannot evaluate; here that refuses.
        let errors = response.diagnostics().errors().map(ToString::to_string);
        if let Some(error) = errors.min() {
            return Err((TermsRefusal::Error, Clause(format!("{}: {error}", area()))));
        }
        let reasons = response.diagnostics().reason();
        match response.decision() {
            Decision::Allow => {
                let permit = reasons.filter_map(|id| policies.permits.get(id)).min();
                permit.ok_or_else(|| (TermsRefusal::Error, Clause(area())))
            }
            Decision::Deny => {
                let forbid = reasons.filter_map(|id| self.national.get(id)).min();
                Err(match forbid {
                    Some(clause) => (TermsRefusal::National, clause.clone()),
                    None => (TermsRefusal::Terms, Clause(area())),
                })
            }
        }
    }
}

impl Policy for Policies {
    fn version(&self) -> PolicyVersion {
        self.version
    }

    fn terms(&self, label: &Label, object_type: &str, partner: Nation, now: Timestamp) -> Terms {
        let context = match self.cedar.vocabulary.context(label, object_type) {
            Ok(context) => context,
            Err(error) => {
                return Terms::Refuse { refusal: TermsRefusal::Error, clause: Clause(error) };
            }
        };
        let question = Question { label, partner, now };
        let mut clauses: Vec<&str> = Vec::new();
        let mut releasers = 0;
        for under in &label.under {
            match self.permit(&question, under, context.clone()) {
                Ok(permit) => {
                    releasers = releasers.max(permit.releasers);
                    clauses.push(&permit.clause.0);
                }
                Err((refusal, clause)) => return Terms::Refuse { refusal, clause },
            }
        }
        if clauses.is_empty() {
            let clause = Clause("the label names no programme".to_owned());
            return Terms::Refuse { refusal: TermsRefusal::UnknownProgramme, clause };
        }
        Terms::Permit { clause: Clause(clauses.join("; ")), releasers }
    }

    fn steady(&self, now: Timestamp) -> Window {
        let windows = self.programmes().map(|programme| programme.head().in_force);
        let borders: BTreeSet<Timestamp> =
            windows.flat_map(|window| [window.not_before, window.not_after]).flatten().collect();
        Window {
            not_before: borders.range(..=now).next_back().copied(),
            not_after: borders.iter().find(|border| **border > now).copied(),
        }
    }
}

/// The policies of each area of a programme.
fn compile(
    programme: &Programme,
    forbids: &[&Forbid],
    vocabulary: &Vocabulary,
) -> Result<BTreeMap<AreaId, AreaPolicies>, String> {
    let validator = Validator::new(vocabulary.schema.clone());
    let mut areas = BTreeMap::new();
    for area in programme.areas() {
        let (mut policies, permits) = permits(programme, area)?;
        policies.extend(forbids.iter().map(|forbid| forbid.policy.clone()));
        let set = PolicySet::from_policies(policies).map_err(|error| error.to_string())?;
        let result = validator.validate(&set, ValidationMode::Strict);
        if let Some(error) = result.validation_errors().next() {
            return Err(error.to_string());
        }
        areas.insert(area.id.clone(), AreaPolicies { set, permits });
    }
    Ok(areas)
}

fn permits(
    programme: &Programme,
    area: &Area,
) -> Result<(Vec<CedarPolicy>, BTreeMap<PolicyId, Permit>), String> {
    let (mut policies, mut permits) = (Vec::new(), BTreeMap::new());
    for (entry, number) in area.terms.iter().zip(1..) {
        let clause = cedar::clause(programme.id(), area, number);
        let text = cedar::permit(programme.id(), area, entry, number);
        let id = PolicyId::new(&clause.0);
        let policy =
            CedarPolicy::parse(Some(id.clone()), text).map_err(|error| error.to_string())?;
        policies.push(policy);
        permits.insert(id, Permit { releasers: entry.releasers, number, clause });
    }
    Ok((policies, permits))
}

fn by_id(
    programmes: Vec<Programme>,
    problems: &mut Vec<Problem>,
) -> BTreeMap<ProgrammeId, Programme> {
    let mut by_id: BTreeMap<ProgrammeId, Programme> = BTreeMap::new();
    for programme in programmes {
        if let Some(other) = by_id.get(programme.id()) {
            let reason = format!("the programme {} is in {} too", programme.id(), other.file);
            problems.push(at_start(&programme.file, reason, "adopt one of them"));
        } else {
            by_id.insert(programme.id().clone(), programme);
        }
    }
    by_id
}

fn by_file(national: Vec<National>, problems: &mut Vec<Problem>) -> BTreeMap<String, National> {
    let mut by_file = BTreeMap::new();
    for file in national {
        if by_file.contains_key(&file.file) {
            let reason = "another national file has this name".to_owned();
            problems.push(at_start(&file.file, reason, "rename one of them"));
        } else {
            by_file.insert(file.file.clone(), file);
        }
    }
    by_file
}

fn declared<'a>(
    programmes: impl Iterator<Item = &'a Programme>,
    national: impl Iterator<Item = &'a National>,
) -> BTreeSet<Caveat> {
    let of_programmes = programmes.flat_map(|programme| programme.caveats().keys());
    of_programmes.chain(national.flat_map(National::declared_caveats)).cloned().collect()
}

/// Names in a national file that no adopted programme has: its author meant something else, and
/// the policy would forbid nothing.
fn strangers(
    file: &National,
    programmes: &BTreeMap<ProgrammeId, Programme>,
    declared: &BTreeSet<Caveat>,
) -> Vec<Problem> {
    let mut problems = Vec::new();
    let areas = || programmes.values().flat_map(Programme::areas);
    for forbid in &file.forbids {
        for literal in forbid.policy.entity_literals() {
            let id = literal.id().unescaped();
            let (known, what) = match literal.type_name().basename() {
                "Programme" => (programmes.keys().any(|known| known.as_str() == id), "programme"),
                "AreaName" => (areas().any(|area| area.id.as_str() == id), "area"),
                "Area" => (is_area(id, programmes), "area of a programme"),
                "Caveat" => (declared.iter().any(|known| known.as_str() == id), "caveat"),
                _ => continue,
            };
            if !known {
                let reason = format!("\"{id}\" is no {what} known here");
                let advice = match what {
                    "caveat" => "correct it, or declare it with @declares",
                    _ => "correct it, or adopt the programme that has it first",
                };
                problems.push(national::problem_at(file, forbid, reason, advice.to_owned()));
            }
        }
    }
    problems
}

/// Whether `id` is `programme/area`.
fn is_area(id: &str, programmes: &BTreeMap<ProgrammeId, Programme>) -> bool {
    let Some((programme, area)) = id.split_once('/') else { return false };
    let (Ok(programme), Ok(area)) = (programme.parse::<ProgrammeId>(), area.parse::<AreaId>())
    else {
        return false;
    };
    programmes.get(&programme).is_some_and(|programme| programme.area(&area).is_some())
}

/// SHA-256 over the texts: of each, its kind, its name and itself, each with its length before it.
fn version(
    programmes: &BTreeMap<ProgrammeId, Programme>,
    national: &BTreeMap<String, National>,
) -> PolicyVersion {
    let programmes =
        programmes.iter().map(|(id, programme)| ("programme", id.as_str(), &programme.text));
    let national = national.iter().map(|(name, file)| ("national", name.as_str(), &file.text));
    let mut hash = Sha256::new_with_prefix(b"entente/policy/v1\n");
    for (kind, name, text) in programmes.chain(national) {
        for part in [kind, name, text] {
            hash.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
            hash.update(part);
        }
    }
    PolicyVersion(hash.finalize().into())
}

fn at_start(file: &str, reason: String, advice: &str) -> Problem {
    Problem { file: file.to_owned(), line: 1, column: 1, reason, advice: advice.to_owned() }
}

fn defective(file: &str, defect: String) -> Problem {
    at_start(file, defect, "report this as a defect of the program")
}
