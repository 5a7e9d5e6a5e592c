//! The packages and files that are mutated, and the tests that run for each file.

/// A package of the workspace whose code decides.
#[derive(Debug, PartialEq)]
pub struct Package {
    pub name: &'static str,
    /// Its folder in the repository, where its unit tests run.
    pub folder: &'static str,
    pub source: &'static str,
}

/// The trusted core.
pub const CORE: Package =
    Package { name: "countersign-verify", folder: "crates/verify", source: "crates/verify/src" };
/// The command line, which has the integration tests.
pub const ROOT: Package = Package { name: "countersign", folder: "", source: "src" };
/// In the order in which their unit tests run.
pub const PACKAGES: [&Package; 2] = [&CORE, &ROOT];

/// The code that decides, and the modules of the integration tests about it. The first that fits a file counts.
const SCOPE: [(&str, &[&str]); 23] = [
    ("crates/verify/src/crypto/", &["attacks", "wycheproof", "governance"]),
    ("crates/verify/src/csc/", &["attacks", "accounts"]),
    ("crates/verify/src/gate.rs", &["gate", "attacks"]),
    ("crates/verify/src/manifest/", &["attacks", "push"]),
    ("crates/verify/src/package/read/", &["packages", "attacks"]),
    ("crates/verify/src/policy/accounts.rs", &["accounts", "attacks"]),
    ("crates/verify/src/policy/documents.rs", OPENING),
    ("crates/verify/src/policy/index.rs", OPENING),
    ("crates/verify/src/policy/objects.rs", OPENING),
    ("crates/verify/src/policy/root.rs", OPENING),
    ("crates/verify/src/policy/sealed.rs", OPENING),
    ("crates/verify/src/policy/snapshot.rs", OPENING),
    ("crates/verify/src/policy/state.rs", OPENING),
    ("crates/verify/src/policy/store.rs", OPENING),
    ("crates/verify/src/profile/", &["attacks", "governance", "accounts"]),
    ("crates/verify/src/revocation/", &["attacks", "governance", "accounts"]),
    ("crates/verify/src/verify/", &["attacks", "accounts", "governance", "layers"]),
    ("src/crypto/", &["attacks", "wycheproof", "governance"]),
    ("src/gate/", &["gate", "attacks"]),
    ("src/hook/", &["push"]),
    ("src/manifest/", &["attacks", "push"]),
    ("src/plan/", &["gate"]),
    ("src/policy/fetch/", &["attacks", "governance"]),
];
const OPENING: &[&str] = &["attacks", "governance", "accounts"];

/// Whether a file is mutated.
pub fn includes(file: &str) -> bool {
    file.ends_with(".rs") && SCOPE.iter().any(|(prefix, _)| file.starts_with(prefix))
}

/// The package that has a file of the table.
pub fn package(file: &str) -> &'static Package {
    if file.starts_with(CORE.source) { &CORE } else { &ROOT }
}

/// The modules of the integration tests about a file.
pub fn modules(file: &str) -> &'static [&'static str] {
    SCOPE.iter().find(|(prefix, _)| file.starts_with(prefix)).map_or(&[], |(_, modules)| modules)
}

/// Every module of the integration tests in the table, in its order.
pub fn all_modules() -> Vec<&'static str> {
    let mut all = Vec::new();
    for module in SCOPE.iter().flat_map(|(_, modules)| *modules) {
        if !all.contains(module) {
            all.push(*module);
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::*;
    use crate::{accepted, find};

    #[test]
    fn every_file_and_module_of_the_table_exists() {
        let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        for (path, _) in SCOPE {
            assert!(repository.join(path).exists(), "{path}");
        }
        let integration = fs::read_to_string(repository.join("tests/main.rs")).unwrap();
        for module in all_modules() {
            assert!(integration.contains(&format!("mod {module};")), "{module}");
        }
        for Package { name, folder, source } in PACKAGES {
            let manifest = fs::read_to_string(repository.join(folder).join("Cargo.toml")).unwrap();
            assert!(manifest.contains(&format!("name = \"{name}\"")), "{name}");
            assert!(repository.join(source).join("lib.rs").exists(), "{source}");
        }
    }

    #[test]
    fn every_accepted_mutant_exists() {
        let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        for name in accepted::parse(include_str!("../accepted.txt")).unwrap().into_keys() {
            let (file, mutant) = name.split_once(' ').unwrap();
            assert!(includes(file), "{name}");
            let source = fs::read_to_string(repository.join(file)).expect(&name);
            assert!(find::mutants(&source).unwrap().iter().any(|found| found.name == mutant), "{name}");
        }
    }
}
