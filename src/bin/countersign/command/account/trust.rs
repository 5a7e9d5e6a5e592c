//! `account trust`: pins another account in this policy, and fetches its documents.

use anyhow::Result;
use countersign::name::AccountName;
use countersign::pin::Pin;
use countersign::policy::edit::Editor;

use super::super::edit::{self, editor};
use super::OwnArgs;
use super::origin::Origin;
use crate::context::Context;
use crate::output::{Exit, refuse};

/// Arguments of `account trust`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
    Get the digest of its first root from its owner, over a channel that you trust. Its documents grant \
    no permissions in this account: only publishers and layers that this policy names are allowed.\n\n\
    Examples:\n  \
    countersign account trust vendor --root SHA384:5f1c… \\\n    \
    --from https://git.vendor.example/policy.git\n  \
    countersign account trust platform --root SHA384:81aa… --from ../platform")]
pub struct Args {
    /// Name of the account in its own policy
    name: AccountName,
    /// Digest of its first root, `SHA384:…`
    #[arg(long, value_name = "PIN")]
    root: Pin,
    /// Location of its policy: a folder, or a repository as `URL`, `URL#REF` or `URL#REF:FOLDER`
    #[arg(long, value_name = "URL|DIR")]
    from: String,
    #[command(flatten)]
    own: OwnArgs,
}

impl Args {
    /// Fetches the account's policy, and pins it.
    pub fn run(self, context: &Context) -> Result<Exit> {
        let own = self.own.clone().into();
        let origin = {
            let editor = editor(context, &own)?;
            self.check_new(&editor)?;
            Origin::named(&self.from, editor.directory())?
        };
        // Without the policy's lock: a server that never answers must not block other commands.
        let policy = origin.open(context, &self.name, self.root)?;
        let editor = editor(context, &own)?;
        self.check_new(&editor)?;
        edit::show(&editor.copy_account(&policy, &origin.text())?)
    }

    /// Refuses the account that the policy is, and one that it knows.
    fn check_new(&self, editor: &Editor) -> Result<()> {
        if self.name == *editor.root().account() {
            return Err(refuse(
                format!("`{}` is this account itself", self.name),
                "name another account; an account always trusts itself",
            ));
        }
        if editor.known_account(&self.name)?.is_some() {
            return Err(refuse(
                format!("account `{}` is already trusted", self.name),
                "update it with `countersign account update`",
            ));
        }
        Ok(())
    }
}
