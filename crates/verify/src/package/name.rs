//! Names in a package: paths that mean the same place on every system.

use std::cmp::Ordering;

use caseless::Caseless;
use unicode_normalization::{UnicodeNormalization, is_nfc};

use crate::inventory::FileMode;
use crate::limits::{LINK_BYTES_MAX, NAME_BYTES_MAX, PATH_BYTES_MAX, PATH_DEPTH_MAX};
use crate::name::is_device;

/// What is wrong with a path or a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NameFault {
    /// A stable kebab-case name for programs.
    pub code: &'static str,
    /// What is wrong, to follow the path in a message.
    pub message: &'static str,
}

const fn fault(code: &'static str, message: &'static str) -> NameFault {
    NameFault { code, message }
}

/// Checks one path: relative, `/`-separated, and the same name on Unix, macOS and Windows.
pub fn check_path(path: &str) -> Result<(), NameFault> {
    let any = |test: fn(&str) -> bool| path.split('/').any(test);
    let drive = path.as_bytes().get(1) == Some(&b':') && path.as_bytes()[0].is_ascii_alphabetic();
    let colon = "has a `:` in a name, which Windows does not allow: it separates a drive or a stream";
    if path.len() > PATH_BYTES_MAX || any(|name| name.len() > NAME_BYTES_MAX) {
        return Err(fault("name-too-long", "is too long, or has a component that is too long"));
    }
    if path.split('/').count() > PATH_DEPTH_MAX {
        return Err(fault("name-too-deep", "is in too many nested folders"));
    }
    if path.starts_with('/') || drive && path.as_bytes().get(2) == Some(&b'/') {
        return Err(fault("name-absolute", "is an absolute path, here or on Windows"));
    }
    if drive {
        return Err(fault("name-absolute", colon));
    }
    if any(|name| name == "..") {
        return Err(fault("name-parent", "contains `..`"));
    }
    if any(|name| matches!(name, "" | ".")) {
        return Err(fault("name-dot", "has an empty component or one that is `.`"));
    }
    if path.contains('\\') {
        return Err(fault("name-backslash", "contains a backslash, which is a separator on Windows"));
    }
    if path.chars().any(char::is_control) {
        return Err(fault("name-control", "contains a control character"));
    }
    if path.contains(':') {
        return Err(fault("name-device", colon));
    }
    if any(is_device) {
        return Err(fault("name-device", "has a component that is a device on Windows"));
    }
    if any(|name| name.ends_with(['.', ' '])) {
        return Err(fault(
            "name-trailing",
            "has a component that ends in a dot or a space, which Windows drops",
        ));
    }
    if path.starts_with("..") {
        return Err(fault("name-parent", "starts with `..`, which some readers treat as the parent folder"));
    }
    if !is_nfc(path) {
        return Err(fault(
            "name-encoding",
            "is not in Unicode's composed form (NFC), to which bsdtar changes it",
        ));
    }
    if path.starts_with('\u{feff}') {
        return Err(fault("name-encoding", "starts with a byte order mark, which some readers drop"));
    }
    if let Some((_, version)) = path.rsplit_once(';')
        && version.bytes().all(|digit| digit.is_ascii_digit())
    {
        return Err(fault("name-version", "ends in a VMS version such as `;1`, which unzip drops"));
    }
    Ok(())
}

/// Checks that a link leads to a path inside the package.
///
/// `..` is only allowed at the start of a target: after a name it could follow another link out.
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
    if target.contains("//") {
        return Err(fault(
            "symlink-target",
            "is a symbolic link to a path with two slashes, which 7-Zip turns into one",
        ));
    }
    let components: Vec<&str> = target.split('/').filter(|part| !matches!(*part, "" | ".")).collect();
    let ups = components.iter().take_while(|part| **part == "..").count();
    let depth = path.split('/').count() - 1;
    if components[ups..].contains(&"..") {
        let message =
            "is a symbolic link with `..` after a name, which can lead anywhere through another link";
        return Err(fault("symlink-escapes", message));
    }
    if ups > depth { escapes } else { Ok(()) }
}

/// Two paths that cannot both be unpacked on every system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Collision {
    /// What is wrong with the later one.
    pub fault: NameFault,
    /// The index of the later one.
    pub later: usize,
    /// The index of the one that it collides with.
    pub earlier: usize,
}

/// The first entry that collides with an earlier one: some reader or file system treats their paths as the
/// same, or one as a folder of the other.
///
/// Paths are compared after `fold`. A link counts as a file, so nothing can be written through one. A file and a
/// folder, or two folders, of which only the folded paths are the same do not collide: JARs have `LICENSE` and
/// `license/`. Where a file system folds case, readers end with an error, and bsdtar keeps the folder.
///
/// One folded path per entry is kept; when sorted, an entry comes right before its children.
pub fn first_collision<T>(
    entries: &[T],
    path_and_mode: impl Fn(&T) -> (&str, FileMode),
) -> Option<Collision> {
    let entry = |place: usize| path_and_mode(&entries[place]);
    let mut folded: Vec<(String, usize)> =
        (0..entries.len()).map(|place| (fold(entry(place).0), place)).collect();
    let mut has_apart = false;
    let first = first_of_neighbors(&mut folded, |one, other, same| {
        let relation = relation(entry(one), entry(other), same);
        has_apart |= matches!(relation, Relation::Apart);
        relation.fault()
    });
    if !has_apart {
        return first;
    }
    // An entry that is apart can be between two that collide: two files after folding, or two exact paths.
    let fault = |one, other, same| relation(entry(one), entry(other), same).fault();
    folded.retain(|(_, place)| entry(*place).1 != FileMode::Folder);
    let files = first_of_neighbors(&mut folded, fault);
    let mut exact: Vec<(&str, usize)> = (0..entries.len()).map(|place| (entry(place).0, place)).collect();
    let exact = first_of_neighbors(&mut exact, fault);
    [first, files, exact].into_iter().flatten().min_by_key(|collision| collision.later)
}

/// Sorts the paths; returns the collision with the earliest later entry, among neighbors of which the first is the same
/// path as the second (`true`) or a folder of it.
fn first_of_neighbors<P: AsRef<str>>(
    paths: &mut [(P, usize)],
    mut fault: impl FnMut(usize, usize, bool) -> Option<NameFault>,
) -> Option<Collision> {
    paths.sort_unstable_by(|a, b| by_component(a.0.as_ref(), b.0.as_ref()).then(a.1.cmp(&b.1)));
    let collisions = paths.windows(2).filter_map(|pair| {
        let [(first, one), (second, other)] = pair else { return None };
        let (first, second) = (first.as_ref(), second.as_ref());
        if first != second && !is_below(second, first) {
            return None;
        }
        let (later, earlier) = (*one.max(other), *one.min(other));
        fault(*one, *other, first == second).map(|fault| Collision { fault, later, earlier })
    });
    collisions.min_by_key(|collision| collision.later)
}

/// What an entry is to another that has the same path to some system, or is below its path.
enum Relation {
    /// A folder of the other.
    Above,
    /// Two places, except on a file system that folds.
    Apart,
    /// They cannot both be unpacked.
    Collides(NameFault),
}

impl Relation {
    fn fault(self) -> Option<NameFault> {
        if let Self::Collides(fault) = self { Some(fault) } else { None }
    }
}

/// The relation of an entry to another, with the same path or below it.
fn relation((path, mode): (&str, FileMode), (other, other_mode): (&str, FileMode), same: bool) -> Relation {
    use FileMode::{Folder, Link};
    let through_link = fault("write-through-symlink", "would be written through a symbolic link");
    Relation::Collides(match (mode, other_mode, same) {
        (Folder, _, false) => return Relation::Above,
        (Link, _, false) | (Link, Folder, true) | (Folder, Link, true) => through_link,
        (Folder, Folder, true) if path == other => fault("duplicate-name", "is a duplicate folder"),
        (_, _, false) | (Folder, _, true) | (_, Folder, true) => {
            if path != other && !is_below(other, path) {
                return Relation::Apart;
            }
            fault("name-collision", "is both a file and a folder")
        }
        _ if path == other => fault("duplicate-name", "is a duplicate"),
        _ => fault(
            "name-collision",
            "is the same name for readers or file systems that fold case or Unicode, or rewrite it",
        ),
    })
}

/// Orders paths so that a folder's entries follow it: a slash sorts before any other character.
fn by_component(a: &str, b: &str) -> Ordering {
    let key = |byte: u8| if byte == b'/' { 0 } else { byte };
    a.bytes().map(key).cmp(b.bytes().map(key))
}

fn is_below(path: &str, folder: &str) -> bool {
    path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'))
}

/// The path as the least exact reader or file system compares it:
///
/// - full case folding and canonical decomposition (Unicode 3.13, D145): macOS, Windows
/// - without invisible code points that HFS+ ignores
/// - `#Uxxxx` and `#Lxxxxxx` as the characters for which unzip writes them in some locales
/// - `<`, `>`, `"`, `|`, `?` and `*` as `_`, as 7-Zip and Python write them on Windows
pub fn fold(path: &str) -> String {
    let path = path.replace(['<', '>', '"', '|', '?', '*'], "_");
    let path = if path.contains('#') { unescaped(&path) } else { path };
    if path.is_ascii() {
        return path.to_ascii_lowercase();
    }
    path.chars().filter(|c| !is_ignored(*c)).nfd().default_case_fold().nfd().collect()
}

/// Default-ignorable code points (Unicode 5.21) and those that HFS+ ignores.
fn is_ignored(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}'
        | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fff8}'
        | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

/// The path with unzip's `#Uxxxx` and `#Lxxxxxx` replaced by their characters.
fn unescaped(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    let mut rest = path;
    while let Some(at) = rest.find('#') {
        let (before, from) = rest.split_at(at);
        let digits = match from.as_bytes().get(1) {
            Some(b'U') => 4,
            Some(b'L') => 6,
            _ => 0,
        };
        let digits = from.get(2..2 + digits).filter(|digits| digits.bytes().all(|b| b.is_ascii_hexdigit()));
        let number = digits.and_then(|digits| u32::from_str_radix(digits, 16).ok());
        let (written, length) = match (number.and_then(char::from_u32), digits) {
            (Some(c), Some(digits)) => (c, 2 + digits.len()),
            _ => ('#', 1),
        };
        out.push_str(before);
        out.push(written);
        rest = &from[length..];
    }
    out + rest
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
            ("..a", "name-parent"),
            ("\u{feff}a", "name-encoding"),
            ("e\u{301}", "name-encoding"),
            ("a;1", "name-version"),
            ("a/b;", "name-version"),
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
        for (path, code) in [
            ("n".repeat(256), "name-too-long"),
            (format!("{}x", "dd/".repeat(342)), "name-too-long"),
            (format!("{}x", "d/".repeat(256)), "name-too-deep"),
        ] {
            assert_eq!(check_path(&path).map_err(|fault| fault.code), Err(code), "{}", path.len());
        }
        for path in ["n".repeat(255), format!("{}x", "d/".repeat(255)), "0123456/".repeat(127) + "01234567"] {
            assert_eq!(check_path(&path), Ok(()), "{}", path.len());
        }
        for path in [
            "a",
            "a/b.c",
            ".hidden",
            "console",
            "com10",
            "naïve/☃",
            "a b",
            "null",
            "a;1/b",
            "a;b",
            "a;1x",
            "b/..a",
        ] {
            assert_eq!(check_path(path), Ok(()), "{path:?}");
        }
    }

    #[test]
    fn a_colon_is_named() {
        for path in ["a:b.py", "ab:c", "d/a:b"] {
            let message = check_path(path).unwrap_err().message;
            assert!(message.starts_with("has a `:` in a name"), "{path}: {message}");
        }
        for path in ["/a", "C:/a"] {
            assert!(check_path(path).unwrap_err().message.contains("absolute"), "{path}");
        }
        assert!(check_path("nul.txt").unwrap_err().message.ends_with("a device on Windows"));
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
            ("l", "a//b", false),
            ("l", "a/", true),
        ] {
            assert_eq!(check_link(path, target).is_ok(), inside, "{path} -> {target}");
        }
    }

    fn collision(entries: &[(&str, FileMode)]) -> Option<(&'static str, usize, usize)> {
        let found = first_collision(entries, |each| (each.0, each.1));
        found.map(|found| (found.fault.code, found.later, found.earlier))
    }

    #[test]
    fn names_that_some_system_takes_for_one_collide() {
        for (first, second) in [
            ("A.txt", "a.TXT"),
            ("caf\u{e9}", "cafe\u{301}"),
            ("straße", "STRASSE"),
            ("a", "a/b"),
            ("a", "a"),
            ("a\u{200c}b", "ab"),
            ("\u{feff}a/b", "A/B"),
            ("a?", "a_"),
            ("a*/x", "a|/x"),
            ("a#U00fc", "a\u{dc}"),
            ("a#L01f600", "a\u{1f600}"),
        ] {
            let pair = |first, second| collision(&[(first, FileMode::Regular), (second, FileMode::Regular)]);
            assert!(pair(first, second).is_some(), "{first} {second}");
            assert!(pair(second, first).is_some(), "{second} {first}");
        }
        let paths =
            ["a/b", "A/c", "a.b", "b/a", "a-", "b/a.b", "#U", "#Uzzzz", "#", "#Ud800", "x#u00fc", "x\u{fc}"];
        assert_eq!(collision(&paths.map(|path| (path, FileMode::Regular))), None);
    }

    #[test]
    fn a_collision_names_the_first_entry_that_cannot_go_beside_an_earlier_one() {
        let (file, link, folder) = (FileMode::Regular, FileMode::Link, FileMode::Folder);
        for (entries, expected) in [
            (&[("a", file), ("b", file), ("A", file)][..], Some(("name-collision", 2, 0))),
            (&[("a", file), ("a", file), ("A", file)], Some(("duplicate-name", 1, 0))),
            (&[("d", folder), ("d", folder)], Some(("duplicate-name", 1, 0))),
            (&[("d", folder), ("d/x", file), ("d", file)], Some(("name-collision", 2, 0))),
            (&[("l/x/y", file), ("l", link)], Some(("write-through-symlink", 1, 0))),
            (&[("l", link), ("L/x", folder)], Some(("write-through-symlink", 1, 0))),
            (&[("l", link), ("l", folder)], Some(("write-through-symlink", 1, 0))),
            (&[("l-x", file), ("l", link), ("l.x", file)], None),
            (&[("d/x", file), ("d", folder), ("d/x.y", file)], None),
        ] {
            assert_eq!(collision(entries), expected, "{entries:?}");
        }
    }

    #[test]
    fn a_file_and_a_folder_that_only_folding_makes_one_do_not_collide() {
        let (file, link, folder) = (FileMode::Regular, FileMode::Link, FileMode::Folder);
        for (entries, expected) in [
            (&[("META-INF/LICENSE", file), ("META-INF/license/x", file)][..], None),
            (&[("license/x", file), ("license", folder), ("LICENSE", file)], None),
            (&[("D", folder), ("d", folder), ("D/x", file), ("d/y", file)], None),
            // What hides a collision from its neighbor.
            (&[("L", file), ("l", folder), ("l", file)], Some(("name-collision", 2, 1))),
            (
                &[("L", file), ("l", folder), ("\u{2113}", file), ("\u{200c}l", file)],
                Some(("name-collision", 3, 0)),
            ),
            (&[("l", file), ("L/a", file), ("l/b", file)], Some(("name-collision", 2, 0))),
            (&[("l", folder), ("L", folder), ("l", folder)], Some(("duplicate-name", 2, 0))),
            (&[("L", file), ("l/a", file), ("L/B", file), ("l/b", file)], Some(("name-collision", 2, 0))),
            (&[("l/a", file), ("L", file), ("L/A", file)], Some(("name-collision", 2, 0))),
            (&[("l/a", file), ("L", link)], Some(("write-through-symlink", 1, 0))),
            (&[("l", folder), ("L", file), ("l", link)], Some(("name-collision", 2, 1))),
            (&[("x", folder), ("X", folder), ("X", link)], Some(("write-through-symlink", 2, 1))),
        ] {
            assert_eq!(collision(entries), expected, "{entries:?}");
        }
    }
}
