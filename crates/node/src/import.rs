//! `entente import` and `entente release preview`: from inputs to the log, or to a forecast.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::PathBuf;
use std::time::Instant;

use anyhow::{Context as _, Result, bail};
use entente_intake::acts::{ImportAct, kind};
use entente_intake::{Applied, Desk, Group, Outcome, Prepared, Summary};
use entente_log::journal::Journal as _;
use entente_object::marking::Tlp;
use entente_object::time::Timestamp;
use entente_release::label::{PermittedActions, Under, Window};
use entente_release::name::ProgrammeId;
use entente_release::{Nation, NationSet};
use serde_json::json;

use crate::cli::{Import, LabelArgs};
use crate::input::{self, Inputs, Read1, Reject};
use crate::print::{Printer, progress};

/// What an import did.
#[derive(Clone, Debug, Default)]
pub(crate) struct Done {
    pub(crate) taken: u64,
    pub(crate) same: u64,
    pub(crate) followed: u64,
    pub(crate) rejected: u64,
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
    let inputs = Inputs::new(&args.inputs, args.ca.as_deref())?;
    let mut rejects = Rejects::new(args);
    if args.all_or_nothing {
        let spooled = inputs.names.iter().any(|name| name == "-" || input::is_address(name));
        if spooled {
            bail!("--all-or-nothing reads its input twice: save it to a file first");
        }
        let (_, refused, broken) = forecast(desk, &inputs, applied.as_ref())?;
        if !refused.is_empty() || !broken.is_empty() {
            refused.iter().try_for_each(|reject| rejects.write(reject))?;
            let done = Done { broken, ..Done::default() };
            report(&done, rejects, printer, Instant::now())?;
            printer.line(
                "nothing was taken in: mend or remove what was rejected, or use --continue",
            )?;
            return Ok(1);
        }
    }
    let start = Instant::now();
    let mut reject = |reject: &Reject| rejects.write(reject);
    let done = take(desk, inputs, applied.as_ref(), args.author.as_deref(), &mut reject)?;
    report(&done, rejects, printer, start)
}

/// Takes all objects of the inputs in. What is not taken is handed on at once: there may be more
/// of it than memory.
pub(crate) fn take(
    desk: &mut Desk,
    inputs: Inputs,
    applied: Option<&Applied>,
    author: Option<&str>,
    reject: &mut dyn FnMut(&Reject) -> Result<()>,
) -> Result<Done> {
    let mut done = Done::default();
    let bar = progress(None, "objects");
    let here = desk.here();
    for read in input::read(inputs) {
        match read {
            Read1::Broken(why) => done.broken.push(why),
            Read1::Batch(input, batch, rejects) => {
                done.rejected += u64::try_from(rejects.len()).unwrap_or_default();
                rejects.iter().try_for_each(&mut *reject)?;
                let (indexes, objects): (Vec<u64>, Vec<Prepared>) = batch.into_iter().unzip();
                let ids: Vec<String> = objects.iter().map(|o| o.id.to_string()).collect();
                let first = desk.home().tip().next;
                bar.inc(u64::try_from(objects.len()).unwrap_or_default());
                let taken = desk.take(objects, here, applied)?;
                done.followed += taken.followed;
                for ((outcome, id), index) in taken.outcomes.into_iter().zip(ids).zip(indexes) {
                    if let Outcome::Refused(refused) = &outcome {
                        let (input, why) = (input.clone(), refused.to_string());
                        reject(&Reject { input, index, id: Some(id), why })?;
                    }
                    done.count(desk, &outcome);
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
    fn count(&mut self, desk: &Desk, outcome: &Outcome) {
        match outcome {
            Outcome::Same => self.same += 1,
            Outcome::Refused(_) => self.rejected += 1,
            Outcome::Taken { released, held, .. } => {
                self.taken += 1;
                self.held += u64::from(!held.is_empty());
                for nation in desk.nations(*released).iter() {
                    *self.released.entry(nation).or_default() += 1;
                }
            }
        }
    }
}

/// Says what an import did; gives the exit code.
fn report(done: &Done, rejects: Rejects, printer: Printer, start: Instant) -> Result<u8> {
    let (path, rejected) = rejects.close()?;
    let seconds = start.elapsed().as_secs_f64();
    let released: BTreeMap<String, u64> =
        done.released.iter().map(|(nation, count)| (nation.to_string(), *count)).collect();
    let document = json!({
        "taken": done.taken, "same": done.same, "followed": done.followed, "held": done.held,
        "rejected": rejected, "broken": done.broken, "released": released,
        "rejects_file": (rejected > 0).then(|| path.display().to_string()),
        "seconds": seconds,
    });
    let mut lines = vec![format!(
        "{} taken in, {} here already, {rejected} rejected, in {seconds:.1} s",
        done.taken, done.same,
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
    if rejected > 0 {
        lines.push(format!("rejected objects and why: {}", path.display()));
    }
    lines.extend(done.broken.iter().map(|why| format!("not read to the end: {why}")));
    printer.either(&document, &lines)?;
    Ok(u8::from(rejected > 0 || !done.broken.is_empty()))
}

/// The rejects file, which is made when there is something to write.
struct Rejects {
    path: PathBuf,
    out: Option<BufWriter<File>>,
    count: u64,
}

impl Rejects {
    fn new(args: &Import) -> Self {
        let path = args.rejects.clone().unwrap_or_else(|| input::rejects_path(&args.inputs));
        Self { path, out: None, count: 0 }
    }

    fn write(&mut self, reject: &Reject) -> Result<()> {
        let failed = || format!("{} not written", self.path.display());
        if self.out.is_none() {
            self.out = Some(BufWriter::new(File::create(&self.path).with_context(failed)?));
        }
        let Some(out) = &mut self.out else { return Ok(()) };
        serde_json::to_writer(&mut *out, reject)?;
        out.write_all(b"\n").with_context(failed)?;
        self.count += 1;
        Ok(())
    }

    /// Where it is, and how many are in it.
    fn close(self) -> Result<(PathBuf, u64)> {
        if let Some(mut out) = self.out {
            out.flush().with_context(|| format!("{} not written", self.path.display()))?;
        }
        Ok((self.path, self.count))
    }
}

type Forecast = (Summary, Vec<Reject>, Vec<String>);

/// What taking the inputs in would do. They are decided about together, so all of them are held in
/// memory.
fn forecast(desk: &mut Desk, inputs: &Inputs, applied: Option<&Applied>) -> Result<Forecast> {
    let (mut rejects, mut broken) = (Vec::new(), Vec::new());
    let (mut objects, mut places): (Vec<Prepared>, Vec<(String, u64)>) = (Vec::new(), Vec::new());
    for read in input::read(inputs.clone()) {
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
    let inputs = Inputs::new(&args.inputs, args.ca.as_deref())?;
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
    let mut lines = Vec::new();
    for (group, count) in &summary.groups {
        let (label, object_type, nations) = group;
        let to = if nations.is_empty() {
            "nobody new".to_owned()
        } else {
            codes(nations.iter().copied()).join(", ")
        };
        lines.push(format!("  {count:>8} {object_type:<22} to {to}   [{label}]"));
        for (why, nations) in summary.others.get(group).into_iter().flatten() {
            lines.push(format!("           not to {}: {why}", codes(nations.iter()).join(", ")));
        }
    }
    lines
}

fn codes(nations: impl Iterator<Item = Nation>) -> Vec<String> {
    nations.map(|nation| nation.to_string()).collect()
}

/// A summary for scripts.
pub(crate) fn summary_json(summary: &Summary) -> serde_json::Value {
    let row = |(group, count): (&Group, &u64)| {
        let (label, object_type, nations) = group;
        let to = codes(nations.iter().copied());
        let mut row = json!({ "label": label, "type": object_type, "to": to, "objects": count });
        let others = summary.others.get(group).map(|others| others.iter());
        if let (Some(others), Some(row)) = (others, row.as_object_mut()) {
            let reason = |(why, all): (&String, &NationSet)| json!({ "nations": codes(all.iter()), "why": why });
            row.insert("not_to".to_owned(), others.map(reason).collect());
        }
        row
    };
    summary.groups.iter().map(row).collect()
}
