//! Where a policy comes from: a folder here, or a repository elsewhere.

use std::path::{Path, PathBuf};

use anyhow::Result;
use countersign::files;
use countersign::git::source::Source;
use countersign::limits::ROOT_BYTES_MAX;
use countersign::name::AccountName;
use countersign::pin::Pin;
use countersign::policy::fetch::cache::Cache;
use countersign::policy::fetch::error::FetchError;
use countersign::policy::fetch::fetch;
use countersign::policy::memory;
use countersign::policy::root;
use countersign::policy::sealed;
use countersign::policy::store::Policy;

use crate::context::{Context, TrustArgs};
use crate::output::{note, refuse};
use crate::places::fetched_policies;

/// A folder with a policy, or a repository to fetch one from.
pub enum Origin {
    /// The folder, and how the policy keeps it.
    Folder {
        path: PathBuf,
        text: String,
    },
    Repository(Source),
}

impl Origin {
    /// Reads what was named on the command line. What was relative to this folder is kept relative to the policy
    /// directory, so that it is right wherever both lie.
    pub fn named(text: &str, directory: &Path) -> Result<Self> {
        Ok(match Self::parse(text, Path::new(text))? {
            Self::Folder { path, .. } if Path::new(text).is_relative() => {
                let text = relative(&directory.canonicalize()?, &path);
                Self::Folder { path, text }
            }
            origin => origin,
        })
    }

    /// Reads what the policy keeps.
    pub fn kept(text: &str, directory: &Path) -> Result<Self> {
        Self::parse(text, &directory.join(text))
    }

    /// A folder that is there, or else a source as `policy fetch` takes it.
    fn parse(text: &str, path: &Path) -> Result<Self> {
        if path.is_dir() {
            if !root::path(path, 1).exists() {
                return Err(refuse(
                    format!("no policy in `{text}`: it has no `roots/1.json`"),
                    "name the policy directory, or the URL of a repository, such as `file:///PATH`",
                ));
            }
            return Ok(Self::Folder { path: path.canonicalize()?, text: text.into() });
        }
        match text.parse() {
            Ok(source) => Ok(Self::Repository(source)),
            Err(_) if Path::new(text).is_absolute() || text.starts_with('.') => Err(refuse(
                format!("folder `{text}` does not exist"),
                "name the policy directory, or a git URL",
            )),
            // Neither a URL nor `host:path`: most likely the name of a folder.
            Err(_) if !text.contains(':') => Err(refuse(
                format!("folder `{text}` does not exist"),
                "name the policy directory, or a git URL such as `https://HOST/PATH`",
            )),
            Err(error) => Err(error.into()),
        }
    }

    /// The origin as the policy stores it, without credentials: every user can read it there.
    pub fn text(&self) -> String {
        match self {
            Self::Folder { text, .. } => text.clone(),
            Self::Repository(source) => source.url().redact(&source.to_string()),
        }
    }

    /// Opens the policy there, with every check of our own and every document, and remembers its version.
    pub fn open_pinned(&self, context: &Context, pin: Pin) -> Result<Policy> {
        let trust = TrustArgs { policy: None, root: Some(pin) };
        Ok(match self {
            Self::Folder { path, .. } => {
                let location = context.located(path.clone(), &trust)?;
                sealed::open(&location, context.now)?;
                memory::open(&location, context.now)?
            }
            Self::Repository(source) => {
                let cache = Cache::of(&fetched_policies()?, source);
                cache.make()?;
                let location = context.located(cache.folder().into(), &trust)?;
                fetch(source, &cache, location.pin, location.state, context.now)?.policy
            }
        })
    }

    /// The digest of the first root there, which nothing vouches for.
    pub fn claimed_root(&self, context: &Context) -> Result<Pin> {
        match self {
            Self::Folder { path, .. } => Ok(Pin::of(&files::read(&root::path(path, 1), ROOT_BYTES_MAX)?)),
            Self::Repository(source) => {
                let cache = Cache::of(&fetched_policies()?, source);
                cache.make()?;
                match fetch(source, &cache, None, None, context.now) {
                    Err(FetchError::Unpinned { found, .. }) => Ok(found),
                    Err(error) => Err(error.into()),
                    Ok(fetched) => Ok(fetched.policy.pin()),
                }
            }
        }
    }

    /// Opens the policy there, as [`Self::open_pinned`] does; it is this account's.
    pub fn open(&self, context: &Context, account: &AccountName, pin: Pin) -> Result<Policy> {
        let policy = self.open_pinned(context, pin)?;
        if policy.account() != account {
            return Err(refuse(
                format!(
                    "the policy in `{}` belongs to account `{}`, not `{account}`",
                    self.text(),
                    policy.account()
                ),
                "use the name in its policy, which is in its ARNs",
            ));
        }
        policy.notes().iter().for_each(|text| note(&format!("account `{account}`: {text}")));
        Ok(policy)
    }
}

/// The way from one folder to another, `/`-separated; both without links.
fn relative(from: &Path, to: &Path) -> String {
    let (mut from, mut to) = (from.components().peekable(), to.components().peekable());
    while from.peek().is_some() && from.peek() == to.peek() {
        from.next();
        to.next();
    }
    let up = from.map(|_| "..".to_owned());
    let down = to.map(|part| part.as_os_str().to_string_lossy().into_owned());
    up.chain(down).collect::<Vec<_>>().join("/")
}
