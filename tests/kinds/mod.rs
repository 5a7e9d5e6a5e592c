//! Kinds of repositories and clones: each is read, or one error names the cause and the command that helps.

use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::support::{Ran, Scene, scratch, text, write};

/// A folder with repositories, and no settings of the machine.
struct Yard(TempDir);

impl Yard {
    /// With a repository `a` that has two functions, `lib` and `other`, on two commits.
    fn new() -> Self {
        let yard = Self(scratch());
        fs::create_dir(yard.at("a")).expect("a folder");
        yard.commit_two("a", &["init", "-q"]);
        yard
    }

    fn at(&self, path: &str) -> PathBuf {
        self.0.path().join(path)
    }

    fn commit_two(&self, folder: &str, init: &[&str]) {
        self.git(folder, init);
        self.git(folder, &["config", "uploadpack.allowFilter", "true"]);
        let item = |name: &str| format!("[[function]]\nname = '{name}'\npath = '{name}'\n");
        write(&self.at(folder).join("countersign.toml"), item("lib") + &item("other"));
        for (path, bytes) in
            [("lib/a", "0"), ("lib/deep/b", "1"), ("other/c", "1"), ("top", "1"), ("lib/a", "2")]
        {
            write(&self.at(folder).join(path), bytes);
            self.git(folder, &["add", "."]);
            self.git(folder, &["commit", "-q", "-m", path]);
        }
    }

    fn program(&self, program: &str, folder: &str) -> std::process::Command {
        let mut command = std::process::Command::new(program);
        command.current_dir(self.at(folder)).env_clear().env("HOME", self.at("home"));
        command.envs(std::env::var_os("PATH").map(|path| ("PATH", path)));
        command.envs([("LC_ALL", "C"), ("GIT_CONFIG_NOSYSTEM", "1"), ("COUNTERSIGN_JOURNAL", "off")]);
        command
    }

    fn git(&self, folder: &str, arguments: &[&str]) -> String {
        let who =
            ["-c", "user.name=Ada", "-c", "user.email=ada@example.org", "-c", "init.defaultBranch=main"];
        let ran = Ran::of(self.program("git", folder).args(who).args(arguments));
        assert_eq!(ran.code, Some(0), "git {arguments:?}: {ran}");
        ran.out()
    }

    fn run(&self, folder: &str, arguments: &[&str]) -> Ran {
        Ran::of(self.program(env!("CARGO_BIN_EXE_countersign"), folder).args(arguments))
    }

    /// Runs the command of a hint.
    fn shell(&self, folder: &str, line: &str) {
        let ran = Ran::of(self.program("sh", folder).args(["-c", line]));
        assert_eq!(ran.code, Some(0), "{line}: {ran}");
    }

    /// The package of a function, in hexadecimal.
    fn package(&self, folder: &str, name: &str) -> Vec<u8> {
        let ran = self.run(folder, &["package", name]);
        assert_eq!(ran.code, Some(0), "{ran}");
        fs::read(self.at(folder).join("dist").join(format!("{name}.zip"))).expect("a package")
    }
}

fn has(folder: &Path, start: &str) -> bool {
    let mut names = folder.read_dir().expect("a folder").map(|entry| entry.expect("an entry").file_name());
    names.any(|name| name.to_string_lossy().starts_with(start))
}

#[test]
fn every_form_of_the_index_gives_the_same_package() {
    let yard = Yard::new();
    let expected = yard.package("a", "lib");
    let git = yard.at("a/.git");
    for version in ["2", "3", "4"] {
        yard.git("a", &["update-index", "--index-version", version]);
        // Git itself does not read a split index that it wrote with `index.skipHash`.
        for (hash, split) in
            [("true", "--no-split-index"), ("false", "--no-split-index"), ("false", "--split-index")]
        {
            yard.git("a", &["config", "index.skipHash", hash]);
            yard.git("a", &["update-index", "--force-write-index", split]);
            assert_eq!(yard.package("a", "lib"), expected, "{version} {hash} {split}");
            // Added, changed and removed, for a split index on top of the shared one.
            write(&yard.at("a/lib/new"), "3");
            write(&yard.at("a/lib/a"), "3");
            yard.git("a", &["add", "lib"]);
            yard.git("a", &["rm", "-q", "--cached", "lib/deep/b"]);
            let explained = yard.run("a", &["package", "lib", "--tracked", "--explain"]);
            let in_it = |line: &str| Some(line.strip_prefix("  in   ")?.to_owned());
            let listed: Vec<String> = explained.out().lines().filter_map(in_it).collect();
            assert_eq!(listed, ["a", "new"], "{version} {hash} {split}: {explained}");
            yard.git("a", &["reset", "-q", "--hard"]);
        }
    }
    yard.git("a", &["update-index", "--split-index"]);
    assert!(has(&git, "sharedindex."));
}

#[test]
fn an_index_that_cannot_be_read_is_named_with_the_way_out() {
    let yard = Yard::new();
    yard.git("a", &["update-index", "--split-index"]);
    for entry in yard.at("a/.git").read_dir().expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("sharedindex.")) {
            fs::remove_file(path).expect("it was there");
        }
    }
    let ran = yard.run("a", &["package", "lib"]);
    assert_eq!(ran.code, Some(2));
    assert!(ran.err().contains("does not exist") && ran.err().contains("`git reset`"), "{ran}");
    yard.shell("a", "rm .git/index && git reset -q");
    yard.package("a", "lib");
}

#[test]
fn a_sparse_index_is_read() {
    let yard = Yard::new();
    let expected = yard.package("a", "lib");
    yard.git("a", &["sparse-checkout", "set", "--cone", "--sparse-index", "lib"]);
    assert!(yard.git("a", &["ls-files", "--sparse"]).contains("other/\n"));
    assert_eq!(yard.package("a", "lib"), expected);
}

#[test]
fn a_format_that_libgit2_does_not_read_is_named_with_the_way_out() {
    let yard = Yard::new();
    for name in ["sha256", "reftable", "partial", "other", "export"] {
        fs::create_dir(yard.at(name)).expect("a folder");
    }
    let said = |folder: &str| {
        let ran = yard.run(folder, &["package", "lib"]);
        assert_eq!(ran.code, Some(2), "{ran}");
        ran.err()
    };
    yard.commit_two("sha256", &["init", "-q", "--object-format=sha256"]);
    let text = said("sha256");
    assert!(
        text.contains("SHA-256 ids") && text.contains("git archive HEAD | tar -x -C ../export"),
        "{text}"
    );
    yard.shell("sha256", "git archive HEAD | tar -x -C ../export");
    yard.package("export", "lib");

    yard.commit_two("partial", &["init", "-q"]);
    yard.git("partial", &["config", "core.repositoryFormatVersion", "1"]);
    yard.git("partial", &["config", "extensions.partialClone", "up"]);
    let text = said("partial");
    let way = "git config remote.up.promisor true && git config --unset extensions.partialClone";
    assert!(text.contains("sets `extensions.partialClone`") && text.contains(way), "{text}");
    yard.shell("partial", way);
    yard.package("partial", "lib");

    yard.commit_two("other", &["init", "-q"]);
    yard.git("other", &["config", "core.repositoryFormatVersion", "1"]);
    yard.git("other", &["config", "extensions.compatObjectFormat", "sha256"]);
    let text = said("other");
    assert!(
        text.contains("the extension `compatobjectformat`") && text.contains("git archive HEAD"),
        "{text}"
    );

    // Git 2.45 and later.
    if yard
        .program("git", "reftable")
        .args(["init", "-q", "--ref-format=reftable"])
        .output()
        .expect("it starts")
        .status
        .success()
    {
        yard.commit_two("reftable", &["init", "-q"]);
        let text = said("reftable");
        assert!(text.contains("as a reftable") && text.contains("git clone --ref-format=files"), "{text}");
        yard.git("", &["clone", "-q", "--ref-format=files", "reftable", "files"]);
        yard.package("files", "lib");
    }
}

#[test]
fn a_partial_clone_names_the_blob_that_is_missing_and_the_way_to_it() {
    let yard = Yard::new();
    let url = format!("file://{}", text(&yard.at("a")));
    let clone = |name: &str, more: &[&str]| {
        yard.git("", &[&["clone", "-q", "--filter=blob:none"], more, &[&url, name]].concat());
    };
    clone("whole", &[]);
    yard.package("whole", "lib");
    let from = |folder: &str, revision: &str| yard.run(folder, &["package", "lib", "--from", revision]);
    assert_eq!(from("whole", "HEAD").code, Some(0));
    let ran = from("whole", "HEAD~1");
    assert_eq!(ran.code, Some(2), "{ran}");
    assert!(ran.err().contains("`a`: object") && ran.err().contains("git archive COMMIT"), "{ran}");
    yard.shell("whole", "git archive HEAD~1 >/dev/null");
    assert_eq!(from("whole", "HEAD~1").code, Some(0));

    clone("sparse", &["--sparse"]);
    let ran = from("sparse", "HEAD");
    assert_eq!(ran.code, Some(2), "{ran}");
    assert!(ran.err().contains("git fetch --refetch --no-filter"), "{ran}");
    yard.shell("sparse", "git fetch -q --refetch --no-filter");
    assert_eq!(from("sparse", "HEAD").code, Some(0));
}

#[test]
fn an_artifact_is_verified_in_a_repository_that_cannot_be_read() {
    let scene = Scene::new();
    let (pin, artifact, policy) = (scene.pin().to_string(), scene.artifact(), scene.policy());
    let arguments =
        ["verify", text(&artifact), "--function", "orders", "--policy", text(&policy), "--root", &pin];
    assert_eq!(scene.run(&arguments).code, Some(0));
    scene.git(&["config", "core.repositoryFormatVersion", "1"]);
    scene.git(&["config", "extensions.partialClone", "origin"]);
    let ran = scene.run(&arguments);
    assert_eq!(ran.code, Some(0), "{ran}");
    assert!(ran.err().contains("verifying without it"), "{ran}");
    assert_eq!(scene.run(&["verify", text(&artifact), "--function", "orders"]).code, Some(2));
}
