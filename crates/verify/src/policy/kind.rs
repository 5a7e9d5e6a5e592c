//! The kinds of documents in a policy directory, and the path of each.

use std::fmt;
use std::str::FromStr;

use crate::limits::{DOCUMENT_BYTES_MAX, ORGANIZATION_BYTES_MAX, REVOCATIONS_BYTES_MAX};
use crate::name::{AccountName, ArtifactName, CscId, ProfileName};

/// The kind of a document, from its path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `profiles/NAME.toml`
    Profile,
    /// `csc/csc-….toml`
    Csc,
    /// `functions.toml`
    Functions,
    /// `revocations.toml`
    Revocations,
    /// `layers/NAME.toml`
    Layer,
    /// `accounts/NAME.toml`
    Account,
    /// `account.toml`
    Membership,
    /// `organization.toml`
    Organization,
    /// `stackset.toml`
    StackSet,
}

/// The folder of the documents about other accounts, and of copies of their policies.
pub const ACCOUNTS: &str = "accounts";
/// The folder of the CSCs.
pub const CSCS: &str = "csc";
/// The folder of the layers.
pub const LAYERS: &str = "layers";
/// The folder of the signing profiles.
pub const PROFILES: &str = "profiles";

/// Folders of documents; each document is a file in one of them that ends in `.toml`.
pub(super) const FOLDERS: [&str; 4] = [ACCOUNTS, CSCS, LAYERS, PROFILES];

/// The document with the CSC of each function pattern.
pub const FUNCTIONS: &str = "functions.toml";
/// The document with the revocations.
pub const REVOCATIONS: &str = "revocations.toml";
/// The document with the organization that the account is in.
pub const MEMBERSHIP: &str = "account.toml";
/// The document with the members of the organization that the account is.
pub const ORGANIZATION: &str = "organization.toml";
/// Where the policy is rolled out to: read by the program that does it, and by no verdict.
pub const STACKSET: &str = "stackset.toml";

/// Documents at the top. Only the first two have to be there.
pub(super) const FILES: [&str; 5] = [FUNCTIONS, REVOCATIONS, MEMBERSHIP, ORGANIZATION, STACKSET];

/// A name that a document in a folder has.
pub trait DocumentName: fmt::Display + FromStr {
    /// The kind of the document.
    const KIND: Kind;
}

impl DocumentName for ProfileName {
    const KIND: Kind = Kind::Profile;
}

impl DocumentName for CscId {
    const KIND: Kind = Kind::Csc;
}

impl DocumentName for ArtifactName {
    const KIND: Kind = Kind::Layer;
}

impl DocumentName for AccountName {
    const KIND: Kind = Kind::Account;
}

impl Kind {
    /// The kind of the editable document at a path; `None` for other paths.
    pub fn of(path: &str) -> Option<Self> {
        match path.split_once('/') {
            // Deeper paths belong to other accounts.
            Some((_, name)) if name.contains('/') => None,
            Some((PROFILES, _)) => Some(Self::Profile),
            Some((CSCS, _)) => Some(Self::Csc),
            Some((LAYERS, _)) => Some(Self::Layer),
            Some((ACCOUNTS, _)) => Some(Self::Account),
            Some(_) => None,
            None => match path {
                FUNCTIONS => Some(Self::Functions),
                REVOCATIONS => Some(Self::Revocations),
                MEMBERSHIP => Some(Self::Membership),
                ORGANIZATION => Some(Self::Organization),
                STACKSET => Some(Self::StackSet),
                _ => None,
            },
        }
    }

    /// The path of the document with this name in the policy directory.
    pub fn path_of<N: DocumentName>(name: &N) -> String {
        match N::KIND.folder() {
            Some(folder) => format!("{folder}/{name}.toml"),
            None => format!("{name}.toml"),
        }
    }

    /// The name of a document of this kind, from its path; `None` for paths of other kinds.
    pub fn name_in(self, path: &str) -> Option<&str> {
        let name = path.strip_prefix(self.folder()?)?.strip_prefix('/')?.strip_suffix(".toml")?;
        (!name.contains('/')).then_some(name)
    }

    /// The folder of documents of this kind; `None` if there is only one, at the top.
    fn folder(self) -> Option<&'static str> {
        match self {
            Self::Profile => Some(PROFILES),
            Self::Csc => Some(CSCS),
            Self::Layer => Some(LAYERS),
            Self::Account => Some(ACCOUNTS),
            Self::Functions | Self::Revocations | Self::Membership | Self::Organization | Self::StackSet => {
                None
            }
        }
    }

    /// The largest size of such a document, in bytes.
    pub fn limit(self) -> u64 {
        match self {
            Self::Revocations => REVOCATIONS_BYTES_MAX,
            Self::Organization => ORGANIZATION_BYTES_MAX,
            Self::Profile
            | Self::Csc
            | Self::Functions
            | Self::Layer
            | Self::Account
            | Self::Membership
            | Self::StackSet => DOCUMENT_BYTES_MAX,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_names_its_kind_of_document() {
        for (path, kind) in [
            ("profiles/release.toml", Some(Kind::Profile)),
            ("csc/csc-00000000000000001.toml", Some(Kind::Csc)),
            ("layers/base.toml", Some(Kind::Layer)),
            ("accounts/other.toml", Some(Kind::Account)),
            ("functions.toml", Some(Kind::Functions)),
            ("revocations.toml", Some(Kind::Revocations)),
            ("account.toml", Some(Kind::Membership)),
            ("organization.toml", Some(Kind::Organization)),
            ("stackset.toml", Some(Kind::StackSet)),
            ("accounts/other/functions.toml", None),
            ("others/release.toml", None),
            ("ledger.jsonl", None),
        ] {
            assert_eq!(Kind::of(path), kind, "{path}");
        }
    }

    #[test]
    fn a_name_gives_the_path_of_its_document_and_back() {
        let csc: CscId = "csc-00000000000000001".parse().unwrap();
        let account: AccountName = "acme".parse().unwrap();
        for (path, kind, name) in [
            (Kind::path_of(&csc), Kind::Csc, csc.as_str()),
            (Kind::path_of(&account), Kind::Account, account.as_str()),
        ] {
            assert_eq!((Kind::of(&path), kind.name_in(&path)), (Some(kind), Some(name)));
        }
        for path in ["csc/a.txt", "csc2/a.toml", "csc.toml", "csc/a/b.toml", "layers/a.toml"] {
            assert_eq!(Kind::Csc.name_in(path), None, "{path}");
        }
        assert_eq!(Kind::Functions.name_in(FUNCTIONS), None);
    }
}
