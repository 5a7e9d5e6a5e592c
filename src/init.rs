//! A new account: its root, its first profile and CSC, sealed, whole or not at all.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::arn::PublisherArn;
use crate::crypto::key::PublicKey;
use crate::crypto::secret::SecretKey;
use crate::csc::{Csc, Untrusted};
use crate::files::{self, Access, FileError, writing};
use crate::function::{Functions, Pattern};
use crate::name::{AccountName, CscId, Principal, ProfileName, ProfileVersion, StatementId};
use crate::policy::error::PolicyError;
use crate::policy::pin::Pin;
use crate::policy::root::{self, RoleFile, RootFile};
use crate::policy::seal::{self, SealError};
use crate::profile::{Action, Permission, Profile, Status, Version};
use crate::revocation::Revocations;
use crate::time::{Period, Timestamp};

/// How long a first root counts.
pub const ROOT_VALIDITY: Period = Period::years(5);

/// What a new account is made of.
#[derive(Debug)]
pub struct Plan<'a> {
    /// The account's name.
    pub account: AccountName,
    /// Where its policy directory goes; nothing may be there.
    pub directory: &'a Path,
    /// The first profile.
    pub profile: ProfileName,
    /// Who may sign with it.
    pub principal: Principal,
    /// The key they sign with.
    pub signing: &'a PublicKey,
    /// How long its signatures last.
    pub validity: Period,
    /// Which functions the first CSC governs.
    pub functions: Pattern,
    /// The key of the root role.
    pub root: &'a SecretKey,
    /// The key of the policy role.
    pub policy: &'a SecretKey,
    /// How long the first seal counts.
    pub seal_validity: Period,
    /// When.
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

/// Why an account was not made.
#[derive(Debug, thiserror::Error)]
pub enum InitError {
    /// Something is there already.
    #[error("`{}` is there already", .0.display())]
    Taken(PathBuf),
    /// A file could not be written.
    #[error(transparent)]
    File(#[from] FileError),
    /// The documents could not be sealed.
    #[error(transparent)]
    Seal(#[from] SealError),
    /// The new policy does not hold.
    #[error(transparent)]
    Policy(#[from] PolicyError),
}

/// Makes the account's documents in a folder beside the place, and moves that there when it is whole.
pub fn establish(plan: &Plan<'_>) -> Result<Established, InitError> {
    let taken = std::fs::read_dir(plan.directory).is_ok_and(|mut entries| entries.next().is_some());
    if taken {
        return Err(InitError::Taken(plan.directory.into()));
    }
    let parent =
        plan.directory.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    std::fs::create_dir_all(parent).map_err(writing(parent))?;
    let draft =
        tempfile::Builder::new().prefix(".countersign-").tempdir_in(parent).map_err(writing(parent))?;
    let established = write_documents(plan, draft.path())?;
    open_to_all(draft.path())?;
    std::fs::rename(draft.path(), plan.directory).map_err(writing(plan.directory))?;
    Ok(established)
}

fn write_documents(plan: &Plan<'_>, directory: &Path) -> Result<Established, InitError> {
    let put = |path: &Path, bytes: &[u8]| files::write(path, bytes, Access::Public);
    let root = root_document(plan);
    put(&root::path(directory, 1), &root)?;
    let profile = profile(plan);
    put(&directory.join(format!("profiles/{}.toml", plan.profile)), profile.to_toml().as_bytes())?;
    let publisher = PublisherArn::every_version(plan.account.clone(), plan.profile.clone());
    let csc = Csc::new(CscId::random(), "the first code signing config", vec![publisher], Untrusted::Enforce);
    put(&directory.join(format!("csc/{}.toml", csc.id())), csc.to_toml().as_bytes())?;
    let functions = Functions::new(plan.functions.clone(), csc.id().clone());
    put(&directory.join("functions.toml"), functions.to_toml().as_bytes())?;
    put(&directory.join("revocations.toml"), Revocations::none().to_toml().as_bytes())?;
    let pin = Pin::of(&root);
    let root = root::walk(directory, &pin, plan.now)?;
    seal::seal(directory, &root, 0, &[plan.policy], plan.now, plan.now.plus(plan.seal_validity))?;
    Ok(Established { pin, csc: csc.id().clone() })
}

/// Root 1: one key each for the root and the policy role.
fn root_document(plan: &Plan<'_>) -> Vec<u8> {
    let role = |key: &SecretKey| RoleFile { keys: vec![key.public().id()], threshold: 1 };
    let file = RootFile {
        account: plan.account.clone(),
        version: 1,
        created: plan.now,
        expires: plan.now.plus(ROOT_VALIDITY),
        keys: vec![plan.root.public(), plan.policy.public()],
        root: role(plan.root),
        policy: role(plan.policy),
    };
    root::sign(&file, &[plan.root])
}

fn profile(plan: &Plan<'_>) -> Profile {
    let version = Version {
        version: ProfileVersion::random(),
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

/// A temporary folder is its owner's alone; a policy directory is for everybody to read.
fn open_to_all(folder: &Path) -> Result<(), FileError> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o755)).map_err(writing(folder))?;
    }
    Ok(())
}
