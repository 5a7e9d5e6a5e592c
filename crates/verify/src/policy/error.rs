//! Policy errors: why an account's documents are not trusted, and what to do about it.

use std::borrow::Cow;
use std::path::PathBuf;
use std::sync::Arc;

use crate::digest::Sha384;
use crate::document::DocumentError;
use crate::document::format::FormatNewer;
use crate::files::FileError;
use crate::hint::Hint;
use crate::name::AccountName;
use crate::pin::Pin;
use crate::time::Timestamp;

/// Why a policy is not trusted. It is never a finding: without a policy there is no verdict.
#[derive(Debug, thiserror::Error)]
pub enum PolicyError {
    /// There is no pin.
    #[error("no root is pinned for the policy in `{}`", .0.display())]
    Unpinned(PathBuf),
    /// The first root is not the pinned one.
    #[error("`{}` is not the pinned root: found {found}, pinned {pinned}", path.display())]
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
    /// A root or a snapshot has expired.
    #[error("`{}` expired at {expires}", path.display())]
    Expired {
        /// The document.
        path: PathBuf,
        /// The role whose keys sign the next one.
        role: &'static str,
        /// When it expired.
        expires: Timestamp,
    },
    /// The policy is older than one that was seen before.
    #[error("the policy was rolled back: found {what} {found}, but {what} {seen} was seen before")]
    RolledBack {
        /// Which document.
        what: &'static str,
        /// The highest version seen.
        seen: u64,
        /// The version found.
        found: u64,
    },
    /// Two snapshots have the same version.
    #[error("a different snapshot with version {version} was seen before")]
    TwoSnapshots {
        /// The version.
        version: u64,
    },
    /// A snapshot's version is implausibly high.
    #[error("`{}` has the implausible version {version}", path.display())]
    FastForward {
        /// The snapshot.
        path: PathBuf,
        /// Its version.
        version: u64,
    },
    /// Documents differ from the sealed ones.
    #[error("the policy in `{}` has unsealed changes: {}", directory.display(), paths.join(", "))]
    Unsealed {
        /// The policy directory.
        directory: PathBuf,
        /// The documents.
        paths: Vec<String>,
    },
    /// Documents are the sealed ones, except that git converted their line endings.
    #[error(
        "the policy in `{}` has other line endings than the sealed one, CR LF for LF: {}",
        directory.display(),
        paths.join(", ")
    )]
    LineEndings {
        /// The policy directory.
        directory: PathBuf,
        /// The documents.
        paths: Vec<String>,
    },
    /// The ledger does not start with the sealed lines.
    #[error("`{}` lacks sealed lines", .0.display())]
    LedgerLost(PathBuf),
    /// A required document is not sealed.
    #[error("the sealed policy has no `{0}`")]
    Missing(&'static str),
    /// Something that the seal refers to is missing.
    #[error("sealed file `{}` is missing", .0.display())]
    ObjectMissing(PathBuf),
    /// The sealed index cannot be parsed.
    #[error("the sealed index {0} is malformed")]
    Index(Sha384),
    /// The copy of another account's policy is not trusted.
    #[error("cannot use the policy of account `{account}`: {source}")]
    Account {
        /// The account.
        account: AccountName,
        /// Why.
        source: Arc<PolicyError>,
    },
    /// The copy of another account's policy is not at the seal that ours names.
    #[error("`{}` has snapshot {found} of the account, but snapshot {known} is sealed here", directory.display())]
    AccountDiffers {
        /// Its folder.
        directory: PathBuf,
        /// The version that is sealed here.
        known: u64,
        /// The version in the folder.
        found: u64,
    },
    /// A document is newer than this program.
    #[error(transparent)]
    FormatNewer(FormatNewer),
    /// A sealed document is of a kind that only a newer program knows.
    #[error("sealed document `{0}` is of a kind that this program does not know")]
    KindUnknown(String),
    /// A document is malformed.
    #[error(transparent)]
    Document(DocumentError),
    /// A file cannot be read.
    #[error(transparent)]
    File(#[from] FileError),
}

impl Hint for PolicyError {
    fn hint(&self) -> Option<Cow<'static, str>> {
        let hint = match self {
            Self::FormatNewer(newer) => return newer.hint(),
            Self::Account { source, .. } if source.is_newer() => return source.hint(),
            Self::KindUnknown(_) => "update countersign to a version that knows this document",
            Self::Unpinned(_) => {
                "get the digest from the policy owner and run `countersign policy pin SHA384:…`"
            }
            Self::PinDiffers { .. } => "ask the policy owner which digest is correct, and do not pin another",
            Self::Threshold { .. } => {
                "restore the file from the policy's repository, or ask the missing key holders to sign it"
            }
            Self::Expired { role: "root", .. } => {
                "update the policy, or ask the root key holders to run `countersign policy rotate-root`"
            }
            Self::Expired { .. } => {
                "update the policy, or ask the policy key holders to run `countersign policy seal`"
            }
            Self::RolledBack { what: "snapshot", found, .. } | Self::TwoSnapshots { version: found } => {
                return Some(
                    format!(
                        "update the policy, for example with `git pull`; if the newer seal is lost, a policy key holder \
                         reviews the documents and runs `countersign policy seal --from-seal {found}`"
                    )
                    .into(),
                );
            }
            Self::RolledBack { .. } => {
                "update the policy, for example with `git pull`; if the policy owner restarted the numbers, ask for a new root"
            }
            Self::FastForward { .. } => {
                "rotate the root to new policy keys, which restarts versions: the current ones are being misused"
            }
            Self::Unsealed { .. } => {
                "review them with `countersign policy diff`, then run `countersign policy seal`, which also completes an interrupted command; to discard them, restore the files, for example with `git checkout`"
            }
            Self::LineEndings { directory, .. } => {
                let git = format!("git -C {}", directory.display());
                return Some(
                    format!(
                        "turn the conversion off and check the files out again: `{git} config core.autocrlf false`, `{git} \
                         rm -rq --cached .` and `{git} checkout HEAD -- .`; to prevent it in every clone, commit a \
                         `.gitattributes` with the line `* -text` in the policy directory"
                    )
                    .into(),
                );
            }
            Self::LedgerLost(_) => "restore the ledger from the policy's repository",
            Self::Missing(_) => {
                "add the document, and ask the policy key holders to run `countersign policy seal`"
            }
            Self::ObjectMissing(_) => {
                "restore `objects/` from the policy's repository; or restore every document as it was sealed, and ask the policy key holders to run `countersign policy seal` before any other change"
            }
            Self::Index(_) => {
                "ask the policy key holders to run `countersign policy seal`, which rebuilds the index"
            }
            Self::Account { .. } => {
                "update it with `countersign account update`, and ask the policy key holders to seal the change"
            }
            Self::AccountDiffers { .. } => {
                "restore the folder from the policy's repository, or update the account with `countersign account update`"
            }
            Self::Document(_) => "fix the document at the reported place",
            Self::File(_) => return None,
        };
        Some(hint.into())
    }
}

impl PolicyError {
    /// The same error, as an error of another account's policy.
    pub fn of_account(self, account: &AccountName) -> Self {
        match self {
            Self::Account { .. } => self,
            error => Self::Account { account: account.clone(), source: Arc::new(error) },
        }
    }

    /// Whether a document of it is newer than this program, ours or another account's.
    pub fn is_newer(&self) -> bool {
        match self {
            Self::FormatNewer(_) | Self::KindUnknown(_) => true,
            Self::Account { source, .. } => source.is_newer(),
            _ => false,
        }
    }
}

impl From<DocumentError> for PolicyError {
    fn from(error: DocumentError) -> Self {
        match error.newer() {
            Some(newer) => Self::FormatNewer(newer.clone()),
            None => Self::Document(error),
        }
    }
}
