//! Is there any half file, or any result that nobody got?

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Stdio;

use crate::support::{Scene, contents, read, text, write};

/// A verdict that nobody got is none: a full disk behind stdout.
#[test]
#[cfg_attr(not(target_os = "linux"), ignore = "needs `/dev/full`")]
fn a_result_that_nobody_got_is_not_a_success() {
    let scene = Scene::new();
    for arguments in [
        &["verify"][..],
        &["verify", "--format", "json"],
        &["release"],
        &["release", "--format", "json"],
        &["package"],
        &["sign", "dist/orders.zip", "--again"],
        &["inspect", "dist/orders.zip"],
        &["policy", "status"],
        &["policy", "seal"],
        &["--help"],
        &["--version"],
        &["completions", "bash"],
        &["man"],
    ] {
        scene.run(arguments).done();
        let full = || Stdio::from(File::options().write(true).open("/dev/full").expect("a device"));
        let status = scene.countersign().args(arguments).stdout(full()).stderr(Stdio::null()).status();
        assert_eq!(status.expect("it starts").code(), Some(2), "{arguments:?}");
        // What is said beside the result changes nothing.
        let mut command = scene.countersign();
        let output =
            command.args(arguments).stdout(Stdio::piped()).stderr(full()).spawn().expect("it starts");
        let output = output.wait_with_output().expect("it ends");
        assert_eq!(output.status.code(), Some(0), "{arguments:?}");
        assert!(!output.stdout.is_empty(), "{arguments:?}");
    }
}

/// Dirty writes: a full disk or a limit leaves no half file, and nothing earlier is lost.
#[test]
fn a_package_that_cannot_be_completed_leaves_the_earlier_release() {
    let scene = Scene::new();
    scene.verify().allowed();
    let dist = scene.repository().join("dist");
    let before = contents(&dist);
    write(&scene.repository().join("noise.bin"), noise(200_000));
    for command in ["release", "package", "package --explain"] {
        // Writing past the limit is an error: what was begun is taken away.
        let ran = scene.shell(&format!(r#"trap '' XFSZ; ulimit -f 16; exec "$0" {command}"#));
        ran.undecided("cannot write");
        assert_eq!(differing(&before, &contents(&dist)), NONE, "{command}");
    }
    // Writing past the limit is a kill: what was begun has another name.
    let ran = scene.shell(r#"ulimit -c 0; ulimit -f 16; exec "$0" release"#);
    assert_eq!(ran.code, None, "{ran}");
    assert_eq!(differing(&before, &without_unfinished(contents(&dist))), NONE);
    scene.verify().allowed();
    scene.run(&["release", "--format", "json"]).allowed();
    let packaged = scene.statement()["predicate"]["files"].to_string();
    assert!(packaged.contains("noise.bin") && !packaged.contains(".tmp"), "{packaged}");
}

/// Dirty writes: where the manifest cannot be completed, the package before it stays too.
#[test]
fn a_manifest_that_cannot_be_completed_leaves_the_earlier_release() {
    let scene = Scene::new();
    scene.verify().allowed();
    let dist = scene.repository().join("dist");
    let before = contents(&dist);
    let limit = "trap '' XFSZ; ulimit -f 1";
    let ran = scene.shell(&format!(r#"{limit}; exec "$0" sign dist/orders.zip --again"#));
    ran.undecided("cannot write");
    assert_eq!(differing(&before, &contents(&dist)), NONE);
    write(&scene.repository().join("handler.py"), "print('two')\n");
    let ran = scene.shell(&format!(r#"{limit}; exec "$0" release"#));
    ran.undecided("cannot write");
    assert_eq!(differing(&before, &contents(&dist)), NONE);
    scene.verify().allowed();
}

/// Dirty writes: a seal that cannot be completed leaves the one before.
#[test]
fn a_seal_that_cannot_be_completed_leaves_the_earlier_one() {
    let scene = Scene::new();
    scene.verify().allowed();
    let before = without_unfinished(contents(&scene.policy()));
    scene.shell(r#"trap '' XFSZ; ulimit -f 1; exec "$0" policy seal --replace"#).undecided("cannot write");
    assert_eq!(differing(&before, &without_unfinished(contents(&scene.policy()))), NONE);
    assert!(!contents(&scene.policy()).iter().any(|(path, _)| text(path).ends_with(".tmp")));
    scene.verify().allowed();
    scene.seal();
    scene.verify().allowed();
}

/// Dirty writes: an account is made whole or not at all.
#[test]
fn an_account_is_made_whole_or_not_at_all() {
    let scene = Scene::new();
    let account = "init --account zeta --plaintext --no-pin";
    let before = contents(scene.path());
    for line in [
        format!(r#"trap '' XFSZ; ulimit -f 1; exec "$0" {account} --policy ../zeta"#),
        format!(r#"trap '' XFSZ; ulimit -f 0; exec "$0" {account} --policy ../zeta"#),
        format!(r#"exec "$0" {account} --policy handler.py/zeta"#),
        format!(r#"exec "$0" {account} --policy ../zeta --keys handler.py/keys"#),
        format!(r#"exec "$0" {account} --policy ../policy"#),
    ] {
        let ran = scene.shell(&line);
        assert_eq!(ran.code, Some(2), "{line}: {ran}");
        assert_eq!(differing(&before, &contents(scene.path())), NONE, "{line}");
    }
    scene.shell(&format!(r#"exec "$0" {account} --policy ../zeta"#)).done();
}

/// Dirty writes: a file where a folder should be is an error that names it, and stays.
#[test]
fn a_file_in_place_of_the_output_folder_stays() {
    let scene = Scene::new();
    scene.verify().allowed();
    let dist = scene.repository().join("dist");
    fs::remove_dir_all(&dist).expect("it was there");
    write(&dist, "precious");
    let is_file = "is not a folder";
    for (command, words) in [
        (&["release"][..], is_file),
        (&["package"], is_file),
        (&["package", "--output", "handler.py"], is_file),
        (&["package", "--output", "handler.py/dist"], "cannot write"),
    ] {
        scene.run(command).undecided(words);
        assert_eq!(read(&dist), b"precious");
    }
    scene.verify().is_no();
}

/// A link that a commit brought along leads no output out of the work tree.
#[test]
fn nothing_is_written_through_a_link_that_leads_out_of_the_work_tree() {
    let scene = Scene::new();
    scene.verify().allowed();
    let (tree, elsewhere) = (scene.repository(), scene.path().join("elsewhere"));
    write(&elsewhere.join("a/keep"), "");
    write(&tree.join("sub/keep"), "");
    let link = |to: &Path, at: &str| std::os::unix::fs::symlink(to, tree.join(at)).expect("a link");
    fs::create_dir_all(tree.join(".git/hooks")).expect("a folder");
    link(&elsewhere, "out");
    link(Path::new("../.."), "sub/up");
    link(Path::new(".git/hooks"), "hooks");
    link(Path::new("nothing"), "nowhere");
    fs::copy(scene.artifact(), elsewhere.join("orders.zip")).expect("a copy");
    let workspace = tree.join("countersign.toml");
    let good = fs::read_to_string(&workspace).expect("text");
    let files = || -> Vec<_> {
        let all = walkdir::WalkDir::new(scene.path()).sort_by_file_name().into_iter();
        let all = all.map(|entry| entry.expect("an entry")).filter(|entry| entry.file_type().is_file());
        let kept = |path: &PathBuf| !path.ends_with("countersign.toml") && !path.ends_with("journal.jsonl");
        all.map(walkdir::DirEntry::into_path)
            .filter(kept)
            .map(|path| (read(&path), path))
            .map(|(b, p)| (p, b))
            .collect()
    };
    let all = files();
    let refused = |arguments: &[&str], words: &str| {
        scene.run(arguments).undecided(words);
        assert_eq!(differing(&all, &files()), NONE, "{arguments:?}");
    };
    for (output, words) in [
        ("out", "leads out of the work tree"),
        ("out/dist", "the link `"),
        ("sub/up", "leads out of the work tree"),
        ("sub/up/elsewhere/a", "leads out of the work tree"),
        ("hooks", "leads out of the work tree"),
        ("nowhere", "is broken"),
        ("nowhere/dist", "is broken"),
        (".git/hooks", "it is in the git directory"),
    ] {
        write(&workspace, format!("output = \"{output}\"\n{good}"));
        for command in ["package", "release"] {
            refused(&[command], words);
        }
        write(&workspace, &good);
        refused(&["package", "--output", output], words);
    }
    refused(&["sign", "out/orders.zip", "--function", "orders", "--again"], "leads out of the work tree");
    refused(&["verify", "--report", "json=out/report.json"], "leads out of the work tree");
    refused(&["manifest", "list", "--output", "out"], "leads out of the work tree");
    refused(&["monitor", "--output", "out/page.html", "--format", "html"], "leads out of the work tree");
    for at in ["out", "sub/up", "hooks", "nowhere"] {
        fs::remove_file(tree.join(at)).expect("it was there");
    }
    // What the user names himself, and a link that stays below the top, are no commit's choice.
    link(Path::new("sub"), "inside");
    write(&workspace, format!("output = \"inside/dist\"\n{good}"));
    scene.run(&["package"]).done();
    assert!(tree.join("sub/dist/orders.zip").exists());
    std::os::unix::fs::symlink(&elsewhere, scene.path().join("mine")).expect("a link");
    scene.run(&["package", "--output", "../mine/dist"]).done();
    assert!(elsewhere.join("dist/orders.zip").exists());
    // A file in the place of the package is replaced, and not written through.
    write(&workspace, &good);
    let artifact = scene.artifact();
    fs::remove_file(&artifact).expect("it was there");
    std::os::unix::fs::symlink(elsewhere.join("a/keep"), &artifact).expect("a link");
    scene.run(&["package"]).done();
    assert!(!artifact.is_symlink() && read(&elsewhere.join("a/keep")).is_empty());
}

/// A link among a policy's folders leads no command that writes there elsewhere.
#[test]
fn a_policy_is_not_written_through_a_link() {
    for folder in ["accounts", "csc", "layers", "objects", "profiles", "revocations", "roots"] {
        let scene = Scene::new();
        scene.verify().allowed();
        let (place, elsewhere) = (scene.policy().join(folder), scene.path().join("elsewhere"));
        if place.exists() {
            fs::rename(&place, &elsewhere).expect("it moves");
        } else {
            fs::create_dir_all(&elsewhere).expect("a folder");
        }
        std::os::unix::fs::symlink(&elsewhere, &place).expect("a link");
        let before = contents(&elsewhere);
        for arguments in [
            &["policy", "seal"][..],
            &["function", "protect", "refs/heads/main"],
            &["csc", "update", &scene.csc()[4..25], "--description", "x"],
            &[
                "profile",
                "permit",
                "release",
                "--principal",
                "eve",
                "--key",
                text(&scene.key_file("signing")),
            ],
        ] {
            let ran = scene.run(arguments);
            assert_eq!(ran.code, Some(2), "{folder}: {arguments:?}: {ran}");
            assert_eq!(differing(&before, &contents(&elsewhere)), NONE, "{folder}: {arguments:?}");
        }
    }
}

const NONE: Vec<PathBuf> = Vec::new();

/// The files that are in one list and not, with the same bytes, in the other.
fn differing(before: &[(PathBuf, Vec<u8>)], after: &[(PathBuf, Vec<u8>)]) -> Vec<PathBuf> {
    let gone = before.iter().filter(|file| !after.contains(file));
    let new = after.iter().filter(|file| !before.contains(file));
    gone.chain(new).map(|(path, _)| path.clone()).collect()
}

/// The files without locks, and without those of a writer that was killed.
fn without_unfinished(files: Vec<(PathBuf, Vec<u8>)>) -> Vec<(PathBuf, Vec<u8>)> {
    let kept = |path: &Path| !path.ends_with(".lock") && !path.to_string_lossy().contains(".countersign-");
    files.into_iter().filter(|(path, _)| kept(path)).collect()
}

/// Bytes that no compressor makes smaller: xorshift64.
fn noise(length: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        Some(state.to_le_bytes())
    };
    std::iter::from_fn(next).flatten().take(length).collect()
}
