//! `account update`: updates the documents of other accounts, each independently.

use anyhow::Result;
use countersign::account::KnownAccount;
use countersign::name::AccountName;
use countersign::policy::diff::Difference;
use countersign::policy::edit::{EditError, Editor};

use super::super::edit::{self, editor};
use super::origin::Origin;
use crate::complete;
use crate::context::{Context, TrustArgs};
use crate::output::{Exit, refuse, report, say};

/// Arguments of `account update`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
    Checks the chain of roots from the pinned one, the thresholds and the expiry, and rejects a policy that \
    is older than the local copy. An account that fails a check keeps its local copy; the others are still \
    updated.\n\n\
    Examples:\n  \
    countersign account update\n  \
    countersign account update vendor --from https://git.vendor.example/moved.git")]
pub struct Args {
    /// Accounts to update [default: all of them]
    #[arg(value_name = "NAME", add = complete::accounts())]
    names: Vec<AccountName>,
    /// New location of its policy; requires exactly one account
    #[arg(long, value_name = "URL|DIR")]
    from: Option<String>,
    #[command(flatten)]
    trust: TrustArgs,
}

impl Args {
    /// Updates the accounts.
    pub fn run(self, context: &Context) -> Result<Exit> {
        if self.from.is_some() && self.names.len() != 1 {
            return Err(refuse("`--from` requires exactly one account", "name the account that has moved"));
        }
        let names = match self.names.as_slice() {
            [] => editor(context, &self.trust)?.known_accounts()?,
            names => names.to_vec(),
        };
        if names.is_empty() {
            return Err(refuse(
                "the policy trusts no other account",
                "add one with `countersign account trust`",
            ));
        }
        let (mut differences, mut failed) = (Vec::new(), 0);
        for name in &names {
            match self.update(context, name) {
                Ok(found) if found.is_empty() => say(&format!("account `{name}` is up to date")),
                Ok(found) => differences.extend(found),
                Err(error) if names.len() == 1 => return Err(error),
                Err(error) => {
                    report(&error.context(format!("account `{name}` was not updated")));
                    failed += 1;
                }
            }
        }
        let exit = if differences.is_empty() { Exit::Done } else { edit::show(&differences)? };
        if failed > 0 {
            let message = format!("{failed} of {} accounts were not updated", names.len());
            return Err(refuse(message, "fix the errors above, and run it again for these accounts"));
        }
        Ok(exit)
    }

    /// Updates one account.
    ///
    /// Without the policy's lock: a server that never answers must not block other commands.
    fn update(&self, context: &Context, name: &AccountName) -> Result<Vec<Difference>> {
        let (known, directory) = {
            let editor = editor(context, &self.trust)?;
            (known(&editor, name)?, editor.directory().to_path_buf())
        };
        let origin = match &self.from {
            Some(from) => Origin::named(from, &directory)?,
            None => Origin::kept(known.from(), &directory)?,
        };
        let policy = origin.open(context, name, known.root())?;
        let editor = editor(context, &self.trust)?;
        // Who was forgotten in the meantime is not known anew.
        self::known(&editor, name)?;
        Ok(editor.copy_account(&policy, &origin.text())?)
    }
}

fn known(editor: &Editor, name: &AccountName) -> Result<KnownAccount> {
    let known = editor.known_account(name)?;
    Ok(known.ok_or_else(|| EditError::Absent(format!("trusted account `{name}`")))?)
}
