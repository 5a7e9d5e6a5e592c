//! Does what cannot be counted leave the verdict as it is?

use std::fs;

use serde_json::Value;

use super::counting::{journal, lines};
use crate::support::{Mode, Ran, Scene, read, scratch, text, write};

/// notation-go CVE-2024-51491: a cache that could not be written denied everything.
#[test]
fn a_journal_that_cannot_be_written_changes_no_verdict() {
    for mode in Mode::BOTH {
        let scene = Scene::of(mode);
        let allowed = without_notes(scene.verify().allowed());
        let manifest = read(&scene.manifest());
        fs::remove_file(scene.manifest()).expect("removed");
        let untrusted = without_notes(scene.verify().untrusted(mode, "mismatch", "manifest-missing"));
        write(&scene.manifest(), manifest);

        let folder = scratch();
        let place = |name: &str| folder.path().join(name);
        write(&place("file"), "not a folder");
        write(&place("profile"), "export PATH\n");
        fs::create_dir(place("folder")).expect("a folder");
        std::os::unix::fs::symlink(place("target"), place("link")).expect("a link");
        let fifo = std::process::Command::new("mkfifo").arg(place("pipe")).status();
        assert!(fifo.expect("it starts").success());
        for name in
            ["file/journal.jsonl", "profile", "folder", "link", "pipe", "/dev/full", "/proc/none/j", ""]
        {
            let path =
                if name.is_empty() { String::from("\u{1b}[31m/\u{202e}") } else { text(&place(name)).into() };
            // A journal in a folder that nobody can make.
            let path = if name.is_empty() { format!("/proc/{path}") } else { path };
            let verify = || {
                let mut command = scene.countersign();
                command.args(["verify", "--format", "json"]).env("COUNTERSIGN_JOURNAL", &path);
                Ran::within_a_minute(&mut command)
            };
            let ran = verify();
            assert_eq!(without_notes(ran.allowed()), allowed, "{name}");
            assert!(ran.err().contains("note: not counted in the journal: "), "{name}: {ran}");
            assert!(ran.out().contains("not counted in the journal: "), "{name}: {ran}");
            assert!(!ran.err().contains('\u{1b}'), "{ran}");

            let manifest = read(&scene.manifest());
            fs::remove_file(scene.manifest()).expect("removed");
            let ran = verify();
            assert_eq!(
                without_notes(ran.untrusted(mode, "mismatch", "manifest-missing")),
                untrusted,
                "{name}"
            );
            write(&scene.manifest(), manifest);
        }
        assert_eq!(read(&place("profile")), b"export PATH\n");
        assert!(!place("target").exists(), "a link was followed");
    }
}

#[test]
fn metrics_that_cannot_be_written_change_no_verdict() {
    let scene = Scene::new();
    let allowed = without_notes(scene.verify().allowed());
    let folder = scratch();
    let theirs = folder.path().join("theirs.prom");
    write(&theirs, "node_load1 0.5\n");
    for metrics in [
        format!("prometheus:{}", text(folder.path())),
        format!("prometheus:{}", text(&theirs)),
        "prometheus:/proc/none/c.prom".into(),
        "emf:/proc/none/c.json".into(),
        "emf:/dev/full".into(),
    ] {
        let ran = scene.run(&["verify", "--format", "json", "--metrics", &metrics]);
        assert_eq!(without_notes(ran.allowed()), allowed, "{metrics}");
        assert!(ran.err().contains("note: not counted in the metrics: "), "{metrics}: {ran}");
        assert!(ran.out().contains("not counted in the metrics: "), "{metrics}: {ran}");
    }
    assert_eq!(read(&theirs), b"node_load1 0.5\n");
    let before = lines(&journal(&scene)).len();
    let ran = scene.run(&["verify", "--metrics", "statsd:x"]);
    ran.undecided("expected one of: emf");
    assert_eq!(lines(&journal(&scene)).len(), before);
}

/// The verdict document, but for what was said beside it.
fn without_notes(ran: &Ran) -> Value {
    let mut document: Value = serde_json::from_str(&ran.out()).expect("JSON");
    document.as_object_mut().expect("an object").remove("notes");
    document
}
