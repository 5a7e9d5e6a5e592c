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
    if path.len() > PATH_BYTES_MAX || any(|name| name.len() > NAME_BYTES_MAX) {
        return Err(fault("name-too-long", "is too long, or has a component that is too long"));
    }
    if path.split('/').count() > PATH_DEPTH_MAX {
        return Err(fault("name-too-deep", "is in too many nested folders"));
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
        return Err(fault("name-backslash", "contains a backslash, which is a separator on Windows"));
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
    if ups > depth || components[ups..].contains(&"..") { escapes } else { Ok(()) }
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
/// Paths are compared after `fold`. A link counts as a file, so nothing can be written through one. One
/// folded path per entry is kept; when sorted, an entry comes right before its children.
pub fn first_collision<T>(
    entries: &[T],
    path_and_mode: impl Fn(&T) -> (&str, FileMode),
) -> Option<Collision> {
    let mut folded: Vec<(String, usize)> =
        entries.iter().enumerate().map(|(place, entry)| (fold(path_and_mode(entry).0), place)).collect();
    folded.sort_unstable_by(|a, b| by_component(&a.0, &b.0).then(a.1.cmp(&b.1)));
    let collisions = folded.windows(2).filter_map(|pair| {
        let [(first, one), (second, other)] = pair else { return None };
        let (path, mode) = path_and_mode(&entries[*one]);
        let (later, earlier) = (*one.max(other), *one.min(other));
        let fault = if first == second {
            same_name((path, mode), path_and_mode(&entries[*other]))
        } else if mode != FileMode::Folder && is_below(second, first) {
            file_and_folder(mode)
        } else {
            return None;
        };
        Some(Collision { fault, later, earlier })
    });
    collisions.min_by_key(|collision| collision.later)
}

/// Orders paths so that a folder's entries follow it: a slash sorts before any other character.
fn by_component(a: &str, b: &str) -> Ordering {
    let key = |byte: u8| if byte == b'/' { 0 } else { byte };
    a.bytes().map(key).cmp(b.bytes().map(key))
}

fn is_below(path: &str, folder: &str) -> bool {
    path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'))
}

fn same_name((path, mode): (&str, FileMode), (other, other_mode): (&str, FileMode)) -> NameFault {
    match (mode, other_mode) {
        (FileMode::Folder, FileMode::Folder) => fault("duplicate-name", "is a duplicate folder"),
        (FileMode::Folder, file) | (file, FileMode::Folder) => file_and_folder(file),
        _ if path == other => fault("duplicate-name", "is a duplicate"),
        _ => fault(
            "name-collision",
            "is the same name for readers or file systems that fold case or Unicode, or rewrite it",
        ),
    }
}

fn file_and_folder(mode: FileMode) -> NameFault {
    match mode {
        FileMode::Link => fault("write-through-symlink", "would be written through a symbolic link"),
        _ => fault("name-collision", "is both a file and a folder"),
    }
}

/// The path as the least exact reader or file system compares it:
///
/// - full case folding and canonical decomposition (Unicode 3.13, D145): macOS, Windows
/// - without invisible code points that HFS+ ignores
/// - `#Uxxxx` and `#Lxxxxxx` as the characters for which unzip writes them in some locales
/// - `<`, `>`, `"`, `|`, `?` and `*` as `_`, as 7-Zip and Python write them on Windows
fn fold(path: &str) -> String {
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
            ("a", "A/b"),
            ("a/b", "A"),
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
            (&[("d", folder), ("D", folder)], Some(("duplicate-name", 1, 0))),
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
}
