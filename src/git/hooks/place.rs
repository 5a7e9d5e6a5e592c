//! Where git takes a repository's hooks from, as the `git` program reports it.
//!
//! Git knows about work trees, submodules, bare repositories, `GIT_DIR` and `core.hooksPath`, so it is asked
//! about the current folder. Paths are as git prints them.

use std::fs;
use std::path::{Path, PathBuf};

use super::HooksError;
use crate::git::program::{ProgramError, ask};

/// The first git that runs hooks from its settings.
const SETTINGS_SINCE: (u32, u32) = (2, 54);

/// Where git takes the hooks of a repository from.
#[derive(Debug, Clone)]
pub struct Place {
    common: PathBuf,
    top: PathBuf,
    used: PathBuf,
    bare: bool,
    version: (u32, u32),
}

impl Place {
    /// Asks git about the repository of the current folder.
    pub fn here() -> Result<Self, HooksError> {
        let version = parse_version(&answer(&["--version"])?);
        let common = answer(&["rev-parse", "--git-common-dir"])?;
        // The way git writes paths.
        let common = if common == "." { PathBuf::new() } else { common.into() };
        let used = answer(&["rev-parse", "--git-path", "hooks"])?.into();
        let bare = answer(&["rev-parse", "--is-bare-repository"])? == "true";
        let top = answer(&["rev-parse", "--show-cdup"])?.into();
        Ok(Self { common, top, used, bare, version })
    }

    /// The repository's own hooks folder.
    pub fn own(&self) -> PathBuf {
        self.common.join("hooks")
    }

    /// The folder that git takes hooks from if it is not the repository's own: `core.hooksPath`, or a link.
    pub fn elsewhere(&self) -> Option<&Path> {
        let is_link = fs::symlink_metadata(&self.used).is_ok_and(|kind| kind.is_symlink());
        (is_link || self.used != self.own()).then_some(&self.used)
    }

    /// The folder that git takes hooks from.
    pub(super) fn used(&self) -> &Path {
        &self.used
    }

    /// The git directory that all work trees share.
    pub fn common(&self) -> &Path {
        &self.common
    }

    /// The top of the work tree.
    pub fn top(&self) -> &Path {
        &self.top
    }

    /// Whether the repository has no work tree, as on servers.
    pub fn is_bare(&self) -> bool {
        self.bare
    }

    /// Git's major and minor version.
    pub fn version(&self) -> String {
        format!("{}.{}", self.version.0, self.version.1)
    }

    /// Whether this git runs hooks from its settings.
    pub fn knows_settings(&self) -> bool {
        self.version >= SETTINGS_SINCE
    }

    /// The value of a setting that is a path, from any of git's configuration files.
    pub fn path_setting(&self, name: &str) -> Result<Option<String>, ProgramError> {
        ask(Path::new("."), &["config", "--type=path", "--get", name])
    }

    /// The hooks that git runs at an event, in order; `true` marks those that are disabled.
    ///
    /// Empty for a git without hook settings. The last can be the file in the hooks folder.
    pub fn listed(&self, event: &str) -> Result<Vec<(String, bool)>, ProgramError> {
        if !self.knows_settings() {
            return Ok(Vec::new());
        }
        let lines = ask(Path::new("."), &["hook", "list", event])?.unwrap_or_default();
        let entry = |line: &str| {
            let (flags, name) = line.rsplit_once('\t').unwrap_or(("", line));
            (name.to_owned(), flags.contains("disabled"))
        };
        Ok(lines.lines().map(entry).collect())
    }
}

fn answer(arguments: &[&str]) -> Result<String, ProgramError> {
    Ok(ask(Path::new("."), arguments)?.unwrap_or_default())
}

/// The first two numbers of `git --version`; zero where one cannot be parsed.
fn parse_version(text: &str) -> (u32, u32) {
    let mut numbers =
        text.trim_start_matches("git version ").split('.').map(|part| part.parse().unwrap_or(0));
    (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_as_git_writes_them() {
        for (text, version) in [
            ("git version 2.54.0", (2, 54)),
            ("git version 2.39.5 (Apple Git-154)", (2, 39)),
            ("git version 2.55.0.windows.1", (2, 55)),
            ("git version 3.0.rc1", (3, 0)),
            ("not git", (0, 0)),
        ] {
            assert_eq!(parse_version(text), version, "{text}");
        }
        assert!(parse_version("git version 3.0.0") >= SETTINGS_SINCE);
    }
}
