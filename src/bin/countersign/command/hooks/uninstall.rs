//! `countersign hooks uninstall`: takes a hook out, and puts back what was there before.

use anyhow::Result;
use countersign::git::hooks::place::Place;
use countersign::git::hooks::{self, Hook, status};
use countersign::report::escape::line;

use super::HookArgs;
use crate::output::{Exit, print};

/// Arguments of `hooks uninstall`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
    Lines that you added to another tool's files stay. It is not an error if no hook is installed.\n\n\
    Example:\n  \
    countersign hooks uninstall")]
pub struct Args {
    #[command(flatten)]
    hook: HookArgs,
}

impl Args {
    /// Removes the hook, and prints the result.
    pub fn run(self) -> Result<Exit> {
        let place = Place::here()?;
        let hook = self.hook.in_place(&place);
        let done = hooks::uninstall(&place, hook)?;
        let mut text = String::new();
        for way in &done.ways {
            text.push_str(&format!("uninstalled: {hook} as {}\n", line(&way.to_string())));
        }
        if let Some(restored) = &done.restored {
            text.push_str(&format!(
                "  restored the earlier hook as `{}`\n",
                line(&restored.display().to_string())
            ));
        }
        if let Some(way) = status::of(&place, hook)?.way {
            text.push_str(&format!("{hook} is still in {}\n", line(&way.to_string())));
        } else if done.ways.is_empty() {
            text.push_str(&format!("{hook} was not installed\n"));
        }
        forget_program(&place)?;
        print(&text)?;
        Ok(Exit::Done)
    }
}

/// Takes this program's name out of the configuration when no hook is left that needs it.
fn forget_program(place: &Place) -> Result<()> {
    for hook in Hook::ALL {
        if status::of(place, hook)?.way.is_some() {
            return Ok(());
        }
    }
    let own = std::env::current_exe().ok();
    if let Some(own) = own.as_ref().and_then(|own| own.to_str()) {
        hooks::setting::forget_program(place, own)?;
    }
    Ok(())
}
