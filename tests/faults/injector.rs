//! How does a test let one call of a program fail?

use std::fmt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use crate::support::{Ran, Scene, text};

/// The status with which a shell reports a process that SIGKILL ended.
pub const KILLED: i32 = 128 + 9;

/// Which calls count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Calls {
    /// Those that change a file or a folder.
    Writes,
    /// Those that read one.
    Reads,
}

/// What happens at a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fault {
    pub calls: Calls,
    /// The number of the call, from 1; 0 for none.
    pub at: usize,
    /// Whether it happens at each later call too.
    pub onwards: bool,
    /// `kill`, `short`, `swap`, or the name of an error.
    pub what: &'static str,
}

impl Fault {
    /// No fault: the calls are only counted.
    pub fn none(calls: Calls) -> Self {
        Self { calls, at: 0, onwards: false, what: "kill" }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at {:?} {}{}", self.what, self.calls, self.at, if self.onwards { "+" } else { "" })
    }
}

/// A call that was counted.
#[derive(Debug, Clone)]
pub struct Call {
    pub name: String,
    pub path: String,
}

/// What a program left behind, and the calls that it made.
pub struct Faulted {
    pub ran: Ran,
    pub calls: Vec<Call>,
}

/// Compiles the injector once.
fn injector() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| {
        let program = Path::new(env!("CARGO_TARGET_TMPDIR")).join("inject");
        let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/faults/inject.c");
        compile(&["-O1", "-o", text(&program), source]);
        program
    })
}

/// Runs the C compiler, which the build of libgit2 needs too.
pub fn compile(arguments: &[&str]) {
    let compiler = std::env::var("CC").unwrap_or_else(|_| "cc".into());
    let ran = Ran::of(Command::new(compiler).args(arguments));
    assert_eq!(ran.code, Some(0), "{ran}");
}

/// Runs a line of `sh` in a scene, in which `$0` is `countersign`, with a fault.
pub fn run(scene: &Scene, line: &str, fault: Fault) -> Faulted {
    // Beside the scene's folders, which are compared.
    let log = tempfile::NamedTempFile::new().expect("a file");
    let when = format!("{}{}", fault.at, if fault.onwards { "+" } else { "" });
    let calls = match fault.calls {
        Calls::Writes => "write",
        Calls::Reads => "read",
    };
    let mut command = scene.command(text(injector()));
    command.args([text(log.path()), text(scene.path()), calls, &when, fault.what, "--"]);
    command.args(["sh", "-c", line, env!("CARGO_BIN_EXE_countersign")]);
    command.env("TMPDIR", scene.path().join("tmp")).stdin(Stdio::null());
    let ran = Ran::within_a_minute(&mut command);
    assert!(!matches!(ran.code, Some(97..=99)), "the injector failed: {ran}");
    let text = std::fs::read_to_string(log.path()).expect("a log");
    let call = |line: &str| {
        let mut words = line.splitn(3, ' ').skip(1).map(str::to_owned);
        Call { name: words.next().unwrap_or_default(), path: words.next().unwrap_or_default() }
    };
    Faulted { ran, calls: text.lines().map(call).collect() }
}
