//! Do PyYAML, which SAM and the AWS CLI use, and ruamel.yaml, a reader of YAML 1.2, find in a template what we find?
//!
//! The rule: a template that we read is the same tree for both. Values that we call ambiguous may differ.

mod generate;

use std::env;
use std::fs;
use std::io::Write;
use std::path::Path;

use countersign::plan;
use serde_json::Value;

use self::generate::Generator;
use crate::peers::peer::{Peer, printed, script};
use crate::peers::release::{scratch, write};

/// How many generated templates; `COUNTERSIGN_CASES` in the environment asks for more.
const CASES: u64 = 4000;

/// Templates of one question to the peers.
const AT_ONCE: usize = 2000;

#[test]
fn generated_templates_that_are_read_are_the_same_tree_for_other_readers() {
    let Some(python) = Peer::python("yaml, ruamel.yaml") else {
        return;
    };
    let cases = env::var("COUNTERSIGN_CASES").ok().and_then(|count| count.parse().ok()).unwrap_or(CASES);
    let good = ["cloudformation.yaml", "sam.yaml"].map(|name| read(&vectors().join(name)));
    let mut generator = Generator::new(cases);
    let texts: Vec<String> = (0..cases).map(|n| generator.text(n, &good)).collect();
    let accepted = compare(&python, texts);
    assert!(accepted as u64 * 20 > cases, "only {accepted} of {cases} generated templates are read at all");
}

#[test]
fn real_templates_are_read_and_are_the_same_tree_for_other_readers() {
    let Some(python) = Peer::python("yaml, ruamel.yaml") else {
        return;
    };
    let translator = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/judges/sam/templates");
    let mut paths = vec![vectors().join("cloudformation.yaml"), vectors().join("sam.yaml")];
    match fs::read_dir(&translator) {
        Ok(entries) => paths.extend(entries.map(|entry| entry.expect("an entry").path())),
        Err(_) => {
            let _ = writeln!(std::io::stderr(), "passed over: {} is missing", translator.display());
        }
    }
    paths.sort();
    let texts: Vec<String> = paths.iter().map(|path| read(path)).collect();
    let refused = paths.iter().zip(&texts).filter_map(|(path, text)| {
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        let error = plan::to_json(text.as_bytes()).err()?;
        Some(format!("{name}: {error}"))
    });
    let refused: Vec<String> = refused.collect();
    assert!(refused.is_empty(), "{} of {}:\n{}", refused.len(), texts.len(), refused.join("\n"));
    assert_eq!(compare(&python, texts), paths.len());
}

fn vectors() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors/plans")
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("cannot read {}: {error}", path.display()))
}

/// Compares every template that we read with the peers' trees, and returns how many there were.
fn compare(python: &Peer, texts: Vec<String>) -> usize {
    let ours = texts.into_iter().filter_map(|text| {
        let tree = plan::to_json(text.as_bytes()).ok()?;
        Some((text, tree))
    });
    let ours: Vec<(String, Value)> = ours.collect();
    let (folder, mut wrong) = (scratch(), Vec::new());
    for some in ours.chunks(AT_ONCE) {
        let file = folder.path().join("texts.json");
        write(
            &file,
            serde_json::to_vec(&some.iter().map(|(text, _)| text).collect::<Vec<_>>()).expect("JSON"),
        );
        let said = printed(&python.ask_about(&file, [script("yaml_trees.py")]));
        let theirs: Vec<[Value; 2]> = serde_json::from_str(&said).expect("a list of pairs");
        assert_eq!(theirs.len(), some.len());
        for ((text, ours), theirs) in some.iter().zip(&theirs) {
            let [first, second] = theirs;
            // ruamel.yaml refuses block texts that start with white space; a refusal deploys nothing.
            let differs = [
                ("PyYAML", first, !is_same(ours, first)),
                ("ruamel.yaml", second, !second.is_null() && !is_same(ours, second)),
            ];
            for (name, theirs, _) in differs.into_iter().filter(|(_, _, differs)| *differs) {
                wrong.push(format!("{text:?}\n  here: {ours}\n  {name}: {theirs}"));
            }
        }
    }
    wrong.sort_by_key(String::len);
    assert!(
        wrong.is_empty(),
        "{} of {}:\n{}",
        wrong.len(),
        ours.len(),
        wrong[..wrong.len().min(20)].join("\n")
    );
    ours.len()
}

/// Whether two trees differ in ambiguous values at most. For these, the peer may also refuse the whole template.
fn is_same(ours: &Value, theirs: &Value) -> bool {
    match (ours, theirs) {
        (Value::Object(ours), theirs) if is_ambiguous(ours) => !theirs.is_object() && !theirs.is_array(),
        (ours @ Value::Object(_), Value::Null) => has_ambiguous(ours),
        (Value::Object(ours), Value::Object(theirs)) => {
            ours.len() == theirs.len()
                && ours
                    .iter()
                    .all(|(name, ours)| theirs.get(name).is_some_and(|theirs| is_same(ours, theirs)))
        }
        (Value::Array(ours), Value::Array(theirs)) => {
            ours.len() == theirs.len() && ours.iter().zip(theirs).all(|(ours, theirs)| is_same(ours, theirs))
        }
        (ours, theirs) => ours == theirs,
    }
}

fn is_ambiguous(object: &serde_json::Map<String, Value>) -> bool {
    object.len() == 1 && object.contains_key("!ambiguous")
}

fn has_ambiguous(tree: &Value) -> bool {
    match tree {
        Value::Object(object) => is_ambiguous(object) || object.values().any(has_ambiguous),
        Value::Array(items) => items.iter().any(has_ambiguous),
        _ => false,
    }
}
