//! `countersign completions`: a completion script for a shell.

use anyhow::Result;
use clap_complete::Shell;

use crate::help;
use crate::output::{Exit, print};

/// Arguments of `completions`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
    Completes commands, options, functions, CSCs and profiles.\n\n\
    Examples:\n  \
    countersign completions bash > ~/.local/share/bash-completion/completions/countersign\n  \
    countersign completions zsh > ~/.zfunc/_countersign\n  \
    countersign completions fish > ~/.config/fish/completions/countersign.fish")]
pub struct Args {
    /// Shell to print the script for
    shell: Shell,
}

impl Args {
    /// Prints the script.
    pub fn run(self) -> Result<Exit> {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut help::command(), "countersign", &mut script);
        print(&String::from_utf8(script)?)?;
        Ok(Exit::Done)
    }
}
