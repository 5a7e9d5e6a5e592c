//! `countersign man`: the manual pages.

use std::path::PathBuf;

use anyhow::Result;
use countersign::files::{self, Access};

use crate::help;
use crate::output::{Exit, print};

/// Arguments of `man`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
    Examples:\n  \
    countersign man | man -l -\n  \
    countersign man --output /usr/local/share/man/man1")]
pub struct Args {
    /// Write one page per command to this folder, instead of printing the first
    #[arg(long, value_name = "DIR")]
    output: Option<PathBuf>,
}

impl Args {
    /// Prints the first page, or writes all of them.
    pub fn run(self) -> Result<Exit> {
        let mut command = help::command();
        command.build();
        match self.output {
            None => print(&String::from_utf8(page(&command)?)?)?,
            Some(folder) => write_pages(&folder, &command)?,
        }
        Ok(Exit::Done)
    }
}

fn page(command: &clap::Command) -> Result<Vec<u8>> {
    let mut page = Vec::new();
    clap_mangen::Man::new(command.clone()).render(&mut page)?;
    Ok(page)
}

fn write_pages(folder: &std::path::Path, command: &clap::Command) -> Result<()> {
    let name = command.get_display_name().unwrap_or(command.get_name());
    files::write(&folder.join(format!("{name}.1")), &page(command)?, Access::Public)?;
    command
        .get_subcommands()
        .filter(|each| each.get_name() != "help")
        .try_for_each(|each| write_pages(folder, each))
}
