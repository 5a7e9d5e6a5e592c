//! Tidy: do the floors hold, does each file say what it is for, and are texts in plain words?

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[path = "tidy/words.rs"]
mod words;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use countersign::report::catalogue::RULES;

/// The modules of the trusted core by floor, lowest first. A module imports only from floors below its own.
const CORE: [&[&str]; 5] = [
    &[
        "arn",
        "digest",
        "hint",
        "inventory",
        "limits",
        "name",
        "parallel",
        "pin",
        "provenance",
        "shown",
        "time",
    ],
    &["crypto", "document", "files", "report", "statement"],
    &["account", "csc", "function", "layer", "ledger", "manifest", "package", "profile", "revocation"],
    &["policy", "verify"],
    &["gate"],
];

/// The same of the library around it, which may import all of the core.
const FLOORS: [&[&str]; 5] = [
    &["crypto", "files", "git", "random", "report", "shard"],
    &["manifest", "metrics", "package", "plan", "stackset", "workspace"],
    &["policy"],
    &["changed", "exchange", "graph", "init", "monitor", "record", "rollout", "sign", "source"],
    &["audit", "gate", "hook"],
];

/// What a module may import from its own floor; each pair is (importer, imported), and there is no way back.
const CORE_SAME_FLOOR: &[(&str, &str)] = &[
    ("arn", "name"),
    ("arn", "shown"),
    ("digest", "limits"),
    ("inventory", "digest"),
    ("name", "shown"),
    ("parallel", "limits"),
    ("pin", "digest"),
    ("shown", "limits"),
    ("verify", "policy"),
];

/// The same of the library around the core.
const SAME_FLOOR: &[(&str, &str)] = &[
    ("audit", "gate"),
    ("changed", "source"),
    ("git", "files"),
    ("hook", "gate"),
    ("report", "shard"),
    ("workspace", "package"),
];

/// Where the sources of the core and of the library and the program around it are.
const SOURCES: [&str; 2] = ["crates/verify/src", "src"];

fn all_sources() -> Vec<PathBuf> {
    SOURCES.into_iter().flat_map(sources).collect()
}

fn sources(folder: &str) -> Vec<PathBuf> {
    let files = walkdir::WalkDir::new(Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)).sort_by_file_name();
    let files = files.into_iter().map(|entry| entry.unwrap().into_path());
    files.filter(|path| path.extension().is_some_and(|ending| ending == "rs")).collect()
}

/// A file without its unit tests; nothing of one that has only tests.
fn text_of(path: &Path) -> String {
    let text = fs::read_to_string(path).unwrap();
    if text.contains("#![cfg(test)]") {
        return String::new();
    }
    text.split("#[cfg(test)]").next().unwrap().to_owned()
}

/// The same without comments.
fn code_of(path: &Path) -> String {
    let is_code = |line: &&str| !line.trim_start().starts_with("//");
    text_of(path).lines().filter(is_code).map(|line| format!("{line}\n")).collect()
}

/// A file's path in the folder of sources that it is in.
fn relative(path: &Path) -> String {
    let own = SOURCES
        .into_iter()
        .find_map(|folder| path.strip_prefix(Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)).ok());
    own.unwrap().to_string_lossy().replace('\\', "/")
}

/// The top-level module that a file of the library belongs to.
fn module(path: &Path) -> String {
    relative(path).split('/').next().unwrap().trim_end_matches(".rs").to_owned()
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

/// The imports of a folder that do not go down its floors. What is on none of them is imported from elsewhere.
fn upward(folder: &str, floors: &[&[&str]], same_floor: &[(&str, &str)]) -> Vec<String> {
    let floor: BTreeMap<&str, usize> = floors
        .iter()
        .enumerate()
        .flat_map(|(n, modules)| modules.iter().map(move |module| (*module, n)))
        .collect();
    let mut wrong = Vec::new();
    for path in sources(folder) {
        let own = module(&path);
        if matches!(own.as_str(), "lib" | "bin") {
            continue;
        }
        let own_floor = *floor.get(own.as_str()).unwrap_or_else(|| panic!("`{own}` is on no floor"));
        for import in imports(&fs::read_to_string(&path).unwrap()) {
            let Some(imported) = floor.get(import.as_str()) else { continue };
            let allowed = import == own
                || *imported < own_floor
                || same_floor.contains(&(own.as_str(), import.as_str()));
            if !allowed {
                wrong.push(format!(
                    "{}: `{own}` (floor {own_floor}) imports `{import}` (floor {imported})",
                    path.display()
                ));
            }
        }
    }
    wrong
}

#[test]
fn imports_go_down() {
    let wrong =
        [upward("crates/verify/src", &CORE, CORE_SAME_FLOOR), upward("src", &FLOORS, SAME_FLOOR)].concat();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_module_is_on_a_floor_and_in_the_table_of_contents() {
    let core = include_str!("../crates/verify/src/lib.rs");
    for (contents, modules) in [(core, CORE.concat()), (include_str!("../src/lib.rs"), FLOORS.concat())] {
        for module in &modules {
            assert!(contents.contains(&format!("pub mod {module};")), "`{module}` is not in lib.rs");
        }
        assert_eq!(contents.matches("pub mod ").count(), modules.len());
    }
}

/// What the trusted core must not depend on, at any depth: git, ignore rules, the command line, writing, a runtime.
const NOT_IN_CORE: [&str; 12] = [
    "git2",
    "libgit2-sys",
    "ignore",
    "walkdir",
    "clap",
    "anyhow",
    "tempfile",
    "libdeflater",
    "openssl-sys",
    "tokio",
    "socket2",
    "reqwest",
];

#[test]
fn the_core_depends_on_nothing_that_writes_runs_or_connects() {
    let tree = std::process::Command::new(env!("CARGO"))
        .args(["tree", "--locked", "--offline", "--package", "countersign-verify", "--edges", "normal,build"])
        .args(["--target", "all", "--prefix", "none", "--format", "{p}"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    assert!(tree.status.success(), "{}", String::from_utf8_lossy(&tree.stderr));
    let text = String::from_utf8(tree.stdout).unwrap();
    let names: BTreeSet<&str> = text.lines().filter_map(|line| line.split(' ').next()).collect();
    assert!(names.contains("p384"), "cargo tree printed nothing to check:\n{text}");
    for name in NOT_IN_CORE {
        assert!(!names.contains(name), "the trusted core depends on `{name}`");
    }
    for path in sources("crates/verify/src") {
        let code = code_of(&path);
        for word in
            ["std::process", "std::net", "std::os::unix::net", "std::env", "Command::new", "fs::write"]
        {
            assert!(
                relative(&path).contains("sample.rs") || !code.contains(word),
                "{} uses {word}",
                path.display()
            );
        }
        for word in
            ["create_dir", "remove_file", "remove_dir", "fs::rename", "set_permissions", ".write(true)"]
        {
            assert!(
                relative(&path).contains("sample.rs") || !code.contains(word),
                "{} uses {word}",
                path.display()
            );
        }
    }
}

#[test]
fn every_file_says_what_it_is_for() {
    for folder in ["crates/verify/src", "src", "tests", "benches", "fuzz/src", "fuzz/fuzz_targets"] {
        for path in sources(folder) {
            let text = fs::read_to_string(&path).unwrap();
            assert!(text.starts_with("//! "), "{} does not begin with `//!`", path.display());
        }
    }
}

#[test]
fn the_library_prints_nothing_and_reads_no_clock() {
    for path in all_sources() {
        if module(&path) == "bin" {
            continue;
        }
        let code = code_of(&path);
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
        &["files/read.rs", "gate/private.rs", "record.rs", "metrics/journal.rs", "policy/fetch/cache.rs"],
    ),
];

#[test]
fn one_place_opens_files_for_reading_and_one_starts_programs() {
    for path in all_sources() {
        if module(&path) == "bin" {
            continue;
        }
        let (name, code) = (relative(&path), code_of(&path));
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
    for path in all_sources() {
        let code = code_of(&path);
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
    for path in all_sources() {
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
        all_sources().iter().filter(|path| names(path)).map(|path| module(path)).collect::<BTreeSet<_>>()
    };
    assert_eq!(named("Many::default"), BTreeSet::from(["audit".to_owned()]));
    assert_eq!(named("&self.many, "), BTreeSet::from(["audit".to_owned()]));
    assert_eq!(named("verify::report("), BTreeSet::from(["audit", "bin", "hook"].map(str::to_owned)));
    assert_eq!(named("SignatureCheck for"), BTreeSet::from(["crypto".to_owned()]));
}

#[test]
fn the_command_line_shows_the_hint_of_every_error() {
    let shown =
        fs::read_to_string(sources("src/bin").iter().find(|path| path.ends_with("output.rs")).unwrap())
            .unwrap();
    let list = shown.split_once("let each = types![").unwrap().1.split_once("];").unwrap().0;
    let listed: BTreeSet<&str> = list.split([',', ' ', '\n']).filter(|word| !word.is_empty()).collect();
    let texts: Vec<String> = all_sources().iter().map(|path| code_of(path)).collect();
    let implemented: BTreeSet<&str> = texts
        .iter()
        .flat_map(|text| text.split("impl Hint for ").skip(1))
        .filter_map(|rest| rest.split([' ', '<']).next())
        .collect();
    assert!(implemented.len() > 20);
    assert_eq!(listed, implemented);
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
    let texts: Vec<_> = all_sources()
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
