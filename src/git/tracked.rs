//! Tracked: the index, read once and sorted by path, so that a folder's files are one range of it.

use super::tree::{Kind, Tree};
use super::walk::Walk;
use super::{BlobId, GitError, GitFile, Repository, index};
use crate::inventory::FileMode;

/// A path in the index.
#[derive(Debug, Clone)]
pub struct Tracked {
    /// Its mode; `None` for a submodule.
    pub mode: Option<FileMode>,
    /// The blob.
    pub blob: BlobId,
    /// Whether it is one side of a merge that is not resolved.
    pub is_conflict: bool,
    /// Whether a sparse checkout leaves it out of the work tree.
    pub is_sparse: bool,
    /// The path from the top; any bytes.
    path: Box<[u8]>,
}

/// All tracked paths, sorted by their bytes.
#[derive(Debug, Clone, Default)]
pub struct Index(Vec<Tracked>);

impl Index {
    /// The tracked paths below a folder (relative to the top, empty for all), each with its path in the
    /// folder.
    pub fn below(&self, folder: &str) -> impl Iterator<Item = (&[u8], &Tracked)> + use<'_> {
        let mut prefix = folder.as_bytes().to_vec();
        if !prefix.is_empty() {
            prefix.push(b'/');
        }
        let start = self.0.partition_point(|each| *each.path < *prefix);
        let count = self.0[start..].partition_point(|each| each.path.starts_with(&prefix));
        let cut = prefix.len();
        self.0[start..start + count].iter().map(move |each| (&each.path[cut..], each))
    }

    /// The tracked files of a name that a sparse checkout leaves out, each with the path of its folder: empty, or
    /// with a `/` at its end.
    pub fn left_out(&self, name: &str) -> impl Iterator<Item = (&[u8], BlobId)> {
        self.0.iter().filter(|each| each.is_sparse).filter_map(move |each| {
            let folder = each.path.strip_suffix(name.as_bytes())?;
            (folder.is_empty() || folder.ends_with(b"/")).then_some((folder, each.blob))
        })
    }

    /// The entry of a path from the top, if there is one.
    pub fn get(&self, path: &str) -> Option<&Tracked> {
        let place = self.0.binary_search_by(|each| (*each.path).cmp(path.as_bytes())).ok()?;
        self.0.get(place)
    }
}

impl Repository {
    /// The tracked files, from the index.
    pub fn index(&self) -> Result<Index, GitError> {
        let git = self.inner.path();
        let read = index::read(git).map_err(|fault| GitError::Index { path: git.join("index"), fault })?;
        let mut entries = Vec::with_capacity(read.len());
        for entry in read {
            if entry.is_folder() {
                self.unfold(entry, &mut entries)?;
                continue;
            }
            entries.push(Tracked {
                mode: FileMode::from_git(entry.mode),
                blob: BlobId(entry.id),
                is_conflict: entry.stage != 0,
                is_sparse: entry.is_sparse,
                path: entry.path.into(),
            });
        }
        entries.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(Index(entries))
    }

    /// Adds the files of a folder that a sparse index has as one entry.
    fn unfold(&self, folder: index::Entry, entries: &mut Vec<Tracked>) -> Result<(), GitError> {
        let mut walk = Walk::default();
        let mut open = vec![(folder.path, folder.id)];
        while let Some((prefix, id)) = open.pop() {
            let tree = Tree::read(&self.inner, id)?;
            walk.visit(id, &tree, prefix.len())?;
            for entry in tree.entries() {
                let path = [&prefix, entry.name].concat();
                let mode = match entry.kind {
                    Kind::Folder => {
                        open.push(([&path, b"/".as_slice()].concat(), entry.id));
                        continue;
                    }
                    Kind::File(mode) => Some(mode),
                    Kind::Submodule => None,
                };
                let (blob, path) = (BlobId(entry.id), path.into());
                entries.push(Tracked { mode, blob, is_conflict: false, is_sparse: true, path });
            }
        }
        Ok(())
    }

    /// The files in a folder of a commit, sorted by path.
    pub fn committed_files(
        &self,
        folders: &super::Folders,
        commit: &super::Commit,
        folder: &str,
    ) -> Result<Vec<GitFile>, GitError> {
        let mut files = Vec::new();
        let each = |file| {
            files.push(file);
            Ok::<(), GitError>(())
        };
        self.committed_in(folders, commit, folder, |_| Ok(()), each)?;
        files.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(files)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_not_its_namesake() {
        let entry = |path: &&str| Tracked {
            mode: Some(FileMode::Regular),
            blob: BlobId::of(b""),
            is_conflict: false,
            is_sparse: false,
            path: path.as_bytes().into(),
        };
        let index = Index(["a", "a.b/c", "a/b", "a/c/d", "a0", "ab/c"].iter().map(entry).collect());
        let below = |folder: &str| -> Vec<String> {
            index.below(folder).map(|(path, _)| String::from_utf8_lossy(path).into_owned()).collect()
        };
        assert_eq!(below("a"), ["b", "c/d"]);
        assert_eq!(below("a/c"), ["d"]);
        assert!(below("b").is_empty() && below("a/b").is_empty());
        assert_eq!(below("").len(), 6);
        assert!(index.get("a/b").is_some() && index.get("a/c").is_none());
    }
}
