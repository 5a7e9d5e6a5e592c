//! Where is a peer, and how is it asked?

use std::env;
use std::ffi::OsStr;
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// Somebody else's program.
pub struct Peer(PathBuf);

impl Peer {
    /// The program `name` from the peers folder or else the `PATH`.
    pub fn find(name: &str) -> Option<Self> {
        let found = folders().map(|folder| folder.join(name)).find(|path| path.is_file());
        found.map(Self).or_else(|| missing(name))
    }

    /// A Python that can import `module`.
    pub fn python(module: &str) -> Option<Self> {
        let script = format!("import {module}");
        let found = folders()
            .map(|folder| Self(folder.join("python3")))
            .filter(|python| python.0.is_file())
            .find(|python| succeeded(&python.ask(["-c", &script])));
        found.or_else(|| missing(module))
    }

    /// A file that came with the peer.
    pub fn beside(&self, name: &str) -> PathBuf {
        self.0.with_file_name(name)
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Asks the peer, in an environment that is the same everywhere.
    pub fn ask<A: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = A>) -> Output {
        self.ask_in(Path::new("/"), arguments)
    }

    /// Asks the peer about a file that it reads as its standard input.
    pub fn ask_about<A: AsRef<OsStr>>(&self, file: &Path, arguments: impl IntoIterator<Item = A>) -> Output {
        let file = File::open(file).unwrap_or_else(|error| panic!("cannot read {}: {error}", file.display()));
        self.run(Path::new("/"), file.into(), arguments)
    }

    /// Asks the peer, which is to work in `folder`.
    pub fn ask_in<A: AsRef<OsStr>>(&self, folder: &Path, arguments: impl IntoIterator<Item = A>) -> Output {
        self.run(folder, Stdio::null(), arguments)
    }

    fn run<A: AsRef<OsStr>>(
        &self,
        folder: &Path,
        stdin: Stdio,
        arguments: impl IntoIterator<Item = A>,
    ) -> Output {
        // Only a shell can set the umask, which decides the modes of what is extracted.
        let mut command = Command::new("sh");
        command.stdin(stdin);
        command.args(["-c", r#"umask 022; exec "$0" "$@""#]).arg(&self.0).args(arguments);
        command.current_dir(folder).env_clear().envs([("LC_ALL", "C.UTF-8"), ("TZ", "UTC")]);
        for name in ["PATH", "HOME"] {
            command.envs(env::var_os(name).map(|value| (name, value)));
        }
        command.output().unwrap_or_else(|error| panic!("cannot start sh: {error}"))
    }
}

/// The folder of a program that was brought into a place of its own, such as `npm/node_modules/.bin`.
pub fn folder(place: &str, name: &str) -> Option<PathBuf> {
    let folder = brought().join(place);
    if folder.join(name).exists() { Some(folder) } else { missing(name) }
}

/// A Python script beside this file.
pub fn script(name: &str) -> String {
    format!("{}/tests/peers/{name}", env!("CARGO_MANIFEST_DIR"))
}

/// What was printed by a program that must succeed.
pub fn printed(output: &Output) -> String {
    assert!(succeeded(output), "{}", told(output));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Whether the program said yes.
pub fn succeeded(output: &Output) -> bool {
    output.status.success()
}

/// Everything that a program said, for a person who asks why.
pub fn told(output: &Output) -> String {
    let [out, err] = [&output.stdout, &output.stderr].map(|text| String::from_utf8_lossy(text));
    format!("{}\n{out}{err}", output.status)
}

/// Where `install` put a thing of this name.
pub fn installed(name: &str) -> Option<PathBuf> {
    let path = brought().join(name);
    if path.exists() { Some(path) } else { missing(name) }
}

/// `target/peers` or `COUNTERSIGN_PEERS_DIR`.
fn brought() -> PathBuf {
    env::var_os("COUNTERSIGN_PEERS_DIR")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("target/peers"), PathBuf::from)
}

/// A folder with the libraries of a peer.
pub fn beside_peers(name: &str) -> Option<PathBuf> {
    Some(brought().join(name)).filter(|folder| folder.join("node_modules").is_dir()).or_else(|| missing(name))
}

/// What was brought, then the `PATH`.
fn folders() -> impl Iterator<Item = PathBuf> {
    let brought = brought();
    let path = env::var_os("PATH").unwrap_or_default();
    let elsewhere: Vec<_> = env::split_paths(&path).collect();
    ["bin", "venv/bin", "reports/bin", "sarif", "ci/bin", "cfn/bin"]
        .map(|folder| brought.join(folder))
        .into_iter()
        .chain(elsewhere)
}

fn missing<T>(name: &str) -> Option<T> {
    let message = format!("peer missing: {name} (tests/peers/install brings it)");
    let required = env::var_os("COUNTERSIGN_PEERS").is_some_and(|wish| wish == "required");
    assert!(!required, "{message}");
    // `eprintln!` would be swallowed: the test passes.
    let _ = writeln!(std::io::stderr(), "{message}");
    None
}
