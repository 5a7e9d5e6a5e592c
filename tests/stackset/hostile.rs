//! Hostile targets: nothing of theirs runs here, is followed, or reaches a terminal.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use crate::stackset::fleet::{Fleet, replace};
use crate::support::{text, write};

#[test]
fn a_link_in_the_place_of_the_policy_is_not_written_through() {
    let fleet = Fleet::of(1, "failure_tolerance = 0\nmax_concurrent = 1");
    let outside = fleet.scene.path().join("outside");
    fs::create_dir(&outside).unwrap();
    fleet.change("t0", |work| symlink(&outside, work.join("policy")).unwrap());
    for verb in ["deploy", "remediate"] {
        let ran = fleet.run(&[verb]);
        assert_eq!(ran.code, Some(1), "{ran}");
        assert!(ran.out().contains("`policy` in the target is a file, a link or a submodule"), "{ran}");
    }
    assert_eq!(fleet.run(&["drift"]).code, Some(2));
    assert_eq!(fs::read_dir(&outside).unwrap().count(), 0);
}

#[test]
fn links_inside_of_the_policy_are_drift_and_are_replaced() {
    for place in [
        "csc",
        "functions.toml",
        "roots/1.json",
        "objects",
        "revocations/00000000-0000-0000-0000-000000000000.json",
    ] {
        let fleet = Fleet::deployed(1);
        let outside = fleet.scene.path().join("outside");
        write(&outside.join("precious"), "precious");
        fleet.change("t0", |work| {
            let path = work.join("policy").join(place);
            if path.is_dir() {
                fs::remove_dir_all(&path).unwrap();
            } else if path.exists() {
                fs::remove_file(&path).unwrap();
            } else {
                fs::create_dir_all(path.parent().unwrap()).unwrap();
            }
            symlink(&outside, path).unwrap();
        });
        let (code, told) = fleet.told(&["drift"]);
        assert_eq!((code, told), (Some(1), vec!["t0 MODIFIED".into()]), "{place}");
        assert_eq!(fleet.told(&["remediate"]), (Some(0), vec!["t0 CURRENT".into()]), "{place}");
        let message = fleet.git("t0", &["log", "-1", "--format=%b", "main"]);
        assert!(message.contains(&format!("\n{place}")), "{place}: {message}");
        assert_eq!(fleet.told(&["drift"]), (Some(0), vec!["t0 IN_SYNC".into()]), "{place}");
        assert_eq!(fs::read_dir(&outside).unwrap().count(), 1, "{place}");
    }
}

/// Filters, attributes, settings and hooks of a repository are programs of somebody else's.
#[test]
fn no_program_of_a_target_runs_and_no_attribute_changes_a_byte() {
    let fleet = Fleet::of(1, "failure_tolerance = 0\nmax_concurrent = 1");
    let ran = fleet.scene.path().join("ran");
    let touch = format!("touch {}", text(&ran));
    fleet.change("t0", |work| {
        write(&work.join(".gitattributes"), "* filter=evil text eol=crlf ident\n");
        write(&work.join("policy/.gitattributes"), "* filter=evil export-subst\n");
        write(&work.join(".gitmodules"), format!("[submodule \"x\"]\n\tpath = x\n\turl = ext::{touch}\n"));
        for hook in ["pre-push", "post-checkout", "reference-transaction"] {
            write(&work.join(".githooks").join(hook), format!("#!/bin/sh\n{touch}\n"));
            fs::set_permissions(work.join(".githooks").join(hook), fs::Permissions::from_mode(0o755))
                .unwrap();
        }
    });
    let config = fleet.bare("t0").join("config");
    let settings = format!(
        "\n[filter \"evil\"]\n\tclean = {touch}\n\tsmudge = {touch}\n\trequired = true\n[core]\n\tfsmonitor = {touch}\n\
        \tsshCommand = {touch}\n\tpager = {touch}\n[uploadpack]\n\tpackObjectsHook = {touch}\n[diff]\n\texternal = {touch}\n"
    );
    write(&config, fs::read_to_string(&config).unwrap() + &settings);
    fleet.run(&["deploy"]).done();
    fleet.run(&["drift"]).done();
    assert!(!ran.exists());
    let csc = fleet.scene.csc();
    assert_eq!(fleet.file("t0", &format!("policy/{csc}")), fleet.scene.document(&csc));
}

#[test]
fn what_a_target_says_is_escaped() {
    let fleet = Fleet::deployed(1);
    let csc = fleet.scene.csc();
    let hostile = r#"description = "\u001b[31m\n::error::x \u202e""#;
    fleet.change("t0", |work| {
        let path = work.join("policy").join(&csc);
        let text = fs::read_to_string(&path).unwrap();
        let line = text.lines().find(|line| line.starts_with("description")).unwrap();
        replace(&path, line, hostile);
        replace(&path, "revision = ", "\"::stop\\u0007\" = 1\nrevision = ");
    });
    for arguments in [&["drift"][..], &["drift", "--format", "json"], &["remediate", "--dry-run"]] {
        let ran = fleet.run(arguments);
        let out = ran.out() + &ran.err();
        assert!(out.contains("description") || out.contains("restored"), "{out}");
        assert!(!out.contains(['\u{1b}', '\u{7}', '\u{202e}']) && !out.contains("\n::"), "{out:?}");
    }
    fleet.run(&["remediate"]).done();
    let message = fleet.git("t0", &["log", "-1", "--format=%B", "main"]);
    assert!(!message.contains(['\u{1b}', '\u{7}', '\u{202e}']), "{message:?}");
}

#[test]
fn a_target_that_git_could_misread_is_never_sealed() {
    let fleet = Fleet::new();
    let good = fleet.copy("t0");
    let pwned = fleet.scene.path().join("pwned");
    for (from, to) in [
        (fleet.url("t0"), format!("ext::sh -c touch% {}", text(&pwned))),
        (fleet.url("t0"), format!("--upload-pack=touch {}", text(&pwned))),
        ("'main'".into(), format!("'--upload-pack=touch {}'", text(&pwned))),
        ("'main'".into(), "'main:refs/heads/other'".into()),
        ("'policy'".into(), "'../x'".into()),
        ("'policy'".into(), "'/etc'".into()),
        ("'policy'".into(), "'.git/hooks'".into()),
    ] {
        fleet.write_set("failure_tolerance = 0\nmax_concurrent = 1", &good.replace(&from, &to));
        let ran = fleet.scene.run(&["policy", "seal"]);
        assert_eq!(ran.code, Some(2), "{to}: {ran}");
        assert!(ran.err().contains("stackset.toml") && ran.err().contains("line "), "{to}: {ran}");
    }
    assert!(!Path::new(&pwned).exists());
}

/// Few objects are endless paths, where folders hold themselves over and over.
#[test]
fn folders_without_end_are_not_walked() {
    let fleet = Fleet::of(1, "failure_tolerance = 0\nmax_concurrent = 1");
    let bare = git2::Repository::open_bare(fleet.bare("t0")).unwrap();
    let folder = |names: Vec<String>, inner: git2::Oid| {
        let mut tree = bare.treebuilder(None).unwrap();
        names.iter().for_each(|name| drop(tree.insert(name, inner, 0o040_000).unwrap()));
        tree.write().unwrap()
    };
    let named = |count: usize, name: fn(usize) -> String| (0..count).map(name).collect::<Vec<_>>();
    let empty = bare.treebuilder(None).unwrap().write().unwrap();
    let digits = folder(named(256, |number| format!("{number:02x}")), empty);
    let objects = folder(vec!["objects".into()], digits);
    let seals = folder(named(5_000, |number| format!("{number:032x}")), objects);
    let accounts = folder(named(5_000, |number| format!("team-{number:04}")), seals);
    let policy = folder(vec!["accounts".into()], accounts);
    let top = bare.find_tree(folder(vec!["policy".into()], policy)).unwrap();
    let who = git2::Signature::now("Mallory", "mallory@example.org").unwrap();
    let parent = bare.find_reference("refs/heads/main").unwrap().peel_to_commit().unwrap();
    bare.commit(Some("refs/heads/main"), &who, &who, "endless", &top, &[&parent]).unwrap();
    for (verb, code) in [("drift", 2), ("deploy", 1)] {
        let ran = fleet.run(&[verb]);
        assert!(ran.code == Some(code) && ran.out().contains("names"), "{ran}");
    }
    // Nor where somebody fetches the policy.
    let ran = fleet.scene.run(&["policy", "fetch", &format!("{}#main:policy", fleet.url("t0"))]);
    assert!(ran.code == Some(2) && ran.err().contains("names"), "{ran}");
}

/// Whoever fetches that policy is refused it, so it is not in sync.
#[test]
fn a_name_that_is_no_text_is_seen() {
    use std::os::unix::ffi::OsStrExt;
    let fleet = Fleet::deployed(1);
    let name = std::ffi::OsStr::from_bytes(b"csc/\xff.toml");
    fleet.change("t0", |work| write(&work.join("policy").join(name), "id = 'x'\n"));
    let ran = fleet.run(&["drift"]);
    assert!(ran.code == Some(2) && ran.out().contains("a name that is not portable"), "{ran}");
    assert_eq!(fleet.told(&["deploy"]), (Some(1), vec!["t0 FAILED".into()]));
}

/// A policy at the top of a repository has folders beside it whose names a policy has too.
#[test]
fn files_of_the_team_s_that_no_policy_has_stay() {
    let fleet = Fleet::new();
    fleet.repository("t0");
    let team = [
        "accounts/models.py",
        "accounts/migrations/0001.py",
        "accounts/acme/notes.txt",
        "csc/package.json",
        "layers/config.json",
        "objects/ab/README.md",
        "profiles/firefox.json",
        "revocations/README.md",
    ];
    fleet.change("t0", |work| team.iter().for_each(|path| write(&work.join(path), "the team's\n")));
    let target = fleet.copy("t0").replace("'policy'", "'.'");
    fleet.seal_set("failure_tolerance = 0\nmax_concurrent = 1", &target);
    for verb in ["deploy", "remediate"] {
        fleet.run(&[verb]).done();
        for path in team {
            assert_eq!(fleet.file("t0", path), "the team's\n", "{path}");
        }
    }
    assert_eq!(fleet.told(&["drift"]), (Some(0), vec!["t0 IN_SYNC".into()]));
}
