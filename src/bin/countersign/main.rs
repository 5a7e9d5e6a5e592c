//! The command line of countersign.
//!
//! Exit status: 0 allowed (also with warnings) or done, 1 denied, 2 could not decide.

mod budget;
mod color;
mod command;
mod complete;
mod context;
mod counting;
mod help;
mod keys;
mod output;
mod own_key;
mod places;
mod precommit;
mod progress;
mod suggest;
mod toml_hint;
mod values;
mod verdicts;

use std::process::ExitCode;

use clap::{FromArgMatches, Parser};

use crate::command::Command;

/// Sign and verify ZIP packages, such as for AWS Lambda, in git and CI
#[derive(Debug, Parser)]
#[command(
    name = "countersign",
    version,
    after_help = "Exit status: 0 success, allowed or warned; 1 denied; 2 error, no verdict"
)]
pub struct Cli {
    #[command(flatten)]
    global: context::GlobalArgs,
    #[command(subcommand)]
    command: Command,
}

fn main() -> ExitCode {
    output::report_panics();
    if complete::answer(std::env::args_os()) {
        return ExitCode::SUCCESS;
    }
    color::Color::in_arguments(std::env::args_os()).apply();
    keys::withhold_named(std::env::var("COUNTERSIGN_KEY").ok().as_deref());
    let run = |cli: Cli| {
        cli.global.enter()?;
        cli.command.run(&cli.global)
    };
    let parsed = help::command().try_get_matches().and_then(|matches| Cli::from_arg_matches(&matches));
    match parsed.map(run) {
        Ok(Ok(exit)) => exit.code(),
        Ok(Err(error)) => {
            output::report(&error);
            ExitCode::from(2)
        }
        Err(usage) => output::report_usage(usage),
    }
}
