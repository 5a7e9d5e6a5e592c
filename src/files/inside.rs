//! Inside: ensures that writes below a work tree stay below it, whatever links are committed there.
//!
//! | the path | where it can lead |
//! |---|---|
//! | below the work tree, from `countersign.toml` or from the command line | below the work tree, and not into `.git` |
//! | elsewhere, from the command line | anywhere: its links are not the repository's |
//!
//! A pull request can add a link, and what CI writes through it lands at the link's target: in the next job's
//! files, or in the home folder. The hint tells the user to pass the target itself, which no commit can do.

use std::borrow::Cow;
use std::path::{Component, Path, PathBuf};

use crate::hint::Hint;
use crate::shown;

/// A link in a work tree would redirect a write out of it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LeadsOut {
    /// The target of the link is outside, or in the git directory.
    #[error(
        "cannot write to `{}`: the link `{}` leads out of the work tree, to `{}`",
        shown::path(path),
        shown::path(link),
        shown::path(to)
    )]
    Elsewhere {
        /// The path to write.
        path: PathBuf,
        /// The link.
        link: PathBuf,
        /// Where it leads.
        to: PathBuf,
    },
    /// The link has no target.
    #[error("cannot write to `{}`: the link `{}` is broken", shown::path(path), shown::path(link))]
    Nowhere {
        /// The path to write.
        path: PathBuf,
        /// The link.
        link: PathBuf,
    },
    /// The path is in the git directory.
    #[error("cannot write to `{}`: it is in the git directory", shown::path(path))]
    Git {
        /// The path to write.
        path: PathBuf,
    },
}

impl Hint for LeadsOut {
    fn hint(&self) -> Option<Cow<'static, str>> {
        let hint = match self {
            Self::Elsewhere { link, to, .. } => format!(
                "to write there, pass `{}` itself on the command line; otherwise remove the link: git rm '{}'",
                shown::path(to),
                shown::path(link)
            ),
            Self::Nowhere { link, .. } => format!("remove the link: git rm '{}'", shown::path(link)),
            Self::Git { .. } => "choose another folder".into(),
        };
        Some(hint.into())
    }
}

/// Refuses a folder below the top of a work tree if a link leads out of it. The top must be free of links.
pub fn check(top: &Path, folder: &Path) -> Result<(), LeadsOut> {
    let Some(parts) = parts_below(top, folder) else { return Ok(()) };
    let path = || folder.to_path_buf();
    let mut here = top.to_path_buf();
    for part in parts {
        here.push(part);
        let Ok(found) = here.symlink_metadata() else {
            // A path that does not exist is not a link; a `.git` must not be created.
            return if is_in_git(top, &here) { Err(LeadsOut::Git { path: path() }) } else { Ok(()) };
        };
        if found.is_symlink() {
            let Ok(to) = here.canonicalize() else {
                return Err(LeadsOut::Nowhere { path: path(), link: here });
            };
            if !to.starts_with(top) || is_in_git(top, &to) {
                return Err(LeadsOut::Elsewhere { path: path(), link: here, to });
            }
            here = to;
        }
        if is_in_git(top, &here) {
            return Err(LeadsOut::Git { path: path() });
        }
    }
    Ok(())
}

/// The parts of a path below a folder, without `.` and `..`; `None` if it is not below the folder.
fn parts_below(top: &Path, path: &Path) -> Option<Vec<PathBuf>> {
    let absolute = std::path::absolute(path).ok()?;
    let mut plain = PathBuf::new();
    for component in absolute.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => drop(plain.pop()),
            other => plain.push(other),
        }
    }
    // The same folder by another name, such as `/tmp` on macOS.
    let below = |path: &Path| path.strip_prefix(top).map(Path::to_path_buf).ok();
    let by_name = || {
        let real =
            plain.ancestors().find(|ancestor| ancestor.canonicalize().is_ok_and(|real| real == top))?;
        plain.strip_prefix(real).map(Path::to_path_buf).ok()
    };
    let below = below(&plain).or_else(by_name)?;
    Some(below.components().map(|part| PathBuf::from(part.as_os_str())).collect())
}

fn is_in_git(top: &Path, path: &Path) -> bool {
    let below = path.strip_prefix(top).unwrap_or(Path::new(""));
    below.components().any(|part| part.as_os_str().eq_ignore_ascii_case(".git"))
}

#[cfg(all(test, unix))]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn a_link_below_the_top_stays_below_it() {
        let folder = tempfile::tempdir().unwrap();
        let all = folder.path().canonicalize().unwrap();
        let (top, elsewhere) = (all.join("top"), all.join("elsewhere"));
        for each in ["top/a/b", "top/.git/hooks", "elsewhere/dist"] {
            fs::create_dir_all(all.join(each)).unwrap();
        }
        symlink(&elsewhere, top.join("out")).unwrap();
        symlink("../..", top.join("a/up")).unwrap();
        symlink("b", top.join("a/link")).unwrap();
        symlink(".git/hooks", top.join("hooks")).unwrap();
        symlink("none", top.join("nowhere")).unwrap();
        symlink(&top, all.join("alias")).unwrap();
        for path in
            ["top/dist", "top/a/b/new/dist", "top/a/link/dist", "elsewhere/dist", "elsewhere/../elsewhere"]
        {
            assert_eq!(check(&top, &all.join(path)), Ok(()), "{path}");
        }
        for path in
            ["top/out", "top/out/dist", "top/a/up", "top/a/up/elsewhere", "top/a/../out", "alias/out/x"]
        {
            assert!(matches!(check(&top, &all.join(path)), Err(LeadsOut::Elsewhere { .. })), "{path}");
        }
        assert!(matches!(check(&top, &top.join("hooks")), Err(LeadsOut::Elsewhere { .. })));
        assert!(matches!(check(&top, &top.join("nowhere/dist")), Err(LeadsOut::Nowhere { .. })));
        for path in [".git/hooks", ".git/new", ".GIT", "a/.git/x"] {
            assert!(matches!(check(&top, &top.join(path)), Err(LeadsOut::Git { .. })), "{path}");
        }
    }
}
