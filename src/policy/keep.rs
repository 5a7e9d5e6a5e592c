//! Keeping objects: adds the objects of a new seal, and removes those that no seal refers to.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::objects::Objects;
use crate::digest::Sha384;
use crate::files::{self, Access, FileError, writing};

/// Writes the bytes, unless the object exists and is intact.
pub fn put(objects: &Objects, bytes: &[u8]) -> Result<Sha384, FileError> {
    let digest = Sha384::of(bytes);
    let path = objects.path(&digest);
    let limit = bytes.len() as u64;
    if !matches!(files::read_if_exists(&path, limit), Ok(Some(there)) if there == bytes) {
        files::write(&path, bytes, Access::Public)?;
    }
    Ok(digest)
}

/// Removes every object except these.
///
/// Only regular objects are removed: anyone who can write to the tree could have put a link in their place.
pub fn keep_only(objects: &Objects, kept: &BTreeSet<Sha384>) -> Result<(), FileError> {
    let kept: BTreeSet<PathBuf> = kept.iter().map(|digest| objects.path(digest)).collect();
    let kind = |path: &Path| path.symlink_metadata().map(|metadata| metadata.file_type());
    let is_folder = |path: &Path| kind(path).is_ok_and(|kind| kind.is_dir());
    if !is_folder(objects.folder()) {
        return Ok(());
    }
    for name in files::names_in(objects.folder())?.into_iter().filter(|name| is_hex(name, 2)) {
        let folder = objects.folder().join(name);
        if !is_folder(&folder) {
            continue;
        }
        for name in files::names_in(&folder)?.into_iter().filter(|name| is_hex(name, 94)) {
            let object = folder.join(name);
            if !kept.contains(&object) && kind(&object).is_ok_and(|kind| kind.is_file()) {
                std::fs::remove_file(&object).map_err(writing(&object))?;
            }
        }
        // A folder that is not empty stays.
        let _ = std::fs::remove_dir(&folder);
    }
    Ok(())
}

fn is_hex(name: &str, digits: usize) -> bool {
    name.len() == digits && name.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_other_objects_are_removed() {
        let folder = tempfile::tempdir().unwrap();
        let objects = Objects::of(folder.path());
        keep_only(&objects, &BTreeSet::new()).unwrap();
        let (kept, other) = (put(&objects, b"kept").unwrap(), put(&objects, b"other").unwrap());
        let hex = "0".repeat(94);
        let there = ["objects/zz", "objects/000", "objects/00"].map(|at| folder.path().join(at).join(&hex));
        let odd = ["z".repeat(94), "0".repeat(93), format!("{}z", "0".repeat(93))];
        let odd = odd.map(|name| folder.path().join("objects/00").join(name));
        for file in there[..2].iter().chain(&odd) {
            files::write(file, b"something", Access::Public).unwrap();
        }
        std::fs::create_dir(&there[2]).unwrap();
        keep_only(&objects, &BTreeSet::from([kept])).unwrap();
        assert_eq!(objects.get(&kept, 100).unwrap().unwrap(), b"kept");
        assert!(objects.get(&other, 100).unwrap().is_none());
        assert!(there.iter().chain(&odd).all(|path| path.exists()));
    }

    #[test]
    #[cfg(unix)]
    fn nothing_is_removed_where_the_folder_is_a_link() {
        let folder = tempfile::tempdir().unwrap();
        let elsewhere = Objects::of(&folder.path().join("elsewhere"));
        let digest = put(&elsewhere, b"precious").unwrap();
        std::fs::create_dir(folder.path().join("policy")).unwrap();
        std::os::unix::fs::symlink(elsewhere.folder(), folder.path().join("policy/objects")).unwrap();
        keep_only(&Objects::of(&folder.path().join("policy")), &BTreeSet::new()).unwrap();
        assert!(elsewhere.get(&digest, 100).unwrap().is_some());
    }

    #[test]
    fn an_object_is_written_only_if_it_is_not_there_whole() {
        let folder = tempfile::tempdir().unwrap();
        let objects = Objects::of(folder.path());
        let path = objects.path(&put(&objects, b"object").unwrap());
        let long_ago = std::time::UNIX_EPOCH;
        let write = |bytes: &[u8]| {
            std::fs::write(&path, bytes).unwrap();
            std::fs::File::options().write(true).open(&path).unwrap().set_modified(long_ago).unwrap();
            put(&objects, b"object").unwrap();
            (std::fs::read(&path).unwrap(), path.metadata().unwrap().modified().unwrap() == long_ago)
        };
        assert_eq!(write(b"object"), (b"object".to_vec(), true));
        assert_eq!(write(b"object and more"), (b"object".to_vec(), false));
        assert_eq!(write(b"tcejbo"), (b"object".to_vec(), false));
    }

    #[test]
    #[cfg(unix)]
    fn a_link_among_the_objects_leads_to_no_removal() {
        let folder = tempfile::tempdir().unwrap();
        let objects = Objects::of(&folder.path().join("policy"));
        let digest = put(&objects, b"an object").unwrap().to_string();
        let elsewhere = folder.path().join("elsewhere");
        let precious = elsewhere.join(&digest[2..]);
        files::write(&precious, b"precious", Access::Public).unwrap();
        let link =
            folder.path().join("policy/objects").join(if digest.starts_with("00") { "01" } else { "00" });
        std::os::unix::fs::symlink(&elsewhere, link).unwrap();
        keep_only(&objects, &BTreeSet::new()).unwrap();
        assert!(precious.exists());
        assert!(!folder.path().join("policy/objects").join(&digest[..2]).exists());
    }
}
