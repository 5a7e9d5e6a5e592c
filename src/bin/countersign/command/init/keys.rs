//! The keys of a new account: those that are passed, and new ones for the rest.

use std::path::{Path, PathBuf};

use anyhow::Result;
use countersign::crypto::any::AnyKey;
use countersign::crypto::key::PublicKey;
use countersign::crypto::secret::{Passphrase, SecretKey};
use countersign::files::{self, Access, Lock};
use countersign::init::role::RolePlan;

use crate::keys::{PassphraseArgs, load_any_key, load_key_file, load_public_key};
use crate::output::refuse;

/// Existing keys of the two roles.
#[derive(Debug, clap::Args)]
pub struct RoleArgs {
    /// Key for the root role: a PEM file or `env:NAME`, secret to sign now or public to only list it; can be
    /// repeated [default: a new key]
    #[arg(long, value_name = "KEY")]
    root_key: Vec<String>,
    /// Number of root keys that must sign [default: 1 for a single key]
    #[arg(long, value_name = "COUNT")]
    root_threshold: Option<usize>,
    /// Key for the policy role, like `--root-key`; one key can have both roles
    #[arg(long, value_name = "KEY")]
    policy_key: Vec<String>,
    /// Number of policy keys that must sign [default: 1 for a single key]
    #[arg(long, value_name = "COUNT")]
    policy_threshold: Option<usize>,
}

/// Existing keys.
#[derive(Debug, clap::Args)]
pub struct HolderKeyArgs {
    #[command(flatten)]
    roles: RoleArgs,
    /// Public key of the principal [default: a new key]
    #[arg(long, value_name = "KEY")]
    signing_key: Option<String>,
}

/// The keys of a new account.
pub struct Keys {
    root: Held,
    root_threshold: usize,
    policy: Held,
    policy_threshold: usize,
    signing: Held,
}

/// The keys for one purpose.
enum Held {
    /// They are kept elsewhere.
    Passed(Vec<AnyKey>),
    /// There was none, so it was made; it goes to the file.
    New([AnyKey; 1], PathBuf),
}

impl HolderKeyArgs {
    /// Loads the keys that are named, and makes the others, which go to the folder; writes nothing.
    pub fn load_or_create(&self, folder: &Path, passphrase: &PassphraseArgs) -> Result<Keys> {
        let signing = self.signing_key.iter().map(|named| load_public_key(named, passphrase));
        let signing: Vec<_> = signing.map(|key| Ok(AnyKey::Public(key?))).collect::<Result<_>>()?;
        let Roles { root, root_threshold, policy, policy_threshold } = self.roles.load(passphrase)?;
        Ok(Keys {
            root_threshold,
            root: Held::passed_or_new(root, folder.join("root.pem"))?,
            policy_threshold,
            policy: Held::passed_or_new(policy, folder.join("policy.pem"))?,
            signing: Held::passed_or_new(signing, folder.join("signing.pem"))?,
        })
    }
}

/// The keys of the two roles, as they were passed.
pub struct Roles {
    root: Vec<AnyKey>,
    root_threshold: usize,
    policy: Vec<AnyKey>,
    policy_threshold: usize,
}

impl RoleArgs {
    /// Loads the keys that are named.
    pub fn load(&self, passphrase: &PassphraseArgs) -> Result<Roles> {
        let load = |named: &String| load_any_key(named, passphrase);
        let root: Vec<_> = self.root_key.iter().map(load).collect::<Result<_>>()?;
        let policy: Vec<_> = self.policy_key.iter().map(load).collect::<Result<_>>()?;
        Ok(Roles {
            root_threshold: threshold("root", root.len(), self.root_threshold)?,
            root,
            policy_threshold: threshold("policy", policy.len(), self.policy_threshold)?,
            policy,
        })
    }
}

impl Roles {
    /// Refuses a role without a key.
    pub fn check_passed(&self) -> Result<()> {
        for (role, keys) in [("root", &self.root), ("policy", &self.policy)] {
            if keys.is_empty() {
                return Err(refuse(
                    format!("the {role} role has no key"),
                    format!("pass its keys with `--{role}-key`, once for each key"),
                ));
            }
        }
        Ok(())
    }

    /// The root role.
    pub fn root(&self) -> Result<RolePlan<'_>> {
        Ok(RolePlan::new("root", &self.root, self.root_threshold)?)
    }

    /// The policy role.
    pub fn policy(&self) -> Result<RolePlan<'_>> {
        Ok(RolePlan::new("policy", &self.policy, self.policy_threshold)?)
    }
}

/// The threshold that was passed: for several keys, only the owners know how many must sign.
fn threshold(role: &str, keys: usize, named: Option<usize>) -> Result<usize> {
    match named {
        Some(threshold) => Ok(threshold),
        None if keys <= 1 => Ok(1),
        None => Err(refuse(
            format!("the {role} role has {keys} keys and no threshold"),
            format!("set how many of them must sign with `--{role}-threshold`"),
        )),
    }
}

impl Keys {
    /// The user's local keys, which serve every local account on the machine; new ones are written.
    pub fn local(folder: &Path) -> Result<Self> {
        // They are written once, whichever of the user's repositories is first.
        let names = ["root.pem", "policy.pem", "signing.pem"];
        let are_there = names.iter().all(|name| folder.join(name).exists());
        let _lock = if are_there { None } else { Some(Lock::next_to(folder)?) };
        let held = |name: &str| {
            let path = folder.join(name);
            let there = path.exists().then(|| load_key_file(&path, &PassphraseArgs::default()));
            Held::passed_or_new(there.transpose()?.into_iter().map(AnyKey::Secret).collect(), path)
        };
        let keys = Self {
            root: held("root.pem")?,
            root_threshold: 1,
            policy: held("policy.pem")?,
            policy_threshold: 1,
            signing: held("signing.pem")?,
        };
        keys.write(None)?;
        Ok(keys)
    }

    /// The root role.
    pub fn root(&self) -> Result<RolePlan<'_>> {
        Ok(RolePlan::new("root", self.root.keys(), self.root_threshold)?)
    }

    /// The policy role.
    pub fn policy(&self) -> Result<RolePlan<'_>> {
        Ok(RolePlan::new("policy", self.policy.keys(), self.policy_threshold)?)
    }

    /// The principal's key.
    pub fn signing(&self) -> PublicKey {
        self.signing.keys()[0].public()
    }

    /// The files of the new keys.
    pub fn new_files(&self) -> Vec<&Path> {
        self.new_keys().into_iter().map(|(path, _)| path).collect()
    }

    /// The files of new keys that exist already, each with the option that makes it the key.
    pub fn found_files(&self) -> Vec<String> {
        let held = [("root", &self.root), ("policy", &self.policy), ("signing", &self.signing)];
        let new = held.into_iter().filter_map(|(name, held)| Some((name, held.new_key()?.0)));
        let found = new.filter(|(_, path)| path.exists());
        found.map(|(name, path)| format!("--{name}-key {}", path.display())).collect()
    }

    /// Writes the new keys, all or none.
    pub fn write(&self, passphrase: Option<&Passphrase>) -> Result<()> {
        let mut pems = Vec::new();
        for (path, key) in self.new_keys() {
            pems.push((path, key.to_pem(passphrase)?));
        }
        let new: Vec<_> = pems.iter().map(|(path, pem)| (*path, pem.as_bytes(), Access::Private)).collect();
        Ok(files::write_new(&new)?)
    }

    /// Removes the files that [`Keys::write`] wrote.
    pub fn remove(&self) {
        self.new_files().into_iter().for_each(|path| drop(std::fs::remove_file(path)));
    }

    fn new_keys(&self) -> Vec<(&Path, &SecretKey)> {
        [&self.root, &self.policy, &self.signing].into_iter().filter_map(Held::new_key).collect()
    }
}

impl Held {
    fn passed_or_new(passed: Vec<AnyKey>, path: PathBuf) -> Result<Self> {
        if passed.is_empty() {
            return Ok(Self::New([AnyKey::Secret(SecretKey::generate()?)], path));
        }
        Ok(Self::Passed(passed))
    }

    fn keys(&self) -> &[AnyKey] {
        match self {
            Self::Passed(keys) => keys,
            Self::New(key, _) => key,
        }
    }

    fn new_key(&self) -> Option<(&Path, &SecretKey)> {
        match self {
            Self::New([AnyKey::Secret(key)], path) => Some((path, key)),
            _ => None,
        }
    }
}
