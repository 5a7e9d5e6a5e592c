//! Does a signal end the command, and leave no copy behind?

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use crate::shop::Shop;

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
        let mut child = started(&shop, "echo ready; exec sleep 600");
        assert_eq!(fs::read_dir(shop.temporary()).expect("a folder").count(), 1);
        send(signal, &child.id().to_string());
        assert_eq!(child.wait().expect("it ends").code(), Some(code), "{signal}");
        shop.nothing_stays();
    }
}

#[test]
fn a_command_may_end_in_its_own_time() {
    let shop = Shop::new();
    let script = "trap 'echo stopping >stopped; exit 9' TERM; echo ready; while :; do sleep 0.01; done";
    let mut child = started(&shop, script);
    send("TERM", &child.id().to_string());
    assert_eq!(child.wait().expect("it ends").code(), Some(9));
    assert!(shop.file("stopped").exists());
    shop.nothing_stays();
}

/// A key on the terminal goes to the whole group, and the command must not get it twice: tools take a
/// second one for impatience, and let go of what they were doing.
#[test]
fn a_key_on_the_terminal_reaches_the_command_once() {
    let shop = Shop::new();
    // `script` gives it a terminal, on which the third character is the key that interrupts.
    let Ok(found) = Command::new("script").arg("--version").output() else { return };
    assert!(found.status.success());
    // After the first, it stays for a while in which a second one would come.
    let script = "trap 'echo x >>interrupted' INT; echo ready >ready; until [ -s interrupted ]; do sleep 0.01; done; \
        for n in 1 2 3 4 5; do sleep 0.03; done; exit 4";
    let gate = format!(
        "exec {} gate --function orders -- sh -c '{}' sh {{artifact}}",
        env!("CARGO_BIN_EXE_countersign"),
        script.replace('\'', "'\\''")
    );
    let mut command = shop.scene.command("script");
    fs::create_dir_all(shop.temporary()).expect("a folder");
    command.args(["-qec", &gate, "/dev/null"]).env("TMPDIR", shop.temporary()).env("SHELL", "/bin/sh");
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("it starts");
    while !shop.file("ready").exists() {
        assert!(child.try_wait().expect("a status").is_none(), "it ended early");
        std::thread::yield_now();
    }
    std::io::Write::write_all(child.stdin.as_mut().expect("a pipe"), b"\x03").expect("written");
    assert_eq!(child.wait().expect("it ends").code(), Some(4));
    assert_eq!(fs::read_to_string(shop.file("interrupted")).expect("interrupted"), "x\n");
    shop.nothing_stays();
}
