//! Does anything of a hostile repository run, or reach the network?

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use crate::support::{Ran, Scene, text, write};

/// git CVE-2022-24765, CVE-2024-32002: a repository's own configuration or hooks ran code.
#[test]
fn nothing_of_a_hostile_repository_runs() {
    let scene = Scene::new();
    scene.verify().allowed();
    let sprung = scene.path().join("sprung");
    let trap = |path: &Path| {
        write(path, format!("#!/bin/sh\n: > '{}'\n", text(&sprung)));
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).expect("executable");
    };
    set_traps(&scene, &trap);
    // They are alive: git itself springs them.
    for arguments in [&["status"][..], &["add", "handler.py"], &["diff"], &["fetch"]] {
        let _ = scene.command("git").args(arguments).output().expect("git starts");
        assert!(sprung.exists(), "{arguments:?}: the trap is not set");
        fs::remove_file(&sprung).expect("it was there");
    }
    // So are their namesakes, the only programs that are to be found.
    let programs = scene.path().join("bin");
    PROGRAMS.split_whitespace().for_each(|name| trap(&programs.join(name)));
    write(&scene.repository().join("handler.py"), "print('two orders')\n");
    for line in [
        "package",
        "package --explain",
        "package --tracked",
        "package --from HEAD",
        "release",
        "release --from HEAD",
        "verify",
        "sign dist/orders.zip --again",
        "inspect dist/orders.zip",
        "inspect dist/orders.zip.sigstore.json",
        "policy status",
        "policy seal",
    ] {
        let mut command = scene.countersign();
        command.args(line.split(' ')).env("PATH", &programs);
        ["PAGER", "EDITOR", "GIT_ASKPASS", "GIT_SSH"].iter().for_each(|name| {
            command.env(name, programs.join("sh"));
        });
        Ran::of(&mut command).done();
        assert!(!sprung.exists(), "`{line}` ran something");
    }
}

const PROGRAMS: &str = "git git-lfs git-remote-https ssh sh bash less vi gpg ssh-keygen curl env";

/// Settings of git that name a program.
const SETTINGS: &str = "core.fsmonitor core.pager core.editor core.sshCommand core.askPass core.gitProxy \
    core.alternateRefsCommand diff.external diff.evil.command diff.evil.textconv filter.evil.clean \
    filter.evil.smudge filter.evil.process filter.lfs.process merge.evil.driver credential.helper \
    gpg.program gpg.ssh.program sequence.editor uploadpack.packObjectsHook interactive.diffFilter \
    remote.origin.uploadpack remote.origin.receivepack submodule.x.update pager.log web.browser";

const HOOKS: &str = "pre-commit post-checkout post-index-change fsmonitor-watchman reference-transaction \
    pre-push post-commit";

/// Makes every setting, attribute and hook of the repository lead to a trap.
fn set_traps(scene: &Scene, trap: &dyn Fn(&Path)) {
    let (tree, program) = (scene.repository(), scene.path().join("trap"));
    trap(&program);
    let (hooks, program) = (tree.join("hooks"), text(&program));
    let submodule = format!("[submodule \"x\"]\npath = x\nurl = ext::{program}\nupdate = !{program}\n");
    write(&tree.join(".gitattributes"), "* filter=evil diff=evil merge=evil\n");
    write(&tree.join(".gitmodules"), submodule);
    write(&tree.join(".lfsconfig"), format!("[lfs]\nurl = ext::{program}\n"));
    scene.commit();
    for hook in HOOKS.split_whitespace() {
        trap(&tree.join(".git/hooks").join(hook));
        trap(&hooks.join(hook));
    }
    for name in SETTINGS.split_whitespace() {
        scene.git(&["config", name, program]);
    }
    for (name, value) in [
        ("filter.evil.required", "true"),
        ("core.hooksPath", text(&hooks)),
        ("protocol.ext.allow", "always"),
        ("remote.origin.url", &format!("ext::{program}")),
        ("remote.origin.promisor", "true"),
        ("remote.origin.fetch", "+refs/heads/*:refs/remotes/origin/*"),
    ] {
        scene.git(&["config", name, value]);
    }
}

/// git CVE-2022-24765: nor is a repository taken that belongs to another user.
#[test]
fn a_repository_of_another_user_is_not_taken() {
    let scene = Scene::new();
    scene.verify().allowed();
    let folders = [scene.repository(), scene.repository().join(".git")];
    if folders.iter().any(|folder| std::os::unix::fs::chown(folder, Some(12_345), None).is_err()) {
        return untested("only root gives files away: the owner of a repository is not looked at");
    }
    for command in [&["verify"][..], &["release"], &["package"], &["policy", "status"]] {
        scene.run(command).undecided("belongs to another user");
    }
}

/// gh's token leaks: credentials were sent to another host. Verifying and packaging open no socket.
#[test]
fn nothing_opens_a_socket() {
    let scene = Scene::new();
    scene.git(&["config", "remote.origin.url", "https://ci:token@127.0.0.1:9/orders.git"]);
    let log = scene.path().join("log");
    let traced = |program: &[&str]| {
        let traced = ["-f", "-qq", "-e", "trace=socket,connect,sendto,bind", "-o", text(&log)];
        let ran = scene.command("strace").args(traced).args(program).output();
        let ran = ran.ok().filter(|ran| ran.status.success())?;
        drop(ran);
        fs::read_to_string(&log).ok()
    };
    let probe = ["python3", "-c", "import socket; socket.socket()"];
    let Some(seen) = traced(&probe) else {
        return untested("strace cannot trace here: sockets are not looked for");
    };
    assert!(seen.contains("socket("), "the probe's socket is not seen: {seen}");
    for arguments in [
        &["release"][..],
        &["package", "--explain"],
        &["package", "--from", "HEAD"],
        &["sign", "dist/orders.zip", "--again"],
        &["verify"],
        &["inspect", "dist/orders.zip.sigstore.json"],
        &["policy", "status"],
    ] {
        let seen = traced(&[&[env!("CARGO_BIN_EXE_countersign")], arguments].concat()).expect("it succeeds");
        assert_eq!(seen, "", "{arguments:?}");
    }
    assert!(!String::from_utf8_lossy(&scene.payload()).contains("token"), "the password is in the manifest");
}

/// Says that a test could not be made here, though it passes: `eprintln!` would be swallowed.
fn untested(why: &str) {
    let _ = writeln!(std::io::stderr(), "{why}");
}
