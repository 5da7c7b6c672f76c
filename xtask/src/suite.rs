//! `cargo xtask test`: every check and every test, from a fresh clone, in one command.
//!
//! A step that fails does not stop the later ones: one run shows all that is wrong. The tests
//! come last, so that the closing count of the run is the test runner's own; nothing here counts
//! tests or prints a line that looks like such a count.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::Result;
use clap::ValueEnum;

use crate::{nats, process, python, tidy, workspace};

/// Tells the tests which Python has other people's clients.
const PYTHON_VARIABLE: &str = "ENTENTE_TEST_PYTHON";
/// Tells the tests of replicas which NATS server to start.
const NATS_VARIABLE: &str = "ENTENTE_TEST_NATS";
/// Tells the black-box tests which `entente` to start.
const BINARY_VARIABLE: &str = "ENTENTE_TEST_BINARY";

#[derive(clap::Args)]
pub(crate) struct TestArgs {
    /// Leave the documentation out
    #[arg(long)]
    quick: bool,
    /// Run this step alone (may be given several times)
    #[arg(long, value_enum, value_name = "STEP")]
    only: Vec<Step>,
    /// Handed to the test runner as they are, for example a part of a test's name
    #[arg(last = true)]
    rest: Vec<String>,
}

/// The steps in the order in which they run: cheap ones first, the tests last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Step {
    Format,
    Tidy,
    Clippy,
    Docs,
    DocTests,
    Python,
    Nats,
    Build,
    Sim,
    Tests,
}

/// Runs the suite; false if a step failed.
pub(crate) fn run(root: &Path, args: &TestArgs) -> bool {
    let steps = chosen(args);
    let started = Instant::now();
    let mut failed = Vec::new();
    for (step, number) in steps.iter().zip(1..) {
        println!("\n== {number} of {}: {}", steps.len(), step.title());
        if !timed(*step, root, &args.rest) {
            failed.push(*step);
        }
    }
    println!("\nall {} steps: {}", steps.len(), shown(started.elapsed()));
    for step in &failed {
        println!("FAILED: {}; to repeat it alone: {}", step.title(), repeat(*step));
    }
    failed.is_empty()
}

/// The steps that the arguments ask for, in the order in which they run.
fn chosen(args: &TestArgs) -> Vec<Step> {
    let asked = |step: &Step| {
        if args.only.is_empty() {
            !(args.quick && *step == Step::Docs)
        } else {
            args.only.contains(step)
        }
    };
    Step::value_variants().iter().copied().filter(asked).collect()
}

fn timed(step: Step, root: &Path, rest: &[String]) -> bool {
    let started = Instant::now();
    let passed = step.run(root, rest).unwrap_or_else(|error| {
        eprintln!("error: {error:#}");
        false
    });
    let outcome = if passed { "done" } else { "FAILED" };
    println!("== {}: {outcome}, {}", step.title(), shown(started.elapsed()));
    passed
}

impl Step {
    fn title(self) -> &'static str {
        match self {
            Step::Format => "format of the source",
            Step::Tidy => "house rules",
            Step::Clippy => "lints",
            Step::Docs => "documentation",
            Step::DocTests => "tests in the documentation",
            Step::Python => "set-up of other people's clients",
            Step::Nats => "set-up of the cluster's server",
            Step::Build => "build of the program under test",
            Step::Sim => "simulated coalitions",
            Step::Tests => "tests",
        }
    }

    fn run(self, root: &Path, rest: &[String]) -> Result<bool> {
        let mut cargo = process::cargo(root);
        match self {
            Step::Tidy => return tidy::run(root),
            Step::Python => return python::set_up(root),
            Step::Sim => return sim(root),
            Step::Nats => return nats::set_up(root),
            Step::Format => cargo.args(["fmt", "--all", "--check"]),
            Step::Clippy => {
                cargo.args(["clippy", "--workspace", "--all-targets", "--", "--deny", "warnings"])
            }
            Step::Docs => cargo
                .args(["doc", "--workspace", "--no-deps", "--quiet"])
                .env("RUSTDOCFLAGS", "-D warnings"),
            Step::DocTests => cargo.args(["test", "--doc", "--workspace", "--quiet"]),
            Step::Build => cargo.args(["build", "--bin", "entente"]),
            Step::Tests => tests(&mut cargo, root).args(rest),
        };
        process::passes(&mut cargo)
    }
}

/// Seeds that every run of the suite simulates, and of these so many twice.
const SEEDS: u64 = 1000;
const SEEDS_TWICE: u64 = 10;

fn sim(root: &Path) -> Result<bool> {
    let twice = [format!("--seeds={SEEDS_TWICE}"), "--times=2".to_owned()];
    let twice = crate::simulate(root, &twice)?;
    let others = [format!("--from={SEEDS_TWICE}"), format!("--seeds={}", SEEDS - SEEDS_TWICE)];
    Ok(crate::simulate(root, &others)? && twice)
}

/// nextest where it is installed, for its isolation and its time limits; cargo's own runner where
/// it is not, because building nextest takes longer than it saves.
fn tests<'a>(cargo: &'a mut Command, root: &Path) -> &'a mut Command {
    if process::answers(root, "cargo", &["nextest", "--version"]) {
        cargo.args(["nextest", "run", "--workspace", "--config-file", "xtask/nextest.toml"]);
    } else {
        println!("cargo-nextest is not installed: running `cargo test`");
        cargo.args(["test", "--workspace", "--lib", "--bins", "--tests", "--no-fail-fast"]);
    }
    let binary = workspace::target(root).join("debug").join("entente");
    let server = nats::program(root);
    if server.exists() {
        cargo.env(NATS_VARIABLE, server);
    }
    cargo.env(PYTHON_VARIABLE, python::interpreter(root)).env(BINARY_VARIABLE, binary)
}

fn repeat(step: Step) -> String {
    let name = step.to_possible_value();
    let name = name.as_ref().map_or("", |value| value.get_name());
    format!("cargo xtask test --only {name}")
}

fn shown(elapsed: Duration) -> String {
    let seconds = elapsed.as_secs();
    if seconds < 60 {
        format!("{seconds}.{} s", elapsed.subsec_millis() / 100)
    } else {
        format!("{} min {:02} s", seconds / 60, seconds % 60)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arguments(quick: bool, only: &[Step]) -> TestArgs {
        TestArgs { quick, only: only.to_vec(), rest: Vec::new() }
    }

    #[test]
    fn everything_runs_by_default_and_the_tests_come_last() {
        let steps = chosen(&arguments(false, &[]));
        assert_eq!(steps, Step::value_variants());
        assert_eq!(steps.last(), Some(&Step::Tests));
    }

    #[test]
    fn quick_leaves_the_documentation_out_and_nothing_else() {
        let steps = chosen(&arguments(true, &[]));
        assert_eq!(steps.len() + 1, Step::value_variants().len());
        assert!(!steps.contains(&Step::Docs));
    }

    #[test]
    fn only_keeps_the_order_of_the_suite() {
        let steps = chosen(&arguments(false, &[Step::Tests, Step::Python]));
        assert_eq!(steps, [Step::Python, Step::Tests]);
    }

    #[test]
    fn a_failed_step_is_repeated_by_its_name() {
        assert_eq!(repeat(Step::DocTests), "cargo xtask test --only doc-tests");
    }

    #[test]
    fn durations_read_well() {
        assert_eq!(shown(Duration::from_millis(4_250)), "4.2 s");
        assert_eq!(shown(Duration::from_secs(125)), "2 min 05 s");
    }
}
