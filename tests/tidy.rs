//! Tidy: do the floors hold, and does each file say what it is for?

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// The library's modules by floor, lowest first. A module imports only from floors below its own.
const FLOORS: [&[&str]; 6] = [
    &["arn", "digest", "inventory", "limits", "name", "parallel", "pin", "provenance", "time"],
    &["crypto", "document", "files", "git", "report"],
    &[
        "account",
        "csc",
        "function",
        "layer",
        "ledger",
        "manifest",
        "package",
        "profile",
        "revocation",
        "workspace",
    ],
    &["policy"],
    &["init", "record", "sign", "verify"],
    &["gate", "hook"],
];

/// What a module may import from its own floor; each pair is (importer, imported), and there is no way back.
const SAME_FLOOR: &[(&str, &str)] = &[
    ("arn", "name"),
    ("digest", "limits"),
    ("git", "files"),
    ("hook", "gate"),
    ("inventory", "digest"),
    ("parallel", "limits"),
    ("pin", "digest"),
    ("record", "verify"),
    ("sign", "verify"),
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
    for folder in ["src", "tests", "benches"] {
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

#[test]
fn only_crypto_names_the_curve_and_only_digest_the_hash() {
    for path in sources("src") {
        let text = fs::read_to_string(&path).unwrap();
        for (word, owner) in [("p384::", "crypto"), ("ecdsa::", "crypto"), ("sha2::", "digest")] {
            assert!(module(&path) == owner || !text.contains(word), "{} names {word}", path.display());
        }
    }
}
