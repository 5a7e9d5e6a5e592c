//! Branches and folders of a remote repository, in a form that git cannot take for anything else.

use std::fmt;
use std::str::FromStr;

use super::source::{RefName, is_folder};
use crate::shown::shortened;

/// A branch of a remote repository, by its short name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Branch(String);

/// A folder of a repository, `/`-separated; `.` is the top.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Folder(String);

impl Branch {
    /// The branch's short name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The ref's full name.
    pub fn full(&self) -> RefName {
        RefName(format!("refs/heads/{}", self.0))
    }
}

impl Folder {
    /// The folder's path; empty for the top.
    pub fn as_str(&self) -> &str {
        if self.0 == "." { "" } else { &self.0 }
    }

    /// Whether the folders are the same, or one contains the other.
    pub fn overlaps(&self, other: &Self) -> bool {
        let inside = |a: &str, b: &str| b.is_empty() || a == b || a.starts_with(&format!("{b}/"));
        inside(self.as_str(), other.as_str()) || inside(other.as_str(), self.as_str())
    }
}

/// Why a text is not the name of a branch.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a branch name")]
pub struct BranchError(String);

/// Why a text is not a folder of a repository.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a folder of a repository; expected `.`, or a relative path without `..` and `.git`")]
pub struct FolderError(String);

impl FromStr for Branch {
    type Err = BranchError;

    fn from_str(text: &str) -> Result<Self, BranchError> {
        let short = !text.starts_with("refs/") && text != "HEAD";
        match text.parse::<RefName>() {
            Ok(_) if short => Ok(Self(text.into())),
            _ => Err(BranchError(shortened(text).into_owned())),
        }
    }
}

impl FromStr for Folder {
    type Err = FolderError;

    fn from_str(text: &str) -> Result<Self, FolderError> {
        let is_git = |name: &str| name.trim_end_matches(['.', ' ']).eq_ignore_ascii_case(".git");
        if text == "." || (is_folder(text) && !text.split('/').any(is_git)) {
            return Ok(Self(text.into()));
        }
        Err(FolderError(shortened(text).into_owned()))
    }
}

impl fmt::Display for Branch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for Folder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

countersign_verify::text_form!(read Branch);

countersign_verify::text_form!(read Folder);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_branch_and_a_folder_are_plain_names() {
        for text in ["main", "feature/#7", "v1.0"] {
            assert_eq!(text.parse::<Branch>().unwrap().full().as_str(), format!("refs/heads/{text}"));
        }
        for text in ["", "HEAD", "refs/heads/main", "--upload-pack=x", "+main", "a..b", "a b", "a:b", "@{1}"]
        {
            assert!(text.parse::<Branch>().is_err(), "{text}");
        }
        for text in
            ["", "/etc", "..", "a/../b", "a//b", "./a", "a/", ".git", "a/.GIT/b", ".git.", "a\\b", "a\nb"]
        {
            assert!(text.parse::<Folder>().is_err(), "{text}");
        }
        let [top, a, ab, b] = [".", "a", "a/b", "ab"].map(|text| text.parse::<Folder>().unwrap());
        assert!(a.overlaps(&ab) && ab.overlaps(&a) && top.overlaps(&b) && !a.overlaps(&b));
    }
}
