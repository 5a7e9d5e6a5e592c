//! Nested repositories: whether a folder is another repository, which git does not look into.
//!
//! As git's `is_nonbare_repository_dir`: `.git` in the folder is a git directory, or a file that leads to one. A
//! `.git` of any other kind, such as an empty folder, does not keep git from tracking files next to it.

use std::path::{Path, PathBuf};

use crate::files;
use crate::limits::{GIT_FILE_BYTES_MAX, PATH_BYTES_MAX};

/// Whether a folder is the work tree of another repository.
pub fn is_repository(folder: &Path) -> bool {
    let git = folder.join(".git");
    match git.metadata() {
        Ok(found) if found.is_dir() => is_git_directory(&git),
        Ok(found) if found.is_file() => match files::read(&git, GIT_FILE_BYTES_MAX) {
            Ok(bytes) => target(folder, &bytes).is_some_and(|to| is_git_directory(&to)),
            // Git does not look into what it cannot read.
            Err(_) => true,
        },
        _ => false,
    }
}

/// Where a `.git` file leads: `gitdir: PATH`.
fn target(folder: &Path, bytes: &[u8]) -> Option<PathBuf> {
    let path = std::str::from_utf8(bytes).ok()?.strip_prefix("gitdir: ")?;
    let path = path.trim_end_matches(['\n', '\r']);
    (!path.is_empty() && path.len() <= PATH_BYTES_MAX).then(|| folder.join(path))
}

/// Whether a folder is a git directory: it has a `HEAD`, and the objects and refs, which a further work tree has
/// elsewhere.
fn is_git_directory(git: &Path) -> bool {
    let head = files::read_if_exists(&git.join("HEAD"), GIT_FILE_BYTES_MAX).ok().flatten();
    let is_link = git.join("HEAD").read_link().is_ok_and(|to| to.starts_with("refs"));
    if !is_link && !head.is_some_and(|head| is_head(&head)) {
        return false;
    }
    let common = files::read_if_exists(&git.join("commondir"), GIT_FILE_BYTES_MAX).ok().flatten();
    let common = common.and_then(|bytes| Some(std::str::from_utf8(&bytes).ok()?.trim_end().to_owned()));
    let common = common.map_or_else(|| git.to_path_buf(), |path| git.join(path));
    common.join("objects").is_dir() && common.join("refs").is_dir()
}

/// Whether these are the bytes of a `HEAD`: `ref: refs/…`, or an object id.
fn is_head(bytes: &[u8]) -> bool {
    if let Some(name) = bytes.strip_prefix(b"ref:") {
        return name.trim_ascii_start().starts_with(b"refs/");
    }
    let id = bytes.iter().take_while(|byte| byte.is_ascii_hexdigit()).count();
    id == 40 || id == 64
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn only_a_git_directory_makes_a_repository() {
        let all = tempfile::tempdir().unwrap();
        let folder = all.path().join("folder");
        fs::create_dir_all(folder.join(".git")).unwrap();
        assert!(!is_repository(&folder) && !is_repository(all.path()));
        fs::create_dir_all(folder.join(".git/objects")).unwrap();
        fs::create_dir_all(folder.join(".git/refs")).unwrap();
        assert!(!is_repository(&folder));
        for (head, expected) in
            [("ref: refs/heads/main\n", true), ("ref: x\n", false), (&"a".repeat(40), true)]
        {
            fs::write(folder.join(".git/HEAD"), head).unwrap();
            assert_eq!(is_repository(&folder), expected, "{head}");
        }
        let other = all.path().join("other");
        fs::create_dir_all(&other).unwrap();
        for (text, expected) in [
            ("gitdir: ../folder/.git\n", true),
            ("gitdir: ../none\n", false),
            ("gitdir:\n", false),
            ("", false),
        ] {
            fs::write(other.join(".git"), text).unwrap();
            assert_eq!(is_repository(&other), expected, "{text}");
        }
        fs::write(other.join(".git"), "gitdir: work").unwrap();
        fs::create_dir_all(other.join("work")).unwrap();
        fs::write(other.join("work/HEAD"), "ref: refs/heads/x").unwrap();
        assert!(!is_repository(&other));
        fs::write(other.join("work/commondir"), "../../folder/.git\n").unwrap();
        assert!(is_repository(&other));
    }
}
