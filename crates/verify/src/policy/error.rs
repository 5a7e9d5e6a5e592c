//! Policy errors: why an account's documents are not trusted, and what to do about it.

use std::path::PathBuf;
use std::sync::Arc;

use crate::digest::Sha384;
use crate::document::DocumentError;
use crate::files::FileError;
use crate::name::AccountName;
use crate::pin::Pin;
use crate::time::Timestamp;

/// Why policy data is not trusted. It is never a finding: nothing is decided without a policy.
#[derive(Debug, thiserror::Error)]
pub enum PolicyError {
    /// There is no pin, so nothing is trusted.
    #[error("no root is pinned for the policy in `{}`", .0.display())]
    Unpinned(PathBuf),
    /// The first root is not the pinned one.
    #[error("`{}` is not the pinned root\n  pinned {pinned}\n  found  {found}", path.display())]
    PinDiffers {
        /// The first root.
        path: PathBuf,
        /// Its digest.
        found: Pin,
        /// The pin.
        pinned: Pin,
    },
    /// Too few keys of a role signed.
    #[error("`{}` is not signed by enough keys of the {role} role", path.display())]
    Threshold {
        /// The document.
        path: PathBuf,
        /// The role.
        role: &'static str,
    },
    /// A root or a snapshot is past its time.
    #[error("`{}` expired at {expires}", path.display())]
    Expired {
        /// The document.
        path: PathBuf,
        /// The role whose keys make the next one.
        role: &'static str,
        /// When it expired.
        expires: Timestamp,
    },
    /// The policy is older than one that was seen.
    #[error("the policy was rolled back: {what} {found} is older than {what} {seen}, which was seen before")]
    RolledBack {
        /// Which document.
        what: &'static str,
        /// The highest version seen.
        seen: u64,
        /// The version found.
        found: u64,
    },
    /// Two snapshots have one version.
    #[error("another snapshot with version {version} was seen before")]
    TwoSnapshots {
        /// The version.
        version: u64,
    },
    /// A snapshot's version is beyond any honest one.
    #[error("`{}` has version {version}, beyond any that honest seals reach", path.display())]
    FastForward {
        /// The snapshot.
        path: PathBuf,
        /// Its version.
        version: u64,
    },
    /// Documents differ from what was sealed.
    #[error("the policy in `{}` has unsealed changes: {}", directory.display(), paths.join(", "))]
    Unsealed {
        /// The policy directory.
        directory: PathBuf,
        /// The documents.
        paths: Vec<String>,
    },
    /// The ledger is not what was sealed of it, and more.
    #[error("`{}` lacks lines that were sealed, and a ledger only grows", .0.display())]
    LedgerLost(PathBuf),
    /// A document that every account has is not sealed.
    #[error("the sealed policy has no `{0}`")]
    Missing(&'static str),
    /// Something that the seal refers to is not there.
    #[error("`{}` is sealed and not there", .0.display())]
    ObjectMissing(PathBuf),
    /// The sealed index is not one.
    #[error("the sealed index {0} is malformed")]
    Index(Sha384),
    /// What was brought of another account is not trusted.
    #[error("account `{account}` cannot be asked\n  {source}")]
    Account {
        /// The account.
        account: AccountName,
        /// Why.
        source: Arc<PolicyError>,
    },
    /// What was brought of another account is not what our seal names.
    #[error("`{}` holds snapshot {found} of the account, and not snapshot {known} as it was sealed here", directory.display())]
    AccountDiffers {
        /// Its folder.
        directory: PathBuf,
        /// The version that is sealed here.
        known: u64,
        /// The version that is there.
        found: u64,
    },
    /// A document is malformed.
    #[error(transparent)]
    Document(#[from] DocumentError),
    /// A file could not be read.
    #[error(transparent)]
    File(#[from] FileError),
}

impl PolicyError {
    /// The same error as one of another account's policy.
    pub fn of_account(self, account: &AccountName) -> Self {
        match self {
            Self::Account { .. } => self,
            error => Self::Account { account: account.clone(), source: Arc::new(error) },
        }
    }

    /// What to do about it.
    pub fn hint(&self) -> Option<&'static str> {
        Some(match self {
            Self::Unpinned(_) => {
                "pin the digest that your security team publishes, with `countersign policy pin SHA384:…`"
            }
            Self::PinDiffers { .. } => {
                "ask the owner of the policy which root is right; the pin is kept outside the tree on purpose"
            }
            Self::Threshold { .. } => {
                "restore the file from the owner of the policy, or have the missing key holders seal it"
            }
            Self::Expired { role: "root", .. } => {
                "bring the policy up to date, or have the holders of its root keys run `countersign policy rotate-root`"
            }
            Self::Expired { .. } => {
                "bring the policy up to date, or have its key holders run `countersign policy seal`"
            }
            Self::RolledBack { .. } | Self::TwoSnapshots { .. } => {
                "bring the policy up to date; if its key holders confirm that versions started anew, they rotate the root"
            }
            Self::FastForward { .. } => {
                "a policy key is being misused: rotate the root to new policy keys, which starts versions anew"
            }
            Self::Unsealed { .. } => {
                "restore the files, or have the key holders of the policy run `countersign policy seal`; after an interrupted command, sealing is all that is needed"
            }
            Self::LedgerLost(_) => "restore the ledger from the policy's repository",
            Self::Missing(_) => {
                "add the document and have the key holders of the policy run `countersign policy seal`"
            }
            Self::ObjectMissing(_) => {
                "restore `objects/` from the policy's repository; or bring every document back to what was sealed and have the key holders run `countersign policy seal`, which makes them again, before anything is changed"
            }
            Self::Index(_) => {
                "have the key holders of the policy run `countersign policy seal`, which makes the index again"
            }
            Self::Account { .. } => {
                "bring it up to date with `countersign account update`, and have the key holders of the policy seal that"
            }
            Self::AccountDiffers { .. } => {
                "restore the folder from the policy's repository, or bring the account up to date with `countersign account update`"
            }
            Self::Document(_) => "mend the document at that place",
            Self::File(_) => return None,
        })
    }
}
