//! The binary `entente`: a nation's node.
//!
//! In scope: the command line, the wiring of the crates, the listener and its certificates, feeds, the
//! demo.
//! Out of scope: every decision and every format; they are in the crates below.

mod certificate;
mod check;
mod cli;
mod coalition;
mod cooperate;
mod demo;
mod dial;
mod doors;
mod federate;
mod feed;
mod fetch;
mod folder;
mod import;
mod input;
mod keys;
mod ledger;
mod listen;
mod met;
mod object;
mod office;
mod partner;
mod peer;
mod people;
mod print;
mod programme;
mod release;
mod replica;
mod serve;
mod setup;
mod status;
mod upkeep;
mod witnesses;

use std::process::ExitCode;

use anyhow::Result;
use clap::{CommandFactory as _, Parser as _};
use tracing_subscriber::EnvFilter;

use cli::{Cli, Command};
use print::Printer;

fn main() -> ExitCode {
    let cli = Cli::parse();
    // The demo's nodes come and go together: what each says of the others then is not news.
    let level = if matches!(cli.command, Command::Demo(_)) { "error" } else { "warn" };
    let filter = EnvFilter::try_from_env("ENTENTE_LOG").unwrap_or_else(|_| EnvFilter::new(level));
    // At its most detailed the client writes down every byte that it sends, logins too.
    let filter = match "ureq_proto=warn".parse() {
        Ok(quiet) => filter.add_directive(quiet),
        Err(_) => filter,
    };
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    match run(&cli) {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            if cli.json {
                let document = serde_json::json!({ "error": format!("{error:#}") });
                let _stdout_is_gone = Printer::document(&document);
            }
            eprintln!("entente: {error:#}");
            ExitCode::from(2)
        }
    }
}

fn run(cli: &Cli) -> Result<u8> {
    let printer = Printer { json: cli.json };
    let (folder, dry) = (cli.dir.as_path(), cli.dry_run);
    let how = cooperate::How { folder, dry, printer };
    match &cli.command {
        Command::Init(args) => setup::run(folder, args, dry, printer),
        Command::Serve(args) => serve::run(folder, args, printer),
        Command::Import(args) => import::run(&mut folder::open(folder)?, args, dry, printer),
        Command::Export(args) => upkeep::export(folder, args),
        Command::Check(args) => check::command(args, cli.json),
        Command::Release(command) => release::run(folder, command, dry, printer),
        Command::Ledger(command) => ledger::run(folder, command, printer),
        Command::Object(command) => object::run(folder, command, printer),
        Command::Programme(command) => programme::run(folder, command, dry, printer),
        Command::Consult(command) => cooperate::consult::run(command, how),
        Command::Agree(command) => cooperate::agree::run(command, how),
        Command::Respond(command) => cooperate::respond::run(command, how),
        Command::Statement(command) => cooperate::statement::run(command, how),
        Command::Commit(command) => cooperate::commit::run(command, how),
        Command::Area(command) => cooperate::area::run(command, how),
        Command::Report(command) => cooperate::report::run(command, how),
        Command::Partner(command) => partner::run(folder, command, dry, printer),
        Command::Peer(command) => peer::run(folder, command, dry, printer),
        Command::Keys(command) => keys::run(folder, command, dry, printer),
        Command::Feed(command) => feed::run(folder, command, dry, printer),
        Command::Stream(command) => replica::run(folder, command, dry, printer),
        Command::User(command) => people::run(folder, command, dry, printer),
        Command::Token(command) => partner::run_token(folder, command, dry, printer),
        Command::Backup { to } => upkeep::backup(folder, to, dry, printer),
        Command::Restore { from } => upkeep::restore(folder, from, dry, printer),
        Command::Doctor { indexes, rebuild } => {
            upkeep::doctor(folder, (*indexes, *rebuild), printer)
        }
        Command::Demo(args) => demo::run(folder, args, printer),
        Command::Completion { shell } => {
            clap_complete::generate(*shell, &mut Cli::command(), "entente", &mut std::io::stdout());
            Ok(0)
        }
        Command::Man { to } => {
            std::fs::create_dir_all(to)?;
            clap_mangen::generate_to(Cli::command(), to)?;
            Ok(0)
        }
    }
}
