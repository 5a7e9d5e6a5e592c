//! `countersign policy rotate-root`: the next root, with other keys, other thresholds or a later end.

use std::collections::BTreeSet;

use anyhow::Result;
use countersign::crypto::key::{KeyId, PublicKey};
use countersign::crypto::secret::SecretKey;
use countersign::init::ROOT_VALIDITY;
use countersign::policy::diff::Difference;
use countersign::policy::root::{self, Role, RoleFile, Root, RootFile};
use countersign::policy::rotation::{Pending, Step};
use countersign::policy::state::State;
use countersign::time::Period;

use super::{RoleKeyArgs, lock, newest_root, prove};
use crate::context::{Context, TrustArgs};
use crate::keys::load_public_key;
use crate::output::{Exit, print, refuse, say};

/// Arguments of `policy rotate-root`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
    Root N+1 is valid once it has the signatures that root N and root N+1 require, and a seal under it \
    exists. Pins stay valid: they name root 1, and the chain leads to the newest root.\n\n\
    Examples:\n  \
    countersign policy rotate-root --key alice.pem \\\n    \
    --add-root-key dora.pub.pem --remove-root-key SHA256:…\n\n\
    Add a signature to the pending root:\n  \
    countersign policy rotate-root --add --key bob.pem\n\n\
    Seal with new policy keys:\n  \
    countersign policy seal --key new-policy.pem")]
pub struct Args {
    #[command(flatten)]
    trust: TrustArgs,
    #[command(flatten)]
    keys: RoleKeyArgs,
    /// Add a signature to the pending root, without changing it
    #[arg(long, conflicts_with_all = ["add_root_keys", "remove_root_keys", "root_threshold", "add_policy_keys",
        "remove_policy_keys", "policy_threshold", "validity"])]
    add: bool,
    /// Add a key to the root role, from a PEM file; can be repeated
    #[arg(long = "add-root-key", value_name = "KEY")]
    add_root_keys: Vec<String>,
    /// Remove a key from the root role, by fingerprint or PEM file; can be repeated
    #[arg(long = "remove-root-key", value_name = "KEY")]
    remove_root_keys: Vec<String>,
    /// Number of root keys that must sign
    #[arg(long, value_name = "COUNT")]
    root_threshold: Option<usize>,
    /// Add a key to the policy role, from a PEM file; can be repeated
    #[arg(long = "add-policy-key", value_name = "KEY")]
    add_policy_keys: Vec<String>,
    /// Remove a key from the policy role, by fingerprint or PEM file; can be repeated
    #[arg(long = "remove-policy-key", value_name = "KEY")]
    remove_policy_keys: Vec<String>,
    /// Number of policy keys that must sign
    #[arg(long, value_name = "COUNT")]
    policy_threshold: Option<usize>,
    /// Validity of the new root
    #[arg(long, value_name = "PERIOD", default_value_t = ROOT_VALIDITY)]
    validity: Period,
}

impl Args {
    /// Makes the next root or signs the one that waits.
    pub fn run(self, context: &Context) -> Result<Exit> {
        let location = context.editable(&self.trust)?;
        let directory = &location.directory;
        let _lock = lock(&location)?;
        let root = newest_root(context, &location)?;
        location.state.as_deref().map_or(Ok(()), |state| State::check_root(state, &root))?;
        let (pending, replaced) = if self.add {
            (Pending::to_sign(directory, &root, context.now)?, false)
        } else {
            let waiting = Pending::read(directory, &root)?.is_some();
            (Pending::propose(directory, &root, &self.next(context, &root)?)?, waiting)
        };
        let version = pending.root().version();
        let keys = self.keys.load(&location, &root, "root.pem")?;
        let keys: Vec<&SecretKey> = keys.iter().collect();
        pending.check_keys(&root, &keys)?;
        for each in differences(&root, pending.root()) {
            print(&format!("  {}\n", each.text))?;
        }
        let before = pending.counts(&root);
        let step = pending.sign(directory, &root, &keys)?;
        if replaced {
            say("this root replaces a pending one");
        }
        match step {
            Step::Waits { old, new } => {
                let verb = if (old, new) == before { "already signed" } else { "signed" };
                print(&format!(
                    "{verb}: root {version}, {} of {} signatures by the keys of root {}, {} of {} by its own\n",
                    old.given,
                    old.needed,
                    root.version(),
                    new.given,
                    new.needed
                ))?;
                say("other signers run `countersign policy rotate-root --add`");
            }
            Step::Signed => {
                print(&format!("signed: root {version}, with all required signatures\n"))?;
                say("it is valid once its policy keys seal: run `countersign policy seal`");
            }
            Step::Published => {
                prove(context, &location, &root::path(directory, version))?;
                print(&format!("rotated: root {version} is valid now\n"))?;
            }
        }
        Ok(Exit::Done)
    }

    /// The document of the next root.
    fn next(&self, context: &Context, root: &Root) -> Result<RootFile> {
        let (mut keys, passphrase) = (root.file().keys.clone(), &self.keys.passphrase);
        let mut role = |name: &str,
                        role: &Role,
                        add: &[String],
                        remove: &[String],
                        threshold: Option<usize>|
         -> Result<RoleFile> {
            let mut ids: BTreeSet<KeyId> = role.keys().iter().map(PublicKey::id).collect();
            for named in remove {
                let id = match named.parse() {
                    Ok(id) => id,
                    Err(_) => load_public_key(named, passphrase)?.id(),
                };
                if !ids.remove(&id) {
                    let known: Vec<String> = ids.iter().map(ToString::to_string).collect();
                    let hint = format!("expected one of: {}", known.join(", "));
                    return Err(refuse(format!("key {id} does not have the role"), hint));
                }
            }
            for named in add {
                let key = load_public_key(named, passphrase)?;
                ids.insert(key.id());
                keys.push(key);
            }
            let threshold = threshold.unwrap_or(role.threshold());
            if !(1..=ids.len()).contains(&threshold) {
                return Err(refuse(
                    format!(
                        "the {name} role would have threshold {threshold}, expected 1 to {}, its number of keys",
                        ids.len()
                    ),
                    format!("pass a threshold from 1 to the number of keys with `--{name}-threshold`"),
                ));
            }
            Ok(RoleFile { keys: ids.into_iter().collect(), threshold })
        };
        let root_role =
            role("root", root.root(), &self.add_root_keys, &self.remove_root_keys, self.root_threshold)?;
        let policy_role = role(
            "policy",
            root.policy(),
            &self.add_policy_keys,
            &self.remove_policy_keys,
            self.policy_threshold,
        )?;
        let held: BTreeSet<&KeyId> = root_role.keys.iter().chain(&policy_role.keys).collect();
        let mut seen = BTreeSet::new();
        keys.retain(|key| held.contains(&key.id()) && seen.insert(key.id()));
        Ok(RootFile {
            format: root.file().format,
            account: root.account().clone(),
            version: root.version() + 1,
            created: context.now,
            expires: context.now.plus(self.validity),
            keys,
            root: root_role,
            policy: policy_role,
        })
    }
}

/// What the next root changes, in words.
pub fn differences(before: &Root, after: &Root) -> Vec<Difference> {
    let path = format!("roots/{}.json", after.version());
    let mut found = Vec::new();
    let mut add = |text: String| found.push(Difference { path: path.clone(), text, forbidden: None });
    add(format!("root {} until {}", after.version(), after.expires()));
    for (name, old, new) in
        [("root", before.root(), after.root()), ("policy", before.policy(), after.policy())]
    {
        for key in new.keys().iter().filter(|key| !old.keys().contains(key)) {
            add(format!("key {} gets the {name} role", key.id()));
        }
        for key in old.keys().iter().filter(|key| !new.keys().contains(key)) {
            add(format!("key {} loses the {name} role", key.id()));
        }
        if old.threshold() != new.threshold() || old.keys().len() != new.keys().len() {
            let (of_old, of_new) = (old.keys().len(), new.keys().len());
            add(format!(
                "the {name} role requires {} of {of_new} keys, instead of {} of {of_old}",
                new.threshold(),
                old.threshold()
            ));
        }
    }
    found
}
