//! Accounts: which other accounts a policy knows, and which organisation vouches for whom.
//!
//! `accounts/NAME.toml` pins another account, and says how far its policy was brought here:
//! ```toml
//! account = "vendor"
//! revision = 3
//! root = "SHA384:…"                 # the digest of its roots/1.json; it never changes
//! from = "https://git.vendor.example/policy.git#main"    # or a folder
//! root_version = 2                  # the newest root brought here
//! snapshot = 7                      # the seal brought here
//! snapshot_sha384 = "…"             # of what that seal signs
//! ```
//! Its documents lie in `accounts/NAME/`, a policy directory like any other. They count as far as that
//! seal goes, and for nothing but what our own CSCs and functions name.
//!
//! `account.toml` says which organisation an account is in, and `organization.toml`, in the policy of
//! the account that is the organisation, who its members are. Membership takes both:
//! ```toml
//! revision = 1
//! organization = "acme-group"
//! ```
//! ```toml
//! revision = 2
//!
//! [[member]]
//! account = "shop"
//! root = "SHA384:…"
//! ```

use std::collections::BTreeSet;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::digest::Sha384;
use crate::document::{self, DocumentError};
use crate::limits::{MEMBERS_MAX, ORIGIN_BYTES_MAX};
use crate::name::AccountName;
use crate::pin::Pin;

/// Another account that a policy knows: the document `accounts/NAME.toml`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KnownAccount {
    account: AccountName,
    revision: u64,
    root: Pin,
    from: String,
    root_version: u64,
    snapshot: u64,
    snapshot_sha384: Sha384,
}

/// How far another account's policy was brought here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reached {
    /// Its newest root.
    pub root_version: u64,
    /// Its seal.
    pub snapshot: u64,
    /// What the seal signs.
    pub snapshot_sha384: Sha384,
}

impl KnownAccount {
    /// An account that was not known before.
    pub fn new(account: AccountName, root: Pin, from: &str, reached: Reached) -> Self {
        let Reached { root_version, snapshot, snapshot_sha384 } = reached;
        Self { account, revision: 1, root, from: from.into(), root_version, snapshot, snapshot_sha384 }
    }

    /// Reads the document of the account with this name.
    pub fn parse(path: &Path, bytes: &[u8]) -> Result<Self, DocumentError> {
        let known: Self = document::from_toml(path, bytes)?;
        if path.file_stem().and_then(|stem| stem.to_str()) != Some(known.account.as_str()) {
            let message = format!("the account is `{}`, which is not the file's name", known.account);
            return Err(DocumentError::new(path, message));
        }
        if known.from.is_empty() || known.from.len() > ORIGIN_BYTES_MAX {
            return Err(DocumentError::new(path, format!("`from` has no 1 to {ORIGIN_BYTES_MAX} bytes")));
        }
        Ok(known)
    }

    /// The next revision, with the policy as it has been brought now.
    pub fn updated(self, from: &str, reached: Reached) -> Self {
        let Reached { root_version, snapshot, snapshot_sha384 } = reached;
        let revision = document::next_revision(self.revision);
        Self { revision, from: from.into(), root_version, snapshot, snapshot_sha384, ..self }
    }

    /// The account.
    pub fn account(&self) -> &AccountName {
        &self.account
    }

    /// The document's revision.
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// The digest of its first root.
    pub fn root(&self) -> Pin {
        self.root
    }

    /// Where its policy comes from: a repository, or a folder.
    pub fn from(&self) -> &str {
        &self.from
    }

    /// How far its policy was brought here.
    pub fn reached(&self) -> Reached {
        let Self { root_version, snapshot, snapshot_sha384, .. } = *self;
        Reached { root_version, snapshot, snapshot_sha384 }
    }
}

/// Which organisation an account says that it is in: the document `account.toml`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Membership {
    revision: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    organization: Option<AccountName>,
}

impl Membership {
    /// The document with its next revision.
    pub fn next(before: Option<&Self>, organization: Option<AccountName>) -> Self {
        let revision = before.map_or(1, |before| document::next_revision(before.revision));
        Self { revision, organization }
    }

    /// Reads `account.toml`.
    pub fn parse(path: &Path, bytes: &[u8]) -> Result<Self, DocumentError> {
        document::from_toml(path, bytes)
    }

    /// The organisation, which is an account too.
    pub fn organization(&self) -> Option<&AccountName> {
        self.organization.as_ref()
    }

    /// The document's revision.
    pub fn revision(&self) -> u64 {
        self.revision
    }
}

/// Who is in an organisation: the document `organization.toml`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Organization {
    revision: u64,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    member: Vec<Member>,
}

/// What a part of an `organization.toml` holds; the first has the revision.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Part {
    revision: Option<u64>,
    #[serde(default)]
    member: Vec<Member>,
}

/// One member of an organisation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Member {
    /// The account.
    pub account: AccountName,
    /// The digest of its first root: a name alone may be anybody's.
    pub root: Pin,
}

impl Organization {
    /// Reads `organization.toml`.
    pub fn parse(path: &Path, bytes: &[u8]) -> Result<Self, DocumentError> {
        let mut all: Option<Self> = None;
        document::from_toml_lists(path, bytes, |part: Part| {
            let Part { revision, member } = part;
            match &mut all {
                None => all = Some(Self { revision: revision.ok_or("missing field `revision`")?, member }),
                Some(all) => all.member.extend(member),
            }
            Ok(())
        })?;
        let organization = all.unwrap_or(Self { revision: 0, member: Vec::new() });
        let names: BTreeSet<_> = organization.member.iter().map(|member| &member.account).collect();
        if names.len() != organization.member.len() || names.len() > MEMBERS_MAX {
            let message = format!("an organisation has up to {MEMBERS_MAX} members, each with its own name");
            return Err(DocumentError::new(path, message));
        }
        Ok(organization)
    }

    /// The document with its next revision.
    pub fn next(before: Option<&Self>, member: Vec<Member>) -> Self {
        let revision = before.map_or(1, |before| document::next_revision(before.revision));
        Self { revision, member }
    }

    /// Its members, in the document's order.
    pub fn members(&self) -> &[Member] {
        &self.member
    }

    /// Whether an account of this name, with this first root, is a member.
    pub fn has(&self, account: &AccountName, root: Pin) -> bool {
        self.member.iter().any(|member| member.account == *account && member.root == root)
    }

    /// The document's revision.
    pub fn revision(&self) -> u64 {
        self.revision
    }
}
