//! Names that HFS+ or NTFS treat as `.git`, as in git's `utf8.c` and `path.c`.

/// Characters that HFS+ ignores in names (`next_hfs_char` in git's `utf8.c`).
const HFS_IGNORED: [std::ops::RangeInclusive<char>; 4] =
    ['\u{200c}'..='\u{200f}', '\u{202a}'..='\u{202e}', '\u{206a}'..='\u{206f}', '\u{feff}'..='\u{feff}'];

/// Whether some file system treats a name as `.git`.
///
/// A backslash separates names on Windows, so each part of the name counts.
pub fn is_dotgit(name: &[u8]) -> bool {
    hfs(name) == ".git" || name.split(|byte| *byte == b'\\').any(|part| ntfs(part, &[".git", "git~1"]))
}

/// Whether some file system treats a name as `.gitmodules`, including its NTFS short names.
pub fn is_dotgitmodules(name: &[u8]) -> bool {
    let is_short = |part: &[u8]| {
        let text = String::from_utf8_lossy(part).to_ascii_lowercase();
        text.split_once('~').is_some_and(|(head, tail)| {
            tail.starts_with(|first: char| first.is_ascii_digit())
                && (head == "gitmod" || "gi7eba".starts_with(head))
        })
    };
    let part = |part: &[u8]| ntfs(part, &[".gitmodules"]) || is_short(part);
    hfs(name) == ".gitmodules" || name.split(|byte| *byte == b'\\').any(part)
}

/// A name as HFS+ compares it; git ends the name at the first byte that is not UTF-8.
fn hfs(name: &[u8]) -> String {
    let text = match std::str::from_utf8(name) {
        Ok(text) => text,
        Err(error) => std::str::from_utf8(&name[..error.valid_up_to()]).unwrap_or_default(),
    };
    let is_ignored = |c: &char| HFS_IGNORED.iter().any(|range| range.contains(c));
    let ends = |c: &char| matches!(c, '\u{fffe}' | '\u{ffff}');
    text.chars().take_while(|c| !ends(c)).filter(|c| !is_ignored(c)).map(|c| c.to_ascii_lowercase()).collect()
}

/// Whether NTFS treats a name as one of these. It ignores case, trailing dots and spaces, and everything
/// after a colon.
fn ntfs(name: &[u8], known: &[&str]) -> bool {
    let name = name.split(|byte| *byte == b':').next().unwrap_or_default();
    let end = name.iter().rposition(|byte| !matches!(byte, b'.' | b' ')).map_or(0, |last| last + 1);
    known.iter().any(|known| name[..end].eq_ignore_ascii_case(known.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_the_names_that_file_systems_take_for_git() {
        for name in [
            ".git",
            ".GIT",
            ".git ",
            ".git. .",
            "git~1",
            "GIT~1.",
            ".git:x",
            ".git::$INDEX_ALLOCATION",
            "a\\.git",
            ".git\\b",
            ".g\u{200c}it",
            "\u{feff}.git",
            ".git\u{200d}",
            ".git\u{fffe}",
        ] {
            assert!(is_dotgit(name.as_bytes()), "{name:?}");
        }
        assert!(is_dotgit(b".git\xff") && is_dotgit(b".git\xffx"));
        for name in [".gitignore", "git", ".gi", "git~2", ".git-x", "x.git", ".g\u{301}it", ". git", "..git"]
        {
            assert!(!is_dotgit(name.as_bytes()), "{name:?}");
        }
        for name in
            [".gitmodules", ".GITMODULES. ", "gitmod~1", "gi7eba~1", "gi7eb~10", ".gitmo\u{200d}dules"]
        {
            assert!(is_dotgitmodules(name.as_bytes()), "{name:?}");
        }
        for name in [".gitmodule", "gitmod", "gitmod~x", ".gitignore", "other~1"] {
            assert!(!is_dotgitmodules(name.as_bytes()), "{name:?}");
        }
    }
}
