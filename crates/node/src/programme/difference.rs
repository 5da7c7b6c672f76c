//! What differs between two versions of a programme, and what that would release: for people and for
//! scripts.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Result, ensure};
use entente_intake::{Compared, ReleaseChange, ReleaseCount, ReleaseDifference};
use entente_programme::{Change, Difference, Programme, compare};
use serde_json::{Value, json};

use crate::cli;
use crate::folder;
use crate::print::Printer;

/// Prints what the newer version says otherwise. The exit code is 1 if there is anything.
pub(super) fn changes(old: &Programme, new: &Programme, printer: Printer) -> Result<u8> {
    let changes = compare(old, new);
    let mut lines: Vec<String> = changes.iter().map(ToString::to_string).collect();
    if lines.is_empty() {
        lines.push("both say the same".to_owned());
    }
    let rows: Vec<Value> = changes.iter().map(change_json).collect();
    let document = json!({
        "old": version(old), "new": version(new), "changes": rows,
    });
    printer.either(&document, &lines)?;
    Ok(u8::from(!changes.is_empty()))
}

fn version(programme: &Programme) -> Value {
    json!({ "id": programme.id().to_string(), "version": programme.head().version })
}

fn change_json(change: &Change) -> Value {
    let mut row = json!({
        "subject": change.subject.as_str(), "name": change.name, "title": change.title,
    });
    let said = match &change.difference {
        Difference::Added => json!({ "change": "added" }),
        Difference::Removed => json!({ "change": "removed" }),
        Difference::Moved { from, to } => json!({ "change": "moved", "from": from, "to": to }),
        Difference::Said { key, old, new } => {
            json!({ "change": "changed", "key": key, "old": old, "new": new })
        }
        Difference::Names { key, added, removed } => {
            json!({ "change": "changed", "key": key, "added": added, "removed": removed })
        }
    };
    if let (Some(row), Some(said)) = (row.as_object_mut(), said.as_object()) {
        row.extend(said.clone());
    }
    row
}

/// Prints what would be released more or less on the objects that are here.
pub(super) fn released(
    folder: &Path,
    (old, new): (Option<&Programme>, &Programme),
    counted: &cli::Counted,
    printer: Printer,
) -> Result<u8> {
    if let Some(old) = old {
        ensure!(
            old.id() == new.id(),
            "{} and {} are two programmes: the labels of one do not name the other",
            old.id(),
            new.id()
        );
    }
    let mut desk = folder::open(folder)?;
    let examples = usize::from(counted.examples);
    let told = desk.release_difference(&Compared { old, new, examples, exact: counted.exact })?;
    printer.either(&document(&told), &lines(&told))?;
    Ok(0)
}

fn document(told: &ReleaseDifference) -> Value {
    let row = |count: &ReleaseCount| {
        let (before, after) = releasers(count.change);
        json!({
            "partner": count.partner.to_string(), "change": count.change.as_str(),
            "releasers_before": before, "releasers": after, "under": count.under,
            "label": count.label, "type": count.object_type, "objects": count.count,
            "examples": count.examples,
        })
    };
    json!({
        "at": told.at.to_stix(), "objects": told.objects, "exact": told.exact,
        "voided_approvals": told.voided,
        "counts": told.counts.iter().map(row).collect::<Vec<_>>(),
    })
}

/// How many releasers are asked for before and after, where that is what changes.
fn releasers(change: ReleaseChange) -> (Option<u8>, Option<u8>) {
    match change {
        ReleaseChange::MoreOnApproval(after) | ReleaseChange::NeedsApproval(after) => {
            (None, Some(after))
        }
        ReleaseChange::OtherApproval(before, after) => (Some(before), Some(after)),
        ReleaseChange::More
        | ReleaseChange::MoreWithheld
        | ReleaseChange::Less
        | ReleaseChange::LessNewer => (None, None),
    }
}

fn lines(told: &ReleaseDifference) -> Vec<String> {
    let mut lines = vec![format!(
        "{} objects of this nation are labelled under the programme; asked as of {}",
        told.objects,
        told.at.to_stix()
    )];
    let mut of_partner: BTreeMap<String, Vec<&ReleaseCount>> = BTreeMap::new();
    for count in &told.counts {
        of_partner.entry(count.partner.to_string()).or_default().push(count);
    }
    for (partner, counts) in of_partner {
        lines.push(partner);
        for count in counts {
            lines.push(format!(
                "  {}: {} {} [{}]",
                words(count.change, told.exact),
                count.count,
                count.object_type,
                count.label
            ));
            lines.extend(count.examples.iter().map(|id| format!("      {id}")));
        }
    }
    if told.counts.is_empty() {
        lines.push("nothing would be released more or less".to_owned());
    }
    if told.voided > 0 {
        lines
            .push(format!("{} waiting objects would lose the approvals given so far", told.voided));
    }
    if told.counts.iter().any(|count| count.change.is_more()) {
        if !told.exact {
            let advice =
                "at most: what an object mentions may withhold it; --exact reads the objects";
            lines.push(advice.to_owned());
        }
        lines.push("adopting releases nothing by itself: `entente release review` does".to_owned());
    }
    lines
}

fn words(change: ReleaseChange, exact: bool) -> String {
    match change {
        ReleaseChange::More if exact => "more".to_owned(),
        ReleaseChange::More => "more, at most".to_owned(),
        ReleaseChange::MoreWithheld => "permitted, but withheld for what they mention".to_owned(),
        ReleaseChange::MoreOnApproval(releasers) => {
            format!("more, once {releasers} have approved each")
        }
        ReleaseChange::OtherApproval(before, after) => {
            format!("wait for approval by {after} instead of {before}")
        }
        ReleaseChange::NeedsApproval(releasers) => {
            format!("wait, and would need approval by {releasers}")
        }
        ReleaseChange::Less => "less: they wait, and would never be released".to_owned(),
        ReleaseChange::LessNewer => {
            "less: the partner keeps them, and would get no newer version".to_owned()
        }
    }
}
