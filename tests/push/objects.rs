//! Is a push judged by its own objects: in quarantine, without a home, read only, large, and with odd files?

use std::fs::Permissions;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use crate::push::place::Place;
use crate::support::{Mode, Ran, contents, read, text, write};

const ALL: [&str; 3] = ["origin", "main", "refs/notes/countersign"];

#[test]
fn a_refused_push_leaves_the_server_as_it_was() {
    let place = Place::new(Mode::Enforce);
    place.change("refused");
    place.push(&["--no-verify", "origin", "main:refs/heads/topic"]).pushed("");
    // The journal grows: a refused push counts.
    let kept = || {
        let mut files = contents(&place.bare());
        files.retain(|(path, _)| !path.starts_with("countersign"));
        files
    };
    let before = kept();
    place.change("refused too");
    place.push(&["--no-verify", "origin", "main"]).refused("manifest-missing");
    assert_eq!(kept(), before);
}

#[test]
fn odd_names_and_links_are_packaged_as_git_has_them() {
    let place = Place::new(Mode::Enforce);
    let repository = place.scene.repository();
    for name in
        ["a name with spaces.py", "naïve ☃.py", "\"quoted\" 'name'.py", "-leading-dash", "a;b&c$(touch x).py"]
    {
        write(&repository.join(name), name);
    }
    write(&repository.join("bin/run"), "#!/bin/sh\n");
    std::fs::set_permissions(repository.join("bin/run"), Permissions::from_mode(0o755)).expect("permissions");
    symlink("handler.py", repository.join("main.py")).expect("a link");
    place.scene.commit();
    place.release();
    place.push(&ALL).pushed("remote: allowed: refs/heads/main");
}

#[test]
fn files_that_are_not_in_git_are_named() {
    let place = Place::new(Mode::Enforce);
    let pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12\n";
    write(&place.scene.repository().join("model.bin"), pointer);
    place.scene.commit();
    place
        .push(&["--no-verify", "origin", "main"])
        .refused("source-unpackable")
        .told("`model.bin` is a Git LFS pointer");
    // Outside of what is packaged it is nobody's concern.
    let file = place.scene.repository().join("countersign.toml");
    let workspace = String::from_utf8(read(&file)).expect("text");
    write(&file, workspace.replace("exclude = [", "exclude = [\"/model.bin\", "));
    place.scene.commit();
    place.release();
    place.push(&ALL).pushed("remote: allowed: refs/heads/main");
}

#[test]
fn a_submodule_is_named() {
    let place = Place::new(Mode::Enforce);
    let head = place.scene.git(&["rev-parse", "HEAD"]);
    let entry = format!("160000,{},vendored", head.trim());
    place.scene.git(&["update-index", "--add", "--cacheinfo", &entry]);
    place.scene.git(&["commit", "-q", "-m", "a submodule"]);
    place.push(&["--no-verify", "origin", "main"]).refused("`vendored` is a submodule");
}

#[test]
fn a_server_that_cannot_remember_still_judges() {
    let place = Place::new(Mode::Enforce);
    // A file where the folder would be: root, too, cannot write there.
    write(&place.bare().join("countersign"), "");
    place.change("remembered nowhere");
    place.push(&["--no-verify", "origin", "main"]).refused("manifest-missing");
    place.release();
    place.push(&ALL).pushed("1 allowed");
}

#[test]
fn push_options_change_nothing() {
    let place = Place::new(Mode::Enforce);
    place.change("with options");
    for option in ["countersign.skip=true", "ci.skip", "COUNTERSIGN_ROOT=x", "$(touch x)"] {
        place
            .push(&["--no-verify", "-o", option, "origin", "main"])
            .refused("remote: denied: refs/heads/main");
    }
}

#[test]
fn a_large_first_push_is_judged_by_its_last_commit() {
    let place = Place::new(Mode::Enforce);
    for name in ["main", "topic"] {
        let mut stream = String::new();
        for number in 0..1000 {
            let text = format!("print({number}, '{name}')\n");
            stream.push_str(&format!(
                "commit refs/heads/{name}\ncommitter Ada <ada@example.org> {} +0000\ndata 1\nx\n{}\
                M 100644 inline handler.py\ndata {}\n{text}\n",
                1_700_000_000 + number,
                if number == 0 { format!("from refs/heads/{name}^0\n") } else { String::new() },
                text.len(),
            ));
        }
        if name == "topic" {
            place.scene.git(&["branch", "topic", "main"]);
        }
        let path = place.scene.path().join("stream");
        write(&path, stream);
        let mut command = place.git_in(&place.scene.repository());
        let import = std::fs::File::open(&path).expect("a file");
        let ran = Ran::of(command.args(["fast-import", "--quiet"]).stdin(import));
        assert_eq!(ran.code, Some(0), "{ran}");
    }
    place.scene.git(&["reset", "-q", "--hard", "main"]);
    place.push(&["--no-verify", "origin", "main"]).refused("manifest-missing");
    place.release();
    place.push(&ALL).pushed("1 allowed");
    // A merge that leaves the function as it was signed on one side needs no signature of its own.
    place.scene.git(&["checkout", "-q", "topic"]);
    place.release();
    place.scene.git(&["checkout", "-q", "main"]);
    place.scene.git(&["merge", "-q", "-s", "ours", "-m", "ours", "topic"]);
    place.push(&["origin", "main:refs/tags/v1", "refs/notes/countersign"]).pushed("1 allowed");
    place.scene.git(&["reset", "-q", "--hard", "HEAD~1"]);
    place.scene.git(&["merge", "-q", "-X", "theirs", "-m", "theirs", "topic"]);
    place.push(&ALL).pushed("1 allowed");
}

#[test]
fn a_commit_without_a_workspace_is_refused() {
    let place = Place::new(Mode::Enforce);
    place.scene.git(&["rm", "-q", "countersign.toml"]);
    place.scene.commit();
    place.push(&["--no-verify", "origin", "main"]).refused("has no `countersign.toml`");
    write(&place.scene.repository().join("countersign.toml"), "csc = 'csc-0123456789abcdefg'\n");
    place.scene.commit();
    place.push(&["--no-verify", "origin", "main"]).refused("unknown field `csc`");
}

#[test]
fn a_hostile_repository_runs_nothing() {
    let place = Place::new(Mode::Enforce);
    let repository = place.scene.repository();
    write(&repository.join(".gitattributes"), "* filter=evil diff=evil\n");
    for setting in
        ["filter.evil.clean", "filter.evil.smudge", "diff.evil.command", "core.fsmonitor", "core.pager"]
    {
        place.scene.git(&["config", setting, "touch evil"]);
    }
    place.scene.git(&["-c", "core.fsmonitor=false", "-c", "filter.evil.clean=cat", "add", "."]);
    place.scene.git(&[
        "-c",
        "core.fsmonitor=false",
        "-c",
        "filter.evil.clean=cat",
        "commit",
        "-q",
        "-m",
        "evil",
    ]);
    let _ = std::fs::remove_file(repository.join("evil"));
    place.scene.run(&["verify", "--source", "HEAD"]).is_no();
    assert!(!repository.join("evil").exists());
}

/// A clone of the server without the blobs of its commits, with the hook and the policy.
fn partial_clone(place: &Place, name: &str) -> PathBuf {
    for setting in ["uploadpack.allowFilter", "uploadpack.allowAnySHA1InWant"] {
        place.on_server(&["config", setting, "true"]);
    }
    let clone = place.scene.path().join(name);
    let url = format!("file://{}", text(&place.bare()));
    place.scene.git(&["clone", "-q", "--filter=blob:none", "--no-checkout", &url, text(&clone)]);
    let git = |arguments: &[&str]| place.scene.git(&[&["-C", text(&clone)], arguments].concat());
    git(&["config", "countersign.policy", text(&place.scene.policy())]);
    git(&["config", "countersign.root", &place.scene.pin().to_string()]);
    place.scene.run(&["-C", text(&clone), "hooks", "install", "--script"]).done();
    clone
}

/// How many objects of the commit git would have to fetch.
fn lacks(place: &Place, clone: &Path) -> usize {
    let listed = ["rev-list", "--objects", "--missing=print", "--no-walk", "origin/main"];
    let listed = place.scene.git(&[&["-C", text(clone)], &listed[..]].concat());
    listed.lines().filter(|line| line.starts_with('?')).count()
}

#[test]
fn a_partial_clone_fetches_what_a_push_is_judged_by() {
    let place = Place::new(Mode::Enforce);
    write(&place.scene.repository().join("tests/large.bin"), "not packaged");
    place.change("for a partial clone");
    place.release();
    place.push(&ALL).pushed("1 allowed");

    let clone = partial_clone(&place, "partial");
    let all = lacks(&place, &clone);
    // What may run no program names the object.
    place.scene.run(&["-C", text(&clone), "package", "--from", "HEAD"]).undecided("is not in this clone");
    place.scene.run(&["-C", text(&clone), "manifest", "fetch"]).done();
    assert_eq!(lacks(&place, &clone), all);
    place.push_in(&clone, &["origin", "main:refs/tags/v9"]).pushed("allowed: refs/tags/v9");
    // Only what is packaged was fetched.
    assert!((1..all).contains(&lacks(&place, &clone)));

    let clone = partial_clone(&place, "verified");
    place.scene.run(&["-C", text(&clone), "manifest", "fetch"]).done();
    // The settings of a repository that is only verified name programs, so nothing of it runs.
    let pwned = place.scene.path().join("pwned");
    let upload = format!("touch {}; git-upload-pack", text(&pwned));
    place.scene.git(&["-C", text(&clone), "config", "remote.origin.uploadpack", &upload]);
    place.scene.run(&["-C", text(&clone), "verify", "--source", "HEAD"]).undecided("is not in this clone");
    assert!(!pwned.exists());
}
