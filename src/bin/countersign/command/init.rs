//! `countersign init`: an account, with its keys, its first profile and CSC, sealed and pinned.

pub mod keys;

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use countersign::files::{self, Access, Lock};
use countersign::function::Pattern;
use countersign::init::{Established, Plan, establish};
use countersign::limits::{ROOT_BYTES_MAX, VALIDITY_MONTHS};
use countersign::name::{AccountName, Principal, ProfileName};
use countersign::pin::Pin;
use countersign::policy::root;
use countersign::report::escape::line;
use countersign::time::Period;
use countersign::workspace::{FILE_NAME, Workspace};

use self::keys::{HolderKeyArgs, Keys};
use crate::context::{Context, GlobalArgs, TrustArgs};
use crate::keys::PassphraseArgs;
use crate::output::{Exit, note, print, refuse, say};
use crate::places::{key_folder, remember_key_folder};

/// Default validity of a first seal.
const SEAL_DAYS: u16 = 365;

/// Arguments of `init`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
    The secret keys sign the first root and the first seal now: pass at least as many as each threshold \
    requires. No signature can be added to the first root later, because the pin is its digest.\n\n\
    Examples:\n  \
    countersign init --account acme --policy ../acme-policy \\\n    \
    --principal ci@acme.example\n  \
    countersign init --account acme --root-key alice.pem --root-key bob.pem \\\n    \
    --root-key carol.pub.pem --root-threshold 2")]
pub struct Args {
    /// Name of the account
    #[arg(long, value_name = "NAME")]
    account: AccountName,
    /// Policy directory to create
    #[arg(long, value_name = "DIR", default_value = "policy")]
    policy: PathBuf,
    /// Name of the first signing profile
    #[arg(long, value_name = "NAME", default_value = "release")]
    profile: ProfileName,
    /// Principal that can sign with the profile [default: the value of USER]
    #[arg(long, value_name = "NAME")]
    principal: Option<Principal>,
    /// Validity of the profile's signatures, in days, months or years, up to 135 months
    #[arg(long, value_name = "PERIOD", default_value = "135 months")]
    validity: Period,
    /// Functions of the first CSC, as a name pattern
    #[arg(long, value_name = "PATTERN", default_value = "*")]
    functions: String,
    /// Validity of the first seal
    #[arg(long, value_name = "PERIOD", default_value = "365 days")]
    seal_validity: Period,
    #[command(flatten)]
    passed: HolderKeyArgs,
    /// Folder for new keys, where later commands find them [default: the user's configuration folder]
    #[arg(long, value_name = "DIR")]
    keys: Option<PathBuf>,
    #[command(flatten)]
    passphrase: PassphraseArgs,
    /// Write new keys without a passphrase: anyone who can read them can sign and seal
    #[arg(long)]
    plaintext: bool,
    /// Do not pin the new root on this machine
    #[arg(long)]
    no_pin: bool,
}

impl Args {
    /// Makes the account.
    pub fn run(self, global: &GlobalArgs) -> Result<Exit> {
        let context = Context::read(global)?;
        let directory = std::path::absolute(&self.policy)?;
        let key_folder = match &self.keys {
            Some(folder) => folder.clone(),
            None => key_folder(&self.account)?,
        };
        if root::path(&directory, 1).exists() {
            let shown = self.policy.display();
            return Err(refuse(
                format!("the policy `{shown}` already exists"),
                format!(
                    "to use it, for example after an interrupted `init`, run `countersign policy pin --policy {shown}`; \
                    for another account, name another folder with `--policy`"
                ),
            ));
        }
        if !self.no_pin && pinned_by_choice(&context, &directory)? {
            return Err(refuse(
                "another root is already pinned here",
                "keep it with `--no-pin`, or unpin it with `git config --unset countersign.root`",
            ));
        }
        let keys = self.passed.load_or_create(&key_folder, &self.passphrase)?;
        let found = keys.found_files();
        if !found.is_empty() {
            return Err(refuse(
                format!("keys already exist in `{}`", key_folder.display()),
                format!(
                    "choose another account name, or another folder with `--keys`; to use these keys, for example after \
                    an interrupted `init`, add `{}`",
                    found.join(" ")
                ),
            ));
        }
        let account = self.account.clone();
        let plan = Plan {
            account: self.account,
            directory: &directory,
            profile: self.profile,
            principal: self.principal.map_or_else(user, Ok)?,
            signing: &keys.signing(),
            validity: self.validity,
            functions: pattern(&self.functions)?,
            root: keys.root()?,
            policy: keys.policy()?,
            seal_validity: self.seal_validity,
            now: context.now,
        };
        check_validity(&plan)?;
        let passphrase = if self.plaintext || keys.new_files().is_empty() {
            None
        } else {
            Some(self.passphrase.for_new_keys("--plaintext")?)
        };
        keys.write(passphrase.as_ref())?;
        // Before the policy: once that exists, only the pin is missing.
        let workspace = write_workspace(&context, &account, &directory).inspect_err(|_| keys.remove())?;
        // Keys of an account that was not created would block the next try.
        let made = establish(&plan).inspect_err(|_| {
            keys.remove();
            workspace.iter().for_each(|path| drop(std::fs::remove_file(path)));
        })?;
        if self.keys.is_some() {
            remember_key_folder(&made.pin, &key_folder)?;
        }
        let pinned = if self.no_pin { None } else { Some(context.remember_pin(&made.pin, &directory)?) };
        let mut text = format!("account `{account}`: policy in `{}`", line(&directory.display().to_string()));
        if !keys.new_files().is_empty() {
            text.push_str(&format!(", keys in `{}`", line(&key_folder.display().to_string())));
        }
        text.push('\n');
        text.push_str(&format!("  csc   {} (Enforce)\n  root  {}\n", made.csc, made.pin));
        match pinned {
            Some(place) => text.push_str(&format!("  pinned in {place}\n")),
            None => text.push_str("  not pinned: pin it with `countersign policy pin`\n"),
        }
        if let Some(path) = &workspace {
            text.push_str(&format!("  workspace file `{}` created: commit it\n", context.shown(path)));
        }
        print(&text)?;
        Ok(Exit::Done)
    }
}

/// Whether a root is pinned here, except that of the local account.
fn pinned_by_choice(context: &Context, directory: &Path) -> Result<bool> {
    Ok(chosen_pin(context, directory)?.is_some())
}

/// The root that is pinned here, unless it is that of the local account.
pub fn chosen_pin(context: &Context, directory: &Path) -> Result<Option<Pin>> {
    let pin = context.pin(&TrustArgs { policy: None, root: None }, directory)?;
    let local = root::path(&context.local_policy()?, 1);
    let local = files::read_if_exists(&local, ROOT_BYTES_MAX)?.map(|bytes| Pin::of(&bytes));
    Ok(pin.filter(|_| pin != local))
}

fn check_validity(plan: &Plan<'_>) -> Result<()> {
    if plan.now.plus(plan.validity) > plan.now.plus(Period::months(VALIDITY_MONTHS)) {
        let message = format!("a validity of {} is over {VALIDITY_MONTHS} months", plan.validity);
        return Err(refuse(message, "choose a shorter `--validity`"));
    }
    Ok(())
}

/// Creates a local account if no account, policy or root is named, and reports it.
///
/// Its keys have no passphrase: they are trusted on this machine only.
pub fn local_if_needed(context: &Context, trust: &TrustArgs) -> Result<()> {
    let directory = context.local_policy()?;
    let workspace = &context.workspace;
    let named = context.named_policy(trust)?.is_some()
        || context.policy_source()?.is_some()
        || workspace.account.is_some();
    if named || context.pin(trust, &directory)?.is_some() {
        return Ok(());
    }
    // Of many first commands at once, one makes the account, and the others wait until it is pinned.
    let lock = Lock::next_to(&directory);
    if directory.exists() {
        return Ok(());
    }
    let _lock = lock?;
    let account: AccountName = "local".parse()?;
    let folder = key_folder(&account)?;
    let keys = Keys::local(&folder)?;
    let Established { pin, .. } = establish(&Plan {
        account,
        directory: &directory,
        profile: "local".parse()?,
        principal: user()?,
        signing: &keys.signing(),
        validity: Period::months(VALIDITY_MONTHS),
        functions: pattern("*")?,
        root: keys.root()?,
        policy: keys.policy()?,
        seal_validity: Period::days(SEAL_DAYS),
        now: context.now,
    })?;
    let place = context.remember_pin(&pin, &directory)?;
    say(&format!(
        "created a local account: policy in `{}`, keys in `{}`",
        context.shown(&directory),
        folder.display()
    ));
    say(&format!("its root is pinned in {place}"));
    say("for a team, create an account with `countersign init`");
    Ok(())
}

fn pattern(text: &str) -> Result<Pattern> {
    Ok(text.parse()?)
}

/// The user's name, as far as it can be a principal.
fn user() -> Result<Principal> {
    let name = std::env::var("USER").or_else(|_| std::env::var("USERNAME")).unwrap_or_default();
    let name: String =
        name.chars().filter(|c| c.is_ascii_alphanumeric() || "_.-@".contains(*c)).take(128).collect();
    Ok(if name.is_empty() { "owner".parse()? } else { name.parse()? })
}

/// Writes a first `countersign.toml`, where there is none, and returns its path.
fn write_workspace(context: &Context, account: &AccountName, policy: &Path) -> Result<Option<PathBuf>> {
    let path = context.folder.join(FILE_NAME);
    let named = context.named_policy(&TrustArgs { policy: None, root: None })?.is_some();
    let policy = policy.strip_prefix(&context.folder).unwrap_or(policy);
    if path.exists() {
        if !named && context.policy_source()?.is_none() {
            let (shown, policy) = (context.shown(&path), policy.display());
            note(&format!(
                "`{shown}` is not changed; to make other commands find the policy, add these above its first \
                 table: account = \"{account}\", policy = \"{policy}\""
            ));
        }
        return Ok(None);
    }
    let function = context
        .workspace
        .items
        .first()
        .map(|item| &item.name)
        .context("the workspace has no function or layer")?;
    let text = Workspace::first_file(account, policy, function);
    files::write(&path, text.as_bytes(), Access::Public)?;
    Ok(Some(path))
}
