//! A disk, memory and descriptors that are really used up, and folders that take no writes.

use std::fs;

use crate::faults::whole::{self, Files};
use crate::support::{Ran, Scene, text, write};

/// The commands that are run, from the one that writes least.
const COMMANDS: [&[&str]; 6] = [
    &["verify"],
    &["policy", "renew", "--within", "3 years"],
    &["profile", "create", "billing"],
    &["sign", "--again", "dist/orders.zip"],
    &["release"],
    &["gate", "--function", "orders", "--", "true", "{artifact}"],
];

/// A scene in which each command that writes has something to write.
fn changed() -> Scene {
    let scene = Scene::new();
    write(&scene.repository().join("handler.py"), "changed");
    fs::create_dir_all(scene.path().join("tmp")).expect("a folder");
    scene
}

/// Nothing is half written or lost, and the scene is as good as before.
#[track_caller]
fn whole(scene: &Scene, before: &Files, killed: bool, ran: &Ran) {
    let found = whole::files(scene);
    let wrong = whole::faults(before, before, &found, killed);
    assert!(wrong.is_empty(), "{wrong:?}: {ran}");
}

/// Runs a line of `sh` that sets limits and then runs the command.
fn limited(scene: &Scene, limits: &str, arguments: &[&str]) -> Ran {
    let mut command = scene.command("sh");
    command.args(["-c", &format!("{limits}; exec \"$@\""), "sh", env!("CARGO_BIN_EXE_countersign")]);
    Ran::within_a_minute(command.args(arguments).env("TMPDIR", scene.path().join("tmp")))
}

#[test]
fn a_process_without_descriptors_decides_nothing() {
    let scene = changed();
    for arguments in COMMANDS {
        let mut succeeded = 0;
        for most in 3..24 {
            let before = whole::files(&scene);
            let ran = limited(&scene, &format!("ulimit -n {most}"), arguments);
            // Below, the loader itself finds no descriptor, and ends with 127.
            assert!(matches!(ran.code, Some(0 | 2 | 127)), "{most} {arguments:?}: {ran}");
            succeeded += usize::from(ran.code == Some(0));
            whole(&scene, &before, false, &ran);
        }
        assert!(succeeded > 0, "{arguments:?}");
    }
    scene.seal();
    scene.verify().allowed();
}

#[test]
fn a_process_without_memory_decides_nothing() {
    let scene = changed();
    for arguments in COMMANDS {
        for kilobytes in (4_000..80_000).step_by(4_000) {
            let before = whole::files(&scene);
            let ran = limited(&scene, &format!("ulimit -v {kilobytes}"), arguments);
            assert!(ran.code != Some(1), "{kilobytes} {arguments:?}: {ran}");
            whole(&scene, &before, true, &ran);
        }
    }
    scene.seal();
    scene.verify().allowed();
}

#[test]
fn what_a_full_pipe_or_disk_does_not_take_is_an_error() {
    let scene = changed();
    // What `gate` prints goes to stderr: stdout is the command's.
    for arguments in &COMMANDS[..5] {
        let full = fs::File::options().write(true).open("/dev/full").expect("a device");
        let ran = Ran::of(scene.countersign().args(*arguments).stdout(full));
        assert!(ran.code == Some(2) && ran.err().contains("error: "), "{arguments:?}: {ran}");
    }
}

/// Everything of a scene on a file system of its own, which has little room; needs a mount namespace.
fn on_small_disk(scene: &Scene, options: &str, line: &str) -> Option<Ran> {
    let place = text(scene.path());
    let script = format!(
        "mount -t tmpfs -o size=64m none /mnt && cp -a {place}/. /mnt && mount -o remount,{options} /mnt || exit 77
        mount --bind /mnt {place} || exit 77
        [ {options} = ro ] && {{ mount -o remount,bind,ro {place} || exit 77; }}
        cd {place}/orders; {line}"
    );
    let mut command = scene.command("unshare");
    command.args(["--mount", "sh", "-c", &script, env!("CARGO_BIN_EXE_countersign")]);
    let ran = Ran::of(&mut command);
    if matches!(ran.code, Some(1 | 77)) && (ran.err().contains("unshare") || ran.code == Some(77)) {
        println!("passed over: a mount namespace needs root: {ran}");
        return None;
    }
    Some(ran)
}

#[test]
fn a_full_disk_leaves_everything_as_it_was() {
    let scene = changed();
    let keep =
        "before=$(find . ../policy ../config -type f -not -path '*/.countersign-*' | sort | xargs sha256sum)
        dd if=/dev/zero of=../filler bs=4k 2> /dev/null";
    let check =
        "after=$(find . ../policy ../config -type f -not -path '*/.countersign-*' | sort | xargs sha256sum)
        [ \"$before\" = \"$after\" ] || { echo CHANGED; echo \"$before\"; echo \"$after\"; }";
    for arguments in &COMMANDS[1..5] {
        let line = format!("{keep}; \"$0\" {}; echo status $?; {check}", quoted(arguments));
        let Some(ran) = on_small_disk(&scene, "size=64m", &line) else { return };
        assert!(ran.out().contains("status 2") && !ran.out().contains("CHANGED"), "{arguments:?}: {ran}");
    }
}

#[test]
fn a_read_only_disk_verifies_and_writes_nothing() {
    let scene = changed();
    for arguments in COMMANDS {
        let Some(ran) = on_small_disk(&scene, "ro", &format!("exec \"$0\" {}", quoted(arguments))) else {
            return;
        };
        let reads = matches!(arguments[0], "verify" | "gate");
        assert_eq!(ran.code, Some(if reads { 0 } else { 2 }), "{arguments:?}: {ran}");
    }
}

fn quoted(arguments: &[&str]) -> String {
    arguments.iter().map(|word| format!("'{word}'")).collect::<Vec<_>>().join(" ")
}
