//! The user's folders for keys, pins, fetched policies and remembered versions.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use countersign::digest::Sha256;
use countersign::files::{self, Access};
use countersign::git::source::Source;
use countersign::limits::KEY_BYTES_MAX;
use countersign::name::AccountName;
use countersign::pin::Pin;
use countersign::policy::fetch::cache::Cache;

use crate::output::refuse;

/// The folder of an account's keys.
pub fn key_folder(account: &AccountName) -> Result<PathBuf> {
    Ok(config_folder()?.join("keys").join(account.as_str()))
}

/// The folder of the keys of the account with this root: the one that `init --keys` chose, else the default.
pub fn own_key_folder(account: &AccountName, pin: Option<&Pin>) -> Result<PathBuf> {
    let Some(pin) = pin else { return key_folder(account) };
    let path = chosen_folder(pin)?;
    let Some(bytes) = files::read_if_exists(&path, KEY_BYTES_MAX)? else { return key_folder(account) };
    let text = std::str::from_utf8(&bytes).with_context(|| format!("in `{}`", path.display()))?;
    Ok(PathBuf::from(text.trim_end_matches('\n')))
}

/// Remembers where the keys of the account with this root are, for every repository of the user.
pub fn remember_key_folder(pin: &Pin, folder: &Path) -> Result<()> {
    let folder = std::path::absolute(folder)?;
    let text = folder.to_str().with_context(|| format!("`{}` is not UTF-8", folder.display()))?;
    Ok(files::write(&chosen_folder(pin)?, format!("{text}\n").as_bytes(), Access::Public)?)
}

/// The file that names a key folder. An account's name is not unique; its root is.
fn chosen_folder(pin: &Pin) -> Result<PathBuf> {
    Ok(config_folder()?.join("key-folders").join(pin.short()))
}

/// The folder below which fetched policies are kept.
pub fn fetched_policies() -> Result<PathBuf> {
    Ok(user_folder("XDG_CACHE_HOME", "LOCALAPPDATA", ".cache")?.join("policies"))
}

/// The policy that was last fetched from a source; nothing is fetched here.
pub fn fetched_policy(source: &Source) -> Result<PathBuf> {
    Cache::of(&fetched_policies()?, source).current()?.ok_or_else(|| {
        refuse(
            format!("the policy from `{}` is not fetched yet", source.url()),
            "fetch it with `countersign policy fetch`",
        )
    })
}

/// The folder of the source that a policy directory was fetched from, if it was; it outlives the commits in it.
pub fn fetched_folder(directory: &Path) -> Option<PathBuf> {
    let (all, directory) = (fetched_policies().ok()?.canonicalize().ok()?, directory.canonicalize().ok()?);
    let source = directory.strip_prefix(&all).ok()?.components().next()?;
    Some(all.join(source))
}

/// The user's pin of a policy directory outside git, named after a digest of the directory's path.
pub fn pin_file(directory: &Path) -> Result<PathBuf> {
    let directory = match fetched_folder(directory) {
        Some(folder) => folder,
        None => directory.canonicalize().or_else(|_| std::path::absolute(directory))?,
    };
    let digest = Sha256::of(directory.as_os_str().as_encoded_bytes()).to_string();
    Ok(config_folder()?.join("pins").join(&digest[..32]))
}

fn config_folder() -> Result<PathBuf> {
    user_folder("XDG_CONFIG_HOME", "APPDATA", ".config")
}

/// The folder of what is remembered outside git.
pub fn state_folder() -> Result<PathBuf> {
    user_folder("XDG_STATE_HOME", "LOCALAPPDATA", ".local/state")
}

/// A folder of the user's: by the XDG Base Directory rules, or Windows's own variables.
fn user_folder(xdg: &str, windows: &str, below_home: &str) -> Result<PathBuf> {
    let absolute = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let base = absolute(xdg)
        .or_else(|| absolute(windows).filter(|_| cfg!(windows)))
        .or_else(|| absolute("HOME").map(|home| home.join(below_home)));
    let base = base.ok_or_else(|| {
        refuse(
            "cannot find the home folder for keys and settings: HOME is not set",
            format!("set HOME or {xdg}"),
        )
    })?;
    Ok(base.join("countersign"))
}
