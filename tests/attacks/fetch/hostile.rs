//! Does a hostile URL, repository, tree or environment run anything, or bring in more than a policy?

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;

use super::Distribution;
use crate::support::{Ran, Scene, contents, copy, read, text, write};

/// git CVE-2017-1000117 and `ext::`: a URL or a ref was an option or a command.
#[test]
fn no_url_and_no_ref_is_an_option_or_a_command() {
    let all = Distribution::fetched();
    let served = all.served();
    let programs = all.scene.path().join("bin");
    let sprung = all.scene.path().join("sprung");
    for name in ["git", "ssh", "sh", "touch"] {
        trap(&programs.join(name), &sprung);
    }
    let (url, touch) = (all.url(), format!("touch {}", text(&sprung)));
    let ext = format!("ext::sh -c {}", touch.replace(' ', "% "));
    let upload = format!("--upload-pack={touch}");
    let refused = |arguments: &[&str]| {
        let mut command = all.scene.countersign();
        let ran = Ran::of(command.args(["policy", "fetch"]).args(arguments).env("PATH", &programs));
        assert_eq!((ran.code, ran.out().as_str()), (Some(2), ""), "{arguments:?}: {ran}");
        assert!(!sprung.exists(), "{arguments:?} ran something");
    };
    for hostile in [
        &upload[..],
        "--upload-pack=touch:x",
        &ext,
        &ext.replace(' ', "\t"),
        "ext::touch",
        "ext://touch/x",
        "-oProxyCommand=touch:x",
        "ssh://-oProxyCommand=touch/x",
        "ssh://git@-oProxyCommand=touch/x",
        "git@-oProxyCommand=touch:x",
        "fd::0",
        "../policy.git",
        text(&all.bare()),
        "",
    ] {
        refused(&["--", hostile]);
        refused(&["--", hostile, "main"]);
        refused(&[hostile]);
        all.trust(hostile);
        refused(&[]);
        all.trust(&format!("{url}#main"));
    }
    for hostile in [
        &upload[..],
        &ext,
        "-x",
        "--all",
        "+main",
        "^main",
        "main:refs/heads/main:x",
        "main:../x",
        "a b",
        "*",
        "",
        "@{u}",
    ] {
        refused(&["--", &url, hostile]);
    }
    assert!(all.served() == served);
}

fn trap(path: &Path, sprung: &Path) {
    write(path, format!("#!/bin/sh\n: > '{}'\n", text(sprung)));
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).expect("executable");
}

/// tough CVE-2026-6968, gix RUSTSEC-2024-0349: names and links of somebody else's were followed.
#[test]
fn what_is_no_plain_file_at_the_path_of_a_policy_file_is_refused_by_name() {
    type Plant<'a> = &'a dyn Fn(&Distribution, &Path);
    let link = |target: &str, path: &Path| {
        let _ = fs::remove_file(path);
        let _ = fs::remove_dir_all(path);
        symlink(target, path).expect("a link");
    };
    let cases: &[(&str, Plant)] = &[
        ("`profiles/x.toml`", &|_, work| link("release.toml", &work.join("profiles/x.toml"))),
        ("`profiles/x.toml`", &|_, work| link("/etc/passwd", &work.join("profiles/x.toml"))),
        ("`functions.toml`", &|_, work| link("revocations.toml", &work.join("functions.toml"))),
        ("`snapshot.json`", &|_, work| link("roots/1.json", &work.join("snapshot.json"))),
        ("`roots/2.json`", &|_, work| link("1.json", &work.join("roots/2.json"))),
        ("`profiles`", &|_, work| {
            fs::rename(work.join("profiles"), work.join("others")).expect("renamed");
            link("others", &work.join("profiles"));
        }),
        ("`layers`", &|_, work| write(&work.join("layers"), "a file")),
        ("`layers/x.toml`", &|_, work| write(&work.join("layers/x.toml/y"), "in a folder")),
        ("`objects`", &|_, work| link("/etc", &work.join("objects"))),
        ("`objects/ab`", &|_, work| write(&work.join("objects/ab"), "a file")),
        ("`objects/ab/cdef`", &|_, work| {
            fs::create_dir_all(work.join("objects/ab")).expect("a folder");
            link("/etc/passwd", &work.join("objects/ab/cdef"));
        }),
        ("`revocations/1.json`", &|_, work| {
            fs::create_dir_all(work.join("revocations")).expect("a folder");
            link("../roots/1.json", &work.join("revocations/1.json"));
        }),
        ("`layers/CON.toml`", &|_, work| write(&work.join("layers/CON.toml"), "")),
        ("`layers/a:b.toml`", &|_, work| write(&work.join("layers/a:b.toml"), "")),
        ("`layers/a\\b.toml`", &|_, work| write(&work.join("layers/a\\b.toml"), "")),
        ("`layers/a\\u{1b}.toml`", &|_, work| write(&work.join("layers/a\x1b.toml"), "")),
        ("`layers/big.toml`", &|_, work| write(&work.join("layers/big.toml"), vec![b'#'; (8 << 20) + 1])),
        ("`layers/sub.toml`", &|all, _| {
            let commit = all.git(&["rev-parse", "HEAD"]);
            let entry = format!("160000,{},layers/sub.toml", commit.trim());
            all.git(&["update-index", "--add", "--cacheinfo", &entry]);
            all.push();
        }),
    ];
    let all = Distribution::fetched();
    let served = all.served();
    for (name, plant) in cases {
        if *name == "`layers/sub.toml`" {
            all.publish();
            plant(&all, &all.work());
        } else {
            all.publish_with(|work| plant(&all, work));
        }
        all.fetch().undecided(name).undecided("in the fetched commit");
        assert!(all.served() == served, "{name}");
        all.scene.verify().allowed();
    }
    all.publish();
    all.fetch().done();
}

/// Other files of the repository stay in the object database, whatever they are.
#[test]
fn only_a_policy_s_files_are_extracted() {
    let all = Distribution::fetched();
    let before = contents(&all.current());
    let kept = [("objects/ab/cdef01", "{}")];
    all.publish_with(|work| {
        for path in [
            "README.md",
            ".gitattributes",
            ".gitmodules",
            "current",
            "countersign.toml",
            "hooks/post-checkout",
            "profiles/notes.txt",
            "layers/notes.txt",
            "accounts/vendor/README.md",
            "accounts/vendor/0123456789abcdef0123456789abcdef/accounts/other/x.toml",
            "accounts/Not-a-name/0123456789abcdef0123456789abcdef/functions.toml",
            "profiles/.hidden.toml",
            "profiles/old/release.toml",
            "csc/a\x1bb",
            "roots/01.json",
            "roots/root.json",
            "objects/README",
            "objects/abc/0",
            "objects/ab/XYZ",
            "Functions.toml",
            "state.json",
        ] {
            write(&work.join(path), "");
        }
        symlink("/etc", work.join("etc")).expect("a link");
        symlink("/etc/passwd", work.join("profiles/passwd")).expect("a link");
        kept.iter().for_each(|(path, text)| write(&work.join(path), text));
    });
    all.fetch().done();
    let mut expected = before;
    expected.extend(kept.map(|(path, text)| (path.into(), text.as_bytes().to_vec())));
    expected.sort();
    assert!(contents(&all.current()) == expected);
    all.scene.verify().allowed();
}

/// gitsign CVE-2023-47122: a tree that names an attacker's policy gets no verdict from it.
#[test]
fn a_planted_trust_brings_in_no_other_root() {
    let (all, attacker) = (Distribution::fetched(), Scene::fresh());
    let pin = attacker.pin().to_string();
    let evil = all.scene.path().join("evil");
    all.scene.git(&["init", "-q", "-b", "main", text(&evil)]);
    copy(&attacker.policy(), &evil);
    all.scene.git(&["-C", text(&evil), "add", "."]);
    all.scene.git(&["-C", text(&evil), "commit", "-q", "-m", "evil"]);
    for name in ["orders.zip", "orders.zip.sigstore.json"] {
        let dist = |scene: &Scene| scene.repository().join("dist").join(name);
        write(&dist(&all.scene), read(&dist(&attacker)));
    }
    let state = read(&all.scene.state());
    all.trust(&format!("file://{}#main", text(&evil)));
    all.scene.verify().undecided("is not fetched yet");
    all.fetch().undecided("`roots/1.json` is not the pinned root");
    all.scene.verify().undecided("is not fetched yet");
    for command in [&["release"][..], &["sign", "dist/orders.zip"], &["policy", "status"]] {
        all.scene.run(command).undecided("is not fetched yet");
    }
    // It is alive: only the pin keeps it out, also once it is in the cache.
    all.scene.run(&["policy", "fetch", "--root", &pin]).done();
    all.scene.run(&["verify", "--format", "json", "--root", &pin]).allowed();
    all.scene.verify().undecided("is not the pinned root");
    assert_eq!(read(&all.scene.state()), state);
    // Both places at once are one too many.
    let path = all.scene.repository().join("countersign.toml");
    write(&path, format!("policy = '../policy'\n{}", fs::read_to_string(&path).expect("text")));
    all.scene.verify().undecided("one of: `policy`, `trust`");
}

/// git CVE-2022-24765: settings and hooks of the repository that this runs in took part.
#[test]
fn the_repository_around_takes_no_part_in_a_fetch() {
    let all = Distribution::new();
    let (sprung, program) = (all.scene.path().join("sprung"), all.scene.path().join("trap"));
    trap(&program, &sprung);
    let git = all.scene.repository().join(".git");
    for hook in ["reference-transaction", "post-merge", "pre-auto-gc"] {
        trap(&git.join("hooks").join(hook), &sprung);
        trap(&all.bare().join("hooks").join(hook), &sprung);
    }
    let nowhere = format!("url.file:///nowhere/.insteadOf {}", all.url());
    let (name, value) = nowhere.split_once(' ').expect("two words");
    all.scene.git(&["config", name, value]);
    all.scene.git(&["config", "uploadpack.packObjectsHook", text(&program)]);
    all.scene.git(&["-C", text(&all.bare()), "config", "uploadpack.packObjectsHook", text(&program)]);
    let settings = format!("[core]\nhooksPath = {}\n", text(&git.join("hooks")));
    write(&all.scene.path().join("home/.gitconfig"), settings);
    // The trap is alive: a fetch of anybody else's springs it.
    all.git(&["fetch", "-q", "origin", "main:refs/heads/other"]);
    assert!(sprung.exists(), "the trap is not set");
    fs::remove_file(&sprung).expect("it was there");
    let parameters = format!("'{name}'='{value}'");
    let ran = Ran::of(all.scene.countersign().args(["policy", "fetch"]).envs([
        ("GIT_DIR", text(&git)),
        ("GIT_COMMON_DIR", text(&git)),
        ("GIT_WORK_TREE", text(&all.scene.repository())),
        ("GIT_INDEX_FILE", "/nowhere/index"),
        ("GIT_OBJECT_DIRECTORY", "/nowhere/objects"),
        ("GIT_ALTERNATE_OBJECT_DIRECTORIES", "/nowhere/objects"),
        ("GIT_NAMESPACE", "evil"),
        ("GIT_CONFIG_PARAMETERS", &parameters),
        ("GIT_CONFIG_COUNT", "1"),
        ("GIT_CONFIG_KEY_0", name),
        ("GIT_CONFIG_VALUE_0", value),
        ("GIT_ALLOW_PROTOCOL", "ext"),
    ]));
    ran.done();
    assert!(!sprung.exists(), "a hook ran");
    all.scene.verify().allowed();
}

/// A machine without git is told so, and has what was fetched before.
#[test]
fn without_the_git_program_what_was_fetched_serves() {
    let all = Distribution::fetched();
    let empty = all.scene.path().join("empty");
    fs::create_dir(&empty).expect("a folder");
    let run = |arguments: &[&str]| Ran::of(all.scene.countersign().args(arguments).env("PATH", &empty));
    run(&["policy", "fetch"]).undecided("no `git` program");
    run(&["verify", "--format", "json"]).allowed();
}

/// gh token leaks: a password in a URL is shown to nobody.
#[test]
fn credentials_of_a_url_are_not_shown() {
    let all = Distribution::new();
    // Nothing listens at port 1, so git fails and quotes the URL.
    let url = "http://ci:s3cret@127.0.0.1:1/policy.git";
    all.trust(url);
    for arguments in [&["policy", "fetch"][..], &["policy", "fetch", url, "main"], &["verify"]] {
        let ran = all.scene.run(arguments);
        assert_eq!(ran.code, Some(2), "{ran}");
        assert!(ran.err().contains("127.0.0.1:1/policy.git") && !ran.err().contains("s3cret"), "{ran}");
    }
}
