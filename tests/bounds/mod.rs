//! Does memory stay bounded by the input, whatever somebody sends?
//!
//! The rule: at most 64 MB and four times what was admitted, at the peak, as the system measures it. Each input is
//! the smallest that hurts a reader, and none of them needs a key.

mod documents;
mod manifests;
mod others;

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use wait4::Wait4;

use crate::support::{Scene, text};

/// What a command takes whatever its input.
const FREE_BYTES: u64 = 64 << 20;

/// Writes a file: a beginning, a unit so many times, and an end. It is never in memory, for the memory of this
/// process counts for those that it starts.
fn fill(path: &Path, beginning: &str, unit: &str, bytes: usize, end: &str) -> u64 {
    fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
    let mut file = BufWriter::new(File::create(path).expect("a file"));
    file.write_all(beginning.as_bytes()).expect("it is written");
    for _ in 0..bytes / unit.len() {
        file.write_all(unit.as_bytes()).expect("it is written");
    }
    file.write_all(end.as_bytes()).expect("it is written");
    file.into_inner().expect("it is written").metadata().expect("a file").len()
}

/// The command that a process of this program runs and measures, one argument a line.
const MEASURED: &str = "COUNTERSIGN_TESTS_MEASURED";

/// Runs a command, and asserts how it ended and that its memory stayed below the rule's for so many bytes of input.
#[track_caller]
fn bounded(scene: &Scene, what: &str, arguments: &[&str], code: i32, input: u64) {
    let arguments = [&[env!("CARGO_BIN_EXE_countersign")], arguments, &["--threads", "1"]].concat();
    let here = std::env::current_exe().expect("a program");
    let mut command = scene.command(text(&here));
    command
        .args(["--exact", "bounds::measured", "--ignored", "--nocapture"])
        .env(MEASURED, arguments.join("\n"));
    let output = command.env("MALLOC_ARENA_MAX", "1").output().expect("it starts");
    let (out, said) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    let measured = out.lines().find_map(|line| line.strip_prefix("measured: "));
    let measured = measured.unwrap_or_else(|| panic!("{what}: nothing was measured\n{out}{said}"));
    let (ended, peak) = measured.split_once(' ').expect("two words");
    let peak: u64 = peak.parse().expect("a number");
    assert_eq!(ended, code.to_string(), "{what}: {said}");
    assert!(said.len() < 100_000, "{what}: {} bytes of errors", said.len());
    let most = FREE_BYTES + 4 * input;
    eprintln!("{what}: {} MB for {} MB, {} MB allowed", peak >> 20, input >> 20, most >> 20);
    assert!(peak <= most, "{what}: {} MB where {} MB are allowed\n{said}", peak >> 20, most >> 20);
}

/// Measures a command from a process that has just begun: a new process counts the memory of the one that starts it.
#[test]
#[ignore = "runs in a process of its own, for the others"]
fn measured() {
    let Ok(arguments) = std::env::var(MEASURED) else { return };
    let arguments: Vec<&str> = arguments.lines().collect();
    let mut command = Command::new(arguments[0]);
    command.args(&arguments[1..]).env_remove(MEASURED).stdin(Stdio::null()).stdout(Stdio::null());
    let ended = command.spawn().expect("it starts").wait4().expect("it ends");
    let code = ended.status.code().map_or("a signal".into(), |code| code.to_string());
    println!("\nmeasured: {} {}", code.replace(' ', "-"), ended.rusage.maxrss);
}
