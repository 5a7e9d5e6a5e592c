//! `countersign hooks install`: installs a hook, and never replaces another one.

use anyhow::{Context as _, Result};
use countersign::git::hooks::place::Place;
use countersign::git::hooks::rewrite::{self, REWRITE_SETTING};
use countersign::git::hooks::{self, Change, Hook, Installed, PROGRAM_SETTING, Way, Wish, setting};
use countersign::git::notes::NOTES_REF;
use countersign::report::escape::line;

use super::{HookArgs, Program};
use crate::output::{Exit, note, print, refuse};

/// Arguments of `hooks install`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
    Exit status: 0 installed, or already installed; 2 not installed, with the reason.\n\n\
    With git 2.54 or newer, installs the setting hook.countersign, which does not change other hooks. With \
    an older git, installs a script in the hooks folder; an existing hook is kept as HOOK.legacy and runs \
    first. If husky, lefthook or another core.hooksPath manages the hooks, prints the line to add and \
    writes nothing.\n\n\
    Examples:\n  \
    countersign hooks install\n  \
    countersign -C /srv/git/shop.git hooks install pre-receive")]
pub struct Args {
    #[command(flatten)]
    hook: HookArgs,
    /// Install a hook script even if git supports hooks in its configuration; use it if an older git also
    /// uses this clone
    #[arg(long)]
    script: bool,
    /// Also add the notes ref to git config notes.rewriteRef, so that `git commit --amend` and `git rebase` keep
    /// the manifests of commits
    #[arg(long)]
    keep_manifests: bool,
}

impl Args {
    /// Installs the hook, and prints where.
    pub fn run(self) -> Result<Exit> {
        let place = Place::here()?;
        let hook = self.hook.in_place(&place);
        let wish = if self.script { Wish::Script } else { Wish::Best };
        let unnamed = is_unnamed(&place)?;
        let installed = hooks::install(&place, hook, wish)?;
        print(&text(hook, &installed))?;
        if unnamed {
            let own = std::env::current_exe().context("cannot determine the path of this program")?;
            let own = own.to_str().context("the path of this program is not UTF-8")?;
            setting::name_program(&place, own)?;
            note(&format!("countersign is not on the PATH: set git config {PROGRAM_SETTING} to `{own}`"));
        }
        self.keep_manifests(hook)?;
        if place.elsewhere().is_some() && matches!(installed.way, Way::Setting(_)) {
            note("a git older than 2.54 runs only the hooks in core.hooksPath");
        }
        Ok(Exit::Done)
    }

    /// Makes git keep the manifests of rewritten commits, or says how. Nothing is set without the option: a setting
    /// for notes also applies to commands that have nothing to do with the hook.
    fn keep_manifests(&self, hook: Hook) -> Result<()> {
        if self.keep_manifests {
            if rewrite::copy_manifests()? {
                note(&format!("added `{NOTES_REF}` to git config {REWRITE_SETTING}"));
            }
        } else if hook == Hook::PrePush && !rewrite::copies_manifests()? {
            let command = rewrite::command();
            note(&format!("`git commit --amend` and `git rebase` drop manifests; to keep them: `{command}`"));
        }
        Ok(())
    }
}

fn text(hook: Hook, installed: &Installed) -> String {
    let done = match installed.change {
        Change::Nothing => "already installed",
        Change::New => "installed",
        Change::Replaced => "reinstalled",
    };
    let mut text = format!("{done}: {hook} as {}\n", line(&installed.way.to_string()));
    if let Some(earlier) = &installed.earlier {
        text.push_str(&format!(
            "  the existing hook is now `{}`, and runs first\n",
            line(&earlier.display().to_string())
        ));
    }
    text
}

/// Whether the hooks would find no program; one that is named wrongly is refused.
fn is_unnamed(place: &Place) -> Result<bool> {
    let program = Program::find(place)?;
    match &program {
        Program::Missing => Ok(true),
        Program::Setting(named) if program.file().is_none() => Err(refuse(
            format!("git config {PROGRAM_SETTING} is `{}`, which is not a program", named.display()),
            format!("set it to an absolute path, or run `git config --unset {PROGRAM_SETTING}`"),
        )),
        _ => Ok(false),
    }
}
