//! Patterns of functions, refs and files, with a plain matcher as second reader.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;
use std::sync::OnceLock;

use countersign::function::{Pattern, Protected, Protection, RefPattern};
use countersign::name::ArtifactName;
use countersign::package::select::{self, Look, Outputs, Request};
use countersign::provenance::SelectionRecord;

/// Whether a text matches: `*` is any characters and `?`, where it counts, one.
fn matches(pattern: &[u8], text: &[u8], one: bool) -> bool {
    let mut reached = vec![false; text.len() + 1];
    reached[0] = true;
    for part in pattern {
        let mut next = vec![false; text.len() + 1];
        for at in 0..=text.len() {
            next[at] = match part {
                b'*' => reached[at] || (at > 0 && next[at - 1]),
                b'?' if one => at > 0 && reached[at - 1],
                byte => at > 0 && reached[at - 1] && text[at - 1] == *byte,
            };
        }
        reached = next;
    }
    reached[text.len()]
}

/// The first line and the second are patterns, the others names.
pub fn pattern(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let mut lines = text.split('\n');
    let mut next = || lines.next()?.parse::<Pattern>().ok();
    let (Some(first), Some(second)) = (next(), next()) else { return };
    assert_eq!(first.to_string().parse(), Ok(first.clone()));
    assert!(first.covers(&first) && second.covers(&second), "a pattern covers itself");
    let covers = first.covers(&second);
    for name in lines.take(20).filter_map(|name| name.parse::<ArtifactName>().ok()) {
        for pattern in [&first, &second] {
            let expected = matches(pattern.as_str().as_bytes(), name.as_str().as_bytes(), true);
            assert_eq!(pattern.matches(&name), expected, "{pattern} {name}");
        }
        assert!(!covers || !second.matches(&name) || first.matches(&name), "{first} {second} {name}");
    }
}

pub fn pattern_seeds() -> Vec<Vec<u8>> {
    super::texts(&["a*c\na?*c\nabc\nac\nabbc\n", "*\n?*\na\n", "orders-*\norders-eu-?\norders-eu-1\n"])
}

/// The first line is a pattern, the others are refs.
pub fn ref_pattern(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let mut lines = text.split('\n');
    let Some(pattern) = lines.next().and_then(|line| line.parse::<RefPattern>().ok()) else { return };
    assert_eq!(pattern.to_string().parse(), Ok(pattern.clone()));
    for name in lines.take(20) {
        let protection = Protection::of(std::slice::from_ref(&pattern));
        let matched = protection.of_ref(name) != Protected::No;
        let lower = |text: &str| text.to_ascii_lowercase().into_bytes();
        // Names that some server takes for one match too, so the other direction is not for this matcher to say.
        assert!(matched || !matches(&lower(pattern.as_str()), &lower(name), false), "{pattern} {name}");
    }
}

pub fn ref_pattern_seeds() -> Vec<Vec<u8>> {
    super::texts(&[
        "refs/heads/main\nrefs/heads/main\nrefs/heads/MAIN\nrefs/heads/x\n",
        "refs/tags/v*\nrefs/tags/v1\nrefs/tags/v/2\nrefs/heads/..\n",
        "refs/*/é*\nrefs/heads/E\u{301}x\n",
    ])
}

/// Lines are patterns that include or, after a tab, exclude: never more files than without them.
pub fn filter(bytes: &[u8]) {
    static FOLDER: OnceLock<(tempfile::TempDir, PathBuf)> = OnceLock::new();
    let (_, folder) = FOLDER.get_or_init(|| {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let content = folder.path().join("content");
        for path in ["a.py", "b.md", "src/a.py", "src/lib/c.txt", "[x]/{y}", ".hidden"] {
            let path = content.join(path);
            fs::create_dir_all(path.parent().unwrap_or(&content)).expect("a folder can be made");
            fs::write(path, "x").expect("a file can be written");
        }
        (folder, content)
    });
    let text = String::from_utf8_lossy(bytes);
    let (mut include, mut exclude) = (Vec::new(), Vec::new());
    for line in text.split('\n').take(50) {
        match line.strip_prefix('\t') {
            Some(line) => exclude.push(line.to_owned()),
            None => include.push(line.to_owned()),
        }
    }
    let rules = SelectionRecord { include, exclude, untracked: true, ignored: false };
    let request =
        Request { folder, rules: &rules, outputs: &Outputs::default(), allow_secrets: &BTreeSet::new() };
    match select::select(&Look::outside(), &request) {
        Ok(selection) => assert!(selection.candidates.len() <= 6),
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}

pub fn filter_seeds() -> Vec<Vec<u8>> {
    super::texts(&["src/**\n\t*.md\n", "!a.py\n*\n", "/[ab].py\n\t{a,b}/\n", "\\[x\\]/\n# c\n\n"])
}
