//! `entente programme progress|actual|check-actual|assessments`: what the programme came to.

use anyhow::{Context as _, Result, bail};
use entente_cooperation::Picture;
use entente_cooperation::content::{Actual, Content};
use entente_intake::Desk;
use entente_programme::{Day, Programme, Quantity, Reference};
use entente_view_programme::actual::{self, Here, New as NewActual, indicator_at};
use entente_view_programme::progress::{
    AreaRow, Due, IndicatorRow, MeasureRow, Said, number, period_in, progress as rows,
};
use entente_view_programme::query::{day, next_due};
use serde_json::{Value, json};

use super::{How, New, find, label, of, short};
use crate::cli::{ActualArgs, WhichPeriod};
use crate::folder;

/// The programme that is asked for, and the year.
fn asked(desk: &Desk, which: &WhichPeriod) -> Result<(Programme, String)> {
    let mut adopted = desk.policies().programmes();
    let programme = match &which.programme {
        Some(name) => {
            let id = name.parse()?;
            let found = desk.policies().programme(&id);
            found.with_context(|| format!("{id} is not adopted: `entente programme list`"))?
        }
        None => match (adopted.next(), adopted.next()) {
            (Some(one), None) => one,
            (None, _) => bail!("no programme is adopted: `entente programme adopt FILE`"),
            (Some(_), Some(_)) => bail!("several programmes are adopted: say which"),
        },
    };
    if let Some(area) = &which.area {
        let is_here = programme.areas().iter().any(|one| one.id.to_string() == *area);
        if !is_here {
            let names = programme.areas().iter().map(|one| one.id.to_string());
            let names = names.collect::<Vec<_>>().join(", ");
            bail!("{} has no area \"{area}\"; it has {names}", programme.id());
        }
    }
    let this_year = || Day::of(desk.now()).map(|day| day.to_string());
    let year = which.period.clone().or_else(this_year).unwrap_or_default();
    let year: String = year.chars().take(4).collect();
    if year.len() != 4 || !year.bytes().all(|c| c.is_ascii_digit()) {
        bail!("\"{year}\" is no year: write 2024");
    }
    Ok((programme.clone(), year))
}

/// Shows what each measure came to.
pub(crate) fn progress(which: &WhichPeriod, how: How<'_>) -> Result<u8> {
    let mut desk = folder::open(how.folder)?;
    let (programme, year) = asked(&desk, which)?;
    let picture = desk.picture()?.clone();
    let areas = rows(&desk, &picture, &programme, (which.area.as_deref(), &year))?;
    let (mut lines, mut documents) = (Vec::new(), Vec::new());
    for row in &areas {
        if row.measures.is_empty() {
            continue;
        }
        lines
            .push(format!("{:>3}. {}  ({}, {year})", row.area.number, row.area.title, row.area.id));
        let mut measures = Vec::new();
        for measure in &row.measures {
            measure_lines(measure, &mut lines);
            measures.push(measure_document(measure));
        }
        documents.push(json!({ "area": row.area.id.to_string(), "measures": measures }));
    }
    if lines.is_empty() {
        lines.push("the programme has no measures there".to_owned());
    }
    let document =
        json!({ "programme": programme.id().to_string(), "year": year, "areas": documents });
    how.printer.either(&document, &lines)?;
    Ok(0)
}

fn measure_lines(row: &MeasureRow<'_>, lines: &mut Vec<String>) {
    lines.push(format!("     {}: {}", row.measure.item.title, row.completion));
    for one in &row.indicators {
        let Some(period) = one.period else { continue };
        let indicator = one.indicator;
        let mark = if one.is_met { "met" } else { "not met" };
        let state = one.reached.map_or("no evidence", |_| mark);
        lines.push(format!(
            "       {}  target {} {}: {state}",
            indicator.id, period.target, indicator.unit
        ));
        for said in &one.said {
            lines.push(format!("         {}  {}  {}", said.by, said.value, source(said)));
        }
        if let Some(why) = one.here.as_ref().and_then(|here| here.why_none) {
            lines.push(format!("         here: {why}"));
        }
    }
    for one in &row.measure.milestones {
        let reported =
            one.reported.map_or("not reported".to_owned(), |at| format!("reported {at}"));
        lines.push(format!("       milestone {}  {}: {reported}", one.due, one.item.title));
    }
    for (filed, said) in &row.commitments {
        let due = next_due(said).map_or(String::new(), |(_, due)| format!(", due {}", day(due)));
        lines.push(format!(
            "       commitment {}  {}  {}: {}{due}",
            short(&filed.id),
            said.owner,
            said.name,
            said.completion
        ));
    }
    lines.extend(row.due.as_ref().map(|due| format!("       assessment {}", due_words(due))));
}

/// Where a figure comes from, in words.
fn source(said: &Said<'_>) -> String {
    match said.published {
        None => format!("computed here, supported by {}", said.supported_by),
        Some((_, actual)) => match &actual.entered_by {
            Some(by) => format!("entered by a person: {by}"),
            None => format!("published by {}, supported by {}", said.by, said.supported_by),
        },
    }
}

fn due_words(due: &Due<'_>) -> String {
    let by = due.by.iter().map(|nation| nation.to_string()).collect::<Vec<_>>().join(" or ");
    match due.done {
        Some((filed, _)) => format!("of {}: made by {}", due.day, filed.by),
        None if due.is_late => format!("LATE since {}: {by}", due.day),
        None => format!("due {}: {by}", due.day),
    }
}

fn measure_document(row: &MeasureRow<'_>) -> Value {
    let milestones = row.measure.milestones.iter().map(|one| {
        json!({
            "id": one.item.id.to_string(), "title": one.item.title, "due": one.due.to_string(),
            "reported": one.reported.map(|at| at.to_string()),
        })
    });
    let commitments = row.commitments.iter().map(|(filed, said)| {
        json!({
            "id": filed.id, "owner": said.owner.to_string(), "name": said.name,
            "completion": said.completion.as_str(),
        })
    });
    json!({
        "measure": row.measure.item.id.to_string(), "title": row.measure.item.title,
        "completion": row.completion.as_str(),
        "indicators": row.indicators.iter().map(indicator_document).collect::<Vec<_>>(),
        "milestones": milestones.collect::<Vec<_>>(),
        "commitments": commitments.collect::<Vec<_>>(),
        "assessment": row.due.as_ref().map(due_document),
    })
}

fn indicator_document(one: &IndicatorRow<'_>) -> Value {
    let said = one.said.iter().map(|said| {
        let (source, id) = match said.published {
            None => ("computed-here", None),
            Some((filed, actual)) => {
                let by_hand = actual.entered_by.is_some();
                (if by_hand { "entered" } else { "published" }, Some(filed.id.as_str()))
            }
        };
        json!({
            "by": said.by.to_string(), "value": said.value, "supported_by": said.supported_by,
            "source": source, "id": id,
        })
    });
    json!({
        "indicator": one.indicator.id.to_string(), "unit": one.indicator.unit,
        "target": one.period.map(|period| number(period.target)),
        "actuals": said.collect::<Vec<_>>(), "reached": one.reached, "met": one.is_met,
        "why_none": one.here.as_ref().and_then(|here| here.why_none),
    })
}

fn due_document(due: &Due<'_>) -> Value {
    let by = due.by.iter().map(|nation| nation.to_string()).collect::<Vec<_>>();
    json!({
        "day": due.day.to_string(), "by": by, "late": due.is_late,
        "made": due.done.map(|(filed, _)| filed.id.as_str()),
        "made_by": due.done.map(|(filed, _)| filed.by.to_string()),
    })
}

/// Lists who has to assess what.
pub(crate) fn assessments(which: &WhichPeriod, how: How<'_>) -> Result<u8> {
    let mut desk = folder::open(how.folder)?;
    let (programme, year) = asked(&desk, which)?;
    let picture = desk.picture()?.clone();
    let areas = rows(&desk, &picture, &programme, (which.area.as_deref(), &year))?;
    let (mut lines, mut documents) = (Vec::new(), Vec::new());
    let mut all: Vec<(&AreaRow<'_>, &MeasureRow<'_>, &Due<'_>)> = Vec::new();
    for area in &areas {
        all.extend(area.measures.iter().filter_map(|row| Some((area, row, row.due.as_ref()?))));
    }
    all.sort_by_key(|(_, _, due)| (due.done.is_some(), due.day));
    for (area, row, due) in all {
        let path = format!("{}/{}/{}", programme.id(), area.area.id, row.measure.item.id);
        lines.push(format!("{path}  {}", due_words(due)));
        let mut document = due_document(due);
        if let Some(document) = document.as_object_mut() {
            document.insert("about".to_owned(), path.into());
        }
        documents.push(document);
    }
    if lines.is_empty() {
        lines.push("nobody has to assess anything there".to_owned());
    }
    how.printer.either(&json!(documents), &lines)?;
    Ok(0)
}

/// Publishes actuals.
pub(crate) fn actual(args: &ActualArgs, how: How<'_>) -> Result<u8> {
    let mut desk = folder::open(how.folder)?;
    let picture = desk.picture()?.clone();
    let new = if let (Some(path), Some(value)) = (&args.indicator, &args.value) {
        vec![by_hand(&desk, &picture, (path, value), args)?]
    } else {
        let (programme, year) = asked(&desk, &args.which)?;
        actual::due(&desk, &picture, &programme, (args.which.area.as_deref(), &year))?
    };
    if new.is_empty() {
        let lines = ["nothing to publish that was not said before".to_owned()];
        how.printer.either(&json!([]), &lines)?;
        return Ok(0);
    }
    let (mut lines, mut documents) = (Vec::new(), Vec::new());
    for NewActual { id, said } in new {
        let unit = said.unit.clone().unwrap_or_default();
        let about = said.about.clone();
        let is_new = id.is_none();
        let (value, supported_by, listed) = (said.value, said.supported_by, said.evidence.len());
        let label = if is_new { Some(label(&desk, &about, &args.to)?) } else { None };
        let content = Content::Actual(said);
        let new = New { id, content, label, author: args.to.author.clone() };
        let told = super::told(&mut desk, new, how.dry)?;
        let released: Vec<String> = told.released.iter().map(ToString::to_string).collect();
        let support = supported_by.map_or("entered by a person".to_owned(), |count| {
            format!("supported by {count}, {listed} listed")
        });
        let verb = if how.dry { "would go to" } else { "went to" };
        let to = if released.is_empty() { "nobody yet".to_owned() } else { released.join(", ") };
        lines.push(format!("{about}  {value} {unit}  {support}; {verb} {to}"));
        documents.push(json!({
            "id": told.id, "about": about, "value": value, "supported_by": supported_by,
            "released": released, "again": !is_new, "dry_run": how.dry,
        }));
    }
    how.printer.either(&json!(documents), &lines)?;
    Ok(0)
}

/// What a person enters.
fn by_hand(
    desk: &Desk,
    picture: &Picture,
    (path, value): (&str, &str),
    args: &ActualArgs,
) -> Result<NewActual> {
    let reference: Reference = path.parse()?;
    let programme = desk.policies().programme(&reference.under.programme);
    let programme = programme.with_context(|| format!("{} is not adopted", reference.under))?;
    let (_, indicator) = indicator_at(programme, &reference)
        .with_context(|| format!("{path} is no indicator of the programme"))?;
    let which = WhichPeriod { programme: Some(programme.id().to_string()), ..args.which.clone() };
    let (_, year) = asked(desk, &which)?;
    let period = period_in(indicator, &year)
        .with_context(|| format!("{path} has no period that begins in {year}"))?;
    let value: Quantity = value.parse()?;
    let by = args.entered_by.as_deref().context("say with --entered-by who enters it")?;
    let said = (number(value), by, args.remark.clone());
    let new = actual::entered(desk, picture, (path, indicator, period), said);
    new.context("the period is beyond the calendar")
}

/// Checks a partner's actual. Ends with 1 where something differs.
pub(crate) fn check_actual(id: &str, how: How<'_>) -> Result<u8> {
    let mut desk = folder::open(how.folder)?;
    let filed = find(&mut desk, id)?;
    let said = of::<Actual>(&filed, "actual")?.clone();
    let picture = desk.picture()?.clone();
    let check = actual::check(&desk, &picture, &filed, &said)?;
    let mut lines = vec![format!("{}  {}: {} {}", filed.by, said.about, said.value, said.source)];
    let (mut agree, mut differ, mut missing, mut documents) = (0, 0, 0, Vec::new());
    for one in &check.pointed {
        let (found, words, place) = match &one.found {
            Here::Agrees(place) => {
                agree += 1;
                let at =
                    place.as_ref().map(|(ledger, entry)| format!(" in {ledger}, entry {entry}"));
                ("agrees", format!("is here{}", at.unwrap_or_default()), place.clone())
            }
            Here::Differs(why) => {
                differ += 1;
                ("differs", (*why).to_owned(), None)
            }
            Here::Missing => {
                missing += 1;
                ("missing", "is not here: not given to this nation, or no such object".into(), None)
            }
        };
        lines.push(format!("  {}  {} {words}", one.sha256, one.what));
        documents.push(json!({
            "sha256": one.sha256, "what": one.what, "found": found, "why": words,
            "ledger": place.as_ref().map(|(ledger, _)| ledger), "entry": place.as_ref().map(|(_, at)| at),
        }));
    }
    lines.extend(check.faults.iter().map(|fault| format!("  {fault}")));
    let listed = check.pointed.len();
    lines.push(format!("{listed} listed: {agree} agree, {differ} differ, {missing} are not here"));
    let document = json!({
        "id": filed.id, "by": filed.by.to_string(), "value": said.value,
        "source": said.source.as_str(), "supported_by": said.supported_by, "pointers": documents,
        "agree": agree, "differ": differ, "missing": missing, "faults": check.faults,
    });
    how.printer.either(&document, &lines)?;
    Ok(u8::from(differ > 0 || !check.faults.is_empty()))
}
