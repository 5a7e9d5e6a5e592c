//! A new account: creates its root, its first profile and CSC, and the seal, all or none.

pub mod restart;
pub mod role;

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use self::role::RolePlan;
use crate::arn::PublisherArn;
use crate::crypto::key::PublicKey;
use crate::csc::{Csc, Untrusted};
use crate::document::format::Format;
use crate::files::{self, Access, FileError, writing};
use crate::function::{Functions, Pattern};
use crate::hint::Hint;
use crate::name::{AccountName, CscId, Principal, ProfileName, StatementId};
use crate::pin::Pin;
use crate::policy::documents::{FUNCTIONS, Kind, REVOCATIONS};
use crate::policy::error::PolicyError;
use crate::policy::root::{self, RootFile};
use crate::policy::seal::{SealError, Sealing};
use crate::policy::signing;
use crate::profile::{Action, Permission, Profile, Status, Version};
use crate::revocation::Revocations;
use crate::time::{Period, Timestamp};

/// How long a first root is valid.
pub const ROOT_VALIDITY: Period = Period::years(5);

/// What git must not do with a policy's files: convert their line endings, since the seal covers the bytes.
///
/// The file itself is not sealed. It can only change what git checks out, and that is compared with the seal.
const GIT_ATTRIBUTES: &[u8] = b"* -text\n";

/// The settings of a new account.
#[derive(Debug)]
pub struct Plan<'a> {
    /// The account's name.
    pub account: AccountName,
    /// Its policy directory, which must not exist.
    pub directory: &'a Path,
    /// The first profile.
    pub profile: ProfileName,
    /// The principal who can sign with it.
    pub principal: Principal,
    /// The principal's key.
    pub signing: &'a PublicKey,
    /// How long its signatures are valid.
    pub validity: Period,
    /// The functions that the first CSC governs.
    pub functions: Pattern,
    /// The root role; its secret keys sign root 1.
    pub root: RolePlan<'a>,
    /// The policy role; its secret keys sign the first seal.
    pub policy: RolePlan<'a>,
    /// How long the first seal is valid.
    pub seal_validity: Period,
    /// The current time.
    pub now: Timestamp,
}

/// A new account.
#[derive(Debug)]
pub struct Established {
    /// The pin of its root.
    pub pin: Pin,
    /// Its first CSC, which enforces.
    pub csc: CscId,
}

/// Why an account cannot be created.
#[derive(Debug, thiserror::Error)]
pub enum InitError {
    /// A file exists already.
    #[error("`{}` already exists", .0.display())]
    Taken(PathBuf),
    /// A file cannot be written.
    #[error(transparent)]
    File(#[from] FileError),
    /// The documents cannot be sealed.
    #[error(transparent)]
    Seal(#[from] SealError),
    /// The new policy is not trusted.
    #[error(transparent)]
    Policy(#[from] PolicyError),
}

impl Hint for InitError {
    fn hint(&self) -> Option<Cow<'static, str>> {
        match self {
            Self::Taken(_) => Some("name another folder with `--policy`, or move that one".into()),
            Self::File(error) => error.hint(),
            Self::Seal(error) => error.hint(),
            Self::Policy(error) => error.hint(),
        }
    }
}

/// Creates the account's documents in a temporary folder, and renames it when it is complete.
pub fn establish(plan: &Plan<'_>) -> Result<Established, InitError> {
    in_place(plan.directory, |draft| write_documents(plan, draft))
}

/// Creates a directory in a temporary folder next to its path, and renames it when it is complete.
fn in_place<T>(directory: &Path, make: impl FnOnce(&Path) -> Result<T, InitError>) -> Result<T, InitError> {
    let taken = std::fs::read_dir(directory).is_ok_and(|mut entries| entries.next().is_some());
    if taken {
        return Err(InitError::Taken(directory.into()));
    }
    let parent = directory.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    std::fs::create_dir_all(parent).map_err(writing(parent))?;
    let draft =
        tempfile::Builder::new().prefix(".countersign-").tempdir_in(parent).map_err(writing(parent))?;
    let made = make(draft.path())?;
    files::write(&draft.path().join(".gitattributes"), GIT_ATTRIBUTES, Access::Public)?;
    open_to_all(draft.path())?;
    std::fs::rename(draft.path(), directory).map_err(writing(directory))?;
    Ok(made)
}

fn write_documents(plan: &Plan<'_>, directory: &Path) -> Result<Established, InitError> {
    let put = |path: &Path, bytes: &[u8]| files::write(path, bytes, Access::Public);
    let root = root_document(&plan.account, &plan.root, &plan.policy, plan.now);
    put(&root::path(directory, 1), &root)?;
    let profile = profile(plan);
    put(&directory.join(Kind::path_of(&plan.profile)), profile.to_toml().as_bytes())?;
    let publisher = PublisherArn::every_version(plan.account.clone(), plan.profile.clone());
    let csc =
        Csc::new(crate::random::csc(), "first code signing config", publisher.into(), Untrusted::Enforce);
    put(&directory.join(Kind::path_of(csc.id())), csc.to_toml().as_bytes())?;
    let functions = Functions::new(plan.functions.clone(), csc.id().clone());
    put(&directory.join(FUNCTIONS), functions.to_toml().as_bytes())?;
    put(&directory.join(REVOCATIONS), Revocations::none().to_toml().as_bytes())?;
    let pin = Pin::of(&root);
    let root = root::walk(directory, &pin)?;
    let expires = plan.now.plus(plan.seal_validity);
    Sealing::first(directory, &root).seal(plan.policy.signers(), plan.now, expires)?;
    Ok(Established { pin, csc: csc.id().clone() })
}

/// Root 1. A key can have both roles; the document has it once.
fn root_document(
    account: &AccountName,
    root: &RolePlan<'_>,
    policy: &RolePlan<'_>,
    now: Timestamp,
) -> Vec<u8> {
    let mut keys = root.keys().to_vec();
    keys.extend(policy.keys().iter().filter(|key| !root.keys().contains(key)).cloned());
    let file = RootFile {
        format: Format::default(),
        account: account.clone(),
        version: 1,
        created: now,
        expires: now.plus(ROOT_VALIDITY),
        keys,
        root: root.to_file(),
        policy: policy.to_file(),
    };
    signing::root(&file, root.signers())
}

fn profile(plan: &Plan<'_>) -> Profile {
    let version = Version {
        version: crate::random::profile_version(),
        status: Status::Active,
        created: plan.now,
        validity: plan.validity,
    };
    let statement: StatementId = "first".parse().expect("`first` is a statement id");
    let permission = Permission {
        statement_id: statement,
        principal: plan.principal.clone(),
        actions: BTreeSet::from([Action::StartSigningJob, Action::RevokeSignature]),
        key: plan.signing.clone(),
        not_before: plan.now,
        not_after: None,
    };
    Profile::new(plan.profile.clone(), version, vec![permission])
}

/// A temporary folder is readable only by its owner; a policy directory must be readable by everyone.
fn open_to_all(folder: &Path) -> Result<(), FileError> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o755)).map_err(writing(folder))?;
    }
    Ok(())
}
