//! Edits of the documents about other accounts and organizations.

use super::super::diff::Difference;
use super::super::documents::{self, Kind, MEMBERSHIP, ORGANIZATION};
use super::super::error::PolicyError;
use super::super::store::Policy;
use super::super::vendor;
use super::{EditError, Editor, Mode};
use crate::account::{KnownAccount, Membership, Organization};
use crate::arn::{Owner, PublisherArn};
use crate::csc::Csc;
use crate::layer::{Layer, LayerPermission};
use crate::name::AccountName;

impl Editor {
    /// The document about another account, sealed or not.
    pub fn known_account(&self, name: &AccountName) -> Result<Option<KnownAccount>, EditError> {
        Ok(self.find(&Kind::path_of(name), KnownAccount::parse)?)
    }

    /// The names of all other accounts with a document, sealed or not.
    pub fn known_accounts(&self) -> Result<Vec<AccountName>, EditError> {
        let paths = documents::read(&self.directory)?.into_keys();
        let name = |path: String| Kind::Account.name_in(&path)?.parse().ok();
        Ok(paths.filter_map(name).collect())
    }

    /// The organization that the account claims to be in, sealed or not.
    pub fn membership(&self) -> Result<Option<Membership>, EditError> {
        Ok(self.find(MEMBERSHIP, Membership::parse)?)
    }

    /// The members of the organization that this account is, sealed or not.
    pub fn organization(&self) -> Result<Option<Organization>, EditError> {
        Ok(self.find(ORGANIZATION, Organization::parse)?)
    }

    /// Copies another account's policy into the directory, and then writes the document that pins it.
    ///
    /// `from` is the source for later updates. The policy was opened with the account's pin.
    pub fn copy_account(&self, policy: &Policy, from: &str) -> Result<Vec<Difference>, EditError> {
        let reached = policy.reached();
        let next = match self.known_account(policy.account())? {
            None => Some(KnownAccount::new(policy.account().clone(), policy.pin(), from, reached)),
            Some(before) if before.root() != policy.pin() => {
                return Err(EditError::Taken(format!("account `{}` with another root", policy.account())));
            }
            // Signed revocations need no seal, so there may be more of them.
            Some(before) if (before.from(), before.reached()) == (from, reached) => None,
            Some(before) => Some(before.updated(from, reached)),
        };
        let path = Kind::path_of(policy.account());
        let changed = next.map(|known| self.prepare(&path, &known)).transpose()?;
        if self.mode == Mode::Write {
            vendor::vendor(&self.directory, policy)?;
        }
        changed.map_or(Ok(Vec::new()), |changed| self.finish(&path, changed))
    }

    /// Removes the document of another account; later seals remove its copy.
    pub fn forget_account(&self, name: &AccountName) -> Result<Vec<Difference>, EditError> {
        let by = self.naming(name)?;
        if !by.is_empty() {
            return Err(EditError::Named { account: name.clone(), by });
        }
        self.remove(&Kind::path_of(name), &format!("trusted account `{name}`"))
    }

    /// What refers to another account: publishers, organizations of layers, and the organization that we are
    /// in.
    ///
    /// If another account took that name, all of these would refer to it.
    fn naming(&self, name: &AccountName) -> Result<Vec<String>, EditError> {
        let mut by = Vec::new();
        for (path, bytes) in documents::read(&self.directory)? {
            let file = self.directory.join(&path);
            match Kind::of(&path) {
                Some(Kind::Csc) => {
                    let csc = Csc::parse(&file, &bytes).map_err(PolicyError::from)?;
                    let of_it = |arn: &&PublisherArn| *arn.owner() == Owner::countersign(name.clone());
                    by.extend(csc.publishers().iter().find(of_it).map(|_| format!("CSC `{}`", csc.id())));
                }
                Some(Kind::Layer) => {
                    let layer = Layer::parse(&file, &bytes).map_err(PolicyError::from)?;
                    let of_it = |permission: &&LayerPermission| {
                        permission.organization.as_ref() == Some(name)
                            && permission.not_after.is_none_or(|end| end > self.now)
                    };
                    by.extend(layer.permissions().iter().find(of_it).map(|permission| {
                        format!("permission `{}` of layer `{}`", permission.statement_id, layer.name())
                    }));
                }
                Some(Kind::Membership) => {
                    let document = Membership::parse(&file, &bytes).map_err(PolicyError::from)?;
                    by.extend((document.organization() == Some(name)).then(|| format!("`{path}`")));
                }
                _ => {}
            }
        }
        Ok(by)
    }

    /// Writes the organization that the account is in.
    pub fn save_membership(&self, membership: &Membership) -> Result<Vec<Difference>, EditError> {
        self.save(MEMBERSHIP, membership)
    }

    /// Writes the members of the organization.
    pub fn save_organization(&self, organization: &Organization) -> Result<Vec<Difference>, EditError> {
        self.save(ORGANIZATION, organization)
    }
}
