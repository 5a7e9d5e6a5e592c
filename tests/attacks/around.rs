//! Does anything around the checks help an attacker: files too large, pipes, no memory?

mod completion;
mod escapes;
mod hostile;
mod malformed;
mod writes;

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use crate::support::{Mode, Ran, Scene, read, write};

/// cosign CVE-2024-29902, CVE-2023-46737: memory grew with what an attacker sent.
///
/// Each file is 10 GiB that take no place on the disk; the program gets 1 GB of address space.
#[test]
#[cfg_attr(not(target_os = "linux"), ignore = "needs `ulimit -v`")]
fn a_file_of_ten_gigabytes_is_an_error_in_little_memory() {
    type Place<'a> = &'a dyn Fn(&Scene) -> PathBuf;
    let cases: &[(&str, Place, &str)] = &[
        ("the manifest", &Scene::manifest, "verify"),
        ("the manifest to be replaced", &Scene::manifest, "release"),
        ("the CSC", &|scene| scene.policy().join(scene.csc()), "verify"),
        ("the profile", &|scene| scene.policy().join("profiles/release.toml"), "verify"),
        ("the functions", &|scene| scene.policy().join("functions.toml"), "verify"),
        ("the revocations", &|scene| scene.policy().join("revocations.toml"), "verify"),
        ("the seal", &|scene| scene.policy().join("snapshot.json"), "verify"),
        ("the root", &|scene| scene.policy().join("roots/1.json"), "verify"),
        ("the next root", &|scene| scene.policy().join("roots/2.json"), "verify"),
        ("the memory", &Scene::state, "verify"),
        ("the workspace", &|scene| scene.repository().join("countersign.toml"), "verify"),
        ("the key", &|scene| scene.key_file("signing"), "sign dist/orders.zip --again"),
        ("the policy key", &|scene| scene.key_file("policy"), "policy seal --replace"),
        ("a document nobody sealed", &|scene| scene.policy().join("profiles/evil.toml"), "policy seal"),
        ("a manifest to look at", &|scene| scene.path().join("big"), "inspect ../big"),
        (
            "a passphrase",
            &|scene| scene.path().join("big"),
            "init --account zeta --no-pin --policy ../zeta --passphrase-file ../big",
        ),
        ("a source file", &|scene| scene.repository().join("big"), "package"),
    ];
    for (name, place, command) in cases {
        let scene = Scene::new();
        scene.verify().allowed();
        let path = place(&scene);
        write(&path, "{");
        File::options()
            .write(true)
            .open(&path)
            .and_then(|file| file.set_len(10 << 30))
            .expect("a sparse file");
        let ran = scene.shell(&format!(r#"ulimit -v 1000000 && exec "$0" {command}"#));
        assert_eq!(ran.code, Some(2), "{name}: {ran}");
        assert!(ran.err().contains("larger than") || ran.err().contains("over the limit"), "{name}: {ran}");
    }
}

/// cosign CVE-2024-29902: an archive that unpacks to far more than it is, is refused by its ratio or size.
#[test]
#[cfg_attr(not(target_os = "linux"), ignore = "needs `ulimit -v`")]
fn a_bomb_is_not_signed() {
    let scene = Scene::new();
    scene.verify().allowed();
    let bomb = scene.path().join("bomb.zip");
    let mut writer = zip::ZipWriter::new(File::create(&bomb).expect("a file"));
    let options = zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    writer.start_file("zeros", options).expect("an entry");
    writer.finish().expect("a ZIP");
    // The entry claims 2 GiB of zeros that deflate to nothing.
    let mut bytes = read(&bomb);
    for at in [
        bytes.windows(4).position(|w| w == b"PK\x03\x04").expect("local") + 22,
        bytes.windows(4).position(|w| w == b"PK\x01\x02").expect("central") + 24,
    ] {
        bytes[at..at + 4].copy_from_slice(&(2u32 << 30).to_le_bytes());
    }
    write(&bomb, bytes);
    let ran = scene.shell(r#"ulimit -v 1000000 && exec "$0" sign ../bomb.zip --function orders"#);
    ran.undecided("cannot sign");
}

/// notation-go CVE-2024-51491: a cache that could not be written denied everything.
#[test]
#[cfg_attr(not(target_os = "linux"), ignore = "needs `/proc`")]
fn a_memory_that_cannot_be_kept_changes_no_verdict_and_is_a_note() {
    type Break<'a> = &'a dyn Fn(&Scene);
    let replace = |scene: &Scene, put: &dyn Fn(&Path)| {
        let folder = scene.repository().join(".git/countersign");
        fs::remove_dir_all(&folder).expect("it was there");
        put(&folder);
    };
    let cases: &[(&str, Break)] = &[
        ("a file in its place", &|scene| replace(scene, &|folder| write(folder, "precious"))),
        ("a link to nowhere", &|scene| {
            replace(scene, &|folder| std::os::unix::fs::symlink("/proc/self/none", folder).expect("a link"));
        }),
        ("a device in its place", &|scene| {
            replace(scene, &|folder| std::os::unix::fs::symlink("/dev/null", folder).expect("a link"));
        }),
    ];
    for mode in Mode::BOTH {
        for (name, break_it) in cases {
            for tampered in [false, true] {
                let scene = Scene::of(mode);
                scene.verify().allowed();
                if tampered {
                    write(&scene.artifact(), "no ZIP");
                }
                let before = scene.verify();
                break_it(&scene);
                let after = scene.verify();
                assert_eq!((after.code, after.verdict()), (before.code, before.verdict()), "{name}");
                assert!(after.err().contains("note: "), "{name}: {after}");
            }
        }
    }
}

/// notation-go CVE-2024-51491: the same outside git, where the memory is the user's, or nobody's.
#[test]
#[cfg_attr(not(target_os = "linux"), ignore = "needs `/proc`")]
fn a_user_without_folders_gets_the_same_verdict_and_a_note() {
    let scene = Scene::new();
    let pin = scene.pin().to_string();
    fs::remove_dir_all(scene.repository().join(".git")).expect("it was there");
    let ask = |set: &[(&str, &str)], unset: &[&str]| {
        let mut command = scene.countersign();
        command.args(["verify", "--format", "json", "--root", &pin]).envs(set.iter().copied());
        unset.iter().for_each(|name| {
            command.env_remove(name);
        });
        Ran::of(&mut command)
    };
    let good = ask(&[], &[]);
    assert!(!good.allowed().err().contains("note: "), "{good}");
    for (name, ran) in [
        ("a state folder in a file", ask(&[("XDG_STATE_HOME", "/dev/null/x")], &[])),
        ("a state folder nowhere", ask(&[("XDG_STATE_HOME", "/proc/self/none")], &[])),
        ("no home", ask(&[], &["HOME", "XDG_STATE_HOME", "XDG_CONFIG_HOME"])),
    ] {
        assert_eq!(ran.allowed().verdict(), good.verdict(), "{name}");
        assert!(ran.err().contains("note: "), "{name}: {ran}");
    }
}

/// cosign CVE-2024-29902: a pipe that nobody writes to is an error, and not a wait.
#[test]
fn a_pipe_is_an_error_and_not_a_wait() {
    let scene = Scene::new();
    for path in [
        scene.manifest(),
        scene.artifact(),
        scene.state(),
        scene.repository().join("countersign.toml"),
        scene.policy().join("roots/1.json"),
        scene.policy().join("roots/2.json"),
        scene.policy().join("snapshot.json"),
        scene.policy().join("revocations.toml"),
        scene.policy().join("profiles/release.toml"),
    ] {
        scene.verify().allowed();
        let aside = scene.path().join("aside");
        let there = fs::rename(&path, &aside).is_ok();
        let made = scene.command("mkfifo").arg(&path).status().expect("mkfifo starts");
        assert!(made.success());
        Ran::within_a_minute(scene.countersign().arg("verify")).undecided("is not a regular file");
        fs::remove_file(&path).expect("it was there");
        if there {
            fs::rename(&aside, &path).expect("renamed");
        }
    }
}
