//! Words: do texts that people read avoid the words of `CONTRIBUTING.md`, "Words"?

use std::fs;
use std::path::{Path, PathBuf};

/// Words to avoid, what to write instead, and where the words are fine.
///
/// Words match whole, in any case, and across line breaks.
const AVOIDED: &[(&str, &str, &[&str])] = &[
    ("anybody", "any user", &[]),
    ("beside", "next to", &[]),
    ("bring along", "copy", &[]),
    ("bring here", "fetch, download", &[]),
    ("bring up to date", "update", &[]),
    ("brings", "fetches, downloads, adds", &[]),
    ("brought", "fetched, downloaded, copied", &[]),
    ("but for", "except", &[]),
    ("by hand", "manually", &[]),
    ("everybody", "every user", &[]),
    ("hereby", "cut it", &[]),
    ("held against", "compared with", &[]),
    ("hold against", "compare with", &[]),
    ("holds against", "compares with", &[]),
    ("in AWS's words", "for AWS", &[]),
    ("into AWS's words", "for AWS", &[]),
    ("is no", "is not a", &["there is no", "is no longer"]),
    ("is not there", "does not exist", &[]),
    ("is there already", "already exists", &[]),
    ("lies in", "is in", &[]),
    ("look at", "review, show, list", &[]),
    ("looks at", "reads, checks", &[]),
    ("meanwhile", "cut it", &[]),
    ("mend", "fix", &[]),
    ("mended", "fixed", &[]),
    ("mends", "fixes", &[]),
    ("names no", "does not name a", &[]),
    ("nobody", "no one who …, no user", &[]),
    ("of its own", "its own, separate", &[]),
    ("of their own", "their own, separate", &[]),
    ("of your own", "your own, separate", &[]),
    ("one a command", "one per command", &[]),
    ("one a core", "one per core", &[]),
    ("one a line", "one per line", &[]),
    ("somebody", "another user", &[]),
    ("thereby", "cut it", &[]),
    ("what is there", "what exists", &[]),
    ("whoever", "the signer, anyone with …", &[]),
];

/// The text in lower case as words and marks with single spaces between, so that words match across lines.
fn plain(text: &str) -> String {
    let mut spaced = String::from(" ");
    for c in text.to_lowercase().chars() {
        match c {
            '.' | ',' | ';' | ':' | '|' | '(' | ')' => spaced.extend([' ', c, ' ']),
            '\'' => spaced.push(c),
            c if c.is_alphanumeric() => spaced.push(c),
            _ => spaced.push(' '),
        }
    }
    format!(" {} ", spaced.split_whitespace().collect::<Vec<_>>().join(" "))
}

/// What is wrong with a text, as `words: instead`.
fn faults(text: &str) -> Vec<String> {
    let text = plain(text);
    let count = |words: &str| text.matches(&plain(words)).count();
    let wrong = |(words, _, fine): &&(&str, &str, &[&str])| {
        count(words) > fine.iter().map(|fine| count(fine)).sum::<usize>()
    };
    AVOIDED.iter().filter(wrong).map(|(words, instead, _)| format!("`{words}`: write {instead}")).collect()
}

/// The page without its transcripts, which show the program's words, and without the table of words to avoid.
fn prose(page: &str) -> String {
    let (mut transcript, mut table) = (false, false);
    let mut kept = String::new();
    for line in page.lines() {
        if line.starts_with("```") {
            transcript = line == "```console";
        }
        table = line.starts_with("| avoid |") || (table && line.starts_with('|'));
        if !transcript && !table {
            kept.push_str(line);
            kept.push('\n');
        }
    }
    kept
}

#[test]
fn words_match_whole_and_across_lines() {
    assert_eq!(
        faults("Whoever mends\nit, by\nhand"),
        ["`by hand`: write manually", "`mends`: write fixes", "`whoever`: write the signer, anyone with …"]
    );
    assert_eq!(faults("there is no manifest; it is no longer amended, and what it is. No other").len(), 0);
    assert_eq!(faults("`x` is no manifest, and there is no other"), ["`is no`: write is not a"]);
}

/// The files below a folder of the repository.
fn files(folder: &str) -> impl Iterator<Item = PathBuf> {
    let found = walkdir::WalkDir::new(Path::new(env!("CARGO_MANIFEST_DIR")).join(folder));
    found.into_iter().map(|entry| entry.unwrap().into_path()).filter(|path| path.is_file())
}

#[test]
fn docs_and_scripts_are_in_plain_words() {
    let pages = ["crates", "docs", "tests/vectors"].into_iter().flat_map(files);
    let pages = pages.filter(|path| path.extension().is_some_and(|ending| ending == "md"));
    let schemas = files("docs").filter(|path| path.extension().is_some_and(|ending| ending == "json"));
    let scripts = [".github/action", "examples", "hooks"].into_iter().flat_map(files);
    let others = ["README.md", "CHANGELOG.md", "CONTRIBUTING.md", "action.yml", ".pre-commit-hooks.yaml"];
    let others = others.map(|page| Path::new(env!("CARGO_MANIFEST_DIR")).join(page));
    let all: Vec<_> = pages.chain(schemas).chain(scripts).chain(others).collect();
    assert!(all.len() > 30, "where are the docs?");
    let wrong: Vec<_> = all
        .iter()
        .flat_map(|page| {
            let text = prose(&fs::read_to_string(page).unwrap());
            faults(&text).into_iter().map(move |fault| format!("{}: {fault}", page.display()))
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The texts of a source file that people read: string literals, and doc comments if they are help.
fn shown(code: &str, help: bool) -> String {
    let mut texts = String::new();
    let mut rest = code;
    while let Some(at) = rest.find(['"', '\'', '/']) {
        let (before, from) = rest.split_at(at);
        if let Some(comment) = from.strip_prefix("//") {
            let end = comment.find('\n').unwrap_or(comment.len());
            if let Some(line) = comment[..end].strip_prefix('/').filter(|_| help) {
                texts.push_str(line);
                texts.push('\n');
            }
            rest = &comment[end..];
        } else if let Some(literal) = from.strip_prefix('"') {
            let hashes = before.len() - before.trim_end_matches('#').len();
            let raw = before.trim_end_matches('#').ends_with('r') && (hashes > 0 || before.ends_with('r'));
            let close = format!("\"{}", "#".repeat(hashes));
            let escaped =
                |at: usize| !raw && literal[..at].bytes().rev().take_while(|b| *b == b'\\').count() % 2 == 1;
            let end = literal.match_indices(&close).map(|(at, _)| at).find(|at| !escaped(*at));
            let end = end.unwrap_or(literal.len());
            // The next text is another: words do not match across the mark.
            texts.push_str(&literal[..end].replace("\\n", "\n").replace("\\\"", " "));
            texts.push_str(" | ");
            rest = literal.get(end + close.len()..).unwrap_or_default();
        } else if let Some(quote) =
            ["'\"'", "'\\''", "'/'", "'\\\\'"].iter().find(|quote| from.starts_with(**quote))
        {
            rest = &from[quote.len()..];
        } else {
            rest = &from[1..];
        }
    }
    texts
}

#[test]
fn texts_are_found_in_code() {
    let code = r##"
        /// Help
        // why
        fn f() { ('"', '\'', "a \"b\" \\", r#"c " d"#, "https://e", b"f") }
    "##;
    assert_eq!(plain(&shown(code, true)), " help a b | c d | https : e | f | ");
    assert_eq!(plain(&shown(code, false)), " a b | c d | https : e | f | ");
}

#[test]
fn messages_and_help_are_in_plain_words() {
    let wrong: Vec<_> = super::all_sources()
        .iter()
        .filter(|path| !path.ends_with("tests.rs") && !path.ends_with("sample.rs"))
        .flat_map(|path| {
            let help = path.components().any(|part| part.as_os_str() == "bin");
            let found = faults(&shown(&super::text_of(path), help));
            found.into_iter().map(move |fault| format!("{}: {fault}", path.display()))
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
