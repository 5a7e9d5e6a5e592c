//! The key that signs: the one that was named, or the account's own, with the way out if that is lost.

use std::path::Path;

use anyhow::Result;
use countersign::crypto::secret::SecretKey;
use countersign::policy::store::Policy;

use crate::context::{Context, TrustArgs};
use crate::keys::{KeyArgs, load_key, load_key_file};
use crate::output::refuse;
use crate::places::{own_key_folder, pin_file};

impl Context {
    /// The signing key that options or settings name, or the account's own.
    pub fn signing_key(&self, args: &KeyArgs, policy: &Policy) -> Result<SecretKey> {
        let named = match &args.key {
            Some(named) => Some(named.clone()),
            None => self.setting("countersign.key")?,
        };
        match named {
            Some(named) => load_key(&named, &args.passphrase),
            None => {
                let folder = own_key_folder(policy.account(), Some(&policy.pin()))?;
                self.own_key(&folder.join("signing.pem"), policy, args)
            }
        }
    }

    /// The account's own key, which can be lost: a local account starts over, any other permits a new key.
    fn own_key(&self, path: &Path, policy: &Policy, args: &KeyArgs) -> Result<SecretKey> {
        if path.exists() {
            return load_key_file(path, &args.passphrase);
        }
        let message = format!("key file `{}` does not exist", path.display());
        let local = self.local_policy()?;
        if policy.directory() != local {
            let hint = "pass your key with `--key`, or remember it with `git config countersign.key FILE`; to get one, run \
                        `countersign key generate --output FILE`, and ask the policy owner to run `countersign profile \
                        permit` with its public half";
            return Err(refuse(message, hint));
        }
        let location = self.located(local.clone(), &TrustArgs { policy: None, root: None })?;
        let pin = if self.repository.is_none() { Some(pin_file(&local)?) } else { None };
        let files: Vec<String> =
            [Some(local), location.state, pin].iter().flatten().map(|path| self.shown(path)).collect();
        let unpin =
            if self.repository.is_some() { ", then `git config --unset countersign.root`" } else { "" };
        let hint = format!(
            "restore it from a backup; if it is lost, start a new local account: run `rm -r {}`{unpin} and `countersign \
             release`",
            files.join(" ")
        );
        Err(refuse(message, hint))
    }
}
