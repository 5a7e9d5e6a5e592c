//! `countersign join`: an account's policy in this repository: fetched or located, verified, pinned and remembered.
//!
//! Both settings are outside of every tree that is verified, and are written at once. Nothing is written before the
//! policy passed every check: what a hostile source serves changes nothing here.

use std::path::Path;

use anyhow::{Context as _, Result};
use countersign::pin::Pin;
use countersign::policy::store::Policy;
use countersign::report::escape::line;
use countersign::workspace::FILE_NAME;

use super::account::origin::Origin;
use super::init::chosen_pin;
use super::policy::pin::ask;
use crate::context::{Context, GlobalArgs, TRUST_SETTING};
use crate::output::{Exit, note, print, refuse, say};
use crate::places::own_key_folder;

/// Arguments of `join`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
    The policy and its pin are remembered in the settings `countersign.trust` or `countersign.policy`, and \
    `countersign.root`. Get PIN from the policy owner, not from the repository. Without PIN, `join` shows the \
    digest of the first root, and asks.\n\n\
    Examples:\n  \
    countersign join https://git.acme.example/policy.git SHA384:5f1c…\n  \
    countersign join 'git@git.acme.example:security.git#main:policy'\n  \
    countersign join ../acme-policy")]
pub struct Args {
    /// Policy: its repository, as `URL`, `URL#REF` or `URL#REF:FOLDER`, or a policy directory
    #[arg(value_name = "URL|DIR")]
    policy: String,
    /// Digest of the first root that the policy owner published, `SHA384:…` [default: ask for confirmation]
    #[arg(env = "COUNTERSIGN_ROOT", hide_env_values = true)]
    pin: Option<Pin>,
}

impl Args {
    /// Joins the account.
    pub fn run(self, global: &GlobalArgs) -> Result<Exit> {
        let context = Context::read(global)?;
        let repository = context.in_repository()?;
        let origin = Origin::named(&self.policy, Path::new("."))?;
        let pin = match (chosen_pin(&context, Path::new("."))?, self.pin) {
            (Some(before), Some(pin)) if before != pin => {
                return Err(refuse(
                    format!("another root is already pinned here: {before}"),
                    "to leave that account, run `git config --unset countersign.root`, and join again",
                ));
            }
            (Some(pin), _) | (None, Some(pin)) => pin,
            (None, None) => self.confirmed(&context, &origin)?,
        };
        let policy = origin.open_pinned(&context, pin)?;
        context.check_account(policy.account(), policy.directory())?;
        policy.notes().iter().for_each(|text| note(text));
        let named = setting(&origin)?;
        let (set, unset) = match &origin {
            Origin::Folder { .. } => ("countersign.policy", TRUST_SETTING),
            Origin::Repository(_) => (TRUST_SETTING, "countersign.policy"),
        };
        let pinned = pin.to_string();
        repository.set_together(&[
            (set, Some(&named)),
            (unset, None),
            ("countersign.root", Some(&pinned)),
        ])?;
        print(&format!(
            "joined account `{}`: root {}, seal {}, from {}\n  policy in git config {set}\n  pinned in git config \
             countersign.root\n",
            policy.account(),
            policy.root().version(),
            policy.snapshot().version,
            line(&origin.text()),
        ))?;
        say_what_is_next(&context, &policy, &origin)?;
        Ok(Exit::Done)
    }

    /// The digest of the first root there, if a person confirms it.
    fn confirmed(&self, context: &Context, origin: &Origin) -> Result<Pin> {
        let found = origin.claimed_root(context)?;
        print(&format!("first root {found}\n"))?;
        match ask(&format!("countersign join {} SHA384:…", origin.text()))? {
            true => Ok(found),
            false => {
                Err(refuse("not joined", "compare the digest with the one that the policy owner publishes"))
            }
        }
    }
}

/// The origin as git's configuration keeps it, with credentials as git keeps those of a remote.
fn setting(origin: &Origin) -> Result<String> {
    match origin {
        Origin::Folder { path, .. } => {
            let text = path.to_str().with_context(|| format!("`{}` is not UTF-8", path.display()))?;
            Ok(text.to_owned())
        }
        Origin::Repository(source) => Ok(source.to_string()),
    }
}

/// The next steps: a key, and what spares every other clone this command.
fn say_what_is_next(context: &Context, policy: &Policy, origin: &Origin) -> Result<()> {
    let own = own_key_folder(policy.account(), Some(&policy.pin()))?.join("signing.pem");
    let named =
        std::env::var_os("COUNTERSIGN_KEY").is_some() || context.setting("countersign.key")?.is_some();
    if named || own.exists() {
        say("next: `countersign release` packages, signs and verifies");
    } else {
        say(
            "next: `countersign verify` needs no key; to sign, run `countersign key generate --output FILE`, ask the \
             policy owner to permit its public half with `countersign profile permit`, and run `git config countersign.key \
             FILE`",
        );
    }
    if let (Origin::Repository(source), None) = (origin, &context.workspace.trust) {
        let url = source.url().redact(&source.to_string());
        say(&format!(
            "for every clone, add to `{FILE_NAME}`: account = \"{}\", trust = \"{url}\"",
            policy.account()
        ));
    }
    Ok(())
}
