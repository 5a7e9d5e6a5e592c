//! The context: folder, repository, workspace, clock and places, read once for a command.

use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use anyhow::{Context as _, Result};
use clap::Args;
use countersign::crypto::secret::{self, Passphrase, SecretKey};
use countersign::digest::Sha256;
use countersign::files;
use countersign::git::Repository;
use countersign::limits::{DOCUMENT_BYTES_MAX, KEY_BYTES_MAX};
use countersign::name::AccountName;
use countersign::package::write::EntryTime;
use countersign::parallel::Threads;
use countersign::policy::pin::Pin;
use countersign::policy::store::{Location, Policy};
use countersign::provenance::Builder;
use countersign::time::Timestamp;
use countersign::workspace::{self, Workspace};
use zeroize::Zeroizing;

use crate::output::{is_interactive, note, refuse};

/// Options that every command has.
#[derive(Debug, Args)]
pub struct GlobalArgs {
    /// Work as if started in this folder
    #[arg(short = 'C', long, value_name = "DIR", global = true, display_order = 100)]
    directory: Option<PathBuf>,
    /// How many threads work; one a core if not given. No result depends on it
    #[arg(long, value_name = "COUNT", global = true, display_order = 101)]
    threads: Option<NonZero<usize>>,
}

impl GlobalArgs {
    /// Goes to the folder that `-C` names, so that every other path counts from there.
    pub fn enter(&self) -> Result<()> {
        let Some(folder) = &self.directory else { return Ok(()) };
        std::env::set_current_dir(folder).with_context(|| format!("cannot enter `{}`", folder.display()))
    }
}

/// Where the policy is, and which root it starts from.
#[derive(Debug, Args)]
pub struct TrustArgs {
    /// The policy directory; otherwise `git config countersign.policy`, or the workspace's
    #[arg(long, value_name = "DIR", env = "COUNTERSIGN_POLICY")]
    pub policy: Option<PathBuf>,
    /// The pin of the policy's first root, `SHA384:…`; otherwise what `policy pin` remembered
    #[arg(long, value_name = "PIN", env = "COUNTERSIGN_ROOT")]
    pub root: Option<Pin>,
}

/// Which key signs.
#[derive(Debug, Args)]
pub struct KeyArgs {
    /// The signing key: a PKCS#8 PEM file, or `env:NAME` for a variable that holds one; otherwise
    /// `git config countersign.key`, or the account's own
    #[arg(long, value_name = "KEY", env = "COUNTERSIGN_KEY")]
    pub key: Option<String>,
    #[command(flatten)]
    pub passphrase: PassphraseArgs,
}

/// Where the passphrase comes from.
#[derive(Debug, Default, Args)]
pub struct PassphraseArgs {
    /// A file whose first line is the passphrase; otherwise COUNTERSIGN_PASSPHRASE, or a prompt
    #[arg(long, value_name = "FILE")]
    passphrase_file: Option<PathBuf>,
}

/// What a command works in.
pub struct Context {
    /// The folder of the workspace.
    pub folder: PathBuf,
    /// The repository that it belongs to, if it does.
    pub repository: Option<Repository>,
    /// What there is to package.
    pub workspace: Workspace,
    /// The clock, read once.
    pub now: Timestamp,
    /// How many threads work.
    pub threads: Threads,
}

impl Context {
    /// Reads the folder, the repository, `countersign.toml` and the clock.
    pub fn read(global: &GlobalArgs) -> Result<Self> {
        let start = Path::new(".").canonicalize().context("cannot tell which folder this is")?;
        let repository = Repository::find(&start)?;
        let workspace = find_workspace(&start, repository.as_ref())?;
        Ok(Self {
            folder: workspace.folder.clone(),
            repository,
            workspace,
            now: Timestamp::from_clock(SystemTime::now()),
            threads: global.threads.map_or_else(Threads::per_core, Threads::exactly),
        })
    }

    /// A path as it is shown: relative to where the command was started, if it lies below.
    pub fn shown(&self, path: &Path) -> String {
        let here = std::env::current_dir().ok();
        let relative = here.and_then(|here| path.strip_prefix(here).ok().map(Path::to_path_buf));
        relative.as_deref().unwrap_or(path).display().to_string()
    }

    fn setting(&self, name: &str) -> Option<String> {
        self.repository.as_ref()?.setting(name)
    }

    /// Where a local account's policy is kept: in the git directory, or outside git in the state folder.
    pub fn local_policy(&self) -> Result<PathBuf> {
        Ok(match &self.repository {
            Some(repository) => repository.common_dir().join("countersign").join("policy"),
            None => state_folder()?.join("local").join("policy"),
        })
    }

    /// The policy directory that options or settings name, if any does.
    pub fn named_policy(&self, trust: &TrustArgs) -> Option<PathBuf> {
        trust.policy.clone().or_else(|| self.policy_setting()).or_else(|| self.workspace.policy.clone())
    }

    /// The setting `countersign.policy`, relative to the repository's top.
    fn policy_setting(&self) -> Option<PathBuf> {
        let repository = self.repository.as_ref()?;
        Some(repository.top().join(repository.setting("countersign.policy")?))
    }

    /// The pin of a policy directory, kept outside every tree that is judged by it.
    ///
    /// In a repository it is a setting; outside git it is a file of the user's, one for each directory.
    pub fn pin(&self, trust: &TrustArgs, directory: &Path) -> Result<Option<Pin>> {
        if trust.root.is_some() {
            return Ok(trust.root);
        }
        if self.repository.is_some() {
            let setting = self.setting("countersign.root");
            return setting.map(|text| text.parse()).transpose().context("in `git config countersign.root`");
        }
        let path = pin_file(directory)?;
        let Some(bytes) = files::read_if_there(&path, KEY_BYTES_MAX)? else { return Ok(None) };
        String::from_utf8_lossy(&bytes).parse().map(Some).with_context(|| format!("in `{}`", path.display()))
    }

    /// Where the policy is and what it must agree with.
    pub fn location(&self, trust: &TrustArgs) -> Result<Location> {
        let directory = match self.named_policy(trust) {
            Some(directory) => directory,
            None => self.local_policy()?,
        };
        if !directory.join("roots").is_dir() {
            return Err(refuse(
                format!("there is no policy in `{}`", self.shown(&directory)),
                "name the policy directory with `--policy`, or make an account with `countersign init`",
            ));
        }
        self.located(directory, trust)
    }

    /// The location of a policy in this directory.
    pub fn located(&self, directory: PathBuf, trust: &TrustArgs) -> Result<Location> {
        let pin = self.pin(trust, &directory)?;
        let state = pin.and_then(|pin| {
            let name = format!("state-{}.json", pin.short());
            let folder = match &self.repository {
                Some(repository) => Some(repository.common_dir().join("countersign")),
                None => state_folder().ok(),
            };
            folder.map(|folder| folder.join(name))
        });
        if pin.is_some() && state.is_none() {
            note(
                "there is no folder to remember the policy in: one older than this could not be told next time",
            );
        }
        Ok(Location { directory, pin, state })
    }

    /// Opens the policy, and says its notes.
    pub fn policy(&self, location: &Location) -> Result<Policy> {
        let policy = Policy::open(location, self.now)?;
        policy.notes().iter().for_each(|text| note(text));
        if let Some(expected) = self.workspace.account.as_ref().filter(|account| *account != policy.account())
        {
            return Err(refuse(
                format!(
                    "the policy in `{}` is account `{}`'s, and `{}` names `{expected}`",
                    self.shown(policy.directory()),
                    policy.account(),
                    workspace::FILE_NAME
                ),
                "name the right policy directory with `--policy`, or mend the account's name",
            ));
        }
        Ok(policy)
    }

    /// Remembers a directory's pin: in the repository's configuration, or outside git in the user's folder.
    pub fn remember_pin(&self, pin: &Pin, directory: &Path) -> Result<String> {
        if let Some(repository) = &self.repository {
            repository.set("countersign.root", &pin.to_string())?;
            return Ok("git config countersign.root".into());
        }
        let path = pin_file(directory)?;
        files::write(&path, format!("{pin}\n").as_bytes(), files::Access::Public)?;
        Ok(path.display().to_string())
    }

    /// The signing key that options or settings name, or the account's own.
    pub fn signing_key(&self, args: &KeyArgs, account: &AccountName) -> Result<SecretKey> {
        let named = args.key.clone().or_else(|| self.setting("countersign.key"));
        match named {
            Some(named) => load_key(&named, &args.passphrase),
            None => load_key_file(&key_folder(account)?.join("signing.pem"), &args.passphrase),
        }
    }
}

/// The nearest `countersign.toml`, from the folder up to the repository's top.
fn find_workspace(start: &Path, repository: Option<&Repository>) -> Result<Workspace> {
    let top = repository.map_or(start, Repository::top);
    for folder in start.ancestors().take_while(|folder| folder.starts_with(top)) {
        let path = folder.join(workspace::FILE_NAME);
        if let Some(bytes) = files::read_if_there(&path, DOCUMENT_BYTES_MAX)? {
            return Ok(Workspace::parse(folder, &bytes)?);
        }
    }
    Ok(Workspace::implicit(top))
}

/// Loads the key that a text names: `env:NAME` or a file.
pub fn load_key(named: &str, passphrase: &PassphraseArgs) -> Result<SecretKey> {
    if let Some(name) = named.strip_prefix("env:") {
        let pem = std::env::var(name).map(Zeroizing::new);
        let pem = pem.map_err(|_| {
            refuse(format!("the variable `{name}` does not hold a key"), "set it to the key's PEM")
        })?;
        return open_key(&pem, &format!("the key in `{name}`"), passphrase);
    }
    if let Some((scheme, _)) =
        named.split_once(':').filter(|(scheme, _)| matches!(*scheme, "awskms" | "pkcs11"))
    {
        return Err(refuse(
            format!("this build has no support for `{scheme}:` keys"),
            "name a PEM file or `env:NAME`",
        ));
    }
    load_key_file(Path::new(named), passphrase)
}

/// Loads a key from a file.
pub fn load_key_file(path: &Path, passphrase: &PassphraseArgs) -> Result<SecretKey> {
    let bytes = match files::read_if_there(path, KEY_BYTES_MAX)? {
        Some(bytes) => Zeroizing::new(bytes),
        None => {
            let hint = "name the key with `--key` or COUNTERSIGN_KEY";
            return Err(refuse(format!("there is no key in `{}`", path.display()), hint));
        }
    };
    let pem = std::str::from_utf8(&bytes).with_context(|| format!("`{}` is not PEM", path.display()))?;
    open_key(pem, &format!("`{}`", path.display()), passphrase)
}

fn open_key(pem: &str, what: &str, args: &PassphraseArgs) -> Result<SecretKey> {
    let passphrase = if secret::is_encrypted(pem) { args.for_opening(what)? } else { None };
    SecretKey::from_pem(pem, passphrase.as_ref()).with_context(|| format!("cannot use {what}"))
}

impl PassphraseArgs {
    /// A passphrase from the file, the variable or a prompt; nothing if there is none to be had.
    fn for_opening(&self, what: &str) -> Result<Option<Passphrase>> {
        if let Some(given) = self.given()? {
            return Ok(Some(given));
        }
        if !is_interactive() {
            return Ok(None);
        }
        Ok(Some(Passphrase::new(rpassword::prompt_password(format!("passphrase for {what}: "))?)))
    }

    /// A passphrase for new keys: given, or asked for twice.
    pub fn for_new_keys(&self) -> Result<Passphrase> {
        if let Some(given) = self.given()? {
            return Ok(given);
        }
        if !is_interactive() {
            return Err(refuse(
                "new keys need a passphrase",
                "set COUNTERSIGN_PASSPHRASE, name a file with `--passphrase-file`, or say `--plaintext-keys`",
            ));
        }
        let first = Passphrase::new(rpassword::prompt_password("new passphrase: ")?);
        let again = Passphrase::new(rpassword::prompt_password("again: ")?);
        if first != again || first.is_empty() {
            return Err(refuse("the two passphrases differ, or are empty", "try again"));
        }
        Ok(first)
    }

    fn given(&self) -> Result<Option<Passphrase>> {
        if let Some(path) = &self.passphrase_file {
            let bytes = Zeroizing::new(files::read(path, KEY_BYTES_MAX)?);
            let text = std::str::from_utf8(&bytes).context("the passphrase file is not text")?;
            return Ok(Some(Passphrase::new(text.lines().next().unwrap_or_default().into())));
        }
        let given = std::env::var("COUNTERSIGN_PASSPHRASE").ok().filter(|text| !text.is_empty());
        Ok(given.map(Passphrase::new))
    }
}

/// The folder of an account's keys.
pub fn key_folder(account: &AccountName) -> Result<PathBuf> {
    Ok(config_folder()?.join("keys").join(account.as_str()))
}

/// The user's pin of a policy directory outside git, named after a digest of the directory's path.
fn pin_file(directory: &Path) -> Result<PathBuf> {
    let directory = directory.canonicalize().or_else(|_| std::path::absolute(directory))?;
    let digest = Sha256::of(directory.as_os_str().as_encoded_bytes()).to_string();
    Ok(config_folder()?.join("pins").join(&digest[..32]))
}

fn config_folder() -> Result<PathBuf> {
    user_folder("XDG_CONFIG_HOME", "APPDATA", ".config")
}

fn state_folder() -> Result<PathBuf> {
    user_folder("XDG_STATE_HOME", "LOCALAPPDATA", ".local/state")
}

/// A folder of the user's: by the XDG Base Directory rules, or Windows's own variables.
fn user_folder(xdg: &str, windows: &str, below_home: &str) -> Result<PathBuf> {
    let absolute = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let base = absolute(xdg)
        .or_else(|| absolute(windows).filter(|_| cfg!(windows)))
        .or_else(|| absolute("HOME").map(|home| home.join(below_home)));
    let base = base.ok_or_else(|| {
        refuse("there is no HOME to keep keys and settings in", format!("set HOME or {xdg}"))
    })?;
    Ok(base.join("countersign"))
}

/// The modification time of entries: `SOURCE_DATE_EPOCH`, or the fixed one.
pub fn entry_time() -> Result<EntryTime> {
    let Some(text) = std::env::var("SOURCE_DATE_EPOCH").ok().filter(|text| !text.is_empty()) else {
        return Ok(EntryTime::FIXED);
    };
    let time = text.parse().ok().and_then(Timestamp::from_unix).and_then(EntryTime::from_timestamp);
    time.ok_or_else(|| {
        refuse(
            format!("SOURCE_DATE_EPOCH is `{text}`"),
            "set it to seconds since 1970 of a time from 1980 to 2107, or unset it",
        )
    })
}

/// The CI run that this is, as far as the CI system says.
pub fn builder() -> Option<Builder> {
    let get = |name: &str| std::env::var(name).ok().filter(|text| !text.is_empty());
    if get("GITHUB_ACTIONS").is_some() {
        let run = format!(
            "{}/{}/actions/runs/{}",
            get("GITHUB_SERVER_URL")?,
            get("GITHUB_REPOSITORY")?,
            get("GITHUB_RUN_ID")?
        );
        return Some(Builder { name: "github-actions".into(), run });
    }
    let by = |name: &str, flag: &str, run: &str| {
        get(flag).and(get(run)).map(|run| Builder { name: name.into(), run })
    };
    by("gitlab-ci", "GITLAB_CI", "CI_JOB_URL").or_else(|| by("jenkins", "JENKINS_URL", "BUILD_URL"))
}
