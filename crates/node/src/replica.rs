//! `entente stream`: this folder as one of several replicas of the node.
//!
//! Invariants:
//! * A folder joins by what is in it: keys of the node, and its log or none.
//! * What a person is asked to decide (to go on without a replica) is never decided here.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use entente_intake::acts::{NodeAct, kind};
use entente_log::journal::Journal as _;
use entente_release::Nation;
use entente_store::Home;
use entente_stream::{
    By, Cluster, End, FILE, Follower, Heard, KIND, Outcome, ReplicaAct, Settings, Stream, census,
    members, recover, shown,
};
use serde_json::json;

use crate::cli::{ClusterArgs, Stream as Command};
use crate::folder;
use crate::print::{Printer, progress};

/// How many servers keep each message, where nobody says.
const COPIES: usize = 3;

/// `entente stream`.
pub(crate) fn run(dir: &Path, command: &Command, dry_run: bool, printer: Printer) -> Result<u8> {
    if dry_run && !matches!(command, Command::Status) {
        let line = format!("the replica in {} would be changed", dir.display());
        printer.either(&json!({ "dry_run": true }), &[line])?;
        return Ok(0);
    }
    match command {
        Command::Join { cluster, nation, copies } => {
            let nation = nation.as_deref().map(folder::nation).transpose()?;
            let settings = settings(dir, cluster, *copies)?;
            let entries = join(dir, settings.clone(), nation)?;
            let lines = [
                format!("{} is a replica: {entries} entries are here", settings.replica),
                "next: entente serve, or any other command".to_owned(),
            ];
            printer.either(&json!({ "replica": settings.replica, "entries": entries }), &lines)?;
            Ok(0)
        }
        Command::Status => status(dir, printer),
        Command::Refill { without, anew } => {
            refill(dir, &By { without: without.clone(), anew: *anew }, printer)
        }
        Command::Leave { replica } => leave(dir, replica.as_deref(), printer),
    }
}

/// The cluster of a folder, if it is one of several replicas.
pub(crate) fn cluster(dir: &Path, home: &Home) -> Result<Option<Cluster>> {
    let Some(settings) = Settings::read(dir)? else { return Ok(None) };
    let Some(nation) = nation_of(home)? else { return Ok(None) };
    Ok(Some(Cluster::new(settings, nation, folder::signing_key(dir, nation)?)?))
}

/// Folds what other replicas write, if there are others, as long as it is held.
pub(crate) fn follow(dir: &Path, home: &Home) -> Result<Option<Follower>> {
    let Some(cluster) = cluster(dir, home)? else { return Ok(None) };
    let mut own = Home::open(dir)?;
    own.order_by(Box::new(Stream::new(cluster.clone())))?;
    Ok(Some(Follower::start(own, cluster)?))
}

/// Joins with what `entente serve` was told, unless it has.
pub(crate) fn join_to_serve(dir: &Path, args: &ClusterArgs) -> Result<()> {
    let known = Settings::read(dir)?;
    let copies = known.as_ref().map_or(COPIES, |known| known.copies);
    let settings = settings(dir, args, copies)?;
    if known.as_ref() != Some(&settings) {
        join(dir, settings, None)?;
    }
    Ok(())
}

fn nation_of(home: &Home) -> Result<Option<Nation>> {
    let Some((_, act)) = home.last_act_of(kind::NODE)? else { return Ok(None) };
    let act: NodeAct = serde_json::from_str(&act.json)?;
    Ok(Some(folder::nation(&act.nation)?))
}

fn settings(dir: &Path, args: &ClusterArgs, copies: usize) -> Result<Settings> {
    if args.nats.is_empty() {
        bail!("name the servers of the cluster: --nats nats://HOST:4222,nats://HOST:4222");
    }
    let absolute = |path: &PathBuf| {
        path.canonicalize().with_context(|| format!("{} cannot be read", path.display()))
    };
    let named = dir.file_name().map(|name| name.to_string_lossy().to_lowercase());
    Ok(Settings {
        servers: args.nats.clone(),
        replica: args.replica.clone().or(named).unwrap_or_default(),
        credentials: args.nats_creds.as_ref().map(absolute).transpose()?,
        authority: args.nats_ca.as_ref().map(absolute).transpose()?,
        copies,
    })
}

/// Joins; gives how many entries are here then.
fn join(dir: &Path, settings: Settings, nation: Option<Nation>) -> Result<u64> {
    let is_new = !dir.join(entente_store::DATABASE).exists();
    if is_new && !folder::keys(dir).join("node.key").exists() {
        bail!(
            "{} has neither a node nor its keys: run `entente init` for the first replica, and copy \
             the folder keys of the first into that of another",
            dir.display()
        );
    }
    let mut home = if is_new { None } else { Some(Home::open(dir)?) };
    let known = home.as_ref().map(nation_of).transpose()?.flatten().or(nation);
    let Some(nation) = known else {
        bail!("{} has no store that says whose node it is: add --nation", dir.display());
    };
    let cluster = Cluster::new(settings.clone(), nation, folder::signing_key(dir, nation)?)?;
    if home.is_none() && cluster.end()?.is_none() {
        bail!("the cluster has no stream {}: join with the first replica first", cluster.name());
    }
    let mut home = match home.take() {
        Some(home) => home,
        None => Home::open(dir)?,
    };
    home.order_by(Box::new(Stream::new(cluster.clone())))?;
    let settled = settle(&mut home, &cluster, &By::default());
    if is_new && (settled.is_err() || home.tip().next == 0) {
        // A folder with a store is a whole node.
        drop(home);
        std::fs::remove_file(dir.join(entente_store::DATABASE))?;
        settled?;
        bail!("the stream has nothing that the key in {} signed", folder::keys(dir).display());
    }
    settled?;
    settings.write(dir)?;
    let name = settings.replica;
    if !members(&home)?.contains(&name) {
        folder::open(dir)?.record(KIND, &ReplicaAct { name, active: true })?;
    }
    Ok(Home::open(dir)?.tip().next)
}

fn settle(home: &mut Home, cluster: &Cluster, by: &By) -> Result<()> {
    let bar = progress(None, "entries");
    let outcome = recover(home, cluster, by, &mut |at, _| bar.set_position(at));
    bar.finish_and_clear();
    match outcome? {
        Outcome::Settled => Ok(()),
        Outcome::Missing(names) => bail!(
            "these replicas do not answer, and may have more: {}. Serve them, or name each that is \
             gone for good: `entente stream refill --without NAME`",
            names.join(", ")
        ),
        Outcome::Other(name) => bail!(
            "{name} has more than this replica: it fills the stream while it is served, or by \
             `entente stream refill` in its folder; then repeat this"
        ),
    }
}

fn on_cluster(dir: &Path) -> Result<(Home, Cluster)> {
    folder::must_hold_node(dir)?;
    let home = Home::open(dir)?;
    let Some(cluster) = cluster(dir, &home)? else {
        bail!("{} is no replica: `entente stream join` makes it one", dir.display());
    };
    Ok((home, cluster))
}

fn refill(dir: &Path, by: &By, printer: Printer) -> Result<u8> {
    let (mut home, cluster) = on_cluster(dir)?;
    home.order_by(Box::new(Stream::new(cluster.clone())))?;
    settle(&mut home, &cluster, by)?;
    let entries = home.tip().next;
    let line = format!("the stream has all {entries} entries that are here");
    printer.either(&json!({ "entries": entries }), &[line])?;
    Ok(0)
}

fn leave(dir: &Path, other: Option<&str>, printer: Printer) -> Result<u8> {
    let (home, cluster) = on_cluster(dir)?;
    let own = cluster.settings().replica.clone();
    let name = other.unwrap_or(&own).to_owned();
    if !members(&home)?.contains(&name) {
        bail!("{name} is no replica of this node: `entente stream status` lists them");
    }
    folder::open(dir)?.record(KIND, &ReplicaAct { name: name.clone(), active: false })?;
    if name == own {
        std::fs::remove_file(dir.join(FILE)).with_context(|| format!("{FILE} not removed"))?;
    }
    printer.either(&json!({ "left": name }), &[format!("{name} is no replica any more")])?;
    Ok(0)
}

fn status(dir: &Path, printer: Printer) -> Result<u8> {
    let (mut home, cluster) = on_cluster(dir)?;
    home.order_by(Box::new(Stream::new(cluster.clone())))?;
    let followed = home.follow().map_err(|error| error.to_string());
    let (own, tip) = (cluster.settings().replica.clone(), home.tip());
    let end = cluster.end()?;
    let mut replicas: BTreeMap<String, Option<Heard>> =
        members(&home)?.into_iter().map(|name| (name, None)).collect();
    let others: Vec<String> = replicas.keys().filter(|name| **name != own).cloned().collect();
    let heard = census(&cluster, &others)?;
    replicas.extend(heard.into_iter().map(|(name, heard)| (name, Some(heard))));
    replicas.insert(own.clone(), Some(Heard { tip }));
    let rows: Vec<_> = replicas
        .iter()
        .map(|(name, heard)| {
            let tip = heard.as_ref().map(|heard| heard.tip);
            json!({ "replica": name, "entries": tip.map(|tip| tip.next),
                    "chain": tip.map(|tip| shown(&tip.chain)) })
        })
        .collect();
    let document = json!({
        "replica": own, "stream": cluster.name(), "messages": end.map(|end| end.last),
        "trouble": followed.as_ref().err(), "replicas": rows,
    });
    let mut lines = vec![stream_line(&cluster, end)];
    lines.extend(replicas.iter().map(|(name, heard)| match heard {
        Some(Heard { tip }) => {
            let here = if *name == own { " (this one)" } else { "" };
            format!("{name}{here}: {} entries, chain {}", tip.next, shown(&tip.chain))
        }
        None => format!("{name}: is not served, or cannot be reached"),
    }));
    lines.extend(followed.as_ref().err().cloned());
    printer.either(&document, &lines)?;
    Ok(u8::from(followed.is_err()))
}

fn stream_line(cluster: &Cluster, end: Option<End>) -> String {
    match end {
        Some(end) => format!("the stream {} has {} messages", cluster.name(), end.last),
        None => format!("there is no stream {}", cluster.name()),
    }
}
