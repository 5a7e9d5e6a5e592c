//! Do signatures of another account count as far as our CSC and our seal say, and no further?
//!
//! Two accounts, each with a root, a policy and keys of its own: `vendor` signs, `acme` trusts it and deploys.

mod checks;
mod grants;
mod layers;
mod names;
mod revocations;
mod shown;
mod updates;

use std::path::PathBuf;

use crate::support::{Ran, Scene, text};

/// Every version of the profile that `init` makes for an account.
pub(crate) fn publisher(account: &str) -> String {
    format!("arn:countersign:signer::{account}:/signing-profiles/release/*")
}

/// Two accounts, of which `acme` knows `vendor`.
pub(crate) struct Pair {
    /// Who deploys.
    pub(crate) acme: Scene,
    /// Who signs.
    pub(crate) vendor: Scene,
}

impl Pair {
    /// Strangers; each has released a function of the same name.
    pub(crate) fn strangers() -> Self {
        let vendor = Scene::of_account("vendor");
        Self { acme: Scene::new(), vendor }
    }

    /// `acme` has pinned `vendor`, and its CSC allows both accounts' profiles.
    pub(crate) fn new() -> Self {
        let pair = Self::strangers();
        pair.trust().done();
        pair.allow(&["acme", "vendor"]);
        pair
    }

    /// Pins the vendor in the policy of `acme`; does not seal.
    pub(crate) fn trust(&self) -> Ran {
        let pin = self.vendor.pin().to_string();
        let from = self.vendor.policy();
        self.acme.run(&["account", "trust", "vendor", "--root", &pin, "--from", text(&from)])
    }

    /// Lets the CSC of `acme` name these accounts' profiles alone, and seals everything.
    pub(crate) fn allow(&self, accounts: &[&str]) {
        let publishers: Vec<toml::Value> = accounts.iter().map(|name| publisher(name).into()).collect();
        self.acme.change(&self.acme.csc(), |csc| {
            csc.insert("allowed_publishers".into(), publishers.into());
        });
        self.acme.seal();
    }

    /// Puts what `vendor` has released in the place of what `acme` has.
    pub(crate) fn deliver(&self) {
        deliver(&self.vendor, &self.acme);
    }

    /// Where `acme` keeps what it has brought of `vendor`, by its document as it is now.
    pub(crate) fn brought(&self) -> PathBuf {
        let document: toml::Table = self.acme.document("accounts/vendor.toml").parse().expect("TOML");
        let digest = document["snapshot_sha384"].as_str().expect("a digest");
        self.acme.policy().join("accounts/vendor").join(&digest[..32])
    }

    /// Brings the vendor's policy up to date; does not seal.
    pub(crate) fn update(&self) -> Ran {
        self.acme.run(&["account", "update", "vendor"])
    }
}

/// Puts what one account has released in the place of what another has.
pub(crate) fn deliver(from: &Scene, to: &Scene) {
    for (from, to) in [(from.artifact(), to.artifact()), (from.manifest(), to.manifest())] {
        std::fs::copy(from, to).expect("a copy");
    }
}
