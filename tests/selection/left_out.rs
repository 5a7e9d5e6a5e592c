//! Does the program say what it leaves out, and refuse to leave out what it cannot know?

use countersign::hint::Hint;
use countersign::provenance::SelectionRecord;

use super::{Selected, Tree, everything, select_in};

impl Selected {
    fn codes(&self) -> Vec<&'static str> {
        self.findings.iter().map(|finding| finding.code).collect()
    }

    fn said(&self) -> String {
        self.findings.iter().map(|finding| format!("{}\n", finding.message)).collect()
    }
}

#[test]
fn nothing_is_said_about_an_ordinary_folder() {
    assert!(Tree::new().select().codes().is_empty());
}

#[test]
fn refuses_a_sparse_checkout_that_lacks_files_of_the_package() {
    let tree = Tree::new();
    tree.sh("git sparse-checkout set --no-cone /other/ '/f/a.py'");
    let error = tree.select_with(&everything()).err().expect("a file is missing");
    assert_eq!(error.to_string(), "the sparse checkout lacks `lib/b.py` of the package");
    let hint = error.hint().expect("a way out");
    assert!(
        hint.contains("git sparse-checkout add 'f'") && hint.contains("git sparse-checkout disable"),
        "{hint}"
    );
    // What is excluded can be missing, and what is elsewhere.
    tree.sh("git sparse-checkout set --no-cone /f/");
    assert_eq!(tree.select().names(), ["a.py", "lib/b.py"]);
    tree.sh("git sparse-checkout set --no-cone '/f/a.py'");
    let rules = SelectionRecord { exclude: vec!["lib/".into()], ..everything() };
    assert_eq!(tree.select_with(&rules).expect("it is selected").names(), ["a.py"]);
}

#[test]
fn a_deleted_file_is_named() {
    let tree = Tree::new();
    tree.sh("rm -r f/lib");
    let selected = tree.select();
    assert_eq!(selected.codes(), ["files-deleted"]);
    assert!(selected.said().contains("`lib/b.py`"), "{}", selected.said());
}

#[test]
fn the_workspaces_packages_are_never_packaged_and_tracked_files_of_the_output_folder_are() {
    let tree = Tree::new();
    tree.sh(
        "mkdir f/dist; echo js > f/dist/index.js; git add .; git commit -qm two; echo > f/dist/orders.zip",
    );
    tree.sh("echo > f/dist/orders.zip.sigstore.json; echo > f/dist/.countersign-abc.tmp");
    let selected = tree.select();
    assert_eq!(selected.names(), ["a.py", "dist/index.js", "lib/b.py"]);
    assert!(!selected.is_dirty() && selected.codes().is_empty(), "{}", selected.said());
    tree.put("f/dist/old.zip", "x");
    let selected = tree.select();
    assert_eq!(selected.names(), ["a.py", "dist/index.js", "lib/b.py"]);
    assert_eq!(selected.codes(), ["output-left-out"]);
}

#[test]
fn the_output_folder_itself_can_be_packaged() {
    let tree = Tree::new();
    let folder = tree.path().join("f/dist");
    tree.sh("mkdir f/dist; echo js > f/dist/index.js; echo > f/dist/orders.zip; echo > f/dist/orders.zip.sigstore.json");
    let look = super::look(&tree, &folder);
    let selected = super::select_with_output(&look, &folder, &folder, &everything()).expect("it is selected");
    assert_eq!(selected.names(), ["index.js"]);
}

#[test]
fn clutter_stays_out_unless_git_tracks_it() {
    let tree = Tree::new();
    tree.sh("mkdir f/lib/__pycache__ f/.idea; echo > f/lib/__pycache__/b.pyc; echo > f/.idea/x; echo > f/.idea/y; echo > f/.DS_Store");
    let selected = tree.select();
    assert_eq!(selected.names(), ["a.py", "lib/b.py"]);
    assert!(!selected.is_dirty());
    assert_eq!(selected.codes(), ["clutter-left-out"]);
    assert!(selected.said().contains("`.DS_Store`, `.idea/`"), "{}", selected.said());
    tree.sh("git add -f f/lib/__pycache__");
    assert!(tree.select().names().contains(&"lib/__pycache__/b.pyc"));
}

#[test]
fn a_commit_and_its_clean_checkout_have_the_same_files() {
    let tree = Tree::new();
    tree.sh("mkdir f/dist f/.idea; echo > f/dist/index.js; echo > f/dist/orders.zip; echo > f/.idea/x; echo > f/.env");
    tree.sh("git add -f .; git commit -qm two");
    let folder = tree.path().join("f");
    let committed = select_in(&super::look_at(&tree, "HEAD", &folder), &folder, &everything());
    assert_eq!(committed.expect("it is selected").names(), tree.select().names());
}

#[test]
fn ignored_dependencies_are_reported_and_can_be_included() {
    let tree = Tree::new();
    tree.sh("printf 'node_modules/\\n*.log\\n' > .gitignore; mkdir -p f/node_modules/dep; echo > f/x.log");
    tree.sh("echo 1 > f/node_modules/dep/i.js; echo > f/node_modules/dep/debug.log; git add .; git commit -qm two");
    let selected = tree.select();
    assert_eq!(selected.names(), ["a.py", "lib/b.py"]);
    assert_eq!(selected.codes(), ["dependencies-ignored"]);
    assert!(selected.said().contains("without 2 files of `node_modules/`, which"), "{}", selected.said());
    let with = |include: &[&str], exclude: &[&str]| {
        let own = |lines: &[&str]| lines.iter().map(|line| (*line).to_owned()).collect();
        let rules = SelectionRecord { include: own(include), exclude: own(exclude), ..everything() };
        tree.select_with(&rules).expect("it is selected")
    };
    let all = with(&["*.py", "node_modules/**"], &["*.log"]);
    assert_eq!(all.names(), ["a.py", "lib/b.py", "node_modules/dep/i.js"]);
    assert!(!all.is_dirty() && all.has_ignored && all.codes().is_empty(), "{}", all.said());
    // A wildcard names nothing that git ignores, and what is excluded needs no line.
    assert_eq!(with(&["**"], &["node_modules/"]).names(), ["a.py", "lib/b.py"]);
    assert!(with(&[], &["node_modules/"]).codes().is_empty());
}

#[test]
fn a_commit_without_the_dependencies_that_include_names_is_reported() {
    let tree = Tree::new();
    tree.sh("echo node_modules/ > .gitignore; mkdir f/node_modules; echo 1 > f/node_modules/i.js; git add .; git commit -qm 2");
    let rules =
        SelectionRecord { include: ["**", "node_modules/**"].map(String::from).into(), ..everything() };
    let folder = tree.path().join("f");
    let selected =
        select_in(&super::look_at(&tree, "HEAD", &folder), &folder, &rules).expect("it is selected");
    assert_eq!(selected.names(), ["a.py", "lib/b.py"]);
    assert_eq!(selected.codes(), ["pattern-unmatched"]);
    assert!(selected.findings[0].hint.contains("omit `--from`"), "{}", selected.findings[0].hint);
}

#[test]
fn a_folder_that_git_ignores_can_be_packaged() {
    let tree = Tree::new();
    tree.sh("echo build/ > .gitignore; mkdir -p build/f; echo 1 > build/f/h.py; echo > build/f/x.log");
    tree.sh("echo '*.log' > build/f/.gitignore; git add .; git commit -qm two");
    let folder = tree.path().join("build/f");
    let selected = select_in(&super::look(&tree, &folder), &folder, &everything()).expect("it is selected");
    assert_eq!(selected.names(), [".gitignore", "h.py"]);
    assert!(!selected.is_dirty() && selected.has_ignored);
}

#[test]
fn a_folder_of_which_git_ignores_everything_is_an_error_with_a_way_out() {
    let tree = Tree::new();
    tree.sh("echo '*.js' > .gitignore; mkdir g; echo > g/a.js");
    let folder = tree.path().join("g");
    let error = select_in(&super::look(&tree, &folder), &folder, &everything()).err().expect("no files");
    assert!(error.to_string().ends_with("g`: git ignores all of them"), "{error}");
    assert!(error.hint().expect("a way out").contains("`include`"));
}

#[test]
fn another_repository_is_reported() {
    let tree = Tree::new();
    tree.sh("git init -q f/vendored; echo > f/vendored/x.py");
    let selected = tree.select();
    assert_eq!(selected.names(), ["a.py", "lib/b.py"]);
    assert_eq!(selected.codes(), ["repository-left-out"]);
    assert!(selected.said().contains("`vendored/`"), "{}", selected.said());
}

#[test]
fn a_pattern_that_matches_nothing_is_reported_with_the_nearest_file() {
    let tree = Tree::new();
    let excluded = |patterns: &[&str]| {
        let exclude = patterns.iter().map(|pattern| (*pattern).to_owned()).collect();
        tree.select_with(&SelectionRecord { exclude, ..everything() }).expect("it is selected")
    };
    let selected = excluded(&["./a.py", "lib/"]);
    assert_eq!(selected.codes(), ["pattern-unmatched"]);
    assert!(selected.said().contains("no file matches `./a.py` of"), "{}", selected.said());
    assert_eq!(selected.findings[0].hint, "did you mean `a.py`?");
    assert!(excluded(&["lib/b.py", "lib/"]).codes().is_empty());
}

/// A file system that folds case shows a file under two names; so do two names of one file, with the setting.
#[test]
fn a_file_under_another_case_is_the_tracked_one() {
    let tree = Tree::new();
    tree.sh("git config core.ignorecase true; mkdir f/LIB; ln f/lib/b.py f/LIB/b.py");
    let selected = tree.select();
    assert_eq!(selected.names(), ["a.py", "lib/b.py"]);
    assert!(!selected.is_dirty());
    tree.sh("git config core.ignorecase false");
    let error = tree.select_with(&everything()).err().expect("two names").to_string();
    assert!(error.contains("`lib/b.py`"), "{error}");
}
