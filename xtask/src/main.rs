//! `cargo xtask`: what this repository does to itself.
//!
//! In scope: the checks of the house rules (`tidy`), the whole test suite with its own set-up
//! (`test`), the benchmarks (`bench`), the mutation tests (`mutants`).
//! Out of scope: anything that the product does; nothing here is linked into `entente`.

use std::path::Path;
use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

mod bench;
mod nats;
mod process;
mod python;
mod suite;
mod tidy;
mod workspace;

/// Checks, tests and measures this repository.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Check the house rules of STYLE.md on the source and the documents
    Tidy,
    /// Run every check and every test; sets up what it needs
    Test(suite::TestArgs),
    /// Run the benchmarks, all or those named
    Bench(bench::BenchArgs),
    /// Simulate coalitions, one for each seed, and say which seed breaks what
    Sim(SimArgs),
    /// Change the release rule in every small way and demand that a test notices
    Mutants(MutantsArgs),
}

#[derive(clap::Args)]
#[command(disable_help_flag = true)]
struct SimArgs {
    /// Handed to the simulation as they are: `cargo xtask sim --help` shows what there is
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    rest: Vec<String>,
}

#[derive(clap::Args)]
struct MutantsArgs {
    /// Handed to `cargo mutants` as they are
    #[arg(last = true)]
    rest: Vec<String>,
}

fn main() -> ExitCode {
    match run(Cli::parse().task) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Whether the task found everything in order.
fn run(task: Task) -> Result<bool> {
    let root = workspace::root()?;
    match task {
        Task::Tidy => tidy::run(&root),
        Task::Test(args) => Ok(suite::run(&root, &args)),
        Task::Bench(args) => bench::run(&root, &args),
        Task::Sim(args) => simulate(&root, &args.rest),
        Task::Mutants(args) => mutants(&root, &args.rest),
    }
}

/// Simulates, optimised and with every assertion.
fn simulate(root: &Path, args: &[String]) -> Result<bool> {
    let mut command = process::cargo(root);
    command.args(["run", "--quiet", "--profile", "sim", "--package", "entente-sim", "--"]);
    process::passes(command.args(args))
}

/// Runs cargo-mutants on the crate whose every line decides who sees what.
fn mutants(root: &Path, rest: &[String]) -> Result<bool> {
    if !process::answers(root, "cargo", &["mutants", "--version"]) {
        anyhow::bail!("cargo-mutants is missing: run `cargo install cargo-mutants --locked` first");
    }
    let mut command = process::cargo(root);
    command.args(["mutants", "--package", "entente-release"]).args(rest);
    process::passes(&mut command)
}
