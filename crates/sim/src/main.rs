//! A coalition in one process, on simulated time, network and crashes, from one seed.
//!
//! In scope: nine nodes with their real desks, stores, routes and followers; what people do in a month;
//! faults; an oracle that shares no code with the nodes; one checker for each invariant.
//! Out of scope: TLS and real processes (the black-box tests), power cuts within a write (SQLite's own
//! tests, and the tests that kill).

mod check;
mod dice;
mod net;
mod node;
mod oracle;
mod time;
mod trace;
mod world;

use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use clap::Parser;

/// Simulates coalitions, one for each seed, and says which seed breaks what.
#[derive(Debug, Parser)]
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
}

fn main() -> ExitCode {
    let args = Args::parse();
    let right = match args.seed {
        Some(seed) => one(seed, true, args.times),
        None => many(&args),
    };
    if right { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Simulates a seed; gives whether all held.
fn one(seed: u64, shown: bool, times: u64) -> bool {
    let mut first: Option<String> = None;
    for round in 0..times.max(1) {
        match world::simulate(seed, shown && round == 0) {
            Ok(outcome) => {
                if shown {
                    println!(
                        "seed {seed}: {} objects made, {} entries received, {} events, trace {}",
                        outcome.made, outcome.received, outcome.events, outcome.hash
                    );
                }
                if first.as_ref().is_some_and(|first| *first != outcome.hash) {
                    println!("seed {seed}: two runs differ");
                    return false;
                }
                first = Some(outcome.hash);
            }
            Err(error) => {
                println!("seed {seed}: {error:#}");
                println!("  to look at it: cargo xtask sim --seed {seed}");
                return false;
            }
        }
    }
    true
}

/// Simulates seeds, one on each processor at a time.
fn many(args: &Args) -> bool {
    let (next, failed) = (AtomicU64::new(args.from), AtomicU64::new(0));
    let end = args.from + args.seeds;
    let began = Instant::now();
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= end {
                        break;
                    }
                    if !one(seed, false, args.times) {
                        failed.fetch_add(1, Ordering::Relaxed);
                    }
                }
            });
        }
    });
    let (failed, took) = (failed.into_inner(), began.elapsed().as_secs_f64());
    let rate = f64::from(u32::try_from(args.seeds).unwrap_or(u32::MAX)) / took;
    println!("{} seeds, {failed} failed, in {took:.0} s: {rate:.1} seeds a second", args.seeds);
    failed == 0
}
