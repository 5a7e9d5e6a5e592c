//! Does an earlier hook run first, can it stop the push, and is it back to the byte afterwards?

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::hooks::yard::{Yard, everything, link, put};
use crate::support::Ran;

const LISTEN: &str = r#"printf '%s\n' "$@" > "$heard/earlier-arguments"; cat > "$heard/earlier"; ls "$heard" > "$heard/before""#;

#[test]
fn it_hears_the_same_before_countersign_does() {
    let yard = Yard::new();
    yard.program("clone/.git/hooks/pre-push", LISTEN);
    yard.install();
    let ran = yard.push(&["origin", "main", "HEAD:other"]);
    assert_eq!(ran.code, Some(0), "{ran}");
    let before = yard.heard("before").expect("it ran");
    assert!(before.contains("earlier") && !before.contains("lines"), "{before}");
    assert_eq!(yard.heard("earlier-arguments").as_deref(), Some("origin\n../server.git\n"));
    let earlier = yard.heard("earlier").expect("it listened");
    assert_eq!(earlier.lines().count(), 2);
    assert_eq!(yard.heard("lines"), Some(earlier));
}

#[test]
fn its_failure_stops_the_push_with_its_status() {
    for failure in ["exit 7", "kill -9 $$", "no-such-program", "exec false"] {
        let yard = Yard::new();
        yard.program("clone/.git/hooks/pre-push", failure);
        yard.install();
        let ran = yard.push(&["origin", "main"]);
        yard.stopped(&ran);
        assert_eq!(yard.heard("lines"), None, "{failure}: countersign was asked");
    }
    let yard = Yard::new();
    yard.program("clone/.git/hooks/pre-push", "exit 7");
    yard.install();
    assert_eq!(Ran::of(&mut yard.command("clone", yard.hook("pre-push"))).code, Some(7));
}

#[test]
fn its_yes_is_not_countersigns() {
    let yard = Yard::new();
    yard.program("clone/.git/hooks/pre-push", "exit 0");
    yard.install();
    yard.answer("exit 1");
    yard.stopped(&yard.push(&["origin", "main"]));
}

#[test]
fn one_that_git_would_not_run_does_not_run() {
    let yard = Yard::new();
    put(&yard.hook("pre-push"), "#!/bin/sh\nexit 1\n", 0o644);
    yard.install();
    assert_eq!(yard.push(&["origin", "main"]).code, Some(0));
    assert!(yard.heard("lines").is_some());
}

/// An earlier hook without a `#!` line runs, as git runs it.
#[test]
fn one_without_a_first_line_runs() {
    let yard = Yard::new();
    put(&yard.hook("pre-push"), "exit 1\n", 0o755);
    yard.install();
    yard.stopped(&yard.push(&["origin", "main"]));
}

#[test]
fn everything_is_as_it_was_after_an_uninstall() {
    type Make<'a> = &'a dyn Fn(&Yard);
    let cases: &[(&str, Make)] = &[
        ("no folder", &|_| ()),
        ("a program", &|yard| put(&yard.hook("pre-push"), "#!/bin/sh\nexit 0\n", 0o755)),
        ("a private program", &|yard| put(&yard.hook("pre-push"), "#!/bin/sh\nexit 0", 0o700)),
        ("not a program", &|yard| put(&yard.hook("pre-push"), "\0\u{1}", 0o640)),
        ("an empty file", &|yard| put(&yard.hook("pre-push"), "", 0o755)),
        ("a link", &|yard| {
            put(&yard.path("clone/.git/hooks/sub/mine"), "#!/bin/sh\nexit 0\n", 0o755);
            link("sub/mine", &yard.hook("pre-push"));
        }),
        ("a link to nowhere", &|yard| link("/no/where", &yard.hook("pre-push"))),
        ("other hooks", &|yard| {
            put(&yard.hook("pre-commit"), "#!/bin/sh\nexit 0\n", 0o755);
            put(&yard.hook("pre-push.sample"), "#!/bin/sh\n", 0o755);
            put(&yard.hook("pre-push.old"), "#!/bin/sh\n", 0o755);
        }),
    ];
    for (name, make) in cases {
        let yard = Yard::new();
        make(&yard);
        fs::create_dir_all(yard.hook("")).expect("a folder");
        let hooks = yard.path("clone/.git");
        let before = everything(&hooks);
        yard.install();
        assert_ne!(everything(&hooks), before, "{name}");
        let ran = yard.push(&["origin", "main"]);
        assert_eq!(ran.code, Some(0), "{name}: {ran}");
        assert!(yard.heard("lines").is_some(), "{name}");
        yard.git(&["update-ref", "-d", "refs/remotes/origin/main"]);
        yard.hooks(&["uninstall"]).done();
        let refs = |path: &std::path::Path| {
            path.components().any(|part| part.as_os_str() == "refs" || part.as_os_str() == "logs")
        };
        let of_hooks = |all: std::collections::BTreeMap<std::path::PathBuf, (u32, i64, Vec<u8>)>| {
            all.into_iter().filter(|(path, _)| !refs(path)).collect::<Vec<_>>()
        };
        assert_eq!(of_hooks(everything(&hooks)), of_hooks(before), "{name}");
        let ran = yard.hooks(&["uninstall"]);
        assert!(ran.done().out().contains("was not installed"), "{name}: {ran}");
    }
}

/// A file that somebody else keeps under the name is not written over.
#[test]
fn a_name_that_is_taken_is_left_alone() {
    for with_hook in [false, true] {
        let yard = Yard::new();
        put(&yard.hook("pre-push.legacy"), "#!/bin/sh\n# precious\n", 0o755);
        if with_hook {
            put(&yard.hook("pre-push"), "#!/bin/sh\n# mine\n", 0o755);
        }
        let before = everything(&yard.hook(""));
        let ran = yard.hooks(&["install", "--script"]);
        ran.undecided("pre-push.legacy` already exists");
        assert!(ran.err().contains("hint: "), "{ran}");
        assert_eq!(everything(&yard.hook("")), before);
    }
}

/// An install that was ended after its first step is taken up again.
#[test]
fn an_install_that_was_cut_short_goes_on() {
    let yard = Yard::new();
    put(&yard.hook("pre-push"), "#!/bin/sh\nexit 0\n", 0o755);
    fs::hard_link(yard.hook("pre-push"), yard.hook("pre-push.legacy")).expect("a second name");
    yard.install();
    assert_eq!(fs::read_to_string(yard.hook("pre-push.legacy")).expect("kept"), "#!/bin/sh\nexit 0\n");
    assert_eq!(yard.push(&["origin", "main"]).code, Some(0));
    assert!(yard.heard("lines").is_some());
    yard.hooks(&["uninstall"]).done();
    assert_eq!(fs::read_to_string(yard.hook("pre-push")).expect("back"), "#!/bin/sh\nexit 0\n");
    assert_eq!(yard.hook("pre-push").metadata().expect("back").permissions().mode() & 0o777, 0o755);
}
