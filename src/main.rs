//! The command line. Everything it can do, the crate can do; `anyhow` lives here alone.

mod command;

use clap::{Parser, Subcommand};
use kanta_phr_sandbox::config::ServeConfig;
use std::process::ExitCode;

/// Requests are begun on one worker and their journal entries freed by another, which the system's allocator is slow at.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// A local, faithful stand-in for Finland's Kanta PHR (Omatietovaranto). Not the Kanta services.
#[derive(Parser)]
#[command(version, args_conflicts_with_subcommands = true)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    serve: ServeConfig,
}

#[derive(Subcommand)]
enum Command {
    /// Start the sandbox (what happens without a command, too)
    Serve(Box<ServeConfig>),
    /// Ask a running sandbox whether it is ready; exit 0 or 1
    Healthcheck(command::healthcheck::Healthcheck),
    /// Judge resources by the national profiles; exit 1 when one does not conform
    Validate(command::validate::Validate),
    /// Write the national profiles as FHIR packages
    Package(command::package::Package),
    /// Get an access token from a running sandbox, without a browser
    Token(command::token::Token),
}

/// 0: fine. 1: the work's own "no". 2: wrong usage or unusable input (clap's own code, too).
fn main() -> ExitCode {
    let Arguments { command, serve } = Arguments::parse();
    let outcome = match command {
        None => command::serve::run(serve),
        Some(Command::Serve(config)) => command::serve::run(*config),
        Some(Command::Healthcheck(healthcheck)) => healthcheck.run(),
        Some(Command::Validate(validate)) => validate.run(),
        Some(Command::Package(package)) => package.run(),
        Some(Command::Token(token)) => token.run(),
    };
    outcome.unwrap_or_else(|error| {
        eprintln!("error: {}", told(&error));
        ExitCode::from(2)
    })
}

/// The error with its causes, without those that it tells already.
fn told(error: &anyhow::Error) -> String {
    error.chain().fold(String::new(), |told, cause| {
        let cause = cause.to_string();
        match (told.is_empty(), told.contains(&cause)) {
            (true, _) => cause,
            (false, true) => told,
            (false, false) => format!("{told}: {cause}"),
        }
    })
}
