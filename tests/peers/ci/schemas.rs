//! Do GitHub's schemas and other people's linters find anything in what runs in CI?

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::runner::TOP;
use crate::peers::peer::{Peer, printed, script, succeeded, told};
use crate::support::{read, scratch, text, write};

const WORKFLOWS: [&str; 4] = [
    ".github/workflows/ci.yml",
    ".github/workflows/fuzz.yml",
    ".github/workflows/mutants.yml",
    ".github/workflows/release.yml",
];
const SCRIPTS: [&str; 9] = [
    ".github/action/fetch",
    ".github/action/run",
    ".github/action/report",
    ".github/action/verify-archive",
    ".github/release/package",
    ".github/release/sign",
    "examples/sh/deploy",
    "tests/mutants/run",
    "fuzz/run",
];

#[test]
fn the_schemas_of_github_hold() {
    let Some(schemas) = Peer::find("check-jsonschema") else { return };
    let check = |schema: &str, files: &[String]| {
        let schema = ["--builtin-schema".to_owned(), format!("vendor.{schema}")];
        let ran = schemas.ask_in(Path::new(TOP), schema.iter().chain(files));
        assert!(succeeded(&ran), "{schema:?}: {}", told(&ran));
    };
    let examples = Examples::of_the_documents();
    let workflows = WORKFLOWS.map(str::to_owned).into_iter().chain(examples.paths());
    check("github-workflows", &workflows.collect::<Vec<_>>());
    check("github-actions", &["action.yml".into()]);
    check("dependabot", &[".github/dependabot.yml".into()]);
}

/// The most suspicious of zizmor's personas for what runs here; the usual one for what the documents show.
#[test]
fn zizmor_finds_nothing() {
    let Some(zizmor) = Peer::find("zizmor") else { return };
    let examples = Examples::of_the_documents();
    let nothing = |persona: &str, files: Vec<String>| {
        let options = ["--offline", "--no-progress", "--no-config", "--persona", persona].map(str::to_owned);
        let ran = zizmor.ask_in(Path::new(TOP), options.into_iter().chain(files));
        assert!(succeeded(&ran) && told(&ran).contains("No findings"), "{}", told(&ran));
    };
    let own = [".github/dependabot.yml", "action.yml"].into_iter().chain(WORKFLOWS);
    nothing("auditor", own.map(str::to_owned).collect());
    nothing("regular", examples.paths().collect());

    // It would see an expression in a script, and a tag.
    let bad = "on: push\njobs:\n  a:\n    runs-on: b\n    steps:\n      - uses: actions/checkout@v4\n      \
        - run: echo ${{ github.event.issue.title }}\n";
    let folder = scratch();
    let file = folder.path().join(".github/workflows/bad.yml");
    write(&file, bad);
    assert!(!succeeded(&zizmor.ask(["--offline", "--no-progress", text(&file)])));
}

#[test]
fn actionlint_finds_nothing() {
    let Some(actionlint) = Peer::find("actionlint") else { return };
    let examples = Examples::of_the_documents();
    let count = format!("{} workflow file", WORKFLOWS.len());
    // Its files are patterns of paths below the folder it starts in.
    let ran = actionlint.ask_in(Path::new(TOP), [".github/workflows/*.yml"]);
    assert!(succeeded(&ran) && told(&ran).contains(&count), "{}", told(&ran));
    let ran = actionlint.ask_in(examples.folder.path(), [".github/workflows/*.yml"]);
    assert!(succeeded(&ran) && told(&ran).contains("4 workflow file"), "{}", told(&ran));
}

#[test]
fn shellcheck_finds_nothing() {
    let Some(shellcheck) = Peer::find("shellcheck") else { return };
    let ran = shellcheck.ask_in(Path::new(TOP), ["-x", "--severity=style"].iter().chain(&SCRIPTS));
    assert!(succeeded(&ran), "{}", told(&ran));
}

/// `docs/ci.md` lists each input and output of the action with the description in `action.yml`.
#[test]
fn the_docs_list_every_input_and_output() {
    let Some(python) = Peer::python("yaml") else { return };
    let action = to_json(&python, &Path::new(TOP).join("action.yml")).remove(0);
    let page = String::from_utf8(read(&Path::new(TOP).join("docs/ci.md"))).expect("text");
    let said = |value: &Value| value["description"].as_str().expect("text").to_owned();
    let mut rows = Vec::new();
    for (name, input) in action["inputs"].as_object().expect("inputs") {
        let default = input["default"].as_str().map_or(String::new(), |default| format!("`{default}`"));
        let default = if input["required"] == "true" { "required".into() } else { default };
        rows.push(format!("| `{name}` | {default} | {} |", said(input)));
    }
    for (name, output) in action["outputs"].as_object().expect("outputs") {
        rows.push(format!("| `{name}` | {} |", said(output)));
    }
    let missing: Vec<_> = rows.iter().filter(|row| !page.contains(row.as_str())).collect();
    assert!(missing.is_empty(), "{missing:#?}");
}

/// tj-actions CVE-2025-30066: a tag moves, a full commit id does not. Permissions are asked for one by one.
#[test]
fn everything_used_is_pinned_and_asks_for_little() {
    let examples = Examples::of_the_documents();
    let files = WORKFLOWS.map(|path| Path::new(TOP).join(path)).into_iter().chain(examples.files.clone());
    for file in files.chain([Path::new(TOP).join("action.yml")]) {
        let yaml = String::from_utf8(read(&file)).expect("text");
        for used in yaml.lines().filter_map(|line| line.split("uses: ").nth(1)) {
            let commit = used.split('@').nth(1).and_then(|rest| rest.split(' ').next()).unwrap_or_default();
            let is_id = commit.len() == 40 && commit.chars().all(|c| c.is_ascii_hexdigit());
            assert!(is_id, "{}: {used}", file.display());
        }
        let is_workflow = !file.ends_with("action.yml");
        assert_eq!(yaml.contains("\npermissions:\n  contents: read\n"), is_workflow, "{}", file.display());
    }
}

/// The documents of a YAML file; every scalar is a text.
pub fn to_json(python: &Peer, file: &Path) -> Vec<Value> {
    let script = script("ci/to_json.py");
    serde_json::from_str(&printed(&python.ask([script.as_str(), text(file)]))).expect("JSON")
}

/// The workflows that the documents show, and those among the examples, as files.
struct Examples {
    folder: tempfile::TempDir,
    files: Vec<PathBuf>,
}

impl Examples {
    fn of_the_documents() -> Self {
        let folder = scratch();
        let mut files = Vec::new();
        for document in ["README.md", "docs/ci.md"] {
            let page = String::from_utf8(read(&Path::new(TOP).join(document))).expect("text");
            for block in page.split("```yaml\n").skip(1) {
                let yaml = block.split("```").next().expect("a block");
                let file = folder.path().join(format!(".github/workflows/{}.yml", files.len()));
                write(&file, yaml);
                files.push(file);
            }
        }
        for name in ["monorepo.yml", "stackset-drift.yml"] {
            let workflow = folder.path().join(".github/workflows").join(name);
            write(&workflow, read(&Path::new(TOP).join("examples/github").join(name)));
            files.push(workflow);
        }
        assert_eq!(files.len(), 4);
        Self { folder, files }
    }

    fn paths(&self) -> impl Iterator<Item = String> {
        self.files.iter().map(|file| text(file).to_owned())
    }
}
