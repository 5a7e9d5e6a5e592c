//! Does a signal end the command, and leave no copy behind?

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, Stdio};

use countersign::gate::watch::Watch;

use crate::gate::shop::Shop;
use crate::support::write;

/// Starts a command through the gate that says `ready`, and waits until it has.
fn started(shop: &Shop, script: &str) -> Child {
    let mut command = shop.gate();
    command.args(["--function", "orders", "--", "sh", "-c", script, "sh", "{artifact}"]);
    let mut child =
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("it starts");
    let mut line = String::new();
    BufReader::new(child.stdout.as_mut().expect("a pipe")).read_line(&mut line).expect("a line");
    assert_eq!(line, "ready\n");
    child
}

fn send(signal: &str, process: &str) {
    assert!(Command::new("kill").args(["-s", signal, "--", process]).status().expect("it starts").success());
}

#[test]
fn a_signal_to_the_gate_reaches_the_command() {
    let shop = Shop::new();
    for (signal, code) in [("TERM", 143), ("INT", 130), ("HUP", 129), ("QUIT", 131)] {
        // The shell itself waits, so that the signal ends what was started.
        let mut child = started(&shop, "echo ready; exec sleep 30");
        assert_eq!(fs::read_dir(shop.temporary()).expect("a folder").count(), 1);
        send(signal, &child.id().to_string());
        assert_eq!(child.wait().expect("it ends").code(), Some(code), "{signal}");
        shop.nothing_stays();
    }
}

#[test]
fn a_command_may_end_in_its_own_time() {
    let shop = Shop::new();
    let script =
        "trap 'echo stopping >stopped; exit 9' TERM; echo ready; for n in $(seq 2000); do sleep 0.01; done";
    let mut child = started(&shop, script);
    send("TERM", &child.id().to_string());
    assert_eq!(child.wait().expect("it ends").code(), Some(9));
    assert!(shop.file("stopped").exists());
    shop.nothing_stays();
}

/// The tests use watches in their own process too, and yet a key must end them.
#[test]
fn after_the_last_watch_a_signal_ends_the_process() {
    let mut command = Command::new(std::env::current_exe().expect("a program"));
    command.args(["--exact", "gate::signals::watched", "--ignored"]).stdout(Stdio::null());
    assert_eq!(command.status().expect("it starts").signal(), Some(15));
}

#[test]
#[ignore = "ends its process, for the test above"]
fn watched() {
    let signalled = || send("TERM", &std::process::id().to_string());
    let first = Watch::start().expect("a watch");
    drop(Watch::start().expect("a second watch"));
    signalled();
    while first.interrupted().is_none() {
        std::thread::yield_now();
    }
    drop(first);
    signalled();
}

/// Runs a command through the gate on a terminal, presses the key that interrupts once the command has made
/// the file `ready`, and tells how the gate ended; nothing where no `script` gives it a terminal.
fn interrupted(shop: &Shop, command: &str) -> Option<i32> {
    Command::new("script").arg("--version").output().ok()?;
    let gate = format!(
        "exec {} gate --function orders -- {command} {{artifact}}",
        env!("CARGO_BIN_EXE_countersign")
    );
    let mut terminal = shop.scene.command("script");
    fs::create_dir_all(shop.temporary()).expect("a folder");
    terminal.args(["-qec", &gate, "/dev/null"]).env("TMPDIR", shop.temporary()).env("SHELL", "/bin/sh");
    terminal.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = terminal.spawn().expect("it starts");
    while !shop.file("ready").exists() {
        assert!(child.try_wait().expect("a status").is_none(), "it ended early");
        std::thread::sleep(std::time::Duration::from_millis(1));
    }
    std::io::Write::write_all(child.stdin.as_mut().expect("a pipe"), b"\x03").expect("written");
    let code = child.wait().expect("it ends").code();
    shop.nothing_stays();
    code
}

#[test]
fn a_key_on_the_terminal_reaches_the_command() {
    let shop = Shop::new();
    write(&shop.file("deploy"), "trap 'exit 4' INT\n: >ready\nfor n in $(seq 2000); do sleep 0.01; done\n");
    assert!(matches!(interrupted(&shop, "sh deploy"), Some(4) | None));
}

/// The terminal's key goes to the whole group, so the gate sends none of its own: tools take a second one for
/// impatience, and let go of what they were doing. A command that left the group shows that.
#[test]
fn a_key_on_the_terminal_is_not_passed_on_again() {
    let shop = Shop::new();
    let wait = "for n in 1 2 3 4 5 6 7 8; do sleep 0.05; done";
    write(&shop.file("deploy"), format!("trap 'exit 4' INT\n: >ready\n{wait}\nexit 5\n"));
    assert!(matches!(interrupted(&shop, "setsid sh deploy"), Some(5) | None));
}
