//! Names in a package: what a path may be, so that it means one place on every system.

use std::collections::{BTreeMap, BTreeSet};

use caseless::Caseless;
use unicode_normalization::UnicodeNormalization;

use crate::inventory::FileMode;
use crate::limits::{LINK_BYTES_MAX, PATH_BYTES_MAX};
use crate::name::is_device;

/// What is wrong with a path or a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NameFault {
    /// A stable kebab-case name for programs.
    pub code: &'static str,
    /// What is wrong, to follow the path.
    pub message: &'static str,
}

const fn fault(code: &'static str, message: &'static str) -> NameFault {
    NameFault { code, message }
}

/// Checks one path: relative, `/`-separated, and the same name on Unix, macOS and Windows.
pub fn check_path(path: &str) -> Result<(), NameFault> {
    let any = |test: fn(&str) -> bool| path.split('/').any(test);
    let drive = path.as_bytes().get(1) == Some(&b':') && path.as_bytes()[0].is_ascii_alphabetic();
    if path.len() > PATH_BYTES_MAX {
        return Err(fault("name-too-long", "is longer than a path may be"));
    }
    if path.starts_with('/') || drive {
        return Err(fault("name-absolute", "is an absolute path, here or on Windows"));
    }
    if any(|name| name == "..") {
        return Err(fault("name-parent", "contains `..`"));
    }
    if any(|name| matches!(name, "" | ".")) {
        return Err(fault("name-dot", "has an empty component or one that is `.`"));
    }
    if path.contains('\\') {
        return Err(fault("name-backslash", "contains a backslash, which Windows takes for a separator"));
    }
    if path.chars().any(char::is_control) {
        return Err(fault("name-control", "contains a control character"));
    }
    if any(|name| name.contains(':') || is_device(name)) {
        return Err(fault("name-device", "has a component that is a device or a stream on Windows"));
    }
    if any(|name| name.ends_with(['.', ' '])) {
        return Err(fault(
            "name-trailing",
            "has a component that ends in a dot or a space, which Windows drops",
        ));
    }
    Ok(())
}

/// Checks that a link leads to a place inside the package.
///
/// `..` may stand only at the start of a target: after a name it could follow another link out.
pub fn check_link(path: &str, target: &str) -> Result<(), NameFault> {
    let escapes = Err(fault("symlink-escapes", "is a symbolic link that leaves the package"));
    let odd = target.is_empty()
        || target.len() as u64 > LINK_BYTES_MAX
        || target.starts_with('/')
        || target.contains([':', '\\'])
        || target.chars().any(char::is_control);
    if odd {
        return escapes;
    }
    let components: Vec<&str> = target.split('/').filter(|part| !matches!(*part, "" | ".")).collect();
    let ups = components.iter().take_while(|part| **part == "..").count();
    let depth = path.split('/').count() - 1;
    if ups > depth || components[ups..].contains(&"..") { escapes } else { Ok(()) }
}

/// Finds two paths that some file system takes for one, or one that is a file and a folder at once.
///
/// Names are compared after full case folding and canonical decomposition (Unicode 3.13, D145).
/// A link counts as a file, so nothing can be written through one.
#[derive(Default)]
pub struct Collisions {
    files: BTreeMap<String, (String, FileMode)>,
    folders: BTreeMap<String, String>,
    folder_entries: BTreeSet<String>,
}

/// Two paths that collide: what is wrong with the later one, and the earlier one.
pub type Collision = (NameFault, String);

impl Collisions {
    /// Adds an entry; an error carries the path that it collides with.
    pub fn add(&mut self, path: &str, mode: FileMode) -> Result<(), Collision> {
        self.add_parents(path)?;
        let folded = fold(path);
        if mode == FileMode::Folder {
            if !self.folder_entries.insert(folded.clone()) {
                return Err((fault("duplicate-name", "is a folder that is there twice"), path.into()));
            }
            return self.add_folder(folded, path);
        }
        if let Some(folder) = self.folders.get(&folded) {
            return Err((file_and_folder(mode), folder.clone()));
        }
        match self.files.insert(folded, (path.into(), mode)) {
            Some((other, _)) if other == path => Err((fault("duplicate-name", "is there twice"), other)),
            Some((other, _)) => Err((
                fault("name-collision", "is the same name on file systems that fold case or Unicode"),
                other,
            )),
            None => Ok(()),
        }
    }

    fn add_parents(&mut self, path: &str) -> Result<(), Collision> {
        for (end, _) in path.match_indices('/').rev() {
            let folded = fold(&path[..end]);
            if self.folders.contains_key(&folded) {
                return Ok(());
            }
            self.add_folder(folded, &path[..end])?;
        }
        Ok(())
    }

    fn add_folder(&mut self, folded: String, path: &str) -> Result<(), Collision> {
        if let Some((file, mode)) = self.files.get(&folded) {
            return Err((file_and_folder(*mode), file.clone()));
        }
        self.folders.insert(folded, path.into());
        Ok(())
    }
}

fn file_and_folder(mode: FileMode) -> NameFault {
    match mode {
        FileMode::Link => {
            fault("write-through-symlink", "meets a symbolic link through which it would be written")
        }
        _ => fault("name-collision", "is a file and a folder at once"),
    }
}

fn fold(path: &str) -> String {
    if path.is_ascii() {
        return path.to_ascii_lowercase();
    }
    path.chars().nfd().default_case_fold().nfd().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_bad_path_has_its_code() {
        for (path, code) in [
            ("/a", "name-absolute"),
            ("C:/a", "name-absolute"),
            ("C:a", "name-absolute"),
            ("../a", "name-parent"),
            ("a/../b", "name-parent"),
            ("a//b", "name-dot"),
            ("", "name-dot"),
            ("./a", "name-dot"),
            ("a\\b", "name-backslash"),
            ("a\0b", "name-control"),
            ("a\u{1b}b", "name-control"),
            ("a/con", "name-device"),
            ("nul.txt", "name-device"),
            ("COM¹.c", "name-device"),
            ("a.", "name-trailing"),
            ("b /c", "name-trailing"),
            ("ab:c", "name-device"),
        ] {
            assert_eq!(check_path(path).map_err(|fault| fault.code), Err(code), "{path:?}");
        }
        for path in ["a", "a/b.c", ".hidden", "console", "com10", "naïve/☃", "a b", "..a", "null"] {
            assert_eq!(check_path(path), Ok(()), "{path:?}");
        }
    }

    #[test]
    fn a_link_stays_inside() {
        for (path, target, inside) in [
            ("l", "a/b", true),
            ("d/l", "../a", true),
            ("d/l", "../../a", false),
            ("l", "/etc/passwd", false),
            ("l", "", false),
            ("p/q/l", "d/../../..", false),
            ("l", "d/..", false),
            ("l", "a\\..\\b", false),
            ("d/l", "./.././a", true),
        ] {
            assert_eq!(check_link(path, target).is_ok(), inside, "{path} -> {target}");
        }
    }

    #[test]
    fn names_that_some_system_takes_for_one_collide() {
        for (first, second) in [
            ("A.txt", "a.TXT"),
            ("caf\u{e9}", "cafe\u{301}"),
            ("straße", "STRASSE"),
            ("a", "A/b"),
            ("a/b", "A"),
            ("a", "a"),
        ] {
            let mut names = Collisions::default();
            assert_eq!(names.add(first, FileMode::Regular), Ok(()));
            assert!(names.add(second, FileMode::Regular).is_err(), "{first} {second}");
        }
        let mut names = Collisions::default();
        for path in ["a/b", "A/c", "a.b", "b/a"] {
            assert_eq!(names.add(path, FileMode::Regular), Ok(()), "{path}");
        }
    }
}
