//! Fuzzing: does every target keep its promises over its seeds, and over what fuzzing has found?

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use targets::{TARGETS, Target};

#[path = "../fuzz/src/targets/mod.rs"]
mod targets;

/// A file or folder of the fuzzing package.
fn in_package(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz").join(path)
}

/// Names in a folder, without their extension; none of a folder that does not exist.
fn names(folder: &Path) -> BTreeSet<String> {
    let entries = fs::read_dir(folder).into_iter().flatten();
    entries.map(|entry| entry.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned()).collect()
}

/// Runs the target, and names the input that breaks a promise.
fn replay(target: &Target, input: &str, bytes: &[u8]) {
    let run = std::panic::catch_unwind(|| (target.run)(bytes));
    assert!(run.is_ok(), "target `{}` breaks a promise with {input}", target.name);
}

#[test]
fn every_target_keeps_its_promises_over_its_seeds() {
    for target in TARGETS {
        let seeds = (target.seeds)();
        assert!(!seeds.is_empty(), "`{}` has no seeds", target.name);
        for (number, seed) in seeds.iter().enumerate() {
            replay(target, &format!("seed {number}"), seed);
        }
    }
}

#[test]
fn every_target_keeps_its_promises_over_what_fuzzing_has_found() {
    for target in TARGETS {
        for name in fs::read_dir(in_package("regressions").join(target.name)).into_iter().flatten() {
            let path = name.unwrap().path();
            replay(target, &format!("`{}`", path.display()), &fs::read(&path).unwrap());
        }
    }
}

#[test]
fn every_target_has_a_binary() {
    let known: BTreeSet<String> = TARGETS.iter().map(|target| target.name.to_owned()).collect();
    assert_eq!(known.len(), TARGETS.len());
    assert_eq!(names(&in_package("fuzz_targets")), known);
    assert!(names(&in_package("regressions")).is_subset(&known));
    let manifest = fs::read_to_string(in_package("Cargo.toml")).unwrap();
    for name in known {
        let binary = format!("name = \"{name}\"\npath = \"fuzz_targets/{name}.rs\"");
        assert!(manifest.contains(&binary), "`{name}` is not in fuzz/Cargo.toml");
        let code = fs::read_to_string(in_package(&format!("fuzz_targets/{name}.rs"))).unwrap();
        assert!(code.contains(&format!("target!(\"{name}\")")), "{name}");
    }
}
