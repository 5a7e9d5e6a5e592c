//! Formats of repositories that libgit2 does not read: the cause, and the way to one that it reads.

use std::path::Path;

use super::GitError;

/// How to package a folder without its repository.
const EXPORT: &str = "to package a commit without its repository: `mkdir ../export && git archive HEAD | tar -x -C \
                      ../export`, and run the command with `-C ../export`";

/// The error for a repository that libgit2 refuses with this message.
pub fn unsupported(folder: &Path, message: &str) -> GitError {
    let extension = message.split_once("unsupported extension name extensions.").map(|(_, name)| name);
    let (fault, way) = match extension {
        Some("partialclone") => (
            "it sets `extensions.partialClone`, which is not supported; git needs it no more".to_owned(),
            Some(partial_clone(folder)),
        ),
        Some("refstorage") => (
            "it stores its refs as a reftable, which is not supported".to_owned(),
            Some(
                "clone it with `git clone --ref-format=files`, or convert it with `git refs migrate \
                 --ref-format=files` (git 2.49 or later)"
                    .to_owned(),
            ),
        ),
        Some(name) => {
            (format!("it uses the extension `{name}`, which is not supported"), Some(EXPORT.to_owned()))
        }
        None if message.contains("object format") => {
            ("its objects have SHA-256 ids, which are not supported".to_owned(), Some(EXPORT.to_owned()))
        }
        None => (message.to_owned(), None),
    };
    GitError::Unsupported { path: folder.into(), fault, way }
}

/// The commands that replace `extensions.partialClone` by the setting that git writes today.
fn partial_clone(folder: &Path) -> String {
    let config = git2::Config::open(&folder.join(".git").join("config"));
    let remote = config.and_then(|config| config.get_string("extensions.partialclone"));
    let is_plain = |name: &String| name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    let remote = remote.ok().filter(is_plain).unwrap_or_else(|| "origin".into());
    format!("run `git config remote.{remote}.promisor true && git config --unset extensions.partialClone`")
}
