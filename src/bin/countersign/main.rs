//! The command line of countersign.
//!
//! Exit status: 0 allowed (also with warnings) or done, 1 denied, 2 could not decide.

mod command;
mod context;
mod counting;
mod keys;
mod output;
mod places;
mod precommit;
mod progress;
mod verdicts;

use std::process::ExitCode;

use clap::Parser;

use crate::command::Command;

/// Code signing for everything that is deployed as a ZIP, in git and CI, without a service to call.
///
/// Packages code into deterministic ZIPs, signs them with a signing profile, and verifies them
/// against a code signing config (CSC) before any deploy.
#[derive(Debug, Parser)]
#[command(
    name = "countersign",
    version,
    propagate_version = true,
    after_help = "Exit status: 0 allowed (also with warnings) or done, 1 denied, 2 could not decide.\n\n\
        Examples:\n  countersign release              package, sign and verify what this repository deploys\n  \
        countersign verify               verify what `release` made\n  \
        countersign inspect dist/a.zip   show what is in a package, a manifest or a policy"
)]
pub struct Cli {
    #[command(flatten)]
    global: context::GlobalArgs,
    #[command(subcommand)]
    command: Command,
}

fn main() -> ExitCode {
    output::report_panics();
    keys::withhold_named(std::env::var("COUNTERSIGN_KEY").ok().as_deref());
    let run = |cli: Cli| {
        cli.global.enter()?;
        cli.command.run(&cli.global)
    };
    match Cli::try_parse().map(run) {
        Ok(Ok(exit)) => exit.code(),
        Ok(Err(error)) => {
            output::report(&error);
            ExitCode::from(2)
        }
        Err(usage) => output::report_usage(usage),
    }
}
