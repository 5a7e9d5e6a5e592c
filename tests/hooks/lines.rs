//! Does everything that git says about a push reach countersign?

use std::fmt::Write as _;
use std::fs;

use crate::hooks::yard::{Yard, ZEROS, put};
use crate::support::Ran;

/// hook managers: only the first ref was read.
#[test]
fn every_ref_of_a_push_is_told() {
    let yard = Yard::new();
    yard.install();
    let one = yard.git(&["rev-parse", "HEAD"]);
    yard.git(&["branch", "other"]);
    yard.git(&["tag", "light"]);
    yard.git(&["tag", "-a", "-m", "annotated", "heavy"]);
    let heavy = yard.git(&["rev-parse", "refs/tags/heavy"]);
    let new = |name: &str, oid: &str| format!("refs/{name} {oid} refs/{name} {ZEROS}");
    let all = [
        new("heads/main", &one),
        new("heads/other", &one),
        new("tags/light", &one),
        new("tags/heavy", &heavy),
    ];
    yard.passed(&yard.push(&["origin", "main", "other", "--tags"]), &all);
    // Nothing is left to push: git asks the hook all the same, and says nothing.
    yard.passed(&yard.push(&["origin", "main", "other", "--tags"]), &[]);
    // A commit under another name, and an update.
    let two = yard.commit("two");
    yard.passed(
        &yard.push(&["origin", "HEAD:prod", "HEAD:main"]),
        &[format!("HEAD {two} refs/heads/prod {ZEROS}"), format!("HEAD {two} refs/heads/main {one}")],
    );
    // By its id, and deletions.
    yard.passed(
        &yard.push(&["origin", &format!("{one}:refs/heads/old"), ":other", ":refs/tags/heavy"]),
        &[
            format!("{one} {one} refs/heads/old {ZEROS}"),
            format!("(delete) {ZEROS} refs/heads/other {one}"),
            format!("(delete) {ZEROS} refs/tags/heavy {heavy}"),
        ],
    );
    yard.passed(
        &yard.push(&["--force", "origin", "main~1:main"]),
        &[format!("main~1 {one} refs/heads/main {two}")],
    );
}

/// Objects of 64 digits, and the 64 zeros of a deletion.
#[test]
fn long_object_names_are_told_too() {
    let yard = Yard::new();
    let (clone, server) = ("sha256", "sha256.git");
    yard.git(&["init", "-q", "-b", "main", "--object-format=sha256", "../sha256"]);
    yard.git(&["init", "-q", "--bare", "--object-format=sha256", "../sha256.git"]);
    yard.git_in(clone, &["commit", "-q", "--allow-empty", "-m", "one"]);
    yard.hooks_in(clone, &["install", "--script"]).done();
    let one = yard.git_in(clone, &["rev-parse", "HEAD"]);
    let zeros = "0".repeat(64);
    yard.git_in(clone, &["push", "-q", &format!("../{server}"), "main", "main:other"]);
    assert_eq!(
        yard.lines(),
        [
            format!("refs/heads/main {one} refs/heads/main {zeros}"),
            format!("refs/heads/main {one} refs/heads/other {zeros}"),
        ]
    );
    yard.git_in(clone, &["push", "-q", &format!("../{server}"), ":other"]);
    assert_eq!(yard.lines(), [format!("(delete) {zeros} refs/heads/other {one}")]);
}

/// A push of 100,000 refs arrives whole, with an earlier hook and without; and whoever does not listen
/// breaks nothing.
#[test]
fn a_hundred_thousand_refs_arrive() {
    let yard = Yard::new();
    yard.install();
    let one = yard.git(&["rev-parse", "HEAD"]);
    let mut refs = String::from("# pack-refs with: peeled fully-peeled sorted \n");
    for n in 0..100_000 {
        writeln!(refs, "{one} refs/heads/a-branch-{n:06}").expect("written");
    }
    fs::write(yard.path("clone/.git/packed-refs"), refs).expect("written");
    let push = || yard.push(&["-q", "--dry-run", "origin", "refs/heads/a-branch-*"]);
    assert_eq!(push().code, Some(0));
    assert_eq!(yard.lines().len(), 100_000);
    let earlier = yard.hook("pre-push.legacy");
    for (earlier_says, says, code) in
        [("wc -l > \"$heard/earlier\"", "exit 0", 0), ("exit 0", "exit 1", 1), ("exit 3", "exit 0", 1)]
    {
        yard.answer(says);
        yard.program("clone/.git/hooks/pre-push.legacy", earlier_says);
        let ran = push();
        assert_eq!(ran.code, Some(code), "{earlier_says}, {says}: {}", ran.err());
        if earlier_says == "exit 3" {
            assert_eq!(yard.heard("lines"), None);
        } else {
            assert_eq!(yard.lines().len(), 100_000);
        }
        if let Some(count) = yard.heard("earlier") {
            assert_eq!(count.trim(), "100000");
        }
    }
    // A program that answers without listening.
    fs::remove_file(earlier).expect("it was there");
    yard.program("bin/countersign", "exit 0");
    assert_eq!(push().code, Some(0));
}

/// What is said is handed on to the byte, in each `sh` of this machine.
#[test]
fn every_shell_hands_on_the_same_bytes() {
    let yard = Yard::new();
    yard.install();
    let mut many = String::new();
    for n in 0..20_000 {
        writeln!(many, "refs/heads/ein-größerer-{n} {ZEROS} refs/heads/x\\n%s$(touch x) {ZEROS}")
            .expect("written");
    }
    let texts = ["", "a b c d\n", "a b c d", "\n", "\n\n", "a b c d\n\n", " .\n.", many.as_str()];
    for shell in [&["sh"][..], &["dash"], &["bash", "--posix"], &["bash"], &["busybox", "sh"]] {
        if Ran::of(yard.command("clone", "sh").args(["-c", &format!("command -v {}", shell[0])])).code
            != Some(0)
        {
            continue;
        }
        for earlier in [false, true] {
            let listen = r#"printf '%s\n' "$@" > "$heard/earlier-arguments"; cat > "$heard/earlier""#;
            if earlier {
                yard.program("clone/.git/hooks/pre-push.legacy", listen);
            } else {
                let _ = fs::remove_file(yard.hook("pre-push.legacy"));
            }
            for text in texts {
                put(&yard.path("said"), text, 0o644);
                let said = fs::File::open(yard.path("said")).expect("it is there");
                let mut command = yard.command("clone", shell[0]);
                command
                    .args(&shell[1..])
                    .arg(yard.hook("pre-push"))
                    .args(["or igin", "$(touch x)*"])
                    .stdin(said);
                let ran = Ran::of(&mut command);
                let shown: String = text.chars().take(20).collect();
                assert_eq!(ran.code, Some(0), "{shell:?}, {earlier}, {shown:?}: {ran}");
                assert!(yard.heard("lines").as_deref() == Some(text), "{shell:?}, {earlier}, {shown:?}");
                assert_eq!(
                    yard.heard("arguments").as_deref(),
                    Some("hook\npre-push\nor igin\n$(touch x)*\n")
                );
                if earlier {
                    assert!(yard.heard("earlier").as_deref() == Some(text), "{shell:?}, {shown:?}");
                    assert_eq!(yard.heard("earlier-arguments").as_deref(), Some("or igin\n$(touch x)*\n"));
                }
            }
        }
        assert!(!yard.path("clone/x").exists(), "{shell:?}");
    }
}

/// What `hook pre-push` asks under pre-commit, which names refs and not always objects.
#[test]
fn a_ref_is_resolved_as_git_would_tell_it() {
    use countersign::git::hooks::resolve;

    let yard = Yard::new();
    yard.git(&["tag", "-a", "-m", "annotated", "heavy"]);
    let one = yard.git(&["rev-parse", "HEAD"]);
    let clone = yard.path("clone");
    for name in ["HEAD", "main", "refs/heads/main", &one, "heavy^{}"] {
        assert_eq!(resolve(&clone, name).expect("an answer").as_ref(), Some(&one), "{name}");
    }
    assert_eq!(
        resolve(&clone, "heavy").expect("an answer"),
        Some(yard.git(&["rev-parse", "refs/tags/heavy"]))
    );
    for name in ["gone", "--all", "-h", "", "(delete)", "main main", "$(touch x)"] {
        assert_eq!(resolve(&clone, name).expect("an answer"), None, "{name}");
    }
    assert!(resolve(&yard.path("home"), "HEAD").is_err());
}
