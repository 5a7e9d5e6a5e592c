//! Does the program say what it leaves out, and refuse to leave out what it cannot know?

use countersign::hint::Hint;

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
    let rules = countersign::provenance::SelectionRecord { exclude: vec!["lib/".into()], ..everything() };
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
