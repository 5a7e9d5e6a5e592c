//! Tidy: do the floors hold, and does each file say what it is for?

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use countersign::report::catalogue::RULES;

/// The library's modules by floor, lowest first. A module imports only from floors below its own.
const FLOORS: [&[&str]; 6] = [
    &["arn", "digest", "inventory", "limits", "name", "parallel", "pin", "provenance", "shown", "time"],
    &["crypto", "document", "files", "git", "report"],
    &[
        "account",
        "csc",
        "function",
        "layer",
        "ledger",
        "manifest",
        "metrics",
        "package",
        "plan",
        "profile",
        "revocation",
        "stackset",
        "workspace",
    ],
    &["policy"],
    &["exchange", "graph", "init", "monitor", "record", "rollout", "sign", "verify"],
    &["audit", "gate", "hook"],
];

/// What a module may import from its own floor; each pair is (importer, imported), and there is no way back.
const SAME_FLOOR: &[(&str, &str)] = &[
    ("arn", "name"),
    ("arn", "shown"),
    ("audit", "gate"),
    ("digest", "limits"),
    ("git", "files"),
    ("hook", "gate"),
    ("inventory", "digest"),
    ("metrics", "csc"),
    ("name", "shown"),
    ("parallel", "limits"),
    ("pin", "digest"),
    ("record", "verify"),
    ("shown", "limits"),
    ("sign", "verify"),
    ("stackset", "csc"),
];

fn sources(folder: &str) -> Vec<PathBuf> {
    let files = walkdir::WalkDir::new(Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)).sort_by_file_name();
    let files = files.into_iter().map(|entry| entry.unwrap().into_path());
    files.filter(|path| path.extension().is_some_and(|ending| ending == "rs")).collect()
}

/// The top-level module that a file of the library belongs to.
fn module(path: &Path) -> String {
    let relative = path.strip_prefix(Path::new(env!("CARGO_MANIFEST_DIR")).join("src")).unwrap();
    let first = relative.components().next().unwrap().as_os_str().to_string_lossy().into_owned();
    first.trim_end_matches(".rs").to_owned()
}

/// The top-level modules that a text names after `crate::`, in use trees too.
fn imports(text: &str) -> Vec<String> {
    let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
    let code = code.collect::<Vec<_>>().join("\n");
    let after = code.split("crate::").skip(1);
    let name =
        |rest: &str| rest.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect::<String>();
    after
        .flat_map(|rest| match rest.strip_prefix('{') {
            Some(tree) => tree
                .split_once('}')
                .map_or(vec![], |(tree, _)| tree.split(',').map(|part| name(part.trim())).collect()),
            None => vec![name(rest)],
        })
        .collect()
}

#[test]
fn imports_go_down() {
    let floor: BTreeMap<&str, usize> = FLOORS
        .iter()
        .enumerate()
        .flat_map(|(n, modules)| modules.iter().map(move |module| (*module, n)))
        .collect();
    let mut wrong = Vec::new();
    for path in sources("src") {
        let own = module(&path);
        if matches!(own.as_str(), "lib" | "bin") {
            continue;
        }
        let own_floor = *floor.get(own.as_str()).unwrap_or_else(|| panic!("`{own}` stands on no floor"));
        for import in imports(&fs::read_to_string(&path).unwrap()) {
            let Some(imported) = floor.get(import.as_str()) else { continue };
            let allowed = import == own
                || *imported < own_floor
                || SAME_FLOOR.contains(&(own.as_str(), import.as_str()));
            if !allowed {
                wrong.push(format!(
                    "{}: `{own}` (floor {own_floor}) imports `{import}` (floor {imported})",
                    path.display()
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_module_stands_on_a_floor_and_in_the_table_of_contents() {
    let contents = include_str!("../src/lib.rs");
    for module in FLOORS.concat() {
        assert!(contents.contains(&format!("pub mod {module};")), "`{module}` is not in lib.rs");
    }
    assert_eq!(contents.matches("pub mod ").count(), FLOORS.concat().len());
}

#[test]
fn every_file_says_what_it_is_for() {
    for folder in ["src", "tests", "benches", "fuzz/src", "fuzz/fuzz_targets"] {
        for path in sources(folder) {
            let text = fs::read_to_string(&path).unwrap();
            assert!(text.starts_with("//! "), "{} does not begin with `//!`", path.display());
        }
    }
}

#[test]
fn the_library_prints_nothing_and_reads_no_clock() {
    for path in sources("src") {
        let text = fs::read_to_string(&path).unwrap();
        if module(&path) == "bin" {
            continue;
        }
        let code = text.split("#[cfg(test)]").next().unwrap();
        for word in [
            "println!",
            "eprintln!",
            "print!(",
            "std::env::var",
            "SystemTime::now",
            "Instant::now",
            "anyhow",
            "clap",
        ] {
            assert!(!code.contains(word), "{} uses {word}", path.display());
        }
    }
}

/// The files of the library that open or start something themselves, and what.
const OPENERS: [(&str, &[&str]); 3] = [
    ("File::open(", &["files/mod.rs"]),
    ("Command::new(", &["files/program.rs"]),
    (
        "OpenOptions::new(",
        &["files/read.rs", "gate/sealed.rs", "ledger.rs", "metrics/journal.rs", "policy/fetch/cache.rs"],
    ),
];

#[test]
fn one_place_opens_files_for_reading_and_one_starts_programs() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    for path in sources("src") {
        let text = fs::read_to_string(&path).unwrap();
        if module(&path) == "bin" {
            continue;
        }
        let name = path.strip_prefix(&root).unwrap().to_string_lossy().replace('\\', "/");
        if name.ends_with("/tests.rs") {
            continue;
        }
        let code = text.split("#[cfg(test)]").next().unwrap();
        for (word, allowed) in OPENERS {
            // A maker of commands for a report is none of programs.
            let starts = code.contains(word) && !(word == "Command::new(" && name == "report/github.rs");
            assert!(!starts || allowed.contains(&name.as_str()), "{name} uses {word}");
        }
        for word in ["fs::read(", "fs::read_to_string(", "File::options("] {
            assert!(!code.contains(word) || name == "files/mod.rs", "{name} uses {word}");
        }
    }
}

#[test]
fn one_place_parses_documents() {
    for path in sources("src") {
        let text = fs::read_to_string(&path).unwrap();
        let code = text.split("#[cfg(test)]").next().unwrap();
        // Plans and answers of the cloud are counted while they are read.
        let is_place =
            matches!(module(&path).as_str(), "document" | "plan") || path.ends_with("audit/answer.rs");
        for word in ["toml::from_str", "serde_json::from_slice(", "serde_json::from_str(", "from_slice::<"] {
            let own = path.ends_with("command/inspect.rs");
            assert!(is_place || own || !code.contains(word), "{} uses {word}", path.display());
        }
    }
}

#[test]
fn only_crypto_names_the_curve_and_only_digest_the_hash() {
    for path in sources("src") {
        let text = fs::read_to_string(&path).unwrap();
        for (word, owner) in [("p384::", "crypto"), ("ecdsa::", "crypto"), ("sha2::", "digest")] {
            assert!(module(&path) == owner || !text.contains(word), "{} names {word}", path.display());
        }
    }
}

#[test]
fn only_the_audit_verifies_by_the_equation_of_ours() {
    let named = |word: &str| {
        let names = |path: &PathBuf| fs::read_to_string(path).unwrap().contains(word);
        sources("src").iter().filter(|path| names(path)).map(|path| module(path)).collect::<BTreeSet<_>>()
    };
    assert_eq!(named("Many::default"), BTreeSet::from(["audit".to_owned()]));
    assert_eq!(named("verify::audit("), BTreeSet::from(["audit".to_owned()]));
    assert_eq!(named("Audited"), BTreeSet::from(["audit", "crypto", "gate", "verify"].map(str::to_owned)));
    assert_eq!(named("Verifier::Many"), BTreeSet::from(["verify".to_owned()]));
}

/// What makes a finding, or what becomes one; the code is the first word among the arguments.
const MAKERS: [&str; 6] = ["Finding::new", "mismatch", "integrity", "malformed", "entry_fault", "fault"];

/// The texts in the code that are made like a finding's code: words in lower case with hyphens.
fn words(code: &str) -> Vec<&str> {
    let is_word = |text: &&str| {
        !text.is_empty() && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
    };
    code.split('"').skip(1).step_by(2).filter(is_word).collect()
}

/// The arguments of each call of a maker.
fn calls<'a>(code: &'a str, maker: &str) -> Vec<&'a str> {
    let call = |(at, _): (usize, &str)| {
        let before = code[..at].chars().next_back().unwrap_or(' ');
        let is_call = !(before.is_alphanumeric() || before == '_' || code[..at].ends_with("fn "));
        let arguments = &code[at + maker.len() + 1..];
        let depth = |depth: &mut usize, c: char| {
            *depth = if c == '(' { *depth + 1 } else { *depth - usize::from(c == ')') };
            Some(*depth)
        };
        let end = arguments.chars().scan(1, depth).take_while(|depth| *depth > 0).count();
        let end = arguments.char_indices().nth(end).map_or(arguments.len(), |(end, _)| end);
        is_call.then(|| &arguments[..end])
    };
    code.match_indices(&format!("{maker}(")).filter_map(call).collect()
}

#[test]
fn the_catalogue_holds_every_code_and_no_other() {
    let known: BTreeSet<&str> = RULES.iter().map(|rule| rule.code).collect();
    assert_eq!(known.len(), RULES.len(), "a code is there twice");
    let texts: Vec<_> = sources("src")
        .into_iter()
        // Plans are read in words of their own.
        .filter(|path| !matches!(module(path).as_str(), "bin" | "plan"))
        .filter(|path| !path.ends_with("report/catalogue.rs"))
        .map(|path| (fs::read_to_string(&path).unwrap(), path))
        .collect();
    let mut said = BTreeSet::new();
    let mut unknown = Vec::new();
    for (text, path) in &texts {
        let code = text.split("#[cfg(test)]").next().unwrap();
        let calls: Vec<&str> = MAKERS.iter().flat_map(|maker| calls(code, maker)).collect();
        // Some codes are chosen before the call: beside calls, every text with a hyphen is one.
        let makes = !calls.is_empty() || path.parent().is_some_and(|folder| folder.ends_with("package/read"));
        let beside = words(code).into_iter().filter(|word| word.contains('-') && makes);
        let given = calls.iter().filter_map(|arguments| words(arguments).first().copied());
        let missing = given.chain(beside).filter(|word| !known.contains(word));
        unknown.extend(missing.map(|word| format!("{}: `{word}`", path.display())));
        said.extend(words(code));
    }
    assert!(unknown.is_empty(), "not in `report::catalogue`:\n{}", unknown.join("\n"));
    let unused: Vec<_> = known.difference(&said).collect();
    assert!(unused.is_empty(), "no finding has the code: {unused:?}");
}
