//! Accounts: the other accounts that a policy knows, and organizations of accounts.
//!
//! `accounts/NAME.toml` pins another account, and names the seal of its policy that was copied:
//! ```toml
//! account = "vendor"
//! revision = 3
//! root = "SHA384:…"                 # the digest of its roots/1.json; it never changes
//! from = "https://git.vendor.example/policy.git#main"    # or a folder
//! root_version = 2                  # the newest root in the copy
//! snapshot = 7                      # the seal of the copy
//! snapshot_sha384 = "…"             # of that seal's payload
//! ```
//! The copy is in `accounts/NAME/`, a policy directory like any other. It is trusted up to that seal, and
//! only for what our own CSCs and functions name.
//!
//! `account.toml` names the organization that an account is in, and `organization.toml`, in the policy of the
//! account that is the organization, lists its members. Membership needs both:
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
use crate::document::format::{self, Format};
use crate::document::{self, DocumentError};
use crate::limits::{MEMBERS_MAX, ORIGIN_BYTES_MAX};
use crate::name::AccountName;
use crate::pin::Pin;

/// The document `accounts/NAME.toml` about another account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KnownAccount {
    #[serde(default, skip_serializing_if = "Format::is_absent")]
    format: Format<{ format::KNOWN_ACCOUNT }>,
    account: AccountName,
    revision: u64,
    root: Pin,
    from: String,
    root_version: u64,
    snapshot: u64,
    snapshot_sha384: Sha384,
}

/// The root and snapshot that the copy of another account's policy is at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reached {
    /// Its newest root.
    pub root_version: u64,
    /// Its seal.
    pub snapshot: u64,
    /// SHA-384 of the seal's payload.
    pub snapshot_sha384: Sha384,
}

impl KnownAccount {
    /// A new document about an account.
    pub fn new(account: AccountName, root: Pin, from: &str, reached: Reached) -> Self {
        let Reached { root_version, snapshot, snapshot_sha384 } = reached;
        Self {
            format: Format::default(),
            account,
            revision: 1,
            root,
            from: from.into(),
            root_version,
            snapshot,
            snapshot_sha384,
        }
    }

    /// Parses the document of the account with this name.
    pub fn parse(path: &Path, bytes: &[u8]) -> Result<Self, DocumentError> {
        let known: Self = document::from_versioned_toml(format::KNOWN_ACCOUNT, path, bytes)?;
        if path.file_stem().and_then(|stem| stem.to_str()) != Some(known.account.as_str()) {
            let message = format!("`account` is `{}`, which differs from the file name", known.account);
            return Err(DocumentError::new(path, message));
        }
        if known.from.is_empty() || known.from.len() > ORIGIN_BYTES_MAX {
            return Err(DocumentError::new(path, format!("`from` must have 1 to {ORIGIN_BYTES_MAX} bytes")));
        }
        Ok(known)
    }

    /// The next revision, with a new copy of the policy.
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

    /// The source of its policy: a repository or a folder.
    pub fn from(&self) -> &str {
        &self.from
    }

    /// The root and snapshot that the copy is at.
    pub fn reached(&self) -> Reached {
        let Self { root_version, snapshot, snapshot_sha384, .. } = *self;
        Reached { root_version, snapshot, snapshot_sha384 }
    }
}

/// The organization that an account is in, by its own word: the document `account.toml`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Membership {
    #[serde(default, skip_serializing_if = "Format::is_absent")]
    format: Format<{ format::MEMBERSHIP }>,
    revision: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    organization: Option<AccountName>,
}

impl Membership {
    /// The document with its next revision.
    pub fn next(before: Option<&Self>, organization: Option<AccountName>) -> Self {
        let format = before.map(|before| before.format).unwrap_or_default();
        let revision = before.map_or(1, |before| document::next_revision(before.revision));
        Self { format, revision, organization }
    }

    /// Parses `account.toml`.
    pub fn parse(path: &Path, bytes: &[u8]) -> Result<Self, DocumentError> {
        document::from_versioned_toml(format::MEMBERSHIP, path, bytes)
    }

    /// The organization, which is an account too.
    pub fn organization(&self) -> Option<&AccountName> {
        self.organization.as_ref()
    }

    /// The document's revision.
    pub fn revision(&self) -> u64 {
        self.revision
    }
}

/// The members of an organization: the document `organization.toml`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Organization {
    #[serde(default, skip_serializing_if = "Format::is_absent")]
    format: Format<{ format::ORGANIZATION }>,
    revision: u64,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    member: Vec<Member>,
}

/// A part of an `organization.toml`; the first has the revision.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Part {
    #[serde(default)]
    format: Format<{ format::ORGANIZATION }>,
    revision: Option<u64>,
    #[serde(default)]
    member: Vec<Member>,
}

/// One member of an organization.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Member {
    /// The account.
    pub account: AccountName,
    /// The digest of its first root, since names are not unique.
    pub root: Pin,
}

impl Organization {
    /// Parses `organization.toml`.
    pub fn parse(path: &Path, bytes: &[u8]) -> Result<Self, DocumentError> {
        let mut all: Option<Self> = None;
        document::from_toml_lists(format::ORGANIZATION, path, bytes, |part: Part| {
            let Part { format, revision, member } = part;
            match &mut all {
                None => {
                    let revision = revision.ok_or("missing field `revision`")?;
                    all = Some(Self { format, revision, member });
                }
                Some(all) => all.member.extend(member),
            }
            Ok(())
        })?;
        let organization = all.unwrap_or(Self { format: Format::default(), revision: 0, member: Vec::new() });
        let names: BTreeSet<_> = organization.member.iter().map(|member| &member.account).collect();
        if names.len() != organization.member.len() || names.len() > MEMBERS_MAX {
            let message = format!("expected at most {MEMBERS_MAX} members with distinct names");
            return Err(DocumentError::new(path, message));
        }
        Ok(organization)
    }

    /// The document with its next revision.
    pub fn next(before: Option<&Self>, member: Vec<Member>) -> Self {
        let format = before.map(|before| before.format).unwrap_or_default();
        let revision = before.map_or(1, |before| document::next_revision(before.revision));
        Self { format, revision, member }
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
