//! The inventory: an artifact's files, each with its mode, size and digest.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::digest::Sha384;

/// One file of an artifact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileRecord {
    /// Its path in the package.
    pub path: String,
    /// Its mode, in git's form.
    pub mode: FileMode,
    /// Its size in bytes.
    pub size: u64,
    /// SHA-384 of its content, for a symbolic link of its target.
    pub sha384: Sha384,
}

/// A file's mode, in git's form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum FileMode {
    /// A regular file.
    #[serde(rename = "100644")]
    Regular,
    /// An executable regular file.
    #[serde(rename = "100755")]
    Executable,
    /// A symbolic link.
    #[serde(rename = "120000")]
    Link,
    /// A folder; only packages by other tools have entries for folders.
    #[serde(rename = "040000")]
    Folder,
}

impl FileMode {
    /// The mode for git's number; `None` for a submodule or an unknown mode.
    pub fn from_git(mode: u32) -> Option<Self> {
        match mode {
            0o100_644 | 0o100_664 => Some(Self::Regular),
            0o100_755 => Some(Self::Executable),
            0o120_000 => Some(Self::Link),
            _ => None,
        }
    }

    /// The mode in Unix and ZIP form, with the file type.
    pub fn unix(self) -> u32 {
        match self {
            Self::Regular => 0o100_644,
            Self::Executable => 0o100_755,
            Self::Link => 0o120_777,
            Self::Folder => 0o040_755,
        }
    }
}

/// A digest of an inventory, to compare two of them without keeping either.
///
/// `D0 = SHA-384("")`, `Dn = SHA-384(Dn-1 || SHA-384 || size || mode || path)`: all but the path have a fixed length.
pub fn digest(files: &[FileRecord]) -> Sha384 {
    files.iter().fold(Sha384::of(b""), |before, file| {
        let mut bytes = [before.as_bytes(), file.sha384.as_bytes()].concat();
        bytes.extend_from_slice(&file.size.to_be_bytes());
        bytes.extend_from_slice(&file.mode.unix().to_be_bytes());
        bytes.extend_from_slice(file.path.as_bytes());
        Sha384::of(&bytes)
    })
}

/// Files by path, with the values that distinguish them.
pub fn by_path(files: &[FileRecord]) -> BTreeMap<&str, (FileMode, Sha384)> {
    files.iter().map(|file| (file.path.as_str(), (file.mode, file.sha384))).collect()
}
