//! Settings: values of git's configuration. A file in the work tree cannot set those of countersign.
//!
//! `git config include.path ../.gitconfig` makes git read a file that anyone with commit access can change.
//! libgit2 reports how deeply included a value is, but not its file. So a value of `countersign.*` from an
//! include counts only if no include leads through a work tree, whether or not the include's condition is
//! met.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs::File;
use std::io::Write;
use std::path::{Component, Path, PathBuf};

use git2::{Config, ConfigLevel, ErrorCode};

use super::{GitError, Repository};
use crate::files::{self, Access, writing};
use crate::limits::GIT_CONFIG_BYTES_MAX;

/// The most links that are followed in one path; Linux follows as many.
const LINKS_MAX: usize = 40;

impl Repository {
    /// A setting, from the repository's configuration, the user's or the system's.
    ///
    /// Errors: a file of the work tree could set a setting of countersign.
    pub fn setting(&self, name: &str) -> Result<Option<String>, GitError> {
        let config = self.inner.config()?;
        let entry = match config.get_entry(name) {
            Ok(entry) => entry,
            Err(error) if error.code() == ErrorCode::NotFound => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        if name.starts_with("countersign.") {
            let own = self.file_of(entry.level());
            let fault = if entry.include_depth() > 0 {
                self.include_in_tree(&config)?
            } else {
                own.filter(|file| self.is_in_tree(file))
            };
            if let Some(file) = fault {
                return Err(GitError::Included { name: name.into(), file });
            }
        }
        if !entry.has_value() {
            return Ok(None);
        }
        Ok(entry.value().ok().map(str::to_owned))
    }

    /// A switch that git writes into the repository's own configuration when it creates the repository, to
    /// describe the file system. The user's and the system's configuration have no effect.
    pub fn switch(&self, name: &str, otherwise: bool) -> bool {
        let own = self.inner.config().and_then(|config| config.open_level(ConfigLevel::Local));
        own.and_then(|config| config.get_bool(name)).unwrap_or(otherwise)
    }

    /// Writes a setting to the repository's own configuration.
    pub fn set(&self, name: &str, value: &str) -> Result<(), GitError> {
        let mut config = Config::open(&self.common_dir().join("config"))?;
        Ok(config.set_str(name, value)?)
    }

    /// Writes settings to the repository's own configuration, and removes those without a value, all or none.
    ///
    /// As git does: a new file `config.lock` is the lock, gets the new content, and is renamed.
    pub fn set_together(&self, values: &[(&str, Option<&str>)]) -> Result<(), GitError> {
        let path = self.common_dir().join("config");
        let path = path.canonicalize().unwrap_or(path);
        let lock = path.with_extension("lock");
        let mut file = File::create_new(&lock).map_err(writing(&lock))?;
        let mut write = |bytes: Vec<u8>| {
            let access = path.metadata()?.permissions();
            file.write_all(&bytes).and_then(|()| file.set_permissions(access)).and_then(|()| file.sync_all())
        };
        let written = edited(&path, values)
            .and_then(|bytes| Ok(write(bytes).map_err(writing(&lock))?))
            .and_then(|()| Ok(files::rename(&lock, &path)?));
        if written.is_err() {
            let _ = std::fs::remove_file(&lock);
        }
        written
    }

    /// The file of a configuration level, if it exists.
    fn file_of(&self, level: ConfigLevel) -> Option<PathBuf> {
        match level {
            ConfigLevel::Local => Some(self.common_dir().join("config")),
            ConfigLevel::Worktree => Some(self.inner.path().join("config.worktree")),
            ConfigLevel::Global => Config::find_global().ok(),
            ConfigLevel::XDG => Config::find_xdg().ok(),
            ConfigLevel::System => Config::find_system().ok(),
            _ => None,
        }
    }

    /// A file that the configuration includes, directly or through another file, from a work tree.
    fn include_in_tree(&self, config: &Config) -> Result<Option<PathBuf>, GitError> {
        let written = includes(config)?.into_iter();
        let mut waiting: Vec<PathBuf> =
            written.map(|(level, path)| included(self.file_of(level).as_deref(), &path)).collect();
        let mut seen = BTreeSet::new();
        while let Some(file) = waiting.pop() {
            if self.is_in_tree(&file) {
                return Ok(Some(file));
            }
            if file.is_file() && seen.insert(file.clone()) {
                let inner = includes(&Config::open(&file)?)?;
                waiting.extend(inner.into_iter().map(|(_, path)| included(Some(&file), &path)));
            }
        }
        Ok(None)
    }

    /// Whether a path is in a work tree of the repository, or leads through one by a link. The git directory
    /// does not count: no commit changes it.
    fn is_in_tree(&self, path: &Path) -> bool {
        let real = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_path_buf());
        let git = [real(self.inner.path()), real(self.common_dir())];
        let main = git[1].parent().filter(|_| git[1].ends_with(".git")).map(Path::to_path_buf);
        let trees: Vec<PathBuf> = [self.top.clone(), self.place.clone()].into_iter().chain(main).collect();
        let is_inside = |path: &Path| {
            let below = |tree: &PathBuf| path != tree.as_path() && path.starts_with(tree);
            trees.iter().any(below) && !git.iter().any(|git| path.starts_with(git))
        };
        if path.canonicalize().is_ok_and(|real| is_inside(&real)) {
            return true;
        }
        // Check each step: a commit decides where a link in the tree leads.
        let parts = |path: &Path| -> Vec<OsString> {
            path.components().rev().map(|part| part.as_os_str().to_owned()).collect()
        };
        let (mut here, mut rest, mut links) = (PathBuf::new(), parts(path), 0);
        while let Some(part) = rest.pop() {
            if part == Component::ParentDir.as_os_str() {
                here.pop();
                continue;
            }
            here.push(part);
            if is_inside(&here) || links > LINKS_MAX {
                return true;
            }
            if let Ok(to) = here.read_link() {
                links += 1;
                here.pop();
                rest.extend(parts(&to));
            }
        }
        false
    }
}

/// The bytes of a configuration file with these settings, edited in a copy.
fn edited(path: &Path, values: &[(&str, Option<&str>)]) -> Result<Vec<u8>, GitError> {
    let folder = tempfile::tempdir().map_err(writing(path))?;
    let copy = folder.path().join("config");
    files::write(&copy, &files::read(path, GIT_CONFIG_BYTES_MAX)?, Access::Private)?;
    let mut config = Config::open(&copy)?;
    for (name, value) in values {
        let done = match value {
            Some(value) => config.set_str(name, value),
            None => config.remove_multivar(name, ".*"),
        };
        match done {
            Err(error) if value.is_some() || error.code() != ErrorCode::NotFound => return Err(error.into()),
            _ => {}
        }
    }
    Ok(files::read(&copy, GIT_CONFIG_BYTES_MAX)?)
}

/// The include paths of a configuration, as written in files that are not included themselves.
fn includes(config: &Config) -> Result<Vec<(ConfigLevel, String)>, GitError> {
    let mut found = Vec::new();
    let mut entries = config.entries(None)?;
    while let Some(entry) = entries.next() {
        let entry = entry?;
        let name = entry.name_bytes();
        let is_include =
            name == b"include.path" || name.starts_with(b"includeif.") && name.ends_with(b".path");
        if is_include && entry.include_depth() == 0 && entry.has_value() {
            let unreadable = |_| GitError::NotUtf8(String::from_utf8_lossy(entry.value_bytes()).into());
            found.push((entry.level(), entry.value().map_err(unreadable)?.to_owned()));
        }
    }
    Ok(found)
}

/// The path of an include, relative to the file that has it.
fn included(file: Option<&Path>, written: &str) -> PathBuf {
    let home = written.strip_prefix("~/").zip(std::env::home_dir());
    match home {
        Some((rest, home)) => home.join(rest),
        None => file.and_then(Path::parent).unwrap_or(Path::new("")).join(written),
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::*;

    const VALUE: &str = "[countersign]\n\troot = included\n";

    /// What the setting is, with this in the repository's configuration; nothing where it is refused.
    fn setting(top: &Path, own: &str) -> Option<Option<String>> {
        fs::write(top.join(".git/config"), format!("[core]\n\tbare = false\n{own}")).expect("a file");
        match Repository::find(top).expect("readable").expect("there").setting("countersign.root") {
            Ok(found) => Some(found),
            Err(GitError::Included { name, .. }) if name == "countersign.root" => None,
            Err(error) => panic!("{error}"),
        }
    }

    #[test]
    fn settings_are_written_together_or_not_at_all() {
        let folder = tempfile::tempdir().unwrap();
        let top = folder.path().canonicalize().unwrap();
        git2::Repository::init(&top).unwrap();
        let (config, lock) = (top.join(".git/config"), top.join(".git/config.lock"));
        let found = || Repository::find(&top).unwrap().unwrap();
        let both = [("countersign.root", Some("a")), ("countersign.trust", Some("b"))];
        found().set_together(&both).unwrap();
        let read = || files::read(&config, GIT_CONFIG_BYTES_MAX).unwrap();
        let before = read();
        // Another process writes, or a value cannot be written: nothing changes.
        fs::write(&lock, "").unwrap();
        assert!(found().set_together(&[("countersign.root", Some("c"))]).is_err());
        assert!(lock.exists());
        fs::remove_file(&lock).unwrap();
        let half = [("countersign.root", Some("c")), ("not a name", Some("d"))];
        assert!(found().set_together(&half).is_err());
        assert!(!lock.exists() && read() == before);
        let one =
            [("countersign.root", None), ("countersign.trust", Some("e")), ("countersign.policy", None)];
        found().set_together(&one).unwrap();
        let setting = |name: &str| found().setting(name).unwrap();
        assert_eq!((setting("countersign.root"), setting("countersign.trust")), (None, Some("e".into())));
        assert_eq!(setting("core.bare").as_deref(), Some("false"));
        assert!(!lock.exists());
    }

    #[test]
    fn no_file_of_the_work_tree_sets_a_value_of_countersign() {
        let folder = tempfile::tempdir().unwrap();
        let all = folder.path().canonicalize().unwrap();
        let top = all.join("top");
        git2::Repository::init(&top).unwrap();
        fs::create_dir(top.join("a")).unwrap();
        for file in ["top/.gitconfig", "top/a/conf", "outside", "top/.git/own"] {
            fs::write(all.join(file), VALUE).unwrap();
        }
        fs::write(all.join("nested"), "[include]\n\tpath = top/a/conf\n").unwrap();
        fs::write(all.join("plain"), "[alias]\n\tx = y\n").unwrap();
        symlink(all.join("outside"), top.join("link")).unwrap();
        symlink(&all, top.join("a/up")).unwrap();
        symlink(top.join("link"), all.join("twice")).unwrap();
        fs::create_dir(top.join("tree")).unwrap();
        let outside = all.join("outside").display().to_string();
        let absolute = top.join(".gitconfig").display().to_string();
        for path in [
            "../.gitconfig",
            "../a/conf",
            "../a/../.gitconfig",
            "../link",
            "../a/up/outside",
            "../../twice",
            "../../nested",
            &absolute,
        ] {
            assert_eq!(setting(&top, &format!("[include]\n\tpath = {path}\n")), None, "{path}");
        }
        let conditional = "[includeIf \"gitdir:**\"]\n\tpath = ../.gitconfig\n";
        assert_eq!(setting(&top, conditional), None);
        // A value that the tree sets does not hide behind an include that may set it.
        let both = format!("[include]\n\tpath = {outside}\n\tpath = ../.gitconfig\n");
        assert_eq!(setting(&top, &both), None);
        // Nor does the tree choose which folder is the work tree, to be outside of it.
        fs::write(top.join(".gitconfig"), format!("{VALUE}[core]\n\tworktree = {}/tree\n", top.display()))
            .unwrap();
        assert_eq!(setting(&top, "[include]\n\tpath = ../.gitconfig\n"), None);
        let yes = |value: &str| Some(Some(value.to_owned()));
        for path in [outside.as_str(), "own", "../../outside"] {
            assert_eq!(setting(&top, &format!("[include]\n\tpath = {path}\n")), yes("included"), "{path}");
        }
        // An include of the tree that sets nothing of countersign stays as it is.
        fs::write(top.join(".gitconfig"), "[alias]\n\tx = y\n").unwrap();
        let own = "[include]\n\tpath = ../.gitconfig\n[countersign]\n\troot = own\n";
        assert_eq!(setting(&top, own), yes("own"));
        assert_eq!(setting(&top, "[include]\n\tpath = ../.gitconfig\n"), Some(None));
    }
}
