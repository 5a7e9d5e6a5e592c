//! The context: folder, repository, workspace, clock and paths, read once for a command.

use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use anyhow::{Context as _, Result};
use clap::Args;
use countersign::files::{self, inside};
use countersign::git::Repository;
use countersign::git::source::Source;
use countersign::hook::update::Side;
use countersign::limits::{DOCUMENT_BYTES_MAX, KEY_BYTES_MAX};
use countersign::metrics::journal;
use countersign::name::{AccountName, HostLabel};
use countersign::package::write::EntryTime;
use countersign::parallel::Threads;
use countersign::pin::Pin;
use countersign::policy::memory;
use countersign::policy::root;
use countersign::policy::store::{Location, Policy};
use countersign::provenance::Builder;
use countersign::report::text::Detail;
use countersign::time::Timestamp;
use countersign::workspace::{self, Workspace};

use crate::color::{self, Color};
use crate::keys::withhold_named;
use crate::output::{note, note_always, refuse};
use crate::places::{fetched_folder, fetched_policy, pin_file, state_folder};
use crate::toml_hint;

/// The setting for the source of the policy, which `countersign join` writes.
pub const TRUST_SETTING: &str = "countersign.trust";

/// Options that every command has.
#[derive(Debug, Default, Args)]
pub struct GlobalArgs {
    /// Run as if started in DIR
    #[arg(short = 'C', long, value_name = "DIR", global = true, display_order = 100)]
    directory: Option<PathBuf>,
    /// Number of threads [default: one per core]
    #[arg(long, value_name = "COUNT", global = true, display_order = 101)]
    threads: Option<NonZero<usize>>,
    /// Color output: auto, always or never
    #[arg(
        long,
        value_name = "WHEN",
        value_enum,
        ignore_case = true,
        hide_possible_values = true,
        default_value = "auto",
        global = true,
        display_order = 102
    )]
    color: Color,
    /// Do not print what is allowed, or progress
    #[arg(short, long, global = true, conflicts_with = "verbose", display_order = 103)]
    quiet: bool,
    /// Print the details of each allowed artifact
    #[arg(short, long, global = true, display_order = 104)]
    verbose: bool,
}

impl GlobalArgs {
    /// Enters the folder that `-C` names, which every other path is relative to, and sets up the output.
    pub fn enter(&self) -> Result<()> {
        self.color.apply();
        color::set_detail(match (self.quiet, self.verbose) {
            (true, _) => Detail::Quiet,
            (false, true) => Detail::Verbose,
            (false, false) => Detail::Normal,
        });
        let Some(folder) = &self.directory else { return Ok(()) };
        std::env::set_current_dir(folder)
            .with_context(|| format!("cannot change to `{}`, from `-C`", folder.display()))
    }
}

/// Where the policy is, and which root it starts from.
#[derive(Debug, Args)]
pub struct TrustArgs {
    /// Policy directory [default: `git config countersign.policy`, then `policy` in countersign.toml]
    #[arg(long, value_name = "DIR", env = "COUNTERSIGN_POLICY", hide_env_values = true)]
    pub policy: Option<PathBuf>,
    /// Pin of the policy's first root, `SHA384:…` [default: the one that `policy pin` stored]
    #[arg(long, value_name = "PIN", env = "COUNTERSIGN_ROOT", hide_env_values = true)]
    pub root: Option<Pin>,
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
        let start = Path::new(".").canonicalize().context("cannot determine the current folder")?;
        let repository = Repository::find(&start)?;
        let workspace = find_workspace(&start, repository.as_ref())?;
        Ok(Self::of(workspace, repository, global))
    }

    /// Like [`Self::read`], but works outside a repository that cannot be read if options name all that would be
    /// read from it: the policy and its pin.
    pub fn read_with(global: &GlobalArgs, trust: &TrustArgs) -> Result<Self> {
        let start = Path::new(".").canonicalize().context("cannot determine the current folder")?;
        match Repository::find(&start) {
            Err(error) if trust.policy.is_some() && trust.root.is_some() => {
                note_always(&format!(
                    "{error}; verifying without it, and without the policy version that it remembers"
                ));
                Ok(Self::of(find_workspace(&start, None)?, None, global))
            }
            _ => Self::read(global),
        }
    }

    /// What a hook works in: the repository that git's variables name, or the one here.
    ///
    /// On a server, files of the repository have no effect: only its settings name the policy.
    pub fn of_hook(global: &GlobalArgs, side: Side) -> Result<Self> {
        let start = Path::new(".").canonicalize().context("cannot determine the current folder")?;
        let repository = match std::env::var_os("GIT_DIR") {
            Some(_) => Some(Repository::from_variables()?),
            None => Repository::find(&start)?,
        };
        let top = repository.as_ref().map_or(start.as_path(), Repository::top);
        let workspace = match side {
            Side::Pusher => find_workspace(top, repository.as_ref())?,
            Side::Receiver => Workspace::implicit(top),
        };
        Ok(Self::of(workspace, repository, global))
    }

    fn of(workspace: Workspace, repository: Option<Repository>, global: &GlobalArgs) -> Self {
        // One that is refused is refused where it is used.
        let key = repository.as_ref().and_then(|repository| repository.setting("countersign.key").ok()?);
        withhold_named(key.as_deref());
        Self {
            folder: workspace.folder.clone(),
            repository,
            workspace,
            now: Timestamp::from_clock(SystemTime::now()),
            threads: global.threads.map_or_else(Threads::per_core, Threads::exactly),
        }
    }

    /// The repository, for what makes no sense outside of one.
    pub fn in_repository(&self) -> Result<&Repository> {
        let absent = || {
            let folder = self.shown(&self.folder);
            refuse(
                format!("`{folder}` is not in a git repository"),
                "run the command in a git repository, or pass one with `-C DIR`",
            )
        };
        self.repository.as_ref().ok_or_else(absent)
    }

    /// As [`shown`].
    pub fn shown(&self, path: &Path) -> String {
        shown(path)
    }

    /// Refuses to write into a folder of the work tree from which a link of the repository leads out.
    pub fn check_output(&self, folder: &Path) -> Result<()> {
        let top = self.repository.as_ref().map_or(self.folder.as_path(), Repository::top);
        Ok(inside::check(top, folder)?)
    }

    /// As [`Self::check_output`], for the folder that a file is written into.
    pub fn check_output_file(&self, file: &Path) -> Result<()> {
        self.check_output(file.parent().unwrap_or(Path::new("")))
    }

    /// A setting of the repository, if there is one.
    pub fn setting(&self, name: &str) -> Result<Option<String>> {
        let Some(repository) = &self.repository else { return Ok(None) };
        Ok(repository.setting(name)?)
    }

    /// Where a local account's policy is kept: in the git directory, or outside git in the state folder.
    pub fn local_policy(&self) -> Result<PathBuf> {
        Ok(match &self.repository {
            Some(repository) => repository.common_dir().join("countersign").join("policy"),
            None => state_folder()?.join("local").join("policy"),
        })
    }

    /// Where verdicts are counted on this machine; nothing if that was switched off.
    ///
    /// `COUNTERSIGN_JOURNAL`, else the setting `countersign.journal`: a file, or `off`; the setting's is
    /// relative to the repository's top. Else a file in the git directory that all work trees share, or outside git in the state folder.
    pub fn journal(&self) -> Result<Option<PathBuf>> {
        let variable = std::env::var_os("COUNTERSIGN_JOURNAL").filter(|text| !text.is_empty());
        if let Some(named) = variable {
            return Ok(Some(named).filter(|named| named != "off").map(PathBuf::from));
        }
        let Some(repository) = &self.repository else {
            return Ok(Some(state_folder()?.join(journal::FILE_NAME)));
        };
        Ok(match repository.setting("countersign.journal")? {
            Some(named) if named == "off" => None,
            Some(named) => Some(repository.top().join(named)),
            None => Some(repository.common_dir().join("countersign").join(journal::FILE_NAME)),
        })
    }

    /// What this machine calls itself in its journal, if it was given a name: none is taken without asking.
    pub fn host(&self) -> Result<Option<HostLabel>> {
        let variable = std::env::var("COUNTERSIGN_HOST").ok().filter(|text| !text.is_empty());
        let named = match variable {
            Some(named) => Some(named),
            None => self.setting("countersign.host")?,
        };
        named.map(|text| text.parse()).transpose().context("in COUNTERSIGN_HOST or `countersign.host`")
    }

    /// The local account's policy; in a policy's own repository, where there is none, that policy.
    ///
    /// In both cases it must match the pin.
    fn own_policy(&self) -> Result<PathBuf> {
        let local = self.local_policy()?;
        let here = root::path(&self.folder, 1).is_file();
        Ok(if here && !local.exists() { self.folder.clone() } else { local })
    }

    /// The policy directory that options or settings name, if any does; one of a source is [`Self::policy_source`]'s.
    pub fn named_policy(&self, trust: &TrustArgs) -> Result<Option<PathBuf>> {
        if trust.policy.is_some() {
            return Ok(trust.policy.clone());
        }
        let setting = self.policy_setting()?;
        if setting.is_some() || self.setting(TRUST_SETTING)?.is_some() {
            return Ok(setting);
        }
        Ok(self.workspace.policy.clone())
    }

    /// The source of the fetched policy: the one that `join` remembered, then the workspace's.
    pub fn policy_source(&self) -> Result<Option<Source>> {
        match self.setting(TRUST_SETTING)? {
            Some(text) => Ok(Some(text.parse().with_context(|| format!("in `git config {TRUST_SETTING}`"))?)),
            None => Ok(self.workspace.trust.clone()),
        }
    }

    /// The setting `countersign.policy`, relative to the repository's top.
    fn policy_setting(&self) -> Result<Option<PathBuf>> {
        let Some(repository) = &self.repository else { return Ok(None) };
        Ok(repository.setting("countersign.policy")?.map(|named| repository.top().join(named)))
    }

    /// The pin of a policy directory, kept outside every tree that is judged by it.
    ///
    /// In a repository it is a setting; outside git it is a file of the user's, one for each directory.
    pub fn pin(&self, trust: &TrustArgs, directory: &Path) -> Result<Option<Pin>> {
        if trust.root.is_some() {
            return Ok(trust.root);
        }
        if self.repository.is_some() {
            let setting = self.setting("countersign.root")?;
            return setting.map(|text| text.parse()).transpose().context("in `git config countersign.root`");
        }
        let path = pin_file(directory)?;
        let Some(bytes) = files::read_if_exists(&path, KEY_BYTES_MAX)? else { return Ok(None) };
        String::from_utf8_lossy(&bytes).parse().map(Some).with_context(|| format!("in `{}`", path.display()))
    }

    /// Where the policy is and what it must agree with.
    pub fn location(&self, trust: &TrustArgs) -> Result<Location> {
        let (directory, hint) = match (self.named_policy(trust)?, &self.policy_source()?) {
            (Some(directory), _) => {
                let hint = "in another repository of the account, run `countersign join URL SHA384:…`, with the URL and the \
                     digest that the policy owner publishes; otherwise fix `--policy`, COUNTERSIGN_POLICY, or `policy` \
                     in `countersign.toml`";
                (directory, hint)
            }
            (None, Some(source)) => (fetched_policy(source)?, "run `countersign policy fetch`"),
            (None, None) if self.workspace.account.is_some() => (
                self.own_policy()?,
                "use the account here with `countersign join URL SHA384:…`, with the URL and the digest that the policy \
                 owner publishes; if it does not exist yet, create it with `countersign init --account NAME`",
            ),
            (None, None) => (
                self.own_policy()?,
                "create a local account with `countersign release`, an account for a team with `countersign init \
                 --account NAME`, or use an existing one with `countersign join URL SHA384:…`",
            ),
        };
        if !directory.join("roots").is_dir() {
            let hint = match directory.to_string_lossy().contains('\\') && !cfg!(windows) {
                true => "write `/` in the path: `\\` separates folders on Windows only",
                false => hint,
            };
            return Err(refuse(format!("no policy in `{}`", self.shown(&directory)), hint));
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
            note_always(
                "no folder to remember the policy version in: an older policy cannot be detected next time",
            );
        }
        Ok(Location { directory, pin, state })
    }

    /// The location of a policy that this command writes into.
    pub fn editable(&self, trust: &TrustArgs) -> Result<Location> {
        let location = self.location(trust)?;
        self.check_editable(&location.directory)?;
        Ok(location)
    }

    /// Refuses to change a fetched policy: the next fetch would replace the change.
    pub fn check_editable(&self, directory: &Path) -> Result<()> {
        if fetched_folder(directory).is_none() {
            return Ok(());
        }
        Err(refuse(
            format!(
                "the policy in `{}` was fetched, and only its owner can change it",
                self.shown(directory)
            ),
            "change and seal it in its own repository, and run `countersign policy fetch` here",
        ))
    }

    /// Opens the policy, and prints its notes.
    pub fn policy(&self, location: &Location) -> Result<Policy> {
        let policy = memory::open(location, self.now)?;
        for text in policy.notes() {
            if memory::is_forgotten(text) { note_always(text) } else { note(text) }
        }
        self.check_account(policy.account(), policy.directory())?;
        Ok(policy)
    }

    /// Refuses a policy of another account than the workspace names.
    pub fn check_account(&self, found: &AccountName, directory: &Path) -> Result<()> {
        match &self.workspace.account {
            Some(expected) if expected != found => Err(refuse(
                format!(
                    "the policy in `{}` belongs to account `{found}`, but `{}` names `{expected}`",
                    self.shown(directory),
                    workspace::FILE_NAME
                ),
                "name another policy directory with `--policy`, or fix the account's name",
            )),
            _ => Ok(()),
        }
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
}

/// A path as it is shown: relative to the current folder, if it is below it.
pub fn shown(path: &Path) -> String {
    let here = std::env::current_dir().ok();
    let relative = here.and_then(|here| path.strip_prefix(here).ok().map(Path::to_path_buf));
    let shown = relative.as_deref().unwrap_or(path);
    if shown.as_os_str().is_empty() { ".".into() } else { shown.display().to_string() }
}

/// The nearest `countersign.toml`, from the folder up to the repository's top.
fn find_workspace(start: &Path, repository: Option<&Repository>) -> Result<Workspace> {
    let top = repository.map_or(start, Repository::top);
    for folder in start.ancestors().take_while(|folder| folder.starts_with(top)) {
        let path = folder.join(workspace::FILE_NAME);
        if let Some(bytes) = files::read_if_exists(&path, DOCUMENT_BYTES_MAX)? {
            return Workspace::parse(folder, &bytes).map_err(|error| toml_hint::with_hint(error, &bytes));
        }
    }
    Ok(Workspace::implicit(top))
}

/// The modification time of entries: `SOURCE_DATE_EPOCH`, or the fixed one.
pub fn entry_time() -> Result<EntryTime> {
    let Some(text) = std::env::var("SOURCE_DATE_EPOCH").ok().filter(|text| !text.is_empty()) else {
        return Ok(EntryTime::FIXED);
    };
    let time = text.parse().ok().and_then(Timestamp::from_unix).and_then(EntryTime::from_timestamp);
    time.ok_or_else(|| {
        refuse(
            format!("invalid SOURCE_DATE_EPOCH `{text}`"),
            "set it to a Unix time between 1980 and 2107, or unset it",
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
