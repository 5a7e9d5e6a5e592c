//! `countersign policy pin`: the root's digest, remembered outside the tree that is judged by it.

use std::io::Write;
use std::path::PathBuf;

use anyhow::Result;
use countersign::files;
use countersign::limits::ROOT_BYTES_MAX;
use countersign::pin::Pin;
use countersign::policy::error::PolicyError;
use countersign::policy::root;
use countersign::report::escape::line;

use crate::context::{Context, TrustArgs};
use crate::output::{Exit, is_interactive, print, refuse, say};

/// Arguments of `policy pin`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
    Examples:\n  \
    countersign policy pin\n  \
    countersign policy pin SHA384:5f1c…")]
pub struct Args {
    /// Digest that the policy owner published [default: ask for confirmation]
    digest: Option<Pin>,
    /// Policy directory
    #[arg(long, value_name = "DIR", env = "COUNTERSIGN_POLICY", hide_env_values = true)]
    policy: Option<PathBuf>,
    /// Pin without asking for confirmation
    #[arg(long)]
    yes: bool,
}

impl Args {
    /// Shows the digest, and pins it if it is confirmed.
    pub fn run(self, context: &Context) -> Result<Exit> {
        let trust = TrustArgs { policy: self.policy, root: None };
        let location = context.location(&trust)?;
        let path = root::path(&location.directory, 1);
        let pin = Pin::of(&files::read(&path, ROOT_BYTES_MAX)?);
        if let Some(expected) = self.digest.filter(|expected| *expected != pin) {
            return Err(PolicyError::PinDiffers { path, found: pin, pinned: expected }.into());
        }
        let account = root::walk(&location.directory, &pin)?.account().clone();
        print(&format!("account `{account}`, root {pin}\n"))?;
        match location.pin {
            Some(before) if before == pin => {
                say("already pinned here");
                return Ok(Exit::Done);
            }
            Some(before) => say(&format!("this would replace the pinned root {before}")),
            None => {}
        }
        let confirmed = self.yes || self.digest.is_some() || ask("countersign policy pin SHA384:…")?;
        if !confirmed {
            return Err(refuse(
                "not pinned",
                "compare the digest with the one that the policy owner publishes",
            ));
        }
        let place = context.remember_pin(&pin, &location.directory)?;
        print(&format!("pinned in {}\n", line(&place)))?;
        Ok(Exit::Done)
    }
}

/// Asks whether the digest that was shown is the published one; `command` is what to run without a terminal.
pub fn ask(command: &str) -> Result<bool> {
    if !is_interactive() {
        return Err(refuse(
            "cannot ask for confirmation: standard input is not a terminal",
            format!("pass the digest that the policy owner publishes: `{command}`"),
        ));
    }
    let mut stderr = std::io::stderr();
    write!(stderr, "is this the digest that the policy owner publishes? [y/N] ")?;
    stderr.flush()?;
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer)?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}
