//! A coalition in one process, on simulated time, network and crashes, from one seed.
//!
//! In scope: nine nodes with their real desks, stores, routes and followers; what people do in a month;
//! faults of network, clocks, disks and people; a node that lies; twin worlds; an oracle that shares no
//! code with the nodes; one checker for each invariant, and for each a defect that it has to notice.
//! Out of scope: TLS and real processes (the black-box tests), power cuts within a write (SQLite's own
//! tests, and the tests that kill).

mod check;
mod defect;
mod dice;
mod disk;
mod liar;
mod net;
mod node;
mod oracle;
mod people;
mod time;
mod trace;
mod wire;
mod world;

#[cfg(test)]
mod tests;

use std::process::ExitCode;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use anyhow::{Result, bail, ensure};
use clap::Parser;

/// A ninth of a simulation's time was in `malloc` and `free`: this stands in for them, in SQLite too.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

use crate::defect::Defect;
use crate::wire::Arrived;
use crate::world::{OPERATIONS, Outcome, Setup, simulate};

/// Simulates coalitions, one for each seed, and says which seed breaks what.
#[derive(Debug, Parser)]
#[command(
    after_help = "Examples:\n  cargo xtask sim --seeds 1000\n  cargo xtask sim --seed 17\n  \
                        cargo xtask sim --seed 3 --defect leak"
)]
struct Args {
    /// How many seeds.
    #[arg(long, default_value_t = 100)]
    seeds: u64,
    /// The first seed.
    #[arg(long, default_value_t = 0)]
    from: u64,
    /// This seed alone, with everything that happens printed.
    #[arg(long, conflicts_with_all = ["seeds", "from"])]
    seed: Option<u64>,
    /// Run each so many times, and demand the same trace: 2 looks for what is not determined by it.
    #[arg(long, default_value_t = 1)]
    times: u64,
    /// Switch a defect on, to see that a checker notices: the seeds have to fail.
    #[arg(long)]
    defect: Option<Defect>,
}

fn main() -> ExitCode {
    let args = Args::parse();
    let right = match args.seed {
        Some(seed) => one(seed, true, &args),
        None => many(&args),
    };
    if right { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Simulates a seed; gives whether all held, or with a defect whether that was noticed.
fn one(seed: u64, shown: bool, args: &Args) -> bool {
    let setup = Setup { seed, shown, twin: 0, operations: OPERATIONS, defect: args.defect };
    match (all_of(setup, args.times), args.defect) {
        (Ok(outcome), None) => {
            if shown {
                println!(
                    "seed {seed}: {} objects made, {} entries received, {} events, trace {}",
                    outcome.made, outcome.received, outcome.events, outcome.hash
                );
            }
            true
        }
        (Ok(_), Some(defect)) => {
            println!("seed {seed}: the defect {defect:?} was not noticed");
            false
        }
        (Err(error), None) => {
            println!("seed {seed}: {error:#}");
            println!("  to look at it: cargo xtask sim --seed {seed}");
            false
        }
        (Err(error), Some(_)) => {
            println!("seed {seed}: noticed: {error:#}");
            true
        }
    }
}

/// A seed as often as is asked, and in its twin world if it has one.
fn all_of(setup: Setup, times: u64) -> Result<Outcome> {
    let first = simulate(setup)?;
    let quiet = Setup { shown: false, ..setup };
    for _ in 1..times {
        ensure!(simulate(quiet)?.hash == first.hash, "two runs differ");
    }
    if setup.has_twin() {
        let twin = simulate(Setup { twin: 1, ..quiet })?;
        are_twins(&first.arrived, &twin.arrived)?;
    }
    Ok(first)
}

/// A nation received the same in two worlds that differ in what it may not know of.
fn are_twins(one: &[Arrived], other: &[Arrived]) -> Result<()> {
    ensure!(!one.is_empty(), "twins: nothing arrived at all");
    for (one, other) in one.iter().zip(other) {
        if one != other {
            bail!("twins: what arrived differs: {one:?} and {other:?}");
        }
    }
    ensure!(one.len() == other.len(), "twins: {} messages and {}", one.len(), other.len());
    Ok(())
}

/// How many seeds are done, and which is next.
struct Progress {
    next: u64,
    done: u64,
    failed: u64,
    told: Instant,
}

/// How often it is said how far it is.
const TELLS_EVERY: Duration = Duration::from_secs(20);

/// Simulates seeds, one on each processor at a time.
fn many(args: &Args) -> bool {
    let began = Instant::now();
    let (next, done, failed) = (args.from, 0, 0);
    let progress = Mutex::new(Progress { next, done, failed, told: began });
    let end = args.from + args.seeds;
    let take = || {
        let mut progress = progress.lock().ok()?;
        let seed = progress.next;
        progress.next += 1;
        (seed < end).then_some(seed)
    };
    let note = |right: bool| {
        let Ok(mut progress) = progress.lock() else { return };
        progress.done += 1;
        progress.failed += u64::from(!right);
        if progress.told.elapsed() >= TELLS_EVERY {
            progress.told = Instant::now();
            println!("{}", how_far(progress.done, args.seeds, began.elapsed()));
        }
    };
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while let Some(seed) = take() {
                    note(one(seed, false, args));
                }
            });
        }
    });
    let failed = progress.into_inner().map_or(args.seeds, |progress| progress.failed);
    let took = began.elapsed().as_secs_f64();
    println!(
        "{} seeds, {failed} failed, in {took:.0} s: {:.1} seeds a second",
        args.seeds,
        f64::from(u32::try_from(args.seeds).unwrap_or(u32::MAX)) / took
    );
    failed == 0
}

fn how_far(done: u64, of: u64, took: Duration) -> String {
    let left = took.as_secs() * (of - done) / done.max(1);
    format!("{done} of {of} seeds, {} min {:02} s left", left / 60, left % 60)
}
