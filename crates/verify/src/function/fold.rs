//! The fold: a common form of ref names that a server could store in the same place.
//!
//! A ref is a file on many servers. A file system can fold case (NTFS, APFS, HFS+, ext4 with `casefold`),
//! compose and decompose characters (HFS+, APFS, ZFS), ignore invisible characters (HFS+, ext4), and drop
//! dots and spaces at the end of a name (NTFS). Names with the same fold count as the same ref when refs are
//! protected:
//!
//! 1. compatibility decomposition (NFKD),
//! 2. without default-ignorable code points (Unicode's `DerivedCoreProperties`, which include all that HFS+
//!    ignores),
//! 3. in upper case, and then fully case-folded: some systems treat `ı` and `İ` as `I`, and `ſ` as `S`,
//! 4. decomposed again, without a dot above that follows `i`,
//! 5. without dots and spaces at the end of each component.

use caseless::Caseless;
use unicode_normalization::UnicodeNormalization;

/// Default_Ignorable_Code_Point, Unicode 16.0.
const IGNORABLE: [(char, char); 17] = [
    ('\u{ad}', '\u{ad}'),
    ('\u{34f}', '\u{34f}'),
    ('\u{61c}', '\u{61c}'),
    ('\u{115f}', '\u{1160}'),
    ('\u{17b4}', '\u{17b5}'),
    ('\u{180b}', '\u{180f}'),
    ('\u{200b}', '\u{200f}'),
    ('\u{202a}', '\u{202e}'),
    ('\u{2060}', '\u{206f}'),
    ('\u{3164}', '\u{3164}'),
    ('\u{fe00}', '\u{fe0f}'),
    ('\u{feff}', '\u{feff}'),
    ('\u{ffa0}', '\u{ffa0}'),
    ('\u{fff0}', '\u{fff8}'),
    ('\u{1bca0}', '\u{1bca3}'),
    ('\u{1d173}', '\u{1d17a}'),
    ('\u{e0000}', '\u{e0fff}'),
];

/// The common form of a ref's name.
pub fn fold(name: &str) -> String {
    let folded = if name.is_ascii() {
        name.to_ascii_lowercase()
    } else {
        let shown = name.chars().nfkd().filter(|c| !is_ignorable(*c));
        let upper = shown.flat_map(char::to_uppercase);
        let folded = upper.nfd().default_case_fold().nfkd().filter(|c| !is_ignorable(*c));
        folded.collect::<String>().replace("i\u{307}", "i")
    };
    let mut components: Vec<&str> = folded.split('/').collect();
    for component in &mut components {
        *component = component.trim_end_matches(['.', ' ']);
    }
    components.join("/")
}

fn is_ignorable(c: char) -> bool {
    IGNORABLE.iter().any(|(first, last)| (*first..=*last).contains(&c))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_some_server_keeps_in_one_place_have_one_fold() {
        for (one, other) in [
            ("refs/heads/main", "refs/heads/MAIN"),
            ("refs/heads/main", "refs/Heads/Main"),
            ("refs/heads/main", "refs/heads./main"),
            ("refs/heads/main", "refs/heads/ma\u{200b}in"),
            ("refs/heads/main", "refs/heads/ma\u{ad}in"),
            ("refs/heads/main", "\u{feff}refs/heads/main\u{200d}"),
            ("refs/heads/main", "refs/he\u{e0061}ads/main"),
            ("refs/heads/main", "refs/heads/\u{ff4d}ain"),
            ("refs/heads/main", "refs/heads/ma\u{131}n"),
            ("refs/heads/main", "refs/heads/MA\u{130}N"),
            ("refs/heads/main", "refs/heads\u{ff0f}main"),
            ("refs/heads/main", "refs/heads/main\u{a0}"),
            ("refs/heads/caf\u{e9}", "refs/heads/CAFE\u{301}"),
            ("refs/heads/stra\u{df}e", "refs/heads/STRASSE"),
            ("refs/heads/\u{17f}tage", "refs/heads/stage"),
            ("refs/heads/\u{212a}eep", "refs/heads/keep"),
            ("refs/heads/\u{fb01}x", "refs/heads/fix"),
            ("refs/heads/\u{3c2}", "refs/heads/\u{3a3}"),
            ("refs/replace/aa", "refs/REPLACE/AA"),
        ] {
            assert_eq!(fold(one), fold(other), "{one} {other}");
        }
        for (one, other) in [
            ("refs/heads/main", "refs/heads/mein"),
            ("refs/heads/main", "refs/heads/main/x"),
            ("refs/heads/main", "refs/heads/.main"),
            ("refs/heads/caf\u{e9}", "refs/heads/cafe"),
            ("refs/heads/a.b", "refs/heads/ab"),
        ] {
            assert_ne!(fold(one), fold(other), "{one} {other}");
        }
    }

    #[test]
    fn a_fold_is_its_own_fold() {
        for first in ('\u{20}'..=char::MAX).step_by(7) {
            let once = fold(&format!("a{first}b/{first}"));
            assert_eq!(fold(&once), once, "{:x}", u32::from(first));
        }
    }
}
