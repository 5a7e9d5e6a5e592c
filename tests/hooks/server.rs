//! Does the server's hook hear every line, inside the quarantine, and can no client pass it by?

use std::fs;

use crate::hooks::yard::{Yard, ZEROS, put};

fn with_server_hook() -> Yard {
    let yard = Yard::new();
    let ran = yard.hooks_in("server.git", &["install", "--script"]);
    assert!(ran.done().out().starts_with("installed: pre-receive as `hooks/pre-receive`"), "{ran}");
    yard
}

#[test]
fn it_hears_every_line_with_git_s_own_environment() {
    let yard = with_server_hook();
    yard.answer(r#"env > "$heard/environment"; git rev-parse HEAD > /dev/null 2>&1; exit 0"#);
    let one = yard.git(&["rev-parse", "HEAD"]);
    let ran = yard.push(&["-o", "skip=yes", "--no-verify", "origin", "main", "HEAD:refs/tags/v1"]);
    assert_ne!(ran.code, Some(0), "push options are refused by default: {ran}");
    let ran = yard.push(&["--no-verify", "origin", "main", "HEAD:refs/tags/v1"]);
    assert_eq!(ran.code, Some(0), "{ran}");
    assert_eq!(yard.heard("arguments").as_deref(), Some("hook\npre-receive\n"));
    assert_eq!(
        yard.lines(),
        [format!("{ZEROS} {one} refs/heads/main"), format!("{ZEROS} {one} refs/tags/v1")]
    );
    let environment = yard.heard("environment").expect("it ran");
    assert!(
        environment.contains("GIT_DIR=.\n") && environment.contains("GIT_QUARANTINE_PATH="),
        "{environment}"
    );
}

#[test]
fn its_no_leaves_the_refs_and_reaches_the_client() {
    let yard = with_server_hook();
    for answer in ["echo 'denied: no manifest' >&2; exit 1", "exit 101", "kill -KILL $$"] {
        yard.answer(answer);
        let ran = yard.push(&["--no-verify", "origin", "main"]);
        yard.stopped(&ran);
        assert!(ran.err().contains("pre-receive hook declined"), "{ran}");
        assert!(!answer.contains("denied") || ran.err().contains("remote: denied: no manifest"), "{ran}");
    }
    fs::remove_file(yard.path("bin/countersign")).expect("it was there");
    let ran = yard.push(&["--no-verify", "origin", "main"]);
    yard.stopped(&ran);
    assert!(ran.err().contains("remote: error: `pre-receive` cannot decide"), "{ran}");
    assert!(
        !ran.err().contains(yard.path("bin").to_str().expect("UTF-8")),
        "the server's PATH is its own: {ran}"
    );
}

#[test]
fn an_earlier_hook_of_the_server_runs_first() {
    let yard = Yard::new();
    yard.program("server.git/hooks/pre-receive", r#"cat > "$heard/earlier"; exit 0"#);
    yard.hooks_in("server.git", &["install", "--script"]).done();
    assert_eq!(yard.push(&["origin", "main"]).code, Some(0));
    assert_eq!(yard.heard("earlier"), yard.heard("lines"));
    yard.program("server.git/hooks/pre-receive.legacy", "exit 4");
    assert_ne!(yard.push(&["origin", "HEAD:other"]).code, Some(0));
    assert_eq!(yard.on_server("refs/heads/other"), None);
    yard.hooks_in("server.git", &["uninstall"]).done();
    assert!(fs::read_to_string(yard.path("server.git/hooks/pre-receive")).expect("back").contains("exit 4"));
}

/// What a push brings changes no setting of the server's: nothing of it is looked at for the program.
#[test]
fn a_pushed_file_is_no_setting() {
    let yard = with_server_hook();
    for (path, text) in
        [("config", "[countersign]\nprogram = /bin/true\n"), ("hooks/pre-receive", "#!/bin/sh\nexit 0\n")]
    {
        put(&yard.path("clone").join(path), text, 0o755);
    }
    yard.git(&["add", "."]);
    yard.git(&["commit", "-q", "-m", "planted"]);
    yard.answer("exit 1");
    yard.stopped(&yard.push(&["origin", "main"]));
    assert!(yard.heard("lines").is_some());
}
