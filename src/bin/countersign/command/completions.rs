//! `countersign completions`: a completion script for a shell.

use anyhow::{Context, Result};
use clap_complete::Shell;

use crate::complete;
use crate::output::{Exit, print};

/// Arguments of `completions`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
    The script completes commands, options, functions, CSCs and profiles.\n\n\
    Examples:\n  \
    d=~/.local/share/bash-completion/completions\n  \
    countersign completions bash > \"$d/countersign\"\n  \
    countersign completions zsh > ~/.zfunc/_countersign\n  \
    countersign completions fish > ~/.config/fish/completions/countersign.fish")]
pub struct Args {
    /// Shell to print the script for
    #[arg(value_enum, ignore_case = true)]
    shell: Shell,
}

impl Args {
    /// Prints the script, which asks this program for candidates.
    pub fn run(self) -> Result<Exit> {
        let script = complete::script(self.shell)?;
        print(&script.context("no script for this shell")?)?;
        Ok(Exit::Done)
    }
}
