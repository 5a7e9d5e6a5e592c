//! Do git's own scripts about hooks and pushes pass with our hooks in every repository that they make?
//!
//! Nothing is protected, so our hooks must change nothing. A hook that a script writes is kept as the earlier one,
//! beside ours, as `hooks install` keeps it.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::peers::peer;
use crate::support::{Scene, copy, read, scratch, text, write};

const SCRIPTS: [&str; 8] = ["t5516", "t5411", "t5401", "t5543", "t5571", "t5545", "t5410", "t1800"];

/// What git's function `test_hook` does where our script has the hook's name.
const BESIDE_OURS: &str = "\thook_file=\"$hook_dir/$1\" &&\n\
    \tif grep -q '^# countersign-hook: ' \"$hook_file\" 2>/dev/null\n\
    \tthen\n\t\thook_file=\"$hook_file.legacy\"\n\tfi &&\n";

#[test]
fn gits_own_scripts_pass_as_without_our_hooks() {
    let Some(suite) = peer::installed("git-tests") else { return };
    let scene = Scene::new();
    let (folder, asked) = (scratch(), scene.path().join("asked"));
    let with = folder.path().join("with");
    copy(&suite, &with);
    let functions = with.join("t/test-lib-functions.sh");
    let before = String::from_utf8(read(&functions)).expect("text");
    let line = "\thook_file=\"$hook_dir/$1\" &&\n";
    assert!(before.contains(line), "`test_hook` is another function in this version of git");
    write(&functions, before.replacen(line, BESIDE_OURS, 1));
    let program = scene.path().join("countersign");
    let ours = env!("CARGO_BIN_EXE_countersign");
    script(&program, &format!("#!/bin/sh\necho \"$2\" >>'{}'\nexec '{ours}' \"$@\"\n", text(&asked)));
    let template = with.join("templates/blt");
    for hook in ["pre-push", "pre-receive"] {
        let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("hooks").join(hook);
        script(&template.join("hooks").join(hook), &String::from_utf8(read(&from)).expect("text"));
    }
    let (policy, pin) = (scene.policy(), scene.pin());
    write(
        &template.join("config"),
        format!(
            "[countersign]\n\tprogram = {}\n\tpolicy = {}\n\troot = {pin}\n\tjournal = off\n",
            text(&program),
            text(&policy)
        ),
    );
    let failed: Vec<(&str, BTreeSet<String>)> = std::thread::scope(|scope| {
        let run = |name| {
            let with = &with;
            scope.spawn(move || (name, failures(with, name)))
        };
        SCRIPTS.map(run).into_iter().map(|thread| thread.join().expect("it ends")).collect()
    });
    // Where the machine's git is not the one that the scripts came with, some of them may fail without us too.
    for (name, failed) in failed.into_iter().filter(|(_, failed)| !failed.is_empty()) {
        let without = folder.path().join("without");
        copy(&suite, &without);
        fs::create_dir_all(without.join("templates/blt/hooks")).expect("a folder");
        let ours: Vec<String> = failed.difference(&failures(&without, name)).cloned().collect();
        assert!(ours.is_empty(), "{name} fails with our hooks alone: {ours:?}");
    }
    let asked = String::from_utf8(read(&asked)).expect("text");
    for hook in ["pre-push", "pre-receive"] {
        let times = asked.lines().filter(|line| *line == hook).count();
        assert!(times > 100, "{hook} was asked {times} times");
    }
}

/// The tests of a script that fail.
fn failures(suite: &Path, name: &str) -> BTreeSet<String> {
    let folder = suite.join("t");
    let entries = fs::read_dir(&folder).expect("a folder");
    let is_script = |path: &PathBuf| text(path).ends_with(".sh") && text(path).contains(&format!("/{name}-"));
    let script = entries.map(|entry| entry.expect("an entry").path()).find(is_script).expect("a script");
    let path = std::env::var("PATH").expect("a PATH");
    let git = std::env::split_paths(&path).find(|folder| folder.join("git").is_file()).expect("git");
    let mut command = Command::new("sh");
    command.arg(&script).arg(format!("--root={}", text(&suite.join(format!("trash-{name}")))));
    command.current_dir(&folder).env_clear().env("PATH", &path).env("GIT_TEST_INSTALLED", git);
    command.envs([("GIT_TEST_CHAIN_LINT", "0"), ("GIT_TEST_EXT_CHAIN_LINT", "0"), ("HOME", "/nonexistent")]);
    let output = command.stdin(Stdio::null()).output().expect("sh");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(said.lines().any(|line| line.starts_with("1..")), "{name}: {}", peer::told(&output));
    said.lines().filter(|line| line.starts_with("not ok ")).map(str::to_owned).collect()
}

fn script(path: &Path, text: &str) {
    use std::os::unix::fs::PermissionsExt;
    write(path, text);
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).expect("permissions");
}
