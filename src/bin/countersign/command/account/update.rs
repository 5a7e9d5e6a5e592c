//! `account update`: other accounts' documents are brought up to date, each by itself.

use anyhow::Result;
use countersign::name::AccountName;
use countersign::policy::diff::Difference;
use countersign::policy::edit::{EditError, Editor};

use super::super::edit::{self, editor};
use super::origin::Origin;
use crate::context::{Context, TrustArgs};
use crate::output::{Exit, refuse, report, say};

/// Arguments of `account update`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Every check of our own is made: the pinned root and the chain from it, thresholds, expiry, and nothing\n\
    older than what is here. An account that fails stays as it was, and the others are brought all the same.\n\n\
    Examples:\n  countersign account update\n  \
    countersign account update vendor --from https://git.vendor.example/moved.git"
)]
pub struct Args {
    /// The accounts; otherwise every one that the policy knows
    names: Vec<AccountName>,
    /// Where its policy comes from, if that has changed; for one account
    #[arg(long, value_name = "URL|DIR")]
    from: Option<String>,
    #[command(flatten)]
    trust: TrustArgs,
}

impl Args {
    /// Brings the accounts up to date.
    pub fn run(self, context: &Context) -> Result<Exit> {
        if self.from.is_some() && self.names.len() != 1 {
            return Err(refuse("`--from` is one account's", "name that account, and no other"));
        }
        let editor = editor(context, &self.trust)?;
        let names = if self.names.is_empty() { editor.known_accounts()? } else { self.names };
        if names.is_empty() {
            return Err(refuse(
                "the policy knows no other account",
                "add one with `countersign account trust`",
            ));
        }
        let (mut differences, mut failed) = (Vec::new(), 0);
        for name in &names {
            match update(context, &editor, name, self.from.as_deref()) {
                Ok(found) if found.is_empty() => say(&format!("account `{name}` is up to date")),
                Ok(found) => differences.extend(found),
                Err(error) if names.len() == 1 => return Err(error),
                Err(error) => {
                    report(&error.context(format!("account `{name}` was not brought up to date")));
                    failed += 1;
                }
            }
        }
        let exit = if differences.is_empty() { Exit::Done } else { edit::show(&differences)? };
        if failed > 0 {
            let message = format!("{failed} of {} accounts were not brought up to date", names.len());
            return Err(refuse(message, "see what was said of each above; run it again for those"));
        }
        Ok(exit)
    }
}

fn update(
    context: &Context,
    editor: &Editor,
    name: &AccountName,
    from: Option<&str>,
) -> Result<Vec<Difference>> {
    let known = editor.known_account(name)?;
    let known = known.ok_or_else(|| EditError::Absent(format!("account `{name}` in this policy")))?;
    let origin = Origin::parse(from.unwrap_or(known.from()))?;
    let policy = origin.open(context, name, known.root())?;
    Ok(editor.bring_account(&policy, &origin.text())?)
}
