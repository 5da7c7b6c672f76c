//! `entente import` and `entente release preview`: from inputs to the log, or to a forecast.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::PathBuf;
use std::time::Instant;

use anyhow::{Context as _, Result, bail};
use entente_intake::acts::{ImportAct, kind};
use entente_intake::{Applied, Desk, Outcome, Prepared, Summary};
use entente_log::journal::Journal as _;
use entente_object::marking::Tlp;
use entente_object::time::Timestamp;
use entente_release::label::{PermittedActions, Under, Window};
use entente_release::name::ProgrammeId;
use entente_release::{Nation, NationSet};
use serde_json::json;

use crate::cli::{Import, LabelArgs};
use crate::input::{self, Read1, Reject};
use crate::print::{Printer, progress};

/// What an import did.
#[derive(Clone, Debug, Default)]
pub(crate) struct Done {
    pub(crate) taken: u64,
    pub(crate) same: u64,
    pub(crate) followed: u64,
    pub(crate) rejects: Vec<Reject>,
    pub(crate) broken: Vec<String>,
    /// To each nation: how many were released at once.
    pub(crate) released: BTreeMap<Nation, u64>,
    /// How many wait for something before some partner has them.
    pub(crate) held: u64,
}

/// The label that the options ask for; none: each object's own.
pub(crate) fn applied(desk: &Desk, label: &LabelArgs) -> Result<Option<Applied>> {
    let (Some(programme), Some(area)) = (&label.programme, &label.area) else {
        if label.tlp.is_some() || !label.rel_to.is_empty() {
            bail!("--tlp and --rel-to belong to a label: add --programme and --area");
        }
        return Ok(None);
    };
    let programme: ProgrammeId = programme.parse()?;
    let area = area.parse()?;
    let adopted = desk.policies().programme(&programme);
    let Some(adopted) = adopted else {
        bail!("{programme} is not adopted: `entente programme adopt FILE` first");
    };
    if adopted.area(&area).is_none() {
        let areas: Vec<_> = adopted.areas().iter().map(|area| area.id.to_string()).collect();
        bail!("{programme} has no area {area}; it has {}", areas.join(", "));
    }
    let mut rel_to: Vec<Nation> = Vec::new();
    for name in &label.rel_to {
        match desk.policies().expand_group(&programme, name) {
            Some(group) => rel_to.extend(group.iter()),
            None => rel_to.push(name.parse()?),
        }
    }
    let tlp = label.tlp.as_deref().map(tlp).transpose()?;
    let time = |text: &Option<String>| -> Result<Option<Timestamp>> {
        let parse = |text: &String| {
            Timestamp::parse(text).with_context(|| format!("{text} is no time in UTC"))
        };
        text.as_ref().map(parse).transpose()
    };
    Ok(Some(Applied {
        tlp,
        rel_to: rel_to.into_iter().collect::<NationSet>(),
        under: [Under { programme, area }].into(),
        caveats: label.caveats.iter().map(|name| name.parse()).collect::<Result<_, _>>()?,
        actions: PermittedActions::ExternallyVisibleDirect,
        exercise: None,
        window: Window { not_before: time(&label.not_before)?, not_after: time(&label.not_after)? },
    }))
}

fn tlp(text: &str) -> Result<Tlp> {
    let name = format!("TLP:{}", text.to_uppercase().trim_start_matches("TLP:"));
    let Some(tlp) = Tlp::from_name(&name) else {
        bail!("{text} is no TLP level: use clear, green, amber, amber+strict or red");
    };
    Ok(tlp)
}

/// `entente import`.
pub(crate) fn run(desk: &mut Desk, args: &Import, dry_run: bool, printer: Printer) -> Result<u8> {
    if dry_run {
        return preview(desk, args, printer);
    }
    let applied = applied(desk, &args.label)?;
    let inputs = input::expand(&args.inputs)?;
    if args.all_or_nothing {
        let spooled = inputs.iter().any(|input| input == "-" || input.starts_with("https://"));
        if spooled {
            bail!("--all-or-nothing reads its input twice: save it to a file first");
        }
        let (_, rejects, broken) = forecast(desk, &inputs, applied.as_ref())?;
        if !rejects.is_empty() || !broken.is_empty() {
            let done = Done { rejects, broken, ..Done::default() };
            report(&done, args, printer, Instant::now())?;
            printer.line(
                "nothing was taken in: mend or remove what was rejected, or use --continue",
            )?;
            return Ok(1);
        }
    }
    let start = Instant::now();
    let done = take(desk, inputs, applied.as_ref(), args.author.as_deref())?;
    report(&done, args, printer, start)?;
    Ok(u8::from(!done.rejects.is_empty() || !done.broken.is_empty()))
}

/// Takes all objects of the inputs in.
pub(crate) fn take(
    desk: &mut Desk,
    inputs: Vec<String>,
    applied: Option<&Applied>,
    author: Option<&str>,
) -> Result<Done> {
    let mut done = Done::default();
    let bar = progress(None, "objects");
    let here = desk.here();
    for read in input::read(inputs) {
        match read {
            Read1::Broken(why) => done.broken.push(why),
            Read1::Batch(input, batch, rejects) => {
                done.rejects.extend(rejects);
                let (indexes, objects): (Vec<u64>, Vec<Prepared>) = batch.into_iter().unzip();
                let ids: Vec<String> = objects.iter().map(|o| o.id.to_string()).collect();
                let first = desk.home().tip().next;
                bar.inc(u64::try_from(objects.len()).unwrap_or_default());
                let taken = desk.take(objects, here, applied)?;
                done.followed += taken.followed;
                for ((outcome, id), index) in taken.outcomes.into_iter().zip(ids).zip(indexes) {
                    done.count(desk, outcome, (&input, index, id));
                }
                if let Some(author) = author {
                    let end = desk.home().tip().next;
                    let act = ImportAct { author: author.to_owned(), first, end };
                    desk.record(kind::IMPORT, &act)?;
                }
            }
        }
    }
    bar.finish_and_clear();
    Ok(done)
}

impl Done {
    fn count(&mut self, desk: &Desk, outcome: Outcome, (input, index, id): (&str, u64, String)) {
        match outcome {
            Outcome::Same => self.same += 1,
            Outcome::Refused(refused) => {
                let (input, why) = (input.to_owned(), refused.to_string());
                self.rejects.push(Reject { input, index, id: Some(id), why });
            }
            Outcome::Taken { released, held, .. } => {
                self.taken += 1;
                self.held += u64::from(!held.is_empty());
                for nation in desk.nations(released).iter() {
                    *self.released.entry(nation).or_default() += 1;
                }
            }
        }
    }
}

fn report(done: &Done, args: &Import, printer: Printer, start: Instant) -> Result<()> {
    let path = args.rejects.clone().unwrap_or_else(|| input::rejects_path(&args.inputs));
    if !done.rejects.is_empty() {
        write_rejects(&path, &done.rejects)?;
    }
    let seconds = start.elapsed().as_secs_f64();
    let released: BTreeMap<String, u64> =
        done.released.iter().map(|(nation, count)| (nation.to_string(), *count)).collect();
    let document = json!({
        "taken": done.taken, "same": done.same, "followed": done.followed, "held": done.held,
        "rejected": done.rejects.len(), "broken": done.broken, "released": released,
        "rejects_file": (!done.rejects.is_empty()).then(|| path.display().to_string()),
        "seconds": seconds,
    });
    let mut lines = vec![format!(
        "{} taken in, {} here already, {} rejected, in {seconds:.1} s",
        done.taken,
        done.same,
        done.rejects.len()
    )];
    let to: Vec<String> =
        released.iter().map(|(nation, count)| format!("{nation} {count}")).collect();
    lines.push(if to.is_empty() {
        "released to nobody: `entente release explain ID --to NATION` says why".to_owned()
    } else {
        format!("released: {}", to.join(", "))
    });
    if done.held > 0 {
        lines.push(format!("{} wait: `entente release queue` says for what", done.held));
    }
    if done.followed > 0 {
        lines.push(format!("{} that had waited were released too", done.followed));
    }
    if !done.rejects.is_empty() {
        lines.push(format!("rejected objects and why: {}", path.display()));
    }
    lines.extend(done.broken.iter().map(|why| format!("not read to the end: {why}")));
    printer.either(&document, &lines)?;
    Ok(())
}

fn write_rejects(path: &PathBuf, rejects: &[Reject]) -> Result<()> {
    let file = File::create(path).with_context(|| format!("{} not written", path.display()))?;
    let mut out = BufWriter::new(file);
    for reject in rejects {
        serde_json::to_writer(&mut out, reject)?;
        out.write_all(b"\n")?;
    }
    out.flush()?;
    Ok(())
}

type Forecast = (Summary, Vec<Reject>, Vec<String>);

/// What taking the inputs in would do. They are decided about together, so all of them are held in
/// memory.
fn forecast(desk: &mut Desk, inputs: &[String], applied: Option<&Applied>) -> Result<Forecast> {
    let (mut rejects, mut broken) = (Vec::new(), Vec::new());
    let (mut objects, mut places): (Vec<Prepared>, Vec<(String, u64)>) = (Vec::new(), Vec::new());
    for read in input::read(inputs.to_vec()) {
        match read {
            Read1::Broken(why) => broken.push(why),
            Read1::Batch(input, batch, refused) => {
                places.extend(batch.iter().map(|(index, _)| (input.clone(), *index)));
                objects.extend(batch.into_iter().map(|(_, object)| object));
                rejects.extend(refused);
            }
        }
    }
    let ids: Vec<String> = objects.iter().map(|object| object.id.to_string()).collect();
    let (here, mut summary) = (desk.here(), Summary::default());
    let outcomes = desk.preview(objects, here, applied, &mut summary)?;
    for ((outcome, id), (input, index)) in outcomes.into_iter().zip(ids).zip(places) {
        if let Some(Outcome::Refused(refused)) = outcome {
            let why = refused.to_string();
            rejects.push(Reject { input, index, id: Some(id), why });
        }
    }
    Ok((summary, rejects, broken))
}

/// `entente release preview`.
pub(crate) fn preview(desk: &mut Desk, args: &Import, printer: Printer) -> Result<u8> {
    let applied = applied(desk, &args.label)?;
    let inputs = input::expand(&args.inputs)?;
    let (summary, rejects, broken) = forecast(desk, &inputs, applied.as_ref())?;
    let mut lines = Vec::new();
    lines.push("Nothing was changed. This import would release:".to_owned());
    lines.extend(summary_lines(&summary));
    for reject in rejects.iter().take(20) {
        let id = reject.id.as_deref().unwrap_or("an object without id");
        lines.push(format!("  rejected: {id}: {}", reject.why));
    }
    lines.extend(broken.iter().map(|why| format!("  not read to the end: {why}")));
    let document = json!({
        "groups": summary_json(&summary), "rejects": rejects, "broken": broken,
    });
    printer.either(&document, &lines)?;
    Ok(u8::from(!rejects.is_empty() || !broken.is_empty()))
}

/// A summary for people.
pub(crate) fn summary_lines(summary: &Summary) -> Vec<String> {
    let group = |((label, object_type, nations), count): (&(String, String, Vec<Nation>), &u64)| {
        let to: Vec<String> = nations.iter().map(ToString::to_string).collect();
        let to = if to.is_empty() { "nobody new".to_owned() } else { to.join(", ") };
        format!("  {count:>8} {object_type:<22} to {to}   [{label}]")
    };
    summary.groups.iter().map(group).collect()
}

/// A summary for scripts.
pub(crate) fn summary_json(summary: &Summary) -> serde_json::Value {
    let group = |((label, object_type, nations), count): (&(String, String, Vec<Nation>), &u64)| {
        let to: Vec<String> = nations.iter().map(ToString::to_string).collect();
        json!({ "label": label, "type": object_type, "to": to, "objects": count })
    };
    summary.groups.iter().map(group).collect()
}
